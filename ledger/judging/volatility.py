"""How much the price of the liquidated instrument moved in a day."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from ledger.judging.case import Case

LEAST_DAYS = 5
"""Daily changes from which on a deviation says something."""


def daily_volatility(case: Case) -> Fraction | None:
    """Return the standard deviation of the daily changes of the price until the trigger, as a share of the price.

    Of each UTC day the last known price counts; None without a price file, or with fewer than five changes.
    """
    if not case.has_path:
        return None
    closes = {at.date(): price for at, price in case.path if at <= case.triggered_at}
    prices = [price for price in closes.values() if price > 0]
    changes = [now / before - 1 for before, now in pairwise(prices)]
    if len(changes) < LEAST_DAYS:
        return None
    with localcontext(Context(prec=40)):
        told = [Decimal(change.numerator) / Decimal(change.denominator) for change in changes]
        mean = sum(told, Decimal(0)) / len(told)
        spread = sum(((change - mean) ** 2 for change in told), Decimal(0)) / (len(told) - 1)
        return Fraction(spread.sqrt())
