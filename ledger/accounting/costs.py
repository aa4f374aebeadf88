"""Which position paid: funding, liquidation fees and insurance by instrument, side and instant; the rest is named.

Whatever the ledger booked and no position took stays as a line of its own, so every total equals the ledger.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from ledger.accounting.prices import in_settle
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import Cost
from schemas.types import MONEY

JUST_CLOSED = timedelta(seconds=60)
"""A venue books funding a few seconds after the instant; a position closed meanwhile paid it."""
BY_SESSION = "sessions.csv"
"""Venues that book funding once a session: a position that was closed within it paid it."""
LIQUIDATION_WINDOW = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=2)
CONTRACTS = ("perpetual", "future", "option")
FORCED = ("liquidation", "adl")
FORCED_NEAR = timedelta(seconds=60)
FORCED_BEFORE = timedelta(seconds=10)
"""A forced order without ids is booked within a minute of its fills; a forced repayment seconds after them."""
Made = tuple[pl.DataFrame, pl.DataFrame]
"""Legs and positions."""
SIZE_AGREEMENT = Decimal("0.02")

FUNDING = statement("costs", "funding")
LIQUIDATION_COSTS = statement("costs", "liquidation_costs")


@cache
def _sessions() -> Mapping[tuple[str, str], timedelta]:
    text = resources.files("ledger.accounting").joinpath(BY_SESSION).read_text(encoding="utf-8")
    return {(line["venue"], line["wallet"]): timedelta(hours=int(line["hours"]))
            for line in csv.DictReader(text.splitlines())}  # fmt: skip


def books_by_session(venue: str, wallet: str) -> bool:
    """Return whether the venue books results once a session, of what is open, too."""
    return (venue, wallet) in _sessions()


def holdings(legs: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Return what every stream holds after each leg: symbol, position_side, at, position_id, quantity, value."""
    named = positions.select("position_id", "symbol", "product", "position_side", "side", "settle_asset", "style")
    held = legs.select("position_id", "leg_no", "filled_at", "quantity_after", "execution").join(
        named, on="position_id"
    )
    return held.with_row_index("order").sort("filled_at", "order").with_columns(moment=pl.col("filled_at"))


def attribute(
    store: Store, scope: Scope, made: Made, prices: pl.DataFrame, symbols: Sequence[str], after: datetime, *,
    traded: bool,
) -> pl.DataFrame:  # fmt: skip
    """Return the cost lines of these symbols: funding, liquidation fees and insurance, to their positions or to none.

    Of what was booked at `after` or later.

    Not `traded`: of all others, and of the rows that name no symbol; they belong to no position.
    """
    legs, positions = made
    held = holdings(legs, positions)
    words = scope.parameters() | {"symbols": list(symbols), "traded": traded, "after": after}
    funding = store.query(FUNDING, words).with_columns(cause=pl.lit("funding"))
    forced = store.query(LIQUIDATION_COSTS, words)
    contracts = held.filter(pl.col("product").is_in(CONTRACTS))
    just_closed = _sessions().get((scope.venue, scope.wallet), JUST_CLOSED)
    lines = [_funding_lines(funding, contracts, just_closed), _liquidation_lines(forced, held)]
    found = pl.concat([line for line in lines if line.height] or [lines[0]])
    settled = found.join(
        positions.select("position_id", "settle_asset"), on="position_id", how="left", maintain_order="left"
    )
    value = in_settle(settled, prices, "amount", "asset", "settle_asset", "booked_at")
    found = found.with_columns(value=pl.when(pl.col("position_id").is_not_null()).then(value))
    constants = {name: pl.lit(text) for name, text in scope.parameters().items()}
    return found.with_columns(**constants).select(pl.col(name).cast(kind) for name, kind in column_types(Cost).items())


# ------------------------------------------------------------------------------------------------ funding


