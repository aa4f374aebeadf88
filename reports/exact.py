"""Every value of a frame as the one exact text that CSV, JSON and the workbook share."""

from __future__ import annotations

import io

import polars as pl

UNSAFE_START = r"^[=+\-@\t\r\n＝＋－＠]"
"""Text that a spreadsheet would run as a formula."""


def json_bytes(frame: pl.DataFrame) -> bytes:
    """Return one array of objects, one object a line: decimals are strings, unknown is null."""
    if not frame.height:
        return b"[]\n"
    lines = io.BytesIO()
    exact(frame).write_ndjson(lines)
    return b"[\n" + lines.getvalue().rstrip(b"\n").replace(b"\n", b",\n") + b"\n]\n"


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """Return the same values as CSV: a list is joined by `;`, unknown is empty, text never starts a formula."""
    lines = io.BytesIO()
    cells = [_cell(series, frame.schema[series.name]) for series in exact(frame)]
    pl.DataFrame(cells).write_csv(lines, line_terminator="\n")
    return lines.getvalue()


def exact(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with decimals, instants and dates as text; integers, booleans, finite doubles, text and lists
    stay what they are."""  # fmt: skip
    return frame.select(_exact(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items())


def joined(series: pl.Series, separator: str) -> pl.Series:
    """Return a list column, as `exact` leaves it, as text; an empty list is null."""
    return series.cast(pl.List(pl.String)).list.join(separator).replace("", None)


def _exact(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: PLR0911  (one line a type)
    match dtype:
        case pl.Decimal():
            return _trimmed(cell.cast(pl.String)) if dtype.scale else cell.cast(pl.String)
        case pl.Datetime():
            moment = cell if dtype.time_zone is None else cell.dt.convert_time_zone("UTC")
            return _trimmed(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f")) + "Z"
        case pl.Float32() | pl.Float64():
            return pl.when(cell.is_finite()).then(cell + 0.0)  # -0.0 + 0.0 is 0.0
        case pl.List() | pl.Array():
            elements = cell if isinstance(dtype, pl.List) else cell.arr.to_list()
            return elements.list.eval(_exact(pl.element(), dtype.inner))  # type: ignore[arg-type]  # a class may stand for its type
        case pl.Binary():
            return cell.bin.encode("hex")
        case pl.Struct():
            return cell.struct.json_encode()
        case _ if dtype.is_integer() or dtype == pl.Boolean():
            return cell.cast(pl.String) if dtype == pl.Int128() else cell
        case _:
            return cell.cast(pl.String)


def _trimmed(text: pl.Expr) -> pl.Expr:
    """Return text that has a point without its trailing zeros."""
    return text.str.strip_chars_end("0").str.strip_suffix(".")


def _cell(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(series.dtype, pl.List):
        series = joined(series, ";")
    if series.dtype != pl.String() or dtype.is_numeric() or dtype.is_temporal():
        return series
    unsafe = series.str.contains(UNSAFE_START)
    return ("'" + series).zip_with(unsafe.fill_null(value=False), series).alias(series.name)
