"""Coins of Hyperliquid: `BTC` and `kPEPE` (a thousand PEPE) are perpetuals, `xyz:SNDK` one of a dex of its own,
`HYPE/USDC` and `@107` spot pairs.
"""

from __future__ import annotations

from importers import naming, vocabulary
from importers.contract import Named

COLLATERAL = "USDC"
"""In which perpetuals are settled, unless the row names another fee token."""
SPOT_PAIRS = {line["coin"]: (line["base"], line["quote"]) for line in vocabulary.table(__file__, "spot_pairs.csv")}


def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what a coin names; a spot pair by number that nobody has listed stays without a name."""
    if symbol.startswith("0x"):
        return None  # a vault
    if symbol.startswith("@"):
        listed = SPOT_PAIRS.get(symbol)
        return naming.pair(*listed) if listed else Named(product="spot")
    if pair := naming.split_pair(symbol, ()):
        return naming.pair(*pair)
    base = symbol.upper().replace(":", "-", 1) if ":" in symbol else symbol
    settled_in = settle or COLLATERAL
    return naming.contract(base, settled_in, settled_in)
