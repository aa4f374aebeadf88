"""What would have become of a changed bucket on the known path of prices."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor

from ledger.judging.case import Case
from ledger.judging.wording import exact
from ledger.judging.worlds import World, is_known

NEAR = Fraction(999, 1000)
SCALE = 10**18
"""Prices have at most 18 places."""


@dataclass(frozen=True, kw_only=True)
class Fate:
    """Whether and when a changed bucket would have been liquidated."""

    outcome: str
    """As in `reports.audit.Counterfactual`."""
    price: Fraction | None = None
    """Its liquidation price."""
    at: datetime | None = None
    """When it would have been liquidated, where it would; None: earlier than it was, and no price says when."""
    until: datetime | None = None
    """Until when it would not have been, as far as prices are known."""


class Course:
    """The path of prices of a case, to ask when a price was first reached."""

    def __init__(self, case: Case) -> None:
        self.instants = [at for at, _ in case.path] if case.has_path else []
        self.prices = [price for _, price in case.path] if case.has_path else []
        self._worst: dict[tuple[int, bool], list[int]] = {}

    @property
    def last(self) -> datetime | None:
        """Return the last instant at which a price is known."""
        return self.instants[-1] if self.instants else None

    def first(self, price: Fraction, *, falling: bool, after: datetime, including: bool = False) -> datetime | None:
        """Return the first instant after one at which a price was reached: fallen to, or risen to."""
        start = (bisect_left if including else bisect_right)(self.instants, after)
        worst = self._running(start, falling)
        index = bisect_left(worst, -floor(price * SCALE) if falling else ceil(price * SCALE))
        return self.instants[start + index] if index < len(worst) else None

    def at(self, at: datetime) -> Fraction | None:
        """Return the last known price until an instant."""
        index = bisect_right(self.instants, at) - 1
        return self.prices[index] if index >= 0 else None

    def _running(self, start: int, falling: bool) -> list[int]:
        """Return the worst price so far from a place of the path on, growing: of a fall its negative; in 1e-18."""
        if (start, falling) not in self._worst:
            sign = -SCALE if falling else SCALE
            scaled = [sign * price.numerator // price.denominator for price in self.prices[start:]]
            self._worst[start, falling] = list(accumulate(scaled, max))
        return self._worst[start, falling]


def fate(case: Case, world: World, course: Course) -> Fate:
    """Return what would have become of a world: liquidated, not_then, survived or unknown.

    Earlier than in fact it can only have been liquidated where it is worth less for some time; later only where prices
    after the trigger are known.
    """
    sheet = world.sheet
    required = sheet.required()
    if not is_known(sheet) or required is None:
        return Fate(outcome="unknown")
    price = sheet.liquidation_price()
    falling = is_falling(world)
    before = _before(case, world, course, price, falling)
    if before is not None:
        return Fate(outcome="liquidated", price=price, at=before)
    if sheet.equity() <= required:
        is_sooner = not course.instants and _is_sooner(case, price, falling)
        return Fate(outcome="liquidated", price=price, at=None if is_sooner else case.triggered_at)
    if course.last is None or course.last <= case.triggered_at:
        return Fate(outcome="not_then", price=price)
    later = None if price is None else course.first(price, falling=falling, after=case.triggered_at)
    if later is not None:
        return Fate(outcome="liquidated", price=price, at=later)
    return Fate(outcome="survived", price=price, until=course.last)


def is_falling(world: World) -> bool:
    """Return whether it is a falling price that liquidates."""
    sheet = world.sheet
    if sheet.price is None:
        return True
    here, below = sheet.required(), sheet.required(sheet.price * NEAR)
    if here is None or below is None:
        return sheet.equity(sheet.price * NEAR) <= sheet.equity()
    return sheet.equity(sheet.price * NEAR) - below <= sheet.equity() - here


def _is_sooner(case: Case, price: Fraction | None, falling: bool) -> bool:
    """Return whether its liquidation price comes before that of the liquidation as it was."""
    was = case.trigger.liquidation_price()
    if price is None or was is None:
        return False
    return price > was if falling else price < was


def _before(case: Case, world: World, course: Course, price: Fraction | None, falling: bool) -> datetime | None:
    """Return when it would have been liquidated before the trigger; None: it would not, or nobody knows."""
    if world.steps:
        return _by_moments(case, world.steps)
    if world.since is None or price is None:
        return None
    found = course.first(price, falling=falling, after=world.since)
    return found if found is not None and found < case.triggered_at else None


def _by_moments(case: Case, steps: Sequence[tuple[datetime, Fraction]]) -> datetime | None:
    """Return the first moment at which the changed equity was no more than the maintenance margin."""
    sums = list(accumulate((amount for _, amount in steps), initial=Fraction(0)))
    if min(sums) >= 0:
        return None
    instants = [at for at, _ in steps]
    changes: list[Decimal] = [exact(total) for total in sums]
    with localcontext(Context(prec=60)):
        for moment in case.moments:
            if moment.at >= case.triggered_at or moment.equity is None or not moment.maintenance_margin:
                continue
            change = changes[bisect_right(instants, moment.at)]
            if change < 0 and moment.equity + change <= moment.maintenance_margin < moment.equity:
                return moment.at
    return None
