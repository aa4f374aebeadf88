"""What would explain each break: every kind of damage is tried, and what fits best is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from ledger.storage.store import Store, statement
from ledger.tying.guess_cadence import intervals_that_lack
from ledger.tying.guess_clocks import wrong_clocks
from ledger.tying.guess_facts import facts_without_rows
from ledger.tying.guess_files import files_that_lack
from ledger.tying.guess_legs import legs_that_lack
from ledger.tying.guess_rows import damaged_rows
from ledger.tying.guesses import PLACE, Broken, Guess, best, told
from ledger.tying.nothing import nothing_fits
from schemas.ddl import column_types
from schemas.derived import Hint

EACH, ALL = 200_000, 2_000_000
"""Movements that are compared one by one: of a break, and of all breaks together."""
OF_ONE, MOST = 5_000, 20_000
"""Breaks that are looked at: of one balance, and of all; who has more has one cause to mend, not thousands."""
OTHERS = (
    "mend the first of this wallet and asset, or import its ledger in the format that it is of (`marginbook formats "
    "detect`), and most will be gone"
)
SHOWN = 20


def find_hints(store: Store) -> None:
    """Write `hints`: of every break what explains it best, by everything that the book knows."""
    store.execute(statement("hints", "delete"))
    if not store.scalar(statement("hints", "any_break")):
        return
    store.execute(statement("hints", "keep_breaks"), {"of_one": OF_ONE, "most": MOST})
    store.execute(statement("hints", "keep_counts"), {"each": EACH, "all": ALL})
    breaks = _breaks(store)
    store.execute(statement("hints", "keep_rows"))
    store.execute(statement("hints", "keep_events"))
    _pinned(store, breaks)
    guesses = [
        *damaged_rows(store, breaks),
        *wrong_clocks(store, breaks),
        *facts_without_rows(store, breaks),
        *legs_that_lack(store, breaks),
        *intervals_that_lack(store, breaks),
        *files_that_lack(store, breaks),
        *nothing_fits(store, breaks),
    ]
    _write(store, breaks, best(guesses))
    store.execute(statement("hints", "say_of_others"), {"sentence": OTHERS})
    store.execute(statement("hints", "drop_tables"))


def _breaks(store: Store) -> dict[int, Broken]:
    formats = {tuple(row[:4]): row[4] for row in store.rows(statement("hints", "formats"))}
    found = {}
    for row in store.query(statement("hints", "breaks")).iter_rows(named=True):
        chain = (row["account"], row["venue"], row["wallet"], row["asset"])
        row["key"] = int(row["key"] or 0)
        row["since_key"] = int(row["since_key"] or row["key"])
        found[row["no"]] = Broken(
            **row, key_at=row["broken_at"], since_key_at=row["since_at"], formats=formats.get(chain) or row["venue"]
        )
    return found


def _pinned(store: Store, breaks: dict[int, Broken]) -> None:
    """Put the ends of a break at the very rows, where each row between them states a balance."""
    for no, key, broken_at, prior_key, prior_at in store.rows(statement("hints", "pinned")):
        breaks[no] = replace(
            breaks[no], key=int(key), key_at=broken_at, since_key=int(prior_key), since_key_at=prior_at
        )


def _write(store: Store, breaks: Mapping[int, Broken], chosen: Mapping[int, list[Guess]]) -> None:
    """Write the hints, with the places of the rows that their sentences name."""
    named = {int(key) for guesses in chosen.values() for guess in guesses[:2] for key in PLACE.findall(guess.sentence)}
    places = places_of(store, named)
    rows = [
        {
            "break_id": breaks[no].break_id,
            "kind": guesses[0].kind,
            "sentence": told(guesses, places),
            "rows": [str(key) for key in dict.fromkeys(key for guess in guesses[:2] for key in guess.rows)][:SHOWN],
        }
        for no, guesses in sorted(chosen.items())
    ]
    store.insert("hints", pl.DataFrame(rows, schema=column_types(Hint)))


def places_of(store: Store, keys: Iterable[int]) -> dict[int, str]:
    """Return file and line of rows."""
    frame = pl.DataFrame({"row_key": [str(key) for key in sorted(keys)]}, schema={"row_key": pl.String})
    if not frame.height:
        return {}
    with store.registered(incoming=frame):
        found = store.rows(statement("hints", "places"))
    return {int(key): f"{name}:{line}" for key, name, line in found}
