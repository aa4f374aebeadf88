"""The record of a matching: rows as they come, made into frames a portion at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from ledger.accounting.positions import to_money
from ledger.lots.changes import BORROWED, HELD, MATCHES, MISSING, MOVED, UNMET, Matched
from ledger.lots.stock import Lot
from schemas.types import INSTANT, MONEY

PORTION = 1 << 17
"""Rows that wait as Python's values before they are made a frame."""
RAW = {
    "row": pl.Int64(),
    **{name: kind for name, kind in MATCHES.items() if name not in ("event", "n", "pool", "asset")},
}


@dataclass(slots=True)
class Record:
    """What was matched, missing, moved, held and chosen in vain."""

    matches: list[tuple[Any, ...]] = field(default_factory=list)
    portions: list[pl.DataFrame] = field(default_factory=list)
    missing: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    lots: dict[datetime, pl.DataFrame] = field(default_factory=dict)
    borrowed: dict[datetime, pl.DataFrame] = field(default_factory=dict)

    def match(self, row: int, at: int, sold: Lot, bought: Lot, rule: str, opened: str | None = None) -> None:
        """Note that units were sold (all of `sold`) which had been bought (all of `bought`); at: when it counts."""
        fee = None if sold.fee is None or bought.fee is None else sold.fee + bought.fee
        self.matches.append(
            (
                row,
                sold.quantity,
                bought.at,
                at,
                sold.cost,
                bought.cost,
                fee,
                sold.fee,
                rule,
                bought.name,
                bought.event,
                opened,
            )
        )
        if len(self.matches) >= PORTION:
            self._portion()

    def unmatched(self, row: int, at: int, sold: Lot) -> None:
        """Note that units were sold of which nothing is known."""
        self.matches.append(
            (row, sold.quantity, None, at, sold.cost, None, sold.fee, sold.fee, "missing", None, None, None)
        )

    def _portion(self) -> None:
        self.portions.append(_frame(self.matches, RAW))
        self.matches.clear()

    def hold(
        self, instant: datetime, rows: Sequence[tuple[Any, ...]], borrowed: Sequence[tuple[Any, ...]] = ()
    ) -> None:
        """Note what is held before an instant, and what is owed of it; pieces of one lot become one row."""
        self.borrowed[instant] = _frame(borrowed, BORROWED)
        pieces = _frame(rows, HELD)
        of = [name for name in HELD if name not in ("quantity", "cost")]
        known = pl.when(pl.col("cost").is_not_null().all()).then(pl.col("cost").sum())
        self.lots[instant] = pieces.group_by(of, maintain_order=True).agg(pl.col("quantity").sum(), known.alias("cost"))

    def matched(self, changes: pl.DataFrame, unmet: Sequence[tuple[str, str, int]]) -> Matched:
        """Return it all, in the order of the changes."""
        self._portion()
        rows = pl.concat(self.portions)
        if not rows["row"].is_sorted():
            rows = rows.sort("row", maintain_order=True)
        of = changes.select("event", "pool", "asset", "kind", "to_pool")[rows["row"]]
        arrived = (pl.col("rule") == "short_sale") & (pl.col("kind") == "move")
        matches = pl.concat([of, rows], how="horizontal").with_columns(
            _ordinals(changes["event"], rows["row"]), pool=pl.when(arrived).then("to_pool").otherwise("pool")
        )
        return Matched(
            matches=matches.select(*MATCHES),
            lots=self.lots,
            borrowed=self.borrowed,
            missing=_frame(self.missing, MISSING),
            moved=_frame(self.moved, MOVED), unmet=_frame(unmet, UNMET),
        )  # fmt: skip


def _ordinals(events: pl.Series, rows: pl.Series) -> pl.Series:
    """Return each match's number among those of its event; the rows of the changes that made them ascend."""
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    if events.n_unique() == events.len():
        row = pl.col("row")
        first = pl.when(row.ne_missing(row.shift(1))).then(number).forward_fill()
        return rows.to_frame("row").select(n=number - first + 1)["n"]
    return events[rows].to_frame("event").select(n=(number + 1).over("event"))["n"]


def _frame(rows: Sequence[tuple[Any, ...]], columns: dict[str, Any]) -> pl.DataFrame:
    """Return rows of Python's values as a frame: money in units of 1e-18, instants in microseconds since 1970."""
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pl.DataFrame({
        name: _column(cells, kind) for cells, (name, kind) in zip(values, columns.items(), strict=True)
    })  # fmt: skip


def _column(cells: Sequence[Any], kind: pl.DataType) -> pl.Series:
    if kind == MONEY:
        return to_money(cells)
    if kind == INSTANT:
        return pl.Series(cells, dtype=pl.Int64).cast(INSTANT)
    return pl.Series(cells, dtype=kind)
