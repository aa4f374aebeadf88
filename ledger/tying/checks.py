"""Every invariant that a book at rest must hold: an id, a sentence, and what finds the offenders.

Most are a query for offenders in `ledger/checks`; the first comment of a file is its id and sentence.  Ids: A are the
identities of the mathematics, D2 the invariants of the book, F2 one voice a fact, U unique names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl

from ledger.storage.archive import Archive
from ledger.storage.store import Store, sql_files_by_name
from ledger.tying import identities

HEAD = re.compile(r"-- \[([A-Z]\d*(?:\.\d+)?[a-z]?)\] (.+)")
Find = Callable[[Store, Archive | None], pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One invariant."""

    id: str
    name: str
    sentence: str
    """What its offenders are."""
    find: Find
    """Returns them, one a row; `row_key`, where there is one, leads to the row of a file."""


def every_check() -> tuple[Check, ...]:
    """Return the invariants in the order of their ids."""
    return in_order([*_queries(), *COMPUTED])


def in_order(found: Iterable[Check]) -> tuple[Check, ...]:
    """Return invariants in the order of their ids."""
    return tuple(sorted(found, key=_order))


@cache
def _queries() -> tuple[Check, ...]:
    found = []
    for name, text in sql_files_by_name("checks").items():
        head = HEAD.match(text)
        if head is None:
            raise ValueError(f"ledger/checks/{name}.sql must begin with `-- [id] sentence`")
        found.append(Check(id=head[1], name=name, sentence=head[2].strip(), find=_asking(text)))
    return tuple(found)


def _asking(text: str) -> Find:
    return lambda store, _archive: store.query(text)


def _order(check: Check) -> tuple[str, int, str]:
    found = re.match(r"([A-Z]\d*?)\.?(\d+)[a-z]?$", check.id)
    assert found is not None, check.id
    return found[1], int(found[2]), check.id


COMPUTED = tuple(
    Check(id=place, name=name, find=find, sentence=sentence)
    for place, name, find, sentence in (
        ("A3b", "results_equal_lines", identities.unattributed_results,
         "Wallets of which the positions and the unattributed lines do not make what the ledger booked."),
        ("A4e", "net_is_its_parts", identities.wrong_nets,
         "Positions whose net is not gross - trading fees - carry + insurance."),
        ("A8", "fifo_equals_average", identities.fifo_differs,
         "Open positions whose realized and unrealized result differs between average cost and FIFO."),
        ("D2.9a", "rows_are_sighted", identities.unsighted_rows,
         "Stored rows that no file shows any more."),
        ("D2.9b", "rows_have_files", identities.rows_without_a_file,
         "Stored rows whose file is not in `files`."),
        ("D2.9c", "files_are_archived", identities.files_without_bytes,
         "Files whose bytes are not in the archive."),
        ("D2.14", "instants_are_possible", identities.impossible_instants,
         "Rows from before 2009, or from more than a day after the last import."),
    )
)  # fmt: skip
"""Invariants that take more than one query."""
