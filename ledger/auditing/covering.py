"""What the files cover of the wallets of an audited account while the bridge lasts, from the book's own reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from ledger.storage.store import Store
from reports.audit import Audit
from reports.audit_data import Covered
from reports.contract import Params, run
from reports.missing import by_day
from reports.registry import REPORTS

STEP = timedelta(microseconds=1)


def covered(store: Store, audit: Audit) -> list[Covered]:
    """Return each fact of each wallet of the account at the venue, the audited wallet first."""
    asked = Params(start=audit.started_at, to=audit.ended_at + STEP, account=audit.account, venue=audit.venue)
    first, last = audit.started_at.date(), audit.ended_at.date()
    calendar = by_day(run(REPORTS["calendar"], store.query, asked)).filter(pl.col("day").is_between(first, last))
    days: dict[tuple[str, str], dict[date, str]] = {}
    for row in calendar.iter_rows(named=True):
        days.setdefault((row["wallet"], row["fact"]), {})[row["day"]] = row["state"]
    exports: dict[tuple[str, str], list[str]] = {}
    for row in run(REPORTS["coverage"], store.query, asked).iter_rows(named=True):
        told = exports.setdefault((row["wallet"], row["fact"]), [])
        if row["format"] is not None:
            told.append(_export(row))
    places = sorted(days, key=lambda place: place[0] != audit.wallet)
    places += sorted(set(exports) - set(days), key=lambda place: (place[0] != audit.wallet, *place))
    return [
        Covered(wallet=wallet, fact=fact, days=days.get((wallet, fact), {}), exports=exports.get((wallet, fact), ()))
        for wallet, fact in places
    ]


def _export(row: Mapping[str, Any]) -> str:
    if not row["rows"]:
        return f"none ({row['format']} would): {row['hint']}"
    counts = f"counts {row['speaks']}" if row["speaks"] else "a witness: another export counts"
    return f"{row['format']}, {row['rows']:,} row{'s' if row['rows'] != 1 else ''}: {counts}" + (
        f"; {row['hint']}" if row["hint"] else ""
    )
