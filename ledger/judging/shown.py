"""Whether the rows show a liquidation at all: that at the trigger the equity was no more than what was required.

Marks and tiers are seldom known to the last digit, so some distance is allowed.  Where it is more, or where the
position could not have lived from its first fill on, something that the venue saw is not in the book, and no cause can
be told.
"""

from __future__ import annotations

from fractions import Fraction

from ledger.judging.case import Case
from ledger.judging.wording import amount, price
from ledger.judging.worlds import is_known, is_open
from ledger.margining.requirement import ZERO

OF_REQUIRED = Fraction(1, 4)
OF_VALUE, OF_ROUGH_VALUE = Fraction(1, 200), Fraction(3, 100)
"""Shares of what is required and of the notional (of collateral) by which the equity may be above the requirement; the
larger where the mark is implied or assumed."""
SAW = "the venue saw something that is not in the book (isolated margin, another price, a debt, a wallet)"


def doubt(case: Case) -> str | None:  # noqa: PLR0911  (one line a doubt)
    """Return why the rows do not show the liquidation, a clause; None where they do."""
    if case.event.is_adl:
        return None
    if not is_open(case.trigger) or _is_untold(case):
        return "no fills of what was liquidated are in the book: import them"
    if not case.is_known or not is_known(case.trigger) or case.trigger.required() is None:
        return None  # what is missing is said apart
    if case.event.kind == "loan" and _is_circular(case):
        return "no price of the collateral is known but what the sale itself brought: import a price file of it"
    if beyond(case) is not None:
        return f"{stood(case)}: {SAW}"
    opened = case.opened.required()
    if case.started_by == "position" and opened and is_known(case.opened) and case.opened.equity() <= opened:
        return (
            "by the rows it was beyond its liquidation from its first fill on, which cannot be: the balance of the "
            "wallet is not known; import its ledger or deposits, or `marginbook assert` a balance"
        )
    return None


def stood(case: Case) -> str:
    """Return what the bucket had and needed at the trigger, a clause; both must be known."""
    required, asset = case.trigger.required(), case.event.settle_asset
    assert required is not None
    equity, mark = case.trigger.equity(), case.trigger.price
    when = "at the trigger" if mark is None else f"at the trigger price of {price(mark)}"
    said = f"{when} the equity was {amount(equity, asset)} and {amount(required, asset)} were required"
    return said if equity <= required else f"{said} (by what is known; a price or a tier is not exact)"


def beyond(case: Case) -> Fraction | None:
    """Return by how much the equity at the trigger was above the requirement, where that is too much; else None."""
    required = case.trigger.required()
    if required is None or case.event.is_adl or not is_known(case.trigger):
        return None
    above = case.trigger.equity() - required
    rough = case.trigger_quote is None or case.trigger_quote.label not in ("measured", "supplied")
    values = [one.value() for one in case.trigger.exposures]
    value = sum((one for one in values if one is not None), ZERO)
    value = value or case.trigger.equity() + case.trigger.debt()
    allowed = required * OF_REQUIRED + value * (OF_ROUGH_VALUE if rough else OF_VALUE)
    return above if above > allowed else None


def _is_untold(case: Case) -> bool:
    """Return whether no row says what was liquidated: neither a position, nor an order, nor collateral."""
    event = case.event
    return event.kind != "loan" and event.stage == "unknown" and not event.leg_keys and not event.position_ids


def _is_circular(case: Case) -> bool:
    """Return whether the only price of the collateral is the sale's own, taken for all the time before it."""
    quote = case.trigger_quote
    return quote is not None and quote.label == "implied" and case.start.price == case.trigger.price
