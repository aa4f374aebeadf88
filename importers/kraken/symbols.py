"""Asset codes and pairs of Kraken, in the old spelling (XXBT, XXBTZUSD) and the new one (BTC, BTC/USD).

`assets.csv` names every code that is spelled otherwise than its asset; a code that is not in it is its asset's name, so
that XTZ, ZRX and XRP keep their letters.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from importers.vocabulary import table

STATES = ("S", "M", "P", "B", "F", "HOLD")
"""Stand after a dot where a balance is staked, opted in, bonded, earning or on hold; the asset is the plain one."""
BONDED = re.compile(r"(?P<asset>.+)\d\d")
"""`DOT28.S` is DOT, bonded for 28 days."""

QUOTES = (
    "USD", "EUR", "GBP", "CAD", "JPY", "AUD", "CHF", "AED", "KRW", "XBT", "BTC", "ETH", "DOT", "USDT", "USDC", "DAI",
    "PYUSD", "RLUSD", "USDG", "USDQ", "USDR", "EURQ", "EURR", "EURC",
)  # fmt: skip
"""Quotes of pairs without a slash; the longest that fits is meant."""
OLD_BASES = (
    "XXBT", "XETH", "XETC", "XLTC", "XXRP", "XXDG", "XXLM", "XXMR", "XZEC", "XREP", "XMLN", "XICN", "XDAO", "XXVN",
    "XNMC", "ZUSD", "ZEUR", "ZGBP", "ZAUD",
)  # fmt: skip
OLD_QUOTES = ("ZUSD", "ZEUR", "ZGBP", "ZCAD", "ZJPY", "ZAUD", "ZKRW", "XXBT", "XETH")
"""A pair is spelled with prefixes on both sides or on none: XXBTZUSD and XTZUSD, never XBTZUSD."""
EXCEPTIONS = {"USDTZUSD": ("USDT", "USD"), "ETH2.SETH": ("ETH2.S", "ETH")}
DARK = ".d"
"""Ending of a pair that was traded in the dark pool."""
PLAIN = re.compile(r"[A-Za-z0-9.]+")


class Code(NamedTuple):
    """What an asset code says: the asset, and `earn` where the code is a state of it."""

    asset: str
    wallet: str | None


ASSETS = {row["code"]: Code(row["asset"], row["wallet"] or None) for row in table(__file__, "assets.csv")}


@cache
def read_code(code: str) -> Code:
    """Return the asset of a code; a code with an ending that nobody has described is an asset of its own."""
    if (known := ASSETS.get(code)) is not None:
        return known
    plain, dot, state = code.rpartition(".")
    if not dot or state not in STATES:
        return Code(code, None)
    bonded = BONDED.fullmatch(plain) if state == "S" and plain not in ASSETS else None
    return Code(read_code(bonded["asset"] if bonded else plain).asset, "earn")


@cache
def unified_pair(pair: str) -> str | None:
    """Return `BTC/USD` for `BTC/USD`, `XBT/USD`, `XXBTZUSD` or `XBTUSD`; None where the quote is unknown."""
    base, slash, quote = pair.partition("/")
    if not slash:
        base, quote = _split(pair.removesuffix(DARK))
    if not (PLAIN.fullmatch(base) and PLAIN.fullmatch(quote)):
        return None
    return f"{_traded(base)}/{_traded(quote)}"


def _split(pair: str) -> tuple[str, str]:
    if pair in EXCEPTIONS:
        return EXCEPTIONS[pair]
    if pair[:4] in OLD_BASES and pair[4:] in OLD_QUOTES:
        return pair[:4], pair[4:]
    quote = max((quote for quote in QUOTES if pair.endswith(quote)), key=len, default="")
    return (pair.removesuffix(quote), quote) if quote else ("", "")


def _traded(code: str) -> str:
    """Return the asset that a pair names; what is traded as a staked asset stays one (`ETH2.S`)."""
    known = read_code(code)
    return code if known.wallet else known.asset
