"""Markets and leverage tiers: the sizes of contracts and what margin they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from importers.ccxt.cells import NAMES, VENUE, VENUE_ALIASES, instant, venue
from importers.ccxt.numbers import computed, number
from importers.ccxt.symbols import name_instrument
from importers.cells import EARLIEST, integer, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from schemas.types import INSTANT

BOOLEAN = {"true": "yes", "false": "no"}
TYPES = {"spot": "spot", "margin": "spot", "swap": "contract", "future": "contract", "option": "contract"}
QUANTO = (pl.col("settle") != pl.col("quote")) & (pl.col("settle") != pl.col("base"))
STYLE = (
    pl.when(QUANTO).then(pl.lit("quanto")).when(pl.col("is_inverse") == "yes").then(pl.lit("inverse"))
    .otherwise(pl.lit("linear"))
)  # fmt: skip
PRODUCT = pl.col("type_word").replace_strict(
    {"swap": "perpetual", "future": "future", "option": "option"}, default=None, return_dtype=pl.String)  # fmt: skip


def _always(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the earliest instant: a dump of terms names none, they hold always."""
    return rows.with_columns(
        EARLIEST.cast(INSTANT).alias("at"), pl.lit(context.wallet or "unified").alias("wallet_of_row"))  # fmt: skip


MARKETS = Format(
    name="ccxt.markets",
    family="ccxt.markets",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: markets, for the sizes of contracts",
    confidence="API documentation",
    how="what fetchMarkets returns (or exchange.markets), saved as JSON, JSON lines or CSV",
    headers=(Header(
        name="objects",
        columns=("id", "symbol", "base", "quote", "settle", "type", "linear", "inverse", "contractSize"),
        optional=("key", "info", "lowercaseId", "uppercaseId", "baseId", "quoteId", "settleId", "spot", "margin",
                  "swap", "future", "option", "index", "active", "contract", "subType", "taker", "maker", "expiry",
                  "expiryDatetime", "strike", "optionType", "precision", "limits", "marginModes", "created",
                  "percentage", "tierBased", "feeSide", "quanto", "tiers", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={
        "venue": venue(), "symbol": text("symbol", required=True), "base": text("base", required=True),
        "quote": text("quote", required=True), "settle": text("settle"),
        "kind": word("type", TYPES, required=True),
        "type_word": text("type"),
        "is_inverse": word("inverse", BOOLEAN),
        "multiplier": number("contractsize"),
        "expires_at": instant("expiry", "expirydatetime"),
    },
    event=pl.when(pl.col("kind") == "spot").then(pl.lit("spot"))
    .when(pl.col("multiplier") > 0).then(pl.lit("contract"))
    .when(pl.col("multiplier").is_null()).then(pl.lit("sizeless")),
    event_columns=("type", "contractsize"),
    cases={"contract": (Emit(table="instruments", columns={
        "symbol": pl.col("symbol"), "instrument": pl.col("symbol"), "product": PRODUCT, "base": pl.col("base"),
        "quote": pl.col("quote"), "settle": pl.col("settle"), "multiplier": pl.col("multiplier"), "style": STYLE,
        "expires_at": pl.col("expires_at"), "source": pl.lit("markets of a ccxt dump")}),)},
    ignores={
        "spot": "a pair of assets is no contract",
        "sizeless": "states no contract size",
    },
    time="at",
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("symbol", "multiplier")),
    name_instrument=name_instrument,
    prepare=_always,
    unread=dict.fromkeys(
        ("key", "id", "lowercaseid", "uppercaseid", "baseid", "quoteid", "settleid", "spot", "margin", "swap", "future",
         "option", "index", "active", "contract", "subtype", "linear", "taker", "maker", "strike", "optiontype",
         "precision", "limits", "marginmodes", "created", "percentage", "tierbased", "feeside", "quanto", "tiers",
         "info"), "no term that the book computes with"),
)  # fmt: skip


def _has_rates(rows: Sequence[Mapping[str, str]]) -> bool:
    return any(row.get("maintenancemarginrate") for row in rows)


TIERS = Format(
    name="ccxt.leverage_tiers",
    family="ccxt.leverage_tiers",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: leverage tiers",
    confidence="API documentation",
    how="what fetchLeverageTiers (an object by symbol) or fetchMarketLeverageTiers return, as JSON or CSV",
    headers=(
        Header(name="by symbol", columns=("key", "tier", "minNotional", "maxNotional", "maintenanceMarginRate",
               "maxLeverage"), optional=("symbol", "currency", "info", *NAMES)),
        Header(name="with symbol", columns=("symbol", "tier", "minNotional", "maxNotional", "maintenanceMarginRate",
               "maxLeverage"), optional=("currency", "info", *NAMES)),
    ),
    aliases=VENUE_ALIASES,
    cells={
        "venue": venue(), "by_key": text("key"), "by_row": text("symbol"),
        "tier": integer("tier", required=True), "floor": computed("minnotional"), "cap": computed("maxnotional"),
        "rate": computed("maintenancemarginrate"), "leverage": computed("maxleverage"),
    },
    event=pl.when(pl.coalesce("by_key", "by_row").is_not_null() & pl.col("rate").is_not_null()).then(pl.lit("tier")),
    event_columns=("key", "symbol", "tier", "maintenancemarginrate"),
    cases={"tier": (Emit(table="margin_tiers", columns={
        "symbol": pl.col("symbol"), "tier": pl.col("tier"), "floor": pl.col("floor").fill_null(0),
        "cap": pl.when(pl.col("cap") > 0).then(pl.col("cap")), "maintenance_rate": pl.col("rate"),
        "max_leverage": pl.col("leverage"), "source": pl.lit("leverage tiers of a ccxt dump")}),)},
    time="at",
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("symbol", "tier", "floor", "cap", "rate", "leverage")),
    prepare=lambda rows, context: _always(
        rows.with_columns(pl.coalesce("by_key", "by_row").alias("symbol")), context),
    unread={"currency": "of the notional: the settle asset", "info": "the raw reply"},
    fits=_has_rates,
)  # fmt: skip

FORMATS = (MARKETS, TIERS)
