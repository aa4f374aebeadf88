"""Commands by which a person decides: how accounts are called, and what no export says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.common import (
    CLEAN,
    LOOK,
    instant,
    known_wallet,
    known_zone,
    output_options,
    readable,
    show,
    writable,
)

if TYPE_CHECKING:
    from reports.render import OutputKind

PRODUCTS = ("spot", "margin", "perpetual", "future", "option")
STYLES = ("linear", "inverse", "quanto")
POSITION_SIDES = ("both", "long", "short")
MARGIN_MODES = ("cross", "isolated", "portfolio")
"""As in `schemas.tables`, which is not loaded for --help."""

# ----------------------------------------------------------------------------------------------- accounts


@click.group(invoke_without_command=True, epilog="Example: marginbook accounts --output-format json")
@output_options
@click.pass_context
def accounts(context: click.Context, kind: OutputKind | None, output: Path | None) -> None:
    """The accounts with their venues, wallets and files; `rename` calls one by another name."""
    if context.invoked_subcommand is not None:
        return
    from reports.listings import ACCOUNTS

    with readable(context.obj) as book:
        show(book.listing(ACCOUNTS), ACCOUNTS, kind, output)


@accounts.command("rename", epilog="Example: marginbook accounts rename binance main")
@click.argument("old")
@click.argument("new")
@click.option("--venue", help="Only at this venue, where the account is at several.")
@click.pass_obj
def rename(book_path: Path, old: str, new: str, venue: str | None) -> None:
    """Call an account by another name, in everything the book holds and will import of it."""
    with writable(book_path, must_exist=True) as book:
        venues = book.rename_account(old, new, venue)
    click.echo(f"the account {old} is called {new} now, at {', '.join(venues)}", err=True)


# ------------------------------------------------------------------------------------------------ entries


@click.group()
def enter() -> None:
    """State by hand what no export says.  Every entry has a reason, leads back to it, and `forget` takes it back."""


Command = Callable[..., None]
COMMON = ("account", "venue", "wallet", "at", "reason")
"""The options of `entry`."""


def entry(command: Command) -> Command:
    """Add the options that every entry has."""
    options = (
        click.option("--account", required=True, help="The account it is of."),
        click.option("--venue", help="Its venue, where the account is new or at several."),
        click.option(
            "--wallet", required=True, callback=lambda _context, _option, value: known_wallet(value),
            help="The wallet it is of (spot, usdm, unified ...).",
        ),
        click.option(
            "--at", required=True, metavar="DATE", callback=lambda _context, _option, value: instant(value, "--at"),
            help="When: 2025-10-31T08:00:00Z, or 2025-10-31 for its first instant.",
        ),
        click.option("--reason", required=True, callback=_said, help="Why; kept with the entry and shown beside it."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _said(_context: click.Context, _option: click.Parameter, text: str) -> str:
    if not text.split():
        raise click.BadParameter("say why: whoever reads the book later has nothing else")
    return text


def _amount(fits: Callable[[Decimal], bool], expected: str) -> Callable[[str], Decimal]:
    def amount(text: str) -> Decimal:
        import polars as pl

        from importers.cells import exact_decimals

        value = exact_decimals(pl.Series([text], dtype=pl.String))[0]
        if value is None:
            raise click.BadParameter(
                f"{text!r} is no amount; write 1250.5: a point, no separators, at most 18 decimals"
            )
        if not fits(value):
            raise click.BadParameter(f"{text} is not {expected}")
        return Decimal(value)

    return amount


SIGNED = _amount(lambda value: value != 0, "above or below 0: it would change nothing")
POSITIVE = _amount(lambda value: value > 0, "above 0")
FROM_ZERO = _amount(lambda value: value >= 0, "0 or above")


def asset_name(text: str) -> str:
    """Return the name of an asset, which is one word."""
    if len(text.split()) != 1:
        raise click.BadParameter(f"{text!r} is no asset; write it as the venue does: BTC, USDT")
    return text.strip()


@enter.command(
    epilog="Example: marginbook enter correction --account main --wallet spot --asset USDT --amount -12.5 "
    '--at 2026-02-03 --reason "fee the venue took by mail"'
)
@click.option("--asset", required=True, type=asset_name, metavar="ASSET", help="The asset that changed.")
@click.option("--amount", required=True, type=SIGNED, metavar="AMOUNT", help="Signed: + = the wallet gains.")
@entry
@click.pass_obj
def correction(book_path: Path, /, asset: str, amount: Decimal, **common: Any) -> None:
    """A change of a wallet that no export states, with its sign."""
    _enter(book_path, "correction", {"asset": asset, "amount": amount}, common)


@enter.command(
    epilog="Example: marginbook enter otc --account main --wallet spot --gave 90000 USDT --got 1.5 BTC --fee 45 USDT "
    '--at 2026-02-03T14:05:00Z --reason "OTC desk, ticket 7731"'
)
@click.option(
    "--gave", required=True, type=(POSITIVE, asset_name), metavar="AMOUNT ASSET", help="What left the wallet."
)
@click.option("--got", required=True, type=(POSITIVE, asset_name), metavar="AMOUNT ASSET", help="What was got for it.")
@click.option("--fee", type=(POSITIVE, asset_name), metavar="AMOUNT ASSET", help="What was paid on top.")
@entry
@click.pass_obj
def otc(
    book_path: Path,
    /,
    gave: tuple[Decimal, str],
    got: tuple[Decimal, str],
    fee: tuple[Decimal, str] | None,
    **common: Any,
) -> None:
    """A trade outside the order book: one asset given, another got, a fee if there was one."""
    paid, paid_in = fee or (None, None)
    if gave[1] == got[1]:
        raise click.BadParameter(f"{got[1]} for {gave[1]} is no trade", param_hint="--got")
    values = {"gave": gave[0], "gave_asset": gave[1], "got": got[0], "got_asset": got[1]}
    _enter(book_path, "otc", {**values, "fee": paid, "fee_asset": paid_in}, common)


@enter.command(
    epilog="Example: marginbook enter loss --account main --wallet spot --asset ETH --amount 3 --at 2026-02-03 "
    '--reason "keys lost with the laptop"'
)
@click.option("--asset", required=True, type=asset_name, metavar="ASSET", help="The asset that is gone.")
@click.option("--amount", required=True, type=POSITIVE, metavar="AMOUNT", help="How much of it, without a sign.")
@entry
@click.pass_obj
def loss(book_path: Path, /, asset: str, amount: Decimal, **common: Any) -> None:
    """Units that are gone for good: a hack, lost keys, a write-off."""
    _enter(book_path, "loss", {"asset": asset, "lost": amount}, common)


@enter.command(
    "opening-position",
    epilog="Example: marginbook enter opening-position --account main --wallet usdm --symbol ETHUSDT --side long "
    '--quantity 2 --price 2950.4 --at 2026-01-01 --reason "held before the exports begin"',
)
@click.option("--symbol", required=True, help="The venue's own name of the instrument.")
@click.option("--side", required=True, type=click.Choice(("long", "short")), help="The side that was held.")
@click.option("--quantity", required=True, type=POSITIVE, metavar="AMOUNT", help="Its size, in the venue's unit.")
@click.option("--price", required=True, type=POSITIVE, metavar="AMOUNT", help="Its average entry price.")
@click.option("--product", type=click.Choice(PRODUCTS), help="Default: as the fills of the symbol say.")
@click.option("--instrument", help="The unified name (BTC/USDT:USDT); default: as the fills say.")
@click.option("--settle-asset", help="The asset of its results; default: as the fills say.")
@click.option("--style", type=click.Choice(STYLES), help="How its value follows the price; default: as the fills say.")
@click.option("--position-side", type=click.Choice(POSITION_SIDES), help="In hedge mode; default: as the fills say.")
@click.option("--margin-mode", type=click.Choice(MARGIN_MODES), help="How it was margined; default: as the fills say.")
@click.option("--pair", help="The pair of an isolated margin wallet; default: as the fills say.")
@entry
@click.pass_obj
def opening_position(book_path: Path, /, **stated: Any) -> None:
    """A position that was open before the first fill known; it moves no cash."""
    common = {name: stated.pop(name) for name in COMMON}
    _enter(book_path, "opening_position", stated, common)


@enter.command(
    "opening-lot",
    epilog="Example: marginbook enter opening-lot --account main --wallet spot --asset BTC --quantity 0.8 "
    '--cost 18250 EUR --at 2021-03-14 --evidence "invoice 2021-118" --reason "bought before the first export"',
)
@click.option("--asset", required=True, type=asset_name, metavar="ASSET", help="The asset that was owned.")
@click.option("--quantity", required=True, type=POSITIVE, metavar="AMOUNT", help="How much of it.")
@click.option(
    "--cost", type=(FROM_ZERO, asset_name), metavar="AMOUNT ASSET", help="What all of it cost; without it: unknown."
)
@click.option("--evidence", required=True, help="What proves it: an invoice, an account statement.")
@entry
@click.pass_obj
def opening_lot(
    book_path: Path, /, asset: str, quantity: Decimal, cost: tuple[Decimal, str] | None, evidence: str, **common: Any
) -> None:
    """Units that were owned before the first row known, acquired at --at; they move no cash."""
    paid, paid_in = cost or (None, None)
    values = {"asset": asset, "quantity": quantity, "cost": paid, "cost_asset": paid_in, "evidence": evidence}
    _enter(book_path, "opening_lot", values, common)


def _enter(book_path: Path, kind: str, values: dict[str, Any], common: dict[str, Any]) -> None:
    from ledger.storage.entries import Entered

    at: datetime = common.pop("at")
    entered = Entered(kind=kind, at=at, values=values, **common)
    with writable(book_path, must_exist=entered.venue is None) as book:
        part = book.enter(entered)
    click.echo(
        f"entered for {part.account} at {part.venue} as {part.name}; `marginbook trace {part.name}` shows it, "
        f"`marginbook forget {part.name}` takes it back",
        err=True,
    )


# --------------------------------------------------------------------------------------------- assertions

ANY = _amount(lambda _value: True, "")


@click.command(
    "assert",
    context_settings={"ignore_unknown_options": True},  # an amount may be below zero
    epilog="Example: marginbook assert main usdm USDT 2025-10 1250.5",
)
@click.argument("account")
@click.argument("wallet", callback=lambda _context, _argument, value: known_wallet(value))
@click.argument("asset", type=asset_name)
@click.argument("instant_", metavar="INSTANT")
@click.argument("amount", type=ANY)
@click.option("--venue", help="The account's venue, where it is at several.")
@click.option("--reason", default="stated by hand", help="Where the amount is from; kept with the assertion.")
@click.option("--zone", default="UTC", show_default=True, callback=known_zone, help="Zone of INSTANT: Europe/Berlin.")
@output_options
@click.pass_obj
def assert_(
    book_path: Path,
    account: str,
    wallet: str,
    asset: str,
    instant_: str,
    amount: Decimal,
    venue: str | None,
    reason: str,
    zone: str,
    kind: OutputKind | None,
    output: Path | None,
) -> None:
    """Say what a wallet held of an asset, and be told whether the book agrees.

    INSTANT is 2025-10-31T08:00:00Z, 2025-10-31 for the end of that day or 2025-10 for the end of the month.  What is
    asserted is kept, compared from then on like a statement of the venue, and `forget` takes it back.
    """
    from ledger.commands.asserting import print_verdict
    from ledger.storage.entries import Entered

    at = instant(instant_, "INSTANT", end=True, zone=zone)
    assert at is not None
    asserted = Entered(
        kind="assertion", account=account, venue=venue, wallet=wallet, at=at, reason=reason,
        values={"asset": asset, "balance": amount},
    )  # fmt: skip
    with writable(book_path, must_exist=True) as book:
        verdict = book.assert_balance(asserted)
    print_verdict(verdict, kind, output)
    sys.exit(CLEAN if verdict.holds else LOOK)
