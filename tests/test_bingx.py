"""BingX: an income whose columns another venue has, too, clearances, fills in Chinese time; a life end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import bingx
from importers.binance import futures_income
from importers.contract import Normalized
from importers.shapes import LOG
from ledger.book import Book
from tests.books import facts, imported, new_book
from tests.conftest import DATA
from tests.exports import answer, offenders, picked, read, rejects

START = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def moment(clock: str) -> int:
    return int(datetime.fromisoformat(f"2026-07-{clock}+00:00").timestamp() * 1000)


def income(number: int, clock: str, kind: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"symbol": "BTC-USDT", "incomeType": kind, "income": amount, "asset": "USDT", "info": "", "time": moment(clock),
            "tranId": str(number), "tradeId": "", **more}  # fmt: skip


def fill(trade: str, clock: str, side: str, quantity: str, price: str, commission: str, **more: Any) -> dict[str, Any]:
    return {"symbol": "BTC-USDT", "side": side, "positionSide": "LONG", "qty": quantity, "price": price,
            "quoteQty": f"{Decimal(quantity) * Decimal(price):f}", "commission": commission, "commissionAsset": "USDT",
            "orderId": f"8{trade}", "tradeId": trade, "filledTime": f"2026-07-{clock.replace(' ', 'T')}.000+0800", "role": "taker",
            **more}  # fmt: skip


def one(folder: Path, record: dict[str, Any]) -> Normalized:
    return read(answer(folder, "bingx.json", [record]), bingx.FORMATS)


def test_every_type_has_an_event() -> None:
    assert {"cleared", "adl"} == {line["event"] for line in bingx.TYPES.lines.values()} - {*LOG}


@pytest.mark.parametrize(
    ("kind", "amount", "cause", "table"),
    [
        ("REALIZED_PNL", "-1.5", "realized_pnl", "stated_results"), ("FUNDING_FEE", "-0.1", "funding", "funding"),
        ("TRADING_FEE", "-0.2", "trading_fee", None), ("TRANSFER", "5", "transfer", "transfers"),
        ("INSURANCE_CLEAR", "-12", "liquidation_fee", "adjustments"), ("INSURANCE_CLEAR", "3", "insurance", "adjustments"),
        ("ADL", "-1", "insurance", "liquidations"), ("TRIAL_FUND", "5", "income", "adjustments"),
        ("SYSTEM_DEDUCTION", "-1", "correction", "adjustments"),
    ],
)  # fmt: skip
def test_a_type_says_what_moved(tmp_path: Path, kind: str, amount: str, cause: str, table: str | None) -> None:
    result = one(tmp_path, income(1, "01 00:00:00", kind, amount))
    assert [(amount, cause)] == picked(result, "movements", "amount", "cause")
    assert table is None or 1 == len(result.tables[table])


def test_an_unknown_type_is_unmapped(tmp_path: Path) -> None:
    reason = "unmapped: expected a type as REALIZED_PNL, FUNDING_FEE, TRADING_FEE"
    assert [("incomeType", "LOTTERY", reason)] == rejects(one(tmp_path, income(1, "01 00:00:00", "LOTTERY", "1")))


def test_the_name_of_the_file_tells_the_income_from_that_of_another_venue(tmp_path: Path) -> None:
    both = (*futures_income.FORMATS, *bingx.FORMATS)
    ours = [income(1, "01 00:00:00", "FUNDING_FEE", "-0.1")]
    theirs = [{**ours[0], "symbol": "BTCUSDT"}]
    named = read(answer(tmp_path, "bingx-income.json", ours), both)
    assert [("BTC/USDT:USDT", "usdm")] == picked(named, "funding", "instrument", "wallet")
    assert [("BTCUSDT",)] == picked(read(answer(tmp_path, "income.json", theirs), both), "funding", "symbol")


def test_an_income_without_a_telling_name_is_told_by_the_dash_in_its_symbols(tmp_path: Path) -> None:
    both = (*futures_income.FORMATS, *bingx.FORMATS)
    result = read(answer(tmp_path, "income.json", [income(1, "01 00:00:00", "FUNDING_FEE", "-0.1")]), both)
    assert [("BTC-USDT",)] == picked(result, "funding", "symbol")


def test_a_fill_says_its_zone_and_a_commission_below_zero_costs(tmp_path: Path) -> None:
    result = one(tmp_path, fill("9", "01 16:00:00", "SELL", "0.01", "90000", "-0.45"))
    expected = [(datetime(2026, 7, 1, 8, tzinfo=UTC), "sell", "long", "0.45", "900")]
    assert expected == picked(result, "fills", "filled_at", "side", "position_side", "fee", "notional_stated")


def test_the_net_profit_of_a_closed_position_is_the_realised_one_with_commission_and_funding() -> None:
    result = read(DATA / "bingx" / "position-history.json", bingx.FORMATS)
    gross, net = (Decimal(amount) for (amount,) in picked(result, "stated_results", "amount"))
    assert gross + Decimal("-0.884") + Decimal("-0.0396") == net


INCOME = [
    income(1, "01 01:00:00", "TRANSFER", "400", symbol=""),
    income(2, "01 02:00:00", "TRADING_FEE", "-0.45", tradeId="9001"),
    income(3, "01 08:00:00", "FUNDING_FEE", "-0.09"),
    income(4, "01 09:00:00", "REALIZED_PNL", "4", tradeId="9002"),
    income(5, "01 09:00:00", "TRADING_FEE", "-0.182", tradeId="9002"),
    income(6, "01 16:00:00", "FUNDING_FEE", "0.0504"),
    income(7, "01 20:15:10", "REALIZED_PNL", "-36", tradeId="9003"),
    income(8, "01 20:15:10", "TRADING_FEE", "-0.252", tradeId="9003"),
    income(9, "01 20:15:11", "INSURANCE_CLEAR", "-2.5"),
]
FILLS = [
    fill("9001", "01 10:00:00", "BUY", "0.01", "90000", "-0.45"),
    fill("9002", "01 17:00:00", "SELL", "0.004", "91000", "-0.182"),
    fill("9003", "02 04:15:10", "SELL", "0.006", "84000", "-0.252"),
]


def test_a_clearance_makes_the_last_close_a_liquidation_and_every_export_tells_one_story(
    book: Book, tmp_path: Path
) -> None:
    paths = [
        answer(tmp_path, "bingx-income.json", INCOME[::-1]), answer(tmp_path, "fill-history.json", FILLS[::-1]),
        DATA / "bingx" / "position-history.json",
    ]  # fmt: skip
    imported(book, *paths)
    columns = ("status", "entry_price", "gross_pnl", "trading_fees", "funding", "liquidation_fees", "net_pnl")
    assert facts(book, "positions", *columns) == [("liquidated", "90000", "-32", "0.884", "-0.0396", "2.5", "-35.4236")]
    assert facts(book, "balances", "wallet", "computed") == [("usdm", "364.5764")]
    assert facts(book, "liquidations", "stage", "quantity", "liquidation_fee") == [("full", "0.006", "2.5")]
    assert facts(book, "findings", "kind") == [] and facts(book, "breaks", "break_id") == [] and offenders(book) == []
    assert 0 == sum(part.stored for part in imported(book, *paths).parts)


def test_fills_alone_imply_the_cash(book: Book, tmp_path: Path) -> None:
    imported(book, answer(tmp_path, "fill-history.json", FILLS))
    assert facts(book, "balances", "computed", "basis") == [("-32.884", "derived")]
