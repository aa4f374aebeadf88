"""The check of the roll-forward: formulas that opening and every cause lead to closing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext

import polars as pl
from xlsxwriter.utility import xl_rowcol_to_cell

from reports.cells import Cell, plain, too_long
from reports.monthly import HEADINGS
from reports.totals import EXACT, Summed, agreeing_places, number_in

CHECK = "check"
"""Name of its column."""


def row_checks(part: pl.DataFrame, at: Mapping[str, int]) -> Iterator[Cell]:
    """Return per row the formula that opening and all causes lead to closing: 0; empty where one of them is unknown."""
    terms = ["opening", *HEADINGS]
    long = part.select(too_long(part[name]).alias(name) for name in [*terms, "closing"])
    for row, (line, texts) in enumerate(zip(part.select([*terms, "closing"]).rows(), long.rows(), strict=True), 1):
        if any(value is None for value in line):
            yield "formula", None, ""
            continue
        refs = [xl_rowcol_to_cell(row, at[name]) for name in [*terms, "closing"]]
        if any(texts) or [at[name] for name in terms] != list(range(at["opening"], at["opening"] + len(terms))):
            read = [number_in(ref, plain(value)) if is_text else ref
                    for ref, value, is_text in zip(refs, line, texts, strict=True)]  # fmt: skip
            added = "+".join(read[:-1]) + "-" + read[-1]
        else:
            added = f"SUM({refs[0]}:{refs[-2]})-{refs[-1]}"
        gross = sum((abs(value) for value in line), Decimal(0))
        yield "formula", _rounded(added, line, gross, len(line)), "check"


def _rounded(added: str, values: Sequence[Decimal], gross: Decimal, terms: int) -> tuple[str, Decimal]:
    """Return the formula that all but the last value come to the last, and what it exactly is."""
    with localcontext(EXACT):
        difference = sum(values[:-1], Decimal(0)) - values[-1]
    return f"=ROUND({added},{agreeing_places(gross, terms)})", Decimal(plain(difference))


def total_check(summed: Sequence[Summed], at: Mapping[str, int], group: int, row: int) -> tuple[int, Cell] | None:
    """Return the same check of a line of totals, and its column; None where a total of it lacks something."""
    totals = {column.name: column.totals[group] for column in summed}
    terms = [totals.get(name) for name in ("opening", *HEADINGS, "closing")]
    known = [total for total in terms if total is not None and not total.unknown]
    if CHECK not in at or len(known) < len(terms):
        return None
    refs = [xl_rowcol_to_cell(row, at[name]) for name in ("opening", *HEADINGS, "closing")]
    added = "+".join(refs[:-1]) + "-" + refs[-1]
    with localcontext(EXACT):
        gross = sum((total.gross for total in known), Decimal(0))
    made = _rounded(added, [total.exact for total in known], gross, sum(total.rows for total in known))
    return at[CHECK], ("formula", made, "check")
