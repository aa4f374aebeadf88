"""Whether the rows show a liquidation at all: that at the trigger the equity was no more than what was required.

Marks and tiers are seldom known to the last digit, so some distance is allowed.  Where it is more, something that the
venue saw is not in the book (isolated margin, another price, a debt, a wallet), and no cause can be told.
"""

from __future__ import annotations

from fractions import Fraction

from ledger.judging.case import Case
from ledger.judging.worlds import is_known
from ledger.margining.requirement import ZERO

OF_REQUIRED = Fraction(1, 4)
OF_VALUE, OF_ROUGH_VALUE = Fraction(1, 200), Fraction(3, 100)
"""Shares of what is required and of the notional (of collateral) by which the equity may be above the requirement; the
larger where the mark is implied or assumed."""


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
