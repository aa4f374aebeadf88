"""From a number back to the lines of files: what rows are behind a position, an event, a report's line."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from importers.files import Part, open_bundle
from importers.files.csvtext import CsvPart
from ledger.accounting.voices import Scope
from ledger.accounting.witnesses import disagreeing
from ledger.liquidating.events import find_events
from ledger.storage.archive import Archive
from ledger.storage.store import Store, statement
from schemas.errors import DamagedObject, MarginbookError, UnknownThing
from schemas.tables import EMITTED, STATED, TIME_OF_TABLE
from schemas.types import KEY

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
RAW_LIMIT = 200
"""Rows whose raw text is read back from the archive."""
WORDS_OF_LINES = {
    "balances": (3,), "carry": (4,), "funding": (4,), "income": (6, 7), "interest": (4,), "postings": (3,),
    "realized": (6,), "reconcile": (4,), "witnesses": (6,),
}  # fmt: skip
"""What the `line` of a report begins with, and how many words follow, each after a `|`; one of its own is `%7C`."""
LEGS = 256
"""Rows that one source row may become."""

OF_POSITION = statement("trace", "of_position")
OF_BREAK = statement("trace", "of_break")
OF_BALANCE = statement("trace", "of_balance")
OF_ENTRY = statement("trace", "of_entry")
OF_FUNDING = statement("trace", "of_funding")
OF_GAP = statement("trace", "of_gap")
OF_INCOME = statement("trace", "of_income")
OF_INTEREST = statement("trace", "of_interest")
OF_LOAN = statement("trace", "of_loan")
OF_MATCH = statement("transfers", "of_match")
OF_TRANSFER = statement("transfers", "of_transfer")
OF_POSITION_PERIOD = statement("trace", "of_position_period")
OF_POSTINGS = statement("trace", "of_postings")
OF_RECONCILE = statement("trace", "of_reconcile")
OF_REMAINDER = statement("trace", "of_remainder")


@dataclass(frozen=True, kw_only=True)
class Traced:
    """One source row behind a number; `raw` is its text as the file has it (None past the limit)."""

    row_key: str
    table: str
    at: Any
    what: str
    file: str
    row: int
    raw: str | None


def trace(store: Store, archive: Archive | None, name: str) -> list[Traced]:
    """Return the source rows behind an id.  Raises UnknownThing where the book has no such thing."""
    keys = rows_behind(store, name)
    if not keys and (sentence := store.scalar(statement("trace_rows", "sentence"), {"id": name})) is not None:
        raise UnknownThing(f"{name} is about sums or files, not about rows of its own: {sentence}",
                           "`marginbook report realized --by day` and `marginbook sql` show both sides")  # fmt: skip
    if not keys:
        raise UnknownThing(
            f"nothing in the book is called {name!r}",
            "give a position_id, liquidation_id, break_id, finding_id, transfer_id, a report's `line`, a row_key or an "
            "entry's name",
        )
    found = located(store, keys)
    if not found and name.isdecimal():  # an entry of the journal: every leg of its row
        found = located(store, [keys[0] + leg for leg in range(LEGS)])
    raws = raw_texts(store, archive, found[:RAW_LIMIT]) if archive is not None else {}
    return [
        Traced(
            row_key=str(row["row_key"]),
            table=row["table"],
            at=row["moment"],
            what=row["what"],
            file=row["file"],
            row=row["source_row"],
            raw=raws.get((row["file_id"], row["source_row"])),
        )
        for row in found
    ]


def rows_behind(store: Store, name: str) -> list[int]:
    """Return the row keys behind a position, an event, a finding, a report's line or a row."""
    if name.isdecimal():
        return [int(name)]
    kind, *words = (word.replace("%7C", "|").replace("%25", "%") for word in name.split("|"))
    if kind != "transfer" and len(words) not in WORDS_OF_LINES.get(kind, ()):
        words = []  # an id with a symbol in it that has such a sign
    if kind == "transfer" and words and words[0].isdecimal():
        return [int(words[0])]
    if name.startswith("transfer"):  # the middle of its id may be left out
        answer = store.query(OF_TRANSFER, {"pattern": name.replace("…", "%").replace("..", "%")})
    elif words:
        answer = _of_witnesses(store, words) if kind == "witnesses" else _of_line(store, kind, words)
    elif name.startswith("liq:"):
        return rows_of_liquidations(store).get(name, [])
    elif name.startswith("break-"):
        answer = store.query(OF_BREAK, {"id": name})
    elif name.startswith("gap-"):
        answer = store.query(OF_GAP, {"id": name})
    elif name.startswith("match-"):
        answer = store.query(OF_MATCH, {"id": name})
    else:
        rows = store.scalar(statement("trace_rows", "of_finding"), {"id": name})
        if rows is not None:
            return [key for item in rows for key in rows_behind(store, str(item))]
        answer = store.query(OF_POSITION, {"id": name})
        for further in (OF_LOAN, OF_ENTRY):
            answer = answer if answer.height else store.query(further, {"id": name})
    return [int(key) for key in answer["row_key"].to_list()]


def rows_of_liquidations(store: Store) -> dict[str, list[int]]:
    """Return, by liquidation_id, the row keys of its fills, the venue's rows, fees, insurance and repayments."""
    return {event.liquidation_id: [int(key) for key in event.rows] for event in find_events(store)}


