"""Loads the bucket of a liquidation of positions from the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from ledger.auditing.attribution import Attribution, in_seconds_of
from ledger.auditing.bucket import ZERO, Bucket, Deviation, Level
from ledger.auditing.changes import changes_of, costs_of, summed
from ledger.auditing.isolating import isolate, margins_moved
from ledger.auditing.marks import AFTER, Marks
from ledger.auditing.stakes import Found, floor_second, stakes_of
from ledger.judging.case import Quote
from ledger.liquidating.event import Event
from ledger.liquidating.portfolios import MODE, wallets_of
from ledger.storage.store import Store, statement

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LATE_ROWS = timedelta(minutes=10)
"""How long after a liquidation its last rows may be booked."""
SECOND = timedelta(seconds=1)


def load(store: Store, event: Event, since: datetime | None = None, started_by: str = "since") -> Bucket:
    """Return the bucket of a liquidation of positions, from the first row of these (or from `since`) to its end."""
    scope = {"account": event.account, "venue": event.venue, "wallet": event.wallet, "pair": event.pair}
    one_asset = event.settle_asset if event.kind == "contract" else None
    words: dict[str, Any] = {
        **scope,
        "asset": one_asset,
        "from": since or event.started_at,
        "to": event.ended_at + LATE_ROWS,
    }
    forced = set(event.leg_keys)
    began = words["from"]
    if since is None:
        began = floor_second(_opened(store, words, event)) - SECOND
    words["from"] = began if event.pair is None else BEGINNING
    in_kind = _in_kind(store, words, event)
    found, names = stakes_of(store, words, event.position_ids, forced, in_kind)
    attribution = Attribution(
        names=names,
        costs=costs_of(store, words),
        found=found,
        forced_rows=frozenset(event.rows),
        forced_from=event.started_at,
        in_seconds=in_seconds_of(found),
    )
    changes = changes_of(store, words, event, attribution)
    own_ids = set(event.position_ids)
    first = [floor_second(found.stake.opened_at) for found in found if found.stake.position_id in own_ids]
    first += [change.at for change in changes if change.is_own and change.at >= began]
    started = since or min(first, default=event.started_at)
    forced_at = [change.at for change in changes if change.is_forced and change.at >= floor_second(event.started_at)]
    triggered = min([event.started_at, *forced_at])
    ended = max([event.ended_at, *forced_at])
    kept = [change for change in changes if started <= change.at <= ended]
    is_joint = len(wallets_of(event.wallet)) > 1
    mode = (MODE if is_joint else event.margin_mode) or _stated_mode(store, scope, event, started, ended) or next(
        (one.margin_mode for one in found if one.stake.is_own and one.margin_mode), None
    )  # fmt: skip
    symbols = {one.stake.symbol: one.instrument for one in found}
    marks = Marks.load_all(store, event.venue, symbols, started, ended, {event.symbol: AFTER})
    bucket = Bucket(
        event=event,
        currency=event.settle_asset,
        margin_mode=mode or "cross (assumed)",
        is_isolated=mode == "isolated" and event.kind == "contract",
        started_at=started,
        started_by="position" if since is None else started_by,
        triggered_at=triggered,
        ended_at=ended,
        found=found,
        changes=kept,
        levels={},
        deviations={},
        marks=marks,
        trigger=trigger_of(event, marks.get(event.symbol), found),
        base=_base(event, found),
        beside=_beside(event, found),
    )
    if mode is None and event.kind == "contract":
        bucket.assumptions.append(
            "nothing in the book says whether the position was isolated or cross: cross is assumed"
        )
    if bucket.is_isolated:
        isolate(bucket, margins_moved(store, scope, bucket))
    elif event.pair is not None:
        before = [change for change in changes if change.at < started]
        bucket.levels = summed(before)
        bucket.found = [one for one in found if one.stake.closed_at is None or one.stake.closed_at >= started]
    else:
        bucket.levels = _levels(store, {**scope, "asset": one_asset}, started)
        bucket.deviations = _deviations(store, {**scope, "asset": one_asset}, bucket)
    return bucket


def _opened(store: Store, words: Mapping[str, Any], event: Event) -> datetime:
    """Return when the first of the positions that were liquidated was opened."""
    rows = store.query(statement("auditing", "positions"), {**words, "own": list(event.position_ids)})
    ids = event.position_ids
    opened = [at for name, at in rows.select("position_id", "opened_at").iter_rows() if name in ids]
    return min(opened, default=event.started_at)


def _in_kind(store: Store, words: Mapping[str, Any], event: Event) -> set[str]:
    """Return the positions that are balances of the bucket: trades of their base are booked as such."""
    if event.kind == "contract":
        return set()
    rows = store.query(statement("auditing", "positions"), {**words, "own": list(event.position_ids)})
    scope = {name: words[name] for name in ("account", "venue", "wallet", "from", "to")}
    traded = {asset for (asset,) in store.rows(statement("auditing", "traded"), scope)}
    return {
        position
        for position, product, instrument in rows.select("position_id", "product", "instrument").iter_rows()
        if product in ("margin", "spot") and (instrument or "").split("/", 1)[0] in traded
    }


def _base(event: Event, found: Sequence[Found]) -> str | None:
    for one in found:
        if one.stake.is_own and one.stake.is_asset and one.stake.symbol == event.symbol and one.instrument:
            return one.instrument.split("/", 1)[0]
    return None


def _beside(event: Event, found: Sequence[Found]) -> str | None:
    if event.kind != "unified":
        return None
    own = [one for one in found if one.stake.is_own and one.stake.symbol == event.symbol and not one.stake.is_asset]
    return own[0].instrument.split("/", 1)[0] if own and own[0].instrument else None


def _stated_mode(
    store: Store, scope: Mapping[str, Any], event: Event, started: datetime, ended: datetime
) -> str | None:
    words = {"account": scope["account"], "venue": scope["venue"], "symbol": event.symbol, "from": started, "to": ended}
    modes = [mode for (mode,) in store.rows(statement("auditing", "stated_modes"), words)]
    return modes[0] if len(modes) == 1 else None


def trigger_of(event: Event, marks: Marks | None, found: Sequence[Found]) -> Quote | None:
    """Return the mark at the trigger: the venue's, a file's, else the price at which the liquidation was filled."""
    if event.mark_price:
        source = "mark price of the liquidation row"
        return Quote(price=event.mark_price, at=event.started_at, label="measured", source=source)
    stated = None if marks is None else marks.stated(event.started_at)
    if stated is not None:
        return stated
    forced = [leg for one in found if one.stake.is_own and one.stake.symbol == event.symbol
              for leg in one.stake.legs if leg.is_forced and leg.price]  # fmt: skip
    if forced and forced[0].price:
        return Quote(price=forced[0].price, at=forced[0].at, label="assumed",
                     source="price of the liquidation's own fill, so that slippage is none")  # fmt: skip
    return None if marks is None else marks.at(event.started_at)


def _levels(store: Store, scope: Mapping[str, Any], at: datetime) -> dict[str, Level]:
    rows = store.rows(statement("auditing", "levels"), {**scope, "at": at})
    return {asset: Level(owned=Fraction(owned), owed=Fraction(owed)) for asset, owned, owed in rows}


def _deviations(store: Store, scope: Mapping[str, Any], bucket: Bucket) -> dict[str, Deviation]:
    """Return how far the venue's balances are from the rows at both ends, by asset.

    A balance that was stated before the start counts if nothing moved between, one after the end likewise.  Those of
    several wallets are added; one that is stated at one end only is taken to be as far off at the other.
    """
    if scope["pair"] is not None:
        return {}
    words = {name: scope[name] for name in ("account", "venue", "wallet", "asset")}
    rows = store.rows(statement("auditing", "moved_next"), {**words, "at": bucket.ended_at})
    following = {(asset, wallet): at for asset, wallet, at in rows}
    spans: dict[tuple[str, str], list[tuple[datetime, datetime, Fraction]]] = {}
    for asset, from_at, to_at, deviation, _, wallet in store.rows(statement("auditing", "spans"), words):
        spans.setdefault((asset, wallet), []).append((from_at, to_at, Fraction(deviation)))
    found: dict[str, Deviation] = {}
    for (asset, wallet), stretches in spans.items():
        until = following.get((asset, wallet))
        one = deviation_of(stretches, until, bucket.started_at, bucket.ended_at)
        found[asset] = _added(found[asset], one) if asset in found else one
    return found


def deviation_of(
    stretches: Sequence[tuple[datetime, datetime, Fraction]], until: datetime | None, started: datetime, ended: datetime
) -> Deviation:
    """Return how far a wallet's balance is from the rows at both ends, of its stretches of stated balances in order.

    `until` is when the asset moved next after the end.
    """
    start = [deviation for from_at, _, deviation in stretches if from_at < started]
    end = [deviation for from_at, _, deviation in stretches if from_at <= ended or until is None or from_at < until]
    return Deviation(start=start[-1] if start else None, end=end[-1] if end else None)


def _added(one: Deviation, other: Deviation) -> Deviation:
    """Return how far the balances of two wallets are from the rows together."""
    pairs = [(part.start, part.end) for part in (one, other)]
    known = [(start if start is not None else end, end if end is not None else start) for start, end in pairs]
    starts, ends = ([end for end in side if end is not None] for side in zip(*known, strict=True))
    return Deviation(start=sum(starts, ZERO) if starts else None, end=sum(ends, ZERO) if ends else None)
