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
from collections.abc import Iterator, Mapping, Sequence
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
                named = dict.fromkeys(HEADER, "") | dict(zip(header, row, strict=False))
                wrong = [*_misshapen(header, row)] or [*_wrong(named, figures)]
                faults += [_said(name, reader.line_num, fault) for fault in wrong]
                lines += [] if wrong else [_line(name, reader.line_num, named)]
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


def _misshapen(header: Sequence[str], row: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with a line as a whole, so that its cells cannot be read."""
    if len(row) != len(header):
        yield Fault(f"{len(row)} cells under {len(header)} columns ({','.join(header)})",
                    "a name with the delimiter in it stands in quotes; a decimal point is a point")  # fmt: skip
    elif empty := [column for column, cell in sorted(zip(header, row, strict=True)) if column in NEEDED and not cell]:
        yield Fault(f"nothing under {', '.join(empty)}", "fill it in, or take the line away")


def _wrong(cells: Mapping[str, str], figures: Sequence[str]) -> Iterator[Fault]:
    """Yield everything that is wrong with the cells of a line."""
    form, stated = FORMS.get(cells["form"].lower()), [column for column in STATED if cells[column]]
    if form is None:
        yield Fault(f'form: "{cells["form"]}"', f"expected {', '.join(FORMS.values())}")
    if cells["figure"] not in figures:
        yield Fault(f'figure: "{cells["figure"]}"',
                    f"expected {', '.join(figures)}; of any other the book has no figure to compare")  # fmt: skip
    reported = cells["basis_reported"].lower()
    if reported not in ANSWERS or (reported and form not in {"1099-DA", None}):
        yield Fault(f'basis_reported: "{cells["basis_reported"]}"', "expected yes or no, of form 1099-DA alone")
    for column in stated:
        if not (COUNT if column == "transactions" else AMOUNT).fullmatch(cells[column]):
            whole = "a whole number" if column == "transactions" else "digits and a decimal point, as 1234.56"
            yield Fault(f'{column}: "{cells[column]}"', f"write {whole}; no thousands, no currency")
    if not stated:
        yield Fault("nothing is stated", f"fill in {', '.join(STATED)}, or take the line away")
    if "quantity" in stated and not cells["asset"]:
        yield Fault("a quantity of all assets", "name the asset, or leave the quantity empty")
    if ("amount" in stated) != bool(cells["currency"]):
        yield Fault("an amount without currency, or a currency without amount", "fill in both, or neither")


def _line(name: str, number: int, cells: Mapping[str, str]) -> Stated:
    return Stated(file=name, line=number, account=cells["account"], form=FORMS[cells["form"].lower()],
                  asset=cells["asset"] or None, figure=cells["figure"],
                  stated={column: Decimal(cells[column]) for column in STATED if cells[column]},
                  currency=cells["currency"].upper() or None,
                  basis_reported=ANSWERS[cells["basis_reported"].lower()])  # fmt: skip


def _said(name: str, line: int, fault: Fault) -> str:
    return f"{name}:{line}: {fault.what}\n  {fault.todo}"
