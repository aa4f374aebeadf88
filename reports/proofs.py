"""What stands behind each figure of a month's page: its source rows, or the lines that it is the sum of."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reports.month import Evidence
from reports.page import plain


@dataclass(frozen=True, kw_only=True)
class Part:
    """A line that a sum is made of."""

    name: str
    figure: str
    opens: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a figure opens."""

    key: str
    """Name of the figure: a report's line, an id, or the name of a sum on this page."""
    title: str
    back: str
    """Id of the place on the page that it is opened from."""
    rows: Sequence[Evidence] = ()
    count: int | None = None
    """How many rows are behind it in all."""
    parts: Sequence[Part] | None = None
    """Of a sum: the lines that it is made of, as far as the page has them."""

    @property
    def anchor(self) -> str:
        """Its id on the page: no text of an export is in it."""
        return anchor(self.key)


def anchor(key: str) -> str:
    """Return the id, on the page, of what is behind the figure of this name."""
    return f"e-{_short(key)}"


def row_id(section: str, key: str) -> str:
    """Return the id of a row of a section's table."""
    return f"{section}-{_short(key)}"


def proof_lines(proof: Proof) -> Iterator[str]:
    """Yield the section of the page that a figure opens."""
    heading = f"h-{proof.anchor}"
    yield f'<section class="proof" id="{proof.anchor}" aria-labelledby="{heading}">'
    back = f'<a class="back" href="#{proof.back}">back<span class="unseen"> from {plain(proof.title)}</span></a>'
    yield f'<h3 id="{heading}">{plain(proof.title)} {back}</h3>'
    if proof.parts is not None:
        yield from _parts(proof, proof.parts)
    else:
        yield f'<p class="soft">{_counted(proof)}</p>'
        if proof.rows:
            yield from _rows(proof)
    yield "</section>"


def moment(at: datetime | None) -> str:
    """Return an instant as it is read, in UTC."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, thing: str) -> str:
    """Return `1 row`, `8,412 rows`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _counted(proof: Proof) -> str:
    command = f"<code>marginbook trace {plain(shlex.quote(proof.key))}</code>"
    total = max(proof.count or 0, len(proof.rows))
    if not total:
        return f"Its rows are not on this page; {command} lists them."
    if len(proof.rows) < total:
        held = f"The first {len(proof.rows):,} of" if proof.rows else "Not on this page:"
        return f"{held} {counted(total, 'source row')}; {command} lists all."
    return f"{counted(total, 'source row')}, all here ({command})."


def _rows(proof: Proof) -> Iterator[str]:
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="source rows: {plain(proof.title)}"><table>'
    yield '<thead><tr><th scope="col">at (UTC)</th><th scope="col">place</th><th scope="col">what</th>'
    yield '<th scope="col">raw text</th></tr></thead><tbody>'
    for row in proof.rows:
        raw = f"<code>{plain(row.raw)}</code>" if row.raw is not None else '<span class="soft">not read back</span>'
        yield (
            f'<tr><td class="i">{moment(row.at)}</td><th scope="row">{plain(row.place)}</th>'
            f'<td>{plain(row.table)}: {plain(row.what)}</td><td class="raw">{raw}</td></tr>'
        )
    yield "</tbody></table></div>"


def _parts(proof: Proof, parts: Sequence[Part]) -> Iterator[str]:
    total = max(proof.count or 0, len(parts))
    more = f"; {len(parts):,} of them are here, the workbook has all" if total > len(parts) else ""
    yield f'<p class="soft">The sum of {counted(total, "line")}{more}.</p><ul class="parts">'
    for part in parts:
        yield f'<li><a href="#{part.opens}">{plain(part.name)}</a> <span class="n">{plain(part.figure)}</span></li>'
    yield "</ul>"


def _short(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:12]
