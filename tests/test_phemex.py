"""Phemex: glued units, sides in the direction, contracts on a thousand, what funding paid; a life end to end."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from importers import phemex
from importers.contract import Normalized
from ledger.book import Book
from tests.books import facts, imported, new_book, write
from tests.exports import offenders, picked, read, rejects

HEADER = 'Time (UTC),Symbol,Exec Type,Exec. Size,Direction,Exec. Price,Order Size,Order Price,Exec Value,Fee Rate,Fee Paid,Type,"ID"'


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def row(clock: str, kind: str, direction: str, size: str, price: str, fee: str, ref: str, *, symbol: str = "BTCUSDT",
        rate: str = "0.0006", order_price: str = "--", unit: str = "BTC", scale: str = "1") -> str:  # fmt: skip
    value = Decimal(size) * Decimal(price) * Decimal(scale)
    return (f"2026-06-{clock},{symbol},{kind},{size} {unit},{direction},{price},--,{order_price},{value:f} USDT,{rate},{fee} USDT,"
            f"Market,{ref}")  # fmt: skip


def executions(folder: Path, *rows: str) -> Normalized:
    return read(write(folder, "executions.csv", HEADER, rows), phemex.FORMATS)


@pytest.mark.parametrize(
    ("direction", "side", "effect", "position_side"),
    [
        ("Open Long", "buy", "open", "long"), ("Close Long", "sell", "close", "long"), ("Open Short", "sell", "open", "short"),
        ("Close Short", "buy", "close", "short"), ("Long", "buy", None, "both"), ("Short", "sell", None, "both"),
    ],
)  # fmt: skip
def test_the_side_is_in_the_direction(
    tmp_path: Path, direction: str, side: str, effect: str | None, position_side: str
) -> None:
    result = executions(tmp_path, row("01 08:00:00", "Trade", direction, "1", "60000", "1", "a"))
    assert [(side, effect, position_side)] == picked(result, "fills", "side", "effect", "position_side")


def test_a_fee_below_zero_is_a_rebate(tmp_path: Path) -> None:
    result = executions(tmp_path, row("01 08:00:00", "Trade", "Open Long", "1", "60000", "-6", "a"))
    assert [("-6", "USDT")] == picked(result, "fills", "fee", "fee_asset")


@pytest.mark.parametrize(
    ("direction", "fee", "amount", "rate"),
    [("Long", "1.2", "-1.2", "0.0001"), ("Long", "-1.2", "1.2", "-0.0001"), ("Short", "1.2", "-1.2", "-0.0001"),
     ("Short", "-1.2", "1.2", "0.0001")],
)  # fmt: skip
def test_funding_is_what_the_fee_column_says_was_paid_and_the_rate_has_the_markets_sign(
    tmp_path: Path, direction: str, fee: str, amount: str, rate: str
) -> None:
    result = executions(tmp_path, row("01 08:00:00", "Funding", direction, "0.2", "60000", fee, "a", rate="0.0001"))
    expected = [(amount, "USDT", rate, direction.lower(), "0.2", "60000")]
    columns = ("amount", "asset", "rate", "position_side", "position_quantity", "mark_price")
    assert expected == picked(result, "funding", *columns)


def test_an_amount_without_its_unit_is_in_the_settle_asset(tmp_path: Path) -> None:
    bare = row("01 08:00:00", "Funding", "Long", "0.2", "60000", "1.2", "a").replace("1.2 USDT", "1.2")
    assert [("USDT", "-1.2")] == picked(executions(tmp_path, bare), "funding", "asset", "amount")


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (row("01 08:00:00", "Trade", "Sideways", "1", "60000", "1", "a"), "Direction", "Sideways"),
        (row("01 08:00:00", "Delisting", "Long", "1", "60000", "1", "a"), "Exec Type", "Delisting"),
        (row("01 08:00:00", "Trade", "Long", "1", "60000", "1", "a", symbol="BTCUSD"), "Symbol", "BTCUSD"),
    ],
)
def test_words_that_nobody_described_are_unmapped(tmp_path: Path, text: str, column: str, value: str) -> None:
    ((rejected_column, rejected_text, reason),) = rejects(executions(tmp_path, text))
    assert (column, value) == (rejected_column, rejected_text) and reason.startswith("unmapped: ")


def test_a_life_from_opening_to_liquidation(book: Book, tmp_path: Path) -> None:
    rows = [
        row("01 08:00:00", "Trade", "Open Long", "0.2", "60000", "7.2", "p1"),
        row("01 16:00:00", "Funding", "Long", "0.2", "60100", "1.202", "p2", rate="0.0001"),
        row("02 00:00:00", "Funding", "Long", "0.2", "60200", "-0.602", "p3", rate="0.00005"),
        row("02 02:00:00", "Trade", "Close Long", "0.05", "61000", "-0.305", "p4"),
        row("02 05:00:00", "Liquidation", "Close Long", "0.15", "57000", "5.13", "p5", order_price="56800"),
    ]
    path = write(tmp_path, "executions.csv", HEADER, rows[::-1])
    imported(book, path)
    columns = ("status", "entry_price", "max_quantity", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [("liquidated", "60000", "0.2", "-400", "12.025", "-0.6", "-412.625")]
    assert facts(book, "liquidations", "stage", "quantity") == [("full", "0.15")]
    assert [(Decimal(57000), Decimal(56800))] == book.store.rows("SELECT price, bankruptcy_price FROM liquidations")
    assert facts(book, "carry", "carry", "cost_of_carry") == [("0.6", "12.625")]
    assert facts(book, "balances", "computed", "basis") == [("-412.625", "derived")]
    assert facts(book, "findings", "kind") == [] and offenders(book) == []
    assert 0 == imported(book, path).parts[0].stored


def test_a_contract_on_a_thousand_is_worth_a_thousandth_of_size_by_price(book: Book, tmp_path: Path) -> None:
    bonk = {"symbol": "u1000BONKUSDT", "unit": "BONK", "scale": "0.001"}
    rows = [
        row("03 08:00:00", "Trade", "Open Short", "5000000", "0.02", "0.06", "b1", **bonk),
        row("03 16:00:00", "Funding", "Short", "5000000", "0.0201", "-0.01005", "b2", rate="0.0001", **bonk),
        row("04 08:00:00", "Trade", "Close Short", "5000000", "0.019", "0.057", "b3", **bonk),
    ]
    imported(book, write(tmp_path, "executions.csv", HEADER, rows))
    columns = ("instrument", "entry_price", "gross_pnl", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [("1000BONK/USDT:USDT", "0.02", "5", "0.01005", "4.89305")]
    assert facts(book, "findings", "kind") == [] and offenders(book) == []
