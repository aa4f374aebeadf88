"""Blocks of delimited text parsed at once, where counting proves that every row has exactly its cells."""

from __future__ import annotations

import polars as pl

from importers.files.limits import CELL_LIMIT, COLUMN_LIMIT, ROW_LIMIT
from importers.files.parts import empty_to_null

_MASK = "\x1f"


def read_masked(piece: bytes, first_line: int, delimiter: str, width: int) -> pl.DataFrame | None:
    """As `read_proven`, with delimiters allowed in quoted cells.

    What lies between the first and the second quote, the third and the fourth and so on has its delimiters replaced
    before the proof, and put back after it: the proof then says that just these stretches are the quoted cells.
    """
    mask = _MASK.encode()
    if mask in piece or b'"' not in piece:
        return None
    stretches = piece.split(b'"')
    inside = [stretch.replace(delimiter.encode(), mask) for stretch in stretches[1::2]]
    if inside == stretches[1::2] or any(b"\n" in stretch for stretch in inside):
        return None
    stretches[1::2] = inside
    frame = read_proven(b'"'.join(stretches), first_line, delimiter, width)
    if frame is None:
        return None
    return frame.with_columns(pl.col(pl.String).str.replace_all(_MASK, delimiter, literal=True))


def read_proven(block: bytes, first_line: int, delimiter: str, width: int) -> pl.DataFrame | None:  # noqa: PLR0911 - one return a proof that fails
    """The rows of a block of whole lines, or None where only careful reading can tell.

    Without quotes a delimiter is a delimiter and a line end is a line end.  The parser refuses rows that are too
    long and pads those that are too short, so `delimiters == (width - 1) * rows` proves that there is neither.
    With quotes the same holds if each quote in the block is the first or the last character of a cell that has
    both: then no delimiter, line end or quote is inside a quoted cell.
    """
    if not block or b"\0" in block or block.startswith(b"\xef\xbb\xbf"):
        return None
    quotes = block.count(b'"')
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        if quotes:
            return None
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    rows = block.count(b"\n") + (not block.endswith(b"\n"))
    delimiters = block.count(delimiter.encode())
    if delimiters % rows or not width <= (found := delimiters // rows + 1) <= COLUMN_LIMIT:
        return None
    try:
        frame = pl.read_csv(
            block, has_header=False, separator=delimiter, quote_char=None, comment_prefix=None, encoding="utf8",
            schema=dict.fromkeys((f"c{i}" for i in range(found)), pl.String), null_values=None, skip_rows=0,
            row_index_name="source_row", row_index_offset=first_line, ignore_errors=False, truncate_ragged_lines=False,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return None
    if frame.height != rows:
        return None
    text = pl.col(pl.String)
    longest = frame.select(pl.max_horizontal(text.str.len_bytes().max().fill_null(0))).item()
    if longest > CELL_LIMIT or longest * found > ROW_LIMIT:
        return None
    if found == 1 and frame["c0"].null_count():
        return None  # blank lines
    if quotes:
        unquoted = _unquoted(frame, quotes)
        if unquoted is None:
            return None
        frame = unquoted
    if found > width:
        if any(frame[f"c{i}"].null_count() < rows for i in range(width, found)):
            return None
        frame = frame.select("source_row", *(f"c{i}" for i in range(width)))
    return frame


def _unquoted(frame: pl.DataFrame, quotes: int) -> pl.DataFrame | None:
    names = frame.columns[1:]
    enclosed = [
        (pl.col(c).str.starts_with('"') & pl.col(c).str.ends_with('"') & (pl.col(c).str.len_bytes() > 1)) for c in names
    ]
    counts = frame.select(e.sum().alias(c) for c, e in zip(names, enclosed, strict=True)).row(0)
    if 2 * sum(counts) != quotes:
        return None
    quoted = [c for c, count in zip(names, counts, strict=True) if count]
    return frame.with_columns(empty_to_null(frame.select(pl.col(quoted).str.strip_chars('"'))))
