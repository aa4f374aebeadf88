"""What people decided, as the log tells it: explained breaks, matched transfers, closed months."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ledger.storage import log
from ledger.storage.archive import Archive
from ledger.storage.store import Store
from schemas.ddl import column_types
from schemas.decided import DECIDED, Explained


def restore(store: Store, archive: Archive | None) -> None:
    """Write the tables of decisions anew from the log (and, of frozen figures, from the archive)."""
    for table in DECIDED:
        store.execute(f"DELETE FROM {table}")
    entries = log.entries(store)
    _explained(store, entries)


def _explained(store: Store, entries: Sequence[log.Entry]) -> None:
    told = {}
    for entry in entries:
        if entry["kind"] == "explain":
            told[entry["break"]] = {
                "break_id": entry["break"],
                "reason": entry["reason"],
                "by": entry.get("by"),
                "at": entry["at"],
            }
    rows = pl.DataFrame(
        list(told.values()), schema={"break_id": pl.String, "reason": pl.String, "by": pl.String, "at": pl.String}
    )
    at = pl.col("at").str.to_datetime(time_zone="UTC", time_unit="us")
    store.insert(
        "explained",
        rows.with_columns(at.alias("at")).select(pl.col(n).cast(k) for n, k in column_types(Explained).items()),
    )
