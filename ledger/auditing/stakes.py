"""The positions of a bucket as fractions: legs, sizes, entry prices, and the names by which rows know their fills."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Any

from ledger.judging.case import Leg, Stake
from ledger.margining.requirement import notional
from ledger.storage.store import Store, statement

SIDES = {"long": 1, "short": -1}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A leg of a position by every name that another row may have for its fill."""

    position_id: str
    leg_no: int
    share: Fraction
    """Part of the fill that the leg is."""
    is_forced: bool


@dataclass(frozen=True, kw_only=True)
class Names:
    """Which legs a row may mean."""

    bases: Mapping[str, Sequence[Named]]
    trades: Mapping[str, Sequence[Named]]
    orders: Mapping[str, Sequence[Named]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A position as the book has it, with what its stake does not say."""

    stake: Stake
    instrument: str | None
    position_side: str
    settle_asset: str | None
    margin_mode: str | None
    margins: Mapping[int, Fraction]
    """By leg number, the margin that the venue says it used (opening) or freed."""
    wallet: str = ""

    @cached_property
    def leverage(self) -> Fraction | None:
        """Return value / margin of the first leg of which the venue states the margin; None: unknown."""
        for leg in self.stake.legs:
            margin = self.margins.get(leg.leg_no)
            if margin and leg.price and leg.delta:
                return notional(self.stake.style, leg.delta, leg.price, self.stake.multiplier) / margin
        return None

    @cached_property
    def sizes(self) -> Mapping[datetime, Fraction]:
        """Return how much was filled in which second, unsigned."""
        found: dict[datetime, Fraction] = {}
        for leg in self.stake.legs:
            second = floor_second(leg.at)
            found[second] = found.get(second, Fraction(0)) + abs(leg.delta)
        return found


def stakes_of(
    store: Store,
    words: Mapping[str, Any],
    own: Sequence[str],
    forced: Collection[tuple[str, int]],
    in_kind: Collection[str],
) -> tuple[list[Found], Names]:
    """Return the positions of a bucket that were open from `from` to `to`, and the names of their legs.

    `words` are account, venue, wallet, pair, asset, from, to; `in_kind` the positions that are balances of the bucket.
    """
    frame = store.query(statement("auditing", "positions"), {**words, "own": list(own)})
    rows = frame.to_dicts()
    ids = [row["position_id"] for row in rows]
    legs = store.query(statement("auditing", "legs"), {"positions": ids}).to_dicts()
    by_position = {key: list(group) for key, group in groupby(legs, key=lambda leg: leg["position_id"])}
    found = [
        _found(row, by_position.get(row["position_id"], []), row["position_id"] in own, forced,
               row["position_id"] in in_kind)
        for row in rows
    ]  # fmt: skip
    return found, _names(legs, forced)


def _found(
    row: Mapping[str, Any], legs: Sequence[Mapping[str, Any]], is_own: bool, forced: Collection[tuple[str, int]],
    is_asset: bool,
) -> Found:  # fmt: skip
    style, multiplier = row["style"] or "linear", Fraction(row["multiplier"] or 1)
    stake = Stake(
        position_id=row["position_id"],
        symbol=row["symbol"],
        side=SIDES[row["side"]],
        style=style,
        multiplier=multiplier,
        product=row["product"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        is_own=is_own,
        is_asset=is_asset,
        legs=[_leg(leg, style, multiplier, (leg["position_id"], leg["leg_no"]) in forced) for leg in legs],
    )
    modes = [leg["margin_mode"] for leg in legs if leg["margin_mode"]]
    return Found(
        stake=stake,
        instrument=row["instrument"],
        position_side=row["position_side"],
        settle_asset=row["settle_asset"],
        margin_mode=row["margin_mode"] or next(iter(modes), None),
        margins={leg["leg_no"]: Fraction(leg["initial_margin"]) for leg in legs if leg["initial_margin"] is not None},
        wallet=row["wallet"],
    )


def _leg(row: Mapping[str, Any], style: str, multiplier: Fraction, is_forced: bool) -> Leg:
    quantity = Fraction(row["quantity_after"])
    return Leg(
        at=row["filled_at"],
        leg_no=row["leg_no"],
        row_key=row["row_key"],
        delta=Fraction(row["delta"]),
        price=fraction(row["price"]) if row["price"] or style != "inverse" else None,
        execution=row["execution"],
        is_forced=is_forced,
        quantity=quantity,
        entry=_entry(quantity, fraction(row["cost_after"]), style, multiplier),
        realized=fraction(row["realized"]),
        fee=fraction(row["fee_value"]),
    )


def _entry(quantity: Fraction, cost: Fraction | None, style: str, multiplier: Fraction) -> Fraction | None:
    """Return the average entry price of what is open, from its cost in the settle asset."""
    size = abs(quantity) * multiplier
    if not size or not cost:
        return None
    return size / cost if style == "inverse" else cost / size


def _names(legs: Sequence[Mapping[str, Any]], forced: Collection[tuple[str, int]]) -> Names:
    kinds: tuple[dict[str, list[Named]], ...] = ({}, {}, {})
    for leg in legs:
        whole = fraction(leg["quantity"])
        named = Named(
            position_id=leg["position_id"],
            leg_no=leg["leg_no"],
            share=abs(Fraction(leg["delta"])) / whole if whole else Fraction(1),
            is_forced=(leg["position_id"], leg["leg_no"]) in forced,
        )
        for names, word in zip(kinds, (leg["base"], leg["trade_ref"], leg["order_ref"]), strict=True):
            if word is not None:
                names.setdefault(word, []).append(named)
    return Names(bases=kinds[0], trades=kinds[1], orders=kinds[2])


def fraction(amount: Decimal | None) -> Fraction | None:
    """Return an amount of the book as a fraction; None stays unknown."""
    return None if amount is None else Fraction(amount)


def floor_second(at: datetime) -> datetime:
    """Return the second of an instant: ledgers cut off what is smaller."""
    return at.replace(microsecond=0)
