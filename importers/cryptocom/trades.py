"""Trades of the Exchange: the site's old export, and the API's `private/get-trades`."""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, money, negated, text, utc_time, word
from importers.contract import Context, Format, Header, Identity
from importers.cryptocom.symbols import assets, name_instrument, traded
from importers.declared import claimed
from importers.shapes import complete, fill
from importers.vocabulary import ROLES, SIDES

WALLETS = {"SPOT": "spot", "MARGIN": "cross_margin", "DERIVATIVES": "unified"}
"""The margin wallet is cross margin; that of derivatives became the account of all."""
CLAIMS = claimed(2, fills=1, fees=1)
PRODUCT = pl.when(pl.col("pot") == "cross_margin").then(pl.lit("margin"))
MODE = pl.when(pl.col("pot") == "cross_margin").then(pl.lit("cross"))


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    pot = pl.col("account") if "account" in rows.columns else pl.lit(context.wallet or "unified")
    return complete(rows.with_columns(pot.alias("pot"), assets(rows["fee_name"]).alias("fee_asset")))


REPORT = Format(
    name="cryptocom.trades",
    family="cryptocom.trades",
    venue="cryptocom",
    title="Crypto.com Exchange: trade history of the site, to about 2022",
    confidence="parser seen",
    how="Exchange, Dashboard, History, Trades, Export, as CSV",
    headers=(Header(name="to about 2022", columns=(
        "account_type", "order_id", "trade_id", "create_time_utc", "symbol", "side", "liquditiy_indicator",
        "traded_price", "traded_quantity", "fee", "fee_currency")),),
    aliases={"liquditiy_indicator": "liquidity", "traded_price": "price", "traded_quantity": "quantity"},
    cells={
        "time": utc_time("create_time_utc", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S"),
        "account": word("account_type", WALLETS, required=True),
        "trade_ref": text("trade_id", required=True),
        "order_ref": text("order_id"),
        "symbol": traded("symbol"),
        "side": word("side", SIDES, required=True),
        "liquidity": word("liquidity", ROLES),
        "price": money("price", required=True),
        "quantity": money("quantity", required=True),
        "fee": money("fee"),
        "fee_name": text("fee_currency"),
    },
    event=pl.lit("row"),
    cases={"row": (fill(product=PRODUCT, margin_mode=MODE),)},
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("trade_ref",), content=("time", "symbol", "side", "quantity", "price", "fee")),
    claims=CLAIMS,
    prepare=_prepare,
    name_instrument=name_instrument,
)  # fmt: skip
"""The header's misspelling is the venue's.  A fee may be in CRO, whatever was traded."""

API = Format(
    name="cryptocom.trades_api",
    family="cryptocom.trades_api",
    venue="cryptocom",
    title="Crypto.com Exchange: trades of the API v1, as JSON or CSV",
    confidence="API documentation",
    how="private/get-trades",
    headers=(Header(name="API", columns=(
        "journal_type", "traded_quantity", "traded_price", "fees", "order_id", "trade_id", "taker_side", "side",
        "instrument_name", "fee_instrument_name", "create_time"),
        optional=("account_id", "event_date", "trade_match_id", "client_oid", "create_time_ns", "transact_time_ns",
                  "match_count", "match_index", "isolation_id", "isolation_type")),),
    cells={
        "time": epoch("create_time"),
        "trade_ref": text("trade_id", required=True),
        "order_ref": text("order_id"),
        "type": word("journal_type", {"TRADING": "trading"}, required=True),
        "symbol": traded("instrument_name"),
        "side": word("side", SIDES, required=True),
        "liquidity": word("taker_side", ROLES),
        "price": money("traded_price", required=True),
        "quantity": money("traded_quantity", required=True),
        "fee": negated(money("fees")),
        "fee_name": text("fee_instrument_name"),
    },
    cases={"row": (fill(),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("trade_ref",), content=("time", "symbol", "side", "quantity", "price", "fee")),
    claims=CLAIMS,
    prepare=_prepare,
    name_instrument=name_instrument,
    account_number="account_id",
    unread=dict.fromkeys(("event_date", "trade_match_id", "client_oid", "create_time_ns", "transact_time_ns",
                          "match_count", "match_index", "isolation_id", "isolation_type"),
                         "another name or time of the trade"),
)  # fmt: skip
"""Fees are printed below zero where they cost."""

FORMATS = (REPORT, API)
