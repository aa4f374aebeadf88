"""Executions: fills with their fees, funding payments, settlements, liquidations; the truth of what was traded.

`execCost` is the value in minor units of the settlement currency: a buy of an inverse contract has a negative one, of
a linear or quanto contract a positive one.  `execComm` is cash, positive = paid; on trades `commission` gives its sign
(negative = rebate), on funding rows it is the funding rate and says nothing of who paid.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitmex.terms import ISO_TIMES, NO_ORDER, SITE_TIME, currency, name_instrument, unit, with_terms
from importers.cells import exact_decimals, integer, local_time, money, text, truncated, utc_time, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, spellings

KINDS = {
    "Trade": "trade", "Funding": "funding", "Settlement": "settlement", "New": "new", "Canceled": "canceled",
    "Replaced": "replaced", "Rejected": "rejected", "TriggeredOrActivatedBySystem": "triggered",
}  # fmt: skip
LIQUIDITY = {"AddedLiquidity": "maker", "RemovedLiquidity": "taker", "Added": "maker", "Removed": "taker"}
IGNORES = {
    "new": "an order was placed: nothing executed",
    "canceled": "an order was canceled: nothing executed",
    "replaced": "an order was amended: nothing executed",
    "rejected": "an order was rejected: nothing executed",
    "triggered": "a stop was triggered: nothing executed yet",
}

KIND, SIDE, TEXT, COMMISSION = pl.col("kind"), pl.col("side"), pl.col("text"), pl.col("commission")
PAID_UNITS = pl.col("paid")
FEE_IS_CLEAR = (PAID_UNITS.fill_null(0) == 0) | pl.coalesce("fee_unit", "unit").is_not_null()
NO_BROKER = pl.col("broker_paid").fill_null(0) == 0
EXECUTED = SIDE.is_not_null() & FEE_IS_CLEAR & NO_BROKER

EVENT = (
    pl.when(KIND == "trade").then(
        pl.when(EXECUTED & (TEXT == "Liquidation").fill_null(False)).then(pl.lit("liquidation"))
        .when(EXECUTED & TEXT.str.contains("Deleverage", literal=True).fill_null(False)).then(pl.lit("adl"))
        .when(EXECUTED).then(pl.lit("trade"))
    )
    .when(KIND == "settlement").then(pl.when(EXECUTED).then(pl.lit("settlement")))
    .when(KIND == "funding").then(pl.when(pl.col("unit").is_not_null()).then(pl.lit("funding")))
    .otherwise(KIND)
)  # fmt: skip

SIGNED_PAID = (
    pl.when(COMMISSION < 0).then(-PAID_UNITS.abs())
    .when(COMMISSION > 0).then(PAID_UNITS.abs())
    .otherwise(PAID_UNITS)
)  # fmt: skip
ORDER = pl.when(pl.col("order_id") != NO_ORDER).then(pl.col("order_id"))


def _fill(execution: str) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": pl.col("executed_at"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "product": pl.col("product"), "side": SIDE, "quantity": pl.col("filled"), "price": pl.col("price"),
        "fee": SIGNED_PAID * pl.coalesce("fee_unit", "unit"),
        "fee_asset": pl.when(PAID_UNITS.is_not_null()).then(pl.coalesce("fee_asset", "settle")),
        "liquidity": pl.col("liquidity"), "execution": pl.lit(execution), "trade_ref": pl.col("exec_id"),
        "order_ref": ORDER, "realized_stated": pl.col("realized") * pl.col("unit"),
        "notional_stated": pl.col("cost").abs() * pl.col("unit"), "settle_asset": pl.col("settle"),
        "style": pl.col("style"),
    })  # fmt: skip


TAKEOVER = Emit(table="liquidations", columns={
    "liquidated_at": pl.col("executed_at"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "product": pl.col("product"), "side": SIDE, "quantity": pl.col("filled"), "price": pl.col("price"),
    "bankruptcy_price": pl.col("price"), "stage": pl.lit("takeover"), "order_ref": ORDER,
})  # fmt: skip
"""The engine takes the position over at the bankruptcy price; the fill beside it has the fee."""

FUNDING = Emit(table="funding", columns={
    "paid_at": pl.col("executed_at"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "asset": pl.col("settle"), "amount": -PAID_UNITS * pl.col("unit"), "rate": COMMISSION,
    "position_quantity": pl.col("quantity").abs(), "mark_price": pl.col("price"),
})  # fmt: skip

CASES = {
    "trade": (_fill("trade"),),
    "liquidation": (_fill("liquidation"), TAKEOVER),
    "adl": (_fill("adl"),),
    "settlement": (_fill("settlement"),),
    "funding": (FUNDING,),
}


def _with_terms(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what their symbol says, the style their cost shows, and spot quantities in the base.

    A spot pair counts `lastQty` in a unit of its own; its `homeNotional` is in the base.  Where that is missing the
    quantity stays empty, which rejects the row.
    """
    spot = pl.col("product") == "spot"
    costs_to_buy = (pl.col("cost") > 0) == (SIDE == "buy")
    third = ~pl.col("settle").is_in(pl.concat_list("base", "quote"))
    shown = (
        pl.when(spot | SIDE.is_null() | (pl.col("cost") == 0)).then(None)
        .when(~costs_to_buy).then(pl.lit("inverse"))
        .when(pl.col("base").is_not_null()).then(pl.when(third).then(pl.lit("quanto")).otherwise(pl.lit("linear")))
    )  # fmt: skip
    home = exact_decimals(stored["home"].str.strip_prefix("-")).alias("home")
    return with_terms(stored.with_columns(home), settle="settle").with_columns(
        style=pl.coalesce(shown, "style"),
        filled=pl.when(spot).then(pl.col("home")).otherwise(pl.col("quantity")),
    )


