"""The command line: parse, call, print.  The clock and the environment are read here only."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands.auditing import audit, margin
from ledger.commands.closing import breaks, close, pack, reopen, review
from ledger.commands.common import (
    BOOK,
    CLEAN,
    EXHAUSTED,
    INTERRUPTED,
    LOOK,
    USAGE,
    colour,
    instant,
    known_age,
    known_currency,
    known_wallet,
    known_zone,
    output_options,
    readable,
    show,
    writable,
)
from ledger.commands.decisions import accounts, assert_, enter
from ledger.commands.ending import Ended, engine_error, take_signals
from ledger.commands.exporting import export
from ledger.commands.formats import formats, templates
from ledger.commands.monthly import match, unmatch
from ledger.commands.taxing import tax
from ledger.storage import failpoints

if TYPE_CHECKING:
    from datetime import timedelta

    from ledger.book import Book
    from reports.render import OutputKind

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
REPORT_NAMES = (
    "positions",
    "carry",
    "realized",
    "funding",
    "interest",
    "income",
    "loans",
    "loan_events",
    "liquidations",
    "liquidation_summary",
    "margin",
    "margin_calls",
    "tiers",
    "balances",
    "breaks",
    "witnesses",
    "coverage",
    "findings",
    "reconcile",
    "transfers",
    "closes",
    "changes",
    "journal",
    "trial_balance",
    "prices",
    "gaps",
    "downloads",
    "calendar",
)


@click.group(context_settings=CONTEXT)
@click.option(
    "--book",
    "book_path",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    envvar="MARGINBOOK",
    default=Path("book.duckdb"),
    show_default="$MARGINBOOK, else ./book.duckdb",
    help="The book to use.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(0, 86_400),
    default=30,
    show_default=True,
    help="How long to wait for a book that another program holds; 0: not at all.",
)
@click.version_option(package_name="marginbook")
@click.pass_context
def marginbook(context: click.Context, book_path: Path, wait: float) -> None:
    """The book of a crypto margin trader: raw venue exports in, exact positions and what holding them cost out.

    \b
    First steps:
      marginbook demo                       see it work on invented exports
      marginbook import ~/Downloads         store every export found there
      marginbook report positions           what was won, lost and paid
      marginbook trace POSITION_ID          the lines of files behind a number

    \b
    Exit status: 0 clean, 1 something to look at, 2 wrong usage, 3 an input could not be read or recognized,
    4 the book, 5 refused for safety, 6 out of disk or memory, 130 interrupted.
    """
    context.obj = book_path


for command in (
    accounts, assert_, audit, breaks, close, enter, export, formats, margin, match, pack, reopen, review, tax,
    templates, unmatch,
):  # fmt: skip
    marginbook.add_command(command)

# ------------------------------------------------------------------------------------------------- import


@marginbook.command("import", epilog="Example: marginbook import ~/Downloads --dry-run")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--account", help="Your name for the login or sub-account; default: the venue's, or the one already known."
)
@click.option("--wallet", help="The wallet, where an export does not name it (usdm, coinm, spot, unified ...).")
@click.option(
    "--format",
    "format_",
    metavar="NAME|FILE.toml",
    help="What the file is, where several formats have its header; or a description of your own, which the book keeps.",
)
@click.option("--timezone", metavar="ZONE", help="Zone of local times: UTC, +02:00, Europe/Berlin.")
@click.option("--encoding", help="Encoding of a text file that is not UTF-8.")
@click.option("--dry-run", is_flag=True, help="Say exactly what would be stored, and store nothing.")
@click.option("--strict", is_flag=True, help="Store nothing of a file with any row that is not understood.")
@click.option(
    "--max-rejects",
    metavar="SHARE",
    default="5%",
    show_default=True,
    help="Store nothing of a file with a larger share of rows not understood.",
)
@click.pass_obj
def import_(
    book_path: Path,
    paths: tuple[Path, ...],
    account: str | None,
    wallet: str | None,
    format_: str | None,
    timezone: str | None,
    encoding: str | None,
    dry_run: bool,
    strict: bool,
    max_rejects: str,
) -> None:
    """Store raw exports: files, folders and zips.  What is stored already is not stored twice."""
    from dataclasses import replace

    from ledger.commands.talk import print_import
    from ledger.storage.importing import Asked
    from ledger.storage.reading import ahead_of

    known_wallet(wallet)
    _known_zone(timezone)
    asked = Asked(
        account=account,
        wallet=wallet,
        timezone=timezone,
        encoding=encoding,
        strict=strict,
        max_rejects=_share(max_rejects),
    )
    missing = [path for path in paths if not _may_be_there(path)]
    if missing:
        raise click.BadParameter(f"no such file or folder: {', '.join(map(str, missing))}", param_hint="PATHS")
    ahead = None if dry_run else ahead_of(book_path, paths, asked.options(), format_)
    fresh = not _may_be_there(book_path)
    with writable(book_path, in_memory=dry_run and fresh) as book:
        asked = replace(asked, format=_format_asked(book, format_))
        report = book.import_paths(paths, asked, dry_run=dry_run, ahead=ahead)
        print_import(report, book, colour=colour(sys.stderr))
        if fresh and not report.parts:
            book.leave_nothing()
    sys.exit(report.exit_code)


@marginbook.command(epilog="Example: marginbook files --output-format json")
@output_options
@click.pass_obj
def files(book_path: Path, kind: OutputKind | None, output: Path | None) -> None:
    """The imported files and their five numbers: read = stored + duplicate + ignored + rejected."""
    from reports.listings import FILES

    with readable(book_path) as book:
        show(book.listing(FILES), FILES, kind, output)


@marginbook.command(epilog="Example: marginbook rejects --output-format csv -o rejects.csv")
@output_options
@click.pass_obj
def rejects(book_path: Path, kind: OutputKind | None, output: Path | None) -> None:
    """The source rows that were not understood: file, line, column, the text seen and what was expected."""
    from reports.listings import REJECTS

    with readable(book_path) as book:
        frame = book.listing(REJECTS)
        show(frame, REJECTS, kind, output)
    sys.exit(LOOK if frame.height else CLEAN)


@marginbook.command(epilog="Example: marginbook retry")
@click.pass_obj
def retry(book_path: Path) -> None:
    """Read the files that had rejects again, from the archive: a newer version may understand them."""
    from ledger.commands.talk import print_import

    with writable(book_path, must_exist=True) as book:
        report = book.retry()
        if report.parts or report.errors:
            print_import(report, book, colour=colour(sys.stderr))
        else:
            click.echo("no file had rejects; there is nothing to read again", err=True)
    sys.exit(report.exit_code)


@marginbook.command(epilog="Example: marginbook forget trades-2026-02.csv")
@click.argument("file")
@click.pass_obj
def forget(book_path: Path, file: str) -> None:
    """Take one import or entry back, exactly.  FILE is its name, its number in `files`, or its sha-256."""
    from ledger.storage.entries import is_entry, restated_by

    with writable(book_path, must_exist=True) as book:
        name = book.forget(file)
    back = f"`{restated_by(name)}` states it again" if is_entry(name) else "`marginbook import` takes it again"
    click.echo(f"forgotten: {name}; its bytes stay in the archive, {back}", err=True)


@marginbook.command(epilog="Example: marginbook rebuild")
@click.pass_obj
def rebuild(book_path: Path) -> None:
    """Make the whole book again from its archive alone."""
    from ledger.storage.archive import archive_of

    with writable(book_path, must_exist=not archive_of(book_path).exists(), any_version=True) as book:
        before, after = book.rebuild()
    if all(part.endswith("=0:0") for part in before.split()):  # no book, an empty one, or an older version's
        click.echo("the book was made anew from its archive", err=True)
        return
    if before == after:
        click.echo("rebuilt from the archive: the book says the same to the last digit", err=True)
        return
    differing = [now.split("=")[0] for was, now in zip(before.split(), after.split(), strict=True) if was != now]
    click.echo(
        f"rebuilt from the archive: {', '.join(differing)} changed (this version reads the exports anew)", err=True
    )
    if book.rebuilt is not None and book.rebuilt.height:
        from reports.monthly import CHANGES

        show(book.rebuilt, CHANGES, "table", None)


@marginbook.command(epilog="Example: marginbook verify")
@click.pass_obj
def verify(book_path: Path) -> None:
    """Compare the checksums of book and archive."""
    with readable(book_path, any_state=True) as book:
        damage = book.verify()
    for line in damage:
        click.echo(line)
    if damage:
        click.echo("restore the archive from a copy; `marginbook rebuild` makes the book from it", err=True)
        sys.exit(BOOK)
    click.echo("book and archive are whole", err=True)


@marginbook.command(epilog="Example: marginbook check --output-format json")
@output_options
@click.pass_obj
def check(book_path: Path, kind: OutputKind | None, output: Path | None) -> None:
    """Try every invariant and print what offends, with the lines of files behind it; silence is good."""
    from ledger.commands.offending import print_offenders

    with readable(book_path) as book:
        found = book.check()
    print_offenders(found, kind, output)
    sys.exit(LOOK if any(frame.height for frame in found.values()) else CLEAN)


# ------------------------------------------------------------------------------------------------ reports


@marginbook.command(epilog="Example: marginbook report carry --from 2026-01 --to 2026-03 --symbol ETHUSDT")
@click.argument("name", type=click.Choice(REPORT_NAMES))
@click.option("--from", "start", metavar="DATE", help="First instant: 2025-10, 2025-10-31 or 2025-10-31T08:00:00Z.")
@click.option("--to", "end", metavar="DATE", help="End, exclusive; a month or a day means its end.")
@click.option("--account", help="Only this account.")
@click.option("--venue", help="Only this venue.")
@click.option("--symbol", help="Only this instrument: the venue's name, or the unified one (BTC/USDT:USDT).")
@click.option(
    "--by",
    type=click.Choice(["day", "month", "quarter", "year"]),
    default="month",
    show_default=True,
    help="Length of a period, where the report has one.",
)
@click.option(
    "--zone", default="UTC", show_default=True, callback=known_zone, help="Zone of periods: UTC, Europe/Berlin."
)
@click.option(
    "--since", type=click.IntRange(1), metavar="NUMBER", help="Of changes: compare with the book after this import."
)
@click.option(
    "--currency",
    metavar="ASSET",
    callback=known_currency,
    help="Value the amounts in it, too (EUR, USD, USDT), each with the price that says so.",
)
@click.option(
    "--max-age",
    metavar="SPAN",
    callback=known_age,
    help="Oldest price that values anything: 90m, 24h (default), 7d; rates of states: at least 7d.",
)
@click.option("--wide", is_flag=True, help="All columns, even where the terminal is too narrow.")
@output_options
@click.pass_obj
def report(
    book_path: Path,
    name: str,
    start: str | None,
    end: str | None,
    account: str | None,
    venue: str | None,
    symbol: str | None,
    by: str,
    zone: str,
    since: int | None,
    currency: str | None,
    max_age: timedelta | None,
    wide: bool,
    kind: OutputKind | None,
    output: Path | None,
) -> None:
    """Answer a question with a table that leads back to the rows behind it.

    \b
    positions     what was won or lost on price, paid in fees, funding, liquidation fees, and what is left
    carry         what holding each position cost, per day, per year, and its breakeven price
    realized      results by period; the sum over all lines is what the ledger booked
    funding       paid and received by period and instrument, with the implied annual rate
    interest      borrow interest by period, asset and isolated pair, with the implied annual rate
    income        income and expenses by period: results, fees, funding, interest by loan, rebates, debt written off
    loans         crypto-backed loans and debt pools: drawn, interest, repaid, still owed, what they cost
    loan_events   every step of a loan with what is owed after it and the loan to value
    liquidations  forced reductions with their prices, fees and loss, and why they happened
    liquidation_summary  what keeps liquidating: by cause, symbol and leverage at open, with the share of carry
    margin        where each position stood day by day: equity, requirement, health, liquidation price
    margin_calls  crossings of the venue's warning level, and what was done after
    tiers         which margin tiers are known, imported or built in: of what, since when, from where
    balances      every wallet's assets beside the venue's own figure
    breaks        where the chain of stated balances does not hold
    witnesses     days on which two exports state the same fact, side by side
    coverage      which ranges of time the imported files cover
    findings      things to look at, each with what to do
    reconcile     the roll-forward: opening + each cause = closing, beside the venue's own figure
    transfers     what moved between wallets, came or went: both ends matched, in transit, unmatched, outside
    closes        the closed months: who prepared and reviewed them, and the digest of their figures
    changes       figures that are not what they were: when their month was closed, or after an earlier import
    journal       every event as postings that sum to zero per asset
    trial_balance what each posting account holds: debits, credits, balances, and that they sum to zero
    prices        which prices the book knows: of what, from where, since when
    gaps          what is missing: files, funding and interest that were due, ids that jump, balances that break
    downloads     what to download next: exports with their days, the most needed first
    calendar      what is covered, a mark a day
    """
    from reports.registry import REPORTS
    from reports.valued import valued

    if max_age is not None and currency is None:
        raise click.UsageError("--max-age goes with --currency: without one nothing is valued")
    first, last = instant(start, "--from", zone=zone), instant(end, "--to", end=True, zone=zone)
    if first is not None and last is not None and first >= last:
        raise click.BadParameter("the range ends before it starts", param_hint="--from and --to")
    with readable(book_path) as book:
        frame = book.report(
            name,
            start=first,
            to=last,
            account=account,
            venue=venue,
            symbol=symbol,
            by=by,
            zone=zone,
            currency=currency,
            max_age=max_age,
            **({"since": since} if since is not None else {}),
        )
        shape = REPORTS[name] if currency is None else valued(REPORTS[name], currency, frame)
        show(frame, shape, kind, output, wide=wide)
    asked = {"--from": start, "--to": end, "--account": account, "--venue": venue, "--symbol": symbol}
    narrowed = " ".join(f"{option} {value}" for option, value in asked.items() if value is not None)
    if narrowed and not frame.height:
        click.echo(f"(that is with {narrowed}; there may be rows without)", err=True)
    sys.exit(LOOK if name == "breaks" and frame.height else CLEAN)


@marginbook.command(epilog="Example: marginbook trace main:ETHUSDT:long:20260201T0000:1")
@click.argument("id_", metavar="ID")
@output_options
@click.pass_obj
def trace(book_path: Path, id_: str, kind: OutputKind | None, output: Path | None) -> None:
    """Lead a number back to file:line and the raw text.

    ID is a position_id, a liquidation_id, a break_id, a finding_id, the `line` of a report's row, a row_key, or the
    name of an entry by hand.
    """
    from ledger.trace import trace as find
    from reports.listings import TRACE, traced

    with readable(book_path) as book:
        show(traced(find(book.store, book.archive, id_)), TRACE, kind, output)


@marginbook.command(epilog='Example: marginbook sql "SELECT symbol, sum(amount) FROM funding GROUP BY symbol"')
@click.argument("query")
@output_options
@click.pass_obj
def sql(book_path: Path, query: str, kind: OutputKind | None, output: Path | None) -> None:
    """Ask the book in SQL, read only and without access to files."""
    from reports.listings import answer

    with readable(book_path) as book:
        frame = book.sql(query)
    show(frame, answer(frame), kind, output, wide=True)


@marginbook.command(epilog="Example: marginbook schema fills")
@click.argument("table", required=False)
@output_options
def schema(table: str | None, kind: OutputKind | None, output: Path | None) -> None:
    """The tables of the book, or the columns of one with type, unit and sign."""
    from reports.listings import SCHEMA, schema_frame

    show(schema_frame(table), SCHEMA, kind, output)


@marginbook.command(epilog="Example: marginbook demo")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def demo(context: click.Context, folder: Path | None) -> None:
    """Write invented exports of five venues to FOLDER (default ./demo), import them and print the main reports."""
    from ledger.commands.demo import REPORTS_SHOWN, SHOWN_LIQUIDATION, write_exports
    from ledger.commands.talk import print_import

    place = folder or Path("demo")
    exports = write_exports(place / "exports")
    path = place / "book.duckdb"
    with writable(path) as book:
        imported = book.import_paths([exports])
        print_import(imported, book, colour=colour(sys.stderr))
        from reports.registry import REPORTS

        for name in REPORTS_SHOWN:
            show(book.report(name), REPORTS[name], "table", None)
            click.echo()
        liquidations = book.report("liquidations")
        first, worst = liquidations["position_id"].drop_nulls(), liquidations.filter(symbol=SHOWN_LIQUIDATION)
    click.echo(f"The exports lie in {exports}, the book is {path}.  Go on with")
    for line in (
        f"report carry --symbol {first[0].split(':')[1]}",
        f"trace {first[0]}",
        f"audit {worst['liquidation_id'][0]} --html {place / 'audit.html'}",
        "report realized --by day",
        "check",
    ):
        click.echo(f"  marginbook --book {path} {line}")


def _share(text: str) -> float:
    try:
        share = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r} is no share; write 5% or 0.05", param_hint="--max-rejects")
    return share


def _may_be_there(path: Path) -> bool:
    """Return whether there is a file or folder; where the system does not let us look, reading it says so."""
    try:
        return path.exists()
    except OSError:
        return True


def _known_zone(zone: str | None) -> None:
    import re
    import zoneinfo

    if zone is None or zone == "UTC" or re.fullmatch(r"[+-]\d{1,2}(:?\d{2})?", zone):
        return
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(
            f"{zone!r} is no zone; write UTC, +02:00 or Europe/Berlin", param_hint="--timezone"
        ) from None


def _format_asked(book: Book, asked: str | None) -> str | None:
    """Return the name of the format that was asked for: a known one, or that of a description."""
    if asked is None:
        return None
    import difflib

    path = Path(asked)
    if path.suffix == ".toml":
        from importers.described.description import text_of

        return book.describe(text_of(path), path.name)
    names = [form.name for form in book.formats]
    if asked not in names:
        near = difflib.get_close_matches(asked, names, 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see `marginbook formats list`"
        raise click.BadParameter(f"there is no format {asked!r}{hint}", param_hint="--format")
    return asked


def main() -> None:
    """Run the command line; every error becomes a sentence and an exit status, never a traceback."""
    from schemas.errors import MarginbookError

    if planned := os.environ.get(failpoints.VARIABLE):
        failpoints.arm(planned)
    try:
        take_signals()
        marginbook(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing half-done was stored", err=True)
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except MarginbookError as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    except Ended as ended:
        click.echo("ended from outside; nothing half-done was stored", err=True)
        code = 128 + ended.number
    except BrokenPipeError:
        code = CLEAN
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  the reader went away; nothing is left to say
    except MemoryError:
        click.echo("out of memory; nothing half-done was stored", err=True)
        code = EXHAUSTED
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM)
        click.echo(f"{'out of disk or memory' if full else 'cannot read or write'}: {error}", err=True)
        code = EXHAUSTED if full else USAGE
    except SystemExit as done:
        code = int(done.code or 0)
    except Exception as error:
        if os.environ.get("MARGINBOOK_DEBUG"):
            raise
        code, sentence = engine_error(error)
        click.echo(sentence, err=True)
    else:
        code = CLEAN
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    main()
