"""What the book lacks, as it is found: one value a gap, and how a person reads its range."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from ledger.tying.exports import Exports
from schemas.ddl import column_types
from schemas.derived import Gap

FACTS = ("ledger", "fills", "funding", "interest", "borrow_repay")
"""In the order of their weight: a hole of an export is one of its first fact."""
SURE, LIKELY, PERHAPS = 1, 2, 3
"""How urgent a download is; None: not worth one."""
WORDS = {"ledger": "movements", "borrow_repay": "borrowings and repayments"}
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Lack:
    """A range of time for which the book lacks something."""

    account: str
    venue: str
    wallet: str
    fact: str
    kind: str
    from_at: datetime
    to_at: datetime
    warns: bool
    priority: int | None
    sentence: str
    """What is missing; what to do follows it."""
    because: str
    """The same in a few words, for a list of downloads."""
    facts: tuple[str, ...] = ()
    symbol: str | None = None
    missing: int | None = None
    rows: Sequence[str] = ()
    name: str | None = None
    """Stable name; None: made of what it is."""
    remedy: str | None = None
    """What to do; None: download the export."""


def gap_frame(lacks: Iterable[Lack], exports: Exports) -> pl.DataFrame:
    """Return the gaps as rows, each with the export that would fill it."""
    return pl.DataFrame([_row(lack, exports) for lack in lacks], schema=column_types(Gap))


def _row(lack: Lack, exports: Exports) -> dict[str, Any]:
    export = exports.of(lack.account, lack.venue, lack.wallet, lack.fact)
    text = "|".join(
        (lack.account, lack.venue, lack.wallet, lack.fact, lack.symbol or "", lack.kind, stamp(lack.from_at))
    )
    days = in_days(lack.from_at, lack.to_at)
    fill = (
        f"download `{export.title}` for {days}" if export else f"find the export that states it for {days}, or enter it"
    )
    return {
        "gap_id": lack.name or f"gap-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
        "account": lack.account,
        "venue": lack.venue,
        "wallet": lack.wallet,
        "fact": lack.fact,
        "facts": list(lack.facts or (lack.fact,)),
        "format": export.name if export else None,
        "symbol": lack.symbol,
        "kind": lack.kind,
        "from_at": lack.from_at,
        "to_at": lack.to_at,
        "missing": lack.missing,
        "severity": "warning" if lack.warns else "info",
        "sentence": f"{lack.sentence}; {lack.remedy or fill}",
        "rows": list(lack.rows)[:SHOWN],
        "title": export.title if export else None,
        "how": export.how if export else None,
        "because": lack.because,
        "priority": lack.priority,
    }


def stamp(moment: datetime) -> str:
    """Return an instant to the minute, or to the second where it has some."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M}Z" if not moment.second else f"{moment:%Y-%m-%d %H:%M:%S}Z"


def in_days(start: datetime, end: datetime) -> str:
    """Return a range in days, as one asks a venue for it."""
    first, last = f"{start.astimezone(UTC):%Y-%m-%d}", f"{end.astimezone(UTC):%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"


def between(start: datetime, end: datetime) -> str:
    """Return a range in words."""
    return f"at {stamp(start)}" if start == end else f"from {stamp(start)} to {stamp(end)}"


def words(fact: str) -> str:
    """Return a fact as a person says it."""
    return WORDS.get(fact, fact)
