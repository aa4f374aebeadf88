"""Files that lack, or lines of files that were not understood."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ledger.storage.store import Store, statement
from ledger.tying.guesses import FILE, REJECTED, SEAM, WITNESS, Broken, Guess, days, signed, when

MOST = 2_000
SPACINGS = 8
"""How many times the usual distance of its rows a range without any must be long, to be a file that lacks."""
SHORT = timedelta(hours=1)


def files_that_lack(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that rows were rejected, or that no file covers a range."""
    for row in store.query(statement("hints", "rejected"), {"most": MOST}).iter_rows(named=True):
        yield _rejected(breaks[row["no"]], row)
    yield from _ranges(store, breaks)


def _rejected(broken: Broken, row: Mapping[str, Any]) -> Guess:
    place = f"{row['name']}:{row['source_row']}"
    seen = (
        f" (column {row['column']}: {row['text']!r})" if row["column"] else f" ({row['text']!r})" if row["text"] else ""
    )
    exact = _reads(row["text"], broken.difference)
    missing = f"{signed(broken.difference)} {broken.asset}"
    amount = f"; the amount it reads is what is missing, {missing}" if exact else f"; {missing} is missing here"
    text = (
        f"a row was rejected: {place}{seen}, expected {row['reason']}{amount}; correct it and `marginbook retry`, "
        "or say what it is with `marginbook formats`"
    )
    return Guess(no=broken.no, kind="rejected", score=WITNESS if exact else REJECTED, sentence=text)


def _reads(text: str | None, difference: Decimal) -> bool:
    """Return whether a text holds the amount that is missing."""
    for number in re.findall(r"[-+]?\d[\d,]*\.?\d*", text or ""):
        try:
            if abs(Decimal(number.replace(",", ""))) == abs(difference):
                return True
        except InvalidOperation:
            continue
    return False


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A range of time that no file covers, between two that are covered, or after (before) the only one."""

    fact: str
    format: str
    from_at: datetime
    to_at: datetime
    before: str | None
    """The file that ends where it begins."""
    after: str | None
    spacing: timedelta


def _ranges(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    files: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in store.query(statement("hints", "ranges")).iter_rows(named=True):
        files[row["account"], row["venue"], row["wallet"], row["fact"]].append(row)
    holes: dict[tuple[Any, ...], list[Hole]] = defaultdict(list)
    for key, rows in files.items():
        if key[3] == "ledger" or (*key[:3], "ledger") not in files:  # beside a ledger fills move nothing
            holes[key[:3]] += _holes(rows)
    for broken in breaks.values():
        for hole in holes.get(broken.chain[:3], ()):
            if hole.from_at < broken.broken_at and broken.since_at < hole.to_at:
                yield _missing(broken, hole)


def _holes(rows: Sequence[Mapping[str, Any]]) -> Iterator[Hole]:
    """Yield what lies between the files of one fact."""
    ordered = sorted(rows, key=lambda row: (row["from_at"], row["to_at"], row["name"]))
    counted = sum(row["rows"] for row in ordered)
    covered = sum((row["to_at"] - row["from_at"] for row in ordered), timedelta(0))
    spacing = covered / counted if counted else SHORT
    last = ordered[0]
    for row in ordered[1:]:
        if row["from_at"] > last["to_at"]:
            yield Hole(fact=row["fact"], format=row["format"], from_at=last["to_at"], to_at=row["from_at"],
                       before=last["name"], after=row["name"], spacing=spacing)  # fmt: skip
        if row["to_at"] > last["to_at"]:
            last = row


def _missing(broken: Broken, hole: Hole) -> Guess:
    long = hole.to_at - hole.from_at > max(SHORT, SPACINGS * hole.spacing)
    facts = {"ledger": "the wallet's own rows", "fills": "fills", "funding": "funding", "interest": "interest"}
    text = (
        f"{'a file is missing' if long else 'rows may be missing where two files meet'}: no file has "
        f"{facts[hole.fact]} between {when(hole.from_at)}, where {hole.before} ends, and {when(hole.to_at)}, "
        f"where {hole.after} begins; "
        f"download {hole.format} for {days(hole.from_at, hole.to_at)} and import it, "
        f"for {signed(broken.difference)} {broken.asset} is missing"
    )
    return Guess(no=broken.no, kind="missing_file", score=FILE if long else SEAM, sentence=text)
