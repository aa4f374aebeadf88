"""What the name of a Deribit instrument says, and what currency a file's name says.

| name | what |
|---|---|
| `BTC-PERPETUAL`, `ETH-27JUN25` | inverse, in the coin; sizes are in USD |
| `SOL_USDC-PERPETUAL`, `BTC_USDC-27JUN25` | linear, in what stands behind the underscore; sizes are in the coin |
| `BTC-27JUN25-100000-C`, `XRP_USDC-27JUN25-0d625-P` | options, in the coin or linear; `d` is a decimal point |
| `BTC_USDC` | spot pair |
"""

from __future__ import annotations

import re
from functools import cache

from importers.contract import Named
from importers.naming import MONTHS, contract, expiry, option, pair

NAME = re.compile(
    r"(?P<base>[A-Z0-9]+)(?:_(?P<quote>[A-Z0-9]+))?"
    rf"(?:-(?P<term>PERPETUAL|(?P<day>\d{{1,2}})(?P<month>{'|'.join(MONTHS)})(?P<year>\d\d)"
    r"(?:-(?P<strike>[0-9]+(?:d[0-9]+)?)-(?P<right>[CP]))?))?"
)
IN_LOG_NAME = re.compile(r"transaction_log-[^-]+-(?P<currency>[A-Z]{3,5})-")
IN_ANY_NAME = re.compile(
    r"[-_ ](?P<currency>BTC|ETH|STETH|ETHW|USDC|USDT|EURR|MATIC|SOL|XRP|USYC|PAXG|BNB|USDE)(?=[-_. ])"
)


@cache
def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what an instrument's name says; None: none that we know (combos).  `settle` is in the name."""
    found = NAME.fullmatch(symbol)
    if found is None:
        return None
    base, quote, in_coin = found["base"], found["quote"] or "USD", found["quote"] is None
    if found["term"] is None:
        return None if in_coin else pair(base, quote)
    booked = base if in_coin else quote
    if found["day"] is None:
        return contract(base, quote, booked)
    expires_at = expiry(found["year"], found["month"], found["day"])
    if expires_at is None:
        return None
    if found["strike"] is None:
        return contract(base, quote, booked, expires_at)
    return option(base, quote, booked, expires_at, found["strike"].replace("d", "."), found["right"])


def currency_of(file_name: str) -> str | None:
    """Return the currency that the name of a log says: `transaction_log-1-BTC-2026.csv`, `log BTC.csv`; else None."""
    found = IN_LOG_NAME.search(file_name) or IN_ANY_NAME.search(file_name)
    return found["currency"] if found else None


@cache
def belongs(symbol: str, currency: str) -> bool:
    """Return whether an instrument can stand in the log of a currency; one that we do not know can."""
    named = name_instrument(symbol, None)
    if named is None:
        return True
    return currency in (named.base, named.quote) if named.product == "spot" else currency == named.settle
