"""What a bucket holds and owes at one instant, as pure numbers: its equity, what it must hold, and where the two meet.

A bucket is what the venue could take.  All amounts are fractions in the bucket's currency; prices are quote per base.
Everything may be asked at another price of the instrument that was liquidated (`own`), all else unchanged: equity and
requirement are then piecewise linear in that price (of inverse contracts: in its inverse), so the price at which they
meet is exact, tier by tier, without iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from ledger.margining.requirement import ONE, ZERO, Tier, gained, maintenance, notional, tier_at, total

Excess = Callable[[Fraction], "Fraction | None"]

RULES = ("tiers", "level", "used", "ltv", "entry")
"""Of what a venue demands: a rate of each position's notional by tier; assets per debt; a share of the initial margin
used; debt per collateral; a rate of the value at entry."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a bucket is liquidated: where its equity is no more than its maintenance margin."""

    kind: str
    level: Fraction = ZERO
    """level: assets / debt (1.1); used: share of the used margin (0.4); ltv: debt / collateral (0.83); tiers and entry:
    multiple of the maintenance margin (portfolio margin: 1.05), 0 for 1."""
    fee: Fraction = ZERO
    """tiers: rate of the fee to close that counts as required (OKX, Gate)."""
    label: str = "assumed"
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One open position: a contract, or a margin position whose size is a balance of the bucket (`is_asset`)."""

    position_id: str
    symbol: str
    side: int
    """+1 long, -1 short."""
    quantity: Fraction
    """Unsigned, in the venue's unit."""
    entry: Fraction | None
    mark: Fraction | None
    """None: unknown; its unrealized result is then left out."""
    multiplier: Fraction = ONE
    style: str = "linear"
    is_own: bool = False
    """Whether its price is the one that is asked about."""
    is_asset: bool = False
    """Its base is a balance of the bucket: equity counts it in `Sheet.base`, not here."""
    tiers: Sequence[Tier] = ()
    leverage: Fraction | None = None
    """Where known: initial margin is value / leverage."""
    product: str = "perpetual"
    settled: Fraction = ONE
    """What one of the asset in which it settles is worth in the bucket's currency (unified accounts)."""
    is_floating: bool = False
    """Whether that asset is its own base, whose worth goes with its price (inverse, in a unified account)."""

    def at(self, price: Fraction | None) -> Fraction | None:
        """Return the price that values it when the own instrument is at `price`."""
        return price if self.is_own and price is not None else self.mark

    def value(self, price: Fraction | None = None) -> Fraction | None:
        """Return its notional, unsigned, in the bucket's currency."""
        return self._value(price) if self._moves(price) else self._value_now

    def unrealized(self, price: Fraction | None = None) -> Fraction:
        """Return its unrealized result; 0 where it is a balance, or no mark or entry is known."""
        return self._unrealized(price) if self._moves(price) else self._unrealized_now

    def required(self, rule: Rule, price: Fraction | None = None) -> Fraction | None:
        """Return its maintenance margin by a rule of rates; None where its tier or its mark is unknown.

        Of an option that was bought nothing is required.
        """
        if self._moves(price):
            return self._required(rule, price)
        known = self._required_now
        if not known or (known[-1][0] is not rule and known[-1][0] != rule):
            known.append((rule, self._required(rule, None)))
        return known[-1][1]

    def initial(self, price: Fraction | None = None) -> Fraction | None:
        """Return its initial margin: at its leverage, else at the highest that its tier allows; None where unknown.

        The used margin of a short on spot margin is in base and grows with the price, a long's is of its entry value.
        """
        return self._initial(price) if self._moves(price) else self._initial_now

    def _moves(self, price: Fraction | None) -> bool:
        """Return whether another price changes anything; else what it comes to is computed once."""
        return self.is_own and price is not None

    @cached_property
    def _value_now(self) -> Fraction | None:
        return self._value(None)

    @cached_property
    def _unrealized_now(self) -> Fraction:
        return self._unrealized(None)

    @cached_property
    def _required_now(self) -> list[tuple[Rule, Fraction | None]]:
        return []

    @cached_property
    def _initial_now(self) -> Fraction | None:
        return self._initial(None)

    def _value(self, price: Fraction | None) -> Fraction | None:
        native = self._notional(self.at(price))
        return None if native is None else native * self._worth(price)

    def _unrealized(self, price: Fraction | None) -> Fraction:
        now, then = self._notional(self.at(price)), self._notional(self.entry)
        if self.is_asset or now is None:
            return ZERO
        if self.product == "option":  # its premium was paid in cash: what is left is its whole value
            return self.side * now * self._worth(price)
        if then is None:
            return ZERO
        return gained(self.style, self.side, then, now) * self._worth(price)

    def _required(self, rule: Rule, price: Fraction | None) -> Fraction | None:
        if rule.kind == "used":
            used = self.initial(price)
            return None if used is None else used * rule.level
        if not self.tiers and self.product == "option" and self.side > 0:
            return ZERO
        value = self._notional(self.entry if rule.kind == "entry" and self.entry is not None else self.at(price))
        if value is None or not self.tiers:
            return None
        return (maintenance(self.tiers, value) + value * rule.fee) * (rule.level or ONE) * self._worth(price)

    def _initial(self, price: Fraction | None) -> Fraction | None:
        is_margin = self.is_asset or self.product == "margin"
        value = self._notional(self.entry if is_margin and self.side > 0 and self.entry is not None else self.at(price))
        if value is None:
            return None
        if self.leverage:
            return value / self.leverage * self._worth(price)
        rate = tier_at(self.tiers, value).initial_rate if self.tiers else None
        return None if rate is None else value * rate * self._worth(price)

    def _worth(self, price: Fraction | None) -> Fraction:
        """Return what one of the asset in which it settles is worth when the own instrument is at `price`."""
        at = self.at(price)
        return self.settled * at / self.mark if self.is_floating and at is not None and self.mark else self.settled

    def _notional(self, price: Fraction | None) -> Fraction | None:
        """Return its value at a price in the asset that it settles in."""
        if price is None:
            return None
        style = "linear" if self.product == "option" else self.style  # an option's price is of its settle asset
        return notional(style, self.quantity, price, self.multiplier)


