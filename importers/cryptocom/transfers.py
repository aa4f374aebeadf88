"""Deposits and withdrawals of the Exchange.  One of their headers serves both: the file's name says which it is."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, utc_time, word
from importers.contract import Format, Header, Identity
from importers.declared import claimed_in_part, ignored_states
from importers.emits import AMOUNT
from importers.shapes import complete, transferred

BOOKED = ("completed", "complete", "success", "successful", "arrived", "done")
UNBOOKED = {
    **{name: name for name in ("pending", "processing", "failed", "rejected", "cancelled")}, "canceled": "cancelled",
}  # fmt: skip
STATES = dict.fromkeys(BOOKED, "done") | UNBOOKED
ARRIVED = {"0": "pending", "1": "done", "2": "failed", "3": "pending"}
PAID_OUT = {
    "0": "pending", "1": "processing", "2": "rejected", "3": "processing", "4": "failed", "5": "done", "6": "cancelled",
}  # fmt: skip
"""The API's numbers: not arrived, arrived, failed, pending; pending, processing, rejected, payment in progress, payment
failed, completed, cancelled."""

SHARED = Header(
    name="either", columns=("create_time_utc", "currency", "amount", "fee", "address", "status"), exact=True
)

DEPOSITS = Format(
    name="cryptocom.deposits",
    family="cryptocom.deposits",
    venue="cryptocom",
    title="Crypto.com Exchange: deposit history (the file's name says deposit)",
    confidence="parser seen",
    how="Exchange, Wallets, Transaction history, Deposits, Export, as CSV",
    headers=(
        SHARED,
        Header(name="to about 2021", columns=(
            "Time (UTC)", "Coin", "Deposit Amount", "Fee", "Deposit Address", "Status", "TxId")),
    ),
    aliases={
        "create_time_utc": "time", "Time (UTC)": "time", "Coin": "currency", "Deposit Amount": "amount",
        "Withdrawal Amount": "amount", "Deposit Address": "address", "Withdrawal Address": "address",
    },
    cells={
        "time": utc_time("time", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S"),
        "asset": text("currency", required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "status": word("status", STATES | ARRIVED, required=True),
        "transaction_ref": text("txid"),
    },
    event=pl.when(pl.col("status") == "done").then(pl.lit("booked")).otherwise(pl.col("status")),
    event_columns=("status",),
    cases={"booked": (transferred("deposit", AMOUNT.abs(), "completed"),)},
    ignores=ignored_states(STATES.values()),
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "asset", "amount", "fee")),
    claims=(claimed_in_part(),),
    prepare=complete,
    file_name="deposit",
    unread={"address": "an address of the chain"},
)  # fmt: skip
"""Since API v1 there is one account: import its deposits with `--wallet unified`."""

WITHDRAWALS = replace(
    DEPOSITS,
    name="cryptocom.withdrawals",
    family="cryptocom.withdrawals",
    title="Crypto.com Exchange: withdrawal history (the file's name says withdraw)",
    how="Exchange, Wallets, Transaction history, Withdrawals, Export, as CSV",
    headers=(
        SHARED,
        Header(name="to about 2021", columns=(
            "Time (UTC)", "Coin", "Withdrawal Amount", "Fee", "Withdrawal Address", "Status", "Txid")),
    ),
    cells={**DEPOSITS.cells, "status": word("status", STATES | PAID_OUT, required=True)},
    cases={"booked": (transferred("withdrawal", -AMOUNT.abs(), "completed"),)},
    file_name="withdraw",
)  # fmt: skip

FORMATS = (DEPOSITS, WITHDRAWALS)
