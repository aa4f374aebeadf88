"""Run as a program: change a book and die without a word at the n-th step of the store (see test_atomicity)."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.storage.archive import Archive
from ledger.storage.store import Store

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
    book_path, limit, deed, *words = sys.argv[1:]
    from ledger.book import Book
    from ledger.storage.entries import Entered

    with Book.open(Path(book_path)) as book:
        die_at(int(limit))
        if deed == "import":
            book.import_paths([Path(path) for path in words])
        elif deed == "rename":
            book.rename_account(*words)
        elif deed == "enter":
            values: dict[str, str | Decimal | None] = {"asset": "USDT", "amount": Decimal(words[0])}
            at = datetime(2026, 2, 5, tzinfo=UTC)
            book.enter(
                Entered(kind="correction", account="binance", wallet="usdm", at=at, reason="seen", values=values)
            )
    print(STEPS)
