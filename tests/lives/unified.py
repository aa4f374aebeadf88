"""A unified account at Bybit: perpetuals and spot pairs in one pot, where what is below zero is borrowed.

No row borrows or repays; interest is charged on what is below zero, five minutes past each hour, and lowers the balance
itself.  Positions of the perpetual are those of `model.Desk`, stakes in coins those of `stakes.pieces_of`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from hypothesis import strategies as st

from tests.lives.files import Export, Line
from tests.lives.model import SECOND, ZERO, Contract, Desk, digits, rounded
from tests.lives.stakes import Piece, Trade, pieces_of

F = Fraction
MILLI = timedelta(milliseconds=1)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = datetime(2026, 1, 30, 21, 10, 0, tzinfo=UTC)
PERPETUAL = Contract(symbol="BTCUSDT", wallet="unified", settle="USDT", style="linear", multiplier=F(1), step=F(1, 1000),
                     price=60_000)  # fmt: skip
PRICES = {"BTC": F(60_000), "ETH": F(3_000), "SOL": F(150)}
STEPS = {"BTC": F(1, 10**5), "ETH": F(1, 10**4), "SOL": F(1, 100)}
SIZES = {"BTC": F(2, 100), "ETH": F(4, 10), "SOL": F(8)}
HOURLY = {"USDT": F(11, 10**6), "BTC": F(3, 10**6), "ETH": F(70, 10**6), "SOL": F(5, 10**6)}
FEE = F(1, 1000)
FORCED_FEE = F(1, 50)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the log: `fee` + = cost, `position` signed, `quantity` as printed."""

    at: datetime
    coin: str
    kind: str
    cash: Fraction
    balance: Fraction
    contract: str = ""
    side: str = "--"
    quantity: Fraction = ZERO
    position: Fraction = ZERO
    price: Fraction = ZERO
    funding: Fraction = ZERO
    fee: Fraction = ZERO
    action: str = "--"
    ref: str = ""

    @property
    def change(self) -> Fraction:
        """Return what the balance changed by."""
        return self.cash + self.funding - self.fee


@dataclass(frozen=True, kw_only=True)
class Swap:
    """A spot fill or a conversion, seen from the base coin."""

    at: datetime
    base: str
    buys: bool
    quantity: Fraction
    price: Fraction
    fee: Fraction
    fee_coin: str
    is_fill: bool
    forced: bool
    owed_before: Fraction
    owed: Fraction
    accrued: Fraction

    @property
    def size(self) -> Fraction:
        """Return what arrived or left of the base, signed."""
        return (self.quantity if self.buys else -self.quantity) - (self.fee if self.fee_coin == self.base else ZERO)

    @property
    def fee_value(self) -> Fraction:
        """Return the fee in the quote."""
        return self.fee * self.price if self.fee_coin == self.base else self.fee


@dataclass(kw_only=True)
class Held:
    """The life of a stake in a coin."""

    symbol: str
    opened_at: datetime
    long: bool
    closed_at: datetime | None = None
    size: Fraction = ZERO
    cost: Fraction = ZERO
    largest: Fraction = ZERO
    gross: Fraction = ZERO
    fees: Fraction = ZERO
    forced: bool = False
    interest: Fraction = ZERO
    """Native: of a long in the quote, of a short in the base."""
    bought: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    """Interest in kind that buys paid: size and worth."""
    spans: list[tuple[datetime, Fraction, Fraction]] = field(default_factory=list)
    """Size and cost from an instant on."""

    def paid(self) -> tuple[Fraction, bool]:
        """Return what the interest was worth, and whether that is known of all of it."""
        if self.long:
            return self.interest, True
        left, worth = self.interest, ZERO
        for size, value in self.bought:
            part = min(left, size)
            worth, left = worth + value * part / size, left - part
        return worth, left <= F(1, 10**15)

    def at(self, moment: datetime) -> tuple[Fraction, Fraction]:
        """Return size and cost at an instant."""
        found = ZERO, ZERO
        for since, size, cost in self.spans:
            if since <= moment:
                found = abs(size), abs(cost)
        return found


