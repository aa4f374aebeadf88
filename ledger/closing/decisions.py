"""What people decided, as the log tells it: explained breaks, matched transfers, closed months."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ledger.accounting.cash import break_id_of
from ledger.closing import matches
from ledger.closing.figures import balances_of, digest_of, figures_of, loaded
from ledger.closing.months import span_of
from ledger.storage import log
from ledger.storage.archive import Archive
from ledger.storage.store import Store
from schemas.ddl import column_types
from schemas.decided import DECIDED
from schemas.errors import BookError, DamagedObject


def restore(store: Store, archive: Archive | None) -> None:
    """Write the tables of decisions anew from the log (and, of frozen figures, from the archive)."""
    entries = log.entries(store)
    for table in DECIDED:
        store.execute(f"DELETE FROM {table}")
    _insert(store, "explained", explained(entries))
    _insert(store, "decided_matches", matches.decided(entries))
    closes = closed_months(entries)
    _insert(store, "closes", closes)
    for close in closes:
        if close["reopened_at"] is not None:
            continue
        status = "reviewed" if close["reviewed_by"] else "closed"
        month = loaded(kept(archive, close["figures"]), status=status)
        store.insert("frozen_balances", balances_of(month, status))
        store.insert("frozen_figures", figures_of(month.sections, month.account, month.period))


def explained(entries: Sequence[log.Entry]) -> list[dict[str, Any]]:
    """Return what was explained: by break, or by the line of a closing that no stated balance tells."""
    told: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "explain":
            name = explained_id(entry)
            told[name] = {
                "break_id": name,
                "reason": entry["reason"],
                "amount": Decimal(entry["amount"]),
                "explained_by": entry.get("by"),
                "explained_at": _instant(entry["at"]),
            }
    return list(told.values())


def explained_id(entry: Mapping[str, Any]) -> str:
    """Return the id of the break, or the key of the line, that an entry explains; accounts are called as now."""
    account, venue, wallet, asset = (str(entry[name]) for name in ("account", "venue", "wallet", "asset"))
    if entry.get("period"):
        owner = account if account == venue else f"{account}@{venue}"
        return "|".join(("reconcile", entry["period"], owner, wallet, asset.replace("%", "%25").replace("|", "%7C")))
    return break_id_of(account, venue, wallet, asset, _instant(entry["broken_at"]), entry.get("ordinal", 1))


def closed_months(entries: Sequence[log.Entry]) -> list[dict[str, Any]]:
    """Return every close, in the order in which they were; those opened again say so."""
    closes: dict[tuple[str, str], dict[str, Any]] = {}
    every: list[dict[str, Any]] = []
    for entry in entries:
        if entry["kind"] not in {"close", "review", "reopen"}:
            continue
        name = (entry["account"], entry["period"])
        if entry["kind"] == "reopen":
            closes.pop(name).update(
                reopened_by=entry.get("by"), reopened_at=_instant(entry["at"]), reason=entry["reason"]
            )
        elif entry["kind"] == "review":
            closes[name] |= {"reviewed_by": entry["by"], "reviewed_at": _instant(entry["at"])}
        else:
            span = span_of(entry["period"], entry["zone"])
            closes[name] = {
                **{word: entry[word] for word in ("account", "period", "zone", "seq", "figures", "version")},
                "starts_at": span.starts_at,
                "ends_at": span.ends_at,
                "closed_by": entry["by"],
                "closed_at": _instant(entry["at"]),
                "reviewed_by": None,
                "reviewed_at": None,
                "reopened_by": None,
                "reopened_at": None,
                "reason": None,
            }
            every.append(closes[name])
    return every


def keep(archive: Archive, content: bytes) -> str:
    """Keep a text in the archive and return its sha-256."""
    digest = digest_of(content)
    archive.create()
    if archive.has(digest) and not archive.verify(digest):
        archive.path_of(digest).unlink()
    with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
        path = Path(folder) / "figures.json"
        path.write_bytes(content)
        archive.keep(path, digest)
    return digest


def kept(archive: Archive | None, digest: str) -> bytes:
    """Return a text that the archive keeps.  Raises BookError where it lacks it."""
    assert archive is not None  # a book without an archive closes no month
    remedy = "restore the archive from a copy; or reopen the month and close it anew"
    with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
        try:
            content = archive.restore(digest, Path(folder) / "figures.json").read_bytes()
        except DamagedObject:
            content = b""
    if digest_of(content) != digest:
        raise BookError(archive.folder, f"the frozen figures {digest[:12]} are damaged", remedy)
    return content


def _insert(store: Store, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    kinds = column_types(DECIDED[table])
    listed = [{name: row[name] for name in kinds} for row in rows]
    if listed:
        store.insert(table, pl.DataFrame(listed, schema=kinds))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
