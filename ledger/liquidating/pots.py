"""What a venue takes at once: an isolated position, a wallet of one currency, a margin wallet, an account, a loan."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import NamedTuple

CONTRACTS = ("perpetual", "future", "option")
PER_CURRENCY = "pots.csv"
"""Venues whose one wallet is a pot for every settle currency; elsewhere an account of all is one pot."""


class Pot(NamedTuple):
    """A pot and what tells it from the others of its wallet."""

    kind: str
    """contract, margin, unified or loan."""
    account: str
    venue: str
    wallet: str
    pair: str | None = None
    """The pair of an isolated margin wallet."""
    position_id: str | None = None
    """Of an isolated contract; where no fill tells the position, its symbol and side."""
    settle_asset: str | None = None
    """Of a cross wallet of contracts."""
    loan_id: str | None = None


@cache
def _per_currency() -> frozenset[tuple[str, str]]:
    text = resources.files("ledger.liquidating").joinpath(PER_CURRENCY).read_text(encoding="utf-8")
    return frozenset((line["venue"], line["wallet"]) for line in csv.DictReader(text.splitlines()))


def product_of(wallet: str, product: str | None) -> str:
    """Return what is traded, as the wallet tells where nothing else does."""
    if product is not None:
        return product
    return "margin" if wallet in ("cross_margin", "isolated_margin", "spot") else "perpetual"


def pot_of(
    place: tuple[str, str, str], *, product: str, margin_mode: str | None, pair: str | None, symbol: str,
    position: str, settle_asset: str | None,
) -> Pot:  # fmt: skip
    """Return the pot of a position in a place (account, venue, wallet)."""
    venue, wallet = place[1], place[2]
    if wallet == "isolated_margin":
        return Pot("margin", *place, pair=pair or symbol)
    if margin_mode == "portfolio":
        return Pot("unified", *place)
    if product in CONTRACTS and margin_mode == "isolated":
        return Pot("contract", *place, position_id=position)
    if wallet == "unified" and (venue, wallet) not in _per_currency():
        return Pot("unified", *place)
    if product not in CONTRACTS:
        return Pot("margin", *place)
    return Pot("contract", *place, settle_asset=settle_asset)


def margin_mode_of(wallet: str, stated: str | None) -> str | None:
    """Return how a position was margined: as rows state it, or as the wallet itself says."""
    return stated or {"isolated_margin": "isolated", "cross_margin": "cross"}.get(wallet)
