"""How a person reads a value: figures rounded with care, instants without a zone, hostile characters made visible.

Rounding is half away from zero and for the eye only.  A value that is not zero never reads as zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

import polars as pl

from reports.contract import Column, Kind, Report
from reports.exact import exact, joined

CENTS = frozenset({
    "USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDP", "PYUSD", "GUSD", "USDD", "USDE", "DAI",
    "EUR", "EURT", "EURC", "EURI", "GBP", "CHF", "AUD", "CAD", "NZD", "SGD", "HKD", "BRL", "TRY", "JPY", "KRW", "INR",
    "MXN", "PLN", "SEK", "NOK", "DKK", "CZK", "ZAR", "UAH", "RUB", "CNY",
})  # fmt: skip
"""Assets whose amounts are read with two decimals; those of a coin with up to eight."""

DRAWN = str.maketrans("█▄░▁▚│", "#-?.!|")
"""What is drawn, for terminals that have ASCII only."""
COIN_PLACES = 8
PRICE_DIGITS = 8
PERCENT_DIGITS = 4
MOST_PLACES = 18
LONGEST_ID = 24
UNKNOWN = "?"
LACKING = f" + {UNKNOWN}"

NUMBERS: frozenset[Kind] = frozenset({"money", "price", "quantity", "ratio", "percent", "count"})
SIGNED: frozenset[Kind] = frozenset({"money", "ratio", "percent"})

# letters and marks that Unicode calls printable and nobody sees: joiners, fillers, variation selectors
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column as it is read: one text per row, and the totals that stand under it."""

    column: Column
    kind: Kind
    cells: Sequence[str]
    totals: Sequence[str] = ()
    exact: Sequence[str | None] = ()
    """Beside a decimal: all its digits."""
    is_list: bool = False
    wraps: bool = False
    """Whether its cells are sentences or lists, which are broken at blanks; an id is one word."""

    @property
    def is_number(self) -> bool:
        """Say whether it is right-aligned, and its cells must never be shortened."""
        return self.kind in NUMBERS

    def is_loss(self, cell: str) -> bool:
        """Say whether the cell may be shown in red, beside its minus sign."""
        return self.kind in SIGNED and cell.startswith("-")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A report as it is read."""

    fields: tuple[Field, ...]
    total_labels: tuple[str, ...]
    rows: int
    is_rounded: bool
    has_unknown: bool
    has_instants: bool


def read(frame: pl.DataFrame, report: Report, ascii_only: bool = False) -> Reading:
    """Return the promised columns of the report; whatever else the frame holds is for files."""
    assets = frame[report.asset_column].cast(pl.String) if report.asset_column else None
    groups = _groups(assets)
    fields = [_field(frame[column.name], column, assets, groups, ascii_only) for column in report.columns]
    fields = [_lacking(field, frame, assets, groups) if field.column.lacks else field for field in fields]
    labels = [" ".join(["total", *([clean(asset, ascii_only)] if asset else [])]) for asset in groups]
    currencies = list(dict.fromkeys(column.asset for column in report.columns if column.asset and column.total))
    labels += [f"total in {clean(currency, ascii_only)}" for currency in currencies]
    fields = [replace(field, totals=_placed(field, len(groups), currencies)) for field in fields]
    shown = [place for place in range(len(labels)) if any(field.totals and field.totals[place] for field in fields)]
    fields = [replace(field, totals=[field.totals[place] for place in shown if field.totals]) for field in fields]
    return Reading(
        fields=tuple(fields),
        total_labels=tuple(labels[place] for place in shown),
        rows=frame.height,
        is_rounded=any(_is_rounded(field) for field in fields),
        has_unknown=any(cell.endswith(UNKNOWN) for field in fields if field.is_number for cell in set(field.cells)),
        has_instants=any(field.kind == "instant" for field in fields),
    )


def clean(text: str, ascii_only: bool = False) -> str:
    """Return text that can neither steer a terminal nor deceive a reader: what it hides is spelled out."""
    if text.isascii() and text.isprintable():
        return text
    visible = text
    if not text.isprintable() or _INVISIBLE.search(text):  # controls, bidi, zero width, blanks that are no blank
        visible = "".join(
            _escape(letter) if not letter.isprintable() or _INVISIBLE.match(letter) else letter for letter in text
        )
    return visible.translate(DRAWN).encode("ascii", errors="backslashreplace").decode() if ascii_only else visible


def is_constant(field: Field) -> bool:
    """Say whether a column may be told once: every row reads the same (or is zero), and no total tells more."""
    cell = field.cells[0]
    if len(field.cells) > 1 and field.is_number and all(is_zero(other) for other in field.cells):
        return True
    telling = field.totals and cell != UNKNOWN and cell.strip("0.,-%")
    return len(field.cells) > 1 and not telling and all(other == cell for other in field.cells)


def is_zero(cell: str) -> bool:
    """Say whether a figure is nothing, in whatever digits (`0`, `0.00`)."""
    return bool(cell) and not cell.strip("0.")


def same_in_every_row(fields: Sequence[Field]) -> list[str]:
    """Return the lines that stand for columns whose cells are all the same."""
    said = [
        f"{field.column.name} {'0' if is_zero(field.cells[0]) else field.cells[0]}"
        for field in fields
        if field.cells[0]
    ]
    empty = [field.column.name for field in fields if not field.cells[0]]
    lines = {"in every row": said, "empty in every row": empty}
    return [f"{where}: {', '.join(names)}" for where, names in lines.items() if names]


def summary(report: Report, reading: Reading) -> str:
    """Return what the rows are, how many, and in which zone."""
    count = "1 row" if reading.rows == 1 else f"{reading.rows:,} rows"
    return f"{count}; one row is {report.one_row}" + ("; times in UTC" if reading.has_instants else "")


# ------------------------------------------------------------------------------------------------ columns


def _field(
    series: pl.Series, column: Column, assets: pl.Series | None, groups: Sequence[str | None], ascii_only: bool
) -> Field:
    kind = _kind(column.kind, series.dtype)
    if column.asset is not None:
        assets, groups = pl.Series([column.asset], dtype=pl.String).new_from_index(0, len(series)), [column.asset]
    field = Field(column=column, kind=kind, cells=_cells(series, kind, assets, ascii_only))
    is_list = isinstance(series.dtype, (pl.List, pl.Array))
    sentences = kind == "text" and any(len(cell) > LONGEST_ID and " " in cell for cell in set(field.cells))
    field = replace(field, is_list=is_list, wraps=kind == "words" or sentences)
    if isinstance(series.dtype, pl.Decimal):
        field = replace(field, exact=exact(series.to_frame()).to_series().to_list())
    if column.total and field.is_number and series.len() and (assets is not None or kind != "money"):
        field = replace(field, totals=_totals(series, kind, assets, groups))
    return field


def _kind(kind: Kind, dtype: pl.DataType) -> Kind:
    """Return the promised kind, unless the values are of another."""
    if dtype.is_temporal():
        return "instant"
    if dtype.is_integer():
        return kind if kind in NUMBERS else "count"
    if dtype.is_numeric():
        return kind if kind in NUMBERS else "quantity"
    if isinstance(dtype, (pl.List, pl.Array)):
        return "words"
    return "text" if kind in NUMBERS | {"instant"} and dtype != pl.Null() else kind


def _cells(series: pl.Series, kind: Kind, assets: pl.Series | None, ascii_only: bool) -> list[str]:
    if kind in NUMBERS:
        return _figures(series.to_list(), kind, assets)
    if isinstance(series.dtype, pl.Datetime):
        moments = series if series.dtype.time_zone is None else series.dt.convert_time_zone("UTC")
        return moments.dt.strftime("%Y-%m-%d %H:%M:%S").fill_null("").to_list()
    if series.dtype == pl.Boolean():
        return [{True: "yes", False: "no", None: ""}[value] for value in series.to_list()]
    texts = exact(series.to_frame()).to_series()
    texts = joined(texts, " ") if isinstance(texts.dtype, pl.List) else texts.cast(pl.String)
    cleaned = {text: clean(text or "", ascii_only) for text in texts.unique().to_list()}
    return [cleaned[text] for text in texts.to_list()]


def _is_rounded(field: Field) -> bool:
    if not field.exact:
        return False
    shown = (
        pl.Series(field.cells).str.strip_suffix(LACKING).str.replace_all(",", "", literal=True).str.strip_suffix("%")
    )
    digits = pl.Series(field.exact, dtype=pl.String)
    if field.kind == "ratio":
        return bool((digits.str.len_chars() > len("-0.1234")).any())
    plain = shown.str.strip_chars_end("0").str.strip_suffix(".").zip_with(shown.str.contains(".", literal=True), shown)
    return bool((plain != digits).any())


# ------------------------------------------------------------------------------------------------ totals


def _groups(assets: pl.Series | None) -> list[str | None]:
    if assets is None:
        return [None]
    return list(assets.unique().sort(nulls_last=True).to_list())


def _placed(field: Field, groups: int, currencies: Sequence[str]) -> Sequence[str]:
    """Return a column's totals, one a line: per asset of the rows, then per currency of columns that have one."""
    if not field.totals:
        return ()
    if field.column.asset is None:
        return [*field.totals, *("" for _ in currencies)]
    return ["" for _ in range(groups)] + [field.totals[0] if name == field.column.asset else "" for name in currencies]


