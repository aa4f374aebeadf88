"""What happened in margin wallets and what is true of it, in fractions, apart from the arithmetic of the ledger.

A pot is cross margin, or the isolated margin of one pair.  It owes each asset as principal and interest; interest is
simple on the principal, charged when something is borrowed and at every full hour, and repaid before the principal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from math import floor

from tests.lives.model import EPOCH, rounded
from tests.lives.stakes import ZERO, Piece, Trade, pieces_of

F = Fraction
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAILY = {"USDT": F("0.00024"), "USDC": F("0.00048"), "BTC": F("0.000048"), "ETH": F("0.00012"), "SOL": F("0.00096")}
"""Rates of interest per day."""
BNB = {"USDT": F(600), "USDC": F(600), "BTC": F("0.01"), "ETH": F("0.2"), "SOL": F(4)}
"""What a BNB is worth, all the time."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A spot pair."""

    symbol: str
    base: str
    quote: str
    price: Fraction
    step: Fraction
    unit: Fraction
    """A size that is traded here, worth much more than a dollar."""

    @property
    def in_dollars(self) -> bool:
        """Whether its quote is a dollar."""
        return self.quote.startswith("USD")


@dataclass(frozen=True, kw_only=True)
class Pot:
    """A margin wallet: cross, or isolated of one pair."""

    wallet: str
    pair: str | None = None


@dataclass(kw_only=True)
class Fill:
    """One execution."""

    at: datetime
    pot: Pot
    pair: Pair
    buys: bool
    quantity: Fraction
    price: Fraction
    fee: Fraction
    fee_asset: str
    number: int
    order: int
    forced: bool

    @property
    def value(self) -> Fraction:
        """Return the notional in the quote."""
        return self.quantity * self.price

    @property
    def size(self) -> Fraction:
        """Return what arrived or left of the base, signed."""
        signed = self.quantity if self.buys else -self.quantity
        return signed - (self.fee if self.fee_asset == self.pair.base else ZERO)


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A change of a balance.  `tran` ties the legs of one event together."""

    at: datetime
    pot: Pot
    asset: str
    amount: Fraction
    cause: str
    tran: int
    symbol: str | None = None
    forced: bool = False
    buys: bool = False
    other: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What was borrowed, or repaid with its split."""

    at: datetime
    pot: Pot
    borrows: bool
    asset: str
    principal: Fraction
    interest: Fraction
    number: int
    forced: bool = False
    auto: bool = False


@dataclass(frozen=True, kw_only=True)
class Accrual:
    """A charge of interest: `asset` is charged, `debt` was borrowed."""

    at: datetime
    pot: Pot
    asset: str
    debt: str
    principal: Fraction
    amount: Fraction
    number: int
    on_borrow: bool


@dataclass(kw_only=True)
class Pool:
    """What a pot owes of an asset."""

    principal: Fraction = ZERO
    interest: Fraction = ZERO
    drawn: Fraction = ZERO
    accrued: Fraction = ZERO
    repaid_principal: Fraction = ZERO
    repaid_interest: Fraction = ZERO

    @property
    def owed(self) -> Fraction:
        """Return principal and interest."""
        return self.principal + self.interest


