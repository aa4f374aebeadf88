"""The coverage of a month as a grid: a row a fact of a wallet, a column a day, a sign and a word in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from reports.missing import by_day
from reports.month import Month
from reports.page import plain

SIGNS: Mapping[str, tuple[str, str, str]] = {
    "rows": ("●", "", "covered, with rows"),
    "quiet": ("○", "faint", "covered, nothing happened"),
    "gap": ("░", "missing", "something is missing"),
    "broken": ("✗", "missing", "the balance breaks"),
    "uncovered": ("–", "faint", "no file covers it"),
}
"""By state of a day: its sign, its style, and what it means."""
UNKNOWN = "nothing is known"
HOLDING = frozenset({"rows", "quiet", "broken"})
"""States of days of which the book has all rows, or a break says what is not right."""

Line = tuple[str, str, str]
"""Venue, wallet and fact."""


def states(month: Month) -> dict[Line, dict[date, str]]:
    """Return the state of each day of a fact of a wallet."""
    calendar = month.sections.get("calendar")
    found: dict[Line, dict[date, str]] = {}
    if calendar is not None and calendar.height:
        for row in by_day(calendar).iter_rows(named=True):
            found.setdefault((row["venue"], row["wallet"], row["fact"]), {})[row["day"]] = row["state"]
    return found


def grid_lines(held: Mapping[Line, Mapping[date, str]], days: Sequence[date]) -> Iterator[str]:
    """Yield the grid of the days, and what its signs mean."""
    yield '<div class="scroll" tabindex="0" role="region" aria-label="coverage calendar"><table class="calendar">'
    heads = "".join(f'<th scope="col">{day.day}</th>' for day in days)
    yield f'<thead><tr><th scope="col">wallet and fact</th>{heads}</tr></thead><tbody>'
    for line, of_line in held.items():
        cells = "".join(_cell(day, of_line.get(day)) for day in days)
        yield f'<tr><th scope="row">{plain(" ".join(line))}</th>{cells}</tr>'
    yield "</tbody></table></div>"
    present = {state for of_line in held.values() for day, state in of_line.items() if day in set(days)}
    legend = [f"{sign} {means}" for state, (sign, _, means) in SIGNS.items() if state in present]
    yield f'<p class="soft">{plain("; ".join(legend))}</p>'


def _cell(day: date, state: str | None) -> str:
    sign, style, means = SIGNS[state] if state is not None else ("", "", UNKNOWN)
    classed = f' class="{style}"' if style else ""
    return (
        f'<td{classed} title="{day.isoformat()}: {means}"><span aria-hidden="true">{sign}</span>'
        f'<span class="unseen">{means}</span></td>'
    )
