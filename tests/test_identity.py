"""Two equal rows that are both real are both kept; the same row of two files is one: the cases of the model."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.storage.importing import Asked
from schemas.errors import OtherOptions
from tests.books import STATEMENT, TRADES, imported, logged, new_book, write

TWIN = "2026-02-03 04:00:05,BTCUSDT,SELL,17010.0,0.033,561.33,0.168399,USDT,-0.495,USDT"
BEFORE = "2026-02-03 04:00:04,BTCUSDT,BUY,17025.0,0.066,1123.65,0.337095,USDT,0,USDT"
AFTER = "2026-02-03 04:00:06,BTCUSDT,BUY,17000.0,0.010,170,0.051,USDT,0,USDT"


def fills(book: Book) -> int:
    return int(book.store.scalar("SELECT count(*) FROM fills WHERE price = 17010"))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def test_twins_in_two_overlapping_files_in_another_order_are_two(book: Book, tmp_path: Path) -> None:
    november = write(tmp_path, "november.csv", TRADES, [AFTER, TWIN, TWIN, BEFORE])
    quarter = write(tmp_path, "quarter.csv", TRADES, [BEFORE, TWIN, TWIN, AFTER])
    imported(book, november, quarter)
    assert fills(book) == 2


def test_a_third_file_cut_after_one_twin_changes_nothing(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", TRADES, [AFTER, TWIN, TWIN, BEFORE]))
    report = imported(book, write(tmp_path, "cut.csv", TRADES, [TWIN, BEFORE]))
    assert (report.parts[0].stored, report.parts[0].duplicate) == (0, 2)
    assert fills(book) == 2


def test_a_zip_whose_parts_meet_between_the_twins_is_one_pool(book: Book, tmp_path: Path) -> None:
    bundle = tmp_path / "export.zip"
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.writestr("trades_0.csv", "\n".join([TRADES, BEFORE, TWIN]) + "\n")
        packed.writestr("trades_1.csv", "\n".join([TRADES, TWIN, AFTER]) + "\n")
    imported(book, bundle)
    assert fills(book) == 2
    assert book.report("findings").filter(kind="seam_twin").height == 0


def test_a_zip_of_two_overlapping_exports_counts_each_row_once(book: Book, tmp_path: Path) -> None:
    bundle = tmp_path / "mine.zip"
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.writestr("a.csv", "\n".join([TRADES, BEFORE, TWIN, TWIN]) + "\n")
        packed.writestr("b.csv", "\n".join([TRADES, BEFORE, TWIN, TWIN, AFTER]) + "\n")
        packed.writestr("b again.csv", "\n".join([TRADES, BEFORE, TWIN, TWIN, AFTER]) + "\n")
    imported(book, bundle)
    assert fills(book) == 2


def test_two_downloads_cut_between_the_twins_count_one_and_say_so(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", TRADES, [BEFORE, TWIN]), write(tmp_path, "b.csv", TRADES, [TWIN, AFTER]))
    assert fills(book) == 1
    assert book.report("findings").filter(kind="seam_twin").height == 1


def test_forgetting_one_of_two_files_leads_the_rows_back_to_the_other(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "november.csv", TRADES, [BEFORE, TWIN, TWIN]))
    imported(book, write(tmp_path, "quarter.csv", TRADES, [BEFORE, TWIN, TWIN, AFTER]))
    book.forget("november.csv")
    assert fills(book) == 2
    names = "SELECT DISTINCT f.name FROM fills JOIN files f USING (file_id)"
    assert book.store.rows(names) == [("quarter.csv",)]


def test_forgetting_the_only_file_leaves_nothing_of_it(book: Book, tmp_path: Path) -> None:
    empty = book.digest()
    imported(book, write(tmp_path, "a.csv", TRADES, [BEFORE, TWIN, TWIN]))
    book.forget("a.csv")
    assert book.digest() == empty
    assert [entry["kind"] for entry in logged(book)] == ["import", "forget"]


def test_a_renamed_copy_and_other_line_ends_are_duplicates(book: Book, tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", TRADES, [BEFORE, TWIN, TWIN, AFTER])
    imported(book, first)
    digest = book.digest()
    copy = tmp_path / "renamed.csv"
    copy.write_bytes(first.read_bytes())
    assert imported(book, copy).parts[0].note == "already stored by import 1"
    dos = tmp_path / "dos.csv"
    dos.write_bytes(b"\xef\xbb\xbf" + first.read_bytes().replace(b"\n", b"\r\n"))
    assert imported(book, dos).parts[0].duplicate == 4
    assert book.digest() == digest


def test_the_same_bytes_under_another_account_are_refused(book: Book, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", TRADES, [BEFORE])
    imported(book, path, account="main")
    report = book.import_paths([path], Asked(account="other"))
    assert isinstance(report.errors[0], OtherOptions)
    assert "forget" in str(report.errors[0])


ID_HEADER = (
    "Uid,Time(UTC),Symbol,Side,Position Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade Id,Order Id"
)


def test_the_same_id_with_other_content_is_rejected_with_both_places(book: Book, tmp_path: Path) -> None:
    row = "7,2026-02-03 04:00:05,ETHUSDT,BUY,Both,2000,{},{},0.5 USDT,0,true,false,1001,5"
    imported(book, write(tmp_path, "a.csv", ID_HEADER, [row.format("1", "2000")]))
    report = imported(book, write(tmp_path, "b.csv", ID_HEADER, [row.format("2", "4000")]), max_rejects=1.0)
    assert report.parts[0].rejected == 1
    assert (
        book.store.scalar("SELECT reason FROM rejects") == "changed: the same id stands with other content at a.csv:2"
    )


def test_two_account_numbers_in_one_account_are_an_error(book: Book, tmp_path: Path) -> None:
    row = "{},2026-02-03 04:00:05,Spot,Deposit,USDT,5,"
    imported(book, write(tmp_path, "a.csv", STATEMENT, [row.format(1)]))
    report = book.import_paths([write(tmp_path, "b.csv", STATEMENT, [row.format(2)])], Asked(account="binance"))
    assert "another account number" in str(report.errors[0])
    imported(book, write(tmp_path, "c.csv", STATEMENT, [row.format(2)]), account="second")
    known = imported(book, write(tmp_path, "d.csv", STATEMENT, [row.format(2).replace("5,", "6,")]))
    assert known.parts[0].account == "second"


def test_a_dry_run_tells_the_effect_on_balances_and_stores_nothing(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", STATEMENT, ["1,2026-02-03 04:00:05,Spot,Deposit,USDT,5,"]))
    digest = book.digest()
    more = write(tmp_path, "b.csv", STATEMENT, ["1,2026-02-04 04:00:05,Spot,Withdraw,USDT,-2,"])
    report = book.import_paths([more], dry_run=True)
    assert report.effects is not None
    assert [str(cell) for cell in report.effects.row(0)[2:]] == ["USDT", "5.000000000000000000", "3.000000000000000000"]
    assert (report.parts[0].stored, book.digest()) == (1, digest)


def test_a_file_with_too_many_rejects_leaves_nothing_of_its_bundle(book: Book, tmp_path: Path) -> None:
    empty = book.digest()
    report = book.import_paths([write(tmp_path, "a.csv", TRADES, [BEFORE, TWIN.replace("SELL", "HOLD")])])
    assert "nothing of it was stored" in str(report.errors[0])
    assert (book.digest(), book.store.scalar("SELECT count(*) FROM files")) == (empty, 0)
    assert logged(book) == []


# ----------------------------------------------------------------------------- one id, several exports, any order


BARE = "Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"
SIDED = (
    "Uid,Time(UTC),Symbol,Side,Position Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade Id,Order Id"
)


def bare(clock: str, number: int, price: str = "100") -> str:
    return f"{clock},BTCUSDT,BUY,{price},1,{price},0.1 USDT,0,true,false,{number},{number}"


def sided(clock: str, number: int) -> str:
    return f"7,{clock},BTCUSDT,BUY,Long,100,1,100,0.1 USDT,0,true,false,{number},{number}"


def digest_of(folder: Path, *paths: Path, forget: str | None = None) -> str:
    folder.mkdir()
    with new_book(folder) as fresh:
        for path in paths:
            imported(fresh, path, timezone="UTC")
        if forget:
            fresh.forget(forget)
        assert fresh.rebuild()[0] == fresh.digest()
        return fresh.digest()


def test_a_richer_export_fills_empty_cells_in_any_order_and_forgetting_takes_them_back(tmp_path: Path) -> None:
    poor = write(tmp_path, "poor.csv", BARE, [bare(f"2026-02-01 10:00:0{n}", n) for n in range(1, 4)])
    rich = write(tmp_path, "rich.csv", SIDED, [sided(f"2026-02-01 10:00:0{n}", n) for n in range(1, 4)])
    both = digest_of(tmp_path / "a", poor, rich)
    assert both == digest_of(tmp_path / "b", rich, poor)
    assert digest_of(tmp_path / "c", poor) == digest_of(tmp_path / "d", poor, rich, forget="rich.csv")
    assert digest_of(tmp_path / "e", rich) == digest_of(tmp_path / "f", poor, rich, forget="poor.csv")


def test_two_exports_that_contradict_each_other_in_a_word_are_settled_alike_in_any_order(tmp_path: Path) -> None:
    long = write(tmp_path, "long.csv", SIDED, [sided(f"2026-02-01 10:00:0{n}", n) for n in range(1, 3)])
    short = write(tmp_path, "short.csv", SIDED, [sided("2026-02-01 10:00:01", 1).replace("Long", "Short")])
    assert digest_of(tmp_path / "a", long, short) == digest_of(tmp_path / "b", short, long)
    assert digest_of(tmp_path / "c", short) == digest_of(tmp_path / "d", long, short, forget="long.csv")


def test_a_row_rejected_as_changed_comes_back_when_the_other_is_forgotten(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", BARE, [bare("2026-02-01 10:00:01", 1)]), timezone="UTC")
    others = [bare(f"2026-02-01 10:{n:02d}:00", n) for n in range(10, 50)]
    second = write(tmp_path, "b.csv", BARE, [bare("2026-02-01 10:00:01", 1, "101"), *others])
    assert imported(book, second, timezone="UTC").parts[0].rejected == 1
    book.forget("a.csv")
    assert book.store.scalar("SELECT count(*) FROM fills") == 41
    assert book.store.scalar("SELECT count(*) FROM rejects") == 0


def test_one_id_at_two_instants_is_no_duplicate_but_a_wrong_zone(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", BARE, [bare("2026-02-10 23:00:00", 1)]), timezone="UTC")
    shifted = write(
        tmp_path,
        "b.csv",
        BARE,
        [bare("2026-02-11 07:00:00", 1), *(bare("2026-02-11 08:00:00", n) for n in range(2, 40))],
    )
    report = imported(book, shifted, timezone="UTC")
    assert (report.parts[0].rejected, report.parts[0].duplicate) == (1, 0)
    assert "changed" in report.parts[0].reject_lines[0]


def test_the_complete_file_orders_a_second_whenever_it_comes(tmp_path: Path) -> None:
    rows = [
        f"2026-02-03 04:00:{second:02d},BTCUSDT,{side},{price},1,{price},0,USDT,0,USDT"
        for second, side, price in (
            (4, "BUY", 100),
            (5, "SELL", 101),
            (5, "BUY", 102),
            (5, "SELL", 103),
            (5, "BUY", 104),
            (6, "SELL", 105),
        )
    ]
    first = write(tmp_path, "first.csv", TRADES, rows[:4])
    whole = write(tmp_path, "whole.csv", TRADES, rows)
    assert digest_of(tmp_path / "a", first, whole) == digest_of(tmp_path / "b", whole, first)


def test_the_account_of_an_import_is_logged_and_kept_by_a_rebuild(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", TRADES, [BEFORE]), account="alice")
    imported(book, write(tmp_path, "b.csv", TRADES, [TWIN]))
    book.forget("a.csv")
    assert logged(book)[1]["accounts"] == {"binance": "alice"}
    before, after = book.rebuild()
    assert before == after
