"""Commands about what can be read: formats, descriptions of one's own, templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands.common import known_wallet, output_options, show

if TYPE_CHECKING:
    from ledger.commands.trying import Tried
    from reports.render import OutputKind

SHOWN_ROWS = 20


@click.group()
def formats() -> None:
    """The exports that can be read: list, show one, detect files, describe one of your own."""


@formats.command("list", epilog="Example: marginbook formats list --venue kraken")
@click.option("--venue", help="Only this venue.")
@output_options
@click.pass_obj
def formats_list(book_path: Path, venue: str | None, kind: OutputKind | None, output: Path | None) -> None:
    """Every format with its venue and what its description rests on; those that the book remembers, too."""
    from ledger.commands.listings import formats_frame
    from ledger.storage.descriptions import known_formats
    from reports.listings import FORMATS

    every = known_formats(book_path)
    asked = _letters(venue) if venue is not None else None
    known = [form for form in every if asked in (None, _letters(form.venue))]
    if not known:
        venues = ", ".join(dict.fromkeys(form.venue for form in every))
        raise click.BadParameter(f"there is no format of {venue!r}; there are {venues}", param_hint="--venue")
    show(formats_frame(known), FORMATS, kind, output)


def _letters(venue: str) -> str:
    """Return a venue's name as it is compared: Crypto.com is cryptocom, Gate.io is gate."""
    bare = "".join(letter for letter in venue.casefold() if letter.isalnum())
    return bare.removesuffix("io") if bare == "gateio" else bare


@formats.command("show", epilog="Example: marginbook formats show binance.futures_trades")
@click.argument("name")
@click.pass_obj
def formats_show(book_path: Path, name: str) -> None:
    """One format: where to download it, its headers, what its rows become, what it claims."""
    from ledger.commands.listings import format_text
    from ledger.storage.descriptions import known_formats

    click.echo(format_text(name, known_formats(book_path)))


