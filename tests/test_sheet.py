"""The published examples once more, through the sheet of a bucket; and what must hold of any sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.margining.limits import OpenPosition, hedged, quick_margin
from ledger.margining.requirement import ZERO, Tier, deductions
from ledger.margining.sheet import Exposure, Rule, Sheet
from tests.test_margin_math import near

FEE = Fraction("0.0006")


def flat(rate: str | Fraction, deduction: str | Fraction = ZERO) -> tuple[Tier, ...]:
    """One tier without an end."""
    return (Tier(floor=ZERO, rate=Fraction(rate), deduction=Fraction(deduction)),)


def exposure(
    side: int, quantity: str | int | Fraction, entry: str | int | Fraction, tiers: Sequence[Tier] = (), *,
    mark: str | int | Fraction | None = None, is_own: bool = True, style: str = "linear",
    leverage: int | None = None, product: str = "perpetual",
) -> Exposure:  # fmt: skip
    """A position; its mark is its entry unless given."""
    return Exposure(
        position_id=f"{side}:{quantity}:{entry}",
        symbol="X",
        side=side,
        quantity=Fraction(quantity),
        entry=Fraction(entry),
        mark=Fraction(entry if mark is None else mark),
        is_own=is_own,
        style=style,
        tiers=tiers,
        leverage=None if leverage is None else Fraction(leverage),
        product=product,
    )


def sheet(cash: str | int | Fraction, *exposures: Exposure, rule: Rule | None = None) -> Sheet:
    """A bucket at the mark of its own instrument."""
    own = next(one for one in exposures if one.is_own)
    return Sheet(cash=Fraction(cash), price=own.mark, exposures=exposures, rule=rule or Rule(kind="tiers"))


def holds(found: Sheet) -> None:
    """Assert that at its liquidation price the equity is the requirement, exactly."""
    price = found.liquidation_price()
    assert price is not None
    assert found.equity(price) == found.required(price)


# ------------------------------------------------------------------------------------------------- published


WALLET = "1535443.01"
ETH = ("3683.979", "1456.84", flat("0.1", "135365"), "1335.18")
BTC = ("109.488", "32481.98", flat("0.025", "16300"), "31967.27")


def binance(own: tuple[str, str, tuple[Tier, ...], str], other: tuple[str, str, tuple[Tier, ...], str] | None) -> Sheet:
    positions = [exposure(1, own[0], own[1], own[2], mark=own[3])]
    if other is not None:
        positions.append(exposure(1, other[0], other[1], other[2], mark=other[3], is_own=False))
    return sheet(WALLET, *positions)


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [(ETH, None, "1114.784964"), (BTC, None, "18778.73"), (ETH, BTC, "1153.26"), (BTC, ETH, "26316.89")],
)
def test_binance_isolated_and_cross(
    own: tuple[str, str, tuple[Tier, ...], str], other: tuple[str, str, tuple[Tier, ...], str] | None, expected: str
) -> None:
    found = binance(own, other)
    assert near(expected, found.liquidation_price())
    holds(found)


def test_binance_margin_ratio_of_two_positions() -> None:
    found = binance(ETH, BTC)
    required = found.required()
    assert near("427713.32", required)
    assert near("1030895.56", found.equity())
    assert required is not None
    assert near("0.4149", required / found.equity())
    assert near("2.4102", found.health())


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
    margin = Fraction(entry) * Fraction(quantity) / leverage
    found = sheet(margin, exposure(side, quantity, entry, flat("0.01", "0.01"))).liquidation_price()
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
    rule = Rule(kind="tiers", fee=FEE)
    found = sheet(Fraction(entry) / leverage, exposure(side, 1, entry, flat("0.01")), rule=rule).liquidation_price()
    assert found is not None
    assert abs(float(found) - float(expected)) < 1e-9


@pytest.mark.parametrize(
    ("side", "prices"),
    [(1, ("0.1", "6.7666667", "8.1", "9.1")), (-1, ("19.9", "13.2333333", "11.9", "10.9"))],
)
def test_freqtrade_on_bybit(side: int, prices: tuple[str, ...]) -> None:
    for leverage, expected in zip((1, 3, 5, 10), prices, strict=True):
        held = exposure(side, 1, 10, flat("0.01"))
        assert near(expected, sheet(Fraction(10, leverage), held, rule=Rule(kind="entry")).liquidation_price())


def test_bybit_usdt_isolated() -> None:
    found = sheet(400, exposure(1, 1, 20_000, flat("0.005"), leverage=50), rule=Rule(kind="entry"))
    assert found.initial() == 400
    assert found.required() == 100
    assert Fraction(19_700) == found.liquidation_price()


@pytest.mark.parametrize(
    ("side", "kind", "expected"),
    [(1, "entry", "45662.10"), (-1, "entry", "55248.62"), (1, "tiers", "45681.82"), (-1, "tiers", "55277.78")],
)
def test_bybit_inverse_by_the_old_rule_and_at_mark(side: int, kind: str, expected: str) -> None:
    held = exposure(side, 60_000, 50_000, flat("0.005"), style="inverse", leverage=10)
    found = sheet("0.12", held, rule=Rule(kind=kind))
    assert Fraction("0.12") == found.initial()
    assert Fraction("0.006") == found.required()
    assert near(expected, found.liquidation_price())
    holds(found)


def test_bankruptcy_prices() -> None:
    inverse = exposure(1, 10_000, 8_000, style="inverse")
    assert near("5718.57", sheet("0.5", inverse).bankruptcy_price(Fraction("0.00075")))
    small = exposure(1, 1_000, "7890.08", style="inverse")
    assert near("7735.37", sheet(Fraction(1_000) / Fraction("7890.08") / 50, small).bankruptcy_price())
    assert Fraction(9_800) == sheet(200, exposure(1, 1, 10_000)).bankruptcy_price()


def test_kraken_margin_levels() -> None:
    rule = Rule(kind="used", level=Fraction("0.4"))
    long = sheet(10_000, exposure(1, "1.5", 30_000, mark="28133.30", leverage=5, product="margin"), rule=rule)
    used = long.initial()
    assert used is not None
    assert used == 9_000
    assert Fraction("7199.95") == long.equity()
    assert near("0.79999", long.equity() / used)
    holds(long)
    short = sheet(5_000, exposure(-1, "0.2", 50_000, mark=65_200, leverage=5, product="margin"), rule=rule)
    used = short.initial()
    assert used is not None
    assert used == 2_608
    assert short.equity() == 1_960
    assert near("0.75", short.equity() / used)
    holds(short)


def test_the_worked_liquidation_of_a_cross_wallet() -> None:
    found = sheet(1_684, exposure(1, "0.5", 40_000, flat("0.004")))
    assert near("36779.1165", found.liquidation_price())
    assert near("36176.71", found.with_cash(Fraction(300)).liquidation_price())
    assert near("36767.07", found.with_cash(Fraction(6)).liquidation_price())
    assert near("38152.61", replace(found, cash=Fraction(1_000)).liquidation_price())
    mark = Fraction("36779.10")
    assert near("73.55", found.equity(mark))
    assert near("73.5582", found.required(mark))


def test_both_sides_of_a_hedge_share_one_price() -> None:
    tiers = flat("0.01")
    found = sheet(50, exposure(1, 3, 100, tiers), exposure(-1, 1, 100, tiers))
    long, short = (
        OpenPosition(side=side, quantity=Fraction(size), entry=Fraction(100)) for side, size in ((1, 3), (-1, 1))
    )
    rates = (Fraction("0.01"), Fraction("0.01"))
    assert hedged(long, short, Fraction(50), rates, (ZERO, ZERO)) == found.liquidation_price()


# ---------------------------------------------------------------------------------------------- loans and debts


def loan(owed: str | int, units: str | int, price: str | int, level: str) -> Sheet:
    """A loan in dollars against units of a coin."""
    return Sheet(
        cash=-Fraction(owed), owed=Fraction(owed), base=Fraction(units), price=Fraction(price),
        rule=Rule(kind="ltv", level=Fraction(level)),
    )  # fmt: skip


def test_the_prices_of_a_loan_at_which_it_is_called_and_liquidated() -> None:
    called, sold = (loan(10_000, "1.7", 9_000, level).liquidation_price() for level in ("0.75", "0.83"))
    assert called is not None
    assert sold is not None
    assert near("7843.14", called)
    assert near("13333.33", called * Fraction("1.7"))
    assert near("7087.17", sold)
    assert near("12048.19", sold * Fraction("1.7"))


def test_a_loan_beyond_its_level_came_to_it_at_a_higher_price() -> None:
    found = loan(25_050, 1, 30_000, "0.83")
    assert Fraction("0.835") == found.debt() / (found.equity() + found.debt())
    assert near("30180.72", found.liquidation_price())
    assert (found.health() or 0) < 1


def test_what_a_collateral_sale_leaves_and_what_is_still_owed_after_one() -> None:
    fee = Fraction("0.02")
    sold = loan(25_050, 1, 29_900, "0.83")
    assert sold.equity() - sold.debt() * fee == 4_349
    assert loan(25_050, 1, 24_900, "0.83").equity() == -150


def test_okx_quick_margin_is_a_debt_with_a_requirement() -> None:
    rate, fee = Fraction("0.03"), Fraction("0.001")
    level = (1 + rate) * (1 + fee)
    found = Sheet(
        cash=Fraction(-1_000), owed=Fraction(1_000), base=Fraction(1), price=Fraction(1_500),
        rule=Rule(kind="level", level=level),
    )  # fmt: skip
    expected = quick_margin((Fraction(1), ZERO), (ZERO, Fraction(1_000)), rate, fee)
    assert expected == found.liquidation_price()


def test_the_collateral_ratio_counts_of_what_is_owned_and_not_of_what_is_owed() -> None:
    owned = Sheet(cash=ZERO, base=Fraction(2), base_ratio=Fraction("0.9"), price=Fraction(100))
    assert [180, 0] == [owned.equity(), owned.debt()]
    owing = replace(owned, base=ZERO, base_owed=Fraction(2))
    assert [-200, 200] == [owing.equity(), owing.debt()]


def test_portfolio_margin_is_liquidated_at_a_multiple_of_the_requirement() -> None:
    plain = sheet(1_000, exposure(1, 1, 10_000, flat("0.01")))
    found = replace(plain, rule=Rule(kind="tiers", level=Fraction("1.05")))
    price = found.liquidation_price()
    assert price is not None
    assert found.equity(price) == plain.required(price) * Fraction("1.05")  # type: ignore[operator]


def test_what_is_unknown_is_none() -> None:
    without_tiers = sheet(1_000, exposure(1, 1, 100))
    assert (None, None, None) == (
        without_tiers.required(), without_tiers.liquidation_price(), without_tiers.health()
    )  # fmt: skip
    unmarked = replace(exposure(1, 1, 100, flat("0.01")), mark=None)
    assert Sheet(cash=Fraction(1), exposures=[unmarked]).required() is None


# ------------------------------------------------------------------------------------------------- properties


FRACTIONS = st.fractions(min_value=1, max_value=1_000, max_denominator=100)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Tiers whose rates rise, with amounts deducted (Binance, Bybit) or without (OKX, Gate)."""
    steps = draw(st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 40)), min_size=0, max_size=4))
    floors, rates = [ZERO], [Fraction(1, 200)]
    for width, rise in steps:
        floors.append(floors[-1] + width)
        rates.append(rates[-1] + Fraction(rise, 1_000))
    taken = deductions(floors, rates) if draw(st.booleans()) else [ZERO] * len(floors)
    return tuple(
        Tier(floor=floor, rate=rate, deduction=amount)
        for floor, rate, amount in zip(floors, rates, taken, strict=True)
    )  # fmt: skip


