"""The bucket of a crypto-backed loan: what is pledged, less what is owed, in the asset that is owed.

A sale of collateral is one change of the collateral and one of the debt; what it brought beyond the price of its
moment, or less, is slippage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from ledger.auditing.bucket import ZERO, Bucket, Change, Level
from ledger.auditing.loading import load
from ledger.auditing.marks import AFTER, Marks
from ledger.auditing.stakes import fraction
from ledger.judging.case import Quote
from ledger.liquidating.event import Event
from ledger.storage.store import Store, statement

SIGNS = {
    "drawn": -1, "accrued": -1, "repaid_principal": 1, "repaid_interest": 1, "written_off": 1, "pledged": 1,
    "released": -1, "collateral_sold": -1, "returned": -1, "liquidation_fee": -1, "surplus": -1,
}  # fmt: skip
CAUSES = {
    "drawn": "borrow", "accrued": "interest", "repaid_principal": "repay", "repaid_interest": "repay",
    "written_off": "insurance", "pledged": "pledge", "released": "pledge", "collateral_sold": "trade",
    "returned": "pledge", "liquidation_fee": "liquidation_fee",
    "surplus": "pledge",
}  # fmt: skip
LEGS = 256
OF_SALE = ("trade", "conversion", "repay", "repay_principal", "repay_interest")
"""What a forced sale gives and takes."""
OUT_OF_SALE = ("liquidation_fee", "surplus")
"""What a forced sale brought beyond the debt that it paid."""
OF_DEBT = ("drawn", "accrued", "repaid_principal", "repaid_interest", "written_off")


def load_loan(store: Store, event: Event, since: datetime | None = None, started_by: str = "since") -> Bucket:
    """Return the bucket of a loan, from its first event (or `since`) to the last of the sale."""
    loans = store.query(statement("auditing", "loan"), {"loan_id": event.loan_id}).to_dicts()
    if not loans:
        return _of_nothing(event)
    events = store.query(statement("auditing", "loan_events"), {"loan_id": event.loan_id}).to_dicts()
    started = since or events[0]["happened_at"]
    if not any(row["kind"] == "pledged" for row in events):
        return _of_wallet(store, event, started, "position" if since is None else started_by, loans[0]["asset"], events)
    ended = event.ended_at
    debt = loans[0]["asset"]
    collateral = (loans[0]["collateral_asset"] or "").split("+")
    rows = [row for row in events if row["kind"] in SIGNS and row["happened_at"] <= ended]
    changes = [change for row in rows for change in _changes(row, debt, event)]
    instrument = f"{collateral[0]}/{debt}"
    marks = Marks.load(store, event.venue, event.symbol, instrument, started, ended, AFTER)
    missing = [] if collateral[0] else ["no row says what was pledged for the loan"]
    return Bucket(
        event=event,
        currency=debt,
        margin_mode="loan",
        is_isolated=False,
        started_at=started,
        started_by="position" if since is None else started_by,
        triggered_at=event.started_at,
        ended_at=ended,
        found=[],
        changes=[change for change in changes if change.at >= started],
        levels=_levels(changes, started, debt),
        deviations={},
        marks={event.symbol: marks},
        trigger=_trigger(event, marks, events, debt),
        base=collateral[0] if len(collateral) == 1 and collateral[0] else None,
        missing=missing,
    )


def _of_nothing(event: Event) -> Bucket:
    """Return the bucket of a sale of which the book has no loan: nothing is known of it but its own rows."""
    return Bucket(
        event=event, currency=event.settle_asset, margin_mode="loan", is_isolated=False, started_at=event.started_at,
        started_by="position", triggered_at=event.started_at, ended_at=event.ended_at, found=[], changes=[], levels={},
        deviations={}, marks={}, trigger=None, base=None, is_known=False,
        missing=["no loan of this sale is in the book: import what was borrowed and pledged"],
    )  # fmt: skip


def _of_wallet(
    store: Store, event: Event, started: datetime, started_by: str, debt: str, events: Sequence[Mapping[str, Any]]
) -> Bucket:  # fmt: skip
    """Return the bucket of a credit line: nothing is pledged apart, all that lies with the lender secures it."""
    bucket = load(store, event, started, started_by)
    forced = {row["row_key"] for row in events if row["forced"]} | set(event.rows)
    bases = {int(key) // LEGS for key in forced if key}
    bucket.changes = [
        replace(
            change,
            is_forced=int(change.row_key) // LEGS in bases and change.at >= event.started_at,
            is_sale=int(change.row_key) // LEGS in bases and change.cause in OF_SALE,
            is_own=change.cause == "conversion",
        )
        for change in bucket.changes
    ]
    marks = Marks.load(store, event.venue, event.symbol, f"{event.symbol}/{debt}", started, event.ended_at, AFTER)
    bucket.margin_mode, bucket.marks = "loan", {event.symbol: marks}
    bucket.base = event.symbol
    bucket.trigger = _trigger(event, marks, events, debt)
    bucket.assumptions.append("no row says what secures the loan: everything that lies with the lender is taken")
    return bucket


def _changes(row: Mapping[str, Any], debt: str, event: Event) -> list[Change]:
    """Return the changes that an event is; a fee or a surplus comes out of a sale, which brought so much more."""
    of_debt = row["kind"] in OF_DEBT
    change = Change(
        at=row["happened_at"],
        row_key=row["row_key"] or "",
        asset=debt if of_debt else row["asset"],
        pool="debt" if of_debt else "asset",
        amount=SIGNS[row["kind"]] * Fraction(row["amount"]),
        cause=CAUSES[row["kind"]],
        symbol=None,
        position_id=None,
        is_own=row["kind"] == "collateral_sold",
        is_forced=_is_forced(row) and row["happened_at"] >= event.started_at,
        is_sale=_is_forced(row) and CAUSES[row["kind"]] in OF_SALE,
    )
    if row["kind"] not in OUT_OF_SALE:
        return [change]
    return [change, replace(change, amount=-change.amount, cause="trade", is_own=True, is_sale=True)]


def _is_forced(row: Mapping[str, Any]) -> bool:
    return bool(row["forced"]) or row["kind"] in OUT_OF_SALE


def _levels(changes: Sequence[Change], at: datetime, debt: str) -> dict[str, Level]:
    levels: dict[str, Level] = {debt: Level()}
    for change in changes:
        if change.at < at:
            level = levels.get(change.asset, Level())
            if change.pool == "debt":
                levels[change.asset] = replace(level, owed=level.owed - change.amount)
            else:
                levels[change.asset] = replace(level, owned=level.owned + change.amount)
    return levels


def _trigger(event: Event, marks: Marks, events: Sequence[Mapping[str, Any]], debt: str) -> Quote | None:
    """Return the price of the collateral at the sale: the venue's, a file's, else what the sale brought for it."""
    if event.mark_price:
        return Quote(
            price=event.mark_price, at=event.started_at, label="measured", source="price of the venue's own row"
        )
    if (stated := marks.stated(event.started_at)) is not None:
        return stated
    of_sale = [row for row in events if event.started_at <= row["happened_at"] <= event.ended_at and row["forced"]]
    sold = sum((Fraction(row["amount"]) for row in of_sale if row["kind"] == "collateral_sold"), ZERO)
    paid = sum((Fraction(row["amount"]) for row in of_sale if row["kind"].startswith("repaid_")), ZERO)
    fees = sum((fraction(row["value"]) or ZERO for row in of_sale if row["kind"] in OUT_OF_SALE), ZERO)
    if sold and paid:
        return Quote(price=(paid + fees) / sold, at=event.started_at, label="implied",
                     source=f"what the sale paid of the debt, in {debt} for one, so that slippage is none")  # fmt: skip
    return marks.at(event.started_at)