def _funding_lines(funding: pl.DataFrame, held: pl.DataFrame, just_closed: timedelta) -> pl.DataFrame:
    """Give each funding row to the position open at its instant, else to the last one closed so shortly before."""
    rows = funding.with_columns(
        instant=pl.when(pl.col("booked_at") - pl.col("booked_at").dt.truncate("1h") <= JUST_CLOSED)
        .then(pl.col("booked_at").dt.truncate("1h"))
        .otherwise(pl.col("booked_at"))
    )
    candidates = _candidates(rows, held, just_closed)
    chosen = _choose(rows, candidates)
    joined = rows.join(chosen, on="row_key", how="left", maintain_order="left")
    return _lines(joined)


def _candidates(rows: pl.DataFrame, held: pl.DataFrame, just_closed: timedelta) -> pl.DataFrame:
    """Return, per row and position side, the position open at the instant (`open`) or closed just before the row."""
    found = []
    for side in held["position_side"].unique().to_list():
        stream = held.filter(pl.col("position_side") == side).select(
            "symbol", "moment", "position_id", "quantity_after", "filled_at", "side", "settle_asset"
        )
        for moment, name in (("instant", "at_instant"), ("booked_at", "at_booking")):
            asof = (
                rows.filter(pl.col("symbol").is_not_null())
                .with_columns(moment=pl.col(moment))
                .sort("moment")
                .select("row_key", "symbol", "moment", "booked_at")
                .join_asof(stream.sort("moment"), on="moment", by="symbol", strategy="backward", check_sortedness=False)
            )
            usable = pl.col("quantity_after") != 0
            just = (pl.col("quantity_after") == 0) & (pl.col("booked_at") - pl.col("filled_at") < just_closed)
            if name == "at_booking":
                asof = asof.filter(just)
            found.append(
                asof.filter(usable | just).with_columns(
                    stream_side=pl.lit(side),
                    rank=pl.when(usable & pl.lit(name == "at_instant"))
                    .then(0)
                    .when(pl.lit(name == "at_instant"))
                    .then(1)
                    .otherwise(2),
                )
            )
    if not found:
        return pl.DataFrame(
            schema={
                "row_key": rows.schema["row_key"],
                "position_id": pl.String,
                "stream_side": pl.String,
                "quantity_after": MONEY,
                "rank": pl.Int32,
                "side": pl.String,
            }
        )
    every = pl.concat(found).sort("row_key", "rank", "stream_side")
    best = every.unique(["row_key", "stream_side"], keep="first", maintain_order=True)
    live = pl.col("rank") == pl.col("rank").min().over("row_key")
    return best.filter(live).select("row_key", "position_id", "stream_side", "quantity_after", "rank", "side")


