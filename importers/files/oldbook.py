"""Old workbooks (.xls): each sheet is a part.  Their numbers are doubles: the shortest text of a double is the truth.

A whole number that a double holds exactly is printed as one; beyond 2^53 a point or an exponent stays, so that no id is
made up of digits that the file does not hold.  Dates become `2026-01-05 13:41:09`, to the millisecond.  xlrd is given
the workbook's stream alone: its own reading of the container can be made to take for ever.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from importers.files.compound import Compound, DamagedCompound
from importers.files.kinds import OLD_WORKBOOK
from importers.files.limits import SHEET_LIMIT
from importers.files.sheetxml import SheetRow, column_letters
from importers.files.sources import Source
from schemas.errors import RefusedFile, UnreadableFile

SIZE_LIMIT = 64 << 20
"""Bytes of a workbook, which is held in memory as a whole; its format ends at 65,536 rows a sheet."""
DAMAGED = "is an old .xls workbook that is damaged or cut off"
EXACT = 2**53
DAY_0 = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - a sheet's clock has no zone
FIRST_CLEAR_DAY = 61
"""Up to here the days from 1900 are off by one: the format counts a 29 February 1900."""
_TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR = 1, 2, 3, 4, 5


class _Silence(io.TextIOBase):
    """Where xlrd's remarks go."""

    def write(self, text: str) -> int:
        return len(text)


@dataclass(frozen=True)
class OldWorkbook:
    """An old workbook in memory."""

    name: str
    content: bytes

    @cached_property
    def sheets(self) -> list[tuple[str, str]]:
        """(name, number) of each sheet of cells, in the order of the tabs."""
        return [(name, str(number)) for number, name in enumerate(self._book.sheet_names())]

    @cached_property
    def is_1904(self) -> bool:
        """True if serial dates count from 1904."""
        return bool(self._book.datemode)

    def rows(self, member: str) -> Iterator[SheetRow]:
        """The rows of a sheet that hold anything."""
        with _guarded(self.name):
            sheet = self._book.sheet_by_index(int(member))
        try:
            for number in range(sheet.nrows):
                yield self._row(number + 1, sheet.row_types(number), sheet.row_values(number))
        finally:
            self._book.unload_sheet(int(member))

    @cached_property
    def _book(self) -> Any:
        import xlrd

        with _guarded(self.name):
            book = xlrd.open_workbook(
                file_contents=self.content, logfile=_Silence(), use_mmap=False, on_demand=True, ragged_rows=True
            )
            if book.nsheets > SHEET_LIMIT:
                raise RefusedFile(self.name, f"it holds more than {SHEET_LIMIT} sheets")
            return book

    def _row(self, number: int, kinds: Any, values: list[Any]) -> SheetRow:
        row = SheetRow(number)
        for column, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            text, wrong = cell_text(kind, value, self.is_1904)
            if wrong:
                row.wrong.append((f"c{column}", f"cell {column_letters(column)}{number} {wrong}"))
            if text:
                row.cells.append((column, text))
        return row


def old_workbook(source: Source, name: str) -> OldWorkbook:
    """The workbook inside a compound file.  Raises UnreadableFile, RefusedFile."""
    with source.open() as stream:
        content = stream.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise RefusedFile(name, "an old Office file of more than 64 MiB")
    compound = Compound(content)
    try:
        stream_name = next((name for name in OLD_WORKBOOK if name in compound.names), None)
        if stream_name is None:
            raise UnreadableFile(name, DAMAGED)
        return OldWorkbook(name, compound.stream(stream_name))
    except DamagedCompound as error:
        raise UnreadableFile(name, f"{DAMAGED}: {error}", "download it again") from error


def cell_text(kind: int, value: Any, is_1904: bool) -> tuple[str, str]:
    """The text of a cell, and what is wrong with it: ('', '') for an empty one."""
    if kind == _TEXT:
        return str(value), ""
    if kind == _NUMBER:
        return (number_text(value), "") if math.isfinite(value) else ("", "holds a number that is none")
    if kind == _DATE:
        date = date_text(value, is_1904)
        return (date, "") if date else ("", "holds a date that is none")
    if kind == _BOOLEAN:
        return "true" if value else "false", ""
    if kind == _ERROR:
        import xlrd

        return "", f"holds the error {xlrd.error_text_from_code.get(value, '?')}"
    return "", ""


def number_text(value: float) -> str:
    """The shortest text of a double that reads back as it."""
    return str(int(value)) if value == int(value) and abs(value) < EXACT else repr(value)


def date_text(value: float, is_1904: bool) -> str:
    """The text of a serial date, of a time alone where it has no day; empty where it is none."""
    if not math.isfinite(value) or value < 0 or value >= 2_958_466:
        return ""
    moment = DAY_0[is_1904] + timedelta(milliseconds=round(value * 86_400_000))
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    if value < 1:
        return f"{moment:%H:%M:%S}{fraction}"
    if not is_1904 and value < FIRST_CLEAR_DAY:
        return ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}"


@contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Turn whatever a damaged workbook makes xlrd stumble over into one sentence."""
    import xlrd

    try:
        yield
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            hint = "open it, save it without a password, and import that"
            raise UnreadableFile(name, "is encrypted with a password", hint) from error
        raise UnreadableFile(name, DAMAGED, "download it again") from error
    except (MemoryError, RefusedFile):
        raise
    except Exception as error:
        raise UnreadableFile(name, DAMAGED, "download it again") from error
