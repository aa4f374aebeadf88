"""A futures wallet at Binance: rows of its ledger, fills, forced orders, marks; its bucket is booked beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from tests.lives.binance import FORCE_ORDERS, INCOME, TRADES_F3, TRADES_F4, UID
from tests.lives.files import Export, Line
from tests.lives.liquidations.bookkeeping import Bucket
from tests.lives.liquidations.figures import ZERO, Cash, Terms
from tests.lives.liquidations.lives import balances, marks, tiers
from tests.lives.model import EPOCH, digits, rounded

F = Fraction
START = datetime(2026, 4, 6, 9, 0, 0, tzinfo=UTC)
TAKER = F(5, 10_000)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MARGINS = "symbol,type,deltaType,amount,asset,time,positionSide"
TYPES = {
    "transfer": "TRANSFER", "realized": "REALIZED_PNL", "fee": "COMMISSION", "funding": "FUNDING_FEE",
    "clearance": "INSURANCE_CLEAR", "insurance": "INSURANCE_CLEAR",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the ledger."""

    at: datetime
    kind: str
    amount: Fraction
    symbol: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Fill:
    """A fill; `realized` is what the venue books for it."""

    at: datetime
    symbol: str
    delta: Fraction
    price: Fraction
    fee: Fraction
    realized: Fraction
    number: int
    order: int


@dataclass(frozen=True, kw_only=True)
class Forced:
    """A forced order."""

    at: datetime
    symbol: str
    delta: Fraction
    price: Fraction
    limit: Fraction
    order: int
    word: str
    ordered: Fraction


