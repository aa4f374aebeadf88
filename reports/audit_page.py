"""An audit as one page: verdict, charts, the exact bridge, what would have changed it, and the rows behind all of it.

It works from a disk and without a network.  Its policy allows its own scripts and styles by their digests, and nothing
else; without scripts, or on paper, the charts are still pictures.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files as resources
from itertools import chain
from typing import Any

from reports.audit import Audit
from reports.audit_charts import compiled, places_of, sides, told_waterfall, waterfall
from reports.audit_coverage import coverage
from reports.audit_data import made_by
from reports.audit_evidence import evidence, files, quality
from reports.audit_json import SCHEMA_VERSION, as_json, embedded
from reports.audit_panes import AXIS, over_time, told_over_time
from reports.audit_points import gaps, marks_of_events, points, steps, thinned
from reports.audit_sections import Section, bridge, calls, counterfactuals, findings, holdings, missing, timeline
from reports.audit_style import AUDIT_STYLE
from reports.audit_tables import Places, defined, listed, places
from reports.audit_words import MEANINGS, badge, brief, buffer, exact, figures, instant, known, sourced, title
from reports.pack_page import HATCH, NO_CHARTS
from reports.page import SHELL, plain, said
from reports.svg import can_draw, svg

ZOOMS = """<div class="controls only-live" id="zooms" role="group" aria-label="Time shown">
<button type="button" data-last="">whole</button><button type="button" data-last="week">last 7 days</button>
<button type="button" data-last="day">last day</button><button type="button" data-last="hour">last hour</button>
<button type="button" data-last="minutes">last 10 min</button>
<label><input type="checkbox" id="logarithmic"> logarithmic</label>
<span class="soft">drag in a chart, or in the strip below them, to zoom; double click for the whole; arrow keys
go from event to event</span></div>"""
STARTS = {
    "position": "the first row of the position",
    "since": "the instant that was asked for",
    "health": "the last moment at which the equity was twice the requirement",
}
MOMENTS = {
    "at": "time (UTC)", "kind": "kind", "what": "what", "effect": "booked", "equity": "equity",
    "maintenance_margin": "maintenance", "buffer": "buffer", "health": "health", "ratio": "ratio", "mark": "mark",
    "entry": "entry", "liquidation_price": "liquidation price", "quantity": "size", "label": "known",
}  # fmt: skip


def page(audit: Audit, command: str) -> str:
    """Return the page; `command` is the line that made it.  The same audit gives the same bytes."""
    shown = thinned(audit)
    where = places(audit)
    told = figures_of(audit, shown)
    parts = list(_sections(audit, shown, where, command, hashlib.sha256(told.encode()).hexdigest()))
    scripts = _scripts()
    body = [
        '<a class="skip" href="#main">Skip to the charts</a>',
        *_header(audit, parts),
        '<main id="main" tabindex="-1">',
        *(line for part in parts for line in _section(part)),
        "</main>",
        f'<footer class="soft">{plain(title(audit))}; {plain(made_by(audit.version, audit.book))}</footer>',
        HATCH,
        f'<script type="application/json" id="figures">{told}</script>',
        f'<script type="application/json" id="readings">{embedded(_readings(audit, shown, where))}</script>',
        *(
            [f'<script type="application/json" id="drawings">{embedded(_drawings(shown))}</script>']
            if can_draw()
            else []
        ),
        *(f"<script>{script}</script>" for script in scripts),
    ]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_digest, scripts))}; style-src {_digest(AUDIT_STYLE)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return SHELL.format(policy=policy, title=plain(title(audit)), style=AUDIT_STYLE, body="\n".join(body))


def figures_of(audit: Audit, shown: Audit) -> str:
    """Return the object that `--output-format json` gives, as the page holds it, with as many moments as it shows."""
    return embedded(as_json(shown) | {"moments_left_out": len(audit.moments) - len(shown.moments)})


def _scripts() -> Sequence[str]:
    """Return the library that draws, where it is installed, and the page's own script."""
    own = (resources("reports") / "audit_page.js").read_text(encoding="utf-8")
    if not can_draw():
        return [own]
    import vl_convert

    # in a block of its own: its names are not the page's
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="5.21")
    return [f"(() => {{{bundle}\n}})();".replace("</script", "<\\/script"), own]


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _readings(audit: Audit, shown: Audit, where: Places) -> dict[str, Any]:
    """Return what the script reads out beside the figures: exact buffers, and where rows are."""
    used = {key for moment in shown.moments for key in moment.rows if key in where.ids}
    return {
        "buffers": [exact(buffer(moment)) for moment in shown.moments],
        "rows": {key: where.ids[key] for key in sorted(used)},
        "places": {where.ids[key]: audit.evidence[key].place for key in sorted(used)},
    }


def _drawings(shown: Audit) -> dict[str, Any]:
    """Return what the script draws: the two charts, and the points that they are fed with."""
    over, made = over_time(shown, is_live=True), steps(shown)
    return {
        "time": None if over is None else compiled(over, told_over_time(shown)),
        "points": points(shown), "events": marks_of_events(shown), "gaps": gaps(shown), "axis": AXIS,
        "bridge": compiled(waterfall(shown, is_live=True), told_waterfall(shown)), "steps": made,
        "links": waterfall(shown)["datasets"]["links"], "sides": sides(shown), **places_of(shown),
    }  # fmt: skip


