"""The dialects of Bitfinex's cells: dates in a style that the user chose, codes, pairs, wallets."""

from __future__ import annotations

from importers.bitfinex.symbols import asset_of, is_derivative, symbol_of
from importers.cells import mapped
from importers.contract import Cell
from importers.dateorder import ordered_time, span_of_name

MARGIN, DERIVATIVES = "cross_margin", "usdm"
WALLETS = {"exchange": "spot", "margin": MARGIN, "trading": MARGIN, "funding": "funding", "deposit": "funding"}


def clock(column: str, *, required: bool = True) -> Cell:
    """Return the instant of a date in one of the report tool's styles, which the column or the file's name shows."""
    return ordered_time(column, "ymd", "dmy", "mdy", required=required, span=span_of_name)


def asset(column: str) -> Cell:
    """Return the asset of a code: USDT for UST, USDt and USTF0."""
    return mapped(column, asset_of, "a currency code", required=True)


def pair(column: str) -> Cell:
    """Return the symbol of a pair in any spelling."""
    return mapped(column, symbol_of, "a pair as BTC/USD, tBTCUSD or BTCF0/USTF0", required=True, unmapped=True)


def wallet_of_pair(column: str) -> Cell:
    """Return the wallet of a position: that of derivatives, or of margin."""

    def find(printed: str) -> str | None:
        symbol = symbol_of(printed)
        return None if symbol is None else DERIVATIVES if is_derivative(symbol) else MARGIN

    return mapped(column, find, "a pair as BTC/USD, tBTCUSD or BTCF0/USTF0", required=True, unmapped=True)
