"""Deposits and withdrawals of the API: a part of the funding account's ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount
from importers.cells import epoch, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed_in_part, ignored_states, spelled
from importers.emits import transfer

DEPOSIT_CODES = {
    "3": "done", "10012": "done", "0": "unknown", "1": "to be confirmed", "2": "processing", "4": "failed",
    "10011": "on its way to the funding pool",
}  # fmt: skip
INTERNAL_CODES = {"2": "done", "1": "processing", "3": "failed"}
WITHDRAWAL_WORDS = {
    "success": "done", "BlockchainConfirmed": "done", "SecurityCheck": "security check", "Pending": "pending",
    "CancelByUser": "cancelled", "Reject": "rejected", "Fail": "failed",
    "MoreInformationRequired": "more information required", "Unknown": "unknown",
}  # fmt: skip
ROLLBACK = "rolled back"


def _status(vocabulary: dict[str, str]) -> Cell:
    """Return the state of a deposit; codes of five digits that begin with 7 are rollbacks."""
    known = word("status", vocabulary, required=True)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        value = known.read(columns, context)
        is_rollback = columns[0].str.contains(r"^\s*7\d{4}\s*$").fill_null(False)
        return value.zip_with(~is_rollback, pl.Series([ROLLBACK]).new_from_index(0, len(value)))

    return replace(known, read=read)


def _transfer(kind: str, amount: pl.Expr) -> dict[str, tuple[Emit, ...]]:
    reference = pl.coalesce("transaction", "id")
    moved = transfer(kind, amount, fee=pl.col("fee"), transaction_ref=reference, status=pl.lit("completed"))
    return {"done": (moved,)}


CELLS: dict[str, Cell] = {
    "time": epoch("time"),
    "asset": text("coin", required=True),
    "amount": amount("amount", required=True),
    "fee": amount("fee"),
    "status": _status(DEPOSIT_CODES),
    "transaction": text("txid"),
    "place": text("txindex"),
    "id": text("id"),
}

DEPOSITS = Format(
    name="bybit.deposits",
    family="bybit.deposits",
    venue="bybit",
    title="Bybit: deposits of the API, as JSON or CSV",
    confidence="API documentation",
    how="/v5/asset/deposit/query-record (30 days a request)",
    headers=(Header(name="API", columns=(
        "coin", "chain", "amount", "txID", "status", "toAddress", "depositFee", "successAt")),),
    aliases={"successAt": "time", "depositFee": "fee"},
    cells=CELLS,
    event=pl.col("status"),
    event_columns=("status",),
    cases=_transfer("deposit", pl.col("amount")),
    ignores=ignored_states((*DEPOSIT_CODES.values(), ROLLBACK)),
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "transaction", "place", "asset", "amount")),
    claims=(claimed_in_part(120, wallets=("funding",)),),
    unread=dict.fromkeys(
        ("chain", "toaddress", "tag", "confirmations", "blockhash", "batchreleaselimit", "deposittype",
         "fromaddress", "taxdepositrecordsid", "taxstatus", "type", "address", "frommemberid"),
        "says how and by whom, not how much"),
)  # fmt: skip

INTERNAL = replace(
    DEPOSITS,
    name="bybit.internal_deposits",
    family="bybit.internal_deposits",
    title="Bybit: deposits from other users of the venue, as JSON or CSV",
    how="/v5/asset/deposit/query-internal-record (30 days a request)",
    headers=(Header(name="API", columns=("id", "type", "coin", "amount", "status", "address", "createdTime", "txID")),),
    aliases={"createdTime": "time"},
    cells={**CELLS, "status": word("status", INTERNAL_CODES, required=True)},
    ignores=ignored_states(INTERNAL_CODES.values()),
)

WITHDRAWALS = replace(
    DEPOSITS,
    name="bybit.withdrawals",
    family="bybit.withdrawals",
    title="Bybit: withdrawals of the API, as JSON or CSV",
    how="/v5/asset/withdraw/query-record with withdrawType=2 (30 days a request)",
    headers=(Header(name="API", columns=(
        "withdrawId", "coin", "chain", "amount", "withdrawFee", "status", "toAddress", "createTime", "updateTime")),),
    aliases={"createTime": "time", "withdrawFee": "fee", "withdrawId": "id"},
    cells={**CELLS, "status": word("status", WITHDRAWAL_WORDS, required=True), "id": text("id", required=True)},
    cases=_transfer("withdrawal", -pl.col("amount")),
    ignores=ignored_states(WITHDRAWAL_WORDS.values()),
    identity=Identity(kind="id", cells=("id",), content=("asset", "amount", "fee")),
    unread=dict.fromkeys(
        ("chain", "toaddress", "tag", "updatetime", "withdrawtype", "taxstatus"), "says how and to whom, not how much"),
)  # fmt: skip
"""`amount` is what arrives; the fee is charged on top of it."""

FORMATS = tuple(map(spelled, (DEPOSITS, INTERNAL, WITHDRAWALS)))
