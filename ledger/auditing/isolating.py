"""Isolated margin: what belongs to one position alone, and what it started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ledger.auditing.bucket import ZERO, Bucket, Change, Level
from ledger.margining.requirement import notional
from ledger.storage.store import Store, statement

ENDED = ("full", "takeover")
"""Stages after which nothing of an isolated margin is left."""


def margins_moved(store: Store, scope: Mapping[str, Any], bucket: Bucket) -> list[Change]:
    """Return what was added to the isolated margin, or released, as rows that move no balance state it."""
    words = {"account": scope["account"], "venue": scope["venue"], "wallet": scope["wallet"],
             "symbol": bucket.event.symbol, "from": bucket.started_at, "to": bucket.ended_at}  # fmt: skip
    return [
        Change(at=at, row_key=row_key, asset=asset, pool="asset", amount=Fraction(amount), cause="margin_move",
               symbol=bucket.event.symbol, position_id=bucket.event.position_ids[0], is_own=True, is_forced=False)
        for row_key, at, asset, amount in store.rows(statement("auditing", "margins_moved"), words)
    ]  # fmt: skip


def isolate(bucket: Bucket, moved: Sequence[Change]) -> None:
    """Keep what belongs to the isolated margin, which starts with what the first fill needed."""
    symbols = {one.stake.symbol for one in bucket.found if one.stake.is_own}
    own = [
        change
        for change in bucket.changes
        if change.asset == bucket.currency
        and (change.is_own or (change.cause == "margin_move" and change.symbol in symbols and not moved))
    ]
    bucket.changes = sorted([*own, *moved], key=lambda change: change.at)
    bucket.found = [one for one in bucket.found if one.stake.is_own]
    margin, bucket.start_label = _first_margin(bucket)
    if bucket.start_label == "measured" and not moved:
        bucket.changes = sorted([*bucket.changes, *_margins_of_legs(bucket)], key=lambda change: change.at)
    bucket.levels = {bucket.currency: Level(owned=margin)}


def _first_margin(bucket: Bucket) -> tuple[Fraction, str]:
    """Return the isolated margin at the start: as rows state it, else as what the liquidation took implies it."""
    stated = [found.margins[1] for found in bucket.found if 1 in found.margins]
    if stated and bucket.started_by == "position":
        return sum(stated, ZERO), "measured"
    if bucket.event.stage in ENDED:
        bucket.assumptions.append(
            "the isolated margin is implied: what the rows of the position lost in all, as nothing of it came back"
        )
        return max(-_booked(bucket, bucket.changes), ZERO), "implied"
    left = _left_at_bankruptcy(bucket)
    if left is not None:
        bucket.assumptions.append(
            "the isolated margin is implied: by the bankruptcy price it would have been gone there"
        )
        early = [change for change in bucket.changes if not change.is_forced and change.at <= bucket.triggered_at]
        return max(left - _booked(bucket, early), ZERO), "implied"
    bucket.is_known = False
    bucket.missing.append(
        "the isolated margin of the position is not known: no row states it, and it was not liquidated as a whole"
    )
    return ZERO, "assumed"


def _margins_of_legs(bucket: Bucket) -> list[Change]:
    """Return what later fills added to the margin by the venue's own figures, and what they freed."""
    return [
        Change(at=leg.at, row_key=leg.row_key or "", asset=bucket.currency, pool="asset",
               amount=found.margins[leg.leg_no] * (1 if leg.delta * found.stake.side > 0 else -1), cause="margin_move",
               symbol=found.stake.symbol, position_id=found.stake.position_id, is_own=True, is_forced=False)
        for found in bucket.found
        for leg in found.stake.legs
        if leg.leg_no > 1 and leg.leg_no in found.margins and not leg.is_forced and leg.at >= bucket.started_at
    ]  # fmt: skip


def _booked(bucket: Bucket, changes: Sequence[Change]) -> Fraction:
    return sum((change.amount for change in changes if change.asset == bucket.currency), ZERO)


def _left_at_bankruptcy(bucket: Bucket) -> Fraction | None:
    """Return the margin before the forced fills: what the way from entry to bankruptcy price costs the whole size."""
    price = bucket.event.bankruptcy_price
    for found in bucket.found:
        legs = [leg for leg in found.stake.legs if not leg.is_forced and leg.at <= bucket.event.started_at]
        if price and legs and legs[-1].entry and legs[-1].quantity:
            stake, leg = found.stake, legs[-1]
            at_entry = notional(stake.style, leg.quantity, legs[-1].entry, stake.multiplier)
            at_price = notional(stake.style, leg.quantity, price, stake.multiplier)
            return abs(at_entry - at_price)
    return None
