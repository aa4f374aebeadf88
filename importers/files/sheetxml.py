"""The XML inside a workbook, streamed: rows of cells as printed digits, and the shared strings.

Numbers are taken as the text of `<v>`, never through a float.  A document type declaration is refused, so that no
entity can expand.  (`defusedxml`'s own iterparse refuses the same, in pure Python and five times as slow.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from importers.files.limits import BOX_FILLED, BOX_LIMIT, CELL_LIMIT, COLUMN_LIMIT, ROW_LIMIT, TEXT_LIMIT
from importers.files.sources import Stream
from schemas.errors import RefusedFile, UnreadableFile

READ = 256 * 1024
HAS_DOCUMENT_TYPE = (
    "its XML declares a document type, which no workbook needs", "save it as .csv, and import that",
)  # fmt: skip
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass
class SheetRow:
    """A row: its number, (column index, text) of its cells, and what is wrong with it, as (column, reason)."""

    number: int
    cells: list[tuple[int, str]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


class _Names(dict[str, str]):
    """Element names without their namespace, each computed once."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(" ")[2]
        return local


class _Refused(Exception):
    pass


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*about: object) -> None:
        raise _Refused

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _feed(parser: expat.XMLParserType, stream: Stream, name: str) -> Iterator[None]:
    """Parse piece by piece, yielding after each."""
    try:
        while data := stream.read(READ):
            parser.Parse(data, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise UnreadableFile(name, f"is damaged: its XML does not parse ({error})", "download it again") from error
    except _Refused as error:
        raise RefusedFile(name, *HAS_DOCUMENT_TYPE) from error


def shared_strings(stream: Stream, name: str) -> list[str]:
    """The texts that cells refer to; runs of rich text are joined, phonetic hints left out."""
    found: list[str] = []
    pieces: list[str] = []
    local = _Names()
    inside = {"t": 0, "rPh": 0}

    def start(tag: str, attributes: object) -> None:
        tag = local[tag]
        if tag == "si":
            pieces.clear()
        elif tag in inside:
            inside[tag] += 1

    def end(tag: str) -> None:
        tag = local[tag]
        if tag == "si":
            found.append(unescaped("".join(pieces)))
        elif tag in inside:
            inside[tag] -= 1

    def text(data: str) -> None:
        if inside["t"] and not inside["rPh"]:
            pieces.append(data)

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    for _ in _feed(parser, stream, name):
        pass
    return found


def sheet_rows(stream: Stream, strings: list[str], name: str) -> Iterator[SheetRow]:
    """Yield the rows in the order of the file; the sheet's own statement of its size is not believed."""
    sheet = _Sheet(strings)
    parser = _parser()
    parser.StartElementHandler = sheet.start
    parser.EndElementHandler = sheet.end
    parser.CharacterDataHandler = sheet.text
    for _ in _feed(parser, stream, name):
        rows, sheet.rows = sheet.rows, []
        yield from rows
        box = sheet.last_filled * (sheet.right + 1)
        if box > BOX_LIMIT and sheet.filled * BOX_FILLED < box:
            last = f"{column_letters(sheet.right)}{sheet.last_filled}"
            raise RefusedFile(
                name,
                f"its cells reach to {last}, a rectangle of {box:,} cells of which {sheet.filled:,} are filled",
                "delete the cells far away from the others, or save it as .csv",
            )


class _Sheet:
    """The state of one pass over a sheet."""

    def __init__(self, strings: list[str]) -> None:
        self.rows: list[SheetRow] = []
        self.filled = self.last_filled = 0
        self.right = -1
        self._strings = strings
        self._local = _Names()
        self._columns: dict[str, int] = {}
        self._row = SheetRow(0)
        self._last = 0
        self._kind = "n"
        self._column = -1
        self._pieces: list[str] = []
        self._length = self._row_length = 0
        self._takes_text = False
        self._in_hint = False
        self._has_value = self._has_formula = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = self._local[tag]
        if tag == "c":
            self._kind = attributes.get("t", "n")
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                letters = reference.rstrip("0123456789")
                column = self._columns.get(letters)
                self._column = self._columns.setdefault(letters, column_index(letters)) if column is None else column
            self._pieces.clear()
            self._length = 0
            self._has_value = self._has_formula = False
        elif tag == "v":
            self._takes_text = self._has_value = True
        elif tag == "t":
            self._takes_text = self._has_value = not self._in_hint
        elif tag == "f":
            self._has_formula = True
        elif tag == "row":
            stated = attributes.get("r", "")
            number = int(stated) if stated.isdecimal() and len(stated) < 9 else self._last + 1
            self._row = SheetRow(number)
            if number <= self._last:
                self._row.wrong.append(("", f"row {number} comes after row {self._last}"))
            self._last = max(self._last, number)
            self._column = -1
            self._row_length = 0
        elif tag == "rPh":
            self._in_hint = True

    def text(self, data: str) -> None:
        if self._takes_text and self._length <= CELL_LIMIT:
            self._length += len(data)
            self._pieces.append(data)

    def end(self, tag: str) -> None:
        tag = self._local[tag]
        if tag in ("v", "t"):
            self._takes_text = False
        elif tag == "c":
            self._cell()
        elif tag == "row":
            self.rows.append(self._row)
        elif tag == "rPh":
            self._in_hint = False

    def _cell(self) -> None:
        pieces = self._pieces
        value = pieces[0] if len(pieces) == 1 else "".join(pieces)
        kind = self._kind
        wrong = ""
        if kind == "s" and value:
            index = int(value) if value.isdecimal() and len(value) < 10 else len(self._strings)
            if index < len(self._strings):
                value = self._strings[index]
            else:
                wrong = "refers to a text that the workbook does not hold"
        elif kind == "b":
            value = {"1": "true", "0": "false"}.get(value, value)
        elif kind == "e":
            wrong = f"holds the error {value or '?'}"
        elif kind in ("inlineStr", "str"):
            value = unescaped(value)
        if self._has_formula and (not self._has_value or (not value and kind != "str")):
            wrong = "holds a formula without its result"
        if self._column < 0:
            wrong = "has a place that is none"
        if len(value) > CELL_LIMIT:
            wrong, value = "is longer than 64 KiB", value[:TEXT_LIMIT]
        row = self._row
        if wrong and not row.wrong:
            cell = f"{column_letters(self._column)}{row.number}"
            row.wrong.append((f"c{self._column}" if self._column >= 0 else "", f"cell {cell} {wrong}"))
        if not value or self._column < 0:
            return
        self.filled += 1
        self.last_filled = max(self.last_filled, row.number)
        self.right = max(self.right, self._column)
        self._row_length += len(value)
        if self._row_length > ROW_LIMIT or len(row.cells) > COLUMN_LIMIT:
            why = (
                "the row is longer than 1 MiB" if self._row_length > ROW_LIMIT else f"more than {COLUMN_LIMIT:,} cells"
            )
            row.wrong = row.wrong or [("", why)]
            return
        row.cells.append((self._column, value))


def unescaped(text: str) -> str:
    """The text with `_x000D_` and the like as the characters they stand for."""
    return _ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


def column_index(letters: str) -> int:
    """The index of a column from its letters, from 0; -1 if they are none."""
    if not 0 < len(letters) <= 3 or not (letters.isascii() and letters.isalpha()):
        return -1
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_letters(index: int) -> str:
    """The letters of a column index."""
    letters, rest = "", index + 1
    while rest > 0:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters or "?"
