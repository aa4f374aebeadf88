"""The charts of a month as Vega-Lite specifications, each with a title and with words for who does not see it.

Amounts become floats here and only here: for where a bar ends on the paper.  Every figure that is written is exact or
rounded by the house.  Text of an export is in the data alone, never in a title, a sort or a scale: from those Vega-Lite
makes expressions, and does not quote all that it puts into them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reports.reading import figure

INK, SOFT, LINE, HATCH = "#1c2024", "#5c6570", "#d8dce1", "#c9ced6"
GAIN, LOSS = "#0b7285", "#b3261e"
CAUSES = {
    "trading fees": "#0072b2",
    "funding": "#00845f",
    "interest": "#a04f8f",
    "liquidation fees": "#c25400",
}
"""Causes of what holding a position cost, and their colours; the style sheet has others for a dark ground."""
SHADES = (INK, SOFT, LINE, GAIN, LOSS, *CAUSES.values())
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""A name, never fetched."""
CONFIG = {
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT, "titleColor": SOFT, "gridColor": LINE, "domainColor": SOFT, "tickColor": SOFT,
        "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 320,
    },
    "legend": {"labelColor": INK, "titleColor": SOFT, "labelFontSize": 11, "orient": "top", "title": None},
    "text": {"color": INK, "fontSize": 11},
}  # fmt: skip
MOST_BARS = 20
NARROWEST_BAR = 72
LETTER = 7
"""Pixels that a digit above a bar needs."""
FAINT = 0.3
HATCHED = {
    "missing": "hatched: rows are missing, or no file covers the day",
    "partly": "faintly hatched: no file covers one of the wallets",
}
FAR_FROM_ZERO = 4
"""A waterfall whose levels are this many times its changes does not begin at 0: the changes could not be seen."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart: what it is called, what it says in words, how it is drawn."""

    title: str
    text: str
    spec: Mapping[str, Any]
    note: str = ""
    """What its signs mean, for who sees it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A cause of change of a balance, and the place on the page that shows what is behind it."""

    name: str
    amount: Decimal
    opens: str


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a day brought of something, and whether rows of it are missing."""

    name: str
    amount: Decimal | None
    lack: str = ""
    """missing: rows of it are, or no file covers the day; partly: some wallet is not covered; else empty."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A position and what holding it cost, by cause; a cost is positive."""

    name: str
    costs: Mapping[str, Decimal]
    opens: str | None


