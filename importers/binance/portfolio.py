"""Portfolio margin: interest on negative balances, their automatic exchange, balances, and loans after bankruptcy.

The API lists them, as JSON or as CSV whose columns are the keys; the Pro account prints commas between thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import polars as pl

from importers.binance.cells import UPDATED
from importers.cells import epoch, money, text
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, spelled
from importers.emits import AMOUNT, ASSET, AT
from importers.files.jsontext import compact, loads
from schemas.types import MONEY

# ----------------------------------------------------------------------------------------------- interest

INTEREST = Format(
    name="binance.pm_interest",
    family="binance.pm_interest",
    venue="binance",
    title="Binance portfolio margin: interest on negative balances, of the API",
    confidence="API documentation",
    how="/papi/v1/portfolio/interest-history, /sapi/v1/portfolio/interest-history (Pro), as JSON or CSV",
    headers=(
        Header(name="interestAccuredTime", exact=True, columns=(
            "asset", "interest", "interestAccuredTime", "interestRate", "principal")),
        Header(name="interestAccruedTime", exact=True, columns=(
            "asset", "interest", "interestAccruedTime", "interestRate", "principal")),
    ),
    aliases={"interestAccuredTime": "time", "interestAccruedTime": "time"},
    cells={
        "time": epoch("time"),
        "asset": text("asset", required=True),
        "amount": money("interest", thousands=True, required=True),
        "rate": money("interestrate"),
        "principal": money("principal", thousands=True),
    },
    cases={"row": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": ASSET, "amount": AMOUNT, "principal": pl.col("principal"), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("day")), "kind": pl.lit("negative_balance"),
    }),)},
    newest_first=True,
    wallet="cross_margin",
    identity=Identity(kind="content", cells=("time", "asset", "amount", "principal")),
    claims=claimed(2, wallets=("cross_margin",), interest=2),
)  # fmt: skip
"""The rate is daily: 0.0001164 x 210,000 = 24.444, the venue's own example."""

# -------------------------------------------------------------------------------------- automatic exchange

MOST_ASSETS = 16
SMALLEST = Decimal("1e-18")


def _details(column: str) -> Cell:
    """Return the list of assets as JSON text, null where it is not one of assets and amounts, or too long."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        known = {item: _canonical(item) for item in columns[0].unique().drop_nulls()}
        return columns[0].replace_strict(known, default=None, return_dtype=pl.String)

    return Cell(columns=(column,), read=read, required=True,
                expected=f"a list of at most {MOST_ASSETS} assets with their negative balances")  # fmt: skip


def _canonical(item: str) -> str | None:
    try:
        found = loads(item)
    except ValueError:
        return None
    if not isinstance(found, list) or not 0 < len(found) <= MOST_ASSETS:
        return None
    return compact(found) if all(_exchanged(detail) is not None for detail in found) else None


def _exchanged(detail: object) -> tuple[str, Decimal] | None:
    """Return asset and amount of one entry, None where it has not both."""
    if not isinstance(detail, dict) or not detail.get("asset"):
        return None
    try:
        amount = Decimal(str(detail.get("negativeBalance")))
        return (str(detail["asset"]), amount) if amount == amount.quantize(SMALLEST) else None
    except InvalidOperation:
        return None


def _by_place(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with `asset_0`, `amount_0`, ...: what was exchanged, in the order listed."""
    pairs = [[_exchanged(detail) for detail in loads(item)] for item in stored["details"]]
    columns: list[pl.Series] = []
    for place in range(MOST_ASSETS):
        at_place = [row[place] if place < len(row) else None for row in pairs]
        columns.append(pl.Series(f"asset_{place}", [pair and pair[0] for pair in at_place], dtype=pl.String))
        columns.append(pl.Series(f"amount_{place}", [pair and pair[1] for pair in at_place], dtype=MONEY))
    return stored.with_columns(columns)


AUTO_EXCHANGE = Format(
    name="binance.pm_auto_exchange",
    family="binance.pm_auto_exchange",
    venue="binance",
    title="Binance portfolio margin: automatic exchange of negative balances, of the API",
    confidence="API documentation",
    how="/papi/v1/portfolio/negative-balance-exchange-record, as JSON or CSV",
    headers=(Header(name="API", columns=("startTime", "endTime", "details")),),
    cells={"time": epoch("endtime"), "started_at": epoch("starttime"), "details": _details("details")},
    cases={"row": tuple(
        Emit(table="conversions", where=pl.col(f"asset_{place}").is_not_null(), columns={
            "booked_at": AT, "asset": pl.col(f"asset_{place}"), "amount": pl.col(f"amount_{place}").abs(),
            "kind": pl.lit("negative_balance_exchange"),
            "group_ref": pl.col("started_at").dt.epoch("ms").cast(pl.String),
        })
        for place in range(MOST_ASSETS)
    )},
    newest_first=True,
    wallet="cross_margin",
    identity=Identity(kind="content", cells=("started_at", "time", "details")),
    prepare=_by_place,
)  # fmt: skip
"""+ = the balance below zero that was made whole; what was given for it is not said here."""

# ----------------------------------------------------------------------------------------------- balances

POTS = (
    ("cross_margin", pl.col("cross_margin")),
    ("usdm", pl.col("usdm")),
    ("coinm", pl.col("coinm")),
)
OWED = pl.col("borrowed") + pl.col("interest").fill_null(0)

