"""Futures: transaction (income) history, the ledger of the futures wallets, from screen, archive or API.

Every row is a movement; most state a typed fact, too.  `income_types.csv` says what each type is; a type that is not
in it is rejected, never guessed.  Premium and settlement of an option are two halves of its result.  A fee for a higher
position limit, and a tax, belong to no fill: they are `income` below zero, so that the trading fees here are those of
the fills.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.cells import clock
from importers.binance.symbols import WALLET, name_instrument
from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT, CLEARANCE, adding, booking, movement
from importers.vocabulary import looked_up, table

TYPES = table(__file__, "income_types.csv")
EVENTS = {row["type"]: row["event"] for row in TYPES}
KINDS = {row["type"]: row["kind"] for row in TYPES}
OTHER_WALLETS = {row["type"]: row["other_wallet"] for row in TYPES}
TRADE_EVENTS = ("realized", "trading_fee")
"""Their `Transaction ID` is the id of the trade in files of the screen; the API has `tradeId` beside it."""

USDM_ASSETS = ("USDT", "USDC", "BUSD", "FDUSD", "BFUSD", "TUSD", "USD1", "RWUSD", "LDUSDT", "BNB")
"""Assets that are USD-M collateral where nothing else tells the wallet."""

SYMBOL = pl.col("symbol")
IS_TRADE = pl.col("event").is_in(TRADE_EVENTS)


_movement = adding(movement, "symbol", "trade_ref", "transaction_ref")
_booking = adding(booking, "symbol", group_ref=pl.col("transaction_ref"))


FUNDING = Emit(table="funding", columns={"paid_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": AMOUNT})
TRANSFER = Emit(table="transfers", columns={
    "moved_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.lit("internal"),
    "other_wallet": pl.col("other_wallet"), "transaction_ref": pl.col("transaction_ref"),
})  # fmt: skip
RESULT = Emit(table="stated_results", columns={
    "booked_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": AMOUNT, "basis": pl.lit("gross"),
    "grain": pl.lit("fill"), "trade_ref": pl.col("trade_ref"),
})  # fmt: skip

CASES: dict[str, tuple[Emit, ...]] = {
    "realized": (_movement("realized_pnl"), RESULT),
    "delivered": (_movement("realized_pnl"), RESULT),
    "option_result": (_movement("trade"),),
    "trading_fee": (_movement("trading_fee"),),
    "funding": (_movement("funding"), FUNDING),
    "clearance": (_movement(CLEARANCE), _booking("adjustments", CLEARANCE)),
    "transfer": (_movement("transfer"), TRANSFER),
    "conversion": (_movement("conversion"), _booking("conversions", pl.col("kind"))),
    "rebate": (_movement("rebate"), _booking("adjustments", pl.lit("rebate"))),
    "income": (_movement("income"), _booking("adjustments", pl.col("kind"))),
}


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return rows.with_columns(
        looked_up("type", KINDS).alias("kind"),
        looked_up("type", OTHER_WALLETS).alias("other_wallet"),
        _wallets(rows, context).alias("futures_wallet"),
    )


def _prepare_file(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _prepare(rows, context).with_columns(pl.when(IS_TRADE).then("transaction_ref").alias("trade_ref"))


def _prepare_log(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _prepare(rows, context).with_columns(pl.lit(None, dtype=pl.String).alias("trade_ref"))


def _wallets(rows: pl.DataFrame, context: Context) -> pl.Series:
    """Return each row's wallet: by its symbol, else as the user says, as the chunk's other rows agree, or by asset."""
    by_symbol = rows.select(pl.when(SYMBOL.is_not_null()).then(WALLET).alias("wallet"))["wallet"]
    agreed = by_symbol.drop_nulls().unique().to_list()
    if context.wallet is not None:
        return by_symbol.fill_null(context.wallet)
    if len(agreed) == 1:
        return by_symbol.fill_null(agreed[0])
    by_asset = pl.when(ASSET.is_in(USDM_ASSETS)).then(pl.lit("usdm")).otherwise(pl.lit("coinm"))
    return rows.select(pl.coalesce(by_symbol, by_asset).alias("wallet"))["wallet"]


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "type": word("type", {name: name for name in EVENTS}, required=True),
    "amount": money("amount", required=True),
    "asset": text("asset", required=True),
    "symbol": text("symbol"),
    "transaction_ref": whole_id("transaction_id"),
}

INCOME = Format(
    name="binance.futures_income",
    family="binance.futures_income",
    venue="binance",
    title="Binance futures: transaction history",
    confidence="real file seen",
    how="Futures, Orders, Transaction History, Export (at most a year a file); or the archive of /fapi/v1/income/asyn",
    headers=(
        Header(name="Date(UTC)", confidence="parser seen", columns=(
            "Date(UTC)", "type", "Amount", "Asset", "Symbol", "Transaction ID")),
        Header(name="Time", columns=("Time", "Type", "Amount", "Asset", "Symbol", "Transaction ID")),
    ),
    aliases={
        "Date(UTC)": "time", "Time": "time", "Type": "type", "Amount": "amount", "Asset": "asset", "Symbol": "symbol",
        "Transaction ID": "transaction_id", "Uid": "uid",
    },
    cells=CELLS,
    event=pl.col("type").replace_strict(EVENTS, default=None, return_dtype=pl.String),
    event_columns=("type",),
    cases=CASES,
    wallet=pl.col("futures_wallet"),
    identity=Identity(
        kind="content", cells=("time", "type", "transaction_ref", "asset", "symbol", "amount")
    ),
    claims=claimed(2, ledger=1, funding=1, fees=2),
    account_number="uid",
    name_instrument=name_instrument,
    prepare=_prepare_file,
)  # fmt: skip
"""A transaction id is the user's and the type's, and legs share it.  In hedge mode both sides of a symbol may pay the
same funding in the same second under one id, so rows are compared as content and counted: real twins are both kept."""

INCOME_API = replace(
    INCOME,
    name="binance.futures_income_api",
    family="binance.futures_income_api",
    title="Binance futures: income of the API, as JSON or CSV",
    confidence="API documentation",
    how="/fapi/v1/income, /dapi/v1/income, /papi/v1/um/income, /papi/v1/cm/income",
    headers=(Header(name="API", columns=(
        "symbol", "incomeType", "income", "asset", "info", "time", "tranId", "tradeId")),),
    aliases={"incomeType": "type", "income": "amount", "tranId": "transaction_id", "tradeId": "trade_id"},
    cells=CELLS | {"time": epoch("time"), "trade_ref": whole_id("trade_id")},
    account_number=None,
    prepare=_prepare,
    unread={"info": "repeats the type"},
    fits=lambda rows: not any("-" in row.get("symbol", "") for row in rows),  # BTC-USDT is BingX's, with equal columns
)  # fmt: skip
"""Its `tranId` of results and fees is not the `Transaction ID` of files, and its times have milliseconds: a family of
its own, which meets the files by voice."""

INCOME_ARCHIVE = replace(
    INCOME_API,
    name="binance.futures_income_archive",
    family="binance.futures_income_archive",
    title="Binance futures: income with epoch times, from an archive",
    confidence="parser seen",
    how="an archive of /fapi/v1/income/asyn whose columns an archiving tool has renamed",
    headers=(Header(name="archive", columns=("Income Type", "Currency", "Amount", "Transaction ID"),
                    optional=("Time", "Time(ms)", "Symbol", "Trade ID")),),
    aliases={
        "Income Type": "type", "Currency": "asset", "Transaction ID": "transaction_id", "Trade ID": "trade_id",
        "Time": "time", "Time(ms)": "time",
    },
    unread={},
)  # fmt: skip
"""Whether its id is the trade's or the transaction's is not known, and it may lack symbols: a family of its own."""

BALANCE_LOG = replace(
    INCOME,
    name="binance.futures_balance_log",
    family="binance.futures_balance_log",
    title="Binance futures: balance log of the support tool",
    confidence="parser seen",
    how="the table that support's balance log tool shows, copied with its header and saved as text",
    headers=(Header(name="balance log", columns=(
        "id", "uid", "asset", "type", "amount", "time(UTC+0)", "symbol", "extra")),),
    aliases={"id": "transaction_id", "time(UTC+0)": "time"},
    prepare=_prepare_log,
    unread={"extra": "undocumented notes of the tool"},
)  # fmt: skip
"""Its `id` is none of the ids of the other exports."""

FORMATS = (INCOME, INCOME_API, INCOME_ARCHIVE, BALANCE_LOG)
