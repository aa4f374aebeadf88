"""Lives on margin drawn where it is hard: one loan of several positions, interest in kind, dust, flips, inventory.

A life is a list of small steps; what a step does depends on what is open and owed, so nothing drawn is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st

from tests.lives.margin import BNB, HOUR, MarginDesk, Pair, Pot
from tests.lives.model import rounded

F = Fraction
SECOND = timedelta(seconds=1)
SPOT, CROSS = Pot(wallet="spot"), Pot(wallet="cross_margin")
BTC = Pair(symbol="BTCUSDT", base="BTC", quote="USDT", price=F(60_000), step=F(1, 10**5), unit=F(1, 100))
ETH = Pair(symbol="ETHUSDT", base="ETH", quote="USDT", price=F(3_000), step=F(1, 10**4), unit=F(1, 10))
SOL = Pair(symbol="SOLUSDC", base="SOL", quote="USDC", price=F(150), step=F(1, 1000), unit=F(1))
ETHBTC = Pair(symbol="ETHBTC", base="ETH", quote="BTC", price=F(5, 100), step=F(1, 1000), unit=F(1, 10))
PAIRS = (BTC, ETH, SOL, ETHBTC)
START = datetime(2026, 1, 30, 20, 0, 0, tzinfo=UTC)

KINDS = ("long", "long", "short", "short", "reduce", "close", "close", "repay", "idle", "move", "inventory", "sell",
         "liquidate", "scalp")  # fmt: skip
GAPS = ("none", "second", "minutes", "hour", "hours")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens; the numbers choose among what is possible then."""

    kind: str
    which: int
    act: int
    size: int
    move: int
    gap: str
    fee: int


@dataclass(frozen=True, kw_only=True)
class MarginPlan:
    """Everything that was drawn."""

    steps: tuple[Step, ...]
    pairs: tuple[Pair, ...]
    isolated: tuple[bool, ...]
    """Of each pair, whether it is traded in its own pot."""
    pays_in_bnb: bool
    priced: bool
    skews: tuple[int, ...]
    zone: int
    halves: bool
    """Whether every close is two fills of one order."""

    def pot(self, pair: Pair) -> Pot:
        """Return the pot in which a pair is traded."""
        isolated = self.isolated[self.pairs.index(pair)]
        return Pot(wallet="isolated_margin", pair=pair.symbol) if isolated else CROSS


STEPS = st.builds(
    Step, kind=st.sampled_from(KINDS), which=st.integers(0, 3), act=st.integers(0, 5),
    size=st.sampled_from((1, 2, 3, 5)), move=st.sampled_from((0, 1, -1, 3, -4, 8, -13)), gap=st.sampled_from(GAPS),
    fee=st.integers(0, 3),
)  # fmt: skip


def _plans(isolated: st.SearchStrategy[bool]) -> st.SearchStrategy[MarginPlan]:
    return st.builds(
        MarginPlan,
        steps=st.lists(STEPS, min_size=6, max_size=22).map(tuple),
        pairs=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=3, unique_by=lambda pair: pair.symbol).map(tuple),
        isolated=st.tuples(isolated, isolated, isolated),
        pays_in_bnb=st.sampled_from((False, False, True)), priced=st.booleans(),
        skews=st.lists(st.integers(-1, 1), min_size=1, max_size=4).map(tuple),
        zone=st.sampled_from((0, 0, 540, -360)), halves=st.booleans(),
    )  # fmt: skip


def _trip(
    kind: str, borrow: int, repay: int, size: int, moves: tuple[int, int], gap: str, fee: int
) -> tuple[Step, Step]:
    act = borrow if kind == "short" else borrow % 2 + 4
    return (Step(kind=kind, which=0, act=act, size=size, move=moves[0], gap="minutes", fee=fee),
            Step(kind="close", which=0, act=repay, size=size, move=moves[1], gap=gap, fee=fee))  # fmt: skip


TRIPS = st.builds(
    _trip, kind=st.sampled_from(("long", "short")), borrow=st.sampled_from((0, 1, 4)), repay=st.sampled_from((2, 3)),
    size=st.sampled_from((1, 2, 3, 5)), moves=st.tuples(st.sampled_from((0, 3, -4)), st.sampled_from((0, 8, -13))),
    gap=st.sampled_from(GAPS), fee=st.integers(0, 3),
)  # fmt: skip

