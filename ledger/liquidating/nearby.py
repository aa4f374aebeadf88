"""Which forced row something belongs to that names it only by its time and place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from ledger.liquidating.signs import Record, Sign, place_of

NEAR = timedelta(minutes=1)
"""A venue's row without ids lies within a minute of its fills, and so does what the liquidation cost."""
AN_HOUR = timedelta(hours=1)
"""What is known to be of a position, or forced in a wallet, follows within the hour."""


class Timeline:
    """Signs in order of time."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self.signs = sorted(signs, key=lambda sign: sign.at)
        self.instants = [sign.at for sign in self.signs]

    def nearest(
        self, at: datetime, before: timedelta, after: timedelta, fits: Callable[[Sign], bool] = lambda _: True
    ) -> Sign | None:
        """Return the nearest sign from `before` an instant to `after` it, the earliest of several as near."""
        first, last = bisect_left(self.instants, at - before), bisect_right(self.instants, at + after)
        fitting = [sign for sign in self.signs[first:last] if fits(sign)]
        return min(fitting, key=lambda sign: abs(sign.at - at), default=None)


class Nearby:
    """Signs by place and time."""

    def __init__(self, signs: Iterable[Sign]) -> None:
        by_place: dict[object, list[Sign]] = defaultdict(list)
        self.of_base: dict[str, Sign] = {}
        for sign in signs:
            place = (sign.pot.account, sign.pot.venue, sign.pot.wallet)
            by_place[place].append(sign)
            if sign.position_id is not None:
                by_place[sign.position_id].append(sign)
            if sign.base is not None:
                self.of_base.setdefault(sign.base, sign)
        self.lines = {place: Timeline(found) for place, found in by_place.items()}
        self.nothing = Timeline(())

    def of_clearance(self, row: Record) -> Sign | None:
        """Return the sign of a fee or an insurance: of its source row, its position, its symbol, else of its wallet."""
        if (same := self.of_base.get(row["base"])) is not None:
            return same
        for name in row["position_ids"]:
            found = self.lines.get(name, self.nothing).nearest(row["moment"], AN_HOUR, NEAR)
            if found is not None:
                return found
        line = self.lines.get(place_of(row), self.nothing)
        return line.nearest(row["moment"], NEAR, NEAR, lambda sign: _fits(row, sign))

    def of_named(self, row: Record) -> Sign | None:
        """Return the sign that a booking called liquidation goes with: of its source row, else of its wallet."""
        if (same := self.of_base.get(row["base"])) is not None:
            return same
        line = self.lines.get(place_of(row), self.nothing)
        return line.nearest(row["moment"], AN_HOUR, NEAR, lambda sign: row["symbol"] in (None, sign.symbol))

    def of_repayment(self, row: Record) -> Sign | None:
        """Return the sign of a repayment that no person ordered: what was forced just before it."""
        line = self.lines.get(place_of(row), self.nothing)
        return line.nearest(
            row["moment"], AN_HOUR if row["is_forced"] else NEAR, NEAR, lambda sign: _in_debt(row, sign)
        )


def _in_debt(row: Record, sign: Sign) -> bool:
    return sign.pot.kind in ("margin", "unified") and (row["pair"] is None or sign.pot.pair in (None, row["pair"]))


def _fits(row: Record, sign: Sign) -> bool:
    if row["symbol"] is not None and sign.pot.kind != "loan":
        return bool(row["symbol"] == sign.symbol)
    return row["pair"] is None or sign.pot.pair is None or row["pair"] == sign.pot.pair


def with_fills(orders: Sequence[Record], fills: Sequence[Sign]) -> Iterator[tuple[Record, Sign | None]]:
    """Yield each row of the venue with its forced fill: by order, else (without ids on a side) within a minute."""
    by_order: dict[tuple[str, ...], Sign] = {}
    by_symbol: dict[tuple[str, ...], list[Sign]] = defaultdict(list)
    for fill in fills:
        if fill.order_ref is not None:
            by_order.setdefault((fill.pot.account, fill.pot.venue, fill.symbol, fill.order_ref), fill)
        by_symbol[fill.pot.account, fill.pot.venue, fill.pot.wallet, fill.symbol].append(fill)
    lines = {place: Timeline(found) for place, found in by_symbol.items()}
    for row in orders:
        found = by_order.get((row["account"], row["venue"], row["symbol"], row["order_ref"] or ""))
        if found is None and (line := lines.get((*place_of(row), row["symbol"]))) is not None:
            found = line.nearest(row["moment"], NEAR, NEAR, partial(_same_order, row))
        yield row, found


def untold(fills: Sequence[Record], orders: Sequence[Record]) -> list[Record]:
    """Return the forced fills of no position that no row of the venue lists: by source row, by order or by time."""
    bases = {row["base"] for row in orders}
    by_order = {(row["account"], row["venue"], row["symbol"], row["order_ref"]) for row in orders if row["order_ref"]}
    instants: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
    for row in orders:
        instants[*place_of(row), row["symbol"]].append(row["moment"])
    for found in instants.values():
        found.sort()

    def is_listed(row: Record) -> bool:
        line = instants.get((*place_of(row), row["symbol"]), [])
        first = bisect_left(line, row["moment"] - NEAR)
        is_near = first < len(line) and line[first] <= row["moment"] + NEAR
        order = (row["account"], row["venue"], row["symbol"], row["order_ref"])
        return row["base"] in bases or order in by_order or is_near

    return [row for row in fills if not is_listed(row)]


def _same_order(row: Record, fill: Sign) -> bool:
    return (row["order_ref"] is None or fill.order_ref is None) and row["side"] in (None, fill.side)
