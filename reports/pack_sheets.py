"""How a sheet of a closed month is written: header, rows, totals, ways to the evidence, and what stands on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from reports.cells import NARROWEST, Cell, Formats, cells, dress, instants, read_cells, writers
from reports.contract import Kind
from reports.exact import exact, joined
from reports.month import Month
from reports.pack_checks import CHECK, row_checks, total_check
from reports.pack_sections import EVIDENCE, Section, Shown, key_of, shown
from reports.reading import NUMBERS, clean, figure
from reports.totals import Ranges, Total, summed_of, widest, write_totals

BAD, WARN = "bad", "warn"
MARKS: Mapping[str, str] = {
    "broken": BAD, "error": BAD, "liquidated": BAD, "adl": BAD, "missing": BAD, "unmatched": BAD,
    "explained": WARN, "no_anchor": WARN, "warning": WARN, "gap": WARN, "in_transit": WARN, "not_imported": WARN,
}  # fmt: skip
MARKED = frozenset({"status", "severity"})
MARKS_OF_DAYS = "days"
"""Column of the calendar: a mark a day, which must stand below each other."""
SENTENCE = 40
"""Characters from which a text with blanks is broken into lines."""
WIDEST_TEXT, WIDEST_SENTENCE, WIDEST_EXACT = 44, 64, 30
MOST_LINKS = 60_000
"""A sheet holds no more than 65,530."""


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """A total of a sheet: where its formula stands, and what it is."""

    sheet: str
    asset: str | None
    name: str
    kind: Kind
    cell: tuple[int, int]
    total: Total
    is_of_all: bool
    """Whether it adds all assets up, in the reporting currency."""


@dataclass
class Desk:
    """What all sheets of a pack share while they are written."""

    book: Any
    month: Month
    formats: Formats
    evidence_at: Mapping[str, tuple[str, int]]
    """Sheet and row of the first row behind a figure."""
    as_text: dict[str, Counter[str]] = field(default_factory=dict)
    rounded: dict[str, Counter[str]] = field(default_factory=dict)


def column_cells(
    series: pl.Series, column: Shown, desk: Desk, sheet: str, assets: Sequence[str | None]
) -> Iterator[Cell]:
    """Return the cells of a column that the section's frame has."""
    as_text, rounded = desk.as_text.setdefault(sheet, Counter()), desk.rounded.setdefault(sheet, Counter())
    dtype = series.dtype
    if (dtype.is_decimal() or dtype.is_integer()) and column.kind in NUMBERS:
        of = [column.currency] * len(series) if column.currency else assets if column.kind == "money" else None
        return read_cells(series, column.kind, as_text, rounded, of)
    if isinstance(dtype, pl.Datetime):
        return instants(series, desk.month.zone)
    made = cells(series, column.kind, Counter() if column.kind not in NUMBERS else as_text)
    if column.name == MARKS_OF_DAYS:
        return ((method, value, "mono") for method, value, _ in made)
    if column.name in MARKED or _is_sentence(series):
        special = {"open": BAD} if sheet == "breaks" else {}
        return ((method, value, _look(value, column.name, special)) for method, value, _ in made)
    return made


def _look(value: Any, name: str, special: Mapping[str, str]) -> str:
    if name not in MARKED or value is None:
        return "wrap"
    return special.get(value, MARKS.get(value, ""))


def _is_sentence(series: pl.Series) -> bool:
    if series.name == "raw":
        return False  # a line of a file is looked up, not read
    texts = joined(exact(series.to_frame()).to_series(), " ") if isinstance(series.dtype, pl.List) else series
    if texts.dtype != pl.String():
        return False
    return bool(((texts.str.len_chars() > SENTENCE) & texts.str.contains(" ", literal=True)).any())


def width(series: pl.Series, column: Shown, month: Month, assets: Sequence[str | None]) -> int:
    """Return the width that shows the heading with its filter arrow, and the first thousand cells."""
    part = series.head(1000)
    if part.dtype.is_decimal() and column.kind in NUMBERS:
        of = [column.currency] * len(part) if column.currency else assets
        lengths = [len(figure(value, column.kind, asset)) for value, asset in zip(part.to_list(), of, strict=False)
                   if value is not None]  # fmt: skip
        longest = max(lengths, default=0)
    else:
        texts = exact(part.to_frame()).to_series()
        texts = joined(texts, " ") if isinstance(texts.dtype, pl.List) else texts.cast(pl.String)
        most = texts.str.len_chars().max()
        longest = min(most if isinstance(most, int) else 0, WIDEST_SENTENCE if _is_sentence(series) else WIDEST_TEXT)
    return max(longest + 2, len(column.name) + 3, len(column.under) + 2, NARROWEST)


# ------------------------------------------------------------------------------------------------ writing


