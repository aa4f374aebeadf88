"""Lives of a Kraken account whose margin positions are lots, each kept by its opening trade, and how Kraken prints them.

Every amount is a fraction.  A lot has one opening trade; what closes part of it realizes `size * (price - entry)`, what
settles it by delivery realizes nothing and exchanges what it cost for what was bought.  Whoever borrowed pays a fee at
the opening, beside the commission, and one every four hours.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from tests.lives.files import Export, Line
from tests.lives.model import ZERO, digits, rounded

F = Fraction
START = datetime(2025, 3, 1, 9, 0, 0, tzinfo=UTC)
FOUR_HOURS = timedelta(hours=4)
GAPS = {
    "none": timedelta(0), "second": timedelta(seconds=1), "minutes": timedelta(minutes=7, seconds=13),
    "hours": timedelta(hours=5, minutes=3), "exact": FOUR_HOURS, "day": timedelta(hours=25),
}  # fmt: skip
NO_POSITION = "TKH2SE-M7IF5-CFI7LT"
KINDS = ("long", "long", "short", "reduce", "reduce", "close", "close", "settle", "liquidate", "spot", "deposit",
         "convert")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is traded, in the new spelling and in the old one."""

    base: str
    quote: str
    old_base: str
    old_quote: str
    price: int
    unit: Fraction

    @property
    def name(self) -> str:
        """The symbol of a book."""
        return f"{self.base}/{self.quote}"


PAIRS = (
    Pair(base="BTC", quote="USD", old_base="XXBT", old_quote="ZUSD", price=30_000, unit=F(1, 20)),
    Pair(base="ETH", quote="EUR", old_base="XETH", old_quote="ZEUR", price=2_000, unit=F(1, 2)),
)
OLD_CODES = {code: old for pair in PAIRS for code, old in ((pair.base, pair.old_base), (pair.quote, pair.old_quote))}
FIAT = ("USD", "EUR")


@dataclass(kw_only=True)
class Lot:
    """A position: an opening trade and what became of it."""

    ref: str
    pair: Pair
    long: bool
    opened_at: datetime
    size: Fraction
    price: Fraction
    left: Fraction
    rate: Fraction
    """Of a rollover, on what is open."""
    fees: Fraction
    commissions: Fraction
    interest: Fraction = ZERO
    gross: Fraction = ZERO
    exit_value: Fraction = ZERO
    closed_at: datetime | None = None
    status: str = "open"
    rollovers: int = 0
    fills: int = 1
    forced: bool = False
    closers: list[str] = field(default_factory=list)
    ledgers: list[str] = field(default_factory=list)

    @property
    def next_rollover(self) -> datetime:
        """When the next rollover is booked: a second later each time."""
        number = self.rollovers + 1
        return self.opened_at.replace(microsecond=0) + number * FOUR_HOURS + timedelta(seconds=number)


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A row of the ledger."""

    ledger_id: str
    ref: str
    at: datetime
    kind: str
    asset: str
    amount: Fraction
    fee: Fraction
    balance: Fraction


@dataclass(frozen=True, kw_only=True)
class Trade:
    """A row of the trades."""

    ref: str
    at: datetime
    pair: Pair
    buys: bool
    order_type: str
    price: Fraction
    quantity: Fraction
    cost: Fraction
    fee: Fraction
    margin: Fraction
    misc: str
    ledgers: list[str]
    closes: str | None = None
    opens: Lot | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that its owner, or the venue, did."""

    kind: str
    which: int
    act: int
    size: int
    move: int
    gap: str
    fee: int


@dataclass(frozen=True, kw_only=True)
class LotPlan:
    """What happens in a life, and how it is printed."""

    steps: tuple[Step, ...]
    named: bool
    """Whether closes name the lot that they close; else they close the oldest of their pair and side."""
    doubled: bool
    """Whether a rollover is printed as amount and as fee."""
    settle_word: str


STEPS = st.builds(
    Step, kind=st.sampled_from(KINDS), which=st.integers(0, 5), act=st.integers(0, 5),
    size=st.sampled_from((1, 2, 3, 4)), move=st.sampled_from((0, 1, -1, 3, -4, 8, -13)),
    gap=st.sampled_from(sorted(GAPS)), fee=st.integers(0, 3),
)  # fmt: skip


