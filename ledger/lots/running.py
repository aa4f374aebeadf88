"""The run of changes over what is held: acquisitions, disposals, moves and short sales, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.lots.record import Record
from ledger.lots.stock import Lot, Stock, Wanted, added, share
from ledger.lots.tape import Step


@dataclass(slots=True)
class Pot:
    """What is held of an asset in a pool, and what was sold short there, oldest first; never both."""

    stock: Stock
    shorts: deque[Lot] = field(default_factory=deque)


class Run:
    """Holdings by pool and asset, and what was noted on the way."""

    def __init__(
        self, stock: Callable[[], Stock], record: Record, choices: Mapping[str, Sequence[tuple[str, int]]]
    ) -> None:
        self.stock, self.record = stock, record
        self.pots: dict[tuple[str, str], Pot] = {}
        self.wanted = {event: [Wanted(*choice) for choice in chosen] for event, chosen in choices.items()}
        self.does: dict[str, Callable[[Step], None]] = {
            "acquire": self.acquire, "dispose": self.dispose, "move": self.move,
        }  # fmt: skip

    def pass_over(self, steps: Iterable[Step]) -> None:
        """Let changes happen."""
        does = self.does
        for step in steps:
            does[step.kind](step)

    def pot(self, pool: str, asset: str) -> Pot:
        """Return what is held of the asset there."""
        pot = self.pots.get((pool, asset))
        if pot is None:
            pot = self.pots[pool, asset] = Pot(self.stock())
        return pot

    def acquire(self, step: Step) -> None:
        """Take a purchase in: it closes short sales first, the oldest before the others."""
        event = None if step.lot is None else step.event
        lot = Lot(step.lot, event, step.at, step.quantity, step.value, step.fee)
        self.arrive(self.pot(step.pool, step.asset), lot, step)

    def arrive(self, pot: Pot, lot: Lot, step: Step) -> None:
        """Take units in: they close short sales first."""
        while pot.shorts and lot.quantity:
            short = pot.shorts[0]
            part = min(short.quantity, lot.quantity)
            sold, bought = short.split(part), lot.split(part)
            self.record.match(step.row, step.at, sold, bought, "short_sale", opened=sold.event)
            if not short.quantity:
                pot.shorts.popleft()
        if lot.quantity:
            pot.stock.add(lot)

    def dispose(self, step: Step) -> None:
        """Dispose of what is held; then, as far as it is owed, of what is borrowed; then of what is missing."""
        pot = self.pot(step.pool, step.asset)
        left = Lot(None, step.event, step.at, step.quantity, step.value, step.fee)
        for rule, bought in pot.stock.take(step.quantity, self.wanted.get(step.event, ())):
            if bought.quantity == left.quantity:
                self.record.match(step.row, step.at, left, bought, rule)
                return
            self.record.match(step.row, step.at, left.split(bought.quantity), bought, rule)
        owed = step.shortable - sum(sold.quantity for sold in pot.shorts)
        if (short := min(left.quantity, owed)) > 0:
            sold = left.split(short)
            sold.name = f"{step.event}:short"
            pot.shorts.append(sold)
        if left.quantity:
            self.record.missing.append((step.event, step.pool, step.asset, step.at, left.quantity))
            self.record.unmatched(step.row, step.at, left)

    def move(self, step: Step) -> None:
        """Carry units, with their dates and all their cost, to another pool.

        What the network took leaves its cost to those that arrive; what was not there arrives at an unknown cost.
        """
        taken = self.pot(step.pool, step.asset).stock.take(step.quantity, self.wanted.get(step.event, ()))
        parts = [part for _, part in taken]
        if lacking := step.quantity - sum(part.quantity for part in parts):
            self.record.missing.append((step.event, step.pool, step.asset, step.at, lacking))
            parts.append(Lot(f"{step.event}:missing", None, None, lacking, None, None))
        to = self.pot(step.to_pool, step.asset)
        for lot in self._arriving(parts, step):
            self.arrive(to, lot, step)

    def _arriving(self, parts: Sequence[Lot], step: Step) -> Sequence[Lot]:
        """Return what arrives of the parts; the cost of a part too small to arrive goes with its neighbour."""
        left, arrives = step.quantity, step.arrives
        cost: int | None = 0
        fee: int | None = 0
        lots: list[Lot] = []
        for part in parts:
            there = share(arrives, part.quantity, left) or 0
            left, arrives = left - part.quantity, arrives - there
            kept = share(part.cost, there, part.quantity)
            network = None if part.cost is None or kept is None else part.cost - kept
            self.record.moved.append(
                (step.event, step.pool, step.to_pool, step.asset, part.name, part.quantity, there, part.cost, network,
                 part.at)
            )  # fmt: skip
            cost, fee = added(cost, part.cost), added(fee, part.fee)
            if there:
                lots.append(Lot(part.name, part.event, part.at, there, cost, fee))
                cost, fee = 0, 0
        lots[-1].cost, lots[-1].fee = added(lots[-1].cost, cost), added(lots[-1].fee, fee)
        return lots

    def held(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of what is held, short sales below zero."""
        for (pool, asset), pot in self.pots.items():
            for lot in pot.stock.held():
                yield pool, asset, lot.name, lot.event, lot.at, lot.quantity, lot.cost
            for lot in pot.shorts:
                brought = None if lot.cost is None else -lot.cost
                yield pool, asset, lot.name, lot.event, lot.at, -lot.quantity, brought

    def unmet(self) -> list[tuple[str, str, int]]:
        """Return event, lot and quantity of what was chosen and not taken."""
        return [
            (event, choice.lot, choice.quantity)
            for event, chosen in self.wanted.items()
            for choice in chosen
            if choice.quantity
        ]
