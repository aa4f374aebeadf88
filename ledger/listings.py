"""What can be read, for people: the list of formats, one format in words, what given files are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from importers.contract import Format
from importers.files import collect
from importers.read import Options, recognize
from importers.registry import formats
from schemas.errors import MarginbookError, UnknownFormat, UnknownThing, UnreadableFile


def states(form: Format) -> str:
    """Return the facts a format states, or the tables its rows become where it claims none."""
    facts = [claim.fact for claim in form.claims]
    tables = sorted({emit.table for emits in form.cases.values() for emit in emits})
    return ", ".join(facts or tables)


def formats_frame() -> pl.DataFrame:
    """Return one line a format."""
    lines = [
        (form.name, form.venue, form.title, len(form.headers), states(form), form.confidence) for form in formats()
    ]
    return pl.DataFrame(lines, schema=["name", "venue", "title", "variants", "states", "confidence"], orient="row")


def format_text(name: str) -> str:
    """Return one format in words.  Raises UnknownThing with the nearest names."""
    known = {form.name: form for form in formats()}
    if name not in known:
        near = difflib.get_close_matches(name, known, 3, cutoff=0.4)
        raise UnknownThing(
            f"there is no format {name!r}",
            f"did you mean {', '.join(near)}?" if near else "see `marginbook formats list`",
        )
    form = known[name]
    lines = [
        f"{form.name}: {form.title}",
        f"  where from   {form.how}",
        f"  confidence   {form.confidence}",
        f"  identity     {form.identity.kind} over {', '.join(form.identity.cells)}",
        "  headers",
    ]
    for header in form.headers:
        doubt = f"  ({header.confidence})" if header.confidence else ""
        lines.append(f"    {header.name}{doubt}")
        lines.append(f"      {','.join(header.columns)}")
    lines.append("  rows become")
    for event, emits in form.cases.items():
        lines.append(f"    {event:<28} {', '.join(emit.table for emit in emits)}")
    for event, reason in form.ignores.items():
        lines.append(f"    {event:<28} ignored: {reason}")
    if form.unread:
        lines.append("  columns not read")
        lines += [f"    {column:<28} {reason}" for column, reason in form.unread.items()]
    silent = "entries by hand always speak" if form.reason_column else "its rows are checks or reference data"
    lines.append("  claims (lower rank speaks)")
    lines += [
        f"    {claim.fact:<16} rank {claim.rank}"
        + (", filterable" if claim.filterable else "")
        + (", some causes only" if claim.partial else "")
        for claim in form.claims
    ] or [f"    none: {silent}"]
    return "\n".join(lines)


def detected_frame(paths: Sequence[Path], zone: str | None, encoding: str | None) -> tuple[pl.DataFrame, int]:
    """Return what each file part is, and 3 where a file named by itself is none that is known, else 0."""
    lines: list[tuple[str, ...]] = []
    code = 0
    named = {path for path in paths if not path.is_dir()}
    for found in collect(paths):
        if isinstance(found, UnreadableFile):
            lines.append((found.name, "", "", "", "", "", _in_a_line(found)))
            code = 3 if found.named else code
            continue
        try:
            parts = found.parts(encoding)
        except MarginbookError as error:
            lines.append((found.name, "", "", "", "", "", _in_a_line(error)))
            code = max(code, error.exit_code if found.path in named else 0)
            continue
        for part in parts:
            try:
                seen = recognize(part, formats(), Options(zone=zone, encoding=encoding))
            except MarginbookError as error:
                lines.append((part.name, "", "", "", "", "", _in_a_line(error)))
                if found.path in named and (len(parts) == 1 or not isinstance(error, UnknownFormat)):
                    code = max(code, error.exit_code)
                continue
            form = seen.match.format
            sure = next(
                (
                    header.confidence
                    for header in form.headers
                    if header.name == seen.match.variant and header.confidence
                ),
                form.confidence,
            )
            shown_zone = seen.context.zone or "" if seen.context.zone_known else ""
            lines.append(
                (part.name, form.name, seen.match.variant, sure, shown_zone, states(form), "; ".join(seen.warnings))
            )
    names = ["file", "format", "variant", "confidence", "zone", "states", "note"]
    known = [tuple(cell or None for cell in line) for line in lines]
    return pl.DataFrame(known, schema=dict.fromkeys(names, pl.String), orient="row"), code


def _in_a_line(error: Exception) -> str:
    """Return the message of an error as one line, without the name of the file that starts it."""
    sentence = "; ".join(line.strip() for line in str(error).splitlines())
    return sentence.split(": ", 1)[-1]
