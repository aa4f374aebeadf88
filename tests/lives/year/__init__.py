"""An invented owner's year 2025 at four venues, with transfers between them: what is exported each month, and the truth."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.lives.lots import LotDesk
from tests.lives.model import ZERO, Desk
from tests.lives.unified import Account
from tests.lives.year import binance, bitmex, bybit, kraken
from tests.lives.year.shapes import MONTHS, MOVES, PERIODS, House, Paper, end_of

__all__ = ["MONTHS", "MOVES", "PERIODS", "House", "Key", "Line", "Paper", "Year", "end_of", "lived"]
SEED = 2025
HEADINGS = (
    "deposits", "withdrawals", "transfers", "trading", "realized_pnl", "trading_fees", "funding", "interest", "borrowed",
    "repaid", "liquidation", "other", "late",
)  # fmt: skip
Key = tuple[str, str, str, str]
"""Period, account, wallet, asset."""
Line = dict[str, Fraction]
"""Opening, every heading, closing."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Year:
    """What happened."""

    houses: dict[str, House]
    binance: Desk
    bybit: Account
    kraken: LotDesk
    bitmex: Desk

    def __repr__(self) -> str:
        return "the year"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("the year")

    def papers(self, accounts: Collection[str] = (), *, without: Collection[str] = ()) -> Iterator[Paper]:
        """Return the files of some accounts (or all), without some kinds."""
        for house in self.houses.values():
            if not accounts or house.account in accounts:
                yield from (paper for paper in house.papers if paper.kind not in without)

    def paper(self, account: str, kind: str, tag: str) -> Paper:
        """Return one file."""
        return next(paper for paper in self.papers([account]) if (paper.kind, paper.tag) == (kind, tag))

    def write(self, folder: Path, accounts: Collection[str] = (), *, without: Collection[str] = ()) -> list[Path]:
        """Write the files and return where."""
        return [paper.write(folder) for paper in self.papers(accounts, without=without)]

    def lines(self) -> dict[Key, Line]:
        """Return the roll-forward of every month, as it must be."""
        return {key: line for month in MONTHS for house in self.houses.values() for key, line in _lines(house, month)}


def _lines(house: House, month: datetime) -> Iterator[tuple[Key, Line]]:
    end = end_of(month)
    sums: dict[tuple[str, str], Line] = defaultdict(lambda: dict.fromkeys(HEADINGS, ZERO))
    for row in house.entries:
        if month <= row.at < end:
            sums[row.wallet, row.asset][row.heading] += row.amount
    for wallet, asset in house.pots():
        opening, closing = (house.balance(wallet, asset, moment) for moment in (month, end))
        if opening or closing or wallet in house.seen or (wallet, asset) in sums:
            line = {"opening": opening, **sums[wallet, asset], "closing": closing}
            yield (f"{month:%Y-%m}", house.account, wallet, asset), line


def lived(seed: int = SEED) -> Year:
    """Return the year; the same seed gives the same one."""
    houses: dict[str, House] = {}
    houses["binance"], at_binance = binance.lived(random.Random(f"binance {seed}"))
    houses["bitmex"], at_bitmex = bitmex.lived(random.Random(f"bitmex {seed}"))
    houses["bybit"], at_bybit = bybit.lived(random.Random(f"bybit {seed}"))
    houses["kraken"], at_kraken = kraken.lived(random.Random(f"kraken {seed}"))
    return Year(houses=houses, binance=at_binance, bybit=at_bybit, kraken=at_kraken, bitmex=at_bitmex)
