"""What one contract is worth: the terms of instruments, and the value of every fill in its settle asset.

A contract size that nobody stated is never assumed: the value, and what depends on it, stays unknown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import resources

import polars as pl

from ledger.accounting.conversions import with_conversions
from ledger.accounting.formulas import position_value
from ledger.accounting.regimes import trades_stakes
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.types import MONEY

AGREEMENT = Decimal("0.00000001")
IS_PAIR = pl.col("product").is_in(["spot", "margin"])
"""A pair of assets is no contract: its quantity is in the base asset."""


@cache
def builtin_terms() -> tuple[dict[str, str], ...]:
    """Return the built-in table of contract terms, each with its source and date."""
    text = resources.files("ledger.accounting").joinpath("terms.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def valued_fills(store: Store, scope: Scope, symbols: Sequence[str], after: datetime) -> pl.DataFrame:
    """Return these symbols' fills after an instant, in execution order.

    With `style`, `multiplier`, `notional` and `weight`.  `notional` is unsigned, in `settle_asset`; null where the
    contract size is unknown.  The venue's own value of a fill wins, but where it only repeats the formula in fewer
    digits.  `weight` is quantity x price (inverse: quantity / price): what average prices are made of.
    """
    words = scope.parameters()
    asked = words | {"symbols": list(symbols), "stakes": trades_stakes(scope), "after": after}
    fills = store.query(statement("terms", "fills"), asked)
    fills = fills.with_columns(pl.lit(text).alias(name) for name, text in words.items())
    fills = with_conversions(store, scope, fills, symbols)
    listed = store.query(statement("terms", "instruments"), {"venue": scope.venue})
    fills = fills.sort("filled_at").join_asof(
        listed, left_on="filled_at", right_on="valid_from", by="symbol", strategy="backward", check_sortedness=False
    )
    terms = _terms_of(fills, scope.venue, scope.wallet)
    fills = fills.join(terms, on="symbol", how="left").with_columns(
        style=pl.when(IS_PAIR).then(pl.lit("linear")).otherwise(pl.coalesce("listed_style", "style", "builtin_style")),
        multiplier=pl.when(IS_PAIR)
        .then(pl.lit(1).cast(MONEY))
        .otherwise(pl.coalesce("listed_multiplier", "builtin_multiplier")),
        settle_asset=pl.coalesce("settle_asset", "listed_settle"),
        instrument=pl.coalesce("instrument", "listed_instrument"),
        lot_size=pl.when(~IS_PAIR).then(
            pl.coalesce("lot_size", pl.when("builtin_lot_rounding").then(pl.lit(1).cast(MONEY)))
        ),
    )
    return _with_values(fills).sort("filled_at", "sequence", "row_key", nulls_last=True)


def _with_values(fills: pl.DataFrame) -> pl.DataFrame:
    """Add `weight` and `notional`; divisions and lots only where some fill needs them."""
    inverse = pl.col("style") == "inverse"
    fills = fills.with_columns(weight=pl.col("quantity") * pl.col("price"))
    if fills.select(inverse.any()).item():
        ratio = pl.col("quantity") / pl.when(pl.col("price") != 0).then(pl.col("price"))
        fills = fills.with_columns(weight=pl.when(inverse).then(ratio).otherwise(pl.col("weight")))
    computed = pl.col("weight") * pl.col("multiplier")
    if fills.select(inverse.any()).item():
        computed = position_value(pl.col("quantity"), pl.col("price"), pl.col("multiplier"), inverse)
    if fills["lot_size"].null_count() < fills.height:
        by_lot = lot_rounded(pl.col("quantity"), pl.col("price"), pl.col("multiplier"), pl.col("lot_size"), inverse)
        computed = pl.when(pl.col("lot_size").is_not_null()).then(by_lot).otherwise(computed)
    fills = fills.with_columns(computed=computed)
    if fills["notional_stated"].null_count() == fills.height:
        return fills.rename({"computed": "notional"})
    near = (pl.col("computed") - pl.col("notional_stated")).abs() <= pl.lit(AGREEMENT).cast(MONEY)
    repeats = near & pl.col("lot_size").is_null() & ~IS_PAIR  # of a pair the stated value is the cash that moved
    stated = pl.coalesce("notional_stated", "computed")
    return fills.with_columns(notional=pl.when(repeats).then(pl.col("computed")).otherwise(stated)).drop("computed")


def lot_rounded(quantity: pl.Expr, price: pl.Expr, multiplier: pl.Expr, lot_size: pl.Expr, inverse: pl.Expr) -> pl.Expr:
    """Return the value that BitMEX books: that of one lot in whole minor units (1e-8), times the number of lots.

    Checked against the venue's figures: 127 contracts at 8564.5 are 11,676 x 127 satoshi.
    """
    lot = multiplier * lot_size
    value = pl.when(inverse).then(lot / pl.when(price != 0).then(price)).otherwise(lot * price)
    return value.round(8) * (quantity / lot_size)


def _terms_of(fills: pl.DataFrame, venue: str, wallet: str) -> pl.DataFrame:
    rows = []
    for symbol in fills["symbol"].unique().to_list():
        for line in builtin_terms():
            if line["venue"] == venue and line["wallet"] == wallet and re.fullmatch(line["symbol_pattern"], symbol):
                rows.append((symbol, line["style"], Decimal(line["multiplier"]), line["lot_rounding"] == "true"))
                break
    schema = {
        "symbol": pl.String(),
        "builtin_style": pl.String(),
        "builtin_multiplier": MONEY,
        "builtin_lot_rounding": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
