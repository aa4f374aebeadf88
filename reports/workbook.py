"""A report as a workbook: every column, exact, and a sheet `totals` with formulas where the report has totals."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from reports.cells import (
    DIGITS,
    MOST_ROWS,
    NARROWEST,
    WIDEST,
    Formats,
    cells,
    dress,
    opened,
    sheet_name,
)
from reports.contract import Kind, Report
from reports.exact import exact, joined
from reports.totals import Ranges, declared, summed_of, widest, write_totals

CHUNK = 50_000


def workbook_bytes(frame: pl.DataFrame, report: Report) -> bytes:
    """Return the workbook: every column of the frame, a further sheet where one is full, and a sheet `about`."""
    buffer = io.BytesIO()
    book = opened(buffer, report.title)
    formats = Formats(book)
    as_text: Counter[str] = Counter()
    parts = list(frame.iter_slices(MOST_ROWS)) or [frame]
    for number, part in enumerate(parts, 1):
        _write_sheet(book.add_worksheet(sheet_name(report.name, number)), part, report, formats, as_text)
    names = [column.name for column in declared(frame, report)]
    if names:
        heights = [part.height for part in parts]
        _write_totals(book.add_worksheet("totals"), frame, report, names, heights, formats)
    _write_about(book.add_worksheet("about"), frame, report, as_text, bool(names), formats)
    book.close()
    return buffer.getvalue()


def _write_sheet(sheet: Any, frame: pl.DataFrame, report: Report, formats: Formats, as_text: Counter[str]) -> None:
    kinds: dict[str, Kind] = {column.name: column.kind for column in report.columns}
    for place, (name, width) in enumerate(_widths(frame).items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats.header)
    dress(sheet, frame.height, frame.width)
    row = 1
    for part in frame.iter_slices(CHUNK):
        columns = [cells(series, kinds.get(series.name, "quantity"), as_text) for series in part]
        row = sheet.write_rows(row, columns, formats)


def _widths(frame: pl.DataFrame) -> dict[str, int]:
    """Return widths that fit the names with their filter arrow, and the first thousand values."""
    widths = {}
    for series in exact(frame.head(1000)):
        texts = joined(series, " ") if isinstance(series.dtype, pl.List) else series.cast(pl.String)
        longest = texts.str.len_chars().max()
        needed = max(len(series.name) + 3, (longest if isinstance(longest, int) else 0) + 2)
        widths[series.name] = min(max(needed, NARROWEST), WIDEST)
    return widths


def _write_totals(
    sheet: Any, frame: pl.DataFrame, report: Report, names: Sequence[str], heights: Sequence[int], formats: Formats
) -> None:
    """Write a sheet of its own, so that the rows of the report stay a plain table."""
    heads = ["line", "asset", *names]
    at = {name: place for place, name in enumerate(names, 2)}
    source = {name: place for place, name in enumerate(frame.columns)}
    summed, groups, everything = summed_of(frame, report, at, source)
    ranges = Ranges(
        places=[(sheet_name(report.name, number), 1, height) for number, height in enumerate(heights, 1)],
        asset_column=source[report.asset_column] if report.asset_column else None,
        groups=groups,
        everything=everything,
    )
    wanted = widest(summed)
    for place, head in enumerate(heads):
        needed = max(wanted.get(place, 0) + 1, len(head) + 3, 9 if place else 22)
        sheet.set_column(place, place, min(needed, WIDEST))
        sheet.write_string(0, place, head, formats.header)
    end, _ = write_totals(sheet, formats, 1, ranges, summed, label_at=0, asset_at=1)
    dress(sheet, end - 1, len(heads))


def _write_about(
    sheet: Any, frame: pl.DataFrame, report: Report, as_text: Counter[str], has_totals: bool, formats: Formats
) -> None:
    sheet.set_column(0, 0, 110)
    lines = [
        f"{frame.height:,} rows; one row is {report.one_row}.",
        "Instants are UTC. An empty cell is unknown, never zero.",
        f"Figures are exact. One of more than {DIGITS} digits is text, because a spreadsheet would round it"
        " and a sum passes it over:",
        *(f"    {name}: {count:,} cells" for name, count in as_text.items() if count),
        *([] if any(as_text.values()) else ["    there is none here."]),
        *(TOTALS if has_totals else ()),
        *([report.empty] if not frame.height else []),
        *report.note.split("\n"),
    ]
    sheet.write_string(0, 0, report.title, formats.header)
    for row, line in enumerate(lines, 1):
        sheet.write_string(row, 0, line)


TOTALS = (
    "The sheet `totals` adds up per asset: `total` is a formula over the rows, `exact` the exact sum as text, `agrees`"
    f" compares them to about {DIGITS} digits.",
    "    `of cells that are text` is what the rows hold that a formula passes over, which `total` adds; `cells unknown`"
    " are in no sum.",
)
