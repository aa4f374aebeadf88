"""The sections of a month's page: figures, tables and charts, each with what its figures open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from reports.charts import Chart
from reports.contract import Column, Report
from reports.coverage_grid import grid_lines, states
from reports.month import Month
from reports.pack_charts import COSTS, by_day, carried, daily_chart, days, rolls
from reports.pack_tables import Shown, proofs_of, shown
from reports.page import Opens, plain, said, told
from reports.proofs import Part, Proof, anchor
from reports.reading import figure
from reports.svg import can_draw, svg
from reports.verdict import KEY_FIGURES, Sum, key_figures, roll_sums, values

TABLES = ("reconcile", "breaks", "carry", "realized", "funding", "interest", "liquidations", "loans", "gaps",
          "transfers", "witnesses", "findings", "files")  # fmt: skip
OFTEN_EMPTY = frozenset({"realized", "liquidations", "loans", "witnesses", "gaps"})
"""Tables that are left out where they have no row; that another has none is worth saying."""
LACKS = {"missing": "rows are missing, or no file covers it", "partly": "a wallet is not covered", "": ""}
MOST_PARTS = 50
"""Lines that a sum lists; the table has all."""

CAUSES_OF_CHANGE = Report(
    name="causes_of_change", title="From opening to closing", one_row="a cause of change",
    columns=(Column("cause"), Column("amount", "money")), asset_column="asset",
)  # fmt: skip
COSTS_OF_POSITIONS = Report(
    name="costs_of_positions", title="What holding cost", one_row="a position",
    columns=(Column("position"), *(Column(name, "money") for name in COSTS.values())), asset_column="asset",
)  # fmt: skip
BY_DAY = Report(
    name="by_day", title="By day", one_row="a day",
    columns=(Column("day"), Column("amount", "money"), Column("data")), asset_column="asset",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A section of the page, and what its figures open."""

    id: str
    heading: str
    lines: Sequence[str]
    proofs: Sequence[Proof] = ()
    count: int | None = None
    """Shown beside its name in the contents."""


def pieces(month: Month) -> Iterator[Piece]:
    tables = {name: table for name in TABLES if (table := shown(month, name)) is not None}
    drawn = {"reconcile": _rolls, "carry": _carried, "funding": _daily, "interest": _daily}
    yield _figures(month, tables)
    if month.blocks:
        lines = ['<ul class="blocks">', *(f"<li>{plain(block)}</li>" for block in month.blocks), "</ul>"]
        yield Piece(id="blocks", heading="What keeps it from being closed", lines=lines, count=len(month.blocks))
    for name in TABLES:
        if name == "gaps":
            yield from _calendar(month)
        table = tables.get(name)
        if table is None or (name in OFTEN_EMPTY and not table.frame.height):
            continue
        figures, proofs = drawn[name](month, table, tables) if name in drawn else ([], [])
        intro = [said(table.intro)] if table.intro else []
        own = proofs_of(month, table)
        of_charts = _placed(name, intro, figures, table)
        yield Piece(id=table.id, heading=table.heading, lines=of_charts, proofs=[*own, *proofs],
                    count=None if name == "reconcile" else table.frame.height)  # fmt: skip


def _placed(name: str, intro: Sequence[str], figures: Sequence[str], table: Shown) -> list[str]:
    """Return charts of time before their table, and others after it: the roll-forward is read first."""
    charts = ['<div class="charts">', *figures, "</div>"] if figures else []
    return [*intro, *table.lines, *charts] if name == "reconcile" else [*intro, *charts, *table.lines]


def _figures(month: Month, tables: Mapping[str, Shown]) -> Piece:
    frame, behind = key_figures(month)
    lines = told(frame, KEY_FIGURES, name="Key figures", ids=_numbered("figure", frame),
                 opens=_opener(behind, tables["reconcile"].id), explains=False)  # fmt: skip
    proofs = [_sum_proof(month, found, tables, f"figure-{row}") for (row, _), found in behind.items()]
    if month.currency:
        valued, shape, behind_values = values(month)
        lines += [f"<h3>{plain(shape.title)}</h3>"]
        lines += told(valued, shape, name=shape.title, ids=_numbered("value", valued),
                      opens=_opener(behind_values, tables["reconcile"].id), explains=False)  # fmt: skip
        proofs += [_sum_proof(month, found, tables, f"value-{row}") for (row, _), found in behind_values.items()]
    return Piece(id="figures", heading="Key figures", lines=lines, proofs=proofs)


