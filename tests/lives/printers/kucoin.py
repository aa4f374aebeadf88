"""KuCoin futures: fills and funding of the API, in lots."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; the ledger of the futures account, by sessions, is left out."""
    fills = [(row.at, _fill(row)) for row in rows if row.fill]
    funding = [(row.at, _funding(row)) for row in rows if row.is_funding]
    return [
        answer("futures_fills.json", fills,
               head='{"code":"200000","data":{"currentPage":1,"pageSize":100,"totalNum":9,"totalPage":1,"items":[\n',
               tail="]}}"),
        answer("funding-history.json", funding, head='{"code":"200000","data":{"dataList":[\n', tail='],"hasMore":false}}'),
    ]  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill and row.contract
    fill = row.fill
    return json.dumps({
        "symbol": row.symbol, "tradeId": str(fill.number), "orderId": f"f-{fill.order}",
        "side": "buy" if fill.buys else "sell", "liquidity": "maker" if fill.maker else "taker", "forceTaker": False,
        "price": plain(fill.price), "size": int(fill.quantity), "value": plain(fill.value),
        "openFeePay": "0" if row.closes else plain(fill.fee), "closeFeePay": plain(fill.fee) if row.closes else "0",
        "stop": "", "feeRate": "0.0005", "fixFee": "0", "feeCurrency": "USDT", "tradeTime": row.millis * 1_000_000,
        "subTradeType": None, "marginMode": "CROSS", "displayType": "market", "fee": plain(fill.fee),
        "settleCurrency": "USDT", "orderType": "market", "tradeType": "liquid" if fill.forced else "trade",
        "createdAt": row.millis})  # fmt: skip


def _funding(row: Row) -> str:
    assert row.booking
    booking = row.booking
    size = int(row.after)
    return json.dumps({
        "id": row.number, "symbol": row.symbol, "timePoint": row.millis, "fundingRate": float(booking.rate),
        "markPrice": float(booking.price), "positionQty": size, "positionCost": float(row.after * row.entry),
        "funding": float(row.change), "settleCurrency": "USDT", "context": "{}", "marginMode": "CROSS"})  # fmt: skip


VENUE = Venue(
    name="kucoin", print=sheets, unstated=frozenset({"cash", "order", "results"}),
    contracts={"BTC": perpetual("XBTUSDTM", "BTC", size="0.001"), "ETH": perpetual("ETHUSDTM", "ETH", size="0.01")},
)  # fmt: skip
