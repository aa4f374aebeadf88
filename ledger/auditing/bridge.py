"""The bridge of a bucket's equity: every row in one line, prices in theirs, and what neither explains apart.

Each change of a balance is worth its amount at the price of its instant.  What a balance gains by its price from then
on is the price line's: of the size of positions own_price_pnl and the others', of the rest collateral_price.  The sums
are exact, whatever the prices between were, since only those at the ends and at the changes count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from ledger.auditing.bucket import ZERO, Bucket, Change, Deviation, Level
from ledger.auditing.lines import line_of
from ledger.auditing.sheets import Point, Sheets
from ledger.auditing.stakes import Found
from ledger.judging.case import Leg, Posting
from ledger.margining.requirement import gained, notional
from reports.audit import LABELS


@dataclass(kw_only=True)
class Lines:
    """The lines of a bridge between two states, as fractions."""

    amounts: dict[str, Fraction] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By line, its worst label and what that rests on; measured where not in it."""
    prices: dict[str, dict[str, None]] = field(default_factory=dict)
    """By line, the row keys of the prices that value it, in order."""
    by_asset: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """By asset, what its price and what its collateral ratio did."""

    def add(self, line: str, amount: Fraction, rows: Iterable[str] = ()) -> None:
        """Add to a line."""
        self.amounts[line] = self.amounts.get(line, ZERO) + amount
        self.rows.setdefault(line, []).extend(row for row in rows if row)

    def label(self, line: str, label: str, why: str, prices: Iterable[str] = ()) -> None:
        """Let a line rest on a price or on something else that is not measured; the worst counts."""
        self.prices.setdefault(line, {}).update(dict.fromkeys(prices))
        if label in LABELS[1:] and LABELS.index(label) > LABELS.index(self.labels.get(line, ("measured", ""))[0]):
            self.labels[line] = (label, why)

    def total(self) -> Fraction:
        """Return the sum of all lines."""
        return sum(self.amounts.values(), ZERO)


def postings_of(bucket: Bucket, sheets: Sheets) -> list[Posting]:
    """Return every change with its value and its line."""
    worth = sheets.worth
    return [
        Posting(
            at=change.at,
            row_key=change.row_key,
            asset=change.asset,
            amount=change.amount,
            value=change.amount * worth.price(change.asset, change.at),
            cause=change.cause,
            line="slippage" if change.is_sale else line_of(
                change.cause, gains=change.amount > 0, is_own=change.is_own, in_currency=change.asset == bucket.currency
            ),
            symbol=change.symbol,
            position_id=change.position_id,
            is_own=change.is_own,
        )
        for change in bucket.changes
    ]  # fmt: skip


def bridge(sheets: Sheets, start: Point, end: Point, changes: Sequence[Change], postings: Sequence[Posting]) -> Lines:
    """Return the lines that lead from one state to another; `changes` and `postings` are those between them."""
    lines = Lines()
    for change, posting in zip(changes, postings, strict=True):
        lines.add(posting.line, posting.value, [change.row_key])
        _valued(sheets, lines, posting.line, change.asset, change.at)
    for found in sheets.bucket.found:
        _price_of(sheets, found, start, end, changes, postings, lines)
    _slippage(sheets, end, changes, postings, lines)
    for asset in sorted({*start.levels, *end.levels}):
        _collateral(sheets, asset, start, end, changes, postings, lines)
    return lines


def _valued(sheets: Sheets, lines: Lines, line: str, asset: str, at: datetime) -> None:
    """Let a line rest on the price of an asset at an instant."""
    quote = sheets.worth.quote(asset, at)
    if quote is not None:
        lines.label(line, quote.label, f"{asset}: {quote.source}", quote.rows)


