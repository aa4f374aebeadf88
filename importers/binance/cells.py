"""The dialects of Binance's cells, beyond those of `importers.cells`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.binance.symbols import name_instrument
from importers.cells import digits_only, epoch, exact_decimals, kept, local_time, split_glued
from importers.contract import Cell, Context
from importers.naming import terms_of

CLOCKS = ("%Y-%m-%d %H:%M:%S", "%y-%m-%d %H:%M:%S")
"""A year of two digits comes first, never a day."""


def clock(column: str, *, required: bool = True) -> Cell:
    """Return the instant of a wall clock in the export's zone; re-saved files leave blanks around it."""
    return replace(local_time(column, *CLOCKS, required=required),
                   expected="a time as 2026-02-03 08:00:01 or 26-02-03 08:00:01")  # fmt: skip


UPDATED = replace(epoch("updatetime", required=False), empty_words=("0",))
"""When a row of a snapshot changed last; 0: never."""


def spare_id(column: str) -> Cell:
    """Return an id of digits, empty (not null) where a spreadsheet has rounded it: the row is whole without it."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        digits = digits_only(columns[0])
        return kept(digits.fill_null(""), columns[0].is_not_null())

    return Cell(columns=(column,), read=read, expected="an id")


def fee_number(fee: str, symbol: str) -> Cell:
    """Return the number of a fee: `0.0012BNB`, `0.29528919 USDC`, `0.168399`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return exact_decimals(split_by_symbol(columns[0], columns[1]).struct.field("number"), thousands=True)

    return Cell(columns=(fee, symbol), read=read, expected="a number, or a number with its asset as 0.0012BNB")


def fee_asset(fee: str, fee_coin: str, quote_asset: str, symbol: str) -> Cell:
    """Return the asset of a fee: glued to it, in a column of its own, or else what the contract is settled in."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        glued, coin, quote, symbols = columns
        unit = split_by_symbol(glued, symbols).struct.field("unit")
        frame = pl.DataFrame({
            "unit": unit.replace("", None), "coin": coin.str.strip_chars(), "quote": quote.str.strip_chars(),
            "settle": terms_of(symbols.str.strip_chars(), name_instrument, "settle"),
        })  # fmt: skip
        return frame.select(pl.coalesce("unit", "coin", "quote", "settle"))["unit"]

    return Cell(columns=(fee, fee_coin, quote_asset, symbol), read=read,
                expected="a fee whose asset is printed or follows from the symbol")  # fmt: skip


def split_by_symbol(amounts: pl.Series, symbols: pl.Series) -> pl.Series:
    """Return number and unit of `0.0012BNB`; where the asset begins with a digit the contract's symbol tells it."""
    named = {symbol: name_instrument(symbol.strip(), None) for symbol in symbols.unique().drop_nulls()}
    assets = {symbol: tuple(filter(None, (terms.base, terms.quote))) for symbol, terms in named.items() if terms}
    return split_glued(amounts, [assets.get(symbol, ()) for symbol in symbols.to_list()])


def unswapped_amount(amount: str, price: str, quantity: str, symbol: str) -> Cell:
    """Return the value of a fill; on USD-M null where it is not price x quantity: some copies have the columns swapped.

    Only the comparison is in floats, to one part in a million or one unit of the last printed digit.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        value, unit_price, size = (exact_decimals(column) for column in columns[:3])
        frame = pl.DataFrame({
            "amount": value, "text": columns[0], "price": unit_price.cast(pl.Float64), "size": size.cast(pl.Float64),
            "symbol": columns[3].str.strip_chars(),
        })  # fmt: skip
        decimals = pl.col("text").str.extract(r"\.(\d+)\s*$").str.len_bytes().fill_null(0)
        stated = pl.col("amount").cast(pl.Float64)
        tolerance = pl.max_horizontal(stated.abs() * 1e-6, pl.lit(10.0) ** -decimals.cast(pl.Float64))
        is_near = ((pl.col("price") * pl.col("size") - stated).abs() <= tolerance).fill_null(True)
        is_coin_m = pl.col("symbol").str.contains(r"USD_(PERP|\d{6})$").fill_null(False)
        return frame.select(pl.when(is_near | is_coin_m).then("amount").alias("amount"))["amount"]

    return Cell(columns=(amount, price, quantity, symbol), read=read,
                expected="price x quantity; in some copies the columns Quantity and Amount are swapped")  # fmt: skip
