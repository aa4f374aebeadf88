"""Named points between the steps of whatever changes a book, at which a test may let the program die.

`reached(name)` does nothing unless `MARGINBOOK_FAIL_AT` says so: `NAME`, `NAME:N` (when it is reached for the N-th
time) or `NAME:N=ACTION`.  The variable is for tests; a person who sets it loses nothing that was reported as stored.

| action | what happens at the point |
|---|---|
| `kill` | the process kills itself as the system would: nothing is cleaned up (the default) |
| `full` | the disk is full: OSError with ENOSPC |
| `pause` | the process stops until it is told to go on (SIGCONT) |
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

VARIABLE = "MARGINBOOK_FAIL_AT"
POINTS = {
    "read.ahead": "a file is read and normalized as far as memory is meant for it, and the book is not open yet",
    "book.made": "a new book's tables lie in a file that has not its name yet",
    "book.named": "a new book has its name",
    "archive.written": "the bytes of an object are written and synced under a temporary name",
    "archive.kept": "an object has its name in the archive",
    "log.synchronizing": "the book's own log is committed and `log.jsonl` lacks its last lines",
    "log.synchronized": "`log.jsonl` has all lines",
    "import.begun": "the transaction of a bundle is open",
    "import.registered": "a part has its line among the files",
    "import.chunk": "a chunk of rows is numbered; its sightings are stored",
    "import.flushed": "rows of a part are inserted",
    "import.part": "a part is stored with its five numbers",
    "import.logged": "the import stands in the book's own log",
    "import.committed": "a bundle is committed",
    "forget.logged": "a forget stands in the book's own log",
    "forget.gone": "the rows of a bundle are gone, or led back to other files",
    "forget.again": "what depended on a forgotten bundle is stored again",
    "forget.committed": "a forget is committed",
    "settle.begun": "what follows from the new rows is about to be derived",
    "settle.derived": "positions, costs and balances are derived anew",
    "settle.tied": "transfers are matched anew",
    "settle.committed": "what follows is committed",
    "close.kept": "the frozen figures of a month lie in the archive",
    "decide.logged": "a decision stands in the book's own log",
    "decide.restored": "the tables of decisions are made anew",
    "decide.committed": "a decision is committed",
    "rename.forgotten": "the bundles of an account are taken back",
    "rename.again": "they are stored again under its new name",
    "rename.committed": "a renaming is committed",
    "rebuild.begun": "an empty book lies beside the old one",
    "rebuild.stored": "a bundle is stored in the new book",
    "rebuild.decided": "decisions are restored in the new book",
    "rebuild.whole": "the new book is whole and closed",
    "rebuild.replaced": "the new book has the old one's name",
}
"""Every point, and what has happened when it is reached."""


@dataclass
class _Plan:
    """What shall fail: the name of a point, how many times it is passed before, and what happens there."""

    name: str = ""
    left: int = 0
    action: str = "kill"


_PLAN = _Plan()


def arm(text: str) -> None:
    """Let the program fail as `NAME[:N][=ACTION]` says.  Raises ValueError where there is no such point or action."""
    place, _, action = text.partition("=")
    name, _, count = place.partition(":")
    if name not in POINTS or (action or "kill") not in ACTIONS:
        raise ValueError(f"{VARIABLE}={text} names no point; there are {', '.join(POINTS)}")
    _PLAN.name, _PLAN.left, _PLAN.action = name, int(count or 1), action or "kill"


def reached(name: str) -> None:
    """Fail here if that is planned."""
    if _PLAN.name != name:
        return
    _PLAN.left -= 1
    if not _PLAN.left:
        ACTIONS[_PLAN.action]()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _pause() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


ACTIONS: dict[str, Callable[[], None]] = {"kill": _kill, "full": _full, "pause": _pause}
