"""The bucket at the trigger as it would have been with one thing changed: the same prices, the same rows but that one.

Static, as margin mathematics has it: what else the trader would have done with the money is not asked.  Changes of sums
follow from the lines of the bridge until the trigger; changes of size scale all that the position itself did.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from ledger.judging.case import Case, Leg, Posting, Stake, last_increase
from ledger.margining.requirement import ZERO, gained
from ledger.margining.sheet import Exposure, Sheet
from reports.audit import Moment

FUNDING = ("own_funding", "other_funding")
INTEREST = ("interest", "interest_in_kind")
FEES = ("own_fees", "other_fees")
OTHERS = ("other_realized_pnl", "other_unrealized_pnl", "other_fees", "other_funding")
OWN = ("own_price_pnl", "own_fees", "own_funding")
IN, OUT = ("transfers_in",), ("transfers_out",)
HALF = Fraction(1, 2)


@dataclass(frozen=True, kw_only=True)
class World:
    """What the bucket would have been at the trigger."""

    sheet: Sheet
    steps: Sequence[tuple[datetime, Fraction]] = ()
    """When and by how much it would have been worth more (+) or less; empty: it is no sum of rows."""
    since: datetime | None = None
    """From when on its liquidation price holds, where it might have been liquidated before the trigger."""


def until(case: Case, names: Collection[str]) -> Fraction:
    """Return what lines of the bridge did until the trigger."""
    return sum((case.until_trigger.get(name, ZERO) for name in names), ZERO)


def rows_until(case: Case, names: Collection[str]) -> list[Posting]:
    """Return the rows of lines until the trigger, in order of time."""
    forced = set(case.event.rows)
    return [posting for posting in case.postings if posting.line in names and posting.at <= case.triggered_at
            and (posting.row_key is None or posting.row_key not in forced)]  # fmt: skip


def without(case: Case, names: Collection[str]) -> World:
    """Return the world in which lines of the bridge were zero."""
    rows = rows_until(case, names)
    rest = until(case, names) - sum((posting.value for posting in rows), ZERO)
    return _removed(case, rows, rest, of_debt=set(names) <= set(INTEREST))


def without_rows(case: Case, rows: Sequence[Posting]) -> World:
    """Return the world in which some rows did not happen."""
    return _removed(case, rows, ZERO, of_debt=False)


def smaller(case: Case, part: Fraction) -> World:
    """Return the world in which the position was a part of its size from the opening on."""
    equity = case.trigger.equity() - (1 - part) * own_terms(case)
    return World(sheet=with_equity(resized(case, part, case.event.position_ids), equity))


def own_terms(case: Case) -> Fraction:
    """Return what the position itself did to the equity until the trigger: its price, fees, funding and interest."""
    interest = sum((posting.value for posting in rows_until(case, INTEREST) if posting.is_own), ZERO)
    return until(case, OWN) + interest


def halved(case: Case, at: datetime, mark: Fraction) -> World | None:
    """Return the world in which the position was half its size from an instant on, when its price was `mark`.

    None: an entry price or a realized result is unknown, so what it did since is.
    """
    own = [stake for stake in case.own() if stake.symbol == case.event.symbol]
    results = [_since(stake, at, mark, case) for stake in own]
    if not own or case.trigger.price is None or None in results:
        return None
    costs = sum((posting.value for posting in rows_until(case, ("own_fees", "own_funding")) if posting.at > at), ZERO)
    done = sum((result for result in results if result is not None), ZERO) + costs
    ids = [stake.position_id for stake in own]
    return World(sheet=with_equity(resized(case, HALF, ids), case.trigger.equity() - HALF * done))


def alone(case: Case) -> World | None:
    """Return the world without the other positions of the bucket; None: it had none."""
    own = set(case.event.position_ids)
    kept = [one for one in case.trigger.exposures if one.is_own or one.position_id in own]
    change = until(case, OTHERS)
    if not change and len(kept) == len(case.trigger.exposures):
        return None
    equity = case.trigger.equity() - change
    since = last_sized(case) if change > 0 else None
    return World(sheet=with_equity(replace(case.trigger, exposures=kept), equity), since=since)


def isolated(case: Case) -> World | None:
    """Return the world in which the position had its initial margin alone; None: it had, or that margin is unknown.

    Its margin is its value at entry by the leverage that is set, else by the highest that its tier allows.
    """
    own = case.trigger.own()
    is_cross = case.margin_mode.startswith("cross") and case.trigger.rule.kind in {"tiers", "entry"}
    if not is_cross or not own or any(one.is_asset or one.entry is None for one in own):
        return None
    margins = [replace(one, mark=one.entry, is_own=False).initial() for one in own]
    if None in margins:
        return None
    margin = sum((margin for margin in margins if margin is not None), ZERO)
    bare = replace(case.trigger, cash=margin, owed=ZERO, base=ZERO, base_owed=ZERO, exposures=own)
    return World(sheet=bare, since=last_sized(case))


def half_loan(case: Case) -> World | None:
    """Return the world in which half as much was borrowed against the same collateral; None: it is no loan."""
    if case.event.kind != "loan" or case.trigger.owed <= 0:
        return None
    half = case.trigger.owed * HALF
    return World(sheet=replace(case.trigger, cash=case.trigger.cash + half, owed=half))


def leverage_used(case: Case) -> Fraction | None:
    """Return the leverage at open: sum of notionals / equity just after the position was last made larger.

    The effective leverage of margin mathematics (section 8), when the owner had the size that was liquidated; both at
    the marks of that instant.  None where one of them is unknown, or nothing was left.
    """
    sheet = case.sized or case.opened
    return sheet.effective_leverage() if case.is_known and is_known(sheet) else None


def at_leverage(case: Case, leverage: Fraction) -> World | None:
    """Return the world in which the position was so small that this was the leverage at open; None: no size makes it.

    Of the equity before the fees of its fills, as these are of its size, too (margin mathematics, section 10: size' =
    equity x leverage / price).  Positions that were not liquidated keep theirs.
    """
    sheet, own = case.sized or case.opened, set(case.event.position_ids)
    sized_at = last_increase(case.own(), case.triggered_at) or case.started_at
    fees = sum((row.value for row in rows_until(case, ("own_fees",)) if row.at <= sized_at), ZERO)
    values = {one.position_id: one.value() or ZERO for one in sheet.exposures}
    liquidated = sum((value for position, value in values.items() if position in own), ZERO)
    left = leverage * (sheet.equity() - fees) - (sum(values.values(), ZERO) - liquidated)
    return smaller(case, left / liquidated) if liquidated > 0 and 0 < left < liquidated else None


def is_known(sheet: Sheet) -> bool:
    """Return whether nothing that its equity is made of is unknown."""
    holds_base = bool(sheet.base or sheet.base_owed)
    priced = sheet.price is not None or not (holds_base or sheet.own())
    return priced and all(one.is_asset or (one.entry is not None and _marked(one, sheet)) for one in sheet.exposures)


def is_open(sheet: Sheet) -> bool:
    """Return whether anything can be liquidated."""
    return bool(sheet.exposures or sheet.base_owed or sheet.owed)


def first_open(case: Case) -> Moment | None:
    """Return the first moment before the trigger at which something was required."""
    return next((moment for moment in case.moments if moment.maintenance_margin and moment.equity is not None
                 and moment.at < case.triggered_at), None)  # fmt: skip


def last_sized(case: Case) -> datetime:
    """Return when the position last came to another size by the trader's hand."""
    chosen = [leg.at for stake in case.own() for leg in stake.legs if leg.is_chosen and leg.at < case.triggered_at]
    return max(chosen, default=case.started_at)


