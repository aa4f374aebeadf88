"""The identity of the audit, among those that a book must hold: every bridge leads from one end to the other."""

from __future__ import annotations

import polars as pl

from ledger.auditing.casing import case_of
from ledger.judging.wording import exact
from ledger.liquidating.events import find_events
from ledger.margining.tiers import Tiers
from ledger.storage.archive import Archive
from ledger.storage.store import Store
from ledger.tying import checks
from ledger.tying.checks import Check
from reports.audit_words import exact as digits


def every_check() -> tuple[Check, ...]:
    """Return every invariant of a book in the order of their ids."""
    return checks.in_order([*checks.every_check(), BRIDGES])


def unexplained_bridges(store: Store, _archive: Archive | None) -> pl.DataFrame:
    """Return the liquidations whose lines leave more unexplained than the venue's balances leave the rows."""
    tiers = Tiers.load(store)
    found = []
    for event in find_events(store):
        cased = case_of(store, event, tiers, with_moments=False)
        left = cased.case.unexplained - cased.stated_gap
        if left:
            told = f"{digits(exact(left))} {event.settle_asset}"
            found.append((event.account, event.wallet, event.liquidation_id, told, next(iter(event.rows), None)))
    names = ("account", "wallet", "liquidation_id", "unexplained", "row_key")
    return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")


BRIDGES = Check(
    id="A6", name="bridges_are_whole", find=unexplained_bridges,
    sentence="Liquidations whose bridge does not lead from the equity before them to the equity after.",
)  # fmt: skip
