"""What a book says of a life, and what it must say, in shapes that compare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from typing import Any

import polars as pl

from ledger.book import Book
from tests.lives.model import ZERO, Desk, Stake
from tests.lives.strategies import BNB

Sums = dict[tuple[str, str], Fraction]
UNIT = Fraction(1, 10**18)
PRICE_UNIT = Fraction(1, 10**8)
"""Harmonic averages are shown with 8 decimals."""


def fraction(value: Any) -> Fraction | None:
    """Return a decimal as a fraction."""
    return None if value is None else Fraction(value)


# ------------------------------------------------------------------------------------------ what it says


def said_positions(book: Book) -> list[dict[str, Any]]:
    """Return the positions report, with fees in their own assets, in an order that does not depend on ids."""
    native: dict[str, dict[str, Fraction]] = defaultdict(dict)
    fees = book.store.query("SELECT position_id, asset, CAST(sum(-amount) AS DECIMAL(38,18)) AS amount FROM costs "
                            "WHERE cause = 'trading_fee' AND position_id IS NOT NULL GROUP BY ALL")  # fmt: skip
    for name, asset, amount in fees.iter_rows():
        if amount:
            native[name][asset] = Fraction(amount)
    rows = []
    for row in book.report("positions").iter_rows(named=True):
        rows.append({
            "symbol": row["symbol"], "wallet": row["wallet"], "position_side": row["position_side"], "side": row["side"],
            "status": row["status"], "opened_at": row["opened_at"], "closed_at": row["closed_at"],
            "settle_asset": row["settle_asset"],
            "max_quantity": fraction(row["max_quantity"]), "quantity": fraction(row["quantity"]),
            "entry_price": fraction(row["entry_price"]), "exit_price": fraction(row["exit_price"]),
            "gross_pnl": fraction(row["gross_pnl"]), "trading_fees": fraction(row["trading_fees"]),
            "native_fees": native[row["position_id"]], "funding": fraction(row["funding"]),
            "interest": fraction(row["interest"]), "liquidation_fees": fraction(row["liquidation_fees"]),
            "insurance": fraction(row["insurance"]), "net_pnl": fraction(row["net_pnl"]), "fills": row["fills"],
            "flags": sorted(row["flags"]),
        })  # fmt: skip
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    end = (row["closed_at"] is None, row["closed_at"] or row["opened_at"])
    return (row["symbol"], row["position_side"], row["opened_at"], *end, row["side"], row["max_quantity"], row["fills"])


def said_balances(book: Book) -> Sums:
    """Return what the balances report computes."""
    return {(row["wallet"], row["asset"]): Fraction(row["computed"])
            for row in book.report("balances").iter_rows(named=True)}  # fmt: skip


def said_remainder(book: Book, causes: Collection[str]) -> Sums:
    """Return what no position took, by cause and asset; zeros are left out."""
    answer = book.store.query("SELECT cause, asset, amount FROM costs_stored WHERE position_id IS NULL")
    sums: Sums = defaultdict(Fraction)
    for cause, asset, amount in answer.iter_rows():
        if cause in causes:
            sums[cause, asset] += Fraction(amount)
    return _without_zeros(sums)


def said_totals(book: Book) -> Sums:
    """Return the whole of positions and remainder by cause and asset, in the assets that moved."""
    sums: Sums = defaultdict(Fraction)
    for cause, asset, amount in book.store.query("SELECT cause, asset, amount FROM costs").iter_rows():
        sums[cause, asset] += Fraction(amount)
    for asset, gross in book.report("positions").select("settle_asset", "gross_pnl").iter_rows():
        sums["realized_pnl", asset] += Fraction(gross or 0)
    return _without_zeros(sums)


def said_months(book: Book) -> dict[tuple[str, str], Fraction]:
    """Return realized results per month and asset over all lines of the report."""
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in book.report("realized", by="month").iter_rows(named=True):
        sums[row["period"], row["settle_asset"]] += Fraction(row["gross_pnl"] or 0)
    return _without_zeros(sums)


def said_carry(book: Book) -> tuple[Sums, Sums]:
    """Return carry and (negative) funding per asset of the carry report: of positions, and of all its lines."""
    own: Sums = defaultdict(Fraction)
    every: Sums = defaultdict(Fraction)
    for row in book.report("carry").iter_rows(named=True):
        for cause in ("funding", "liquidation_fees", "carry"):
            every[cause, row["settle_asset"]] += Fraction(row[cause])
            if row["position_id"] is not None:
                own[cause, row["settle_asset"]] += Fraction(row[cause])
    return _without_zeros(own), _without_zeros(every)


def offenders(book: Book) -> dict[str, pl.DataFrame]:
    """Return the checks that found something."""
    return {name: frame for name, frame in book.check().items() if frame.height}


def _without_zeros(sums: Sums) -> Sums:
    return {key: amount for key, amount in sums.items() if amount}


# -------------------------------------------------------------------------------------- what it must say


def true_positions(
    desk: Desk, *, venue: str = "binance", priced: bool = True, symbols_known: bool = True, forced_known: bool = True,
    only: Collection[str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the positions as the report must show them.

    Without an export that names symbols in the ledger, funding and liquidation fees belong to no position; without any
    that names forced orders, a liquidated position is closed.
    """
    rows = [_true_position(stake, venue, priced, symbols_known, forced_known) for stake in desk.stakes
            if only is None or stake.contract.symbol in only]  # fmt: skip
    return sorted(rows, key=_order)


