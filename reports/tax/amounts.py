"""Arithmetic of forms: exact sums that say what they lack, and the rounding that a form asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from zoneinfo import ZoneInfo

from reports.cells import plain

EXACT = Context(prec=80)
CENT, WHOLE, ZERO = Decimal("0.01"), Decimal(1), Decimal(0)


@dataclass(frozen=True)
class Sum:
    """What the known values come to, and how many were not known."""

    known: Decimal = ZERO
    unknown: int = 0
    many: int = 0
    """How many were known."""

    @property
    def told(self) -> Decimal | None:
        """What a total shows: nothing where nothing is known."""
        return None if self.unknown and not self.many else self.known


def total(values: Iterable[Decimal | None]) -> Sum:
    """Return the exact sum of the known values, and the count of the others."""
    known, unknown, many = ZERO, 0, 0
    with localcontext(EXACT):
        for value in values:
            if value is None:
                unknown += 1
            else:
                known += value
                many += 1
    return Sum(known, unknown, many)


def added(*values: Decimal) -> Decimal:
    """Return the exact sum."""
    return total(values).known


def less(value: Decimal, taken: Decimal) -> Decimal:
    """Return the exact difference."""
    return EXACT.subtract(value, taken)


def cents(value: Decimal | None) -> Decimal | None:
    """Return an amount in cents, half a cent away from zero."""
    return None if value is None else _rounded(value, CENT, ROUND_HALF_UP)


def down(value: Decimal) -> Decimal:
    """Return the whole pounds (or euros) not above an amount."""
    return _rounded(value, WHOLE, ROUND_FLOOR)


def up(value: Decimal) -> Decimal:
    """Return the whole pounds (or euros) not below an amount."""
    return _rounded(value, WHOLE, ROUND_CEILING)


def _rounded(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    made = value.quantize(step, rounding=rounding, context=EXACT)
    return made if made else made.copy_abs()  # no -0.00


def written(value: Decimal) -> str:
    """Return an amount of money as it is read: two decimals, more where it has more, thousands apart."""
    text = plain(value)
    whole, _, decimals = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}.{decimals.ljust(2, '0')}"


def quantity(value: Decimal) -> str:
    """Return a quantity with all its digits."""
    return plain(value)


def counted(many: int, noun: str) -> str:
    """Return a count of things in words: 1 line, 2 lines."""
    return f"{many:,} {noun}" if many == 1 else f"{many:,} {noun}s"


def day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day of an instant in a zone."""
    return moment.astimezone(zone).date()
