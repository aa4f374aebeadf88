"""What the wallets show: movements derived where no ledger speaks, openings, and the chain of stated balances."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal

import polars as pl

from ledger.accounting.pairing import pair
from ledger.accounting.regimes import books_results, logs_by_currency, regime_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Balance, Break
from schemas.types import KEY


def derive_movements(store: Store, scope: Scope) -> None:
    """Write the movements that spoken facts imply where no ledger covers the wallet (facts, rule 3 of cash)."""
    store.execute(statement("cash", "delete_derived"), scope.parameters())
    spot = store.query(statement("cash", "spot_fills"), scope.parameters())
    value = pl.coalesce("notional_stated", pl.col("quantity") * pl.col("price"))
    spot = spot.select("row_key", value.alias("notional"))
    with store.registered(incoming=spot):
        store.execute(statement("cash", "keep_spot_notional"))
    words = scope.parameters() | {"lots": books_results(scope), "by_currency": logs_by_currency(scope)}
    store.execute(statement("cash", "derive"), words)
    store.execute(statement("cash", "derive_debts"), scope.parameters())
    store.execute("DROP TABLE spot_notional")
    _count_edges_once(store, scope)


def _count_edges_once(store: Store, scope: Scope) -> None:
    """Take back what was derived just outside the ledger's range and is booked just inside it, a second off."""
    distance = timedelta(seconds=2 * int(store.scalar(statement("cash", "distance"), scope.parameters()) or 1))
    edges = store.query(statement("cash", "edges"), scope.parameters() | {"reach": 2 * distance})
    if not edges.height or edges["stated"].all():
        return
    pairs, _ = pair(edges, distance, "stated")
    doubled = pl.DataFrame({"row_key": [derived["row_key"] for _, derived in pairs]}, schema={"row_key": KEY})
    if doubled.height:
        with store.registered(incoming=doubled):
            store.execute(statement("cash", "delete_doubled"))


# ---------------------------------------------------------------------------------------------- the chain

GROUPS = statement("cash", "groups")


def chain(store: Store, scope: Scope) -> None:
    """Write the opening of every asset of the wallet, and each place where its stated balances do not follow."""
    for table in ("openings", "breaks_stored"):
        store.execute(statement("cash", "delete_chain").format(table=table), scope.parameters())
    openings: list[dict[str, object]] = []
    breaks: list[dict[str, object]] = []
    for asset, first_at, low_gap, high_gap in store.rows(statement("cash", "chains"), scope.parameters()):
        opening, found = _opening_and_breaks(store, scope, asset, (low_gap, high_gap))
        openings.append(
            {
                **scope.parameters(),
                "asset": asset,
                "opening": opening or Decimal(0),
                "anchored": opening is not None,
                "first_at": first_at,
                "owes_below_zero": regime_of(scope) == "negative_balance",
            }
        )
        for broken in found:
            name = f"{scope.account}/{scope.wallet}/{asset}/{broken['broken_at']:%Y-%m-%dT%H:%M:%S.%f}"
            short = hashlib.sha256(name.encode()).hexdigest()[:10]
            breaks.append({"break_id": f"break-{short}", **scope.parameters(), "asset": asset, **broken})
    if openings:
        store.insert("openings", pl.DataFrame(openings, schema=column_types(Balance)))
    if breaks:
        store.insert("breaks_stored", pl.DataFrame(breaks, schema=column_types(Break)))


def _opening_and_breaks(
    store: Store, scope: Scope, asset: str, gaps: tuple[Decimal | None, Decimal | None]
) -> tuple[Decimal | None, list[dict[str, object]]]:
    """Return the opening and the breaks of one asset, by the cheapest look that proves the chain."""
    of_asset = scope.parameters() | {"asset": asset}
    if gaps[0] == gaps[1]:
        return gaps[0], []
    low, high = store.rows(statement("cash", "row_chain"), of_asset)[0]
    return (low, []) if low == high else follow(store.query(GROUPS, of_asset))


def follow(groups: pl.DataFrame) -> tuple[Decimal | None, list[dict[str, object]]]:
    """Return the opening that the first stated balance fixes (None: none is stated) and the breaks of the chain.

    A group is an instant; within it the venue may list balances in any order, so the chain holds where one of them
    is the balance before plus the whole group.  After a break it goes on from the stated balance.
    """
    summed = groups.with_columns(running=pl.col("amount").cum_sum())
    with_balance = summed.filter(pl.col("last_stated").is_not_null())
    if not with_balance.height:
        return None, []
    opening = _opening(with_balance)
    gaps = (
        with_balance.select("moment", "running", "stated")
        .explode("stated")
        .with_columns(gap=pl.col("stated") - pl.col("running"))
    )
    holding = gaps.filter(pl.col("gap") == opening)["moment"].n_unique()
    if holding == with_balance.height:
        return opening, []
    breaks: list[dict[str, object]] = []
    gap = opening
    for row in with_balance.iter_rows(named=True):
        expected = row["running"] + gap
        if expected in row["stated"]:
            continue
        stated = row["last_stated"]
        breaks.append(
            {
                "broken_at": row["moment"],
                "expected": expected,
                "stated": stated,
                "difference": stated - expected,
                "row_key": row["row_key"],
            }
        )
        gap = stated - row["running"]
    return opening, breaks


def _opening(with_balance: pl.DataFrame) -> Decimal:
    """Return the opening by the first group: of several balances the one that the second group continues."""
    first = with_balance.row(0, named=True)
    candidates = [balance - first["running"] for balance in first["stated"]]
    if len(candidates) > 1 and with_balance.height > 1:
        second = with_balance.row(1, named=True)
        following = {balance - second["running"] for balance in second["stated"]}
        agreeing = [candidate for candidate in candidates if candidate in following]
        if agreeing:
            return Decimal(agreeing[0])
    return Decimal(first["last_stated"] - first["running"])
