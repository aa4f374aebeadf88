"""Income and expenses of a year: what loans charged, funding, fees, results, and what carry cost of gains.

The cost of carry is that of `report carry`: trading fees and interest and liquidation fees, less funding received.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from reports.tax.amounts import EXACT, ZERO, Sum, added, counted, total
from reports.tax.contract import Files, Target, stem
from reports.tax.derivatives import rows_of
from reports.tax.listing import Cell, Head, Listing, listing_csv
from reports.tax.paper import Paper, page
from reports.tax.sources import Compared, Sourced, beside
from reports.tax.value import TaxYear

NAME = "income"
SECTIONS = {
    "interest": "Interest, by loan and debt pool", "funding": "Funding", "trading_fee": "Trading fees",
    "liquidation_fee": "Liquidation fees", "insurance": "Insurance of venues", "result": "Results of derivatives",
    "income": "Income", "rebate": "Rebates", "network_fee": "Network fees", "written_off": "Debt that was written off",
    "other": "Other",
}  # fmt: skip
"""Part of results -> heading of its lines."""
CARRY = ("trading_fee", "interest", "funding", "liquidation_fee")
HUNDREDTHS = Decimal("0.01")
RULES = (
    "Received and gained +, paid and lost -; each amount in its own asset, and valued when it was booked.",
    "A line of which the value is unknown is in no sum of values; `not known` counts such lines.",
    "Cost of carry: trading fees, interest and liquidation fees paid, less funding received, of all positions and "
    "loans. Its share is of gross gains: disposals and derivative results that gained, before losses.",
)  # fmt: skip
HEADS = (
    Head("section"), Head("of"), Head("account"), Head("venue"), Head("asset"), Head("lines", "count"),
    Head("paid", "quantity"), Head("received", "quantity"), Head("net", "quantity"), Head("paid value", "money"),
    Head("received value", "money"), Head("net value", "money"), Head("not known", "count"),
)  # fmt: skip
SUM_HEADS = (Head("sum"), Head("figure", "money"), Head("not known", "count"), Head("note", "words"))
OF_SPOT_TRADES = (
    "in basis and proceeds, and so in the gains; of units from outside the book the fees of their sale alone"
)
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What one thing cost or brought in the year, in one asset; + = received."""

    part: str
    of: str
    """The loan or debt pool, the symbol, or what kind of thing it belongs to."""
    account: str
    venue: str
    asset: str
    lines: Sequence[Row]

    @property
    def name(self) -> str:
        """What leads to its rows: unlike that of any other line."""
        return " ".join(
            word for word in (self.part.replace("_", " "), self.of, self.account, self.venue, self.asset) if word
        )

    def cells(self) -> Sequence[Cell]:
        amounts, values = ([line[name] for line in self.lines] for name in ("amount", "value"))
        unknown = Decimal(total(values).unknown)
        return (SECTIONS[self.part], self.of, self.account, self.venue, self.asset, Decimal(len(self.lines)),
                *_split(amounts), *_split(values), unknown)  # fmt: skip


def write(year: TaxYear) -> Files:
    """Return the statement as CSV and as a page, its sums as CSV, and what stands beside."""
    start, found = stem(year, NAME), stated(year)
    sums = sums_of(year)
    listings = list(_listings(found))
    paper = Paper(
        title="Income and expenses", intro=["What the year paid and received besides the disposals of assets."],
        listings=[sums, *listings], rules=RULES,
    )  # fmt: skip
    every = [Listing(name="lines", heading="Lines", heads=HEADS, lines=[one.cells() for one in found])]
    sourced = [Sourced(f"{start}.csv", one.name, "result", rows_of(one.lines)) for one in found]
    return {
        f"{start}.csv": listing_csv(year, every), f"{start}-sums.csv": listing_csv(year, [sums]),
        f"{start}.html": page(year, paper), **beside(year, start, sourced, _compared(year, found)),
    }  # fmt: skip


