"""Options from flat to flat: a premium is cash when it is traded, a pay-off when it expires, and the rest is a position."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book
from tests.books import facts, imported, new_book, write

FILLS = (
    "filled_at,venue,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style,trade_ref"
)
MOVEMENTS = "moved_at,venue,pool,asset,amount,cause,symbol,trade_ref,balance_after"
TERMS = "symbol,venue,instrument,product,base,quote,settle,multiplier,style"
CALL, PUT = "BTC-27MAR26-90000-C", "BTC-27MAR26-70000-P"
NAMES = {CALL: "BTC/USD:BTC-260327-90000-C", PUT: "BTC/USD:BTC-260327-70000-P"}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def fill(
    day: str, symbol: str, side: str, quantity: str, price: str, fee: str, execution: str = "trade", ref: str = ""
) -> str:
    return (f"2026-{day}Z,desk,{symbol},{NAMES[symbol]},option,{side},{quantity},{price},{fee},BTC,{execution},BTC,linear,"
            f"{ref or day + symbol}")  # fmt: skip


def terms(folder: Path, multiplier: str = "1") -> Path:
    rows = [f"{symbol},desk,{name},option,BTC,USD,BTC,{multiplier},linear" for symbol, name in NAMES.items()]
    return write(folder, "terms.csv", TERMS, rows)


def columns(book: Book) -> list[tuple[object, ...]]:
    return facts(book, "positions", "symbol", "side", "status", "entry_price", "exit_price", "gross_pnl", "trading_fees",
                 "net_pnl")  # fmt: skip


def test_a_long_call_that_is_sold_in_part_and_exercised_earns_its_pay_off_less_its_premium(
    book: Book, tmp_path: Path
) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", CALL, "buy", "2", "0.05", "0.0006"),
        fill("02-10T10:00:00", CALL, "sell", "0.5", "0.08", "0.00015"),
        fill("03-27T08:00:00", CALL, "sell", "1.5", "0.1", "0.000225", "delivery"),
    ]))  # fmt: skip
    assert columns(book) == [(CALL, "long", "delivered", "0.05", "0.095", "0.09", "0.000975", "0.089025")]
    assert facts(book, "balances", "asset", "computed") == [("BTC", "0.089025")]
    assert facts(book, "realized", "period", "gross_pnl") == [("2026-02", "0.015"), ("2026-03", "0.075")]


def test_an_option_that_ends_worthless_costs_its_premium_and_nothing_else(book: Book, tmp_path: Path) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", PUT, "buy", "3", "0.01", "0.0009"),
        fill("03-27T08:00:00", PUT, "sell", "3", "0", "0", "delivery"),
    ]))  # fmt: skip
    assert columns(book) == [(PUT, "long", "delivered", "0.01", "0", "-0.03", "0.0009", "-0.0309")]
    assert facts(book, "balances", "computed") == [("-0.0309",)]


def test_a_written_put_that_is_assigned_loses_what_the_holder_wins(book: Book, tmp_path: Path) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", PUT, "sell", "1", "0.02", "0.0003"),
        fill("03-27T08:00:00", PUT, "buy", "1", "0.035", "0", "delivery"),
    ]))  # fmt: skip
    assert columns(book) == [(PUT, "short", "delivered", "0.02", "0.035", "-0.015", "0.0003", "-0.0153")]
    assert facts(book, "balances", "computed") == [("-0.0153",)]


def test_the_premium_is_in_the_balance_while_the_option_is_open(book: Book, tmp_path: Path) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", CALL, "buy", "2", "0.05", "0"),
    ]))  # fmt: skip
    assert facts(book, "balances", "computed") == [("-0.1",)]
    assert facts(book, "realized", "gross_pnl") == [("0",)]


def test_contracts_of_a_hundredth_of_a_coin_cost_a_hundredth(book: Book, tmp_path: Path) -> None:
    imported(book, terms(tmp_path, "0.01"), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", CALL, "buy", "200", "0.05", "0"),
        fill("03-27T08:00:00", CALL, "sell", "200", "0.06", "0", "delivery"),
    ]))  # fmt: skip
    assert facts(book, "balances", "computed") == [("0.02",)]
    assert facts(book, "positions", "gross_pnl") == [("0.02",)]


def test_a_ledger_of_premiums_and_pay_offs_ties_and_leaves_nothing_unattributed(book: Book, tmp_path: Path) -> None:
    ledger = write(tmp_path, "ledger.csv", MOVEMENTS, [
        "2026-01-31T00:00:00Z,desk,asset,BTC,1,deposit,,,1",
        f"2026-02-01T10:00:00Z,desk,asset,BTC,-0.1,trade,{CALL},a,",
        f"2026-02-01T10:00:00Z,desk,asset,BTC,-0.0006,trading_fee,{CALL},a,0.8994",
        f"2026-03-27T08:00:00Z,desk,asset,BTC,0.2,trade,{CALL},b,1.0994",
    ])  # fmt: skip
    imported(book, terms(tmp_path), ledger, write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", CALL, "buy", "2", "0.05", "0.0006", ref="a"),
        fill("03-27T08:00:00", CALL, "sell", "2", "0.1", "0", "delivery", ref="b"),
    ]))  # fmt: skip
    assert facts(book, "balances", "computed", "stated", "difference") == [("1.0994", "1.0994", "0")]
    assert facts(book, "realized", "position_id", "gross_pnl", "trading_fees") == [
        (f"desk:{CALL}:long:20260201T1000:1", "0", "0.0006"),
        (f"desk:{CALL}:long:20260201T1000:1", "0.1", "0"),
    ]
    assert [row for row in facts(book, "findings", "kind") if row[0] == "unattributed"] == []


def test_an_option_that_no_row_closes_is_a_finding_once_its_day_is_over(book: Book, tmp_path: Path) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("02-01T10:00:00", PUT, "buy", "3", "0.01", "0"),
        fill("03-26T08:00:00", CALL, "buy", "1", "0.01", "0"),
    ]))  # fmt: skip
    assert "expired_open" not in [kind for (kind,) in facts(book, "findings", "kind")]
    imported(
        book, write(tmp_path, "later.csv", FILLS, [fill("04-02T08:00:00", CALL, "sell", "1", "0", "0", "delivery")])
    )
    ((sentence,),) = [row[1:] for row in facts(book, "findings", "kind", "sentence") if row[0] == "expired_open"]
    assert sentence.startswith(f"desk:{PUT}:long:20260201T1000:1 expired on 2026-03-27 and no row closes it")


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(("buy", "sell")), st.integers(1, 50), st.integers(0, 200)), min_size=1, max_size=12),
       st.integers(0, 150))  # fmt: skip
def test_premiums_and_pay_offs_are_the_gross_result_of_what_is_closed(
    trades: list[tuple[str, int, int]], payoff: int
) -> None:
    """Whatever is traded, once it has expired the balance is the sum of all cash, and the positions' net is the same."""
    import tempfile

    held = sum(size if side == "buy" else -size for side, size, _ in trades)
    rows = [fill(f"02-{1 + number:02d}T10:00:00", CALL, side, str(size), f"0.{price:04d}", "0.0001")
            for number, (side, size, price) in enumerate(trades)]  # fmt: skip
    if held:
        rows.append(
            fill(
                "03-27T08:00:00",
                CALL,
                "sell" if held > 0 else "buy",
                str(abs(held)),
                f"0.{payoff:04d}",
                "0",
                "delivery",
            )
        )
    cash = sum(
        (-1 if side == "buy" else 1) * size * Decimal(f"0.{price:04d}") - Decimal("0.0001")
        for side, size, price in trades
    )
    cash += held * Decimal(f"0.{payoff:04d}")
    with tempfile.TemporaryDirectory() as folder, new_book(Path(folder)) as book:
        imported(book, terms(Path(folder)), write(Path(folder), "fills.csv", FILLS, rows))
        assert book.report("balances")["computed"].sum() == cash
        assert book.report("positions")["net_pnl"].sum() == cash


def test_an_exercise_without_its_premium_closes_what_was_held_before_the_exports_begin(
    book: Book, tmp_path: Path
) -> None:
    imported(book, terms(tmp_path), write(tmp_path, "fills.csv", FILLS, [
        fill("03-27T08:00:00", CALL, "sell", "1.5", "0.1", "0.0002", "delivery"),
    ]))  # fmt: skip
    assert facts(book, "positions", "side", "status", "max_quantity", "quantity", "flags") == [
        ("long", "delivered", "1.5", "0", ["opening_inferred", "unknown_entry", "unknown_result"]),
    ]
    assert facts(book, "balances", "computed") == [("0.1498",)]
