"""What the venue publishes of its contracts: margin tiers, collateral ratios, terms; as JSON or CSV of the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount
from importers.bybit.dialect import contract
from importers.bybit.symbols import name_instrument
from importers.cells import EARLIEST, epoch, exact_decimals, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import spelled
from schemas.types import INSTANT, MONEY

SOURCE = "the venue's API"


def _always(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows at the earliest instant: the answers say no date from which they hold."""
    return rows.with_columns(at=EARLIEST.cast(INSTANT))


# ----------------------------------------------------------------------------------------- margin tiers

MARGIN_OF_LEVERAGE = pl.col("initial").cast(pl.Float64) * pl.col("leverage").cast(pl.Float64)
"""The initial margin rate is one over the highest leverage: the product is 1, or 100 where rates are in percent."""


def _tiers(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with ordinal and floor of their tier, which begins where the one below it ends."""
    unit = pl.when(pl.col("event") == "percent").then(pl.lit("0.01")).otherwise(pl.lit("1")).cast(MONEY)
    below = pl.col("cap").shift(1).over("symbol", order_by="cap")
    return _always(rows, context).with_columns(
        tier=pl.col("cap").rank("ordinal").over("symbol").cast(pl.Int64),
        floor=below.fill_null(0),
        initial=pl.col("initial") * unit,
        maintenance=pl.col("maintenance") * unit,
    )


TIER = Emit(table="margin_tiers", columns={
    "symbol": pl.col("symbol"), "tier": pl.col("tier"), "floor": pl.col("floor"), "cap": pl.col("cap"),
    "initial_rate": pl.col("initial"), "maintenance_rate": pl.col("maintenance"),
    "maintenance_amount": pl.col("deduction"), "max_leverage": pl.col("leverage"), "source": pl.lit(SOURCE),
})  # fmt: skip

RISK_LIMITS = Format(
    name="bybit.risk_limits",
    family="bybit.risk_limits",
    venue="bybit",
    title="Bybit: margin tiers of contracts, as JSON or CSV",
    confidence="API documentation",
    how="/v5/market/risk-limit",
    headers=(Header(name="API", columns=(
        "id", "symbol", "riskLimitValue", "maintenanceMargin", "initialMargin", "isLowestRisk", "maxLeverage"),
        optional=("mmDeduction",)),),
    cells={
        "symbol": contract("symbol"),
        "cap": amount("risklimitvalue", required=True),
        "maintenance": amount("maintenancemargin", required=True),
        "initial": amount("initialmargin", required=True),
        "leverage": amount("maxleverage", required=True),
        "deduction": amount("mmdeduction"),
    },
    event=pl.when(MARGIN_OF_LEVERAGE.is_between(0.5, 2)).then(pl.lit("fraction"))
    .when(MARGIN_OF_LEVERAGE.is_between(50, 200)).then(pl.lit("percent")),
    event_columns=("initialmargin", "maxleverage"),
    cases={"fraction": (TIER,), "percent": (TIER,)},
    time="at",
    wallet="unified",
    identity=Identity(kind="content", cells=("symbol", "cap", "maintenance", "initial", "leverage", "deduction")),
    prepare=_tiers,
    unread=dict.fromkeys(("id", "islowestrisk", "category", "section"), "the tiers are in the order of their limits"),
)  # fmt: skip
"""A limit is the value of a position in its settle asset.  Rates are fractions; the documentation's own example has
percent.  An answer holds all tiers of a symbol or none."""

# ------------------------------------------------------------------------------------ collateral ratios

RATIO_TIERS = 20
"""Tiers of one coin that are read; a coin with more is rejected."""
NO_TIER = "-1"


def _of_tier(place: int, key: str) -> Cell:
    """Return a number of one tier in a list of tiers as JSON; -1 where there is no such tier, or no end of it."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = columns[0].str.json_path_match(f"$[{place}].{key}").replace("", None).fill_null(NO_TIER)
        return exact_decimals(found.zip_with(columns[0].is_not_null(), columns[0]))

    return Cell(columns=("collateralratiolist",), read=read, required=True,
                expected='tiers as [{"minQty":"0","maxQty":"10","collateralRatio":"0.9"}]')  # fmt: skip


def _ratio(place: int) -> Emit:
    cap = pl.col(f"cap_{place}")
    return Emit(table="collateral_ratios", where=pl.col(f"ratio_{place}") >= 0, columns={
        "asset": pl.col("asset"), "floor": pl.col(f"floor_{place}"), "cap": pl.when(cap >= 0).then(cap),
        "ratio": pl.col(f"ratio_{place}"), "quote": pl.col("asset"), "source": pl.lit(SOURCE),
    })  # fmt: skip


HAS_TIERS = (pl.col("ratio_0") >= 0) & (pl.col(f"ratio_{RATIO_TIERS}") < 0)

COLLATERAL_RATIOS = Format(
    name="bybit.collateral_ratios",
    family="bybit.collateral_ratios",
    venue="bybit",
    title="Bybit: collateral ratios of coins by amount, as JSON or CSV",
    confidence="API documentation",
    how="/v5/spot-margin-trade/collateral",
    headers=(Header(name="API", columns=("currency", "collateralRatioList")),),
    cells={
        "asset": text("currency", required=True),
        "tiers": text("collateralratiolist", required=True),
        **{
            f"{name}_{place}": _of_tier(place, key)
            for place in range(RATIO_TIERS + 1)
            for name, key in (("floor", "minQty"), ("cap", "maxQty"), ("ratio", "collateralRatio"))
        },
    },
    event=pl.when(HAS_TIERS).then(pl.lit("ratio")),
    event_columns=("currency", "collateralratiolist"),
    cases={"ratio": tuple(_ratio(place) for place in range(RATIO_TIERS))},
    time="at",
    wallet="unified",
    identity=Identity(kind="content", cells=("asset", "tiers")),
    prepare=_always,
)
"""Limits are amounts of the coin itself."""

# ------------------------------------------------------------------------------------------------ terms

CONTRACTS = {
    "LinearPerpetual": "perpetual", "InversePerpetual": "perpetual", "LinearFutures": "future",
    "InverseFutures": "future",
}  # fmt: skip
STYLES = {"LinearPerpetual": "linear", "InversePerpetual": "inverse", "LinearFutures": "linear",
          "InverseFutures": "inverse"}  # fmt: skip
INSTRUMENT_UNREAD = (
    "symbolId", "status", "symbolType", "deliveryFeeRate", "priceScale", "leverageFilter", "priceFilter",
    "lotSizeFilter", "unifiedMarginTrade", "fundingInterval", "copyTrading", "upperFundingRate", "lowerFundingRate",
    "displayName", "fullName", "marketRegion", "underlyingTicker", "forbidUplWithdrawal", "riskParameters",
    "isPreListing", "preListingInfo", "innovation", "xstockMultiplier", "marginTrading", "stTag", "skipCallAuction",
    "isPublicRpi", "myRpiPermission", "category",
)  # fmt: skip


def _epoch_or_none(column: str) -> Cell:
    return replace(epoch(column, required=False), empty_words=("0",))


INSTRUMENTS = Format(
    name="bybit.instruments",
    family="bybit.instruments",
    venue="bybit",
    title="Bybit: terms of contracts, as JSON or CSV",
    confidence="API documentation",
    how="/v5/market/instruments-info",
    headers=(
        Header(name="contracts", columns=(
            "symbol", "contractType", "status", "baseCoin", "quoteCoin", "launchTime", "deliveryTime", "settleCoin")),
        Header(name="options", columns=(
            "symbol", "optionsType", "status", "baseCoin", "quoteCoin", "settleCoin", "launchTime", "deliveryTime")),
        Header(name="spot pairs", columns=(
            "symbol", "baseCoin", "quoteCoin", "status", "marginTrading", "lotSizeFilter")),
    ),
    cells={
        "symbol": text("symbol", required=True),
        "product": word("contracttype", CONTRACTS),
        "style": word("contracttype", STYLES),
        "right": word("optionstype", {"Call": "option", "Put": "option"}),
        "base": text("basecoin", required=True),
        "quote": text("quotecoin", required=True),
        "settle": text("settlecoin"),
        "valid_from": _epoch_or_none("launchtime"),
        "delivered_at": _epoch_or_none("deliverytime"),
    },
    event=pl.when(pl.coalesce("product", "right").is_not_null() & pl.col("settle").is_not_null())
    .then(pl.lit("contract"))
    .when(pl.coalesce("product", "right").is_null()).then(pl.lit("pair")),
    event_columns=("symbol", "settlecoin"),
    cases={"contract": (Emit(table="instruments", columns={
        "valid_from": pl.col("valid_from"), "symbol": pl.col("symbol"),
        "product": pl.coalesce("product", "right"), "base": pl.col("base"), "quote": pl.col("quote"),
        "settle": pl.col("settle"), "multiplier": pl.lit(1), "style": pl.coalesce("style", pl.lit("linear")),
        "expires_at": pl.when(pl.coalesce("product", "right") != "perpetual").then("delivered_at"),
        "source": pl.lit(SOURCE),
    }),)},
    ignores={"pair": "a spot pair: quantities are in the base, no contract"},
    time="at",
    wallet="unified",
    identity=Identity(kind="content", cells=("symbol", "valid_from", "product", "style", "settle", "delivered_at")),
    name_instrument=name_instrument,
    prepare=_always,
    unread=dict.fromkeys((name.casefold() for name in INSTRUMENT_UNREAD), "not needed for results"),
)  # fmt: skip
"""Quantities are in the base coin, of inverse contracts in USD: one contract is one of them."""

FORMATS = tuple(map(spelled, (RISK_LIMITS, COLLATERAL_RATIOS, INSTRUMENTS)))
