"""Loans as exchanges: drawn or paid in another asset than is owed, or paid by a lender out of collateral that it sold.

Each becomes a trade of two legs, as if what is owed had been sold for what was drawn, or bought with what was given;
the part of it that paid interest is disposed of again, as interest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from ledger.taxing.gathering import Gathered
from ledger.taxing.payments import REPAID, ZERO, splits, with_interest

NEAR = timedelta(days=1)
"""A lender books what a sale paid up to this long after it, or before."""
LEG = (
    "group",
    "side",
    "asset",
    "no",
    "rows",
    "account",
    "venue",
    "wallet",
    "symbol",
    "happened_at",
    "cause",
    "forced",
    "quantity",
)


@dataclass(frozen=True, kw_only=True)
class Exchanges:
    """Legs of trades as `trades.legs_of` gives them, and the interest within: group, account ... quantity, rows."""

    legs: pl.DataFrame
    interest: pl.DataFrame
    principal: pl.DataFrame
    """What sold collateral paid of the principal: no step of a lot, but a flow."""
    orphans: pl.DataFrame
    """Repayments of debts that nothing in the book paid: base, account, ..., amount, principal."""


def exchanges(moves: pl.DataFrame, known: Gathered) -> Exchanges:
    """Return the exchanges that loans imply."""
    split = splits(known.debts)
    swapped = moves.filter(pl.col("swapped_asset").is_not_null())
    drawn = swapped.filter(pl.col("amount") > 0)
    paid = swapped.filter(pl.col("amount") < 0).join(
        split.select("base", "interest"), on="base", how="left", maintain_order="left"
    )
    sold = _sales(moves, known, split)
    legs = pl.concat(
        [
            _leg(drawn, "sent", asset="swapped_asset", quantity=pl.col("swapped").abs()),
            _leg(drawn, "received", asset="asset", quantity=pl.col("amount")),
            _leg(paid, "sent", asset="asset", quantity=-pl.col("amount")),
            _leg(paid, "received", asset="swapped_asset", quantity=pl.col("swapped").abs()),
            _leg(sold, "sent", asset="asset", quantity=pl.col("amount")),
            _leg(sold.filter(pl.col("paid") > 0), "received", asset="debt_asset", quantity=pl.col("paid")),
        ]
    )
    own = with_interest(moves.filter((pl.col("cause") == "repay") & pl.col("swapped_asset").is_null()), known.debts)
    settled = [*own["debt_row"], *split.join(paid, on="base", how="semi")["debt_row"], *sold["debt_row"].drop_nulls()]
    return Exchanges(
        legs=legs,
        interest=pl.concat(
            [
                _leg(
                    paid.filter(pl.col("interest") > 0), "interest", asset="swapped_asset", quantity=pl.col("interest")
                ),
                _leg(sold.filter(pl.col("interest") > 0), "interest", asset="debt_asset", quantity=pl.col("interest")),
            ]
        ),
        principal=_leg(
            sold.filter(pl.col("paid") > pl.col("interest").fill_null(ZERO)),
            "principal",
            asset="debt_asset",
            quantity=pl.col("paid") - pl.col("interest").fill_null(ZERO),
        ),
        orphans=split.filter(~pl.col("debt_row").is_in(settled) & (pl.col("principal") > 0)).join(
            moves.filter(pl.col("cause").is_in(REPAID) & (pl.col("amount") < 0)),
            on=["account", "asset", "happened_at"],
            how="anti",
        ),
    )


def is_sold_collateral(known: Gathered) -> pl.Expr:
    """Return whether a movement is of collateral that a lender sold, which is an exchange of its own."""
    return pl.col("base").is_in(known.sales["base"].to_list())


def _sales(moves: pl.DataFrame, known: Gathered, split: pl.DataFrame) -> pl.DataFrame:
    """Return sales of collateral with `paid` of the debt (null: unknown), the `interest` in it, and the row that says
    so."""
    debts = split.select(
        "account", pl.col("asset").alias("debt_asset"), "happened_at", "interest", "debt_row", total="amount"
    )
    near = (
        known.sales.sort("happened_at")
        .with_columns(
            nth=pl.int_range(pl.len()).over("account", "debt_asset", "debt_repaid"), pair_at=pl.col("happened_at")
        )
        .join_asof(
            debts.sort("happened_at").with_columns(booked_at=pl.col("happened_at")),
            on="happened_at",
            by=["account", "debt_asset"],
            strategy="nearest",
            tolerance=NEAR,
            check_sortedness=False,
        )
    )
    first = pl.int_range(pl.len()).over("debt_row") == 0
    whole = pl.when(first & pl.col("debt_row").is_not_null())
    paid = pl.coalesce("debt_repaid", "value", whole.then("total"))
    held = moves.filter(is_sold_collateral(known)).group_by("base").agg(pl.col("row").first().alias("moved_row"))
    return near.with_columns(
        paid=paid,
        interest=whole.then("interest"),
        no=pl.lit(0, pl.UInt32),
        forced=pl.lit(value=True),
        symbol=pl.lit(None, pl.String),
        cause=pl.lit("collateral_sale"),
    ).join(held, on="base", how="left", maintain_order="left")


def _leg(rows: pl.DataFrame, side: str, *, asset: str, quantity: pl.Expr) -> pl.DataFrame:
    named = rows.with_columns(
        group=pl.col("row"),
        side=pl.lit(side),
        quantity=quantity,
        asset=pl.col(asset),
        rows=pl.concat_list("row"),
        no=pl.col("no").cast(pl.UInt32),
    )
    return named.select(LEG)
