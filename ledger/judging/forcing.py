"""Findings about the liquidation itself: how it was filled, what its first part did to the rest, what the data lack."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from ledger.judging.calls import AFTER
from ledger.judging.case import Case, Leg
from ledger.judging.shown import beyond, doubt
from ledger.judging.standing import Ruling, Standing, keys, percent
from ledger.judging.wording import amount, exact, number, price, share
from ledger.margining.requirement import ZERO
from reports.audit import Finding

UNIT = Fraction(1, 10**8)
"""What venues round a row to."""
TAKEN = ("liquidation_fee", "own_fees", "slippage")
"""Lines that a partial liquidation costs."""


def thin_liquidity(standing: Standing) -> Ruling | None:
    """Return the finding that the position could not be closed near its mark."""
    case, least = standing.case, standing.thresholds.thin_liquidity
    slipped, insured = -term(case, "slippage"), term(case, "insurance")
    told, rules, legs = [], [], []
    if standing.required is not None and standing.required > 0 and slipped > least * standing.required:
        room = amount(standing.required, standing.asset)
        told.append(f"closing it cost {amount(slipped, standing.asset)} against the mark, with {room} required")
        rules.append(f"slippage > {number(least)} x maintenance margin")
    stated = _stated_bankruptcy(standing)
    limit = stated or case.trigger.bankruptcy_price()
    if limit is not None and (legs := [leg for leg in forced(case) if _is_beyond(case, leg, limit)]):
        worst = (min if case.event.side == "long" else max)(leg.price for leg in legs if leg.price is not None)
        told.append(f"it was filled at {price(worst)}, beyond the bankruptcy price of {price(limit)}")
        rules.append("a fill beyond the bankruptcy price")
    if insured > 0:
        told.append(f"the venue took over {amount(insured, standing.asset)} of the loss")
        rules.append("insurance > 0")
    if not told:
        return None
    sentence = "; ".join(told)
    return Ruling(finding=Finding(
        code="thin_liquidity", severity="warning", sentence=f"{sentence[:1].upper()}{sentence[1:]}.",
        amount=exact(max(slipped, insured, ZERO)), threshold=" or ".join(rules),
        rows=tuple(dict.fromkeys(leg.row_key for leg in legs or forced(case) if leg.row_key is not None)),
        assumed="" if stated or not legs else "the bankruptcy price is computed, without a fee",
    ))  # fmt: skip


def trigger_not_shown(standing: Standing) -> Ruling | None:
    """Return the finding that the rows do not show why the venue liquidated."""
    told = doubt(standing.case)
    if told is None:
        return None
    above = beyond(standing.case)
    return Ruling(finding=Finding(
        code="trigger_not_shown", severity="warning", sentence=f"{told[:1].upper()}{told[1:]}.",
        amount=None if above is None else exact(above),
        threshold="equity at the trigger no more than the maintenance margin, a quarter of it and the doubt about the "
        "mark; above it at the opening",
    ))  # fmt: skip


def basis(standing: Standing) -> Ruling | None:
    """Return the finding that the mark, which liquidates, was far from what was traded."""
    mark, last = standing.case.trigger_quote, standing.case.last_quote
    least = standing.thresholds.basis
    if mark is None or last is None or not mark.price:
        return None
    gap = abs(last.price - mark.price) / mark.price
    if gap <= least:
        return None
    sentence = (
        f"At the trigger the last price was {price(last.price)} and the mark {price(mark.price)}, {share(gap)} apart: "
        "it is the mark that liquidates."
    )
    return Ruling(finding=Finding(code="basis", severity="info", sentence=sentence, amount=exact(gap),
                                  threshold=f"gap of last from mark > {percent(least)}"))  # fmt: skip


def partial_then_full(standing: Standing) -> Ruling | None:
    """Return the finding that what a partial liquidation cost is what liquidated the rest."""
    case = standing.case
    stages = sorted({leg.at for leg in forced(case)})
    if len(stages) < 2:
        return None
    for first, second in pairwise(stages):
        held = _before(case, first, second)
        rows = [row for row in case.postings if first <= row.at < second and row.value < 0
                and (row.line in TAKEN or row.row_key in case.event.rows) and row.line != "own_price_pnl"]  # fmt: skip
        cost = -sum((row.value for row in rows), ZERO)
        if held is None or cost <= 0 or not held[0] <= held[1] < held[0] + cost:
            continue
        sentence = (
            f"The partial liquidation cost {amount(cost, standing.asset)} in fees; after it the equity was "
            f"{amount(held[0], standing.asset)} with {amount(held[1], standing.asset)} required, so the rest was "
            "liquidated as well."
        )
        return Ruling(finding=Finding(
            code="partial_then_full", severity="warning", sentence=sentence, amount=exact(cost), rows=keys(rows),
            threshold="equity after the partial liquidation <= maintenance margin < equity + its fees",
        ))  # fmt: skip
    return None


def data_gap(standing: Standing) -> Ruling | None:
    """Return the finding that the rows do not explain the change of the equity."""
    case, least = standing.case, standing.thresholds.data_gap
    gap = abs(case.unexplained)
    if gap <= least * max(case.start_equity, ZERO) or gap <= UNIT * len(case.postings):
        return None
    part = f", {share(gap / case.start_equity)} of the equity at the start," if case.start_equity > 0 else ""
    sentence = (
        f"{amount(case.unexplained, standing.asset)}{part} are not explained by the rows: rows are missing, doubled or "
        "misread between the start and the end."
    )
    return Ruling(finding=Finding(
        code="data_gap", severity="critical", sentence=sentence, amount=exact(case.unexplained),
        threshold=f"unexplained > {percent(least)} of the equity at the start: no cause is named",
    ))  # fmt: skip


def term(case: Case, name: str) -> Fraction:
    """Return a line of the bridge."""
    return sum((Fraction(line.amount) for line in case.terms if line.name == name), ZERO)


def forced(case: Case) -> list[Leg]:
    """Return the forced legs of the position that the event is named after, in order of time."""
    legs = [leg for stake in case.own() if stake.symbol == case.event.symbol for leg in stake.legs
            if leg.is_forced and leg.at >= case.triggered_at]  # fmt: skip
    return sorted(legs, key=lambda leg: (leg.at, leg.leg_no))


def _stated_bankruptcy(standing: Standing) -> Fraction | None:
    """Return the bankruptcy price that the venue states, if it lies where the equity at the trigger has it.

    Some venues print the limit of the order there: a price at which nothing would be gone.
    """
    stated, mark, equity = standing.case.event.bankruptcy_price, standing.case.trigger.price, standing.equity
    if stated is None or mark is None or not equity:
        return stated
    is_ahead = stated <= mark if standing.case.event.side == "long" else stated >= mark
    return stated if is_ahead == (equity > 0) else None


def _is_beyond(case: Case, leg: Leg, limit: Fraction) -> bool:
    if leg.price is None:
        return False
    return leg.price < limit if case.event.side == "long" else leg.price > limit


def _before(case: Case, first: datetime, second: datetime) -> tuple[Fraction, Fraction] | None:
    """Return the last known equity and requirement after one stage and before the next."""
    known = [(Fraction(moment.equity), Fraction(moment.maintenance_margin)) for moment in case.moments
             if first <= moment.at < second and moment.equity is not None and moment.maintenance_margin is not None
             and (moment.at > first or moment.kind in AFTER)]  # fmt: skip
    return known[-1] if known else None
