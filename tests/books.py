"""Small invented exports, and a book to put them into: what many tests share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.book import Book, ImportReport
from ledger.storage.importing import Asked

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATEMENT = "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark"
INCOME = "Date(UTC),type,Amount,Asset,Symbol,Transaction ID"
TRADES = "Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Quote Asset"
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,wallet,settle_asset,style"


def new_book(folder: Path) -> Book:
    """Return an empty book on disk, with a clock that stands still."""
    return Book.open(folder / "book.duckdb", clock=lambda: NOW)


def write(folder: Path, name: str, header: str, rows: Sequence[str]) -> Path:
    """Write a CSV and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def imported(book: Book, *paths: Path, **asked: Any) -> ImportReport:
    """Import and insist that nothing went wrong."""
    report = book.import_paths(paths, Asked(**asked))
    assert [str(error) for error in report.errors] == []
    return report


def facts(book: Book, report: str, *columns: str, **words: Any) -> list[tuple[Any, ...]]:
    """Return some columns of a report, decimals plain."""
    frame = book.report(report, **words).select(columns)
    return [tuple(plain(cell) for cell in row) for row in frame.iter_rows()]


def plain(cell: Any) -> Any:
    """Return a decimal without trailing zeros as text, anything else as it is."""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}" if cell else "0"
    return cell


def at(text: str) -> datetime:
    """Return an instant of 2026-02 by `DD HH:MM:SS`."""
    return datetime.fromisoformat(f"2026-02-{text.replace(' ', 'T')}+00:00")


def stamp(moment: datetime) -> str:
    """Return an instant as the older exports print it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def seconds(count: int) -> timedelta:
    """Return a span."""
    return timedelta(seconds=count)


def logged(book: Book) -> list[dict[str, Any]]:
    """Return the book's own copy of its log."""
    return [json.loads(entry) for (entry,) in book.store.rows("SELECT entry FROM log ORDER BY seq")]
