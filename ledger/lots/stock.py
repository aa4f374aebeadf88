"""What is held of one asset in one place: lots in the order of a method, or a pool at its average."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ledger.accounting.sharing import half_even


def share(whole: int | None, part: int, of: int) -> int | None:
    """Return the share of `part` units of `of` in a whole, rounded half to even; of all units, the whole; unknown of
    what is unknown."""  # fmt: skip
    if whole is None or part == of:
        return whole
    return half_even(whole * part, of)


def added(one: int | None, other: int | None) -> int | None:
    """Return the sum, unknown where a part is."""
    return None if one is None or other is None else one + other


@dataclass(slots=True, eq=False)
class Lot:
    """Units with one history: when and by what they were acquired, what they cost (sold short: what they brought)."""

    name: str | None
    event: str | None
    at: int | None
    """Microseconds since 1970; null: unknown, or a pool."""
    quantity: int
    cost: int | None
    fee: int | None

    def split(self, quantity: int) -> Lot:
        """Take units off (at most all), with their share of cost and fee; all units take all that is left."""
        whole, cost, fee = self.quantity, self.cost, self.fee
        self.quantity = whole - quantity
        if cost:
            cost = half_even(cost * quantity, whole) if quantity != whole else cost
            self.cost = (self.cost or 0) - cost
        if fee:
            fee = half_even(fee * quantity, whole) if quantity != whole else fee
            self.fee = (self.fee or 0) - fee
        return Lot(self.name, self.event, self.at, quantity, cost, fee)


@dataclass(slots=True)
class Wanted:
    """A lot that a person chose, and how much of it is still to be taken, in units of 1e-18."""

    lot: str
    quantity: int


Taken = tuple[str, Lot]
"""By what rule, and the units with their cost."""


class Stock(Protocol):
    """What is held of one asset in one place; never below zero."""

    def add(self, lot: Lot) -> None:
        """Take units in."""

    def take(self, quantity: int, wanted: Sequence[Wanted]) -> list[Taken]:
        """Return the units that go first, the wanted before all; fewer than asked for where fewer are held."""

    def held(self) -> Iterable[Lot]:
        """Return what is held, what goes first before the rest."""


Place = tuple[Any, ...]
Order = Callable[[Lot, int], Place]
"""Where a lot stands, given how many came before it: numbers of which no two are equal, then the lot; the least goes
first."""

EXACT = 256
"""Unit costs are compared in units of 2^-256: amounts are below 2^127, so two different ones never look equal."""


def earliest(lot: Lot, number: int) -> Place:
    """Earliest acquired first, those of unknown date before all; at one instant in their order."""
    return (-math.inf if lot.at is None else lot.at, number, lot)


def latest(lot: Lot, number: int) -> Place:
    """Latest acquired first, those of unknown date after all; at one instant the last of them."""
    return (math.inf if lot.at is None else -lot.at, -number, lot)


def dearest(lot: Lot, number: int) -> Place:
    """Highest unit cost (as it came) first, of equal ones the earliest acquired; unknown cost after all."""
    unit = math.inf if lot.cost is None else -((lot.cost << EXACT) // lot.quantity)
    return (unit, *earliest(lot, number))


@dataclass(slots=True)
class Ordered:
    """Lots, of which one goes after the other."""

    rule: str
    order: Order
    findable: bool
    """Whether lots may be chosen by their name."""
    heap: list[Place] = field(default_factory=list)
    named: dict[str | None, list[Lot]] = field(default_factory=dict)
    count: int = 0

    def add(self, lot: Lot) -> None:
        """Take a lot in."""
        self.count += 1
        heapq.heappush(self.heap, self.order(lot, self.count))
        if self.findable:
            self.named.setdefault(lot.name, []).append(lot)

    def take(self, quantity: int, wanted: Sequence[Wanted]) -> list[Taken]:
        """Return the wanted lots as far as they are held, then those that go first."""
        taken = self._chosen(quantity, wanted) if wanted else []
        left = quantity - sum(part.quantity for _, part in taken) if taken else quantity
        heap, rule = self.heap, self.rule
        while left and heap:
            lot = heap[0][-1]
            if lot.quantity > left:
                taken.append((rule, lot.split(left)))
                break
            heapq.heappop(heap)
            if lot.quantity:  # else it was chosen before
                left -= lot.quantity
                taken.append((rule, lot.split(lot.quantity) if self.findable else lot))
        return taken

    def _chosen(self, quantity: int, wanted: Sequence[Wanted]) -> list[Taken]:
        taken: list[Taken] = []
        for choice in wanted:
            for lot in self.named.get(choice.lot, ()):
                if part := min(choice.quantity, lot.quantity, quantity):
                    taken.append(("chosen", lot.split(part)))
                    choice.quantity -= part
                    quantity -= part
        return taken

    def held(self) -> Iterable[Lot]:
        """Return the lots, what goes first before the rest."""
        return [place[-1] for place in sorted(self.heap) if place[-1].quantity]


def _nothing() -> Lot:
    return Lot(None, None, None, 0, 0, 0)


@dataclass(slots=True)
class Pooled:
    """Units without a history of their own, at their average; what came at an unknown cost makes that of all unknown,
    until nothing is left."""  # fmt: skip

    rule: str
    pool: Lot = field(default_factory=_nothing)

    def add(self, lot: Lot) -> None:
        """Take units in."""
        pool = self.pool
        pool.quantity += lot.quantity
        pool.cost, pool.fee = added(pool.cost, lot.cost), added(pool.fee, lot.fee)

    def take(self, quantity: int, wanted: Sequence[Wanted]) -> list[Taken]:
        """Return units at the average; a pool has no lots to choose."""
        part = min(quantity, self.pool.quantity)
        if not part:
            return []
        taken = self.pool.split(part)
        if not self.pool.quantity:
            self.pool = _nothing()
        return [(self.rule, taken)]

    def held(self) -> Iterable[Lot]:
        """Return the pool, if there is something in it."""
        return [self.pool] if self.pool.quantity else []
