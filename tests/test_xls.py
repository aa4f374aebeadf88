"""Old workbooks: cells as the file holds them, sheets as parts; whatever is wrong with one is said, and soon."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import struct
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlwt.CompoundDoc import XlsDoc

from importers.files import Part, containers, oldbook, open_bundle
from importers.files.compound import Compound, DamagedCompound
from importers.files.oldbook import cell_text, date_text, number_text
from schemas.errors import MarginbookError, RefusedFile, UnreadableFile
from tests.reading import no_child

HEADER = ("time", "symbol", "qty")
AT = datetime.fromisoformat("2026-01-05 13:41:09")


def xls(*sheets: list[list[Any]], is_1904: bool = False) -> bytes:
    """A workbook of these rows, dates as dates."""
    book = xlwt.Workbook()
    book.dates_1904 = is_1904
    styles = {
        datetime: xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"),
        date: xlwt.easyxf(num_format_str="dd/mm/yyyy"),
    }
    for number, rows in enumerate(sheets):
        sheet = book.add_sheet(f"S{number + 1}")
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(row, column, cell, styles.get(type(cell), xlwt.Style.default_style))
    return saved(book)


def saved(book: xlwt.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def stream_of(content: bytes) -> bytes:
    return Compound(content).stream("Workbook")


def contained(stream: bytes) -> bytes:
    """A container around any stream."""
    content = io.BytesIO()
    XlsDoc().save(content, stream)
    return content.getvalue()


def part_of(tmp_path: Path, content: bytes, name: str = "b.xls") -> Part:
    path = tmp_path / name
    path.write_bytes(content)
    return open_bundle(path).parts()[0]


def read(part: Part, header_row: int = 1, width: int = 3) -> tuple[list[tuple[object, ...]], list[tuple[int, str]]]:
    rows: list[tuple[object, ...]] = []
    broken: list[tuple[int, str]] = []
    for chunk in part.chunks(header_row, width):
        rows += chunk.cells.rows()
        broken += [(row.source_row, row.reason) for row in chunk.broken]
    return rows, broken


# Cells


def test_numbers_texts_and_dates_come_back_as_the_file_holds_them(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        list(HEADER),
        [AT, "BTCé", 0.1],
        [None, 8389765500000000001, 1e-10],
        [date(2026, 1, 5), "0.00012345678901", 123456789012345],
        [True, False, -0.00055],
    ]
    part = part_of(tmp_path, xls(rows))
    assert ("b.xls!S1", "b.xls", "S1", False) == (part.name, part.file_name, part.sheet, part.serial_epoch_1904)
    assert (1, list(HEADER)) == part.head()[0]
    expected = [
        (2, "2026-01-05 13:41:09", "BTCé", "0.1"),
        (3, None, "8.3897655e+18", "1e-10"),
        (4, "2026-01-05 00:00:00", "0.00012345678901", "123456789012345"),
        (5, "true", "false", "-0.00055"),
    ]
    assert (expected, []) == read(part)
    assert "2026-01-05 13:41:09,BTCé,0.1" == part.raw_row(2)
    assert "" == part.raw_row(9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-12.0, "-12"), (0.1 + 0.2, "0.30000000000000004"), (1 / 3, repr(1 / 3)),
        (9007199254740991.0, "9007199254740991"), (9007199254740992.0, "9007199254740992.0"), (1e22, "1e+22"),
    ],
)  # fmt: skip
def test_a_double_has_its_shortest_text(value: float, text: str) -> None:
    assert text == number_text(value)
    assert value == float(text)


@pytest.mark.parametrize(
    ("days", "is_1904", "text"),
    [
        (46027.57024305556, False, "2026-01-05 13:41:09"),
        (46027.570243206, False, "2026-01-05 13:41:09.013"),
        (46027.99999999999, False, "2026-01-06 00:00:00"),
        (44565.0, True, "2026-01-05 00:00:00"),
        (0.5, False, "12:00:00"),
        (61.0, False, "1900-03-01 00:00:00"),
        (60.0, False, ""),
        (-1.0, False, ""),
        (2_958_466.0, False, ""),
        (float("nan"), False, ""),
    ],
)
def test_a_serial_date_has_the_text_of_its_clock(days: float, is_1904: bool, text: str) -> None:
    assert text == date_text(days, is_1904)


def test_dates_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    part = part_of(tmp_path, xls([list(HEADER), [AT, "x", 1]], is_1904=True))
    assert part.serial_epoch_1904
    assert [(2, "2026-01-05 13:41:09", "x", "1")] == read(part)[0]


def test_a_wrong_cell_breaks_its_row_and_no_other(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for row in range(4):
        sheet.write(row, 0, f"r{row}")
    sheet.row(1).set_cell_error(1, 0x2A)
    sheet.write(2, 3, "beyond the header")
    rows, broken = read(part_of(tmp_path, saved(book)))
    assert [(4, "r3", None, None)] == rows
    assert [(2, "cell B2 holds the error #N/A"), (3, "expected 3 fields, found 4")] == broken
    assert ("", "holds a number that is none") == cell_text(2, float("inf"), False)
    assert ("", "holds a date that is none") == cell_text(3, -5.0, False)


def test_empty_rows_and_cells_with_a_style_only_are_nothing(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for column, name in enumerate(HEADER):
        sheet.write(2, column, name)
        sheet.write(3, column, "", xlwt.easyxf("font: bold on"))
    sheet.write(5, 1, "x")
    part = part_of(tmp_path, saved(book))
    assert [(3, list(HEADER)), (6, ["", "x"])] == part.head()
    assert ([(6, None, "x", None)], []) == read(part, header_row=3)


# Parts


def test_every_sheet_is_a_part_hidden_ones_too(tmp_path: Path) -> None:
    content = xls([["x", "y"], [1, 2]], [["z"]])
    path = tmp_path / "b.xls"
    path.write_bytes(content)
    one, two = open_bundle(path).parts()
    assert [("b.xls!S1", 0), ("b.xls!S2", 1)] == [(part.name, part.part_no) for part in (one, two)]
    digest = hashlib.sha256(content).hexdigest()
    assert hashlib.sha256(f"{digest}!S2".encode()).hexdigest() == two.file_id
    assert [(1, ["z"])] == two.head()
    assert [(1, ["x", "y"]), (2, ["1", "2"])] == one.head()


def test_it_is_read_inside_a_zip_and_a_gzip(tmp_path: Path) -> None:
    content = xls([list(HEADER), ["1", "a", "b"]])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in/a.xls", content)
    part = part_of(tmp_path, packed.getvalue(), "e.zip")
    assert ("e.zip/in/a.xls!S1", "a.xls") == (part.name, part.file_name)
    assert [(2, "1", "a", "b")] == read(part)[0]
    assert [(2, "1", "a", "b")] == read(part_of(tmp_path, gzip.compress(content), "a.xls.gz"))[0]


def test_the_suffix_is_never_asked(tmp_path: Path) -> None:
    assert [(2, "1", "a", "b")] == read(part_of(tmp_path, b"time,symbol,qty\n1,a,b\n", "t.xls"))[0]
    assert [(1, ["x"])] == part_of(tmp_path, xls([["x"]]), "t.csv").head()
    with pytest.raises(UnreadableFile, match="is an HTML page"):
        part_of(tmp_path, b"<table><tr><td>1</td></tr></table>", "t.xls")


def test_many_rows_are_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importers.files.workbook.ROWS", 100)
    part = part_of(tmp_path, xls([list(HEADER), *([str(row), "a", row / 8] for row in range(999))]))
    assert 10 == len(list(part.chunks(1, 3)))
    assert (1000, "998", "a", "124.75") == read(part)[0][-1]


# What cannot be read


def said(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(part_of(tmp_path, content))
    assert (3, "b.xls") == (caught.value.exit_code, caught.value.name)
    return str(caught.value)


def test_an_encrypted_one_says_so(tmp_path: Path) -> None:
    stream = stream_of(xls([["x"]]))
    length = 4 + struct.unpack_from("<H", stream, 2)[0]
    locked = stream[:length] + struct.pack("<HHHHH", 0x2F, 6, 1, 0, 0) + stream[length:]
    expected = "b.xls is encrypted with a password\n  open it, save it without a password, and import that"
    assert expected == said(tmp_path, contained(locked))


def test_another_office_document_says_so(tmp_path: Path) -> None:
    word = xls([["x"]]).replace("Workbook".encode("utf-16-le"), "WordDocu".encode("utf-16-le"))
    assert "b.xls is an old Office document, not a table" in said(tmp_path, word)


def test_a_cut_one_says_so(tmp_path: Path) -> None:
    content = xls([list(HEADER), *([str(row), "a", row] for row in range(50))])
    assert "b.xls is an old Office file that is damaged or cut off\n  download it again" == said(
        tmp_path, content[:-3000]
    )
    directory = (struct.unpack_from("<I", content, 48)[0] + 1) * 512
    torn = content[: directory - 1024] + b"\xee" * 1024 + content[directory:]
    assert "b.xls is an old .xls workbook that is damaged or cut off" in said(tmp_path, torn)
    for cut in range(512, len(content), 511):
        path = tmp_path / "cut.xls"
        path.write_bytes(content[:cut])
        try:
            for part in open_bundle(path).parts():
                read(part)
        except UnreadableFile:
            continue


def set_next(content: bytes, sector: int, following: int) -> bytes:
    """The container with another sector after one, in the first of its tables."""
    table = struct.unpack_from("<I", content, 76)[0]
    at = (table + 1) * 512 + 4 * sector
    return content[:at] + struct.pack("<I", following) + content[at + 4 :]


def set_tables(content: bytes, following: int) -> bytes:
    """The container with its list of tables going on in the first sector, and from there in another."""
    sector = b"\xff" * 508 + struct.pack("<I", following)
    return content[:68] + struct.pack("<II", 0, 1) + content[76:512] + sector + content[1024:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: set_next(content, 0, 0), "a chain of sectors leads out of the file or runs in a circle"),
        (lambda content: set_next(content, 0, 5000), "a chain of sectors leads out of the file or runs in a circle"),
        (lambda content: set_tables(content, 0), "its list of tables runs in a circle"),
        (lambda content: content[:80] + content[76:80] + content[84:], "its list of tables names one twice"),
        (lambda content: content[:30] + b"\x40\0" + content[32:], "sectors of an unknown size"),
        (lambda content: content[:600], "a sector lies beyond the end of the file"),
    ],
)  # fmt: skip
def test_a_container_that_does_not_hold_together_says_why(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    content = xls([["x"] * 200] * 40)
    with pytest.raises(DamagedCompound, match=message):
        Compound(damage(content)).stream("Workbook")
    with pytest.raises(UnreadableFile):
        part_of(tmp_path, damage(content))


def test_a_directory_that_runs_in_circles_is_walked_once() -> None:
    content = xls([["x"]])
    at = (struct.unpack_from("<I", content, 48)[0] + 1) * 512
    looped = bytearray(content)
    for entry in range(4):
        looped[at + 128 * entry + 68 : at + 128 * entry + 80] = struct.pack("<III", 1, 1, 1)
    assert ("Workbook",) == Compound(bytes(looped)).names


def test_a_stated_size_is_not_believed(tmp_path: Path) -> None:
    stream = stream_of(xls([list(HEADER), ["1", "a", "b"]]))
    at = stream.index(struct.pack("<HH", 0x200, 14))
    huge = stream[: at + 4] + struct.pack("<IIHH", 0, 65536, 0, 256) + stream[at + 16 :]
    started = time.monotonic()
    assert [(2, "1", "a", "b")] == read(part_of(tmp_path, contained(huge)))[0]
    assert time.monotonic() - started < 5


def test_a_far_cell_costs_little(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write(0, 0, "x")
    sheet.write(65_535, 255, "far")
    rows, broken = read(part_of(tmp_path, saved(book)))
    assert ([], [(65_536, "expected 3 fields, found 256")]) == (rows, broken)


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = xls([["x"]], [["y"]])
    with monkeypatch.context() as patch:
        patch.setattr(oldbook, "SHEET_LIMIT", 1)
        with no_child(), pytest.raises(RefusedFile, match="more than 1 sheets"):
            part_of(tmp_path, content)
    for module in (oldbook, containers):
        monkeypatch.setattr(module, "SIZE_LIMIT", 2000)
    with no_child(), pytest.raises(RefusedFile, match="an old Office file of more than 64 MiB"):
        part_of(tmp_path, content)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_one_is_read_or_refused_never_a_surprise(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    content = bytearray(SOME)
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path / "d.xls"
    path.write_bytes(bytes(content))
    with contextlib.suppress(MarginbookError), no_child():
        for part in open_bundle(path).parts():
            part.head()
            read(part)


SOME = xls([list(HEADER), *([AT, "é" * row, row / 7] for row in range(12))], [["x"]])