@st.composite
def buckets(draw: st.DrawFn) -> Sheet:
    """A bucket of one own position, perhaps others, that is not liquidated at its mark."""
    style = draw(st.sampled_from(["linear", "inverse"]))
    side = draw(st.sampled_from([1, -1]))
    entry, quantity = draw(FRACTIONS), draw(FRACTIONS)
    mark = entry * draw(st.fractions(Fraction(1, 2), 2, max_denominator=20))
    own = exposure(side, quantity, entry, draw(ladders()), mark=mark, style=style)
    others = [
        exposure(-side, draw(FRACTIONS), draw(FRACTIONS), draw(ladders()), mark=draw(FRACTIONS), is_own=False)
        for _ in range(draw(st.integers(0, 2)))
    ]
    rule = Rule(
        kind="tiers", fee=draw(st.sampled_from([ZERO, FEE])), level=draw(st.sampled_from([ZERO, Fraction(21, 20)]))
    )
    empty = sheet(0, own, *others, rule=rule)
    required, worth = empty.required(), own.value()
    assert required is not None
    assert worth is not None
    above = worth * draw(st.fractions(Fraction(1, 100), 1, max_denominator=100))
    return empty.with_cash(required - empty.equity() + above)


def at_border(found: Sheet, price: Fraction) -> bool:
    """Whether an own position is exactly on the floor of a tier."""
    return any(one.value(price) == tier.floor for one in found.own() for tier in one.tiers)


