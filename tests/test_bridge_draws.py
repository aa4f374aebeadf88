"""Lives as chance draws them, up to a liquidation: the bridge is what happened, and a row that is missing is unexplained.

`MARGINBOOK_EXAMPLES=10` draws ten times as many lives as usual.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given

from tests.examples import examples
from tests.lives.books import offenders
from tests.lives.liquidations.audits import assert_bridge, assert_sums, assert_trigger, audit_of, audited, imported
from tests.lives.liquidations.drawn import Plan, lived, plans
from tests.lives.liquidations.drawn_margin import MarginPlan, lived_on_margin, margin_plans
from tests.lives.liquidations.drawn_unified import UnifiedPlan, lived_unified, unified_plans
from tests.lives.liquidations.lives import Life


def assert_given_back(life: Life) -> None:
    """Fail where the book of a life holds something wrong, or its audit is not what happened."""
    with imported(life) as book:
        assert offenders(book) == {}
        assert book.report("breaks").height == 0
        audit = audit_of(book, life)
    assert_bridge(life.truth, audit)
    assert_trigger(life.truth, audit)


@examples(2)
@given(plan=plans)
def test_a_drawn_life_gives_back_its_bridge(plan: Plan) -> None:
    assert_given_back(lived(plan))


@examples(2)
@given(plan=plans)
def test_a_row_of_a_drawn_life_that_is_missing_is_unexplained_by_its_amount(plan: Plan) -> None:
    life = lived(plan)
    row = life.cash[sum(step.size for step in plan.steps) % len(life.cash)]
    audit = audited(life, without=row)
    assert row.value == Fraction(audit.unexplained)
    assert_sums(audit)


@examples(2)
@given(plan=margin_plans)
def test_a_drawn_life_on_margin_gives_back_its_bridge(plan: MarginPlan) -> None:
    assert_given_back(lived_on_margin(plan))


@examples(2)
@given(plan=unified_plans)
def test_a_drawn_life_in_a_unified_account_gives_back_its_bridge(plan: UnifiedPlan) -> None:
    assert_given_back(lived_unified(plan))
