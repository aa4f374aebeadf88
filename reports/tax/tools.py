"""Import files of tax tools, each described in `tools.toml`: gross or net, with their sources, controls and notes."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from decimal import Decimal, localcontext
from importlib import resources
from itertools import chain, count
from typing import Any, Literal

import polars as pl

from reports.cells import plain
from reports.exact import csv_bytes
from reports.reading import clean
from reports.tax.amounts import EXACT
from reports.tax.contract import DRAFT, Files, Target, stem
from reports.tax.lines import Line, Lines, gross_lines
from reports.tax.netting import net_lines
from reports.tax.sources import Compared, Sourced, beside
from reports.tax.tool_notes import notes_of
from reports.tax.value import TaxYear

Variant = Literal["gross", "net"]
Row = Mapping[str, str | None]
"""The cells of a row by what stands in them: `sent`, `label`, `text`, ..."""
NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """How a tool's import file is written."""

    name: str
    title: str
    about: str
    date: str
    fees: Literal["beside", "inside", "off_received"]
    columns: Mapping[str, str]
    """Printed name -> what stands there (a key of `Row`); empty: nothing ever."""
    labels: Mapping[str, str]
    """`<event>` or `<group>_<event>` -> the tool's word."""
    by_place: bool = False
    same_transfer_id: bool = False
    later_arrival_s: int = 0
    currency: str | None = None
    """Values are written in this currency only; null: in any, beside its name."""
    digits: int = 18
    """Decimals that every account of the tool keeps."""
    tickers: Mapping[str, str] = field(default_factory=dict)
    """Assets that the tool calls otherwise."""
    notes: Sequence[str] = ()

    def label(self, line: Line) -> str:
        """Return the tool's word for a line."""
        names = [*(["purchase"] if line.is_purchase else []), f"{line.group}_{line.event}"]
        return next((self.labels[name] for name in names if name in self.labels), self.labels[line.event])


TOOLS: Mapping[str, Tool] = {
    name: Tool(name=name, **said)
    for name, said in tomllib.loads((resources.files(__package__) / "tools.toml").read_text(encoding="utf-8")).items()
}
LAYOUTS: Mapping[Variant, Callable[[TaxYear], Lines]] = {"gross": gross_lines, "net": net_lines}
PARTS: Mapping[Variant, str] = {
    "gross": "Results are gross; fees and funding have rows of their own.",
    "net": "Results are net: one row a closed position sums its result, fees and funding; what is paid in another"
    " asset, or not known to be of one position, keeps a row of its own.",
}


def target_of(tool: Tool, variant: Variant) -> Target:
    """Return the target of a tool's file: `koinly`, or `koinly-net`."""
    name = tool.name if variant == "gross" else f"{tool.name}-{variant}"
    return Target(name=name, title=f"{tool.title}, {variant} results", about=f"{tool.about} {PARTS[variant]}",
                  write=lambda year: write(tool, variant, year))  # fmt: skip


def write(tool: Tool, variant: Variant, year: TaxYear) -> Files:
    """Return the import files of a tool, and beside them sources, controls, notes, and blocks where there are any."""
    name = stem(year, target_of(tool, variant).name)
    with localcontext(EXACT):
        lines = LAYOUTS[variant](year)
        laid_out = [(line, _row(tool, year, line)) for whole in lines.lines for line in _with_fee(tool, whole)]
        files_of: dict[str, list[tuple[Line, Row]]] = {}
        for line, row in laid_out:
            files_of.setdefault(line.place if tool.by_place else "", []).append((line, row))
        names = _file_names(name, list(files_of))
        files = {names[place]: _file(tool, [row for _, row in rows]) for place, rows in files_of.items()}
        sourced = [Sourced(names[place], str(number), line.id, line.rows)
                   for place, rows in files_of.items() for number, (line, _) in enumerate(rows, 2)]  # fmt: skip
        totals = [*_totals(tool, year, [row for _, row in laid_out]), *_counts(year, lines)]
    counted = {names[place]: (place, len(rows)) for place, rows in files_of.items()}
    notes = [PARTS[variant], *tool.notes, *_warnings(tool, year, [row for _, row in laid_out])]
    files[f"{name}-notes.txt"] = notes_of(year, tool.title, counted, notes, lines)
    return {**files, **beside(year, name, sourced, totals)}


