"""The statement of all wallets ("Transaction History"): every booking with its account and operation, without ids.

`operations.csv` says what each operation is; one that is not in it is rejected, never guessed.  Operations were renamed
twice (about November 2023 and in 2026), so rows are compared by what an operation means.

Hourly margin interest is not booked: it is inside the repayments, whose rows do not split it.  A `Margin Fee` is cash
that leaves at once, so it adds nothing to a debt.  `BNB Fee Deduction` settles fees, and returns in their asset what
was taken before; which of its rows pay margin interest instead cannot be told.  Whether a loan or a repayment was
manual or automatic is not said either; forced ones and crypto loans are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from importers.binance.cells import clock
from importers.cells import money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, ASSET, AT, CLEARANCE, OUTSIDE, PLEDGED, adding, booking, movement, transfer
from importers.vocabulary import looked_up, table

OPERATIONS = {row["operation"].casefold(): row for row in table(__file__, "operations.csv")}
EVENTS = {name: row["event"] for name, row in OPERATIONS.items()}
KINDS = {name: row["kind"] for name, row in OPERATIONS.items()}
ENDS = {name: row["wallet"] for name, row in OPERATIONS.items()}
OTHER_ENDS = {name: row["other_wallet"] for name, row in OPERATIONS.items()}

ACCOUNTS = {
    "spot": "spot", "funding": "funding", "earn": "earn", "savings": "earn", "pool": "mining", "p2p": "p2p",
    "crossmargin": "cross_margin", "isolatedmargin": "isolated_margin", "usdtfutures": "usdm", "usdmfutures": "usdm",
    "usdfutures": "usdm", "coinfutures": "coinm", "coinmfutures": "coinm", "strategy": "strategy",
    "options": "options", "card": "card",
}  # fmt: skip
"""Without blanks, dashes, the circled M and case: `USDⓂ-Futures`, `USD-M Futures` and `USD-MFutures` are one."""

ACCOUNT = pl.col("account")
KIND, REMARK = pl.col("kind"), pl.col("remark")

IS_PAY = (pl.col("operation") == "transfer") & pl.col("remark").str.contains(r"(?i)^binance pay").fill_null(False)
EVENT = (
    pl.when(IS_PAY).then(pl.lit("external"))
    .otherwise(pl.col("operation").replace_strict(EVENTS, default=None, return_dtype=pl.String))
)  # fmt: skip


def account_wallet(column: str) -> Cell:
    """Return the wallet of an account's name, in any of its spellings."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        bare = columns[0].str.to_lowercase().str.replace_all(r"[\s\-ⓂⓜⓂ]", "")
        return bare.replace_strict(ACCOUNTS, default=None, return_dtype=pl.String)

    return Cell(columns=(column,), read=read, required=True, unmapped=True,
                expected="an account as Spot, Cross Margin, USD-M Futures")  # fmt: skip


_movement = adding(movement, "trade_ref")
_transfer = adding(transfer, "other_wallet")


CASES: dict[str, tuple[Emit, ...]] = {
    "trade": (_movement("trade"),),
    "trading_fee": (_movement("trading_fee"),),
    "realized": (_movement("realized_pnl"),),
    "funding": (
        _movement("funding"),
        Emit(table="funding", columns={"paid_at": AT, "asset": ASSET, "amount": AMOUNT}),
    ),
    "clearance": (_movement(CLEARANCE), booking("adjustments", CLEARANCE)),
    "insurance": (_movement("insurance"), booking("adjustments", "insurance")),
    "borrow": (
        _movement("borrow"),
        Emit(table="borrows", columns={"borrowed_at": AT, "asset": ASSET, "amount": AMOUNT, "kind": KIND}),
    ),
    "repay": (
        _movement("repay"),
        Emit(table="repayments", columns={"repaid_at": AT, "asset": ASSET, "amount": -AMOUNT, "kind": KIND}),
    ),
    "interest": (
        _movement("interest"),
        Emit(table="interest", columns={
            "accrued_at": AT, "asset": ASSET, "amount": -AMOUNT, "kind": pl.lit("negative_balance")}),
    ),
    "pledge": (_movement("pledge"), _transfer(PLEDGED)),
    "transfer": (_movement("transfer"), _transfer("internal")),
    "deposit": (_movement("deposit"), _transfer("deposit")),
    "withdrawal": (_movement("withdrawal"), _transfer("withdrawal")),
    "external": (_movement(OUTSIDE), _transfer(OUTSIDE)),
    "conversion": (_movement("conversion"), booking("conversions", KIND)),
    "rebate": (_movement("rebate"), booking("adjustments", "rebate")),
    "income": (_movement("income"), booking("adjustments", KIND)),
    "correction": (_movement("correction"), booking("adjustments", "correction")),
    "unclassified": (_movement("unknown"), booking("adjustments", KIND)),
}  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with kind, the wallet at a transfer's other end, and the trade that the remark names."""
    end, other_end = looked_up("operation", ENDS), looked_up("operation", OTHER_ENDS)
    return rows.with_columns(
        looked_up("operation", KINDS).alias("kind"),
        pl.when(end == ACCOUNT).then(other_end)
        .when((other_end == ACCOUNT) | other_end.is_null()).then(end).alias("other_wallet"),
        REMARK.str.extract(r"^TradeID - (\d+)$").alias("trade_ref"),
    )  # fmt: skip


