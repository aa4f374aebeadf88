"""The tables of a tax year as a workbook: the summary first, every digit kept, text that never becomes a formula."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from reports.cells import DIGITS, MOST_ROWS, NARROWEST, WIDEST, Formats, cells, dress, held, opened, sheet_name, writers
from reports.contract import Kind
from reports.exact import exact, joined
from reports.reading import clean
from reports.tax.contract import DRAFT
from reports.tax.summary import STATUS
from reports.tax.value import TaxYear

VALUES = frozenset({"proceeds", "basis", "gain", "value", "cost"})
"""Columns in the policy's currency."""
WIDEST_WORDS = 100
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
    as_text: dict[str, Counter[str]] = {name: Counter() for name in tables}
    first = book.add_worksheet("summary")
    for name, frame in tables.items():
        if name == "summary":
            continue
        for number, part in enumerate(list(frame.iter_slices(MOST_ROWS)) or [frame], 1):
            sheet = book.add_worksheet(sheet_name(name, number))
            _write_table(sheet, part, formats, as_text[name])
            _on_paper(sheet, year)
            if name == "blocks" and year.is_draft:
                sheet.set_tab_color("red")
    _write_summary(first, year, tables["summary"].drop(STATUS), formats, as_text)
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


def _write_table(sheet: Any, frame: pl.DataFrame, formats: Formats, as_text: Counter[str]) -> None:
    for place, (name, width) in enumerate(_widths(frame)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats.header)
    dress(sheet, frame.height, frame.width)
    put = writers(sheet)
    row = 0
    for part in frame.iter_slices(CHUNK):
        columns = [cells(series, _kind(series.name), as_text) for series in part]
        for line in zip(*columns, strict=True):
            row += 1
            for place, (method, value, code) in enumerate(line):
                if value is not None:
                    put[method](row, place, value, formats[code])


def _widths(frame: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """Yield each column and a width that fits its name with the filter's arrow, and its first thousand values."""
    for series in exact(frame.head(1000)):
        texts = joined(series, " ") if isinstance(series.dtype, pl.List) else series.cast(pl.String)
        longest = texts.str.len_chars().max()
        needed = max(len(series.name) + 3, (longest if isinstance(longest, int) else 0) + 2)
        yield series.name, min(max(needed, NARROWEST), WIDEST)


# ------------------------------------------------------------------------------------------------ summary


def _write_summary(
    sheet: Any, year: TaxYear, page: pl.DataFrame, formats: Formats, as_text: Mapping[str, Counter[str]]
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
    for section in page.partition_by("section", maintain_order=True):
        name = section["section"][0]
        shown = section.drop("section").select(column for column in section.columns if column != "section"
                                               and section[column].null_count() < section.height)  # fmt: skip
        heads = [name, *shown.columns[1:]]
        for place, head in enumerate(heads):
            sheet.write_string(row, place, head, formats["section"])
        columns = [cells(series, _kind(series.name), as_text["summary"]) for series in shown]
        for line in zip(*columns, strict=True):
            row += 1
            for place, (method, value, code) in enumerate(line):
                if value is not None:
                    put[method](row, place, value, formats[code])
        row += 2
    for place, note in enumerate(_reading(as_text)):
        sheet.write_string(row + place, 0, note, formats[""])


def _reading(as_text: Mapping[str, Counter[str]]) -> Sequence[str]:
    """Return how to read the workbook."""
    counted = [
        f"{name}.{column} ({count:,})" for name, counts in as_text.items() for column, count in counts.items() if count
    ]
    return (
        "Instants are UTC. An empty cell is unknown, never zero; `unknown` counts the lines that a total lacks.",
        f"Figures are exact. One of more than {DIGITS} digits is text, because a spreadsheet would round it"
        + (": " + ", ".join(counted) + "." if counted else "; there is none here."),
        "It prepares a return and advises nothing.",
    )  # fmt: skip
