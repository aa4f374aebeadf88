"""Fills of spot, margin and bots: the bundle's files with order splitting, the single files before it, and the API.

The bundle lists the same trades twice, per fill and per order: of orders nothing is stored.  No file has an id of a
fill; rows of one order may share a second, a price and an amount, and are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.cells import constant, epoch, money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, header, unread
from importers.kucoin.cells import (
    LIQUIDITY,
    MASKED,
    NOTHING_FOUND,
    SINGAPORE,
    STRATEGY,
    clock,
    pot,
    side,
    with_margin_terms,
)
from importers.kucoin.symbols import name_pair, pair

AT, SYMBOL = pl.col("time"), pl.col("symbol")
ESTIMATE = "the venue's estimate in USDT"


FILL: Mapping[str, pl.Expr] = {
    "filled_at": AT, "symbol": SYMBOL, "product": pl.col("product"), "margin_mode": pl.col("margin_mode"),
    "pair": pl.col("pair"), "side": pl.col("side"), "quantity": pl.col("quantity"), "price": pl.col("price"),
    "fee": pl.col("fee"), "fee_asset": pl.when(pl.col("fee").is_not_null()).then(pl.col("fee_asset")),
    "liquidity": pl.col("liquidity"), "execution": pl.lit("trade"), "order_ref": pl.col("order_ref"),
    "notional_stated": pl.col("funds"),
}  # fmt: skip
TAX = Emit(table="adjustments", where=pl.col("tax").fill_null(0) != 0, columns={
    "booked_at": AT, "asset": SYMBOL.str.split("-").list.last(), "amount": -pl.col("tax"), "symbol": SYMBOL,
    "kind": pl.lit("tax"), "group_ref": pl.col("order_ref"),
})  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_margin_terms(rows, SYMBOL)


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "pot": pot("order id", "spot"),
    "symbol": pair("symbol"),
    "side": side("side"),
    "price": money("price", required=True),
    "quantity": money("quantity", required=True),
    "funds": money("funds"),
    "fee": money("fee"),
    "fee_asset": text("fee currency"),
    "tax": money("tax"),
    "liquidity": word("maker/taker", LIQUIDITY),
    "order_ref": text("order id", required=True),
}

BUNDLE = (
    "UID,Account Type,Order ID,Symbol,Side,Order Type,Avg. Filled Price,Filled Amount,Filled Volume,"
    "Filled Volume (USDT),{time},Fee,{tax}Maker/Taker,{currency}"
)
TIMES = {
    "Filled Time(UTC)": "time", "Filled Time": "time", "Time Filled(UTC)": "time", "Order Time(UTC)": "ordered",
}  # fmt: skip


def _fills(name: str, *, time: str = "Filled Time(UTC)", tax: str = "Tax,", currency: str = "Fee Currency") -> Header:
    columns = BUNDLE.format(time=time, tax=tax, currency=currency)
    return header(name, columns, "Account Mode,Tax")


FILLS = Format(
    name="kucoin.spot_fills",
    family="kucoin.fills",
    venue="kucoin",
    title="KuCoin: fills of spot orders (filled orders, with order splitting)",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Spot Orders_Filled Orders (Show Order-Splitting)` in the zip",
    headers=(
        replace(_fills("with tax"), confidence="real file seen"),
        header("with account mode", BUNDLE.format(time="Filled Time(UTC)", tax="Tax,", currency="Fee Currency")
               + ",Account Mode", confidence="real file seen"),
        _fills("without tax", tax=""),
        _fills("without zone", time="Filled Time"),
    ),
    aliases={
        **TIMES, "Avg. Filled Price": "price", "Filled Amount": "quantity", "Filled Volume": "funds",
    },
    cells=CELLS,
    cases={"row": (Emit(table="fills", columns=FILL), TAX)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("order_ref", "symbol", "side", "time", "price", "quantity")),
    claims=claimed(fills=2, fees=2),
    name_instrument=name_pair,
    prepare=_prepare,
    unread=unread({
        "uid": MASKED,
        "account type": "the main account, or the sub-account whose pot the row is in",
        "order type": "how it was ordered",
        "filled volume (usdt)": ESTIMATE,
        "account mode": "how the account was set up",
    }),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""`Filled Volume` is without the fee; the fee is in the quote or, at a discount, in KCS.  The file's name tells margin
and bots, whose files may have this header, too."""

