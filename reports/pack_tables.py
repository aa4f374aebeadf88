"""The tables of a month's page: which frames it shows, what heads their rows, and what their figures open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from reports.contract import Column, Report
from reports.listings import FILES, answer
from reports.month import Month
from reports.monthly import HEADINGS
from reports.page import told
from reports.proofs import Proof, anchor, row_id
from reports.registry import REPORTS

MOST_ROWS = 500
"""Rows of one table on the page; the workbook has all."""
SAID = frozenset({"period", "account"})
"""Columns that the heading of the page says once."""
URGENT = {"in_transit": 0, "unmatched": 1}
"""Transfers that are shown first."""
KEPT = frozenset({"opening", "closing", "stated_closing", "difference", "status"})


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a section of the month is shown."""

    section: str
    heading: str
    head: str
    """Name of the column that heads a row."""
    named: pl.Expr
    """What it says."""
    key: str | None = None
    """Column whose values name what is behind a row."""
    hidden: frozenset[str] = frozenset()
    """Columns that the head of a row says already."""
    intro: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table of the page."""

    id: str
    heading: str
    report: Report
    frame: pl.DataFrame
    keys: Sequence[str | None]
    """Of each row that is shown: the name of what is behind its figures."""
    ids: Sequence[str]
    intro: str

    @property
    def lines(self) -> list[str]:
        """Its table as parts of a page."""
        heads = [anchor(key) if key is not None else None for key in self.keys]
        return told(
            self.frame, self.report, name=self.heading, ids=self.ids, opens=lambda row, _: heads[row], explains=False
        )

    @property
    def heads(self) -> list[str]:
        """What heads its rows."""
        return self.frame[self.report.columns[0].name].head(len(self.keys)).to_list()


def _words(*names: str) -> pl.Expr:
    return pl.concat_str([pl.col(name).cast(pl.String) for name in names], separator=" ", ignore_nulls=True)


def _or_none(column: str, *names: str) -> pl.Expr:
    return pl.coalesce(pl.col(column), pl.lit("no position: ") + _words(*names))


def _place(end: str) -> pl.Expr:
    return pl.concat_str(pl.col(f"{end}_venue").fill_null("?"), pl.lit(" "), pl.col(f"{end}_wallet").fill_null("?"))


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


SHAPES = {
    shape.section: shape
    for shape in (
        Shape(section="reconcile", heading="Roll-forward", head="wallet", named=_words("venue", "wallet", "asset"),
              key="line", hidden=_set("venue", "asset"),
              intro="Opening plus every cause is closing, to the last digit; stated_closing is what the venue says."),
        Shape(section="breaks", heading="Breaks", head="break_id", named=pl.col("break_id"), key="break_id",
              intro="Places where a balance that the venue states does not follow from the rows before it."),
        Shape(section="carry", heading="Cost of carry by position", head="position_id",
              named=_or_none("position_id", "status", "symbol", "settle_asset"), key="line",
              hidden=_set("venue", "symbol", "side", "exposure_days", "carry_per_day", "breakeven_price",
                          "breakeven_percent"),
              intro="Positions that were open in the month, over their whole life until its end."),
        Shape(section="realized", heading="Realized results", head="position_id",
              named=_or_none("position_id", "grain", "symbol", "settle_asset"), key="line",
              hidden=_set("venue", "symbol")),
        Shape(section="funding", heading="Funding", head="symbol", named=_words("symbol", "asset"), key="line",
              hidden=_set("asset")),
        Shape(section="interest", heading="Borrow interest", head="borrowed", named=_words("symbol", "asset"),
              key="line", hidden=_set("symbol", "asset")),
        Shape(section="liquidations", heading="Liquidations", head="liquidation_id", named=pl.col("liquidation_id"),
              key="liquidation_id"),
        Shape(section="loans", heading="Loans and debt pools", head="loan_id", named=pl.col("loan_id"), key="loan_id"),
        Shape(section="transfers", heading="Transfers, those in transit first", head="transfer", named=pl.concat_str(
              pl.col("asset"), pl.lit(" "), _place("from"), pl.lit(" → "), _place("to")), key="transfer_id",
              hidden=_set("transfer_id", "asset", "from_account", "from_venue", "from_wallet", "to_account", "to_venue",
                          "to_wallet")),
        Shape(section="gaps", heading="Gaps in the data", head="fact", named=_words("wallet", "fact"),
              hidden=_set("wallet")),
        Shape(section="witnesses", heading="Where two exports disagree", head="fact",
              named=_words("wallet", "fact", "asset"), hidden=_set("wallet", "asset")),
        Shape(section="findings", heading="Findings", head="kind", named=pl.col("kind"), hidden=_set("finding_id")),
        Shape(section="files", heading="Files", head="name", named=pl.col("name"),
              intro="The exports behind the figures; their bytes are kept, and sha-256 proves that they are the same."),
    )
}  # fmt: skip


def shown(month: Month, section: str) -> Shown | None:
    """Return a table of the month; None where the month holds no such frame."""
    frame, shape = month.sections.get(section), SHAPES[section]
    if frame is None:
        return None
    if section == "witnesses":
        frame = frame.filter(pl.col("difference") != 0)
    if section == "transfers":
        frame = frame.sort(pl.col("status").replace_strict(URGENT, default=len(URGENT)), maintain_order=True)
    present = [name for name in shape.named.meta.root_names() if name in frame.columns]
    head = (
        shape.named if len(present) == len(shape.named.meta.root_names()) else _words(*(present or frame.columns[:1]))
    )
    keys = _keys(frame, shape)
    frame = frame.with_columns(head.alias(shape.head))
    return Shown(
        id=_id(section), heading=shape.heading, report=_report(section, frame, shape), frame=frame, keys=keys,
        ids=_ids(_id(section), keys), intro=shape.intro,
    )  # fmt: skip


def proofs_of(month: Month, table: Shown) -> list[Proof]:
    """Return what the figures of a table open."""
    return [
        Proof(
            key=key,
            title=f"{table.heading}: {head}",
            back=row,
            rows=month.evidence.get(key, ()),
            count=month.evidence_counts.get(key),
        )
        for key, head, row in zip(table.keys, table.heads, table.ids, strict=True)
        if key is not None
    ]


def _ids(section: str, keys: Sequence[str | None]) -> list[str]:
    """Return an id for each row: of its name, or of its number where it has none of its own."""
    ids, taken = [], set()
    for no, key in enumerate(keys):
        ids.append(f"{section}-{no}" if key is None or key in taken else row_id(section, key))
        taken.add(key)
    return ids


def _keys(frame: pl.DataFrame, shape: Shape) -> list[str | None]:
    """Return what names the rows behind each line that is shown."""
    if shape.key is None or shape.key not in frame.columns:
        return [None] * min(frame.height, MOST_ROWS)
    return frame[shape.key].head(MOST_ROWS).cast(pl.String).to_list()


def _report(section: str, frame: pl.DataFrame, shape: Shape) -> Report:
    """Return the report with the columns of the page: what heads a row first, none that is 0 in every row."""
    known = {"files": FILES} | REPORTS
    report = known.get(section) or replace(answer(frame), title=shape.heading, one_row="a line", empty="nothing here")
    hidden = shape.hidden | SAID | {shape.head}
    others = [column for column in report.columns if column.name in frame.columns and column.name not in hidden]
    columns = [
        Column(shape.head),
        *(replace(column, keep=True) if column.name in KEPT else column for column in others),
    ]
    if section == "reconcile":
        columns = [column for column in columns if column.name not in HEADINGS or _moved(frame, column.name)]
    first = {shape.head: 0, "status": 1, "difference": 2} if section in {"reconcile", "transfers"} else {shape.head: 0}
    columns.sort(key=lambda column: first.get(column.name, len(first)))  # what does not tie is seen at once
    asset = report.asset_column if report.asset_column in frame.columns else None
    return replace(
        report, columns=tuple(columns), asset_column=asset, note=report.note if asset or frame.height else ""
    )


def _moved(frame: pl.DataFrame, name: str) -> bool:
    return bool((frame[name].is_null() | (frame[name] != 0)).any())


def _id(section: str) -> str:
    return IDS.get(section, section)


IDS: Mapping[str, str] = {"reconcile": "roll-forward"}
"""Ids of sections on the page that are not their names."""
