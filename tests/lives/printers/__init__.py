"""Lives as the venues' exports print them, one venue a module."""

from __future__ import annotations

from tests.lives.everywhere import Venue
from tests.lives.printers import (
    binance,
    bingx,
    bitfinex,
    bitget,
    bybit,
    ccxt,
    coinbase,
    cryptocom,
    deribit,
    described,
    dydx,
    gate,
    htx,
    hyperliquid,
    krakenfutures,
    kucoin,
    mexc,
    okx,
    phemex,
    plain,
    sites,
)

APIS = (
    binance, bybit, okx, bitget, kucoin, krakenfutures, deribit, hyperliquid, dydx, gate, htx, mexc, phemex, bingx,
    coinbase, cryptocom, bitfinex, plain, ccxt, described,
)  # fmt: skip
VENUES: tuple[Venue, ...] = (*(module.VENUE for module in APIS), *sites.VENUES)
"""Every venue that a life is printed for."""