class MarginDesk:
    """Where a life on margin is lived; what is true of it is computed when it is over."""

    def __init__(self, start: datetime, *, pays_in_bnb: bool = False) -> None:
        self.clock = start
        self.pays_in_bnb = pays_in_bnb
        self.fills: list[Fill] = []
        self.bookings: list[Booking] = []
        self.records: list[Record] = []
        self.accruals: list[Accrual] = []
        self.pools: dict[tuple[Pot, str], Pool] = defaultdict(Pool)
        self.held: dict[tuple[Pot, str], Fraction] = defaultdict(Fraction)
        self.beside: list[tuple[Fill, Piece]] = []
        self.charges: list[tuple[Fill, Fraction]] = []
        """Clearance fees, with the forced fill that they are for."""
        self._numbers = 610_000_000
        self._marked = start.replace(minute=0, second=0, microsecond=0)

    def number(self) -> int:
        """Return the next id."""
        self._numbers += 1
        return self._numbers

    def advance(self, to: datetime) -> None:
        """Let time pass; what is owed is charged at every full hour."""
        assert to >= self.clock
        while (mark := self._marked + HOUR) <= to:
            self._marked = mark
            for pot, asset in sorted(self.pools, key=lambda key: (key[0].wallet, key[0].pair or "", key[1])):
                self._charge(mark, pot, asset, self.pools[pot, asset].principal, on_borrow=False)
        self.clock = to

    def _charge(self, at: datetime, pot: Pot, debt: str, principal: Fraction, *, on_borrow: bool) -> None:
        amount = rounded(principal * DAILY.get(debt, ZERO) / 24, 8)
        asset = debt
        if self.pays_in_bnb and debt != "BNB":
            asset, amount = "BNB", rounded(amount * F(95, 100) / BNB[debt], 8)
        if amount:
            pool = self.pools[pot, asset]
            pool.interest += amount
            pool.accrued += amount
            self.accruals.append(Accrual(at=at, pot=pot, asset=asset, debt=debt, principal=principal, amount=amount,
                                         number=self.number(), on_borrow=on_borrow))  # fmt: skip

    def book(self, pot: Pot, asset: str, amount: Fraction, cause: str, **words: object) -> None:
        """Book a change of a balance."""
        tran = words.pop("tran", None) or self.number()
        self.held[pot, asset] += amount
        self.bookings.append(
            Booking(at=self.clock, pot=pot, asset=asset, amount=amount, cause=cause, tran=tran, **words)  # type: ignore[arg-type]
        )

    def borrow(self, pot: Pot, asset: str, amount: Fraction, *, auto: bool) -> None:
        """Borrow, and be charged the first hour at once."""
        pool = self.pools[pot, asset]
        pool.principal += amount
        pool.drawn += amount
        self.records.append(Record(at=self.clock, pot=pot, borrows=True, asset=asset, principal=amount, interest=ZERO,
                                   number=self.number(), auto=auto))  # fmt: skip
        self.book(pot, asset, amount, "borrow")
        self._charge(self.clock, pot, asset, amount, on_borrow=True)

    def repay(self, pot: Pot, asset: str, amount: Fraction, *, auto: bool, forced: bool = False) -> None:
        """Repay as much as is owed, interest first."""
        pool = self.pools[pot, asset]
        interest = min(amount, pool.interest)
        principal = min(amount - interest, pool.principal)
        if interest + principal <= 0:
            return
        pool.interest -= interest
        pool.principal -= principal
        pool.repaid_interest += interest
        pool.repaid_principal += principal
        self.records.append(Record(at=self.clock, pot=pot, borrows=False, asset=asset, principal=principal,
                                   interest=interest, number=self.number(), forced=forced, auto=auto))  # fmt: skip
        self.book(pot, asset, -interest - principal, "repay", forced=forced)

    def trade(
        self, pot: Pot, pair: Pair, buys: bool, quantity: Fraction, price: Fraction, fee: tuple[Fraction, str],
        *, order: int | None = None, forced: bool = False,
    ) -> Fill:  # fmt: skip
        """Execute at the clock's instant."""
        number = self.number()
        fill = Fill(at=self.clock, pot=pot, pair=pair, buys=buys, quantity=quantity, price=price, fee=fee[0],
                    fee_asset=fee[1], number=number, order=order or number, forced=forced)  # fmt: skip
        self.fills.append(fill)
        sign = 1 if buys else -1
        for cause, asset, amount in (
            ("trade", pair.base, sign * quantity),
            ("trade", pair.quote, -sign * fill.value),
            ("trading_fee", fee[1], -fee[0]),
        ):
            if amount:
                self.book(pot, asset, amount, cause, tran=number, symbol=pair.symbol, forced=forced, buys=buys)
        return fill

    def clear(self, fill: Fill, amount: Fraction) -> None:
        """Pay the fee of a liquidation."""
        self.book(fill.pot, fill.pair.quote, -amount, "liquidation_fee", symbol=fill.pair.symbol, forced=True)
        self.charges.append((fill, amount))

    def in_halves(self) -> MarginDesk:
        """Return the same life with every fill, where its step and fee allow, in two at its price."""
        other = copy(self)
        other.fills, other.bookings = [], []
        booked = {row.tran: [each for each in self.bookings if each.tran == row.tran] for row in self.bookings}
        fills = {fill.number: fill for fill in self.fills}
        for tran, rows in booked.items():
            fill = fills.get(tran)
            if fill is None:
                other.bookings += rows
                continue
            first = F(floor(fill.quantity / 2 / fill.pair.step)) * fill.pair.step
            fee = fill.fee * first / fill.quantity
            if rounded(fee, 8) != fee:  # its fee has no halves
                first = fee = ZERO
            for quantity, own_fee in ((first, fee), (fill.quantity - first, fill.fee - fee)):
                if quantity:
                    other.clock = fill.at
                    other.trade(fill.pot, fill.pair, fill.buys, quantity, fill.price, (own_fee, fill.fee_asset),
                                order=fill.order, forced=fill.forced)  # fmt: skip
        other.clock = self.clock
        return other

    # ---------------------------------------------------------------------------------------------- truth

    def owed_at(self, pot: Pot, asset: str, at: datetime) -> Fraction:
        """Return what was owed at an instant: with what was borrowed in that instant, before what was repaid in it."""
        records = [record for record in self.records if (record.pot, record.asset) == (pot, asset)]
        borrowed = sum((record.principal for record in records if record.borrows and record.at <= at), ZERO)
        repaid = sum(
            (record.principal + record.interest for record in records if not record.borrows and record.at < at), ZERO
        )
        return self.accrued_until(pot, asset, at) + borrowed - repaid

    def accrued_until(self, pot: Pot, asset: str, at: datetime) -> Fraction:
        """Return the interest charged in an asset up to an instant."""
        return sum((accrual.amount for accrual in self.accruals
                    if (accrual.pot, accrual.asset) == (pot, asset) and accrual.at <= at), ZERO)  # fmt: skip

    def stakes(self) -> list[Stake]:
        """Return the positions with all that they cost; `beside` has the parts of fills that are no stake."""
        self.beside = []
        found = [stake for _, group in groupby(sorted(self.fills, key=_base_of), key=_base_of)
                 for stake in self._stakes_of(list(group))]  # fmt: skip
        for accrual in self.accruals:
            for stake, share in _shares(accrual, found):
                stake.interest[accrual.asset] += share
                stake.owing.append((accrual.asset, share))
        for fill, amount in self.charges:
            next(stake for stake in found if fill in stake.fills).liquidation_fees += amount
        return found

    def _stakes_of(self, fills: Sequence[Fill]) -> list[Stake]:
        pieces = pieces_of([self._evidence(fill) for fill in fills])
        stakes: dict[tuple[str, int], Stake] = {}
        for piece in pieces:
            fill = fills[piece.trade]
            key = fill.pair.symbol, piece.position
            if piece.position < 0:
                self.beside.append((fill, piece))
                continue
            stake = stakes.get(key)
            if stake is None:
                stake = stakes[key] = Stake(pot=fill.pot, pair=fill.pair, long=piece.size > 0, opened_at=fill.at)
            stake.take(fill, piece)
            if piece.kind != "leg":
                self.beside.append((fill, piece))
        return list(stakes.values())

    def _evidence(self, fill: Fill) -> Trade:
        owed = self.owed_at(fill.pot, fill.pair.base, fill.at)
        return Trade(
            symbol=fill.pair.symbol, at_us=(fill.at - EPOCH) // timedelta(microseconds=1), size=fill.size,
            price=fill.price, in_dollars=fill.pair.in_dollars, owed_before=owed, owed=owed,
            accrued=self.accrued_until(fill.pot, fill.pair.base, fill.at),
        )  # fmt: skip


