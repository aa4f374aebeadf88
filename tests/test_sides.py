"""Which fills belong together where rows say little, or more than the account's mode knows: sides, effects, sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.book import Book
from tests.books import facts, imported, new_book, write

FILLS = "filled_at,venue,wallet,symbol,product,instrument,settle_asset,position_side,side,effect,quantity,price,execution,trade_ref"
FUNDING = "paid_at,venue,wallet,symbol,position_side,asset,amount,position_quantity"
MOVEMENTS = "moved_at,venue,wallet,asset,pool,amount,cause,symbol,trade_ref,balance_after"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def fills(folder: Path, *rows: str, symbol: str = "BTCUSDT", venue: str = "bybit", product: str = "perpetual") -> Path:
    """Rows `day clock position_side side effect quantity price execution`; - stands for nothing."""
    lines = []
    for number, row in enumerate(rows):
        day, clock, position_side, side, effect, quantity, price, execution = row.replace(" - ", "  ").split(" ")
        lines.append(f"2026-{day}T{clock}:00Z,{venue},unified,{symbol},{product},BTC/USDT:USDT,USDT,{position_side},{side},{effect},"
                     f"{quantity},{price},{execution},{number}")  # fmt: skip
    return write(folder, f"fills-{venue}.csv", FILLS, lines)


def positions(book: Book) -> list[tuple[object, ...]]:
    return facts(book, "positions", "side", "status", "max_quantity", "quantity", "gross_pnl", "flags")


def test_a_delivery_that_names_the_long_closes_the_one_way_position(book: Book, tmp_path: Path) -> None:
    imported(book, fills(tmp_path, "02-01 10:00 both buy - 5 100 trade", "03-27 08:00 long sell - 5 110 delivery",
                         symbol="BTCUSDT-27MAR26", product="future"))  # fmt: skip
    assert positions(book) == [("long", "delivered", "5", "0", "50", [])]


def test_in_hedge_mode_both_sides_stay_apart(book: Book, tmp_path: Path) -> None:
    imported(book, fills(tmp_path, "02-01 10:00 long buy - 5 100 trade", "02-01 10:01 short sell - 3 101 trade",
                         "02-02 08:00 long sell - 5 110 liquidation"))  # fmt: skip
    assert positions(book) == [("long", "liquidated", "5", "0", "50", []), ("short", "open", "3", "3", "0", [])]


def test_rows_that_open_against_what_is_held_show_a_hedge_without_naming_it(book: Book, tmp_path: Path) -> None:
    imported(book, fills(tmp_path, "02-01 10:00 - buy open 100 60 trade", "02-01 11:00 - sell open 40 61 trade",
                         "02-01 12:00 - buy close 40 59 trade", "02-01 13:00 - sell close 100 62 trade"))  # fmt: skip
    assert positions(book) == [
        ("long", "closed", "100", "0", "200", ["hedge_inferred"]),
        ("short", "closed", "40", "0", "80", ["hedge_inferred"]),
    ]


def test_rows_whose_effects_follow_from_one_way_mode_are_one_position(book: Book, tmp_path: Path) -> None:
    imported(book, fills(tmp_path, "02-01 10:00 - buy open 100 60 trade", "02-01 11:00 - sell close 40 61 trade",
                         "02-01 13:00 - sell close 60 62 trade"))  # fmt: skip
    assert positions(book) == [("long", "closed", "100", "0", "160", [])]


def test_funding_that_names_side_and_size_dates_what_was_held_before_the_first_fill(book: Book, tmp_path: Path) -> None:
    funding = write(tmp_path, "funding.csv", FUNDING, [
        "2026-02-01T08:00:00Z,bybit,unified,BTCUSDT,long,USDT,-3,30000",
        "2026-02-01T16:00:00Z,bybit,unified,BTCUSDT,long,USDT,-2,20000",
    ])  # fmt: skip
    imported(book, funding, fills(tmp_path, "02-01 10:00 both sell - 10000 61 trade"))
    assert facts(book, "positions", "side", "status", "max_quantity", "quantity", "funding", "flags") == [
        ("long", "open", "30000", "20000", "-5", ["opening_inferred", "unknown_entry", "unknown_result"]),
    ]
    assert facts(book, "funding", "net") == [("-5",)]


def test_the_funding_of_a_session_belongs_to_the_position_that_was_closed_within_it(book: Book, tmp_path: Path) -> None:
    funding = write(tmp_path, "funding.csv", FUNDING, ["2026-02-02T08:00:00Z,deribit,unified,BTCUSDT,,USDT,-0.7,"])
    imported(book, funding, fills(tmp_path, "02-01 09:00 both buy - 10 60 trade", "02-01 12:00 both sell - 10 61 trade",
                                  venue="deribit"))  # fmt: skip
    assert facts(book, "positions", "funding", "status") == [("-0.7", "closed")]
    other = write(tmp_path, "other.csv", FUNDING, ["2026-02-04T08:00:00Z,deribit,unified,BTCUSDT,,USDT,-0.5,"])
    imported(book, other)
    assert facts(book, "positions", "funding") == [("-0.7",)], "two sessions later it is nobody's"


def test_results_booked_by_session_are_named_as_such_and_nothing_is_missing(book: Book, tmp_path: Path) -> None:
    terms = write(tmp_path, "terms.csv", "symbol,venue,product,multiplier,style,settle,instrument",
                  ["BTCUSDT,deribit,perpetual,1,linear,USDT,BTC/USDT:USDT"])  # fmt: skip
    ledger = write(tmp_path, "ledger.csv", MOVEMENTS, [
        "2026-01-29T10:00:00Z,deribit,unified,USDT,asset,1000,deposit,,,1000",
        "2026-01-31T08:00:00Z,deribit,unified,USDT,asset,5,realized_pnl,BTCUSDT,,1005",
        "2026-02-01T08:00:00Z,deribit,unified,USDT,asset,3,realized_pnl,BTCUSDT,,1008",
        "2026-02-02T08:00:00Z,deribit,unified,USDT,asset,-2,realized_pnl,BTCUSDT,,1006",
    ])  # fmt: skip
    imported(book, terms, ledger, fills(tmp_path, "01-30 09:00 both buy - 10 60 trade", "02-01 12:00 both sell - 10 60.6 trade",
                                        venue="deribit"))  # fmt: skip
    assert positions(book) == [("long", "closed", "10", "0", "6", [])]
    assert facts(book, "balances", "computed", "difference") == [("1006", "0")]
    ((kind, sentence),) = facts(book, "findings", "kind", "sentence")
    assert kind == "booked_by_session"
    assert sentence.endswith("over all days nothing is missing")
