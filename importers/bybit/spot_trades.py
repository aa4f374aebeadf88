"""Spot trade history, and the spot order history, which says less.

A purchase on margin looks like any other fill here; what was borrowed shows in the transaction log.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bybit.cells import SIDES, amount
from importers.bybit.dialect import COINED, FILL, fill, note, page_clock, pair, tail
from importers.bybit.symbols import name_pair
from importers.bybit.trade_history import FAMILY, KEY
from importers.cells import glued_amount, glued_unit, text, word
from importers.contract import Cell, Context, Format, Header, Identity
from importers.declared import claimed
from importers.naming import TERMS, with_terms

RECEIVED = pl.when(pl.col("side") == "buy").then("base").otherwise("quote")
"""The coin that pays the fee where no other is named."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the terms of their pair, the fee with its coin, and what their key is made of."""
    named = with_terms(rows, name_pair, *TERMS, symbol="pair")
    coin = pl.coalesce("fee_coin", RECEIVED)
    return named.with_columns(
        symbol=pl.col("pair").str.replace("/", "", literal=True),
        fee=pl.coalesce(COINED, "fee_plain", "fee_v2"),
        fee_asset=pl.coalesce(pl.col("fee_unit").replace("", None), coin),
        market=pl.lit("spot"),
        trade_key=tail("trade_ref"),
        order_key=tail("order_ref"),
        minute=pl.col("time").dt.truncate("1m"),
    )


CELLS: dict[str, Cell] = {
    "time": page_clock("time"),
    "pair": pair("pair"),
    "side": word("direction", SIDES, required=True),
    "quantity": replace(glued_amount("quantity", "pair"), required=True),
    "price": replace(glued_amount("price", "pair"), required=True),
    "value": glued_amount("value", "pair"),
    "fee_plain": replace(glued_amount("fees", "pair"), empty_words=("--",)),
    "fee_unit": replace(glued_unit("fees", "pair"), empty_words=("--",)),
    "fee_coin": note("fee_coin"),
    "fee_v2": amount("fee_v2"),
    "trade_ref": text("trade_id", required=True),
    "order_ref": text("order_no", required=True),
}

TRADES = Format(
    name="bybit.spot_trades",
    family=FAMILY,
    venue="bybit",
    title="Bybit: spot trade history",
    confidence="real file seen",
    how="Orders, Unified Trading, Spot, Trade History, Export (`Bybit-Spot-TradeHistory-...csv`)",
    headers=(
        Header(name="with fee coin", columns=(
            "Spot Pairs", "Order Type", "Direction", "feeCoin", "ExecFeeV2", "Filled Value", "Filled Price",
            "Filled Quantity", "Fees", "Transaction ID", "Order No.", "Timestamp (UTC)")),
        Header(name="2024", columns=(
            "Spot Pairs", "Order Type", "Direction", "Filled Value", "Filled Price", "Filled Quantity", "Fees",
            "Transaction ID", "Order No.", "Timestamp (UTC)")),
    ),
    aliases={
        "Uid": "uid", "Spot Pairs": "pair", "Order Type": "order_type", "Direction": "direction",
        "feeCoin": "fee_coin", "ExecFeeV2": "fee_v2", "Filled Value": "value", "Filled Price": "price",
        "Filled Quantity": "quantity", "Fees": "fees", "Transaction ID": "trade_id", "Order No.": "order_no",
        "Timestamp (UTC)": "time", "Filled Time (Local Time)": "local_time",
    },
    cells=CELLS,
    cases={"row": (fill("trade", {**FILL, "notional_stated": pl.col("value")}),)},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=KEY),
    claims=claimed(resolution_s=60, fills=3, fees=3),
    prepare=_prepare,
    unread={"order_type": "how it was ordered"},
)  # fmt: skip
"""Ids are whole in some exports and cut to their ends in others: the ends are part of the key, and the minute."""

DATA_EXPORT = replace(
    TRADES,
    name="bybit.spot_trades_data_export",
    title="Bybit: spot trade history of the Data Export",
    how="Account, Data Export, Spot, Trade History (a zip of parts)",
    headers=(Header(name="with Uid", columns=(
        "Uid", "Spot Pairs", "Order Type", "Direction", "Filled Value", "Filled Price", "Filled Quantity", "Fees",
        "Transaction ID", "Order No.", "Timestamp (UTC+0)")),),
    claims=claimed(fills=3, fees=3),
    account_number="uid",
)  # fmt: skip

PRE_UNIFIED = replace(
    TRADES,
    name="bybit.spot_trades_pre_unified",
    title="Bybit: spot trade history before the unified account",
    how="Orders, Unified Trading, Spot (Pre-UTA), Trade History, Export (`.xls`)",
    headers=(Header(name="with units", columns=(
        "Filled Time (Local Time)", "Spot Pairs", "Order Type", "Direction", "Filled Value", "Filled Price",
        "Filled Quantity", "Fees", "Transaction ID", "Order No.", "Timestamp (UTC)")),),
    wallet="spot",
    claims=claimed(fills=3, fees=3),
    unread={**TRADES.unread, "local_time": "the UTC column says it without a doubt"},
)  # fmt: skip

IS_EXECUTED = pl.col("value").fill_null(0) != 0

ORDERS = Format(
    name="bybit.spot_orders",
    family="bybit.spot_orders",
    venue="bybit",
    title="Bybit: spot order history (recognized, not stored)",
    confidence="parser seen",
    how="Orders, Unified Trading, Spot, Order History, Export",
    headers=(Header(name="orders", columns=(
        "Spot Pairs", "feeCoin", "ExecFeeV2", "feeInfo", "Order Type", "Direction", "Filled Value",
        "Avg. Filled Price", "Order Price", "Order Quantity", "Order Value", "Order Status", "Order No.",
        "Timestamp (UTC)")),),
    aliases={"Filled Value": "value", "Timestamp (UTC)": "time"},
    cells={"time": page_clock("time"), "value": amount("value")},
    event=pl.when(IS_EXECUTED).then(pl.lit("executed")).otherwise(pl.lit("unexecuted")),
    cases={},
    ignores={
        "executed": "the total of an order: its executions are in the spot trade history; export that one",
        "unexecuted": "an order that executed nothing",
    },
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "value")),
    unread=dict.fromkeys(
        ("spot pairs", "feecoin", "execfeev2", "feeinfo", "order type", "direction", "avg. filled price",
         "order price", "order quantity", "order value", "order status", "order no."), "of an order, not of a fill"),
)  # fmt: skip
"""An order's total may not speak for the fills that positions are made of, and a result it has none."""

FORMATS = (TRADES, DATA_EXPORT, PRE_UNIFIED, ORDERS)
