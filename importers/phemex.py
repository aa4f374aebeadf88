"""Phemex: executions of contracts; trades, liquidations and funding in one export.

Sizes, values and fees carry their unit behind a blank, and `--` is empty.  The side is in `Direction` only.  Of a
contract on a multiple (`u1000BONKUSDT`) the size is in single units, the price for the multiple.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import polars as pl

from importers.cells import glued_amount, glued_unit, local_time, money, text, word
from importers.contract import Cell, Context, Format, Header, Identity, Named
from importers.declared import claimed
from importers.naming import contract
from importers.shapes import FUNDED, fill, forced, named_symbol, of_contracts

NOTHING = ("--", "")
SYMBOL = re.compile(r"u?(?P<base>\d*[A-Z][A-Z0-9]*?)(?P<quote>USDT|USDC)")
"""Contracts in dollars (BTCUSD) are inverse or not, by a rule that nobody has described: they are not read."""

DIRECTIONS = {
    "Open Long": "open long", "Close Long": "close long", "Open Short": "open short", "Close Short": "close short",
    "Long": "long", "Short": "short",
}  # fmt: skip
KINDS = {"Trade": "trade", "Liquidation": "liquidation", "Funding": "funding"}

DIRECTION, FEE = pl.col("direction"), pl.col("fee")
IS_FUNDING = pl.col("word") == "funding"
IS_LONG = DIRECTION.str.ends_with("long")
BUYS = DIRECTION.is_in(["open long", "close short", "long"])
EFFECT = DIRECTION.str.extract(r"^(open|close) ")


@cache
def name_instrument(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of `BTCUSDT` or `u1000BONKUSDT`, linear perpetuals."""
    found = SYMBOL.fullmatch(symbol)
    return contract(found["base"], found["quote"], found["quote"]) if found else None


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with side, effect, position side and the market's funding rate.

    Funding is what the position paid; its rate has the sign that follows from who paid, + = longs pay.
    """
    longs_pay = (FEE > 0) == IS_LONG
    rate = (
        pl.when(FEE == 0)
        .then("fee_rate")
        .when(longs_pay)
        .then(pl.col("fee_rate").abs())
        .otherwise(-pl.col("fee_rate").abs())
    )
    side_of_position = pl.when(IS_LONG).then(pl.lit("long")).otherwise(pl.lit("short"))
    named = of_contracts(name_instrument)(
        rows.with_columns(
            pl.when(IS_FUNDING & (pl.col("fee_unit") != "")).then("fee_unit").alias("asset"),
            pl.when(IS_FUNDING).then(-FEE).alias("amount"),
            pl.when(IS_FUNDING).then(rate).alias("rate"),
            pl.when(IS_FUNDING).then("price").alias("mark_price"),
            pl.when(BUYS).then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
            EFFECT.alias("effect"),
            pl.when(IS_FUNDING | EFFECT.is_not_null())
            .then(side_of_position)
            .otherwise(pl.lit("both"))
            .alias("position_side"),
            pl.when(pl.col("fee_unit") != "").then("fee_unit").alias("fee_asset"),
            pl.when(pl.col("word") == "liquidation").then("order_price").alias("bankruptcy_price"),
        ),
        context,
    )
    return named.with_columns(
        pl.coalesce("fee_asset", "settle").alias("fee_asset"),
        pl.when(pl.col("value_unit") == pl.col("settle")).then(pl.col("value").abs()).alias("value"),
    )


def _glued(column: str, *, required: bool = False) -> Cell:
    return replace(glued_amount(column), empty_words=NOTHING, required=required)


EXECUTIONS = Format(
    name="phemex.executions",
    family="phemex.executions",
    venue="phemex",
    title="Phemex: executions of contracts",
    confidence="parser seen",
    how="Assets, Data Center (or Orders, Contract, Executions), Export",
    headers=(Header(name="contracts", columns=(
        "Time (UTC)", "Symbol", "Exec Type", "Exec. Size", "Direction", "Exec. Price", "Order Size", "Order Price",
        "Exec Value", "Fee Rate", "Fee Paid", "Type", "ID")),),
    cells={
        "time": local_time("time (utc)", "%Y-%m-%d %H:%M:%S%.f"),
        "symbol": named_symbol("symbol", name_instrument),
        "word": word("exec type", KINDS, required=True),
        "direction": word("direction", DIRECTIONS, required=True),
        "quantity": _glued("exec. size", required=True),
        "price": money("exec. price", empty_words=NOTHING, required=True),
        "order_price": money("order price", empty_words=NOTHING),
        "value": _glued("exec value"),
        "value_unit": replace(glued_unit("exec value"), empty_words=NOTHING),
        "fee_rate": money("fee rate", empty_words=NOTHING),
        "fee": _glued("fee paid", required=True),
        "fee_unit": replace(glued_unit("fee paid"), empty_words=NOTHING),
        "trade_ref": text("id", required=True),
    },
    event=pl.when(IS_FUNDING & EFFECT.is_not_null()).then(None).otherwise("word"),
    event_columns=("exec type", "direction"),
    cases={"trade": (fill(),), "liquidation": (fill("liquidation"), forced(None)), "funding": (FUNDED,)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("word", "trade_ref"), content=("symbol", "quantity", "price")),
    claims=claimed(fills=1, fees=1, funding=1, liquidations=1),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread={"order size": "of the order, not of its execution", "type": "the type of the order"},
)  # fmt: skip

FORMATS = (EXECUTIONS,)
