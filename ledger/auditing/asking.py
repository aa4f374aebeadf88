"""Which liquidation is meant, and every one judged for the reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.auditing.audit import audit
from ledger.judging.thresholds import Thresholds
from ledger.liquidating.event import Event
from ledger.liquidating.events import find_events
from ledger.liquidating.listing import Judged, stage
from ledger.margining.tiers import Tiers
from ledger.storage.store import Store
from reports.audit import Audit
from reports.contract import Params
from schemas.errors import UnknownThing

LATEST = "latest"
MOST_NAMED = 5


def event_called(store: Store, name: str) -> Event:
    """Return the liquidation of an id, the start of one, a position or a loan; of `latest` the last that is no ADL.

    Raises UnknownThing where none or several are meant.
    """
    events = find_events(store)
    if not events:
        raise UnknownThing("the book shows no liquidation", "`marginbook coverage` says which exports it has")
    if not name.strip():
        raise UnknownThing("no name of a liquidation was given", "`marginbook audit --list` shows all")
    if name == LATEST:
        return ([event for event in events if not event.is_adl] or events)[-1]
    found = [event for event in events if event.liquidation_id == name]
    found = found or [event for event in events if event.liquidation_id.startswith(name)]
    found = found or [event for event in events if name in (*event.position_ids, event.loan_id)]
    if len(found) == 1:
        return found[0]
    named = ", ".join(event.liquidation_id for event in (found or events)[:MOST_NAMED])
    if found:
        raise UnknownThing(f"{name} may mean {len(found)} liquidations", f"say which: {named}")
    raise UnknownThing(f"no liquidation called {name!r}", f"`marginbook audit --list` shows all: {named} ...")


def audit_called(
    store: Store, name: str, since: datetime | None = None, *, from_healthy: bool = False,
    thresholds: Thresholds | None = None,
) -> Audit:  # fmt: skip
    """Return the audit of a liquidation by its name.  Raises UnknownThing, also for a `since` that is too late."""
    event = event_called(store, name)
    if since is not None and since >= event.started_at:
        raise UnknownThing(f"{since:%Y-%m-%d %H:%M:%S}Z is not before the liquidation",
                           f"it began at {event.started_at:%Y-%m-%d %H:%M:%S}Z")  # fmt: skip
    return audit(store, event, since, from_healthy=from_healthy, thresholds=thresholds)


def judged(store: Store, events: Sequence[Event]) -> dict[str, Judged]:
    """Return what audits find of liquidations, by their ids."""
    tiers = Tiers.load(store)
    found = {}
    for event in events:
        one = audit(store, event, tiers=tiers, with_moments=event.kind == "loan")
        found[event.liquidation_id] = Judged(
            primary_cause="adl" if event.is_adl else one.primary_cause,
            slippage=one.term("slippage") if one.trigger_label in ("measured", "supplied") else None,
            leverage_at_open=one.opening_leverage,
            loss=one.loss if event.kind == "loan" else None,
            trigger_price=one.trigger_price if one.trigger_label in ("measured", "supplied") else None,
        )
    return found


def stage_liquidations(store: Store, params: Params) -> None:
    """Give the reports on liquidations the events that they ask for, with what the audit of each found."""
    events = [
        event
        for event in find_events(store)
        if (params.start is None or event.started_at >= params.start)
        and (params.to is None or event.started_at < params.to)
        and params.account in (None, event.account)
        and params.venue in (None, event.venue)
    ]
    stage(store, events, judged(store, events))
