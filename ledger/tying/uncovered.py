"""Ranges of a wallet that no export speaks for: holes between files, facts that begin late or end early.

A hole in which nothing happened is no gap: where the venue's own balances agree on both sides of it, or a ledger speaks
there and shows no trade.  Where positions turned or results were booked, something is missing for certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import polars as pl

from ledger.accounting.costs import books_by_session
from ledger.accounting.regimes import regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from ledger.tying.exports import WHOLE, Exports
from ledger.tying.lacks import FACTS, LIKELY, PERHAPS, SURE, Lack, between, in_days, words

SHORTEST = timedelta(hours=1)
"""What is shorter is the quiet between two files."""
NEAR = timedelta(minutes=1)
DAY = timedelta(days=1)
Range = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What is covered of a wallet, by fact, in order of time and without overlaps."""

    islands: Mapping[str, Sequence[Range]]
    whole: Range
    """From the first to the last row of the wallet in any export."""

    def open_ranges(self, fact: str) -> list[tuple[str, datetime, datetime]]:
        """Return what is not covered of a fact: a `hole`, `head` (before its first file), `tail`, or `all`."""
        start, end = self.whole
        islands = self.islands.get(fact, ())
        if not islands:
            return [("all", start, end)]
        found = [("head", start, islands[0][0])]
        found += [("hole", before[1], after[0]) for before, after in pairwise(islands)]
        found.append(("tail", islands[-1][1], end))
        return [each for each in found if each[2] - each[1] >= SHORTEST]

    def silent(self, fact: str, start: datetime, end: datetime) -> list[Range]:
        """Return the days or longer in a range that are not covered of a fact."""
        cuts = [start]
        for begin, stop in self.islands.get(fact, ()):
            if stop > start and begin < end:
                cuts += [max(begin, start), min(stop, end)]
        pieces = zip(cuts[::2], [*cuts[1::2], end], strict=True)
        return [(first, last) for first, last in pieces if last - first >= DAY]

    def speaks(self, fact: str, start: datetime, end: datetime) -> bool:
        """Say whether the fact is covered all through a range."""
        return any(begin <= start + NEAR and end <= stop + NEAR for begin, stop in self.islands.get(fact, ()))


Wallet = tuple[str, str, str]


def covered_wallets(spans: pl.DataFrame) -> dict[Wallet, Covered]:
    """Return what is covered of each wallet."""
    whole = spans.filter(pl.col("rank") < WHOLE)
    ranges: dict[Wallet, dict[str, list[Range]]] = defaultdict(lambda: defaultdict(list))
    for account, venue, wallet, fact, start, end in (
        whole.select("account", "venue", "wallet", "fact", "from_at", "to_at").sort(pl.all()).iter_rows()
    ):
        islands = ranges[account, venue, wallet][fact]
        if islands and start <= islands[-1][1]:
            islands[-1] = (islands[-1][0], max(end, islands[-1][1]))
        else:
            islands.append((start, end))
    bounds = spans.group_by("account", "venue", "wallet").agg(pl.col("own_from").min(), pl.col("own_to").max())
    return {
        (account, venue, wallet): Covered(islands=ranges.get((account, venue, wallet), {}), whole=(start, end))
        for account, venue, wallet, start, end in bounds.sort(pl.all()).iter_rows()
        if start is not None
    }


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What tells whether something happened in a range, by wallet."""

    store: Store
    results: Mapping[Wallet, Sequence[datetime]]
    """Days on which the ledger booked results that no fill realized."""
    proven: Mapping[Wallet, Sequence[Range]]

    @classmethod
    def of(cls, store: Store) -> Evidence:
        """Read it from the book."""
        results: dict[Wallet, list[datetime]] = defaultdict(list)
        for account, venue, wallet, day in store.rows(statement("gaps", "unexplained_results")):
            results[account, venue, wallet].append(day)
        proven: dict[Wallet, list[Range]] = defaultdict(list)
        for account, venue, wallet, _, start, end in store.rows(statement("gaps", "proven")):
            proven[account, venue, wallet].append((start, end))
        return cls(store=store, results=results, proven=proven)

    @cached_property
    def quiet(self) -> Mapping[tuple[str, str], int]:
        """By account and format the most days that one file is silent; asked for where there is a hole only."""
        return {(account, form): days for account, form, days in self.store.rows(statement("gaps", "silences"))}

    def turned(self, wallet: Wallet, start: datetime, end: datetime) -> int:
        """Return how often a position opened or ended inside a range."""
        account, venue, pot = wallet
        inside = {"account": account, "venue": venue, "wallet": pot, "start": start + NEAR, "end": end - NEAR}
        return int(self.store.scalar(statement("gaps", "turns"), inside) or 0)

    def is_proven(self, wallet: Wallet, start: datetime, end: datetime) -> bool:
        """Say whether the venue's own balances agree before and after a range."""
        return any(begin <= start and end <= stop + NEAR for begin, stop in self.proven.get(wallet, ()))


