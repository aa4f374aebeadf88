"""How much of an asset an account owes at an instant: what may be sold short, and no more."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ledger.taxing.gathering import Gathered
from schemas.types import MONEY

SETTLES = timedelta(seconds=60)
"""A venue books what it lends up to this long after the trade that needs it."""
OWNER = ("account", "asset")


def owed(known: Gathered) -> pl.DataFrame:
    """Return what is owed from an instant on: account, asset, happened_at, owed."""
    own = ["account", "venue", "wallet", "asset"]
    zero = pl.lit(0).cast(MONEY)
    opened = known.openings.select(*own, "happened_at", "amount")
    below = (
        pl.concat([opened, known.moves.select(*own, "happened_at", "amount")])
        .join(known.owing, on=own, how="semi")
        .sort("happened_at", maintain_order=True)
        .with_columns(short=pl.max_horizontal(zero, -pl.col("amount").cum_sum().over(own)))
    )
    changes = below.with_columns(amount=pl.col("short") - pl.col("short").shift(1).over(own).fill_null(zero))
    debts = known.debts.filter(~pl.col("cause").is_in(["interest", "repay_interest"]))
    every = pl.concat([changes.select(*OWNER, "happened_at", "amount"), debts.select(*OWNER, "happened_at", "amount")])
    return (
        every.sort("happened_at", maintain_order=True)
        .with_columns(owed=pl.max_horizontal(zero, pl.col("amount").cum_sum().over(OWNER)))
        .unique([*OWNER, "happened_at"], keep="last", maintain_order=True)
        .select(*OWNER, "happened_at", "owed")
    )


def with_shortable(steps: pl.DataFrame, owing: pl.DataFrame) -> pl.DataFrame:
    """Return the steps (op, account, asset, at, quantity) with `shortable`: the most that is owed from then until the
    venue has booked it."""
    zero = pl.lit(0).cast(MONEY)
    if not owing.height:
        return steps.with_columns(shortable=zero)
    placed = steps.with_row_index("place")
    found = placed.select("place", *OWNER, "at").sort("at")
    for name, later in (("then", timedelta()), ("soon", SETTLES)):
        known = owing.select(*OWNER, "happened_at", pl.col("owed").alias(name)).sort("happened_at")
        found = (
            found.with_columns(moment=pl.col("at") + later)
            .join_asof(
                known,
                left_on="moment",
                right_on="happened_at",
                by=list(OWNER),
                strategy="backward",
                check_sortedness=False,
            )
            .drop("happened_at", "moment")
        )
    short = pl.max_horizontal(pl.col("then").fill_null(zero), pl.col("soon").fill_null(zero))
    found = found.select("place", shortable=short)
    most = pl.when(pl.col("op") == "dispose").then(pl.col("shortable")).otherwise(zero)
    return placed.join(found, on="place", how="left", maintain_order="left").with_columns(shortable=most).drop("place")
