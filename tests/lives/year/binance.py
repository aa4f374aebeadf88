"""The year at Binance: USD-M futures with funding, fees in USDT and BNB and a liquidation, and the spot wallet beside."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial

from tests.lives import binance
from tests.lives.files import Export, Line
from tests.lives.model import SECOND, ZERO, Booking, Contract, Desk, digits, rounded
from tests.lives.strategies import BNB, USDM, Plan
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
    Paper,
    at,
    in_order,
    moments,
    monthly,
    quarterly,
    snapshots,
)

ACCOUNT = "binance"
CONTRACTS = USDM[:2]
HEADINGS = {
    "realized_pnl": "realized_pnl", "trading_fee": "trading_fees", "funding": "funding", "transfer": "transfers",
    "liquidation_fee": "liquidation", "rebate": "other", "deposit": "deposits", "withdrawal": "withdrawals",
    "trade": "trading", "income": "other",
}  # fmt: skip
SPOT_WORDS = {"withdrawal": "Withdraw", "income": "HODLer Airdrops Distribution", "trading_fee": "Transaction Fee"}
BUYS, SELLS = ("Transaction Spend", "Transaction Buy"), ("Transaction Sold", "Transaction Revenue")
SPOT_TRADES = "Time,Pair,Side,Price,Executed,Amount,Fee"
DEPOSITS = "Time,Coin,Network,Amount,Address,TXID,Status"
WITHDRAWALS = "Time,Coin,Network,Amount,Fee,Address,TXID,Status"
NETWORKS = {"USDT": "TRX", "BTC": "BTC"}


class _Life:
    """The account while it is lived."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.desk = Desk(START, funding_offset=timedelta(0), delays=(0, 1))
        self.desk.rates = {"BTCUSDT": 1, "ETHUSDT": -1}
        self.prices = {contract.symbol: contract.price for contract in CONTRACTS}
        self.words: dict[int, str] = {}
        """Operation of the bookings of spot trades, by number."""
        self.spot_trades: list[Line] = []

    # ------------------------------------------------------------------------------------------- spot

    def deposit(self, move: Move) -> None:
        self.desk.book("spot", move.asset, move.arrived, "deposit")

    def withdraw(self, move: Move) -> None:
        self.desk.book("spot", move.asset, -move.left, "withdrawal")

    def shift(self, asset: str, amount: Fraction) -> None:
        """Transfer from the spot wallet to the futures, or back."""
        self.desk.book("spot", asset, -amount, "transfer", other="usdm")
        self.desk.book("usdm", asset, amount, "transfer", other="spot")

    def swap(self, base: str, buys: bool, quantity: Fraction, price: Fraction) -> None:
        """Trade a pair with USDT; the fee is in BNB."""
        value, fee = quantity * price, rounded(quantity * price * F(75, 100_000) / BNB, 8)
        legs = [("USDT", -value), (base, quantity)] if buys else [(base, -quantity), ("USDT", value)]
        for word, (asset, amount) in zip(BUYS if buys else SELLS, legs, strict=True):
            self.words[self.desk.book("spot", asset, amount, "trade").number] = word
        self.desk.book("spot", "BNB", -fee, "trading_fee")
        self.spot_trades.append(Line(at=self.desk.clock, symbol=f"{base}USDT", cells=(
            self.desk.clock, f"{base}USDT", "BUY" if buys else "SELL", digits(price, 2), f"{digits(quantity, 8)}{base}",
            f"{digits(value, 8)}USDT", f"{digits(fee, 8)}BNB")))  # fmt: skip

    def drop(self) -> None:
        """Receive an airdrop."""
        self.desk.book("spot", "BNB", F(self.draw.randint(1, 9), 1000), "income")

    # ---------------------------------------------------------------------------------------- futures

    def trade(self) -> None:
        """Open, add, close a part, close, or flip."""
        contract = self.draw.choice(CONTRACTS)
        self.prices[contract.symbol] += self.draw.randint(-12, 12) * contract.price // 1000
        price = F(self.prices[contract.symbol])
        stake = self.desk.open.get((contract.symbol, "both"))
        size = self.draw.choice((20, 30, 50, 80)) * contract.step
        buys = self.draw.random() < 0.6
        if stake is not None:
            act = self.draw.choice(("add", "part", "part", "close", "flip", "flip"))
            buys = stake.long if act == "add" else not stake.long
            size = {
                "add": size,
                "part": min(size, stake.quantity),
                "close": stake.quantity,
                "flip": stake.quantity + size,
            }[act]
        self._fill(contract, buys, size, price)

    def _fill(self, contract: Contract, buys: bool, size: Fraction, price: Fraction) -> None:
        value, kind = contract.value(size, price), self.draw.choice(("taker", "taker", "maker", "bnb"))
        fee = {
            "taker": (rounded(value * F(4, 10_000), 8), "USDT"), "maker": (rounded(value * F(-1, 10_000), 8), "USDT"),
            "bnb": (rounded(value * F(3, 10_000) / BNB, 8), "BNB"),
        }[kind]  # fmt: skip
        self.desk.trade(contract, "both", buys, size, price, fee, maker=kind == "maker")

    def liquidate(self) -> None:
        """Lose a long of ETH: two forced fills of one order, and the clearance fee a second later."""
        contract = CONTRACTS[1]
        stake = self.desk.open.get((contract.symbol, "both"))
        if stake is None or not stake.long:
            size = F(1) + (stake.quantity if stake else 0)
            self._fill(contract, True, size, F(self.prices[contract.symbol]))
            self.desk.advance(self.desk.clock + timedelta(hours=9))
            stake = self.desk.open[contract.symbol, "both"]
        price, order, fills = F(self.prices[contract.symbol] * 9 // 10), self.desk.number() * 10, []
        for part in (contract.step * 10, stake.quantity - contract.step * 10):
            fee = rounded(contract.value(part, price) * F(4, 10_000), 8), "USDT"
            fills.append(self.desk.trade(contract, "both", False, part, price, fee, order=order, forced=True))
        self.desk.forced_orders.append(fills)
        self.desk.advance(self.desk.clock + SECOND)
        paid = rounded(sum((fill.value for fill in fills), ZERO) / 80, 8)
        self.desk.book("usdm", "USDT", -paid, "liquidation_fee", contract=contract, owner=stake)
        stake.liquidation_fees += paid


def lived(draw: random.Random) -> tuple[House, Desk]:
    """Return the account after the year, and the desk whose positions are the truth."""
    life = _Life(draw)
    for when, act in in_order(_acts(life, draw)):
        life.desk.advance(when)
        act()
    life.desk.advance(END - SECOND)
    house = House(
        account=ACCOUNT, opened={}, papers=(), seen=frozenset({"spot", "usdm"}),
        entries=tuple(Entry(at=row.at, wallet=row.wallet, asset=row.asset, heading=HEADINGS[row.cause], amount=row.amount)
                      for row in life.desk.bookings))  # fmt: skip
    return replace(house, papers=tuple(_papers(life, house))), life.desk


def _acts(life: _Life, draw: random.Random) -> list[Act]:
    acts: list[Act] = []
    for move in MOVES:
        if move.target == ACCOUNT:
            acts.append((move.came_at, partial(life.deposit, move)))
        if move.origin == ACCOUNT:
            acts.append((move.left_at, partial(life.withdraw, move)))
    acts.append((at("01-03 11:15"), lambda: life.swap("BNB", True, F(3), BNB)))
    acts.append((at("01-03 11:20"), lambda: life.shift("BNB", F(2))))
    acts.append((at("01-03 11:25"), lambda: life.shift("USDT", F(7000))))
    acts.append((at("07-09 10:30"), lambda: life.swap("BTC", False, F(199, 10_000), F(61_250))))
    acts.append((at("06-14 16:40"), life.liquidate))
    for month in MONTHS:
        first, *trades, last = moments(draw, month, 7)
        trades = [moment for moment in trades if moment > at("01-03 12:00")]
        acts += [(moment, life.trade) for moment in trades]
        acts.append((first if month != START else at("01-08 13:13"), life.drop))
        acts.append((last, partial(life.shift, "USDT", F(150 if month.month % 3 else -100))))
        acts.append((last + timedelta(minutes=2), lambda: life.desk.book("usdm", "USDT", F(7, 1000), "rebate")))
    return acts


def _papers(life: _Life, house: House) -> list[Paper]:
    desk = life.desk
    plan = Plan(steps=(), contracts=CONTRACTS, start=START, skews=(0, 1, 0, -1))
    return [
        *monthly(ACCOUNT, "income", binance.income(desk, "usdm")),
        *monthly(ACCOUNT, "trades", binance.trades(desk, "usdm", position_sides=False)),
        *monthly(ACCOUNT, "forced", binance.force_orders(desk, "usdm")),
        *monthly(ACCOUNT, "spot trades", Export(
            name="Binance-Spot-Trade-History-{tag}{zone}.csv", header=SPOT_TRADES, clock=binance.TWO_DIGIT_YEAR, zoned=True,
            newest_first=True, lines=tuple(life.spot_trades))),
        *quarterly(ACCOUNT, "statement", _statement(life, plan)),
        *monthly(ACCOUNT, "deposits", _history("Deposit", [move for move in MOVES if move.target == ACCOUNT])),
        *monthly(ACCOUNT, "withdrawals", _history("Withdraw", [move for move in MOVES if move.origin == ACCOUNT])),
        Paper(account=ACCOUNT, kind="prices", tag="2025", export=binance.prices(desk, plan)),
        *snapshots(house, "spot"),
        *snapshots(house, "usdm"),
    ]  # fmt: skip


def _statement(life: _Life, plan: Plan) -> Export:
    """Return the statement of both wallets; what only the spot wallet books has words of its own."""
    others = Desk(START, funding_offset=timedelta(0))
    others.bookings = [row for row in life.desk.bookings if _word(life, row) is None]
    printed = binance.statement(others, plan)
    own = [Line(at=row.at, kind=row.cause, cells=(binance.UID, row.at, "Spot", word, row.asset, digits(row.amount, 8), ""))
           for row in life.desk.bookings if (word := _word(life, row)) is not None]  # fmt: skip
    return replace(printed, lines=tuple(sorted([*printed.lines, *own], key=lambda line: line.at)))


def _word(life: _Life, row: Booking) -> str | None:
    return (life.words.get(row.number) or SPOT_WORDS.get(row.cause)) if row.wallet == "spot" else None


def _history(word: str, moves: Sequence[Move]) -> Export:
    lines = []
    for move in moves:
        when: datetime = move.came_at if word == "Deposit" else move.left_at
        amounts = [digits(move.arrived, 8)] if word == "Deposit" else [digits(move.arrived, 8), digits(move.fee, 8)]
        lines.append(Line(at=when, cells=(
            when, move.asset, NETWORKS[move.asset], *amounts, "InventedAddress", move.transaction, "Completed")))  # fmt: skip
    return Export(name=f"Binance-{word}-History-{{tag}}{{zone}}.csv", header=DEPOSITS if word == "Deposit" else WITHDRAWALS,
                  clock=binance.TWO_DIGIT_YEAR, zoned=True, newest_first=True, lines=tuple(lines))  # fmt: skip
