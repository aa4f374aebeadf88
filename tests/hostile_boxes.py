"""Archives and workbooks that lie, swell, lead out or break: as data, each with a name."""

from __future__ import annotations

import io
import struct

import xlwt
from xlwt.CompoundDoc import XlsDoc

from tests.boxes import (
    AES,
    BZIP2,
    STORED,
    SYMLINK,
    Member,
    Sheet,
    gzip_of,
    repeated,
    row_xml,
    sheet_xml,
    workbook,
    zip_of,
)
from tests.hostile import FUNDING, GOOD, HEADER, NEXT, Case, funding, together

MEBIBYTE = 1 << 20
LINES = (GOOD + "\n").encode() * 2_000
"""Good rows of about 90 KiB, packed to next to nothing."""


def _bomb() -> bytes:
    return repeated(f"{HEADER}\n".encode(), b"\n" * MEBIBYTE, 300)


def _bomb_of_zeros_says_little() -> bytes:
    return zip_of(Member(name=FUNDING, content=b"x", packed=_bomb(), stated_size=100))


def _old(*, encrypted: bool = False) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for row, line in enumerate((HEADER, GOOD)):
        for column, cell in enumerate(line.split(",")):
            sheet.write(row, column, cell)
    content = io.BytesIO()
    book.save(content)
    if not encrypted:
        return content.getvalue()
    from importers.files.compound import Compound

    stream = Compound(content.getvalue()).stream("Workbook")
    length = 4 + struct.unpack_from("<H", stream, 2)[0]
    return contained(stream[:length] + struct.pack("<HHHHH", 0x2F, 6, 1, 0, 0) + stream[length:])


def contained(stream: bytes, name: str = "Workbook") -> bytes:
    """Return an old Office container around a stream of that name."""
    content = io.BytesIO()
    XlsDoc().save(content, stream)
    made = bytearray(content.getvalue())
    at = made.index("Workbook".encode("utf-16-le"))
    made[at : at + 64] = name.encode("utf-16-le").ljust(64, b"\0")
    made[at + 64 : at + 66] = struct.pack("<H", 2 * len(name) + 2)
    return bytes(made)


CELLS = tuple(GOOD.split(","))
HEADS = tuple(HEADER.split(","))


def book_of(*rows: tuple[str, ...], **words: str) -> bytes:
    """Return a workbook of a header, a good row and these."""
    return workbook(Sheet(rows=(HEADS, CELLS, *rows), **words))


def with_amount(cell: str) -> bytes:
    """Return a workbook whose second row has this XML as its amount."""
    return book_of((*CELLS[:2], cell, *CELLS[3:]))


def _amount(cell: str, row: int) -> tuple[str, ...]:
    return (f"2026-01-03T{row:02d}:00:00Z", "USDT", cell, "BTC-PERP")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
TWO = zip_of(("a.csv", funding()), ("b.csv", funding("2026-01-03T08:00:00Z,USDT,1.5,ETH-PERP")))


def _thousand_and_one() -> bytes:
    return zip_of(*((f"{number}.csv", b"x\n") for number in range(1_001)))


def _overlapping() -> bytes:
    one = Member(name="a.csv", content=funding(), method=STORED)
    return zip_of(one, Member(name="b.csv", content=funding(), method=STORED, lies_at=0))


def _long_list() -> bytes:
    return zip_of(*(Member(name=f"{'n' * 60_000}{number}", content=b"") for number in range(80)))


def _strings(times: int) -> bytes:
    start = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return repeated(start, b"<si><t>" + b"x" * MEBIBYTE + b"</t></si>", times, b"</sst>")


def _deep_xml() -> bytes:
    return workbook(Sheet(rows="<row>" * 200_000))


