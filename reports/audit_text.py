"""An audit on a terminal: the verdict, the bridge with its bars, the last events, and what would have changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rich.cells import cell_len

from reports.audit import Audit
from reports.audit_data import made_by
from reports.audit_history import dark_before, gap_before, history
from reports.audit_words import (
    ANSWERS,
    OUTCOMES,
    added,
    badge,
    brief,
    events,
    figures,
    health,
    instant,
    known,
    lasting,
    meant,
    named,
    ratio,
    read,
    start_name,
    unexplained,
)
from reports.audit_words import lines as bridge_lines
from reports.audit_words import title as titled
from reports.reading import clean
from reports.terminal import BOLD, DIM, PLAIN, RED, shortened, wrapped

SHOWN = 12
"""Events on a terminal; the page has more."""
NARROWEST_BAR = 12
WIDEST_NAME = 32
LEAST_BESIDE = 40
"""Cells that a figure needs beside its name, to stand beside it."""
LEAST_WORDS = 20
"""Cells that sentences of a table need."""
INDENT = "  "


class _Pen:
    """Writes lines that fit, with colour or without."""

    def __init__(self, width: int, colour: bool, ascii_only: bool) -> None:
        self.width, self.colour, self.ascii_only = max(width, 40), colour, ascii_only
        self.block, self.dash = ("#", "-") if ascii_only else ("█", "─")

    def clean(self, text: str) -> str:
        return clean(text, self.ascii_only)

    def styled(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self.colour and text.strip() else text

    def heading(self, text: str) -> list[str]:
        return ["", *self.said(text, BOLD)]

    def said(self, text: str, style: str = "", indent: int = 0, hang: int = 2) -> Iterator[str]:
        for line in wrapped(self.clean(text), self.width - indent, indent=hang):
            yield self.styled(" " * indent + line, style) if style else " " * indent + line

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]) -> Iterator[str]:
        """Yield rows below their heads; the last column takes what is left of the width and wraps."""
        cells = [[self.clean(cell) for cell in row] for row in rows]
        widths = [max(cell_len(row[at]) for row in [heads, *cells]) for at in range(len(heads))]
        room = self.width - sum(widths[:-1]) - 2 * len(heads)
        if room < min(widths[-1], LEAST_WORDS):  # too narrow for columns: a block a row
            for row in cells:
                yield from self._block(heads, row)
            return
        last = min(widths[-1], room)
        yield self.styled(self._row(heads, widths, right), DIM)
        for row in cells:
            first, *others = wrapped(row[-1], last)
            yield self._row([*row[:-1], first], widths, right)
            yield from (" " * (sum(widths[:-1]) + 2 * len(heads)) + line for line in others)

    def _row(self, row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
        padded = []
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * max(width - cell_len(cell), 0)
            text = blank + cell if at in right else cell + blank
            padded.append(self.styled(text, RED) if at in right and cell.startswith("-") else text)
        return (INDENT + "  ".join(padded)).rstrip()

    def _block(self, heads: Sequence[str], row: Sequence[str]) -> Iterator[str]:
        yield from self.said(f"{row[0]}  {row[-1]}", BOLD, indent=2)
        told = "; ".join(f"{name} {cell}" for name, cell in zip(heads[1:-1], row[1:-1], strict=True) if cell)
        if told:
            yield from self.said(told, indent=4)


def lines(audit: Audit, width: int, *, colour: bool = False, ascii_only: bool = False) -> list[str]:
    """Return the lines of the terminal, at most `width` cells wide (from 40 on)."""
    pen = _Pen(width, colour, ascii_only)
    parts: list[Iterable[str]] = [
        _head(audit, pen), _bridge(audit, pen), _events(audit, pen), _calls(audit, pen), _findings(audit, pen),
        _changes(audit, pen), _missing(audit, pen), _foot(audit, pen),
    ]  # fmt: skip
    return [line for part in parts for line in part]


def _head(audit: Audit, pen: _Pen) -> Iterator[str]:
    yield from pen.said(titled(audit), BOLD)
    yield from pen.said(f"{audit.account}, {audit.venue} {audit.wallet}; {audit.liquidation_id}", DIM)
    yield ""
    yield from pen.said(audit.verdict, hang=0)
    yield ""
    yield from pen.said(f"{badge(audit)}; {known(audit)}")
    told = figures(audit)
    names = [pen.clean(figure.name) for figure in told]
    widest = max(map(cell_len, names))
    for name, figure in zip(names, told, strict=True):
        text = figure.text + (f"; {brief(figure.about)}" if figure.about else "")
        if pen.width < widest + LEAST_BESIDE:
            yield from pen.said(f"{name}: {text}", indent=2)
            continue
        first, *others = wrapped(pen.clean(text), pen.width - widest - 4)
        yield f"{INDENT}{name}{' ' * (widest - cell_len(name))}  {first}"
        yield from (" " * (widest + 4) + line for line in others)


def _bridge(audit: Audit, pen: _Pen) -> Iterator[str]:
    """Yield the bridge: each line with its amount, its bar from where the last one stopped, and how it is known."""
    yield from pen.heading(f"From {instant(audit.started_at)} to {instant(audit.ended_at)} UTC, in {audit.asset}")
    level = audit.start_level
    rows: list[tuple[str, str, Decimal, Decimal, str]] = []
    rows.append((start_name(audit), read(level, "money", audit.asset), Decimal(0), level, audit.start_label))
    for term in bridge_lines(audit):
        amount = read(term.amount, "money", audit.asset, signed=True)
        rows.append((named(term.name), amount, level, added(level, term.amount), term.label))
        level = rows[-1][3]
    rows.append(
        ("end equity", read(audit.end_equity, "money", audit.asset), Decimal(0), audit.end_equity, audit.end_label)
    )
    names = min(max(cell_len(pen.clean(row[0])) for row in rows), WIDEST_NAME)
    amounts = max(cell_len(row[1]) for row in rows)
    room = pen.width - names - amounts - 7
    labels = max(cell_len(row[4]) for row in rows)
    bar = room - labels - 2
    low = min(Decimal(0), *(min(row[2], row[3]) for row in rows))
    high = max(Decimal(0), *(max(row[2], row[3]) for row in rows))
    for name, amount, begin, end, label in rows:
        drawn = _bar(begin, end, low, high, bar, pen.block) if bar >= NARROWEST_BAR else ""
        is_loss = amount.startswith("-")
        figure = pen.styled(f"{amount:>{amounts}}", RED) if is_loss else f"{amount:>{amounts}}"
        shown = shortened(pen.clean(name), names, "..")
        text = f"{INDENT}{shown}{' ' * (names - cell_len(shown))}  {figure}"
        if drawn:
            text += "  " + (pen.styled(drawn, RED) if is_loss else drawn)
        yield f"{text}  {label}".rstrip() if room >= labels else text
    if audit.unexplained:
        yield from pen.said(unexplained(audit), indent=2)


def _bar(begin: Decimal, end: Decimal, low: Decimal, high: Decimal, width: int, block: str) -> str:
    """Return a bar between two levels; one that is not zero is at least a cell."""
    whole = high - low
    if not whole or begin == end:
        return " " * width
    first, last = (int((level - low) * width / whole) for level in sorted((begin, end)))
    first = min(first, width - 1)
    last = min(max(last, first + 1), width)
    return " " * first + block * (last - first) + " " * (width - last)


def _events(audit: Audit, pen: _Pen) -> Iterator[str]:
    steps = history(audit, SHOWN)
    if not steps:
        return
    count = events(audit.moments)
    yield from pen.heading(f"The last events{f' of {count:,}' if count > len(steps) else ''}, times in UTC")
    asset, rows, spans = audit.asset, [], dark_before(audit, steps)
    for step in steps:
        moment = step.moment
        if text := gap_before(moment, spans):
            rows.append([instant(moment.at), "", "", "", "", "", text])
        if moment.kind == "price":
            continue
        effect = read(moment.effect, "money", asset, signed=True) if moment.effect is not None else ""
        rows.append([
            instant(moment.at), lasting(step.since), effect, read(step.buffer, "money", asset),
            read(step.cumulative, "money", asset, signed=True), health(moment.health), moment.what,
        ])  # fmt: skip
    heads = ["time", "since", "booked", "buffer", "so far", "health", "what"]
    yield from pen.table(heads, rows, frozenset({2, 3, 4, 5}))


def _calls(audit: Audit, pen: _Pen) -> Iterator[str]:
    if not audit.calls:
        return
    yield from pen.heading("Margin calls")
    for call in audit.calls:
        measure = (
            f", {audit.ratio_name} {ratio(audit, call.ratio)}" if call.ratio is not None and audit.ratio_name else ""
        )
        text = f"{instant(call.at)}  {call.level}: health {health(call.health)}{measure}; then "
        text += ANSWERS.get(call.answer, call.answer)
        for name, value in (("came in", call.added), ("closed", call.reduced), ("of it lost", call.lost)):
            text += f", {name} {read(value, 'money', audit.asset)}" if value else ""
        yield from pen.said(text, indent=2)


def _findings(audit: Audit, pen: _Pen) -> Iterator[str]:
    if not audit.findings:
        return
    yield from pen.heading("Findings")
    for found in sorted(audit.findings, key=lambda one: one.code != audit.primary_cause):
        primary = ", primary cause" if found.code == audit.primary_cause else ""
        yield from pen.said(f"{named(found.code)} ({found.severity}{primary}): {found.sentence}", indent=2)
        rule = "; ".join(
            part for part in (found.threshold, f"assumed: {found.assumed}" if found.assumed else "") if part
        )
        if rule:
            yield from pen.said(f"rule: {rule}", DIM, indent=4)


def _changes(audit: Audit, pen: _Pen) -> Iterator[str]:
    if not audit.counterfactuals:
        return
    yield from pen.heading("What would have changed it (model output: same prices, one thing changed)")
    rows = [
        [one.title, read(one.liquidation_price, "price"), meant(one) or OUTCOMES.get(one.outcome, one.outcome)]
        for one in audit.counterfactuals
    ]  # fmt: skip
    yield from pen.table(["change", "liquidated at", "what it would have meant"], rows, frozenset({1}))


def _foot(audit: Audit, pen: _Pen) -> Iterator[str]:
    if audit.book is not None:
        yield ""
        yield from pen.said(made_by(audit.version, audit.book), DIM)


def _missing(audit: Audit, pen: _Pen) -> Iterator[str]:
    told = [*audit.missing, *(f"assumed: {text}" for text in audit.assumptions)]
    if told:
        yield from pen.heading("What could not be known")
    for text in told:
        yield from pen.said(text, indent=2)