def waterfall(asset: str, opening: Decimal, steps: Sequence[Step], closing: Decimal, opens: str) -> Chart:
    """Return how the balances of an asset came from their opening to their closing, cause by cause."""
    bars, links, level = [], [], opening
    names = ["opening", *(step.name for step in steps), "closing"]
    for at, step in enumerate(steps, start=1):
        bars.append(_bar(step.name, level, level + step.amount, step.amount, asset, step.opens))
        links.append({"name": names[at - 1], "to": step.name, "level": float(level)})
        level += step.amount
    links.append({"name": names[-2], "to": "closing", "level": float(level)})
    levels = [Decimal(bar[end]) for bar in bars for end in ("low", "high")] or [opening]
    lowest, highest = min(levels), max(levels)
    is_cut = lowest > 0 and lowest > FAR_FROM_ZERO * (highest - lowest)
    ground = lowest - (highest - lowest) / 4 if is_cut else Decimal(0)
    ends = [
        _bar("opening", ground, opening, opening, asset, opens) | {"kind": "level", "text": _read(opening, asset)},
        _bar("closing", ground, closing, closing, asset, opens) | {"kind": "level", "text": _read(closing, asset)},
    ]
    wide = max(NARROWEST_BAR, *(len(bar["text"]) * LETTER for bar in (*bars, *ends)))
    told = ", ".join(f"{step.name} {_signed(step.amount, asset)}" for step in steps) or "no change"
    x = {
        "field": "name",
        "type": "ordinal",
        "sort": names,
        "title": None,
        "axis": {"labelAngle": 0, "labelExpr": "split(datum.label, ' ')", "ticks": False, "domain": False},
    }
    scale = {"zero": not is_cut, "nice": not is_cut, "domainMin": float(ground)} if is_cut else {"zero": True}
    y = {"field": "low", "type": "quantitative", "title": None, "scale": scale}
    layers = [
        {
            "data": {"values": links},
            "mark": {"type": "rule", "color": SOFT, "strokeDash": [2, 2], "aria": False},
            "encoding": {"x": x, "x2": {"field": "to"}, "y": {**y, "field": "level"}},
        },
        {
            "mark": {"type": "bar", "width": {"band": 0.7}},
            "encoding": {
                "x": x, "y": y, "y2": {"field": "high"}, "href": {"field": "opens"}, "description": {"field": "tip"},
                "color": {"field": "kind", "legend": None,
                          "scale": {"domain": ["level", "gain", "loss"], "range": [SOFT, GAIN, LOSS]}},
            },
        },
        {
            "mark": {"type": "text", "dy": -6, "aria": False},
            "encoding": {"x": x, "y": {**y, "field": "top"}, "text": {"field": "text"}},
        },
    ]  # fmt: skip
    spec = {"data": {"values": [ends[0], *bars, ends[1]]}, "layer": layers, "height": 220, "width": {"step": wide}}
    return Chart(
        title=f"From opening to closing: {asset}" + (" (the axis does not begin at 0)" if is_cut else ""),
        text=f"Waterfall of {asset}: opening {_read(opening, asset)}; {told}; closing {_read(closing, asset)}.",
        spec=_whole(spec),
    )


def carry_bars(asset: str, positions: Sequence[Held], of: int) -> Chart:
    """Return what holding each position cost, by cause; `of` is how many positions there are in all."""
    values = [
        {"bar": bar, "cause": cause, "no": no, "cost": float(cost),
         "opens": f"#{held.opens}" if held.opens else None,
         "tip": f"{held.name}, {cause}: {_signed(cost, asset)} {asset}"}
        for bar, held in enumerate(positions) for no, (cause, cost) in enumerate(held.costs.items()) if cost
    ]  # fmt: skip
    names = [held.name for held in positions]
    y = {"field": "bar", "type": "ordinal", "title": None, "axis": None}
    totals = [(held.name, sum(held.costs.values(), Decimal(0))) for held in positions]
    told = "; ".join(f"{name} {_signed(total, asset)}" for name, total in totals[:5])
    more = f"; and {len(totals) - 5} more" if len(totals) > 5 else ""
    spec = {
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.75}},
                "encoding": {
                    "y": y,
                    "x": {"field": "cost", "type": "quantitative", "title": "cost to the right of 0, gain to the left"},
                    "color": {"field": "cause", "scale": {"domain": list(CAUSES), "range": list(CAUSES.values())}},
                    "order": {"field": "no"}, "href": {"field": "opens"}, "description": {"field": "tip"},
                },
            },
            {
                "data": {"values": [{"bar": bar, "name": name} for bar, name in enumerate(names)]},
                "mark": {"type": "text", "align": "right", "dx": -6, "aria": False},
                "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
            },
            {
                "data": {"values": [{}]},
                "mark": {"type": "rule", "color": INK, "aria": False},
                "encoding": {"x": {"datum": 0}},
            },
        ],
        "width": 520,
        "height": {"step": 24},
    }  # fmt: skip
    shown = f", the {len(positions)} with most of {of}" if len(positions) < of else ""
    return Chart(
        title=f"What holding cost, by position: {asset}{shown}",
        text=f"Stacked bars of trading fees, funding, interest and liquidation fees in {asset}: {told}{more}.",
        spec=_whole(spec),
    )


