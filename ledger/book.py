"""What the commands do, importable: `Book.open(path)`, `.import_paths(...)`, `.report(...)`, `.trace(...)`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from importers.contract import Format
from importers.files import Bundle, collect, open_bundle
from importers.registry import formats as builtin_formats
from ledger.archive import Archive
from ledger.derive import settle
from ledger.importing import IMPORTER_VERSION, Asked, Importing, PartResult, forget
from ledger.store import Store, sql_files_by_name, statement
from ledger.trace import RAW_LIMIT, raw_texts
from reports.contract import Params, Report, run
from reports.registry import REPORTS
from schemas.errors import BookError, MarginbookError, OtherOptions, UnknownFormat, UnknownThing, UnreadableFile

SAME_WORDS = ("account", "wallet", "timezone", "format", "encoding")
DIGESTED = (
    "movements",
    "fills",
    "funding",
    "interest",
    "liquidations",
    "repayments",
    "borrows",
    "transfers",
    "conversions",
    "adjustments",
    "stated_results",
    "stated_balances",
    "stated_positions",
    "prices",
    "instruments",
    "positions",
    "legs",
    "costs_stored",
    "openings",
    "breaks_stored",
)


@dataclass(kw_only=True)
class ImportReport:
    """What an import did, file by file."""

    parts: list[PartResult] = field(default_factory=list)
    unrecognized: list[str] = field(default_factory=list)
    errors: list[MarginbookError] = field(default_factory=list)
    dry_run: bool = False
    breaks: int = 0
    """Places, in accounts of these files, where the chain of stated balances does not hold."""
    effects: pl.DataFrame | None = None
    """Of a dry run: account, wallet, asset, before, after of each balance that would change."""

    @property
    def exit_code(self) -> int:
        """0 clean; 1 something to look at; else the highest of the errors'."""
        codes = [error.exit_code for error in self.errors]
        codes += [1 for part in self.parts if part.rejected]
        codes += [1] if self.breaks else []
        return max(codes, default=0)


PROVENANCE = ("format", "file_id", "source_row")
"""Columns that tell which of several files showed a row first; a digest is of what the rows say."""


class _DryRunOver(Exception):
    """Leaves the transaction of a dry run."""


