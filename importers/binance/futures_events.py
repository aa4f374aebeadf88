"""Futures: what is no ledger and no trade: closed positions, forced orders, margin of isolated positions, balances."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.cells import UPDATED, clock
from importers.binance.futures_trades import POSITION_SIDES, SIDES
from importers.binance.symbols import PRODUCT, WALLET, name_instrument
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Claim, Context, Emit, Format, Header, Identity
from importers.naming import with_terms

MARGIN_MODES = {"Cross": "cross", "Isolated": "isolated"}
STATUSES = {"Closed": "closed", "Partially Closed": "open", "Open": "open"}

# ------------------------------------------------------------------------------------- position history

IS_FLAT = pl.col("closed_quantity") == pl.col("max_quantity")


def _with_settle(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_terms(rows, name_instrument, "settle")


POSITION_HISTORY = Format(
    name="binance.position_history",
    family="binance.position_history",
    venue="binance",
    title="Binance futures: position history",
    confidence="real file seen",
    how="Futures, Orders, Position History, Export",
    headers=(Header(name="position history", columns=(
        "Symbol", "Margin Mode", "Position Side", "Entry Price", "Avg. Close Price", "Max Open Interest",
        "Closed Vol.", "Closing PNL", "Opened", "Closed", "Status")),),
    aliases={
        "Symbol": "symbol", "Margin Mode": "margin_mode", "Position Side": "position_side",
        "Entry Price": "entry_price", "Avg. Close Price": "exit_price", "Max Open Interest": "max_quantity",
        "Closed Vol.": "closed_quantity", "Closing PNL": "result", "Opened": "opened", "Closed": "closed",
        "Status": "status",
    },
    cells={
        "closed_at": clock("closed", required=False),
        "opened_at": clock("opened"),
        "symbol": text("symbol", required=True),
        "margin_mode": word("margin_mode", MARGIN_MODES),
        "position_side": word("position_side", POSITION_SIDES),
        "entry_price": money("entry_price"),
        "exit_price": money("exit_price"),
        "max_quantity": money("max_quantity"),
        "closed_quantity": money("closed_quantity"),
        "result": money("result"),
        "status": word("status", STATUSES, required=True),
    },
    event=pl.when((pl.col("status") != "closed") | pl.col("closed_at").is_not_null()).then("status"),
    event_columns=("status", "closed"),
    cases={"closed": (
        Emit(table="stated_positions", columns={
            "stated_at": pl.col("closed_at"), "symbol": pl.col("symbol"), "position_side": pl.col("position_side"),
            "margin_mode": pl.col("margin_mode"), "quantity": pl.when(IS_FLAT).then(0),
            "max_quantity": pl.col("max_quantity"), "closed_quantity": pl.col("closed_quantity"),
            "entry_price": pl.col("entry_price"), "exit_price": pl.col("exit_price"),
            "opened_at": pl.col("opened_at"), "closed_at": pl.col("closed_at"),
        }),
        Emit(table="stated_results", where=pl.col("result").is_not_null(), columns={
            "booked_at": pl.col("closed_at"), "symbol": pl.col("symbol"), "asset": pl.col("settle"),
            "amount": pl.col("result"), "basis": pl.lit("gross"), "grain": pl.lit("position"),
        }),
    )},
    ignores={"open": "still open when exported: its figures were not final"},
    time="closed_at",
    newest_first=True,
    wallet=WALLET,
    identity=Identity(kind="content", cells=(
        "symbol", "margin_mode", "position_side", "opened_at", "closed_at", "entry_price", "exit_price",
        "max_quantity", "closed_quantity", "result")),
    name_instrument=name_instrument,
    prepare=_with_settle,
)  # fmt: skip

# ---------------------------------------------------------------------------------------- forced orders

CLIENT_ID = pl.col("client_order").str.to_lowercase()
FORCED = (
    pl.when(CLIENT_ID.str.starts_with("autoclose")).then(pl.lit("liquidation"))
    .when(CLIENT_ID.str.starts_with("adl_autoclose")).then(pl.lit("adl"))
    .when(CLIENT_ID.str.starts_with("settlement_autoclose")).then(pl.lit("settlement"))
)  # fmt: skip
"""The id that the client gave an order, where the client was the liquidation engine."""
IS_EXECUTED = pl.col("executed").fill_null(0) != 0
IS_WHOLE = (pl.col("executed") >= pl.col("ordered")).fill_null(pl.col("status") == "FILLED")
STAGES = {
    "liquidation": pl.when(IS_WHOLE).then(pl.lit("full")).otherwise(pl.lit("partial")),
    "adl": pl.lit("adl"),
    "settlement": pl.lit(None, dtype=pl.String),
}


def _liquidation(stage: pl.Expr, bankruptcy_price: pl.Expr) -> tuple[Emit, ...]:
    return (Emit(table="liquidations", columns={
        "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"), "product": PRODUCT, "side": pl.col("side"),
        "quantity": pl.col("executed"), "price": pl.col("average_price"), "bankruptcy_price": bankruptcy_price,
        "stage": stage, "order_ref": pl.col("order_ref"),
    }),)  # fmt: skip


LIMIT_PRICE = pl.when(pl.col("limit_price") != 0).then("limit_price")
"""The limit of the order that closes a liquidated position is its bankruptcy price; that of an ADL is another's."""

