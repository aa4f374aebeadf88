"""What things were worth in the currency of the policy, at their instants, and which prices said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
from fractions import Fraction

import polars as pl

from ledger.storage.store import Store
from ledger.tying.valuation import priced, value_of
from schemas.currencies import CURRENCIES
from schemas.types import INSTANT, MONEY, SCALE, UNIT

STABLE = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USDE", "PYUSD", "EURC", "USDG", "RLUSD")
FURTHER = ("BTC", "ETH")
EXACT = Context(prec=60)
ASKED = {"asset": pl.String(), "at": INSTANT}
"""Of what, and when, a price is asked for."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices in one currency: asset, at, price (null: unknown), price_source, priced_at, price_age, price_path."""

    currency: str
    known: pl.DataFrame

    def worth(self, rows: pl.DataFrame, quantity: str, at: str, name: str) -> pl.DataFrame:
        """Return the rows with what `quantity` of `asset` was worth as column `name`; null: unknown, of nothing 0."""
        asked = rows.join(
            self.known.select("asset", pl.col("at").alias(at), "price"),
            on=["asset", at],
            how="left",
            maintain_order="left",
        )
        value = value_of(asked[quantity], asked["price"])
        return asked.with_columns(value.alias(name)).drop("price")


def prices(store: Store, asked: pl.DataFrame, currency: str, max_age: timedelta) -> Prices:
    """Return what is known of assets at instants (`asset`, `at`)."""
    return Prices(currency=currency, known=priced(store, asked.unique(maintain_order=True), currency, max_age=max_age))


def rank_of(asset: pl.Expr, currency: str) -> pl.Expr:
    """Return how well what was given or got says what a trade was worth: the less, the better."""
    found = pl.lit(9, dtype=pl.Int32)
    for place, names in ((5, FURTHER), (2, STABLE), (1, sorted(CURRENCIES)), (0, [currency])):
        found = pl.when(asset.is_in(list(names))).then(pl.lit(place, dtype=pl.Int32)).otherwise(found)
    return found


def valued_legs(legs: pl.DataFrame, prices: Prices) -> pl.DataFrame:
    """Return the legs with `value`: what a trade was worth by its better known side, shared out on the other.

    Both sides of a trade are worth the same.  The side of state money counts before that of stablecoins, that before
    others; a side of which a price is unknown counts only where the other is unknown, too (then null).  Legs of one
    asset share by their units.  Fees are worth what their own asset was worth.
    """
    priced_legs = prices.worth(legs, "quantity", "happened_at", "market").with_columns(
        rank=rank_of(pl.col("asset"), prices.currency)
    )
    sides = (
        priced_legs.filter(pl.col("side") != "fee")
        .group_by("group", "side", maintain_order=True)
        .agg(
            pl.col("rank").max(),
            pl.when(pl.col("market").is_not_null().all()).then(pl.col("market").sum()).alias("total"),
            pl.col("market").is_null().any().alias("unknown"),
            pl.len().alias("many"),
            pl.when(pl.col("asset").n_unique() == 1).then(pl.col("quantity").sum()).alias("units"),
        )
    )
    best = (
        sides.sort("unknown", "rank", maintain_order=True)
        .unique("group", keep="first", maintain_order=True)
        .select("group", pl.col("side").alias("by"), pl.when(~pl.col("unknown")).then("total").alias("worth"))
    )
    joined = priced_legs.join(
        sides.select("group", "side", "total", "many", "units"), on=["group", "side"], how="left", maintain_order="left"
    ).join(best, on="group", how="left", maintain_order="left")
    own = (pl.col("side") == "fee") | (pl.col("side") == pl.col("by"))
    value = pl.when(own).then("market").when(pl.col("many") == 1).then("worth")
    shared = joined.with_columns(value=value, several=~own & (pl.col("many") > 1))
    places = shared["several"].fill_null(value=False).arg_true()
    if places.len():
        alike = pl.when(pl.col("units").is_not_null())
        parts = shared[places].select(
            "worth", alike.then("quantity").otherwise("market"), alike.then("units").otherwise("total").alias("whole")
        )
        shares = [_share(*row) for row in parts.iter_rows()]
        shared = shared.with_columns(shared["value"].scatter(places, pl.Series(shares, dtype=MONEY)))
    return shared.select(*legs.columns, "value")


def _share(worth: Decimal | None, part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    if worth is None or part is None or not whole:
        return None
    units = Fraction(worth) * Fraction(part) / Fraction(whole) * UNIT
    return Decimal(round(units)).scaleb(-SCALE, EXACT)
