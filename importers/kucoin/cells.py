"""The dialects of KuCoin's cells, and the pots that file names, accounts and sub-accounts stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from importers.cells import local_time, word
from importers.contract import Cell, Context
from importers.vocabulary import MARGIN_MODES

CLOCKS = ("%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f")
SINGAPORE = "+08:00"
"""Of all files that print no zone."""
NOTHING_FOUND = ("no matching records found",)
"""Stands alone in the only row of an export without rows."""
MASKED = "the account's number, which some downloads mask"

SIDES = {"BUY": "buy", "SELL": "sell"}
LIQUIDITY = {"MAKER": "maker", "TAKER": "taker"}

STRATEGY = "strategy"
POTS = ("cross_margin", "isolated_margin")
PLACES: tuple[tuple[str, str], ...] = (
    (r"isolated", "isolated_margin"),
    (r"margin", "cross_margin"),
    (r"trading[ _-]?bot", STRATEGY),
    (r"futures|contract", "futures"),
    (r"funding|main[ _-]account", "funding"),
    (r"trading[ _-]?account|spot", "spot"),
)
"""What names a wallet in a file's name, a remark or an account's name; the first that is found.  The futures account
is two wallets of ours, by what its contracts are settled in."""
MAIN = ("", "mainaccount")
"""Account types that are no sub-account, without blanks and case."""

STATUSES = {
    "SUCCESS": "done", "SUCCEEDED": "done", "DONE": "done", "FAILURE": "failed", "FAILED": "failed",
    "PROCESSING": "pending", "WALLET PROCESSING": "pending", "WALLET_PROCESSING": "pending", "PENDING": "pending",
    "CANCELED": "cancelled", "CANCELLED": "cancelled",
}  # fmt: skip
UNDONE = {
    "failed": "failed: moved nothing",
    "pending": "pending: not booked yet",
    "cancelled": "cancelled: moved nothing",
}


def clock(column: str, *, required: bool = True) -> Cell:
    """Return the instant of a wall clock in the zone that the column's heading names."""
    return local_time(column, *CLOCKS, required=required)


def side(column: str) -> Cell:
    """Return buy or sell."""
    return word(column, SIDES, required=True)


def status(column: str) -> Cell:
    """Return done, failed, pending or cancelled."""
    return word(column, STATUSES, required=True)


def place_of(words: str) -> str | None:
    """Return the wallet that a file's name, a remark or an account's name speaks of; `futures` for that account."""
    folded = words.casefold()
    return next((place for pattern, place in PLACES if re.search(pattern, folded)), None)


def pot(column: str, default: str | None = None) -> Cell:
    """Return the wallet of each row, as the file's name says, else `--wallet`, else `default`.

    `column` is any that every row has.  What a sub-account holds outside margin is a pot of its own, `strategy`: a book
    of the main account must not net it, and one file may hold both.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        wallet = place_of(context.file_name) or context.wallet or default
        frame = pl.DataFrame({"sub": is_of_sub_account(columns[1])})
        own = pl.lit(wallet, dtype=pl.String)
        if wallet not in POTS:
            own = pl.when("sub").then(pl.lit(STRATEGY)).otherwise(own)
        return frame.with_columns(own.alias("pot"))["pot"]

    return Cell(
        columns=(column, "account type"), read=read, required=True,
        expected="a file name that says of which account, as `Account History_Trading Account`, or --wallet",
    )  # fmt: skip


def is_of_sub_account(account_types: pl.Series) -> pl.Series:
    """Return whether the account type of each row is the name of a sub-account."""
    folded = account_types.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_]", "").fill_null("")
    return ~folded.is_in(list(MAIN))


def with_margin_terms(rows: pl.DataFrame, symbol: pl.Expr) -> pl.DataFrame:
    """Return the rows with `product`, `margin_mode` and `pair` as their pot and symbol say."""
    pot_ = pl.col("pot")
    return rows.with_columns(
        product=pl.when(pot_.is_in(POTS)).then(pl.lit("margin")).otherwise(pl.lit("spot")),
        margin_mode=pot_.replace_strict(MARGIN_MODES, default=None, return_dtype=pl.String),
        pair=pl.when(pot_ == "isolated_margin").then(symbol),
    )
