"""Lives on margin at Binance: a long in the cross account, a short in an isolated pair."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.files import Export, Line
from tests.lives.liquidations.bookkeeping import Bucket
from tests.lives.liquidations.figures import ONE, ZERO, Cash
from tests.lives.liquidations.futures import HOUR, START
from tests.lives.liquidations.lives import Life, balances, marks
from tests.lives.margin_binance import FLOW, FORCED, INTEREST, RECORDS, TRADES
from tests.lives.model import EPOCH, digits, rounded

F = Fraction
DAILY = {"USDT": F(24, 100_000), "SOL": F(48, 100_000)}
FEE = F(1, 1000)
QUOTE = "USDT"


class MarginDesk:
    """Where a life on margin is lived: the cross account, or one isolated pair; the position is in SOLUSDT."""

    def __init__(self, pair: str | None = None) -> None:
        self.pair, self.wallet = pair, "isolated_margin" if pair else "cross_margin"
        self.clock = START
        self.bucket = Bucket(currency=QUOTE, level=F(1, 10), coins={"SOLUSDT": "SOL"})
        self.principal = {"USDT": ZERO, "SOL": ZERO}
        self.flow: list[Line] = []
        self.cash: list[Cash] = []
        self.trades: list[Line] = []
        self.records: list[Line] = []
        self.accruals: list[Line] = []
        self.forced: list[Line] = []
        self.marks: list[tuple[datetime, str, Fraction]] = []
        self.stated: list[tuple[datetime, str, Fraction, str]] = []
        self.numbers = 610_000_000
        self.ended_at = START

    def number(self) -> int:
        """Return a new id."""
        self.numbers += 1
        return self.numbers

    def epoch(self) -> str:
        """Return the instant as the API prints it."""
        return str((self.clock - EPOCH) // timedelta(milliseconds=1))

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock += timedelta(**span)

    def quote(self, **prices: str | Fraction) -> None:
        """Let prices become known, by asset."""
        for asset, price in prices.items():
            self.marks.append((self.clock, f"{asset}{QUOTE}", F(price)))
            self.bucket.step(asset, F(price))
        self.wait(seconds=20)

    def state(self) -> None:
        """Let the venue state all balances and debts."""
        for asset, amount in self.bucket.balances.items():
            self.stated.append((self.clock, asset, amount, "wallet"))
        for asset, amount in self.bucket.debts.items():
            self.stated.append((self.clock, asset, amount, "debt"))
        self.wait(seconds=20)

    def _flow(self, kind: str, asset: str, amount: Fraction, tran: int, *, value: bool = True) -> None:
        if value:
            worth = amount * self.bucket.price_of(asset)
            self.cash.append(Cash(export="flow", index=len(self.flow), kind=kind, asset=asset, value=worth))
        self.flow.append(Line(at=self.clock, symbol=self.pair, kind=kind, cells=(
            str(5000 + len(self.flow)), str(tran), self.epoch(), asset, self.pair or "", kind,
            digits(amount, 8), "")))  # fmt: skip

    # --------------------------------------------------------------------------------------------- what happens

    def move(self, asset: str, amount: str) -> None:
        """Transfer in (+) or out (-)."""
        self.bucket.post(asset, F(amount), "transfers_in" if F(amount) > 0 else "transfers_out")
        self._flow("TRANSFER", asset, F(amount), self.number())
        self.wait(minutes=1)

    def borrow(self, asset: str, amount: str) -> None:
        """Borrow; the first hour's interest is due at once."""
        self.bucket.post(asset, F(amount), "drawn")
        self.bucket.owe(asset, F(amount), "drawn")
        self.principal[asset] += F(amount)
        number = self.number()
        self._flow("BORROW", asset, F(amount), number, value=False)
        self._record("BORROW", "MANUAL", asset, F(amount), ZERO, number)
        self._accrue(asset, "ON_BORROW")
        self.wait(minutes=1)

    def _record(self, way: str, how: str, asset: str, principal: Fraction, interest: Fraction, number: int) -> None:
        self.records.append(Line(at=self.clock, cells=(
            way, how, self.pair or "", digits(principal + interest, 8), asset, digits(interest, 8), digits(principal, 8),
            "CONFIRMED", self.epoch(), str(number))))  # fmt: skip

    def _accrue(self, asset: str, kind: str) -> None:
        amount = rounded(self.principal[asset] * DAILY[asset] / 24, 8)
        self.bucket.owe(asset, amount, "interest" if asset == QUOTE else "interest_in_kind")
        self.accruals.append(Line(at=self.clock, kind=kind, cells=(
            f"13{self.number():017d}", self.epoch(), asset, "" if self.pair else asset, digits(self.principal[asset], 8),
            digits(amount, 8), digits(DAILY[asset], 8), kind, self.pair or "")))  # fmt: skip
        self.cash.append(Cash(export="interest", index=len(self.accruals) - 1, kind=kind, asset=asset,
                              value=-amount * self.bucket.price_of(asset)))  # fmt: skip

    def hours(self, count: int) -> None:
        """Let full hours pass, each with its interest."""
        for _ in range(count):
            self.clock = self.clock.replace(minute=0, second=0) + HOUR
            for asset, owed in self.principal.items():
                if owed:
                    self._accrue(asset, "PERIODIC")
        self.wait(minutes=17)

    def begin(self) -> None:
        """Start the bridge here."""
        self.cash.clear()
        self.bucket.begin(self.clock, ())

    def trade(self, delta: str | Fraction, price: str | Fraction, *, forced: bool = False) -> None:
        """Execute in SOLUSDT, with the fee in the quote; a forced one may buy what is owed as interest as well."""
        delta, price, bucket = F(delta), F(price), self.bucket
        line = "slippage" if forced else "own_price_pnl"
        number, order, buys = self.number(), self.number(), delta > 0
        fee = F(0) if forced else rounded(abs(delta) * price * FEE, 8)
        held = bucket.sizes["SOL"]
        bucket.sizes["SOL"] = max(held + delta, ZERO) if forced and held > 0 else (
            min(held + delta, ZERO) if forced else held + delta)  # fmt: skip
        bucket.post("SOL", delta, line)
        bucket.post(QUOTE, -delta * price, line)
        word = "BUY" if buys else "SELL"
        names = [f"{word}_LIQUIDATION"] * 2 if forced else [f"{word}_INCOME", f"{word}_EXPENSE"]
        legs = (("SOL", delta), (QUOTE, -delta * price)) if buys else ((QUOTE, -delta * price), ("SOL", delta))
        for name, (asset, amount) in zip(names, legs, strict=True):
            self._flow(name, asset, amount, order, value=False)
        if fee:
            bucket.post(QUOTE, -fee, "own_fees")
            self._flow("TRADING_COMMISSION", QUOTE, -fee, order)
        flags = ("true" if buys else "false", "false", "true", "true" if self.pair else "false")
        self.trades.append(Line(at=self.clock, symbol="SOLUSDT", cells=(
            "SOLUSDT", str(number), str(order), digits(price, 8), digits(abs(delta), 8), digits(abs(delta) * price, 8),
            digits(fee, 8), QUOTE, self.epoch(), *flags)))  # fmt: skip
        if forced:
            size = digits(abs(delta), 8)
            self.forced.append(Line(at=self.clock, symbol="SOLUSDT", cells=(
                digits(price, 8), size, str(order), digits(price, 8), size, word, "SOLUSDT", "GTC", flags[3],
                self.epoch())))  # fmt: skip
        self.wait(seconds=2)

    def repay(self, asset: str, *, part: Fraction = ONE, forced: bool = False) -> None:
        """Repay a part of the principal, with all interest that is owed."""
        principal = self.principal[asset] * part
        interest = self.bucket.debts[asset] - self.principal[asset]
        self.bucket.post(asset, -(principal + interest), "repaid")
        self.bucket.owe(asset, -(principal + interest), "repaid")
        self.principal[asset] -= principal
        number = self.number()
        self._flow("REPAY_LIQUIDATION" if forced else "REPAY", asset, -(principal + interest), number, value=False)
        self._record("REPAY", "AUTO" if forced else "MANUAL", asset, principal, interest, number)
        self.wait(seconds=2)

    def clear(self, amount: str) -> None:
        """Let the venue take its fee."""
        self.bucket.post(QUOTE, -F(amount), "liquidation_fee")
        self._flow("LIQUIDATION_FEE", QUOTE, -F(amount), self.number())
        self.ended_at = self.clock
        self.wait(seconds=1)

    def fall(self, step: str) -> None:
        """Let the price of SOL move by steps until assets are no more than 1.1 of the debt, then wait for the trigger."""
        self.quote(SOL=self.bucket.search("SOLUSDT", self.bucket.worth["SOL"], F(step)))
        self.bucket.pull(self.clock)

    def life(self, name: str, side: str) -> Life:
        """Return the life up to here; a minute later the venue states what is left."""
        truth = self.bucket.finish(self.ended_at, "SOLUSDT", side, "margin", price=self.bucket.at_trigger["SOL"])
        self.wait(minutes=1)
        self.state()
        word = self.wallet.replace("_margin", "")
        found = {
            "flow": Export(name=f"capital-flow-{{tag}}-{word}.csv", header=FLOW, lines=tuple(self.flow)),
            "trades": Export(name="margin-myTrades-{tag}.csv", header=TRADES, lines=tuple(self.trades)),
            "records": Export(name="margin-borrow-repay-{tag}.csv", header=RECORDS, lines=tuple(self.records)),
            "interest": Export(name="margin-interestHistory-{tag}.csv", header=INTEREST, lines=tuple(self.accruals)),
            "forced": Export(name="forceLiquidationRec-{tag}.csv", header=FORCED, lines=tuple(self.forced)),
            "marks": marks(self.marks), "stated": balances(self.stated, "binance", self.wallet),
        }  # fmt: skip
        return Life(name=name, truth=truth, exports=found, cash=self.cash)


