"""What happened in an account and what is true of it, in fractions, apart from the arithmetic of the ledger.

Average cost per (symbol, side): a close releases `cost * closed / open` rounded half to even at 18 places, the last
one all that is left; a fill that crosses zero is split there in proportion to size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

ZERO = Fraction(0)
SECOND = timedelta(seconds=1)
EIGHT_HOURS = timedelta(hours=8)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JUST_CLOSED = timedelta(seconds=60)


def rounded(value: Fraction, places: int = 18) -> Fraction:
    """Return the value rounded half to even."""
    return Fraction(round(value * 10**places), 10**places)


def digits(value: Fraction, places: int) -> str:
    """Return the value with so many decimals; it must have no more."""
    whole = value * 10**places
    assert whole.denominator == 1, f"{value} has more than {places} decimals"
    text = str(abs(whole.numerator)).rjust(places + 1, "0")
    point = len(text) - places
    return ("-" if value < 0 else "") + text[:point] + ("." + text[point:] if places else "")


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What is traded.  `minor` is the venue's smallest unit in decimals where it values lot by lot."""

    symbol: str
    wallet: str
    settle: str
    style: str
    multiplier: Fraction
    step: Fraction
    """Smallest size that is traded here."""
    price: int
    places: int = 8
    """Decimals of booked amounts."""
    by_lot: bool = False

    def value(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Return the notional in the settle asset."""
        if self.by_lot:
            return rounded(self._exact(self.step, price), self.places) * (quantity / self.step)
        return rounded(self._exact(quantity, price))

    def _exact(self, quantity: Fraction, price: Fraction) -> Fraction:
        size = quantity * self.multiplier
        return size / price if self.style == "inverse" else size * price

    def weight(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Return what average prices are made of."""
        return quantity / price if self.style == "inverse" else quantity * price


@dataclass(kw_only=True)
class Fill:
    """One execution; `stated` is the result that the venue prints."""

    at: datetime
    contract: Contract
    position_side: str
    buys: bool
    quantity: Fraction
    price: Fraction
    fee: Fraction
    fee_asset: str
    maker: bool
    number: int
    order: int
    forced: bool = False
    closes: bool = False
    stated: Fraction = ZERO

    @property
    def value(self) -> Fraction:
        """Return the notional."""
        return self.contract.value(self.quantity, self.price)


@dataclass(kw_only=True)
class Stake:
    """A position's life from flat to flat."""

    contract: Contract
    position_side: str
    long: bool
    opened_at: datetime
    closed_at: datetime | None = None
    quantity: Fraction = ZERO
    cost: Fraction = ZERO
    largest: Fraction = ZERO
    entered: Fraction = ZERO
    entry_weight: Fraction = ZERO
    exited: Fraction = ZERO
    exit_weight: Fraction = ZERO
    gross: Fraction = ZERO
    fees: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    funding: Fraction = ZERO
    liquidation_fees: Fraction = ZERO
    fills: int = 0
    numbers: list[int] = field(default_factory=list)
    forced: bool = False
    """Whether its last fill was."""
    held_before: Fraction = ZERO
    """Size before the last instant at which it changed."""

    def average(self, quantity: Fraction, weight: Fraction) -> Fraction | None:
        """Return an average price; harmonic for inverse contracts."""
        if not quantity:
            return None
        return quantity / weight if self.contract.style == "inverse" else weight / quantity

    @property
    def status(self) -> str:
        """Return open, or how it ended."""
        if self.quantity:
            return "open"
        return "liquidated" if self.forced else "closed"

    def enter(self, quantity: Fraction, value: Fraction, price: Fraction) -> None:
        """Grow."""
        self.quantity += quantity
        self.cost += value
        self.largest = max(self.largest, self.quantity)
        self.entered += quantity
        self.entry_weight += self.contract.weight(quantity, price)

    def leave(self, quantity: Fraction, value: Fraction, price: Fraction) -> Fraction:
        """Shrink and return the result."""
        whole = quantity == self.quantity
        released = self.cost if whole else rounded(self.cost * quantity / self.quantity)
        earns = self.long != (self.contract.style == "inverse")
        result = value - released if earns else released - value
        self.quantity -= quantity
        self.cost -= released
        self.exited += quantity
        self.exit_weight += self.contract.weight(quantity, price)
        self.gross += result
        return result


@dataclass(kw_only=True)
class Booking:
    """A change of a wallet's balance.  `owner` is the position that a reader of the exports can give it to."""

    at: datetime
    wallet: str
    asset: str
    amount: Fraction
    cause: str
    number: int = 0
    contract: Contract | None = None
    fill: Fill | None = None
    owner: Stake | None = None
    size: Fraction = ZERO
    price: Fraction = ZERO
    rate: Fraction = ZERO
    fee: Fraction = ZERO
    other: str = ""
    """The wallet at a transfer's other end."""


class Desk:
    """Where a life is lived: applies fills, pays funding whenever the clock passes its hour, keeps the ledger."""

    def __init__(self, start: datetime, *, funding_offset: timedelta, delays: Iterable[int] = (0,)) -> None:
        self.clock = start
        self.offset = funding_offset
        self.delays = tuple(delays)
        self.fills: list[Fill] = []
        self.bookings: list[Booking] = []
        self.stakes: list[Stake] = []
        self.open: dict[tuple[str, str], Stake] = {}
        self.last: dict[str, Fraction] = {}
        self.forced_orders: list[list[Fill]] = []
        self.contracts: dict[str, Contract] = {}
        self.rates: dict[str, int] = {}
        self.charges_late = False
        """Whether the venue charges a position that was closed in the very second of the funding."""
        self._numbers = 70_000_000
        self._funded = self.funding_before(start + timedelta(microseconds=1))

    def number(self) -> int:
        """Return the next id."""
        self._numbers += 1
        return self._numbers

    def funding_before(self, at: datetime) -> datetime:
        """Return the last funding instant before `at`."""
        passed = (at - EPOCH - self.offset - timedelta(microseconds=1)) // EIGHT_HOURS
        return EPOCH + self.offset + passed * EIGHT_HOURS

    def advance(self, to: datetime) -> None:
        """Let time pass; funding of instants before `to` is paid by what was open at them."""
        assert to >= self.clock
        while (instant := self._funded + EIGHT_HOURS) < to:
            self._funded = instant
            self._pay_funding(instant)
        self.clock = to

    def _pay_funding(self, instant: datetime) -> None:
        for index, symbol in enumerate(sorted(self.contracts)):
            held = {side: stake for side in ("both", "long", "short")
                    if (stake := self.open.get((symbol, side))) is not None}  # fmt: skip
            charged = [(stake, stake.quantity) for stake in held.values()]
            if not charged and self.charges_late:
                ended = [stake for stake in self.stakes if stake.contract.symbol == symbol]
                if ended and ended[-1].position_side == "both" and ended[-1].closed_at == instant:
                    charged = [(ended[-1], ended[-1].held_before)]
            unclear = len(held) == 2 and _alike(held["long"].quantity, held["short"].quantity)
            number = self.number()
            for stake, size in charged:
                self._charge(stake, size, instant, index, number, unclear)

    def _charge(self, stake: Stake, size: Fraction, instant: datetime, index: int, number: int, unclear: bool) -> None:
        contract = stake.contract
        rate = Fraction(self.rates.get(contract.symbol, 1) * 3, 40_000)
        mark = self.last[contract.symbol] + contract_tick(contract)
        paid = rounded(contract.value(size, mark) * rate, contract.places)
        if not paid or not size:
            return
        delay = self.delays[index % len(self.delays)]
        amount = -paid if stake.long else paid
        self.bookings.append(Booking(
            at=instant + delay * SECOND, wallet=contract.wallet, asset=contract.settle, amount=amount, cause="funding",
            number=number, contract=contract, owner=None if unclear else stake, size=size, price=mark, rate=rate))  # fmt: skip
        if not unclear:
            stake.funding += amount

    def trade(
        self, contract: Contract, side: str, buys: bool, quantity: Fraction, price: Fraction, fee: tuple[Fraction, str],
        *, maker: bool = False, order: int | None = None, forced: bool = False,
    ) -> Fill:  # fmt: skip
        """Execute at the clock's instant."""
        self.contracts[contract.symbol] = contract
        number = self.number()
        fill = Fill(at=self.clock, contract=contract, position_side=side, buys=buys, quantity=quantity, price=price,
                    fee=fee[0], fee_asset=fee[1], maker=maker, number=number, order=order or number, forced=forced)  # fmt: skip
        self.fills.append(fill)
        self.last[contract.symbol] = price
        result = self.apply(fill)
        fill.stated = rounded(result, contract.places)
        for cause, asset, amount in (
            ("realized_pnl", contract.settle, fill.stated),
            ("trading_fee", fill.fee_asset, -fill.fee),
        ):
            if amount:
                self.bookings.append(Booking(at=fill.at, wallet=contract.wallet, asset=asset, amount=amount, cause=cause,
                                             number=number, contract=contract, fill=fill))  # fmt: skip
        return fill

    def apply(self, fill: Fill) -> Fraction:
        """Give a fill to what is open and return its result."""
        key = (fill.contract.symbol, fill.position_side)
        stake = self.open.get(key)
        value, fee, rest, result = fill.value, fill.fee, fill.quantity, ZERO
        if stake is not None and stake.long != fill.buys:
            part = min(rest, stake.quantity)
            share = part / rest
            fill.closes = True
            own_value = value if share == 1 else rounded(value * share)
            own_fee = fee if share == 1 else rounded(fee * share)
            self._touch(stake, fill, own_fee)
            result = stake.leave(part, own_value, fill.price)
            if not stake.quantity:
                stake.closed_at = fill.at
                del self.open[key]
            value, fee, rest, stake = value - own_value, fee - own_fee, rest - part, self.open.get(key)
        if rest:
            if stake is None:
                stake = Stake(
                    contract=fill.contract, position_side=fill.position_side, long=fill.buys, opened_at=fill.at
                )
                self.stakes.append(stake)
                self.open[key] = stake
            self._touch(stake, fill, fee)
            stake.enter(rest, value, fill.price)
        return result

    @staticmethod
    def _touch(stake: Stake, fill: Fill, fee: Fraction) -> None:
        stake.held_before = stake.quantity
        stake.fills += 1
        stake.numbers.append(fill.number)
        stake.forced = fill.forced
        if fill.fee:
            stake.fees[fill.fee_asset] += fee

    def book(self, wallet: str, asset: str, amount: Fraction, cause: str, **words: object) -> Booking:
        """Book what has nothing to do with a fill."""
        booking = Booking(at=self.clock, wallet=wallet, asset=asset, amount=amount, cause=cause, number=self.number())
        for name, word in words.items():
            setattr(booking, name, word)
        self.bookings.append(booking)
        return booking

    def balances(self) -> dict[tuple[str, str], Fraction]:
        """Return what every wallet holds of every asset."""
        return summed((booking.wallet, booking.asset, booking.amount) for booking in self.bookings)


def summed(rows: Iterable[tuple[str, str, Fraction]]) -> dict[tuple[str, str], Fraction]:
    """Return the sums by the first two."""
    totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for first, second, amount in rows:
        totals[first, second] += amount
    return dict(totals)


def contract_tick(contract: Contract) -> Fraction:
    """Return a small change of the contract's price."""
    return Fraction(contract.price, 1000)


def _alike(one: Fraction, other: Fraction) -> bool:
    """Return whether two sizes are too near for a funding row without side and rate to tell which paid it."""
    return abs(one / other - 1) <= Fraction(2, 100) or abs(other / one - 1) <= Fraction(2, 100)
