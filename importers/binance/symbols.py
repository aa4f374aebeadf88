"""What the symbol of a Binance contract gives away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

import polars as pl

from importers.contract import Named

QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USD1", "BTC")
COIN_M = re.compile(r"(?P<base>.+)USD_(?P<expiry>PERP|\d{6})")
USD_M = re.compile(rf"(?P<base>.+?)(?P<quote>{'|'.join(QUOTES)})(?:_(?P<expiry>\d{{6}}))?")
EXPIRY_HOUR = 8

IS_COIN_M = pl.col("symbol").str.contains(r"USD_(PERP|\d{6})$")
WALLET = pl.when(IS_COIN_M).then(pl.lit("coinm")).otherwise(pl.lit("usdm"))
PRODUCT = (
    pl.when(pl.col("symbol").str.contains(r"_\d{6}$")).then(pl.lit("future")).otherwise(pl.lit("perpetual"))
)  # fmt: skip


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what `BTCUSDT`, `BTCUSDT_260327`, `BTCUSD_PERP` or `BTCUSD_260327` says; None: an unknown quote."""
    if found := COIN_M.fullmatch(symbol):
        base, quote, settled, style = found["base"], "USD", found["base"], "inverse"
    elif found := USD_M.fullmatch(symbol):
        base, quote, settled, style = found["base"], found["quote"], found["quote"], "linear"
    else:
        return None
    date = found["expiry"] if found["expiry"] != "PERP" else None
    expires_at = _expiry(date) if date else None
    if date and expires_at is None:
        return None
    return Named(
        instrument=f"{base}/{quote}:{settled}" + (f"-{date}" if date else ""),
        product="future" if date else "perpetual",
        base=base, quote=quote, settle=settled, style=style, expires_at=expires_at,
    )  # fmt: skip


def _expiry(date: str) -> datetime | None:
    try:
        day = datetime.strptime(date, "%y%m%d")  # noqa: DTZ007 - it gets its hour and zone below
    except ValueError:
        return None
    return day.replace(hour=EXPIRY_HOUR, tzinfo=UTC)


def settle_assets(symbols: pl.Series) -> pl.Series:
    """Return the asset in which each symbol's results are booked, null where the symbol does not say."""
    distinct = symbols.unique().drop_nulls().to_list()
    known = {symbol: named.settle for symbol in distinct if (named := name_instrument(symbol, None))}
    return symbols.replace_strict(known, default=None, return_dtype=pl.String)
