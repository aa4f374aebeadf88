"""The dialect of MEXC's exports: an optional first column `UID`, a clock whose zone stands in its header or nowhere.

A contract is called `BTC_USDT`, `BTCUSDT` or `BTC-USDT`, by the export; here it has the first of these names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from importers.cells import exact_decimals, local_time, mapped, translate
from importers.contract import Cell, Context, Header, Named
from importers.naming import pair as named_pair
from importers.naming import split_pair
from importers.shapes import Words

CLOCK = "%Y-%m-%d %H:%M:%S"
ALIASES: Mapping[str, str] = {"Time(UTC+00:00)": "time", "Creation Time(UTC+00:00)": "time", "Creation Time": "time"}
TIMES = ("Time", "Time(UTC+00:00)")

DONE = (
    "completed", "success", "successful", "finished", "filled", "closed", "credited successfully", "deposit successful",
    "withdrawal successful",
)  # fmt: skip
UNDONE = {
    "pending": "pending", "processing": "processing", "cancel": "cancelled", "fail": "failed", "reject": "rejected",
    "review": "under review", "verification": "under verification", "unfilled": "unfilled", "partially": "done in part",
    "holding": "held",
}  # fmt: skip
"""States that public parsers tell apart, the latter by a piece of the word."""

SIGNS = {"in": "+", "inflow": "+", "out": "-", "outflow": "-"}


def clock(column: str, *, required: bool = True) -> Cell:
    """Return the instant of a wall clock; a file without a zone in its header needs the user's."""
    return local_time(column, CLOCK, required=required)


def headers(columns: str, *optional: str) -> tuple[Header, Header]:
    """Return both variants of a header: with the account number in front, and without it, as older files have it."""
    printed = tuple(columns.split(","))
    return (
        Header(name="with UID", columns=("UID", *printed), optional=optional),
        Header(name="without UID", columns=printed, optional=optional),
    )


@cache
def symbol_of(printed: str) -> str | None:
    """Return the name of a pair or contract, None where no known quote ends it."""
    split = split_pair(printed.strip().upper())
    return "_".join(split) if split else None


def symbol(column: str, *, required: bool = True) -> Cell:
    """Return the name of a pair or contract."""
    return mapped(column, symbol_of, "a pair as BTC_USDT or BTCUSDT", required=required, unmapped=True)


def name_pair(name: str, settle: str | None = None) -> Named | None:
    """Return the terms of a spot pair."""
    base, _, quote = name.partition("_")
    return named_pair(base, quote) if quote else None


def state(column: str) -> Cell:
    """Return `done`, or what else the state of a row is."""

    def state_of(text: str) -> str | None:
        folded = text.casefold()
        return "done" if folded in DONE else next((said for piece, said in UNDONE.items() if piece in folded), None)

    return mapped(column, state_of, "a state as Completed, FINISHED, Pending", required=True, unmapped=True)


IGNORED_STATES = {said: f"{said}: not done, or not done yet" for said in UNDONE.values()}


def said_in(column: str, words: Words, what: str) -> Cell:
    """Return the first word of a vocabulary that a text contains."""

    def word_in(text: str) -> str | None:
        return next((name for name in words.lines if name in text.casefold()), None)

    return mapped(column, word_in, what, required=True, unmapped=True)


def directed(column: str, direction: str) -> Cell:
    """Return an amount with the sign of its direction; one below zero may only go out."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        frame = pl.DataFrame({"amount": exact_decimals(columns[0]), "sign": translate(columns[1], SIGNS)})
        amount, sign = pl.col("amount"), pl.col("sign")
        signed = pl.when(sign == "-").then(-amount.abs()).when((sign == "+") & (amount >= 0)).then(amount)
        return frame.select(signed.alias("amount"))["amount"]

    return Cell(columns=(column, direction), read=read, required=True,
                expected="a number and a direction, In or Out, that do not gainsay each other")  # fmt: skip
