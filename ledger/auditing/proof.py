"""What an audit rests on: the source rows behind its figures, their files, and the state of the data around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ledger.auditing.covering import covered
from ledger.storage.archive import Archive
from ledger.storage.store import Store, statement
from ledger.trace import located, raw_texts
from reports.audit import Audit
from reports.month import Evidence

MOST_ROWS = 3000
"""Rows that are shown with their text; of more those of others, and the earliest of the rest, are left out."""


def proven(store: Store, archive: Archive | None, audit: Audit) -> Audit:
    """Return the audit with its evidence, its files and what is known of the data's quality."""
    every = [int(key) for key in _keys(audit)]
    keys = every[:MOST_ROWS]
    found = located(store, keys)
    raws = raw_texts(store, archive, found) if archive is not None else {}
    evidence = {
        row["row_key"]: Evidence(
            at=row["moment"], table=row["table"], what=row["what"], place=f"{row['file']}:{row['source_row']}",
            raw=raws.get((row["file_id"], row["source_row"])),
        )
        for row in found
    }  # fmt: skip
    names = sorted({row["file_id"] for row in found})
    files = store.query(statement("auditing", "files_behind"), {"files": names}).to_dicts()
    listed = [
        {"name": row["name"], "sha256": row["sha256"], "format": row["format"], "import": str(row["import_no"])}
        for row in files
    ]
    return replace(
        audit, evidence=evidence, files=listed, coverage=covered(store, audit),
        quality=_quality(store, audit, len(every)),
    )  # fmt: skip


def _keys(audit: Audit) -> Iterable[str]:
    """Return the row keys behind every figure, once each, what matters most first: the last before the earliest."""
    own = [term for term in audit.terms if not term.name.startswith("other_")]
    others = [term for term in audit.terms if term.name.startswith("other_")]
    parts: list[Sequence[str]] = [audit.event_rows, *(finding.rows for finding in audit.findings)]
    parts += [call.rows for call in audit.calls]
    parts += [term.rows[::-1] for term in sorted(own, key=lambda term: len(term.rows))]
    parts += [term.prices for term in sorted(audit.terms, key=lambda term: len(term.prices))]
    parts += [moment.rows for moment in reversed(audit.moments)]
    parts += [term.rows[::-1] for term in others]
    return dict.fromkeys(key for rows in parts for key in rows if key)


def _quality(store: Store, audit: Audit, rows: int) -> dict[str, object]:
    scope: dict[str, Any] = {"account": audit.account, "venue": audit.venue, "wallet": audit.wallet}
    time = {"from": audit.started_at, "to": audit.ended_at}
    symbols = sorted({audit.symbol, *(held.symbol for held in audit.positions)})
    gaps = [text for (text,) in store.rows(statement("auditing", "gaps_beside"), {**scope, **time, "symbols": symbols})]
    breaks = [
        f"{break_id}: {asset} at {at:%Y-%m-%d %H:%M:%S}Z differs by {f'{difference:f}'.rstrip('0').rstrip('.')}"
        for break_id, asset, at, difference in store.rows(statement("auditing", "breaks_beside"), {**scope, **time})
    ]
    account = {"account": audit.account}
    rejects = [f"{name}: {rejected} rejected rows" for name, rejected in
               store.rows(statement("auditing", "rejects_beside"), account)]  # fmt: skip
    beside = {"account": audit.account, "venue": audit.venue}
    duplicates = store.scalar(statement("auditing", "duplicates_beside"), beside)
    stated = [
        f"{asset}: {_tied(*counts)}"
        for asset, *counts in store.rows(statement("auditing", "stated_beside"), {**scope, **time})
    ]
    left_out = {"rows that are not shown": f"{rows - MOST_ROWS:,} of {rows:,}"} if rows > MOST_ROWS else {}
    return {
        **left_out,
        "missing from the book then": gaps,
        "balances that are stated then": stated or ["none: nothing ties what was computed"],
        "balances that do not hold then": breaks,
        "rejected rows of the account": rejects,
        "duplicate rows recognized": f"{duplicates:,} rows of the account stood in more than one file, and count once",
    }


def _tied(by_rows: int, by_statements: int, broken: int) -> str:
    """Return how many balances are stated, by whom, and how many of them the rows do not lead to."""
    told = [
        text
        for count, text in ((by_rows, f"{by_rows:,} of ledger rows"), (by_statements, f"{by_statements:,} asserted"))
        if count
    ]
    return f"{' and '.join(told)}, {_untied(broken)}"


def _untied(broken: int) -> str:
    return "all tie" if not broken else "1 does not tie" if broken == 1 else f"{broken:,} do not tie"
