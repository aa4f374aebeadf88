"""Liquidations as lines of reports: what the forced part was, cost and lost, from the rows of each event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from ledger.liquidating.event import Event
from ledger.liquidating.gathering import LEG, TEXT, asked
from ledger.liquidating.signs import Record
from ledger.liquidating.sizes import OfSymbol, by_symbol, known_side, money, once, summed
from ledger.margining.requirement import ZERO
from ledger.storage.store import Store, statement
from schemas.types import INSTANT, KEY, MONEY

NUMBER = pl.Int64()
WORDS = pl.List(TEXT)
COLUMNS: dict[str, Any] = {
    "liquidation_id": TEXT, "account": TEXT, "venue": TEXT, "wallet": TEXT, "product": TEXT, "margin_mode": TEXT,
    "symbol": TEXT, "side": TEXT, "started_at": INSTANT, "ended_at": INSTANT, "stage": TEXT, "quantity": MONEY,
    "trigger_price": MONEY, "average_price": MONEY, "bankruptcy_price": MONEY, "liquidation_fee": MONEY,
    "insurance": MONEY, "loss": MONEY, "settle_asset": TEXT, "position_id": TEXT, "primary_cause": TEXT, "fee": MONEY,
    "slippage": MONEY, "leverage_at_open": MONEY, "carry": MONEY, "positions": WORDS, "found_by": WORDS, "kind": TEXT,
    "is_adl": pl.Boolean(), "loan_id": TEXT, "instrument": TEXT, "pair": TEXT, "names": WORDS, "legs": WORDS,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What an audit found of an event; None is unknown, then the rows alone speak."""

    primary_cause: str | None = None
    slippage: Decimal | None = None
    """+ = better than the mark."""
    leverage_at_open: Decimal | None = None
    carry: Decimal | None = None
    """Interest less funding of the positions, + = cost."""
    loss: Decimal | None = None
    """+ = lost."""
    trigger_price: Decimal | None = None
    """As files of prices tell it, where no row of the venue does."""


@dataclass(frozen=True, kw_only=True)
class _Behind:
    """The rows behind one event."""

    legs: Sequence[Record]
    orders: Sequence[Record]
    clearances: Sequence[Record]
    loans: Sequence[Record]
    carry: Fraction | None


def stage(store: Store, events: Sequence[Event], judged: Mapping[str, Judged]) -> None:
    """Give the reports on liquidations their events, in a table that lasts as long as the connection.

    `judged` is by liquidation_id; of an event without a judgement what only an audit knows is unknown.
    """
    lines = [
        _line(event, behind, judged.get(event.liquidation_id, Judged()))
        for event, behind in zip(events, _all_behind(store, events), strict=True)
    ]
    with store.registered(incoming=pl.DataFrame(lines, schema=COLUMNS, orient="row")):
        store.execute(statement("liquidation_events", "stage"))


def _all_behind(store: Store, events: Sequence[Event]) -> list[_Behind]:
    numbered = list(enumerate(events))
    legs = [(number, *key) for number, event in numbered for key in event.leg_keys]
    rows = [(number, int(key), event.loan_id) for number, event in numbered for key in event.rows]
    positions = [(number, name, event.ended_at) for number, event in numbered for name in event.position_ids]
    of_leg = pl.DataFrame(legs, schema={"event_no": NUMBER, **LEG}, orient="row")
    of_row = pl.DataFrame(
        [(number, str(key), loan) for number, key, loan in rows],
        schema={"event_no": NUMBER, "row_key": TEXT, "loan_id": TEXT}, orient="row",
    ).with_columns(pl.col("row_key").cast(KEY))  # fmt: skip
    of_position = pl.DataFrame(
        positions, schema={"event_no": NUMBER, "position_id": TEXT, "ended_at": INSTANT}, orient="row"
    )
    found = {
        name: _by_event(asked(store, f"listed_{name}", incoming=frame))
        for name, frame in (("legs", of_leg), ("orders", of_row), ("clearances", of_row), ("loans", of_row),
                            ("carry", of_position))
    }  # fmt: skip
    return [
        _Behind(
            legs=found["legs"][number], orders=found["orders"][number], clearances=found["clearances"][number],
            loans=found["loans"][number],
            carry=summed(row["carry"] for row in found["carry"][number]) if event.position_ids else None,
        )
        for number, event in numbered
    ]  # fmt: skip