def cross() -> Life:
    """A long on borrowed USDT beside a little BTC, sold by force; the debt is repaid from it."""
    desk = MarginDesk()
    desk.quote(SOL="100", BTC="40000")
    desk.move("USDT", "1000")
    desk.move("BTC", "0.01")
    desk.state()
    desk.borrow("USDT", "3000")
    desk.begin()
    desk.trade("38", "100.05")
    desk.hours(3)
    desk.quote(SOL="103", BTC="41000")
    desk.move("USDT", "-60")
    desk.hours(5)
    desk.bucket.note(desk.clock, "SOLUSDT", F(103), F(40))
    desk.wait(minutes=3)
    desk.quote(SOL="96", BTC="39500")
    desk.trade("-6", "95.9")
    desk.move("BTC", "-0.002")
    desk.hours(2)
    desk.quote(BTC="38800")
    desk.fall("-0.01")
    desk.trade(-desk.bucket.sizes["SOL"], desk.bucket.worth["SOL"] - F("0.35"), forced=True)
    desk.repay("USDT", forced=True)
    desk.clear("40.5")
    return desk.life("margin cross", "long")


def isolated() -> Life:
    """A short of borrowed SOL in an isolated pair; what is owed in kind is bought back by force."""
    desk = MarginDesk("SOLUSDT")
    desk.quote(SOL="100")
    desk.move("USDT", "500")
    desk.state()
    desk.borrow("SOL", "10")
    desk.begin()
    desk.trade("-10", "99.9")
    desk.hours(4)
    desk.quote(SOL="110")
    desk.move("USDT", "40")
    desk.hours(3)
    desk.quote(SOL="125")
    desk.hours(2)
    desk.fall("0.01")
    owed = desk.bucket.debts["SOL"]
    desk.trade(owed, desk.bucket.worth["SOL"] + F("0.4"), forced=True)
    desk.repay("SOL", forced=True)
    desk.clear("25.25")
    return desk.life("margin isolated", "short")
