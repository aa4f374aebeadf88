"""The tables of a tax year as a workbook: the summary first, every digit kept, text that never becomes a formula.

A spreadsheet keeps 15 digits of a number and passes text over where it sums.  A column with longer figures is two: the
numbers, rounded to 15 digits, which sum up; and beside them, as text, every digit.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from reports.cells import (
    DIGITS,
    FIFTEEN,
    MOST_ROWS,
    NARROWEST,
    WIDEST,
    Cell,
    Formats,
    cells,
    dress,
    held,
    opened,
    plain,
    sheet_name,
    too_long,
    writers,
)
from reports.contract import Kind
from reports.exact import exact, joined
from reports.reading import clean
from reports.tax.contract import DRAFT
from reports.tax.summary import STATUS
from reports.tax.value import TaxYear

VALUES = frozenset({"proceeds", "basis", "gain", "value", "cost"})
"""Columns in the policy's currency."""
EXACT = " exact"
"""Ends the name of the column that has every digit of the one before it."""
CHUNK = 50_000


def tax_workbook(year: TaxYear, tables: Mapping[str, pl.DataFrame]) -> bytes:
    """Return the workbook; a table with more rows than a sheet holds goes on in a further one."""
    buffer = io.BytesIO()
    book = opened(buffer, _title(year))
    formats = Formats(book, valign="top")
    formats.name("title", bold=True, font_size=14)
    formats.name("draft", bold=True, font_size=14, font_color="#8C1D18", bg_color="#FBD5D1")
    formats.name("section", bold=True, bottom=1, bg_color="#EEF1F4")
    formats.name("words", text_wrap=True)
    split: dict[str, Sequence[str]] = {}
    first = book.add_worksheet("summary")
    for name, exact_frame in tables.items():
        if name == "summary":
            continue
        frame, split[name] = summable(exact_frame)
        for number, part in enumerate(list(frame.iter_slices(MOST_ROWS)) or [frame], 1):
            sheet = book.add_worksheet(sheet_name(name, number))
            _write_table(sheet, part, formats)
            _on_paper(sheet, year)
            if name == "blocks" and year.is_draft:
                sheet.set_tab_color("red")
    _write_summary(first, year, tables["summary"].drop(STATUS), formats, split)
    book.close()
    return buffer.getvalue()


def _title(year: TaxYear) -> str:
    return f"Tax year {clean(year.policy.label)}, {clean(year.policy.jurisdiction)}, in {clean(year.policy.currency)}"


def _on_paper(sheet: Any, year: TaxYear) -> None:
    draft = f'&C&"-,Bold"{DRAFT}' if year.is_draft else ""
    sheet.set_header(f"&L{_title(year).replace('&', '&&')}{draft}&R&A")
    sheet.set_footer(f"&L{clean(year.book)[:64].replace('&', '&&')}&RPage &P of &N")


def _kind(name: str) -> Kind:
    return "money" if name in VALUES else "quantity"


def summable(frame: pl.DataFrame) -> tuple[pl.DataFrame, Sequence[str]]:
    """Return a frame whose numbers a spreadsheet keeps, and which columns have their exact figures beside them."""
    columns: list[pl.Series] = []
    split = []
    for series in frame:
        long = too_long(series) if series.dtype.is_decimal() else None
        if long is None or not long.any():
            columns.append(series)
            continue
        split.append(series.name)
        values = zip(series.to_list(), long.to_list(), strict=True)
        numbers = [FIFTEEN.create_decimal(value) if many else value for value, many in values]
        texts = [None if value is None else plain(value) for value in series.to_list()]
        columns += [pl.Series(series.name, numbers, dtype=series.dtype), pl.Series(f"{series.name}{EXACT}", texts)]
    return pl.DataFrame(columns), split


def _write_table(sheet: Any, frame: pl.DataFrame, formats: Formats) -> None:
    for place, (name, width) in enumerate(_widths(frame)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats.header)
    dress(sheet, frame.height, frame.width)
    row = 1
    for part in frame.iter_slices(CHUNK):
        row = sheet.write_rows(row, [_cells(series) for series in part], formats)


def _cells(series: pl.Series) -> Iterator[Cell]:
    if series.name.endswith(EXACT):
        return (("string", text, "text") for text in series.to_list())
    return cells(series, _kind(series.name), Counter())


def _widths(frame: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """Yield each column and a width that fits its name with the filter's arrow, and its first thousand values."""
    for series in exact(frame.head(1000)):
        texts = joined(series, " ") if isinstance(series.dtype, pl.List) else series.cast(pl.String)
        longest = texts.str.len_chars().max()
        needed = max(len(series.name) + 3, (longest if isinstance(longest, int) else 0) + 2)
        yield series.name, min(max(needed, NARROWEST), WIDEST)


# ------------------------------------------------------------------------------------------------ summary


def _write_summary(
    sheet: Any, year: TaxYear, page: pl.DataFrame, formats: Formats, split: Mapping[str, Sequence[str]]
) -> None:
    """Write the title, then each section under its own heading, with those columns alone that it has."""
    put = writers(sheet)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 9, 18)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    _on_paper(sheet, year)
    blocking = int(year.blocks["accepted_reason"].is_null().sum())
    said = (
        f"{_title(year)}: {DRAFT}, {blocking} {'block' if blocking == 1 else 'blocks'} open"
        if blocking
        else _title(year)
    )
    sheet.write_string(0, 0, held(said), formats["draft" if blocking else "title"])
    row = 2
    of_summary: list[str] = []
    for section in page.partition_by("section", maintain_order=True):
        name = section["section"][0]
        shown = section.drop("section").select(column for column in section.columns if column != "section"
                                               and section[column].null_count() < section.height)  # fmt: skip
        shown, names = summable(shown)
        of_summary += [one for one in names if one not in of_summary]
        heads = [name, *shown.columns[1:]]
        for place, head in enumerate(heads):
            sheet.write_string(row, place, head, formats["section"])
        columns = [_cells(series) for series in shown]
        for line in zip(*columns, strict=True):
            row += 1
            for place, (method, value, code) in enumerate(line):
                if value is not None:
                    put[method](row, place, value, formats[code])
        row += 2
    for place, note in enumerate(_reading({"summary": of_summary, **split})):
        sheet.write_string(row + place, 0, note, formats[""])


def _reading(split: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return how to read the workbook."""
    named = ", ".join(f"{name}.{column}" for name, columns in split.items() for column in columns)
    long = (
        f"A spreadsheet keeps {DIGITS} digits of a number. Columns that have longer figures hold numbers rounded to "
        f"{DIGITS} digits, which sum up, and beside them in `{EXACT.strip()}` every digit as text: {named}. Sums of "
        "the spreadsheet may differ from those of this sheet in the last of these digits."
    )
    return (
        "Instants are UTC. An empty cell is unknown, never zero; `unknown` counts the lines that a total lacks.",
        long if named else f"Figures are exact: none has more than {DIGITS} digits.",
        "It prepares a return and advises nothing.",
    )
