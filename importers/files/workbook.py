"""Workbooks: each sheet is a part, hidden ones too, with the digits exactly as the file holds them (XLSX, XLSM).

What a part needs of a workbook (`Sheets`), old ones have as well (`oldbook.py`).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from xml.etree.ElementTree import Element, ParseError
from zipfile import ZipInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from importers.files.parts import (
    COLUMN_LIMIT,
    TEXT_LIMIT,
    Broken,
    Chunk,
    flaw,
    frame_of,
    shown_name,
    shown_row,
)
from importers.files.sheetxml import SheetRow, column_letters, shared_strings, sheet_rows
from importers.files.sources import Archive
from schemas.errors import RefusedFile, UnreadableFile

ROWS = 50_000
"""Rows of one chunk."""
DIRECTORY_LIMIT = 16 << 20
"""Bytes of the workbook's own directory of sheets."""
_WORKBOOK = "xl/workbook.xml"


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
class Workbook:
    """A workbook whose directory of sheets can be read."""

    name: str
    archive: Archive

    @cached_property
    def sheets(self) -> list[tuple[str, str]]:
        """(name, member) of each sheet of cells, in the order of the tabs."""
        folder = posixpath.dirname(self._path)
        targets = {}
        for relation in self._xml(posixpath.join(folder, "_rels", posixpath.basename(self._path) + ".rels")):
            if relation.get("Type", "").endswith("/worksheet"):
                target = relation.get("Target", "")
                member = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                targets[relation.get("Id", "")] = posixpath.normpath(member)
        found = []
        for sheet in self._directory.iter():
            if _local(sheet.tag) == "sheet":
                relation_id = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
                if relation_id in targets:
                    found.append((sheet.get("name", ""), targets[relation_id]))
        return found

    @cached_property
    def is_1904(self) -> bool:
        """True if serial dates count from 1904."""
        return any(
            _local(element.tag) == "workbookPr" and element.get("date1904", "0").lower() in ("1", "true", "on")
            for element in self._directory.iter()
        )

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings, loaded once for all sheets."""
        folder = posixpath.dirname(self._path)
        for relation in self._xml(posixpath.join(folder, "_rels", posixpath.basename(self._path) + ".rels")):
            if relation.get("Type", "").endswith("/sharedStrings"):
                target = relation.get("Target", "")
                member = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                with self.archive.open(self._info(posixpath.normpath(member)), self.name) as stream:
                    return shared_strings(stream, self.name)
        return []

    def rows(self, member: str) -> Iterator[SheetRow]:
        """The rows of a sheet."""
        with self.archive.open(self._info(member), self.name) as stream:
            yield from sheet_rows(stream, self.strings, self.name)

    @cached_property
    def _path(self) -> str:
        names = self.archive.zip.namelist()
        if _WORKBOOK in names:
            return _WORKBOOK
        for relation in self._xml("_rels/.rels"):
            if relation.get("Type", "").endswith("/officeDocument"):
                return relation.get("Target", "").lstrip("/")
        raise UnreadableFile(self.name, "is no complete workbook: its directory of sheets is missing")

    @cached_property
    def _directory(self) -> Element:
        return self._xml(self._path)

    def _xml(self, member: str) -> Element:
        with self.archive.open(self._info(member), self.name) as stream:
            content = stream.read(DIRECTORY_LIMIT + 1)
        if len(content) > DIRECTORY_LIMIT:
            raise RefusedFile(self.name, "its directory of sheets is larger than 16 MiB")
        try:
            root: Element = fromstring(content, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise UnreadableFile(self.name, f"is damaged: {member} does not parse") from error
        return root

    def _info(self, member: str) -> ZipInfo:
        try:
            return self.archive.zip.getinfo(member)
        except KeyError as error:
            raise UnreadableFile(self.name, f"is no complete workbook: {shown_name(member)} is missing") from error


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
            raise RefusedFile(self.name, f"its header has more than {COLUMN_LIMIT} columns")
        numbers: list[int] = []
        rows: list[list[str]] = []
        broken: list[Broken] = []
        blank = 0
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
            if len(rows) + len(broken) >= ROWS:
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


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
