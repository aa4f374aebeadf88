"""A year of one owner at four venues closes month by month, and whatever is missing from its exports is found.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from tests.books import NOW
from tests.conftest import Run
from tests.examples import examples
from tests.lives.books import assert_positions, offenders, said_positions, true_positions
from tests.lives.files import Line as Row
from tests.lives.model import EIGHT_HOURS, SECOND, ZERO
from tests.lives.year import HEADINGS, MONTHS, MOVES, PERIODS, Key, Line, Paper, Year, end_of, lived

KEY = ("period", "account", "wallet", "asset")


@pytest.fixture(scope="module")
def year() -> Year:
    return lived()


@pytest.fixture(scope="module")
def place(year: Year, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a book of the whole year, to be copied or read."""
    folder = tmp_path_factory.mktemp("year")
    with Book.open(folder / "book.duckdb", clock=lambda: NOW) as book:
        take(book, year.write(folder / "exports"))
    return folder / "book.duckdb"


@pytest.fixture
def book(place: Path) -> Iterator[Book]:
    with Book.open(place, read_only=True, clock=lambda: NOW) as opened:
        yield opened


def take(book: Book, paths: Sequence[Path], *, broken: bool = False) -> None:
    """Import files, all of whose rows must be understood."""
    report = book.import_paths(paths)
    assert not [str(error) for error in report.errors] and not report.unrecognized
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert broken == bool(report.breaks)


def rows(book: Book, report: str, **words: Any) -> list[dict[str, Any]]:
    return list(book.report(report, **words).iter_rows(named=True))


# ----------------------------------------------------------------------------------------------- the whole


def test_every_month_of_every_wallet_rolls_forward_as_it_was_and_ties(year: Year, book: Book) -> None:
    said = {tuple(row[name] for name in KEY): row for row in rows(book, "reconcile")}
    true = year.lines()
    assert set(true) == set(said)
    for key, line in true.items():
        row = said[key]
        amounts = {name: Fraction(row[name]) for name in ("opening", *HEADINGS, "closing")}
        assert line == amounts, key
        assert ("tied", 0, row["closing"]) == (row["status"], row["difference"], row["stated_closing"]), key
    assert {f"2025-{month:02d}" for month in range(1, 13)} == {key[0] for key in said}


def test_nothing_is_broken_and_no_invariant_is_offended(book: Book) -> None:
    assert [] == rows(book, "breaks")
    assert {} == offenders(book)


def test_only_the_seams_of_the_files_are_left_to_look_at(book: Book) -> None:
    found = rows(book, "findings")
    assert {("seam", "info")} >= {(row["kind"], row["severity"]) for row in found}
    assert {("files", "info")} >= {(row["kind"], row["severity"]) for row in rows(book, "gaps")}


def test_the_witnesses_agree_with_the_voices_on_every_day(book: Book) -> None:
    found = rows(book, "witnesses")
    assert {"binance", "bybit", "bitmex"} == {row["account"] for row in found}
    assert [] == [row for row in found if row["difference"]]


def test_the_positions_of_the_year_are_those_that_were_held(year: Year, book: Book) -> None:
    said = said_positions(book)
    at_binance = true_positions(year.binance)
    assert_positions(at_binance, [row for row in said if row["wallet"] == "usdm"])
    at_bitmex = true_positions(year.bitmex, venue="bitmex")
    assert_positions(at_bitmex, [row for row in said if row["symbol"] in year.bitmex.contracts])
    assert {"liquidated"} <= {row["status"] for row in at_binance}


