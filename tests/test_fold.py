"""The fold against published figures, against a naive computation, and against the identities of average cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounting.fold import (
    Legs,
    deficit,
    fold,
    hedge_sides,
    mismatches,
    opening_of_sizes,
    possible_openings,
    realized_by_fill,
)  # fmt: skip
from ledger.accounting.forced_openings import Part, parts_of_forced
from ledger.accounting.sharing import half_even
from ledger.accounting.terms import lot_rounded
from schemas.types import MONEY
from tests.examples import IS_USUAL, many
from tests.lives.model import rounded

UNIT = 10**18
F = Fraction
Trade = tuple[str, str]
"""Signed size and price."""
often = settings(max_examples=many(200), deadline=None, derandomize=IS_USUAL)


def units(amount: Fraction | str | int) -> int:
    """Return an amount at 1e-18, rounded half to even."""
    return round(F(amount) * UNIT)


def value_of(size: Fraction, price: Fraction, inverse: bool) -> int:
    """Return the notional with the sign that the fold wants."""
    return -units(size / price) if inverse else units(size * price)


def folded(trades: Sequence[tuple[Fraction | str, Fraction | str]], *, inverse: bool = False) -> Legs:
    """Fold trades given as (signed size, price)."""
    pairs = [(F(size), F(price)) for size, price in trades]
    return fold([units(size) for size, _ in pairs], [value_of(size, price, inverse) for size, price in pairs])


def total(legs: Legs) -> Fraction:
    """Return everything realized."""
    return F(sum(legs.realized), UNIT)


# --------------------------------------------------------------------------------------- published figures


@pytest.mark.parametrize(
    ("size", "entry", "leave", "result"),
    [
        ("100000", "10000", "10500", "0.476190"),
        ("-100000", "10000", "11000", "-0.90909091"),
        ("-100000", "375.95", "370", "4.27745208"),
        ("100000", "10500", "11505.60", "0.83238969"),
        ("-1250000", "15500", "12506.65", "19.301667"),
        ("1000", "5000", "5500", "0.01818"),
    ],
    ids=["P1", "P2", "P3", "P4", "P5", "P7"],
)
def test_an_inverse_contract_realizes_what_was_published(size: str, entry: str, leave: str, result: str) -> None:
    legs = folded([(size, entry), (-F(size), leave)], inverse=True)
    assert F(result) == rounded(total(legs), len(result.split(".")[1]))
    assert [legs.cost_after[1], legs.position[1]] == [0, 0]


@pytest.mark.parametrize(
    ("size", "price", "notional", "fee"),
    [
        ("100000", "11000", "9.09090909", None),
        ("100000", "10000", "10", "0.0075"),
        ("100000", "370", "270.27027027", None),
        ("100000", "10500", "9.52380952", "0.00714286"),
        ("1250000", "15500", "80.64516129", "0.06048387"),
    ],
)
def test_an_inverse_notional_and_its_fee_are_those_published(
    size: str, price: str, notional: str, fee: str | None
) -> None:
    value = F(abs(value_of(F(size), F(price), inverse=True)), UNIT)
    assert F(notional) == rounded(value, 8)
    if fee is not None:
        assert F(fee) == rounded(value * F("0.00075"), 8)


def test_the_average_of_an_inverse_contract_is_harmonic() -> None:
    legs = folded([("1000", "5000"), ("2000", "6000")], inverse=True)
    cost = F(-legs.cost_after[-1], UNIT)
    assert F("0.53333") == rounded(cost, 5)
    assert F(5625) == rounded(3000 / cost, 8)


def test_the_average_of_a_linear_contract_is_arithmetic() -> None:
    legs = folded([("0.5", "5000"), ("0.3", "6000")])
    assert F(5375) == F(legs.cost_after[-1], UNIT) / F("0.8")


TRADING_TECHNOLOGIES: list[Trade] = [("12", "100"), ("17", "99"), ("-9", "101"), ("-4", "105"), ("3", "103")]


def test_average_cost_gives_the_published_table_of_trading_technologies() -> None:
    legs = folded(TRADING_TECHNOLOGIES)
    open_after = [12, 29, 20, 16, 19]
    entry = [rounded(F(cost, UNIT) / size, 10) for cost, size in zip(legs.cost_after, open_after, strict=True)]
    assert [F("99.4137931034")] * 3 + [F("99.9800362976")] == entry[1:]
    running = [rounded(F(sum(legs.realized[: index + 1]), UNIT), 7) for index in range(5)]
    assert [0, 0, F("14.2758621"), F("36.6206897"), F("36.6206897")] == running
    unrealized = 19 * 103 - F(legs.cost_after[-1], UNIT)
    assert F("57.3793103") == rounded(unrealized, 7)
    assert rounded(total(legs) + unrealized, 16) == 94


def test_the_running_net_of_the_table_is_the_published_one() -> None:
    legs = folded(TRADING_TECHNOLOGIES)
    fees = [abs(F(size)) * F(price) * F("0.0001") for size, price in TRADING_TECHNOLOGIES]
    net = [rounded(F(sum(legs.realized[: index + 1]), UNIT) - sum(fees[: index + 1], F(0)), 8) for index in range(1, 5)]
    assert [F("-0.28830000"), F("13.89666207"), F("36.19948966"), F("36.16858966")] == net


def by_lot(quantity: str, price: str, lot: str) -> Fraction:
    frame = pl.DataFrame({"q": [quantity], "p": [price], "m": ["1"], "l": [lot]}).cast(MONEY)
    value = lot_rounded(pl.col("q"), pl.col("p"), pl.col("m"), pl.col("l"), pl.lit(True))
    return F(frame.select(value.alias("value"))["value"][0])


@pytest.mark.parametrize(
    ("quantity", "price", "lot", "satoshi"),
    [
        ("127", "8564.5", "1", 1_482_852),
        ("1438000", "78173.24", "100", 1_839_503_980),
        ("885", "7299", "1", 885 * 13_701),
    ],
)
def test_bitmex_values_one_lot_in_whole_satoshi(quantity: str, price: str, lot: str, satoshi: int) -> None:
    assert F(satoshi, 10**8) == by_lot(quantity, price, lot)


def test_the_885_contracts_of_the_published_trap_lose_what_the_wallet_says() -> None:
    bought, sold = (units(by_lot("885", price, "1")) for price in ("7299", "6635.5"))
    legs = fold([885 * UNIT, -885 * UNIT], [-bought, sold])
    assert F(-1_211_565, 10**8) == total(legs)
    assert F(-1_208_157, 10**8) == total(legs) + F(3334 + 783 - 709, 10**8)
    formula = folded([("885", "7299"), ("-885", "6635.5")], inverse=True)
    assert F(-1_212_403, 10**8) == rounded(total(formula), 8)


# ------------------------------------------------------------------------------------------- flips and rounding


def test_a_fill_that_crosses_zero_ends_one_position_and_opens_the_next_at_its_price() -> None:
    legs = folded([("1", "100"), ("-3", "110"), ("2", "105")])
    assert legs.position == [0, 0, 1, 1]
    assert legs.fill == [0, 1, 1, 2]
    assert [delta // UNIT for delta in legs.delta] == [1, -1, -2, 2]
    assert [realized // UNIT for realized in legs.realized] == [0, 10, 0, 10]


def test_the_last_close_releases_all_that_earlier_closes_left() -> None:
    legs = fold([3, -1, -1, -1], [10, -3, -3, -3])
    assert legs.realized == [0, 0, -1, 0]  # released: 10/3 = 3, then 7/2 = 4 (to even), then the 3 that are left
    assert legs.cost_after[-1] == 0
    assert sum(legs.realized) == 9 - 10


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [
        (5, 2, 2),
        (7, 2, 4),
        (-5, 2, -2),
        (-7, 2, -4),
        (5, -2, -2),
        (6, 4, 2),
        (2, 4, 0),
        (-1, 3, 0),
        (-2, 3, -1),
        (0, 7, 0),
    ],
)
def test_halves_are_rounded_to_even(numerator: int, denominator: int, quotient: int) -> None:
    assert quotient == half_even(numerator, denominator)


# ---------------------------------------------------------------------------------------------- identities

sizes = st.sampled_from([1, 1, 2, 3, 5, 10]).flatmap(lambda size: st.sampled_from([size, -size]))
prices = st.sampled_from([97, 99, 100, 100, 101, 103, 110]).map(lambda price: F(price * 613, 1000))
tapes = st.lists(st.tuples(sizes.map(Fraction), prices), min_size=1, max_size=25)
styles = st.booleans()


def naive(trades: Sequence[tuple[Fraction, Fraction]], inverse: bool) -> list[Fraction]:
    """Return what each trade realizes, by average cost, a unit at a time in the head of the reader."""
    held, cost, results = F(0), F(0), []
    for size, price in trades:
        value = F(value_of(size, price, inverse), UNIT)
        if held * size >= 0:
            held, cost = held + size, cost + value
            results.append(F(0))
        elif abs(size) <= abs(held):
            released = cost if size == -held else rounded(cost * -size / held)
            held, cost = held + size, cost - released
            results.append(-value - released)
        else:
            closing = rounded(value * -held / size)
            results.append(-closing - cost)
            held, cost = held + size, value - closing
    return results


@often
@given(tape=tapes, inverse=styles)
def test_the_fold_agrees_with_a_naive_computation(tape: list[tuple[Fraction, Fraction]], inverse: bool) -> None:
    actual = realized_by_fill(folded(tape, inverse=inverse), len(tape))
    assert naive(tape, inverse) == [F(amount, UNIT) for amount in actual]


@often
@given(tape=tapes, inverse=styles)
def test_realized_is_cash_paid_and_received_plus_the_cost_still_held(
    tape: list[tuple[Fraction, Fraction]], inverse: bool
) -> None:
    legs = folded(tape, inverse=inverse)
    assert sum(legs.realized) == legs.cost_after[-1] - sum(value_of(size, price, inverse) for size, price in tape)
    for position in set(legs.position):
        own = [index for index, number in enumerate(legs.position) if number == position]
        if sum(legs.delta[index] for index in own) == 0:
            assert legs.cost_after[own[-1]] == 0
            assert -sum(legs.value[index] for index in own) == sum(legs.realized[index] for index in own)
    assert sum(units(size) for size, _ in tape) == sum(legs.delta)


def first_in_first_out(
    trades: Sequence[tuple[Fraction, Fraction]], inverse: bool
) -> tuple[Fraction, Fraction, Fraction]:
    """Return realized, and size and exact cost of what is open, by FIFO."""
    lots: deque[tuple[Fraction, Fraction]] = deque()
    realized = F(0)
    for trade, price in trades:
        rest = trade
        each = -1 / price if inverse else price
        while rest and lots and lots[0][0] * rest < 0:
            held, paid = lots.popleft()
            part = min(abs(held), abs(rest)) * (1 if held > 0 else -1)
            realized += part * (each - paid)
            rest += part
            if held != part:
                lots.appendleft((held - part, paid))
        if rest:
            lots.append((rest, each))
    return realized, sum((size for size, _ in lots), F(0)), sum((size * paid for size, paid in lots), F(0))


@often
@given(tape=tapes, inverse=styles, mark=prices)
def test_average_cost_and_fifo_agree_once_what_is_open_is_valued(
    tape: list[tuple[Fraction, Fraction]], inverse: bool, mark: Fraction
) -> None:
    legs = folded(tape, inverse=inverse)
    realized, size, cost = first_in_first_out(tape, inverse)
    marked = size * (-1 / mark if inverse else mark)
    held = sum(delta for delta in legs.delta)
    assert units(size) == held
    difference = (total(legs) + marked - F(legs.cost_after[-1], UNIT)) - (realized + marked - cost)
    assert abs(difference) <= (F(2 * len(tape), UNIT) if inverse else 0)


@often
@given(tape=tapes, inverse=styles, where=st.integers(0, 24))
def test_splitting_a_fill_changes_no_total_of_a_position(
    tape: list[tuple[Fraction, Fraction]], inverse: bool, where: int
) -> None:
    index = where % len(tape)
    size, price = tape[index]
    split = [*tape[:index], (size / 2, price), (size / 2, price), *tape[index + 1 :]]
    one, two = folded(tape, inverse=inverse), folded(split, inverse=inverse)
    tolerance = len(tape) + 1  # of 1e-18: a release may be rounded in two steps

    def totals(legs: Legs) -> list[tuple[int, int]]:
        ends = []
        for position in range(max(legs.position) + 1):
            own = [number for number, of in enumerate(legs.position) if of == position]
            ends.append((sum(legs.delta[number] for number in own), sum(legs.realized[number] for number in own)))
        return ends

    before, after = totals(one), totals(two)
    assert [delta for delta, _ in before] == [delta for delta, _ in after]
    assert all(abs(mine - other) <= tolerance for (_, mine), (_, other) in zip(before, after, strict=True))


# ------------------------------------------------------------------------------------------------ openings


@pytest.mark.parametrize(
    ("deltas", "stated", "opening"),
    [
        ([10, -10], [0, 5], 0),
        ([-10], [5], 10),
        ([10], [5], -10),
        ([-4, -6], [2, 3], 10),
        ([-4, 2, -8], [2, 0, 3], 4),
        ([-10, 5, -5], [2, 0, 3], 10),
        ([10, -5, 5], [2, 0, 3], -10),
    ],
    ids=[
        "none",
        "a long",
        "a short",
        "a long in two",
        "flat where one could be",
        "then from flat",
        "a short, then from flat",
    ],
)
def test_the_opening_that_stated_results_show(deltas: list[int], stated: list[int | None], opening: int) -> None:
    values = [delta * 100 for delta in deltas]
    assert [opening] == [*possible_openings(deltas, values, stated), 0][:1]


def test_a_result_after_a_flip_gives_the_opening_away() -> None:
    deltas, prices_paid = [-22, 12, -2], [59_760, 59_220, 60_180]
    values = [delta * price for delta, price in zip(deltas, prices_paid, strict=True)]
    assert 12 in possible_openings(deltas, values, [-2_880, 5_400, 1_920])
    right = fold(deltas, values, 12)
    assert not mismatches(right, [-2_880, 5_400, 1_920], [0, 0, 0], opening=12)
    wrong = fold(deltas, values, 11)
    assert mismatches(wrong, [-2_880, 5_400, 1_920], [0, 0, 0], opening=11)


def test_no_result_is_made_up_for_an_unknown_entry() -> None:
    legs = fold([-10, 5, -5], [-1000, 510, -530], opening=10)
    assert legs.position == [0, 1, 1]
    assert mismatches(legs, [77, 0, 20], [0, 0, 0], opening=10) == []
    assert mismatches(legs, [77, 0, 21], [0, 0, 0], opening=10) == [2]


def test_sizes_that_funding_states_show_an_opening() -> None:
    assert opening_of_sizes([3, -2], [10, 5]) == 7
    assert opening_of_sizes([3, -2], [4, 9]) == -7
    assert opening_of_sizes([3, -2], [3, 2]) == 0


def test_a_fill_that_states_a_result_closes_the_other_side_of_a_hedge() -> None:
    assert hedge_sides([5, -5, -5, 5], [0, 0, 3, -2]) == [1, -1, 1, -1]


def test_a_side_must_have_held_what_it_closes() -> None:
    assert deficit([-4, 2, -1], 1) == 4
    assert deficit([1, 2, -1], -1) == -3
    assert deficit([4, -4], 1) == 0


@pytest.mark.parametrize(("deltas", "forced", "opening", "expected"), [
    ([-4], [True], 0, [Part(0, 4)]),
    ([4, -4], [False, True], 0, [Part(0, 0)]),
    ([4, -4, -4], [False, False, True], 0, [Part(0, 0), Part(2, 4)]),
    ([1, -4], [False, True], 0, [Part(0, 3)]),
    ([-1, -4, 2], [False, True, False], 0, [Part(0, 5)]),
    ([1, -2, -1], [False, False, True], 0, [Part(0, 2)]),
    ([-2, 1, 1], [True, False, True], 4, [Part(0, 4)]),
    ([4, -4, 5], [False, False, True], 0, [Part(0, 0), Part(2, -5)]),
    ([-2, -2], [True, True], 0, [Part(0, 4)]),
])  # fmt: skip
def test_a_forced_fill_reduces_what_was_open_before_the_fills(
    deltas: list[int], forced: list[bool], opening: int, expected: list[Part]
) -> None:
    assert expected == parts_of_forced(deltas, forced, opening)
