"""Tax Exchange Format V042: the lines of Form 8949 for tax programs that import it.

The format of 30 November 2011 is the last one: it knows copies A, B and C of the form, and no digital assets.  Lines
of boxes G to L get the reference numbers of A to F, and the tax program has to be told that they are digital assets.
Record format 4: P security, D acquired, D sold, $ cost basis, $ sales net; a value that is unknown is an empty line
(taxdataexchange.org, TXF V042, Form 1099-B, example 2B).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from reports.reading import clean
from reports.tax.amounts import day
from reports.tax.contract import DRAFT, Files, Target, stem
from reports.tax.facts import fact, value
from reports.tax.form_8949 import compared
from reports.tax.form_lines import DATES, DEFAULT, Choices, Line, form_lines
from reports.tax.paper import ADVICE, decisions, marks, told_facts
from reports.tax.sources import Sourced, beside
from reports.tax.value import TaxYear

NAME = "txf"
LINE_END = "\r\n"
LONGEST = 100
"""Characters of a description; more is cut."""
NOTES = (
    "The date in the header is the last day of the tax year, so that the same year gives the same file.",
    "TXF V042 is of 2011 and knows no boxes G to L: their lines carry the reference numbers of A to F. Set the boxes "
    "in the tax program after the import.",
    "The order of the amounts is cost basis, then sales net, as the specification has it.",
    "A line of which the basis or the date acquired is unknown has an empty line there; look each up before filing.",
    "VARIOUS stands for a pool or several days; the specification knows dates only, tax programs take the word.",
    "Derivatives, state money, interest and fees are not in this file: see the target form-8949.",
)


def write(year: TaxYear, choices: Choices = DEFAULT) -> Files:
    """Return the file, notes to read before it is imported, and what stands beside it."""
    lines = form_lines(year, choices)
    start = stem(year, NAME)
    sourced = [Sourced(f"{start}.txf", line.number, "disposal", line.rows) for line in lines]
    sourced += [Sourced(f"{start}.txf", line.number, "acquisition", line.lot_rows) for line in lines if line.lot_rows]
    return {
        f"{start}.txf": "".join(f"{text}{LINE_END}" for text in _file(year, lines)).encode("ascii"),
        f"{start}-notes.txt": "".join(f"{clean(text)}\n" for text in _notes(year, lines)).encode(),
        **beside(year, start, sourced, compared(year, lines)),
    }


def _file(year: TaxYear, lines: Sequence[Line]) -> Iterator[str]:
    last = day(year.policy.ends_at - timedelta(microseconds=1), ZoneInfo(year.policy.zone))
    yield "V042"
    yield _text("A", f"marginbook {year.version}" + (f" {DRAFT}" if year.is_draft else ""))
    yield f"D{last.strftime(DATES)}"
    yield "^"
    for line in lines:
        yield from _record(year, line)


def _record(year: TaxYear, line: Line) -> Iterator[str]:
    mark = f"{DRAFT} " if year.is_draft else ""
    yield "TD"
    yield f"N{value('us', _name(line), year.policy.year)}"
    yield "C1"
    yield "L1"
    yield _text("P", f"{mark}{line.description}")
    yield f"D{line.acquired}"
    yield f"D{line.sold}"
    yield _amount(line.basis)
    yield _amount(line.proceeds)
    yield "^"


def _name(line: Line) -> str:
    return f"txf_reference_{line.term}_{line.reported}"


def _text(letter: str, text: str) -> str:
    """Return a field on one line of plain letters, whatever a file put into a name."""
    return letter + clean(text, ascii_only=True)[:LONGEST]


def _amount(value: Decimal | None) -> str:
    return "$" if value is None else f"${value:f}"


def _notes(year: TaxYear, lines: Sequence[Line]) -> Iterator[str]:
    yield f"TXF V042, {year.policy.label}" + (f" - {DRAFT}: not to be filed" if year.is_draft else "")
    yield ADVICE
    yield from marks(year)
    unknown = [line.number for line in lines if not line.is_known or not line.acquired]
    if unknown:
        yield f"Lines with an empty place, {len(unknown)} of {len(lines)}: {', '.join(unknown)}"
    yield from NOTES
    yield from (f"{name}: {text}" for name, text in decisions(year, {}).items())
    yield from year.assumptions
    known = (fact("us", name, year.policy.year) for name in dict.fromkeys(_name(line) for line in lines))
    yield from told_facts([one for one in known if one is not None])
    yield f"sha-256 of the figures: {year.book}"


TXF = Target(
    name=NAME, title="TXF V042", jurisdictions=("us",), write=write,
    about="Tax Exchange Format for tax programs of the US: the lines of Form 8949, record format 4, with the reference "
          "numbers of the specification V042 of 30 November 2011, which knows no digital assets.",
)  # fmt: skip