def uncovered(store: Store, wallets: Mapping[Wallet, Covered], exports: Exports) -> Iterator[Lack]:
    """Yield the ranges that no export speaks for, of ledger, fills and borrowings; a hole once, with its facts."""
    evidence = Evidence.of(store)
    for wallet, covered in wallets.items():
        found: dict[Range, Lack] = {}
        for lack in (
            *_ledger(wallet, covered, evidence, exports),
            *_fills(wallet, covered, evidence),
            *_borrowings(wallet, covered, evidence),
        ):
            first = found.setdefault((lack.from_at, lack.to_at), lack)
            if first is not lack:
                found[lack.from_at, lack.to_at] = _together(first, lack)
        yield from found.values()
    yield from _ended(store, wallets)


def _together(one: Lack, other: Lack) -> Lack:
    """Return two lacks of one range as one: of the weightier fact, as urgent as the other."""
    named = one.facts or (one.fact,)
    told = one if one.warns or not other.warns else other
    urgent = min(filter(None, (one.priority, other.priority)), default=None)
    facts = tuple(fact for fact in FACTS if fact in {*named, other.fact})
    return replace(told, fact=facts[0], facts=facts, warns=one.warns or other.warns, priority=urgent)


def _ledger(wallet: Wallet, covered: Covered, evidence: Evidence, exports: Exports) -> Iterator[Lack]:
    trades = [fact for fact in ("fills", "funding", "interest", "borrow_repay") if fact in covered.islands]
    for what, start, end in covered.open_ranges("ledger"):
        if what == "all":
            if trades and exports.of(*wallet, "ledger"):
                yield _lack(
                    wallet,
                    "ledger",
                    start,
                    end,
                    warns=False,
                    priority=PERHAPS,
                    because="no movements of this wallet",
                    sentence="no export states the movements of this wallet: its balances follow from other "
                    "exports, and nothing proves them",
                )
            continue
        if evidence.is_proven(wallet, start, end):
            continue
        if turned := evidence.turned(wallet, start, end):
            yield _lack(
                wallet,
                "ledger",
                start,
                end,
                warns=True,
                priority=SURE,
                because="movements that fills show",
                sentence=f"no export states movements {between(start, end)}, though positions opened or ended "
                f"{_times(turned)} in it",
            )
        elif (what == "hole" or trades) and end - start >= DAY:
            yield _quiet(wallet, "ledger", what, start, end, evidence, exports)


def _fills(wallet: Wallet, covered: Covered, evidence: Evidence) -> Iterator[Lack]:
    booked = () if books_by_session(wallet[1], wallet[2]) else evidence.results.get(wallet, ())
    for what, start, end in covered.open_ranges("fills"):
        days = [day for day in booked if day + DAY > start + NEAR and day < end - NEAR]
        if days:
            first, last = days[0], days[-1]
            known = what != "all"  # of a wallet without any fills the net result is known all the same
            yield _lack(
                wallet,
                "fills",
                first,
                last,
                warns=known,
                priority=SURE if known else PERHAPS,
                because="results without their fills",
                sentence=f"the ledger books results of {in_days(first, last)} that no fill explains, and no "
                "export of fills covers that time",
            )
        elif what != "all":
            for first, last in covered.silent("ledger", start, end):
                if evidence.is_proven(wallet, first, last):
                    continue
                told = f"no export of fills covers {_range(what, first, last)}; perhaps nothing was traded"
                yield _lack(
                    wallet,
                    "fills",
                    first,
                    last,
                    warns=False,
                    priority=PERHAPS,
                    because="fills after or between files",
                    sentence=told,
                )


