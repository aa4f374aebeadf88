"""From a number back to the lines of files: what rows are behind a position, an event, a report's line."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from importers.files import Part, open_bundle
from ledger.storage.archive import Archive
from ledger.storage.store import Store, statement
from schemas.errors import MarginbookError, UnknownThing
from schemas.tables import EMITTED, STATED, TIME_OF_TABLE

RAW_LIMIT = 200
"""Rows whose raw text is read back from the archive."""

OF_POSITION = statement("trace", "of_position")
OF_EVENT = statement("trace", "of_event")
OF_BREAK = statement("trace", "of_break")
OF_BALANCE = statement("trace", "of_balance")
OF_ENTRY = statement("trace", "of_entry")
OF_FUNDING = statement("trace", "of_funding")
OF_INTEREST = statement("trace", "of_interest")
OF_LOAN = statement("trace", "of_loan")
OF_POSITION_PERIOD = statement("trace", "of_position_period")
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
            "give a position_id, liquidation_id, break_id, finding_id, a report's `line`, a row_key or an entry's name",
        )
    found = _locate(store, keys)
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
    kind, *words = name.split("|")
    if words:
        answer = _of_line(store, kind, words)
    elif name.startswith("liq:"):
        answer = _of_event(store, name)
    elif name.startswith("break-"):
        answer = store.query(OF_BREAK, {"id": name})
    else:
        rows = store.scalar(statement("trace_rows", "of_finding"), {"id": name})
        if rows is not None:
            return [key for item in rows for key in rows_behind(store, str(item))]
        answer = store.query(OF_POSITION, {"id": name})
        for further in (OF_LOAN, OF_ENTRY):
            answer = answer if answer.height else store.query(further, {"id": name})
    return [int(key) for key in answer["row_key"].to_list()]


def _of_event(store: Store, name: str) -> pl.DataFrame:
    from reports.contract import Params, run
    from reports.registry import LIQUIDATIONS

    events = run(LIQUIDATIONS, store.query, Params()).filter(pl.col("liquidation_id") == name)
    if not events.height:
        return pl.DataFrame({"row_key": []})
    event = events.row(0, named=True)
    return store.query(
        OF_EVENT, {key: event[key] for key in ("position_id", "started_at", "ended_at", "account", "symbol")}
    )


def _of_line(store: Store, kind: str, words: Sequence[str]) -> pl.DataFrame:
    letters = dict(zip("abcdef", words, strict=False))
    if kind == "balances":
        return store.query(OF_BALANCE, letters)
    if kind == "carry":
        return store.query(OF_REMAINDER, {"a": None, "b": words[0], "c": words[1], "d": words[2], "by": "month"})
    by = {4: "year", 7: "quarter" if "Q" in words[0] else "month", 10: "day"}.get(len(words[0]), "month")
    if kind == "interest":
        return store.query(OF_INTEREST, letters | {"by": by})
    if kind == "funding":
        return store.query(OF_FUNDING, letters | {"by": by})
    if words[1]:
        return store.query(OF_POSITION_PERIOD, letters | {"by": by})
    return store.query(OF_REMAINDER, {"a": words[0], "b": words[2], "c": words[3], "d": words[4], "by": by})


def _locate(store: Store, keys: Sequence[int]) -> list[dict[str, Any]]:
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
            bundle = open_bundle(archive.restore(place[0][0], Path(folder) / "object"), place[0][1])
            part: Part | None = next((part for part in bundle.parts(encoding) if part.file_id == file_id), None)
            for source_row in sorted(rows) if part is not None else ():
                assert part is not None
                try:
                    texts[file_id, source_row] = part.raw_row(source_row)
                except MarginbookError:
                    continue
    return texts
