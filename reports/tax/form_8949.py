"""US Form 8949 with the totals for Schedule D, and beside it what is not on it: derivatives, money, interest, fees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from reports.tax import derivatives
from reports.tax.amounts import ZERO, added, counted, day, less, quantity, total
from reports.tax.contract import Files, Target, stem
from reports.tax.facts import Fact, fact, value
from reports.tax.form_lines import DATES, DEFAULT, PARTS, Choices, Line, form_lines
from reports.tax.listing import Cell, Head, Listing, listing_csv
from reports.tax.paper import Paper, page
from reports.tax.paper_book import workbook
from reports.tax.sources import Sourced, beside
from reports.tax.value import TaxYear

NAME = "form-8949"
HEADS = (
    Head("line"), Head("part", on_page=False), Head("box"),
    Head("description of property", "words", box="a"), Head("date acquired", box="b"),
    Head("date sold", box="c"), Head("proceeds", "money", box="d"), Head("cost or other basis", "money", box="e"),
    Head("code", box="f"), Head("amount of adjustment", "money", box="g"), Head("gain or loss", "money", box="h"),
    Head("note", "words"),
)  # fmt: skip
SCHEDULE_HEADS = (
    Head("Schedule D line"), Head("box"), Head("lines", "count"), Head("proceeds", "money", box="d"),
    Head("cost or other basis", "money", box="e"), Head("adjustments", "money", box="g"),
    Head("gain or loss", "money", box="h"), Head("left out", "count"), Head("note", "words"),
)  # fmt: skip
RULES = (
    "Amounts are in cents, half a cent away from zero; (h) is (d) - (e) + (g) of the printed cents, so that every line "
    "and every total adds up. The form may be filed in whole dollars, if all amounts are.",
    "A line of which proceeds or basis are unknown has an empty cell, and is in no total.",
    "Box G, H, J or K is used only where a broker's statement was compared; without one a sale counts as not reported.",
    "The money of a state (dollars, euros) is no digital asset, and is listed apart.",
    "Results of perpetuals and futures are listed apart and are taken for contracts that are not those of section "
    "1256; a person decides how they are reported. Their effect on the asset in which they settle is on the form.",
    "Sales within 30 days of a purchase are not marked as wash sales: section 1091 speaks of stock and securities.",
)  # fmt: skip


def write(year: TaxYear, choices: Choices = DEFAULT) -> Files:
    """Return the form as CSV, page and workbook, the totals for Schedule D, and what is apart."""
    lines = form_lines(year, choices)
    start = stem(year, NAME)
    form = [listing for listing in _parts(lines) if listing.lines]
    schedule, money = schedule_d(year, lines), _state_money(year)
    paper = Paper(
        title="Form 8949: Sales and Other Dispositions of Capital Assets",
        intro=["Digital assets, in the order of the form, and the totals for Schedule D (Form 1040)."],
        listings=[*form, schedule, money, *_apart(year, choices)], rules=RULES, facts=_facts(year, lines),
        decided={"Lines": "one a lot" if choices.lines == "match" else "one a disposal and holding period",
                 "Derivatives": "beside the form" if choices.derivatives == "apart" else "as lines of the form"},
    )  # fmt: skip
    return {
        f"{start}.csv": listing_csv(year, form or _parts([])),
        f"{start}-schedule-d.csv": listing_csv(year, [schedule]),
        f"{start}-state-money.csv": listing_csv(year, [money]),
        f"{start}-derivatives.csv": listing_csv(year, _apart(year, choices)[:1]),
        f"{start}-income-and-expenses.csv": listing_csv(year, _apart(year, choices)[1:]),
        f"{start}.html": page(year, paper),
        f"{start}.xlsx": workbook(year, paper),
        **beside(year, start, list(_sourced(year, lines, start)), compared(year, lines)),
    }  # fmt: skip


def _parts(lines: Sequence[Line]) -> list[Listing]:
    """Return the listing of each part, with a total a box; the part that is not known last."""
    made = []
    for term, part in PARTS.items():
        own = [line for line in lines if line.term == term]
        what = {"short": "Short-term: held one year or less", "long": "Long-term: held more than one year",
                "unknown": "Holding period unknown: on no part of the form"}[term]  # fmt: skip
        totals = [_total(f"total, box {box}" if box else "total", list(group))
                  for box, group in groupby(own, key=lambda line: line.box)]  # fmt: skip
        cells = [_cells(line) for line in own]
        made.append(Listing(name=part.lower(), heading=f"{part}. {what}", heads=HEADS, lines=cells, totals=totals))
    return made


def _cells(line: Line) -> Sequence[Cell]:
    adjustment: Cell = "" if line.adjustment is None else line.adjustment
    return (line.number, PARTS[line.term], line.box, line.description, line.acquired, line.sold, line.proceeds,
            line.basis, line.code, adjustment, line.gain, line.note)  # fmt: skip


def _total(name: str, lines: Sequence[Line]) -> Sequence[Cell]:
    proceeds, basis, adjustment, gain = _sums(lines)
    left = sum(not line.is_known for line in lines)
    note = f"{left} of {counted(len(lines), 'line')} unknown and left out" if left else ""
    return (name, "", "", counted(len(lines), "line"), "", "", proceeds, basis, "", adjustment, gain, note)


def _sums(lines: Sequence[Line]) -> Sequence[Decimal | None]:
    """Return the sums as cells: empty where no line is known."""
    return sums(lines) if any(line.is_known for line in lines) else (None,) * 4


def sums(lines: Iterable[Line]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return (d), (e), (g) and (h) of the lines that are known."""
    known = [line for line in lines if line.is_known]
    parts = ((line.proceeds, line.basis, line.adjustment or ZERO, line.gain) for line in known)
    columns = list(zip(*parts, strict=True)) or [()] * 4
    proceeds, basis, adjustment, gain = (total(column).known for column in columns)
    return proceeds, basis, adjustment, gain


