"""Formulas of the field as checks of what venues state; a stated figure is never replaced by one of them."""

from __future__ import annotations

import polars as pl

from schemas.types import MONEY

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
