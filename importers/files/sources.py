"""Where bytes come from: a file, a member of a zip, the inside of a gzip; read again and again, within limits."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from importers.files.limits import MEMBER_LIMIT, RATIO_FREE, RATIO_LIMIT, TOTAL_LIMIT
from importers.files.preflight import METHODS, Index, check_members
from schemas.errors import ChangedWhileRead, Inaccessible, RefusedFile, UnreadableFile

READ = 1 << 20
DENIED = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What the system says of a file that may well be an export."""
UNPACK = "if you know where it comes from, unpack it yourself and import what is inside"


class Budget:
    """How many files and bytes may still come out of a compressed bundle; reading a member again costs nothing."""

    def __init__(self, name: str, compressed: int) -> None:
        self.compressed = compressed
        self.spent = 0
        self._name = name
        self._of: dict[str, int] = {}
        self._files = 0
        self._ratio_limit = max(RATIO_FREE, RATIO_LIMIT * compressed)

    def spend(self, member: str, produced: int) -> None:
        """Note that a member has given `produced` bytes; refuse what looks like a bomb."""
        more = produced - self._of.get(member, 0)
        if more <= 0:
            return
        self._of[member] = produced
        self.spent += more
        self.foresee(0)

    def foresee(self, more: int) -> None:
        """Refuse what would look like a bomb if it gave `more` bytes, as it says it does."""
        total = self.spent + more
        if total > TOTAL_LIMIT:
            raise RefusedFile(self._name, "it unpacks to more than 2 GiB", UNPACK)
        if total > self._ratio_limit:
            raise RefusedFile(self._name, f"it unpacks to more than {RATIO_LIMIT} times its size", UNPACK)

    def hold(self, files: int) -> None:
        """Note that so many more files were found; refuse too many of them."""
        self._files += files
        if self._files > MEMBER_LIMIT:
            raise RefusedFile(self._name, f"it holds more than {MEMBER_LIMIT:,} files", UNPACK)


