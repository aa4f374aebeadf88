"""The roll-forward: what a month opens with, why it changes, what it closes with, and what the venue says of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.book import Book
from reports.monthly import HEADINGS
from tests.books import facts, imported, new_book, write
from tests.conftest import Run

MOVES = "moved_at,asset,amount,cause,wallet,balance_after,pool"
STATED = "stated_at,asset,balance,kind,wallet"
Line = tuple[Any, ...]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with new_book(tmp_path) as opened:
        yield opened


def moved(folder: Path, *rows: str, name: str = "moves.csv") -> Path:
    """Write movements as `at, amount, cause, balance after it`, of USDT in the wallet spot."""
    cells = [row.split(", ") for row in rows]
    return write(
        folder, name, MOVES, [f"{at}Z,USDT,{amount},{cause},spot,{after},asset" for at, amount, cause, after in cells]
    )


def stated(folder: Path, *rows: str, name: str = "stated.csv") -> Path:
    """Write stated balances as `at, balance`."""
    cells = [row.split(", ") for row in rows]
    return write(folder, name, STATED, [f"{at}Z,USDT,{balance},wallet,spot" for at, balance in cells])


def rolled(book: Book, **words: Any) -> list[Line]:
    """Return period, opening, closing, stated closing, difference, status and basis of the roll-forward."""
    columns = ("period", "opening", "closing", "stated_closing", "difference", "status", "basis")
    return facts(book, "reconcile", *columns, **words)


# ------------------------------------------------------------------------------------------------- anchors


def test_without_a_stated_balance_the_closing_is_computed_and_nothing_tells_it(book: Book, tmp_path: Path) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, ", "2026-02-05T08:00:00, -30, withdrawal, "))
    assert rolled(book) == [
        ("2026-01", "0", "100", None, None, "no_anchor", "no_anchor"),
        ("2026-02", "100", "70", None, None, "no_anchor", "no_anchor"),
    ]


def test_the_first_stated_balance_tells_what_the_first_month_opened_with(book: Book, tmp_path: Path) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 350",
                         "2026-02-05T08:00:00, -30, withdrawal, 320"))  # fmt: skip
    assert rolled(book) == [
        ("2026-01", "250", "350", "350", "0", "tied", "stated"),
        ("2026-02", "350", "320", "320", "0", "tied", "stated"),
    ]


def test_a_balance_that_is_stated_at_the_very_end_of_a_month_tells_its_closing(book: Book, tmp_path: Path) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, ", "2026-02-05T08:00:00, -30, withdrawal, "),
             stated(tmp_path, "2025-12-31T23:59:59.999999, 20", "2026-01-31T23:59:59.999999, 120",
                    "2026-02-28T23:59:59.999999, 90"))  # fmt: skip
    assert rolled(book) == [
        ("2025-12", "20", "20", "20", "0", "tied", "stated"),
        ("2026-01", "20", "120", "120", "0", "tied", "stated"),
        ("2026-02", "120", "90", "90", "0", "tied", "stated"),
    ]


@pytest.mark.parametrize("balance", ["120", "125"], ids=["before", "after"])
def test_a_balance_at_the_first_instant_of_the_next_month_may_be_before_or_after_what_moved_in_it(
    book: Book, tmp_path: Path, balance: str
) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, ", "2026-02-01T00:00:00, 5, funding, ",
                         "2026-02-09T00:00:00, 1, funding, "),
             stated(tmp_path, "2026-01-01T00:00:00, 20", f"2026-02-01T00:00:00, {balance}", "2026-02-20T00:00:00, 126"))  # fmt: skip
    assert rolled(book) == [
        ("2026-01", "20", "120", "120", "0", "tied", "stated"),
        ("2026-02", "120", "126", "126", "0", "tied", "stated"),
    ]
    assert facts(book, "breaks", "break_id") == []


def test_a_statement_after_the_end_of_the_month_is_rolled_back_over_the_rows_between(
    book: Book, tmp_path: Path
) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, ", "2026-02-02T08:00:00, -30, withdrawal, ",
                         "2026-02-04T08:00:00, 7, income, "),
             stated(tmp_path, "2026-01-02T00:00:00, 20", "2026-02-03T00:00:00, 90"))  # fmt: skip
    assert rolled(book) == [
        ("2026-01", "20", "120", "120", "0", "tied", "rolled_back"),
        ("2026-02", "120", "97", None, None, "no_anchor", "no_anchor"),
    ]


def test_a_balance_that_is_only_stated_is_a_line_of_its_own(book: Book, tmp_path: Path) -> None:
    imported(book, stated(tmp_path, "2026-01-31T20:00:00, 55", "2026-03-31T20:00:00, 55"))
    assert rolled(book) == [
        ("2026-01", "55", "55", "55", "0", "tied", "stated"),
        ("2026-02", "55", "55", "55", "0", "tied", "stated"),
        ("2026-03", "55", "55", "55", "0", "tied", "stated"),
    ]


def test_two_statements_that_differ_without_a_row_between_them_are_a_break(book: Book, tmp_path: Path) -> None:
    imported_with_break(book, stated(tmp_path, "2026-01-31T20:00:00, 55", "2026-02-28T20:00:00, 54"))
    assert rolled(book) == [
        ("2026-01", "55", "55", "55", "0", "tied", "stated"),
        ("2026-02", "55", "55", "54", "-1", "broken", "stated"),
    ]
    assert facts(book, "breaks", "expected", "stated", "difference") == [("55", "54", "-1")]


# ------------------------------------------------------------------------------------------------- months


def test_a_month_without_a_movement_is_shown_as_long_as_something_is_held(book: Book, tmp_path: Path) -> None:
    imported(
        book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100", "2026-03-05T08:00:00, -30, withdrawal, 70")
    )
    assert rolled(book) == [
        ("2026-01", "0", "100", "100", "0", "tied", "stated"),
        ("2026-02", "100", "100", "100", "0", "tied", "stated"),
        ("2026-03", "100", "70", "70", "0", "tied", "stated"),
    ]


def test_an_asset_that_is_gone_is_shown_no_more_until_it_comes_back(book: Book, tmp_path: Path) -> None:
    imported(
        book,
        moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100", "2026-02-05T08:00:00, -100, withdrawal, 0",
              "2026-04-05T08:00:00, 8, deposit, 8"),
        write(tmp_path, "other.csv", MOVES, ["2026-05-05T08:00:00Z,BTC,1,deposit,spot,1,asset"]),
    )  # fmt: skip
    lines = facts(book, "reconcile", "period", "asset", "opening", "closing", "status")
    assert lines == [
        ("2026-01", "USDT", "0", "100", "tied"),
        ("2026-02", "USDT", "100", "0", "tied"),
        ("2026-04", "USDT", "0", "8", "tied"),
        ("2026-05", "BTC", "0", "1", "tied"),
        ("2026-05", "USDT", "8", "8", "tied"),
    ]


def test_a_break_is_in_the_month_where_it_shows_and_stays_in_the_closings_after_it(book: Book, tmp_path: Path) -> None:
    imported_with_break(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100",
                                    "2026-02-05T08:00:00, -30, withdrawal, 69.5",
                                    "2026-03-05T08:00:00, 1, income, 70.5"))  # fmt: skip
    assert rolled(book) == [
        ("2026-01", "0", "100", "100", "0", "tied", "stated"),
        ("2026-02", "100", "70", "69.5", "-0.5", "broken", "stated"),
        ("2026-03", "70", "71", "70.5", "-0.5", "broken", "stated"),
    ]


def test_two_breaks_that_make_up_for_each_other_leave_the_last_month_tied(book: Book, tmp_path: Path) -> None:
    imported_with_break(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100",
                                    "2026-02-05T08:00:00, -30, withdrawal, 69.5",
                                    "2026-03-05T08:00:00, 1, income, 71"))  # fmt: skip
    assert [(line[0], line[4], line[5]) for line in rolled(book)] == [
        ("2026-01", "0", "tied"), ("2026-02", "-0.5", "broken"), ("2026-03", "0", "tied")]  # fmt: skip
    assert facts(book, "breaks", "difference") == [("-0.5",), ("0.5",)]


def test_what_a_person_explained_is_explained_and_another_break_after_it_is_broken(book: Book, tmp_path: Path) -> None:
    imported_with_break(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100",
                                    "2026-02-05T08:00:00, -30, withdrawal, 69.5",
                                    "2026-03-05T08:00:00, 1, income, 70.5",
                                    "2026-04-05T08:00:00, 1, income, 70.25"))  # fmt: skip
    (first,), _ = facts(book, "breaks", "break_id")
    book.explain(first, reason="a voucher that the venue took back", by="Anna")
    assert [(line[0], line[4], line[5]) for line in rolled(book)] == [
        ("2026-01", "0", "tied"), ("2026-02", "-0.5", "explained"), ("2026-03", "-0.5", "explained"),
        ("2026-04", "-1.75", "broken")]  # fmt: skip


def test_a_row_missing_among_equal_rows_of_one_second_is_a_break_at_once(book: Book, tmp_path: Path) -> None:
    """Two charges of one size every four hours: the balances of an instant must follow each other, not only contain it."""
    rows, held = ["2026-01-01T00:00:00, 100, deposit, 100"], 100
    for number in range(6):
        for _ in range(2):
            held -= 1
            rows.append(f"2026-01-02T{4 * number:02d}:00:00, -1, interest, {held}")
    del rows[4]
    imported_with_break(book, moved(tmp_path, *rows))
    assert facts(book, "breaks", "broken_at", "difference") == [(datetime(2026, 1, 2, 8, tzinfo=UTC), "-1")]


def imported_with_break(book: Book, *paths: Path) -> None:
    """Import, and insist that a break was noticed."""
    report = book.import_paths(paths)
    assert not report.errors and report.breaks


# ------------------------------------------------------------------------------------------- causes


def test_every_cause_of_change_has_its_column(book: Book, tmp_path: Path) -> None:
    causes = {
        "deposit": "deposits", "withdrawal": "withdrawals", "network_fee": "withdrawals", "transfer": "transfers",
        "margin_move": "transfers", "pledge": "transfers", "trade": "trading", "conversion": "trading",
        "realized_pnl": "realized_pnl", "session_result": "realized_pnl", "trading_fee": "trading_fees",
        "funding": "funding", "interest": "interest", "borrow": "borrowed", "repay": "repaid",
        "repay_principal": "repaid", "repay_interest": "repaid", "liquidation_fee": "liquidation",
        "insurance": "liquidation", "rebate": "other", "income": "other", "correction": "other", "unknown": "other",
    }  # fmt: skip
    imported(book, moved(tmp_path, *(f"2026-01-05T08:00:{number:02d}, {2**number}, {cause}, "
                                     for number, cause in enumerate(causes))))  # fmt: skip
    expected: dict[str, int] = dict.fromkeys(HEADINGS, 0)
    for number, heading in enumerate(causes.values()):
        expected[heading] += 2**number
    (line,) = facts(book, "reconcile", *HEADINGS)
    assert {heading: str(amount) for heading, amount in expected.items()} == dict(zip(HEADINGS, line, strict=True))


# ------------------------------------------------------------------------------ quarters, days, zones, ranges


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Give two accounts of 15 months: one with balances after every row, one with a snapshot now and then."""
    folder = tmp_path_factory.mktemp("years")
    draw = random.Random(7)
    with new_book(folder) as book:
        for account, running in (("anna", True), ("berta", False)):
            rows, snapshots = _drawn(draw, running)
            imported(book, write(folder, f"{account}.csv", MOVES, rows), write(folder, f"{account}-s.csv", STATED, snapshots),
                     account=account)  # fmt: skip
        yield book


