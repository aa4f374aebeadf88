"""The dialects of Bybit's cells, beyond those of `importers.cells`: times, `--`, families of words, sessions."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from importers.bybit.symbols import name_instrument
from importers.cells import exact_decimals, local_time, money, word
from importers.contract import Cell, Context

SECONDS = "%Y-%m-%d %H:%M:%S%.f"
"""`2026-01-05 13:41:09`, with or without milliseconds: logs, Data Export."""
MINUTES = "%H:%M %Y-%m-%d"
"""`13:41 2026-01-05`: trade history, order history and closed P&L of the screen."""
NOTHING = ("--", "")
SIDES = {"BUY": "buy", "SELL": "sell"}
DAILY_SETTLED_IN = "USDC"
"""USDC perpetuals and futures book their unrealized result as cash every eight hours, and start again at the mark."""


def clock(column: str, *patterns: str, required: bool = True) -> Cell:
    """Return the instant of a wall clock in the export's zone; tabs and blanks around it are no part of it."""
    bare = local_time(column, *(patterns or (SECONDS,)), required=required)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return bare.read([columns[0].str.strip_chars()], context)

    shown = "2026-01-05 13:41:09" if not patterns or SECONDS in patterns else "13:41 2026-01-05"
    return replace(bare, read=read, expected=f"a time as {shown}")


def amount(column: str, *, required: bool = False, negated: bool = False) -> Cell:
    """Return a number, null where `--` is printed; `negated` turns the sign of a log that prints costs below zero."""
    bare = money(column, empty_words=NOTHING, required=required)
    if not negated:
        return bare

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        value = exact_decimals(columns[0])
        return value.to_frame("value").select(-pl.col("value"))["value"]

    return replace(bare, read=read)


def side(column: str, vocabulary: Mapping[str, str] | None = None) -> Cell:
    """Return buy or sell, null where the row has none (`--`, `None`)."""
    return replace(word(column, vocabulary or SIDES), empty_words=(*NOTHING, "none"))


def word_of(column: str, names: Sequence[str], what: str, *, required: bool = True) -> Cell:
    """Return the name in the vocabulary of a text, in lower case: the text itself, else the family it belongs to.

    A name that ends in `*` is a family: `pwm_*` is the name of PWM_REFUND.  Longer families win.
    """
    exact = frozenset(names)
    families = sorted((name for name in names if name.endswith("*")), key=len, reverse=True)

    def name_of(text: str) -> str | None:
        folded = text.strip().casefold()
        return folded if folded in exact else next((name for name in families if folded.startswith(name[:-1])), None)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        known = {text: name_of(text) for text in columns[0].unique().drop_nulls().to_list()}
        return columns[0].replace_strict(known, default=None, return_dtype=pl.String)

    return Cell(columns=(column,), read=read, expected=what, required=required, unmapped=True)


def vocabulary(name: str) -> list[dict[str, str]]:
    """Return the rows of a vocabulary that stands beside this module."""
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def looked_up(column: str, words: Mapping[str, str]) -> pl.Expr:
    """Return what the vocabulary says of each word of a column, null where it says nothing."""
    return pl.col(column).replace_strict(dict(words), default=None, return_dtype=pl.String).replace("", None)


def products(symbols: pl.Series) -> pl.Series:
    """Return which derivative each symbol names: perpetual, future, option, or empty where it names none we know."""
    named = {symbol: name_instrument(symbol, None) for symbol in symbols.unique().drop_nulls().to_list()}
    known = {symbol: terms.product for symbol, terms in named.items() if terms is not None}
    return symbols.replace_strict(known, default="", return_dtype=pl.String)


def is_settled_daily(symbols: pl.Series) -> pl.Series:
    """Return which symbols name a perpetual or future whose unrealized result becomes cash every session."""
    named = {symbol: name_instrument(symbol, None) for symbol in symbols.unique().drop_nulls().to_list()}
    settled = [symbol for symbol, terms in named.items()
               if terms is not None and terms.settle == DAILY_SETTLED_IN and terms.product != "option"]  # fmt: skip
    return symbols.is_in(settled).fill_null(False)


def is_option(symbols: pl.Series) -> pl.Series:
    """Return which symbols name an option."""
    return products(symbols) == "option"
