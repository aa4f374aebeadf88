"""UK: the figures for SA108, with the computations behind them, and what is apart.

The boxes are whole pounds, each from its exact sum: proceeds and gains down, costs and losses up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from reports.tax import derivatives
from reports.tax.amounts import ZERO, added, cents, counted, down, less, total, up, written
from reports.tax.contract import Files, Target, stem
from reports.tax.derivatives import rows_of
from reports.tax.facts import Fact, fact, facts, value
from reports.tax.listing import Cell, Head, Listing, listing_csv
from reports.tax.paper import Paper, page
from reports.tax.sources import Sourced, beside
from reports.tax.uk_computations import DATES, Disposal, computations, disposals, pages, pools_listing
from reports.tax.uk_pools import pools
from reports.tax.value import TaxYear

NAME = "uk"
NOTES = (
    "Computations are in pence. Boxes are whole pounds, each from its exact sum: proceeds and gains are rounded down, "
    "costs and losses up.",
    "All of an asset that was disposed of on a day is one disposal (TCGA 1992 s. 105).",
    "Proceeds are before fees. Where fees count, those of a sale are an allowable cost of the disposal (TCGA 1992 s. "
    "38(1)(c)), and those of a purchase are in what the units cost (s. 38(1)(a)); Cryptoassets Manual CRYPTO22150.",
    "A disposal of which cost or proceeds are unknown has an empty cell, and is in no box but the number of disposals.",
    "Sterling and other money of a state are no cryptoassets, and are listed apart.",
    "Derivatives are listed apart: whether a contract for differences, a future or a perpetual is charged as a capital "
    "gain (Capital Gains Manual CG11860, CG56000 onwards) or as income is for a person to decide. Their effect on the "
    "asset in which they settle is in the computations.",
)  # fmt: skip


def write(year: TaxYear) -> Files:
    """Return boxes and computations as CSV and as a page, and what is apart."""
    zone = ZoneInfo(year.policy.zone)
    found, start, held = disposals(year, state_money=False), stem(year, NAME), pools(year)
    boxes = boxes_of(year, found)
    computed, pooled = computations(found, held, zone), pools_listing(held)
    apart = [
        _money(year),
        derivatives.summary(year, "Apart: derivatives by symbol", ["Gains +, losses -, with their costs."]),
        derivatives.others_listing(year, "Apart: interest, fees, income", ["Received +, paid -."]),
    ]
    section = value("uk", "sa108_section", year.policy.year, "capital gains")
    paper = Paper(
        title="SA108 Capital Gains Tax summary", intro=[f"Section {section}, and the computations behind it."],
        listings=[boxes, *_periods(year, found), *pages(found, held, zone), pooled, *apart], rules=NOTES,
        facts=_facts(year),
    )  # fmt: skip
    names = ("state-money", "derivatives", "income-and-expenses")
    return {
        f"{start}-sa108.csv": listing_csv(year, [boxes]),
        f"{start}-computations.csv": listing_csv(year, [computed]),
        f"{start}-pools.csv": listing_csv(year, [pooled]),
        **{f"{start}-{name}.csv": listing_csv(year, [one]) for name, one in zip(names, apart, strict=True)},
        f"{start}.html": page(year, paper),
        **beside(year, start, list(_sourced(year, found, start)), _compared(year, found)),
    }


# ------------------------------------------------------------------------------------------------ boxes

BOX_HEADS = (Head("box"), Head("what", "words"), Head("figure", "count"), Head("exact", "money"), Head("note", "words"))


def boxes_of(year: TaxYear, found: Sequence[Disposal]) -> Listing:
    """Return the boxes of the year's form; a year whose form was not read has names and no numbers."""
    known = [one for one in found if one.gain is not None]
    left = len(found) - len(known)
    gains = [gain for one in known if (gain := one.gain) is not None and gain > 0]
    losses = [-gain for one in known if (gain := one.gain) is not None and gain < 0]
    sums = {"proceeds": total(one.proceeds for one in known).known, "costs": total(one.costs for one in known).known,
            "gains": added(*gains), "losses": added(*losses)}  # fmt: skip
    names = {"proceeds": "Disposal proceeds", "costs": "Allowable costs (including purchase price)",
             "gains": "Gains in the year, before losses", "losses": "Losses in the year"}  # fmt: skip
    note = f"{left} of {counted(len(found), 'disposal')} unknown and left out" if left else ""
    is_told = bool(known) or not found
    lines: list[Sequence[Cell]] = [(_box(year, "disposals"), "Number of disposals", Decimal(len(found)), "", "")]
    for name, words in names.items():
        whole = (up if name in {"costs", "losses"} else down)(sums[name])
        lines.append((_box(year, name), words, *((whole, sums[name]) if is_told else (None, None)), note))
    rest = value("uk", "sa108_boxes_of_the_taxpayer", year.policy.year)
    about = [f"Boxes {rest} (claims, real time returns) are not from this book."] if rest else []
    if not rest:
        about.append("The form of this year was not read: find the boxes by their names.")
    return Listing(name="sa108", heading="Figures for SA108", heads=BOX_HEADS, lines=lines,
                   about=[*about, *_thresholds(year, sums)])  # fmt: skip


