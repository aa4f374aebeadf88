"""Rules of venues are dated, sourced and say the same as health; terms come from the book before the built-in ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from ledger.margining.requirement import ONE, ZERO, Tier, maintenance
from ledger.margining.rules import MEASURES, VenueRule, deducts, ratio, rule_of, standing
from ledger.margining.sheet import RULES, Exposure, Sheet
from ledger.margining.tiers import Tiers, implied_rate
from tests.books import imported, new_book, write

AT = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ("contract", "margin", "unified", "loan")


def lines() -> list[dict[str, str]]:
    path = Path(__file__).parent.parent / "ledger" / "margining" / "rules.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def every_rule() -> list[VenueRule]:
    """The rule of every line at an instant at which it is in force."""
    found = []
    for line in lines():
        kinds = KINDS[:-1] if line["kind"] == "*" else (line["kind"],)
        at = datetime.fromisoformat(line["valid_from"]) if line["valid_from"] else datetime(2019, 7, 6, tzinfo=UTC)
        mode = None if line["margin_mode"] == "*" else line["margin_mode"]
        found += [rule_of(kind, line["venue"], line["wallet"], mode, at) for kind in kinds]
    return found


# ------------------------------------------------------------------------------------------------ the table


def test_every_line_says_what_it_measures_and_where_that_comes_from() -> None:
    for line in lines():
        assert line["measure"] in MEASURES
        assert line["rule"] in RULES
        assert line["kind"] in (*KINDS, "*")
        assert line["name"]
        assert line["formula"]
        assert line["source"]
        assert Fraction(line["liquidation"]) > 0
        for column in ("valid_from", "valid_to"):
            assert not line[column] or datetime.fromisoformat(line[column]).tzinfo is not None


def test_lines_of_one_thing_do_not_overlap() -> None:
    places = ("venue", "kind", "wallet", "margin_mode")
    for one, other in combinations(lines(), 2):
        if [one[name] for name in places] == [other[name] for name in places]:
            earlier, later = sorted((one, other), key=lambda line: line["valid_from"])
            assert earlier["valid_to"] == later["valid_from"] != ""


def test_a_warning_comes_before_the_liquidation() -> None:
    for rule in every_rule():
        assert rule.health_at(rule.liquidation) == 1
        assert rule.warning is None or rule.warning > 1


# ---------------------------------------------------------------------------------------- ratio and health


def bucket(rule: VenueRule, *, is_short: bool = False) -> Sheet:
    """A bucket that the rule can measure: a position in contracts, or a coin on borrowed money."""
    side = -1 if is_short else 1
    held = Exposure(
        position_id="1", symbol="X", side=side, quantity=Fraction(1), entry=Fraction(100), mark=Fraction(100),
        is_own=True, tiers=(Tier(floor=ZERO, rate=Fraction(1, 100)),), leverage=Fraction(5),
    )  # fmt: skip
    if rule.rule.kind in ("level", "ltv") and is_short:
        return Sheet(cash=Fraction(250), base_owed=Fraction(1), price=Fraction(100), rule=rule.rule)
    if rule.rule.kind in ("level", "ltv"):
        return Sheet(
            cash=Fraction(-60), owed=Fraction(60), base=Fraction(1), price=Fraction(100), rule=rule.rule
        )  # fmt: skip
    return Sheet(cash=Fraction(40), price=Fraction(100), exposures=[held], rule=rule.rule)


@pytest.mark.parametrize("is_short", [False, True])
def test_the_ratio_of_every_rule_is_its_level_where_health_is_one(is_short: bool) -> None:
    for rule in every_rule():
        sheet = bucket(rule, is_short=is_short)
        price = sheet.liquidation_price()
        assert price is not None, rule
        assert sheet.health(price) == 1
        assert ratio(rule, sheet, price) == rule.liquidation, rule


@pytest.mark.parametrize("is_short", [False, True])
def test_the_ratio_of_every_rule_tells_the_health(is_short: bool) -> None:
    for rule in every_rule():
        found = standing(rule, bucket(rule, is_short=is_short))
        assert found.ratio is not None
        assert found.health == rule.health_at(found.ratio), rule
        assert (found.ratio < rule.liquidation) == rule.rises, "healthy: below a level that is reached by rising"


def test_a_ratio_of_what_is_unknown_or_gone_is_none() -> None:
    rule = rule_of("contract", "binance", "usdm", "cross", AT)
    without_tiers = replace(bucket(rule), exposures=[replace(bucket(rule).own()[0], tiers=())])
    assert ratio(rule, without_tiers) is None
    assert ratio(rule, bucket(rule).with_cash(Fraction(-1_000))) is None
    level = rule_of("margin", "binance", "cross_margin", None, AT)
    assert ratio(level, Sheet(cash=Fraction(5), rule=level.rule)) is None, "nothing is owed"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("contract", "binance", "usdm", "cross"), ("margin ratio", ">= 100 %", "")),
        (("contract", "binance", "coinm", "isolated"), ("margin ratio", ">= 100 %", "")),
        (("contract", "binance", "usdm", "portfolio"), ("uniMMR", "<= 105 %", "uniMMR 150 %")),
        (("margin", "binance", "cross_margin", None), ("margin level", "<= 1.1", "margin level 1.3")),
        (("loan", "binance", "loan", None), ("LTV", ">= 83 %", "LTV 75 %")),
        (("unified", "bybit", "unified", None), ("account maintenance margin rate", ">= 100 %", "")),
        (
            ("unified", "okx", "unified", "cross"),
            ("maintenance margin ratio", "<= 100 %", "maintenance margin ratio 300 %"),
        ),
        (("margin", "kraken", "spot", None), ("margin level", "<= 40 %", "margin level 80 %")),
        (("margin", "kucoin", "cross_margin", None), ("debt ratio", ">= 97 %", "debt ratio 95 %")),
        (("loan", "nexo", "unified", None), ("LTV", ">= 83.3 %", "LTV 71.4 %")),
    ],
)
def test_a_venue_measures_in_its_own_words(
    place: tuple[str, str, str, str | None], expected: tuple[str, str, str]
) -> None:
    rule = rule_of(*place, AT)
    assert rule.is_known
    assert expected == (rule.name, rule.level, rule.warning_name)


def test_health_at_the_warnings() -> None:
    assert rule_of("margin", "binance", "cross_margin", None, AT).warning == 3
    assert rule_of("margin", "kraken", "spot", None, AT).warning == 2
    assert rule_of("loan", "binance", "loan", None, AT).warning == Fraction(25, 17)
    assert rule_of("unified", "okx", "unified", None, AT).warning == 3


def test_what_is_not_known_is_taken_from_others_and_says_so() -> None:
    nobody = rule_of("contract", "nobody", "usdm", None, AT)
    assert not nobody.is_known
    assert "no rule of this venue is known" in nobody.source
    assert rule_of("loan", "hyperliquid", "loan", None, AT).rule.kind == "ltv", "a rule of contracts is none of loans"
    early = rule_of("loan", "nexo", "unified", None, datetime(2019, 1, 1, tzinfo=UTC))
    assert not early.is_known
    assert "2019-01-01" in early.source
    with pytest.raises(ValueError, match="kind of bucket"):
        rule_of("option", "binance", "usdm", None, AT)


def test_a_rule_that_changed_is_that_of_its_day() -> None:
    changed = datetime(2025, 1, 1, tzinfo=UTC)
    before, after = (
        rule_of("contract", "bybit", "unified", "isolated", at) for at in (datetime(2024, 12, 31, tzinfo=UTC), changed)
    )
    assert ["entry", "tiers"] == [before.rule.kind, after.rule.kind]


# -------------------------------------------------------------------------------------------------- terms


def floors(tiers: Sequence[Tier]) -> list[Fraction]:
    return [tier.floor for tier in tiers]


@pytest.fixture(scope="module")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Tiers:
    with new_book(tmp_path_factory.mktemp("terms")) as book:
        return Tiers.load(book.store)


def test_the_tiers_in_force_are_those_of_the_day(builtin: Tiers) -> None:
    old, label, source = builtin.of("binance", "main", "BTCUSDT", None, datetime(2022, 1, 1, tzinfo=UTC))
    assert label == "assumed"
    assert source.startswith("built-in from 2021-03-18: announcement of 2021-03-18")
    assert [0, 50_000, 250_000] == floors(old)[:3]
    assert Fraction(1_300) == old[2].deduction
    new, _, _ = builtin.of("binance", "main", "BTCUSDT", None, AT)
    assert [0, 300_000, 800_000] == floors(new)[:3]
    assert Fraction(1, 150) == new[0].initial_rate
    early, _, said = builtin.of("binance", "main", "SOLUSDT", None, datetime(2021, 5, 19, tzinfo=UTC))
    assert floors(early)
    assert "taken for 2021-05-19 too" in said
    assert ((), "", "") == builtin.of("binance", "main", "NEVERUSDT", None, AT)


def test_the_requirement_at_bybit_has_no_step(builtin: Tiers) -> None:
    tiers, _, _ = builtin.of("bybit", "main", "BTCUSDT", None, datetime(2025, 6, 1, tzinfo=UTC))
    assert 35 == len(tiers)
    for below, above in pairwise(tiers):
        assert above.floor * below.rate - below.deduction == maintenance(tiers, above.floor)


def test_a_table_by_size_gives_the_one_tier_of_the_size_or_nothing(builtin: Tiers) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    tiers, label, source = builtin.of("okx", "main", "BTC-USDT-SWAP", None, at, Fraction(-400))
    assert (1, ZERO, Fraction(4, 1_000), "assumed") == (len(tiers), tiers[0].floor, tiers[0].rate, label)
    assert "in contracts" in source
    (second,), _, _ = builtin.of("okx", "main", "BTC-USDT-SWAP", None, at, Fraction(1_001))
    assert (ZERO, Fraction(5, 1_000)) == (second.floor, second.rate)
    for quantity in (None, Fraction(460_001)):
        assert ((), "", "") == builtin.of("okx", "main", "BTC-USDT-SWAP", None, at, quantity)


def test_a_table_that_ends_says_nothing_of_what_is_beyond(builtin: Tiers) -> None:
    asked = ("bybit", "main", "BTCUSD", None, AT, Fraction(1))
    assert 1 == len(builtin.of(*asked, Fraction(150))[0])
    assert ((), "", "") == builtin.of(*asked, Fraction(151))


def test_imported_tiers_stand_first_and_make_up_for_amounts_that_a_venue_deducts(tmp_path: Path) -> None:
    header = "symbol,tier,floor,cap,maintenance_rate,valid_from"
    rows = [
        "BTC/USDT:USDT,1,0,1000,0.01,2025-01-01T00:00:00Z", "BTC/USDT:USDT,2,1000,,0.02,2025-01-01T00:00:00Z",
        "BTC/USDT:USDT,1,0,,0.03,2026-06-01T00:00:00Z",
    ]  # fmt: skip
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "tiers.csv", header, rows), account="main")
        terms = Tiers.load(book.store)
    tiers, label, source = terms.of("binance", "main", "BTCUSDT", "BTC/USDT:USDT", AT)
    assert ("supplied", "imported from 2025-01-01") == (label, source)
    assert deducts("binance")
    assert [0, 10] == [tier.deduction for tier in tiers]
    stepped, _, _ = terms.of("okx", "other", "BTC-USDT-SWAP", "BTC/USDT:USDT", AT)
    assert [0, 0] == [tier.deduction for tier in stepped], "its tiers step"
    later, _, _ = terms.of("binance", "main", "BTCUSDT", "BTC/USDT:USDT", datetime(2026, 7, 1, tzinfo=UTC))
    assert [Fraction(3, 100)] == [tier.rate for tier in later]
    assert "assumed" == terms.of("binance", "main", "ETHUSDT", "ETH/USDT:USDT", AT)[1]


def test_a_collateral_ratio_holds_for_the_part_inside_its_tier(builtin: Tiers) -> None:
    """Published: 25 ETH at 3,000 count 74,375 for a loan of 60,000: loan to value 80.67 %."""
    value = Fraction(75_000)
    found, label, _ = builtin.collateral_ratio("bybit", "main", "ETH", AT, value, kind="loan")
    assert label == "assumed"
    assert value * found == 74_375
    assert abs(Fraction(60_000) / (value * found) - Fraction("0.8067")) < Fraction(1, 10_000)
    unified, _, _ = builtin.collateral_ratio("bybit", "main", "ETH", AT, value)
    assert Fraction("0.95") == unified
    by_size, _, _ = builtin.collateral_ratio(
        "okx", "main", "BTC", datetime(2026, 10, 1, tzinfo=UTC), Fraction(2_000_000), quantity=Fraction(24)
    )
    assert (20 * Fraction("0.98") + 4 * Fraction("0.9775")) / 24 == by_size


def test_collateral_that_nobody_rates_counts_in_full_and_a_debt_always_does(builtin: Tiers) -> None:
    assert (ONE, "assumed") == builtin.collateral_ratio("bybit", "main", "NEVER", AT, Fraction(5))[:2]
    assert (ONE, "implied") == builtin.collateral_ratio("bybit", "main", "BTC", AT, Fraction(-5))[:2]
    before = datetime(2026, 1, 1, tzinfo=UTC)
    asked = ("binance", "main", "BTC", before, Fraction(110_000_000))
    assert (ONE, "implied") == builtin.collateral_ratio(*asked, kind="margin")[:2]
    later = builtin.collateral_ratio(
        "binance", "main", "BTC", datetime(2026, 7, 1, tzinfo=UTC), asked[4], kind="margin"
    )
    assert (Fraction(100_000_000) + 10_000_000 * Fraction("0.975")) / asked[4] == later[0]


def test_the_thresholds_of_a_loan_make_the_rule_of_its_lender(builtin: Tiers, tmp_path: Path) -> None:
    rule = rule_of("loan", "nexo", "unified", None, AT)
    terms = builtin.loan_terms("nexo", "main", "USD", "BTC", AT)
    assert terms is not None
    assert Fraction("0.833") == terms.applied(rule).liquidation
    assert builtin.loan_terms("binance", "main", "USDT", "BTC", AT) is None, "which of its loans it is, nothing says"
    fixed = builtin.loan_terms("binance", "main", "USDT", "BTC", AT, "fixed_term_loan")
    assert fixed is not None
    assert Fraction("0.02") == fixed.fee
    header = "collateral_asset,margin_call_ltv,liquidation_ltv,valid_from"
    rows = ["BTC,0.7,0.8,2025-01-01T00:00:00Z", ",0.5,0.6,2025-01-01T00:00:00Z"]
    with new_book(tmp_path) as book:
        imported(book, write(tmp_path, "terms.csv", header, rows), account="main")
        loaded = Tiers.load(book.store)
    own = loaded.loan_terms("nexo", "main", "USD", "BTC", AT)
    assert own is not None
    applied = own.applied(rule)
    assert (Fraction("0.8"), Fraction("0.8"), "supplied") == (
        applied.liquidation,
        applied.rule.level,
        applied.rule.label,
    )
    assert "LTV 70 %" == applied.warning_name
    other = loaded.loan_terms("nexo", "main", "USD", "ETH", AT)
    assert other is not None
    assert Fraction("0.6") == other.liquidation


def test_a_liquidation_implies_a_rate() -> None:
    assert Fraction("0.004") == implied_rate(Fraction(40), Fraction(10_000))
    assert Fraction("0.005") == implied_rate(Fraction(40), Fraction(10_000), Fraction(10))
    assert implied_rate(Fraction(-1), Fraction(10_000)) is None
    assert implied_rate(Fraction(1), ZERO) is None