def _cells(*, default: str | None = None) -> dict[str, Cell]:
    """Return the cells that all variants share; without a settlement column the site's export counts in `default`."""
    return {
        "kind": word("exectype", KINDS, required=True),
        "symbol": text("symbol", required=True),
        "side": word("side", {"Buy": "buy", "Sell": "sell"}),
        "quantity": money("lastqty"),
        "price": money("lastpx"),
        "cost": integer("execcost"),
        "commission": money("commission"),
        "paid": integer("execcomm"),
        "broker_paid": integer("brokerexeccomm"),
        "realized": integer("realisedpnl"),
        "home": text("homenotional"),
        "settle": currency("settlcurrency", default=default),
        "unit": unit("settlcurrency", default=default),
        "fee_asset": currency("execcommccy"),
        "fee_unit": unit("execcommccy"),
        "liquidity": word("lastliquidityind", LIQUIDITY),
        "text": text("text"),
        "order_id": text("orderid"),
        "exec_id": text("execid", required=default is None),
    }


SITE = Header(name="site CSV (2019-2020)", columns=(
    "transactTime", "symbol", "execType", "side", "lastQty", "lastPx", "execCost", "commission", "execComm", "ordType",
    "orderQty", "leavesQty", "price", "text", "orderID",
))  # fmt: skip
SITE_ACCOUNT = Header(name="site CSV with account", columns=(*SITE.columns, "account"))
API_CSV = Header(name="API CSV", columns=(
    "timestamp", "transactTime", "execType", "ordStatus", "symbol", "side", "orderQty", "lastQty", "leavesQty", "price",
    "lastPx", "avgPx", "currency", "settlCurrency", "execCost", "execComm", "realisedPnl", "homeNotional",
    "foreignNotional", "orderID", "execID", "trdMatchID", "text", "brokerCommission", "brokerExecComm", "commission",
    "cumQty", "displayQty", "execCommCcy", "execInst", "feeType", "lastLiquidityInd", "ordType", "pool", "stopPx",
    "strategy", "timeInForce", "tradePublishIndicator", "triggered", "workingIndicator",
))  # fmt: skip
ARCHIVE = Header(name="account archive (2018-2021)", columns=(
    "date", "execid", "orderid", "clordid", "clordlinkid", "account", "symbol", "side", "lastqty", "lastpx",
    "lastliquidityind", "orderqty", "price", "displayqty", "stoppx", "pegoffsetvalue", "pegpricetype", "currency",
    "settlcurrency", "exectype", "ordtype", "timeinforce", "execinst", "contingencytype", "ordstatus", "triggered",
    "workingindicator", "ordrejreason", "leavesqty", "cumqty", "avgpx", "commission", "tradepublishindicator", "text",
    "trdmatchid", "execcost", "execcomm", "homenotional", "foreignnotional", "transacttime", "timestamp",
))  # fmt: skip
API_JSON = Header(name="API JSON", columns=(
    "execID", "orderID", "clOrdID", "account", "symbol", "side", "lastQty", "lastPx", "lastLiquidityInd", "currency",
    "settlCurrency", "execType", "ordStatus", "commission", "text", "trdMatchID", "execCost", "execComm",
    "homeNotional", "foreignNotional", "transactTime", "timestamp",
))  # fmt: skip

