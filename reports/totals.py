"""Totals of a sheet: formulas over its cells, the exact sum as text below each, and whether the two agree.

A spreadsheet adds doubles, so a formula is right to about 15 digits of what it adds; the text is the truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from typing import Any

import polars as pl
from xlsxwriter.utility import quote_sheetname, xl_col_to_name, xl_rowcol_to_cell

from reports.cells import FIFTEEN, Cell, Formats, held, plain, read_format, too_long, writers
from reports.contract import Column, Kind, Report
from reports.reading import NUMBERS

EXACT = Context(prec=100)
ERROR = Decimal("2.3e-16")
"""What one addition of doubles, or the reading of one, may be off, of all that is added (rounded up)."""
READ_AS_TEXT = 100
"""The same, in such additions, for a text that is read as a number: digits after the 15th are dropped."""
FINEST = 18
ORDINARY = re.compile(r"[A-Z]{2,}")
"""Assets that a criterion of SUMIFS takes by their letters: no operator, wildcard, number or date."""
SOFT = {"font_color": "#5C6570"}
LOGICAL = frozenset({"TRUE", "FALSE"})


@dataclass(frozen=True, kw_only=True)
class Total:
    """The sum of the known cells of a column, and what of it a formula cannot see."""

    exact: Decimal
    gross: Decimal
    """The same without signs: how far doubles may be off depends on it."""
    rows: int
    texts: int
    """Cells that are text, because they have too many digits."""
    in_text: Decimal
    """What those hold, in 15 digits."""
    unknown: int
    doubles: float
    """What a spreadsheet makes of it."""

    @property
    def places(self) -> int:
        """Decimals to which a formula has to agree with the exact sum."""
        return agreeing_places(self.gross, self.rows)

    @property
    def agrees(self) -> bool:
        """Say whether it does."""
        return is_zero(Decimal(self.doubles) - self.exact, self.places)


@dataclass(frozen=True, kw_only=True)
class Summed:
    """A column with totals: one per group of assets."""

    name: str
    kind: Kind
    at: int
    """Column in which the totals stand."""
    source: int
    """Column of the sheet with the cells."""
    totals: Sequence[Total | None]
    """None: the column has no total in this group."""
    currency: str | None = None
    """Asset of its figures, where it is not that of the row."""


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Where the cells are that are added: rows of sheets, and the column of their assets."""

    places: Sequence[tuple[str | None, int, int]]
    """Sheet (None: the same), first row, last row."""
    asset_column: int | None
    groups: Sequence[str | None]
    everything: frozenset[int] = field(default_factory=frozenset)
    """Groups that are no asset: all rows together."""

    @property
    def is_ordinary(self) -> bool:
        """Say whether every asset is safe as a criterion."""
        return all(asset and ORDINARY.fullmatch(asset) and asset not in LOGICAL for asset in self.assets)

    @property
    def assets(self) -> list[str | None]:
        """The groups that are assets."""
        return [asset for number, asset in enumerate(self.groups) if number not in self.everything]


def total_of(series: pl.Series) -> Total:
    """Return the sum of a column of decimals or integers."""
    long, doubles = too_long(series), series.cast(pl.Float64)
    with localcontext(EXACT):
        in_text = FIFTEEN.create_decimal(_added(series.filter(long)))
    return Total(
        exact=_added(series), gross=Decimal(float(doubles.abs().sum())), rows=len(series) - series.null_count(),
        texts=int(long.sum()), in_text=in_text, unknown=series.null_count(),
        doubles=float(doubles.filter(~long).sum()) + float(in_text),
    )  # fmt: skip


def _added(series: pl.Series) -> Decimal:
    with localcontext(EXACT):
        return sum(series.drop_nulls().to_list(), Decimal(0))


