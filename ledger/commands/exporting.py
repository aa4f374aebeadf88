"""The command that writes the book for other programs: its journal, or every table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands.common import instant, readable, require_folder

if TYPE_CHECKING:
    from ledger.exporting.export import Exported

JOURNALS = ("beancount", "hledger", "ledger")
TABLES = ("csv", "xlsx", "parquet")
CHECKS = {
    "beancount": "bean-check {}",
    "hledger": "hledger -f {} check --strict ordereddates",
    "ledger": "ledger -f {} --strict --pedantic balance",
}
UNASSERTED = """! {:,} stated balances are noted beside their postings and asserted nowhere: the order of rows inside an
  instant is not known, or the ledger will book results there with its next session"""
TOO_LONG = "! beancount sums 28 digits; figures of {} have more, and it may round their balances"


@click.command(epilog="Example: marginbook export beancount -o book.beancount")
@click.argument("target", type=click.Choice(JOURNALS + TABLES))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path),
    help="The file; of csv and parquet the folder, in which every table is a file.",
)  # fmt: skip
@click.option(
    "--from", "start", metavar="DATE", help="Of a journal: first instant; what was before is brought forward."
)
@click.option("--to", "end", metavar="DATE", help="Of a journal: end, exclusive; a month or a day means its end.")
@click.option("--account", help="Of a journal: only this account.")
@click.option("--force", is_flag=True, help="Write over what is there already.")
@click.pass_obj
def export(
    book_path: Path, target: str, output: Path, start: str | None, end: str | None, account: str | None, force: bool
) -> None:
    """Write the book for other programs.

    \b
    beancount, hledger, ledger   the journal: every event a transaction, with the file and the row behind it;
                                 what venues state of balances is asserted, so that the program proves it again
    csv, xlsx, parquet           every table of the book, exact, and what each of its columns holds

    Where a venue's balances do not follow from its rows, the difference is a transaction of its own against
    Equity:Unexplained: nothing is hidden, and the assertions after it hold.
    """
    first, last = instant(start, "--from"), instant(end, "--to", end=True)
    if first is not None and last is not None and first >= last:
        raise click.BadParameter("the range ends before it starts", param_hint="--from and --to")
    if target in TABLES and (start, end, account) != (None, None, None):
        raise click.UsageError(
            f"{target} holds every table whole; --from, --to and --account go with {', '.join(JOURNALS)}"
        )
    require_folder(output, "-o")
    with readable(book_path) as book:
        done = book.export(target, output, start=first, to=last, account=account, force=force)
    for line in _told(target, done):
        click.echo(line, err=True)


def _told(target: str, done: Exported) -> list[str]:
    """Return what was written, in lines."""
    if done.journal is None:
        filled = {name: rows for name, rows in done.tables.items() if rows}
        return [f"{done.path}: {sum(filled.values()):,} rows; {len(filled)} of {len(done.tables)} tables have any"]
    told = done.journal
    lines = [
        f"{done.path}: {told.events:,} events, {told.postings:,} postings, {told.asserted:,} stated balances that hold"
    ]
    if told.breaks:
        lines.append(f"! {told.breaks:,} breaks are differences to Equity:Unexplained: see `marginbook report breaks`")
    if told.unasserted:
        lines.append(UNASSERTED.format(told.unasserted))
    if done.too_long:
        lines.append(TOO_LONG.format(", ".join(done.too_long)))
    return [*lines, f"prove it: {CHECKS[target].format(shlex.quote(str(done.path)))}"]
