"""The journal of a book in parts of whole events, as `reports/exports` wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from ledger.storage.store import Store, statement
from reports.exports.contract import Journal

EVENTS = 50_000
"""Events in a part: some hundred megabytes of text at most."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much a journal tells."""

    events: int
    postings: int
    asserted: int
    """Balances that venues state, where they state them."""
    unasserted: int
    """Those that this journal does not hold at their place."""
    breaks: int


@contextmanager
def journal_of(
    store: Store, made: str, *, start: datetime | None = None, to: datetime | None = None, account: str | None = None
) -> Iterator[tuple[Journal, Extent]]:
    """Give the journal from `start` to `to` (exclusive) of an account or of all, and how much it tells.

    Its parts can be taken while this lasts, and once.
    """
    words = {"from": start, "to": to, "account": account}
    store.execute(statement("exporting", "stage_lines"), words)
    try:
        row = store.query(statement("exporting", "extent"), words).row(0, named=True)
        yield (
            _journal(store, made, words, row),
            Extent(**{name: row[name] for name in ("events", "postings", "asserted", "unasserted", "breaks")}),
        )
    finally:
        store.execute(statement("exporting", "drop_lines"))


def _journal(store: Store, made: str, words: Mapping[str, Any], row: Mapping[str, Any]) -> Journal:
    def ask(name: str) -> pl.DataFrame:
        return store.query(statement("exporting", name), words)

    return Journal(
        made=made, first_at=row["first_at"], start=words["from"], to=words["to"],
        accounts=ask("accounts"), assets=ask("assets"),
        forward=ask("forward") if words["from"] else ask("forward").clear(), dawns=ask("dawns"), breaks=ask("breaks"),
        unexplained=row["breaks"], parts=_parts(store, row["first"], row["last"]),
    )  # fmt: skip


def _parts(store: Store, first: int | None, last: int | None) -> Iterator[pl.DataFrame]:
    for begin in range(first or 0, last + 1 if last is not None else 0, EVENTS):
        ends = {"first": begin, "last": min(begin + EVENTS - 1, last or 0)}
        yield store.query(statement("exporting", "part"), ends)
