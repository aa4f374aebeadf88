"""A tax year as tables for any program: CSV, and a workbook whose first sheet is the summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext

import polars as pl

from reports.exact import csv_bytes
from reports.tax.amounts import EXACT
from reports.tax.contract import Files, Target, stem
from reports.tax.generic_workbook import tax_workbook
from reports.tax.sources import Compared, Sourced, beside
from reports.tax.summary import STATUS, status_of, summary
from reports.tax.value import TaxYear

LINES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "disposals": ("line", {"rows": "disposed", "lot_rows": "acquired"}),
    "acquisitions": ("lot", {"rows": ""}),
    "lots_before": ("lot", {"rows": ""}),
    "lots": ("lot", {"rows": ""}),
    "results": ("line", {"rows": ""}),
    "flows": ("flow", {"rows": ""}),
}  # fmt: skip
"""Table -> the column that names a line, and its columns of rows with what each is of."""
SUMMED = (("disposals", "proceeds"), ("disposals", "basis"), ("disposals", "gain"), ("results", "value"))


def tables(year: TaxYear) -> Mapping[str, pl.DataFrame]:
    """Return every table by name; each says in its last column whether the year is a draft."""
    frames = {name: getattr(year, name) for name in LINES}
    told = {"blocks": year.blocks, "controls": year.controls, "wanted": year.wanted, "places": year.places}
    told |= {"statements": year.statements} if year.statements.height else {}
    return {name: frame.with_columns(pl.lit(status_of(year)).alias(STATUS))
            for name, frame in {"summary": summary(year), **frames, **told}.items()}  # fmt: skip


def write_csv(year: TaxYear) -> Files:
    """Return one CSV for each table, with sources, controls and blocks beside."""
    name = stem(year, "tables")
    files = {f"{name}-{_dashed(table)}.csv": csv_bytes(frame) for table, frame in tables(year).items()
             if table not in {"blocks", "controls", "statements"}}  # fmt: skip
    sourced = [Sourced(f"{name}-{_dashed(table)}.csv", line, part, rows) for table, line, part, rows in _sourced(year)]
    return files | beside(year, name, sourced, _totals(year))


def write_xlsx(year: TaxYear) -> Files:
    """Return the workbook, with sources, controls and blocks beside."""
    name = stem(year, "workbook")
    sourced = [
        Sourced(f"{name}.xlsx", line, f"{table} {part}".strip(), rows) for table, line, part, rows in _sourced(year)
    ]
    return {f"{name}.xlsx": tax_workbook(year, tables(year)), **beside(year, name, sourced, _totals(year))}


def _dashed(table: str) -> str:
    return re.sub("_", "-", table)


def _sourced(year: TaxYear) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Yield table, name of the line, what the rows are of, and the rows."""
    for table, (named_by, parts) in LINES.items():
        frame: pl.DataFrame = getattr(year, table)
        for number, record in enumerate(frame.iter_rows(named=True), 2):
            for column, part in parts.items():
                yield table, record[named_by] or f"row {number}", part, record[column] or ()


def _totals(year: TaxYear) -> list[Compared]:
    """Return what the summary says beside the sums of the tables' own lines, and the count of each table."""
    page = summary(year)
    gains, results = (page.filter(pl.col("section") == section) for section in ("gains by asset", "results by part"))
    shown = {("disposals", "proceeds"): gains["proceeds"], ("disposals", "basis"): gains["basis"],
             ("disposals", "gain"): gains["value"], ("results", "value"): results["value"]}  # fmt: skip
    with localcontext(EXACT):
        sums = [Compared(f"{table}: {column}", year.policy.currency, _sum(shown[table, column]),
                         _sum(_own(year, table)[column])) for table, column in SUMMED]  # fmt: skip
    counted = [Compared(f"{table}: lines", None, Decimal(int(part["lines"].sum())), Decimal(_own(year, table).height))
               for table, part in (("disposals", gains), ("results", results))]  # fmt: skip
    return [*sums, *counted]


def _own(year: TaxYear, table: str) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(year, table)
    return frame.filter(~pl.col("state_money").fill_null(value=False)) if table == "disposals" else frame


def _sum(values: pl.Series) -> Decimal | None:
    known = [value for value in values.to_list() if value is not None]
    return sum(known, Decimal(0)) if known else None


TARGETS: Sequence[Target] = (
    Target(name="csv", title="Tables as CSV", write=write_csv,
           about="Every table of the year as CSV, every digit of it, a summary, and the rows behind each line."),
    Target(name="xlsx", title="Tables as a workbook", write=write_xlsx,
           about="The same as a workbook: first policy, what blocks, totals by asset and part; then every table."),
)  # fmt: skip