def write_section(desk: Desk, section: Section, sheets: Sequence[Any]) -> list[KeyFigure]:
    """Write the sheets of a section, each with its header, the totals under the last; return the totals."""
    month, frame = desk.month, section.frame
    columns = shown(section, month)
    at = {column.name: place for place, column in enumerate(columns)}
    asset_column = section.report.asset_column
    assets = frame[asset_column].cast(pl.String) if asset_column in frame.columns else None
    also = ("opening", "closing") if section.name == "reconcile" else ()
    summed, groups, everything = summed_of(frame, section.report, at, at, also)
    wanted = widest(summed)
    places = []
    of_all = assets.to_list() if assets is not None else [None] * frame.height
    widths = [
        max(width(frame[column.name], column, month, of_all) if column.name in frame.columns else len(column.name) + 6,
            min(wanted.get(place, 0) + 1, WIDEST_EXACT))
        for place, column in enumerate(columns)
    ]  # fmt: skip
    frozen = at[asset_column] + 1 if section.name == "reconcile" and asset_column in at else 0
    begun = 0
    for sheet, (name, part) in zip(sheets, section.parts(), strict=True):
        write_head(desk, sheet, columns, widths)
        some = of_all[begun : begun + part.height]
        made = [_cells(desk, section, part, column, at, some) for column in columns]
        put = writers(sheet)
        for row, line in enumerate(zip(*made, strict=True), 1):
            for place, (method, value, code) in enumerate(line):
                if value is not None:
                    put[method](row, place, value, desk.formats[code])
        dress(sheet, part.height, len(columns), frozen)
        places.append((name, 1, part.height))
        begun += part.height
    if not summed:
        return []
    last, (name, _, height) = sheets[-1], places[-1]
    here = [(None if place[0] == name else place[0], *place[1:]) for place in places]
    ranges = Ranges(places=here, asset_column=at.get(asset_column or ""), groups=groups, everything=everything)
    taken = {column.at for column in summed} | {ranges.asset_column}
    label_at = next((place for place in range(len(columns)) if place not in taken), None)
    _, formulas = write_totals(
        last, desk.formats, height + 2, ranges, summed, label_at, ranges.asset_column,
        lambda group, row: total_check(summed, at, group, row),
    )  # fmt: skip
    return [
        KeyFigure(sheet=name, asset=groups[group], name=column.name, kind=column.kind, total=total,
                  cell=formulas[group, column.name], is_of_all=group in ranges.everything)
        for group in range(len(groups)) for column in summed if (total := column.totals[group]) is not None
    ]  # fmt: skip


def write_head(desk: Desk, sheet: Any, columns: Sequence[Shown], widths: Sequence[int]) -> None:
    """Write names and widths; every sheet says on paper what it is of."""
    month, formats = desk.month, desk.formats
    for place, (column, wide) in enumerate(zip(columns, widths, strict=True)):
        sheet.set_column(place, place, wide)
        aligned = {"align": "right"} if column.kind in NUMBERS or column.name == CHECK else {}
        head = formats.styled(bold=True, bottom=1, text_wrap=True, bg_color="#EEF1F4", **aligned)
        sheet.write_string(0, place, "\n".join([column.name, *([column.under] if column.under else [])]), head)
    if any(column.under for column in columns):
        sheet.set_row(0, 31)
    account = clean(month.account)[:60].replace("&", "&&")
    draft = '&C&"-,Bold"DRAFT' if month.status == "draft" else ""
    sheet.set_header(f"&L{account}, {clean(month.period)} ({clean(month.zone)}){draft}&R&A")
    sheet.set_footer("&L" + clean(month.figures)[:64] + "&RPage &P of &N")


def _cells(
    desk: Desk, section: Section, part: pl.DataFrame, column: Shown, at: Mapping[str, int], assets: Sequence[str | None]
) -> Iterator[Cell]:
    if column.name == CHECK and CHECK not in part.columns:
        return row_checks(part, at)
    if column.name == EVIDENCE and EVIDENCE not in part.columns:
        return _links(desk, section, part)
    return column_cells(part[column.name], column, desk, section.sheet, assets)


def _links(desk: Desk, section: Section, part: pl.DataFrame) -> Iterator[Cell]:
    """Return per row the way to the rows behind it, in words that are ours."""
    month, left = desk.month, MOST_LINKS
    for keys in part.select(section.keys).iter_rows():
        key = key_of(keys, month)
        if key is None:
            yield "string", None, ""
            continue
        held = len(month.evidence.get(key, ()))
        many = month.evidence_counts.get(key, held)
        words = f"{held:,} of {many:,} rows" if held < many else f"{many:,} rows" if many != 1 else "1 row"
        if key in desk.evidence_at and left:
            left -= 1
            sheet, row = desk.evidence_at[key]
            yield "link", (f"'{sheet}'!A{row + 1}", words), "link"
        else:
            yield "string", words, ""