def _true_position(stake: Stake, venue: str, priced: bool, symbols_known: bool, forced_known: bool) -> dict[str, Any]:
    contract = stake.contract
    funding = stake.funding if symbols_known or venue == "bitmex" else ZERO
    forced_fees = stake.liquidation_fees if symbols_known else ZERO
    fees = sum(
        (amount * (1 if asset == contract.settle else BNB if priced else 0) for asset, amount in stake.fees.items()),
        ZERO,
    )
    return {
        "symbol": contract.symbol, "wallet": contract.wallet, "position_side": stake.position_side,
        "side": "long" if stake.long else "short",
        "status": stake.status if forced_known or stake.status == "open" else "closed",
        "opened_at": stake.opened_at, "closed_at": stake.closed_at, "settle_asset": contract.settle,
        "max_quantity": stake.largest, "quantity": stake.quantity,
        "entry_price": stake.average(stake.entered, stake.entry_weight),
        "exit_price": stake.average(stake.exited, stake.exit_weight),
        "gross_pnl": stake.gross, "trading_fees": fees, "native_fees": {a: f for a, f in stake.fees.items() if f},
        "funding": funding, "interest": ZERO, "liquidation_fees": forced_fees, "insurance": ZERO,
        "net_pnl": stake.gross - fees + funding - forced_fees, "fills": stake.fills,
    }  # fmt: skip


def assert_positions(expected: list[dict[str, Any]], actual: list[dict[str, Any]], flags: Collection[str] = ()) -> None:
    """Fail where positions differ; prices and inverse values may differ by the rounding of a quotient."""
    shown = [_shown(row) for row in expected], [_shown(row) for row in actual]
    assert len(expected) == len(actual), "\n".join(map(str, (*shown[0], "but the book says", *shown[1])))
    for one, other in zip(expected, actual, strict=True):
        for name, value in one.items():
            assert _agrees(name, value, other[name], one["fills"]), f"{name}: {_shown(one)}\nbut {_shown(other)}"
        unexpected = set(other["flags"]) - set(flags) - {"unvalued_cost", "partly_liquidated"}
        assert not unexpected, f"{unexpected}: {_shown(other)}"


def _agrees(name: str, expected: Any, actual: Any, fills: int) -> bool:
    if isinstance(expected, Fraction) and isinstance(actual, Fraction):
        if name in ("entry_price", "exit_price"):
            return abs(expected - actual) <= PRICE_UNIT
        if name in ("trading_fees", "net_pnl", "gross_pnl"):
            return abs(expected - actual) <= 700 * fills * UNIT  # a fee in BNB is valued before or after it is split
        return expected == actual
    return bool(expected == actual)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Fraction):
            return float(value)
        if isinstance(value, dict):
            return {key: float(amount) for key, amount in value.items()}
        return f"{value:%d %H:%M:%S}" if hasattr(value, "hour") else value

    return {name: plain(value) for name, value in row.items()}


def true_totals(desk: Desk, causes: Collection[str], wallets: Collection[str] | None = None) -> Sums:
    """Return what the ledger booked by cause and asset."""
    sums: Sums = defaultdict(Fraction)
    for row in desk.bookings:
        if row.cause in causes and (wallets is None or row.wallet in wallets):
            sums[row.cause, row.asset] += row.amount
    return _without_zeros(sums)


def true_months(desk: Desk) -> Sums:
    """Return what the ledger booked as realized, per month and asset."""
    sums: Sums = defaultdict(Fraction)
    for row in desk.bookings:
        if row.cause == "realized_pnl":
            sums[f"{row.at:%Y-%m}", row.asset] += row.amount
    return _without_zeros(sums)


def true_remainder(desk: Desk, causes: Collection[str], *, symbols_known: bool = True) -> Sums:
    """Return what no position can be given, by cause and asset."""
    sums: Sums = defaultdict(Fraction)
    for row in desk.bookings:
        if row.cause in causes and (row.owner is None or not symbols_known):
            sums[row.cause, row.asset] += row.amount
    return _without_zeros(sums)
