"""An audit as one object: decimals as strings, instants as ISO 8601 with Z, null is unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from reports.audit import TERMS, Audit
from reports.audit_words import exact

SCHEMA_VERSION = 1
"""Of the object: it grows when a key changes its meaning, not when one is added."""
FIRST = (
    "liquidation_id", "account", "venue", "wallet", "asset", "position_ids", "started_at", "triggered_at", "ended_at",
    "start_equity", "terms", "unexplained", "end_equity", "maintenance_margin", "trigger_equity", "labels", "sources",
    "counterfactuals", "findings", "primary_cause", "missing",
)  # fmt: skip
"""The promised keys, in their order; further ones follow."""


def as_json(audit: Audit) -> dict[str, Any]:
    """Return the object; every promised term is there, zero where nothing happened.

    `start_equity + sum(terms) + unexplained = end_equity` holds exactly for the strings.
    """
    stated = {term.name: term for term in audit.terms}
    names = [*TERMS, *(name for name in stated if name not in TERMS)]
    told = {item.name: plain(getattr(audit, item.name)) for item in fields(audit)}
    told["terms"] = {name: exact(audit.term(name)) for name in names}
    told["labels"] = {name: stated[name].label if name in stated else "measured" for name in names}
    told["sources"] = {name: stated[name].sources if name in stated else [] for name in names}
    told["reasons"] = {name: term.why for name, term in stated.items() if term.why}
    told["loss"] = exact(audit.loss)
    told["schema_version"] = SCHEMA_VERSION
    return {name: told[name] for name in FIRST} | {name: told[name] for name in told if name not in FIRST}


def text(audit: Audit) -> str:
    """Return the object as it is written to a file."""
    return json.dumps(as_json(audit), ensure_ascii=False, indent=2) + "\n"


def embedded(value: object) -> str:
    """Return json that may stand inside a script element: nothing in it can end the element or a line of it."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    return written


def plain(value: Any) -> Any:  # noqa: PLR0911  (one line a type)
    """Return any value of an audit as what json holds."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return exact(value)
        case datetime():
            moment = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
            written = f"{moment:%Y-%m-%dT%H:%M:%S}"
            return written + (f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else "") + "Z"
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case _ if is_dataclass(value):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        case set() | frozenset():
            return [plain(inner) for inner in sorted(value, key=str)]
        case _:
            return [plain(inner) for inner in value]
