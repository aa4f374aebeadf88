"""What an audit says of its own data: holes of its prices, price rows behind terms, coverage, the state of the book."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.auditing.holes import Holes
from ledger.book import Book
from ledger.storage import log
from reports.audit import Audit
from reports.audit_history import dark
from reports.audit_json import as_json
from reports.audit_page import page
from reports.audit_points import gaps, points
from reports.audit_text import lines
from tests.books import imported, new_book, write

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = START + timedelta(days=6)
HOLE = (START + timedelta(hours=48), START + timedelta(hours=96))
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style,margin_mode,wallet,venue"


def iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def of_all(cells: str) -> str:
    return f"BTCUSDT,BTC/USDT:USDT,perpetual,{cells},USDT,linear,cross,usdm,binance"


def files(folder: Path) -> list[Path]:
    """Write a life of six days: bought at 40,000, a price every half hour but for two days, taken at 36,900."""
    half = [START + timedelta(minutes=30) * step for step in range(-4, 2 * 24 * 6 + 1)]
    every = [at for at in half if not HOLE[0] < at < HOLE[1]]
    price = {at: 40_000 - 22 * max((at - START) // timedelta(hours=1), 0) for at in every}
    eight = [START + timedelta(hours=8) * step for step in range(1, 18)]
    place = "usdm,binance"
    return [
        write(folder, "prices.csv", "time,symbol,mark", [f"{iso(at)},BTCUSDT,{price[at]}" for at in every]),
        write(folder, "fills.csv", FILLS, [
            f"{iso(START)},{of_all('buy,0.5,40000,8,USDT,trade')}",
            f"{iso(END)},{of_all('sell,0.5,36820,7,USDT,liquidation')}",
        ]),
        write(folder, "transfers.csv", "moved_at,asset,amount,kind,wallet,venue",
              [f"{iso(START - timedelta(hours=1))},USDT,1700,deposit,{place}"]),
        write(folder, "funding.csv", "paid_at,asset,amount,symbol,instrument,wallet,venue",
              [f"{iso(at)},USDT,-1,BTCUSDT,BTC/USDT:USDT,{place}" for at in eight]),
        write(folder, "stated_balances.csv", "stated_at,asset,balance,kind,wallet,venue", [
            f"{iso(START + timedelta(hours=1))},USDT,1692,wallet,{place}",
            f"{iso(END - timedelta(hours=1))},USDT,1670,wallet,{place}",
        ]),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("hole")
    with new_book(folder) as opened:
        imported(opened, *files(folder), account="main")
        yield opened


@pytest.fixture(scope="module")
def of(book: Book) -> Audit:
    return book.audit("latest")


@pytest.fixture(scope="module")
def made(of: Audit) -> str:
    return page(of, "marginbook audit")


def test_in_a_hole_of_the_prices_nothing_is_drawn_though_rows_are_there(of: Audit) -> None:
    assert dark(of) == [HOLE]
    (gap,) = gaps(of)
    inside = [moment for moment in of.moments if HOLE[0] < moment.at < HOLE[1]]
    assert {moment.kind for moment in inside} == {"funding"}
    for moment in inside:
        assert (moment.equity, moment.health, moment.mark, moment.maintenance_margin) == (None, None, None, None)
        assert moment.is_gap
    drawn = [point for point in points(of) if gap["at"] < point["at"] < gap["until"]]
    assert drawn
    assert not any({"equity", "mark", "health", "maintenance"} & set(point) for point in drawn)
    assert all(moment.equity is not None for moment in of.moments if moment.at not in {one.at for one in inside})


def test_the_dark_is_told_once(made: str) -> None:
    assert made.count("no price is known for 2 d until 2026-03-05 08:00:00") == 1
    assert "In 1 span no price is known (hatched)." in made


def test_prices_are_as_far_apart_as_their_file_has_them() -> None:
    def at(*minutes: float) -> list[datetime]:
        return [START + timedelta(minutes=each) for each in minutes]

    days = [day * 1440.0 + end for day in range(9) for end in (0, 1439.999)]
    assert Holes.of(at(*days)).spans == [], "open and close of daily candles"
    assert Holes.of(at(*(1440.0 * day for day in range(-9, 1)), *range(1, 99))).spans == [], "days, then minutes"
    assert Holes.of(at(*range(60), *range(110, 170))).spans == [], "an hour is not too long"
    (span,) = Holes.of(at(*range(60), *range(160, 220))).spans
    assert span == tuple(at(59, 160))
    holes = Holes([span])
    assert [holes.holds(each) for each in at(59, 60, 119, 120, 159.9, 160)] == [False, False, False, True, True, False]
    assert [holes.part(*at(*pair)) for pair in ((0, 59), (58, 61), (100, 120), (160, 170))] == [
        False,
        True,
        True,
        False,
    ]


def test_the_prices_behind_a_line_are_in_its_sources_with_file_and_line(of: Audit) -> None:
    sources = as_json(of)["sources"]["own_price_pnl"]
    assert set(sources) <= set(of.evidence)
    told = {of.evidence[key].place: of.evidence[key].raw for key in sources if of.evidence[key].table == "prices"}
    ((place, raw),) = told.items()
    assert raw == f"{iso(END)},BTCUSDT,36832"
    assert place.startswith("prices.csv:")
    assert Decimal(as_json(of)["terms"]["own_price_pnl"]) == (Decimal(36832) - 40_000) / 2


def test_coverage_has_every_day_of_each_fact_and_says_which_export_counts(of: Audit, made: str) -> None:
    found = {(one.wallet, one.fact): one for one in of.coverage}
    assert list(found[("usdm", "funding")].days) == [date(2026, 3, day) for day in range(1, 8)]
    assert set(found[("usdm", "funding")].days.values()) == {"rows"}
    assert any(text.startswith("plain.funding, 17 rows: counts 2026-03-01 16:00") for text in
               found[("usdm", "funding")].exports)  # fmt: skip
    assert "Coverage, day by day" in made
    assert '<td title="2026-03-03: covered, with rows">' in made


def test_stated_balances_tie_or_do_not(of: Audit) -> None:
    assert of.quality["balances that are stated then"] == ["USDT: 2 asserted, 1 does not tie"]


def test_the_state_of_the_book_is_named_and_changes_with_every_decision(tmp_path: Path, of: Audit, made: str) -> None:
    assert of.book is not None
    assert of.book.entries == 5
    for told in ("\n".join(lines(of, 200)), made):
        assert of.book.sha256 in told
        assert f"schema_version {of.book.schema_version}" in told
    assert as_json(of)["book"]["sha256"] == of.book.sha256
    with Book.in_memory() as again:  # another clock
        imported(again, *files(tmp_path), account="main")
        assert log.snapshot(again.store) == of.book
        imported(again, write(tmp_path, "more.csv", "time,symbol,mark", [f"{iso(END)},ETHUSDT,1"]), account="main")
        assert log.snapshot(again.store) != of.book
