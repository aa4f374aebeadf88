"""Row keys and sightings: what makes two source rows one fact, and two equal rows two facts.

A key is 88 bits of the md5 of series and key cells, with 32 zero bits below: `row_key = key + nth * 256 + leg`.
`nth` numbers equal keys inside a pool; the book holds the union of the pools' (key, nth), so importing is
commutative, idempotent and can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ledger.storage.store import Store, statement
from schemas.types import KEY

ZONES = timedelta(days=1)
"""The same id may stand on a neighbouring day of an export that was read in a wrong zone."""
KEYS = statement("identity", "keys")
EARLIER = statement("identity", "earlier")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The parts of a bundle that number their twins together."""

    bundle_id: str
    number: int


def with_keys(store: Store, series: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `key` and `content` instead of their texts."""
    with store.registered(incoming=rows.select("source_row", "key_text", "content_text")):
        keys = store.query(KEYS, {"series": series})
    return rows.drop("key_text", "content_text").with_columns(keys["key"], keys["content"])


def twin_keys(rows: pl.DataFrame) -> pl.Series:
    """Return the keys that occur more than once among the rows."""
    keys = rows["key"]
    if keys.n_unique() == len(keys):
        return keys.clear()
    return keys.filter(keys.is_duplicated()).unique()


def earlier_sightings(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the sightings of the same keys that the book holds, for the days of the rows."""
    days: tuple[datetime, datetime] = rows.select(pl.col("at").min().alias("a"), pl.col("at").max().alias("b")).row(0)
    bounds = {"first": days[0].date() - ZONES, "last": days[1].date() + ZONES}
    if not store.scalar("SELECT 1 FROM sightings_stored WHERE day BETWEEN $first AND $last LIMIT 1", bounds):
        return pl.DataFrame(
            schema={
                "key": KEY,
                "nth": pl.UInt32,
                "content": pl.Int64,
                "file_no": pl.UInt32,
                "source_row": pl.UInt32,
                "pool": pl.UInt32,
                "bundle_id": pl.String,
            }
        )
    with store.registered(incoming=rows.select("key")):
        return store.query(EARLIER, bounds)


def number(rows: pl.DataFrame, twins: pl.Series, earlier: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Return the rows of one chunk with `nth` and `fresh` (the book does not hold them yet).

    Rows of the pool's earlier chunks and parts count on; rows of other pools make a row a duplicate.
    """
    if not len(twins) and not earlier.height:
        return rows.with_columns(nth=pl.lit(1, dtype=pl.UInt32), fresh=pl.lit(True))
    own = (pl.col("bundle_id") == pool.bundle_id) & (pl.col("pool") == pool.number)
    before = earlier.filter(own).group_by("key").agg(before=pl.len())
    stored = earlier.group_by("key").agg(held=pl.col("nth").unique())
    numbered = rows.join(before, on="key", how="left", maintain_order="left").with_columns(
        nth=(pl.col("before").fill_null(0) + 1).cast(pl.UInt32)
    )
    if len(twins):
        within = pl.int_range(pl.len(), dtype=pl.UInt32).over("key")
        twin = pl.col("key").is_in(twins.implode())
        numbered = numbered.with_columns(nth=pl.when(twin).then(pl.col("nth") + within).otherwise(pl.col("nth")))
    joined = numbered.join(stored, on="key", how="left", maintain_order="left")
    held = pl.col("held").list.contains(pl.col("nth")).fill_null(False)
    return joined.with_columns(fresh=~held).drop("before", "held")


def number_ids(rows: pl.DataFrame, twins: pl.Series, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of one chunk, an id counting once, and those whose id was seen with other content.

    The latter carry `other_file_no` and `other_row`, where the first was seen (`other_file_no` null: this chunk).
    """
    numbered = rows.with_columns(nth=pl.lit(1, dtype=pl.UInt32), fresh=pl.lit(True))
    if not len(twins) and not earlier.height:
        return numbered, numbered.clear()
    first = pl.col("source_row") == pl.col("source_row").first().over("key")
    seen = earlier.unique("key", keep="first", maintain_order=True).select(
        "key", seen_content="content", other_file_no="file_no", seen_row="source_row"
    )
    joined = numbered.join(seen, on="key", how="left", maintain_order="left").with_columns(
        fresh=first & pl.col("seen_content").is_null(),
        expected=pl.coalesce("seen_content", pl.col("content").first().over("key")),
        other_row=pl.coalesce("seen_row", pl.col("source_row").first().over("key")),
    )
    changed = joined.filter(pl.col("content") != pl.col("expected"))
    kept = joined.filter(pl.col("content") == pl.col("expected"))
    return kept.select(numbered.columns), changed


def pools_of(
    parts: Sequence[tuple[int, str, datetime, datetime]], share: dict[tuple[int, int], bool]
) -> dict[int, int]:
    """Return the pool of each part (0: the common one), from (part_no, file_id, first_at, last_at).

    Parts whose ranges overlap by more than an instant and that share a key there (`share`), or whose bytes are
    equal, are pools of their own: the user put two exports into one zip.
    """
    alone: set[int] = set()
    for index, (part, file_id, first, last) in enumerate(parts):
        for other, other_id, other_first, other_last in parts[:index]:
            overlap = min(last, other_last) > max(first, other_first)
            if file_id == other_id or (overlap and share.get((other, part), False)):
                alone |= {part, other}
    return {part: part + 1 if part in alone else 0 for part, *_ in parts}


def with_order(rows: pl.DataFrame, newest_first: bool, previous: tuple[datetime, int] | None) -> pl.DataFrame:
    """Return the rows with `order`: the venue's sequence, else the ordinal inside the instant in execution order.

    `previous` is the last instant of the chunk before and how many rows it had there.
    """
    index = pl.int_range(pl.len(), dtype=pl.Int64)
    if rows["at"].is_sorted() or rows["at"].is_sorted(descending=True):
        starts = pl.when((pl.col("at") != pl.col("at").shift(1)).fill_null(True)).then(index).forward_fill()
        ordinal = index - starts
    else:
        ordinal = pl.int_range(pl.len(), dtype=pl.Int64).over("at")
    if previous is not None:
        ordinal = ordinal + pl.when(pl.col("at") == previous[0]).then(previous[1]).otherwise(0)
    signed = -ordinal - 1 if newest_first else ordinal + 1
    return rows.with_columns(order=pl.coalesce("sequence", signed))


def base_keys(numbered: pl.DataFrame) -> pl.DataFrame:
    """Return source_row, `first_leg` (row key of leg 0) and order."""
    step = pl.col("nth").cast(pl.Int64) * 256
    return numbered.select("source_row", "order", first_leg=pl.col("key") + step.cast(KEY))
