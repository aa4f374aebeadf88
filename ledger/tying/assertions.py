"""What a person says that a wallet held, beside what the book computes: it holds, or by how much it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.storage.entries import Entered
from ledger.storage.store import Store, statement


@dataclass(frozen=True, kw_only=True)
class Before:
    """How things stood before the assertion; of an instant, without and with what moved in it."""

    computed: tuple[Decimal, Decimal]
    rows: int
    anchored: bool
    assets: tuple[str, ...]
    """All assets that the wallet is known to have moved."""
    breaks: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class NewBreak:
    """A place where the chain of stated balances does not hold since the assertion."""

    break_id: str
    broken_at: datetime
    difference: Decimal
    hint: str | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An assertion that is stored, and whether it holds."""

    name: str
    """Of its file; `forget` takes it back."""
    account: str
    venue: str
    wallet: str
    asset: str
    at: datetime
    stated: Decimal
    computed: Decimal
    """Without the assertion: from the opening that was known, else from 0."""
    anchored: bool
    """Whether another stated balance had fixed the opening."""
    rows: int
    """Rows that moved the asset in this wallet, at any time."""
    assets: tuple[str, ...]
    breaks: tuple[NewBreak, ...]

    @property
    def difference(self) -> Decimal:
        """Stated less computed."""
        return self.stated - self.computed

    @property
    def holds(self) -> bool:
        """Whether what is stated is what was computed, and no other stated balance contradicts it."""
        return not self.difference and not self.breaks


def before(store: Store, place: Mapping[str, Any], at: datetime) -> Before:
    """Return how an asset of a wallet (account, venue, wallet, asset) stands."""
    without, with_, rows, anchored = store.rows(statement("assertions", "computed"), {**place, "at": at})[0]
    return Before(
        computed=(without, with_), rows=rows, anchored=anchored,
        assets=tuple(asset for (asset,) in store.rows(statement("assertions", "assets"), place)),
        breaks=frozenset(name for name, *_ in store.rows(statement("assertions", "breaks"), place)),
    )  # fmt: skip


def verdict(store: Store, place: Mapping[str, Any], earlier: Before, name: str, asserted: Entered) -> Verdict:
    """Return what became of an assertion.

    Whether what moved in its very instant was before it or after, nobody says: the nearer of the two counts.
    """
    stated = Decimal(asserted.values["balance"] or 0)
    breaks = [NewBreak(break_id=key, broken_at=at, difference=difference, hint=hint)
              for key, at, difference, hint in store.rows(statement("assertions", "breaks"), place)
              if key not in earlier.breaks]  # fmt: skip
    return Verdict(
        name=name, **place, at=asserted.at, stated=stated,
        computed=min(earlier.computed, key=lambda computed: abs(stated - computed)),
        anchored=earlier.anchored, rows=earlier.rows, assets=earlier.assets, breaks=tuple(breaks),
    )  # fmt: skip