ZIPS = (
    Case("a zip of names that mean something elsewhere", {"e.zip": zip_of(
        ("\x1b]0;pwned\x07a\u202evsc.csv", funding()), Member(name=b"a.csv\0.exe", content=funding(NEXT)), ("in.zip", TWO),
        ("'; DROP TABLE files; --.csv", funding("", NEXT)), ("a.csv", funding(NEXT, "")), ("a.csv", funding("", "", NEXT)))}),
    Case("a zip whose end is cut off", {"e.zip": TWO[:-30]}),
    Case("a zip cut in its middle", {"e.zip": TWO[:70]}),
    Case("a zip that is its first bytes only", {"e.zip": b"PK\x03\x04"}),
    Case("a zip that holds nothing", {"e.zip": zip_of()}),
    Case("a zip that says it holds more than it lists", {"e.zip": zip_of((FUNDING, funding()), members_stated=9)}, reads=True),
    Case("a zip whose member is damaged", {"e.zip": zip_of(
        ("a.csv", funding()), Member(name="b.csv", content=funding(), stated_sum=7))}, reads=True),
    Case("a zip whose only member is damaged", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), stated_sum=7))}),
    Case("a zip whose member is no deflate", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), packed=b"\xff" * 40))}),
    Case("a zip with a password", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), flags=1))}),
    Case("a zip with a strong password", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), flags=1, method=AES))}),
    Case("a zip packed with bzip2", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), method=BZIP2))}),
    Case("a zip packed in an unknown way", {"e.zip": zip_of(Member(name=FUNDING, content=funding(), method=77))}),
    Case("a zip in a zip in a zip", {"e.zip": zip_of(("in.zip", zip_of(("in.zip", TWO))))}),
    Case("a zip of 1,001 files", {"e.zip": _thousand_and_one}),
    Case("a zip with a list of members that is too long", {"e.zip": _long_list}),
    Case("a zip bomb", {"e.zip": lambda: zip_of(Member(name=FUNDING, packed=_bomb(), stated_size=300 * MEBIBYTE))}),
    Case("a zip bomb that says it is small", {"e.zip": _bomb_of_zeros_says_little}),
    Case("a zip that says it holds 4 GiB", {"e.zip": zip_of(
        Member(name=FUNDING, content=funding(), stated_size=0xFFFFFFFE))}),
    Case("a zip bomb in a zip", {"e.zip": lambda: zip_of(("in.zip", _bomb_of_zeros_says_little()))}),
    Case("a zip of members that lie over each other", {"e.zip": _overlapping}),
    Case("a zip with a member outside it", {"e.zip": zip_of((f"../../{FUNDING}", funding()))}),
    Case("a zip with an absolute member", {"e.zip": zip_of(("/etc/cron.d/x.csv", funding()))}),
    Case("a zip with a member on a drive", {"e.zip": zip_of(("C:\\Windows\\x.csv", funding()))}),
    Case("a zip with a member behind backslashes", {"e.zip": zip_of(("..\\..\\x.csv", funding()))}),
    Case("a zip with a symbolic link", {"e.zip": zip_of(
        Member(name="link.csv", content=b"/etc/passwd", attributes=SYMLINK), (FUNDING, funding()))}, reads=True),
    Case("a zip with a symbolic link alone", {"e.zip": zip_of(
        Member(name="link.csv", content=b"/etc/passwd", attributes=SYMLINK))}),
    Case("a zip with a name that is no text", {"e.zip": zip_of(Member(name=b"\xff\xfe.csv", content=funding(), flags=0x800))}),
    Case("a zip with a name of 10,000 letters", {"e.zip": zip_of(("n" * 10_000 + ".csv", funding("2026-01-02")))}),
    Case("a zip of hidden files only", {"e.zip": zip_of(("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x"))}),
    Case("a zip of a picture and an export", {"e.zip": zip_of(("a.png", b"\x89PNG\r\n"), (FUNDING, funding()))}, reads=True),
    Case("a zip of a picture", {"e.zip": zip_of(("a.png", b"\x89PNG\r\n"))}),
    Case("a zip of a file of another kind", {"e.zip": zip_of(("a.csv", b"colour,taste\nred,sweet\n"))}),
    Case("a gzip cut off", {"f.csv.gz": gzip_of(funding())[:-12]}),
    Case("a gzip whose sum is wrong", {"f.csv.gz": gzip_of(funding())[:-8] + b"\1" * 8}),
    Case("a gzip in a gzip", {"f.csv.gz": gzip_of(gzip_of(funding()))}),
    Case("a gzip bomb", {"f.csv.gz": lambda: gzip_of(b"", packed=_bomb())}),
    Case("a gzip that names a path", {"f.csv.gz": gzip_of(funding(), name=b"../../../etc/passwd")}, reads=True),
    Case("a gzip of nothing", {"f.csv.gz": gzip_of(b"")}),
    Case("bytes after a gzip", {"f.csv.gz": gzip_of(funding()) + b"and more"}),
)  # fmt: skip

