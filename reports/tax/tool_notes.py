"""The page beside an import file: what it is, what to look at, and what it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reports.reading import clean
from reports.tax.contract import DRAFT
from reports.tax.lines import MOVES, Lines
from reports.tax.value import TaxYear


def notes_of(
    year: TaxYear, title: str, files: Mapping[str, tuple[str, int]], notes: Sequence[str], lines: Lines
) -> bytes:
    """Return `<stem>-notes.txt`; `files`: name -> (place, rows)."""
    policy = year.policy
    blocking = int(year.blocks["accepted_reason"].is_null().sum())
    text = [
        f"{title}: {policy.label}",
        f"{policy.starts_at:%Y-%m-%d %H:%M} to {policy.ends_at:%Y-%m-%d %H:%M} UTC; times of the rows are UTC.",
        *([f"{DRAFT}: {_many(blocking, 'block')} that nobody accepted; see `-blocks.csv`."] if blocking else []),
        "",
        *(f"{name}: {_many(count, 'row')}{f' of {clean(place)}' if place else ''}"
          for name, (place, count) in files.items()),
        *([] if files else ["No row: nothing moved in this year."]),
        "",
        *(f"- {note}" for note in [*notes, *_of_lines(year, lines)]),
        *(["", "Assumed:", *(f"- {clean(assumption)}" for assumption in year.assumptions)] if year.assumptions else []),
        "",
        f"Figures {year.book}" + (f", version {year.version}" if year.version else ""),
    ]  # fmt: skip
    return ("\n".join(text) + "\n").encode()


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _of_lines(year: TaxYear, lines: Lines) -> list[str]:
    reasons = Counter(lines.left_out.values())
    held = year.lots_before["asset"].n_unique()
    openings = int((year.flows["kind"] == "opening").sum())
    parts = sum(line.kind in {"trade", "collateral_sale"} and line.event in MOVES for line in lines.lines)
    return [
        *([f"Of trades of several assets: {_many(parts, 'row')}, which the tool takes for deposits and withdrawals."]
          if parts else []),
        *(f"Without a row: {count} ({reason})." for reason, count in sorted(reasons.items())),
        *([f"Without a row, for an amount is not known: {clean(', '.join(lines.unknown))}."] if lines.unknown else []),
        *([f"Opening holdings ({_many(openings, 'row')}) are deposits: enter there the cost."] if openings else []),
        *([f"{_many(held, 'asset')} held when the year began: import the years before, too, or enter there the cost."]
          if held else []),
    ]  # fmt: skip