def _base_of(fill: Fill) -> tuple[str, str, str]:
    return fill.pot.wallet, fill.pot.pair or "", fill.pair.base


@dataclass(kw_only=True)
class Stake:
    """A position's life from flat to flat."""

    pot: Pot
    pair: Pair
    long: bool
    opened_at: datetime
    closed_at: datetime | None = None
    size: Fraction = ZERO
    cost: Fraction = ZERO
    largest: Fraction = ZERO
    entered: Fraction = ZERO
    entry_worth: Fraction = ZERO
    left: Fraction = ZERO
    exit_worth: Fraction = ZERO
    gross: Fraction = ZERO
    fees: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    base_fees: Fraction = ZERO
    """What the fees in the base are worth."""
    interest: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    owing: list[tuple[str, Fraction]] = field(default_factory=list)
    bought: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    """Interest bought in kind: quantity, what it cost."""
    liquidation_fees: Fraction = ZERO
    fills: list[Fill] = field(default_factory=list)
    forced: bool = False
    states: list[tuple[datetime, Fraction, Fraction]] = field(default_factory=list)
    """Size and cost after each part, unsigned."""

    def take(self, fill: Fill, piece: Piece) -> None:
        """Take a part of a fill."""
        if piece.kind != "dust":
            share = fill.fee * piece.size / fill.size
            self.fees[fill.fee_asset] += share
            if fill.fee_asset == self.pair.base:
                self.base_fees += share * fill.price
        if piece.kind == "interest":
            self.bought.append((piece.size, piece.worth))
            return
        opens = (piece.size > 0) == self.long
        self.size += piece.size
        self.cost = abs(self.cost + (piece.worth + piece.realized) * (1 if self.long else -1))
        self.largest = max(self.largest, abs(self.size))
        self.gross += piece.realized
        if opens:
            self.entered += abs(piece.size)
            self.entry_worth += abs(piece.worth)
        else:
            self.left += abs(piece.size)
            self.exit_worth += abs(piece.worth)
        if piece.kind == "leg":
            self.fills.append(fill)
            self.forced = fill.forced
        if not self.size:
            self.closed_at = fill.at
        self.states.append((fill.at, abs(self.size), self.cost))

    @property
    def status(self) -> str:
        """Return open, or how it ended."""
        if self.size:
            return "open"
        return "liquidated" if self.forced else "closed"

    @property
    def borrows(self) -> str:
        """Return what it borrows."""
        return self.pair.quote if self.long else self.pair.base

    def state_at(self, at: datetime) -> tuple[Fraction, Fraction]:
        """Return size and cost after the instant."""
        return next(((size, cost) for moment, size, cost in reversed(self.states) if moment <= at), (ZERO, ZERO))

    def weight_at(self, at: datetime) -> Fraction:
        """Return what it borrows by: a long its open cost, a short its size; also where it opens and closes at once."""
        size, cost = self.state_at(at)
        if not size and self.opened_at == self.closed_at == at:
            return self.weight_before_close()
        return cost if self.long else size

    def weight_before_close(self) -> Fraction:
        """Return what it borrowed by before its last part left."""
        _, size, cost = next(state for state in reversed(self.states) if state[1])
        return cost if self.long else size

    def interest_value(self, *, priced: bool) -> tuple[Fraction, bool]:
        """Return what its interest is worth in the quote, as far as it is known, and whether all of it is.

        In kind it costs what the buys that paid it cost; until a short is closed the rest is not valued.
        """
        value, known = ZERO, True
        bought = list(self.bought)
        for asset, amount in self.owing:
            left = amount
            if asset == self.pair.quote:
                value, left = value + left, ZERO
            while asset == self.pair.base and left and bought:
                quantity, worth = bought.pop(0)
                part = min(left, quantity)
                value, left = value + worth * part / quantity, left - part
                if part < quantity:
                    bought.insert(0, (quantity - part, worth * (quantity - part) / quantity))
            if left and asset == "BNB" and priced:
                value, left = value + left * BNB[self.pair.quote], ZERO
            known = known and not left
        return value, known


