"""The sheet of a bucket at any instant of it: balances, positions and prices as they were known then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from ledger.auditing.bucket import ZERO, Bucket, Change, Level
from ledger.auditing.stakes import Found
from ledger.auditing.worth import Worth
from ledger.judging.case import Leg, Quote, Stake
from ledger.margining.requirement import Tier, notional
from ledger.margining.rules import VenueRule
from ledger.margining.sheet import Exposure, Sheet
from ledger.margining.tiers import Tiers

State = tuple[Leg, "Fraction | None", Fraction, int, Sequence[Tier], bool]
"""What an exposure is made of: leg, price, worth of its settle asset, stretch of its tiers, implied tier, is it own."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A state of the bucket: at an instant, with what changed until then."""

    at: datetime
    levels: Mapping[str, Level]
    legs: Mapping[str, Leg]
    """By position, the last leg; positions that are not open yet are not in it."""
    gaps: Mapping[str, Fraction] = field(default_factory=dict)
    """By asset, what the venue's balance has since the start that no row explains."""


@dataclass
class Sheets:
    """Makes sheets of one bucket."""

    bucket: Bucket
    worth: Worth
    tiers: Tiers
    rule: VenueRule
    implied: Sequence[Tier] = ()
    """The tier that the liquidation implies, for positions of which none is known."""
    unmarked: dict[str, datetime] = field(default_factory=dict)
    """Positions whose mark was asked for and not known, and when."""

    def __post_init__(self) -> None:
        self.tracks = _tracks(self.bucket.levels, self.bucket.changes)
        self.order = {found.stake.position_id: (number, found) for number, found in enumerate(self.bucket.found)}
        self.course = _Course.of(self.bucket.found)
        self.exposures: dict[str, tuple[State, Exposure]] = {}

    def start(self) -> Point:
        """Return the state just before the first row."""
        at = self.bucket.started_at
        return Point(at=at, levels=dict(self.bucket.levels), legs=self._legs(at, before=True))

    def trigger(self) -> Point:
        """Return the state just before the first forced row: without what the liquidation itself did."""
        return self._trigger

    @cached_property
    def _trigger(self) -> Point:
        at = self.bucket.triggered_at
        changes = [change for change in self.bucket.changes if change.at <= at and not change.is_forced]
        legs = {}
        forced = {leg.row_key for stake in self.bucket.stakes for leg in stake.legs if leg.is_forced} - {None}
        for found in self.bucket.found:
            last = max(at, self.bucket.event.started_at)
            until = [leg for leg in found.stake.legs if leg.row_key not in forced and leg.at <= last]
            if until:
                legs[found.stake.position_id] = until[-1]
        return Point(at=at, levels=_summed(self.bucket.levels, changes), legs=legs)

    def end(self) -> Point:
        """Return the state after the last row, as the venue states it where it does."""
        point = self.after(self.bucket.ended_at)
        gaps = {asset: gap for asset, deviation in self.bucket.deviations.items() if (gap := deviation.gap)}
        levels = dict(point.levels)
        for asset, gap in gaps.items():
            level = levels.get(asset, Level())
            levels[asset] = Level(owned=level.owned + gap, owed=level.owed)
        return replace(point, levels=levels, gaps=gaps)

    def after(self, at: datetime) -> Point:
        """Return the state after the rows of an instant."""
        levels = {asset: track.levels[bisect_right(track.instants, at)] for asset, track in self.tracks.items()}
        return Point(at=at, levels=levels, legs=self.course.until(at))

    def _legs(self, at: datetime, *, before: bool = False) -> dict[str, Leg]:
        legs = {found.stake.position_id: found.stake.last(at, before=before) for found in self.bucket.found}
        return {position: leg for position, leg in legs.items() if leg is not None}

    # ------------------------------------------------------------------------------------------------ sheets

    def sheet(self, point: Point) -> Sheet:
        """Return the numbers of a state."""
        quote = self.quote(point.at)
        base = self.bucket.base or (self.bucket.beside if quote else None)
        own = point.levels.get(base, Level()) if base else Level()
        beside = base is not None and self.bucket.base is None and quote is not None
        net = own.net
        return Sheet(
            cash=sum((self.counted(asset, point) for asset in point.levels if asset != base), ZERO),
            owed=sum((self.owed(asset, point) for asset in point.levels if asset != base), ZERO),
            base=max(own.owned, ZERO),
            base_owed=own.owed + max(-own.owned, ZERO),
            base_ratio=self.worth.counted(base, point.at, net) if base else Fraction(1),
            base_factor=self.worth.price(base, point.at) / quote.price if beside and base and quote else Fraction(1),
            price=quote.price if quote else None,
            exposures=[self._exposure(found, leg, point.at) for found, leg in self._open(point)],
            rule=self.rule.rule,
        )

    def quote(self, at: datetime) -> Quote | None:
        """Return the price of the own instrument: of a balance what it is worth, of a contract its mark."""
        base = self.bucket.base
        return self.worth.quote(base, at) if base is not None else self.bucket.mark(self.bucket.event.symbol, at)

    def settled(self, found: Found, at: datetime) -> Fraction:
        """Return what one of the asset in which a position settles is worth in the bucket's currency."""
        asset = found.settle_asset
        if asset is None or asset == self.bucket.currency or found.stake.is_asset:
            return Fraction(1)
        return self.worth.price(asset, at)

    def counted(self, asset: str, point: Point) -> Fraction:
        """Return what an asset's net balance counts for, in the bucket's currency."""
        net = point.levels[asset].net
        return net * self.worth.price(asset, point.at) * self.worth.counted(asset, point.at, net)

    def owed(self, asset: str, point: Point) -> Fraction:
        """Return what is owed of an asset, by its debts and by a balance below zero."""
        level = point.levels[asset]
        return (level.owed + max(-level.owned, ZERO)) * self.worth.price(asset, point.at)

    def _open(self, point: Point) -> list[tuple[Found, Leg]]:
        legs = [(*self.order[position], leg) for position, leg in point.legs.items() if leg.quantity]
        return [(found, leg) for _, found, leg in sorted(legs, key=lambda one: one[0])]

    def _exposure(self, found: Found, leg: Leg, at: datetime) -> Exposure:
        stake = found.stake
        is_own = stake.symbol == self.bucket.event.symbol
        quote = self.quote(at) if is_own else self.bucket.mark(stake.symbol, at)
        if quote is None:
            self.unmarked.setdefault(stake.symbol, at)
        price = quote.price if quote else None
        event = self.bucket.event
        place = (event.venue, event.account, stake.symbol, found.instrument)
        state = (leg, price, self.settled(found, at), self.tiers.stretch(*place, at), self.implied, is_own)
        known = self.exposures.get(stake.position_id)
        if known is not None and known[0] == state:
            return known[1]
        made = self._made(found, state, self.tiers.of(*place, at, abs(leg.quantity), _value(stake, leg, price))[0])
        self.exposures[stake.position_id] = state, made
        return made

    def _made(self, found: Found, state: State, tiers: Sequence[Tier]) -> Exposure:
        stake, (leg, price, settled, _, implied, is_own) = found.stake, state
        return Exposure(
            position_id=stake.position_id,
            symbol=stake.symbol,
            side=1 if leg.quantity > 0 else -1,
            quantity=abs(leg.quantity),
            entry=leg.entry,
            mark=price,
            multiplier=stake.multiplier,
            style=stake.style,
            is_own=is_own,
            is_asset=stake.is_asset,
            tiers=tiers or implied,
            product=stake.product,
            leverage=found.leverage,
            settled=settled,
            is_floating=is_own and found.settle_asset == self.bucket.beside and self.bucket.beside is not None,
        )


