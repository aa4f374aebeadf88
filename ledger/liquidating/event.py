"""A liquidation that the book shows: which rows are it, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Event:
    """One forced reduction of one bucket: the stages of a partial one, and all symbols of a cross wallet, are one."""

    liquidation_id: str
    """Readable and stable: liq, owner, symbol, side, minute, ordinal."""
    account: str
    venue: str
    wallet: str
    pair: str | None
    """The isolated pair of a margin wallet."""
    kind: str
    """contract (perpetual, future), margin (spot margin), unified (an account of all) or loan."""
    margin_mode: str | None
    """isolated, cross or portfolio as rows state it; None: nothing says."""
    is_adl: bool
    """Whether all of it is auto-deleveraging: a position closed against somebody else's bankruptcy, not liquidated."""
    symbol: str
    """Of several the one with the largest loss."""
    side: str
    """long, short; of a loan borrower; `?` where no row says."""
    stage: str
    """partial, full, takeover, adl or collateral_sale; unknown where no row says."""
    settle_asset: str
    """Currency of the bucket: settle or quote asset, of a loan the asset owed; empty where no row says."""
    position_ids: Sequence[str]
    """Positions that were forcibly reduced, the largest loss first."""
    loan_id: str | None
    started_at: datetime
    """First forced row: the trigger."""
    ended_at: datetime
    """Last row of it: fills, fee, insurance, repayment."""
    leg_keys: Sequence[tuple[str, int]]
    """(position_id, leg_no) of the forced legs."""
    rows: Sequence[str]
    """Row keys of all rows that are it: fills, the venue's rows, fees, insurance, repayments."""
    mark_price: Fraction | None
    """The mark at the trigger as the venue states it."""
    bankruptcy_price: Fraction | None
    found_by: Sequence[str]
    """What tells it, in words."""
