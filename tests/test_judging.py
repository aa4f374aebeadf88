"""The findings of a liquidation, each at its threshold and not below, and the cause that is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.judging.case import Case, Quote
from ledger.judging.judging import findings, primary_cause
from ledger.judging.thresholds import Thresholds
from ledger.judging.volatility import daily_volatility
from ledger.margining.requirement import Tier
from ledger.margining.sheet import Rule, Sheet
from reports.audit import Finding, Term
from schemas.errors import UnknownThing
from tests.cases import (
    START,
    TIERS,
    TRIGGER,
    event,
    exposure,
    fractions,
    leg,
    moment,
    path,
    sheet,
    stake,
    with_line,
    worked,
)

BUFFER = Fraction(1910)
"""Of the worked example at its opening: 1,990 of equity, 80 required."""


def codes(case: Case, thresholds: Thresholds | None = None) -> set[str]:
    return {finding.code for finding in findings(case, thresholds or Thresholds())}


def found(case: Case, code: str, thresholds: Thresholds | None = None) -> Finding:
    """Return the one finding of a code."""
    (only,) = [finding for finding in findings(case, thresholds or Thresholds()) if finding.code == code]
    return only


def calm(**changes: object) -> Case:
    """Return the worked example without its withdrawal, and with twice the equity at its opening: it is not too large."""
    case = worked(**changes)
    return replace(
        case,
        opened=sheet("3990", exposure(mark="40000"), price="40000"),
        postings=[row for row in case.postings if row.row_key != "withdrawal"],
        until_trigger={**case.until_trigger, "transfers_out": Fraction(0)},
    )


CALM_BUFFER = Fraction(3910)

# --------------------------------------------------------------------------------------------- each at its threshold


def slipped(amount: str) -> Case:
    return replace(calm(), terms=[Term(name="slippage", amount=-Decimal(amount))])


def averaged(added: str) -> Case:
    legs = (leg(1, START, "0.5", "40000", "0.5", "40000"),
            leg(2, START + timedelta(hours=2), added, "39000", str(Fraction("0.5") + Fraction(added)), "39600"))  # fmt: skip
    return replace(calm(), stakes=[stake(legs)])


def stepping(rate: str, bound: str = "19000") -> Case:
    """Return a short whose value rose over the floor of a tier."""
    tiers = (TIERS[0], Tier(floor=Fraction(bound), rate=Fraction(rate)))
    opened = sheet("3990", exposure(mark="36000", tiers=tiers), price="36000")
    return replace(calm(), opened=opened, trigger=sheet("1690", exposure(mark="38500", tiers=tiers), price="38500"))


def others(cost: str, least: str = "0") -> Case:
    """Return a case whose other positions took a part of the 73.55 - 73.5582 that was missing, and more."""
    case = calm(trigger=sheet(Fraction(1684) - Fraction(least), exposure()))
    return replace(case, until_trigger={**case.until_trigger, "other_realized_pnl": -Fraction(cost)})


def warned(health: str) -> Case:
    equity = str(Decimal(health) * 76)
    return replace(calm(), moments=[moment(1, "3990", "80"), moment(40, equity, "76")])


def gap(unexplained: str) -> Case:
    return replace(calm(), unexplained=Fraction(unexplained))


def added(lost_of_400: str) -> Case:
    """Return a case in which 400 were added while it was losing; so much of it is lost."""
    case = with_line(calm(has_path=True, path=path((0, "40000"), (10, "39000"), (48, "36779.10"))), "transfers_in", "400",
                     START + timedelta(hours=11))  # fmt: skip
    return replace(case, end_equity=400 - Fraction(lost_of_400))


def collateral(fell: str) -> Case:
    return replace(calm(), until_trigger=fractions({"own_price_pnl": "-700", "collateral_price": f"-{fell}"}))


def traded(last: str) -> Case:
    return replace(calm(), last_quote=Quote(price=Fraction(last), at=TRIGGER, label="supplied", source="candles"))


AT_THRESHOLDS: list[tuple[str, Case, Case]] = [
    ("over_leverage", replace(calm(), opened=sheet("2000", exposure(mark="40000"), price="40000")),
     replace(calm(), opened=sheet("2000.01", exposure(mark="40000"), price="40000"))),
    ("carry_drain", with_line(calm(), "own_funding", "-776.01"), with_line(calm(), "own_funding", "-776")),
    ("carry_drain", with_line(calm(), "interest_in_kind", "-776.01"), with_line(calm(), "interest", "-776")),
    ("fee_drain", with_line(calm(), "other_fees", "-772.01"), with_line(calm(), "other_fees", "-772")),
    ("collateral_drop", collateral("300.01"), collateral("300")),
    ("thin_liquidity", slipped("73.5583"), slipped("73.5582")),
    ("averaging_down", averaged("0.25"), averaged("0.2499")),
    ("tier_step", stepping("0.05"), stepping("0.05", "21000")),
    ("cross_contagion", others("39.11"), others("39.10")),
    ("cross_contagion", others("100", "99.9"), others("100", "100")),
    ("no_reduction_after_call", warned("1.499"), warned("1.5")),
    ("data_gap", gap("20.01"), gap("20")),
    ("data_gap", gap("-20.01"), gap("-20")),
    ("margin_added_to_loser", added("360"), added("359.99")),
    ("basis", traded("36411.3089"), traded("36411.3091")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "at", "below"), AT_THRESHOLDS, ids=[f"{row[0]}-{n}" for n, row in enumerate(AT_THRESHOLDS)]
)
def test_a_finding_fires_at_its_threshold_and_not_below(code: str, at: Case, below: Case) -> None:
    finding = found(at, code)
    assert code not in codes(below)
    assert finding.threshold
    assert finding.sentence.endswith(".")
    assert finding.severity in {"info", "warning", "critical"}


def test_a_quiet_life_has_no_findings() -> None:
    assert set() == codes(calm())


def test_a_finding_names_its_rows_and_its_amount() -> None:
    finding = found(with_line(calm(), "own_funding", "-800"), "carry_drain")
    assert Decimal(806) == finding.amount
    assert ("funding", "own_funding:-800") == finding.rows
    assert "806.00 USDT" in finding.sentence
    assert ("withdrawal",) == found(worked(), "withdrawal").rows


def test_a_liquidation_price_near_the_opening_is_over_leverage() -> None:
    """At 1,076 of equity it is (20,000 - 1,076) / 0.498 = 38,000: 5 % away."""
    large = Thresholds(over_leverage=Fraction(100))
    assert "over_leverage" not in codes(
        replace(calm(), opened=sheet("1076", exposure(mark="40000"), price="40000")), large
    )
    near = replace(calm(), opened=sheet("1075.99", exposure(mark="40000"), price="40000"))
    assert "liquidation price < 5.00%" in found(near, "over_leverage", large).threshold


def test_the_distance_to_liquidation_counts_in_volatilities_where_prices_are_known() -> None:
    changing = path(*((24 * day, "40000" if day % 2 else "44000") for day in range(-8, 1)), (48, "36779.10"))
    case = calm(has_path=True, path=changing)
    volatility = daily_volatility(case)
    assert volatility is not None
    assert "over_leverage" in codes(case), "a fifth of the price is less than three daily moves of a tenth"
    finding = found(case, "over_leverage")
    assert "daily volatilities" in finding.threshold
    assert "volatility" in finding.assumed
    assert daily_volatility(calm()) is None


def test_a_fall_straight_to_the_liquidation_is_no_call() -> None:
    case = replace(calm(), moments=[moment(1, "3990", "80"), moment(47, "73", "73.5"), moment(47.9, "73.5", "73.5")])
    assert "no_reduction_after_call" not in codes(case)
    late = replace(case, moments=[moment(1, "3990", "80"), moment(47.9, "90", "73.5")])
    assert "info" == found(late, "no_reduction_after_call").severity


def test_a_loan_is_measured_from_when_it_was_drawn() -> None:
    nothing = Sheet(cash=Fraction(0), price=Fraction(40000), rule=Rule(kind="ltv", level=Fraction("0.83")))
    drawn = moment(1, "15000", "6800", liquidation_price=Decimal("30120"))
    case = replace(
        calm(), opened=nothing, moments=[moment(0, "40000", "1", maintenance_margin=Decimal(0), health=None), drawn]
    )
    assert "over_leverage" not in codes(case)
    near = replace(case, moments=[replace(drawn, liquidation_price=Decimal("38001"))])
    assert "5.00%" in found(near, "over_leverage").threshold
    assert "carry_drain" in codes(with_line(case, "interest", "-1635")), "a fifth of 15,000 - 6,800"
    assert "carry_drain" not in codes(with_line(case, "interest", "-1634"))


def test_a_stated_price_at_which_nothing_would_be_gone_is_no_bankruptcy_price() -> None:
    assert "thin_liquidity" not in codes(replace(calm(), event=event(bankruptcy_price=Fraction(39000))))


def test_health_that_recovered_is_no_call_that_nobody_answered() -> None:
    case = replace(warned("1.2"), moments=[moment(2, "90", "76"), moment(30, "3000", "76"), moment(44, "200", "76")])
    assert "no_reduction_after_call" not in codes(case)


@pytest.mark.parametrize("answer", ["collateral", "reduction"])
def test_a_call_that_was_answered_is_no_finding(answer: str) -> None:
    case = warned("1.2")
    later = START + timedelta(hours=42)
    if answer == "collateral":
        case = with_line(case, "transfers_in", "50", later)
    else:
        (own,) = case.stakes
        case = replace(
            case, stakes=[replace(own, legs=(own.legs[0], leg(3, later, "-0.1", "38000", "0.4", "40000"), own.legs[1]))]
        )
    assert "no_reduction_after_call" not in codes(case)


def test_funding_that_turned_is_told_from_its_turn_on() -> None:
    case = with_line(calm(), "own_funding", "40", START + timedelta(hours=1))
    case = with_line(case, "own_funding", "-230", START + timedelta(hours=20))
    finding = found(case, "funding_flip")
    assert Decimal(236) == finding.amount
    assert ("funding", "own_funding:-230") == finding.rows
    assert "funding_flip" not in codes(with_line(calm(), "own_funding", "-236"))


def test_a_withdrawal_that_came_back_is_no_cause() -> None:
    back = with_line(worked(), "transfers_in", "300", START + timedelta(hours=40))
    assert "withdrawal" not in codes(back)
    part = with_line(worked(), "transfers_in", "200", START + timedelta(hours=40))
    assert Decimal(100) == found(part, "withdrawal").amount
    assert "withdrawal" not in codes(worked(), Thresholds(least_driver=Fraction(300) / BUFFER))


def test_a_fill_beyond_bankruptcy_and_insurance_are_thin_liquidity() -> None:
    assert "thin_liquidity" in codes(replace(calm(), event=event(bankruptcy_price=Fraction("36750.01"))))
    assert "thin_liquidity" not in codes(replace(calm(), event=event(bankruptcy_price=Fraction(36750))))
    assert "thin_liquidity" in codes(replace(calm(), terms=[Term(name="insurance", amount=Decimal("0.01"))]))


def test_a_haircut_that_changed_is_a_drop_of_collateral() -> None:
    def margin(ratio: str) -> Sheet:
        return Sheet(cash=Fraction(-25000), owed=Fraction(25000), base=Fraction(1), base_ratio=Fraction(ratio),
                     price=Fraction(30000), rule=Rule(kind="level", level=Fraction("1.1")))  # fmt: skip

    case = calm(trigger=margin("0.9"))
    assert "collateral_drop" in codes(replace(case, opened=margin("0.95")))
    assert "collateral_drop" not in codes(replace(case, opened=margin("0.9")))


def test_a_partial_liquidation_whose_fee_took_the_rest() -> None:
    second = TRIGGER + timedelta(minutes=1)
    legs = (leg(1, START, "0.5", "40000", "0.5", "40000"),
            leg(2, TRIGGER, "-0.2", "36750", "0.3", "40000", is_forced=True),
            leg(3, second, "-0.3", "36740", "0", None, is_forced=True))  # fmt: skip

    def after(equity: str) -> Case:
        case = calm(stakes=[stake(legs)])
        return replace(case, moments=[replace(moment(48, equity, "44"), kind="liquidation")])

    assert Decimal("49.8125") == found(after("44"), "partial_then_full").amount
    assert "partial_then_full" not in codes(after("44.01")), "it was still above what was required"
    assert "partial_then_full" not in codes(after("-6")), "without the fee it would have been liquidated as well"


def test_adding_to_a_winner_is_no_averaging_down() -> None:
    legs = (leg(1, START, "0.5", "40000", "0.5", "40000"),
            leg(2, START + timedelta(hours=2), "0.5", "41000", "1", "40500"))  # fmt: skip
    assert "averaging_down" not in codes(replace(calm(), stakes=[stake(legs)]))


def test_margin_added_to_a_winner_is_no_margin_added_to_a_loser() -> None:
    case = with_line(calm(has_path=True, path=path((0, "40000"), (10, "41000"))), "transfers_in", "400",
                     START + timedelta(hours=11))  # fmt: skip
    assert "margin_added_to_loser" not in codes(case)


# ------------------------------------------------------------------------------------------------- the cause


def cause(case: Case, thresholds: Thresholds | None = None) -> tuple[str | None, str]:
    limits = thresholds or Thresholds()
    return primary_cause(case, findings(case, limits), limits)


def test_the_withdrawal_of_the_worked_example_is_its_cause() -> None:
    code, verdict = cause(worked())
    assert "withdrawal" == code
    assert verdict.startswith("You were liquidated because 300.00 USDT had been withdrawn")
    assert (
        "the equity was 73.55 USDT and 73.56 USDT were required; with it still there it would have been 373.55"
        in verdict
    )
    assert "36,176.707" in verdict


def test_without_a_driver_it_was_the_price() -> None:
    code, verdict = cause(calm())
    assert "price_move" == code
    assert verdict.startswith("You were liquidated because the price moved beyond the buffer: BTCUSDT fell 8.05%")


def test_the_largest_driver_is_the_cause() -> None:
    case = with_line(worked(), "own_funding", "-400")
    assert {"withdrawal", "carry_drain"} <= codes(case)
    assert "carry_drain" == cause(case)[0]
    assert "withdrawal" == cause(with_line(worked(), "own_funding", "-200"), Thresholds(carry_drain=Fraction(1, 10)))[0]


def test_a_driver_that_alone_avoids_nothing_is_no_cause() -> None:
    poorer = replace(with_line(calm(), "own_funding", "-800"), trigger=sheet("600", exposure()))
    assert "carry_drain" in codes(poorer)
    assert "price_move" == cause(poorer)[0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: replace(worked(), unexplained=Fraction(-120)), "-120.00 USDT (6.00% of the start) unexplained"),
        (lambda: worked(trigger=sheet("1684", exposure(mark=None), price=None)), "for want of a price"),
        (lambda: worked(trigger=sheet("1684", exposure(tiers=()))), "for want of a tier table"),
    ],
)
def test_no_cause_is_named_where_the_data_do_not_tell(make: Callable[[], Case], words: str) -> None:
    code, verdict = cause(make())
    assert code is None
    assert words in verdict


def test_deleveraging_is_no_liquidation() -> None:
    held = exposure("0.5", "30000", "36779.10")
    code, verdict = cause(worked(event=event(is_adl=True, stage="adl"), trigger=sheet("1684", held)))
    assert "adl" == code
    assert verdict.startswith(
        "You were not liquidated: your long BTCUSDT, 3,389.55 USDT in profit, was closed at 36,750"
    )


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("over_leverage", replace(calm(), opened=sheet("500", exposure(mark="40000"), price="40000"))),
        ("collateral_drop", replace(calm(), until_trigger=fractions({"collateral_price": "-300.5"}))),
        ("fee_drain", with_line(calm(), "own_fees", "-900")),
        ("tier_step", stepping("0.05")),
        ("cross_contagion", others("500")),
        ("averaging_down", averaged("0.4")),
    ],
)
def test_each_driver_can_be_the_cause_and_its_sentence_stands(code: str, case: Case) -> None:
    named, verdict = cause(case)
    assert code == named
    assert verdict.startswith("You were liquidated because ")
    assert verdict.endswith(".")
    assert "{" not in verdict


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(-100, 400))
@settings(max_examples=25)
def test_the_cause_is_a_finding_that_alone_avoids_the_trigger(paid: int, fees: int, short: int) -> None:
    case = with_line(with_line(calm(), "own_funding", str(-paid)), "own_fees", str(-fees))
    case = replace(case, trigger=case.trigger.with_cash(Fraction(-short)))
    code, _ = cause(case)
    required, equity = case.trigger.required(), case.trigger.equity()
    assert required is not None
    costs = {"carry_drain": Fraction(paid + 6), "fee_drain": Fraction(fees + 10)}
    able = {name: cost for name, cost in costs.items() if cost > CALM_BUFFER / 5 and equity + cost > required}
    assert (code in able and able[code] == max(able.values())) if able else code == "price_move"


# ------------------------------------------------------------------------------------------------- thresholds


def test_thresholds_come_from_a_file_and_from_words(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.toml"
    file.write_text("carry_drain = 0.35\nover_leverage = 5\n", encoding="utf-8")
    read = Thresholds.read(file)
    assert (Fraction(35, 100), Fraction(5), Fraction(20, 100)) == (read.carry_drain, read.over_leverage, read.fee_drain)
    told = read.told(["fee_drain=12.5%", "basis = 0.02"])
    assert (Fraction(1, 8), Fraction(1, 50), Fraction(35, 100)) == (told.fee_drain, told.basis, told.carry_drain)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("carry_drian=0.3", "did you mean carry_drain?"),
        ("carry_drain", "write name=value"),
        ("carry_drain=much", "write a number"),
        ("carry_drain=-0.1", "not negative"),
        ("carry_drain=NaN", "is no threshold"),
        ("carry_drain=1e999999", "is no threshold"),
        ("carry_drain=٣", "is no threshold"),
    ],
)
def test_a_wrong_threshold_is_named(word: str, sentence: str) -> None:
    with pytest.raises(UnknownThing) as raised:
        Thresholds().told([word])
    assert sentence in str(raised.value)


@pytest.mark.parametrize(("text", "words"), [("carry_drain = [", "is no TOML"), ("carry_drain = true", "no threshold"),
                                             ("[audit]\nbasis = 1", "there is no threshold 'audit'")])  # fmt: skip
def test_a_wrong_file_of_thresholds_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "thresholds.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnknownThing) as raised:
        Thresholds.read(file)
    assert words in str(raised.value)
    with pytest.raises(UnknownThing, match="cannot be read"):
        Thresholds.read(tmp_path / "nowhere.toml")


def test_a_threshold_that_is_set_decides() -> None:
    case = with_line(calm(), "own_funding", "-500")
    assert "carry_drain" not in codes(case)
    assert "carry_drain" in codes(case, Thresholds(carry_drain=Fraction(1, 10)))
