"""Bybit: the transaction log of the unified account, as its screen exports it."""

from __future__ import annotations

from tests.lives.everywhere import Row, Sheet, Venue, csv, perpetual
from tests.lives.model import ZERO, Desk, digits
from tests.lives.unified import SCREEN


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the log: cash, funding and fee of a row, its change and the balance after it, with 20 decimals."""
    return [csv("Bybit-UM-TransactionLog-1769803200-1772000000.csv", SCREEN, [(row.at, _line(row)) for row in rows])]


def _line(row: Row) -> str:
    fill, funding = row.fill, row.change if row.is_funding else ZERO
    kind = (
        ("LIQUIDATION" if fill.forced else "TRADE") if fill else "SETTLEMENT" if row.is_funding
        else "TRANSFER_IN" if row.change > 0 else "TRANSFER_OUT"
    )  # fmt: skip
    side = ("BUY" if fill.buys else "SELL") if fill else ("BUY" if row.after > 0 else "SELL") if row.contract else "--"
    price = fill.price if fill else row.booking.price if row.booking and row.is_funding else ZERO
    cash = fill.stated if fill else ZERO if row.is_funding else row.change
    numbers = (fill.quantity if fill else ZERO, row.after, price, funding, -fill.fee if fill else ZERO, cash, row.change,
               row.balance)  # fmt: skip
    action = ("CLOSE" if row.closes else "OPEN") if fill else "SETTLEMENT" if row.is_funding else "--"
    order = f"5c1e0b7a-2d4f-4a61-9b3c-{row.number:012d}" if row.contract else ""
    trade = f"e7a90f11-63c8-4d05-8e52-{row.number:012d}" if row.contract else ""
    clock = f"{row.second}.{row.at.microsecond // 1000:03d}"
    return ",".join(("USDT", row.symbol, kind, side, *(digits(number, 20) for number in numbers), action, order, trade,
                     clock))  # fmt: skip


VENUE = Venue(
    name="bybit", print=sheets, unstated=frozenset({"order"}),
    contracts={base: perpetual(f"{base}USDT", base, wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