cross_margin = _plans(st.just(False))
unhurried_margin = cross_margin.map(
    lambda plan: replace(plan, steps=tuple(step for step in plan.steps if step.kind != "scalp"))
)
"""Without loans that are drawn and repaid within the second by which a statement may be off."""
any_margin = _plans(st.booleans())
round_trips = st.builds(
    lambda plan, trips, pair: replace(
        plan, steps=tuple(step for trip in trips for step in trip), pairs=(pair,), pays_in_bnb=False),
    plan=cross_margin, trips=st.lists(TRIPS, min_size=1, max_size=5), pair=st.sampled_from((BTC, ETH, SOL)),
)  # fmt: skip
"""Positions of one pair, one after the other, whose loans are repaid in whole when they are closed."""


def story(
    *steps: tuple[str, int, int, int, int, str, int], pairs: tuple[Pair, ...], isolated: tuple[bool, ...], skew: int = 0
) -> MarginPlan:
    """Return a plan that is told, not drawn; the cells of a step are those of `Step`, in order."""
    told = tuple(Step(kind=kind, which=which, act=act, size=size, move=move, gap=gap, fee=fee)
                 for kind, which, act, size, move, gap, fee in steps)  # fmt: skip
    return MarginPlan(steps=told, pairs=pairs, isolated=isolated, pays_in_bnb=False, priced=True, skews=(skew,), zone=0,
                      halves=True)  # fmt: skip


THREE_EXPORTS_MEET = story(
    ("idle", 1, 5, 3, 1, "hours", 2), ("long", 0, 1, 5, 0, "minutes", 3), pairs=(BTC, ETHBTC), isolated=(False, True),
    skew=-1,
)  # fmt: skip
"""Only one loan in a pot: three exports begin or end within a second of it."""
ENDS_ON_A_REPAYMENT = story(
    ("long", 1, 1, 1, 3, "hour", 1), ("close", 1, 1, 5, -4, "hour", 1), ("repay", 1, 0, 2, 0, "minutes", 0),
    ("idle", 0, 5, 5, 8, "minutes", 0), pairs=(ETHBTC, SOL), isolated=(True, False), skew=-1,
)  # fmt: skip
"""The last row of a pot is a repayment, which the statement books unsplit and a second earlier."""
AT_ONCE = story(
    ("scalp", 0, 4, 3, -13, "minutes", 3), ("scalp", 0, 4, 3, -13, "minutes", 1), ("short", 0, 0, 2, 0, "hours", 1),
    ("close", 0, 3, 2, 8, "none", 1), ("long", 0, 1, 2, 0, "minutes", 0), ("close", 0, 0, 2, 8, "hours", 0),
    pairs=(ETH,), isolated=(False,),
)  # fmt: skip
"""Shorts that are opened, closed and repaid in one instant, and closes in two fills of which one is below a dollar."""


# ------------------------------------------------------------------------------------------------- living


def lived(plan: MarginPlan) -> MarginDesk:
    """Live the plan and return what happened."""
    desk = MarginDesk(START, pays_in_bnb=plan.pays_in_bnb)
    _fund(desk, plan)
    for step in plan.steps:
        pair = plan.pairs[step.which % len(plan.pairs)]
        _pass(desk, step.gap)
        _act(desk, plan, pair, step)
    desk.advance(desk.clock + timedelta(hours=2, minutes=5))
    _move(desk, plan.pot(plan.pairs[0]), plan.pairs[0].quote, F(-1))
    return desk


def _fund(desk: MarginDesk, plan: MarginPlan) -> None:
    for pot in dict.fromkeys(plan.pot(pair) for pair in plan.pairs):
        quotes = {pair.quote for pair in plan.pairs if plan.pot(pair) == pot}
        for asset in sorted({*quotes, "BNB"}):
            amount = F({"BTC": 5, "BNB": 40}.get(asset, 100_000))
            desk.book(SPOT, asset, amount * 2, "deposit")
            desk.clock += SECOND
            _move(desk, pot, asset, amount)
            desk.clock += SECOND
            _move(desk, pot, asset, F(-1))  # a capital flow that shows no outflow does not show its signs
            desk.clock += SECOND


def _move(desk: MarginDesk, pot: Pot, asset: str, amount: Fraction) -> None:
    """Move funds between spot and a pot; both legs have one id."""
    tran = desk.number()
    desk.book(SPOT, asset, -amount, "transfer", tran=tran, other=pot.wallet)
    desk.book(pot, asset, amount, "transfer", tran=tran, other="spot")


