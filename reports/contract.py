"""A report as a value: which SQL answers which question, and how its columns print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any, Literal

import polars as pl

Query = Callable[[str, Mapping[str, Any]], pl.DataFrame]
"""Run SQL with named parameters; a report knows nothing else of the book."""

Kind = Literal["text", "money", "price", "quantity", "ratio", "percent", "instant", "count", "words"]


@dataclass(frozen=True, kw_only=True)
class Params:
    """What the user asks of a report; `to` is exclusive."""

    start: datetime | None = None
    to: datetime | None = None
    account: str | None = None
    venue: str | None = None
    symbol: str | None = None
    by: str = "month"
    zone: str = "UTC"
    """Zone whose days, months and years the periods are; the connection must be set to it."""
    live_from: datetime | None = None
    """From when on closed months are shown as the rows give them now, not as they were frozen."""
    as_of: datetime | None = None
    """`to`, else the last instant that the book knows."""

    def values(self) -> dict[str, Any]:
        """Return them as SQL parameters."""
        return {"from": self.start, "to": self.to, "account": self.account, "venue": self.venue, "symbol": self.symbol,
                "by": self.by, "as_of": self.as_of, "live_from": self.live_from}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a report: `kind` says how a person reads it, `wide` that a narrow terminal may drop it."""

    name: str
    kind: Kind = "text"
    wide: bool = False
    total: bool = False
    """Summed per asset under the terminal's table."""
    whole: bool = False
    """Never shortened: a person copies it into the next command."""
    keep: bool = False
    """Shown as a column even where the terminal is narrow or all rows say the same."""
    asset: str | None = None
    """Of a column of money that is all in one asset, whatever the row's own: it has a total of its own."""
    lacks: str | None = None
    """Column that counts what is not known of a sum: where it is not 0, the sum is read as `12.50 + ?`."""


AS_OF, PERIOD_END = "(as of)", "(period's end)"


@dataclass(frozen=True, kw_only=True)
class Valuation:
    """What of a report is valued in a reporting currency, and at which instant (prices of the row's asset, then)."""

    amounts: tuple[str, ...]
    at: str
    """A column of instants (where it is null, the report's end), `PERIOD_END` or `AS_OF`."""
    is_stock: bool = False
    """A state at an instant: those of several periods are never summed."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """`columns` come first and in this order; whatever else the SQL selects follows in files, not in the terminal.

    `ratios` are computed after the SQL, in exact decimals: SQL adds and compares, division comes last.  Columns
    named in `scaffold` exist for them only and are dropped.
    """

    name: str
    title: str
    one_row: str
    columns: tuple[Column, ...]
    ratios: Mapping[str, pl.Expr] = field(default_factory=dict)
    scaffold: tuple[str, ...] = ()
    asset_column: str | None = None
    """Column with the asset of the money columns: totals are per its values."""
    empty: str = "nothing to show"
    """What to say, and to do, where there is no row."""
    note: str = ""
    valuation: Valuation | None = None
    """None: it has nothing to value."""

    @property
    def sql(self) -> str:
        """The text of `<name>.sql` beside this module."""
        return resources.files("reports").joinpath(f"{self.name}.sql").read_text(encoding="utf-8")


def run(report: Report, query: Query, params: Params) -> pl.DataFrame:
    """Return the report as a frame, exact, with its promised columns first."""
    frame = query(report.sql, params.values())
    for name, ratio in report.ratios.items():
        frame = frame.with_columns(ratio.alias(name))
    promised = [column.name for column in report.columns]
    others = [name for name in frame.columns if name not in promised and name not in report.scaffold]
    return frame.select([*promised, *others])
