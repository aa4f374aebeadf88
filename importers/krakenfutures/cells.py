"""The dialects of Kraken Futures: rows of a log with two kinds of legs, records with an object inside an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from importers.cells import mapped, translated, zero_filled
from importers.contract import Cell, Context
from importers.files.jsontext import loads
from importers.krakenfutures.symbols import name_instrument, spelled
from schemas.types import MONEY

SLACK = Decimal("0.000001")
"""Parts of a change are rounded by themselves."""
Path = tuple[str, ...]

# ----------------------------------------------------------------------------------------- account log


def leg_cell() -> Cell:
    """Return `position` where a row's symbol is its contract (or, without that column, looks like one), else `cash`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        symbols, contracts = (item.str.strip_chars().str.to_lowercase() for item in columns)
        rows = pl.DataFrame({"symbol": symbols, "contract": contracts})
        is_position = (pl.col("symbol") == pl.col("contract")).fill_null(pl.col("symbol").str.contains("_"))
        return rows.select(pl.when(is_position).then(pl.lit("position")).otherwise(pl.lit("cash")).alias("leg"))["leg"]

    return Cell(columns=("symbol", "contract"), read=read, expected="a currency or a contract")


def contract_of_row() -> Cell:
    """Return the contract of a row, that of a position's leg without the column from its symbol; else empty."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        rows = pl.DataFrame({"symbol": columns[0], "contract": columns[1]})
        named = pl.when(pl.col("symbol").str.contains("_")).then("symbol")
        texts = rows.select(pl.coalesce("contract", named).fill_null("").alias("text"))["text"]
        return texts.replace_strict({item: spelled(item) for item in texts.unique()}, return_dtype=pl.String)

    return Cell(columns=("symbol", "contract"), read=read, expected="a contract")


def product_cell() -> Cell:
    """Return what a contract is; empty (not null) where its name is none that we know."""
    return mapped("symbol", lambda name: named.product if (named := name_instrument(spelled(name), None)) else "",
                  "a contract")  # fmt: skip


def change_cell(summed: Sequence[str], *balances: str) -> Cell:
    """Return what changed, as printed or by the balances before and after; null where a cash leg's parts differ."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        names = (*("total", "before")[: len(balances)], "realized", "fee", "funding", "forced")
        rows = zero_filled(columns, names).with_columns(
            columns[-3].str.strip_chars().str.to_lowercase().alias("type"),
            leg_cell().read(columns[-2:], context).alias("leg"),
        )
        changed = pl.col("total") - pl.col("before") if len(balances) > 1 else pl.col("total")
        left = changed - pl.col("realized") + pl.col("fee") - pl.col("funding") + pl.col("forced")
        is_summed = (pl.col("leg") == "cash") & pl.col("type").is_in(list(summed))
        holds = ~is_summed | (left.abs() <= pl.lit(SLACK).cast(MONEY))
        return rows.select(pl.when(holds).then(changed).alias("change"))["change"]

    return Cell(
        columns=(*balances, "realized_pnl", "fee", "realized_funding", "liquidation_fee", "type", "symbol", "contract"),
        read=read, required=True,
        expected="a change; of a cash leg: realized pnl - fee + realized funding - liquidation fee",
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- history


def inside(cell: Cell, *path: str, absent: str | None = None) -> Cell:
    """Return a cell that reads what the object in its column holds at a path; `absent` stands for nothing there."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return cell.read([translated(columns[0], lambda text: member(text, path, absent))], context)

    return replace(cell, read=read, expected=f"{'.'.join(path)}: {cell.expected}")


def plain(column: str) -> Cell:
    """Return the text as it stands, also an empty one."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return columns[0]

    return Cell(columns=(column,), read=read, expected="text")


def member(text: str, path: Path, absent: str | None) -> str | None:
    """Return the text of what stands at a path of an object, whatever the case of its first names' letters."""
    try:
        found: Any = loads(text)
    except ValueError:
        return None
    for name in path:
        if not isinstance(found, dict):
            return absent
        found = next((value for key, value in found.items() if key.casefold() == name.casefold()), None)
    return absent if found is None or isinstance(found, dict | list) else str(found)
