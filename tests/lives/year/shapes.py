"""What the year of one owner is made of: entries of wallets, transfers between venues, papers of a month."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from tests.lives.files import Export, Line
from tests.lives.model import ZERO

F = Fraction
MINUTE = timedelta(minutes=1)
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = tuple(datetime(2025, month, 1, tzinfo=UTC) for month in range(1, 13))
PERIODS = tuple(f"{month:%Y-%m}" for month in MONTHS)


def at(clock: str, second: int = 0) -> datetime:
    """Return an instant of the year by `MM-DD HH:MM`."""
    return datetime.fromisoformat(f"2025-{clock}:{second:02d}+00:00")


def end_of(month: datetime) -> datetime:
    """Return the first instant of the next month."""
    return (month + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A change of a wallet, under the heading that the roll-forward gives it."""

    at: datetime
    wallet: str
    asset: str
    heading: str
    amount: Fraction


@dataclass(frozen=True, kw_only=True)
class Move:
    """A transfer between two venues: what left, with what the network took of it, and when it arrived."""

    asset: str
    arrived: Fraction
    fee: Fraction
    origin: str
    target: str
    left_at: datetime
    came_at: datetime
    transaction: str

    @property
    def left(self) -> Fraction:
        """Return all that left."""
        return self.arrived + self.fee


def _move(route: str, clock: str, asset: str, arrived: str, fee: str, minutes: int) -> Move:
    origin, target = route.split(" > ")
    left_at = at(clock, 17)
    return Move(asset=asset, arrived=F(arrived), fee=F(fee), origin=origin, target=target, left_at=left_at,
                came_at=left_at + minutes * MINUTE, transaction=f"{left_at:%m%d%H%M}{'f' * 56}")  # fmt: skip


MOVES = (
    _move("kraken > binance", "01-03 10:21", "USDT", "12000", "2.5", 9),
    _move("kraken > bybit", "01-04 11:40", "USDT", "8000", "2.5", 7),
    _move("kraken > bitmex", "01-05 12:31", "BTC", "0.25", "0.00005", 41),
    _move("binance > bybit", "02-10 09:14", "USDT", "900", "1", 6),
    _move("bybit > kraken", "03-12 18:27", "USDT", "800", "1.6", 12),
    _move("binance > bybit", "04-30 23:48", "USDT", "650", "1", 31),
    _move("bitmex > kraken", "05-16 13:33", "BTC", "0.0399", "0.0001", 55),
    _move("kraken > binance", "06-19 08:12", "USDT", "2500", "2.5", 14),
    _move("bitmex > binance", "07-08 15:25", "BTC", "0.0199", "0.0001", 38),
    _move("binance > kraken", "08-21 07:41", "USDT", "500", "1", 10),
    _move("bybit > binance", "09-09 21:18", "USDT", "750", "1.6", 8),
    _move("kraken > bybit", "10-02 06:36", "USDT", "1200", "2.5", 9),
    _move("kraken > bitmex", "11-11 17:11", "BTC", "0.03", "0.00005", 33),
    _move("binance > kraken", "12-05 14:51", "USDT", "400", "1", 12),
)
"""One a month and more; that of the end of April is on its way when the month ends."""

Act = tuple[datetime, Callable[[], object]]


def in_order(acts: Sequence[Act]) -> list[Act]:
    """Return what is done, oldest first."""
    return sorted(acts, key=lambda act: act[0])


def moments(draw: random.Random, month: datetime, number: int) -> list[datetime]:
    """Return instants of a month, away from the full hour, at which something is booked by itself."""
    days = draw.sample(range(1, 28), number)
    return [month + timedelta(days=day - 1, hours=draw.randrange(24), minutes=draw.randint(12, 56),
                              seconds=draw.randrange(60)) for day in sorted(days)]  # fmt: skip


# ------------------------------------------------------------------------------------------------- papers


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Paper:
    """One exported file: a month (or a quarter and some days around it) of an export."""

    account: str
    kind: str
    tag: str
    export: Export

    @property
    def name(self) -> str:
        """Return what tells it from the others."""
        return f"{self.kind} {self.tag}"

    def only(self, wanted: Callable[[Line], bool]) -> Paper:
        """Return the file with some of its rows."""
        return replace(self, export=self.export.keeping(wanted))

    def without(self, rows: Collection[Line]) -> Paper:
        """Return the file without some of its rows."""
        return self.only(lambda line: line not in rows)

    def write(self, folder: Path) -> Path:
        """Write it into a folder of its kind and return where."""
        place = folder / self.account / self.kind
        place.mkdir(parents=True, exist_ok=True)
        return self.export.write(place, tag=self.tag)


def monthly(account: str, kind: str, export: Export) -> list[Paper]:
    """Return the files of the months in which the export has rows."""
    return [Paper(account=account, kind=kind, tag=f"{month:%Y-%m}", export=piece)
            for month in MONTHS if (piece := _within(export, month, end_of(month))).lines]  # fmt: skip


def quarterly(account: str, kind: str, export: Export) -> list[Paper]:
    """Return the files of the quarters; each begins three days before its quarter and ends three days after it."""
    three = timedelta(days=3)
    return [Paper(account=account, kind=kind, tag=f"2025-Q{number + 1}",
                  export=_within(export, MONTHS[3 * number] - three, end_of(MONTHS[3 * number + 2]) + three))
            for number in range(4)]  # fmt: skip


def _within(export: Export, first: datetime, end: datetime) -> Export:
    return export.keeping(lambda line: first <= line.at < end)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class House:
    """A venue's account after the year: what it held before, every change of its wallets, and what it exports."""

    account: str
    opened: dict[tuple[str, str], Fraction]
    entries: tuple[Entry, ...]
    papers: tuple[Paper, ...]
    seen: frozenset[str] = frozenset()
    """Wallets whose balances are stated at the end of every month, those that are zero, too."""

    def balance(self, wallet: str, asset: str, until: datetime) -> Fraction:
        """Return what was held before an instant."""
        moved = (row.amount for row in self.entries if (row.wallet, row.asset) == (wallet, asset) and row.at < until)
        return self.opened.get((wallet, asset), ZERO) + sum(moved, ZERO)

    def pots(self) -> list[tuple[str, str]]:
        """Return every asset of every wallet."""
        return sorted({(row.wallet, row.asset) for row in self.entries} | set(self.opened))


def snapshots(house: House, wallet: str) -> list[Paper]:
    """Return what was seen of a wallet without a running balance: when the year began, and at the end of every month."""
    papers = []
    for month in MONTHS:
        ends = end_of(month) - timedelta(microseconds=1)
        lines = tuple(
            Line(at=seen, cells=(f"{seen:%Y-%m-%dT%H:%M:%S.%fZ}", asset, plain(house.balance(wallet, asset, seen)), "wallet",
                                 house.account, wallet))
            for seen in ((START, ends) if month == START else (ends,)) for pot, asset in house.pots() if pot == wallet
        )  # fmt: skip
        export = Export(name=f"{wallet}-{{tag}}.csv", header="stated_at,asset,balance,kind,venue,wallet", lines=lines)
        papers.append(Paper(account=house.account, kind=f"stated {wallet}", tag=f"{month:%Y-%m}", export=export))
    return papers


def plain(value: Fraction) -> str:
    """Return a decimal of at most 18 places."""
    whole = value * 10**18
    assert whole.denominator == 1
    text = str(abs(whole.numerator)).rjust(19, "0")
    return ("-" if value < 0 else "") + f"{text[:-18]}.{text[-18:]}".rstrip("0").rstrip(".")
