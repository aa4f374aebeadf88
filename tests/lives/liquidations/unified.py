"""A life in a unified account at Bybit: coins as collateral, linear and inverse perpetuals, USDT below zero, a takeover."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.lives.files import Export, Line
from tests.lives.liquidations.bookkeeping import Bucket
from tests.lives.liquidations.figures import ZERO, Cash, Terms
from tests.lives.liquidations.futures import HOUR, MINUTE, START
from tests.lives.liquidations.lives import Life, marks, ratios, tiers
from tests.lives.model import digits, rounded
from tests.lives.unified import SCREEN

F = Fraction
FEE = F(55, 100_000)
HOURLY = F(11, 1_000_000)
BTC = Terms(symbol="BTCUSDT", tiers=((ZERO, F(5, 1000), ZERO),))
SOL = Terms(symbol="SOLUSDT", tiers=((ZERO, F(1, 100), ZERO),))
ETHUSD = Terms(symbol="ETHUSD", settle="ETH", style="inverse", tiers=((ZERO, F(1, 100), ZERO),))
COINS = {"BTC": F(95, 100), "ETH": F(9, 10)}


class UnifiedDesk:
    """Where the life is lived: one bucket of all coins, worth USDT; `counts`: collateral ratios are below 1."""

    def __init__(self, *, counts: bool) -> None:
        self.clock = START
        self.contracts = {terms.symbol: terms for terms in (BTC, SOL, ETHUSD)}
        self.bucket = Bucket(
            currency="USDT",
            contracts=self.contracts,
            ratios=COINS if counts else {},
            coins={"BTCUSDT": "BTC", "ETHUSDT": "ETH"},
        )
        self.counts = counts
        self.lines: list[Line] = []
        self.cash: list[Cash] = []
        self.marks: list[tuple[datetime, str, Fraction]] = []
        self.numbers = 0

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock += timedelta(**span)

    def quote(self, **prices: str | Fraction) -> None:
        """Let marks become known; those of BTCUSDT and ETHUSDT are what the coins are worth."""
        for symbol, price in prices.items():
            self.marks.append((self.clock, symbol, F(price)))
            self.bucket.marks[symbol] = F(price)
            coin = symbol.removesuffix("USDT")
            if coin in COINS:
                self.bucket.step(coin, F(price))
        self.wait(seconds=20)

    def _row(
        self, kind: str, coin: str, cash: Fraction, *, contract: str = "", side: str = "--", quantity: Fraction = ZERO,
        position: Fraction = ZERO, price: Fraction = ZERO, funding: Fraction = ZERO, fee: Fraction = ZERO,
        action: str = "--",
    ) -> None:  # fmt: skip
        self.numbers += 1
        change, balance, ref = cash + funding - fee, self.bucket.balances[coin], f"r{self.numbers}"
        numbers = (quantity, position, price, funding, -fee, cash, change, balance)
        self.cash.append(Cash(export="log", index=len(self.lines), kind=kind, asset=coin,
                              value=change * self.bucket.price_of(coin)))  # fmt: skip
        cells: tuple[Any, ...] = (
            coin, contract, kind, side, *(digits(number, 20) for number in numbers), action, ref, ref, self.clock)  # fmt: skip
        self.lines.append(Line(at=self.clock, kind=kind, cells=cells))
        self.wait(seconds=1)

    # --------------------------------------------------------------------------------------------- what happens

    def move(self, coin: str, amount: str) -> None:
        """Transfer in (+) or out (-)."""
        value = F(amount)
        self.bucket.post(coin, value, "transfers_in" if value > 0 else "transfers_out")
        self._row("TRANSFER_IN" if value > 0 else "TRANSFER_OUT", coin, value)
        self.wait(minutes=1)

    def begin(self, *own: str) -> None:
        """Start the bridge here."""
        self.cash.clear()
        self.bucket.begin(self.clock, own)

    def trade(self, symbol: str, delta: str | Fraction, price: str | Fraction, *, kind: str = "TRADE") -> None:
        """Execute in a perpetual."""
        delta, price = F(delta), F(price)
        terms, held = self.contracts[symbol], self.bucket.open[symbol]
        closes = held.size * delta < 0
        result = self.bucket.trade(symbol, delta, price, forced=kind != "TRADE")
        fee = rounded(terms.value(delta, price) * FEE, 8)
        self.bucket.post(terms.settle, -fee, "own_fees" if symbol in self.bucket.own else "other_fees")
        self._row(kind, terms.settle, result, contract=symbol, side="BUY" if delta > 0 else "SELL", quantity=abs(delta),
                  position=held.size, price=price, fee=fee, action="CLOSE" if closes else "OPEN")  # fmt: skip

    def fund(self, symbol: str, rate: str) -> None:
        """Settle funding at the next full eight hours."""
        day = self.clock.replace(hour=0, minute=0, second=0)
        self.clock = day + 8 * HOUR * ((self.clock - day) // (8 * HOUR) + 1)
        terms, held, mark = self.contracts[symbol], self.bucket.open[symbol], self.bucket.marks[symbol]
        amount = rounded(-terms.value(held.size, mark) * F(rate) * (1 if held.size > 0 else -1), 8)
        self.bucket.post(terms.settle, amount, "own_funding" if symbol in self.bucket.own else "other_funding")
        self._row("SETTLEMENT", terms.settle, ZERO, contract=symbol, side="BUY" if held.size > 0 else "SELL",
                  quantity=abs(held.size), position=held.size, price=mark, funding=amount, action="SETTLEMENT")  # fmt: skip
        self.wait(minutes=11)

    def charge(self) -> None:
        """Charge interest on what is below zero, five minutes past the next hour."""
        self.clock = self.clock.replace(minute=5, second=0) + HOUR
        amount = rounded(-self.bucket.balances["USDT"] * HOURLY, 8)
        assert amount > 0
        self.bucket.post("USDT", -amount, "interest")
        self._row("INTEREST", "USDT", -amount)
        self.clock += MINUTE

    def fall(self, symbol: str, step: str) -> None:
        """Let a mark (and its coin) move by steps until equity is no more than the maintenance margin; then wait."""
        self.quote(**{symbol: self.bucket.search(symbol, self.bucket.marks[symbol], F(step))})
        self.bucket.pull(self.clock)

    def life(self, name: str, symbol: str, side: str) -> Life:
        """Return the life up to here."""
        truth = self.bucket.finish(self.clock - timedelta(seconds=1), symbol, side, "unified")
        log = Export(name="Bybit-UM-TransactionLog-{tag}.csv", header=SCREEN, lines=tuple(self.lines), newest_first=True,
                     clock="%Y-%m-%d %H:%M:%S.%L")  # fmt: skip
        exports = {"log": log, "marks": marks(self.marks),
                   "tiers": tiers(list(self.contracts.values()), "bybit", "unified", START),
                   "ratios": ratios({coin: COINS[coin] if self.counts else F(1) for coin in COINS}, "bybit", "unified",
                                    START)}  # fmt: skip
        return Life(name=name, truth=truth, exports=exports, cash=self.cash)


def unified(*, counts: bool = True) -> Life:
    """A BTC long and coins that fall with it; USDT is below zero, a short of SOL wins, an inverse long of ETH loses."""
    desk = UnifiedDesk(counts=counts)
    desk.quote(BTCUSDT="60000", ETHUSDT="3000", ETHUSD="3001", SOLUSDT="150")
    desk.move("USDT", "1500")
    desk.move("BTC", "0.05")
    desk.move("ETH", "1.5")
    desk.trade("ETHUSD", "1500", "3000")
    desk.trade("SOLUSDT", "-20", "150.2")
    desk.quote(BTCUSDT="60500", ETHUSDT="3020", ETHUSD="3021", SOLUSDT="151")
    desk.begin("BTCUSDT")
    desk.trade("BTCUSDT", "1", "60510")
    desk.fund("BTCUSDT", "0.0001")
    desk.fund("SOLUSDT", "0.0002")
    desk.quote(BTCUSDT="59000", ETHUSDT="2950", ETHUSD="2948", SOLUSDT="145")
    desk.move("ETH", "-0.25")
    desk.fund("ETHUSD", "0.0001")
    desk.trade("BTCUSDT", "-0.4", "58990")
    desk.move("USDT", "-1200")
    desk.charge()
    desk.charge()
    desk.quote(BTCUSDT="56500", ETHUSDT="2800", ETHUSD="2805", SOLUSDT="140")
    desk.charge()
    desk.bucket.note(desk.clock, "BTCUSDT", F(56_500), F(30_000))
    desk.wait(minutes=3)
    desk.trade("SOLUSDT", "8", "140.1")
    desk.trade("ETHUSD", "-600", "2805")
    desk.charge()
    desk.quote(ETHUSDT="2750", ETHUSD="2752", SOLUSDT="137")
    desk.charge()
    desk.fall("BTCUSDT", "-0.1")
    desk.trade("BTCUSDT", "-0.6", desk.bucket.marks["BTCUSDT"] - 120, kind="LIQUIDATION")
    return desk.life("unified" if counts else "unified without haircuts", "BTCUSDT", "long")
