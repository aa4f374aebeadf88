"""Small exports and what they become, without a book: what the tests of venues share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from importers.contract import Format, Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from ledger.book import Book
from tests.books import plain


def read(path: Path, formats: Sequence[Format], **options: Any) -> Normalized:
    """Return what a file of one part and one chunk becomes."""
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, formats, Options(**options)))
    return normalized


def picked(normalized: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table in file order, decimals plain."""
    rows = normalized.tables[table].sort("source_row", "part").select(columns)
    return [tuple(plain(cell) for cell in row) for row in rows.iter_rows()]


def rejects(normalized: Normalized) -> list[tuple[str, str, str]]:
    """Return column, text and reason of every rejected row."""
    return list(normalized.rejected.select("column", "text", "reason").iter_rows())


def answer(folder: Path, name: str, records: Sequence[Mapping[str, Any]]) -> Path:
    """Write an answer of an API and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps({"code": 0, "data": list(records)}), encoding="utf-8")
    return path


def offenders(book: Book) -> list[str]:
    """Return the invariants that the book breaks."""
    return [name for name, frame in book.check().items() if frame.height]
