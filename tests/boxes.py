"""Zips and workbooks built by hand, so that they can say of themselves what no program would let them say."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DAY = (46 << 9) | (2 << 5) | 3
"""2026-02-03 as zips write it."""
SYMLINK = 0o120777 << 16
STORED, DEFLATED, BZIP2, AES = 0, 8, 12, 99


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file in a zip, and what the zip says of it where that is not the truth."""

    name: str | bytes
    content: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    attributes: int = 0
    packed: bytes | None = None
    stated_size: int | None = None
    stated_sum: int | None = None
    lies_at: int | None = None
    """Where the list says that it begins."""


def zip_of(*members: Member | tuple[str, bytes], members_stated: int | None = None) -> bytes:
    """Return a zip of members, or of names with their bytes."""
    body, listed = b"", b""
    made = [Member(name=one[0], content=one[1]) if isinstance(one, tuple) else one for one in members]
    for one in made:
        name = one.name.encode() if isinstance(one.name, str) else one.name
        packed = one.packed if one.packed is not None else _packed(one)
        size = len(one.content) if one.stated_size is None else one.stated_size
        total = zlib.crc32(one.content) if one.stated_sum is None else one.stated_sum
        flags = one.flags | (0 if name.isascii() else 0x800)
        about = struct.pack("<HHHHHIIIHH", 20, flags, one.method, 0, DAY, total, len(packed), size, len(name), 0)
        at = len(body) if one.lies_at is None else one.lies_at
        body += b"PK\x03\x04" + about + name + packed
        listed += b"PK\x01\x02\x14\x03" + about + struct.pack("<HHHII", 0, 0, 0, one.attributes, at) + name
    count = len(made) if members_stated is None else members_stated
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), len(body), 0)
    return body + listed + b"PK\x05\x06" + end


def _packed(one: Member) -> bytes:
    if one.method != DEFLATED:
        return one.content
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(one.content) + packer.flush()


def repeated(start: bytes, pattern: bytes, times: int, end: bytes = b"") -> bytes:
    """Return what unpacks to a start, a pattern so many times and an end, without ever having been that large."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(pattern) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * times + packer.compress(end) + packer.flush()


def gzip_of(content: bytes, *, packed: bytes | None = None, name: bytes = b"") -> bytes:
    """Return a gzip, with a name of its own if it is to have one."""
    head = b"\x1f\x8b\x08" + (b"\x08" if name else b"\0") + b"\0" * 4 + b"\x02\xff" + (name + b"\0" if name else b"")
    if packed is None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
    return head + packed + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of a workbook: its rows as XML or as texts, and how it is told."""

    rows: str | Sequence[Sequence[str]]
    name: str = "S"
    state: str = "visible"
    dimension: str = "A1"
    prolog: str = ""


def workbook(
    *sheets: Sheet, strings: bytes | None = None, packed_strings: bytes | None = None, properties: str = "",
    prolog: str = "", targets: Mapping[str, str] | None = None, more: Sequence[Member] = (),
) -> bytes:  # fmt: skip
    """Return a workbook of these sheets."""
    listed = "".join(
        f'<sheet name="{one.name}" sheetId="{number}" state="{one.state}" r:id="rId{number}"/>'
        for number, one in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{LINKS}/worksheet" '
        f'Target="{(targets or {}).get(one.name, f"worksheets/s{number}.xml")}"/>'
        for number, one in enumerate(sheets, 1)
    )
    texts = Member(name="xl/ss.xml", content=strings or f'<sst xmlns="{MAIN}"/>'.encode(), packed=packed_strings)
    parts = [
        ("[Content_Types].xml", "<Types/>"),
        ("xl/workbook.xml",
         f'{prolog}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr {properties}/>'
         f"<sheets>{listed}</sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels",
         f'<Relationships xmlns="{PACKAGE}">{links}'
         f'<Relationship Id="rIds" Type="{LINKS}/sharedStrings" Target="/xl/ss.xml"/></Relationships>'),
        *((f"xl/worksheets/s{number}.xml", sheet_xml(one)) for number, one in enumerate(sheets, 1)),
    ]  # fmt: skip
    return zip_of(*((name, text.encode()) for name, text in parts), texts, *more)


def sheet_xml(sheet: Sheet) -> str:
    """Return the XML of a sheet."""
    rows = sheet.rows if isinstance(sheet.rows, str) else "".join(map(row_xml, sheet.rows, range(1, 1 << 20)))
    return (
        f'{sheet.prolog}<worksheet xmlns="{MAIN}"><dimension ref="{sheet.dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def row_xml(cells: Sequence[str], number: int) -> str:
    """Return a row of texts; a cell that begins with `<` is XML already."""
    made = (
        cell if cell.startswith("<") else f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        for at, cell in enumerate(cells)
    )  # fmt: skip
    return f'<row r="{number}">{"".join(made)}</row>'
