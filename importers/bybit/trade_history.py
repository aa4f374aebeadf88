"""Trade history of derivatives: fills, funding and forced closes, to the minute, with the ends of their ids."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount
from importers.bybit.dialect import COINED, IGNORES, KINDS, cases, contract, note, page_clock, tail
from importers.bybit.symbols import name_instrument
from importers.cells import text, word
from importers.contract import Cell, Context, Format, Header, Identity
from importers.declared import claimed
from importers.naming import TERMS, with_terms

FAMILY = "bybit.trade_history"
"""Of derivatives and spot pairs: two halves of one source."""
KEY = ("market", "symbol", "trade_key", "order_key", "minute", "side", "quantity", "price")
DIRECTIONS = {"Long": "buy", "Short": "sell", "Buy": "buy", "Sell": "sell"}
"""Of the fill: what closes a long is Short."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the terms of their contract, the fee with its coin, and what their key is made of."""
    return with_terms(rows, name_instrument, *TERMS).with_columns(
        fee=pl.coalesce("fee_plain", COINED, "fee_v2"),
        fee_asset=pl.coalesce("fee_coin", "settle"),
        market=pl.lit("derivatives"),
        trade_key=tail("trade_ref"),
        order_key=tail("order_ref"),
        minute=pl.col("time").dt.truncate("1m"),
    )


CELLS: dict[str, Cell] = {
    "time": page_clock("time"),
    "symbol": contract("symbol"),
    "kind": word("kind", KINDS),
    "order_type": note("order_type"),
    "side": word("direction", DIRECTIONS, required=True),
    "quantity": amount("quantity", required=True),
    "price": amount("price", required=True),
    "fee_rate": amount("fee_rate"),
    "fee_plain": amount("fee"),
    "fee_coin": note("fee_coin"),
    "fee_v2": amount("fee_v2"),
    "trade_ref": text("trade_id", required=True),
    "order_ref": text("order_no", required=True),
}

TRADES = Format(
    name="bybit.trade_history",
    family=FAMILY,
    venue="bybit",
    title="Bybit: trade history of derivatives",
    confidence="parser seen",
    how="Orders, Unified Trading, Derivatives, Trade History, Export (`Bybit-UTA-Perp-TradeHistory-...csv`)",
    headers=(
        Header(name="2024 to 2026", columns=(
            "Market", "Filled Type", "Filled Quantity", "Filled Price", "Order Price", "Fee Rate", "Trading Fee",
            "feeCoin", "ExecFeeV2", "Direction", "Order Type", "Trasaction ID", "Order No.",
            "Transaction Time(UTC+0)")),
        Header(name="older", columns=(
            "Market", "Filled Quantity", "Filled Price", "Order Price", "Fee Rate", "Trading Fee", "Direction",
            "Order Type", "Trasaction ID", "Order No.", "Transaction Time(UTC+0)"),
            optional=("Filled Type", "feeCoin", "ExecFeeV2")),
    ),
    aliases={
        "Market": "symbol", "Filled Type": "kind", "Filled Quantity": "quantity", "Filled Price": "price",
        "Order Price": "order_price", "Fee Rate": "fee_rate", "Trading Fee": "fee", "feeCoin": "fee_coin",
        "ExecFeeV2": "fee_v2", "Direction": "direction", "Order Type": "order_type", "Trasaction ID": "trade_id",
        "Transaction ID": "trade_id", "Order No.": "order_no", "Transaction Time(UTC+0)": "time",
    },
    cells=CELLS,
    event=pl.when(pl.col("kind").is_not_null()).then("kind")
    .when(pl.col("order_type").is_not_null()).then(pl.lit("trade")),
    event_columns=("kind", "order_type", "quantity", "price", "fee"),
    cases=cases(),
    ignores=IGNORES,
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=KEY),
    claims=claimed(resolution_s=60, fills=3, fees=3, funding=3, liquidations=3),
    prepare=_prepare,
    unread={"order_price": "what was asked for, not what was paid"},
)  # fmt: skip
"""`Trasaction ID` is how the venue spells it.  Without a Filled Type a row with an order type is a trade; one without
may be funding, and nobody has described it.  Only the ends of the ids are printed, so they are no key alone."""

SHORT = replace(
    TRADES,
    name="bybit.trade_history_short",
    family="bybit.trade_history_short",
    title="Bybit: trade history of derivatives, short layout without ids",
    confidence="inferred",
    headers=(Header(name="short", columns=(
        "Contracts", "Direction", "Exec Qty", "Exec Price", "Trading Fee", "Order Type",
        "Transaction Time(UTC+0)")),),
    aliases={
        "Contracts": "symbol", "Direction": "direction", "Exec Qty": "quantity", "Exec Price": "price",
        "Trading Fee": "fee", "Order Type": "order_type", "Transaction Time(UTC+0)": "time",
    },
    cells={**CELLS, "trade_ref": text("trade_id"), "order_ref": text("order_no")},
    identity=Identity(kind="content", cells=("symbol", "time", "side", "quantity", "price", "fee")),
    claims=claimed(resolution_s=60, fills=4, fees=4),
    unread={},
)  # fmt: skip
"""Without ids its rows are a multiset that meets the other exports by voice only."""

FORMATS = (TRADES, SHORT)
