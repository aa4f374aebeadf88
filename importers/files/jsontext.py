"""JSON: an array of objects, an object that holds one, an array of such answers, a map of ids to objects, or one object
a line.

Numbers keep their digits.  The ids of a map stand in a cell `key` of their records, the `category` of an answer in a
cell of that name.  In a list of arrays a cell is named by its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from importers.files.csvcareful import ENDS_INSIDE, lines_of
from importers.files.csvtext import whole_lines
from importers.files.encoding import Encoded, Utf8, encoding_of
from importers.files.limits import BOX_FILLED, BOX_LIMIT, COLUMN_LIMIT, ROW_LIMIT, TEXT_LIMIT
from importers.files.parts import Broken, Chunk, Filling, flaw, frame_of
from importers.files.sources import Source, sha256_of
from schemas.errors import RefusedFile, UnreadableFile

DOCUMENT_LIMIT = 512 << 20
"""Bytes of one JSON document, which is read as a whole; lines are not."""
ROWS = 50_000
"""Rows of one chunk."""
BLOCK = 8 << 20
KEY = "key"
"""Cell in which the id of a map's record stands; one of that name in the record itself stays."""
_ID = re.compile(r"[\d-]")
"""An id has a digit or a dash; `result`, `data` and the like are no ids."""
INHERITED = ("category",)
"""What an answer says once, beside its list, of all that is in the list; a record's own cell of that name stays."""
SAID_BESIDE: dict[Any, tuple[str, ...]] = {"assetPositions": ("time", "marginSummary")}
"""The same for lists of one name only (Hyperliquid: what an account held, and when)."""
OPENED = ("delta", "sender", "recipient", "position", "liquidation", "marginSummary")
"""Objects inside a record whose members are cells of their own: `delta.coin`."""
TOO_DEEP = "is nested too deeply"
_ERROR_KEYS = {"error", "errors", "err", "code", "msg", "message", "retcode", "retmsg", "error_code", "errormessage"}


class Number(str):
    """The text of a number, NaN or Infinity: no string."""


class Clash(dict[str, Any]):
    """An object that names a key twice."""


@dataclass(frozen=True)
class _Row:
    """A record's place, its raw value or text, and its cells by key or what is wrong."""

    source_row: int
    raw: object
    cells: dict[str, str]
    wrong: str = ""


