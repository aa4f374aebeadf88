"""Share a whole out over its parts exactly: every part is rounded but the last, which takes what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def half_even(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half to even; `denominator` may be negative, not zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient & 1))


def shared(
    wholes: Sequence[int | None], of: Sequence[int], parts: Sequence[int], sizes: Sequence[int]
) -> list[int | None]:
    """Return each line's share of a whole.

    Line i is `parts[i]` of the `sizes[i]` units of the thing `of[i]`, whose amount is `wholes[i]`; the lines of one
    thing make up all of it, in order.
    """
    left = Counter(of)
    given: dict[int, int] = {}
    shares: list[int | None] = []
    for whole, thing, part, size in zip(wholes, of, parts, sizes, strict=True):
        left[thing] -= 1
        if whole is None:
            shares.append(None)
        elif left[thing] == 0:
            shares.append(whole - given.get(thing, 0))
        else:
            share = half_even(whole * abs(part), abs(size))
            given[thing] = given.get(thing, 0) + share
            shares.append(share)
    return shares


def by_weight(whole: int, weights: Sequence[int]) -> list[int]:
    """Return the whole shared out in proportion to the weights (not all zero)."""
    total = sum(weights)
    return [share or 0 for share in shared([whole] * len(weights), [0] * len(weights), weights, [total] * len(weights))]