def test_quarters_and_the_year_are_their_months(year: Year, book: Book) -> None:
    for by in ("quarter", "year"):
        true: dict[Key, Line] = {}
        for (month, *wallet), line in year.lines().items():
            period = month[:4] if by == "year" else f"2025-Q{(int(month[5:]) + 2) // 3}"
            account, name, asset = wallet
            whole = true.setdefault(
                (period, account, name, asset), {"opening": line["opening"], **dict.fromkeys(HEADINGS, ZERO)}
            )
            for heading in HEADINGS:
                whole[heading] += line[heading]
            whole["closing"] = line["closing"]
        said = {tuple(row[name] for name in KEY): row for row in rows(book, "reconcile", by=by)}
        assert true == {
            key: {name: Fraction(row[name]) for name in ("opening", *HEADINGS, "closing")} for key, row in said.items()
        }


# ------------------------------------------------------------------------------------------- what is removed

CHAINS: Mapping[str, tuple[str, ...]] = {
    "binance": ("income", "stated usdm"), "binance spot": ("statement", "stated spot"),
    "bitmex": ("wallet",), "bybit": ("log",), "bybit funding": ("funding log",), "kraken": ("ledger",),
}  # fmt: skip
"""What speaks for a wallet, and what anchors it."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a row of an export moved."""

    wallet: str
    asset: str
    amount: Fraction


def moved_by(kind: str, row: Row) -> Moved:
    """Return what a row of a ledger moved."""
    cells = [str(cell).strip('"') for cell in row.cells]
    if kind == "income":
        return Moved(wallet="usdm", asset=cells[3], amount=Fraction(cells[2]))
    if kind == "statement":
        return Moved(wallet="spot" if cells[2] == "Spot" else "usdm", asset=cells[4], amount=Fraction(cells[5]))
    if kind == "wallet":
        return Moved(wallet="unified", asset="BTC", amount=Fraction(int(cells[6]), 10**8))
    if kind == "log":
        return Moved(wallet="unified", asset=cells[0], amount=Fraction(cells[10]))
    if kind == "funding log":
        return Moved(wallet="funding", asset=cells[2], amount=Fraction(cells[3]))
    assert kind == "ledger"
    return Moved(wallet="spot", asset=cells[7], amount=Fraction(cells[9]) - Fraction(cells[10]))


@contextmanager
def book_of(papers: Sequence[Paper], *, broken: bool = False) -> Iterator[Book]:
    """Give a book in memory of some files."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory(clock=lambda: NOW) as book:
        take(book, [paper.write(Path(folder)) for paper in papers if paper.export.lines], broken=broken)
        yield book


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A row that is left out."""

    paper: Paper
    row: Row

    @property
    def moved(self) -> Moved:
        return moved_by(self.paper.kind, self.row)

    def __repr__(self) -> str:
        return f"{self.paper.name}: {', '.join(map(str, self.row.cells))}"


def chain_of(year: Year, name: str) -> tuple[list[Paper], list[Hole]]:
    """Return the files of a chain, and the rows of its ledger in order of time."""
    ledger, *others = CHAINS[name]
    papers = [paper for paper in year.papers([name.split(maxsplit=1)[0]]) if paper.kind in (ledger, *others)]
    if ledger == "statement":
        papers = [paper.only(lambda row: "Spot" in row.cells) if paper.kind == ledger else paper for paper in papers]
    holes = [Hole(paper=paper, row=row) for paper in papers if paper.kind == ledger for row in paper.export.lines]
    return papers, sorted(holes, key=lambda hole: hole.row.at)


def with_holes(papers: Sequence[Paper], holes: Collection[Hole]) -> list[Paper]:
    """Return the files without the rows, wherever they stand: quarters overlap."""
    gone: dict[str, set[Row]] = defaultdict(set)
    for hole in holes:
        gone[hole.paper.kind].add(hole.row)
    return [paper.without(gone[paper.kind]) for paper in papers]


# ------------------------------------------------------------------------------ between two stated balances


