"""Conversions inside a wallet whose spot pairs are stakes: what converts a stake away closes it like a fill.

A venue converts by force when an asset has been below zero for too long; the row is no fill, but the stake is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.accounting.regimes import regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement

STEP = Decimal("1e-18")


def with_conversions(store: Store, scope: Scope, fills: pl.DataFrame, symbols: Sequence[str]) -> pl.DataFrame:
    """Return the fills of these symbols and, as fills, the conversions between the two assets of a pair traded here.

    A conversion into an asset that was owed is forced (execution liquidation).
    """
    if regime_of(scope) != "negative_balance" or not fills.height:
        return fills
    pairs = store.query(statement("conversions", "pairs"), scope.parameters())
    if not pairs.height:
        return fills
    known = store.rows(statement("conversions", "instruments"), scope.parameters())
    traded = {instrument: (symbol, product, mode) for instrument, symbol, product, mode in known if symbol in symbols}
    found = (_as_fill(row, traded) for row in pairs.iter_rows(named=True))
    rows = [row for row in found if row is not None]
    if not rows:
        return fills
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    made = pl.DataFrame(rows, schema={name: fills.schema[name] for name in rows[0]}).with_columns(**constants)
    made = made.with_columns(settle_asset=pl.col("instrument").str.split("/").list.last())
    return pl.concat([fills, made], how="diagonal")


def _as_fill(row: dict[str, Any], traded: dict[str, tuple[str, str, str | None]]) -> dict[str, Any] | None:
    sells, buys = f"{row['sold_asset']}/{row['bought_asset']}", f"{row['bought_asset']}/{row['sold_asset']}"
    instrument, side = (sells, "sell") if sells in traded else (buys, "buy")
    if instrument not in traded:
        return None
    symbol, product, mode = traded[instrument]
    base, quote = ("sold", "bought") if side == "sell" else ("bought", "sold")
    fee = row[f"{base}_fee"] if row[f"{base}_fee"] is not None else row[f"{quote}_fee"]
    fee_asset = row[f"{base}_fee_asset"] if row[f"{base}_fee"] is not None else row[f"{quote}_fee_asset"]
    return {
        "row_key": row[f"{base}_key"], "filled_at": row["moment"], "symbol": symbol, "instrument": instrument,
        "product": product, "margin_mode": mode, "side": side, "quantity": row[base],
        "price": (row[quote] / row[base]).quantize(STEP), "fee": fee, "fee_asset": fee_asset,
        "execution": "liquidation" if row["forced"] else "trade", "notional_stated": row[quote],
    }  # fmt: skip
