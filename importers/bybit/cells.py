"""The dialects of Bybit's cells, beyond those of `importers.cells`: times, `--`, families of words, sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.bybit.symbols import name_instrument
from importers.cells import local_time, money, word
from importers.cells import negated as turned
from importers.contract import Cell
from importers.naming import terms_of

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
    shown = "2026-01-05 13:41:09" if not patterns or SECONDS in patterns else "13:41 2026-01-05"
    return replace(local_time(column, *(patterns or (SECONDS,)), required=required), expected=f"a time as {shown}")


def amount(column: str, *, required: bool = False, negated: bool = False) -> Cell:
    """Return a number, null where `--` is printed; `negated` turns the sign of a log that prints costs below zero."""
    bare = money(column, empty_words=NOTHING, required=required)
    return turned(bare) if negated else bare


def side(column: str, vocabulary: Mapping[str, str] | None = None) -> Cell:
    """Return buy or sell, null where the row has none (`--`, `None`)."""
    return replace(word(column, vocabulary or SIDES), empty_words=(*NOTHING, "none"))


def products(symbols: pl.Series) -> pl.Series:
    """Return which derivative each symbol names: perpetual, future, option, or empty where it names none we know."""
    return terms_of(symbols, name_instrument, "product").fill_null("")


def is_settled_daily(symbols: pl.Series) -> pl.Series:
    """Return which symbols name a perpetual or future whose unrealized result becomes cash every session."""
    settle, product = terms_of(symbols, name_instrument, "settle"), terms_of(symbols, name_instrument, "product")
    return ((settle == DAILY_SETTLED_IN) & (product != "option")).fill_null(False)