def _borrowings(wallet: Wallet, covered: Covered, evidence: Evidence) -> Iterator[Lack]:
    if regime_of(Scope(*wallet)) != "borrowed" or "fills" not in covered.islands:
        return
    for _, start, end in covered.open_ranges("borrow_repay"):
        if (turned := evidence.turned(wallet, start, end)) and not covered.speaks("ledger", start, end):
            yield _lack(
                wallet,
                "borrow_repay",
                start,
                end,
                warns=False,
                priority=LIKELY,
                because="what was borrowed for trades",
                sentence=f"no export says what was borrowed and repaid {between(start, end)}, though positions "
                f"opened or ended {_times(turned)} in it",
            )


def _quiet(
    wallet: Wallet, fact: str, what: str, start: datetime, end: datetime, evidence: Evidence, exports: Exports
) -> Lack:
    """Return a range in which perhaps nothing happened; a download is likely needed where it is unusually long."""
    export = exports.of(*wallet, fact)
    usual = evidence.quiet.get((wallet[0], export.name if export else "")) or 0
    longer = (end - start) / DAY > max(usual, 1)
    told = f"no file covers {_range(what, start, end)}; perhaps nothing happened"
    if longer:
        told += f", but inside a file the longest silence is {usual} days"
    return _lack(
        wallet,
        fact,
        start,
        end,
        warns=False,
        priority=(LIKELY if what == "hole" else PERHAPS) if longer else None,
        sentence=told,
        because="between two files" if what == "hole" else f"{words(fact)} of other exports' range",
    )


def _ended(store: Store, wallets: Mapping[Wallet, Covered]) -> Iterator[Lack]:
    """Yield wallets whose exports end with something open while others of the account go on."""
    known = {
        (account, venue, wallet): (names, count)
        for account, venue, wallet, names, count in store.rows(statement("gaps", "open_at_end"))
    }
    last: dict[tuple[str, str], datetime] = {}
    for (account, venue, _), covered in wallets.items():
        last[account, venue] = max(covered.whole[1], last.get((account, venue), covered.whole[1]))
    for wallet, covered in wallets.items():
        ends = max([covered.whole[1], *(islands[-1][1] for islands in covered.islands.values() if islands)])
        until = last[wallet[:2]]
        if wallet not in known or until - ends <= DAY:
            continue
        names, count = known[wallet]
        fact = next((fact for fact in FACTS if fact in covered.islands), "ledger")
        yield _lack(
            wallet,
            fact,
            ends,
            until,
            warns=True,
            priority=SURE,
            because=f"{names} was open at the end of the exports",
            symbol=names if count == 1 else None,
            facts=tuple(fact for fact in FACTS if fact in covered.islands),
            sentence=f"nothing is known of this wallet after {between(ends, ends)[3:]}, when {names} was open or owed, "
            "while other exports of the account go on",
        )


def _lack(
    wallet: Wallet,
    fact: str,
    start: datetime,
    end: datetime,
    *,
    warns: bool,
    priority: int | None,
    sentence: str,
    because: str,
    symbol: str | None = None,
    facts: tuple[str, ...] = (),
) -> Lack:
    account, venue, pot = wallet
    return Lack(
        account=account,
        venue=venue,
        wallet=pot,
        fact=fact,
        kind="files",
        from_at=start,
        to_at=end,
        warns=warns,
        priority=priority,
        sentence=sentence,
        because=because,
        symbol=symbol,
        facts=facts,
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _range(what: str, start: datetime, end: datetime) -> str:
    told = between(start, end)
    return {"head": f"{told}, before the first file", "tail": f"{told}, after the last file"}.get(what, told)
