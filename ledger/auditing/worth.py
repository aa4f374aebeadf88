"""What the assets of a bucket were worth in its currency, and what share of that counts as collateral.

A price is the latest known at or before its instant; of the base of the instrument that was liquidated it is the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

import polars as pl

from ledger.judging.case import Quote
from ledger.storage.store import Store
from ledger.tying.valuation import priced
from schemas.types import INSTANT

OLDEST = timedelta(days=30)
"""Of a price that is taken for want of a younger one."""
FRESH = timedelta(days=1)

Ratio = Callable[[str, datetime, Fraction], Fraction]
"""The share of a value of an asset that counts as collateral."""


@dataclass(kw_only=True)
class Worth:
    """Prices of assets in a currency at the instants that were asked for."""

    currency: str
    prices: Mapping[tuple[str, datetime], Quote]
    ratio: Ratio | None = None
    unknown: set[str] = field(default_factory=set)
    """Assets of which no price was found; they are left out, and `missing` says so."""

    @classmethod
    def load(
        cls, store: Store, currency: str, asked: Iterable[tuple[str, datetime]],
        marks: Callable[[str, datetime], Quote | None],
    ) -> Worth:  # fmt: skip
        """Return the prices of (asset, instant) in a currency: by `marks`, else the latest that is known."""
        wanted = sorted({(asset, at) for asset, at in asked if asset != currency})
        marked = {(asset, at): marks(asset, at) for asset, at in wanted}
        prices = {place: quote for place, quote in marked.items() if quote is not None}
        rest = [place for place in wanted if place not in prices]
        if rest:
            rows = pl.DataFrame(rest, schema={"asset": pl.String(), "at": INSTANT}, orient="row")
            for line in priced(store, rows, currency, max_age=OLDEST).iter_rows(named=True):
                if line["price"] is not None:
                    prices[line["asset"], line["at"]] = _quote(line)
        filled = _filled(wanted, prices)
        unknown = {asset for asset, at in wanted if (asset, at) not in filled}
        return cls(currency=currency, prices=filled, unknown=unknown)

    def quote(self, asset: str, at: datetime) -> Quote | None:
        """Return the price of an asset at an instant; None where it is unknown."""
        if asset == self.currency:
            return Quote(price=Fraction(1), at=at, label="measured", source="")
        return self.prices.get((asset, at))

    def price(self, asset: str, at: datetime) -> Fraction:
        """Return the price of an asset; 0 of one that was left out for want of any."""
        quote = None if asset in self.unknown else self.quote(asset, at)
        return Fraction(0) if quote is None else quote.price

    def counted(self, asset: str, at: datetime, amount: Fraction) -> Fraction:
        """Return the share of a balance's value that counts: what is owed counts in full."""
        if self.ratio is None or amount <= 0:
            return Fraction(1)
        return self.ratio(asset, at, amount * self.price(asset, at))


def _filled(
    wanted: Sequence[tuple[str, datetime]], prices: Mapping[tuple[str, datetime], Quote]
) -> dict[tuple[str, datetime], Quote]:
    """Return the prices with the first known one also for the instants before it, called assumed."""
    filled = dict(prices)
    first: dict[str, Quote] = {}
    for asset, at in reversed(wanted):
        if (asset, at) in prices:
            first[asset] = prices[asset, at]
        elif asset in first:
            known = first[asset]
            source = known.source if known.label == "assumed" else f"{known.source}, the first known"
            filled[asset, at] = replace(known, label="assumed", source=source)
    return filled


def _quote(line: Mapping[str, object]) -> Quote:
    price, at, asked = line["price"], line["priced_at"], line["at"]
    assert isinstance(at, datetime) and isinstance(asked, datetime)
    source = str(line["price_source"])
    label = "supplied" if "imported" in source else "implied"
    if asked - at > FRESH:
        label, source = "assumed", f"{source}, the last known"
    rows = tuple(str(line["price_rows"] or "").split())
    return Quote(price=Fraction(str(price)), at=at, label=label, source=source, rows=rows)
