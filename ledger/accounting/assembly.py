"""Fills that only a ledger shows, as legs: one asset out, another in, a fee; derived where no export states the fills.

Legs of one trade share its reference (Kraken); a statement without references has them in one second, sometimes in two.
Where the legs of a second are of more than two assets nobody can tell what was traded for what: nothing is assembled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
from typing import Any

import polars as pl

from ledger.accounting.regimes import regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.tables import Fill

STEP = Decimal("1e-18")
EXACT = Context(prec=60)
"""Wide enough for 20 digits over 18 places."""
SECOND = timedelta(seconds=1)
FIATS = ("USD", "EUR", "GBP", "CAD", "CHF", "JPY", "AUD")
COINS = ("USDT", "FDUSD", "USDC", "BUSD", "TUSD", "DAI", "BTC", "ETH", "BNB")
LOCAL = ("TRY", "BRL", "ARS", "ZAR", "UAH", "RUB", "NGN", "PLN", "RON", "MXN", "COP", "CZK", "IDR")
QUOTES: Mapping[str, tuple[str, ...]] = {
    "kraken": (*FIATS, *COINS),
    "coinbase": (*FIATS, *COINS),
    "": ("USD", *LOCAL, *COINS[:5], "EUR", "GBP", *COINS[5:]),
}
"""Of two assets the one that comes first is the quote: USDT/USD at Kraken, EUR/USDT at Binance, BTC/USD everywhere."""


@dataclass(frozen=True)
class Leg:
    """What a ledger booked of one asset for one trade."""

    asset: str
    amount: Decimal
    row: Mapping[str, Any]


def assemble(store: Store, scope: Scope) -> bool:
    """Write the fills of a wallet that only the legs of its ledger show; return whether there are any."""
    store.execute(statement("assembly", "delete"), scope.parameters())
    if not scope.may_have("movements"):
        return False
    rows = store.query(statement("assembly", "legs"), scope.parameters()).to_dicts()
    if not any(not row["is_fee"] for row in rows):
        return False
    fills = [fill for group in _groups(rows) if (fill := _fill(group, scope)) is not None]
    if fills:
        schema = column_types(Fill)
        frame = pl.DataFrame(fills, schema_overrides=schema, infer_schema_length=None)
        missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
        store.insert("fills_assembled", frame.with_columns(missing).select(list(schema)))
    return bool(fills)


def _groups(rows: Sequence[Mapping[str, Any]]) -> Iterable[list[Mapping[str, Any]]]:
    """Yield the legs of each trade: by reference, by second, and what is left of two neighbouring seconds."""
    by_ref: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    by_second: dict[tuple[str, Any], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["trade_ref"] is not None:
            by_ref[row["trade_ref"]].append(row)
        else:
            by_second[row["symbol"] or "", row["second"]].append(row)
    yield from by_ref.values()
    left: list[Mapping[str, Any]] = []
    for _, group in sorted(by_second.items()):
        if _traded(group) is not None:
            yield group
            continue
        if left and _follows(left[0], group[0]) and _traded([*left, *group]) is not None:
            yield [*left, *group]
            left = []
        else:
            left = group


def _follows(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(row["symbol"] == other["symbol"] and other["second"] - row["second"] <= SECOND)


def _traded(group: Sequence[Mapping[str, Any]]) -> tuple[Leg, Leg] | None:
    """Return what was sold and what was bought, or None where the legs do not say."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    first: dict[str, Mapping[str, Any]] = {}
    for row in group:
        if not row["is_fee"]:
            sums[row["asset"]] += row["amount"]
            first.setdefault(row["asset"], row)
    if len(sums) != 2:
        return None
    (out, gone), (into, come) = sorted(sums.items(), key=lambda item: item[1])
    return (Leg(out, -gone, first[out]), Leg(into, come, first[into])) if gone < 0 < come else None


def _fill(group: Sequence[Mapping[str, Any]], scope: Scope) -> dict[str, Any] | None:
    legs = _traded(group)
    if legs is None:
        return None
    order = QUOTES.get(scope.venue, QUOTES[""])
    sold, bought = legs
    ranks = [order.index(leg.asset) if leg.asset in order else len(order) for leg in legs]
    if ranks[0] == ranks[1]:
        return None  # two assets that are quotes of nothing: which is the base is not known
    side, base, quote = ("buy", bought, sold) if ranks[0] < ranks[1] else ("sell", sold, bought)
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for row in group:
        if row["is_fee"]:
            fees[row["asset"]] -= row["amount"]
    fee = next(iter(fees.items())) if len(fees) == 1 else (None, None)
    unified = f"{base.asset}/{quote.asset}"
    on_margin = regime_of(scope) == "borrowed"
    origin = {name: base.row[name] for name in ("row_key", "format", "file_id", "source_row", "sequence", "pair")}
    return {
        **scope.parameters(), **origin,
        "filled_at": base.row["moment"],
        "symbol": base.row["symbol"] or (unified if scope.venue == "kraken" else unified.replace("/", "")),
        "instrument": unified,
        "product": "margin" if on_margin else "spot",
        "margin_mode": {"cross_margin": "cross", "isolated_margin": "isolated"}.get(scope.wallet),
        "side": side, "quantity": base.amount, "price": _price(quote.amount, base.amount),
        "notional_stated": quote.amount, "fee": fee[1], "fee_asset": fee[0], "execution": "trade",
        "trade_ref": base.row["trade_ref"], "settle_asset": quote.asset, "style": "linear",
    }  # fmt: skip


def _price(paid: Decimal, quantity: Decimal) -> Decimal:
    """Return what one unit cost, to 18 places."""
    return EXACT.divide(paid, quantity).quantize(STEP, context=EXACT)
