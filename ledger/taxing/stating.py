"""What of a venue's statement the book disagrees with, as blocks of a tax year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from ledger.storage.log import Entry
from ledger.taxing.accepting import Row, judged
from ledger.taxing.odd_rows import block
from reports.tax.amounts import quantity
from reports.tax.statements import compared, rows_of
from reports.tax.value import TaxYear


def with_statements(year: TaxYear, texts: Sequence[tuple[str, str]], log: Iterable[Entry]) -> TaxYear:
    """Return the year with statements (name and text of a file each) compared, and a block for what does not agree.

    Raises BadStatement.
    """
    if not texts:
        return year
    told = compared(year, texts)
    blocks = judged([*_disagreeing(year, told)], log, year.policy)
    return replace(year, statements=told, blocks=pl.concat([year.blocks, blocks]))


def _disagreeing(year: TaxYear, told: pl.DataFrame) -> Iterator[Row]:
    for line in told.filter(~pl.col("agrees")).iter_rows(named=True):
        asset, of = line["asset"], line["of"]
        unit = {"amount": f" {line['currency']}", "quantity": f" {asset}", "transactions": " transactions"}[of]
        figure = f"{line['figure'].replace('_', ' ')} of {asset or 'all assets'}"
        note = f" ({line['note']})" if line["note"] else ""
        yield block(
            "statement",
            f"{line['account']} stated {quantity(line['stated'])}{unit} on {line['form']} as {figure}; here it is "
            f"{quantity(line['here'])}, a difference of {quantity(line['difference'])}{note}",
            f"look at line {line['line']} of {line['file']} and at the rows; import what is missing, ask the venue "
            "for a corrected statement, or accept it with the reason of the difference",
            account=line["account"],
            asset=asset,
            amount=line["difference"] if of == "quantity" else None,
            rows=rows_of(year, line["account"], line["figure"], asset),
        )
