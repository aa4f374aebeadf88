"""What `check` prints: a table for each invariant that does not hold, or all offenders as one array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import polars as pl

from ledger.auditing.identity import every_check
from ledger.commands.common import show
from reports.exact import exact, joined
from reports.listings import OFFENDERS, offenders

if TYPE_CHECKING:
    from ledger.tying.checks import Check
    from reports.render import OutputKind

HEAD = ("id", "name", "sentence", "offender", "row_key", "place")


def print_offenders(found: Mapping[str, pl.DataFrame], kind: OutputKind | None, output: Path | None) -> None:
    """Print the offenders of every invariant; nothing at all where there are none and a person reads."""
    if kind not in (None, "table") or output is not None:
        show(in_one(found), OFFENDERS, kind, output)
        return
    broken = 0
    for check in every_check():
        frame = found[check.name]
        if frame.height:
            broken += 1
            show(frame, offenders(check.name, check.id, check.sentence, frame), "table", None)
            click.echo()
    if broken:
        click.echo(f"{broken} of {len(found)} invariants do not hold", err=True)


def in_one(found: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return all offenders as one frame: of which invariant, in words, where, and then their own cells."""
    frames = [_told(check, found[check.name]) for check in every_check() if found[check.name].height]
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, kind in frame.schema.items():
            kinds.setdefault(name, set()).add(kind)
    mixed = [name for name, several in kinds.items() if len(several) > 1]
    alike = [frame.with_columns(_as_text(frame[name]) for name in mixed if name in frame.columns) for frame in frames]
    return pl.concat([pl.DataFrame(schema=dict.fromkeys(HEAD, pl.String)), *alike], how="diagonal")


def _told(check: Check, frame: pl.DataFrame) -> pl.DataFrame:
    cells = {name: _as_text(frame[name]) for name in frame.columns if name not in ("row_key", "place")}
    spoken = [name.rstrip("_").replace("_", " ") for name in cells]
    words = [
        ", ".join(f"{name} {cell}" for name, cell in zip(spoken, row, strict=True) if cell is not None)
        for row in zip(*cells.values(), strict=True)
    ]
    nowhere = pl.lit(None, dtype=pl.String)
    where = [pl.col(name) if name in frame.columns else nowhere.alias(name) for name in ("row_key", "place")]
    constants = [pl.lit(getattr(check, name)).alias(name) for name in ("id", "name", "sentence")]
    own = [name for name in cells if name not in HEAD]
    return frame.select(*constants, pl.Series("offender", words, dtype=pl.String), *where, *own)


def _as_text(series: pl.Series) -> pl.Series:
    cells = exact(series.to_frame()).to_series()
    return joined(cells, " ") if isinstance(cells.dtype, pl.List) else cells.cast(pl.String)
