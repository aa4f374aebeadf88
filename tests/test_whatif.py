"""What one change would have meant for a liquidation, against the worked example and by its laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.judging.case import Case
from ledger.judging.fates import Course, fate
from ledger.judging.whatif import counterfactuals
from ledger.judging.worlds import World, smaller
from ledger.margining.sheet import Rule, Sheet
from reports.audit import Counterfactual
from tests.cases import (
    START,
    TRIGGER,
    event,
    exposure,
    fractions,
    leg,
    moment,
    path,
    posting,
    sheet,
    stake,
    with_line,
    worked,
)

CENT = Decimal("0.01")
FALL = path((0, "40000"), (20, "38500"), (40, "38100"), (48, "36779.10"), (50, "36500"), (60, "35000"))
"""It goes on falling after the trigger."""


def named(case: Case, name: str) -> Counterfactual:
    """Return the one counterfactual of a name."""
    (found,) = [one for one in counterfactuals(case) if one.name == name]
    return found


def at_leverages(case: Case) -> dict[str, Counterfactual]:
    return {one.title.split(" ")[1]: one for one in counterfactuals(case) if one.name == "leverage"}


# --------------------------------------------------------------------------------------------- the worked example


def test_the_worked_example_is_liquidated_where_its_formula_says() -> None:
    trigger = worked().trigger
    assert (Fraction("73.55"), Fraction("73.5582")) == (trigger.equity(), trigger.required())
    price = trigger.liquidation_price()
    assert price is not None
    assert Decimal("36779.1165") == round(Decimal(price.numerator) / Decimal(price.denominator), 4)


@pytest.mark.parametrize(
    ("name", "change", "price"),
    [
        ("no_withdrawal", "300", "36176.71"),
        ("no_funding", "6", "36767.07"),
        ("no_fees", "10", "36759.04"),
        ("isolated", None, "38152.61"),
    ],
)
def test_the_published_liquidation_prices_of_the_worked_example(name: str, change: str | None, price: str) -> None:
    found = named(worked(), name)
    assert (None if change is None else Decimal(change)) == found.change
    assert found.liquidation_price is not None
    assert Decimal(price) == found.liquidation_price.quantize(CENT)


def test_equity_with_a_change_is_the_equity_less_what_the_line_did() -> None:
    case = worked()
    for name, lines in {"no_funding": ("own_funding", "other_funding"), "no_fees": ("own_fees", "other_fees"),
                        "no_withdrawal": ("transfers_out",)}.items():  # fmt: skip
        paid = sum(case.until_trigger.get(line, Fraction(0)) for line in lines)
        equity = named(case, name).equity
        assert equity is not None
        assert case.trigger.equity() - paid == Fraction(equity)


def test_nothing_is_asked_of_what_did_not_happen() -> None:
    names = [one.name for one in counterfactuals(worked())]
    assert ["no_funding", "no_fees", "no_withdrawal", "isolated", *["leverage"] * 3] == names


def test_without_a_price_file_it_is_not_said_that_it_would_have_survived() -> None:
    found = named(worked(), "no_withdrawal")
    assert ("not_then", None, None) == (found.outcome, found.liquidated_at, found.until)
    assert "at that moment" in found.sentence
    assert "not known" in found.sentence


def test_where_prices_are_known_it_survives_until_the_last_of_them() -> None:
    case = worked(has_path=True, path=path((0, "40000"), (48, "36779.10"), (49, "36300"), (80, "41000")))
    found = named(case, "no_withdrawal")
    assert ("survived", START + timedelta(hours=80), None) == (found.outcome, found.until, found.liquidated_at)
    assert "not liquidated until 2024-03-04 18:00:00 UTC" in found.sentence


def test_a_price_that_goes_on_falling_liquidates_it_later() -> None:
    found = named(worked(has_path=True, path=FALL), "no_withdrawal")
    assert ("liquidated", START + timedelta(hours=60)) == (found.outcome, found.liquidated_at)
    assert "12 h later" in found.sentence


def test_isolated_margin_is_lost_sooner_and_alone() -> None:
    found = named(worked(has_path=True, path=FALL), "isolated")
    assert ("liquidated", START + timedelta(hours=40)) == (found.outcome, found.liquidated_at)
    assert Decimal(1000) == found.loss
    assert "8 h earlier" in found.sentence


def test_without_prices_nobody_says_when_isolated_margin_would_have_been_lost() -> None:
    found = named(worked(), "isolated")
    assert ("liquidated", None) == (found.outcome, found.liquidated_at)
    assert "when is not known" in found.sentence


@pytest.mark.parametrize("mode", ["isolated", "portfolio"])
def test_isolated_margin_is_asked_of_cross_margin_only(mode: str) -> None:
    assert "isolated" not in [one.name for one in counterfactuals(worked(margin_mode=mode))]


def test_margin_that_was_not_added_means_an_earlier_and_smaller_loss() -> None:
    case = with_line(worked(), "transfers_in", "400", START + timedelta(hours=20))
    case = replace(case, moments=[moment(10, "1400", "78", "38800"), moment(24, "500", "76", "38200"),
                                  moment(36, "470", "75", "38100")])  # fmt: skip
    found = named(case, "no_added_margin")
    assert Decimal(-400) == found.change
    assert ("liquidated", START + timedelta(hours=36)) == (found.outcome, found.liquidated_at)
    assert found.loss == Decimal(2000) - 300 + 400 - 400


def test_margin_that_came_with_a_fill_of_an_isolated_position_is_not_added_margin() -> None:
    grown = START + timedelta(hours=3)
    legs = (leg(1, START, "0.25", "40000", "0.25", "40000"), leg(2, grown, "0.25", "40000", "0.5", "40000"))
    case = with_line(worked(margin_mode="isolated", stakes=[stake(legs)]), "transfers_in", "500", grown)
    assert "no_added_margin" not in [one.name for one in counterfactuals(case)]
    assert "no_added_margin" in [one.name for one in counterfactuals(replace(case, margin_mode="cross"))]


def test_funding_that_was_received_held_it_up() -> None:
    case = with_line(worked(), "own_funding", "106")
    found = named(case, "no_funding")
    assert ("liquidated", Decimal(-100)) == (found.outcome, found.change)
    assert "received" in found.title


def test_a_smaller_position_scales_all_that_it_did() -> None:
    case = worked()
    found = at_leverages(case)
    assert ["2x", "3x", "5x"] == list(found)
    own = Fraction("-1610.45") - 10 - 6
    assert found["5x"].equity is not None
    assert Fraction("73.55") - own / 2 == Fraction(found["5x"].equity)


def test_without_the_other_positions_their_results_and_their_margin_are_gone() -> None:
    other = exposure("2", "2000", "1900", position_id="pos:other", symbol="ETHUSDT", is_own=False)
    case = worked(trigger=sheet("1884", exposure(), other))
    case = replace(
        case, until_trigger={**case.until_trigger, **fractions({"other_unrealized_pnl": "-200", "other_fees": "-4"})}
    )
    found = named(case, "no_other_positions")
    assert (Decimal(204), Decimal("277.55"), Decimal("73.5582")) == (
        found.change,
        found.equity,
        found.maintenance_margin,
    )
    assert "not_then" == found.outcome


def test_half_the_size_from_the_margin_call_on() -> None:
    calls = [moment(1, "1990", "80"), moment(40, "734", "76.2", "38100")]
    case = worked(warning=Fraction(10), moments=calls, warning_name="margin level")
    found = named(case, "half_at_call")
    lost_since = Fraction("0.5") * (38100 - Fraction("36779.10"))
    assert found.equity is not None
    assert Fraction("73.55") + lost_since / 2 == Fraction(found.equity)
    assert Decimal("36.7791") == found.maintenance_margin


def test_deleveraging_has_no_counterfactuals() -> None:
    assert [] == counterfactuals(worked(event=event(is_adl=True)))


def test_what_was_required_may_be_unknown() -> None:
    case = worked(trigger=sheet("1684", exposure(tiers=())))
    assert {"unknown"} == {one.outcome for one in counterfactuals(case)}
    assert all("not known" in one.sentence for one in counterfactuals(case))
    unpriced = worked(trigger=sheet("1684", exposure(mark=None), price=None))
    assert {None} == {one.equity for one in counterfactuals(unpriced) if one.name != "isolated"}


# ------------------------------------------------------------------------------------------------- other buckets


def test_a_short_is_liquidated_by_a_rising_price() -> None:
    held = exposure("0.5", "40000", "43860", side=-1)
    lines = fractions({"transfers_out": "-100", "own_price_pnl": "-1930"})
    case = worked(trigger=sheet("2000", held, price="43860"), until_trigger=lines, has_path=True,
                  path=path((0, "40000"), (48, "43860"), (50, "43900"), (52, "44100")))  # fmt: skip
    found = named(case, "no_withdrawal")
    assert found.liquidation_price is not None
    assert found.liquidation_price > 43860
    assert START + timedelta(hours=52) == found.liquidated_at


def test_a_loan_with_half_of_its_debt() -> None:
    loan = Sheet(cash=Fraction(-25050), owed=Fraction(25050), base=Fraction(1), price=Fraction(30000),
                 rule=Rule(kind="ltv", level=Fraction("0.83")))  # fmt: skip
    case = worked(event=event(kind="loan", side="borrower", symbol="BTC"), margin_mode="cross", trigger=loan, base="BTC",
                  stakes=[], until_trigger=fractions({"interest": "-50"}), postings=[])  # fmt: skip
    half = named(case, "half_loan")
    assert half.liquidation_price is not None
    assert Decimal("15090.36") == half.liquidation_price.quantize(CENT)
    without = named(case, "no_interest")
    assert without.liquidation_price is not None
    assert Decimal("30120.48") == without.liquidation_price.quantize(CENT), "25,000 / 0.83: the interest is no debt"


def test_collateral_in_the_own_base_is_worth_what_its_price_makes_of_it() -> None:
    loan = Sheet(cash=Fraction(-25050), owed=Fraction(25050), base=Fraction(1), price=Fraction(30000),
                 rule=Rule(kind="ltv", level=Fraction("0.83")))  # fmt: skip
    released = posting(
        "transfers_out", "-16000", START + timedelta(hours=3), "release", asset="BTC", amount=Fraction("-0.5")
    )
    case = worked(event=event(kind="loan", side="borrower", symbol="BTC"), trigger=loan, base="BTC", stakes=[],
                  until_trigger=fractions({"transfers_out": "-16000"}), postings=[released])  # fmt: skip
    found = named(case, "no_withdrawal")
    assert Decimal(15000) == found.change
    assert found.liquidation_price is not None
    assert Decimal("20120.48") == found.liquidation_price.quantize(CENT), "25,050 / (1.5 x 0.83)"


def test_a_margin_long_of_half_its_size_borrows_less() -> None:
    """0.5 BTC bought at 40,000, of which 18,000 borrowed: half of it at half the price needs 8,000 of debt."""
    held = exposure(is_asset=True, tiers=())
    margin = Sheet(cash=Fraction(-18000), owed=Fraction(18000), base=Fraction("0.5"), price=Fraction(39600),
                   exposures=(held,), rule=Rule(kind="level", level=Fraction("1.1")))  # fmt: skip
    case = worked(trigger=margin, base="BTC", until_trigger=fractions({"own_price_pnl": "-200"}), postings=[])
    half = smaller(case, Fraction(1, 2)).sheet
    assert (Fraction(8000), Fraction("0.25"), Fraction(1900)) == (half.owed, half.base, half.equity())
    assert Fraction(-8000) == half.cash
    assert Fraction(39600) == margin.liquidation_price()
    assert Fraction(35200) == half.liquidation_price()


# ------------------------------------------------------------------------------------------------------- laws


@given(st.integers(0, 5000), st.integers(1, 5000), st.sampled_from([1, -1]), st.sampled_from(["linear", "inverse"]))
@settings(max_examples=25, deadline=None)
def test_more_cash_never_brings_the_liquidation_nearer(cash: int, more: int, side: int, style: str) -> None:
    size, unit = ("0.5", Fraction(1)) if style == "linear" else ("20000", Fraction(1, 40000))
    held = exposure(size, "40000", "40000", side=side, style=style)
    before = sheet(cash * unit, held, price="40000")
    after = before.with_cash(more * unit)
    was, now = before.liquidation_price(), after.liquidation_price()
    if now is not None and was is not None:
        assert side * now <= side * was
    required, more_required = before.required(), after.required()
    assert required is not None
    assert required == more_required
    assert after.equity() > before.equity()


@given(st.integers(1, 400), st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_what_adds_cash_never_makes_the_outcome_worse(paid: int, rise: int) -> None:
    prices = path((0, "40000"), (48, "36779.10"), (50, str(36779 - 20 * rise)), (60, "36200"), (70, "39000"))
    case = with_line(worked(has_path=True, path=prices), "interest", str(-paid), START + timedelta(hours=10))
    found = named(case, "no_interest")
    assert found.outcome in {"liquidated", "survived"}
    assert found.liquidated_at is None or found.liquidated_at >= TRIGGER
    more = fate(case, World(sheet=case.trigger.with_cash(Fraction(paid + 1))), Course(case))
    assert more.at is None or (found.liquidated_at is not None and more.at >= found.liquidated_at)


@given(st.integers(1, 99), st.integers(1, 99))
@settings(max_examples=25, deadline=None)
def test_lower_leverage_liquidates_farther_away(one: int, other: int) -> None:
    low, high = sorted((one, other))
    case = worked()
    near, far = (smaller(case, Fraction(part, 100)).sheet.liquidation_price() or 0 for part in (high, low))
    assert far <= near < Fraction("36779.2")


def test_a_path_tells_when_a_price_was_first_reached() -> None:
    course = Course(worked(has_path=True, path=FALL))
    assert START + timedelta(hours=20) == course.first(Fraction(38500), falling=True, after=START)
    assert TRIGGER == course.first(Fraction(38499), falling=True, after=START + timedelta(hours=40))
    assert START == course.first(Fraction(40000), falling=False, after=START, including=True)
    assert course.first(Fraction(40000), falling=False, after=START) is None
    assert course.first(Fraction(34999), falling=True, after=START) is None
    assert Fraction(38500) == course.at(START + timedelta(hours=21))
    assert course.at(START - timedelta(hours=1)) is None
