"""The one module that talks to DuckDB: open, insert, read, transact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from polars import selectors

from ledger.storage import reference
from schemas.bookkeeping import BOOKKEEPING
from schemas.ddl import create_table
from schemas.decided import DECIDED
from schemas.derived import DERIVED
from schemas.errors import BookError, BookLocked, BookTooNew, BookTooOld, UnknownThing
from schemas.tables import CHECKS, STATED

SCHEMA_VERSION = 4
OTHER_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value VARCHAR)",
    "CREATE TABLE IF NOT EXISTS log (seq BIGINT, entry VARCHAR)",
    "CREATE TABLE IF NOT EXISTS series_names (series UINTEGER, name VARCHAR)",
    "CREATE TABLE IF NOT EXISTS accounts (account VARCHAR, venue VARCHAR, number_hash VARCHAR)",
    "CREATE TABLE IF NOT EXISTS stale (account VARCHAR, venue VARCHAR, wallet VARCHAR)",
)


INSTANTS = selectors.datetime(time_zone="*")


class _Stream:
    """A frame or a relation as an Arrow stream and nothing else.

    So neither side asks for a further package, and DuckDB's types are not kept alive past the end of the program
    (which it reports on stderr).
    """

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)


@dataclass
class Store:
    """An open book file.  Amounts stay `DECIMAL(38,18)` on the way in and out."""

    connection: duckdb.DuckDBPyConnection
    path: Path | None
    read_only: bool = False
    is_older: bool = False
    """Whether an older version made it: only its log can be relied on."""
    zone: str = "UTC"
    """Zone whose days, months and years the queries mean (`in_zone`); instants come back in UTC all the same."""

    @classmethod
    def open(cls, path: Path | None, *, read_only: bool = False, any_version: bool = False) -> Store:
        """Open the book at `path` (None: in memory).  Raises BookLocked, BookTooNew, BookTooOld, BookError.

        With `any_version` one that an older version made is opened, too, to be rebuilt.
        """
        try:
            connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
        except duckdb.Error as error:
            raise _as_book_error(path, error) from None
        store = cls(connection, path, read_only)
        connection.execute("SET TimeZone='UTC'; SET enable_progress_bar=false; SET python_enable_replacements=false")
        connection.execute("SET preserve_insertion_order=true; SET memory_limit='1GB'")
        try:
            if read_only or store.tables():
                store._require_version(any_version)
            else:
                store._create()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the connection and release the file."""
        self.connection.close()

    def _create(self) -> None:
        with self.transaction():
            for name, model in STATED.items():
                self.execute(create_table(f"{name}_stated", model, "speaks BOOLEAN"))
            for name, model in CHECKS.items():
                self.execute(create_table(name, model))
            for name, table in (BOOKKEEPING | DERIVED | DECIDED).items():
                self.execute(create_table(name, table))
            for statement in OTHER_TABLES:
                self.execute(statement)
            for script in [*reference.views(), *sql_files("sql")]:
                self.execute(script)
            self.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])

    def tables(self) -> set[str]:
        """Return the names of the tables."""
        return {name for (name,) in self.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

    def _require_version(self, any_version: bool) -> None:
        if "meta" not in self.tables():
            raise BookError(self.path, "this DuckDB file is no book of marginbook", "give another --book")
        found = self.scalar("SELECT value FROM meta WHERE name = 'schema_version'")
        if int(found or 0) > SCHEMA_VERSION:
            raise BookTooNew(self.path, str(found), str(SCHEMA_VERSION))
        self.is_older = int(found or 0) < SCHEMA_VERSION
        if self.is_older and not any_version:
            raise BookTooOld(self.path, str(found), str(SCHEMA_VERSION))

    # -------------------------------------------------------------------------------------------- reading

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> None:
        """Run one statement (or a script without parameters)."""
        self.connection.execute(sql, used(sql, parameters))

    def query(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pl.DataFrame:
        """Return the answer as a frame; only the parameters that the text names are bound."""
        answer = pl.DataFrame(_Stream(self.connection.sql(sql, params=used(sql, parameters))))
        return answer if self.zone == "UTC" else answer.with_columns(INSTANTS.dt.convert_time_zone("UTC"))

    def rows(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the answer as tuples."""
        return self.query(sql, parameters).rows()

    def scalar(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """Return the first cell of the answer, or None."""
        answer = self.query(sql, parameters)
        return answer.item(0, 0) if answer.height else None

    def user_query(self, sql: str) -> pl.DataFrame:
        """Run a query that a person wrote.  Raises UnknownThing with the engine's own words."""
        try:
            answer = self.connection.sql(sql)
            if answer is None:
                raise UnknownThing("the statement has no answer", "`marginbook sql` takes a SELECT")
            twice = sorted({name for name in answer.columns if answer.columns.count(name) > 1})
            if twice:
                raise UnknownThing(
                    f"the answer has several columns called {', '.join(twice)}", "name them apart with AS"
                )
            return pl.DataFrame(_Stream(answer))
        except duckdb.Error as error:
            raise UnknownThing(str(error)) from None

    def write_parquet(self, sql: str, path: Path) -> None:
        """Write the answer to a file, in parts; decimals stay exact."""
        self.connection.sql(sql).write_parquet(str(path), compression="zstd")

    # -------------------------------------------------------------------------------------------- writing

    def insert(self, table: str, frame: pl.DataFrame, constants: Mapping[str, str] | None = None) -> None:
        """Append a frame by column name; `constants` are the columns that are the same in every row."""
        if not frame.height:
            return
        fixed = constants or {}
        names = [*frame.columns, *fixed]
        values = ", ".join([*(f'"{name}"' for name in frame.columns), *("?" for _ in fixed)])
        columns = ", ".join(f'"{name}"' for name in names)
        with self.registered(incoming=frame):
            self.connection.execute(
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM incoming", list(fixed.values())
            )

    @contextmanager
    def registered(self, **frames: pl.DataFrame) -> Iterator[None]:
        """Let SQL see frames under their names.

        DuckDB keeps what was registered inside a transaction until its end, so the frame is taken out of it.
        """
        streams = {name: _Stream(frame) for name, frame in frames.items()}
        for name, stream in streams.items():
            self.connection.register(name, stream)
        try:
            yield
        finally:
            for name, stream in streams.items():
                self.connection.unregister(name)
                stream.rows = None

    @contextmanager
    def in_zone(self, zone: str) -> Iterator[None]:
        """Let days, months and years be those of a zone (`Europe/Berlin`, `UTC`)."""
        self.connection.execute("SET TimeZone = ?", [zone])
        self.zone = zone
        try:
            yield
        finally:
            self.zone = "UTC"
            self.connection.execute("SET TimeZone = 'UTC'")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        self.connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


def used(sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Any:
    """Return the parameters that the text names (DuckDB refuses others)."""
    if not isinstance(parameters, Mapping):
        return list(parameters) if parameters else None
    named = set(re.findall(r"\$(\w+)", sql))
    return {name: value for name, value in parameters.items() if name in named} or None


def sql_files(folder: str) -> list[str]:
    """Return the texts of the `.sql` files of a folder of this package, in the order of their names."""
    return list(sql_files_by_name(folder).values())


def sql_files_by_name(folder: str) -> dict[str, str]:
    """Return the texts of the `.sql` files of a folder of this package by their names."""
    files = sorted(resources.files("ledger").joinpath(folder).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")
    }


@cache
def statements(module: str) -> Mapping[str, str]:
    """Return the SQL of `queries/<module>.sql` by name; a statement starts at its line `-- name: ...`."""
    text = resources.files("ledger").joinpath("queries", f"{module}.sql").read_text(encoding="utf-8")
    _, *pieces = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: body.strip().rstrip(";") for name, body in zip(pieces[::2], pieces[1::2], strict=True)}


def statement(module: str, name: str) -> str:
    """Return one statement of `queries/<module>.sql`."""
    return statements(module)[name]


def _as_book_error(path: Path | None, error: duckdb.Error) -> BookError:
    text = str(error)
    if "lock" in text.lower():
        holder = re.search(r"held in (.*?) \(PID (\d+)\)", text)
        return BookLocked(path, holder.group(2) if holder else None)
    if "newer version" in text or "storage version" in text.lower():
        return BookTooNew(path, "?", str(SCHEMA_VERSION))
    return BookError(path, text.splitlines()[0], "`marginbook verify` checks it; `rebuild` makes it again")
