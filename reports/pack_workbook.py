"""A closed month as a workbook: what an accountant opens first.

Totals are formulas with the exact sum as text beside them; text can never become a formula, a link or markup; the
same month gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from reports.cells import DIGITS, MOST_ROWS, Formats, dress, held, instants, opened, writers
from reports.month import Evidence, Month
from reports.pack_sections import ROOM, Section, Shown, key_of, sections_of
from reports.pack_sheets import BAD, MOST_LINKS, WARN, Desk, KeyFigure, write_head, write_section
from reports.pack_summary import write_summary
from reports.reading import clean

EVIDENCE_COLUMNS = (
    ("figure", 44), ("sheet", 15), ("no", 6), ("of", 8), ("at", 25), ("table", 18), ("what", 50), ("place", 44),
    ("raw", 90),
)  # fmt: skip
GREY = "#5C6570"


def pack_workbook(month: Month) -> bytes:
    """Return the workbook of the month."""
    buffer = io.BytesIO()
    book = opened(buffer, f"{clean(month.account)} {clean(month.period)}")
    formats = _formats(book)
    sections = sections_of(month)
    written = [section for section in sections if section.frame.height]
    figure_at = _figure_places(written, month)
    lines = _evidence_lines(month, figure_at)
    evidence_at = {key: _place(number) for number, (key, no, _) in enumerate(lines) if no == 1}
    desk = Desk(book=book, month=month, formats=formats, evidence_at=evidence_at)
    summary = book.add_worksheet("summary")
    sheets = {section.sheet: [book.add_worksheet(name) for name, _ in section.parts()] for section in written}
    evidence = [book.add_worksheet(_place(begin)[0]) for begin in range(0, len(lines), MOST_ROWS - ROOM)]
    about = book.add_worksheet("about")
    figures: list[KeyFigure] = []
    for section in written:
        figures += write_section(desk, section, sheets[section.sheet])
        if section.sheet == "breaks":
            for sheet in sheets["breaks"]:
                sheet.set_tab_color("red")
    for number, sheet in enumerate(evidence):
        _write_evidence(desk, sheet, lines[number * (MOST_ROWS - ROOM) :][: MOST_ROWS - ROOM], figure_at)
    rows = _write_about(desk, about, written)
    more = {"evidence": len(lines)} if lines else {}
    write_summary(desk, summary, sections, figures, more | {"about": rows})
    book.close()
    return buffer.getvalue()


def _formats(book: Any) -> Formats:
    formats = Formats(book, valign="top")
    formats.name("wrap", text_wrap=True)
    formats.name("mono", font_name="Consolas")
    formats.name("link", font_color="#0B57D0", underline=1)
    formats.name("check", num_format="[=0]0;[Red]General", align="right", font_color=GREY)
    formats.name(BAD, bg_color="#FBD5D1", font_color="#8C1D18", bold=True)
    formats.name(WARN, bg_color="#FFF0C2", font_color="#6B4E00")
    return formats


# ------------------------------------------------------------------------------------------------ evidence


def _figure_places(sections: Sequence[Section], month: Month) -> dict[str, tuple[str, int]]:
    """Return sheet and row of the first line of each figure that has rows behind it."""
    places: dict[str, tuple[str, int]] = {}
    for section in sections:
        if not section.keys:
            continue
        for name, part in section.parts():
            for row, keys in enumerate(part.select(section.keys).iter_rows(), 1):
                if (key := key_of(keys, month)) is not None:
                    places.setdefault(key, (name, row))
    return places


def _evidence_lines(month: Month, figure_at: Mapping[str, Any]) -> list[tuple[str, int, Evidence]]:
    """Return the rows behind every figure in the order of the figures, each with its number."""
    keys = [*figure_at, *(key for key in month.evidence if key not in figure_at)]
    return [(key, no, row) for key in keys for no, row in enumerate(month.evidence.get(key, ()), 1)]


def _place(number: int) -> tuple[str, int]:
    """Return sheet and row of an evidence line."""
    part, row = divmod(number, MOST_ROWS - ROOM)
    return ("evidence" if part == 0 else f"evidence {part + 1}", row + 1)


def _write_evidence(
    desk: Desk, sheet: Any, lines: Sequence[tuple[str, int, Evidence]], figure_at: Mapping[str, tuple[str, int]]
) -> None:
    month, formats, put = desk.month, desk.formats, writers(sheet)
    columns = [Shown(name=name, kind="text", under=month.zone if name == "at" else "") for name, _ in EVIDENCE_COLUMNS]
    write_head(desk, sheet, columns, [width for _, width in EVIDENCE_COLUMNS])
    moments = pl.Series([row.at for _, _, row in lines], dtype=pl.Datetime("us", "UTC"))
    links = 0
    for at, ((key, no, row), (method, moment, code)) in enumerate(
        zip(lines, instants(moments, month.zone), strict=True), 1
    ):
        sheet.write_string(at, 0, held(key), formats[""])
        if no == 1 and key in figure_at and links < MOST_LINKS:
            links += 1
            name, line = figure_at[key]
            put["link"](at, 1, (f"'{name}'!A{line + 1}", name), formats["link"])
        else:
            sheet.write_string(at, 1, figure_at[key][0] if key in figure_at else "", formats[""])
        sheet.write_number(at, 2, no, formats["#,##0"])
        sheet.write_number(at, 3, month.evidence_counts.get(key, len(month.evidence[key])), formats["#,##0"])
        if moment is not None:
            put[method](at, 4, moment, formats[code])
        texts = (row.table, row.what, row.place, row.raw or "")
        for place, text in enumerate(texts, 5):
            sheet.write_string(at, place, held(text), formats[""])
    dress(sheet, len(lines), len(EVIDENCE_COLUMNS))


# ------------------------------------------------------------------------------------------------ about


TOPICS = (
    ("time", "Days, months and times are those of {zone}; the heading of a column names it. The text of the files' own "
     "rows stands as the venue wrote it. Where clocks are put back an hour comes twice: rows keep the order of time. A "
     "day of `witnesses` is one of UTC."),
    ("unknown", "An empty cell is unknown, never zero. No total has it; `cells unknown` counts them."),
    ("exactness", "A cell holds every digit of its figure; its number format shows two decimals of a currency, up to "
     "eight of a coin. A spreadsheet keeps 15 digits of a number: an amount with more is text, whole, and no formula "
     "over the rows sees it. A price, a ratio or a percent with more is rounded to 15."),
    ("totals", "Under the rows, per asset: `total` is a formula over them, `exact` the exact sum as text, which is the "
     "truth; `agrees` compares the two as far as 15 digits go. `of cells that are text` is what the amounts that are "
     "text come to, in 15 digits; `total` adds it."),
    ("check", "Of the roll-forward: opening + all causes - closing, as a formula. It is 0."),
    ("signs", "Cash (roll-forward, net of funding and interest): + = came in. Fees, interest and liquidation fees of "
     "positions and results: + = cost."),
    ("evidence", "The first rows behind a figure, with the line of the file and its text; `of` says how many there are "
     "in all. `marginbook trace KEY` lists them; KEY is the id or the `line` of a row."),
    ("text", "Text of files never becomes a formula or a link; links lead to sheets of this workbook only."),
)  # fmt: skip


def _write_about(desk: Desk, sheet: Any, sections: Sequence[Section]) -> int:
    """Write how to read the workbook, and return how many rows that took."""
    formats = desk.formats
    topics = [(topic, words.replace("{zone}", desk.month.zone)) for topic, words in TOPICS]
    topics += [(section.sheet, section.report.note) for section in sections if section.report.note]
    for topic, what, counted in (
        ("as text", "amounts", desk.as_text),
        ("rounded", "prices, ratios or percents", desk.rounded),
    ):
        topics += [(topic, f"{sheet_name}, {name}: {many:,} {what} of more than {DIGITS} digits")
                   for sheet_name, counts in counted.items() for name, many in counts.items() if many]  # fmt: skip
    write_head(desk, sheet, [Shown(name="about", kind="text"), Shown(name="how to read it", kind="text")], (16, 120))
    for row, (topic, words) in enumerate(topics, 1):
        sheet.write_string(row, 0, topic, formats.styled(bold=True))
        sheet.write_string(row, 1, held(words), formats["wrap"])
    dress(sheet, len(topics), 2)
    return len(topics)
