"""Wallet history: every change of cash, with the balance after it.

`timestamp` is the booking, which orders the balances; `transactTime` is the request (hours earlier for withdrawals).
Amounts are net of `fee`.  Rows of one instant show balances in any order: the chain holds per instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from importers.bitmex.terms import ISO_TIMES, SITE_TIME, currency, name_instrument, unit, with_terms
from importers.cells import integer, local_time, parse_clock, text, to_utc, utc_time, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity, Match
from importers.declared import claimed, spellings
from importers.emits import adding, booking, transfer

IMMEDIATE_FROM = datetime(2024, 4, 10, tzinfo=UTC)
FEES_FROM = datetime(2024, 9, 3, tzinfo=UTC)
FUNDING_ROWS_FROM = datetime(2024, 10, 1, tzinfo=UTC)
"""How results are booked (read off a public archive, 2020 to 2026): one net row per instrument and day to
`IMMEDIATE_FROM`; net rows at once to `FEES_FROM`; then net rows that state their trading fee, with funding among them
(fee = -amount at the funding hours) to `FUNDING_ROWS_FROM`, when it got rows of its own."""
FUNDING_HOURS = (4, 12, 20)

KINDS = {
    "Deposit": "deposit", "Withdrawal": "withdrawal", "RealisedPNL": "result", "UnrealisedPNL": "mark",
    "Funding": "funding", "Transfer": "transfer", "Conversion": "conversion", "SpotTrade": "spot_trade",
    "AffiliatePayout": "affiliate", "Total": "total",
}  # fmt: skip
STATUSES = {"Completed": "completed", "Pending": "pending", "Canceled": "canceled", "Rejected": "rejected"}
TRADED = ("result_day", "result_net", "result_fee", "result_funding", "funding", "conversion", "spot_trade")
"""Events whose `address` is an instrument, not an address of a chain."""

IGNORES = {
    "mark": "unrealised result of open positions: a mark, no cash",
    "total": "a total of other rows",
    "pending": "pending: not booked",
    "canceled": "canceled: moved nothing",
    "rejected": "rejected: moved nothing",
}

KIND, STATUS, AT = pl.col("kind"), pl.col("status"), pl.col("moved_at")
FEE_UNITS = pl.col("fee").fill_null(0)
NET = pl.col("amount") * pl.col("unit")
FEE = FEE_UNITS * pl.col("unit")
GROSS = NET + FEE

IS_FUNDING_HOUR = AT.dt.hour().is_in(FUNDING_HOURS) & (AT.dt.minute() == 0)
IS_FUNDING_RESULT = (
    (AT < FUNDING_ROWS_FROM) & IS_FUNDING_HOUR & (pl.col("amount") + FEE_UNITS == 0) & pl.col("order_ref").is_null()
)
RESULT = (
    pl.when(AT < IMMEDIATE_FROM).then(pl.lit("result_day"))
    .when((AT < FEES_FROM) | pl.col("fee").is_null()).then(pl.lit("result_net"))
    .when(IS_FUNDING_RESULT).then(pl.lit("result_funding"))
    .otherwise(pl.lit("result_fee"))
)  # fmt: skip
EVENT = (
    pl.when(KIND.is_in(["mark", "total"])).then(KIND)
    .when(STATUS != "completed").then(STATUS)
    .when(KIND == "result").then(RESULT)
    .otherwise(KIND)
)  # fmt: skip


def _cases(balance: pl.Expr) -> dict[str, tuple[Emit, ...]]:
    def moved(cause: str, amount: pl.Expr, where: pl.Expr | None = None) -> Emit:
        return Emit(table="movements", where=where, columns={
            "moved_at": AT, "pool": pl.lit("asset"), "asset": pl.col("asset"), "amount": amount, "cause": pl.lit(cause),
            "symbol": pl.col("symbol"), "instrument": pl.col("instrument"), "order_ref": pl.col("order_ref"),
            "transaction_ref": pl.col("transaction_ref"), "balance_after": balance,
        })  # fmt: skip

    def charged(cause: str) -> Emit:
        return moved(cause, -FEE, where=FEE_UNITS != 0)

    return {
        "deposit": (moved("deposit", GROSS), charged("network_fee"), _transfer("deposit")),
        "withdrawal": (moved("withdrawal", GROSS), charged("network_fee"), _transfer("withdrawal")),
        "transfer": (moved("transfer", GROSS), charged("network_fee"), _transfer("internal")),
        "result_day": (moved("session_result", NET), _stated("day")),
        "result_net": (moved("session_result", NET), _stated("order")),
        "result_fee": (moved("realized_pnl", GROSS), charged("trading_fee")),
        "result_funding": (moved("funding", NET), _funding()),
        "funding": (moved("funding", NET), _funding()),
        "conversion": (moved("conversion", GROSS), charged("trading_fee"), _leg("conversions", "conversion")),
        "spot_trade": (moved("trade", GROSS), charged("trading_fee"), _leg("conversions", "spot_trade")),
        "affiliate": (moved("income", NET), _leg("adjustments", "affiliate")),
    }


_transfer = adding(
    transfer, "moved_at", "transaction_ref", "status", amount=GROSS, fee=pl.col("fee") * pl.col("unit"),
)  # fmt: skip


def _stated(grain: str) -> Emit:
    return Emit(table="stated_results", columns={
        "booked_at": AT, "symbol": pl.col("symbol"), "instrument": pl.col("instrument"), "asset": pl.col("asset"),
        "amount": NET, "basis": pl.lit("net"), "grain": pl.lit(grain),
    })  # fmt: skip


def _funding() -> Emit:
    return Emit(table="funding", columns={
        "paid_at": AT, "symbol": pl.col("symbol"), "instrument": pl.col("instrument"), "asset": pl.col("asset"),
        "amount": NET,
    })  # fmt: skip


_leg = adding(booking, "symbol", booked_at=AT, amount=GROSS)


def _with_symbols(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with `symbol` and `instrument` where their address is one, and `transaction_ref`.

    The symbol of a conversion (XBTUSDT) is the price that was used, not an instrument that was traded.
    """
    symbol = pl.when(pl.col("event").is_in(TRADED)).then(pl.col("address"))
    terms = with_terms(stored.select(symbol.alias("symbol"), "asset"), settle="asset")
    return stored.with_columns(terms["symbol"], terms["instrument"]).with_columns(
        instrument=pl.when(pl.col("event") != "conversion").then(pl.col("instrument")),
        transaction_ref=pl.coalesce("tx", "transact_id"),
    )


