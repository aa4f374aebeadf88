"""Cells of the transaction logs: their columns under one name each, and their signs turned to ours.

| log | fee > 0 | funding > 0 |
|---|---|---|
| unified, screen and Data Export | rebate | received |
| unified, API | cost | received |
| classic, screen and API | cost | paid |

Which of them a file is, its rows prove: `Change` is the sum of the other three in one convention only, and a row whose
sum does not hold is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from importers.bybit.cells import NOTHING, SIDES, amount, clock, products, side
from importers.bybit.log_rows import TYPES
from importers.cells import epoch, family_word, text, zero_filled
from importers.contract import Cell, Context


@dataclass(frozen=True, kw_only=True)
class Signs:
    """Which columns of a log are turned, and how its identity reads."""

    fee_is_negative: bool
    funding_is_paid: bool
    identity: str

    def fee(self) -> pl.Expr:
        """Return the fee as printed, turned to + = cost."""
        return -pl.col("fee") if self.fee_is_negative else pl.col("fee")

    def funding(self) -> pl.Expr:
        """Return the funding as printed, turned to + = received."""
        return -pl.col("funding") if self.funding_is_paid else pl.col("funding")


UNIFIED = Signs(fee_is_negative=True, funding_is_paid=False, identity="Cash Flow + Funding + Fee Paid")
UNIFIED_API = Signs(fee_is_negative=False, funding_is_paid=False, identity="cashFlow + funding - fee")
CLASSIC = Signs(fee_is_negative=False, funding_is_paid=True, identity="Cash Flow - Funding - Fee Paid")
CLASSIC_API = Signs(fee_is_negative=False, funding_is_paid=True, identity="cashFlow - funding - fee")

NUMBER = "a number with a decimal point and at most 18 decimals"
PARTS = ("cash_flow", "funding", "fee")
DIRECTIONS = SIDES | {"Open Long": "buy", "Open Short": "sell", "Close Long": "sell", "Close Short": "buy"}


def cells_of(signs: Signs) -> dict[str, Cell]:
    """Return the cells that all logs share, `change` proving each row."""
    return {
        "time": clock("time"),
        "asset": text("currency", required=True),
        "symbol": replace(text("contract"), empty_words=NOTHING),
        "product": _product(),
        "type": family_word("type", tuple(TYPES), "a type as TRADE, SETTLEMENT, INTEREST, CURRENCY_BUY"),
        "side": side("direction", DIRECTIONS),
        "action": replace(text("action"), empty_words=NOTHING),
        "effect": _effect(),
        "quantity": amount("quantity"),
        "position": amount("position"),
        "price": amount("price"),
        "cash_flow": _part("cash_flow", pl.col("cash_flow")),
        "fee": _part("fee", signs.fee()),
        "funding": _funding(signs),
        "change": _balanced(signs),
        "balance": amount("balance"),
        "fee_rate": amount("fee_rate"),
    }


def api_cells(signs: Signs) -> dict[str, Cell]:
    """Return the cells of a log of the API."""
    return cells_of(signs) | {"time": epoch("time"), "category": text("category"), **refs()}


def refs() -> dict[str, Cell]:
    """Return the ids of a log that has them."""
    return {"trade_ref": text("trade_id"), "order_ref": text("order_id")}


def numbers(columns: Sequence[pl.Series], names: Sequence[str]) -> pl.DataFrame:
    """Return the columns as numbers, an empty cell as zero, one that is no number as null."""
    return zero_filled(columns, names, NOTHING)


def residual(signs: Signs) -> pl.Expr:
    """Return what the row's sum lacks to its change."""
    return pl.col("change") - (pl.col("cash_flow") + signs.funding() - signs.fee())


def _part(column: str, turned: pl.Expr) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return numbers(columns, (column,)).select(turned.alias(column))[column]

    return Cell(columns=(column,), read=read, expected=NUMBER)


def _funding(signs: Signs) -> Cell:
    """Return the funding received; a log that lacks the column shows it in what is left of the change."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        if not columns[0].null_count():
            return numbers(columns[:1], ("funding",)).select(signs.funding())["funding"]
        frame = _with_missing(columns[0], columns[4], numbers(columns[:4], ("funding", "change", "cash_flow", "fee")))
        shown = pl.when("is_missing").then(residual(signs)).otherwise(signs.funding())
        return frame.select(shown.alias("funding"))["funding"]

    return Cell(columns=("funding", "change", "cash_flow", "fee", "type"), read=read, expected=NUMBER)


def _balanced(signs: Signs) -> Cell:
    """Return the change of the balance, null where it is not the sum of the row's other amounts."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        frame = _with_missing(columns[2], columns[4], numbers(columns[:4], ("change", *PARTS)))
        holds = (residual(signs) == 0) | pl.col("is_missing")
        return frame.select(pl.when(holds).then("change").alias("change"))["change"]

    return Cell(
        columns=("change", *PARTS, "type"), read=read, required=True,
        expected=f"{signs.identity}: every row of this log adds up so, other logs turn these signs",
    )  # fmt: skip


def _with_missing(funding: pl.Series, types: pl.Series, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with `is_missing`: a settlement whose funding is not printed at all."""
    is_settlement = types.str.strip_chars().str.to_lowercase().is_in(["settlement", "funding"]).fill_null(False)
    return frame.with_columns((is_settlement & funding.is_null()).alias("is_missing"))


def _product() -> Cell:
    """Return what a derivative's name says it is; empty (not null) where the name is none that we know."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return products(columns[0].str.strip_chars())

    return Cell(columns=("contract",), read=read, expected="a symbol")


def _effect() -> Cell:
    """Return open or close: of a unified log's `Action`, or of a classic one's `Close Short`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        said = pl.DataFrame({"action": columns[0], "direction": columns[1]})
        word = pl.coalesce(
            pl.col("action").str.strip_chars().str.to_lowercase().str.extract(r"^(open|close)$"),
            pl.col("direction").str.strip_chars().str.to_lowercase().str.extract(r"^(open|close) "),
        )
        return said.select(word.fill_null("").alias("effect"))["effect"]

    return Cell(columns=("action", "direction"), read=read, expected="OPEN or CLOSE")


def fits(signs: Signs, rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether the sum of every row that shows funding holds in this convention."""
    frame = pl.DataFrame({name: [row.get(name, "") for row in rows] for name in ("change", *PARTS)},
                         schema=dict.fromkeys(("change", *PARTS), pl.String))  # fmt: skip
    shown = numbers([frame[name] for name in frame.columns], frame.columns).drop_nulls()
    return shown.filter((pl.col("funding") != 0) & (residual(signs) != 0)).is_empty()
