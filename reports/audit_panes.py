"""The charts of an audit over time: equity against its requirement, events, health, prices and size, pane under pane.

One Vega-Lite specification is drawn as a still picture and compiled for the page, whose script feeds it with points.
Text of an export is in the data alone: from titles, sorts and scales Vega makes expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reports.audit import Audit
from reports.audit_points import KINDS, Point, gaps, has, marks_of_events, points
from reports.audit_words import instant, read
from reports.charts import CAUSES, CONFIG, GAIN, HATCH, INK, LINE, LOSS, SCHEMA, SOFT

BLUE, GREEN, PURPLE, ORANGE = CAUSES.values()
WIDTH = 680
"""Of a pane of the still picture; the page has its own."""
AXIS = 72
"""Pixels left of a pane: the same in all, so that an instant is on one vertical."""
LANE = 15
SHAPES = {
    "fill": ("circle", BLUE), "liquidation": ("cross", LOSS), "transfer": ("diamond", ORANGE),
    "funding": ("triangle-up", GREEN), "fee": ("square", SOFT), "interest": ("triangle-down", PURPLE),
    "tier": ("triangle-right", INK), "other": ("circle", SOFT),
}  # fmt: skip
"""Of each kind of event: told apart by shape, by lane and by colour."""
CLOCK = {
    "year": "%Y", "month": "%b %Y", "week": "%d %b", "day": "%d %b", "date": "%d %b", "hours": "%H:%M",
    "minutes": "%H:%M", "seconds": "%H:%M:%S", "milliseconds": "%S.%L",
}  # fmt: skip
Spec = dict[str, Any]


def over_time(audit: Audit, *, is_live: bool = False) -> Spec | None:
    """Return the panes: equity and requirement, events, health, prices, size; None where no equity is known.

    A live one has named data instead of values, a cursor, a band that is being dragged, and an overview to brush.
    """
    made = points(audit)
    if len(made) < 2 or not has(made, "equity", "mark"):
        return None
    begin, end = made[0]["at"], made[-1]["at"]
    domain = [{"expr": "from"}, {"expr": "to"}] if is_live else [begin, max(end, begin + 1)]
    frame = _Frame(domain, is_live)
    panes = [pane for pane in _panes(audit, made, frame) if pane]
    values = {"moments": made, "events": marks_of_events(audit), "gaps": gaps(audit)}
    spec: Spec = {"vconcat": panes, "spacing": 10, "resolve": {"scale": {"x": "shared", "color": "independent"}}}
    if not is_live:
        return whole({**spec, "datasets": values})
    overview = _overview(begin, max(end, begin + 1), "equity" if has(made, "equity") else "mark")
    spec = {"vconcat": [spec, overview], "spacing": 6, "resolve": {"scale": {"x": "independent"}}}
    ends = {"from": begin, "to": end, "begin": begin, "end": max(end, begin + 1)}
    return whole({**spec, "params": [{"name": name, "value": at} for name, at in ends.items()]})


def told_over_time(audit: Audit) -> str:
    """Return the panes in words."""
    known = [moment for moment in audit.moments if moment.equity is not None]
    if not known:
        return "The equity over time is not known."
    lowest = min(known, key=lambda moment: moment.equity or 0)
    dark = len(gaps(audit))
    return (
        f"Equity and maintenance margin of the bucket from {instant(audit.moments[0].at)} to "
        f"{instant(audit.moments[-1].at)} UTC, in {audit.asset}: from {read(known[0].equity, 'money', audit.asset)} to "
        f"{read(known[-1].equity, 'money', audit.asset)}, lowest {read(lowest.equity, 'money', audit.asset)} on "
        f"{instant(lowest.at)}; below it the events, health, prices and size of the position."
        + (f" In {dark} span{'s' if dark > 1 else ''} no price is known (hatched)." if dark else "")
    )


class _Frame:
    """What the panes share: the time axis, and what lies under and over every pane."""

    def __init__(self, domain: Sequence[Any], is_live: bool) -> None:
        self.is_live = is_live
        self.domain = domain

    def x(self, *, labels: bool) -> Spec:
        axis = {"title": None, "grid": False, "labelOverlap": True, "labelFlush": True, "labels": labels,
                "ticks": labels, "tickCount": 6, "format": CLOCK}  # fmt: skip
        return {"field": "at", "type": "temporal", "axis": axis,
                "scale": {"type": "utc", "domain": self.domain, "nice": False}}  # fmt: skip

    def pane(self, layers: Iterable[Spec], height: int | Spec, *, labels: bool) -> Spec:
        x = self.x(labels=labels)
        below: list[Spec] = [{
            "data": {"name": "gaps"},
            "mark": {"type": "rect", "color": HATCH, "clip": True},
            "encoding": {"x": x, "x2": {"field": "until"}},
        }]  # fmt: skip
        above: list[Spec] = []
        if self.is_live:
            above = [
                {"data": {"name": "drag"}, "mark": {"type": "rect", "color": BLUE, "opacity": 0.2, "clip": True},
                 "encoding": {"x": x, "x2": {"field": "until"}}},
                {"data": {"name": "cursor"}, "mark": {"type": "rule", "color": INK, "clip": True},
                 "encoding": {"x": x}},
            ]  # fmt: skip
        drawn = [
            {**layer, "mark": {"clip": True, **layer["mark"]}, "encoding": {"x": x, **layer["encoding"]}}
            if "x" not in layer["encoding"] else layer
            for layer in layers
        ]  # fmt: skip
        return {"layer": [*below, *drawn, *above], "width": WIDTH, "height": height,
                "view": {"stroke": LINE, "fill": "transparent"}}  # fmt: skip


def _panes(audit: Audit, made: Sequence[Point], frame: _Frame) -> Iterator[Spec | None]:
    happened = marks_of_events(audit)
    if has(made, "equity"):
        yield frame.pane([*_buffer(made), *_lines(audit, made)], 230, labels=True)
    yield frame.pane(_lanes(happened), {"step": LANE}, labels=False) if happened else None
    if has(made, "health"):
        yield frame.pane(_health(audit), 110, labels=False)
    if has(made, "mark", "entry", "limit"):
        yield frame.pane(_prices(made), 150, labels=not has(made, "quantity"))
    if has(made, "quantity"):
        yield frame.pane(_size(), 60, labels=True)


def _y(title: str, field: str | None = None, ticks: int = 4, **scale: Any) -> Spec:
    axis = {"title": title, "minExtent": AXIS - 20, "maxExtent": AXIS - 20, "titlePadding": 4, "tickCount": ticks,
            "labelLimit": AXIS - 24, "labelOverlap": True}  # fmt: skip
    return {"type": "quantitative", "axis": axis, **({"field": field} if field else {}), "scale": scale or {}}


def _line(field: str, name: str, y: Spec, colours: Mapping[str, str], **mark: Any) -> Spec:
    colour = {"datum": name, "type": "nominal", "legend": {"symbolType": "stroke", "symbolStrokeWidth": 3},
              "scale": {"domain": list(colours), "range": list(colours.values())}}  # fmt: skip
    mark = {
        "type": "line",
        "interpolate": "step-after",
        "strokeWidth": 1.8,
        "invalid": "break-paths-show-domains",
    } | mark
    return {"data": {"name": "moments"}, "mark": mark, "encoding": {"y": {**y, "field": field}, "color": colour}}


def _buffer(made: Sequence[Point]) -> Iterator[Spec]:
    if not has(made, "over"):
        return
    for field, colour in (("over", GAIN), ("under", LOSS)):
        yield {
            "data": {"name": "moments"},
            "mark": {"type": "area", "interpolate": "step-after", "color": colour, "fillOpacity": 0.16, "line": False,
                     "invalid": "break-paths-show-domains"},
            "encoding": {"y": _y("", field, zero=True), "y2": {"field": "maintenance"}},
        }  # fmt: skip


def _lines(audit: Audit, made: Sequence[Point]) -> Iterator[Spec]:
    y = _y("equity and requirement", zero=True)
    colours = {"equity": BLUE} | ({"maintenance margin": ORANGE} if has(made, "maintenance") else {})
    if has(made, "maintenance"):
        yield _line("maintenance", "maintenance margin", y, colours)
    yield _line("equity", "equity", y, colours)
    kinds = list(SHAPES)
    yield {
        "data": {"name": "events"},
        "transform": [{"filter": {"field": "kind", "oneOf": ["fill", "transfer", "liquidation", "tier"]}}],
        "mark": {
            "type": "point",
            "clip": False,
            "filled": True,
            "opacity": 1,
            "size": 60,
            "stroke": "#ffffff",
            "strokeWidth": 0.6,
        },
        "encoding": {"y": {**y, "field": "equity"}, **_shaped(kinds)},
    }


def _shaped(kinds: Sequence[str]) -> Spec:
    shapes, colours = ([SHAPES[kind][part] for kind in kinds] for part in (0, 1))
    return {
        "shape": {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": kinds, "range": shapes}},
        "fill": {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": kinds, "range": colours}},
    }


def _lanes(happened: Sequence[Point]) -> Iterator[Spec]:
    kinds = [kind for kind in KINDS if any(point["kind"] == kind for point in happened)]
    axis = {"title": None, "grid": True, "minExtent": AXIS - 5, "maxExtent": AXIS - 5, "ticks": False, "domain": False,
            "labelPadding": 8}  # fmt: skip
    yield {
        "data": {"name": "events"},
        "mark": {"type": "point", "clip": False, "filled": True, "opacity": 0.9, "size": 46},
        "encoding": {
            "y": {"field": "kind", "type": "ordinal", "axis": axis, "scale": {"domain": kinds}},
            **_shaped(list(SHAPES)),
        },
    }  # fmt: skip


def _health(audit: Audit) -> Iterator[Spec]:
    y = _y("health", zero=True, domainMin=0)
    levels = {"liquidation": (1.0, LOSS)} | ({"warning": (float(audit.warning), ORANGE)} if audit.warning else {})
    colours = {"health (up to 4)": INK} | {name: colour for name, (_, colour) in levels.items()}
    scale = {"domain": list(colours), "range": list(colours.values())}
    for name, (level, _) in levels.items():
        yield {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "strokeDash": [5, 3], "strokeWidth": 1.5},
            "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": {**y, "datum": level},
                         "color": {"datum": name, "type": "nominal", "scale": scale}},
        }  # fmt: skip
    yield _line("health", "health (up to 4)", y, colours)


def _prices(made: Sequence[Point]) -> Iterator[Spec]:
    y = _y("price", zero=False)
    names = {"mark": ("mark price", INK), "entry": ("entry", GREEN), "limit": ("liquidation price", LOSS)}
    colours = {name: colour for field, (name, colour) in names.items() if has(made, field)}
    dashes = {"entry": [2, 2], "limit": [6, 3]}
    for field, (name, _) in names.items():
        if has(made, field):
            yield _line(field, name, y, colours, **({"strokeDash": dashes[field]} if field in dashes else {}))


def _size() -> Iterator[Spec]:
    yield {
        "data": {"name": "moments"},
        "mark": {"type": "area", "interpolate": "step-after", "color": SOFT, "fillOpacity": 0.5,
                 "invalid": "break-paths-show-domains"},
        "encoding": {"y": {**_y("size", "quantity", 2, zero=True), "stack": None}},
    }  # fmt: skip


def _overview(begin: int, end: int, field: str) -> Spec:
    scale = {"type": "utc", "domain": [begin, end], "nice": False}
    return {
        "data": {"name": "overview"},
        "params": [{"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}],
        "mark": {"type": "area", "interpolate": "step-after", "color": SOFT, "fillOpacity": 0.35,
                 "invalid": "break-paths-show-domains"},
        "width": WIDTH,
        "height": 36,
        "encoding": {
            "x": {"field": "at", "type": "temporal", "scale": scale, "axis": None},
            "y": {"field": field, "type": "quantitative", "stack": None,
                  "axis": {"title": "whole", "labels": False, "ticks": False, "grid": False, "domain": False,
                           "minExtent": AXIS - 20, "maxExtent": AXIS - 20}},
        },
    }  # fmt: skip


def whole(spec: Mapping[str, Any]) -> Spec:
    """Return a specification with the look of every chart."""
    return {"$schema": SCHEMA, "config": {**CONFIG, "aria": False}, "padding": 4, **spec}
