"""Invented changes of what is held, written as short rows, and the laws that every matching of them obeys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.lots.changes import CHANGES, Matched

Row = Mapping[str, Any]
Key = tuple[str, str]
START = datetime(2024, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def change(kind: str, when: str, quantity: Any, value: Any = None, **further: Any) -> Row:
    return {
        "kind": kind,
        "at": at(when),
        "quantity": quantity,
        "value": value,
        "asset": "BTC",
        "pool": "",
        "fee": 0,
        **further,
    }


def buy(when: str, quantity: Any, cost: Any, **further: Any) -> Row:
    return change("acquire", when, quantity, cost, **further)


def sell(when: str, quantity: Any, proceeds: Any, **further: Any) -> Row:
    return change("dispose", when, quantity, proceeds, **further)


def move(when: str, quantity: Any, pool: str, to_pool: str, arrives: Any = None, **further: Any) -> Row:
    return change(
        "move", when, quantity, pool=pool, to_pool=to_pool, arrives=quantity if arrives is None else arrives, **further
    )


def borrow(when: str, quantity: Any, **further: Any) -> Row:
    return change("borrow", when, quantity, **further)


def repay(when: str, quantity: Any, **further: Any) -> Row:
    return change("repay", when, quantity, **further)


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows as changes; an event without a name is called `e1`, `e2` ... by its place."""
    cells: dict[str, list[Any]] = {name: [] for name in CHANGES}
    for number, row in enumerate(rows, 1):
        assert set(row) <= set(CHANGES), row
        for name, kind in CHANGES.items():
            cell = row.get(name, f"e{number}" if name == "event" else None)
            cells[name].append(Decimal(cell) if isinstance(kind, pl.Decimal) and cell is not None else cell)
    return pl.DataFrame(cells, schema=dict(CHANGES))


def shown(found: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of a frame: amounts as plain text without zeros at the end, instants without seconds that are 0."""
    return [tuple(_cell(cell) for cell in row) for row in found.select(columns).iter_rows()]


def _cell(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell


# ------------------------------------------------------------------------------------------------- laws


def broken(changes: pl.DataFrame, taken: Matched, instant: datetime, *, costs: bool = True) -> list[str]:
    """Return the laws that do not hold of all changes, in words: nothing is lost or made, to the last digit.

    The instant is after all of them; all values are known; `costs`: whether all that is held has a known cost, too.
    """
    held = taken.lots[instant]
    moved = _sums(taken.moved, "pool", lambda row: row["quantity"])
    arrived = _sums(taken.moved, "to_pool", lambda row: row["arrives"])
    acquired = _sums(changes, "pool", lambda row: row["quantity"] if row["kind"] == "acquire" else 0)
    disposed = _sums(changes, "pool", lambda row: row["quantity"] if row["kind"] == "dispose" else 0)
    missing = _sums(taken.missing, "pool", lambda row: row["quantity"])
    faults = []
    for key in {*acquired, *disposed, *arrived, *moved}:
        there = acquired[key] + arrived[key] + missing[key] - disposed[key] - moved[key]
        rows = held.filter(pl.col("pool") == key[0], pl.col("asset") == key[1])
        if there != rows["quantity"].sum():
            faults.append(f"{key}: {there} is there, {rows['quantity'].sum()} is held")
    return [*faults, *(_costs(changes, taken, held) if costs else ()), *_disposals(changes, taken, held)]


def _costs(changes: pl.DataFrame, taken: Matched, held: pl.DataFrame) -> list[str]:
    """What was paid is the basis of what was sold and the cost of what is held, over all pools (moves carry cost)."""
    faults = []
    for (asset,), rows in changes.group_by("asset"):
        paid = _total(rows.filter(pl.col("kind") == "acquire")["value"])
        released = _total(taken.matches.filter(pl.col("asset") == asset)["basis"])
        is_held = pl.col("lot").is_null() | ~pl.col("lot").str.ends_with(":short")
        kept = _total(held.filter(pl.col("asset") == asset, is_held)["cost"])
        if paid != released + kept:
            faults.append(f"{asset}: {paid} was paid, {released} released, {kept} kept")
    return faults


def _disposals(changes: pl.DataFrame, taken: Matched, held: pl.DataFrame) -> list[str]:
    """The parts of a disposal are the whole, in quantity and proceeds; what is short still is not realized."""
    faults = []
    sale = pl.when(pl.col("rule") == "short_sale").then("opened_event").otherwise("event").alias("sale")
    parts = taken.matches.group_by(sale).agg(pl.col("quantity", "proceeds").sum())
    shorts = held.filter(pl.col("lot").str.ends_with(":short"))
    by_event: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 2)
    for event, quantity, proceeds in parts.iter_rows():
        by_event[event] = [quantity, proceeds]
    for event, quantity, cost in shorts.select("acquired_event", "quantity", "cost").iter_rows():
        known = by_event[event]
        by_event[event] = [known[0] - quantity, known[1] - cost]
    whole = changes.filter(pl.col("kind") == "dispose").group_by("event").agg(pl.col("quantity", "value").sum())
    for event, quantity, value in whole.iter_rows():
        if [quantity, value] != by_event[event]:
            faults.append(f"{event}: {quantity} for {value}, its parts are {by_event[event]}")
    return faults


def _total(column: pl.Series) -> Decimal:
    return sum(column.drop_nulls().to_list(), Decimal(0))


def _sums(rows: pl.DataFrame, pool: str, amount: Callable[[Row], Any]) -> dict[Key, Decimal]:
    sums: dict[Key, Decimal] = defaultdict(lambda: Decimal(0))
    for row in rows.iter_rows(named=True):
        if row[pool] is not None:
            sums[row[pool], row["asset"]] += amount(row)
    return sums
