"""What all exports of dYdX share: names of markets, amounts as the browser prints them, fills, moves of cash."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers import naming, vocabulary
from importers.cells import exact_decimals, money, text, translated, word, zoned_time
from importers.contract import Cell, Claim, Context, Emit, Named
from importers.declared import claimed, claimed_in_part
from importers.emits import AMOUNT, AT, adding, transfer

USDC = "USDC"
"""In which everything is settled, and which stands for the dollar of every market."""
SIDES = vocabulary.column(vocabulary.table(__file__, "sides.csv"), "word", "side")
POSITION_SIDES = {"LONG": "long", "SHORT": "short"}
TYPES = {
    "LIMIT": "trade", "MARKET": "trade", "TWAP_SUBORDER": "trade", "STOP_LIMIT": "trade", "STOP_MARKET": "trade",
    "TRAILING_STOP": "trade", "TAKE_PROFIT": "trade", "TAKE_PROFIT_LIMIT": "trade", "TAKE_PROFIT_MARKET": "trade",
    "LIQUIDATION": "trade", "LIQUIDATED": "liquidated", "DELEVERAGED": "deleveraged", "OFFSETTING": "offsetting",
}  # fmt: skip
"""LIQUIDATION is the other side of a liquidation; DELEVERAGED lost its position, OFFSETTING was on the other side."""
LIQUIDITY = {"TAKER": "taker", "MAKER": "maker"}
DOLLARS = r"\s*(?:US)?\$?(?:US)?\s*"
PRINTED = re.compile(rf"(?P<sign>[-\u2212]?){DOLLARS}(?P<minus>[-\u2212]?)(?P<number>[\d.,'\u2019\s]+?){DOLLARS}")


def name_instrument(symbol: str, settle: str | None) -> Named | None:
    """Return what `BTC-USD` names: a perpetual in dollars, settled in USDC."""
    pair = naming.split_pair(symbol, ())
    return replace(naming.contract(*pair, USDC), style="linear") if pair else None


def printed_amount(column: str, *, required: bool = True) -> Cell:
    """Return a plain number, or one as any language prints dollars: `$1,525.10`, `1.525,10 $`, `US$ 1.525,10`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        plain = exact_decimals(columns[0])
        return plain.zip_with(plain.is_not_null(), exact_decimals(translated(columns[0], plain_number)))

    return Cell(columns=(column,), read=read, required=required,
                expected="a number, or dollars as $1,525.10 or 1.525,10 $")  # fmt: skip


def plain_number(printed: str) -> str | None:
    """Return the number of a printed amount of dollars; None where a separator may be of thousands or of decimals."""
    found = PRINTED.fullmatch(printed.strip())
    if found is None or "$" not in printed:
        return None
    marks = [mark for mark in found["number"] if not mark.isdigit()]
    whole, decimals = re.sub(r"\D", "", found["number"]), ""
    tail = re.split(r"\D", found["number"])[-1]
    if marks and (marks.count(marks[-1]) == 1 and marks[-1] in ".,"):
        if len(marks) == 1 and len(tail) == 3:
            return None
        whole, decimals = whole[: len(whole) - len(tail)], tail
    sign = "-" if found["sign"] or found["minus"] else ""
    return f"{sign}{whole or '0'}.{decimals or '0'}"


def side(column: str) -> Cell:
    """Return buy or sell in any of the app's languages."""
    return word(column, SIDES, required=True, what="Buy or Sell in one of the app's languages")


# -------------------------------------------------------------------------------------------------- fills

FILL_CELLS: dict[str, Cell] = {
    "time": zoned_time("createdat"),
    "id": text("id", required=True),
    "symbol": text("market", required=True),
    "side": side("side"),
    "quantity": money("size", required=True),
    "price": money("price", required=True),
    "fee": money("fee"),
    "type": word("type", TYPES),
    "liquidity": word("liquidity", LIQUIDITY),
    "order_ref": text("orderid"),
}
"""Of fills under the API's names, v3 and v4."""

SYMBOL, SIDE, QUANTITY, PRICE = (pl.col(name) for name in ("symbol", "side", "quantity", "price"))


def fills(refs: Mapping[str, pl.Expr]) -> dict[str, tuple[Emit, ...]]:
    """Return the cases of a fill by what its type says; `refs` are ids and the like of exports that have them."""

    def fill(execution: str) -> Emit:
        return Emit(table="fills", columns={
            "filled_at": AT, "symbol": SYMBOL, "product": pl.lit("perpetual"), "position_side": pl.lit("both"),
            "side": SIDE, "quantity": QUANTITY, "price": PRICE, "fee": pl.col("fee"), "fee_asset": pl.lit(USDC),
            "liquidity": pl.col("liquidity"), "execution": pl.lit(execution), "settle_asset": pl.lit(USDC),
            "effect": pl.lit(None if execution == "trade" else "close"), **refs,
        })  # fmt: skip

    def forced(stage: str | None, **more: pl.Expr) -> Emit:
        named = {name: value for name, value in refs.items() if name in ("order_ref", "margin_mode")}
        return Emit(table="liquidations", columns={
            "liquidated_at": AT, "symbol": SYMBOL, "product": pl.lit("perpetual"), "side": SIDE, "quantity": QUANTITY,
            "price": PRICE, "stage": pl.lit(stage), **named, **more,
        })  # fmt: skip

    return {
        "trade": (fill("trade"),),
        "liquidated": (fill("liquidation"), forced(None)),
        "deleveraged": (fill("liquidation"), forced("adl", bankruptcy_price=PRICE)),
        "offsetting": (fill("adl"), forced("adl")),
    }


def claims_of_fills(rank: int, resolution_s: int = 1) -> tuple[Claim, ...]:
    """Return what a format of fills claims."""
    return claimed(resolution_s=resolution_s, fills=rank, fees=rank, liquidations=rank)


def funding(side_of: pl.Expr) -> Emit:
    """Return a funding payment, + where it was received."""
    return Emit(table="funding", columns={
        "paid_at": AT, "symbol": SYMBOL, "position_side": side_of, "asset": pl.lit(USDC), "amount": AMOUNT,
        "rate": pl.col("rate"), "position_quantity": pl.col("size").abs(), "mark_price": PRICE,
    })  # fmt: skip


moved = adding(transfer, asset=pl.lit(USDC), transaction_ref=pl.col("transaction"))
"""A move of cash, + where it came in; of another asset where a row names one."""


def between(sender: str, recipient: str, kind: str) -> pl.Expr:
    """Return `internal` where both ends are one address (its subaccounts), else the kind."""
    return pl.when(pl.col(sender) == pl.col(recipient)).then(pl.lit("internal")).otherwise(pl.lit(kind))


SAME_TRANSFER = ("transaction", "action", "sender", "recipient")
"""What the app and the indexer print alike of a transfer: the app rounds amounts to cents and times to minutes."""
LEDGER_PART = (claimed_in_part(skew_s=2),)
