"""Vocabularies: what words mean, those of all venues here, a venue's own as CSV files that stand beside its module."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import polars as pl

SIDES: Mapping[str, str] = {"buy": "buy", "sell": "sell"}
POSITION_SIDES: Mapping[str, str] = {"long": "long", "short": "short", "both": "both"}
ROLES: Mapping[str, str] = {"maker": "maker", "taker": "taker"}
MARGIN_MODES: Mapping[str, str] = {"cross_margin": "cross", "isolated_margin": "isolated"}
"""Of the wallets of margin."""

Lines = list[dict[str, str]]


def table(module: str, name: str) -> Lines:
    """Return the rows of the CSV file `name` beside a module, which passes its `__file__`."""
    with (Path(module).parent / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def column(lines: Lines, key: str, value: str) -> dict[str, str]:
    """Return what each key (folded) means in one column of a vocabulary, without the empty meanings."""
    return {line[key].casefold(): line[value] for line in lines if line[value]}


def looked_up(name: str, words: Mapping[str, str]) -> pl.Expr:
    """Return what the vocabulary says of each word of a typed column, null where it says nothing."""
    return pl.col(name).replace_strict(dict(words), default=None, return_dtype=pl.String).replace("", None)
