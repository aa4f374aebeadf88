"""The tables of a review: gains by asset, derivatives by symbol, what else came and went, months, and what is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from reports.contract import Column, Report
from reports.tax.amounts import counted
from reports.tax.value import TaxYear

BY_PART = {
    "result": ("result",), "trading_fees": ("trading_fee",), "funding": ("funding",),
    "liquidation_fees": ("liquidation_fee",), "insurance": ("insurance",),
    "other": ("interest", "network_fee", "income", "rebate", "written_off", "other"),
}  # fmt: skip
"""Column of a table of derivatives -> the parts of results that it adds up; + = gained."""
BY_MONTH = {
    "derivative_results": ("result", "insurance"), "funding": ("funding",), "trading_fees": ("trading_fee",),
    "liquidation_fees": ("liquidation_fee",), "interest": ("interest",),
    "other": ("network_fee", "income", "rebate", "written_off", "other"),
}  # fmt: skip
"""The same of the months."""
LACKS = "_unknown"
"""Ends the name of the column that counts the lines of which a sum lacks the value."""
DERIVATIVE = pl.col("group") == "derivative"


@dataclass(frozen=True)
class Table:
    """Rows, and how they are read."""

    report: Report
    frame: pl.DataFrame


def tables(year: TaxYear) -> Sequence[Table]:
    """Return the tables of a review in the order in which they are read; what has no row is left out."""
    every = (
        told(year),
        gains(year),
        state_money(year),
        derivatives(year),
        settled(year),
        besides(year),
        months(year),
        held(year),
    )
    return [table for table in every if table.frame.height]


def told(year: TaxYear) -> Table:
    """Return what venues told tax offices beside the figures of the year, what does not agree first."""
    agrees = pl.when("agrees").then(pl.lit("agrees")).otherwise(pl.lit("differs"))
    frame = year.statements.with_columns(status=pl.when(pl.col("agrees").is_not_null()).then(agrees))
    report = Report(
        name="told", title="What venues told tax offices", one_row="a figure of a statement",
        columns=(Column("account"), Column("form"), Column("asset"), Column("figure"), Column("of"),
                 *(Column(name, "quantity") for name in ("stated", "here", "difference")), Column("status", keep=True),
                 Column("file", wide=True), Column("line", "count", wide=True), Column("note", "words", wide=True)),
    )  # fmt: skip
    return Table(report, frame.sort(pl.col("agrees").fill_null(value=False), maintain_order=True))


def gains(year: TaxYear) -> Table:
    """Return the gains of digital assets, those with most of it first."""
    return _gains(year, _digital(year.disposals), "gains", "Gains by asset")


def state_money(year: TaxYear) -> Table:
    """Return the gains of other states' money, which no form of digital assets asks for."""
    own = year.disposals.filter(pl.col("state_money").fill_null(value=False))
    return _gains(year, own, "state-money", "Money of other states, in no total above")


def _gains(year: TaxYear, lines: pl.DataFrame, name: str, title: str) -> Table:
    terms = sorted(lines["term"].drop_nulls().unique().to_list(), reverse=True)  # short before long
    of_terms = [_sum("gain", (pl.col("term") == term).fill_null(value=True), term) for term in terms]
    frame = lines.group_by("asset", maintain_order=True).agg(
        *_sum("proceeds"), *_sum("basis"), *_sum("gain"), *(part for both in of_terms for part in both),
        disposals=pl.col("disposal_id").n_unique(), quantity=pl.col("quantity").sum(),
        unknown=pl.col("gain").null_count(),
    )  # fmt: skip
    money = [_money(column, year) for column in ("proceeds", "basis", "gain", *terms)]
    counts = (Column("disposals", "count", wide=True), Column("quantity", "quantity"))
    report = Report(
        name=name, title=title, one_row="an asset", note=_lacks(frame, "gain"),
        columns=(Column("asset", keep=True), *counts, *money, *_unknown(frame)),
    )  # fmt: skip
    return Table(report, _largest(frame, "gain", "asset"))


def derivatives(year: TaxYear) -> Table:
    """Return what derivatives came to by symbol and account, in the currency of the year."""
    frame = _by_part(year, ["symbol", "account", "venue"], "value")
    report = Report(
        name="derivatives", title=f"Derivatives by symbol, in {year.policy.currency}", one_row="a symbol of an account",
        note=_lacks(frame, "value"),
        columns=(Column("symbol", keep=True), Column("account", wide=True), Column("venue", keep=True),
                 *(_money(name, year) for name in _moving(frame, BY_PART)), *_unknown(frame)),
    )  # fmt: skip
    return Table(report, _largest(frame, "net", "symbol"))


def settled(year: TaxYear) -> Table:
    """Return the same as the venues booked it: in the asset that was paid or received."""
    frame = _by_part(year, ["symbol", "account", "venue", "asset"], "amount")
    money = (Column(name, "money", total=True, lacks=f"{name}{LACKS}") for name in _moving(frame, BY_PART))
    report = Report(
        name="settled", title="Derivatives by symbol, as they were booked", asset_column="asset",
        one_row="a symbol of an account, and an asset", note=_lacks(frame, "amount"),
        columns=(Column("symbol", keep=True), Column("account", wide=True), Column("venue", keep=True), Column("asset"),
                 *money, *_unknown(frame)),
    )  # fmt: skip
    return Table(report, frame.sort("asset", "symbol", "account", "venue"))


