"""The sections of a closed month as sheets: which there are, in which order, and which columns they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from reports.cells import MOST_ROWS
from reports.contract import Column, Kind, Report
from reports.listings import FILES, answer
from reports.month import Month
from reports.monthly import HEADINGS
from reports.pack_checks import CHECK
from reports.registry import REPORTS
from reports.valued import value_name, valued

SHEETS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("roll-forward", ("reconcile",)), ("breaks", ("breaks",)), ("positions", ("positions",)),
    ("realized", ("realized",)), ("fees", ("fees",)), ("funding", ("funding",)), ("interest", ("interest",)),
    ("liquidations", ("liquidations",)), ("loans", ("loans",)), ("transfers", ("transfers",)),
    ("findings", ("findings",)), ("gaps", ("gaps",)), ("coverage", ("calendar", "coverage")),
    ("witnesses", ("witnesses",)), ("files", ("files",)),
)  # fmt: skip
"""Sheets in the order of their tabs, with the section of the month that they show: the first that there is."""
FEES = Report(
    name="fees",
    title="Trading and liquidation fees",
    one_row="a position, or a symbol where no position took the fee",
    columns=(Column("position_id", whole=True), Column("symbol"), Column("settle_asset"),
             Column("trading_fees", "money", total=True), Column("liquidation_fees", "money", total=True)),
    asset_column="settle_asset",
    empty="no fee in this month",
    note="In the asset of the result; + = cost, a rebate is negative. Cash that left for fees, in the asset they were "
    "paid in, and fees of plain trades stand in the roll-forward under trading_fees.",
)  # fmt: skip
FURTHER: Mapping[str, tuple[str, ...]] = {
    "reconcile": ("basis", "stated_at", "closed"), "breaks": ("since_at", "hint_kind", "reason", "explained_by"),
    "positions": ("pair", "unvalued_costs"), "realized": ("grain",), "funding": ("unattributed_rows",),
    "loans": ("kind", "pair", "liquidation_fees", "last_ltv", "liquidation_ltv", "flags"), "findings": ("venue",),
}  # fmt: skip
"""Columns that a sheet shows beyond those that its report promises."""
EVIDENCE = "evidence"
ROOM = 10_000
"""Rows that are left for totals under a full sheet."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the month that is not empty, or what to say where it is."""

    sheet: str
    name: str
    report: Report
    frame: pl.DataFrame

    @property
    def keys(self) -> list[str]:
        """Columns whose values may lead to evidence."""
        ids = (column.name for column in self.report.columns if column.whole or column.name.endswith("_id"))
        named = dict.fromkeys(["line", *ids])
        return [name for name in named if self.frame.schema.get(name) == pl.String()]

    def parts(self) -> list[tuple[str, pl.DataFrame]]:
        """Return the sheets it takes, by their names."""
        slices = self.frame.iter_slices(MOST_ROWS - ROOM)
        return [(self.sheet if no == 1 else f"{self.sheet} {no}", part) for no, part in enumerate(slices, 1)]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A column of a sheet."""

    name: str
    kind: Kind
    under: str = ""
    """Second line of the heading: the zone of instants, the currency of values."""
    currency: str | None = None


def sections_of(month: Month) -> list[Section]:
    """Return every section in the order of the sheets; one without rows is said in the summary."""
    found = []
    frames = dict(month.sections)
    if (realized := frames.get("realized")) is not None:
        frames["fees"] = _fees(realized)
    for sheet, names in SHEETS:
        name = next((name for name in names if name in frames), names[0])
        frame = frames.get(name, pl.DataFrame())
        report = {"fees": FEES, "files": FILES}.get(name) or REPORTS.get(name) or answer(frame)
        if month.currency is not None and frame.height:
            report = _with_values(report, frame, month.currency)
        found.append(Section(sheet=sheet, name=name, report=report, frame=frame))
    return found


def _with_values(report: Report, frame: pl.DataFrame, currency: str) -> Report:
    """Return the report with the columns of values that the frame has."""
    if report.valuation is not None and all(value_name(name) in frame.columns for name in report.valuation.amounts):
        return valued(report, currency, frame)
    values = [replace(column, name=value_name(column.name), asset=currency) for column in report.columns
              if column.kind == "money" and value_name(column.name) in frame.columns]  # fmt: skip
    return replace(report, columns=(*report.columns, *values))


def _fees(realized: pl.DataFrame) -> pl.DataFrame:
    wanted = ("position_id", "symbol", "settle_asset", "trading_fees", "liquidation_fees", "line")
    paid = (pl.col("trading_fees") != 0) | (pl.col("liquidation_fees") != 0)
    names = [name for name in wanted if name in realized.columns]
    return realized.filter(paid.fill_null(value=True)).select(names)


# ------------------------------------------------------------------------------------------------ columns


def shown(section: Section, month: Month) -> list[Shown]:
    """Return the columns of a section's sheet: what is promised, what else tells, the way to the evidence, the key."""
    frame = section.frame
    columns = {column.name: column for column in section.report.columns}
    names = [name for name, column in columns.items() if name in frame.columns and _tells(frame, column, month)]
    if section.name == "reconcile" and {"opening", "closing", *HEADINGS} <= set(names):
        names.insert(names.index("closing") + 1, CHECK)
    further = [name for name in FURTHER.get(section.name, ()) if name in frame.columns and name not in names]
    names += [name for name in further if frame[name].null_count() < frame.height]
    behind = list({*month.evidence_counts, *month.evidence})
    names += [EVIDENCE] if any(frame[key].is_in(behind).any() for key in section.keys) else []
    names += [
        key for key in section.keys if not any(frame[key].equals(frame[name]) for name in names if name in columns)
    ]
    return [_column(name, columns.get(name), frame, month) for name in names]


def _column(name: str, promised: Column | None, frame: pl.DataFrame, month: Month) -> Shown:
    dtype = frame.schema.get(name, pl.String())
    kind: Kind = "quantity" if dtype.is_decimal() else "count" if dtype.is_integer() else "text"
    currency = promised.asset if promised is not None else None
    under = month.zone if isinstance(dtype, pl.Datetime) else {"file_id": "sha-256"}.get(name, currency or "")
    return Shown(name=name, kind=promised.kind if promised is not None else kind, under=under, currency=currency)


def _tells(frame: pl.DataFrame, column: Column, month: Month) -> bool:
    """Say whether a promised column tells anything: it is not what the whole workbook is about, nor without a word."""
    if (about := {"account": month.account, "period": month.period}.get(column.name)) is not None:
        return not bool((frame[column.name] == about).all(ignore_nulls=False))
    if column.kind not in {"text", "words"} or column.keep or column.whole:
        return True
    series = frame[column.name]
    said = series.list.len() > 0 if isinstance(series.dtype, pl.List) else series.is_not_null()
    return bool(said.any())


def key_of(keys: Sequence[str | None], month: Month) -> str | None:
    """Return the first of a row's keys behind which the month has rows."""
    return next(
        (key for key in keys if key is not None and (key in month.evidence_counts or key in month.evidence)), None
    )
