"""What a month comes to: one sentence, its status in words, and the figures that a reader asks for first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any

import polars as pl

from reports.contract import Column, Report
from reports.month import Month
from reports.monthly import HEADINGS
from reports.proofs import counted, moment
from reports.reading import figure

NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December")  # fmt: skip
ROLLED = ("opening", "closing")
RESULTS = {"realized": "gross_pnl", "trading_fees": "trading_fees", "funding": "funding", "interest": "interest",
           "liquidation_fees": "liquidation_fees", "net": "net_pnl"}  # fmt: skip
"""Key figures of what was realized, by their columns in that report."""
MOST_NAMED = 3

KEY_FIGURES = Report(
    name="key_figures",
    title="Key figures",
    one_row="an asset",
    columns=(
        Column("asset"),
        *(Column(name, "money") for name in (*ROLLED, *RESULTS)),
    ),
    asset_column="asset",
    empty="nothing moved in this month and nothing was realized",
    note="opening and closing are balances of all wallets; the others are results, before funding and costs (realized) "
    "and after (net). Fees and interest are costs when positive, funding is received when positive.",
)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A figure of an asset that is added up from lines of a report."""

    key: str
    asset: str
    name: str
    report: str
    lines: Sequence[tuple[str, Decimal | None]]
    """Key and figure of each line that it is made of."""

    @property
    def amount(self) -> Decimal | None:
        """Their sum; None where one of them is not known."""
        if any(value is None for _, value in self.lines):
            return None
        with localcontext(Context(prec=80)):
            return sum((value for _, value in self.lines if value is not None), Decimal(0))


def month_name(month: Month) -> str:
    """Return `October 2025`."""
    year, number = month.period.split("-")
    return f"{NAMES[int(number) - 1]} {year}"


def title(month: Month) -> str:
    """Return what the page is called: a draft says so."""
    draft = "DRAFT: " if month.status == "draft" else ""
    return f"{draft}{month_name(month)} of {month.account}"


def verdict(month: Month) -> str:
    """Return what became of the month in one sentence."""
    lines = month.sections["reconcile"]
    where = f"{month_name(month)} of {month.account}"
    if not lines.height:
        return f"{where}: nothing moved, and no balance is known."
    has = {status: lines.filter(pl.col("status") == status).height
           for status in ("tied", "explained", "broken", "no_anchor")}  # fmt: skip
    balances = "balance" if lines.height == 1 else "balances"
    parts = [f"{has['tied']} of {lines.height} {balances} tie to the venue's own figure"
             if has["tied"] < lines.height or lines.height == 1
             else f"all {lines.height} balances tie to the venue's own figures"]  # fmt: skip
    if has["explained"]:
        parts.append(f"{has['explained']} differ and the difference is explained" if has["explained"] > 1
                     else "1 differs and the difference is explained")  # fmt: skip
    if has["no_anchor"]:
        parts.append(f"{has['no_anchor']} {'has' if has['no_anchor'] == 1 else 'have'} no stated balance to be tied to")
    open_breaks = month.sections["breaks"].filter(pl.col("status") == "open")
    if open_breaks.height:
        parts.append(_open(open_breaks))
    elif has["broken"]:
        do = "does" if has["broken"] == 1 else "do"
        parts.append(f"{counted(has['broken'], 'balance')} did not tie before this month and still {do} not")
    else:
        parts.append("no break is open")
    return f"{where}: {'; '.join(parts)}."


def badge(month: Month) -> str:
    """Return its status in words."""
    if month.status == "draft":
        return "DRAFT: not closed, may still change"
    closed = f"closed by {month.closed_by or '?'}{_on(month.closed_at)}"
    if month.reviewed_by is None:
        return f"{closed}; not reviewed"
    return f"{closed}; reviewed by {month.reviewed_by}{_on(month.reviewed_at)}"


def sums(month: Month, report: str, asset: str, names: Sequence[str], suffix: str = "") -> list[Sum]:
    """Return the sum of each column per asset, in the order of the assets' names; `suffix` picks another column."""
    frame = month.sections[report]
    found = []
    for of in sorted(frame[asset].drop_nulls().unique().to_list()):
        lines = frame.filter(pl.col(asset) == of)
        for name in names:
            values = zip(lines["line"].to_list(), lines[f"{name}{suffix}"].to_list(), strict=True)
            key = "|".join(("sum", report, name + suffix, of))
            found.append(Sum(key=key, asset=of, name=name, report=report, lines=list(values)))
    return found


