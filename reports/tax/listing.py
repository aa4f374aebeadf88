"""A table of a form as a value: what the page, the workbook and the CSV of a form are all made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from reports.exact import csv_bytes
from reports.tax.contract import DRAFT
from reports.tax.value import TaxYear

Cell = str | Decimal | None
"""Text, a figure, or None: a figure that is not known, which stays an empty cell."""
Kind = Literal["text", "words", "money", "quantity", "count"]
"""words: a sentence that may break; money: two decimals at least; quantity: all digits."""
PLACES = {"money": 18, "quantity": 18, "count": 0}


@dataclass(frozen=True)
class Head:
    """A column: its name, what it holds, and the letter or box that the form gives it."""

    name: str
    kind: Kind = "text"
    box: str = ""
    on_page: bool = True
    """Whether the page shows it; a CSV of several listings needs what a heading says on paper."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One table: its lines, its totals under the same columns, and what to know to read it."""

    name: str
    heading: str
    heads: Sequence[Head]
    lines: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    about: Sequence[str] = ()
    empty: str = "None."


def listing_csv(year: TaxYear, listings: Iterable[Listing]) -> bytes:
    """Return the lines of listings with the same columns as one CSV: exact figures, unknown empty, and a status.

    The last column says DRAFT on every line while something blocks: a CSV has no other place for it.
    """
    tables = list(listings)
    heads = tables[0].heads
    lines = [line for table in tables for line in table.lines]
    columns: Mapping[str, pl.Series] = {
        head.name: pl.Series([line[place] or None if isinstance(line[place], str) else line[place] for line in lines],
                             dtype=_dtype(head.kind))
        for place, head in enumerate(heads)
    }  # fmt: skip
    status = pl.Series([DRAFT if year.is_draft else None] * len(lines), dtype=pl.String)
    return csv_bytes(pl.DataFrame({**columns, "status": status}))


def _dtype(kind: Kind) -> pl.DataType:
    return pl.Decimal(38, PLACES[kind]) if kind in PLACES else pl.String()