POSITIONS = ("user_id", "time", "account", "operation", "coin", "change", "remark")


def recognize_by_rows(head: Sequence[Sequence[str]]) -> tuple[int, Mapping[int, str]] | None:
    """Return where a statement in another language starts: the fourth of its seven columns holds English operations."""
    for index, header in enumerate(head):
        places = [place for place, cell in enumerate(header) if cell.strip()]
        if len(places) != len(POSITIONS):
            continue
        fourth = [row[places[3]] if len(row) > places[3] else "" for row in head[index + 1 :]]
        words = [cell.strip().casefold() for cell in fourth if cell.strip()]
        if 2 * sum(word in OPERATIONS for word in words) > len(words):
            return index, dict(zip(places, POSITIONS, strict=True))
    return None


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "account": account_wallet("account"),
    "operation": word("operation", {name: name for name in OPERATIONS}, required=True,
                      what="an operation as Funding Fee, Margin Loan, Transaction Buy"),
    "asset": text("coin", required=True),
    "amount": money("change", required=True),
    "remark": text("remark"),
}  # fmt: skip

STATEMENT = Format(
    name="binance.statement",
    family="binance.statement",
    venue="binance",
    title="Binance: statement of all wallets",
    confidence="real file seen",
    how="Wallet, Transaction History, Export Transaction Records, without `Hide transfer record`",
    headers=(
        Header(name="to about 2021", confidence="parser seen", columns=(
            "UTC_Time", "Account", "Operation", "Coin", "Change", "Remark")),
        Header(name="2021 to 2025", columns=(
            "User_ID", "UTC_Time", "Account", "Operation", "Coin", "Change", "Remark")),
        Header(name="from late 2025", columns=(
            "User ID", "Time", "Account", "Operation", "Coin", "Change", "Remark")),
        Header(name="hybrid", confidence="parser seen", columns=(
            "User_ID", "Time", "Account", "Operation", "Coin", "Change", "Remark")),
        Header(name="Vietnamese workbook", contains=True, columns=(
            "Người dùng", "Thời gian", "Tài khoản", "Hoạt động", "Tiền mã", "Thay đổi", "Ghi chú")),
    ),
    aliases={
        "Người dùng": "user_id", "Thời gian": "time", "Tài khoản": "account", "Hoạt động": "operation",
        "Tiền mã": "coin", "Thay đổi": "change", "Ghi chú": "remark",
        "User_ID": "user_id", "User ID": "user_id", "UTC_Time": "time", "Time": "time", "Account": "account",
        "Operation": "operation", "Coin": "coin", "Change": "change", "Remark": "remark",
    },
    cells=CELLS,
    event=EVENT,
    event_columns=("account", "operation"),
    cases=CASES,
    wallet=ACCOUNT,
    identity=Identity(kind="content", cells=("time", "account", "event", "asset", "amount", "remark")),
    claims=(
        *claimed(2, ledger=2), *claimed(2, wallets=("usdm", "coinm"), funding=2), *claimed(2, fees=3, borrow_repay=2),
        *claimed(2, wallets=("cross_margin", "isolated_margin"), interest=2)
    ),
    account_number="user_id",
    prepare=_prepare,
    recognize=recognize_by_rows,
)  # fmt: skip
"""The user's number is no part of a row's identity: the oldest files do not have it."""

FORMATS = (STATEMENT,)
