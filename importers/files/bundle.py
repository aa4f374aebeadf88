"""Files as they are handed over: files -> bundles -> parts -> frames of text.  Knows no venue and no database.

Content decides what a file is, never its suffix.  `source_row` is the physical line at which a record starts (CSV,
JSON lines), the row number (sheet), or the index + 1 (JSON array); the header counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from importers.files.containers import Place, look_into, read_parts
from importers.files.limits import shown_name
from importers.files.parts import Broken, Chunk, Part
from importers.files.sources import Budget, FileSource, sha256_of
from schemas.errors import ChangedWhileRead, Inaccessible, RefusedFile, UnreadableFile

__all__ = ["Broken", "Bundle", "Chunk", "Part", "Unread", "collect", "open_bundle"]

Unread = UnreadableFile | RefusedFile | ChangedWhileRead
"""Why a file that was found could not be read."""


@dataclass(frozen=True)
class Bundle:
    """What was handed over as one: a file or a zip; `file_id` is the sha-256 of its bytes."""

    name: str
    path: Path
    file_id: str
    source: FileSource | None = field(default=None, repr=False, compare=False)

    def parts(self, encoding: str | None = None) -> list[Part]:
        """Its tables, in order.  `encoding` is for text that is not UTF-8.

        Raises UnreadableFile if the bundle is no table and holds none; a member of a zip that is none is a part
        that raises when it is read.  Raises RefusedFile at a limit, ChangedWhileRead if the file did not hold still.
        """
        source = self.source or FileSource.of(self.path, self.name)
        file_name = self.name.replace("\\", "/").rpartition("/")[2]
        budget = Budget(self.name, source.size)
        return read_parts(source, Place(self.name, file_name, 0, encoding, budget), self.file_id)


def open_bundle(path: Path, name: str | None = None) -> Bundle:
    """The file at `path`, shown as `name`.  Raises UnreadableFile if it is no kind of table, by its first bytes."""
    shown = shown_name(path.name) if name is None else name
    source = FileSource.of(path, shown)
    seen = look_into(source)
    if seen.kind == "none":
        raise UnreadableFile(shown, seen.reason, seen.hint)
    return Bundle(shown, path, sha256_of(source), source)


def collect(paths: Sequence[Path]) -> Iterator[Bundle | Unread]:
    """The files at these paths and, sorted, in the folders below them; what cannot be read comes as its error.

    An `UnreadableFile` is `named` if its path was given by itself, or if it may be an export that was not read.  Hidden
    files in folders are skipped; links there are not followed.
    """
    for path in paths:
        if is_folder(path):
            for found in _walk(path):
                name = found.relative_to(path).as_posix() if found != path else path.name
                yield _opened(found, name, named=False)
        else:
            yield _opened(path, path.name, named=True)


def is_folder(path: Path) -> bool:
    """Return whether there is a folder; not where the system does not let us look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _opened(path: Path, name: str, named: bool) -> Bundle | Unread:
    name = shown_name(name)
    try:
        if not named and (path.is_symlink() or path.is_dir()):
            if not path.is_symlink():
                return Inaccessible(name, "is a folder without access")
            return UnreadableFile(name, "is a symbolic link, which is not followed", named=False)
        bundle = open_bundle(path, name)
        if bundle.source is not None and look_into(bundle.source).kind == "json":
            bundle.parts()[0].head(1)
        return bundle
    except UnreadableFile as error:
        error.named = named or isinstance(error, Inaccessible)
        return error
    except (RefusedFile, ChangedWhileRead) as error:
        return error


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if _is_archive(Path(entry.path)):
                continue  # the archive of a book: what lies there was imported once
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _is_archive(folder: Path) -> bool:
    try:
        return (folder / "log.jsonl").exists() and (folder / "objects").exists()
    except OSError:
        return False
