"""Readers: every cell and every line number comes back, whatever the dialect; whatever is wrong is said."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import random
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.files import Broken, Bundle, Chunk, Part, collect, csvtext, open_bundle, sources
from importers.files.csvcareful import read_careful
from importers.files.csvproof import read_masked, read_proven
from schemas.errors import ChangedWhileRead, RefusedFile, UndecodableFile, UnknownEncoding, UnreadableFile

HEADER = "time,symbol,qty\n"
NOTICE = "No data matches the criteria."


def bundle_of(tmp_path: Path, content: bytes | str, name: str = "a.csv") -> Bundle:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_bundle(path)


def part_of(tmp_path: Path, content: bytes | str, name: str = "a.csv", encoding: str | None = None) -> Part:
    (part,) = bundle_of(tmp_path, content, name).parts(encoding)
    return part


Read = tuple[list[tuple[object, ...]], list[Broken], int]


def read(part: Part, header_row: int = 1, width: int = 3) -> Read:
    rows: list[tuple[object, ...]] = []
    broken: list[Broken] = []
    blank = 0
    for chunk in part.chunks(header_row, width):
        assert [pl.UInt32, *[pl.String] * width] == chunk.cells.dtypes
        assert ["source_row", *(f"c{i}" for i in range(width))] == chunk.cells.columns
        rows += chunk.cells.rows()
        broken += chunk.broken
        blank += chunk.blank
    return rows, broken, blank


def reasons(broken: list[Broken]) -> list[tuple[int, str]]:
    return [(row.source_row, row.reason) for row in broken]


def csv_rows(tmp_path: Path, content: bytes | str, **options: int) -> Read:
    return read(part_of(tmp_path, content), **options)


# Delimited text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_rows_are_the_same_in_every_dialect(tmp_path: Path, end: str, delimiter: str, encoding: str) -> None:
    table = [["time", "symbol", "qty"], ["1", "BTCé", ""], ["2", "", "0.10"], ["3", "x", "1"]]
    part = part_of(tmp_path, end.join(delimiter.join(row) for row in table).encode(encoding))
    assert [(i + 1, row) for i, row in enumerate(table)] == part.head()
    assert ([(2, "1", "BTCé", None), (3, "2", None, "0.10"), (4, "3", "x", "1")], [], 0) == read(part)


def test_mixed_line_ends_end_rows(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b\r2,a,b\r\n3,a,b\n4,a,b")
    assert [(2, "1"), (3, "2"), (4, "3"), (5, "4")] == [row[:2] for row in rows]
    assert [] == broken


def test_cells_are_verbatim_and_empty_is_null(tmp_path: Path) -> None:
    rows, _, _ = csv_rows(tmp_path, HEADER + ' 1 ,\t"x",NaN\n"","","null"\n')
    assert [(2, " 1 ", '\t"x"', "NaN"), (3, None, None, "null")] == rows


def test_a_quoted_cell_keeps_line_ends_and_the_next_line_number_counts_them(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + '1,"a\nb\r\nc\rd",x\n2,"say ""hi"", you","z\r"\n3,y,y\n')
    assert [(2, "1", "a\nb\r\nc\rd", "x"), (6, "2", 'say "hi", you', "z\r"), (8, "3", "y", "y")] == rows
    assert [] == broken


def test_short_and_long_rows_are_broken_and_the_others_kept(tmp_path: Path) -> None:
    good = "".join(f"{i},a,b\n" for i in range(29))
    rows, broken, _ = csv_rows(tmp_path, HEADER + good + "1,b\n1,b,c,d\n9,a,b\n")
    assert 30 == len(rows)
    assert [(31, "expected 3 fields, found 2"), (32, "expected 3 fields, found 4")] == reasons(broken)
    assert ["1,b", "1,b,c,d"] == [row.text for row in broken]


def test_short_and_long_rows_cannot_make_up_for_each_other(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,b\n1,b,c,d\n" * 50)
    assert ([], 100) == (rows, len(broken))


def test_empty_cells_beyond_the_header_are_no_cells(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b,,,\n2,a,b,,,\n")
    assert ([(2, "1", "a", "b"), (3, "2", "a", "b")], []) == (rows, broken)
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b,,,\n2,a,b\n3,a,b,,x,\n4,a,b,,,\n")
    assert ["1", "2", "4"] == [row[1] for row in rows]
    assert [(4, "expected 3 fields, found 6")] == reasons(broken)


def test_a_filled_cell_beyond_the_header_is_broken_where_all_rows_are_wide(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b,\n2,a,b,x\n")
    assert ["1"] == [row[1] for row in rows]
    assert [(3, "expected 3 fields, found 4")] == reasons(broken)


@pytest.mark.parametrize("line", [NOTICE, NOTICE + "\n", NOTICE + ",\n", NOTICE + ",,\n", f'"{NOTICE}"\n'])
def test_a_notice_in_the_first_cell_is_a_row(tmp_path: Path, line: str) -> None:
    assert ([(2, NOTICE, None, None)], [], 0) == csv_rows(tmp_path, HEADER + line)


def test_blank_lines_are_counted_but_are_no_rows(tmp_path: Path) -> None:
    rows, broken, blank = csv_rows(tmp_path, HEADER + "\n1,a,b\n\r\n2,a,b\n\n")
    assert ([(3, "1", "a", "b"), (5, "2", "a", "b")], [], 3) == (rows, broken, blank)
    part = part_of(tmp_path, "id\n1\n\n2\n")
    assert ([(2, "1"), (4, "2")], [], 1) == read(part, width=1)


@pytest.mark.parametrize("tail", ["5,BT", "5,", '5,BT,"ab'])
def test_a_last_row_that_is_cut_is_broken(tmp_path: Path, tail: str) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b\n" + tail)
    assert [(2, "1", "a", "b")] == rows
    assert [Broken(3, None, tail, "the file ends inside this row")] == broken


def test_a_missing_last_line_end_alone_is_fine(tmp_path: Path) -> None:
    assert ([(2, "1", "a", "b")], [], 0) == csv_rows(tmp_path, HEADER + "1,a,b")


def test_reading_goes_on_after_broken_quoting(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + '1,a,b\n""addr,",x\n2,a,b\n3,"a"b,c\n4,a,b\n')
    assert ["1", "2", "4"] == [row[1] for row in rows]
    assert [(3, "text follows a closing quote"), (5, "text follows a closing quote")] == reasons(broken)
    assert '""addr,",x' == broken[0].text


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    many = "".join(f"{i},a,b\n" for i in range(50_000))
    rows, broken, _ = csv_rows(tmp_path, HEADER + '1,"a,b\n' + many)
    assert 50_000 == len(rows)
    assert (3, "0") == rows[0][:2]
    assert [(2, "quote opened here is never closed")] == reasons(broken)


def test_a_quote_that_runs_over_rows_gives_them_back(tmp_path: Path) -> None:
    rows, broken, _ = csv_rows(tmp_path, HEADER + '1,"a,b\n2,a,b\n3,"\n4,a,b\n')
    assert ["2", "4"] == [row[1] for row in rows]
    assert 2 == broken[0].source_row


def test_nul_bytes_break_their_row_only(tmp_path: Path) -> None:
    filler = "9,a,b\n" * 100
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,B\0TC,b\n2,a,b\n" + filler)
    assert 101 == len(rows)
    assert [(2, "c1", "the cell holds a NUL byte")] == [(row.source_row, row.column, row.reason) for row in broken]


def test_a_byte_order_mark_inside_is_text(tmp_path: Path) -> None:
    part = part_of(tmp_path, HEADER + "\ufeff1,a,b\n")
    assert [(2, "\ufeff1", "a", "b")] == read(part)[0]


def test_long_cells_and_rows_are_broken(tmp_path: Path) -> None:
    cell, row = "x" * (64 * 1024 + 1), ("y" * 60_000 + ",") * 20
    rows, broken, _ = csv_rows(tmp_path, HEADER + f"1,{cell},b\n2,a,b\n{row}\n3,{'x' * 200_000},\n4,a,{'é' * 32768}\n")
    assert ["2", "4"] == [row[1] for row in rows]
    expected = [
        (2, "the cell is longer than 64 KiB"), (4, "the row is longer than 1 MiB"), (5, "a cell is longer than 64 KiB"),
    ]  # fmt: skip
    assert expected == reasons(broken)
    assert 1_000 == len(broken[0].text)


def test_a_line_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvtext, "BLOCK", 1 << 20)
    rows, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b\n" + "z" * (5 << 20) + "\n2,a,b\n")
    assert [(2, "1", "a", "b"), (4, "2", "a", "b")] == rows
    assert [(3, "the row is longer than 1 MiB")] == reasons(broken)


def test_too_many_columns(tmp_path: Path) -> None:
    _, broken, _ = csv_rows(tmp_path, HEADER + "1,a,b\n" + "x," * 1100 + "x\n")
    assert [(3, "more than 1,024 columns")] == reasons(broken)
    with pytest.raises(RefusedFile, match="1,024 columns"):
        read(part_of(tmp_path, ",".join(["h"] * 1025) + "\n"), width=1025)
    assert 5 == RefusedFile.exit_code


def test_the_delimiter_is_the_one_of_consistent_widths(tmp_path: Path) -> None:
    part = part_of(tmp_path, "Date;Amount\n2025;1,5\n2026;2,5\n")
    assert [(1, ["Date", "Amount"]), (2, ["2025", "1,5"]), (3, ["2026", "2,5"])] == part.head()
    part = part_of(tmp_path, "UID: 1; Name: x\n\na,b,c\n")
    assert [["UID: 1; Name: x"], ["a", "b", "c"]] == [row for _, row in part.head()]
    assert [["a", "b", "c"]] == [row for _, row in part_of(tmp_path, "a\tb\tc").head()]


def test_a_header_below_a_preamble(tmp_path: Path) -> None:
    part = part_of(tmp_path, 'Account,1\n\n"two\nlines"\n' + HEADER + "1,a,b\n")
    assert [1, 3, 5, 6] == [row for row, _ in part.head()]
    assert [(6, "1", "a", "b")] == read(part, header_row=5)[0]


def test_a_header_alone_is_fine(tmp_path: Path) -> None:
    for content in (HEADER, HEADER.strip()):
        assert ([], [], 0) == csv_rows(tmp_path, content)


def test_raw_row_is_the_record_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = part_of(tmp_path, HEADER + '1,"a\nb",c\r\n2,"open,c\n3,x,y')
    assert ['1,"a\nb",c', '2,"open,c', "3,x,y", ""] == [part.raw_row(row) for row in (2, 4, 5, 6)]
    monkeypatch.setattr(csvtext, "HEAD", 100)
    many = part_of(tmp_path, HEADER + "".join(f"{i},a,b\n" for i in range(2000)))
    assert ["0,a,b", "998,a,b", "1998,a,b"] == [many.raw_row(row) for row in (2, 1000, 2000)]


def test_ids_are_sha256(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, HEADER)
    digest = hashlib.sha256(HEADER.encode()).hexdigest()
    assert (digest, digest, "a.csv") == (bundle.file_id, bundle.parts()[0].file_id, bundle.name)
    assert ("a.csv", "a.csv", 0, None, False) == tuple(
        getattr(bundle.parts()[0], key) for key in ("name", "file_name", "part_no", "sheet", "serial_epoch_1904")
    )


# Encodings


def test_other_encodings_are_asked_for(tmp_path: Path) -> None:
    content = (HEADER + "1,买入,b\n").encode("gb18030")
    part = part_of(tmp_path, content)
    with pytest.raises(UndecodableFile) as caught:
        part.head()
    assert "--encoding gb18030" in str(caught.value)
    assert "买入" in str(caught.value)
    (chunk,) = part.chunks(1, 3, encoding="gb18030")
    assert "买入" == chunk.cells["c1"][0]
    assert [(2, "1", "买入", "b")] == read(part_of(tmp_path, content, encoding="gb18030"))[0]
    with pytest.raises(UnknownEncoding):
        part_of(tmp_path, content, encoding="klingon").head()


def test_utf8_wins_over_the_named_encoding(tmp_path: Path) -> None:
    assert [(2, "1", "é", "b")] == read(part_of(tmp_path, HEADER + "1,é,b\n", encoding="cp1252"))[0]


def test_utf16_without_a_mark_is_asked_for(tmp_path: Path) -> None:
    content = (HEADER + "1,a,b\n").encode("utf-16-le")
    with pytest.raises(UnreadableFile, match="--encoding utf-16-le"):
        part_of(tmp_path, content).head()
    assert [(2, "1", "a", "b")] == read(part_of(tmp_path, content, encoding="utf-16-le"))[0]


def test_a_wrong_byte_late_in_the_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importers.files.encoding.READ", 64)
    with pytest.raises(UndecodableFile):
        part_of(tmp_path, (HEADER + "1,é,b\n" * 500).encode() + b"2,\xe9,b\n").head()
    assert 500 == len(read(part_of(tmp_path, HEADER + "1,é,b\n" * 500))[0])


# What is no table


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"<!DOCTYPE html><html><title>Log in</title>", "HTML page .probably a login page"),
        (b"\n<html><body>hello", "HTML page"),
        (b"<table><tr><td>1</td></tr></table>", "HTML page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"PK\x03\x04 cut off", "not a complete zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "old .xls"),
        (b'{"code":-2015,"msg":"Invalid API-key"}', "JSON error message"),
        (b'{"retCode":10003,"retMsg":"x","result":{}}', "JSON error message"),
        (b'{"result":{"list":[]}}', "list is empty"),
        (b"[]", "list is empty"),
        (b'{"a":[{"b":1},', "ends too early"),
        (b"[" * 100_000, "nested too deeply|ends too early"),
        (bytes(range(1, 9)) * 100, "binary"),
        (b"K\x8f#\xbb" + random.Random(7).randbytes(6000), "is no text: it begins with the bytes 4b 8f 23 bb"),
        (gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-9], "damaged or cut off"),
        (gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0), "gzip twice"),
    ],
)  # fmt: skip
def test_what_is_no_table_says_what_it_looks_like(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said) as caught:
        part_of(tmp_path, content, "export.csv").head()
    assert (3, "export.csv") == (caught.value.exit_code, caught.value.name)


def test_collect_gives_files_in_order_and_errors_as_values(tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".hidden", "deep/d.csv"):
        (tmp_path / "in" / name).write_text("x,y\n")
    (tmp_path / "in/c.pdf").write_text("%PDF-")
    (tmp_path / "in/e.json").write_text('{"code":1,"msg":"no"}')
    (tmp_path / "in/deep/loop").symlink_to(tmp_path / "in")
    os.mkfifo(tmp_path / "in/pipe")
    found = list(collect([tmp_path / "in", tmp_path / "in/c.pdf", tmp_path / "gone.csv", Path("/dev/null")]))
    expected = ["a.csv", "b.csv", "c.pdf", "deep/d.csv", "deep/loop", "e.json", "pipe", "c.pdf", "gone.csv", "null"]
    assert expected == [item.name for item in found]
    assert ["a.csv", "b.csv", "deep/d.csv"] == [item.name for item in found if isinstance(item, Bundle)]
    errors = [item for item in found if isinstance(item, UnreadableFile)]
    assert ["c.pdf", "gone.csv", "null"] == [error.name for error in errors if error.named]


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, HEADER + "1,a,b\n")
    part = bundle.parts()[0]
    part.head()
    with bundle.path.open("a") as more:
        more.write("2,a,b\n")
    with pytest.raises(ChangedWhileRead):
        read(part)


# Zip and gzip


def zip_of(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["../w.csv", "a/../../w.csv", "/etc/w.csv", "..\\w.csv", "C:\\w.csv"])
def test_a_member_that_leads_out_of_its_zip_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="leads out of the archive"):
        bundle_of(tmp_path, zip_of([(name, b"x,y\n1,2\n")]), "e.zip").parts()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_a_zip_are_parts_in_order(tmp_path: Path) -> None:
    inner = zip_of([("i.csv", b"x,y\n5,6\n")])
    book = xlsx_of('<row r="1"><c r="A1"><v>1</v></c></row>')
    members = [
        ("z/", b""), ("z/a.csv", b"x,y\n1,2\n"), ("__MACOSX/._a.csv", b"?"), ("z/.DS_Store", b"?"),
        ("a.csv", b"x,y\n3,4\n"), ("a.csv", b"x,y\n7,8\n"), ("etc/p\x1b[31m.csv", b"x,y\n9,9\n"), ("n.zip", inner),
        ("b.xlsx", book), ("r.pdf", b"%PDF-"),
    ]  # fmt: skip
    parts = bundle_of(tmp_path, zip_of(members), "e.zip").parts()
    expected = [
        "e.zip/z/a.csv", "e.zip/a.csv", "e.zip/a.csv#2", "e.zip/etc/p\\x1b[31m.csv", "e.zip/n.zip/i.csv",
        "e.zip/b.xlsx!S", "e.zip/r.pdf",
    ]  # fmt: skip
    assert expected == [part.name for part in parts]
    assert list(range(7)) == [part.part_no for part in parts]
    assert ["a.csv", "a.csv", "a.csv"] == [part.file_name for part in parts[:3]]
    assert ["1", "3", "7", "9", "5"] == [read(part, width=2)[0][0][1] for part in parts[:5]]
    assert hashlib.sha256(b"x,y\n1,2\n").hexdigest() == parts[0].file_id
    assert [(1, ["1"])] == parts[5].head()
    with pytest.raises(UnreadableFile, match="PDF"):
        parts[6].head()
    assert [] == [path.name for path in tmp_path.iterdir() if path.name != "e.zip"]


def test_zips_nest_once(tmp_path: Path) -> None:
    twice = zip_of([("b.zip", zip_of([("c.zip", zip_of([("d.csv", b"x\n")]))]))])
    with pytest.raises(UnreadableFile, match="zip in a zip in a zip"):
        bundle_of(tmp_path, twice, "a.zip").parts()[0].head()
    with pytest.raises(UnreadableFile, match="holds no files"):
        bundle_of(tmp_path, zip_of([]), "a.zip").parts()


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"a,b\n" * (1 << 20)
    assert bundle_of(tmp_path, zip_of([("a.csv", zeros)]), "a.zip").parts()
    monkeypatch.setattr(sources, "RATIO_FREE", 1 << 20)
    with pytest.raises(RefusedFile, match="200 times"):
        bundle_of(tmp_path, zip_of([("a.csv", zeros)]), "a.zip").parts()
    with pytest.raises(RefusedFile, match="200 times"):
        bundle_of(tmp_path, gzip.compress(zeros), "a.gz").parts()
    with pytest.raises(RefusedFile, match="200 times"):
        bundle_of(tmp_path, zip_of([("b.zip", zip_of([("a.csv", zeros)]))]), "a.zip").parts()
    strings = f"<sst><si><t>{'x' * (4 << 20)}</t></si></sst>"
    with pytest.raises(RefusedFile, match="200 times"):
        part_of(tmp_path, xlsx_of("<row/>", strings=strings), "a.xlsx").head()
    monkeypatch.setattr(sources, "RATIO_FREE", 1 << 40)
    monkeypatch.setattr(sources, "TOTAL_LIMIT", 6 << 20)
    with pytest.raises(RefusedFile, match="2 GiB"):
        bundle_of(tmp_path, zip_of([("a.csv", zeros), ("b.csv", zeros)]), "a.zip").parts()
    with pytest.raises(RefusedFile, match="1,000 files"):
        bundle_of(tmp_path, zip_of([(f"{i}.csv", b"x\n") for i in range(1001)]), "a.zip").parts()


def test_a_damaged_member_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    content = bytearray(zip_of([("a.csv", b"x,y\n1,2\n"), ("b.csv", b"x,y\n1,2\n")], zipfile.ZIP_STORED))
    content[content.index(b"1,2")] = ord("7")
    first, second = bundle_of(tmp_path, bytes(content), "a.zip").parts()
    with pytest.raises(UnreadableFile, match="damaged"):
        first.head()
    assert [(2, "1", "2")] == read(second, width=2)[0]


def test_gzip_is_read_as_what_it_holds(tmp_path: Path) -> None:
    content = (HEADER + "1,a,b\n").encode()
    part = part_of(tmp_path, gzip.compress(content), "t.csv.gz")
    assert ("t.csv.gz", "t.csv", hashlib.sha256(content).hexdigest()) == (part.name, part.file_name, part.file_id)
    assert [(2, "1", "a", "b")] == read(part)[0]
    assert [(1, ["1"])] == part_of(tmp_path, gzip.compress(xlsx_of("<row><c><v>1</v></c></row>")), "b.gz").head()


# Workbooks

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx_of(rows: str, strings: str = "<sst/>", properties: str = "", prolog: str = "") -> bytes:
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    return zip_of(
        [
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", (
                f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr {properties}/>'
                '<sheets><sheet name="S" sheetId="1" state="hidden" r:id="rId1"/></sheets></workbook>'
            ).encode()),
            ("xl/_rels/workbook.xml.rels", (
                f'<Relationships xmlns="{links}">'
                f'<Relationship Id="rId1" Type="{LINKS}/worksheet" Target="worksheets/s.xml"/>'
                f'<Relationship Id="rId2" Type="{LINKS}/sharedStrings" Target="/xl/ss.xml"/></Relationships>'
            ).encode()),
            ("xl/ss.xml", strings.replace("<sst", f'<sst xmlns="{MAIN}"', 1).encode()),
            ("xl/worksheets/s.xml", (
                f'{prolog}<worksheet xmlns="{MAIN}"><dimension ref="A1"/>'
                f"<sheetData>{rows}</sheetData></worksheet>"
            ).encode()),
        ]
    )  # fmt: skip


def test_a_workbook_keeps_digits_and_places(tmp_path: Path) -> None:
    strings = "<sst><si><t>time</t></si><si><r><t>sym</t></r><r><t>bol</t></r><rPh><t>hint</t></rPh></si></sst>"
    part = part_of(tmp_path, xlsx_of(
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c>'
        '<c r="C2" t="inlineStr"><is><t>qty</t></is></c></row>'
        '<row r="3"><c r="A3"><v>8389765500000000001</v></c><c r="C3"><v>0.00012345678901</v></c></row>'
        '<row r="4"/>'
        '<row r="5"><c r="A5"><v>1E-10</v></c><c r="B5" t="b"><v>1</v></c>'
        '<c r="C5" t="str"><f>A1</f><v>x_x000D_y</v></c></row>'
        '<row><c><v>45000.5</v></c><c t="b"><v>0</v></c><c r="C6"><f>1+1</f><v>2</v></c></row>',
        strings, 'date1904="1"',
    ), "b.xlsx")  # fmt: skip
    assert ("b.xlsx!S", "b.xlsx", "S", True) == (part.name, part.file_name, part.sheet, part.serial_epoch_1904)
    assert (2, ["time", "symbol", "qty"]) == part.head()[0]
    rows, broken, blank = read(part, header_row=2)
    expected = [
        (3, "8389765500000000001", None, "0.00012345678901"), (5, "1E-10", "true", "x\ry"), (6, "45000.5", "false", "2"),
    ]  # fmt: skip
    assert (expected, [], 1) == (rows, broken, blank)
    assert "8389765500000000001,,0.00012345678901" == part.raw_row(3)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('<c r="B2" t="e"><v>#N/A</v></c>', "cell B2 holds the error #N/A"),
        ('<c r="B2"><f>A1</f></c>', "cell B2 holds a formula without its result"),
        ('<c r="B2"><f>A1</f><v/></c>', "cell B2 holds a formula without its result"),
        ('<c r="B2" t="s"><v>99</v></c>', "cell B2 refers to a text that the workbook does not hold"),
        ('<c r="XFD2"><v>1</v></c>', "cell XFD2 lies beyond column 1,024"),
        ('<c r="D2"><v>1</v></c>', "expected 3 fields, found 4"),
        ('<c r="A2"><v>1</v></c>', "two cells have the same place"),
        ('<c r="?2"><v>1</v></c>', "cell ?2 has a place that is none"),
    ],
)  # fmt: skip
def test_a_wrong_cell_breaks_its_row(tmp_path: Path, cell: str, reason: str) -> None:
    rows = (
        f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>7</v></c>{cell}</row>'
        '<row r="3"><c r="A3"><v>8</v></c></row>'
    )
    found, broken, _ = read(part_of(tmp_path, xlsx_of(rows)))
    assert [(3, "8", None, None)] == found
    assert [(2, reason)] == reasons(broken)


def test_a_far_cell_is_refused_or_costs_no_memory(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(
        RefusedFile, match="reach to XFD1048576, a rectangle of 17,179,869,184 cells of which 2 are filled"
    ):
        read(part_of(tmp_path, xlsx_of(f'<row r="1"><c r="A1"><v>1</v></c></row>{far}')))
    wide = '<row r="2"><c r="XFD2"><v>1</v></c></row>'
    rows, broken, _ = read(part_of(tmp_path, xlsx_of(f'<row r="1"><c r="A1"><v>1</v></c></row>{wide}')))
    assert ([], [(2, "cell XFD2 lies beyond column 1,024")]) == (rows, reasons(broken))


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(RefusedFile, match="document type"):
        part_of(tmp_path, xlsx_of('<row r="1"><c r="A1"><v>&b;</v></c></row>', prolog=laughs)).head()


def test_workbooks_of_a_common_writer_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["time", "symbol", "qty"])
    sheet.append(["1", "BTC", 0.1])
    sheet.append([None, "é<&>", 123456789012345])
    book.create_sheet("Two").append(["x"])
    book.save(tmp_path / "o.xlsx")
    one, two = open_bundle(tmp_path / "o.xlsx").parts()
    assert ([(2, "1", "BTC", "0.1"), (3, None, "é<&>", "123456789012345")], [], 0) == read(one)
    assert (1, "o.xlsx!Two", [(1, ["x"])]) == (two.part_no, two.name, two.head())
    digest = hashlib.sha256((tmp_path / "o.xlsx").read_bytes()).hexdigest()
    assert hashlib.sha256(f"{digest}!Two".encode()).hexdigest() == two.file_id


# JSON


def test_json_keeps_the_text_of_numbers(tmp_path: Path) -> None:
    objects = '{"id":8389765500000000001,"px":0.10,"n":null},{"px":1E-10,"y":{"b":[1.50,"2"]}},7'
    text = '{"ok":true,"result":{"x":[1],"list":[' + objects + "]}}"
    part = part_of(tmp_path, text, "a.json")
    assert (0, ["id", "px", "n", "y"]) == part.head()[0]
    rows, broken, _ = read(part, header_row=0, width=4)
    assert [(1, "8389765500000000001", "0.10", None, None), (2, None, "1E-10", None, '{"b":[1.50,"2"]}')] == rows
    assert [(3, "expected an object")] == reasons(broken)
    assert '{"id":8389765500000000001,"px":0.10,"n":null}' == part.raw_row(1)


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"a":1,"b":true}', "", '{"a":1,"a":2}', '{"a":"\\u0000"}', "nope", '{"b":false,"c":"\\ud800"}', '{"c":"x"}', '{"a":',
    ]  # fmt: skip
    part = part_of(tmp_path, "\n".join(lines), "a.csv")
    assert [(0, ["a", "b", "c"]), (1, ["1", "true", ""])] == part.head(2)
    rows, broken, _ = read(part, header_row=0)
    assert [(1, "1", "true", None), (7, None, None, "x")] == rows
    expected = [
        (3, "an object names a key twice"), (4, "the cell holds a NUL byte"), (5, "is no JSON at column 1"),
        (6, "the cell holds half a character (a lone surrogate)"), (8, "the file ends inside this row"),
    ]  # fmt: skip
    assert expected == reasons(broken)
    assert '{"c":"x"}' == part.raw_row(7)


def test_a_json_map_of_ids_is_a_table_with_the_ids_as_key(tmp_path: Path) -> None:
    records = '"A-1":{"px":0.10,"refs":["x","y"]},"B-2":{"px":1E-10,"key":"own","n":null}'
    for text in (
        f'{{"error":[],"result":{{"rows":{{{records}}},"count":2}}}}',
        f'{{"data":{{{records}}}}}',
        f"{{{records}}}",
    ):
        part = part_of(tmp_path, text, "a.json")
        assert (0, ["key", "px", "refs", "n"]) == part.head()[0]
        rows, broken, _ = read(part, header_row=0, width=4)
        assert ([(1, "A-1", "0.10", '["x","y"]', None), (2, "own", "1E-10", None, None)], []) == (rows, broken)
        assert '{"A-1":{"px":0.10,"refs":["x","y"]}}' == part.raw_row(1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"A-1":{"px":1},"A-1":{"px":2}}', "two records under one id"),
        ('{"result":{"px":1}}', "without a list of objects"),
        ('{"A-1":{"px":1},"B-2":7}', "without a list of objects"),
        ('{"A-1":{"px":{"deep":1}}}', "without a list of objects"),
    ],
)
def test_json_that_is_no_map_of_ids_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        part_of(tmp_path, text, "a.json").head()


def test_a_record_of_a_json_map_that_names_a_cell_twice_is_broken(tmp_path: Path) -> None:
    part = part_of(tmp_path, '{"A-1":{"px":1,"px":2},"B-2":{"px":3}}', "a.json")
    rows, broken, _ = read(part, header_row=0, width=2)
    assert [(2, "B-2", "3")] == rows
    assert [(1, "an object names a key twice")] == reasons(broken)


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    records = [{"time": str(i), "symbol": "é", "qty": "x,y"} for i in range(60_000)]
    as_json = read(part_of(tmp_path, json.dumps(records)), header_row=0)
    as_lines = read(part_of(tmp_path, "\n".join(json.dumps(record) for record in records)), header_row=0)
    assert as_json == as_lines
    assert 60_000 == len(as_json[0])


# Properties

CELLS = st.text(st.sampled_from('ab,;\t"\n\r é€\U0001f600\ufeff\u2028\x0b\x1f0'), max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    header = [f"h{i}" for i in range(width)]
    return [header, *draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=12))]


def rendered(table: list[list[str]], delimiter: str, quoting: int, end: str) -> tuple[str, list[int]]:
    """The text, and the physical line at which each record starts."""
    text, starts = "", []
    for row in table:
        starts.append(sum(1 for _ in io.StringIO(text, newline="")) + 1)
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(row)  # type: ignore[arg-type]
        text += line.getvalue().removesuffix("\r\n") + end
    return text, starts


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=tables(),
    delimiter=st.sampled_from(csvtext.DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"]),
    block=st.sampled_from([7, 64, 1 << 20]),
)
def test_any_table_comes_back(
    tmp_path: Path, table: list[list[str]], delimiter: str, quoting: int, end: str, encoding: str, block: int
) -> None:
    text, starts = rendered(table, delimiter, quoting, end)
    if text.encode(encoding).isascii() and encoding == "utf-16-le":
        encoding = "utf-8"
    part = part_of(tmp_path, text.encode(encoding), encoding=encoding.removesuffix("-sig"))
    object.__setattr__(part, "delimiter", delimiter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvtext, "BLOCK", block)
        patch.setattr(csvtext, "PIECE", max(block // 2, 5))
        rows, broken, blank = read(part, width=len(table[0]))
    expected = [(start, *(cell or None for cell in row)) for start, row in zip(starts[1:], table[1:], strict=True)]
    assert (expected, [], 0) == (rows, broken, blank)


@settings(max_examples=1500, deadline=None)
@given(
    text=st.text(st.sampled_from('abé,",\n\n"\r;\x1f\ufeff'), min_size=1, max_size=60),
    width=st.integers(1, 4),
)
def test_what_is_proved_is_what_careful_reading_finds(text: str, width: int) -> None:
    careful = read_careful(text, 5, ",", width, final=True)
    for proven in (read_proven(text.encode(), 5, ",", width), read_masked(text.encode(), 5, ",", width)):
        if proven is not None:
            assert careful.cells.rows() == proven.rows()
            assert ([], 0) == (careful.broken, careful.blank)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from('ab,,"\n\n"\r'), max_size=80), block=st.sampled_from([5, 16, 1 << 20]))
def test_blocks_do_not_change_what_is_read(tmp_path: Path, text: str, block: int) -> None:
    part = part_of(tmp_path, "x,y\n" + text)
    object.__setattr__(part, "delimiter", ",")
    whole = read(part, width=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvtext, "BLOCK", block)
        patch.setattr(csvtext, "PIECE", max(block // 2, 3))
        assert whole == read(part, width=2)


def test_well_formed_blocks_are_proved() -> None:
    assert read_proven(b'1,"a",b\r\n"2",c,""\r\n', 2, ",", 3) is not None
    assert read_proven(b'1,"a,b"\n', 2, ",", 2) is None
    masked = read_masked(b'1,"a,b"\n2,c\n', 2, ",", 2)
    assert masked is not None
    assert [(2, "1", "a,b"), (3, "2", "c")] == masked.rows()


def test_a_chunk_is_what_callers_expect(tmp_path: Path) -> None:
    (chunk,) = part_of(tmp_path, HEADER + "1,a,b\n").chunks(1, 3)
    assert isinstance(chunk, Chunk)
    assert ((), 0) == (chunk.broken, chunk.blank)


@pytest.mark.parametrize("filler", range(60, 68))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_after_one_that_was_given_up_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filler: int, end: str
) -> None:
    monkeypatch.setattr(csvtext, "BLOCK", 64)
    monkeypatch.setattr(csvtext, "ROW_LIMIT", 64)
    lines = ["time,symbol,qty", "1,a,b", "z" * 4 * filler, "2,a,b", "3,a,b", ""]
    rows, broken, blank = csv_rows(tmp_path, end.join(lines))
    assert [(2, "1", "a", "b"), (4, "2", "a", "b"), (5, "3", "a", "b")] == rows
    assert ([(3, "the row is longer than 1 MiB")], 0) == (reasons(broken), blank)
