"""The one module that talks to DuckDB: open, insert, read, transact."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from polars import selectors

from ledger.storage import reference
from ledger.storage.failpoints import reached
from ledger.storage.holding import holder_of
from ledger.storage.naming import log_of, remove_file, sync_folder, temporary
from schemas.bookkeeping import BOOKKEEPING
from schemas.ddl import create_table
from schemas.decided import DECIDED
from schemas.derived import DERIVED
from schemas.errors import (
    BookError,
    BookLocked,
    BookReplaced,
    BookTooNew,
    BookTooOld,
    MarginbookError,
    NoRoom,
    UnknownThing,
)
from schemas.tables import CHECKS, STATED

SCHEMA_VERSION = 7
OTHER_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value VARCHAR)",
    "CREATE TABLE IF NOT EXISTS log (seq BIGINT, entry VARCHAR)",
    "CREATE TABLE IF NOT EXISTS series_names (series UINTEGER, name VARCHAR)",
    "CREATE TABLE IF NOT EXISTS accounts (account VARCHAR, venue VARCHAR, number_hash VARCHAR)",
    "CREATE TABLE IF NOT EXISTS stale (account VARCHAR, venue VARCHAR, wallet VARCHAR, since TIMESTAMPTZ)",
)


INSTANTS = selectors.datetime(time_zone="*")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a book that another program holds, and whom to tell who that is (once)."""

    seconds: float = 0
    told: Callable[[str], None] = lambda _: None


AT_ONCE = Patience()
PAUSE = 0.05
"""Seconds between two tries to open a book that another program holds."""
FULL = re.compile(r"no space left|disk quota exceeded|file too large|out of disk|not enough space", re.IGNORECASE)


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
    def open(
        cls, path: Path | None, *, read_only: bool = False, any_version: bool = False, patience: Patience = AT_ONCE
    ) -> Store:
        """Open the book at `path` (None: in memory).  Raises BookLocked, BookTooNew, BookTooOld, BookError.

        With `any_version` one that an older version made is opened, too, to be rebuilt.
        """
        store = cls(_connected(path, read_only, patience), path, read_only)
        connection = store.connection
        connection.execute("SET TimeZone='UTC'; SET enable_progress_bar=false; SET python_enable_replacements=false")
        connection.execute("SET preserve_insertion_order=true; SET memory_limit='1GB'")
        try:
            if read_only or store.tables():
                store._require_version(any_version)
            else:
                store.set_up()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the connection and release the file."""
        with suppress(duckdb.Error):  # a database that could not write has nothing left to say
            self.connection.close()

    def take_in_log(self) -> None:
        """Bring what only the write-ahead log holds into the file.  A torn end of the log goes with the next write."""
        with self.transaction():
            self.execute("CREATE TABLE written (nothing INTEGER)")
            self.execute("DROP TABLE written")
        self.execute("FORCE CHECKPOINT")

    def give_way(self, other: Path) -> None:
        """Let another, whole file take the place of this one and close it, while the lock on its name is still held."""
        assert self.path is not None
        self.execute("CHECKPOINT")
        if os.name == "posix":
            other.replace(self.path)
            sync_folder(self.path.parent)
            self.close()
        else:  # no system for replacing open files
            self.close()
            other.replace(self.path)

    def set_up(self) -> None:
        """Make the tables and views of an empty book."""
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
                with suppress(duckdb.TransactionException):  # after an error inside, which is the one to be told
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
            with suppress(duckdb.Error):  # a database that could not write has ended the transaction itself
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


def is_full(error: BaseException) -> bool:
    """Return whether an error says that a disk, a quota or the largest size of a file is reached."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error, duckdb.Error) and bool(FULL.search(str(error)))