def _header(audit: Audit, parts: Sequence[Section]) -> Iterator[str]:
    yield f"<header><h1>{plain(title(audit))}</h1>"
    yield said(f"{audit.account}, {audit.venue} {audit.wallet}; {audit.liquidation_id}", "soft")
    yield f'<p class="verdict">{plain(audit.verdict)}</p>'
    low = " low" if audit.confidence == "low" else ""
    labels = {"trigger price": audit.trigger_label, "requirement": audit.maintenance_label}
    about = plain("; ".join([known(audit), *(f"{name} {label}" for name, label in labels.items() if label)]))
    yield f'<p><strong class="badge{low}">{plain(badge(audit))}</strong> {about}</p>'
    yield '<dl class="figures">'
    for figure in figures(audit):
        digits = f' title="{plain(figure.exact)}"' if figure.exact else ""
        about = f'<small title="{plain(figure.about)}">{plain(brief(figure.about))}</small>' if figure.about else ""
        yield f"<div><dt>{plain(figure.name)}</dt><dd{digits}>{plain(figure.text)}{about}</dd></div>"
    yield "</dl>"
    if not can_draw():
        yield said(NO_CHARTS, "soft")
    links = "".join(f'<li><a href="#{part.id}">{plain(part.heading)}</a></li>' for part in parts)
    yield f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>'


def _section(part: Section) -> Iterator[str]:
    yield f'<section id="{part.id}" aria-labelledby="{part.id}-name"><h2 id="{part.id}-name">{plain(part.heading)}</h2>'
    yield from part.lines
    yield "</section>"


def _sections(audit: Audit, shown: Audit, where: Places, command: str, digest: str) -> Iterator[Section]:
    def part(name: str, heading: str, lines: Iterator[str]) -> Section:
        return Section(id=name, heading=heading, lines=list(lines))

    yield part("time", "Equity against the requirement", _time(audit, shown))
    yield part("bridge", "What the equity went to", _bridge(audit, where))
    yield part("events", "The last events", timeline(audit, where))
    if audit.calls:
        yield part("calls", "Margin calls", calls(audit, where))
    yield part("findings", "Findings", findings(audit, where))
    if audit.counterfactuals:
        yield part("changes", "What would have changed it", counterfactuals(audit))
    yield part("bucket", "What the bucket held", holdings(audit))
    yield part("evidence", "Evidence", evidence(audit, where))
    yield part("quality", "Data quality", chain(missing(audit), quality(audit), coverage(audit), files(audit)))
    yield part("method", "Method and assumptions", _method(audit, command, digest))


def _time(audit: Audit, shown: Audit) -> Iterator[str]:
    spec, text = over_time(shown), told_over_time(audit)
    yield said(text)
    if spec is not None and can_draw():
        yield '<p id="fault" class="low" role="status"></p>'
        yield f'<figure class="tall">{ZOOMS}<div id="readout" role="status" aria-live="polite"></div>'
        yield '<div class="moving" id="time-live" tabindex="0" role="group" aria-label="Charts over time"></div>'
        yield f'<div class="chart still" tabindex="0">{svg(spec, text)}</div></figure>'
    left_out = len(audit.moments) - len(shown.moments)
    if left_out:
        yield said(f"{left_out:,} prices that are neither a low nor a high are left out here; no event is.", "soft")
    heads = "".join(f'<th scope="col" data-name="{key}">{plain(name)}</th>' for key, name in MOMENTS.items())
    yield f'<details id="moments" class="only-live"><summary>All {len(shown.moments):,} moments as a table</summary>'
    yield '<div class="scroll" role="region" tabindex="0" aria-label="All moments"><table>'
    yield f"<thead><tr>{heads}</tr></thead><tbody></tbody></table></div></details>"


def _bridge(audit: Audit, where: Places) -> Iterator[str]:
    if can_draw():
        text = told_waterfall(audit)
        yield said("A bar leads to its rows.", "soft only-live")
        yield f'<figure><div class="moving" id="bridge-live" role="img" aria-label="{plain(text)}"></div>'
        yield f'<div class="chart still" tabindex="0">{svg(waterfall(audit), text)}</div></figure>'
    yield from bridge(audit, where)


def _method(audit: Audit, command: str, digest: str) -> Iterator[str]:
    if audit.assumptions:
        yield "<h3>Assumed</h3>"
        yield listed(audit.assumptions)
    told = {
        "Window": f"{instant(audit.started_at)} to {instant(audit.ended_at)} UTC, from "
                  f"{STARTS.get(audit.started_by, audit.started_by)}",
        "Bridge": "start equity + lines + unexplained = end equity, exact to the last digit; each row of an export "
                  "is in one line; what rows do not explain is one line and is not spread",
        "Price of the position": "what was closed by hand, the size that was taken valued at the trigger price, and "
                                 "what was left; slippage is the distance from the trigger price to the fills",
        "Trigger price": sourced(audit.trigger_label, audit.trigger_source),
        "Requirement": sourced(audit.maintenance_label, audit.maintenance_source),
        "Health": "equity / maintenance margin; at 1 the venue liquidates"
                  + (f"; by its own name {audit.ratio_name}: {audit.ratio_rule}" if audit.ratio_name else ""),
        "How figures are known": "; ".join(f"{name}: {meaning}" for name, meaning in MEANINGS.items()),
        "Charts": "steps: a figure holds until the next is known; hatched: no price is known; health is drawn up to 4",
        "Figures": f"signed from the account's side, in {audit.asset}; rounded for reading: point at one for all "
                   "digits; ? is unknown, never zero",
        "Times": "UTC",
        "Command": command,
        "Program": f"marginbook {audit.version}",
        "Book": audit.book.told() if audit.book is not None else "",
        "Figures as JSON": f"schema_version {SCHEMA_VERSION}",
        "sha-256 of the figures": digest,
    }  # fmt: skip
    yield defined((name, plain(text)) for name, text in told.items() if text)
    yield said("All figures are in this page as one JSON object (script element `figures`).")
    button = '<button type="button" class="copies" data-copies="figures">copy the figures as JSON</button>'
    yield f'<p class="only-live">{button}</p>'
