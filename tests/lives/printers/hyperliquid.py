"""Hyperliquid: fills, funding and what else moved cash, from the info API."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk

OWNER = "0xa11ce00000000000000000000000000000000001"
NOTHING = "0x" + "0" * 64


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers: fills newest first, the others oldest first."""
    return [
        answer("userFills.json", [(row.at, _fill(row)) for row in rows if row.fill]),
        answer("userFunding.json", [(row.at, _funding(row)) for row in rows if row.is_funding], newest_first=False),
        answer(f"userNonFundingLedgerUpdates-{OWNER}.json",
               [(row.at, _update(row)) for row in rows if not row.contract], newest_first=False),
    ]  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    held = row.held_side.capitalize()
    turned = "Long > Short" if row.before > 0 else "Short > Long"
    direction = turned if row.is_flip else f"{'Close' if row.closes else 'Open'} {held}"
    record: dict[str, object] = {
        "coin": row.symbol, "px": plain(fill.price), "sz": plain(fill.quantity), "side": "B" if fill.buys else "A",
        "time": row.millis, "startPosition": plain(row.before), "dir": direction, "closedPnl": plain(fill.stated),
        "hash": NOTHING, "oid": fill.order, "crossed": not fill.maker, "fee": plain(fill.fee), "tid": fill.number,
        "feeToken": "USDC", "twapId": None}  # fmt: skip
    if fill.forced:
        record |= {"dir": f"Liquidated Cross {held}", "liquidation": {
            "liquidatedUser": OWNER, "markPx": plain(fill.price), "method": "market"}}  # fmt: skip
    return json.dumps(record)


def _funding(row: Row) -> str:
    assert row.booking
    delta = {"type": "funding", "coin": row.symbol, "usdc": plain(row.change), "szi": plain(row.after),
             "fundingRate": plain(row.booking.rate), "nSamples": None}  # fmt: skip
    return json.dumps({"time": row.millis, "hash": NOTHING, "delta": delta})


def _update(row: Row) -> str:
    delta: dict[str, object] = {"type": "deposit", "usdc": plain(row.change)}
    if row.change < 0:
        delta = {"type": "withdraw", "usdc": plain(-row.change), "nonce": row.millis, "fee": "0.0"}
    return json.dumps({"time": row.millis, "hash": f"0x{row.number:064x}", "delta": delta})


VENUE = Venue(
    name="hyperliquid", print=sheets, unstated=frozenset({"order"}),
    contracts={base: perpetual(base, base, settle="USDC", wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
