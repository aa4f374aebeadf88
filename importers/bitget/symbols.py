"""What the symbol of a Bitget instrument gives away.

`BTCUSDT` names a perpetual and a spot pair alike: `name_contract` reads derivatives only, `name_pair` spot pairs only;
the export, or a row's other cells, say which of the two it is.  The ids of the first API have an ending that says the
product (`BTCUSDT_UMCBL`); it is no part of the symbol.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from importers.cells import mapped
from importers.contract import Cell, Named
from importers.naming import MONTH_CODES, QUARTERLY, asset_of, contract, last_friday, pair, split_pair

ENDINGS = ("_UMCBL", "_DMCBL", "_CMCBL", "_SPBL")
"""USDT-M, coin-M, USDC-M and spot of the first API."""
PERPETUAL = re.compile(r"(?P<base>[A-Z0-9]+?)(?P<quote>USDT|USDC|USD)")
USDC_PERPETUAL = re.compile(r"(?P<base>[A-Z0-9]+)PERP")

STABLE = ("USDT", "USDC", "USDE", "USD1", "USDGO", "BGUSD")
"""Margin coins of USDT-M and USDC-M contracts; where nothing else tells the wallet, other coins are coin-M margin."""
IS_COIN_M_NAME = r"USD(?:[FGHJKMNQUVXZ]\d\d)?$"


def bare(symbol: str) -> str:
    """Return a symbol in capitals, without the ending that the first API adds."""
    folded = symbol.upper()
    return next((folded.removesuffix(ending) for ending in ENDINGS if folded.endswith(ending)), folded)


@cache
def name_contract(symbol: str, settle: str | None) -> Named | None:
    """Return what the symbol of a derivative says; None: none that we know.  `settle` is not needed, and not asked.

    BTCUSDT and BTCPERP are linear perpetuals in USDT and USDC, BTCUSD is an inverse one; BTCUSDM26 an inverse future
    that is delivered on the last Friday of June 2026.
    """
    if found := QUARTERLY.fullmatch(symbol):
        base = asset_of(found["base"])
        expires_at = last_friday(2000 + int(found["year"]), MONTH_CODES.index(found["code"]) + 1)
        return contract(base, "USD", base, expires_at)
    if found := USDC_PERPETUAL.fullmatch(symbol):
        return contract(asset_of(found["base"]), "USDC", "USDC")
    if found := PERPETUAL.fullmatch(symbol):
        base, quote = asset_of(found["base"]), found["quote"]
        return contract(base, quote, base if quote == "USD" else quote)
    return None


@cache
def name_pair(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of a spot pair, `settle_asset` being its quote; None where no known quote ends it."""
    found = split_pair(symbol)
    return None if found is None else pair(*found)


def contract_symbol(column: str, *, required: bool = False) -> Cell:
    """Return the symbol of a contract as its newer exports print it."""
    return mapped(column, bare, "the symbol of a contract, as BTCUSDT", required=required)


def pair_symbol(column: str, *, required: bool = False) -> Cell:
    """Return the symbol of a spot pair whose quote is known."""
    return mapped(
        column, lambda symbol: bare(symbol) if split_pair(bare(symbol)) else None,
        "a spot pair whose quote is known, as BTCUSDT", required=required, unmapped=True,
    )  # fmt: skip


def futures_wallet(symbol: str = "symbol", coin: str = "asset") -> pl.Expr:
    """Return the wallet of a row: by its contract, else by the coin that was booked."""
    return (
        pl.when(pl.col(symbol).str.contains(IS_COIN_M_NAME)).then(pl.lit("coinm"))
        .when(pl.col(symbol).is_not_null() | pl.col(coin).is_in(STABLE)).then(pl.lit("usdm"))
        .otherwise(pl.lit("coinm"))
    )  # fmt: skip
