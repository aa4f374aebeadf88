"""The lines of a statement that a venue sent to a tax office, as a plain file, and what can be wrong with them.

A CSV (`,`, `;` or tab), one line a figure, with the columns `account` (or venue: all accounts there), `form` and
`figure`, and as far as it states them `asset` (empty: all), `quantity` (units of the asset), `amount` with `currency`,
`transactions` (how many), `basis_reported` (yes or no: whether the tax office was told the basis; Form 1099-DA alone)
and `note`.

    account,form,asset,figure,quantity,amount,currency,transactions,basis_reported
    main,1099-DA,BTC,proceeds,0.75,67500.00,USD,1,no
    kraken,DAC8,ETH,disposed_for_fiat,2,6000,EUR,3,
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.errors import MarginbookError

HEADER = ("account", "form", "asset", "figure", "quantity", "amount", "currency", "transactions", "basis_reported")
NEEDED = frozenset({"account", "form", "figure"})
FORMS: Mapping[str, str] = {form.lower(): form for form in ("1099-DA", "CARF", "DAC8", "other")}
ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False, "": None}
AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)
COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
STATED = ("amount", "quantity", "transactions")


class BadStatement(MarginbookError):
    """Lines of a statement that cannot be read: each with file and line, what is wrong and what to do."""

    exit_code = 3

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(self.faults)


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A line: what a venue says of an account (or of a venue: all accounts there) and an asset (None: all)."""

    file: str
    line: int
    account: str
    form: str
    asset: str | None
    figure: str
    stated: Mapping[str, Decimal]
    """Of `amount`, `quantity` and `transactions` those that are stated, as they are written."""
    currency: str | None
    basis_reported: bool | None


@dataclass(eq=False)
class Fault(Exception):
    """What is wrong with a line, and what to do."""

    what: str
    todo: str


def read_statements(texts: Sequence[tuple[str, str]], figures: Sequence[str]) -> list[Stated]:
    """Return the lines of files, given by name and text.  Raises BadStatement with everything that is wrong."""
    lines: list[Stated] = []
    faults: list[str] = []
    for name, text in texts:
        _read(name, text.removeprefix("\ufeff"), figures, lines, faults)
    seen: dict[object, Stated] = {}
    for line in lines:
        key = (line.account, line.form, line.asset, line.figure, line.basis_reported)
        if (before := seen.setdefault(key, line)) is not line:
            fault = Fault(f"{line.figure} of {line.asset or 'all assets'} is stated again",
                          f"{before.file}:{before.line} states it already: keep one of the two")  # fmt: skip
            faults.append(_said(line.file, line.line, fault))
    if faults:
        raise BadStatement(faults)
    return lines


def _read(name: str, text: str, figures: Sequence[str], lines: list[Stated], faults: list[str]) -> None:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if header is None:
                header = [word.lower() for word in row]
                _require_header(header)
            elif any(row):
                try:
                    lines.append(_line(name, reader.line_num, header, row, figures))
                except Fault as fault:
                    faults.append(_said(name, reader.line_num, fault))
    except Fault as fault:
        faults.append(_said(name, reader.line_num, fault))
    except csv.Error as error:
        told = Fault(f"no CSV: {error}", "close the quotes around a cell that has them, or save the file again as CSV")
        faults.append(_said(name, reader.line_num, told))
    else:
        if header is None:
            faults.append(_said(name, 1, Fault("the file is empty", f"its first line is {','.join(HEADER)}")))


def _require_header(header: Sequence[str]) -> None:
    known = {*HEADER, "note"}
    if set(header) - known or not set(header) >= NEEDED or len(set(header)) != len(header):
        needed = ", ".join(sorted(NEEDED))
        raise Fault(
            f"the header is {','.join(header)}",
            f"expected {','.join(HEADER)}; {needed} must be there, a note may follow",
        )


def _line(name: str, number: int, header: Sequence[str], row: Sequence[str], figures: Sequence[str]) -> Stated:
    if len(row) != len(header):
        raise Fault(f"{len(row)} cells under {len(header)} columns ({','.join(header)})",
                    "a name with the delimiter in it stands in quotes; a decimal point is a point")  # fmt: skip
    cells = dict.fromkeys(HEADER, "") | dict(zip(header, row, strict=True))
    if empty := [column for column in sorted(NEEDED) if not cells[column]]:
        raise Fault(f"nothing under {', '.join(empty)}", "fill it in, or take the line away")
    form = FORMS.get(cells["form"].lower())
    if form is None:
        raise Fault(f'form: "{cells["form"]}"', f"expected {', '.join(FORMS.values())}")
    if cells["figure"] not in figures:
        raise Fault(f'figure: "{cells["figure"]}"',
                    f"expected {', '.join(figures)}; of any other the book has no figure to compare")  # fmt: skip
    reported = cells["basis_reported"].lower()
    if reported not in ANSWERS or (reported and form != "1099-DA"):
        raise Fault(f'basis_reported: "{cells["basis_reported"]}"', "expected yes or no, of form 1099-DA alone")
    stated = {column: _number(column, cells[column]) for column in STATED if cells[column]}
    if not stated:
        raise Fault("nothing is stated", f"fill in {', '.join(STATED)}, or take the line away")
    if "quantity" in stated and not cells["asset"]:
        raise Fault("a quantity of all assets", "name the asset, or leave the quantity empty")
    if ("amount" in stated) != bool(cells["currency"]):
        raise Fault("an amount without currency, or a currency without amount", "fill in both, or neither")
    return Stated(file=name, line=number, account=cells["account"], form=form, asset=cells["asset"] or None,
                  figure=cells["figure"], stated=stated, currency=cells["currency"].upper() or None,
                  basis_reported=ANSWERS[reported])  # fmt: skip


def _number(column: str, text: str) -> Decimal:
    pattern = COUNT if column == "transactions" else AMOUNT
    if not pattern.fullmatch(text):
        raise Fault(f'{column}: "{text}"', "write digits and a decimal point, as 1234.56; no thousands, no currency")
    return Decimal(text)


def _said(name: str, line: int, fault: Fault) -> str:
    return f"{name}:{line}: {fault.what}\n  {fault.todo}"
