"""Built-in terms of venues: what somebody else would have to look up, each with the date and the source of it.

A row says what a source stated for a day; it stands until a later row of the same thing, or to `valid_to` where the
source says so.  What the user imported stands before it: `known_<table>` lists both, with `basis`.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import pandera.polars as pa

from schemas.ddl import column_types
from schemas.tables import ORIGIN, CollateralRatio, LoanTerm, MarginTier
from schemas.types import DUCKDB_TYPES

TABLES: dict[str, type[pa.DataFrameModel]] = {
    "margin_tiers": MarginTier,
    "collateral_ratios": CollateralRatio,
    "loan_terms": LoanTerm,
}
FURTHER = {"product": "VARCHAR", "valid_to": "TIMESTAMPTZ", "unit": "VARCHAR"}
"""Columns that only built-in rows fill: which of a venue's products, when the terms ended, where that is known, and
what floor and cap count where it is no value (`contracts`, `base`)."""


@cache
def builtin(table: str) -> tuple[dict[str, str], ...]:
    """Return the built-in rows of a table, as text; an empty text is unknown."""
    text = resources.files("ledger").joinpath("reference", f"{table}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def views() -> list[str]:
    """Return the statements that make `known_margin_tiers`, `known_collateral_ratios` and `known_loan_terms`."""
    return [_view(table, model) for table, model in TABLES.items()]


def _view(table: str, model: type[pa.DataFrameModel]) -> str:
    kinds = {name: DUCKDB_TYPES[str(kind)] for name, kind in column_types(model).items()}
    own = [name for name in kinds if name not in (*ORIGIN, "wallet", "source_row")]
    places = ["venue", *FURTHER, "valid_from", *own[1:]]
    imported = [f"NULL::{FURTHER[name]} AS {name}" if name in FURTHER else name for name in places]
    stated = [f"{name}::{(kinds | FURTHER)[name]} AS {name}" for name in places]
    lines = ",\n  ".join(
        "(" + ", ".join(_literal(row.get(name, "")) for name in places) + ")" for row in builtin(table)
    )
    return (
        f"CREATE OR REPLACE VIEW known_{table} AS\n"
        f"SELECT {', '.join(imported)}, 'imported' AS basis, account, row_key FROM {table}\n"
        f"UNION ALL\n"
        f"SELECT {', '.join(stated)}, 'built-in', NULL, NULL FROM (VALUES\n  {lines}\n) AS stated({', '.join(places)})"
    )


def _literal(text: str) -> str:
    return "NULL" if text == "" else "'" + text.replace("'", "''") + "'"
