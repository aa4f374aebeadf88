"""What a liquidation could take, as the book knows it: the changes of its balances, its positions, its prices.

Isolated margin is that position's alone; cross margin a wallet's balance of the settle asset; a margin or unified
account all that it holds and owes; a loan its collateral and its debt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from ledger.auditing.marks import Marks
from ledger.auditing.stakes import Found
from ledger.judging.case import Quote, Stake
from ledger.liquidating.event import Event

ZERO = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of what the bucket owns less what it owes, or a part of it."""

    at: datetime
    row_key: str
    asset: str
    pool: str
    amount: Fraction
    """+ = the net worth grows; a debt that grows is negative."""
    cause: str
    symbol: str | None
    position_id: str | None
    is_own: bool
    is_forced: bool
    """Whether this liquidation made it."""
    is_sale: bool = False
    """Of a loan, whether a forced sale made it, this one or an earlier."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """What an asset of the bucket comes to."""

    owned: Fraction = ZERO
    owed: Fraction = ZERO

    @property
    def net(self) -> Fraction:
        """What is owned less what is owed."""
        return self.owned - self.owed


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """By how much the venue's balances differ from the rows at both ends; None: nothing is stated there."""

    start: Fraction | None = None
    end: Fraction | None = None
    reset: bool = False
    """Whether the difference came about because the venue set a negative balance to zero."""

    @property
    def gap(self) -> Fraction:
        """By how much the stated balance left the rows between the ends; 0 where one of them is not stated."""
        return ZERO if self.start is None or self.end is None else self.end - self.start


@dataclass(kw_only=True)
class Bucket:
    """Everything of one liquidation that the book has, in order of time."""

    event: Event
    currency: str
    margin_mode: str
    is_isolated: bool
    started_at: datetime
    started_by: str
    triggered_at: datetime
    ended_at: datetime
    found: Sequence[Found]
    changes: Sequence[Change]
    levels: Mapping[str, Level]
    """By asset, just before the start."""
    deviations: Mapping[str, Deviation]
    marks: Mapping[str, Marks]
    """By symbol."""
    trigger: Quote | None
    """The mark of the own instrument at the trigger."""
    base: str | None
    """The asset that the own instrument is of, where the position's size is a balance of the bucket."""
    beside: str | None = None
    """The asset that a contract is of, where a balance of it lies beside it as collateral (unified accounts)."""
    is_known: bool = True
    """Whether what secures it is known at all: the margin of an isolated position that still lives is not."""
    missing: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    start_label: str = "implied"
    """How the margin at the start is known, of isolated ones."""

    @property
    def stakes(self) -> list[Stake]:
        """Return its positions."""
        return [found.stake for found in self.found]

    def own_marks(self) -> Marks | None:
        """Return the prices of the instrument that was liquidated."""
        return self.marks.get(self.event.symbol)

    def mark(self, symbol: str, at: datetime) -> Quote | None:
        """Return the mark of an instrument; at the trigger that of the liquidation."""
        marks = self.marks.get(symbol)
        known = None if marks is None else marks.at(at)
        if symbol != self.event.symbol or self.trigger is None or at < self.triggered_at:
            return known
        is_newer = known is not None and known.at > self.triggered_at and at > self.triggered_at
        return known if is_newer else self.trigger
