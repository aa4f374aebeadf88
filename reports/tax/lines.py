"""The flows of a year as lines that every tool knows in some word: what was sent, what received, what a fee took.

A transfer between two places is two lines, within one only its fee; a place is an account at a venue, or a wallet of it
where lots are matched by wallet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from reports.tax.value import Policy, TaxYear

Event = Literal[
    "trade", "deposit", "withdrawal", "transfer_in", "transfer_out", "gain", "loss", "fee", "network_fee",
    "liquidation_fee", "funding_received", "funding_paid", "rebate", "interest", "loan", "repayment", "income",
    "expense",
]  # fmt: skip
EVENTS: Mapping[str, tuple[Event, Event]] = {
    "trade": ("deposit", "withdrawal"),
    "collateral_sale": ("deposit", "withdrawal"),
    "deposit": ("deposit", "withdrawal"),
    "withdrawal": ("deposit", "withdrawal"),
    "transfer": ("transfer_in", "transfer_out"),
    "opening": ("deposit", "withdrawal"),
    "correction": ("deposit", "withdrawal"),
    "result": ("gain", "loss"),
    "insurance": ("gain", "liquidation_fee"),
    "funding": ("funding_received", "funding_paid"),
    "trading_fee": ("rebate", "fee"),
    "liquidation_fee": ("rebate", "liquidation_fee"),
    "network_fee": ("rebate", "network_fee"),
    "rebate": ("rebate", "fee"),
    "interest": ("income", "interest"),
    "loan": ("loan", "repayment"),
    "repayment": ("loan", "repayment"),
    "income": ("income", "expense"),
}  # fmt: skip
"""By kind of flow: what it is where something was received alone, and where something was sent alone."""
MOVES: frozenset[Event] = frozenset({"deposit", "withdrawal", "transfer_in", "transfer_out"})
"""What has no value of its own: nothing was earned or spent, or nobody here knows what for."""
ON_CHAIN = frozenset({"transfer", "deposit", "withdrawal", "network_fee"})
"""Kinds whose fee is paid to a network."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event of one place; amounts are unsigned, the fee is beside what was sent and received."""

    flow: str
    """Stable id of the flow, or of the position."""
    part: str = ""
    kind: str
    event: Event
    group: str
    at: datetime
    place: str
    venue: str = ""
    sent_asset: str | None = None
    sent: Decimal | None = None
    received_asset: str | None = None
    received: Decimal | None = None
    fee_asset: str | None = None
    fee: Decimal | None = None
    value: Decimal | None = None
    """Of the whole in the policy's currency, unsigned; null: unknown, or it is a move."""
    symbol: str | None = None
    instrument: str | None = None
    """Of a trade: base and quote."""
    position_id: str | None = None
    text: str = ""
    forced: bool = False
    rows: Sequence[str] = ()
    evidence: Sequence[str] = ()
    """The rows that show that it was forced."""
    flows: Sequence[str] = ()
    """The flows that it stands for."""

    @property
    def is_purchase(self) -> bool:
        """Whether the quote of a pair was given for its base."""
        return self.event == "trade" and self.instrument == f"{self.received_asset}/{self.sent_asset}"

    @property
    def id(self) -> str:
        """`venue:account:event[:part]`."""
        return f"{self.flow}:{self.part}" if self.part else self.flow


@dataclass(frozen=True)
class Lines:
    """All lines of a year, in the order of time."""

    lines: Sequence[Line]
    left_out: Mapping[str, str]
    """Flow -> why it needs no line."""
    unknown: Sequence[str] = ()
    """Flows of which no amount is known, and so no line can be written."""


def gross_lines(year: TaxYear) -> Lines:
    """Return a line for every flow, fees and funding apart from results."""
    lines: list[Line] = []
    left_out: dict[str, str] = {}
    unknown: list[str] = []
    for flow in year.flows.iter_rows(named=True):
        if any(flow[asset] is not None and flow[amount] is None
               for asset, amount in (("sent_asset", "sent"), ("received_asset", "received"))):  # fmt: skip
            unknown.append(flow["flow"])
            continue
        made = [line for line in _of_flow(flow, year.policy) if line.sent or line.received or line.fee]
        if not made:
            left_out[flow["flow"]] = "moves nothing between the places of these files"
        lines += made
    return Lines(sorted(lines, key=lambda line: line.at), left_out, unknown)


