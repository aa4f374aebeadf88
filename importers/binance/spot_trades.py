"""Spot and margin trade history, from the screens, the report centre or the API.

The margin screens export the columns of the spot screen and do not say which account it was: `--wallet cross_margin`
or `--wallet isolated_margin` does.  `Amount` is the base quantity in the variants with `Total`, else the value.
Forced closes look like ordinary fills; the order ids of forced liquidation records tell them.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.cells import clock
from importers.binance.futures_trades import LIQUIDITY, SIDES
from importers.binance.pairs import INSTRUMENT, SYMBOL, glued_fee, glued_trade, pair_units, traded_units
from importers.binance.pots import CROSS, ISOLATED, with_product
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed

IDENTITY = Identity(
    kind="content", cells=("time", "pot", "symbol", "side", "price", "quantity", "fee", "fee_asset")
)  # fmt: skip
CLAIMS = claimed(fills=2, fees=2)
CLAIMS_WITH_IDS = claimed(fills=1, fees=1)

FILL = Emit(table="fills", columns={
    "filled_at": pl.col("time"),
    "symbol": pl.col("symbol"),
    "instrument": INSTRUMENT,
    "product": pl.col("product"),
    "margin_mode": pl.col("margin_mode"),
    "pair": pl.col("pair"),
    "side": pl.col("side"),
    "quantity": pl.col("quantity"),
    "price": pl.col("price"),
    "fee": pl.col("fee"),
    "fee_asset": pl.col("fee_asset"),
    "execution": pl.lit("trade"),
    "notional_stated": pl.col("total"),
    "settle_asset": pl.col("quote"),
    "style": pl.lit("linear"),
})  # fmt: skip
FILL_WITH_IDS = replace(FILL, columns={
    **FILL.columns,
    "liquidity": pl.col("liquidity"),
    "trade_ref": pl.col("trade_ref"),
    "order_ref": pl.col("order_ref"),
})  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with pair, symbol and pot; the screens' rows are spot unless the user says otherwise."""
    parts = [name for name in ("trade", "charge", "units") if name in rows.columns]
    named = rows.unnest(parts).with_columns(SYMBOL.alias("symbol"))
    return with_product(named.with_columns(pl.lit(context.wallet or "spot").alias("pot")), pl.col("symbol"))


TABLE: dict[str, Cell] = {
    "time": clock("time"),
    "units": pair_units("pair", "base_asset", "quote_asset"),
    "side": word("side", SIDES, required=True),
    "price": money("price", thousands=True, required=True),
    "quantity": money("quantity", thousands=True, required=True),
    "total": money("total", thousands=True),
    "fee": money("fee", thousands=True),
    "fee_asset": text("fee_coin"),
}

SPOT_TRADES = Format(
    name="binance.spot_trades",
    family="binance.spot_trades",
    venue="binance",
    title="Binance spot and margin: trade history with the fee's coin in a column (workbooks)",
    confidence="real file seen",
    how="Orders, Trade History, Export; of margin: Orders, Margin Orders, Trade History, with --wallet cross_margin "
    "or --wallet isolated_margin",
    headers=(
        Header(name="to about 2021", confidence="parser seen", columns=(
            "Date(UTC)", "Market", "Type", "Price", "Amount", "Total", "Fee", "Fee Coin")),
        Header(name="report centre, from 2025", columns=(
            "Date(UTC)", "Pair", "Base Asset", "Quote Asset", "Type", "Price", "Amount", "Total", "Fee", "Fee Coin")),
    ),
    aliases={
        "Date(UTC)": "time", "Market": "pair", "Pair": "pair", "Base Asset": "base_asset",
        "Quote Asset": "quote_asset", "Type": "side", "Price": "price", "Amount": "quantity", "Total": "total",
        "Fee": "fee", "Fee Coin": "fee_coin",
    },
    cells=TABLE,
    cases={"row": (FILL,)},
    newest_first=True,
    wallet="spot",
    identity=IDENTITY,
    claims=CLAIMS,
    prepare=_prepare,
)  # fmt: skip
"""No variant has ids: rows are compared as content and counted, real twins are both kept."""

