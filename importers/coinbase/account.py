"""The account report of Advanced, Pro and Exchange: every change of a balance, with the balance after it.

The legs of a trade are rows of their own (`match`, `fee`) that share instant, trade id and order: the base's row makes
the fill.  Of the two units the quote is the one that comes first in `QUOTES`.  Balances run per unit and portfolio:
where a file holds several portfolios, none of them is the wallet's, and they are left out.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, word, zoned_time
from importers.coinbase.symbols import name_instrument
from importers.contract import Context, Format, Header, Identity
from importers.declared import claimed
from importers.shapes import LOG, complete, fill, moved

QUOTES = ("USD", "EUR", "GBP", "USDC", "USDT", "DAI", "BTC", "ETH")
CASES = {
    "deposit": LOG["deposit"],
    "withdrawal": LOG["withdrawal"],
    "match": (
        moved("trade"),
        replace(fill(product=pl.lit("spot"), trade_ref=pl.col("trade_id")), where=pl.col("is_base")),
    ),
    "fee": (moved("trading_fee"),),
    "conversion": LOG["conversion"],
    "rebate": LOG["rebate"],
}
TYPE, TRADE, AMOUNT = pl.col("type"), pl.col("trade_id"), pl.col("amount")
LEGS = ("time", "order_ref", "trade_id")


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with one name for all legs of a trade (a trade id is unique per product only), and its fill."""
    several = rows["portfolio"].n_unique() > 1
    named = pl.when(pl.col("order_ref").is_null()).then(TRADE).otherwise(pl.concat_str("order_ref", pl.lit(":"), TRADE))
    balance = pl.lit(None) if several else pl.col("stated_balance")
    return complete(_with_fills(rows).with_columns(
        pl.when(TRADE.is_not_null()).then(named).alias("trade_ref"),
        balance.cast(rows.schema["stated_balance"]).alias("balance"),
        pl.coalesce("transaction_ref", "trade_id").alias("group_ref"),
        pl.when(TYPE == "conversion").then(pl.lit("stablecoin")).alias("kind"),
    ))  # fmt: skip


def _with_fills(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with what a trade's legs make: the fill stands on the base's row."""
    rank = pl.col("asset").replace_strict({code: place for place, code in enumerate(QUOTES)}, default=len(QUOTES),
                                          return_dtype=pl.Int64)  # fmt: skip
    is_leg, is_fee = (TYPE == "match") & TRADE.is_not_null(), TYPE == "fee"
    ranked = rows.with_columns(pl.when(is_leg).then(rank).alias("rank"))
    quote = pl.when(pl.col("rank") == pl.col("rank").min().over(LEGS))
    is_pair = pl.when(is_leg).then("asset").drop_nulls().n_unique().over(LEGS) == 2
    told = ranked.with_columns(
        (is_leg & is_pair & (pl.col("rank") > pl.col("rank").min().over(LEGS))).fill_null(False).alias("is_base"),
        quote.then("asset").drop_nulls().first().over(LEGS).alias("quote"),
        quote.then(AMOUNT).sum().over(LEGS).abs().alias("value"),
        pl.when(is_fee).then(-AMOUNT).sum().over(LEGS).alias("fee"),
        pl.when(is_fee).then("asset").drop_nulls().first().over(LEGS).alias("fee_asset"),
        AMOUNT.abs().alias("quantity"),
        pl.when(AMOUNT > 0).then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
    )
    is_base = pl.when("is_base")
    return told.with_columns(
        is_base.then(pl.concat_str("asset", pl.lit("-"), "quote")).alias("symbol"),
        (pl.col("value") / is_base.then(pl.when(AMOUNT != 0).then(AMOUNT.abs()))).alias("price"),
        is_base.then(pl.when(pl.col("fee_asset").is_not_null()).then("fee")).alias("fee"),
    )


COLUMNS = ("type", "time", "amount", "balance", "amount/balance unit", "transfer id", "trade id", "order id")
ACCOUNT = Format(
    name="coinbase.account",
    family="coinbase.account",
    venue="coinbase",
    title="Coinbase Advanced, Pro and Exchange: account report with running balances",
    confidence="real file seen",
    how="Statements, Account report, per portfolio, all accounts, as CSV (Pro and Exchange: Reports, Account)",
    headers=(
        Header(name="with portfolio", columns=("portfolio", *COLUMNS)),
        Header(name="without portfolio", columns=COLUMNS, confidence="parser seen"),
        Header(name="capitals", confidence="parser seen", columns=(
            "Portfolio", "Type", "Timestamp", "Amount", "Balance", "Amount/balance unit", "Transfer id", "Trade id",
            "Order id")),
    ),
    aliases={
        "timestamp": "time", "amount/balance unit": "unit", "transfer id": "transfer_id", "trade id": "trade_id",
        "order id": "order_id",
    },
    cells={
        "time": zoned_time("time"),
        "portfolio": text("portfolio"),
        "type": word("type", {name: name for name in CASES}, required=True),
        "amount": money("amount", required=True),
        "stated_balance": money("balance", required=True),
        "asset": text("unit", required=True),
        "transaction_ref": text("transfer_id"),
        "trade_id": text("trade_id"),
        "order_ref": text("order_id"),
    },
    event=pl.col("type"),
    event_columns=("type",),
    cases=CASES,
    wallet="spot",
    identity=Identity(
        kind="content",
        cells=("asset", "time", "type", "amount", "stated_balance", "transaction_ref", "trade_id", "order_ref"),
    ),
    claims=claimed(2, ledger=1, fills=2, fees=2),
    prepare=_prepare,
    name_instrument=name_instrument,
)  # fmt: skip
"""The portfolio is no part of the identity, since older files have none."""

FORMATS = (ACCOUNT,)
