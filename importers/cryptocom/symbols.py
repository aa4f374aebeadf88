"""What instruments are called: pairs `BTC_USDT`, perpetuals `BTCUSD-PERP`, futures `BTCUSD-260327`, settled in USD.

The venue's dollar is `USD` or `USD_Stable_Coin`; a name without a quote is an asset.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from importers.cells import mapped
from importers.contract import Cell, Named
from importers.naming import compact_expiry, contract, pair, split_pair

DOLLAR = "USD_Stable_Coin"
CONTRACT = re.compile(r"(?P<base>[A-Z0-9]+?)USD-(?:PERP|(?P<day>\d{6}))")
ASSET = re.compile(r"[A-Za-z0-9]+(?:\.staked)?")


@cache
def name_instrument(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of an instrument; None where it is an asset or none that is known."""
    if found := CONTRACT.fullmatch(symbol):
        expires_at = compact_expiry(found["day"]) if found["day"] else None
        return None if found["day"] and expires_at is None else contract(found["base"], "USD", "USD", expires_at)
    assets = split_pair(symbol) if "_" in symbol and symbol != DOLLAR else None
    return pair(*assets) if assets else None


def asset_of(name: str) -> str | None:
    """Return the asset that a name is; None where it is an instrument."""
    if name == DOLLAR:
        return "USD"
    return name if ASSET.fullmatch(name) else None


def instrument(column: str) -> Cell:
    """Return the name of an instrument, or of an asset."""
    return mapped(column, lambda text: text if name_instrument(text) or asset_of(text) else None,
                  "BTCUSD-PERP, BTC_USDT, or an asset", required=True, unmapped=True)  # fmt: skip


def traded(column: str) -> Cell:
    """Return the name of an instrument."""
    return mapped(column, lambda text: text if name_instrument(text) else None,
                  "an instrument as BTC_USDT or BTCUSD-PERP", required=True, unmapped=True)  # fmt: skip


def assets(names: pl.Series) -> pl.Series:
    """Return the asset that each name is, null for instruments."""
    known = {name: asset_of(name) for name in names.unique().drop_nulls().to_list()}
    return names.replace_strict(known, default=None, return_dtype=pl.String)
