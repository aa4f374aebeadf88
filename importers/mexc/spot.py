"""Spot: fills, orders (recognized, not stored), and the statement of a wallet.

The statement's header is that of four exports: spot, futures, and two of earn.  The file's name says which, or
`--wallet`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from importers.cells import glued_amount, glued_unit, money, text, word
from importers.contract import Context, Format, Identity
from importers.declared import claimed
from importers.mexc.cells import ALIASES, clock, directed, headers, name_pair, said_in, symbol
from importers.shapes import Words, complete, fill, log_cases, moved
from importers.vocabulary import ROLES, SIDES, table

STATEMENT_WORDS = Words.of(table(__file__, "statement_words.csv"))
WALLETS_IN_NAME = ((r"futures|contract", "usdm"), (r"earn|fixed|flexible|saving", "earn"))


def _prepare_trades(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the asset of the fee: a bare number is in the quote."""
    unit = pl.when(pl.col("fee_unit") != "").then("fee_unit")
    quote = pl.col("symbol").str.split("_").list.last()
    return complete(rows.with_columns(pl.coalesce(unit, quote).alias("fee_asset")))


TRADES = Format(
    name="mexc.spot_trades",
    family="mexc.spot_trades",
    venue="mexc",
    title="MEXC: spot trade history",
    confidence="parser seen",
    how="Orders, Spot Orders, Trade History, Export (CSV or XLSX)",
    headers=headers("Pairs,Time,Side,Filled Price,Executed Amount,Total,Fee,Role"),
    cells={
        "time": clock("time"),
        "symbol": symbol("pairs"),
        "side": word("side", SIDES, required=True),
        "price": money("filled price", required=True),
        "quantity": money("executed amount", required=True),
        "value": money("total"),
        "fee": glued_amount("fee", "pairs"),
        "fee_unit": glued_unit("fee", "pairs"),
        "liquidity": word("role", ROLES),
    },
    cases={"row": (fill(),)},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "symbol", "side", "price", "quantity", "value", "fee")),
    claims=claimed(fills=2, fees=2),
    account_number="uid",
    name_instrument=name_pair,
    prepare=_prepare_trades,
)  # fmt: skip
"""New files glue the fee to its asset (`0.5USDT`), old ones print a number in the quote.  No ids: twins are counted."""

ORDERS = replace(
    TRADES,
    name="mexc.spot_orders",
    family="mexc.spot_orders",
    title="MEXC: spot order history (recognized, not stored)",
    how="Orders, Spot Orders, Order History, Export (CSV or XLSX)",
    headers=headers(
        "Pairs,Time,Type,Direction,Average Filled Price,Order Price,Filled Quantity,Order Quantity,Order Amount,Status"
    ),
    cells={"time": clock("time"), "filled": money("filled quantity"), "state": text("status")},
    event=pl.when(pl.col("filled").fill_null(0) != 0).then(pl.lit("executed")).otherwise(pl.lit("unexecuted")),
    event_columns=("status",),
    cases={},
    ignores={
        "executed": "the total of an order: its executions are in the spot trade history; export that one",
        "unexecuted": "an order that executed nothing",
    },
    identity=Identity(kind="content", cells=("time", "filled", "state")),
    claims=(),
    prepare=None,
    unread=dict.fromkeys(
        ("pairs", "type", "direction", "average filled price", "order price", "order quantity", "order amount"),
        "of an order, not of a fill"),
)  # fmt: skip


def _prepare_statement(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the wallet that the file's name says; legs of a conversion share their instant."""
    named = next(
        (wallet for piece, wallet in WALLETS_IN_NAME if re.search(piece, context.file_name, re.IGNORECASE)), "spot"
    )
    is_conversion = pl.col("event") == "conversion"
    return STATEMENT_WORDS.prepare(rows, context).with_columns(
        pl.lit(context.wallet or named).alias("pot"),
        pl.when(is_conversion).then(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).alias("group_ref"),
    )


STATEMENT = Format(
    name="mexc.statement",
    family="mexc.statement",
    venue="mexc",
    title="MEXC: statement of the spot, futures or earn wallet",
    confidence="parser seen",
    how="Wallets, Spot (or Futures, Earn), Statement, Export; other wallets than spot by the file's name or --wallet",
    headers=headers("Crypto,Transaction Type,Direction,Quantity", "Creation Time(UTC+00:00)", "Creation Time"),
    aliases=ALIASES,
    cells={
        "time": clock("time"),
        "word": said_in("transaction type", STATEMENT_WORDS, "a type with a word as Spot Trading, Deposit, Transfer"),
        "asset": text("crypto", required=True),
        "amount": directed("quantity", "direction"),
    },
    event=STATEMENT_WORDS.says("event"),
    event_columns=("transaction type",),
    cases=log_cases(STATEMENT_WORDS, network_fee=(moved("network_fee"),)),
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "word", "asset", "amount")),
    claims=claimed(ledger=1),
    account_number="uid",
    prepare=_prepare_statement,
)  # fmt: skip
"""Words are known as far as a public parser looks for pieces of them.  It has no balances and no ids."""

FORMATS = (TRADES, ORDERS, STATEMENT)
