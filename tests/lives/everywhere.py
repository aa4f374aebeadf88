"""One abstract life of perpetuals in base units, and what a venue's account made of it: rows with running balances.

A life is drawn once and lived at every venue, whose contract has its own size, symbol and settle asset.  All of it has
few decimals: sizes in hundredths of BTC and tenths of ETH, prices whole, fees and funding at most 6, so that every venue
can print it without rounding; only results are rounded, to 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.lives.model import EIGHT_HOURS, EPOCH, SECOND, ZERO, Booking, Contract, Desk, Fill, digits, rounded

F = Fraction
MILLI = timedelta(milliseconds=1)
START = datetime(2026, 1, 30, 20, 0, 0, 137_000, tzinfo=UTC)
LOTS = {"BTC": F(1, 100), "ETH": F(1, 10)}
PRICES = {"BTC": 60_000, "ETH": 3_000}
MOVES = (0, 1, -1, 7, -13, 211, -340, 1_001)
"""Of the price, in dollars for ETH and in tens of dollars for BTC; the same price is there on purpose."""
GAPS = ("none", "none", "half", "second", "minutes", "hours", "hours", "day", "before", "instant", "after")
KINDS = ("trade", "trade", "trade", "trade", "trade", "twins", "cash")
TAKER, MAKER = F(5, 10_000), F(-1, 10_000)


# ------------------------------------------------------------------------------------------------- drawing


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens; the numbers choose among what is possible then."""

    kind: str
    base: int
    act: int
    lots: int
    move: int
    gap: str
    maker: bool


