"""Margin calls: when health crossed the venue's warning level, what was done after, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from ledger.judging.case import Case, Leg, Posting, Stake
from ledger.judging.wording import exact, maybe
from ledger.margining.requirement import ZERO
from reports.audit import Call, Moment

AFTER = frozenset({"liquidation", "end"})
"""Moments that are no longer the trader's."""


def margin_calls(case: Case) -> list[Call]:
    """Return the margin calls before the trigger, in order of time; none where the venue has no such level."""
    if case.warning is None:
        return []
    crossed = crossings(case, case.warning)
    instants = [*(moment.at for moment in crossed), case.triggered_at]
    spans = list(pairwise(instants))
    added = [collateral_added(case, *span) for span in spans]
    lost = _lost([sum((posting.value for posting in rows), ZERO) for rows in added], max(case.end_equity, ZERO))
    return [_call(case, moment, span, rows, gone)
            for moment, span, rows, gone in zip(crossed, spans, added, lost, strict=True)]  # fmt: skip


def crossings(case: Case, level: Fraction) -> list[Moment]:
    """Return the moments before the trigger at which health fell to a level or below it.

    A fall straight to the liquidation is none: nobody was warned, and nothing could be done.
    """
    found: list[Moment] = []
    was_above = True
    for moment in before_the_fall(case):
        assert moment.health is not None
        is_above = moment.health > level
        if was_above and not is_above:
            found.append(moment)
        was_above = is_above
    return found


def before_the_fall(case: Case) -> list[Moment]:
    """Return the moments of known health before the trigger, without the last ones that are at 1 or below already."""
    known = [moment for moment in case.moments
             if moment.health is not None and moment.kind not in AFTER and moment.at < case.triggered_at]  # fmt: skip
    while known and known[-1].health is not None and known[-1].health <= 1:
        known.pop()
    return known


def collateral_added(case: Case, after: datetime, until: datetime) -> list[Posting]:
    """Return the rows by which collateral came in (of a loan also what was repaid), after an instant until another."""
    lines = {"transfers_in", "repaid"} if case.event.kind == "loan" else {"transfers_in"}
    forced = set(case.event.rows)
    return [posting for posting in case.postings if posting.line in lines and posting.value > 0
            and after < posting.at <= until and posting.row_key not in forced]  # fmt: skip


def reductions(case: Case, after: datetime, until: datetime) -> list[tuple[Stake, Leg]]:
    """Return the legs by which positions of the bucket were made smaller by choice."""
    return [(stake, leg) for stake in case.stakes for leg in stake.legs
            if leg.is_chosen and leg.delta * stake.side < 0 and after < leg.at <= until]  # fmt: skip


def _lost(added: Sequence[Fraction], left: Fraction) -> list[Fraction]:
    """Return how much of each sum is gone where `left` remains of all: what came last is what remains."""
    lost: list[Fraction] = []
    for amount in reversed(added):
        kept = min(amount, left)
        lost.append(amount - kept)
        left -= kept
    return lost[::-1]


def _call(
    case: Case, moment: Moment, span: tuple[datetime, datetime], added: Sequence[Posting], lost: Fraction
) -> Call:
    assert moment.health is not None
    reduced = reductions(case, *span)
    value = sum((stake.value(leg.delta, leg.price)
                 for stake, leg in reduced if leg.price is not None), ZERO)  # fmt: skip
    answer = "both" if added and reduced else "added" if added else "reduced" if reduced else "nothing"
    keys = [*moment.rows, *(posting.row_key for posting in added), *(leg.row_key for _, leg in reduced)]
    return Call(
        at=moment.at,
        health=moment.health,
        ratio=moment.ratio,
        level=case.warning_name,
        answer=answer,
        added=exact(sum((posting.value for posting in added), ZERO)),
        reduced=exact(value),
        lost=maybe(lost),
        rows=tuple(dict.fromkeys(key for key in keys if key is not None)),
    )