ABOUT_THE_ORDER = (
    "ordtype", "orderqty", "leavesqty", "price", "ordstatus", "avgpx", "cumqty", "displayqty", "execinst", "stoppx",
    "timeinforce", "triggered", "workingindicator", "clordid", "clordlinkid", "pegoffsetvalue", "pegpricetype",
    "contingencytype", "ordrejreason", "strategy", "pool", "exdestination", "simpleorderqty", "simpleleavesqty",
    "simplecumqty", "multilegreportingtype",
)  # fmt: skip
UNREAD = dict.fromkeys(ABOUT_THE_ORDER, "of the order, not of the execution") | {
    "timestamp": "when it was recorded; it was executed at `transactTime`",
    "date": "the day of `transactTime`",
    "currency": "the quote; money is in the settlement currency",
    "foreignnotional": "quantity in the quote",
    "trdmatchid": "shared by both sides of a match",
    "tradepublishindicator": "whether the trade was printed on the tape",
    "feetype": "repeats the kind of execution",
    "brokercommission": "rate of `brokerExecComm`",
    "underlyinglastpx": "price of the underlying",
    "lastmkt": "always the venue",
}

EXECUTIONS = Format(
    name="bitmex.executions",
    family="bitmex.executions",
    venue="bitmex",
    title="Executions with ids",
    confidence="real file seen",
    how="GET /api/v1/execution/tradeHistory (JSON, or CSV with _format=csv), or an account archive",
    headers=(API_CSV, ARCHIVE, API_JSON),
    aliases=spellings(API_CSV, API_JSON),
    cells={"executed_at": truncated(utc_time("transacttime", *ISO_TIMES), "1ms"), **_cells()},
    event=EVENT,
    event_columns=("exectype", "side", "settlcurrency", "execcomm", "brokerexeccomm", "text"),
    cases=CASES,
    ignores=IGNORES,
    time="executed_at",
    newest_first=True,
    identity=Identity(
        kind="id", cells=("exec_id",),
        content=("executed_at", "kind", "symbol", "side", "quantity", "price", "cost", "paid"),
    ),
    claims=claimed(fills=1, fees=1, funding=1, liquidations=1),
    account_number="account",
    name_instrument=name_instrument,
    prepare=_with_terms,
    unread=UNREAD,
)  # fmt: skip
"""Times are those of the API, in milliseconds, so that an archive's microseconds are the same fact."""

SITE_EXECUTIONS = replace(
    EXECUTIONS,
    name="bitmex.executions_ui",
    family="bitmex.executions_ui",
    title="Trade history of the site, without execution ids",
    confidence="real file seen",
    how="Trade History > Save as CSV (2019-2020)",
    headers=(SITE, SITE_ACCOUNT),
    cells={"executed_at": local_time("transacttime", SITE_TIME), **_cells(default="XBt")},
    identity=Identity(
        kind="content",
        cells=("executed_at", "symbol", "side", "quantity", "price", "paid", "order_id", "kind"),
    ),
    claims=tuple(replace(claim, rank=2) for claim in EXECUTIONS.claims),
)
"""Times are the browser's.  There is no settlement column: to 2020 every contract, also those quoted in USDT, was
settled in XBt, so all money is XBt.  Equal partial fills repeat within a second and all count."""

FORMATS = (EXECUTIONS, SITE_EXECUTIONS)
