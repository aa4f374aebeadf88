"""Contracts and margin accounts of Kraken Futures.

| prefix | what | settled in | wallet |
|---|---|---|---|
| `PF_`, `FF_` | linear perpetual, future | USD (a preference may choose another currency) | unified: multi-collateral |
| `PI_`, `FI_` | inverse perpetual, future of 1 USD | the coin | coinm: the coin's own margin account |
| `PV_`, `FV_` | older linear perpetual, future | the quote | usdm: their own margin account |

A contract has the spelling of the API (`PF_XBTUSD`), whatever a surface prints (`pf_xbtusd`, `PF_BTCUSD`).
"""

from __future__ import annotations

import re
from functools import cache

from importers.contract import Named
from importers.naming import asset_of, compact_expiry, contract

NAME = re.compile(
    r"(?P<term>[PF])(?P<kind>[IFV])_(?P<base>[A-Z0-9]+?)(?P<quote>USD|XBT|BTC|EUR|GBP)(?:_(?P<day>\d{6}))?"
)
WALLETS = {"F": "unified", "I": "coinm", "V": "usdm"}
MULTI_COLLATERAL = ("flex", "mc")
CASH = re.compile(r"cash|[a-z]{2,5}")
MARGIN_ACCOUNT = re.compile(r"f[iv]?[-_](?P<base>[a-z0-9]+?):?(?P<quote>usd|xbt)")
"""Of one collateral: `f-xbt:usd`, on the screen `F-XBTUSD`."""
SPELLINGS = {"PF_BTCUSD": "PF_XBTUSD", "PI_BTCUSD": "PI_XBTUSD"}
FEE_CREDITS = "KFEE"


def spelled(text: str) -> str:
    """Return a contract in the API's spelling."""
    upper = text.strip().upper()
    return SPELLINGS.get(upper, upper)


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what a contract's name says; None: none that we know.  `settle` is in the name."""
    found = NAME.fullmatch(symbol)
    if found is None or (found["term"] == "F") != (found["day"] is not None):
        return None
    base, quote = asset_of(found["base"]), asset_of(found["quote"])
    expires_at = compact_expiry(found["day"]) if found["day"] else None
    if found["day"] and expires_at is None:
        return None
    return contract(base, quote, base if found["kind"] == "I" else quote, expires_at)


@cache
def wallet_of(symbol: str) -> str | None:
    """Return the wallet that holds a contract, where no account is named."""
    found = NAME.fullmatch(symbol)
    return WALLETS[found["kind"]] if found else None


def wallet_of_account(account: str) -> str | None:
    """Return the wallet of a margin account, None where nobody has described it."""
    folded = account.casefold()
    if folded in MULTI_COLLATERAL:
        return "unified"
    if found := MARGIN_ACCOUNT.fullmatch(folded):
        return "coinm" if found["quote"] == "usd" else "usdm"
    return "funding" if CASH.fullmatch(folded) else None


def perpetual_of_account(account: str) -> str:
    """Return the one perpetual of an account of one collateral, whose funding rows name none; empty for other ones."""
    found = MARGIN_ACCOUNT.fullmatch(account.casefold())
    if found is None:
        return ""
    return f"{'PI' if found['quote'] == 'usd' else 'PV'}_{found['base']}{found['quote']}".upper()


def currency(code: str) -> str:
    """Return the asset of a row's symbol: BTC for xbt, KFEE for the wallet of fee credits."""
    upper = code.strip().upper()
    return FEE_CREDITS if upper == "FEE" else asset_of(upper)