ORDERS = Format(
    name="binance.futures_orders",
    family="binance.futures_orders",
    venue="binance",
    title="Binance futures: order history (forced orders only)",
    confidence="parser seen",
    how="Futures, Orders, Order History, Export; or the archive behind /fapi/v1/order/asyn",
    headers=(Header(name="legacy time", columns=(
        "Uid", "Time(UTC)", "Symbol", "Type", "Side", "Position Side", "Price", "Average Price", "Amount",
        "Executed Amount", "Executed Quote Amount", "Stop Price", "Status", "Client Order Id", "Time In Force",
        "Activate Price", "Price Rate", "Update Time", "Order No")),),
    aliases={
        "Uid": "uid", "Time(UTC)": "time", "Time": "time", "Symbol": "symbol", "Type": "type", "Side": "side",
        "Position Side": "position_side", "Price": "limit_price", "Average Price": "average_price",
        "Amount": "ordered", "Executed Amount": "executed", "Executed Quote Amount": "executed_value",
        "Stop Price": "stop_price", "Status": "status", "Client Order Id": "client_order",
        "Time In Force": "time_in_force", "Activate Price": "activate_price", "Price Rate": "price_rate",
        "Update Time": "update_time", "Order No": "order_no",
    },
    cells={
        "time": clock("time"),
        "symbol": text("symbol", required=True),
        "side": word("side", SIDES, required=True),
        "limit_price": money("limit_price"),
        "average_price": money("average_price"),
        "ordered": money("ordered"),
        "executed": money("executed"),
        "status": text("status"),
        "client_order": text("client_order"),
        "order_ref": whole_id("order_no", required=True),
    },
    event=pl.when(FORCED.is_null()).then(pl.lit("own"))
    .when(~IS_EXECUTED).then(pl.lit("unexecuted"))
    .otherwise(FORCED),
    event_columns=("client_order",),
    cases={
        name: _liquidation(stage, LIMIT_PRICE if name == "liquidation" else pl.lit(None))
        for name, stage in STAGES.items()
    },
    ignores={
        "own": "an order of the account's own: what it did is in the trade history",
        "unexecuted": "a forced order that executed nothing",
    },
    newest_first=True,
    wallet=WALLET,
    identity=Identity(kind="id", cells=("symbol", "order_ref"), content=("side", "executed", "average_price")),
    claims=(Claim(fact="liquidations", rank=2, grain="order", filterable=True, resolution_s=1, skew_s=1),),
    account_number="uid",
    name_instrument=name_instrument,
    unread=dict.fromkeys(
        ("type", "position_side", "executed_value", "stop_price", "time_in_force", "activate_price", "price_rate",
         "update_time"), "says nothing of a forced execution that other columns do not"),
)  # fmt: skip

