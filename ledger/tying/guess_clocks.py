"""Rows, files or statements whose clock is read in the wrong zone: what lacks in one stretch is too much in another."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from ledger.storage.store import Store, statement
from ledger.tying.guess_rows import described
from ledger.tying.guesses import SHIFT, Broken, Guess, hours, seen, zone

HALF_HOUR = 1800
SHIFTS = [HALF_HOUR * halves * sign for halves in (*range(2, 29, 2), *range(1, 29, 2)) for sign in (1, -1)]
"""Whole hours, then half ones; the smallest first."""
MOST = 300_000
SAMPLE = 40
DO = "read it in its own zone: `marginbook forget` it and import it again with `--timezone`"
Chain = tuple[str, str, str, str]


def wrong_clocks(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield the guesses that a clock is some hours off."""
    if len(breaks) > 1:
        yield from _rows(store, breaks)
        yield from _files_by_statements(store, breaks)
        yield from _files_by_ends(store, breaks)
    yield from _statements(store, breaks)


def _rows(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield single rows that are some hours from where they lack; a charge at its usual hour is none of them."""
    usual = set(store.rows(statement("hints", "clocks")))
    for name in ("displaced", "displaced_stating"):
        for row in store.query(statement("hints", name)).iter_rows(named=True):
            broken = breaks[row["no"]]
            charge = (*broken.chain, row["cause"])
            ends = (broken.since_at, broken.broken_at)
            fits = [shift for shift in SHIFTS if ends[0] <= row["moved_at"] - timedelta(seconds=shift) <= ends[1]]
            if not fits or (*charge, row["moved_at"].strftime("%H:%M")) in usual:
                continue
            sure = [
                shift for shift in fits if (*charge, f"{row['moved_at'] - timedelta(seconds=shift):%H:%M}") in usual
            ]
            sure += [shift for shift in fits if row["moved_at"] - timedelta(seconds=shift) in ends]
            shift = [*sure, *fits][0]
            others = "" if sure or len(fits) == 1 else f" (up to {hours(max(fits, key=abs))} would do)"
            late = shift > 0
            text = (
                f"a row stands at the wrong time: {described(row, broken.asset)} fits {hours(shift)} "
                f"{'earlier' if late else 'later'}, so its clock is {hours(shift)} "
                f"{'late' if late else 'early'}{others}; "
                f"{DO}"
            )
            for no in dict.fromkeys((row["no"], row["other"], row.get("next_no"))):
                if no is not None:
                    yield Guess(no=no, kind="zone_shift", score=SHIFT, sentence=text, rows=(int(row["row_key"]),))


def _files_by_statements(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield files whose rows, moved by some hours, would explain at least two balances that do not fit."""
    times: dict[tuple[Chain, str], tuple[list[float], list[Decimal]]] = defaultdict(lambda: ([], []))
    for *chain, file_id, moved_at, amount in store.rows(statement("hints", "file_rows"), {"most": MOST}):
        account, venue, wallet, asset = chain
        held = times[(account, venue, wallet, asset), file_id]
        held[0].append(moved_at.timestamp())
        held[1].append(amount)
    if not times:
        return
    of_chain: dict[Chain, list[Broken]] = defaultdict(list)
    for broken in breaks.values():
        of_chain[broken.chain].append(broken)
    names = {file_id: (name, asked) for file_id, name, asked in store.rows(statement("hints", "file_names"))}
    for (of, file_id), (moments, amounts) in times.items():
        touched = [
            b for b in of_chain[of] if moments[0] <= b.broken_at.timestamp() + 50_400
            and moments[-1] >= b.since_at.timestamp() - 50_400
        ]  # fmt: skip
        sums = [Decimal(0), *accumulate(amounts)]
        shift, explained = _best_shift(touched, moments, sums)
        if shift is None:
            continue
        name, asked = names[file_id]
        text = (
            f"the rows of {name} stand {hours(shift)} {'late' if shift > 0 else 'early'}: {hours(shift)} "
            f"{'earlier' if shift > 0 else 'later'} they explain {len(explained)} of the {len(touched)} breaks of "
            f"{of[3]} in its time; `marginbook forget {name}` and import it again with "
            f"`--timezone {_zone(asked, shift)}`"
        )
        for broken in explained:
            yield Guess(no=broken.no, kind="zone_shift", score=SHIFT, sentence=text, rows=(broken.key,))


def _zone(asked: str | None, shift: int) -> str:
    """Return the zone to name: the offset of the clock where the file was read as UTC."""
    return zone(shift) if asked in (None, "UTC") else f"ZONE (it was read as {asked}, which is off by {zone(shift)})"


def _best_shift(
    touched: Sequence[Broken], moments: Sequence[float], sums: Sequence[Decimal]
) -> tuple[int | None, list[Broken]]:
    """Return by how many seconds the rows are late (early: below zero) and the breaks that this explains."""
    sample = touched[:SAMPLE]
    counts = [(sum(_explains(b, shift, moments, sums) for b in sample), -place) for place, shift in enumerate(SHIFTS)]
    most, place = max(counts)
    shift = SHIFTS[-place]
    if most < 2 or 2 * most < len(sample):
        return None, []
    return shift, [broken for broken in touched if _explains(broken, shift, moments, sums)]


def _explains(broken: Broken, shift: int, moments: Sequence[float], sums: Sequence[Decimal]) -> bool:
    start, end = broken.since_at.timestamp(), broken.broken_at.timestamp()
    there = _between(start, end, moments, sums)
    return any(
        _between(start + shift + first, end + shift + last, moments, sums) - there == broken.difference
        for first, last in ((0, 0), (-0.000_001, 0), (0, -0.000_001), (-0.000_001, -0.000_001))
    )


def _between(start: float, end: float, moments: Sequence[float], sums: Sequence[Decimal]) -> Decimal:
    """Return what moved after `start` and until `end`."""
    return sums[bisect_right(moments, end)] - sums[bisect_right(moments, start)]


def _files_by_ends(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield pairs of files of which one ends with the balance with which the other begins, and whose times overlap."""
    of_chain: dict[Chain, list[dict[str, Any]]] = defaultdict(list)
    for row in store.query(statement("hints", "file_ends")).iter_rows(named=True):
        of_chain[row["account"], row["venue"], row["wallet"], row["asset"]].append(row)
    broken_at: dict[Chain, list[Broken]] = defaultdict(list)
    for broken in breaks.values():
        broken_at[broken.chain].append(broken)
    for chain, files in of_chain.items():
        ends = defaultdict(list)
        for one in files:
            ends[one["last_balance"]].append(one)
        for other in files:
            for one in ends.get(other["first_balance"] - other["first_amount"], ()):
                if one is other or other["first_at"] > one["last_at"] or other["last_at"] <= one["first_at"]:
                    continue
                overlap = (one["last_at"] - other["first_at"]).total_seconds()
                if overlap <= 14 * 3600:
                    yield from _overlapping(one, other, overlap, broken_at[chain])


def _overlapping(
    one: Mapping[str, Any], other: Mapping[str, Any], overlap: float, breaks: Sequence[Broken]
) -> Iterator[Guess]:
    least = HALF_HOUR * (int(overlap // HALF_HOUR) + 1)
    # regular charges tell by how much, where both files keep hours of their own
    by = next(
        (by for by in range(least, 14 * 3600 + 1, HALF_HOUR) if _moved(other["clocks"], -by, one["clocks"])), None
    )
    late = _on_the_hour(other["clocks"]) and not _on_the_hour(one["clocks"])
    wrong, offset = (one, by or least) if late else (other, -(by or least))
    text = (
        f"{other['name']} begins at {seen(other['first_at'], other['first_key'])} with the balance with which "
        f"{one['name']} ends at {seen(one['last_at'], one['last_key'])}, yet before that in time: the clock of "
        f"{wrong['name']} is {'' if by else 'at least '}{hours(offset)} {'late' if late else 'early'}; "
        f"`marginbook forget {wrong['name']}` and import it again with `--timezone {zone(offset)}` or what its zone is"
    )
    for broken in breaks:
        if other["first_at"] <= broken.broken_at and broken.since_at <= one["last_at"]:
            keys = (int(one["last_key"]), int(other["first_key"]))
            yield Guess(no=broken.no, kind="zone_shift", score=SHIFT, sentence=text, rows=keys)


def _moved(clocks: Sequence[str] | None, shift: int, others: Sequence[str] | None) -> bool:
    """Return whether times of day, moved back by a shift, are those of another file."""
    if not clocks or not others:
        return False
    back = {_clock(text, -shift) for text in clocks}
    return back <= set(others) and not set(clocks) <= set(others)


def _clock(text: str, seconds: int) -> str:
    moment = datetime.strptime(f"2000-01-02 {text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.strftime("%H:%M")


def _on_the_hour(clocks: Sequence[str] | None) -> bool:
    """Return whether regular charges are at 00:00, 04:00, 08:00 ... UTC, as those of venues are."""
    return bool(clocks) and all(text[3:] == "00" and int(text[:2]) % 4 == 0 for text in clocks or ())


def _statements(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield statements that fit some hours before or after the instant that they name."""
    for no, key, moved_at in store.rows(statement("hints", "stated_elsewhere")):
        broken = breaks[no]
        away = (moved_at - broken.broken_at).total_seconds()
        if away == 0:
            continue
        shift = (
            HALF_HOUR * (int(abs(away) // HALF_HOUR) + (1 if abs(away) % HALF_HOUR else 0)) * (1 if away > 0 else -1)
        )
        text = (
            f"the balance stated for {seen(broken.broken_at, broken.key)} is that of {seen(moved_at, key)}: "
            f"one of the two clocks is about {hours(shift)} off; import the one that is wrong again with `--timezone`"
        )
        for number in (no, no + 1):
            after = breaks.get(number)
            if after is broken or (
                after is not None and after.chain == broken.chain and after.since_at == broken.broken_at
                and after.difference == -broken.difference
            ):  # fmt: skip
                yield Guess(no=number, kind="zone_shift", score=SHIFT, sentence=text, rows=(broken.key, int(key)))
