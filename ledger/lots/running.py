"""The run of changes over what is held: acquisitions, disposals, moves and what is owed, one after the other.

A unit that lies in a pool is one's own, with a lot, or a borrowed one, without.  Borrowing brings borrowed units in,
and touches no lot; they may be moved; a disposal takes own units first, then borrowed ones, which is a short sale.  Own
units that come where something was sold short close it, and are borrowed ones from then on.  A repayment takes borrowed
units first; where there are none, own units go to where the borrowed ones are, or close what was sold short there.
"""

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

    pool: str
    stock: Stock
    borrowed: int = 0
    """Units that lie here and are owed; below zero where a debt was repaid before the units came that paid it."""
    shorts: deque[Lot] = field(default_factory=deque)


class Run:
    """Holdings by pool and asset, and what was noted on the way."""

    def __init__(
        self, stock: Callable[[], Stock], record: Record, choices: Mapping[str, Sequence[tuple[str, int]]]
    ) -> None:
        self.stock, self.record = stock, record
        self.pots: dict[tuple[str, str], Pot] = {}
        self.of_asset: dict[str, list[Pot]] = {}
        self.wanted = {event: [Wanted(*choice) for choice in chosen] for event, chosen in choices.items()}
        self.does: dict[str, Callable[[Step], None]] = {
            "acquire": self.acquire, "dispose": self.dispose, "move": self.move, "borrow": self.borrow,
            "repay": self.repay,
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
            pot = self.pots[pool, asset] = Pot(pool, self.stock())
            self.of_asset.setdefault(asset, []).append(pot)
        return pot

    def acquire(self, step: Step) -> None:
        """Take a purchase in: it closes short sales first, the oldest before the others."""
        event = None if step.lot is None else step.event
        lot = Lot(step.lot, event, step.at, step.quantity, step.value, step.fee)
        self.arrive(self.pot(step.pool, step.asset), lot, step)

    def arrive(self, pot: Pot, lot: Lot, step: Step) -> None:
        """Take own units in: they close short sales first, then stand in for what was repaid before they came."""
        while pot.shorts and lot.quantity:
            pot.borrowed += self._close(pot, lot, step)
        if pot.borrowed < 0 and lot.quantity:
            part = lot.split(min(-pot.borrowed, lot.quantity))
            pot.borrowed += part.quantity
            rest = self._deliver(pot, part, step)
            pot.borrowed -= rest.quantity
            if rest.quantity:
                pot.stock.add(rest)
        if lot.quantity:
            pot.stock.add(lot)

    def _close(self, pot: Pot, lot: Lot, step: Step) -> int:
        """Close the oldest short sale with units of a lot as far as they go; return how many."""
        short = pot.shorts[0]
        part = min(short.quantity, lot.quantity)
        sold, bought = short.split(part), lot.split(part)
        self.record.match(step.row, step.at, sold, bought, "short_sale", opened=sold.event)
        if not short.quantity:
            pot.shorts.popleft()
        return part

    def dispose(self, step: Step) -> None:
        """Dispose of what is held; then of what is borrowed; then of what is missing."""
        pot = self.pot(step.pool, step.asset)
        left = Lot(None, step.event, step.at, step.quantity, step.value, step.fee)
        for rule, bought in pot.stock.take(step.quantity, self.wanted.get(step.event, ())):
            if bought.quantity == left.quantity:
                self.record.match(step.row, step.at, left, bought, rule)
                return
            self.record.match(step.row, step.at, left.split(bought.quantity), bought, rule)
        if (short := min(left.quantity, pot.borrowed)) > 0:
            self._sell_short(pot, left.split(short))
        if left.quantity:
            self.record.missing.append((step.event, step.pool, step.asset, step.at, left.quantity))
            self.record.unmatched(step.row, step.at, left)

    def _sell_short(self, pot: Pot, sold: Lot) -> None:
        sold.name = f"{sold.event}:short"
        pot.borrowed -= sold.quantity
        pot.shorts.append(sold)

    def borrow(self, step: Step) -> None:
        """Bring borrowed units in."""
        self.pot(step.pool, step.asset).borrowed += step.quantity

    def repay(self, step: Step) -> None:
        """Give borrowed units back, then own ones in their place."""
        pot = self.pot(step.pool, step.asset)
        borrowed = max(min(step.quantity, pot.borrowed), 0)
        own = step.quantity - borrowed
        taken = pot.stock.take(own, self.wanted.get(step.event, ())) if own else []
        pot.borrowed -= step.quantity
        for _, lot in taken:
            pot.borrowed += lot.quantity
            if (rest := self._deliver(pot, lot, step)).quantity:
                pot.borrowed -= rest.quantity
                pot.stock.add(rest)

    def _deliver(self, pot: Pot, lot: Lot, step: Step) -> Lot:
        """Let own units that were given to a lender close what was sold short elsewhere, or stand in for borrowed units
        there; return what is left because nothing is owed.  First where the account is the same, and short sales.
        """
        owing = [each for each in self.of_asset[step.asset] if each is not pot and (each.shorts or each.borrowed > 0)]
        account = _account(pot.pool)
        for other in sorted(owing, key=lambda each: (account not in ("", _account(each.pool)), not each.shorts)):
            if not lot.quantity:
                break
            owed = sum(short.quantity for short in other.shorts) + max(other.borrowed, 0)
            part = lot.split(min(lot.quantity, owed))
            self.record.moved.append(
                (step.event, pot.pool, other.pool, step.asset, part.name, part.quantity, part.quantity, part.cost, 0,
                 part.at)
            )  # fmt: skip
            while other.shorts and part.quantity:
                self._close(other, part, step)
            if part.quantity:
                other.borrowed -= part.quantity
                other.stock.add(part)
        return lot

    def move(self, step: Step) -> None:
        """Carry units, with their dates and all their cost, to another pool: own ones first, then borrowed ones.

        What the network took leaves its cost to those that arrive; what was not there arrives at an unknown cost.
        """
        pot, to = self.pot(step.pool, step.asset), self.pot(step.to_pool, step.asset)
        taken = pot.stock.take(step.quantity, self.wanted.get(step.event, ()))
        parts = [part for _, part in taken]
        left = step.quantity - sum(part.quantity for part in parts)
        arrives = step.arrives
        if (borrowed := max(min(left, pot.borrowed), 0)) > 0:
            there = share(arrives, borrowed, step.quantity) or 0
            there = there if borrowed == step.quantity else min(there, arrives - 1)
            pot.borrowed -= there
            to.borrowed += there
            if lost := borrowed - there:
                self.record.moved.append((step.event, step.pool, step.to_pool, step.asset, None, lost, 0, 0, 0, None))
                self._sell_short(pot, Lot(None, step.event, step.at, lost, 0, 0))
            left, arrives = left - borrowed, arrives - there
        if left:
            self.record.missing.append((step.event, step.pool, step.asset, step.at, left))
            parts.append(Lot(f"{step.event}:missing", None, None, left, None, None))
        if parts:
            for lot in self._arriving(parts, step, step.quantity - borrowed, arrives):
                self.arrive(to, lot, step)

    def _arriving(self, parts: Sequence[Lot], step: Step, left: int, arrives: int) -> Sequence[Lot]:
        """Return what arrives of the parts, of which all are `left`; the cost of a part too small to arrive goes with
        its neighbour."""  # fmt: skip
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

    def borrowed(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of what lies somewhere and is owed."""
        for (pool, asset), pot in self.pots.items():
            if pot.borrowed:
                yield pool, asset, pot.borrowed

    def unmet(self) -> list[tuple[str, str, int]]:
        """Return event, lot and quantity of what was chosen and not taken."""
        return [
            (event, choice.lot, choice.quantity)
            for event, chosen in self.wanted.items()
            for choice in chosen
            if choice.quantity
        ]


def _account(pool: str) -> str:
    return pool.partition("|")[0]
