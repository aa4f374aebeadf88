"""Crypto.com Exchange: the journal and the trades of the API; fees are rows of their own, in dollars."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk, Fill

HEAD = '{"id":1,"method":"private/get-%s","code":0,"result":{"data":[\n'


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers: a trade states its result, no session comes between."""
    return [
        answer("exchange_journal.json", [(row.at, _journal(row)) for row in rows], head=HEAD % "transactions", tail="]}}"),
        answer("exchange_trades_api.json", [(row.at, _trade(row, row.fill)) for row in rows if row.fill],
               head=HEAD % "trades", tail="]}}"),
    ]  # fmt: skip


def _entry(row: Row, kind: str, place: int, **words: str) -> str:
    return json.dumps({
        "account_id": "acc-1", "event_date": f"{row.at:%Y-%m-%d}", "journal_type": kind,
        "journal_id": str(row.number * 2 + place), "transaction_qty": "0", "transaction_cost": "0", "realized_pnl": "0",
        "event_timestamp_ms": row.millis, "instrument_name": row.symbol, **words})  # fmt: skip


def _journal(row: Row) -> str:
    """Return the rows of a change, newest first."""
    fill = row.fill
    if row.is_funding:
        return _entry(row, "FUNDING", 0, transaction_cost=plain(row.change))
    if fill is None:
        kind = "ONCHAIN_DEPOSIT" if row.change > 0 else "ONCHAIN_WITHDRAWAL"
        return _entry(row, kind, 0, transaction_qty=plain(row.change), instrument_name="USD_Stable_Coin")
    refs = {"order_id": f"o-{fill.order}", "trade_id": f"t-{fill.number}"}
    sign = 1 if fill.buys else -1
    trade = _entry(row, "TRADING", 0, transaction_qty=plain(sign * fill.quantity), realized_pnl=plain(fill.stated),
                   transaction_cost=plain(sign * fill.value), side="BUY" if fill.buys else "SELL",
                   taker_side="MAKER" if fill.maker else "TAKER", **refs)  # fmt: skip
    fee = _entry(row, "LIQUIDATION_FEE" if fill.forced else "TRADE_FEE", 1, transaction_cost=plain(-fill.fee), **refs)
    return f"{fee},\n{trade}"


def _trade(row: Row, fill: Fill) -> str:
    return json.dumps({
        "account_id": "acc-1", "event_date": f"{row.at:%Y-%m-%d}", "journal_type": "TRADING",
        "traded_quantity": plain(fill.quantity), "traded_price": plain(fill.price),
        "fees": "0" if fill.forced else plain(-fill.fee), "order_id": f"o-{fill.order}", "trade_id": f"t-{fill.number}",
        "taker_side": "MAKER" if fill.maker else "TAKER", "side": "BUY" if fill.buys else "SELL",
        "instrument_name": row.symbol, "fee_instrument_name": "USD_Stable_Coin", "create_time": row.millis,
        "client_oid": ""})  # fmt: skip


VENUE = Venue(
    name="cryptocom", print=sheets, unstated=frozenset({"clearance", "legs"}),
    contracts={base: perpetual(f"{base}USD-PERP", base, settle="USD", wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
