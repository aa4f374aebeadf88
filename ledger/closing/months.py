"""A calendar month in a zone, and what keeps an account's month from being closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from schemas.errors import UnknownThing


@dataclass(frozen=True)
class Span:
    """A calendar month in a zone: `2025-10` from its first instant to its end, exclusive."""

    name: str
    zone: str
    starts_at: datetime
    ends_at: datetime


def span_of(name: str, zone: str) -> Span:
    """Return the month of `2025-10`.  Raises UnknownThing where that is none."""
    found = re.fullmatch(r"((?:19|20|21)[0-9]{2})-([0-9]{2})", name)
    if found is None or not 1 <= int(found[2]) <= 12:
        raise UnknownThing(f"{name!r} is no month", "write it as 2025-10")
    local = ZoneInfo(zone)
    first = datetime(int(found[1]), int(found[2]), 1, tzinfo=local)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return Span(name, zone, first.astimezone(UTC), after.astimezone(UTC))


def blocks(lines: pl.DataFrame, breaks: pl.DataFrame) -> list[str]:
    """Return what keeps a month from being closed, by its roll-forward: a sentence each, then what to do about it."""
    found: list[str] = []
    untied = lines.filter(~pl.col("status").is_in(["tied", "explained"]))
    for line in untied.filter(pl.col("status") != "no_anchor").iter_rows(named=True):
        same = (pl.col(name) == line[name] for name in ("account", "venue", "wallet", "asset"))
        causing = breaks.filter(*same, pl.col("status") == "open")
        names = "; ".join(f"{row['break_id']}: {row['hint']}" if row["hint"] else row["break_id"]
                          for row in causing.iter_rows(named=True))  # fmt: skip
        found.append(
            f"{_where(line)}: the venue states {_plain(line['stated_closing'])}, the book has "
            f"{_plain(line['closing'])}; {names or '`marginbook report breaks` shows where'}"
        )
    if found:
        found.append("import what is missing, or `marginbook breaks explain ID --reason TEXT` for each")
    unstated = untied.filter(pl.col("status") == "no_anchor")
    for line in unstated.iter_rows(named=True):
        found.append(f"{_where(line)}: no stated balance tells the closing of {_plain(line['closing'])}")
    if unstated.height:
        line = unstated.row(0, named=True)
        found.append(
            f"import a snapshot or a statement, or say each: `marginbook assert {line['account']} {line['wallet']} "
            f"{line['asset']} {line['period']} AMOUNT`; or explain it: `marginbook breaks explain '{line['line']}' "
            "--reason TEXT`"
        )
    return found


def _where(line: Mapping[str, Any]) -> str:
    return f"{line['venue']} {line['wallet']} {line['asset']}"


def _plain(amount: object) -> str:
    text = "?" if amount is None else f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
