"""A tax year from a book: what happens when, which leg bears a fee, and what old doubts this year's gains rest on.

Books are a few rows of plain files; every expected figure is computed by hand in the comment beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ledger.book import Book
from ledger.taxing.policies import policy_of
from reports.tax.value import TaxYear
from tests.test_taxing import OWN, Told, gains, kinds, lines

BITMEX = Path(__file__).parent / "data" / "bitmex" / "api-v1-user-walletHistory-2024.csv"
Write = Callable[[Told], None]


def years_of(folder: Path, write: Write, *policies: dict[str, Any]) -> list[TaxYear]:
    """Return the years of one book, as told by `write`."""
    told = Told(folder)
    write(told)
    with told.book() as book:
        return [
            book.tax(policy_of(**{"jurisdiction": "us", "year": 2025, "zone": "UTC", **policy}), max_age=OWN)
            for policy in policies
        ]


def sent(told: Told, asset: str, amount: str, ref: str, start: Sequence[str], end: Sequence[str]) -> None:
    """Write a transfer: instant, venue and wallet of both ends."""
    for sign, (at, venue, wallet) in (("-", start), ("", end)):
        cause = "withdrawal" if sign else "deposit"
        told.moved(at, asset, f"{sign}{amount}", cause, venue, wallet, transaction_ref=ref)


def of(year: TaxYear, asset: str) -> list[tuple[str | None, ...]]:
    """Return quantity, proceeds, basis and gain of the disposals of an asset."""
    return [line[1:] for line in gains(year) if line[0] == asset]


def doubts(year: TaxYear) -> list[tuple[str | None, ...]]:
    """Return kind, asset and day of what blocks."""
    told = year.blocks.select("kind", "asset", pl.col("happened_at").dt.date().cast(pl.String))
    return sorted(told.rows())


# ------------------------------------------------------------------------------------------------------------- transfers


def transfers(told: Told) -> None:
    spot, funding, margin, usdm = (("binance", wallet) for wallet in ("spot", "funding", "cross_margin", "usdm"))
    at = "2025-02-01T10:00:00"
    for asset, refs in (("ETH", ("k0", "k1", "k2")), ("SOL", ("k5", "k4", "k3"))):
        told.traded("2024-01-01T10:00:00", ("USD", "-1000"), (asset, "1"), venue="binance")
        for ref, start, end in zip(refs, (spot, funding, margin), (funding, margin, usdm), strict=True):
            told.moved(at, asset, "-1", "transfer", *start, transaction_ref=ref)
            told.moved(at, asset, "1", "transfer", *end, transaction_ref=ref)
        told.traded("2025-03-01T10:00:00", (asset, "-1"), ("USD", "5100"), venue="binance", wallet="usdm")

    sent(told, "BTC", "1", "b", ("2025-02-01T10:00:30", "kraken", "spot"), ("2025-02-01T10:00:00", *spot))
    told.traded("2025-02-01T10:00:20", ("USD", "-1000"), ("BTC", "1"))
    told.traded("2025-03-01T10:00:00", ("BTC", "-1"), ("USD", "5100"), venue="binance")

    told.traded("2024-01-01T10:00:00", ("USD", "-50"), ("XRP", "100"))
    sent(told, "XRP", "100", "x", ("2025-02-01T11:00:30", "kraken", "spot"), ("2025-02-01T11:00:00", *spot))
    told.traded("2025-02-01T11:00:10", ("XRP", "-100"), ("USD", "70"), venue="binance")

    told.traded("2024-01-01T10:00:00", ("USD", "-60"), ("LTC", "1"))
    told.traded("2025-05-01T10:00:00", ("USD", "-90"), ("LTC", "1"), venue="binance")
    sent(told, "LTC", "1", "l", ("2025-06-01T10:00:00", "kraken", "spot"), ("2025-06-01T12:00:00", *spot))
    told.traded("2025-06-01T11:00:00", ("LTC", "-1"), ("USD", "100"), venue="binance")
    told.traded("2025-06-01T13:00:00", ("LTC", "-1"), ("USD", "110"), venue="binance")

    told.traded("2024-01-01T10:00:00", ("USD", "-7"), ("DOT", "1"))
    sent(told, "DOT", "1", "d", ("2025-12-31T23:50:00", "kraken", "spot"), ("2026-01-01T00:10:00", *spot))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> list[TaxYear]:
    return years_of(tmp_path_factory.mktemp("moved"), transfers, {"scope": "wallet"}, {"scope": "universal", "jurisdiction": "none",
                    "currency": "USD"})  # fmt: skip


def test_a_chain_of_one_instant_goes_first_to_where_units_are_then_sent_from(moved: list[TaxYear]) -> None:
    assert (of(moved[0], "ETH"), of(moved[0], "SOL")) == (
        [("1", "5100", "1000", "4100")],
        [("1", "5100", "1000", "4100")],
    )


def test_units_leave_when_they_are_sent_though_another_clock_had_them_arrive_before(moved: list[TaxYear]) -> None:
    # bought 10 seconds before they were sent; sold while two clocks differ: what arrived can be given away
    assert (of(moved[0], "BTC"), of(moved[0], "XRP")) == ([("1", "5100", "1000", "4100")], [("100", "70", "50", "20")])


def test_units_on_the_way_cannot_be_sold_where_they_will_arrive(moved: list[TaxYear]) -> None:
    # at 11:00 only the unit that cost 90 is there; matched over all accounts the older one of 60 goes first
    assert of(moved[0], "LTC") == [("1", "100", "90", "10"), ("1", "110", "60", "50")]
    assert of(moved[1], "LTC") == [("1", "100", "60", "40"), ("1", "110", "90", "20")]


def test_units_on_the_way_at_the_end_of_a_year_are_held(moved: list[TaxYear]) -> None:
    assert lines(moved[0].lots, "account", "asset", "quantity", "cost") == [(None, "DOT", "1", "7")]
    for year in moved:
        assert (year.controls.filter(pl.col("difference") != 0).rows(), kinds(year)) == ([], [])


# ------------------------------------------------------------------------------------------------------------------ fees


def fees(told: Told) -> None:
    for asset, cost in (
        ("AAA", "10"),
        ("BBB", "20"),
        ("CCC", "30"),
        ("DDD", "1"),
        ("EEE", "1"),
        ("FFF", "1"),
        ("GGG", "100"),
    ):
        told.traded("2024-01-01T10:00:00", ("USD", f"-{cost}"), (asset, "1"))
    for asset, price in {"AAA": "1", "BBB": "20", "CCC": "39", "BNB": "600", "DDD": "1", "EEE": "1", "FFF": "1", "GGG": "20000",
                         "HHH": "80", "SOL": "95"}.items():  # fmt: skip
        told.priced(asset, "USD", {"2025-01-01T00:00:00": price})
    told.traded(
        "2025-01-01T10:00:00", ("AAA", "-1"), ("BBB", "-1"), ("CCC", "-1"), ("BNB", "0.1"), fee=("BNB", "-0.02")
    )
    told.traded("2025-01-02T10:00:00", ("DDD", "-1"), ("EEE", "-1"), ("FFF", "-1"), ("USD", "3"), fee=("USD", "-1"))
    told.traded("2025-01-03T10:00:00", ("USD", "-100"), ("GGG", "0.001"), ("HHH", "1"), fee=("GGG", "-0.003"))
    told.moved("2025-01-04T10:00:00", "SOL", "1", "conversion", transaction_ref="c1")
    told.moved("2025-01-04T10:00:00", "USD", "-2", "trading_fee", transaction_ref="c1")


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> TaxYear:
    return years_of(tmp_path_factory.mktemp("charged"), fees, {})[0]


def test_the_fee_of_several_assets_is_shared_by_their_value(charged: TaxYear) -> None:
    # 60 were got for 1 + 20 + 39; the fee of 0.02 BNB is 12, a fifth of each; 0.08 BNB cost 60 - 12
    assert [of(charged, asset) for asset in ("AAA", "BBB", "CCC")] == [
        [("1", "0.8", "10", "-9.2")], [("1", "16", "20", "-4")], [("1", "31.2", "30", "1.2")],
    ]  # fmt: skip
    assert ("BNB", "0.08", "48") in lines(charged.lots, "asset", "quantity", "cost")


def test_a_fee_that_cannot_be_shared_evenly_is_shared_exactly(charged: TaxYear) -> None:
    third = "0.333333333333333333"
    assert lines(charged.disposals.filter(pl.col("asset").is_in(["DDD", "EEE", "FFF"])), "fee", "proceeds") == [
        (third, "0.666666666666666667"), (third, "0.666666666666666667"), ("0.333333333333333334", "0.666666666666666666"),
    ]  # fmt: skip


def test_a_fee_of_more_than_a_leg_is_disposed_of_and_shared(charged: TaxYear) -> None:
    # 100 are 20 of GGG and 80 of HHH; 0.003 GGG are 60, of which GGG bears 12 and HHH 48; they had cost 0.3
    assert of(charged, "GGG") == [("0.003", "60", "0.3", "59.7")]
    held = lines(charged.lots, "asset", "quantity", "cost")
    assert [lot for lot in held if lot[0] in ("GGG", "HHH")] == [
        ("GGG", "0.997", "99.7"), ("GGG", "0.001", "32"), ("HHH", "1", "128"),
    ]  # fmt: skip


def test_a_leg_alone_bears_the_fee_that_is_there(charged: TaxYear) -> None:
    assert ("SOL", "1", "97") in lines(charged.lots, "asset", "quantity", "cost")


# ---------------------------------------------------------------------------------------------------------- older doubts


def old_doubts(told: Told) -> None:
    for asset in ("SOL", "ADA", "AVAX"):
        told.moved("2024-05-01T10:00:00", asset, "1", "conversion", transaction_ref=f"c{asset}")
        told.priced(asset, "USD", {"2024-05-01T00:00:00": "95"})
    told.traded("2025-02-01T10:00:00", ("SOL", "-1"), ("USD", "500"))
    told.traded("2024-06-01T10:00:00", ("AVAX", "-1"), ("USD", "100"))
    told.traded("2025-02-01T10:00:00", ("USD", "-100"), ("AVAX", "1"))
    told.traded("2025-02-02T10:00:00", ("AVAX", "-1"), ("USD", "150"))
    for asset in ("BTC", "DOT", "LTC"):
        told.traded("2023-01-01T10:00:00", ("USD", "-20000"), (asset, "1"))
        told.moved("2023-02-01T10:00:00", asset, "-1", "withdrawal")
        told.moved("2024-02-01T10:00:00", asset, "1", "deposit", venue="binance")
    told.traded("2025-03-01T10:00:00", ("BTC", "-1"), ("USD", "30000"), venue="binance")
    sent(told, "LTC", "1", "l", ("2025-03-01T10:00:00", "binance", "spot"), ("2025-03-01T11:00:00", "kraken", "spot"))
    told.traded("2025-04-01T10:00:00", ("LTC", "-1"), ("USD", "21000"))


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> list[TaxYear]:
    average = {"jurisdiction": "none", "currency": "USD", "method": "average"}
    return years_of(tmp_path_factory.mktemp("doubted"), old_doubts, {}, average, {"year": 2026})


@pytest.mark.parametrize("way", [0, 1])
def test_a_doubt_of_another_year_blocks_where_what_it_brought_is_disposed_of(doubted: list[TaxYear], way: int) -> None:
    # what was not sold this year (ADA, DOT), and what was sold before (AVAX, also where its pool was empty since), does not
    assert doubts(doubted[way]) == [
        ("unmatched_transfer", "BTC", "2024-02-01"),
        ("unmatched_transfer", "LTC", "2024-02-01"),
        ("unpaired_trade", "SOL", "2024-05-01"),
    ]
    assert all("on 2024-0" in sentence for sentence in doubted[way].blocks["sentence"])
    assert of(doubted[way], "BTC") == [("1", "30000", "20000", "10000")]


def test_a_doubt_that_nothing_rests_on_does_not_block(doubted: list[TaxYear]) -> None:
    assert doubts(doubted[2]) == []


# --------------------------------------------------------------------------------------------------- days and sessions


def days(told: Told) -> None:
    """Write results that no fill tells of, on the day in which the year of New York ends."""
    for at, asset, amount in (
        ("2026-01-01T02:30:00", "USDT", "100"),
        ("2026-01-01T15:00:00", "USDC", "40"),
        ("2026-01-01T01:00:00", "BTC", "1"),
        ("2026-01-01T20:00:00", "BTC", "2"),
    ):
        told.moved(at, asset, amount, "realized_pnl", "binance", "usdm", symbol=f"{asset}PERP")
    told.priced("USDT", "USD", {"2025-12-31T00:00:00": "1", "2026-01-01T02:00:00": "0.5"})
    told.priced("USDC", "USD", {"2025-12-31T00:00:00": "1"})
    told.priced("BTC", "USD", {"2025-12-31T00:00:00": "80000"})


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> list[TaxYear]:
    zone = {"zone": "America/New_York"}
    return years_of(tmp_path_factory.mktemp("daily"), days, zone, {**zone, "year": 2026}, {"year": 2026})


def test_what_a_venue_booked_on_a_day_is_of_the_instant_at_which_it_did(daily: list[TaxYear]) -> None:
    # 02:30 UTC is 21:30 of the old year in New York, at half a dollar; 15:00 and 20:00 are of the new one
    told = [lines(year.results, "asset", "amount", "value") for year in daily]
    assert told == [
        [("USDT", "100", "50")],
        [("USDC", "40", "40"), ("BTC", "3", "240000")],
        [("USDT", "100", "50"), ("USDC", "40", "40"), ("BTC", "3", "240000")],
    ]
    for year in daily:
        assert year.controls.filter(pl.col("difference") != 0).rows() == []


def test_a_day_that_is_of_two_years_is_told_in_both(daily: list[TaxYear]) -> None:
    assert [doubts(year) for year in daily] == [
        [("day_of_two_years", "BTC", "2026-01-01")], [("day_of_two_years", "BTC", "2026-01-01")], [],
    ]  # fmt: skip


def test_results_of_sessions_are_in_the_books_report_and_fees_of_contracts_are_with_them(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.duckdb") as book:
        assert book.import_paths([BITMEX]).errors == []
        year = book.tax(policy_of("us", 2024, zone="UTC"), max_age=timedelta(days=40))
    # XBt: -700 + 250 - 12,000 - 6,000; USDt: -0.15
    fees = year.results.filter(pl.col("part") == "trading_fee").group_by("group", "asset").agg(pl.col("amount").sum())
    assert lines(fees.sort("asset"), "group", "asset", "amount") == [
        ("derivative", "BTC", "-0.0001845"), ("derivative", "USDT", "-0.15"),
    ]  # fmt: skip
    # sessions: -1,000 - 3,000 + 43,000 - 40,000 - 500; results: 5,200 - 250 and 988,000 + 12,000
    compared = year.controls.filter(pl.col("name") == "result")
    assert lines(compared, "asset", "here", "difference") == [("BTC", "0.0100345", "0"), ("USDT", "2.65", "0")]
