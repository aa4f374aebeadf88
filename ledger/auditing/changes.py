"""The changes of a bucket's balances, each with the position that it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.auditing.attribution import Attribution, Costs
from ledger.auditing.bucket import Change, Level
from ledger.liquidating.event import Event
from ledger.storage.store import Store, statement

SECOND = timedelta(seconds=1)


def changes_of(store: Store, words: Mapping[str, Any], event: Event, attribution: Attribution) -> list[Change]:
    """Return the changes of the bucket's balances; a row that belongs to several positions in parts."""
    own = set(event.position_ids)
    belongs = _of_pair(store, words, event)
    changes = []
    for row in store.query(statement("auditing", "movements"), dict(words)).iter_rows(named=True):
        amount = Fraction(row["amount"]) if row["pool"] == "asset" else -Fraction(row["amount"])
        parts = attribution.parts(row)
        if not belongs(row, any(part.position_id for part in parts)):
            continue
        for part in parts:
            changes.append(
                Change(
                    at=row["moved_at"],
                    row_key=row["row_key"],
                    asset=row["asset"],
                    pool=row["pool"],
                    amount=amount * part.share,
                    cause="trade" if row["cause"] == "conversion" and part.position_id else row["cause"],
                    symbol=row["symbol"],
                    position_id=part.position_id,
                    is_own=part.position_id in own,
                    is_forced=part.is_forced,
                )
            )
    return changes


def costs_of(store: Store, words: Mapping[str, Any]) -> Costs:
    """Return what of which row was given to positions."""
    scope = {name: words[name] for name in ("account", "venue", "wallet", "from", "to")}
    costs: dict[str, list[tuple[str, str, Fraction]]] = {}
    for base, cause, position, amount in store.rows(statement("auditing", "costs"), scope):
        costs.setdefault(base, []).append((cause, position, Fraction(amount)))
    return costs


def summed(changes: Sequence[Change]) -> dict[str, Level]:
    """Return what changes come to, by asset."""
    levels: dict[str, Level] = {}
    for change in changes:
        level = levels.get(change.asset, Level())
        owned, owed = (level.owned + change.amount, level.owed) if change.pool == "asset" else (
            level.owned, level.owed - change.amount)  # fmt: skip
        levels[change.asset] = Level(owned=owned, owed=owed)
    return levels


def _of_pair(store: Store, words: Mapping[str, Any], event: Event) -> Callable[[Mapping[str, Any], bool], bool]:
    """Return what tells whether a row is of the isolated pair; ledgers of all pairs seldom say, other exports do."""
    scope = {name: words[name] for name in ("account", "venue", "wallet")}
    if event.pair is None or [pair for (pair,) in store.rows(statement("auditing", "pairs"), scope)] == [event.pair]:
        return lambda row, is_attributed: True
    named: dict[tuple[str, Decimal], list[tuple[datetime, str]]] = {}
    for asset, amount, at, pair in store.rows(statement("auditing", "pairs_stated"), scope):
        named.setdefault((asset, amount), []).append((at, pair))

    def belongs(row: Mapping[str, Any], is_attributed: bool) -> bool:
        if row["pair"] is not None or is_attributed:
            return is_attributed or row["pair"] == event.pair
        near = [
            pair for at, pair in named.get((row["asset"], row["amount"]), ()) if abs(at - row["moved_at"]) <= 2 * SECOND
        ]
        return event.pair in near

    return belongs
