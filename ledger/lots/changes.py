"""What the matching of lots is given and what it gives back: changes of holdings in; matches, lots and moves out.

Amounts are units of 1e-18 while they are matched, so that nothing is lost: a share of a whole is rounded half to even
and the whole keeps the remainder, and what is taken last takes all that is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from schemas.errors import UnknownThing
from schemas.types import INSTANT, MONEY

CHANGES: dict[str, pl.DataType] = {
    "event": pl.String(),  # stable id of the event; several changes may share it
    "pool": pl.String(),  # within what lots are matched: an account, a wallet, or "" for everything
    "asset": pl.String(),
    "at": INSTANT,
    "kind": pl.String(),  # acquire, dispose, move; borrow, repay: of units that are owed, without its interest
    "quantity": MONEY,  # > 0; of a move: what left
    "value": MONEY,  # cost of an acquisition, proceeds of a disposal, after fees; null: unknown
    "fee": MONEY,  # that part of the value which is fees, + = cost; carried along in proportion; null: unknown
    "to_pool": pl.String(),  # of a move: where it arrived
    "arrives": MONEY,  # of a move: how much of it, > 0; the rest went to the network
}
"""In the order of time; rows of one instant in their order of execution."""
KINDS = ("acquire", "dispose", "move", "borrow", "repay")

MATCHES: dict[str, pl.DataType] = {
    "event": pl.String(),  # the disposal; of a short sale what closed it: a purchase, a move that arrived, a repayment
    "n": pl.Int64(),  # ordinal among the matches of the event, from 1
    "pool": pl.String(), "asset": pl.String(),
    "quantity": MONEY,
    "acquired_at": INSTANT,  # null: a pool, or unknown; uk: the first acquisition of that day
    "disposed_at": INSTANT,  # of a short sale: when it was closed
    "proceeds": MONEY, "basis": MONEY,  # null: unknown
    "fee": MONEY,  # that part of proceeds and basis which is fees; null: unknown
    "sale_fee": MONEY,  # that part of it which was taken off the proceeds; null: unknown
    "rule": pl.String(),  # RULES
    "lot": pl.String(),  # null: a pool, several acquisitions of a day, or missing
    "acquired_event": pl.String(),  # null as the lot is, and where the lot came without history
    "opened_event": pl.String(),  # of a short sale: the disposal that opened it
}  # fmt: skip
RULES = (
    "fifo", "lifo", "hifo", "chosen", "average", "same_day", "thirty_days", "section_104", "short_sale", "missing",
)  # fmt: skip

HELD: dict[str, pl.DataType] = {
    "pool": pl.String(), "asset": pl.String(),
    "lot": pl.String(),  # null: a pool
    "acquired_event": pl.String(), "acquired_at": INSTANT,
    "quantity": MONEY,
    "cost": MONEY,  # null: unknown
}  # fmt: skip
"""What is held before an instant, one row a lot.  Below zero is what was sold short (its lot is `<event>:short`, its
event and instant are those of the sale, its cost is minus the proceeds) and, without a lot, what the UK rule matches
with a purchase of up to 30 days later (event and instant are those of that purchase, its cost is minus that basis): so
that quantities always add up to what is there, and costs to what was paid less what was released."""

MISSING: dict[str, pl.DataType] = {
    "event": pl.String(), "pool": pl.String(), "asset": pl.String(), "at": INSTANT, "quantity": MONEY,
}  # fmt: skip
"""What was disposed of, or moved, and had never been acquired."""

MOVED: dict[str, pl.DataType] = {
    "event": pl.String(), "pool": pl.String(), "to_pool": pl.String(), "asset": pl.String(),
    "lot": pl.String(),  # null: a pool
    "quantity": MONEY,  # what left; of borrowed units that which the network took
    "arrives": MONEY,
    "cost": MONEY,  # of what left: all of it goes on with what arrives; null: unknown
    "network_cost": MONEY,  # that part of it which was the cost of what the network took
    "acquired_at": INSTANT,
}  # fmt: skip

BORROWED: dict[str, pl.DataType] = {
    "pool": pl.String(), "asset": pl.String(),
    "quantity": MONEY,
}  # fmt: skip
"""Units that lie in a pool and are owed; below zero where a debt was repaid before the units came that paid it."""

UNMET: dict[str, pl.DataType] = {
    "event": pl.String(), "lot": pl.String(), "quantity": MONEY,
}  # fmt: skip
"""What was chosen and could not be had: the lot was not held then, or there was less to dispose of."""

Method = Literal["fifo", "lifo", "hifo", "average", "uk"]
POOLED = ("average", "uk")


@dataclass(frozen=True)
class Rule:
    """Which units go first.

    A choice names, by the event of a disposal or a move, the lots it takes and how much of each in units of 1e-18; what
    is not chosen follows the method.  Raises UnknownThing where lots are chosen and the method keeps none.
    """

    method: Method
    zone: str
    """In which days are days; only the UK rule asks."""
    choices: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.choices and self.method in POOLED:
            raise UnknownThing(
                f"lots cannot be chosen by the method {self.method}: its units are in a pool, which has no lots",
                "leave the file of choices out, or take the method fifo, lifo or hifo",
            )


@dataclass(frozen=True)
class Matched:
    """What was disposed of, with what it is matched; frames have the columns above."""

    matches: pl.DataFrame
    """In the order of the changes that made them."""
    lots: Mapping[datetime, pl.DataFrame]
    """At each instant that was asked for (changes at that instant are not in it): what is held."""
    borrowed: Mapping[datetime, pl.DataFrame]
    """At each of them: what lies somewhere and is owed."""
    missing: pl.DataFrame
    moved: pl.DataFrame
    unmet: pl.DataFrame


def lot_names(changes: pl.DataFrame) -> pl.Series:
    """Return by row the name of the lot that an acquisition makes: that of its event, then `event#2`; else null."""
    acquired = changes.select(pl.int_range(pl.len()).alias("row"), "event").filter(changes["kind"] == "acquire")
    several = acquired.filter(pl.col("event").is_duplicated())
    number = several.select(pl.int_range(1, pl.len() + 1).over("event").alias("number"))["number"]
    further = several.select("row", again=pl.when(number > 1).then(pl.format("{}#{}", "event", number)))
    names = acquired.join(further, on="row", how="left", maintain_order="left")
    lots = pl.repeat(None, changes.height, dtype=pl.String, eager=True).alias("lot")
    return lots.scatter(names["row"], names.select(pl.coalesce("again", "event")).to_series())


def check(changes: pl.DataFrame) -> None:
    """Raise ValueError for a frame that is none of changes: other columns, against time, impossible amounts."""
    if dict(changes.schema) != CHANGES:
        raise ValueError(f"changes have the columns {dict(changes.schema)}, not {CHANGES}")
    needed = ("event", "pool", "asset", "at", "kind", "quantity")
    moves = pl.col("kind") == "move"
    faults = {
        "an empty cell that may not be": pl.any_horizontal(pl.col(*needed).is_null()),
        "a kind that is none": ~pl.col("kind").is_in(KINDS),
        "a quantity that is not above zero": pl.col("quantity") <= 0,
        "a move to nowhere": moves & pl.col("to_pool").is_null(),
        "a move of which nothing arrives, or more than left": moves
        & ~((pl.col("arrives") > 0) & (pl.col("arrives") <= pl.col("quantity"))).fill_null(value=False),
        "a change before the one above it": pl.col("at") < pl.col("at").shift(1),
    }  # fmt: skip
    marked = changes.select(fault.fill_null(value=False).alias(what) for what, fault in faults.items())
    for what in marked.columns:
        if marked[what].any():
            row = marked[what].arg_max()
            raise ValueError(f"row {row} of the changes has {what}: {changes.row(row or 0, named=True)}")
