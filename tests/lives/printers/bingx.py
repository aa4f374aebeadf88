"""BingX: income and fills of perpetual contracts from the API; a commission below zero is a cost."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; fills are printed in the zone +0800."""
    return [
        answer("bingx-swap-v2-user-income.json", [(row.at, _income(row)) for row in rows if row.change],
               head='{"code":0,"msg":"","data":[\n', tail="]}"),
        answer("fill-history.json", [(row.at, _fill(row)) for row in rows if row.fill],
               head='{"code":0,"msg":"","data":{"fill_history_orders":[\n', tail="]}}"),
    ]  # fmt: skip


def _income(row: Row) -> str:
    """Return the rows of a change, newest first."""
    fill = row.fill
    parts = [("FUNDING_FEE" if row.is_funding else "TRANSFER", row.change)]
    if fill:
        parts = [
            (kind, amount) for kind, amount in (("TRADING_FEE", -fill.fee), ("REALIZED_PNL", fill.stated)) if amount
        ]
    return ",\n".join(json.dumps({
        "symbol": row.symbol, "incomeType": kind, "income": plain(amount), "asset": "USDT", "info": kind.title(),
        "time": row.millis, "tranId": str(row.number * 2 - place), "tradeId": str(fill.number) if fill else "",
    }) for place, (kind, amount) in enumerate(parts))  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    local = row.at + timedelta(hours=8)
    return json.dumps({
        "filledTime": f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}+0800", "symbol": row.symbol,
        "side": "BUY" if fill.buys else "SELL", "positionSide": "BOTH", "qty": plain(fill.quantity),
        "price": plain(fill.price), "quoteQty": plain(fill.value), "commission": plain(-fill.fee),
        "commissionAsset": "USDT", "orderId": str(fill.order), "tradeId": str(fill.number),
        "role": "maker" if fill.maker else "taker"})  # fmt: skip


VENUE = Venue(
    name="bingx", print=sheets, unstated=frozenset({"forced", "order"}),
    contracts={base: perpetual(f"{base}-USDT", base) for base in ("BTC", "ETH")},
)  # fmt: skip
