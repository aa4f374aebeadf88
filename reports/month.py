"""A month of an account as a value: the frames of its reports, and the source rows behind their figures.

The page and the workbook of a closed month are made from this alone; they know no book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A source row behind a figure."""

    at: datetime | None
    table: str
    what: str
    """What the row says, in words: `ETHUSDT 0.31 USDT funding`."""
    place: str
    """file:line (sheet row, index of a JSON array)."""
    raw: str | None
    """Its text as the file has it; None where it was not read back."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """What is handed over of a month."""

    account: str
    period: str
    """2025-10."""
    zone: str
    starts_at: datetime
    ends_at: datetime
    """Exclusive."""
    status: str
    """draft, closed or reviewed."""
    closed_by: str | None = None
    closed_at: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    version: str
    """Version of the program that made it."""
    figures: str
    """sha-256 of the figures."""
    currency: str | None = None
    """Reporting currency of the columns `<name>_value`, where one was asked for."""
    blocks: Sequence[str] = ()
    """Why it cannot be closed yet, a sentence each; empty where it can."""
    sections: Mapping[str, pl.DataFrame]
    """By report name (reconcile, breaks, positions, carry, realized, funding, interest, liquidations, loans, transfers,
    gaps, calendar, witnesses, findings, balances, files): the frame as the report gives it, exact; `line` (or the id)
    is the key of its rows.  `funding_daily` and `interest_daily`: day, asset, amount (cash sign)."""
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    """By line key or id: the first rows behind it, in order of time."""
    evidence_counts: Mapping[str, int] = field(default_factory=dict)
    """By the same key: how many rows are behind it in all."""
