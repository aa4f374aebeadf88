"""Entries by hand: what no export says and a person knows.  One line a file, as `enter` or `assert` writes it.

`entry` is a number that no other entry of the book has, so two equal entries are two.  `reason` says why it was
entered; it stays with the file.  These rows always speak: they claim nothing, and nobody is asked whether they count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from importers.cells import file_venue, integer, money, text, word
from importers.contract import Cell, Emit, Format, Header, Identity
from importers.plain import moment
from schemas.tables import MARGIN_MODES, POSITION_SIDES, PRODUCTS, WALLETS

VENUE = "manual"
REF = pl.format("manual-{}", pl.col("entry").cast(pl.String).str.zfill(4))


def _one_of(column: str, words: Sequence[str], *, required: bool = False) -> Cell:
    return word(column, {item: item for item in words}, required=required)


COMMON: Mapping[str, Cell] = {
    "entry": integer("entry", required=True),
    "at": moment("at", required=True),
    "venue": file_venue(required=True),
    "wallet": _one_of("wallet", WALLETS, required=True),
}


def _format(
    kind: str, title: str, cells: Mapping[str, Cell], emits: tuple[Emit, ...], sound: pl.Expr, how: str = ""
) -> Format:  # fmt: skip
    """Return the format of a kind of entry; rows that are not `sound` are rejected."""
    every = {**COMMON, **cells, "reason": text("reason", required=True)}
    must = tuple(name for name, cell in every.items() if cell.required)
    return Format(
        name=f"manual.{kind}",
        family=f"manual.{kind}",
        venue=VENUE,
        venue_column="venue",
        reason_column="reason",
        title=title,
        confidence="our own",
        how=how or f"made by `marginbook enter {kind.replace('_', '-')}`, one entry a file",
        headers=(
            Header(name="entry", columns=must, optional=tuple(name for name in every if name not in must)),
        ),
        cells=every,
        event=pl.when(sound).then(pl.lit("entry")),
        event_columns=tuple(cells),
        cases={"entry": emits},
        time="at",
        wallet=pl.col("wallet"),
        identity=Identity(kind="content", cells=tuple(every)),
    )  # fmt: skip


def _moved(asset: str, amount: pl.Expr, cause: str, where: pl.Expr | None = None) -> Emit:
    return Emit(table="movements", where=where, columns={
        "moved_at": pl.col("at"), "pool": pl.lit("asset"), "asset": pl.col(asset), "amount": amount,
        "cause": pl.lit(cause),
    })  # fmt: skip


def _booked(table: str, asset: str, amount: pl.Expr, kind: str) -> Emit:
    return Emit(table=table, columns={
        "booked_at": pl.col("at"), "asset": pl.col(asset), "amount": amount, "kind": pl.lit(kind), "group_ref": REF,
    })  # fmt: skip


CORRECTION = _format(
    "correction",
    "A change of a wallet that no export states",
    {"asset": text("asset", required=True), "amount": money("amount", required=True)},
    (_moved("asset", pl.col("amount"), "correction"), _booked("adjustments", "asset", pl.col("amount"), "correction")),
    pl.col("amount") != 0,
)

LOSS = _format(
    "loss",
    "Units that are gone: a hack, lost keys, a write-off",
    {"asset": text("asset", required=True), "lost": money("lost", required=True)},
    (_moved("asset", -pl.col("lost"), "correction"), _booked("adjustments", "asset", -pl.col("lost"), "loss")),
    pl.col("lost") > 0,
)

OTC = _format(
    "otc",
    "A trade outside the order book: one asset given, another got, a fee",
    {
        "gave_asset": text("gave_asset", required=True),
        "gave": money("gave", required=True),
        "got_asset": text("got_asset", required=True),
        "got": money("got", required=True),
        "fee_asset": text("fee_asset"),
        "fee": money("fee"),
    },
    (
        _moved("gave_asset", -pl.col("gave"), "conversion"),
        _moved("got_asset", pl.col("got"), "conversion"),
        _moved("fee_asset", -pl.col("fee"), "trading_fee", where=pl.col("fee").fill_null(0) != 0),
        _booked("conversions", "gave_asset", -pl.col("gave"), "otc"),
        _booked("conversions", "got_asset", pl.col("got"), "otc"),
    ),
    (pl.col("gave") > 0) & (pl.col("got") > 0) & (pl.col("fee").is_null() | pl.col("fee_asset").is_not_null()),
)

OPENING_POSITION = _format(
    "opening_position",
    "A position that was open before the first fill known; it moves no cash",
    {
        "symbol": text("symbol", required=True),
        "side": _one_of("side", ("long", "short"), required=True),
        "quantity": money("quantity", required=True),
        "price": money("price", required=True),
        "product": _one_of("product", PRODUCTS, required=True),
        "instrument": text("instrument"),
        "settle_asset": text("settle_asset"),
        "style": _one_of("style", ("linear", "inverse", "quanto")),
        "position_side": _one_of("position_side", POSITION_SIDES),
        "margin_mode": _one_of("margin_mode", MARGIN_MODES),
        "pair": text("pair"),
    },
    (
        Emit(table="fills", columns={
            "filled_at": pl.col("at"), "side": pl.when(pl.col("side") == "long").then(pl.lit("buy"))
            .otherwise(pl.lit("sell")), "execution": pl.lit("opening"),
            **{name: pl.col(name) for name in (
                "symbol", "instrument", "product", "margin_mode", "pair", "position_side", "quantity", "price",
                "settle_asset", "style")},
        }),
    ),
    pl.lit(True),
)  # fmt: skip

OPENING_LOT = _format(
    "opening_lot",
    "Units that were owned before the first row known, with their cost and the evidence; they move no cash",
    {
        "asset": text("asset", required=True),
        "quantity": money("quantity", required=True),
        "cost": money("cost"),
        "cost_asset": text("cost_asset"),
        "evidence": text("evidence", required=True),
    },
    (
        Emit(table="opening_lots", columns={
            "acquired_at": pl.col("at"), **{name: pl.col(name) for name in (
                "asset", "quantity", "cost", "cost_asset", "evidence")},
        }),
    ),
    pl.col("cost").is_null() == pl.col("cost_asset").is_null(),
)  # fmt: skip

ASSERTION = _format(
    "assertion",
    "What a person says that a wallet held of an asset at an instant; it moves nothing and is compared",
    {"asset": text("asset", required=True), "balance": money("balance", required=True)},
    (
        Emit(table="stated_balances", columns={
            "stated_at": pl.col("at"), "asset": pl.col("asset"), "balance": pl.col("balance"), "kind": pl.lit("wallet"),
        }),
    ),
    pl.lit(True),
    how="made by `marginbook assert`, one assertion a file",
)  # fmt: skip

FORMATS = (CORRECTION, OTC, LOSS, OPENING_POSITION, OPENING_LOT, ASSERTION)


def columns_of(kind: str) -> tuple[str, ...]:
    """Return the columns of an entry's file, in the order in which they are written."""
    return next(tuple(form.cells) for form in FORMATS if form.name == f"manual.{kind}")