@pytest.mark.parametrize("name", ["bitmex", "bybit", "bybit funding", "kraken"])
@given(draw=st.integers(0, 2**32 - 1).map(random.Random))
@examples(1)
def test_any_row_removed_between_two_running_balances_is_a_break_of_its_amount_that_a_hint_names(
    year: Year, name: str, draw: random.Random
) -> None:
    papers, every = chain_of(year, name)
    holes = _apart(every, draw)
    with book_of(with_holes(papers, holes), broken=True) as book:
        found = rows(book, "breaks")
        assert len(holes) == len(found)
        for hole in holes:
            (row,) = [row for row in found if (row["wallet"], row["asset"]) == (hole.moved.wallet, hole.moved.asset)
                      and row["since_at"] <= hole.row.at <= row["broken_at"]]  # fmt: skip
            assert hole.moved.amount == Fraction(row["difference"]), hole
            assert _names(row["hint"], hole), (hole, row["hint"])
        _assert_rolled(book, found)


@pytest.mark.parametrize("name", ["binance", "binance spot"])
@given(draw=st.integers(0, 2**32 - 1).map(random.Random))
@examples(1)
def test_any_row_removed_between_two_snapshots_is_a_break_of_its_amount_that_a_hint_names(
    year: Year, name: str, draw: random.Random
) -> None:
    papers, every = chain_of(year, name)
    months: dict[tuple[str, str, datetime], list[Hole]] = defaultdict(list)
    for hole in every:
        month = next(month for month in MONTHS if month <= hole.row.at < end_of(month))
        months[hole.moved.wallet, hole.moved.asset, end_of(month)].append(hole)
    chosen = {key: draw.choice(held) for key, held in months.items()}
    with book_of(with_holes(papers, list(chosen.values())), broken=True) as book:
        found = rows(book, "breaks")
        assert len(chosen) == len(found)
        for (wallet, asset, end), hole in chosen.items():
            (row,) = [row for row in found if (row["wallet"], row["asset"]) == (wallet, asset)
                      and row["since_at"] <= hole.row.at <= row["broken_at"] < end]  # fmt: skip
            assert hole.moved.amount == Fraction(row["difference"]), hole
            assert _names(row["hint"], hole), (hole, row["hint"])
        _assert_rolled(book, found)


def _apart(every: Sequence[Hole], draw: random.Random) -> list[Hole]:
    """Return rows of each asset that are neither among the first nor the last, nor near each other."""
    chains: dict[tuple[str, str], list[Hole]] = defaultdict(list)
    for hole in every:
        chains[hole.moved.wallet, hole.moved.asset].append(hole)
    holes = []
    for chain in chains.values():
        places = sorted(draw.sample(range(2, max(len(chain) - 2, 2)), k=min(9, max(len(chain) - 4, 0))))
        apart = [place for before, place in zip([-9, *places], places, strict=False) if place - before > 4]
        holes += [chain[place] for place in apart if chain[place].moved.amount]
    return holes


def _names(hint: str, hole: Hole) -> bool:
    """Return whether a hint says what is missing: the row's amount, or that no file covers a part of the time."""
    amount = Decimal(hole.moved.amount.numerator) / Decimal(hole.moved.amount.denominator)
    return f"{abs(amount).normalize():f}" in hint or "no file has" in hint


def _assert_rolled(book: Book, breaks: Sequence[dict[str, Any]]) -> None:
    """Fail where a month does not show the breaks up to its end, or a month before them does not tie."""
    for line in rows(book, "reconcile"):
        missing = sum((row["difference"] for row in breaks
                       if (row["wallet"], row["asset"]) == (line["wallet"], line["asset"])
                       and row["broken_at"] < line["ends_at"]), Decimal(0))  # fmt: skip
        assert missing == line["difference"], line
        assert ("broken" if missing else "tied") == line["status"]


# ------------------------------------------------------------------------------------------ from a cadence


