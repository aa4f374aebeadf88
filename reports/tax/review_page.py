"""The review of a tax year as one page: no script, nothing of another place, good on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.pack_page import HATCH, NO_CHARTS
from reports.pack_style import PACK_STYLE
from reports.page import document, plain, said, told
from reports.svg import can_draw, svg
from reports.tax import review_words as words
from reports.tax.contract import DRAFT
from reports.tax.review_charts import by_month
from reports.tax.review_tables import Table, tables
from reports.tax.value import TaxYear

MOST_BLOCKS = 2_000
"""Blocks on the page; `<stem>-blocks.csv`, beside the files of a target, has all."""
COMMAND = re.compile("`([^`]+)`")
STYLE = f"""{PACK_STYLE}
.blocks {{ list-style: none; padding: 0; }}
.blocks li {{ border-left: 3px solid var(--line); padding-left: .75rem; margin: .6rem 0; overflow-wrap: anywhere; }}
.blocks.open li {{ border-color: var(--loss); }}
.blocks p {{ margin: 0 0 .2rem; }}
ul.told li {{ margin: .25rem 0; max-width: 120ch; overflow-wrap: anywhere; }}
tbody td:first-child, thead th:first-child {{ white-space: nowrap; }}
@media print {{ .blocks li {{ break-inside: avoid; }} }}
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page: the place that links lead to, its heading and its markup."""

    id: str
    heading: str
    lines: Sequence[str]


def page(year: TaxYear) -> str:
    """Return the page; the same year gives the same bytes, and text of files is text."""
    parts = list(_sections(year))
    title = words.title(year) + (f" - {DRAFT}" if year.is_draft else "")
    body = [
        '<a class="skip" href="#main">Skip to the review</a>', *_header(year, parts), '<main id="main" tabindex="-1">',
        *(line for part in parts for line in _section(part)), "</main>",
        f'<footer class="soft">made by marginbook {plain(year.version)}; sha-256 of the figures: '
        f"<code>{plain(year.book)}</code></footer>",
        HATCH,
    ]  # fmt: skip
    return document(title, body, STYLE)


def _header(year: TaxYear, parts: Sequence[Section]) -> Iterator[str]:
    yield f"<header><h1>{plain(words.title(year))}</h1>"
    yield f'<p><strong class="badge{" draft" if year.is_draft else ""}">{plain(words.badge(year))}</strong></p>'
    yield f'<p class="verdict">{plain(words.sums(year))}</p>'
    yield said(words.chosen(year), "soft")
    yield said(f"{words.ADVICE}\n{words.READING}", "soft")
    if not can_draw():
        yield said(NO_CHARTS, "soft")
    links = "".join(f'<li><a href="#{part.id}">{plain(part.heading)}</a></li>' for part in parts)
    yield f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>'


def _section(part: Section) -> Iterator[str]:
    yield f'<section id="{part.id}" aria-labelledby="{part.id}-name"><h2 id="{part.id}-name">{plain(part.heading)}</h2>'
    yield from part.lines
    yield "</section>"


def _sections(year: TaxYear) -> Iterator[Section]:
    if any(words.blocks(year, is_accepted=False)):
        yield Section(id="blocks", heading="What blocks", lines=list(_blocks(year, is_accepted=False)))
    if any(words.blocks(year, is_accepted=True)):
        yield Section(id="accepted", heading="What was accepted", lines=list(_blocks(year, is_accepted=True)))
    yield Section(id="assumed", heading="What was assumed", lines=_listed(year.assumptions))
    changed = [said(words.compared(year)), *_listed(words.changes(year))]
    yield Section(id="changed", heading="What changed", lines=changed)
    controls = [said(words.agreed(year)), *_listed(words.differences(year))]
    yield Section(id="controls", heading="Control totals", lines=controls)
    for table in tables(year):
        lines = [*(_chart(table, year) if table.report.name == "months" else ()),
                 *told(table.frame, table.report, name=table.report.title, explains=False)]  # fmt: skip
        yield Section(id=table.report.name, heading=table.report.title, lines=lines)
    yield Section(
        id="files", heading="Write the files", lines=[f"<p>{_prose(line)}</p>" for line in words.how_to_write(year)]
    )


def _blocks(year: TaxYear, *, is_accepted: bool) -> Iterator[str]:
    """Yield the blocks by kind, with what to do once for those that share it."""
    found = words.blocks(year, is_accepted=is_accepted)
    if len(found) > MOST_BLOCKS:
        yield said(f"The first {MOST_BLOCKS:,} of {len(found):,}; the file of blocks beside each target's has all.")
    for kind, own in words.grouped(found[:MOST_BLOCKS], "kind").items():
        yield f"<h3>{plain(kind.replace('_', ' '))} ({len(own):,})</h3>"
        for todo, alike in words.grouped(own, "todo").items():
            yield "" if is_accepted else f"<p>To do: {_prose(todo)}</p>"
            yield f'<ul class="blocks{"" if is_accepted else " open"}">'
            yield from (_block(block, is_accepted=is_accepted) for block in alike)
            yield "</ul>"


def _block(block: Mapping[str, Any], *, is_accepted: bool) -> str:
    name = block["block_id"]
    more = f"{plain(words.acceptance(block))}; <code>{plain(name)}</code>"
    if not is_accepted:
        more = f"or accept it: <code>{plain(words.accepting(name))}</code>"
    return f'<li><p>{_prose(block["sentence"])}</p><p class="soft">{more}</p></li>'


def _prose(text: str) -> str:
    """Return a sentence in which commands stand out."""
    return COMMAND.sub(r"<code>\1</code>", plain(text))


def _chart(table: Table, year: TaxYear) -> Iterator[str]:
    if can_draw():
        chart = by_month(table.frame, year)
        yield f"<figure><figcaption>{plain(chart.title)}</figcaption>"
        yield f'<div class="chart" tabindex="0">{svg(chart.spec, chart.text)}</div>'
        yield f"{said(chart.note, 'soft') if chart.note else ''}</figure>"


def _listed(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ['<ul class="told">', *(f"<li>{_prose(line)}</li>" for line in lines), "</ul>"]
