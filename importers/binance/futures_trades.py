"""Futures: trade history of USD-M and COIN-M, from screen, archive or API.

Files with trade ids are one family, whatever their age: symbol, trade id and side make a fill.  The older files have
no ids; their rows are a multiset.  Liquidations and ADL are not marked in any of them.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.cells import clock, fee_asset, fee_number, spare_id, unswapped_amount
from importers.binance.symbols import IS_COIN_M, PRODUCT, WALLET, name_instrument
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed

SIDES = {"BUY": "buy", "SELL": "sell"}
POSITION_SIDES = {"BOTH": "both", "LONG": "long", "SHORT": "short"}
LIQUIDITY = {"true": "maker", "false": "taker", "Y": "maker", "N": "taker"}

CLAIMS = claimed(fills=1, fees=1)

CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "symbol": text("symbol", required=True),
    "side": word("side", SIDES, required=True),
    "price": money("price", required=True),
    "quantity": money("quantity", required=True),
    "amount": unswapped_amount("amount", "price", "quantity", "symbol"),
    "fee": fee_number("fee", "symbol"),
    "fee_asset": fee_asset("fee", "fee_coin", "quote_asset", "symbol"),
    "realized": money("realized"),
}
IDS: dict[str, Cell] = {
    "position_side": word("position_side", POSITION_SIDES),
    "liquidity": word("maker", LIQUIDITY),
    "trade_ref": whole_id("trade_id", required=True),
    "order_ref": spare_id("order_id"),
    "base_amount": money("base_amount"),
}

FILL = Emit(table="fills", columns={
    "filled_at": pl.col("time"),
    "symbol": pl.col("symbol"),
    "product": PRODUCT,
    "side": pl.col("side"),
    "quantity": pl.col("quantity"),
    "price": pl.col("price"),
    "fee": pl.col("fee"),
    "fee_asset": pl.col("fee_asset"),
    "execution": pl.lit("trade"),
    "realized_stated": pl.col("realized"),
    "notional_stated": pl.when(IS_COIN_M).then("amount"),
})  # fmt: skip
FILL_WITH_IDS = replace(FILL, columns={
    **FILL.columns,
    "position_side": pl.col("position_side"),
    "liquidity": pl.col("liquidity"),
    "trade_ref": pl.col("trade_ref"),
    "order_ref": pl.col("order_ref"),
    "notional_stated": pl.when(IS_COIN_M).then(pl.coalesce("base_amount", "amount")),
})  # fmt: skip


def _with_sequence(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the trade id as a number where it fits, and no order id where it was lost."""
    return rows.with_columns(
        pl.col("trade_ref").cast(pl.Int64, strict=False).alias("sequence"),
        pl.col("order_ref").replace("", None),
    )


TRADES = Format(
    name="binance.futures_trades",
    family="binance.futures_trades",
    venue="binance",
    title="Binance futures: trade history with trade ids",
    confidence="real file seen",
    how="Futures, Orders, Trade History, Export (at most a year a file); or the archive behind /fapi/v1/trade/asyn",
    headers=(
        Header(name="legacy time, position side", confidence="parser seen", columns=(
            "Uid", "Time(UTC)", "Symbol", "Side", "Position Side", "Price", "Quantity", "Amount", "Fee",
            "Realized Profit", "Buyer", "Maker", "Trade Id", "Order Id")),
        Header(name="Uid first", columns=(
            "Uid", "Time", "Symbol", "Side", "Price", "Quantity", "Amount", "Fee", "Realized Profit", "Buyer", "Maker",
            "Trade ID", "Order ID")),
        Header(name="without Uid", columns=(
            "Time", "Symbol", "Side", "Price", "Quantity", "Amount", "Fee", "Realized Profit", "Buyer", "Maker",
            "Trade ID", "Order ID")),
    ),
    aliases={
        "Uid": "uid", "Time": "time", "Time(UTC)": "time", "Symbol": "symbol", "Side": "side",
        "Position Side": "position_side", "Price": "price", "Quantity": "quantity", "Amount": "amount", "Fee": "fee",
        "Fee Coin": "fee_coin", "Quote Asset": "quote_asset", "Realized Profit": "realized", "Buyer": "buyer",
        "Maker": "maker", "Trade ID": "trade_id", "Order ID": "order_id",
    },
    cells=CELLS | IDS,
    cases={"row": (FILL_WITH_IDS,)},
    sequence="sequence",
    newest_first=True,
    wallet=WALLET,
    identity=Identity(
        kind="id", cells=("symbol", "trade_ref", "side"), content=("price", "quantity", "fee", "fee_asset", "realized")
    ),
    claims=CLAIMS,
    account_number="uid",
    name_instrument=name_instrument,
    prepare=_with_sequence,
    unread={"buyer": "says again what the side says"},
)  # fmt: skip
"""A trade id is the symbol's; a trade with oneself has two rows, one a side.  Times are no part of what is compared:
the API prints milliseconds and files seconds."""

TRADES_API = replace(
    TRADES,
    name="binance.futures_trades_api",
    title="Binance futures: user trades of the API, as JSON or CSV",
    confidence="API documentation",
    how="/fapi/v1/userTrades or /dapi/v1/userTrades",
    headers=(
        Header(name="USD-M to July 2026", columns=(
            "symbol", "id", "orderId", "side", "positionSide", "price", "qty", "quoteQty", "commission",
            "commissionAsset", "marginAsset", "realizedPnl", "maker", "time"), optional=("buyer",)),
        Header(name="COIN-M, and USD-M from August 2026", columns=(
            "symbol", "id", "orderId", "pair", "side", "positionSide", "price", "qty", "baseQty", "commission",
            "commissionAsset", "marginAsset", "realizedPnl", "maker", "time"), optional=("buyer", "quoteQty")),
    ),
    aliases={
        "id": "trade_id", "orderId": "order_id", "positionSide": "position_side", "qty": "quantity",
        "quoteQty": "amount", "baseQty": "base_amount", "commission": "fee", "commissionAsset": "fee_coin",
        "realizedPnl": "realized", "marginAsset": "margin_asset",
    },
    cells=CELLS | IDS | {"time": epoch("time")},
    account_number=None,
    unread={
        "buyer": "says again what the side says",
        "pair": "is part of the symbol",
        "margin_asset": "follows from the symbol",
    },
)  # fmt: skip

PLAIN = replace(
    TRADES,
    name="binance.futures_trades_plain",
    family="binance.futures_trades_plain",
    title="Binance futures: trade history without ids (to about 2023)",
    confidence="real file seen",
    how="Futures, Orders, Trade History, Export (`Export Trade History.xlsx`)",
    headers=(
        Header(name="with Fee Coin", columns=(
            "Date(UTC)", "Symbol", "Side", "Price", "Quantity", "Amount", "Fee", "Fee Coin", "Realized Profit",
            "Quote Asset")),
        Header(name="without Fee Coin", confidence="parser seen", columns=(
            "Date(UTC)", "Symbol", "Side", "Price", "Quantity", "Amount", "Fee", "Realized Profit"),
            optional=("Quote Asset",)),
    ),
    aliases={**TRADES.aliases, "Date(UTC)": "time"},
    cells=CELLS,
    cases={"row": (FILL,)},
    sequence=None,
    identity=Identity(
        kind="content", cells=("time", "symbol", "side", "price", "quantity", "amount", "fee", "realized")
    ),
    account_number=None,
    prepare=None,
    unread={},
)  # fmt: skip

FORMATS = (TRADES, TRADES_API, PLAIN)
