"""Margin positions that the venue keeps by opening trade: each is a lot, closed by the trades that name it.

Exports that do not name it (Kraken's before the column `posttxid`) are closed first in, first out, per pair and side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from ledger.accounting.positions import SHARED, Stream, lot_stream, to_money, with_delta
from ledger.accounting.sharing import half_even, shared
from schemas.types import MONEY

UNKNOWN = "?"


@dataclass(kw_only=True)
class _Open:
    """The lots of a pair and side that are open, oldest first, with what is left of each."""

    left: dict[str, int] = field(default_factory=dict)
    queue: deque[str] = field(default_factory=deque)

    def add(self, ref: str, size: int) -> None:
        if ref not in self.left:
            self.queue.append(ref)
        self.left[ref] = self.left.get(ref, 0) + size

    def close(self, ref: str | None, size: int) -> list[tuple[str, int]]:
        """Return (lot, size) of what is closed: of the lot that is named, else of the oldest."""
        if ref is not None:
            self.left[ref] = self.left.get(ref, 0) - size
            return [(ref, size)]
        closed = []
        while size and self.queue:
            oldest = self.queue[0]
            part = min(size, max(self.left[oldest], 0))
            if part:
                closed.append((oldest, part))
                self.left[oldest] -= part
                size -= part
            if self.left[oldest] <= 0:
                self.queue.popleft()
        return closed + ([(UNKNOWN, size)] if size else [])


def lot_streams(fills: pl.DataFrame) -> list[Stream]:
    """Return a stream per lot.  A close that no lot explains makes a lot whose opening is unknown."""
    assigned = _assigned(with_delta(fills))
    streams = []
    for (_, side, _), lot in assigned.partition_by(
        "symbol", "lot_side", "lot", as_dict=True, maintain_order=True
    ).items():
        streams.append(lot_stream(_settled(lot), str(side)))
    return streams


def _assigned(fills: pl.DataFrame) -> pl.DataFrame:
    """Return the fills with `lot` and `lot_side`; one that closes several lots is a row for each, with its share."""
    open_lots: dict[tuple[str, str], _Open] = {}
    of, parts, lots, sides = [], [], [], []
    sizes = _ints(fills["quantity"])
    rows = zip(fills["symbol"], fills["side"], fills["effect"], fills["position_ref"], fills["trade_ref"], sizes,
               strict=True)  # fmt: skip
    for index, (symbol, side, effect, ref, trade, size) in enumerate(rows):
        closes = effect == "close"
        lot_side = "long" if (side == "buy") != closes else "short"
        held = open_lots.setdefault((symbol, lot_side), _Open())
        if closes:
            for lot, part in held.close(ref, size):
                of.append(index)
                parts.append(part)
                lots.append(lot)
                sides.append(lot_side)
        else:
            lot = ref or trade or str(index)
            held.add(lot, size)
            of.append(index)
            parts.append(size)
            lots.append(lot)
            sides.append(lot_side)
    frame = fills[of]
    if len(of) > fills.height:
        whole = [sizes[index] for index in of]
        columns = {name: to_money(shared(_known(frame[name]), of, parts, whole)) for name in SHARED}
        several = pl.Series(of).is_duplicated()
        frame = frame.with_columns(
            **columns, quantity=to_money(parts),
            realized_stated=pl.when(~several).then(pl.col("realized_stated")),
        )  # fmt: skip
    named = pl.Series(lots, dtype=pl.String)
    return with_delta(frame).with_columns(
        lot=named, lot_side=pl.Series(sides, dtype=pl.String), position_ref=named.replace(UNKNOWN, None)
    )


def _settled(lot: pl.DataFrame) -> pl.DataFrame:
    """Return the fills of a lot; one that settles it by delivery is worth what it cost, so that it realizes nothing.

    Who settles pays what was borrowed and keeps what was bought: no result, an inventory at the opening price.
    """
    if not (lot["execution"] == "settlement").any():
        return lot
    quantity = cost = 0
    notionals, weights = _known(lot["notional"]), _known(lot["weight"])
    values = zip(_ints(lot["delta"]), lot["execution"], strict=True)
    for index, (delta, execution) in enumerate(values):
        if quantity == 0 or (quantity > 0) == (delta > 0):
            quantity, cost = quantity + delta, cost + (notionals[index] or 0)
            continue
        part = min(abs(delta), abs(quantity))
        released = half_even(cost * part, abs(quantity))
        quantity, cost = quantity + delta, cost - released
        if execution == "settlement":
            notionals[index] = weights[index] = released
    return lot.with_columns(notional=to_money(notionals), weight=to_money(weights))


def _known(series: pl.Series) -> list[int | None]:
    return series.cast(MONEY).to_physical().to_list()


def _ints(series: pl.Series) -> Sequence[int]:
    return series.cast(MONEY).to_physical().to_list()
