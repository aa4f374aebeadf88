"""Delimited text: comma, semicolon or tab, any encoding, any line end, in flat memory.

Text is read in blocks of whole lines.  A block is parsed at once where `csvproof` can prove its structure, else in
pieces, and a piece that cannot be proved either is read record by record (`csvcareful`).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from importers.files.csvcareful import TOO_LONG, lines_of, read_careful, records
from importers.files.csvproof import read_masked, read_proven
from importers.files.encoding import Encoded, Utf8, encoding_of
from importers.files.limits import COLUMN_LIMIT, ROW_LIMIT, TEXT_LIMIT
from importers.files.parts import Broken, Chunk, frame_of
from importers.files.sources import Source, sha256_of
from schemas.errors import RefusedFile, UnreadableFile

BLOCK = 32 << 20
PIECE = 2 << 20
HEAD = 1 << 20
DELIMITERS = (",", ";", "\t")
HEAD_RECORDS = 40
BROKEN = 50_000
"""Broken rows of one chunk."""
LINES_OF_A_RECORD = 50
"""Of a record whose text is asked for; of a longer one the rest is looked for by itself."""


@dataclass(frozen=True)
class CsvPart:
    """A file of delimited text."""

    name: str
    file_name: str
    part_no: int
    source: Source
    encoding: str | None = None
    known_id: str | None = None
    sheet: str | None = None
    serial_epoch_1904: bool = False

    @cached_property
    def file_id(self) -> str:
        return self.known_id or sha256_of(self.source)

    @cached_property
    def _encoded(self) -> Encoded:
        return encoding_of(self.source, self.encoding)

    @cached_property
    def delimiter(self) -> str:
        """The delimiter that gives the first records the most consistent width."""
        return delimiter_of(lines_of(self._start.decode())[:200])

    def head(self, rows: int = HEAD_RECORDS) -> list[tuple[int, list[str]]]:
        return [(row, cells) for row, _, cells in self._records(rows)]

    def chunks(self, header_row: int, width: int, encoding: str | None = None) -> Iterator[Chunk]:
        if encoding is not None and encoding != self.encoding:
            other = CsvPart(self.name, self.file_name, self.part_no, self.source, encoding, self.known_id)
            yield from other.chunks(header_row, width)
            return
        if width > COLUMN_LIMIT:
            raise RefusedFile(self.name, f"its header has more than {COLUMN_LIMIT:,} columns")
        first_line = next((after for row, after, _ in self._records(None) if row == header_row), None)
        if header_row == 0:  # no header: the rows begin at once
            first_line = 1
        if first_line is None:
            raise ValueError(f"{self.name}: no record starts at line {header_row}")
        skipped = sum(len(line) for line in self._start.splitlines(keepends=True)[: first_line - 1])
        reader = _Reader(self.delimiter, width, first_line)
        with Utf8(self.source, self._encoded) as text:
            yield from reader.chunks(text, skipped)

    def raw_row(self, source_row: int) -> str:
        line, rest = 1, b""
        with Utf8(self.source, self._encoded) as text:
            while data := text.read(HEAD):
                rest += data
                end = whole_lines(rest)
                block, rest = rest[:end], rest[end:]
                count = _line_count(block)
                if line + count <= source_row and len(rest) <= ROW_LIMIT:
                    line += count
                    continue
                lines = (block + rest + text.read(2 * ROW_LIMIT)).splitlines(keepends=True)[source_row - line :]
                return _first_record(lines, self.delimiter)
        lines = rest.splitlines(keepends=True)[source_row - line :]
        return _first_record(lines, self.delimiter)

    def raw_rows(self, source_rows: Iterable[int]) -> dict[int, str]:
        """The raw text of the records that start there, read in one pass; those across two blocks by themselves."""
        wanted, found = sorted(set(source_rows), reverse=True), dict[int, str]()
        line, rest = 1, b""
        with Utf8(self.source, self._encoded) as text:
            while wanted:
                data = text.read(HEAD)
                rest += data
                end = whole_lines(rest) if data else len(rest)
                lines, rest = rest[:end].splitlines(keepends=True), rest[end:]
                while wanted and wanted[-1] < line + len(lines):
                    first = wanted[-1] - line
                    is_whole = not data or first + LINES_OF_A_RECORD <= len(lines)
                    part = lines[first : first + LINES_OF_A_RECORD]
                    row = wanted.pop()
                    found[row] = _first_record(part, self.delimiter) if is_whole else self.raw_row(row)
                line += len(lines)
                if not data:
                    break
        return found

    @cached_property
    def _start(self) -> bytes:
        """The first lines, as UTF-8."""
        with Utf8(self.source, self._encoded) as text:
            start = b""
            while len(start) < HEAD and (data := text.read(HEAD)):
                start += data
            if not start.strip():
                raise UnreadableFile(self.name, "is empty: it holds nothing but blanks")
            if not text.read(1):
                return start
        end = whole_lines(start)
        if not end:
            raise UnreadableFile(self.name, "is no table: its first line is longer than 1 MiB")
        return start[:end]

    def _records(self, rows: int | None) -> Iterator[tuple[int, int, list[str]]]:
        """The first records: physical line, line after it, cells."""
        lines = lines_of(self._start.decode())
        found = 0
        for record in records(lines, self.delimiter, None, final=True):
            if rows is not None and found >= rows:
                return
            cells = record.cells
            if record.reason:
                cells = [lines[record.start].rstrip("\r\n")[:TEXT_LIMIT]]
            if len(cells) > 1 or (cells and cells[0].strip()):
                found += 1
                yield record.start + 1, record.end + 1, cells


class _Reader:
    """Where a reading of blocks stands: the physical line, and the text that is still to be read."""

    def __init__(self, delimiter: str, width: int, line: int) -> None:
        self._delimiter = delimiter
        self._width = width
        self._line = line
        self._is_in_long_line = False
        self._is_after_cr = False

    def chunks(self, text: Utf8, skipped: int) -> Iterator[Chunk]:
        rest = ahead = b""
        while data := ahead + text.read(BLOCK):
            ahead = text.read(1)
            if skipped:
                data, skipped = data[skipped:], max(skipped - len(data), 0)
            if self._is_after_cr:
                data = data.removeprefix(b"\n")
                self._is_after_cr = False
            if self._is_in_long_line:
                data = self._leave_long_line(data)
            end = whole_lines(data)
            if not ahead and len(data) - end <= ROW_LIMIT:  # a last line that is not ended is read with those before it
                rest += data
                break
            if not end and len(rest) + len(data) <= 2 * ROW_LIMIT:
                rest += data
                continue
            block = b"".join((rest, memoryview(data)[:end]))
            rest = data[end:]
            if block and end:
                tail = yield from self._read(block, final=False)
                rest = tail + rest
            else:
                rest = block + rest
            if whole_lines(rest) == 0 and len(rest) > 2 * ROW_LIMIT:
                yield self._long_line(rest)
                rest = b""
        if rest:
            yield from self._read(rest, final=True)

    def _read(self, block: bytes, final: bool) -> Generator[Chunk, None, bytes]:
        """Yield the rows of a block, and return the text of a record that it does not end."""
        frame = read_proven(block, self._line, self._delimiter, self._width)
        if frame is not None:
            self._line += frame.height
            yield Chunk(frame, (), 0)
            return b""
        frames: list[pl.DataFrame] = []
        broken: list[Broken] = []
        blank = at = 0
        tail = b""
        while at < len(block):
            end = at + PIECE
            end = len(block) if end >= len(block) else at + (whole_lines(block[at:end]) or _line_end(block, end) - at)
            piece = tail + block[at:end]
            at = end
            frame = read_proven(piece, self._line, self._delimiter, self._width)
            if frame is None:
                frame = read_masked(piece, self._line, self._delimiter, self._width)
            if frame is not None:
                tail = b""
                self._line += frame.height
                frames.append(frame)
                continue
            text = piece.decode()
            is_last = final and end == len(block)
            careful = read_careful(text, self._line, self._delimiter, self._width, is_last)
            self._line += careful.used
            tail = b"" if is_last else "".join(lines_of(text)[careful.used :]).encode()
            frames.append(careful.cells)
            broken += careful.broken
            blank += careful.blank
            if len(broken) > BROKEN:
                yield Chunk(pl.concat(frames), tuple(broken), blank)
                frames, broken, blank = [], [], 0
        if frames:
            yield Chunk(pl.concat(frames), tuple(broken), blank)
        return tail

    def _long_line(self, start: bytes) -> Chunk:
        """Give up a line that does not fit, and the rest of it that comes."""
        self._is_in_long_line = True
        raw = start[: 4 * TEXT_LIMIT].decode(errors="replace")[:TEXT_LIMIT]
        row = Broken(self._line, None, raw, TOO_LONG)
        self._line += 1
        return Chunk(frame_of([], [], self._width), (row,), 0)

    def _leave_long_line(self, data: bytes) -> bytes:
        first = data.splitlines(keepends=True)[0]
        if first.endswith((b"\n", b"\r")):
            self._is_in_long_line = False
            self._is_after_cr = first == data and first.endswith(b"\r")
            return data[len(first) :]
        return b""


def delimiter_of(lines: list[str]) -> str:
    """The delimiter whose most frequent width over these lines is met most often; then the wider one."""

    def consistency(delimiter: str) -> tuple[int, int]:
        try:
            found = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)][:HEAD_RECORDS]
        except csv.Error:
            return 0, 0
        widths = Counter(width for width in found if width > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(DELIMITERS, key=consistency)


def whole_lines(data: bytes) -> int:
    """How many bytes are whole lines for certain; a CR that comes last may be half of a CRLF."""
    end = data.rfind(b"\n") + 1
    if end:
        return end
    return data.rfind(b"\r", 0, max(len(data) - 1, 0)) + 1


def _line_end(block: bytes, at: int) -> int:
    return block.find(b"\n", at) + 1 or len(block)


def _line_count(block: bytes) -> int:
    return block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")


def _first_record(lines: list[bytes], delimiter: str) -> str:
    texts = [line.decode(errors="replace") for line in lines[:5_000]]
    for record in records(texts, delimiter, None, final=True):
        return "".join(texts[record.start : record.end]).rstrip("\r\n")
    return ""
