"""The dialects of Kraken's cells, beyond those of `importers.cells`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from importers.cells import parse_clock, sane, to_utc
from importers.contract import Cell, Context
from importers.kraken.symbols import read_code, unified_pair

CLOCKS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ")
UNIX = r"^(?<seconds>\d{10})(?:\.(?<fraction>\d{1,6})\d*)?$"


def clock(column: str, *, seconds: bool = False, required: bool = True) -> Cell:
    """Return the instant of a UTC clock (files) or of Unix seconds with a fraction (API).

    `seconds`: down to the second, as the ledger's files print it; they cut the fraction off, they do not round.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        at = to_utc(parse_clock(columns[0], CLOCKS, context), "UTC")
        at = at.zip_with(at.is_not_null(), _unix(columns[0]))
        return at.dt.truncate("1s") if seconds else at

    return Cell(columns=(column,), read=read, required=required,
                expected="a time as 2025-03-01 10:00:00, or seconds since 1970")  # fmt: skip


def _unix(texts: pl.Series) -> pl.Series:
    groups = texts.str.extract_groups(UNIX)
    seconds = groups.struct.field("seconds").cast(pl.Int64)
    fraction = groups.struct.field("fraction").fill_null("").str.pad_end(6, "0").cast(pl.Int64)
    micros = seconds * 1_000_000 + fraction
    return sane(micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def asset(column: str, *, required: bool = False) -> Cell:
    """Return the asset of a code: BTC for XXBT, DOT for DOT28.S."""
    return _of_code(column, lambda code: read_code(code).asset, required=required)


def state(column: str) -> Cell:
    """Return `earn` where a code is a state of its asset (DOT28.S), empty (not null) where it is the asset itself."""
    return _of_code(column, lambda code: read_code(code).wallet or "")


def _of_code(column: str, find: Callable[[str], str], *, required: bool = False) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _looked_up(columns[0], find)

    return Cell(columns=(column,), read=read, expected="an asset code", required=required)


def wallet(column: str) -> Cell:
    """Return `spot` for `spot / main`, `earn` for `earn / bonded` and its like."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _looked_up(columns[0], _wallet)

    return Cell(columns=(column,), read=read, unmapped=True, expected="a wallet as spot / main or earn / bonded")


def _wallet(text: str) -> str | None:
    kind, _, name = (part.strip() for part in text.casefold().partition("/"))
    if kind == "earn":
        return "earn"
    return "spot" if kind == "spot" and name in ("", "main") else None


def pair(column: str) -> Cell:
    """Return the pair in its new spelling, BTC/USD."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _looked_up(columns[0], unified_pair)

    return Cell(columns=(column,), read=read, required=True, unmapped=True,
                expected="a pair as BTC/USD, XXBTZUSD or XBTEUR")  # fmt: skip


def _looked_up(texts: pl.Series, find: Callable[[str], str | None]) -> pl.Series:
    known = {item: find(item.strip()) for item in texts.unique().drop_nulls().to_list()}
    return texts.replace_strict(known, default=None, return_dtype=pl.String)
