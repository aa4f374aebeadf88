"""How a block is called, and which of them a person accepted.

A block's id is made of what a person reads: kind, account, wallet, asset, instant, amount and sentence.  It knows no
row keys, so that it is the same after the account was renamed or a file was imported again; where the account had
another name, what was accepted under that name holds.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from ledger.storage.log import Entry
from reports.cells import plain
from reports.tax.value import BLOCKS, Policy
from schemas.errors import UnknownThing

ACCEPTED = "tax_accept"
"""Kind of the log's entries that accept a block."""
RUN, SHOWN = "tax", "tax_review"
"""Kinds of the log's entries that keep a run that was written, and what a review showed."""
BLOCK_ID = re.compile(r"tax-[a-z]+\d{4}-\w+-[0-9a-f]{8}(\.\d+)?")
"""Its country, year and kind, a digest of what it says, and a number where two say the same."""
REVIEW = "`marginbook tax --year YEAR` shows them, each with its id"
NEAREST = 3
Row = Mapping[str, Any]


def judged(rows: Iterable[Row], entries: Iterable[Entry], policy: Policy) -> pl.DataFrame:
    """Return blocks with who accepted them, and why.

    What was accepted is what stood there, of that country and year: a block that says something else blocks again.
    """
    log = list(entries)
    accepted = {entry["block"]: (place, entry) for place, entry in enumerate(log) if entry["kind"] == ACCEPTED}
    seen: Counter[str] = Counter()
    told = []
    for row in rows:
        ids = [_id_of(row, name, policy) for name in _names(row["account"], log)]
        seen[ids[0]] += 1
        number = "" if seen[ids[0]] == 1 else f".{seen[ids[0]]}"
        under = [accepted[f"{name}{number}"] for name in ids if f"{name}{number}" in accepted]
        entry = max(under, key=_place)[1] if under else {}
        told.append({**row, "block_id": f"{ids[0]}{number}", "accepted_by": entry.get("by"),
                     "accepted_reason": entry.get("reason")})  # fmt: skip
    return pl.DataFrame(told, schema=dict(BLOCKS), orient="row")


def require_known(block: str, entries: Sequence[Entry]) -> None:
    """Raise UnknownThing for what is the id of no block that the last runs and reviews in the book have shown."""
    last: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry["kind"] in (RUN, SHOWN):
            last[entry["policy"], str(entry.get("settings"))] = entry
    known = {name for entry in last.values() for name in entry.get("blocks", ())}
    known |= {entry["block"] for entry in entries if entry["kind"] == ACCEPTED}
    if block in known:
        return
    near = difflib.get_close_matches(block, sorted(known), n=NEAREST, cutoff=0.7)
    if near:
        raise UnknownThing(f"{block!r} names no block", f"do you mean {' or '.join(near)}?  {REVIEW}")
    if BLOCK_ID.fullmatch(block) and not known:
        raise UnknownThing(f"{block!r} names no block that a review has shown", REVIEW)
    raise UnknownThing(f"{block!r} names no block", REVIEW)


def ids_of(blocks: pl.DataFrame) -> list[str]:
    """Return the ids that a run or a review shows, in order."""
    return sorted(blocks["block_id"].to_list())


def _place(said: tuple[int, Entry]) -> int:
    return said[0]


def _names(account: str | None, log: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return the names that the account has and had, the present one first, each beside the present one."""
    names = [account or ""]
    for entry in reversed(log):
        if entry["kind"] == "rename" and entry["to"] in names and entry["account"] not in names:
            names.append(entry["account"])
    return [(names[0], name) for name in names]


def _id_of(row: Row, called: tuple[str, str], policy: Policy) -> str:
    now, then = called
    sentence = row["sentence"]
    if then != now:
        sentence = re.sub(rf"(?<!\w){re.escape(now)}(?!\w)", lambda _: then, sentence)
    instant, amount = row["happened_at"], row["amount"]
    facts = (
        row["kind"],
        then,
        row["wallet"] or "",
        row["asset"] or "",
        "" if instant is None else instant.isoformat(),
        "" if amount is None else plain(amount),
        sentence,
    )
    digest = hashlib.sha256("|".join(facts).encode()).hexdigest()[:8]
    return f"tax-{policy.jurisdiction}{policy.year}-{row['kind']}-{digest}"
