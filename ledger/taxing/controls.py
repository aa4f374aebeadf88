"""The totals of a tax year beside those of the book, made by another way: each difference is nothing, or something is
wrong."""

from __future__ import annotations

import polars as pl

from ledger.lots.changes import Matched
from ledger.storage.store import Store
from ledger.taxing.gathering import Gathered
from ledger.taxing.results import SETTLE_VALUE
from ledger.taxing.steps import OUTSIDE
from reports.contract import Params, run
from reports.registry import REPORTS
from reports.tax.value import CONTROLS, Policy
from schemas.types import MONEY

REALIZED = {
    "gross_pnl": ("result", 1),
    "funding": ("funding", 1),
    "interest": ("interest", -1),
    "liquidation_fees": ("liquidation_fee", -1),
    "insurance": ("insurance", 1),
}
"""By column of the report `realized`: the part here, and the sign there."""
ZERO = pl.lit(0).cast(MONEY)


def controls(
    store: Store, known: Gathered, taken: Matched, lines: pl.DataFrame, policy: Policy, unsettled: pl.DataFrame
) -> pl.DataFrame:
    """Return the totals: units held against the journal, results and costs against the report `realized`."""
    return pl.concat([_holdings(known, taken, policy, unsettled), _realized(store, lines, policy)])


def _holdings(known: Gathered, taken: Matched, policy: Policy, unsettled: pl.DataFrame) -> pl.DataFrame:
    """Return units in lots against wallets less what is owed: without those that were disposed of without history, that
    were borrowed and left the book, or of which rows of a debt and of a wallet are on two sides of the year's end."""
    inside = pl.col("pool") != OUTSIDE
    lacking = taken.missing.filter((pl.col("at") < policy.ends_at) & inside)
    parts = [
        taken.lots[policy.ends_at].filter(inside).select("asset", "quantity"),
        lacking.select("asset", -pl.col("quantity")),
        taken.borrowed[policy.ends_at].filter(~inside).select("asset", -pl.col("quantity")),
        unsettled.select("asset", quantity=-pl.col("amount")),
    ]
    held = pl.concat(parts).filter(pl.col("asset") != policy.currency).group_by("asset").agg(pl.col("quantity").sum())
    book = known.holdings.filter(pl.col("asset") != policy.currency)
    both = held.join(book, on="asset", how="full", coalesce=True).sort("asset")
    here = pl.col("quantity").fill_null(ZERO)
    return _control(both, pl.lit("units held"), here, pl.col("amount").fill_null(ZERO))


def _realized(store: Store, lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return results and costs by settle asset; margin trades that move assets are lots, and so not in it."""
    with store.in_zone(policy.zone):
        words = Params(start=policy.starts_at, to=policy.ends_at, by="year", zone=policy.zone, as_of=policy.ends_at)
        report = run(REPORTS["realized"], store.query, words)
    products = dict(store.rows("SELECT position_id, product FROM positions"))
    of_lots = (
        report["position_id"].replace_strict(products, default=None, return_dtype=pl.String).is_in(["spot", "margin"])
    )
    cash = lines.filter(pl.col("group") == "derivative")["position_id"].drop_nulls().unique()
    contract = ~of_lots.fill_null(value=False) | report["position_id"].is_in(cash.implode())
    parts = []
    for name, (part, sign) in REALIZED.items():
        if part == "result" and policy.results != "close":
            continue
        told = report.filter(contract.fill_null(value=True)) if part == "result" else report
        signed = pl.col(name) if sign > 0 else -pl.col(name)
        if part == "result":  # what a venue booked of a session is there only the net of it
            signed = pl.when(pl.col("grain") == "session").then("net_pnl").otherwise(signed)
        book = told.group_by(asset="settle_asset").agg(signed.sum().cast(MONEY).alias("book"))
        own = (
            lines.filter((pl.col("part") == part) & (pl.col("group") != "other"))
            .group_by(asset=pl.coalesce("settle_asset", "asset"))
            .agg(pl.col(SETTLE_VALUE).sum().cast(MONEY).alias("here"))
        )
        both = own.join(book, on="asset", how="full", coalesce=True).sort("asset")
        shown = both.filter((pl.col("here").fill_null(ZERO) != 0) | (pl.col("book").fill_null(ZERO) != 0))
        parts.append(_control(shown, pl.lit(part), pl.col("here").fill_null(ZERO), pl.col("book").fill_null(ZERO)))
    return pl.concat(parts)


def _control(rows: pl.DataFrame, name: pl.Expr, here: pl.Expr, book: pl.Expr) -> pl.DataFrame:
    return rows.select(name=name, asset="asset", here=here, book=book, difference=here - book).cast(pl.Schema(CONTROLS))
