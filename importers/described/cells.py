"""The kinds of cells that a description may name, and the settings of each."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation, localcontext

import polars as pl

from importers.cells import (
    comma_decimals,
    epoch,
    exact_decimals,
    file_venue,
    first_of,
    fixed_zone_time,
    glued_amount,
    glued_unit,
    integer,
    known_zone_time,
    local_time,
    mapped,
    negated,
    text,
    word,
    zoned_time,
)
from importers.contract import Cell, Context
from importers.described.expressions import NotUnderstood, require_pattern
from importers.detect import fold
from schemas.types import INSTANT, MONEY

Settings = Mapping[str, object]

STATED = "stated"
"""A zone that header, file name or `--timezone` says."""


@dataclass(frozen=True)
class Kind:
    """A kind of cell: what it reads, which settings it takes, how it is made and what type it has."""

    does: str
    settings: Mapping[str, type]
    make: Callable[[str, Settings], Cell]
    type: pl.DataType


def _time(column: str, settings: Settings) -> Cell:
    patterns = [str(item) for item in _texts(settings.get("formats", "%Y-%m-%d %H:%M:%S"), "formats")]
    clocks = [pattern for pattern in patterns if pattern not in ("iso", "epoch")]
    for pattern in clocks:
        if "%" not in pattern:
            raise NotUnderstood(f"{pattern!r} is no time format: write %Y-%m-%d %H:%M:%S (as strftime), iso or epoch")
    zone = settings.get("zone", STATED)
    cells = [{"iso": zoned_time, "epoch": epoch}[pattern](column) for pattern in patterns if pattern not in clocks]
    if clocks:
        cells.append(_clock(column, clocks, zone, alone=len(clocks) == len(patterns)))
    made = first_of(*cells) if len(cells) > 1 else cells[0]
    return replace(made, needs_zone=cells[-1].needs_zone)


def _clock(column: str, clocks: Sequence[str], zone: object, *, alone: bool) -> Cell:
    """Return the cell of wall clocks; beside times that say their zone, one of no known zone is a wrong row."""
    if zone == STATED:
        return local_time(column, *clocks) if alone else known_zone_time(column, *clocks)
    if not re.fullmatch(r"[+-]\d{1,2}(:?\d{2})?", str(zone)):
        try:
            zoneinfo.ZoneInfo(str(zone))
        except (KeyError, ValueError, OSError):
            raise NotUnderstood(f"zone = {zone!r} is no zone: UTC, +02:00 or Europe/Berlin") from None
    return fixed_zone_time(column, str(zone), *clocks)


def _number(column: str, settings: Settings) -> Cell:
    thousands, comma = bool(settings.get("thousands", False)), bool(settings.get("decimal_comma", False))
    strip = str(settings.get("strip", ""))
    if strip:
        require_pattern(strip)
    unit = _unit(settings.get("unit", "1"))

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.replace_all(strip, "") if strip else columns[0]
        value = comma_decimals(texts) if comma else exact_decimals(texts, thousands=thousands)
        return value if unit == 1 else value.map_elements(lambda number: _times(number, unit), return_dtype=MONEY)

    shown = "a decimal comma" if comma else "a decimal point"
    cell = Cell(columns=(column,), read=read, expected=f"a number with {shown} and at most 18 decimals")
    return negated(cell) if settings.get("turned", False) else cell


def _times(number: Decimal, unit: Decimal) -> Decimal | None:
    """Return the product where all its digits fit, else None: it is never rounded."""
    with localcontext(prec=80):
        product = number * unit
        told = product.quantize(Decimal("1e-18"))
    return told if told == product and told.adjusted() < 20 else None


def _glued(column: str, settings: Settings) -> Cell:
    return glued_amount(column, _pair(settings), decimal_comma=bool(settings.get("decimal_comma", False)))


def _pair(settings: Settings) -> str | None:
    return fold(str(settings["pair"])) if "pair" in settings else None


def _unit(written: object) -> Decimal:
    try:
        unit = Decimal(str(written))
    except InvalidOperation:
        raise NotUnderstood(f'unit = {written!r} is no number: write "0.00000001" for satoshi') from None
    if not unit.is_finite() or unit <= 0:
        raise NotUnderstood(f"unit = {written!r}: what one of the printed units is worth, above zero")
    return unit


def _word(column: str, settings: Settings) -> Cell:
    words = settings.get("words")
    if not isinstance(words, Mapping) or not words:
        raise NotUnderstood('a cell of kind "word" needs its words: words = { "BUY" = "buy", "SELL" = "sell" }')
    return word(column, {str(key): str(value) for key, value in words.items()})


def _asset(column: str, settings: Settings) -> Cell:
    aliases = settings.get("aliases", {})
    assert isinstance(aliases, Mapping)
    return mapped(column, lambda code: str(aliases.get(code, code)) or None, "an asset as BTC")


def _text(column: str, settings: Settings) -> Cell:
    return text(column)


def _whole(column: str, settings: Settings) -> Cell:
    return integer(column)


def _file_name(column: str, settings: Settings) -> Cell:
    pattern = str(settings.get("pattern", ""))
    try:
        found_by = re.compile(pattern)
    except re.error as error:
        raise NotUnderstood(f"pattern = {pattern!r} is no pattern ({error})") from None
    if found_by.groups != 1:
        raise NotUnderstood(f"pattern = {pattern!r}: one group in brackets says what to take of the file's name")

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = found_by.search(context.file_name)
        return pl.Series([found[1] if found else None], dtype=pl.String).new_from_index(0, len(columns[0]))

    return Cell(columns=(column,), read=read, expected=f"a file name that has {pattern}")


NUMBERS = {"thousands": bool, "decimal_comma": bool, "strip": str, "unit": object, "turned": bool}
KINDS: Mapping[str, Kind] = {
    "time": Kind("an instant; formats as strftime writes them, or iso, or epoch",
                 {"formats": object, "zone": str}, _time, INSTANT),
    "number": Kind("an exact decimal", NUMBERS, _number, MONEY),
    "glued_number": Kind("the number of 0.0012BNB or 1.5 USDT", {"decimal_comma": bool, "pair": str}, _glued, MONEY),
    "glued_unit": Kind("the unit of 0.0012BNB or 1.5 USDT; `pair`, a column, tells what 0.11INCH is", {"pair": str},
                       lambda column, settings: glued_unit(column, _pair(settings)), pl.String()),
    "whole": Kind("a whole number", {}, _whole, pl.Int64()),
    "text": Kind("a text as it stands", {}, _text, pl.String()),
    "word": Kind("a word of a closed list; any other is rejected as unmapped", {"words": dict}, _word, pl.String()),
    "asset": Kind("a ticker, other codes by a table", {"aliases": dict}, _asset, pl.String()),
    "venue": Kind("the venue of rows that may be of any; with venue_column = its header", {},
                  lambda column, _: file_venue(column), pl.String()),
    "file_name": Kind("what the file's own name says", {"pattern": str}, _file_name, pl.String()),
}  # fmt: skip


def _texts(value: object, name: str) -> list[str]:
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if not texts or len(texts) < len(items):
        raise NotUnderstood(f"{name} = {value!r}: one text, or several in [ ]")
    return texts
