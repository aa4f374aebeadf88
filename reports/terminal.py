"""A report on a terminal: columns that fit, figures that are never cut, totals under them.

It draws its own lines: at 5,000 rows a rich Table takes two seconds, and it may shorten a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import polars as pl
from rich.cells import cell_len, chop_cells, set_cell_size

from reports.contract import Report
from reports.fitting import GAP, Fitted, Slot, fit
from reports.reading import LACKING, UNKNOWN, Reading, clean, read, same_in_every_row, summary

BOLD, DIM, RED, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
UNKNOWN_IS = "? is unknown, never zero"
SUMS_LACK = ("+ ? is a total that lacks an unknown part", "+ ? is a sum that lacks an unknown part")
EVERY_DIGIT = "csv, json and xlsx hold every column and every digit"


def table(
    frame: pl.DataFrame, report: Report, *, width: int | None = None, colour: bool = False, ascii_only: bool = False
) -> str:
    """Return the text of a report, lines at most `width` cells wide."""
    reading = read(frame, report, ascii_only)
    limit = width or 100
    title = wrapped(clean(report.title, ascii_only), limit)
    head = [_styled(line, BOLD, colour) for line in title]
    if not reading.rows:
        return _text([*head, "", *_paragraphs(report.empty, limit, ascii_only)])
    head += [_styled(line, DIM, colour) for line in wrapped(clean(summary(report, reading), ascii_only), limit)]
    fitted = fit(reading, report, width)
    body = _drawn(fitted.slots, reading, colour, ascii_only)
    notes = _remarks(reading, fitted, width)
    tail = [_styled(line, DIM, colour) for note in notes for line in wrapped(note, limit, indent=2)]
    said = _paragraphs(report.note, limit, ascii_only) if report.note else []
    return _text([*head, "", *body, *([""] if tail or said else []), *tail, *said])


def section(
    frame: pl.DataFrame, report: Report, *, width: int, most: int, colour: bool = False, ascii_only: bool = False
) -> list[str]:
    """Return a report as a part of a longer text: its title, the first `most` rows, and totals of all rows.

    What `?` and rounding mean is left to the longer text, which says it once.
    """
    reading = read(frame, report, ascii_only)
    shown = [replace(field, cells=field.cells[:most], exact=field.exact[:most]) for field in reading.fields]
    fitted = fit(replace(reading, fields=tuple(shown), rows=min(reading.rows, most)), report, width)
    head = [_styled(line, BOLD, colour) for line in wrapped(clean(report.title, ascii_only), width)]
    said = {UNKNOWN_IS, *SUMS_LACK}
    remarks = [note for note in _remarks(reading, fitted, width) if note not in said and not note.endswith(EVERY_DIGIT)]
    tail = [_styled(line, DIM, colour) for note in remarks for line in wrapped(note, width, indent=2)]
    return [*head, *_drawn(fitted.slots, reading, colour, ascii_only), *tail]


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


def _drawn(slots: Sequence[Slot], reading: Reading, colour: bool, ascii_only: bool) -> list[str]:
    dash, ellipsis = ("-", "..") if ascii_only else ("─", "…")
    rule = _styled(GAP.join(dash * slot.width for slot in slots), DIM, colour)
    depth = max(len(slot.header) for slot in slots)
    lines = []
    for level in range(depth):
        names = [("",) * (depth - len(slot.header)) + slot.header for slot in slots]
        line = GAP.join(
            _padded(name[level], slot.width, slot.field.is_number) for name, slot in zip(names, slots, strict=True)
        )
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
    wrapping = {place for place, slot in enumerate(slots) if slot.field.wraps and slot.width < slot.full}
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
            filled = (blank if part is None else part for part, blank in zip(line, blanks, strict=True))
            lines.append(GAP.join(filled).rstrip())
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


def _remarks(reading: Reading, fitted: Fitted, width: int | None) -> list[str]:
    left_out = fitted.left_out
    remarks = same_in_every_row([slot.field for slot in fitted.constant])
    if left_out:
        remarks.append(f"left out to fit {width} columns: " + ", ".join(slot.name for slot in left_out))
        for slot in left_out:
            if slot.field.totals:
                totals = zip(reading.total_labels, slot.field.totals, strict=True)
                sums = (f"{label.removeprefix('total').strip()} {text}".strip() for label, text in totals if text)
                remarks.append(f"total of {slot.name}: " + ", ".join(sums))
    figures = [field for field in reading.fields if field.is_number]
    shown = {slot.name for slot in fitted.slots}
    if any(UNKNOWN in field.cells for field in figures if field.column.name in shown):
        remarks.append(UNKNOWN_IS)
    if any(total.endswith(LACKING) for field in figures for total in field.totals):
        remarks.append(SUMS_LACK[0])
    elif any(cell.endswith(LACKING) for field in figures for cell in set(field.cells)):
        remarks.append(SUMS_LACK[1])
    if left_out or reading.is_rounded:
        remarks.append(("figures are rounded for reading; " if reading.is_rounded else "") + EVERY_DIGIT)
    return remarks


def _paragraphs(text: str, width: int, ascii_only: bool) -> list[str]:
    return [line for part in text.split("\n") for line in wrapped(clean(part, ascii_only), width)]


def _chopped(word: str, width: int, first: int) -> list[str]:
    if cell_len(word) <= first:
        return [word]
    head = chop_cells(word, max(first, 1))[0]
    return [head, *(chop_cells(word[len(head) :], max(width - 2, 1)) or [""])]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
