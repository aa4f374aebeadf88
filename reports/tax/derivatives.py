"""What derivatives came to, by symbol or by position; and what was paid and received besides, by what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from reports.cells import plain
from reports.tax.amounts import ZERO, Sum, added, counted, total
from reports.tax.listing import Cell, Head, Listing
from reports.tax.sources import Sourced
from reports.tax.value import TaxYear

COLUMNS = {
    "results": ("result",), "trading fees": ("trading_fee",), "funding": ("funding",),
    "liquidation fees": ("liquidation_fee",), "other": ("insurance", "network_fee", "written_off", "other"),
}  # fmt: skip
"""Columns of the summary and the parts of results that they add up; + = gained."""
DERIVATIVE = "derivative"


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What a symbol or a position came to in the year, in the currency of the policy; + = gained."""

    symbol: str
    product: str
    place: str
    """Account and venue."""
    last_at: datetime
    sums: Mapping[str, Sum]
    """By column of COLUMNS."""
    rows: Sequence[str]
    forced: bool
    funding_counts: bool
    """Whether funding is a part of the gain, as the policy has it."""

    @property
    def unknown(self) -> int:
        return sum(one.unknown for one in self.sums.values())

    @property
    def net(self) -> Decimal | None:
        """Results and costs; None where a part of it is not valued."""
        counted = [one for name, one in self.sums.items() if self.funding_counts or name != "funding"]
        return None if any(one.unknown for one in counted) else added(*(one.known for one in counted))

    @property
    def note(self) -> str:
        lacks = [lacking(name, made) for name, made in self.sums.items() if made.unknown]
        return "; ".join([*lacks, *(["a part was forced"] if self.forced else [])])


def by_symbol(year: TaxYear) -> list[Derived]:
    """Return each symbol of an account, by symbol."""
    return _grouped(year, ["symbol", "account", "venue"])


def by_position(year: TaxYear) -> list[Derived]:
    """Return each position, in the order in which they ended; a line of no position is one of its own."""
    return sorted(_grouped(year, ["place"]), key=lambda one: (one.last_at, one.symbol))


def _grouped(year: TaxYear, keys: Sequence[str]) -> list[Derived]:
    own = year.results.filter(pl.col("group") == DERIVATIVE).with_columns(
        place=pl.coalesce(pl.col("position_id"), pl.col("line"))
    )
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in own.sort("booked_at", maintain_order=True).iter_rows(named=True):
        groups.setdefault(tuple(row[key] or "" for key in keys), []).append(row)
    return [_derived(year, groups[key]) for key in sorted(groups)]


def _derived(year: TaxYear, lines: Sequence[Mapping[str, Any]]) -> Derived:
    places = {part: name for name, parts in COLUMNS.items() for part in parts}
    sums = {name: total(line["value"] for line in lines if places.get(line["part"], "other") == name)
            for name in COLUMNS}  # fmt: skip
    first = lines[0]
    return Derived(
        symbol=first["symbol"] or "", product=first["product"] or DERIVATIVE,
        place=" ".join(dict.fromkeys(text for text in (first["account"], first["venue"]) if text)),
        last_at=lines[-1]["booked_at"], sums=sums, rows=rows_of(lines), forced=any(line["forced"] for line in lines),
        funding_counts=year.policy.funding == "gain",
    )  # fmt: skip


def rows_of(lines: Iterable[Mapping[str, Any]], name: str = "rows") -> list[str]:
    """Return the rows behind lines, each once, in their order."""
    return list(dict.fromkeys(row for line in lines for row in line[name] or ()))


# ------------------------------------------------------------------------------------------------ listings

SUMMARY_HEADS = (
    Head("symbol"), Head("product"), Head("account"), *(Head(name, "money") for name in COLUMNS), Head("net", "money"),
    Head("not known", "count"), Head("note", "words"),
)  # fmt: skip


