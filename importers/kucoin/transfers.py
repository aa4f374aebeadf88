"""Deposits and withdrawals, of crypto and of fiat: the zip's files and the single files before it.

Their times differ from those of the account's history by up to a minute, and they share no id with it.  They state a
part of the funding account's ledger, though a deposit may have gone to another account.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import constant, money, text, word
from importers.contract import Cell, Context, Format, Identity
from importers.declared import claimed_in_part, header, unread
from importers.emits import adding, transfer
from importers.kucoin.cells import MASKED, NOTHING_FOUND, SINGAPORE, STRATEGY, UNDONE, clock, is_of_sub_account, status

AT, ASSET, AMOUNT, FEE = pl.col("time"), pl.col("asset"), pl.col("amount"), pl.col("fee").fill_null(0)
CLAIMS = (claimed_in_part(),)
LAST = r"(?!.*(?:deposit|withdraw))"
"""The last of the two words in a file's name says what it holds: `Deposit_Withdrawal History_Deposit History`."""


_transfer = adding(
    transfer, fee=pl.when(FEE != 0).then(FEE), transaction_ref=pl.col("transaction"), status=pl.lit("completed"),
)  # fmt: skip


ARRIVED, SENT = _transfer("deposit", AMOUNT + FEE), _transfer("withdrawal", -AMOUNT)
"""The amount is without the fee: of a deposit what was credited, of a withdrawal what arrives elsewhere."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    of_sub = is_of_sub_account(rows["sub_account"])
    return rows.with_columns(
        fee=FEE, pot=pl.when(of_sub).then(pl.lit(STRATEGY)).otherwise(pl.lit(context.wallet or "funding"))
    )


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "sub_account": text("account type"),
    "asset": text("coin", required=True),
    "amount": money("amount", required=True),
    "fee": money("fee"),
    "transaction": text("hash"),
    "status": status("status"),
}
KEY = ("direction", "asset", "amount", "fee", "time")
"""Not the transaction: not all of these files have it."""
UNREAD = unread({
    "uid": MASKED,
    "account type": "the main account, or the sub-account whose pot the row is in",
    "deposit address, withdrawal address/account, wallet address/account, wallet address, add": "names an address",
    "transfer network, network": "says how, not how much",
    "remarks, remark, type": "a note",
})  # fmt: skip
SHORT = "UID,Account Type,Time(UTC),Coin,Amount,Fee,Transfer Network,Status,Remarks"

DEPOSITS = Format(
    name="kucoin.deposits",
    family="kucoin.deposits_withdrawals",
    venue="kucoin",
    title="KuCoin: deposit history",
    confidence="real file seen",
    how="Orders, Financial history, Export: `Deposit_Withdrawal History_Deposit History` in the zip",
    headers=(
        header("with hash", (
            "UID,Account Type,Time(UTC),Coin,Amount,Fee,Hash,Deposit Address,Transfer Network,Status,Remarks")),
        header("short", SHORT, confidence="parser seen"),
    ),
    aliases={"Time(UTC)": "time", "Time": "time"},
    cells={**CELLS, "direction": constant("coin", "in")},
    event=pl.col("status"),
    event_columns=("status",),
    cases={"done": (ARRIVED,)},
    ignores=UNDONE,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=KEY),
    claims=CLAIMS,
    prepare=_prepare,
    unread=UNREAD,
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
    file_name=f"deposit{LAST}",
)  # fmt: skip
"""The short files have their columns in another order, too, and the same ones for both directions: their name tells."""

WITHDRAWALS = replace(
    DEPOSITS,
    name="kucoin.withdrawals",
    title="KuCoin: withdrawal history",
    how="Orders, Financial history, Export: `Deposit_Withdrawal History_Withdrawal History` (or Record) in the zip",
    headers=(
        header("with hash", (
            "UID,Account Type,Time(UTC),Coin,Amount,Fee,Hash,Withdrawal Address/Account,Transfer Network,Status,"
            "Remarks")),
        header("without hash", (
            "UID,Account Type,Time(UTC),Coin,Amount,Fee,Withdrawal Address/Account,Transfer Network,Status,Remarks"),
            confidence="parser seen"),
        header("without zone", (
            "UID,Account Type,Time,Coin,Amount,Fee,Withdrawal Address/Account,Transfer Network,Status,Remarks"),
            confidence="parser seen"),
        header("short", SHORT, confidence="parser seen"),
    ),
    cells={**CELLS, "direction": constant("coin", "out")},
    cases={"done": (SENT,)},
    file_name=f"withdraw{LAST}",
)  # fmt: skip

# ----------------------------------------------------------------------------------------- before the zip

OLD_CELLS = {name: cell for name, cell in CELLS.items() if name != "status"}


OLD_DEPOSITS = replace(
    DEPOSITS,
    name="kucoin.old_deposits",
    title="KuCoin: deposits of the single file before the zip",
    confidence="parser seen",
    how="Assets, Deposit history, Export of 2019 to 2023 (Singapore time, which the file does not say)",
    headers=(
        header("with network", "Time,Coin,Network,Amount,Type,Remark,Fee", exact=True),
        header("without network", "Time,Coin,Amount,Type,Remark", exact=True),
    ),
    cells={**OLD_CELLS, "direction": constant("coin", "in")},
    event=pl.lit("done"),
    ignores={},
    file_name=None,
)
OLD_WITHDRAWALS = replace(
    OLD_DEPOSITS,
    name="kucoin.old_withdrawals",
    title="KuCoin: withdrawals of the single file before the zip",
    how="Assets, Withdrawal history, Export of 2019 to 2023 (Singapore time, which the file does not say)",
    headers=(
        header("with network", "Time,Coin,Network,Amount,Type,Wallet Address/Account,Remark", exact=True),
        header("without network", "Time,Coin,Amount,Type,Wallet Address,Remark", exact=True),
    ),
    cells={**OLD_CELLS, "direction": constant("coin", "out")},
    cases={"done": (SENT,)},
)
OLD_BOTH = replace(
    OLD_DEPOSITS,
    name="kucoin.old_deposits_withdrawals",
    title="KuCoin: deposits and withdrawals of the single file of 2018",
    how="Assets, History, Export of 2018 (Singapore time, which the file does not say)",
    headers=(header("2018", "coin_type,type,add,hash,vol,created_at"),),
    aliases={"coin_type": "coin", "vol": "amount", "created_at": "time", "type": "direction"},
    cells={**OLD_CELLS, "direction": word("direction", {"DEPOSIT": "in", "WITHDRAW": "out"}, required=True)},
    event=pl.col("direction"),
    event_columns=("direction",),
    cases={"in": (ARRIVED,), "out": (SENT,)},
)
"""What a withdrawal cost none of the old files says."""

# --------------------------------------------------------------------------------------------------- fiat

FIAT_DEPOSITS = replace(
    DEPOSITS,
    name="kucoin.fiat_deposits",
    family="kucoin.fiat_deposits",
    title="KuCoin: fiat deposits",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Fiat Orders_Fiat Deposits` in the zip",
    headers=(header("zip", "Order ID,Currency (Fiat),Fiat Amount,Fee,Deposit Method,Status,Time(UTC)"),),
    aliases={
        "Time(UTC)": "time", "Order ID": "hash", "Currency (Fiat)": "coin", "Fiat Amount": "amount",
    },
    cells={name: cell for name, cell in CELLS.items() if name != "sub_account"},
    cases={"done": (_transfer("deposit", AMOUNT),)},
    wallet="funding",
    identity=Identity(kind="id", cells=("transaction",), content=("asset", "amount", "fee")),
    prepare=None,
    unread=unread({
        "deposit method, withdrawal method": "says how, not how much", "fee currency": "that of the amount",
    }),
    file_name=None,
)  # fmt: skip
"""The amount is what was sent; what is credited is without the fee."""

FIAT_WITHDRAWALS = replace(
    FIAT_DEPOSITS,
    name="kucoin.fiat_withdrawals",
    family="kucoin.fiat_withdrawals",
    title="KuCoin: fiat withdrawals",
    how="Orders, Financial history, Export: `Fiat Orders_Fiat Withdrawals` in the zip",
    headers=(header("zip", (
        "Order ID,Currency (Fiat),Fiat Amount,Fee Currency,Fee,Withdrawal Method,Status,Time(UTC)")),),
    cases={"done": (SENT,)},
)  # fmt: skip

FORMATS = (DEPOSITS, WITHDRAWALS, OLD_DEPOSITS, OLD_WITHDRAWALS, OLD_BOTH, FIAT_DEPOSITS, FIAT_WITHDRAWALS)
