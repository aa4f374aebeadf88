"""The first sheet of a closed month's workbook: what it is of, whether it ties, what it comes to, where what is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

import polars as pl
from xlsxwriter.utility import quote_sheetname, xl_col_to_name, xl_rowcol_to_cell

from reports.cells import held, instants, plain, read_format, writers
from reports.monthly import HEADINGS
from reports.pack_sections import Section, shown
from reports.pack_sheets import Desk, KeyFigure
from reports.totals import EXACT, SOFT, alarm, write_agreement

WIDTHS = (24, 22, 22, 24, 30, 12, 46)
LINE, A_LINE, MOST_LINES = 15, 150, 20
"""Height of a line of text in points, characters that stand on one across the sheet, lines that a row may have."""
STATUSES = ("tied", "explained", "broken", "no_anchor")
CASH = ("roll-forward",)
FIGURES_OF = ("roll-forward", "realized")
"""Sheets whose totals are key figures: the cash of every wallet, and the results of positions."""
ALWAYS = frozenset({"opening", "closing"})
COSTS = frozenset({"trading_fees", "interest", "liquidation_fees"})
"""Figures of results that are positive where they cost."""
HEADS = ("sheet", "asset", "figure", "total", "exact", "agrees", "sign")


def write_summary(
    desk: Desk, sheet: Any, sections: Sequence[Section], figures: Sequence[KeyFigure], more: Mapping[str, int]
) -> None:
    """Write the summary; `more` are the rows of the sheets that are no section."""
    month, formats = desk.month, desk.formats
    for place, width in enumerate(WIDTHS):
        sheet.set_column(place, place, width)
    is_draft = month.status == "draft"
    title = f"Month {month.period} of account {month.account}"
    large = formats.styled(bold=True, font_size=14, **({"font_color": "red"} if is_draft else {}))
    sheet.write_string(0, 0, held(f"DRAFT - {title}: not closed" if is_draft else title), large)
    row = 2
    for label, method, value, style in _facts(desk, sections):
        sheet.write_string(row, 0, label, formats.styled(bold=True))
        if value is not None:
            writers(sheet)[method](row, 1, value, style)
        row += 1
    row = _blocks(desk, sheet, row + 1)
    row = _contents(desk, sheet, row + 1, sections, more)
    _key_figures(desk, sheet, row + 1, figures)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _facts(desk: Desk, sections: Sequence[Section]) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield label, method, value and format of what the month is and how far it ties."""
    month, formats = desk.month, desk.formats
    text = formats.styled(align="left")
    yield "account", "string", held(month.account), text
    yield "month", "string", held(month.period), text
    yield "zone of all times", "string", held(month.zone), text
    yield "from", *_instant(desk, month.starts_at)
    yield "to (exclusive)", *_instant(desk, month.ends_at)
    loud = formats.styled(bold=True, font_color="red")
    yield (
        "status",
        "string",
        "DRAFT" if month.status == "draft" else month.status,
        loud if month.status == "draft" else text,
    )
    for what, who, when in (
        ("closed", month.closed_by, month.closed_at),
        ("reviewed", month.reviewed_by, month.reviewed_at),
    ):
        yield f"{what} by", "string", held(who) if who else "nobody yet", text
        if when is not None:
            yield f"{what} at", *_instant(desk, when)
    if month.currency:
        yield "reporting currency", "string", held(month.currency), text
    yield "digest of the figures", "string", held(month.figures) or "none: nothing is frozen", text
    yield "made by", "string", held(f"marginbook {month.version}"), text
    section = next(section for section in sections if section.name == "reconcile")
    if section.frame.height:
        places = [column.name for column in shown(section, month)]
        for status in STATUSES:
            column = xl_col_to_name(places.index("status"))
            counted = [f'COUNTIF({quote_sheetname(name)}!{column}$2:{column}${part.height + 1},"{status}")'
                       for name, part in section.parts()]  # fmt: skip
            many = section.frame.filter(pl.col("status") == status).height
            loud_if = {"font_color": "red", "bold": True} if status == "broken" and many else {}
            yield (
                f"balances {status}",
                "formula",
                ("=" + "+".join(counted), many),
                formats.styled("#,##0", align="left", **loud_if),
            )
        yield "opening + causes", "string", _rolls(section.frame), text


def _rolls(frame: pl.DataFrame) -> str:
    """Say, exactly, whether every line of the roll-forward leads from opening to closing."""
    lines = frame.select("opening", *HEADINGS, "closing").rows()
    known = [line for line in lines if None not in line]
    with localcontext(EXACT):
        wrong = sum(sum(line[:-1], Decimal(0)) != line[-1] for line in known)
    unknown = f"; {len(lines) - len(known):,} lines lack a figure" if len(known) < len(lines) else ""
    if wrong:
        return f"are not closing on {wrong:,} of {len(lines):,} lines{unknown}"
    return f"= closing on {'all ' if not unknown else ''}{len(known):,} lines, exactly{unknown}"


def _instant(desk: Desk, moment: datetime) -> tuple[str, Any, Any]:
    (cell,) = instants(pl.Series([moment], dtype=pl.Datetime("us", "UTC")), desk.month.zone)
    return cell[0], cell[1], desk.formats.styled(cell[2], align="left")