@dataclass
class Book:
    """An open book: one DuckDB file and the archive beside it, the only state."""

    store: Store
    archive: Archive | None
    formats: Sequence[Format]
    clock: Callable[[], datetime]

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        read_only: bool = False,
        formats: Sequence[Format] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Book:
        """Open the book at `path`, or make it.  Raises BookError (missing and read only, locked, newer)."""
        path = Path(path)
        if read_only and not path.exists():
            raise BookError(
                path, "there is no book here", "make one with `marginbook import PATH...` or `marginbook demo`"
            )
        book = cls(
            Store.open(path, read_only=read_only), Archive(archive_of(path)), formats or builtin_formats(), clock
        )
        stale = bool(book.store.scalar(statement("book", "has_stale")))
        if read_only and stale:
            book.close()
            return cls.open(path, formats=formats, clock=clock)
        if not read_only:
            book._synchronize_log()
        if stale:  # a program was killed between storing and settling
            book._settle()
        return book

    @classmethod
    def in_memory(cls, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Book:
        """Return an empty book that is gone when it is closed (dry runs, tests)."""
        return cls(Store.open(None), None, builtin_formats(), clock)

    def close(self) -> None:
        """Close the book and let others use it."""
        self.store.close()

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------ importing

    def import_paths(
        self, paths: Sequence[Path | str], asked: Asked | None = None, *, dry_run: bool = False
    ) -> ImportReport:
        """Import files, folders and zips.  A dry run tells exactly what would happen and stores nothing."""
        self._require_log()
        wanted = asked or Asked()
        places = [Path(path) for path in paths]
        if dry_run:
            return self._dry_run(places, wanted)
        report = ImportReport()
        for bundle, named in self._bundles(places, report):
            if bundle is not None:
                self._guarded(bundle, named, report, lambda bundle: self._import_bundle(bundle, wanted))
        self._synchronize_log()
        self._settle()
        touched = {part.account for part in report.parts if part.stored}
        report.breaks = self.report("breaks").filter(pl.col("account").is_in(list(touched))).height
        return report

    def _bundles(self, places: Sequence[Path], report: ImportReport) -> Iterator[tuple[Bundle | None, bool]]:
        named = {place for place in places if not place.is_dir()}
        for found in collect(places):
            if isinstance(found, UnreadableFile):
                if found.named:
                    report.errors.append(found)
                else:
                    report.unrecognized.append(str(found).split("\n", 1)[0])
            else:
                yield found, found.path in named

    def _guarded(
        self, bundle: Bundle, named: bool, report: ImportReport, action: Callable[[Bundle], list[PartResult]]
    ) -> bool:
        """Do something with a bundle; what goes wrong with it does not keep the others from being imported."""
        try:
            report.parts += action(bundle)
        except (UnknownFormat, UnreadableFile) as error:
            if named:
                report.errors.append(error)
            else:
                report.unrecognized.append(str(error).split("\n", 1)[0])
            return False
        except MarginbookError as error:
            report.errors.append(error)
            return False
        return True

    def _import_bundle(self, bundle: Bundle, asked: Asked) -> list[PartResult]:
        again = self._earlier(bundle, asked)
        if again is not None:
            return again
        if self.archive is not None:
            self.archive.create()
            self.archive.keep(bundle.path, bundle.file_id)
        with self.store.transaction():
            return self._store_bundle(bundle, asked)

    def _store_bundle(
        self, bundle: Bundle, asked: Asked, accounts: Mapping[str, str] | None = None
    ) -> list[PartResult]:
        """Store a bundle and log it, with the accounts it was resolved to, so that a rebuild does the same."""
        if self._known(bundle.file_id):
            forget(self.store, bundle.file_id)
        seq = int(self.store.scalar(statement("book", "next_seq")))
        parts = self._run(bundle, asked, seq, accounts or {})
        resolved = {part.venue: part.account for part in parts if part.account}
        entry = {
            "kind": "import",
            "bundle": bundle.file_id,
            "name": bundle.name,
            "options": asked.says(),
            "accounts": resolved,
        }
        self._log(entry)
        return parts

    def _run(self, bundle: Bundle, asked: Asked, import_no: int, accounts: Mapping[str, str]) -> list[PartResult]:
        return Importing(
            store=self.store,
            formats=self.formats,
            bundle=bundle,
            asked=asked,
            import_no=import_no,
            known_accounts=accounts,
        ).run()

    def _known(self, bundle_id: str) -> bool:
        return bool(self.store.scalar(statement("book", "knows_bundle"), {"bundle_id": bundle_id}))

    def _earlier(self, bundle: Bundle, asked: Asked) -> list[PartResult] | None:
        """Return what the book holds of these bytes, or None where they are to be read (again)."""
        files = self.store.query(statement("book", "files_of_bundle"), {"bundle_id": bundle.file_id})
        if not files.height:
            return None
        first = files.row(0, named=True)
        before, now = json.loads(first["options"]), asked.says()
        before.setdefault("account", first["account"])
        differing = {name for name in SAME_WORDS if name in now and now[name] != before.get(name)}
        rejected = bool(files["rejected"].sum())
        if differing & {"account", "timezone", "wallet"}:
            raise OtherOptions(bundle.name, first["import_no"], _words(before), _words(now))
        if rejected and (differing or first["importer_version"] != IMPORTER_VERSION or now.get("strict")):
            return None
        return [
            PartResult(
                name=row["name"],
                part_no=row["part_no"],
                format=row["format"],
                variant=row["variant"],
                account=row["account"],
                venue=row["venue"],
                read=row["rows_read"],
                duplicate=row["stored"] + row["duplicate"],
                ignored=row["ignored"],
                rejected=row["rejected"],
                first_at=row["first_at"],
                last_at=row["last_at"],
                note=f"already stored by import {row['import_no']}",
            )
            for row in files.iter_rows(named=True)
        ]

    def _dry_run(self, places: Sequence[Path], asked: Asked) -> ImportReport:
        """Import into a transaction that is rolled back; a bundle that fails is left out and the rest done again."""
        failing: dict[str, MarginbookError] = {}
        while True:
            report = ImportReport(dry_run=True)
            try:
                with self.store.transaction():
                    before = self._balances()
                    failed = self._dry_pass(places, asked, report, failing)
                    if failed is None:
                        settle(self.store)
                        report.effects = _effects(before, self._balances())
                    raise _DryRunOver
            except _DryRunOver:
                if failed is None:
                    return report
                failing[failed[0]] = failed[1]

    def _dry_pass(
        self, places: Sequence[Path], asked: Asked, report: ImportReport, failing: Mapping[str, MarginbookError]
    ) -> tuple[str, MarginbookError] | None:
        for bundle, named in self._bundles(places, report):
            assert bundle is not None
            if (known := failing.get(bundle.file_id)) is not None:
                if isinstance(known, UnknownFormat | UnreadableFile) and not named:
                    report.unrecognized.append(str(known).split("\n", 1)[0])
                else:
                    report.errors.append(known)
                continue
            try:
                again = self._earlier(bundle, asked)
                report.parts += again if again is not None else self._store_bundle(bundle, asked)
            except MarginbookError as error:
                return bundle.file_id, error
        return None

    def _balances(self) -> pl.DataFrame:
        return run(REPORTS["balances"], self.store.query, Params()).select("account", "wallet", "asset", "computed")

    def _settle(self) -> None:
        with self.store.transaction():
            settle(self.store)

    # ------------------------------------------------------------------------------------------ decisions

    def forget(self, name: str) -> str:
        """Take one import back, exactly.  `name` is a file's name, (the start of) its sha-256 or an import's number.

        Raises UnknownThing where nothing, or more than one thing, is called so.
        """
        self._require_log()
        words = {"name": name, "start": f"{name}%" if len(name) >= 6 else name}
        found = self.store.rows(statement("book", "called"), words)
        if len({bundle for bundle, _ in found}) != 1:
            what = "no imported file" if not found else f"{len(found)} imported files"
            raise UnknownThing(
                f"{what} called {name!r}", "`marginbook files` lists them; the number or the sha-256 is exact"
            )
        bundle_id, shown = found[0]
        with self.store.transaction():
            entangled = self._entangled(bundle_id)
            self._log({"kind": "forget", "bundle": bundle_id})
            forget(self.store, bundle_id)
            for other, import_no in entangled:
                self._restore_rows(other, import_no)
        self._synchronize_log()
        self._settle()
        return str(shown)

    def _entangled(self, bundle_id: str) -> list[tuple[str, int]]:
        """Return the bundles that depend on this one: shared facts may owe it cells, order or a reject."""
        if self.archive is None:
            return []
        return [
            (other, number)
            for other, number in self.store.rows(statement("forgetting", "entangled"), {"bundle_id": bundle_id})
        ]

    def _restore_rows(self, bundle_id: str, import_no: int) -> None:
        """Store an archived bundle again, as it was imported, whatever its share of rejects."""
        entry = self._entry_of(bundle_id)
        forget(self.store, bundle_id)
        with self._restored(bundle_id) as bundle:
            self._run(bundle, _lenient(entry), import_no, entry.get("accounts", {}))

    def retry(self) -> ImportReport:
        """Read every file again that had rejects, from the archive, with its own options."""
        self._require_log()
        report = ImportReport()
        rows = self.store.rows(statement("book", "with_rejects"))
        for bundle_id, _, options in rows:
            with self._restored(bundle_id) as bundle:

                def again(bundle: Bundle, options: str = options) -> list[PartResult]:
                    accounts = self._entry_of(bundle.file_id).get("accounts", {})
                    with self.store.transaction():
                        return self._store_bundle(bundle, Asked(**json.loads(options)), accounts)

                self._guarded(bundle, True, report, again)
        self._synchronize_log()
        self._settle()
        return report

    # -------------------------------------------------------------------------------------------- the log

    def _log(self, entry: Mapping[str, Any]) -> int:
        seq = int(self.store.scalar(statement("book", "next_seq")))
        stamped = {"seq": seq, "at": self.clock().isoformat(), **entry}
        self._append_log(seq, stamped)
        return seq

    def _append_log(self, seq: int, entry: Mapping[str, Any]) -> None:
        words = {"seq": seq, "entry": json.dumps(entry, ensure_ascii=False)}
        self.store.execute(statement("book", "append_log"), words)

    def _synchronize_log(self) -> None:
        """Write to `log.jsonl` what the book's own copy has and it lacks (the book commits first)."""
        if self.archive is None:
            return
        known = len(self.archive.entries())
        missing = self.store.rows(statement("book", "log_after"), {"known": known})
        if missing:
            self.archive.create()
            self.archive.append([json.loads(entry) for (entry,) in missing])

    def _require_log(self) -> None:
        """Refuse to write to a book that is older than its archive: the file was lost or put back from a copy."""
        if self.archive is None:
            return
        done, known = int(self.store.scalar(statement("book", "next_seq"))) - 1, len(self.archive.entries())
        if known > done:
            what = f"its archive knows {known} imports and decisions, the book only {done}"
            raise BookError(self.store.path, what, "`marginbook rebuild` makes the book from the archive")

    @contextmanager
    def _restored(self, bundle_id: str) -> Iterator[Bundle]:
        """Give the archived bytes of a bundle, as it was handed over."""
        assert self.archive is not None
        name = str(self._entry_of(bundle_id)["name"])
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            yield open_bundle(self.archive.restore(bundle_id, Path(folder) / "object"), name)

    def _entry_of(self, bundle_id: str) -> dict[str, Any]:
        """Return the latest log entry of a bundle's import."""
        for (text,) in self.store.rows(statement("book", "log_backwards")):
            entry: dict[str, Any] = json.loads(text)
            if entry.get("bundle") == bundle_id and entry["kind"] == "import":
                return entry
        raise UnknownThing(f"no import of {bundle_id[:12]} in the log")

    def rebuild(self) -> tuple[str, str]:
        """Make the book again from its archive alone; return the digests before and after.

        The new file takes the place of the old one when it is whole.
        """
        path, archive = self.store.path, self.archive
        assert path is not None and archive is not None
        before = self.digest()
        fresh_path = path.with_name(f"{path.name}.rebuilding")
        fresh_path.unlink(missing_ok=True)
        fresh = Book(Store.open(fresh_path), None, self.formats, self.clock)
        try:
            fresh._replay(archive)
            after = fresh.digest()
        finally:
            fresh.close()
        self.close()
        fresh_path.replace(path)
        self.store = Store.open(path)
        return before, after

    def _replay(self, archive: Archive) -> None:
        """Do again what the log says; imports that were taken back later are left out."""
        entries = archive.entries()
        last: dict[str, int] = {}
        for entry in entries:
            if "bundle" in entry:
                last[entry["bundle"]] = entry["seq"]
        for entry in entries:
            self._append_log(entry["seq"], entry)
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            for entry in entries:
                if entry["kind"] != "import" or last[entry["bundle"]] != entry["seq"]:
                    continue
                restored = archive.restore(entry["bundle"], Path(folder) / "object")
                bundle = open_bundle(restored, entry["name"])
                with self.store.transaction():
                    self._run(bundle, _lenient(entry), entry["seq"], entry.get("accounts", {}))
                restored.unlink()
        self._settle()

    # --------------------------------------------------------------------------------------------- asking

    def report(self, name: str, **words: Any) -> pl.DataFrame:
        """Return a report as a frame, exact.  Words: start, to (exclusive), account, venue, symbol, by.

        Raises UnknownThing for a report that does not exist.
        """
        if name not in REPORTS:
            raise UnknownThing(f"no report called {name!r}", f"there are {', '.join(REPORTS)}")
        last = self.store.scalar(statement("book", "last_instant"))
        params = Params(as_of=words.get("to") or last, **words)
        return run(REPORTS[name], self.store.query, params)

    def listing(self, shape: Report) -> pl.DataFrame:
        """Return the files or the rejects: what the book says of itself."""
        frame = self.store.query(statement("book", shape.name))
        if shape.name != "rejects":
            return frame
        rows = frame.head(RAW_LIMIT).select("file_id", "source_row").to_dicts()
        found = raw_texts(self.store, self.archive, rows) if self.archive is not None else {}
        raws = [found.get((row["file_id"], row["source_row"])) for row in rows]
        return frame.with_columns(raw=pl.Series(raws, dtype=pl.String).extend_constant(None, frame.height - len(raws)))

    def check(self) -> dict[str, pl.DataFrame]:
        """Return the offenders of every invariant, by its name; an empty frame is good."""
        return {name: self.store.query(text) for name, text in sql_files_by_name("checks").items()}

    def verify(self) -> list[str]:
        """Return what is damaged in book and archive; empty is good."""
        damage = []
        if self.archive is not None:
            for entry in self.archive.entries():
                if entry["kind"] == "import" and not self.archive.verify(entry["bundle"]):
                    damage.append(f"archive object {entry['bundle'][:12]} ({entry['name']}) is missing or damaged")
        for table in self.store.tables():
            try:
                self.store.execute(statement("book", "read_whole").format(table=table))
            except Exception as error:  # whatever the engine says of a damaged block
                damage.append(f"table {table}: {str(error).splitlines()[0]}")
        return damage

    def digest(self) -> str:
        """Return a digest of what speaks and of what is derived, without what only numbers imports."""
        parts = []
        for name in DIGESTED:
            columns = self.store.query(f"SELECT * FROM {name} LIMIT 0").columns
            texts = ", ".join(f"coalesce({column}::VARCHAR, '')" for column in columns if column not in PROVENANCE)
            count, total = self.store.rows(statement("book", "digest").format(texts=texts, table=name))[0]
            parts.append(f"{name}={count}:{total}")
        return " ".join(parts)

    def sql(self, query: str) -> pl.DataFrame:
        """Run a query that can read the book and nothing else.  Raises UnknownThing with the engine's message."""
        self.store.execute("SET enable_external_access=false")
        return self.store.user_query(query)


def _lenient(entry: Mapping[str, Any]) -> Asked:
    """Return what was asked of a logged import, without its limit of rejects: what was stored once is stored again."""
    return Asked(**{**entry["options"], "strict": False, "max_rejects": 1.0})


def archive_of(path: Path) -> Path:
    """Return the archive folder beside a book."""
    return path.with_name(f"{path.stem}.archive")


def remove(path: Path) -> None:
    """Remove a book and its archive (of a demo)."""
    path.unlink(missing_ok=True)
    shutil.rmtree(archive_of(path), ignore_errors=True)


def _words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in sorted(options.items())) or "no options"


def _effects(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    keys = ["account", "wallet", "asset"]
    both = before.rename({"computed": "before"}).join(
        after.rename({"computed": "after"}), on=keys, how="full", coalesce=True
    )
    return both.filter(pl.col("before").ne_missing(pl.col("after"))).sort(keys)
