"""Trade details: fills with the ids of trades, from the site (2020, and 2025 on) and from the API.

The site prints no side: an amount below zero was sold.  A fee is below zero where it is charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.cells import epoch, glued_amount, glued_unit, negated, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.okx.bill_rows import IS_CONTRACT, IS_PAIR, TERMS, WORDS
from importers.okx.bills import ROLES
from importers.okx.cells import all_unmarked, clock, cost, instrument, money, reference, said, zone_of_user
from importers.okx.symbols import name_instrument
from importers.shapes import booked, complete, fill, forced
from importers.vocabulary import POSITION_SIDES, SIDES
from importers.vocabulary import ROLES as LIQUIDITY
from schemas.types import MONEY

SIZE, UNIT, FEE, FEE_COIN = pl.col("size"), pl.col("unit"), pl.col("fee"), pl.col("fee_coin")
PRODUCTS = {"MARGIN": "margin", **dict.fromkeys(("SPOT", "SWAP", "FUTURES", "OPTION"), "by name")}
BY_SIGN = pl.when(SIZE < 0).then(pl.lit("sell")).when(SIZE > 0).then(pl.lit("buy"))
IN_CONTRACTS = UNIT.str.to_lowercase().is_in(["cont", "conts", "contract", "contracts"])
SAYS_OTHER = (FEE > 0) & (((pl.col("quote") == FEE_COIN) & (SIZE > 0)) | ((pl.col("base") == FEE_COIN) & (SIZE < 0)))
"""A fee is charged in the coin that came: one in the quote on an amount above zero means that amounts have no sign."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the fills with their side, and what the product's name does not say."""
    full = complete(rows, context)
    stated = pl.col("stated_side") if "stated_side" in rows.columns else pl.lit(None, dtype=pl.String)
    return full.with_columns(
        pl.coalesce(stated, BY_SIGN).alias("side"),
        SIZE.abs().alias("quantity"),
        FEE_COIN.alias("fee_asset"),
        (-FEE).alias("amount"),
        FEE_COIN.alias("asset"),
        pl.col("trade_ref").alias("group_ref"),
    )


PRODUCT = {"product": pl.when(pl.col("section") == "margin").then(pl.lit("margin"))}
OTHER_LEG = (replace(booked("adjustments", pl.lit("trading_fee")), where=FEE.fill_null(pl.lit(0).cast(MONEY)) != 0),)
"""The coin on the other side: its fill is the base coin's row, its fee is here only."""

CELLS: dict[str, Cell] = all_unmarked({
    "time": clock("time"),
    "trade_ref": text("trade_id", required=True),
    "order_ref": reference("order_id"),
    "section": word("section", PRODUCTS, required=True),
    "symbol": instrument("symbol"),
    **{name: cell_of("symbol") for name, cell_of in TERMS.items()},
    "size": money("size", required=True),
    "unit": text("unit", required=True),
    "price": money("price", required=True),
    "fee": cost("fee"),
    "fee_coin": text("fee_unit"),
    "liquidity": word("taker/maker", LIQUIDITY),
    "stated_side": word("side", SIDES),
})  # fmt: skip
EVENT = (
    pl.when(SIZE == 0).then(None)
    .when(IS_CONTRACT).then(pl.when(IN_CONTRACTS).then(pl.lit("fill")))
    .when(IS_PAIR & (pl.col("quote") == UNIT)).then(pl.lit("other_leg"))
    .when(IS_PAIR & (pl.col("base") == UNIT) & (pl.col("stated_side").is_not_null() | ~SAYS_OTHER.fill_null(False)))
    .then(pl.lit("fill"))
)  # fmt: skip

TRADES = spelled(Format(
    name="okx.trades",
    family="okx.trades",
    venue="okx",
    title="OKX: trade details",
    confidence="parser seen",
    how="Assets, Order center, Trading history (trade details), Download",
    headers=(header("2025 to 2026", (
        "Order ID,Trade ID,Trade Time,Instrument,Symbol,Filled Amount,Filled Amount Unit,Filled Price,Fee,Fee Unit,"
        "taker/maker"), "Trading Volume,Side"),),
    aliases={
        "Order ID": "order_id", "Trade ID": "trade_id", "Trade Time": "time", "Instrument": "section",
        "Symbol": "symbol", "Filled Amount": "size", "Filled Amount Unit": "unit", "Filled Price": "price",
        "Fee Unit": "fee_unit",
    },
    cells=CELLS,
    event=EVENT,
    event_columns=("section", "symbol", "size", "unit", "fee_unit"),
    cases={"fill": (fill("trade", **PRODUCT),), "other_leg": OTHER_LEG},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("symbol", "trade_ref", "size", "unit", "price", "fee_coin")),
    claims=claimed(wallets=("unified",), fills=4, fees=4),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread=unread({"Trading Volume": "amount times price"}),
    zone_hint=zone_of_user,
))  # fmt: skip
"""A trade's id may occur twice, for either leg.  Contracts are counted in contracts: another unit is rejected."""

