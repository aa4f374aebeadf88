"""Pieces of an audit's page: cells that keep their digits, tables, links to the rows behind a figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.audit import Audit
from reports.audit_words import exact, read
from reports.contract import Kind
from reports.page import plain
from reports.reading import UNKNOWN

Cell = str
"""A whole table cell, as markup."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the rows of the evidence are on the page: `r0`, `r1` ..., in order of time."""

    ids: dict[str, str]
    """By row key."""

    def link(self, rows: Iterable[str], words: str = "") -> str:
        """Return a link to these rows; a bare count where the page does not hold them."""
        keys = list(rows)
        held = [self.ids[key] for key in keys if key in self.ids]
        if not keys:
            return ""
        name = words or _count(len(keys))
        return f'<a href="#{held[0]}" data-rows="{" ".join(held)}">{plain(name)}</a>' if held else plain(name)

    def of_line(self, line: str, rows: Sequence[str]) -> str:
        """Return a link to the rows of a line of the bridge."""
        held = [self.ids[key] for key in rows if key in self.ids]
        if not rows:
            return ""
        name = plain(_count(len(rows)))
        return f'<a href="#{held[0]}" data-line="{plain(line)}">{name}</a>' if held else name


def places(audit: Audit) -> Places:
    """Return where each row stands: by time, then by file and line."""
    late = max((row.at for row in audit.evidence.values() if row.at is not None), default=None)
    order = sorted(audit.evidence, key=lambda key: (*_moment(audit, key, late), audit.evidence[key].place, key))
    return Places(ids={key: f"r{number}" for number, key in enumerate(order)})


def _moment(audit: Audit, key: str, late: object) -> tuple[bool, object]:
    at = audit.evidence[key].at
    return at is None, late if at is None else at


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def table(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], ids: Sequence[str] = ()) -> Iterator[str]:
    """Yield a table; a head that starts with `#` is of a column of figures.  The first cell heads its row."""
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{plain(name)}"><table>'
    cells = "".join(
        f'<th scope="col"{" class=n" if head.startswith("#") else ""}>{plain(head.removeprefix("#"))}</th>'
        for head in heads
    )
    yield f"<thead><tr>{cells}</tr></thead><tbody>"
    for number, row in enumerate(rows):
        place = f' id="{ids[number]}"' if ids else ""
        yield f"<tr{place}>{''.join(row)}</tr>"
    yield "</tbody></table></div>"


def head(text: str) -> Cell:
    """Return the cell that heads a row."""
    return f'<th scope="row">{plain(text)}</th>'


def words(text: str, *, wide: bool = False) -> Cell:
    """Return a cell of text; a wide one breaks at blanks."""
    return f'<td class="w">{plain(text)}</td>' if wide else f"<td>{plain(text)}</td>"


def markup(text: str, style: str = "") -> Cell:
    """Return a cell of what is markup already."""
    return f'<td class="{style}">{text}</td>' if style else f"<td>{text}</td>"


def number(value: Decimal | None, kind: Kind, asset: str | None = None, *, signed: bool = False) -> Cell:
    """Return a cell of a figure: rounded for the eye, all its digits when pointed at; `?` where it is unknown."""
    text, digits = read(value, kind, asset, signed=signed), exact(value)
    style = "n unknown" if text == UNKNOWN else "n loss" if text.startswith("-") else "n"
    title = f' title="{digits}"' if digits is not None and digits != text else ""
    return f'<td class="{style}"{title}>{plain(text)}</td>'


def shown(text: str, digits: str | None) -> Cell:
    """Return a cell of a figure that is already read."""
    title = f' title="{digits}"' if digits is not None and digits != text else ""
    return f'<td class="{"n unknown" if text == UNKNOWN else "n"}"{title}>{plain(text)}</td>'


def listed(texts: Iterable[str]) -> str:
    """Return sentences as a list."""
    return "<ul>" + "".join(f"<li>{plain(text)}</li>" for text in texts) + "</ul>"


def defined(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with their text, as markup."""
    return "<dl>" + "".join(f"<dt>{plain(name)}</dt><dd>{text}</dd>" for name, text in pairs) + "</dl>"
