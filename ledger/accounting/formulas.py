"""Formulas of the field as checks of what venues state; a stated figure is never replaced by one of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from schemas.types import MONEY

Tier = tuple[Decimal, Decimal | None, Decimal]
"""Value from which a collateral ratio applies, value up to which (None: no end), ratio."""

LTV_STEP = Decimal("0.00000001")
PERIODS_PER_YEAR = {1: 8760, 2: 4380, 4: 2190, 8: 1095}


def position_value(quantity: pl.Expr, price: pl.Expr, multiplier: pl.Expr, inverse: pl.Expr) -> pl.Expr:
    """Return the value of a size at a price, >= 0, in the settle asset: q M P, inverse q M / P (margin math 1)."""
    size = quantity * multiplier
    return pl.when(inverse).then(size / pl.when(price != 0).then(price)).otherwise(size * price)


def funding_payment(side: pl.Expr, value: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """Return what a funding instant pays, + = received: longs pay shorts at a positive rate (margin math 4).

    `side` is long or short, `value` the position at the mark (or index) price of the instant.
    """
    paid_by_longs = value * rate
    return pl.when(side == "long").then(-paid_by_longs).otherwise(paid_by_longs)


def simple_annual_rate(rate: pl.Expr, hours: int) -> pl.Expr:
    """Return a funding rate per `hours` as a simple annual one: 0.01 % per 8 h is 10.95 % a year."""
    return rate * pl.lit(PERIODS_PER_YEAR[hours]).cast(MONEY)


def counted_collateral(value: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Return how much of a value counts as collateral: each tier's part at its ratio; without tiers all of it.

    25 ETH at 3,000 with 100 % to 50,000 and 97.5 % to 100,000 count 74,375 (margin math 7, L1).
    """
    if not tiers:
        return value
    counted = Decimal(0)
    for floor, cap, ratio in tiers:
        part = min(value, cap if cap is not None else value) - floor
        if part > 0:
            counted += part * ratio
    return counted


def loan_to_value(debt: Decimal, collateral: Decimal) -> Decimal | None:
    """Return debt / counted collateral, 0.65 = 65 %; None without collateral (margin math 7)."""
    return (debt / collateral).quantize(LTV_STEP) if collateral > 0 else None


def collateral_value_at(debt: Decimal, ltv: Decimal) -> Decimal:
    """Return the value of the collateral at which a debt has a loan to value (a margin call, a liquidation)."""
    return debt / ltv


def interest_due(principal: pl.Expr, rate: pl.Expr, per_period: int) -> pl.Expr:
    """Return simple interest of one accrual: principal x rate / accruals in the rate's period (margin math 5)."""
    return principal * rate / pl.lit(per_period).cast(MONEY)


def hours_charged(borrowed_minute: int, ended_minute: int) -> int:
    """Return how many hours Binance margin charges: one at the borrow and one at each full hour touched.

    13:20 to 14:15 are two hours (margin math 5, I1); minutes count from any full hour.
    """
    return 1 + ended_minute // 60 - borrowed_minute // 60


def rollovers_due(seconds_open: int) -> int:
    """Return how many rollovers Kraken charges beside the opening fee: one per four whole hours (margin math 5)."""
    return seconds_open // (4 * 3600)
