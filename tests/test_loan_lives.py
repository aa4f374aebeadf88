"""Lives of loans at Nexo and Binance: what the book makes of their exports is what happened.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book
from tests.examples import examples
from tests.lives.books import offenders
from tests.lives.files import scattered
from tests.lives.lending import (
    BinanceDesk,
    Loan,
    NexoDesk,
    Step,
    binance_exports,
    binance_lives,
    lived_at_binance,
    lived_at_nexo,
    nexo_export,
    nexo_lives,
)  # fmt: skip
from tests.test_lot_lives import imported, seeds, take

COLUMNS = ("drawn", "interest", "repaid_principal", "repaid_interest", "liquidated", "remaining_debt")
forms = st.sampled_from(("UTC", "fees", "credit"))


# -------------------------------------------------------------------------------- what it says, what is true


def said_loans(book: Book) -> list[dict[str, Any]]:
    """Return the loans report, in an order that does not depend on ids."""
    rows = []
    for row in book.report("loans").iter_rows(named=True):
        amounts = {name: Fraction(row[name]) for name in COLUMNS}
        rows.append(
            {name: row[name] for name in ("asset", "loan_ref", "opened_at", "closed_at", "status", "kind")} | amounts
        )
    return sorted(rows, key=lambda row: (row["loan_ref"] or "", row["opened_at"]))


def true_loans(loans: Sequence[Loan]) -> list[dict[str, Any]]:
    """Return the loans as the report must show them."""
    rows = [
        {
            "asset": loan.asset, "loan_ref": loan.ref, "opened_at": loan.opened_at, "closed_at": loan.closed_at,
            "status": loan.status, "kind": "loan", "drawn": loan.drawn, "interest": loan.interest,
            "repaid_principal": loan.repaid_principal, "repaid_interest": loan.repaid_interest,
            "liquidated": loan.liquidated, "remaining_debt": loan.owed,
        }
        for loan in loans if loan.drawn
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["loan_ref"] or "", row["opened_at"]))


def assert_loans(book: Book, loans: Sequence[Loan]) -> None:
    """Fail where the loans differ, or one does not roll forward."""
    assert offenders(book) == {}
    assert true_loans(loans) == said_loans(book)
    for row in said_loans(book):
        paid = row["repaid_principal"] + row["repaid_interest"]
        assert row["remaining_debt"] == row["drawn"] + row["interest"] - paid
    owed: dict[str, Fraction] = defaultdict(Fraction)
    for loan in loans:
        owed[loan.asset] += loan.owed
    balances = list(book.report("balances").iter_rows(named=True))
    assert {asset: amount for asset, amount in owed.items() if amount} == {
        row["asset"]: Fraction(row["owed"]) for row in balances if row["owed"]
    }


def assert_coins(book: Book, coins: dict[str, Fraction]) -> None:
    """Fail where what is held differs."""
    balances = book.report("balances").iter_rows(named=True)
    assert {coin: amount for coin, amount in coins.items() if amount} == {
        row["asset"]: Fraction(row["computed"]) for row in balances if row["computed"]
    }


# --------------------------------------------------------------------------------------------------- Nexo


def assert_nexo(book: Book, desk: NexoDesk) -> None:
    """Fail where the book of an export of Nexo differs from the life."""
    assert_loans(book, desk.loans)
    assert_coins(book, desk.coins)
    sold: dict[str, Fraction] = defaultdict(Fraction)
    for loan in desk.loans:
        for coin, quantity in loan.sold.items():
            sold[coin] += quantity
    said: dict[str, Fraction] = defaultdict(Fraction)
    for coin, quantity in book.store.rows("SELECT symbol, quantity FROM liquidations"):
        said[coin] += Fraction(quantity)
    assert sold == said


@examples(7)
@given(steps=nexo_lives, form=forms)
def test_a_credit_line_counts_each_event_once_whichever_of_its_rows_are_there(
    steps: tuple[Step, ...], form: str
) -> None:
    desk = lived_at_nexo(steps)
    with imported([nexo_export(desk, form)]) as book:
        assert_nexo(book, desk)


@examples(3)
@given(steps=nexo_lives, form=forms)
def test_a_credit_line_with_every_row_is_what_happened(steps: tuple[Step, ...], form: str) -> None:
    desk = lived_at_nexo(steps, whole=True)
    with imported([nexo_export(desk, form)]) as book:
        assert_nexo(book, desk)


@examples(2)
@given(steps=nexo_lives, first=forms, second=forms, draw=seeds)
def test_vintages_and_copies_of_a_credit_line_in_any_order_change_nothing(
    steps: tuple[Step, ...], first: str, second: str, draw: random.Random
) -> None:
    desk = lived_at_nexo(steps)
    with imported([nexo_export(desk, first)]) as book:
        expected = said_loans(book)
    printed = {form: nexo_export(desk, form) for form in {first, second}}
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(printed, Path(folder), draw, 0, whole=tuple(printed))
        take(book, paths)
        once = book.digest()
        take(book, draw.sample(paths, k=2))
        assert (once, expected) == (book.digest(), said_loans(book))
        assert_nexo(book, desk)


# ------------------------------------------------------------------------------------------------ Binance


def assert_binance(book: Book, desk: BinanceDesk) -> None:
    """Fail where the book of the API's lists differs from the life."""
    assert_loans(book, desk.loans)
    assert_coins(book, desk.coins)


