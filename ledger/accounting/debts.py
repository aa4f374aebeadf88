"""What is owed: debt pools of margin wallets and crypto-backed loans roll forward, each change with what it leaves.

    owed at the end = owed at the start + drawn + accrued - repaid principal - repaid interest - written off

A repayment pays interest first, then principal, unless a row states both.  Interest that no row shows accrues where its
repayment shows it: what a repayment states as interest, or pays beyond the principal (`implied`).  A debt that was
there before the first row known is inferred from its repayments (margin mathematics, sections 5 and 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ledger.accounting.regimes import regime_of
from ledger.accounting.stakes import Key, Owed, last_of
from ledger.accounting.voices import Scope
from ledger.storage.store import Store, statement
from schemas.types import MONEY

PLEDGED, DRAWN, ACCRUED, CALLED, SOLD, REPAID, RELEASED = range(7)
"""Kinds of rows, in the order in which those of one instant are taken."""
SAME_SALE = timedelta(hours=6)
"""A lender books the repayment up to hours after the sale that pays it (Nexo)."""
SECOND = timedelta(seconds=1)
DEBTS = ("borrows", "repayments", "interest", "liquidations")
"""Tables whose rows make loans and debt pools."""
LATE_REPAYMENT = timedelta(hours=1)
"""Interest that only its repayment shows may have been owed, and was bought, up to an hour before it."""
UNSEEN_INTEREST = 10
"""Interest that only an unsplit repayment shows is at most a tenth of what was drawn; more is an older debt."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row about a debt; amounts unsigned at 1e-18."""

    at: datetime
    what: int
    asset: str
    amount: int
    row_key: int
    pair: str | None = None
    loan_ref: str | None = None
    principal: int | None = None
    interest: int | None = None
    by_sale: bool = False
    """A repayment out of collateral."""
    forced: bool = False
    ltv: int | None = None
    fee: int = 0
    fee_asset: str | None = None
    returned: int = 0
    collateral: str | None = None
    sold: int = 0
    sold_asset: str | None = None
    """Of a repayment out of collateral: what was sold for it, where its row says so."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of a loan and what is owed after it; the columns of `LoanEvent` without its names."""

    at: datetime
    kind: str
    asset: str
    amount: int
    principal: int
    interest: int
    how: str
    row_key: int
    held: Mapping[str, int]
    """The collateral after it, by asset."""
    ltv: int | None = None
    forced: bool = False


@dataclass(kw_only=True)
class Episode:
    """A loan from its first row until nothing is owed, or a debt pool."""

    kind: str
    pair: str | None
    loan_ref: str | None
    asset: str
    events: list[Event] = field(default_factory=list)
    collateral: dict[str, int] = field(default_factory=dict)
    forced: bool = False
    flags: set[str] = field(default_factory=set)
    principal: int = 0
    interest: int = 0

    @property
    def owes(self) -> bool:
        """Whether anything is owed."""
        return bool(self.principal or self.interest)

    @property
    def drawn(self) -> bool:
        """Whether anything was drawn yet."""
        return any(event.kind == "drawn" for event in self.events)

    def add(self, row: Row, kind: str, amount: int, *, how: str = "stated", asset: str | None = None) -> None:
        """Append an event."""
        self.events.append(Event(
            at=row.at, kind=kind, asset=asset or self.asset, amount=amount, principal=self.principal,
            interest=self.interest, how=how, row_key=row.row_key, ltv=row.ltv,
            held=dict(self.collateral), forced=row.forced,
        ))  # fmt: skip


def rows_of(store: Store, scope: Scope) -> list[Row]:
    """Return every row about a debt that speaks, in order."""
    words: dict[str, Any] = scope.parameters()
    seconds = int(store.scalar(statement("debts", "reach"), words) or 1)
    words = words | {"reach": timedelta(seconds=2 * seconds)}
    rows = [
        *_asked(store, "borrows", words, DRAWN),
        *_asked(store, "repayments", words, REPAID),
        *_asked(store, "accruals", words, ACCRUED),
        *_collateral(store, words),
        *_sales(store, words),
    ]
    return sorted(_without_doubles(rows), key=lambda row: (row.at, row.what, not row.interest, row.row_key))


