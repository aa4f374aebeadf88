"""Lots by hand, by law, and beside other tools: which units go, at what cost, and that nothing is lost or made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.lots.changes import CHANGES, HELD, MATCHES, MISSING, MOVED, RULES, UNMET
from ledger.lots.match import Matched, Method, Rule, match
from schemas.errors import UnknownThing
from tests.examples import IS_USUAL, many
from tests.tapes import START, Row, at, borrow, broken, buy, change, frame, move, repay, sell, shown

often = settings(max_examples=many(60), deadline=None, derandomize=IS_USUAL)
UNIT = 10**18
END = at("2030-01-01")
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo", "average", "uk")


def taken(
    rows: Sequence[Row], method: Method = "fifo", choices: Mapping[str, Sequence[tuple[str, int]]] | None = None
) -> Matched:
    return match(frame(rows), Rule(method, "UTC", choices or {}), [END])


def matched(found: Matched) -> list[tuple[Any, ...]]:
    return shown(found.matches, "event", "quantity", "proceeds", "basis", "rule", "lot")


def held(found: Matched) -> list[tuple[Any, ...]]:
    return shown(found.lots[END], "pool", "lot", "quantity", "cost")


# ----------------------------------------------------------------------------------------------- which lot goes

THREE = [
    buy("2024-01-01", 1, 100),
    buy("2024-02-01", 2, 500),
    buy("2024-03-01", 1, 90),
]


@pytest.mark.parametrize(
    ("method", "parts", "left"),
    [
        (
            "fifo",
            [("1", "150", "100", "fifo", "e1"), ("0.5", "75", "125", "fifo", "e2")],
            [("e2", "1.5", "375"), ("e3", "1", "90")],
        ),
        (
            "lifo",
            [("1", "150", "90", "lifo", "e3"), ("0.5", "75", "125", "lifo", "e2")],
            [("e2", "1.5", "375"), ("e1", "1", "100")],
        ),
        ("hifo", [("1.5", "225", "375", "hifo", "e2")], [("e2", "0.5", "125"), ("e1", "1", "100"), ("e3", "1", "90")]),
        ("average", [("1.5", "225", "258.75", "average", None)], [(None, "2.5", "431.25")]),
    ],
)
def test_each_method_takes_its_lot_first(method: Method, parts: list[Any], left: list[Any]) -> None:
    found = taken([*THREE, sell("2024-04-01", "1.5", 225)], method)
    assert [("e4", *part) for part in parts] == matched(found)
    assert [("", *lot) for lot in left] == held(found)
    dates = [None if method == "average" else row[0] for row in shown(found.matches, "acquired_at")]
    by_lot = {"e1": "2024-01-01 00:00", "e2": "2024-02-01 00:00", "e3": "2024-03-01 00:00", None: None}
    assert [by_lot[part[-1]] for part in parts] == dates
    assert found.matches["disposed_at"].unique().to_list() == [at("2024-04-01")]
    assert found.matches["n"].to_list() == list(range(1, len(parts) + 1))


def test_lots_of_one_instant_go_in_their_order_and_in_lifo_against_it() -> None:
    twins = [buy("2024-01-01", 1, 10), buy("2024-01-01", 1, 20), sell("2024-01-01", 1, 30)]
    assert ["e1", "e2", "e2"] == [taken(twins, method).matches["lot"].item() for method in ("fifo", "lifo", "hifo")]


def test_the_dearest_of_equal_units_is_the_earliest_and_an_unknown_cost_goes_last() -> None:
    rows = [
        buy("2024-01-01", 1, None), buy("2024-01-02", 3, 30), buy("2024-01-03", 1, 10), buy("2024-01-04", 1, "10.000000000000000001"),
        sell("2024-02-01", 1, 1), sell("2024-02-02", 3, 3), sell("2024-02-03", 1, 1), sell("2024-02-04", 1, 1),
    ]  # fmt: skip
    assert ["e4", "e2", "e3", "e1"] == taken(rows, "hifo").matches["lot"].to_list()


def test_average_cost_is_that_of_the_pool_at_each_sale() -> None:
    rows = [
        buy("2024-01-01", 10, 100, fee=2), buy("2024-01-02", 10, 300, fee=6), sell("2024-01-03", 5, 200, fee=1),
        buy("2024-01-04", 5, 300, fee=0), sell("2024-01-05", 20, 1000, fee=4),
    ]  # fmt: skip
    found = taken(rows, "average")
    # 400 / 20 = 20 each; then 300 + 300 = 600 of 20
    assert [("200", "100", "3"), ("1000", "600", "10")] == shown(found.matches, "proceeds", "basis", "fee")
    assert held(found) == []


def test_each_pool_and_each_asset_is_matched_alone() -> None:
    rows = [
        buy("2024-01-01", 1, 10, pool="a"), buy("2024-01-02", 1, 20, pool="b"), buy("2024-01-02", 1, 5, pool="b", asset="ETH"),
        sell("2024-01-03", 1, 30, pool="b"), sell("2024-01-03", 1, 7, pool="b", asset="ETH"),
    ]  # fmt: skip
    found = taken(rows)
    assert [("e4", "1", "30", "20", "fifo", "e2"), ("e5", "1", "7", "5", "fifo", "e3")] == matched(found)
    assert [("a", "e1", "1", "10")] == held(found)


def test_changes_of_one_event_number_their_lots_and_their_matches() -> None:
    rows = [
        buy("2024-01-01", 1, 10, event="t"), buy("2024-01-01", 1, 20, event="t"), buy("2024-01-01", 1, 3, event="t", asset="BNB"),
        sell("2024-01-02", 2, 50, event="s"), sell("2024-01-02", 1, 2, event="s", asset="BNB"),
    ]  # fmt: skip
    found = taken(rows)
    assert ["t", "t#2", "t#3"] == found.matches["lot"].to_list()
    assert [1, 2, 3] == found.matches["n"].to_list()
    assert ["t", "t", "t"] == found.matches["acquired_event"].to_list()


# ---------------------------------------------------------------------------------------------- rounding, unknowns


def test_the_last_part_takes_the_remainder_of_cost_and_proceeds() -> None:
    rows = [buy("2024-01-01", 3, 1), *[sell(f"2024-01-0{day}", 1, 1) for day in (2, 3, 4)]]
    # a third of 1, then half of the rest, 0.3333333333333333335, to even, then what is left
    thirds = [("0.333333333333333333",), ("0.333333333333333334",), ("0.333333333333333333",)]
    assert thirds == shown(taken(rows).matches, "basis")
    lots = [*[buy("2024-01-01", 1, 1)] * 3, sell("2024-01-02", 3, 1)]
    assert thirds == shown(taken(lots).matches, "proceeds")


def test_an_unknown_cost_is_unknown_where_it_is_met_and_nowhere_else() -> None:
    rows = [
        buy("2024-01-01", 1, None), buy("2024-01-02", 1, 20), sell("2024-01-03", "0.5", 15), sell("2024-01-04", 1, None),
        sell("2024-01-05", "0.5", 15),
    ]  # fmt: skip
    assert [
        ("e3", "0.5", "15", None, "fifo", "e1"), ("e4", "0.5", None, None, "fifo", "e1"),
        ("e4", "0.5", None, "10", "fifo", "e2"), ("e5", "0.5", "15", "10", "fifo", "e2"),
    ] == matched(taken(rows))  # fmt: skip


def test_an_unknown_cost_makes_that_of_a_pool_unknown_until_it_is_empty() -> None:
    rows = [
        buy("2024-01-01", 1, 10), buy("2024-01-02", 1, None), sell("2024-01-03", 1, 15), buy("2024-01-04", 1, 12),
        sell("2024-01-05", 2, 30), buy("2024-01-06", 1, 14), sell("2024-01-07", 1, 15),
    ]  # fmt: skip
    assert [None, None, "14"] == [cost for (cost,) in shown(taken(rows, "average").matches, "basis")]


def test_a_fee_that_is_unknown_is_unknown_in_what_it_belongs_to() -> None:
    rows = [
        buy("2024-01-01", 2, 10, fee=None),
        sell("2024-01-02", 1, 15, fee=1),
        buy("2024-01-03", 1, 9, fee=1),
        sell("2024-01-04", 2, 30, fee=2),
    ]
    assert [None, None, "2"] == [fee for (fee,) in shown(taken(rows).matches, "fee")]


# -------------------------------------------------------------------------------------- missing and short sales


def test_what_was_never_acquired_is_missing_and_its_basis_unknown() -> None:
    found = taken([buy("2024-01-01", 1, 10), sell("2024-01-02", 3, 90, fee=3)])
    assert [("e2", "1", "30", "10", "fifo", "e1"), ("e2", "2", "60", None, "missing", None)] == matched(found)
    assert [("e2", "", "BTC", "2")] == shown(found.missing, "event", "pool", "asset", "quantity")
    assert ["1", "2"] == [fee for (fee,) in shown(found.matches, "fee")]
    assert held(found) == []


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "average"])
def test_a_short_sale_is_closed_by_later_purchases_the_oldest_first(method: Method) -> None:
    rows = [
        buy("2024-01-01", 1, 10, event="e1"), borrow("2024-01-01", 3),
        sell("2024-01-02", 3, 90, fee=3, event="e2"),  # 1 of its own, 2 short
        sell("2024-01-03", 1, 40, fee=0, event="e3"), buy("2024-01-04", "2.5", 50, fee=5, event="e4"),
        buy("2024-01-05", 1, 15, fee=0, event="e5"),
    ]  # fmt: skip
    found = taken(rows, method)
    rule, lot = (method, None if method == "average" else "e1")
    assert [("e2", "1", "30", "10", rule, lot), ("e4", "2", "60", "40", "short_sale", "e4"), ("e4", "0.5", "20", "10", "short_sale", "e4"),
            ("e5", "0.5", "20", "7.5", "short_sale", "e5")] == matched(found)  # fmt: skip
    shorts = found.matches.filter(pl.col("rule") == "short_sale")
    assert ["e2", "e3", "e3"] == shorts["opened_event"].to_list()
    assert ["6", "1", "0"] == [
        fee for (fee,) in shown(shorts, "fee")
    ]  # 2 of 3 of the sale's fee, 4 of 5 of the purchase's
    days = [("2024-01-04 00:00",) * 2] * 2 + [("2024-01-05 00:00",) * 2]
    assert days == shown(shorts, "acquired_at", "disposed_at")
    assert [1, 1, 2, 1] == found.matches["n"].to_list()
    assert [("", None if method == "average" else "e5", "0.5", "7.5")] == held(found)
    assert found.missing.is_empty()


def test_what_is_owed_is_sold_short_once() -> None:
    """Of 1 that is owed three sales of 1 find one: the others are of nothing known."""
    found = taken([borrow("2024-01-01", 1), *(sell(f"2024-01-0{day}", 1, 90) for day in (2, 3, 4))])
    assert [2, 1] == [found.missing.height, len(held(found))]


def test_no_more_is_sold_short_than_is_owed() -> None:
    found = taken([borrow("2024-01-01", 1), sell("2024-01-02", 3, 90)])
    assert [("e2", "2", "60", None, "missing", None)] == matched(found)
    assert [("e2:short", "e2", "-1", "-30")] == shown(found.lots[END], "lot", "acquired_event", "quantity", "cost")


def test_borrowed_units_are_moved_sold_short_and_bought_back_in_another_pool() -> None:
    found = taken([
        borrow("2024-01-01", 2, pool="a"), move("2024-01-02", 2, "a", "b"), sell("2024-01-03", 2, 90, pool="b"),
        buy("2024-01-04", 3, 60, pool="b"), move("2024-01-05", 2, "b", "a"), repay("2024-01-06", 2, pool="a"),
    ])  # fmt: skip
    # of 3 that cost 20 each, 2 close the short sale; the third is moved with a borrowed one, and given to the lender
    assert [("e4", "2", "90", "40", "short_sale", "e4")] == matched(found)
    assert (found.missing.height, held(found)) == (0, [("b", "e4", "1", "20")])
    assert found.borrowed[END].is_empty()


@pytest.mark.parametrize(("pool", "left"), [("a", []), ("b", [("b", "e3", "1", "7")])])
def test_own_units_that_repay_close_what_was_sold_short_or_stand_in_for_the_borrowed_ones(
    pool: str, left: list[tuple[str, ...]]
) -> None:
    """Borrowed in `a` and sold short there, or moved to `b` and kept; repaid with what was bought in a third pool."""
    further = sell("2024-01-02", 1, 9, pool="a") if pool == "a" else move("2024-01-02", 1, "a", "b")
    found = taken([
        borrow("2024-01-01", 1, pool="a"), further, buy("2024-01-03", 1, 7, pool="c"), repay("2024-01-04", 1, pool="c"),
    ])  # fmt: skip
    sold = [("e4", "1", "9", "7", "short_sale", "e3")] if pool == "a" else []
    assert (matched(found), held(found)) == (sold, left)
    assert [("c", pool, "1", "7")] == shown(
        found.moved.filter(pl.col("lot").is_not_null()), "pool", "to_pool", "quantity", "cost"
    )


def test_a_debt_that_is_repaid_before_its_units_come_is_paid_with_those_that_come_next() -> None:
    found = taken([
        borrow("2024-01-01", 1), sell("2024-01-02", 1, 9), repay("2024-01-03 10:00", 1), buy("2024-01-03 10:01", 2, 14),
    ])  # fmt: skip
    assert ([("e4", "1", "9", "7", "short_sale", "e4")], [("", "e4", "1", "7")]) == (matched(found), held(found))
    assert found.borrowed[END].is_empty()


def test_what_a_network_took_of_borrowed_units_brought_nothing() -> None:
    found = taken(
        [borrow("2024-01-01", 2, pool="a"), move("2024-01-02", 2, "a", "b", "1.5"), buy("2024-01-03", 1, 10, pool="a")]
    )
    assert ([("e3", "0.5", "0", "5", "short_sale", "e3")], [("a", "e3", "0.5", "5")]) == (matched(found), held(found))
    assert [("a", "0.5"), ("b", "1.5")] == shown(found.borrowed[END], "pool", "quantity")


def test_units_that_arrive_close_a_short_sale_with_their_own_date_and_cost() -> None:
    rows = [
        buy("2024-01-01", 1, 10, pool="a"), borrow("2024-01-01", 1, pool="b"), sell("2024-01-02", 1, 40, pool="b"),
        move("2024-01-03", 1, "a", "b"),
    ]  # fmt: skip
    found = taken(rows)
    assert [("e4", "b", "40", "10", "2024-01-01 00:00", "2024-01-03 00:00", "short_sale", "e1", "e1", "e3")] == shown(
        found.matches, "event", "pool", "proceeds", "basis", "acquired_at", "disposed_at", "rule", "lot", "acquired_event", "opened_event"
    )  # fmt: skip
    assert held(found) == []


# ------------------------------------------------------------------------------------------------------- moves


def test_a_move_carries_lots_with_date_and_cost_by_the_order_of_the_method() -> None:
    rows = [
        buy("2024-01-01", 1, 10, pool="a"), buy("2024-01-02", 1, 40, pool="a"), buy("2024-01-03", 1, 20, pool="b"),
        move("2024-02-01", "1.5", "a", "b"), sell("2024-03-01", 2, 100, pool="b"),
    ]  # fmt: skip
    assert [
        ("e5", "1", "50", "10", "fifo", "e1"),
        ("e5", "0.5", "25", "20", "fifo", "e2"),
        ("e5", "0.5", "25", "10", "fifo", "e3"),
    ] == matched(taken(rows))
    assert [("a", "b", "e1", "1", "10", "2024-01-01 00:00"), ("a", "b", "e2", "0.5", "20", "2024-01-02 00:00")] == shown(
        taken(rows).moved, "pool", "to_pool", "lot", "quantity", "cost", "acquired_at"
    )  # fmt: skip
    assert [("a", "e2", "0.5", "20"), ("b", "e3", "0.5", "10")] == held(taken(rows))
    hifo = taken(rows, "hifo")  # e2 (40 each) goes over, and half of e1 (10 each)
    assert [("e5", "1", "50", "40", "hifo", "e2"), ("e5", "1", "50", "20", "hifo", "e3")] == matched(hifo)
    average = taken(rows, "average")  # 50 / 2 = 25 each: 37.5 goes over, 57.5 / 2.5 = 23 each there
    assert [("e5", "2", "100", "46", "average", None)] == matched(average)
    assert [("a", None, "0.5", "12.5"), ("b", None, "0.5", "11.5")] == held(average)


def test_the_cost_of_what_the_network_took_stays_in_what_arrives() -> None:
    rows = [
        buy("2024-01-01", 1, 10, pool="a"),
        buy("2024-01-02", 1, 20, pool="a"),
        move("2024-02-01", 2, "a", "b", "1.9"),
    ]
    found = taken(rows)
    assert [("e1", "1", "0.95", "10", "0.5"), ("e2", "1", "0.95", "20", "1")] == shown(
        found.moved, "lot", "quantity", "arrives", "cost", "network_cost"
    )
    assert [("b", "e1", "0.95", "10"), ("b", "e2", "0.95", "20")] == held(found)


def test_pieces_of_one_lot_that_arrive_apart_are_one_lot_again() -> None:
    rows = [buy("2024-01-01", 2, 10, pool="a"), move("2024-02-01", 1, "a", "b"), move("2024-02-02", 1, "a", "b")]
    assert [("b", "e1", "2", "10")] == held(taken(rows))


def test_a_move_of_more_than_is_there_arrives_at_an_unknown_cost() -> None:
    rows = [buy("2024-01-01", 1, 10, pool="a"), move("2024-02-01", 3, "a", "b"), sell("2024-03-01", 3, 90, pool="b")]
    found = taken(rows)
    assert [("e2", "a", "2")] == shown(found.missing, "event", "pool", "quantity")
    # what has no date is taken to be the oldest
    assert [("e3", "2", "60", None, "fifo", "e2:missing"), ("e3", "1", "30", "10", "fifo", "e1")] == matched(found)
    assert [None, "2024-01-01 00:00"] == [cell for (cell,) in shown(found.matches, "acquired_at")]
    assert [None, "e1"] == found.matches["acquired_event"].to_list()


def test_dust_that_is_too_small_to_arrive_leaves_its_cost_to_its_neighbour() -> None:
    dust = "0.000000000000000001"
    rows = [buy("2024-01-01", dust, 1, pool="a"), buy("2024-01-02", 1, 20, pool="a"), buy("2024-01-03", dust, 3, pool="a"),
            move("2024-02-01", "1.000000000000000002", "a", "b", "0.1")]  # fmt: skip
    assert [("b", "e2", "0.1", "24")] == held(taken(rows))


# ------------------------------------------------------------------------------------------------------ choices


def test_chosen_lots_go_first_and_the_method_gives_the_rest() -> None:
    rows = [*THREE, sell("2024-04-01", 3, 300), sell("2024-04-02", 1, 100)]
    found = taken(rows, "fifo", {"e4": [("e3", UNIT // 2), ("e2", UNIT)]})
    assert [
        ("e4", "0.5", "50", "45", "chosen", "e3"), ("e4", "1", "100", "250", "chosen", "e2"), ("e4", "1", "100", "100", "fifo", "e1"),
        ("e4", "0.5", "50", "125", "fifo", "e2"), ("e5", "0.5", "50", "125", "fifo", "e2"), ("e5", "0.5", "50", "45", "fifo", "e3"),
    ] == matched(found)  # fmt: skip
    assert found.unmet.is_empty()


def test_a_choice_that_cannot_be_had_is_told_and_the_method_gives_it() -> None:
    rows = [*THREE, sell("2024-04-01", 1, 100), sell("2024-04-02", 1, 100)]
    choices = {"e4": [("e1", UNIT)], "e5": [("e1", UNIT // 4), ("e9", UNIT // 4)], "e8": [("e2", UNIT)]}
    found = taken(rows, "lifo", choices)
    assert [("e4", "1", "100", "100", "chosen", "e1"), ("e5", "1", "100", "90", "lifo", "e3")] == matched(found)
    assert [("e5", "e1", "0.25"), ("e5", "e9", "0.25"), ("e8", "e2", "1")] == shown(
        found.unmet, "event", "lot", "quantity"
    )


def test_a_chosen_lot_is_found_where_it_was_moved_to_and_moves_can_choose_too() -> None:
    rows = [buy("2024-01-01", 1, 10, pool="a"), buy("2024-01-02", 1, 20, pool="a"), move("2024-02-01", 1, "a", "b"),
            buy("2024-02-02", 1, 5, pool="b"), sell("2024-03-01", 1, 50, pool="b")]  # fmt: skip
    found = taken(rows, "lifo", {"e3": [("e1", UNIT)], "e5": [("e1", UNIT)]})
    assert [("e5", "1", "50", "10", "chosen", "e1")] == matched(found)
    assert [("a", "e2", "1", "20"), ("b", "e4", "1", "5")] == held(found)


@pytest.mark.parametrize("method", ["average", "uk"])
def test_no_lots_are_chosen_where_there_are_none(method: Method) -> None:
    with pytest.raises(UnknownThing, match=f"cannot be chosen by the method {method}"):
        Rule(method, "UTC", {"e1": [("e2", UNIT)]})


# --------------------------------------------------------------------------------------------- instants and frames


def test_what_is_held_before_an_instant_is_without_what_happens_then() -> None:
    rows = [buy("2024-01-01", 1, 10), buy("2024-02-01", 1, 20), sell("2024-03-01", 1, 30)]
    instants = [at("2024-03-01"), at("2023-01-01"), at("2024-02-01"), at("2024-03-02")]
    lots = match(frame(rows), Rule("fifo", "UTC"), instants).lots
    assert [["e1", "e2"], [], ["e1"], ["e2"]] == [lots[instant]["lot"].to_list() for instant in instants]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_gives_nothing_in_the_promised_columns(method: Method) -> None:
    found = match(frame([]), Rule(method, "UTC"), [END])
    frames = [found.matches, found.lots[END], found.missing, found.moved, found.unmet]
    assert [dict(each.schema) for each in frames] == [MATCHES, HELD, MISSING, MOVED, UNMET]
    assert [each.height for each in frames] == [0] * 5


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([buy("2024-01-02", 1, 1), buy("2024-01-01", 1, 1)], "row 1 of the changes has a change before the one above it"),
        ([buy("2024-01-02", 0, 1)], "row 0 of the changes has a quantity that is not above zero"),
        ([move("2024-01-02", 1, "a", "b", 2)], "row 0 of the changes has a move of which nothing arrives"),
        ([move("2024-01-02", 1, "a", "b", 0)], "row 0 of the changes has a move of which nothing arrives"),
        ([move("2024-01-02", 1, "a", "b"), change("give", "2024-01-02", 1)], "row 1 of the changes has a kind that is none"),
        ([change("move", "2024-01-02", 1, arrives=1)], "row 0 of the changes has a move to nowhere"),
        ([sell("2024-01-02", 1, 1, asset=None)], "row 0 of the changes has an empty cell"),
    ],
)  # fmt: skip
def test_changes_that_cannot_be_are_refused(rows: list[Row], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        match(frame(rows), Rule("fifo", "UTC"))


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="changes have the columns"):
        match(frame([]).drop("fee"), Rule("fifo", "UTC"))


# ---------------------------------------------------------------------------------------------------------- laws

amounts = st.sampled_from([1, 2, 3, 5, 7, UNIT // 3, UNIT, 2 * UNIT, 5 * UNIT]).map(
    lambda units: Decimal(units).scaleb(-18)
)
values = st.sampled_from(
    [Decimal(0), Decimal(1).scaleb(-18), Decimal("0.07"), Decimal(10), Decimal("33.333333333333333333"), Decimal(997)]
)
pools = st.sampled_from(["a", "b"])
gaps = st.sampled_from([0, 0, 1, 7, 12, 24, 24 * 9, 24 * 31])


@st.composite
def tapes(draw: Callable[..., Any]) -> list[Row]:
    """Draw changes of two assets in two pools: many small quantities, ties, debts, and moves with and without loss."""
    rows: list[Row] = []
    hours = 0
    for _ in range(draw(st.integers(1, 18))):
        hours += draw(gaps)
        quantity, pool = draw(amounts), draw(pools)
        kind = draw(st.sampled_from(["acquire", "acquire", "dispose", "dispose", "move", "borrow", "repay"]))
        row: dict[str, Any] = {
            "kind": kind, "at": START + timedelta(hours=hours), "quantity": quantity, "pool": pool,
            "asset": draw(st.sampled_from(["BTC", "BTC", "ETH"])),
        }  # fmt: skip
        if kind == "move":
            lost = draw(st.sampled_from([Decimal(0), quantity / 2]))
            arrives = (quantity - lost).quantize(Decimal(1).scaleb(-18))
            row |= {"to_pool": "b" if pool == "a" else "a", "arrives": arrives or quantity}
        elif kind in ("acquire", "dispose"):
            row |= {"value": draw(values), "fee": draw(values)}
        rows.append(row)
    return rows


@often
@given(rows=tapes(), method=st.sampled_from(METHODS))
def test_nothing_is_lost_or_made_to_the_last_digit(rows: list[Row], method: Method) -> None:
    changes = frame(rows)
    found = match(changes, Rule(method, "UTC"), [END])
    assert broken(changes, found, END, costs=not found.moved["cost"].null_count()) == []
    assert set(found.matches["rule"]) <= set(RULES)
    assert found.matches.filter(pl.col("rule") == "missing")["basis"].is_null().all()
    assert found.matches.filter(pl.col("quantity") <= 0).is_empty()


@often
@given(rows=tapes(), method=st.sampled_from(METHODS))
def test_what_is_owed_lies_somewhere_or_was_sold_short(rows: list[Row], method: Method) -> None:
    changes = frame(rows)
    found = match(changes, Rule(method, "UTC"), [END])
    signed = pl.when(pl.col("kind") == "borrow").then("quantity").otherwise(-pl.col("quantity"))
    owed = changes.filter(pl.col("kind").is_in(["borrow", "repay"])).group_by("asset").agg(signed.sum())
    shorts = found.lots[END].filter(pl.col("lot").str.ends_with(":short")).select("asset", -pl.col("quantity"))
    there = (
        pl.concat([found.borrowed[END].select("asset", "quantity"), shorts]).group_by("asset").agg(pl.sum("quantity"))
    )
    assert dict(owed.filter(pl.col("quantity") != 0).rows()) == dict(there.filter(pl.col("quantity") != 0).rows())


@often
@given(rows=tapes(), method=st.sampled_from(METHODS), day=st.integers(0, 120))
def test_every_instant_adds_up_and_asking_for_it_changes_nothing(rows: list[Row], method: Method, day: int) -> None:
    """Until an instant the laws hold of what happened before it: with what the UK rule matches later, below zero."""
    changes = frame(rows)
    instant = START + timedelta(days=day)
    asked = match(changes, Rule(method, "UTC"), [instant, END])
    plain = match(changes, Rule(method, "UTC"), [END])
    assert asked.matches.equals(plain.matches)
    assert asked.lots[END].equals(plain.lots[END])
    before = changes.filter(pl.col("at") < instant)
    signed = pl.when(pl.col("kind") == "acquire").then("quantity").otherwise(-pl.col("quantity"))
    lost = asked.missing.filter(pl.col("at") < instant)["quantity"].sum()
    network = before.filter(pl.col("kind") == "move")
    there = (
        before.filter(pl.col("kind").is_in(["acquire", "dispose"])).select(signed.sum()).item()
        + lost
        - (network["quantity"] - network["arrives"]).sum()
    )
    assert there == asked.lots[instant]["quantity"].sum()


def naive(rows: Sequence[Row], method: str) -> list[Decimal]:
    """Return the basis of each disposal with single units in a list, sorted anew before each one."""
    order = {
        "fifo": lambda unit: (unit[0], unit[2]),
        "lifo": lambda unit: (-unit[0], -unit[2]),
        "hifo": lambda unit: (-unit[1], unit[0], unit[2]),
    }
    units: list[tuple[int, Decimal, int]] = []
    found = []
    for number, row in enumerate(rows):
        if row["kind"] == "acquire":
            hours = (row["at"] - START) // timedelta(hours=1)
            units += [(hours, row["value"] / row["quantity"], number)] * row["quantity"]
            continue
        units.sort(key=order[method])
        found.append(sum((unit[1] for unit in units[: row["quantity"]]), Decimal(0)))
        del units[: row["quantity"]]
    return found


@often
@given(
    trades=st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(1, 9), st.sampled_from([0, 1, 5])), min_size=2, max_size=25),
    method=st.sampled_from(["fifo", "lifo", "hifo"]),
)  # fmt: skip
def test_whole_units_cost_what_a_list_of_single_units_says(
    trades: list[tuple[bool, int, int, int]], method: Method
) -> None:
    rows: list[Row] = []
    hours, there = 0, 0
    for is_purchase, quantity, price, gap in trades:
        hours += gap
        size = quantity if is_purchase else min(quantity, there)
        if size:
            there += size if is_purchase else -size
            rows.append({"kind": "acquire" if is_purchase else "dispose", "at": START + timedelta(hours=hours), "quantity": size,
                         "value": Decimal(price * size), "asset": "BTC", "pool": "", "fee": 0})  # fmt: skip
    found = (
        match(frame(rows), Rule(method, "UTC"))
        .matches.group_by("event", maintain_order=True)
        .agg(pl.col("basis").sum())
    )
    assert naive(rows, method) == found["basis"].to_list()


def test_a_frame_of_changes_has_the_columns_that_are_promised() -> None:
    assert list(CHANGES) == [
        "event", "pool", "asset", "at", "kind", "quantity", "value", "fee", "to_pool", "arrives",
    ]  # fmt: skip