def roll_sums(month: Month) -> list[Sum]:
    """Return opening, every cause and closing of each asset, over all wallets."""
    return sums(month, "reconcile", "asset", ("opening", *HEADINGS, "closing"))


def result_sums(month: Month) -> list[Sum]:
    """Return what was realized of each asset."""
    return sums(month, "realized", "settle_asset", tuple(RESULTS.values()))


def key_figures(month: Month) -> tuple[pl.DataFrame, dict[tuple[int, str], Sum]]:
    """Return the key figures, an asset a row, and what each is the sum of."""
    rolled = {(found.asset, found.name): found for found in roll_sums(month)}
    results = {(found.asset, found.name): found for found in result_sums(month)}
    assets = sorted({asset for asset, _ in (*rolled, *results)})
    rows: list[dict[str, Any]] = []
    behind: dict[tuple[int, str], Sum] = {}
    for asset in assets:
        row: dict[str, Any] = {"asset": asset}
        for name, found in _of(asset, rolled, results):
            row[name] = None if found is None and name in ROLLED else Decimal(0) if found is None else found.amount
            if found is not None:
                behind[len(rows), name] = found
        rows.append(row)
    money = dict.fromkeys((*ROLLED, *RESULTS), pl.Decimal(38, 18))
    return pl.DataFrame(rows, schema={"asset": pl.String, **money}, orient="row"), behind


def values(month: Month) -> tuple[pl.DataFrame, Report, dict[tuple[int, str], Sum]]:
    """Return the key figures in the reporting currency, as far as it was asked for: an asset a row, and their total."""
    schema: dict[str, Any] = {"asset": pl.String, "currency": pl.String}
    currency = month.currency
    held = {
        name: (report, asset, column)
        for report, asset, columns in (("reconcile", "asset", {name: name for name in ROLLED}),
                                       ("realized", "settle_asset", RESULTS))
        for name, column in columns.items() if currency and f"{column}_value" in month.sections[report].columns
    }  # fmt: skip
    by_asset: dict[str, dict[str, Sum]] = {}
    for name, (report, asset, column) in held.items():
        for found in sums(month, report, asset, (column,), "_value"):
            by_asset.setdefault(found.asset, {})[name] = found
    rows, behind = [], {}
    for number, of in enumerate(sorted(by_asset)):
        row: dict[str, Any] = {"asset": of, "currency": currency}
        for name in held:
            found_sum = by_asset[of].get(name)
            row[name] = found_sum.amount if found_sum else Decimal(0)
            if found_sum:
                behind[number, name] = found_sum
        rows.append(row)
    shape = Report(
        name="key_values",
        title=f"The same in {currency}",
        one_row="an asset",
        columns=(Column("asset"), *(Column(name, "money", total=True) for name in held)),
        asset_column="currency",
        empty=f"no figure has a value in {currency}: import prices",
        note="Values at the prices that the book knew; ? is a price that it did not know.",
    )
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(held, pl.Decimal(38, 18)), orient="row"), shape, behind


def _of(asset: str, rolled: dict[Any, Sum], results: dict[Any, Sum]) -> Iterator[tuple[str, Sum | None]]:
    yield from ((name, rolled.get((asset, name))) for name in ROLLED)
    yield from ((name, results.get((asset, column))) for name, column in RESULTS.items())


def _open(breaks: pl.DataFrame) -> str:
    named = [f"{figure(row['difference'], 'money', row['asset'])} {row['asset']}"
             for row in breaks.head(MOST_NAMED).iter_rows(named=True)]  # fmt: skip
    more = f" and {breaks.height - MOST_NAMED} more" if breaks.height > MOST_NAMED else ""
    hint = breaks["hint"][0] if breaks.height == 1 and "hint" in breaks.columns else None
    told = f"{counted(breaks.height, 'break')} of {', '.join(named)}{more} {'is' if breaks.height == 1 else 'are'} open"
    return f"{told}: {hint.rstrip('.')}" if hint else told


def _on(at: Any) -> str:
    return f" on {moment(at)} UTC" if at is not None else ""
