"""Snapshots of an API archive (positions, margin, wallet) and the terms of the contracts.

The wallet summary of the same archive has no time at all, so it cannot be a stated result; it is not read.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.bitmex.terms import ISO_TIMES, currency, name_instrument, unit, with_terms
from importers.cells import integer, money, text, translate, utc_time, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import spelled
from importers.naming import asset_of

FLAGS = {"true": "yes", "false": "no"}
TYPES = {
    "FFWCSX": "perpetual", "FFWCSF": "perpetual", "FFCCSX": "future", "FFICSX": "future", "FXXXS": "future",
    "FMXXS": "future", "OCECCS": "option", "OPECCS": "option", "IFXXXP": "spot", "MRBXXX": "index", "MRCXXX": "index",
    "MRFXXX": "index", "MRRXXX": "index", "MRIXXX": "index",
}  # fmt: skip
"""Classification codes of ISO 10962: F futures (FFW: swaps), O options, I spot, M others (MR: indices)."""


def _asset(column: str) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        names = columns[0].unique().drop_nulls().to_list()
        return translate(columns[0], {name.strip().casefold(): asset_of(name.strip()) for name in names})

    return Cell(columns=(column,), read=read, expected="an asset")


def _named(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    terms = with_terms(stored.select("source_row", "symbol", "settle"), settle="settle")
    return stored.with_columns(terms["instrument"])


POSITION_COLUMNS = (
    "symbol", "currency", "currentQty", "avgEntryPrice", "liquidationPrice", "bankruptPrice", "timestamp",
)  # fmt: skip
POSITION_UNREAD = (
    "underlying", "quoteCurrency", "commission", "initMarginReq", "maintMarginReq", "riskLimit", "leverage",
    "deleveragePercentile", "rebalancedPnl", "prevRealisedPnl", "prevUnrealisedPnl", "openingQty", "openOrderBuyQty",
    "openOrderBuyCost", "openOrderBuyPremium", "openOrderSellQty", "openOrderSellCost", "openOrderSellPremium",
    "currentCost", "currentComm", "realisedCost", "unrealisedCost", "grossOpenPremium", "isOpen", "markValue",
    "riskValue", "homeNotional", "foreignNotional", "posState", "posCost", "posCross", "posComm", "posLoss",
    "posMargin", "posMaint", "posInit", "posAllowance", "initMargin", "maintMargin", "realisedPnl", "realisedGrossPnl",
    "realisedTax", "unrealisedPnlPcnt", "unrealisedRoePcnt", "unrealisedGrossPnl", "unrealisedTax", "avgCostPrice",
    "breakEvenPrice", "marginCallPrice", "openingTimestamp", "openingCost", "openingComm", "execQty", "execCost",
    "execComm", "execBuyQty", "execBuyCost", "execSellQty", "execSellCost", "currentTimestamp", "grossOpenCost",
    "grossExecCost", "varMargin", "sessionMargin", "targetExcessMargin", "taxableMargin", "taxBase", "indicativeTax",
    "indicativeTaxRate", "shortBankrupt", "simpleQty", "simpleCost", "simpleValue", "simplePnl", "simplePnlPcnt",
    "lastPrice", "lastValue", "strategy",
)  # fmt: skip

POSITIONS = Format(
    name="bitmex.positions",
    family="bitmex.positions",
    venue="bitmex",
    title="Open positions at an instant",
    confidence="real file seen",
    how="GET /api/v1/position, `api-v1-position.snapshot.csv` of an archive",
    headers=(Header(name="API", columns=POSITION_COLUMNS),),
    aliases={"markPrice": "markprice", "unrealisedPnl": "unrealisedpnl", "crossMargin": "crossmargin"},
    cells={
        "stated_at": utc_time("timestamp", *ISO_TIMES),
        "symbol": text("symbol", required=True),
        "settle": currency("currency", required=True),
        "unit": unit("currency"),
        "quantity": money("currentqty"),
        "entry_price": money("avgentryprice"),
        "mark_price": money("markprice"),
        "liquidation_price": money("liquidationprice"),
        "bankruptcy_price": money("bankruptprice"),
        "unrealized": integer("unrealisedpnl"),
        "cross": word("crossmargin", FLAGS),
    },
    cases={"row": (Emit(table="stated_positions", columns={
        "stated_at": pl.col("stated_at"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "margin_mode": pl.when(pl.col("cross").is_not_null()).then(
            pl.when(pl.col("cross") == "yes").then(pl.lit("cross")).otherwise(pl.lit("isolated"))),
        "quantity": pl.col("quantity"), "entry_price": pl.col("entry_price"), "mark_price": pl.col("mark_price"),
        "liquidation_price": pl.col("liquidation_price"), "bankruptcy_price": pl.col("bankruptcy_price"),
        "unrealized": pl.col("unrealized") * pl.col("unit"),
    }),)},
    time="stated_at",
    identity=Identity(kind="content", cells=("stated_at", "symbol", "settle", "quantity", "entry_price")),
    account_number="account",
    name_instrument=name_instrument,
    prepare=_named,
    unread=dict.fromkeys((name.casefold() for name in POSITION_UNREAD), "derived by the venue, not compared"),
)  # fmt: skip


def _balance(cell: str, kind: str) -> Emit:
    return Emit(table="stated_balances", columns={
        "stated_at": pl.col("stated_at"), "asset": pl.col("asset"), "balance": pl.col(cell) * pl.col("unit"),
        "kind": pl.lit(kind),
    })  # fmt: skip


def _amount(column: str) -> dict[str, Cell]:
    return {
        "stated_at": utc_time("timestamp", *ISO_TIMES),
        "asset": currency("currency", required=True),
        "unit": unit("currency"),
        "wallet_balance": integer(column, required=True),
    }


MARGIN_COLUMNS = ("currency", "walletBalance", "marginBalance", "availableMargin", "timestamp")
MARGIN_UNREAD = (
    "riskLimit", "amount", "state", "prevState", "action", "pendingCredit", "pendingDebit", "confirmedDebit",
    "prevRealisedPnl", "prevUnrealisedPnl", "grossComm", "grossOpenCost", "grossOpenPremium", "grossExecCost",
    "grossMarkValue", "riskValue", "taxableMargin", "initMargin", "maintMargin", "sessionMargin", "targetExcessMargin",
    "varMargin", "realisedPnl", "unrealisedPnl", "indicativeTax", "unrealisedProfit", "syntheticMargin",
    "marginBalancePcnt", "marginLeverage", "marginUsedPcnt", "excessMargin", "excessMarginPcnt", "withdrawableMargin",
    "grossLastValue", "commission", "makerFeeDiscount", "takerFeeDiscount", "foreignMarginBalance",
    "foreignRequirement",
)  # fmt: skip

MARGIN = Format(
    name="bitmex.margin",
    family="bitmex.margin",
    venue="bitmex",
    title="Wallet balance and equity at an instant",
    confidence="API documentation",
    how="GET /api/v1/user/margin?currency=all, `api-v1-user-margin.snapshot-all.csv` of an archive",
    headers=(Header(name="API", columns=MARGIN_COLUMNS),),
    cells={**_amount("walletbalance"), "equity": integer("marginbalance", required=True)},
    cases={"row": (_balance("wallet_balance", "wallet"), _balance("equity", "equity"))},
    time="stated_at",
    identity=Identity(kind="content", cells=("stated_at", "asset", "wallet_balance", "equity")),
    account_number="account",
    unread=dict.fromkeys((name.casefold() for name in ("availableMargin", *MARGIN_UNREAD)), "not compared"),
)

WALLET_COLUMNS = ("timestamp", "currency", "amount", "deposited", "withdrawn", "transferIn", "transferOut")
WALLET_UNREAD = (
    "pendingCredit", "pendingDebit", "confirmedDebit", "prevDeposited", "prevWithdrawn", "prevTransferIn",
    "prevTransferOut", "prevAmount", "prevTimestamp", "deltaDeposited", "deltaWithdrawn", "deltaTransferIn",
    "deltaTransferOut", "deltaAmount", "addr", "script", "withdrawalLock",
)  # fmt: skip

WALLET_SNAPSHOT = Format(
    name="bitmex.wallet_snapshot",
    family="bitmex.wallet_snapshot",
    venue="bitmex",
    title="Wallet balance at an instant",
    confidence="real file seen",
    how="GET /api/v1/user/wallet?currency=all, `api-v1-user-wallet.snapshot-all.csv` of an archive",
    headers=(Header(name="API", columns=WALLET_COLUMNS),),
    cells=_amount("amount"),
    cases={"row": (_balance("wallet_balance", "wallet"),)},
    time="stated_at",
    identity=Identity(kind="content", cells=("stated_at", "asset", "wallet_balance")),
    account_number="account",
    unread=dict.fromkeys((name.casefold() for name in (*WALLET_COLUMNS[3:], *WALLET_UNREAD)), "totals since opening"),
)

INSTRUMENT_COLUMNS = (
    "symbol", "typ", "listing", "expiry", "underlying", "quoteCurrency", "settlCurrency", "multiplier", "lotSize",
    "isInverse", "isQuanto", "timestamp",
)  # fmt: skip
INSTRUMENT_UNREAD = (
    "rootSymbol", "state", "front", "settle", "listedSettle", "positionCurrency", "underlyingSymbol", "reference",
    "referenceSymbol", "calcInterval", "publishInterval", "publishTime", "maxOrderQty", "maxPrice", "minPrice",
    "tickSize", "underlyingToPositionMultiplier", "underlyingToSettleMultiplier", "quoteToSettleMultiplier",
    "relistInterval", "inverseLeg", "sellLeg", "buyLeg", "optionStrikePcnt", "optionStrikeRound", "optionStrikePrice",
    "optionMultiplier", "optionUnderlyingPrice", "initMargin", "maintMargin", "riskLimit", "riskStep", "limit",
    "capped", "taxed", "deleverage", "makerFee", "takerFee", "settlementFee", "insuranceFee", "fundingBaseSymbol",
    "fundingQuoteSymbol", "fundingPremiumSymbol", "fundingTimestamp", "fundingInterval", "fundingRate",
    "fundingBaseRate", "fundingQuoteRate", "indicativeFundingRate", "rebalanceTimestamp", "rebalanceInterval",
    "openingTimestamp", "closingTimestamp", "sessionInterval", "prevClosePrice", "limitDownPrice", "limitUpPrice",
    "bankruptLimitDownPrice", "bankruptLimitUpPrice", "prevTotalVolume", "totalVolume", "volume", "volume24h",
    "prevTotalTurnover", "totalTurnover", "turnover", "turnover24h", "homeNotional24h", "foreignNotional24h",
    "prevPrice24h", "vwap", "highPrice", "lowPrice", "lastPrice", "lastPriceProtected", "lastTickDirection",
    "lastChangePcnt", "bidPrice", "midPrice", "askPrice", "impactBidPrice", "impactMidPrice", "impactAskPrice",
    "hasLiquidity", "openInterest", "openValue", "fairMethod", "fairBasisRate", "fairBasis", "fairPrice", "markMethod",
    "markPrice", "indicativeTaxRate", "indicativeSettlePrice", "settledPriceAdjustmentRate", "settledPrice",
    "instantPnl", "minTick",
)  # fmt: skip
IS = pl.col("type")

INSTRUMENTS = Format(
    name="bitmex.instruments",
    family="bitmex.instruments",
    venue="bitmex",
    title="Terms of contracts",
    confidence="parser seen",
    how="GET /api/v1/instrument, `api-v1-instrument.all.csv` of an archive",
    headers=(Header(name="API", columns=INSTRUMENT_COLUMNS),),
    cells={
        "stated_at": utc_time("timestamp", *ISO_TIMES),
        "symbol": text("symbol", required=True),
        "type": word("typ", TYPES, required=True),
        "valid_from": utc_time("listing", *ISO_TIMES, required=False),
        "expires_at": utc_time("expiry", *ISO_TIMES, required=False),
        "base": _asset("underlying"),
        "quote": _asset("quotecurrency"),
        "settle": currency("settlcurrency"),
        "unit": unit("settlcurrency"),
        "multiplier": integer("multiplier"),
        "lot_size": money("lotsize"),
        "inverse": word("isinverse", FLAGS),
        "quanto": word("isquanto", FLAGS),
    },
    event=pl.when(IS.is_in(["spot", "index"])).then(IS).when(pl.col("unit").is_not_null()).then(pl.lit("contract")),
    event_columns=("symbol", "typ", "settlcurrency"),
    cases={"contract": (Emit(table="instruments", columns={
        "valid_from": pl.col("valid_from"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "product": IS, "base": pl.col("base"), "quote": pl.col("quote"), "settle": pl.col("settle"),
        "multiplier": pl.col("multiplier").abs() * pl.col("unit"), "lot_size": pl.col("lot_size"),
        "style": pl.when(pl.col("inverse") == "yes").then(pl.lit("inverse"))
        .when(pl.col("quanto") == "yes").then(pl.lit("quanto")).otherwise(pl.lit("linear")),
        "expires_at": pl.when(IS == "future").then(pl.col("expires_at")),
        "source": pl.lit("the venue's instrument list"),
    }),)},
    ignores={
        "spot": "a spot pair: quantities are in the base, no contract",
        "index": "an index, nothing that trades",
    },
    time="stated_at",
    identity=Identity(kind="content", cells=(
        "symbol", "valid_from", "type", "base", "quote", "settle", "multiplier", "lot_size", "inverse", "quanto",
        "expires_at",
    )),
    name_instrument=name_instrument,
    prepare=_named,
    unread=dict.fromkeys((name.casefold() for name in INSTRUMENT_UNREAD), "not needed for results"),
)  # fmt: skip
"""`multiplier` is in minor units of the settlement currency per contract: for a price of 1.0 (linear, quanto), or
times the price's inverse (inverse).  In whole units it is therefore base per contract where the contract is linear
(1 USDt = 0.000001 BTC per XBTUSDT contract), settle per 1.0 where it is quanto (100 XBt = 0.000001 BTC for ETHUSD), and
quote per contract where it is inverse (1e8 XBt = 1 USD for XBTUSD).  Terms hold from the contract's listing: a symbol
listed anew with another settlement says nothing of the years before."""

FORMATS = tuple(map(spelled, (POSITIONS, MARGIN, WALLET_SNAPSHOT, INSTRUMENTS)))
