"""Which payments of a rhythm are missing: the slots of a life at which a row must stand, and none does.

A venue charges funding and interest on the hour, late by seconds or minutes.  How often is learned from the rows
themselves: around each place from the spacings before and after it, so that a symbol may change its rhythm.  Hours are
whole numbers from a base: the epoch or, where the rhythm starts with a position, its opening.  All of it is set-based.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from schemas.types import INSTANT, KEY

HOUR_US = 3_600_000_000
RHYTHMS = (1, 2, 4, 8, 12, 24)
LATE = timedelta(minutes=20)
"""How far from its slot a row may be booked and still be that slot's."""
EDGE = timedelta(minutes=1)
"""What opens or ends so near to a slot may have missed it, or been charged a little late."""
EARLY = timedelta(seconds=2)
"""Clocks of two exports differ: a charge may seem to come before what it is charged on."""
NEIGHBOURS = 3
"""Spacings on each side that tell the rhythm of a place."""
PROOF = 2
"""Spacings of one length that make a rhythm a known one."""
NO_KEY = pl.lit(None, KEY)

SLOTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "life": pl.UInt32,
    "slot_at": INSTANT,
    "hours": pl.Int64,
    "learned": pl.Boolean,
    "between": pl.Boolean,
    "sure": pl.Boolean,
    "before": KEY,
    "after": KEY,
}
"""What `missing` returns of each slot: its rhythm and whether rows told it, whether rows of the life stand on both
sides, whether the life is certain to have lasted so long, and the rows beside it."""