@dataclass(frozen=True)
class JsonPart:
    """A JSON document or a file of JSON lines."""

    name: str
    file_name: str
    part_no: int
    source: Source
    encoding: str | None = None
    known_id: str | None = None
    sheet: str | None = None
    serial_epoch_1904: bool = False

    @cached_property
    def file_id(self) -> str:
        return self.known_id or sha256_of(self.source)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The union of the keys, in the order in which they first appear."""
        found: dict[str, None] = {}
        rows = filled = 0
        wrong: _Row | None = None
        for row in self._rows():
            wrong = wrong or (row if row.wrong else None)
            found.update(dict.fromkeys(row.cells))
            rows += 1
            filled += len(row.cells)
            if len(found) > COLUMN_LIMIT:
                raise RefusedFile(self.name, f"its objects have more than {COLUMN_LIMIT:,} different keys")
        box = rows * len(found)
        if box > BOX_LIMIT and filled * BOX_FILLED < box:
            why = (
                f"its {rows:,} objects have {len(found):,} different keys, and next to none has more than a few of them"
            )
            raise RefusedFile(self.name, why, "give it by kinds of objects, a file for each")
        if wrong is not None and not found:
            raise UnreadableFile(
                self.name, f"has no record that can be read: of record {wrong.source_row}, {wrong.wrong}"
            )
        return tuple(found)

    def head(self, rows: int = 40) -> list[tuple[int, list[str]]]:
        found = [(0, list(self.keys))]
        for row in self._rows():
            if len(found) >= rows:
                break
            if not row.wrong:
                found.append((row.source_row, [row.cells.get(key, "") for key in self.keys]))
        return found

    def chunks(self, header_row: int, width: int, encoding: str | None = None) -> Iterator[Chunk]:
        if encoding is not None and encoding != self.encoding:
            other = JsonPart(self.name, self.file_name, self.part_no, self.source, encoding, self.known_id)
            yield from other.chunks(header_row, width)
            return
        keys = self.keys[:width]
        numbers: list[int] = []
        rows: list[list[str]] = []
        broken: list[Broken] = []
        filling = Filling(ROWS, width)
        for row in self._rows():
            cells = [row.cells.get(key, "") for key in keys]
            fault = None if row.wrong else flaw(cells)
            if row.wrong or fault is not None:
                column, reason = (f"c{fault[0]}", fault[1]) if fault is not None else (None, row.wrong)
                broken.append(Broken(row.source_row, column, raw_text(row.raw)[:TEXT_LIMIT], reason))
            else:
                numbers.append(row.source_row)
                rows.append(cells)
            if filling.is_full_after(cells):
                yield Chunk(frame_of(numbers, rows, width), tuple(broken), 0)
                numbers, rows, broken = [], [], []
        if rows or broken:
            yield Chunk(frame_of(numbers, rows, width), tuple(broken), 0)

    def raw_row(self, source_row: int) -> str:
        return next((raw_text(row.raw) for row in self._rows() if row.source_row == source_row), "")

    @cached_property
    def _encoded(self) -> Encoded:
        return encoding_of(self.source, self.encoding)

    @cached_property
    def _is_lines(self) -> bool:
        """True if the first line is an object by itself, and more lines follow."""
        with Utf8(self.source, self._encoded) as text:
            start = text.read(ROW_LIMIT)
        first, _, more = start.lstrip().partition(b"\n" if b"\n" in start else b"\r")
        if not more.strip() or not first.startswith(b"{"):
            return False
        try:
            return isinstance(loads(first.decode()), dict)
        except (ValueError, RecursionError):
            return False

    @cached_property
    def _records(self) -> list[tuple[Any, Any]]:
        """The objects of a document: as it has them, and as rows (those of a map with their id)."""
        content = bytearray()
        with Utf8(self.source, self._encoded) as text:
            while data := text.read(BLOCK):
                content += data
                if len(content) > DOCUMENT_LIMIT:
                    raise RefusedFile(self.name, "a JSON document of more than 512 MiB; JSON lines have no such limit")
        try:
            document = loads(content.decode())
            return self._records_of(document)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(error.doc.rstrip()) or "Unterminated" in error.msg
            place = f"at line {error.lineno}, column {error.colno}"
            reason = f"is JSON that ends too early ({place})" if cut else f"is JSON that does not parse ({place})"
            raise UnreadableFile(self.name, reason, "download it again") from error
        except RecursionError as error:
            raise UnreadableFile(self.name, "is JSON that is nested too deeply") from error

    def _records_of(self, document: Any) -> list[tuple[Any, Any]]:
        for rows_in in (rows_of_arrays, rows_by_symbol, rows_by_code, rows_of):
            if (rows := rows_in(document)) is not None:
                return rows
        if (by_id := map_of_objects(document)) is None:
            if (alone := object_in_envelope(document)) is not None:
                return [(alone, alone)]
            raise UnreadableFile(self.name, *_no_table(document))
        if isinstance(by_id, Clash):
            raise UnreadableFile(self.name, "is JSON that has two records under one id", "download it again")
        return [({key: record}, type(record)({KEY: key} | record)) for key, record in by_id.items()]

    def _rows(self) -> Iterator[_Row]:
        if self._is_lines:
            yield from self._line_rows()
            return
        for index, (raw, record) in enumerate(self._records):
            yield _row(index + 1, raw, record)

    def _line_rows(self) -> Iterator[_Row]:
        number, rest = 0, b""
        with Utf8(self.source, self._encoded) as text:
            while True:
                data = text.read(BLOCK)
                rest += data
                end = whole_lines(rest) if data else len(rest)
                block, rest = rest[:end], rest[end:]
                if len(rest) > BLOCK + ROW_LIMIT:
                    raise RefusedFile(self.name, f"line {number + 1} is longer than 1 MiB")
                lines = lines_of(block.decode())
                for index, line in enumerate(lines):
                    number += 1
                    if line.strip():
                        is_last = not data and index == len(lines) - 1 and not line.endswith(("\n", "\r"))
                        yield _line_row(number, line, is_last)
                if not data:
                    return


def loads(text: str) -> Any:
    """The document, with numbers as their text and objects that name a key twice marked."""
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object)


def list_of_objects(document: Any) -> list[Any] | None:
    """The first list that holds an object, breadth first; a single flat object that is no message is one row."""
    level = [document]
    while level:
        below: list[Any] = []
        for value in level:
            if isinstance(value, list) and any(isinstance(item, dict) for item in value):
                return value
            below += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        level = below
    if not isinstance(document, dict) or len(document) < 3 or _ERROR_KEYS & {key.lower() for key in document}:
        return None
    return None if any(isinstance(value, (dict, list)) for value in document.values()) else [document]


def rows_of(document: Any) -> list[tuple[Any, Any]] | None:
    """The objects of the first list, as it has them and as rows; of a list of whole answers those of each answer."""
    records = list_of_objects(document)
    if records is None:
        return None
    if all(_is_answer(record) for record in records):
        return [row for answer in records for row in rows_of(answer) or ()] or None
    said = _said_around(document, records) or {}
    return [
        (record, type(record)(said | record) if said and isinstance(record, dict) else record) for record in records
    ]


def _is_answer(record: Any) -> bool:
    """Return whether a record is a whole answer of an API: `{"retCode":0,...}`, `{"code":"00000","data":...}`."""
    return isinstance(record, dict) and ("retCode" in record or {"code", "data"} <= record.keys())


CANDLES = "ohlcv"


def rows_of_arrays(document: Any) -> list[tuple[Any, Any]] | None:
    """The arrays of a list of arrays, as it has them and as rows whose cells are named by their place, from 0.

    An object that holds such a list as `ohlcv` says the rest of all of them: symbol, timeframe.
    """
    said: dict[str, Any] = {}
    if isinstance(document, dict) and isinstance(document.get(CANDLES), list):
        said = {key: item for key, item in document.items() if not isinstance(item, (dict, list))}
        document = document[CANDLES]
    if not isinstance(document, list) or not document or not all(_is_flat_array(record) for record in document):
        return None
    return [(record, said | {str(place): item for place, item in enumerate(record)}) for record in document]


def _is_flat_array(record: Any) -> bool:
    return isinstance(record, list) and bool(record) and not isinstance(record[0], (dict, list))


def rows_by_symbol(document: Any) -> list[tuple[Any, Any]] | None:
    """The objects of a map by symbol (`BTC/USDT`), whether it has one or a list for each, with the symbol as `key`."""
    if not isinstance(document, dict) or not document or not all("/" in symbol for symbol in document):
        return None
    listed = [(symbol, item if isinstance(item, list) else [item]) for symbol, item in document.items()]
    if not all(isinstance(record, dict) for _, records in listed for record in records):
        return None
    return [(record, type(record)({KEY: symbol} | record)) for symbol, records in listed for record in records]


BALANCE = ("free", "used", "total")
"""Maps of amounts by currency, as ccxt gives a balance."""


def rows_by_code(document: Any) -> list[tuple[Any, Any]] | None:
    """The amounts of a ccxt balance as a row for each currency, with what it says of all of them (its time)."""
    if not isinstance(document, dict) or not all(isinstance(document.get(part), dict) for part in BALANCE):
        return None
    said = {name: item for name, item in document.items() if not isinstance(item, (dict, list))}
    parts = {name: document[name] for name in (*BALANCE, "debt") if isinstance(document.get(name), dict)}
    codes = dict.fromkeys(code for amounts in parts.values() for code in amounts)
    own = {code: {name: amounts.get(code) for name, amounts in parts.items()} for code in codes}
    return [({code: amounts}, {"currency": code} | amounts | said) for code, amounts in own.items()] or None


def _said_around(value: Any, records: list[Any]) -> dict[str, Any] | None:
    """What the objects around a list say of its records; None where the list is not inside the value."""
    if value is records:
        return {}
    named: dict[Any, Any] = value if isinstance(value, dict) else {}
    below = named or (dict(enumerate(value)) if isinstance(value, list) else {})
    for name, item in below.items():
        if isinstance(item, (dict, list)) and (found := _said_around(item, records)) is not None:
            beside = {key: named[key] for key in SAID_BESIDE.get(name, ()) if key in named and item is records}
            return {key: named[key] for key in INHERITED if isinstance(named.get(key), str)} | beside | found
    return None


def map_of_objects(document: Any) -> dict[str, Any] | None:
    """The first object, breadth first, whose members are all ids of objects that hold no further objects."""
    level = [document]
    while level:
        below: list[Any] = []
        for value in level:
            if not isinstance(value, dict):
                continue
            if value and all(_ID.search(key) and _is_flat(item) for key, item in value.items()):
                return value
            below += value.values()
        level = below
    return None


def object_in_envelope(document: Any) -> dict[str, Any] | None:
    """The one object that a document holds under one key, `{"balance_summary": {...}}`, unless it is a message."""
    if not isinstance(document, dict) or len(document) != 1:
        return None
    inner = next(iter(document.values()))
    if not isinstance(inner, dict) or len(inner) < 3:
        return None
    return None if {key.lower() for key in (*document, *inner)} & _ERROR_KEYS else inner


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and not any(isinstance(cell, dict) for cell in value.values())


def compact(value: Any) -> str:
    """A value as JSON text without blanks, numbers as they were printed."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(key)}:{compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def raw_text(raw: object) -> str:
    """The text of a record: its line, or its compact JSON."""
    text = raw.rstrip("\r\n") if isinstance(raw, str) and not isinstance(raw, Number) else compact(raw)
    return text.encode(errors="backslashreplace").decode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Clash(pairs)


