"""The lines of Form 8949, from which the form and the TXF file are both made.

Column (h) is (d) - (e) + (g), of the cents that are printed, so every line adds up as the form asks for
(IRS Instructions for Form 8949, column (h)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from reports.tax.amounts import ZERO, added, cents, day, less, quantity, total
from reports.tax.derivatives import Derived, by_position, rows_of
from reports.tax.facts import value
from reports.tax.statements import reported
from reports.tax.value import TaxYear

Reported = Literal["not_reported", "proceeds_reported", "basis_reported"]
"""What a broker told the IRS of a sale (Form 1099-DA; before 2025 Form 1099-B)."""
Term = Literal["short", "long", "unknown"]
PARTS: Mapping[Term, str] = {"short": "Part I", "long": "Part II", "unknown": "Part not known"}
POOLED = frozenset({"average", "section_104"})
VARIOUS = "VARIOUS"
DATES = "%m/%d/%Y"


@dataclass(frozen=True)
class Adjusted:
    """Columns (f) and (g) of a line: the code, and the amount that is added to the gain."""

    code: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person may choose about the form; the defaults are those of the target."""

    lines: Literal["match", "disposal"] = "match"
    """A line for each lot that was sold, or one for each disposal and holding period, with VARIOUS for several days."""
    derivatives: Literal["apart", "lines"] = "apart"
    """Results of derivatives beside the form, or as lines of it, one a position."""
    reported: Mapping[str, Reported] = field(default_factory=dict)
    """By `line` of the tax year's disposals, where it is not as the statements of the tax year tell."""
    adjusted: Mapping[str, Adjusted] = field(default_factory=dict)
    """By `line` of the tax year's disposals."""


DEFAULT = Choices()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the form; amounts in cents of the currency, None: unknown."""

    number: str
    """As every file names it: 1, 2, 3 ... in the order of the form."""
    term: Term
    reported: Reported
    box: str
    """Its letter; empty where the holding period is not known."""
    description: str
    acquired: str
    """MM/DD/YYYY, VARIOUS, or empty: unknown."""
    sold: str
    proceeds: Decimal | None
    basis: Decimal | None
    code: str
    adjustment: Decimal | None
    """None: there is none."""
    note: str
    rows: Sequence[str]
    lot_rows: Sequence[str]
    is_derivative: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it counts in totals."""
        return self.proceeds is not None and self.basis is not None

    @property
    def gain(self) -> Decimal | None:
        if self.proceeds is None or self.basis is None:
            return None
        return added(less(self.proceeds, self.basis), self.adjustment or ZERO)


def form_lines(year: TaxYear, choices: Choices) -> list[Line]:
    """Return the lines in the order of the form: part, box, date sold, as the tax year has them."""
    zone = ZoneInfo(year.policy.zone)
    choices = replace(choices, reported={**reported(year), **choices.reported})
    made = [_disposed(year, group, choices, zone) for group in _groups(year, choices)]
    if choices.derivatives == "lines":
        made += [_derived(year, one, zone) for one in by_position(year)]
    order = {term: place for place, term in enumerate(PARTS)}
    made.sort(key=lambda line: (order[line["term"]], line["box"], line["sold_on"]))
    return [Line(number=str(number), **_without(line, "sold_on")) for number, line in enumerate(made, 1)]


def _groups(year: TaxYear, choices: Choices) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield the lines of the tax year that are one line of the form; state money is on no form of digital assets."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in year.disposals.iter_rows(named=True):
        if row["state_money"]:
            continue
        own = row["line"] if choices.lines == "match" or not _is_known(row) or row["line"] in choices.adjusted else ""
        key = (own, row["disposal_id"], row["term"], choices.reported.get(row["line"], "not_reported"))
        groups.setdefault(key, []).append(row)
    yield from groups.values()


def _is_known(row: Mapping[str, Any]) -> bool:
    return row["proceeds"] is not None and row["basis"] is not None and row["rule"] != "missing"


def _disposed(year: TaxYear, group: Sequence[Mapping[str, Any]], choices: Choices, zone: ZoneInfo) -> dict[str, Any]:
    first = group[0]
    term: Term = first["term"] or "unknown"
    reported = choices.reported.get(first["line"], "not_reported")
    adjusted = choices.adjusted.get(first["line"])
    proceeds, basis = (_whole(row[name] for row in group) for name in ("proceeds", "basis"))
    sold = day(first["disposed_at"], zone)
    acquired = _acquired(group, zone)
    units = added(*(row["quantity"] for row in group))
    return {
        "term": term, "reported": reported, "sold_on": sold,
        "box": "" if term == "unknown" else value("us", f"box_{term}_{reported}", year.policy.year),
        "description": f"{quantity(units)} {first['asset']}", "acquired": acquired, "sold": sold.strftime(DATES),
        "proceeds": cents(proceeds), "basis": cents(basis),
        "code": adjusted.code if adjusted else "", "adjustment": cents(adjusted.amount) if adjusted else None,
        "note": _note(group, proceeds, basis, acquired, term),
        "rows": rows_of(group), "lot_rows": rows_of(group, "lot_rows"),
    }  # fmt: skip


def _whole(values: Iterable[Decimal | None]) -> Decimal | None:
    known = list(values)
    if len(known) == 1:
        return known[0]
    made = total(known)
    return None if made.unknown else made.known


def _acquired(group: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> str:
    """Return the day, VARIOUS for several days or a pool, or nothing where a day is unknown."""
    days = {_day_of(row, zone) for row in group}
    if None in days:
        return ""
    only = next(iter(days))
    return only.strftime(DATES) if len(days) == 1 and isinstance(only, date) else VARIOUS


def _day_of(row: Mapping[str, Any], zone: ZoneInfo) -> date | str | None:
    if row["acquired_at"] is not None:
        return day(row["acquired_at"], zone)
    return VARIOUS if row["rule"] in POOLED else None


def _note(
    group: Sequence[Mapping[str, Any]], proceeds: Decimal | None, basis: Decimal | None, acquired: str, term: Term
) -> str:
    lacks = [name for name, known in (("proceeds", proceeds is not None), ("basis", basis is not None),
                                      ("date acquired", bool(acquired)), ("holding period", term != "unknown"))
             if not known]  # fmt: skip
    kinds = dict.fromkeys(row["kind"] for row in group if row["kind"] != "sale")
    notes = dict.fromkeys(row["note"] for row in group if row["note"])
    unknown = f"unknown: {', '.join(lacks)}" if lacks else ""
    return "; ".join(text for text in (unknown, *(kind.replace("_", " ") for kind in kinds), *notes) if text)


def _derived(year: TaxYear, one: Derived, zone: ZoneInfo) -> dict[str, Any]:
    """Return a position of a derivative as a line: what it gained as proceeds, or what it lost as basis.

    It is no digital asset, so its box is that of other property, and short: the day of its opening is not here.
    """
    net, sold = one.net, day(one.last_at, zone)
    proceeds, basis = (None, None) if net is None else (max(net, ZERO), max(-net, ZERO))
    told = "result and costs of a derivative; taken for short-term"
    return {
        "term": "short", "reported": "not_reported", "sold_on": sold, "box": "C",
        "description": f"{one.product} {one.symbol}, cash settled", "acquired": VARIOUS, "sold": sold.strftime(DATES),
        "proceeds": cents(proceeds), "basis": cents(basis), "code": "", "adjustment": None,
        "note": f"unknown: value; {told}" if net is None else told,
        "rows": list(one.rows), "lot_rows": [], "is_derivative": True,
    }  # fmt: skip


def _without(line: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: cell for key, cell in line.items() if key != name}