@pytest.mark.parametrize(
    ("account", "kinds", "word"),
    [("binance", ("income", "trades"), "FUNDING_FEE"), ("bitmex", ("executions",), "Funding")],
    ids=["binance", "bitmex"],
)
def test_a_funding_row_removed_where_nothing_states_a_balance_is_a_gap_and_a_finding(
    year: Year, account: str, kinds: tuple[str, ...], word: str
) -> None:
    papers = [paper for paper in year.papers([account]) if paper.kind in kinds]
    every = [Hole(paper=paper, row=row) for paper in papers for row in paper.export.lines if word in row.cells]  # fmt: skip
    inner = [hole for hole in every if _is_inside(hole, every)]
    holes = random.Random(account).sample(inner, 5)
    with book_of(with_holes(papers, holes)) as book:
        found = _missing(book)
        assert sorted((hole.row.symbol, _hour(hole.row.at)) for hole in holes) == sorted(
            (row["symbol"], _hour(row["from_at"])) for row in found)  # fmt: skip
        told = {(row["kind"], row["symbol"]) for row in rows(book, "findings")}
        assert {("missing_funding", hole.row.symbol) for hole in holes} <= told


def _is_inside(hole: Hole, every: Sequence[Hole]) -> bool:
    """Return whether funding was charged eight hours before and after it."""
    of_symbol = {_hour(other.row.at) for other in every if other.row.symbol == hole.row.symbol}
    return {_hour(hole.row.at + span) for span in (-EIGHT_HOURS, EIGHT_HOURS)} <= of_symbol


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _missing(book: Book) -> list[dict[str, Any]]:
    return [row for row in rows(book, "gaps") if row["kind"] == "cadence"]


# --------------------------------------------------------------------------------- that a witness states


