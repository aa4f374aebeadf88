"""Commands about what can be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli_common import output_options, show

if TYPE_CHECKING:
    from reports.render import OutputKind


@click.group()
def formats() -> None:
    """The exports that can be read: list, show one, detect files."""


@formats.command("list", epilog="Example: marginbook formats list")
@output_options
def formats_list(kind: OutputKind | None, output: Path | None) -> None:
    """Every format with its venue and how sure we are of it."""
    from ledger.listings import formats_frame
    from reports.listings import FORMATS

    show(formats_frame(), FORMATS, kind, output)


@formats.command("show", epilog="Example: marginbook formats show binance.futures_trades")
@click.argument("name")
def formats_show(name: str) -> None:
    """One format: where to download it, its headers, what its rows become, what it claims."""
    from ledger.listings import format_text

    click.echo(format_text(name))


@formats.command("detect", epilog="Example: marginbook formats detect ~/Downloads")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--timezone", metavar="ZONE", help="Zone of local times.")
@click.option("--encoding", help="Encoding of a text file that is not UTF-8.")
@output_options
def formats_detect(
    paths: tuple[Path, ...], timezone: str | None, encoding: str | None, kind: OutputKind | None, output: Path | None
) -> None:
    """Say of each file what it is, without importing it."""
    from ledger.listings import detected_frame
    from reports.listings import DETECTED

    frame, code = detected_frame(paths, timezone, encoding)
    show(frame, DETECTED, kind, output)
    sys.exit(code)
