"""Whole lives of unified accounts, printed as exports and imported, give back the exact truth.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from tests.examples import examples
from tests.lives.books import fraction, offenders
from tests.lives.files import Export, scattered, write_all
from tests.lives.model import SECOND, ZERO
from tests.lives.unified import MILLI, MINUTE, Account, UnifiedPlan, data_export, lived, plans, screen

NEAR = Fraction(1, 10**15)
"""Shares of costs are rounded one by one."""
STATUS = {"TRADE": "closed", "LIQUIDATION": "liquidated", "ADL": "adl"}
seeds = st.integers(0, 2**32 - 1).map(random.Random)
Rows = list[dict[str, Any]]


@contextmanager
def imported(*exports: Export) -> Iterator[Book]:
    """Give a book in memory of the exports, whole and at once."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        take(book, write_all(exports, Path(folder)))
        yield book


def take(book: Book, paths: Sequence[Path]) -> None:
    """Import files, of which no row may be rejected."""
    report = book.import_paths(paths)
    assert not [str(error) for error in report.errors]
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert not report.unrecognized


# ------------------------------------------------------------------------------------------ what it says


def said_positions(book: Book) -> Rows:
    """Return the positions report, in an order that does not depend on ids."""
    native: dict[str, Fraction] = defaultdict(Fraction)
    for name, amount in book.store.query(
        "SELECT position_id, -amount AS amount FROM costs WHERE cause = 'interest' AND position_id IS NOT NULL"
    ).iter_rows():
        native[name] += Fraction(amount)
    names = ("symbol", "product", "side", "status", "opened_at", "closed_at", "settle_asset")
    numbers = ("max_quantity", "quantity", "gross_pnl", "trading_fees", "funding", "interest", "net_pnl")
    rows = [
        {name: row[name] for name in names} | {name: fraction(row[name]) for name in numbers}
        | {"native_interest": native[row["position_id"]], "unvalued": "unvalued_cost" in row["flags"],
           "flags": sorted(set(row["flags"]) - {"unvalued_cost", "partly_liquidated"})}
        for row in book.report("positions").iter_rows(named=True)
    ]  # fmt: skip
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["symbol"], row["product"], row["opened_at"], row["closed_at"] is None, row["side"])


def said_balances(book: Book) -> dict[str, tuple[Fraction, ...]]:
    """Return what is computed, owed and different by coin."""
    rows = book.report("balances").iter_rows(named=True)
    return {row["asset"]: tuple(Fraction(row[name]) for name in ("computed", "owed", "difference")) for row in rows}


def said_pools(book: Book) -> dict[str, tuple[Fraction, ...]]:
    """Return the debt pools."""
    names = ("drawn", "interest", "repaid_principal", "liquidated", "remaining_debt")
    rows = book.report("loans").iter_rows(named=True)
    return {row["asset"]: tuple(Fraction(row[name]) for name in names) for row in rows}


def said_events(book: Book) -> dict[str, list[tuple[str, Fraction, Fraction]]]:
    """Return kind, amount and what is owed after it of every change of a debt."""
    events: dict[str, list[tuple[str, Fraction, Fraction]]] = defaultdict(list)
    for row in book.report("loan_events").iter_rows(named=True):
        assert (row["how"], row["interest_after"]) == ("balance", 0)
        events[row["asset"]].append((row["kind"], Fraction(row["amount"]), Fraction(row["principal_after"])))
    return dict(events)


def said_interest(book: Book) -> dict[str, Fraction]:
    """Return the interest that positions paid and that nobody borrowed for, by coin."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for asset, how, amount in book.store.query(
        "SELECT asset, how, -amount AS amount FROM costs WHERE cause = 'interest'"
    ).iter_rows():
        assert how in ("instant", "share", "idle"), how
        sums[asset] += Fraction(amount)
    return dict(sums)


# -------------------------------------------------------------------------------------- what it must say


def true_positions(account: Account, *, seconds: bool = False) -> Rows:
    """Return the positions as the report must show them."""
    rows = [*_of_perpetuals(account), *_of_coins(account)]
    for row in rows if seconds else ():
        for name in ("opened_at", "closed_at"):
            row[name] = row[name] and row[name].replace(microsecond=0)
    return sorted(rows, key=_order)


def _of_perpetuals(account: Account) -> Rows:
    rows: Rows = []
    for stake in account.desk.stakes:
        fees = stake.fees["USDT"]
        status = "open" if stake.quantity else STATUS[account.kinds[stake.numbers[-1]]]
        rows.append({
            "symbol": "BTCUSDT", "product": "perpetual", "side": "long" if stake.long else "short", "status": status,
            "opened_at": stake.opened_at, "closed_at": stake.closed_at, "settle_asset": "USDT", "max_quantity": stake.largest,
            "quantity": stake.quantity, "gross_pnl": stake.gross, "trading_fees": fees, "funding": stake.funding,
            "interest": ZERO, "net_pnl": stake.gross - fees + stake.funding, "native_interest": ZERO, "unvalued": False,
            "flags": [],
        })  # fmt: skip
    return rows


def _of_coins(account: Account) -> Rows:
    rows: Rows = []
    for stake in account.held():
        interest, known = stake.paid()
        rows.append({
            "symbol": stake.symbol, "product": "spot", "side": "long" if stake.long else "short",
            "status": "open" if stake.size else "liquidated" if stake.forced else "closed", "opened_at": stake.opened_at,
            "closed_at": stake.closed_at, "settle_asset": "USDT", "max_quantity": stake.largest, "quantity": abs(stake.size),
            "gross_pnl": stake.gross, "trading_fees": stake.fees, "funding": ZERO, "interest": interest,
            "net_pnl": stake.gross - stake.fees - interest, "native_interest": stake.interest, "unvalued": not known,
            "flags": [],
        })  # fmt: skip
    return rows


def true_balances(account: Account) -> dict[str, tuple[Fraction, ...]]:
    """Return what is held, owed and, of every coin, nothing different."""
    return {coin: (amount, account.owed(coin), ZERO) for coin, amount in account.balances.items()}


# ------------------------------------------------------------------------------------------- comparing


def assert_positions(expected: Rows, actual: Rows) -> None:
    """Fail where positions differ by more than rounding."""
    shown = "\n".join([*map(_shown, expected), "but the book says", *map(_shown, actual)])
    assert len(expected) == len(actual), shown
    for one, other in zip(expected, actual, strict=True):
        for name, value in one.items():
            assert _agrees(value, other[name]), f"{name}: {_shown(one)}\nbut {_shown(other)}\n\n{shown}"


def _agrees(expected: Any, actual: Any) -> bool:
    if isinstance(expected, Fraction) and isinstance(actual, Fraction):
        return abs(expected - actual) <= NEAR
    return bool(expected == actual)


def _shown(row: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, Fraction):
            return float(value)
        return f"{value:%d %H:%M:%S.%f}" if isinstance(value, datetime) else value

    return str({name: plain(value) for name, value in row.items()})


def assert_same(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Fail where anything differs."""
    keys = {key for key in (*expected, *actual) if expected.get(key) != actual.get(key)}
    assert not keys, {key: (_floats(expected.get(key)), "but", _floats(actual.get(key))) for key in keys}


