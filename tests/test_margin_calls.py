"""Margin calls: crossings of the venue's warning level, what was done after, and what came of what was added."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.judging.calls import margin_calls
from ledger.judging.case import Case
from tests.cases import START, event, leg, moment, posting, stake, with_line, worked

MOMENTS = [moment(1, "1990", "80"), moment(10, "300", "78"), moment(12, "250", "78"), moment(20, "900", "78"),
           moment(30, "310", "76"), moment(44, "120", "75")]  # fmt: skip
"""Health falls to 4 after ten hours, is healed after twenty, falls again after thirty."""


def called(*, warning: str = "4", **changes: object) -> Case:
    case = worked(warning=Fraction(warning), warning_name="margin ratio 25 %", moments=MOMENTS, **changes)
    return replace(case, postings=[row for row in case.postings if row.line != "transfers_out"])


def test_a_venue_without_a_warning_level_makes_no_calls() -> None:
    assert [] == margin_calls(replace(called(), warning=None))


def test_each_fall_to_the_level_is_one_call() -> None:
    case = called(warning="4.5")
    assert [START + timedelta(hours=10), START + timedelta(hours=30)] == [call.at for call in margin_calls(case)]
    assert {"margin ratio 25 %"} == {call.level for call in margin_calls(case)}
    assert {"nothing"} == {call.answer for call in margin_calls(case)}
    assert ("moment10",) == tuple(margin_calls(case)[0].rows)


def test_the_level_itself_is_a_call() -> None:
    exactly = [moment(1, "1990", "80"), moment(10, "320", "80")]
    assert 1 == len(margin_calls(replace(called(), moments=exactly)))
    assert [] == margin_calls(replace(called(warning="3.99"), moments=exactly))


def test_what_the_liquidation_did_is_no_call() -> None:
    late = [moment(1, "1990", "80"), moment(48, "73", "74"), replace(moment(47, "73", "74"), kind="liquidation")]
    assert [] == margin_calls(replace(called(), moments=late))


def test_an_answer_counts_until_the_next_call() -> None:
    case = with_line(called(warning="4.5"), "transfers_in", "650", START + timedelta(hours=15))
    legs = (*case.stakes[0].legs[:1], leg(3, START + timedelta(hours=40), "-0.1", "38000", "0.4", "40000"),
            case.stakes[0].legs[1])  # fmt: skip
    first, second = margin_calls(replace(case, stakes=[stake(legs)]))
    assert ("added", Decimal(650), Decimal(0)) == (first.answer, first.added, first.reduced)
    assert ("reduced", Decimal(0), Decimal(3800)) == (second.answer, second.added, second.reduced)
    assert ("moment10", "transfers_in:650") == tuple(first.rows)
    assert ("moment30", "fill3") == tuple(second.rows)
    both = with_line(replace(case, stakes=[stake(legs)]), "transfers_in", "1", START + timedelta(hours=41))
    assert "both" == margin_calls(both)[1].answer


def test_what_was_there_before_the_call_is_no_answer_to_it() -> None:
    case = with_line(called(), "transfers_in", "650", START + timedelta(hours=10))
    assert "nothing" == margin_calls(case)[0].answer


def test_what_is_left_is_of_what_came_last() -> None:
    case = with_line(called(warning="4.5"), "transfers_in", "650", START + timedelta(hours=15))
    case = with_line(case, "transfers_in", "100", START + timedelta(hours=33))
    assert [Decimal(650), Decimal(100)] == [call.lost for call in margin_calls(case)]
    kept = replace(case, end_equity=Fraction(150))
    assert [Decimal(600), Decimal(0)] == [call.lost for call in margin_calls(kept)]


def test_a_loan_is_answered_by_repaying_it() -> None:
    repaid = posting("repaid", "500", START + timedelta(hours=16), "repaid")
    forced = posting("repaid", "900", START + timedelta(hours=47), "exit")
    case = called(warning="4.5", stakes=[], event=event(kind="loan", side="borrower"))
    first, second = margin_calls(replace(case, postings=[*case.postings, repaid, forced]))
    assert ("added", Decimal(500)) == (first.answer, first.added)
    assert "nothing" == second.answer