def _pass(desk: MarginDesk, gap: str) -> None:
    spans = {
        "none": timedelta(seconds=4), "second": timedelta(seconds=5, milliseconds=250),
        "minutes": timedelta(minutes=7, seconds=13), "hour": timedelta(minutes=61), "hours": timedelta(hours=5),
    }  # fmt: skip
    to = desk.clock + spans[gap]
    full = to.replace(minute=0, second=0, microsecond=0)
    if to - full < timedelta(seconds=70):  # what is charged at a full hour is owed by what was open for a while
        to = full + timedelta(seconds=70)
    if full + HOUR - to < timedelta(seconds=200):
        to = full + HOUR + timedelta(seconds=70)
    desk.advance(to)


def _act(desk: MarginDesk, plan: MarginPlan, pair: Pair, step: Step) -> None:
    pot = plan.pot(pair)
    stake = next((stake for stake in desk.stakes() if stake.pot == pot and stake.pair == pair and stake.size), None)
    net = stake.size if stake else F(0)
    price = pair.price * (1000 + step.move) / 1000
    size = step.size * pair.unit
    if step.kind == "long" and net >= 0:
        _open_long(desk, pot, pair, size, price, step)
    elif step.kind == "short" and not (net > 0 and step.act == 3):
        _open_short(desk, pot, pair, max(net, F(0)), size, price, step)
    elif step.kind in ("reduce", "close", "long") and net:
        part = abs(net) / 2 if step.kind == "reduce" else abs(net)
        _close(desk, plan, pot, pair, net > 0, part, price, step)
    elif step.kind == "liquidate" and net and not (net < 0 and not pair.in_dollars):
        _liquidate(desk, pot, pair, net, step)
    elif step.kind == "scalp" and not net:
        _scalp(desk, pot, pair, size, price, step)
    elif step.kind == "repay":
        _repay_some(desk, pot, step)
    elif step.kind == "idle":
        asset = (pair.base, pair.quote)[step.act % 2]
        desk.borrow(pot, asset, size if asset == pair.base else rounded(size * price, 8), auto=False)
    elif step.kind == "move":
        _move(desk, pot, pair.quote, F(step.size) / 10 * (1 if step.act % 2 else -1))
    elif step.kind == "inventory":
        desk.book(SPOT, pair.base, size, "deposit")
        desk.clock += SECOND
        _move(desk, pot, pair.base, size)
    elif step.kind == "sell" and (spare := _spare(desk, pot, pair.base, plan)) > 0:
        quantity = min(F(floor(spare / pair.step)) * pair.step, size)
        if quantity:
            desk.trade(pot, pair, False, quantity, price, _fee(pair, False, quantity, price, step.fee))


def _spare(desk: MarginDesk, pot: Pot, base: str, plan: MarginPlan) -> Fraction:
    """Return what a pot holds of an asset beside its positions in it."""
    longs = sum((stake.size for stake in desk.stakes()
                 if stake.pot == pot and stake.pair.base == base and stake.size > 0), F(0))  # fmt: skip
    return desk.held[pot, base] - longs


def _fee(pair: Pair, buys: bool, quantity: Fraction, price: Fraction, kind: int) -> tuple[Fraction, str]:
    """Return fee and asset: of what is received, in BNB, or none."""
    if kind == 2:
        return rounded(quantity * price * F(75, 100_000) / BNB[pair.quote], 8), "BNB"
    received = quantity if buys else quantity * price
    return (F(0) if kind == 3 else rounded(received / 1000, 8)), pair.base if buys else pair.quote


def _open_long(desk: MarginDesk, pot: Pot, pair: Pair, size: Fraction, price: Fraction, step: Step) -> None:
    borrowed = rounded(size * price * (0, F(1, 2), 1)[step.act % 3], 8)
    if borrowed:
        desk.borrow(pot, pair.quote, borrowed, auto=step.act < 3)
        if step.act >= 3:
            desk.clock += 5 * SECOND
    desk.trade(pot, pair, True, size, price, _fee(pair, True, size, price, step.fee))


def _open_short(
    desk: MarginDesk, pot: Pot, pair: Pair, closes: Fraction, size: Fraction, price: Fraction, step: Step
) -> None:
    """Borrow the base and sell it, with all that is held of a long before it: a flip."""
    idle = pair.unit if step.act == 2 else F(0)
    desk.borrow(pot, pair.base, size + idle, auto=step.act < 3)
    if step.act >= 3:
        desk.clock += 5 * SECOND
    quantity = size + F(floor(closes / pair.step)) * pair.step
    desk.trade(pot, pair, False, quantity, price, _fee(pair, False, quantity, price, step.fee))


