"""From a number back to the lines of files: what rows are behind a position, an event, a report's line."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from importers.files import open_bundle
from importers.parts import Part
from ledger.archive import Archive
from ledger.store import Store
from schemas.errors import MarginbookError, UnknownThing
from schemas.tables import EMITTED, STATED, TIME_OF_TABLE

RAW_LIMIT = 200
"""Rows whose raw text is read back from the archive."""

OF_POSITION = """
SELECT row_key FROM legs WHERE position_id = $id AND row_key IS NOT NULL
UNION SELECT row_key FROM costs_stored WHERE position_id = $id AND row_key IS NOT NULL
"""
OF_EVENT = """
SELECT l.row_key FROM legs l WHERE l.position_id = $position_id AND l.execution IN ('liquidation', 'adl')
  AND l.filled_at BETWEEN $started_at AND $ended_at
UNION SELECT c.row_key FROM costs_stored c WHERE c.position_id = $position_id AND c.cause IN ('liquidation_fee', 'insurance')
UNION SELECT q.row_key FROM liquidations q WHERE q.account = $account AND q.symbol = $symbol
  AND q.liquidated_at BETWEEN $started_at - INTERVAL 1 MINUTE AND $ended_at + INTERVAL 1 MINUTE
"""
OF_BREAK = """
SELECT m.row_key FROM movements m JOIN breaks_stored b ON m.account = b.account AND m.venue = b.venue AND m.wallet = b.wallet
  AND m.asset = b.asset AND m.moved_at = b.broken_at WHERE b.break_id = $id
"""
OF_BALANCE = "SELECT row_key FROM movements WHERE account = $a AND wallet = $b AND asset = $c"
OF_FUNDING = """
SELECT row_key FROM funding WHERE period_of(paid_at, $by) = $a AND account = $b AND coalesce(symbol, '') = $c AND asset = $d
"""
OF_POSITION_PERIOD = """
SELECT row_key FROM legs WHERE position_id = $b AND period_of(filled_at, $by) = $a AND row_key IS NOT NULL
UNION SELECT row_key FROM costs_stored WHERE position_id = $b AND period_of(booked_at, $by) = $a AND row_key IS NOT NULL
"""
OF_REMAINDER = """
SELECT row_key FROM costs_stored WHERE position_id IS NULL AND row_key IS NOT NULL AND account = $b
  AND ($a IS NULL OR period_of(booked_at, $by) = $a) AND coalesce(symbol, '') = $c AND asset = $d
UNION
SELECT m.row_key FROM movements m JOIN costs_stored c ON c.position_id IS NULL AND c.row_key IS NULL
  AND c.account = m.account AND c.venue = m.venue AND c.wallet = m.wallet AND c.asset = m.asset AND c.cause = m.cause
  AND CAST(c.booked_at AS DATE) = CAST(m.moved_at AS DATE) AND coalesce(c.symbol, m.symbol, '') = coalesce(m.symbol, '')
WHERE c.account = $b AND ($a IS NULL OR period_of(c.booked_at, $by) = $a) AND coalesce(c.symbol, '') = $c AND c.asset = $d
"""


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
    if not keys:
        raise UnknownThing(f"nothing in the book is called {name!r}",
                           "give a position_id, liquidation_id, break_id, finding_id, a report's `line` or a row_key")  # fmt: skip
    found = _locate(store, keys)
    raws = _raw_texts(store, archive, found[:RAW_LIMIT]) if archive is not None else {}
    return [
        Traced(row_key=str(row["row_key"]), table=row["table"], at=row["moment"], what=row["what"], file=row["file"],
               row=row["source_row"], raw=raws.get((row["file_id"], row["source_row"])))
        for row in found
    ]  # fmt: skip


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
        rows = store.scalar("SELECT rows FROM findings WHERE finding_id = $id", {"id": name})
        if rows is not None:
            return [key for item in rows for key in rows_behind(store, str(item))]
        answer = store.query(OF_POSITION, {"id": name})
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
    if kind == "funding":
        return store.query(OF_FUNDING, letters | {"by": by})
    if words[1]:
        return store.query(OF_POSITION_PERIOD, letters | {"by": by})
    return store.query(OF_REMAINDER, {"a": words[0], "b": words[2], "c": words[3], "d": words[4], "by": by})


def _locate(store: Store, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return table, instant, what and file of each key, in order of time."""
    frame = pl.DataFrame({"row_key": pl.Series([str(key) for key in keys], dtype=pl.String)})
    names = (
        [f"{name}_stated" for name in STATED] + [name for name in EMITTED if name not in STATED] + ["movements_derived"]
    )
    selects = []
    for table in names:
        bare = table.removesuffix("_stated").removesuffix("_derived")
        time = TIME_OF_TABLE[bare]
        columns = EMITTED[bare].to_schema().columns
        shown = [name for name in ("symbol", "side", "quantity", "price", "amount", "balance", "asset", "cause", "fee", "fee_asset")
                 if name in columns]  # fmt: skip
        words = ", ".join(
            f"""CASE WHEN t."{name}" IS NOT NULL THEN {_plain(f't."{name}"', columns[name].dtype)} END"""
            for name in shown
        )
        selects.append(
            f"SELECT t.row_key, '{bare}' AS \"table\", t.{time} AS moment, concat_ws(' ', {words}) AS what, t.file_id, t.source_row "
            f"FROM {table} t WHERE t.row_key IN (SELECT row_key::HUGEINT FROM incoming)"
        )
    sql = (
        'SELECT r.row_key::DECIMAL(38,0)::VARCHAR AS row_key, r."table", r.moment, r.what, r.file_id, r.source_row, f.name AS file '
        f"FROM ({' UNION ALL '.join(selects)}) r LEFT JOIN (SELECT file_id, min(name) AS name FROM files GROUP BY file_id) f "
        "ON f.file_id = r.file_id ORDER BY r.moment, r.source_row, r.row_key"
    )
    with store.registered(incoming=frame):
        return list(store.query(sql).iter_rows(named=True))


def _plain(column: str, dtype: object) -> str:
    text = f"{column}::VARCHAR"
    return f"rtrim(rtrim({text}, '0'), '.')" if "Decimal" in str(dtype) else text


def _raw_texts(store: Store, archive: Archive, found: Sequence[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """Return the raw text of rows, reading each archived bundle once."""
    wanted: dict[str, set[int]] = {}
    for row in found:
        wanted.setdefault(row["file_id"], set()).add(row["source_row"])
    texts: dict[tuple[str, int], str] = {}
    for file_id, rows in wanted.items():
        place = store.rows("SELECT bundle_id, name FROM files WHERE file_id = $id LIMIT 1", {"id": file_id})
        if not place or not archive.has(place[0][0]):
            continue
        with tempfile.TemporaryDirectory(prefix="marginbook-") as folder:
            bundle = open_bundle(archive.restore(place[0][0], Path(folder) / "object"), place[0][1])
            part: Part | None = next((part for part in bundle.parts() if part.file_id == file_id), None)
            for source_row in sorted(rows) if part is not None else ():
                assert part is not None
                try:
                    texts[file_id, source_row] = part.raw_row(source_row)
                except MarginbookError:
                    continue
    return texts
