"""Commands that close a month: explain what does not tie, freeze the figures, review them, open them again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands.common import known_currency, known_zone, readable, writable

if TYPE_CHECKING:
    from ledger.book import Book

PERIOD = click.argument("period", metavar="YYYY-MM")
ACCOUNT = click.option("--account", required=True, help="The account whose month it is.")
ZONE = click.option(
    "--zone", callback=lambda context, option, zone: zone and known_zone(context, option, zone),
    help="Zone of the month; default: that of the months closed before, else UTC.",
)  # fmt: skip
CURRENCY = click.option(
    "--currency", metavar="ASSET", callback=known_currency, help="Value the figures in this currency, too."
)
FOLDER = click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the pack; default: beside the book.",
)  # fmt: skip


@click.command(epilog="Example: marginbook close 2025-10 --account main --by Anna")
@PERIOD
@ACCOUNT
@click.option("--by", required=True, help="Who prepared it.")
@ZONE
@CURRENCY
@FOLDER
@click.pass_obj
def close(
    book_path: Path, period: str, account: str, by: str, zone: str | None, currency: str | None, output: Path | None
) -> None:
    """Freeze a month of an account, when every wallet ties or its breaks are explained, and write its pack.

    What arrives for it later never changes it: it is shown as `late` in the next open month.
    """
    folder = output or _folder(book_path, account, period)
    with writable(book_path, must_exist=True) as book:
        folder.mkdir(
            parents=True, exist_ok=True
        )  # before anything is decided: a pack that cannot be written is no close
        doubts = book.doubts(period, account, zone=zone)
        digest = book.close_month(period, account, by=by, zone=zone, currency=currency)
        click.echo(f"{period} of {account} is closed; its figures are {digest}", err=True)
        for doubt in doubts:
            click.echo(f"! {doubt}", err=True)
        _write(book, period, account, folder)
    click.echo(f"another person signs it: marginbook review {period} --account {account} --by NAME", err=True)


@click.command(epilog="Example: marginbook review 2025-10 --account main --by Bert")
@PERIOD
@ACCOUNT
@click.option("--by", required=True, help="Who reviewed it: another person than prepared it.")
@FOLDER
@click.pass_obj
def review(book_path: Path, period: str, account: str, by: str, output: Path | None) -> None:
    """Sign a closed month as its second pair of eyes, and write its pack with both names."""
    with writable(book_path, must_exist=True) as book:
        signed = book.review_month(period, account, by=by)
        told = f"{period} of {account}: prepared by {signed['closed_by']}, reviewed by {signed['reviewed_by']}"
        click.echo(f"{told}; its figures are {signed['figures']}", err=True)
        _write(book, period, account, output or _folder(book_path, account, period))
        late = book.report("changes", account=account)
        late = late.filter(late["period"] == period)
    if late.height:
        click.echo(f"{late.height} figures of it would be others now: `marginbook report changes` shows them", err=True)


@click.command(epilog='Example: marginbook reopen 2025-10 --account main --reason "the venue corrected its statement"')
@PERIOD
@ACCOUNT
@click.option("--reason", required=True, help="Why; kept in the log.")
@click.option("--by", help="Who says so.")
@click.pass_obj
def reopen(book_path: Path, period: str, account: str, reason: str, by: str | None) -> None:
    """Open a closed month again: its figures are live, and it can be closed anew."""
    with writable(book_path, must_exist=True) as book:
        book.reopen_month(period, account, reason=reason, by=by)
    click.echo(f"{period} of {account} is open again", err=True)


@click.group()
def breaks() -> None:
    """Breaks in the chain of stated balances: `report breaks` lists them, `explain` says why one is no error."""


@breaks.command(epilog='Example: marginbook breaks explain break-1f0c2d9a71 --reason "credited by mail, ticket 812"')
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help="Why the balances differ; kept in the log and shown beside the break.")
@click.option("--by", help="Who says so.")
@click.pass_obj
def explain(book_path: Path, name: str, reason: str, by: str | None) -> None:
    """Explain a break, or a closing that no stated balance tells.

    ID is a break_id, or the `line` of `report reconcile` where its status is no_anchor.
    """
    with writable(book_path, must_exist=True) as book:
        explained = book.explain(name, reason=reason, by=by)
    click.echo(f"{explained} is explained; `marginbook report reconcile` counts it so", err=True)


@click.command(epilog="Example: marginbook pack 2025-10 --account main -o close")
@PERIOD
@ACCOUNT
@ZONE
@CURRENCY
@FOLDER
@click.pass_obj
def pack(
    book_path: Path, period: str, account: str, zone: str | None, currency: str | None, output: Path | None
) -> None:
    """Write a month as workbook and page: what was frozen, or a draft that says what is in the way of a close."""
    with readable(book_path) as book:
        open_points = _write(book, period, account, output or _folder(book_path, account, period), zone, currency)
    sys.exit(1 if open_points else 0)


def _write(
    book: Book, period: str, account: str, folder: Path, zone: str | None = None, currency: str | None = None
) -> int:
    """Write the pack, say where it is and what is in the way of a close; return how many things are."""
    from ledger.closing.pack import write_pack

    month = book.month(period, account, zone=zone, currency=currency)
    for path in write_pack(month, folder):
        click.echo(str(path))
    for reason in month.blocks:
        click.echo(f"! {reason}", err=True)
    return len(month.blocks)


def _folder(book_path: Path, account: str, period: str) -> Path:
    from ledger.closing.pack import file_stem

    return book_path.with_name(f"{book_path.stem}.months") / f"{file_stem(account)}-{file_stem(period)}"
