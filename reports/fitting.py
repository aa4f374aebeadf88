"""Which columns of a report a terminal shows, and how wide each is.

Where they do not all fit: names break at `_`, columns that say the same in every row are told once under the table,
`wide` columns go, text and instants are shortened, and at last other columns go, the least telling first.  A figure
is shown whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len

from reports.contract import Kind, Report
from reports.reading import Field, Reading, is_constant

GAP = "  "
LEAST_TEXT = 16
LEAST_WORDS, GOOD_WORDS = 20, 40
MINUTES = 16
"""Width of an instant without its seconds."""

LEAVES_FIRST: tuple[Kind | Literal["list"], ...] = (
    "count", "percent", "ratio", "price", "quantity", "instant", "list", "money", "text", "words",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The place of a column: its heading in lines, its width, and the width at which nothing is shortened."""

    field: Field
    header: tuple[str, ...]
    cells: Sequence[str]
    width: int
    full: int

    @property
    def name(self) -> str:
        """Return the column's name."""
        return self.field.column.name

    @property
    def least(self) -> int:
        """Return the smallest width at which it still can be read."""
        if self.field.is_number or self.field.column.whole:
            return self.full
        if self.field.kind == "instant":
            return min(self.full, max(MINUTES, *map(len, self.header)))
        return min(self.full, LEAST_WORDS if self.field.wraps else LEAST_TEXT)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What the table shows, what is said once under it, and what is left out."""

    slots: tuple[Slot, ...]
    constant: tuple[Slot, ...] = ()
    left_out: tuple[Slot, ...] = ()


def fit(reading: Reading, report: Report, width: int | None) -> Fitted:
    """Return the slots of a report on a terminal of `width` cells; without one nothing is spared."""
    slots = [_slot(field, (field.column.name,), _labels(reading, place)) for place, field in enumerate(reading.fields)]
    if width is None or _total(slots) <= width:
        return Fitted(slots=tuple(slots))
    slots = [_slot(slot.field, _broken(slot), _labels(reading, place)) for place, slot in enumerate(slots)]
    if _total(slots) <= width:
        return Fitted(slots=tuple(slots))
    constant = [slot for slot in slots[1:] if is_constant(slot.field) and not slot.field.column.keep]
    slots = [slot for slot in slots if slot not in constant]
    left_out: list[Slot] = []
    for slot in [slot for slot in reversed(slots[1:]) if slot.field.column.wide]:
        if _total(slots) > width:
            slots.remove(slot)
            left_out.append(slot)
    for slot in _by_importance(slots, report):
        if _total(slots, least=True) > width:
            slots.remove(slot)
            left_out.append(slot)
    back: list[Slot] = []
    reading_room = sum(min(slot.full, GOOD_WORDS) - slot.least for slot in slots if slot.field.wraps)
    for slot in reversed(left_out):  # there may be room again, the most telling first
        if _total([*slots, *back, slot], least=True) + reading_room <= width:
            back.append(slot)
    order = {field.column.name: place for place, field in enumerate(reading.fields)}
    return Fitted(
        slots=_shared(sorted([*slots, *back], key=lambda slot: order[slot.name]), width),
        constant=tuple(constant),
        left_out=tuple(sorted([slot for slot in left_out if slot not in back], key=lambda slot: order[slot.name])),
    )


def _slot(field: Field, header: tuple[str, ...], labels: Sequence[str]) -> Slot:
    texts = {*field.cells, *field.totals, *labels, *header}
    full = max(len(text) if text.isascii() else cell_len(text) for text in texts)
    return Slot(field=field, header=header, cells=field.cells, width=full, full=full)


def _labels(reading: Reading, place: int) -> Sequence[str]:
    return reading.total_labels if place == 0 else ()


def _broken(slot: Slot) -> tuple[str, ...]:
    """Return the heading in lines no longer than the cells, where its words allow."""
    room = max((len(text) for text in {*slot.field.cells, *slot.field.totals}), default=0)
    words = slot.name.split("_")
    room = max(room, *(len(word) + 1 for word in words[:-1]), len(words[-1])) if words[1:] else room
    lines = [words[0]]
    for place, word in enumerate(words[1:], 2):
        tail = 1 if place < len(words) else 0  # the `_` at the end of a line
        if len(lines[-1]) + 1 + len(word) + tail <= room:
            lines[-1] += f"_{word}"
        else:
            lines[-1] += "_"
            lines.append(word)
    return tuple(lines)


def _by_importance(slots: Sequence[Slot], report: Report) -> list[Slot]:
    """Return what may leave, the least telling first: never the key, the asset or the last of the results."""
    results = [slot for slot in slots if slot.field.totals] or [slot for slot in slots if slot.field.kind == "money"]
    kept = {slots[0].name, report.asset_column, *(slot.name for slot in results[-1:])}
    kept |= {slot.name for slot in slots if slot.field.column.keep}
    leaving = [slot for slot in reversed(slots) if slot.name not in kept]
    leaving.sort(key=_rank)
    return [*leaving, *(slot for slot in slots[1:] if slot.name == report.asset_column)]


def _rank(slot: Slot) -> int:
    field = slot.field
    return LEAVES_FIRST.index("list" if field.is_list else "words" if field.wraps else field.kind)


def _shared(slots: Sequence[Slot], width: int) -> tuple[Slot, ...]:
    """Return the slots, shortened only as far as the width asks: room goes to instants, then evenly to text."""
    widths = {slot.name: slot.least for slot in slots}
    room = width - _total(slots, least=True)
    for slot in slots:
        if slot.field.kind == "instant" and slot.full - slot.least <= room:
            room -= slot.full - slot.least
            widths[slot.name] = slot.full
    growing = [slot for slot in slots if slot.field.kind != "instant"]
    while room > 0 and (growing := [slot for slot in growing if widths[slot.name] < slot.full]):
        for slot in growing[:room]:
            widths[slot.name] += 1
        room -= min(room, len(growing))
    return tuple(_resized(slot, widths[slot.name]) for slot in slots)


def _resized(slot: Slot, width: int) -> Slot:
    if slot.field.kind == "instant" and width < slot.full:
        return replace(slot, width=width, cells=[cell[:MINUTES] for cell in slot.cells])
    return replace(slot, width=width)


def _total(slots: Sequence[Slot], *, least: bool = False) -> int:
    return sum(slot.least if least else slot.full for slot in slots) + len(GAP) * (len(slots) - 1)
