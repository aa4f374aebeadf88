"""What an audit's page rests on: the source rows themselves, the files they are from, and the state of the data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from reports.audit import TERMS, Audit
from reports.audit_tables import Cell, Places, defined, head, listed, markup, number, table, words
from reports.audit_words import exact, instant, lines, named
from reports.page import plain, said

CONTROLS = """<div class="controls only-live">
<label>Search <input id="search" type="search" autocomplete="off" spellcheck="false"></label>
<label>Line <select id="line"><option value="">all lines</option>{options}</select></label>
<button type="button" id="whole" hidden>show all</button>
<button type="button" id="copy">copy the rows shown</button>
<span id="counted" class="soft" role="status"></span>
</div>"""


def evidence(audit: Audit, places: Places) -> Iterator[str]:
    """Yield every row behind a figure, with its file, line and text."""
    if not audit.evidence:
        yield said("The rows behind the figures are not on this page.")
        return
    used = _lines_of_rows(audit)
    effects = _effects(audit)
    names = dict.fromkeys(line for lines in used.values() for line in lines)
    order = [term.name for term in lines(audit) if term.name in names]
    options = "".join(f'<option value="{plain(name)}">{plain(named(name))}</option>' for name in order)
    yield said("Every row of an export behind a figure above, as the file has it. A heading sorts; a figure above "
               "leads to its rows.")  # fmt: skip
    yield CONTROLS.format(options=options)
    files = {item.get("name", ""): item for item in audit.files}
    heads = ["time (UTC)", "what", "#booked", "line", "where", "text of the row", "file (sha-256)", "import",
             "row"]  # fmt: skip
    yield '<div id="evidence-rows" tabindex="-1">'
    yield '<div class="scroll" role="region" tabindex="0" aria-label="Evidence"><table>'
    yield f"<thead><tr>{_heads(heads)}</tr></thead>"
    yield "<tbody>"
    for key, place in places.ids.items():
        row = audit.evidence[key]
        file = _file(row.place, files)
        sha = file.get("sha256", "")
        cells = [
            head(instant(row.at) if row.at is not None else ""), words(f"{row.what} ({row.table})", wide=True),
            _effect(effects.get(key), audit.asset),
            words(", ".join(named(line) for line in used[key]), wide=True), markup(f"<code>{plain(row.place)}</code>"),
            markup(f"<code>{plain(row.raw)}</code>", "raw") if row.raw is not None else words("not read back"),
            markup(f'<code title="{plain(sha)}">{plain(sha[:12])}</code>' if sha else "", ""),
            words(str(file.get("import", ""))), markup(f"<code>{plain(key)}</code>"),
        ]  # fmt: skip
        yield f'<tr id="{place}" data-lines="{plain(" ".join(used[key]))}">{"".join(cells)}</tr>'
    yield "</tbody></table></div></div>"


def files(audit: Audit) -> Iterator[str]:
    """Yield the files behind it."""
    if not audit.files:
        return
    yield "<h3>Files</h3>"
    rows: Iterator[list[Cell]] = (
        [head(file.get("name", "")), words(file.get("format", "")), words(str(file.get("import", ""))),
         markup(f"<code>{plain(file.get('sha256', ''))}</code>")]
        for file in audit.files
    )  # fmt: skip
    yield from table("Files", ["file", "format", "import", "sha-256"], rows)


def quality(audit: Audit) -> Iterator[str]:
    """Yield what is known about the data itself."""
    told = [
        (name, "".join(f"<div>{plain(text)}</div>" for text in _told(value))) for name, value in audit.quality.items()
    ]
    if told:
        yield defined(told)
    else:
        yield said(
            "No check of the data is part of this page: `marginbook check` and `marginbook report coverage` tell."
        )
    if audit.found_by:
        yield "<h3>What tells that it was a liquidation</h3>"
        yield listed(audit.found_by)


def _heads(heads: list[str]) -> str:
    return "".join(
        f'<th scope="col"{" class=n" if name.startswith("#") else ""}>{plain(name.removeprefix("#"))}</th>'
        for name in heads
    )


def _lines_of_rows(audit: Audit) -> Mapping[str, list[str]]:
    """Return the lines of the bridge that each row is in, or whose value it is a price of."""
    used: dict[str, list[str]] = defaultdict(list)
    order = {name: place for place, name in enumerate(TERMS)}
    for term in sorted(audit.terms, key=lambda one: order.get(one.name, len(order))):
        for key in term.sources:
            used[key].append(term.name)
    return used


def _effects(audit: Audit) -> dict[str, Decimal]:
    """Return what single rows did to the equity; moments of several rows do not tell."""
    return {
        moment.rows[0]: moment.effect
        for moment in audit.moments if len(moment.rows) == 1 and moment.effect is not None
    }  # fmt: skip


def _effect(value: Decimal | None, asset: str) -> Cell:
    if value is None:
        return markup("", "n")
    return number(value, "money", asset, signed=True).replace("<td ", f'<td data-value="{exact(value)}" ', 1)


def _file(place: str, files: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return the file that a place is in: the longest name that it starts with, up to `:` or `!`."""
    names = [
        name for name in files if name and place.startswith(name) and place[len(name) : len(name) + 1] in {"", ":", "!"}
    ]
    return files[max(names, key=len)] if names else {}


def _told(value: object) -> Iterator[str]:
    """Yield the lines of an entry about the data, whatever holds them."""
    match value:
        case None:
            yield "none known"
        case dict():
            yield from (f"{name}: {text}" for name, inner in value.items() for text in _told(inner))
        case list() | tuple():
            yield from (text for inner in value for text in _told(inner)) if value else ("none",)
        case Decimal():
            yield exact(value) or ""
        case datetime():
            yield f"{instant(value)} UTC"
        case _:
            yield str(value)