STEPS = st.builds(
    Step, kind=st.sampled_from(KINDS), base=st.integers(0, 1), act=st.integers(0, 4),
    lots=st.sampled_from((1, 2, 3, 5, 8)), move=st.sampled_from(MOVES), gap=st.sampled_from(GAPS), maker=st.booleans(),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Act:
    """A fill (`base` is set) or a deposit (+) or withdrawal (-) of the settle asset."""

    at: datetime
    size: Fraction
    base: str = ""
    buys: bool = True
    price: int = 0
    maker: bool = False
    forced: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class Life:
    """What was done, in base units, and when it was looked at last."""

    acts: tuple[Act, ...]
    until: datetime
    shorts_pay: bool

    def __repr__(self) -> str:
        acts = (f"{act.at:%d %H:%M:%S}.{act.at.microsecond // 1000:03d} {act.base or 'cash'} "
                f"{'forced ' if act.forced else ''}{'maker ' if act.maker else ''}"
                f"{'' if act.buys else '-'}{plain(act.size)} @ {act.price}" for act in self.acts)  # fmt: skip
        return "\n".join((*acts, f"until {self.until:%d %H:%M:%S}, {'shorts' if self.shorts_pay else 'longs'} pay"))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass
class _Drawn:
    """A life while it is drawn: what is held, in lots, and the last prices."""

    clock: datetime = START
    acts: list[Act] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOTS, 0))
    prices: dict[str, int] = field(default_factory=lambda: dict(PRICES))

    def later(self, gap: str) -> None:
        """Let time pass; `before` and `after` are a second from the next funding.

        What follows an exact funding instant within its second no export to the second can tell from what came before.
        """
        if gap == "half" and (self.clock - EPOCH) % EIGHT_HOURS < SECOND:
            gap = "second"
        funding = EPOCH + ((self.clock - EPOCH) // EIGHT_HOURS + 1) * EIGHT_HOURS
        self.clock = {
            "none": self.clock, "half": self.clock + 250 * MILLI, "second": self.clock + SECOND,
            "minutes": self.clock + timedelta(minutes=7, seconds=13), "hours": self.clock + timedelta(hours=3),
            "day": self.clock + timedelta(days=1, hours=1), "before": max(self.clock, funding - SECOND),
            "instant": funding, "after": funding + SECOND,
        }[gap]  # fmt: skip

    def fill(self, base: str, lots: int, maker: bool, *, forced: bool = False) -> None:
        """Buy (+) or sell (-) at the last price."""
        self.held[base] += lots
        self.acts.append(Act(at=self.clock, base=base, buys=lots > 0, size=abs(lots) * LOTS[base], maker=maker,
                             price=self.prices[base], forced=forced))  # fmt: skip

    def step(self, step: Step, bases: Sequence[str]) -> None:
        """Do what was drawn."""
        self.later(step.gap)
        base = bases[step.base % len(bases)]
        if step.kind == "cash":
            self.acts.append(Act(at=self.clock, size=F(step.lots * 100 * (1 if step.act % 2 else -1))))
            return
        self.prices[base] += step.move * (10 if base == "BTC" else 1)
        for lots in self._lots(self.held[base], step):
            self.fill(base, lots, step.maker)

    @staticmethod
    def _lots(held: int, step: Step) -> list[int]:
        """Return the fills: open, add, close a part, close exactly, flip, close and open again."""
        sign = (held > 0) - (held < 0)
        if not sign:
            first = step.lots * (1 if step.act % 2 else -1)
            return [first, first] if step.kind == "twins" else [first]
        if step.kind == "twins":
            whole = 2 * step.lots if step.act % 2 else held - held % 2
            return [sign * step.lots] * 2 if step.act % 2 else [-whole // 2] * 2 if abs(held) > 1 else [-held]
        return {
            0: [sign * step.lots], 1: [-sign * min(step.lots, max(abs(held) - 1, 1))], 2: [-held],
            3: [-held - sign * step.lots], 4: [-held, sign * step.lots],
        }[step.act]  # fmt: skip

    def liquidate(self, base: str, pieces: int) -> None:
        """Close all by force, 4 % away from the last price, in one fill or two."""
        self.later("minutes")
        sign = 1 if self.held[base] > 0 else -1
        self.prices[base] -= sign * PRICES[base] // 25
        half = self.held[base] // 2 if pieces == 2 else 0
        for lots in (half, self.held[base] - half):
            if lots:
                self.fill(base, -lots, False, forced=True)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a life of 1 or 2 contracts."""
    bases = draw(st.sampled_from((("BTC",), ("BTC", "ETH"), ("ETH",))))
    drawn = _Drawn()
    drawn.acts.append(Act(at=drawn.clock, size=F(100_000)))
    drawn.later("minutes")
    for step in draw(st.lists(STEPS, min_size=3, max_size=14)):
        drawn.step(step, bases)
    if not any(act.base for act in drawn.acts):
        drawn.fill(bases[0], 3, False)
    open_ones = [base for base in bases if drawn.held[base]]
    if draw(st.booleans()) and open_ones:
        drawn.liquidate(open_ones[0], draw(st.integers(1, 2)))
    return Life(acts=tuple(drawn.acts), until=drawn.clock + timedelta(hours=draw(st.sampled_from((0, 9)))),
                shorts_pay=draw(st.booleans()))  # fmt: skip


# -------------------------------------------------------------------------------------------------- living


def perpetual(symbol: str, base: str, *, settle: str = "USDT", wallet: str = "usdm", size: str = "1") -> Contract:
    """Return a linear perpetual with so much of the base in a contract."""
    return Contract(symbol=symbol, wallet=wallet, settle=settle, style="linear", multiplier=F(size),
                    step=LOTS[base] / F(size), price=PRICES[base])  # fmt: skip


def lived(life: Life, contracts: Mapping[str, Contract], *, origin: str | None = None) -> Desk:
    """Return the account of a venue after the life; cash comes from outside, or from the wallet `origin` beside it."""
    desk = Desk(START - MILLI, funding_offset=timedelta(0))
    settle = next(iter(contracts.values()))
    for contract in contracts.values():
        desk.rates[contract.symbol] = -4 if life.shorts_pay else 4
    if origin is not None:
        desk.book(origin, settle.settle, F(1_000_000), "deposit")
    for act in life.acts:
        desk.advance(act.at)
        if not act.base:
            _move_cash(desk, settle, act.size, origin)
            continue
        contract = contracts[act.base]
        fee = act.size * act.price * (MAKER if act.maker else TAKER)
        fill = desk.trade(contract, "both", act.buys, act.size / contract.multiplier, F(act.price),
                          (fee, contract.settle), maker=act.maker, forced=act.forced)  # fmt: skip
        if fill.forced:
            desk.forced_orders.append([fill])
    desk.advance(life.until)
    return desk


def _move_cash(desk: Desk, contract: Contract, size: Fraction, origin: str | None) -> None:
    if origin is None:
        desk.book(contract.wallet, contract.settle, size, "deposit" if size > 0 else "withdrawal")
    else:
        desk.book(origin, contract.settle, -size, "transfer", other=contract.wallet)
        desk.book(contract.wallet, contract.settle, size, "transfer", other=origin)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A change of the account: a fill, a funding payment or a move of cash.

    `change` is all of it; `before` and `after` are the signed size held, `entry` its average price.
    """

    number: int
    at: datetime
    change: Fraction
    balance: Fraction
    contract: Contract | None = None
    fill: Fill | None = None
    booking: Booking | None = None
    before: Fraction = ZERO
    after: Fraction = ZERO
    entry: Fraction = ZERO
    """Before the fill."""
    entry_after: Fraction = ZERO

    @property
    def millis(self) -> int:
        """Return the epoch in milliseconds."""
        return (self.at - EPOCH) // MILLI

    @property
    def iso(self) -> str:
        """Return ISO 8601 with milliseconds, UTC."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond // 1000:03d}Z"

    @property
    def second(self) -> str:
        """Return the clock in whole seconds, UTC."""
        return f"{self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def symbol(self) -> str:
        """Return the contract, or nothing."""
        return self.contract.symbol if self.contract else ""

    @property
    def is_funding(self) -> bool:
        """Return whether it is funding."""
        return self.booking is not None and self.booking.cause == "funding"

    @property
    def is_flip(self) -> bool:
        """Return whether a fill crosses zero."""
        return self.before * self.after < 0

    @property
    def closes(self) -> bool:
        """Return whether a fill closes anything."""
        return self.fill is not None and self.before != 0 and (self.before > 0) != self.fill.buys

    @property
    def held_side(self) -> str:
        """Return the side of what a fill opens or closes, or funding is paid on; of a flip what it closes."""
        held = self.before if self.before and (self.closes or self.is_funding) else self.after
        return "long" if held > 0 else "short"


def rows_of(desk: Desk, wallet: str) -> list[Row]:
    """Return every change of a wallet of derivatives, oldest first."""
    held: dict[str, tuple[Fraction, Fraction]] = {}
    balance, rows = ZERO, []
    for thing in sorted(_things(desk, wallet), key=lambda thing: (thing.at, thing.number)):
        contract = thing.contract
        size, cost = held.get(contract.symbol, (ZERO, ZERO)) if contract else (ZERO, ZERO)
        fill = thing if isinstance(thing, Fill) else None
        booking = None if isinstance(thing, Fill) else thing
        change = fill.stated - fill.fee if fill else booking.amount if booking else ZERO
        balance += change
        after = _after(size, cost, fill) if fill else (size, cost)
        if contract:
            held[contract.symbol] = after
        rows.append(Row(
            number=thing.number, at=thing.at, change=change, balance=balance, contract=contract, fill=fill,
            booking=booking, before=size, after=after[0], entry=cost / size if size else ZERO,
            entry_after=after[1] / after[0] if after[0] else ZERO))  # fmt: skip
    return rows


def _things(desk: Desk, wallet: str) -> Iterator[Fill | Booking]:
    yield from desk.fills
    yield from (booking for booking in desk.bookings if booking.fill is None and booking.wallet == wallet)


def _after(size: Fraction, cost: Fraction, fill: Fill) -> tuple[Fraction, Fraction]:
    """Return size and cost (size x average price) after a fill."""
    signed = fill.quantity if fill.buys else -fill.quantity
    new = size + signed
    if size * signed >= 0:
        return new, cost + signed * fill.price
    return (new, cost / size * new) if size * new > 0 else (new, new * fill.price)


# ------------------------------------------------------------------------------------------------ printing


def plain(value: Fraction, places: int = 10) -> str:
    """Return a decimal without trailing zeros."""
    text = digits(rounded(value, places), places)
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file as lines that know their instant, oldest first; `lines` may hold several rows that belong together."""

    name: str
    lines: tuple[tuple[datetime, str], ...]
    head: str = ""
    join: str = "\n"
    tail: str = "\n"
    newest_first: bool = False

    def text(self) -> str:
        """Return the whole file."""
        shown = reversed(self.lines) if self.newest_first else self.lines
        return self.head + self.join.join(line for _, line in shown) + self.tail

    def write(self, folder: Path, piece: int = 0) -> Path:
        """Write the file, or a piece of it, into a folder of its own and return where."""
        place = folder / str(piece)
        place.mkdir(exist_ok=True)
        path = place / self.name
        path.write_text(self.text(), encoding="utf-8", newline="")
        return path


def csv(name: str, header: str, lines: Sequence[tuple[datetime, str]], *, newest_first: bool = True, mark: str = "",
        ending: str = "\n") -> Sheet:  # fmt: skip
    """Return a CSV."""
    return Sheet(name=name, head=mark + header + ending, lines=tuple(lines), join=ending, tail=ending,
                 newest_first=newest_first)  # fmt: skip


def answer(name: str, lines: Sequence[tuple[datetime, str]], *, head: str = "[", tail: str = "]",
           newest_first: bool = True) -> Sheet:  # fmt: skip
    """Return an answer of an API: objects in an envelope."""
    return Sheet(name=name, head=head, lines=tuple(lines), join=",\n", tail=tail + "\n", newest_first=newest_first)


@dataclass(frozen=True, kw_only=True, repr=False)
class Venue:
    """A venue's contracts, exports, and what they cannot say.

    `unstated`: `fills` (so that there are no positions), `cash` (what was deposited), `funding`, `forced` (that a fill was
    a liquidation), `clearance` (that the fee of a liquidation is a trading fee: it is none to the venue), `results` (so
    that balances follow from prices), `sessions` (which funding was whose: it is paid by sessions), `order` (of rows of one
    instant, but by their place in the file, so that no cut may part them), `legs` (a row needs its neighbour: the same).
    """

    name: str
    contracts: Mapping[str, Contract]
    print: Callable[[Desk, list[Row]], list[Sheet]]
    clock: timedelta = MILLI
    """What the exports' times are cut to."""
    unstated: frozenset[str] = frozenset()
    origin: str | None = None
    timezone: str | None = None
    described: Mapping[str, str] = field(default_factory=dict)
    """Descriptions in TOML that its files need, by name."""

    def __repr__(self) -> str:
        return self.name

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.name)

    def live(self, life: Life) -> Desk:
        """Live the life here."""
        return lived(life, self.contracts, origin=self.origin)

    def sheets(self, desk: Desk) -> list[Sheet]:
        """Return its exports that have rows."""
        wallet = next(iter(self.contracts.values())).wallet
        return [sheet for sheet in self.print(desk, rows_of(desk, wallet)) if sheet.lines]

    def balance(self, desk: Desk, rows: list[Row]) -> Fraction:
        """Return what the wallet of derivatives holds in the end, as far as the exports state it."""
        left_out = [row.change for row in rows if ("cash" in self.unstated and not row.contract)
                    or ("funding" in self.unstated and row.is_funding)]  # fmt: skip
        return rows[-1].balance - sum(left_out, ZERO)

    def seen(self, at: datetime | None) -> datetime | None:
        """Return an instant as the exports print it."""
        return None if at is None else EPOCH + (at - EPOCH) // self.clock * self.clock
