"""A form as a page for the screen and for paper: what blocks first, the tables, what was decided, and the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from reports.page import STYLE, document, plain, said
from reports.tax.amounts import ZERO, cents, quantity, written
from reports.tax.contract import DRAFT
from reports.tax.facts import Fact
from reports.tax.listing import Cell, Head, Listing
from reports.tax.value import TaxYear

ADVICE = "Prepared from the book, not advice: a person decides what is filed."
READING = "This page shows money in cents: point at a figure for all its digits, which the CSV files have."
MOST_LINES = 5_000
"""Lines of a table that a page shows; files for machines have all."""

FORM_STYLE = """
body { max-width: 1500px; margin: 0 auto; }
header h1 { overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .25rem; font-size: 1.1rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
p, li { overflow-wrap: anywhere; }
.badge { display: inline-block; border: 2px solid var(--loss); color: var(--loss); border-radius: 4px;
  padding: .1rem .6rem; font-weight: 700; margin: .25rem 0 .5rem; }
.blocks li { margin: .35rem 0; max-width: 120ch; }
.scroll { width: fit-content; max-width: 100%; margin: .5rem 0 1rem; max-height: none; }
table { width: auto; }
tbody th { font-weight: 400; border-bottom: 1px solid var(--line); text-align: left; background: var(--ground); }
tbody tr:nth-child(even) th { background: var(--band); }
thead th { white-space: normal; overflow-wrap: normal; }
thead small { display: block; font-weight: 400; color: var(--soft); }
tr.of th { font-weight: 600; }
td.gap { background: repeating-linear-gradient(45deg, transparent 0 5px, var(--line) 5px 7px); }
td.w, th.w { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
@media (max-width: 700px) { body { padding: .75rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
  th:first-child, td:first-child { position: static; } .w { min-width: 9rem; } th.w:first-child { min-width: 8rem; } }
@media print { body { max-width: none; font-size: 8pt; } h1 { font-size: 14pt; } h2 { font-size: 10.5pt;
  break-after: avoid; margin-top: 5mm; } table { font-size: 7pt; } .scroll { width: auto; }
  p { max-width: none; } td, th { padding: .4mm .8mm; } .about { break-inside: avoid; } }
"""
PAPER = {"us": "@media print { @page { size: letter landscape; margin: 10mm; } }"}
"""A4 elsewhere, as every page of reports."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a page of a form is made from."""

    title: str
    intro: Sequence[str]
    listings: Sequence[Listing]
    rules: Sequence[str] = ()
    """How figures were made: rounding, what counts where."""
    facts: Sequence[Fact] = ()
    """What of the law and of the form the page rests on."""
    decided: Mapping[str, str] = field(default_factory=dict)
    """Further decisions of the person, beside those of the policy."""


def page(year: TaxYear, paper: Paper) -> bytes:
    """Return the page; the same year gives the same bytes, and text of files is text."""
    title = f"{paper.title}, {year.policy.label}" + (f" - {DRAFT}" if year.is_draft else "")
    body = [*_header(year, paper, title), "<main>", *_blocks(year)]
    body += [line for listing in paper.listings for line in _section(listing)]
    body += [*_about(year, paper), "</main>", *_footer(year)]
    style = STYLE + FORM_STYLE + PAPER.get(year.policy.jurisdiction, "")
    return document(title, body, style).encode()


def marks(year: TaxYear) -> Iterator[str]:
    """Yield what is said of the year on every form: that it is a draft, and why; and what somebody accepted."""
    for block in year.blocks.iter_rows(named=True):
        if block["accepted_reason"] is None:
            yield f"{DRAFT}, blocks: {block['sentence']}. To do: {block['todo']}."
        else:
            yield (f"Accepted by {block['accepted_by']}: {block['sentence']}. "
                   f"Reason: {block['accepted_reason']}.")  # fmt: skip


def decisions(year: TaxYear, more: Mapping[str, str]) -> dict[str, str]:
    """Return what the person decided, by name."""
    policy = year.policy
    told = {
        "Tax year": f"{policy.label}: from {policy.starts_at:%Y-%m-%d %H:%M} until {policy.ends_at:%Y-%m-%d %H:%M} UTC",
        "Days": f"those of {policy.zone}",
        "Values": f"in {policy.currency}",
        "Method": f"{policy.method}, within {policy.scope}",
        "Lots chosen by": policy.choices or "",
        "Results of derivatives": f"when a {policy.results} is booked",
        "Funding": f"counts as {policy.funding}",
        "Fees of spot trades": "in basis and proceeds" if policy.fees == "basis" else "apart",
        "Network fees": "disposed of at their value" if policy.network_fees == "disposal" else "stay in the basis",
    }
    return {name: text for name, text in {**told, **more}.items() if text}


# ------------------------------------------------------------------------------------------------ parts


def _header(year: TaxYear, paper: Paper, title: str) -> Iterator[str]:
    yield f"<header><h1>{plain(title)}</h1>"
    if year.is_draft:
        yield f'<p class="badge">{DRAFT}: not to be filed</p>'
    yield from (said(text) for text in (*paper.intro, ADVICE))
    yield "</header>"


def _blocks(year: TaxYear) -> Iterator[str]:
    told = list(marks(year))
    if told:
        yield f"<section><h2>{'What blocks' if year.is_draft else 'What was accepted'}</h2>"
        yield '<ul class="blocks">'
        yield from (f"<li>{plain(text)}</li>" for text in told)
        yield "</ul></section>"


def _section(listing: Listing) -> Iterator[str]:
    place = plain(listing.name).replace(" ", "-")
    yield f'<section><h2 id="{place}">{plain(listing.heading)}</h2>'
    yield from (said(text, "soft") for text in listing.about)
    if listing.lines:
        yield from _table(listing)
    else:
        yield said(listing.empty)
    yield "</section>"


def _table(listing: Listing) -> Iterator[str]:
    listing = _shown(listing)
    if len(listing.lines) > MOST_LINES:
        yield said(f"The first {MOST_LINES:,} of {len(listing.lines):,} lines; the CSV has all, totals are of all.")
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{plain(listing.heading)}"><table>'
    yield f"<thead><tr>{''.join(_head(head) for head in listing.heads)}</tr></thead><tbody>"
    yield from (_row(listing.heads, line) for line in listing.lines[:MOST_LINES])
    yield "</tbody>"
    if listing.totals:
        yield "<tfoot>"
        yield from (_row(listing.heads, line, is_total=True) for line in listing.totals)
        yield "</tfoot>"
    yield "</table></div>"


def _shown(listing: Listing) -> Listing:
    """Return a listing without the columns that the page does not need: its notes, where there are none."""
    rows = [*listing.lines, *listing.totals]
    kept = [place for place, head in enumerate(listing.heads)
            if head.on_page and (head.name != "note" or any(row[place] for row in rows))]  # fmt: skip
    return replace(
        listing, heads=[listing.heads[place] for place in kept],
        lines=[[line[place] for place in kept] for line in listing.lines],
        totals=[[line[place] for place in kept] for line in listing.totals],
    )  # fmt: skip


def _head(head: Head) -> str:
    box = f"<small>{plain(head.box)}</small>" if head.box else ""
    return f'<th scope="col"{_class(head)}>{box}{plain(head.name)}</th>'


def _row(heads: Sequence[Head], line: Sequence[Cell], *, is_total: bool = False) -> str:
    first, *others = (_cell(head, cell, is_total=is_total) for head, cell in zip(heads, line, strict=True))
    first = first.replace("<td", '<th scope="row"', 1).removesuffix("</td>") + "</th>"
    style = ' class="of"' if all(cell == "" for cell in line[1:]) else ""  # a heading of the rows under it
    return f"<tr{style}>{first}{''.join(others)}</tr>"


def _cell(head: Head, cell: Cell, *, is_total: bool) -> str:
    if cell is None:
        return f"<td{_class(head, '' if is_total else 'gap')}></td>"
    if isinstance(cell, str):
        return f"<td{_class(head)}>{plain(cell)}</td>"
    read = figure(head, cell)
    title = f' title="{quantity(cell)}"' if head.kind == "money" and cents(cell) != cell else ""
    return f"<td{_class(head, 'loss' if cell < 0 else '')}{title}>{read}</td>"


def figure(head: Head, value: Decimal) -> str:
    """Return a figure as the page writes it: money in cents, all digits where it is pointed at."""
    if head.kind == "money":
        return written(cents(value) or ZERO)
    return f"{value:,f}" if head.kind == "count" else quantity(value)


def _class(head: Head, more: str = "") -> str:
    base = {"text": "", "words": "w"}.get(head.kind, "n")
    names = f"{base} {more}".strip()
    return f' class="{names}"' if names else ""


def _about(year: TaxYear, paper: Paper) -> Iterator[str]:
    yield '<section><h2>What was decided and assumed</h2><dl class="about">'
    decided = decisions(year, paper.decided)
    yield from (f"<dt>{plain(name)}</dt><dd>{plain(text)}</dd>" for name, text in decided.items())
    yield "</dl><ul>"
    yield from (f"<li>{plain(text)}</li>" for text in (*paper.rules, READING, *year.assumptions))
    yield "</ul></section>"
    if paper.facts:
        yield "<section><h2>Sources of the form</h2><ul>"
        yield from (f"<li>{plain(text)}</li>" for text in told_facts(paper.facts))
        yield "</ul></section>"


def told_facts(known: Sequence[Fact]) -> Iterator[str]:
    """Yield each source once, with the years for which it was read."""
    seen: dict[str, Fact] = {}
    for one in known:
        seen.setdefault(one.source, one)
    for source, one in seen.items():
        until = "on" if one.to_year is None else f"to {one.to_year}"
        yield f"{source} (for {one.from_year} {until}; read {one.read_on})"


def _footer(year: TaxYear) -> Iterator[str]:
    yield (f'<footer class="soft">made by marginbook {plain(year.version)}; sha-256 of the figures: '
           f"{plain(year.book)}</footer>")  # fmt: skip
