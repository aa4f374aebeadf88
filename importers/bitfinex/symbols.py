"""Currency codes and pairs of Bitfinex: `BTC/USD`, `tBTCUSD`, `tLINK:USD`, and `BTCF0/USTF0`, a perpetual.

A code is its asset unless `assets.csv` says otherwise.  One that ends in F0 is a unit of the derivatives' wallet, worth
the plain one.
"""

from __future__ import annotations

import re
from functools import cache

from importers import naming, vocabulary
from importers.contract import Named

ASSETS = {line["code"].upper(): line["asset"] for line in vocabulary.table(__file__, "assets.csv")}
NETWORK_NAMES = re.compile(r"TETHERU[A-Z]+")
"""The movements call Tether by its network: TETHERUSE, TETHERUSX."""
DERIVATIVE = re.compile(r"(?P<code>[A-Z0-9]+)F0")
PAIR = re.compile(r"t?(?P<base>[A-Za-z0-9]+)[/:](?P<quote>[A-Za-z0-9]+)|t?(?P<six>[A-Z0-9]{3}[A-Z0-9]{3})")


@cache
def asset_of(code: str) -> str:
    """Return the asset of a code; of a derivatives' unit the plain one."""
    plain = code.upper()
    if found := DERIVATIVE.fullmatch(plain):
        return asset_of(found["code"])
    return "USDT" if NETWORK_NAMES.fullmatch(plain) else ASSETS.get(plain, plain)


def is_derivative(code: str) -> bool:
    """Return whether a code, or both of a symbol, is a unit of derivatives."""
    return all(DERIVATIVE.fullmatch(part.upper()) for part in code.split("/"))


@cache
def symbol_of(printed: str) -> str | None:
    """Return `BTC/USD` (in assets) or `BTCF0/USTF0` (as it is) for a pair in any spelling; None where it is none."""
    found = PAIR.fullmatch(printed.strip())
    if found is None:
        return None
    base, quote = (found["six"][:3], found["six"][3:]) if found["six"] else (found["base"], found["quote"])
    if is_derivative(f"{base}/{quote}"):
        return f"{base.upper()}/{quote.upper()}"
    return f"{asset_of(base)}/{asset_of(quote)}"


def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what a symbol names: a pair, or a perpetual whose results are in its quote."""
    pair = naming.split_pair(symbol, ())
    if pair is None:
        return None
    base, quote = (asset_of(part) for part in pair)
    return naming.contract(base, quote, quote) if is_derivative(symbol) else naming.pair(base, quote)
