"""Numbers of a dump: ccxt's are floats, and the raw reply in `info` has the digits that a float has lost.

- At most 15 digits: what is printed is what was meant; a float keeps 15 digits.
- More digits than a float prints, or not as it prints them: a string, exact as it stands.
- Else it is a float.  Where `info` has one number that this float stands for, it is that number.  Where its first 12
  digits are followed by zeros or nines only (0.30000000000000004) it is those digits: dust of a script's arithmetic.
  Else it is the float as printed; beyond the 18th decimal a float of 17 digits names nothing that was ever booked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from decimal import Context as Rounding

import polars as pl

from importers.cells import exact_decimals
from importers.contract import Cell, Context
from schemas.types import MONEY

FLOAT_DIGITS = 15
DUST_DIGITS = 12
LONG = r"^[+-]?(?:\d[.]?){16,}|[eE]"
STEP = Decimal("1e-18")
IN_INFO = re.compile(r"(?<![\w.])-?\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.])")
TO_FLOAT = Rounding(prec=FLOAT_DIGITS, rounding=ROUND_HALF_EVEN)


def number(column: str, *, required: bool = False) -> Cell:
    """Return the number that a float of a dump stands for, exactly."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return numbers(*columns)

    return Cell(columns=(column, "info"), read=read, required=required, expected="a number with a decimal point")


def computed(column: str) -> Cell:
    """Return a number that ccxt or a script has worked out (value, average, rate), at 18 decimals."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _as_money([None if text is None else _near(text) for text in columns[0].to_list()])

    return Cell(columns=(column,), read=read, expected="a number with a decimal point")


def numbers(texts: pl.Series, info: pl.Series) -> pl.Series:
    """Return the exact numbers of printed floats, `info` being the raw reply of each row (or null)."""
    value = exact_decimals(texts)
    long = texts.str.contains(LONG).fill_null(False)
    if not long.any():
        return value
    rows = long.arg_true()
    found = [meant(text, raw or "") for text, raw in zip(texts.gather(rows), info.gather(rows), strict=True)]
    return value.scatter(rows, _as_money(found))


def meant(text: str, info: str) -> Decimal | None:
    """Return the number that one printed float stands for, None where it is no number that the book can hold."""
    printed = _decimal(text)
    if printed is None or _digits(printed) <= FLOAT_DIGITS or Decimal(repr(float(printed))) != printed:
        return _fitting(printed)
    raw = {abs(Decimal(item)) for item in IN_INFO.findall(info) if abs(float(item)) == abs(float(printed))}
    if len(raw) == 1:
        return _fitting(raw.pop().copy_sign(printed))
    short = TO_FLOAT.plus(printed)
    return short if _digits(short) <= DUST_DIGITS else _rounded(printed)


def _near(text: str) -> Decimal | None:
    """Return what `meant` does, and of a number with more decimals the nearest that the book can hold."""
    found = meant(text, "")
    return found if found is not None else _rounded(_decimal(text))


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip()) if text.isascii() and "_" not in text else None
    except ArithmeticError:
        return None
    return found if found is not None and found.is_finite() and found.adjusted() <= FLOAT_DIGITS + 4 else None


def _digits(number_: Decimal) -> int:
    return len(number_.normalize().as_tuple().digits)


def _fitting(number_: Decimal | None) -> Decimal | None:
    """Return the number if it has at most 18 decimals."""
    return None if number_ is None or _rounded(number_) != number_ else number_


def _rounded(number_: Decimal | None) -> Decimal | None:
    return None if number_ is None else number_.quantize(STEP, context=Rounding(prec=60))


def _as_money(found: Sequence[Decimal | None]) -> pl.Series:
    return pl.Series([None if item is None else _rounded(item) for item in found], dtype=MONEY)
