"""Binance: the site's futures trades, the futures' transaction history, the statement and closed positions."""

from __future__ import annotations

from tests.lives import binance
from tests.lives.everywhere import START, Row, Sheet, Venue, perpetual
from tests.lives.files import Export
from tests.lives.model import SECOND, Desk
from tests.lives.strategies import Plan


def sheets(desk: Desk, rows: list[Row]) -> list[Sheet]:
    """Return the exports that the lives at Binance print."""
    plan = Plan(steps=(), contracts=tuple(desk.contracts.values()), start=START, priced=False)
    return [_sheet(export) for export in binance.exports(desk, plan).values()]


def _sheet(export: Export) -> Sheet:
    header, *printed = export.text(ending="\n").removesuffix("\n").split("\n")
    lines = reversed(printed) if export.newest_first else printed
    return Sheet(
        name=export.name.format(zone="(UTC+0)", tag="all"), head=header + "\n", newest_first=export.newest_first,
        lines=tuple((line.at, text) for line, text in zip(export.lines, lines, strict=True)),
    )  # fmt: skip


VENUE = Venue(
    name="binance", print=sheets, unstated=frozenset({"order"}), clock=SECOND, origin="spot",
    contracts={"BTC": perpetual("BTCUSDT", "BTC"), "ETH": perpetual("ETHUSDT", "ETH")},
)  # fmt: skip
