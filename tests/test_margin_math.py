"""Requirement, liquidation and bankruptcy prices against the examples that venues and others published."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.margining.limits import (
    OpenPosition,
    at_entry,
    bankruptcy,
    by_level,
    hedged,
    inverse,
    linear,
    of_its_tier,
    quick_margin,
    with_fee,
)
from ledger.margining.requirement import (
    Tier,
    deductions,
    health,
    initial,
    maintenance,
    margin_level,
    notional,
    used_margin,
)

ZERO = Fraction(0)


def near(expected: str, found: Fraction | None) -> bool:
    """Whether a figure is the published one, in as many decimals as were published."""
    assert found is not None
    places = len(expected.partition(".")[2])
    return abs(Fraction(expected) - found) <= Fraction(1, 10**places)


# --------------------------------------------------------------------------------------------- requirement


def test_the_deduction_of_a_tier_of_a_coin_contract() -> None:
    floors = [Fraction(value) for value in (0, 10, 20, 30, 50)]
    rates = [Fraction(value) / 1000 for value in (4, 5, 10, 25, 50)]
    assert [Fraction("0.56"), Fraction("1.81")] == deductions(floors, rates)[-2:]


def test_the_deduction_of_a_usdt_contract() -> None:
    floors = [Fraction(value) for value in (0, 50_000, 250_000)]
    assert [0, 50, 1_300] == deductions(floors, [Fraction("0.004"), Fraction("0.005"), Fraction("0.01")])


def test_the_deductions_of_a_whole_ladder() -> None:
    floors = [Fraction(value) for value in (0, 5_000, 50_000, 600_000, 1_200_000, 3_000_000, 4_000_000, 6_000_000)]
    rates = [Fraction(value) / 1000 for value in (10, 20, 25, 50, 100, 125, 250, 500)]
    assert [0, 50, 300, 15_300, 75_300, 150_300, 650_300, 2_150_300] == deductions(floors, rates)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 100)), min_size=1, max_size=6), st.integers(0, 10**8))
def test_the_requirement_has_no_step_where_tiers_deduct(steps: list[tuple[int, int]], value: int) -> None:
    floors, rates = [ZERO], [Fraction(1, 250)]
    for width, rise in steps:
        floors.append(floors[-1] + width)
        rates.append(rates[-1] + Fraction(rise, 1000))
    tiers = [Tier(floor=floor, rate=rate, deduction=taken)
             for floor, rate, taken in zip(floors, rates, deductions(floors, rates), strict=True)]  # fmt: skip
    for floor in floors[1:]:
        assert maintenance(tiers, floor) == floor * rates[floors.index(floor) - 1] - deductions(floors, rates)[
            floors.index(floor) - 1]  # fmt: skip
    assert maintenance(tiers, Fraction(value)) <= maintenance(tiers, Fraction(value + 1))


def test_kraken_margin_level_of_a_long() -> None:
    used = used_margin(Fraction("1.5"), Fraction(30_000), Fraction(5))
    equity = Fraction(10_000) + Fraction("1.5") * (Fraction("28133.30") - 30_000)
    assert (Fraction(9_000), Fraction("7199.95")) == (used, equity)
    assert near("0.79999", equity / used)


def test_kraken_margin_level_of_a_short_whose_used_margin_grows() -> None:
    quantity = Fraction(10_000) / 50_000
    equity = Fraction(5_000) - quantity * (65_200 - 50_000)
    used = used_margin(quantity, Fraction(65_200), Fraction(5))
    assert used == 2_608
    assert near("0.75", equity / used)
    assert Fraction("2.5") == Fraction(5_000) / used_margin(quantity, Fraction(50_000), Fraction(5))


BINANCE = {
    "ETH": OpenPosition(side=1, quantity=Fraction("3683.979"), entry=Fraction("1456.84")),
    "BTC": OpenPosition(side=1, quantity=Fraction("109.488"), entry=Fraction("32481.98")),
}
MARKS = {"ETH": Fraction("1335.18"), "BTC": Fraction("31967.27")}
RATES = {"ETH": (Fraction("0.1"), Fraction(135_365)), "BTC": (Fraction("0.025"), Fraction(16_300))}
WALLET = Fraction("1535443.01")


def _required(name: str) -> Fraction:
    rate, taken = RATES[name]
    return BINANCE[name].value(MARKS[name]) * rate - taken


def test_binance_margin_ratio_of_two_positions() -> None:
    required = _required("ETH") + _required("BTC")
    balance = WALLET + sum(BINANCE[name].unrealized(MARKS[name]) for name in BINANCE)
    assert near("427713.32", required)
    assert near("1030895.56", balance)
    assert near("0.4149", required / balance)
    assert near("2.4102", health(balance, required))


def test_spot_margin_level_and_initial_margin() -> None:
    assert Fraction("1.25") == margin_level(Fraction(125), Fraction(100))
    assert margin_level(Fraction(125), ZERO) is None
    assert health(Fraction(125), ZERO) is None
    assert Fraction(400) == initial(notional("linear", Fraction(1), Fraction(20_000)), Fraction(50))


# ------------------------------------------------------------------------------------------ liquidation price


@pytest.mark.parametrize(("name", "expected"), [("ETH", "1114.784964"), ("BTC", "18778.73")])
def test_binance_isolated(name: str, expected: str) -> None:
    assert near(expected, linear(BINANCE[name], WALLET, *RATES[name]))


@pytest.mark.parametrize(("name", "other", "expected"), [("ETH", "BTC", "1153.26"), ("BTC", "ETH", "26316.89")])
def test_binance_cross(name: str, other: str, expected: str) -> None:
    price = linear(
        BINANCE[name], WALLET, *RATES[name], others_required=_required(other),
        others_unrealized=BINANCE[other].unrealized(MARKS[other]),
    )  # fmt: skip
    assert near(expected, price)


FEE = Fraction("0.0006")
MMR = Fraction("0.01")


def _of(side: int, leverage: int, entry: str, quantity: str) -> tuple[OpenPosition, Fraction]:
    held = OpenPosition(side=side, quantity=Fraction(quantity), entry=Fraction(entry))
    return held, held.value(held.entry) / leverage


@pytest.mark.parametrize(
    ("side", "leverage", "entry", "quantity", "expected"),
    [
        (-1, 5, "10", "1", "11.89108910891089"),
        (-1, 3, "10", "1", "13.211221122079207"),
        (-1, 5, "8", "1", "9.514851485148514"),
        (-1, 5, "10", "0.6", "11.897689768976898"),
        (1, 5, "10", "1", "8.070707070707071"),
        (1, 5, "8", "1", "6.454545454545454"),
        (1, 3, "10", "1", "6.723905723905723"),
        (1, 5, "10", "0.6", "8.063973063973064"),
    ],
)
def test_freqtrade_on_binance(side: int, leverage: int, entry: str, quantity: str, expected: str) -> None:
    held, margin = _of(side, leverage, entry, quantity)
    found = linear(held, margin, MMR, Fraction("0.01"))
    assert found is not None
    assert abs(float(found) - float(expected)) < 1e-9


@pytest.mark.parametrize(
    ("side", "leverage", "entry", "expected"),
    [
        (-1, 5, "10", "11.87413417771621"),
        (-1, 3, "10", "13.193482419684678"),
        (-1, 5, "8", "9.499307342172967"),
        (1, 5, "10", "8.085708510208207"),
        (1, 3, "10", "6.738090425173506"),
    ],
)
def test_freqtrade_on_gate_and_okx(side: int, leverage: int, entry: str, expected: str) -> None:
    held, margin = _of(side, leverage, entry, "1")
    found = with_fee(held, margin, MMR, FEE)
    assert found is not None
    assert abs(float(found) - float(expected)) < 1e-9


@pytest.mark.parametrize(
    ("side", "prices"),
    [(1, ("0.1", "6.7666667", "8.1", "9.1")), (-1, ("19.9", "13.2333333", "11.9", "10.9"))],
)
def test_freqtrade_on_bybit(side: int, prices: tuple[str, ...]) -> None:
    for leverage, expected in zip((1, 3, 5, 10), prices, strict=True):
        held, margin = _of(side, leverage, "10", "1")
        assert near(expected, at_entry(held, margin, held.value(held.entry) * MMR)), leverage


def test_bybit_usdt_isolated() -> None:
    held = OpenPosition(side=1, quantity=Fraction(1), entry=Fraction(20_000))
    assert Fraction(19_700) == at_entry(held, Fraction(400), Fraction(100))


def test_bybit_inverse_by_the_old_rule_and_at_mark() -> None:
    long = OpenPosition(side=1, quantity=Fraction(60_000), entry=Fraction(50_000), style="inverse")
    short = OpenPosition(side=-1, quantity=Fraction(60_000), entry=Fraction(50_000), style="inverse")
    assert Fraction("1.2") == long.value(long.entry)
    assert near("45662.10", at_entry(long, Fraction("0.12"), Fraction("0.006")))
    assert near("55248.62", at_entry(short, Fraction("0.12"), Fraction("0.006")))
    assert near("45681.82", inverse(long, Fraction("0.12"), Fraction("0.005")))
    assert near("55277.78", inverse(short, Fraction("0.12"), Fraction("0.005")))


def test_bybit_inverse_cross() -> None:
    held = OpenPosition(side=1, quantity=Fraction(10_000), entry=Fraction(8_000), style="inverse")
    fee = Fraction("0.00075")
    assert near("5718.57", bankruptcy(held, Fraction("0.5"), fee))
    gone = bankruptcy(held, Fraction("0.5"), fee)
    assert gone is not None
    required = held.value(held.entry) * Fraction("0.005") + held.value(gone) * fee
    found = at_entry(held, Fraction("0.5"), required)
    assert near("5739.08", found)  # printed as 5,739.50, the next tick above
    assert found is not None
    assert Fraction("5739.50") == Fraction(math.ceil(found * 2), 2)


def test_bankruptcy_prices_of_leverage() -> None:
    inverse_held = OpenPosition(side=1, quantity=Fraction(1_000), entry=Fraction("7890.08"), style="inverse")
    gone = bankruptcy(inverse_held, inverse_held.value(inverse_held.entry) / 50)
    assert near("7735.37", gone)
    assert gone is not None
    assert Fraction("7735.50") == Fraction(math.ceil(gone * 2), 2)  # the next tick
    held = OpenPosition(side=1, quantity=Fraction(1), entry=Fraction(10_000))
    assert Fraction(9_800) == bankruptcy(held, held.value(held.entry) / 50)


def test_the_worked_liquidation_of_a_cross_wallet() -> None:
    held = OpenPosition(side=1, quantity=Fraction("0.5"), entry=Fraction(40_000))
    wallet = Fraction(2_000) - 10 - 6 - 300
    assert near("36779.1165", linear(held, wallet, Fraction("0.004")))
    assert near("36176.71", linear(held, wallet + 300, Fraction("0.004")))
    assert near("36767.07", linear(held, wallet + 6, Fraction("0.004")))
    assert near("38152.61", linear(held, Fraction(1_000), Fraction("0.004")))


def test_spot_margin_by_level_is_where_assets_are_eleven_tenths_of_the_debt() -> None:
    price = by_level((Fraction(2), Fraction(0)), (Fraction(0), Fraction(40_000)))
    assert price is not None
    assert Fraction("1.1") == margin_level(2 * price, Fraction(40_000))
    alone = by_level((Fraction(2), Fraction(100_000)), (Fraction(0), Fraction(40_000)))
    assert alone is None, "the quote alone pays the debt"


@settings(max_examples=25)
@given(st.integers(1, 50), st.integers(1, 50), st.fractions(0, Fraction(1, 10)), st.fractions(0, Fraction(1, 100)))
def test_quick_margin_is_where_assets_meet_debt_and_requirement(
    base: int, quote: int, rate: Fraction, fee: Fraction
) -> None:
    price = quick_margin((Fraction(base), ZERO), (ZERO, Fraction(quote)), rate, fee)
    assert price is not None
    assert base * price == quote * (1 + rate) * (1 + fee)


@settings(max_examples=25)
@given(
    st.sampled_from([1, -1]), st.sampled_from(["linear", "inverse"]), st.fractions(Fraction(1, 10), 1000, max_denominator=100),
    st.fractions(1, 10_000, max_denominator=100), st.integers(2, 100), st.fractions(Fraction(1, 1000), Fraction(1, 20)),
)  # fmt: skip
def test_at_the_liquidation_price_equity_is_the_requirement(
    side: int, style: str, quantity: Fraction, entry: Fraction, leverage: int, rate: Fraction
) -> None:
    held = OpenPosition(side=side, quantity=quantity, entry=entry, style=style)
    margin = held.value(entry) / leverage
    price = linear(held, margin, rate) if style == "linear" else inverse(held, margin, rate)
    assume(price is not None)
    assert price is not None
    assert margin + held.unrealized(price) == held.value(price) * rate
    gone = bankruptcy(held, margin)
    if gone is not None:
        assert margin + held.unrealized(gone) == 0
        assert (gone < price) == (side > 0)


def test_both_sides_of_a_hedge_share_one_price() -> None:
    long, short = (
        OpenPosition(side=side, quantity=Fraction(size), entry=Fraction(100)) for side, size in ((1, 3), (-1, 1))
    )
    price = hedged(long, short, Fraction(50), (Fraction("0.01"), Fraction("0.01")), (ZERO, ZERO))
    assert price is not None
    equity = 50 + long.unrealized(price) + short.unrealized(price)
    assert equity == (long.value(price) + short.value(price)) * Fraction("0.01")


def test_the_tier_is_that_of_the_liquidation_price() -> None:
    tiers = [
        Tier(floor=ZERO, rate=Fraction("0.01")),
        Tier(floor=Fraction(1_000), rate=Fraction("0.05"), deduction=Fraction(40)),
    ]
    held = OpenPosition(side=1, quantity=Fraction(10), entry=Fraction(110))
    margin = Fraction(200)
    price = of_its_tier(held, tiers, lambda tier: linear(held, margin, tier.rate, tier.deduction), Fraction(110))
    assert price is not None
    assert margin + held.unrealized(price) == maintenance(tiers, held.value(price))
    assert held.value(price) < 1_000
