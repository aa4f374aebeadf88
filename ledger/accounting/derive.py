"""Everything that follows from what speaks, for the wallets that changed: elect, fold, attribute, derive cash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from ledger.accounting.assembly import assemble
from ledger.accounting.cash import chain, derive_movements
from ledger.accounting.costs import attribute, mark_forced
from ledger.accounting.debts import DEBTS, Episode, owed_by_balances, owed_by_rows, owed_together
from ledger.accounting.finding_rows import write_findings
from ledger.accounting.findings import findings_of
from ledger.accounting.findings_borrowing import borrowing_findings
from ledger.accounting.interest import attribute_interest, attribute_nameless_fees
from ledger.accounting.loans import forget_loans, make_loans, make_negative_balances
from ledger.accounting.lots import lot_streams
from ledger.accounting.positions import Reconstructed, Size, contract_streams, reconstruct, to_money
from ledger.accounting.prices import in_settle, price_table
from ledger.accounting.regimes import regime_of, trades_stakes
from ledger.accounting.remainder import remainder
from ledger.accounting.restarts import (
    BEGINNING,
    Restarts,
    doubtful,
    first_change,
    forget_symbols,
    leave,
    restarts_of,
    silent_days,
)
from ledger.accounting.sharing import shared
from ledger.accounting.stakes import Key, Owed, net_of_base_fees, stake_streams
from ledger.accounting.terms import IS_PAIR, valued_fills
from ledger.accounting.voices import SPOKEN, Scope, elect
from ledger.accounting.witnesses import compare
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Cost, Leg, Position
from schemas.types import MONEY

LEDGER_FEES = statement("derive", "ledger_fees")
SIZES = statement("derive", "sizes")
BATCH_FILLS = 300_000
REFERENCE = ("prices", "instruments", "margin_tiers", "collateral_ratios", "loan_terms")
"""Tables on which every wallet may depend."""


def settle(store: Store) -> list[Scope]:
    """Bring everything derived up to date with what was imported or forgotten; return the wallets that changed."""
    news = {Scope(*row[:3]): row[3] for row in store.rows(statement("restarts", "stale"))}
    holds = {Scope(*row[:3]): set(row[3]) for row in store.rows(statement("restarts", "contents"))}
    if any(not holds.get(scope, set()).isdisjoint(REFERENCE) for scope in news):
        news = {Scope(*row): None for row in store.rows(statement("restarts", "every_wallet"))} | dict.fromkeys(news)
    scopes = sorted(
        (replace(scope, holds=frozenset(holds.get(scope, ()))) for scope in news),
        key=lambda scope: (scope.account, scope.venue, scope.wallet),
    )
    elected = {}
    for scope in scopes:
        before = silent_days(store, scope, SPOKEN)
        elected[scope] = elect(store, scope)
        changed = first_change(before, silent_days(store, scope, SPOKEN))
        since = news[scope]
        news[scope] = since if since is None or changed is None else min(since, changed)
    for scope in scopes:
        derive(store, scope, elected[scope], news[scope])
    store.execute("DELETE FROM stale")
    return scopes


def derive(store: Store, scope: Scope, elected: list[dict[str, object]], since: datetime | None) -> None:
    """Make loans, legs, positions, costs, derived movements, openings, breaks and findings of one wallet anew.

    Positions that ended well before `since`, the first instant at which anything is new, stay with their costs.
    """
    parameters = scope.parameters()
    if assemble(store, scope):
        scope = replace(scope, holds=(scope.holds or set()) | {"fills"})
    restarts = restarts_of(store, scope, since)
    leave(store, scope, restarts)
    forget_loans(store, scope)
    for table in ("inventory", "movements_derived", "witness_days", "findings_stored"):
        store.execute(statement("derive", "delete_derived").format(table=table), parameters)
    prices = price_table(store)
    pools = make_loans(store, scope, prices) if scope.may_have(*DEBTS) else []
    owed = _owed(store, scope, pools) if scope.may_have("fills") else None
    differences = _trade(store, scope, prices, owed, restarts)
    if scope.may_have(*DEBTS):
        attribute_interest(store, scope, prices)
        store.execute(statement("debts", "charge_fees"), parameters)
    if scope.may_have("movements"):
        attribute_nameless_fees(store, scope, prices)
    if scope.may_have("fills", "movements"):
        _charge_fees_beside(store, scope)
    derive_movements(store, scope)
    if scope.may_have("movements"):
        store.insert("costs_stored", remainder(store, scope))
    if scope.may_have("fills"):
        _flag_unvalued(store, scope)
    chain(store, scope, since)
    if regime_of(scope) == "negative_balance":
        make_negative_balances(store, scope)
    found = [
        *elected,
        *compare(store, scope),
        *findings_of(store, scope, differences),
        *borrowing_findings(store, scope),
    ]
    write_findings(store, scope.venue, found)


def _owed(store: Store, scope: Scope, pools: Sequence[Episode]) -> Mapping[Key, Owed] | None:
    """Return what the wallet owes of each asset over time; None where nothing says it."""
    regime = regime_of(scope)
    if regime == "borrowed" and store.scalar(statement("debts", "says_owed"), scope.parameters()):
        return owed_by_rows(pools)
    if regime == "negative_balance":
        by_balance = owed_by_balances(store, scope)
        return owed_together(by_balance, owed_by_rows(pools)) if by_balance else None
    return None


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a batch of symbols makes, without what stays as it is; of `doubtful` symbols all must be made."""

    reconstructed: Reconstructed
    costs: pl.DataFrame
    doubtful: Sequence[str]


