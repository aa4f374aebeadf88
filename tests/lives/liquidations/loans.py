"""Lives of loans whose collateral is sold by force: a credit line at Nexo, a flexible loan at Binance."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.lives.lending import BinanceDesk, NexoDesk, binance_exports, nexo_export
from tests.lives.liquidations.bookkeeping import Bucket
from tests.lives.liquidations.figures import Truth
from tests.lives.liquidations.lives import Life, marks
from tests.lives.model import rounded

F = Fraction
SECOND = timedelta(seconds=1)


class Pledge:
    """Collateral less debt, with the prices of the collateral as they become known."""

    def __init__(self, coin: str, currency: str) -> None:
        self.coin, self.symbol = coin, f"{coin}{currency}"
        self.bucket = Bucket(currency=currency)
        self.marks: list[tuple[datetime, str, Fraction]] = []

    def quote(self, at: datetime, price: int | str) -> None:
        """Let a price of the collateral become known."""
        self.marks.append((at, self.symbol, F(price)))
        self.bucket.step(self.coin, F(price))

    def sell(self, quantity: Fraction, proceeds: Fraction) -> None:
        """Sell collateral by force and pay debt with what it brings."""
        self.bucket.post(self.coin, -quantity, "slippage")
        self.bucket.owe(self.bucket.currency, -proceeds, "slippage")

    def finish(self, at: datetime) -> Truth:
        """Return the bridge."""
        price = self.bucket.at_trigger[self.coin]
        return self.bucket.finish(at, self.coin, "borrower", "loan", by_rates=False, price=price)


def nexo() -> Life:
    """Dollars drawn against BTC; interest, more collateral, a repayment; half of the collateral is sold in two."""
    desk, loan = NexoDesk(whole=True), Pledge("BTC", "USD")
    bucket = loan.bucket

    def wait(price: int | str, **span: float) -> None:
        desk.clock += timedelta(**span)
        loan.quote(desk.clock - timedelta(minutes=3), price)

    def pledge(quantity: str) -> None:
        amount = F(quantity)
        desk.opened().collateral["BTC"] += amount
        desk.add(desk.show("Transfer In", ("BTC", amount), ("BTC", amount), rounded(amount * bucket.worth["BTC"], 2),
                           "Transfer from Savings Wallet to Credit Line Wallet"))  # fmt: skip
        bucket.post("BTC", amount, "transfers_in")

    def interest(cost: str) -> None:
        desk.add(desk.show("Interest", ("xUSD", -F(cost)), ("", F(0)), F(cost), "Interest"))
        desk.loans[-1].interest += F(cost)
        bucket.owe("USD", F(cost), "interest")

    wait(60_000, minutes=5)
    desk.add(desk.show("Top up Crypto", ("BTC", F(1)), ("BTC", F(1)), F(60_000), "0x" + "ab" * 32))
    desk.coins["BTC"] += 1
    wait(60_000, hours=2)
    bucket.begin(desk.clock, ())
    pledge("0.8")
    wait(60_200, minutes=10)
    desk.draw(F(25_000), ("draw", "funding", "top"), to_bank=False)
    bucket.owe("USD", F(25_000), "drawn")
    for price, cost in ((58_000, "9.41"), (52_000, "9.42"), (46_500, "9.42")):
        wait(price, days=1)
        interest(cost)
    wait(42_000, hours=6)
    pledge("0.05")
    wait(41_000, hours=5)
    desk.add(desk.show("Manual Repayment", ("USD", F(600)), ("USD", F(0)), F(600), "Fiat Repayment"))
    desk.loans[-1].repay(F(600), desk.clock)
    bucket.owe("USD", F(-600), "repaid")
    wait(37_500, hours=9)
    interest("8.77")
    wait("34250.5", hours=2)
    bucket.pull(desk.clock)
    value = F("10260.25")
    desk.sell("BTC", F("0.3"), value, ("sale", "twin", "repayment"), forced=True, late=4)
    loan.sell(F("0.3"), rounded(value * F(998, 1000), 2))
    wait("33900", minutes=26)
    value = F("5093.5")
    desk.sell("BTC", F("0.15"), value, ("sale", "twin", "repayment"), forced=True, late=4)
    loan.sell(F("0.15"), rounded(value * F(998, 1000), 2))
    truth = loan.finish(desk.clock + 4 * SECOND)
    desk.clock += timedelta(days=1)
    interest("5.01")
    exports = {"transactions": nexo_export(desk, "fees"), "marks": marks(loan.marks)}
    return Life(name="nexo", truth=truth, exports=exports, statuses=())


def flexible() -> Life:
    """USDT against BTC at Binance; the interest shows only when all is liquidated, and the rest is returned."""
    desk, loan = BinanceDesk(), Pledge("BTC", "USDT")
    bucket = loan.bucket

    def wait(price: int | str, **span: float) -> None:
        desk.clock += timedelta(**span)
        loan.quote(desk.clock - timedelta(minutes=3), price)

    names = {"loanCoin": "USDT", "collateralCoin": "BTC"}
    wait(50_000, minutes=5)
    bucket.begin(desk.clock, ())
    desk.record("flexible_borrow", **names, initialLoanAmount=F(10_000), initialCollateralAmount=F("0.3"),
                borrowTime=desk.epoch(), status="Succeeds")  # fmt: skip
    bucket.owe("USDT", F(10_000), "drawn")
    bucket.post("BTC", F("0.3"), "transfers_in")
    wait(44_000, days=2)
    _adjust(desk, bucket, F("0.02"))
    wait(40_500, days=1)
    _adjust(desk, bucket, F("-0.005"))
    wait("38010", days=1)
    desk.record("flexible_repay", **names, repayAmount=F(150), collateralReturn=F(0), repayStatus="REPAID",
                repayTime=desk.epoch())  # fmt: skip
    bucket.owe("USDT", F(-150), "repaid")
    wait("34400.5", hours=7)
    bucket.pull(desk.clock)
    bucket.owe("USDT", F("61.37"), "interest")
    desk.record("flexible_liquidation", **names, liquidationDebt=F("9911.37"), liquidationCollateralAmount=F("0.2925"),
                returnCollateralAmount=F("0.0225"), liquidationFee=F(0), liquidationStartingPrice=F("34400.5"),
                liquidationStartingTime=desk.epoch(), status="Liquidated")  # fmt: skip
    loan.sell(F("0.2925"), F("9911.37"))
    bucket.post("BTC", F("-0.0225"), "transfers_out")
    truth = loan.finish(desk.clock)
    desk.clock += timedelta(hours=1)
    return Life(name="binance loan", truth=truth, exports={**binance_exports(desk), "marks": marks(loan.marks)},
                statuses=())  # fmt: skip


def _adjust(desk: BinanceDesk, bucket: Bucket, amount: Fraction) -> None:
    added = amount > 0
    desk.record("flexible_adjust", loanCoin="USDT", collateralCoin="BTC", direction="ADDITIONAL" if added else "REDUCED",
                collateralAmount=abs(amount), preLTV="0.8", afterLTV="0.75", adjustTime=desk.epoch())  # fmt: skip
    bucket.post("BTC", amount, "transfers_in" if added else "transfers_out")
