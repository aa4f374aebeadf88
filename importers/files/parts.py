"""What every reader hands on: a part's first records, then its rows as frames of text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from importers.files.limits import CELL_LIMIT, CHUNK_CELLS, CHUNK_TEXT


@dataclass(frozen=True)
class Broken:
    """A structurally wrong row: where it starts, the frame's column if it is one, its raw text, what is wrong."""

    source_row: int
    column: str | None
    text: str
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a part: `source_row` (UInt32), then `c0`.. as text, null where empty, else verbatim."""

    cells: pl.DataFrame
    broken: tuple[Broken, ...]
    blank: int


class Part(Protocol):
    """One table of text: a CSV or JSON file, a sheet of a workbook, a member of a zip.

    A member of a zip that is no table is a part, too: its `head` and `chunks` raise `UnreadableFile`.
    """

    @property
    def name(self) -> str:
        """The name to show: `trades.csv`, `export.zip/part-0.csv`, `book.xlsx!Sheet1`."""

    @property
    def file_name(self) -> str:
        """The innermost file name without folders; of a sheet, the workbook's."""

    @property
    def part_no(self) -> int:
        """Its place in the bundle, from 0."""

    @property
    def sheet(self) -> str | None:
        """The sheet's name, of workbooks only."""

    @property
    def file_id(self) -> str:
        """The sha-256 of its bytes (decompressed); of a sheet that of `<workbook's sha-256>!<sheet>`."""

    @property
    def serial_epoch_1904(self) -> bool:
        """True if its serial dates count from 1904."""

    def head(self, rows: int = 40) -> list[tuple[int, list[str]]]:
        """The first records as (source_row, cells), `""` where empty."""

    def chunks(self, header_row: int, width: int, encoding: str | None = None) -> Iterator[Chunk]:
        """The rows after the header that starts at `header_row` and has `width` cells, in order."""

    def raw_row(self, source_row: int) -> str:
        """The raw text of the record that starts there."""


def fit(cells: list[str], width: int) -> list[str] | str:
    """The cells of a record as exactly `width`, or the reason why it is broken.

    Empty cells beyond the width are no cells.  A short record that holds nothing but its first cell is a notice
    such as `No data matches the criteria.`: it is passed on, for the format to judge.
    """
    found = len(cells)
    if found == width:
        return cells
    if found > width and not any(cells[width:]):
        return cells[:width]
    if found < width and cells and cells[0] and not any(cells[1:]):
        return [cells[0], *[""] * (width - 1)]
    return f"expected {width} fields, found {found}"


def flaw(cells: Sequence[str]) -> tuple[int, str] | None:
    """The first cell that nobody can store, as (column index, reason)."""
    for index, cell in enumerate(cells):
        if "\0" in cell:
            return index, "the cell holds a NUL byte"
        if len(cell) > CELL_LIMIT // 4 and len(cell.encode(errors="replace")) > CELL_LIMIT:
            return index, "the cell is longer than 64 KiB"
        if not cell.isascii() and any("\ud800" <= c <= "\udfff" for c in cell):
            return index, "the cell holds half a character (a lone surrogate)"
    return None


def frame_of(source_rows: Sequence[int], rows: Sequence[Sequence[str | None]], width: int) -> pl.DataFrame:
    """A chunk's frame, from rows that all have `width` cells."""
    columns: Sequence[Sequence[str | None]] = list(zip(*rows, strict=True)) if rows else [()] * width
    series = [pl.Series("source_row", source_rows, dtype=pl.UInt32)]
    series += [pl.Series(f"c{i}", column, dtype=pl.String) for i, column in enumerate(columns)]
    return empty_to_null(pl.DataFrame(series))


def empty_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with null in place of empty text."""
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(text.str.len_bytes() > 0).then(text))


class Filling:
    """How full a chunk is whose rows come one by one: by rows, cells (empty ones too) and text: none is huge."""

    def __init__(self, rows: int, width: int) -> None:
        self._most = max(1, min(rows, CHUNK_CELLS // max(width, 1)))
        self._rows = self._text = 0

    def is_full_after(self, cells: Sequence[str]) -> bool:
        """Say whether the chunk is full with this row, and begin the next one if it is."""
        self._rows += 1
        self._text += sum(map(len, cells))
        if self._rows < self._most and self._text < CHUNK_TEXT:
            return False
        self._rows = self._text = 0
        return True


def shown_row(cells: Sequence[str]) -> str:
    """Cells as one line of CSV: the raw text of a record that has none of its own."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
