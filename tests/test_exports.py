"""Exports: beancount proves the journal and what venues state; every table comes out as it stands in the book."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from beancount import loader
from beancount.core import data

from ledger.book import Book
from ledger.commands.demo import write_exports
from ledger.exporting.tables import sources
from reports.exports import tables as tables_module
from reports.exports.names import ROOTS, account_names, beancount_commodities, legal_commodity, quoted_commodity
from schemas.bookkeeping import BOOKKEEPING
from schemas.decided import DECIDED
from schemas.derived import DERIVED
from schemas.errors import RefusedFile, UnknownThing
from schemas.tables import CAUSES, CHECKS, STATED
from schemas.types import KEY, MONEY
from tests.books import NOW, imported, new_book, write
from tests.conftest import Run
from tests.journals import ACCOUNT, ASSETS, EVIL_SYMBOL, LEDGER, Held, drawn, explained_away, hostile, trial_balance


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return the book of the demo: five venues."""
    folder = tmp_path_factory.mktemp("demo")
    with new_book(folder) as book:
        imported(book, write_exports(folder / "exports"))
        yield book


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Return a book of all that breaks an export."""
    folder = tmp_path_factory.mktemp("evil")
    with new_book(folder) as book:
        hostile(book, folder)
        yield book


def loaded(path: Path) -> list[data.Directive]:
    """Load a file as bean-check does, and insist that there is nothing to say."""
    entries, errors, _ = loader.load_file(str(path))
    assert [error.message for error in errors] == []
    return entries


def errors_of(text: str) -> list[str]:
    """Return what beancount has to say of a journal."""
    return [error.message for error in loader.load_string(text)[1]]


def held_in(entries: list[data.Directive]) -> Held:
    """Return the balances of a journal under the names of the book, by what stands beside its directives."""
    assets = {entry.currency: entry.meta["asset"] for entry in entries if isinstance(entry, data.Commodity)}
    places = {entry.account: tuple(entry.meta[name] for name in ("account", "venue", "posting-account"))
              for entry in entries if isinstance(entry, data.Open)}  # fmt: skip
    found: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        for posting in entry.postings if isinstance(entry, data.Transaction) else ():
            account, venue, name = places[posting.account]
            number, currency = units_of(posting)
            found[account, venue, name, assets[currency]] += number
    return {key: balance for key, balance in found.items() if balance}


def units_of(posting: data.Posting) -> tuple[Decimal, str]:
    """Return number and commodity, which every posting has."""
    assert posting.units is not None
    assert posting.units.number is not None
    return posting.units.number, posting.units.currency


def transactions(entries: list[data.Directive]) -> list[data.Transaction]:
    return [entry for entry in entries if isinstance(entry, data.Transaction)]


# ------------------------------------------------------------------------------------------------- beancount


def test_beancount_proves_the_book_of_the_demo_and_holds_its_balances(demo: Book, tmp_path: Path) -> None:
    done = demo.export("beancount", tmp_path / "book.beancount")
    entries = loaded(done.path)
    assert held_in(entries) == trial_balance(demo)
    told = done.journal
    assert told is not None
    assert (told.breaks, told.unasserted, told.postings) == (0, 0, demo.report("journal").height)
    assert told.asserted > 100
    asserted = [entry for entry in entries if isinstance(entry, data.Balance)]
    assert len(asserted) > 40
    files = set(demo.store.query("SELECT name FROM files")["name"])
    for entry in transactions(entries):
        if entry.narration != "opening balance":
            assert entry.meta["file"] in files
            assert entry.meta["row"] > 0
        assert entry.meta["time"][:10] == entry.date.isoformat()
        assert all((posting.meta or {})["row-key"].isdigit() for posting in entry.postings)


def test_beancount_proves_a_hostile_book_with_every_name_led_back(evil: Book, tmp_path: Path) -> None:
    done = evil.export("beancount", tmp_path / "book.beancount")
    entries = loaded(done.path)
    assert explained_away(held_in(entries)) == trial_balance(evil)
    assert {entry.meta["asset"] for entry in entries if isinstance(entry, data.Commodity)} == {*ASSETS, "USDT"}
    (opened,) = [entry for entry in entries if isinstance(entry, data.Open)
                 and entry.meta["posting-account"] == f"results:{EVIL_SYMBOL}"]  # fmt: skip
    assert opened.account == "Income:Results:Unicode-desk:Plain:PERP-x-2026-01-01-y"
    (file,) = {entry.meta["file"] for entry in transactions(entries) if entry.meta.get("row") == 14}
    assert file in set(evil.store.query("SELECT name FROM files")["name"])


def test_a_break_is_a_transaction_of_its_own_so_that_what_is_stated_after_it_holds(evil: Book, tmp_path: Path) -> None:
    entries = loaded(evil.export("beancount", tmp_path / "book.beancount").path)
    (found,) = evil.report("breaks").iter_rows(named=True)
    (entry,) = [entry for entry in transactions(entries) if entry.flag == "!"]
    assert (entry.meta["id"], entry.narration, entry.meta["hint"] != "") == (
        found["break_id"],
        "unexplained difference",
        True,
    )
    assert [(posting.account.split(":")[:2], units_of(posting)[0]) for posting in entry.postings] == [
        (["Assets", "Wallets"], Decimal("6.500000000000000001")), (["Equity", "Unexplained"], -Decimal("6.500000000000000001")),
    ]  # fmt: skip
    of_day = [entry.narration for entry in transactions(entries) if entry.date.isoformat() == "2026-02-03"]
    assert of_day == ["unexplained difference", "realized pnl BTC-USDT", "realized pnl BTC/USDT"]


def test_a_balance_is_asserted_at_the_start_of_a_day_and_noted_inside_one(evil: Book, tmp_path: Path) -> None:
    entries = loaded(evil.export("beancount", tmp_path / "book.beancount").path)
    asserted = [(entry.date.isoformat(), entry.account.split(":")[-1], str(entry.amount.number), entry.tolerance)
                for entry in entries if isinstance(entry, data.Balance)]  # fmt: skip
    zero = Decimal(0)
    assert asserted == [
        ("2026-02-02", "Usdm", "119.999999999999999999", zero),
        ("2026-02-03", "Usdm", "119.999999999999999999", zero),
        ("2026-02-04", "Usdm", "132.5", zero),
        ("2026-02-05", "Usdm", "134.5", zero),
        ("2026-02-06", "Usdm", "151.5", zero),
        ("2026-02-07", "Cross-margin", "50", zero),
        ("2026-02-08", "Spot", "9.000000000000000001", zero),
    ]
    noted = [entry.meta["time"] for entry in entries if isinstance(entry, data.Note)]
    assert noted == ["2026-02-02T00:00:00Z", "2026-02-02T12:00:00Z", "2026-02-03T09:00:00Z", "2026-02-06T00:00:00Z",
                     "2026-02-07T08:00:00Z"]  # fmt: skip
    told = ("stated", "unasserted", "held-here")
    said = {
        str(units_of(posting)[0]): {
            name: str(value.number) for name, value in (posting.meta or {}).items() if name in told
        }
        for entry in transactions(entries)
        if entry.date.isoformat() == "2026-02-05"
        for posting in entry.postings
        if posting.account.startswith("Assets:")
    }
    assert said == {"10": {}, "7": {"stated": "151.5", "unasserted": "141.5", "held-here": "151.5"}}


def test_a_unit_of_the_last_decimal_is_an_error_of_a_posting_and_of_a_balance(evil: Book, tmp_path: Path) -> None:
    text = evil.export("beancount", tmp_path / "book.beancount").path.read_text(encoding="utf-8")
    assert errors_of(text) == []
    posting = "Assets:Wallets:Unicode-desk:Plain:Spot  9.000000000000000001 BTC"
    balance = "Assets:Wallets:Unicode-desk:Plain:Spot  9.000000000000000001 ~ 0 BTC"
    assert text.count(posting) == text.count(balance) == 1
    unbalanced = errors_of(text.replace(posting, posting.replace("01 BTC", "02 BTC")))
    assert any("does not balance" in error for error in unbalanced)
    (failed,) = errors_of(text.replace(balance, balance.replace("01 ~", "02 ~")))
    assert "Balance failed" in failed


def test_figures_longer_than_beancount_sums_are_named(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        rows = [f"2026-01-01T00:00:0{number}Z,{number},asset,PEPE,{amount},deposit,,spot," for number, amount in
                enumerate(("12345678901.000000000000000001", "1"))]  # fmt: skip
        imported(book, write(tmp_path, "ledger.csv", LEDGER, rows))
        done = book.export("beancount", tmp_path / "book.beancount")
    assert done.too_long == ("PEPE",)
    assert ";; beancount sums 28 digits; figures of PEPE have more" in done.path.read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------ the range


def test_what_was_before_a_range_is_brought_forward(demo: Book, tmp_path: Path) -> None:
    start, to = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    done = demo.export("beancount", tmp_path / "a.beancount", start=start, to=to)
    entries = loaded(done.path)
    assert held_in(entries) == trial_balance(demo, to=to)
    first, *rest = transactions(entries)
    assert (first.narration, first.date.isoformat()) == ("brought forward", "2026-01-15")
    assert {entry.date.isoformat() for entry in rest} <= {f"2026-01-{day}" for day in range(15, 32)}
    of_one = demo.export("beancount", tmp_path / "b.beancount", account="nexo", to=to)
    assert held_in(loaded(of_one.path)) == trial_balance(demo, account="nexo", to=to)


def test_whatever_chains_break_the_journal_holds_what_is_stated_and_the_balances_of_the_book(tmp_path: Path) -> None:
    with Book.in_memory(clock=lambda: NOW) as book:
        drawn(book, tmp_path, seed=29)
        breaks = book.store.query("SELECT break_id, broken_at FROM breaks_stored")
        assert breaks["broken_at"].n_unique() < breaks.height, "there are several of an instant"
        assert breaks["break_id"].n_unique() == breaks.height
        for start, to in ((None, None), (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 9, 12, tzinfo=UTC))):
            done = book.export("beancount", tmp_path / "book.beancount", start=start, to=to, force=True)
            assert done.journal is not None
            told = [at for at in breaks["broken_at"] if (start is None or at >= start) and (to is None or at < to)]
            assert done.journal.breaks == len(told)
            assert done.journal.asserted > 2 * done.journal.unasserted
            assert explained_away(held_in(loaded(done.path))) == trial_balance(book, to=to)


def test_an_empty_book_is_an_empty_journal(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        for target in ("beancount", "hledger", "ledger"):
            done = book.export(target, tmp_path / f"book.{target}")
            assert done.journal is not None
            assert done.journal.events == 0
        assert loaded(tmp_path / "book.beancount") == []


# ------------------------------------------------------------------------------------------ hledger and ledger


def test_plain_text_asserts_at_the_posting_and_no_name_begins_a_tag(evil: Book, tmp_path: Path) -> None:
    text = evil.export("hledger", tmp_path / "book.hledger").path.read_text(encoding="utf-8")
    assert "    Assets:Wallets:Unicode-desk:Plain:Usdm  100 USDT = 150 USDT\n" in text
    assert "    Assets:Wallets:Unicode-desk:Plain:Usdm  0 USDT = 119.999999999999999999 USDT\n" in text
    assert "    ; unasserted: 141.5\n    ; held_here: 151.5\n" in text
    assert '\ncommodity "1INCH"\n    format 1000.000000000000000000 "1INCH"\n' in text
    assert "%5B2026-01-01]%2C row: 7; x=|.csv\n" in text
    for line in text.splitlines():
        if not line.startswith("; "):
            tags = re.findall(r"[;,] *([a-z_]+): ", line)
            assert len(tags) <= 1, line
    days = [line[:10] for line in text.splitlines() if re.match(r"\d{4}-", line)]
    assert days == sorted(days)
    other = evil.export("ledger", tmp_path / "book.ledger").path.read_text(encoding="utf-8")
    assert re.sub(r"\ntag \w+", "", other).split("\ncommodity")[1:] == text.split("\ncommodity")[1:]


# ----------------------------------------------------------------------------------------------------- names


def test_commodities_are_legal_and_no_two_alike() -> None:
    assets = [*ASSETS, "USDT", "NULL", "FALSE", "a" * 60, "a" * 59 + "B", "Ω", "_", "wif", "C-T", "X'"]
    named = beancount_commodities(assets)
    assert sorted(named) == sorted(assets)
    assert len(set(named.values())) == len(assets)
    for name in named.values():
        assert re.fullmatch(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]", name), name
        assert name not in {"TRUE", "FALSE", "NULL"}
    assert {name: named[name] for name in ("BTC", "WIF", "1INCH", "TRUE")} == {
        "BTC": "BTC", "WIF": "WIF", "1INCH": "C-1INCH", "TRUE": "C-TRUE"}  # fmt: skip
    assert legal_commodity(legal_commodity("$wif")) == legal_commodity("$wif")
    quoted = [quoted_commodity(asset) for asset in (*assets, 'A"', "A%22", "A\n")]
    assert len(set(quoted)) == len(quoted)
    assert [name for name in quoted if '"' in name[1:-1] or ";" in name or "\n" in name] == []


def test_no_account_is_another_or_above_another() -> None:
    rows = [
        ("main", "main", "wallet:main/spot", "spot"), ("Main", "Main", "wallet:Main/spot", "spot"),
        ("main", "spot", "wallet:main/spot/spot", "spot"), ("主", "主", "wallet:主/spot", "spot"),
        ("币", "币", "wallet:币/spot", "spot"), ("main", "main", "results:BTC/USDT", None),
        ("main", "main", "results:BTC:USDT", None), ("main", "main", "novel:thing", None),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["account", "venue", "posting_account", "wallet"], orient="row")
    names = account_names(frame)["name"].to_list()
    assert len(set(names)) == len(rows)
    root, part = r"(Assets|Liabilities|Equity|Income|Expenses)", r"(:[A-Z0-9][A-Za-z0-9-]*)+"
    assert [name for name in names if not re.fullmatch(root + part, name)] == []
    assert [(one, other) for one in names for other in names if other.startswith(f"{one}:")] == []


def test_every_posting_account_of_the_journal_has_its_place(evil: Book, tmp_path: Path) -> None:
    assert {cause for (cause,) in evil.store.rows("SELECT DISTINCT cause FROM postings")} == {*CAUSES, "opening"}
    entries = loaded(evil.export("beancount", tmp_path / "book.beancount").path)
    kinds = {entry.meta["posting-account"].split(":")[0]: entry.account.split(":")[0] for entry in entries
             if isinstance(entry, data.Open)}  # fmt: skip
    assert kinds == {
        "wallet": "Assets", "transit": "Assets", "margin": "Assets", "collateral": "Assets", "borrowing": "Liabilities",
        "debt": "Liabilities", "equity": "Equity", "exchange": "Equity", "outside": "Equity", "corrections": "Equity",
        "unknown": "Equity", "unexplained": "Equity", "results": "Income", "income": "Income", "insurance": "Income",
        "funding": "Expenses", "interest": "Expenses", "fees": "Expenses",
    }  # fmt: skip
    assert set(kinds) == set(ROOTS)


# ---------------------------------------------------------------------------------------------------- tables


def names_of_tables() -> set[str]:
    return {*STATED, *(f"{name}_stated" for name in STATED), *CHECKS, *DERIVED, *DECIDED, *BOOKKEEPING, "postings"}


def test_the_columns_that_are_told_are_those_of_the_book(demo: Book) -> None:
    known = {source.shape.name: source for source in sources()}
    assert set(known) == names_of_tables()
    for source in known.values():
        there = demo.store.query(f"SELECT * FROM {source.relation} LIMIT 0").columns
        assert sorted(there) == sorted(name for name, _, _ in source.shape.columns), source.shape.name


def test_parquet_and_csv_hold_every_table_exactly(evil: Book, tmp_path: Path) -> None:
    done = evil.export("csv", tmp_path / "csv")
    assert evil.export("parquet", tmp_path / "parquet").tables == done.tables
    told = json.loads((tmp_path / "csv" / "tables.json").read_text(encoding="utf-8"))
    assert {table["table"]: table["rows"] for table in told["tables"]} == done.tables
    assert all(column["meaning"] for table in told["tables"] for column in table["columns"])
    assert {path.stem for path in (tmp_path / "parquet").glob("*.parquet")} == names_of_tables()
    assert list(tmp_path.rglob("*.part")) == []
    for name, count in done.tables.items():
        whole = pl.read_parquet(tmp_path / "parquet" / f"{name}.parquet")
        texts = pl.read_csv(tmp_path / "csv" / f"{name}.csv", infer_schema=False)
        assert (whole.height, whole.columns) == (count, texts.columns)
        assert texts.height == count
        for series in whole:
            if series.dtype in (MONEY, KEY):
                assert texts[series.name].cast(series.dtype).to_list() == series.to_list(), (name, series.name)
    moved = pl.read_parquet(tmp_path / "parquet" / "movements.parquet")
    assert (moved.schema["amount"], moved.schema["row_key"]) == (MONEY, KEY)
    assert moved.schema["moved_at"] == pl.Datetime("us", "UTC")
    assert moved["amount"].sum() == evil.store.scalar("SELECT CAST(sum(amount) AS DECIMAL(38,18)) FROM movements")
    assert moved["asset"].to_list().count("=1+1") == 1
    assert pl.read_csv(tmp_path / "csv" / "movements.csv", infer_schema=False)["asset"].to_list().count("'=1+1") == 1


def test_a_workbook_has_a_sheet_for_every_table_with_rows_and_no_formula(
    evil: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables_module, "MOST_ROWS", 10)
    monkeypatch.setattr("ledger.exporting.tables.ROWS", 4)
    done = evil.export("xlsx", tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(done.path)
    assert [name for name, count in done.tables.items() if count and name[:25] not in book.sheetnames] == []
    count = done.tables["movements"]
    parts = [book[name] for name in book.sheetnames if re.fullmatch(r"movements( \d)?", name)]
    assert [sheet.max_row - 1 for sheet in parts] == [10] * (count // 10) + [count % 10]
    place = [cell.value for cell in parts[0][1]].index("asset")
    assets = [row[place].value for sheet in parts for row in sheet.iter_rows(min_row=2)]
    assert sorted(assets) == sorted(evil.store.query("SELECT asset FROM movements")["asset"])
    assert [
        cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ] == []
    listed = {
        row[0].value: row[1].value for row in book["tables"].iter_rows(min_row=2) if isinstance(row[1].value, int)
    }
    assert listed == done.tables


# --------------------------------------------------------------------------------------------------- command


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a small book, which the commands use."""
    folder = tmp_path_factory.mktemp("small")
    with new_book(folder) as book:
        imported(book, write(folder, "ledger.csv", LEDGER, ["2026-02-01T00:00:00Z,1,asset,USDT,5,deposit,,spot,5"]))
    return folder / "book.duckdb"


