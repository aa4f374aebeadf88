"""Deposits and withdrawals with their transactions: a part of the funding account's ledger.

The zone is in the file's name only, and the day stands behind the month.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import text, word
from importers.contract import Format, Identity
from importers.declared import claimed_in_part, header, spelled, unread
from importers.okx.cells import all_unmarked, clock_of_named_zone, money
from importers.shapes import complete, transferred

PATTERN = "%m/%d/%Y %H:%M:%S"
DONE = {"Completed": "done", "Sent": "done"}

DEPOSITS = spelled(Format(
    name="okx.deposits",
    family="okx.deposits",
    venue="okx",
    title="OKX: deposit history",
    confidence="parser seen",
    how="Assets, Order center, Deposit history, Download (`OKX_deposit_history(GMT+9).csv`)",
    headers=(header("2026", "Time,Crypto,Deposit address,Network,Transaction ID,Amount,Status"),),
    aliases={"Transaction ID": "transaction"},
    cells=all_unmarked({
        "time": clock_of_named_zone("time", PATTERN, "a time as 01/31/2026 08:00:00"),
        "asset": text("crypto", required=True),
        "transaction_ref": text("transaction"),
        "moved": money("amount", required=True),
        "status": word("status", DONE, required=True),
    }),
    event=pl.col("status"),
    event_columns=("status",),
    cases={"done": (transferred("deposit", pl.col("moved"), "completed"),)},
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "asset", "transaction_ref", "moved")),
    claims=(claimed_in_part(120, wallets=("funding",)),),
    prepare=complete,
    unread=unread({"Deposit address,Network": "says whereto and how, not how much"}),
))  # fmt: skip

WITHDRAWALS = spelled(replace(
    DEPOSITS,
    name="okx.withdrawals",
    family="okx.withdrawals",
    title="OKX: withdrawal history",
    how="Assets, Order center, Withdrawal history, Download (`OKX_withdrawal_history(GMT+9).csv`)",
    headers=(header("2026", (
        "Time,Crypto,Withdrawal address,Network,Transaction ID,Amount,Fee,Status,Reference no.")),),
    aliases={"Transaction ID": "transaction", "Reference no.": "reference"},
    cells={
        **DEPOSITS.cells,
        **all_unmarked({"fee": money("fee"), "reference": text("reference")}),
    },
    cases={"done": (transferred("withdrawal", -pl.col("moved"), "completed"),)},
    identity=Identity(kind="content", cells=("time", "asset", "transaction_ref", "moved", "reference")),
    unread=unread({"Withdrawal address,Network": "says whereto and how, not how much"}),
))  # fmt: skip
"""The amount is what arrived; the fee is charged on top of it."""

FORMATS = (DEPOSITS, WITHDRAWALS)