def _file(tool: Tool, rows: Sequence[Row]) -> bytes:
    columns = {printed: [row.get(role) or None for row in rows] for printed, role in tool.columns.items()}
    return csv_bytes(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)))


def _file_names(name: str, places: Sequence[str]) -> Mapping[str, str]:
    """Return the name of each place's file; no two are equal where letters are not told apart."""
    names: dict[str, str] = {}
    taken = {f"{name}-{kind}.csv" for kind in ("sources", "controls", "blocks")}
    for place in places:
        plain_name = re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-")
        wanted = "-".join(filter(None, (name, plain_name)))
        tried = chain([f"{wanted}.csv"], (f"{wanted}-{number}.csv" for number in count(2)))
        names[place] = next(each for each in tried if each not in taken)
        taken.add(names[place])
    return names


# ------------------------------------------------------------------------------------------------ rows


def _with_fee(tool: Tool, line: Line) -> Sequence[Line]:
    """Return a line with its fee as the tool wants it: beside, inside the amounts, or in a row of its own."""
    if not line.fee or tool.fees == "beside":
        return (line,)
    of_received = line.received is not None and line.received > line.fee and line.fee_asset == line.received_asset
    if of_received and tool.fees == "off_received":
        return (replace(line, received=(line.received or NOTHING) - line.fee, fee=None, fee_asset=None),)
    if tool.fees == "off_received":
        return (line,)
    if line.sent is not None and line.fee_asset == line.sent_asset:
        return (replace(line, sent=line.sent + line.fee),)
    if of_received:
        return (replace(line, received=(line.received or NOTHING) - line.fee),)
    fee = replace(line, part=f"{line.part}:fee" if line.part else "fee", group="spot", sent_asset=line.fee_asset,
                  event="network_fee" if line.event in {"transfer_out", "withdrawal"} else "fee", sent=line.fee,
                  received_asset=None, received=None, fee_asset=None, fee=None, value=None,
                  text=f"{line.text}: fee")  # fmt: skip
    return (replace(line, fee=None, fee_asset=None), fee)


def _row(tool: Tool, year: TaxYear, line: Line) -> Row:
    at = line.at.astimezone(UTC)
    if line.event == "transfer_in":
        at += timedelta(seconds=tool.later_arrival_s)
    row: dict[str, str | None] = {
        "at": at.strftime(tool.date), "label": tool.label(line), "place": clean(line.place), "symbol": line.symbol,
        "marked_place": clean(f"{DRAFT} {line.place}" if year.is_draft else line.place),
        "text": _text(tool, year, line), "id": _id(tool, line),
    }  # fmt: skip
    for side in ("sent", "received", "fee"):
        amount: Decimal | None = getattr(line, side)
        if amount:
            row |= {side: plain(amount), f"{side}_asset": getattr(line, f"{side}_asset")}
    base, quote = ("received", "sent") if line.is_purchase or not row.get("sent") else ("sent", "received")
    for printed, side in (("base", base), ("quote", quote if row.get(base) else "")):
        row |= {printed: row.get(side), f"{printed}_asset": row.get(f"{side}_asset")}
    row |= {"from": row["place"] if row.get("sent") else None, "to": row["place"] if row.get("received") else None}
    if line.value and tool.currency in {None, year.policy.currency}:
        row |= {"value": plain(line.value), "value_asset": year.policy.currency}
        row |= {f"{side}_value": row["value"] for side in ("sent", "received") if row.get(side)}
    return row | {"text_and_id": f"{row['text']} [{row['id']}]"}