def _row(source_row: int, raw: object, value: Any) -> _Row:
    if not isinstance(value, dict):
        return _Row(source_row, raw, {}, "expected an object")
    try:
        if _has_clash(value):
            return _Row(source_row, raw, {}, "an object names a key twice")
        return _Row(source_row, raw, _cells(value))
    except RecursionError:
        return _Row(source_row, TOO_DEEP, {}, TOO_DEEP)


def _cells(record: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, item in record.items():
        if key in OPENED and isinstance(item, dict):
            cells |= {f"{key}.{name}": _cell(member) for name, member in item.items()}
        else:
            cells[key] = _cell(item)
    return cells


def _line_row(number: int, line: str, is_last: bool) -> _Row:
    if len(line) > ROW_LIMIT:
        return _Row(number, line, {}, "the line is longer than 1 MiB")
    try:
        value = loads(line.rstrip())
    except json.JSONDecodeError as error:
        return _Row(number, line, {}, ENDS_INSIDE if is_last else f"is no JSON at column {error.colno}")
    except RecursionError:
        return _Row(number, line, {}, TOO_DEEP)
    return _row(number, line, value)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return "" if value is None else compact(_sorted(value))


def _sorted(value: Any) -> Any:
    """The value with the members of its objects in one order, whichever the file has: a cell is compared as text."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _has_clash(value: Any) -> bool:
    if isinstance(value, Clash):
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_clash(item) for item in items if isinstance(item, (dict, list)))


def _no_table(document: Any) -> tuple[str, str]:
    text = raw_text(document if not isinstance(document, str) else json.dumps(document))[:200]
    if isinstance(document, dict) and _ERROR_KEYS & {key.lower() for key in document}:
        code = document.get("retCode", document.get("code", ""))
        if str(code) not in ("0", "200", "00000"):
            return f"is a JSON error message: {text}", "the venue refused the download; ask it again"
    if document == [] or "[]" in text:
        return "is JSON whose list is empty", "an export without rows says nothing of what it exports"
    return f"is JSON without a list of objects: {text}", ""
