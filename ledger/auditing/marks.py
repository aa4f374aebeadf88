"""What an instrument was worth when: mark before index before last of the files imported, else what rows imply.

A price of a file counts until the next of its series, an hour at most; what a row states counts for its own minute,
unless nothing is younger.  What is older than an hour is taken for want of better, up to a day, and called assumed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

import polars as pl

from ledger.judging.case import Quote
from ledger.storage.store import Store, statement
from schemas.types import INSTANT

FRESH = timedelta(hours=1)
AT_ONCE = timedelta(minutes=1)
STALE = timedelta(days=1)
AFTER = timedelta(days=30)
"""How long after a liquidation prices tell whether something else would have survived."""
PREFERENCE = ("snapshot", "liquidation", "mark", "index", "last", "funding", "fill")
LABELS = {
    "snapshot": "measured", "liquidation": "measured", "mark": "supplied", "index": "supplied", "last": "supplied",
    "funding": "implied", "fill": "implied",
}  # fmt: skip
SAID = {
    "snapshot": "mark price that the venue states", "liquidation": "mark price of the liquidation row",
    "mark": "mark price of {place}", "index": "index price of {place}", "last": "last price of {place}",
    "funding": "mark price of a funding row", "fill": "price of an own fill",
}  # fmt: skip

TEXT = pl.String()
WANTED = {"symbol": TEXT, "instrument": TEXT, "base": TEXT, "quote": TEXT, "names": pl.List(TEXT), "from_at": INSTANT,
          "to_at": INSTANT}  # fmt: skip
Series = list[tuple[datetime, Fraction, str, str]]
Known = tuple[datetime, str, int]
"""A price by its instant, kind and place in the series."""


@dataclass(frozen=True)
class Marks:
    """The known prices of one instrument, by kind, each in order of time."""

    series: Mapping[str, Series]

    @classmethod
    def load(
        cls, store: Store, venue: str, symbol: str, instrument: str | None, from_at: datetime, to_at: datetime,
        after: timedelta = timedelta(0),
    ) -> Marks:  # fmt: skip
        """Return the prices of an instrument from a day before `from_at` until `after` after `to_at`."""
        return cls.load_all(store, venue, {symbol: instrument}, from_at, to_at, {symbol: after})[symbol]

    @classmethod
    def load_all(
        cls, store: Store, venue: str, instruments: Mapping[str, str | None], from_at: datetime, to_at: datetime,
        after: Mapping[str, timedelta] | None = None,
    ) -> dict[str, Marks]:  # fmt: skip
        """Return the prices of instruments (by symbol, their unified names), those of `after` for so much longer."""
        if not instruments:
            return {}
        longer = after or {}
        wanted = []
        for symbol, instrument in instruments.items():
            base, quote = _pair(instrument)
            names = sorted({symbol.upper(), (instrument or symbol).upper(), *_glued(base, quote)})
            until = to_at + longer.get(symbol, timedelta(0))
            wanted.append((symbol, instrument, base, quote, names, from_at - STALE, until))
        words = {"venue": venue, "from": from_at - STALE, "to": max(row[-1] for row in wanted)}
        series: dict[str, dict[str, Series]] = {symbol: {} for symbol in instruments}
        with store.registered(incoming=pl.DataFrame(wanted, schema=WANTED, orient="row")):
            for symbol, moment, price, kind, place, row in store.rows(statement("auditing", "marks"), words):
                series[symbol].setdefault(kind, []).append((moment, Fraction(price), place, row))
        return {symbol: cls(found) for symbol, found in series.items()}

    def at(self, moment: datetime) -> Quote | None:
        """Return the best price known at an instant; None where the last one is older than a day."""
        found = [known for kind in self._kinds if (known := self._known(kind, moment)) is not None]
        fresh = [known for known in found if moment - known[0] <= FRESH]
        at_once = [known for known in fresh if LABELS[known[1]] == "measured" and moment - known[0] <= AT_ONCE]
        files = [known for known in fresh if LABELS[known[1]] == "supplied"]
        if at_once or files or fresh:
            return self._quote((at_once or files or [max(fresh, key=lambda known: known[0])])[0])
        if not found:
            return None
        youngest = self._quote(max(found, key=lambda known: known[0]))
        return Quote(
            price=youngest.price,
            at=youngest.at,
            label="assumed",
            source=f"{youngest.source}, the last known",
            rows=youngest.rows,
        )

    def stated(self, moment: datetime) -> Quote | None:
        """Return a price that a file of the user tells for an instant; the source says how old it is."""
        quotes = (self._last(kind, moment) for kind in ("mark", "index", "last"))
        found = next((quote for quote in quotes if quote is not None and moment - quote.at <= FRESH), None)
        if found is None or moment - found.at <= AT_ONCE:
            return found
        minutes = (moment - found.at) // timedelta(minutes=1)
        return Quote(
            price=found.price,
            at=found.at,
            label=found.label,
            source=f"{found.source}, {minutes} min before",
            rows=found.rows,
        )

    def last(self, moment: datetime) -> Quote | None:
        """Return the last price (not the mark) that a file or an own fill tells for the minute before an instant."""
        quotes = (self._last(kind, moment) for kind in ("last", "fill"))
        return next((quote for quote in quotes if quote is not None and moment - quote.at <= AT_ONCE), None)

    def path(self) -> tuple[list[tuple[datetime, Fraction]], bool]:
        """Return the series that tells most of how the price went, and whether it is of a price file."""
        files = [self.series[kind] for kind in ("mark", "index", "last") if kind in self.series]
        if files:
            return [(moment, price) for moment, price, _, _ in max(files, key=len)], True
        others = [(moment, price) for found in self.series.values() for moment, price, _, _ in found]
        return sorted(others), False

    def instants(self) -> list[datetime]:
        """Return the instants at which a price becomes known."""
        return [moment for moment, _ in self.path()[0]]

    @cached_property
    def _instants(self) -> Mapping[str, Sequence[datetime]]:
        return {kind: [point[0] for point in series] for kind, series in self.series.items()}

    @cached_property
    def _kinds(self) -> Sequence[str]:
        return [kind for kind in PREFERENCE if kind in self.series]

    def _known(self, kind: str, moment: datetime) -> Known | None:
        """Return the last price of a kind until an instant, where it is no older than a day."""
        instants = self._instants.get(kind, ())
        index = bisect_right(instants, moment) - 1
        if index < 0 or moment - instants[index] > STALE:
            return None
        return instants[index], kind, index

    def _last(self, kind: str, moment: datetime) -> Quote | None:
        known = self._known(kind, moment)
        return None if known is None else self._quote(known)

    def _quote(self, known: Known) -> Quote:
        _, kind, index = known
        at, price, place, row = self.series[kind][index]
        return Quote(price=price, at=at, label=LABELS[kind], source=SAID[kind].format(place=place), rows=(row,))


def _pair(instrument: str | None) -> tuple[str | None, str | None]:
    """Return base and quote of a unified name."""
    if instrument is None or "/" not in instrument:
        return None, None
    base, rest = instrument.split("/", 1)
    return base, rest.split(":", 1)[0]


def _glued(base: str | None, quote: str | None) -> Sequence[str]:
    if base is None or quote is None:
        return ()
    return [f"{base}{mark}{quote}".upper() for mark in ("", "/", "-", "_")]
