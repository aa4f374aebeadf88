"""What the symbol of a Binance contract gives away."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from importers.contract import Named
from importers.naming import compact_expiry, contract

QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USD1", "BTC")
COIN_M = re.compile(r"(?P<base>.+)USD_(?P<expiry>PERP|\d{6})")
USD_M = re.compile(rf"(?P<base>.+?)(?P<quote>{'|'.join(QUOTES)})(?:_(?P<expiry>\d{{6}}))?")

IS_COIN_M = pl.col("symbol").str.contains(r"USD_(PERP|\d{6})$")
WALLET = pl.when(IS_COIN_M).then(pl.lit("coinm")).otherwise(pl.lit("usdm"))
PRODUCT = (
    pl.when(pl.col("symbol").str.contains(r"_\d{6}$")).then(pl.lit("future")).otherwise(pl.lit("perpetual"))
)  # fmt: skip


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what `BTCUSDT`, `BTCUSDT_260327`, `BTCUSD_PERP` or `BTCUSD_260327` says; None: an unknown quote."""
    if found := COIN_M.fullmatch(symbol):
        base, quote, settled = found["base"], "USD", found["base"]
    elif found := USD_M.fullmatch(symbol):
        base, quote, settled = found["base"], found["quote"], found["quote"]
    else:
        return None
    date = found["expiry"] if found["expiry"] != "PERP" else None
    expires_at = compact_expiry(date) if date else None
    return None if date and expires_at is None else contract(base, quote, settled, expires_at)
