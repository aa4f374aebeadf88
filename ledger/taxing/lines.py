"""What lots say, as the lines of a tax year: disposals, acquisitions, and what is held."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from ledger.lots.changes import Matched
from ledger.lots.holding import term_of
from ledger.taxing.steps import OUTSIDE
from reports.tax.value import ACQUISITIONS, DISPOSALS, LOTS, Policy
from schemas.currencies import CURRENCIES

NONE = pl.lit([], dtype=pl.List(pl.String))
PLACE = ("account", "venue", "wallet")
UNSEEN = "owed, and nothing shows what the borrowed units brought"


def state_money(policy: Policy) -> pl.Expr:
    """Return whether an asset is a state's money and no digital asset."""
    return pl.col("asset").is_in(sorted({*CURRENCIES, policy.currency})).alias("state_money")


def unpriced(opening_lots: pl.DataFrame) -> pl.Expr:
    """Return whether a step is an acquisition of which only a price is not known."""
    stated = opening_lots.filter(pl.col("cost").is_not_null())["row"].to_list()
    asked = ~pl.col("kind").is_in(["unknown", "opening"]) | pl.col("event").is_in(stated)
    return pl.col("value").is_null() & (pl.col("op") == "acquire") & asked


def disposed(taken: Matched, steps: pl.DataFrame, policy: Policy, opening_lots: pl.DataFrame) -> pl.DataFrame:
    """Return the disposals of the year, a line a lot; of a short sale the line counts when it was closed.

    A pool of which a price is not known, and nothing is missing, lacks the price alone.
    """
    is_short = pl.col("rule") == "short_sale"
    inside = (pl.col("disposed_at") >= policy.starts_at) & (pl.col("disposed_at") < policy.ends_at)
    lines = taken.matches.filter(inside).with_columns(
        sale=pl.when(is_short).then("opened_event").otherwise("event"),
        bought=pl.when(is_short).then(pl.coalesce("acquired_event", "event")).otherwise("acquired_event"),
    )
    sold = steps.select(
        pl.col("event").alias("sale"), *PLACE, "kind", "state_money", "rows", pl.col("note").alias("said")
    )
    lots = steps.select(pl.col("event").alias("bought"), lot_rows="rows")
    told = lines.join(sold, on="sale", how="left", maintain_order="left").join(
        lots, on="bought", how="left", maintain_order="left"
    )
    without_price = steps.filter(unpriced(opening_lots))
    pools = without_price.filter(~pl.col("asset").is_in(taken.missing["asset"].to_list()))["asset"].unique()
    of_pool = pl.col("bought").is_null() & (pl.col("rule") != "missing") & pl.col("asset").is_in(pools.to_list())
    unknown = (
        pl.when(pl.col("basis").is_not_null())
        .then(None)
        .when(pl.col("bought").is_in(without_price["event"].to_list()) | of_pool)
        .then(pl.lit("price of the acquisition unknown"))
        .otherwise(pl.lit("unknown cost"))
    )
    unsold = pl.when(pl.col("proceeds").is_null() & ~pl.col("kind").is_in(["lost", "opening"])).then(
        pl.lit("price unknown")
    )
    unseen = pl.when(pl.col("kind") == "opening").then(pl.lit(UNSEEN))
    note = pl.coalesce(
        unknown, unsold, unseen, pl.when(is_short).then(pl.lit("short sale, closed by a purchase")), "said"
    )
    return (
        told.with_columns(
            line=pl.format("D-{}-{}", "event", "n"),
            disposal_id="sale",
            kind=pl.col("kind").replace({"opening": "sale", "transfer": "network_fee"}),
            gain=pl.col("proceeds") - pl.col("basis"),
            lot=pl.format("L-{}", pl.col("lot")),
            note=note,
            lot_rows=pl.col("lot_rows").fill_null(NONE),
            term=pl.when(~pl.col("state_money")).then(
                term_of(pl.col("acquired_at"), pl.col("disposed_at"), policy.jurisdiction, policy.zone)
            ),
        )
        .sort("disposed_at", maintain_order=True)
        .select(list(DISPOSALS))
        .cast(pl.Schema(DISPOSALS))
    )


def acquired(taken: Matched, steps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Return what was acquired in the year; what entered from outside brings the lots that it is known to have."""
    inside = (pl.col("at") >= policy.starts_at) & (pl.col("at") < policy.ends_at)
    own = steps.filter(inside & (pl.col("op") == "acquire")).with_columns(
        lot=pl.format("L-{}", "event"), acquired_at="at", cost="value"
    )
    came = steps.filter(inside & (pl.col("kind") == "entered")).with_columns(
        lot=pl.format("L-{}", "event"),
        acquired_at="at",
        cost=pl.lit(None, ACQUISITIONS["cost"]),
        kind=pl.lit("deposit"),
        note=pl.lit("from outside the book"),
    )
    return (
        pl.concat([own, came])
        .sort("acquired_at", maintain_order=True)
        .select(list(ACQUISITIONS))
        .cast(pl.Schema(ACQUISITIONS))
    )


def held(taken: Matched, steps: pl.DataFrame, instant: datetime) -> pl.DataFrame:
    """Return what is held in the book before an instant, a row a lot or pool."""
    lots = taken.lots[instant].filter(pl.col("pool") != OUTSIDE)
    place = pl.col("pool").str.split("|")
    rows = steps.select(pl.col("event").alias("acquired_event"), "rows")
    return (
        lots.join(rows, on="acquired_event", how="left", maintain_order="left")
        .select(
            account=place.list.get(0).replace("", None),
            wallet=place.list.get(2, null_on_oob=True),
            asset="asset",
            lot=pl.format("L-{}", "lot"),
            acquired_at="acquired_at",
            quantity="quantity",
            cost="cost",
            rows=pl.col("rows").fill_null(NONE),
        )
        .cast(pl.Schema(LOTS))
    )
