"""The process that parses a workbook: `apart.START` with KIND and COMPRESSED, the file as its stdin.

What it writes to stdout are lines of JSON, one a frame, each with the place of its sheet where it has one:

| frame | says |
|---|---|
| `{"sheets": [[name, member], ...], "is_1904": false}` | which sheets there are, as their tabs lie; comes first |
| `{"sheet": 0, "rows": [[number, columns, texts, wrong], ...]}` | rows; `columns` is null where they are 0, 1, 2 ... |
| `{"sheet": 0, "error": [kind, reason, hint]}` | the sheet cannot be read further; kind is `unreadable` or `refused` |
| `{"sheet": 0, "is_done": true}` | it has no more rows |
| `{"error": [kind, reason, hint]}` | the workbook cannot be read at all; comes last |
| `{"is_done": true}` | all is said; comes last |

Every frame has `spent`: the bytes that the workbook has unpacked to so far.  It opens no file, writes none and starts
no process: the system is asked to see to that (`_confine`) before the first byte is read.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from importers.files.limits import ROW_LIMIT, TOTAL_LIMIT
from importers.files.oldbook import old_workbook
from importers.files.sheetxml import SheetRow
from importers.files.sources import Archive, Budget, Source, Stream
from importers.files.xlsx import Workbook
from schemas.errors import MarginbookError, RefusedFile, UnreadableFile

MEMORY = 1 << 30
"""Bytes of memory, all counted, that a workbook may take while it is parsed."""
SECONDS = 30
SECONDS_OF_A_MEBIBYTE = 10
"""Seconds of processor time that it may take, and how many more for each MiB of its size."""
ROWS = 1_000
"""Rows of a frame."""
ERRORS: dict[str, type[UnreadableFile] | type[RefusedFile]] = {"unreadable": UnreadableFile, "refused": RefusedFile}
TOO_MUCH_MEMORY = (
    "refused",
    f"it takes more than {MEMORY >> 30} GiB of memory to read",
    "save it as .csv, and import that",
)


def processor_seconds(compressed: int) -> int:
    """How long a workbook of so many bytes may take."""
    return SECONDS + SECONDS_OF_A_MEBIBYTE * (compressed >> 20)


class Given:
    """The workbook, as it was given on stdin."""

    name = "the workbook"

    def open(self) -> Stream:
        """The bytes from the first one; to be asked for once."""
        return Stream(self.name, self.seekable(), lambda: None, lambda produced: None)

    def seekable(self) -> IO[bytes]:
        """The bytes as a file that can seek."""
        given = os.fdopen(os.dup(0), "rb")
        given.seek(0)
        return given


def _xlsx(source: Source, budget: Budget) -> Workbook:
    return Workbook(source.name, Archive(source.name, source, budget))


def _xls(source: Source, budget: Budget) -> Any:
    return old_workbook(source, source.name)


OPENERS: dict[str, Callable[[Source, Budget], Any]] = {"xlsx": _xlsx, "xls": _xls}


def frames(kind: str, source: Source, budget: Budget) -> Iterator[dict[str, Any]]:
    """Yield what there is to say of a workbook; never raises."""
    found, error = _tried(lambda: _directory(OPENERS[kind](source, budget)))
    if error is not None:
        yield {"error": error}
        return
    book, sheets, is_1904 = found
    yield {"sheets": sheets, "is_1904": is_1904}
    for place, (_, member) in enumerate(sheets):
        rows = book.rows(member)
        while True:
            batch, error = _tried(lambda rows=rows: _batch(rows))  # type: ignore[misc]  # it is called before the next turn
            if error is not None:
                yield {"sheet": place, "error": error}
                break
            if not batch:
                yield {"sheet": place, "is_done": True}
                break
            yield {"sheet": place, "rows": batch}
    yield {"is_done": True}


def _directory(book: Any) -> tuple[Any, list[tuple[str, str]], bool]:
    return book, book.sheets, book.is_1904


def _batch(rows: Iterator[SheetRow]) -> list[Any]:
    """The next rows, not much more than 1 MiB of them."""
    batch: list[Any] = []
    size = 0
    for row in rows:
        columns = [column for column, _ in row.cells]
        texts = [text for _, text in row.cells]
        is_plain = columns == list(range(len(columns)))
        batch.append([row.number, None if is_plain else columns, texts, row.wrong[:1]])
        size += sum(map(len, texts))
        if len(batch) >= ROWS or size >= ROW_LIMIT:
            break
    return batch


def _tried(step: Callable[[], Any]) -> tuple[Any, tuple[str, str, str] | None]:
    """What a step gives, or what is wrong with the workbook."""
    try:
        return step(), None
    except MemoryError:
        return None, TOO_MUCH_MEMORY
    except (UnreadableFile, RefusedFile) as error:
        return None, ("refused" if isinstance(error, RefusedFile) else "unreadable", error.reason, error.hint)
    except (Exception, MarginbookError) as error:
        reason = f"is a workbook that is damaged: its reader stopped ({type(error).__name__})"
        return None, ("unreadable", reason, "save it as .csv, and import that")


def _confine(seconds: int) -> None:
    """Ask the system to stop this process at its limits, and to let it write no file and start no process."""
    with contextlib.suppress(ImportError):
        import resource

        limits = {
            "RLIMIT_AS": MEMORY, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0, "RLIMIT_CORE": 0,
        }  # fmt: skip
        for name, limit in limits.items():
            with contextlib.suppress(AttributeError, ValueError, OSError):  # not every system has every one
                resource.setrlimit(getattr(resource, name), (limit, limit))


def main() -> None:
    """Say on stdout what the workbook on stdin holds."""
    kind, compressed = sys.argv[1], int(sys.argv[2])
    _confine(processor_seconds(compressed))
    out = io.FileIO(1, "wb", closefd=False)
    budget = Budget(Given.name, compressed)
    for frame in frames(kind, Given(), budget):
        line = memoryview(json.dumps(frame | {"spent": min(budget.spent, 2 * TOTAL_LIMIT)}).encode() + b"\n")
        while line:
            line = line[out.write(line) :]
    os._exit(0)  # nothing is left to be done, and a large workbook takes long to be forgotten
