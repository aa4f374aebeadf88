"""The figures of a year in a few lines: what two runs are compared by, and what names a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import polars as pl

from reports.exact import csv_bytes
from reports.tax.value import TaxYear

COUNTS = ("lines unknown", "blocks")
"""Names of figures that count; the others are amounts of the currency."""


def figures(year: TaxYear) -> dict[str, str]:
    """Return the totals of a year by name, as plain text: gains by term and by asset, results, what blocks."""
    told = dict(_gains(year.disposals)) | dict(_results(year.results))
    told["lines unknown"] = str(year.disposals["gain"].null_count() + year.results["value"].null_count())
    told["blocks"] = str(year.blocks["accepted_reason"].is_null().sum())
    return told | dict(_by_name(year))


def digest(year: TaxYear) -> str:
    """Return a sha-256 of all that files of the year are made from, so that two can be told to be of one run."""
    made = hashlib.sha256(repr(year.policy).encode())
    for frame in (year.disposals, year.results, year.flows, year.lots, year.blocks):
        made.update(csv_bytes(frame))
    return made.hexdigest()


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """Return what differs between two runs: name, before, after (empty: it was not there)."""
    names = [*before, *(name for name in after if name not in before)]
    return [
        {"name": name, "before": before.get(name, ""), "after": after.get(name, "")}
        for name in names if before.get(name, "") != after.get(name, "")
    ]  # fmt: skip


def plain(amount: object) -> str:
    """Return an amount with all its digits and no others; of an unknown one nothing."""
    if amount is None:
        return ""
    text = f"{Decimal(str(amount)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _gains(disposals: pl.DataFrame) -> Iterator[tuple[str, str]]:
    digital = disposals.filter(~pl.col("state_money"))
    for (term,), lines in digital.group_by("term", maintain_order=True):
        name = f"gains, {term} term" if term else "gains"
        yield name, plain(lines["gain"].sum())
        yield f"{name}: proceeds", plain(lines["proceeds"].sum())
        yield f"{name}: basis", plain(lines["basis"].sum())


def _by_name(year: TaxYear) -> Iterator[tuple[str, str]]:
    """Yield what each asset gained and each contract realized, so that a change says where it is."""
    digital = year.disposals.filter(~pl.col("state_money")).sort("asset", maintain_order=True)
    for (asset,), lines in digital.group_by("asset", maintain_order=True):
        yield f"gains of {asset}", plain(lines["gain"].sum())
    contracts = year.results.filter(pl.col("group") == "derivative").sort("symbol", "venue", maintain_order=True)
    for (symbol, venue), lines in contracts.group_by("symbol", "venue", maintain_order=True):
        yield f"derivatives: {symbol or 'of no symbol'} at {venue}", plain(lines["value"].sum())


def _results(results: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for (group, part), lines in results.sort("group", "part", maintain_order=True).group_by(
        "group", "part", maintain_order=True
    ):
        yield f"{group}: {part}", plain(lines["value"].sum())
