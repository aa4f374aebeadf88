"""What KuCoin's symbols say: `ETH-USDT` is a pair; `ETHUSDTM`, `XBTUSDM` and `XBTMM24` are contracts."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from importers import naming
from importers.cells import mapped
from importers.contract import Cell, Named

LINEAR = re.compile(r"(?P<base>[A-Z0-9]+?)(?P<quote>USDT|USDC)M")
INVERSE = re.compile(r"(?P<base>[A-Z0-9]+?)USDM")
DATED = re.compile(r"(?P<base>(?!.*USD)[A-Z0-9]+?)M(?P<month>[FGHJKMNQUVXZ])(?P<year>\d\d)")
"""A month's letter and a year: settled in the coin, on the last Friday."""
DOLLARS = ("USDT", "USDC")
FUTURES = ("usdm", "coinm")


@cache
def name_contract(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of a contract; its size its name does not say."""
    if found := LINEAR.fullmatch(symbol):
        return naming.contract(naming.asset_of(found["base"]), found["quote"], found["quote"])
    if found := INVERSE.fullmatch(symbol):
        base = naming.asset_of(found["base"])
        return naming.contract(base, "USD", base)
    if found := DATED.fullmatch(symbol):
        base, month = naming.asset_of(found["base"]), naming.MONTH_CODES.index(found["month"]) + 1
        return naming.contract(base, "USD", base, naming.last_friday(2000 + int(found["year"]), month))
    return None


@cache
def name_pair(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of a pair as `ETH-USDT`."""
    split = naming.split_pair(symbol, ())
    return naming.pair(*split) if split else None


name_any = naming.first_named(name_contract, name_pair)


def contract(column: str) -> Cell:
    """Return the symbol of a contract whose name says what it is settled in."""
    return mapped(column, lambda text: text if name_contract(text, None) else None,
                  "a contract as XBTUSDTM, XBTUSDM or XBTMM24", required=True, unmapped=True)  # fmt: skip


def pair(column: str) -> Cell:
    """Return the symbol of a pair, `KCS-BTC` for the `KCS/BTC` of 2019, so that one pair is one stream."""
    return mapped(column, _dashed, "a pair as ETH-USDT", required=True, unmapped=True)


def _dashed(text: str) -> str | None:
    split = naming.split_pair(text, ())
    return "-".join(split) if split else None


def asset(column: str, *, required: bool = True) -> Cell:
    """Return the asset of a code: futures call BTC XBT."""
    return mapped(column, lambda text: naming.asset_of(text) or None, "an asset", required=required)


def with_settle(rows: pl.DataFrame, symbol: str = "symbol") -> pl.DataFrame:
    """Return the rows with `settle` and `style` of their contract."""
    return naming.with_terms(rows, name_contract, "settle", "style", symbol=symbol)


def futures_wallet(settle: pl.Expr) -> pl.Expr:
    """Return the wallet of what is settled in an asset: dollars or the coin itself."""
    return pl.when(settle.is_in(DOLLARS)).then(pl.lit("usdm")).otherwise(pl.lit("coinm"))