def besides(year: TaxYear) -> Table:
    """Return what belongs to no derivative: interest, income, fees that are apart, debt that was written off."""
    own = year.results.filter(~DERIVATIVE.fill_null(value=False))
    frame = own.group_by("part", "group", "asset", maintain_order=True).agg(
        *_sum("amount"), *_sum("value"), lines=pl.len(), unknown=pl.col("value").null_count()
    )
    report = Report(
        name="besides", title="Interest, income and expenses besides", one_row="what it is, of what, in which asset",
        asset_column="asset", note=_lacks(frame, "value"),
        columns=(Column("part", keep=True), Column("group"), Column("asset"), Column("lines", "count", wide=True),
                 Column("amount", "money", lacks=f"amount{LACKS}"), _money("value", year), *_unknown(frame)),
    )  # fmt: skip
    return Table(report, frame.sort("part", "group", "asset"))


def months(year: TaxYear) -> Table:
    """Return what each month of the year's zone brought; the columns before `net` add up to it."""
    zone = year.policy.zone
    gained = _digital(year.disposals).select(_month("disposed_at", zone), value="gain", of=pl.lit("gains"))
    booked = year.results.select(_month("booked_at", zone), "value", of=_column_of(BY_MONTH))
    names = ("gains", *BY_MONTH)
    frame = pl.concat([gained, booked]).group_by("month", maintain_order=True).agg(
        *(part for name in names for part in _sum("value", pl.col("of") == name, name)), *_sum("value", as_="net"),
        unknown=pl.col("value").null_count(),
    )  # fmt: skip
    report = Report(
        name="months", title=f"Results by month, in {year.policy.currency}", one_row=f"a month of {zone}",
        note=_lacks(frame, "value"),
        columns=(Column("month", keep=True), *(_money(name, year) for name in _moving(frame, names)),
                 *_unknown(frame)),
    )  # fmt: skip
    return Table(report, frame.sort("month"))


def held(year: TaxYear) -> Table:
    """Return what is held at the end of the year, and what is sold short then."""
    short = pl.col("quantity") < 0
    state = pl.when(short).then(pl.lit("sold short")).otherwise(pl.lit("held"))
    frame = year.lots.group_by("asset", state=state, maintain_order=True).agg(
        *_sum("cost"), quantity=pl.col("quantity").sum(), lots=pl.len(), oldest=pl.col("acquired_at").min(),
        unknown=pl.col("cost").null_count(),
    )  # fmt: skip
    report = Report(
        name="held", title="Held at the end of the year", one_row="an asset", note=_lacks(frame, "cost"),
        columns=(Column("asset", keep=True), Column("state"), Column("quantity", "quantity"), _money("cost", year),
                 Column("lots", "count"), Column("oldest", "instant", wide=True),
                 *_unknown(frame)),
    )  # fmt: skip
    return Table(report, _largest(frame, "cost", "asset"))


def _digital(disposals: pl.DataFrame) -> pl.DataFrame:
    return disposals.filter(~pl.col("state_money").fill_null(value=False))


def _by_part(year: TaxYear, keys: list[str], amount: str) -> pl.DataFrame:
    parts = year.results.filter(DERIVATIVE).with_columns(of=_column_of(BY_PART))
    sums = (part for name in BY_PART for part in _sum(amount, pl.col("of") == name, name))
    unknown = pl.col(amount).null_count()
    return parts.group_by(keys, maintain_order=True).agg(*sums, *_sum(amount, as_="net"), unknown=unknown)


def _column_of(columns: Mapping[str, Sequence[str]]) -> pl.Expr:
    """Return the column that a line of results is added to; what none asks for is in `other`."""
    of = {part: name for name, parts in columns.items() for part in parts}
    return pl.col("part").replace_strict(of, default="other", return_dtype=pl.String)


def _sum(column: str, of: pl.Expr | None = None, as_: str | None = None) -> Sequence[pl.Expr]:
    """Return the sum of what is known, null where nothing is, and how many lines it lacks."""
    cells = pl.col(column) if of is None else pl.col(column).filter(of)
    name, lacking = as_ or column, cells.null_count()
    known = pl.when((cells.count() > 0) | (lacking == 0)).then(cells.sum())
    return [known.alias(name), lacking.alias(f"{name}{LACKS}")]


def _month(column: str, zone: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(zone).dt.strftime("%Y-%m").alias("month")


def _moving(frame: pl.DataFrame, names: Iterable[str]) -> Sequence[str]:
    """Return the columns that are not nothing in every row, and what they add up to."""
    return [name for name in names if not (frame[name] == 0).fill_null(value=False).all()] + ["net"]


def _unknown(frame: pl.DataFrame) -> Sequence[Column]:
    """Return the column that counts lines of which the figure is not known, where there are any."""
    return [Column("unknown", "count", wide=True)] if frame["unknown"].sum() else []


def _lacks(frame: pl.DataFrame, what: str) -> str:
    lacking = int(frame["unknown"].sum())
    return f"unknown: {counted(lacking, 'line')} without a known {what}; they are in no sum of it." if lacking else ""


def _money(name: str, year: TaxYear) -> Column:
    return Column(name, "money", total=True, asset=year.policy.currency, lacks=f"{name}{LACKS}")


def _largest(frame: pl.DataFrame, amount: str, name: str) -> pl.DataFrame:
    """Return the rows with the largest amounts first, unknown ones before them, equal ones by their words."""
    words = [name, *(other for other, kind in frame.schema.items() if kind == pl.String() and other != name)]
    return frame.sort(pl.col(amount).abs(), *words, descending=[True, *(False for _ in words)], nulls_last=False)
