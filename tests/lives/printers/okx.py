"""OKX: bills of the trading account from the API, in one-way mode."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import ZERO, Desk


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the bills; sizes are contracts, amounts + where the account gains."""
    return [answer("account-bills.json", [(row.at, _bill(row)) for row in rows], head='{"code":"0","msg":"","data":[\n',
                   tail="]}")]  # fmt: skip


def _bill(row: Row) -> str:
    fill, booking = row.fill, row.booking
    is_cash = not row.contract
    size = fill.quantity if fill else booking.size if booking and row.is_funding else ZERO
    price = fill.price if fill else booking.price if booking and row.is_funding else None
    signed = (fill.quantity if fill.buys else -fill.quantity) if fill else ZERO
    return json.dumps({
        "instType": "" if is_cash else "SWAP", "billId": str(3_100_000_000_000_000_000 + row.number),
        "subType": _word(row), "type": "1" if is_cash else "8" if row.is_funding else "2", "ts": str(row.millis),
        "balChg": plain(row.change), "posBalChg": plain(signed), "bal": plain(row.balance), "posBal": plain(row.after),
        "sz": plain(size), "px": plain(price) if price is not None else "", "ccy": "USDT",
        "pnl": plain(fill.stated if fill else row.change if row.is_funding else ZERO),
        "fee": plain(-fill.fee if fill else ZERO), "mgnMode": "" if is_cash else "cross", "instId": row.symbol,
        "ordId": str(fill.order) if fill else "", "execType": ("M" if fill.maker else "T") if fill else "",
        "interest": "0", "tag": "", "fillTime": str(row.millis) if fill else "",
        "tradeId": str(fill.number) if fill else "", "clOrdId": "", "from": "6" if is_cash and row.change > 0 else "",
        "to": "6" if is_cash and row.change < 0 else "", "notes": ""})  # fmt: skip


def _word(row: Row) -> str:
    if row.fill:
        buys = row.fill.buys
        return ("106" if buys else "107") if row.fill.forced else "1" if buys else "2"
    if row.is_funding:
        return "173" if row.change < 0 else "174"
    return "11" if row.change > 0 else "12"


VENUE = Venue(
    name="okx", print=sheets, unstated=frozenset({"clearance"}),
    contracts={
        "BTC": perpetual("BTC-USDT-SWAP", "BTC", wallet="unified", size="0.01"),
        "ETH": perpetual("ETH-USDT-SWAP", "ETH", wallet="unified", size="0.1"),
    },
)  # fmt: skip
