"""What a target is: a name, what it is for, and a pure function from a tax year to files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports.tax.value import TaxYear

Files = Mapping[str, bytes]
"""By file name, the content."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One format that accountants' software, or a tax office, reads."""

    name: str
    """As typed: `marginbook tax --target NAME`."""
    title: str
    about: str
    """What it is, for the README: one or two sentences, with source and year of what it follows."""
    write: Callable[[TaxYear], Files]
    """Return the files, `name.ext` without a folder; the same year gives the same bytes."""
    jurisdictions: Sequence[str] = ()
    """Those it is for; empty: any."""


DRAFT = "DRAFT"
"""In the name and in the content of every file of a year that something blocks."""


def stem(year: TaxYear, name: str) -> str:
    """Return the start of a file's name: `form-8949-2025-DRAFT`."""
    label = year.policy.label.replace("/", "-")
    return f"{name}-{label}-{DRAFT}" if year.is_draft else f"{name}-{label}"
