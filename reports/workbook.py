"""A report as a workbook: numbers that add up, real date-times, text that never becomes a formula or a link.

A spreadsheet keeps 15 digits of a number.  A figure with more is written as text, whole, and the sheet `about` says so.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import xlsxwriter

from reports.contract import Kind, Report
from reports.exact import exact, joined

DIGITS = 15
LONGEST = 32_767
"""Characters (UTF-16) that a cell holds."""
CUT = " [cut: a cell holds no more]"
MOST_ROWS = 1_048_575
"""Rows of a sheet, without its header."""
CHUNK = 50_000
NARROWEST, WIDEST = 9, 48
DAY_US = 86_400_000_000
UNIX_DAY, FIRST_DAY, LAST_DAY = 25_569, 61, 2_958_466  # serials of 1970-01-01, 1900-03-01, 10000-01-01
CREATED = datetime(2009, 1, 3)  # noqa: DTZ001  (any fixed day: the same frame gives the same bytes)

Cells = Iterator[tuple[str, Any, str]]
"""Per row: the method of the sheet that writes it, the value, the name of its number format."""


def workbook_bytes(frame: pl.DataFrame, report: Report) -> bytes:
    """Return the workbook: every column of the frame, a further sheet where one is full, and a sheet `about`."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"title": report.title, "created": CREATED})
    book.use_zip64()
    formats = _Formats(book)
    as_text: Counter[str] = Counter()
    parts = list(frame.iter_slices(MOST_ROWS)) or [frame]
    for number, part in enumerate(parts, 1):
        _write_sheet(book.add_worksheet(_sheet_name(report.name, number)), part, report, formats, as_text)
    _write_about(book.add_worksheet("about"), frame, report, formats, as_text)
    book.close()
    return buffer.getvalue()


class _Formats:
    """Number formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[str, Any] = {"": None}
        self.header = book.add_format({"bold": True, "bottom": 1, "text_wrap": False})
        self.figure_as_text = book.add_format({"align": "right"})
        self._made["text"] = self.figure_as_text

    def __getitem__(self, code: str) -> Any:
        if code not in self._made:
            self._made[code] = self._book.add_format({"num_format": code})
        return self._made[code]


def _write_sheet(sheet: Any, frame: pl.DataFrame, report: Report, formats: _Formats, as_text: Counter[str]) -> None:
    kinds: dict[str, Kind] = {column.name: column.kind for column in report.columns}
    for place, (name, width) in enumerate(_widths(frame).items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats.header)
    sheet.freeze_panes(1, 0)
    if frame.width:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    writers: dict[str, Callable[..., Any]] = {
        "number": sheet.write_number, "string": sheet.write_string, "boolean": sheet.write_boolean,
    }  # fmt: skip
    row = 0
    for part in frame.iter_slices(CHUNK):
        columns = [_cells(series, kinds.get(series.name, "quantity"), as_text) for series in part]
        for cells in zip(*columns, strict=True):
            row += 1
            for place, (method, value, code) in enumerate(cells):
                if value is not None:
                    writers[method](row, place, value, formats[code])


# ------------------------------------------------------------------------------------------------ cells


def _cells(series: pl.Series, kind: Kind, as_text: Counter[str]) -> Cells:
    dtype = series.dtype
    if dtype.is_decimal() or dtype.is_integer():
        return _figures(series, kind, as_text)
    if dtype.is_float():
        code = _format(kind, 4)
        return (("number", value, code) for value in exact(series.to_frame()).to_series().to_list())
    if dtype == pl.Boolean():
        return (("boolean", value, "") for value in series.to_list())
    if dtype.is_temporal() and dtype != pl.Time() and dtype != pl.Duration():
        return _instants(series)
    texts = exact(series.to_frame()).to_series()
    texts = joined(texts, " ") if isinstance(texts.dtype, pl.List) else texts.cast(pl.String)
    return (("string", _held(text) if text else None, "") for text in texts.to_list())


def _figures(series: pl.Series, kind: Kind, as_text: Counter[str]) -> Cells:
    texts = exact(series.to_frame()).to_series().cast(pl.String)
    digits = texts.str.replace_all(r"[^0-9]", "").str.strip_chars("0").str.len_bytes()
    places = texts.str.extract(r"\.(\d+)$").str.len_bytes().fill_null(0)
    as_text[series.name] += int((digits > DIGITS).sum())
    for text, many, decimals in zip(texts.to_list(), (digits > DIGITS).to_list(), places.to_list(), strict=True):
        if text is None:
            yield "number", None, ""
        elif many:
            yield "string", text, "text"
        else:
            yield "number", Decimal(text), _format(kind, decimals)  # a Decimal is written digit by digit


def _instants(series: pl.Series) -> Cells:
    """Return serial numbers of UTC; what a spreadsheet's calendar does not hold is text."""
    day = series.dtype == pl.Date()
    moments = series.cast(pl.Datetime("us")).to_physical()
    code = "yyyy-mm-dd" if day else "yyyy-mm-dd hh:mm:ss"
    if not day and (moments % 1_000_000 != 0).any():
        code += ".000"
    texts = exact(series.to_frame()).to_series().to_list()
    for moment, text in zip(moments.to_list(), texts, strict=True):
        serial = None if moment is None else moment / DAY_US + UNIX_DAY
        if serial is not None and not FIRST_DAY <= serial < LAST_DAY:
            yield "string", text, "text"
        else:
            yield "number", serial, code


def _format(kind: Kind, places: int) -> str:
    """Return the number format that shows every digit; a loss has its minus sign, and red."""
    if kind == "ratio":
        return "0.00%;[Red]-0.00%"
    figure = "#,##0" + ("." + "0" * max(places, 2) if kind == "money" else "." + "0" * places if places else "")
    return f"{figure};[Red]-{figure}" if kind in {"money", "percent"} else figure


def _held(text: str) -> str:
    """Return what a cell can hold of a text."""
    if len(text) <= LONGEST // 2 or len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    room = (LONGEST - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + CUT


# ------------------------------------------------------------------------------------------------ the rest


def _widths(frame: pl.DataFrame) -> dict[str, int]:
    """Return widths that fit the names with their filter arrow, and the first thousand values."""
    widths = {}
    for series in exact(frame.head(1000)):
        texts = joined(series, " ") if isinstance(series.dtype, pl.List) else series.cast(pl.String)
        longest = texts.str.len_chars().max()
        needed = max(len(series.name) + 3, (longest if isinstance(longest, int) else 0) + 2)
        widths[series.name] = min(max(needed, NARROWEST), WIDEST)
    return widths


def _write_about(sheet: Any, frame: pl.DataFrame, report: Report, formats: _Formats, as_text: Counter[str]) -> None:
    sheet.set_column(0, 0, 110)
    lines = [
        f"{frame.height:,} rows; one row is {report.one_row}.",
        "Instants are UTC. An empty cell is unknown, never zero.",
        f"Figures are exact. One of more than {DIGITS} digits is text, because a spreadsheet would round it"
        " and a sum passes it over:",
        *(f"    {name}: {count:,} cells" for name, count in as_text.items() if count),
        *([] if any(as_text.values()) else ["    there is none here."]),
        *([report.empty] if not frame.height else []),
        *report.note.split("\n"),
    ]
    sheet.write_string(0, 0, report.title, formats.header)
    for row, line in enumerate(lines, 1):
        sheet.write_string(row, 0, line)


def _sheet_name(name: str, number: int) -> str:
    plain = re.sub(r"[\[\]:*?/\\']", " ", name)[:25]
    return plain if number == 1 else f"{plain} {number}"
