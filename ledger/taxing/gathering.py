"""Frames of what a tax year needs of the book: changes of wallets, debts, transfers, sales, results, doubts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from ledger.storage.store import Store, statements
from reports.tax.value import Policy

LOOK_AHEAD = timedelta(days=32)
"""What is bought after the year may be matched with what was sold in it (UK: the next 30 days)."""
NEXT_DAYS = timedelta(days=30)
LATER = (
    "moves",
    "debts",
    "debts_begun",
    "openings",
    "matches",
    "sales",
    "surpluses",
    "lone_fees",
    "forced_payments",
    "opening_lots",
)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Frames as `queries/taxes.sql` says what one row of each is; all until the end of the year, what `LATER` names
    32 days longer."""

    moves: pl.DataFrame
    debts: pl.DataFrame
    debts_begun: pl.DataFrame
    openings: pl.DataFrame
    owing: pl.DataFrame
    matches: pl.DataFrame
    sales: pl.DataFrame
    surpluses: pl.DataFrame
    lone_fees: pl.DataFrame
    forced_payments: pl.DataFrame
    opening_lots: pl.DataFrame
    results: pl.DataFrame
    """Of the year alone, as `costs` and `written_off`."""
    costs: pl.DataFrame
    written_off: pl.DataFrame
    holdings: pl.DataFrame
    doubts: pl.DataFrame
    """Of a method that matches with the days after the year, those of these days, too."""
    known_until: pl.DataFrame
    remainders: pl.DataFrame


def gathered(store: Store, policy: Policy) -> Gathered:
    """Return what the book knows of a year and, of what is held, of all time before it."""
    starts_at, ends_at = policy.starts_at, policy.ends_at
    until = dict.fromkeys(LATER, ends_at + LOOK_AHEAD)
    until["doubts"] = ends_at + NEXT_DAYS if policy.method == "uk" else ends_at
    return Gathered(
        **{
            name: store.query(sql, {"from": starts_at, "to": until.get(name, ends_at), "year_ends": ends_at})
            for name, sql in statements("taxes").items()
        }
    )
