"""HTX: financial records of swaps, a ledger without fills and without balances: no position follows from it."""

from __future__ import annotations

import json
from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answer; results and fees are rows of their own."""
    return [answer("linear-swap-financial-record-v3.json", [(row.at, _records(row)) for row in rows if row.change],
                   head='{"code":200,"msg":"ok","data":[\n', tail='],"ts":1775347200000}')]  # fmt: skip


def _records(row: Row) -> str:
    """Return the rows of a change, newest first."""
    return ",\n".join(json.dumps({
        "query_id": row.number * 2 - place, "id": 3_800_000_000 + row.number * 2 - place, "ts": row.millis,
        "asset": "USDT", "contract_code": row.symbol, "margin_account": "USDT", "face_margin_account": "",
        "type": kind, "amount": plain(amount)}) for place, (kind, amount) in enumerate(_parts(row)) if amount)  # fmt: skip


def _parts(row: Row) -> list[tuple[int, Fraction]]:
    if row.fill is None:
        codes = (30, 31) if row.is_funding else (14, 15)
        return [(codes[0] if row.change > 0 else codes[1], row.change)]
    is_long = row.held_side == "long"
    fee = ((7 if is_long else 8) if row.closes else (5 if is_long else 6), -row.fill.fee)
    result = (12 if is_long else 13) if row.fill.forced else (3 if is_long else 4)
    return [fee, (result, row.fill.stated)]


VENUE = Venue(
    name="htx", print=sheets, unstated=frozenset({"fills", "order"}),
    contracts={base: perpetual(f"{base}-USDT", base) for base in ("BTC", "ETH")},
)  # fmt: skip
