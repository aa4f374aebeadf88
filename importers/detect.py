"""Which format a file part is, judged by its header; and the zone that header, name and preamble give away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from importers.contract import Format, Header, Match, Zone
from schemas.errors import AmbiguousFormat, DuplicateHeader, UnknownFormat

HEADER_SEARCH_ROWS = 40
NEAR = 0.5
"""Share of common columns from which on a format is called near."""
ZONE_IN_HEADER = re.compile(r"utc\s*(?:(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?|null)?", re.IGNORECASE)
ZONE_IN_NAME = re.compile(
    r"\((?:UTC|GMT)(?:-?(?P<sign>[+-])(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d{2}))?)?\)", re.IGNORECASE
)

Head = Sequence[tuple[int, Sequence[str]]]


def fold(text: str) -> str:
    """Return a header text as it is compared: compatible characters, no case, no blanks around, any zone as `(utc)`."""
    folded = unicodedata.normalize("NFKC", text).strip().strip('"').casefold()
    return re.sub(r"\(utc[^)]*\)", "(utc)", folded)


def detect(head: Head, formats: Sequence[Format], name: str, file_name: str, only: str | None = None) -> Match:
    """Return the one format whose header the part has.  Raises UnknownFormat, AmbiguousFormat, DuplicateHeader."""
    candidates = [form for form in formats if only is None or form.name == only]
    best: list[tuple[int, int, Match]] = []
    for position, (row, cells) in enumerate(head[:HEADER_SEARCH_ROWS]):
        printed = _trimmed(cells)
        if len(printed) < 2:
            continue
        folded = [fold(cell) for cell in printed]
        distinct = frozenset(folded)
        preamble = tuple(cell for _, earlier in head[:position] for cell in earlier if cell)
        for form in candidates:
            for header in form.headers:
                if (columns := _columns(form, header, folded, distinct)) is not None:
                    extra = tuple(text for text, known in zip(printed, columns, strict=True) if known is None and text)
                    matched = len(header.columns)
                    best.append((matched - len(extra), matched, Match(
                        format=form, variant=header.name, header_row=row, columns=columns, printed=tuple(printed),
                        new_columns=extra, preamble=preamble)))  # fmt: skip
        if best:
            _refuse_duplicates(name, row, folded)
            match = _decide(best, name, file_name, [cells for _, cells in head[position + 1 :]])
            _refuse_two_names(name, match)
            return match
    records = [cells for _, cells in head]
    for form in candidates:
        if form.recognize is not None and (found := form.recognize(records)) is not None:
            return _recognized(form, head, *found)
        if form.recognize_named is not None and (found := form.recognize_named(records, file_name)) is not None:
            return _recognized(form, head, *found)
    raise UnknownFormat(name, [list(cells) for _, cells in head], *nearest(head, candidates, 0 if only else NEAR))


def _trimmed(cells: Sequence[str]) -> list[str]:
    printed = [cell.strip().lstrip("\ufeff") for cell in cells]
    while printed and not printed[-1]:
        printed.pop()
    return printed


@dataclass(frozen=True)
class _Shape:
    """A header, folded once: what must be there, what is known, and the canonical names."""

    must: Mapping[str, str]
    """Folded -> as printed, in order."""
    known: frozenset[str]
    names: Mapping[str, str]
    pieces: Mapping[str, str]
    """Of a header of pieces: folded piece -> canonical name."""


@cache
def _shape(form: Format, header: Header) -> _Shape:
    names = {fold(text): canonical for text, canonical in form.aliases.items()}
    must = {fold(text): text for text in header.columns}
    read = {column for cell in form.cells.values() for column in cell.columns}
    known = must.keys() | names.keys() | read | {fold(text) for text in (*header.optional, *form.unread)}
    if form.account_number is not None:
        known |= {form.account_number}
    pieces = {piece: names.get(piece, piece) for piece in must} if header.contains else {}
    return _Shape(must, frozenset(known), names, pieces)


def _columns(form: Format, header: Header, folded: Sequence[str], found: Set[str]) -> tuple[str | None, ...] | None:
    """Return the canonical name of each printed column, or None where the header does not fit."""
    shape = _shape(form, header)
    if header.contains:
        named = tuple(next((name for piece, name in shape.pieces.items() if piece in cell), None) for cell in folded)
        return named if set(shape.pieces.values()) <= set(named) else None
    if not shape.must.keys() <= found or (header.exact and not shape.known >= found):
        return None
    return tuple(shape.names.get(cell, cell) if cell in shape.known else None for cell in folded)


def _refuse_duplicates(name: str, row: int, folded: Sequence[str]) -> None:
    twice = sorted({cell for cell in folded if cell and folded.count(cell) > 1})
    if twice:
        raise DuplicateHeader(name, row, twice)


def _refuse_two_names(name: str, match: Match) -> None:
    """Refuse a header with two columns that are names of one thing, as `Time` and `Time(UTC)`."""
    known = [column for column in match.columns if column is not None]
    twice = {column for column in known if known.count(column) > 1}
    if twice and not any(header.contains for header in match.format.headers):
        both = [text for text, column in zip(match.printed, match.columns, strict=True) if column in twice]
        raise DuplicateHeader(name, match.header_row, both, one_thing=True)


def _decide(best: list[tuple[int, int, Match]], name: str, file_name: str, rows: Sequence[Sequence[str]]) -> Match:
    top = max(score for *score, _ in best)
    matches = [match for *score, match in best if score == top]
    matches = [match for match in matches if match.format.is_users_own] or matches
    if len({match.format.name for match in matches}) > 1:
        hinted = [m for m in matches if m.format.file_name and re.search(m.format.file_name, file_name, re.IGNORECASE)]
        matches = hinted or matches
    if len({match.format.name for match in matches}) > 1:
        matches = [match for match in matches if _fits(match, rows)] or matches
    names = sorted({match.format.name for match in matches})
    if len(names) > 1:
        raise AmbiguousFormat(name, names)
    return matches[0]


def _fits(match: Match, rows: Sequence[Sequence[str]]) -> bool:
    if match.format.fits is None:
        return True
    names = [column or "" for column in match.columns]
    return match.format.fits([dict(zip(names, cells, strict=False)) for cells in rows])


def _recognized(form: Format, head: Head, index: int, columns: object) -> Match:
    assert isinstance(columns, dict)
    if index < 0:
        names = tuple(columns.get(position) for position in range(max(columns) + 1))
        return Match(format=form, variant="recognized by its rows", header_row=0, columns=names, new_columns=(),
                     printed=tuple(name or "" for name in names), preamble=())  # fmt: skip
    row, cells = head[index]
    printed = _trimmed(cells)
    return Match(
        format=form, variant="recognized by its rows", header_row=row, printed=tuple(printed), new_columns=(),
        columns=tuple(columns.get(position) for position in range(len(printed))),
        preamble=tuple(cell for _, earlier in head[:index] for cell in earlier if cell))  # fmt: skip


def nearest(head: Head, formats: Sequence[Format], least: float = NEAR) -> tuple[str | None, list[str], list[str]]:
    """Return the nearest format's name, the columns it misses here, and those here that it does not know.

    Near is the share of columns that both have: twice the common ones by all of both.
    """
    best: tuple[float, str | None, list[str], list[str]] = (0.0, None, [], [])
    for _, cells in head[:HEADER_SEARCH_ROWS]:
        folded = {fold(cell): cell for cell in _trimmed(cells) if cell}
        if len(folded) < 2:
            continue
        for form in formats:
            for header in form.headers:
                wanted = _shape(form, header).must
                share = 2 * len(wanted.keys() & folded.keys()) / (len(wanted) + len(folded))
                if share > best[0]:
                    missing = [text for key, text in wanted.items() if key not in folded]
                    unknown = [text for key, text in folded.items() if key not in wanted]
                    best = (share, f"{form.name} ({header.name})", missing, unknown)
    return (best[1], best[2], best[3]) if best[0] >= least else (None, [], [])


# ------------------------------------------------------------------------------------------------- zone


def zone_of(match: Match, file_name: str, option: Zone | None) -> tuple[Zone | None, str]:
    """Return the zone of the part's wall clocks and where it was found; (None, '') where nothing says one."""
    for cell in match.format.cells.values():
        if not cell.needs_zone:
            continue
        for text, canonical in zip(match.printed, match.columns, strict=True):
            if canonical == cell.columns[0] and (found := ZONE_IN_HEADER.search(text)):
                return _offset(found), f"header {text}"
    if found := ZONE_IN_NAME.search(PurePath(file_name).name):
        return _offset(found), "file name"
    for text in match.preamble:
        if found := ZONE_IN_HEADER.search(text):
            return _offset(found), "preamble"
    if option is not None:
        return option, "--timezone"
    if match.format.assumed_zone is not None:
        return match.format.assumed_zone, "assumed"
    return None, ""


def needs_zone(form: Format) -> bool:
    """Return whether any cell of the format is a wall clock without a zone of its own."""
    return any(cell.needs_zone for cell in form.cells.values())


def _offset(found: re.Match[str]) -> Zone:
    if not found["hours"]:
        return "UTC"
    zone = f"{found['sign'] or '+'}{int(found['hours']):02d}:{int(found['minutes'] or 0):02d}"
    return "UTC" if zone in ("+00:00", "-00:00") else zone
