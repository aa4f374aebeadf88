"""What the law and the forms of a country say: thresholds, boxes and line numbers by year, each with its source."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact, true of the years from `from_year` to `to_year` inclusive (None: as far as is known until today)."""

    jurisdiction: str
    fact: str
    value: str
    from_year: int
    to_year: int | None
    source: str
    read_on: str
    """The day on which the source was read, or a public copy of it."""

    def holds_in(self, year: int) -> bool:
        return self.from_year <= year and (self.to_year is None or year <= self.to_year)


@cache
def facts() -> Sequence[Fact]:
    """Return every fact in the order of `facts.csv`."""
    text = resources.files("reports.tax").joinpath("facts.csv").read_text(encoding="utf-8")
    return [
        Fact(
            jurisdiction=row["jurisdiction"], fact=row["fact"], value=row["value"], from_year=int(row["from_year"]),
            to_year=int(row["to_year"]) if row["to_year"] else None, source=row["source"], read_on=row["read_on"],
        )
        for row in csv.DictReader(io.StringIO(text))
    ]  # fmt: skip


@cache
def fact(jurisdiction: str, name: str, year: int) -> Fact | None:
    """Return the fact of a year; None where no source was read for that year, which is never filled from another."""
    return next(
        (one for one in facts() if (one.jurisdiction, one.fact) == (jurisdiction, name) and one.holds_in(year)), None
    )


def value(jurisdiction: str, name: str, year: int, otherwise: str = "") -> str:
    """Return the text of a fact, or `otherwise` where it is not known for the year."""
    found = fact(jurisdiction, name, year)
    return otherwise if found is None else found.value


def facts_markdown(jurisdiction: str) -> str:
    """Return the facts of a country as a table for the README: what, value, years, source, and when it was read."""
    lines = ["| fact | value | years | source | read on |", "|---|---|---|---|---|"]
    for one in facts():
        if one.jurisdiction == jurisdiction:
            until = "" if one.to_year is None else str(one.to_year)
            years = str(one.from_year) if until == str(one.from_year) else f"{one.from_year}-{until}"
            lines.append(f"| {one.fact.replace('_', ' ')} | {one.value} | {years} | {one.source} | {one.read_on} |")
    return "\n".join(lines) + "\n"
