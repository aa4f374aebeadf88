"""The bucket over time: what it was worth and what it had to be worth, at every row and every price that is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from ledger.auditing.holes import Holes
from ledger.auditing.marks import FRESH, STALE
from ledger.auditing.sheets import Point, Sheets
from ledger.auditing.stakes import floor_second
from ledger.judging.case import Leg, Posting
from ledger.judging.wording import exact, maybe
from ledger.judging.worlds import is_known
from ledger.margining.rules import standing
from ledger.margining.sheet import Sheet
from reports.audit import Moment
from reports.audit_words import exact as digits

MOST_PRICES = 2000
"""Prices that are drawn; of more the evenly spaced ones, and the lowest and highest between."""
MOST_ROWS = 3000
"""Seconds with rows that are told: the last ones; the bridge is of all."""
MOST_SOLVED, LAST_SOLVED = 500, 100
"""Of them, for how many the liquidation price is computed: evenly spaced ones, and the last."""
QUIET = timedelta(hours=36)
"""Longer than this without a row or a price is a gap: an open perpetual has funding rows."""
KINDS = {
    "own_funding": "funding", "other_funding": "funding", "own_fees": "fee", "other_fees": "fee",
    "interest": "interest", "interest_in_kind": "interest", "transfers_in": "transfer", "transfers_out": "transfer",
    "own_price_pnl": "fill", "other_realized_pnl": "fill", "slippage": "liquidation", "liquidation_fee": "liquidation",
    "insurance": "liquidation",
}  # fmt: skip


def moments_of(
    sheets: Sheets, postings: Sequence[Posting], path: Sequence[tuple[datetime, Fraction]], holes: Holes
) -> list[Moment]:
    """Return the moments from the start to the end, rows and prices in order of time.

    In a hole of the prices equity, health and mark are unknown, unless a row states a price of its own there.
    """
    bucket = sheets.bucket
    groups: dict[datetime, _Group] = {}
    for posting in postings:
        groups.setdefault(floor_second(posting.at), _Group()).postings.append(posting)
    for found in bucket.found:
        for leg in found.stake.legs:
            if bucket.started_at <= leg.at <= bucket.ended_at and leg.row_key is not None:
                groups.setdefault(floor_second(leg.at), _Group()).legs.append((found.stake.symbol, leg))
    earlier = sorted(groups)[:-MOST_ROWS]
    for second in earlier:
        del groups[second]
    if earlier:
        bucket.missing.append(
            f"the course is told from {earlier[-1]:%Y-%m-%d %H:%M:%S}Z on, the last {MOST_ROWS:,} seconds with rows; "
            "the bridge is of all rows"
        )
    priced = set(sorted(groups)[:: -(-len(groups) // MOST_SOLVED) or 1]) | set(sorted(groups)[-LAST_SOLVED:])
    inside = [point for point in path if bucket.started_at <= point[0] <= bucket.ended_at]
    edges = [point for point in inside if point[0] in holes.ends()]
    for at, _ in sorted({*_thinned(inside), *edges}):
        if not earlier or at > earlier[-1]:
            groups.setdefault(floor_second(at), _Group()).prices.append(at)
    forced = {change.row_key for change in bucket.changes if change.is_forced}
    trigger = floor_second(bucket.triggered_at)
    groups.setdefault(trigger, _Group())
    found_moments = [_moment(sheets, sheets.start(), "start", "start", _Group(), Holes(()))]
    for second in sorted(groups):
        group = groups[second]
        if second == trigger:
            found_moments.append(_moment(sheets, sheets.trigger(), "price", "trigger", _Group(), holes))
        if (last := group.at()) is not None:
            at = last
            point = sheets.end() if at == bucket.ended_at else sheets.after(at)
            kind, what = _said(group.postings, group.legs, forced)
            found_moments.append(_moment(sheets, point, kind, what, group, holes, is_solved=second in priced))
    return _with_gaps(found_moments, holes)


@dataclass(kw_only=True)
class _Group:
    """What happened in one second: a ledger cuts off what is smaller, a trade history does not."""

    postings: list[Posting] = field(default_factory=list)
    legs: list[tuple[str, Leg]] = field(default_factory=list)
    prices: list[datetime] = field(default_factory=list)

    def at(self) -> datetime | None:
        """Return the last instant of it; None: nothing happened."""
        instants = [*(posting.at for posting in self.postings), *(leg.at for _, leg in self.legs), *self.prices]
        return max(instants, default=None)


def _moment(
    sheets: Sheets, point: Point, kind: str, what: str, group: _Group, holes: Holes, *, is_solved: bool = True
) -> Moment:  # fmt: skip
    postings, legs = group.postings, group.legs
    sheet = sheets.sheet(point)
    found = standing(sheets.rule, sheet)
    held = held_by(sheets, point)
    quote = sheets.quote(point.at)
    is_old = quote is None or point.at - quote.at > (FRESH if holes.holds(point.at) else STALE)
    is_dark = is_old and bool(sheet.own() or sheet.base or sheet.base_owed)
    known = is_known(sheet) and sheets.bucket.is_known and not is_dark
    return Moment(
        at=point.at,
        kind=kind,
        what=what,
        effect=maybe(sum((posting.value for posting in postings), Fraction(0))) if postings else None,
        equity=maybe(found.equity) if known else None,
        initial_margin=None if is_dark else maybe(found.initial),
        maintenance_margin=None if is_dark else maybe(found.required),
        health=maybe(found.health) if known else None,
        ratio=maybe(found.ratio) if known else None,
        mark=None if is_dark else maybe(sheet.price),
        quantity=maybe(_size(sheets, sheet, held)),
        entry=maybe(held.entry) if held else None,
        liquidation_price=maybe(liquidation_price(sheet)) if is_solved and known else None,
        label=quote.label if quote else "assumed",
        rows=[
            key
            for key in dict.fromkeys([*(posting.row_key for posting in postings), *(leg.row_key for _, leg in legs)])
            if key
        ],
        is_gap=is_dark,
    )


def _size(sheets: Sheets, sheet: Sheet, held: Leg | None) -> Fraction | None:
    """Return what is held of the own instrument: the position's size, of a loan the collateral."""
    if held is not None:
        return held.quantity
    return sheet.base - sheet.base_owed if sheets.bucket.base is not None else None


