"""Files that hold others: a zip, a workbook, a gzip.  Members are read in place; nothing is ever unpacked to a path."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zipfile import ZipInfo

from importers.files.apart import Apart
from importers.files.compound import SIGNATURE
from importers.files.csvtext import CsvPart
from importers.files.jsontext import JsonPart
from importers.files.kinds import SNIFF, Look, look, look_at_compound
from importers.files.limits import shown_name
from importers.files.oldbook import SIZE_LIMIT
from importers.files.parts import Chunk, Part
from importers.files.sources import Archive, Budget, GzipSource, MemberSource, Source, sha256_of
from importers.files.workbook import Sheets, sheet_parts
from schemas.errors import Inaccessible, RefusedFile, UnreadableFile

_OFFICE = {
    "xl/workbook.bin": ("is a binary workbook (.xlsb)", "save it as .xlsx or .csv, and import that"),
    "word/document.xml": ("is a Word document, not a table", ""),
    "ppt/presentation.xml": ("is a presentation, not a table", ""),
    "content.xml": ("is an OpenDocument file", "save it as .xlsx or .csv, and import that"),
}


@dataclass(frozen=True)
class UnreadablePart:
    """A member that is no table; it says so when its rows are asked for."""

    name: str
    file_name: str
    part_no: int
    source: Source
    error: UnreadableFile
    sheet: str | None = None
    serial_epoch_1904: bool = False

    @property
    def file_id(self) -> str:
        return sha256_of(self.source)

    def head(self, rows: int = 40) -> list[tuple[int, list[str]]]:
        raise self.error

    def chunks(self, header_row: int, width: int, encoding: str | None = None) -> Iterator[Chunk]:
        raise self.error

    def raw_row(self, source_row: int) -> str:
        raise self.error


@dataclass(frozen=True)
class Place:
    """Where a source lies: names to show, depth of zips and of gzips around it, and the options of its bundle."""

    name: str
    file_name: str
    part_no: int
    encoding: str | None
    budget: Budget
    zips: int = 0
    gzips: int = 0


def look_into(source: Source) -> Look:
    """What a source is; more than its first bytes are read where these leave it open."""
    with source.open() as stream:
        start = stream.read(SNIFF)
        if start.startswith(SIGNATURE):
            content = start + stream.read(SIZE_LIMIT)
            return look_at_compound(content) if len(content) <= SIZE_LIMIT else Look("xls")
    return look(start)


def read_parts(source: Source, place: Place, file_id: str | None) -> list[Part]:
    """The parts of a source.  Raises UnreadableFile if it is no table and holds none."""
    seen = look_into(source)
    if seen.kind == "none":
        raise UnreadableFile(place.name, seen.reason, seen.hint)
    if seen.kind == "gzip":
        if place.gzips:
            raise UnreadableFile(place.name, "is packed with gzip twice", "unpack it once, and import that")
        inner = GzipSource(place.name, source, place.budget)
        file_name = place.file_name[:-3] if place.file_name.lower().endswith(".gz") else place.file_name
        return read_parts(inner, replace(place, file_name=file_name, gzips=1), None)
    if seen.kind == "zip":
        return _archive_parts(source, place, file_id)
    known_id = file_id or sha256_of(source)
    if seen.kind == "xls":
        return _sheets_of(Apart(place.name, "xls", source, place.budget, place.zips > 0), place, known_id)
    if seen.kind == "json":
        return [JsonPart(place.name, place.file_name, place.part_no, source, place.encoding, known_id)]
    return [CsvPart(place.name, place.file_name, place.part_no, source, place.encoding, known_id)]


def _archive_parts(source: Source, place: Place, file_id: str | None) -> list[Part]:
    archive = Archive(place.name, source, place.budget)
    names = set(archive.zip.namelist())
    if "[Content_Types].xml" in names or "xl/workbook.xml" in names or "mimetype" in names:
        for member, (reason, hint) in _OFFICE.items():
            if member in names:
                raise UnreadableFile(place.name, reason, hint)
        return _sheets_of(
            Apart(place.name, "xlsx", source, place.budget, place.zips > 0), place, file_id or sha256_of(source)
        )
    if place.zips > 1:
        raise UnreadableFile(place.name, "is a zip in a zip in a zip", "unpack it, and import what is inside")
    return _member_parts(archive, place)


def _sheets_of(workbook: Sheets, place: Place, file_id: str) -> list[Part]:
    sheets = sheet_parts(workbook, place.name, place.file_name, place.part_no, file_id)
    if not sheets:
        raise UnreadableFile(place.name, "is a workbook without sheets of cells")
    return list(sheets)


def _member_parts(archive: Archive, place: Place) -> list[Part]:
    members = [info for info in archive.zip.infolist() if not info.is_dir() and not _is_hidden(info)]
    place.budget.hold(len(members))
    for info in members:
        if _leads_out(info.orig_filename):
            raise RefusedFile(place.name, f"its member {shown_name(info.orig_filename)} leads out of the archive",
                              "unpack it yourself, look at what is inside, and import that")  # fmt: skip
    parts: list[Part] = []
    seen: dict[str, int] = {}
    for info in members:
        seen[info.orig_filename] = count = seen.get(info.orig_filename, 0) + 1
        shown = shown_name(info.orig_filename) + (f"#{count}" if count > 1 else "")
        file_name = info.orig_filename.replace("\\", "/").rpartition("/")[2]
        source = MemberSource(f"{place.name}/{shown}", archive, info)
        part_no = place.part_no + len(parts)
        inner = replace(place, name=source.name, file_name=file_name, part_no=part_no, zips=place.zips + 1, gzips=0)
        try:
            if stat.S_ISLNK(info.external_attr >> 16):
                raise UnreadableFile(source.name, "is a symbolic link, which is not followed")
            parts += read_parts(source, inner, None)
        except Inaccessible:
            raise
        except UnreadableFile as error:
            parts.append(UnreadablePart(inner.name, file_name, inner.part_no, source, error))
    if not parts:
        raise UnreadableFile(place.name, "is a zip that holds no files")
    return parts


def _leads_out(name: str) -> bool:
    """Say whether a member is named outside its archive.  Nothing is ever unpacked; no venue makes such a file."""
    folders = name.replace("\\", "/").split("/")
    return ".." in folders or not folders[0] or folders[0].endswith(":")


def _is_hidden(info: ZipInfo) -> bool:
    folders = info.orig_filename.replace("\\", "/").split("/")
    return folders[0] == "__MACOSX" or any(folder.startswith(".") and folder.strip(".") for folder in folders)