@dataclass(frozen=True, kw_only=True)
class Others:
    """What the positions come to whose price is not asked about; None where a part of it is unknown."""

    unrealized: Fraction
    required: Fraction | None
    initial: Fraction | None
    value: Fraction | None

    @classmethod
    def of(cls, exposures: Sequence[Exposure], rule: Rule) -> Others:
        """Return the sums of positions by a rule of rates."""
        return cls(
            unrealized=total([one.unrealized() for one in exposures]),
            required=_known_sum(ZERO, [one.required(rule) for one in exposures]),
            initial=_known_sum(ZERO, [one.initial() for one in exposures]),
            value=_known_sum(ZERO, [one.value() for one in exposures]),
        )


def _known_sum(first: Fraction | None, parts: Sequence[Fraction | None]) -> Fraction | None:
    """Return the sum; None where a part is unknown."""
    known = [part for part in (first, *parts) if part is not None]
    return total(known) if len(known) == len(parts) + 1 else None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a bucket holds and owes at an instant."""

    cash: Fraction
    """Net worth of all balances but those of the own base: assets at price x collateral ratio, less debts."""
    owed: Fraction = ZERO
    """Debts in `cash`, + = owed, of other assets than the own base; in the bucket's currency."""
    base: Fraction = ZERO
    """Own base owned (margin: bought or held; loan: pledged), units of the base."""
    base_owed: Fraction = ZERO
    """Own base owed, units."""
    base_ratio: Fraction = ONE
    """Share of the own base's value that counts as collateral."""
    base_factor: Fraction = ONE
    """Price of the own base / mark of the own instrument: of a contract's base that lies beside it as collateral."""
    price: Fraction | None = None
    """Mark of the own instrument; None where unknown."""
    exposures: Sequence[Exposure] = ()
    rule: Rule = field(default_factory=lambda: Rule(kind="tiers"))

    def own(self) -> list[Exposure]:
        """Return the positions at the own price."""
        return list(self._own)

    @cached_property
    def _own(self) -> Sequence[Exposure]:
        return [exposure for exposure in self.exposures if exposure.is_own]

    @cached_property
    def _others(self) -> Others:
        return Others.of([exposure for exposure in self.exposures if not exposure.is_own], self.rule)

    def base_value(self, price: Fraction | None = None) -> Fraction:
        """Return what the own base adds to the net worth: a net asset counts by its ratio, a net debt in full."""
        at = self.price if price is None else price
        net = self.base - self.base_owed
        return ZERO if at is None else net * at * self.base_factor * (self.base_ratio if net > 0 else ONE)

    def equity(self, price: Fraction | None = None) -> Fraction:
        """Return what the bucket is worth."""
        return self._equity_now if price is None else self._equity(price)

    @cached_property
    def _equity_now(self) -> Fraction:
        return self._equity(None)

    def _equity(self, price: Fraction | None) -> Fraction:
        parts = [one.unrealized(price) for one in self._own]
        return total([self.cash, self.base_value(price), self._others.unrealized, *parts])

    def debt(self, price: Fraction | None = None) -> Fraction:
        """Return what the bucket owes."""
        at = self.price if price is None else price
        return self.owed + (ZERO if at is None else self.base_owed * at * self.base_factor)

    def required(self, price: Fraction | None = None) -> Fraction | None:
        """Return the maintenance margin; None where a tier or a mark is unknown."""
        if self.rule.kind == "level":
            return (self.rule.level - ONE) * self.debt(price)
        if self.rule.kind == "ltv":
            return (ONE - self.rule.level) * (self.equity(price) + self.debt(price))
        return _known_sum(self._others.required, [one.required(self.rule, price) for one in self._own])

    def initial(self, price: Fraction | None = None) -> Fraction | None:
        """Return the initial margin in use; None where a leverage and a tier are unknown."""
        return _known_sum(self._others.initial, [one.initial(price) for one in self._own])

    def health(self, price: Fraction | None = None) -> Fraction | None:
        """Return equity / maintenance margin; None where nothing is required or that is unknown."""
        required = self.required(price)
        return self.equity(price) / required if required else None

    def effective_leverage(self, price: Fraction | None = None) -> Fraction | None:
        """Return the sum of notionals / equity; None without equity or with an unknown mark."""
        value = _known_sum(self._others.value, [one.value(price) for one in self._own])
        equity = self.equity(price)
        return value / equity if value is not None and self.exposures and equity > 0 else None

    # ------------------------------------------------------------------------------------------- other sheets

    def with_cash(self, change: Fraction) -> Sheet:
        """Return the sheet with more (or less) cash."""
        return replace(self, cash=self.cash + change)

    def without_others(self) -> Sheet:
        """Return the sheet with the own positions alone; what the others made of the cash stays."""
        return replace(self, exposures=self.own())

    def resized(self, share: Fraction) -> Sheet:
        """Return the sheet with own contracts of another size, as if entered so; balances stay as they are."""
        changed = [
            replace(one, quantity=one.quantity * share) if one.is_own and not one.is_asset else one
            for one in self.exposures
        ]
        return replace(self, exposures=changed)

    # ------------------------------------------------------------------------------------------ where they meet

    def liquidation_price(self) -> Fraction | None:
        """Return the price of the own instrument at which the bucket is liquidated; None: no price does, or unknown."""
        return self._meets(self._excess)

    def bankruptcy_price(self, fee: Fraction = ZERO) -> Fraction | None:
        """Return the price of the own instrument at which nothing is left, with the fee (a rate) to close it paid."""

        def left(price: Fraction) -> Fraction | None:
            closing = sum((one.value(price) or ZERO for one in self.own()), ZERO) * fee
            return self.equity(price) - closing

        return self._meets(left)

    def _excess(self, price: Fraction) -> Fraction | None:
        required = self.required(price)
        return None if required is None else self.equity(price) - required

    def _meets(self, excess: Excess) -> Fraction | None:
        """Return the price, from the mark on in the losing direction, at which `excess` is no more than nothing.

        Of a bucket that is beyond it already the price is that at which it came to this: back in the other direction.
        """
        if self.price is None or self.price <= 0:
            return None
        inverse = any(one.is_own and one.style == "inverse" and not one.is_floating for one in self.exposures)
        start = ONE / self.price if inverse else self.price
        floors = sorted(_breakpoints(self.own(), inverse))

        def at(point: Fraction) -> Fraction | None:
            return excess(ONE / point if inverse else point)

        now = at(start)
        if now is None:
            return None
        if not now:
            return self.price
        found = [
            point
            for points in (_downwards(start, floors), _upwards(start, floors))
            if (point := _first_root(at, points, now)) is not None
        ]
        if not found:
            return None
        nearest = min(found, key=lambda point: abs(point - start))
        return ONE / nearest if inverse else nearest


