"""What a cost paid in a third asset was worth at its moment, where a price is known; else nothing is said."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from ledger.storage.store import Store, statement
from schemas.types import INSTANT, MONEY

STALE = timedelta(hours=24)
PREFERENCE = {"index": 0, "mark": 1, "last": 2}
DEFAULT_QUOTE = "USDT"


def price_table(store: Store) -> pl.DataFrame:
    """Return every price that the user supplied: symbol, quote, kind, priced_at, price."""
    return store.query(statement("prices", "prices"))


def in_settle(rows: pl.DataFrame, prices: pl.DataFrame, amount: str, asset: str, settle: str, at: str) -> pl.Series:
    """Return the amounts in the settle asset, by the latest price at or before each instant, at most a day old.

    A price of `BNBUSDT` or of `BNB` in USDT values BNB in USDT.  Null where no such price is known.
    """
    same = pl.col(asset) == pl.col(settle)
    foreign = (
        rows.select(amount, asset, settle, at)
        .with_row_index("index")
        .filter(~same.fill_null(True) & pl.col(amount).is_not_null())
    )
    if not foreign.height or not prices.height:
        return rows.select(pl.when(same).then(pl.col(amount)))[amount]
    pairs = foreign.select(asset, settle).unique()
    known = pl.concat([_quotes(prices, base, quote, asset, settle) for base, quote in pairs.iter_rows()])
    if not known.height:
        return rows.select(pl.when(same).then(pl.col(amount)))[amount]
    matched = (
        foreign.with_columns(pl.col(at).cast(INSTANT).alias("moment"))
        .sort("moment")
        .join_asof(
            known.sort("moment"),
            on="moment",
            by=[asset, settle],
            strategy="backward",
            check_sortedness=False,
            tolerance=STALE,
        )
    )
    valued = matched.select("index", (pl.col(amount) * pl.col("unit_price")).alias("valued"))
    return (
        rows.with_row_index("index")
        .join(valued, on="index", how="left", maintain_order="left")
        .select(pl.when(same).then(pl.col(amount)).otherwise(pl.col("valued")).alias(amount))[amount]
    )


def _quotes(prices: pl.DataFrame, base: str, quote: str, asset: str, settle: str) -> pl.DataFrame:
    symbol = pl.col("symbol").str.to_uppercase()
    pair = symbol.is_in([f"{base}{quote}", f"{base}/{quote}", f"{base}-{quote}", f"{base}_{quote}"])
    alone = (symbol == base) & (pl.col("quote").fill_null(DEFAULT_QUOTE) == quote)
    best = prices.filter(pair | alone).with_columns(
        preference=pl.col("kind").replace_strict(PREFERENCE, default=9, return_dtype=pl.Int64)
    )
    best = best.sort("priced_at", "preference").unique("priced_at", keep="first", maintain_order=True)
    return best.select(
        pl.lit(base).alias(asset),
        pl.lit(quote).alias(settle),
        pl.col("priced_at").cast(INSTANT).alias("moment"),
        pl.col("price").cast(MONEY).alias("unit_price"),
    )
