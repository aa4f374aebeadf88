"""The style of an audit's page: that of a month's page, and what moving charts and filters need besides."""

from __future__ import annotations

from reports.pack_style import PACK_STYLE

AUDIT_STYLE = f"""{PACK_STYLE}
.figures {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem 1.5rem;
  margin: 1rem 0; }}
body {{ overflow-wrap: anywhere; }} td, th {{ overflow-wrap: normal; }} .w, .raw {{ overflow-wrap: anywhere; }}
.figures div {{ min-width: 0; border-left: 3px solid var(--line); padding-left: .6rem; }}
.figures dt {{ font-size: .85rem; }} .figures dd {{ font-weight: 600; font-size: 1.05rem; margin: 0; }}
.figures dd small {{ display: block; font-weight: 400; font-size: .8rem; color: var(--soft); }}
.verdict {{ font-size: 1.3rem; line-height: 1.35; max-width: 75ch; }}
.low {{ color: var(--loss); }} .missing li {{ max-width: 120ch; }}
.scroll {{ margin: .5rem 0 1rem; }}
tbody th:first-child {{ min-width: 8rem; white-space: nowrap; overflow-wrap: normal; }}
th button {{ all: unset; cursor: pointer; font: inherit; font-weight: 700; }}
th button:focus-visible {{ outline: 3px solid var(--link); }}
th[aria-sort] button::after {{ content: " \\2191"; }} th[aria-sort="descending"] button::after {{ content: " \\2193"; }}
.controls {{ display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; margin: .5rem 0; }}
.controls label {{ max-width: 100%; min-width: 0; display: inline-flex; gap: .4rem; align-items: center; }}
input, select, .controls button, .copies {{ font: inherit; color: inherit; background: var(--ground);
  min-height: 2.1rem; border: 1px solid var(--soft); border-radius: 4px; padding: .2rem .6rem; max-width: 100%;
  min-width: 0; }}
input[type=checkbox] {{ min-height: 0; width: 1.1rem; height: 1.1rem; }}
.controls button:hover, .copies:hover {{ background: var(--band); cursor: pointer; }}
.only-live, .moving {{ display: none; }}
.live .only-live {{ display: flex; }} .live details.only-live, .live p.only-live {{ display: block; }}
figure.drawn .moving {{ display: block; }} figure.drawn .still {{ display: none; }}
.moving {{ touch-action: pan-y; overflow: hidden; }} .moving svg {{ overflow: hidden; }}
#time-live svg {{ cursor: crosshair; }}
#readout {{ display: none; position: sticky; top: 0; z-index: 3; background: var(--ground); padding: .4rem 0;
  border-bottom: 1px solid var(--line); }}
.drawn #readout {{ display: block; }}
#readout p {{ margin: 0 0 .25rem; font-weight: 600; }} #readout p a {{ font-weight: 400; }}
#readout dl {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: .1rem .9rem;
  margin: 0; font-size: .85rem; font-variant-numeric: tabular-nums; }}
#readout dd {{ margin: 0; overflow-wrap: anywhere; }} #readout dt {{ font-size: .75rem; }}
tbody tr:nth-child(n) td.gap {{ background: repeating-linear-gradient(45deg, var(--ground) 0 6px, var(--line) 6px 9px);
  font-style: italic; }}
.findings {{ padding-left: 0; list-style: none; }} .findings p {{ margin-bottom: .15rem; }}
.findings li {{ border-left: 3px solid var(--line); padding-left: .75rem; margin: .75rem 0; }}
.severity {{ display: inline-block; font-size: .8rem; padding: 0 .4rem; border: 1px solid currentColor;
  border-radius: 3px; }}
.severity.critical {{ color: var(--loss); font-weight: 700; }} .severity.warning {{ color: var(--cause3); }}
.findings .badge {{ font-size: .75rem; padding: 0 .4rem; border-width: 1px; }}
.model {{ border-left: 3px solid var(--cause2); padding-left: .6rem; }}
#changes .w {{ min-width: 22rem; }} #changes tbody th:first-child {{ white-space: normal; min-width: 12rem; }}
.raw {{ white-space: normal; min-width: 24rem; }} #evidence td {{ vertical-align: top; }}
#moments .scroll {{ max-height: 24rem; }}
tr[hidden] {{ display: none; }}
@media (max-width: 700px) {{ .verdict {{ font-size: 1.1rem; }} .figures {{ grid-template-columns: 1fr 1fr; }}
  .figures dd {{ font-size: .95rem; overflow-wrap: anywhere; }} .raw {{ min-width: 14rem; }}
  #zooms .soft {{ display: none; }}
  #readout dl {{ grid-template-columns: repeat(3, 1fr); font-size: .72rem; gap: .05rem .4rem; }}
  #readout dt {{ font-size: .66rem; }} #readout p {{ font-size: .8rem; }} #readout {{ padding: .2rem 0; }}
  tbody th:first-child {{ min-width: 6rem; max-width: none; }} }}
@media print {{ .only-live, .live .only-live, .live details.only-live, .live p.only-live,
   .moving, figure.drawn .moving, .drawn #readout, .copies {{
    display: none; }}
  figure.drawn .still {{ display: block; }} .tall svg {{ max-height: 175mm; }} .tall {{ break-before: page; }}
  .verdict {{ font-size: 12pt; }} .figures {{ grid-template-columns: repeat(4, 1fr); gap: 2mm 4mm; }}
  .figures dd {{ font-size: 9pt; }} .raw {{ min-width: 0; }} tbody th:first-child {{ min-width: 0; }}
  tr[hidden] {{ display: table-row; }} }}
"""
