"""Liquidation and bankruptcy prices: where equity meets the requirement, and where it is gone.

`side` is +1 for a long, -1 for a short.  A price at or below zero does not exist: None.  Sources: Binance's and Bybit's
help pages and OKX's margin rules, as checked in tests/test_margin_math.py against their published examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.margining.requirement import ONE, TENTH, ZERO, Tier, gained, notional, tier_at

MOST_STEPS = 50
"""Tiers that are tried until the one at the liquidation price is found."""


@dataclass(frozen=True, kw_only=True)
class OpenPosition:
    """One open position: `quantity` unsigned, `entry` the average entry price, quote per base."""

    side: int
    quantity: Fraction
    entry: Fraction
    multiplier: Fraction = ONE
    style: str = "linear"

    @property
    def size(self) -> Fraction:
        """Size in base (linear) or quote (inverse)."""
        return self.quantity * self.multiplier

    def value(self, price: Fraction) -> Fraction:
        """Return the notional at a price."""
        return notional(self.style, self.quantity, price, self.multiplier)

    def unrealized(self, price: Fraction) -> Fraction:
        """Return the unrealized result at a price, + = gain, settle asset."""
        return gained(self.style, self.side, self.value(self.entry), self.value(price))


def linear(
    held: OpenPosition, wallet: Fraction, rate: Fraction, deduction: Fraction = ZERO, *,
    others_required: Fraction = ZERO, others_unrealized: Fraction = ZERO,
) -> Fraction | None:  # fmt: skip
    """Return the price at which equity is the maintenance margin at mark (Binance): one way, isolated or cross.

    `wallet` is the isolated margin, or the cross wallet's balance; `others_*` are those of the bucket's other
    positions.
    """
    moved = held.side * held.size * held.entry
    above = wallet - others_required + others_unrealized + deduction - moved
    return _positive(above, held.size * rate - held.side * held.size)


def hedged(
    long: OpenPosition, short: OpenPosition, wallet: Fraction, rates: tuple[Fraction, Fraction],
    deductions: tuple[Fraction, Fraction], *,
    others_required: Fraction = ZERO, others_unrealized: Fraction = ZERO,
) -> Fraction | None:  # fmt: skip
    """Return the one price of both sides of a hedge in a cross wallet (linear)."""
    above = (
        wallet
        - others_required
        + others_unrealized
        + sum(deductions)
        - long.size * long.entry
        + short.size * short.entry
    )
    return _positive(above, long.size * rates[0] + short.size * rates[1] - long.size + short.size)


def with_fee(held: OpenPosition, margin: Fraction, rate: Fraction, fee: Fraction) -> Fraction | None:
    """Return the price of Gate's and OKX's isolated rule: the fee to close is part of the requirement."""
    per_unit = margin / held.size
    if held.side > 0:
        return _positive(held.entry - per_unit, ONE - (rate + fee))
    return _positive(held.entry + per_unit, ONE + (rate + fee))


def at_entry(held: OpenPosition, margin: Fraction, required: Fraction, extra: Fraction = ZERO) -> Fraction | None:
    """Return the price of Bybit's isolated rule: the requirement is of the entry value; `extra` is margin added."""
    if held.style == "inverse":
        return _positive(held.size, held.value(held.entry) + held.side * (margin - required + extra))
    return _positive(held.entry - held.side * (margin - required + extra) / held.size, ONE)


def inverse(held: OpenPosition, wallet: Fraction, rate: Fraction, deduction: Fraction = ZERO) -> Fraction | None:
    """Return the price at which equity is the maintenance margin at mark, of an inverse contract."""
    worth = held.value(held.entry)
    if held.side > 0:
        return _positive(held.size * (ONE + rate), worth + wallet + deduction)
    return _positive(held.size * (ONE - rate), worth - wallet - deduction)


def quick_margin(
    assets: tuple[Fraction, Fraction], owed: tuple[Fraction, Fraction], rate: Fraction, fee: Fraction
) -> Fraction | None:
    """Return the price of OKX's isolated spot margin; pairs are (base, quote)."""
    factor = (ONE + rate) * (ONE + fee)
    return _positive(owed[1] * factor - assets[1], assets[0] - owed[0] * factor)


def by_level(
    assets: tuple[Fraction, Fraction], owed: tuple[Fraction, Fraction], level: Fraction = TENTH
) -> Fraction | None:
    """Return the price at which assets are `level` times the debt (Binance's spot margin); pairs are (base, quote)."""
    return _positive(level * owed[1] - assets[1], assets[0] - level * owed[0])


def bankruptcy(held: OpenPosition, margin: Fraction, fee: Fraction = ZERO) -> Fraction | None:
    """Return the price at which the margin is gone, with the fee to close (a rate) paid."""
    if held.style == "inverse":
        worth = held.value(held.entry)
        return _positive(held.size * (ONE + held.side * fee), worth + held.side * margin)
    return _positive(held.size * held.entry - held.side * margin, held.size * (ONE - held.side * fee))


def of_its_tier(
    held: OpenPosition, tiers: Sequence[Tier], price_with: Callable[[Tier], Fraction | None], mark: Fraction
) -> Fraction | None:
    """Return the price whose own tier is the one it was computed with; starts from the tier at the mark.

    Where two tiers lead to each other, as steps without a deduction may, the first that liquidates counts: for a long
    the higher price, for a short the lower.
    """
    tier, seen = tier_at(tiers, held.value(mark)), []
    for _ in range(MOST_STEPS):
        price = price_with(tier)
        if price is None:
            return None
        after = tier_at(tiers, held.value(price))
        if after == tier:
            return price
        if after in seen:
            other = price_with(after)
            both = [found for found in (price, other) if found is not None]
            return max(both) if held.side > 0 else min(both)
        seen.append(tier)
        tier = after
    return price


def _positive(above: Fraction, below: Fraction) -> Fraction | None:
    if not below:
        return None
    price = above / below
    return price if price > 0 else None