def _drawn(draw: random.Random, running: bool) -> tuple[list[str], list[str]]:
    at, held = datetime(2025, 11, 3, 22, 15, tzinfo=UTC), dict.fromkeys(("USDT", "BTC"), Decimal(0))
    causes = (
        "deposit",
        "withdrawal",
        "trade",
        "trading_fee",
        "funding",
        "interest",
        "realized_pnl",
        "income",
        "transfer",
    )
    rows, snapshots = [], []
    while at < datetime(2027, 1, 20, tzinfo=UTC):
        asset, amount = draw.choice(("USDT", "BTC")), Decimal(draw.randint(-500, 800)) / 100
        held[asset] += amount
        after = held[asset] if running else ""
        rows.append(f"{at:%Y-%m-%dT%H:%M:%S}Z,{asset},{amount},{draw.choice(causes)},spot,{after},asset")
        if not running and draw.random() < 0.3:
            snapshots += [
                f"{at + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}Z,{name},{held[name]},wallet,spot" for name in held
            ]
        at += timedelta(hours=draw.choice((1, 30, 75, 400)), minutes=draw.randint(1, 59))
    end = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    return rows, [*snapshots, *(f"{end},{asset},{amount},wallet,spot" for asset, amount in held.items())]


def gathered(lines: Sequence[dict[str, Any]], by: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return what the lines of months or days come to: the first opening, the sums, the last closing."""
    whole: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        key = (period_of(line["period"], by), line["account"], line["asset"])
        if key not in whole:
            whole[key] = {"opening": line["opening"], **dict.fromkeys(HEADINGS, Decimal(0))}
        for heading in HEADINGS:
            whole[key][heading] += line[heading]
        whole[key] |= {name: line[name] for name in ("closing", "stated_closing", "difference", "status")}
    return whole


def period_of(month: str, by: str) -> str:
    year, number = month[:4], int(month[5:7])
    return {"year": year, "quarter": f"{year}-Q{(number + 2) // 3}", "month": month[:7]}[by]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("fine", "coarse"), [("month", "quarter"), ("month", "year"), ("day", "month"), ("day", "year")]
)
def test_a_period_opens_with_its_first_part_and_closes_with_its_last(
    years: Book, fine: str, coarse: str, zone: str
) -> None:
    parts = list(years.report("reconcile", by=fine, zone=zone).iter_rows(named=True))
    said = {(line["period"], line["account"], line["asset"]): line
            for line in years.report("reconcile", by=coarse, zone=zone).iter_rows(named=True)}  # fmt: skip
    whole = gathered(parts, coarse)
    assert set(whole) == set(said)
    for key, line in whole.items():
        assert line == {name: said[key][name] for name in line}, key


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("by", ["day", "month", "quarter", "year"])
def test_every_line_adds_up_and_follows_from_the_one_before(years: Book, by: str, zone: str) -> None:
    before: dict[tuple[str, str], Decimal] = {}
    for line in years.report("reconcile", by=by, zone=zone).iter_rows(named=True):
        key = (line["account"], line["asset"])
        assert line["opening"] == before.get(key, 0)
        assert line["opening"] + sum(line[heading] for heading in HEADINGS) == line["closing"]
        assert line["status"] in ("tied", "no_anchor") and line["difference"] in (0, None)
        before[key] = line["closing"]


def test_a_month_begins_at_midnight_of_the_zone(book: Book, tmp_path: Path) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100", "2026-01-31T23:30:00, 7, income, 107",
                         "2026-03-31T22:30:00, 1, income, 108"))  # fmt: skip
    assert [line[:3] for line in rolled(book)] == [
        ("2026-01", "0", "107"), ("2026-02", "107", "107"), ("2026-03", "107", "108")]  # fmt: skip
    assert [line[:3] for line in rolled(book, zone="Europe/Berlin")] == [
        ("2026-01", "0", "100"), ("2026-02", "100", "107"), ("2026-03", "107", "107"), ("2026-04", "107", "108")]  # fmt: skip


def test_a_range_of_months_is_those_lines_of_the_whole(years: Book) -> None:
    whole = list(years.report("reconcile").iter_rows(named=True))
    first, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    part = list(years.report("reconcile", start=first, to=end).iter_rows(named=True))
    assert [line for line in whole if "2026-03" <= line["period"] < "2026-07"] == part


def test_an_account_is_those_lines_of_the_whole(years: Book) -> None:
    whole = list(years.report("reconcile").iter_rows(named=True))
    part = list(years.report("reconcile", account="berta").iter_rows(named=True))
    assert [line for line in whole if line["account"] == "berta"] == part


def test_an_end_inside_a_month_closes_there_with_what_was_held_then(book: Book, tmp_path: Path) -> None:
    imported(book, moved(tmp_path, "2026-01-05T08:00:00, 100, deposit, 100", "2026-01-10T08:00:00, -30, withdrawal, 70",
                         "2026-01-20T08:00:00, 5, income, 75"))  # fmt: skip
    until = datetime(2026, 1, 15, tzinfo=UTC)
    assert rolled(book, to=until) == [("2026-01", "0", "70", "70", "0", "tied", "stated")]


# -------------------------------------------------------------------------------------------- command line


def test_the_command_line_says_quarters_zones_accounts_and_ranges(run: Run, years: Book, tmp_path: Path) -> None:
    draw = random.Random(7)
    rows, snapshots = _drawn(draw, True)
    place = tmp_path / "book.duckdb"
    assert run("import", write(tmp_path, "a.csv", MOVES, rows), "--account", "anna", book=place).code == 0
    assert run("import", write(tmp_path, "s.csv", STATED, snapshots), "--account", "anna", book=place).code == 0
    words = ("report", "reconcile", "--output-format", "json")
    months = run(*words, book=place).rows
    quarters = run(*words, "--by", "quarter", "--account", "anna", book=place).rows
    assert [row["period"] for row in quarters if row["asset"] == "USDT"] == [
        "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1"]  # fmt: skip
    for row in quarters:
        own = [
            line
            for line in months
            if period_of(line["period"], "quarter") == row["period"] and line["asset"] == row["asset"]
        ]
        assert (own[0]["opening"], own[-1]["closing"]) == (row["opening"], row["closing"])
    berlin = run(*words, "--zone", "Europe/Berlin", "--from", "2026-03", "--to", "2026-03", book=place).rows
    assert {row["starts_at"] for row in berlin} == {"2026-02-28T23:00:00Z"}
    assert {row["ends_at"] for row in berlin} == {"2026-03-31T22:00:00Z"}
    assert {row["period"] for row in berlin} == {"2026-03"}
    assert run(*words, "--account", "nobody", book=place).code == 2
    assert run("report", "reconcile", "--zone", "Europe/Berln", book=place).code == 2
