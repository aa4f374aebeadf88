"""Run as a program: import files and die without a word at the n-th step of the store (see test_atomicity)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ledger.archive import Archive
from ledger.store import Store

STEPS = 0


def die_at(limit: int) -> None:
    """Let the process end, as if killed, when the store or the archive has done `limit` steps."""

    def counted(function: Any) -> Any:
        def step(*arguments: Any, **words: Any) -> Any:
            global STEPS  # noqa: PLW0603  the whole process counts
            STEPS += 1
            if STEPS == limit:
                os._exit(9)
            return function(*arguments, **words)

        return step

    for owner, names in ((Store, ("execute", "insert")), (Archive, ("keep", "append"))):
        for name in names:
            setattr(owner, name, counted(getattr(owner, name)))


if __name__ == "__main__":
    book_path, limit, *paths = sys.argv[1:]
    from ledger.book import Book

    with Book.open(Path(book_path)) as book:
        die_at(int(limit))
        book.import_paths([Path(path) for path in paths])
    print(STEPS)
