"""Names in the folder of a book: what killed programs leave behind, and what shall survive a loss of power."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

TEMPORARY = re.compile(r"\.(\d+)\.(?:tmp|new)(?:\.wal)?$")
SPILLED = "duckdb_temp_*"
"""How the database calls what it has no room for in memory, in `BOOK.tmp`."""


def temporary(path: Path, kind: str) -> Path:
    """Return the name of a file of this process that is to become `path`; `kind` is `tmp` or `new`."""
    return path.with_name(f"{path.name}.{os.getpid()}.{kind}")


def rebuilding(book: Path) -> Path:
    """Return where a book is made again beside the old one."""
    return book.with_name(f"{book.name}.rebuilding")


def log_of(book: Path) -> Path:
    """Return where the database keeps what is committed and not yet in the file itself."""
    return book.with_name(f"{book.name}.wal")


def remove_file(book: Path) -> None:
    """Remove a database file and its write-ahead log."""
    for path in (book, log_of(book)):
        path.unlink(missing_ok=True)


def sweep(folder: Path, pattern: str) -> None:
    """Remove what programs that were killed left under temporary names (`NAME.PID.tmp`, `NAME.PID.new`)."""
    with contextlib.suppress(OSError):  # who may not look there has left nothing there
        for path in folder.glob(pattern):
            if (found := TEMPORARY.search(path.name)) and not is_alive(int(found[1])):
                path.unlink(missing_ok=True)


def sweep_book(book: Path) -> None:
    """Remove what killed programs left beside a book; its lock is held, so nobody rebuilds it now."""
    with contextlib.suppress(OSError):
        remove_file(rebuilding(book))
    sweep(book.parent, f"{book.name}.*.new*")
    sweep(book.parent, f"{book.name}.*.tmp")
    spilled = book.with_name(f"{book.name}.tmp")
    with contextlib.suppress(OSError):
        for path in spilled.glob(SPILLED):
            path.unlink()
        spilled.rmdir()


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a loss of power."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_alive(pid: int) -> bool:
    """Return whether there is a process of this number; where the system does not say, that there is."""
    if os.name != "posix":
        return True  # there is no harmless way to ask
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