def resized(case: Case, part: Fraction, ids: Collection[str]) -> Sheet:
    """Return the sheet at the trigger with positions of a part of their size, as if entered so.

    What a margin position did not buy was not borrowed either.  The cash is left for the caller to set.
    """
    sheet = case.trigger
    exposures: list[Exposure] = []
    for one in sheet.exposures:
        if one.position_id not in ids:
            exposures.append(one)
            continue
        exposures.append(replace(one, quantity=one.quantity * part))
        if one.is_asset and one.is_own:
            sheet = _unbought(sheet, one, one.quantity * one.multiplier * (1 - part))
    return replace(sheet, exposures=exposures)


def with_equity(sheet: Sheet, equity: Fraction) -> Sheet:
    """Return the sheet with as much cash as makes this equity."""
    return sheet.with_cash(equity - sheet.equity())


def unrealized(stake: Stake, leg: Leg | None, mark: Fraction) -> Fraction | None:
    """Return the unrealized result of a position after a leg; None where its entry price is unknown."""
    if leg is None or not leg.quantity:
        return ZERO
    if leg.entry is None:
        return None
    side = 1 if leg.quantity > 0 else -1
    return gained(stake.style, side, stake.value(leg.quantity, leg.entry), stake.value(leg.quantity, mark))


def _removed(case: Case, rows: Sequence[Posting], rest: Fraction, *, of_debt: bool) -> World:
    """Return the world without rows, and without `rest`, an amount that no row shows.

    Rows of the own base are units of it, and worth what the price makes of them; what would not have been owed is less
    debt.
    """
    in_base = [posting for posting in rows if case.base is not None and posting.asset == case.base]
    in_cash = [posting for posting in rows if case.base is None or posting.asset != case.base]
    units = -sum((posting.amount for posting in in_base), ZERO)
    cash = -rest - sum((posting.value for posting in in_cash), ZERO)
    sheet = case.trigger.with_cash(cash)
    if of_debt and cash > 0:
        sheet = replace(sheet, owed=sheet.owed - min(sheet.owed, cash))
    cleared = min(sheet.base_owed, units) if of_debt and units > 0 else ZERO
    sheet = replace(sheet, base=sheet.base + units - cleared, base_owed=sheet.base_owed - cleared)
    return World(sheet=sheet, steps=[(posting.at, -posting.value) for posting in rows])


def _unbought(sheet: Sheet, one: Exposure, size: Fraction) -> Sheet:
    if one.side < 0:
        return replace(sheet, base_owed=sheet.base_owed - min(sheet.base_owed, size))
    freed = size * one.entry if one.entry is not None else ZERO
    return replace(sheet, base=sheet.base - size, owed=sheet.owed - min(sheet.owed, freed))


def _since(stake: Stake, at: datetime, mark: Fraction, case: Case) -> Fraction | None:
    """Return the result of a position from an instant until the trigger, before costs."""
    assert case.trigger.price is not None
    before = unrealized(stake, stake.last(at), mark)
    after = unrealized(stake, stake.last(case.triggered_at, before=True), case.trigger.price)
    realized = [leg.realized for leg in stake.legs if at < leg.at < case.triggered_at]
    if before is None or after is None or None in realized:
        return None
    return after - before + stake.settled * sum((result for result in realized if result is not None), ZERO)


def _marked(one: Exposure, sheet: Sheet) -> bool:
    return one.mark is not None or (one.is_own and sheet.price is not None)
