"""Everything that follows from what speaks, for the wallets that changed: elect, fold, attribute, derive cash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from ledger.cash import chain, derive_movements
from ledger.costs import attribute, mark_forced
from ledger.findings import findings_of
from ledger.positions import Evidence, Size, reconstruct
from ledger.prices import in_settle, price_table
from ledger.remainder import remainder
from ledger.store import Store, statement
from ledger.terms import valued_fills
from ledger.voices import Scope, elect
from ledger.witnesses import compare
from schemas.bookkeeping import Finding
from schemas.ddl import column_types
from schemas.derived import Leg, Position
from schemas.types import MONEY

LEDGER_FEES = statement("derive", "ledger_fees")
SIZES = statement("derive", "sizes")
BATCH_FILLS = 300_000


def settle(store: Store) -> list[Scope]:
    """Bring everything derived up to date with what was imported or forgotten; return the wallets that changed."""
    scopes = [Scope(*row) for row in store.rows(statement("derive", "stale"))]
    if not scopes:
        return []
    with_prices = {"prices", "instruments"}
    if any(_is_reference(store, scope, with_prices) for scope in scopes):
        everything = statement("derive", "every_wallet")
        scopes = sorted(
            {*scopes, *(Scope(*row) for row in store.rows(everything))},
            key=lambda scope: (scope.account, scope.venue, scope.wallet),
        )
    elected = {scope: elect(store, scope) for scope in scopes}
    for scope in scopes:
        derive(store, scope, elected[scope])
    store.execute("DELETE FROM stale")
    return scopes


def _is_reference(store: Store, scope: Scope, tables: Iterable[str]) -> bool:
    """Return whether a changed scope holds prices or contract terms, on which every wallet may depend."""
    return any(
        store.scalar(statement("derive", "has_rows").format(table=table), scope.parameters()) for table in tables
    )


def derive(store: Store, scope: Scope, elected: list[dict[str, object]]) -> None:
    """Make legs, positions, costs, derived movements, openings, breaks and findings of one wallet anew."""
    parameters = scope.parameters()
    store.execute(statement("derive", "delete_legs"), parameters)
    for table in ("positions", "costs_stored", "movements_derived", "witness_days", "findings_stored"):
        store.execute(statement("derive", "delete_derived").format(table=table), parameters)
    prices = price_table(store)
    differences = _trade(store, scope, prices)
    derive_movements(store, scope)
    store.insert("costs_stored", remainder(store, scope))
    _flag_unvalued(store, scope)
    chain(store, scope)
    found = [*elected, *compare(store, scope), *findings_of(store, scope, differences)]
    _insert_findings(store, scope, found)


def _trade(store: Store, scope: Scope, prices: pl.DataFrame) -> pl.DataFrame | None:
    """Write legs, positions and attributed costs, some symbols at a time; return the stated results that differ.

    A symbol's positions depend on its own rows only, so memory depends on the batch, not on the book.
    """
    differences, traded = [], []
    covered_from = _covered_from(store, scope)
    for symbols in batches(store, scope):
        fills = _with_fees(store, scope, valued_fills(store, scope, symbols), prices)
        fills = mark_forced(store, scope, fills)
        legs, positions, wrong = reconstruct(fills, _evidence(store, scope, symbols), covered_from)
        store.insert("legs", legs)
        store.insert("positions", positions)
        store.insert("costs_stored", attribute(store, scope, (legs, positions), prices, symbols, traded=True))
        differences.append(wrong)
        traded += symbols
    nothing = (pl.DataFrame(schema=column_types(Leg)), pl.DataFrame(schema=column_types(Position)))
    store.insert("costs_stored", attribute(store, scope, nothing, prices, traded, traded=False))
    return pl.concat(differences) if differences else None


def batches(store: Store, scope: Scope) -> Iterator[list[str]]:
    """Yield the traded symbols in groups of about `BATCH_FILLS` fills."""
    batch: list[str] = []
    held = 0
    for symbol, fills in store.rows(statement("derive", "traded_symbols"), scope.parameters()):
        if batch and held + fills > BATCH_FILLS:
            yield batch
            batch, held = [], 0
        batch.append(symbol)
        held += fills
    if batch:
        yield batch


def _with_fees(store: Store, scope: Scope, fills: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with the fee the ledger states where their own export does not, and its value."""
    if fills["fee"].null_count():
        ledger = store.query(LEDGER_FEES, scope.parameters()).unique(["symbol", "trade_ref"], keep="none")
        fills = fills.join(ledger, on=["symbol", "trade_ref"], how="left", maintain_order="left").with_columns(
            fee_asset=pl.when(pl.col("fee").is_null()).then("ledger_fee_asset").otherwise("fee_asset"),
            fee=pl.coalesce("fee", "ledger_fee"),
        )
    return fills.with_columns(
        in_settle(fills, prices, "fee", "fee_asset", "settle_asset", "filled_at").alias("fee_value")
    )


def _evidence(store: Store, scope: Scope, symbols: Sequence[str]) -> Evidence:
    sizes: dict[str, list[Size]] = {}
    answer = store.query(SIZES, scope.parameters() | {"symbols": list(symbols)})
    quantities = answer["position_quantity"].cast(MONEY).to_physical().to_list()
    for (symbol, at, side, _), quantity in zip(answer.iter_rows(), quantities, strict=True):
        sizes.setdefault(symbol, []).append((at, side, quantity))
    return Evidence(sizes=sizes)


def _covered_from(store: Store, scope: Scope) -> datetime | None:
    found = store.scalar(statement("derive", "fills_covered_from"), scope.parameters())
    return found if isinstance(found, datetime) else None


def _flag_unvalued(store: Store, scope: Scope) -> None:
    """Flag the positions whose funding or liquidation fee was paid in an asset that no price values."""
    store.execute(statement("derive", "flag_unvalued"), scope.parameters())


def _insert_findings(store: Store, scope: Scope, found: list[dict[str, object]]) -> None:
    rows = []
    for finding in found:
        text = "|".join(
            str(finding.get(name)) for name in ("kind", "account", "wallet", "symbol", "found_at", "sentence")
        )
        rows.append(
            {
                "finding_id": f"{finding['kind']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
                "venue": scope.venue,
                **finding,
            }
        )
    if rows:
        frame = pl.DataFrame(rows, schema_overrides=column_types(Finding), infer_schema_length=None)
        store.insert(
            "findings_stored", frame.select(list(column_types(Finding))).unique("finding_id", maintain_order=True)
        )
