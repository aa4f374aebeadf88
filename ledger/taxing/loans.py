"""Loans as exchanges: drawn or paid in another asset than is owed, or paid by a lender out of collateral that it sold.

Each becomes a trade of two legs, as if what is owed had been sold for what was drawn, or bought with what was given;
the part of it that paid interest is disposed of again, as interest.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ledger.taxing.gathering import Gathered
from ledger.taxing.payments import NEAR, REPAID, ZERO, splits, with_interest

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
    "is_debt",
    "is_loan",
)
"""is_debt: of what is owed, and no unit of a wallet; is_loan: of a loan with a life of its own."""


@dataclass(frozen=True, kw_only=True)
class Exchanges:
    """Legs of trades as `trades.legs_of` gives them, and the interest within: group, account ... quantity, rows."""

    legs: pl.DataFrame
    interest: pl.DataFrame
    fees: pl.DataFrame
    """What a lender kept of a sale, or took of the collateral itself: columns as those of interest."""
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
    sold = _sales(known, split)
    brought = pl.col("paid").fill_null(ZERO) + pl.col("fee_owed")
    legs = pl.concat(
        [
            _leg(drawn, "sent", asset="swapped_asset", quantity=pl.col("swapped").abs(), is_debt=True),
            _leg(drawn, "received", asset="asset", quantity=pl.col("amount")),
            _leg(paid, "sent", asset="asset", quantity=-pl.col("amount")),
            _leg(paid, "received", asset="swapped_asset", quantity=pl.col("swapped").abs(), is_debt=True),
            _leg(sold, "sent", asset="asset", quantity=pl.col("amount") - pl.col("fee_within")),
            _leg(sold.filter(brought > 0), "received", asset="debt_asset", quantity=brought, is_debt=True),
            _surpluses(sold.filter(brought > 0), known),
        ]
    )
    own = with_interest(moves.filter((pl.col("cause") == "repay") & pl.col("swapped_asset").is_null()), known)
    settled = [
        *own["debt_rows"].explode().drop_nulls(),
        *split.join(paid, on="base", how="semi")["debt_row"],
        *sold["debt_row"].drop_nulls(),
    ]
    return Exchanges(
        legs=legs,
        interest=pl.concat(
            [
                _leg(
                    paid.filter(pl.col("interest") > 0),
                    "interest",
                    asset="swapped_asset",
                    quantity=pl.col("interest"),
                    is_debt=True,
                ),
                _leg(
                    sold.filter(pl.col("interest") > 0),
                    "interest",
                    asset="debt_asset",
                    quantity=pl.col("interest"),
                    is_debt=True,
                ),
            ]
        ),
        fees=pl.concat(
            [
                _leg(sold.filter(pl.col("fee_within") > 0), "fee", asset="asset", quantity=pl.col("fee_within")),
                _leg(
                    sold.filter(pl.col("fee_owed") > 0),
                    "fee",
                    asset="debt_asset",
                    quantity=pl.col("fee_owed"),
                    is_debt=True,
                ),
                _leg(_by_force(known.lone_fees), "fee", asset="asset", quantity=pl.col("amount")),
            ]
        ),
        principal=_leg(
            sold.filter(pl.col("paid") > pl.col("interest").fill_null(ZERO)),
            "principal",
            asset="debt_asset",
            quantity=pl.col("paid") - pl.col("interest").fill_null(ZERO),
            is_debt=True,
        ),
        orphans=split.filter(~pl.col("debt_row").is_in(settled) & (pl.col("principal") > 0)).join(
            moves.filter(pl.col("cause").is_in(REPAID) & (pl.col("amount") < 0)),
            on=["account", "asset", "happened_at"],
            how="anti",
        ),
    )


def is_sold_collateral(known: Gathered) -> pl.Expr:
    """Return whether a movement is of collateral that a lender sold, or of what it brought: an exchange of its own."""
    of_sale = pl.col("base").is_in(known.sales["base"].to_list())
    return of_sale | pl.col("row").is_in(known.surpluses["row"].to_list())


def _sales(known: Gathered, split: pl.DataFrame) -> pl.DataFrame:
    """Return sales of collateral with `paid` of the debt (null: unknown), its `interest`, and the row that says so.

    A fee in the asset that was sold is of the units that were sold (`fee_within`), one in the asset that is owed was
    paid of what they brought, besides the debt (`fee_owed`).
    """
    own = split.select("base", "interest", "debt_row", debt_asset="asset", total="amount")
    sold = known.sales.join(own, on=["base", "debt_asset"], how="left", maintain_order="left")
    alone = sold.filter(pl.col("debt_row").is_null()).drop("interest", "debt_row", "total")
    debts = split.filter(~pl.col("debt_row").is_in(sold["debt_row"].drop_nulls().implode())).select(
        "account", "happened_at", "interest", "debt_row", debt_asset="asset", total="amount"
    )
    close = alone.sort("happened_at").join_asof(
        debts.sort("happened_at"),
        on="happened_at",
        by=["account", "debt_asset"],
        strategy="nearest",
        tolerance=NEAR,
        check_sortedness=False,
    )
    near = pl.concat([sold.filter(pl.col("debt_row").is_not_null()), close.select(sold.columns)])
    first = pl.int_range(pl.len()).over("debt_row") == 0
    whole = pl.when(first & pl.col("debt_row").is_not_null())
    paid = pl.coalesce("debt_repaid", "value", whole.then("total"))
    fee = pl.when((pl.col("fee_asset") == pl.col("asset")) & (pl.col("fee") < pl.col("amount")))
    return _by_force(near).with_columns(
        paid=paid,
        interest=whole.then("interest"),
        fee_within=fee.then("fee").otherwise(ZERO),
        fee_owed=pl.when(pl.col("fee_asset") == pl.col("debt_asset")).then("fee").otherwise(ZERO),
    )


def _surpluses(sold: pl.DataFrame, known: Gathered) -> pl.DataFrame:
    """Return what sales brought beyond the debt as legs of them; of a sale that paid nothing known, as a leg alone."""
    whole = pl.col("sale").is_in(sold["row"].to_list())
    rows = _by_force(known.surpluses)
    return _leg(rows, "received", asset="asset", quantity=pl.col("amount")).with_columns(
        group=pl.when(rows.select(whole).to_series()).then(rows["sale"]).otherwise("group")
    )


def _by_force(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        no=pl.lit(0, pl.UInt32),
        forced=pl.lit(value=True),
        symbol=pl.lit(None, pl.String),
        cause=pl.lit("collateral_sale"),
        is_loan=pl.lit(value=True),
    )


def _leg(rows: pl.DataFrame, side: str, *, asset: str, quantity: pl.Expr, is_debt: bool = False) -> pl.DataFrame:
    named = rows.with_columns(
        group=pl.col("row"),
        side=pl.lit(side),
        quantity=quantity,
        asset=pl.col(asset),
        rows=pl.concat_list("row"),
        no=pl.col("no").cast(pl.UInt32),
        is_debt=pl.lit(is_debt),
    )
    return named.select(LEG)
