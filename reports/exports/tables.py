"""Every table of a book as CSV, as a workbook, and the catalogue that says what their columns hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import polars as pl

from reports.cells import (
    DIGITS,
    LONGEST,
    MOST_ROWS,
    NARROWEST,
    WIDEST,
    Formats,
    cells,
    dress,
    opened,
    sheet_name,
)
from reports.exact import csv_bytes
from reports.exports.contract import TableRows, TableShape

WIDE = 28
SIGNS = (
    "Cash amounts, funding and realized results are + when the account gains. Fees, interest and liquidation fees are"
    " + when they cost; a rebate is a negative fee. Instants are UTC. An empty cell is unknown, never zero."
)
CSV_NOTE = "Amounts are exact and plain. A list is joined by `;`. Text that would run as a formula has a ' in front."
PARQUET_NOTE = "Amounts are DECIMAL(38,18), row keys DECIMAL(38,0), instants timestamps in UTC, text is as it stands."


def write_csv(rows: TableRows, out: BinaryIO) -> None:
    """Write the rows of a table, its header once."""
    for number, part in enumerate(rows.parts):
        content = csv_bytes(part)
        out.write(content if number == 0 else content.partition(b"\n")[2])


def catalogue(
    shapes: Sequence[TableShape], counts: Mapping[str, int], files: Mapping[str, str], note: str, made: str
) -> bytes:
    """Return `tables.json`: every table with its file, its rows, and its columns with type, unit and sign."""
    tables = [{
        "table": shape.name, "file": files.get(shape.name), "rows": counts[shape.name], "one_row": shape.one_row,
        "columns": [{"column": name, "type": kind, "meaning": meaning} for name, kind, meaning in shape.columns],
    } for shape in shapes]  # fmt: skip
    told = {"made": made, "signs": SIGNS, "note": note, "tables": tables}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def write_workbook(tables: Iterator[TableRows], out: BinaryIO, made: str) -> dict[str, int]:
    """Write a sheet for every table that has rows (several where it is full), and `tables` last; return the rows."""
    book = opened(out, "the tables of a book")  # type: ignore[arg-type]
    formats = Formats(book)
    listed: list[TableRows] = []
    as_text: Counter[str] = Counter()
    for rows in tables:
        listed.append(rows)
        if rows.count:
            _write_table(book, rows, formats, as_text)
    _write_list(book.add_worksheet("tables"), listed, formats, as_text, made)
    book.close()
    return {rows.shape.name: rows.count for rows in listed}


def _write_table(book: Any, rows: TableRows, formats: Formats, as_text: Counter[str]) -> None:
    number, row, sheet = 0, MOST_ROWS, None
    for part in rows.parts:
        for piece, full in _pieces(part, row):
            if full or sheet is None:
                number, row = number + 1, 0
                sheet = book.add_worksheet(sheet_name(rows.shape.name, number))
                _begin(sheet, piece, min(rows.count - (number - 1) * MOST_ROWS, MOST_ROWS), formats)
            columns = [cells(series, "quantity", as_text) for series in piece]
            row = sheet.write_rows(row + 1, columns, formats) - 1


def _pieces(part: pl.DataFrame, row: int) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Yield what of a part goes into a sheet that has `row` rows, and what begins the next one."""
    room = MOST_ROWS - row
    if room:
        yield part.head(room), False
    for begin in range(room, part.height, MOST_ROWS):
        yield part.slice(begin, MOST_ROWS), True


def _begin(sheet: Any, piece: pl.DataFrame, height: int, formats: Formats) -> None:
    for place, name in enumerate(piece.columns):
        sheet.set_column(place, place, min(max(len(name) + 3, NARROWEST), WIDE))
        sheet.write_string(0, place, name, formats.header)
    dress(sheet, height, piece.width)


def _write_list(sheet: Any, listed: Sequence[TableRows], formats: Formats, as_text: Counter[str], made: str) -> None:
    for place, (name, width) in enumerate(
        (("table", 24), ("rows", 10), ("column", 24), ("type", 16), ("meaning", WIDEST * 2))
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats.header)
    row = 0
    for rows in listed:
        for name, kind, meaning in (("", "", rows.shape.one_row), *(rows.shape.columns if rows.count else ())):
            row += 1
            sheet.write_string(row, 0, rows.shape.name)
            if not name:
                sheet.write_number(row, 1, rows.count)
            for place, text in ((2, name), (3, kind), (4, meaning)):
                sheet.write_string(row, place, text)
    dress(sheet, row, 5)
    notes = (
        made,
        SIGNS,
        f"{sum(as_text.values()):,} figures of more than {DIGITS} digits are text: a spreadsheet would round them.",
        f"A cell holds {LONGEST:,} characters and a sheet {MOST_ROWS:,} rows: more of a table is in further sheets.",
    )
    for number, text in enumerate(notes, row + 2):
        sheet.write_string(number, 0, text)
