"""One way to name instruments, whatever a venue calls them.

| product | name |
|---|---|
| spot, margin | `BTC/USDT` |
| perpetual | `BTC/USDT:USDT`, `BTC/USD:BTC` (after the colon what it is settled in) |
| future | `BTC/USD:BTC-260327` (day of expiry, yymmdd) |
| option | `BTC/USD:BTC-260327-60000-C` (day, strike, call or put) |

The manner is ccxt's (docs.ccxt.com, Market structure, read 2026-11).  Venues take their symbols apart and build
the terms here, so that one instrument has one name in the whole book.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from importers.contract import Named

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTH_CODES = "FGHJKMNQUVXZ"
"""January to December, as futures exchanges letter them."""
QUARTERLY = re.compile(rf"(?P<base>[A-Z0-9]+)USD(?P<code>[{MONTH_CODES}])(?P<year>\d\d)")
"""`BTCUSDH23`: an inverse future of March 2023, by its letter."""
ALIASES = {"XBT": "BTC", "XDG": "DOGE"}
"""What contracts call assets otherwise than wallets do."""
EXPIRY_HOUR = 8
"""Of the day of expiry, UTC, at most venues."""

QUOTES = (
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USDD", "USDE", "USD1", "DAI", "EUR", "EURC", "GBP", "AUD", "BRL",
    "TRY", "JPY", "KRW", "BTC", "ETH", "BNB", "USD",
)  # fmt: skip
"""Assets in which pairs are quoted at most venues; `split_pair` takes the longest that fits."""

TERMS = ("instrument", "product", "base", "quote", "settle", "style")

Namer = Callable[[str, str | None], Named | None]


def asset_of(code: str) -> str:
    """Return the asset of a contract's code: BTC for XBT."""
    return ALIASES.get(code, code)


def style_of(base: str, quote: str, settle: str) -> str:
    """Return how value follows price by where results are booked: in the quote, in the base, or in a third asset."""
    if settle == quote:
        return "linear"
    return "inverse" if settle == base else "quanto"


def pair(base: str, quote: str, product: str = "spot") -> Named:
    """Return the terms of a pair of assets, whose results are in its quote."""
    return Named(instrument=f"{base}/{quote}", product=product, base=base, quote=quote, settle=quote, style="linear")


def contract(base: str, quote: str, settle: str, expires_at: datetime | None = None) -> Named:
    """Return the terms of a perpetual, or of a future where it expires."""
    return Named(
        instrument=f"{base}/{quote}:{settle}" + (f"-{expires_at:%y%m%d}" if expires_at else ""),
        product="future" if expires_at else "perpetual", base=base, quote=quote, settle=settle,
        style=style_of(base, quote, settle), expires_at=expires_at,
    )  # fmt: skip


def option(base: str, quote: str, settle: str, expires_at: datetime, strike: str, right: str) -> Named:
    """Return the terms of an option; `right` is C or P.  Its premium is a price in the settle asset: linear."""
    return Named(
        instrument=f"{base}/{quote}:{settle}-{expires_at:%y%m%d}-{strike}-{right}", product="option",
        base=base, quote=quote, settle=settle, style="linear", expires_at=expires_at,
    )  # fmt: skip


def split_pair(symbol: str, quotes: Sequence[str] = QUOTES) -> tuple[str, str] | None:
    """Return base and quote of `BTC/USDT`, `BTC-USDT`, `BTC_USDT` or `BTCUSDT`; None where no known quote ends it."""
    for separator in "/-_":
        base, found, quote = symbol.partition(separator)
        if found:
            return (base, quote) if base and quote and separator not in quote else None
    fitting = [quote for quote in quotes if symbol.endswith(quote) and symbol != quote]
    if not fitting:
        return None
    quote = max(fitting, key=len)
    return symbol.removesuffix(quote), quote


def expiry(year: str | int, month: str | int, day: str | int, hour: int = EXPIRY_HOUR) -> datetime | None:
    """Return the instant of an expiry; the year may have two digits, the month a word (MAR); None: no such day."""
    number = MONTHS.index(month.upper()) + 1 if isinstance(month, str) and month.upper() in MONTHS else month
    try:
        return datetime(int(year) % 100 + 2000, int(number), int(day), hour, tzinfo=UTC)
    except ValueError:
        return None


def compact_expiry(digits: str, hour: int = EXPIRY_HOUR) -> datetime | None:
    """Return the instant of `260327`, `20260327` or `27MAR26`; None where it is no day."""
    if found := re.fullmatch(r"(\d{1,2})([A-Za-z]{3})(\d{2})", digits):
        return expiry(found[3], found[2], found[1], hour)
    if not re.fullmatch(r"(?:20)?\d{6}", digits):
        return None
    return expiry(digits[-6:-4], digits[-4:-2], digits[-2:], hour)


def last_friday(year: int, month: int, hour: int = EXPIRY_HOUR) -> datetime:
    """Return the last Friday of a month, when quarterly contracts expire."""
    last = datetime(year + month // 12, month % 12 + 1, 1, hour, tzinfo=UTC) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - 4) % 7)


def terms_of(symbols: pl.Series, namer: Namer, term: str) -> pl.Series:
    """Return one term (`product`, `settle` ...) of each symbol, null where it names none known."""
    known = {symbol: getattr(named, term) for symbol in symbols.unique().drop_nulls().to_list()
             if (named := namer(symbol, None)) is not None}  # fmt: skip
    return symbols.replace_strict(known, default=None, return_dtype=pl.String)


def with_terms(rows: pl.DataFrame, namer: Namer, *terms: str, symbol: str = "symbol") -> pl.DataFrame:
    """Return the rows with terms (`product`, `settle` ...) of the symbols in a column, null where one names none."""
    return rows.with_columns(terms_of(rows[symbol], namer, term).alias(term) for term in terms)


def first_named(*namers: Namer) -> Namer:
    """Return a namer that asks others in turn."""

    def name_instrument(symbol: str, settle: str | None) -> Named | None:
        found: Iterable[Named | None] = (namer(symbol, settle) for namer in namers)
        return next((named for named in found if named is not None), None)

    return name_instrument
