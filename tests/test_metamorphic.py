"""What does not change what an export says changes nothing: on the golden exports of every built-in format.

Two layers.  READ: one export in another dress is read as the same rows.  BOOK: all exports of a venue, brought in
otherwise, give a book of the same digest.  Every relation is tried on a share of the data, the same on every run;
`MARGINBOOK_EXAMPLES=10` (`make longtest`) tries every relation on everything.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from ledger.book import Book
from ledger.storage.importing import Asked
from schemas.errors import MarginbookError
from tests.examples import IS_USUAL
from tests.test_golden import EXPORTS, VENUES

DELIMITERS = ",;\t"
FEWEST_INSTANTS = 4
"""Every part of an export has two instants at least: of one alone nobody can tell whether newest rows come first."""
Reading = Counter[str]


class Inapplicable(Exception):
    """A relation says nothing of an export."""


@dataclass(frozen=True)
class Export:
    """A golden export: its place below a folder, its bytes and what is said of it."""

    name: str
    content: bytes
    options: Options

    @property
    def text(self) -> str:
        """Return it as text."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Inapplicable from None

    @property
    def is_json(self) -> bool:
        """Return whether it is JSON, of any shape."""
        return self.text.lstrip()[:1] in ("{", "[")

    def lines(self) -> list[str]:
        """Return the lines of a text."""
        return self.text.splitlines()

    def written(self, folder: Path) -> Path:
        """Write it into a folder."""
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


@dataclass(frozen=True)
class Table:
    """A delimited export with one header on top, every column named once."""

    export: Export
    header: list[str]
    rows: list[list[str]]
    delimiter: str

    @classmethod
    def of(cls, export: Export) -> Table:
        """Take an export apart.  Raises Inapplicable where it is no such table."""
        text = export.text
        if export.is_json or not export.name.endswith(".csv"):
            raise Inapplicable
        delimiter = max(DELIMITERS, key=text.split("\n", 1)[0].count)
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            raise Inapplicable from None
        header, *rows = [row for row in rows if row]
        is_plain = len(header) > 1 and len(set(header)) == len(header) and all(len(row) == len(header) for row in rows)
        if not is_plain or not rows or any(cell.replace(".", "").isdigit() for cell in header):
            raise Inapplicable
        return cls(export, header, rows, delimiter)

    def dressed(self, rows: Sequence[Sequence[str]], header: Sequence[str] | None = None, **style: int) -> Export:
        """Return the export with other rows."""
        out = io.StringIO(newline="")
        printer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n", **style)  # type: ignore[arg-type]
        printer.writerows([self.header if header is None else header, *rows])
        return replace(self.export, content=out.getvalue().encode())


@cache
def exports(venue: str) -> tuple[Export, ...]:
    """Return the exports of a venue with their options."""
    found = []
    for path in EXPORTS:
        if path.parent.name == venue:
            sidecar = path.with_name(path.name + ".options.json")
            options = Options(**json.loads(sidecar.read_text())) if sidecar.exists() else Options()
            found.append(Export(path.name, path.read_bytes(), options))
    return tuple(found)


def chosen(of: object, one_in: int) -> bool:
    """Return whether something belongs to the share that is tried on every run."""
    return not IS_USUAL or zlib.crc32(repr(of).encode()) % one_in == 0


# --------------------------------------------------------------------------------------------------- one export


def reading(path: Path, options: Options) -> Reading:
    """Return what a file is read as, as lines with how often each is there; not where they stood."""
    found: Reading = Counter()
    for part in open_bundle(path).parts():
        recognized = recognize(part, formats(), options)
        for normalized, _ in chunks(recognized):
            frames = {**normalized.tables, "rows": normalized.rows.select("key_text", "content_text", "wallet")}
            for name, frame in frames.items():
                lines = frame.drop("source_row", "part", strict=False).write_ndjson().splitlines()
                found.update(f"{name} {line}" for line in lines)
            for name, count in (("ignored", normalized.ignored), ("rejected", normalized.rejected)):
                found[name] += count.height
    return +found


def in_utf16(export: Export) -> Export:
    return replace(export, content=export.text.encode("utf-16"))


def with_mark(export: Export) -> Export:
    return replace(export, content=export.text.encode("utf-8-sig"))


def with_windows_line_ends(export: Export) -> Export:
    if export.is_json:
        raise Inapplicable
    return replace(export, content="\r\n".join([*export.lines(), ""]).encode())


def without_last_line_end(export: Export) -> Export:
    return replace(export, content=export.text.rstrip("\r\n").encode())


def with_blank_lines_at_the_end(export: Export) -> Export:
    return replace(export, content=export.text.rstrip("\r\n").encode() + b"\n\n \n\n")


def all_quoted(export: Export) -> Export:
    table = Table.of(export)
    return table.dressed(table.rows, quoting=csv.QUOTE_ALL)


BY_PLACE = {
    "Binance-Historial-de-transacciones-202602101200(UTC-3).csv", "trades_de.csv", "transfers_de.csv",
    "ETHUSDT-1h-2026-02.csv",
}  # fmt: skip
"""Exports whose header is in a language of its own, or of whoever keeps the file: columns are known by their place."""


