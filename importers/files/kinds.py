"""What a file is, judged by its first bytes; its suffix is never asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from importers.files.compound import Compound, DamagedCompound

Kind = Literal["text", "json", "zip", "gzip", "xls", "none"]

SNIFF = 64 * 1024
"""Bytes that are enough to tell."""

ENCRYPTED = "EncryptedPackage"
OLD_WORKBOOK = ("Workbook", "Book")
"""Names of streams."""

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"II*\0", "an image (TIFF)"),
    (b"MM\0*", "an image (TIFF)"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a text document (RTF)"),
)
_PACKED = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"\xfd7zXZ\0", "packed with xz"),
)
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|!--|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)
_LOGIN = re.compile(rb"log[ -]?in|sign[ -]?in|password|captcha|cloudflare", re.IGNORECASE)
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f\0"))


@dataclass(frozen=True)
class Look:
    """A kind; if it is `none`, what the file is instead (said after its name), and what to do about it."""

    kind: Kind
    reason: str = ""
    hint: str = ""


def look(start: bytes) -> Look:  # noqa: PLR0911 - a list of cases
    """What a file with these first bytes is."""
    if not start:
        return Look("none", "is empty", "download it again: an export without rows still has a header")
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return Look("zip")
    if start[:2] == b"\x1f\x8b":
        return Look("gzip")
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return Look("none", f"is {name}, not a table", "ask the venue for a CSV or XLSX export")
    for magic, name in _PACKED:
        if start.startswith(magic):
            return Look("none", f"is {name}", "unpack it, and import what is inside")
    if start[:3] == b"BZh" and start[4:10] == b"1AY&SY":
        return Look("none", "is packed with bzip2", "unpack it, and import what is inside")
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Look("none", "is an image (WebP), not a table")
    if start[257:262] == b"ustar":
        return Look("none", "is a tar archive", "unpack it, and import what is inside")
    if start[8:12] == b"DUCK":
        return Look("none", "is a DuckDB database, not an export")
    return _text(start)


def _text(start: bytes) -> Look:
    if start[:2] in _BOMS:
        start = start[: len(start) & ~1].decode("utf-16", errors="ignore").encode()
    body = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if body.startswith(b"<?xml"):
        if b"<html" in body[:1000].lower():
            return _html(body)
        return Look("none", "is an XML document, not a table", "save it as .xlsx or .csv")
    if _HTML.match(body):
        return _html(body)
    if re.match(rb"\{\s*[\"}]|\[\s*[\[{\]]", body):
        return Look("json")
    if len(start.translate(None, _CONTROLS)) < 0.9 * len(start):
        return Look("none", "holds binary data, not text")
    return Look("text")


def _html(body: bytes) -> Look:
    if _LOGIN.search(body):
        hint = "log in at the venue and download the export again"
        return Look("none", "is an HTML page (probably a login page)", hint)
    return Look("none", "is an HTML page, not a table", "download the export again, as CSV or XLSX")


def look_at_compound(content: bytes) -> Look:
    """What an OLE compound file is: an encrypted workbook, an old one, or neither.

    Where its directory is damaged, the names that stand anywhere in it decide; what reads it then says what is wrong.
    """
    try:
        names: Collection[str] = Compound(content).names
    except DamagedCompound:
        names = [name for name in (ENCRYPTED, *OLD_WORKBOOK) if name.encode("utf-16-le") in content]
        if not names:
            return Look("none", "is an old Office file that is damaged or cut off", "download it again")
    if ENCRYPTED in names:
        return Look("none", "is encrypted with a password", "open it, save it without a password, and import that")
    if any(name in names for name in OLD_WORKBOOK):
        return Look("xls")
    return Look("none", "is an old Office document, not a table", "save it as .xlsx or .csv, and import that")
