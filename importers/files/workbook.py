"""Workbooks: each sheet is a part, hidden ones too, with the digits exactly as the file holds them.

What a part needs of a workbook is said by `Sheets`; whether it is parsed here or in a child does not matter to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from importers.files.limits import COLUMN_LIMIT, TEXT_LIMIT, shown_name
from importers.files.parts import Broken, Chunk, Filling, flaw, frame_of, shown_row
from importers.files.sheetxml import SheetRow, column_letters
from schemas.errors import RefusedFile

ROWS = 50_000
"""Rows of one chunk."""


class Sheets(Protocol):
    """What a part needs of a workbook, new or old."""

    @property
    def sheets(self) -> list[tuple[str, str]]:
        """(name, member) of each sheet of cells, in the order of the tabs."""

    @property
    def is_1904(self) -> bool:
        """True if serial dates count from 1904."""

    def rows(self, member: str) -> Iterator[SheetRow]:
        """The rows of a sheet."""


@dataclass(frozen=True)
class SheetPart:
    """One sheet of a workbook."""

    name: str
    file_name: str
    part_no: int
    sheet: str
    file_id: str
    workbook: Sheets
    member: str

    @property
    def serial_epoch_1904(self) -> bool:
        return self.workbook.is_1904

    def head(self, rows: int = 40) -> list[tuple[int, list[str]]]:
        found: list[tuple[int, list[str]]] = []
        for row in self.workbook.rows(self.member):
            placed = _placed(row, COLUMN_LIMIT)
            if placed:
                found.append((row.number, placed))
            if len(found) >= rows:
                break
        return found

    def chunks(self, header_row: int, width: int, encoding: str | None = None) -> Iterator[Chunk]:
        if width > COLUMN_LIMIT:
            raise RefusedFile(self.name, f"its header has more than {COLUMN_LIMIT:,} columns")
        numbers: list[int] = []
        rows: list[list[str]] = []
        broken: list[Broken] = []
        blank = 0
        filling = Filling(ROWS, width)
        is_after_header = header_row == 0
        for row in self.workbook.rows(self.member):
            if not is_after_header:
                is_after_header = row.number >= header_row
                if row.number <= header_row:
                    continue
            if not row.cells and not row.wrong:
                blank += 1
                continue
            cells = _placed(row, width)
            if (fault := _fault(row, cells, width)) is not None:
                text = shown_row(_placed(row, COLUMN_LIMIT))[:TEXT_LIMIT]
                broken.append(Broken(row.number, fault[0] or None, text, fault[1]))
            else:
                numbers.append(row.number)
                rows.append(cells + [""] * (width - len(cells)))
            if filling.is_full_after(cells):
                yield Chunk(frame_of(numbers, rows, width), tuple(broken), blank)
                numbers, rows, broken, blank = [], [], [], 0
        if rows or broken or blank:
            yield Chunk(frame_of(numbers, rows, width), tuple(broken), blank)

    def raw_row(self, source_row: int) -> str:
        for row in self.workbook.rows(self.member):
            if row.number == source_row:
                return shown_row(_placed(row, COLUMN_LIMIT))
        return ""


def sheet_parts(workbook: Sheets, name: str, file_name: str, first_no: int, file_id: str) -> list[SheetPart]:
    """The sheets of a workbook whose bytes have this sha-256."""
    return [
        SheetPart(
            name=f"{name}!{shown_name(sheet)}", file_name=file_name, part_no=first_no + place, sheet=sheet,
            file_id=hashlib.sha256(f"{file_id}!{sheet}".encode()).hexdigest(), workbook=workbook, member=member,
        )
        for place, (sheet, member) in enumerate(workbook.sheets)
    ]  # fmt: skip


def _placed(row: SheetRow, width: int) -> list[str]:
    """The cells of a row in their columns, up to its last one or to `width`."""
    cells = [""] * min(max((column + 1 for column, _ in row.cells), default=0), width)
    for column, text in row.cells:
        if column < width:
            cells[column] = text
    return cells


def _fault(row: SheetRow, cells: list[str], width: int) -> tuple[str, str] | None:
    """What is wrong with a row, as (column of the frame, reason)."""
    if row.wrong:
        return row.wrong[0]
    last = max(column for column, _ in row.cells)
    if last >= COLUMN_LIMIT:
        cell = f"{column_letters(last)}{row.number}"
        return f"c{last}", f"cell {cell} lies beyond column {COLUMN_LIMIT:,}"
    if last >= width:
        return f"c{last}", f"expected {width} fields, found {last + 1}"
    if len({column for column, _ in row.cells}) < len(row.cells):
        return "", "two cells have the same place"
    if (found := flaw(cells)) is not None:
        return f"c{found[0]}", found[1]
    return None
