"""Where a bucket stood at the trigger, and what one rule found: what all findings start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ledger.judging.case import Case, Posting
from ledger.judging.fates import Course
from ledger.judging.thresholds import Thresholds
from ledger.judging.wording import amount, number, share
from ledger.judging.worlds import World, first_open, is_known, is_open
from ledger.margining.requirement import ZERO
from reports.audit import Finding

SEVERE = Fraction(1, 10)
"""Share of the buffer at the opening."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A rule that fired; with a world it may be the cause: without it the bucket would have been that."""

    finding: Finding
    cost: Fraction = ZERO
    """What it took from the equity until the trigger, in the bucket's currency."""
    world: World | None = None


@dataclass(kw_only=True)
class Standing:
    """A case, with the figures that rules compare."""

    case: Case
    thresholds: Thresholds

    @property
    def asset(self) -> str:
        """Return the bucket's currency."""
        return self.case.event.settle_asset

    @cached_property
    def course(self) -> Course:
        """Return the path of prices."""
        return Course(self.case)

    @cached_property
    def equity(self) -> Fraction | None:
        """Return the equity at the trigger; None where a price is unknown."""
        return self.case.trigger.equity() if self.case.is_known and is_known(self.case.trigger) else None

    @cached_property
    def required(self) -> Fraction | None:
        """Return the maintenance margin at the trigger; None where it is unknown."""
        return self.case.trigger.required()

    @cached_property
    def buffer(self) -> Fraction:
        """Return the buffer at the opening: equity less maintenance margin; the equity where that is unknown.

        Where nothing was open yet (a loan before it was drawn), that of the first moment at which something was.
        """
        if not is_open(self.case.opened) and (first := first_open(self.case)) is not None:
            return Fraction(first.equity or 0) - Fraction(first.maintenance_margin or 0)
        if not is_known(self.case.opened):
            return self.case.start_equity
        return self.case.opened.equity() - (self.case.opened.required() or ZERO)

    @property
    def buffer_assumed(self) -> str:
        """Return what is assumed of the buffer, in words."""
        if not is_known(self.case.opened):
            return "the buffer is the equity at the start: a price at the opening is not known"
        if self.case.opened.required() is None:
            return "the buffer is the equity at the opening: its maintenance margin is not known"
        return ""

    def is_much(self, cost: Fraction, least: Fraction) -> bool:
        """Return whether a cost is more than a share of the buffer; false where there was no buffer."""
        return self.buffer > 0 and cost > 0 and cost > least * self.buffer

    def severity(self, cost: Fraction) -> str:
        """Return how severe a cost is that alone made the difference."""
        return "critical" if self.is_much(cost, SEVERE) else "warning"

    def of_buffer(self, cost: Fraction) -> str:
        """Return ` (27.00% of the buffer of 1,910 USDT at the opening)`."""
        return f" ({share(cost / self.buffer)} of the buffer of {amount(self.buffer, self.asset)} at the opening)"

    def avoids(self, world: World) -> bool:
        """Return whether a world would not have been liquidated at the trigger; false where that is unknown."""
        required = world.sheet.required()
        return required is not None and is_known(world.sheet) and world.sheet.equity() > required


def keys(rows: Iterable[Posting]) -> tuple[str, ...]:
    """Return the row keys of postings, each once."""
    return tuple(dict.fromkeys(row.row_key for row in rows if row.row_key is not None))


def percent(threshold: Fraction) -> str:
    """Return a threshold as `20 %`."""
    return f"{number(threshold * 100)} %"
