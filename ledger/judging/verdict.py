"""Why a liquidation happened, in one sentence with the figures that show it."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from ledger.judging.case import Case
from ledger.judging.fates import fate
from ledger.judging.shown import doubt, stood
from ledger.judging.sizing import opening_distance
from ledger.judging.standing import Ruling, Standing
from ledger.judging.whatif import became
from ledger.judging.wording import amount, listed, price, share, times
from ledger.judging.worlds import World, leverage_used
from ledger.margining.requirement import ZERO

DRIVERS = {
    "over_leverage": "the position was too large for the equity{leverage}",
    "withdrawal": "{cost} had been withdrawn",
    "cross_contagion": "other positions of the same wallet had cost {cost}",
    "collateral_drop": "the collateral had lost {cost} of its value{fell}",
    "carry_drain": "funding and interest had taken {cost}{share}",
    "fee_drain": "trading fees had taken {cost}{share}",
    "tier_step": "the position had grown into a tier that required {cost} more",
    "averaging_down": "the losing position had been made larger, which had cost {cost} more",
}
INSTEAD = {
    "over_leverage": "at a size within the rule",
    "withdrawal": "with it still there",
    "cross_contagion": "without them",
    "collateral_drop": "at its value of the opening",
    "tier_step": "at the rate of the opening",
    "averaging_down": "at its first size",
}
"""Words for the world without the driver; of others `without that`."""


def because(standing: Standing, driver: Ruling) -> str:
    """Return the verdict that names a driver."""
    assert driver.world is not None
    code, case = driver.finding.code, standing.case
    used = leverage_used(case)
    part = share(driver.cost / standing.buffer) if standing.buffer > 0 else ""
    reason = DRIVERS.get(code, code.replace("_", " ") + " cost {cost}").format(
        cost=amount(driver.cost, standing.asset),
        share=f", {part} of the buffer at the opening" if part else "",
        leverage=f", {times(used)} of it at the opening" if used else "",
        fell=f" as {_moved(case)}" if case.event.kind == "loan" else "",
    )
    end = fate(case, driver.world, standing.course)
    outcome = "" if code == "collateral_drop" else f" ({became(case, end)})"
    return (
        f"You were liquidated because {reason}: {stood(standing.case)}; {INSTEAD.get(code, 'without that')} it would "
        f"have been {_held(standing, driver.world)}{outcome}."
    )


def by_price(standing: Standing) -> str:
    """Return the verdict that nothing but the price made the difference."""
    case = standing.case
    distance = opening_distance(case)
    room = f", and the liquidation price was {share(distance)} away at the opening" if distance is not None else ""
    return (
        f"You were liquidated because the price moved beyond the buffer: {_moved(case)}{room}; {stood(standing.case)}, "
        "and no single cost, withdrawal or other position was large enough to be the cause."
    )


def deleveraged(case: Case) -> str:
    """Return the verdict on auto-deleveraging."""
    prices = [leg.price for stake in case.own() for leg in stake.legs if leg.is_forced and leg.price is not None]
    at = f" at {listed(sorted({price(one) for one in prices}))}" if 0 < len(set(prices)) <= 3 else ""
    return (
        f"You were not liquidated: your {case.event.side} {case.event.symbol}{_winning(case)} was closed{at} against "
        "another trader's bankruptcy (auto-deleveraging), because the insurance fund could not take that over."
    )


def withheld(standing: Standing, codes: Collection[str]) -> str:
    """Return why no cause is named."""
    case = standing.case
    reasons = []
    if "data_gap" in codes:
        part = f" ({share(abs(case.unexplained) / case.start_equity)} of the start)" if case.start_equity > 0 else ""
        reasons.append(f"the rows leave {amount(case.unexplained, standing.asset)}{part} unexplained")
    if standing.equity is None:
        older = sorted({one.symbol for one in case.trigger.exposures if one.entry is None and not one.is_asset})
        why = f"as {listed(older)} was opened before its first row in the book" if older else "for want of a price"
        reasons.append(f"the equity at the trigger is not known, {why}")
    if standing.required is None:
        reasons.append("what the venue required is not known, for want of a tier table or a leverage")
    if "trigger_not_shown" in codes and (told := doubt(case)) is not None:
        reasons.append(told)
    return f"No cause is named, because {listed(reasons)}; what was lost stands as the bridge says."


def _held(standing: Standing, world: World) -> str:
    required = world.sheet.required()
    assert required is not None
    held = amount(world.sheet.equity(), standing.asset)
    return held if required == standing.required else f"{held} with {amount(required, standing.asset)} required"


def _moved(case: Case) -> str:
    """Return how far the price had moved against the position; from its entry, of a loan from the start."""
    entry = next((one.entry for one in case.trigger.own() if one.entry is not None), None)
    was, what = (case.start.price, "the start") if entry is None else (entry, "the entry")
    now = case.trigger.price
    if was is None or now is None or not was:
        return f"{case.event.symbol} went against the position"
    change: Fraction = (now - was) / was
    verb = "fell" if change < 0 else "rose"
    return f"{case.event.symbol} {verb} {share(abs(change))} from {what} at {price(was)} to {price(now)}"


def _winning(case: Case) -> str:
    gain = sum((one.unrealized() for one in case.trigger.exposures if one.position_id in case.event.position_ids), ZERO)
    return f", {amount(gain, case.event.settle_asset)} in profit," if gain > 0 else ""