@settings(max_examples=25, deadline=None)
@given(buckets())
def test_at_the_liquidation_price_equity_is_the_requirement_or_a_tier_ends(found: Sheet) -> None:
    price = found.liquidation_price()
    assume(price is not None)
    assert price is not None
    required = found.required(price)
    assert required is not None
    assert found.equity(price) == required or at_border(found, price)
    side = found.own()[0].side
    assert side * (found.price - price) > 0, "it is in the losing direction"  # type: ignore[operator]


@settings(max_examples=25, deadline=None)
@given(buckets(), st.fractions(Fraction(1, 100), 100, max_denominator=100))
def test_more_cash_never_brings_it_nearer(found: Sheet, more: Fraction) -> None:
    price, other = found.liquidation_price(), found.with_cash(more).liquidation_price()
    side = found.own()[0].side
    assert price is not None or other is None
    if price is not None and other is not None:
        assert side * other <= side * price


@settings(max_examples=25, deadline=None)
@given(buckets())
def test_it_comes_before_bankruptcy(found: Sheet) -> None:
    price, gone = found.liquidation_price(), found.bankruptcy_price()
    side = found.own()[0].side
    if gone is not None:
        assert price is not None
        assert side * gone <= side * price
        assert found.equity(gone) == 0


@settings(max_examples=25, deadline=None)
@given(buckets(), st.integers(2, 9))
def test_a_smaller_size_is_farther_away(found: Sheet, parts: int) -> None:
    own = found.own()[0]
    at_entry = replace(found, price=own.entry, exposures=[replace(own, mark=own.entry)])
    at_entry = at_entry.with_cash((own.value(own.entry) or ZERO) - at_entry.equity())
    smaller = at_entry.resized(Fraction(1, parts))
    price, other = at_entry.liquidation_price(), smaller.liquidation_price()
    if price is not None and other is not None:
        assert own.side * other <= own.side * price
