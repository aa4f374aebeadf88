"""How a wallet borrows: what says that something is owed, and whether spot-pair fills there are stakes."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Literal, cast

from ledger.accounting.voices import Scope

Regime = Literal["borrowed", "negative_balance", "lots", "positions"]
"""borrowed: by rows; negative_balance: where an asset is below zero; lots: positions are kept by opening trade;
positions: margin trades of a pair are netted at an average price, and only their results are booked."""


@cache
def _lines() -> tuple[dict[str, str], ...]:
    text = resources.files("ledger.accounting").joinpath("regimes.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def regime_of(scope: Scope) -> Regime | None:
    """Return how the wallet borrows; None where it cannot."""
    for line in _lines():
        if line["venue"] in (scope.venue, "*") and line["wallet"] == scope.wallet:
            return cast("Regime", line["regime"])
    return None


def books_results(scope: Scope) -> bool:
    """Return whether margin trades of the wallet book their result, and never what was bought, sold or borrowed."""
    return regime_of(scope) in ("lots", "positions")


@cache
def _by_currency() -> frozenset[tuple[str, str]]:
    text = resources.files("ledger.accounting").joinpath("logs_by_currency.csv").read_text(encoding="utf-8")
    return frozenset((line["venue"], line["wallet"]) for line in csv.DictReader(text.splitlines()))


def logs_by_currency(scope: Scope) -> bool:
    """Return whether the wallet's ledger comes as one export a currency, so that one is silent of all others."""
    return (scope.venue, scope.wallet) in _by_currency()


def trades_stakes(scope: Scope) -> bool:
    """Return whether every spot-pair fill of the wallet is part of a position, since the wallet can borrow."""
    return regime_of(scope) in ("borrowed", "negative_balance")
