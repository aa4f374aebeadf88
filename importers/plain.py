"""Plain CSV: prices, and one file per table of the book, with the table's own column names.

Times are ISO 8601 with `Z` or an offset; a clock without either needs `--timezone`.  Decimals have a point and no
separators.  The columns of the table formats are those of `schemas.tables`: a column that may not be empty there must
be in the header, all others may be.  `venue` is `plain` and `wallet` is `unified` where neither the rows nor `--wallet`
say another; rows of a venue that has formats of its own get its contract sizes and rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from importers.cells import (
    EARLIEST,
    exact_decimals,
    file_venue,
    first_of,
    integer,
    kept,
    known_zone_time,
    money,
    text,
    word,
    zoned_time,
)
from importers.contract import Cell, Claim, Context, Emit, Format, Header, Identity
from importers.normalize import allowed_words, emitted_types
from schemas.tables import EMITTED, TIME_OF_TABLE
from schemas.types import INSTANT, MONEY

VENUE = "plain"
DEFAULT_WALLET = "unified"

CLOCKS = (*(f"%Y-%m-%d{blank}%H:%M{seconds}" for seconds in (":%S%.f", "") for blank in "T "), "%Y-%m-%d")


def moment(column: str, *, required: bool) -> Cell:
    """Return the instant of an ISO 8601 time; one without `Z` or offset is a clock of the zone the user gave."""
    either = first_of(zoned_time(column, required=required), known_zone_time(column, *CLOCKS))
    expected = "a time as 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00 (without Z say --timezone)"
    return replace(either, expected=expected)


# ------------------------------------------------------------------------------------------- one per table


@dataclass(frozen=True)
class Described:
    """What the schema does not say of a table's plain format."""

    title: str
    claims: tuple[Claim, ...] = ()
    required: tuple[str, ...] = ()
    """Columns that may be empty in the book, but not missing here."""
    left_out: tuple[str, ...] = ()


def _partial(fact: str, rank: int) -> tuple[Claim, ...]:
    return (Claim(fact=fact, rank=rank, partial=True),)


TABLES: Mapping[str, Described] = {
    "movements": Described("Every change of a wallet", (Claim(fact="ledger", rank=1),)),
    "fills": Described("Executions", (Claim(fact="fills", rank=1), Claim(fact="fees", rank=1))),
    "funding": Described("Funding payments", (Claim(fact="funding", rank=1),)),
    "interest": Described("Accruals of borrow interest", (Claim(fact="interest", rank=1),)),
    "liquidations": Described("Liquidations", (Claim(fact="liquidations", rank=1),)),
    "repayments": Described("Repayments of borrowed funds", _partial("borrow_repay", 9)),
    "borrows": Described("Borrowings", _partial("borrow_repay", 9)),
    "transfers": Described("Deposits, withdrawals, internal transfers", _partial("ledger", 9)),
    "conversions": Described("Legs of conversions", _partial("ledger", 9), required=("group_ref",)),
    "adjustments": Described("Other bookings", _partial("ledger", 9), left_out=("group_ref",)),
    "stated_results": Described("Realized results as the venue states them"),
    "stated_balances": Described("Balances as the venue states them"),
    "stated_positions": Described("Positions as the venue states them"),
    "instruments": Described("Terms of contracts"),
    "margin_tiers": Described("Margin tiers of instruments"),
    "collateral_ratios": Described("Collateral ratios of assets"),
    "loan_terms": Described("Thresholds of loans", required=("collateral_asset", "liquidation_ltv")),
    "opening_lots": Described("Lots owned before the first row known"),
}
"""Conversions and adjustments have the same columns: a file with `group_ref`, which ties legs, holds conversions."""


def _leaving(columns: Sequence[pl.Series], context: Context) -> pl.Series:
    """Return the amount of a transfer; a withdrawal leaves, and is below zero."""
    amount = exact_decimals(columns[0])
    leaves = (columns[1].str.strip_chars() == "withdrawal").fill_null(False) & (amount > 0).fill_null(False)
    return kept(amount, ~leaves)


SIGNED: Mapping[str, Mapping[str, Cell]] = {
    "transfers": {"amount": Cell(columns=("amount", "kind"), read=_leaving, required=True,
                                 expected="a number, below zero for a withdrawal: + is what this wallet gains")},
}  # fmt: skip
"""Cells whose sign another cell of the row decides."""


