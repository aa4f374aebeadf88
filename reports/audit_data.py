"""The data that an audit is made from, as values: what the files cover, and the state of the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What is known of one fact of a wallet, from the day of the start to that of the end."""

    wallet: str
    fact: str
    """ledger, fills, funding, interest, borrow_repay ..."""
    days: Mapping[date, str]
    """By day (UTC) the state that the report `calendar` gives it: rows, quiet, gap, broken or uncovered."""
    exports: Sequence[str] = ()
    """The formats that state it, each with the ranges in which it counts."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The state of a book: its tables follow from its schema and its log."""

    schema_version: int
    entries: int
    """Imports and decisions of its log."""
    sha256: str
    """Of the log without the instants at which it was written: the same files, imported alike, give the same."""

    def told(self) -> str:
        """Return it in words."""
        count = f"{self.entries:,} imports and decisions"
        return f"schema_version {self.schema_version}, after {count}; sha-256 of its log {self.sha256}"


def made_by(version: str, book: Snapshot | None) -> str:
    """Return which program made something, and from which book."""
    return f"made by marginbook {version}" + (f" from a book of {book.told()}" if book is not None else "")