BALANCES = Format(
    name="binance.pm_balances",
    family="binance.pm_balances",
    venue="binance",
    title="Binance portfolio margin: balances of the API",
    confidence="API documentation",
    how="/papi/v1/balance, /sapi/v1/portfolio/balance (Pro), as JSON or CSV",
    headers=(Header(name="API", columns=(
        "asset", "totalWalletBalance", "crossMarginAsset", "crossMarginBorrowed", "crossMarginFree",
        "crossMarginInterest", "crossMarginLocked", "umWalletBalance", "umUnrealizedPNL", "cmWalletBalance",
        "cmUnrealizedPNL", "updateTime", "negativeBalance"), optional=("optionWalletBalance", "optionEquity")),),
    cells={
        "time": UPDATED,
        "asset": text("asset", required=True),
        "cross_margin": money("crossmarginasset", thousands=True),
        "borrowed": money("crossmarginborrowed", thousands=True),
        "interest": money("crossmargininterest", thousands=True),
        "usdm": money("umwalletbalance", thousands=True),
        "coinm": money("cmwalletbalance", thousands=True),
    },
    event=pl.when(AT.is_not_null()).then(pl.lit("balance")).otherwise(pl.lit("undated")),
    event_columns=("asset", "updatetime"),
    cases={"balance": (
        *(Emit(table="stated_balances", where=balance.is_not_null(), columns={
            "stated_at": AT, "asset": ASSET, "balance": balance, "kind": pl.lit("wallet"), "wallet": pl.lit(wallet),
        }) for wallet, balance in POTS),
        Emit(table="stated_balances", where=pl.col("borrowed").is_not_null(), columns={
            "stated_at": AT, "asset": ASSET, "balance": OWED, "kind": pl.lit("debt"),
        }),
    )},
    ignores={"undated": "a balance without the instant at which it could be compared"},
    wallet="cross_margin",
    identity=Identity(kind="content", cells=("time", "asset", "cross_margin", "borrowed", "interest", "usdm", "coinm")),
    unread=dict.fromkeys(
        ("totalwalletbalance", "crossmarginfree", "crossmarginlocked", "umunrealizedpnl", "cmunrealizedpnl",
         "negativebalance", "optionwalletbalance", "optionequity"),
        "a sum or part of the others, or a value at prices of the moment"),
)  # fmt: skip
"""What is owed is what was borrowed and its interest that is not paid yet."""

ACCOUNT = replace(
    BALANCES,
    name="binance.pm_account",
    family="binance.pm_account",
    title="Binance portfolio margin: account of the API",
    how="/papi/v1/account, /sapi/v1/portfolio/account (Pro), as JSON or CSV",
    headers=(
        Header(name="portfolio margin", columns=(
            "uniMMR", "accountEquity", "actualEquity", "accountInitialMargin", "accountMaintMargin", "accountStatus",
            "virtualMaxWithdrawAmount", "updateTime"), optional=("totalAvailableBalance", "totalMarginOpenLoss")),
        Header(name="portfolio margin Pro", columns=(
            "uniMMR", "accountEquity", "actualEquity", "accountMaintMargin", "accountInitialMargin",
            "totalAvailableBalance", "accountStatus", "accountType")),
    ),
    cells={"time": UPDATED, "amount": money("actualequity", thousands=True, required=True)},
    event_columns=("accountstatus", "updatetime"),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": pl.lit("USD"), "balance": AMOUNT, "kind": pl.lit("equity")}),)},
    identity=Identity(kind="content", cells=("time", "amount")),
    unread=dict.fromkeys(
        ("unimmr", "accountequity", "accountinitialmargin", "accountmaintmargin", "accountstatus", "accounttype",
         "virtualmaxwithdrawamount", "totalavailablebalance", "totalmarginopenloss"),
        "ratios and requirements of the moment, or the equity after haircuts"),
)  # fmt: skip
"""The equity in USD, before haircuts of the collateral."""

# --------------------------------------------------------------------------------------------- bankruptcy

BANKRUPTCY = pl.lit("bankruptcy")
BANKRUPTCY_REPAY = Format(
    name="binance.pm_bankruptcy_repay",
    family="binance.pm_bankruptcy",
    venue="binance",
    title="Binance portfolio margin Pro: repayments of the loan after bankruptcy, of the API",
    confidence="API documentation",
    how="/sapi/v1/portfolio/pmloan-history, as JSON or CSV",
    headers=(Header(name="API", columns=("asset", "amount", "repayTime"), exact=True),),
    cells={
        "time": epoch("repaytime"),
        "asset": text("asset", required=True),
        "amount": money("amount", thousands=True, required=True),
    },
    cases={"row": (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": pl.lit("manual"), "loan_ref": BANKRUPTCY}),)},
    newest_first=True,
    wallet="loan",
    identity=Identity(kind="content", cells=("time", "asset", "amount")),
    claims=claimed(2, wallets=("loan",), borrow_repay=1),
)  # fmt: skip
"""The deficit that the venue lent: a debt of its own, apart from those of margin wallets; no record states its draw."""

BANKRUPTCY_LOAN = replace(
    BANKRUPTCY_REPAY,
    name="binance.pm_bankruptcy_loan",
    title="Binance portfolio margin Pro: the loan after bankruptcy, of the API",
    how="/sapi/v1/portfolio/pmLoan, as JSON or CSV",
    headers=(Header(name="API", columns=("asset", "amount"), exact=True),),
    cells={"time": epoch("updatetime", required=False)},
    event=pl.lit("undated"),
    cases={},
    ignores={"undated": "what is owed now, without the instant at which it could be compared"},
    identity=Identity(kind="content", cells=("time",)),
    claims=(),
    unread=dict.fromkeys(("asset", "amount"), "states nothing that the book keeps"),
)

FORMATS = tuple(map(spelled, (INTEREST, AUTO_EXCHANGE, BALANCES, ACCOUNT, BANKRUPTCY_REPAY, BANKRUPTCY_LOAN)))
