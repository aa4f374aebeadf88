"""The words of a review: what year it is of, whether it is a draft, and what there is to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from reports.cells import plain
from reports.reading import figure
from reports.tax.amounts import counted, total
from reports.tax.contract import DRAFT
from reports.tax.figures import COUNTS
from reports.tax.value import TaxYear

ADVICE = "It prepares; it does not advise: a person decides what is filed."
READING = (
    "? is unknown, never zero; + ? marks a sum that lacks an unknown part; figures are rounded for reading, the files "
    "of csv and xlsx hold every digit."
)
COUNTRIES = {"us": "United States", "uk": "United Kingdom", "de": "Germany", "none": "no country's rules"}


def title(year: TaxYear) -> str:
    """Return what the review is of: `Tax year 2025, United States`."""
    policy = year.policy
    return f"Tax year {policy.label}, {COUNTRIES.get(policy.jurisdiction, policy.jurisdiction)}"


def chosen(year: TaxYear) -> str:
    """Return what was decided before anything was computed, in a line."""
    policy = year.policy
    told = [
        f"values in {policy.currency}", f"method {policy.method} within {policy.scope}", f"days of {policy.zone}",
        f"results at {policy.results}", f"funding is a {policy.funding}",
        "fees in basis" if policy.fees == "basis" else "fees apart",
    ]  # fmt: skip
    return "; ".join([*told, *([f"lots chosen by {policy.choices}"] if policy.choices else [])])


def badge(year: TaxYear) -> str:
    """Return DRAFT with how many things block, or that nothing does."""
    blocking, accepted = blocks(year, is_accepted=False), blocks(year, is_accepted=True)
    more = f"; {counted(len(accepted), 'thing')} accepted" if accepted else ""
    if not blocking:
        return f"complete: nothing blocks{more}"
    return f"{DRAFT}: {counted(len(blocking), 'thing')} {'blocks' if len(blocking) == 1 else 'block'}{more}"


def sums(year: TaxYear) -> str:
    """Return the sums of the year in a line."""
    digital = year.disposals.filter(~pl.col("state_money").fill_null(value=False))
    is_derivative = (pl.col("group") == "derivative").fill_null(value=False)
    parts = {
        "gains": digital["gain"], "derivatives": year.results.filter(is_derivative)["value"],
        "interest, income and expenses besides": year.results.filter(~is_derivative)["value"],
    }  # fmt: skip
    return "; ".join(f"{name} {_summed(values, year.policy.currency)}" for name, values in parts.items())


def _summed(values: pl.Series, currency: str) -> str:
    known = total(values.to_list())
    if known.unknown == len(values) and known.unknown:
        return f"unknown ({counted(known.unknown, 'line')})"
    more = f" + {counted(known.unknown, 'line')} unknown" if known.unknown else ""
    return f"{figure(known.known, 'money', currency)} {currency}{more}"


def blocks(year: TaxYear, *, is_accepted: bool) -> Sequence[Mapping[str, Any]]:
    """Return the blocks that nobody accepted, or those that somebody did."""
    rows = year.blocks.iter_rows(named=True)
    return [block for block in rows if (block["accepted_reason"] is not None) == is_accepted]


def grouped(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return blocks by one of their cells, in the order in which its values come."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for block in found:
        groups.setdefault(block[name], []).append(block)
    return groups


def accepting(block_id: str) -> str:
    """Return the command that accepts a block."""
    return f'marginbook tax accept {block_id} --reason "..." --by NAME'


def acceptance(block: Mapping[str, Any]) -> str:
    """Return who accepted a block, and why."""
    return f"accepted by {block['accepted_by'] or 'nobody named'}: {block['accepted_reason']}"


def compared(year: TaxYear) -> str:
    """Return since when it is said what changed."""
    if year.other_run is not None:
        otherwise = "; ".join(
            f"{one['name']} {one['before'] or 'none'}, now {one['after'] or 'none'}" for one in year.other_settings
        )
        return (
            f"No run with these settings was written before. The last of this year, of {_when(year.other_run)}, is not "
            f"compared, for it had others: {otherwise}."
        )
    if year.previous_run is None:
        return "No run of this year was written before."
    return f"Since the run of {_when(year.previous_run)}, with the same settings" + (
        ":" if year.changes else ", nothing changed."
    )


def _when(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def changes(year: TaxYear) -> Sequence[str]:
    """Return what changed in words, amounts rounded for reading: gains of BTC: 10.00 USD, now 12.50 USD (+2.50)."""
    return [_change(told, year.policy.currency) for told in year.changes]


def _change(told: Mapping[str, str], currency: str) -> str:
    counts = told["name"] in COUNTS
    before, after = (
        "nothing" if not told[name] else told[name] if counts else f"{_money(told[name], currency)} {currency}"
        for name in ("before", "after")
    )
    moved = Decimal(told["after"] or 0) - Decimal(told["before"] or 0)
    by = plain(moved) if counts else _money(str(moved), currency)
    return f"{told['name']}: {before}, now {after} ({'+' if moved > 0 else ''}{by})"


def _money(amount: str, currency: str) -> str:
    return figure(Decimal(amount), "money", currency)


def agreed(year: TaxYear) -> str:
    """Return how many totals are the book's own, and how many are not."""
    apart = different(year).height
    own = year.controls.height - apart
    agree = f"{counted(own, 'total')} {'agrees' if own == 1 else 'agree'} with the book, difference 0"
    if not year.controls.height:
        return "There is no total to compare with the book."
    return agree + (f"; {counted(apart, 'total')} {'does' if apart == 1 else 'do'} not:" if apart else ".")


def different(year: TaxYear) -> pl.DataFrame:
    """Return the controls that do not agree, or of which one side is not known."""
    return year.controls.filter((pl.col("difference") != 0).fill_null(value=True))


def differences(year: TaxYear) -> Sequence[str]:
    """Return each of them in words."""
    return [
        f"{line['name']} of {line['asset']}: {_exact(line['here'])} here, {_exact(line['book'])} in the book, "
        f"difference {_exact(line['difference'])}"
        for line in different(year).iter_rows(named=True)
    ]


def _exact(amount: Decimal | None) -> str:
    return "?" if amount is None else plain(amount)


def how_to_write(year: TaxYear) -> Sequence[str]:
    """Return how files are written, and what can be written for this country."""
    from reports.tax.targets import TARGETS

    country = year.policy.jurisdiction
    own = [one.name for one in TARGETS.values() if country in one.jurisdictions]
    others = [one.name for one in TARGETS.values() if not one.jurisdictions]
    names = [f"for {COUNTRIES[country]}: {', '.join(own)}"] if own else []
    return [
        "Add `--target NAME -o DIR` to the same command; several `--target` write several.",
        f"{'; '.join([*names, ('for all: ' if own else '') + ', '.join(others)])}.",
    ]
