"""Open margin positions of the API, one per opening trade.

The answer names no instant.  Its positions are stated for the last rollover before it was given, at most one period
(four hours) earlier: `rollovertm` is the next one.  The trade balance of the API (equity, margin level) has no time at
all, so it cannot be a stated balance; it is not read.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.cells import money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.kraken.cells import clock, pair

TERMS = r"per (\d{1,2}) hours?$"
SIDES = {"buy": "long", "sell": "short"}
LEFT = pl.col("opened") - pl.col("closed").fill_null(0)


def _hours(column: str) -> Cell:
    """Return the period of the rollover from its terms, `0.0100% per 4 hours`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return columns[0].str.extract(TERMS).cast(pl.Int64)

    return Cell(columns=(column,), read=read, required=True, expected="terms as 0.0100% per 4 hours")


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the latest instant that all of them prove: one answer is one snapshot."""
    rolled = pl.col("next_rollover") - pl.duration(hours=pl.col("hours"))
    return rows.with_columns(pl.max_horizontal(rolled.max(), pl.col("opened_at").max()).alias("stated_at"))


HEADER = (
    "ordertxid", "posstatus", "pair", "time", "type", "ordertype", "cost", "fee", "vol", "vol_closed", "margin",
    "terms", "rollovertm", "misc", "oflags",
)  # fmt: skip

OPEN_POSITIONS = Format(
    name="kraken.open_positions",
    family="kraken.open_positions",
    venue="kraken",
    title="Kraken: open margin positions of the API, as JSON or CSV",
    confidence="API documentation",
    how="the API's /0/private/OpenPositions, with docalcs=true for the unrealized result, without consolidation",
    headers=(
        Header(name="API JSON", columns=("key", *HEADER), optional=("value", "net")),
        Header(name="CSV with ids", columns=("txid", *HEADER), optional=("value", "net")),
    ),
    aliases={"key": "txid"},
    cells={
        "opened_at": clock("time"),
        "position": text("txid", required=True),
        "status": text("posstatus"),
        "symbol": pair("pair"),
        "position_side": word("type", SIDES, required=True),
        "opened": money("vol", required=True),
        "closed": money("vol_closed"),
        "next_rollover": clock("rollovertm"),
        "hours": _hours("terms"),
        "unrealized": money("net"),
    },
    event=pl.col("status").str.to_lowercase(),
    event_columns=("posstatus",),
    cases={"open": (Emit(table="stated_positions", columns={
        "stated_at": pl.col("stated_at"), "symbol": pl.col("symbol"), "instrument": pl.col("symbol"),
        "position_side": pl.col("position_side"), "margin_mode": pl.lit("cross"),
        "quantity": pl.when(pl.col("position_side") == "long").then(LEFT).otherwise(-LEFT),
        "max_quantity": pl.col("opened"), "closed_quantity": pl.col("closed"), "unrealized": pl.col("unrealized"),
        "opened_at": pl.col("opened_at"),
    }),)},
    time="stated_at",
    wallet="spot",
    identity=Identity(kind="content", cells=("position", "next_rollover", "opened", "closed", "unrealized")),
    prepare=_prepare,
    ignores={"closed": "closed: nothing is open"},
    unread={
        "ordertxid": "of the opening trade",
        "ordertype": "of the opening trade",
        "cost": "of the opening trade",
        "fee": "of the opening trade",
        "margin": "of the opening trade",
        "value": "`net` has the result at that price",
        "misc": "notes of the order",
        "oflags": "notes of the order",
    },
)  # fmt: skip

FORMATS = (OPEN_POSITIONS,)
