"""Where spot-margin positions begin and end, in fractions and straight from the definitions.

Facts, section 3 rule 7, and margin mathematics, section 6: a buy opens or adds to a long, a sale closes the long first
and is a short beyond it as far as the base is owed right after it; what closes a short and buys beyond its size pays
the interest that is owed in kind; what is left below a step, or below a dollar, is dust.  A run of fills on one side,
each within a minute of the one before, is one act: only its end tells what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

ZERO = Fraction(0)
MINUTE = 60_000_000
STEP = Fraction(1, 10**8)


@dataclass(frozen=True, kw_only=True)
class Trade:
    """A fill of one of the base asset's symbols, and what the wallet owes of the base around it."""

    symbol: str
    at_us: int
    size: Fraction
    """Signed, what really arrived or left."""
    price: Fraction
    owed_before: Fraction | None
    owed: Fraction | None
    """Right after it; None: nothing says."""
    accrued: Fraction
    """Interest in the base asset, up to it."""
    in_dollars: bool
    """Whether the quote is a dollar."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a trade."""

    trade: int
    kind: str
    """leg, interest, inventory or dust."""
    size: Fraction
    worth: Fraction
    """Signed value; of dust its cost."""
    realized: Fraction = ZERO
    position: int = -1
    """Ordinal among the symbol's positions; of interest and dust that of the one it ended with."""


@dataclass(kw_only=True)
class _Open:
    """What is open of a symbol."""

    size: Fraction = ZERO
    cost: Fraction = ZERO
    number: int = -1
    short_closed: int | None = None
    owing: Fraction = ZERO
    """When the run of fills began: owed beyond all that is short."""


def pieces_of(trades: Sequence[Trade]) -> list[Piece]:
    """Return the parts of the trades of one base asset of one pot, in order."""
    pieces: list[Piece] = []
    stakes: dict[str, _Open] = defaultdict(_Open)
    bought = ZERO

    def shorts() -> Fraction:
        return sum((-stake.size for stake in stakes.values() if stake.size < 0), ZERO)

    for index, trade in enumerate(trades):
        stake, left = stakes[trade.symbol], trade.size
        coming = _coming(trades, index)
        if not _follows(trades, index):
            stake.owing = ZERO if trade.owed_before is None else trade.owed_before - shorts()
        if stake.size * left < 0:
            part = left if abs(left) <= abs(stake.size) else -stake.size
            released = stake.cost * -part / stake.size
            pieces.append(Piece(trade=index, kind="leg", size=part, worth=part * trade.price, position=stake.number,
                                realized=-part * trade.price - released))  # fmt: skip
            was_short = stake.size < 0
            stake.size, stake.cost, left = stake.size + part, stake.cost - released, left - part
            if was_short and not stake.size:
                stake.short_closed = trade.at_us
            if stake.size and not coming and _is_dust(stake.size, trade):
                pieces.append(
                    Piece(trade=index, kind="dust", size=-stake.size, worth=-stake.cost, position=stake.number)
                )
                stake.size = stake.cost = ZERO
        ended = stake.short_closed is not None and trade.at_us - stake.short_closed <= MINUTE and not stake.size
        paying = max(min(left, trade.accrued - bought, stake.owing), ZERO)
        if ended and paying:
            bought, stake.owing, left = bought + paying, stake.owing - paying, left - paying
            pieces.append(
                Piece(trade=index, kind="interest", size=paying, worth=paying * trade.price, position=stake.number)
            )
        if left > 0 and ended and _is_dust(left + coming, trade):
            opens = ZERO
        elif left < 0 and trade.owed is not None:
            opens = -min(max(trade.owed - shorts(), ZERO), -left)
        else:
            opens = left
        if opens:
            if not stake.size:
                stake.number, stake.short_closed = stake.number + 1, None
            stake.size, stake.cost = stake.size + opens, stake.cost + opens * trade.price
            pieces.append(Piece(trade=index, kind="leg", size=opens, worth=opens * trade.price, position=stake.number))
        if left != opens:
            rest = left - opens
            pieces.append(Piece(trade=index, kind="inventory", size=rest, worth=rest * trade.price))
    return pieces


def _coming(trades: Sequence[Trade], index: int) -> Fraction:
    """Return what the run of fills that the trade is in still brings after it."""
    last, coming = trades[index], ZERO
    for trade in trades[index + 1 :]:
        if trade.symbol != last.symbol:
            continue
        if trade.size * last.size < 0 or trade.at_us - last.at_us > MINUTE:
            break
        coming, last = coming + trade.size, trade
    return coming


def _follows(trades: Sequence[Trade], index: int) -> bool:
    """Return whether the trade goes on with a run of fills that began before it."""
    one = trades[index]
    earlier = [trade for trade in trades[:index] if trade.symbol == one.symbol]
    return bool(earlier) and earlier[-1].size * one.size > 0 and one.at_us - earlier[-1].at_us <= MINUTE


def _is_dust(size: Fraction, trade: Trade) -> bool:
    return abs(size) < STEP or (trade.in_dollars and abs(size) * trade.price < 1)