def said_collateral(book: Book) -> dict[tuple[str, Any], dict[str, Fraction]]:
    """Return what is pledged, by loan: `0.5 BTC + 1 ETH`."""
    return {
        (row["loan_ref"], row["opened_at"]): {
            coin: Fraction(amount)
            for amount, coin in (part.split() for part in (row["collateral"] or "").split(" + ") if part)
        }
        for row in book.report("loans").iter_rows(named=True)
    }


def true_collateral(loans: Sequence[Loan]) -> dict[tuple[str | None, Any], dict[str, Fraction]]:
    """Return what is pledged, by loan."""
    return {
        (loan.ref, loan.opened_at): {coin: amount for coin, amount in loan.collateral.items() if amount}
        for loan in loans
    }


@examples(5)
@given(steps=binance_lives)
def test_flexible_loans_are_what_happened(steps: tuple[Step, ...]) -> None:
    desk = lived_at_binance(steps, fixed=False)
    with imported(binance_exports(desk).values()) as book:
        assert_binance(book, desk)
        assert true_collateral(desk.loans) == said_collateral(book)


@examples(2)
@given(steps=binance_lives)
def test_the_income_of_loans_beside_their_records_changes_nothing(steps: tuple[Step, ...]) -> None:
    desk = lived_at_binance(steps, fixed=False)
    with imported(binance_exports(desk, but=()).values()) as book:
        assert_binance(book, desk)
        assert true_collateral(desk.loans) == said_collateral(book)


@examples(4)
@given(steps=binance_lives)
def test_fixed_loans_are_what_happened(steps: tuple[Step, ...]) -> None:
    desk = lived_at_binance(steps, fixed=True)
    with imported(binance_exports(desk).values()) as book:
        assert_binance(book, desk)
        assert true_collateral(desk.loans) == said_collateral(book)


@examples(3)
@given(steps=binance_lives, fixed=st.booleans(), draw=seeds)
def test_pieces_and_copies_of_records_in_any_order_change_nothing(
    steps: tuple[Step, ...], fixed: bool, draw: random.Random
) -> None:
    desk = lived_at_binance(steps, fixed=fixed)
    printed = binance_exports(desk)
    if not printed:
        return
    with imported(printed.values()) as book:
        expected = book.digest()
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        paths = scattered(printed, Path(folder), draw, 0)
        middle = draw.randint(0, len(paths))
        take(book, paths[:middle])
        take(book, paths[middle:])
        assert expected == book.digest(), [path.name for path in paths]
        assert_loans(book, desk.loans)
