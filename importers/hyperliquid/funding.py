"""Funding, paid every hour: `funding_history.csv` of the app, userFunding of the API."""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, integer, money, text, word
from importers.contract import Emit, Format, Identity
from importers.dateorder import ordered_time
from importers.declared import claimed, header, unread
from importers.emits import AMOUNT, AT
from importers.hyperliquid.symbols import COLLATERAL, name_instrument

SIZE = pl.col("size")


def _paid(side: pl.Expr, rate: pl.Expr) -> Emit:
    return Emit(table="funding", columns={
        "paid_at": AT, "symbol": pl.col("symbol"), "position_side": side, "asset": pl.lit(COLLATERAL),
        "amount": AMOUNT, "rate": rate, "position_quantity": SIZE.abs(),
    })  # fmt: skip


FUNDING_HISTORY = Format(
    name="hyperliquid.funding_history",
    family="hyperliquid.funding_history",
    venue="hyperliquid",
    title="Hyperliquid: funding history of the app",
    confidence="real file seen",
    how="Portfolio or the trading screen, Funding History, Export as CSV; times are the browser's",
    headers=(header("CSV", "time,coin,sz,side,payment,rate", exact=True),),
    cells={
        "time": ordered_time("time", "dmy", "mdy"),
        "symbol": text("coin", required=True),
        "size": money("sz", required=True),
        "position_side": word("side", {"Long": "long", "Short": "short"}, required=True),
        "amount": money("payment", required=True),
        "rate": money("rate"),
    },
    cases={"row": (_paid(pl.col("position_side"), pl.col("rate")),)},
    newest_first=True,
    identity=Identity(kind="id", cells=("symbol", "time"), content=("amount", "size")),
    claims=claimed(funding=2),
    name_instrument=name_instrument,
)
"""A coin pays once an hour: another row of the same hour is another sub-account's, or of another zone."""

SAMPLES = pl.col("samples").fill_null(1)

USER_FUNDING = Format(
    name="hyperliquid.user_funding",
    family="hyperliquid.user_funding",
    venue="hyperliquid",
    title="Hyperliquid: funding of the API",
    confidence="API documentation",
    how="the info API's userFunding, as JSON",
    headers=(header("API JSON", "time,delta.type,delta.coin,delta.usdc,delta.szi,delta.fundingRate"),),
    cells={
        "time": epoch("time"),
        "type": word("delta.type", {"funding": "funding"}, required=True),
        "symbol": text("delta.coin", required=True),
        "amount": money("delta.usdc", required=True),
        "size": money("delta.szi", required=True),
        "rate": money("delta.fundingrate"),
        "samples": integer("delta.nsamples"),
    },
    cases={"row": (_paid(
        pl.when(SIZE > 0).then(pl.lit("long")).when(SIZE < 0).then(pl.lit("short")),
        pl.when(SAMPLES == 1).then("rate")),)},
    newest_first=True,
    identity=Identity(kind="id", cells=("symbol", "time"), content=("amount", "size")),
    claims=claimed(funding=1),
    name_instrument=name_instrument,
    unread=unread({"hash": "all zeros"}),
)  # fmt: skip
"""One record may hold several hours (`nSamples`); its rate is then that of none of them."""

FORMATS = (FUNDING_HISTORY, USER_FUNDING)
