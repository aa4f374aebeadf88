"""The UK's rule: units are matched with those acquired on the same day, then in the next 30 days, then with the pool.

TCGA 1992 s105 (the acquisitions of a day are one, and so its disposals; same day first), s106A (the 30 days after the
disposal; earlier disposals before later ones, earlier acquisitions before later ones) and s104 (the pool), which HMRC
applies to tokens: Cryptoassets Manual, CRYPTO22200 to CRYPTO22256.  A day is one of the rule's zone.

What the days match is noted here, shared out over the disposals of a day in proportion to their quantities, each at
its own proceeds.  What is left goes on as changes of the pool, a day at a time: what was borrowed and acquired, then
what moved, then what was disposed of, then what was repaid.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ledger.lots.record import Record
from ledger.lots.stock import Lot, added, share
from ledger.lots.tape import EPOCH, Rows, Step

NEXT_DAYS = 30
ACQUIRED, SOLD = 1, 3
OTHERS = {"borrow": 0, "move": 2, "repay": 4}
"""Order of what is left of a day."""
_Key = tuple[str, str]
"""Pool and asset."""


@dataclass(slots=True)
class _Bought:
    """The acquisitions of a day as one; the lot has a name and an event if it was one."""

    day: int
    first: Step
    lot: Lot

    def add(self, step: Step) -> None:
        lot = self.lot
        lot.name = lot.event = None
        lot.quantity += step.quantity
        lot.cost, lot.fee = added(lot.cost, step.value), added(lot.fee, step.fee)

    def rest(self) -> Step:
        """Return what is left of them as one acquisition."""
        lot = self.lot
        return self.first._replace(quantity=lot.quantity, value=lot.cost, fee=lot.fee, lot=lot.name)


@dataclass(slots=True)
class _Own:
    """A disposal, with what is left of it."""

    row: int
    lot: Lot


@dataclass(slots=True)
class _Sold:
    """The disposals of a day, in their order."""

    parts: list[_Own] = field(default_factory=list)
    left: int = 0

    def add(self, step: Step, lot: Lot) -> None:
        self.parts.append(_Own(step.row, lot))
        self.left += step.quantity

    def matched(self, part: Lot, rule: str, record: Record) -> None:
        """Share what they are matched with out over the disposals, in proportion to what is left of each."""
        whole = self.left
        self.left -= part.quantity
        for own in self.parts:
            size = share(part.quantity, own.lot.quantity, whole) if own.lot.quantity else 0
            whole -= own.lot.quantity
            if size:
                record.match(own.row, own.lot.at or 0, own.lot.split(size), part.split(size), rule)


@dataclass(frozen=True, slots=True)
class _Pending:
    """What was sold on one day and matched with a purchase of a later one."""

    sold_on: int
    bought_on: int
    row: tuple[Any, ...]


class Days:
    """What the days left for the pools, in order, and what crosses days."""

    def __init__(self, left: list[tuple[int, int, Step]], waiting: Sequence[_Pending], zone: str) -> None:
        left.sort(key=lambda item: (item[0], item[1], item[2].row))
        self.days = [day for day, *_ in left]
        self.left = [step for *_, step in left]
        self.waiting, self.zone = waiting, ZoneInfo(zone)

    @property
    def length(self) -> int:
        """How many steps there are."""
        return len(self.left)

    def before(self, instant: datetime) -> int:
        """Return how many steps come before an instant, which is the first of a day."""
        return bisect_left(self.days, self._day(instant))

    def steps(self, start: int, stop: int) -> Iterable[Step]:
        """Return the steps from start to stop (exclusive)."""
        return self.left[start:stop]

    def pending(self, instant: datetime) -> Iterable[tuple[Any, ...]]:
        """Return the rows, below zero, of what was sold before the day and is matched with a purchase not before it."""
        day = self._day(instant)
        return [each.row for each in self.waiting if each.sold_on < day <= each.bought_on]

    def _day(self, instant: datetime) -> int:
        local = instant.astimezone(self.zone)
        if local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) != local:
            raise ValueError(f"the UK's rule knows days only: none begins at {instant.isoformat()} in {self.zone}")
        return (local.date() - EPOCH.date()).days


def by_days(changes: pl.DataFrame, zone: str, record: Record) -> Days:
    """Note what is matched within the same and the next 30 days; return what is left for the pools."""
    local = changes["at"].dt.convert_time_zone(zone).dt.date().cast(pl.Int32).to_list()
    bought: dict[_Key, dict[int, _Bought]] = defaultdict(dict)
    sold: dict[_Key, dict[int, _Sold]] = defaultdict(dict)
    left: list[tuple[int, int, Step]] = []
    rows = Rows(changes)
    for day, step in zip(local, rows.steps(0, rows.length), strict=True):
        key = (step.pool, step.asset)
        if (order := OTHERS.get(step.kind)) is not None:
            left.append((day, order, step))
            continue
        lot = Lot(step.lot, step.event, step.at, step.quantity, step.value, step.fee)
        if step.kind == "dispose":
            sold[key].setdefault(day, _Sold()).add(step, lot)
        elif known := bought[key].get(day):
            known.add(step)
        else:
            bought[key][day] = _Bought(day, step, lot)
    waiting = [each for key, days in sold.items() for each in _match(key, days, bought.get(key, {}), record)]
    left += [
        (day, ACQUIRED, each.rest()) for days in bought.values() for day, each in days.items() if each.lot.quantity
    ]
    left += [
        (day, *rest)
        for key, sales in sold.items()
        for day, each in sales.items()
        if each.left
        for rest in _rests(key, each)
    ]
    return Days(left, waiting, zone)


def _match(key: _Key, sold: Mapping[int, _Sold], bought: Mapping[int, _Bought], record: Record) -> Iterator[_Pending]:
    """Match the days of one pool and asset, given in the order of time; yield what crosses days."""
    for day, disposed in sold.items():
        if part := min(disposed.left, bought[day].lot.quantity) if day in bought else 0:
            disposed.matched(bought[day].lot.split(part), "same_day", record)
    for day, disposed in sold.items():
        later = (bought[then] for then in range(day + 1, day + NEXT_DAYS + 1) if then in bought)
        for purchase in later if disposed.left else ():
            if part := min(disposed.left, purchase.lot.quantity):
                units = purchase.lot.split(part)
                cost = None if units.cost is None else -units.cost
                yield _Pending(day, purchase.day, (*key, None, purchase.first.event, units.at, -part, cost))
                disposed.matched(units, "thirty_days", record)


def _rests(key: _Key, sold: _Sold) -> Iterator[tuple[int, Step]]:
    """Yield what is left of the disposals of a day."""
    for own in sold.parts:
        if (lot := own.lot).quantity:
            place = (own.row, lot.event or "", *key, lot.at or 0)
            yield SOLD, Step(*place, "dispose", lot.quantity, lot.cost, lot.fee, "", 0, None)
