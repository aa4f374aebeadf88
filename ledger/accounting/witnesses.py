"""Two exports of one fact, side by side: paired row by row, then counted and summed per day and asset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
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


def compare(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Write `witness_days` of a wallet and return a finding for the rows that only one of two exports has."""
    findings: list[dict[str, Any]] = []
    for fact, (table, time, what, cause, amount) in FACT_ROWS.items():
        texts = {"table": table, "time": time, "what": what, "cause": cause, "amount": amount}
        if not store.scalar(statement("witnesses", "has_silent").format(table=table), scope.parameters()):
            continue
        days = store.query(DAYS.format(**texts), scope.parameters() | {"fact": fact})
        days = days.filter(pl.col("witness_rows") > 0)
        corrected, unpaired = _pair_days(store, scope, fact, days, texts)
        lines = [_day_line(scope, fact, row, corrected) for row in days.iter_rows(named=True)]
        if lines:
            store.insert("witness_days", pl.DataFrame(lines, schema=column_types(WitnessDay)))
        findings += unpaired
    return findings


def _day_line(
    scope: Scope, fact: str, row: Mapping[str, Any], corrected: Mapping[tuple[Any, ...], tuple[int, Decimal]]
) -> dict[str, Any]:
    moved_rows, moved_sum = corrected.get((row["witness"], row["day"], row["what"]), (0, Decimal(0)))
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
    }


def _pair_days(
    store: Store, scope: Scope, fact: str, days: pl.DataFrame, texts: Mapping[str, str]
) -> tuple[dict[tuple[Any, ...], tuple[int, Decimal]], list[dict[str, Any]]]:
    """Pair the rows of the days that differ; a pair across midnight counts on the voice's day."""
    moved: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
    findings: list[dict[str, Any]] = []
    differing = days.filter(
        (pl.col("voice_rows") != pl.col("witness_rows")) | (pl.col("voice_sum") != pl.col("witness_sum"))
    )
    for (witness,), group in differing.partition_by("witness", as_dict=True, maintain_order=True).items():
        distance = _distance(store, scope, fact)
        wanted = set(group["day"].to_list())
        alone: list[Mapping[str, Any]] = []
        for day in sorted(wanted):
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
            alone += [row for row in single if row["moment"].date() == day]
        if alone:
            findings.append(_unpaired(scope, fact, str(witness), alone))
    return moved, findings


def _distance(store: Store, scope: Scope, fact: str) -> timedelta:
    found = store.scalar(statement("witnesses", "distance"), scope.parameters() | {"fact": fact})
    return timedelta(seconds=2 * int(found or 1))


def _unpaired(scope: Scope, fact: str, witness: str, alone: list[Mapping[str, Any]]) -> dict[str, Any]:
    missing = [row for row in alone if not row["speaks"]]
    sentence = (
        f"{len(alone)} rows of {fact} stand in one of two overlapping exports only: {len(missing)} only in {witness}, "
        f"{len(alone) - len(missing)} only in the export that speaks; compare them with `report witnesses`"
    )
    return {
        "kind": "unpaired_rows",
        "severity": "warning",
        "account": scope.account,
        "wallet": scope.wallet,
        "symbol": None,
        "found_at": alone[0]["moment"],
        "sentence": sentence,
        "rows": [str(row["row_key"]) for row in alone[:SHOWN]],
    }