def missing(lives: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the slots without a row, in order of life and time.

    `lives`: life (UInt32), series (whose rows pay for it), learn (whose spacings tell its rhythm), start, end, sure
    (until then it is certain to have lasted), based (whether the rhythm starts with it), usual and phase (what is
    usual at the venue, in hours; null where unknown).  Lives of one series do not overlap.
    `rows`: series, at, row_key.
    """
    if not lives.height:
        return pl.DataFrame(schema=SLOTS)
    epoch = pl.lit(0).cast(INSTANT)
    lives = lives.with_columns(base=pl.when("based").then("start").otherwise(epoch))
    paid = _paid(lives, rows)
    steps = _steps(paid)
    places = pl.concat([_between(steps), _edges(_bounded(lives, paid), paid, steps)])
    return _slots(places, lives)


def _paid(lives: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the slots that have a row, per life: learn, hour, slot_at, late (microseconds), row_key."""
    found = (
        rows.with_columns(shifted=pl.col("at") + EARLY)
        .sort("shifted")
        .join_asof(
            lives.select("life", "series", "learn", "start", "end", "base").sort("start"),
            left_on="shifted",
            right_on="start",
            by="series",
            strategy="backward",
            check_sortedness=False,
        )
    )
    found = found.filter(pl.col("life").is_not_null() & (pl.col("at") <= pl.col("end") + LATE))
    since = (pl.col("at") - pl.col("base")).dt.total_microseconds()
    found = found.with_columns(since=since, hour=(since + HOUR_US // 2) // HOUR_US)
    found = found.with_columns(late=pl.col("since") - pl.col("hour") * HOUR_US)
    found = found.filter(pl.col("late").abs() <= LATE // timedelta(microseconds=1)).sort("at", "row_key")
    return found.unique(["life", "hour"], keep="first", maintain_order=True).select(
        "life", "learn", "hour", "late", "row_key", slot_at=pl.col("base") + pl.duration(hours="hour")
    )


def _steps(paid: pl.DataFrame) -> pl.DataFrame:
    """Return the spacings between rows of one life, with the rhythm that those up to it and those from it on tell."""
    ordered = paid.sort("learn", "life", "hour")
    steps = ordered.with_columns(
        step=pl.col("hour").diff().over("life"), before=pl.col("row_key").shift(1).over("life")
    ).filter(pl.col("step").is_not_null())
    steps = steps.sort("learn", "slot_at", "life")

    def median(values: pl.Expr) -> pl.Expr:
        return values.cast(pl.Float64).rolling_quantile(0.5, "lower", window_size=NEIGHBOURS, min_samples=1)

    backward = median(pl.col("step"))
    forward = median(pl.col("step").reverse()).reverse()
    return steps.with_columns(upto=backward.over("learn").cast(pl.Int64), onward=forward.over("learn").cast(pl.Int64))


def _bounded(lives: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Return the lives with the first and last hour at which a row must stand; `late` is usual where it is charged."""
    late = paid.group_by("learn").agg(late=pl.col("late").median().cast(pl.Int64))
    known = lives.join(late, on="learn", how="left").with_columns(late=pl.col("late").fill_null(0).clip(0))

    def hours(moment: pl.Expr) -> pl.Expr:
        return (moment - pl.col("base")).dt.total_microseconds()

    return known.with_columns(
        low=-(-hours(pl.col("start") + EDGE) // HOUR_US), high=(hours(pl.col("end") - EDGE) - pl.col("late")) // HOUR_US
    )


def _between(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches between two rows of a life that are longer than the rhythm.

    It is the slower one of those before and after: of the spacings next to it, or of several where a neighbour, too, is
    too long.
    """
    earlier, later = (pl.col(name).shift(by).over("learn") for name, by in (("upto", 1), ("onward", -1)))
    next_to_it = pl.max_horizontal(pl.col("step").shift(by).over("learn") for by in (1, -1))
    hours = pl.min_horizontal(pl.max_horizontal(earlier, later), next_to_it)
    return (
        steps.with_columns(hours=hours)
        .filter(pl.col("step") > pl.col("hours"))
        .select(
            "life",
            "learn",
            pl.col("hours"),
            anchor=pl.col("hour") - pl.col("step"),
            low=pl.col("hour") - pl.col("step") + 1,
            high=pl.col("hour") - 1,
            between=pl.lit(True),
            before="before",
            after="row_key",
            learned=_learned(pl.col("hours"), steps),
        )
        .select(PLACE)
    )


PLACE = ["life", "hours", "learned", "anchor", "low", "high", "between", "before", "after"]


def _learned(hours: pl.Expr, steps: pl.DataFrame) -> pl.Expr:
    """Return whether so many spacings of this length stand in the rows that it is known."""
    counted = steps.group_by("learn", "step").len().filter(pl.col("len") >= PROOF)
    names = counted.select(pl.concat_str("learn", "step", separator="\x1f")).to_series()
    return pl.concat_str("learn", hours, separator="\x1f").is_in(names.implode())


def _edges(lives: pl.DataFrame, paid: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches before the first row of a life and after its last, and the lives without any row."""
    ends = (
        paid.sort("life", "hour")
        .group_by("life", maintain_order=True)
        .agg(
            first=pl.col("hour").first(),
            last=pl.col("hour").last(),
            first_at=pl.col("slot_at").first(),
            last_at=pl.col("slot_at").last(),
            first_key=pl.col("row_key").first(),
            last_key=pl.col("row_key").last(),
        )
    )
    known = lives.join(ends, on="life", how="left")
    rows = pl.col("first").is_not_null()
    head = known.filter(rows).with_columns(
        moment="first_at",
        anchor="first",
        high=pl.col("first") - 1,
        before=NO_KEY,
        after="first_key",
        looks_on=pl.lit(True),
    )
    tail = known.filter(rows).with_columns(
        moment="last_at", anchor="last", low=pl.col("last") + 1, before="last_key", after=NO_KEY, looks_on=pl.lit(False)
    )
    empty = known.filter(~rows).with_columns(
        moment="start",
        anchor=pl.when("based").then(pl.lit(0, pl.Int64)),
        before=NO_KEY,
        after=NO_KEY,
        looks_on=pl.lit(False),
    )
    names = [*lives.columns, "moment", "anchor", "before", "after", "looks_on"]
    places = pl.concat([part.select(names) for part in (head, tail, empty)])
    seen = steps.select("learn", "hour", "upto", "onward", moment="slot_at").sort("moment")
    places = places.sort("moment")
    for back in (True, False):
        suffix = "_back" if back else "_on"
        places = places.join_asof(
            seen.rename({name: f"{name}{suffix}" for name in ("hour", "upto", "onward")}),
            on="moment",
            by="learn",
            strategy="backward" if back else "forward",
            check_sortedness=False,
        )
    told = (
        pl.when("looks_on").then(pl.coalesce("onward_on", "upto_back")).otherwise(pl.coalesce("upto_back", "onward_on"))
    )
    places = places.with_columns(hours=pl.when(told.is_in(RHYTHMS)).then(told))
    return (
        places.with_columns(
            learned=_learned(pl.col("hours"), steps).fill_null(False),
            anchor=pl.coalesce(
                "anchor", pl.when(pl.col("hours").is_not_null()).then(pl.coalesce("hour_back", "hour_on")), "phase"
            ),
            hours=pl.coalesce("hours", "usual"),
            between=pl.lit(False),
        )
        .filter(pl.col("hours").is_not_null())
        .select(PLACE)
    )


def _slots(places: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Return every slot of the stretches; each stands a whole number of rhythms from the anchor."""
    places = places.filter(pl.col("hours").is_in(RHYTHMS))
    first = pl.col("anchor") - (pl.col("anchor") - pl.col("low")) // pl.col("hours") * pl.col("hours")
    places = places.with_columns(slot=first).with_columns(
        count=((pl.col("high") - pl.col("slot")) // pl.col("hours") + 1).clip(0)
    )
    slots = places.filter(pl.col("count") > 0).with_columns(step=pl.int_ranges(0, pl.col("count"))).explode("step")
    slots = slots.join(lives.select("life", "base", "sure"), on="life").with_columns(
        slot_at=pl.col("base") + pl.duration(hours=pl.col("slot") + pl.col("step") * pl.col("hours"))
    )
    slots = slots.with_columns(sure=pl.col("between") | (pl.col("slot_at") + EDGE <= pl.col("sure")))
    return slots.select(pl.col(name).cast(kind) for name, kind in SLOTS.items()).sort("life", "slot_at")
