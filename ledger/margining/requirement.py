"""What a venue demands of a position: notional, initial and maintenance margin, tiers, and the ratio by its own name.

Everything is exact: sizes, prices and rates are fractions; whoever shows one rounds it.  `style` is linear, inverse or
quanto; `quantity` is unsigned, in contracts or base; `multiplier` as in `schemas.tables.Instrument`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

ZERO = Fraction(0)
ONE = Fraction(1)
TENTH = Fraction(11, 10)
"""Assets per debt at which spot margin is liquidated (Binance: margin level 1.1)."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One tier: from `floor` (notional, settle asset) on, at `rate`, less `deduction`.

    Without a deduction the tier's rate holds for the whole position (OKX, Gate); with it the requirement is continuous
    over the floors (Binance, Bybit).  `cap` None: no end.
    """

    floor: Fraction
    rate: Fraction
    deduction: Fraction = ZERO
    cap: Fraction | None = None
    initial_rate: Fraction | None = None


def total(parts: Sequence[Fraction]) -> Fraction:
    """Return the exact sum, over one common denominator: faster than adding one by one, where many are decimals."""
    if len(parts) < 3:
        return sum(parts, ZERO)
    common = lcm(*(part.denominator for part in parts))
    return Fraction(sum(part.numerator * (common // part.denominator) for part in parts), common)


def notional(style: str, quantity: Fraction, price: Fraction, multiplier: Fraction = ONE) -> Fraction:
    """Return the value of a size at a price in the settle asset, never negative."""
    size = abs(quantity) * multiplier
    return size / price if style == "inverse" else size * price


def deductions(floors: Sequence[Fraction], rates: Sequence[Fraction]) -> list[Fraction]:
    """Return the deduction of each tier that makes the requirement continuous over the floors (Binance's `cum`)."""
    found = [ZERO]
    for floor, rate, before in zip(floors[1:], rates[1:], rates[:-1], strict=True):
        found.append(floor * (rate - before) + found[-1])
    return found


def tier_at(tiers: Sequence[Tier], value: Fraction) -> Tier:
    """Return the tier of a notional; `tiers` in order of their floors, not empty."""
    found = tiers[0]
    for tier in tiers:
        if value >= tier.floor:
            found = tier
    return found


def maintenance(tiers: Sequence[Tier], value: Fraction) -> Fraction:
    """Return the maintenance margin of a notional, in the settle asset."""
    tier = tier_at(tiers, value)
    return max(value * tier.rate - tier.deduction, ZERO)


def initial(value: Fraction, leverage: Fraction) -> Fraction:
    """Return the initial margin of a notional."""
    return value / leverage


def health(equity: Fraction, required: Fraction) -> Fraction | None:
    """Return equity / maintenance margin: at 1 and below the venue liquidates; None where nothing is required."""
    return equity / required if required else None


def margin_level(assets: Fraction, owed: Fraction) -> Fraction | None:
    """Return assets / (debt + interest), the margin level of Binance's spot margin; None where nothing is owed."""
    return assets / owed if owed else None


def used_margin(quantity: Fraction, price: Fraction, leverage: Fraction) -> Fraction:
    """Return the initial margin that Kraken counts as used: of a short it is in base, so it grows with the price."""
    return abs(quantity) * price / leverage


def gained(style: str, side: int, then: Fraction, now: Fraction) -> Fraction:
    """Return what a position gained while its notional went from `then` to `now`, + = gain; `side` is 1 or -1.

    The notional of an inverse contract is in its base, of which a long holds less the higher the price is.
    """
    return (-side if style == "inverse" else side) * (now - then)
