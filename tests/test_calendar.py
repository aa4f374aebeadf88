"""The calendar of what is covered, and what two exports of one fact say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.trace import rows_behind, trace
from reports.missing import CALENDAR, by_day
from reports.page import page
from reports.terminal import table
from tests.books import INCOME, STATEMENT, at, facts, imported, new_book, seconds, stamp, write
from tests.conftest import Run


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with new_book(tmp_path) as book:
        yield book


def booked(when: str, kind: str, amount: str, number: int, symbol: str = "ETHUSDT") -> str:
    return f"{stamp(at(when))},{kind},{amount},USDT,{symbol},{number}"


def days(book: Book, **words: str) -> dict[tuple[str, str], str]:
    return {(fact, month): marks for fact, month, marks in facts(book, "calendar", "fact", "month", "days", **words)}


def test_each_day_has_a_mark(book: Book, tmp_path: Path) -> None:
    rows = [booked(f"{day:02d} 12:00:00", "COMMISSION", "-0.1", day) for day in (3, 4, 7)]
    later = [booked(f"{day:02d} 12:00:00", "COMMISSION", "-0.1", day) for day in (12, 13)]
    imported(book, write(tmp_path, "a.csv", INCOME, rows), write(tmp_path, "b.csv", INCOME, later))
    assert days(book) == {("ledger", "2026-02"): "▁▁██▄▄█░░░│░██▁▁▁▁▁▁▁│▁▁▁▁▁▁▁▁"}


def test_a_break_and_a_missing_charge_have_marks_of_their_own(book: Book, tmp_path: Path) -> None:
    header = "moved_at,wallet,pool,asset,amount,cause,balance_after"
    rows = [f"2026-02-{day:02d} 12:00:00,spot,asset,USDT,1,income,{day if day < 6 else day + 3}" for day in range(1, 9)]
    imported(book, write(tmp_path, "m.csv", header, rows), timezone="UTC")
    assert days(book) == {("ledger", "2026-02"): "█████▚██▁▁│▁▁▁▁▁▁▁▁▁▁│▁▁▁▁▁▁▁▁"}
    assert list(by_day(book.report("calendar"))["state"])[4:9] == [
        "rows", "broken", "rows", "rows", "uncovered",
    ]  # fmt: skip


def test_days_are_those_of_the_zone_that_is_asked_for(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", INCOME, [booked("03 23:30:00", "COMMISSION", "-0.1", 1)]))
    assert days(book)["ledger", "2026-02"].startswith("▁▁█▁")
    assert days(book, zone="Europe/Berlin")["ledger", "2026-02"].startswith("▁▁▁█▁")


def test_a_terminal_without_block_elements_gets_ascii(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path, "a.csv", INCOME, [booked("03 12:00:00", "COMMISSION", "-0.1", 1),
                                                     booked("05 12:00:00", "COMMISSION", "-0.1", 2)]))  # fmt: skip
    frame = book.report("calendar")
    plain = table(frame, CALENDAR, width=100, ascii_only=True)
    assert "..#-#.....|..........|........" in plain
    assert "# covered, with rows; - covered, nothing happened" in plain
    assert plain.isascii()
    assert "▁▁█▄█▁▁▁▁▁│▁▁▁▁▁▁▁▁▁▁│▁▁▁▁▁▁▁▁" in page(frame, CALENDAR)


def test_coverage_says_which_export_speaks_for_which_range(book: Book, tmp_path: Path) -> None:
    early = [booked(f"{day:02d} 12:00:00", "COMMISSION", f"-0.{day}", day) for day in (1, 2, 3)]
    every = [f"7,{stamp(at(f'{day:02d} 12:00:00'))},USDT-Futures,Fee,USDT,-0.{day}," for day in (1, 2, 3, 4, 5)]
    imported(book, write(tmp_path, "i.csv", INCOME, early), write(tmp_path, "s.csv", STATEMENT, every))
    spoken = {
        form: speaks for fact, form, speaks in facts(book, "coverage", "fact", "format", "speaks") if fact == "ledger"
    }
    assert spoken == {
        "binance.futures_income": "2026-02-01 12:00 to 2026-02-03 12:00",
        "binance.statement": "2026-02-03 12:00 to 2026-02-05 12:00",
    }


# ---------------------------------------------------------------------------------------------- witnesses


@pytest.fixture
def overlapping(book: Book, tmp_path: Path) -> Book:
    """Payments in two exports: the second day's differ, and of the fourth one export has another one."""
    rows = [booked(f"{day:02d} 08:00:01", "FUNDING_FEE", amount, day)
            for day, amount in ((1, "-1.1"), (2, "-2.2"), (3, "-3.3"), (4, "-4.4"), (5, "-5.5"))]  # fmt: skip
    said = ((1, "-1.1"), (2, "-2.5"), (3, "-3.3"), (4, "-4.4"), (4, "-4.6"), (5, "-5.5"))
    others = [
        f"7,{stamp(at(f'{day:02d} 08:00:01') + seconds(1))},USDT-Futures,Funding Fee,USDT,{amount},"
        for day, amount in said
    ]
    imported(book, write(tmp_path, "income.csv", INCOME, rows), write(tmp_path, "statement.csv", STATEMENT, others))
    return book


def test_disagreeing_exports_are_counted_on_both_sides(overlapping: Book) -> None:
    rows = facts(overlapping, "witnesses", "fact", "day", "difference", "only_voice", "only_witness")
    assert [(str(day.day), *rest) for fact, day, *rest in rows if fact == "funding"] == [
        ("1", "0", 0, 0), ("2", "-0.3", 1, 1), ("3", "0", 0, 0), ("4", "-4.6", 0, 1), ("5", "0", 0, 0),
    ]  # fmt: skip


def test_the_line_of_a_disagreement_leads_to_the_rows_of_both_exports(overlapping: Book) -> None:
    lines = {(fact, day.day): line for fact, day, line in facts(overlapping, "witnesses", "fact", "day", "line")}
    line = lines["funding", 2]
    assert line == "witnesses|binance|usdm|funding|2026-02-02|USDT|binance.statement"
    assert [(row.file, row.what) for row in trace(overlapping.store, overlapping.archive, line)] == [
        ("income.csv", "ETHUSDT -2.2 USDT"), ("statement.csv", "-2.5 USDT"),
    ]  # fmt: skip
    (extra,) = trace(overlapping.store, overlapping.archive, lines["funding", 4])
    assert (extra.file, extra.raw) == ("statement.csv", "7,2026-02-04 08:00:02,USDT-Futures,Funding Fee,USDT,-4.6,")
    assert len(rows_behind(overlapping.store, lines["funding", 3])) == 2


def test_the_reports_of_gaps_can_be_asked_for(run: Run, tmp_path: Path) -> None:
    rows = [booked(f"{day:02d} 12:00:00", "COMMISSION", "-0.1", day) for day in (1, 2, 12, 13)]
    run("import", write(tmp_path, "a.csv", INCOME, rows[:2]), write(tmp_path, "b.csv", INCOME, rows[2:]))
    for name, key in (("gaps", "gap_id"), ("downloads", "export"), ("calendar", "days")):
        answer = run("report", name, "--output-format", "json")
        assert (answer.code, len(answer.rows)) == (0, 1)
        assert answer.rows[0][key]
