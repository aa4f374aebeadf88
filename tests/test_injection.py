"""Texts of files are data: no spreadsheet runs them, no terminal or browser obeys them, no other program trips over them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from beancount import loader

from ledger.book import Book
from ledger.taxing.policies import policy_of
from reports.listings import FILES, REJECTS
from reports.registry import REPORTS
from reports.render import render
from reports.tax.targets import TARGETS
from reports.tax.value import TaxYear
from reports.tax.wanted import wanted_csv
from tests.books import FILLS, imported, new_book, write
from tests.conftest import Run

FORMULAS = ("=1+1", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")')
ORDERS = (
    "\x1b]0;pwned\x07",
    "\x1b[31mred",
    "[red]x[/red]",
    "\u202eTDSU",
    "a\nx nothing doubtful",
    "\u2066x",
    "\x9b31m",
)
MARKUP = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "{{7*7}}", "&lt;b&gt;", "]]>", "<!--")
NAMES = ("'; DROP TABLE fills_stored; --", "../../x", "a|b", "%7C|%25", 'say "x"; y, z: 1 [2026-01-01]', "L" * 5_000)
PAYLOADS = (*FORMULAS, *ORDERS, *MARKUP, *NAMES)
RUNS = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]\d+)?")
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ACCOUNT = "=1+1"
TRACED = ("balances", "carry", "funding", "income", "interest", "realized", "reconcile")
Cells = Iterator[tuple[str, str]]


def fill(payload: str, day: int, side: str) -> str:
    name = payload.replace('"', '""')
    return f'2026-02-{day:02d}T10:00:00Z,"{name}","{name}",perpetual,{side},2,100,0.5,"{name}",trade,usdm,USDT,linear'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return a book in which every name that a file may choose is a payload."""
    folder = tmp_path_factory.mktemp("poisoned")
    quoted = ['"' + payload.replace('"', '""') + '"' for payload in PAYLOADS]
    days = [number % 20 + 1 for number in range(len(PAYLOADS))]
    fills = [fill(payload, day + of, side) for payload, day in zip(PAYLOADS, days, strict=True)
             for of, side in enumerate(("buy", "sell"))]  # fmt: skip
    funding = [f"2026-02-{day:02d}T16:00:00Z,USDT,1.5,{name}" for name, day in zip(quoted, days, strict=True)]
    moved = [f"2026-02-{day:02d}T08:00:00Z,{name},5,deposit,{name}" for name, day in zip(quoted, days, strict=True)]
    wrong = [f"{name},BTC,1,{name}" for name in quoted]
    with new_book(folder) as book:
        exports = folder / "=exports"
        imported(
            book,
            write(exports, "=fills().csv", FILLS, fills),
            write(exports, "<b>\x1b[31m|.csv", "paid_at,asset,amount,symbol", funding),
            write(exports, "@transfers;.csv", "moved_at,asset,amount,kind,transaction_ref", moved),
            account=ACCOUNT,
        )
        imported(
            book, write(exports, "wrong.csv", "paid_at,asset,amount,symbol", wrong), account=ACCOUNT, max_rejects=1.0
        )
        yield book


@pytest.fixture(scope="module")
def tables(book: Book) -> Mapping[str, tuple[pl.DataFrame, Any]]:
    """Return every report and listing of the book, with its shape."""
    reports = {name: (book.report(name), shape) for name, shape in REPORTS.items()}
    return reports | {"files": (book.listing(FILES), FILES), "rejects": (book.listing(REJECTS), REJECTS)}


@pytest.fixture(scope="module")
def year(book: Book) -> TaxYear:
    return book.tax(policy_of("none", 2026, currency="EUR"))


def runs(text: str) -> bool:
    """Say whether a spreadsheet would run a text as a formula."""
    return bool(RUNS.match(text)) and not NUMBER.fullmatch(text)


def running_csv(content: bytes) -> list[str]:
    return [
        cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in row if runs(cell)
    ]


def running_xlsx(content: bytes) -> list[str]:
    """Return the formulas and links of a workbook in which a text of a file could have its hand."""
    sheets = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in sheets for row in sheet.iter_rows() for cell in row]
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    links = [str(cell.hyperlink.target) for cell in cells if cell.hyperlink and cell.hyperlink.target]
    return [text for text in [*formulas, *links] if any(payload.lstrip("=+-@＝") in text for payload in PAYLOADS)]


def test_no_cell_of_a_report_runs_in_a_spreadsheet(tables: Mapping[str, tuple[pl.DataFrame, Any]]) -> None:
    told = 0
    for name, (frame, shape) in tables.items():
        content = render(frame, shape, "csv")
        told += any(payload in content.decode() for payload in FORMULAS)
        assert running_csv(content) == [], name
        if frame.height:
            assert running_xlsx(render(frame, shape, "xlsx")) == [], name
    assert told > 10, "the payloads are in most reports"


def test_no_cell_of_an_export_runs_in_a_spreadsheet(book: Book, tmp_path: Path) -> None:
    book.export("csv", tmp_path / "csv")
    book.export("xlsx", tmp_path / "book.xlsx")
    assert {path.name: running_csv(path.read_bytes()) for path in (tmp_path / "csv").glob("*.csv")} == {
        path.name: [] for path in (tmp_path / "csv").glob("*.csv")
    }
    assert running_xlsx((tmp_path / "book.xlsx").read_bytes()) == []


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if not target.jurisdictions])
def test_no_cell_of_a_tax_file_runs_in_a_spreadsheet(name: str, year: TaxYear) -> None:
    for file, content in TARGETS[name].write(year).items():
        if file.endswith(".csv"):
            assert running_csv(content) == [], file
        elif file.endswith(".xlsx"):
            assert running_xlsx(content) == [], file


