"""What a book says of margin, and what it must say of a life there, in shapes that compare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from ledger.book import Book
from tests.lives.books import Sums, fraction
from tests.lives.margin import BNB, MarginDesk, Stake

UNIT = Fraction(1, 10**18)
NEAR = Fraction(1, 10**12)
"""Shares of costs are rounded one by one, and valued before or after they are shared out."""
PRICE_UNIT = Fraction(1, 10**8)
Rows = list[dict[str, Any]]


# ------------------------------------------------------------------------------------------ what it says


def said_stakes(book: Book) -> Rows:
    """Return the positions report with its costs in their own assets, in an order that does not depend on ids."""
    native: dict[tuple[str, str], Sums] = defaultdict(lambda: defaultdict(Fraction))
    costs = book.store.query(
        "SELECT position_id, cause, asset, -amount AS amount FROM costs WHERE position_id IS NOT NULL"
    )
    for name, cause, asset, amount in costs.iter_rows():
        native[name, cause][asset, ""] += Fraction(amount)
    rows = []
    for row in book.report("positions").iter_rows(named=True):
        own = {cause: {asset: amount for (asset, _), amount in native[row["position_id"], cause].items() if amount}
               for cause in ("trading_fee", "interest", "liquidation_fee")}  # fmt: skip
        rows.append({
            "wallet": row["wallet"], "pair": row["pair"], "symbol": row["symbol"], "side": row["side"],
            "status": row["status"], "opened_at": row["opened_at"], "closed_at": row["closed_at"],
            "settle_asset": row["settle_asset"], "max_quantity": fraction(row["max_quantity"]),
            "quantity": fraction(row["quantity"]), "entry_price": fraction(row["entry_price"]),
            "exit_price": fraction(row["exit_price"]), "gross_pnl": fraction(row["gross_pnl"]),
            "trading_fees": fraction(row["trading_fees"]), "native_fees": own["trading_fee"],
            "interest": fraction(row["interest"]), "native_interest": own["interest"],
            "liquidation_fees": fraction(row["liquidation_fees"]), "net_pnl": fraction(row["net_pnl"]),
            "fills": row["fills"], "flags": sorted(row["flags"]),
        })  # fmt: skip
    return sorted(rows, key=in_order)


def in_order(row: dict[str, Any]) -> tuple[Any, ...]:
    end = (row["closed_at"] is None, row["closed_at"] or row["opened_at"])
    return (row["wallet"], row["pair"] or "", row["symbol"], row["opened_at"], *end, row["side"], row["max_quantity"])


def said_owed(book: Book) -> Sums:
    """Return what is owed by wallet and asset, where anything is."""
    return {(row["wallet"], row["asset"]): Fraction(row["owed"])
            for row in book.report("balances").iter_rows(named=True) if row["owed"]}  # fmt: skip


def said_pools(book: Book) -> dict[tuple[str, str, str], tuple[Fraction, ...]]:
    """Return the debt pools by wallet, pair and asset: drawn, accrued, repaid principal and interest, left."""
    columns = ("drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt")
    return {(row["wallet"], row["pair"] or "", row["asset"]): tuple(Fraction(row[name]) for name in columns)
            for row in book.report("loans").iter_rows(named=True)}  # fmt: skip


def said_beside(book: Book) -> Sums:
    """Return size and worth of what is no stake, by kind and asset; dust at its cost."""
    sums: Sums = defaultdict(Fraction)
    rows = book.store.query("SELECT kind, asset, quantity, value FROM inventory")
    for kind, asset, quantity, value in rows.iter_rows():
        sums[kind, asset] += Fraction(quantity)
        sums[f"{kind} worth", asset] += Fraction(value) * (1 if quantity > 0 else -1)
    return {key: amount for key, amount in sums.items() if amount}


def said_costs(book: Book, cause: str) -> dict[tuple[str, str], Fraction]:
    """Return the whole of a cost by asset and whose it is: a position's, or in which way nobody's."""
    sums: Sums = defaultdict(Fraction)
    rows = book.store.query("SELECT position_id IS NOT NULL AS own, how, asset, -amount AS amount FROM costs WHERE cause = $cause",
                            {"cause": cause})  # fmt: skip
    for own, how, asset, amount in rows.iter_rows():
        sums["position" if own else how, asset] += Fraction(amount)
    return {key: amount for key, amount in sums.items() if amount}


# -------------------------------------------------------------------------------------- what it must say


def true_stakes(desk: MarginDesk, *, priced: bool, seconds: bool = False) -> Rows:
    """Return the positions as the report must show them; `seconds`: where fills are printed to the second."""
    rows = [_true_stake(stake, priced) for stake in desk.stakes()]
    for row in rows if seconds else ():
        for name in ("opened_at", "closed_at"):
            row[name] = row[name] and row[name].replace(microsecond=0)
    return sorted(rows, key=in_order)


def _true_stake(stake: Stake, priced: bool) -> dict[str, Any]:
    pair = stake.pair
    fees, known = stake.base_fees, True
    for asset, amount in stake.fees.items():
        if asset == pair.quote:
            fees += amount
        elif asset == "BNB":
            fees += amount * BNB[pair.quote] if priced else 0
            known = known and (priced or not amount)
    interest, valued = stake.interest_value(priced=priced)
    return {
        "wallet": stake.pot.wallet, "pair": stake.pot.pair, "symbol": pair.symbol, "side": "long" if stake.long else "short",
        "status": stake.status, "opened_at": stake.opened_at, "closed_at": stake.closed_at, "settle_asset": pair.quote,
        "max_quantity": stake.largest, "quantity": abs(stake.size),
        "entry_price": stake.entry_worth / stake.entered if stake.entered else None,
        "exit_price": stake.exit_worth / stake.left if stake.left else None, "gross_pnl": stake.gross,
        "trading_fees": fees, "native_fees": {asset: amount for asset, amount in stake.fees.items() if amount},
        "interest": interest, "native_interest": {a: amount for a, amount in stake.interest.items() if amount},
        "liquidation_fees": stake.liquidation_fees,
        "net_pnl": stake.gross - fees - interest - stake.liquidation_fees, "fills": len(stake.fills),
        "unvalued": not (known and valued),
    }  # fmt: skip


def true_owed(desk: MarginDesk) -> Sums:
    """Return what is owed by wallet and asset, where anything is."""
    sums: Sums = defaultdict(Fraction)
    for (pot, asset), pool in desk.pools.items():
        sums[pot.wallet, asset] += pool.owed
    return {key: owed for key, owed in sums.items() if owed}


def true_balances(desk: MarginDesk) -> Sums:
    """Return what the wallets hold."""
    sums: Sums = defaultdict(Fraction)
    for row in desk.bookings:
        sums[row.pot.wallet, row.asset] += row.amount
    return dict(sums)


def true_pools(desk: MarginDesk) -> dict[tuple[str, str, str], tuple[Fraction, ...]]:
    """Return the debt pools that anything ever happened to."""
    return {
        (pot.wallet, pot.pair or "", asset): (
            pool.drawn, pool.accrued, pool.repaid_principal, pool.repaid_interest, pool.owed)
        for (pot, asset), pool in desk.pools.items() if pool.drawn or pool.accrued
    }  # fmt: skip


def true_beside(desk: MarginDesk) -> Sums:
    """Return size and worth of what is no stake; what is left as dust of a long is owned, of a short still owed."""
    desk.stakes()
    sums: Sums = defaultdict(Fraction)
    for fill, piece in desk.beside:
        sign = -1 if piece.kind == "dust" else 1
        sums[piece.kind, fill.pair.base] += sign * piece.size
        sums[f"{piece.kind} worth", fill.pair.base] += sign * piece.worth
    return {key: amount for key, amount in sums.items() if amount}


def true_costs(desk: MarginDesk, cause: str) -> dict[str, Fraction]:
    """Return the whole of a cost by asset."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    if cause == "interest":
        for accrual in desk.accruals:
            sums[accrual.asset] += accrual.amount
    for row in desk.bookings:
        if row.cause == cause:
            sums[row.asset] -= row.amount
    return {key: amount for key, amount in sums.items() if amount}


