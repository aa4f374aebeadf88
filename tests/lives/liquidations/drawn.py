"""Lives in a cross futures wallet as chance draws them; all that is open of one symbol is liquidated in the end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from hypothesis import strategies as st

from tests.lives.liquidations.contracts import BTC, BTCUSD, ETH, LIQUIDATION, life
from tests.lives.liquidations.futures import FuturesDesk
from tests.lives.liquidations.lives import Life
from tests.lives.model import rounded

F = Fraction
KINDS = ("fund", "fund", "fund other", "deposit", "withdraw", "add", "reduce", "other", "price")


class Step(NamedTuple):
    """Something that happens: what, and a number that says how much."""

    kind: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that was drawn."""

    inverse: bool
    long: bool
    steps: tuple[Step, ...]
    stages: int
    slip: int
    """Tenths by which the first forced fill misses the mark; above zero: worse."""
    left: int
    """Per cent of what is left that the venue takes; above 100 the wallet is empty and the venue covers the rest."""


plans = st.builds(
    Plan,
    inverse=st.booleans(), long=st.booleans(),
    steps=st.lists(st.builds(Step, st.sampled_from(KINDS), st.integers(1, 9)), min_size=2, max_size=9).map(tuple),
    stages=st.integers(1, 3), slip=st.integers(-40, 400), left=st.integers(0, 130),
)  # fmt: skip


def lived(plan: Plan) -> Life:
    """Return the life of a plan."""
    own = BTCUSD if plan.inverse else BTC
    desk = FuturesDesk("coinm" if plan.inverse else "usdm", own.settle, [own] if plan.inverse else [own, ETH])
    unit, way = F(100) if plan.inverse else F(1, 2), 1 if plan.long else -1
    desk.quote(**{own.symbol: F(40_000)}, **({} if plan.inverse else {"ETHUSDT": F(2_500)}))
    desk.move(F(1, 10) if plan.inverse else 3_000)
    if not plan.inverse:
        desk.trade("ETHUSDT", "-0.4", "2501")
    desk.state()
    desk.begin(own.symbol)
    desk.trade(own.symbol, unit * way * 2, F(40_000) + 7 * way)
    for step in plan.steps:
        _do(desk, plan, step, unit * way)
    desk.fall(own.symbol, "-0.5" if plan.long else "0.5")
    mark, size = desk.bucket.marks[own.symbol], desk.bucket.open[own.symbol].size
    for stage in range(plan.stages):
        held = desk.bucket.open[own.symbol].size
        part = held if stage == plan.stages - 1 else (size / 4 if plan.inverse else rounded(size / 4, 3))
        price = mark - F(plan.slip + 30 * stage, 10) * way
        desk.trade(own.symbol, -part, price, forced=(LIQUIDATION, F(1)), ordered=abs(held))
    left = desk.bucket.equity() - desk.bucket.unrealized()
    if left > 0:
        desk.clear(own.symbol, -rounded(left * plan.left / 100, 8))
    balance = sum((row.amount for row in desk.rows), F(0))
    if balance < 0:
        desk.clear(own.symbol, -balance, covers=True)
    return life("drawn", desk, own.symbol, "long" if plan.long else "short")


def _do(desk: FuturesDesk, plan: Plan, step: Step, unit: Fraction) -> None:
    symbol = "BTCUSD_PERP" if plan.inverse else "BTCUSDT"
    bucket, size = desk.bucket, F(step.size)
    mark = bucket.marks[symbol]
    desk.wait(minutes=7 * step.size)
    if step.kind == "fund":
        desk.fund(symbol, "0.0001" if step.size % 2 else "-0.00003")
    elif step.kind == "fund other" and not plan.inverse:
        desk.fund("ETHUSDT", "0.0002")
    elif step.kind == "deposit":
        desk.move(size / 1000 if plan.inverse else size * 40)
    elif step.kind == "withdraw":
        desk.move(-size / 1000 if plan.inverse else -size * 40)
    elif step.kind == "add":
        desk.trade(symbol, unit * step.size / (1 if plan.inverse else 10), mark + 3)
    elif step.kind == "reduce":
        desk.trade(symbol, -unit / (1 if plan.inverse else 5), mark - 4)
    elif step.kind == "other" and not plan.inverse:
        desk.trade("ETHUSDT", F("-0.1") if step.size % 2 else F("0.05"), bucket.marks["ETHUSDT"] + 1)
    elif step.kind == "price":
        change = F(step.size - 6, 200)
        others = {} if plan.inverse else {"ETHUSDT": rounded(bucket.marks["ETHUSDT"] * (1 + change), 2)}
        desk.quote(**{symbol: rounded(mark * (1 + change), 1)}, **others)
