"""The targets of an export, and how each is written: beside its place first, and moved there when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

from ledger.exporting.journal import Extent, journal_of
from ledger.exporting.tables import Source, sources, staged, write_parquet
from ledger.storage.log import snapshot
from ledger.storage.store import Store
from reports.audit_data import made_by
from reports.exports.beancount import write_beancount
from reports.exports.contract import Journal, TableRows
from reports.exports.plaintext import write_plaintext
from reports.exports.tables import CSV_NOTE, PARQUET_NOTE, catalogue, write_csv, write_workbook
from schemas.errors import RefusedFile, UnknownThing

CATALOGUE = "tables.json"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote."""

    path: Path
    journal: Extent | None = None
    """Of a journal: how much it tells."""
    too_long: tuple[str, ...] = ()
    """Of beancount: assets with figures of more digits than it sums exactly."""
    tables: Mapping[str, int] = field(default_factory=dict)
    """Of tables: the rows of each."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """What of a book is asked for; tables are whole."""

    start: datetime | None = None
    to: datetime | None = None
    account: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether all of it is."""
        return (self.start, self.to, self.account) == (None, None, None)


def export(store: Store, target: str, path: Path, wanted: Range, *, force: bool = False) -> Exported:
    """Write the book for a target.  Raises UnknownThing, and RefusedFile where something is there already."""
    if target not in TARGETS:
        raise UnknownThing(f"no target called {target!r}", f"there are {', '.join(TARGETS)}")
    if target in WHOLE and not wanted.is_all:
        raise UnknownThing(
            f"{target} holds every table whole", "a range or an account goes with beancount, hledger and ledger"
        )
    is_there = any(path.iterdir()) if path.is_dir() else path.exists()
    if is_there and not force:
        raise RefusedFile(str(path), "it is there already; --force writes over it")
    if path.is_dir() and target not in FOLDERS:
        raise RefusedFile(str(path), f"it is a folder; {target} is one file")
    if path.exists() and not path.is_dir() and target in FOLDERS:
        raise RefusedFile(str(path), f"it is a file; {target} is a folder of files")
    return TARGETS[target](store, path, wanted)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes its place when it is whole; what fails leaves nothing."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as out:
            yield out
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _made(store: Store) -> str:
    return made_by(metadata.version("marginbook"), snapshot(store))


def _journal(
    write: Callable[[Journal, BinaryIO], None], store: Store, path: Path, wanted: Range, *, is_beancount: bool = False
) -> Exported:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        journal_of(store, _made(store), start=wanted.start, to=wanted.to, account=wanted.account) as (journal, extent),
        written(path) as out,
    ):
        write(journal, out)
    return Exported(path=path, journal=extent, too_long=tuple(journal.too_long) if is_beancount else ())


def _csv(store: Store, path: Path, _: Range) -> Exported:
    def write(source: Source, place: Path) -> int:
        with staged(store, source) as rows, written(place) as out:
            write_csv(rows, out)
            return rows.count

    return _folder(store, path, ".csv", CSV_NOTE, write)


def _parquet(store: Store, path: Path, _: Range) -> Exported:
    def write(source: Source, place: Path) -> int:
        beside = place.with_name(f"{place.name}.part")
        count = write_parquet(store, source, beside)
        beside.replace(place)
        return count

    return _folder(store, path, ".parquet", PARQUET_NOTE, write)


def _folder(store: Store, path: Path, suffix: str, note: str, write: Callable[[Source, Path], int]) -> Exported:
    path.mkdir(parents=True, exist_ok=True)
    known = list(sources())
    files = {source.shape.name: f"{source.shape.name}{suffix}" for source in known}
    counts = {source.shape.name: write(source, path / files[source.shape.name]) for source in known}
    with written(path / CATALOGUE) as out:
        out.write(catalogue([source.shape for source in known], counts, files, note, _made(store)))
    return Exported(path=path, tables=counts)


def _xlsx(store: Store, path: Path, _: Range) -> Exported:
    def each() -> Iterator[TableRows]:
        for source in sources():
            with staged(store, source) as rows:
                yield rows

    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as out:
        counts = write_workbook(each(), out, _made(store))
    return Exported(path=path, tables=counts)


TARGETS: Mapping[str, Callable[[Store, Path, Range], Exported]] = {
    "beancount": partial(_journal, write_beancount, is_beancount=True),
    "hledger": partial(_journal, partial(write_plaintext, program="hledger")),
    "ledger": partial(_journal, partial(write_plaintext, program="ledger")),
    "csv": _csv,
    "xlsx": _xlsx,
    "parquet": _parquet,
}
FOLDERS = frozenset({"csv", "parquet"})
WHOLE = FOLDERS | {"xlsx"}
