"""Which position a flow of cash belongs to, where the flow itself does not say.

Venues state cash and fills in files of their own.  A flow belongs to the position of which the year's results have the
same part at the same second; else to the only position of its symbol that has results before and after it.  Where more
than one position could be meant (long and short at once) it belongs to none.
"""

from __future__ import annotations

import polars as pl

from reports.tax.value import TaxYear

PLACE = ("account", "venue", "wallet", "symbol")
POSITION = "position_id"


def owned_flows(year: TaxYear) -> pl.DataFrame:
    """Return the flows with `position_id` filled in as far as it can be told."""
    flows = year.flows.with_row_index("no")
    asked = flows.filter(pl.col(POSITION).is_null() & pl.col("symbol").is_not_null() & (pl.col("group") != "spot"))
    lines = year.results.filter(pl.col(POSITION).is_not_null() & pl.col("symbol").is_not_null())
    events = lines.select(*PLACE, POSITION, kind="part", at=_second("booked_at")).unique()
    spans = lines.group_by(*PLACE, POSITION).agg(
        first=_second("booked_at").min(), last=_second("booked_at").filter(pl.col("part") == "result").max()
    )
    named = asked.select("no", *PLACE, "kind", at=_second("happened_at"))
    same = _single(named.join(events, on=[*PLACE, "kind", "at"], nulls_equal=True))
    left = named.join(same, on="no", how="anti")
    living = left.join(spans, on=PLACE, nulls_equal=True).filter(pl.col("at").is_between("first", "last"))
    found = pl.concat([same, _single(living)]).rename({POSITION: "found"})
    told = flows.join(found, on="no", how="left", maintain_order="left")
    return told.with_columns(pl.coalesce(POSITION, "found").alias(POSITION)).drop("no", "found")


def _second(column: str) -> pl.Expr:
    return pl.col(column).dt.truncate("1s")


def _single(rows: pl.DataFrame) -> pl.DataFrame:
    """Return no and position of the rows that found one position alone."""
    counted = rows.group_by("no").agg(pl.col(POSITION).unique())
    return counted.filter(pl.col(POSITION).list.len() == 1).with_columns(pl.col(POSITION).list.first())
