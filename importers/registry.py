"""The explicit list of formats: one line a venue."""

from __future__ import annotations

from functools import cache

from importers.contract import Format


@cache
def formats() -> tuple[Format, ...]:
    """Return every built-in format, in the order in which they are listed."""
    from importers import binance, bitmex, bybit, kraken, manual, nexo, plain

    return (
        *binance.FORMATS,
        *bitmex.FORMATS,
        *bybit.FORMATS,
        *kraken.FORMATS,
        *nexo.FORMATS,
        *plain.FORMATS,
        *manual.FORMATS,
    )