def _totals(series: pl.Series, kind: Kind, assets: pl.Series | None, groups: Sequence[str | None]) -> list[str]:
    """Return the exact sum per asset, as it is read; `+ ?` where a value of it is unknown."""
    texts = []
    for asset in groups:
        values = (series if assets is None else series.filter(assets.eq_missing(asset))).to_list()
        known = [_decimal(value) for value in values if value is not None]
        with localcontext(Context(prec=80)):
            text = figure(sum(known, Decimal(0)), kind, asset)
        texts.append(text if len(known) == len(values) else text + LACKING if known else UNKNOWN)
    return texts


def _lacking(field: Field, frame: pl.DataFrame, assets: pl.Series | None, groups: Sequence[str | None]) -> Field:
    """Return a column of sums in which those that lack an unknown part say so, and so do their totals."""
    assert field.column.lacks is not None
    lacks = (frame[field.column.lacks] > 0).fill_null(value=False)
    of = [lacks]
    if assets is not None and field.column.asset is None:
        of = [lacks & assets.eq_missing(asset) for asset in groups]
    return replace(
        field,
        cells=[_marked(cell, lacks=lack) for cell, lack in zip(field.cells, lacks, strict=True)],
        totals=[_marked(total, lacks=bool(lack.any())) for total, lack in zip(field.totals, of, strict=False)],
    )


