"""The prices that a tax year lacks, as a file to fill in and import: one line an asset and day."""

from __future__ import annotations

import polars as pl

from reports.exact import csv_bytes
from reports.tax.value import TaxYear


def wanted_csv(year: TaxYear) -> bytes:
    """Return a plain price file without its prices: a price at the start of a UTC day serves all of that day."""
    days = year.wanted.select(
        time=pl.col("at").dt.truncate("1d"), symbol="asset", price=pl.lit(None, pl.String), quote="currency"
    ).unique()
    return csv_bytes(days.sort("symbol", "time"))