def _price_of(
    sheets: Sheets, found: Found, start: Point, end: Point, changes: Sequence[Change], postings: Sequence[Posting],
    lines: Lines,
) -> None:  # fmt: skip
    """Add what the price did to one position: to its unrealized result, or to the balance that its size is."""
    stake = found.stake
    first, last = start.legs.get(stake.position_id), end.legs.get(stake.position_id)
    unrealized = [_unrealized(sheets, found, leg, point, lines) for leg, point in ((first, start), (last, end))]
    if not stake.is_asset:
        lines.add("own_price_pnl" if stake.is_own else "other_unrealized_pnl", unrealized[1] - unrealized[0])
        return
    base = _base(found)
    size = [leg.quantity if leg is not None else ZERO for leg in (first, last)]
    held = _held(found, changes, postings)
    size[1] = size[0] + sum((posting.amount for posting in held), ZERO)
    at_ends = size[1] * sheets.worth.price(base, end.at) - size[0] * sheets.worth.price(base, start.at)
    for held_then, point in zip(size, (start, end), strict=True):
        if held_then:
            _valued(sheets, lines, "own_price_pnl" if stake.is_own else "other_realized_pnl", base, point.at)
    gained = at_ends - sum((posting.value for posting in held), ZERO)
    if stake.is_own:
        lines.add("own_price_pnl", gained)
        return
    change = unrealized[1] - unrealized[0]
    lines.add("other_unrealized_pnl", change)
    lines.add("other_realized_pnl", gained - change)


def _unrealized(sheets: Sheets, found: Found, leg: Leg | None, point: Point, lines: Lines) -> Fraction:
    """Return the unrealized result of a position in a state; of an unknown mark or entry nothing is counted."""
    if leg is None or not leg.quantity or leg.entry is None:
        return ZERO
    stake = found.stake
    quote = sheets.bucket.mark(stake.symbol, point.at)
    if quote is None:
        sheets.unmarked.setdefault(stake.symbol, point.at)
        return ZERO
    line = "own_price_pnl" if stake.is_own else "other_unrealized_pnl"
    lines.label(line, quote.label, f"{stake.symbol}: {quote.source}", quote.rows)
    if found.settle_asset is not None and not stake.is_asset:
        _valued(sheets, lines, line, found.settle_asset, point.at)
    side = 1 if leg.quantity > 0 else -1
    if stake.product == "option":  # its premium was paid in cash: what is left is its whole value
        return leg.quantity * stake.multiplier * quote.price * sheets.settled(found, point.at)
    then, now = (notional(stake.style, leg.quantity, price, stake.multiplier) for price in (leg.entry, quote.price))
    return gained(stake.style, side, then, now) * sheets.settled(found, point.at)


def _slippage(sheets: Sheets, end: Point, changes: Sequence[Change], postings: Sequence[Posting], lines: Lines) -> None:
    """Part the forced fills' distance from the trigger mark off the own result; nothing of it before the trigger."""
    bucket = sheets.bucket
    for found in bucket.found:
        stake = found.stake
        reached = end.legs.get(stake.position_id)
        forced = [leg for leg in stake.legs if leg.is_forced and leg.price is not None
                  and reached is not None and leg.leg_no <= reached.leg_no]  # fmt: skip
        mark = bucket.mark(stake.symbol, bucket.triggered_at)
        if not forced or mark is None:
            continue
        if stake.is_asset:
            parts = _in_kind(found, mark.price, changes, postings)
        else:
            worth = sheets.settled(found, bucket.triggered_at)
            parts = [(_beyond(leg, found, mark.price) * worth, leg.row_key or "") for leg in forced]
        for beyond, row in parts:
            lines.add("slippage", beyond, [row])
            lines.add("own_price_pnl", -beyond)
        for line in ("slippage", "own_price_pnl"):
            lines.label(line, mark.label, mark.source, mark.rows)


def _beyond(leg: Leg, found: Found, mark: Fraction) -> Fraction:
    """Return how much better than at the mark a forced fill of a contract was, signed."""
    assert leg.price is not None
    size = -leg.delta * found.stake.multiplier
    if found.stake.style == "inverse":
        return size * (1 / mark - 1 / leg.price)
    return size * (leg.price - mark)


