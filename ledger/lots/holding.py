"""Holding periods: whether units were held long, by the rule of a jurisdiction and by its local days.

us: long is more than one year, counted from the day after the acquisition (26 USC 1222 and 1223; IRS, Frequently Asked
Questions on Virtual Currency Transactions, 2019).  Years are of calendar months: what was acquired on the last day of a
month is long from the first day of the 13th month after it (Rev. Rul. 66-7, 1966-1 C.B. 188), so what was acquired on
28 February 2023 is long from 1 March 2024.

de: a private sale is taxed where not more than a year is between acquisition and sale (section 23 (1) sentence 1 no. 2
EStG).  The day of the acquisition does not count (section 187 (1) BGB); the year ends with the day that bears its
number (section 188 (2)), or with the last of the month where it has none (section 188 (3)): what was acquired on
29 February 2024 is long from 1 March 2025, what was on 28 February 2023 from 29 February 2024.

uk and others: none.  As of 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import polars as pl

from schemas.types import INSTANT

Term = Literal["short", "long"]


def _year_after(day: pl.Expr) -> pl.Expr:
    """Return the day that bears the same number a year later; of 29 February the 28th."""
    return day.dt.offset_by("1y")


def _us(day: pl.Expr) -> pl.Expr:
    ends_month = day == day.dt.month_end()
    return (
        pl.when(ends_month)
        .then(day.dt.month_start().dt.offset_by("13mo"))
        .otherwise(_year_after(day).dt.offset_by("1d"))
    )


def _de(day: pl.Expr) -> pl.Expr:
    return _year_after(day).dt.offset_by("1d")


LONG_FROM: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {"us": _us, "de": _de}
"""By jurisdiction, from the local day of an acquisition the first day of long sales; others know no terms."""


def term_of(acquired_at: pl.Expr, disposed_at: pl.Expr, jurisdiction: str, zone: str) -> pl.Expr:
    """Return `short` or `long`; null where an instant is unknown or the jurisdiction knows no terms."""
    if jurisdiction not in LONG_FROM:
        return pl.lit(None, pl.String)
    acquired, disposed = (at.dt.convert_time_zone(zone).dt.date() for at in (acquired_at, disposed_at))
    is_long = disposed >= LONG_FROM[jurisdiction](acquired)
    return pl.when(is_long).then(pl.lit("long")).when(is_long.is_not_null()).then(pl.lit("short"))


def term(acquired_at: datetime | None, disposed_at: datetime | None, jurisdiction: str, zone: str) -> Term | None:
    """Return the same of two instants."""
    instants = pl.DataFrame(
        {"acquired": [acquired_at], "disposed": [disposed_at]}, schema={"acquired": INSTANT, "disposed": INSTANT}
    )
    found: Term | None = instants.select(term_of(pl.col("acquired"), pl.col("disposed"), jurisdiction, zone)).item()
    return found
