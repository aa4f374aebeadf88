"""A report as one page: no script, no network, nothing from a file taken as markup, good on paper."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape

import polars as pl

from reports.contract import Report
from reports.reading import (
    LONGEST_ID,
    UNKNOWN,
    Field,
    Reading,
    clean,
    is_constant,
    is_zero,
    read,
    same_in_every_row,
    summary,
)

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5c6570; --line: #d8dce1; --ground: #fff; --band: #f5f6f8;
  --loss: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4af; --line: #353b43; --ground: #15181c;
  --band: #1c2026; --loss: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; }
p { margin: 0 0 .75rem; max-width: 120ch; }
.soft { color: var(--soft); }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); margin: 1rem 0; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; white-space: nowrap; }
td { border-bottom: 1px solid var(--line); }
thead th { position: sticky; top: 0; background: var(--band); border-bottom: 2px solid var(--line);
  vertical-align: bottom; }
tfoot { position: sticky; bottom: 0; }
tfoot td, tfoot th { font-weight: 600; background: var(--band); }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--ground); }
tbody tr:nth-child(even) td:first-child, tfoot th:first-child { background: var(--band); }
thead th:first-child { z-index: 1; background: var(--band); }
tbody tr:nth-child(even) td { background: var(--band); }
tbody tr:hover td { background: var(--line); }
td wbr { display: none; }
.n { text-align: right; }
.w { white-space: normal; min-width: 14rem; }
.loss { color: var(--loss); font-weight: 600; }
.unknown { color: var(--soft); }
@media print { @page { size: A4 landscape; margin: 10mm; }
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --ground: #fff; --band: #f5f6f8;
    --loss: #b3261e; }
  body { padding: 0; font-size: 6pt; } .scroll { overflow: visible; max-height: none; border: 0; }
  th, td { padding: .1rem .2rem; white-space: normal; } .n, .i { white-space: nowrap; } td wbr { display: inline; }
  .w { min-width: 0; } thead { display: table-header-group; } thead th { position: static; } tr { break-inside: avoid; }
  tfoot { display: table-row-group; position: static; }
  th:first-child, td:first-child { position: static; } }
"""

PARTS = re.compile(r":(?=.{4})")

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

Opens = Callable[[int, str], str | None]
"""The id of what stands behind the figure of a row and a column; None where that is not on the page."""


def page(frame: pl.DataFrame, report: Report) -> str:
    """Return the page: the promised columns as they are read, all digits of a rounded figure in its tooltip."""
    return document(report.title, [f"<h1>{plain(report.title)}</h1>", *told(frame, report)], STYLE)


def told(
    frame: pl.DataFrame, report: Report, *, name: str = "", ids: Sequence[str] = (), opens: Opens | None = None,
    explains: bool = True,
) -> list[str]:  # fmt: skip
    """Return a report as a part of a page: what its rows are, the table, and what there is to know to read it.

    `ids` are those of the rows that are shown, when not all are (see `table`); `explains` whether it is said what `?`
    and rounding are, which a page of many tables says once.
    """
    reading = read(frame, report)
    if not reading.rows:
        return [said(report.empty)]
    first, *others = reading.fields
    constant = [field for field in others if not field.is_number and not field.column.keep and is_constant(field)]
    about = [summary(report, reading), *same_in_every_row(constant)]
    if ids and len(ids) < reading.rows:
        about[0] += f"; the first {len(ids):,} are shown, totals are of all"
    fields = [first, *(field for field in others if field not in constant)]
    return [
        said("\n".join(about), "soft"),
        *table(fields, reading, name=name, ids=ids, opens=opens),
        *(remarks(reading) if explains else ()),
        *([said(report.note)] if report.note else ()),
    ]