def _blocks(desk: Desk, sheet: Any, row: int) -> int:
    """Write why the month cannot be closed, a sentence a row."""
    formats, blocks = desk.formats, desk.month.blocks
    if not blocks:
        done = "Nothing blocks it." if desk.month.status == "draft" else "Nothing blocked it."
        sheet.write_string(row, 0, done, formats.styled(bold=True))
        return row + 1
    sheet.write_string(row, 0, "What blocks it:", formats.styled(bold=True, font_color="red"))
    wrapped = formats.styled(text_wrap=True, font_color="red")
    for sentence in blocks:
        row += 1
        text = held(sentence)
        sheet.set_row(row, LINE * min(-(-len(text) // A_LINE), MOST_LINES))  # merged cells do not grow by themselves
        sheet.merge_range(row, 0, row, len(WIDTHS) - 1, "", wrapped)
        sheet.write_string(row, 0, text, wrapped)
    return row + 1


def _contents(desk: Desk, sheet: Any, row: int, sections: Sequence[Section], more: Mapping[str, int]) -> int:
    """Write every sheet with its rows, and a way to it; say of a section without rows that it has no sheet."""
    formats = desk.formats
    head = formats.styled(bold=True, bottom=1, bg_color="#EEF1F4")
    for place, name in enumerate(("sheet", "rows", "one row is")):
        sheet.write_string(row, place, name, head)
    for section in sections:
        row += 1
        if section.frame.height:
            sheet.write_url(row, 0, f"internal:'{section.sheet}'!A1", formats["link"], section.sheet)
            sheet.write_number(row, 1, section.frame.height, formats.styled("#,##0", align="left"))
            sheet.write_string(row, 2, held(section.report.one_row), formats.styled())
        else:
            sheet.write_string(row, 0, section.sheet, formats.styled(**SOFT))
            sheet.write_number(row, 1, 0, formats.styled("#,##0", align="left", **SOFT))
            sheet.write_string(row, 2, f"no sheet: {held(section.report.empty)}", formats.styled(**SOFT))
    for name, rows in more.items():
        row += 1
        sheet.write_url(row, 0, f"internal:'{name}'!A1", formats["link"], name)
        sheet.write_number(row, 1, rows, formats.styled("#,##0", align="left"))
    return row + 1


def _key_figures(desk: Desk, sheet: Any, row: int, figures: Sequence[KeyFigure]) -> None:
    """Write the totals of the roll-forward and of the results: formulas that point at those of their sheets."""
    formats = desk.formats
    top = row
    for place, name in enumerate(HEADS):
        aligned = {"align": "right"} if name in {"total", "exact", "agrees"} else {}
        sheet.write_string(row, place, name, formats.styled(bold=True, bottom=1, bg_color="#EEF1F4", **aligned))
    for figure in _telling(figures):
        row += 1
        total = figure.total
        formula = f"={quote_sheetname(figure.sheet)}!{xl_rowcol_to_cell(*figure.cell)}"
        code = read_format(total.exact, figure.kind, _currency(figure, desk))
        whose = f"all, in {figure.asset}" if figure.is_of_all else figure.asset
        sheet.write_string(row, 0, figure.sheet, formats.styled())
        sheet.write_string(row, 1, held(whose or ""), formats.styled())
        sheet.write_string(row, 2, figure.name, formats.styled())
        sheet.write_formula(row, 3, formula, formats.styled(code), Decimal(plain(total.exact)))
        sheet.write_string(row, 4, plain(total.exact), formats.styled(align="right", **SOFT))
        shown_at, exact_at = xl_rowcol_to_cell(row, 3), xl_rowcol_to_cell(row, 4)
        write_agreement(sheet, formats, row, 5, shown_at, exact_at, total)
        lacks = (
            f"; lacks {total.unknown:,} that {'is' if total.unknown == 1 else 'are'} unknown" if total.unknown else ""
        )
        sheet.write_string(row, 6, _sign(figure) + lacks, formats.styled(**SOFT))
    sheet.autofilter(top, 0, max(row, top + 1), len(HEADS) - 1)
    alarm(sheet, formats, (top + 1, 5), (max(row, top + 1), 5))


def _telling(figures: Sequence[KeyFigure]) -> Iterator[KeyFigure]:
    for sheet in FIGURES_OF:
        of_sheet = [figure for figure in figures if figure.sheet.startswith(sheet)]
        yield from (figure for figure in of_sheet
                    if (figure.name in ALWAYS or figure.total.exact or figure.total.unknown)
                    and (figure.is_of_all or not figure.name.endswith("_value")))  # fmt: skip


def _currency(figure: KeyFigure, desk: Desk) -> str | None:
    return desk.month.currency if figure.name.endswith("_value") else figure.asset


def _sign(figure: KeyFigure) -> str:
    if figure.sheet.startswith(CASH):
        return "balance" if figure.name.removesuffix("_value") in ALWAYS else "cash: + = came in"
    return "+ = cost" if figure.name.removesuffix("_value") in COSTS else "+ = gain"
