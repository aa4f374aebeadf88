"""Formats that users described: remembered in the log with the import that first used them, as they then were.

An import is read again (forget, rename, rebuild) by the descriptions that held when it was made; a new one of the same
name holds for what is imported after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from importers.contract import Format
from importers.described.description import described
from importers.registry import formats as builtin_formats
from ledger.storage.archive import Archive, archive_of
from schemas.errors import BadDescription

KIND = "description"


@cache
def format_of(text: str, name: str) -> Format:
    """Return the format that a description's text says; `name` is shown in messages.  Raises BadDescription."""
    form = replace(described(text, name), is_users_own=True)
    if form.name in {builtin.name for builtin in builtin_formats()}:
        raise BadDescription(name, "name", f"{form.name!r} is the name of a built-in format", "choose another one")
    return form


def entry_of(text: str, form: Format) -> dict[str, Any]:
    """Return what is logged of a description."""
    return {"kind": KIND, "name": form.name, "text": text}


def texts_at(entries: Iterable[Mapping[str, Any]], before: int | None = None) -> dict[str, str]:
    """Return the texts that hold, by the names of their formats; those that held before an entry's number."""
    held: dict[str, str] = {}
    for entry in entries:
        if entry["kind"] != KIND or (before is not None and entry["seq"] >= before):
            continue
        held.pop(entry["name"], None)
        if entry["text"] is not None:
            held[entry["name"]] = entry["text"]
    return held


def formats_at(
    builtin: Sequence[Format], entries: Iterable[Mapping[str, Any]], before: int | None = None
) -> tuple[Format, ...]:
    """Return the built-in formats and the described ones that hold (or held before an entry's number)."""
    return (*builtin, *(format_of(text, f"{name}.toml") for name, text in texts_at(entries, before).items()))


def known_formats(book_path: Path | None) -> tuple[Format, ...]:
    """Return the built-in formats and those that a book remembers, by its archive alone."""
    if book_path is None:
        return builtin_formats()
    return formats_at(builtin_formats(), Archive(archive_of(book_path)).entries())