def daily(what: str, asset: str, days: Sequence[Day]) -> Chart:
    """Return what each day brought, and how it added up; where rows are missing there is a band and no line."""
    values, sum_, known = [], Decimal(0), []
    for day in days:
        sum_ += day.amount or Decimal(0)
        is_missing = day.lack == "missing"
        values.append({
            "day": day.name, "amount": float(day.amount) if day.amount is not None else None,
            "so_far": None if is_missing else float(sum_), "lack": day.lack,
            "sign": "loss" if (day.amount or 0) < 0 else "gain",
            "tip": f"day {day.name}: " + ("unknown" if day.amount is None else f"{_signed(day.amount, asset)} {asset}"),
        })  # fmt: skip
        known += [day.amount] if day.amount else []
    gaps = {lack: ", ".join(day.name for day in days if day.lack == lack) for lack in ("missing", "partly")}
    axis = {"labelAngle": 0, "ticks": False}
    x = {"field": "day", "type": "ordinal", "sort": [day.name for day in days], "title": None, "axis": axis,
         "scale": {"domain": [day.name for day in days], "paddingOuter": 0.1, "paddingInner": 0}}  # fmt: skip
    bands = {
        "transform": [{"filter": "datum.lack"}],
        "mark": {"type": "rect", "color": HATCH, "aria": False},
        "encoding": {
            "x": x,
            "opacity": {
                "field": "lack",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": ["missing", "partly"], "range": [1, FAINT]},
            },
        },
    }
    zero = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": SOFT, "aria": False},
        "encoding": {"y": {"datum": 0}},
    }
    signs = {"domain": ["gain", "loss"], "range": [GAIN, LOSS]}
    bars = {
        "mark": {"type": "bar", "width": {"band": 0.7}},
        "encoding": {
            "x": x, "y": {"field": "amount", "type": "quantitative", "title": "a day"},
            "color": {"field": "sign", "legend": None, "scale": signs}, "description": {"field": "tip"},
        },
    }  # fmt: skip
    line = {
        "mark": {"type": "line", "color": INK, "aria": False, "invalid": "break-paths-show-domains", "strokeWidth": 1.5,
                 "point": {"size": 14, "color": INK, "filled": True}},
        "encoding": {"x": {**x, "title": "day of the month"},
                     "y": {"field": "so_far", "type": "quantitative", "title": "so far"}},
    }  # fmt: skip
    panels = [{"layer": [bands, bars, zero], "width": 680, "height": 130},
              {"layer": [bands, zero, line], "width": 680, "height": 110}]  # fmt: skip
    missing = f" Rows are missing, or no file covers day {gaps['missing']} (hatched)." if gaps["missing"] else ""
    missing += f" A wallet is not covered on day {gaps['partly']} (faintly hatched)." if gaps["partly"] else ""
    extremes = f"; a day between {_signed(min(known), asset)} and {_signed(max(known), asset)}" if known else ""
    return Chart(
        title=f"{what} by day: {asset}",
        text=f"{what} in {asset}: {_signed(sum_, asset)} over the month as far as the book knows{extremes}.{missing}",
        spec=_whole({"data": {"values": values}, "vconcat": panels, "spacing": 14}),
        note="; ".join(HATCHED[lack] for lack, names in gaps.items() if names),
    )


def _bar(name: str, low: Decimal, high: Decimal, amount: Decimal, asset: str, opens: str) -> dict[str, Any]:
    return {"name": name, "low": float(low), "high": float(high), "top": float(max(low, high)),
            "kind": "loss" if amount < 0 else "gain", "text": _signed(amount, asset), "opens": f"#{opens}",
            "tip": f"{name}: {_signed(amount, asset)} {asset}"}  # fmt: skip


def _whole(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "config": CONFIG, "padding": 4, **spec}


def _read(amount: Decimal, asset: str) -> str:
    return figure(amount, "money", asset)


def _signed(amount: Decimal, asset: str) -> str:
    return ("+" if amount > 0 else "") + _read(amount, asset)