OLD_CELLS: dict[str, Cell] = {
    **CELLS,
    "symbol": instrument("pairs"),
    "section": word("no_section", PRODUCTS),
    "size": money("amount", required=True),
    "unit": text("unit", required=True),
    "fee": negated(glued_amount("fee", "pairs")),
    "fee_coin": glued_unit("fee", "pairs"),
    "order_ref": text("no_order"),
}
OLD_TRADES = spelled(replace(
    TRADES,
    name="okx.trades_2020",
    family="okx.trades_2020",
    title="OKX (OKEx): trade details of 2020, spot",
    confidence="real file seen",
    how="Orders, Spot, Trade details, Export",
    headers=(header("2020", "Order ID,Trade ID,Trade Time,Pairs,Amount,Price,Total,taker/maker,Fee,unit"),),
    aliases={"Order ID": "order_id", "Trade ID": "trade_id", "Trade Time": "time"},
    cells={name: cell for name, cell in OLD_CELLS.items() if name not in TERMS and name != "stated_side"},
    event=pl.when(SIZE != 0).then(pl.lit("fill")),
    event_columns=("pairs", "amount"),
    cases={"fill": (fill(),)},
    wallet="spot",
    identity=Identity(kind="id", cells=("symbol", "trade_ref"), content=("size", "price", "fee")),
    claims=claimed(wallets=("spot",), fills=1, fees=1),
    unread=unread({
        "Order ID": "counts the rows of the file",
        "Total": "amount times price, with the noise of floating point",
    }),
))  # fmt: skip

UNCONFIRMED = spelled(replace(
    OLD_TRADES,
    name="okx.trades_unconfirmed",
    family="okx.trades_unconfirmed",
    title="OKX: trade details in a layout that only the tests of a tax tool show",
    confidence="inferred",
    how="unknown",
    headers=(header("unconfirmed", "Order ID,Trade ID,Trade Time,Pair,Side,Price,Amount,Total,Fee,Fee Currency",
                    exact=True),),
    aliases={"Order ID": "order_id", "Trade ID": "trade_id", "Trade Time": "time", "Fee Currency": "fee_currency"},
    cells=all_unmarked({
        **{name: cell for name, cell in OLD_TRADES.cells.items() if name not in ("unit", "liquidity")},
        "symbol": instrument("pair"),
        "stated_side": word("side", SIDES, required=True),
        "order_ref": reference("order_id"),
        "fee": cost("fee"),
        "fee_coin": text("fee_currency"),
    }),
    event_columns=("pair", "amount"),
    wallet="unified",
    claims=claimed(wallets=("unified",), fills=5, fees=5),
    unread=unread({"Total": "amount times price"}),
))  # fmt: skip

# ---------------------------------------------------------------------------------------------------- API

API_POSITION_SIDES = {**POSITION_SIDES, "net": "both"}
SAID = WORDS.says("event")
IS_HEDGED = pl.col("position_side").is_in(["long", "short"])
OPENS = (pl.col("position_side") == "long") == (pl.col("side") == "buy")


def _prepare_answer(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the fills of the API with what the position's side says of their effect."""
    full = complete(_prepare(rows, context), context)
    effect = pl.when(IS_HEDGED).then(pl.when(OPENS).then(pl.lit("open")).otherwise(pl.lit("close")))
    return full.with_columns(effect.alias("effect"), SIZE.abs().alias("quantity"))


API_CELLS: dict[str, Cell] = all_unmarked({
    "time": epoch("ts"),
    "trade_ref": text("tradeid", required=True),
    "order_ref": reference("ordid"),
    "section": word("insttype", PRODUCTS, required=True),
    "symbol": instrument("instid"),
    **{name: cell_of("instid") for name, cell_of in TERMS.items()},
    "word": said(WORDS, "subtype", "a subtype as 1 (buy), 104 (liquidation long)", required=False),
    "size": money("fillsz", required=True),
    "price": money("fillpx", required=True),
    "stated_side": word("side", SIDES, required=True),
    "position_side": word("posside", API_POSITION_SIDES),
    "fee": cost("fee"),
    "fee_coin": text("feeccy"),
    "realized_pnl": money("fillpnl"),
    "liquidity": word("exectype", ROLES),
})  # fmt: skip
KNOWN = SAID.fill_null("trade")
EXECUTIONS: Mapping[str, tuple[Emit, ...]] = {
    "trade": (fill("trade", **PRODUCT),),
    "partial": (fill("liquidation", **PRODUCT), forced("partial")),
    "full": (fill("liquidation", **PRODUCT), forced("full")),
    "adl": (fill("adl", **PRODUCT), forced("adl")),
    "delivery": (fill("delivery", **PRODUCT),),
}

FILLS = spelled(replace(
    TRADES,
    name="okx.fills",
    family="okx.fills",
    title="OKX: fills of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/trade/fills, fills-history (3 months)",
    headers=(header(
        "API", "instType,instId,tradeId,ordId,billId,fillPx,fillSz,side,posSide,execType,fee,feeCcy,ts",
        "subType,fillPnl"),),
    aliases={},
    cells=API_CELLS,
    event=pl.when(KNOWN.is_in(list(EXECUTIONS))).then(KNOWN),
    event_columns=("insttype", "instid", "subtype"),
    cases=EXECUTIONS,
    identity=Identity(kind="id", cells=("symbol", "trade_ref"), content=("stated_side", "size", "price")),
    claims=(*claimed(wallets=("unified",), fills=3, fees=3), *claimed(0, wallets=("unified",), liquidations=3)),
    prepare=_prepare_answer,
    unread=unread({
        "billId": "the bill beside it",
        "clOrdId,tag": "the user's own words",
        "fillTime": "the same instant",
        "feeRate": "fee by value",
        "fillIdxPx,fillMarkPx,fillPxVol,fillPxUsd,fillMarkVol,fillFwdPx,tradeQuoteCcy":
        "of the market at the fill",
    }),
))  # fmt: skip
"""One row is one fill, of a pair, too; a trade's id is unique within its instrument only."""

FORMATS = (TRADES, OLD_TRADES, UNCONFIRMED, FILLS)
