"""What the ledger booked and no position took: a line of its own, so that every total equals the ledger."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ledger.store import Store, statement
from ledger.voices import Scope
from schemas.ddl import column_types
from schemas.derived import Cost
from schemas.types import INSTANT, KEY, MONEY

SESSION_LATE = timedelta(minutes=5)
"""A daily result batch is booked up to minutes after noon (BitMEX, to 2024-04)."""
DAY_CAUSES = ("trading_fee", "funding", "liquidation_fee", "insurance", "realized_pnl", "interest")
NOTHING = pl.lit(0).cast(MONEY)
KEYS = ["cause", "asset", "symbol", "at"]

BOOKED = statement("remainder", "booked")
HAS_LEDGER = statement("remainder", "has_ledger")
HAS_DERIVED = statement("remainder", "has_derived")
NOT_DERIVED = statement("remainder", "not_derived")


def remainder(
    store: Store, scope: Scope, costs: pl.DataFrame, legs: pl.DataFrame, positions: pl.DataFrame
) -> pl.DataFrame:
    """Return cost lines for the differences between the ledger and what positions took, per asset, cause and day.

    Where the venue booked one result per session (realized - fees + funding), they are compared per instrument
    from noon to noon, and the difference is of the cause `session_result`; a session without any fill stands as it is.
    """
    names = ", ".join(f"'{cause}'" for cause in (*DAY_CAUSES, "session_result"))
    booked = store.query(f"{BOOKED} AND cause IN ({names})", scope.parameters())
    taken = _booked(store, scope, _taken(costs, legs, positions))
    booked = booked.rename({"moment": "at"})
    sessions = booked.filter(pl.col("cause") == "session_result")
    by_day = booked.filter(pl.col("cause") != "session_result")
    if sessions.height:
        in_session = _in_session(taken, sessions)
        in_noons = taken.filter(in_session).with_columns(at=_noon(pl.col("at")), cause=pl.lit("session_result"))
        window = ["asset", "symbol", "noon"]
        sessions = sessions.with_columns(noon=_noon(pl.col("at") - SESSION_LATE))
        windows = in_noons.rename({"at": "noon"}).select(window).unique()
        covered = sessions.join(windows, on=window, how="semi", nulls_equal=True)
        alone = sessions.join(windows, on=window, how="anti", nulls_equal=True)
        by_session = [
            _differences(covered.with_columns(at="noon"), in_noons, KEYS),
            alone.select(*KEYS, pl.col("amount").alias("left"), "row_key"),
        ]
        taken = taken.filter(~in_session)
    else:
        by_session = []
    daily = [
        frame.with_columns(at=pl.col("at").dt.truncate("1d"), symbol=pl.lit(None, dtype=pl.String))
        for frame in (by_day, taken)
    ]
    every = pl.concat([_differences(daily[0], daily[1], KEYS), *by_session], how="diagonal")
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    nothing = {"position_id": pl.lit(None), "value": pl.lit(None), "how": pl.lit("unattributed")}
    every = every.rename({"at": "booked_at", "left": "amount"}).with_columns(**constants, **nothing)
    return every.select(pl.col(name).cast(kind) for name, kind in column_types(Cost).items())


def _taken(costs: pl.DataFrame, legs: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Return what positions (and rows listed one by one) took: cause, asset, symbol, at, amount in cash signs."""
    parts = [costs.select("cause", "asset", "symbol", pl.col("booked_at").alias("at"), "amount", "row_key")]
    if legs.height:
        settled = legs.join(positions.select("position_id", "settle_asset", "symbol"), on="position_id")
        at = pl.col("filled_at").alias("at")
        fee = settled.filter(pl.col("fee").is_not_null())
        result = settled.filter(pl.col("realized").is_not_null())
        parts += [
            fee.select(
                pl.lit("trading_fee").alias("cause"),
                pl.col("fee_asset").alias("asset"),
                "symbol",
                at,
                (-pl.col("fee")).alias("amount"),
                "row_key",
            ),
            result.select(
                pl.lit("realized_pnl").alias("cause"),
                pl.col("settle_asset").alias("asset"),
                "symbol",
                at,
                pl.col("realized").alias("amount"),
                "row_key",
            ),
        ]
    return pl.concat([part.cast({"amount": MONEY, "at": INSTANT}) for part in parts])


def _booked(store: Store, scope: Scope, taken: pl.DataFrame) -> pl.DataFrame:
    """Return what a ledger booked, too: all that was taken but what had to be derived, since no ledger covers it."""
    if not store.scalar(HAS_LEDGER, scope.parameters()):
        return taken.clear()
    if not store.scalar(HAS_DERIVED, scope.parameters()):
        return taken
    with store.registered(incoming=taken):
        left = store.query(NOT_DERIVED, scope.parameters())
    return left.select(pl.col(name).cast(kind) for name, kind in taken.schema.items())


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
    """Return booked less taken where they differ."""
    left = booked.group_by(by).agg(booked=pl.col("amount").sum())
    right = taken.group_by(by).agg(taken=pl.col("amount").sum())
    both = left.join(right, on=by, how="full", coalesce=True, nulls_equal=True)
    difference = (pl.col("booked").fill_null(NOTHING) - pl.col("taken").fill_null(NOTHING)).alias("left")
    no_row = pl.lit(None, dtype=KEY).alias("row_key")
    return both.select(*by, difference, no_row).filter(pl.col("left") != 0).sort(by, nulls_last=True)
