"""What the commands do, importable: `Book.open(path)`, `.import_paths(...)`, `.report(...)`, `.trace(...)`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

from importers.contract import Format
from importers.files import Bundle, Unread, collect, open_bundle
from importers.files.bundle import is_folder
from importers.registry import formats as builtin_formats
from ledger.accounting.derive import settle
from ledger.auditing.asking import audit_called, stage_liquidations
from ledger.auditing.identity import every_check
from ledger.auditing.margins import stage_calls, stage_margin
from ledger.auditing.proof import proven
from ledger.auditing.watch import Watched, watch
from ledger.closing import changes, closing
from ledger.closing.decisions import restore
from ledger.closing.matches import match_entry, unmatch_entries
from ledger.closing.months import Span, span_of
from ledger.exporting.export import Exported, Range, export
from ledger.judging.thresholds import Thresholds
from ledger.storage import holding, log, naming, room
from ledger.storage.accounts import proper, renamable, venue_of
from ledger.storage.archive import Archive, archive_of
from ledger.storage.descriptions import entry_of, format_of, formats_at, texts_at
from ledger.storage.entries import Entered, file_name, file_text, with_terms
from ledger.storage.failpoints import reached
from ledger.storage.importing import IMPORTER_VERSION, Asked, Importing, PartResult, forget
from ledger.storage.reading import Ahead, Reading, recognized
from ledger.storage.store import AT_ONCE, Patience, Store, is_full, is_there, statement
from ledger.taxing.accepting import ACCEPTED, require_known
from ledger.taxing.runs import review_entry, run_entry
from ledger.taxing.year import tax_year
from ledger.trace import RAW_LIMIT, raw_texts, with_places
from ledger.tying import assertions
from ledger.tying.assertions import Verdict
from ledger.tying.tie import tie
from ledger.tying.transfers import match_id_of
from ledger.tying.valuation import MAX_AGE, with_values
from reports.audit import Audit
from reports.contract import Params, Report, run
from reports.month import Month
from reports.registry import REPORTS
from reports.tax.value import Policy, TaxYear
from schemas.errors import (
    BookError,
    BookLocked,
    Inaccessible,
    MarginbookError,
    OtherOptions,
    UnknownFormat,
    UnknownThing,
    UnreadableFile,
)

STAGED: Mapping[str, Callable[[Store, Params], None]] = {
    "liquidations": stage_liquidations,
    "liquidation_summary": stage_liquidations,
    "margin": stage_margin,
    "margin_calls": stage_calls,
}
"""Reports whose lines are computed when they are asked for."""
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
    "margin_tiers",
    "collateral_ratios",
    "loan_terms",
    "opening_lots",
    "positions",
    "legs",
    "costs_stored",
    "openings",
    "loans_stored",
    "loan_events",
    "anchors",
    "breaks_stored",
    "hints",
    "transfer_matches",
    "transfer_ends",
    "gaps",
    "closes",
    "frozen_balances",
    "frozen_figures",
    "explained",
    "decided_matches",
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
    chosen: Sequence[Format] | None
    """Formats to recognize in place of the built-in ones (tests)."""
    clock: Callable[[], datetime]
    described: dict[str, str] = field(default_factory=dict)
    """By name, the texts of descriptions that an import asks for; logged with the first bundle that is stored."""
    patience: Patience = AT_ONCE
    """How long another program is waited for."""
    known: int = 1
    """The number that the next entry of the log had when the book was opened."""
    rebuilt: pl.DataFrame | None = None
    """After a rebuild: the figures that became others (the report `changes`); None where nothing did."""

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        read_only: bool = False,
        any_version: bool = False,
        any_state: bool = False,
        formats: Sequence[Format] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = AT_ONCE,
        command: str = "marginbook",
    ) -> Book:
        """Open the book at `path`, or make it.  Raises BookError (missing and read only, locked, newer, older).

        With `any_version` one that an older version made is opened, too: for `rebuild`, and for nothing else; with
        `any_state` one is read that is older than its archive: for `verify`, and for nothing else.  Of one that another
        program holds, wait as long as `patience` says; `command` is what others read who wait for this.
        """
        path = Path(path)
        if read_only:
            require_book(path)
        store = Store.open(path, read_only=read_only, any_version=any_version, patience=patience)
        book = cls(store, Archive(archive_of(path)), formats, clock, patience=patience)
        try:
            stale = not store.is_older and bool(store.scalar(statement("book", "has_stale")))
            lead = book._lead() if read_only else 0
            if not read_only:
                book._take_over(path, command)
            if stale and not read_only:  # a program was killed between storing and settling
                book._settle()
            if lead < 0 and not any_state:
                log.require_whole(store, book.archive)
        except BaseException as error:
            book._end(error)
            raise
        if not read_only or not (stale or lead > 0):
            return book
        waits = patience if stale else AT_ONCE  # a log that lacks its last lines can wait for the next who writes
        words: dict[str, Any] = {"formats": formats, "clock": clock, "patience": waits, "command": command}
        book.close()
        if cls._concluded(path, stale, words):
            return cls.open(path, read_only=True, any_state=any_state, **{**words, "patience": patience})
        book.store = Store.open(path, read_only=True, patience=patience)
        return book

    def _take_over(self, path: Path, command: str) -> None:
        """Sign the book, which is ours to write now, and tidy up after programs that were killed."""
        assert self.archive is not None
        holding.sign(path, command, self.clock())
        naming.sweep_book(path)
        self.archive.sweep()
        if naming.log_of(path).exists():
            self.store.take_in_log()
        self.known = log.next_seq(self.store)
        log.synchronize(self.store, self.archive)

    def _lead(self) -> int:
        """Return how many entries the archive lacks; 0 where there is none to be read."""
        assert self.archive is not None
        with suppress(MarginbookError, OSError):
            return log.lead(self.store, self.archive) if self.archive.folder.exists() else 0
        return 0

    @classmethod
    def _concluded(cls, path: Path, stale: bool, words: Mapping[str, Any]) -> bool:
        """Conclude what a killed program had begun, so that the book can be read; return whether that was possible.

        Where the archive's log alone lacks something and cannot be written, the book can be read all the same.
        """
        try:
            cls.open(path, **words).close()
        except BookError as error:
            if not stale:
                return False
            if isinstance(error, BookLocked):
                raise
            what = "a program was ended here before it had derived what follows from an import, and now"
            raise BookError(
                path, f"{what} {error.what}", "copy book and archive to where they can be written"
            ) from None
        return True

    @classmethod
    def in_memory(cls, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Book:
        """Return an empty book that is gone when it is closed (dry runs, tests)."""
        return cls(Store.open(None), None, None, clock)

    @property
    def builtin(self) -> Sequence[Format]:
        """The formats that come with the program; they are loaded when something is read, not when it is asked for."""
        return self.chosen if self.chosen is not None else builtin_formats()

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats that are recognized: built-in, remembered, and those described for the import that runs."""
        remembered = formats_at(self.builtin, log.descriptions(self.store))
        asked = [format_of(text, f"{name}.toml") for name, text in self.described.items()]
        return (*(form for form in remembered if form.name not in self.described), *asked)

    def describe(self, text: str, name: str) -> str:
        """Take a description for the imports that follow and return its format's name; it is logged when it is used.

        Raises BadDescription.
        """
        form = format_of(text, name)
        if texts_at(log.descriptions(self.store)).get(form.name) != text:
            self.described[form.name] = text
        return form.name

    def drop_description(self, name: str) -> None:
        """Recognize a described format no longer; what it stored stays.  Raises UnknownThing."""
        log.require_whole(self.store, self.archive)
        held = texts_at(log.descriptions(self.store))
        if name not in held:
            known = f"there are {', '.join(held)}" if held else "this book remembers none"
            raise UnknownThing(f"no description called {name!r}", known)
        with self.store.transaction():
            log.add(self.store, self.clock(), {"kind": "description", "name": name, "text": None})
        log.synchronize(self.store, self.archive)

    def close(self) -> None:
        """Close the book and let others use it."""
        if self.store.path is not None and not self.store.read_only:
            holding.unsign(self.store.path)
        self.store.close()

    def leave_nothing(self) -> None:
        """Take the file of a book away in which nothing was ever stored, while nobody else can have it open."""
        if self.store.path is not None and log.next_seq(self.store) == 1:
            with suppress(OSError):
                self.store.path.unlink()

    def __enter__(self) -> Book:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        """Close the book; where the disk was full, raise NoRoom that says what is stored all the same."""
        self.close()
        path = self.store.path
        if error is not None and path is not None and is_full(error):
            raise room.full(path, self._outcome(path)) from None

    def _outcome(self, path: Path) -> str:
        """Say what of this session is stored, from the book as it lies on the disk."""
        try:
            store = Store.open(path, read_only=True)
        except MarginbookError as error:
            return f"it is not known whether anything was stored: {error}"
        try:
            texts = store.rows(statement("log", "after"), {"known": self.known - 1})
        finally:
            store.close()
        names = [str(entry.get("name") or entry["kind"]) for entry in (json.loads(text) for (text,) in texts)]
        done = f"stored all the same: {', '.join(names)}; nothing else" if names else "nothing was stored"
        return f"{done}; make room and do it again"

    # ------------------------------------------------------------------------------------------ importing

    def import_paths(
        self, paths: Sequence[Path | str], asked: Asked | None = None, *, dry_run: bool = False,
        ahead: Ahead | None = None,
    ) -> ImportReport:  # fmt: skip
        """Import files, folders and zips.  A dry run tells exactly what would happen and stores nothing.

        `ahead` is what was found and read of the same paths before the book was opened.  Raises NoRoom where the disk
        has not enough of it.
        """
        log.require_whole(self.store, self.archive)
        wanted = asked or Asked()
        if wanted.account is not None:
            proper(wanted.account)
        places = [Path(path) for path in paths]
        if dry_run:
            return self._dry_run(places, wanted)
        report = ImportReport()
        ahead = ahead or Ahead(list(collect(places)))
        if self.store.path is not None:
            found = (bundle for bundle in ahead.found if isinstance(bundle, Bundle))
            room.require_room(self.store.path, (bundle for bundle in found if not self._known(bundle.file_id)))
        for bundle, named in self._bundles(places, report, ahead.found):
            if bundle is not None:
                self._guarded(bundle, named, report, lambda bundle: self._import_bundle(bundle, wanted, ahead))
        self._conclude()
        touched = {part.account for part in report.parts if part.stored}
        report.breaks = self.report("breaks").filter(pl.col("account").is_in(list(touched))).height
        return report

    def _bundles(
        self, places: Sequence[Path], report: ImportReport, collected: Iterable[Bundle | Unread] | None = None
    ) -> Iterator[tuple[Bundle | None, bool]]:
        named = {place for place in places if not is_folder(place)}
        for found in collect(places) if collected is None else collected:
            if isinstance(found, UnreadableFile) and not found.named:
                report.unrecognized.append(str(found).split("\n", 1)[0])
            elif not isinstance(found, Bundle):
                report.errors.append(found)
            else:
                yield found, found.path in named

    def _guarded(
        self, bundle: Bundle, named: bool, report: ImportReport, action: Callable[[Bundle], list[PartResult]]
    ) -> bool:
        """Do something with a bundle; what goes wrong with it does not keep the others from being imported."""
        try:
            report.parts += action(bundle)
        except (UnknownFormat, UnreadableFile) as error:
            if named or isinstance(error, Inaccessible):
                report.errors.append(error)
            elif isinstance(error, UnknownFormat) and error.nearest:
                report.unrecognized.insert(0, error.in_a_line())
            else:
                report.unrecognized.append(str(error).split("\n", 1)[0])
            return False
        except MarginbookError as error:
            report.errors.append(error)
            return False
        return True

    def _import_bundle(self, bundle: Bundle, asked: Asked, ahead: Ahead | None = None) -> list[PartResult]:
        reading = ahead.take(bundle, texts_at(log.descriptions(self.store))) if ahead is not None else None
        again = self._earlier(bundle, asked)
        if again is not None:
            return again
        reading = reading or recognized(bundle, self.formats, asked.options())
        if self.archive is not None:
            self.archive.create()
            self.archive.keep(bundle.path, bundle.file_id)
        with self.store.transaction():
            reached("import.begun")
            parts = self._store_bundle(bundle, asked, reading=reading)
            reached("import.logged")
        reached("import.committed")
        return parts

    def _store_bundle(
        self, bundle: Bundle, asked: Asked, accounts: Mapping[str, str] | None = None, reading: Reading | None = None
    ) -> list[PartResult]:
        """Store a bundle and log it, with the accounts it was resolved to, so that a rebuild does the same."""
        if self._known(bundle.file_id):
            if accounts is None and asked.account is None:
                accounts = log.imports(self.store)[bundle.file_id]["accounts"]
            forget(self.store, bundle.file_id)
        formats = self.formats
        used = self.described.get(asked.format or "")
        if used is not None and texts_at(log.descriptions(self.store)).get(asked.format or "") != used:
            log.add(self.store, self.clock(), entry_of(used, format_of(used, asked.format or "")))
        parts = self._run(bundle, asked, log.next_seq(self.store), accounts or {}, formats, reading=reading)
        resolved = {part.venue: part.account for part in parts if part.account}
        entry = {
            "kind": "import",
            "bundle": bundle.file_id,
            "name": bundle.name,
            "options": asked.says(),
            "accounts": resolved,
        }
        log.add(self.store, self.clock(), entry)
        return parts

    def _run(
        self, bundle: Bundle, asked: Asked, import_no: int, accounts: Mapping[str, str], formats: Sequence[Format],
        *, again: bool = False, reading: Reading | None = None,
    ) -> list[PartResult]:  # fmt: skip
        return Importing(
            store=self.store,
            formats=formats,
            bundle=bundle,
            asked=asked,
            import_no=import_no,
            again=again,
            known_accounts=accounts,
            reading=reading,
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
        before["account"] = ", ".join(files["account"].unique().sort())
        before.setdefault("format", ", ".join(files["format"].unique().sort()))
        differing = {name for name in SAME_WORDS if name in now and now[name] != before.get(name)}
        rejected = bool(files["rejected"].sum())
        if (asked.format or "") in self.described:
            before["format"] += ", as it was described then"
            differing.add("format")
        if differing & {"account", "timezone", "wallet"} or (differing & {"format"} and not rejected):
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
                        tie(self.store)
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
                if isinstance(known, UnknownFormat | UnreadableFile) and not (named or isinstance(known, Inaccessible)):
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
        reached("settle.begun")
        with self.store.transaction():
            if settle(self.store):
                reached("settle.derived")
                tie(self.store)
                reached("settle.tied")
        reached("settle.committed")

    # ------------------------------------------------------------------------------------------ decisions

    def forget(self, name: str) -> str:
        """Take one import back, exactly.  `name` is a file's name, (the start of) its sha-256 or an import's number.

        Raises UnknownThing where nothing, or more than one thing, is called so.
        """
        log.require_whole(self.store, self.archive)
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
            log.add(self.store, self.clock(), {"kind": "forget", "bundle": bundle_id})
            reached("forget.logged")
            forget(self.store, bundle_id)
            reached("forget.gone")
            logged = log.imports(self.store)
            for other, import_no in entangled:
                forget(self.store, other)
                self._store_again(logged[other], import_no)
                reached("forget.again")
        reached("forget.committed")
        self._conclude()
        return str(shown)

    def _conclude(self) -> None:
        """Do what follows a decision that is stored: write it to the archive's log, derive anew."""
        log.synchronize(self.store, self.archive)
        self._settle()

    def _entangled(self, bundle_id: str) -> list[tuple[str, int]]:
        """Return the bundles that depend on this one: shared facts may owe it cells, order or a reject."""
        if self.archive is None:
            return []
        return [
            (other, number)
            for other, number in self.store.rows(statement("forgetting", "entangled"), {"bundle_id": bundle_id})
        ]

    def _store_again(self, entry: log.Entry, import_no: int) -> None:
        """Store an archived bundle again, as its logged import says."""
        with self._restored(entry) as bundle:
            formats = formats_at(self.builtin, log.descriptions(self.store), entry["seq"])
            asked = Asked(**entry["options"])
            self._run(bundle, asked, import_no, entry.get("accounts", {}), formats, again=True)

    def retry(self) -> ImportReport:
        """Read every file again that had rejects, from the archive, with its own options."""
        log.require_whole(self.store, self.archive)
        report = ImportReport()
        rows = self.store.rows(statement("book", "with_rejects"))
        logged = log.imports(self.store)
        for bundle_id, _, options in rows:
            with self._restored(logged[bundle_id]) as bundle:

                def again(bundle: Bundle, options: str = options) -> list[PartResult]:
                    accounts = logged[bundle.file_id].get("accounts", {})
                    with self.store.transaction():
                        return self._store_bundle(bundle, Asked(**json.loads(options)), accounts)

                self._guarded(bundle, True, report, again)
        self._conclude()
        return report

    def rename_account(self, old: str, new: str, venue: str | None = None) -> list[str]:
        """Call an account by another name in all that the book holds; return the venues at which it is called so.

        Its bundles are taken back and stored again from the archive under the new name, in one transaction: keys and
        everything else are as if it had always been called so.  Raises UnknownThing where it cannot be.
        """
        log.require_whole(self.store, self.archive)
        venues = renamable(self.store, old, new, venue)
        if closed := closing.closes_of(self.store, old):
            period = closed[-1]["period"]
            remedy = f"`marginbook reopen {period} --account {old} --reason TEXT` first"
            raise UnknownThing(f"{period} of {old!r} is closed under this name", remedy)
        words = {"account": old, "venues": venues}
        with self.store.transaction():
            numbers = self.store.rows(statement("accounts", "numbers"), words)
            bundles = self._with_entangled(self.store.rows(statement("accounts", "bundles"), words))
            log.add(self.store, self.clock(), {"kind": "rename", "account": old, "to": new, "venues": venues})
            for bundle_id in bundles:
                forget(self.store, bundle_id)
            reached("rename.forgotten")
            for at_venue, number_hash in numbers:
                bound = {"account": new, "venue": at_venue, "number_hash": number_hash}
                self.store.execute(statement("importing", "bind"), bound)
            logged = log.imports(self.store)
            for bundle_id, import_no in sorted(bundles.items(), key=lambda item: item[1]):
                self._store_again(logged[bundle_id], import_no)
                reached("rename.again")
            restore(self.store, self.archive)
        reached("rename.committed")
        self._conclude()
        return venues

    def _with_entangled(self, bundles: Sequence[tuple[Any, ...]]) -> dict[str, int]:
        """Return the numbers of the imports of these bundles and of all that share facts with them."""
        found: dict[str, int] = {}
        waiting = list(bundles)
        while waiting:
            bundle_id, import_no = waiting.pop()
            if bundle_id not in found:
                found[bundle_id] = import_no
                waiting += self._entangled(bundle_id)
        return found

    def enter(self, entered: Entered) -> PartResult:
        """Store what a person states as a file of its own, and return what became of it.

        Raises UnknownThing where its account cannot be told, TooManyRejects where it is not sound.
        """
        log.require_whole(self.store, self.archive)
        venue = venue_of(self.store, proper(entered.account), entered.venue)
        if entered.kind == "opening_position":
            entered = replace(entered, values=with_terms(self.store, entered, venue))
        number = log.next_seq(self.store)
        name = file_name(entered, number)
        asked = Asked(account=entered.account, format=f"manual.{entered.kind}", strict=True)
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            path = Path(folder) / name
            path.write_text(file_text(entered, number, venue), encoding="utf-8")
            (part,) = self._import_bundle(open_bundle(path, name), asked)
        self._conclude()
        return part

    def assert_balance(self, asserted: Entered) -> Verdict:
        """Store what a person says that a wallet held (an entry of the kind `assertion`); return whether it holds.

        Raises UnknownThing where its account cannot be told.
        """
        log.require_whole(self.store, self.archive)
        venue = venue_of(self.store, proper(asserted.account), asserted.venue)
        place = {"account": asserted.account, "venue": venue, "wallet": asserted.wallet}
        place["asset"] = str(asserted.values["asset"])
        before = assertions.before(self.store, place, asserted.at)
        part = self.enter(replace(asserted, venue=venue))
        return assertions.verdict(self.store, place, before, part.name, asserted)

    def match(self, one: str, other: str) -> str:
        """Call two rows the ends of one transfer; return the match_id.  Raises UnknownThing where they cannot be."""
        log.require_whole(self.store, self.archive)
        entry = match_entry(self.store, one, other)
        self._decide([entry])
        return match_id_of(int(entry["sent"]["key"]), int(entry["received"]["key"]))

    def unmatch(self, name: str) -> str:
        """Call a row (of a match_id: both rows) the end of no transfer; return the match_id that this undoes.

        Raises UnknownThing where it is in no match.
        """
        log.require_whole(self.store, self.archive)
        match_id, entries = unmatch_entries(self.store, name)
        self._decide(entries)
        return match_id

    def _decide(self, entries: Sequence[log.Entry]) -> None:
        """Log decisions of transfers and match anew."""
        with self.store.transaction():
            for entry in entries:
                log.add(self.store, self.clock(), entry)
            reached("decide.logged")
            restore(self.store, self.archive)
            tie(self.store)
            reached("decide.restored")
        reached("decide.committed")
        log.synchronize(self.store, self.archive)

    # ------------------------------------------------------------------------------------------ months

    def _desk(self) -> closing.Desk:
        """Return where months are closed.  Raises BookError where the book keeps no archive or is older than it."""
        log.require_whole(self.store, self.archive)
        if self.archive is None:
            raise BookError("(in memory)", "a book without an archive keeps no closed month")
        return closing.Desk(store=self.store, archive=self.archive, ask=self.report, now=self.clock())

    def _span(self, period: str, account: str, zone: str | None) -> Span:
        self._known_account(account)
        return span_of(period, closing.zone_of(self.store, account, zone))

    def close_month(
        self, period: str, account: str, *, by: str, zone: str | None = None, currency: str | None = None
    ) -> str:
        """Freeze the figures of an account's month; return their digest.  Raises NotClosable, UnknownThing."""
        return closing.close(self._desk(), account, self._span(period, account, zone), by, currency)

    def doubts(self, period: str, account: str, *, zone: str | None = None) -> list[str]:
        """Return what a person should know before a month is closed, though it is not in the way."""
        return closing.doubts(self._desk(), account, self._span(period, account, zone))

    def review_month(self, period: str, account: str, *, by: str) -> dict[str, Any]:
        """Sign a closed month as a second person; return its line of `closes`.  Raises UnknownThing."""
        return closing.review(self._desk(), account, period, by)

    def reopen_month(self, period: str, account: str, *, reason: str, by: str | None = None) -> None:
        """Open a closed month again, with a reason.  Raises UnknownThing."""
        closing.reopen(self._desk(), account, period, reason, by)

    def explain(self, name: str, *, reason: str, by: str | None = None) -> str:
        """Explain a break, or a closing that nothing states (by the key of its line).  Raises UnknownThing."""
        return closing.explain(self._desk(), name, reason, by)

    def month(self, period: str, account: str, *, zone: str | None = None, currency: str | None = None) -> Month:
        """Return a month to hand over: what was frozen of a closed one, else a draft."""
        return closing.month_as_it_stands(self._desk(), account, self._span(period, account, zone), currency)

    @contextmanager
    def _restored(self, entry: log.Entry) -> Iterator[Bundle]:
        """Give the archived bytes of a logged import, as they were handed over."""
        if self.archive is None:
            raise BookError("(in memory)", "a book without an archive keeps no bytes to read again")
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            yield open_bundle(self.archive.restore(entry["bundle"], Path(folder) / "object"), entry["name"])

    def rebuild(self) -> tuple[str, str]:
        """Make the book again from its archive alone; return the digests before and after.

        The new file takes the place of the old one when it is whole; `rebuilt` holds the figures that became others.
        Of a book that an older version made, the digest before is empty.
        """
        path, archive = self.store.path, self.archive
        assert path is not None and archive is not None
        before = "" if self.store.is_older else self.digest()
        fresh_path = naming.rebuilding(path)
        fresh = Book(Store.open(fresh_path), None, self.chosen, self.clock)
        reached("rebuild.begun")
        try:
            fresh._replay(archive)
            after = fresh.digest()
            if before and before != after:
                self.rebuilt = self._changed_in(fresh)
            fresh.store.close()
            reached("rebuild.whole")
            self.store.give_way(fresh_path)
        except BaseException:
            fresh.store.close()
            naming.remove_file(fresh_path)
            raise
        reached("rebuild.replaced")
        self.store = Store.open(path, patience=self.patience)
        return before, after

    def _changed_in(self, fresh: Book) -> pl.DataFrame:
        """Return the figures that a rebuilt book has otherwise than this one."""
        months = changes.months_of_book(self.store)
        after = changes.live_figures(fresh.report, changes.months_of_book(fresh.store))
        changes.stage(fresh.store, changes.live_figures(self.report, months), after)
        return run(REPORTS["changes"], fresh.store.query, Params())

    def _replay(self, archive: Archive, until: int | None = None) -> None:
        """Do again what the log says (up to an entry); imports that were taken back later are left out."""
        for entry in log.require_unbroken(archive):
            if until is None or entry["seq"] <= until:
                log.append(self.store, entry)
        entries = log.entries(self.store)
        last = {entry["bundle"]: entry["seq"] for entry in entries if "bundle" in entry}
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            for entry in entries:
                if entry["kind"] != "import" or last[entry["bundle"]] != entry["seq"]:
                    continue
                restored = archive.restore(entry["bundle"], Path(folder) / "object")
                bundle, asked = open_bundle(restored, entry["name"]), Asked(**entry["options"])
                formats = formats_at(self.builtin, entries, entry["seq"])
                with self.store.transaction():
                    self._run(bundle, asked, entry["seq"], entry.get("accounts", {}), formats, again=True)
                reached("rebuild.stored")
                restored.unlink()
        with self.store.transaction():
            restore(self.store, archive)
        reached("rebuild.decided")
        self._settle()

    # --------------------------------------------------------------------------------------------- asking

    def report(
        self, name: str, *, currency: str | None = None, max_age: timedelta | None = None, **words: Any
    ) -> pl.DataFrame:
        """Return a report as a frame, exact.  Words: start, to (exclusive), account, venue, symbol, by, zone.

        With a currency its amounts are valued, too, by prices at most `max_age` old (a day): `<name>_value` and which
        price.  Raises UnknownThing for a report that does not exist, or has nothing to value.
        """
        if name not in REPORTS:
            raise UnknownThing(f"no report called {name!r}", f"there are {', '.join(REPORTS)}")
        if (account := words.get("account")) is not None:
            self._known_account(account)
        since = words.pop("since", None)
        if name == "changes":
            self._stage_changes(since)
        elif since is not None:
            raise UnknownThing(f"the report {name} compares nothing", "--since goes with the report changes")
        if currency is not None and REPORTS[name].valuation is None:
            valuable = ", ".join(shape.name for shape in REPORTS.values() if shape.valuation is not None)
            raise UnknownThing(f"the report {name} has no amounts to value", f"a currency goes with {valuable}")
        last = self.store.scalar(statement("book", "last_instant"))
        params = Params(as_of=words.get("to") or last, **words)
        if name in STAGED:
            STAGED[name](self.store, params)
        with self.store.in_zone(params.zone):
            frame = run(REPORTS[name], self.store.query, params)
        if currency is None:
            return frame
        return with_values(self.store, frame, REPORTS[name], params, currency.upper(), max_age or MAX_AGE)

    def export(
        self, target: str, path: Path | str, *, start: datetime | None = None, to: datetime | None = None,
        account: str | None = None, force: bool = False,
    ) -> Exported:  # fmt: skip
        """Write the book for another program: its journal from `start` to `to` (exclusive), or every table.

        Targets: beancount, hledger, ledger, xlsx (a file each), csv, parquet (a folder each).  Raises UnknownThing, and
        RefusedFile where something is there already (`force` writes over it).
        """
        if account is not None:
            self._known_account(account)
        return export(self.store, target, Path(path), Range(start=start, to=to, account=account), force=force)

    def tax(
        self, policy: Policy, *, max_age: timedelta | None = None, choices: str | None = None,
        statements: Sequence[tuple[str, str]] = (),
    ) -> TaxYear:  # fmt: skip
        """Return all of a tax year.  Prices are at most `max_age` old (a day); `choices` identifies lots; `statements`
        are name and text of files that venues sent to tax offices."""
        version = metadata.version("marginbook")
        return tax_year(self.store, self.archive, policy, max_age=max_age or MAX_AGE, choices=choices,
                        statements=statements, version=version)  # fmt: skip

    def keep_tax_run(self, year: TaxYear) -> None:
        """Log a run that was written, so that the next one can say what changed."""
        self._log_tax(run_entry(year))

    def keep_tax_review(self, year: TaxYear) -> None:
        """Log which blocks a review shows, so that they can be accepted; nothing where the log has them already."""
        if (entry := review_entry(year, log.entries(self.store))) is not None:
            self._log_tax(entry)

    def accept_tax(self, block: str, *, reason: str, by: str | None = None, undo: bool = False) -> None:
        """Accept what blocks a tax year (or take that back).

        Raises UnknownThing where neither a run nor a review in the book has shown such a block.
        """
        require_known(block, log.entries(self.store))
        said = {"reason": None, "by": None} if undo else {"reason": reason, "by": by}
        self._log_tax({"kind": ACCEPTED, "block": block, **said})

    def _log_tax(self, entry: Mapping[str, Any]) -> None:
        log.require_whole(self.store, self.archive)
        with self.store.transaction():
            log.add(self.store, self.clock(), entry)
        log.synchronize(self.store, self.archive)

    def audit(
        self, name: str, since: datetime | None = None, *, from_healthy: bool = False,
        thresholds: Thresholds | None = None, evidence: bool = True,
    ) -> Audit:  # fmt: skip
        """Return why a liquidation happened: `name` is its id, its position or loan, or `latest`.

        With `evidence` the rows behind it are there with their text, its files, and what is known of the data around.

        The bridge starts at the first row of what was liquidated, at `since`, or (`from_healthy`) when health last was
        2. Raises UnknownThing.
        """
        found = audit_called(self.store, name, since, from_healthy=from_healthy, thresholds=thresholds)
        found = replace(found, book=log.snapshot(self.store))
        return proven(self.store, self.archive, found) if evidence else found

    def margin(
        self, position_id: str, at: datetime | None = None, changes: Mapping[str, str] | None = None
    ) -> list[Watched]:
        """Return where a position stood at an instant (else the last at which it was open), and where it would stand.

        The second is there with changes only: price, deposit, withdraw, size.  Raises UnknownThing, and ValueError for
        a change that cannot be read.
        """
        return watch(self.store, position_id, at, changes or {})

    def _known_account(self, account: str) -> None:
        if not self.store.scalar(statement("accounts", "exists"), {"account": account}):
            raise UnknownThing(f"no account called {account!r}", "`marginbook accounts` lists them")

    def _stage_changes(self, since: int | None) -> None:
        """Put beside each other what the report `changes` compares: frozen months, or the book after import `since`."""
        if since is None:
            changes.stage(self.store, changes.frozen_figures(self.store),
                          changes.live_figures(self.report, changes.closed_spans(self.store)))  # fmt: skip
            return
        months = changes.months_of_book(self.store)
        with self._as_after(since) as earlier:
            before = changes.live_figures(earlier.report, changes.months_of_book(earlier.store))
        changes.stage(self.store, before, changes.live_figures(self.report, months))

    @contextmanager
    def _as_after(self, seq: int) -> Iterator[Book]:
        """Give the book as this version makes it from the log up to an entry."""
        if self.archive is None or not 0 < seq < log.next_seq(self.store):
            raise UnknownThing(f"there is no import or decision number {seq}", "`marginbook files` shows the numbers")
        earlier = Book(Store.open(None), None, self.chosen, self.clock)
        try:
            earlier._replay(self.archive, until=seq)
            yield earlier
        finally:
            earlier.close()

    def listing(self, shape: Report) -> pl.DataFrame:
        """Return the files, the accounts or the rejects: what the book says of itself."""
        frame = self.store.query(statement("book", shape.name))
        if shape.name != "rejects":
            return frame
        rows = frame.head(RAW_LIMIT).select("file_id", "source_row").to_dicts()
        found = raw_texts(self.store, self.archive, rows) if self.archive is not None else {}
        raws = [found.get((row["file_id"], row["source_row"])) for row in rows]
        return frame.with_columns(raw=pl.Series(raws, dtype=pl.String).extend_constant(None, frame.height - len(raws)))

    def check(self) -> dict[str, pl.DataFrame]:
        """Return the offenders of every invariant by its name, with the place of their rows; an empty frame is good."""
        return {check.name: with_places(self.store, check.find(self.store, self.archive)) for check in every_check()}

    def verify(self) -> list[str]:
        """Return what is damaged in book and archive; empty is good."""
        damage = []
        if self.archive is not None:
            damage += log.damage(self.store, self.archive)
            for entry in log.entries(self.store):
                if entry["kind"] == "import" and not self.archive.verify(entry["bundle"]):
                    damage.append(f"archive object {entry['bundle'][:12]} ({entry['name']}) is missing or damaged")
                if entry["kind"] == "close" and not self.archive.verify(entry["figures"]):
                    what = f"figures of {entry['period']} of {entry['account']}"
                    damage.append(f"archive object {entry['figures'][:12]} ({what}) is missing or damaged")
        for table in self.store.tables():
            try:
                self.store.rows(statement("book", "read_whole").format(table=table))
            except Exception as error:  # whatever the engine says of a damaged block
                damage.append(f"table {table}: {str(error).splitlines()[0]}")
                if "invalidated" in str(error):
                    break  # the database reads nothing any more
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


def require_book(path: Path) -> None:
    """Raise BookError where there is no book to be read."""
    if is_there(path):
        return
    if Archive(archive_of(path)).length():
        raise BookError(path, "there is no book here; its archive is", "`marginbook rebuild` makes the book from it")
    raise BookError(path, "there is no book here", "make one with `marginbook import PATH...` or `marginbook demo`")


def remove(path: Path) -> None:
    """Remove a book and its archive (of a demo)."""
    naming.remove_file(path)
    shutil.rmtree(archive_of(path), ignore_errors=True)


def _words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in sorted(options.items())) or "no options"


def _effects(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    keys = ["account", "wallet", "asset"]
    both = before.rename({"computed": "before"}).join(
        after.rename({"computed": "after"}), on=keys, how="full", coalesce=True
    )
    return both.filter(pl.col("before").ne_missing(pl.col("after"))).sort(keys)
