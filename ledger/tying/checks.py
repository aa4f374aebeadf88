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
    letter, number = re.match(r"([A-Z]\d*?)\.?(\d+)[a-z]?$", check.id).groups()  # type: ignore[union-attr]
    return letter, int(number), check.id


COMPUTED = (
    Check(
        id="A3b", name="results_equal_lines", find=identities.unattributed_results,
        sentence="Wallets of which the positions and the unattributed lines do not make what the ledger booked.",
    ),
    Check(
        id="A4e", name="net_is_its_parts", find=identities.wrong_nets,
        sentence="Positions whose net is not gross - trading fees - carry + insurance.",
    ),
    Check(
        id="A8", name="fifo_equals_average", find=identities.fifo_differs,
        sentence="Open positions whose realized and unrealized result differs between average cost and FIFO.",
    ),
    Check(
        id="D2.9a", name="rows_are_sighted", find=identities.unsighted_rows,
        sentence="Stored rows that no file shows any more.",
    ),
    Check(
        id="D2.9b", name="rows_have_files", find=identities.rows_without_a_file,
        sentence="Stored rows whose file is not in `files`.",
    ),
    Check(
        id="D2.9c", name="files_are_archived", find=identities.files_without_bytes,
        sentence="Files whose bytes are not in the archive.",
    ),
    Check(
        id="D2.14", name="instants_are_possible", find=identities.impossible_instants,
        sentence="Rows from before 2009, or from more than a day after the last import.",
    ),
)  # fmt: skip
"""Invariants that take more than one query."""