def _value(stake: Stake, leg: Leg, price: Fraction | None) -> Fraction | None:
    return None if price is None else notional(stake.style, leg.quantity, price, stake.multiplier)


@dataclass
class _Course:
    """The last leg of every position at an instant; quick where instants are asked for in order."""

    legs: Sequence[tuple[datetime, int, str, Leg]]
    """By time, those of one instant in order of the positions."""
    reached: int = 0
    state: dict[str, Leg] = field(default_factory=dict)
    held: dict[str, Leg] = field(default_factory=dict)
    """Of positions that are not flat."""

    @classmethod
    def of(cls, found: Sequence[Found]) -> _Course:
        """Return the course of positions."""
        legs = [
            (leg.at, number, one.stake.position_id, leg) for number, one in enumerate(found) for leg in one.stake.legs
        ]
        return cls(sorted(legs, key=lambda leg: leg[:2]))

    def until(self, at: datetime) -> dict[str, Leg]:
        """Return the last leg of every position that was opened until an instant."""
        self._go(at)
        return dict(self.state)

    def open_at(self, at: datetime) -> dict[str, Leg]:
        """Return the last leg of every position that is open after the rows of an instant."""
        self._go(at)
        return dict(self.held)

    def _go(self, at: datetime) -> None:
        if self.reached and self.legs[self.reached - 1][0] > at:
            self.reached, self.state, self.held = 0, {}, {}
        while self.reached < len(self.legs) and self.legs[self.reached][0] <= at:
            _, _, position, leg = self.legs[self.reached]
            self.state[position] = leg
            self.reached += 1
            if leg.quantity:
                self.held[position] = leg
            else:
                self.held.pop(position, None)


@dataclass(frozen=True)
class _Track:
    """What one asset came to: before its first change, and after each."""

    instants: list[datetime]
    levels: list[Level]


def _tracks(levels: Mapping[str, Level], changes: Sequence[Change]) -> dict[str, _Track]:
    """Return the course of every asset of a bucket."""
    tracks = {asset: _Track([], [level]) for asset, level in levels.items()}
    for change in changes:
        track = tracks.setdefault(change.asset, _Track([], [Level()]))
        track.instants.append(change.at)
        track.levels.append(_moved(track.levels[-1], change))
    return tracks


def _summed(levels: Mapping[str, Level], changes: Sequence[Change]) -> dict[str, Level]:
    summed = dict(levels)
    for change in changes:
        summed[change.asset] = _moved(summed.get(change.asset, Level()), change)
    return summed


def _moved(level: Level, change: Change) -> Level:
    if change.pool == "debt":
        return Level(owned=level.owned, owed=level.owed - change.amount)
    return Level(owned=level.owned + change.amount, owed=level.owed)
