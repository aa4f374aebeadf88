"""Positions and balances as the venue states them: checks, never cash.

A row without an instant is compared with nothing and ignored; many venues give none.
"""

from __future__ import annotations

import polars as pl

from importers.ccxt.cells import NAMES, VENUE, VENUE_ALIASES, instant, venue
from importers.ccxt.numbers import computed, number
from importers.ccxt.symbols import name_contract, pot, with_terms
from importers.cells import text, word
from importers.contract import Emit, Format, Header, Identity

SIZE, SIDE = pl.col("contracts"), pl.col("side")
IS_CLOSED = pl.col("realized").is_not_null() & pl.all_horizontal(pl.col("mark_price", "unrealized").is_null())
SIGNED = pl.when(SIDE == "short").then(-SIZE).otherwise(SIZE)
OF_A_MOMENT = (
    "lastPrice", "notional", "leverage", "collateral", "initialMargin", "initialMarginPercentage", "maintenanceMargin",
    "maintenanceMarginPercentage", "marginRatio", "percentage", "stopLossPrice", "takeProfitPrice",
)  # fmt: skip
CORE = ("symbol", "timestamp", "datetime", "side", "contracts", "contractSize", "entryPrice", "markPrice",
        "unrealizedPnl", "marginMode")  # fmt: skip


def _stated(columns: dict[str, pl.Expr]) -> Emit:
    return Emit(table="stated_positions", columns={
        "stated_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "position_side": pl.when(pl.col("hedged")).then(SIDE).otherwise(pl.lit(None)), "margin_mode": pl.col("mode"),
        "entry_price": pl.col("entry_price"), **columns,
    })  # fmt: skip


OPEN = _stated({
    "quantity": SIGNED, "mark_price": pl.col("mark_price"), "liquidation_price": pl.col("liquidation_price"),
    "unrealized": pl.col("unrealized"),
})  # fmt: skip
CLOSED = _stated({"closed_quantity": SIZE, "exit_price": pl.col("last_price"), "closed_at": pl.col("time")})
CONTRACT = Emit(table="instruments", where=(pl.col("contract_size") > 0) & pl.col("style").is_not_null(), columns={
    "symbol": pl.col("symbol"), "instrument": pl.col("instrument"), "product": pl.col("product"),
    "settle": pl.col("settle"), "multiplier": pl.col("contract_size"), "style": pl.col("style"),
    "source": pl.lit("contractSize of a ccxt dump"),
})  # fmt: skip

POSITIONS = Format(
    name="ccxt.positions",
    family="ccxt.positions",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: positions, open or closed, with the sizes of their contracts",
    confidence="API documentation",
    how="what fetchPositions or fetchPositionsHistory return, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=CORE, optional=(
        "info", "id", "lastUpdateTimestamp", "hedged", "liquidationPrice", "realizedPnl", *OF_A_MOMENT, *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant("timestamp", "datetime", "lastupdatetimestamp"),
        "venue": venue(),
        "symbol": text("symbol", required=True),
        "side": word("side", {"long": "long", "short": "short"}),
        "contracts": number("contracts"),
        "contract_size": number("contractsize"),
        "entry_price": computed("entryprice"),
        "mark_price": computed("markprice"),
        "last_price": computed("lastprice"),
        "liquidation_price": computed("liquidationprice"),
        "unrealized": computed("unrealizedpnl"),
        "realized": computed("realizedpnl"),
        "mode": word("marginmode", {"cross": "cross", "isolated": "isolated"}),
        "hedge": word("hedged", {"true": "yes", "false": "no"}),
    },
    event=pl.when(pl.col("time").is_null()).then(pl.lit("timeless"))
    .when(IS_CLOSED).then(pl.lit("closed"))
    .when(SIZE.is_null()).then(pl.lit("sizeless"))
    .when((SIZE != 0) & SIDE.is_null()).then(None)
    .otherwise(pl.lit("open")),
    event_columns=("symbol", "side", "contracts"),
    cases={"open": (OPEN, CONTRACT), "closed": (CLOSED, CONTRACT)},
    ignores={
        "timeless": "names no instant, so that it can be compared with nothing",
        "sizeless": "states no size",
    },
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("key_symbol", "side", "time", "contracts")),
    name_instrument=name_contract,
    prepare=lambda rows, context: with_terms(rows, context, contracts=True).with_columns(
        (pl.col("hedge") == "yes").fill_null(False).alias("hedged")),
    unread={
        **dict.fromkeys((name.lower() for name in OF_A_MOMENT if name != "lastPrice"), "a value of the moment"),
        "id": "few venues have one",
    },
)  # fmt: skip
"""What `realizedPnl` holds (gross, net, with funding) differs by venue: it marks a closed position and is no result."""


def _balance(kind: str, column: str) -> Emit:
    return Emit(table="stated_balances", where=pl.col(column).is_not_null(), columns={
        "stated_at": pl.col("time"), "asset": pl.col("asset"), "balance": pl.col(column),
        "kind": pl.lit(kind)})  # fmt: skip


BALANCES = Format(
    name="ccxt.balances",
    family="ccxt.balances",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: balances",
    confidence="API documentation",
    how="what fetchBalance returns, as JSON; or a table of it with a row per currency",
    headers=(
        Header(name="by currency", columns=("currency", "free", "used", "total", "timestamp", "datetime"),
               optional=("debt", "info", *NAMES)),
        Header(name="table", confidence="inferred", columns=("currency", "free", "used", "total", "datetime"),
               optional=("debt", "timestamp", *NAMES)),
    ),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant(),
        "venue": venue(),
        "asset": text("currency", required=True),
        "total": number("total"),
        "debt": number("debt"),
    },
    event=pl.when(pl.col("time").is_null()).then(pl.lit("timeless"))
    .when(pl.col("total").is_not_null()).then(pl.lit("balance")),
    event_columns=("currency", "total"),
    cases={"balance": (_balance("wallet", "total"), _balance("debt", "debt"))},
    ignores={"timeless": "names no instant, so that it can be compared with nothing"},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("time", "asset", "total", "debt")),
    prepare=lambda rows, context: rows.with_columns(
        pl.lit(context.wallet or pot(context, "spot")).alias("wallet_of_row")),
    unread={"free": "a part of the total", "used": "a part of the total"},
)  # fmt: skip

FORMATS = (POSITIONS, BALANCES)
