"""Many positions of one wallet at many instants, from one reading of the wallet: what reports day by day need.

Each is looked at as if it were liquidated at its last instant, as `watch` looks at one.  What the wallet alone does not
tell is left to that: isolated margin, forced fills, sizes that are balances, prices that begin or end in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

import polars as pl

from ledger.auditing.attribution import OF_FORCE
from ledger.auditing.bridge import known_levels
from ledger.auditing.bucket import Bucket, Deviation, Level
from ledger.auditing.casing import in_currency, priced_worth, requirement_of, rule_of_bucket
from ledger.auditing.loading import LATE_ROWS, SECOND, deviation_of, trigger_of
from ledger.auditing.marks import Marks
from ledger.auditing.sheets import Point, Sheets
from ledger.auditing.stakes import Found, floor_second, stakes_of
from ledger.auditing.stood import Stood
from ledger.liquidating.event import Event
from ledger.margining.sheet import Sheet
from ledger.margining.tiers import Tiers
from ledger.storage.store import Store, statement
from schemas.types import INSTANT

Key = tuple[str, str, str, str, str]
Spans = Mapping[str, Sequence[tuple[datetime, datetime, Fraction]]]
IN_KIND = ("margin", "spot")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A position, as if it were liquidated at the last of the instants at which it is looked at."""

    event: Event
    opened_at: datetime
    instants: Sequence[datetime]

    @property
    def until(self) -> datetime:
        """The last instant."""
        return self.event.ended_at

    @property
    def started_at(self) -> datetime:
        """Where its bridge would start."""
        return floor_second(self.opened_at)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A position at an instant."""

    at: datetime
    sheet: Sheet
    stood: Stood


@dataclass(kw_only=True)
class _Wallet:
    """What was read of a wallet for the positions that are asked about."""

    sheets: Sheets
    levels: Mapping[datetime, Mapping[str, Level]]
    """By instant, what every asset came to by its rows."""
    spans: Spans
    following: Mapping[tuple[str, datetime], datetime]
    """By asset and last instant, when it moved next."""
    clearances: Sequence[datetime]
    positions: Mapping[str, Found]
    uneven: set[str] = field(default_factory=set)
    """Assets whose price is known at some of the instants only."""
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)


def together(store: Store, tiers: Tiers, wishes: Iterable[Wish]) -> dict[str, list[Seen]]:
    """Return by position what is seen at its instants; those that need more than their wallet are not in it."""
    wallets: dict[Key, list[Wish]] = defaultdict(list)
    for wish in wishes:
        event = in_currency(wish.event)
        asset = event.settle_asset
        wallets[event.account, event.venue, event.wallet, event.kind, asset].append(replace(wish, event=event))
    found: dict[str, list[Seen]] = {}
    for asked in wallets.values():
        found |= _seen(store, tiers, asked)
    return found


def _seen(store: Store, tiers: Tiers, asked: Sequence[Wish]) -> dict[str, list[Seen]]:
    wallet = _read(store, tiers, asked)
    if wallet is None:
        return {}
    fitting = [wish for wish in asked if _fits(wallet, wish)]
    _label(wallet, fitting)
    at_end = {wish.event.position_ids[0]: _last(wallet, wish) for wish in sorted(fitting, key=lambda one: one.until)}
    earlier = sorted(
        ((at, number) for number, wish in enumerate(fitting) for at in wish.instants if at != wish.until),
        key=lambda one: one[0],
    )
    before: dict[str, list[Seen]] = defaultdict(list)
    for at, number in earlier:
        wish = fitting[number]
        name = wish.event.position_ids[0]
        before[name].append(replace(at_end[name], at=at, sheet=_sheet(wallet, wish, at_end[name].stood, at)))
    return {name: [*before[name], last] for name, last in at_end.items()}


# ------------------------------------------------------------------------------------------------ reading


def _read(store: Store, tiers: Tiers, asked: Sequence[Wish]) -> _Wallet | None:
    """Return what a wallet tells; None where sizes of positions are balances of it."""
    event = asked[0].event
    one_asset = event.settle_asset if event.kind == "contract" else None
    first, last = min(wish.started_at for wish in asked), max(wish.until for wish in asked)
    words: dict[str, Any] = {
        "account": event.account, "venue": event.venue, "wallet": event.wallet, "pair": None, "asset": one_asset,
        "from": min(min(wish.instants) for wish in asked), "to": last + LATE_ROWS,
    }  # fmt: skip
    found, _ = stakes_of(store, words, [wish.event.position_ids[0] for wish in asked], (), ())
    if any(one.stake.product in IN_KIND for one in found):
        return None
    symbols = {one.stake.symbol: one.instrument for one in found}
    bucket = Bucket(
        event=event, currency=event.settle_asset, margin_mode="", is_isolated=False, started_at=first,
        started_by="position", triggered_at=last, ended_at=last, found=found, changes=[], levels={}, deviations={},
        marks=Marks.load_all(store, event.venue, symbols, words["from"], last), trigger=None, base=None,
    )  # fmt: skip
    instants = sorted({at for wish in asked for at in (*wish.instants, wish.until)})
    with store.registered(incoming=pl.DataFrame({"moment": instants}, schema={"moment": INSTANT})):
        levels: dict[datetime, dict[str, Level]] = {at: {} for at in instants}
        for at, asset, owned, owed in store.rows(statement("auditing", "levels_at"), words):
            levels[at][asset] = Level(owned=Fraction(owned), owed=Fraction(owed))
        following = {(asset, at): moved for at, asset, moved in store.rows(statement("auditing", "next_at"), words)}
    spans: dict[str, list[tuple[datetime, datetime, Fraction]]] = defaultdict(list)
    for asset, from_at, to_at, deviation, *_ in store.rows(statement("auditing", "spans"), words):
        spans[asset].append((from_at, to_at, Fraction(deviation)))
    assets = sorted({*spans, *(asset for held in levels.values() for asset in held)} - {bucket.currency})
    places = [(asset, at) for asset in assets for at in instants]
    worth = priced_worth(store, bucket, tiers, assets, places)
    clearances = store.rows(statement("auditing", "clearances_at"), {**words, "causes": list(OF_FORCE)})
    return _Wallet(
        sheets=Sheets(bucket, worth, tiers, rule_of_bucket(bucket, tiers)), levels=levels, spans=spans,
        following=following, clearances=[at for (at,) in clearances],
        positions={one.stake.position_id: one for one in found},
        uneven={asset for asset, at in places if (quote := worth.quote(asset, at)) is None or quote.at > at} - {
            asset for asset in worth.unknown if all(worth.quote(asset, at) is None for at in instants)},
    )  # fmt: skip


def _fits(wallet: _Wallet, wish: Wish) -> bool:
    """Return whether a position can be told from its wallet alone."""
    own = wallet.positions.get(wish.event.position_ids[0])
    late = bisect_left(wallet.clearances, floor_second(wish.until))
    is_cleared = late < len(wallet.clearances) and wallet.clearances[late] <= wish.until + LATE_ROWS
    if own is None or is_cleared or own.margin_mode == "isolated":
        return False
    return not wallet.uneven & {*wallet.levels[wish.until], *wallet.spans}


def _label(wallet: _Wallet, asked: Sequence[Wish]) -> None:
    """Find for each position whose tiers are told of: those of the earliest position beside it that has some."""
    sheets = wallet.sheets
    order = sorted(asked, key=lambda wish: wish.opened_at)
    waiting = list(sheets.bucket.found)
    alive: dict[str, Found] = {}
    number = 0
    for wish in order:
        began = wish.started_at - SECOND
        while number < len(waiting) and waiting[number].stake.opened_at <= wish.opened_at:
            alive[waiting[number].stake.position_id] = waiting[number]
            number += 1
        gone = [name for name, one in alive.items() if one.stake.closed_at is not None and one.stake.closed_at < began]
        for name in gone:
            del alive[name]
        told = (_told(sheets, one, wish) for one in _beside(alive, waiting[number:], wish))
        wallet.labels[wish.event.position_ids[0]] = next((one for one in told if one[0]), ("", ""))


def _beside(alive: Mapping[str, Found], later: Sequence[Found], wish: Wish) -> Iterator[Found]:
    yield from alive.values()
    for one in later:
        if one.stake.opened_at > wish.until + LATE_ROWS:
            return
        yield one


def _told(sheets: Sheets, found: Found, wish: Wish) -> tuple[str, str]:
    event = wish.event
    _, label, source = sheets.tiers.of(event.venue, event.account, found.stake.symbol, found.instrument, wish.until)
    return label, source


# ---------------------------------------------------------------------------------------------- looking at


def _last(wallet: _Wallet, wish: Wish) -> Seen:
    """Return a position at its last instant, with what is required of it."""
    sheets = wallet.sheets
    event, own = wish.event, wallet.positions[wish.event.position_ids[0]]
    mode = event.margin_mode or own.margin_mode
    bucket = replace(
        sheets.bucket, event=event, margin_mode=mode or "cross (assumed)", started_at=wish.started_at,
        triggered_at=wish.until, ended_at=wish.until, missing=[], assumptions=[],
        trigger=trigger_of(event, sheets.bucket.marks.get(event.symbol), []), beside=_beside_it(event, own),
        is_known=not sheets.worth.unknown & {*wallet.levels[wish.until], *wallet.spans},
    )  # fmt: skip
    bucket.deviations = _deviations(wallet, wish)
    stood = Stood(bucket=bucket, rule=rule_of_bucket(bucket, sheets.tiers), implied=(), requirement=("", ""))
    sheet = _sheet(wallet, wish, stood, wish.until)
    label = wallet.labels[event.position_ids[0]]
    requirement = requirement_of(sheets, sheet, lambda: label)
    stood = replace(stood, implied=sheets.implied, requirement=requirement)
    return Seen(at=wish.until, sheet=_sheet(wallet, wish, stood, wish.until) if stood.implied else sheet, stood=stood)


def _sheet(wallet: _Wallet, wish: Wish, stood: Stood, at: datetime) -> Sheet:
    sheets = wallet.sheets
    sheets.bucket, sheets.rule, sheets.implied = stood.bucket, stood.rule, stood.implied
    levels = known_levels(wallet.levels[at], stood.bucket.deviations)
    return sheets.sheet(Point(at=at, levels=levels, legs=sheets.course.open_at(at)))


def _beside_it(event: Event, own: Found) -> str | None:
    return own.instrument.split("/", 1)[0] if event.kind == "unified" and own.instrument else None


def _deviations(wallet: _Wallet, wish: Wish) -> dict[str, Deviation]:
    return {
        asset: deviation_of(stretches, wallet.following.get((asset, wish.until)), wish.started_at, wish.until)
        for asset, stretches in wallet.spans.items()
    }
