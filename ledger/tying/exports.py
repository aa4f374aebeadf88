"""Which export of a venue to download for a fact of a wallet: the one that is used already, else the one that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from importers.contract import Claim, Format
from schemas.tables import WALLETS

CONTRACTS = frozenset({"usdm", "coinm", "unified", "strategy", "options"})
"""Wallets that hold contracts; exports of others state no funding."""
SURENESS = ("real file seen", "parser seen", "API documentation", "our own", "inferred")
WHOLE = 9
"""Claims of this rank state parts of a fact only."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """An export as a person knows it."""

    name: str
    title: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Exports:
    """The exports of all venues, and which of them a book has."""

    formats: Mapping[str, Format]
    used: Mapping[tuple[str, str, str, str], str]
    """By account, venue, wallet and fact the best export that the book has of it."""

    @classmethod
    def known(cls, formats: Sequence[Format], spans: pl.DataFrame) -> Exports:
        """Return them for a book whose files cover these spans."""
        ranked = spans.filter(pl.col("rank") < WHOLE).sort("rank", "format", descending=[True, True])
        used = {tuple(row[:4]): row[4] for row in ranked.select("account", "venue", "wallet", "fact", "format").rows()}
        return cls(formats={form.name: form for form in formats}, used=used)

    def of(self, account: str, venue: str, wallet: str, fact: str) -> Export | None:
        """Return the export to download; None where no format of the venue states the fact of this wallet."""
        name = self.used.get((account, venue, wallet, fact))
        form = self.formats.get(name) if name is not None else self._best(venue, wallet, fact)
        if form is None:
            return Export(name=name, title=name, how="") if name is not None else None
        return Export(name=form.name, title=form.title, how=form.how)

    def _best(self, venue: str, wallet: str, fact: str) -> Format | None:
        fitting = [
            (fit, form) for form in self.formats.values() if form.venue == venue and (fit := _fit(form, wallet, fact))
        ]
        return min(fitting, key=lambda pair: (*pair[0], pair[1].name))[1] if fitting else None


def _fit(form: Format, wallet: str, fact: str) -> tuple[int, int, int] | None:
    """Return how well a format states a fact of a wallet, small is good; None where it does not, or nothing says so."""
    claims = [claim for claim in form.claims if claim.fact == fact and claim.rank < WHOLE and claim.grain == "event"]
    if not claims:
        return None
    claim = min(claims, key=lambda each: each.rank)
    sure = SURENESS.index(form.confidence)
    if wallet in claim.wallets or (not claim.wallets and wallet in _named(form)):
        return (claim.rank, 0, sure)
    if claim.wallets or _named(form) or not _may_hold(form, wallet, fact, claim):
        return None
    return (claim.rank, 1, sure)


def _named(form: Format) -> set[str]:
    """Return the wallets that the format's own expression names."""
    text = str(form.wallet)
    return {wallet for wallet in WALLETS if text == wallet or f'"{wallet}"' in text}


def _may_hold(form: Format, wallet: str, fact: str, claim: Claim) -> bool:
    """Return whether a format whose rows say their wallet may be of this one: only contracts have funding."""
    of_contracts = any(each.fact == "funding" for each in form.claims)
    if fact in ("ledger", "fills"):
        return of_contracts == (wallet in CONTRACTS) or (fact == "fills" and claim.rank == 1)
    return True
