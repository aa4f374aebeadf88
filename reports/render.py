"""The one place that knows output formats: a frame and its report become the bytes of a table, a file or a page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from reports.contract import Report

OutputKind = Literal["table", "csv", "json", "xlsx", "html", "parquet"]
KINDS: tuple[OutputKind, ...] = get_args(OutputKind)
BINARY: frozenset[str] = frozenset({"xlsx", "parquet"})
"""Kinds that belong in a file or a pipe, never on a terminal."""

SUFFIXES: dict[str, OutputKind] = {
    ".csv": "csv", ".json": "json", ".xlsx": "xlsx", ".html": "html", ".htm": "html", ".parquet": "parquet",
    ".txt": "table",
}  # fmt: skip


def kind_of(path: str | Path) -> OutputKind | None:
    """Return the kind that a file's suffix asks for."""
    return SUFFIXES.get(Path(path).suffix.lower())


def render(
    frame: pl.DataFrame, report: Report, kind: OutputKind, *, width: int | None = None, colour: bool = False,
    wide: bool = False, encoding: str = "utf-8",
) -> bytes:  # fmt: skip
    """Return the bytes to write, the same for the same frame; nothing is printed or opened here.

    The other options concern `table` alone.  `width` is the terminal's; without one, or with `wide`, every column is
    shown whole, however long the lines.  `encoding` is the stream's: where it is not a Unicode one, the table is
    ASCII and other characters are spelled out.
    """
    match kind:
        case "table":
            from reports.terminal import table

            limit = None if wide else width
            unicode = encoding.lower().startswith(("utf", "cp65001"))
            text = table(frame, report, width=limit, colour=colour, ascii_only=not unicode)
            return text.encode(encoding if unicode else "ascii")
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
