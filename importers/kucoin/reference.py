"""What the venue publishes of its contracts: sizes, and the tiers of their margin."""

from __future__ import annotations

import polars as pl

from importers.cells import EARLIEST, epoch, integer, money, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import unread
from importers.kucoin.symbols import asset, contract, name_contract
from importers.naming import style_of
from schemas.types import INSTANT

SOURCE = "the venue's API"
SIZE = pl.col("multiplier")
PRODUCTS = {"FFWCSX": "perpetual", "FFICSX": "future"}


def _always(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows at the earliest instant: the answers say no date from which they hold."""
    return rows.with_columns(at=EARLIEST.cast(INSTANT))


def _with_style(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    terms = rows.select("base", "quote", "settle").iter_rows()
    style = pl.Series("style", [style_of(*named) for named in terms], dtype=pl.String)
    return _always(rows, context).with_columns(style)


CONTRACTS = Format(
    name="kucoin.contracts",
    family="kucoin.contracts",
    venue="kucoin",
    title="KuCoin futures: terms of contracts, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/contracts/active",
    headers=(Header(name="API", columns=(
        "symbol", "rootSymbol", "type", "baseCurrency", "quoteCurrency", "settleCurrency", "multiplier", "isInverse"),
        optional=("expireDate",)),),
    aliases={
        "type": "type", "baseCurrency": "base_currency", "quoteCurrency": "quote_currency",
        "settleCurrency": "settle_currency", "expireDate": "expire_date",
    },
    cells={
        "symbol": text("symbol", required=True),
        "product": word("type", PRODUCTS, required=True),
        "base": asset("base_currency"),
        "quote": asset("quote_currency"),
        "settle": asset("settle_currency"),
        "multiplier": money("multiplier", required=True),
        "expires_at": epoch("expire_date", required=False),
    },
    event=pl.when(SIZE != 0).then(pl.lit("contract")),
    event_columns=("symbol", "multiplier"),
    cases={"contract": (Emit(table="instruments", columns={
        "symbol": pl.col("symbol"), "product": pl.col("product"), "base": pl.col("base"), "quote": pl.col("quote"),
        "settle": pl.col("settle"), "multiplier": SIZE.abs(), "style": pl.col("style"),
        "expires_at": pl.col("expires_at"), "source": pl.lit(SOURCE)}),)},
    time="at",
    wallet="usdm",
    identity=Identity(kind="content", cells=("symbol", "product", "multiplier", "expires_at")),
    name_instrument=name_contract,
    prepare=_with_style,
    unread=dict.fromkeys((name.casefold() for name in (
        "rootSymbol", "isInverse", "isQuanto", "firstOpenDate", "settleDate", "maxOrderQty", "marketMaxOrderQty",
        "maxPrice", "lotSize", "tickSize", "indexPriceTickSize", "initialMargin", "maintainMargin", "maxRiskLimit",
        "minRiskLimit", "riskStep", "makerFeeRate", "takerFeeRate", "takerFixFee", "makerFixFee", "settlementFee",
        "isDeleverage", "markMethod", "fairMethod", "fundingBaseSymbol", "fundingQuoteSymbol", "fundingRateSymbol",
        "indexSymbol", "settlementSymbol", "status", "fundingFeeRate", "predictedFundingFeeRate",
        "fundingRateGranularity", "openInterest", "turnoverOf24h", "volumeOf24h", "markPrice", "indexPrice",
        "lastTradePrice", "nextFundingRateTime", "maxLeverage", "sourceExchanges", "premiumsSymbol1M",
        "premiumsSymbol8H", "fundingBaseSymbol1M", "fundingQuoteSymbol1M", "lowPrice", "highPrice", "priceChgPct",
        "priceChg", "k", "m", "f", "mmrLimit", "mmrLevConstant", "supportCross", "buyLimit", "sellLimit")),
        "of the market, or not needed for results"),
)  # fmt: skip
"""The multiplier of an inverse contract is printed below zero: -1 is one dollar a lot."""

RISK_LIMITS = Format(
    name="kucoin.risk_limits",
    family="kucoin.risk_limits",
    venue="kucoin",
    title="KuCoin futures: margin tiers of contracts, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/contracts/risk-limit/{symbol}",
    headers=(Header(name="API", columns=(
        "symbol", "level", "maxRiskLimit", "minRiskLimit", "maxLeverage", "initialMargin", "maintainMargin")),),
    cells={
        "symbol": contract("symbol"),
        "tier": integer("level", required=True),
        "cap": money("maxrisklimit", required=True),
        "floor": money("minrisklimit", required=True),
        "leverage": money("maxleverage"),
        "initial": money("initialmargin"),
        "maintenance": money("maintainmargin", required=True),
    },
    cases={"row": (Emit(table="margin_tiers", columns={
        "symbol": pl.col("symbol"), "tier": pl.col("tier"), "floor": pl.col("floor"), "cap": pl.col("cap"),
        "initial_rate": pl.col("initial"), "maintenance_rate": pl.col("maintenance"),
        "max_leverage": pl.col("leverage"), "source": pl.lit(SOURCE)}),)},
    time="at",
    wallet="usdm",
    identity=Identity(kind="content", cells=("symbol", "tier", "floor", "cap", "maintenance")),
    prepare=_always,
    unread=unread({"id": "of the answer"}),
)  # fmt: skip
"""Limits are the value of a position in its settle asset."""

FORMATS = (CONTRACTS, RISK_LIMITS)