def _asked(store: Store, name: str, words: Mapping[str, Any], what: int) -> Iterator[Row]:
    frame = store.query(statement("debts", name), words)
    for row in _in_units(frame):
        yield Row(
            at=row["moment"], what=what, asset=row["asset"], amount=row["amount"], row_key=row["row_key"],
            pair=row["pair"], loan_ref=row["loan_ref"], principal=row.get("principal"), interest=row.get("interest"),
            forced=row["kind"] == "forced", by_sale=row["kind"] == "collateral_sale",
            collateral="loan" if row["kind"] == "loan" else None, sold=row.get("sold") or 0,
            sold_asset=row.get("sold_asset"),
        )  # fmt: skip


def _collateral(store: Store, words: Mapping[str, Any]) -> Iterator[Row]:
    for row in _in_units(store.query(statement("debts", "collateral"), words)):
        yield Row(
            at=row["moment"], what=PLEDGED if row["amount"] < 0 else RELEASED, asset=row["asset"],
            amount=abs(row["amount"]), row_key=row["row_key"], pair=row["pair"], loan_ref=row["loan_ref"],
            ltv=row["ltv_after"], collateral="loan",
        )  # fmt: skip


def _sales(store: Store, words: Mapping[str, Any]) -> Iterator[Row]:
    for row in _in_units(store.query(statement("debts", "sales"), words)):
        yield Row(
            at=row["moment"], what=SOLD if row["stage"] == "collateral_sale" else CALLED, asset=row["debt_asset"],
            amount=row["debt_repaid"] or 0, row_key=row["row_key"], pair=row["pair"], loan_ref=row["loan_ref"],
            forced=row["stage"] == "collateral_sale", fee=row["fee"] or 0, fee_asset=row["fee_asset"],
            returned=row["returned"] or 0, principal=row["quantity"], collateral=row["symbol"],
        )  # fmt: skip