def schedule_d(year: TaxYear, lines: Sequence[Line]) -> Listing:
    """Return the totals that go to Schedule D, a line a box."""
    made = []
    for box, group in groupby(sorted((line for line in lines if line.box), key=lambda line: line.box),
                              key=lambda line: line.box):  # fmt: skip
        own = list(group)
        left = sum(not line.is_known for line in own)
        note = "lines of which proceeds or basis are unknown" if left else ""
        made.append((value("us", f"schedule_d_line_{box}", year.policy.year, "not known for this year"), box,
                     Decimal(len(own)), *_sums(own), Decimal(left), note))  # fmt: skip
    unplaced = [line for line in lines if not line.box]
    if unplaced:
        many = Decimal(len(unplaced))
        made.append(("on no line", "", many, *_sums(unplaced), many, "lines whose holding period is unknown"))
    return Listing(name="schedule d", heading="Totals for Schedule D (Form 1040)", heads=SCHEDULE_HEADS, lines=made,
                   empty="Nothing is carried to Schedule D.")  # fmt: skip


STATE_HEADS = (
    Head("line"), Head("description"), Head("date acquired"), Head("date sold"), Head("proceeds", "money"),
    Head("cost or other basis", "money"), Head("gain or loss", "money"), Head("note", "words"),
)  # fmt: skip


def _state_money(year: TaxYear) -> Listing:
    """Return what was disposed of a state's currency, which is on no form of digital assets."""
    zone = ZoneInfo(year.policy.zone)
    lines: list[Sequence[Cell]] = []
    for row in year.disposals.filter(year.disposals["state_money"]).iter_rows(named=True):
        acquired = day(row["acquired_at"], zone).strftime(DATES) if row["acquired_at"] else ""
        sold = day(row["disposed_at"], zone).strftime(DATES)
        gain = None if row["proceeds"] is None or row["basis"] is None else less(row["proceeds"], row["basis"])
        note = "unknown: basis or proceeds" if gain is None else row["note"] or ""
        lines.append((row["line"], f"{quantity(row['quantity'])} {row['asset']}", acquired, sold, row["proceeds"],
                      row["basis"], gain, note))  # fmt: skip
    return Listing(name="state money", heading="Apart: a state's currency", heads=STATE_HEADS, lines=lines,
                   about=["No digital asset. Section 988 may apply; a person decides."])  # fmt: skip


def _apart(year: TaxYear, choices: Choices) -> list[Listing]:
    funding = "" if year.policy.funding == "gain" else ", but funding is not"
    told = [
        f"Gains +, losses -. Fees, funding and liquidation fees stand beside the results and are in `net`{funding}."
    ]
    if choices.derivatives == "lines":
        told.append("These are lines of the form, too: box C, one a position, as was chosen.")
    return [
        derivatives.summary(year, "Apart: derivatives by symbol", told),
        derivatives.others_listing(year, "Apart: interest, fees, income", ["Received +, paid -."]),
    ]


def _sourced(year: TaxYear, lines: Sequence[Line], start: str) -> Iterator[Sourced]:
    for line in lines:
        yield Sourced(f"{start}.csv", line.number, "disposal", line.rows)
        if line.lot_rows:
            yield Sourced(f"{start}.csv", line.number, "acquisition", line.lot_rows)
    for row in year.disposals.filter(year.disposals["state_money"]).iter_rows(named=True):
        yield Sourced(f"{start}-state-money.csv", row["line"], "disposal", row["rows"])
    yield from derivatives.sourced(year, f"{start}-derivatives.csv", f"{start}-income-and-expenses.csv")


def compared(year: TaxYear, lines: Sequence[Line]) -> list[tuple[str, str | None, Decimal | None, Decimal | None]]:
    """Return printed totals beside the exact ones of the tax year: what differs is the rounding to cents."""
    currency = year.policy.currency
    digital = year.disposals.filter(~year.disposals["state_money"])
    known = digital.filter(digital["proceeds"].is_not_null() & digital["basis"].is_not_null())
    of_disposals = [line for line in lines if not line.is_derivative]
    proceeds, basis, adjustment, gain = sums(of_disposals)
    there_proceeds, there_basis = (total(known[name].to_list()).known for name in ("proceeds", "basis"))
    counted = Decimal(sum(not line.is_known for line in of_disposals))
    return [
        ("form 8949: proceeds of known lines", currency, proceeds, there_proceeds),
        ("form 8949: basis of known lines", currency, basis, there_basis),
        ("form 8949: gain of known lines, without adjustments", currency, less(gain, adjustment),
         added(there_proceeds, -there_basis)),
        ("form 8949: lines left out as unknown", None, counted, Decimal(digital.height - known.height)),
        *derivatives.compared(year),
    ]  # fmt: skip


def _facts(year: TaxYear, lines: Sequence[Line]) -> list[Fact]:
    names = [f"box_{line.term}_{line.reported}" for line in lines] + [f"schedule_d_line_{line.box}" for line in lines]
    found: Mapping[str, Fact | None] = {name: fact("us", name, year.policy.year) for name in dict.fromkeys(names)}
    return [one for one in found.values() if one is not None]


FORM_8949 = Target(
    name=NAME, title="US Form 8949 and Schedule D totals", jurisdictions=("us",), write=write,
    about="Form 8949 in the form's own columns, with a box a line (digital assets: G to L from tax year 2025), totals "
          "for Schedule D, and derivatives, state money, interest and fees apart. Follows the IRS form and its "
          "instructions of 2025.",
)  # fmt: skip
