"""A report in a reporting currency: the columns that come with its values, and how they are read."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from reports.contract import Column, Report, Valuation

VALUE_COLUMNS = ("currency", "price", "price_source", "priced_at", "price_age", "price_path", "valued_at")
"""After the values: what one of the row's asset was worth, which price says so, how old it was, and over what."""

NOTE = (
    "In {currency}: amount x price, the latest that the book knows at or before `valued_at` (imported prices, mark "
    "prices of funding rows, fills), at most --max-age old, of the asset in {currency} or over one or two of USDT, "
    "USD, USDC, BTC, EUR (`price_path`). Where there is none the value is unknown: 1 USDT is not taken for 1 USD."
)


def value_name(amount: str) -> str:
    """Return the name of the column with the value of an amount."""
    return f"{amount}_value"


def valued(report: Report, currency: str, frame: pl.DataFrame) -> Report:
    """Return the report as it is read with its values, which have one total where they may be summed."""
    valuation = report.valuation
    assert valuation is not None
    several = "period" in frame.columns and frame["period"].n_unique() > 1
    total = not (valuation.is_stock and several)
    columns = (
        *(Column(value_name(name), "money", total=total, keep=True, asset=currency) for name in valuation.amounts),
        Column("price", "price"),
        Column("price_source", "words"),
        Column("priced_at", "instant", wide=True),
        Column("price_age"),
    )
    notes = [report.note, NOTE.format(currency=currency), valuation.note]
    return replace(
        report,
        title=f"{report.title}, in {currency}",
        columns=(*(_kept(column, valuation) for column in report.columns), *columns),
        note="\n".join(note for note in notes if note),
    )


def _kept(column: Column, valuation: Valuation) -> Column:
    """Return the column, shown beside its value where it has one."""
    return replace(column, keep=True) if column.name in valuation.amounts else column
