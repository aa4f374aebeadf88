"""What an export is made from: the journal of a book in parts, and the tables of a book in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

BEANCOUNT_DIGITS = 28
"""Digits of a sum that beancount keeps: Python's decimals as they come."""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Every event of a book as postings (+ = debit), in the order in which they happened.

    `parts` are frames of whole events, one row a line: event_no, posted_at, entry_id, row_key, account, venue,
    posting_account, asset, amount, cause, symbol, file, row, running (what the wallet holds after it), stated (what the
    venue says, which is the same), unasserted (what it says otherwise).  The cause `stated` is a balance beside the
    rows, which posts nothing; `unexplained` is half of a break, whose id is its entry_id.
    """

    made: str
    """What made it, of which book."""
    first_at: datetime | None
    """The first event that is told; None where there is none."""
    start: datetime | None
    to: datetime | None
    accounts: pl.DataFrame
    """account, venue, wallet, posting_account, first_at, assets."""
    assets: pl.DataFrame
    """asset, decimals (most that any figure has), digits (of the longest figure, running balances included)."""
    forward: pl.DataFrame
    """account, venue, posting_account, asset, amount: what is held when `start` begins."""
    dawns: pl.DataFrame
    """account, venue, posting_account, asset, day, stated, file, row: balances stated for the start of a day."""
    breaks: pl.DataFrame
    """break_id, reason, hint; also of breaks that are not told."""
    unexplained: int
    """Breaks that are told; those of an instant are one transaction."""
    parts: Iterator[pl.DataFrame]

    @property
    def first_day(self) -> date:
        """The day of the directives that stand before all events."""
        first = self.start or self.first_at
        return first.date() if first is not None else date(1970, 1, 1)

    @property
    def range(self) -> str:
        """The range that was asked for, in words; nothing where all is told."""
        ends = (("from", self.start), ("up to", self.to))
        return "".join(f", {word} {end:%Y-%m-%dT%H:%M:%SZ}" for word, end in ends if end is not None)

    @property
    def too_long(self) -> Sequence[str]:
        """Assets with figures or balances of more digits than beancount sums exactly."""
        return self.assets.filter(pl.col("digits") > BEANCOUNT_DIGITS)["asset"].to_list()


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """A table of the book: what one row is, and what its columns hold."""

    name: str
    one_row: str
    columns: Sequence[tuple[str, str, str]]
    """Column, type, meaning with unit and sign."""


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """The rows of a table, in parts that fit into memory; there is one part at least, with the columns."""

    shape: TableShape
    count: int
    parts: Iterator[pl.DataFrame]
