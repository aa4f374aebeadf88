"""What a repayment paid of interest by the row that splits it, and debts that a lender paid out of sold collateral."""

from __future__ import annotations

import polars as pl

from schemas.types import MONEY

ZERO = pl.lit(0).cast(MONEY)
REPAID = ("repay", "repay_principal", "repay_interest")
NTH = pl.int_range(pl.len()).over("account", "asset", "amount")
SAME = ("account", "asset", "amount")


def with_interest(repaid: pl.DataFrame, debts: pl.DataFrame) -> pl.DataFrame:
    """Return repayments out of a wallet with `interest`, the part that was interest, and `debt_row`, the row that says
    so.

    A row that books both the wallet and the debt splits itself; else it is the debt's repayment (a row, or all rows
    of an instant) of the same asset and amount at that instant, or as far along in the account.  Where none splits it,
    the whole is principal.
    """
    left = repaid.with_columns(amount=-pl.col("amount"))
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
    rest = left.with_columns(interest=ZERO, debt_row=pl.col("row"))
    return pl.concat([*found, rest]).with_columns(amount=-pl.col("amount")).sort("no")


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
