"""Exchange rates of state currencies: the euro reference rates of the European Central Bank.

A rate is the amount of the currency that one euro buys.  It is published about 16:00 of Central European time on each
working day, and is known from then on; a day without a rate (week-ends, holidays) has no row.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.cells import EARLIEST, money, parse_clock, to_utc
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.plain import VENUE
from schemas.currencies import EURO_RATES
from schemas.types import INSTANT

ZONE = "Europe/Berlin"
PUBLISHED = pl.duration(hours=16)
FIRST_COLUMNS = ("USD", "JPY", "GBP", "CHF")
NONE = ("n/a", "-")


def _published(column: str) -> Cell:
    """Return 16:00 of a day in Frankfurt; a day before 2009 stands at the earliest instant that the book knows."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.strip_chars()
        clock = parse_clock(texts, ("%Y-%m-%d",), context).to_frame("day").select(pl.col("day") + PUBLISHED)["day"]
        at = to_utc(clock, ZONE)
        older = texts.str.contains(r"^(1999|200[0-8])-\d\d-\d\d$").fill_null(False)
        earliest = pl.select(EARLIEST.cast(INSTANT)).to_series().new_from_index(0, len(at))
        return earliest.zip_with(older, at)

    return Cell(columns=(column,), read=read, expected="a day as 2026-01-30", required=True)


def _rate(currency: str) -> Emit:
    return Emit(table="prices", where=pl.col(currency).is_not_null(), columns={
        "priced_at": pl.col("published_at"), "symbol": pl.lit(f"EUR/{currency}"), "kind": pl.lit("index"),
        "price": pl.col(currency), "quote": pl.lit(currency),
    })  # fmt: skip


EURO = Format(
    name="ecb.rates",
    family="ecb.rates",
    venue=VENUE,
    title="Euro reference rates of the European Central Bank",
    confidence="API documentation",
    how="ecb.europa.eu, Euro foreign exchange reference rates, time series, CSV (eurofxref-hist.zip)",
    headers=(
        Header(
            name="wide",
            columns=("Date", *FIRST_COLUMNS),
            optional=tuple(code for code in EURO_RATES if code not in FIRST_COLUMNS),
        ),
    ),
    cells={
        "published_at": _published("date"),
        **{code: money(code.casefold(), empty_words=NONE) for code in EURO_RATES},
    },
    event=pl.when(pl.col("published_at") > EARLIEST).then(pl.lit("rates")).otherwise(pl.lit("early")),
    cases={"rates": tuple(_rate(code) for code in EURO_RATES)},
    ignores={"early": "a day before 2009, when there was nothing to value"},
    time="published_at",
    newest_first=True,
    identity=Identity(kind="content", cells=("published_at", *EURO_RATES)),
)

FORMATS = (EURO,)
