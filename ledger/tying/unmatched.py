"""Ends of transfers without another: whether they should have one, where it may be, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.storage.store import Store, statement
from ledger.tying.ends import End, Site, place_of


@dataclass(frozen=True)
class Span:
    """A range of time for which a whole ledger of a wallet is in the book, of one asset or (None) of all."""

    asset: str | None
    from_at: datetime
    to_at: datetime
    format: str

    def speaks_at(self, at: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.from_at <= at < self.to_at


@dataclass(frozen=True)
class Known:
    """What the book has of which wallet."""

    ledgers: Mapping[Site, Mapping[str, Sequence[Span]]]
    last_at: Mapping[Site, datetime]
    """By account and venue, the last instant that any ledger of theirs covers."""

    def of(self, end: End) -> dict[str, list[Span]]:
        """Return the ledgers of the wallets that may hold the other end: the one it names, else any of its venue."""
        wallets = self.ledgers.get(end.site, {})
        names = [end.other_wallet] if end.other_wallet else [name for name in wallets if name != end.wallet]
        of_asset = {name: [span for span in wallets.get(name, ()) if span.asset in {None, end.asset}] for name in names}
        return {name: spans for name, spans in of_asset.items() if spans}

    def telling(self, end: End) -> set[str]:
        """Return the formats that tell the wallet of an end then: were its other end in them, they would have a row."""
        return {s.format for s in self.ledgers.get(end.site, {}).get(end.wallet, ()) if s.speaks_at(end.moved_at)}

    def reaches_elsewhere(self, end: End) -> datetime | None:
        """Return until when the book knows the other accounts; None: there is none."""
        return max((at for site, at in self.last_at.items() if site != end.site), default=None)


@dataclass(frozen=True)
class Verdict:
    """What is known of an end without another."""

    status: str
    hint: str | None = None
    how: str | None = None
    severity: str | None = None
    """Where it is worth a finding."""
    is_ambiguous: bool = False


LISTED = "`marginbook formats list` has its exports"
BY_HAND = Verdict("outside", "called the end of no own transfer; `marginbook match` says otherwise", "hand")
RETURNED = Verdict("returned", "it came back to the wallet that it left, or was taken back")
OF_CAUSE = {
    "pledge": Verdict("pledged", "collateral: it is with the lender"),
    "margin_move": Verdict("margin", "margin of a position of this wallet"),
}


def known_of(store: Store) -> Known:
    """Return which ledgers of which wallets the book has."""
    ledgers: dict[Site, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    last_at: dict[Site, datetime] = {}
    for account, venue, wallet, *told in store.rows(statement("transfers", "ledgers")):
        site, span = (account, venue), Span(*told)
        ledgers[site][wallet].append(span)
        last_at[site] = max(span.to_at, last_at.get(site, span.to_at))
    return Known(ledgers, last_at)


def verdict_of(end: End, known: Known, rivals: Sequence[End], similar: Sequence[End]) -> Verdict:
    """Return what an end without another is, and what to do about it."""
    if rivals:
        return _ambiguous(rivals)
    if end.came_back:
        return RETURNED
    if end.is_outside:
        return _outside(end, known, similar)
    return OF_CAUSE.get(end.cause) or _internal(end, known)


def _ambiguous(rivals: Sequence[End]) -> Verdict:
    named = _named(rivals)
    text = f"{named} fit equally well" if len(rivals) > 1 else f"{named} fits, and fits another row equally well"
    hint = f"{text}; `marginbook match` says which belong together"
    return Verdict("unmatched", hint, severity="warning", is_ambiguous=True)


def _named(ends: Sequence[End]) -> str:
    return _all([f"{place_of(end)} at {end.moved_at:%Y-%m-%d %H:%M:%S}Z" for end in ends])


def _outside(end: End, known: Known, similar: Sequence[End]) -> Verdict:
    """Return what a deposit or withdrawal is of which the other end is not there: nobody may ever say."""
    if similar:
        hint = f"a little less arrived: {_named(similar)}; `marginbook match` says if it is this one"
        return Verdict("outside", hint)
    reaches = known.reaches_elsewhere(end)
    if end.amount > 0 or reaches is None or reaches > end.moved_at:
        return Verdict("outside")
    hint = f"the book knows the other accounts until {reaches:%Y-%m-%d %H:%M}Z: if it went to one, import what follows"
    return Verdict("outside", hint)


def _internal(end: End, known: Known) -> Verdict:
    """Return what a transfer inside a venue is of which the other end is not there."""
    ledgers = known.of(end)
    sure = end.other_wallet is not None
    same = set() if sure else known.telling(end)
    covering = [
        name
        for name, spans in ledgers.items()
        if any(span.speaks_at(end.moved_at) and span.format not in same for span in spans)
    ]
    if covering:
        why = "a row may be missing or was rejected" if sure else "the row does not say where its other end is"
        hint = f"the book has {_all(covering)} of {end.venue} then, and no row there fits: {why}"
        return Verdict("unmatched", hint, severity="warning" if sure else "info")
    spans = [span for spans in ledgers.values() for span in spans]
    reaches = max((span.to_at for span in spans), default=None)
    if end.amount < 0 and reaches is not None and reaches <= end.moved_at:
        hint = f"the book knows {_all(ledgers)} of {end.venue} until {reaches:%Y-%m-%d %H:%M}Z: import what follows"
        return Verdict("in_transit", hint)
    if spans and end.other_wallet:
        hint = f"import {_all({span.format for span in spans})} of {end.other_wallet} for {end.moved_at:%Y-%m-%d}"
    elif spans:
        hint = f"the row does not say where its other end is, and the book lacks {_all(ledgers)} of {end.venue} then"
    elif end.other_wallet:
        hint = f"import the history of the {end.other_wallet} wallet of {end.venue}; {LISTED}"
    else:
        whence = "went to" if end.amount < 0 else "came from"
        hint = f"import the history of the wallet of {end.venue} that it {whence}; {LISTED}"
    return Verdict("not_imported", hint)


def _all(names: Iterable[str]) -> str:
    listed = sorted(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
