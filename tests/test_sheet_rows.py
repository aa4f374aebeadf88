"""Rows of a sheet that are written many at a time are what XlsxWriter writes a cell at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from reports.cells import Cell, Formats, opened, writers

TEXTS = ("plain", " led", "ended ", "", "a<b>&\"c'", "_x0041_", "_x41_", "line\nbreak", "\x07bell", "\x0b tab", "né 中 🙂", "1", "=1+1",
         "\t", "\r", "\ufffe")  # fmt: skip
NUMBERS = (
    0,
    -5,
    1.5,
    45_000.123456789,
    Decimal("0.000000000000000001"),
    Decimal("123456789012345"),
    Decimal("-0.10"),
    1e22,
)


def columns() -> Sequence[Sequence[Cell]]:
    height = max(len(TEXTS), len(NUMBERS)) + 2
    texts: list[Cell] = [("string", text or None, "text" if place % 2 else "") for place, text in enumerate(TEXTS)]
    numbers: list[Cell] = [("number", number, "#,##0.00" if place % 3 else "") for place, number in enumerate(NUMBERS)]
    truths: list[Cell] = [("boolean", value, "") for value in (True, False, None)]
    return [[*cells, *[("number", None, "")] * (height - len(cells))] for cells in (texts, numbers, truths)]


def one_by_one(sheet: Any, formats: Formats) -> None:
    put = writers(sheet)
    for row, line in enumerate(zip(*columns(), strict=True), 1):
        for place, (method, value, code) in enumerate(line):
            if value is not None:
                put[method](row, place, value, formats[code])


def in_rows(sheet: Any, formats: Formats) -> None:
    first, second = ([cells[:7] for cells in columns()], [cells[7:] for cells in columns()])
    row = sheet.write_rows(1, first, formats)
    assert sheet.write_rows(row, second, formats) == 1 + max(len(TEXTS), len(NUMBERS)) + 2


def workbook(fill: Callable[[Any, Formats], None], **common: Any) -> dict[str, bytes]:
    """Return the files of a workbook with a header and what `fill` writes below it."""
    buffer = io.BytesIO()
    book = opened(buffer, "title")
    formats = Formats(book, **common)
    sheet = book.add_worksheet("rows")
    for place, name in enumerate(("text", "number", "truth")):
        sheet.write_string(0, place, name, formats.header)
    fill(sheet, formats)
    book.close()
    with zipfile.ZipFile(buffer) as files:
        return {name: files.read(name) for name in files.namelist()}


def test_rows_are_the_same_bytes_as_cells_one_by_one() -> None:
    assert workbook(in_rows)["xl/worksheets/sheet1.xml"].count(b"<c ") > len(TEXTS) + len(NUMBERS)
    for common in ({}, {"valign": "top"}):
        assert workbook(in_rows, **common)["xl/styles.xml"] == workbook(one_by_one, **common)["xl/styles.xml"]
        mine, theirs = (workbook(fill, **common)["xl/worksheets/sheet1.xml"].decode() for fill in (in_rows, one_by_one))
        assert mine.split("<row") == theirs.split("<row")
