"""Findings about the position itself: how large it was, what was added to it, and what was not done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from ledger.judging.calls import before_the_fall, collateral_added, margin_calls, reductions
from ledger.judging.case import Case, Leg, Stake
from ledger.judging.standing import Ruling, Standing, keys, percent
from ledger.judging.volatility import daily_volatility
from ledger.judging.whatif import added_margin
from ledger.judging.wording import amount, exact, instant, lasting, number, price, share, times
from ledger.judging.worlds import (
    World,
    first_open,
    is_known,
    is_open,
    leverage_used,
    own_terms,
    resized,
    smaller,
    unrealized,
    with_equity,
)
from ledger.margining.requirement import ZERO, tier_at
from ledger.margining.sheet import Exposure
from reports.audit import Finding

TO_REACT = timedelta(minutes=10)
"""Time after a call in which something can be done."""


def over_leverage(standing: Standing) -> Ruling | None:
    """Return the finding that the position was too large for the equity, or the liquidation price too near, at once."""
    case, thresholds = standing.case, standing.thresholds
    used, distance = leverage_used(case), opening_distance(case) if is_known(case.opened) else None
    volatility = daily_volatility(case)
    least = thresholds.opening_distance if volatility is None else thresholds.opening_volatilities * volatility
    parts: list[Fraction] = []
    told, rules = [], []
    if used is not None and used >= thresholds.over_leverage:
        parts.append(thresholds.over_leverage / used)
        told.append(f"the position was worth {times(used)} the equity")
        rules.append(f"effective leverage at open >= {number(thresholds.over_leverage)}")
    if distance is not None and least > 0 and distance < least:
        parts.append(distance / least)
        told.append(f"the liquidation price was {share(distance)} away")
        many = f"{number(thresholds.opening_volatilities)} daily volatilities"
        rules.append(f"distance to the liquidation price < {share(least)}" + (f" ({many})" if volatility else ""))
    if not parts:
        return None
    assumed = "" if volatility is None else "the volatility is that of the days from the start to the trigger"
    is_high = used is not None and used >= 2 * thresholds.over_leverage
    return Ruling(
        finding=Finding(
            code="over_leverage", severity="critical" if is_high else "warning",
            sentence=f"At the opening {' and '.join(told)}.", amount=None if used is None else exact(used),
            threshold=" or ".join(rules), rows=_opening_rows(case), assumed=assumed,
        ),
        cost=max(-(1 - min(parts)) * own_terms(case), ZERO),
        world=smaller(case, min(parts)),
    )  # fmt: skip


def no_reduction_after_call(standing: Standing) -> Ruling | None:
    """Return the finding that health was low for some time, and neither collateral came in nor size went out."""
    case, level = standing.case, standing.thresholds.no_reduction_after_call
    called = _last_fall(case, level) or _last_call(case)
    if called is None:
        return None
    at, health, rows = called
    if collateral_added(case, at, case.triggered_at) or reductions(case, at, case.triggered_at):
        return None
    sentence = (
        f"Health was down to {number(health)} at {instant(at)}, {lasting(case.triggered_at - at)} before the "
        "liquidation; after that no collateral came in and no position was made smaller."
    )
    return Ruling(finding=Finding(
        code="no_reduction_after_call",
        severity="warning" if case.triggered_at - at >= TO_REACT else "info",
        sentence=sentence, amount=exact(health), rows=rows,
        threshold=f"health < {number(level)} or a margin call, and nothing done until the trigger",
    ))  # fmt: skip


def tier_step(standing: Standing) -> Ruling | None:
    """Return the finding that the position grew into a tier of a higher rate, and that made the difference."""
    case = standing.case
    if case.trigger.rule.kind != "tiers" or standing.required is None:
        return None
    opened = {one.position_id: one for one in case.opened.exposures if one.position_id in case.event.position_ids}
    exposures: list[Exposure] = []
    stepped: list[tuple[Fraction, Fraction]] = []
    for one in case.trigger.exposures:
        value, was = one.value(), opened.get(one.position_id)
        worth = None if was is None else was.value()
        exposures.append(one)
        if was is None or value is None or worth is None or not one.tiers or not was.tiers:
            continue
        old, new = tier_at(was.tiers, worth), tier_at(one.tiers, value)
        if new.rate > old.rate:
            stepped.append((old.rate, new.rate))
            exposures[-1] = replace(one, tiers=(replace(old, floor=ZERO, cap=None),))
    world = World(sheet=replace(case.trigger, exposures=exposures))
    if not stepped or not standing.avoids(world):
        return None
    cost = standing.required - (world.sheet.required() or ZERO)
    sentence = (
        f"The maintenance margin rate rose from {share(stepped[0][0])} at the opening to {share(stepped[0][1])} at the "
        f"trigger, in a higher tier; at the old rate {amount(cost, standing.asset)} less would have been required."
    )
    return Ruling(
        finding=Finding(code="tier_step", severity="warning", sentence=sentence, amount=exact(cost),
                        threshold="rate at the trigger > rate at the opening; equity > requirement at the old rate"),
        cost=cost,
        world=world,
    )  # fmt: skip


def margin_added_to_loser(standing: Standing) -> Ruling | None:
    """Return the finding that margin was added while the position was losing, and was lost with it."""
    case, least = standing.case, standing.thresholds.margin_added_to_loser
    rows = [row for row in added_margin(case) if is_losing(standing, row.at)]
    added = sum((row.value for row in rows), ZERO)
    lost = added - min(max(case.end_equity, ZERO), added)
    if not rows or lost < least * added:
        return None
    count = f" in {len(rows)} additions" if len(rows) > 1 else ""
    sentence = (
        f"{amount(added, standing.asset)} were added{count} while the position was losing, and "
        f"{amount(lost, standing.asset)} of it were lost: without it the liquidation had come earlier and cost less."
    )
    return Ruling(finding=Finding(
        code="margin_added_to_loser", severity="warning", sentence=sentence, amount=exact(lost), rows=keys(rows),
        threshold=f"margin added at a loss, of which >= {percent(least)} is lost",
        assumed="what is left after the liquidation is counted as what was added",
    ))  # fmt: skip


def averaging_down(standing: Standing) -> Ruling | None:
    """Return the finding that a losing position was made much larger."""
    case, least = standing.case, standing.thresholds.averaging_down
    found = [addition for stake in case.own() if (addition := _additions(stake, case.triggered_at)) is not None]
    found = [addition for addition in found if addition.added >= least * addition.before]
    if not found:
        return None
    worst = max(found, key=lambda addition: addition.added / addition.before)
    parts = [
        f"the {worst.stake.symbol} position was made {share(worst.added / worst.before)} larger while it was losing"
    ]
    if worst.entry_before is not None and worst.entry_after is not None:
        parts.append(f"its entry price came from {price(worst.entry_before)} to {price(worst.entry_after)}")
    cost, world = _without_additions(case, worst)
    legs = [leg.row_key for addition in found for leg in addition.legs]
    return Ruling(
        finding=Finding(
            code="averaging_down", severity="warning", sentence=_capital("; ".join(parts)) + ".",
            amount=exact(worst.added / worst.before), rows=tuple(dict.fromkeys(key for key in legs if key is not None)),
            threshold=f"additions at a loss >= {percent(least)} of the size before them",
        ),
        cost=cost,
        world=world,
    )  # fmt: skip


def opening_distance(case: Case) -> Fraction | None:
    """Return how far the liquidation price was at the opening, as a share of the price; None: there was none.

    Where nothing was open yet (a loan before it was drawn), that of the first moment at which something was.
    """
    if is_open(case.opened):
        here, limit = case.opened.price, case.opened.liquidation_price()
    else:
        first = first_open(case)
        here = None if first is None or first.mark is None else Fraction(first.mark)
        limit = None if first is None or first.liquidation_price is None else Fraction(first.liquidation_price)
    return None if limit is None or not here else abs(here - limit) / here


def is_losing(standing: Standing, at: datetime) -> bool:
    """Return whether the position was losing at an instant, by the last price known; of a loan: its collateral."""
    case = standing.case
    known = standing.course.at(at) or _last_fill(case, at)
    if known is None:
        return False
    if case.event.kind == "loan":
        return case.start.price is not None and known < case.start.price
    results = [unrealized(stake, stake.last(at), known) for stake in case.own() if stake.symbol == case.event.symbol]
    return None not in results and sum((result for result in results if result is not None), ZERO) < 0


@dataclass(frozen=True, kw_only=True)
class _Addition:
    """What was added to a position while it was losing."""

    stake: Stake
    before: Fraction
    """Size before the first of it."""
    added: Fraction
    legs: list[Leg]
    entry_before: Fraction | None
    entry_after: Fraction | None


def _additions(stake: Stake, until: datetime) -> _Addition | None:
    legs: list[Leg] = []
    first: Leg | None = None
    for was, leg in zip(stake.legs, stake.legs[1:], strict=False):
        grows = was.quantity != 0 and leg.delta * was.quantity > 0 and leg.at < until
        if grows and was.entry is not None and leg.price is not None and stake.side * (leg.price - was.entry) < 0:
            first = first or was
            legs.append(leg)
    if first is None:
        return None
    added = sum((abs(leg.delta) for leg in legs), ZERO)
    return _Addition(stake=stake, before=abs(first.quantity), added=added, legs=legs, entry_before=first.entry,
                     entry_after=legs[-1].entry)  # fmt: skip


def _without_additions(case: Case, addition: _Addition) -> tuple[Fraction, World | None]:
    """Return what the additions lost until the trigger, and the world without them.

    Of what was closed since, the additions are taken to be their share.
    """
    mark, stake = case.trigger.price, addition.stake
    exposed = {one.position_id: one for one in case.trigger.exposures}.get(stake.position_id)
    if mark is None or exposed is None or stake.symbol != case.event.symbol:
        return ZERO, None
    left = min(exposed.quantity / (addition.before + addition.added), Fraction(1))
    values = [stake.value(leg.delta, mark) - stake.value(leg.delta, leg.price)
              for leg in addition.legs if leg.price is not None]  # fmt: skip
    gain = stake.side * sum(values, ZERO) * left * (-1 if stake.style == "inverse" else 1)
    part = addition.before / (addition.before + addition.added)
    sheet = with_equity(resized(case, part, (stake.position_id,)), case.trigger.equity() - gain)
    return max(-gain, ZERO), World(sheet=sheet)


def _last_fall(case: Case, level: Fraction) -> tuple[datetime, Fraction, tuple[str, ...]] | None:
    """Return when health fell below a level for the last time, if it stayed there until the trigger."""
    found = None
    for moment in before_the_fall(case):
        assert moment.health is not None
        if moment.health >= level:
            found = None
        elif found is None:
            found = (moment.at, Fraction(moment.health), tuple(moment.rows))
    return found


def _last_call(case: Case) -> tuple[datetime, Fraction, tuple[str, ...]] | None:
    return next(((call.at, Fraction(call.health), tuple(call.rows)) for call in reversed(margin_calls(case))), None)


def _last_fill(case: Case, at: datetime) -> Fraction | None:
    fills = [(leg.at, leg.price) for stake in case.own() for leg in stake.legs
             if stake.symbol == case.event.symbol and leg.at <= at and leg.price is not None]  # fmt: skip
    return max(fills, key=lambda fill: fill[0])[1] if fills else None


def _opening_rows(case: Case) -> tuple[str, ...]:
    first = [stake.legs[0].row_key for stake in case.own() if stake.legs]
    return tuple(dict.fromkeys(key for key in first if key is not None))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
