"""Templates: empty files that the book reads, with help, and with lists of the words that a column may hold."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from ledger.commands.templates import write_templates
from schemas.tables import EMITTED
from tests.conftest import Run

TABLES = sorted([*EMITTED, "loan_events"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    write_templates(folder)
    return folder


def test_every_table_has_a_csv_and_a_workbook(folder: Path) -> None:
    assert sorted(path.stem for path in folder.glob("*.csv")) == TABLES
    assert sorted(path.stem for path in folder.glob("*.xlsx")) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_a_filled_template_is_read_as_it_was_filled(table: str, folder: Path, tmp_path: Path, run: Run) -> None:
    """Each column gets the example of the help sheet: as a CSV, then as a workbook, which are the same row."""
    book = openpyxl.load_workbook(folder / f"{table}.xlsx")
    header = [cell.value for cell in book[table][1]]
    help_ = {row[0]: row for row in book["help"].iter_rows(min_row=2, values_only=True)}
    examples = [str(help_[name][4] or "") for name in header]
    book[table].append(examples)
    book.save(tmp_path / "filled.xlsx")
    with (tmp_path / "filled.csv").open("w", newline="") as out:
        csv.writer(out).writerows([header, examples])
    with (folder / f"{table}.csv").open() as empty:
        assert next(csv.reader(empty)) == header
    done = run("import", "filled.csv")
    assert done.code == 0, done.err
    assert "1 read = 1 stored" in done.err
    done = run("import", "filled.xlsx")
    assert done.code == 0, done.err
    assert f"{len(help_) + 1} read = 0 stored + 1 duplicate + {len(help_)} ignored + 0 rejected" in done.err


@pytest.mark.parametrize("table", TABLES)
def test_a_column_of_few_words_offers_them_as_a_list_and_a_column_that_must_be_filled_says_so(
    table: str, folder: Path
) -> None:
    book = openpyxl.load_workbook(folder / f"{table}.xlsx")
    header = [cell.value for cell in book[table][1]]
    help_ = {row[0]: row for row in book["help"].iter_rows(min_row=2, values_only=True)}
    lists = {}
    for rule in book[table].data_validations.dataValidation:
        column = openpyxl.utils.cell.coordinate_from_string(str(rule.sqref).split(":")[0])[0]
        name = header[openpyxl.utils.cell.column_index_from_string(column) - 1]
        lists[name] = str(rule.formula1 or "").strip('"')
    for name, words in ((name, str(row[3] or "")) for name, row in help_.items()):
        short = len(words.replace(", ", ",")) <= 255
        assert lists[name] == (words.replace(", ", ",") if short else ""), name
    assert any(row[1] == "yes" for row in help_.values())
    assert all(row[2] for row in help_.values()), "every column says what it holds"
    assert book[table].freeze_panes == "A2"


def test_templates_as_they_are_may_lie_in_the_folder_of_exports(folder: Path, run: Run) -> None:
    done = run("import", folder)
    assert done.code == 0, done.err
    assert "0 stored + 0 duplicate" in done.err
    assert "the help of a template" in done.err


def test_a_template_with_a_venue_gets_that_venues_contract_sizes(tmp_path: Path, run: Run) -> None:
    (tmp_path / "fills.csv").write_text(
        "filled_at,symbol,product,side,quantity,price,execution,wallet,venue,settle_asset,instrument\n"
        "2026-01-05T08:00:00Z,BTCUSDT,perpetual,buy,0.5,60000,trade,usdm,binance,USDT,BTC/USDT:USDT\n"
        "2026-01-06T08:00:00Z,BTCUSDT,perpetual,sell,0.5,61000,trade,usdm,binance,USDT,BTC/USDT:USDT\n"
    )
    assert run("import", "fills.csv").code == 0
    (row,) = run("report", "positions", "--output-format", "json").rows
    assert (row["venue"], row["account"], row["gross_pnl"], row["flags"]) == ("binance", "binance", "500", [])
    (tmp_path / "two.csv").write_text(
        "filled_at,symbol,product,side,quantity,price,execution,wallet,venue\n"
        "2026-01-05T08:00:00Z,BTCUSDT,perpetual,buy,0.5,60000,trade,usdm,binance\n"
        "2026-01-06T08:00:00Z,BTCUSDT,perpetual,sell,0.5,61000,trade,usdm,okx\n"
    )
    done = run("import", "two.csv")
    assert done.code == 3
    assert "two.csv:3  venue: 'okx'  expected the venue of the file's first row" in done.err
