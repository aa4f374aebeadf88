"""The charts of an audit as files of their own, for mails and papers: a drawing, a picture, a sheet of PDF.

All three are the same drawing, so that what is hatched on the page is hatched in them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reports.audit import Audit
from reports.audit_charts import figure, told_waterfall
from reports.audit_panes import told_over_time
from reports.charts import HATCH
from reports.svg import PATTERN
from reports.svg import svg as drawn

ROOT = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif"'
SCALE = 2
"""Points of the picture for one of the drawing."""


def svg(audit: Audit) -> str:
    """Return the figure as an SVG file, on white."""
    picture = drawn(figure(audit), f"{told_over_time(audit)} {told_waterfall(audit)}")
    picture = picture.replace(f'fill="{HATCH}"', 'fill="url(#hatch)"').replace("<svg ", f"<svg {ROOT} ", 1)
    opening, _, inside = picture.partition(">")
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}>{PATTERN}{ground}{inside}'


def drawing(audit: Audit, kind: str) -> bytes:
    """Return the figure as `svg`, as `png` (twice as fine as a screen of old) or as `pdf` (one sheet of its size)."""
    import vl_convert

    text = svg(audit)
    writers: dict[str, Callable[[], bytes]] = {
        "svg": text.encode,
        "png": partial(vl_convert.svg_to_png, text, scale=SCALE),
        "pdf": partial(vl_convert.svg_to_pdf, text),
    }
    return writers[kind]()
