"""Exports that are broken, foreign, misleading or hostile: as data, each with a name; archives are in `hostile_boxes`.

Most are a plain file of funding payments, a good row first: what the second row's cell does is then all that counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FUNDING = "funding.csv"
HEADER = "paid_at,asset,amount,symbol"
GOOD = "2026-01-02T08:00:00Z,USDT,-3.9,BTC-PERP"
NEXT = "2026-01-02T16:00:00Z,USDT,1.5,BTC-PERP"
Bytes = bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    """Files that are handed over, and how.

    `where` is the folder they lie in and that is given as a whole; without one each is given by its name.  `before` is
    imported first.  `make` puts into the folder what is no file.
    """

    name: str
    files: Mapping[str, Bytes] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    where: str = ""
    before: Mapping[str, Bytes] = field(default_factory=dict)
    make: Callable[[Path], None] | None = None
    given: tuple[str, ...] = ()
    """What is given, where that is neither the folder nor the files."""
    shows: tuple[str, ...] = ()
    """A command to run after the import, whose output is part of what is said."""
    reads: bool = False
    """Whether something of it is stored."""

    @property
    def has_company(self) -> bool:
        """Whether it can be handed over beside others, under its own name."""
        return len(self.files) == 1 and not (self.where or self.before or self.make or self.given or self.shows)


def funding(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    """Return an export of funding with a good row and these."""
    return end.join((header, GOOD, *rows, "")).encode()


def prices(*rows: str) -> bytes:
    """Return an export of prices."""
    return "\n".join(("time,symbol,price", *rows, "")).encode()


def together(title: str, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases with those that can be handed over beside each other as one, each file called as its case."""
    alone = [case for case in cases if not case.has_company]
    shared: dict[tuple[bool, tuple[str, ...]], dict[str, Bytes]] = {}
    for case in cases:
        if case.has_company:
            ((name, made),) = case.files.items()
            shared.setdefault((case.reads, case.options), {})[f"{case.name}{name[name.index('.') :]}"] = made
    grouped = [
        Case(_title(title, files, options, reads=reads), files, options) for (reads, options), files in shared.items()
    ]
    return (*grouped, *alone)


def _title(title: str, files: Mapping[str, Bytes], options: Sequence[str], *, reads: bool) -> str:
    if len(files) == 1:
        return Path(next(iter(files))).stem
    return " ".join([f"{title} that are {'read' if reads else 'not read'}", *options])


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text


def instant(name: str, text: str, *options: str, reads: bool = False) -> Case:
    """Return a case of a row whose time is this text."""
    return Case(name, {FUNDING: funding(f"{_quoted(text)},USDT,1.5,BTC-PERP")}, options, reads=reads)


def content(name: str, *start: bytes, file: str = FUNDING, reads: bool = False) -> Case:
    """Return a case of a file of these bytes."""
    return Case(name, {file: b"".join(start)}, reads=reads)


TRADE_HEADER = (
    "Uid,Time,Symbol,Side,Position Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"
)
TRADES = "Binance-Futures-Trade-History.csv"


def trades(*rows: str) -> bytes:
    """Return trades of a venue that writes local times."""
    return "\n".join((TRADE_HEADER, *rows, "")).encode()


def trade(at: str, number: str = "601", side: str = "BUY", symbol: str = "ETHUSDT") -> str:
    """Return a trade at a wall clock."""
    return f"90000017,{at},{symbol},{side},Both,2000.00,0.5,1000.00,0.5 USDT,0,true,false,{number},701"


