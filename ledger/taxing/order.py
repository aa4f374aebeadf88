"""The steps of a tax year as the matching of lots takes them: within which pools, and in which order.

Lots leave a pool when they are sent and reach another when they have been both sent and received; between they are on
the way, in a pool of their own.  Two clocks may say that units arrived before they left: they then move when they are
said to have left, or already when they arrived where the wallet that got them gives some of that asset between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from ledger.lots.changes import CHANGES
from ledger.taxing.fees import ZERO
from ledger.taxing.steps import EXCHANGED, OUTSIDE
from reports.tax.value import Policy

WAY = "|way:"
"""The pool of what is on the way; the name of the transfer follows."""
OWED = "|owed"
"""What the pool of a debt is called after the wallet that owes."""
MOVES = pl.col("kind") == "move"
ORDER = {"borrow": 0, "acquire": 1, "move": 2, "dispose": 3, "repay": 4}
"""Of one instant."""


def changes(steps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return the steps as changes of lots in their order of execution; a transfer within one pool is none.

    Of one instant what is borrowed or acquired comes first, then what moves (first to where units are then sent from),
    then what is disposed of, then what is repaid.
    """
    of_debt = pl.concat_str(pl.concat_str("account", "venue", "wallet", separator="|"), pl.lit(OWED))
    here = pl.when("is_debt").then(of_debt).otherwise(_pool(policy, "account", "venue", "wallet"))
    there = _pool(policy, "to_account", "to_venue", "to_wallet")
    outside = pl.col("is_outside").fill_null(value=False)
    entered = pl.col("kind") == "entered"
    made = steps.select(
        "event",
        pl.when(outside & entered).then(pl.lit(OUTSIDE)).otherwise(here).alias("pool"),
        "asset",
        "at",
        kind="op",
        quantity="quantity",
        value="value",
        fee=pl.when(pl.col("kind").is_in(EXCHANGED)).then("fee").otherwise(ZERO),
        to_pool=pl.when(outside & entered)
        .then(here)
        .when(outside)
        .then(pl.lit(OUTSIDE))
        .when(pl.col("op") == "move")
        .then(there),
        arrives="arrives",
        arrives_at=pl.coalesce("arrives_at", "at"),
        no="no",
    )
    within = MOVES & (pl.col("pool") == pl.col("to_pool"))
    moved = made.filter(~(within & (pl.col("quantity") == pl.col("arrives"))))
    return _ordered(_on_the_way(_by_one_clock(moved))).select(list(CHANGES))


def _pool(policy: Policy, account: str, venue: str, wallet: str) -> pl.Expr:
    if policy.scope == "universal":
        return pl.lit("")
    return pl.col(account) if policy.scope == "account" else pl.concat_str(account, venue, wallet, separator="|")


def _by_one_clock(made: pl.DataFrame) -> pl.DataFrame:
    """Return the changes, with an instant at which moves that arrived before they left can have happened."""
    early = MOVES & (pl.col("arrives_at") < pl.col("at"))
    apart = made.filter(early).sort("arrives_at", maintain_order=True)
    if not apart.height:
        return made
    given = made.filter(~early & ~pl.col("kind").is_in(["acquire", "borrow"])).select(
        "asset", to_pool="pool", given_at="at"
    )
    found = apart.join_asof(
        given.sort("given_at"),
        left_on="arrives_at",
        right_on="given_at",
        by=["asset", "to_pool"],
        strategy="forward",
        check_sortedness=False,
    )
    at = pl.when(pl.col("given_at") < pl.col("at")).then("arrives_at").otherwise("at")
    return pl.concat([made.filter(~early), found.with_columns(at=at, arrives_at=at).select(made.columns)])


def _on_the_way(made: pl.DataFrame) -> pl.DataFrame:
    """Return the changes, of each move that takes time its departure and its arrival."""
    late = MOVES & (pl.col("arrives_at") > pl.col("at")) & (pl.col("pool") != pl.col("to_pool"))
    moves = made.filter(late)
    way = pl.format(WAY + "{}", "event")
    left = moves.with_columns(to_pool=way)
    arrived = moves.with_columns(pool=way, at="arrives_at", quantity="arrives")
    return pl.concat([made.filter(~late), left, arrived])


def _ordered(made: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("kind").replace_strict(ORDER, return_dtype=pl.Int8)
    placed = made.sort("at", order, "no", "event", maintain_order=True).with_row_index("place")
    several = placed.filter(MOVES).filter(pl.len().over("at", "asset") > 1)
    if not several.height:
        return placed
    places: list[int] = []
    turns: list[int] = []
    for _, moves in several.group_by("at", "asset", maintain_order=True):
        places += moves["place"].to_list()
        turns += _turns(moves.select("pool", "to_pool").rows())
    told = pl.DataFrame({"place": places, "turn": turns}, schema={"place": pl.UInt32, "turn": pl.Int64})
    turned = placed.join(told, on="place", how="left", maintain_order="left")
    return turned.sort("at", order, "turn", "place", nulls_last=False, maintain_order=True)


def _turns(moves: Sequence[tuple[str, str]]) -> list[int]:
    """Return which is whose turn of moves from pool to pool: each after those that reach the pool that it leaves.

    Of moves in a circle the first goes first.  What is outside the book waits for nothing.
    """
    arriving = Counter(to for start, to in moves if to not in (start, OUTSIDE))
    waiting = dict.fromkeys(range(len(moves)))
    turns = [0] * len(moves)
    for turn in range(len(moves)):
        ready = next((move for move in waiting if not arriving[moves[move][0]]), next(iter(waiting)))
        del waiting[ready]
        arriving[moves[ready][1]] -= moves[ready][0] != moves[ready][1]
        turns[ready] = turn
    return turns
