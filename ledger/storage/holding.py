"""Who holds a book: a file beside it, `BOOK.lock.json`, that tells the others whom they wait for.

The lock itself is the database's own (it ends with its process, however that ends).  The side file only gives it a
name: `pid`, `command` and `since` (UTC).  One whose process is not the holder that the database names, or is dead, is
left over from a program that was killed; it says nothing and the next holder overwrites it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ledger.storage.naming import is_alive, temporary


@dataclass(frozen=True)
class Holder:
    """The process that holds a book, what it does, and since when (ISO 8601, UTC)."""

    pid: int
    command: str | None = None
    since: str | None = None

    def __str__(self) -> str:
        doing = f"`{self.command}` " if self.command else "another program "
        since = f", since {self.since}" if self.since else ""
        return f"{doing}(process {self.pid}{since})"


def side_file(book: Path) -> Path:
    """Return where the holder of a book signs."""
    return book.with_name(f"{book.name}.lock.json")


def sign(book: Path, command: str, now: datetime) -> None:
    """Tell the others who holds the book; harmless where that cannot be written."""
    path = side_file(book)
    unfinished = temporary(path, "tmp")
    holder = Holder(os.getpid(), command, f"{now:%Y-%m-%d %H:%M:%S}Z")
    with contextlib.suppress(OSError):
        unfinished.write_text(json.dumps(asdict(holder)) + "\n", encoding="utf-8")
        unfinished.replace(path)
    with contextlib.suppress(OSError):
        unfinished.unlink(missing_ok=True)


def unsign(book: Path) -> None:
    """Take our own name away again."""
    with contextlib.suppress(OSError):
        if (found := _signed(book)) is not None and found.pid == os.getpid():
            side_file(book).unlink(missing_ok=True)


def holder_of(book: Path, pid: int | None) -> Holder | None:
    """Return who holds the book: the process that the database names, with what it signed; None where nobody knows.

    Where the database names none (pid is None), the one that signed, if it is alive.
    """
    found = _signed(book)
    if pid is None:
        return found if found is not None and is_alive(found.pid) else None
    return found if found is not None and found.pid == pid else Holder(pid)


def _signed(book: Path) -> Holder | None:
    try:
        said = json.loads(side_file(book).read_text(encoding="utf-8"))
        return Holder(int(said["pid"]), _shown(said["command"]), _shown(said["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _shown(text: object) -> str:
    """Return what can be shown of a text that anybody may have written."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:60]
