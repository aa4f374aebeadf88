"""Charges that return every so many hours, and the hours in which one lacks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from ledger.storage.store import Store, statement
from ledger.tying.guess_facts import again
from ledger.tying.guesses import INTERVAL, LIKELY, Broken, Guess, counted, signed, when

MOST = 500_000
HOUR = timedelta(hours=1)
CADENCES = tuple(HOUR * hours for hours in (1, 2, 4, 8, 24))
USUAL = 8 * HOUR
"""Of funding at most venues."""
NEAR = 6
"""Gaps on either side by which a cadence is known."""
LOOSE = timedelta(seconds=90)
LONGEST = {"funding": 4, "interest": 25}
"""Charges in a row that may lack where nothing says whether there was anything to charge."""
FACTOR, WIDE = 3, 20
"""How far a difference may be from the neighbours: as usual, and at most."""
Chain = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An instant at which a charge lacks, with the charges before and after it."""

    at: datetime
    cause: str
    symbol: str
    cadence: timedelta
    amounts: tuple[Decimal, ...]
    keys: tuple[int, ...]
    is_known_due: bool
    """Whether charges stand on both sides of it, or a position was open."""


Series = Sequence[tuple[datetime, Decimal, int]]
Spans = Sequence[tuple[datetime, datetime | None]]