class Stream:
    """Bytes from the start of a source; damage becomes `UnreadableFile`, and the end is checked."""

    def __init__(
        self,
        name: str,
        raw: IO[bytes],
        at_end: Callable[[], None],
        spend: Callable[[int], None],
        packed: Stream | None = None,
    ) -> None:
        self._name = name
        self._raw = raw
        self._at_end = at_end
        self._spend = spend
        self._packed = packed
        self._count = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        """The next bytes: `size` of them, fewer only at the end."""
        try:
            data = self._raw.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile) as error:
            self._at_end()
            raise UnreadableFile(
                self._name, "is damaged or cut off: it does not unpack", "download it again"
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableFile(self._name, "is packed in a way that is not supported") from error
        except OSError as error:
            raise _not_read(self._name, "could not be read", error) from error
        self._count += len(data)
        self._spend(self._count)
        if len(data) < size:
            self._at_end()
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()
        if self._packed is not None:
            self._packed.close()


class Source(Protocol):
    """Bytes that can be read from their start as often as wanted."""

    @property
    def name(self) -> str:
        """The name to show in errors."""

    def open(self) -> Stream:
        """A fresh stream from the first byte."""

    def seekable(self) -> IO[bytes]:
        """The bytes as a file that can seek, for archives inside."""


@dataclass(frozen=True)
class FileSource:
    """A regular file on disk, refused once it is no longer what it was when first seen."""

    name: str
    path: Path
    size: int
    stamp: tuple[int, int, int, int]

    @staticmethod
    def of(path: Path, name: str) -> FileSource:
        """The file as it is now."""
        handle = _open_regular(path, name)
        with handle:
            stamp = _stamp(os.fstat(handle.fileno()))
        return FileSource(name, path, stamp[0], stamp)

    def open(self) -> Stream:
        handle = self.seekable()

        def check() -> None:
            if _stamp(os.fstat(handle.fileno())) != self.stamp:
                raise ChangedWhileRead(self.name)

        return Stream(self.name, handle, check, lambda produced: None)

    def seekable(self) -> IO[bytes]:
        handle = _open_regular(self.path, self.name)
        if _stamp(os.fstat(handle.fileno())) != self.stamp:
            handle.close()
            raise ChangedWhileRead(self.name)
        return handle


@dataclass(frozen=True)
class GzipSource:
    """What a gzip file holds."""

    name: str
    packed: Source
    budget: Budget

    def open(self) -> Stream:
        packed = self.packed.open()
        raw = gzip.GzipFile(fileobj=_Readable(packed))  # type: ignore[call-overload]  # a raw stream is enough for it
        return Stream(self.name, raw, lambda: None, lambda produced: self.budget.spend(self.name, produced), packed)

    def seekable(self) -> IO[bytes]:
        return spooled(self.open())


@dataclass(frozen=True)
class MemberSource:
    """A member of a zip, found by its place, never by its name, and never written to a path."""

    name: str
    archive: Archive
    info: zipfile.ZipInfo

    def open(self) -> Stream:
        return self.archive.open(self.info, self.name)

    def seekable(self) -> IO[bytes]:
        return spooled(self.open())


@dataclass(frozen=True)
class Archive:
    """A zip whose directory was read once."""

    name: str
    source: Source
    budget: Budget

    @cached_property
    def zip(self) -> zipfile.ZipFile:
        handle = self.source.seekable()
        weakref.finalize(self, handle.close)
        index = Index(self.name, handle)
        try:
            found = zipfile.ZipFile(index)  # it reads and seeks, and nothing else
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                self.name, "has a member whose name is no text", "pack it again, or unpack it"
            ) from error
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
            raise UnreadableFile(
                self.name, "is not a complete zip: its directory at the end is missing or damaged", "download it again"
            ) from error
        index.is_being_read = False
        members = found.infolist()
        check_members(self.name, members)
        self.budget.foresee(sum(info.file_size for info in members))
        return found

    def open(self, info: zipfile.ZipInfo, name: str) -> Stream:
        """A member's bytes, counted against the budget."""
        if info.flag_bits & 0x1:
            raise UnreadableFile(name, "is protected by a password", "unpack it yourself and import what is inside")
        if info.compress_type not in METHODS:
            raise UnreadableFile(name, "is packed in a way that is not supported", "pack it again as an ordinary zip")
        try:
            raw = self.zip.open(info)
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise UnreadableFile(name, "is damaged: it does not unpack", "download it again") from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableFile(name, "is packed in a way that is not supported") from error
        key = f"{self.name}\0{info.header_offset}\0{info.orig_filename}"
        return Stream(name, raw, self._unchanged, lambda produced: self.budget.spend(key, produced))

    def _unchanged(self) -> None:
        check_unchanged(self.source)


def check_unchanged(source: Source) -> None:
    """Refuse a file on disk that is no longer what it was when first seen."""
    if isinstance(source, FileSource):
        source.seekable().close()


def sha256_of(source: Source) -> str:
    """The sha-256 of all bytes, in hex."""
    digest = hashlib.sha256()
    with source.open() as stream:
        while data := stream.read(READ):
            digest.update(data)
    return digest.hexdigest()


def spooled(stream: Stream) -> IO[bytes]:
    """The rest of a stream in an unnamed temporary file."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the archive inside keeps it open
    with stream:
        while data := stream.read(READ):
            spool.write(data)
    spool.seek(0)
    return spool


class _Readable:
    """A stream as `gzip` wants it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int = READ) -> bytes:
        return self._stream.read(size if size >= 0 else READ)


def _open_regular(path: Path, name: str) -> IO[bytes]:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        number = os.open(path, flags)
    except OSError as error:
        raise _not_read(name, "could not be opened", error) from error
    except ValueError as error:  # a NUL in the path
        raise UnreadableFile(name, "could not be opened: it is no path") from error
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        raise UnreadableFile(name, "is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
    return os.fdopen(number, "rb")


def _not_read(name: str, what: str, error: OSError) -> UnreadableFile:
    kind = Inaccessible if error.errno in DENIED else UnreadableFile
    return kind(name, f"{what}: {(error.strerror or str(error)).lower()}")


def _stamp(now: os.stat_result) -> tuple[int, int, int, int]:
    return now.st_size, now.st_mtime_ns, now.st_ino, now.st_dev
