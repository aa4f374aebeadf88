"""A form as a workbook: a sheet a table, and a first sheet that says what it is, what blocks and what was decided."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from reports.cells import DIGITS, MOST_ROWS, WIDEST, Formats, dress, held, opened, plain, sheet_name
from reports.reading import clean
from reports.tax.contract import DRAFT
from reports.tax.listing import Cell, Head, Listing
from reports.tax.paper import Paper, decisions, marks, told_facts
from reports.tax.value import TaxYear

FORMS = {"money": "#,##0.00######;[Red]-#,##0.00######", "quantity": "0.##################", "count": "#,##0"}
ROOM = 8
"""Rows of a sheet that are kept free for totals."""


def workbook(year: TaxYear, paper: Paper) -> bytes:
    """Return the workbook; text of files never becomes a formula, and a figure of more than 15 digits is text."""
    buffer = io.BytesIO()
    title = f"{paper.title} {year.policy.label}" + (f" {DRAFT}" if year.is_draft else "")
    book = opened(buffer, title)
    formats = Formats(book, valign="top")
    formats.name("wrap", text_wrap=True)
    _write_about(book.add_worksheet("about"), year, paper, title, formats)
    for listing in paper.listings:
        for number, (begin, part) in enumerate(_parts(listing.lines), 1):
            is_last = begin + len(part) == len(listing.lines)
            sheet = book.add_worksheet(sheet_name(listing.name, number))
            _write(sheet, year, listing, part, listing.totals if is_last else (), formats)
    book.close()
    return buffer.getvalue()


def _parts(lines: Sequence[Sequence[Cell]]) -> Iterator[tuple[int, Sequence[Sequence[Cell]]]]:
    room = MOST_ROWS - ROOM
    for begin in range(0, max(len(lines), 1), room):
        yield begin, lines[begin : begin + room]


def _write(
    sheet: Any, year: TaxYear, listing: Listing, lines: Sequence[Sequence[Cell]], totals: Sequence[Sequence[Cell]],
    formats: Formats,
) -> None:  # fmt: skip
    for place, head in enumerate(listing.heads):
        words = f"({head.box}) {head.name}" if head.box else head.name
        sheet.set_column(place, place, _width(head, words, lines, place))
        sheet.write_string(0, place, words, formats.header)
    if year.is_draft:
        sheet.write_string(0, len(listing.heads), DRAFT, formats.styled(bold=True, font_color="#B3261E"))
    for row, line in enumerate(lines, 1):
        for place, (head, cell) in enumerate(zip(listing.heads, line, strict=True)):
            _put(sheet, row, place, head, cell, formats, is_bold=False)
    for row, line in enumerate(totals, len(lines) + 2):  # a free row keeps totals out of the filter
        for place, (head, cell) in enumerate(zip(listing.heads, line, strict=True)):
            _put(sheet, row, place, head, cell, formats, is_bold=True)
    dress(sheet, len(lines), len(listing.heads))


def _put(sheet: Any, row: int, place: int, head: Head, cell: Cell, formats: Formats, *, is_bold: bool) -> None:
    look: dict[str, Any] = {"bold": True} if is_bold else {}
    if cell is None or cell == "":
        return
    if isinstance(cell, str):
        wraps: dict[str, Any] = {"text_wrap": True} if head.kind == "words" else {}
        sheet.write_string(row, place, held(clean(cell)), formats.styled("", **look, **wraps))
    elif _digits(cell) > DIGITS:
        sheet.write_string(row, place, plain(cell), formats.styled("", align="right", **look))
    else:
        sheet.write_number(row, place, cell, formats.styled(FORMS[head.kind], **look))


def _digits(value: Decimal) -> int:
    return len(plain(value).replace("-", "").replace(".", "").strip("0"))


def _width(head: Head, words: str, lines: Sequence[Sequence[Cell]], place: int) -> int:
    if head.kind == "words":
        return WIDEST
    shown = (line[place] for line in lines[:1000])
    longest = max((len(cell) if isinstance(cell, str) else len(plain(cell)) + 4 for cell in shown if cell is not None),
                  default=0)  # fmt: skip
    return min(max(longest + 1, len(words) + 3, 9), WIDEST)


def _write_about(sheet: Any, year: TaxYear, paper: Paper, title: str, formats: Formats) -> None:
    sheet.set_column(0, 0, 120)
    lines = [*paper.intro, *marks(year), *(f"{name}: {text}" for name, text in decisions(year, paper.decided).items()),
             *paper.rules, *year.assumptions, *told_facts(paper.facts),
             f"A figure of more than {DIGITS} digits is text, because a spreadsheet would round it.",
             f"Made by marginbook {year.version}; sha-256 of the figures: {year.book}"]  # fmt: skip
    sheet.write_string(0, 0, held(title), formats.styled(bold=True))
    for row, line in enumerate(lines, 1):
        sheet.write_string(row, 0, held(clean(line)), formats["wrap"])