def document(title: str, body: Sequence[str], style: str) -> str:
    """Return a whole page under a policy that allows this very style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"
    return SHELL.format(policy=policy, title=plain(title), style=style, body="\n".join(body))


def table(
    fields: Sequence[Field], reading: Reading, *, name: str = "", ids: Sequence[str] = (), opens: Opens | None = None
) -> Iterator[str]:
    """Yield the table of these fields; with `ids` (one a row), each row is headed by its first cell.

    With `opens` the figures are links.  The tab key stops at the heading of a row alone: its figures are reached by
    pointing, or as cells, and a wide table costs a step a row.
    """
    yield f'<div class="scroll" tabindex="0"{_labelled(name)}><table>'
    heads = "".join(f'<th scope="col"{_class(field)}>{_heading(field.column.name)}</th>' for field in fields)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    if ids:
        yield from _headed_rows(fields, ids, opens or _nowhere)
    else:
        columns = [list(_cells(field)) for field in fields]
        yield from ("<tr>" + "".join(row) + "</tr>" for row in zip(*columns, strict=True))
    yield "</tbody>"
    if reading.total_labels:
        yield "<tfoot>"
        for row, label in enumerate(reading.total_labels):
            cells = (_cell(field, field.totals[row]) if field.totals else "<td></td>" for field in fields[1:])
            yield f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>'
        yield "</tfoot>"
    yield "</table></div>"


def _headed_rows(fields: Sequence[Field], ids: Sequence[str], opens: Opens) -> Iterator[str]:
    heading, *others = fields
    for row, row_id in enumerate(ids):
        first = _opening(_breaking(heading.cells[row]), opens(row, heading.column.name), "")
        cells = (
            _cell(field, field.cells[row], field.exact[row] if field.exact else None,
                  opens(row, field.column.name) if field.is_number and not is_zero(field.cells[row]) else None)
            for field in others
        )  # fmt: skip
        yield f'<tr id="{row_id}"><th scope="row">{first}</th>{"".join(cells)}</tr>'


def _cells(field: Field) -> Iterator[str]:
    if not field.exact:
        known = {cell: _cell(field, cell) for cell in set(field.cells)}
        yield from (known[cell] for cell in field.cells)
        return
    for cell, digits in zip(field.cells, field.exact, strict=True):
        yield _cell(field, cell, digits)


def _cell(field: Field, cell: str, digits: str | None = None, opens: str | None = None) -> str:
    title = f' title="{digits}"' if digits is not None and digits != cell else ""
    more = " loss" if field.is_loss(cell) else " unknown" if field.is_number and _is_faint(cell) else ""
    return f"<td{_class(field, more)}{title}>{_opening(_breaking(cell), opens)}</td>"


def _is_faint(cell: str) -> bool:
    return cell.startswith(UNKNOWN) or is_zero(cell)


def _opening(markup: str, anchor: str | None, more: str = ' tabindex="-1"') -> str:
    return f'<a href="#{anchor}"{more}>{markup}</a>' if anchor and markup else markup


def _nowhere(_row: int, _column: str) -> None:
    return None


def _labelled(name: str) -> str:
    return f' role="region" aria-label="{plain(name)}"' if name else ""


def _class(field: Field, more: str = "") -> str:
    base = "n" if field.is_number else "w" if field.wraps else "i" if field.kind == "instant" else ""
    names = f"{base}{more}".strip()
    return f' class="{names}"' if names else ""


def remarks(reading: Reading) -> Iterator[str]:
    """Yield what there is to know to read the table."""
    if reading.has_unknown:
        yield said("? is unknown, never zero; + ? marks a total that lacks an unknown part.", "soft")
    if reading.is_rounded:
        yield said("Figures are rounded for reading: point at one for all its digits. csv, json and xlsx hold every "
                    "column and every digit.", "soft")  # fmt: skip


def said(text: str, style: str = "") -> str:
    """Return a paragraph of plain text."""
    lines = "<br>".join(plain(line) for line in text.split("\n"))
    return f'<p class="{style}">{lines}</p>' if style else f"<p>{lines}</p>"


def _heading(name: str) -> str:
    """Return a column's name that may break after `_`."""
    return plain(name).replace("_", "_<wbr>")


def _breaking(cell: str) -> str:
    """Return a cell whose ids may break on paper, where their parts do."""
    return PARTS.sub(":<wbr>", escape(cell)) if len(cell) > LONGEST_ID else escape(cell)


def plain(text: str) -> str:
    """Return text that is markup nowhere, and hides nothing."""
    return escape(clean(text))
