"""What is asked of a zip before it is unpacked: how long its list is, what it says it holds, where that lies.

What a zip says of itself is believed only where it speaks against it; all that comes out is counted again (`Budget`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from importers.files.limits import INDEX_LIMIT, shown_name
from schemas.errors import RefusedFile

METHODS = (ZIP_STORED, ZIP_DEFLATED)
"""Other ways of packing (bzip2, LZMA) unpack gigabytes from a few bytes at one go, before anybody can count."""
LOCAL_HEADER = 30
"""Bytes before a member, without its name."""


class Index:
    """A zip's bytes while its list of members is read, which is read at one go: a longer one is refused."""

    def __init__(self, name: str, raw: IO[bytes]) -> None:
        self._name = name
        self._raw = raw
        self.seek, self.tell, self.close, self.seekable = raw.seek, raw.tell, raw.close, raw.seekable
        self.is_being_read = True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if not self.is_being_read:
            return self._raw.read(size)
        data = self._raw.read(size if 0 <= size <= INDEX_LIMIT else INDEX_LIMIT + 1)
        if len(data) > INDEX_LIMIT:
            raise RefusedFile(self._name, f"the list of its members is longer than {INDEX_LIMIT >> 20} MiB")
        return data


def check_members(name: str, members: Sequence[ZipInfo]) -> None:
    """Refuse a zip in which two members share bytes: a few bytes can so be unpacked a thousand times."""
    end, before = 0, ""
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset < end:
            here = shown_name(info.orig_filename)
            raise RefusedFile(name, f"its members {before} and {here} lie over each other", "download it again")
        end = info.header_offset + LOCAL_HEADER + info.compress_size
        before = shown_name(info.orig_filename)
