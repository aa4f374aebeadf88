"""The findings of a liquidation, and why it happened: the largest driver without which it would not have.

A driver is a finding with a world without it.  It is a cause by the but-for test: in that world the equity at the
trigger is above the maintenance margin, all else the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.judging.case import Case
from ledger.judging.drains import (
    carry_drain,
    collateral_drop,
    cross_contagion,
    fee_drain,
    funding_flip,
    withdrawal,
)
from ledger.judging.forcing import basis, data_gap, partial_then_full, thin_liquidity, trigger_not_shown
from ledger.judging.shown import doubt
from ledger.judging.sizing import (
    averaging_down,
    margin_added_to_loser,
    no_reduction_after_call,
    over_leverage,
    tier_step,
)
from ledger.judging.standing import Ruling, Standing
from ledger.judging.thresholds import Thresholds
from ledger.judging.verdict import INSTEAD, because, by_price, deleveraged, withheld
from ledger.judging.whatif import told_of
from reports.audit import Counterfactual, Finding

Rule = Callable[[Standing], Ruling | None]

RULES: Sequence[Rule] = (
    data_gap, trigger_not_shown, over_leverage, withdrawal, cross_contagion, collateral_drop, carry_drain, fee_drain,
    tier_step,
    averaging_down, margin_added_to_loser, no_reduction_after_call, thin_liquidity, partial_then_full, funding_flip,
    basis,
)  # fmt: skip
OF_DELEVERAGING: Sequence[Rule] = (data_gap, basis)
"""Rules that say something of a position that was closed against somebody else's loss."""
OF_DOUBT: Sequence[Rule] = (data_gap, trigger_not_shown, thin_liquidity, basis)
"""Rules that need no trigger: where the rows do not show it, nothing can be called its cause."""
SEVERITIES = ("critical", "warning", "info")
DEFAULTS = Thresholds()
OF_ROWS = ("withdrawal", "carry_drain", "fee_drain", "cross_contagion")
"""Causes whose counterfactual is among all others anyway."""


def findings(case: Case, thresholds: Thresholds = DEFAULTS) -> list[Finding]:
    """Return what the rules found, the severest first."""
    found = [ruling.finding for ruling in _rulings(Standing(case=case, thresholds=thresholds))]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def primary_cause(case: Case, findings: Sequence[Finding], thresholds: Thresholds = DEFAULTS) -> tuple[str | None, str]:
    """Return the code of the cause, of those found, and the verdict: one sentence.

    `price_move` where no driver alone made the difference; `adl` for auto-deleveraging; None, and why, where the data
    do not tell: too much is unexplained, or the equity or what was required at the trigger is unknown.
    """
    standing = Standing(case=case, thresholds=thresholds)
    codes = {finding.code for finding in findings}
    if case.event.is_adl:
        return "adl", deleveraged(case)
    if codes & {"data_gap", "trigger_not_shown"} or standing.equity is None or standing.required is None:
        return None, withheld(standing, codes)
    drivers = [
        ruling
        for ruling in _rulings(standing)
        if ruling.finding.code in codes and ruling.cost > 0 and ruling.world and standing.avoids(ruling.world)
    ]
    if not drivers:
        return "price_move", by_price(standing)
    largest = max(drivers, key=lambda ruling: ruling.cost)
    return largest.finding.code, because(standing, largest)


def of_the_cause(
    case: Case, findings: Sequence[Finding], cause: str | None, thresholds: Thresholds = DEFAULTS
) -> list[Counterfactual]:  # fmt: skip
    """Return what would have become of the bucket without its primary cause, where that is no row of money."""
    standing = Standing(case=case, thresholds=thresholds)
    codes = {finding.code for finding in findings}
    for ruling in _rulings(standing) if cause in codes else ():
        if ruling.finding.code == cause and cause not in OF_ROWS and ruling.world is not None:
            return [told_of(case, cause, INSTEAD.get(cause, "without that"), ruling.world)]
    return []


def _rulings(standing: Standing) -> list[Ruling]:
    rules = OF_DELEVERAGING if standing.case.event.is_adl else RULES if doubt(standing.case) is None else OF_DOUBT
    return [ruling for rule in rules if (ruling := rule(standing)) is not None]