def stated(year: TaxYear) -> list[Stated]:
    """Return the lines of the statement, in the order of its sections."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in year.results.iter_rows(named=True):
        key = (row["part"], _of(row), row["account"] or "", row["venue"] or "", row["asset"] or "")
        groups.setdefault(key, []).append(row)
    order = {part: place for place, part in enumerate(SECTIONS)}
    return [
        Stated(
            part=part, of=of, account=account, venue=venue, asset=asset, lines=groups[part, of, account, venue, asset]
        )
        for part, of, account, venue, asset in sorted(groups, key=lambda key: (order[key[0]], key))
    ]


def sums_of(year: TaxYear) -> Listing:
    """Return the sums of the year, and what carry cost of what was gained."""
    digital = year.disposals.filter(~pl.col("state_money").fill_null(value=False))
    gains = digital["gain"].to_list()
    parts = {part: year.results.filter(pl.col("part") == part)["value"].to_list() for part in SECTIONS}
    results = parts["result"]
    told: list[tuple[str, Sum, str]] = [
        ("Gains of disposals", _above(gains), ""), ("Losses of disposals", _below(gains), ""),
        ("Gains of derivatives", _above(results), ""), ("Losses of derivatives", _below(results), ""),
        *((SECTIONS[part], total(values), "") for part, values in parts.items() if values and part != "result"),
    ]  # fmt: skip
    if year.policy.fees == "basis":
        fees = _fees(digital)
        told.append(("Trading fees of spot trades", Sum(-fees.known, fees.unknown, fees.many), OF_SPOT_TRADES))
    gross, carry = _joined(_above(gains), _above(results)), total(value for part in CARRY for value in parts[part])
    told += [
        ("Gross gains", gross, "gains of disposals and derivatives"),
        ("Cost of carry", Sum(-carry.known, carry.unknown), "trading fees, interest, liquidation fees, less funding"),
    ]
    lines: list[Sequence[Cell]] = [(name, _shown(made), Decimal(made.unknown), note) for name, made, note in told]
    lines.append(_share(gross, carry))
    return Listing(name="sums", heading=f"Sums, in {year.policy.currency}", heads=SUM_HEADS, lines=lines,
                   about=["Lines that are not known are counted, and in no figure."])  # fmt: skip


def _fees(disposals: pl.DataFrame) -> Sum:
    """Return the fees of the trades behind disposals; units that came from outside bring no trade of this book."""
    from_outside = pl.col("acquired_at").is_null() & pl.col("lot").is_not_null() & pl.col("basis").is_null()
    own = pl.when(from_outside).then("sale_fee").otherwise("fee")
    return total(disposals.select(fee=own)["fee"].to_list())


def _shown(made: Sum) -> Cell:
    """Return what is known of a sum; nothing where all of it is unknown."""
    return None if made.unknown and not made.known else made.known


def _share(gross: Sum, carry: Sum) -> Sequence[Cell]:
    """Return carry in percent of gross gains; unknown where a part of either is, or nothing was gained."""
    name, unknown = "Cost of carry in percent of gross gains", gross.unknown + carry.unknown
    if unknown or gross.known <= 0:
        return (name, None, Decimal(unknown), "unknown: values are missing" if unknown else "nothing was gained")
    share = EXACT.divide(-carry.known * 100, gross.known).quantize(HUNDREDTHS, rounding=ROUND_HALF_UP, context=EXACT)
    return (name, share, ZERO, "rounded to two decimals")


def _listings(found: Sequence[Stated]) -> Iterator[Listing]:
    for part, heading in SECTIONS.items():
        own = [one for one in found if one.part == part]
        if own:
            values = [line["value"] for one in own for line in one.lines]
            unknown = total(values).unknown
            totals = (heading, "total", "", "", "", Decimal(len(values)), "", "", "", *_known(values), Decimal(unknown))
            heads = [Head(head.name, head.kind, on_page=head.name != "section") for head in HEADS]
            lines = [(heading, *one.cells()[1:]) for one in own]
            about = [f"The total lacks {counted(unknown, 'line')} of unknown value."] if unknown else []
            yield Listing(
                name=part, heading=heading, heads=heads, lines=lines, totals=[totals], about=about
            )  # fmt: skip


def _of(row: Row) -> str:
    return row["loan_id"] or row["symbol"] or (row["group"] or "").replace("derivative", "")


def _split(values: Sequence[Decimal | None]) -> Sequence[Cell]:
    """Return what was paid, what was received, and the sum; all unknown where a part is."""
    return (None, None, None) if None in values else _known(values)


def _known(values: Sequence[Decimal | None]) -> Sequence[Cell]:
    return (_below(values).known, _above(values).known, total(values).known)


def _above(values: Sequence[Decimal | None]) -> Sum:
    return total(value for value in values if value is None or value > 0)


def _below(values: Sequence[Decimal | None]) -> Sum:
    return total(value for value in values if value is None or value < 0)


def _joined(*sums: Sum) -> Sum:
    return Sum(added(*(one.known for one in sums)), sum(one.unknown for one in sums))


def _compared(year: TaxYear, found: Sequence[Stated]) -> list[Compared]:
    """Return the sums of the statement's lines by part beside those of the tax year's, unknown values left out."""
    own = []
    for part in SECTIONS:
        here = total(line["value"] for one in found if one.part == part for line in one.lines).known
        there = total(year.results.filter(pl.col("part") == part)["value"].to_list()).known
        own.append(Compared(f"income: {part}", year.policy.currency, here, there))
    many = Decimal(sum(len(one.lines) for one in found))
    return [*own, Compared("income: lines", None, many, Decimal(year.results.height))]


STATEMENTS: Sequence[Target] = (
    Target(
        name=NAME, title="Income and expenses", write=write,
        about="Interest by loan and debt pool, funding, fees, liquidation fees, results, income and debt that was "
              "written off, paid and received apart, and the cost of carry as a share of gross gains; CSV and a page.",
    ),
)  # fmt: skip