def test_wanted_prices_are_inert_and_come_back_under_their_own_names(year: TaxYear, tmp_path: Path) -> None:
    content = wanted_csv(year)
    assert running_csv(content) == []
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert {row["symbol"].lstrip("'") for row in rows} >= {name.lstrip("'") for name in FORMULAS}
    filled = [dict(row, price="7") for row in rows if row["symbol"].lstrip("'") in FORMULAS]
    with new_book(tmp_path) as fresh:
        lines = io.StringIO(newline="")
        told = csv.DictWriter(lines, filled[0].keys(), lineterminator="\n")
        told.writeheader()
        told.writerows(filled)
        (tmp_path / "wanted.csv").write_text(lines.getvalue(), encoding="utf-8")
        imported(fresh, tmp_path / "wanted.csv")
        known = set(fresh.store.query("SELECT DISTINCT symbol FROM prices")["symbol"])
    assert known == {row["symbol"] if row["symbol"][1:] not in FORMULAS else row["symbol"][1:] for row in filled}
    assert known == set(FORMULAS)


def test_a_terminal_is_given_no_order_and_a_browser_no_element(tables: Mapping[str, tuple[pl.DataFrame, Any]]) -> None:
    for name, (frame, shape) in tables.items():
        shown = render(frame, shape, "table", width=200).decode()
        assert OBEYED.search(shown) is None, name
        page = render(frame, shape, "html").decode()
        assert OBEYED.search(page) is None, name
        assert elements(page) <= OURS, name
    symbols = render(*tables["positions"], "table").decode()
    assert "\\x1b[31mred" in symbols and "[red]x[/red]" in symbols and "\\u202eTDSU" in symbols


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(" ".join([tag, *(key for key, _ in attrs if key.startswith("on") or key == "src")]))


def elements(page: str) -> set[str]:
    """Return the elements of a page, with what in them could run."""
    told = _Elements()
    told.feed(page)
    return told.found


OURS = {
    "a", "abbr", "body", "br", "caption", "code", "col", "colgroup", "dd", "details", "div", "dl", "dt", "em", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "head", "header", "html", "li", "main", "meta", "nav", "ol", "p", "pre", "script",
    "section", "small", "span", "strong", "style", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
    "wbr",
}  # fmt: skip


def test_commands_show_names_and_obey_none(run: Run, book: Book, tmp_path: Path) -> None:
    poisoned = write(tmp_path, "\x1b]0;pwned\x07[red]|.csv", "moved_at,asset,amount,kind",
                     [f'2026-02-01T10:00:00Z,"{name.replace(chr(34), chr(34) * 2)}",1,deposit' for name in PAYLOADS])  # fmt: skip
    own = tmp_path / "own.duckdb"
    for words in (("import", poisoned, "--account", "=x"), ("files",), ("report", "balances"), ("report", "findings"),
                  ("trace", "balances|=x|spot|a%7Cb"), ("trace", "no|such|thing"), ("trace", "witnesses|a|b|c|d|e|f"),
                  ("accounts",), ("check",)):  # fmt: skip
        answer = run(*words, book=own)
        assert OBEYED.search(answer.out + answer.err) is None, words
        assert answer.code in (0, 1, 2), words


@pytest.mark.parametrize("name", TRACED)
def test_every_line_of_a_report_leads_to_its_rows_whatever_its_symbol(
    name: str, book: Book, tables: Mapping[str, tuple[pl.DataFrame, Any]]
) -> None:
    from ledger.trace import rows_behind

    lines = tables[name][0].filter(pl.col("line").is_not_null())["line"].to_list()
    assert [line for line in lines if not rows_behind(book.store, line)] == []


def test_a_position_with_any_symbol_is_traced_and_a_month_with_any_asset_is_packed(book: Book, tmp_path: Path) -> None:
    from ledger.closing.pack import write_pack
    from ledger.trace import rows_behind

    ids = book.report("positions")["position_id"].to_list()
    assert len(ids) == len(PAYLOADS)
    assert [name for name in ids if not rows_behind(book.store, name)] == []
    made = {path.suffix: path for path in write_pack(book.month("2026-02", ACCOUNT), tmp_path)}
    page = made[".html"].read_text(encoding="utf-8")
    assert OBEYED.search(re.sub(r"(?s)<script.*?</script>", "", page)) is None
    assert running_xlsx(made[".xlsx"].read_bytes()) == []


@pytest.mark.parametrize("program", ["beancount", "hledger", "ledger"])
def test_a_journal_of_any_names_is_one(program: str, book: Book, tmp_path: Path) -> None:
    path = book.export(program, tmp_path / f"book.{program}").path
    text = path.read_text(encoding="utf-8")
    assert OBEYED.search(text) is None
    if program == "beancount":
        entries, errors, _ = loader.load_file(str(path))
        assert [error.message for error in errors] == []
        assert entries
    else:
        assert max(len(line.encode()) for line in text.splitlines()) < 4_096, "the longest line that ledger reads"
        assert all(line == line.rstrip("\x85\u2028") for line in text.split("\n"))


def test_what_stands_in_a_file_changes_no_table(book: Book) -> None:
    assert book.store.scalar("SELECT count(*) FROM fills") == 2 * len(PAYLOADS)
    assert book.store.scalar("SELECT count(*) FROM transfers") == len(PAYLOADS)
    assert all(
        not offenders.height for name, offenders in book.check().items() if name.startswith(("ids", "files", "row"))
    )
