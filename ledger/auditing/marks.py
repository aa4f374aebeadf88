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

from ledger.judging.case import Quote
from ledger.storage.store import Store, statement

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

Series = list[tuple[datetime, Fraction, str, str]]


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
        base, quote = _pair(instrument)
        names = sorted({symbol.upper(), (instrument or symbol).upper(), *_glued(base, quote)})
        words = {
            "venue": venue, "symbol": symbol, "instrument": instrument, "names": names, "base": base, "quote": quote,
            "from": from_at - STALE, "to": to_at + after,
        }  # fmt: skip
        series: dict[str, Series] = {}
        for moment, price, kind, place, row in store.rows(statement("auditing", "marks"), words):
            series.setdefault(kind, []).append((moment, Fraction(price), place, row))
        return cls(series)

    def at(self, moment: datetime) -> Quote | None:
        """Return the best price known at an instant; None where the last one is older than a day."""
        found = [quote for kind in PREFERENCE if (quote := self._last(kind, moment)) is not None]
        fresh = [quote for quote in found if moment - quote.at <= FRESH]
        at_once = [quote for quote in fresh if quote.label == "measured" and moment - quote.at <= AT_ONCE]
        files = [quote for quote in fresh if quote.label == "supplied"]
        if at_once or files or fresh:
            return (at_once or files or [max(fresh, key=lambda quote: quote.at)])[0]
        if not found:
            return None
        youngest = max(found, key=lambda quote: quote.at)
        return Quote(
            price=youngest.price,
            at=youngest.at,
            label="assumed",
            source=f"{youngest.source}, the last known",
            row=youngest.row,
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
            row=found.row,
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

    def _last(self, kind: str, moment: datetime) -> Quote | None:
        series = self.series.get(kind, [])
        index = bisect_right(series, moment, key=lambda point: point[0]) - 1
        if index < 0 or moment - series[index][0] > STALE:
            return None
        at, price, place, row = series[index]
        return Quote(price=price, at=at, label=LABELS[kind], source=SAID[kind].format(place=place), row=row)


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
