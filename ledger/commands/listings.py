"""What can be read, for people: the list of formats, one format in words."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence

import polars as pl

from importers.contract import Format
from schemas.errors import UnknownThing

WIDTH = 120


def states(form: Format) -> str:
    """Return the facts a format states, or the tables its rows become where it claims none."""
    facts = [claim.fact for claim in form.claims]
    tables = sorted({emit.table for emits in form.cases.values() for emit in emits})
    return ", ".join(facts or tables)


def formats_frame(formats: Sequence[Format]) -> pl.DataFrame:
    """Return one line a format."""
    lines = [(form.name, form.venue, form.title, len(form.headers), states(form), form.confidence) for form in formats]
    return pl.DataFrame(lines, schema=["name", "venue", "title", "variants", "states", "confidence"], orient="row")


def format_text(name: str, formats: Sequence[Format]) -> str:
    """Return one format in words.  Raises UnknownThing with the nearest names."""
    known = {form.name: form for form in formats}
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
    lines.append("  cells, as they are understood")
    lines += _cells(form)
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


def _cells(form: Format) -> list[str]:
    """Return what stands in each column, once: what is understood, its words, whether it must be filled."""
    printed = {canonical: text for text, canonical in reversed(list(form.aliases.items()))}
    told: dict[str, str] = {}
    for cell in form.cells.values():
        expected = cell.expected if not cell.words else f"one of {', '.join(cell.words)}"
        column = printed.get(cell.columns[0], cell.columns[0])
        told.setdefault(column, expected + ("" if not cell.required else "; must be filled"))
    return [
        line
        for column, text in told.items()
        for line in textwrap.wrap(text, WIDTH, initial_indent=f"    {column:<28} ", subsequent_indent=" " * 33)
    ]