WORKBOOKS = (
    Case("a workbook that is cut off", {"f.xlsx": book_of()[:-40]}),
    Case("a workbook of 2 KB with one cell far away", {"f.xlsx": workbook(
        Sheet(rows=row_xml(HEADS, 1) + row_xml(CELLS, 2) + FAR))}),
    Case("a workbook with a cell in the last column", {"f.xlsx": book_of(("<c r=\"XFD3\"><v>1</v></c>",))}),
    Case("a workbook with a cell that is nowhere", {"f.xlsx": with_amount('<c r="?3"><v>1</v></c>')}),
    Case("a workbook with a cell twice", {"f.xlsx": with_amount('<c r="A3"><v>1</v></c>')}),
    Case("a workbook whose rows run backwards", {"f.xlsx": workbook(
        Sheet(rows=row_xml(HEADS, 5) + row_xml(CELLS, 6) + row_xml(CELLS, 2)))}),
    Case("a workbook bomb of shared strings", {"f.xlsx": lambda: workbook(
        Sheet(rows=(HEADS, CELLS)), strings=b"x", packed_strings=_strings(300))}),
    Case("a workbook with a text of 1 MiB", {"f.xlsx": lambda: with_amount(
        f'<c r="C3" t="inlineStr"><is><t>{"9" * MEBIBYTE}</t></is></c>')}),
    Case("a workbook nested 200,000 deep", {"f.xlsx": _deep_xml}),
    Case("a workbook of a billion laughs", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, (*CELLS[:2], '<c r="C2" t="str"><v>&c;</v></c>')), prolog=LAUGHS))}),
    Case("a workbook that asks for a file of the machine", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, ('<c r="A2" t="str"><v>&a;</v></c>',)), prolog=OUTSIDE))}),
    Case("a workbook whose directory declares entities", {"f.xlsx": workbook(Sheet(rows=(HEADS, CELLS)), prolog=LAUGHS)}),
    Case("a workbook whose sheet lies outside it", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)), targets={"S": "../../../etc/passwd"})}),
    Case("a workbook whose sheet lies on the network", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)), targets={"S": "https://evil.example/s.xml"})}),
    Case("a workbook of two sheets that are one", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)), Sheet(rows=(HEADS, CELLS), name="T"),
        targets={"S": "worksheets/s1.xml", "T": "worksheets/s1.xml"})}),
    Case("a workbook with a part twice", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)),
        more=(Member(name="xl/worksheets/s1.xml", content=sheet_xml(Sheet(rows=(HEADS,))).encode()),))}),
    Case("a workbook without its sheet", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)), targets={"S": "worksheets/s9.xml"})}),
    Case("a workbook without sheets", {"f.xlsx": workbook()}),
    Case("a workbook of 300 sheets", {"f.xlsx": lambda: workbook(
        *(Sheet(rows=(HEADS,), name=f"S{number}") for number in range(300)))}),
    Case("a workbook whose sheet is no XML", {"f.xlsx": workbook(Sheet(rows="<row><c>"))}),
    Case("an export beside a sheet of notes", {"f.xlsx": workbook(
        Sheet(rows=(HEADS, CELLS)), Sheet(rows=(("what", "why"), ("tax", "hard")), name="Notes"))}, reads=True),
    Case("a cell that is an error", {"f.xlsx": with_amount('<c r="C3" t="e"><v>#N/A</v></c>')}),
    Case("a formula without its result", {"f.xlsx": with_amount('<c r="C3"><f>SUM(A1:A9)</f></c>')}),
    Case("cells of a workbook that are unusual, and read", {"f.xlsx": book_of(
        _amount('<c r="C3"><f>1+1</f><v>2</v></c>', 3), _amount('<c r="C4" t="str"><f>cmd|\' /C calc\'!A0</f><v>3</v></c>', 4),
        _amount('<c r="C5"><v>0.30000000000000004</v></c>', 5), _amount('<c r="C6"><v>1.5E-7</v></c>', 6),
        dimension="A1", state="veryHidden", name="&lt;b&gt;\u202e[red]x[/red]")},
         shows=("sql", "SELECT paid_at, amount FROM funding ORDER BY paid_at", "--output-format", "csv")),
    Case("a cell that refers to no text", {"f.xlsx": with_amount('<c r="C3" t="s"><v>99</v></c>')}),
    Case("an index of a text that is no number", {"f.xlsx": with_amount('<c r="C3" t="s"><v>\u0661</v></c>')}),
    Case("a date that is a serial number", {"f.xlsx": book_of(('<c r="A3"><v>46024.5</v></c>', *CELLS[1:]))}),
    Case("a workbook with macros", {"f.xlsm": workbook(
        Sheet(rows=(HEADS, CELLS)), more=(Member(name="xl/vbaProject.bin", content=b"\xd0\xcf\x11\xe0macro"),))}, reads=True),
    Case("a binary workbook", {"f.xlsb": zip_of(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", b"\x83\1"))}),
    Case("a document of words", {"f.docx": zip_of(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))}),
    Case("an open document", {"f.ods": zip_of(("mimetype", b"application/vnd.oasis"), ("content.xml", b"<o/>"))}),
    Case("a workbook bomb in a zip", {"e.zip": lambda: zip_of(("f.xlsx", workbook(
        Sheet(rows=(HEADS, CELLS)), strings=b"x", packed_strings=_strings(300))))}),
    Case("an old workbook", {"f.xls": _old}, reads=True),
    Case("an old workbook cut in half", {"f.xls": lambda: _old()[:3_000]}),
    Case("an old workbook with a password", {"f.xls": lambda: _old(encrypted=True)}),
    Case("a workbook with a password", {"f.xlsx": lambda: contained(b"x" * 5_000, "EncryptedPackage")}),
    Case("an old document of words", {"f.doc": lambda: contained(b"x" * 5_000, "WordDocument")}),
    Case("the mark of an old workbook and nothing more", {"f.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}),
)  # fmt: skip

BOXES = (*together("archives", ZIPS), *together("workbooks", WORKBOOKS))
