"""A tax year on one page: the policy, what blocks, and totals that say how many lines they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

import polars as pl

from reports.tax.contract import DRAFT
from reports.tax.value import TaxYear
from schemas.types import MONEY

SUMMARY: dict[str, pl.DataType] = {
    "section": pl.String(), "name": pl.String(), "asset": pl.String(),
    "of": pl.String(),  # term, group: what the line is split by
    "lines": pl.Int64(),
    "unknown": pl.Int64(),  # lines of which the last column is not known; they are in no total
    "quantity": MONEY,  # of the asset
    "proceeds": MONEY, "basis": MONEY,
    "value": MONEY,  # gain, or value, in the policy's currency
    "text": pl.String(),
}  # fmt: skip
STATUS = "status"


def status_of(year: TaxYear) -> str:
    """Return DRAFT, or complete: what every file says of itself."""
    return DRAFT if year.is_draft else "complete"


def summary(year: TaxYear) -> pl.DataFrame:
    """Return the page as lines of sections, with the columns `SUMMARY`."""
    return pl.concat([*_told(year), *_totals(year)], how="diagonal").select(
        pl.col(name).cast(dtype) for name, dtype in SUMMARY.items()
    )


def _told(year: TaxYear) -> Iterator[pl.DataFrame]:
    policy = {field.name: getattr(year.policy, field.name) for field in fields(year.policy)}
    policy |= {name: f"{policy[name]:%Y-%m-%dT%H:%M:%SZ}" for name in ("starts_at", "ends_at")}
    yield _texts("run", {
        STATUS: status_of(year), **{name: None if value is None else str(value) for name, value in policy.items()},
        "version": year.version, "figures": year.book, "previous run": year.previous_run,
    })  # fmt: skip
    yield _texts("assumed", {str(number): text for number, text in enumerate(year.assumptions, 1)})
    yield _texts("changed", {change.get("name", ""): f"{change.get('before', '')} -> {change.get('after', '')}"
                             for change in year.changes})  # fmt: skip


def _texts(section: str, said: Mapping[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame({"section": section, "name": list(said), "text": list(said.values())},
                        schema={name: SUMMARY[name] for name in ("section", "name", "text")})  # fmt: skip


def _totals(year: TaxYear) -> Iterator[pl.DataFrame]:
    blocks = year.blocks.with_columns(
        of=pl.when(pl.col("accepted_reason").is_null()).then(pl.lit("blocks")).otherwise(pl.lit("accepted"))
    )
    yield blocks.group_by(name="kind", of="of", maintain_order=True).agg(lines=_many()).pipe(_in, "blocks")
    digital = year.disposals.filter(~pl.col("state_money").fill_null(value=False))
    yield digital.group_by("asset", name=pl.lit("gains"), of="term").agg(
        lines=_many(), unknown=_unknown("gain"), quantity=pl.col("quantity").sum(), proceeds=_known("proceeds"),
        basis=_known("basis"), value=_known("gain"),
    ).sort("asset", "of").pipe(_in, "gains by asset")  # fmt: skip
    yield year.results.group_by("asset", name="part", of="group").agg(
        lines=_many(), unknown=_unknown("value"), quantity=_known("amount"), value=_known("value"),
    ).sort("of", "name", "asset").pipe(_in, "results by part")  # fmt: skip
    yield year.flows.group_by(name="kind").agg(lines=_many()).sort("name").pipe(_in, "flows by kind")
    yield year.lots.group_by("asset", name=pl.lit("held at the end")).agg(
        lines=_many(), unknown=_unknown("cost"), quantity=_known("quantity"), basis=_known("cost"),
    ).sort("asset").pipe(_in, "lots")  # fmt: skip
    apart = year.controls.filter((pl.col("difference") != 0).fill_null(value=True))
    yield apart.select("name", "asset", value="difference").pipe(_in, "controls that differ")


def _in(frame: pl.DataFrame, section: str) -> pl.DataFrame:
    return frame.with_columns(section=pl.lit(section))


def _many() -> pl.Expr:
    return pl.len().cast(pl.Int64)


def _unknown(column: str) -> pl.Expr:
    return pl.col(column).null_count().cast(pl.Int64)


def _known(column: str) -> pl.Expr:
    """Return the sum of the known values; null where none is."""
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum())
