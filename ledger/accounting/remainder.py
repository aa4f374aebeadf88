"""What the ledger booked and no position took: a line of its own, so that every total equals the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from ledger.accounting.regimes import books_results
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Cost
from schemas.types import INSTANT, KEY, MONEY

SESSION_LATE = timedelta(minutes=5)
"""A daily result batch is booked up to minutes after noon (BitMEX, to 2024-04)."""
DAY_CAUSES = ("trading_fee", "funding", "liquidation_fee", "insurance", "realized_pnl", "interest")
NOTHING = pl.lit(0).cast(MONEY)
KEYS = ["cause", "asset", "symbol", "at"]


def remainder(store: Store, scope: Scope) -> pl.DataFrame:
    """Return cost lines for the differences between the ledger and what positions took, per asset, cause and day.

    A day is the venue's, of UTC.  A line is booked at the last instant at which the ledger booked something of its
    day, asset and cause; where it booked nothing, at the last at which positions took something.

    Where the venue booked one result per session (realized - fees + funding), they are compared per instrument
    from noon to noon, and the difference is of the cause `session_result`; a session without any fill stands as it is.
    """
    parameters: dict[str, Any] = scope.parameters() | {"lots": books_results(scope)}
    if not store.scalar(statement("remainder", "has_ledger"), parameters):
        return pl.DataFrame(schema=column_types(Cost))
    booked = _asked(store, "booked_by_day", parameters | {"causes": list(DAY_CAUSES)})
    sessions = _asked(store, "sessions", parameters)
    taken_sql = statement("remainder", "taken")
    if sessions.height:
        taken, by_session = _of_sessions(store.query(taken_sql, parameters).rename({"moment": "at"}), sessions)
        taken = taken.with_columns(
            last_at="at", at=pl.col("at").dt.truncate("1d"), symbol=pl.lit(None, dtype=pl.String)
        )
    else:
        by_day = statement("remainder", "by_day").format(taken=taken_sql)
        taken, by_session = store.query(by_day, parameters).rename({"moment": "at"}), []
    every = pl.concat([_differences(booked, taken.cast({"at": INSTANT}), KEYS), *by_session], how="diagonal")
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    nothing = {"position_id": pl.lit(None), "value": pl.lit(None), "how": pl.lit("unattributed")}
    every = (
        every.rename({"left": "amount"})
        .with_columns(booked_at=pl.coalesce("last_at", "at"))
        .with_columns(**constants, **nothing)
    )
    return every.select(pl.col(name).cast(kind) for name, kind in column_types(Cost).items())


def _asked(store: Store, name: str, parameters: Mapping[str, Any]) -> pl.DataFrame:
    return store.query(statement("remainder", name), parameters).rename({"moment": "at"}).cast({"at": INSTANT})


def _of_sessions(taken: pl.DataFrame, sessions: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return what was taken outside the sessions' time, and the lines of the sessions."""
    taken = taken.cast({"at": INSTANT})
    in_session = _in_session(taken, sessions)
    in_noons = taken.filter(in_session).with_columns(at=_noon(pl.col("at")), cause=pl.lit("session_result"))
    window = ["asset", "symbol", "noon"]
    sessions = sessions.with_columns(noon=_noon(pl.col("at") - SESSION_LATE))
    windows = in_noons.rename({"at": "noon"}).select(window).unique()
    covered = sessions.join(windows, on=window, how="semi", nulls_equal=True)
    alone = sessions.join(windows, on=window, how="anti", nulls_equal=True)
    lines = [
        _differences(covered.with_columns(at="noon"), in_noons, KEYS),
        alone.select(*KEYS, pl.col("amount").alias("left"), "row_key"),
    ]
    return taken.filter(~in_session), lines


def _in_session(taken: pl.DataFrame, sessions: pl.DataFrame) -> pl.Series:
    """Return whether each row falls into the time in which its asset is booked by sessions."""
    spans = sessions.group_by("asset").agg(
        start=_noon(pl.col("at") - SESSION_LATE).min() - timedelta(days=1), end=pl.col("at").max()
    )
    joined = taken.join(spans, on="asset", how="left", maintain_order="left")
    return joined.select(
        ((pl.col("at") > pl.col("start")) & (pl.col("at") <= pl.col("end"))).fill_null(False).alias("in")
    )["in"]


def _noon(at: pl.Expr) -> pl.Expr:
    """Return the noon (UTC) at or after the instant."""
    half = timedelta(hours=12)
    return (at - half - timedelta(microseconds=1)).dt.truncate("1d") + half + timedelta(days=1)


def _differences(booked: pl.DataFrame, taken: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return booked less taken where they differ, with the last instant of what is compared (`last_at`)."""
    left = _sums(booked, by, "booked")
    right = _sums(taken, by, "taken")
    both = left.join(right, on=by, how="full", coalesce=True, nulls_equal=True)
    difference = (pl.col("booked").fill_null(NOTHING) - pl.col("taken").fill_null(NOTHING)).alias("left")
    no_row = pl.lit(None, dtype=KEY).alias("row_key")
    last_at = pl.coalesce("booked_last", "taken_last").alias("last_at")
    return both.select(*by, difference, no_row, last_at).filter(pl.col("left") != 0).sort(by, nulls_last=True)


def _sums(rows: pl.DataFrame, by: list[str], name: str) -> pl.DataFrame:
    last = pl.col("last_at" if "last_at" in rows.columns else "at").max().cast(INSTANT)
    return rows.group_by(by).agg(pl.col("amount").sum().alias(name), last.alias(f"{name}_last"))
