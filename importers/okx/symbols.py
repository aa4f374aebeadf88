"""What the name of an OKX instrument gives away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import polars as pl

from importers.contract import Cell, Context, Named
from importers.naming import compact_expiry, contract, option, pair, terms_of

NAME = re.compile(
    r"(?P<base>[A-Z0-9]+)-(?P<quote>[A-Z0-9]+)"
    r"(?:-(?P<swap>SWAP)|-(?P<day>\d{6})(?:-(?P<strike>\d+(?:\.\d+)?)-(?P<right>[CP]))?)?"
)


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of BTC-USDT (a pair), BTC-USDT-SWAP, BTC-USD-251226 and BTC-USD-251226-100000-C; None: no such.

    What is quoted in USD is settled in its base, all else in its quote.  `settle` is not needed, and not asked.
    """
    found = NAME.fullmatch(symbol)
    if found is None:
        return None
    base, quote = found["base"], found["quote"]
    settled = base if quote == "USD" else quote
    if found["day"] is None:
        return contract(base, quote, settled) if found["swap"] else pair(base, quote)
    expires_at = compact_expiry(found["day"])
    if expires_at is None:
        return None
    if found["strike"] is None:
        return contract(base, quote, settled, expires_at)
    return option(base, quote, settled, expires_at, found["strike"], found["right"])


def term(column: str, name: str) -> Cell:
    """Return one term of the instrument (`product`, `base`, `settle` ...); empty (not null) where the name is none."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        found = terms_of(columns[0].str.strip_chars(), name_instrument, name)
        return found.fill_null("").zip_with(columns[0].is_not_null(), found)

    return Cell(columns=(column,), read=read, expected="the name of an instrument")
