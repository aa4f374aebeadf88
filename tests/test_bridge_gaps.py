"""What rows or prices that are missing do to the bridge of a liquidation whose truth is known."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.lives.liquidations.audits import LIVES, assert_sums, audited, is_near
from tests.lives.liquidations.figures import of_each_kind

F = Fraction
MISSED = {
    "usdm cross": ("transfer", "realized", "fee", "funding", "clearance", "insurance"),
    "margin cross": ("LIQUIDATION_FEE",), "unified": ("INTEREST",),
}  # fmt: skip
"""Kinds of rows whose absence the balances at both ends show."""


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kinds in MISSED.items() for kind in kinds])
def test_a_row_that_is_missing_between_stated_balances_is_unexplained_by_its_amount(name: str, kind: str) -> None:
    life = LIVES[name]()
    row = of_each_kind(life.cash, life.truth.asset)[kind]
    audit = audited(life, without=row)
    assert row.value == F(audit.unexplained)
    assert is_near(life.truth.end_equity, audit.end_equity)
    assert is_near(life.truth.start_equity, audit.start_equity)
    assert_sums(audit)


def test_a_balance_that_jumps_to_nothing_without_a_row_was_covered_by_the_venue() -> None:
    life = LIVES["usdm bankrupt"]()
    row = of_each_kind(life.cash, "USDT")["insurance"]
    audit = audited(life, without=row)
    assert audit.unexplained == 0
    assert row.value == F(audit.term("insurance"))
    assert "implied" == next(term.label for term in audit.terms if term.name == "insurance")
    assert_sums(audit)


@pytest.mark.parametrize("name", ["coinm inverse", "margin isolated"])
def test_without_a_price_file_the_bridge_still_sums_and_says_what_it_could_not_know(name: str) -> None:
    life = LIVES[name]()
    audit = audited(life, but=("marks", "tiers"))
    assert_sums(audit)
    assert audit.unexplained == 0
    assert is_near(life.truth.end_equity, audit.end_equity)
    assert "supplied" not in {term.label for term in audit.terms}
    assert audit.missing
    if life.truth.kind == "contract":
        prices = ("own_price_pnl", "slippage")
        expected = sum((life.truth.terms.get(line, F(0)) for line in prices), F(0))
        assert abs(expected - sum((F(audit.term(line)) for line in prices), F(0))) <= 2 * F(1, 10**18)


def test_without_balances_at_the_ends_a_missing_row_cannot_be_seen() -> None:
    life = LIVES["usdm bankrupt"]()
    row = of_each_kind(life.cash, "USDT")["funding"]
    audit = audited(life, but=("stated",), without=row)
    assert audit.unexplained == 0
    assert "measured" not in (audit.start_label, audit.end_label)
    assert_sums(audit)