class FuturesDesk:
    """Where a futures life is lived: one wallet of one asset.

    `bucket` is the one that will be liquidated; of an isolated position it is not the wallet, so the rows of the others
    are booked in the ledger alone.
    """

    def __init__(self, wallet: str, asset: str, contracts: Sequence[Terms], *, isolated: str | None = None) -> None:
        self.wallet, self.asset, self.contracts = wallet, asset, contracts
        self.clock = START
        self.bucket = Bucket(currency=asset, contracts={terms.symbol: terms for terms in contracts})
        self.beside = Bucket(currency=asset, contracts=self.bucket.contracts)
        """What is not in the bucket of an isolated position."""
        self.isolated = isolated
        self.rows: list[Row] = []
        self.fills: list[Fill] = []
        self.forced: list[Forced] = []
        self.marks: list[tuple[datetime, str, Fraction]] = []
        self.margins: list[tuple[datetime, str, Fraction]] = []
        self.stated: list[tuple[datetime, str, Fraction, str]] = []
        self.numbers = 71_000_000
        self.begun = 0
        self.covered = ZERO

    def of(self, symbol: str) -> Bucket:
        """Return the bucket in which a symbol is."""
        return self.bucket if self.isolated in (None, symbol) else self.beside

    def number(self) -> int:
        """Return a new id."""
        self.numbers += 1
        return self.numbers

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock += timedelta(**span)

    def quote(self, **prices: str | Fraction) -> None:
        """Let marks become known."""
        for symbol, price in prices.items():
            self.marks.append((self.clock, symbol, F(price)))
            for terms in self.contracts:
                if terms.printed == symbol:
                    self.bucket.marks[terms.symbol] = self.beside.marks[terms.symbol] = F(price)
        self.clock += 20 * SECOND

    def _row(self, kind: str, amount: Fraction, symbol: str = "", number: int | None = None) -> None:
        if amount:
            name = self.bucket.contracts[symbol].printed if symbol else ""
            self.rows.append(Row(at=self.clock, kind=kind, amount=amount, symbol=name, number=number or self.number()))

    def state(self) -> None:
        """Let the venue state the balance of the wallet, as it is."""
        self.stated.append((self.clock, self.asset, sum((row.amount for row in self.rows), self.covered), "wallet"))
        self.clock += 20 * SECOND

    # --------------------------------------------------------------------------------------------- what happens

    def move(self, amount: int | Fraction) -> None:
        """Transfer in (+) or out (-)."""
        bucket = self.beside if self.isolated else self.bucket
        bucket.post(self.asset, F(amount), "transfers_in" if amount > 0 else "transfers_out")
        self._row("transfer", F(amount))
        self.wait(minutes=1)

    def begin(self, *own: str) -> None:
        """Start the bridge here."""
        self.begun = len(self.rows)
        self.bucket.begin(self.clock, own)

    def trade(
        self, symbol: str, delta: str | Fraction, price: str | Fraction, *, rate: Fraction = TAKER,
        forced: tuple[str, Fraction] | None = None, ordered: Fraction | None = None,
    ) -> None:  # fmt: skip
        """Execute; `forced` is the client's id of the order and its limit, `ordered` what it was for."""
        delta, price, bucket = F(delta), F(price), self.of(symbol)
        result = bucket.trade(symbol, delta, price, forced=forced is not None)
        fee = rounded(self.bucket.contracts[symbol].value(delta, price) * rate, 8)
        bucket.post(self.asset, -fee, "own_fees" if symbol in bucket.own else "other_fees")
        fill = Fill(at=self.clock, symbol=symbol, delta=delta, price=price, fee=fee, realized=result,
                    number=self.number(), order=self.number())  # fmt: skip
        self.fills.append(fill)
        if forced is not None:
            self.forced.append(Forced(at=self.clock, symbol=symbol, delta=delta, price=price, limit=forced[1],
                                      order=fill.order, word=forced[0], ordered=ordered or abs(delta)))  # fmt: skip
        self._row("realized", result, symbol, fill.number)
        self._row("fee", -fee, symbol, fill.number)
        self.clock += 4 * SECOND

    def fund(self, symbol: str, rate: str) -> None:
        """Settle funding at the next full eight hours."""
        day = self.clock.replace(hour=0, minute=0, second=0)
        self.clock = day + 8 * HOUR * ((self.clock - day) // (8 * HOUR) + 1) + 2 * SECOND
        bucket = self.of(symbol)
        held = bucket.open[symbol]
        value = self.bucket.contracts[symbol].value(held.size, bucket.marks[symbol])
        amount = rounded(-value * F(rate) * (1 if held.size > 0 else -1), 8)
        bucket.post(self.asset, amount, "own_funding" if symbol in bucket.own else "other_funding")
        self._row("funding", amount, symbol)
        self.wait(minutes=11)

    def clear(self, symbol: str, amount: Fraction, *, covers: bool = False) -> None:
        """Let the venue take its fee (-), or cover what is missing (+)."""
        self.bucket.post(self.asset, F(amount), "insurance" if covers else "liquidation_fee")
        self._row("insurance" if covers else "clearance", F(amount), symbol)
        self.clock += SECOND

    def cover(self) -> None:
        """Let the venue set what is below zero to nothing, without a row."""
        self.covered = -self.bucket.balances[self.asset]
        self.bucket.post(self.asset, self.covered, "insurance")

    def add_margin(self, symbol: str, amount: int | Fraction, *, first: bool = False) -> None:
        """Move money between the wallet and an isolated position; the first is what opening it takes."""
        self.bucket.post(self.asset, F(amount), "transfers_in" if amount > 0 else "transfers_out")
        self.beside.post(self.asset, -F(amount), "transfers_out")
        if not first:
            self.margins.append((self.clock, symbol, F(amount)))
            self.wait(minutes=1)

    def fall(self, symbol: str, step: str) -> None:
        """Let the mark move by steps until equity is no more than the maintenance margin, then wait for the trigger."""
        bucket, name = self.of(symbol), self.bucket.contracts[symbol].printed
        self.quote(**{name: bucket.search(name, bucket.marks[symbol], F(step))})
        self.pull(symbol)

    def pull(self, symbol: str) -> None:
        """Here the venue begins."""
        self.of(symbol).pull(self.clock)

    # ------------------------------------------------------------------------------------------------ as exports

    def exports(self) -> dict[str, Export]:
        """Return the files of the account."""
        found = {
            "income": self.income(), "trades": self.trades(), "forced": self.forced_orders(), "marks": marks(self.marks),
            "tiers": tiers(self.contracts, "binance", self.wallet, START), "margins": self.margin_rows(),
            "stated": balances(self.stated, "binance", self.wallet),
        }  # fmt: skip
        return {name: export for name, export in found.items() if export.lines}

    def cash(self) -> list[Cash]:
        """Return the rows of the ledger from the start of the bridge on."""
        return [Cash(export="income", index=index, kind=row.kind, asset=self.asset, value=row.amount)
                for index, row in enumerate(self.rows) if index >= self.begun]  # fmt: skip

    def income(self) -> Export:
        """Return the transaction history of the wallet."""
        assert all(one.at <= other.at for one, other in pairwise(self.rows))
        return Export(
            name=f"Binance-Futures-Transaction-History-{{tag}}-{self.wallet}{{zone}}.csv", header=INCOME, zoned=True,
            lines=tuple(Line(at=row.at, symbol=row.symbol, kind=row.kind, cells=(
                row.at, TYPES[row.kind], digits(row.amount, 8), self.asset, row.symbol, str(row.number)))
                for row in self.rows),
        )  # fmt: skip

    def trades(self) -> Export:
        """Return the trade history."""
        is_hedged = any(terms.symbol != terms.printed for terms in self.contracts)
        lines = []
        for fill in self.fills:
            terms, buyer = self.bucket.contracts[fill.symbol], fill.delta > 0
            side = (terms.position_side,) if is_hedged else ()
            lines.append(Line(at=fill.at, symbol=fill.symbol, cells=(
                UID, fill.at, terms.printed, "BUY" if buyer else "SELL", *side, digits(fill.price, 8),
                digits(abs(fill.delta), 8), digits(rounded(terms.value(fill.delta, fill.price), 8), 8),
                f"{digits(fill.fee, 8)} {self.asset}", digits(fill.realized, 8) if fill.realized else "0",
                "true" if buyer else "false", "false", str(fill.number), str(fill.order))))  # fmt: skip
        return Export(
            name=f"Binance-Futures-Trade-History-{{tag}}-{self.wallet}{{zone}}.csv", newest_first=True,
            header=TRADES_F3 if is_hedged else TRADES_F4, zoned=not is_hedged, lines=tuple(lines),
        )  # fmt: skip

    def forced_orders(self) -> Export:
        """Return the forced orders of the API."""
        lines = []
        for order in self.forced:
            epoch = str((order.at - EPOCH) // timedelta(milliseconds=1))
            size = digits(abs(order.delta), 8)
            whole = order.ordered == abs(order.delta)
            terms = self.bucket.contracts[order.symbol]
            cells = (str(order.order), terms.printed, "FILLED" if whole else "EXPIRED", f"{order.word}{order.order}",
                     digits(order.limit, 8), digits(order.price, 8), digits(order.ordered, 8), size, "0", "IOC", "LIMIT",
                     "false", "false", "BUY" if order.delta > 0 else "SELL", terms.position_side.upper(), "0",
                     "CONTRACT_PRICE", "LIMIT", epoch, epoch)  # fmt: skip
            lines.append(Line(at=order.at, symbol=order.symbol, cells=cells))
        return Export(name=f"forceOrders-{{tag}}-{self.wallet}.csv", header=FORCE_ORDERS, newest_first=True,
                      lines=tuple(lines))  # fmt: skip

    def margin_rows(self) -> Export:
        """Return the margin that was added to isolated positions or released."""
        return Export(name="positionMargin-{tag}.csv", header=MARGINS, newest_first=True, lines=tuple(
            Line(at=at, symbol=symbol, cells=(
                symbol, "1" if amount > 0 else "2", "USER_ADJUST", digits(abs(amount), 8), self.asset,
                str((at - EPOCH) // timedelta(milliseconds=1)), "BOTH")) for at, symbol, amount in self.margins))  # fmt: skip
