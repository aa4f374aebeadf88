"""Positions day by day and their margin calls as lines of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from ledger.auditing.watch import Watched, called, daily
from ledger.judging.calls import margin_calls
from ledger.judging.wording import maybe
from ledger.storage.store import Store, statement
from reports.contract import Params
from schemas.types import INSTANT, MONEY

TEXT = pl.String()
MARGIN: dict[str, Any] = {
    "position_id": TEXT, "account": TEXT, "symbol": TEXT, "day": TEXT, "equity": MONEY, "initial_margin": MONEY,
    "maintenance_margin": MONEY, "health": MONEY, "effective_leverage": MONEY, "liquidation_price": MONEY,
    "distance": MONEY, "basis": TEXT, "settle_asset": TEXT, "mark": MONEY, "bankruptcy_price": MONEY, "ratio": MONEY,
    "ratio_name": TEXT, "liquidated": TEXT, "margin_mode": TEXT, "mark_source": TEXT, "requirement_source": TEXT,
    "as_of_at": INSTANT,
}  # fmt: skip
STANDING: dict[str, Any] = {
    "case": TEXT, "outcome": TEXT, "position_id": TEXT, "account": TEXT, "symbol": TEXT, "as_of_at": INSTANT,
    "side": TEXT, "quantity": MONEY, "entry_price": MONEY, "mark": MONEY, "equity": MONEY, "initial_margin": MONEY,
    "maintenance_margin": MONEY, "health": MONEY, "ratio": MONEY, "ratio_name": TEXT, "effective_leverage": MONEY,
    "liquidation_price": MONEY, "bankruptcy_price": MONEY, "distance": MONEY, "basis": TEXT, "settle_asset": TEXT,
}  # fmt: skip
CALLS: dict[str, Any] = {
    "position_id": TEXT, "account": TEXT, "venue": TEXT, "wallet": TEXT, "symbol": TEXT, "called_at": INSTANT,
    "level": TEXT, "health": MONEY, "ratio": MONEY, "answer": TEXT, "added": MONEY, "reduced": MONEY, "lost": MONEY,
    "settle_asset": TEXT,
}  # fmt: skip


def stage_margin(store: Store, params: Params) -> None:
    """Give the report `margin` its lines, in a table that lasts as long as the connection."""
    lines = [_line(found, day) for found, day in daily(store, params)]
    with store.registered(incoming=pl.DataFrame(lines, schema=MARGIN, orient="row")):
        store.execute(statement("auditing", "stage_margin"))


def stage_calls(store: Store, params: Params) -> None:
    """Give the report `margin_calls` its lines."""
    lines = []
    for case in called(store, params):
        event = case.event
        for call in margin_calls(case):
            if (params.start is None or call.at >= params.start) and (params.to is None or call.at < params.to):
                lines.append({
                    "position_id": event.position_ids[0], "account": event.account, "venue": event.venue,
                    "wallet": event.wallet, "symbol": event.symbol, "called_at": call.at, "level": call.level,
                    "health": call.health, "ratio": call.ratio, "answer": call.answer, "added": call.added,
                    "reduced": call.reduced, "lost": call.lost, "settle_asset": event.settle_asset,
                })  # fmt: skip
    with store.registered(incoming=pl.DataFrame(lines, schema=CALLS, orient="row")):
        store.execute(statement("auditing", "stage_calls"))


def _line(found: Watched, day: str) -> dict[str, Any]:
    """Return a line; where a price is unknown, so is everything that it is part of."""
    known, stands = found.is_known, found.standing
    marks = f"mark {found.price_label}" if found.sheet.price is not None else "mark unknown"
    label, source = found.requirement
    requirement = f"requirement {label}" if stands.required is not None else "requirement unknown"
    return {
        "position_id": found.position_id, "account": found.account, "symbol": found.symbol, "day": day,
        "equity": maybe(stands.equity) if known else None, "initial_margin": maybe(stands.initial),
        "maintenance_margin": maybe(stands.required), "health": maybe(stands.health) if known else None,
        "effective_leverage": maybe(stands.leverage) if known else None,
        "liquidation_price": maybe(found.liquidation_price) if known else None,
        "distance": maybe(found.distance) if known else None, "basis": f"{marks}, {requirement}",
        "settle_asset": found.asset, "mark": maybe(found.sheet.price),
        "bankruptcy_price": maybe(found.bankruptcy_price) if known else None,
        "ratio": maybe(stands.ratio) if known else None, "ratio_name": found.ratio_name,
        "liquidated": found.ratio_rule, "margin_mode": found.margin_mode, "mark_source": found.price_source,
        "requirement_source": source, "as_of_at": found.at,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- one position


def answer(found: Sequence[Watched]) -> pl.DataFrame:
    """Return one row for how a position stands, and one for how it would stand with changes."""
    lines = []
    for number, one in enumerate(found):
        line = _line(one, "")
        own = one.own
        lines.append({
            "case": "as it was" if not number else "if",
            **{name: line[name] for name in STANDING if name in line},
            "outcome": one.outcome,
            "side": ("long" if own.side > 0 else "short") if own else None,
            "quantity": maybe(own.quantity) if own else None,
            "entry_price": maybe(own.entry) if own else None,
        })  # fmt: skip
    return pl.DataFrame(lines, schema=STANDING, orient="row")


def told(found: Watched) -> list[str]:
    """Return how the figures are known, and what is missing, a sentence each."""
    lines = [f"{found.ratio_name} of {found.margin_mode} margin: liquidated at {found.ratio_rule}"]
    if found.sheet.price is not None:
        lines.append(f"mark {found.price_label}: {found.price_source}")
    lines.append(f"maintenance margin {found.requirement[0]}: {found.requirement[1]}")
    return [*lines, *found.missing]
