"""Lives that end in a liquidation, printed as exports and imported, give back the exact bridge of their equity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import pytest

from reports.audit import Audit
from tests.lives.books import offenders
from tests.lives.liquidations.audits import (
    LIVES,
    assert_bridge,
    assert_lines,
    assert_sums,
    assert_trigger,
    audit_of,
    imported,
    is_near,
)
from tests.lives.liquidations.lives import Life

IMPLIED = {"usdm reset": {"insurance"}}
"""Lines that no row states."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A life, and what its book says."""

    life: Life
    offending: list[str]
    breaks: int
    statuses: list[str]
    audit: Audit
    since: Audit | None
    healthy: Audit


@cache
def seen(name: str) -> Seen:
    """Return what the book of a life says."""
    life = LIVES[name]()
    with imported(life) as book:
        statuses = [status for status in book.report("positions")["status"] if status in ("liquidated", "adl")]
        since, audit = life.truth.since, audit_of(book, life)
        return Seen(
            life=life, offending=sorted(offenders(book)), breaks=book.report("breaks").height, statuses=statuses,
            audit=audit, since=audit_of(book, life, since) if since is not None else None,
            healthy=book.audit(audit.liquidation_id, from_healthy=True),
        )  # fmt: skip


every_life = pytest.mark.parametrize("name", LIVES)


@every_life
def test_a_life_is_taken_in_whole_and_its_positions_are_taken_away(name: str) -> None:
    found = seen(name)
    assert [] == found.offending
    assert found.life.breaks == found.breaks
    assert list(found.life.statuses) == found.statuses


@every_life
def test_the_bridge_is_what_happened(name: str) -> None:
    found = seen(name)
    assert_bridge(found.life.truth, found.audit)


@every_life
def test_the_trigger_is_where_it_was_pulled(name: str) -> None:
    found = seen(name)
    assert_trigger(found.life.truth, found.audit)


@every_life
def test_the_requirement_at_the_trigger_is_the_rule_of_the_venue(name: str) -> None:
    found = seen(name)
    if found.life.truth.maintenance is None:
        assert found.audit.maintenance_label != "measured"
    else:
        assert is_near(found.life.truth.maintenance, found.audit.maintenance_margin)


@every_life
def test_lines_of_rows_are_measured_and_those_of_prices_are_supplied(name: str) -> None:
    found = seen(name)
    priced = {"own_price_pnl", "other_unrealized_pnl", "slippage", "collateral_price"}
    several = found.life.truth.kind in ("unified", "loan", "margin")
    for term in found.audit.terms:
        if term.amount and term.name in IMPLIED.get(name, ()):
            assert term.label == "implied"
        elif term.amount and term.name not in priced and not several:
            assert (term.label, bool(term.rows)) == ("measured", True)
        elif term.amount and term.name in priced and term.label != "measured":
            assert term.why
        elif term.amount:
            assert term.label in ("measured", "supplied", "implied")


def test_both_ends_are_measured_where_the_venue_states_them() -> None:
    for name in ("usdm cross", "usdm bankrupt", "usdm reset", "coinm inverse", "margin cross", "unified"):
        assert ("measured", "measured") == (seen(name).audit.start_label, seen(name).audit.end_label), name


@pytest.mark.parametrize("name", ["usdm cross", "usdm hedged", "margin cross", "unified"])
def test_a_bridge_that_starts_later_is_the_rest_of_the_same(name: str) -> None:
    truth, audit = seen(name).life.truth, seen(name).since
    assert audit is not None
    assert (truth.since, "since") == (audit.started_at, audit.started_by)
    assert_lines(truth.since_equity, truth.since_terms, truth.end_equity, audit)


@pytest.mark.parametrize("name", ["usdm cross", "usdm hedged", "margin cross", "unified"])
def test_the_liquidation_price_after_a_row_is_where_equity_would_have_met_the_requirement(name: str) -> None:
    truth, audit = seen(name).life.truth, seen(name).audit
    assert truth.since is not None
    before = [moment for moment in audit.moments if moment.at <= truth.since and moment.liquidation_price is not None]
    assert abs(truth.since_price - Fraction(before[-1].liquidation_price or 0)) <= Fraction(1, 10**9)


@every_life
def test_the_liquidation_price_lies_between_the_last_mark_that_held_and_the_first_that_did_not(name: str) -> None:
    truth, audit = seen(name).life.truth, seen(name).audit
    if truth.meets is not None:
        assert audit.liquidation_price is not None
        assert min(truth.meets) <= Fraction(audit.liquidation_price) <= max(truth.meets)


@every_life
def test_a_bridge_from_when_it_was_last_healthy_leads_to_the_same_end(name: str) -> None:
    found = seen(name)
    assert_sums(found.healthy)
    assert (found.audit.end_equity, found.audit.trigger_equity) == (
        found.healthy.end_equity, found.healthy.trigger_equity)  # fmt: skip
    assert found.audit.started_at <= found.healthy.started_at <= found.audit.triggered_at
    later = [moment for moment in found.audit.moments
             if found.healthy.started_at < moment.at < found.audit.triggered_at and moment.health is not None]  # fmt: skip
    assert found.healthy.started_by != "health" or all(moment.health < 2 for moment in later if moment.health)


def test_rows_of_the_lines_are_the_rows_of_the_ledger() -> None:
    audit, life = seen("usdm cross").audit, seen("usdm cross").life
    rows = {"fee": ("own_fees", "other_fees"), "funding": ("own_funding", "other_funding"),
            "transfer": ("transfers_in", "transfers_out"), "clearance": ("liquidation_fee",)}  # fmt: skip
    for kind, names in rows.items():
        keys = [key for term in audit.terms if term.name in names for key in term.rows]
        assert sum(row.kind == kind for row in life.cash) == len(set(keys)) == len(keys)
