"""Whose a row of the ledger is: of which position of the bucket, and whether the liquidation itself made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from ledger.auditing.stakes import Found, Named, Names, floor_second

Costs = Mapping[str, Sequence[tuple[str, str, Fraction]]]
"""By the base of a row key: cause, position and amount of what was given to positions."""
AFTERWARDS = timedelta(seconds=5)
"""How long after a position is flat a ledger may book its last rows."""
ONE = Fraction(1)
BESIDE = tuple(timedelta(seconds=distance) for distance in (0, 1, -1, 2, -2))
OF_TRADES = (
    "trade",
    "realized_pnl",
    "session_result",
    "trading_fee",
    "rebate",
    "liquidation_fee",
    "insurance",
    "conversion",
)
OF_FORCE = ("liquidation_fee", "insurance")


InSeconds = Mapping[tuple[datetime, str, bool], Sequence[tuple[str, Fraction, bool]]]
"""By second, asset and whether it came: position, amount (unsigned; of fees nothing) and whether it was forced."""


def in_seconds_of(found: Sequence[Found]) -> InSeconds:
    """Return what the legs of positions that are balances moved, by second."""
    seconds: dict[tuple[datetime, str, bool], list[tuple[str, Fraction, bool]]] = {}
    for one in found:
        base, _, quote = (one.instrument or "").partition("/")
        for leg in one.stake.legs if one.stake.is_asset else ():
            if leg.price is None:
                continue
            second, comes = floor_second(leg.at), leg.delta > 0
            moved = ((base, comes, abs(leg.delta)), (quote, not comes, abs(leg.delta) * leg.price))
            for asset, gains, amount in moved:
                seconds.setdefault((second, asset, gains), []).append((one.stake.position_id, amount, leg.is_forced))
    return seconds


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a row that belongs to one position, or (None) to none."""

    position_id: str | None
    share: Fraction
    is_forced: bool = False


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What tells whose a row is, the surest first: its own shares, its fill, its trade, its order, its instrument.

    Of a portfolio over several wallets a row is of a position of its own wallet: ids and names repeat in the others.
    """

    names: Names
    costs: Costs
    found: Sequence[Found]
    forced_rows: frozenset[str]
    """Row keys of the rows that are the liquidation."""
    forced_from: datetime
    in_seconds: InSeconds
    """What legs of positions in kind did in which second, for ledgers that name neither trade nor instrument."""

    @cached_property
    def _wallets(self) -> Mapping[str, str]:
        """By position its wallet."""
        return {found.stake.position_id: found.wallet for found in self.found}

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Found]]:
        """Return the positions by symbol, and by unified name."""
        names: dict[str, list[Found]] = {}
        for found in self.found:
            for name in {found.stake.symbol, found.instrument} - {None}:
                names.setdefault(name or "", []).append(found)
        return names

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {found.stake.position_id: number for number, found in enumerate(self.found)}

    def _named(self, symbol: str, instrument: str | None) -> Sequence[Found]:
        """Return the positions of an instrument by either of its names."""
        of_symbol = [found for found in self._by_name.get(symbol, ()) if found.stake.symbol == symbol]
        if not instrument:
            return of_symbol
        others = [found for found in self._by_name.get(instrument, ())
                  if found.instrument == instrument and found.stake.symbol != symbol]  # fmt: skip
        return sorted([*of_symbol, *others], key=self._number) if others else of_symbol

    def _number(self, found: Found) -> int:
        return self._numbers[found.stake.position_id]

    @cached_property
    def _of_seconds(self) -> Mapping[datetime, Sequence[tuple[str, Fraction, bool]]]:
        """Return what legs of positions in kind did, by second alone."""
        seconds: dict[datetime, list[tuple[str, Fraction, bool]]] = {}
        for (at, _, _), moved in self.in_seconds.items():
            seconds.setdefault(at, []).extend(moved)
        return seconds

    def parts(self, row: Mapping[str, Any]) -> list[Part]:
        """Return the parts of a movement; their shares add to 1."""
        is_forced = row["row_key"] in self.forced_rows or (
            row["cause"] in OF_FORCE and row["moved_at"] >= floor_second(self.forced_from)
        )
        parts = self._of_costs(row) or self._of_fill(row) or self._of_fee(row)
        parts = parts or self._of_instrument(row) or self._of_second(row)
        is_forced = is_forced or any(part.is_forced for part in parts)
        rest = ONE - sum((part.share for part in parts), Fraction(0))
        if rest:
            parts = [*parts, Part(position_id=None, share=rest)]
        if not is_forced:
            return parts
        return [replace(part, is_forced=True) for part in parts]

    def _of_costs(self, row: Mapping[str, Any]) -> list[Part]:
        amount = Fraction(row["amount"]) if row["pool"] == "asset" else -Fraction(row["amount"])
        shares = [
            (position, given) for cause, position, given in self.costs.get(row["base"], ()) if cause == row["cause"]
        ]
        if not shares or not amount:
            return []
        return [Part(position_id=position, share=given / amount) for position, given in shares]

    def _of_fill(self, row: Mapping[str, Any]) -> list[Part]:
        if row["cause"] not in OF_TRADES:
            return []
        by_name = (
            self.names.bases.get(row["base"]),
            self.names.trades.get(row["trade_ref"] or ""),
            self.names.orders.get(row["order_ref"] or ""),
        )
        here = [[leg for leg in legs or () if self._wallets.get(leg.position_id) == row["wallet"]] for legs in by_name]
        legs = next((legs for legs in here if legs), None)
        return [] if legs is None else self._shared(row, legs)

    def _shared(self, row: Mapping[str, Any], legs: Sequence[Named]) -> list[Part]:
        """Return the parts by the legs that a row may mean: of a trade in kind as the fill was, else of who closed."""
        forced = any(leg.is_forced for leg in legs)
        if row["cause"] in ("trade", "conversion"):
            whole = max(sum((leg.share for leg in legs), Fraction(0)), ONE)
            return [Part(position_id=leg.position_id, share=leg.share / whole, is_forced=leg.is_forced) for leg in legs]
        positions = list(dict.fromkeys(leg.position_id for leg in legs))
        if len(positions) == 1:
            return [Part(position_id=positions[0], share=ONE, is_forced=forced)]
        if row["cause"] == "trading_fee":
            whole = sum((leg.share for leg in legs), Fraction(0))
            return [Part(position_id=leg.position_id, share=leg.share / whole, is_forced=leg.is_forced) for leg in legs]
        return [Part(position_id=positions[0], share=ONE, is_forced=forced)]  # a result is of what was closed first

    def _of_fee(self, row: Mapping[str, Any]) -> list[Part]:
        """Return the parts of a fee of a fill that closed one position and opened the next, by their sizes."""
        if row["cause"] != "trading_fee" or row["symbol"] is None:
            return []
        second = floor_second(row["moved_at"])
        sizes = {
            found.stake.position_id: size
            for found in self._by_name.get(row["symbol"], ())
            if found.stake.symbol == row["symbol"]
            and found.wallet == row["wallet"]
            and (size := found.sizes.get(second))
        }
        whole = sum(sizes.values(), Fraction(0))
        return [Part(position_id=name, share=size / whole) for name, size in sizes.items()] if len(sizes) > 1 else []

    def _of_instrument(self, row: Mapping[str, Any]) -> list[Part]:
        if row["symbol"] is None:
            return []
        at = row["moved_at"]
        alike = [
            found
            for found in self._named(row["symbol"], row["instrument"])
            if found.wallet == row["wallet"]
            if floor_second(found.stake.opened_at) <= at
            and (found.stake.closed_at is None or at <= found.stake.closed_at + AFTERWARDS)
        ]
        if row["position_side"] in ("long", "short") and len(alike) > 1:
            alike = [found for found in alike if found.position_side == row["position_side"]] or alike
        if not alike:
            return []
        forced = row["cause"] in OF_TRADES and any(
            leg.is_forced and floor_second(leg.at) <= at <= leg.at + AFTERWARDS for leg in alike[0].stake.legs
        )
        return [Part(position_id=alike[0].stake.position_id, share=ONE, is_forced=forced)]

    def _of_second(self, row: Mapping[str, Any]) -> list[Part]:
        """Return the parts of a trade or fee that names nothing, by what was filled in its second, or one beside it."""
        if row["cause"] not in ("trade", "conversion", "trading_fee") or row["pool"] != "asset":
            return []
        gains = row["amount"] > 0
        second = floor_second(row["moved_at"])
        for distance in BESIDE:
            moved: Sequence[tuple[str, Fraction, bool]]
            if row["cause"] != "trading_fee":
                moved = self.in_seconds.get((second + distance, row["asset"], gains), ())
            else:
                moved = self._of_seconds.get(second + distance, ())
            if moved:
                return self._by_amount(row, moved)
        return []

    @staticmethod
    def _by_amount(row: Mapping[str, Any], moved: Sequence[tuple[str, Fraction, bool]]) -> list[Part]:
        positions = list(dict.fromkeys(position for position, _, _ in moved))
        forced = any(is_forced for _, _, is_forced in moved)
        if len(positions) == 1:
            return [Part(position_id=positions[0], share=ONE, is_forced=forced)]
        sums = {
            name: sum((amount for position, amount, _ in moved if position == name), Fraction(0)) for name in positions
        }
        whole = sum(sums.values(), Fraction(0))
        return [
            Part(position_id=name, share=amount / whole, is_forced=forced) for name, amount in sums.items() if whole
        ]
