"""Contracts, what is true of a liquidation, and rows that could be missing: the values that lives are told with.

All amounts are fractions; + = the bucket gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

F = Fraction
ZERO, ONE = F(0), F(1)
LOWEST = ((ZERO, F(4, 1000), ZERO),)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A contract and what the venue demands of it: tiers are (floor, rate, deduction), in the settle asset.

    Both sides of a hedge are contracts of their own, called `BTCUSDT Long` and `BTCUSDT Short`.
    """

    symbol: str
    settle: str = "USDT"
    style: str = "linear"
    multiplier: Fraction = ONE
    """Base per contract; of an inverse contract quote per contract."""
    tiers: tuple[tuple[Fraction, Fraction, Fraction], ...] = LOWEST

    @property
    def printed(self) -> str:
        """Its name in exports."""
        return self.symbol.split()[0]

    @property
    def position_side(self) -> str:
        """Long, Short or Both."""
        return (*self.symbol.split(), "Both")[1]

    def value(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Return the notional of a size, in the settle asset."""
        size = abs(quantity) * self.multiplier
        return size / price if self.style == "inverse" else size * price

    def result(self, long: bool, start: Fraction, end: Fraction) -> Fraction:
        """Return what a position gains when its value goes from `start` to `end`."""
        return end - start if long == (self.style != "inverse") else start - end

    def maintenance(self, value: Fraction) -> Fraction:
        """Return the maintenance margin of a notional."""
        _, rate, deduction = max(tier for tier in self.tiers if tier[0] <= value)
        return value * rate - deduction


@dataclass(kw_only=True)
class Open:
    """An open contract: signed size, and the value that it was entered at."""

    size: Fraction = ZERO
    cost: Fraction = ZERO


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One liquidation as it happened."""

    symbol: str
    side: str
    kind: str
    asset: str
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime
    start_equity: Fraction
    terms: Mapping[str, Fraction]
    end_equity: Fraction
    trigger_equity: Fraction
    maintenance: Fraction | None
    """None where no rule of rates demands it."""
    trigger_price: Fraction
    is_adl: bool = False
    since: datetime | None = None
    """An instant after the start at which the bridge may begin as well; the two below are of that."""
    since_equity: Fraction = ZERO
    since_terms: Mapping[str, Fraction] = field(default_factory=dict)
    since_price: Fraction = ZERO
    """The liquidation price as it was then, to ten places."""
    meets: tuple[Fraction, Fraction] | None = None
    """The last price that did not liquidate, and the first that did."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How a bucket stands at an end of a bridge."""

    at: datetime
    equity: Fraction
    own: Fraction
    """What the contracts that will be liquidated have gained; of the others below."""
    others: Fraction
    haircut: Fraction
    lines: Mapping[str, Fraction]
    """What was booked until then."""


@dataclass(frozen=True, kw_only=True)
class Cash:
    """A row of the ledger that could be missing: its place in its export, and what it is worth in the bucket."""

    export: str
    index: int
    kind: str
    asset: str
    value: Fraction
    """In the bucket's currency at its instant, + = the bucket gains."""


def of_each_kind(rows: Sequence[Cash], asset: str) -> dict[str, Cash]:
    """Return the last row of each kind that moves an asset."""
    return {row.kind: row for row in rows if row.asset == asset}