def _floats(value: Any) -> Any:
    return [float(item) for item in value] if isinstance(value, tuple) else value and float(value)


def assert_whole_truth(book: Book, account: Account, *, seconds: bool = False) -> None:
    """Fail where a book differs from a life."""
    assert offenders(book) == {}
    assert book.report("breaks").height == 0
    assert_same(true_balances(account), said_balances(book))
    assert_positions(true_positions(account, seconds=seconds), said_positions(book))
    assert_same(account.pools(SECOND if seconds else MILLI), said_pools(book))
    assert_same({coin: amount for coin, amount in account.accrued.items() if amount}, said_interest(book))


# ------------------------------------------------------------------------------------------------- laws


@examples(5)
@given(plan=plans)
def test_the_log_of_the_screen_gives_the_whole_truth_and_what_is_owed_after_every_row(plan: UnifiedPlan) -> None:
    account = lived(plan)
    with imported(screen(account)) as book:
        assert_whole_truth(book, account)
        assert {coin: events for coin in account.balances if (events := account.events(coin))} == said_events(book)


@examples(4)
@given(plan=plans)
def test_the_data_export_alone_gives_the_same_to_the_second(plan: UnifiedPlan) -> None:
    account = lived(plan)
    with imported(data_export(account)) as book:
        assert_whole_truth(book, account, seconds=True)


@examples(3)
@given(plan=plans, first=st.booleans())
def test_both_exports_together_are_the_log_of_the_screen(plan: UnifiedPlan, first: bool) -> None:
    account = lived(plan)
    exports = [screen(account), data_export(account)]
    with imported(*(exports if first else reversed(exports))) as book:
        assert_whole_truth(book, account)


@examples(3)
@given(plan=plans, draw=seeds, kind=st.sampled_from(("screen", "export", "both")))
def test_pieces_copies_and_order_of_files_change_nothing(plan: UnifiedPlan, draw: random.Random, kind: str) -> None:
    account = lived(plan)
    exports = {"screen": screen(account), "export": data_export(account)}
    if kind != "both":
        exports = {kind: exports[kind]}
    with imported(*exports.values()) as book:
        expected = book.digest()
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(exports, Path(folder), draw, 0)
        middle = draw.randint(0, len(paths))
        take(book, paths[:middle])
        take(book, paths[middle:])
        take(book, draw.sample(paths, k=1))
        assert expected == book.digest(), [path.name for path in paths]
        assert offenders(book) == {}


@examples(2)
@given(plan=plans, draw=seeds)
def test_a_log_of_the_screen_of_some_days_joins_the_data_export_of_all(plan: UnifiedPlan, draw: random.Random) -> None:
    account = lived(plan)
    export = data_export(account)
    cut, until = draw.choice(export.instants()), draw.random() < 0.5
    some = screen(account).keeping(lambda line: (line.at < cut) == until)
    with imported(*([some] if some.lines else []), export) as book:
        assert offenders(book) == {}
        assert book.report("breaks").height == 0
        assert_same(true_balances(account), said_balances(book))
        said = said_positions(book)
    for row in said:
        for name in ("opened_at", "closed_at"):
            row[name] = row[name] and row[name].replace(microsecond=0)
    assert_positions(true_positions(account, seconds=True), sorted(said, key=_order))


def test_a_fee_whose_leg_is_booked_a_second_earlier_belongs_to_its_fill() -> None:
    account = Account(unrealized=False)
    account.move("USDT", Fraction(5000))
    account.advance(account.clock + MINUTE + 950 * MILLI)
    account.trade_spot("ETH", buys=True, parts=[(Fraction(2), Fraction(3000))], fee_in_base=False)
    account.advance(account.clock + MINUTE - 300 * MILLI)  # the second fill ends in the next second
    account.trade_spot(
        "ETH", buys=False, parts=[(Fraction(1), Fraction(3100)), (Fraction(1), Fraction(3101))], fee_in_base=False
    )
    for exports in ([data_export(account)], [screen(account), data_export(account)]):
        with imported(*exports) as book:
            assert_whole_truth(book, account, seconds=len(exports) == 1)
