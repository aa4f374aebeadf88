"""The dialects of Binance's cells, beyond those of `importers.cells`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.binance.symbols import name_instrument
from importers.cells import exact_decimals, kept, local_time
from importers.contract import Cell, Context
from importers.naming import terms_of

CLOCKS = ("%Y-%m-%d %H:%M:%S", "%y-%m-%d %H:%M:%S")
"""A year of two digits comes first, never a day."""

DIGIT_FIRST = ("0G", "1000CAT", "1000CHEEMS", "1000SATS", "1INCH", "1MBABYDOGE", "2Z")
"""Assets that begin with a digit: glued to a number (`0.011INCH`), only the pair tells where it ends."""

GLUED = r"^(?<number>[+-]?[\d.,]+(?:[eE][+-]?\d+)?)(?<gap>\s*)(?<unit>.*)$"


def clock(column: str, *, required: bool = True) -> Cell:
    """Return the instant of a wall clock in the export's zone; re-saved files leave blanks around it."""
    return replace(local_time(column, *CLOCKS, required=required),
                   expected="a time as 2026-02-03 08:00:01 or 26-02-03 08:00:01")  # fmt: skip


def whole_id(column: str, *, required: bool = False) -> Cell:
    """Return an id of digits, exactly as printed: one that a spreadsheet has rounded (8.38977E+18) is none."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _digits(columns[0])

    return Cell(columns=(column,), read=read, required=required,
                expected="an id of digits only; a spreadsheet has rounded it for good: export again")  # fmt: skip


def spare_id(column: str) -> Cell:
    """Return an id of digits, empty (not null) where a spreadsheet has rounded it: the row is whole without it."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        digits = _digits(columns[0])
        return kept(digits.fill_null(""), columns[0].is_not_null())

    return Cell(columns=(column,), read=read, expected="an id")


def _digits(column: pl.Series) -> pl.Series:
    stripped = column.str.strip_chars()
    return kept(stripped, stripped.str.contains(r"^\d+$"))


def fee_number(fee: str, symbol: str) -> Cell:
    """Return the number of a fee: `0.0012BNB`, `0.29528919 USDC`, `0.168399`."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return exact_decimals(split_glued(columns[0], columns[1]).struct.field("number"), thousands=True)

    return Cell(columns=(fee, symbol), read=read, expected="a number, or a number with its asset as 0.0012BNB")


def fee_asset(fee: str, fee_coin: str, quote_asset: str, symbol: str) -> Cell:
    """Return the asset of a fee: glued to it, in a column of its own, or else what the contract is settled in."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        glued, coin, quote, symbols = columns
        unit = split_glued(glued, symbols).struct.field("unit")
        frame = pl.DataFrame({
            "unit": unit.replace("", None), "coin": coin.str.strip_chars(), "quote": quote.str.strip_chars(),
            "settle": terms_of(symbols.str.strip_chars(), name_instrument, "settle"),
        })  # fmt: skip
        return frame.select(pl.coalesce("unit", "coin", "quote", "settle"))["unit"]

    return Cell(columns=(fee, fee_coin, quote_asset, symbol), read=read,
                expected="a fee whose asset is printed or follows from the symbol")  # fmt: skip


def split_glued(amounts: pl.Series, symbols: pl.Series) -> pl.Series:
    """Return number and unit of `0.0012BNB`; both null where only a pair could tell and does not (`0.011INCH`)."""
    texts = amounts.str.strip_chars()
    groups = texts.str.extract_groups(GLUED)
    number, gap, unit = (groups.struct.field(name) for name in ("number", "gap", "unit"))
    named = [name_instrument(symbol.strip(), None) for symbol in symbols.unique().drop_nulls()]
    bases = [terms.base for terms in named if terms and terms.base and terms.base[0].isdigit()]
    tails = {asset.lstrip("0123456789") for asset in (*DIGIT_FIRST, *bases)}
    unclear = ((gap == "") & unit.is_in(list(tails))).fill_null(False)
    if unclear.any():
        rows = unclear.arg_true()
        pairs = [_by_pair(text, symbol) for text, symbol in zip(texts.gather(rows), symbols.gather(rows), strict=True)]
        number = number.scatter(rows, pl.Series([pair[0] for pair in pairs], dtype=pl.String))
        unit = unit.scatter(rows, pl.Series([pair[1] for pair in pairs], dtype=pl.String))
    return pl.DataFrame({"number": number, "unit": unit}).to_struct("glued")


def _by_pair(text: str, symbol: str | None) -> tuple[str | None, str | None]:
    named = name_instrument(symbol.strip(), None) if symbol else None
    for asset in (named.base, named.quote) if named else ():
        if asset and text.endswith(asset):
            return text.removesuffix(asset), asset
    return None, None


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
