"""A chart as inline SVG: rendered from a Vega-Lite specification, then written anew from what a page may hold.

Nothing is taken over as text: only known elements and attributes pass, so that no style, script, address or name of
another program can come with a chart, whatever version drew it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.util import find_spec
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from reports.reading import clean

ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan", "a"})
ATTRIBUTES = (
    "d", "transform", "x", "y", "x1", "x2", "y1", "y2", "dy", "width", "height", "fill", "fill-opacity", "stroke",
    "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "text-anchor", "font-size", "font-weight",
)  # fmt: skip
LEADS = re.compile(r"#([a-z]+-[0-9a-f]+)\Z")
"""The end of a link that may pass: a place on this very page."""
DECIMALS = re.compile(r"-?\d+\.\d{3,}")
PATTERN = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" stroke="#5c6570" stroke-width="2"/></pattern></defs>'
)
"""What is filled of which nothing is known."""
SHAPES = frozenset({"path", "line", "rect"})


def can_draw() -> bool:
    """Say whether the library that draws is installed (`pip install 'marginbook[charts]'`)."""
    return find_spec("vl_convert") is not None


def svg(spec: Mapping[str, Any], text: str) -> str:
    """Return the drawing with its text alternative; text of the data cannot steer it, and nothing is fetched."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(cleaned(spec), vl_version="5.21", allowed_base_urls=[], show_warnings=False)
    root = fromstring(drawn)
    width, height = (round(float(root.get(name, "0"))) for name in ("width", "height"))
    inside = "".join(_written(child) for child in root)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(clean(text))}">{inside}</svg>'


def cleaned(value: Any) -> Any:
    """Return the specification without a character that XML cannot hold: one such stops the whole program."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(inner) for inner in value]
    return value


def _written(element: Element) -> str:
    name = element.tag.rpartition("}")[2]
    if name not in ELEMENTS or element.get("display") == "none":
        return ""
    if name == "path" and (element.get("d") or "").replace("0", "") in {"", "M,hvhZ"}:
        return ""
    inside = escape(element.text or "", quote=False) + "".join(_written(child) for child in element)
    if name in {"g", "a", "text", "tspan"} and not inside:
        return ""
    tip = element.get("aria-label")
    if name in SHAPES and tip:
        inside = f"<title>{escape(tip, quote=False)}</title>{inside}"
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in _attributes(element))
    if name == "g" and not attributes:
        return inside
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    for key in ATTRIBUTES:
        value = element.get(key)
        if value is not None and (key, value) not in {("opacity", "1"), ("transform", "translate(0,0)")}:
            yield key, DECIMALS.sub(_shorter, value) if key in {"d", "transform"} else value
    link = element.get("{http://www.w3.org/1999/xlink}href") or element.get("href") or ""
    if element.tag.endswith("}a") and (place := LEADS.search(link)):
        yield "href", f"#{place[1]}"
        yield "tabindex", "-1"  # the same link is in the table beside the chart


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