SPOT_TRADES_GLUED = replace(
    SPOT_TRADES,
    name="binance.spot_trades_glued",
    title="Binance spot and margin: trade history with units in the cells",
    headers=(
        Header(name="2021 to 2025", columns=("Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee")),
        Header(name="from late 2025", columns=("Time", "Pair", "Side", "Price", "Executed", "Amount", "Fee")),
    ),
    aliases={
        "Date(UTC)": "time", "Time": "time", "Pair": "pair", "Side": "side", "Price": "price",
        "Executed": "quantity", "Amount": "total", "Fee": "fee",
    },
    cells={
        "time": clock("time"),
        "side": TABLE["side"],
        "price": TABLE["price"],
        "trade": glued_trade("quantity", "total", "pair", "price"),
        "charge": glued_fee("fee", "total", "pair"),
    },
)  # fmt: skip

# ---------------------------------------------------------------------------------------------- with ids


def _prepare_api(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with pair and pot; rows of margin say which, others are spot unless the user says otherwise."""
    return _with_ids(rows, context.wallet or "spot")


def _prepare_portfolio(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _with_ids(rows, context.wallet or CROSS)


def _with_ids(rows: pl.DataFrame, wallet: str) -> pl.DataFrame:
    pot = pl.coalesce("is_isolated", pl.lit(wallet))
    named = rows.unnest("units").with_columns(
        pot.alias("pot"), pl.col("trade_ref").cast(pl.Int64, strict=False).alias("sequence")
    )
    return with_product(named, pl.col("symbol"))


TRADE_KEYS = (
    "symbol", "id", "orderId", "price", "qty", "commission", "commissionAsset", "time", "isBuyer", "isMaker",
    "isBestMatch",
)  # fmt: skip

SPOT_TRADES_API = Format(
    name="binance.spot_trades_api",
    family="binance.spot_trades_api",
    venue="binance",
    title="Binance spot and margin: trades of the API with ids, as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/myTrades, /sapi/v1/margin/myTrades",
    headers=(
        Header(name="spot", columns=(*TRADE_KEYS, "quoteQty"), optional=("orderListId",)),
        Header(name="margin", columns=(*TRADE_KEYS, "isIsolated"), optional=("quoteQty",)),
    ),
    aliases={
        "orderId": "order_id", "qty": "quantity", "quoteQty": "total", "commission": "fee",
        "commissionAsset": "fee_coin", "isBuyer": "is_buyer", "isMaker": "is_maker", "isIsolated": "is_isolated",
    },
    cells={
        "time": epoch("time"),
        "symbol": text("symbol", required=True),
        "units": traded_units("symbol", "fee_coin", "is_buyer"),
        "side": word("is_buyer", {"true": "buy", "false": "sell"}, required=True),
        "price": money("price", required=True),
        "quantity": money("quantity", required=True),
        "total": money("total"),
        "fee": money("fee"),
        "fee_asset": text("fee_coin"),
        "liquidity": word("is_maker", LIQUIDITY),
        "is_isolated": word("is_isolated", {"true": ISOLATED, "false": CROSS}),
        "trade_ref": whole_id("id", required=True),
        "order_ref": whole_id("order_id"),
    },
    cases={"row": (FILL_WITH_IDS,)},
    sequence="sequence",
    wallet=pl.col("pot"),
    identity=Identity(
        kind="id", cells=("symbol", "pot", "trade_ref", "side"), content=("price", "quantity", "fee", "fee_asset")
    ),
    claims=CLAIMS_WITH_IDS,
    prepare=_prepare_api,
    unread={
        "isbestmatch": "whether the book had no better price",
        "orderlistid": "the list of orders it was part of",
    },
)  # fmt: skip
"""A trade id is the symbol's; a trade with oneself has two rows, one a side."""

PORTFOLIO_TRADES_API = replace(
    SPOT_TRADES_API,
    name="binance.portfolio_trades_api",
    title="Binance portfolio margin: trades of the API in its cross margin, as JSON or CSV",
    how="/papi/v1/margin/myTrades",
    headers=(Header(name="portfolio margin", columns=TRADE_KEYS),),
    prepare=_prepare_portfolio,
)
"""Its rows name neither the value nor whether they are isolated: there is only cross."""

FORMATS = (SPOT_TRADES, SPOT_TRADES_GLUED, SPOT_TRADES_API, PORTFOLIO_TRADES_API)
