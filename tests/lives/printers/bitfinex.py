"""Bitfinex derivatives: ledgers and trades of the API, as arrays; what a ledger row is stands in its description."""

from __future__ import annotations

import json
from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, answer, perpetual, plain
from tests.lives.model import Desk

UNIT = "USTF0"


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the answers; the ledger is that of the derivatives' unit only."""
    return [
        answer("ledgers.json", [(row.at, _bookings(row)) for row in rows if row.change], head="[\n"),
        answer("trades.json", [(row.at, _trade(row)) for row in rows if row.fill], head="[\n"),
    ]


def _bookings(row: Row) -> str:
    """Return the rows of a change, newest first."""
    fill, after = row.fill, row.balance
    pair = row.symbol.replace("/", ":")
    if fill is None:
        said = (f"Funding Event {pair} ({plain(row.booking.rate)})" if row.booking and row.is_funding
                else f"Transfer of {plain(abs(row.change))} {UNIT} from wallet Trading to Trading")  # fmt: skip
        return _entry(row, 0, row.change, after, said)
    size = f"{plain(fill.quantity)} {row.symbol.split('/')[0]} ({pair}) @ {plain(fill.price)}.0"
    word = "fees" if fill.fee > 0 else "rebate"
    parts = [(-fill.fee, f"Trading {word} for {size} on BFX (0.05%)"),
             (fill.stated, f"Position {'modified' if row.after else 'closed'} @ {plain(fill.price)}.0 (TRADE)")]  # fmt: skip
    lines = []
    for place, (amount, said) in enumerate(parts):
        if amount:
            lines.append(_entry(row, place, amount, after, said))
        after -= amount
    return ",\n".join(lines)


def _entry(row: Row, place: int, amount: Fraction, after: Fraction, said: str) -> str:
    number = 3_000_000_000 + row.number * 2 - place
    return json.dumps([number, UNIT, "margin", row.millis, None, float(plain(amount)), float(plain(after)), None,
                       f"{said} on wallet margin"])  # fmt: skip


def _trade(row: Row) -> str:
    assert row.fill
    fill = row.fill
    amount = float(fill.quantity if fill.buys else -fill.quantity)
    return json.dumps([610_000_000 + fill.number, f"t{row.symbol.replace('/', ':')}", row.millis,
                       51_000_000_000 + fill.order, amount, float(fill.price), "LIMIT", float(fill.price),
                       1 if fill.maker else -1, float(-fill.fee), UNIT, None])  # fmt: skip


VENUE = Venue(
    name="bitfinex", print=sheets, unstated=frozenset({"forced", "order"}),
    contracts={base: perpetual(f"{base}F0/USTF0", base) for base in ("BTC", "ETH")},
)  # fmt: skip
