"""The last events of an audit as a timeline: what each did to the buffer, and the times of which no price is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from reports.audit import Audit, Moment
from reports.audit_words import NO_EVENTS, added, buffer, instant, lasting

LAST = 25
"""Events that a timeline shows."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """An event, and how far the buffer had come with it."""

    moment: Moment
    since: timedelta | None
    """Time since the event before it."""
    change: Decimal | None
    """Change of the equity since the event before, by prices and by the row; None where an end of it is unknown."""
    buffer: Decimal | None
    """Equity less maintenance margin, just after it."""
    cumulative: Decimal | None
    """Change of the buffer since the event before the first that is shown."""


def dark(audit: Audit) -> list[tuple[datetime, datetime]]:
    """Return the times of which too little is known to say what the bucket was worth, neighbours as one."""
    spans: list[tuple[datetime, datetime]] = []
    for before, moment in pairwise(audit.moments):
        if moment.is_gap and spans and spans[-1][1] == before.at:
            spans[-1] = (spans[-1][0], moment.at)
        elif moment.is_gap:
            spans.append((before.at, moment.at))
    return spans


def dark_before(audit: Audit, steps: Sequence[Step]) -> list[tuple[datetime, datetime]]:
    """Return the dark spans that a timeline of these steps has to tell: those that end after its first begins."""
    first = steps[0].moment.at
    return [span for span in dark(audit) if span[1] >= first]


def gap_before(moment: Moment, spans: list[tuple[datetime, datetime]]) -> str:
    """Return what a timeline says of the dark before a moment, once for each: what is said is taken off `spans`."""
    told = [span for span in spans if span[0] < moment.at]
    del spans[: len(told)]
    return "; ".join(f"no price is known for {lasting(end - begin)} until {instant(end)}" for begin, end in told)


def history(audit: Audit, last: int = LAST) -> list[Step]:
    """Return the last events, oldest first; gaps in the data are among them."""
    steps: list[Step] = []
    before: Moment | None = None
    for moment in audit.moments:
        if moment.kind in NO_EVENTS and not moment.is_gap:
            before = before or moment
            continue
        steps.append(_step(moment, before))
        before = moment
    shown = steps[-last:]
    first = next(iter(audit.moments), None)
    base = buffer(first) if first is not None else None
    return [
        Step(moment=step.moment, since=step.since, change=step.change, buffer=step.buffer,
             cumulative=None if base is None or step.buffer is None else added(step.buffer, base.copy_negate()))
        for step in shown
    ]  # fmt: skip


def _step(moment: Moment, before: Moment | None) -> Step:
    change = None
    if before is not None and moment.equity is not None and before.equity is not None:
        change = added(moment.equity, before.equity.copy_negate())
    since = moment.at - before.at if before is not None else None
    return Step(moment=moment, since=since, change=change, buffer=buffer(moment), cumulative=None)
