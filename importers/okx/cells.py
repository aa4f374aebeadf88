"""The dialects of OKX's files: byte order marks inside of cells, wall clocks of the user's zone, fees below zero."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.cells import known_zone_time, local_time, mapped, negated, text, whole_id, word
from importers.cells import money as plain_money
from importers.contract import Cell, Context, Match
from importers.okx.symbols import name_instrument
from importers.shapes import Words

MARKS = "\ufeff\t\r "
CLOCK = "%Y-%m-%d %H:%M:%S%.f"
EXPECTED_CLOCK = "a time as 2026-01-31 08:00:00"
USER_ZONE = re.compile(r'userTimeZone"*\s*:\s*"*(?P<hours>[+-]?\d{1,2})')


def unmarked(cell: Cell) -> Cell:
    """Return the cell, reading its texts without the marks (U+FEFF), tabs and carriage returns around them."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return cell.read([column.str.strip_chars(MARKS) for column in columns], context)

    return replace(cell, read=read)


def all_unmarked(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the cells of a file of the site, where a mark may stand before any of them."""
    return {name: unmarked(cell) for name, cell in cells.items()}


def clock(column: str) -> Cell:
    """Return the instant of a wall clock in the zone that the file's first line or its user says."""
    return replace(local_time(column, CLOCK), expected=EXPECTED_CLOCK)


def zone_of_user(match: Match, rows: Sequence[Sequence[str]]) -> str | None:
    """Return which zone the file's first line names as the user's, `"userTimeZone": "8"`."""
    found = USER_ZONE.search(" ".join(match.preamble))
    if found is None:
        return None
    return f"its first line says userTimeZone {found['hours']}: --timezone {int(found['hours']):+03d}:00"


def clock_of_named_zone(column: str, pattern: str, expected: str) -> Cell:
    """Return the instant of a wall clock in the zone of the file's name, `...(GMT+9).csv`, else in the user's."""
    return replace(known_zone_time(column, pattern),
                   expected=f"{expected}, and its zone in the file's name, as (GMT+9), or by --timezone")  # fmt: skip


def money(column: str, *, required: bool = False) -> Cell:
    """Return a number; an empty text with blanks is none."""
    return plain_money(column, required=required, empty_words=("", "--"))


def cost(column: str) -> Cell:
    """Return a fee, which is printed below zero where it is charged, as + = cost."""
    return negated(money(column))


def reference(column: str, *, required: bool = False) -> Cell:
    """Return an id of the venue; `0` is none."""
    return replace(text(column, required=required), empty_words=("0", "", "--"))


def number_id(column: str) -> Cell:
    """Return an id of digits only: a spreadsheet rounds it."""
    expected = "an id of digits only, as downloaded: a spreadsheet rounds it"
    return replace(whole_id(column, required=True), expected=expected)


def instrument(column: str) -> Cell:
    """Return the name of an instrument, in capitals, `dot_usdt` as DOT-USDT."""

    def find(item: str) -> str | None:
        symbol = item.upper().replace("_", "-").replace("/", "-")
        return symbol if name_instrument(symbol, None) else None

    return mapped(column, find, "an instrument as BTC-USDT, BTC-USDT-SWAP, BTC-USD-251226 or BTC-USD-251226-100000-C",
                  required=True, unmapped=True)  # fmt: skip


def said(words: Words, column: str, what: str, *, required: bool = True) -> Cell:
    """Return the folded spelling of a word that is in the vocabulary."""
    return word(column, {name: name for name in words.lines}, required=required, what=what)
