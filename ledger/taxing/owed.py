"""What is borrowed and repaid, as steps that lots follow.

Units that a wallet borrows or pays back in kind are borrowed and repaid where the wallet is.  What is owed in another
asset than came or paid has a pool of the debt alone, where it is sold short and bought back.  A balance below zero of a
wallet that owes it is borrowed.  Where rows of debts and of wallets do not agree for more than a day, the rest is told
by `unexplained`, so that what lots hold is what wallets hold less what is owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ledger.accounting.positions import to_money
from ledger.taxing.gathering import Gathered
from ledger.taxing.lines import UNSEEN
from ledger.taxing.loans import Exchanges
from ledger.taxing.payments import NEAR, REPAID, ZERO, with_interest
from ledger.taxing.steps import STEPS
from reports.tax.value import ROWS, Policy
from schemas.types import INSTANT, MONEY

BOOKED_BY = timedelta(seconds=60)
"""A venue books what it lends up to this long after the trade that needs it."""
PLACE = ("account", "venue", "wallet", "asset")
OWNER = ("account", "asset")
NOT_PRINCIPAL = ("interest", "repay_interest")
OWED = {
    "event": pl.String(),
    **dict.fromkeys(PLACE, pl.String()),
    "at": INSTANT,
    "amount": MONEY,
    "is_debt": pl.Boolean(),
    "rows": ROWS,
}
"""amount: + = borrowed; is_debt: in the pool of the debt alone."""
UNPAID = "a debt that ended, and nothing shows with what"


@dataclass(frozen=True, kw_only=True)
class Owing:
    """Borrowed and repaid units of a year's lots."""

    steps: pl.DataFrame
    """borrow and repay, as STEPS says."""
    unexplained: pl.DataFrame
    """Units that were owed and are not there, as disposed of for nothing known, and units of debts that ended, as
    acquired at an unknown cost."""
    unsettled: pl.DataFrame
    """What rows of debts and of wallets differ by at the end of the year, and no longer a day later: asset, amount."""


def owing(moves: pl.DataFrame, known: Gathered, lent: Exchanges, policy: Policy) -> Owing:
    """Return what is borrowed and repaid until the end of what is known."""
    seen = pl.concat([_in_kind(moves, known), _swapped(lent)])
    debts = pl.concat([_debts(known), _owed(known.debts_begun, "amount")])
    differences = _differences(debts, seen)
    told = _lasting(differences)
    every = pl.concat([seen, _below_zero(known), told])
    counted = pl.concat([differences.select("asset", "at", "amount"), told.select("asset", "at", -pl.col("amount"))])
    unsettled = counted.filter(pl.col("at") < policy.ends_at).group_by("asset").agg(pl.col("amount").sum())
    return Owing(
        steps=_steps(every.filter(pl.col("asset") != policy.currency)),
        unexplained=_unexplained(told),
        unsettled=unsettled,
    )


