"""What an import says on the screen: per file the five numbers, then what is doubtful, then what to do next."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import polars as pl

from reports.listings import IMPORTED
from reports.render import render
from schemas.errors import shortened

if TYPE_CHECKING:
    from ledger.book import Book, ImportReport
    from ledger.storage.importing import PartResult

SHOWN_FILES = 30
SHOWN_UNRECOGNIZED = 8
SHOWN_FINDINGS = 8
SHOWN_EFFECTS = 20
ENDLESS = re.compile(r"\S{161,}")


def print_import(report: ImportReport, book: Book, *, colour: bool) -> None:
    """Print one screen to stderr."""
    verb = "would be stored" if report.dry_run else "stored"
    if report.parts:
        _table(report.parts, verb)
    for part in report.parts:
        _doubtful(part, book, colour)
    for error in report.errors:
        _say(f"x {error}", colour, "red")
    if report.unrecognized:
        one = len(report.unrecognized) == 1
        _say(f"  {len(report.unrecognized)} {'file is' if one else 'files are'} no export that is known:", colour)
        for line in report.unrecognized[:SHOWN_UNRECOGNIZED]:
            _say(f"    {line}", colour)
        if len(report.unrecognized) > SHOWN_UNRECOGNIZED:
            _say(f"    ... and {len(report.unrecognized) - SHOWN_UNRECOGNIZED} more", colour)
        _say("    `marginbook formats detect` tells of each what it is or lacks", colour)
    if not (report.parts or report.errors or report.unrecognized):
        _say("there is no file here", colour)
        return
    if report.dry_run:
        _effects(report, colour)
        return
    _late(report, book, colour)
    _findings(report, book, colour)


def _doubtful(part: PartResult, book: Book, colour: bool) -> None:
    """Say what is doubtful in a file."""
    for warning in part.warnings:
        _say(f"! {part.name}: {warning}", colour, "yellow")
    if _is_ahead(part, book):
        ahead = f"its last row is of {part.last_at:%Y-%m-%d}, more than a year ahead: are its dates what they say?"
        _say(f"! {part.name}: {ahead}", colour, "yellow")
    for line in part.reject_lines:
        _say(f"x {line}", colour, "red")
    if part.rejected > len(part.reject_lines):
        more = part.rejected - len(part.reject_lines)
        _say(f"x {part.name}: {more} more rejected rows; `marginbook rejects` lists them", colour, "red")
    for reason, count in part.ignored_reasons.items():
        _say(f"  {part.name}: {count} ignored: {reason}", colour)


def _is_ahead(part: PartResult, book: Book) -> bool:
    """Say whether a file tells of what is far from having happened."""
    return part.last_at is not None and part.stored > 0 and part.last_at > book.clock() + timedelta(days=366)


def _late(report: ImportReport, book: Book, colour: bool) -> None:
    """Say which files have new rows of closed months."""
    closed = {row["account"]: row for row in book.report("closes").iter_rows(named=True) if row["status"] != "reopened"}
    for part in report.parts:
        last = closed.get(part.account or "")
        first_at = part.first_at
        if last is not None and part.stored and first_at is not None and first_at < last["ends_at"]:
            closed_to = f"rows of months of {part.account} that are closed (to {last['period']})"
            shown = "they stand as late in the next month: `marginbook report reconcile`, `report changes`"
            _say(f"! {part.name}: {closed_to}; {shown}", colour, "yellow")


def _table(parts: list[PartResult], verb: str) -> None:
    """Print the five numbers of each file, as wide as the terminal allows, and their sum."""
    numbers = ("read", "stored", "duplicate", "ignored", "rejected")
    lines = [
        {"file": part.name, "format": part.format, **{name: getattr(part, name) for name in numbers}}
        | {
            "from": part.first_at,
            "to": part.last_at,
            "note": part.note or (None if part.read or not part.format else "it holds no rows"),
        }
        for part in parts[:SHOWN_FILES]
    ]
    types: dict[str, pl.DataType] = dict.fromkeys(("file", "format", "note"), pl.String())
    types |= dict.fromkeys(numbers, pl.Int64()) | dict.fromkeys(("from", "to"), pl.Datetime("us", "UTC"))
    frame = pl.DataFrame(lines, schema={name: types[name] for name in lines[0]})
    width = shutil.get_terminal_size((160, 50)).columns
    click.echo(
        render(frame, IMPORTED, "table", width=width, encoding=sys.stderr.encoding or "ascii").decode(), err=True
    )
    if len(parts) > SHOWN_FILES:
        click.echo(f"... and {len(parts) - SHOWN_FILES} more; `marginbook files` lists all", err=True)
    read, *rest = (f"{sum(getattr(part, name) for part in parts):,} {name}" for name in numbers)
    rest[0] = rest[0].replace("stored", verb)
    click.echo(f"{len(parts)} file{'s' * (len(parts) > 1)}: {read} = {' + '.join(rest)}", err=True)


def _effects(report: ImportReport, colour: bool) -> None:
    effects = report.effects
    if effects is None or not effects.height:
        _say("dry run: no balance would change; nothing was stored", colour)
        return
    _say("dry run: balances would change so (nothing was stored):", colour)
    for account, wallet, asset, before, after in effects.head(SHOWN_EFFECTS).iter_rows():
        was, now = ("none" if value is None else f"{value.normalize():f}" for value in (before, after))
        _say(f"    {account} {wallet} {asset}: {was} -> {now}", colour)
    if effects.height > SHOWN_EFFECTS:
        _say(f"    ... and {effects.height - SHOWN_EFFECTS} more", colour)


def _findings(report: ImportReport, book: Book, colour: bool) -> None:
    frame = book.report("findings")
    breaks = book.report("breaks").height
    if breaks:
        _say(
            f"! {breaks} break{'s' * (breaks != 1)} in the chain of stated balances; `marginbook report breaks`",
            colour,
            "yellow",
        )
    if report.errors and not report.parts:
        _say("nothing was stored", colour)
        return
    if not frame.height:
        if any(part.rejected for part in report.parts):
            _say("the rejected rows are not in the book; `marginbook rejects` lists them", colour, "red")
        elif not breaks and not report.errors:
            _say("nothing doubtful; next: `marginbook report positions`, `marginbook report balances`", colour)
        return
    shown = ", the first of them" if frame.height > SHOWN_FINDINGS else ""
    _say(f"{frame.height} findings{shown}:" if frame.height > 1 else "1 finding:", colour)
    for row in frame.head(SHOWN_FINDINGS).iter_rows(named=True):
        mark = {"error": "x", "warning": "!"}.get(row["severity"], "-")
        _say(
            f"{mark} {_in_a_line(row['sentence'])}", colour, {"error": "red", "warning": "yellow"}.get(row["severity"])
        )
    _say("next: `marginbook report findings`, `marginbook report positions`, `marginbook report balances`", colour)


def _say(text: str, colour: bool, paint: str | None = None) -> None:
    click.echo(click.style(_safe(text), fg=paint) if colour and paint else _safe(text), err=True)


def _in_a_line(text: str) -> str:
    """Return a sentence with names from files cut short where they are endless, and their line ends shown."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return ENDLESS.sub(lambda word: shortened(word[0]), line)


def _safe(text: str) -> str:
    """Return the text with control and direction characters shown instead of obeyed."""
    return "".join(
        character
        if character == "\n"
        or (character.isprintable() and character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        else character.encode("unicode_escape").decode()
        for character in text
    )
