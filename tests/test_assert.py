"""Balances stated by hand: compared at once and from then on, kept like an export, taken back exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.storage.entries import Entered
from ledger.tying.assertions import Verdict
from tests.books import NOW, at, facts, imported, logged, new_book, plain, write
from tests.conftest import Run

LEDGER = "moved_at,asset,amount,cause,pool,balance_after,wallet"
STATEMENT = "stated_at,asset,balance,kind,wallet"
MOVED = [
    "2026-02-01T08:00:00Z,USDT,100,deposit,asset,150,spot",
    "2026-02-03T08:00:00Z,USDT,-30,funding,asset,120,spot",
    "2026-02-05T00:00:00Z,USDT,7,rebate,asset,127,spot",
]
"""A wallet that held 50 before the first row."""
UNSTATED = [line.replace(f",{balance},spot", ",,spot") for line, balance in zip(MOVED, (150, 120, 127), strict=True)]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = new_book(tmp_path)
    imported(book, write(tmp_path, "ledger.csv", LEDGER, MOVED), account="main")
    return book


def said(book: Book, day: str, amount: str, **words: Any) -> Verdict:
    """Assert what the spot wallet of main held of USDT at an instant of 2026-02."""
    values = {"asset": words.pop("asset", "USDT"), "balance": Decimal(amount)}
    given_: dict[str, Any] = {"account": "main", "wallet": "spot", "reason": "seen on the screen", **words}
    return book.assert_balance(Entered(kind="assertion", at=at(day), values=values, **given_))


def states(book: Book, *columns: str, **words: Any) -> list[tuple[Any, ...]]:
    return facts(book, "balances", *(columns or ("computed", "stated", "difference", "basis")), **words)


# --------------------------------------------------------------------------------------------------- verdicts


def test_what_the_book_computes_holds(book: Book) -> None:
    verdict = said(book, "02 00:00:00", "150")
    assert (verdict.holds, verdict.breaks, plain(verdict.difference)) == (True, (), "0")
    assert states(book) == [("127", "127", "0", "stated")]
    assert [name for name, frame in book.check().items() if frame.height] == []


def test_another_amount_is_a_break_with_its_figures(book: Book) -> None:
    verdict = said(book, "02 00:00:00", "149.5")
    assert not verdict.holds
    assert (plain(verdict.computed), plain(verdict.stated), plain(verdict.difference)) == ("150", "149.5", "-0.5")
    assert [found.break_id for found in verdict.breaks] == book.report("breaks")["break_id"].to_list()
    assert facts(book, "breaks", "expected", "stated", "difference", "file", "row") == [
        ("150", "149.5", "-0.5", verdict.name, 2), ("119.5", "120", "0.5", "ledger.csv", 3)]  # fmt: skip
    assert states(book, to=at("02 00:00:00")) == [("150", "149.5", "-0.5", "stated")]
    assert states(book, to=at("02 12:00:00")) == [("150", "149.5", "-0.5", "stated")]
    assert [name for name, frame in book.check().items() if frame.height] == []


def test_before_or_after_what_moved_in_the_very_instant_both_hold(book: Book) -> None:
    assert said(book, "05 00:00:00", "120").holds
    assert said(book, "05 00:00:00", "127").holds
    assert not said(book, "05 00:00:00", "121").holds


def test_the_first_balance_stated_fixes_the_opening_and_says_so_unless_it_was_right(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "book.duckdb"
    run("import", write(tmp_path, "ledger.csv", LEDGER, UNSTATED), "--account", "main", book=path)
    tied = run("assert", "main", "spot", "USDT", "2026-02-02", "100", book=path)
    assert (tied.code, tied.out) == (0, "")
    assert "tied: spot of main: 100 USDT at 2026-02-03T00:00:00Z is what the book computes" in tied.err
    run("forget", "manual-0002-assertion.csv", book=path)
    other = run("assert", "main", "spot", "USDT", "2026-02-02", "150", "--output-format", "json", book=path)
    assert other.code == 1
    (row,) = other.rows
    assert [row[name] for name in ("computed", "stated", "difference", "status", "break_id")] == [
        "100", "150", "50", "broken", None]  # fmt: skip
    assert "no balance of it was stated before, so the opening was taken as 0" in other.err
    (line,) = run("report", "balances", "--output-format", "json", book=path).rows
    assert [line[name] for name in ("computed", "stated", "difference", "basis")] == ["127", "150", "0", "anchored"]


def test_an_asset_that_never_moved_is_named_as_such(book: Book, run: Run) -> None:
    path = book.store.path
    assert path is not None
    book.close()
    answer = run("assert", "main", "spot", "BTC", "2026-02-02", "1", book=path)
    assert answer.code == 1
    assert "no row of the book moves BTC in this wallet; it knows USDT there" in answer.err


def test_an_assertion_that_other_stated_balances_contradict_does_not_hold(book: Book) -> None:
    said(book, "02 00:00:00", "149.5")
    verdict = said(book, "04 00:00:00", "119.5")  # what would follow from the wrong one
    assert not verdict.holds
    assert plain(verdict.difference) == "-0.5"


def test_breaks_of_one_instant_are_told_apart_and_explained_one_by_one(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    rows = [MOVED[0], MOVED[1].replace(",120,", ",130,")]  # a break of 10 at the second row
    imported(book, write(tmp_path, "ledger.csv", LEDGER, rows), account="main")
    said(book, "03 08:00:00", "200")  # before that row, as the nearest: 150 + 10 + 40
    breaks = {difference: name for name, difference in facts(book, "breaks", "break_id", "difference")}
    assert sorted(breaks) == ["10", "40"]
    first, second = breaks["10"], breaks["40"]
    assert first != second
    assert [name for name, frame in book.check().items() if frame.height] == []
    assert book.explain(second, reason="a deposit that the export lacks", by="Anna") == second
    told = {"open": first, "explained": second}
    assert {status: name for name, status in facts(book, "breaks", "break_id", "status")} == told
    book.rebuild()
    assert {status: name for name, status in facts(book, "breaks", "break_id", "status")} == told


# --------------------------------------------------------------------------------------------------- the file


def test_an_assertion_is_kept_led_back_rebuilt_renamed_and_forgotten(book: Book) -> None:
    before = book.digest()
    verdict = said(book, "02 00:00:00", "150")
    assert verdict.name == "manual-0002-assertion.csv"
    assert [entry["kind"] for entry in logged(book)] == ["import", "import"]
    digest = book.digest()
    assert digest != before
    assert book.rebuild() == (digest, digest)
    book.rename_account("main", "prime")
    assert book.store.rows("SELECT account, asset, balance::VARCHAR FROM stated_balances") == [
        ("prime", "USDT", "150.000000000000000000")]  # fmt: skip
    renamed = book.digest()
    assert book.rebuild() == (renamed, renamed)
    book.rename_account("prime", "main")
    book.forget(verdict.name)
    assert book.digest() == before


def test_two_equal_assertions_are_two_and_harmless(book: Book) -> None:
    assert said(book, "02 00:00:00", "150").holds
    assert said(book, "02 00:00:00", "150").holds
    assert book.store.scalar("SELECT count(*) FROM stated_balances") == 2
    assert facts(book, "breaks", "break_id") == []


# ------------------------------------------------------------------------------------------------ typed


def test_the_instant_is_the_end_of_a_day_or_a_month_in_a_zone(run: Run, tmp_path: Path) -> None:
    run("import", write(tmp_path, "ledger.csv", LEDGER, MOVED), "--account", "main")
    for words, amount, expected in (
        (("2026-02-04",), "120", "2026-02-05T00:00:00Z"), (("2026-02",), "127", "2026-03-01T00:00:00Z"),
        (("2026-02-04T09:30:00Z",), "120", "2026-02-04T09:30:00Z"),
        (("2026-02-04", "--zone", "Europe/Berlin"), "120", "2026-02-04T23:00:00Z"),
    ):  # fmt: skip
        done = run("assert", "main", "spot", "USDT", words[0], amount, *words[1:], "--output-format", "json")
        assert (done.code, done.rows[0]["stated_at"], done.rows[0]["status"]) == (0, expected, "tied")
    reasons = [row["reason"] for row in run("files", "--output-format", "json").rows]
    assert reasons == [None] + ["stated by hand"] * 4
    traced = run("trace", "manual-0002-assertion.csv", "--output-format", "json").rows
    assert [(row["what"], row["place"]) for row in traced] == [("120 USDT", "manual-0002-assertion.csv:2")]
    forgotten = run("forget", "manual-0002-assertion.csv")
    assert "`marginbook assert` states it again" in forgotten.err


def test_amounts_below_zero_can_be_typed(run: Run, tmp_path: Path) -> None:
    run(
        "import",
        write(tmp_path, "ledger.csv", LEDGER, ["2026-02-01T08:00:00Z,USDT,-5,funding,asset,,spot"]),
        "--account",
        "main",
    )
    assert run("assert", "main", "spot", "USDT", "2026-02", "-5").code == 0
    assert run("assert", "main", "spot", "USDT", "2026-03", "-5", "--reason", "screen").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("nobody spot USDT 2026-02 1", "there is no account 'nobody'"),
        ("main pocket USDT 2026-02 1", "'pocket' is none of"),
        ("main spot USDT soon 1", "'soon' is no date"),
        ("main spot USDT 2026-02 1,5", "'1,5' is no amount"),
        ("main spot USDT 2026-02", "AMOUNT"),
    ],
)
def test_a_wrong_word_is_a_sentence_and_stores_nothing(run: Run, tmp_path: Path, words: str, message: str) -> None:
    run("import", write(tmp_path, "ledger.csv", LEDGER, MOVED), "--account", "main")
    answer = run("assert", *words.split())
    assert message in answer.err
    assert (answer.code, answer.out) == (2, "")
    assert len(run("files", "--output-format", "json").rows) == 1


def test_a_book_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    assert run("assert", "main", "spot", "USDT", "2026-02", "1").code == 4
    assert not (tmp_path / "book.duckdb").exists()


# ------------------------------------------------------------------- running balances, statements, assertions agree


def points(rows: Sequence[tuple[int, int, int, str]]) -> tuple[list[str], list[str]]:
    """Return the lines of a ledger and of statements, of a wallet whose stated balances are sometimes off."""
    held = Decimal(10)
    moved, stated = [], []
    for number, (hours, amount, off, kind) in enumerate(sorted(rows)):
        moment = (datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=hours, seconds=number)).isoformat()
        if kind == "statement":
            stated.append(f"{moment},USDT,{held + off},wallet,spot")
        else:
            held += amount or 1
            moved.append(f"{moment},USDT,{amount or 1},deposit,asset,{held + off if kind == 'running' else ''},spot")
    return moved, stated


EVENTS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(-5, 5), st.sampled_from([0, 0, 0, 2, -3]),
              st.sampled_from(["running", "running", "silent", "statement"])),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(EVENTS)
def test_a_balance_differs_by_the_deviation_of_its_stretch_at_any_instant(
    rows: list[tuple[int, int, int, str]],
) -> None:
    import tempfile

    moved, stated = points(rows)
    with tempfile.TemporaryDirectory() as name, Book.in_memory(clock=lambda: NOW) as book:
        for file, header, lines in (("ledger.csv", LEDGER, moved), ("statement.csv", STATEMENT, stated)):
            if lines:
                imported(book, write(Path(name), file, header, lines), account="main")
        spans = book.store.rows("SELECT from_at, to_at, deviation FROM anchors ORDER BY from_at")
        assert sum(difference for (difference,) in book.store.rows("SELECT difference FROM breaks_stored")) == (
            spans[-1][2] if spans else 0)  # fmt: skip
        for hours in (10, 30, 61):
            to = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=hours, microseconds=1)
            for line in book.report("balances", to=to).iter_rows(named=True):
                reached = [deviation for from_at, _, deviation in spans if from_at < to]
                assert line["difference"] == (reached[-1] if reached else None)
                last = line["stated_at"]
                if last is not None and last >= (line["last_movement_at"] or last):
                    assert (line["basis"], line["stated"] - line["computed"]) == ("stated", line["difference"])
        assert [name for name, frame in book.check().items() if frame.height] == []
