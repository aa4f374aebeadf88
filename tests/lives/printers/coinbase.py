"""Coinbase International Exchange: fills and transfers of a portfolio; funding is one of the transfers."""

from __future__ import annotations

import json

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk

OWN = {"id": "p-1-1", "uuid": "u-1", "name": "main"}
HEAD = '{"pagination":{"result_limit":25,"result_offset":0},"results":[\n'


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; INTX itself calls BTC-PERP-INTX BTC-PERP."""
    return [
        answer("international_fills.json", [(row.at, _fill(row)) for row in rows if row.fill], head=HEAD, tail="]}"),
        answer("international_transfers.json", [(row.at, _transfer(row)) for row in rows if not row.fill], head=HEAD,
               tail="]}"),
    ]  # fmt: skip


def _fill(row: Row) -> str:
    assert row.fill
    fill = row.fill
    return json.dumps({
        "portfolio_id": OWN["id"], "portfolio_uuid": OWN["uuid"], "portfolio_name": OWN["name"],
        "fill_id": f"f-{fill.number}", "fill_uuid": f"fu-{fill.number}", "exec_id": f"x-{fill.number}",
        "order_id": f"io-{fill.order}", "order_uuid": f"ou-{fill.order}", "instrument_id": "i-1",
        "symbol": row.symbol.removesuffix("-INTX"), "match_id": f"m-{fill.number}", "fill_price": float(fill.price),
        "fill_qty": float(fill.quantity), "client_id": "c", "order_qty": float(fill.quantity),
        "side": "BUY" if fill.buys else "SELL", "tif": "GTC", "stp_mode": "BOTH", "flags": "", "fee": float(fill.fee),
        "fee_asset": "USDC", "order_status": "DONE", "event_time": row.iso, "source": "LIMIT_ORDER"})  # fmt: skip


def _transfer(row: Row) -> str:
    fund: dict[str, str] | None = {"name": "CB_FUND"} if row.is_funding else None
    kind = "FUNDING" if row.is_funding else "DEPOSIT" if row.change > 0 else "WITHDRAW"
    payer, payee = (fund, OWN) if row.change > 0 else (OWN, fund)
    return json.dumps({
        "transfer_uuid": f"x-{row.number}", "transfer_type": kind, "amount": float(plain(abs(row.change))),
        "asset": "USDC", "status": "PROCESSED", "created_at": row.iso, "updated_at": row.iso, "from_portfolio": payer,
        "to_portfolio": payee, "instrument_symbol": row.symbol.removesuffix("-INTX"), "txn_hash": ""})  # fmt: skip


VENUE = Venue(
    name="coinbase", print=sheets, unstated=frozenset({"forced", "order", "results"}),
    contracts={base: perpetual(f"{base}-PERP-INTX", base, settle="USDC", wallet="unified") for base in ("BTC", "ETH")},
)  # fmt: skip
