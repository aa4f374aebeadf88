"""Lives drawn on purpose where it is hard: exact zeros, flips, twins, ties in a second, fills around a funding instant.

A life is a list of small steps; what a step does depends on what is open, so nothing drawn is ever thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from tests.lives.model import EIGHT_HOURS, SECOND, Contract, Desk, Fill, Stake, rounded

F = Fraction
USDM = (
    Contract(
        symbol="BTCUSDT", wallet="usdm", settle="USDT", style="linear", multiplier=F(1), step=F(1, 1000), price=60_000
    ),
    Contract(
        symbol="ETHUSDT", wallet="usdm", settle="USDT", style="linear", multiplier=F(1), step=F(1, 100), price=3_000
    ),
    Contract(symbol="SOLUSDC", wallet="usdm", settle="USDC", style="linear", multiplier=F(1), step=F(1), price=150),
)
COINM = (
    Contract(
        symbol="BTCUSD_PERP", wallet="coinm", settle="BTC", style="inverse", multiplier=F(100), step=F(1), price=60_000
    ),
    Contract(
        symbol="ETHUSD_PERP", wallet="coinm", settle="ETH", style="inverse", multiplier=F(10), step=F(1), price=3_000
    ),
)
BITMEX = (
    Contract(symbol="XBTUSD", wallet="unified", settle="BTC", style="inverse", multiplier=F(1), step=F(100), price=60_000,
             by_lot=True),
    Contract(symbol="ETHUSD", wallet="unified", settle="BTC", style="quanto", multiplier=F(1, 10**6), step=F(1), price=3_000,
             by_lot=True),
    Contract(symbol="XBTUSDT", wallet="unified", settle="USDT", style="linear", multiplier=F(1, 10**6), step=F(1000),
             price=60_000, places=6, by_lot=True),
)  # fmt: skip
BNB = F(600)
"""USDT (and USDC) per BNB, all the time."""

SIZES = (1, 2, 3, 5, 10, 12)
MOVES = (0, 1, -1, 3, -4, 8, -13)
"""Per mille of the contract's price; the entry price itself is there on purpose."""
GAPS = ("none", "none", "second", "minutes", "hours", "before", "instant", "instant", "after")
KINDS = ("trade", "trade", "trade", "trade", "twins", "transfer", "kickback", "liquidate")


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


