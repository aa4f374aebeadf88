"""Runs of a tax year that the book keeps: what was asked for, its figures and its blocks; and the last one like it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from ledger.storage.log import Entry
from ledger.taxing.accepting import RUN, SHOWN, ids_of
from reports.tax.figures import changes, digest, figures
from reports.tax.value import Policy, TaxYear

SETTINGS = ("currency", "method", "scope", "zone", "results", "funding", "fees", "network_fees", "choices")
"""What of a policy two runs of a year may differ by, beside the age of prices and the statements of venues."""


def settings_of(
    policy: Policy, max_age: timedelta, choices: str | None, statements: Sequence[tuple[str, str]]
) -> Mapping[str, str]:
    """Return what a run was asked for, by name and as text; of files a digest, so that another text is another run."""
    told = {name.replace("_", " "): str(getattr(policy, name) or "") for name in SETTINGS}
    told["age of prices"] = f"{max_age.total_seconds() / 3600:g} h"
    if choices is not None:
        told["choices"] += f" {sha256(choices.encode()).hexdigest()[:8]}"
    told["statements"] = ", ".join(f"{name} {sha256(text.encode()).hexdigest()[:8]}" for name, text in statements)
    return told


def name_of(policy: Policy) -> str:
    """Return what runs are kept by: country and year."""
    return f"{policy.jurisdiction} {policy.label}"


def with_previous(year: TaxYear, entries: Sequence[Entry]) -> TaxYear:
    """Return the year with what changed since the last run with the same settings; else with what was set otherwise."""
    runs = [entry for entry in entries if entry["kind"] == RUN and entry["policy"] == name_of(year.policy)]
    alike = [entry for entry in runs if entry["settings"] == year.settings]
    year = replace(year, book=digest(year))
    if alike:
        told = changes(json.loads(alike[-1]["figures"]), figures(year))
        return replace(year, changes=told, previous_run=alike[-1]["at"])
    if runs:
        return replace(year, other_run=runs[-1]["at"], other_settings=changes(runs[-1]["settings"], year.settings))
    return year


def run_entry(year: TaxYear) -> Mapping[str, Any]:
    """Return what the log keeps of a run that was written."""
    return {**_shown(year), "kind": RUN, "figures": json.dumps(figures(year), sort_keys=True), "digest": year.book}


def review_entry(year: TaxYear, entries: Sequence[Entry]) -> Mapping[str, Any] | None:
    """Return what the log keeps of a review, so that its blocks can be accepted; None where it knows them already."""
    shown = _shown(year)
    alike = [entry for entry in entries if entry["kind"] in (RUN, SHOWN)
             and all(entry.get(name) == shown[name] for name in ("policy", "settings"))]  # fmt: skip
    last = alike[-1].get("blocks") if alike else []
    return None if last == shown["blocks"] else {**shown, "kind": SHOWN}


def _shown(year: TaxYear) -> Mapping[str, Any]:
    return {"policy": name_of(year.policy), "settings": dict(year.settings), "blocks": ids_of(year.blocks)}


__all__ = ["name_of", "review_entry", "run_entry", "settings_of", "with_previous"]
