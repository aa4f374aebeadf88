"""US futures (Coinbase Financial Markets): balances, positions and sweeps of the Advanced API.

Its statements are not published as files; what was swept stands in the retail report.  Balances and positions name no
instant: the file's own name has to say when they were asked for.
"""

from __future__ import annotations

import polars as pl

from importers.cells import file_instant, member, member_money, money, text, word, zoned_time
from importers.coinbase.symbols import name_instrument, product_id
from importers.contract import Emit, Format, Header, Identity

VALUED = (
    "futures_buying_power", "total_open_orders_hold_amount", "unrealized_pnl", "daily_realized_pnl", "initial_margin",
    "available_margin", "liquidation_threshold", "liquidation_buffer_amount", "liquidation_buffer_percentage",
    "intraday_margin_window_measure", "overnight_margin_window_measure",
)  # fmt: skip


def _held(wallet: str, name: str) -> Emit:
    amount = pl.col(name)
    return Emit(table="stated_balances", where=amount.is_not_null(), columns={
        "stated_at": pl.col("time"), "wallet": pl.lit(wallet), "asset": pl.coalesce("asset", pl.lit("USD")),
        "balance": amount, "kind": pl.lit("wallet"),
    })  # fmt: skip


BALANCES = Format(
    name="coinbase.futures_balances",
    family="coinbase.futures_balances",
    venue="coinbase",
    title="Coinbase US futures: balance summary of the Advanced API",
    confidence="API documentation",
    how="/api/v3/brokerage/cfm/balance_summary, saved under a name that says when: cfm-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=(
        "futures_buying_power", "total_usd_balance", "cbi_usd_balance", "cfm_usd_balance"), optional=VALUED),),
    cells={
        "time": file_instant("total_usd_balance"),
        "total": member_money("total_usd_balance", required=True),
        "asset": member("total_usd_balance", "currency"),
        "spot": member_money("cbi_usd_balance"),
        "futures": member_money("cfm_usd_balance"),
    },
    cases={"row": (_held("usdm", "futures"), _held("spot", "spot"))},
    wallet="usdm",
    identity=Identity(kind="content", cells=("time", "spot", "futures")),
    unread=dict.fromkeys(VALUED, "at market prices, orders and margin windows of the moment"),
)  # fmt: skip
"""The dollars of both accounts: `cfm` is the futures account, `cbi` the other one."""

SIDES = {"LONG": "long", "SHORT": "short"}
CONTRACTS = pl.col("contracts").abs()
POSITIONS = Format(
    name="coinbase.futures_positions",
    family="coinbase.futures_positions",
    venue="coinbase",
    title="Coinbase US futures: open positions of the Advanced API",
    confidence="API documentation",
    how="/api/v3/brokerage/cfm/positions, saved under a name that says when: positions-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=(
        "product_id", "expiration_time", "side", "number_of_contracts", "current_price", "avg_entry_price",
        "unrealized_pnl", "daily_realized_pnl")),),
    cells={
        "time": file_instant("product_id"),
        "symbol": product_id("product_id"),
        "side": word("side", SIDES, required=True),
        "contracts": money("number_of_contracts", required=True),
        "mark": money("current_price"),
        "entry": money("avg_entry_price"),
        "unrealized": money("unrealized_pnl"),
    },
    cases={"row": (Emit(table="stated_positions", columns={
        "stated_at": pl.col("time"), "symbol": pl.col("symbol"), "position_side": pl.lit("both"),
        "quantity": pl.when(pl.col("side") == "short").then(-CONTRACTS).otherwise(CONTRACTS),
        "entry_price": pl.col("entry"), "mark_price": pl.col("mark"), "unrealized": pl.col("unrealized"),
    }),)},
    wallet="usdm",
    identity=Identity(kind="content", cells=("time", "symbol", "side", "contracts", "entry")),
    name_instrument=name_instrument,
    unread={"expiration_time": "stands in the product", "daily_realized_pnl": "of the day of the snapshot"},
)  # fmt: skip

SWEEPS = Format(
    name="coinbase.futures_sweeps",
    family="coinbase.futures_sweeps",
    venue="coinbase",
    title="Coinbase US futures: sweeps to come, of the Advanced API (recognized, nothing stored)",
    confidence="API documentation",
    how="/api/v3/brokerage/cfm/sweeps; what was swept stands in the retail report",
    headers=(Header(name="API", columns=("id", "requested_amount", "should_sweep_all", "status", "scheduled_time")),),
    cells={
        "time": zoned_time("scheduled_time"),
        "id": text("id", required=True),
        "status": word("status", {"PENDING": "pending", "PROCESSING": "processing"}, required=True),
    },
    event=pl.col("status"),
    event_columns=("status",),
    cases={},
    ignores={
        "pending": "a sweep that is pending: moved nothing yet",
        "processing": "a sweep in process: moved nothing yet; the retail report states it when done",
    },
    wallet="usdm",
    identity=Identity(kind="id", cells=("id",)),
    unread={"requested_amount": "not moved yet", "should_sweep_all": "not moved yet"},
)  # fmt: skip
"""The API lists sweeps that are still to come, and no others: its only states are PENDING and PROCESSING."""

FORMATS = (BALANCES, POSITIONS, SWEEPS)
