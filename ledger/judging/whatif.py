"""What one change would have meant for a liquidation: model output, on the same prices and with the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ledger.judging.calls import margin_calls
from ledger.judging.case import Case, Posting
from ledger.judging.fates import Course, Fate, fate
from ledger.judging.shown import doubt
from ledger.judging.wording import amount, exact, instant, lasting, maybe, price, times
from ledger.judging.worlds import (
    FEES,
    FUNDING,
    IN,
    INTEREST,
    OUT,
    World,
    alone,
    at_leverage,
    half_loan,
    halved,
    isolated,
    leverage_used,
    rows_until,
    until,
    without,
    without_rows,
)
from ledger.margining.requirement import ZERO
from reports.audit import Counterfactual

LEVERAGES = tuple(Fraction(leverage) for leverage in (2, 3, 5, 10))
LESS = Fraction(95, 100)
"""Share of the leverage used from which on another is the same."""


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A changed world with its name, before anybody asked what would have become of it."""

    name: str
    title: str
    world: World
    is_sum: bool = True
    """Whether it is a sum of money that is added or taken away."""
    most: Fraction | None = None
    """The most that could have been lost in it, where it is liquidated."""
    less: Fraction | None = None
    """What less would have been lost in it, where it is liquidated."""


def counterfactuals(case: Case) -> list[Counterfactual]:
    """Return what each change would have meant, of those that change something; none for auto-deleveraging.

    A loss is given only where the change decides it: of a liquidated isolated margin, or of margin not added.
    """
    if case.event.is_adl:
        return []
    course = Course(case)
    if doubt(case) is not None:
        return [_not_told(change) for change in _changes(case)]
    return [_told(case, change, fate(case, change.world, course)) for change in _changes(case)]


def told_of(case: Case, name: str, words: str, world: World) -> Counterfactual:
    """Return what a world would have meant, called by a name."""
    change = _Change(name=name, title=f"{words[:1].upper()}{words[1:]}", world=world)
    return _told(case, change, fate(case, world, Course(case)))


def added_margin(case: Case) -> list[Posting]:
    """Return the rows by which margin was added to the open position until the trigger.

    What came with a fill that made an isolated position larger is the margin of that fill, not an addition.
    """
    opened = min((stake.opened_at for stake in case.own()), default=case.started_at)
    rows = [row for row in rows_until(case, IN) if row.at > opened and row.value > 0]
    if not case.margin_mode.startswith("isolated"):
        return rows
    grown = {leg.at for stake in case.own() for leg in stake.legs if leg.delta * stake.side > 0}
    return [row for row in rows if row.at not in grown]


def _changes(case: Case) -> Iterator[_Change]:
    asset = case.event.settle_asset
    for name, paid, received, lines in (
        ("no_funding", "the funding paid", "the funding received", FUNDING),
        ("no_interest", "the interest paid", "the interest received", INTEREST),
        ("no_fees", "the trading fees paid", "the rebates received", FEES),
        ("no_withdrawal", "the withdrawals", "the withdrawals", OUT),
    ):
        if total := until(case, lines):
            title = f"Without {received if total > 0 else paid} ({amount(abs(total), asset)})"
            yield _Change(name=name, title=title, world=without(case, lines))
    if added := added_margin(case):
        total = sum((row.value for row in added), ZERO)
        yield _Change(name="no_added_margin", title=f"Without the margin added ({amount(total, asset)})",
                      world=without_rows(case, added), less=total)  # fmt: skip
    if (world := isolated(case)) is not None:
        title = f"With isolated margin of {amount(world.sheet.cash, asset)}{_at_which(case)}"
        yield _Change(name="isolated", title=title, world=world,
                      is_sum=False, most=world.sheet.cash)  # fmt: skip
    yield from _at_leverage(case)
    if (world := alone(case)) is not None:
        yield _Change(name="no_other_positions", title="Without the other positions", world=world)
    yield from _at_the_call(case)
    if (world := half_loan(case)) is not None:
        yield _Change(name="half_loan", title="With half of the loan", world=world)


def _at_which(case: Case) -> str:
    """Return what leverage an isolated margin would be of, where nothing states it."""
    if any(one.leverage for one in case.trigger.own()):
        return ""
    margins = [(one.initial(), one.value()) for one in case.trigger.own()]
    most = max((value / margin for margin, value in margins if margin and value), default=None)
    return "" if most is None else f" ({times(most)}, the most that its tier allows)"


