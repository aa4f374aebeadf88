"""The one place that knows output formats: a frame and its report become the bytes of a table, a file or a page."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from reports.contract import Report

KINDS = ("table", "csv", "json", "xlsx", "html", "parquet")
BINARY: frozenset[str] = frozenset({"xlsx", "parquet"})
"""Kinds that belong in a file or a pipe, never on a terminal."""

SUFFIXES: dict[str, str] = {
    ".csv": "csv", ".json": "json", ".xlsx": "xlsx", ".html": "html", ".htm": "html", ".parquet": "parquet",
    ".txt": "table",
}  # fmt: skip


def kind_of(path: str | Path) -> str | None:
    """Return the kind that a file's suffix asks for."""
    return SUFFIXES.get(Path(path).suffix.lower())


def render(
    frame: pl.DataFrame, report: Report, kind: str, *, width: int | None = None, colour: bool = False,
    wide: bool = False, ascii_only: bool = False,
) -> bytes | str:  # fmt: skip
    """Return what to write: the text of a `table`, the bytes of any other kind (UTF-8 whatever the stream says).

    The same frame gives the same bytes; nothing is printed or opened here.  The other options concern `table` alone.
    `width` is the terminal's; without one, or with `wide`, every column is shown whole, however long the lines.
    `ascii_only` is for a stream that is not UTF-8: other characters are spelled out.
    """
    match kind:
        case "table":
            from reports.terminal import table

            return table(frame, report, width=None if wide else width, colour=colour, ascii_only=ascii_only)
        case "csv":
            from reports.exact import csv_bytes

            return csv_bytes(frame)
        case "json":
            from reports.exact import json_bytes

            return json_bytes(frame)
        case "xlsx":
            from reports.workbook import workbook_bytes

            return workbook_bytes(frame, report)
        case "html":
            from reports.page import page

            return page(frame, report).encode("utf-8")
        case "parquet":
            buffer = io.BytesIO()
            frame.write_parquet(buffer)
            return buffer.getvalue()
    raise ValueError(f"unknown output format {kind!r}; known are {', '.join(KINDS)}")
