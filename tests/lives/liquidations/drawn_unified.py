"""Lives in a unified account as chance draws them: coins, an inverse position beside the linear one that is taken over."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from tests.lives.liquidations.drawn import Step
from tests.lives.liquidations.lives import Life
from tests.lives.liquidations.unified import UnifiedDesk
from tests.lives.model import rounded

F = Fraction
KINDS = ("fund", "fund other", "deposit", "withdraw", "coin in", "coin out", "add", "reduce", "other", "price", "price",
         "charge")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class UnifiedPlan:
    """Everything that was drawn."""

    long: bool
    counts: bool
    steps: tuple[Step, ...]
    stages: int
    slip: int


unified_plans = st.builds(
    UnifiedPlan,
    long=st.booleans(), counts=st.booleans(),
    steps=st.lists(st.builds(Step, st.sampled_from(KINDS), st.integers(1, 9)), min_size=2, max_size=9).map(tuple),
    stages=st.integers(1, 2), slip=st.integers(-100, 300),
)  # fmt: skip


def lived_unified(plan: UnifiedPlan) -> Life:
    """Return the life of a plan."""
    desk, way = UnifiedDesk(counts=plan.counts), 1 if plan.long else -1
    desk.quote(BTCUSDT="60000", ETHUSDT="3000", ETHUSD="3002", SOLUSDT="150")
    desk.move("USDT", "2500")
    desk.move("BTC", "0.03")
    desk.move("ETH", "0.8")
    desk.trade("ETHUSD", "1200", "3000")
    desk.trade("SOLUSDT", "6", "150.1")
    desk.wait(minutes=9)
    desk.begin("BTCUSDT")
    desk.trade("BTCUSDT", F(7, 10) * way, F(60_000) + 11 * way)
    for step in plan.steps:
        _do(desk, plan, step, way)
    desk.wait(minutes=2)
    desk.fall("BTCUSDT", "-1" if plan.long else "1")
    price = desk.bucket.marks["BTCUSDT"] - plan.slip * way
    size = desk.bucket.open["BTCUSDT"].size
    for stage in range(plan.stages):
        part = size / 2 if stage < plan.stages - 1 else desk.bucket.open["BTCUSDT"].size
        desk.trade("BTCUSDT", -part, price, kind="LIQUIDATION")
    return desk.life("drawn unified", "BTCUSDT", "long" if plan.long else "short")


def _do(desk: UnifiedDesk, plan: UnifiedPlan, step: Step, way: int) -> None:
    bucket, size = desk.bucket, F(step.size)
    desk.wait(minutes=7 * step.size)
    if step.kind == "fund":
        desk.fund("BTCUSDT", "0.0001" if step.size % 2 else "-0.00004")
    elif step.kind == "fund other":
        desk.fund("ETHUSD" if step.size % 2 else "SOLUSDT", "0.0002")
    elif step.kind in ("deposit", "withdraw"):
        desk.move("USDT", str(step.size * (40 if step.kind == "deposit" else -30)))
    elif step.kind in ("coin in", "coin out"):
        coin, unit = ("BTC", F(1, 1000)) if step.size % 2 else ("ETH", F(1, 50))
        desk.move(coin, str(size * unit * (1 if step.kind == "coin in" else -1)))
    elif step.kind == "add":
        desk.trade("BTCUSDT", size / 50 * way, bucket.marks["BTCUSDT"] + 4)
    elif step.kind == "reduce":
        desk.trade("BTCUSDT", -size / 100 * way, bucket.marks["BTCUSDT"] - 6)
    elif step.kind == "other" and bucket.open["SOLUSDT"].size > 1:
        desk.trade("SOLUSDT", F(-1, 2) if step.size % 2 else F(1), bucket.marks["SOLUSDT"])
    elif step.kind == "charge" and bucket.balances["USDT"] < -10:
        desk.charge()
    elif step.kind == "price":
        change = 1 + F(step.size - 6, 250) * way
        marks = {name: rounded(bucket.marks[name] * change, 1) for name in ("BTCUSDT", "SOLUSDT", "ETHUSD")}
        desk.quote(**marks, ETHUSDT=rounded(bucket.worth["ETH"] * change, 1))