def test_the_command_says_what_it_wrote_and_how_to_prove_it(run: Run, small: Path, tmp_path: Path) -> None:
    for target, check in (("beancount", "bean-check"), ("hledger", "--strict ordereddates"), ("ledger", "--pedantic")):
        done = run("export", target, "-o", f"my book.{target}", book=small)
        assert (done.code, done.out) == (0, "")
        assert "1 events, 2 postings, 1 stated balances that hold" in done.err
        assert check in done.err
        assert f"'my book.{target}'" in done.err
    assert re.search(
        r"tables: \d+ rows; \d+ of \d+ tables have any", run("export", "csv", "-o", "tables", book=small).err
    )
    assert (tmp_path / "tables" / "movements.csv").is_file()


def test_nothing_is_overwritten_unasked(run: Run, small: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine", encoding="utf-8")
    refused = run("export", "hledger", "-o", "there", book=small)
    assert (refused.code, "--force" in refused.err) == (5, True)
    assert (tmp_path / "there").read_text(encoding="utf-8") == "mine"
    assert run("export", "hledger", "-o", "there", "--force", book=small).code == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine", encoding="utf-8")
    assert run("export", "parquet", "-o", "full", book=small).code == 5
    assert run("export", "xlsx", "-o", "full", "--force", book=small).code == 5
    assert run("export", "csv", "-o", "there", "--force", book=small).code == 5
    assert run("export", "parquet", "-o", "full", "--force", book=small).code == 0
    assert (tmp_path / "full" / "note.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("csv", "-o", "x", "--account", "plain"), "whole"),
        (("hledger",), "--output"),
        (("hledger", "-o", "x", "--from", "2026-02-02", "--to", "2026-02-01"), "ends before it starts"),
        (("hledger", "-o", "x", "--account", "nobody"), "no account called"),
        (("gnucash", "-o", "x"), "gnucash"),
        (
            ("csv", "-o", "x/tables"),
            "the folder x is not there; make it first, or correct the path: nothing was written",
        ),
        (("beancount", "-o", "x/book.beancount"), "the folder x is not there"),
    ],
)
def test_what_cannot_be_asked_for_is_said(
    run: Run, small: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    answer = run("export", *words, book=small)
    assert (answer.code, message in answer.err) == (2, True), answer.err
    assert not (tmp_path / "x").exists()


def test_an_export_that_fails_leaves_what_was_there(
    evil: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.hledger"
    path.write_text("mine", encoding="utf-8")

    def failing(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("reports.exports.plaintext.put", failing)
    with pytest.raises(OSError, match="disk full"):
        evil.export("hledger", path, force=True)
    assert [(found.name, found.read_text(encoding="utf-8")) for found in tmp_path.iterdir()] == [
        ("book.hledger", "mine")
    ]
    monkeypatch.undo()
    assert evil.export("hledger", path, force=True).journal is not None, "and the book can be asked again"
    with pytest.raises(RefusedFile):
        evil.export("hledger", path)
    with pytest.raises(UnknownThing):
        evil.export("gnucash", tmp_path / "x")
    with pytest.raises(UnknownThing):
        evil.export("csv", tmp_path / "x", account=ACCOUNT)


def test_a_spot_trade_of_a_statement_that_names_no_pair_says_what_was_bought_for_what(
    demo: Book, tmp_path: Path
) -> None:
    demo.export("csv", tmp_path / "csv")
    for name in ("movements", "postings"):
        lines = pl.read_csv(tmp_path / "csv" / f"{name}.csv", infer_schema=False)
        trades = lines.filter((pl.col("wallet") == "cross_margin") & (pl.col("cause") == "trade"))
        assert trades["symbol"].unique().to_list() == [None]
        assert sorted(trades["instrument"].unique()) == ["BTC/USDT", "ETH/USDT"]