FORCE_ORDERS = replace(
    ORDERS,
    name="binance.force_orders",
    family="binance.force_orders",
    title="Binance futures: force orders (liquidations and ADL) or all orders of the API, as JSON or CSV",
    confidence="API documentation",
    how="/fapi/v1/forceOrders, /dapi/v1/forceOrders, /papi/v1/um/forceOrders (or .../allOrders)",
    headers=(
        Header(name="USD-M", columns=(
            "orderId", "symbol", "status", "clientOrderId", "price", "avgPrice", "origQty", "executedQty", "cumQuote",
            "timeInForce", "type", "reduceOnly", "side", "positionSide", "origType", "time", "updateTime")),
        Header(name="COIN-M", columns=(
            "orderId", "symbol", "pair", "status", "clientOrderId", "price", "avgPrice", "origQty", "executedQty",
            "cumBase", "timeInForce", "type", "reduceOnly", "side", "positionSide", "origType", "time", "updateTime")),
    ),
    aliases={
        "orderId": "order_no", "clientOrderId": "client_order", "price": "limit_price", "avgPrice": "average_price",
        "origQty": "ordered", "executedQty": "executed",
    },
    cells={**ORDERS.cells, "time": epoch("time")},
    claims=(Claim(fact="liquidations", rank=1, grain="order", filterable=True, resolution_s=1, skew_s=1),),
    account_number=None,
    unread=dict.fromkeys(
        ("pair", "cumquote", "cumbase", "timeinforce", "type", "reduceonly", "closeposition", "positionside",
         "stopprice", "workingtype", "origtype", "updatetime", "activateprice", "pricerate", "priceprotect",
         "pricematch", "selftradepreventionmode", "goodtilldate", "autoclosetype"),
        "says nothing of a forced execution that other keys do not"),
)  # fmt: skip

# ------------------------------------------------------------------------------- margin of one position

POSITION_MARGIN = Format(
    name="binance.position_margin",
    family="binance.position_margin",
    venue="binance",
    title="Binance futures: margin added to and taken from isolated positions",
    confidence="API documentation",
    how="/fapi/v1/positionMargin/history, /dapi/v1/positionMargin/history, as JSON or CSV",
    headers=(Header(name="API", columns=("symbol", "type", "amount", "asset", "time", "positionSide"),
                    optional=("deltaType",)),),
    aliases={"positionSide": "position_side", "deltaType": "delta_type"},
    cells={
        "time": epoch("time"),
        "symbol": text("symbol", required=True),
        "type": word("type", {"1": "margin_added", "2": "margin_released"}, required=True),
        "amount": money("amount", required=True),
        "asset": text("asset", required=True),
        "position_side": word("position_side", POSITION_SIDES),
    },
    event=pl.col("type"),
    cases={
        kind: (Emit(table="transfers", columns={
            "moved_at": pl.col("time"), "asset": pl.col("asset"), "amount": amount, "kind": pl.lit(kind),
            "pair": pl.col("symbol")}),)
        for kind, amount in (
            ("margin_added", pl.col("amount").abs()),
            ("margin_released", -pl.col("amount").abs()),
        )
    },
    newest_first=True,
    wallet=WALLET,
    identity=Identity(kind="content", cells=("time", "symbol", "position_side", "type", "asset", "amount")),
    unread={"delta_type": "who asked for it"},
)  # fmt: skip
"""+ = the position's margin grows.  The money stays in its wallet, so nothing moves there and no ledger is claimed."""

# ------------------------------------------------------------------------------------------- balances


BALANCES = Format(
    name="binance.futures_balances",
    family="binance.futures_balances",
    venue="binance",
    title="Binance futures: balances of the API",
    confidence="API documentation",
    how="/fapi/v3/balance, as JSON or CSV (of COIN-M: --wallet coinm)",
    headers=(Header(name="API", columns=(
        "accountAlias", "asset", "balance", "crossWalletBalance", "crossUnPnl", "availableBalance",
        "maxWithdrawAmount", "updateTime"), optional=("marginAvailable",)),),
    cells={
        "time": UPDATED,
        "asset": text("asset", required=True),
        "balance": money("balance", required=True),
    },
    event=pl.when(pl.col("time").is_not_null()).then(pl.lit("balance"))
    .when(pl.col("balance") == 0).then(pl.lit("untouched")),
    event_columns=("asset", "balance", "updatetime"),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": pl.col("time"), "asset": pl.col("asset"), "balance": pl.col("balance"),
        "kind": pl.lit("wallet")}),)},
    ignores={"untouched": "an asset that was never held: neither a balance nor an instant"},
    wallet="usdm",
    identity=Identity(kind="content", cells=("time", "asset", "balance")),
    account_number="accountalias",
    unread=dict.fromkeys(
        ("crosswalletbalance", "crossunpnl", "availablebalance", "maxwithdrawamount", "marginavailable"),
        "what may be used of the balance at market prices of the moment"),
)  # fmt: skip
"""`updateTime` is when the balance last changed, which is the instant it is stated for."""

FORMATS = (POSITION_HISTORY, ORDERS, FORCE_ORDERS, POSITION_MARGIN, BALANCES)
