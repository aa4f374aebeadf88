"""Every table of a book, whole, in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandera.polars as pa
import polars as pl

from ledger.storage.store import Store, statement
from reports.exports.contract import TableRows, TableShape
from schemas.bookkeeping import BOOKKEEPING
from schemas.ddl import describe
from schemas.decided import DECIDED
from schemas.derived import DERIVED
from schemas.tables import CHECKS, STATED, TIME_OF_TABLE

ROWS = 50_000
SPEAKS = ("speaks", "BOOLEAN", "whether this row counts: another export may speak for the same fact")
BASIS = (
    "basis",
    "VARCHAR",
    "stated by the ledger that speaks, derived from facts, or unbooked (its ledger will book it)",
)
TIME_OF_CHANGES = {"movements": "moved_at", "movements_stated": "moved_at", "postings": "posted_at"}
"""Tables of changes that spot trades make, by relation."""
POSTINGS = TableShape(
    name="postings", one_row="A posting of the journal; the postings of an event sum to zero per asset.",
    columns=(
        ("entry_id", "VARCHAR", "the event"), ("posted_at", "TIMESTAMPTZ", "when"),
        ("account", "VARCHAR", "the account"),
        ("venue", "VARCHAR", "the exchange or lender"), ("wallet", "VARCHAR", "the wallet"),
        ("posting_account", "VARCHAR", "what is debited or credited"), ("asset", "VARCHAR", "the asset"),
        ("amount", "DECIMAL(38,18)", "+ = debit, - = credit"), ("cause", "VARCHAR", "why"),
        ("symbol", "VARCHAR", "the venue's own name of the instrument"), ("instrument", "VARCHAR", "unified name"),
        ("row_key", "HUGEINT", "the row behind it"), ("file_id", "VARCHAR", "sha-256 of the file part that stated it"),
        ("source_row", "UINTEGER", "its line or row there"), ("sequence", "BIGINT", "order inside one instant"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A table that is exported: what it is, and where it lies in the book."""

    shape: TableShape
    relation: str
    order: str


def sources() -> Iterator[Source]:
    """Yield every table: facts as they count, facts as all exports state them, what is derived, decided and kept."""
    for name, model in STATED.items():
        time = TIME_OF_TABLE[name]
        further = (BASIS,) if name == "movements" else ()
        yield Source(_shape(name, model, "what counts", *further), name, f"{time}, row_key")
        yield Source(
            _shape(f"{name}_stated", model, "as all exports state it", SPEAKS), f"{name}_stated", f"{time}, row_key"
        )
    for name, model in CHECKS.items():
        yield Source(_shape(name, model), name, f"{TIME_OF_TABLE[name]}, row_key")
    yield Source(POSTINGS, "postings", "posted_at, sequence, entry_id, row_key, posting_account, amount")
    kept: dict[str, type[pa.DataFrameModel]] = {**DERIVED, **DECIDED, **BOOKKEEPING}
    for name, table in kept.items():
        yield Source(_shape(name, table), name, "ALL")


def _shape(name: str, model: type[pa.DataFrameModel], beside: str = "", *further: tuple[str, str, str]) -> TableShape:
    said = " ".join((model.__doc__ or "").split())
    return TableShape(name=name, one_row=f"{said} ({beside})" if beside else said, columns=(*describe(model), *further))


def columns_sql(shape: TableShape) -> str:
    """Return the columns as they are exported: a key, which is a number of 38 digits, is a decimal and no float."""
    return ", ".join(
        f'"{name}"::DECIMAL(38,0) AS "{name}"' if kind == "HUGEINT" else f'"{name}"' for name, kind, _ in shape.columns
    )


@contextmanager
def staged(store: Store, source: Source) -> Iterator[TableRows]:
    """Give the rows of a table in their order; they last as long as the context."""
    columns, time = columns_sql(source.shape), TIME_OF_CHANGES.get(source.relation)
    text = statement("exporting", "stage_traded" if time else "stage_table").format(
        columns=columns, table=source.relation, order=f"ORDER BY {source.order}", time=time
    )
    store.execute(text)
    try:
        count = int(store.scalar(statement("exporting", "count_table")))
        yield TableRows(shape=source.shape, count=count, parts=_parts(store, count))
    finally:
        store.execute(statement("exporting", "drop_table"))


def write_parquet(store: Store, source: Source, path: Path) -> int:
    """Write a table as Parquet and return its rows; the database does it, in as little memory as it needs."""
    with staged(store, source) as rows:
        store.write_parquet("FROM export_table", path)
        return rows.count


def _parts(store: Store, count: int) -> Iterator[pl.DataFrame]:
    for first in range(0, max(count, 1), ROWS):
        yield store.query(statement("exporting", "table_part"), {"first": first, "end": first + ROWS})
