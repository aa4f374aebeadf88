"""OLE compound files, as old Office documents are: the streams they hold, found without trusting their tables.

No chain of sectors is followed for longer than its table is long, and no entry of the tree of names is visited twice,
so that a file made to loop is damaged, never slow.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512
_ENTRY = 128
_LAST_SECTOR = 0xFFFFFFFA
"""Numbers from here on are marks (free, end of chain), not sectors."""
_NO_ENTRY = 0xFFFFFFFF
_STREAM = 2
_SECTOR_SHIFTS = (9, 12)
_MINI_SHIFT = 6


class DamagedCompound(Exception):
    """A compound file whose tables do not hold together."""


@dataclass(frozen=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


@dataclass(frozen=True)
class Compound:
    """A compound file's bytes, and the streams at its root."""

    content: bytes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the streams at the root.  Raises DamagedCompound."""
        return tuple(self._root)

    def stream(self, name: str) -> bytes:
        """The bytes of a stream at the root.  Raises DamagedCompound, KeyError."""
        entry = self._root[name]
        if entry.size >= self._cutoff:
            content = self._joined(entry.start, self._fat, self._sector)
        else:
            content = self._joined(entry.start, self._mini_fat, self._mini_sector)
        if len(content) < entry.size:
            raise DamagedCompound("a stream ends too early")
        return content[: entry.size]

    @cached_property
    def _shift(self) -> int:
        (shift, mini) = self._numbers("<HH", 30)
        if shift not in _SECTOR_SHIFTS or mini != _MINI_SHIFT:
            raise DamagedCompound("sectors of an unknown size")
        return shift

    @cached_property
    def _cutoff(self) -> int:
        return self._numbers("<I", 56)[0]

    @cached_property
    def _fat(self) -> Sequence[int]:
        """The sector after each sector."""
        sectors = [sector for sector in self._numbers("<109I", 76) if sector < _LAST_SECTOR]
        following, seen = self._numbers("<I", 68)[0], set()
        while following < _LAST_SECTOR:
            if following in seen:
                raise DamagedCompound("its list of tables runs in a circle")
            seen.add(following)
            *more, following = self._table(self._sector(following))
            sectors += [sector for sector in more if sector < _LAST_SECTOR]
        if len(set(sectors)) < len(sectors):
            raise DamagedCompound("its list of tables names one twice")
        return self._table(b"".join(self._sector(sector) for sector in sectors))

    @cached_property
    def _mini_fat(self) -> Sequence[int]:
        start = self._numbers("<I", 60)[0]
        return self._table(self._joined(start, self._fat, self._sector)) if start < _LAST_SECTOR else []

    @cached_property
    def _mini_content(self) -> bytes:
        return self._joined(self._entries[0].start, self._fat, self._sector)

    @cached_property
    def _entries(self) -> list[_Entry]:
        directory = self._joined(self._numbers("<I", 48)[0], self._fat, self._sector)
        found = []
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            entry = directory[at : at + _ENTRY]
            length = min(max(struct.unpack_from("<H", entry, 64)[0] - 2, 0), 64)
            left, right, child = struct.unpack_from("<III", entry, 68)
            start, size = struct.unpack_from("<II", entry, 116)
            name = entry[:length].decode("utf-16-le", errors="replace")
            found.append(_Entry(name, entry[66], left, right, child, start, size))
        if not found:
            raise DamagedCompound("it has no directory")
        return found

    @cached_property
    def _root(self) -> dict[str, _Entry]:
        waiting, seen, streams = [self._entries[0].child], set(), {}
        while waiting:
            number = waiting.pop()
            if number == _NO_ENTRY or number in seen:
                continue
            if number >= len(self._entries):
                raise DamagedCompound("its directory names an entry that is not there")
            seen.add(number)
            entry = self._entries[number]
            waiting += [entry.left, entry.right]
            if entry.kind == _STREAM:
                streams[entry.name] = entry
        return streams

    def _joined(self, start: int, following: Sequence[int], sector: Callable[[int], bytes]) -> bytes:
        pieces, left = [], min(len(following), len(self.content) >> _MINI_SHIFT)
        size = 0
        while start < _LAST_SECTOR:
            if start >= len(following) or left == 0:
                raise DamagedCompound("a chain of sectors leads out of the file or runs in a circle")
            pieces.append(sector(start))
            size += len(pieces[-1])
            if size > len(self.content):
                raise DamagedCompound("a chain of sectors leads out of the file or runs in a circle")
            start, left = following[start], left - 1
        return b"".join(pieces)

    def _sector(self, number: int) -> bytes:
        size = 1 << self._shift
        at = (number + 1) << self._shift
        piece = self.content[at : at + size]
        if not piece:
            raise DamagedCompound("a sector lies beyond the end of the file")
        return piece.ljust(size, b"\0")

    def _mini_sector(self, number: int) -> bytes:
        size = 1 << _MINI_SHIFT
        piece = self._mini_content[number * size : (number + 1) * size]
        if not piece:
            raise DamagedCompound("a small sector lies beyond its stream")
        return piece

    def _table(self, content: bytes) -> Sequence[int]:
        numbers = array("I")
        numbers.frombytes(content[: len(content) // 4 * 4])
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def _numbers(self, pattern: str, at: int) -> tuple[int, ...]:
        if len(self.content) < _HEADER:
            raise DamagedCompound("it ends inside its header")
        return struct.unpack_from(pattern, self.content, at)
