"""Bitget: bills and fills of the futures account from the API, in one-way mode."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import ZERO, Desk

HEAD = '{"code":"00000","msg":"success","requestTime":1768000000000,"data":{"%s":[\n'


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; a bill's amount is without its fee, and a fee below zero is paid."""
    return [
        answer("mix-account-bill.json", [(row.at, _bill(row)) for row in rows], head=HEAD % "bills",
               tail='],"endId":"1"}}'),
        answer("mix-order-fills.json", [(row.at, _fill(row)) for row in rows if row.fill], head=HEAD % "fillList",
               tail='],"endId":"1"}}'),
    ]  # fmt: skip


def _bill(row: Row) -> str:
    fill = row.fill
    if fill:
        kind = ("burst_" if fill.forced else "") + ("buy" if fill.buys else "sell")
    elif row.is_funding:
        kind = "contract_settle_fee"
    else:
        kind = "trans_from_exchange" if row.change > 0 else "trans_to_exchange"
    return json.dumps({
        "billId": str(1_391_000_000_000_000_000 + row.number), "symbol": row.symbol,
        "amount": plain(fill.stated if fill else row.change), "fee": plain(-fill.fee if fill else ZERO),
        "feeByCoupon": "", "businessType": kind, "coin": "USDT", "balance": plain(row.balance),
        "cTime": str(row.millis)})  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill
    fill, side = row.fill, "buy" if row.fill.buys else "sell"
    return json.dumps({
        "tradeId": str(1_393_000_000_000_000_000 + fill.number), "symbol": row.symbol,
        "orderId": str(1_390_000_000_000_000_000 + fill.order), "price": plain(fill.price),
        "baseVolume": plain(fill.quantity),
        "feeDetail": [{"deduction": "no", "feeCoin": "USDT", "totalDeductionFee": "0", "totalFee": plain(-fill.fee)}],
        "side": side, "quoteVolume": plain(fill.value), "profit": plain(fill.stated), "enterPointSource": "api",
        "tradeSide": f"{'burst_' if fill.forced else ''}{side}_single", "posMode": "one_way_mode",
        "tradeScope": "maker" if fill.maker else "taker", "cTime": str(row.millis)})  # fmt: skip


VENUE = Venue(
    name="bitget", print=sheets, unstated=frozenset({"order"}),
    contracts={base: perpetual(f"{base}USDT", base) for base in ("BTC", "ETH")},
)  # fmt: skip
