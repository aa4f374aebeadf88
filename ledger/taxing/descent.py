"""Which doubtful events of any time the disposals of a year rest on, followed through lots, pools and transfers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from ledger.lots.changes import Matched
from ledger.taxing.order import ORDER
from ledger.taxing.policies import POOLED
from ledger.taxing.steps import OUTSIDE
from reports.tax.value import Policy

Place = tuple[str, str, str | None]
"""Pool, asset and lot; a pool without lots has None."""


def came_back(taken: Matched) -> set[str]:
    """Return the events by which units came from outside the book with the cost of units that had left it."""
    known = taken.moved.filter((pl.col("pool") == OUTSIDE) & pl.col("cost").is_not_null())
    return set(known["event"].to_list())


def feeding(changes: pl.DataFrame, taken: Matched, doubtful: Collection[str], policy: Policy) -> set[str]:
    """Return those of the doubtful events from which something comes that was disposed of in the year.

    An acquisition passes its doubt on to its lot, a move that is doubtful to all that it brings; a short sale has its
    own.  A pool at its average that was empty since has none of it; the UK's, which may be matched with what is bought
    later, keeps it.
    """
    doubts = set(doubtful)
    assets = changes.filter(pl.col("event").is_in(list(doubts)))["asset"].unique()
    rows = changes.filter(pl.col("asset").is_in(assets.implode()))
    if policy.method == "uk":
        day = pl.col("at").dt.convert_time_zone(policy.zone).dt.date()
        rows = rows.sort(day, pl.col("kind").replace_strict(ORDER, return_dtype=pl.Int8), maintain_order=True)
    inside = (pl.col("disposed_at") >= policy.starts_at) & (pl.col("disposed_at") < policy.ends_at)
    matches = taken.matches.filter(inside & (pl.col("rule") != "missing"))
    used = _by(matches, ("event", "asset"), ("pool", "lot", "opened_event"))
    moved = _by(taken.moved, ("event", "pool", "asset"), ("to_pool", "lot"))
    units = pl.col("quantity").to_physical()
    lacking = _by(taken.missing.with_columns(units), ("event", "pool", "asset"), ("quantity",))
    pooled = policy.method in POOLED
    resting: dict[Place, set[str]] = defaultdict(set)
    held: dict[tuple[str, str], int] = defaultdict(int)
    found: set[str] = set()
    steps = rows.select("event", "pool", "asset", "kind", units, "to_pool", pl.col("arrives").to_physical())
    for event, pool, asset, kind, quantity, to_pool, arrives in steps.iter_rows():
        own = {event} & doubts
        if kind == "acquire":
            resting[pool, asset, None if pooled else event] |= own
            held[pool, asset] += quantity
        elif kind == "move":
            held[to_pool, asset] += arrives
        for there, lot in moved.get((event, pool, asset), ()):
            resting[there, asset, lot] |= resting[pool, asset, lot] | (own if kind == "move" else set())
        for place, lot, opened in used.get((event, asset), ()):
            found |= resting[place, asset, lot] | ({lot, opened} & doubts)
        if kind in ("dispose", "move"):
            held[pool, asset] -= quantity - sum(part for (part,) in lacking.get((event, pool, asset), ()))
            if policy.method == "average" and held[pool, asset] <= 0:
                resting[pool, asset, None].clear()
    return found


def _by(frame: pl.DataFrame, keys: Sequence[str], names: Sequence[str]) -> Mapping[tuple[Any, ...], list[Any]]:
    """Return rows (of `names`) by their keys."""
    return frame.select(*keys, *names).rows_by_key(keys)