def _in_kind(
    found: Found, mark: Fraction, changes: Sequence[Change], postings: Sequence[Posting]
) -> list[tuple[Fraction, str]]:  # fmt: skip
    """Return the same of trades in kind: what came or went of the base at the mark, and of the quote."""
    return [
        (change.amount * mark if change.asset == _base(found) else posting.value, change.row_key)
        for change, posting in zip(changes, postings, strict=True)
        if change.position_id == found.stake.position_id and change.cause == "trade" and change.is_forced
    ]


def _collateral(
    sheets: Sheets, asset: str, start: Point, end: Point, changes: Sequence[Change], postings: Sequence[Posting],
    lines: Lines,
) -> None:  # fmt: skip
    """Add what price and collateral ratio did to the balance of an asset that is not the size of a position."""
    worth, bucket = sheets.worth, sheets.bucket
    if asset != bucket.currency:
        sizes = [(_size(found, start), _held(found, changes, postings)) for found in bucket.found
                 if found.stake.is_asset and _base(found) == asset]  # fmt: skip
        moved = sum((posting.value for posting in postings if posting.asset == asset), ZERO)
        of_stakes = sum((posting.value for _, held in sizes for posting in held), ZERO)
        size_before = sum((size for size, _ in sizes), ZERO)
        size_after = size_before + sum((posting.amount for _, held in sizes for posting in held), ZERO)
        before = start.levels.get(asset, Level()).net - size_before
        after = end.levels.get(asset, Level()).net - size_after
        after -= end.gaps.get(asset, ZERO)
        price = after * worth.price(asset, end.at) - before * worth.price(asset, start.at) - (moved - of_stakes)
    else:
        price = ZERO
    haircut = _haircut(sheets, asset, end) - _haircut(sheets, asset, start)
    if price or haircut:
        lines.by_asset[asset] = (price, haircut)
        lines.add("collateral_price", price + haircut)
        for point in (start, end):
            _valued(sheets, lines, "collateral_price", asset, point.at)


def _haircut(sheets: Sheets, asset: str, point: Point) -> Fraction:
    """Return by how much the collateral ratio lowers what a balance counts for, never positive."""
    net = point.levels.get(asset, Level()).net
    share = sheets.worth.counted(asset, point.at, net)
    return net * sheets.worth.price(asset, point.at) * (share - 1)


def _held(found: Found, changes: Sequence[Change], postings: Sequence[Posting]) -> list[Posting]:
    """Return the changes of the base that are the size of a position."""
    stake = found.stake
    if not stake.is_asset:
        return []
    base = _base(found)
    return [
        posting
        for change, posting in zip(changes, postings, strict=True)
        if change.position_id == stake.position_id and change.cause == "trade" and change.asset == base
    ]


def _size(found: Found, point: Point) -> Fraction:
    leg = point.legs.get(found.stake.position_id)
    return leg.quantity if leg is not None else ZERO


def _base(found: Found) -> str:
    return (found.instrument or "").split("/", 1)[0]


def unexplained_of(bucket: Bucket, sheets: Sheets, end: Point) -> tuple[Fraction, Fraction]:
    """Return what no row explains between the ends, and what the venue added to a balance that it set to zero."""
    unexplained, added = ZERO, ZERO
    for asset, deviation in bucket.deviations.items():
        change = end.gaps.get(asset, ZERO) * sheets.worth.price(asset, end.at)
        if deviation.reset:
            added += change
        else:
            unexplained += change
    return unexplained, added


def known_levels(levels: Mapping[str, Level], deviations: Mapping[str, Deviation]) -> dict[str, Level]:
    """Return the levels at the start as the venue states them, where it does."""
    known = dict(levels)
    for asset, deviation in deviations.items():
        beside = deviation.start if deviation.start is not None else deviation.end
        if beside:
            level = known.get(asset, Level())
            known[asset] = Level(owned=level.owned + beside, owed=level.owed)
    return known
