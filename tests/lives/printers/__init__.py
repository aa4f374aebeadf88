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
)

VENUES: tuple[Venue, ...] = tuple(
    module.VENUE for module in (
        binance, bybit, okx, bitget, kucoin, krakenfutures, deribit, hyperliquid, dydx, gate, htx, mexc, phemex, bingx,
        coinbase, cryptocom, bitfinex, plain, ccxt, described,
    )
)  # fmt: skip
"""Every venue that a life is printed for."""
