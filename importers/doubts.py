"""What is odd in a cell that was not understood: said beside what was expected, so that nobody has to look for it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from importers.contract import Zone
from schemas.types import INSTANT, MONEY

SHOWN = 3
"""Characters that are named at most."""
FIRST_YEAR, LAST_YEAR = 2009, 2099
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NO_NUMBER = re.compile(r"[+-]?(s?nan|inf|infinity|null|none|n/a|#n/a)", re.IGNORECASE)
ONE_COMMA = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
BETWEEN_THOUSANDS = re.compile(r"[+-]?\d{1,3}((?P<mark>[,.'_ ])\d{3})(?:(?P=mark)\d{3})*([.,]\d*)?", re.ASCII)
WITH_UNIT = re.compile(r"(?P<before>[^\d\s.,+-]*)\s*(?P<number>[+-]?[\d.,]*\d[\d.,]*)\s*(?P<behind>[^\d\s]*)", re.ASCII)
DAY = re.compile(
    r"(?P<year>\d{4,6})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ](?P<hour>\d{1,2}))?(?P<rest>\S*)", re.ASCII
)
EITHER_ORDER = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}\b", re.ASCII)
LETTERS_FOR_ZONE = re.compile(r"\d\s*(?P<zone>[A-Z]{3,5})$")
UNITS = {10: ("seconds", 1), 13: ("milliseconds", 10**3), 16: ("microseconds", 10**6), 19: ("nanoseconds", 10**9)}
START = datetime(1970, 1, 1, tzinfo=UTC)


def doubts(texts: pl.Series, kind: pl.DataType, zone: Zone | None, expected: str) -> pl.Series:
    """Return of each text that is no value of a type what is odd in it, as `; ...`; else nothing."""
    known = {text: _said(text, kind, zone, expected) for text in texts.fill_null("").unique().to_list()}
    return texts.fill_null("").replace_strict(known, return_dtype=pl.String)


def _said(text: str, kind: pl.DataType, zone: Zone | None, expected: str) -> str:
    found = doubt(text, kind, zone, expected)
    return f"; {found}" if found else ""


def doubt(text: str, kind: pl.DataType, zone: Zone | None = None, expected: str = "") -> str:
    """Return what is odd in a text that is no value of this type, beside what was expected of it; empty for nothing."""
    if not text.strip():
        return "the cell is empty"
    if strange := _strange(text, is_word=kind == pl.String):
        return strange
    if kind == INSTANT:
        return _of_a_time(text.strip(), zone, expected)
    if kind in (MONEY, pl.Int64):
        return _of_a_number(text.strip(), expected)
    return ""


def _strange(text: str, *, is_word: bool) -> str:
    """Name the characters that no number and no time has; of a word those that are not seen, or look like others."""
    foreign = [one for one in dict.fromkeys(text) if not " " <= one <= "~" and unicodedata.category(one) != "Sc"]
    if is_word:
        unseen = [character for character in foreign if unicodedata.category(character)[0] in "CZ"]
        mixed = any(character.isascii() and character.isalpha() for character in text)
        scripts = [character for character in foreign if character.isalpha() and "LATIN" not in _name(character)]
        foreign = unseen or (scripts if mixed and len(scripts) <= SHOWN else [])
    if not foreign:
        return ""
    named = ", ".join(f"U+{ord(character):04X} {_name(character)}".strip() for character in foreign[:SHOWN])
    return f"it holds {named}" + (" and others" if len(foreign) > SHOWN else "")


def _name(character: str) -> str:
    return unicodedata.name(character, "")


def _of_a_number(text: str, expected: str) -> str:  # noqa: PLR0911 - a list of cases
    if PLAIN.fullmatch(text):
        return _too_long(text)
    if NO_NUMBER.fullmatch(text):
        return "it says that there is no number"
    if text[0] in "=@":
        return "it is a formula, not its result"
    if text.startswith("(") and text.endswith(")"):
        return "a number in brackets is not taken for one below zero: write it with a -"
    if text.endswith("-") and len(text) > 1:
        return "its sign stands behind it"
    if ONE_COMMA.fullmatch(text):
        return "its comma may part thousands or decimals"
    if parted := BETWEEN_THOUSANDS.fullmatch(text):
        return f"{parted['mark']!r} parts its thousands"
    if text.count(",") == 1 and PLAIN.fullmatch(text.replace(",", ".")):
        return "it has a decimal comma"
    if (unit := WITH_UNIT.fullmatch(text)) and (beside := unit["before"] or unit["behind"]):
        return _of_a_number(unit["number"], expected) or ("" if "asset" in expected else f"{beside!r} stands beside it")
    return ""


def _too_long(text: str) -> str:
    digits, _, power = text.lower().partition("e")
    if len(power.lstrip("+-")) > 6:
        return "its exponent is beyond reason"
    number = Decimal(text)
    decimals = len(digits.partition(".")[2].rstrip("0")) - int(power or 0)
    if number.adjusted() > 19:
        return f"it has {number.adjusted() + 1:,} digits before the point, and 20 fit"
    return f"it has {decimals:,} decimals" if decimals > 18 else ""


def _of_a_time(text: str, zone: Zone | None, expected: str) -> str:
    if PLAIN.fullmatch(text):
        return _of_a_count(text)
    if day := DAY.match(text):
        return _of_a_day(text, day, zone, expected)
    if (order := EITHER_ORDER.match(text)) and not EITHER_ORDER.search(expected) and "just one of" not in expected:
        both = all(0 < int(part) <= 12 for part in order.groups())
        return "which number is the day and which the month, nothing tells" if both else ""
    return ""


def _of_a_count(text: str) -> str:
    if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII):
        return "it looks like the serial number that a spreadsheet keeps of a date: show the column as a date"
    unit = UNITS.get(len(text)) if text.isascii() and text.isdigit() else None
    if unit is not None:
        at = START + timedelta(seconds=int(text) // unit[1])
        return f"it looks like {unit[0]} since 1970: {at:%Y-%m-%dT%H:%M:%SZ}"
    return "it is a number"


def _of_a_day(text: str, day: re.Match[str], zone: Zone | None, expected: str) -> str:
    year = int(day["year"])
    if (year, int(day["month"]), int(day["day"])) == (1970, 1, 1):
        return "it is the zero of a clock: nobody filled it in"
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return f"the year {year} is beyond reason: {FIRST_YEAR} to {LAST_YEAR} are read"
    try:
        datetime(year, int(day["month"]), int(day["day"]), tzinfo=UTC)
    except ValueError:
        return "there is no such day"
    if int(day["hour"] or 0) > 23:
        return "there is no such hour"
    if letters := LETTERS_FOR_ZONE.search(text):
        return f"{letters['zone']} is the name of more than one zone: write an offset, as +01:00"
    return _of_a_clock(text, zone, expected)


def _of_a_clock(text: str, zone: Zone | None, expected: str) -> str:
    """Say where a clock of a zone shows a time twice or never, or that a time has no zone."""
    try:
        clock = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if clock.tzinfo is not None:
        return ""
    if zone is None:
        return "it says no zone" if "zone" in expected else ""
    if zone == "UTC" or zone[0] in "+-":
        return ""
    early, late = (clock.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return ""
    is_real = early.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == clock
    return f"the clocks of {zone} showed it {'twice' if is_real else 'never'}: export in UTC"