def _at_leverage(case: Case) -> Iterator[_Change]:
    used = leverage_used(case)
    if used is None:
        return
    for leverage in LEVERAGES:
        world = at_leverage(case, leverage) if leverage < used * LESS else None
        if world is not None:
            yield _Change(name="leverage", title=f"At {times(leverage)} leverage instead of {times(used)}", world=world)


def _at_the_call(case: Case) -> Iterator[_Change]:
    for call in margin_calls(case)[:1]:
        mark = next((m.mark for m in case.moments if m.at == call.at and m.mark is not None), None)
        world = halved(case, call.at, Fraction(mark)) if mark is not None else None
        if world is not None:
            title = f"With half the size from the margin call of {instant(call.at)} on"
            yield _Change(name="half_at_call", title=title, world=world)


def _told(case: Case, change: _Change, end: Fate) -> Counterfactual:
    sheet = change.world.sheet
    is_known = end.outcome != "unknown"
    equity = sheet.equity() if is_known or case.trigger.price is not None else None
    gained = None if equity is None or not change.is_sum else equity - case.trigger.equity()
    required = sheet.required()
    loss = _loss(case, change) if end.outcome == "liquidated" else None
    return Counterfactual(
        name=change.name,
        title=change.title,
        change=maybe(gained),
        equity=maybe(equity),
        maintenance_margin=maybe(required),
        liquidation_price=maybe(end.price),
        liquidated_at=end.at,
        outcome=end.outcome,
        until=end.until,
        loss=maybe(loss),
        sentence=_sentence(case, change, end, loss),
    )


def _not_told(change: _Change) -> Counterfactual:
    """Return a change of what the rows do not show anyway."""
    return Counterfactual(
        name=change.name, title=change.title, change=None, equity=None, maintenance_margin=None, liquidation_price=None,
        liquidated_at=None, outcome="unknown",
        sentence=f"{change.title}: what it would have meant cannot be told, as the rows do not show why it was "
        "liquidated.",
    )  # fmt: skip


def _loss(case: Case, change: _Change) -> Fraction | None:
    moved = sum((Fraction(term.amount) for term in case.terms
                 if term.name in {"transfers_in", "transfers_out", "drawn", "repaid"}), ZERO)  # fmt: skip
    lost = case.start_equity + moved - case.end_equity
    if change.most is not None:
        return min(lost, change.most)
    return None if change.less is None else lost - change.less


def _sentence(case: Case, change: _Change, end: Fate, loss: Fraction | None) -> str:
    asset, sheet = case.event.settle_asset, change.world.sheet
    required = sheet.required()
    if end.outcome == "unknown" or required is None:
        return (
            f"{change.title}: what it would have meant is not known, as the equity or what the venue required is not."
        )
    told = became(case, end)
    if end.outcome == "liquidated" and (end.at is None or end.at < case.triggered_at):
        first = f"{change.title}: {told}"
    else:
        held = f"the equity at the trigger would have been {amount(sheet.equity(), asset)}"
        first = f"{change.title}, {held} with {amount(required, asset)} required: {told}"
    if loss is None:
        return f"{first}."
    lost = "at most" if change.most is not None else "about"
    return f"{first}; {lost} {amount(loss, asset)} would have been lost."


def became(case: Case, end: Fate) -> str:
    """Return in words what would have become of a world, with its liquidation price."""
    at = "no price would have liquidated it" if end.price is None else f"its liquidation price is {price(end.price)}"
    was = case.trigger.liquidation_price()
    if end.price is not None and was is not None and exact(was) != exact(end.price):
        at += f" instead of {price(was)}"
    if end.outcome == "liquidated":
        if end.at is None:
            return f"liquidated earlier, when is not known; {at}"
        if end.at < case.triggered_at:
            return f"liquidated {lasting(case.triggered_at - end.at)} earlier, at {instant(end.at)}; {at}"
        if end.at == case.triggered_at:
            return f"liquidated all the same; {at}"
        return f"liquidated {lasting(end.at - case.triggered_at)} later, at {instant(end.at)}; {at}"
    if end.outcome == "survived" and end.until is not None:
        return f"not liquidated until {instant(end.until)}, by the prices known, of candles their closes; {at}"
    return f"not liquidated at that moment; {at}, and what came after it is not known"
