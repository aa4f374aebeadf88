"""Deposits and withdrawals, of crypto and of fiat, from screen or API.

They state a part of the spot wallet's ledger.  The oldest headers serve both directions: only the file name tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.binance.cells import clock
from importers.cells import epoch, money, text, utc_time, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed_in_part, ignored_states
from importers.emits import AMOUNT, AT, transfer

DONE = {"Completed": "done", "Successful": "done"}
UNDONE = {
    name: name.casefold() for name in (
        "Failed", "Failure", "Pending", "Processing", "Rejected", "Cancelled", "Canceled", "Expired", "Refunded",
        "Refunding", "Awaiting Approval", "Email Sent", "Wrong Deposit", "Waiting User Confirm",
    )
}  # fmt: skip
DEPOSIT_CODES = {
    "1": "done", "6": "done", "0": "pending", "7": "wrong deposit", "8": "waiting user confirm", "2": "rejected",
}  # fmt: skip
"""6 is credited, though it cannot be withdrawn yet."""
WITHDRAWAL_CODES = {
    "6": "done", "0": "email sent", "1": "cancelled", "2": "awaiting approval", "3": "rejected", "4": "processing",
    "5": "failure",
}  # fmt: skip

STATUS = pl.col("status")
CLAIMS = (claimed_in_part(2),)


def _transfer(kind: str, amount: pl.Expr, reference: str) -> Mapping[str, tuple[Emit, ...]]:
    moved = transfer(kind, amount, fee=pl.col("fee"), transaction_ref=pl.col(reference), status=pl.lit("completed"))
    return {"done": (moved,)}


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the second that tells those without a transaction apart."""
    return rows.with_columns(pl.when(pl.col("transaction").is_null()).then(AT.dt.truncate("1s")).alias("second"))


def _ignores(*vocabularies: Mapping[str, str]) -> dict[str, str]:
    return ignored_states(status for vocabulary in vocabularies for status in vocabulary.values())


SHARED = (
    Header(name="to 2020", confidence="parser seen", columns=(
        "Date", "Coin", "Amount", "TransactionFee", "Address", "TXID", "SourceAddress", "PaymentID", "Status")),
    Header(name="2020 to 2021", confidence="parser seen", columns=(
        "Date(UTC)", "Coin", "Amount", "TransactionFee", "Address", "TXID", "SourceAddress", "PaymentID", "Status")),
    Header(name="2021 to 2022", confidence="parser seen", columns=(
        "Date(UTC)", "Coin", "Network", "Amount", "TransactionFee", "Address", "TXID", "SourceAddress", "PaymentID",
        "Status")),
)  # fmt: skip
ALIASES = {
    "Date": "time", "Date(UTC)": "time", "Time": "time", "Coin": "coin", "Amount": "amount", "TransactionFee": "fee",
    "Fee": "fee", "TXID": "txid", "Status": "status",
}  # fmt: skip
CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "asset": text("coin", required=True),
    "amount": money("amount", required=True),
    "fee": money("fee"),
    "transaction": text("txid"),
    "status": word("status", DONE | UNDONE, required=True),
}
UNREAD = {
    "network": "says how, not how much",
    "address": "names another's account",
    "sourceaddress": "names another's account",
    "paymentid": "names another's account",
}

DEPOSITS = Format(
    name="binance.deposits",
    family="binance.deposits",
    venue="binance",
    title="Binance: deposit history",
    confidence="real file seen",
    how="Wallet, Transaction History, Deposit, Export Deposit History",
    headers=(
        *SHARED,
        Header(name="2023 to 2025", confidence="parser seen", columns=(
            "Date(UTC+0)", "Coin", "Network", "Amount", "Address", "TXID", "Status")),
        Header(name="from late 2025", columns=("Time", "Coin", "Network", "Amount", "Address", "TXID", "Status")),
    ),
    aliases=ALIASES,
    cells=CELLS,
    event=STATUS,
    event_columns=("status",),
    cases=_transfer("deposit", AMOUNT, "transaction"),
    ignores=_ignores(UNDONE),
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("transaction", "asset", "amount", "second")),
    claims=CLAIMS,
    prepare=_prepare,
    unread=UNREAD,
    file_name="deposit",
)  # fmt: skip
"""Payouts in one batch share a transaction, so equal rows are counted.  The time is part of the key only where there is
no transaction: the API and the files of several years need not print the same one."""

