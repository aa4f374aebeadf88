"""What was forced of each symbol of a liquidation: sizes and average prices, of fills, else of the venue's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from ledger.liquidating.event import Event
from ledger.liquidating.signs import Record, fraction
from ledger.margining.requirement import ZERO
from reports.audit_words import exact
from schemas.types import SCALE

EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
INVERSE_PLACES = 8
"""An average of quotients is itself a quotient: more digits of it are noise."""


@dataclass(frozen=True, kw_only=True)
class OfSymbol:
    """What was forced of one symbol (of a loan, of one asset that was pledged)."""

    symbol: str
    side: str | None
    quantity: Fraction | None
    average: Decimal | None

    def told(self) -> str:
        """Return it in words: `BTCUSDT long 1.5 at 36000`; what is unknown is left out."""
        size = "" if self.quantity is None else f" {exact(money(self.quantity))}"
        price = "" if self.average is None else f" at {exact(self.average)}"
        return f"{self.symbol}{'' if self.side is None else f' {self.side}'}{size}{price}"


def by_symbol(
    event: Event, forced: Sequence[Record], listed: Sequence[Record], loans: Sequence[Record]
) -> list[OfSymbol]:
    """Return what was forced of each symbol, that with the largest loss first."""
    sold = [row["asset"] for row in loans if row["kind"] == "collateral_sold"]
    rows = [row["symbol"] for row in (*forced, *listed)]
    found = []
    for symbol in dict.fromkeys([event.symbol, *(sold if event.kind == "loan" else rows)]):
        legs = [row for row in forced if row["symbol"] == symbol]
        orders = once([row for row in listed if row["symbol"] == symbol])
        sides = {row["side"] for row in legs}
        side = sides.pop() if len(sides) == 1 else None
        found.append(OfSymbol(
            symbol=symbol, side=side if legs or symbol != event.symbol else known_side(event),
            quantity=_quantity(symbol, legs, orders, loans), average=_average(legs, orders),
        ))  # fmt: skip
    return found


def once(orders: Sequence[Record]) -> list[Record]:
    """Return the venue's rows, those of two lists that say the same of an order once."""
    found = {
        (row["order_ref"] or number, row["quantity"], row["price"]): row
        for number, row in reversed(list(enumerate(orders)))
    }
    return list(reversed(found.values()))


def _quantity(
    symbol: str, legs: Sequence[Record], orders: Sequence[Record], loans: Sequence[Record]
) -> Fraction | None:
    """Return the size that was forced: of the fills, else as the venue's rows say."""
    if legs:
        return summed(abs(row["delta"]) for row in legs)
    sold = [row["amount"] for row in loans if row["kind"] == "collateral_sold" and row["asset"] == symbol]
    stated = [row["quantity"] for row in orders]
    return summed(sold) if sold else summed(stated) if stated else None


def _average(legs: Sequence[Record], orders: Sequence[Record]) -> Decimal | None:
    """Return the size-weighted average price; harmonic of inverse contracts."""
    rows = [(row["delta"], row["price"], row["style"]) for row in legs]
    rows = rows or [(row["quantity"], row["price"], None) for row in orders]
    if not rows or any(size is None or price is None for size, price, _ in rows):
        stated = {price for _, price, _ in rows}
        return stated.pop() if len(stated) == 1 else None
    inverse = rows[0][2] == "inverse"
    if inverse and not all(price for _, price, _ in rows):
        return None
    sizes = [abs(Fraction(size)) for size, _, _ in rows]
    prices = [Fraction(price) for _, price, _ in rows]
    weighed = [size / price if inverse else size * price for size, price in zip(sizes, prices, strict=True)]
    size, weight = sum(sizes, ZERO), sum(weighed, ZERO)
    if not size or (inverse and not weight):
        return None
    return money(size / weight, INVERSE_PLACES) if inverse else money(weight / size)


def money(value: Fraction | None, places: int = SCALE) -> Decimal | None:
    if value is None:
        return None
    quotient = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return quotient.quantize(Decimal(1).scaleb(-places), context=EXACT)


def summed(cells: Iterable[Any]) -> Fraction | None:
    """Return the exact sum; None where a part of it is unknown."""
    parts = [fraction(cell) for cell in cells]
    known = [part for part in parts if part is not None]
    return sum(known, ZERO) if len(known) == len(parts) else None


def known_side(event: Event) -> str | None:
    """Return long, short or borrower; None where no row says."""
    return None if event.side == "?" else event.side