OPENED = trade("2026-02-01 10:00:00")
REPEATED = (
    Case("the same file twice", {FUNDING: funding()}, before={FUNDING: funding()}),
    Case("the same bytes for another account", {"copy.csv": funding()}, ("--account", "other"), before={FUNDING: funding()}),
    Case("a file twice in one import", {"a.csv": funding(), "b.csv": funding()}),
    Case("overlaps and rows in another order", {"a.csv": funding(), "b.csv": funding(NEXT),
                                                "c.csv": "\n".join((HEADER, NEXT, GOOD, "")).encode()}, where="exports"),
    Case("an id with other content", {TRADES: trades(OPENED, OPENED.replace("0.5 USDT", "0.7 USDT"))}, ("--timezone", "UTC")),
)  # fmt: skip
STRUCTURE = (
    Case("a short row", {FUNDING: funding("2026-01-02T16:00:00Z,USDT")}),
    Case("a long row", {FUNDING: funding(NEXT + ",and more")}),
    Case("a short and a long row", {FUNDING: funding("2026-01-02T16:00:00Z,USDT,1.5", NEXT + ",x")}),
    Case("a short row that is let in", {FUNDING: funding("2026-01-02T16:00:00Z,USDT")}, ("--max-rejects", "50%"), reads=True),
    Case("a short row that nothing lets in", {FUNDING: funding(*(f"2026-01-{day:02d}T16:00:00Z,USDT,1,X" for day in range(2, 32)),
                                                               "2026-01-02T16:00:00Z")}, ("--strict",)),
    Case("a short row among many", {FUNDING: funding(*(f"2026-01-{day:02d}T16:00:00Z,USDT,1,X" for day in range(2, 32)),
                                                     "2026-01-02T16:00:00Z,USDT")}, reads=True),
    content("a file cut in a row", funding(), b"2026-01-02T16:00:00Z,US"),
    content("a file cut in the last cell", funding()[:-3], reads=True),
    Case("a quote that is never closed", {FUNDING: funding('2026-01-02T16:00:00Z,"USDT,1.5,BTC-PERP', NEXT)}),
    Case("a quote never closed in the last row", {FUNDING: funding('2026-01-02T16:00:00Z,USDT,1.5,"BTC-PERP')}),
    Case("text after a closing quote", {FUNDING: funding('2026-01-02T16:00:00Z,"USDT"x,1.5,BTC-PERP')}),
    Case("a quote that swallows rows", {FUNDING: funding('2026-01-02T16:00:00Z,"USDT,1.5,BTC-PERP', NEXT, '2026-01-03T00:00:00Z,USDT",1.5,X')}),
    content("a NUL in a cell", funding("2026-01-02T16:00:00Z,US\0DT,1.5,BTC-PERP")),
    content("many NULs", funding("\0" * 40)),
    Case("a cell of 100 KB", {FUNDING: lambda: funding(f"2026-01-02T16:00:00Z,{'U' * 100_000},1.5,BTC-PERP")}),
    Case("a row of 2 MB", {FUNDING: lambda: funding(",".join(["x" * 60_000] * 40))}),
    Case("a line of 3 MB", {FUNDING: lambda: funding("x" * 3_000_000)}),
    Case("a first line of 3 MB", {FUNDING: lambda: b"x" * 3_000_000}),
    Case("a row of 10,000 cells", {FUNDING: funding(",".join("x" * 10_000))}),
    Case("a header of 2,000 columns", {FUNDING: (HEADER + "," + ",".join(f"c{n}" for n in range(2_000)) + "\n").encode}),
    Case("50,000 quotes", {FUNDING: lambda: funding('"' * 50_001)}),
    Case("1,000 broken rows", {FUNDING: lambda: funding(*(f"{row}" for row in range(1_000)))}),
    Case("a file that is a list of delimiters", {FUNDING: lambda: b"," * 100_000}),
)  # fmt: skip
ENCODINGS = (
    Case("dialects that are read as they are", {
        "cr-alone.csv": funding(NEXT, end="\r"), "mixed-ends.csv": f"{HEADER}\r\n{GOOD}\r{NEXT}\n".encode(),
        "blank-lines.csv": funding("", "   ", NEXT, "", ""), "no-last-end.csv": funding(NEXT)[:-1],
        "empty-cells-beyond.csv": funding(NEXT + ",,,"), "utf-8-mark.csv": b"\xef\xbb\xbf" + funding(NEXT),
        "utf-16.csv": funding(NEXT).decode().encode("utf-16"), "utf-32.csv": funding(NEXT).decode().encode("utf-32"),
        "semicolons.csv": funding(NEXT).replace(b",", b";"), "tabs.csv": funding(NEXT).replace(b",", b"\t"),
        "other-order.csv": f"symbol,amount,asset,paid_at\n{','.join(reversed(NEXT.split(',')))}\n".encode(),
        "other-letters.csv": funding(NEXT, header=" Paid_At ,ASSET,\uff41mount,Symbol"),
        "preamble.csv": b"Funding of the account\n\n" + funding(NEXT), "quoted.csv": b'"' + funding(NEXT).replace(b",", b'","').replace(b"\n", b'"\n"')[:-1],
        "header-alone.csv": f"{HEADER}\n".encode(), "footer.csv": funding("No data matches the criteria."),
    }, where="exports"),
    content("UTF-16 without a mark", funding().decode().encode("utf-16-le")),
    content("UTF-16 cut in half a character", funding().decode().encode("utf-16")[:-1]),
    content("Latin-1", funding("2026-01-02T16:00:00Z,USDT,1.5,M\u00dcNZE").decode().encode("latin-1")),
    content("GB 18030", funding("2026-01-02T16:00:00Z,USDT,1.5,\u5e01\u5b89").decode().encode("gb18030")),
    Case("Latin-1 that is named", {FUNDING: funding("2026-01-02T16:00:00Z,USDT,1.5,M\u00dcNZE").decode().encode("latin-1")},
         ("--encoding", "latin-1"), reads=True),
    Case("an encoding that does not exist", {FUNDING: funding()}, ("--encoding", "klingon")),
    Case("an encoding that is no text", {FUNDING: funding()}, ("--encoding", "base64")),
    Case("an encoding that does not fit", {FUNDING: funding("\u00dc").decode().encode("latin-1")}, ("--encoding", "utf-16")),
    content("a wrong byte late in the file", funding(), (NEXT + "\n").encode() * 40_000, b"2026-01-03T16:00:00Z,US\xffDT,1,X\n"),
    content("half a character in a JSON text", b'[{"time":"2026-01-02T08:00:00Z","symbol":"B\\ud800TC","price":1}]', file="p.json"),
)  # fmt: skip
HEADERS = (
    Case("a column twice", {FUNDING: funding(header="paid_at,asset,amount,amount")}),
    Case("a column twice in other letters", {FUNDING: funding(header="paid_at,asset,amount,\uff21mount ")}),
    Case("one column under two names", {TRADES: f"{TRADE_HEADER},Time(UTC)\n{OPENED},2026-02-01 10:00:00\n".encode()},
         ("--timezone", "UTC")),
    Case("an unknown column twice", {FUNDING: funding(header=HEADER + ",note,note").replace(b"PERP", b"PERP,x,y")}),
    Case("a column that is missing", {FUNDING: b"paid_at,amount,symbol\n2026-01-02T08:00:00Z,1,X\n"}),
    Case("a column with another name", {TRADES: trades(OPENED).replace(b",Fee,", b",Commission,")}),
    Case("a new column", {FUNDING: funding(header=HEADER + ",rebate").replace(b"PERP", b"PERP,0.5")}, reads=True),
    Case("a new column of escape codes", {FUNDING: funding(header=HEADER + ",\x1b[31mrebate").replace(b"PERP", b"PERP,0.5")}, reads=True),
    Case("no header", {FUNDING: f"{GOOD}\n{NEXT}\n".encode()}),
    Case("a preamble of 60 lines", {FUNDING: b"a line of words\n" * 60 + funding()}),
    Case("a footer of totals", {FUNDING: funding("Total,,-3.9,")}),
    Case("a header alone", {FUNDING: f"{HEADER}\n".encode()}, reads=True),
    Case("a header that two formats have", {"x.csv": (Path(__file__).parent / "data/errors/ambiguous-header.csv").read_bytes()}),
    Case("a table of something else", {"taste.csv": b"colour,taste\nred,sweet\n"}),
    Case("a format that is not the file's", {FUNDING: funding()}, ("--format", "binance.deposits")),
    Case("a format that does not exist", {FUNDING: funding()}, ("--format", "plain.founding")),
    Case("a wallet that does not exist", {FUNDING: funding()}, ("--wallet", "../../x")),
    Case("an account named as a path", {FUNDING: funding()}, ("--account", "../../x")),
    Case("an account of escape codes", {FUNDING: funding()}, ("--account", "\x1b[31mred")),
    Case("a zone that does not exist", {FUNDING: funding()}, ("--timezone", "Mars/Base")),
    Case("a share that is none", {FUNDING: funding()}, ("--max-rejects", "NaN")),
)  # fmt: skip
KINDS = (
    content("a login page", b"<!DOCTYPE html><html><head><title>Log in</title></head></html>"),
    content("another web page", b"<html><body>Not found</body></html>"),
    content("an XML document", b'<?xml version="1.0"?><rows/>'),
    content("an error as JSON", b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', file="f.json"),
    content("an empty answer as JSON", b'{"retCode":0,"result":{"list":[]}}', file="f.json"),
    content("JSON cut off", b'[{"paid_at":"2026-01-02T08:00:00Z","asset":"US', file="f.json"),
    content("JSON that does not parse", b'[{"paid_at":"2026-01-02T08:00:00Z",,}]', file="f.json"),
    content("JSON of something else", b'[{"colour":"red","taste":"sweet"}]', file="f.json"),
    content("JSON of numbers", b"[1,2,3]", file="f.json"),
    content("a number alone", b"17\n", file="f.json"),
    Case("JSON nested 100,000 deep", {"f.json": lambda: b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]"}),
    content("JSON that names a key twice", b'[{"time":"2026-01-02T08:00:00Z","symbol":"BTC","price":1,"price":2}]', file="f.json"),
    content("JSON with NaN", b'[{"time":"2026-01-02T08:00:00Z","symbol":"BTC","price":NaN}]', file="f.json"),
    content("JSON with 1E400", b'[{"time":"2026-01-02T08:00:00Z","symbol":"BTC","price":1E400}]', file="f.json"),
    Case("JSON of 2,000 different keys", {"f.json": lambda: json.dumps([{f"k{n}": 1} for n in range(2_000)]).encode()}),
    Case("refused JSON in a folder", {"a.json": lambda: json.dumps([{f"k{n}": 1} for n in range(2_000)]).encode(),
                                      FUNDING: funding()}, where="exports"),
    content("JSON lines with a broken one", b'{"time":"2026-01-02T08:00:00Z","symbol":"BTC","price":1}\n{"time":\n', file="f.json"),
    content("a PDF document", b"%PDF-1.7\n"),
    content("a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
    content("a database", b"SQLite format 3\0" + b"\0" * 84),
    content("a Parquet file", b"PAR1" + b"\0" * 40),
    content("a program", b"\x7fELF\2\1\1" + b"\0" * 40),
    content("a 7-Zip archive", b"7z\xbc\xaf\x27\x1c" + b"\0" * 20),
    content("a RAR archive", b"Rar!\x1a\x07\1\0" + b"\0" * 20),
    content("a file packed with zstd", b"\x28\xb5\x2f\xfd" + b"\0" * 20),
    content("a file packed with xz", b"\xfd7zXZ\0" + b"\0" * 20),
    content("a file packed with bzip2", b"BZh91AY&SY" + b"\0" * 20),
    content("a tar archive", b"a.csv" + b"\0" * 252 + b"ustar\0" + b"\0" * 249),
    content("a document of RTF", b"{\\rtf1 x}"),
    content("random bytes", bytes((i * 89 + 7) % 256 for i in range(4_000))),
    content("an empty file"),
    content("blanks alone", b" \n\t\r\n" * 20),
    content("a mark alone", b"\xef\xbb\xbf"),
)  # fmt: skip
AMOUNTS = {
    "1e400": "1e400",
    "1E+9999999999": "1E+9999999999",
    "1E100": "1E100",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "a signalling NaN": "sNaN",
    "a word": "three",
    "nothing": "",
    "a dash": "-",
    "25 decimals": "0.1234567890123456789012345",
    "1e-30": "1e-30",
    "40 digits": "1234567890123456789012345678901234567890",
    "Arabic digits": "\u0661\u0662\u0663",
    "full-width digits": "\uff11\uff12",
    "a real minus": "\u22125",
    "a no-break space": "1.5\u00a0",
    "a mark from right to left": "\u200f5",
    "a blank of no width": "5\u200b",
    "brackets for a minus": "(5)",
    "a minus behind": "5-",
    "an underscore": "1_000",
    "a thousands comma, or a decimal one": "1,234",
    "thousands commas": "1,234,567.89",
    "a decimal comma": "1,5",
    "points for thousands": "1.234.567",
    "an apostrophe": "1'000",
    "a currency": "$5",
    "a unit": "5 USDT",
    "two signs": "--5",
    "a number of another base": "0x1F",
    "a percentage": "5%",
    "a fraction": "1/3",
    "a formula": "=1+1",
}
INSTANTS = {
    "a day or a month": "03/04/2025 10:00",
    "a clock without a zone": "2026-01-02 16:00:00",
    "a serial number for a date": "46024.5",
    "seconds for a date": "1767369600",
    "milliseconds for a date": "1767369600000",
    "1970": "1970-01-01T00:00:00Z",
    "1900": "1900-01-00T00:00:00Z",
    "the year 1": "0001-01-01T00:00:00Z",
    "2262": "2262-04-12T00:00:00Z",
    "the year 9999": "9999-12-31T23:59:59Z",
    "the year 56971": "56971-01-01T00:00:00Z",
    "a day that is none": "2026-02-30T00:00:00Z",
    "hour 24": "2026-01-02T24:00:00Z",
    "a zone by its letters": "2026-01-02 16:00:00 PST",
    "Arabic digits in a date": "\u0662\u0660\u0662\u0666-01-02T16:00:00Z",
    "a date in words": "yesterday",
    "no date": "",
}
REJECTS = ("rejects", "--output-format", "csv")
NUMBERS = (
    Case("amounts that are none", {FUNDING: funding(*(
        f"2026-01-02T16:00:00Z,USDT,{_quoted(text)},{_quoted(name)}" for name, text in AMOUNTS.items()))},
         ("--max-rejects", "100%"), shows=REJECTS),
    Case("numbers that are unusual, and read", {FUNDING: funding(*(
        f"2026-01-02T{hour}:00:00Z,USDT,{text},BTC-PERP" for hour, text in enumerate(
            ("-0.0", "+1.5", "1.5E-7", "1.50000000000000000000000", "  1.5 ", "0.123456789012345678", ".5", "5."), 10)))},
         shows=("sql", "SELECT paid_at, amount FROM funding ORDER BY paid_at", "--output-format", "csv")),
    Case("an id that a spreadsheet has rounded", {TRADES: trades(trade("2026-02-01 10:00:00", "8.38977E+18"))}, ("--timezone", "UTC")),
    Case("a funding of 20 digits", {FUNDING: funding("2026-01-02T16:00:00Z,USDT,99999999999999999999,X")}),
    Case("rows that add up to more than 18 digits", {FUNDING: funding(*(
        f"2026-01-02T16:00:{second:02d}Z,USDT,9999999999999999,X" for _ in range(2) for second in range(60)))}),
    Case("a notional of 40 digits", {"fills.csv": b"filled_at,symbol,product,side,quantity,price,execution\n"
         b"2026-01-02T01:00:00Z,BTC-PERP,perpetual,buy,999999999999999,999999999999,trade\n"}),
    Case("a quantity below zero", {"fills.csv":
         b"filled_at,symbol,product,side,quantity,price,execution\n2026-01-02T01:00:00Z,BTC-PERP,perpetual,buy,-5,10,trade\n"}),
    Case("a price of nothing", {"fills.csv":
         b"filled_at,symbol,product,side,quantity,price,execution\n2026-01-02T01:00:00Z,BTC-PERP,perpetual,buy,5,,trade\n"}),
    Case("a word that nobody knows", {TRADES: trades(trade("2026-02-01 10:00:00", side="HODL"))}, ("--timezone", "UTC")),
    Case("a word in letters that look alike", {TRADES: trades(trade("2026-02-01 10:00:00", side="\u0412UY"))}, ("--timezone", "UTC")),
)  # fmt: skip
TIMES = (
    Case("instants that are none", {FUNDING: funding(*(
        f"{_quoted(text)},USDT,1.5,{_quoted(name)}" for name, text in INSTANTS.items()))},
         ("--max-rejects", "100%"), shows=REJECTS),
    instant("a clock with a zone that is named", "2026-01-02 16:00:00", "--timezone", "UTC", reads=True),
    instant("a leap second", "2016-12-31T23:59:60Z", reads=True),
    Case("a date of the future", {FUNDING: funding("2098-01-02T16:00:00Z,USDT,1.5,BTC-PERP")}, reads=True),
    Case("epochs beyond reason", {"p.json": b'[{"time":"2026-01-02T08:00:00Z","symbol":"BTC","price":1},{"time":"1735689600000000000000","symbol":"BTC","price":1}]'}),
    Case("no zone anywhere", {TRADES: trades(OPENED)}),
    Case("a clock that never was", {TRADES: trades(trade("2026-03-29 02:30:00"))}, ("--timezone", "Europe/Berlin")),
    Case("a clock that was twice", {TRADES: trades(trade("2025-10-26 02:30:00"))}, ("--timezone", "Europe/Berlin")),
    Case("dates of two orders", {TRADES: trades(OPENED, trade("02/01/2026 10:00:00", "602"))}, ("--timezone", "UTC")),
)  # fmt: skip
EVIL = "'; DROP TABLE files; --"
NAMED = 'BTC"; --<script>alert(1)</script>|../../x\x1b[31m\u202e[red]=1+1'
NAMES = (
    Case("SQL for a symbol", {FUNDING: funding(f"2026-01-02T16:00:00Z,USDT,1.5,{EVIL}")},
         shows=("report", "funding", "--output-format", "csv", "--by", "month")),
    Case("SQL for an asset", {FUNDING: funding(f"2026-01-02T16:00:00Z,{EVIL},1.5,X")}, shows=("report", "balances")),
    Case("markup and escape codes for a symbol", {FUNDING: funding("2026-01-02T16:00:00Z,USDT,1.5,\"" + NAMED.replace('"', '""') + '"')},
         shows=("report", "funding")),
    Case("an asset of 10,000 letters", {FUNDING: funding(f"2026-01-02T16:00:00Z,{'A' * 10_000},1.5,X")}, reads=True),
    Case("a venue that is a path", {FUNDING: funding(header=HEADER + ",venue").replace(b"PERP", b"PERP,../../etc")}),
    Case("a wallet that is no wallet", {FUNDING: funding(header=HEADER + ",wallet").replace(b"PERP", b"PERP,<b>spot</b>")}),
    Case("SQL for a file name", {f"{EVIL}.csv": funding()}, reads=True),
    Case("file names that mean something elsewhere", {
        "glob[1]*.csv": funding(), "\x1b]0;pwned\x07\u202e[red].csv": funding(NEXT), f"{EVIL}2.csv": funding("", NEXT),
        "=cmd()|x.csv": funding(NEXT, ""), "$(reboot).csv": funding(NEXT, "", ""), "~.csv": funding(NEXT, "", "", "")}, where="exports"),
    Case("a file name of two lines", {"a\nx nothing doubtful.csv": funding("2026-01-02")}),
    Case("a cell of two lines", {FUNDING: funding('2026-01-02T16:00:00Z,"USDT\nnothing doubtful",1.5,X')}, reads=True),
    Case("a file name that is no text", {os.fsdecode(b"f\xff.csv"): funding("2026-01-02")}),
    Case("a file name of 250 letters", {"n" * 246 + ".csv": funding("2026-01-02")}),
    Case("a file named as an option", {"--strict": funding()}, given=("--", "--strict")),
)  # fmt: skip


def _links(folder: Path) -> None:
    (folder / "a.csv").write_bytes(funding())
    (folder / "link.csv").symlink_to("a.csv")
    (folder / "out.csv").symlink_to("/etc/passwd")
    (folder / "gone.csv").symlink_to("nothing.csv")
    (folder / "round").symlink_to(folder)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "a.csv").write_bytes(funding())


def _deep(folder: Path) -> None:
    below = folder
    for _ in range(60):
        below = below / "below"
        below.mkdir()
    (below / "a.csv").write_bytes(funding("2026-01-02"))


PLACES = (
    Case("links in a folder", where="exports", make=_links),
    Case("a link that is given by its name", make=_links, given=("link.csv",)),
    Case("a link that leads nowhere", make=_links, given=("gone.csv",)),
    Case("a pipe in a folder", where="exports", make=_pipe),
    Case("a pipe that is given by its name", make=_pipe, given=("pipe.csv",)),
    Case("a device", given=("/dev/zero",)),
    Case("a folder 60 deep", where="exports", make=_deep),
    Case("an empty folder", where="exports"),
    Case("what is not there", given=("nothing.csv",)),
    Case("a folder of an export and of what is none", {
        "a.csv": funding(), "notes.txt": b"buy low\nsell high\n", "page.html": b"<html></html>", "b.csv": b"colour,taste\nred,x\n",
        "bad.zip": b"PK\3\4", "bad.json": b"[{", ".hidden.csv": funding(NEXT), "p.pdf": b"%PDF-", "empty.csv": b"",
    }, where="exports"),
    Case("a good file, a refused one and an unreadable one", {
        "a.csv": funding(), "b.zip": b"PK\3\4", "c.csv": funding(header="paid_at,asset,amount,amount")}),
)  # fmt: skip
TEXTS = (
    *REPEATED, *together("rows", STRUCTURE), *together("encodings", ENCODINGS), *together("headers", HEADERS),
    *together("kinds of files", KINDS), *together("numbers", NUMBERS), *together("times", TIMES),
    *together("names", NAMES), *PLACES,
)  # fmt: skip
