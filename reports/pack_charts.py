"""Which charts a month has: balances from opening to closing, what positions cost, funding and interest by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from reports.charts import CAUSES, MOST_BARS, Chart, Day, Held, Step, carry_bars, daily, waterfall
from reports.coverage_grid import HOLDING, states
from reports.month import Month
from reports.monthly import HEADINGS
from reports.proofs import anchor
from reports.verdict import Sum, roll_sums

MOST_ASSETS = 4
"""Charts of a kind, one an asset; the tables have all assets."""
COSTS = dict(zip(CAUSES, ("trading_fees", "funding", "interest", "liquidation_fees"), strict=True))
"""Columns of the carry report by the cause as it is written."""
ZERO = Decimal(0)


def rolls(month: Month) -> list[tuple[Chart, list[Sum]]]:
    """Return a waterfall of each asset with most movement, and the sums that it shows."""
    by_asset: dict[str, dict[str, Sum]] = {}
    for found in roll_sums(month):
        by_asset.setdefault(found.asset, {})[found.name] = found
    known = {asset: held for asset, held in by_asset.items() if all(one.amount is not None for one in held.values())}
    charts = []
    for asset in _busiest(month, known):
        held = known[asset]
        moved = [held[name] for name in HEADINGS if held[name].amount]
        steps = [
            Step(name=one.name.replace("_", " "), amount=one.amount or ZERO, opens=anchor(one.key)) for one in moved
        ]
        ends = held["opening"], held["closing"]
        chart = waterfall(asset, ends[0].amount or ZERO, steps, ends[1].amount or ZERO, anchor(ends[1].key))
        charts.append((chart, [ends[0], *moved, ends[1]]))
    return charts


@dataclass(frozen=True, kw_only=True)
class Carried:
    """The positions of a chart: their short names, their lines, and what each opens."""

    asset: str
    names: Sequence[str]
    lines: Sequence[Mapping[str, Any]]
    anchors: Sequence[str | None]


def carried(month: Month, linked: Collection[str]) -> list[tuple[Chart, Carried]]:
    """Return what positions cost, a chart for each of the assets with most positions; those `linked` can be opened."""
    frame = month.sections["carry"].filter(pl.col("position_id").is_not_null())
    counts = Counter(frame["settle_asset"].drop_nulls().to_list())
    charts = []
    for asset in sorted(counts, key=lambda asset: (-counts[asset], asset))[:MOST_ASSETS]:
        lines = frame.filter(pl.col("settle_asset") == asset).to_dicts()
        lines = [line for line in lines if any(line[column] for column in COSTS.values())]
        lines.sort(key=lambda line: (-abs(line["cost_of_carry"] or ZERO), line["position_id"]))
        if lines:
            most = lines[:MOST_BARS]
            names = _distinct(most)
            anchors = [anchor(line["line"]) if line["line"] in linked else None for line in most]
            bars = [Held(name=name, costs=_costs(line), opens=opens)
                    for name, line, opens in zip(names, most, anchors, strict=True)]  # fmt: skip
            found = Carried(asset=asset, names=names, lines=most, anchors=anchors)
            charts.append((carry_bars(asset, bars, len(lines)), found))
    return charts


def by_day(month: Month, fact: str) -> list[tuple[str, list[Day]]]:
    """Return the days of the month for each asset of which the fact moved anything, those with most days first."""
    frame = month.sections.get(f"{fact}_daily")
    if frame is None or not frame.height:
        return []
    held: dict[str, dict[str, Decimal]] = {}
    for day, asset, amount in frame.select("day", "asset", "amount").iter_rows():
        held.setdefault(asset, {})[str(day)[:10]] = amount
    told = []
    for asset in sorted(held, key=lambda asset: (-len(held[asset]), asset))[:MOST_ASSETS]:
        lack = lacks(month, fact, asset)
        told.append((asset, [
            Day(name=str(day.day), lack=lack.get(day, ""),
                amount=held[asset].get(day.isoformat(), None if lack.get(day) == "missing" else ZERO))
            for day in days(month)
        ]))  # fmt: skip
    return told


def daily_chart(fact: str, asset: str, in_days: Sequence[Day]) -> Chart:
    """Return the chart of what a fact brought by day."""
    return daily({"funding": "Funding", "interest": "Interest"}[fact], asset, in_days)


def days(month: Month) -> list[date]:
    """Return the days of the month, in its zone."""
    zone = ZoneInfo(month.zone)
    first, end = month.starts_at.astimezone(zone).date(), month.ends_at.astimezone(zone).date()
    return [first + timedelta(days=no) for no in range((end - first).days)]


def lacks(month: Month, fact: str, asset: str) -> dict[date, str]:
    """Return the days of which rows of the fact are missing or unknown.

    missing: a wallet that the fact moves lacks rows, or no file covers any of them; partly: no file covers one of them.
    """
    held = states(month)
    moved = month.sections["reconcile"].filter((pl.col("asset") == asset) & (pl.col(fact) != 0))
    wallets = set(moved.select("venue", "wallet").iter_rows())
    found = {}
    for day in days(month) if held else ():
        own = [held.get((*wallet, fact), {}).get(day, "") for wallet in wallets]
        ledger = [held.get((*wallet, "ledger"), {}).get(day, "") for wallet in wallets]
        covered = [bool(HOLDING & set(pair)) for pair in zip(own, ledger, strict=True)]
        if "gap" in own or not any(covered):
            found[day] = "missing"
        elif not all(covered):
            found[day] = "partly"
    return found


def _busiest(month: Month, known: Mapping[str, Mapping[str, Sum]]) -> list[str]:
    """Return the assets with most rows behind their lines, of those that moved at all."""

    def rows(asset: str) -> int:
        return sum(month.evidence_counts.get(key, 0) for key, _ in known[asset]["closing"].lines)

    moved = [asset for asset, held in known.items() if any(held[name].amount for name in HEADINGS)]
    return sorted(moved, key=lambda asset: (-rows(asset), asset))[:MOST_ASSETS]


def _costs(line: Mapping[str, Decimal | None]) -> dict[str, Decimal]:
    """Return the known costs of a position: funding that was received is a gain."""
    costs = {cause: line[column] for cause, column in COSTS.items()}
    return {cause: -cost if cause == "funding" else cost for cause, cost in costs.items() if cost is not None}


def _distinct(lines: Sequence[Mapping[str, object]]) -> list[str]:
    """Return a short name for each position, no two the same."""
    names: list[str] = []
    for line in lines:
        symbol, opened = str(line["symbol"]), line["opened_at"]
        since = opened.strftime("%m-%d %H:%M") if isinstance(opened, datetime) else "?"
        name = f"{symbol[:24]}{'…' if len(symbol) > 24 else ''} {line['side']} {since}"
        names.append(name if name not in names else f"{name} #{len(names) + 1}")
    return names
