"""Holding periods by hand: leap years, ends of months, and days that are other days in another zone."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.lots.holding import term, term_of
from schemas.types import INSTANT
from tests.examples import IS_USUAL, many

often = settings(max_examples=many(60), deadline=None, derandomize=IS_USUAL)


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


FIRST_LONG = [
    ("us", "2023-05-10", "2024-05-11"),
    ("us", "2023-04-30", "2024-05-01"),
    ("us", "2023-12-31", "2025-01-01"),
    ("us", "2023-02-28", "2024-03-01"),  # the last of a month: from the first of the 13th month (Rev. Rul. 66-7)
    ("us", "2024-02-28", "2025-03-01"),  # not the last of its month
    ("us", "2024-02-29", "2025-03-01"),
    ("us", "2023-03-01", "2024-03-02"),
    ("de", "2023-05-10", "2024-05-11"),
    ("de", "2023-12-31", "2025-01-01"),
    ("de", "2023-02-28", "2024-02-29"),  # ends with 28 February 2024 (section 188 (2) BGB)
    ("de", "2024-02-28", "2025-03-01"),
    ("de", "2024-02-29", "2025-03-01"),  # there is no 29 February 2025: ends with the 28th (section 188 (3) BGB)
    ("de", "2023-03-01", "2024-03-02"),
]


@pytest.mark.parametrize(("jurisdiction", "acquired", "first"), FIRST_LONG)
def test_a_sale_is_long_from_one_day_on_and_short_the_day_before(jurisdiction: str, acquired: str, first: str) -> None:
    sold = noon(first)
    assert [term(noon(acquired), sold - timedelta(days=1), jurisdiction, "UTC"), term(noon(acquired), sold, jurisdiction, "UTC")] == [
        "short", "long",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "acquired", "sold", "expected"),
    [
        # 23:30 UTC of 9 May is 10 May in Berlin: the year ends with 10 May 2024 there, with 9 May in UTC
        ("Europe/Berlin", "2023-05-09T23:30:00+00:00", "2024-05-10T12:00:00+00:00", "short"),
        ("UTC", "2023-05-09T23:30:00+00:00", "2024-05-10T12:00:00+00:00", "long"),
        # 22:30 UTC of 10 May 2024 is 11 May in Berlin, the first day after the year
        ("Europe/Berlin", "2023-05-10T12:00:00+00:00", "2024-05-10T22:30:00+00:00", "long"),
        ("UTC", "2023-05-10T12:00:00+00:00", "2024-05-10T22:30:00+00:00", "short"),
        # 03:00 UTC of 1 March 2023 is 28 February in New York
        ("America/New_York", "2023-03-01T03:00:00+00:00", "2024-03-01T15:00:00+00:00", "long"),
        ("UTC", "2023-03-01T03:00:00+00:00", "2024-03-01T15:00:00+00:00", "short"),
    ],
)  # fmt: skip
def test_days_are_those_of_the_zone(zone: str, acquired: str, sold: str, expected: str) -> None:
    for jurisdiction in ("us", "de"):
        assert expected == term(datetime.fromisoformat(acquired), datetime.fromisoformat(sold), jurisdiction, zone)


def test_the_united_kingdom_and_no_jurisdiction_have_no_terms_and_unknown_dates_have_none() -> None:
    long_ago, now = noon("2015-01-01"), noon("2025-01-01")
    assert [None] * 2 == [term(long_ago, now, jurisdiction, "UTC") for jurisdiction in ("uk", "none")]
    assert [None] * 2 == [term(None, now, "us", "UTC"), term(long_ago, None, "de", "UTC")]


def test_a_short_sale_closed_as_it_was_bought_is_short() -> None:
    assert "short" == term(noon("2025-01-01"), noon("2025-01-01"), "us", "UTC")


def long_by_hand(acquired: date, sold: date, jurisdiction: str) -> bool:
    """Say the same, counted in months of a calendar."""
    last = calendar.monthrange(acquired.year + 1, acquired.month)[1]
    ends = date(acquired.year + 1, acquired.month, min(acquired.day, last))
    if jurisdiction == "us" and acquired.day == calendar.monthrange(acquired.year, acquired.month)[1]:
        ends = date(acquired.year + 1, acquired.month, last)
    return sold > ends


instants = st.datetimes(datetime(2019, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  (hypothesis wants them naive)
near_a_year = st.timedeltas(timedelta(days=362), timedelta(days=369))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])


@often
@given(
    pairs=st.lists(st.tuples(instants, near_a_year), min_size=20, max_size=40), zone=zones, jurisdiction=st.sampled_from(["us", "de"])
)  # fmt: skip
def test_a_column_of_terms_is_what_a_calendar_says(
    pairs: list[tuple[datetime, timedelta]], zone: str, jurisdiction: str
) -> None:
    rows = [(acquired, acquired + held) for acquired, held in pairs]
    frame = pl.DataFrame(rows, schema={"a": INSTANT, "d": INSTANT}, orient="row")
    found = frame.select(term_of(pl.col("a"), pl.col("d"), jurisdiction, zone).alias("term"))["term"].to_list()
    at = ZoneInfo(zone)
    local = [(acquired.astimezone(at).date(), sold.astimezone(at).date()) for acquired, sold in rows]
    assert ["long" if long_by_hand(*days, jurisdiction) else "short" for days in local] == found
