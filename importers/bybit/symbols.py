"""What the symbol of a Bybit instrument gives away.

`BTCUSDT` names a perpetual and a spot pair alike: `name_instrument` reads derivatives only, `name_pair` and
`split_pair` spot pairs only; a row's other cells say which of the two it is.
"""

from __future__ import annotations

import re
from functools import cache

from importers import naming
from importers.contract import Named
from importers.naming import MONTH_CODES, MONTHS, QUARTERLY, contract, expiry, last_friday, option

SPOT_QUOTES = (
    "USDT", "USDC", "USDE", "USDQ", "USDR", "RLUSD", "USD1", "DAI", "EUR", "EURC", "EURQ", "EURR", "BTC", "ETH", "MNT",
    "SOL", "BRZ", "BRL", "TRY", "PLN", "GBP", "AUD", "KZT", "GEL", "UAH", "USD",
)  # fmt: skip
"""Coins in which spot pairs are quoted; `split_pair` takes the longest that fits."""

DAY = rf"(?P<day>\d{{1,2}})(?P<month>{'|'.join(MONTHS)})(?P<year>\d\d)"
OPTION = re.compile(rf"(?P<base>[A-Z0-9]+)-{DAY}-(?P<strike>[0-9.]+)-(?P<right>[CP])(?:-(?P<settle>[A-Z0-9]+))?")
DATED = re.compile(rf"(?P<root>[A-Z0-9]+)-{DAY}")
USDC_PERPETUAL = re.compile(r"(?P<base>[A-Z0-9]+)PERP")
PERPETUAL = re.compile(r"(?P<base>[A-Z0-9]+?)(?P<quote>USDT|USD)")


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what the symbol of a derivative says; None: none that we know.  `settle` is not needed, and not asked.

    BTCUSDT and BTCPERP are linear perpetuals in USDT and USDC, BTCUSD an inverse one; BTCUSDT-21FEB25, BTC-24MAR23
    (in USDC) and BTCUSDH23 (inverse, the month's last Friday) are futures; BTC-28FEB25-2800-C an option in USDC,
    with -USDT behind it one in USDT.
    """
    if found := OPTION.fullmatch(symbol):
        return _option(found)
    if found := DATED.fullmatch(symbol):
        return _dated(found)
    if found := QUARTERLY.fullmatch(symbol):
        expires_at = last_friday(2000 + int(found["year"]), MONTH_CODES.index(found["code"]) + 1)
        return contract(found["base"], "USD", found["base"], expires_at)
    if found := USDC_PERPETUAL.fullmatch(symbol):
        return contract(found["base"], "USDC", "USDC")
    if found := PERPETUAL.fullmatch(symbol):
        return contract(found["base"], found["quote"], _settled_in(found["base"], found["quote"]))
    return None


def _settled_in(base: str, quote: str) -> str:
    return base if quote == "USD" else quote


def _dated(found: re.Match[str]) -> Named | None:
    """Return the terms of BTC-24MAR23 (in USDC), BTCUSDT-21FEB25 or BTCUSD-24MAR23."""
    expires_at = expiry(found["year"], found["month"], found["day"])
    if expires_at is None:
        return None
    pair = PERPETUAL.fullmatch(found["root"])
    base, quote = (pair["base"], pair["quote"]) if pair else (found["root"], "USDC")
    return contract(base, quote, _settled_in(base, quote), expires_at)


def _option(found: re.Match[str]) -> Named | None:
    expires_at = expiry(found["year"], found["month"], found["day"])
    if expires_at is None:
        return None
    settle = found["settle"] or "USDC"
    return option(found["base"], settle, settle, expires_at, found["strike"], found["right"])


@cache
def split_pair(symbol: str) -> tuple[str, str] | None:
    """Return base and quote of a spot pair (`BTCUSDT`, `ABC/USDT`); None where no known quote ends it."""
    return None if "-" in symbol or "_" in symbol else naming.split_pair(symbol, SPOT_QUOTES)


@cache
def name_pair(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of a spot pair, `settle_asset` being its quote; None where no known quote ends it."""
    found = split_pair(symbol)
    return None if found is None else naming.pair(*found)