def _shares(accrual: Accrual, stakes: Sequence[Stake]) -> list[tuple[Stake, Fraction]]:
    """Return who borrowed what is charged, with shares by what they borrow.

    Positions open at it, or opened in its instant; else the first opened within a minute; else those closed within a
    minute before; else the first opened in the hour that it is charged for.
    """
    of_pot = [stake for stake in stakes if stake.pot == accrual.pot and stake.borrows == accrual.debt]
    weights = [(stake, stake.weight_at(accrual.at)) for stake in of_pot]
    if not any(weight for _, weight in weights):
        weights = _opened_first(of_pot, accrual.at, accrual.at + MINUTE)
    if not weights:
        weights = [(stake, stake.weight_before_close()) for stake in of_pot
                   if stake.closed_at and accrual.at - MINUTE < stake.closed_at <= accrual.at]  # fmt: skip
    if not weights:
        weights = _opened_first(of_pot, accrual.at, accrual.at + HOUR)
    total = sum((weight for _, weight in weights), ZERO)
    return [(stake, accrual.amount * weight / total) for stake, weight in weights if weight]


def _opened_first(stakes: Sequence[Stake], after: datetime, until: datetime) -> list[tuple[Stake, Fraction]]:
    soonest = min((stake.opened_at for stake in stakes if after < stake.opened_at <= until), default=None)
    return [(stake, stake.weight_at(soonest)) for stake in stakes if soonest and stake.opened_at == soonest]
