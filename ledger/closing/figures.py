"""What is kept of a closed month: a text of which every byte is determined by the figures, and its way back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import polars as pl

from reports.exact import exact
from reports.month import Evidence, Month
from reports.monthly import HEADINGS
from schemas.ddl import column_types
from schemas.decided import FrozenBalance
from schemas.types import INSTANT, MONEY

COSTS = ("trading_fees", "funding", "interest", "liquidation_fees", "insurance")
FIGURES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "reconcile": ("line", "asset", ("opening", *HEADINGS, "closing", "stated_closing", "difference")),
    "realized": ("line", "settle_asset", ("gross_pnl", *COSTS, "net_pnl")),
    "positions": ("position_id", "settle_asset", ("quantity", "gross_pnl", *COSTS, "net_pnl")),
    "funding": ("line", "asset", ("paid", "received", "net")),
    "interest": ("line", "asset", ("paid", "received", "net")),
}
"""By report: the column that names a line, the one that names its asset, and the figures that are compared later."""
FIGURE = ("account", "period", "report", "line", "asset", "name", "value")
SIGNED = ("status", "closed_by", "closed_at", "reviewed_by", "reviewed_at", "figures", "blocks")
"""What a month says of its close: told by the log, and no part of the text."""
KINDS: Mapping[str, pl.DataType] = {
    "money": MONEY, "instant": INSTANT, "text": pl.String(), "boolean": pl.Boolean(), "integer": pl.Int64(),
    "double": pl.Float64(), "day": pl.Date(), "list": pl.List(pl.String()), "key": pl.Decimal(38, 0), "none": pl.Null(),
}  # fmt: skip


def figures_of(frames: Mapping[str, pl.DataFrame], account: str, period: str) -> pl.DataFrame:
    """Return the figures of the frames that are compared later, one a row, the value as plain text."""
    parts = []
    for report, (line, asset, names) in FIGURES.items():
        frame = exact(frames[report].select(pl.col(line).alias("line"), pl.col(asset).alias("asset"), *names))
        parts.append(
            frame.with_columns(pl.col(*names).cast(pl.String))
            .unpivot(names, index=["line", "asset"], variable_name="name", value_name="value")
            .with_columns(report=pl.lit(report), account=pl.lit(account), period=pl.lit(period))
        )
    return pl.concat(parts).select(pl.col(name).cast(pl.String) for name in FIGURE).sort(FIGURE[:-1])


def balances_of(month: Month, closed: str) -> pl.DataFrame:
    """Return the roll-forward of a kept month as the table `frozen_balances` has it."""
    kinds = column_types(FrozenBalance)
    before = month.sections["before"].filter(pl.col("closed").is_null())  # what was open goes with the first close
    both = pl.concat([before, month.sections["reconcile"]], how="vertical_relaxed")
    frame = both.with_columns(zone=pl.lit(month.zone), closed=pl.lit(closed))
    return frame.select(pl.col(name).cast(kind) for name, kind in kinds.items())


def digest_of(content: bytes) -> str:
    """Return the sha-256 by which a text is kept."""
    return hashlib.sha256(content).hexdigest()


# ------------------------------------------------------------------------------------------------ the text


def dumped(month: Month) -> bytes:
    """Return a month as a text, without what it says of its close."""
    told: dict[str, Any] = {
        item.name: getattr(month, item.name)
        for item in fields(Month)
        if item.name not in {*SIGNED, "sections", "evidence", "evidence_counts"}
    }
    told |= {"starts_at": month.starts_at.isoformat(), "ends_at": month.ends_at.isoformat()}
    told["sections"] = {name: _frame_told(frame) for name, frame in month.sections.items()}
    told["evidence"] = {
        key: [asdict(row) | {"at": row.at.isoformat() if row.at else None} for row in rows]
        for key, rows in month.evidence.items()
    }
    told["evidence_counts"] = dict(month.evidence_counts)
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def loaded(content: bytes, **signed: Any) -> Month:
    """Return the month of a text; `signed` are what the log tells of its close."""
    told = json.loads(content)
    told |= {name: datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at")}
    told["sections"] = {name: _frame_of(frame) for name, frame in told["sections"].items()}
    told["evidence"] = {
        key: [Evidence(**{**row, "at": datetime.fromisoformat(row["at"]) if row["at"] else None}) for row in rows]
        for key, rows in told["evidence"].items()
    }
    return Month(**told, **{"figures": digest_of(content), **signed})


def _frame_told(frame: pl.DataFrame) -> dict[str, Any]:
    columns = exact(frame)
    return {
        "columns": [[name, _kind(dtype)] for name, dtype in frame.schema.items()],
        "rows": [list(row) for row in columns.iter_rows()],
    }


def _frame_of(told: Mapping[str, Any]) -> pl.DataFrame:
    series = []
    for place, (name, kind) in enumerate(told["columns"]):
        values = [row[place] for row in told["rows"]]
        dtype = KINDS[kind]
        if kind == "instant":
            text = pl.Series(name, values, dtype=pl.String)
            series.append(text.str.strip_suffix("Z").str.to_datetime(time_unit="us").dt.replace_time_zone("UTC"))
        elif kind == "day":
            series.append(pl.Series(name, values, dtype=pl.String).str.to_date("%Y-%m-%d"))
        elif kind in {"money", "key"}:
            series.append(pl.Series(name, values, dtype=pl.String).cast(dtype))
        else:
            series.append(pl.Series(name, values, dtype=dtype, strict=False))
    return pl.DataFrame(series)


def _kind(dtype: pl.DataType) -> str:  # noqa: PLR0911  (one line a type)
    match dtype:
        case pl.Decimal():
            return "money" if dtype.scale else "key"
        case pl.Datetime():
            return "instant"
        case pl.Date():
            return "day"
        case pl.Boolean():
            return "boolean"
        case pl.List():
            return "list"
        case pl.Null():
            return "none"
        case _ if dtype.is_integer():
            return "integer"
        case _ if dtype.is_float():
            return "double"
        case _:
            return "text"
