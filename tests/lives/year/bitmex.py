"""The year at BitMEX: two contracts that settle in bitcoin, with funding three times a day."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial

from tests.lives import bitmex
from tests.lives.model import SECOND, Desk, rounded
from tests.lives.strategies import BITMEX
from tests.lives.year.shapes import (
    END,
    MONTHS,
    MOVES,
    START,
    Act,
    Entry,
    F,
    House,
    Move,
    at,
    in_order,
    moments,
    monthly,
)

ACCOUNT = "bitmex"
CONTRACTS = BITMEX[:2]
HEADINGS = {
    "realized_pnl": "realized_pnl", "trading_fee": "trading_fees", "funding": "funding", "deposit": "deposits",
    "withdrawal": "withdrawals",
}  # fmt: skip


class _Life:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.desk = Desk(START, funding_offset=timedelta(hours=4))
        self.prices = {contract.symbol: contract.price for contract in CONTRACTS}

    def deposit(self, move: Move) -> None:
        self.desk.book("unified", "BTC", move.arrived, "deposit")

    def withdraw(self, move: Move) -> None:
        self.desk.book("unified", "BTC", -move.left, "withdrawal", fee=move.fee)

    def trade(self) -> None:
        """Open, add, close a part, close, or flip."""
        contract = self.draw.choice(CONTRACTS)
        self.prices[contract.symbol] += self.draw.randint(-12, 12) * contract.price // 1000
        price = F(self.prices[contract.symbol])
        stake = self.desk.open.get((contract.symbol, "both"))
        size = self.draw.choice((2, 3, 5, 8)) * contract.step * (2 if contract.symbol == "XBTUSD" else 30)
        buys = self.draw.random() < 0.5
        if stake is not None:
            act = self.draw.choice(("add", "part", "close", "close", "flip"))
            buys = stake.long if act == "add" else not stake.long
            size = {
                "add": size,
                "part": min(size, stake.quantity),
                "close": stake.quantity,
                "flip": stake.quantity + size,
            }[act]
        is_maker = self.draw.random() < 0.4
        fee = rounded(contract.value(size, price) * F(-1 if is_maker else 5, 10_000), 8)
        self.desk.trade(contract, "both", buys, size, price, (fee, "BTC"), maker=is_maker)


def lived(draw: random.Random) -> tuple[House, Desk]:
    """Return the account after the year, and the desk whose positions are the truth."""
    life = _Life(draw)
    acts: list[Act] = []
    for move in MOVES:
        if move.target == ACCOUNT:
            acts.append((move.came_at, partial(life.deposit, move)))
        if move.origin == ACCOUNT:
            acts.append((move.left_at, partial(life.withdraw, move)))
    for month in MONTHS:
        acts += [(moment, life.trade) for moment in moments(draw, month, 4) if moment > at("01-05 14:00")]
    for when, act in in_order(acts):
        life.desk.advance(when)
        act()
    life.desk.advance(END - SECOND)
    printed = bitmex.exports(life.desk)
    return House(
        account=ACCOUNT, opened={},
        entries=tuple(Entry(at=row.at, wallet="unified", asset="BTC", heading=HEADINGS[row.cause], amount=row.amount)
                      for row in life.desk.bookings),
        papers=(*monthly(ACCOUNT, "wallet", printed["wallet"]), *monthly(ACCOUNT, "executions", printed["executions"])),
    ), life.desk  # fmt: skip