def place_of(policy: Policy, venue: str | None, account: str | None, wallet: str | None) -> str:
    """Return the name of a place: `kraken main`, `nexo`, or `kraken main spot`."""
    names = [venue, None if account == venue else account, wallet if policy.scope == "wallet" else None]
    return " ".join(name for name in names if name) or "unknown"


def _of_flow(flow: Mapping[str, Any], policy: Policy) -> Iterator[Line]:
    kind, group = flow["kind"], flow["group"] or "other"
    sent, received, fee = flow["sent"] or None, flow["received"] or None, flow["fee"] or None
    base = Line(
        flow=flow["flow"], kind=kind, event="trade", group=group, at=flow["happened_at"], venue=flow["venue"] or "",
        place=place_of(policy, flow["venue"], flow["account"], flow["wallet"]), symbol=flow["symbol"],
        instrument=flow["instrument"],
        position_id=flow["position_id"], text=flow["text"] or kind, rows=flow["rows"], flows=(flow["flow"],),
        evidence=flow["rows"] if flow["forced"] else (), forced=bool(flow["forced"]),
    )  # fmt: skip
    if fee is not None and fee < 0:
        yield replace(base, part="rebate", event="rebate", received_asset=flow["fee_asset"], received=-fee,
                      text=f"{base.text}: rebate")  # fmt: skip
        fee = None
    paid = {"fee_asset": flow["fee_asset"], "fee": fee} if fee else {}
    if kind == "transfer":
        yield from _transfer(replace(base, **paid), flow, policy)
        return
    if paid and sent is None:
        yield replace(base, part="fee" if received else "", event=_fee_event(kind), sent_asset=flow["fee_asset"],
                      sent=fee, text=f"{base.text}: fee")  # fmt: skip
        paid = {}
    incoming, outgoing = EVENTS.get(kind, ("deposit", "withdrawal"))
    event: Event = "trade" if sent and received else incoming if received else outgoing
    value = None if event in MOVES or flow["value"] is None else abs(flow["value"])
    if sent or received:
        yield replace(
            base, event=_as(event, policy), sent_asset=flow["sent_asset"] if sent else None, sent=sent, value=value,
            received_asset=flow["received_asset"] if received else None, received=received, **paid,
        )  # fmt: skip


def _as(event: Event, policy: Policy) -> Event:
    """Return funding as a gain or a loss, where the policy takes it for that."""
    taken: Mapping[Event, Event] = {"funding_received": "gain", "funding_paid": "loss"}
    return taken.get(event, event) if policy.funding == "gain" else event


def _fee_event(kind: str) -> Event:
    return "network_fee" if kind in ON_CHAIN else "fee"


def _transfer(base: Line, flow: Mapping[str, Any], policy: Policy) -> Iterator[Line]:
    """Yield both halves of a transfer: what arrives has left, and the rest is its fee; within a place the fee alone."""
    there = place_of(policy, flow["other_venue"] or flow["venue"], flow["other_account"] or flow["account"],
                     flow["other_wallet"] or flow["wallet"])  # fmt: skip
    sent, received = flow["sent"] or Decimal(0), flow["received"] or Decimal(0)
    asset, arriving = flow["sent_asset"] or flow["received_asset"], flow["received_asset"] or flow["sent_asset"]
    lost = sent - received if asset == arriving else Decimal(0)
    if lost > 0 and base.fee_asset in {None, asset}:
        base = replace(base, fee_asset=asset, fee=(base.fee or Decimal(0)) + lost)
        sent = received
    out = replace(base, part="out", event="transfer_out", sent_asset=asset, sent=sent)
    into = replace(base, part="in", event="transfer_in", place=there, venue=flow["other_venue"] or base.venue,
                   received_asset=arriving, received=received, fee_asset=None, fee=None)  # fmt: skip
    if there != base.place:
        yield from (out, into)
        return
    if sent != received:
        yield from (replace(out, fee_asset=None, fee=None), into)
    if base.fee:
        yield replace(base, part="fee", event="network_fee", sent_asset=base.fee_asset, sent=base.fee, fee_asset=None,
                      fee=None, text=f"{base.text}: fee")  # fmt: skip
