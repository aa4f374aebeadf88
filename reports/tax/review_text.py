"""The review of a tax year on a terminal: as short as it is useful, what blocks first."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.reading import clean
from reports.tax import review_words as words
from reports.tax.review_tables import tables
from reports.tax.value import TaxYear
from reports.terminal import BOLD, DIM, PLAIN, RED, section, wrapped

MOST = 10
"""Lines of a table on a terminal; the page has all."""
MOST_OF_A_KIND = 3
"""Blocks of one kind on a terminal, each with its id."""
NARROWEST = 40
LEFT_OUT = frozenset({"settled"})
"""Tables that only the page shows: the same figures in another way."""


@dataclass(frozen=True)
class _Pen:
    width: int
    colour: bool
    every: bool = False
    """Whether nothing is left out."""

    def most(self, most: int) -> int:
        """Return how many lines are shown of what has at most so many on a terminal."""
        return sys.maxsize if self.every else most

    def said(self, text: str, style: str = "", indent: int = 0) -> Iterator[str]:
        for line in wrapped(clean(text), self.width - indent, indent=2):
            shown = " " * indent + line
            yield f"{style}{shown}{PLAIN}" if style and self.colour else shown

    def heading(self, text: str) -> Iterator[str]:
        yield ""
        yield from self.said(text, BOLD)

    def listed(self, lines: Sequence[str], most: int = MOST) -> Iterator[str]:
        for line in lines[: self.most(most)]:
            yield from self.said(f"- {line}")
        yield from self.more(len(lines) - self.most(most))

    def more(self, many: int, what: str = "") -> Iterator[str]:
        if many > 0:
            yield from self.said(f"{many:,} more{what}: --all shows them here, --html FILE on a page", DIM, indent=2)


def text(year: TaxYear, width: int, colour: bool, *, every: bool = False) -> str:
    """Return the review in lines of at most `width` cells (from 40 on); `every`: with all blocks and all rows."""
    pen = _Pen(max(width, NARROWEST), colour, every)
    lines = [*_head(year, pen), *_blocks(year, pen), *_accepted(year, pen), *_told(year, pen), *_figures(year, pen),
             *_foot(year, pen)]  # fmt: skip
    return "\n".join(lines)


def _head(year: TaxYear, pen: _Pen) -> Iterator[str]:
    yield from pen.said(words.title(year), BOLD)
    yield from pen.said(words.chosen(year), DIM)
    yield from pen.said(words.badge(year), BOLD + RED if year.is_draft else BOLD)
    yield from pen.said(words.sums(year))
    yield from pen.said(words.ADVICE, DIM)


def _blocks(year: TaxYear, pen: _Pen) -> Iterator[str]:
    """Yield what blocks by kind, each with its id; what to do once a kind, since it differs in names alone."""
    blocking = words.blocks(year, is_accepted=False)
    if not blocking:
        return
    yield from pen.heading("What blocks")
    for kind, found in words.grouped(blocking, "kind").items():
        yield from pen.said(f"{kind.replace('_', ' ')} ({len(found):,})", BOLD)
        for block in found[: pen.most(MOST_OF_A_KIND)]:
            yield from pen.said(f"{block['block_id']}: {block['sentence']}", indent=2)
        yield from pen.more(len(found) - pen.most(MOST_OF_A_KIND), f" of {kind.replace('_', ' ')}")
        first = " for the first" if len({block["todo"] for block in found}) > 1 else ""
        yield from pen.said(f"to do{first}: {found[0]['todo']}", DIM, indent=2)
    yield from pen.said(f"accept one with a reason that is printed in every file: {words.accepting('ID')}")


def _accepted(year: TaxYear, pen: _Pen) -> Iterator[str]:
    accepted = words.blocks(year, is_accepted=True)
    if accepted:
        yield from pen.heading("What was accepted")
        told = [f"{block['block_id']}: {block['sentence']}; {words.acceptance(block)}" for block in accepted]
        yield from pen.listed(told)


def _told(year: TaxYear, pen: _Pen) -> Iterator[str]:
    if year.assumptions:
        yield from pen.heading("What was assumed")
        yield from pen.listed(year.assumptions)
    yield from pen.heading("What changed")
    yield from pen.said(words.compared(year))
    yield from pen.listed(words.changes(year))
    yield from pen.heading("Control totals")
    yield from pen.said(words.agreed(year))
    yield from pen.listed(words.differences(year))


def _figures(year: TaxYear, pen: _Pen) -> Iterator[str]:
    for table in tables(year):
        if table.report.name in LEFT_OUT:
            continue
        yield ""
        yield from section(table.frame, table.report, width=pen.width, most=pen.most(MOST), colour=pen.colour)
        yield from pen.more(table.frame.height - pen.most(MOST))
        if table.report.note:
            yield from pen.said(table.report.note, DIM, indent=2)


def _foot(year: TaxYear, pen: _Pen) -> Iterator[str]:
    yield ""
    yield from pen.said(words.READING, DIM)
    yield from pen.heading("Write the files")
    for line in words.how_to_write(year):
        yield from pen.said(line)
