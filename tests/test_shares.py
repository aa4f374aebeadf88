"""The UK's rule: every example that HMRC prints in its Cryptoassets Manual, and what it does not print."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from ledger.lots.match import Matched, Rule, match
from tests.tapes import Row, at, borrow, buy, frame, move, sell, shown

END = at("2030-01-01")
LONDON = "Europe/London"


def taken(rows: Sequence[Row], zone: str = LONDON) -> Matched:
    return match(frame(rows), Rule("uk", zone), [END])


def gains(found: Matched) -> dict[str, int]:
    """Return the gain of each local day, without its pence."""
    day = pl.col("disposed_at").dt.convert_time_zone(LONDON).dt.date().cast(pl.String)
    by_day = found.matches.group_by(day, maintain_order=True).agg(pl.col("proceeds").sum() - pl.col("basis").sum())
    return {when: int(gain) for when, gain in by_day.sort("disposed_at").iter_rows()}


def pool(found: Matched) -> tuple[str, int]:
    quantity, cost = found.lots[END].select("quantity", "cost").row(0)
    assert found.lots[END].height == 1
    return f"{quantity.normalize():f}", round(cost)


def lines(found: Matched) -> list[tuple[Any, ...]]:
    return shown(found.matches, "event", "quantity", "proceeds", "basis", "rule")


# ---------------------------------------------------------------------------------------- published by HMRC


def test_cryptoassets_manual_22251_pools() -> None:
    found = taken([buy("2018-01-01", 100, 1000), buy("2019-01-01", 50, 125000), sell("2021-01-01", 50, 300000)])
    assert {"2021-01-01": 258000} == gains(found)
    assert ("100", 84000) == pool(found)


def test_cryptoassets_manual_22252_same_day() -> None:
    rows = [
        buy("2018-01-01", 5000, 500), sell("2019-07-30 09:00", 1000, 800), buy("2019-07-30 11:00", 1600, 1000),
        sell("2019-07-30 15:00", 500, 600),
    ]  # fmt: skip
    found = taken(rows)
    assert {"2019-07-30": 462} == gains(found)
    assert ("5100", 562) == pool(found)
    assert [("e2", "1000", "800", "625", "same_day"), ("e4", "500", "600", "312.5", "same_day")] == lines(found)


def test_cryptoassets_manual_22254_same_day_and_pool() -> None:
    rows = [
        buy("2018-01-01", 8000, 1000), sell("2019-07-30 09:00", 5000, 400), buy("2019-07-30 11:00", 6500, 500),
        sell("2019-07-30 15:00", 2000, 242),
    ]  # fmt: skip
    found = taken(rows)
    assert {"2019-07-30": 79} == gains(found)
    quantity, cost = found.lots[END].select("quantity", "cost").row(0)
    assert (7500, Decimal("937.5")) == (quantity, cost)  # HMRC prints 937
    rules = found.matches.group_by("rule", maintain_order=True).agg(pl.col("quantity", "basis").sum())
    assert [("same_day", "6500", "500"), ("section_104", "500", "62.5")] == shown(rules, "rule", "quantity", "basis")


def test_cryptoassets_manual_22255_thirty_days() -> None:
    found = taken([buy("2018-01-01", 14000, 200000), sell("2019-08-30", 4000, 160000), buy("2019-09-11", 500, 17500)])
    assert {"2019-08-30": 92500} == gains(found)
    assert ("10500", 150000) == pool(found)
    assert [("e2", "500", "20000", "17500", "thirty_days"), ("e2", "3500", "140000", "50000", "section_104")] == lines(
        found
    )


def test_cryptoassets_manual_22256_all_of_it() -> None:
    rows = [
        buy("2018-01-01", 100000, 300000), buy("2019-07-31 09:00", 10000, 45000), sell("2019-07-31 10:00", 30000, 150000),
        sell("2019-08-05", 20000, 100000), buy("2019-08-06", 50000, 225000), sell("2019-08-07", 100000, 150000),
    ]  # fmt: skip
    found = taken(rows)
    assert {"2019-07-31": 15000, "2019-08-05": 10000, "2019-08-07": -163636} == gains(found)
    assert ("10000", 31364) == pool(found)
    assert ["same_day", "thirty_days", "thirty_days", "section_104"] == found.matches["rule"].to_list()


# ------------------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize(("bought", "rule"), [("2024-03-31", "thirty_days"), ("2024-04-01", "section_104")])
def test_thirty_days_are_thirty(bought: str, rule: str) -> None:
    found = taken([buy("2024-01-01", 1, 10), sell("2024-03-01", 1, 30), buy(bought, 1, 20)])
    assert [rule] == found.matches["rule"].to_list()
    assert ("1", 10 if rule == "thirty_days" else 20) == pool(found)


def test_days_are_those_of_the_zone() -> None:
    rows = [buy("2024-06-01", 1, 10), sell("2024-07-01 22:30", 1, 30), buy("2024-07-01 23:30", 1, 20)]
    assert ["thirty_days", "same_day"] == [taken(rows, zone).matches["rule"].item() for zone in (LONDON, "UTC")]


def test_earlier_disposals_come_before_later_ones_and_purchases_of_the_day_before_both() -> None:
    rows = [
        buy("2024-01-01", 10, 100), sell("2024-03-01", 2, 30), sell("2024-03-02", 2, 32), buy("2024-03-05", 4, 60),
        sell("2024-03-05", 1, 17), buy("2024-03-06", 2, 40),
    ]  # fmt: skip
    assert [
        ("e2", "2", "30", "30", "thirty_days"), ("e3", "1", "16", "15", "thirty_days"), ("e3", "1", "16", "20", "thirty_days"),
        ("e5", "1", "17", "15", "same_day"),
    ] == lines(taken(rows))  # fmt: skip
    assert ("11", 120) == pool(taken(rows))


def test_a_match_names_its_purchase_where_it_was_one() -> None:
    rows = [
        sell("2024-03-01", 3, 30),
        buy("2024-03-01 08:00", 1, 9),
        buy("2024-03-04", 1, 8),
        buy("2024-03-04 09:00", 1, 12),
    ]
    assert [("same_day", "e2", "e2", "2024-03-01 08:00"), ("thirty_days", None, None, "2024-03-04 00:00")] == shown(
        taken(rows).matches, "rule", "lot", "acquired_event", "acquired_at"
    )


def test_disposals_of_a_day_share_what_they_are_matched_with_each_at_its_own_proceeds() -> None:
    rows = [
        buy("2024-01-01", 10, 100), sell("2024-03-01 09:00", 1, 20, fee=1), sell("2024-03-01 10:00", 3, 90, fee=2),
        buy("2024-03-01 11:00", 2, 50, fee=4),
    ]  # fmt: skip
    found = taken(rows)
    assert [
        ("e2", "0.5", "10", "12.5", "same_day", "1.5"), ("e2", "0.5", "10", "5", "section_104", "0.5"),
        ("e3", "1.5", "45", "37.5", "same_day", "4"), ("e3", "1.5", "45", "15", "section_104", "1"),
    ] == shown(found.matches, "event", "quantity", "proceeds", "basis", "rule", "fee")  # fmt: skip
    assert [1, 2, 1, 2] == found.matches["n"].to_list()


def test_what_is_bought_after_thirty_days_does_not_cure_a_missing_history() -> None:
    found = taken(
        [buy("2024-01-01", 1, 10), sell("2024-03-01", 4, 40), buy("2024-03-20", 1, 12), buy("2024-05-01", 5, 50)]
    )
    assert [
        ("e2", "1", "10", "12", "thirty_days"),
        ("e2", "1", "10", "10", "section_104"),
        ("e2", "2", "20", None, "missing"),
    ] == lines(found)
    assert [("e2", "2")] == shown(found.missing, "event", "quantity")
    assert ("5", 50) == pool(found)


def test_a_short_sale_is_closed_after_thirty_days_too_and_what_is_owned_is_sold_from_the_pool() -> None:
    rows = [
        buy("2024-01-01", 5, 50), borrow("2024-03-01 07:00", 5), sell("2024-03-01 08:00", 5, 60),
        sell("2024-03-01 09:00", 5, 70), buy("2024-05-01", 6, 66),
    ]  # fmt: skip
    found = taken(rows)
    assert [("e3", "5", "60", "50", "section_104"), ("e5", "5", "70", "55", "short_sale")] == lines(found)
    assert ["e4"] == found.matches["opened_event"].drop_nulls().to_list()
    assert found.missing.is_empty()
    assert ("1", 11) == pool(found)


def test_moves_of_a_day_come_after_its_purchases_and_before_its_sales_at_the_average() -> None:
    rows = [
        buy("2024-01-01", 4, 40, pool="a"), sell("2024-02-01 08:00", 3, 60, pool="b"), move("2024-02-01 09:00", 4, "a", "b", 3),
    ]  # fmt: skip
    found = taken(rows)
    assert [("e2", "3", "60", "40", "section_104")] == lines(found)
    assert [("4", "3", "40", "10", None)] == shown(found.moved, "quantity", "arrives", "cost", "network_cost", "lot")


def test_an_unknown_cost_of_a_purchase_is_that_of_its_day() -> None:
    rows = [
        buy("2024-01-01", 1, 10), buy("2024-02-01 08:00", 1, None), buy("2024-02-01 09:00", 1, 5), sell("2024-02-01 10:00", 1, 20),
        sell("2024-04-01", 2, 50), buy("2024-06-01", 1, 9), sell("2024-08-01", 1, 10),
    ]  # fmt: skip
    assert [("same_day", None), ("section_104", None), ("section_104", "9")] == shown(
        taken(rows).matches, "rule", "basis"
    )


def test_before_a_purchase_that_is_matched_with_an_earlier_sale_the_sale_is_below_zero() -> None:
    rows = [buy("2024-01-01", 5, 50), sell("2024-04-01", 2, 60), buy("2024-04-10 12:00", 3, 45)]
    instants = [at("2024-03-31 23:00"), at("2024-04-05 23:00"), at("2024-04-10 23:00")]
    lots = match(frame(rows), Rule("uk", LONDON), instants).lots
    held = [shown(lots[instant], "quantity", "cost", "acquired_event", "acquired_at") for instant in instants]
    assert [
        [("5", "50", None, None)],
        [("5", "50", None, None), ("-2", "-30", "e3", "2024-04-10 12:00")],
        [("6", "65", None, None)],
    ] == held  # fmt: skip


@pytest.mark.parametrize("instant", ["2024-04-06 00:00", "2024-04-05 23:00:00.000001", "2024-01-05 23:00"])
def test_an_instant_within_a_day_is_refused(instant: str) -> None:
    with pytest.raises(ValueError, match="the UK's rule knows days only"):
        match(frame([buy("2024-01-01", 1, 10)]), Rule("uk", LONDON), [at(instant)])


def test_days_of_a_change_of_clocks_begin_where_they_do() -> None:
    rows = [buy("2024-03-31 00:30", 1, 10), buy("2024-10-27 00:30", 1, 20), sell("2024-10-27 23:30", 1, 40)]
    found = match(frame(rows), Rule("uk", LONDON), [at("2024-03-31"), at("2024-03-31 23:00"), at("2024-10-28")])
    assert [0, 1, 1] == [round(lots["quantity"].sum()) for lots in found.lots.values()]
    assert [("same_day", "20")] == shown(found.matches, "rule", "basis")
