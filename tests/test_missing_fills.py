"""A fill that an export lacks, and the ledger books: found by its reference, with the rows that show it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ledger.book import Book
from ledger.commands.demo import write_exports


def found(folder: Path, exports: Path) -> list[tuple[str | None, str]]:
    with Book.open(folder / "book.duckdb") as book:
        book.import_paths([exports])
        findings = book.report("findings").filter(pl.col("kind") == "missing_fill")
        return [(symbol, sentence) for symbol, sentence in findings.select("symbol", "sentence").iter_rows()]


def without(path: Path, row: int) -> str:
    """Take a line out of an export and return it."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    taken = lines.pop(row - 1)
    path.write_text("".join(lines), encoding="utf-8")
    return taken


def test_nothing_is_found_where_every_trade_has_its_fill(tmp_path: Path) -> None:
    assert [] == found(tmp_path, write_exports(tmp_path / "exports"))


@pytest.mark.parametrize(
    ("file", "row", "symbol", "reference"),
    [
        ("Binance-Futures-Trade-History-202603010915(UTC+1).csv", 9, "SOLUSDT", "141203346"),
        ("kraken-trades.csv", 3, None, "TDEMO1-CLOSX-000002"),
    ],
)
def test_a_fill_that_only_the_ledger_knows_is_named(
    tmp_path: Path, file: str, row: int, symbol: str | None, reference: str
) -> None:
    exports = write_exports(tmp_path / "exports")
    assert reference in without(exports / file, row)
    (only,) = found(tmp_path, exports)
    assert symbol == only[0]
    assert f"({reference}) without a fill, though an export of fills covers that time" in only[1]
