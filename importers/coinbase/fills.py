"""Fills: the report of Advanced, Pro and Exchange, and the fills of the Advanced API.

The report's `total` is the cash that moved, the fee included: below zero for a buy.  Trade ids are unique per product
only, and both sides of a trade with oneself have the same one.  A reversal of the API undoes a fill: it is the
opposite fill, and gives its commission back.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, word, zoned_time
from importers.coinbase.symbols import name_instrument, product_id, with_terms
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.shapes import complete, fill
from importers.vocabulary import ROLES, SIDES

SIDE, SIZE, PRICE, TOTAL = pl.col("side"), pl.col("size"), pl.col("price"), pl.col("total")
IS_BUY = SIDE == "buy"
CLAIMS = claimed(2, fills=1, fees=1)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what they cost or brought before the fee."""
    value = pl.when(IS_BUY).then(-TOTAL - pl.col("fee")).otherwise(TOTAL + pl.col("fee"))
    return complete(rows.with_columns(value.alias("value"), pl.col("unit").alias("fee_asset")))


REPORT_COLUMNS = (
    "trade id", "product", "side", "created at", "size", "size unit", "price", "fee", "total", "price/fee/total unit",
)  # fmt: skip
REPORT = Format(
    name="coinbase.fills",
    family="coinbase.fills",
    venue="coinbase",
    title="Coinbase Advanced, Pro and Exchange: fills report",
    confidence="real file seen",
    how="Statements, Fills report, per portfolio, as CSV (Pro and Exchange: Reports, Fills)",
    headers=(
        Header(name="with portfolio", columns=("portfolio", *REPORT_COLUMNS)),
        Header(name="without portfolio", columns=REPORT_COLUMNS, confidence="parser seen"),
    ),
    aliases={"trade id": "trade_id", "created at": "time", "price/fee/total unit": "unit", "size unit": "size_unit"},
    cells={
        "time": zoned_time("time"),
        "trade_ref": text("trade_id", required=True),
        "symbol": product_id("product", pairs_only=True),
        "side": word("side", SIDES, required=True),
        "quantity": money("size", required=True),
        "price": money("price", required=True),
        "fee": money("fee", required=True),
        "total": money("total", required=True),
        "unit": text("unit", required=True),
    },
    cases={"row": (fill(product=pl.lit("spot")),)},
    wallet="spot",
    identity=Identity(
        kind="id", cells=("symbol", "trade_ref", "side"), content=("time", "quantity", "price", "fee", "total")
    ),
    claims=CLAIMS,
    prepare=_prepare,
    name_instrument=name_instrument,
    unread={
        "portfolio": "portfolios are told apart by the account they are imported to",
        "size_unit": "the base of the product",
    },
)

# ----------------------------------------------------------------------------------------------------- API

TYPES = dict.fromkeys(("FILL", "CORRECTION", "SYNTHETIC"), "fill") | {"REVERSAL": "reversal"}
"""Corrections and synthetic fills are adjusted fills, as the API's documentation has it."""
TURNED = pl.when(IS_BUY).then(pl.lit("sell")).otherwise(pl.lit("buy"))
IN_QUOTE = pl.col("in_quote") == "true"


def _prepare_api(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the size in the base (of futures: contracts), and the wallet of their product."""
    known = with_terms(rows).with_columns(IN_QUOTE.fill_null(False).alias("by_value"))
    divided = (SIZE / pl.when(PRICE != 0).then(PRICE)).alias("quantity")
    return complete(known.with_columns(
        pl.when("by_value").then(divided).otherwise(SIZE).alias("quantity"),
        pl.when("by_value").then(SIZE).alias("value"),
        pl.col("settle").alias("fee_asset"),
    ))  # fmt: skip


def _api_fill(side: pl.Expr, fee: pl.Expr) -> Emit:
    return fill(side=side, fee=fee, fee_asset=pl.when(fee.is_not_null()).then("fee_asset"))


API = Format(
    name="coinbase.advanced_fills",
    family="coinbase.advanced_fills",
    venue="coinbase",
    title="Coinbase Advanced: fills of the API (pairs, US futures, international perpetuals), as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/brokerage/orders/historical/fills",
    headers=(Header(name="API", columns=(
        "entry_id", "trade_id", "order_id", "trade_time", "trade_type", "price", "size", "commission", "product_id",
        "size_in_quote", "side"), optional=("sequence_timestamp", "liquidity_indicator", "user_id",
                                            "retail_portfolio_id")),),
    cells={
        "time": zoned_time("trade_time"),
        "entry": text("entry_id", required=True),
        "trade_ref": text("trade_id", required=True),
        "order_ref": text("order_id"),
        "type": word("trade_type", TYPES, required=True),
        "symbol": product_id("product_id"),
        "side": word("side", SIDES, required=True),
        "size": money("size", required=True),
        "in_quote": word("size_in_quote", {"true": "true", "false": "false"}),
        "price": money("price", required=True),
        "fee": money("commission"),
        "liquidity": replace(word("liquidity_indicator", ROLES), empty_words=("unknown_liquidity_indicator",)),
    },
    event=pl.col("type"),
    event_columns=("trade_type",),
    cases={
        "fill": (_api_fill(SIDE, pl.col("fee")),),
        "reversal": (_api_fill(TURNED, -pl.col("fee")),),
    },
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(
        kind="id", cells=("entry",), content=("time", "type", "symbol", "side", "size", "price", "fee")
    ),
    claims=CLAIMS,
    prepare=_prepare_api,
    name_instrument=name_instrument,
    unread={
        "sequence_timestamp": "when it was published",
        "user_id": "whose it is",
        "retail_portfolio_id": "portfolios are told apart by the account they are imported to",
    },
)  # fmt: skip
"""The commission is in the quote: what the product is settled in.  A size in the quote is divided by the price, and
the fill keeps it as its value, which is exact."""

FORMATS = (REPORT, API)
