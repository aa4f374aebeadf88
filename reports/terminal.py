"""A report on a terminal: columns that fit, figures that are never cut, totals under them.

It draws its own lines: at 5,000 rows a rich Table takes two seconds, and it may shorten a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import polars as pl
from rich.cells import cell_len, chop_cells, set_cell_size

from reports.contract import Report
from reports.fitting import GAP, Slot, fit, flexible
from reports.reading import Reading, clean, is_utf8, read, summary

BOLD, DIM, RED, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
EVERY_DIGIT = "csv, json and xlsx hold every column and every digit"


def table(
    frame: pl.DataFrame, report: Report, *, width: int | None = None, colour: bool = False, encoding: str = "utf-8"
) -> str:
    """Return the text of a report, lines at most `width` cells wide."""
    reading = read(frame, report, encoding)
    limit = width or 100
    title = wrapped(clean(report.title, encoding), limit)
    head = [_styled(line, BOLD, colour) for line in title]
    if not reading.rows:
        return _text([*head, "", *_paragraphs(report.empty, limit, encoding)])
    head += [_styled(line, DIM, colour) for line in wrapped(clean(summary(report, reading), encoding), limit)]
    fitted = fit(reading, report, width)
    body = _drawn(fitted.slots, reading, colour, is_utf8(encoding))
    notes = _remarks(reading, fitted.constant, fitted.left_out, width)
    tail = [_styled(line, DIM, colour) for note in notes for line in wrapped(note, limit, indent=2)]
    said = _paragraphs(report.note, limit, encoding) if report.note else []
    return _text([*head, "", *body, *([""] if tail or said else []), *tail, *said])


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Return the lines of a text, broken at blanks, inside a word only where it is longer than a line."""
    lines, line = [], ""
    for word in text.split(" "):
        if line.strip() and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = " " * indent
            joint = ""
        else:
            joint = " " if line.strip() else ""
        pieces = _chopped(word, width, width - cell_len(line + joint))
        for piece in pieces[:-1]:
            lines.append(line + joint + piece)
            line, joint = " " * indent, ""
        line += joint + pieces[-1]
    return [*lines, line]


def shortened(text: str, width: int, ellipsis: str) -> str:
    """Return a text cut in its middle, where ids differ least."""
    if cell_len(text) <= width:
        return text
    room = width - len(ellipsis)
    head = set_cell_size(text, room - room // 2)
    tail = set_cell_size(text[::-1], room // 2)[::-1]
    return head + ellipsis + tail


# ------------------------------------------------------------------------------------------------ drawing


def _drawn(slots: Sequence[Slot], reading: Reading, colour: bool, fancy: bool) -> list[str]:
    dash, ellipsis = ("─", "…") if fancy else ("-", "..")
    rule = _styled(GAP.join(dash * slot.width for slot in slots), DIM, colour)
    depth = max(len(slot.header) for slot in slots)
    lines = []
    for level in range(depth):
        names = [slot.header[level - depth + len(slot.header)] if level >= depth - len(slot.header) else "" for slot in slots]
        line = GAP.join(_padded(name, slot.width, slot.field.is_number) for name, slot in zip(names, slots, strict=True))
        lines.append(_styled(line.rstrip(), BOLD, colour))
    lines.append(rule)
    lines += _rows(slots, [slot.cells for slot in slots], colour, ellipsis)
    if reading.total_labels:
        totals = [slot.field.totals or [""] * len(reading.total_labels) for slot in slots]
        totals[0] = reading.total_labels
        lines.append(rule)
        lines += _rows(slots, totals, colour, ellipsis)
    return lines


def _rows(slots: Sequence[Slot], columns: Sequence[Sequence[str]], colour: bool, ellipsis: str) -> list[str]:
    """Return the lines of the rows, whole columns at a time; only text that wraps makes a row of several lines."""
    wrapping = {place for place, slot in enumerate(slots) if flexible(slot) and slot.width < slot.full}
    drawn: list[list[str]] = []
    for place, (slot, cells) in enumerate(zip(slots, columns, strict=True)):
        if place in wrapping:
            drawn.append([])
            continue
        known = {cell: _cell(slot, cell, colour, ellipsis) for cell in set(cells)}
        drawn.append([known[cell] for cell in cells])
    if not wrapping:
        return [GAP.join(row).rstrip() for row in zip(*drawn, strict=True)]
    lines = []
    blanks = [" " * slot.width for slot in slots]
    for row in range(len(columns[0])):
        parts = [
            [_cell(slot, line, colour, ellipsis) for line in wrapped(columns[place][row], slot.width)]
            if place in wrapping else [drawn[place][row]]
            for place, slot in enumerate(slots)
        ]  # fmt: skip
        for line in zip_longest(*parts):
            lines.append(GAP.join(part if part is not None else blanks[place] for place, part in enumerate(line)).rstrip())
    return lines


def _cell(slot: Slot, text: str, colour: bool, ellipsis: str) -> str:
    shown = text if slot.field.is_number else shortened(text, slot.width, ellipsis)
    padded = _padded(shown, slot.width, slot.field.is_number)
    return _styled(padded, RED, colour) if slot.field.is_loss(text) else padded


def _padded(text: str, width: int, right: bool) -> str:
    room = " " * (width - (len(text) if text.isascii() else cell_len(text)))
    return room + text if right else text + room


def _styled(text: str, style: str, colour: bool) -> str:
    return f"{style}{text}{PLAIN}" if colour and text else text


# ------------------------------------------------------------------------------------------------ sentences


def _remarks(reading: Reading, constant: Sequence[Slot], left_out: Sequence[Slot], width: int | None) -> list[str]:
    remarks = []
    said = [f"{slot.name} {slot.cells[0]}" for slot in constant if slot.cells[0]]
    empty = [slot.name for slot in constant if not slot.cells[0]]
    if said:
        remarks.append("in every row: " + ", ".join(said))
    if empty:
        remarks.append("empty in every row: " + ", ".join(empty))
    if left_out:
        remarks.append(f"left out to fit {width} columns: " + ", ".join(slot.name for slot in left_out))
        for slot in left_out:
            if slot.field.totals:
                totals = zip(reading.total_labels, slot.field.totals, strict=True)
                remarks.append(f"  {slot.name}: " + ", ".join(f"{label} {text}" for label, text in totals))
    if reading.has_unknown:
        remarks.append("? is unknown, never zero" + ("; + ? is a total that lacks it" if _lacking(reading) else ""))
    if left_out or reading.is_rounded:
        remarks.append(("figures are rounded for reading; " if reading.is_rounded else "") + EVERY_DIGIT)
    return remarks


def _lacking(reading: Reading) -> bool:
    return any(total.endswith("+ ?") for field in reading.fields for total in field.totals)


def _paragraphs(text: str, width: int, encoding: str) -> list[str]:
    return [line for part in text.split("\n") for line in wrapped(clean(part, encoding), width)]


def _chopped(word: str, width: int, first: int) -> list[str]:
    if cell_len(word) <= first:
        return [word]
    head = chop_cells(word, max(first, 1))[0]
    return [head, *(chop_cells(word[len(head):], max(width - 2, 1)) or [""])]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