def _in_units(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows with amounts as integers at 1e-18."""
    money = [name for name, kind in frame.schema.items() if kind == MONEY]
    whole = frame.with_columns(pl.col(money).to_physical(), pl.col("row_key").to_physical())
    yield from whole.iter_rows(named=True)


def _without_doubles(rows: list[Row]) -> list[Row]:
    """Return the rows; a forced sale whose repayment is a row of its own repays nothing itself, but forces that."""
    settled = list(rows)
    for number, sale in enumerate(rows):
        if sale.what != SOLD:
            continue
        for other, row in enumerate(settled):
            if row.what == REPAID and (row.by_sale or row.forced) and row.asset == sale.asset and _same(row, sale):
                settled[other] = replace(row, forced=True)
                settled[number] = replace(sale, amount=0)
                break
    return settled


def _same(row: Row, sale: Row) -> bool:
    """Return whether a repayment is that of a sale: of the same amount, or near it in time where none is stated."""
    near = abs(row.at - sale.at)
    return (row.amount == sale.amount and near <= SAME_SALE) or (
        not sale.amount and near <= SAME_SALE and not row.forced
    )


# -------------------------------------------------------------------------------------------------- pools


def episodes_of(rows: Sequence[Row], scope: Scope) -> list[Episode]:
    """Return the loans and debt pools that the rows make."""
    regime = regime_of(scope)
    refs = _refs_of(rows, regime)
    pools: dict[tuple[str, str | None, str], list[Row]] = {}
    for row in rows:
        place = _pool_of(row, regime, refs)
        if place is not None:
            pools.setdefault(place, []).append(row)
    found: list[Episode] = []
    for (kind, pair, ref), own in sorted(pools.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2])):
        debt = next((row.asset for row in own if row.what in (DRAWN, REPAID, ACCRUED, SOLD, CALLED)), None)
        if debt is None:
            continue  # collateral moves of a loan that no row draws: they stay transfers
        found += _roll(own, Episode(kind=kind, pair=pair, loan_ref=ref or None, asset=debt))
    return found


def _refs_of(rows: Sequence[Row], regime: str | None) -> dict[str | None, set[str]]:
    """Return the loans by debt asset; under None all of them."""
    refs: dict[str | None, set[str]] = {None: set()}
    for row in rows:
        if row.what == DRAWN and _is_loan(row, regime):
            refs.setdefault(row.asset, set()).add(row.loan_ref or f"={row.asset}")
            refs[None].add(row.loan_ref or f"={row.asset}")
    return refs


def _is_loan(row: Row, regime: str | None) -> bool:
    return row.collateral is not None or row.loan_ref is not None or regime in (None, "lots", "positions")


def _pool_of(row: Row, regime: str | None, refs: Mapping[str | None, set[str]]) -> tuple[str, str | None, str] | None:
    """Return (kind, pair, loan or asset) of the pool that a row belongs to; None where it belongs to no debt."""
    if row.loan_ref is not None:
        return "loan", None, row.loan_ref
    alone = refs.get(row.asset, set()) if row.what not in (PLEDGED, RELEASED) else refs[None]
    if _is_loan(row, regime):
        if len(alone) == 1:
            return "loan", None, next(iter(alone))
        return "loan", None, f"={row.asset}"
    if regime == "negative_balance" and row.what == REPAID and len(alone) == 1:
        return "loan", None, next(iter(alone))
    return "margin", row.pair, f"={row.asset}"


def _roll(rows: Sequence[Row], empty: Episode) -> list[Episode]:
    """Return the episodes of one pool: a loan's end where nothing is owed, a margin pool is one for all time.

    Collateral that is moved while nothing is owed, and never drawn on, makes no loan.
    """
    empty = replace(empty, loan_ref=empty.loan_ref if not str(empty.loan_ref).startswith("=") else None)
    opening = _opening(rows, empty)
    episodes: list[Episode] = []
    current: Episode | None = None
    for row in rows:
        if current is None or (current.kind == "loan" and row.what in (PLEDGED, DRAWN) and current.drawn
                               and not current.owes):  # fmt: skip
            current = replace(empty, events=[], collateral={}, flags=set())
            episodes.append(current)
            if opening and len(episodes) == 1:
                current.principal = opening
                current.flags.add("opening_inferred")
                current.add(row, "drawn", opening, how="implied")
        _take(current, row)
    return [
        episode for episode in episodes if any(event.kind not in ("pledged", "released") for event in episode.events)
    ]


def _opening(rows: Sequence[Row], empty: Episode) -> int:
    """Return the principal that must have been owed before the first row, so that no repayment exceeds what is owed.

    Where the draw is there, what is paid beyond it is interest that no row shows: of a loan all of it, of a margin
    debt a small part of what was drawn.
    """
    owed = lowest = drawn = 0
    for row in rows:
        if row.what in (DRAWN, ACCRUED):
            owed += row.amount
            drawn += row.amount if row.what == DRAWN else 0
        elif row.what in (REPAID, SOLD):
            if row.interest is not None and row.principal is not None and row.what == REPAID:
                owed -= row.principal
            elif not drawn or (empty.kind == "margin" and (row.amount - owed) * UNSEEN_INTEREST > drawn):
                owed -= row.amount
            else:
                owed = max(owed - row.amount, 0)
            lowest = min(lowest, owed)
    return -lowest


def _take(loan: Episode, row: Row) -> None:
    if row.what == PLEDGED:
        loan.collateral[row.asset] = loan.collateral.get(row.asset, 0) + row.amount
        loan.add(row, "pledged", row.amount, asset=row.asset)
    elif row.what == RELEASED and _is_surplus(loan, row):
        loan.add(replace(row, forced=True), "surplus", row.amount, asset=row.asset)
    elif row.what == RELEASED:
        loan.collateral[row.asset] = loan.collateral.get(row.asset, 0) - row.amount
        loan.add(row, "released", row.amount, asset=row.asset)
    elif row.what == DRAWN:
        loan.principal += row.amount
        loan.add(row, "drawn", row.amount)
    elif row.what == ACCRUED:
        loan.interest += row.amount
        loan.add(row, "accrued", row.amount)
    elif row.what == CALLED:
        loan.add(row, "margin_call", 0)
    else:
        _pay(loan, row)


def _is_surplus(loan: Episode, row: Row) -> bool:
    """Return whether what comes back is what a forced sale brought beyond the debt: in its asset, and never pledged."""
    return loan.forced and row.asset == loan.asset and row.asset not in loan.collateral


def _pay(loan: Episode, row: Row) -> None:
    """Take a repayment, or a sale of collateral with what it repays, gives back and costs."""
    loan.forced |= row.forced
    if row.what == SOLD and row.collateral is not None:
        if row.principal:
            loan.collateral[row.collateral] = loan.collateral.get(row.collateral, 0) - row.principal
            loan.add(row, "collateral_sold", row.principal, asset=row.collateral)
        if row.fee:
            loan.add(row, "liquidation_fee", row.fee, asset=row.fee_asset or row.collateral)
    if row.sold_asset is not None:
        loan.collateral[row.sold_asset] = loan.collateral.get(row.sold_asset, 0) - row.sold
        loan.add(row, "collateral_sold", row.sold, asset=row.sold_asset)
    if row.amount:
        stated = row.what == REPAID and row.principal is not None and row.interest is not None
        interest = (row.interest or 0) if stated else min(row.amount, loan.interest)
        principal = (row.principal or 0) if stated else row.amount - interest
        if not stated and principal > loan.principal:
            interest, principal = interest + principal - loan.principal, loan.principal
        if interest > loan.interest:
            implied = interest - loan.interest
            loan.interest += implied
            loan.add(row, "accrued", implied, how="implied")
        how = "stated" if stated else "split"
        loan.interest -= interest
        if interest:
            loan.add(row, "repaid_interest", interest, how=how)
        loan.principal -= principal
        if principal:
            loan.add(row, "repaid_principal", principal, how=how)
    if row.what == SOLD and row.returned and row.collateral is not None:
        loan.collateral[row.collateral] = loan.collateral.get(row.collateral, 0) - row.returned
        loan.add(row, "returned", row.returned, asset=row.collateral)


# ------------------------------------------------------------------------------------------------- evidence


def owed_by_rows(episodes: Sequence[Episode]) -> dict[Key, Owed]:
    """Return what was owed of each asset over time in margin pools."""
    return {(pool.pair, pool.asset): _owed(pool.events) for pool in episodes if pool.kind == "margin"}


def _owed(events: Sequence[Event]) -> Owed:
    """Return what was owed over time, and from when on interest may have been owed that only its repayment shows."""
    accrued = implied = 0
    lines: list[tuple[int, int, int]] = []
    later: list[tuple[int, int, int]] = []
    cleared = 0
    for event in events:
        accrued += event.amount if event.kind == "accrued" else 0
        if event.kind == "accrued" and event.how == "implied":
            implied += event.amount
            later.append((epoch_us(event.at), max(epoch_us(event.at - LATE_REPAYMENT), cleared), implied))
        lines.append((epoch_us(event.at), event.principal + event.interest, accrued))
        cleared = cleared if lines[-1][1] else epoch_us(event.at.replace(microsecond=0) + SECOND)
    return Owed(
        at_us=[line[0] for line in lines], owed=[line[1] for line in lines], accrued=[line[2] for line in lines],
        implied_at_us=[line[0] for line in later], implied_from_us=[line[1] for line in later],
        implied=[line[2] for line in later],
    )  # fmt: skip


def owed_by_balances(store: Store, scope: Scope) -> dict[Key, Owed]:
    """Return what was owed of each asset of a unified account, its stated balance below zero, and its interest."""
    frame = store.query(statement("debts", "stated_balances"), scope.parameters())
    found: dict[Key, Owed] = {}
    for (asset,), rows in frame.partition_by("asset", as_dict=True, maintain_order=True).items():
        owed = [max(-balance, 0) for balance in rows["balance"].to_physical().to_list()]
        accrued = rows["accrued"].to_physical().to_list()
        found[None, str(asset)] = Owed(at_us=rows["at_us"].to_list(), owed=owed, accrued=accrued)
    return found


def owed_together(balances: Mapping[Key, Owed], rows: Mapping[Key, Owed]) -> dict[Key, Owed]:
    """Return what is owed of each asset: what its balance is below zero and, beside it, what rows say was borrowed."""
    both = {key: _sum(balances[key], rows[key]) for key in balances.keys() & rows.keys()}
    return {**balances, **rows, **both}


def _sum(one: Owed, other: Owed) -> Owed:
    at_us = sorted({*one.at_us, *other.at_us})
    lines = list(zip(last_of(one.at_us, at_us), last_of(other.at_us, at_us), strict=True))

    def summed(left: Sequence[int], right: Sequence[int]) -> list[int]:
        return [(left[i] if i >= 0 else 0) + (right[j] if j >= 0 else 0) for i, j in lines]

    return replace(other, at_us=at_us, owed=summed(one.owed, other.owed), accrued=summed(one.accrued, other.accrued))


def epoch_us(at: datetime) -> int:
    """Return whole microseconds since 1970."""
    return round(at.timestamp() * 1_000_000)
