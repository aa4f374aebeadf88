"""What the files behind an audit cover: a grid of days for each month, and which export counts in which range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from reports.audit import Audit
from reports.audit_tables import head, table, words
from reports.coverage_grid import Line, grid_lines
from reports.page import said

OPEN_MONTHS = 2
"""Months at the end whose days are shown at once; those before unfold."""


def coverage(audit: Audit) -> Iterator[str]:
    """Yield the calendar of the account's wallets between start and end, and the exports behind it."""
    if not audit.coverage:
        return
    yield "<h3>Coverage, day by day</h3>"
    yield said(f"What the imported files tell of {audit.account}, {audit.venue}, on the days (UTC) from start to end.",
               "soft")  # fmt: skip
    held: Mapping[Line, Mapping[date, str]] = {
        (audit.venue, one.wallet, one.fact): one.days for one in audit.coverage if one.days
    }
    months = _months(held)
    for number, (month, days) in enumerate(months):
        is_open = number >= len(months) - OPEN_MONTHS
        yield f"<details{' open' if is_open else ''}><summary>{month}</summary>"
        yield from grid_lines(held, days)
        yield "</details>"
    rows = (
        [head(f"{one.wallet} {one.fact}"), words(text, wide=True)] for one in audit.coverage for text in one.exports
    )
    yield "<h3>Exports that speak</h3>"
    yield from table("Exports that speak", ["wallet and fact", "export, and when it counts"], rows)


def _months(held: Mapping[Line, Mapping[date, str]]) -> list[tuple[str, Sequence[date]]]:
    months: dict[str, list[date]] = {}
    for day in sorted({day for of_line in held.values() for day in of_line}):
        months.setdefault(f"{day:%Y-%m}", []).append(day)
    return list(months.items())
