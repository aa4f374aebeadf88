"""The raw bytes by sha-256, compressed in seekable frames, and the log of imports and decisions.

The archive alone makes the book again.  Objects are written to a temporary name, synced and renamed; the log is
appended line by line.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from ledger.storage.failpoints import reached
from ledger.storage.naming import sweep, sync_folder
from schemas.errors import BookError, ChangedWhileRead, DamagedObject

FRAME = 4 << 20
SEEK_MAGIC = 0x184D2A5E
FOOTER_MAGIC = 0x8F92EAB1


@dataclass(frozen=True)
class Archive:
    """`objects/<sha256>.zst` and `log.jsonl` in one folder."""

    folder: Path

    def create(self) -> None:
        """Make the folders; harmless where they are.  What a program left that was killed here is removed."""
        objects = self.folder / "objects"
        with _written(self.folder):
            if not objects.exists():
                objects.mkdir(parents=True, exist_ok=True)
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
        self.sweep()

    def sweep(self) -> None:
        """Remove what programs left that were killed while they kept something."""
        sweep(self.folder / "objects", "*.tmp")

    def path_of(self, object_id: str) -> Path:
        """Return where an object lies."""
        return self.folder / "objects" / f"{object_id}.zst"

    def has(self, object_id: str) -> bool:
        """Return whether the object is kept."""
        return self.path_of(object_id).exists()

    def keep(self, source: Path, object_id: str) -> None:
        """Keep the bytes of a file.  Raises ChangedWhileRead where they are no longer those of `object_id`."""
        with _written(self.folder):
            if not self.has(object_id):
                self._keep(source, object_id)

    def _keep(self, source: Path, object_id: str) -> None:
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
                raise ChangedWhileRead(source.name)
            reached("archive.written")
            temporary.replace(target)
            sync_folder(target.parent)
            reached("archive.kept")
        finally:
            temporary.unlink(missing_ok=True)

    def restore(self, object_id: str, target: Path) -> Path:
        """Write the object's bytes to `target` and return it.  Raises BookError where they are gone or damaged."""
        if not self.has(object_id):
            raise BookError(self.folder, f"the archive lacks the object {object_id[:12]}", "restore it from a copy")
        digest = hashlib.sha256()
        with target.open("wb") as out:
            try:
                with self.path_of(object_id).open("rb") as packed:
                    for block in _blocks(packed):
                        digest.update(block)
                        out.write(block)
            except zstandard.ZstdError:
                raise DamagedObject(self.folder, object_id) from None
        if digest.hexdigest() != object_id:
            raise DamagedObject(self.folder, object_id)
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
        """Return the log; a last line cut by a crash is dropped (the book's own copy writes it again).

        Raises BookError where another line is no entry.
        """
        lines = self._content().split(b"\n")
        return [self._entry(number, line) for number, line in enumerate(lines[:-1], start=1) if line]

    def length(self) -> int:
        """Return how many whole lines the log has, whatever they say."""
        return sum(1 for line in self._content().split(b"\n")[:-1] if line)

    def _content(self) -> bytes:
        try:
            return self.log_path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            what = f"the archive cannot be read: {(error.strerror or str(error)).lower()}"
            raise BookError(self.log_path, what, "ask its owner, or copy book and archive") from None

    def _entry(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(line)
            if isinstance(entry, dict) and isinstance(entry.get("kind"), str) and isinstance(entry.get("seq"), int):
                return entry
        except ValueError:
            pass
        whole = "where the book itself is whole, move this file away: the next command that writes makes it again"
        raise BookError(
            f"{self.log_path}:{number}", "this line of the log is damaged", f"{whole}; else restore it from a copy"
        )

    def append(self, entries: list[dict[str, Any]]) -> None:
        """Append entries that the log lacks, durably."""
        if not entries:
            return
        text = b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries)
        with _written(self.folder):
            fresh = not self.log_path.exists()
            with self.log_path.open("ab") as log:
                _drop_torn_line(self.log_path)
                log.write(text)
                log.flush()
                os.fsync(log.fileno())
            if fresh:
                sync_folder(self.folder)


def archive_of(book: Path) -> Path:
    """Return the archive folder beside a book."""
    return book.with_name(f"{book.stem}.archive")


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Say of a folder that may not be written what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise BookError(
            folder, f"the archive cannot be written: {error.strerror}", "ask its owner, or copy book and archive"
        ) from None


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
