"""Records of delimited text one by one: any quoting, any line end, and broken quoting survived."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from importers.files.limits import CELL_LIMIT, COLUMN_LIMIT, ROW_LIMIT, TEXT_LIMIT
from importers.files.parts import Broken, fit, flaw, frame_of

ENDS_INSIDE = "the file ends inside this row"
NEVER_CLOSED = "quote opened here is never closed"
SWALLOWS = "quote opened here runs over the rows below"
TOO_LONG = "the row is longer than 1 MiB"
FEWEST_DIGITS = 4
"""Of a first cell (an instant, an id) by which one row is known to be like another."""
NOTICES = 100
"""Rows of a text that may hold nothing but a first cell; more of them would take many times their size in memory."""


class Record(NamedTuple):
    """A record from line `start` to before line `end` (indexes); `cells`, or the reason why it has none."""

    start: int
    end: int
    cells: list[str]
    reason: str = ""


@dataclass(frozen=True)
class Careful:
    """Rows read one by one, and how many of the lines belong to whole records."""

    cells: pl.DataFrame
    broken: list[Broken]
    blank: int
    used: int


def lines_of(text: str) -> list[str]:
    """The physical lines: they end with LF, CR or CRLF, and keep it."""
    return list(io.StringIO(text, newline=""))


def records(lines: list[str], delimiter: str, width: int | None, final: bool) -> Iterator[Record]:
    """Yield the records.  After broken quoting reading goes on at the next line.

    Where the text is not `final`, a record that its last line does not close is left out: more lines may close it.
    """
    at = 0
    while at < len(lines):
        start = at
        reader = csv.reader(_from(lines, at), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                end = at + reader.line_num
                if end - start > 1 and width is not None:
                    resumed = _below(lines, start + 1, end, cells, delimiter, width)
                    if resumed is not None:
                        yield Record(start, resumed, [], SWALLOWS)
                        start = resumed
                        break
                yield Record(start, end, cells)
                start = end
            else:
                return
            at = start
        except csv.Error as error:
            open_end = "unexpected end" in str(error)
            if open_end and not final and sum(map(len, lines[start:])) <= ROW_LIMIT:
                return
            at = start + 1
            if open_end and final and at == len(lines):
                reason = ENDS_INSIDE
            elif open_end or ("field limit" in str(error) and len(lines[start]) <= CELL_LIMIT):
                reason = NEVER_CLOSED
            elif "field limit" in str(error):
                reason = "a cell is longer than 64 KiB"
            else:
                reason = "text follows a closing quote"
            yield Record(start, at, [], reason)


def read_careful(text: str, first_line: int, delimiter: str, width: int, final: bool) -> Careful:
    """The rows of a text whose first line is the physical line `first_line`."""
    lines = lines_of(text)
    suspicious = "\0" in text or max(map(len, lines), default=0) > CELL_LIMIT // 4
    rows: list[list[str]] = []
    starts: list[int] = []
    broken: list[Broken] = []
    blank = used = notices = 0

    def complain(record: Record, reason: str, column: str | None = None) -> None:
        end = min(record.end, record.start + TEXT_LIMIT)
        raw = "".join(line[: TEXT_LIMIT + 2] for line in lines[record.start : end]).rstrip("\r\n")
        broken.append(Broken(first_line + record.start, column, raw[:TEXT_LIMIT], reason))

    for record in records(lines, delimiter, width, final):
        used = record.end
        cells = record.cells
        if record.reason:
            complain(record, record.reason)
            continue
        if not cells or (width > 1 and len(cells) == 1 and cells[0].isspace()):
            blank += 1
            continue
        spans = record.end - record.start > 1
        if suspicious or spans:
            if sum(map(len, lines[record.start : record.end])) > ROW_LIMIT // 4 and _bytes(lines, record) > ROW_LIMIT:
                complain(record, TOO_LONG)
                continue
            if (found := flaw(cells)) is not None:
                complain(record, found[1], f"c{found[0]}")
                continue
        fitted = cells if len(cells) == width else fit(cells, width)
        if len(cells) < width and not isinstance(fitted, str):
            notices += 1
            fitted = fitted if notices <= NOTICES else f"expected {width} fields, found {len(cells)}"
        cut = final and len(cells) < width and record.end == len(lines) and not lines[-1].endswith(("\n", "\r"))
        if cut and len(cells) > 1:
            complain(record, ENDS_INSIDE)
        elif isinstance(fitted, str):
            complain(record, f"more than {COLUMN_LIMIT:,} columns" if len(cells) > COLUMN_LIMIT else fitted)
        else:
            rows.append(fitted)
            starts.append(first_line + record.start)
    return Careful(frame_of(starts, rows, width), broken, blank, used if not final else len(lines))


def _from(lines: list[str], at: int) -> Iterator[str]:
    for index in range(at, len(lines)):
        yield lines[index]


def _below(lines: list[str], start: int, end: int, cells: list[str], delimiter: str, width: int) -> int | None:
    """The first line of a record of many lines that is a row by itself, where the record is none."""
    if isinstance(fit(cells, width), str):
        return _resume(lines, start, end, delimiter, width)
    return _swallowed(lines, start, end - 1, delimiter, cells)


def _resume(lines: list[str], start: int, end: int, delimiter: str, width: int) -> int | None:
    """The first line that is a whole row by itself, where a record of many lines has the wrong width."""
    if width < 2:
        return None
    for index in range(start, end):
        try:
            if [len(cells) for cells in csv.reader([lines[index]], delimiter=delimiter, strict=True)] == [width]:
                return index
        except csv.Error:
            continue
    return None


def _swallowed(lines: list[str], start: int, end: int, delimiter: str, cells: list[str]) -> int | None:
    """The first line inside a record of the right width that is a row like it: as wide, and begun with the like."""
    begun = _shape(cells[0])
    for index in range(start, end):
        try:
            (inside,) = csv.reader([lines[index]], delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            continue
        if len(inside) == len(cells) > 2 and begun and _shape(inside[0]) == begun:
            return index
    return None


def _shape(cell: str) -> str:
    """The cell with every digit as 9; nothing of one with few digits, which says little of a row."""
    shape, digits = re.subn(r"\d", "9", cell)
    return shape if digits >= FEWEST_DIGITS else ""


def _bytes(lines: list[str], record: Record) -> int:
    return sum(len(line.encode()) for line in lines[record.start : record.end])
