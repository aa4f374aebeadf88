"""What is said of a break that nothing explains: where a row of which amount lacks, and what such rows usually are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from ledger.storage.store import Store, statement
from ledger.tying.guess_facts import again
from ledger.tying.guesses import ALONE, JUMP, NOTHING, Broken, Guess, counted, plain, seen, signed

USUAL = 3
"""Kinds of rows that are named."""


def nothing_fits(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield of every break what is certain, for where no better guess fits."""
    kinds = _usual(store, breaks)
    ends = [(broken.no, str(broken.key), str(broken.since_key)) for broken in breaks.values()]
    with store.registered(incoming=pl.DataFrame(ends, schema=["no", "key", "since_key"], orient="row")):
        numbers = {row["no"]: row for row in store.query(statement("hints", "numbering")).iter_rows(named=True)}
    yield from _jumps(store, breaks)
    for broken in breaks.values():
        after = breaks.get(broken.no + 1)
        if (after is not None and after.chain == broken.chain and after.since_at == broken.broken_at
                and after.difference == -broken.difference):  # fmt: skip
            yield from _alone(broken, after)
        yield Guess(no=broken.no, kind="missing_row", score=NOTHING, rows=(broken.since_key, broken.key),
                    sentence=_sentence(broken, kinds.get(broken.no, ""), numbers.get(broken.no)))  # fmt: skip


def _jumps(store: Store, breaks: Mapping[int, Broken]) -> Iterator[Guess]:
    """Yield where the numbers of rows leave one out, between balances that are stated beside the rows."""
    for row in store.query(statement("hints", "jumps")).iter_rows(named=True):
        broken = breaks[row["no"]]
        if not _is_wide(broken):
            continue
        text = (
            f"rows of together {signed(broken.difference)} {broken.asset} are missing, most likely where their numbers "
            f"jump: from {row['last_id']} at {seen(row['last_at'], row['last_key'])} to {row['id']} at "
            f"{seen(row['moved_at'], row['row_key'])}; {again(broken)}"
        )
        keys = (int(row["last_key"]), int(row["row_key"]))
        yield Guess(no=broken.no, kind="missing_row", score=JUMP, sentence=text, rows=keys)


def _is_wide(broken: Broken) -> bool:
    """Return whether rows without a balance of their own lie between the two that are stated."""
    return broken.earlier > 0 or broken.by_statement


def _alone(broken: Broken, after: Broken) -> Iterator[Guess]:
    """Yield that one stated balance fits neither what is before it nor what is after it."""
    text = (
        f"the balance stated at {seen(broken.broken_at, broken.key)} is alone in being off by "
        f"{signed(broken.difference)} {broken.asset}: what is stated before and after it agrees without it; look "
        "whether it is of another wallet, of another instant, or counts what is not settled"
    )
    for each in (broken, after):
        yield Guess(no=each.no, kind="unknown", score=ALONE, sentence=text, rows=(broken.key,))


def _sentence(broken: Broken, usual: str, numbers: Mapping[str, Any] | None) -> str:
    since = seen(broken.since_key_at, broken.since_key)
    until = seen(broken.key_at, broken.key)
    amount = f"{signed(broken.difference)} {broken.asset}"
    several = _is_wide(broken)
    if several:
        text = (
            f"rows of together {amount} are missing or wrong between the balances stated at {since} and {until}, with "
            f"{counted(broken.rows, 'row')} between them"
        )
    else:
        text = f"a row of {amount} is missing between {since} and {until}"
    text += _numbering(numbers) + usual
    if not broken.looked_at:
        text += "; they are too many to be compared one by one"
    if several:
        return f"{text}; {again(broken)}, or narrow it down with a balance in between (`marginbook assert`)"
    return f"{text}; {again(broken)}"


def _numbering(numbers: Mapping[str, Any] | None) -> str:
    """Return whether the numbers of the rows leave one out, and whether their lines follow each other."""
    if numbers is None or not numbers["same_file"]:
        return ""
    text = ""
    lines = abs(numbers["broken_row"] - numbers["since_row"])
    if numbers["since_place"] is not None and numbers["broken_place"] is not None and numbers["rows"] > 4:
        every = numbers["high"] - numbers["low"] + 1 - numbers["rows"]
        jump = abs(numbers["broken_no"] - numbers["since_no"])
        here = jump - abs(numbers["broken_place"] - numbers["since_place"])
        if here > 0 and every - here <= numbers["rows"] // 10:  # else gaps are usual: the numbers are of many accounts
            lack = "lacks" if here == 1 else "lack"
            ends = f"{numbers['since_no']} and {numbers['broken_no']}"
            text += f"; its rows are numbered, and {here} {lack} between {ends}"
    if lines == 1:
        text += "; the two lines follow each other, so the export itself lacks it"
    elif lines == 2 and not text:
        text += (
            f"; line {min(numbers['broken_row'], numbers['since_row']) + 1} between them is not stored for this asset"
        )
    return text


def _usual(store: Store, breaks: Mapping[int, Broken]) -> dict[int, str]:
    """Return by break what rows of that sign and size are, in the same wallet and asset."""
    same: dict[int, list[str]] = defaultdict(list)
    for no, cause, rows in store.rows(statement("hints", "equals")):
        same[no].append(f"{cause.replace('_', ' ')} ({counted(rows, 'row')} of exactly this amount)")
    ranges: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for account, venue, wallet, asset, cause, gains, rows, low, high in store.rows(statement("hints", "kinds")):
        ranges[account, venue, wallet, asset, gains].append((high - low, cause, rows, low, high))
    found = {}
    for broken in breaks.values():
        kinds = same.get(broken.no) or [
            f"{cause.replace('_', ' ')} ({counted(rows, 'row')} from {plain(low)} to {plain(high)})"
            for _, cause, rows, low, high in sorted(ranges[*broken.chain, broken.difference > 0])
            if min(abs(low), abs(high)) <= 2 * abs(broken.difference) <= 4 * max(abs(low), abs(high))
        ]
        if kinds:
            found[broken.no] = f"; such an amount is usual for {', '.join(kinds[:USUAL])}"
    return found