class Account:
    """Where a life is lived: every row that the venue would book, and what is below zero."""

    def __init__(self, *, unrealized: bool, start: datetime = START) -> None:
        self.desk = Desk(start, funding_offset=timedelta(0))
        self.rows: list[Row] = []
        self.balances: dict[str, Fraction] = {}
        self.swaps: list[Swap] = []
        self.prices = dict(PRICES)
        self.accrued: dict[str, Fraction] = defaultdict(Fraction)
        self.unrealized = unrealized
        self.kinds: dict[int, str] = {}
        """The kind of row of each fill of the perpetual."""
        self._seen = 0
        self._charged = start.replace(minute=5) - HOUR + HOUR * (start.minute >= 5)

    @property
    def clock(self) -> datetime:
        """Return the instant."""
        return self.desk.clock

    def owed(self, coin: str) -> Fraction:
        """Return what is below zero."""
        return max(-self.balances.get(coin, ZERO), ZERO)

    def book(self, at: datetime, coin: str, kind: str, cash: Fraction, **words: Any) -> None:
        """Append a row."""
        row = Row(at=at, coin=coin, kind=kind, cash=cash, balance=ZERO, **words)
        self.balances[coin] = self.balances.get(coin, ZERO) + row.change
        self.rows.append(replace(row, balance=self.balances[coin]))

    # ---------------------------------------------------------------------------------------------- time

    def advance(self, to: datetime) -> None:
        """Let time pass: funding on the hour, interest five minutes later."""
        while (due := self._charged + HOUR) < to:
            self._fund(due)
            self._charged = due
            self._charge(due)
        self._fund(to)

    def _fund(self, to: datetime) -> None:
        self.desk.advance(to)
        new = [row for row in self.desk.bookings[self._seen :] if row.cause == "funding"]
        self._seen = len(self.desk.bookings)
        for row in new:
            assert row.owner is not None
            long = row.owner.long
            self.book(row.at + 31 * MILLI, "USDT", "SETTLEMENT", ZERO, contract="BTCUSDT", side="BUY" if long else "SELL",
                      position=row.size if long else -row.size, price=row.price, funding=row.amount, action="SETTLEMENT",
                      ref=f"f{row.number}")  # fmt: skip

    def _charge(self, at: datetime) -> None:
        for coin in sorted(self.balances):
            amount = rounded(self.owed(coin) * HOURLY[coin], 8)
            if not amount and coin == "USDT" and self.unrealized and at.hour % 6 == 1 and self.desk.open:
                amount = F(7, 1000)  # losses that are not realized yet are borrowed as well
            if amount:
                self.accrued[coin] += amount
                self.book(at, coin, "INTEREST", -amount)

    # --------------------------------------------------------------------------------------------- trading

    def move(self, coin: str, amount: Fraction) -> None:
        """Transfer in or out."""
        self.book(self.clock, coin, "TRANSFER_IN" if amount > 0 else "TRANSFER_OUT", amount)

    def trade_perpetual(
        self, buys: bool, quantity: Fraction, price: Fraction, *, maker: bool, kind: str = "TRADE"
    ) -> None:
        """Execute in the perpetual."""
        fee = rounded(PERPETUAL.value(quantity, price) * (F(-1, 10_000) if maker else F(55, 100_000)), 8)
        fill = self.desk.trade(
            PERPETUAL, "both", buys, quantity, price, (fee, "USDT"), maker=maker, forced=kind != "TRADE"
        )
        self._seen = len(self.desk.bookings)
        held = self.desk.open.get(("BTCUSDT", "both"))
        position = ZERO if held is None else held.quantity if held.long else -held.quantity
        self.kinds[fill.number] = kind
        self.book(self.clock, "USDT", kind, fill.stated, contract="BTCUSDT", side="BUY" if buys else "SELL", quantity=quantity,
                  position=position, price=price, fee=fee, action="CLOSE" if fill.closes else "OPEN", ref=f"p{fill.number}")  # fmt: skip

    def trade_spot(
        self, base: str, buys: bool, parts: Sequence[tuple[Fraction, Fraction]], *, fee_in_base: bool
    ) -> None:
        """Execute an order in a spot pair: (quantity, price) of each fill."""
        before, first = self.owed(base), len(self.swaps)
        for number, (quantity, price) in enumerate(parts):
            value, at, ref = quantity * price, self.clock + number * 300 * MILLI, f"s{self.desk.number()}"
            fee = (quantity if fee_in_base else value) * FEE
            sign = 1 if buys else -1
            words = {"contract": f"{base}USDT", "side": "BUY" if buys else "SELL", "price": price, "ref": ref}
            self.book(
                at, "USDT", "TRADE", -sign * value, quantity=-sign * value, fee=ZERO if fee_in_base else fee, **words
            )
            self.book(at + 100 * MILLI, base, "TRADE", sign * quantity, quantity=sign * quantity,
                      fee=fee if fee_in_base else ZERO, **words)  # fmt: skip
            self._swapped(at + 100 * MILLI, base, buys, quantity, price, (fee, base if fee_in_base else "USDT"), before)
        self.swaps[first:] = [replace(swap, owed=self.owed(base)) for swap in self.swaps[first:]]

    def convert(self, base: str, buys: bool, quantity: Fraction, price: Fraction, *, with_fee: bool) -> None:
        """Convert between a coin and USDT; the fee is taken from what is sold, beside `quantity`."""
        bought, before, ref = base if buys else "USDT", self.owed(base), f"c{self.desk.number()}"
        forced, value = self.owed(bought) > 0, quantity * price
        fee = (value if buys else quantity) * FORCED_FEE if with_fee else ZERO
        (sold, gone), (_, come) = (("USDT", value), (base, quantity)) if buys else ((base, quantity), ("USDT", value))
        self.book(self.clock, sold, "CURRENCY_SELL", -gone, quantity=gone + fee, price=price, fee=fee, ref=ref)
        self.book(self.clock, bought, "CURRENCY_BUY", come, quantity=come, price=price, ref=ref)
        self._swapped(self.clock, base, buys, quantity, price, (fee, sold), before, is_fill=False, forced=forced)

    def _swapped(
        self, at: datetime, base: str, buys: bool, quantity: Fraction, price: Fraction, fee: tuple[Fraction, str],
        before: Fraction, *, is_fill: bool = True, forced: bool = False,
    ) -> None:  # fmt: skip
        self.swaps.append(Swap(
            at=at, base=base, buys=buys, quantity=quantity, price=price, fee=fee[0], fee_coin=fee[1], is_fill=is_fill,
            forced=forced, owed_before=before, owed=self.owed(base), accrued=self.accrued[base]))  # fmt: skip

    # --------------------------------------------------------------------------------------------- what is true

    def held(self) -> list[Held]:
        """Return the stakes in coins, with the interest that each paid."""
        stakes: list[Held] = []
        for base in sorted({swap.base for swap in self.swaps if swap.is_fill}):
            stakes += stakes_of([swap for swap in self.swaps if swap.base == base])
        for row in self.rows:
            if row.kind == "INTEREST":
                for stake, share in self._borrowers(row, stakes):
                    stake.interest += -row.cash * share
        return stakes

    @staticmethod
    def _borrowers(row: Row, stakes: Sequence[Held]) -> list[tuple[Held, Fraction]]:
        weights = []
        for stake in stakes:
            size, cost = stake.at(row.at)
            borrows = "USDT" if stake.long else stake.symbol.removesuffix("USDT")
            weights.append((stake, (cost if stake.long else size) if borrows == row.coin else ZERO))
        whole = sum((weight for _, weight in weights), ZERO)
        return [(stake, weight / whole) for stake, weight in weights if weight]

    def open_size(self, base: str) -> Fraction:
        """Return the signed size of what is open of a coin."""
        return sum((stake.size for stake in self.held() if stake.symbol == f"{base}USDT" and not stake.closed_at), ZERO)

    def pools(self, unit: timedelta = MILLI) -> dict[str, tuple[Fraction, ...]]:
        """Return, by coin: drawn, interest, repaid (principal only), repaid by conversions, owed; instants last `unit`."""
        found: dict[str, tuple[Fraction, ...]] = {}
        for coin in self.balances:
            owed = drawn = accrued = repaid = forced = ZERO
            for same in _instants([row for row in self.rows if row.coin == coin], unit):
                after = max(-same[-1].balance, ZERO)
                interest = sum((-row.change for row in same if row.kind == "INTEREST"), ZERO)
                grown, owed = after - owed, after
                part = min(interest, max(grown, ZERO))
                accrued, drawn, repaid = accrued + part, drawn + max(grown, ZERO) - part, repaid + max(-grown, ZERO)
                forced += max(-grown, ZERO) if any("CURRENCY" in row.kind for row in same) else ZERO
            if drawn or accrued:
                found[coin] = (drawn, accrued, repaid, forced, owed)
        return found

    def events(self, coin: str) -> list[tuple[str, Fraction, Fraction]]:
        """Return kind, amount and what is owed after it of every change of a debt."""
        found, owed = [], ZERO
        for row in self.rows:
            if row.coin == coin:
                after = max(-row.balance, ZERO)
                grown, owed = after - owed, after
                interest = min(max(grown, ZERO), -row.change if row.kind == "INTEREST" else ZERO)
                found += [(kind, amount, after) for kind, amount in (
                    ("accrued", interest), ("drawn", max(grown, ZERO) - interest), ("repaid_principal", max(-grown, ZERO)))
                    if amount]  # fmt: skip
        return found


