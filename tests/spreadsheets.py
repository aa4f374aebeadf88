"""Workbooks as a spreadsheet has them: cells read back, and the meaning of the formulas that ours are made of."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import openpyxl

REF = r"(?:(?:'([^']+)'|(\w+))!)?\$?([A-Z]+)\$?(\d+)"
RANGE = rf"{REF}:\$?([A-Z]+)\$?(\d+)"
SUMIFS = re.compile(rf"SUMIFS\(({RANGE}),({RANGE}),({REF})\)")
EXACT = re.compile(rf"SUMPRODUCT\(--EXACT\(({RANGE}),({REF})\),({RANGE})\)")
SUM = re.compile(rf"SUM\(({RANGE})\)")
COUNTIF = re.compile(rf'COUNTIF\(({RANGE}),"(\w+)"\)')
TEXT = re.compile(rf'VALUE\(SUBSTITUTE\(({REF}),"\.",""\)\)/10\^(\d+)|VALUE\(({REF})\)')
AGREES = re.compile(r'=IF\(ROUND\((.+),(-?\d+)\)=0,"yes","NO"\)')
ROUND = re.compile(r"=ROUND\((.+),(-?\d+)\)")


class Sheets:
    """A workbook twice: its formulas, and the values that were written beside them."""

    def __init__(self, content: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(content))
        self.values = openpyxl.load_workbook(io.BytesIO(content), data_only=True)

    def formulas(self) -> list[tuple[str, str, str]]:
        """Return sheet, cell and text of every formula."""
        return [(sheet.title, cell.coordinate, formula_of(cell)) for sheet in self.book for row in sheet.iter_rows()
                for cell in row if cell.data_type == "f"]  # fmt: skip

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """Return the rows under the header as values, by the first line of their heading."""
        lines = [[cell.value for cell in row] for row in self.values[sheet].iter_rows()]
        heads = [str(head).split("\n")[0] for head in lines[0]]
        return [dict(zip(heads, line, strict=True)) for line in lines[1:]]

    def meaning(self, sheet: str, formula: str) -> Any:
        """Return what a spreadsheet makes of a formula: it adds doubles and passes text over.

        Raises ValueError for one that is not of the few shapes that ours have.
        """
        if agrees := AGREES.fullmatch(formula):
            return "yes" if round(self._added(sheet, agrees[1]), int(agrees[2])) == 0 else "NO"
        if rounded := ROUND.fullmatch(formula):
            return round(self._added(sheet, rounded[1]), int(rounded[2])) + 0.0
        return self._added(sheet, formula.removeprefix("="))

    def _added(self, sheet: str, formula: str) -> float:
        total = 0.0
        for sign, term in re.findall(r"([+-]?)((?:[^+\-()']|'[^']*'|\((?:[^()]|\([^()]*\))*\)|--)+)", formula):
            total += -self._term(sheet, term) if sign == "-" else self._term(sheet, term)
        return total

    def _term(self, sheet: str, term: str) -> float:
        if found := SUMIFS.fullmatch(term):
            added, assets, asset = found[1], found[8], found[15]
            return self._sum(sheet, added, assets, asset)
        if found := EXACT.fullmatch(term):
            assets, asset, added = found[1], found[8], found[13]
            return self._sum(sheet, added, assets, asset)
        if found := SUM.fullmatch(term):
            return float(sum(value for value in self._range(sheet, found[1]) if isinstance(value, int | float)))
        if found := COUNTIF.fullmatch(term):
            return float(len([value for value in self._range(sheet, found[1]) if value == found[8]]))
        if found := TEXT.fullmatch(term):
            text = str(self._cell(sheet, found[1] or found[7]))
            return float(text.replace(".", "")) / float(f"1e{found[6] or 0}")
        value = self._cell(sheet, term)
        return float(value or 0)

    def _sum(self, sheet: str, added: str, assets: str, asset: str) -> float:
        wanted = self._cell(sheet, asset) or ""
        pairs = zip(self._range(sheet, added), self._range(sheet, assets), strict=True)
        return float(sum(value for value, of in pairs if (of or "") == wanted and isinstance(value, int | float)))

    def _cell(self, sheet: str, ref: str) -> Any:
        found = re.fullmatch(REF, ref)
        if found is None:
            raise ValueError(f"{sheet}: {ref!r} is no cell")
        name = found[1] or found[2] or sheet
        cell = self.book[name][f"{found[3]}{found[4]}"]
        return self.meaning(name, formula_of(cell)) if cell.data_type == "f" else cell.value

    def _range(self, sheet: str, text: str) -> list[Any]:
        found = re.fullmatch(RANGE, text)
        assert found is not None
        name = found[1] or found[2] or sheet
        cells = self.book[name][f"{found[3]}{found[4]}:{found[5]}{found[6]}"]
        return [cell.value for row in cells for cell in row]


def formula_of(cell: Any) -> str:
    """Return the text of a formula, of one cell or of arrays."""
    return str(getattr(cell.value, "text", cell.value))


def same(expected: Any, actual: Any) -> bool:
    """Say whether two cells are the same, figures to the 15 digits that a spreadsheet keeps."""
    if isinstance(expected, str) or isinstance(actual, str):
        return bool(expected == actual)
    difference = abs(Decimal(expected) - Decimal(actual))
    return difference <= max(abs(Decimal(expected)), Decimal("1e-6")) * Decimal("1e-12")
