"""A folder of downloads: what is an export, what nearly is one, and what has nothing to do with it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tests.books import facts, imported, new_book, write
from tests.conftest import DATA, Run

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Return a folder with two exports, one of them without its zone, one with a column renamed, and other things."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    shutil.copy(DATA / "kraken" / "ledgers_2019.csv", folder / "a-ledgers.csv")
    shutil.copy(DATA / "nexo" / "nexo_transactions_02-29-2024.csv", folder)
    renamed = (DATA / "kraken" / "ledgers_2019.csv").read_text().replace("refid", "reference", 1)
    (folder / "b-renamed.csv").write_text(renamed)
    (folder / "c-bank.csv").write_text("Buchung;Text;Betrag\n01.02.2025;Miete;-900,00\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"0" * 40)
    shutil.copy(DATA / "binance" / "convert_2022.csv", folder / "z-clock.csv")
    return folder


def test_exports_come_first_then_near_misses_with_the_columns_that_differ_then_the_rest(
    downloads: Path, run: Run
) -> None:
    done = run("formats", "detect", downloads, "--output-format", "json")
    kinds = [row["kind"] for row in done.rows]
    assert kinds == sorted(kinds, key=("export", "near miss", "other").index)
    rows = {row["file"]: row for row in done.rows}
    ledgers = rows["a-ledgers.csv"]
    assert (ledgers["format"], ledgers["wallets"], ledgers["confidence"]) == ("kraken.ledgers", "spot", "parser seen")
    near = rows["b-renamed.csv"]
    assert (near["kind"], near["missing"], near["unknown"]) == ("near miss", "refid", "reference")
    assert near["nearest"].startswith("kraken.ledgers")
    assert rows["c-bank.csv"]["kind"] == rows["photo.jpg"]["kind"] == "other"
    assert "3 exports, 1 near miss, 2 others" in done.err


def test_an_export_that_only_lacks_its_zone_is_an_export_and_says_so(downloads: Path, run: Run) -> None:
    rows = {row["file"]: row for row in run("formats", "detect", downloads, "--output-format", "json").rows}
    assert rows["z-clock.csv"]["kind"] == "export"
    assert rows["z-clock.csv"]["format"].startswith("binance.converts")
    assert rows["z-clock.csv"]["note"] == "needs --timezone: nothing says of which zone it is"


def test_the_import_of_a_folder_names_near_misses_first_and_where_to_look(downloads: Path, run: Run) -> None:
    said = run("import", downloads, "--max-rejects", "50%").err
    assert "near kraken.ledgers (to 2020), but it lacks refid; unknown: reference" in said
    assert "`marginbook formats detect` tells of each what it is or lacks" in said


def test_a_pdf_in_a_zip_does_not_keep_its_exports_from_being_stored(tmp_path: Path, run: Run) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.write(DATA / "kraken" / "ledgers_chosen_columns.csv", "ledgers.csv")
        archive.writestr("statement.pdf", PDF)
    done = run("import", "many.zip")
    assert done.code == 0, done.err
    assert "2 read = 2 stored" in done.err
    assert "statement.pdf" in done.err


# --------------------------------------------------------------------------------------- several in one account

MOVEMENTS = "moved_at,venue,wallet,asset,pool,amount,cause"


def test_lines_of_several_venues_under_one_account_are_told_apart(tmp_path: Path, run: Run) -> None:
    for venue in ("okx", "kucoin"):
        write(tmp_path, f"{venue}.csv", MOVEMENTS, [f"2026-01-05T08:00:00Z,{venue},usdm,USDT,asset,10,deposit"])
        assert run("import", f"{venue}.csv", "--account", "main").code == 0
    lines = [row["line"] for row in run("report", "balances", "--output-format", "json").rows]
    assert sorted(lines) == ["balances|main@kucoin|usdm|USDT", "balances|main@okx|usdm|USDT"]
    (row,) = run("trace", "balances|main@okx|usdm|USDT", "--output-format", "json").rows
    assert row["place"] == "okx.csv:2"


def test_a_log_of_one_currency_leaves_the_cash_of_another_to_its_fills(tmp_path: Path) -> None:
    fills = "filled_at,venue,wallet,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style,trade_ref"
    with new_book(tmp_path) as book:
        imported(
            book,
            write(tmp_path, "btc.csv", MOVEMENTS, [
                "2026-01-01T08:00:00Z,deribit,unified,BTC,asset,1,deposit",
                "2026-01-31T08:00:00Z,deribit,unified,BTC,asset,-0.5,withdrawal",
            ]),
            write(tmp_path, "fills.csv", fills, [
                "2026-01-05T08:00:00Z,deribit,unified,ETH-PERPETUAL,ETH/USD:ETH,perpetual,buy,4000,2000,0.001,ETH,trade,ETH,inverse,1",
                "2026-01-06T08:00:00Z,deribit,unified,ETH-PERPETUAL,ETH/USD:ETH,perpetual,sell,4000,2500,0.001,ETH,trade,ETH,inverse,2",
            ]),
        )  # fmt: skip
        assert sorted(facts(book, "balances", "asset", "computed")) == [("BTC", "0.5"), ("ETH", "0.398")]
        assert [row for row in facts(book, "realized", "position_id") if row[0] is None] == []
