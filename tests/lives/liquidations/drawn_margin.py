"""Lives on margin as chance draws them: a long or a short, in the cross account or an isolated pair, up to its sale."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from tests.lives.liquidations.drawn import Step
from tests.lives.liquidations.lives import Life
from tests.lives.liquidations.margin import MarginDesk
from tests.lives.model import rounded

F = Fraction
KINDS = ("hours", "hours", "deposit", "withdraw", "add", "reduce", "repay", "price", "price")


@dataclass(frozen=True, kw_only=True)
class MarginPlan:
    """Everything that was drawn."""

    long: bool
    is_isolated: bool
    steps: tuple[Step, ...]
    slip: int
    """Cents by which the forced fill misses the mark; above zero: worse."""


margin_plans = st.builds(
    MarginPlan,
    long=st.booleans(), is_isolated=st.booleans(),
    steps=st.lists(st.builds(Step, st.sampled_from(KINDS), st.integers(1, 9)), min_size=2, max_size=8).map(tuple),
    slip=st.integers(-20, 120),
)  # fmt: skip


def lived_on_margin(plan: MarginPlan) -> Life:
    """Return the life of a plan."""
    desk = MarginDesk("SOLUSDT" if plan.is_isolated else None)
    desk.quote(SOL="100", **({} if plan.is_isolated else {"BTC": "40000"}))
    desk.move("USDT", "1100")
    if not plan.is_isolated:
        desk.move("BTC", "0.008")
    desk.state()
    desk.borrow("USDT" if plan.long else "SOL", "2400" if plan.long else "24")
    desk.begin()
    desk.trade(F(30) if plan.long else F(-24), "100.02" if plan.long else "99.98")
    for step in plan.steps:
        _do(desk, plan, step)
    desk.wait(minutes=4)
    desk.fall("-0.05" if plan.long else "0.05")
    bucket, owed = desk.bucket, "USDT" if plan.long else "SOL"
    price = bucket.worth["SOL"] - F(plan.slip, 100) * (1 if plan.long else -1)
    held = bucket.balances["SOL"]
    desk.trade(-held if plan.long else bucket.debts["SOL"] - held, price, forced=True)
    desk.repay(owed, forced=True)
    desk.clear("12.25")
    return desk.life("drawn on margin", "long" if plan.long else "short")


def _do(desk: MarginDesk, plan: MarginPlan, step: Step) -> None:
    bucket, way = desk.bucket, 1 if plan.long else -1
    price, free = bucket.worth["SOL"], bucket.balances["USDT"]
    desk.wait(minutes=3)
    if step.kind == "hours":
        desk.hours(step.size)
    elif step.kind == "deposit":
        desk.move("USDT", str(10 * step.size))
    elif step.kind == "withdraw" and free > 10 * step.size:
        desk.move("USDT", str(-5 * step.size))
    elif step.kind == "add" and (free > price * step.size if plan.long else bucket.balances["SOL"] > step.size):
        desk.trade(F(step.size, 10) * way, price + F(3, 100))
    elif step.kind == "reduce":
        desk.trade(F(-step.size, 5) * way, price - F(2, 100))
    elif step.kind == "repay":
        asset = "USDT" if plan.long else "SOL"
        interest = bucket.debts[asset] - desk.principal[asset]
        if bucket.balances[asset] > desk.principal[asset] / 20 + interest and interest:
            desk.repay(asset, part=F(1, 20))
    elif step.kind == "price":
        change = F(1) + F(step.size - 5, 150) * way
        desk.quote(SOL=rounded(price * change, 2))
        if not plan.is_isolated:
            desk.quote(BTC=rounded(bucket.worth["BTC"] * change, 1))
