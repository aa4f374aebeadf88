"""Phemex: executions of contracts, with glued units; trades, liquidations and funding in one file."""

from __future__ import annotations

from tests.lives.everywhere import Row, Sheet, Venue, csv, perpetual, plain
from tests.lives.model import SECOND, Desk

HEADER = ("Time (UTC),Symbol,Exec Type,Exec. Size,Direction,Exec. Price,Order Size,Order Price,Exec Value,Fee Rate,"
          'Fee Paid,Type,"ID"')  # fmt: skip


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the export; in one-way mode a direction is Long or Short, what was bought or sold."""
    return [csv("contract-executions.csv", HEADER, [(row.at, _line(row)) for row in rows if row.contract])]


def _line(row: Row) -> str:
    fill, booking = row.fill, row.booking
    base = row.symbol.removesuffix("USDT")
    if fill:
        size, price, fee = fill.quantity, fill.price, fill.fee
        kind, direction = "Liquidation" if fill.forced else "Trade", "Long" if fill.buys else "Short"
        order, rate = f"{plain(size)} {base}", "0.0005" if not fill.maker else "-0.0001"
    else:
        assert booking
        size, price, fee = booking.size, booking.price, -row.change
        kind, direction, order = "Funding", row.held_side.capitalize(), "--"
        rate = plain(abs(booking.rate) if fee > 0 else -abs(booking.rate))
    return ",".join((
        row.second, row.symbol, kind, f"{plain(size)} {base}", direction, plain(price), order,
        plain(price) if fill else "--", f"{plain(size * price)} USDT", rate, f"{plain(fee)} USDT",
        "Market" if fill else "--", f"p-{row.number}"))  # fmt: skip


VENUE = Venue(
    name="phemex", print=sheets, clock=SECOND, unstated=frozenset({"cash", "order", "results"}),
    contracts={base: perpetual(f"{base}USDT", base) for base in ("BTC", "ETH")},
)  # fmt: skip
