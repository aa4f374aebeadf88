"""The dialects of Nexo's cells: types in two spellings, two legs in one cell, dollars, aliases of tickers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from importers.cells import exact_decimals, kept, mapped
from importers.contract import Cell, Context

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
LEGS = r"^\s*(?<sold>-[\d.,]+)\s*/\s*(?<bought>\+[\d.,]+)\s*$"
"""`-1.5 / +20.1`: what was sold and what was bought, where a row has one amount."""
PAIR = r"^(?<sold>[^/]+)/(?<bought>[^/]+)$"

ALIASES = {
    "NEXONEXO": "NEXO", "NEXOBNB": "NEXO", "NEXOBEP2": "NEXO", "BNBN": "BNB", "USDTERC": "USDT",
    "GBPX": "GBP", "EURX": "EUR", "USDX": "USD",
}  # fmt: skip
"""One coin under several tickers, and the fiat wrappers, which stand 1:1 for their currency."""
TICKER = r"^[A-Za-z0-9]{1,20}$"
CREDIT_UNIT = r"^(x[A-Z]{3}|XUSD)$"
"""`xUSD`: the unit of a credit line, which is never owned."""

BOOKED = ("approved", "authorized", "completed", "processed")
UNBOOKED = ("rejected", "pending", "cancelled", "canceled", "declined", "failed")
STATUSES = dict.fromkeys(BOOKED, "booked") | {word: word for word in UNBOOKED}


def folded_type(text: str) -> str:
    """Return a type as the vocabulary spells it: `LockingTermDeposit` and `Locking Term Deposit` are one."""
    return " ".join(CAMEL.sub(" ", text).split()).casefold()


def transaction_type(column: str, types: Sequence[str]) -> Cell:
    """Return the type in the vocabulary's spelling; one that is not in it is `unmapped`."""
    known = {name: name for name in types}
    return mapped(column, lambda text: known.get(folded_type(text)), "a type as Interest, Exchange, Manual Repayment",
                  required=True, unmapped=True)  # fmt: skip


def status(column: str) -> Cell:
    """Return `booked`, or the word of a row that is not (yet), from the first word of the details."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        first = columns[0].str.extract(r"^\s*([A-Za-z]+)\s*(?:/|$)").str.to_lowercase()
        return first.replace_strict(STATUSES, default=None, return_dtype=pl.String)

    return Cell(columns=(column,), read=read, unmapped=True,
                expected="details that begin with a status as approved, rejected, pending")  # fmt: skip


def ticker(column: str, pair: str | None = None, *, required: bool = False) -> Cell:
    """Return the ticker as printed: the first of a pair `AAA/BBB` in `column`, else the second of one in `pair`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        sold = _or_else(_leg(columns[0], PAIR, "sold"), columns[0])
        printed = sold if pair is None else _or_else(columns[0], _leg(columns[1], PAIR, "bought"))
        bare = printed.str.strip_chars()
        return kept(bare, bare.str.contains(TICKER))

    return Cell(columns=(column,) if pair is None else (column, pair), read=read, required=required,
                empty_words=("-",), expected="a ticker as BTC, or two as NEXO/BTC")  # fmt: skip


def amount(column: str, legs: str | None = None, *, required: bool = False) -> Cell:
    """Return the number: the first of `-1.5 / +20.1` in `column`, else the second of such in `legs`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        sold = _or_else(_leg(columns[0], LEGS, "sold"), columns[0])
        printed = sold if legs is None else _or_else(columns[0], _leg(columns[1], LEGS, "bought"))
        return exact_decimals(printed, thousands=True)

    return Cell(columns=(column,) if legs is None else (column, legs), read=read, required=required,
                empty_words=("-",), expected="a number, or two as -1.5 / +20.1")  # fmt: skip


def dollars(column: str) -> Cell:
    """Return the number of `$1,234.5678` or `$1.2E-7`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return exact_decimals(columns[0].str.replace(r"^\s*(-?)\$", "$1"), thousands=True)

    return Cell(columns=(column,), read=read, empty_words=("-",), expected="dollars as $1,234.5678")


def asset(unit: str) -> pl.Expr:
    """Return the asset of a ticker: without aliases and wrappers, and that of a credit line's unit (`xUSD`: USD)."""
    bare = pl.when(pl.col(unit).str.contains(CREDIT_UNIT)).then(pl.col(unit).str.slice(1)).otherwise(pl.col(unit))
    return bare.str.to_uppercase().replace(ALIASES)


def is_credit_unit(unit: str) -> pl.Expr:
    """Return whether the ticker is the unit of a credit line and nothing else."""
    return pl.col(unit).str.contains(CREDIT_UNIT).fill_null(False)


def is_dollar(unit: str) -> pl.Expr:
    """Return whether the ticker may be the unit of a debt: `xUSD`, and in rows about loans and cards USD and USDX."""
    return is_credit_unit(unit) | pl.col(unit).is_in(["USD", "USDX"]).fill_null(False)


def _leg(column: pl.Series, pattern: str, name: str) -> pl.Series:
    return column.str.extract_groups(pattern).struct.field(name).rename(column.name)


def _or_else(first: pl.Series, second: pl.Series) -> pl.Series:
    return first.zip_with(first.is_not_null(), second)
