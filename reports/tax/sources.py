"""What stands beside the files of a target: where each line comes from, what blocks, and totals against the book's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from reports.exact import csv_bytes
from reports.tax.contract import DRAFT
from reports.tax.value import ROWS, TaxYear
from schemas.types import MONEY

SOURCES: dict[str, pl.DataType] = {
    "file_of_line": pl.String(), "line": pl.String(), "part": pl.String(), "row": pl.String(),
    "source_file": pl.String(), "source_row": pl.Int64(), "raw": pl.String(),
}  # fmt: skip
TOTALS: dict[str, pl.DataType] = {
    "name": pl.String(), "asset": pl.String(), "here": MONEY, "there": MONEY, "difference": MONEY,
}  # fmt: skip


@dataclass(frozen=True)
class Sourced:
    """A line of a file, or a part of it (an acquisition, a disposal), and the source rows it is made from."""

    file: str
    line: str
    """Its name or number within the file, as the file itself shows it."""
    part: str
    rows: Sequence[str]


class Compared(NamedTuple):
    """A total of the lines written beside that of the tax year; null: unknown."""

    name: str
    asset: str | None
    here: Decimal | None
    there: Decimal | None


def sources(year: TaxYear, lines: Sequence[Sourced]) -> bytes:
    """Return `<stem>-sources.csv`: one line for each row behind a line, once, in the order of the lines.

    A line of no row, and a row whose place is not known, are there with empty cells.
    """
    named = pl.DataFrame(
        {"file_of_line": [line.file for line in lines], "line": [line.line for line in lines],
         "part": [line.part or None for line in lines], "row": [list(dict.fromkeys(line.rows)) for line in lines]},
        schema={"file_of_line": pl.String, "line": pl.String, "part": pl.String, "row": ROWS},
    )  # fmt: skip
    places = year.places.select("row", pl.col("file").alias("source_file"), "source_row", "raw").unique(
        "row", keep="first", maintain_order=True
    )
    rows = named.explode("row", empty_as_null=True, keep_nulls=True)
    return csv_bytes(rows.join(places, on="row", how="left", maintain_order="left").select(list(SOURCES)))


def blocks_csv(year: TaxYear) -> bytes:
    """Return `<stem>-blocks.csv`: what blocks first, then what somebody accepted, with the reason, and the rows."""
    is_open = pl.col("accepted_reason").is_null()
    status = pl.when(is_open).then(pl.lit(f"{DRAFT}: blocks")).otherwise(pl.lit("accepted")).alias("status")
    return csv_bytes(year.blocks.sort(is_open, descending=True, maintain_order=True).select(status, pl.all()))


def controls_csv(year: TaxYear, totals: Sequence[tuple[str, str | None, Decimal | None, Decimal | None]]) -> bytes:
    """Return `<stem>-controls.csv`: totals of the files' own lines (`here`) beside those of the tax year (`there`).

    Then those of the tax year beside the book's, and how many blocks nobody accepted, where there are any.
    """
    own = [(*total, _difference(total[2], total[3])) for total in totals]
    book = [(f"book: {name}", asset, here, there, difference)
            for name, asset, here, there, difference in year.controls.select(
                "name", "asset", "here", "book", "difference").iter_rows()]  # fmt: skip
    blocking = Decimal(int(year.blocks["accepted_reason"].is_null().sum()))
    marks = [(f"{DRAFT}: blocks that nobody accepted", None, blocking, Decimal(0), blocking)] if blocking else []
    return csv_bytes(pl.DataFrame([*marks, *own, *book], schema=TOTALS, orient="row"))


def beside(
    year: TaxYear,
    stem: str,
    lines: Sequence[Sourced],
    totals: Sequence[tuple[str, str | None, Decimal | None, Decimal | None]],
) -> dict[str, bytes]:
    """Return what every target writes beside its own files: sources, controls; blocks and statements if any."""
    files = {f"{stem}-sources.csv": sources(year, lines), f"{stem}-controls.csv": controls_csv(year, totals)}
    told = {"blocks": blocks_csv(year)} if year.blocks.height else {}
    if year.statements.height:
        told["statements"] = csv_bytes(year.statements)
    return files | {f"{stem}-{name}.csv": content for name, content in told.items()}


def _difference(here: Decimal | None, there: Decimal | None) -> Decimal | None:
    return None if here is None or there is None else here - there
