"""dYdX v4: fills, funding payments and transfers of the indexer."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk

OWNER = "dydx1invented0owner"


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers."""
    return [
        answer("fills.json", [(row.at, _fill(row)) for row in rows if row.fill],
               head='{"pageSize":100,"totalResults":9,"offset":0,"fills":[\n', tail="]}"),
        answer("fundingPayments.json", [(row.at, _funding(row)) for row in rows if row.is_funding],
               head='{"fundingPayments":[\n', tail="]}"),
        answer("api-transfers.json", [(row.at, _transfer(row)) for row in rows if not row.contract],
               head='{"transfers":[\n', tail="]}"),
    ]  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    return json.dumps({
        "id": f"f0000000-0000-5000-8000-{fill.number:012d}", "side": "BUY" if fill.buys else "SELL",
        "liquidity": "MAKER" if fill.maker else "TAKER", "type": "LIQUIDATED" if fill.forced else "LIMIT",
        "market": row.symbol, "marketType": "PERPETUAL", "price": plain(fill.price), "size": plain(fill.quantity),
        "fee": plain(fill.fee), "affiliateRevShare": "0", "createdAt": row.iso,
        "createdAtHeight": str(row.millis // 1000), "clientMetadata": "0", "subaccountNumber": 0,
        "orderId": f"e0000000-0000-5000-8000-{fill.order:012d}"})  # fmt: skip


def _funding(row: Row) -> str:
    assert row.booking
    booking = row.booking
    return json.dumps({
        "createdAt": row.iso, "createdAtHeight": str(row.millis // 1000), "perpetualId": "0", "ticker": row.symbol,
        "oraclePrice": plain(booking.price), "size": plain(row.after), "side": row.held_side.upper(),
        "rate": plain(booking.rate), "payment": plain(row.change), "subaccountNumber": "0", "fundingIndex": "1.5"})  # fmt: skip


def _transfer(row: Row) -> str:
    ends = [{"address": OWNER}, {"address": OWNER, "subaccountNumber": 0}]
    sender, recipient = ends if row.change > 0 else reversed(ends)
    return json.dumps({
        "id": f"t{row.number}", "sender": sender, "recipient": recipient, "size": plain(abs(row.change)),
        "createdAt": row.iso, "createdAtHeight": str(row.millis // 1000), "symbol": "USDC",
        "type": "DEPOSIT" if row.change > 0 else "WITHDRAWAL", "transactionHash": f"{row.number:X}"})  # fmt: skip


VENUE = Venue(
    name="dydx", print=sheets, unstated=frozenset({"order", "results"}),
    contracts={base: perpetual(f"{base}-USD", base, settle="USDC", wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
