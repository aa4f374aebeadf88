"""Exports as lines that know their instant, so that they can be cut, filtered and printed in many ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of an export.  Cells that are instants are printed as the file prints clocks."""

    at: datetime
    cells: tuple[str | datetime, ...]
    symbol: str | None = None
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Export:
    """All rows of one export, oldest first."""

    name: str
    """With `{}` where the zone and the number of the piece stand."""
    header: str
    lines: tuple[Line, ...]
    clock: str = "%Y-%m-%d %H:%M:%S"
    zoned: bool = False
    newest_first: bool = False
    mark: str = ""
    """Byte order mark."""

    def keeping(self, wanted: Callable[[Line], bool]) -> Export:
        """Return the export as its owner filtered it."""
        return replace(self, lines=tuple(line for line in self.lines if wanted(line)))

    def instants(self) -> list[datetime]:
        """Return the instants of its rows."""
        return sorted({line.at for line in self.lines})

    def between(self, first: datetime, last: datetime) -> Export:
        """Return the piece of whole instants from `first` to `last`, both included."""
        return self.keeping(lambda line: first <= line.at <= last)

    def text(self, zone: int = 0, ending: str = "\r\n") -> str:
        """Return the file."""
        shown = reversed(self.lines) if self.newest_first else self.lines
        rows = [",".join(self._cell(cell, zone) for cell in line.cells) for line in shown]
        return self.mark + ending.join([self.header, *rows]) + ending

    def _cell(self, cell: str | datetime, zone: int) -> str:
        if isinstance(cell, str):
            return cell
        clock = self.clock.replace("%L", f"{cell.microsecond // 1000:03d}")
        return (cell + timedelta(minutes=zone if self.zoned else 0)).strftime(clock)

    def write(self, folder: Path, tag: str = "0", zone: int = 0, ending: str = "\r\n") -> Path:
        """Write the file and return where."""
        path = folder / self.name.format(zone=f"({zone_name(zone)})" if self.zoned else "", tag=tag)
        path.write_bytes(self.text(zone, ending).encode())
        return path


def zone_name(minutes: int) -> str:
    """Return the zone as Binance names files: `UTC+9`, `UTC--6`, `UTC+5.30`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'--' if minutes < 0 else '+'}{hours}" + (f".{rest}" if rest else "")


def write_all(exports: Sequence[Export], folder: Path, zone: int = 0) -> list[Path]:
    """Write every export that has rows, whole."""
    return [export.write(folder, zone=zone) for export in exports if export.lines]


def cut(export: Export, draw: random.Random) -> list[Export]:
    """Return overlapping pieces of whole instants that together are the export."""
    instants = export.instants()
    pieces: list[Export] = []
    first = 0
    while True:
        last = draw.randint(first, len(instants) - 1) if len(pieces) < 3 else len(instants) - 1
        pieces.append(export.between(instants[first], instants[last]))
        if last == len(instants) - 1:
            return pieces
        first = draw.randint(first, last)


def scattered(
    exports: Mapping[str, Export], folder: Path, draw: random.Random, zone: int, whole: Collection[str] = ()
) -> list[Path]:
    """Write the exports: two of them in pieces, one also as a renamed copy, one also printed otherwise; in any order.

    Those that are `whole` would not be understood in pieces.
    """
    paths = []
    in_pieces = draw.sample(sorted(set(exports) - set(whole)), k=min(2, len(set(exports) - set(whole))))
    for name, export in exports.items():
        pieces = cut(export, draw) if name in in_pieces else [export]
        paths += [piece.write(folder, f"{number}", zone) for number, piece in enumerate(pieces)]
    again = exports[draw.choice(sorted(exports))]
    copied = draw.choice(paths)
    renamed = copied.with_name(f"copy-of-{copied.name}")
    renamed.write_bytes(copied.read_bytes())
    paths += [renamed, again.write(folder, "printed-otherwise", 60, "\n")]
    draw.shuffle(paths)
    return paths
