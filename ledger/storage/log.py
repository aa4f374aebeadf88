"""The log of imports and decisions: the book's own copy, written with what it tells, and `log.jsonl` after it.

A logged name of an account is the one it had then.  `entries` tells every import and decision with the names that
hold now, so that whatever reads the log (restore, retry, rebuild) needs to know nothing of renaming.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.storage.archive import Archive
from ledger.storage.failpoints import reached
from ledger.storage.store import SCHEMA_VERSION, Store, statement
from reports.audit_data import Snapshot
from schemas.errors import BookError

Entry = dict[str, Any]
ANOTHER = (
    "one of the two is another book's, or was changed: put the right one back from a copy; or move the book away, and "
    "`marginbook rebuild` makes what the archive says"
)


def next_seq(store: Store) -> int:
    """Return the number that the next entry will have."""
    return int(store.scalar(statement("log", "next_seq")))


def add(store: Store, now: datetime, entry: Mapping[str, Any]) -> int:
    """Append an entry to the book's own copy, in the transaction of what it tells, and return its number."""
    seq = next_seq(store)
    append(store, {"seq": seq, "at": now.isoformat(), **entry})
    return seq


def append(store: Store, entry: Mapping[str, Any]) -> None:
    """Append an entry as it stands."""
    words = {"seq": entry["seq"], "entry": json.dumps(entry, ensure_ascii=False)}
    store.execute(statement("log", "append"), words)


def entries(store: Store) -> list[Entry]:
    """Return the log in order, with the names that accounts have now."""
    return as_called_now([json.loads(text) for (text,) in store.rows(statement("log", "entries"))])


def snapshot(store: Store) -> Snapshot:
    """Return what names the state of the book: its schema, and a digest of its log (cheap: no table is read)."""
    digest = hashlib.sha256(f"{SCHEMA_VERSION}\n".encode())
    texts = [text for (text,) in store.rows(statement("log", "entries"))]
    for text in texts:
        entry = {name: value for name, value in json.loads(text).items() if name != "at"}
        digest.update((json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n").encode())
    return Snapshot(schema_version=SCHEMA_VERSION, entries=len(texts), sha256=digest.hexdigest())


def descriptions(store: Store) -> list[Entry]:
    """Return the entries that tell of described formats, in order."""
    found = [json.loads(text) for (text,) in store.rows(statement("log", "descriptions"))]
    return [entry for entry in found if entry["kind"] == "description"]


def imports(store: Store) -> dict[str, Entry]:
    """Return the latest import of each bundle, by its id."""
    return {entry["bundle"]: entry for entry in entries(store) if entry["kind"] == "import"}


def as_called_now(logged: Sequence[Entry]) -> list[Entry]:
    """Return the entries with the names that accounts have now: a renaming holds for all that was logged before it."""
    told: list[Entry] = []
    for entry in logged:
        if entry["kind"] == "rename":
            told = [_renamed(earlier, entry) for earlier in told]
        told.append(entry)
    return told


def _renamed(entry: Entry, renaming: Mapping[str, Any]) -> Entry:
    """Return an entry with the new name: of an import its accounts by venue, of a decision its account."""
    old, new, venues = renaming["account"], renaming["to"], renaming["venues"]
    if entry["kind"] == "rename":
        return entry
    if entry.get("account") == old and entry.get("venue") in venues:
        return {**entry, "account": new}
    accounts: Mapping[str, str] = entry.get("accounts", {})
    now = {venue: new if name == old and venue in venues else name for venue, name in accounts.items()}
    if now == accounts:
        return entry
    options = dict(entry["options"])
    if options.get("account") == old and set(accounts) <= set(venues):
        options["account"] = new
    return {**entry, "accounts": now, "options": options}


def synchronize(store: Store, archive: Archive | None) -> None:
    """Write to `log.jsonl` what the book's own copy has and it lacks (the book commits first)."""
    if archive is None:
        return
    kept = archive.entries()
    if found := _contradiction(kept, _own(store)):
        what = f"entry {found} is not what the book's own copy says"
        raise BookError(archive.log_path, what, ANOTHER)
    missing = store.rows(statement("log", "after"), {"known": len(kept)})
    if missing:
        reached("log.synchronizing")
        archive.create()
        archive.append([json.loads(text) for (text,) in missing])
        reached("log.synchronized")


def damage(store: Store, archive: Archive) -> list[str]:
    """Return where `log.jsonl` is no longer what the book's own copy says; empty is good."""
    own = _own(store)
    try:
        kept = archive.entries()
    except BookError as error:
        return [str(error).split("\n", 1)[0]]
    found = [
        f"{archive.log_path}: entry {one.get('seq')} is not what the book's own copy says"
        for one, other in zip(kept, own, strict=False)
        if one != other
    ]
    if len(kept) != len(own):
        found.append(f"{archive.log_path} has {len(kept)} entries, the book's own copy {len(own)}")
    return found


def _own(store: Store) -> list[Entry]:
    return [json.loads(text) for (text,) in store.rows(statement("log", "entries"))]


def _contradiction(kept: Sequence[Entry], own: Sequence[Entry]) -> int | None:
    """Return the number of the first entry that book and archive tell otherwise."""
    pairs = enumerate(zip(kept, own, strict=False), start=1)
    return next((number for number, (one, other) in pairs if one != other), None)


def require_unbroken(archive: Archive) -> list[Entry]:
    """Return what the archive's log says.  Raises BookError where an entry lacks."""
    kept = archive.entries()
    for number, entry in enumerate(kept, start=1):
        if entry["seq"] != number:
            what = f"entry {entry['seq']} stands where entry {number} belongs"
            raise BookError(archive.log_path, what, "restore the archive from a copy")
    return kept


def lead(store: Store, archive: Archive) -> int:
    """Return how many entries the book has that its archive lacks; below 0 the book is the older one."""
    return next_seq(store) - 1 - archive.length()


def require_whole(store: Store, archive: Archive | None) -> None:
    """Refuse a book that is older than its archive: the file was lost or put back from a copy."""
    if archive is None:
        return
    done, known = next_seq(store) - 1, archive.length()
    if known > done:
        what = f"its archive knows {known} imports and decisions, the book only {done}"
        raise BookError(store.path, what, "`marginbook rebuild` makes the book from the archive")