STEPS = st.builds(
    Step, kind=st.sampled_from(KINDS), which=st.integers(0, 5), act=st.integers(0, 4), size=st.sampled_from(SIZES),
    move=st.sampled_from(MOVES), gap=st.sampled_from(GAPS), fee=st.integers(0, 4),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that was drawn."""

    steps: tuple[Step, ...]
    contracts: tuple[Contract, ...]
    start: datetime
    hedge: bool = False
    late: bool = False
    delays: tuple[int, ...] = (0,)
    skews: tuple[int, ...] = (0,)
    zone: int = 0
    """Minutes east of Greenwich at which the exports print their clocks."""
    remarks: bool = True
    """Whether the statement names trades."""
    priced: bool = True
    """Whether the user supplies prices of BNB."""
    negative: bool = False
    """Whether funding is paid by shorts."""


def _plan(
    contracts: tuple[Contract, ...], start: datetime, *, hedge: st.SearchStrategy[bool]
) -> st.SearchStrategy[Plan]:
    chosen = st.lists(st.sampled_from(contracts), min_size=1, max_size=2, unique_by=lambda contract: contract.symbol)
    return st.builds(
        Plan,
        steps=st.lists(STEPS, min_size=2, max_size=18).map(tuple),
        contracts=chosen.map(tuple),
        start=st.sampled_from((0, 7 * 3600 + 3590, 30 * 3600)).map(lambda seconds: start + timedelta(seconds=seconds)),
        hedge=hedge, late=st.booleans(),
        delays=st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple),
        skews=st.lists(st.integers(-1, 1), min_size=1, max_size=4).map(tuple),
        zone=st.sampled_from((0, 0, 540, -360, 330)),
        remarks=st.booleans(), priced=st.booleans(), negative=st.booleans(),
    )  # fmt: skip


BINANCE_START = datetime(2026, 1, 30, 20, 0, 0, tzinfo=UTC)
BITMEX_START = datetime(2024, 11, 29, 20, 0, 0, tzinfo=UTC)
BITMEX_DAILY_START = datetime(2021, 2, 26, 20, 0, 0, tzinfo=UTC)

one_way = _plan((*USDM, *COINM), BINANCE_START, hedge=st.just(False))
hedged = _plan((*USDM, *COINM), BINANCE_START, hedge=st.just(True))
any_binance = st.one_of(one_way, hedged)
bitmex = _plan(BITMEX, BITMEX_START, hedge=st.just(False))
bitmex_daily = _plan(BITMEX[:2], BITMEX_DAILY_START, hedge=st.just(False))


# ------------------------------------------------------------------------------------------------- living


def live(plan: Plan, venue: str = "binance", *, daily: bool = False) -> Desk:
    """Live the plan and return what happened."""
    bitmex = venue == "bitmex"
    desk = Desk(plan.start, funding_offset=timedelta(hours=4 if bitmex else 0), delays=(0,) if bitmex else plan.delays)
    desk.charges_late = plan.late and not bitmex
    desk.rates = {contract.symbol: -1 if plan.negative else 1 for contract in plan.contracts}
    _fund(desk, plan, bitmex)
    if plan.hedge:
        for contract in plan.contracts:
            _show_hedge(desk, contract)
    for step in plan.steps:
        contract = plan.contracts[step.which % len(plan.contracts)]
        side = ("long", "short")[step.which // 3 % 2] if plan.hedge else "both"
        desk.advance(_later(desk, step.gap))
        if step.kind == "transfer":
            _transfer(
                desk,
                contract,
                F(step.size) * (1 if step.act % 2 else -1) / (1 if contract.style == "linear" else 100),
                bitmex,
            )
        elif step.kind == "kickback" and not bitmex:
            if contract.style == "linear":
                desk.book("usdm", "USDT", F(step.size, 1000), "rebate")
        elif step.kind == "liquidate" and (contract.symbol, side) in desk.open:
            _liquidate(desk, contract, side, step, bitmex)
        else:
            _trade(desk, contract, side, step, bitmex, twins=step.kind == "twins")
    desk.advance(desk.clock + timedelta(hours=9))
    if daily:  # the exports are made when a batch was just booked
        desk.advance(desk.clock.replace(hour=12, minute=0, second=1) + timedelta(days=desk.clock.hour // 12))
    return desk


def _fund(desk: Desk, plan: Plan, bitmex: bool) -> None:
    assets = {contract.settle: contract.wallet for contract in plan.contracts}
    if not bitmex and any(contract.style == "linear" for contract in plan.contracts):
        assets["BNB"] = "usdm"
    for asset, wallet in sorted(assets.items()):
        amount = F({"BTC": 50, "ETH": 900, "BNB": 40}.get(asset, 1_000_000))
        if bitmex:
            desk.book(wallet, asset, amount, "deposit")
        else:
            desk.book("spot", asset, amount * 2, "deposit")
            desk.clock += SECOND
            desk.book("spot", asset, -amount, "transfer", other=wallet)
            desk.book(wallet, asset, amount, "transfer", other="spot")
        desk.clock += SECOND


def _transfer(desk: Desk, contract: Contract, amount: Fraction, bitmex: bool) -> None:
    if bitmex:
        fee = F(1, 10_000) if amount < 0 else F(0)
        desk.book(contract.wallet, contract.settle, amount - fee, "withdrawal" if amount < 0 else "deposit", fee=fee)
    else:
        desk.book("spot", contract.settle, -amount, "transfer", other=contract.wallet)
        desk.book(contract.wallet, contract.settle, amount, "transfer", other="spot")


def _show_hedge(desk: Desk, contract: Contract) -> None:
    """Open both sides at different prices, so that only hedge mode explains the stated results."""
    for side, buys, thousandth, size in (("long", True, 0, 4), ("short", False, 5, 6)):
        price = F(contract.price) * (1000 + thousandth) / 1000
        desk.trade(contract, side, buys, size * contract.step, price, _fee(contract, size * contract.step, price, 0))
        desk.clock += SECOND


def _later(desk: Desk, gap: str) -> datetime:
    instant = desk.funding_before(desk.clock) + EIGHT_HOURS
    if instant == desk.clock:
        instant += EIGHT_HOURS
    targets = {
        "none": desk.clock, "second": desk.clock + SECOND, "minutes": desk.clock + timedelta(minutes=7, seconds=13),
        "hours": desk.clock + timedelta(hours=3, seconds=1), "before": instant - SECOND, "instant": instant,
        "after": instant + SECOND,
    }  # fmt: skip
    return max(targets[gap], desk.clock)


def _trade(desk: Desk, contract: Contract, side: str, step: Step, bitmex: bool, *, twins: bool) -> None:
    stake = desk.open.get((contract.symbol, side))
    price = F(contract.price) * (1000 + step.move) / 1000
    size = step.size * contract.step
    if stake is None:
        buys = side == "long" if side != "both" else bool(step.act % 2)
        pieces = [(buys, size)]
    else:
        pieces = _pieces(stake, step, size)
        if side != "both" and pieces[0][0] != stake.long:
            price = _telling(stake, price)
    if twins:
        pieces = [half for buys, whole in pieces for half in ((buys, whole), (buys, whole)) if whole] if stake is None else (
            [half for buys, whole in pieces for half in _halves(buys, whole, contract.step)])  # fmt: skip
    for buys, quantity in pieces:
        desk.trade(contract, side, buys, quantity, price, _fee(contract, quantity, price, step.fee, bitmex),
                   maker=step.fee == 1)  # fmt: skip


def _pieces(stake: Stake, step: Step, size: Fraction) -> list[tuple[bool, Fraction]]:
    """Return the fills of a step: add, close a part, close exactly, flip, or close and open again in one second."""
    closing = not stake.long
    part = min(size, stake.quantity - stake.contract.step) or stake.quantity
    hedge = stake.position_side != "both"
    return {
        0: [(stake.long, size)],
        1: [(closing, part)],
        2: [(closing, stake.quantity)],
        3: [(closing, stake.quantity)] if hedge else [(closing, stake.quantity + size)],
        4: [(closing, stake.quantity), (stake.long, size)],
    }[step.act]


def _telling(stake: Stake, price: Fraction) -> Fraction:
    """Return a price near `price` at which closing gives a result, without which hedge mode does not show."""
    tick = F(stake.contract.price, 1000)
    average = stake.contract.value(stake.quantity, price)
    return price + 2 * tick if abs(average - stake.cost) * 10_000 < stake.cost else price


def _halves(buys: bool, quantity: Fraction, step: Fraction) -> list[tuple[bool, Fraction]]:
    half = quantity / 2
    if (half / step).denominator == 1:
        return [(buys, half), (buys, half)]
    return [(buys, quantity)] if quantity == step else [(buys, step), (buys, quantity - step)]


def _fee(
    contract: Contract, quantity: Fraction, price: Fraction, kind: int, bitmex: bool = False
) -> tuple[Fraction, str]:
    """Return fee and asset: taker, maker rebate, BNB, none, another rate."""
    value = contract.value(quantity, price)
    rate = (F(4, 10_000), F(-1, 10_000), F(3, 10_000), F(0), F(75, 100_000))[kind]
    if kind == 2 and contract.style == "linear" and not bitmex:
        return rounded(value * rate / BNB, 8), "BNB"
    return rounded(value * rate, contract.places), contract.settle


def _liquidate(desk: Desk, contract: Contract, side: str, step: Step, bitmex: bool) -> list[Fill]:
    """Close all or a part by force, in one order of one or two fills, and pay the clearance fee a second later."""
    desk.advance(desk.clock + timedelta(seconds=70))
    stake = desk.open[contract.symbol, side]
    quantity = stake.quantity if step.act % 2 or stake.quantity == contract.step else stake.quantity - contract.step
    price = _telling(stake, F(contract.price) * (1000 + (-40 if stake.long else 40)) / 1000)
    order, fills = desk.number() * 10, []
    for _, piece in _halves(not stake.long, quantity, contract.step) if step.size % 2 else [(False, quantity)]:
        fee = _fee(contract, piece, price, 0 if bitmex else step.fee % 2 * 4)
        fills.append(desk.trade(contract, side, not stake.long, piece, price, fee, order=order, forced=True))
    desk.forced_orders.append(fills)
    if not bitmex:
        desk.advance(desk.clock + SECOND)
        fee_paid = rounded(sum((fill.value for fill in fills), F(0)) / 80, 8)
        desk.book(contract.wallet, contract.settle, -fee_paid, "liquidation_fee", contract=contract, owner=stake)
        stake.liquidation_fees += fee_paid
    desk.advance(desk.clock + timedelta(seconds=10))
    return fills