def _trade(
    store: Store, scope: Scope, prices: pl.DataFrame, owed: Mapping[Key, Owed] | None, restarts: Restarts
) -> pl.DataFrame | None:
    """Write legs, positions and attributed costs, some symbols at a time; return the stated results that differ.

    A symbol's positions depend on its own rows only (spot pairs: on those of its base asset), so memory depends on the
    batch, not on the book.
    """
    differences: list[pl.DataFrame] = []
    unclear: list[str] = []
    traded = traded_symbols(store, scope, restarts) if scope.may_have("fills") else []
    covered_from = _covered_from(store, scope) if traded else None
    waiting = list(batches(traded))
    while waiting:
        made = _made(store, scope, waiting.pop(0), prices, covered_from, owed, restarts)
        for table in ("legs", "positions", "inventory"):
            store.insert(table, getattr(made.reconstructed, table))
        store.insert("costs_stored", made.costs)
        differences.append(made.reconstructed.differences)
        unclear += made.doubtful
        if unclear and not waiting:
            forget_symbols(store, scope, unclear)
            restarts = restarts.without(unclear)
            waiting = list(batches([line for line in traded_symbols(store, scope, restarts) if line[0] in unclear]))
            unclear = []
    nothing = (pl.DataFrame(schema=column_types(Leg)), pl.DataFrame(schema=column_types(Position)))
    every = [symbol for symbol, _, _ in traded]
    if scope.may_have("funding", "movements"):
        store.insert("costs_stored", attribute(store, scope, nothing, prices, every, BEGINNING, traded=False))
    return pl.concat(differences) if differences else None


def _made(
    store: Store, scope: Scope, symbols: Sequence[str], prices: pl.DataFrame, covered_from: datetime | None,
    owed: Mapping[Key, Owed] | None, restarts: Restarts,
) -> Made:  # fmt: skip
    after = restarts.read_after(symbols)
    fills = restarts.wanted(valued_fills(store, scope, symbols, after))
    fills = mark_forced(store, scope, _with_fees(store, scope, fills, prices))
    sizes = _sizes(store, scope, symbols, after)
    made = _reconstructed(store, scope, fills, sizes, covered_from, owed)
    costs = attribute(store, scope, (made.legs, made.positions), prices, symbols, restarts.costs_from(symbols),
                      traded=True)  # fmt: skip
    if not restarts.frame.height:
        return Made(reconstructed=made, costs=costs, doubtful=())
    wrong = doubtful(made, fills, restarts, sizes)
    fine = ~pl.col("symbol").is_in(wrong)
    positions = restarts.new(made.positions.filter(fine), "opened_at")
    kept = replace(made, positions=positions, legs=made.legs.join(positions, on="position_id", how="semi"),
                   differences=made.differences.join(positions, on="position_id", how="semi"))  # fmt: skip
    return Made(reconstructed=kept, costs=restarts.new(costs.filter(fine), "booked_at"), doubtful=wrong)