def _close(
    desk: MarginDesk, plan: MarginPlan, pot: Pot, pair: Pair, long: bool, part: Fraction, price: Fraction, step: Step
) -> None:
    """Close a part or all of it, at once or in two fills, and repay nothing, some or all of the loan."""
    debt = pair.quote if long else pair.base
    if long:
        quantity = F(floor(part / pair.step)) * pair.step
    else:
        fee = F(0) if step.fee >= 2 else F(1, 1000)
        wanted = part + (desk.pools[pot, pair.base].interest if step.kind != "reduce" and step.act < 4 else 0)
        quantity = F(ceil(wanted / (1 - fee) / pair.step)) * pair.step
    if not quantity:
        return
    pieces = [quantity]
    if plan.halves and quantity > pair.step:
        first = F(floor(quantity * (F(9, 10), F(1, 2), F(9999, 10_000))[step.size % 3] / pair.step)) * pair.step
        pieces = [piece for piece in (first, quantity - first) if piece]
    order = desk.number()
    owed = desk.pools[pot, debt].owed
    for piece in pieces:
        fee_ = _fee(pair, not long, piece, price, step.fee)
        desk.trade(pot, pair, not long, piece, price, fee_, order=order)
        if step.act % 2 and not long:  # what is bought is paid back at once
            desk.repay(pot, debt, min(owed, desk.held[pot, debt], piece), auto=True)
    if step.act in (2, 3, 4):
        desk.clock += 2 * SECOND
        some = owed / 3 if step.act == 4 else owed
        desk.repay(pot, debt, rounded(min(some, max(desk.held[pot, debt], F(0))), 8), auto=False)


def _scalp(desk: MarginDesk, pot: Pot, pair: Pair, size: Fraction, price: Fraction, step: Step) -> None:
    """Sell short, and a second or nothing later buy it back and repay it."""
    desk.borrow(pot, pair.base, size, auto=True)
    desk.trade(pot, pair, False, size, price, _fee(pair, False, size, price, step.fee))
    desk.clock += step.act % 2 * SECOND
    wanted = size + desk.pools[pot, pair.base].interest
    quantity = F(ceil(wanted * (1 if step.fee >= 2 else F(1000, 999)) / pair.step)) * pair.step
    desk.trade(pot, pair, True, quantity, price, _fee(pair, True, quantity, price, step.fee))
    desk.repay(pot, pair.base, rounded(min(desk.pools[pot, pair.base].owed, desk.held[pot, pair.base]), 8), auto=True)


def _repay_some(desk: MarginDesk, pot: Pot, step: Step) -> None:
    owing = sorted(asset for (of, asset), pool in desk.pools.items() if of == pot and pool.owed)
    if owing:
        asset = owing[step.which % len(owing)]
        wanted = desk.pools[pot, asset].owed if step.act % 2 else desk.pools[pot, asset].owed / 2
        desk.repay(pot, asset, rounded(min(wanted, max(desk.held[pot, asset], F(0))), 8), auto=asset == "BNB")


def _liquidate(desk: MarginDesk, pot: Pot, pair: Pair, net: Fraction, step: Step) -> None:
    """Close all of it by force in one order of one or two fills, repay its loan and pay the clearance fee."""
    desk.advance(desk.clock + timedelta(seconds=70))
    long, price = net > 0, pair.price * (1000 + (-40 if net > 0 else 40)) / 1000
    debt = pair.quote if long else pair.base
    if long:
        quantity = F(floor(net / pair.step)) * pair.step
    else:
        quantity = F(ceil((-net + desk.pools[pot, debt].interest) * F(1000, 999) / pair.step)) * pair.step
    if not quantity:
        return
    first = F(floor(quantity / 2 / pair.step)) * pair.step if step.size % 2 else F(0)
    order = desk.number()
    for piece in (first, quantity - first):
        if piece:
            last = desk.trade(pot, pair, not long, piece, price, _fee(pair, not long, piece, price, 0), order=order,
                              forced=True)  # fmt: skip
    desk.clock += SECOND
    desk.repay(pot, debt, rounded(min(desk.pools[pot, debt].owed, desk.held[pot, debt]), 8), auto=True, forced=True)
    desk.clear(last, rounded(quantity * price / 50, 8))
    if step.act == 4 and pot == CROSS:  # what is too small to be sold is taken over
        tran = desk.number()
        desk.book(pot, "BNB", F(-1, 1000), "takeover", tran=tran)
        desk.book(pot, pair.quote, rounded(BNB[pair.quote] / 1000, 8), "takeover", tran=tran)
    desk.advance(desk.clock + timedelta(seconds=75))
