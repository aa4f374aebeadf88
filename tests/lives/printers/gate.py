"""Gate: account book, fills and liquidations of the futures API; each part of a fill's cash is a row of its own."""

from __future__ import annotations

import json
from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Contract, Desk, digits


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; times are seconds with a fraction, sizes signed contracts."""
    return [
        answer("futures-usdt-account-book.json", [(row.at, _bookings(row)) for row in rows if row.change]),
        answer("futures-usdt-my-trades.json", [(row.at, _fill(row)) for row in rows if row.fill]),
        answer(
            "futures-usdt-liquidates.json", [(row.at, _forced(row)) for row in rows if row.fill and row.fill.forced]
        ),
        answer("futures-usdt-contracts.json", [(rows[0].at, _terms(contract)) for contract in desk.contracts.values()]),
    ]


def _terms(contract: Contract) -> str:
    return json.dumps({
        "name": contract.symbol, "type": "direct", "quanto_multiplier": plain(contract.multiplier),
        "leverage_min": "1", "leverage_max": "125", "maintenance_rate": "0.004", "funding_interval": 28800,
        "order_size_min": 1, "orders_limit": 50})  # fmt: skip


def _clock(row: Row) -> float:
    return float(digits(Fraction(row.millis, 1000), 3))


def _bookings(row: Row) -> str:
    """Return the rows of a change, newest first."""
    fill, after = row.fill, row.balance
    parts = [("fund" if row.is_funding else "dnw", row.change)]
    if fill:
        parts = [(kind, amount) for kind, amount in (("fee", -fill.fee), ("pnl", fill.stated)) if amount]
    lines = []
    for place, (kind, amount) in enumerate(parts):
        trade = str(fill.number) if fill else ""
        lines.append(json.dumps({
            "time": _clock(row), "change": plain(amount), "balance": plain(after), "type": kind,
            "text": f"{row.symbol}:{trade or 0}" if row.contract else "", "contract": row.symbol, "trade_id": trade,
            "id": str(row.number * 2 - place)}))  # fmt: skip
        after -= amount
    return ",\n".join(lines)


def _fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    size = fill.quantity if fill.buys else -fill.quantity
    closed = min(fill.quantity, abs(row.before)) * (1 if fill.buys else -1) if row.closes else Fraction(0)
    return json.dumps({
        "id": fill.number, "create_time": _clock(row), "contract": row.symbol, "order_id": str(fill.order),
        "size": int(size), "close_size": int(closed), "price": plain(fill.price),
        "role": "maker" if fill.maker else "taker", "fee": plain(fill.fee), "point_fee": "0",
        "text": "t-1"})  # fmt: skip


def _forced(row: Row) -> str:
    assert row.fill
    fill = row.fill
    closed = fill.quantity if not fill.buys else -fill.quantity
    return json.dumps({
        "time": row.millis // 1000, "contract": row.symbol, "size": int(closed), "leverage": "20",
        "margin": "1", "entry_price": plain(row.entry, 4), "liq_price": plain(fill.price),
        "mark_price": plain(fill.price), "order_id": fill.order, "order_price": plain(fill.price),
        "fill_price": plain(fill.price), "left": 0})  # fmt: skip


VENUE = Venue(
    name="gate", print=sheets, unstated=frozenset({"order"}),
    contracts={"BTC": perpetual("BTC_USDT", "BTC", size="0.0001"), "ETH": perpetual("ETH_USDT", "ETH", size="0.01")},
)  # fmt: skip
