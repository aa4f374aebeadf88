"""UK: the computation of each disposal as HMRC sets it out, by asset, with the pool before and after.

One disposal is all of an asset that was disposed of on a day (TCGA 1992 s. 105).  Computations are in pence, since HMRC
accepts no rounding of them (Capital Gains Manual CG14207).  They are set out as the examples of the Cryptoassets Manual
are (CRYPTO22251 to 22256): consideration, allowable costs by rule, gain or loss.  The consideration is before fees:
those of a sale are an incidental cost of the disposal (TCGA 1992 s. 38(1)(c); CRYPTO22150).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from reports.tax.amounts import added, cents, day, less, quantity, total, written
from reports.tax.listing import Cell, Head, Listing
from reports.tax.uk_pools import Held, Pool
from reports.tax.value import TaxYear

DATES = "%d/%m/%Y"
RULES: Mapping[str, str] = {
    "same_day": "same day", "thirty_days": "30 day", "section_104": "section 104",
    "short_sale": "covered by a purchase", "missing": "no acquisition known",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Disposal:
    """All of an asset that was disposed of on a day; amounts exact, None: unknown."""

    number: str
    asset: str
    on: date
    lines: Sequence[Mapping[str, Any]]

    @cached_property
    def quantity(self) -> Decimal:
        return added(*(line["quantity"] for line in self.lines))

    @cached_property
    def proceeds(self) -> Decimal | None:
        """Before the fees of the sale."""
        return _whole(gross(line) for line in self.lines)

    @cached_property
    def selling(self) -> Decimal | None:
        """The fees of the sale, a part of the costs."""
        return _whole(line["sale_fee"] for line in self.lines)

    @cached_property
    def costs(self) -> Decimal | None:
        """What the units had cost, and the fees of the sale."""
        return _whole(part for line in self.lines for part in (line["basis"], line["sale_fee"]))

    @cached_property
    def gain(self) -> Decimal | None:
        proceeds, costs = self.proceeds, self.costs
        return None if proceeds is None or costs is None else less(proceeds, costs)


def gross(line: Mapping[str, Any]) -> Decimal | None:
    """Return what a line of the tax year was disposed of for, before fees; None: unknown."""
    return _whole((line["proceeds"], line["sale_fee"]))


def _whole(values: Iterable[Decimal | None]) -> Decimal | None:
    made = total(values)
    return None if made.unknown else made.known


def disposals(year: TaxYear, *, state_money: bool) -> list[Disposal]:
    """Return the disposals by asset and day."""
    zone = ZoneInfo(year.policy.zone)
    groups: dict[tuple[str, date], list[Mapping[str, Any]]] = {}
    for row in year.disposals.iter_rows(named=True):
        if row["state_money"] == state_money:
            groups.setdefault((row["asset"], day(row["disposed_at"], zone)), []).append(row)
    return [Disposal(number=str(number), asset=key[0], on=key[1], lines=groups[key])
            for number, key in enumerate(sorted(groups), 1)]  # fmt: skip


COMPUTED_HEADS = (
    Head("disposal"), Head("asset"), Head("date"), Head("rule"), Head("acquired"), Head("quantity", "quantity"),
    Head("proceeds", "money"), Head("fees of sale", "money"), Head("cost of units", "money"), Head("gain", "money"),
    Head("pool before", "quantity"), Head("cost before", "money"), Head("pool after", "quantity"),
    Head("cost after", "money"), Head("note", "words"),
)  # fmt: skip


def computations(found: Sequence[Disposal], held: Mapping[str, Pool], zone: ZoneInfo) -> Listing:
    """Return every part of every disposal: by rule, and for the pool what was in it before and after."""
    lines: list[Sequence[Cell]] = []
    for one in found:
        for line in one.lines:
            proceeds, basis = line["proceeds"], line["basis"]
            gain = None if proceeds is None or basis is None else less(proceeds, basis)
            rule = line["rule"] or ""
            around = _around_cells(one, rule, held)
            lines.append((one.number, one.asset, one.on.strftime(DATES), RULES.get(rule, rule), _acquired(line, zone),
                          line["quantity"], gross(line), line["sale_fee"], basis, gain, *around,
                          _note(line)))  # fmt: skip
    return Listing(name="computations", heading="Computations", heads=COMPUTED_HEADS, lines=lines)


def _around(one: Disposal, rule: str, held: Mapping[str, Pool]) -> tuple[Held, Held] | None:
    """Return the pool before and after the disposals of a day; None where it is left alone, or unknown."""
    step = held[one.asset].by_day.get(one.on) if rule == "section_104" else None
    return None if step is None else (step.before.plus(step.entered), step.after)


def _around_cells(one: Disposal, rule: str, held: Mapping[str, Pool]) -> Sequence[Cell]:
    around = _around(one, rule, held)
    if around is not None:
        return (*_figures(around[0]), *_figures(around[1]))
    return (None,) * 4 if rule == "section_104" else ("",) * 4


def _figures(held: Held) -> tuple[Decimal, Decimal | None]:
    return _decimal(held.quantity), None if held.cost is None else _decimal(held.cost)


def _decimal(value: Any) -> Decimal:
    return Decimal(round(value * 10**18)).scaleb(-18)


def _acquired(line: Mapping[str, Any], zone: ZoneInfo) -> str:
    return day(line["acquired_at"], zone).strftime(DATES) if line["acquired_at"] and line["rule"] != "same_day" else ""


def _note(line: Mapping[str, Any]) -> str:
    lacks = [name for name in ("proceeds", "basis") if line[name] is None]
    kind = "" if line["kind"] == "sale" else line["kind"].replace("_", " ")
    unknown = f"unknown: {', '.join(lacks)}" if lacks else ""
    return "; ".join(text for text in (unknown, kind, line["note"] or "") if text)


MOST_PARTS = 12
UNPROVEN = (
    "The pool between start and end is not shown: the purchases and disposals of the year lead to {reached}, so units "
    "came or went otherwise (a transfer whose other end is not in the book)."
)
PAGE_HEADS = (Head("computation", "words"), Head("pounds", "money"), Head("working", "words"))


def pages(found: Sequence[Disposal], held: Mapping[str, Pool], zone: ZoneInfo) -> Iterator[Listing]:
    """Yield one table an asset, as HMRC's examples are set out: consideration, costs by rule, gain or loss."""
    for asset in dict.fromkeys(one.asset for one in found):
        own = [one for one in found if one.asset == asset]
        lines = [line for one in own for line in _worked(one, held, zone)]
        pool = held[asset]
        about = [f"Section 104 pool at the start: {_told(pool.opening)}; at the end: {_told(pool.closing)}."]
        if pool.earlier.quantity:
            about.append(f"Of what was acquired, {_told(pool.earlier)} belongs to the year before (30 day).")
        if not pool.is_proven:
            about.append(UNPROVEN.format(reached=_told(pool.reached)))
        yield Listing(
            name=f"asset {asset}", heading=f"{asset}: computations", heads=PAGE_HEADS, lines=lines, about=about
        )


