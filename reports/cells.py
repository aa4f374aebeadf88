"""Cells of a workbook: numbers that add up, real date-times, text that never becomes a formula, a link or markup.

A spreadsheet keeps 15 digits of a number.  A figure with more is written as text, whole.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import repeat
from typing import Any

import polars as pl
import xlsxwriter

from reports.contract import Kind
from reports.exact import exact, joined
from reports.reading import CENTS, figure
from reports.sheet_rows import RowSheet

DIGITS = 15
FIFTEEN = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
LONGEST = 32_767
"""Characters (UTF-16) that a cell holds."""
CUT = " [cut: a cell holds no more]"
MOST_ROWS = 1_048_575
"""Rows of a sheet, without its header."""
NARROWEST, WIDEST = 9, 48
DAY_US = 86_400_000_000
UNIX_DAY, FIRST_DAY, LAST_DAY = 25_569, 61, 2_958_466  # serials of 1970-01-01, 1900-03-01, 10000-01-01
CREATED = datetime(2009, 1, 3)  # noqa: DTZ001  (any fixed day: the same frame gives the same bytes)
QUOTIENTS: frozenset[Kind] = frozenset({"price", "ratio", "percent"})
UNWRITABLE = re.compile("[\x00\ufffe\uffff]")
"""What the XML of a workbook cannot hold, not even escaped."""

Cell = tuple[str, Any, str]
"""The method of the sheet that writes it, the value (None: empty), the name of its number format."""
Put = Callable[[int, int, Any, Any], Any]


def opened(buffer: io.BytesIO, title: str) -> Any:
    """Return a workbook in which text is text, of RowSheets, and which is the same bytes every time."""
    book = xlsxwriter.Workbook(
        buffer,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.worksheet_class = RowSheet
    book.set_properties({"title": title, "created": CREATED})
    book.use_zip64()
    return book


class Formats:
    """Formats of a workbook, each made once."""

    def __init__(self, book: Any, **common: Any) -> None:
        self._book = book
        self._common = common
        self._made: dict[Any, Any] = {} if common else {"": None}
        self.header = book.add_format({"bold": True, "bottom": 1, "text_wrap": False} | common)
        self._made["text"] = book.add_format({"align": "right"} | common)

    def __getitem__(self, code: str) -> Any:
        if code not in self._made:
            self._made[code] = self._book.add_format(self._common | ({"num_format": code} if code else {}))
        return self._made[code]

    def name(self, name: str, **properties: Any) -> None:
        """Make a format that cells ask for by a name instead of a number format."""
        self._made[name] = self._book.add_format(self._common | properties)

    def styled(self, code: str = "", **properties: Any) -> Any:
        """Return a number format with further properties."""
        key = (code, *sorted(properties.items()))
        if key not in self._made:
            code_of = {"num_format": code} if code else {}
            self._made[key] = self._book.add_format(self._common | code_of | properties)
        return self._made[key]


def writers(sheet: Any) -> Mapping[str, Put]:
    """Return what writes a cell of a sheet, by its method."""
    return {
        "number": sheet.write_number,
        "string": sheet.write_string,
        "boolean": sheet.write_boolean,
        # formulas and links are ours: (formula, value as it comes to), (place in this workbook, words)
        "formula": lambda row, at, made, form: sheet.write_formula(row, at, made[0], form, made[1]),
        "array": lambda row, at, made, form: sheet.write_array_formula(row, at, row, at, made[0], form, made[1]),
        "link": lambda row, at, made, form: sheet.write_url(row, at, f"internal:{made[0]}", form, made[1]),
    }


def dress(sheet: Any, rows: int, columns: int, frozen: int = 0) -> None:
    """Freeze and filter under the header in row 0; on paper: across, as wide as the page, the header on each."""
    sheet.freeze_panes(1, frozen)
    if columns:
        sheet.autofilter(0, 0, rows, columns - 1)
        meant = ("number_stored_as_text", "formula_range", "formula_differs")  # no green corners: it is all on purpose
        sheet.ignore_errors(dict.fromkeys(meant, f"A1:XFD{MOST_ROWS + 1}"))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def sheet_name(name: str, number: int) -> str:
    """Return what the sheet of a name, or a further one where that is full, is called."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", name)[:25]
    return plain if number == 1 else f"{plain} {number}"


# ------------------------------------------------------------------------------------------------ cells


def cells(series: pl.Series, kind: Kind, as_text: Counter[str]) -> Iterator[Cell]:
    """Return a column as it is, every digit shown; `as_text` counts the figures that had to become text."""
    dtype = series.dtype
    if dtype.is_decimal() or dtype.is_integer():
        return _figures(series, kind, as_text)
    if dtype.is_float():
        code = _format(kind, 4)
        return (("number", value, code) for value in exact(series.to_frame()).to_series().to_list())
    if dtype == pl.Boolean():
        return (("boolean", value, "") for value in series.to_list())
    if dtype.is_temporal() and dtype != pl.Time() and dtype != pl.Duration():
        return instants(series)
    texts = exact(series.to_frame()).to_series()
    texts = joined(texts, " ") if isinstance(texts.dtype, pl.List) else texts.cast(pl.String)
    return (("string", held(text) if text else None, "") for text in texts.to_list())


