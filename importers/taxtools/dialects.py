"""The dialects of tax tools' files: clocks, words in several spellings, tickers with a tool's own marks, pots."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers import vocabulary
from importers.cells import first_of, translated, utc_time, zoned_time
from importers.contract import Cell, Context

TICKERS = vocabulary.table(__file__, "tickers.csv")
POTS = {line["last_words"]: line["wallet"] for line in vocabulary.table(__file__, "wallets.csv")}

ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S %z")
AMERICAN = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y")
BRITISH = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
GERMAN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")


def utc(*patterns: str) -> Cell:
    """Return the instant of a clock that is UTC by the tool's description, or of a time that says its zone."""
    return first_of(utc_time("time", *patterns), zoned_time("time"))


def day_and_clock(*patterns: str) -> Cell:
    """Return the instant of a day and a clock in two columns (`time`, `clock`), UTC."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        day, clock = columns
        both = pl.select(pl.concat_str(day, pl.lit(" "), clock)).to_series()
        return utc_time("time", *patterns).read([both], context)

    return Cell(columns=("time", "clock"), read=read, required=True, expected="a day, and a clock beside it")


def folded_word(column: str) -> pl.Expr:
    """Return a word as the vocabulary spells it: `Realized_Gain` and `realized gain` are one."""
    return pl.col(column).str.to_lowercase().str.replace_all(r"[_\s-]+", " ").str.strip_chars()


def listed_ticker(column: str, tool: str) -> Cell:
    """Return the asset of a ticker: without `;1` behind it (Koinly's number of a coin), with a tool's digits undone."""
    own = {line["ticker"]: line["asset"] for line in TICKERS if line["tool"] == tool}

    def asset(text: str) -> str | None:
        bare = text.partition(";")[0].strip()
        return own.get(bare, bare) or None

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return translated(columns[0], asset)

    return Cell(columns=(column,), read=read, expected="a ticker as BTC", empty_words=("-",))


def first_text(*columns: str) -> Cell:
    """Return the first text of several columns."""

    def read(texts: Sequence[pl.Series], context: Context) -> pl.Series:
        return pl.select(pl.coalesce(*texts)).to_series().str.strip_chars()

    return Cell(columns=columns, read=read, expected="text")


def pots(column: str) -> pl.Expr:
    """Return the pot that a name of a wallet ends in (`KuCoin Spot`), null where it names none of ours."""
    name = pl.col(column).str.to_lowercase().str.replace(r";.*$", "").str.strip_chars()
    found = [pl.when((name == words) | name.str.ends_with(" " + words)).then(pl.lit(wallet))
             for words, wallet in POTS.items()]  # fmt: skip
    return pl.coalesce(*found)
