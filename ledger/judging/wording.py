"""Exact figures as decimals of a table, and as a sentence says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from reports.reading import figure

PLACES = 18
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def exact(value: Fraction) -> Decimal:
    """Return a fraction as a decimal of 18 places, half to even."""
    with localcontext(Context(prec=100)):
        return Decimal(round(value * 10**PLACES)).scaleb(-PLACES)


def maybe(value: Fraction | None) -> Decimal | None:
    """Return the same of what may be unknown."""
    return None if value is None else exact(value)


def amount(value: Fraction, asset: str) -> str:
    """Return `1,610.45 USDT`."""
    return f"{figure(exact(value), 'money', asset)} {asset}"


def price(value: Fraction) -> str:
    """Return `36,779.117`."""
    return figure(exact(value), "price")


def share(value: Fraction) -> str:
    """Return `15.10%`."""
    return figure(exact(value), "ratio")


def times(value: Fraction) -> str:
    """Return `10.05x`."""
    return f"{figure(exact(Fraction(round(value * 100), 100)), 'quantity')}x"


def number(value: Fraction) -> str:
    """Return a plain measure with at most three decimals."""
    return figure(exact(Fraction(round(value * 1000), 1000)), "quantity")


def instant(at: datetime) -> str:
    """Return `2024-01-02 03:04:05 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def lasting(time: timedelta) -> str:
    """Return a time as its two largest units: `3 h 12 min`."""
    left = max(round(time.total_seconds()), 0)
    parts = []
    for unit, seconds in UNITS:
        count, left = divmod(left, seconds)
        parts.append((unit, count))
    large = next((place for place, (_, count) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for unit, count in parts[large : large + 2] if count) or "0 s"


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
