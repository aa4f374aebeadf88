"""A file part, from its header to normalized chunks: what the store consumes."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from importers.cells import offset_minutes
from importers.contract import Context, Format, Match, Normalized, Zone
from importers.detect import detect, needs_zone, zone_of
from importers.files import Part
from importers.normalize import REJECTED, normalize
from schemas.errors import MissingTimeZone

ZONE_HINT_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user says of a file that it does not say itself."""

    wallet: str | None = None
    format: str | None = None
    zone: Zone | None = None
    encoding: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recognized:
    """A part whose format, zone and warnings are known; its rows are read by `chunks`."""

    part: Part
    match: Match
    context: Context
    warnings: tuple[str, ...]
    reason: str | None = None
    """Why its rows were entered by hand, where they were."""


def recognize(part: Part, formats: Sequence[Format], options: Options) -> Recognized:
    """Return what the part is.  Raises UnknownFormat, AmbiguousFormat, DuplicateHeader, MissingTimeZone."""
    match = detect(part.head(), formats, part.name, part.file_name, options.format)
    venue = _first_text(part, match, match.format.venue_column)
    if venue is not None:
        venue = venue.lower()
        match = replace(match, format=replace(match.format, venue=venue))
    zone, found_in = zone_of(match, part.file_name, options.zone)
    if zone is None and needs_zone(match.format):
        hint = match.format.zone_hint
        rows = [cells for row, cells in part.head(ZONE_HINT_ROWS) if row > match.header_row]
        raise MissingTimeZone(part.name, match.format.name, hint(match, rows) if hint is not None else None)
    warnings = []
    if found_in == "--timezone" and match.format.zone_hint is not None:
        rows = [cells for row, cells in part.head(ZONE_HINT_ROWS) if row > match.header_row]
        if (said := match.format.zone_hint(match, rows)) is not None and _contradicts(said, str(zone)):
            warnings.append(f"times are read as {zone}, since --timezone says so; but {said}")
    if found_in == "assumed":
        warnings.append(f"times are assumed to be {zone}; --timezone says otherwise")
    for column in match.new_columns:
        warnings.append(f"new_column: {column!r} is unknown to {match.format.name} and was not read")
    context = Context(
        zone=zone or "UTC", zone_known=zone is not None, wallet=options.wallet, venue=venue, file_name=part.file_name,
        name=part.name, serial_epoch_1904=part.serial_epoch_1904,
    )  # fmt: skip
    reason = _first_text(part, match, match.format.reason_column)
    return Recognized(part=part, match=match, context=context, warnings=tuple(warnings), reason=reason)


OFFSET = re.compile(r"[+-]\d{2}:\d{2}|userTimeZone\W*(?P<hours>[+-]?\d{1,2})")


def _contradicts(said: str, zone: Zone) -> bool:
    """Return whether a hint names offsets, and none that the zone ever has."""
    named = {offset_minutes(hours if hours[0] in "+-" else f"+{hours}") if (hours := found["hours"]) else
             offset_minutes(found[0]) for found in OFFSET.finditer(said)}  # fmt: skip
    if zone == "UTC" or zone[0] in "+-":
        own = {0 if zone == "UTC" else offset_minutes(zone)}
    else:
        place = zoneinfo.ZoneInfo(zone)
        days = (datetime(2025, month, 1, tzinfo=place).utcoffset() for month in (1, 7))
        own = {int(offset.total_seconds()) // 60 for offset in days if offset is not None}
    return bool(named) and not named & own


def _first_text(part: Part, match: Match, column: str | None) -> str | None:
    """Return what the first row says in a column, or None."""
    if column is None or column not in match.columns:
        return None
    place = match.columns.index(column)
    first = next((cells for row, cells in part.head() if row > match.header_row), ())
    return first[place].strip() or None if place < len(first) else None


def _printed(match: Match, column: str | None) -> str | None:
    """Return how the file prints the column `c7` of its frames; None for one beyond its header."""
    place = int(column[1:]) if column else len(match.printed)
    return (match.printed[place] or None) if place < len(match.printed) else None


def chunks(recognized: Recognized, encoding: str | None = None) -> Iterator[tuple[Normalized, int]]:
    """Yield each chunk normalized, with the number of source rows read for it; broken rows are among the rejected."""
    match = recognized.match
    for chunk in recognized.part.chunks(match.header_row, len(match.printed), encoding):
        normalized = normalize(match, chunk.cells, recognized.context)
        if chunk.broken:
            lines = [(row.source_row, _printed(match, row.column), row.text, row.reason) for row in chunk.broken]
            broken = pl.DataFrame(lines, schema=REJECTED, orient="row")
            rejected = pl.concat([normalized.rejected, broken]).sort("source_row")
            normalized = Normalized(
                rows=normalized.rows, tables=normalized.tables, rejected=rejected, ignored=normalized.ignored,
                account_numbers=normalized.account_numbers,
            )  # fmt: skip
        yield normalized, len(chunk.cells) + len(chunk.broken)