def summed_of(
    frame: pl.DataFrame, report: Report, at: Mapping[str, int], source: Mapping[str, int], also: Iterable[str] = ()
) -> tuple[list[Summed], list[str | None], frozenset[int]]:
    """Return the columns with totals, the groups by which is summed, and which of those are all rows together.

    Groups are the assets of the rows (the unknown one last), then the currencies of columns that are in one.  `at` and
    `source` say where the totals and the cells of a column are; `also` names columns whose total nobody promised.
    """
    assets = frame[report.asset_column].cast(pl.String) if report.asset_column in frame.columns else None
    columns = [column for column in declared(frame, report, also) if column.name in at]
    groups: list[str | None] = [None] if assets is None else list(assets.unique().sort(nulls_last=True).to_list())
    currencies = list(dict.fromkeys(column.asset for column in columns if column.asset))
    masks = [assets.eq_missing(asset) for asset in groups] if assets is not None else None
    summed = []
    for column in columns:
        series = frame[column.name]
        parts = [series] if masks is None else [series.filter(mask) for mask in masks]
        of_rows = [total_of(part) if column.asset is None else None for part in parts]
        whole = [total_of(series) if name == column.asset else None for name in currencies]
        summed.append(
            Summed(name=column.name, kind=column.kind, at=at[column.name], source=source[column.name],
                   totals=[*of_rows, *whole], currency=column.asset)
        )  # fmt: skip
    return summed, [*groups, *currencies], frozenset(range(len(groups), len(groups) + len(currencies)))


def declared(frame: pl.DataFrame, report: Report, also: Iterable[str] = ()) -> list[Column]:
    """Return the columns of which the report promises totals, as far as the frame has them and they are exact."""
    wanted = frozenset(also)
    found = []
    for column in report.columns:
        dtype = frame.schema.get(column.name, pl.Null())
        has_unit = report.asset_column is not None or column.asset is not None or column.kind != "money"
        if frame.height and (column.total or column.name in wanted) and column.kind in NUMBERS and has_unit:
            found += [column] if dtype.is_decimal() or dtype.is_integer() else []
    return found


# ------------------------------------------------------------------------------------------------ writing


def write_totals(
    sheet: Any, formats: Formats, row: int, ranges: Ranges, summed: Sequence[Summed], label_at: int | None,
    asset_at: int | None, beside: Callable[[int, int], tuple[int, Cell] | None] = lambda group, row: None,
) -> tuple[int, dict[tuple[int, str], tuple[int, int]]]:  # fmt: skip
    """Write the totals from a row on; return the row after them, and the cell of each formula by group and column.

    Per asset: the formulas, the exact sums, whether they agree; and where there are any, the cells that are text (whose
    sum, in 15 digits, the formula adds) and those that are unknown.  `beside` gives a further cell, and its column, of
    the line of formulas (group, row): a row that is written cannot be added to later.
    """
    put = writers(sheet)
    cells: dict[tuple[int, str], tuple[int, int]] = {}
    for number, asset in enumerate(ranges.groups):
        present = [(column, total) for column in summed if (total := column.totals[number]) is not None]
        lines = ["total", "exact", "agrees"]
        lines += ["of cells that are text"] if any(total.texts for _, total in present) else []
        lines += ["cells unknown"] if any(total.unknown for _, total in present) else []
        rows = {line: row + place for place, line in enumerate(lines)}
        if present:
            ends = [column.at for column, _ in present]
            alarm(sheet, formats, (rows["agrees"], min(ends)), (rows["agrees"], max(ends)))
        whose = ", all assets" if number in ranges.everything else ""
        for line, at in rows.items():
            bold = {"bold": True, "top": 1} if line == "total" else {}
            if label_at is not None:
                sheet.write_string(at, label_at, line + whose, formats.styled(**(bold or SOFT)))
            if asset_at is not None and asset is not None:
                sheet.write_string(at, asset_at, held(asset), formats.styled(**(bold or SOFT)))
            if line == "total" and (further := beside(number, at)) is not None:
                place, (method, value, code) = further
                put[method](at, place, value, formats[code])
            for column, total in present:
                code = read_format(total.exact, column.kind, column.currency or asset)
                in_text = xl_rowcol_to_cell(rows[lines[3]], column.at) if total.texts else None
                formula = xl_rowcol_to_cell(rows["total"], column.at)
                if line == "total":
                    made = _sum(column.source, ranges, number, rows["total"], asset_at, in_text)
                    method = "array" if "EXACT(" in made else "formula"  # EXACT alone would take one cell of a range
                    put[method](at, column.at, (made, Decimal(plain(total.exact))), formats.styled(code, **bold))
                    cells[number, column.name] = (at, column.at)
                elif line == "exact":
                    sheet.write_string(at, column.at, plain(total.exact), formats.styled(align="right", **SOFT))
                elif line == "agrees":
                    text = xl_rowcol_to_cell(rows["exact"], column.at)
                    write_agreement(sheet, formats, at, column.at, formula, text, total)
                elif line == "cells unknown" and total.unknown:
                    sheet.write_number(at, column.at, total.unknown, formats.styled("#,##0", **SOFT))
                elif line == "of cells that are text" and total.texts:
                    sheet.write_number(at, column.at, total.in_text, formats.styled(code, **SOFT))
        row += len(lines)
    return row, cells


