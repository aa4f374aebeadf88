"""Everything that is known of one liquidation, in order: what findings and counterfactuals are made from.

Amounts are fractions in the currency of the bucket (`Event.settle_asset`), + = the bucket gains.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from ledger.liquidating.event import Event
from ledger.margining.requirement import notional
from ledger.margining.sheet import Sheet
from reports.audit import Moment, Term


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One change of what the bucket owns, less what it owes, as one row makes it."""

    at: datetime
    row_key: str | None
    asset: str
    amount: Fraction
    """In the asset; a debt that grows is negative."""
    value: Fraction
    """In the bucket's currency, at its instant."""
    cause: str
    """As in `schemas.tables.CAUSES`."""
    line: str
    """The line of the bridge that it belongs to."""
    symbol: str | None
    position_id: str | None
    is_own: bool
    """Whether it is of one of the positions that were liquidated."""


@dataclass(frozen=True, kw_only=True)
class Leg:
    """The part of a fill inside one position, and the position after it."""

    at: datetime
    leg_no: int
    row_key: str | None
    delta: Fraction
    price: Fraction | None
    execution: str
    is_forced: bool
    """Whether it is of this liquidation."""
    quantity: Fraction
    """Signed size after it, the venue's unit."""
    entry: Fraction | None
    """Average entry price of what is open after it; None when flat or unknown."""
    realized: Fraction | None
    fee: Fraction | None
    """Fee in the settle asset, + = cost; None where unvalued."""

    @property
    def is_chosen(self) -> bool:
        """Whether the owner did it: neither this liquidation nor another."""
        return not self.is_forced and self.execution not in ("liquidation", "adl")


@dataclass(frozen=True, kw_only=True)
class Stake:
    """A position of the bucket, from its opening on."""

    position_id: str
    symbol: str
    side: int
    style: str
    multiplier: Fraction
    product: str
    opened_at: datetime
    closed_at: datetime | None
    is_own: bool
    is_asset: bool
    """Its size is a balance of the bucket (spot margin that is settled in kind)."""
    legs: Sequence[Leg]
    settled: Fraction = Fraction(1)
    """What one of the asset in which it settles is worth in the bucket's currency, at the trigger."""

    @cached_property
    def instants(self) -> list[datetime]:
        """Instants of the legs, in order."""
        return [leg.at for leg in self.legs]

    def value(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Return the notional of a size at a price, unsigned, in the bucket's currency."""
        return notional(self.style, quantity, price, self.multiplier) * self.settled

    def last(self, at: datetime, *, before: bool = False) -> Leg | None:
        """Return the last leg until an instant (`before`: strictly before it); None: not yet open."""
        index = (bisect_left if before else bisect_right)(self.instants, at) - 1
        return self.legs[index] if index >= 0 else None


def last_increase(stakes: Iterable[Stake], before: datetime) -> datetime | None:
    """Return when an owner last made one of the positions larger, before an instant; None: never."""
    grown = (leg.at for stake in stakes for leg in stake.legs
             if leg.is_chosen and leg.delta * stake.side > 0 and leg.at < before)  # fmt: skip
    return max(grown, default=None)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A mark price as it is known at an instant."""

    price: Fraction
    at: datetime
    label: str
    """measured, supplied, implied or assumed."""
    source: str
    rows: tuple[str, ...] = ()
    """Row keys of the rows that state it: several where the way led over other assets."""


@dataclass(kw_only=True)
class Case:
    """One liquidation with all that is known."""

    event: Event
    margin_mode: str
    started_at: datetime
    started_by: str
    triggered_at: datetime
    ended_at: datetime
    start: Sheet
    """Just before the first row."""
    opened: Sheet
    """Just after the first fill of the position that was liquidated (the start where it was open before)."""
    trigger: Sheet
    """Just before the first forced row, at the trigger mark."""
    sized: Sheet | None = None
    """Just after the last fill by which its owner made the position larger; None: it is as `opened`."""
    end: Sheet
    trigger_quote: Quote | None
    terms: Sequence[Term]
    """The bridge, without `unexplained`."""
    until_trigger: Mapping[str, Fraction]
    """The part of each line that happened before the first forced row; price lines up to the trigger mark."""
    start_equity: Fraction
    end_equity: Fraction
    unexplained: Fraction
    postings: Sequence[Posting]
    """In order of time, from start to end."""
    stakes: Sequence[Stake]
    path: Sequence[tuple[datetime, Fraction]]
    """Known prices of the own instrument (marks, else index, else last), from the start to the last one known, also
    those after the end; without a price file the prices of fills alone, then `has_path` is false."""
    has_path: bool
    moments: Sequence[Moment]
    warning: Fraction | None
    """Health at which the venue warns; None: it has no such level."""
    warning_name: str
    missing: Sequence[str]
    base: str | None = None
    """Asset of `Sheet.base`: what was bought or sold on margin, or pledged for the loan; None: no balance is of it."""
    is_known: bool = True
    """Whether all that secures it is known: every asset's price, and an isolated margin."""
    last_quote: Quote | None = None
    """Last trade price of the own instrument at the trigger, where known besides the mark."""

    def own(self) -> list[Stake]:
        """Return the positions that were liquidated."""
        return [stake for stake in self.stakes if stake.is_own]