def _worked(one: Disposal, held: Mapping[str, Pool], zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    yield (f"{one.on.strftime(DATES)}, disposal {one.number}: {quantity(one.quantity)} {one.asset}", "", "")
    yield ("Consideration", cents(one.proceeds), _fetched(one))
    if one.selling is None or one.selling:
        yield ("Less allowable costs - fees of the sale", _deducted(one.selling), "")
    parts: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in one.lines:
        parts.setdefault((line["rule"] or "", _acquired(line, zone)), []).append(line)
    for (rule, since), lines in parts.items():
        units, cost = added(*(line["quantity"] for line in lines)), _whole(line["basis"] for line in lines)
        words = " ".join(text for text in (RULES.get(rule, rule), since) if text)
        yield (
            f"Less allowable costs - {words} ({quantity(units)} {one.asset})",
            _deducted(cost),
            _working(one, rule, units, held),
        )
    gain = one.gain
    yield ("Gain or loss" if gain is None else "Gain" if gain >= 0 else "Loss", cents(gain), _notes(one))


def _deducted(cost: Decimal | None) -> str | None:
    """Return a cost as an account shows what it takes off: in brackets; a rebate stands without."""
    amount = cents(cost)
    if amount is None:
        return None
    return f"({written(amount)})" if amount >= 0 else written(-amount)


def _fetched(one: Disposal) -> str:
    """Return what the sales of the day fetched, where they are several and few enough to read: 500.00 + 142.00."""
    parts: dict[str, list[Decimal | None]] = {}
    for line in one.lines:
        parts.setdefault(line["disposal_id"], []).append(gross(line))
    if len(parts) == 1:
        return ""
    if len(parts) > MOST_PARTS:
        return f"of {len(parts):,} disposals"
    made = (cents(_whole(values)) for values in parts.values())
    return " + ".join("?" if value is None else written(value) for value in made)


def _notes(one: Disposal) -> str:
    return "; ".join(dict.fromkeys(text for line in one.lines if (text := _note(line))))


def _working(one: Disposal, rule: str, units: Decimal, held: Mapping[str, Pool]) -> str:
    """Return how the pool's share was worked out: 345,000.00 x (100000 / 110000)."""
    around = _around(one, rule, held)
    if around is None:
        return ""
    before, after = around
    share = f"{_pounds(before)} x ({quantity(units)} / {quantity(_decimal(before.quantity))})"
    return f"{share}; pool after: {_told(after)}"


def _told(held: Held) -> str:
    return f"{quantity(_decimal(held.quantity))} / {_pounds(held)}"


def _pounds(held: Held) -> str:
    cost = cents(_figures(held)[1])
    return "unknown" if cost is None else written(cost)


POOL_HEADS = (
    Head("asset"), Head("date"), Head("quantity in", "quantity"), Head("cost in", "money"),
    Head("quantity out", "quantity"), Head("cost out", "money"), Head("pool", "quantity"), Head("pooled cost", "money"),
    Head("note", "words"),
)  # fmt: skip


def pools_listing(held: Mapping[str, Pool]) -> Listing:
    lines: list[Sequence[Cell]] = []
    for pool in held.values():
        if pool.is_empty:
            continue
        note = "" if pool.is_proven else UNPROVEN.format(reached=_told(pool.reached))
        lines.append((pool.asset, "start", "", "", "", "", *_figures(pool.opening), note))
        lines += [(pool.asset, step.on.strftime(DATES), *_figures(step.entered), *_figures(step.taken),
                   *_figures(step.after), "") for step in pool.steps]  # fmt: skip
        lines.append((pool.asset, "end", "", "", "", "", *_figures(pool.closing), ""))
    return Listing(name="pools", heading="Section 104 pools", heads=POOL_HEADS, lines=lines,
                   empty="Nothing was pooled.")  # fmt: skip
