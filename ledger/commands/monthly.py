"""Commands by which a person says which rows are the two ends of one transfer, or that one is the end of none."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.common import writable


@click.command(epilog="Example: marginbook match Withdraw-History.csv:14 kraken-ledgers.csv:202")
@click.argument("one", metavar="ROW")
@click.argument("other", metavar="ROW")
@click.pass_obj
def match(book_path: Path, one: str, other: str) -> None:
    """Call two rows the ends of one transfer between own wallets; it is remembered.

    ROW is a row key or transfer_id, as `report transfers` and `trace` show them, or FILE:LINE.  One row leaves, the
    other arrives, in either order, of one asset and two wallets.
    """
    from reports.exact import exact

    with writable(book_path, must_exist=True) as book:
        match_id = book.match(one, other)
        transfers = book.report("transfers")
    told = exact(transfers.filter(transfers["transfer_id"] == match_id)).row(0, named=True)
    left, arrived = (f"{told[f'{side}_venue']} {told[f'{side}_wallet']}" for side in ("from", "to"))
    click.echo(
        f"{match_id}: {told['sent']} {told['asset']} left {left}, {told['received']} arrived at {arrived}, the network "
        f"took {told['fee']}; `marginbook trace {match_id}` shows both rows, `marginbook unmatch {match_id}` undoes it",
        err=True,
    )


@click.command(epilog="Example: marginbook unmatch match-0c4f2b91aa")
@click.argument("row", metavar="ROW")
@click.pass_obj
def unmatch(book_path: Path, row: str) -> None:
    """Undo a match: the row is the end of no transfer until `match` says otherwise; it is remembered.

    ROW is a row key or FILE:LINE (the row at the other end may find another partner), or a match_id (both rows are the
    end of none).
    """
    with writable(book_path, must_exist=True) as book:
        undone = book.unmatch(row)
    click.echo(
        f"{undone} is no match any more; `marginbook report transfers` shows its rows, `marginbook match` ties two "
        "by hand",
        err=True,
    )