def plans(named: bool) -> st.SearchStrategy[LotPlan]:
    """Return lives in which closes name their lot, or do not."""
    return st.builds(
        LotPlan, steps=st.lists(STEPS, min_size=5, max_size=18).map(tuple), named=st.just(named),
        doubled=st.booleans(), settle_word=st.sampled_from(("settle-position", "market")),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- living


class LotDesk:
    """The account."""

    def __init__(self, plan: LotPlan) -> None:
        self.plan = plan
        self.clock = START
        self.balances: dict[str, Fraction] = defaultdict(Fraction)
        self.bookings: list[Booking] = []
        self.trades: list[Trade] = []
        self.lots: list[Lot] = []
        self.numbers = 0

    def number(self, letter: str) -> str:
        """Return an id of the venue."""
        self.numbers += 1
        return f"{letter}{self.numbers:05d}-AAAAA-{self.numbers:06d}"

    def book(
        self, ref: str, kind: str, asset: str, amount: Fraction, fee: Fraction = ZERO, at: datetime | None = None
    ) -> str:
        """Book a row and return its id."""
        self.balances[asset] += amount - fee
        row = Booking(
            ledger_id=self.number("L"), ref=ref, at=(at or self.clock).replace(microsecond=0), kind=kind, asset=asset,
            amount=amount, fee=fee, balance=self.balances[asset],
        )  # fmt: skip
        self.bookings.append(row)
        return row.ledger_id

    def wait(self, span: timedelta) -> None:
        """Let time pass, and book the rollovers that fall due."""
        until = self.clock + span
        while due := [lot for lot in self.lots if lot.left and lot.next_rollover <= until]:
            lot = min(due, key=lambda one: (one.next_rollover, one.ref))
            at = lot.next_rollover
            cost = rounded(lot.rate * lot.left * lot.price, 4)
            lot.rollovers += 1
            lot.interest += cost
            lot.ledgers.append(self.book(lot.ref, "rollover", lot.pair.quote, ZERO, cost, at))
        self.clock = until

    def trade(self, pair: Pair, buys: bool, quantity: Fraction, price: Fraction, fee: Fraction) -> None:
        """Exchange one coin for another."""
        ref, sign = self.number("T"), 1 if buys else -1
        cost = quantity * price
        rows = [(pair.quote, -sign * cost, fee), (pair.base, sign * quantity, ZERO)]
        ids = [self.book(ref, "trade", asset, amount, paid) for asset, amount, paid in rows]
        self._traded(ref, pair, buys, "limit", price, quantity, cost, fee, ZERO, "", ids)

    def open_lot(
        self, pair: Pair, long: bool, size: Fraction, price: Fraction, fee: Fraction, opening: Fraction, rate: Fraction
    ) -> None:
        """Open a position; `opening` is what borrowing costs at once, beside the commission."""
        ref = self.number("T")
        lot = Lot(ref=ref, pair=pair, long=long, opened_at=self._fraction(), size=size, price=price, left=size,
                  rate=rate, fees=fee + opening, commissions=fee)  # fmt: skip
        self.lots.append(lot)
        lot.ledgers.append(self.book(ref, "margin", pair.quote, ZERO, fee + opening))
        self._traded(ref, pair, long, "market", price, size, size * price, fee, size * price / 5, "initiated",
                     lot.ledgers, opens=lot)  # fmt: skip

    def close(
        self, lots: list[tuple[Lot, Fraction]], price: Fraction, fee: Fraction, order_type: str, misc: str = "closing"
    ) -> None:
        """Close parts of lots in one trade: one result, one commission."""
        ref, pair, long = self.number("T"), lots[0][0].pair, lots[0][0].long
        quantity = sum((part for _, part in lots), ZERO)
        result = ZERO
        for lot, part in lots:
            gross = part * (price - lot.price) * (1 if lot.long else -1)
            result += gross
            self._left(lot, part, ref, price, gross, fee * part / quantity, order_type)
        ids = [self.book(ref, "margin", pair.quote, result, fee)]
        cost = quantity * price
        self._traded(ref, pair, not long, order_type, price, quantity, cost, fee, cost / 5, misc, ids,
                     closes=lots[0][0].ref)  # fmt: skip

    def settle(self, lots: list[tuple[Lot, Fraction]]) -> None:
        """Pay what was borrowed for parts of lots and keep what was bought; the row prints the opening's side."""
        ref, pair, long = self.number("T"), lots[0][0].pair, lots[0][0].long
        quantity = sum((part for _, part in lots), ZERO)
        cost = sum((part * lot.price for lot, part in lots), ZERO)
        for lot, part in lots:
            self._left(lot, part, ref, lot.price, ZERO, ZERO, "settle")
        sign = 1 if long else -1
        ids = [
            self.book(ref, "settled", pair.quote, -sign * cost),
            self.book(ref, "settled", pair.base, sign * quantity),
        ]
        self._traded(ref, pair, long, self.plan.settle_word, cost / quantity, quantity, cost, ZERO, cost / 5, "closing",
                     ids, closes=lots[0][0].ref)  # fmt: skip

    def _left(
        self, lot: Lot, part: Fraction, ref: str, price: Fraction, gross: Fraction, fee: Fraction, how: str
    ) -> None:
        lot.left -= part
        lot.gross += gross
        lot.fees += fee
        lot.commissions += fee
        lot.exit_value += part * price
        lot.fills += 1
        lot.closers.append(ref)
        lot.forced |= how.startswith("liquidation")
        if not lot.left:
            lot.closed_at = self._fraction()
            lot.status = {"settle": "delivered", "liquidation market": "liquidated"}.get(how, "closed")

    def _fraction(self) -> datetime:
        """Return the instant as trades print it; trades of one second follow each other within it."""
        return self.clock.replace(microsecond=100 * (1000 + len(self.trades)))

    def _traded(
        self, ref: str, pair: Pair, buys: bool, order_type: str, price: Fraction, quantity: Fraction, cost: Fraction,
        fee: Fraction, margin: Fraction, misc: str, ledgers: list[str], closes: str | None = None,
        opens: Lot | None = None,
    ) -> None:  # fmt: skip
        self.trades.append(Trade(
            ref=ref, at=self._fraction(), pair=pair, buys=buys, order_type=order_type, price=price, quantity=quantity,
            cost=cost, fee=fee, margin=margin, misc=misc, ledgers=ledgers, closes=closes, opens=opens,
        ))  # fmt: skip


def lived(plan: LotPlan) -> LotDesk:
    """Live the plan and return what happened."""
    desk = LotDesk(plan)
    for asset in FIAT:
        desk.book(desk.number("FT"), "deposit", asset, F(100_000))
    desk.wait(timedelta(minutes=3))
    for step in plan.steps:
        desk.wait(GAPS[step.gap])
        _act(desk, step)
    desk.wait(timedelta(hours=1))
    return desk


def _act(desk: LotDesk, step: Step) -> None:
    pair = PAIRS[step.which % 2]
    price, size = F(pair.price * (1000 + step.move), 1000), step.size * pair.unit
    fee = (ZERO, F(1, 1000), F(26, 10_000), F(1, 1000))[step.fee]
    commission = rounded(size * price * fee, 4)
    if step.kind in ("long", "short"):
        opening = rounded(size * price / 5000, 4) if step.act % 2 else ZERO
        desk.open_lot(pair, step.kind == "long", size, price, commission, opening, F(2, 10_000))
    elif step.kind == "spot":
        desk.trade(pair, step.act % 2 == 0, size, price, commission)
    elif step.kind == "deposit":
        out = step.act % 3 == 0
        desk.book(desk.number("FT"), "withdrawal" if out else "deposit", pair.quote, F(-50 if out else 75),
                  F(9, 100) if out else ZERO)  # fmt: skip
    elif step.kind == "convert":  # one collateral for another, to pay a loss
        ref = desk.number("T")
        for asset, amount in (("EUR", F(-100)), ("USD", F(108))):
            desk.book(ref, "collateralconversion", asset, amount)
    else:
        _close(desk, step, fee)


def _close(desk: LotDesk, step: Step, fee: Fraction) -> None:
    """Close, settle or liquidate part of a lot, all of it, or all of a pair and side."""
    held = [lot for lot in desk.lots if lot.left]
    if not held:
        return
    lot = held[step.which % len(held)]
    price = F(lot.pair.price * (1000 + step.move), 1000)
    part = lot.left / 2 if step.kind == "reduce" or step.act == 5 else lot.left
    parts = [(lot, part)] if desk.plan.named else _oldest(held, lot, part)
    if step.kind == "settle":
        desk.settle(parts)
        return
    forced = step.kind == "liquidate"
    quantity = sum((size for _, size in parts), ZERO)
    desk.close(parts, price, rounded(quantity * price * fee, 4), "liquidation market" if forced else "limit",
               "initiated,closing" if forced else "closing")  # fmt: skip


def _oldest(held: list[Lot], like: Lot, size: Fraction) -> list[tuple[Lot, Fraction]]:
    """Return what of the oldest lots a close of that size closes."""
    parts = []
    for lot in held:
        if (lot.pair, lot.long) == (like.pair, like.long) and size:
            parts.append((lot, min(size, lot.left)))
            size -= parts[-1][1]
    return parts


# ----------------------------------------------------------------------------------------------- printing


L1 = '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"'
L4 = '"txid","refid","time","type","subtype","aclass","subclass","asset","wallet","amount","fee","balance"'
L5 = f'{L4},"amountusd","feeusd","balanceusd","feecurrency"'
T1 = '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"'
T3 = (
    '"txid","ordertxid","pair","aclass","subclass","time","type","ordertype","price","cost","fee","vol","margin","misc",'
    '"ledgers","posttxid","posstatuscode","cprice","ccost","cfee","cvol","cmargin","net","trades"'
)
LEDGERS = {"L1": L1, "L4": L4, "L5": L5}


def exports(desk: LotDesk, ledger: str, trades: str) -> dict[str, Export]:
    """Return the account's ledger and trades in those columns."""
    return {
        "ledger": Export(name="ledgers-{tag}.csv", header=LEDGERS[ledger],
                         lines=tuple(_ledger_line(row, ledger, desk.plan) for row in desk.bookings)),
        "trades": Export(name="trades-{tag}.csv", header=T1 if trades == "T1" else T3,
                         lines=tuple(_trade_line(row, trades) for row in desk.trades)),
    }  # fmt: skip


def early(desk: LotDesk, moment: datetime, ledger: str) -> dict[str, Export]:
    """Return what the venue would have given at an earlier time: positions closed since are open."""
    lines = tuple(_trade_line(row, "T3", moment) for row in desk.trades if row.at < moment)
    booked = tuple(line for line in exports(desk, ledger, "T3")["ledger"].lines if line.at < moment)
    return {
        "early_ledger": Export(name="ledgers-early-{tag}.csv", header=LEDGERS[ledger], lines=booked),
        "early_trades": Export(name="trades-early-{tag}.csv", header=T3, lines=lines),
    }


def _places(asset: str) -> int:
    return 4 if asset in FIAT else 10


def _ledger_line(row: Booking, form: str, plan: LotPlan) -> Line:
    amount, fee, balance = (digits(value, _places(row.asset)) for value in (row.amount, row.fee, row.balance))
    if row.kind == "rollover" and plan.doubled:
        amount = digits(-row.fee, 4)
    clock = f"{row.at:%Y-%m-%d %H:%M:%S}"
    if form == "L1":
        cells = [f'"{row.ledger_id}"', f'"{row.ref}"', f'"{clock}"', f'"{row.kind}"', '""', '"currency"',
                 f'"{OLD_CODES[row.asset]}"', amount, fee, balance]  # fmt: skip
        return Line(at=row.at, cells=tuple(cells))
    subtype = "tradespot" if row.kind == "trade" else ""
    subclass = "fiat" if row.asset in FIAT else "crypto"
    cells = [f'"{row.ledger_id}"', f'"{row.ref}"', f'"{clock}"', f'"{row.kind}"', f'"{subtype}"', '"currency"',
             f'"{subclass}"', f'"{row.asset}"', '"spot / main"', amount, fee, balance]  # fmt: skip
    if form == "L5":
        cells += ['"-"', "0", "0", f'"{row.asset if row.fee else ""}"']
    return Line(at=row.at, cells=tuple(cells))


def _trade_line(row: Trade, form: str, as_of: datetime | None = None) -> Line:
    pair = row.pair
    clock = f"{row.at:%Y-%m-%d %H:%M:%S}.{row.at.microsecond // 100:04d}"
    numbers = [digits(row.cost / row.quantity, 5) if row.order_type != "settle" else "", digits(row.cost, 5),
               digits(row.fee, 5), digits(row.quantity, 8), digits(row.margin, 5)]  # fmt: skip
    words = [f'"{row.ref}"', f'"O{row.ref[1:]}"']
    side = [f'"{clock}"', '"buy"' if row.buys else '"sell"', f'"{row.order_type}"']
    ends = [f'"{row.misc}"', f'"{",".join(row.ledgers)}"']
    if form == "T1":
        cells = [*words, f'"{pair.old_base}{pair.old_quote}"', *side, *numbers, *ends]
        return Line(at=row.at, cells=tuple(cells))
    status, closers = "", ""
    if row.opens is not None:
        over = row.opens.closed_at is not None and (as_of is None or row.opens.closed_at < as_of)
        status, closers = "closed" if over else "open", ",".join(row.opens.closers)
    tail = [f'"{row.closes or NO_POSITION}"', f'"{status}"', *['""'] * 6, f'"{closers}"']
    cells = [*words, f'"{pair.name}"', '"forex"', '"crypto"', *side, *numbers, *ends, *tail]
    return Line(at=row.at, cells=tuple(cells))
