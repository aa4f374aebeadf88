"""Pair the rows by which two exports state the same events."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import polars as pl


def pair(rows: pl.DataFrame, distance: timedelta, ours: str) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Return pairs (ours, theirs) of equal what, cause and amount at most `distance` apart, and the rows left alone.

    `rows` has row_key, moment, what, cause, amount and the boolean column `ours`; they pair off in order of time.
    """
    groups: dict[tuple[Any, ...], tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for row in rows.sort("moment", "row_key").iter_rows(named=True):
        groups[row["what"], row["cause"], row["amount"]][0 if row[ours] else 1].append(row)
    pairs, alone = [], []
    for mine, theirs in groups.values():
        left = right = 0
        while left < len(mine) and right < len(theirs):
            gap = theirs[right]["moment"] - mine[left]["moment"]
            if abs(gap) <= distance:
                pairs.append((mine[left], theirs[right]))
                left, right = left + 1, right + 1
            elif gap > timedelta(0):
                alone.append(mine[left])
                left += 1
            else:
                alone.append(theirs[right])
                right += 1
        alone += mine[left:] + theirs[right:]
    return pairs, sorted(alone, key=lambda row: (row["moment"], row["row_key"]))
