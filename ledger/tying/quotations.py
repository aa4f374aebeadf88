"""The prices that the book knows, by pair of assets: imported ones, mark prices of funding rows, fills.

A fill counts where it traded the pair itself or a perpetual of it, at a market's price: not a dated future or an option
(their prices contain more than the asset), not a liquidation or an opening that the user stated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from importers.naming import asset_of, split_pair
from ledger.storage.store import Store, statement
from schemas.types import INSTANT, MONEY

Pair = tuple[str, str]
"""Base and quote: a price is the amount of the quote for one base."""

DEFAULT_QUOTE = "USDT"
"""Of the price of an asset for which the file names no currency."""
INSTRUMENT = re.compile(r"(?P<base>[^/:]+)/(?P<quote>[^/:]+)(?::[^/:-]+)?")
"""A pair or a perpetual of it; what expires has a day behind its settle asset."""
PERPETUAL = re.compile(r"[-_](PERP|PERPETUAL|SWAP)$")
STABLECOINS = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI")
LEAST_LETTERS = 3
"""Of a base glued to another quote than a stablecoin: `WBTC` and `STETH` are assets, no pairs."""
SOURCES = {
    **{kind: pl.format("imported {} price {} ({})", "kind", "pair", "place") for kind in ("index", "mark", "last")},
    "funding": pl.format("funding row of {} at {}", "called", "place"),
    "fill": pl.format("fill of {} at {}", "called", "place"),
}
"""By kind, which price it is and where it is from; of several at one instant the first kind counts."""

HUB = "(any)"

QUOTATIONS = {
    "sold": pl.String(), "bought": pl.String(), "moment": INSTANT, "unit_price": MONEY, "source": pl.String(),
    "rank": pl.Int64(), "inverted": pl.Boolean(), "row_key": pl.String(),
}  # fmt: skip


def quotations(store: Store, asked: pl.DataFrame, hubs: Collection[str], oldest: timedelta) -> pl.DataFrame:
    """Return what one of an asset (`sold`) brings of another (`bought`), as the book knows it when it is asked.

    `asked` has asset and at; a way to the currency leads from the asset to one of the hubs and on from hub to hub.
    Each price stands twice: as it is, and turned round, 1 / price rounded half to even at 18 places.  One row an
    instant and direction, in order of time; prices that no question would take are left out.
    """
    named = _named(store, {*asked["asset"].to_list(), *hubs}, hubs)
    if not named.height:
        return pl.DataFrame(schema=QUOTATIONS)
    moments = asked.select(pl.col("asset").alias("about"), pl.col("at").alias("asked_at"))
    everywhere = moments.select(pl.lit(HUB).alias("about"), "asked_at")
    first, last = asked["at"].min(), asked["at"].max()
    assert isinstance(first, datetime)
    with store.registered(named=named, asked=pl.concat([moments, everywhere]).unique()):
        found = store.query(statement("valuation", "quotations"), {"first": first - oldest, "last": last})
    source = pl.coalesce(*(pl.when(pl.col("kind") == kind).then(text) for kind, text in SOURCES.items()))
    ranks = {kind: rank for rank, kind in enumerate(SOURCES)}
    known = found.join(named, on="pair_no").with_columns(
        pl.col("moment").cast(INSTANT),
        pl.col("price").cast(MONEY),
        source=source,
        rank=pl.col("kind").replace_strict(ranks, return_dtype=pl.Int64),
    )
    direct = known.select("moment", "source", "rank", "row_key", sold="base", bought="bid", unit_price="price",
                          inverted=False)  # fmt: skip
    turned = known.select("moment", "source", "rank", "row_key", sold="bid", bought="base", inverted=True,
                          unit_price=pl.lit(1).cast(MONEY) / pl.col("price"))  # fmt: skip
    both = pl.concat([direct, turned], how="diagonal").select(list(QUOTATIONS)).filter(pl.col("unit_price") > 0)
    return both.sort("moment", "rank", "inverted", "source", "unit_price").unique(
        ["sold", "bought", "moment"], keep="first", maintain_order=True
    )


def _named(store: Store, assets: Collection[str], hubs: Collection[str]) -> pl.DataFrame:
    """Return the names under which prices of pairs of an asset and a hub are known, with base and quote of each.

    `about` is the asset whose questions a pair answers, `HUB` where that may be those of any.
    """
    names = store.query(statement("valuation", "names"))
    instruments = {line["symbol"]: line["instrument"] for line in names.iter_rows(named=True) if line["instrument"]}
    wanted = {asset.upper(): asset for asset in sorted(assets)}
    lines: list[dict[str, Any]] = []
    for line in names.iter_rows(named=True):
        if line["origin"] == "imported":
            found = pair_of(line["symbol"], line["quote"], instruments, wanted)
        else:
            found = _pair(line["instrument"] or line["symbol"] or "")
        base, bid = (wanted.get(asset_of(asset.upper())) for asset in found or ("", ""))
        if base is None or bid is None or base == bid or not {base, bid} & set(hubs):
            continue
        about = next((asset for asset in (base, bid) if asset not in hubs), HUB)
        called = line["symbol"] or line["instrument"]
        lines.append({**line, "pair_no": len(lines), "base": base, "bid": bid, "pair": f"{base}/{bid}",
                      "called": called, "about": about})  # fmt: skip
    own = dict.fromkeys(("base", "bid", "pair", "called", "about"), pl.String())
    schema: dict[str, pl.DataType] = {**names.schema, "pair_no": pl.Int64(), **own}
    return pl.DataFrame(lines, schema=schema).sort("origin", "symbol", "quote", "place", "instrument")


def pair_of(symbol: str, quote: str | None, instruments: Mapping[str, str], assets: Collection[str]) -> Pair | None:
    """Return the pair of the symbol of a price file; None where it is none (a dated future).

    `instruments` are the unified names of symbols that the book traded; `assets` (upper case) tell an asset (then its
    price is in `quote`, else in USDT) from a pair without a separator.
    """
    text = symbol.strip().upper()
    if "/" in text:
        return _pair(text)
    if quote is None and symbol in instruments:
        return _pair(instruments[symbol])
    bare = PERPETUAL.sub("", text)
    if bare in assets:
        return bare, quote or DEFAULT_QUOTE
    if quote is not None:
        base = bare.removesuffix(quote.upper()).rstrip("-_")
        return (base, quote) if base != bare and _may_be_glued(base, quote) else (bare, quote)
    found = split_pair(bare)
    glued = found is not None and found[0] + found[1] == bare
    return found if found is not None and (not glued or _may_be_glued(*found)) else None


def _may_be_glued(base: str, quote: str) -> bool:
    return bool(base) and (quote.upper() in STABLECOINS or len(base) >= LEAST_LETTERS)


def _pair(instrument: str) -> Pair | None:
    found = INSTRUMENT.fullmatch(instrument)
    return (found["base"], found["quote"]) if found else None
