"""The workbook around the sheets (XLSX, XLSM): which there are, which clock they count from, the shared strings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element, ParseError
from zipfile import ZipInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from importers.files.limits import SHEET_LIMIT, shown_name
from importers.files.sheetxml import HAS_DOCUMENT_TYPE, SheetRow, shared_strings, sheet_rows
from importers.files.sources import Archive
from schemas.errors import RefusedFile, UnreadableFile

DIRECTORY_LIMIT = 4 << 20
"""Bytes of the workbook's own directory of sheets."""
_WORKBOOK = "xl/workbook.xml"


@dataclass(frozen=True)
class Workbook:
    """A workbook whose directory of sheets can be read."""

    name: str
    archive: Archive

    @cached_property
    def sheets(self) -> list[tuple[str, str]]:
        """(name, member) of each sheet of cells, in the order of the tabs."""
        folder = posixpath.dirname(self._path)
        targets = {}
        for relation in self._relations:
            if relation.get("Type", "").endswith("/worksheet"):
                targets[relation.get("Id", "")] = _target(folder, relation)
        found = []
        for sheet in self._directory.iter():
            if _local(sheet.tag) == "sheet":
                relation_id = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
                if relation_id in targets:
                    found.append((sheet.get("name", ""), targets[relation_id]))
        if len(found) > SHEET_LIMIT:
            raise RefusedFile(self.name, f"it holds more than {SHEET_LIMIT} sheets")
        if len({member for _, member in found}) < len(found):
            raise RefusedFile(self.name, "two of its sheets are one and the same", "save it again, and import that")
        return found

    @cached_property
    def is_1904(self) -> bool:
        """True if serial dates count from 1904."""
        return any(
            _local(element.tag) == "workbookPr" and element.get("date1904", "0").lower() in ("1", "true", "on")
            for element in self._directory.iter()
        )

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings, loaded once for all sheets."""
        folder = posixpath.dirname(self._path)
        for relation in self._relations:
            if relation.get("Type", "").endswith("/sharedStrings"):
                with self.archive.open(self._info(_target(folder, relation)), self.name) as stream:
                    return shared_strings(stream, self.name)
        return []

    def rows(self, member: str) -> Iterator[SheetRow]:
        """The rows of a sheet."""
        with self.archive.open(self._info(member), self.name) as stream:
            yield from sheet_rows(stream, self.strings, self.name)

    @cached_property
    def _path(self) -> str:
        names = self.archive.zip.namelist()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise RefusedFile(self.name, f"two of its parts have the name {shown_name(twice)}",
                              "save it again, and import that")  # fmt: skip
        if _WORKBOOK in names:
            return _WORKBOOK
        for relation in self._xml("_rels/.rels"):
            if relation.get("Type", "").endswith("/officeDocument"):
                return relation.get("Target", "").lstrip("/")
        raise UnreadableFile(self.name, "is no complete workbook: its directory of sheets is missing")

    @cached_property
    def _relations(self) -> Element:
        folder, file = posixpath.split(self._path)
        return self._xml(posixpath.join(folder, "_rels", file + ".rels"))

    @cached_property
    def _directory(self) -> Element:
        return self._xml(self._path)

    def _xml(self, member: str) -> Element:
        with self.archive.open(self._info(member), self.name) as stream:
            content = stream.read(DIRECTORY_LIMIT + 1)
        if len(content) > DIRECTORY_LIMIT:
            raise RefusedFile(self.name, f"its directory of sheets is larger than {DIRECTORY_LIMIT >> 20} MiB")
        try:
            root: Element = fromstring(content, forbid_dtd=True)
        except DefusedXmlException as error:
            raise RefusedFile(self.name, *HAS_DOCUMENT_TYPE) from error
        except (ParseError, ValueError) as error:
            raise UnreadableFile(self.name, f"is damaged: {shown_name(member)} does not parse",
                                 "download it again") from error  # fmt: skip
        return root

    def _info(self, member: str) -> ZipInfo:
        try:
            return self.archive.zip.getinfo(member)
        except KeyError as error:
            reason = f"is no complete workbook: {shown_name(member)} is missing"
            raise UnreadableFile(self.name, reason, "download it again") from error


def _target(folder: str, relation: Element) -> str:
    """The member that a relation names: from the top, or from the folder of the directory."""
    target = relation.get("Target", "")
    return posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target))


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
