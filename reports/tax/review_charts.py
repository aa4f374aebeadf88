"""The chart of a tax year: what each month brought, what holding cost, and how it added up.

Amounts become floats here, for where a bar ends on the paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from reports.charts import CAUSES, CONFIG, GAIN, HATCH, INK, SCHEMA, SOFT, Chart
from reports.reading import figure
from reports.tax.amounts import added
from reports.tax.value import TaxYear

GAINS = {"gains": GAIN, "derivative_results": SOFT}
COSTS = {
    "trading_fees": CAUSES["trading fees"], "funding": CAUSES["funding"], "interest": CAUSES["interest"],
    "liquidation_fees": CAUSES["liquidation fees"], "other": SOFT,
}  # fmt: skip
"""Columns of the months and the colours of their bars; both add up to the third panel's line."""
WIDTH, NARROWEST, WIDEST = 560, 44, 110
"""Pixels of the months together, and of one."""
Spec = dict[str, Any]


def by_month(months: pl.DataFrame, year: TaxYear) -> Chart:
    """Return the chart of the months; a month with unknown lines is hatched, since its figures lack them."""
    currency = year.policy.currency
    lines = list(_every_month(months))
    names = [line["month"] for line in lines]
    x: Spec = {"field": "month", "type": "ordinal", "sort": names, "title": None, "scale": {"domain": names},
               "axis": {"labelAngle": 0, "ticks": False, "labelExpr": "split(datum.label, '-')"}}  # fmt: skip
    sums = list(zip(names, _so_far(lines), strict=True))
    step = min(max(WIDTH // len(lines), NARROWEST), WIDEST)
    panels = [
        _bars(lines, GAINS, x, currency, f"gains, {currency}", (step, 150)),
        _bars(lines, COSTS, x, currency, f"costs, income, {currency}", (step, 110)),
        {
            "data": {"values": [{"month": name, "so_far": float(so_far)} for name, so_far in sums]},
            "mark": {"type": "line", "color": INK, "aria": False, "point": {"size": 20, "color": INK, "filled": True}},
            "encoding": {"x": x, "y": {"field": "so_far", "type": "quantitative", "title": "so far"}},
        },
    ]  # fmt: skip
    panels[-1] = {"layer": [_zero(), panels[-1]], "height": 80, "width": {"step": step}}
    told = ", ".join(f"{line['month']} {_read(line['net'], currency)}" for line in lines)
    unknown = [line["month"] for line in lines if line["unknown"]]
    spec = {"$schema": SCHEMA, "config": CONFIG, "padding": 4, "vconcat": panels, "spacing": 16,
            "resolve": {"scale": {"color": "independent"}}}  # fmt: skip
    return Chart(
        title=f"What each month brought, in {currency}",
        text=f"Bars of each month's gains, results, costs and income, and a line of their sum so far: {told}.",
        spec=spec,
        note=f"hatched: lines of unknown value are left out ({', '.join(unknown)})" if unknown else "",
    )


def _bars(
    lines: Sequence[Mapping[str, Any]],
    shades: Mapping[str, str],
    x: Spec,
    currency: str,
    title: str,
    size: tuple[int, int],
) -> Spec:
    used = [name for name in shades if any(line[name] for line in lines)] or list(shades)[:1]
    values = [
        {"month": line["month"], "what": name.replace("_", " "), "amount": float(line[name]), "no": no,
         "tip": f"{line['month']}, {name.replace('_', ' ')}: {_read(line[name], currency)} {currency}"}
        for line in lines for no, name in enumerate(used) if line[name]
    ]  # fmt: skip
    lacking = [{"month": line["month"]} for line in lines if line["unknown"]]
    scale = {"domain": [name.replace("_", " ") for name in used], "range": [shades[name] for name in used]}
    return {
        "width": {"step": size[0]}, "height": size[1],
        "layer": [
            {"data": {"values": lacking}, "mark": {"type": "rect", "color": HATCH, "aria": False},
             "encoding": {"x": x}},
            {"data": {"values": values}, "mark": {"type": "bar", "width": {"band": 0.7}},
             "encoding": {
                 "x": x, "y": {"field": "amount", "type": "quantitative", "title": title, "stack": "zero"},
                 "color": {"field": "what", "type": "nominal", "scale": scale}, "order": {"field": "no"},
                 "description": {"field": "tip"}}},
            _zero(),
        ],
    }  # fmt: skip


def _every_month(months: pl.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Yield each month from the first to the last, so that the distance of two bars is that of their months."""
    known = {line["month"]: line for line in months.iter_rows(named=True)}
    nothing = {name: Decimal(0) for name in (*GAINS, *COSTS, "net")} | {"unknown": 0}
    begun, ended = (int(name[:4]) * 12 + int(name[5:]) - 1 for name in (min(known), max(known)))
    for number in range(begun, ended + 1):
        name = f"{number // 12}-{number % 12 + 1:02}"
        yield known.get(name, {"month": name, **nothing})


def _zero() -> Spec:
    return {"data": {"values": [{}]}, "mark": {"type": "rule", "color": SOFT, "aria": False},
            "encoding": {"y": {"datum": 0}}}  # fmt: skip


def _so_far(lines: Sequence[Mapping[str, Any]]) -> Iterator[Decimal]:
    sum_ = Decimal(0)
    for line in lines:
        sum_ = added(sum_, line["net"] or Decimal(0))
        yield sum_


def _read(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return "unknown"
    return ("+" if amount > 0 else "") + figure(amount, "money", currency)
