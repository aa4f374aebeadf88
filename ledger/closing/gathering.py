"""A month of an account gathered from its reports, with the source rows behind each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Protocol

import polars as pl

from ledger.closing.months import Span
from ledger.storage.archive import Archive
from ledger.storage.store import Store, statement
from ledger.trace import located, raw_texts, rows_behind, rows_of_liquidations
from reports.month import Evidence, Month


class Ask(Protocol):
    """How a report is asked for: `Book.report`."""

    def __call__(self, name: str, **words: Any) -> pl.DataFrame: ...


OF_A_MONTH = (
    "reconcile", "realized", "funding", "interest", "liquidations", "breaks", "witnesses", "transfers", "gaps",
    "calendar",
)  # fmt: skip
"""Reports of what happened in the month; the others tell how things stood at its end."""
AT_ITS_END = ("positions", "carry", "balances", "loans", "findings")
VALUED = ("reconcile", "positions", "carry", "realized", "funding", "interest", "balances", "loans")
"""Reports that a reporting currency values."""
EVIDENT: Mapping[str, str] = {
    "reconcile": "line", "breaks": "break_id", "positions": "position_id", "realized": "line", "funding": "line",
    "interest": "line", "liquidations": "liquidation_id", "loans": "loan_id", "balances": "line",
    "transfers": "transfer_id",
}  # fmt: skip
"""By section, the column whose values lead to source rows."""
ROWS_SHOWN = 25
"""Rows behind one figure that the pack holds; `marginbook trace` lists all."""
MOST_ROWS = 20_000
"""Rows that a pack holds in all."""


def frames_of(ask: Ask, account: str, span: Span, names: Sequence[str], **words: Any) -> dict[str, pl.DataFrame]:
    """Return the reports of a month of an account, exact, by their names."""
    frames = {}
    for name in names:
        asked = {"account": account, "to": span.ends_at, "by": "month", "zone": span.zone, **words}
        if name in OF_A_MONTH:
            asked["start"] = span.starts_at
        frame = ask(name, **asked)
        if name in {"positions", "carry"}:
            lived = pl.col("closed_at").is_null() | (pl.col("closed_at") >= span.starts_at)
            frame = frame.filter(pl.col("opened_at").is_not_null() & lived)
        frames[name] = frame
    return frames


def gather(store: Store, archive: Archive, ask: Ask, account: str, span: Span, **told: Any) -> Month:
    """Return the month as it stands now; `told` are the words of `Month` about its close, and its currency."""
    words = {"currency": told["currency"]} if told.get("currency") else {}
    others = [name for name in (*OF_A_MONTH, *AT_ITS_END) if name not in VALUED]
    sections = frames_of(ask, account, span, others)
    sections |= frames_of(ask, account, span, VALUED, **words)
    sections["before"] = ask("reconcile", account=account, to=span.starts_at, by="month", zone=span.zone)
    about = {"account": account, "from": span.starts_at, "to": span.ends_at}
    with store.in_zone(span.zone):
        for cause in ("funding", "interest"):
            sections[f"{cause}_daily"] = store.query(statement("closing", "daily"), about | {"cause": cause})
        evidence, counts = evidence_of(store, archive, sections)
    sections["files"] = store.query(statement("closing", "files_of"), about)
    return Month(
        account=account, period=span.name, zone=span.zone, starts_at=span.starts_at, ends_at=span.ends_at,
        version=metadata.version("marginbook"), sections=sections, evidence=evidence, evidence_counts=counts, **told,
    )  # fmt: skip


def _in_time(row: Mapping[str, Any]) -> tuple[Any, str]:
    return row["moment"], row["row_key"]


def evidence_of(
    store: Store, archive: Archive, sections: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, list[Evidence]], dict[str, int]]:
    """Return the first rows behind every figure, and how many there are."""
    keys: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    held = 0
    liquidated = rows_of_liquidations(store) if sections["liquidations"].height else {}
    for name, column in EVIDENT.items():
        for line in sections[name][column].drop_nulls().unique(maintain_order=True).to_list():
            if line in counts:
                continue
            rows = list(dict.fromkeys(liquidated.get(line) or rows_behind(store, line)))
            counts[line] = len(rows)
            keys[line] = rows[: ROWS_SHOWN if held < MOST_ROWS else 0]
            held += len(keys[line])
    found = {int(row["row_key"]): row for row in located(store, [key for rows in keys.values() for key in rows])}
    raws = raw_texts(store, archive, list(found.values()))
    evidence = {
        line: [
            Evidence(
                at=row["moment"], table=row["table"], what=row["what"], place=f"{row['file']}:{row['source_row']}",
                raw=raws.get((row["file_id"], row["source_row"])),
            )
            for row in sorted((found[key] for key in rows if key in found), key=_in_time)
        ]
        for line, rows in keys.items()
    }  # fmt: skip
    return evidence, counts
