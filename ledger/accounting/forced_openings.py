"""What forced fills say of sizes that no fill opened: a liquidation, or an auto-deleveraging, only ever reduces.

Where one would open a position, or close more than the fills opened, the rest was open before the first fill known:
of all fills, or since the position was last flat, so that what the fills explain from flat stays as it is.  Sizes are
integers at 1e-18, + = long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """A run of fills that is folded by itself."""

    first: int
    """Index of its first fill."""
    opening: int
    """Signed size that was open before it."""


def parts_of_forced(deltas: Sequence[int], forced: Sequence[bool], opening: int = 0) -> list[Part]:
    """Return the runs of fills with the least openings that let every forced fill reduce.

    `opening` is what is known to have been open before the first fill.  Forced fills that follow each other are stages
    of one liquidation.  A forced fill that contradicts an earlier one of the same run changes nothing.
    """
    openings = {0: opening}
    quantity, first, given_up = opening, 0, -1
    for index, (delta, is_forced) in enumerate(zip(deltas, forced, strict=True)):
        if quantity == 0 and not (is_forced and index and forced[index - 1] and openings.get(first, 0) * delta < 0):
            first = index  # else the next stage of one liquidation: more was open
        missing = _missing(quantity, delta) if is_forced and first != given_up else 0
        if missing and _fits(deltas[first:index], forced[first:index], openings.get(first, 0) + missing):
            openings[first] = openings.get(first, 0) + missing
            quantity += missing
        elif missing:
            given_up = first
        quantity += delta
    return [Part(first, size) for first, size in openings.items()]


def _missing(quantity: int, delta: int) -> int:
    """Return the signed size by which too little is open for a fill to be a reduction."""
    least = -delta
    is_enough = quantity >= least if least > 0 else quantity <= least
    return 0 if is_enough else least - quantity


def _fits(deltas: Sequence[int], forced: Sequence[bool], opening: int) -> bool:
    """Return whether every forced fill of a run reduces, from an opening on."""
    quantity = opening
    for delta, is_forced in zip(deltas, forced, strict=True):
        if is_forced and _missing(quantity, delta):
            return False
        quantity += delta
    return True