def _instants(rows: Sequence[Row], unit: timedelta) -> list[list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row.at - START) // unit].append(row)
    return list(groups.values())


def stakes_of(swaps: Sequence[Swap]) -> list[Held]:
    """Return the lives of the stakes in one base coin."""
    trades = [
        Trade(symbol=f"{swap.base}USDT", at_us=round(swap.at.timestamp() * 10**6), size=swap.size, price=swap.price,
              owed_before=swap.owed_before, owed=swap.owed, accrued=swap.accrued, in_dollars=True)
        for swap in swaps
    ]  # fmt: skip
    stakes: list[Held] = []
    for piece in pieces_of(trades):
        if piece.position < 0:
            continue
        swap = swaps[piece.trade]
        if piece.position == len(stakes):
            stakes.append(Held(symbol=f"{swap.base}USDT", opened_at=swap.at, long=piece.size > 0))
        _take(stakes[piece.position], piece, swap)
    return stakes


def _take(stake: Held, piece: Piece, swap: Swap) -> None:
    if piece.kind == "interest":
        stake.bought.append((piece.size, piece.worth))
    if piece.kind != "dust":
        stake.fees += swap.fee_value * piece.size / swap.size
    if piece.kind == "interest":
        return
    stake.size += piece.size
    stake.cost = stake.cost + piece.worth + piece.realized if stake.size else ZERO
    stake.gross += piece.realized
    stake.largest = max(stake.largest, abs(stake.size))
    stake.forced = swap.forced
    stake.spans.append((swap.at, stake.size, stake.cost))
    if not stake.size:
        stake.closed_at = swap.at


