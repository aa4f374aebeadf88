"""Findings about what left the bucket, or lost value in it, until the trigger: rules about lines of the bridge."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from ledger.judging.case import Posting
from ledger.judging.standing import Ruling, Standing, keys, percent
from ledger.judging.wording import amount, exact, instant, share
from ledger.judging.worlds import (
    FEES,
    FUNDING,
    INTEREST,
    OTHERS,
    OUT,
    World,
    alone,
    rows_until,
    until,
    without,
    without_rows,
)
from ledger.margining.requirement import ZERO
from reports.audit import Finding

CARRY = (*FUNDING, *INTEREST)


def carry_drain(standing: Standing) -> Ruling | None:
    """Return the finding that funding and interest took much of the buffer."""
    return _drain(standing, "carry_drain", CARRY, "Funding and interest", standing.thresholds.carry_drain)


def fee_drain(standing: Standing) -> Ruling | None:
    """Return the finding that trading fees took much of the buffer."""
    return _drain(standing, "fee_drain", FEES, "Trading fees", standing.thresholds.fee_drain)


def funding_flip(standing: Standing) -> Ruling | None:
    """Return the finding that funding, received at first, was paid from some instant on."""
    rows = rows_until(standing.case, FUNDING)
    sums = list(accumulate((row.value for row in rows), initial=ZERO))
    most = max(sums)
    place = len(sums) - 1 - sums[::-1].index(most)
    paid = most - sums[-1]
    least = standing.thresholds.funding_flip
    if most <= 0 or not standing.is_much(paid, least):
        return None
    since = rows[place]
    sentence = (
        f"Funding turned: {amount(most, standing.asset)} were received, then {amount(paid, standing.asset)} paid from "
        f"{instant(since.at)} on{standing.of_buffer(paid)}."
    )
    return Ruling(finding=Finding(
        code="funding_flip", severity="info", sentence=sentence, amount=exact(paid), rows=keys(rows[place:]),
        threshold=f"received first, then paid > {percent(least)} of the buffer at the opening",
        assumed=standing.buffer_assumed,
    ))  # fmt: skip


def collateral_drop(standing: Standing) -> Ruling | None:
    """Return the finding that the collateral itself lost value, by its price or by its haircut."""
    case = standing.case
    fell = -case.until_trigger.get("collateral_price", ZERO)
    taken = [value for name, value in case.until_trigger.items() if value < 0 and name not in ("drawn", "repaid")]
    losses = -sum(taken, ZERO)
    least = standing.thresholds.collateral_drop
    before, after = case.opened.base_ratio, case.trigger.base_ratio
    if after < before:
        what = f"it counted for {share(before)} of its value at the opening, and for {share(after)} at the trigger"
        rule = "a collateral ratio fell"
    elif fell > 0 and fell > least * losses:
        what = f"that is {share(fell / losses)} of all that took equity"
        rule = f"collateral price < 0 and > {percent(least)} of all that took equity"
    else:
        return None
    lost = f"The collateral lost {amount(fell, standing.asset)}" if fell > 0 else "The collateral counts less"
    return Ruling(
        finding=Finding(code="collateral_drop", severity="warning", sentence=f"{lost}: {what}.", amount=exact(fell),
                        threshold=rule, assumed="the assets would have been held at the same value"),
        cost=max(fell, ZERO),
        world=without(case, ("collateral_price",)) if fell > 0 else None,
    )  # fmt: skip


def withdrawal(standing: Standing) -> Ruling | None:
    """Return the finding that without what was withdrawn, and did not come back, nothing would have been liquidated."""
    rows = rows_until(standing.case, (*OUT, "transfers_in"))
    gone = outstanding(rows)
    cost = sum((part for _, part in gone), ZERO)
    least = standing.thresholds.least_driver
    if not standing.is_much(cost, least):
        return None
    all_out = [row for row in rows if row.value < 0]
    is_all = cost == -sum((row.value for row in all_out), ZERO)
    world = without_rows(standing.case, all_out) if is_all else World(sheet=standing.case.trigger.with_cash(cost))
    if not standing.avoids(world):
        return None
    when = (
        instant(gone[0][0].at)
        if gone[0][0].at == gone[-1][0].at
        else f"{instant(gone[0][0].at)} to {instant(gone[-1][0].at)}"
    )
    sentence = (
        f"{amount(cost, standing.asset)} were withdrawn ({when}) and did not come back; with them the equity at the "
        f"trigger would have been above what was required."
    )
    return Ruling(
        finding=Finding(
            code="withdrawal", severity=standing.severity(cost), sentence=sentence, amount=exact(cost),
            rows=keys(row for row, _ in gone),
            threshold=f"equity + withdrawals > maintenance margin; withdrawals > {percent(least)} of the buffer",
            assumed=standing.buffer_assumed,
        ),
        cost=cost,
        world=world,
    )  # fmt: skip


def cross_contagion(standing: Standing) -> Ruling | None:
    """Return the finding that the other positions of the bucket brought this one down."""
    cost = -until(standing.case, OTHERS)
    least = standing.thresholds.least_driver
    world = alone(standing.case)
    if world is None or not standing.is_much(cost, least) or not standing.avoids(world):
        return None
    names = sorted({stake.symbol for stake in standing.case.stakes if not stake.is_own})
    others = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    sentence = (
        f"The other positions of the wallet{f' ({others})' if others else ''} cost {amount(cost, standing.asset)}"
        f"{standing.of_buffer(cost)}; without them the equity at the trigger would have been above what was required."
    )
    return Ruling(
        finding=Finding(
            code="cross_contagion", severity=standing.severity(cost), sentence=sentence, amount=exact(cost),
            rows=keys(rows_until(standing.case, OTHERS)),
            threshold=f"without the others: equity > maintenance margin; cost > {percent(least)} of the buffer",
            assumed=standing.buffer_assumed,
        ),
        cost=cost,
        world=world,
    )  # fmt: skip


def outstanding(rows: Sequence[Posting]) -> list[tuple[Posting, Fraction]]:
    """Return of withdrawals what had not come back: each deposit after one takes from the last of them first."""
    open_ones: list[tuple[Posting, Fraction]] = []
    for row in rows:
        if row.value < 0:
            open_ones.append((row, -row.value))
            continue
        back = row.value
        while back > 0 and open_ones:
            last, part = open_ones.pop()
            if part > back:
                open_ones.append((last, part - back))
            back -= min(part, back)
    return open_ones


def _drain(standing: Standing, code: str, lines: Sequence[str], what: str, least: Fraction) -> Ruling | None:
    cost = -until(standing.case, lines)
    if not standing.is_much(cost, least):
        return None
    return Ruling(
        finding=Finding(
            code=code, severity="warning", amount=exact(cost), rows=keys(rows_until(standing.case, lines)),
            sentence=f"{what} took {amount(cost, standing.asset)} until the trigger{standing.of_buffer(cost)}.",
            threshold=f"{what.lower()} > {percent(least)} of the buffer at the opening",
            assumed=standing.buffer_assumed,
        ),
        cost=cost,
        world=without(standing.case, lines),
    )  # fmt: skip