def by_asset(sums: Sums) -> dict[str, Fraction]:
    """Return the sums over the first half of the keys."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for (_, asset), amount in sums.items():
        found[asset] += amount
    return {asset: amount for asset, amount in found.items() if amount}


# ------------------------------------------------------------------------------------------- comparing


def assert_stakes(expected: Rows, actual: Rows, *, but: Collection[str] = (), flags: Collection[str] = ()) -> None:
    """Fail where positions differ by more than rounding."""
    shown = "\n".join(
        [*(str(shorten(row)) for row in expected), "but the book says", *(str(shorten(row)) for row in actual)]
    )
    assert len(expected) == len(actual), shown
    for one, other in zip(expected, actual, strict=True):
        for name, value in one.items():
            if name not in but and name != "unvalued":
                assert agrees(name, value, other[name]), f"{name}: {shorten(one)}\nbut {shorten(other)}"
        unexpected = set(other["flags"]) - set(flags) - {"unvalued_cost", "partly_liquidated"}
        assert not unexpected, f"{unexpected}: {shorten(other)}"
        assert "interest" in but or ("unvalued_cost" in other["flags"]) == one["unvalued"], shorten(other)


def agrees(name: str, expected: Any, actual: Any) -> bool:
    """Return whether two cells agree, up to the rounding of shares and quotients."""
    if isinstance(expected, Fraction) and isinstance(actual, Fraction):
        return abs(expected - actual) <= (PRICE_UNIT if name.endswith("_price") else NEAR)
    if isinstance(expected, dict):
        return expected.keys() == actual.keys() and all(
            abs(Fraction(expected[key]) - Fraction(actual[key])) <= NEAR for key in expected
        )
    return bool(expected == actual)


def assert_same(expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> None:
    """Fail where anything differs."""
    keys = {key for key in (*expected, *actual) if expected.get(key) != actual.get(key)}
    assert not keys, {key: (_plain(expected.get(key)), "but", _plain(actual.get(key))) for key in keys}


def _plain(value: Any) -> Any:
    return [float(item) for item in value] if isinstance(value, tuple) else value and float(value)


def assert_sums(expected: Sums, actual: Sums) -> None:
    """Fail where sums differ by more than rounding."""
    differences = {key: expected.get(key, Fraction(0)) - actual.get(key, Fraction(0)) for key in (*expected, *actual)}
    assert not {key: float(difference) for key, difference in differences.items() if abs(difference) > NEAR}


def shorten(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with numbers that can be read."""

    def plain(value: Any) -> Any:
        if isinstance(value, Fraction):
            return float(value)
        if isinstance(value, dict):
            return {key: float(amount) for key, amount in value.items()}
        return f"{value:%d %H:%M:%S.%f}" if isinstance(value, datetime) else value

    return {name: plain(value) for name, value in row.items()}


def positions_of(rows: Sequence[dict[str, Any]], *, symbol: str) -> Rows:
    """Return the positions of a symbol."""
    return [row for row in rows if row["symbol"] == symbol]