# ------------------------------------------------------------------------------------------------ exports

SCREEN = (
    "Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,"
    "Action,OrderId,TradeId,Time"
)
PREAMBLE = "UID: 100000001,Company Name: ,Country: \n"
DATA_EXPORT = (
    "Uid,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,"
    "Action,Time(UTC)"
)


def screen(account: Account) -> Export:
    """Return the export of the screen: ids, milliseconds."""
    lines = [Line(at=row.at, cells=(*_cells(row), row.ref, row.ref, row.at), kind=row.kind) for row in account.rows]
    return Export(name="Bybit-UM-TransactionLog-{tag}.csv", header=SCREEN, lines=tuple(lines), newest_first=True,
                  clock="%Y-%m-%d %H:%M:%S.%L")  # fmt: skip


def data_export(account: Account) -> Export:
    """Return the Data Export: no ids, seconds, a line before the header."""
    lines = []
    for row in account.rows:
        cells = list(_cells(row))
        if row.kind == "SETTLEMENT":
            cells[4] = cells[6] = "--"
        at = row.at.replace(microsecond=0)
        lines.append(Line(at=at, cells=("100000001", *cells, at), kind=row.kind))
    return Export(name="AssetChangeDetails_uta_100000001_20260130_20260301_{tag}.csv", header=DATA_EXPORT, lines=tuple(lines),
                  newest_first=True, mark=PREAMBLE)  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.quantity, row.position, row.price, row.funding, -row.fee, row.cash, row.change, row.balance)
    return (row.coin, row.contract, row.kind, row.side, *(digits(number, 20) for number in numbers), row.action)