def _reconstructed(
    store: Store, scope: Scope, fills: pl.DataFrame, sizes: Mapping[str, Sequence[Size]], covered_from: datetime | None,
    owed: Mapping[Key, Owed] | None,
) -> Reconstructed:  # fmt: skip
    """Return what the fills make: contracts by stream, spot pairs by what is owed or, where the venue does, by lot."""
    of_lot = IS_PAIR & (pl.col("position_ref").is_not_null() | pl.lit(regime_of(scope) == "lots"))
    netted = (pl.col("product") == "margin") & pl.lit(regime_of(scope) == "positions")
    streams = contract_streams(fills.filter(~IS_PAIR | netted), sizes)
    lots = fills.filter(of_lot)
    if lots.height:
        streams += lot_streams(_with_stated_results(store, scope, lots))
    stakes = fills.filter(IS_PAIR & ~of_lot & ~netted & pl.col("instrument").is_not_null())
    if stakes.height:
        streams += stake_streams(net_of_base_fees(stakes), owed)
    return reconstruct(streams, sizes, covered_from)


def _with_stated_results(store: Store, scope: Scope, fills: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with the gross result that the ledger states for their execution."""
    stated = store.query(statement("derive", "stated_by_trade"), scope.parameters())
    joined = fills.join(stated, on=["trade_ref", "settle_asset"], how="left", maintain_order="left")
    return joined.with_columns(realized_stated=pl.coalesce("realized_stated", "result")).drop("result")


Traded = tuple[str, str, int]
"""A symbol, its base asset and the number of its fills that are folded."""


def traded_symbols(store: Store, scope: Scope, restarts: Restarts) -> list[Traded]:
    """Return the symbols of which the wallet has positions."""
    words = scope.parameters() | {"stakes": trades_stakes(scope)}
    with store.registered(incoming=restarts.frame):
        answer = store.query(statement("derive", "traded_symbols"), words)
    return list(answer.iter_rows())


def batches(traded: Iterable[Traded]) -> Iterator[list[str]]:
    """Yield the traded symbols in groups of about `BATCH_FILLS` fills; those of one base asset stay together."""
    batch: list[str] = []
    held, last = 0, None
    for symbol, base, fills in traded:
        if batch and held + fills > BATCH_FILLS and base != last:
            yield batch
            batch, held = [], 0
        batch.append(symbol)
        held, last = held + fills, base
    if batch:
        yield batch


def _with_fees(store: Store, scope: Scope, fills: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with the fee of whoever speaks for fees, else of whoever states one, and its value."""
    lots = regime_of(scope) == "lots"
    if fills["fee"].null_count() or lots:
        ledger = store.query(LEDGER_FEES, scope.parameters()).unique(["symbol", "trade_ref"], keep="none")
        by = ["trade_ref"] if lots else ["symbol", "trade_ref"]
        fills = fills.join(ledger.select(*by, "ledger_fee", "ledger_fee_asset", "wins"), on=by, how="left",
                           maintain_order="left")  # fmt: skip
        fills = _shared_ledger_fees(fills, by)
        if regime_of(scope) == "negative_balance":
            fills = _with_fees_of_other_legs(fills, ledger)
        theirs = (pl.col("fee").is_null() | pl.col("wins")) & pl.col("ledger_fee").is_not_null()
        fills = fills.with_columns(
            fee_asset=pl.when(theirs).then("ledger_fee_asset").otherwise("fee_asset"),
            fee=pl.when(theirs).then("ledger_fee").otherwise("fee"),
        ).drop("ledger_fee", "ledger_fee_asset", "wins")
    return fills.with_columns(
        in_settle(fills, prices, "fee", "fee_asset", "settle_asset", "filled_at").alias("fee_value")
    )


def _shared_ledger_fees(fills: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the fills; a fee that is booked once for several fills of one reference is shared out by quantity."""
    several = pl.col("ledger_fee").is_not_null() & (pl.len().over(by) > 1)
    rows = fills.with_row_index("line").filter(several)
    if not rows.height:
        return fills
    of = rows.select(pl.struct(by).rank("dense").alias("of"))["of"].to_list()
    sizes = rows["quantity"].to_physical().to_list()
    wholes = rows.select(pl.col("quantity").sum().over(by))["quantity"].to_physical().to_list()
    given = to_money(shared(rows["ledger_fee"].to_physical().to_list(), of, sizes, wholes))
    return fills.with_columns(ledger_fee=fills["ledger_fee"].scatter(rows["line"], given))


def _with_fees_of_other_legs(fills: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """Return the fills; one whose other leg, with the fee, was booked in the second before or after takes that fee.

    A log without ids names a fill by `time|what`: the time may differ by a second, what it says may not.
    """
    what = pl.col("trade_ref").str.replace(r"^[^|]*", "").alias("what")
    alone = ledger.join(fills, on=["symbol", "trade_ref"], how="anti").filter(
        pl.col("trade_ref").str.contains("|", literal=True)
    )
    lacks = fills.with_row_index("line").filter(IS_PAIR & pl.col("fee").is_null() & pl.col("ledger_fee").is_null())
    if not alone.height or not lacks.height:
        return fills
    found = lacks.select("line", "symbol", "filled_at", what).sort("filled_at").join_asof(
        alone.select("symbol", "moved_at", what, pl.col("ledger_fee", "ledger_fee_asset", "wins")).sort("moved_at"),
        left_on="filled_at", right_on="moved_at", by=["symbol", "what"], strategy="nearest",
        tolerance=timedelta(seconds=1), check_sortedness=False,
    )  # fmt: skip
    found = found.filter(pl.col("ledger_fee").is_not_null()).unique(
        ["symbol", "what", "moved_at"], keep="first", maintain_order=True
    )
    joined = fills.with_row_index("line").join(
        found.select("line", "ledger_fee", "ledger_fee_asset", "wins"), on="line", how="left", suffix="_near",
        maintain_order="left",
    )  # fmt: skip
    names = ("ledger_fee", "ledger_fee_asset", "wins")
    return joined.with_columns(pl.coalesce(name, f"{name}_near").alias(name) for name in names).drop(
        "line", *(f"{name}_near" for name in names)
    )


def _sizes(store: Store, scope: Scope, symbols: Sequence[str], after: datetime) -> dict[str, list[Size]]:
    """Return the sizes that funding rows state from an instant on, by symbol."""
    sizes: dict[str, list[Size]] = {}
    answer = store.query(SIZES, scope.parameters() | {"symbols": list(symbols), "after": after})
    quantities = answer["position_quantity"].cast(MONEY).to_physical().to_list()
    for (symbol, at, side, _), quantity in zip(answer.iter_rows(), quantities, strict=True):
        sizes.setdefault(symbol, []).append((at, side, quantity))
    return sizes


def _charge_fees_beside(store: Store, scope: Scope) -> None:
    """Write a cost line for the fees of spot fills that are no stake, so that they are known not to be missing."""
    words = scope.parameters() | {"stakes": trades_stakes(scope)}
    beside = store.query(statement("derive", "fees_beside"), words)
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    beside = beside.with_columns(**constants)
    store.insert("costs_stored", beside.select(pl.col(name).cast(kind) for name, kind in column_types(Cost).items()))


def _covered_from(store: Store, scope: Scope) -> datetime | None:
    found = store.scalar(statement("derive", "fills_covered_from"), scope.parameters())
    return found if isinstance(found, datetime) else None


def _flag_unvalued(store: Store, scope: Scope) -> None:
    """Flag the positions whose funding or liquidation fee was paid in an asset that no price values."""
    store.execute(statement("derive", "flag_unvalued"), scope.parameters())