def _amounts(*, default: str | None = None) -> dict[str, Cell]:
    """Return the cells that all variants share; without a currency column the site's export counts in `default`."""
    return {
        "asset": currency("currency", default=default, required=default is None),
        "unit": unit("currency", default=default),
        "kind": word("transacttype", KINDS, required=True),
        "status": word("transactstatus", STATUSES, required=True),
        "amount": integer("amount", required=True),
        "fee": _or_null(integer("fee")),
        "balance": _or_null(integer("walletbalance")),
        "address": text("address"),
        "order_ref": text("orderid"),
        "transact_id": text("transactid"),
        "tx": text("tx"),
    }


def _or_null(cell: Cell) -> Cell:
    return replace(cell, empty_words=("null",))


def _day_or_instant() -> Cell:
    """Return the booking of an account archive: its `timestamp` where that is whole, else its `date`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        day, instant = (to_utc(parse_clock(column, patterns, context), "UTC")
                        for column, patterns in zip(columns, (("%Y-%m-%d",), ISO_TIMES), strict=True))  # fmt: skip
        return instant.zip_with(instant.is_not_null(), day)

    return Cell(columns=("date", "timestamp"), read=read, expected="a date as 2026-01-31", required=True)


def fitting_zone(match: Match, rows: Sequence[Sequence[str]]) -> str | None:
    """Return which zone would fit: daily results were booked at 12:00 UTC, whatever clock the browser printed."""
    names = [column or "" for column in match.columns]
    records = [dict(zip(names, cells, strict=False)) for cells in rows]
    texts = [record["transacttime"] for record in records if record.get("transacttype") == "RealisedPNL"]
    clocks = pl.Series(texts, dtype=pl.String).str.to_datetime(SITE_TIME, strict=False).dt.time().drop_nulls()
    hours = clocks.unique().sort().to_list()
    if not 1 <= len(hours) <= 2 or any(hour.second for hour in hours):
        return None
    offsets = [f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
               for minutes in ((hour.hour - 12) * 60 + hour.minute for hour in hours)]  # fmt: skip
    read = "daily results were booked at 12:00 UTC and read " + " and ".join(f"{hour:%H:%M}" for hour in hours)
    if len(offsets) == 1:
        return f"{read} here, so {offsets[0]} may be right (or a zone with summer time that has it)"
    return f"{read} here, so a zone may be right that is {offsets[0]} in winter and {offsets[1]} in summer"


API_CSV = Header(name="API CSV", columns=(
    "timestamp", "transactTime", "transactType", "transactStatus", "currency", "network", "amount", "fee",
    "walletBalance", "orderID", "transactID", "address", "marginBalance",
))  # fmt: skip
SCRIPT = Header(name="script CSV", columns=(
    "transactID", "account", "currency", "transactType", "amount", "fee", "transactStatus", "address", "tx", "text",
    "timestamp", "walletBalance", "marginBalance",
))  # fmt: skip
API_JSON = Header(
    name="API JSON", columns=(*SCRIPT.columns, "transactTime"), optional=("network", "orderID", "memo")
)  # fmt: skip
SITE = Header(name="site CSV (2019-2020)", columns=(
    "transactTime", "transactType", "amount", "fee", "address", "transactStatus", "walletBalance",
))  # fmt: skip
ARCHIVE = Header(name="account archive (2018-2021)", columns=(
    "date", "transactid", "account", "currency", "amount", "transactstatus", "address", "network", "text", "timestamp",
    "transacttime", "transacttype", "tx", "walletbalance",
))  # fmt: skip

UNREAD = {
    "network": "chain of a deposit or withdrawal",
    "text": "free text",
    "memo": "free text",
    "marginbalance": "stands only on pending rows of unrealised results",
}

WALLET = Format(
    name="bitmex.wallet",
    family="bitmex.wallet",
    venue="bitmex",
    title="Wallet history",
    confidence="real file seen",
    how="GET /api/v1/user/walletHistory?currency=all (JSON, or CSV with _format=csv)",
    headers=(API_CSV, SCRIPT, API_JSON),
    aliases=spellings(API_CSV, API_JSON),
    cells={"moved_at": utc_time("timestamp", *ISO_TIMES), **_amounts()},
    event=EVENT,
    cases=_cases(balance=pl.col("balance") * pl.col("unit")),
    ignores=IGNORES,
    time="moved_at",
    newest_first=True,
    identity=Identity(kind="id", cells=("transact_id", "asset"), content=("kind", "amount")),
    claims=claimed(ledger=1, funding=3),
    account_number="account",
    name_instrument=name_instrument,
    prepare=_with_symbols,
    unread={**UNREAD, "transacttime": "the request; the booking is `timestamp`"},
)

PLAIN = replace(
    WALLET,
    name="bitmex.wallet_plain",
    family="bitmex.wallet_plain",
    title="Wallet history of the site, without ids",
    confidence="real file seen",
    how="Account > Wallet > Transaction history > Save as CSV (2019-2020)",
    headers=(SITE,),
    cells={"moved_at": local_time("transacttime", SITE_TIME), **_amounts(default="XBt")},
    identity=Identity(kind="content", cells=("moved_at", "kind", "amount", "address", "balance")),
    claims=claimed(ledger=2),
    unread={},
    zone_hint=fitting_zone,
)
"""Times are the browser's; the rows of daily results show its zone, since they were booked at 12:00 UTC.  All money
was XBt then.  `transactTime` is all there is: a withdrawal stands at its request, hours before its booking."""

DAMAGED = replace(
    WALLET,
    name="bitmex.wallet_archive",
    family="bitmex.wallet_archive",
    title="Wallet history of an account archive, by day",
    confidence="inferred",
    how="account data delivered by the venue's support (2018-2021)",
    headers=(ARCHIVE,),
    cells={"moved_at": _day_or_instant(), **{name: cell for name, cell in _amounts().items() if name != "balance"}},
    cases=_cases(balance=pl.lit(None)),
    newest_first=False,
    claims=claimed(resolution_s=86400, ledger=3),
    unread={**UNREAD, "transacttime": "only minutes and seconds survived", "walletbalance": "rounded, one a day"},
)
"""A spreadsheet has cut `timestamp` to `mm:ss`: rows are known to the day.  A family of its own, so that such a row
never stands for the exact one of `bitmex.wallet` that has its id."""

FORMATS = (WALLET, PLAIN, DAMAGED)