def _of_line(store: Store, kind: str, words: Sequence[str]) -> pl.DataFrame:
    letters = dict(zip("abcdef", words, strict=False))
    if kind == "balances":
        return store.query(OF_BALANCE, letters)
    if kind == "postings":
        return store.query(OF_POSTINGS, letters)
    if kind == "carry":
        return store.query(OF_REMAINDER, {"a": None, "b": words[0], "c": words[1], "d": words[2], "by": "month"})
    by = _step(words[0])
    of_periods = {"interest": OF_INTEREST, "funding": OF_FUNDING, "income": OF_INCOME, "reconcile": OF_RECONCILE}
    if kind in of_periods:
        return store.query(of_periods[kind], letters | {"by": by})
    if words[1]:
        return store.query(OF_POSITION_PERIOD, letters | {"by": by})
    return store.query(OF_REMAINDER, {"a": words[0], "b": words[2], "c": words[3], "d": words[4], "by": by})


def _of_witnesses(store: Store, words: Sequence[str]) -> pl.DataFrame:
    """Return the rows of two exports that disagree on a day."""
    owner, wallet, fact, day, what, witness = words
    if not DAY.fullmatch(day):
        return pl.DataFrame(schema={"row_key": pl.String})
    scopes = store.rows(statement("trace", "scope_of"), {"a": owner, "b": wallet})
    keys = [disagreeing(store, Scope(*scope), fact, date.fromisoformat(day), what, witness) for scope in scopes]
    return pl.DataFrame({"row_key": [str(key) for found in keys for key in found]}, schema={"row_key": pl.String})


def _step(period: str) -> str:
    """Return the length of a period by its name: 2026, 2026-Q1, 2026-02, 2026-02-03."""
    return {4: "year", 7: "quarter" if "Q" in period else "month", 10: "day"}.get(len(period), "month")


def located(store: Store, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return table, instant, what and file of each key, in order of time."""
    distinct = list(dict.fromkeys(keys))
    texts = pl.Series([str(key) for key in distinct], dtype=pl.String)
    frame = pl.DataFrame({"row_key": texts, "ordinal": range(len(distinct))})
    names = (
        [f"{name}_stated" for name in STATED] + [name for name in EMITTED if name not in STATED] + ["movements_derived"]
    )
    selects = []
    for table in names:
        bare = table.removesuffix("_stated").removesuffix("_derived")
        time = TIME_OF_TABLE[bare]
        columns = EMITTED[bare].to_schema().columns
        shown = [
            name
            for name in (
                "symbol",
                "side",
                "quantity",
                "price",
                "amount",
                "balance",
                "asset",
                "cause",
                "fee",
                "fee_asset",
            )
            if name in columns
        ]
        words = ", ".join(
            f"""CASE WHEN t."{name}" IS NOT NULL THEN {_plain(f't."{name}"', columns[name].dtype)} END"""
            for name in shown
        )
        selects.append(statement("trace_rows", "of_table").format(name=bare, time=time, words=words, table=table))
    sql = statement("trace_rows", "located").format(selects=" UNION ALL ".join(selects))
    with store.registered(incoming=frame):
        return list(store.query(sql).iter_rows(named=True))


def with_places(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the `place` (file:line) of their `row_key`, last, else of the file that they name, if any."""
    if "row_key" not in rows.columns:
        return rows.with_columns(place=pl.col("file")) if "file" in rows.columns else rows
    keys = rows["row_key"].cast(KEY)
    found = located(store, keys.drop_nulls().to_list()) if keys.null_count() < len(keys) else []
    places = {row["row_key"]: f"{row['file'] or row['file_id'][:12]}:{row['source_row']}" for row in reversed(found)}
    texts = keys.cast(pl.String)
    place = pl.Series("place", [places.get(text) for text in texts], dtype=pl.String)
    told = rows.drop("row_key").with_columns(texts.alias("row_key"), place)
    if "file" in rows.columns and "source_row" in rows.columns:  # of what is stored no more, but was seen
        told = told.with_columns(place=pl.coalesce("place", pl.format("{}:{}", "file", "source_row")))
    return told


def _plain(column: str, dtype: object) -> str:
    text = f"{column}::VARCHAR"
    return f"rtrim(rtrim({text}, '0'), '.')" if "Decimal" in str(dtype) else text


def raw_texts(store: Store, archive: Archive, found: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """Return the raw text of rows (file_id, source_row), reading each archived bundle once."""
    wanted: dict[str, set[int]] = {}
    for row in found:
        wanted.setdefault(row["file_id"], set()).add(row["source_row"])
    texts: dict[tuple[str, int], str] = {}
    for file_id, rows in wanted.items():
        place = store.rows(statement("trace_rows", "bundle_of"), {"file_id": file_id})
        if not place or not archive.has(place[0][0]):
            continue
        encoding = json.loads(place[0][2]).get("encoding")
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            try:
                restored = archive.restore(place[0][0], Path(folder) / "object")
            except DamagedObject:
                continue  # `verify` tells of it; what the book knows can be shown without
            bundle = open_bundle(restored, place[0][1])
            part: Part | None = next((part for part in bundle.parts(encoding) if part.file_id == file_id), None)
            if part is not None:
                texts |= {(file_id, source_row): text for source_row, text in _raw_rows(part, rows).items()}
    return texts


def _raw_rows(part: Part, rows: Collection[int]) -> dict[int, str]:
    """Return the raw text of rows of a part; without those that cannot be read any more."""
    try:
        if isinstance(part, CsvPart):
            return part.raw_rows(rows)
    except MarginbookError:
        return {}
    texts = {}
    for source_row in sorted(rows):
        try:
            texts[source_row] = part.raw_row(source_row)
        except MarginbookError:
            continue
    return texts
