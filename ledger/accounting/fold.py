"""The one sequential computation: where positions begin and end, and what each close releases and realizes.

Everything is an integer at 1e-18.  `delta` is the signed size of a fill; `value` is its notional with the sign of the
delta for linear and quanto contracts and the opposite sign for inverse ones (coin is earned when a long is bought
dear), so that one rule serves all: realized = -value - released cost.  A close releases `cost * closed / open`,
rounded half to even; the last close releases all that is left, so the result of a closed position is exactly minus
the sum of its values, whatever was rounded between (margin mathematics, sections 0 to 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd

from ledger.accounting.sharing import half_even


@dataclass(kw_only=True)
class Legs:
    """Columns of equal length, one entry a leg, in execution order."""

    fill: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    delta: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    realized: list[int] = field(default_factory=list)
    cost_after: list[int] = field(default_factory=list)


def fold(deltas: Sequence[int], values: Sequence[int], opening: int = 0) -> Legs:
    """Return the legs of one stream.  `opening` is a signed size that was open before the first fill, at cost 0.

    Positions are numbered from 0; an opening is position 0.  A fill that crosses zero becomes two legs, shared out
    in proportion to size: the first is rounded, the second takes the rest.
    """
    legs = Legs()
    fill_of, position_of, delta_of = legs.fill.append, legs.position.append, legs.delta.append
    value_of, realized_of, cost_of = legs.value.append, legs.realized.append, legs.cost_after.append
    quantity, cost = opening, 0
    position = 0 if opening else -1
    for index, (delta, value) in enumerate(zip(deltas, values, strict=True)):
        if quantity == 0:
            position += 1
        elif (quantity > 0) != (delta > 0):
            after = quantity + delta
            if after and (after > 0) != (quantity > 0):
                closing = half_even(value * -quantity, delta)
                fill_of(index)
                position_of(position)
                delta_of(-quantity)
                value_of(closing)
                realized_of(-closing - cost)
                cost_of(0)
                position += 1
                delta, value, quantity, cost = after, value - closing, 0, 0  # noqa: PLW2901  the rest of the fill goes on
            else:
                released = half_even(cost * -delta, quantity) if after else cost
                quantity, cost = after, cost - released
                fill_of(index)
                position_of(position)
                delta_of(delta)
                value_of(value)
                realized_of(-value - released)
                cost_of(cost)
                continue
        quantity += delta
        cost += value
        fill_of(index)
        position_of(position)
        delta_of(delta)
        value_of(value)
        realized_of(0)
        cost_of(cost)
    return legs


def realized_by_fill(legs: Legs, fills: int) -> list[int]:
    """Return what each fill realized."""
    totals = [0] * fills
    for index, amount in zip(legs.fill, legs.realized, strict=True):
        totals[index] += amount
    return totals


def mismatches(legs: Legs, stated: Sequence[int | None], tolerance: Sequence[int], opening: int = 0) -> list[int]:
    """Return the fills whose stated result differs from the folded one.

    Of a position whose entry is unknown (position 0 of an `opening`) only this is certain: a fill that closes some of
    it states a result, one that adds to it states none.
    """
    folded = realized_by_fill(legs, len(stated))
    closes: dict[int, bool] = {}
    if opening:
        for index, position, delta in zip(legs.fill, legs.position, legs.delta, strict=True):
            if position == 0:
                closes[index] = (delta > 0) != (opening > 0)
    wrong = []
    for index, result in enumerate(stated):
        if result is None:
            continue
        if index in closes:
            if bool(result) != closes[index]:
                wrong.append(index)
        elif abs(folded[index] - result) > tolerance[index]:
            wrong.append(index)
    return wrong


def possible_openings(deltas: Sequence[int], values: Sequence[int], stated: Sequence[int | None]) -> list[int]:
    """Return the signed sizes that may have been open before the first fill, the likeliest first; [] where none was.

    A fill that states a result closes something, one that states zero opens something (or closes at the entry
    price, which is rare: a contradiction is passed over).  Each says on which side of a bound the opening lies.
    Inside the bounds the candidates are: a size with which some fill starts from flat, one that a stated result after
    a flip gives away, and the least with which no close crosses zero.
    """
    above, below = -(1 << 200), 1 << 200
    flat: list[int] = []
    uncrossed = [0, 0]  # largest long, largest short that the closes need if none crosses zero
    net = 0
    for delta, result in zip(deltas, stated, strict=True):
        if result is not None:
            long = (delta < 0) == bool(result)  # the opening plus net is on the long side here
            bound = -net
            if result == 0:
                bound += -1 if long else 1
                flat.append(-net)
            if long and bound + 1 < below:
                above = max(above, bound)
            elif not long and bound - 1 > above:
                below = min(below, bound)
            if result and delta < 0:
                uncrossed[0] = max(uncrossed[0], -net - delta)
            elif result:
                uncrossed[1] = max(uncrossed[1], net + delta)
        net += delta
    if above < 0 < below:
        return []
    side = 1 if above >= 0 else -1
    candidates = (
        sorted(flat, key=abs) + _flipped_openings(deltas, values, stated) + [side * uncrossed[0 if side > 0 else 1]]
    )
    return list(dict.fromkeys(size for size in candidates if above < size < below and size))


def _flipped_openings(deltas: Sequence[int], values: Sequence[int], stated: Sequence[int | None]) -> list[int]:
    """Return the openings that follow where a fill crosses zero and the next closes all that it opened.

    Between two fills of unit values u and w, a result r closes `-r / (w - u)`; it is snapped to the step of all sizes.
    """
    step = gcd(*deltas)
    found = []
    net = 0
    for index in range(len(deltas) - 1):
        delta, other, result = deltas[index], deltas[index + 1], stated[index + 1]
        if stated[index] and result and (delta > 0) != (other > 0):
            unit, next_unit = Fraction(values[index], delta), Fraction(values[index + 1], other)
            if unit != next_unit:
                closed = round(Fraction(-result) / (next_unit - unit) / step) * step
                found.append(-closed - net - delta)
        net += delta
    return found


def opening_of_sizes(nets: Sequence[int], sizes: Sequence[int]) -> int:
    """Return the signed opening that explains most of the absolute sizes stated where `nets` were the sums of fills."""
    candidates = {0} | {sign * size - net for net, size in zip(nets[:3], sizes[:3], strict=True) for sign in (1, -1)}

    def explained(opening: int) -> int:
        return sum(abs(opening + net) == size for net, size in zip(nets, sizes, strict=True))

    return max(candidates, key=lambda opening: (explained(opening), opening == 0, -abs(opening), opening))


def hedge_sides(deltas: Sequence[int], stated: Sequence[int | None]) -> list[int]:
    """Return +1 (long) or -1 (short) of each fill in hedge mode: a fill that states a result closes the other side."""
    return [(-1 if result else 1) * (1 if delta > 0 else -1) for delta, result in zip(deltas, stated, strict=True)]


def deficit(deltas: Sequence[int], side: int) -> int:
    """Return the signed size of one side that must have been open before, so that no close exceeds what is open."""
    net = lowest = 0
    for delta in deltas:
        net += delta * side
        lowest = min(lowest, net)
    return -lowest * side
