"""Room on the disk: what an import needs before it starts, and what is said when it was not enough."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from importers.files import Bundle
from schemas.errors import NoRoom

TIMES = 3
"""Bytes that archive, book and write-ahead log take for a byte of plain text, at most."""
PACKED = 30
"""The same for a byte that is compressed (zip, gzip, workbook)."""
LEAST = 16 << 20
"""Bytes that must be free for anything to be written."""
PACKED_STARTS = (b"PK", b"\x1f\x8b")


def require_room(book: Path, bundles: Iterable[Bundle]) -> None:
    """Refuse to begin what the disk cannot hold.  Raises NoRoom with what is needed and what is there."""
    needed = LEAST + sum(_needed(bundle.path) for bundle in bundles)
    free = free_at(book)
    if free is not None and free < needed:
        what = f"the import needs about {megabytes(needed)} of room here, and {megabytes(free)} are free"
        raise NoRoom(book.absolute().parent, what, "nothing was stored; make room, or import fewer files at once")


def free_at(book: Path) -> int | None:
    """Return the bytes that are free where the book lies; None where the system does not say."""
    try:
        return shutil.disk_usage(book.absolute().parent).free
    except OSError:
        return None


def full(book: Path, stored: str) -> NoRoom:
    """Return the error of a disk that was full, with what is free and what became of the work."""
    free = free_at(book)
    rest = f" ({megabytes(free)} are free)" if free is not None else ""
    return NoRoom(book.absolute().parent, f"the disk, a quota or a limit of file sizes is full{rest}", stored)


def megabytes(count: int) -> str:
    """Return a number of bytes for a person to read."""
    return f"{max(1, count >> 20):,} MiB" if count else "0 MiB"


def _needed(path: Path) -> int:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(2)
    except OSError:
        return 0  # whoever reads it says so
    return size * (PACKED if start in PACKED_STARTS else TIMES)