def _choose(rows: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Return row_key -> position_id; a row that may belong to either side of a hedge goes by size, else by sign."""
    joined = candidates.join(
        rows.select(
            "row_key", "position_side", "symbol", "booked_at", "amount", "rate", "mark_price", "position_quantity"
        ),
        on="row_key",
    )
    stated = pl.col("position_side").is_in(["long", "short"])
    joined = joined.filter(~stated.fill_null(False) | (pl.col("position_side") == pl.col("side")))
    alone = pl.len().over("row_key") == 1
    clear = joined.filter(alone).select("row_key", "position_id")
    open_pairs = joined.filter(~alone)
    if not open_pairs.height:
        return clear
    return pl.concat([clear, _hedged(open_pairs)])


def _hedged(pairs: pl.DataFrame) -> pl.DataFrame:
    """Match the funding rows of a hedged symbol, instant by instant, to its two sides.

    By the stated size, or by amount = size x rate x mark; with neither, the two amounts of an instant have opposite
    signs and the ratio of the two sizes.  Equal sizes without a rate cannot be told apart: those stay unattributed.
    """
    chosen: list[tuple[object, str]] = []
    keyed = pairs.with_columns(minute=pl.col("booked_at").dt.truncate("1m"))
    for _, group in keyed.partition_by("symbol", "minute", as_dict=True, maintain_order=True).items():
        by_side = {row["side"]: row for row in group.iter_rows(named=True)}
        amounts = {row["row_key"]: row for row in group.iter_rows(named=True)}
        sizes = {side: abs(row["quantity_after"]) for side, row in by_side.items()}
        for key, row in amounts.items():
            side = _side_of(row, sizes, [other["amount"] for other in amounts.values() if other["row_key"] != key])
            if side is not None and side in by_side:
                chosen.append((key, by_side[side]["position_id"]))
    schema = {"row_key": pairs.schema["row_key"], "position_id": pl.String()}
    return pl.DataFrame(chosen, schema=schema, orient="row")


def _side_of(row: Mapping[str, Any], sizes: Mapping[str, Decimal], others: Sequence[Decimal]) -> str | None:
    """Return the side of a hedge that a funding row belongs to, None where nothing tells."""
    amount, rate, quantity = row["amount"], row["rate"], row["position_quantity"]
    if rate:
        return "short" if (amount > 0) == (rate > 0) else "long"
    if quantity:
        if abs(sizes.get("long", 0) - sizes.get("short", 0)) <= SIZE_AGREEMENT * quantity:
            return None
        return min(sizes, key=lambda side: abs(sizes[side] - quantity))
    if len(others) != 1 or not (amount and others[0] and sizes.get("long") and sizes.get("short")):
        return None
    ratio, expected = abs(amount / others[0]), sizes["long"] / sizes["short"]
    if abs(expected - 1) <= SIZE_AGREEMENT:
        return None
    as_long, as_short = abs(ratio / expected - 1), abs(ratio * expected - 1)
    return "long" if as_long < as_short else "short"


# -------------------------------------------------------------------------------------------- liquidations


def _liquidation_lines(forced: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Give liquidation fees and insurance to the position of the symbol that was forced last, else closed last."""
    rows = forced.with_columns(moment=pl.col("booked_at") + CLOCK_SKEW)
    violent = held.filter(pl.col("execution").is_in(["liquidation", "adl"]))
    found = None
    for legs in (violent, held):
        side_free = legs.select("symbol", "moment", "position_id", "filled_at").sort("moment")
        asof = (
            rows.select("row_key", "symbol", "moment", "booked_at")
            .sort("moment")
            .join_asof(side_free, on="moment", by="symbol", strategy="backward", check_sortedness=False)
        )
        near = asof.filter(
            pl.col("position_id").is_not_null() & (pl.col("booked_at") - pl.col("filled_at") < LIQUIDATION_WINDOW)
        )
        near = near.select("row_key", "position_id")
        found = near if found is None else pl.concat([found, near.join(found, on="row_key", how="anti")])
    assert found is not None
    joined = forced.join(found, on="row_key", how="left", maintain_order="left")
    return _lines(joined)


def _lines(joined: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the position found for them, if any, as cost lines."""
    found = pl.col("position_id").is_not_null()
    how = pl.when(found).then(pl.lit("instant")).otherwise(pl.lit("unattributed")).alias("how")
    return joined.select("position_id", "symbol", "cause", "asset", "amount", "booked_at", "row_key", how)


def mark_forced(store: Store, scope: Scope, fills: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with the executions that force orders and clearance fees give away.

    A fill whose order the venue lists as liquidation or ADL is one; where it lists none near, so is a fill of the
    symbol up to five seconds before a clearance fee.  `is_surely_forced`: its own row or its order says so.
    """
    orders = store.query(statement("costs", "forced_orders"), scope.parameters())
    fills = fills.join(orders, on=["order_ref", "symbol"], how="left", maintain_order="left")
    fills = fills.with_columns(is_surely_forced=pl.col("execution").is_in(FORCED) | pl.col("forced").is_not_null())
    fees = store.query(statement("costs", "clearance_fees"), scope.parameters())
    if fees.height:
        times = fills.with_columns(moment=pl.col("filled_at")).sort("moment")
        near = times.join_asof(
            fees.with_columns(fee_at=pl.col("moment")).sort("moment"),
            on="moment",
            by="symbol",
            strategy="forward",
            check_sortedness=False,
            tolerance=timedelta(seconds=5),
        )
        listed = times.filter(pl.col("forced").is_not_null()).select("symbol", at="filled_at")
        hit = near.filter(pl.col("fee_at").is_not_null() & pl.col("forced").is_null())
        if listed.height:
            hit = hit.join(
                listed.select("symbol", day=pl.col("at").dt.truncate("1m")).unique(),
                left_on=["symbol", pl.col("filled_at").dt.truncate("1m")],
                right_on=["symbol", "day"],
                how="anti",
            )
        keys = hit["row_key"]
        fills = fills.with_columns(
            forced=pl.when(pl.col("row_key").is_in(keys.implode()))
            .then(pl.lit("liquidation"))
            .otherwise(pl.col("forced"))
        )
    fills = _forced_without_ids(store, scope, fills)
    plain = pl.col("execution") == "trade"
    return fills.with_columns(
        execution=pl.when(plain).then(pl.coalesce("forced", "execution")).otherwise(pl.col("execution"))
    ).drop("forced")


def _forced_without_ids(store: Store, scope: Scope, fills: pl.DataFrame) -> pl.DataFrame:
    """Mark the fills that lie near a forced order of their symbol and side, where one of the two has no order id.

    Where only something without an instrument's name tells of force (a forced repayment, a fee of a margin wallet), the
    spot-pair fills just before it.
    """
    orders = store.query(statement("costs", "forced_reductions"), scope.parameters())
    nameless = store.query(statement("costs", "nameless_clearances"), scope.parameters())
    if not orders.height and not nameless.height:
        return fills
    rows = fills.with_row_index("line").with_columns(moment=pl.col("filled_at")).sort("moment", "line")
    if orders.height:
        near = rows.filter(pl.col("forced").is_null()).join_asof(
            orders.sort("moment").with_columns(forced_at=pl.col("moment")), on="moment", by=["symbol", "side"],
            strategy="nearest", tolerance=FORCED_NEAR, check_sortedness=False,
        )  # fmt: skip
        near = near.filter(
            pl.col("forced_as").is_not_null() & (pl.col("order_ref").is_null() | pl.col("any_order"))
        ).sort((pl.col("moment") - pl.col("forced_at")).abs(), "line")
        before = pl.col("quantity").cum_sum().over("forced_key") - pl.col("quantity")
        near = near.filter(pl.col("forced_quantity").is_null() | (before < pl.col("forced_quantity")))
        rows = rows.join(near.select("line", "forced_as"), on="line", how="left", maintain_order="left")
        rows = rows.with_columns(forced=pl.coalesce("forced", "forced_as")).drop("forced_as")
    explained = rows.filter(pl.col("forced").is_not_null()).select("moment", forced_at="moment")
    nameless = nameless.with_columns(cleared_at=pl.col("moment")).join_asof(
        explained, on="moment", strategy="backward", tolerance=FORCED_NEAR, check_sortedness=False
    )
    nameless = nameless.filter(pl.col("forced_at").is_null()).drop("forced_at")
    if nameless.height:
        rows = rows.join_asof(
            nameless, on="moment", strategy="forward", tolerance=FORCED_BEFORE, check_sortedness=False
        )
        pairs = pl.col("product").is_in(["spot", "margin"]) & pl.col("cleared_at").is_not_null()
        rows = rows.with_columns(
            forced=pl.when(pl.col("forced").is_null() & pairs).then(pl.lit("liquidation")).otherwise(pl.col("forced"))
        ).drop("cleared_at")
    return rows.sort("line").drop("line", "moment")
