"""Which rows a person calls the two ends of one transfer, or the end of none: named, checked, told to the log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.storage import log
from ledger.storage.store import Store, statement
from ledger.tying.ends import LEGS, End, ends_of, place_of, plain
from ledger.tying.matching import misfit
from schemas.errors import UnknownThing

NAMES = "name a row by its key, as `marginbook report transfers` and `trace` show it, or by FILE:LINE"
ENDS = "a transfer has a row that leaves and one that arrives, of one asset and two wallets: see `report transfers`"
CUT = re.compile(r"…|\.\.")
"""Where a narrow terminal leaves out the middle of an id."""
SIDES = ("sent", "received")


def match_entry(store: Store, one: str, other: str) -> log.Entry:
    """Return the decision that two rows are the ends of one transfer.  Raises UnknownThing where they cannot be."""
    ends = {end.key: end for end in ends_of(store)}
    first, second = (ends[_key_of(store, ends, row)] for row in (one, other))
    if first.key == second.key:
        raise UnknownThing(f"{one} and {other} are the same row", ENDS)
    sent, received = sorted((first, second), key=lambda end: end.amount)
    if (wrong := misfit(sent, received)) is not None:
        raise UnknownThing(f"{_described(first)} and {_described(second)} are no transfer: {wrong}", ENDS)
    return {"kind": "match", "sent": _named(store, sent.key), "received": _named(store, received.key)}


def unmatch_entries(store: Store, name: str) -> tuple[str, list[log.Entry]]:
    """Return the match of a row, and the decisions that it (of a match_id: both rows) is the end of no transfer.

    Raises UnknownThing where it is in none.
    """
    keys = [name]
    if not name.startswith("match-"):
        keys = [str(_key_of(store, {end.key: end for end in ends_of(store)}, name))]
    found = store.rows(statement("transfers", "match_called"), {"name": keys[0]})
    if not found:
        raise UnknownThing(f"{name} is in no match", "`marginbook report transfers` lists them")
    match_id, *both = found[0]
    named = both if name == match_id else keys
    return match_id, [{"kind": "unmatch", "row": _named(store, int(key))} for key in named]


def decided(entries: Sequence[log.Entry]) -> list[dict[str, Any]]:
    """Return the decisions that hold, as rows of `decided_matches`: a later one of a row undoes the earlier."""
    standing: list[tuple[set[Any], dict[str, Any]]] = []
    for entry in entries:
        if entry["kind"] in {"match", "unmatch"}:
            rows = {"sent": entry["row"]} if entry["kind"] == "unmatch" else {side: entry[side] for side in SIDES}
            names = {name for row in rows.values() for name in (row["key"], (row["file"], row["row"], row["leg"]))}
            standing = [(others, told) for others, told in standing if not others & names]
            standing.append((names, _columns(rows, entry["at"])))
    return [told for _, told in standing]


def _columns(rows: Mapping[str, Mapping[str, Any]], at: str) -> dict[str, Any]:
    told: dict[str, Any] = {"decided_at": datetime.fromisoformat(at)}
    for side in SIDES:
        row = rows.get(side)
        told[f"{side}_key"] = None if row is None else int(row["key"])
        told |= {f"{side}_{name}": None if row is None else row[name] for name in ("file", "row", "leg")}
    return told


def _named(store: Store, key: int) -> dict[str, Any]:
    """Return what leads to a row again: its key and, where an account was renamed, its place."""
    ((file_id, source_row, leg),) = store.rows(statement("transfers", "place_of"), {"key": str(key)})
    return {"key": str(key), "file": file_id, "row": int(source_row), "leg": int(leg)}


def _key_of(store: Store, ends: Mapping[int, End], name: str) -> int:
    """Return the end of a transfer that a person means by a key, or by a place in a file."""
    bare = name.strip().removeprefix("transfer|").replace(",", "")
    bases = []
    if bare.isdecimal():
        if int(bare) in ends:
            return int(bare)
        bases = [int(bare) - int(bare) % LEGS]
        found = [end for end in ends.values() if end.base in bases]
    elif CUT.search(name):
        head, tail = CUT.split(name.strip(), maxsplit=1)
        ids = {f"transfer|{key}": end for key, end in ends.items()}
        found = [end for id_, end in ids.items() if id_.startswith(head) and id_.endswith(tail)]
    else:
        file, _, line = name.strip().rpartition(":")
        at_line = {"name": file, "row": int(line) if line.isdecimal() else None}
        bases = [int(base) for (base,) in store.rows(statement("transfers", "bases_at"), at_line)]
        found = [end for end in ends.values() if end.base in bases]
    if len(found) == 1:
        return found[0].key
    if found:
        listed = "".join(f"\n  {end.key}  {_described(end)}" for end in found)
        raise UnknownThing(f"{name} may be {len(found)} ends of transfers; name one by its key:{listed}")
    raise _not_there(store, name, bases)


def _not_there(store: Store, name: str, bases: Sequence[int]) -> UnknownThing:
    """Return why a name leads to no end of a transfer."""
    words = [row for base in bases for row in store.rows(statement("transfers", "what_it_is"), {"base": str(base)})]
    if any(not speaks for _, speaks in words):
        return UnknownThing(
            f"{name} does not count: another export states the same movement",
            "name the row of that export; `marginbook report witnesses` and `report transfers` show it",
        )
    if words:
        causes = " and ".join(sorted({cause.replace("_", " ") for cause, _ in words}))
        return UnknownThing(f"{name} is no end of a transfer: its cause is {causes}", ENDS)
    return UnknownThing(f"there is no row {name!r}", NAMES)


def _described(end: End) -> str:
    """Return an end in words: -500 USDT of binance usdm at 2026-02-03 08:00:00Z."""
    return f"{plain(end.amount)} {end.asset} of {place_of(end)} at {end.moved_at:%Y-%m-%d %H:%M:%S}Z"
