"""The emits that logs of all venues share: movements, bookings, transfers, repayments and results of a row.

A row's typed cells are `time`, `asset` and `amount` (+ = the account gains); what an export says beyond them is given
by the table's column, as in `adding(movement, "trade_ref", balance_after=pl.col("balance"))`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from importers.contract import Emit

AT, ASSET, AMOUNT = pl.col("time"), pl.col("asset"), pl.col("amount")


def by_sign(amount: pl.Expr, below: str, otherwise: str) -> pl.Expr:
    """Return one word where an amount is below zero, another elsewhere."""
    return pl.when(amount < 0).then(pl.lit(below)).otherwise(pl.lit(otherwise))


def plain(number: pl.Expr) -> pl.Expr:
    """Return a number as text, without the zeros that end its decimals."""
    return number.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


PLEDGED = by_sign(AMOUNT, "pledged", "released")
OUTSIDE = by_sign(AMOUNT, "withdrawal", "deposit")
CLEARANCE = by_sign(AMOUNT, "liquidation_fee", "insurance")
"""What a change is, by its sign: of collateral, from outside, at a liquidation."""
EQUITY = Emit(table="stated_balances", where=pl.col("equity").is_not_null(), columns={
    "stated_at": AT, "asset": ASSET, "balance": pl.col("equity"), "kind": pl.lit("equity"),
})  # fmt: skip


def adding(emit: Callable[..., Emit], *cells: str, **columns: pl.Expr) -> Callable[..., Emit]:
    """Return one of the emits below with more columns: typed cells of a column's own name, and expressions."""
    return partial(emit, **{cell: pl.col(cell) for cell in cells}, **columns)


def movement(
    cause: str | pl.Expr, amount: pl.Expr = AMOUNT, where: pl.Expr | None = None, **more: pl.Expr
) -> Emit:  # fmt: skip
    """Return a change of a wallet's assets; a debt is never moved by an export."""
    return Emit(table="movements", where=where, columns={
        "moved_at": AT, "pool": pl.lit("asset"), "asset": ASSET, "amount": amount, "cause": _word(cause), **more,
    })  # fmt: skip


def booking(
    table: str, kind: str | pl.Expr, amount: pl.Expr = AMOUNT, where: pl.Expr | None = None, **more: pl.Expr
) -> Emit:
    """Return a leg of a conversion (`conversions`), or another booking (`adjustments`)."""
    return Emit(table=table, where=where, columns={
        "booked_at": AT, "asset": ASSET, "amount": amount, "kind": _word(kind), **more,
    })  # fmt: skip


def transfer(
    kind: str | pl.Expr, amount: pl.Expr = AMOUNT, where: pl.Expr | None = None, **more: pl.Expr
) -> Emit:  # fmt: skip
    """Return funds that come, go, or move between wallets."""
    return Emit(table="transfers", where=where, columns={
        "moved_at": AT, "asset": ASSET, "amount": amount, "kind": _word(kind), **more,
    })  # fmt: skip


def _word(said: str | pl.Expr) -> pl.Expr:
    return pl.lit(said) if isinstance(said, str) else said
