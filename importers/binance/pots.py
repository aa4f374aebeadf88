"""Which pot of margin a row is in: cross, or isolated with its pair."""

from __future__ import annotations

import polars as pl

from importers.contract import Context

CROSS, ISOLATED = "cross_margin", "isolated_margin"
POTS = (CROSS, ISOLATED)
MODES = {CROSS: "cross", ISOLATED: "isolated"}


def with_pot(rows: pl.DataFrame, context: Context, isolated_symbol: str = "isolated_symbol") -> pl.DataFrame:
    """Return the rows with `pot` and `pair`: isolated where they name its pair, else cross or as the user says."""
    pair = pl.col(isolated_symbol)
    return rows.with_columns(
        pair.alias("pair"),
        pl.when(pair.is_not_null()).then(pl.lit(ISOLATED)).otherwise(pl.lit(context.wallet or CROSS)).alias("pot"),
    )


def with_product(rows: pl.DataFrame, symbol: pl.Expr) -> pl.DataFrame:
    """Return the rows with `product`, `margin_mode` and `pair` as their pot and symbol say."""
    pot = pl.col("pot")
    return rows.with_columns(
        pl.when(pot.is_in(POTS)).then(pl.lit("margin")).otherwise(pl.lit("spot")).alias("product"),
        pot.replace_strict(MODES, default=None, return_dtype=pl.String).alias("margin_mode"),
        pl.when(pot == ISOLATED).then(symbol).alias("pair"),
    )