def _rolls(month: Month, table: Shown, tables: Mapping[str, Shown]) -> tuple[list[str], list[Proof]]:
    lines: list[str] = []
    proofs: list[Proof] = []
    for chart, found in rolls(month):
        place = f"roll-{len(proofs)}"
        frame = pl.DataFrame(
            {"cause": [one.name.replace("_", " ") for one in found], "amount": [one.amount for one in found],
             "asset": [one.asset for one in found]},
            schema={"cause": pl.String, "amount": pl.Decimal(38, 18), "asset": pl.String})  # fmt: skip
        anchors = [anchor(one.key) for one in found]
        lines += _figure(chart, place, frame, CAUSES_OF_CHANGE, anchors)
        proofs += [_sum_proof(month, one, tables, place) for one in found]
    return lines, proofs


def _carried(month: Month, table: Shown, tables: Mapping[str, Shown]) -> tuple[list[str], list[Proof]]:
    linked = {key for key in table.keys if key is not None}
    lines: list[str] = []
    for no, (chart, positions) in enumerate(carried(month, linked)):
        costs = {name: [line[name] for line in positions.lines] for name in COSTS.values()}
        frame = pl.DataFrame(
            {"position": positions.names, **costs, "asset": [positions.asset] * len(positions.names)},
            schema={"position": pl.String, **dict.fromkeys(costs, pl.Decimal(38, 18)), "asset": pl.String})  # fmt: skip
        lines += _figure(chart, f"cost-{no}", frame, COSTS_OF_POSITIONS, positions.anchors)
    return lines, []


def _daily(month: Month, table: Shown, tables: Mapping[str, Shown]) -> tuple[list[str], list[Proof]]:
    fact = table.id
    by_asset = {found.asset: found for found in roll_sums(month) if found.name == fact}
    lines: list[str] = []
    proofs: list[Proof] = []
    for no, (asset, in_days) in enumerate(by_day(month, fact)):
        found = by_asset.get(asset)
        place = f"{fact}-by-day-{no}"
        frame = pl.DataFrame(
            {"day": [day.isoformat() for day in days(month)], "amount": [day.amount for day in in_days],
             "data": [LACKS[day.lack] for day in in_days], "asset": [asset] * len(in_days)},
            schema={"day": pl.String, "amount": pl.Decimal(38, 18), "data": pl.String, "asset": pl.String})  # fmt: skip
        lines += _figure(daily_chart(fact, asset, in_days), place, frame, BY_DAY,
                         [anchor(found.key) if found and day.amount else None for day in in_days])  # fmt: skip
        proofs += [_sum_proof(month, found, tables, place)] if found else []
    return lines, proofs


def _calendar(month: Month) -> Iterator[Piece]:
    if "calendar" in month.sections:
        held = states(month)
        about = "What the files cover, day by day." if held else "No file covers a day of this month."
        lines = [said(about), *(grid_lines(held, days(month)) if held else ())]
        yield Piece(id="calendar", heading="Coverage calendar", lines=lines)


# ------------------------------------------------------------------------------------------------ parts


def _figure(
    chart: Chart, place: str, frame: pl.DataFrame, report: Report, anchors: Sequence[str | None]
) -> Iterator[str]:
    """Yield a chart, where it can be drawn, and its figures."""
    yield f'<figure id="{place}"><figcaption>{plain(chart.title)}</figcaption>'
    if can_draw():
        yield f'<div class="chart">{svg(chart.spec, chart.text)}</div>'
        if chart.note:
            yield said(chart.note, "soft")
    yield "<details><summary>The figures of this chart</summary>"
    yield said(chart.text)
    yield from told(frame, replace(report, title=chart.title), name=chart.title, ids=_numbered(place, frame),
                    opens=lambda row, _: anchors[row], explains=False)  # fmt: skip
    yield "</details></figure>"


def _sum_proof(month: Month, found: Sum, tables: Mapping[str, Shown], back: str) -> Proof:
    """Return the lines that a sum is made of: those that are not 0, or all where all are."""
    table = tables[found.report]
    heads = dict(zip(table.keys, table.heads, strict=True))
    telling = [(key, value) for key, value in found.lines if value != 0] or list(found.lines)
    asset = month.currency if found.key.split("|")[2].endswith("_value") else found.asset
    parts = [
        Part(name=heads[key], figure=_amount(value, asset), opens=anchor(key))
        for key, value in telling if key in heads
    ][:MOST_PARTS]  # fmt: skip
    name = found.name.replace("_", " ")
    return Proof(key=found.key, title=f"{name} of {found.asset}", back=back, parts=parts, count=len(telling))


def _amount(value: object, asset: str | None) -> str:
    return "?" if value is None else f"{figure(value, 'money', asset)} {asset}"  # type: ignore[arg-type]  # a cell of a frame


def _numbered(place: str, frame: pl.DataFrame) -> list[str]:
    return [f"{place}-{row}" for row in range(frame.height)]


def _opener(behind: Mapping[tuple[int, str], Sum], table: str) -> Opens:
    """Return what opens the sum behind a figure; the asset itself leads to the table of its wallets."""

    def opens(row: int, column: str) -> str | None:
        found = behind.get((row, column))
        return anchor(found.key) if found else table if column == "asset" else None

    return opens
