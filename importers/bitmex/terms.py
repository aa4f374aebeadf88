"""Currency codes and symbols of BitMEX: what a code counts in, what a symbol's name says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl

from importers.contract import Cell, Context, Named
from importers.naming import MONTH_CODES, asset_of, contract, last_friday
from schemas.types import MONEY

ISO_TIMES = ("%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M:%S%.f")
"""Of the API, and of account archives; both are UTC."""
SITE_TIME = "%m/%d/%Y, %I:%M:%S %p"
"""Of the site's CSV: the browser's wall clock, in US style."""
NO_ORDER = "00000000-0000-0000-0000-000000000000"

CURRENCIES: Mapping[str, tuple[str, Decimal]] = {
    "XBt": ("BTC", Decimal("1e-8")),
    "XBT": ("BTC", Decimal(1)),
    "USDt": ("USDT", Decimal("1e-6")),
    "USDT": ("USDT", Decimal(1)),
    "BMEx": ("BMEX", Decimal("1e-6")),
    "BMEX": ("BMEX", Decimal(1)),
    "Gwei": ("ETH", Decimal("1e-9")),
    "ETH": ("ETH", Decimal(1)),
    "LAMp": ("SOL", Decimal("1e-9")),
    "SOL": ("SOL", Decimal(1)),
}
"""Code -> asset and worth of one unit; case matters.  `scale` of the venue's `/wallet/assets` extends the list."""

QUOTES = ("USDT", "USD")
EXPIRY_HOUR = 12
"""Of the day of expiry, UTC."""

SPOT = re.compile(r"^(?P<base>[A-Z0-9]+)_(?P<quote>USDT|USDC|XBT|ETH)$")
SETTLED_ELSEWHERE = re.compile(r"^(?P<base>[A-Z0-9]+)USD_(?P<settle>[A-Z0-9]+)$")
DATED = re.compile(rf"^(?P<root>[A-Z0-9]*?[A-Z])(?P<month>[{MONTH_CODES}])(?P<year>\d\d)$")
PERPETUAL = re.compile(r"^(?P<base>[A-Z0-9]+?)(?P<quote>USDT|USD)$")
NAMELESS = (
    (re.compile(r"^XBT7D_[UD]\d+$"), Named(product="option", base="BTC", settle="BTC")),
    (re.compile(r"^P_"), Named(product="future")),
)
"""Upside and downside contracts, prediction contracts."""


def currency(column: str, *, default: str | None = None, required: bool = False) -> Cell:
    """Return the asset of a currency code, `default` being the code where the export prints none."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _look_up(columns[0], {code: asset for code, (asset, _) in CURRENCIES.items()}, default)

    return Cell(
        columns=(column,), read=read, expected=f"a currency code, one of {', '.join(CURRENCIES)} (case matters)",
        required=required, unmapped=True,
    )  # fmt: skip


def unit(column: str, *, default: str | None = None) -> Cell:
    """Return what one unit of a currency code is worth in its asset: 1e-8 for XBt."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _look_up(columns[0], {code: str(worth) for code, (_, worth) in CURRENCIES.items()}, default).cast(MONEY)

    return Cell(columns=(column,), read=read, expected="a known currency code (case matters)", unmapped=True)


def _look_up(codes: pl.Series, words: Mapping[str, str], default: str | None) -> pl.Series:
    filled = codes if default is None else codes.fill_null(default)
    return filled.str.strip_chars().replace_strict(words, default=None, return_dtype=pl.String)


def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what a symbol says; `settle` is the asset its results are booked in, where the row shows it.

    Symbols quoted in USDT were settled in BTC (quanto) to 2021 and in USDT since: only `settle` decides, so without
    it they have no instrument.  All other contracts of these names were settled in BTC.
    """
    if nameless := next((named for pattern, named in NAMELESS if pattern.match(symbol)), None):
        return nameless
    if found := SETTLED_ELSEWHERE.match(symbol):
        return _perpetual(asset_of(found["base"]), "USD", asset_of(found["settle"]))
    if found := SPOT.match(symbol):
        base, quote = asset_of(found["base"]), asset_of(found["quote"])
        return Named(instrument=f"{base}/{quote}", product="spot", base=base, quote=quote)
    if found := DATED.match(symbol):
        month = MONTH_CODES.index(found["month"]) + 1
        return _dated(found["root"], last_friday(2000 + int(found["year"]), month, EXPIRY_HOUR), settle)
    if found := PERPETUAL.match(symbol):
        base, quote = asset_of(found["base"]), found["quote"]
        return _perpetual(base, quote, settle or ("BTC" if quote == "USD" else None))
    return Named()


def _perpetual(base: str, quote: str, settle: str | None) -> Named:
    if settle is None:
        return Named(base=base, quote=quote)
    return contract(base, quote, settle)


def _dated(root: str, expires_at: datetime, settle: str | None) -> Named:
    quote = next((quote for quote in QUOTES if root.endswith(quote) and root != quote), None)
    if quote is not None:  # XBTUSDTZ21
        base = asset_of(root.removesuffix(quote))
    else:  # XBTM20 is quoted in USD, ADAM20 in XBT
        base = asset_of(root)
        quote = "USD" if base == "BTC" else "BTC"
    settle = settle or (None if quote == "USDT" else "BTC")
    if settle is None:
        return Named(product="future", base=base, quote=quote, expires_at=expires_at)
    return contract(base, quote, settle, expires_at)


def with_terms(frame: pl.DataFrame, settle: str) -> pl.DataFrame:
    """Return the frame with `instrument` and the named `product`, `base`, `quote` and `style` of its symbols."""
    pairs = frame.select("symbol", settle).unique().drop_nulls("symbol").iter_rows()
    named = pl.DataFrame(
        list(_terms(pairs)), orient="row",
        schema=dict.fromkeys(("symbol", settle, "instrument", "product", "base", "quote", "style"), pl.String),
    )  # fmt: skip
    return frame.join(named, on=["symbol", settle], how="left", nulls_equal=True, maintain_order="left")


def _terms(pairs: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str | None, ...]]:
    for symbol, settle in pairs:
        if (named := name_instrument(symbol, settle)) is not None:
            yield symbol, settle, named.instrument, named.product, named.base, named.quote, named.style
