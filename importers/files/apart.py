"""A workbook parsed in a process of its own: what breaks or swells there is told here, in a sentence.

The child reads the open file that it is given and answers in lines of JSON (`child` has the list).  They are kept in a
spool as they come, so that a workbook is parsed once, however often its rows are asked for; only as much of it is
asked for as somebody wants to see.  Nothing the child says is run or unpickled, and no line may be endless.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

from importers.files.child import ERRORS, TOO_MUCH_MEMORY, processor_seconds
from importers.files.sheetxml import SheetRow
from importers.files.sources import Budget, Source, check_unchanged
from schemas.errors import MarginbookError, RefusedFile

IN_MEMORY = 8 << 20
"""Bytes of a spool that lie in memory; what is longer, on disk, under no name."""
LINE_LIMIT = 64 << 20
"""Bytes of a frame."""
AT_ONCE = 1 << 20
"""Bytes that are fetched at the beginning: of a small workbook that is all, and its child has ended."""
START = "import json, sys; sys.path = json.loads(sys.argv.pop(1)); from importers.files.child import main; main()"
"""What the child's Python runs, cut off from its user's settings; its first word says where modules lie."""
AS_CSV = "save it as .csv, and import that"


class _Spool:
    """Lines kept in the order they come in."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (as long as the spool)
        weakref.finalize(self, self._file.close)
        self.size = 0

    def keep(self, line: bytes) -> tuple[int, int]:
        """Keep a line and return where it is."""
        self._file.seek(self.size)
        self._file.write(line)
        self.size += len(line)
        return self.size - len(line), len(line)

    def line(self, at: tuple[int, int]) -> bytes:
        """Return a line by where it is."""
        self._file.seek(at[0])
        return self._file.read(at[1])


class _Reading:
    """A child, and what it has said so far."""

    def __init__(self, name: str, kind: str, source: Source, budget: Budget) -> None:
        self._name = name
        self._source = source
        self._budget = budget
        self.spool = _Spool()
        self._of: list[list[tuple[int, int]]] = []
        self._error: dict[int | None, MarginbookError] = {}
        self._done: set[int | None] = set()
        found_in = json.dumps([str(Path(place).absolute()) for place in sys.path])
        words = [sys.executable, "-I", "-c", START, found_in, kind, str(budget.compressed)]
        with source.seekable() as given:
            process = subprocess.Popen(words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       pipesize=AT_ONCE)  # fmt: skip
        self._process = process
        self._end = weakref.finalize(self, _stop, process)

    def directory(self) -> tuple[list[tuple[str, str]], bool]:
        """The sheets with their place as text, and whether days count from 1904."""
        first = self._next()
        if first is None:
            raise self._error[None]
        sheets = [str(name) for name, _ in first["sheets"]]
        self._of = [[] for _ in sheets]
        return [(name, str(place)) for place, name in enumerate(sheets)], bool(first["is_1904"])

    def rows(self, place: int) -> Iterator[SheetRow]:
        """The rows of a sheet, from the spool as far as they are there."""
        lines, at = self._of[place], 0
        while True:
            while at >= len(lines):
                for key in (place, None):
                    if key in self._error:
                        raise self._error[key]
                if place in self._done:
                    return
                self._next()
            for number, columns, texts, wrong in json.loads(self.spool.line(lines[at]))["rows"]:
                cells = list(enumerate(texts) if columns is None else zip(columns, texts, strict=True))
                yield SheetRow(number, cells, [(column, reason) for column, reason in wrong])
            at += 1

    def fetch(self, most: int | None) -> None:
        """Let the child say all, or at least so many bytes."""
        while None not in self._done and (most is None or self.spool.size < most):
            self._next()

    def _next(self) -> dict[str, Any] | None:
        """The next frame that is no error of the whole; None at the end."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline(LINE_LIMIT)
        try:
            frame: dict[str, Any] = json.loads(line)
            place = frame.get("sheet")
            self._budget.spend(f"{self._name}\0unpacked", frame["spent"])
            if "rows" in frame and place is not None:
                self._of[place].append(self.spool.keep(line))
                self._budget.spend(f"{self._name}\0rows", self.spool.size)
            elif "error" in frame:
                kind, reason, hint = frame["error"]
                self._error[place] = ERRORS[kind](self._name, reason, hint)
                self._done.add(place)
            elif "is_done" in frame:
                self._done.add(place)
        except MarginbookError as error:
            self._error[None] = error
            self._done.add(None)
        except (ValueError, KeyError, TypeError, IndexError):
            self._error[None] = self._death()
            self._done.add(None)
        if None in self._done:
            self._end()
            check_unchanged(self._source)
            return None
        return frame

    def _death(self) -> MarginbookError:
        """What there is to say of a child that did not come to its end."""
        self._process.kill()
        code = self._process.wait()
        if code == -getattr(signal, "SIGXCPU", 0):
            seconds = processor_seconds(self._budget.compressed)
            return RefusedFile(self._name, f"it takes more than {seconds} seconds of processor time to read", AS_CSV)
        if code == 1:  # Python itself ended, most likely in want of memory
            return RefusedFile(self._name, *TOO_MUCH_MEMORY[1:])
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
        return RefusedFile(self._name, f"it broke the program that reads workbooks ({how})", AS_CSV)


@dataclass(frozen=True)
class Apart:
    """A workbook whose child is started when somebody asks for its sheets.

    `kind` is `xlsx` or `xls`.  `is_whole`: the child is to say all at once, so that only one runs at a time.
    """

    name: str
    kind: Literal["xlsx", "xls"]
    source: Source
    budget: Budget
    is_whole: bool

    @property
    def sheets(self) -> list[tuple[str, str]]:
        """(name, place) of each sheet of cells, in the order of the tabs."""
        return self._opened[1]

    @property
    def is_1904(self) -> bool:
        """True if serial dates count from 1904."""
        return self._opened[2]

    def rows(self, member: str) -> Iterator[SheetRow]:
        """The rows of a sheet."""
        return self._opened[0].rows(int(member))

    @cached_property
    def _opened(self) -> tuple[_Reading, list[tuple[str, str]], bool]:
        reading = _Reading(self.name, self.kind, self.source, self.budget)
        sheets, is_1904 = reading.directory()
        reading.fetch(None if self.is_whole else AT_ONCE)
        return reading, sheets, is_1904


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a child that nobody asks any more."""
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
