"""What the modules of the command line share: exit statuses, options, opening a book, printing a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl

    from ledger.book import Book
    from reports.contract import Report
    from reports.render import OutputKind

KINDS: tuple[OutputKind, ...] = ("table", "csv", "json", "xlsx", "html", "parquet")
CLEAN, LOOK, USAGE, UNREADABLE, BOOK, REFUSED, EXHAUSTED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --output-format and -o to a command."""
    command = click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")(
        command
    )
    return click.option(
        "--output-format",
        "kind",
        type=click.Choice(KINDS),
        default=None,
        help="table (default), or exact values as csv, json, xlsx, html, parquet.",
    )(command)


def readable(path: Path, *, any_state: bool = False) -> Book:
    """Open a book that is there, to be read; with `any_state` one that is older than its archive, too."""
    from ledger.book import Book

    return Book.open(path, read_only=True, any_state=any_state, **_opening())


def writable(path: Path, *, in_memory: bool = False, must_exist: bool = False, any_version: bool = False) -> Book:
    """Open a book to be written, and make it where none is asked for to be there."""
    from ledger.book import Book, require_book
    from schemas.errors import BookError

    if in_memory:
        return Book.in_memory()
    if must_exist:
        require_book(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BookError(path, f"its folder cannot be made: {error.strerror}", "give another --book") from None
    return Book.open(path, any_version=any_version, **_opening())


def _opening() -> dict[str, Any]:
    """Return how long to wait for another program, whom to tell, and what others read who wait for this command."""
    from ledger.storage.store import Patience

    context = click.get_current_context()
    seconds = float(context.find_root().params.get("wait", 0))
    return {
        "patience": Patience(seconds, lambda text: click.echo(text, err=True)),
        "command": f"marginbook {context.info_name}",
    }


def require_folder(path: Path | None, option: str) -> None:
    """Refuse a place to write to of which the folder above is not there: it may be a slip of the pen."""
    if path is not None and not path.absolute().parent.is_dir():
        there = "is no folder" if path.parent.exists() else "is not there"
        raise click.BadParameter(
            f"the folder {path.parent} {there}; make it first, or correct the path: nothing was written",
            param_hint=option,
        )


def show(
    frame: pl.DataFrame, shape: Report, kind: OutputKind | None, output: Path | None, *, wide: bool = False
) -> None:
    """Print a frame to stdout, or to a file, in the format that was asked for."""
    from reports.render import BINARY, kind_of, render

    chosen = kind or (kind_of(output) if output is not None else None) or "table"
    if chosen in BINARY and output is None and sys.stdout.isatty():
        raise click.UsageError(f"{chosen} is no text for a terminal; name a file with -o")
    if output is not None:
        output.write_bytes(render(frame, shape, chosen, wide=wide))
        click.echo(f"{output}: {frame.height:,} rows", err=True)
        return
    content = render(
        frame,
        shape,
        chosen,
        width=_width(),
        colour=colour(sys.stdout),
        wide=wide,
        encoding=sys.stdout.encoding or "ascii",
    )
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((160, 50)).columns


def colour(stream: Any) -> bool:
    """Say whether a stream may be written to in colour."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def known_wallet(wallet: str | None) -> str | None:
    """Return the wallet if there is such a one."""
    from schemas.tables import WALLETS

    if wallet is not None and wallet not in WALLETS:
        raise click.BadParameter(f"{wallet!r} is none of {', '.join(WALLETS)}", param_hint="--wallet")
    return wallet


FIRST_YEAR, LAST_YEAR = 1970, 2199


def known_zone(_context: click.Context, option: click.Parameter, zone: str) -> str:
    """Return the name of a zone if there is such a one."""
    from zoneinfo import ZoneInfo

    try:
        known = bool(ZoneInfo(zone)) and zone not in {"localtime", "posixrules", "Factory"}
        known = known and not zone.startswith(("right/", "posix/"))
    except (ValueError, KeyError, OSError):
        known = False
    if not known:
        raise click.BadParameter(f"{zone!r} is no zone; write UTC or Europe/Berlin", param=option)
    return zone


def known_currency(_context: click.Context, option: click.Parameter, currency: str | None) -> str | None:
    """Return the currency in capitals if it can be one."""
    if currency is not None and not (currency.isascii() and currency.isalnum() and 2 <= len(currency) <= 12):
        raise click.BadParameter(f"{currency!r} is no currency; write EUR, USD or USDT", param=option)
    return currency.upper() if currency is not None else None


def known_age(_context: click.Context, option: click.Parameter, text: str | None) -> timedelta | None:
    """Return the span of `90m`, `36h` or `7d`."""
    if text is None:
        return None
    seconds = {"m": 60, "h": 3_600, "d": 86_400}.get(text[-1:])
    number = text[:-1]
    if seconds is None or not (number.isascii() and number.isdigit()) or not 0 < int(number) < 100_000:
        raise click.BadParameter(f"{text!r} is no span; write 90m, 36h or 7d", param=option)
    return timedelta(seconds=int(number) * seconds)


def instant(text: str | None, option: str, *, end: bool = False, zone: str = "UTC") -> datetime | None:
    """Return the instant of `2025-10`, `2025-10-31` or `2025-10-31T08:00:00Z`; of a month or a day its end if asked.

    Days, months and instants without an offset are those of the zone.
    """
    if text is None:
        return None
    from zoneinfo import ZoneInfo

    local = ZoneInfo(zone)

    for pattern, step in (("%Y-%m", "month"), ("%Y-%m-%d", "day"), ("%Y", "year")):
        try:
            at = datetime.strptime(text, pattern).replace(tzinfo=local)
        except ValueError:
            continue
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise click.BadParameter(f"{text!r} is no year of a book", param_hint=option)
        if not end:
            return at.astimezone(UTC)
        if step == "day":
            return (at + timedelta(days=1)).astimezone(UTC)
        months = 12 if step == "year" else 1
        after = at.replace(year=at.year + (at.month - 1 + months) // 12, month=(at.month - 1 + months) % 12 + 1)
        return after.astimezone(UTC)
    try:
        at = datetime.fromisoformat(text)
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise ValueError(at.year)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no date; write 2025-10, 2025-10-31 or 2025-10-31T08:00:00Z", param_hint=option
        ) from None
    return (at.replace(tzinfo=local) if at.tzinfo is None else at).astimezone(UTC)
