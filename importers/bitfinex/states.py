"""What is stated of an instant: balances of wallets, and prices of derivatives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from importers.bitfinex.cells import DERIVATIVES, MARGIN, WALLETS, asset, clock, pair
from importers.bitfinex.symbols import is_derivative, name_instrument
from importers.cells import mapped, money, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import header, unread
from importers.emits import ASSET, AT
from schemas.types import INSTANT

ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d)-(\d\d)-(\d\d))?")
WORDY = re.compile(r"[A-Z][a-z]{2}-([A-Z][a-z]{2}-\d\d-\d{4})")


def instant_of_name(name: str) -> datetime | None:
    """Return the instant that a file's name states, the last of several; a day without a time begins it."""
    stamps = list(ISO.finditer(name))
    if stamps:
        day, *time = stamps[-1].groups()
        return datetime.fromisoformat(f"{day}T{':'.join(time) if time[0] else '00:00:00'}+00:00")
    days = WORDY.findall(name)
    return datetime.strptime(f"{days[-1]} +0000", "%b-%d-%Y %z") if days else None


def stated_at(column: str) -> Cell:
    """Return for every row the instant of the file's name."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        at = instant_of_name(context.file_name)
        return pl.Series([at], dtype=INSTANT).new_from_index(0, len(columns[0]))

    return Cell(columns=(column,), read=read, expected="a file's name with its date, as wallets_2025-01-31.csv")


UNIT = pl.col("is_unit") == "true"

WALLETS_STATED = Format(
    name="bitfinex.wallets",
    family="bitfinex.wallets",
    venue="bitfinex",
    title="Bitfinex: balances of the wallets",
    confidence="parser seen",
    how="Reports, Wallets, Export as CSV; the file's name has their date",
    headers=(
        header("CSV", "TYPE,CURRENCY,BALANCE", exact=True),
        header("with USD values", "TYPE,CURRENCY,BALANCE,BALANCE USD", exact=True),
    ),
    cells={
        "time": stated_at("type"),
        "pot": word("type", WALLETS, required=True),
        "asset": asset("currency"),
        "is_unit": mapped("currency", lambda code: str(is_derivative(code)).lower(), "a currency code"),
        "balance": money("balance", required=True),
    },
    cases={"row": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": ASSET, "balance": pl.col("balance"), "kind": pl.lit("wallet"),
    }),)},
    wallet=pl.when(UNIT & (pl.col("pot") == MARGIN)).then(pl.lit(DERIVATIVES)).otherwise("pot"),
    identity=Identity(kind="content", cells=("time", "pot", "is_unit", "asset", "balance")),
    unread=unread({"BALANCE USD": "the venue's valuation"}),
)  # fmt: skip

DERIVATIVES_STATUS = Format(
    name="bitfinex.derivatives_status",
    family="bitfinex.derivatives_status",
    venue="bitfinex",
    title="Bitfinex: prices of derivatives (status messages)",
    confidence="parser seen",
    how="Reports, Derivatives, Export as CSV",
    headers=(header("CSV", (
        "PAIR,DERIV PRICE,SPOT PRICE,INSURANCE RUND BALANCE,NEXT FUNDING ACCRUED,NEXT FUNDING STEP,UPDATED")),),
    cells={
        "time": clock("updated"), "symbol": pair("pair"), "mark": money("deriv price"), "index": money("spot price"),
    },
    cases={"row": tuple(
        Emit(table="prices", where=pl.col(name).is_not_null(), columns={
            "priced_at": AT, "symbol": pl.col("symbol"), "kind": pl.lit(name), "price": pl.col(name)})
        for name in ("mark", "index")
    )},
    wallet=DERIVATIVES,
    identity=Identity(kind="content", cells=("time", "symbol", "mark", "index")),
    name_instrument=name_instrument,
    unread=unread({
        "INSURANCE RUND BALANCE": "the venue's fund, spelled so",
        "NEXT FUNDING ACCRUED,NEXT FUNDING STEP": "what is not paid yet",
    }),
)  # fmt: skip

FORMATS = (WALLETS_STATED, DERIVATIVES_STATUS)