def with_columns_permuted(export: Export) -> Export:
    if export.name in BY_PLACE:
        raise Inapplicable
    table = Table.of(export)
    order = list(range(len(table.header)))
    random.Random(export.name).shuffle(order)
    return table.dressed([[row[at] for at in order] for row in table.rows], [table.header[at] for at in order])


def with_a_header_typed_by_hand(export: Export) -> Export:
    table = Table.of(export)
    return table.dressed(table.rows, [f" {name.upper()} " for name in table.header])


def printed_otherwise(export: Export) -> Export:
    """JSON with other blanks and the members of its objects in another order."""
    if not export.is_json:
        raise Inapplicable
    with suppress(ValueError):
        found = json.loads(export.text, parse_float=str, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        if not _has_numbers_with_points(export.text):
            return replace(export, content=json.dumps(found, indent=3, ensure_ascii=False).encode())
    raise Inapplicable


def _has_numbers_with_points(text: str) -> bool:
    floats: list[str] = []
    json.loads(text, parse_float=floats.append)
    return bool(floats)


def gzipped(export: Export) -> Export:
    return replace(export, name=f"{export.name}.gz", content=gzip.compress(export.content, mtime=0))


def zipped(export: Export) -> Export:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(export.name, export.content)
    return replace(export, name=f"{export.name}.zip", content=out.getvalue())


READ: tuple[Callable[[Export], Export], ...] = (
    in_utf16, with_mark, with_windows_line_ends, without_last_line_end, with_blank_lines_at_the_end, all_quoted,
    with_columns_permuted, with_a_header_typed_by_hand, printed_otherwise, gzipped, zipped,
)  # fmt: skip


@pytest.mark.parametrize("relation", READ, ids=lambda relation: relation.__name__)
def test_an_export_in_another_dress_is_read_as_the_same_rows(
    relation: Callable[[Export], Export], tmp_path: Path
) -> None:
    tried, differ = 0, []
    for venue in VENUES:
        for export in exports(venue):
            if not chosen((venue, export.name, relation.__name__), 16):
                continue
            try:
                other = relation(export)
            except Inapplicable:
                continue
            tried += 1
            expected = reading(export.written(tmp_path / "as-it-is"), export.options)
            try:
                found = reading(other.written(tmp_path / "otherwise"), other.options)
            except MarginbookError as error:
                differ.append(f"{venue}/{export.name}: {str(error).splitlines()[0]}")
                continue
            if found != expected:
                differ.append(f"{venue}/{export.name}: {list((expected - found) | (found - expected))[:2]}")
    assert tried > 5
    assert differ == []


# ------------------------------------------------------------------------------------------------ whole books


def bring(book: Book, found: Sequence[Export], folder: Path) -> None:
    """Import exports, each from a folder of its own, so that names may repeat."""
    placed = [(export, export.written(folder / str(number))) for number, export in enumerate(found)]
    for options, same in groupby(placed, key=lambda item: item[0].options):
        asked = Asked(account="main", wallet=options.wallet, format=options.format, timezone=options.zone,
                      encoding=options.encoding, max_rejects=1.0)  # fmt: skip
        book.import_paths([path for _, path in same], asked)


ORDINALS = "* EXCLUDE (sequence, file_id, source_row)"


def facts(book: Book) -> dict[str, str]:
    """Return the digest of a book, table by table, but for two things.

    Sentences name files.  How rows of one instant are numbered is another matter in another file; what follows from
    their order (legs, balances, breaks) is digested.
    """
    found = {name: text for name, _, text in (part.partition("=") for part in book.digest().split())}
    for name in ("movements", "fills"):
        rows = book.store.query(f"SELECT {ORDINALS} FROM {name}").rows()
        found[name] = str(zlib.crc32("\n".join(sorted(map(repr, rows))).encode()))
    return found | {"hints": ""}


CONTRADICTING = {("bitfinex", "trades.json")}
"""Exports that show an id with other content than another does: what comes first stays, the other is rejected."""


def brought(venue: str, relation: str) -> Sequence[Export]:
    """Return exports of a venue: on a usual run at most four of them."""
    found = [export for export in exports(venue) if (venue, export.name) not in CONTRADICTING]
    if IS_USUAL and len(found) > 4:
        found = sorted(random.Random(f"{venue} {relation}").sample(found, 4), key=found.index)
    return found


def in_another_order(book: Book, found: Sequence[Export], folder: Path) -> None:
    bring(book, found[::-1], folder)


def one_by_one(book: Book, found: Sequence[Export], folder: Path) -> None:
    for number, export in enumerate(found):
        bring(book, [export], folder / f"alone-{number}")


def doubled(book: Book, found: Sequence[Export], folder: Path) -> None:
    bring(book, found, folder)
    bring(book, found, folder / "again")
    copies = []
    for export in found:
        with suppress(Inapplicable):
            copies.append(in_utf16(export))
    bring(book, copies, folder / "copies")


def forgotten_and_imported_again(book: Book, found: Sequence[Export], folder: Path) -> None:
    bring(book, found, folder)
    for name in book.store.query("SELECT DISTINCT name FROM files ORDER BY name")["name"]:
        with suppress(MarginbookError):  # a name that stands for several
            book.forget(name)
    bring(book, found, folder / "again")


def in_one_zip(book: Book, found: Sequence[Export], folder: Path) -> None:
    for options, same in groupby(found, key=lambda export: export.options):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            for number, export in enumerate(same):
                packed.writestr(f"{number}/{export.name}", export.content)
        bring(book, [Export("all.zip", out.getvalue(), options)], folder / str(len(list(folder.iterdir()))))


BOOKS: tuple[Callable[[Book, Sequence[Export], Path], None], ...] = (
    in_another_order, one_by_one, doubled, forgotten_and_imported_again, in_one_zip,
)  # fmt: skip


@pytest.mark.parametrize("relation", BOOKS, ids=lambda relation: relation.__name__)
def test_a_venue_brought_in_otherwise_gives_the_same_book(
    relation: Callable[[Book, Sequence[Export], Path], None], tmp_path: Path
) -> None:
    for venue in random.Random(relation.__name__).sample(VENUES, 1) if IS_USUAL else VENUES:
        (folder := tmp_path / venue).mkdir()
        (other := tmp_path / f"{venue}-otherwise").mkdir()
        with Book.in_memory() as expected, Book.in_memory() as found:
            several = brought(venue, relation.__name__)
            bring(expected, several, folder)
            relation(found, several, other)
            assert facts(found) == facts(expected), venue


# ------------------------------------------------------------------------------------------- rows of one export


@dataclass(frozen=True)
class Instants:
    """A table, and its rows by instant, in the order in which these come first."""

    table: Table
    groups: list[list[list[str]]]
    is_sequenced: bool

    @classmethod
    def of(cls, export: Export, folder: Path) -> Instants:
        """Take an export apart; rows that are not stored are left out.  Raises Inapplicable where few instants are left."""
        table = Table.of(export)
        (part,) = open_bundle(export.written(folder)).parts()
        known: dict[int, tuple[object, object]] = {}
        for normalized, _ in chunks(recognize(part, formats(), export.options)):
            known |= {row: (at, no) for row, at, no in normalized.rows.select("source_row", "at", "sequence").rows()}
        groups: dict[object, list[list[str]]] = {}
        for number, row in enumerate(table.rows):
            if any("\n" in cell for cell in row):
                raise Inapplicable
            if known.get(number + 2, (None,))[0] is not None:
                groups.setdefault(known[number + 2][0], []).append(row)
        if len(groups) < FEWEST_INSTANTS:
            raise Inapplicable
        return cls(table, list(groups.values()), all(no is not None for _, no in known.values()))

    def with_groups(self, groups: Sequence[list[list[str]]]) -> Export:
        """Return the export with its instants in this order."""
        return self.table.dressed([row for group in groups for row in group])


def split_between_instants(instants: Instants) -> list[Export]:
    half = len(instants.groups) // 2
    return [instants.with_groups(part) for part in (instants.groups[:half], instants.groups[half:])]


def overlapping(instants: Instants) -> list[Export]:
    third = max(1, len(instants.groups) // 3)
    return [instants.with_groups(part) for part in (instants.groups[third:], instants.groups[: 2 * third])]


def instants_shuffled_as_wholes(instants: Instants) -> list[Export]:
    return [instants.with_groups(random.Random(1).sample(instants.groups, len(instants.groups)))]


def rows_shuffled_where_they_are_numbered(instants: Instants) -> list[Export]:
    if not instants.is_sequenced:
        raise Inapplicable
    rows = [row for group in instants.groups for row in group]
    return [instants.table.dressed(random.Random(2).sample(rows, len(rows)))]


OF_FILES = {"gaps"}
"""A silence inside a file is none between two of them."""
NUMBERED = rows_shuffled_where_they_are_numbered
ROWS: tuple[Callable[[Instants], list[Export]], ...] = (
    split_between_instants, overlapping, instants_shuffled_as_wholes, NUMBERED,
)  # fmt: skip


@pytest.mark.parametrize("relation", ROWS, ids=lambda relation: relation.__name__)
def test_rows_of_an_export_in_other_files_or_another_order_give_the_same_book(
    relation: Callable[[Instants], list[Export]], tmp_path: Path
) -> None:
    tried, differ = 0, []
    for venue in VENUES:
        for export in exports(venue):
            if not chosen((venue, export.name, relation.__name__), 4 if relation is NUMBERED else 48):
                continue
            (folder := tmp_path / str(tried)).mkdir(exist_ok=True)
            try:
                others = relation(Instants.of(export, folder / "look"))
            except Inapplicable:
                continue
            tried += 1
            with Book.in_memory() as expected, Book.in_memory() as found:
                bring(expected, [export], folder / "whole")
                bring(found, others, folder / "otherwise")
                one, other = facts(expected), facts(found)
                tables = [name for name, text in one.items() if other[name] != text and name not in OF_FILES]
                if tables:
                    differ.append(f"{venue}/{export.name}: {tables}")
    assert tried
    assert differ == []
