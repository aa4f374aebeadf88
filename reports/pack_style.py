"""The style of a month's page: that of every page, and what charts, evidence and paper need besides."""

from __future__ import annotations

from reports.charts import CAUSES, GAIN, HATCH, INK, LINE, LOSS, SOFT
from reports.page import STYLE

_LIGHT = {"gain": GAIN, **{f"cause{no}": shade for no, shade in enumerate(CAUSES.values())}}
_DARK = {"gain": "#4cc3d9", "cause0": "#4ea8e8", "cause1": "#3ecf9f", "cause2": "#d98fca", "cause3": "#f0913f"}
_SHADES = {INK: "ink", SOFT: "soft", LINE: "line", LOSS: "loss", **{shade: name for name, shade in _LIGHT.items()}}


def _variables(shades: dict[str, str]) -> str:
    return " ".join(f"--{name}: {shade};" for name, shade in shades.items())


_COLOURS = "\n".join(
    f'svg [fill="{shade}"] {{ fill: var(--{name}); }} svg [stroke="{shade}"] {{ stroke: var(--{name}); }}'
    for shade, name in _SHADES.items()
)

PACK_STYLE = f"""{STYLE}
:root {{ --link: #0b5394; --mark: #fff3bf; {_variables(_LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ --link: #8ec5ff; --mark: #4a3f12; {_variables(_DARK)} }} }}
{_COLOURS}
svg [fill="{HATCH}"] {{ fill: url(#hatch); }}
"""

PACK_STYLE += """
html { scroll-padding-top: 1rem; }
body { padding: 0; overflow-wrap: break-word; }
header, main, footer { padding: 1rem 1.5rem; max-width: 1800px; margin: 0 auto; }
header { padding-bottom: 0; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px; }
code { font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--ground); z-index: 9; }
.skip:focus { top: .5rem; }
.verdict { font-size: 1.15rem; margin: .5rem 0; }
.badge { display: inline-block; border: 2px solid currentColor; border-radius: 4px; padding: .1rem .6rem;
  font-weight: 700; margin: 0 .5rem .25rem 0; }
.draft { color: var(--loss); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .75rem 0 0; padding: 0; }
nav a { display: inline-block; padding: .25rem 0; }
.blocks li { margin: .25rem 0; max-width: 120ch; }
.scroll { position: relative; width: fit-content; max-width: 100%; }
table { width: auto; }
tbody th { font-weight: 400; border-bottom: 1px solid var(--line); }
tbody th:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 15rem; max-width: 24rem; }
tbody tr:nth-child(even) th { background: var(--band); }
td.n a { color: inherit; text-decoration: underline dotted 1px; text-underline-offset: .2em; }
td.n a:hover, td.n a:focus { text-decoration-style: solid; }
tr:target th, tr:target td, tbody tr:nth-child(even):target td, tbody tr:nth-child(even):target th {
  background: var(--mark); }
.charts { display: flex; flex-wrap: wrap; gap: .5rem 3rem; align-items: flex-start; }
figure { margin: 1rem 0; break-inside: avoid; max-width: 100%; }
details .scroll { max-height: 30rem; margin: .25rem 0; }
figcaption { font-weight: 600; margin-bottom: .25rem; }
.chart { overflow-x: auto; max-width: 100%; border: 0; }
svg { display: block; }
svg { overflow: visible; }
svg text { font-family: Arial, "Liberation Sans", Helvetica, sans-serif; }
svg a:hover path { opacity: .75; }
summary { cursor: pointer; padding: .25rem 0; }
.calendar td, .calendar thead th { padding: .2rem .1rem; text-align: center; min-width: 1.5rem; }
.calendar thead th:first-child { text-align: left; padding-left: .6rem; }
.calendar td { border-left: 1px solid var(--line); font-weight: 600; }
.calendar .missing { color: var(--loss); background: var(--mark); }
.calendar .faint { color: var(--soft); font-weight: 400; }
.proof .scroll { max-height: 22rem; margin: .25rem 0 0; }
.proof h3 { display: flex; gap: 1rem; justify-content: space-between; overflow-wrap: anywhere; }
.proof p { margin: 0 0 .25rem; }
.proof .back { display: none; font-weight: 400; }
.proof td { white-space: normal; } .proof .i, .proof tbody th { white-space: nowrap; }
.proof tbody th { position: static; max-width: none; }
.proof .raw { min-width: 24rem; max-width: 70rem; }
.parts { margin: .25rem 0; padding-left: 1.25rem; columns: 24rem auto; }
.parts li { break-inside: avoid; }
.proof:target { position: fixed; inset: auto 0 0 0; max-height: 60vh; overflow: auto; z-index: 8;
  padding: .25rem 1.5rem 1rem; background: var(--ground);
  border-top: 3px solid var(--link); box-shadow: 0 -6px 24px rgb(0 0 0 / .35); }
.proof:target h3 { position: sticky; top: 0; background: var(--ground); padding: .5rem 0; margin: 0; z-index: 2; }
.proof:target .back { display: inline; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 700px) {
  header, main, footer { padding-left: .75rem; padding-right: .75rem; }
  th:first-child, td:first-child { position: static; }
  tbody th:first-child { min-width: 8rem; max-width: 11rem; }
  .proof .raw { min-width: 16rem; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; }
  .parts { columns: auto; } }
"""

PACK_STYLE += f"""
@media print {{ :root {{ --link: #000; --mark: #fff; {_variables(_LIGHT)} }}
  body {{ font-size: 8pt; }} table {{ font-size: 6.5pt; }} h1 {{ font-size: 15pt; }}
  h2 {{ font-size: 11pt; margin-top: 6mm; }}
  h3, figcaption {{ font-size: 8pt; }} header, main, footer {{ padding: 0; max-width: none; }}
  .charts {{ display: block; }} figure {{ break-inside: auto; margin: 3mm 0; }} figcaption {{ break-after: avoid; }}
  .chart {{ break-inside: avoid; }} summary {{ break-after: avoid; }} td, th {{ padding: .3mm .8mm; }}
  nav, .skip, .back {{ display: none; }} h2 {{ break-after: avoid; }} h3 {{ break-after: avoid; }}
  .verdict {{ font-size: 10pt; }} a {{ color: inherit; text-decoration: none; }} td.n a {{ text-decoration: none; }}
  .scroll, .proof .scroll, details .scroll {{ max-height: none; overflow: visible; width: auto; }}
  .chart {{ overflow: visible; }}
  svg {{ max-width: 100%; width: auto; height: auto; max-height: 62mm; }}
  details::details-content {{ content-visibility: visible; }}
  tr:target th, tr:target td {{ background: none; }} .proof {{ break-inside: auto; }}
  .proof:target {{ position: static; max-height: none; overflow: visible; border: 0; box-shadow: none; padding: 0; }}
  .proof:target .back {{ display: none; }} .proof:target h3 {{ position: static; }}
  .proof tbody th, .proof .i {{ white-space: normal; }} .proof .raw {{ min-width: 0; }} code {{ font-size: 5.5pt; }}
  tbody th:first-child {{ min-width: 0; }} #evidence {{ break-before: page; }}
  .calendar td, .calendar thead th {{ min-width: 0; }} }}
"""