def _make(path: Path) -> None:
    """Make an empty book under another name and give it its own in one step, unless another program was first.

    A program that is killed while the database writes its first blocks leaves no half of a book behind.
    """
    unfinished = temporary(path, "new")
    remove_file(unfinished)  # of a program that had our number and was killed
    try:
        fresh = Store(duckdb.connect(str(unfinished)), unfinished)
        try:
            fresh.set_up()
        finally:
            fresh.close()
        reached("book.made")
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass  # another program was first, and its book is the book
        except OSError:  # a file system without links
            if not path.exists():
                unfinished.replace(path)
        sync_folder(path.parent)
        reached("book.named")
    finally:
        remove_file(unfinished)


def _connected(path: Path | None, read_only: bool, patience: Patience) -> duckdb.DuckDBPyConnection:
    """Return a connection, waiting as long as `patience` says for a book that another program holds."""
    if path is None:
        return duckdb.connect(":memory:")
    waited_from, told = time.monotonic(), False
    while True:
        try:
            return _connected_now(path, read_only)
        except (BookLocked, BookReplaced) as error:
            waited = time.monotonic() - waited_from
            pid = error.pid if isinstance(error, BookLocked) else None
            holder = holder_of(path, pid)
            if waited >= patience.seconds:
                waited = round(waited, 1) if told else 0
                raise BookLocked(path, pid, str(holder) if holder is not None else None, waited) from None
            if not told and waited > PAUSE:
                who = holder or "another program"
                patience.told(f"{path}: in use by {who}; waiting up to {patience.seconds:g} s (--wait)")
                told = True
        time.sleep(PAUSE)


def _connected_now(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Return a connection to the file that has the name now.  Raises BookReplaced where it was another a moment ago."""
    try:
        if not is_there(path) and not read_only:
            _make(path)
        before = _inode(path)
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise _as_book_error(path, error) from None
    except OSError as error:
        raise _not_made(path, error) from None
    if before != _inode(path):
        connection.close()
        raise BookReplaced(path)
    return connection


def _not_made(path: Path, error: OSError) -> MarginbookError:
    """Return why there can be no book here."""
    if is_full(error):
        return NoRoom(path, "the disk is full", "nothing was stored; make room and do it again")
    return BookError(path, f"no book can be made here: {(error.strerror or str(error)).lower()}", OTHER_BOOK)


def is_there(path: Path) -> bool:
    """Return whether there is a book.  Raises BookError where that cannot be seen, or half of it is there."""
    try:
        path.stat()
    except FileNotFoundError:
        if not log_of(path).exists():
            return False
    except OSError as error:
        raise BookError(path, f"it cannot be looked at: {(error.strerror or str(error)).lower()}", OTHER_BOOK) from None
    else:
        return True
    what = f"the book is gone, and {log_of(path).name}, which holds its last rows, lies here without it"
    raise BookError(path, what, "put the book back beside it; else move that file away and `marginbook rebuild`")


def _inode(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another that takes its name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


DAMAGED = "`marginbook verify` checks it; `rebuild` makes it again from its archive"
OTHER_BOOK = "give another --book, or make one with `marginbook import PATH...`"
CAUSES: tuple[tuple[str, str, str], ...] = (
    ("Read-only file system", "it lies on a medium that cannot be written",
     "reports work there; copy book and archive to a disk to change them"),
    ("Permission denied", "no permission to open it for this", "ask its owner, or copy book and archive"),
    ("Is a directory", "this is a folder, not a book", OTHER_BOOK),
    ("not a valid DuckDB", "this file is no book of marginbook", OTHER_BOOK),
)  # fmt: skip
"""By what the database says: what that means, and what to do."""


def _as_book_error(path: Path | None, error: duckdb.Error) -> MarginbookError:
    text = str(error)
    for said, what, to_do in CAUSES:
        if said in text:
            return BookError(path, what, to_do)
    if "lock on file" in text.lower():
        holder = re.search(r"\(PID (\d+)\)", text)
        return BookLocked(path, int(holder.group(1)) if holder else None)
    if "newer version" in text or "storage version" in text.lower():
        return BookTooNew(path, "?", str(SCHEMA_VERSION))
    if is_full(error):
        return NoRoom(path, "the disk is full", "nothing was stored; make room and do it again")
    return BookError(path, text.splitlines()[0], DAMAGED)
