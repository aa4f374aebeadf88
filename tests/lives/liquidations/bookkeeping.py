"""What a bucket is worth, booked by hand: every posting and every step of a price falls on one line of the bridge.

All amounts are fractions; + = the bucket gains.  Nothing here knows how the product does it: prices are steps, postings
are valued at the price of their instant, and what open contracts have gained, and what of the balances does not count
as collateral, is compared at the two ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from tests.lives.liquidations.figures import ZERO, Open, State, Terms, Truth

F = Fraction


@dataclass(kw_only=True)
class Bucket:
    """What a venue could take: balances (net of debts) and open contracts, worth `currency`."""

    currency: str
    contracts: Mapping[str, Terms] = field(default_factory=dict)
    ratios: Mapping[str, Fraction] = field(default_factory=dict)
    """Share of an asset's value that counts; 1 of those not named and of debts."""
    worth: dict[str, Fraction] = field(default_factory=dict)
    balances: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    debts: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    sizes: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    """Of a position that is settled in kind: the signed part of the balance that is its size."""
    marks: dict[str, Fraction] = field(default_factory=dict)
    open: dict[str, Open] = field(default_factory=lambda: defaultdict(Open))
    own: Collection[str] = ()
    lines: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    level: Fraction | None = None
    """Of spot margin: the share of the debt that equity must be."""
    coins: Mapping[str, str] = field(default_factory=dict)
    """Of instruments whose mark is what a coin of the bucket is worth."""
    start: State | None = None
    since: State | None = None
    since_price: Fraction = ZERO
    meets: tuple[Fraction, Fraction] | None = None
    triggered_at: datetime | None = None
    trigger: tuple[Fraction, Fraction] = (ZERO, ZERO)
    at_trigger: dict[str, Fraction] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------ what it is worth

    def price_of(self, asset: str) -> Fraction:
        """Return what a unit is worth."""
        return F(1) if asset == self.currency else self.worth[asset]

    def haircut(self) -> Fraction:
        """Return how much of what is owned does not count."""
        return sum((
            max(amount, ZERO) * self.price_of(asset) * (1 - self.ratios[asset])
            for asset, amount in self.balances.items() if asset in self.ratios), ZERO)  # fmt: skip

    def unrealized(self, symbols: Collection[str] | None = None) -> Fraction:
        """Return what open contracts have gained, in the currency."""
        found = ZERO
        for symbol, held in self.open.items():
            if held.size and (symbols is None or symbol in symbols):
                terms = self.contracts[symbol]
                gain = terms.result(held.size > 0, held.cost, terms.value(held.size, self.marks[symbol]))
                found += gain * self.price_of(terms.settle)
        return found

    def equity(self) -> Fraction:
        """Return all that is owned and counts, less what is owed, with what open contracts have gained."""
        owned = sum((amount * self.price_of(asset) for asset, amount in self.balances.items()), ZERO)
        owed = sum((amount * self.price_of(asset) for asset, amount in self.debts.items()), ZERO)
        return owned - self.haircut() - owed + self.unrealized()

    def required(self) -> Fraction:
        """Return the maintenance margin of the open contracts, or of the debt."""
        if self.level is not None:
            return self.level * sum((owed * self.price_of(asset) for asset, owed in self.debts.items()), ZERO)
        return sum((
            self.contracts[symbol].maintenance(self.contracts[symbol].value(held.size, self.marks[symbol]))
            * self.price_of(self.contracts[symbol].settle)
            for symbol, held in self.open.items() if held.size), ZERO)  # fmt: skip

    def is_taken(self, name: str, price: Fraction) -> bool:
        """Return whether the venue would liquidate if an instrument were at a price."""
        before = dict(self.worth), dict(self.marks)
        for symbol in self.contracts:
            if symbol.split()[0] == name:
                self.marks[symbol] = price
        if name in self.coins:
            self.worth[self.coins[name]] = price
        taken = self.equity() <= self.required()
        self.worth, self.marks = before
        return taken

    def meeting(self, name: str, safe: Fraction, taken: Fraction) -> Fraction:
        """Return the price between a safe one and one that liquidates at which it begins to, to ten places."""
        assert self.is_taken(name, taken) and not self.is_taken(name, safe)
        while abs(taken - safe) > F(1, 10**10):
            middle = F(round((safe + taken) / 2, 11))
            safe, taken = (safe, middle) if self.is_taken(name, middle) else (middle, taken)
        return taken

    def search(self, name: str, price: Fraction, step: Fraction) -> Fraction:
        """Return the first price that liquidates, of those a step apart from a price on.

        Between two prices of which one liquidates and one does not there is one border: strides grow, then shrink.
        """
        if self.is_taken(name, price):
            return price
        safe, stride, grows = 0, 1, True
        while stride:
            further = price + (safe + stride) * step
            if further > 0 and not self.is_taken(name, further):
                safe += stride
            else:
                grows = False
            stride = stride * 2 if grows else stride // 2
        self.meets = price + safe * step, price + (safe + 1) * step
        assert self.is_taken(name, self.meets[1])
        return self.meets[1]

    # ---------------------------------------------------------------------------------------------- what happens

    def post(self, asset: str, amount: Fraction, line: str) -> None:
        """Book an amount of an asset."""
        self.balances[asset] += amount
        self.lines[line] += amount * self.price_of(asset)

    def owe(self, asset: str, amount: Fraction, line: str) -> None:
        """Let a debt grow (+) or fall (-)."""
        self.debts[asset] += amount
        self.lines[line] -= amount * self.price_of(asset)

    def step(self, asset: str, price: Fraction) -> None:
        """Let the price of an asset change."""
        change = price - self.worth.get(asset, price)
        size = self.sizes[asset]
        self.lines["own_price_pnl"] += size * change
        self.lines["collateral_price"] += (self.balances[asset] - self.debts[asset] - size) * change
        self.worth[asset] = price

    def trade(self, symbol: str, delta: Fraction, price: Fraction, *, forced: bool, digits: int = 8) -> Fraction:
        """Execute in a contract and return the result that the venue books for it, rounded as venues do."""
        terms, held = self.contracts[symbol], self.open[symbol]
        value = terms.value(delta, price)
        if held.size * delta >= 0:
            held.size, held.cost = held.size + delta, held.cost + value
            return ZERO
        assert abs(delta) <= abs(held.size)
        released = held.cost * abs(delta / held.size)
        long = held.size > 0
        result = F(round(terms.result(long, released, value), digits))
        held.size, held.cost = held.size + delta, held.cost - released
        line = "own_price_pnl" if symbol in self.own else "other_realized_pnl"
        if forced:
            slipped = terms.result(long, terms.value(delta, self.at_trigger[symbol]), value)
            self.lines["slippage"] += slipped * self.price_of(terms.settle)
            self.lines[line] -= slipped * self.price_of(terms.settle)
        self.post(terms.settle, result, line)
        return result

    # ------------------------------------------------------------------------------------------------- the bridge

    def state(self, at: datetime) -> State:
        """Return how it stands."""
        own = self.unrealized(self.own)
        return State(at=at, equity=self.equity(), own=own, others=self.unrealized() - own, haircut=self.haircut(),
                     lines=dict(self.lines))  # fmt: skip

    def begin(self, at: datetime, own: Collection[str]) -> None:
        """Start the bridge just before what happens next; `own` is what will be liquidated."""
        self.own, self.since, self.meets = own, None, None
        self.start = self.state(at)
        assert not self.start.own

    def note(self, at: datetime, name: str, safe: Fraction, taken: Fraction) -> None:
        """Let a second bridge start here; the liquidation price lies between two prices."""
        self.since = self.state(at)
        self.since_price = self.meeting(name, safe, taken)

    def pull(self, at: datetime) -> None:
        """Note how things stand just before the first forced row."""
        self.triggered_at, self.at_trigger = at, {**self.worth, **self.marks}
        self.trigger = (self.equity(), self.required())

    def finish(
        self, at: datetime, symbol: str, side: str, kind: str, *, is_adl: bool = False, by_rates: bool = True,
        price: Fraction | None = None,
    ) -> Truth:  # fmt: skip
        """Return the bridge up to here; it sums by itself, or this bookkeeping is wrong."""
        assert self.start is not None and self.triggered_at is not None
        end = self.state(at)
        later = self.since or end
        return Truth(
            symbol=symbol, side=side, kind=kind, asset=self.currency, started_at=self.start.at,
            triggered_at=self.triggered_at, ended_at=at, start_equity=self.start.equity,
            terms=bridged(self.start, end), end_equity=end.equity, trigger_equity=self.trigger[0],
            maintenance=self.trigger[1] if by_rates else None,
            trigger_price=self.at_trigger[symbol] if price is None else price, is_adl=is_adl,
            since=later.at if self.since else None, since_equity=later.equity, since_terms=bridged(later, end), since_price=self.since_price, meets=self.meets,
        )  # fmt: skip


def bridged(start: State, end: State) -> dict[str, Fraction]:
    """Return the lines between two states; they sum by themselves, or this bookkeeping is wrong."""
    lines = {name: amount - start.lines.get(name, ZERO) for name, amount in end.lines.items()}
    for name, change in (
        ("own_price_pnl", end.own - start.own), ("other_unrealized_pnl", end.others - start.others),
        ("collateral_price", start.haircut - end.haircut),
    ):  # fmt: skip
        lines[name] = lines.get(name, ZERO) + change
    assert start.equity + sum(lines.values()) == end.equity
    return {name: amount for name, amount in lines.items() if amount}