@formats.command("detect", epilog="Example: marginbook formats detect ~/Downloads")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--timezone", metavar="ZONE", help="Zone of local times.")
@click.option("--encoding", help="Encoding of a text file that is not UTF-8.")
@output_options
@click.pass_obj
def formats_detect(
    book_path: Path, paths: tuple[Path, ...], timezone: str | None, encoding: str | None, kind: OutputKind | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Say of each file (member of a zip, sheet) what it is, how sure, of which wallets, what it states.

    Nothing is imported.  Exports come first, then near misses with the columns that differ, then everything else.
    """
    from ledger.commands.trying import detected_frame
    from ledger.storage.descriptions import known_formats
    from reports.listings import DETECTED

    frame, code = detected_frame(paths, known_formats(book_path), timezone, encoding)
    show(frame, DETECTED, kind, output)
    counts = dict(frame.group_by("kind").len().iter_rows())
    plural = {"export": "exports", "near miss": "near misses", "other": "others"}
    said = [f"{counts[word]} {word if counts[word] == 1 else plural[word]}" for word in plural if word in counts]
    click.echo(f"{frame.height} files or parts of files: {', '.join(said)}", err=True)
    sys.exit(code)


@formats.command("new", epilog="Example: marginbook formats new export.csv -o desk.toml")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", default="my_venue.export", show_default=True, help="Of the format: venue.export.")
@click.option("--encoding", help="Encoding of a text file that is not UTF-8.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def formats_new(file: Path, name: str, encoding: str | None, output: Path | None) -> None:
    """Write a first description of an export that is not known: a commented TOML file, to be checked and edited."""
    from importers.described.description import NAME
    from importers.described.guess import description_of
    from importers.files import open_bundle

    if not NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} is not as venue.export, in small letters", param_hint="--name")
    first = open_bundle(file).parts(encoding)[0]
    text = description_of(first, name)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise click.BadParameter(f"{output} is there already", param_hint="-o")
    output.write_text(text, encoding="utf-8")
    click.echo(f"{output}: now check it, then `marginbook formats test {output} {file}`", err=True)


@formats.command("test", epilog="Example: marginbook formats test desk.toml export.csv")
@click.argument("description", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--wallet", help="The wallet, where the export does not name it.")
@click.option("--timezone", metavar="ZONE", help="Zone of local times: UTC, +02:00, Europe/Berlin.")
@click.option("--encoding", help="Encoding of a text file that is not UTF-8.")
@output_options
def formats_test(
    description: Path, file: Path, wallet: str | None, timezone: str | None, encoding: str | None,
    kind: OutputKind | None, output: Path | None,
) -> None:  # fmt: skip
    """Show what a description would store of a file, what it ignores, and what nobody has described.

    Exit status 1: rows would be rejected, or columns are read by nothing.
    """
    import polars as pl

    from importers.described.description import described, text_of
    from importers.read import Options
    from importers.registry import formats
    from ledger.commands.trying import tried
    from reports.listings import TRIED

    form = described(text_of(description), description.name)
    if form.name in {known.name for known in formats()}:
        click.echo(f"! {form.name} is the name of a built-in format; to import with it choose another one", err=True)
    options = Options(wallet=known_wallet(wallet), format=form.name, zone=timezone, encoding=encoding)
    results = list(tried(form, file, options))
    rows = [frame for result in results for frame in result.rows]
    schema = {"row": pl.UInt32(), "table": pl.String(), "at": pl.Datetime("us", "UTC"), "what": pl.String()}
    frame = pl.concat(rows).sort("row", "table") if rows else pl.DataFrame(schema=schema)
    as_table = kind is None and output is None
    show(frame.head(SHOWN_ROWS) if as_table else frame, TRIED, kind, output)
    if as_table and frame.height > SHOWN_ROWS:
        click.echo(f"... and {frame.height - SHOWN_ROWS:,} more; --output-format csv has all")
    for result in results:
        _say(result)
    sys.exit(max((result.exit_code for result in results), default=0))


def _say(result: Tried) -> None:
    """Print to stderr how a file fares: its numbers, its kinds of rows, what is left to describe."""
    from ledger.commands.trying import refused_frame
    from reports.listings import REFUSED

    zone = f", zone {result.zone}" if result.zone else ""
    click.echo(f"{result.name}: header {result.variant!r}{zone}", err=True)
    click.echo(f"  {result.read:,} rows read = {result.stored:,} stored + {result.ignored:,} ignored + "
               f"{result.refused:,} rejected", err=True)  # fmt: skip
    for what, count in result.kinds.items():
        click.echo(f"  {count:>8,} {what}", err=True)
    for warning in result.warnings:
        click.echo(f"! {warning}", err=True)
    if result.unread:
        click.echo(
            f"! columns that nothing reads: {', '.join(result.unread)}; read them, or name them in [unread]", err=True
        )
    if result.unused:
        click.echo(f"! cells that nothing uses: {', '.join(result.unused)}; use them in a row, or drop them", err=True)
    for sentence in result.broken:
        click.echo(f"! {sentence}", err=True)
    if result.refused:
        show(refused_frame(result), REFUSED, None, None)


@formats.command("drop", epilog="Example: marginbook formats drop desk.fills")
@click.argument("name")
@click.pass_obj
def formats_drop(book_path: Path, name: str) -> None:
    """Recognize a format of your own no longer.  What it stored stays; the description stays in the log."""
    from ledger.commands.common import writable

    with writable(book_path, must_exist=True) as book:
        book.drop_description(name)
    click.echo(f"{name} is recognized no longer", err=True)


@click.command(epilog="Example: marginbook templates -o templates")
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="The folder to write to; it is made where it is missing.")  # fmt: skip
def templates(folder: Path) -> None:
    """Write empty files of the plain formats, CSV and XLSX: for what no export says, or for a script of your own."""
    from ledger.commands.templates import write_templates

    try:
        written = write_templates(folder)
    except FileExistsError as found:
        raise click.BadParameter(
            f"{found} is there already, and not empty; name another folder", param_hint="-o"
        ) from None
    click.echo(
        f"{folder}: {len(written)} templates, a .csv and an .xlsx a table; their sheet `help` explains", err=True
    )
