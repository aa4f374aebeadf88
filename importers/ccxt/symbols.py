"""What ccxt's symbols say, and in which pot of a venue their instruments lie.

`BTC/USDT` is a pair, `BTC/USDT:USDT` a perpetual, `BTC/USD:BTC-240628` a future, `...-50000-C` an option.  Older
dumps print contracts as pairs: where the wallet or the kind of the rows says contract, `BTC/USDT` is a perpetual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import polars as pl

from importers import naming, vocabulary
from importers.contract import Context, Named

SYMBOL = re.compile(
    r"(?P<base>[^/:\s]+)/(?P<quote>[^/:\s]+?)"
    r"(?::(?P<settle>[^/:\s-]+)(?:-(?P<day>\d{6})(?:-(?P<strike>\d+(?:\.\d+)?)-(?P<right>[CP]))?)?)?"
)
STABLE = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE")
"""A contract quoted in one of these is settled in it; one quoted in USD may be settled in either."""
POTS = {line["venue"]: line for line in vocabulary.table(__file__, "pots.csv")}
ACCOUNTS = {line["word"]: line["pot"] for line in vocabulary.table(__file__, "accounts.csv")}
WALLET_SETTLES = {"usdm": "linear", "coinm": "inverse"}


@cache
def name_instrument(symbol: str, settle: str | None = None) -> Named | None:
    """Return the terms of a unified symbol; None where it is none (a venue's raw one).  `settle` is not asked."""
    found = SYMBOL.fullmatch(symbol)
    if found is None:
        return None
    base, quote, settled = found["base"], found["quote"], found["settle"]
    if settled is None:
        return naming.pair(base, quote)
    if found["day"] is None:
        return naming.contract(base, quote, settled)
    expires_at = naming.compact_expiry(found["day"])
    if expires_at is None:
        return None
    if found["strike"] is None:
        return naming.contract(base, quote, settled, expires_at)
    return naming.option(base, quote, settled, expires_at, found["strike"], found["right"])


@cache
def name_contract(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of a contract; a bare pair is a perpetual settled in `settle` (an asset, or linear, inverse)."""
    named = name_instrument(symbol)
    if named is None or named.product != "spot" or named.base is None or named.quote is None:
        return named
    settled = {"linear": named.quote, "inverse": named.base, None: named.quote if named.quote in STABLE else None}
    asset = settled.get(settle, settle)
    return naming.contract(named.base, named.quote, asset) if asset is not None else None


def pot(context: Context, kind: str) -> str:
    """Return the wallet in which the venue keeps what is traded so (spot, linear, inverse, option, cross, isolated)."""
    return POTS.get((context.venue or "*").lower(), POTS["*"])[kind]


def account_wallets(context: Context) -> Mapping[str, str]:
    """Return the wallets of ccxt's names of accounts; names that are none of them (ids) are not in it."""
    return {word: own[1:] if own.startswith("=") else pot(context, own) for word, own in ACCOUNTS.items()}


def with_terms(rows: pl.DataFrame, context: Context, *, contracts: bool, settle: str | None = None) -> pl.DataFrame:
    """Return the rows with instrument, product, style, settle, `key_symbol` and the wallet of each.

    `contracts`: a bare pair is a contract, settled in the asset of the column `settle`, else as the wallet says.
    """
    by_wallet = WALLET_SETTLES.get(context.wallet or "")
    hints = rows[settle] if settle is not None else pl.Series([by_wallet], dtype=pl.String).new_from_index(0, len(rows))
    keys = pl.struct(rows["symbol"].alias("s"), hints.alias("h"))
    asked = rows.select(keys.alias("k"))["k"].unique().to_list() if len(rows) else []
    bare_is_contract = contracts or by_wallet is not None
    lines = [(item["s"], item["h"], *_terms(item["s"], item["h"], bare_is_contract, context)) for item in asked]
    names = ("symbol", "hint", "instrument", "product", "style", "settle", "own_pot")
    terms = pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row")
    joined = rows.with_columns(hints.alias("hint")).join(
        terms, on=["symbol", "hint"], how="left", nulls_equal=True, maintain_order="left")  # fmt: skip
    return joined.with_columns(
        pl.coalesce("instrument", "symbol").alias("key_symbol"),
        pl.coalesce(pl.lit(context.wallet), "own_pot").alias("wallet_of_row"),
    )


def _terms(symbol: str | None, hint: str | None, contract: bool, context: Context) -> tuple[str | None, ...]:
    named = None if symbol is None else (name_contract if contract else name_instrument)(symbol, hint)
    if named is None:
        return None, None, None, None, pot(context, "linear" if contract else "spot")
    kind = named.product if named.product in ("spot", "option") else str(named.style)
    return named.instrument, named.product, named.style, named.settle, pot(context, kind.replace("quanto", "linear"))
