"""Which line of the bridge a change of a balance belongs to."""

from __future__ import annotations

MOVED = {"deposit", "withdrawal", "transfer", "margin_move", "pledge", "network_fee"}
DRAWN = {"borrow"}
REPAID = {"repay", "repay_principal", "repay_interest"}
TRADED = {"trade", "realized_pnl", "session_result"}
FEES = {"trading_fee", "rebate"}
OWN_NAMES = {"conversion", "income", "correction", "unknown"}
"""Causes that no line of every bridge is for: they get a line of their own name."""


def line_of(  # noqa: PLR0911  (one line a cause)
    cause: str, *, gains: bool, is_own: bool, in_currency: bool
) -> str:
    """Return the line of a cause: `gains` whether the bucket gained, `in_currency` whether it is the bucket's asset."""
    if cause in MOVED:
        return "transfers_in" if gains and cause != "network_fee" else "transfers_out"
    if cause in DRAWN:
        return "drawn"
    if cause in REPAID:
        return "repaid"
    if cause in TRADED:
        return "own_price_pnl" if is_own else "other_realized_pnl"
    if cause in FEES:
        return "own_fees" if is_own else "other_fees"
    if cause == "funding":
        return "own_funding" if is_own else "other_funding"
    if cause == "interest":
        return "interest" if in_currency else "interest_in_kind"
    return cause
