"""Koinly's template of trades: the one file of a tax tool that states fills, with pair, side, amount and total."""

from __future__ import annotations

import polars as pl

from importers.cells import mapped, money, text, word
from importers.contract import Context, Emit, Format, Header, Identity, Named
from importers.declared import claimed
from importers.naming import pair, split_pair
from importers.taxtools.dialects import ISO, utc
from importers.vocabulary import SIDES

TOTAL, AMOUNT = pl.col("total"), pl.col("amount")


def name_pair(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of a pair `BTC-USDT` or `BTC/USDT`; None where it has no separator that parts it."""
    parts = split_pair(symbol, ())
    return pair(*parts) if parts is not None else None


def _unified(symbol: str) -> str | None:
    named = name_pair(symbol)
    return named.instrument if named is not None else None


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the price that the total makes."""
    return rows.with_columns(
        (TOTAL / pl.when(AMOUNT != 0).then(AMOUNT)).alias("price"),
        pl.coalesce("trade_ref", pl.concat_str(pl.col("time").dt.epoch("us"), "pair", "side", AMOUNT.cast(pl.String),
                                               TOTAL.cast(pl.String), separator="|")).alias("trade_key"),
    )  # fmt: skip


KOINLY_TRADES = Format(
    name="koinly.trades",
    family="koinly.trades",
    venue="koinly",
    title="Koinly: template of trades",
    confidence="inferred",
    how="written for Koinly's import by hand or by another program",
    headers=(Header(name="trades", columns=("Koinly Date", "Pair", "Side", "Amount", "Total", "Fee Amount",
                                            "Fee Currency", "Order ID", "Trade ID")),),
    aliases={"Koinly Date": "time"},
    cells={
        "time": utc(*ISO),
        "pair": mapped("pair", _unified, "a pair as BTC-USDT", required=True),
        "side": word("side", SIDES, required=True),
        "amount": money("amount", required=True),
        "total": money("total", required=True),
        "fee": money("fee amount"),
        "fee_asset": text("fee currency"),
        "order_ref": text("order id"),
        "trade_ref": text("trade id"),
    },
    cases={"row": (Emit(table="fills", columns={
        "filled_at": pl.col("time"), "symbol": pl.col("pair"), "instrument": pl.col("pair"), "product": pl.lit("spot"),
        "side": pl.col("side"), "quantity": AMOUNT, "price": pl.col("price"), "fee": pl.col("fee"),
        "fee_asset": pl.col("fee_asset"), "execution": pl.lit("trade"), "trade_ref": pl.col("trade_ref"),
        "order_ref": pl.col("order_ref"), "notional_stated": TOTAL, "style": pl.lit("linear")}),)},
    identity=Identity(kind="id", cells=("pair", "trade_key"), content=("side", "amount", "total")),
    claims=claimed(0, fills=6, fees=6),
    name_instrument=name_pair,
    prepare=_prepare,
)  # fmt: skip
"""Which of its columns Koinly asks for after `Total`, nobody has confirmed."""

FORMATS = (KOINLY_TRADES,)
