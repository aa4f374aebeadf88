"""ccxt: dumps of own trades, funding history and ledger, with the floats of JSON and sizes in contracts; those of MEXC."""

from __future__ import annotations

import json
from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the dumps, oldest first; `amount` is positive, `direction` has its sign."""
    return [
        answer("my_trades.json", [(row.at, _trade(row)) for row in rows if row.fill], newest_first=False),
        answer("funding_history.json", [(row.at, _funding(row)) for row in rows if row.is_funding], newest_first=False),
        answer("ledger.json", [(row.at, _bookings(row)) for row in rows if row.change], newest_first=False),
    ]


def _number(value: Fraction) -> float:
    return float(plain(value))


def _times(row: Row) -> dict[str, object]:
    return {"timestamp": row.millis, "datetime": row.iso}


def _trade(row: Row) -> str:
    assert row.fill
    fill = row.fill
    fee = {"currency": "USDT", "cost": _number(fill.fee)}
    return json.dumps({
        "id": str(fill.number), **_times(row), "symbol": row.symbol, "order": f"o-{fill.order}", "type": "limit",
        "side": "buy" if fill.buys else "sell", "takerOrMaker": "maker" if fill.maker else "taker",
        "price": _number(fill.price), "amount": _number(fill.quantity), "cost": _number(fill.value), "fee": fee,
        "fees": [], "exchange": "mexc", "info": {"execType": "BustTrade"} if fill.forced else {}})  # fmt: skip


def _funding(row: Row) -> str:
    return json.dumps({"info": {}, "exchange": "mexc", "symbol": row.symbol, "code": "USDT", **_times(row), "id": f"f-{row.number}",
                       "amount": _number(row.change)})  # fmt: skip


def _bookings(row: Row) -> str:
    """Return the entries of a change, oldest first."""
    fill, before = row.fill, row.balance - row.change
    parts = [("funding" if row.is_funding else "transaction", row.change)]
    if fill:
        parts = [(kind, amount) for kind, amount in (("trade", fill.stated), ("fee", -fill.fee)) if amount]
    lines = []
    for place, (kind, amount) in enumerate(parts):
        lines.append(json.dumps({
            "id": f"L{row.number}{place}", **_times(row), "direction": "in" if amount > 0 else "out", "account": "swap",
            "referenceId": str(fill.number) if fill else None, "referenceAccount": None, "type": kind,
            "currency": "USDT", "amount": _number(abs(amount)), "before": _number(before),
            "after": _number(before + amount), "status": "ok", "fee": None, "exchange": "mexc", "info": {}}))  # fmt: skip
        before += amount
    return ",\n".join(lines)


VENUE = Venue(
    name="ccxt", print=sheets, unstated=frozenset({"order"}),
    contracts={
        "BTC": perpetual("BTC/USDT:USDT", "BTC", size="0.0001"),
        "ETH": perpetual("ETH/USDT:USDT", "ETH", size="0.01"),
    },
)  # fmt: skip
