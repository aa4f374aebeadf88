"""What products are called, and in which wallet they are held.

| product | venue's name | ours |
|---|---|---|
| pair | `BTC-USD` | `BTC/USD` |
| US future (CFM) | `BIT-28MAR25-CDE` | `BTC/USD:USD-250328`; of a code that `futures.csv` lacks the base is unknown |
| international perpetual | `BTC-PERP-INTX`, at INTX itself `BTC-PERP`: the former counts | `BTC/USDC:USDC` |
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from importers.cells import mapped
from importers.contract import Cell, Named
from importers.naming import contract, expiry, pair, split_pair
from importers.naming import with_terms as with_named_terms
from importers.vocabulary import column, table

BASES = column(table(__file__, "futures.csv"), "code", "base")
PERPETUAL = re.compile(r"(?P<base>[A-Z0-9]+)-PERP(?:-INTX)?")
FUTURE = re.compile(r"(?P<code>[A-Z0-9]+)-(?P<day>\d\d)(?P<month>[A-Z]{3})(?P<year>\d\d)-CDE")
WALLETS = {"spot": "spot", "future": "usdm", "perpetual": "unified"}


@cache
def name_instrument(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of a product; None where its name is none of Coinbase's."""
    if found := PERPETUAL.fullmatch(symbol):
        return contract(found["base"], "USDC", "USDC")
    if found := FUTURE.fullmatch(symbol):
        expires_at = expiry(found["year"], found["month"], found["day"])
        if expires_at is None:
            return None
        base = BASES.get(found["code"].casefold())
        known = contract(base or "", "USD", "USD", expires_at)
        return known if base else Named(
            product="future", quote="USD", settle="USD", style="linear", expires_at=expires_at)  # fmt: skip
    assets = split_pair(symbol)
    return pair(*assets) if assets else None


def is_pair(symbol: str) -> bool:
    """Return whether it is a pair of assets, as `BTC-USD`."""
    named = name_instrument(symbol)
    return named is not None and named.product == "spot"


def product_id(name: str, *, pairs_only: bool = False, required: bool = True) -> Cell:
    """Return a product's id, if its terms are known: one for a perpetual, whoever lists it."""

    def find(text: str) -> str | None:
        known = is_pair(text) if pairs_only else name_instrument(text) is not None
        return (f"{text}-INTX" if text.endswith("-PERP") else text) if known else None

    shown = "BTC-USD" if pairs_only else "BTC-USD, BIT-28MAR25-CDE or BTC-PERP-INTX"
    return mapped(name, find, f"a product as {shown}", required=required, unmapped=True)


def with_terms(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with what their `symbol` says: base, quote, settle asset, product and wallet (`pot`)."""
    known = with_named_terms(rows, name_instrument, "base", "quote", "settle", "product")
    return known.with_columns(pl.col("product").replace_strict(WALLETS, return_dtype=pl.String).alias("pot"))
