"""The charts of an audit: the waterfall of its bridge, what the script runs, and one figure of all for a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from reports.audit import Audit
from reports.audit_panes import AXIS, PURPLE, WIDTH, Spec, over_time, whole
from reports.audit_points import LETTER, milliseconds, steps, thinned
from reports.audit_words import at_trigger, lines, named, read, start_name, title
from reports.charts import GAIN, INK, LOSS, SOFT
from reports.reading import clean

DOMAINS = {"concat_0_x": "[from, to]", "concat_1_x": "[begin, end]"}
"""Of the live chart: what the panes show, and the whole that the overview does (Vega-Lite's own form is lost)."""


def waterfall(audit: Audit, *, is_live: bool = False, width: int = WIDTH) -> Spec:
    """Return how the start equity became the end equity, a bar a line, from top to bottom."""
    made = steps(audit)
    links = [
        {"no": one["no"], "next": one["no"] + 1, "level": one["after"] if one["no"] else one["high"] or one["low"]}
        for one in made[:-1]
    ]
    y = {"field": "no", "type": "ordinal", "axis": None}
    x = {"type": "quantitative", "axis": {"grid": True, "title": None, "tickCount": 4, "labelOverlap": True}}
    domain = ["level", "gain", "loss", "unexplained"]
    fill = {"scale": {"domain": domain, "range": [SOFT, GAIN, LOSS, PURPLE]}, "legend": None}
    layers: list[Spec] = [
        {
            "data": {"name": "links"},
            "mark": {"type": "tick", "orient": "vertical", "thickness": 1, "color": SOFT, "bandSize": 34,
                     "yOffset": 13},
            "encoding": {"x": {**x, "field": "level"}, "y": y},
        },
        {
            "name": "bars",
            "mark": {"type": "bar", "height": {"band": 0.62}, "cursor": "pointer"},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y,
                         "color": {"field": "kind", "type": "nominal", **fill}},
        },
        {
            "mark": {"type": "text", "align": "right", "dx": -8, "limit": AXIS * 2},
            "encoding": {"x": {"value": 0}, "y": y, "text": {"field": "title"}},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 8, "fontWeight": "bold"},
            "encoding": {"x": {"value": "width"}, "y": y, "text": {"field": "text"}},
        },
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "color": INK},
            "encoding": {"x": {"datum": 0, "type": "quantitative"}},
        },
    ]  # fmt: skip
    spec: Spec = {"data": {"name": "steps"}, "layer": layers, "width": width, "height": {"step": 26}}
    return whole(spec if is_live else {**spec, "datasets": {"steps": made, "links": links}})


def sides(audit: Audit) -> tuple[int, int]:
    """Return the pixels left and right of the waterfall's bars that its words and figures need."""
    made = steps(audit)
    widest = [max(len(bar[name]) for bar in made) for name in ("title", "text")]
    return min(round(widest[0] * LETTER), AXIS * 2) + 12, round(widest[1] * (LETTER + 0.6)) + 16


def told_waterfall(audit: Audit) -> str:
    """Return the bridge in words."""
    told = ", ".join(
        f"{named(term.name)} {read(term.amount, 'money', audit.asset, signed=True)}"
        for term in lines(audit)
        if term.amount
    )
    start, end = (read(value, "money", audit.asset) for value in (audit.start_level, audit.end_equity))
    return f"Waterfall in {audit.asset}: {start_name(audit)} {start}; {told or 'no change'}; end equity {end}."


def figure(audit: Audit) -> Spec:
    """Return one figure for mails and papers: what it is about, the panes and the waterfall."""
    shown = thinned(audit)
    panes, bridge = over_time(shown), waterfall(shown)
    sentences = [title(audit), *textwrap.wrap(audit.verdict, (WIDTH + AXIS) // 6)]
    told = [{"row": row, "text": clean(text)} for row, text in enumerate(sentences)]
    words: Spec = {
        "data": {"values": told}, "width": WIDTH, "height": {"step": 20}, "view": {"stroke": None},
        "mark": {"type": "text", "align": "left", "limit": WIDTH + AXIS, "fontSize": 12},
        "encoding": {"y": {"field": "row", "type": "ordinal", "axis": None}, "x": {"value": -AXIS},
                     "text": {"field": "text"}},
    }  # fmt: skip
    parts = [words, *([_bare(panes)] if panes else []), _bare(bridge)]
    datasets = {**(panes or {}).get("datasets", {}), **bridge["datasets"]}
    return whole({"vconcat": parts, "spacing": 24, "datasets": datasets, "resolve": {"scale": {"color": "independent",
                   "x": "independent", "y": "independent"}}})  # fmt: skip


def _bare(spec: Spec) -> Spec:
    return {name: part for name, part in spec.items() if name not in {"$schema", "config", "padding", "datasets"}}


def compiled(spec: Spec, text: str) -> Spec:
    """Return a specification as Vega, which the page's script can run without compiling; `text` says it aloud."""
    import vl_convert

    made: Spec = vl_convert.vegalite_to_vega(spec, vl_version="5.21")
    made["description"] = clean(text)
    made.pop("$schema")  # it says Vega 5, which the runtime warns of, and draws as it should
    for scale in made.get("scales", ()):
        if scale["name"] in DOMAINS:
            scale["domain"] = {"signal": DOMAINS[scale["name"]]}
    return made


def places_of(audit: Audit) -> Mapping[str, int]:
    """Return where the page's script begins: the instant of the trigger, and the moment just before it."""
    before = at_trigger(audit)
    first = next((no for no, moment in enumerate(audit.moments) if moment is before), len(audit.moments) - 1)
    return {"triggered": milliseconds(audit.triggered_at), "first": first}
