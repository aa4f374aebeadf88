"""The year at Kraken, which the ledger shows from its middle: euros from a bank, coins bought, lots on margin."""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction
from functools import partial

from tests.lives.lots import PAIRS, Booking, LotDesk, LotPlan, Pair, exports
from tests.lives.model import rounded
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

ACCOUNT = "kraken"
TETHER = Pair(base="USDT", quote="EUR", old_base="USDT", old_quote="ZEUR", price=1, unit=F(1))
BITCOIN = Pair(base="BTC", quote="EUR", old_base="XXBT", old_quote="ZEUR", price=55_000, unit=F(1, 100))
ETHER = PAIRS[1]
BEFORE = {"EUR": F("1500.25"), "BTC": F("0.01")}
"""What was held when the ledger begins."""
FIRST_HEADINGS = {
    "deposit": "deposits", "withdrawal": "withdrawals", "trade": "trading", "margin": "realized_pnl",
    "rollover": "interest", "settled": "trading",
}  # fmt: skip
FEE_HEADINGS = {"deposit": "withdrawals", "withdrawal": "withdrawals", "rollover": "interest"}


class _Life:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.desk = LotDesk(LotPlan(steps=(), named=True, doubled=False, settle_word="settle-position"))
        self.desk.clock = START
        self.desk.balances.update(BEFORE)

    def bank(self, amount: int) -> None:
        """Receive euros from a bank, or send them there."""
        kind, fee = ("deposit", F(0)) if amount > 0 else ("withdrawal", F(9, 100))
        self.desk.book(self.desk.number("FT"), kind, "EUR", F(amount), fee)

    def deposit(self, move: Move) -> None:
        self.desk.book(self.desk.number("FT"), "deposit", move.asset, move.arrived)

    def withdraw(self, move: Move) -> None:
        self.desk.book(self.desk.number("FT"), "withdrawal", move.asset, -move.arrived, move.fee)

    def swap(self, pair: Pair, buys: bool, quantity: Fraction, price: Fraction) -> None:
        self.desk.trade(pair, buys, quantity, price, rounded(quantity * price * F(25, 10_000), 4))

    def open(self) -> None:
        """Open a lot on margin."""
        size, price = self.draw.choice((1, 2, 3)) * ETHER.unit, F(2000 + self.draw.randint(-90, 90))
        self.desk.open_lot(ETHER, self.draw.random() < 0.5, size, price, rounded(size * price * F(26, 10_000), 4),
                           rounded(size * price / 5000, 4), F(2, 10_000))  # fmt: skip

    def close(self) -> None:
        """Close the lot, settle it, or close it in two parts."""
        for lot in [lot for lot in self.desk.lots if lot.left]:
            price = lot.price + self.draw.randint(-60, 60)
            how = self.draw.choice(("close", "close", "settle", "halves"))
            if how == "settle" and lot.long:
                self.desk.settle([(lot, lot.left)])
                continue
            if how == "halves":
                self._close(lot.left / 2, price)
                self.desk.wait(timedelta(hours=3))
            self._close(lot.left, price)

    def _close(self, size: Fraction, price: Fraction) -> None:
        lot = next(lot for lot in self.desk.lots if lot.left)
        self.desk.close([(lot, size)], price, rounded(size * price * F(26, 10_000), 4), "limit")


def lived(draw: random.Random) -> tuple[House, LotDesk]:
    """Return the account after the year, and the desk whose lots are the truth."""
    life = _Life(draw)
    for when, act in in_order(_acts(life, draw)):
        life.desk.wait(when - life.desk.clock)
        act()
    life.desk.wait(END - timedelta(seconds=1) - life.desk.clock)
    papers = exports(life.desk, "L4", "T3")
    entries = [entry for row in life.desk.bookings for entry in _entries(row)]
    return House(
        account=ACCOUNT, opened={("spot", asset): amount for asset, amount in BEFORE.items()}, entries=tuple(entries),
        papers=(*monthly(ACCOUNT, "ledger", papers["ledger"]), *monthly(ACCOUNT, "trades", papers["trades"]))), life.desk  # fmt: skip


def _entries(row: Booking) -> list[Entry]:
    parts = ((FIRST_HEADINGS[row.kind], row.amount), (FEE_HEADINGS.get(row.kind, "trading_fees"), -row.fee))
    return [Entry(at=row.at, wallet="spot", asset=row.asset, heading=heading, amount=amount)
            for heading, amount in parts if amount]  # fmt: skip


def _acts(life: _Life, draw: random.Random) -> list[Act]:
    acts: list[Act] = []
    for move in MOVES:
        if move.target == ACCOUNT:
            acts.append((move.came_at, partial(life.deposit, move)))
        if move.origin == ACCOUNT:
            acts.append((move.left_at, partial(life.withdraw, move)))
    acts += [
        (at("01-02 08:30"), lambda: life.bank(45_000)),
        (at("01-02 09:10"), lambda: life.swap(TETHER, True, F(25_000), F("0.9612"))),
        (at("01-02 09:20"), lambda: life.swap(BITCOIN, True, F("0.3"), F(56_120))),
        (at("06-17 12:40"), lambda: life.bank(6_000)),
        (at("06-17 13:20"), lambda: life.swap(TETHER, True, F(5_000), F("0.8711"))),
        (at("09-24 09:30"), lambda: life.bank(-2_000)),
        (at("12-12 10:15"), lambda: life.swap(TETHER, False, F(900), F("0.8611"))),
    ]
    for month in MONTHS:
        opened, closed = moments(draw, month, 2)
        if month == START:
            opened, closed = at("01-09 12:30"), at("01-13 20:40")
        acts.append((opened, life.open))
        acts.append((min(closed, opened + timedelta(days=6, hours=3)), life.close))
    return acts