# -------------------------------------------------------------------------------------------------- lives

KINDS = ("long", "long", "short", "short", "reduce", "close", "close", "close", "close", "perpetual", "perpetual", "flip",
         "takeover", "adl", "convert", "convert", "withdraw", "deposit")  # fmt: skip
ON_PERPETUAL = ("perpetual", "flip", "takeover", "adl")
"""They may follow in the second of what went before."""
GAPS: Mapping[str, timedelta] = {
    "seconds": 7 * SECOND, "minute": 50 * SECOND, "minutes": 13 * MINUTE, "hours": 3 * HOUR, "day": 27 * HOUR,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens; the numbers choose among what is possible then."""

    kind: str
    coin: str
    size: int
    move: int
    gap: str
    fee_in_base: bool
    halves: bool
    up: bool


@dataclass(frozen=True, kw_only=True)
class UnifiedPlan:
    """Everything that was drawn."""

    steps: tuple[Step, ...]
    start: int
    unrealized: bool


plans = st.builds(
    UnifiedPlan,
    steps=st.lists(
        st.builds(Step, kind=st.sampled_from(KINDS), coin=st.sampled_from(("ETH", "SOL", "BTC")),
                  size=st.sampled_from((1, 2, 3, 5)), move=st.sampled_from((0, 1, -1, 3, -4, 8, -13)),
                  gap=st.sampled_from(tuple(GAPS)), fee_in_base=st.booleans(), halves=st.booleans(), up=st.booleans()),
        min_size=8, max_size=24).map(tuple),
    start=st.sampled_from((50, 800, 6000)), unrealized=st.booleans(),
)  # fmt: skip


def lived(plan: UnifiedPlan) -> Account:
    """Return the account after a life."""
    account = Account(unrealized=plan.unrealized)
    account.move("USDT", F(plan.start))
    for step in plan.steps:
        at_once = step.gap == "seconds" and step.kind in ON_PERPETUAL and account.clock.microsecond == 200_000
        account.advance(account.clock + 600 * MILLI if at_once else _free(account.clock + GAPS[step.gap]))
        account.prices[step.coin] = rounded(account.prices[step.coin] * F(100 + step.move, 100), 2)
        _do(account, step)
    account.advance(_free(account.clock + 2 * HOUR))
    return account


def _free(at: datetime) -> datetime:
    """Return the next instant from `at` on that is more than a minute away from funding and interest."""
    at = at.replace(microsecond=200_000)
    past = at - at.replace(minute=0, second=0, microsecond=0)
    if past > 58 * MINUTE or past < 7 * MINUTE:
        return at.replace(minute=0, second=11) + 7 * MINUTE + (HOUR if past > 58 * MINUTE else timedelta(0))
    return at


def _do(account: Account, step: Step) -> None:
    if step.kind in ("reduce", "close", "convert") and not account.open_size(step.coin):
        step = replace(step, coin=next((coin for coin in PRICES if account.open_size(coin)), step.coin))
    coin, price = step.coin, account.prices[step.coin]
    open_size, held = account.open_size(coin), account.balances.get(coin, ZERO)
    if step.kind in ("long", "short"):
        buys = step.kind == "long"
        account.trade_spot(coin, buys, _parts(step, SIZES[coin] * step.size, price), fee_in_base=step.fee_in_base)
    elif step.kind in ("reduce", "close") and open_size:
        size = abs(open_size) / 2 if step.kind == "reduce" else max(abs(open_size), -held)
        if step.kind == "close" and open_size < 0 and step.fee_in_base:
            size = size / (1 - FEE)
        elif step.kind == "close" and open_size > 0 and step.fee_in_base:
            size = size / (1 + FEE)
        size = ceil(size / STEPS[coin]) * STEPS[coin] - (STEPS[coin] if step.up else 0)
        if size > 0:
            account.trade_spot(coin, open_size < 0, _parts(step, size, price), fee_in_base=step.fee_in_base)
    elif step.kind in ON_PERPETUAL:
        _do_perpetual(account, step)
    elif step.kind == "convert":
        _convert(account, step, price)
    elif step.kind == "withdraw":
        coin = "USDT" if step.up else coin
        free = account.balances.get(coin, ZERO)
        if free > 0:
            account.move(coin, -rounded(free * step.size / 8, 6) or -free)
    elif step.kind == "deposit":
        account.move(coin, SIZES[coin] * step.size / 2) if step.halves else account.move("USDT", F(200 * step.size))


def _parts(step: Step, size: Fraction, price: Fraction) -> list[tuple[Fraction, Fraction]]:
    unit = STEPS[step.coin]
    half = ceil(size / 2 / unit) * unit
    if not step.halves or half >= size:
        return [(size, price)]
    return [(half, price), (size - half, price + (0 if step.up else F(1, 4)))]


def _do_perpetual(account: Account, step: Step) -> None:
    price = account.prices["BTC"]
    stake = account.desk.open.get(("BTCUSDT", "both"))
    size = F(step.size, 100)
    if stake is None or step.kind == "perpetual":
        account.trade_perpetual(step.up, size, price, maker=step.halves)
    elif step.kind == "flip":
        account.trade_perpetual(not stake.long, stake.quantity + size, price, maker=step.halves)
    else:
        whole = step.kind == "takeover" or not step.halves
        account.trade_perpetual(
            not stake.long, stake.quantity if whole else min(stake.quantity, size), price, maker=step.kind == "adl",
            kind="LIQUIDATION" if step.kind == "takeover" else "ADL",
        )  # fmt: skip


def _convert(account: Account, step: Step, price: Fraction) -> None:
    held = account.balances.get(step.coin, ZERO)
    if held > 0:
        most = held / (1 + FORCED_FEE) if step.fee_in_base else held
        whole = most if account.owed("USDT") == 0 else min(most, account.owed("USDT") / price)
        size = (
            rounded(whole * (1 if step.up else F(1, 2)), 6) - F(1, 10**6)
            if not (step.up and not step.fee_in_base)
            else held
        )
        if size > 0:
            account.convert(step.coin, False, size, price, with_fee=step.fee_in_base)
    elif held < 0 and account.balances.get("USDT", ZERO) > 0:
        size = rounded(-held / (1 if step.up else 2), 6)
        if size > 0:
            account.convert(step.coin, True, size, price, with_fee=step.fee_in_base)
