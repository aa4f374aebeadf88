"""Where a price file has a hole: stretches in which what a position was worth is not known, though it was open."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ledger.auditing.marks import FRESH

BESIDE = 4
"""Steps on each side that tell how far apart prices are: those of candles alternate between a length and nothing."""
WIDER = 2
"""So many times the widest of them a step is a hole."""


@dataclass(frozen=True)
class Holes:
    """The holes of one path of prices, in order: after the first instant and before the second none is known."""

    spans: Sequence[tuple[datetime, datetime]]

    @classmethod
    def of(cls, instants: Sequence[datetime]) -> Holes:
        """Find the steps longer than an hour and than those around them; `instants` are those of a price file."""
        steps = [later - earlier for earlier, later in pairwise(instants)]
        spans = []
        for place, step in enumerate(steps):
            around = [*steps[max(place - BESIDE, 0) : place], *steps[place + 1 : place + 1 + BESIDE]]
            if step > max(FRESH, WIDER * max(around, default=step)):
                spans.append((instants[place], instants[place + 1]))
        return cls(spans)

    def ends(self) -> set[datetime]:
        """Return the instants around the holes."""
        return {at for span in self.spans for at in span}

    def holds(self, at: datetime) -> bool:
        """Say whether an instant is inside a hole, and not within an hour of the price before it."""
        place = bisect_right(self.spans, at, key=lambda span: span[0]) - 1
        return place >= 0 and self.spans[place][0] + FRESH < at < self.spans[place][1]

    def part(self, earlier: datetime, later: datetime) -> bool:
        """Say whether a hole lies between two instants, or a part of it that is longer than an hour."""
        place = bisect_left(self.spans, earlier, key=lambda span: span[1])
        for begin, end in self.spans[place : place + 1]:
            return min(end, later) - max(begin, earlier) > timedelta(0) and later > begin
        return False