def _in_kind(moves: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return what wallets borrowed and paid back of the asset that is owed, without interest."""
    own = moves.filter(pl.col("cause").is_in(["borrow", *REPAID]) & pl.col("swapped_asset").is_null())
    own = own.filter(pl.col("cause") != "repay_interest")
    repaid = with_interest(own.filter(pl.col("cause") == "repay"), known)
    every = [own.filter(pl.col("cause") != "repay"), repaid.with_columns(amount=pl.col("amount") + pl.col("interest"))]
    return _owed(pl.concat(every, how="diagonal"), "amount")


def _swapped(lent: Exchanges) -> pl.DataFrame:
    """Return what was drawn in another asset, or paid in another, by a wallet or by a lender's sale."""
    part = pl.concat([lent.interest, lent.fees]).filter("is_debt").group_by("group").agg(part=pl.col("quantity").sum())
    legs = lent.legs.filter("is_debt").join(part, on="group", how="left", maintain_order="left")
    drawn = pl.when(pl.col("side") == "sent").then("quantity")
    return _owed(
        legs.with_columns(row="group", amount=drawn.otherwise(pl.col("part").fill_null(ZERO) - pl.col("quantity"))),
        "amount",
        is_debt=True,
    )


def _debts(known: Gathered) -> pl.DataFrame:
    return _owed(known.debts.filter(~pl.col("cause").is_in(NOT_PRINCIPAL)), "amount", is_debt=True)


def _below_zero(known: Gathered) -> pl.DataFrame:
    """Return the changes of what is owed by balances below zero."""
    opened = known.openings.select("row", *PLACE, "happened_at", "amount")
    below = (
        pl.concat([opened, known.moves.select("row", *PLACE, "happened_at", "amount")])
        .join(known.owing, on=PLACE, how="semi")
        .sort("happened_at", maintain_order=True)
        .with_columns(short=pl.max_horizontal(ZERO, -pl.col("amount").cum_sum().over(PLACE)))
    )
    change = pl.col("short") - pl.col("short").shift(1).over(PLACE).fill_null(ZERO)
    return _owed(below.with_columns(amount=change), "amount", name="below_zero")


def _owed(rows: pl.DataFrame, amount: str, *, is_debt: bool = False, name: str = "owed") -> pl.DataFrame:
    told = rows.filter(pl.col(amount) != 0).with_columns(
        event=pl.format("{}:{}", pl.col("row").fill_null(""), pl.lit(name)),
        at=pl.col("happened_at"),
        is_debt=pl.lit(is_debt),
        rows=pl.concat_list("row").list.drop_nulls(),
    )
    return told.select(pl.col(column).cast(kind) for column, kind in OWED.items())


# ------------------------------------------------------------------------------------------------- what does not agree


def _differences(debts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return by account, asset and instant what rows of debts say beyond what wallets and sales show."""
    both = pl.concat([debts, seen.with_columns(-pl.col("amount"))])
    return (
        both.group_by(*OWNER, "at", maintain_order=True)
        .agg(pl.col("venue", "wallet", "rows").first(), pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .sort("at", maintain_order=True)
    )


def _lasting(differences: pl.DataFrame) -> pl.DataFrame:
    """Return those changes of the differences that are still there a day later."""
    found: list[pl.DataFrame] = []
    for own in differences.partition_by(OWNER, maintain_order=True):
        sizes = own["amount"].to_physical().to_list()
        changes = to_money(lasting(own["at"].to_list(), sizes))
        found.append(own.with_columns(amount=changes).filter(pl.col("amount") != 0))
    told = pl.concat([differences.clear(), *found])
    names = pl.format("unexplained:{}:{}:{}", *OWNER, pl.col("at").to_physical())
    return told.with_columns(event=names, is_debt=pl.lit(value=True)).select(list(OWED))


def lasting(at: Sequence[datetime], amounts: Sequence[int]) -> list[int]:
    """Return the changes of a sum without those that are taken back within a day.

    The sum is followed as lazily as can be: it moves no further than to the nearest value that it has from an instant
    until a day later.
    """
    sums: list[int] = []
    for amount in amounts:
        sums.append((sums[-1] if sums else 0) + amount)
    changes: list[int] = []
    now = last = 0
    for place, moment in enumerate(at):
        while last < len(at) and at[last] <= moment + NEAR:
            last += 1
        seen = sums[place:last]
        then = min(max(now, min(seen)), max(seen))
        changes.append(then - now)
        now = then
    return changes


# ------------------------------------------------------------------------------------------------- steps


def _steps(owed: pl.DataFrame) -> pl.DataFrame:
    borrowed = pl.col("amount") > 0
    return _as_steps(
        owed.sort("at", maintain_order=True).with_columns(
            at=pl.when(borrowed).then(pl.col("at") - BOOKED_BY).otherwise("at"),
            op=pl.when(borrowed).then(pl.lit("borrow")).otherwise(pl.lit("repay")),
            kind=pl.lit("debt"),
            quantity=pl.col("amount").abs(),
        )
    )


def _unexplained(told: pl.DataFrame) -> pl.DataFrame:
    drawn = pl.col("amount") > 0
    return _as_steps(
        told.with_columns(
            at=pl.when(drawn).then(pl.col("at") - BOOKED_BY).otherwise("at"),
            op=pl.when(drawn).then(pl.lit("dispose")).otherwise(pl.lit("acquire")),
            kind=pl.when(drawn).then(pl.lit("opening")).otherwise(pl.lit("unknown")),
            note=pl.when(drawn).then(pl.lit(UNSEEN)).otherwise(pl.lit(UNPAID)),
            quantity=pl.col("amount").abs(),
        )
    )


def _as_steps(rows: pl.DataFrame) -> pl.DataFrame:
    named = rows.with_columns(no=pl.lit(0))
    return named.select(
        (pl.col(name) if name in named.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in STEPS.items()
    )