WITHDRAWALS = replace(
    DEPOSITS,
    name="binance.withdrawals",
    family="binance.withdrawals",
    title="Binance: withdrawal history",
    how="Wallet, Transaction History, Withdraw, Export Withdraw History",
    headers=(
        *SHARED,
        Header(name="2023 to 2025", confidence="parser seen", columns=(
            "Date(UTC+0)", "Coin", "Network", "Amount", "Fee", "Address", "TXID", "Status")),
        Header(name="from late 2025", columns=(
            "Time", "Coin", "Network", "Amount", "Fee", "Address", "TXID", "Status")),
    ),
    cases=_transfer("withdrawal", -AMOUNT, "transaction"),
    file_name="withdraw",
)  # fmt: skip
"""`Amount` is what arrives; the fee is charged on top of it."""

API_UNREAD = dict.fromkeys(
    ("id", "network", "address", "addresstag", "transfertype", "unlockconfirm", "confirmtimes", "completetime",
     "wallettype", "sourceaddress", "confirmno", "info", "txkey", "withdraworderid", "travelrulestatus"),
    "says how and to whom, not how much",
)  # fmt: skip

DEPOSITS_API = replace(
    DEPOSITS,
    name="binance.deposits_api",
    title="Binance: deposits of the API, as JSON or CSV",
    confidence="API documentation",
    how="/sapi/v1/capital/deposit/hisrec",
    headers=(Header(name="API", columns=(
        "id", "amount", "coin", "network", "status", "address", "addressTag", "txId", "insertTime")),),
    aliases={"insertTime": "time"},
    cells=CELLS | {"time": epoch("time"), "status": word("status", DEPOSIT_CODES, required=True)},
    ignores=_ignores(DEPOSIT_CODES),
    unread=API_UNREAD,
    file_name=None,
)  # fmt: skip

WITHDRAWALS_API = replace(
    WITHDRAWALS,
    name="binance.withdrawals_api",
    title="Binance: withdrawals of the API, as JSON or CSV",
    confidence="API documentation",
    how="/sapi/v1/capital/withdraw/history",
    headers=(Header(name="API", columns=(
        "id", "amount", "transactionFee", "coin", "status", "address", "txId", "applyTime")),),
    aliases={"applyTime": "time", "transactionFee": "fee"},
    cells=CELLS | {
        "time": utc_time("time", "%Y-%m-%d %H:%M:%S"), "status": word("status", WITHDRAWAL_CODES, required=True)},
    ignores=_ignores(WITHDRAWAL_CODES),
    unread=API_UNREAD,
    file_name=None,
)  # fmt: skip

FIAT_HEADER = (
    "Date(UTC)", "Coin", "Amount", "Status", "Payment Method", "Indicated Amount", "Fee", "Order ID",
)  # fmt: skip

FIAT_DEPOSITS = replace(
    DEPOSITS,
    name="binance.fiat_deposits",
    family="binance.fiat_deposits",
    title="Binance: fiat deposit history",
    confidence="parser seen",
    how="Wallet, Transaction History, Fiat, Deposit, Export",
    headers=(Header(name="fiat", columns=FIAT_HEADER),),
    aliases={**ALIASES, "Indicated Amount": "indicated", "Order ID": "order_id", "Payment Method": "method"},
    cells={
        "time": CELLS["time"],
        "asset": CELLS["asset"],
        "amount": CELLS["amount"],
        "indicated": money("indicated", required=True),
        "fee": CELLS["fee"],
        "transaction": text("order_id"),
        "status": CELLS["status"],
    },
    cases=_transfer("deposit", pl.col("indicated"), "transaction"),
    unread={"method": "says how, not how much"},
)  # fmt: skip
"""What was sent is the indicated amount; `Amount` is what is left of it after the fee."""

FIAT_WITHDRAWALS = replace(
    FIAT_DEPOSITS,
    name="binance.fiat_withdrawals",
    family="binance.fiat_withdrawals",
    title="Binance: fiat withdrawal history",
    how="Wallet, Transaction History, Fiat, Withdraw, Export",
    cases=_transfer("withdrawal", -AMOUNT, "transaction"),
    file_name="withdraw",
)  # fmt: skip

FORMATS = (DEPOSITS, WITHDRAWALS, DEPOSITS_API, WITHDRAWALS_API, FIAT_DEPOSITS, FIAT_WITHDRAWALS)
