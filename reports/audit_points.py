"""What the charts of an audit draw: its moments as points, thinned where they are many, and the steps of its bridge.

Amounts become floats here and only here, for where ink lies; `no` leads back to the moment with its exact figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from reports.audit import Audit, Moment
from reports.audit_history import dark
from reports.audit_words import NO_EVENTS, added, lines, named, read, start_name

MOST_POINTS = 2000
KINDS = ("fill", "liquidation", "transfer", "funding", "fee", "interest", "tier", "other")
"""Kinds of events that have a lane of their own, from top to bottom."""
FAR = 2
"""A liquidation price this many times above the highest mark, or below the lowest, is not drawn."""
LEAST_SHOWN, MOST_SHOWN = Decimal(0), Decimal(4)
"""Health is drawn between these; the exact figure is beside."""
LETTER = 6.6
"""Pixels of a letter."""

Point = dict[str, Any]


def thinned(audit: Audit, most: int = MOST_POINTS) -> Audit:
    """Return the audit with at most `most` moments: every event and gap stays, of prices the lows and the highs.

    Where events alone are more than that, they all stay.
    """
    if len(audit.moments) <= most:
        return audit
    kept = {place for place, moment in enumerate(audit.moments) if _stays(moment, audit)}
    kept |= {0, len(audit.moments) - 1}
    kept |= {place - 1 for place in kept if place and audit.moments[place].is_gap}
    prices = [place for place in range(len(audit.moments)) if place not in kept]
    room = max(most - len(kept), 0) // 4
    for block in _blocks(prices, room):
        for measured in (_equity, _mark):
            known = [(value, place) for place in block if (value := measured(audit.moments[place])) is not None]
            kept |= {min(known)[1], max(known)[1]} if known else set()
    return replace(audit, moments=[audit.moments[place] for place in sorted(kept)])


def points(audit: Audit) -> list[Point]:
    """Return a point a moment, and one of nothing where a gap ends, at which every line breaks.

    A liquidation price is that of the last row until there is another: a change of prices alone need not state it.
    """
    made: list[Point] = []
    marks = [moment.mark for moment in audit.moments if moment.mark is not None]
    low, high = (min(marks) / FAR, max(marks) * FAR) if marks else (Decimal(0), Decimal(0))
    limit: Decimal | None = None
    for no, moment in enumerate(audit.moments):
        if moment.is_gap:
            made.append({"at": milliseconds(moment.at), "no": no})
        if moment.kind != "price" or moment.liquidation_price is not None or moment.is_gap:
            limit = moment.liquidation_price
        is_near = limit is not None and low <= limit <= high
        made.append(_known(
            at=milliseconds(moment.at), no=no, equity=moment.equity, maintenance=moment.maintenance_margin,
            over=_with(max, moment), under=_with(min, moment), health=_shown(moment), mark=moment.mark,
            quantity=moment.quantity, entry=moment.entry, limit=limit if is_near else None,
        ))  # fmt: skip
    return made


def marks_of_events(audit: Audit) -> list[Point]:
    """Return where, in which lane and beside which equity, an event is marked."""
    return [
        _known(at=milliseconds(moment.at), no=no, kind=moment.kind if moment.kind in KINDS else "other",
               equity=moment.equity)
        for no, moment in enumerate(audit.moments) if moment.kind not in NO_EVENTS
    ]  # fmt: skip


def gaps(audit: Audit) -> list[Point]:
    """Return the times of which no price is known."""
    return [{"at": milliseconds(begin), "until": milliseconds(end)} for begin, end in dark(audit)]


def steps(audit: Audit) -> list[Point]:
    """Return the bars of the bridge: its ends, and each line from where the one before it stopped.

    `after` is where it ends, for the hairline to the next; `line` is the name that evidence is filtered by.
    """
    asset = audit.asset
    made: list[Point] = []

    def bar(name: str, title: str, low: Decimal, high: Decimal, amount: Decimal, kind: str) -> None:
        text = read(amount, "money", asset, signed=kind != "level")
        made.append({"no": len(made), "line": name, "title": title, "low": float(min(low, high)),
                     "high": float(max(low, high)), "after": float(high), "kind": kind, "text": text})  # fmt: skip

    level = audit.start_level
    bar("start", start_name(audit), Decimal(0), level, level, "level")
    for term in lines(audit):
        if term.amount:
            kind = "unexplained" if term.name == "unexplained" else "loss" if term.amount < 0 else "gain"
            bar(term.name, named(term.name), level, added(level, term.amount), term.amount, kind)
        level = added(level, term.amount)
    bar("end", "end equity", Decimal(0), audit.end_equity, audit.end_equity, "level")
    return made


def milliseconds(at: datetime) -> int:
    """Return an instant as milliseconds since 1970."""
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def has(made: Sequence[Point], *names: str) -> bool:
    """Say whether any point has one of these figures."""
    return any(name in point for point in made for name in names)


def _known(**values: Any) -> Point:
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in values.items() if value is not None
    }  # fmt: skip


def _with(choose: Callable[[Decimal, Decimal], Decimal], moment: Moment) -> Decimal | None:
    if moment.equity is None or moment.maintenance_margin is None:
        return None
    return choose(moment.equity, moment.maintenance_margin)


def _shown(moment: Moment) -> Decimal | None:
    return None if moment.health is None else min(max(moment.health, LEAST_SHOWN), MOST_SHOWN)


def _stays(moment: Moment, audit: Audit) -> bool:
    return moment.kind != "price" or moment.is_gap or moment.at in {audit.triggered_at, audit.ended_at}


def _equity(moment: Moment) -> Decimal | None:
    return moment.equity


def _mark(moment: Moment) -> Decimal | None:
    return moment.mark


def _blocks(places: Sequence[int], count: int) -> Iterator[Sequence[int]]:
    """Yield the places in at most `count` blocks of neighbours, about alike in size."""
    if not count:
        return
    size = -(-len(places) // count)
    for start in range(0, len(places), max(size, 1)):
        yield places[start : start + size]
