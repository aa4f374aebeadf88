"""Commands that prepare a tax year: look at what blocks, accept it with a reason, write the files that others read."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.common import (
    CLEAN,
    LOOK,
    colour,
    known_age,
    known_currency,
    known_zone,
    readable,
    require_folder,
    writable,
)

if TYPE_CHECKING:
    from reports.tax.contract import Target
    from reports.tax.value import Policy, TaxYear

JURISDICTIONS = ("us", "uk", "de", "none")
METHODS = ("fifo", "lifo", "hifo", "average", "uk")
WIDTH = 100


@click.group(
    invoke_without_command=True,
    epilog="Example: marginbook tax --year 2025 --target form-8949 --target koinly -o tax-2025",
)
@click.option("--year", type=click.IntRange(1990, 2199), help="The tax year (uk: that in which it begins).")
@click.option(
    "--target", "targets", multiple=True, metavar="NAME", help="What to write (`marginbook tax targets` lists them)."
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder of the files.")
@click.option(
    "--jurisdiction", type=click.Choice(JURISDICTIONS), help="Whose rules; default: those of the targets, else none."
)
@click.option("--method", type=click.Choice(METHODS), help="Which units go first; default: the jurisdiction's.")
@click.option(
    "--lots",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A CSV that says which lots a disposal takes.",
)
@click.option(
    "--statement",
    "statements",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A CSV of what a venue told the tax office (1099-DA, CARF, DAC8), to be compared; repeatable.  Columns: "
    "account, form, asset, figure, quantity, amount, currency, transactions, basis_reported.",
)
@click.option(
    "--currency", metavar="ASSET", callback=known_currency, help="Currency of all values; default: the jurisdiction's."
)
@click.option(
    "--zone",
    callback=lambda context, option, zone: zone and known_zone(context, option, zone),
    help="Zone of the days; default: the jurisdiction's.",
)
@click.option("--scope", type=click.Choice(["account", "wallet", "universal"]), help="Within what lots are matched.")
@click.option(
    "--results", type=click.Choice(["close", "settlement"]), help="When a derivative's result counts; default: close."
)
@click.option(
    "--funding", type=click.Choice(["gain", "fee"]), help="What funding is to the tools that take it; default: gain."
)
@click.option(
    "--fees", type=click.Choice(["basis", "apart"]), help="Fees of trades: in basis and proceeds (default), or apart."
)
@click.option(
    "--network-fees",
    type=click.Choice(["disposal", "basis"]),
    help="Of transfers: disposed of (default), or left in basis.",
)
@click.option("--max-age", callback=known_age, help="How old a price may be: 24h (default), 7d.")
@click.option(
    "--wanted",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the prices that lack, to fill in and import.",
)
@click.option("--all", "every", is_flag=True, help="Show every block and every row of the review.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the review as one page.")
@click.pass_context
def tax(context: click.Context, /, **words: Any) -> None:
    """Prepare a tax year: first the review (what blocks, what was assumed, the totals), then the files of each target.

    While something blocks, every file says DRAFT: give the book what it lacks, or accept a block with a reason, which
    is printed too.  It prepares; it does not advise.
    """
    if context.invoked_subcommand is not None:
        return
    if words["year"] is None:
        raise click.UsageError("name a year: --year 2025")
    sys.exit(_tax(context.obj, **words))


def _tax(
    book_path: Path,
    /,
    year: int,
    targets: tuple[str, ...],
    output: Path | None,
    jurisdiction: str | None,
    lots: Path | None,
    statements: tuple[Path, ...],
    max_age: timedelta | None,
    html: Path | None,
    wanted: Path | None,
    every: bool,
    **chosen: Any,
) -> int:
    from ledger.taxing.policies import policy_of
    from reports.tax.review import page, text
    from reports.tax.wanted import wanted_csv

    asked = [_target(name) for name in dict.fromkeys(targets)]
    if asked and output is None:
        raise click.UsageError("name the folder of the files: -o DIR")
    if output is not None and not asked:
        raise click.UsageError("name what to write: --target NAME (`marginbook tax targets` lists them)")
    for path, option in ((output, "-o"), (html, "--html"), (wanted, "--wanted")):
        if path is None or output is None or path.absolute().parent != output.absolute():
            require_folder(path, option)
    policy = policy_of(jurisdiction or _country(asked), year, choices=lots.name if lots else None, **chosen)
    for target in asked:
        _require_fits(target, policy)
    chosen_lots = None if lots is None else _text(lots)
    told = [(path.name, _text(path)) for path in statements]
    with writable(book_path, must_exist=True) if asked else readable(book_path) as book:
        made = book.tax(policy, max_age=max_age, choices=chosen_lots, statements=told)
        if output is not None:
            _write(made, asked, output)
            book.keep_tax_run(made)
        if html is not None:
            html.write_text(page(made), encoding="utf-8")
        if wanted is not None:
            wanted.write_bytes(wanted_csv(made))
    if not asked:
        _keep_review(book_path, made)
    click.echo(text(made, width=_width(), colour=colour(sys.stdout), every=every))
    if output is not None:
        click.echo(f"written to {output}: {', '.join(target.name for target in asked)}", err=True)
    return LOOK if made.is_draft else CLEAN


def _keep_review(book_path: Path, made: TaxYear) -> None:
    """Keep the ids of what blocks in the book, so that `accept` knows them; a book in use is left alone."""
    from schemas.errors import MarginbookError

    if made.blocks.height:
        with suppress(MarginbookError), writable(book_path, must_exist=True) as book:
            book.keep_tax_review(made)


@tax.command("targets", epilog="Example: marginbook tax targets")
def list_targets() -> None:
    """List what can be written, and for whom."""
    from reports.tax.targets import TARGETS

    for target in TARGETS.values():
        click.echo(f"{target.name:<18} {target.title}")


@tax.command(
    "accept",
    epilog='Example: marginbook tax accept tax-us2025-missing_history-1a2b3c4d --reason "bought for cash" --by Anna',
)
@click.argument("block")
@click.option("--reason", help="Why the files may be handed over all the same; it is printed in them.")
@click.option("--by", help="Who says so.")
@click.option("--undo", is_flag=True, help="Take the acceptance back.")
@click.pass_obj
def accept(book_path: Path, block: str, reason: str | None, by: str | None, undo: bool) -> None:
    """Accept what blocks a tax year, by the id that the review shows."""
    if not undo and not reason:
        raise click.UsageError("say why: --reason TEXT; it is printed in every file")
    with writable(book_path, must_exist=True) as book:
        book.accept_tax(block, reason=reason or "", by=by, undo=undo)
    click.echo(f"{block}: {'blocks again' if undo else 'accepted'}", err=True)


def _target(name: str) -> Target:
    from reports.tax.targets import TARGETS

    if name not in TARGETS:
        raise click.BadParameter(f"{name!r} is none of {', '.join(TARGETS)}", param_hint="--target")
    return TARGETS[name]


def _text(path: Path) -> str:
    """Return the text of a file that the user wrote.  Raises UnreadableFile where it is none."""
    from schemas.errors import UnreadableFile

    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(path.name, f"is not UTF-8 text (byte {error.start})", "save it as CSV in UTF-8") from None


def _country(targets: list[Target]) -> str:
    """Return the jurisdiction that the targets share, if they name one."""
    named = {country for target in targets if len(target.jurisdictions) == 1 for country in target.jurisdictions}
    if len(named) > 1:
        raise click.UsageError(
            f"the targets are of several countries ({', '.join(sorted(named))}): write them one after the other"
        )
    return named.pop() if named else "none"


def _require_fits(target: Target, policy: Policy) -> None:
    if target.jurisdictions and policy.jurisdiction not in target.jurisdictions:
        raise click.UsageError(f"{target.name} is for {', '.join(target.jurisdictions)}, not {policy.jurisdiction}")


def _write(made: TaxYear, targets: list[Target], folder: Path) -> None:
    """Write the files of each target into a folder of its own, in place of what an earlier run left there."""
    from reports.tax.contract import stem
    from reports.tax.wanted import wanted_csv

    if made.wanted.height:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stem(made, 'prices-wanted')}.csv").write_bytes(wanted_csv(made))
    for target in targets:
        place = folder / target.name
        place.mkdir(parents=True, exist_ok=True)
        files = target.write(made)
        for old in place.iterdir():
            if old.is_file() and old.name not in files and _is_ours(old.name, made):
                old.unlink()
        for name, content in files.items():
            (place / name).write_bytes(content)


def _is_ours(name: str, made: TaxYear) -> bool:
    """Return whether a file is of an earlier run of the year: a draft must not stay beside what took its place."""
    label = made.policy.label.replace("/", "-")
    return f"-{label}-" in name or f"-{label}." in name


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((WIDTH, 50)).columns
