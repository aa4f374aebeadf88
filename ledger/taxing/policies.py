"""What has to be decided before a tax year is computed, with the defaults of a country."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, get_args
from zoneinfo import ZoneInfo

from reports.tax.value import Method, Policy
from schemas.errors import UnknownThing

METHODS: tuple[str, ...] = get_args(Method)
POOLED = frozenset({"average", "uk"})
"""Methods that know no lots."""


@cache
def defaults() -> Mapping[str, Mapping[str, str]]:
    """Return the table of countries: by name, its currency, zone, first day, methods, scope and source."""
    text = resources.files("ledger.taxing").joinpath("policies.csv").read_text(encoding="utf-8")
    return {line["jurisdiction"]: line for line in csv.DictReader(text.splitlines())}


def policy_of(jurisdiction: str, year: int, **chosen: Any) -> Policy:
    """Return the policy of a year; what is not chosen (None) is as the country's defaults say.

    Raises UnknownThing where the country does not know the method, or nothing says in which currency to count.
    """
    told = defaults()[jurisdiction]
    words = {name: value for name, value in chosen.items() if value is not None}
    method = words.setdefault("method", told["method"])
    if method not in told["methods"].split():
        raise UnknownThing(
            f"{told['title']} does not know the method {method!r}",
            f"it has {', '.join(told['methods'].split())}; --jurisdiction none takes every method",
        )
    if not words.setdefault("currency", told["currency"]):
        raise UnknownThing("nothing says in which currency gains are counted", "add --currency EUR (or USD, GBP ...)")
    zone = ZoneInfo(words.setdefault("zone", told["zone"]))
    words.setdefault("scope", "universal" if method in POOLED else told["scope"])
    starts, ends = (
        datetime(begun, int(told["month"]), int(told["day"]), tzinfo=zone).astimezone(UTC) for begun in (year, year + 1)
    )
    return Policy(jurisdiction=jurisdiction, year=year, starts_at=starts, ends_at=ends, **words)


def fees_belong_to_disposed(policy: Policy) -> bool:
    """Return whether the fee of an exchange of one asset for another always lowers the proceeds of what was given."""
    return defaults()[policy.jurisdiction]["fees_of_exchange"] == "disposed"