MARGIN_FILLS = replace(
    FILLS,
    name="kucoin.margin_fills",
    title="KuCoin: fills of margin orders (filled orders, with order splitting)",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Margin Orders_... Filled Orders (Show Order-Splitting)` in the zip; cross "
    "margin unless the file's name or --wallet says isolated",
    headers=(_fills("with tax", currency="Fee Currency|"),),
    aliases={**FILLS.aliases, "Fee Currency,": "fee currency"},
    cells=CELLS | {"pot": pot("order id", "cross_margin")},
)
"""The comma inside the last heading is printed so.  Forced closes are ordinary market orders here, without a mark."""

BOT_FILLS = replace(
    FILLS,
    name="kucoin.bot_fills",
    title="KuCoin: fills of trading bots on spot",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Trading Bot_Filled Orders (Show Order-Splitting)_Spot` in the zip",
    headers=(header("spot", (
        "UID,Account Type,Order ID,Symbol,Side,Order Type,Filled Price,Filled Amount,Filled Volume,"
        "Filled Volume (USDT),Time Filled(UTC),Fee,Fee Currency,Tax")),),
    aliases={**FILLS.aliases, "Filled Price": "price"},
    cells=CELLS | {"pot": constant("order id", STRATEGY)},
)  # fmt: skip

# --------------------------------------------------------------------------------------------------- orders

