"""What is found by looking at all wallets together, after each of them is derived."""

from __future__ import annotations

from ledger.storage.store import Store


def tie(store: Store) -> None:
    """Match transfers, find gaps and look for what would explain each break, over the whole book."""
