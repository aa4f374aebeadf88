"""Kraken Futures: the account log of the API, where a trade is two rows: what the position did, and what it paid."""

from __future__ import annotations

import json
from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import SECOND, Desk, rounded


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the log; both legs of a trade are one line here."""
    lines = [(row.at, _legs(row)) for row in rows]
    return [answer("account-log.json", lines, head='{"accountUid":"5f1e7c00-0000-4000-8000-000000000000","logs":[\n',
                   tail="]}")]  # fmt: skip


def _legs(row: Row) -> str:
    """Return the rows of a change, newest first: the cash leg stands above the position's."""
    fill = row.fill
    execution = f"7b000000-0000-4000-8000-{row.number:012d}" if fill else None
    old = row.balance - row.change
    words = {"contract": row.symbol.lower() or None, "execution": execution,
             "info": _type(row), "mark_price": _number(fill.price) if fill else None,
             "trade_price": _number(fill.price) if fill else None}  # fmt: skip
    cash = _entry(row, 1, "usd", old, row.balance, {
        **words, "fee": _number(fill.fee) if fill else 0, "realized_pnl": _number(fill.stated) if fill else None,
        "realized_funding": _number(row.change) if row.is_funding else 0 if fill else None,
        "funding_rate": 1e-7 if row.is_funding else None})  # fmt: skip
    if not fill:
        return cash
    leg = _entry(row, 0, row.symbol.lower(), row.before, row.after, {
        **words, "old_average_entry_price": _number(row.entry), "new_average_entry_price": _number(row.entry_after)})  # fmt: skip
    return f"{cash},\n{leg}"


def _type(row: Row) -> str:
    if row.fill:
        return "futures liquidation" if row.fill.forced else "futures trade"
    return "funding rate change" if row.is_funding else "cross-exchange transfer"


def _entry(row: Row, leg: int, asset: str, old: Fraction, new: Fraction, words: dict[str, object]) -> str:
    empty = dict.fromkeys((
        "collateral", "contract", "execution", "fee", "funding_rate", "mark_price", "new_average_entry_price",
        "old_average_entry_price", "realized_funding", "realized_pnl", "trade_price", "conversion_spread_percentage",
        "liquidation_fee", "position_uid"))  # fmt: skip
    return json.dumps({
        "id": row.number * 2 + leg, "date": row.iso, "asset": asset,
        "booking_uid": f"6a000000-0000-4000-8000-{row.number * 2 + leg:012d}", "margin_account": "flex",
        **empty, **words, "old_balance": _number(old), "new_balance": _number(new)})  # fmt: skip


def _number(value: Fraction) -> float:
    return float(plain(rounded(value, 8)))


VENUE = Venue(
    name="krakenfutures", print=sheets, clock=SECOND, unstated=frozenset({"legs"}),
    contracts={
        "BTC": perpetual("PF_XBTUSD", "BTC", settle="USD", wallet="unified"),
        "ETH": perpetual("PF_ETHUSD", "ETH", settle="USD", wallet="unified"),
    },
)  # fmt: skip
