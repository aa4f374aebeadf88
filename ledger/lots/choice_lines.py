"""The lines of a file in which a person chooses lots, as text, and what can be wrong with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.errors import MarginbookError

PARTS = ("account", "asset", "disposed_at")
HEADERS = (("disposal", "lot", "quantity"), (*PARTS, "lot", "quantity"))


class BadChoices(MarginbookError):
    """Lines of a file of choices that cannot be followed: each with file and line, what is wrong and what to do."""

    exit_code = 3

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(self.faults)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A line of the file, as text."""

    line: int
    disposal: tuple[str, ...]
    """One name, or account, asset and time."""
    lot: str
    quantity: str


@dataclass(eq=False)
class Fault(Exception):
    """What is wrong with a line, and what to do."""

    what: str
    todo: str


def said(name: str, line: int, fault: Fault) -> str:
    """Return a fault with its place."""
    return f"{name}:{line}: {fault.what}\n  {fault.todo}"


def parsed(text: str, name: str) -> tuple[list[Choice], list[str]]:
    """Return the lines, and what is wrong with those that are none; a header that is none is raised at once."""
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    choices: list[Choice] = []
    faults: list[str] = []
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if header is None:
                header = _header(row, name, reader.line_num)
            elif any(row):
                try:
                    choices.append(_choice(header, row, reader.line_num))
                except Fault as fault:
                    faults.append(said(name, reader.line_num, fault))
    except csv.Error as error:
        what = Fault(f"no CSV: {error}", "close the quotes around a cell that has them, or save the file again as CSV")
        raise BadChoices([said(name, reader.line_num, what)]) from None
    if header is None:
        raise BadChoices([said(name, 1, Fault("the file is empty", f"its first line is {','.join(HEADERS[0])}"))])
    return choices, faults


def _header(row: Sequence[str], name: str, line: int) -> list[str]:
    words = [word.lower() for word in row]
    if not any(sorted(set(words) - {"note"}) == sorted(header) and len(set(words)) == len(words) for header in HEADERS):
        expected = " or ".join(",".join(header) for header in HEADERS)
        fault = Fault(f"the header is {','.join(row)}", f"expected {expected}; a column note may follow")
        raise BadChoices([said(name, line, fault)])
    return words


def _choice(header: Sequence[str], row: Sequence[str], line: int) -> Choice:
    if len(row) != len(header):
        raise Fault(
            f"{len(row)} cells under {len(header)} columns ({','.join(header)})",
            "a name with the delimiter in it stands in quotes; a decimal point is a point",
        )
    cells = dict(zip(header, row, strict=True))
    named = (cells["disposal"],) if "disposal" in cells else tuple(cells[part] for part in PARTS)
    empty = [word for word in ("disposal", *PARTS, "lot") if not cells.get(word, "there")]
    if empty:
        raise Fault(f"nothing under {', '.join(empty)}", "name the disposal and the lot, or take the line away")
    return Choice(line=line, disposal=named, lot=cells["lot"], quantity=cells["quantity"])
