"""The dialects of Kraken's cells, beyond those of `importers.cells`."""

from __future__ import annotations

from dataclasses import replace

from importers.cells import epoch, first_of, mapped, truncated, utc_time
from importers.contract import Cell
from importers.kraken.symbols import read_code, unified_pair

CLOCKS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ")


def clock(column: str, *, seconds: bool = False, required: bool = True) -> Cell:
    """Return the instant of a UTC clock (files) or of Unix seconds with a fraction (API).

    `seconds`: down to the second, as the ledger's files print it; they cut the fraction off, they do not round.
    """

    either = first_of(utc_time(column, *CLOCKS, required=required), epoch(column))
    cut = truncated(either, "1s") if seconds else either
    return replace(cut, expected="a time as 2025-03-01 10:00:00, or seconds since 1970")


def asset(column: str, *, required: bool = False) -> Cell:
    """Return the asset of a code: BTC for XXBT, DOT for DOT28.S."""
    return mapped(column, lambda code: read_code(code).asset, "an asset code", required=required)


def state(column: str) -> Cell:
    """Return `earn` where a code is a state of its asset (DOT28.S), empty (not null) where it is the asset itself."""
    return mapped(column, lambda code: read_code(code).wallet or "", "an asset code")


def wallet(column: str) -> Cell:
    """Return `spot` for `spot / main`, `earn` for `earn / bonded` and its like."""
    return mapped(column, _wallet, "a wallet as spot / main or earn / bonded", unmapped=True)


def _wallet(text: str) -> str | None:
    kind, _, name = (part.strip() for part in text.casefold().partition("/"))
    if kind == "earn":
        return "earn"
    return "spot" if kind == "spot" and name in ("", "main") else None


def pair(column: str) -> Cell:
    """Return the pair in its new spelling, BTC/USD."""
    return mapped(column, unified_pair, "a pair as BTC/USD, XXBTZUSD or XBTEUR", required=True, unmapped=True)
