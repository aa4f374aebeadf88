"""The explicit list of formats: one line a venue."""

from __future__ import annotations

from functools import cache

from importers.contract import Format


@cache
def formats() -> tuple[Format, ...]:
    """Return every built-in format, in the order in which they are listed."""
    from importers import (
        binance,
        bingx,
        bitfinex,
        bitget,
        bitmex,
        bybit,
        candles,
        ccxt,
        coinbase,
        cryptocom,
        deribit,
        dydx,
        gate,
        htx,
        hyperliquid,
        kraken,
        krakenfutures,
        kucoin,
        manual,
        mexc,
        nexo,
        okx,
        phemex,
        plain,
        rates,
        taxtools,
        venues,
    )

    modules = (
        binance, bingx, bitfinex, bitget, bitmex, bybit, coinbase, cryptocom, deribit, dydx, gate, htx, hyperliquid,
        kraken, krakenfutures, kucoin, mexc, nexo, okx, phemex,
        venues, ccxt, taxtools, plain, candles, rates, manual,
    )  # fmt: skip
    return tuple(form for module in modules for form in module.FORMATS)
