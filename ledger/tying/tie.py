"""What is found by looking at all wallets together, after each of them is derived."""

from __future__ import annotations

from ledger.storage.store import Store
from ledger.tying.gaps import find_gaps
from ledger.tying.hints import find_hints
from ledger.tying.transfers import match_transfers


def tie(store: Store) -> None:
    """Match transfers, find gaps and look for what would explain each break, over the whole book."""
    match_transfers(store)
    find_gaps(store)
    find_hints(store)
