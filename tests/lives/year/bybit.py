"""The year at Bybit: a unified account whose balance is below zero at times, fed from the funding account beside it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.files import Export, Line
from tests.lives.model import digits
from tests.lives.unified import PREAMBLE, Account, Row, data_export, screen
from tests.lives.year.shapes import (
    END,
    MINUTE,
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
    quarterly,
)

ACCOUNT = "bybit"
UID = "100000001"
FUNDING_LOG = "Uid,Date & Time(UTC),Coin,QTY,Type,Account Balance,Description"
HISTORY = "Uid,Date,Type,Asset,Chain,Amount,Tx ID,Status,Received Address"
MILLIS = timedelta(milliseconds=200)


class _Life:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.account = Account(unrealized=False, start=START)
        self.funding: list[tuple[datetime, str, Fraction, str, str]] = []
        """Instant, coin, amount, type, description of each row of the funding account."""

    @property
    def now(self) -> datetime:
        """The second."""
        return self.account.clock.replace(microsecond=0)

    def fund(self, asset: str, amount: Fraction, kind: str, text: str) -> None:
        self.funding.append((self.now, asset, amount, kind, text))

    def shift(self, asset: str, amount: Fraction) -> None:
        """Transfer from the funding account to the unified one, or back."""
        kind, text = ("out", "Transfer to") if amount > 0 else ("in", "Transfer from")
        self.fund(asset, -amount, f"Transfer {kind}", f"{text} Unified Trading Account")
        self.account.move(asset, amount)

    def trade(self) -> None:
        """Open, add, close a part, close, or flip the perpetual."""
        account, draw = self.account, self.draw
        account.prices["BTC"] += draw.randint(-9, 9) * 60
        stake = account.desk.open.get(("BTCUSDT", "both"))
        size = F(draw.choice((1, 2, 3)), 100)
        buys = draw.random() < 0.5
        if stake is not None:
            act = draw.choice(("add", "part", "close", "close", "flip"))
            buys = stake.long if act == "add" else not stake.long
            size = {
                "add": size,
                "part": min(size, stake.quantity),
                "close": stake.quantity,
                "flip": stake.quantity + size,
            }[act]
        account.trade_perpetual(buys, size, account.prices["BTC"], maker=draw.random() < 0.4)

    def swap(self, coin: str, buys: bool, quantity: Fraction, price: Fraction) -> None:
        self.account.trade_spot(coin, buys, [(quantity, price)], fee_in_base=False)


def lived(draw: random.Random) -> tuple[House, Account]:
    """Return the account after the year, and the unified account that is the truth."""
    life = _Life(draw)
    for when, act in in_order(_acts(life, draw)):
        life.account.advance(when + MILLIS)
        act()
    life.account.advance(END - timedelta(seconds=1))
    entries = [entry for row in life.account.rows for entry in _entries(row)]
    entries += [Entry(at=when, wallet="funding", asset=asset, amount=amount, heading={
        "Deposit": "deposits", "Withdraw": "withdrawals"}.get(kind, "transfers"))
        for when, asset, amount, kind, _ in life.funding]  # fmt: skip
    papers = [
        *monthly(ACCOUNT, "log", screen(life.account)),
        *quarterly(ACCOUNT, "data export", data_export(life.account)),
        *monthly(ACCOUNT, "funding log", _funding_log(life)),
        *monthly(ACCOUNT, "history", _history()),
    ]
    return House(account=ACCOUNT, opened={}, entries=tuple(entries), papers=tuple(papers)), life.account


def _acts(life: _Life, draw: random.Random) -> list[Act]:
    acts: list[Act] = []
    for move in MOVES:
        if move.target == ACCOUNT:
            acts += _arrivals(life, move)
        if move.origin == ACCOUNT:
            acts += _departures(life, move)
    for month in MONTHS:
        acts += [(moment.replace(second=20), life.trade) for moment in moments(draw, month, 3)
                 if moment > at("01-04 14:00")]  # fmt: skip
    acts += [
        (at("03-18 14:22"), lambda: life.swap("ETH", True, F(4), F(3000))),
        (at("03-19 22:31"), lambda: life.swap("ETH", False, F(4), F(3040))),
        (at("09-20 03:22"), lambda: life.swap("SOL", False, F(12), F(150))),
        (at("09-20 19:45"), lambda: life.swap("SOL", True, F("12.01"), F(148))),
    ]
    return acts


def _arrivals(life: _Life, move: Move) -> list[Act]:
    return [
        (move.came_at, lambda: life.fund(move.asset, move.arrived, "Deposit", "Deposit")),
        (_free(move.came_at + 6 * MINUTE), lambda: life.shift(move.asset, move.arrived)),
    ]


def _departures(life: _Life, move: Move) -> list[Act]:
    return [
        (move.left_at - 5 * MINUTE, lambda: life.shift(move.asset, -move.left)),
        (move.left_at, lambda: life.fund(move.asset, -move.left, "Withdraw", "Withdrawal")),
    ]


def _free(moment: datetime) -> datetime:
    """Return an instant that is not near funding and interest."""
    return moment + 20 * MINUTE if moment.minute < 8 or moment.minute > 57 else moment


def _entries(row: Row) -> list[Entry]:
    is_spot = row.kind == "TRADE" and row.action == "--"
    heading = {
        "TRADE": "trading" if is_spot else "realized_pnl", "SETTLEMENT": "funding", "INTEREST": "interest",
        "TRANSFER_IN": "transfers", "TRANSFER_OUT": "transfers",
    }[row.kind]  # fmt: skip
    parts = ((heading, row.cash + row.funding), ("trading_fees", -row.fee))
    return [Entry(at=row.at, wallet="unified", asset=row.coin, heading=name, amount=amount)
            for name, amount in parts if amount]  # fmt: skip


def _funding_log(life: _Life) -> Export:
    held: dict[str, Fraction] = defaultdict(Fraction)
    lines = []
    for when, asset, amount, kind, text in life.funding:
        held[asset] += amount
        lines.append(Line(at=when, kind=kind, cells=(
            UID, when, asset, digits(amount, 18), kind, digits(held[asset], 18), text)))  # fmt: skip
    return Export(name=f"AssetChangeDetails_fund_{UID}_{{tag}}_0.csv", header=FUNDING_LOG, mark=PREAMBLE, newest_first=True,
                  lines=tuple(lines))  # fmt: skip


def _history() -> Export:
    lines = [_of_history(move) for move in MOVES if ACCOUNT in (move.origin, move.target)]
    return Export(name="assetHistory_withdrawDepositHistory_{tag}.csv", header=HISTORY, mark=PREAMBLE, newest_first=True,
                  lines=tuple(sorted(lines, key=lambda line: line.at)))  # fmt: skip


def _of_history(move: Move) -> Line:
    comes = move.target == ACCOUNT
    when, word = (move.came_at, "Deposit") if comes else (move.left_at, "Withdraw")
    cells: Sequence[str | datetime] = (
        UID, when, word, move.asset, "TRX", digits(move.arrived, 18), move.transaction, "Completed", "InventedAddress",
    )  # fmt: skip
    return Line(at=when, kind=word, cells=tuple(cells))
