"""The prices that a tax year lacks, as a file to fill in and import: one line an asset and day."""

from __future__ import annotations

import polars as pl

from reports.tax.value import TaxYear


def wanted_csv(year: TaxYear) -> bytes:
    """Return a plain price file without its prices: a price at the start of a UTC day serves all of that day."""
    days = year.wanted.select(
        time=pl.col("at").dt.truncate("1d"), symbol="asset", price=pl.lit(None, pl.String), quote="currency"
    ).unique()
    told = days.sort("symbol", "time").with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return told.write_csv().encode()
