"""Findings as they are stored: each under a name that is the same whenever the same is found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ledger.storage.store import Store
from schemas.bookkeeping import Finding
from schemas.ddl import column_types

SHOWN = 20
"""Rows that a finding leads to."""


def write_findings(store: Store, venue: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Add findings of a venue's accounts to those that are stored; equal ones stand once."""
    rows = []
    for finding in found:
        text = "|".join(
            str(finding.get(name)) for name in ("kind", "account", "wallet", "symbol", "found_at", "sentence")
        )
        name = f"{finding['kind']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        rows.append({"finding_id": name, "venue": venue, **finding})
    if rows:
        frame = pl.DataFrame(rows, schema_overrides=column_types(Finding), infer_schema_length=None)
        store.insert(
            "findings_stored", frame.select(list(column_types(Finding))).unique("finding_id", maintain_order=True)
        )