def summary(year: TaxYear, heading: str, about: Sequence[str]) -> Listing:
    """Return derivatives by symbol, and their totals."""
    found = by_symbol(year)
    lines: list[Sequence[Cell]] = [
        (one.symbol, one.product, one.place, *(shown(made) for made in one.sums.values()), one.net,
         Decimal(one.unknown), one.note)
        for one in found
    ]  # fmt: skip
    nets = total(one.net for one in found)
    sums = [_joined([one.sums[name] for one in found]) for name in COLUMNS]
    lacks = f"{counted(nets.unknown, 'symbol')} with unknown values left out of the net" if nets.unknown else ""
    totals: list[Sequence[Cell]] = [
        ("total", "", "", *sums, nets.told, Decimal(sum(one.unknown for one in found)), lacks)
    ]
    return Listing(name="derivatives", heading=heading, heads=SUMMARY_HEADS, lines=lines,
                   totals=totals if lines else (), about=about, empty="No derivatives in this year.")  # fmt: skip


OTHER_HEADS = (
    Head("what"), Head("of"), Head("asset"), Head("lines", "count"), Head("amount", "quantity"), Head("value", "money"),
    Head("not known", "count"), Head("note", "words"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Other:
    """Income and expenses of one kind in one asset; + = received."""

    part: str
    group: str
    asset: str
    lines: int
    amount: Sum
    value: Sum
    rows: Sequence[str]


def others(year: TaxYear) -> list[Other]:
    """Return what is no derivative's: interest, fees that are apart, income, rebates, debt written off."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in year.results.filter(pl.col("group").ne_missing(DERIVATIVE)).iter_rows(named=True):
        groups.setdefault((row["part"], row["group"] or "", row["asset"] or ""), []).append(row)
    return [
        Other(part=part, group=group, asset=asset, lines=len(rows), amount=total(row["amount"] for row in rows),
              value=total(row["value"] for row in rows), rows=rows_of(rows))
        for (part, group, asset), rows in sorted(groups.items())
    ]  # fmt: skip


def others_listing(year: TaxYear, heading: str, about: Sequence[str]) -> Listing:
    found = others(year)
    lines: list[Sequence[Cell]] = [
        (one.part.replace("_", " "), one.group, one.asset, Decimal(one.lines), shown(one.amount), shown(one.value),
         Decimal(one.value.unknown), lacking("value", one.value) if one.value.unknown else "")
        for one in found
    ]  # fmt: skip
    unknown = sum(one.value.unknown for one in found)
    lacks = f"{counted(unknown, 'line')} without a known value left out" if unknown else ""
    many = Decimal(sum(one.lines for one in found))
    totals: list[Sequence[Cell]] = [
        ("total", "", "", many, "", _joined([one.value for one in found]), Decimal(unknown), lacks)
    ]
    return Listing(name="income and expenses", heading=heading, heads=OTHER_HEADS, lines=lines,
                   totals=totals if lines else (), about=about, empty="None in this year.")  # fmt: skip


def _joined(sums: Sequence[Sum]) -> Decimal | None:
    """Return what the known values of sums come to; nothing where nothing is known."""
    return Sum(
        added(*(one.known for one in sums)), sum(one.unknown for one in sums), sum(one.many for one in sums)
    ).told


def shown(made: Sum) -> Decimal | None:
    """Return a sum as a cell: empty where a part of it is unknown."""
    return None if made.unknown else made.known


def lacking(name: str, made: Sum) -> str:
    """Say of a sum what it lacks, and what is known of it."""
    return f"{name}: no value is known of {counted(made.unknown, 'line')}, the others come to {plain(made.known)}"


def sourced(year: TaxYear, file: str, file_of_others: str) -> Iterator[Sourced]:
    """Yield what stands behind the lines of both listings, named by their first columns."""
    for one in by_symbol(year):
        yield Sourced(file, f"{one.symbol} {one.place}", "result", one.rows)
    for other in others(year):
        name = f"{other.part.replace('_', ' ')} {other.group} {other.asset}"
        yield Sourced(file_of_others, name, "result", other.rows)


def compared(year: TaxYear) -> list[tuple[str, str | None, Decimal | None, Decimal | None]]:
    """Return the totals of both listings beside the sum of the lines of the tax year, unknown values left out."""
    here = added(*(made.known for one in by_symbol(year) for made in one.sums.values()), ZERO)
    apart = added(*(one.value.known for one in others(year)), ZERO)
    own = year.results.filter(pl.col("group") == DERIVATIVE)["value"]
    rest = year.results.filter(pl.col("group").ne_missing(DERIVATIVE))["value"]
    currency = year.policy.currency
    return [("derivatives, known values", currency, here, total(own.to_list()).known),
            ("income and expenses, known values", currency, apart, total(rest.to_list()).known)]  # fmt: skip
