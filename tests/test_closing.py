"""Closing a month: what is in the way, what is frozen, what comes late, who signs, and that all of it can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from click.testing import CliRunner

from ledger.book import Book
from ledger.commands.cli import marginbook
from reports.monthly import HEADINGS
from schemas.errors import BookError, NotClosable, UnknownThing

LEDGER = "moved_at,venue,wallet,asset,amount,cause,balance_after,transaction_ref,pool\n"
JANUARY = (
    "2025-01-02T10:00:00Z,acme,spot,EUR,1000,deposit,1000,d1\n"
    "2025-01-05T10:00:00Z,acme,spot,EUR,-1.5,trading_fee,998.5,f1\n"
)
FEBRUARY = "2025-02-03T10:00:00Z,acme,spot,EUR,-98.5,withdrawal,900,w1\n"
MARCH = "2025-03-03T10:00:00Z,acme,spot,EUR,25,deposit,925,d2\n"


class Clock:
    """The time of day, as a test sets it."""

    now = datetime(2025, 4, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def book(folder: Path) -> Iterator[Book]:
    with Book.open(folder / "book.duckdb", clock=Clock()) as opened:
        yield opened


def pooled(lines: str) -> str:
    """Return the lines with the pool, which is always what is owned."""
    return lines.replace("\n", ",asset\n")


def take(book: Book, folder: Path, name: str, lines: str, header: str = LEDGER) -> None:
    from ledger.storage.importing import Asked

    path = folder / name
    path.write_text(header + pooled(lines))
    report = book.import_paths([path], Asked(account="main"))
    assert not report.errors, report.errors
    assert [part.rejected for part in report.parts] == [0]


def lines(book: Book, **words: Any) -> list[tuple[str, ...]]:
    frame = book.report("reconcile", account="main", **words)
    shown = ("period", "asset", "opening", "deposits", "withdrawals", "trading_fees", "late", "closing", "status")
    return [tuple(_plain(row[name]) for name in shown) for row in frame.iter_rows(named=True)]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    return str(value)


def test_a_month_that_ties_is_closed_and_its_lines_stand(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    take(book, folder, "february.csv", FEBRUARY)
    digest = book.close_month("2025-01", "main", by="Anna")
    assert [("2025-01", "main", "closed", "Anna", None, digest)] == book.report("closes").select(
        "period", "account", "status", "closed_by", "reviewed_by", "figures"
    ).rows()
    assert [
        ("2025-01", "EUR", "0", "1000", "0", "-1.5", "0", "998.5", "tied"),
        ("2025-02", "EUR", "998.5", "0", "-98.5", "0", "0", "900", "tied"),
    ] == lines(book)
    assert not book.report("changes").height


def test_what_comes_late_is_shown_in_the_next_open_month_and_nowhere_else(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    take(book, folder, "february.csv", FEBRUARY)
    book.close_month("2025-01", "main", by="Anna")
    before = lines(book)[0]
    bonus = "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,income,,b1\n"
    take(book, folder, "bonus.csv", bonus)
    found = lines(book)
    assert before == found[0]
    assert ("2025-02", "BTC", "0", "0", "0", "0", "0.25", "0.25", "no_anchor") in found
    assert ("2025-01", "BTC") not in {(line[0], line[1]) for line in found}
    changes = book.report("changes").filter(book.report("changes")["name"] == "closing")
    assert [("2025-01", "BTC", None, Decimal("0.25"), "new")] == changes.select(
        "period", "asset", "before", "now", "change"
    ).rows()


def test_late_rows_of_the_last_month_open_a_line_after_it(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    book.close_month("2025-01", "main", by="Anna")
    assert ["2025-01"] == [line[0] for line in lines(book)]
    take(book, folder, "late.csv", "2025-01-30T10:00:00Z,acme,spot,EUR,7,income,1005.5,i1\n")
    assert [
        ("2025-01", "EUR", "0", "1000", "0", "-1.5", "0", "998.5", "tied"),
        ("2025-02", "EUR", "998.5", "0", "0", "0", "7", "1005.5", "tied"),
    ] == lines(book)


def test_the_next_close_takes_the_late_rows_in(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    take(book, folder, "february.csv", FEBRUARY)
    take(book, folder, "march.csv", MARCH)
    book.close_month("2025-01", "main", by="Anna")
    take(book, folder, "bonus.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,income,0.25,b1\n")
    book.close_month("2025-02", "main", by="Anna")
    found = [line for line in lines(book) if line[1] == "BTC"]
    assert [("2025-02", "BTC", "0", "0", "0", "0", "0.25", "0.25", "tied"),
            ("2025-03", "BTC", "0.25", "0", "0", "0", "0", "0.25", "tied")] == found  # fmt: skip
    quarter = [line for line in lines(book, by="quarter") if line[1] == "BTC"]
    assert [("2025-Q1", "BTC", "0", "0", "0", "0", "0.25", "0.25", "tied")] == quarter


def test_a_file_that_is_forgotten_after_the_close_changes_the_closed_month_by_nothing(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    take(book, folder, "coins.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,deposit,0.25,b1\n")
    take(book, folder, "february.csv", FEBRUARY)
    book.close_month("2025-01", "main", by="Anna")
    book.forget("coins.csv")
    found = [line for line in lines(book) if line[1] == "BTC"]
    assert [("2025-01", "BTC", "0", "0.25", "0", "0", "0", "0.25", "tied"),
            ("2025-02", "BTC", "0.25", "0", "0", "0", "-0.25", "0", "no_anchor")] == found  # fmt: skip


def test_a_month_with_a_break_is_closed_when_the_break_is_explained(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY + "2025-01-09T10:00:00Z,acme,spot,EUR,-10,trading_fee,980,f2\n")
    (broken,) = book.report("breaks").rows(named=True)
    assert Decimal("-8.5") == broken["difference"]
    with pytest.raises(NotClosable) as refused:
        book.close_month("2025-01", "main", by="Anna")
    assert broken["break_id"] in str(refused.value)
    assert "the venue states 980, the book has 988.5" in str(refused.value)
    book.explain(broken["break_id"], reason="a fee the venue took by mail", by="Anna")
    assert "explained" == lines(book)[0][-1]
    book.close_month("2025-01", "main", by="Anna")
    assert ("explained", "a fee the venue took by mail") == book.report("breaks").select("status", "reason").row(0)


def test_a_closing_that_nothing_states_needs_an_anchor_or_an_explanation(book: Book, folder: Path) -> None:
    take(book, folder, "coins.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,deposit,,b1\n")
    with pytest.raises(NotClosable, match=r"no stated balance tells the closing of 0\.25"):
        book.close_month("2025-01", "main", by="Anna")
    line = book.report("reconcile")["line"][0]
    book.explain(line, reason="seen on the screen")
    book.close_month("2025-01", "main", by="Anna")


@pytest.mark.parametrize(
    ("period", "closed", "because"),
    [
        ("2025-13", (), "is no month"),
        ("2025-04", (), "is not over before 2025-05-01"),
        ("2024-12", (), "knows of nothing"),
        ("2025-01", ("2025-01",), "closed already"),
        ("2025-03", ("2025-01",), "close the months between first"),
        ("2024-11", ("2025-01",), "and with it all before it"),
    ],
)
def test_a_month_is_closed_in_its_turn_and_not_before_it_is_over(
    book: Book, folder: Path, period: str, closed: tuple[str, ...], because: str
) -> None:
    take(book, folder, "year.csv", JANUARY + FEBRUARY + MARCH)
    for earlier in closed:
        book.close_month(earlier, "main", by="Anna")
    with pytest.raises((NotClosable, UnknownThing), match=because):
        book.close_month(period, "main", by="Anna")


def test_another_person_reviews_and_once(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    with pytest.raises(UnknownThing, match="is not closed"):
        book.review_month("2025-01", "main", by="Bert")
    book.close_month("2025-01", "main", by="Anna")
    with pytest.raises(UnknownThing, match="prepared by Anna"):
        book.review_month("2025-01", "main", by=" anna ")
    signed = book.review_month("2025-01", "main", by="Bert")
    assert ("Anna", "Bert") == (signed["closed_by"], signed["reviewed_by"])
    with pytest.raises(UnknownThing, match="was reviewed by Bert already"):
        book.review_month("2025-01", "main", by="Carl")
    assert ["reviewed"] == book.report("reconcile")["closed"].to_list()


def test_only_the_last_closed_month_is_opened_again_and_then_it_is_live(book: Book, folder: Path) -> None:
    take(book, folder, "year.csv", JANUARY + FEBRUARY + MARCH)
    book.close_month("2025-01", "main", by="Anna")
    book.close_month("2025-02", "main", by="Anna")
    with pytest.raises(UnknownThing, match="reopen 2025-02 first"):
        book.reopen_month("2025-01", "main", reason="a correction")
    with pytest.raises(UnknownThing, match="say why"):
        book.reopen_month("2025-02", "main", reason="  ")
    take(book, folder, "late.csv", "2025-02-20T10:00:00Z,acme,spot,BTC,1,deposit,1,b1\n")
    book.reopen_month("2025-02", "main", reason="a deposit came to light")
    assert ("2025-02", "BTC", "0", "1", "0", "0", "0", "1", "tied") in lines(book)
    book.close_month("2025-02", "main", by="Anna")


def test_a_closed_account_is_not_renamed(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    book.close_month("2025-01", "main", by="Anna")
    with pytest.raises(UnknownThing, match="is closed under this name"):
        book.rename_account("main", "other")


def test_explanations_follow_a_renamed_account(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY + "2025-01-09T10:00:00Z,acme,spot,EUR,-10,trading_fee,980,f2\n")
    book.explain(book.report("breaks")["break_id"][0], reason="known")
    book.rename_account("main", "other")
    assert ["known"] == book.report("breaks")["reason"].to_list()


def test_a_rebuilt_book_has_the_same_closed_months(book: Book, folder: Path) -> None:
    take(book, folder, "year.csv", JANUARY + FEBRUARY + MARCH)
    book.close_month("2025-01", "main", by="Anna")
    book.review_month("2025-01", "main", by="Bert")
    take(book, folder, "bonus.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,income,0.25,b1\n")
    before = lines(book), book.report("changes").rows(), book.report("closes").rows()
    digests = book.rebuild()
    assert digests[0] == digests[1]
    assert before == (lines(book), book.report("changes").rows(), book.report("closes").rows())


def test_a_rebuild_that_gives_other_figures_shows_them(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    book.store.execute(
        "UPDATE movements_stated SET amount = amount + 1 WHERE cause = 'trading_fee'"
    )  # an older version's
    before, after = book.rebuild()
    assert before != after
    assert book.rebuilt is not None
    fees = book.rebuilt.filter(pl.col("name") == "trading_fees", pl.col("report") == "reconcile")
    assert [(Decimal("-0.5"), Decimal("-1.5"))] == fees.select("before", "now").rows()


def test_damaged_frozen_figures_are_found(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    digest = book.close_month("2025-01", "main", by="Anna")
    assert book.archive is not None
    book.archive.path_of(digest).write_bytes(b"not these")
    assert any("figures of 2025-01 of main" in line for line in book.verify())


def test_months_are_those_of_the_zone_in_which_they_are_closed(book: Book, folder: Path) -> None:
    edge = "2025-01-31T23:30:00Z,acme,spot,EUR,5,income,1003.5,i1\n"
    take(book, folder, "year.csv", JANUARY + edge + "2025-02-03T10:00:00Z,acme,spot,EUR,-3.5,trading_fee,1000,f3\n")
    book.close_month("2025-01", "main", by="Anna", zone="Europe/Berlin")
    berlin = lines(book, zone="Europe/Berlin")
    assert ["998.5", "1000"] == [line[-2] for line in berlin]
    assert ["1003.5", "1000"] == [line[-2] for line in lines(book)]
    with pytest.raises(UnknownThing, match="closed in Europe/Berlin"):
        book.close_month("2025-02", "main", by="Anna", zone="UTC")
    book.close_month("2025-02", "main", by="Anna")


def test_what_an_import_changed_can_be_shown(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    take(book, folder, "more.csv", "2025-01-30T10:00:00Z,acme,spot,EUR,7,income,1005.5,i1\n")
    found = book.report("changes", since=1)
    assert [("closing", Decimal("998.5"), Decimal("1005.5"))] == found.filter(found["name"] == "closing").select(
        "name", "before", "now"
    ).rows()
    assert not book.report("changes", since=2).height
    with pytest.raises(UnknownThing, match="no import or decision number 9"):
        book.report("changes", since=9)


def test_the_command_line_closes_reviews_and_opens_again(folder: Path) -> None:
    path = folder / "january.csv"
    path.write_text(LEDGER + pooled(JANUARY))
    run = CliRunner()

    def say(*words: str) -> Any:
        return run.invoke(marginbook, ["--book", str(folder / "book.duckdb"), *words])

    assert 0 == say("import", str(path), "--account", "main").exit_code
    draft = say("pack", "2025-01", "--account", "main", "-o", str(folder / "draft"))
    assert 0 == draft.exit_code, draft.output
    assert (folder / "draft" / "main-2025-01-draft.html").exists()
    assert 0 == say("close", "2025-01", "--account", "main", "--by", "Anna", "-o", str(folder / "pack")).exit_code
    first = {path.name: path.read_bytes() for path in (folder / "pack").iterdir()}
    digests = (line.split("  ", 1) for line in first["digests.sha256"].decode().splitlines())
    told = {name: digest for digest, name in digests}
    assert {"main-2025-01.xlsx", "main-2025-01.html", "main-2025-01.json", "exports.sha256"} == set(told)
    for name, digest in told.items():
        assert digest == hashlib.sha256(first[name]).hexdigest(), name
    closes = json.loads(say("report", "closes", "--output-format", "json").output)
    assert [told["main-2025-01.json"]] == [close["figures"] for close in closes]
    assert 0 == say("pack", "2025-01", "--account", "main", "-o", str(folder / "again")).exit_code
    assert first == {path.name: path.read_bytes() for path in (folder / "again").iterdir()}
    same = say("review", "2025-01", "--account", "main", "--by", "ANNA")
    assert 1 == same.exit_code
    assert "another person reviews it" in str(same.exception)
    assert 0 == say("review", "2025-01", "--account", "main", "--by", "Bert", "-o", str(folder / "pack")).exit_code
    assert first["main-2025-01.json"] == (folder / "pack" / "main-2025-01.json").read_bytes()
    assert b"Bert" in (folder / "pack" / "main-2025-01.html").read_bytes()
    assert 0 == say("reopen", "2025-01", "--account", "main", "--reason", "once more").exit_code
    (reopened,) = json.loads(say("report", "closes", "--output-format", "json").output)
    assert ("reopened", "once more") == (reopened["status"], reopened["reason"])
    assert 2 == say("close", "2025-01", "--account", "main").exit_code


def adds_up(book: Book, by: str) -> None:
    """Every line adds to its closing, and opens with the closing before it."""
    frame = book.report("reconcile", account="main", by=by)
    before: dict[tuple[Any, ...], Decimal] = {}
    for row in frame.iter_rows(named=True):
        assert row["closing"] == row["opening"] + sum(row[heading] for heading in HEADINGS), row
        place = row["venue"], row["wallet"], row["asset"]
        assert before.get(place, row["opening"]) == row["opening"], row
        before[place] = row["closing"]


def test_late_rows_of_an_asset_without_later_rows_have_a_line(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    book.close_month("2025-01", "main", by="Anna")
    take(book, folder, "bonus.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,0.25,income,,b1\n")
    assert [("2025-02", "0.25", "0.25")] == [(line[0], line[6], line[7]) for line in lines(book) if line[1] == "BTC"]


def test_months_before_the_first_close_are_frozen_with_it(book: Book, folder: Path) -> None:
    take(book, folder, "year.csv", JANUARY + FEBRUARY + MARCH)
    before = lines(book)
    assert any("2025-01 to 2025-01" in doubt for doubt in book.doubts("2025-02", "main"))
    book.close_month("2025-02", "main", by="Anna")
    assert before == lines(book)
    take(book, folder, "late.csv", "2025-01-20T10:00:00Z,acme,spot,BTC,7,income,7,i1\n")
    assert before[:2] == [line for line in lines(book) if line[1] == "EUR"][:2]
    assert [("2025-03", "7")] == [(line[0], line[6]) for line in lines(book) if line[1] == "BTC"]
    for by in ("month", "quarter", "year"):
        adds_up(book, by)


def test_an_explanation_holds_for_its_amount_only(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY + "2025-01-09T10:00:00Z,acme,spot,EUR,-10,trading_fee,980,f2\n")
    book.explain(book.report("breaks")["break_id"][0], reason="known")
    assert ["explained"] == book.report("breaks")["status"].to_list()
    take(book, folder, "more.csv", "2025-01-07T10:00:00Z,acme,spot,EUR,-3,correction,,c1\n")
    assert [("open", Decimal("-5.5"))] == book.report("breaks").select("status", "difference").rows()


def test_an_explanation_at_one_venue_says_nothing_of_another(book: Book, folder: Path) -> None:
    broken = "2025-01-31T10:00:00Z,{},spot,EUR,-10,trading_fee,{},f2\n"
    take(book, folder, "acme.csv", JANUARY + broken.format("acme", 980))
    take(book, folder, "beta.csv", JANUARY.replace("acme", "beta") + broken.format("beta", 490))
    names = dict(book.report("breaks").select("venue", "break_id").rows())
    assert 2 == len(set(names.values()))
    book.explain(names["acme"], reason="known")
    assert {"acme": "explained", "beta": "open"} == dict(book.report("breaks").select("venue", "status").rows())


def test_a_statement_of_the_very_month_end_tells_its_closing(book: Book, folder: Path) -> None:
    take(book, folder, "year.csv", JANUARY + "2025-02-01T00:00:00Z,acme,spot,EUR,-8,funding,,f9\n")
    state = "stated_at,venue,wallet,asset,balance,kind\n2025-02-01T00:00:00Z,acme,spot,EUR,{},wallet\n"
    (folder / "stated.csv").write_text(state.format("990.5"))
    book.import_paths([folder / "stated.csv"])
    assert ["tied", "tied"] == [line[-1] for line in lines(book)]  # read as after what moved in that instant
    book.forget("stated.csv")
    (folder / "other.csv").write_text(state.format("998"))
    book.import_paths([folder / "other.csv"])
    assert ("2025-01", "broken") in {(line[0], line[-1]) for line in lines(book)}


def test_an_explained_month_stays_so_when_the_missing_row_comes(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY + "2025-01-09T10:00:00Z,acme,spot,EUR,-10,trading_fee,980,f2\n")
    book.explain(book.report("breaks")["break_id"][0], reason="a row is missing")
    book.close_month("2025-01", "main", by="Anna")
    take(book, folder, "late.csv", "2025-01-07T10:00:00Z,acme,spot,EUR,-8.5,correction,,c1\n")
    assert not book.report("breaks").height
    assert [("2025-01", "0", "explained"), ("2025-02", "-8.5", "tied")] == [
        (line[0], line[6], line[-1]) for line in lines(book)
    ]


def test_altered_frozen_figures_are_refused(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    digest = book.close_month("2025-01", "main", by="Anna")
    assert book.archive is not None
    path = book.archive.path_of(digest)
    text = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
    path.write_bytes(zstandard.ZstdCompressor().compress(text.replace(b"998.5", b"777.5")))
    with pytest.raises(BookError, match="are damaged"):
        book.rebuild()
    with pytest.raises(BookError, match="are damaged"):
        book.month("2025-01", "main")


def test_a_closed_account_of_which_every_file_is_forgotten_is_still_told(book: Book, folder: Path) -> None:
    take(book, folder, "january.csv", JANUARY)
    book.close_month("2025-01", "main", by="Anna")
    book.forget("january.csv")
    assert [("2025-01", "998.5", "tied"), ("2025-02", "0", "no_anchor")] == [
        (line[0], line[7], line[-1]) for line in lines(book)
    ]
    assert "closed" == book.month("2025-01", "main").status
    assert book.report("changes", account="main").height


@pytest.mark.parametrize("period", ["２０２５-０１", "0000-01", "9999-12", "2025-00", "2025-1", ""])
def test_what_is_no_month_is_refused(book: Book, folder: Path, period: str) -> None:
    take(book, folder, "january.csv", JANUARY)
    with pytest.raises(UnknownThing, match="is no month"):
        book.close_month(period, "main", by="Anna")
