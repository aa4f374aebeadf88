"""Commands that say why a position was liquidated, and how near one is to it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.common import CLEAN, LOOK, colour, instant, output_options, readable, show

if TYPE_CHECKING:
    from ledger.judging.thresholds import Thresholds
    from reports.audit import Audit
    from reports.render import OutputKind

DEFAULT_WIDTH = 100
HEALTHY = "health"


@click.command(epilog="Example: marginbook audit --latest --html audit.html")
@click.argument("id_", metavar="ID", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the liquidations of the book, with their causes.")
@click.option("--latest", is_flag=True, help="The last one.")
@click.option(
    "--since", metavar="WHEN", help="Where the bridge starts: an instant, or `health` (when health last was 2); else "
    "the first row of the position.",
)  # fmt: skip
@click.option("--threshold", "pairs", multiple=True, metavar="NAME=VALUE", help="Of a finding: carry_drain=0.1.")
@click.option(
    "--thresholds", "file", type=click.Path(path_type=Path, dir_okay=False), help="A TOML file of NAME = VALUE lines."
)
@click.option("--output-format", "kind", type=click.Choice(["table", "json"]), help="table (default) or json.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the charts as one drawing.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the charts as one picture.")
@click.option("--pdf", type=click.Path(path_type=Path, dir_okay=False), help="Write the charts as one sheet of PDF.")
@click.pass_obj
def audit(
    book_path: Path, id_: str | None, is_list: bool, latest: bool, since: str | None, pairs: tuple[str, ...],
    file: Path | None, kind: str | None, output: Path | None, html: Path | None, svg: Path | None, png: Path | None,
    pdf: Path | None,
) -> None:  # fmt: skip
    """Say why a liquidation happened: the bridge from the equity before it to the equity after, exact.

    ID is a liquidation_id as `--list` shows it (or its start), a position_id or a loan_id.  Each line says whether it
    is measured, supplied, implied or assumed; what rows do not explain is a line of its own.  Without any price file it
    works from fills and liquidation rows, and says what could not be known.
    """
    if sum((id_ is not None, is_list, latest)) != 1:
        raise click.UsageError("name one ID, or say --latest, or --list to see them all")
    if is_list:
        if any((since, pairs, file, html, svg, png, pdf)):
            raise click.UsageError("--list lists; name an ID for a page, a drawing or another window")
        _list(book_path, kind, output)
        return
    thresholds = _thresholds(file, pairs)
    at = None if since in (None, HEALTHY) else instant(since, "--since")
    with readable(book_path) as book:
        told = [*(["--since", since] if since else []), *(word for pair in pairs for word in ("--threshold", pair))]
        told += ["--thresholds", file.name] if file else []
        found = book.audit("latest" if id_ is None else id_, at, from_healthy=since == HEALTHY, thresholds=thresholds,
                           evidence=html is not None or kind == "json")  # fmt: skip
    written = _write(found, told, html, {"svg": svg, "png": png, "pdf": pdf})
    if kind is None and output is not None and output.suffix == ".json":
        kind = "json"
    if kind == "json":
        _put(_json(found), output)
    elif output is not None or not written:
        _put(_table(found, plain=output is not None), output)


def _list(book_path: Path, kind: str | None, output: Path | None) -> None:
    from reports.registry import REPORTS

    with readable(book_path) as book:
        frame = book.report("liquidations")
    chosen: OutputKind = "json" if kind == "json" else "table"
    show(frame, REPORTS["liquidations"], chosen, output)


def _thresholds(file: Path | None, pairs: tuple[str, ...]) -> Thresholds:
    from ledger.judging.thresholds import Thresholds

    found = Thresholds() if file is None else Thresholds.read(file)
    return found.told(pairs)


def _table(found: Audit, *, plain: bool) -> str:
    import shutil

    from reports.audit_text import lines

    width = shutil.get_terminal_size((DEFAULT_WIDTH, 50)).columns
    encoding = "utf-8" if plain else (sys.stdout.encoding or "ascii")
    ascii_only = not encoding.lower().replace("-", "").startswith("utf8")
    return "\n".join(lines(found, width, colour=not plain and colour(sys.stdout), ascii_only=ascii_only)) + "\n"


def _json(found: Audit) -> str:
    from reports.audit_json import text

    return text(found)


def _put(text: str, output: Path | None) -> None:
    if output is not None:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{output}: written", err=True)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "ascii", errors="replace"))
    sys.stdout.buffer.flush()


def _write(found: Audit, told: list[str], html: Path | None, drawings: Mapping[str, Path | None]) -> bool:
    """Write the page and the drawings that were asked for, and return whether any was."""
    from reports.svg import can_draw

    asked = {kind: path for kind, path in drawings.items() if path is not None}
    if asked and not can_draw():
        raise click.UsageError("drawings need the charts extra: pip install 'marginbook[charts]'")
    if html is not None:
        from reports.audit_page import page

        command = shlex.join(["marginbook", "audit", found.liquidation_id, *told, "--html", html.name])
        html.write_text(page(found, command), encoding="utf-8", newline="\n")
        click.echo(f"{html}: written", err=True)
    if asked:
        from reports.audit_twins import drawing

        for kind, path in asked.items():
            path.write_bytes(drawing(found, kind))
            click.echo(f"{path}: written", err=True)
    return html is not None or bool(asked)


# ------------------------------------------------------------------------------------------------- margin


@click.command(epilog="Example: marginbook margin main:ETHUSDT:long:20260201T0000:1 --at 2026-02-03 --if price=-10%")
@click.argument("position_id", metavar="POSITION")
@click.option(
    "--at", "when", metavar="INSTANT", help="When; a day means its end.  Default: the last instant it was open."
)
@click.option(
    "--if", "supposed", metavar="CHANGES", help="What if: price=-10% (or a price), withdraw=500, deposit=500, "
    "size=50%; several with commas.",
)  # fmt: skip
@output_options
@click.pass_obj
def margin(
    book_path: Path, position_id: str, when: str | None, supposed: str | None, kind: OutputKind | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Say how near a position is to its liquidation: equity, requirements, leverage, prices that end it.

    Equity is of all that the venue could take with it: the isolated margin, the cross wallet, the whole account.
    Without a mark price of that time, or tiers of the instrument, what depends on them is unknown, and the answer says
    what to import.
    """
    from ledger.auditing.margins import answer, told

    at = instant(when, "--at", end=True)
    if at is not None and when is not None and "T" not in when:
        at -= timedelta(microseconds=1)  # the end of a day is its last instant
    changes = _changes(supposed)
    with readable(book_path) as book:
        try:
            found = book.margin(position_id, at, changes)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--if") from None
    from reports.margins import STANDING

    show(answer(found), STANDING, kind, output)
    for line in told(found[0]):
        click.echo(line, err=True)
    sys.exit(LOOK if found[-1].outcome == "liquidated" else CLEAN)


def _changes(text: str | None) -> Mapping[str, str]:
    """Return the changes of `price=-10%,withdraw=500` by name."""
    changes: dict[str, Any] = {}
    for part in (text or "").split(","):
        if part.strip():
            name, equals, value = part.partition("=")
            if not equals or name.strip() in changes:
                raise click.BadParameter(f"{part.strip()!r}; write price=-10%,withdraw=500", param_hint="--if")
            changes[name.strip()] = value
    return changes
