"""Changes as steps in Python's integers, in the order in which they happen, a portion at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import polars as pl

from ledger.lots.changes import lot_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PORTION = 1 << 16
"""Rows that are Python's values at one time."""


class Step(NamedTuple):
    """A change in Python's integers: amounts in units of 1e-18, the instant in microseconds since 1970."""

    row: int
    """Of the frame of changes."""
    event: str
    pool: str
    asset: str
    at: int
    kind: str
    quantity: int
    value: int | None
    fee: int | None
    to_pool: str
    arrives: int
    lot: str | None
    """Of an acquisition: its name; null where it stands for several."""


class Tape(Protocol):
    """Steps in their order."""

    @property
    def length(self) -> int:
        """How many steps there are."""

    def before(self, instant: datetime) -> int:
        """Return how many steps come before an instant."""

    def steps(self, start: int, stop: int) -> Iterable[Step]:
        """Return the steps from start to stop (exclusive)."""

    def pending(self, instant: datetime) -> Iterable[tuple[Any, ...]]:
        """Return the rows of what was disposed of before an instant and is matched with what came after it."""


class Rows:
    """The rows of a frame of changes as they stand."""

    def __init__(self, changes: pl.DataFrame) -> None:
        self.frame = changes.with_columns(lot_names(changes))
        self.length = changes.height

    def before(self, instant: datetime) -> int:
        """Return how many rows come before an instant."""
        moment = (instant - EPOCH) // timedelta(microseconds=1)
        return self.frame["at"].to_physical().search_sorted(moment, side="left")

    def steps(self, start: int, stop: int) -> Iterator[Step]:
        """Yield the rows from start to stop (exclusive)."""
        for begin in range(start, stop, PORTION):
            rows = self.frame.slice(begin, min(PORTION, stop - begin)).select(
                "event", "pool", "asset", pl.col("at").to_physical(), "kind",
                pl.col("quantity", "value", "fee").to_physical(), pl.col("to_pool").fill_null(""),
                pl.col("arrives").fill_null(0).to_physical(), "lot",
            )  # fmt: skip
            cells = (column.to_list() for column in rows)
            yield from map(Step._make, zip(range(begin, begin + rows.height), *cells, strict=True))

    def pending(self, instant: datetime) -> Iterable[tuple[Any, ...]]:
        """Return nothing: no rule but the UK's looks ahead."""
        return ()
