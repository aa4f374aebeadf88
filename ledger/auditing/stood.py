"""What a bucket is ruled by: all that its sheets alone do not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.auditing.bucket import Bucket
from ledger.margining.requirement import Tier
from ledger.margining.rules import VenueRule


@dataclass(frozen=True, kw_only=True)
class Stood:
    """A bucket with the rule of its venue and where its maintenance margin is from."""

    bucket: Bucket
    rule: VenueRule
    implied: Sequence[Tier]
    """The tier that its end implies, for positions of which none is known."""
    requirement: tuple[str, str]
    """Label and source of the maintenance margin."""
