"""What a repayment paid of interest by the row that splits it, and debts that a lender paid out of sold collateral."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl

from ledger.accounting.positions import to_money
from ledger.taxing.gathering import Gathered
from reports.tax.value import ROWS
from schemas.types import MONEY

ZERO = pl.lit(0).cast(MONEY)
REPAID = ("repay", "repay_principal", "repay_interest")
NTH = pl.int_range(pl.len()).over("account", "asset", "amount")
SAME = ("account", "asset", "amount")
NEAR = timedelta(days=1)
"""A lender books what was paid up to this long after it, or before."""


def with_interest(repaid: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return repayments out of a wallet with `interest`, the part that was interest, and `debt_rows`, which say so.

    A row that books both the wallet and the debt splits itself; else it is the debt's repayment (a row, or all rows
    of an instant) of the same asset and amount at that instant, or as far along in the account.  Of what is left, one
    payment may be several of the debt's, or several one: they are taken in their order, as far as they are near each
    other.  Where none splits it, the whole is principal.
    """
    debts, left = known.debts, repaid.with_columns(amount=-pl.col("amount"))
    found: list[pl.DataFrame] = []
    for split, keys in (
        (splits(debts), ["base"]),
        (splits(debts, whole=True), [*SAME, "happened_at"]),
        (splits(debts), [*SAME, "nth"]),
        (splits(debts, whole=True), [*SAME, "nth"]),
    ):
        taken = [row for frame in found for row in frame["debt_row"]]
        free = split.filter(~pl.col("debt_row").is_in(taken)).with_columns(nth=NTH)
        both = left.with_columns(nth=NTH).join(
            free.select(*keys, "interest", "debt_row"), on=keys, how="left", maintain_order="left"
        )
        first = pl.col("debt_row").is_not_null() & (pl.int_range(pl.len()).over("debt_row") == 0)
        found.append(both.filter(first).drop("nth"))
        left = both.filter(~first).select(left.columns)
    taken = [row for frame in found for row in frame["debt_row"]]
    alone = splits(debts).filter(
        ~pl.col("debt_row").is_in(taken) & ~pl.col("base").is_in(known.sales["base"].implode())
    )
    exact = [frame.with_columns(debt_rows=pl.concat_list("debt_row")).drop("debt_row") for frame in found]
    return pl.concat([*exact, _by_turns(left, alone)]).with_columns(amount=-pl.col("amount")).sort("no")


def _by_turns(paid: pl.DataFrame, split: pl.DataFrame) -> pl.DataFrame:
    """Return payments with `interest` and `debt_rows` of the debts' repayments near them, in the order of both."""
    waiting: dict[Any, deque[list[Any]]] = defaultdict(deque)
    for account, asset, at, row, amount, interest in _units(split, "debt_row", "amount", "interest"):
        waiting[account, asset].append([at, row, interest, amount - interest])
    interests: list[int] = []
    rows: list[list[str]] = []
    for account, asset, at, _, amount in _units(paid, "row", "amount"):
        debts = waiting[account, asset]
        interest, named, left = 0, [], amount
        while debts and left and debts[0][0] <= at + NEAR:
            debt = debts[0]
            if debt[0] >= at - NEAR:
                of_interest = min(left, debt[2])
                of_principal = min(left - of_interest, debt[3])
                debt[2], debt[3] = debt[2] - of_interest, debt[3] - of_principal
                left, interest = left - of_interest - of_principal, interest + of_interest
                named.append(debt[1])
            if debt[0] < at - NEAR or not debt[2] + debt[3]:
                debts.popleft()
        interests.append(interest)
        rows.append(named)
    ordered = paid.sort("happened_at", maintain_order=True)
    return ordered.with_columns(to_money(interests).alias("interest"), pl.Series("debt_rows", rows, dtype=ROWS))


def _units(frame: pl.DataFrame, row: str, *amounts: str) -> Iterator[tuple[Any, ...]]:
    """Yield account, asset, instant, row and amounts in units, in the order of time."""
    names = pl.col(amounts).to_physical()
    ordered = frame.sort("happened_at", maintain_order=True)
    yield from ordered.select("account", "asset", "happened_at", row, names).iter_rows()


def splits(debts: pl.DataFrame, *, whole: bool = False) -> pl.DataFrame:
    """Return repayments of debts: base, account, venue, wallet, asset, happened_at, debt_row, amount, interest,
    principal.

    A repayment is what one source row states, or (`whole`) all rows of one instant in one wallet.
    """
    of_interest = pl.col("amount").filter(pl.col("cause") == "repay_interest").sum()
    return (
        debts.filter(pl.col("cause").is_in(REPAID) & (pl.col("amount") < 0))
        .group_by(
            *([] if whole else ["base"]), "account", "venue", "wallet", "asset", "happened_at", maintain_order=True
        )
        .agg(
            *([pl.col("base").first()] if whole else []),
            debt_row=pl.col("row").first(),
            interest=-of_interest,
            amount=-pl.col("amount").sum(),
        )
        .with_columns(principal=pl.col("amount") - pl.col("interest"))
    )
