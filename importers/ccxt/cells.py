"""The dialects of a dump: instants in milliseconds or text, fees that are nested, flat or repeated, words in `info`.

JSON gives nested objects as compact JSON; a CSV of pandas as flat columns (`fee.cost`, `fee_cost`) or as the text of a
Python dictionary.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from importers.ccxt.numbers import meant
from importers.cells import epoch_instants, exact_decimals, translated
from importers.contract import Cell, Context
from importers.files.jsontext import loads
from importers.plain import moment

VENUE = "ccxt"
VENUE_ALIASES = dict.fromkeys(("exchangeId", "exchange_id", "exchangeName", "exchange"), "venue")
NAMES = (*VENUE_ALIASES, "venue")
"""Headers that name the venue, where a dump has one."""
NOTHING = (None, "", "None", "nan", "null")
FEE = re.compile(r"^(?P<cost>\S+) (?P<asset>\S*)$")


def instant(*columns: str) -> Cell:
    """Return the instant of `timestamp` (an epoch) or, where that is empty, of `datetime` (ISO 8601)."""
    names = columns or ("timestamp", "datetime")

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        at = epoch_instants(columns[0])
        for text in columns:
            at = at.zip_with(at.is_not_null(), moment("datetime", required=False).read([text], context))
        return at

    return Cell(
        columns=names, read=read, empty_words=("none", "nan", "nat"),
        expected="milliseconds since 1970, or a time as 2026-01-31T08:00:00Z (without Z say --timezone)",
    )  # fmt: skip


def venue() -> Cell:
    """Return the venue that the row names; all rows of a file name one."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        named = columns[0].str.strip_chars().str.to_lowercase()
        return pl.select(pl.when(named == (context.venue or "").lower()).then(named)).to_series()

    return Cell(columns=("venue",), read=read, expected="the venue of the file's first row")


def fees() -> Cell:
    """Return the fees of a row as `cost asset`, parted by `;`: of `fees`, else of `fee`; empty where there is none.

    Null, where they are not understood: a format accepts no such row (`UNDERSTOOD`).
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        frame = pl.DataFrame(dict(zip(FEE_COLUMNS, columns, strict=True)))
        return pl.Series([_fees(row) for row in frame.iter_rows(named=True)], dtype=pl.String)

    return Cell(columns=FEE_COLUMNS, read=read, expected="a fee as {currency, cost}")


UNDERSTOOD = pl.col("fees").is_not_null()
FEE_COLUMNS = ("fee", "fees", "fee.cost", "fee_cost", "fee.currency", "fee_currency", "info")


def _fees(row: Mapping[str, str | None]) -> str | None:
    """Return the fees of a row, None where they are not understood."""
    cost = row["fee.cost"] or row["fee_cost"]
    flat = {"cost": cost, "currency": row["fee.currency"] or row["fee_currency"]}
    try:
        listed, single = nested(row["fees"]), nested(row["fee"])
    except ValueError:
        return None
    if not isinstance(listed, list | None):
        return None
    entries = [entry for entry in listed or [] if _has_cost(entry)]
    entries = entries or [entry for entry in (single, flat) if entry is not None and _has_cost(entry)][:1]
    found = dict.fromkeys(_fee(entry, row["info"] or "") for entry in entries)
    return None if None in found else ";".join(text for text in found if text)


def _has_cost(entry: Any) -> bool:
    return not isinstance(entry, dict) or entry.get("cost") not in NOTHING


def _fee(entry: Any, info: str) -> str | None:
    if not isinstance(entry, dict):
        return None
    text, asset = str(entry["cost"]), entry.get("currency")
    exact = exact_decimals(pl.Series([text]))[0] if len(text) < 16 else meant(text, info)
    asset = "" if asset in NOTHING else str(asset)
    return None if exact is None or " " in asset else ("" if not exact and not asset else f"{exact:f} {asset}")


def with_fees(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `fee`, `fee_asset` and, of a second one in another asset, `more_fee`, `more_fee_asset`."""
    parts = rows["fees"].str.split(";")
    columns = []
    for index, (amount, asset) in enumerate((("fee", "fee_asset"), ("more_fee", "more_fee_asset"))):
        groups = parts.list.get(index, null_on_oob=True).str.extract_groups(FEE.pattern)
        columns.append(exact_decimals(groups.struct.field("cost")).alias(amount))
        named = groups.struct.field("asset")
        columns.append(named.zip_with(named != "", named.clear(len(named))).alias(asset))
    return rows.with_columns(columns)


def nested(text: str | None) -> Any:
    """Return what the text of a JSON or Python value holds, None for nothing.  Raises ValueError."""
    if text is None or text.strip() in NOTHING:
        return None
    try:
        return loads(text)
    except json.JSONDecodeError:
        try:
            return ast.literal_eval(text)
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(text) from error


def info_word(name: str, *keys: str) -> Cell:
    """Return the word that the raw reply has under one of some keys; null where it has none.

    `name` is the column of a CSV that holds it by itself (`info.execType`).
    """
    pattern = rf"""["'](?:{"|".join(keys)})["']\s*:\s*["']?([A-Za-z0-9_]+)"""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        flat, info = columns
        return flat.zip_with(flat.is_not_null(), info.str.extract(pattern))

    return Cell(columns=(name, "info"), read=read, expected="a word")


def lower_word(name: str, *keys: str) -> Cell:
    """Return an `info_word` in lower case."""
    cell = info_word(name, *keys)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return translated(cell.read(columns, context), str.lower)

    return Cell(columns=cell.columns, read=read, expected=cell.expected)
