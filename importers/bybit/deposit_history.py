"""Deposits and withdrawals as the Data Export lists them, with chain and transaction: a part of the funding ledger.

A withdrawal is the amount that arrived; its fee is not listed.  The date is the request's, up to minutes before the
booking in the account's log.
"""

from __future__ import annotations

import polars as pl

from importers.bybit.cells import NOTHING, amount, clock
from importers.cells import text, word
from importers.contract import Emit, Format, Header, Identity
from importers.declared import claimed_in_part

KINDS = {"Deposit": "deposit", "Withdraw": "withdrawal"}
STATUSES = {"Completed": "done", "Transferred successfully": "done", "Failed": "failed"}
SIGNED = pl.when(pl.col("kind") == "withdrawal").then(-pl.col("amount")).otherwise(pl.col("amount"))

DEPOSIT_HISTORY = Format(
    name="bybit.deposit_history",
    family="bybit.deposit_history",
    venue="bybit",
    title="Bybit: deposits and withdrawals of the Data Export",
    confidence="parser seen",
    how="Account, Data Export, Deposits and Withdrawals (withdrawDepositHistory)",
    headers=(Header(name="Data Export", columns=(
        "Uid", "Date", "Type", "Asset", "Chain", "Amount", "Tx ID", "Status", "Received Address")),),
    aliases={"Uid": "uid", "Date": "time", "Type": "type", "Asset": "coin", "Amount": "amount", "Tx ID": "txid",
             "Status": "status", "Chain": "chain", "Received Address": "address"},
    cells={
        "time": clock("time"),
        "kind": word("type", KINDS, required=True),
        "asset": text("coin", required=True),
        "amount": amount("amount", required=True),
        "status": word("status", STATUSES, required=True),
        "transaction": text("txid"),
    },
    event=pl.col("status"),
    event_columns=("type", "status"),
    cases={"done": (Emit(table="transfers", columns={
        "moved_at": pl.col("time"), "asset": pl.col("asset"), "amount": SIGNED, "kind": pl.col("kind"),
        "transaction_ref": pl.when(~pl.col("transaction").is_in(list(NOTHING))).then("transaction"),
        "status": pl.lit("completed"),
    }),)},
    ignores={"failed": "failed: moved nothing"},
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "kind", "asset", "amount", "transaction")),
    claims=(claimed_in_part(120, wallets=("funding",)),),
    account_number="uid",
    unread={"chain": "says how, not how much", "address": "says to whom, not how much"},
    assumed_zone="UTC",
)  # fmt: skip

FORMATS = (DEPOSIT_HISTORY,)