def write_agreement(sheet: Any, formats: Formats, row: int, place: int, formula: str, text: str, total: Total) -> None:
    """Write the cell that says whether a formula comes to the exact figure, which is text in another."""
    exact = number_in(text, plain(total.exact))
    made = f'=IF(ROUND({formula}-{exact},{total.places})=0,"yes","NO")'
    sheet.write_formula(row, place, made, formats.styled(align="right", **SOFT), "yes" if total.agrees else "NO")


def alarm(sheet: Any, formats: Formats, first: tuple[int, int], last: tuple[int, int]) -> None:
    """Show in red which cells of agreement say no."""
    red = {"type": "cell", "criteria": "==", "value": '"NO"', "format": formats.styled(font_color="red", bold=True)}
    sheet.conditional_format(*first, *last, red)


def number_in(cell: str, text: str) -> str:
    """Return the formula of the number that a cell holds as that text, whatever the reader's decimal sign."""
    decimals = len(text.partition(".")[2])
    return f'VALUE(SUBSTITUTE({cell},".",""))/10^{decimals}' if decimals else f"VALUE({cell})"


def is_zero(difference: Decimal, places: int) -> bool:
    """Say whether ROUND to so many decimals makes nothing of it."""
    return abs(difference) < Decimal(5).scaleb(-places - 1)


def agreeing_places(gross: Decimal, terms: int) -> int:
    """Return the decimals to which a sum of doubles is sure to be right: at most 18, negative for huge figures."""
    if not gross:
        return FINEST
    worst = gross * (terms + READ_AS_TEXT) * ERROR * 2
    return min(-worst.adjusted() - 1, FINEST)


def widest(summed: Iterable[Summed]) -> Mapping[int, int]:
    """Return the characters that the totals of each column need."""
    return {
        column.at: max((len(plain(total.exact)) + 1 for total in column.totals if total is not None), default=0)
        for column in summed
    }


def _sum(source: int, ranges: Ranges, group: int, row: int, asset_at: int | None, in_text: str | None) -> str:
    column = xl_col_to_name(source)
    parts = []
    for name, first, last in ranges.places:
        prefix = f"{quote_sheetname(name)}!" if name is not None else ""
        added = f"{prefix}{column}${first + 1}:{column}${last + 1}"
        if ranges.asset_column is None or asset_at is None or group in ranges.everything:
            parts.append(f"SUM({added})")
            continue
        of = xl_col_to_name(ranges.asset_column)
        assets, asset = f"{prefix}${of}${first + 1}:${of}${last + 1}", f"${xl_col_to_name(asset_at)}{row + 1}"
        if ranges.is_ordinary:
            parts.append(f"SUMIFS({added},{assets},{asset})")
        else:  # by the very letters: an asset may look like `>0`, `*` or a date
            parts.append(f"SUMPRODUCT(--EXACT({assets},{asset}),{added})")
    return "=" + "+".join([*parts, *([in_text] if in_text else [])])
