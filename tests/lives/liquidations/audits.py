"""What a book says of a liquidation, and what it must say of a life, in shapes that compare."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from ledger.book import Book
from ledger.liquidating.events import find_events
from ledger.storage.importing import Asked
from reports.audit import TERMS, Audit
from tests.lives.liquidations import contracts, loans, margin, unified
from tests.lives.liquidations.figures import Cash, Truth
from tests.lives.liquidations.lives import Life

F = Fraction
UNIT = F(1, 10**18)
NEAR = 2 * UNIT
"""Lines are rounded one by one."""
LIVES: Mapping[str, Callable[[], Life]] = {
    "usdm cross": contracts.cross, "usdm bankrupt": contracts.bankrupt, "usdm reset": contracts.reset,
    "usdm twice": contracts.twice, "usdm isolated": contracts.isolated, "usdm deleveraged": contracts.deleveraged, "usdm hedged": contracts.hedged,
    "coinm inverse": contracts.inverse, "margin cross": margin.cross, "margin isolated": margin.isolated,
    "unified": unified.unified, "nexo": loans.nexo, "binance loan": loans.flexible,
}  # fmt: skip


@contextmanager
def imported(life: Life, *, but: Collection[str] = (), without: Cash | None = None) -> Iterator[Book]:
    """Give a book of a life, without some of its files or a row; no row of it may be rejected."""
    with tempfile.TemporaryDirectory() as folder, Book.in_memory() as book:
        report = book.import_paths(life.write(Path(folder), but=but, without=without), Asked(account="main"))
        assert not [str(error) for error in report.errors]
        assert not [part.reject_lines for part in report.parts if part.rejected]
        assert not report.unrecognized
        yield book


def audit_of(book: Book, life: Life, since: datetime | None = None) -> Audit:
    """Return the audit of the last liquidation, of as many as there are in the life."""
    names = [event.liquidation_id for event in sorted(find_events(book.store), key=lambda event: event.started_at)]
    assert life.events == len(names), names
    return book.audit(names[-1], since)


def audited(life: Life, *, but: Collection[str] = (), without: Cash | None = None) -> Audit:
    """Return the audit of a life, without some of its files or a row."""
    with imported(life, but=but, without=without) as book:
        return audit_of(book, life)


def assert_sums(audit: Audit) -> None:
    """Fail where the bridge does not lead from one end to the other, or lacks a line."""
    assert set(TERMS) <= {term.name for term in audit.terms}
    assert audit.start_equity is not None
    assert audit.end_equity == audit.start_equity + sum((term.amount for term in audit.terms), audit.unexplained)


def assert_bridge(truth: Truth, audit: Audit) -> None:
    """Fail where a line of the bridge is not what happened, or anything is left unexplained."""
    assert_lines(truth.start_equity, truth.terms, truth.end_equity, audit)


def assert_lines(start: Fraction, terms: Mapping[str, Fraction], end: Fraction, audit: Audit) -> None:
    """Fail where a bridge is not this one."""
    assert audit.start_equity is not None
    said = {term.name: F(term.amount) for term in audit.terms if term.amount}
    lines = {
        "start": (start, F(audit.start_equity)), "end": (end, F(audit.end_equity)),
        "unexplained": (F(0), F(audit.unexplained)),
        **{name: (terms.get(name, F(0)), said.get(name, F(0))) for name in sorted({*said, *terms})},
    }  # fmt: skip
    wrong = {name: tuple(map(float, pair)) for name, pair in lines.items() if abs(pair[0] - pair[1]) > NEAR}
    assert not wrong, wrong
    assert_sums(audit)


def assert_trigger(truth: Truth, audit: Audit) -> None:
    """Fail where it was not pulled when, where and of whom it was."""
    expected = (truth.started_at, truth.triggered_at, truth.ended_at, truth.asset, truth.kind, truth.symbol, truth.side)
    assert expected == (
        audit.started_at, audit.triggered_at, audit.ended_at, audit.asset, audit.kind, audit.symbol, audit.side)  # fmt: skip
    assert truth.is_adl == (audit.stage == "adl")
    assert is_near(truth.trigger_price, audit.trigger_price)
    assert is_near(truth.trigger_equity, audit.trigger_equity)


def is_near(expected: Fraction, said: Decimal | None) -> bool:
    """Return whether a figure is what it must be, but for the rounding of one line."""
    return said is not None and abs(expected - F(said)) <= NEAR
