"""Where spot-margin positions begin and end: the fold of the fills of one base asset of one wallet.

A buy opens or adds to a long; a sale first closes the long, then opens a short only as far as the base asset is owed
right after it: the rest is a sale of inventory.  The buy that closes a short may buy a little more, to pay the interest
that is owed in kind: that is a purchase of interest, not a long.  What a base fee leaves below the step, or below a
dollar, is dust: the position ends, and the dust stays as inventory at its cost (margin mathematics, section 6).  Fills
of one side, each within a minute of the one before, are one act: only after the last of them it shows what is left.

Everything is an integer at 1e-18, as in `ledger.accounting.fold`; sizes are what really entered or left the wallet,
after a fee in the base asset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.accounting.sharing import half_even

LEG, INVENTORY, INTEREST, DUST = range(4)
KINDS = ("leg", "inventory", "interest", "dust")
STEP = 10**10
"""1e-8: the least amount of an asset that venues book."""
ONE_DOLLAR = 10**18
ONE_ACT_US = 60_000_000
"""Fills of one order, or a buy of interest after the one that closed the short, follow within a minute."""


@dataclass(frozen=True, kw_only=True)
class MarginFills:
    """Fills of all symbols with one base asset, in order; columns of equal length.

    `owed_before` and `owed` are the base asset owed before and right after the fill (None: nothing says); `accrued` is
    the interest in the base asset accrued up to it.
    """

    symbol: Sequence[int]
    at_us: Sequence[int]
    delta: Sequence[int]
    value: Sequence[int]
    owed_before: Sequence[int | None]
    owed: Sequence[int | None]
    accrued: Sequence[int]
    in_dollars: Sequence[bool]


@dataclass(kw_only=True)
class Parts:
    """Parts of fills in order: legs of positions, and what belongs to none; columns of equal length.

    `position` numbers the positions of a symbol from 0; of a part that is no leg it is the one it ended with, or -1.
    """

    fill: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    symbol: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    delta: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    realized: list[int] = field(default_factory=list)
    cost_after: list[int] = field(default_factory=list)
    guessed: set[tuple[int, int]] = field(default_factory=set)
    """(symbol, position) of shorts that may be sales of inventory: nothing says what was owed."""


@dataclass(kw_only=True)
class _Stake:
    """What is open of one symbol."""

    quantity: int = 0
    cost: int = 0
    position: int = -1
    short_closed_us: int | None = None
    unpaid: int = 0
    """What was owed when the act began beyond all that is short: interest that is not bought yet, or an idle loan."""


class _Fold:
    """One pass over the fills; `bought` is the interest bought so far."""

    def __init__(self, symbols: int) -> None:
        self.parts = Parts()
        self.stakes = [_Stake() for _ in range(symbols)]
        self.bought = 0

    def add(self, fill: int, kind: int, symbol: int, delta: int, value: int, realized: int = 0) -> None:
        parts, stake = self.parts, self.stakes[symbol]
        parts.fill.append(fill)
        parts.kind.append(kind)
        parts.symbol.append(symbol)
        parts.position.append(stake.position if kind in (LEG, DUST, INTEREST) else -1)
        parts.delta.append(delta)
        parts.value.append(value)
        parts.realized.append(realized)
        parts.cost_after.append(stake.cost)

    def open(self, fill: int, symbol: int, delta: int, value: int) -> None:
        stake = self.stakes[symbol]
        if stake.quantity == 0:
            stake.position += 1
            stake.short_closed_us = None
        stake.quantity += delta
        stake.cost += value
        self.add(fill, LEG, symbol, delta, value)

    def close(self, fill: int, symbol: int, delta: int, value: int, *, is_last: bool, in_dollars: bool) -> None:
        stake = self.stakes[symbol]
        after = stake.quantity + delta
        released = half_even(stake.cost * -delta, stake.quantity) if after else stake.cost
        stake.quantity, stake.cost = after, stake.cost - released
        self.add(fill, LEG, symbol, delta, value, -value - released)
        if after and is_last and _is_dust(after, delta, value, in_dollars=in_dollars):
            left, cost = stake.quantity, stake.cost
            stake.quantity = stake.cost = 0
            self.add(fill, DUST, symbol, -left, -cost)

    def shorted(self) -> int:
        return sum(-stake.quantity for stake in self.stakes if stake.quantity < 0)


def _is_dust(left: int, delta: int, value: int, *, in_dollars: bool) -> bool:
    worth = abs(value * left // delta) if delta else 0
    return abs(left) < STEP or (in_dollars and worth < ONE_DOLLAR)


def _acts(fills: MarginFills) -> tuple[list[bool], list[int]]:
    """Return of each fill whether its act begins with it, and what the rest of the act still brings, signed."""
    begins, coming = [True] * len(fills.delta), [0] * len(fills.delta)
    following: dict[int, int] = {}
    for index in reversed(range(len(fills.delta))):
        after = following.get(fills.symbol[index])
        if (
            after is not None
            and fills.at_us[after] - fills.at_us[index] <= ONE_ACT_US
            and ((fills.delta[after] > 0) == (fills.delta[index] > 0))
        ):
            begins[after], coming[index] = False, coming[after] + fills.delta[after]
        following[fills.symbol[index]] = index
    return begins, coming


def fold_margin(fills: MarginFills, symbols: int) -> Parts:
    """Return the parts of the fills.  `value` has the sign of `delta`; realized = -value - released cost."""
    fold = _Fold(symbols)
    rows = zip(
        fills.symbol, fills.at_us, fills.delta, fills.value, fills.owed_before, fills.owed, fills.accrued,
        fills.in_dollars, *_acts(fills), strict=True,
    )  # fmt: skip
    for index, (symbol, at, delta, value, owed_before, owed, accrued, dollars, begins, coming) in enumerate(rows):
        stake = fold.stakes[symbol]
        left, left_value = delta, value
        if begins:
            stake.unpaid = 0 if owed_before is None else owed_before - fold.shorted()

        def take(part: int, of: int = delta, worth: int = value) -> int:
            """Return the value of a part of this fill, all that is left for its last part."""
            nonlocal left, left_value
            share = left_value if part == left else half_even(worth * part, of)
            left, left_value = left - part, left_value - share
            return share

        if stake.quantity and (stake.quantity > 0) != (delta > 0):
            part = delta if abs(delta) <= abs(stake.quantity) else -stake.quantity
            was_short = stake.quantity < 0
            fold.close(index, symbol, part, take(part), is_last=not coming, in_dollars=dollars)
            if was_short and stake.quantity == 0:
                stake.short_closed_us = at
        if left > 0:
            closed = stake.short_closed_us
            has_ended = stake.quantity == 0 and closed is not None and at - closed <= ONE_ACT_US
            part = min(left, stake.unpaid, accrued - fold.bought)
            if has_ended and part > 0:
                stake.unpaid -= part
                fold.bought += part
                fold.add(index, INTEREST, symbol, part, take(part))
            if left > 0 and has_ended and _is_dust(left + coming, delta, value, in_dollars=dollars):
                fold.add(index, INVENTORY, symbol, left, take(left))
            elif left > 0:
                fold.open(index, symbol, left, take(left))
        elif left < 0:
            most = -left if owed is None else min(max(owed - fold.shorted(), 0), -left)
            if most:
                fold.open(index, symbol, -most, take(-most))
                if owed is None:
                    fold.parts.guessed.add((symbol, stake.position))
            if left < 0:
                fold.add(index, INVENTORY, symbol, left, take(left))
    return fold.parts
