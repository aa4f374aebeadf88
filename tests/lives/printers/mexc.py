"""MEXC: trade history, funding and transfers of the site, in the clock of the header, without ids."""

from __future__ import annotations

from fractions import Fraction

from tests.lives.everywhere import Row, Sheet, Venue, csv, perpetual, plain
from tests.lives.model import SECOND, Desk, Fill

TRADES = ("UID,Time(UTC+00:00),Futures Trading Pair,Direction,Order Type,Filled Qty (Cont.),Filled Qty (Crypto),"
          "Filled Qty (Amount),Filled Price,Trading Fee,Fee-payment Crypto,Role,Closing PNL")  # fmt: skip
FLOW = "UID,Time(UTC+00:00),Futures Trading Pair,Crypto,Fund Type,Fund Flow Type,Amount"
CONTRACTS = {"BTC_USDT": 10_000, "ETH_USDT": 100}
"""In a coin."""


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the exports: a fill opens or closes, so one that crosses zero is printed as two."""
    fills = [(row.at, "\n".join(reversed(_fills(row)))) for row in rows if row.fill]
    return [
        csv("futures-trade-history.csv", TRADES, fills),
        csv("futures-capital-flow.csv", FLOW, [(row.at, _flow(row)) for row in rows if not row.fill]),
    ]


def _fills(row: Row) -> list[str]:
    assert row.fill
    fill = row.fill
    if not row.is_flip:
        word = "sell" if row.closes else "buy"
        return [_line(row, fill, f"{word} {row.held_side}", Fraction(1))]
    share = abs(row.before) / fill.quantity
    other = "short" if row.held_side == "long" else "long"
    return [_line(row, fill, f"sell {row.held_side}", share), _line(row, fill, f"buy {other}", 1 - share)]


def _line(row: Row, fill: Fill, direction: str, part: Fraction) -> str:
    size = fill.quantity * part
    closes = direction.startswith("sell")
    return ",".join((
        "4000001", row.second, row.symbol, direction, "limit" if fill.maker else "market",
        plain(size * CONTRACTS[row.symbol]), plain(size), plain(size * fill.price), plain(fill.price),
        plain(fill.fee * part), "USDT", "Maker" if fill.maker else "Taker",
        plain(fill.stated) if closes else "0"))  # fmt: skip


def _flow(row: Row) -> str:
    kind = "Funding Fee" if row.is_funding else "Transfer"
    return ",".join(("4000001", row.second, row.symbol, "USDT", kind, "In" if row.change > 0 else "Out",
                     plain(row.change)))  # fmt: skip


VENUE = Venue(
    name="mexc", print=sheets, clock=SECOND, unstated=frozenset({"forced", "order"}),
    contracts={"BTC": perpetual("BTC_USDT", "BTC"), "ETH": perpetual("ETH_USDT", "ETH")},
)  # fmt: skip
