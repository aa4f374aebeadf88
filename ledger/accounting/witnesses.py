"""Two exports of one fact, side by side: paired row by row, then counted and summed per day and asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.accounting.pairing import pair
from ledger.accounting.voices import FACT_ROWS, Scope
from ledger.storage.store import Store, statement
from schemas.ddl import column_types
from schemas.derived import WitnessDay

DAYS = statement("witnesses", "days")
NEAR = statement("witnesses", "near")
SHOWN = 20
WITNESSED = {"borrow_repay": ("borrows", "repayments")}
"""Of what is compared together, the tables in which its rows stand."""
NAMED = 3
"""Rows that a finding carries, and those that its sentence names."""


def compare(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Write `witness_days` of a wallet and return a finding for the rows that only one of two exports has."""
    findings: list[dict[str, Any]] = []
    for fact, (table, time, what, cause, amount) in FACT_ROWS.items():
        texts = {"table": table, "time": time, "what": what, "cause": cause, "amount": amount}
        silent = statement("witnesses", "has_silent").format(table=table)
        if not scope.may_have(*WITNESSED.get(table, (table,))) or not store.scalar(silent, scope.parameters()):
            continue
        days = store.query(DAYS.format(**texts), scope.parameters() | {"fact": fact})
        days = days.filter(pl.col("witness_rows") > 0)
        corrected, alone, unpaired = _pair_days(store, scope, fact, days, texts)
        lines = [_day_line(scope, fact, row, corrected, alone) for row in days.iter_rows(named=True)]
        if lines:
            store.insert("witness_days", pl.DataFrame(lines, schema=column_types(WitnessDay)))
        findings += unpaired
    return findings


def _day_line(
    scope: Scope, fact: str, row: Mapping[str, Any], corrected: Mapping[tuple[Any, ...], tuple[int, Decimal]],
    alone: Counter[tuple[Any, ...]],
) -> dict[str, Any]:  # fmt: skip
    place = (row["witness"], row["day"], row["what"])
    moved_rows, moved_sum = corrected.get(place, (0, Decimal(0)))
    witness_rows, witness_sum = row["witness_rows"] + moved_rows, row["witness_sum"] + moved_sum
    return {
        **scope.parameters(),
        "fact": fact,
        "day": row["day"],
        "asset": row["what"],
        "voice": row["voice"] or "nobody",
        "witness": row["witness"],
        "voice_rows": row["voice_rows"],
        "witness_rows": witness_rows,
        "voice_sum": row["voice_sum"],
        "witness_sum": witness_sum,
        "difference": witness_sum - row["voice_sum"],
        "only_voice": alone[*place, True],
        "only_witness": alone[*place, False],
    }


def _pair_days(
    store: Store, scope: Scope, fact: str, days: pl.DataFrame, texts: Mapping[str, str]
) -> tuple[dict[tuple[Any, ...], tuple[int, Decimal]], Counter[tuple[Any, ...]], list[dict[str, Any]]]:
    """Pair the rows of the days that differ; a pair across midnight counts on the voice's day.

    Return what moves to another day, how many rows stand alone (by witness, day, asset and whether they speak), and
    findings.
    """
    counts: Counter[tuple[Any, ...]] = Counter()
    moved: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
    findings: list[dict[str, Any]] = []
    differing = days.filter(
        (pl.col("voice_rows") != pl.col("witness_rows")) | (pl.col("voice_sum") != pl.col("witness_sum"))
    )
    for (witness,), group in differing.partition_by("witness", as_dict=True, maintain_order=True).items():
        distance = _distance(store, scope, fact)
        wanted = sorted(set(group["day"].to_list()))
        alone: list[Mapping[str, Any]] = []
        for day in wanted:  # grows: a day to which a row moves may owe its equal sums to another that moves on
            start = datetime(day.year, day.month, day.day)  # noqa: DTZ001  bound as UTC, the zone of the connection
            rows = store.query(
                NEAR.format(**texts),
                scope.parameters()
                | {"witness": witness, "start": start - distance, "end": start + timedelta(days=1) + distance},
            )
            pairs, single = pair(rows, distance, "speaks")
            for voice, other in pairs:
                if voice["moment"].date() != other["moment"].date() and other["moment"].date() == day:
                    for key, sign in ((other["moment"].date(), -1), (voice["moment"].date(), 1)):
                        name = (witness, key, other["what"])
                        count, total = moved.get(name, (0, Decimal(0)))
                        moved[name] = (count + sign, total + sign * other["amount"])
                        if key not in wanted:
                            wanted.append(key)
            alone += [row for row in single if row["moment"].date() == day]
        if alone:
            alone.sort(key=lambda row: row["moment"])
            findings.append(_unpaired(scope, fact, str(witness), alone))
            counts.update((witness, row["moment"].date(), row["what"], row["speaks"]) for row in alone)
    return moved, counts, findings


def disagreeing(store: Store, scope: Scope, fact: str, day: date, what: str, witness: str) -> list[int]:
    """Return the rows of a day that only one of two exports has; all of the day where every one has a partner."""
    table, time, column, cause, amount = FACT_ROWS[fact]
    texts = {"table": table, "time": time, "what": column, "cause": cause, "amount": amount}
    distance = _distance(store, scope, fact)
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001  bound as UTC, the zone of the connection
    end = start + timedelta(days=1)
    near = {"witness": witness, "start": start - distance, "end": end + distance}
    rows = store.query(NEAR.format(**texts), scope.parameters() | near).filter(pl.col("what").fill_null("") == what)
    _, single = pair(rows, distance, "speaks")
    alone = [row["row_key"] for row in single if row["moment"].date() == day]
    every = rows.filter(pl.col("moment").dt.date() == day)["row_key"].to_list()
    return [int(key) for key in alone or every]


def _distance(store: Store, scope: Scope, fact: str) -> timedelta:
    found = store.scalar(statement("witnesses", "distance"), scope.parameters() | {"fact": fact})
    return timedelta(seconds=2 * int(found or 1))


def _unpaired(scope: Scope, fact: str, witness: str, alone: list[Mapping[str, Any]]) -> dict[str, Any]:
    missing = [row for row in alone if not row["speaks"]]
    ours = [row for row in alone if row["speaks"]]
    sides = [(missing, f"only in {witness}, which does not count"), (ours, "only in the export that counts")]
    parts = [f"{len(rows)} {where}: {_named(rows)}" for rows, where in sides if rows]
    sentence = (
        f"{len(alone)} rows of {fact} stand in one of two overlapping exports only, {'; '.join(parts)}. Look which "
        "export lacks them with `report witnesses` and `trace`, and export it again, unfiltered"
    )
    return {
        "kind": "unpaired_rows",
        "severity": "warning",
        "account": scope.account,
        "wallet": scope.wallet,
        "symbol": None,
        "found_at": alone[0]["moment"],
        "sentence": sentence,
        "rows": [str(row["row_key"]) for row in (missing + ours)[:SHOWN]],
    }


def _named(rows: list[Mapping[str, Any]]) -> str:
    """Return the first rows by cause, amount and instant."""
    said = []
    for row in rows[:NAMED]:
        amount = "an unknown amount" if row["amount"] is None else f"{row['amount'].normalize():f}"
        cause = (row["cause"] or "a row").replace("_", " ")
        said.append(f"{cause} of {amount} {row['what'] or ''}".rstrip() + f" at {row['moment']:%Y-%m-%d %H:%M:%S} UTC")
    return ", ".join(said) + (f" and {len(rows) - NAMED} more" if len(rows) > NAMED else "")
