"""A month as one page: verdict, figures, tables, charts, and under each number the rows that are behind it.

No script and no address of another place is on it; it reads the same from a disk, on paper and aloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.month import Month
from reports.pack_pieces import Piece, pieces
from reports.pack_style import PACK_STYLE
from reports.page import document, plain, said
from reports.proofs import Proof, moment, proof_lines
from reports.svg import PATTERN, can_draw
from reports.verdict import badge, title, verdict

HATCH = f'<svg class="unseen" width="0" height="0" aria-hidden="true">{PATTERN}</svg>'
"""What days without data are filled with."""
NO_CHARTS = "Charts are left out: the library that draws them is not installed (pip install 'marginbook[charts]')."


def pack_page(month: Month) -> str:
    """Return the page of a month; the same month gives the same bytes."""
    shown = list(pieces(month))
    proofs: dict[str, Proof] = {}
    for piece in shown:
        for proof in piece.proofs:
            proofs.setdefault(proof.key, proof)
    shown += [_evidence(list(proofs.values())), _method(month)]
    body = [
        '<a class="skip" href="#main">Skip to the figures</a>',
        *_header(month, shown),
        '<main id="main" tabindex="-1">',
        *(line for piece in shown for line in _section(piece)),
        "</main>",
        f'<footer class="soft">{plain(title(month))}; made by marginbook {plain(month.version)}</footer>',
        HATCH,
    ]
    return document(title(month), body, PACK_STYLE)


def _header(month: Month, pieces: Sequence[Piece]) -> Iterator[str]:
    yield f"<header><h1>{plain(title(month))}</h1>"
    yield f'<p class="verdict">{plain(verdict(month))}</p>'
    draft = " draft" if month.status == "draft" else ""
    yield f'<p><strong class="badge{draft}">{plain(badge(month))}</strong></p>'
    if not can_draw():
        yield said(NO_CHARTS, "soft")
    names = {
        piece.id: plain(piece.heading) + ("" if piece.count is None else f" ({piece.count:,})") for piece in pieces
    }
    links = "".join(f'<li><a href="#{place}">{name}</a></li>' for place, name in names.items())
    yield f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>'


def _section(piece: Piece) -> Iterator[str]:
    yield f'<section id="{piece.id}" aria-labelledby="{piece.id}-name">'
    yield f'<h2 id="{piece.id}-name">{plain(piece.heading)}</h2>'
    yield from piece.lines
    yield "</section>"


def _evidence(proofs: Sequence[Proof]) -> Piece:
    """Return what stands behind the figures, in the order in which they are on the page."""
    about = "What each figure opens: the rows of the exports behind it, or the lines that it is the sum of."
    lines = [said(about), *(line for proof in proofs for line in proof_lines(proof))]
    return Piece(id="evidence", heading="Evidence", lines=lines, count=len(proofs))


def _method(month: Month) -> Piece:
    told = {
        "Month": f"{month.period} in {month.zone}: from {moment(month.starts_at)} until {moment(month.ends_at)} UTC",
        "Status": badge(month),
        "Times": f"instants are written in UTC; days are those of {month.zone}",
        "Figures": "computed with 18 decimals and rounded for reading only, half away from zero: point at one for all "
                   "its digits. ? is unknown, never zero",
        "Signs": "the roll-forward has cash signs: every cause adds to the closing. Elsewhere fees, interest and "
                 "liquidation fees are costs when positive, funding is received when positive",
        "Charts": "drawn from the same figures; where rows are missing there is a hatched band and no line",
        "Values": f"in {month.currency}, at the prices that the book knew" if month.currency else
                  "none: every amount is in its own asset",
        "Not on this page": "positions with their prices, and balances at the end: the workbook and `marginbook "
                            "report` have them, and every column and digit",
        "Program": f"marginbook {month.version}",
        "sha-256 of the figures": month.figures,
    }  # fmt: skip
    rows = [f"<dt>{plain(name)}</dt><dd>{plain(text)}</dd>" for name, text in told.items()]
    return Piece(id="method", heading="Method", lines=["<dl>", *rows, "</dl>"])