def intervals_that_lack(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that a funding payment or a charge of interest is missing between two that are there."""
    slots = _slots(store, breaks)
    for broken in breaks.values():
        held = slots.get(broken.chain, [])
        first = bisect_left(held, broken.since_at - LOOSE, key=lambda slot: slot.at)
        last = bisect_right(held, broken.broken_at + LOOSE, key=lambda slot: slot.at)
        near = held[first:last]
        inside: dict[tuple[str, str], list[Slot]] = defaultdict(list)
        for slot in [slot for slot in near if broken.holds(slot.at)] or near:
            inside[slot.cause, slot.symbol].append(slot)
        for lacking in inside.values():
            yield from _guess(broken, lacking)


def _slots(store: Store, breaks: Mapping[int, Broken]) -> dict[Chain, list[Slot]]:
    """Return, by wallet and asset and in order of time, where charges lack."""
    series: dict[tuple[Chain, str, str, str], list[tuple[datetime, Decimal, int]]] = defaultdict(list)
    for account, venue, wallet, asset, cause, symbol, pair, moved_at, amount, key in store.rows(
        statement("hints", "cadence_rows"), {"most": MOST}
    ):
        series[(account, venue, wallet, asset), cause, symbol, pair].append((moved_at, amount, int(key)))
    spans: dict[tuple[str, ...], list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for account, venue, wallet, symbol, opened_at, closed_at in store.rows(statement("hints", "open_positions")):
        spans[account, venue, wallet, symbol].append((opened_at, closed_at))
    ends: dict[Chain, datetime] = {}
    for broken in breaks.values():
        ends[broken.chain] = max(broken.broken_at, ends.get(broken.chain, broken.broken_at))
    found: dict[Chain, list[Slot]] = defaultdict(list)
    for (chain, cause, symbol, pair), rows in series.items():
        held = spans.get((*chain[:3], symbol)) if cause == "funding" else None
        found[chain] += _holes(rows, cause, symbol or pair, held, ends[chain])
    for slots in found.values():
        slots.sort(key=lambda slot: slot.at)
    return found


def _holes(rows: Series, cause: str, symbol: str, spans: Spans | None, until: datetime) -> Iterator[Slot]:
    """Yield the instants at which the charges around them make one due, and (funding) a position was open."""
    gaps = [after[0] - before[0] for before, after in pairwise(rows)]
    usual = USUAL if spans is not None else None  # too few rows to tell it, but a position that was open
    for place, gap in enumerate(gaps):
        if gap < 2 * CADENCES[0] - LOOSE:
            continue
        cadence = _cadence(gaps[max(0, place - NEAR) : place] + gaps[place + 1 : place + 1 + NEAR]) or usual
        if cadence is None or gap < 2 * cadence - LOOSE:
            continue
        steps = round(gap / cadence)
        if abs(gap - steps * cadence) > LOOSE or (spans is None and steps - 1 > LONGEST[cause]):
            continue
        before, after = rows[place], rows[place + 1]
        for step in range(1, steps):
            yield from _due(before[0] + step * cadence, cause, symbol, cadence, (before, after), spans)
    for row, sign, near in ((rows[0], -1, gaps[:NEAR]), (rows[-1], 1, gaps[-NEAR:])):
        cadence = _cadence(near) or usual
        if cadence is not None and spans is not None:
            yield from _while_open(row, sign * cadence, cause, symbol, spans, until)
        elif cadence is not None:
            yield Slot(at=row[0] + sign * cadence, cause=cause, symbol=symbol, cadence=cadence, amounts=row[1:2],
                       keys=row[2:3], is_known_due=False)  # fmt: skip


def _while_open(
    row: tuple[datetime, Decimal, int], step: timedelta, cause: str, symbol: str, spans: Spans, until: datetime
) -> Iterator[Slot]:
    """Yield the charges that are due before the first one, or after the last one, while its position is open."""
    span = next(((opened, closed) for opened, closed in spans
                 if opened <= row[0] + LOOSE and (closed is None or row[0] <= closed)), None)  # fmt: skip
    moment = row[0] + step
    while span is not None and span[0] < moment <= until and (span[1] is None or moment < span[1]):
        yield from _due(moment, cause, symbol, abs(step), (row,), spans)
        moment += step


def _due(
    moment: datetime, cause: str, symbol: str, cadence: timedelta, beside: Series, spans: Spans | None
) -> Iterator[Slot]:
    if spans is None or any(opened < moment and (closed is None or moment < closed) for opened, closed in spans):
        yield Slot(at=moment, cause=cause, symbol=symbol, cadence=cadence, amounts=tuple(row[1] for row in beside),
                   keys=tuple(row[2] for row in beside), is_known_due=True)  # fmt: skip


def _cadence(gaps: Sequence[timedelta]) -> timedelta | None:
    """Return the cadence that most gaps have; None where they have none."""
    counts = Counter(cadence for gap in gaps for cadence in CADENCES if abs(gap - cadence) <= LOOSE)
    if not counts:
        return None
    return max(counts, key=lambda cadence: (counts[cadence], -cadence))


def _guess(broken: Broken, lacking: Sequence[Slot]) -> Iterator[Guess]:
    """Yield the guess where the difference has about the size of the neighbours."""
    slot, number = lacking[0], len(lacking)
    sizes = [abs(amount) for slot in lacking for amount in slot.amounts if amount]
    if not sizes:
        return
    size = abs(broken.difference)
    signs = {amount > 0 for slot in lacking for amount in slot.amounts}
    usual = min(sizes) * number <= size * FACTOR and size <= max(sizes) * number * FACTOR
    possible = min(sizes) * number <= size * WIDE and size <= max(sizes) * number * WIDE
    if not possible:
        return
    of = f" of {slot.symbol}" if slot.symbol else ""
    if number == 1:
        what = f"{slot.cause}{of} of {when(slot.at)} is missing"
    else:
        what = (
            f"{counted(number, 'row')} of {slot.cause}{of} from {when(slot.at)} to {when(lacking[-1].at)} are missing"
        )
    hours = slot.cadence // HOUR
    beside = " and ".join(f"{signed(amount)} ({{{key}}})" for amount, key in zip(slot.amounts, slot.keys, strict=True))
    text = (
        f"{what}: it is charged every {'hour' if hours == 1 else f'{hours} hours'}, and {signed(broken.difference)} "
        f"{broken.asset} is of the size of its neighbours, {beside}; an estimate. To be sure, {again(broken)}"
    )
    score = INTERVAL if usual and slot.is_known_due and (broken.difference > 0) in signs else LIKELY
    keys = tuple(dict.fromkeys(key for slot in lacking for key in slot.keys))
    yield Guess(no=broken.no, kind=f"missing_{slot.cause}", score=score, sentence=text, rows=keys)
