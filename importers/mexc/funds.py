"""Deposits, withdrawals, other funding and transfers between wallets: each a part of a wallet's ledger."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, word
from importers.contract import Context, Format, Identity
from importers.declared import claimed_in_part
from importers.emits import AMOUNT
from importers.mexc.cells import ALIASES, IGNORED_STATES, TIMES, clock, headers, said_in, state
from importers.shapes import Words, complete, log_cases, transferred, without_movements
from importers.vocabulary import table

OTHER_WORDS = Words.of(table(__file__, "other_words.csv"))
SYSTEMS = {
    "SPOT": "spot", "FUTURES": "usdm", "CONTRACT": "usdm", "SWAP": "usdm", "FIAT": "funding", "P2P": "funding",
    "OTC": "funding", "MARGIN": "isolated_margin", "EARN": "earn",
}  # fmt: skip
"""What the systems of a transfer are called; no file with them was seen."""
LEGS = ("spot", "funding", "earn", "isolated_margin", "usdm")
"""Whose leg a row states, the first of its two ends: that of the futures is in their capital flow."""

CLAIMS = (claimed_in_part(),)

DEPOSITS = Format(
    name="mexc.deposits",
    family="mexc.deposits",
    venue="mexc",
    title="MEXC: deposits",
    confidence="parser seen",
    how="Wallets, Funding History, Deposit, Export (CSV or XLSX)",
    headers=headers("Status,Crypto,Network,Deposit Amount,TxID,Progress", *TIMES),
    aliases=ALIASES,
    cells={
        "time": clock("time"),
        "state": state("status"),
        "asset": text("crypto", required=True),
        "amount": money("deposit amount", required=True),
        "transaction_ref": text("txid"),
    },
    event=pl.col("state"),
    event_columns=("status",),
    cases={"done": (transferred("deposit", status="completed"),)},
    ignores=IGNORED_STATES,
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "transaction_ref", "asset", "amount")),
    claims=CLAIMS,
    account_number="uid",
    prepare=complete,
    unread={"network": "says how, not how much", "progress": "how many confirmations it had"},
)  # fmt: skip

WITHDRAWALS = replace(
    DEPOSITS,
    name="mexc.withdrawals",
    family="mexc.withdrawals",
    title="MEXC: withdrawals",
    how="Wallets, Funding History, Withdrawal, Export (CSV or XLSX)",
    headers=headers(
        "Status,Crypto,Network,Request Amount,Withdrawal Address,TxID,Trading Fee,Settlement Amount,"
        "Withdrawal Descriptions", "memo", *TIMES,
    ),
    cells={
        **{name: DEPOSITS.cells[name] for name in ("time", "state", "asset", "transaction_ref")},
        "amount": money("settlement amount", required=True),
        "fee": money("trading fee"),
    },
    cases={"done": (transferred("withdrawal", -AMOUNT, status="completed"),)},
    unread={
        "network": "says how, not how much", "request amount": "what arrives and the fee together",
        **dict.fromkeys(("withdrawal address", "memo", "withdrawal descriptions"), "says to whom, not how much"),
    },
)  # fmt: skip
"""The settlement amount is what arrives; the fee is charged on top of it."""

OTHER = replace(
    DEPOSITS,
    name="mexc.other_funding",
    family="mexc.other_funding",
    title="MEXC: other funding (bonus, airdrop, interest)",
    how="Wallets, Funding History, Other, Export (CSV or XLSX)",
    headers=headers("Crypto,Type,Quantity,Status,Remark", *TIMES),
    cells={
        **{name: DEPOSITS.cells[name] for name in ("time", "state", "asset")},
        "word": said_in("type", OTHER_WORDS, "a type with a word as Bonus, Airdrop, Interest"),
        "amount": money("quantity", required=True),
    },
    event=pl.when(pl.col("state") == "done").then(OTHER_WORDS.says("event")).otherwise("state"),
    event_columns=("type", "status"),
    cases=without_movements(log_cases(OTHER_WORDS)),
    identity=Identity(kind="content", cells=("time", "word", "asset", "amount")),
    prepare=OTHER_WORDS.prepare,
    unread={"remark": "free text"},
)  # fmt: skip


def _prepare_transfers(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the leg of the first wallet of `LEGS` that they touch; booked when last updated."""
    order = [
        pl.col(end).replace_strict({wallet: place for place, wallet in enumerate(LEGS)}) for end in ("start", "end")
    ]
    comes = order[1] < order[0]
    return complete(rows.with_columns(
        pl.coalesce("updated", "time").alias("time"),
        pl.when(comes).then("end").otherwise("start").alias("pot"),
        pl.when(comes).then("start").otherwise("end").alias("other_wallet"),
        pl.when(comes).then(AMOUNT.abs()).otherwise(-AMOUNT.abs()).alias("amount"),
    ))  # fmt: skip


TRANSFERS = replace(
    DEPOSITS,
    name="mexc.transfers",
    family="mexc.transfers",
    title="MEXC: transfers between wallets",
    confidence="parser seen",
    how="Wallets, Funding History, Transfer, Export (CSV or XLSX)",
    headers=headers(
        "From System,To System,Currency,Amount,Status,Transfer Type",
        "update_time(UTC+00:00)", "create_time(UTC+00:00)", "update_time", "create_time",
    ),
    aliases={"update_time(UTC+00:00)": "update_time", "create_time(UTC+00:00)": "create_time"},
    cells={
        "time": clock("create_time"),
        "updated": clock("update_time", required=False),
        "state": state("status"),
        "start": word("from system", SYSTEMS, required=True),
        "end": word("to system", SYSTEMS, required=True),
        "asset": text("currency", required=True),
        "amount": money("amount", required=True),
    },
    event=pl.when((pl.col("state") == "done") & (pl.col("start") == pl.col("end"))).then(pl.lit("within"))
    .otherwise("state"),
    cases={"done": (transferred("internal", status="completed"),)},
    ignores={**IGNORED_STATES, "within": "between two systems that are one wallet here: no balance changed"},
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "start", "end", "asset", "amount")),
    prepare=_prepare_transfers,
    unread={"transfer type": "repeats the systems in a word"},
)  # fmt: skip

FORMATS = (DEPOSITS, WITHDRAWALS, OTHER, TRANSFERS)