def read_cells(
    series: pl.Series, kind: Kind, as_text: Counter[str], rounded: Counter[str], assets: Sequence[str | None] | None
) -> Iterator[Cell]:
    """Return a column of figures shown as a person reads them: cents with two decimals, coins with up to eight.

    Money and quantities keep every digit.  A price, a ratio or a percent of more than 15 digits is rounded to 15, which
    `rounded` counts: they are quotients, and nobody sums them.
    """
    is_quotient = kind in QUOTIENTS
    long = too_long(series).to_list()
    (rounded if is_quotient else as_text)[series.name] += sum(long)
    for value, many, asset in zip(series.to_list(), long, assets or repeat(None), strict=assets is not None):
        if value is None:
            yield "number", None, ""
        elif many and not is_quotient:
            yield "string", plain(value), "text"
        else:
            kept = FIFTEEN.create_decimal(value) if many else Decimal(value)
            yield "number", kept, read_format(kept, kind, asset)


def instants(series: pl.Series, zone: str = "UTC") -> Iterator[Cell]:
    """Return serial numbers of the zone's clock; what a spreadsheet's calendar does not hold is text."""
    day = series.dtype == pl.Date()
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None and zone != "UTC":
        series = series.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    moments = series.cast(pl.Datetime("us")).to_physical()
    code = "yyyy-mm-dd" if day else "yyyy-mm-dd hh:mm:ss"
    if not day and (moments % 1_000_000 != 0).any():
        code += ".000"
    texts = exact(series.to_frame()).to_series().to_list()
    for moment, text in zip(moments.to_list(), texts, strict=True):
        serial = None if moment is None else (moment + UNIX_DAY * DAY_US) / DAY_US
        if serial is not None and not FIRST_DAY <= serial < LAST_DAY:
            yield "string", text, "text"
        else:
            yield "number", serial, code


def _figures(series: pl.Series, kind: Kind, as_text: Counter[str]) -> Iterator[Cell]:
    texts = exact(series.to_frame()).to_series().cast(pl.String)
    long = too_long(series)
    places = texts.str.extract(r"\.(\d+)$").str.len_bytes().fill_null(0)
    as_text[series.name] += int(long.sum())
    for text, many, decimals in zip(texts.to_list(), long.to_list(), places.to_list(), strict=True):
        if text is None:
            yield "number", None, ""
        elif many:
            yield "string", text, "text"
        else:
            yield "number", Decimal(text), _format(kind, decimals)  # a Decimal is written digit by digit


def too_long(series: pl.Series) -> pl.Series:
    """Say of each decimal or integer whether it has more digits than a spreadsheet keeps."""
    texts = exact(series.to_frame()).to_series().cast(pl.String)
    digits = texts.str.replace_all(r"[^0-9]", "").str.strip_chars("0").str.len_bytes()
    return (digits > DIGITS).fill_null(value=False)


def plain(value: Decimal | int) -> str:
    """Return a figure in plain notation, without trailing zeros."""
    with localcontext(Context(prec=80)):
        text = format(Decimal(value), "f")
    text = text.rstrip("0").removesuffix(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


# ------------------------------------------------------------------------------------------------ formats


def _format(kind: Kind, places: int) -> str:
    """Return the number format that shows every digit; a loss has its minus sign, and red."""
    if kind == "ratio":
        return "0.00%;[Red]-0.00%"
    form = "#,##0" + ("." + "0" * max(places, 2) if kind == "money" else "." + "0" * places if places else "")
    return f"{form};[Red]-{form}" if kind in {"money", "percent"} else form


def read_format(value: Decimal, kind: Kind, asset: str | None) -> str:
    """Return the number format of a figure as it is read, under which no figure but zero reads as zero."""
    text = figure(value, kind, asset)
    places = len(text.removesuffix("%").partition(".")[2])
    if kind == "money" and asset not in CENTS and places <= 8:
        form = "#,##0.00??????"  # a `?` leaves the room of a digit: the points of a column stand below each other
    else:
        form = "#,##0" + ("." + "0" * places if places else "") + {"ratio": "%", "percent": '"%"'}.get(kind, "")
    return f"{form};[Red]-{form}" if kind in {"money", "percent", "ratio"} else form


def held(text: str) -> str:
    """Return what a cell can hold of a text."""
    text = UNWRITABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    if text.startswith("<r>") and text.endswith("</r>"):
        text += " "  # XlsxWriter takes such a text for markup of its own, and writes it as it stands
    if len(text) <= LONGEST // 2 or len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    room = (LONGEST - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + CUT