def held_by(sheets: Sheets, point: Point) -> Leg | None:
    """Return the leg that tells what was held of the instrument that was liquidated."""
    own = [found.stake for found in sheets.bucket.found if found.stake.symbol == sheets.bucket.event.symbol]
    legs = [leg for stake in own if (leg := point.legs.get(stake.position_id)) is not None and leg.quantity]
    return legs[-1] if legs else None


def liquidation_price(sheet: Sheet) -> Fraction | None:
    """Return where a sheet is liquidated; None where it has no position of the own instrument."""
    return sheet.liquidation_price() if sheet.own() or sheet.base or sheet.base_owed else None


def _said(
    postings: Sequence[Posting], legs: Sequence[tuple[str, Leg]], forced_rows: Collection[str]
) -> tuple[str, str]:  # fmt: skip
    """Return the kind of an instant and what happened at it, in words."""
    forced = any(leg.is_forced for _, leg in legs) or any(posting.row_key in forced_rows for posting in postings)
    words = [
        f"{'buy' if leg.delta > 0 else 'sell'} {digits(abs(exact(leg.delta)))} {symbol}"
        + (f" at {digits(exact(leg.price))}" if leg.price is not None else "")
        + (f" ({leg.execution})" if leg.is_forced else "")
        for symbol, leg in legs
    ]
    sums: dict[tuple[str, str], Fraction] = {}
    for posting in postings:
        if posting.cause != "trade" or not legs:
            sums[posting.cause, posting.asset] = sums.get((posting.cause, posting.asset), Fraction(0)) + posting.amount
    words += [f"{cause.replace('_', ' ')} {digits(exact(amount))} {asset}" for (cause, asset), amount in sums.items()]
    if forced or any(posting.line in ("slippage", "liquidation_fee", "insurance") for posting in postings):
        return "liquidation", ", ".join(words)
    if legs:
        return "fill", ", ".join(words)
    if not postings:
        return "price", ""
    biggest = max(postings, key=lambda posting: abs(posting.value))
    return KINDS.get(biggest.line, "other"), ", ".join(words) or biggest.cause.replace("_", " ")


def _thinned(points: Sequence[tuple[datetime, Fraction]]) -> Sequence[tuple[datetime, Fraction]]:
    """Return at most `MOST_PRICES` points: of each stretch the lowest and the highest."""
    if len(points) <= MOST_PRICES:
        return points
    size = -(-len(points) * 2 // MOST_PRICES)
    kept: list[tuple[datetime, Fraction]] = []
    for first in range(0, len(points), size):
        stretch = points[first : first + size]
        kept += {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
    return sorted(kept)


def _with_gaps(moments: Sequence[Moment], holes: Holes) -> list[Moment]:
    """Mark the moments before which too little is known: a hole of prices, or neither row nor price for long."""
    marked = list(moments[:1])
    for before, moment in pairwise(moments):
        is_gap = moment.is_gap or before.is_gap or moment.at - before.at > QUIET or holes.part(before.at, moment.at)
        marked.append(replace(moment, is_gap=is_gap))
    return marked
