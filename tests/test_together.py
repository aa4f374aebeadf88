"""The report `margin` reads a wallet once for all its positions: it says what looking at each by itself says."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

import ledger.auditing.watch
from ledger.book import Book
from tests.bench import generate
from tests.bench.form import FORMATS

ROWS = 1_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("together")
    log = generate.write(folder / "log.csv", ROWS)
    beside = [generate.write_instruments(folder / "instruments.csv"), generate.write_tiers(folder / "tiers.csv")]
    forced = generate.write_liquidations(folder / "liquidations.csv", log, 3)
    with Book.open(folder / "book.duckdb", formats=FORMATS) as opened:
        report = opened.import_paths([*beside, log, forced])
        assert not [str(error) for error in report.errors]
        yield opened


def alone(book: Book, monkeypatch: pytest.MonkeyPatch, symbol: str) -> pl.DataFrame:
    """Return the report with every position looked at by itself."""
    with monkeypatch.context() as patched:
        patched.setattr(ledger.auditing.watch, "together", lambda store, tiers, wishes: {})
        return book.report("margin", symbol=symbol)


def test_positions_of_one_wallet_stand_where_each_by_itself_stands(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    found = book.report("margin", symbol="P04USDT")
    assert found.height > 3
    assert found.equals(alone(book, monkeypatch, "P04USDT"))
