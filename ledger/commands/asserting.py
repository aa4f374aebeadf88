"""What `assert` says: that a stated balance holds, or by how much it does not, and what would explain it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import polars as pl

from ledger.commands.common import show
from reports.listings import ASSERTED
from schemas.types import INSTANT, MONEY

if TYPE_CHECKING:
    from ledger.tying.assertions import Verdict
    from reports.render import OutputKind


def print_verdict(verdict: Verdict, kind: OutputKind | None, output: Path | None) -> None:
    """Print the figures to stdout where they differ or a format is asked for, and a sentence or two to stderr."""
    if not verdict.holds or kind is not None or output is not None:
        show(_frame(verdict), ASSERTED, kind, output)
    for line in _sentences(verdict):
        click.echo(line, err=True)


def _frame(verdict: Verdict) -> pl.DataFrame:
    first = verdict.breaks[0] if verdict.breaks else None
    return pl.DataFrame(
        {
            **{name: [getattr(verdict, name)] for name in ("account", "venue", "wallet", "asset")},
            "stated_at": [verdict.at], "computed": [verdict.computed], "stated": [verdict.stated],
            "difference": [verdict.difference], "status": ["tied" if verdict.holds else "broken"],
            "break_id": [first.break_id if first else None], "hint": [first.hint if first else None],
            "name": [verdict.name],
        },
        schema_overrides={"stated_at": INSTANT, "computed": MONEY, "stated": MONEY, "difference": MONEY,
                          "break_id": pl.String, "hint": pl.String},
    )  # fmt: skip


def _sentences(verdict: Verdict) -> list[str]:
    stated, at = f"{_plain(verdict.stated)} {verdict.asset}", f"{verdict.at:%Y-%m-%dT%H:%M:%SZ}"
    what = f"{verdict.wallet} of {verdict.account}: {stated} at {at}"
    back = f"kept as {verdict.name}; `marginbook forget {verdict.name}` takes it back"
    if verdict.holds:
        return [f"tied: {what} is what the book computes", back]
    computed, difference = _plain(verdict.computed), _plain(verdict.difference)
    lines = [f"broken: {what}, but the book computes {computed}: {difference} of difference"]
    if not verdict.difference:
        lines = [f"broken: {what} is what the book computes, but another stated balance contradicts it"]
    if not verdict.rows:
        known = f"it knows {', '.join(verdict.assets)} there" if verdict.assets else "it knows no asset there"
        lines.append(f"  no row of the book moves {verdict.asset} in this wallet; {known}")
    elif not verdict.anchored and verdict.difference:
        lines.append("  no balance of it was stated before, so the opening was taken as 0; now the difference is it")
        lines.append("  if the exports begin with the wallet, rows are missing: `marginbook report coverage`")
    lines += [f"  {found.break_id} at {found.broken_at:%Y-%m-%dT%H:%M:%SZ}: {_plain(found.difference)} {verdict.asset}"
              for found in verdict.breaks]  # fmt: skip
    lines += [f"  {hint}" for hint in dict.fromkeys(found.hint for found in verdict.breaks) if hint]
    return [*lines, back]


def _plain(value: object) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