def _box(year: TaxYear, name: str) -> str:
    return value("uk", f"sa108_box_{name}", year.policy.year)


def _thresholds(year: TaxYear, sums: Mapping[str, Decimal]) -> Iterator[str]:
    exempt, limit = (fact("uk", name, year.policy.year) for name in ("annual_exempt_amount", "proceeds_to_report"))
    net, proceeds = (written(cents(made) or ZERO) for made in (less(sums["gains"], sums["losses"]), sums["proceeds"]))
    if exempt is not None:
        yield (f"Gains less losses of this book: {net}; the annual exempt amount is {int(exempt.value):,} pounds for "
               "all gains of a person.")  # fmt: skip
    if limit is not None:
        yield (f"Disposals have to be reported where the proceeds of all assets, before fees, are more than "
               f"{int(limit.value):,} pounds; those of this book come to {proceeds}.")  # fmt: skip


PERIOD_HEADS = (Head("disposals"), Head("number", "count"), Head("gains", "money"), Head("losses", "money"))


def _periods(year: TaxYear, found: Sequence[Disposal]) -> Iterator[Listing]:
    """Yield the gains on either side of a day on which rates changed within the year."""
    changed = fact("uk", "rates_changed_on", year.policy.year)
    if changed is None:
        return
    border = date.fromisoformat(changed.value)
    lines: list[Sequence[Cell]] = []
    for name, is_after in ((f"before {border.strftime(DATES)}", False), (f"from {border.strftime(DATES)} on", True)):
        own = [one for one in found if (one.on >= border) == is_after]
        gains = [one.gain for one in own if one.gain is not None]
        lines.append((name, Decimal(len(own)), added(*(gain for gain in gains if gain > 0)),
                      added(*(-gain for gain in gains if gain < 0))))  # fmt: skip
    about = ["What the adjustment of box 51 is worked out from; disposals left out above are not in it."]
    yield Listing(name="periods", heading="Either side of the change of rates", heads=PERIOD_HEADS, lines=lines,
                  about=about)  # fmt: skip


MONEY_HEADS = (Head("line"), Head("asset"), Head("date"), Head("quantity", "quantity"), Head("proceeds", "money"),
               Head("cost", "money"), Head("gain", "money"))  # fmt: skip


def _money(year: TaxYear) -> Listing:
    found = disposals(year, state_money=True)
    lines = [(one.number, one.asset, one.on.strftime(DATES), one.quantity, one.proceeds, one.costs, one.gain)
             for one in found]  # fmt: skip
    return Listing(name="state money", heading="Apart: money of a state", heads=MONEY_HEADS, lines=lines)


# ------------------------------------------------------------------------------------------------ beside


def _sourced(year: TaxYear, found: Sequence[Disposal], start: str) -> Iterator[Sourced]:
    for one in found:
        yield Sourced(f"{start}-computations.csv", one.number, "disposal", rows_of(one.lines))
        yield Sourced(f"{start}-computations.csv", one.number, "acquisition", rows_of(one.lines, "lot_rows"))
    for one in disposals(year, state_money=True):
        yield Sourced(f"{start}-state-money.csv", one.number, "disposal", rows_of(one.lines))
    yield from derivatives.sourced(year, f"{start}-derivatives.csv", f"{start}-income-and-expenses.csv")


def _compared(year: TaxYear, found: Sequence[Disposal]) -> list[tuple[str, str | None, Decimal | None, Decimal | None]]:
    """Return the sums of the computations beside those of the tax year's own lines; the boxes round them."""
    currency, zone = year.policy.currency, year.policy.zone
    own = year.disposals.filter(~pl.col("state_money")).with_columns(
        on=pl.col("disposed_at").dt.convert_time_zone(zone).dt.date()
    )
    known = own.filter(pl.all_horizontal(pl.col("proceeds", "basis").is_not_null()).all().over("asset", "on"))
    of_known = [one for one in found if one.gain is not None]
    left = own.n_unique(["asset", "on"]) - known.n_unique(["asset", "on"])
    sums = {name: total(known[name].to_list()).known for name in ("proceeds", "basis", "sale_fee", "gain")}
    return [
        ("uk: proceeds of known disposals", currency, total(one.proceeds for one in of_known).known,
         added(sums["proceeds"], sums["sale_fee"])),
        ("uk: costs of known disposals", currency, total(one.costs for one in of_known).known,
         added(sums["basis"], sums["sale_fee"])),
        ("uk: gains less losses of known disposals", currency, total(one.gain for one in of_known).known, sums["gain"]),
        ("uk: disposals left out as unknown", None, Decimal(len(found) - len(of_known)), Decimal(left)),
        *derivatives.compared(year),
    ]  # fmt: skip


def _facts(year: TaxYear) -> list[Fact]:
    return [one for one in facts() if one.jurisdiction == "uk" and one.holds_in(year.policy.year)]


UK = Target(
    name=NAME, title="UK SA108 and computations", jurisdictions=("uk",), write=write,
    about="Figures for the boxes of SA108 (from 2024-25 its own section for cryptoassets), with the computation of "
          "each disposal as HMRC's Cryptoassets Manual sets it out: same day, 30 day, section 104 pool before and "
          "after. Follows SA108 2025-26 and CRYPTO22200 onwards.",
)  # fmt: skip