def _marked(text: str, *, lacks: bool) -> str:
    return text + LACKING if lacks and not text.endswith(UNKNOWN) else text


# ------------------------------------------------------------------------------------------------ figures


def figure(value: Decimal, kind: Kind, asset: str | None = None) -> str:
    """Return a number as it is read, half away from zero, without an exponent."""
    with localcontext(Context(prec=80, rounding=ROUND_HALF_UP)):
        return _READERS[kind](value, asset)


def _figures(values: Iterable[Decimal | int | float | None], kind: Kind, assets: pl.Series | None) -> list[str]:
    reader = _READERS[kind]
    rows = zip(values, assets.to_list() if assets is not None and kind == "money" else _nothing(), strict=False)
    with localcontext(Context(prec=80, rounding=ROUND_HALF_UP)):
        return [UNKNOWN if value is None or value != value else reader(_decimal(value), asset) for value, asset in rows]  # noqa: PLR0124  NaN


def _nothing() -> Iterable[None]:
    while True:
        yield None


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _rounded(value: Decimal, places: int) -> str:
    """Return `places` decimals; two digits that count where that would hide a small value."""
    leading = value.adjusted()
    if value and leading < -places:
        return _trimmed(value, min(1 - leading, MOST_PLACES))
    return format(value if value else abs(value), f",.{places}f")


def _trimmed(value: Decimal, places: int) -> str:
    text = format(value if value else abs(value), f",.{places}f")
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _significant(value: Decimal, digits: int) -> str:
    return _trimmed(value, min(max(digits - 1 - value.adjusted(), 0), MOST_PLACES)) if value else "0"


def _coins(value: Decimal, asset: str | None = None) -> str:
    text = _rounded(value, COIN_PLACES)
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _money(value: Decimal, asset: str | None) -> str:
    return _rounded(value, 2) if asset in CENTS else _coins(value)


_READERS: dict[Kind, Callable[[Decimal, str | None], str]] = {
    "money": _money,
    "price": lambda value, _: _significant(value, PRICE_DIGITS),
    "quantity": _coins,
    "count": _coins,
    "ratio": lambda value, _: _rounded(value.scaleb(2), 2) + "%",
    "percent": lambda value, _: _significant(value, PERCENT_DIGITS) + "%",
}


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
