"""One bundle into the book: archive, recognize, number, store; all of it or nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from importers.contract import Format, Normalized
from importers.files import Bundle
from importers.read import Options, Recognized
from ledger.storage.failpoints import reached
from ledger.storage.identity import (
    Pool,
    base_keys,
    earlier_sightings,
    number,
    number_ids,
    pools_of,
    twin_keys,
    with_keys,
    with_order,
)
from ledger.storage.reading import Read, Reading, recognized
from ledger.storage.store import Store, statement
from schemas.errors import AccountConflict, RefusedFile, TooManyRejects, shortened
from schemas.tables import CHECKS, STATED, TIME_OF_TABLE
from schemas.types import KEY, MONEY

IMPORTER_VERSION = "2"
DEFAULT_MAX_REJECTS = 0.05
ORDERED = ("movements", "fills")
SHOWN_REJECTS = 5
HELD_ROWS = 500_000
FLOWS = ("amount", "quantity", "fee")
"""Columns that are added up; a balance or a price is not."""
LARGEST_SUM = 1e18
"""Sums hold 20 digits before the point; this leaves room for what the book has of other files."""
PADDED = re.compile(r"\.(\d*?)0+(?= |$)")


def _series(account: str, form: Format) -> str:
    """Return the series of a format's rows; where rows may be of any venue, each venue has its own."""
    owner = account if form.venue_column is None or form.venue == account else f"{account}@{form.venue}"
    return f"{owner}/{form.family}"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asked for with an import; part of the log, so that a rebuild does the same."""

    account: str | None = None
    wallet: str | None = None
    format: str | None = None
    timezone: str | None = None
    encoding: str | None = None
    strict: bool = False
    max_rejects: float = DEFAULT_MAX_REJECTS

    def options(self) -> Options:
        """Return what the importers need of it."""
        return Options(wallet=self.wallet, format=self.format, zone=self.timezone, encoding=self.encoding)

    def says(self) -> dict[str, Any]:
        """Return the options that differ from none."""
        return {name: value for name, value in asdict(self).items() if value != getattr(Asked(), name)}


@dataclass(kw_only=True)
class PartResult:
    """The five numbers of a file part and what a user should see of it."""

    name: str
    file_id: str = ""
    part_no: int = 0
    format: str = ""
    variant: str = ""
    account: str = ""
    venue: str = ""
    read: int = 0
    stored: int = 0
    duplicate: int = 0
    ignored: int = 0
    rejected: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    ignored_reasons: Counter[str] = field(default_factory=Counter)
    reject_lines: list[str] = field(default_factory=list)
    wallets: dict[str, tuple[datetime, datetime, int]] = field(default_factory=dict)
    contents: set[tuple[str, str]] = field(default_factory=set)
    """Wallets, those at the other end of a transfer, too, and the tables of which the file holds rows of them."""
    since: dict[str, datetime | None] = field(default_factory=dict)
    """By wallet, the first instant of what it brought that was not known (None: of rows without a time)."""
    note: str = ""

    @property
    def touched(self) -> set[str]:
        """Wallets of which its rows state something."""
        return {wallet for wallet, _ in self.contents} | self.wallets.keys()


@dataclass(kw_only=True)
class Importing:
    """One bundle on its way into the book, inside a transaction of the caller."""

    store: Store
    formats: Sequence[Format]
    bundle: Bundle
    asked: Asked
    import_no: int
    again: bool = False
    """Whether it was stored before: what was stored once is stored again, whatever its share of rejects."""
    known_accounts: Mapping[str, str] = field(default_factory=dict)
    """By venue, the account that an earlier import of this bundle resolved to; it wins over `asked`."""
    reading: Reading | None = None
    """What is recognized and read of it already."""
    last_seen: dict[tuple[str, int], tuple[datetime, int]] = field(default_factory=dict)
    """By format and pool, the last instant of the part before and how many rows it had there."""
    added: dict[tuple[str, str], float] = field(default_factory=dict)
    """By table and column, about what the figures so far add up to, whatever their signs."""
    held: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    """Rows of the part that are numbered and not inserted yet."""

    def run(self) -> list[PartResult]:
        """Store every recognized part.  Raises where nothing of the bundle may be stored."""
        reading = self.reading or recognized(self.bundle, self.formats, self.asked.options())
        self.reading, found = reading, reading.recognized
        results = [PartResult(name=part.name, part_no=part.part_no, note=why) for part, why in reading.others]
        if not found:
            return results
        pools = self._pools(found)
        for item in found:
            results.append(self._store_part(item, pools[item.part.part_no]))
        read = sum(result.read for result in results)
        rejected = sum(result.rejected for result in results)
        limit = 0.0 if self.asked.strict else self.asked.max_rejects
        if rejected > limit * read and not self.again:
            lines = [line for result in results for line in result.reject_lines][:SHOWN_REJECTS]
            raise TooManyRejects(self.bundle.name, rejected, read, limit, lines)
        return sorted(results, key=lambda result: result.part_no)

    def _chunks(self, item: Recognized) -> Iterator[Read]:
        assert self.reading is not None  # made by `run`
        return self.reading.chunks(item)

    # -------------------------------------------------------------------------------------------- pools

    def _pools(self, recognized: Sequence[Recognized]) -> dict[int, int]:
        """Return the pool of each part; only series with several parts need a look at their rows first."""
        by_family: dict[str, list[Recognized]] = {}
        for item in recognized:
            by_family.setdefault(item.match.format.family, []).append(item)
        pools: dict[int, int] = {}
        for family, items in by_family.items():
            if len(items) == 1:
                pools[items[0].part.part_no] = 0
                continue
            pools |= self._pools_of_family(family, items)
        return pools

    def _pools_of_family(self, family: str, items: Sequence[Recognized]) -> dict[int, int]:
        keys: dict[int, pl.DataFrame] = {}
        for item in items:
            seen = [
                with_keys(self.store, family, normalized.rows).select("key", "at")
                for normalized, _ in self._chunks(item)
            ]
            keys[item.part.part_no] = pl.concat(seen) if seen else pl.DataFrame(schema={"key": KEY, "at": pl.Datetime})
        parts = []
        for item in items:
            at = keys[item.part.part_no]["at"].sort().to_list()
            if at:
                parts.append((item.part.part_no, item.part.file_id, at[0], at[-1]))
        share = {}
        for index, (part, _, first, last) in enumerate(parts):
            for other, _, other_first, other_last in parts[:index]:
                start, end = max(first, other_first), min(last, other_last)
                if end > start:
                    within = pl.col("at").is_between(start, end)
                    both = keys[part].filter(within).join(keys[other].filter(within), on="key", how="semi")
                    share[other, part] = both.height > 0
        empty = {item.part.part_no: 0 for item in items}
        return empty | pools_of(parts, share)

    # --------------------------------------------------------------------------------------------- part

    def _store_part(self, item: Recognized, pool_no: int) -> PartResult:
        part, form = item.part, item.match.format
        result = PartResult(
            name=part.name,
            file_id=part.file_id,
            part_no=part.part_no,
            format=form.name,
            variant=item.match.variant,
            venue=form.venue,
            warnings=item.warnings,
        )
        file_no = int(self.store.scalar(statement("importing", "next_file")))
        self._register(file_no, item, result, pool_no)
        reached("import.registered")
        previous = self.last_seen.get((form.name, pool_no))
        newest_first: bool | None = None
        for normalized, read in ahead(self._chunks(item)):
            self._account(form, normalized, result)
            rows = normalized.rows
            if newest_first is None and rows.height:
                first, last = rows["at"][0], rows["at"][-1]
                newest_first = form.newest_first if first == last else first > last
            rows = with_order(rows, bool(newest_first), previous)
            if rows.height:
                at = rows["at"][-1]
                same = rows.filter(pl.col("at") == at).height
                previous = (at, same + (previous[1] if previous and previous[0] == at else 0))
            self._store_chunk(
                item, normalized, rows, result, Pool(bundle_id=self.bundle.file_id, number=pool_no), file_no
            )
            reached("import.chunk")
            result.read += read
        if not result.account:
            self._account(form, None, result)
        self._flush(form, result)
        reached("import.flushed")
        if previous is not None:
            self.last_seen[form.name, pool_no] = previous
        self._finish(file_no, form, result)
        reached("import.part")
        return result

    def _account(self, form: Format, normalized: Normalized | None, result: PartResult) -> None:
        """Resolve the account of the file by option, by its account number, else by the venue's one account."""
        numbers = sorted(_hash(number_) for number_ in normalized.account_numbers) if normalized else []
        if result.account and not numbers:
            return
        at_venue = {"venue": form.venue}
        known = dict(self.store.rows(statement("importing", "account_numbers"), at_venue))
        if len(numbers) > 1:
            raise AccountConflict(result.name, "the file holds rows of several account numbers; split it by account")
        names = [name for (name,) in self.store.rows(statement("importing", "account_names"), at_venue)]
        bound = known.get(numbers[0]) if numbers else None
        before = (bound or self.known_accounts.get(form.venue)) if self.known_accounts else None
        account = result.account or before or self.asked.account or bound
        if account is None and not numbers and len(names) > 1:
            raise AccountConflict(result.name, f"it may belong to any of the accounts {', '.join(names)}")
        only = names[0] if len(names) == 1 and not (numbers and names[0] in known.values()) else None
        account = account or only or form.venue
        if numbers:
            self._bind(account, form.venue, numbers[0], known, result.name)
        elif account not in names:
            self.store.execute(statement("importing", "bind"), {"account": account, **at_venue, "number_hash": ""})
        if not result.account:
            result.account = account

    def _bind(self, account: str, venue: str, hashed: str, known: Mapping[str, str], name: str) -> None:
        bound = known.get(hashed)
        if bound == account:
            return
        if bound is not None:
            raise AccountConflict(name, f"its account number belongs to the account {bound}, not {account}")
        if account in known.values():
            raise AccountConflict(name, f"the account {account} has another account number of {venue}")
        words = {"account": account, "venue": venue, "number_hash": hashed}
        self.store.execute(statement("importing", "unbind"), words)
        self.store.execute(statement("importing", "bind"), words)

    def _require_reason(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Refuse a file whose figures add up to what no sum can hold: with such rows no report could be made."""
        for name, table in tables.items():
            figures = [pl.col(column) for column in FLOWS if name in STATED and table.schema.get(column) == MONEY]
            if name == "fills":
                figures.append(
                    (pl.col("quantity").cast(pl.Float64) * pl.col("price").cast(pl.Float64)).alias("notional")
                )
            sums = table.select(figure.cast(pl.Float64).abs().sum() for figure in figures)
            for column, added in sums.row(0, named=True).items() if figures else ():
                total = self.added[name, column] = self.added.get((name, column), 0.0) + added
                if total >= LARGEST_SUM:
                    why = f"the {column} of its rows of {name} adds up to more than 18 digits, which is beyond reason"
                    raise RefusedFile(self.bundle.name, why, "look at its largest figures: is a column misread?")

    def _store_chunk(
        self, item: Recognized, normalized: Normalized, rows: pl.DataFrame, result: PartResult, pool: Pool, file_no: int
    ) -> None:
        form = item.match.format
        rejected = normalized.rejected
        self._require_reason(normalized.tables)
        result.ignored += normalized.ignored.height
        for reason, count in normalized.ignored.group_by("reason").len().iter_rows():
            result.ignored_reasons[reason] += count
        if rows.height:
            series = _series(result.account, form)
            keyed = with_keys(self.store, series, rows)
            twins, earlier = twin_keys(keyed), earlier_sightings(self.store, keyed)
            if form.identity.kind == "content":
                numbered = number(keyed, twins, earlier, pool)
            else:
                if form.identity.kind == "id_collapses":
                    keyed = keyed.with_columns(content=pl.lit(0, dtype=pl.Int64))
                numbered, changed = number_ids(keyed, twins, earlier)
                if changed.height:
                    rejected = pl.concat([rejected, self._changed(changed, normalized, result.name)])
            self._insert(form, normalized, numbered, result, series, file_no)
        if rejected.height:
            self.store.insert("rejects_stored", rejected.with_columns(file_no=pl.lit(file_no, dtype=pl.UInt32)))
            result.rejected += rejected.height
            for source_row, column, text, reason in rejected.head(SHOWN_REJECTS - len(result.reject_lines)).rows():
                shown = repr(shortened(text))
                result.reject_lines.append(f"{result.name}:{source_row}  {column or 'row'}: {shown}  {reason}")

    def _changed(self, changed: pl.DataFrame, normalized: Normalized, name: str) -> pl.DataFrame:
        """Return a rejected line for each row whose id was seen with other content, with both places."""
        names = dict(self.store.rows(statement("importing", "file_names")))
        texts = changed.join(normalized.rows.select("source_row", "key_text", "content_text"), on="source_row")
        lines = []
        for row in texts.select("source_row", "other_file_no", "other_row", "key_text", "content_text").iter_rows():
            first = f"{names.get(row[1], name)}:{row[2]}"
            content = f"{row[3]} | {row[4]}".replace("\x1f", " ")
            text = PADDED.sub(lambda found: f".{found[1]}" if found[1] else "", content)
            lines.append((row[0], None, text, f"changed: the same id stands with other content at {first}"))
        schema = {"source_row": pl.UInt32, "column": pl.String, "text": pl.String, "reason": pl.String}
        return pl.DataFrame(lines, schema=schema, orient="row")

    def _insert(
        self,
        form: Format,
        normalized: Normalized,
        numbered: pl.DataFrame,
        result: PartResult,
        series: str,
        file_no: int,
    ) -> None:
        store = self.store
        fresh = numbered.filter("fresh") if not numbered["fresh"].all() else numbered
        result.stored += fresh.height
        result.duplicate += numbered.height - fresh.height
        at = numbered["at"]
        if len(at):
            first, last = at.min(), at.max()
            assert isinstance(first, datetime) and isinstance(last, datetime)
            result.first_at = min(first, result.first_at or first)
            result.last_at = max(last, result.last_at or last)
        for wallet, first, last, count in (
            numbered.group_by("wallet")
            .agg(first=pl.col("at").min(), last=pl.col("at").max(), count=pl.len())
            .iter_rows()
        ):
            known = result.wallets.get(wallet)
            result.wallets[wallet] = (
                (min(first, known[0]), max(last, known[1]), count + known[2]) if known else (first, last, count)
            )
        store.insert(
            "sightings_stored",
            numbered.select(
                pl.lit(series_number(store, series), dtype=pl.UInt32).alias("series"),
                pl.col("at").dt.date().alias("day"),
                "key",
                "nth",
                "content",
                pl.lit(file_no, dtype=pl.UInt32).alias("file_no"),
                "source_row",
            ),
        )
        for name, table in normalized.tables.items():
            result.contents |= {(wallet, name) for wallet in table["wallet"].unique().to_list()}
        bases = base_keys(fresh)
        for name, table in normalized.tables.items():
            keyed = table.join(bases, on="source_row", how="inner", maintain_order="left")
            keyed = keyed.with_columns(row_key=pl.col("first_leg") + pl.col("part").cast(KEY))
            if name in ORDERED:
                keyed = keyed.with_columns(sequence=pl.coalesce("sequence", "order"))
            keyed = keyed.drop("first_leg", "part", "order")
            _note_first(result, name, keyed)
            self.held.setdefault(name, []).append(keyed)
        if sum(frame.height for frames in self.held.values() for frame in frames) >= HELD_ROWS:
            self._flush(form, result)
        if fresh.height < numbered.height and form.identity.kind != "content":
            self._flush(form, result)
            self._enrich(form, normalized, numbered.filter(~pl.col("fresh")), result)
        if fresh.height < numbered.height and form.sequence is None:
            self._flush(form, result)
            self._settle_order(form, normalized, numbered)

    def _enrich(self, form: Format, normalized: Normalized, known: pl.DataFrame, result: PartResult) -> None:
        """Let another export of the same ids fill the cells that are empty in rows the book holds.

        Where the two contradict each other, the one whose format, then whose cells come first in order is right: any
        order of imports ends alike.
        """
        bases = base_keys(known)
        origin = {"format": form.name, "file_id": result.file_id}
        for name, table in normalized.tables.items():
            rows = table.join(bases, on="source_row", how="inner")
            if not rows.height or name not in STATED:
                continue
            rows = rows.with_columns(row_key=pl.col("first_leg") + pl.col("part").cast(KEY))
            if name in ORDERED:
                rows = rows.with_columns(sequence=pl.coalesce("sequence", "order"))
            time = TIME_OF_TABLE[name]
            filled = [column for column in table.columns if column not in ("source_row", "part", time, "sequence")]
            taken = ["source_row", *(["sequence"] if name in ORDERED else [])]
            words = {
                "table": f"{name}_stated",
                "time": time,
                "wins": f"({_columns('i', filled, '$format')}) < ({_columns('t', filled, 't.format')})",
                "cells": ", ".join(
                    f'"{column}" = CASE WHEN w.wins THEN coalesce(w."{column}", t."{column}") '
                    f'ELSE coalesce(t."{column}", w."{column}") END'
                    for column in filled
                ),
                "taken": ", ".join(
                    f'"{column}" = CASE WHEN w.wins THEN w."{column}" ELSE t."{column}" END' for column in taken
                ),
                "empty": " OR ".join(f'(t."{column}" IS NULL AND i."{column}" IS NOT NULL)' for column in filled),
            }
            with self.store.registered(incoming=rows.select("row_key", time, *taken, *filled)):
                for step in ("left", "enrich"):
                    named = {"left": {"format": form.name}, "enrich": origin}[step]
                    changed = self.store.query(statement("importing", step).format(**words), named)
                    result.contents |= {(wallet, name) for wallet in changed["wallet"].unique().to_list()}
                    _note_first(result, name, changed)

    def _flush(self, form: Format, result: PartResult) -> None:
        """Insert what is held: few large inserts use both cores and leave no half-filled row groups."""
        origin = {"account": result.account, "venue": form.venue, "format": form.name, "file_id": result.file_id}
        for name, frames in self.held.items():
            rows = pl.concat(frames)
            if name in STATED:
                self.store.insert(f"{name}_stated", rows.with_columns(speaks=pl.lit(True)), origin)
            else:
                self.store.insert(name, rows, origin)
        self.held.clear()

    def _settle_order(self, form: Format, normalized: Normalized, numbered: pl.DataFrame) -> None:
        """Order instants that two files cut differently as the file that has most rows there does."""
        split = numbered.group_by("at").agg(new=pl.col("fresh").sum(), rows=pl.len(), keys=pl.col("key"))
        split = split.filter((pl.col("rows") > 1) & (pl.col("new") < pl.col("rows")))
        if not split.height:
            return
        rows = numbered.join(split.select("at"), on="at", how="semi")
        for name in ORDERED:
            if name not in normalized.tables:
                continue
            words = {"table": name, "time": TIME_OF_TABLE[name]}
            with self.store.registered(incoming=split.select("at")):
                held = self.store.query(statement("importing", "held_at").format(**words), {"format": form.name})
            most = split.join(held.rename({"moment": "at"}), on="at").filter(pl.col("rows") >= pl.col("held"))
            settled = base_keys(rows.join(most, on="at", how="semi")).select("first_leg", "order")
            with self.store.registered(incoming=settled):
                self.store.execute(statement("importing", "settle_order").format(**words))

    # ------------------------------------------------------------------------------------------- files

    def _register(self, file_no: int, item: Recognized, result: PartResult, pool_no: int) -> None:
        part, form = item.part, item.match.format
        self.store.execute(
            statement("importing", "register"),
            {
                "file_no": file_no,
                "file_id": part.file_id,
                "bundle_id": self.bundle.file_id,
                "import_no": self.import_no,
                "part_no": part.part_no,
                "sheet": part.sheet,
                "name": part.name,
                "venue": form.venue,
                "format": form.name,
                "variant": result.variant,
                "options": json.dumps(self.asked.says()),
                "pool": pool_no,
                "importer_version": IMPORTER_VERSION,
                "reason": item.reason,
            },
        )

    def _finish(self, file_no: int, form: Format, result: PartResult) -> None:
        self.store.execute(
            statement("importing", "finish"),
            {
                "file_no": file_no,
                "account": result.account,
                "series": _series(result.account, form),
                "rows_read": result.read,
                "stored": result.stored,
                "duplicate": result.duplicate,
                "ignored": result.ignored,
                "rejected": result.rejected,
                "wallets": sorted(result.touched),
                "first_at": result.first_at,
                "last_at": result.last_at,
                "ignored_reasons": json.dumps(dict(result.ignored_reasons), ensure_ascii=False),
                "warnings": json.dumps(list(result.warnings), ensure_ascii=False),
            },
        )
        lines = []
        for wallet in sorted(result.touched):
            since = result.since.get(wallet, result.last_at)
            words = {"account": result.account, "venue": form.venue, "wallet": wallet, "since": since}
            self.store.execute(statement("importing", "mark_stale"), words)
        for wallet, (first, last, count) in sorted(result.wallets.items()):
            for claim in form.claims:
                if claim.wallets and wallet not in claim.wallets:
                    continue
                if claim.grain != "event" and claim.fact != "ledger":
                    continue  # what positions are made of is never taken from sums
                lines.append(
                    {
                        "series": _series(result.account, form),
                        "format": form.name,
                        "account": result.account,
                        "venue": form.venue,
                        "wallet": wallet,
                        "fact": claim.fact,
                        "rank": claim.rank,
                        "filterable": claim.filterable,
                        "resolution_s": claim.resolution_s,
                        "skew_s": claim.skew_s,
                        "from_at": first,
                        "to_at": last + max(timedelta(seconds=claim.resolution_s), timedelta(microseconds=1)),
                        "basis": "rows",
                        "rows": count,
                        "file_no": file_no,
                    }
                )
        if lines:
            self.store.insert("coverage", pl.DataFrame(lines).cast({"file_no": pl.UInt32}))
        origin = {"account": result.account, "venue": form.venue}
        contents = pl.DataFrame(sorted(result.contents), schema=["wallet", "holds"], orient="row")
        self.store.insert("contents", contents.with_columns(file_no=pl.lit(file_no, dtype=pl.UInt32)), origin)


def _columns(of: str, names: Sequence[str], *first: str) -> str:
    return ", ".join([*first, *(f'{of}."{name}"' for name in names)])


def _note_first(result: PartResult, table: str, rows: pl.DataFrame) -> None:
    """Note of every wallet the first instant of rows that the book did not hold, or of which it held less."""
    time = TIME_OF_TABLE[table]
    firsts = rows.group_by("wallet").agg(pl.col(time).min().alias("first"), known=pl.col(time).is_not_null().all())
    for wallet, first, known in firsts.iter_rows():
        before = result.since.get(wallet, first)
        result.since[wallet] = min(first, before) if known and before is not None else None


def ahead(items: Iterator[Read]) -> Iterator[Read]:
    """Yield the items, making the next one while the caller works on this one."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        pending = maker.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = maker.submit(next, items, None)
            yield item


def series_number(store: Store, name: str) -> int:
    """Return the ordinal of a series in this book."""
    found = store.scalar(statement("importing", "series_number"), {"name": name})
    if found is None:
        found = int(store.scalar(statement("importing", "next_series")))
        store.execute("INSERT INTO series_names VALUES (?, ?)", [found, name])
    return int(found)


def forget(store: Store, bundle_id: str) -> None:
    """Take one bundle back: rows that no other file shows go, the others are led back to the next that does."""
    words = {"bundle_id": bundle_id}
    for name in ("gone", "mark_stale", "delete_sightings", "next_sightings"):
        store.execute(statement("forgetting", name), words)
    for table in [*(f"{name}_stated" for name in STATED), *CHECKS]:
        for name in ("delete_rows", "lead_back"):
            store.execute(statement("forgetting", name).format(table=table))
    for table in ("coverage", "contents", "rejects_stored"):
        store.execute(statement("forgetting", "delete_of_files").format(table=table), words)
    store.execute(statement("forgetting", "delete_files"), words)
    store.execute(statement("forgetting", "delete_accounts"))
    store.execute("DROP TABLE gone; DROP TABLE next_sighting")


def _hash(account_number: str) -> str:
    return hashlib.sha256(f"marginbook account {account_number.strip()}".encode()).hexdigest()[:16]
