"""What a position is after each of its legs.  The legs of a position are a run of neighbouring rows."""

from __future__ import annotations

import polars as pl

from schemas.types import MONEY

DAY_US = 86_400_000_000
NOTHING = pl.lit(0).cast(MONEY)
STARTS = (pl.col("position") != pl.col("position").shift(1)).fill_null(True)


def with_running_totals(legs: pl.DataFrame, *, unknown_entry: bool) -> pl.DataFrame:
    """Add the running totals of each position.  What depends on an unknown entry or contract size is null.

    `unknown_entry`: position 0 was open before the first row known, at a price that nothing states.
    """
    opens = pl.col("realized_opens")
    unknown = (pl.col("position") == 0) & pl.lit(unknown_entry)
    if legs["notional"].null_count():
        unknown = unknown | pl.col("notional").is_null().any().over("position")
    legs = legs.with_columns(
        realized_opens=pl.col("delta").sign() == _of_start(pl.col("delta").sign()),
        quantity_after=_run_sum(pl.col("delta")),
    ).with_columns(
        # what opens was not forced, whatever was forced in the same second
        execution=pl.when(opens & pl.col("execution").is_in(["liquidation", "adl"]))
        .then(pl.lit("trade"))
        .otherwise(pl.col("execution")),
        realized=pl.when(~unknown)
        .then(pl.col("realized"))
        .when(opens)
        .then(NOTHING)
        .otherwise(pl.col("realized_stated")),
        cost_after=pl.when(~unknown).then(pl.col("cost_after")),
        entry_quantity=pl.when(opens).then(pl.col("delta").abs()).otherwise(NOTHING),
        entry_weight=pl.when(opens).then(pl.col("weight")).otherwise(NOTHING),
        entry_value=pl.when(opens).then(pl.col("notional")).otherwise(NOTHING),
        exit_quantity=pl.when(opens).then(NOTHING).otherwise(pl.col("delta").abs()),
        exit_weight=pl.when(opens).then(NOTHING).otherwise(pl.col("weight")),
        unvalued=(pl.col("fee").is_not_null() & (pl.col("fee") != 0) & pl.col("fee_value").is_null()).cast(pl.UInt32),
    )
    gap = pl.when(~STARTS).then(pl.col("filled_at") - pl.col("filled_at").shift(1)).dt.total_microseconds()
    days = gap.cast(MONEY) / pl.lit(DAY_US).cast(MONEY)
    legs = legs.with_columns(exposure=pl.when(STARTS).then(NOTHING).otherwise(pl.col("cost_after").shift(1) * days))
    known = {name: _known_so_far(legs, name) for name in ("entry_weight", "exit_weight", "entry_value", "exposure")}
    index = pl.int_range(pl.len(), dtype=pl.Int64)
    return legs.with_columns(
        max_after=pl.col("quantity_after").abs().cum_max().over("position"),
        entry_quantity=_run_sum(pl.col("entry_quantity")),
        exit_quantity=_run_sum(pl.col("exit_quantity")),
        **known,
        gross_after=_known_so_far(legs, "realized"),
        fees_after=_run_sum(pl.col("fee_value").fill_null(NOTHING)),
        fees_unvalued=_run_sum(pl.col("unvalued").cast(pl.Int64)).cast(pl.UInt32),
        leg_no=(index - _of_start(index) + 1).cast(pl.UInt32),
    )


def _of_start(value: pl.Expr) -> pl.Expr:
    """Return the value at the first leg of each leg's position."""
    return pl.when(STARTS).then(value).forward_fill()


def _run_sum(value: pl.Expr) -> pl.Expr:
    """Return the sum of a position's values up to each leg; null-free values only."""
    total = value.cum_sum()
    return total - _of_start(total - value)


def _known_so_far(legs: pl.DataFrame, name: str) -> pl.Expr:
    """Return the running sum, null from the first unknown value of a position on."""
    if not legs[name].null_count():
        return _run_sum(pl.col(name))
    missing = pl.col(name).is_null().cum_max().over("position")
    return pl.when(~missing).then(_run_sum(pl.col(name).fill_null(NOTHING)))
