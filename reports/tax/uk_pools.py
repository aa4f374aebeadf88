"""Section 104 pools of a year: what went in and out, day by day, so far as the year's own lines prove it.

TCGA 1992 s. 104, 105 and 106A; HMRC Cryptoassets Manual CRYPTO22200 and its examples CRYPTO22251 to 22257: a disposal
takes from acquisitions of the same day, then from those of the next 30 days, then from the pool at its average cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from reports.tax.amounts import day
from reports.tax.value import TaxYear

CLOSE = Fraction(1, 10**9)
"""Costs that differ by less are equal: they were shared out with 18 decimals."""
DIRECT = {"same_day": "disposed_at", "thirty_days": "acquired_at", "short_sale": "disposed_at"}
"""Rules under which units never enter the pool, and what tells the day on which they were acquired."""


@dataclass(frozen=True)
class Held:
    """What is in a pool: units, and their allowable cost; None: unknown."""

    quantity: Fraction = Fraction(0)
    cost: Fraction | None = Fraction(0)

    def plus(self, other: Held) -> Held:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Held(self.quantity + other.quantity, cost)

    def minus(self, other: Held) -> Held:
        cost = None if self.cost is None or other.cost is None else self.cost - other.cost
        return Held(self.quantity - other.quantity, cost)

    def is_close(self, other: Held) -> bool:
        if abs(self.quantity - other.quantity) >= CLOSE:
            return False
        if self.cost is None or other.cost is None:
            return self.cost is None and other.cost is None
        return abs(self.cost - other.cost) < CLOSE


@dataclass(frozen=True, kw_only=True)
class Step:
    """A day of a pool: what entered, what was taken out, and what was in it before and after."""

    on: date
    entered: Held
    taken: Held
    before: Held
    after: Held


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The pool of an asset in a year."""

    asset: str
    opening: Held
    closing: Held
    reached: Held = field(default_factory=Held)
    """Where the lines of the year lead from the opening; not the closing where units moved otherwise."""
    steps: Sequence[Step] = ()
    earlier: Held = field(default_factory=Held)
    """Units acquired in the year that belong to disposals of the year before, by the rule of 30 days."""
    is_proven: bool = True
    """Whether opening, steps and closing agree, and every disposal took the average; else there are no steps."""

    @cached_property
    def by_day(self) -> Mapping[date, Step]:
        return {step.on: step for step in self.steps}

    @property
    def is_empty(self) -> bool:
        return not self.steps and self.opening == Held() == self.closing


def pools(year: TaxYear) -> dict[str, Pool]:
    """Return the pool of each asset that was held, acquired or disposed of in the year."""
    zone = ZoneInfo(year.policy.zone)
    before, after = _held(year.lots_before), _held(year.lots)
    earlier = _earlier(year, zone)
    bought, direct, taken = _by_day(year, zone)
    assets = {*before, *after, *bought, *direct, *earlier, *taken, *year.disposals["asset"]}
    return {
        asset: _pool(asset, before.get(asset, Held()), after.get(asset, Held()), bought[asset], direct[asset],
                     earlier[asset], taken[asset])
        for asset in sorted(assets)
    }  # fmt: skip


Days = defaultdict[str, dict[date, Held]]


def _held(lots: pl.DataFrame) -> dict[str, Held]:
    """Return the units of pools; below zero are those that a later purchase covers, which are no part of a pool."""
    made: defaultdict[str, Held] = defaultdict(Held)
    for row in lots.filter(pl.col("lot").is_null() & (pl.col("quantity") > 0)).iter_rows(named=True):
        made[row["asset"]] = made[row["asset"]].plus(_of(row, "cost"))
    return dict(made)


def _earlier(year: TaxYear, zone: ZoneInfo) -> Days:
    """Return by asset and day what was acquired in the year for disposals of the year before.

    At its start such units are held below zero, with the day on which they are acquired.
    """
    made: Days = defaultdict(dict)
    ahead = (pl.col("quantity") < 0) & (pl.col("acquired_at") >= year.policy.starts_at)
    for row in year.lots_before.filter(ahead).iter_rows(named=True):
        _add(made, row["asset"], day(row["acquired_at"], zone), Held().minus(_of(row, "cost")))
    return made


def _by_day(year: TaxYear, zone: ZoneInfo) -> tuple[Days, Days, Days]:
    """Return by asset and day what was bought, what of it was matched to disposals directly, and taken from pools."""
    bought: Days = defaultdict(dict)
    direct: Days = defaultdict(dict)
    taken: Days = defaultdict(dict)
    for row in year.acquisitions.iter_rows(named=True):
        _add(bought, row["asset"], day(row["acquired_at"], zone), _of(row, "cost"))
    for row in year.disposals.iter_rows(named=True):
        acquired_at = row[DIRECT[row["rule"]]] if row["rule"] in DIRECT else None
        if acquired_at is not None and acquired_at < year.policy.ends_at:
            _add(direct, row["asset"], day(acquired_at, zone), _of(row, "basis"))
        elif row["rule"] == "section_104":
            _add(taken, row["asset"], day(row["disposed_at"], zone), _of(row, "basis"))
    return bought, direct, taken


def _add(days: Days, asset: str, on: date, held: Held) -> None:
    days[asset][on] = days[asset].get(on, Held()).plus(held)


def _of(row: Mapping[str, Any], cost: str) -> Held:
    return Held(Fraction(row["quantity"]), None if row[cost] is None else Fraction(row[cost]))


def _pool(
    asset: str, opening: Held, closing: Held, bought: Mapping[date, Held], direct: Mapping[date, Held],
    earlier: Mapping[date, Held], taken: Mapping[date, Held],
) -> Pool:  # fmt: skip
    entered = {
        on: bought.get(on, Held()).minus(direct.get(on, Held())).minus(earlier.get(on, Held()))
        for on in {*bought, *direct, *earlier}
    }
    steps = _walk(opening, entered, taken)
    last = steps[-1].after if steps else opening
    is_proven = last.is_close(closing) and _takes_averages(steps)
    of_before = Held()
    for held in earlier.values():
        of_before = of_before.plus(held)
    return Pool(asset=asset, opening=opening, closing=closing, reached=last, steps=steps if is_proven else (),
                earlier=of_before, is_proven=is_proven)  # fmt: skip


def _walk(opening: Held, net: Mapping[date, Held], taken: Mapping[date, Held]) -> list[Step]:
    steps, held = [], opening
    for on in sorted({*net, *taken}):
        entered, out = net.get(on, Held()), taken.get(on, Held())
        if entered == Held() and out == Held():
            continue
        before = held
        held = held.plus(entered).minus(out)
        steps.append(Step(on=on, entered=entered, taken=out, before=before, after=held))
    return steps


def _takes_averages(steps: Sequence[Step]) -> bool:
    """Say whether each day took units at the pool's average cost, and never more than there were."""
    for step in steps:
        there = step.before.plus(step.entered)
        if step.taken.quantity > there.quantity + CLOSE or step.entered.quantity < -CLOSE:
            return False
        if there.quantity and there.cost is not None and step.taken.cost is not None:
            share = there.cost * step.taken.quantity / there.quantity
            if abs(share - step.taken.cost) >= CLOSE:
                return False
    return True
