"""Net results: of each position one line, which sums its result, fees and funding in the asset of the result.

Sums are over the year alone.  A position counts as closed when its last result of the year is booked; what comes later,
what is paid in another asset (a fee in BNB) and positions without a result keep lines of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from reports.cells import plain
from reports.tax.lines import Line, Lines, gross_lines
from reports.tax.owners import owned_flows
from reports.tax.value import TaxYear

NETTED = frozenset({"result", "trading_fee", "funding", "liquidation_fee", "insurance", "rebate"})
Key = tuple[str, str, str]
"""Position, place, asset."""


def net_lines(year: TaxYear) -> Lines:
    """Return the lines with those of each position that has a result made one."""
    gross = gross_lines(replace(year, flows=owned_flows(year)))
    lines = [part for line in gross.lines for part in _apart(line)]
    closes: dict[Key, datetime] = {}
    for line in lines:
        if line.kind == "result" and line.part != "fee" and (key := _key(line)) is not None:
            closes[key] = max(line.at, closes.get(key, line.at))
    members: defaultdict[Key, list[Line]] = defaultdict(list)
    kept = []
    for line in lines:
        key = _key(line)
        if key is not None and key in closes and _second(line.at) <= _second(closes[key]):
            members[key].append(line)
        else:
            kept.append(line)
    settled_in = Counter(position for position, _, _ in members)
    netted = [_net(key, parts, closes[key], settled_in[key[0]] > 1) for key, parts in members.items()]
    nothing = {flow: "the position's result, fees and funding come to zero"
               for line in netted if not (line.sent or line.received) for flow in line.flows}  # fmt: skip
    lines = [*kept, *(line for line in netted if line.sent or line.received)]
    return Lines(sorted(lines, key=lambda line: line.at), {**gross.left_out, **nothing}, gross.unknown)


def _apart(line: Line) -> Sequence[Line]:
    """Return a line of a position without its fee, and the fee as one of its own."""
    if line.position_id is None or line.kind not in NETTED or not line.fee or not (line.sent or line.received):
        return (line,)
    fee = replace(line, part="fee", event="fee", sent_asset=line.fee_asset, sent=line.fee, received_asset=None,
                  received=None, fee_asset=None, fee=None, value=None, text=f"{line.text}: fee")  # fmt: skip
    return (replace(line, fee_asset=None, fee=None), fee)


def _key(line: Line) -> Key | None:
    if line.position_id is None or line.kind not in NETTED or (line.sent and line.received):
        return None
    return line.position_id, line.place, line.received_asset or line.sent_asset or ""


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _net(key: Key, parts: Sequence[Line], at: datetime, is_one_of_many: bool) -> Line:
    position, _, asset = key
    last = max((part for part in parts if part.kind == "result"), key=lambda part: part.at)
    sums: dict[str, Decimal] = {}
    for part in parts:
        what = "trading_fee" if part.part == "fee" else part.kind
        sums[what] = sums.get(what, Decimal(0)) + _signed(part)
    amount = sum(sums.values(), Decimal(0))
    values = [part.value if part.received else -part.value for part in parts if part.value is not None]
    value = abs(sum(values, Decimal(0))) if len(values) == len(parts) else None
    return replace(
        last, flow=f"{last.venue}:{position}", part=f"net:{asset}" if is_one_of_many else "net", kind="net", at=at,
        event="gain" if amount > 0 else "loss", sent_asset=asset if amount < 0 else None,
        sent=-amount if amount < 0 else None, received_asset=asset if amount > 0 else None,
        received=amount if amount > 0 else None, value=value, text=_words(last, sums),
        forced=any(part.forced for part in parts), rows=_once(row for part in parts for row in part.rows),
        evidence=_once(row for part in parts for row in part.evidence),
        flows=_once(flow for part in parts for flow in part.flows),
    )  # fmt: skip


def _once(keys: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(keys))


def _signed(line: Line) -> Decimal:
    return (line.received or Decimal(0)) - (line.sent or Decimal(0))


def _words(line: Line, sums: Mapping[str, Decimal]) -> str:
    parts = ", ".join(f"{what.replace('_', ' ')} {plain(amount)}" for what, amount in sums.items())
    return f"{line.symbol or line.position_id}: net of {parts}"