ORDERS = Format(
    name="kucoin.orders",
    family="kucoin.orders",
    venue="kucoin",
    title="KuCoin: filled orders without order splitting (recognized, nothing stored)",
    confidence="parser seen",
    how="import the file with order splitting instead; the zip has both",
    headers=(
        header("spot", (
            "UID,Account Type,Order ID,Order Time(UTC),Symbol,Side,Order Type,Order Price,Order Amount,"
            "Avg. Filled Price,Filled Amount,Filled Volume,Filled Volume (USDT),Filled Time(UTC),Fee,Fee Currency,Tax,"
            "Status"), optional="Account Mode"),
        header("spot without tax", (
            "UID,Account Type,Order ID,Order Time(UTC),Symbol,Side,Order Type,Order Price,Order Amount,"
            "Avg. Filled Price,Filled Amount,Filled Volume,Filled Volume (USDT),Filled Time(UTC),Fee,Fee Currency,"
            "Status"), optional="Account Mode"),
        header("margin", (
            "UID,Account Type,Order ID,Order Time(UTC),Symbol,Side,Order Type,Order Price,Order Amount,"
            "Avg. Filled Price,Filled Amount,Filled Volume,Filled Volume (USDT),Filled Time(UTC),Fee,Fee Currency|,Tax,"
            "Status"), optional="Account Mode"),
        header("before the zip", (
            "orderCreatedAt,id,clientOid,symbol,side,type,stopPrice,price,size,dealSize,dealFunds,averagePrice,fee,"
            "feeCurrency,remark,tags,orderStatus")),
    ),
    aliases={"Order Time(UTC)": "time", "orderCreatedAt": "time"},
    cells={"time": clock("time")},
    event=pl.lit("order"),
    cases={},
    ignores={"order": "an order: the same trades, fill by fill, are in the file with order splitting"},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time",)),
    unread=dict.fromkeys((
        "uid", "account type", "order id", "symbol", "side", "order type", "order price", "order amount",
        "avg. filled price", "filled amount", "filled volume", "filled volume (usdt)", "filled time(utc)", "fee",
        "fee currency", "fee currency,", "tax", "status", "account mode", "id", "clientoid", "type", "stopprice",
        "price", "size", "dealsize", "dealfunds", "averageprice", "feecurrency", "remark", "tags", "orderstatus"),
        "of an order, not of a fill"),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip

# ------------------------------------------------------------------------------------- before the zip

OLD_CELLS = CELLS | {
    "pot": constant("time", "spot"),
    "tax": money("tax"),
}

OLD_FILLS = replace(
    FILLS,
    name="kucoin.old_fills",
    title="KuCoin: trades of the single file before the zip, with order ids",
    how="Orders, Trade history, Export of 2019 to 2023 (Singapore time, which the file does not say)",
    headers=(header("with order id", (
        "tradeCreatedAt,orderId,symbol,side,price,size,funds,fee,liquidity,feeCurrency,orderType")),),
    aliases={
        "tradeCreatedAt": "time", "orderId": "order id", "size": "quantity", "feeCurrency": "fee currency",
        "liquidity": "maker/taker",
    },
    cells=OLD_CELLS,
    cases={"row": (Emit(table="fills", columns=FILL),)},
    unread={"ordertype": "how it was ordered"},
)  # fmt: skip
"""Some of these files end their header with a comma, a column without a name."""

QUOTE = SYMBOL.str.split("-").list.last()


def _quoted(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their fee in the quote where they name no asset of it."""
    return _prepare(rows.with_columns(fee_asset=pl.coalesce("fee_asset", QUOTE)), context)


PLAIN_FILLS = replace(
    OLD_FILLS,
    name="kucoin.plain_fills",
    family="kucoin.plain_fills",
    title="KuCoin: trades of single files before the zip, without order ids",
    how="Orders, Trade history, Export of 2018 to 2021 (Singapore time, which the file does not say)",
    headers=(
        header("2020", "tradeCreatedAt,symbol,side,price,size,funds,fee,feeCurrency"),
        header("deals with oid", "oid,symbol,dealPrice,dealValue,amount,fee,direction,createdDate"),
        header("2019", "Time,Pair,Side,FilledPrice,FilledPriceCoin,Amount,AmountCoin,Volume,VolumeCoin,Fee,FeeCoin",
               confidence="real file seen"),
        header("2018 with fee", "uid,symbol,order_type,price,amount_coin,direction,funds,fee,created_at"),
        header("2018", "uid,symbol,direction,deal_price,amount,deal_value,created_at"),
    ),
    aliases={
        "tradeCreatedAt": "time", "createdDate": "time", "created_at": "time", "Time": "time", "Pair": "symbol",
        "direction": "side", "dealPrice": "price", "deal_price": "price", "FilledPrice": "price", "size": "quantity",
        "amount": "quantity", "amount_coin": "quantity", "dealValue": "funds", "deal_value": "funds",
        "Volume": "funds", "feeCurrency": "fee currency", "FeeCoin": "fee currency", "oid": "order id",
    },
    cells=OLD_CELLS | {"order_ref": text("order id")},
    identity=Identity(kind="content", cells=("time", "symbol", "side", "price", "quantity")),
    claims=claimed(fills=4, fees=4),
    prepare=_quoted,
    unread=unread({
        "uid": MASKED, "order_type": "how it was ordered",
        "filledpricecoin, amountcoin, volumecoin": "the pair says it",
    }),
)  # fmt: skip
"""A fee without an asset is in the quote.  Whether `oid` is the order of later files nobody has said."""

# ------------------------------------------------------------------------------------------------------ API

TRADE_TYPES = {"TRADE": "spot", "MARGIN_TRADE": "cross_margin", "MARGIN_ISOLATED_TRADE": "isolated_margin"}


def _api(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their pot: what names none is spot, or as the user says."""
    return _prepare(rows.with_columns(pot=pl.coalesce("market", pl.lit(context.wallet or "spot"))), context)


API = replace(
    FILLS,
    name="kucoin.fills_api",
    family="kucoin.fills_api",
    title="KuCoin: fills of spot and margin of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/fills, /api/v1/hf/fills, /api/v3/hf/margin/fills",
    headers=(Header(name="API", columns=(
        "symbol", "tradeId", "orderId", "side", "liquidity", "price", "size", "funds", "fee", "feeCurrency",
        "createdAt"), optional=("tradeType", "tax")),),
    aliases={
        "createdAt": "time", "tradeId": "trade_id", "orderId": "order id", "size": "quantity",
        "feeCurrency": "fee currency", "liquidity": "maker/taker", "tradeType": "trade_type",
    },
    cells={
        **{name: cell for name, cell in CELLS.items() if name != "pot"},
        "time": epoch("time"),
        "market": word("trade_type", TRADE_TYPES),
        "trade_ref": text("trade_id", required=True),
    },
    cases={"row": (Emit(table="fills", columns={**FILL, "trade_ref": pl.col("trade_ref")}), TAX)},
    identity=Identity(
        kind="id", cells=("symbol", "trade_ref", "side"), content=("order_ref", "price", "quantity")
    ),
    claims=claimed(fills=1, fees=1),
    prepare=_api,
    unread=unread({
        "id, counterorderid, forcetaker, feerate, stop, type, remark, taxrate":
        "of the order or the other side, not of the fill",
    }),
    assumed_zone=None,
)  # fmt: skip
"""Both sides of a trade with oneself have one trade id."""

FORMATS = (FILLS, MARGIN_FILLS, BOT_FILLS, ORDERS, OLD_FILLS, PLAIN_FILLS, API)
