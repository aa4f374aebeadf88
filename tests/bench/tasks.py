"""What is measured, each in a process of its own: `python -m tests.bench.tasks NAME ARGUMENTS-AS-JSON`.

A task prints one JSON object of seconds (and counts).  Loading the libraries is not part of any figure.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import duckdb
import polars as pl

from ledger.accounting.derive import batches, settle, traded_symbols
from ledger.accounting.fold import fold
from ledger.accounting.positions import contract_streams, reconstruct
from ledger.accounting.prices import in_settle, price_table
from ledger.accounting.restarts import BEGINNING, Restarts
from ledger.accounting.terms import valued_fills
from ledger.accounting.voices import Scope
from ledger.book import Book
from ledger.storage.store import Store
from tests.bench.form import FORMATS

Figures = dict[str, float]

MONEY = "DECIMAL(38,18)"
COLUMNS = {
    "Time": "TIMESTAMP", "Uid": "VARCHAR", "Currency": "VARCHAR", "Contract": "VARCHAR", "Type": "VARCHAR",
    "Direction": "VARCHAR", "Quantity": MONEY, "Position": MONEY, "Filled Price": MONEY, "Funding": MONEY,
    "Fee Paid": MONEY, "Cash Flow": MONEY, "Change": MONEY, "Wallet Balance": MONEY, "Order ID": "VARCHAR",
    "Trade ID": "VARCHAR",
}  # fmt: skip
FILL_COLUMNS = {
    "filled_at": "TIMESTAMPTZ", "symbol": "VARCHAR", "side": "VARCHAR", "quantity": MONEY, "price": MONEY, "fee": MONEY,
    "fee_asset": "VARCHAR", "realized": MONEY, "trade_ref": "VARCHAR", "order_ref": "VARCHAR",
}  # fmt: skip
SCOPE = ("bench", "bench", "unified")


class _Clock:
    """Seconds, and seconds of processor time of all threads, since it was made."""

    def __init__(self) -> None:
        self.started, self.worked = perf_counter(), process_time()

    def figures(self) -> Figures:
        """Return both."""
        return {"seconds": perf_counter() - self.started, "worked": process_time() - self.worked}


class _TimedBook(Book):
    """A book that knows how long the derived tables took."""

    settled_s: float = 0.0
    settles: bool = True

    def _settle(self) -> None:
        start = perf_counter()
        if self.settles:
            super()._settle()
        self.settled_s += perf_counter() - start


def ctas(csv: str, db: str, columns: Mapping[str, str] | None = None) -> Figures:
    """DuckDB alone: the file, typed, into a table in a file."""
    clock = _Clock()
    with duckdb.connect(db) as connection:
        connection.execute("SET TimeZone='UTC'; SET enable_progress_bar=false")
        connection.execute(
            f"CREATE TABLE log AS SELECT * FROM read_csv('{csv}', header=true, delim=',', quote='\"', escape='\"', "
            f"auto_detect=false, columns={dict(columns or COLUMNS)})"
        )
    return clock.figures()


def ctas_of_fills(csv: str, db: str) -> Figures:
    """The same of a file of fills."""
    return ctas(csv, db, FILL_COLUMNS)


def bring(book: str, paths: Sequence[str], terms: str | None = None, settles: bool = True) -> Figures:
    """Import into a book, with and without what is derived; contract terms come first and are not timed."""
    if terms is not None:
        with Book.open(book, formats=FORMATS) as prepared:
            prepared.import_paths([terms])
    clock = _Clock()
    with _TimedBook.open(book, formats=FORMATS) as opened:
        assert isinstance(opened, _TimedBook)
        opened.settles = settles
        report = opened.import_paths(paths)
    spent = clock.figures()
    wrong = [str(error) for error in report.errors] + [line for part in report.parts for line in part.reject_lines]
    if wrong:
        raise ValueError("\n".join(wrong))
    return {
        **spent, "derived": opened.settled_s, "stored": spent["seconds"] - opened.settled_s,
        "rows": sum(part.read for part in report.parts), "new": sum(part.stored for part in report.parts),
    }  # fmt: skip


def sha256(csv: str) -> Figures:
    """The checksum of a file and nothing else."""
    start = perf_counter()
    with Path(csv).open("rb") as raw:
        hashlib.file_digest(raw, "sha256")
    return {"seconds": perf_counter() - start}


def derive_all(book: str) -> Figures:
    """Everything derived, made anew."""
    store = Store.open(Path(book))
    store.execute("INSERT INTO stale SELECT DISTINCT account, venue, wallet, NULL FROM coverage WHERE venue = 'bench'")
    clock = _Clock()
    with store.transaction():
        settle(store)
    store.close()
    return clock.figures()


def positions(book: str) -> Figures:
    """Legs and positions of every fill made anew: read, valued, folded, written."""
    store = Store.open(Path(book))
    clock = _Clock()
    with store.transaction():
        store.execute("DELETE FROM legs; DELETE FROM positions")
        scope, fills = Scope(*SCOPE), 0
        for symbols in batches(traded_symbols(store, scope, Restarts())):
            valued = valued_fills(store, scope, symbols, BEGINNING)
            value = in_settle(valued, price_table(store), "fee", "fee_asset", "settle_asset", "filled_at")
            streams = contract_streams(valued.with_columns(value.alias("fee_value")), {})
            made = reconstruct(streams, {}, None)
            store.insert("legs", made.legs)
            store.insert("positions", made.positions)
            fills += valued.height
    store.close()
    return clock.figures() | {"fills": fills}


def fold_alone(book: str) -> Figures:
    """The fold of every stream, and a loop that only adds the same integers."""
    store = Store.open(Path(book), read_only=True)
    answer = store.query(
        "SELECT symbol, CAST(CASE side WHEN 'buy' THEN quantity ELSE -quantity END AS DECIMAL(38,18)) AS delta, price "
        "FROM fills ORDER BY filled_at, sequence"
    )
    valued = answer.with_columns((pl.col("delta") * pl.col("price")).alias("value"))
    streams = [
        (part["delta"].to_physical().to_list(), part["value"].to_physical().to_list())
        for part in valued.partition_by("symbol", maintain_order=True)
    ]
    store.close()
    start = perf_counter()
    legs = sum(len(fold(deltas, values).fill) for deltas, values in streams)
    folded = perf_counter()
    quantity = value = 0
    for deltas, values in streams:
        for delta, worth in zip(deltas, values, strict=True):
            quantity += delta
            value += worth
    return {"seconds": folded - start, "loop": perf_counter() - folded, "fills": valued.height, "legs": legs}


def export_fills(book: str, csv: str) -> Figures:
    """Write the fills of a book as a trade history of ten columns."""
    store = Store.open(Path(book), read_only=True)
    store.execute(
        "COPY (SELECT filled_at, symbol, side, quantity, price, fee, fee_asset, realized_stated AS realized, "
        f"trade_ref, order_ref FROM fills ORDER BY filled_at, sequence) TO '{csv}' (HEADER)"
    )
    store.close()
    return {}


TASKS: dict[str, Callable[..., Figures]] = {
    task.__name__: task
    for task in (ctas, ctas_of_fills, bring, sha256, derive_all, positions, fold_alone, export_fills)
}


def main(arguments: Sequence[str]) -> None:
    """Do one task and print its figures."""
    name, words = arguments
    given: dict[str, Any] = json.loads(words)
    print(json.dumps(TASKS[name](**given)))


if __name__ == "__main__":
    main(sys.argv[1:])