def _by_event(rows: Iterable[Record]) -> Mapping[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        found[row["event_no"]].append(row)
    return found


# ------------------------------------------------------------------------------------------------ figures


def _line(event: Event, behind: _Behind, judged: Judged) -> dict[str, Any]:
    """Return the line of one event; sums are of all of it, prices and sizes unknown where it has several symbols."""
    of_symbols = by_symbol(event, behind.legs, behind.orders, behind.loans)
    of_one = of_symbols[0] if len(of_symbols) == 1 else None
    legs = [row for row in behind.legs if row["symbol"] == event.symbol]
    orders = once([row for row in behind.orders if row["symbol"] == event.symbol])
    first = next((row for row in (*legs, *orders) if row["product"] is not None), None)
    fee, insurance = _cleared(event, behind, "liquidation_fee"), _cleared(event, behind, "insurance")
    loss = _lost(event, behind, fee, insurance)
    slippage = _slippage(event, behind)
    named = next((row["instrument"] for row in (*legs, *orders) if row["instrument"] is not None), None)
    every = [event.symbol, *(row[name] for row in (*behind.legs, *behind.orders) for name in ("symbol", "instrument"))]
    names = sorted({name for name in every if name is not None})
    return {
        "liquidation_id": event.liquidation_id, "account": event.account, "venue": event.venue, "wallet": event.wallet,
        "product": first["product"] if first else None, "margin_mode": event.margin_mode,
        "symbol": event.symbol if of_one else f"{event.symbol} +{len(of_symbols) - 1}",
        "side": _side(event, of_symbols), "started_at": event.started_at, "ended_at": event.ended_at,
        "stage": event.stage, "quantity": money(of_one.quantity) if of_one else None,
        "trigger_price": _one(of_one, money(event.mark_price) if event.mark_price else judged.trigger_price),
        "average_price": of_one.average if of_one else None,
        "bankruptcy_price": _one(of_one, money(event.bankruptcy_price)), "liquidation_fee": money(fee),
        "insurance": money(insurance),
        "loss": judged.loss if judged.loss is not None else money(loss), "settle_asset": event.settle_asset or None,
        "position_id": event.position_ids[0] if event.position_ids else None, "primary_cause": judged.primary_cause,
        "fee": money(_forced_fees(behind.legs)) if behind.legs else None,
        "slippage": judged.slippage if behind.legs and judged.slippage is not None else money(slippage),
        "leverage_at_open": judged.leverage_at_open,
        "carry": judged.carry if judged.carry is not None else money(behind.carry),
        "positions": list(event.position_ids), "found_by": list(event.found_by), "kind": event.kind,
        "is_adl": event.is_adl, "names": names, "loan_id": event.loan_id, "instrument": named, "pair": event.pair,
        "legs": [one.told() for one in of_symbols],
    }  # fmt: skip


def _side(event: Event, of_symbols: Sequence[OfSymbol]) -> str | None:
    """Return the side of an event; None where several symbols were not all of one side."""
    sides = {one.side for one in of_symbols}
    return known_side(event) if len(of_symbols) == 1 or len(sides) == 1 or event.kind == "loan" else None


def _one(of_one: OfSymbol | None, price: Decimal | None) -> Decimal | None:
    """Return a price of the only symbol; of several none is that of the event."""
    return None if of_one is None else price


def _cleared(event: Event, behind: _Behind, cause: str) -> Fraction | None:
    """Return what was charged as liquidation fee (+ = cost) or came as insurance (+ = gain), in the settle asset."""
    cells = [
        row["value"] if row["value"] is not None else row["amount"] if row["asset"] == event.settle_asset else None
        for row in behind.clearances
        if row["cause"] == cause
    ]
    of_sign = -1 if cause == "liquidation_fee" else 1
    if cells:
        total = summed(cells)
        return None if total is None else of_sign * total
    if cause == "liquidation_fee" and event.kind == "loan":
        charged = [row for row in behind.loans if row["kind"] == cause]
        return summed(row["amount"] if row["asset"] == event.settle_asset else row["value"] for row in charged)
    stated = [row["fee"] for row in behind.orders if row["fee"] is not None and row["fee_asset"] == event.settle_asset]
    if cause == "liquidation_fee" and not behind.legs:
        return summed(stated) if stated else None
    return ZERO if behind.legs else None


def _forced_fees(legs: Sequence[Record]) -> Fraction | None:
    """Return the trading fees of the forced fills in the settle asset, + = cost; None where one is unvalued."""
    return None if any(row["is_unvalued"] for row in legs) else summed(row["fee_value"] or 0 for row in legs)


def _lost(event: Event, behind: _Behind, fee: Fraction | None, insurance: Fraction | None) -> Fraction | None:
    """Return what the forced fills lost with fees (as far as they are valued), + = lost."""
    if not behind.legs or any(row["settle_asset"] != event.settle_asset for row in behind.legs):
        return None
    realized = summed(row["realized"] for row in behind.legs)
    fees = summed(row["fee_value"] or 0 for row in behind.legs)
    if realized is None or fees is None or fee is None or insurance is None:
        return None
    return fee + fees - realized - insurance


def _slippage(event: Event, behind: _Behind) -> Fraction | None:
    """Return how much better (+) or worse than the mark that the venue stated the forced fills were."""
    if not behind.legs or any(row["settle_asset"] != event.settle_asset for row in behind.legs):
        return None
    marks = {row["symbol"]: Fraction(row["mark_price"]) for row in reversed(behind.orders) if row["mark_price"]}
    parts = [_slipped(row, marks.get(row["symbol"])) for row in behind.legs]
    known = [part for part in parts if part is not None]
    return sum(known, ZERO) if len(known) == len(parts) else None


def _slipped(row: Record, mark: Fraction | None) -> Fraction | None:
    if mark is None or not row["price"] or row["multiplier"] is None:
        return None
    size = abs(Fraction(row["delta"])) * Fraction(row["multiplier"])
    price = Fraction(row["price"])
    better = size / mark - size / price if row["style"] == "inverse" else size * (price - mark)
    return better if row["side"] == "long" else -better