@pytest.mark.parametrize(
    ("account", "kinds"),
    [("bitmex", ("wallet", "executions")), ("bybit", ("log", "data export")), ("binance", ("income",))],
    ids=["bitmex", "bybit", "binance"],
)
def test_a_row_removed_that_a_witness_states_is_named_and_no_other(
    year: Year, account: str, kinds: tuple[str, ...]
) -> None:
    """Of two exports that are each other's witness a row is removed of the one and another one of the other.

    Not at the ends of a file: there the other export speaks, and nothing is missing.
    """
    witnesses = {"binance": ("statement",)}.get(account, ())
    papers = [paper for paper in year.papers([account]) if paper.kind in (*kinds, *witnesses)]
    draw, holes = random.Random(account), []
    for number, kind in enumerate(kinds):
        own = [paper for paper in papers if paper.kind == kind]
        holes += [Hole(paper=paper, row=draw.choice([row for row in paper.export.lines[3:-3] if _is_stated_twice(kind, row)]))
                  for paper in own[number :: 1 + len(own) // 3]]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Book.in_memory(clock=lambda: NOW) as book:
        report = book.import_paths([paper.write(Path(folder)) for paper in with_holes(papers, holes)])
        assert not report.errors
        found = [row for row in rows(book, "findings") if row["kind"] == "unpaired_rows"]
        named = {moment for finding in found for moment in _moments(book, finding["rows"])}
        for hole in holes:
            assert any(_is_near(hole, moment) for moment in named), (hole, found)
        assert [] == [moment for moment in named if not any(_is_near(hole, moment) for hole in holes)]


def _is_near(hole: Hole, moment: datetime) -> bool:
    return abs(moment - hole.row.at) <= 2 * SECOND


def _is_stated_twice(kind: str, row: Row) -> bool:
    """Return whether the row is funding (executions and wallet book results otherwise), or any of a log."""
    return kind in ("log", "data export", "income") or row.kind == "Funding"


def _moments(book: Book, keys: str | Sequence[str]) -> list[datetime]:
    names = keys.split() if isinstance(keys, str) else list(keys)
    found = book.store.rows(
        "SELECT moved_at FROM movements_stated WHERE row_key::VARCHAR IN (SELECT unnest($keys)) UNION ALL "
        "SELECT paid_at FROM funding_stated WHERE row_key::VARCHAR IN (SELECT unnest($keys)) UNION ALL "
        "SELECT filled_at FROM fills_stated WHERE row_key::VARCHAR IN (SELECT unnest($keys)) UNION ALL "
        "SELECT accrued_at FROM interest_stated WHERE row_key::VARCHAR IN (SELECT unnest($keys))", {"keys": names})  # fmt: skip
    return [moment for (moment,) in found]


# ---------------------------------------------------------------------------------------------- transfers


def test_every_transfer_between_the_venues_is_matched_with_what_the_network_took(book: Book) -> None:
    said = {(row["asset"], row["from_account"], row["to_account"], row["sent_at"], row["received_at"],
             Fraction(row["sent"]), Fraction(row["received"]), Fraction(row["fee"]))
            for row in rows(book, "transfers") if row["status"] == "matched" and row["from_account"] != row["to_account"]}  # fmt: skip
    assert {(move.asset, move.origin, move.target, move.left_at, move.came_at, move.left, move.arrived, move.fee)
            for move in MOVES} == said  # fmt: skip


def test_only_what_went_to_the_bank_and_came_from_it_has_no_other_end(book: Book) -> None:
    assert {("EUR", "outside", 45_000), ("EUR", "outside", 6_000), ("EUR", "outside", Decimal("-2000.09"))} == {
        (row["asset"], row["status"], row["received"] or -row["sent"])
        for row in rows(book, "transfers") if row["status"] != "matched"}  # fmt: skip


def test_what_left_before_the_end_of_a_month_and_came_after_it_is_in_transit(book: Book) -> None:
    for month in MONTHS:
        under_way = [(row["from_account"], row["to_account"], row["sent"]) for row in rows(book, "transfers", to=end_of(month))
                     if row["status"] == "in_transit"]  # fmt: skip
        expected = [
            (move.origin, move.target, move.left) for move in MOVES if move.left_at < end_of(month) <= move.came_at
        ]
        assert expected == under_way
        assert bool(expected) == (month.month == 4)


# ------------------------------------------------------------------------------------------------- closing


def test_the_twelve_months_are_closed_one_after_the_other_and_stand_as_they_were(
    year: Year, place: Path, tmp_path: Path, run: Run
) -> None:
    own = tmp_path / "book.duckdb"
    shutil.copy(place, own)
    shutil.copytree(place.with_name("book.archive"), own.with_name("book.archive"))
    pack = ("-o", tmp_path / "pack")
    live = run("report", "reconcile", "--account", "kraken", "--output-format", "json", book=own).rows
    for period in PERIODS:
        closed = run("close", period, "--account", "kraken", "--by", "Anna", *pack, book=own)
        assert closed.code == 0, closed.err
    for account in ("binance", "bitmex", "bybit"):
        closed = run("close", "2025-12", "--account", account, "--by", "Anna", *pack, book=own)
        assert closed.code == 0, closed.err
    signed = run("review", "2025-12", "--account", "kraken", "--by", "Bert", *pack, book=own)
    assert signed.code == 0, signed.err
    frozen = run("report", "reconcile", "--account", "kraken", "--output-format", "json", book=own).rows
    assert ["closed", "reviewed"] == sorted({row["closed"] for row in frozen})
    assert live == [row | {"closed": None} for row in frozen]


def test_a_month_with_a_row_missing_is_not_closed(year: Year, tmp_path: Path, run: Run) -> None:
    papers, every = chain_of(year, "kraken")
    hole = next(hole for hole in every if hole.row.at > MONTHS[1])
    own = tmp_path / "book.duckdb"
    with Book.open(own, clock=lambda: NOW) as book:
        take(book, [paper.write(tmp_path) for paper in with_holes(papers, [hole])], broken=True)
    answers = [
        run("close", period, "--account", "kraken", "--by", "Anna", "-o", tmp_path, book=own) for period in PERIODS[:2]
    ]
    assert [0, 1] == [answer.code for answer in answers]
    assert "break-" in answers[-1].err