def _table_format(table: str, described: Described) -> Format:
    columns = EMITTED[table].to_schema().columns
    names = [name for name in emitted_types(table) if name not in ("source_row", "wallet", *described.left_out)]
    must = tuple(name for name in names if not columns[name].nullable or name in described.required)
    cells = {name: _cell(table, name, required=not columns[name].nullable) for name in names}
    time = TIME_OF_TABLE[table]
    return Format(
        name=f"plain.{table}",
        family=f"plain.{table}",
        venue=VENUE,
        title=described.title,
        confidence="our own",
        how="written by hand or by a script; its columns are those of the table of that name (`marginbook schema`)",
        headers=(Header(name="plain", columns=must, optional=tuple(name for name in names if name not in must)),),
        cells={
            **cells,
            **SIGNED.get(table, {}),
            "wallet": _cell(table, "wallet", required=False),
            "venue": file_venue(),
        },
        cases={"row": (Emit(table=table, columns={name: pl.col(name) for name in names}),)},
        time="at" if columns[time].nullable else time,
        sequence="sequence" if "sequence" in names else None,
        wallet=pl.col("wallet"),
        identity=Identity(kind="content", cells=(*names, "wallet")),
        claims=described.claims,
        venue_column="venue",
        prepare=_prepared(time),
    )


def _cell(table: str, name: str, *, required: bool) -> Cell:
    """Return the cell of a table's column by its type, and by its words where the schema lists them."""
    kind = emitted_types(table)[name]
    if kind == INSTANT:
        return moment(name, required=required)
    if kind == MONEY:
        return money(name, required=required)
    if kind == pl.Int64:
        return integer(name, required=required)
    if words := allowed_words(table, name):
        return word(name, {item: item for item in words}, required=required)
    return text(name, required=required)


def _prepared(time: str) -> Callable[[pl.DataFrame, Context], pl.DataFrame]:
    def prepare(stored: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Return the rows with a wallet; terms that hold always stand at the earliest instant."""
        return stored.with_columns(
            pl.coalesce("wallet", pl.lit(context.wallet or DEFAULT_WALLET)).alias("wallet"),
            pl.coalesce(time, EARLIEST.cast(INSTANT)).alias("at"),
        )

    return prepare


# ------------------------------------------------------------------------------------------------- prices

SHIELDED = r"^'([=+\-@\t\r\n＝＋－＠])"


def shielded_text(column: str, *, required: bool = False) -> Cell:
    """Return a text without the `'` that stands, in the price files that we write, before what would be a formula."""
    plain = text(column, required=required)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return plain.read(columns, context).str.replace(SHIELDED, "${1}")

    return replace(plain, read=read)


PRICE_KINDS = {"mark": ("mark",), "index": ("index",), "last": ("last", "price")}


def _price(kind: str, columns: tuple[str, ...]) -> Emit:
    price = pl.coalesce(*columns)
    return Emit(table="prices", where=price.is_not_null(), columns={
        "priced_at": pl.col("priced_at"), "symbol": pl.col("symbol"), "kind": pl.lit(kind), "price": price,
        "quote": pl.col("quote"),
    })  # fmt: skip


PRICES = Format(
    name="plain.prices",
    family="plain.prices",
    venue=VENUE,
    title="Prices of instruments or assets",
    confidence="our own",
    how="written by hand or by a script: time, symbol and one of mark, index, last, price (stored as last)",
    headers=tuple(
        Header(name=kind, columns=("time", "symbol", kind), exact=True) for kind in ("mark", "index", "last", "price")
    ),
    cells={
        "priced_at": moment("time", required=True),
        "symbol": shielded_text("symbol", required=True),
        "quote": shielded_text("quote"),
        **{name: money(name) for name in ("mark", "index", "last", "price")},
    },
    event=pl.when(pl.all_horizontal(pl.col("mark", "index", "last", "price").is_null()))
    .then(pl.lit("empty"))
    .when(pl.any_horizontal(pl.col("last", "price").is_null()))
    .then(pl.lit("price")),
    event_columns=("mark", "index", "last", "price"),
    cases={"price": tuple(_price(kind, columns) for kind, columns in PRICE_KINDS.items())},
    ignores={"empty": "no price is filled in"},
    time="priced_at",
    identity=Identity(kind="content", cells=("priced_at", "symbol", "mark", "index", "last", "price", "quote")),
)
"""Without `quote` the price of an instrument is in its own quote, of an asset in USDT."""

HELP_COLUMNS = ("column", "must be filled", "holds", "words", "example")
"""Of the sheet `help` in the templates (`marginbook templates`)."""

HELP = Format(
    name="plain.help",
    family="plain.help",
    venue=VENUE,
    title="The help sheet of a template",
    confidence="our own",
    how="written by `marginbook templates`",
    headers=(Header(name="help", columns=HELP_COLUMNS, exact=True),),
    cells={"at": moment("time", required=False)},
    event=pl.lit("help"),
    cases={},
    ignores={"help": "the help of a template"},
    time="at",
    identity=Identity(kind="content", cells=("at",)),
    unread=dict.fromkeys(HELP_COLUMNS, "words for people"),
)

FORMATS = (PRICES, HELP, *(_table_format(table, described) for table, described in TABLES.items()))