def _text(tool: Tool, year: TaxYear, line: Line) -> str:
    """Return a description: DRAFT, what it was, whether it was forced and what shows it, and that a time was moved."""
    words = [line.text]
    if line.forced:
        shown = dict.fromkeys([*line.evidence[:1], *line.evidence[-1:]])
        words += [*([] if "forced" in line.text else ["forced"]), f"evidence {' '.join(shown)}"]
    if line.event == "transfer_in" and tool.later_arrival_s:
        words.append(f"{tool.later_arrival_s} s after its withdrawal")
    return clean((f"{DRAFT}: " if year.is_draft else "") + "; ".join(words))


def _id(tool: Tool, line: Line) -> str:
    joins = tool.same_transfer_id and line.event in {"transfer_in", "transfer_out"}
    return line.flow if joins else line.id


# ------------------------------------------------------------------------------------------------ controls


def _totals(tool: Tool, year: TaxYear, rows: Sequence[Row]) -> list[Compared]:
    """Return per asset what the printed amounts come to, beside what the flows come to."""
    here: dict[str, Decimal] = {}
    for row in rows:
        signs = (("received", 1), ("sent", -1), ("fee", 0 if tool.fees == "inside" else -1))
        for side, sign in signs:
            if (amount := row.get(side)) is not None:
                asset = row[f"{side}_asset"] or ""
                here[asset] = here.get(asset, NOTHING) + sign * Decimal(amount)
    there: dict[str, Decimal] = {}
    for side, sign in (("received", 1), ("sent", -1), ("fee", -1)):
        for asset, amount in year.flows.select(f"{side}_asset", side).drop_nulls().iter_rows():
            there[asset] = there.get(asset, NOTHING) + sign * amount
    return [Compared("received - sent - fees", asset, here.get(asset, NOTHING), there.get(asset, NOTHING))
            for asset in sorted({*here, *there})]  # fmt: skip


def _counts(year: TaxYear, lines: Lines) -> list[Compared]:
    """Return how many flows of each kind have lines or need none, beside how many there are."""
    done = {flow for line in lines.lines for flow in line.flows} | set(lines.left_out)
    flows = list(year.flows.select("flow", "kind").iter_rows())
    here = Counter(kind for flow, kind in flows if flow in done)
    return [Compared(f"flows: {kind}", None, Decimal(here[kind]), Decimal(many))
            for kind, many in sorted(Counter(kind for _, kind in flows).items())]  # fmt: skip


def _warnings(tool: Tool, year: TaxYear, rows: Sequence[Row]) -> list[str]:
    """Return what to look at after the import: coins that the tool may call otherwise, digits that it may cut."""
    used: dict[str, Any] = {asset: None for row in rows for side in ("sent", "received", "fee")
                            if (asset := row.get(f"{side}_asset"))}  # fmt: skip
    assets = sorted(used)
    renamed = [f"{asset} ({tool.tickers[asset]})" for asset in assets if asset in tool.tickers]
    odd = [asset for asset in assets if not re.fullmatch(r"[A-Z0-9]{2,10}", asset)]
    longest = max((len(amount.partition(".")[2]) for row in rows for side in ("sent", "received", "fee")
                   if (amount := row.get(side))), default=0)  # fmt: skip
    return [
        *([f"It tells coins of one ticker apart by a digit; look at these and their names there: {', '.join(renamed)}."]
          if renamed else []),
        *([f"It may not know these coins; give them its own symbol: {clean(', '.join(odd))}."] if odd else []),
        *([f"Amounts have up to {longest} decimals; an account that keeps {tool.digits} rounds them."]
          if longest > tool.digits else []),
    ]  # fmt: skip


TARGETS: Sequence[Target] = tuple(target_of(tool, variant) for tool in TOOLS.values() for variant in ("gross", "net"))
