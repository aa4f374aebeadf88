"""Lives of a Kraken account with several lots open at once: what the book makes of its exports is what happened.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from tests.examples import examples
from tests.lives.books import Sums, offenders
from tests.lives.files import Export, scattered, write_all
from tests.lives.lots import Lot, LotDesk, LotPlan, early, exports, lived, plans

NEAR = Fraction(1, 10**15)
"""Fees of a trade that closes several lots are shared out in units of 1e-18."""
PRICE_UNIT = Fraction(1, 10**8)
seeds = st.integers(0, 2**32 - 1).map(random.Random)
ledgers = st.sampled_from(("L1", "L4", "L5"))


@contextmanager
def imported(given_: Collection[Export]) -> Iterator[Book]:
    """Give a book in memory of the exports, whole and at once."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        take(book, write_all(list(given_), Path(folder)))
        yield book


def take(book: Book, paths: Sequence[Path]) -> None:
    """Import files, of which no row may be rejected."""
    report = book.import_paths(paths)
    assert not [str(error) for error in report.errors]
    assert not [part.reject_lines for part in report.parts if part.rejected]
    assert not report.unrecognized


# -------------------------------------------------------------------------------- what it says, what is true


def said_lots(book: Book) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the positions by symbol, side and opening."""
    rows = {}
    for row in book.report("positions").iter_rows(named=True):
        key = (row["symbol"], row["side"], row["opened_at"])
        assert key not in rows, key
        rows[key] = {name: Fraction(value) if hasattr(value, "as_tuple") else value for name, value in row.items()}
    return rows


def true_lot(lot: Lot, *, ledger: bool) -> dict[str, Any]:
    """Return the position as the report must show it; only a ledger shows opening fees and rollovers."""
    fees, interest = (lot.fees, lot.interest) if ledger else (lot.commissions, Fraction(0))
    out = lot.size - lot.left
    return {
        "status": lot.status, "closed_at": lot.closed_at, "max_quantity": lot.size, "quantity": lot.left,
        "entry_price": lot.price, "exit_price": lot.exit_value / out if out else None, "settle_asset": lot.pair.quote,
        "gross_pnl": lot.gross, "trading_fees": fees, "interest": interest, "funding": 0, "liquidation_fees": 0,
        "net_pnl": lot.gross - fees - interest, "fills": lot.fills,
    }  # fmt: skip


def assert_lots(desk: LotDesk, book: Book, *, ledger: bool = True) -> None:
    """Fail where positions differ from the lots."""
    said = said_lots(book)
    true = {(lot.pair.name, "long" if lot.long else "short", lot.opened_at): lot for lot in desk.lots}
    assert set(true) == set(said)
    for key, lot in true.items():
        for name, value in true_lot(lot, ledger=ledger).items():
            shown = said[key][name]
            if isinstance(value, Fraction) and isinstance(shown, Fraction):
                near = PRICE_UNIT if name.endswith("_price") else NEAR if "fees" in name or name == "net_pnl" else 0
                assert abs(value - shown) <= near, (key, name, float(value), float(shown))
            else:
                assert value == shown, (key, name, value, shown)
        partly = {"partly_liquidated"} if lot.forced and lot.status != "liquidated" else set()
        assert set(said[key]["flags"]) == partly, (key, said[key]["flags"])


def assert_chain(desk: LotDesk, book: Book) -> None:
    """Fail where what is held differs from the ledger, or its stated balances do not follow."""
    assert offenders(book) == {}
    assert book.report("breaks").height == 0
    rows = list(book.report("balances").iter_rows(named=True))
    assert {asset: amount for asset, amount in desk.balances.items() if amount} == {
        row["asset"]: Fraction(row["computed"]) for row in rows if row["computed"]
    }
    assert [(0, 0)] * len(rows) == [(row["difference"], row["owed"]) for row in rows]


def assert_results(desk: LotDesk, book: Book) -> None:
    """Fail where the gross of all positions, their fees and their rollovers are not the rows of the ledger."""
    booked: Sums = defaultdict(Fraction)
    for row in desk.bookings:
        if row.kind in ("margin", "rollover"):
            booked["gross_pnl", row.asset] += row.amount
            booked["interest" if row.kind == "rollover" else "trading_fees", row.asset] += row.fee
    said: Sums = defaultdict(Fraction)
    for position in book.report("positions").iter_rows(named=True):
        for name in ("gross_pnl", "interest", "trading_fees"):
            said[name, position["settle_asset"]] += Fraction(position[name])
    for key in {*booked, *said}:
        assert abs(booked[key] - said[key]) <= NEAR, key
    loose = book.store.rows("SELECT cause, how, amount FROM costs WHERE position_id IS NULL AND cause = 'interest'")
    assert loose == []


# -------------------------------------------------------------------------------------------------- laws


@examples(5)
@given(plan=plans(named=True), ledger=ledgers)
def test_lots_that_closes_name_are_what_happened(plan: LotPlan, ledger: str) -> None:
    desk = lived(plan)
    with imported(exports(desk, ledger, "T3").values()) as book:
        assert_chain(desk, book)
        assert_lots(desk, book)
        assert_results(desk, book)


@examples(5)
@given(plan=plans(named=False), ledger=ledgers)
def test_lots_that_closes_do_not_name_are_closed_oldest_first(plan: LotPlan, ledger: str) -> None:
    desk = lived(plan)
    with imported(exports(desk, ledger, "T1").values()) as book:
        assert_chain(desk, book)
        assert_lots(desk, book)
        assert_results(desk, book)


@examples(3)
@given(plan=st.booleans().flatmap(plans))
def test_trades_alone_say_everything_but_what_borrowing_cost(plan: LotPlan) -> None:
    desk = lived(plan)
    with imported([exports(desk, "L1", "T3" if plan.named else "T1")["trades"]]) as book:
        assert offenders(book) == {}
        assert_lots(desk, book, ledger=False)
        held = {row["asset"]: Fraction(row["computed"]) for row in book.report("balances").iter_rows(named=True)}
        moved: dict[str, Fraction] = defaultdict(Fraction)
        for row in desk.bookings:
            if row.kind in ("trade", "settled", "margin"):
                moved[row.asset] += row.amount
        for trade in desk.trades:
            moved[trade.pair.quote] -= trade.fee
        assert {asset: amount for asset, amount in moved.items() if amount} == {a: h for a, h in held.items() if h}


@examples(2)
@given(plan=plans(named=True), draw=seeds, ledger=ledgers)
def test_pieces_copies_and_downloads_of_other_days_in_any_order_change_nothing(
    plan: LotPlan, draw: random.Random, ledger: str
) -> None:
    desk = lived(plan)
    whole = exports(desk, ledger, "T3")
    with imported(whole.values()) as book:
        expected = book.digest()
    moment = draw.choice([row.at for row in desk.bookings])
    printed = {name: export for name, export in (whole | early(desk, moment, ledger)).items() if export.lines}
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(printed, Path(folder), draw, 0)
        middle = draw.randint(0, len(paths))
        take(book, paths[:middle])
        take(book, paths[middle:])
        take(book, draw.sample(paths, k=2))
        assert expected == book.digest(), [path.name for path in paths]
        assert_chain(desk, book)
        assert_lots(desk, book)


@examples(3)
@given(plan=plans(named=True), first=ledgers, second=ledgers)
def test_ledgers_and_trades_of_several_vintages_are_one(plan: LotPlan, first: str, second: str) -> None:
    desk = lived(plan)
    old, new = exports(desk, first, "T1"), exports(desk, second, "T3")
    with imported(new.values()) as book:
        expected = said_lots(book)
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        take(book, [export.write(Path(folder), "new") for export in new.values() if export.lines])
        take(book, [old["ledger"].write(Path(folder), "old")])
        assert_chain(desk, book)
        assert expected == said_lots(book)
