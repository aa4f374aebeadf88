"""The raw bytes by sha-256, compressed in seekable frames, and the log of imports and decisions.

The archive alone makes the book again.  Objects are written to a temporary name, synced and renamed; the log is
appended line by line.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from schemas.errors import BookError

FRAME = 4 << 20
SEEK_MAGIC = 0x184D2A5E
FOOTER_MAGIC = 0x8F92EAB1


@dataclass(frozen=True)
class Archive:
    """`objects/<sha256>.zst` and `log.jsonl` in one folder."""

    folder: Path

    def create(self) -> None:
        """Make the folders; harmless where they are."""
        (self.folder / "objects").mkdir(parents=True, exist_ok=True)

    def path_of(self, object_id: str) -> Path:
        """Return where an object lies."""
        return self.folder / "objects" / f"{object_id}.zst"

    def has(self, object_id: str) -> bool:
        """Return whether the object is kept."""
        return self.path_of(object_id).exists()

    def keep(self, source: Path, object_id: str) -> None:
        """Keep the bytes of a file; raises ValueError where they are no longer those of `object_id`."""
        if self.has(object_id):
            return
        target = self.path_of(object_id)
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        digest = hashlib.sha256()
        try:
            with source.open("rb") as raw, temporary.open("wb") as out:
                frames: list[tuple[int, int]] = []
                compressor = zstandard.ZstdCompressor(level=1)
                while block := raw.read(FRAME):
                    digest.update(block)
                    frame = compressor.compress(block)
                    out.write(frame)
                    frames.append((len(frame), len(block)))
                out.write(_seek_table(frames))
                out.flush()
                os.fsync(out.fileno())
            if digest.hexdigest() != object_id:
                raise ValueError(f"{source} changed while it was read")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def restore(self, object_id: str, target: Path) -> Path:
        """Write the object's bytes to `target` and return it."""
        if not self.has(object_id):
            raise BookError(self.folder, f"the archive lacks the object {object_id[:12]}", "restore it from a copy")
        with self.path_of(object_id).open("rb") as packed, target.open("wb") as out:
            for block in _blocks(packed):
                out.write(block)
        return target

    def verify(self, object_id: str) -> bool:
        """Return whether the object's bytes still have its checksum."""
        digest = hashlib.sha256()
        try:
            with self.path_of(object_id).open("rb") as packed:
                for block in _blocks(packed):
                    digest.update(block)
        except (OSError, zstandard.ZstdError):
            return False
        return digest.hexdigest() == object_id

    # ---------------------------------------------------------------------------------------------- log

    @property
    def log_path(self) -> Path:
        """Where the log lies."""
        return self.folder / "log.jsonl"

    def entries(self) -> list[dict[str, Any]]:
        """Return the log; a last line cut by a crash is dropped (the book's own copy writes it again)."""
        if not self.log_path.exists():
            return []
        lines = self.log_path.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1] if line]

    def append(self, entries: list[dict[str, Any]]) -> None:
        """Append entries that the log lacks, durably."""
        if not entries:
            return
        text = b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries)
        with self.log_path.open("ab") as log:
            _drop_torn_line(self.log_path)
            log.write(text)
            log.flush()
            os.fsync(log.fileno())


def archive_of(book: Path) -> Path:
    """Return the archive folder beside a book."""
    return book.with_name(f"{book.stem}.archive")


def _drop_torn_line(path: Path) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _blocks(packed: Any) -> Iterator[bytes]:
    with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
        while block := reader.read(FRAME):
            yield block


def _seek_table(frames: list[tuple[int, int]]) -> bytes:
    """Return the skippable frame of zstd's seekable format: a reader may start at any frame."""
    body = b"".join(struct.pack("<II", packed, raw) for packed, raw in frames)
    body += struct.pack("<IBI", len(frames), 0, FOOTER_MAGIC)
    return struct.pack("<II", SEEK_MAGIC, len(body)) + body