def _breakpoints(own: Iterable[Exposure], inverse: bool) -> set[Fraction]:
    """Return the points (prices; of inverse contracts 1 / price) at which a position changes its tier."""
    points = set()
    for one in own:
        size = one.quantity * one.multiplier
        if not size or one.is_asset:
            continue
        floors = [tier.floor for tier in one.tiers if tier.floor]
        if one.is_floating:
            points |= {size / floor for floor in floors}
        elif (one.style == "inverse") == inverse:
            points |= {floor / size for floor in floors}
    return points


def _downwards(start: Fraction, floors: Sequence[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Return the stretches from the start to 0, the nearest first."""
    stops = [start, *reversed([floor for floor in floors if floor < start]), ZERO]
    return list(pairwise(stops))


def _upwards(start: Fraction, floors: Sequence[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Return the stretches from the start upwards; the last is as long as all before, and goes on."""
    stops = [start, *(floor for floor in floors if floor > start)]
    return [*pairwise(stops), (stops[-1], 2 * stops[-1])]


def _first_root(at: Excess, stretches: Sequence[tuple[Fraction, Fraction]], now: Fraction) -> Fraction | None:
    """Return the first point at which the sign changes: on each stretch the excess is a straight line.

    Two points inside a stretch tell its line, so that what happens at its ends (another tier) does not matter; where
    the sign changes between two stretches, their border is the point.
    """
    for number, (near, far) in enumerate(stretches):
        one, other = near + (far - near) / 3, near + (far - near) * 2 / 3
        first, second = at(one), at(other)
        if first is None or second is None:
            return None
        slope = (second - first) / (other - one)
        border = first + slope * (near - one)
        if (border > 0) != (now > 0):
            return near
        if slope:
            root = one - first / slope
            goes_on = number == len(stretches) - 1 and far > near
            inside = (root - near) * (far - near) > 0 and (goes_on or abs(root - near) <= abs(far - near))
            if inside and root > 0:
                return root
    return None
