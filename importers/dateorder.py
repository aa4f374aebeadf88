"""Wall clocks whose order of day, month and year is the user's choice or the browser's language, not the venue's.

The column itself has to prove the order: a part above 12 is no month; dates outside what the file's name says, out of
the rows' own order, or spread over more years than days of the month are none.  Where more than one order is left, and
they disagree, no time is read, unless the file's name states the order: `trade_history (DMY).csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import polars as pl

from importers.cells import to_utc
from importers.contract import Cell, Context

Span = tuple[datetime, datetime]
"""First and last day that a file may hold, as a wall clock."""

CLOCK = (
    r"^\s*(?<first>\d{1,4})(?<mark>[./-])\s?(?<second>\d{1,2})[./-]\s?(?<third>\d{1,4})\.?,?(?:\s+-)?[\sT]+"
    r"(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<seconds>\d{2})(?:\.(?<fraction>\d{1,6}))?)?(?:\s*(?<half>[AaPp])\.?[Mm]\.?)?\s*$"
)
PLACES = {"ymd": ("first", "second", "third"), "dmy": ("third", "second", "first"), "mdy": ("third", "first", "second")}
"""Which of the three numbers is the year, the month, the day."""
DAYS_IN_NAME = re.compile(
    r"_FROM_[A-Z][a-z]{2}-([A-Z][a-z]{2}-\d{2}-\d{4})_TO_[A-Z][a-z]{2}-([A-Z][a-z]{2}-\d{2}-\d{4})"
)
ORDER_IN_NAME = re.compile(r"\b(ymd|dmy|mdy)\b", re.IGNORECASE)
ONE_DAY = timedelta(days=1)


def ordered_time(
    column: str, *orders: str, required: bool = True, span: Callable[[Context], Span | None] | None = None
) -> Cell:
    """Return the instant of a wall clock in the export's zone, in the one of `orders` (ymd, dmy, mdy) that is proved.

    Twelve or twenty-four hours, with or without seconds; dates with points have the day first.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        named = ORDER_IN_NAME.search(context.file_name)
        chosen = (named[1].lower(),) if named is not None else orders
        clock = ordered_clock(columns[0], chosen, span(context) if span is not None else None)
        return to_utc(clock, context.zone or "UTC")

    shown = ", ".join(order.upper() for order in orders)
    return Cell(
        columns=(column,), read=read, required=required, needs_zone=True,
        expected=f"a date and a time; the dates of the file have to fit just one of {shown}, or its name to say which: "
        f"`export ({orders[0].upper()}).csv`",
    )  # fmt: skip


def ordered_clock(texts: pl.Series, orders: Sequence[str], span: Span | None = None) -> pl.Series:
    """Return the naive datetimes in the order that the column proves, all null where several are left and disagree."""
    parts = texts.str.replace_all("[\u202f\u00a0]", " ").str.extract_groups(CLOCK)
    read = [clock for order in orders if (clock := _in_order(parts, order)) is not None]
    fewest = min((clock.null_count() for clock in read), default=0)
    fitting = [clock for clock in read if clock.null_count() == fewest]
    if span is not None:
        fitting = [clock for clock in fitting if _is_inside(clock, span)] or fitting
    for is_likely in (_is_sorted, _has_more_days_than_years):
        fitting = [clock for clock in fitting if is_likely(clock)] or fitting
    if not fitting or any(not clock.equals(fitting[0], null_equal=True) for clock in fitting[1:]):
        return pl.Series(texts.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(texts))
    return fitting[0].alias(texts.name)


def span_of_name(context: Context) -> Span | None:
    """Return the days that a file's name states: `..._FROM_Wed-Jan-01-2025_TO_Fri-Jan-31-2025_...`."""
    found = DAYS_IN_NAME.search(context.file_name)
    if found is None:
        return None
    first, last = (datetime.strptime(text, "%b-%d-%Y") for text in found.groups())  # noqa: DTZ007  a wall clock
    return first - ONE_DAY, last + 2 * ONE_DAY


def _in_order(parts: pl.Series, order: str) -> pl.Series | None:
    """Return the clocks read in one order, or None where the years' places cannot be the years."""
    year, month, day = (pl.col(place) for place in PLACES[order])
    hour, half = pl.col("hour").cast(pl.Int64), pl.col("half").str.to_lowercase()
    of_day = (
        pl.when(half.is_null()).then(hour)
        .when(hour.is_between(1, 12)).then(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    )  # fmt: skip
    century = pl.when(year.str.len_chars() == 4).then(year).when(year.str.len_chars() == 2).then("20" + year)
    is_short = (month.str.len_chars() <= 2) & (day.str.len_chars() <= 2)
    has_order = (pl.col("mark") != ".") | pl.lit(order == "dmy") | (pl.col("first").str.len_chars() == 4)
    text = pl.when(is_short & has_order).then(
        pl.concat_str(
            century, pl.lit("-"), month.str.zfill(2), pl.lit("-"), day.str.zfill(2), pl.lit(" "),
            of_day.cast(pl.String).str.zfill(2), pl.lit(":"), pl.col("minute"), pl.lit(":"),
            pl.col("seconds").fill_null("00"), pl.lit("."), pl.col("fraction").fill_null("0").str.pad_end(6, "0"),
        )
    )  # fmt: skip
    clocks = parts.struct.unnest().select(
        text.str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False).alias("clock")
    )["clock"]
    sane = clocks.to_frame().select(pl.when(pl.col("clock").dt.year() >= 2009).then("clock"))["clock"]
    return sane if sane.null_count() < len(sane) else None


def _is_inside(clock: pl.Series, span: Span) -> bool:
    return bool(clock.drop_nulls().is_between(*span).all())


def _is_sorted(clock: pl.Series) -> bool:
    days = clock.drop_nulls().dt.date()
    return days.is_sorted() or days.is_sorted(descending=True)


def _has_more_days_than_years(clock: pl.Series) -> bool:
    return clock.dt.year().n_unique() <= clock.dt.day().n_unique()
