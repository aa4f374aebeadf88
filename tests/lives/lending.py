"""Lives of loans against collateral, and how Nexo and Binance print them.

Every amount is a fraction.  A loan begins with its first draw or pledge and ends where nothing is owed; the next draw
is another loan.  What is repaid pays interest first, then principal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.lives.files import Export, Line
from tests.lives.model import ZERO, digits, rounded

F = Fraction
START = datetime(2025, 3, 1, 9, 0, 0, tzinfo=UTC)
APART = timedelta(hours=7, minutes=11)
"""A lender books the repayment up to hours after its sale: what lies nearer could be its, if it is as large."""


@dataclass(kw_only=True)
class Loan:
    """A loan of one asset."""

    asset: str
    ref: str | None
    opened_at: datetime
    drawn: Fraction = ZERO
    interest: Fraction = ZERO
    repaid_principal: Fraction = ZERO
    repaid_interest: Fraction = ZERO
    liquidated: Fraction = ZERO
    closed_at: datetime | None = None
    forced_last: bool = False
    collateral: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    sold: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    @property
    def owed_interest(self) -> Fraction:
        """Interest that is owed."""
        return self.interest - self.repaid_interest

    @property
    def owed(self) -> Fraction:
        """All that is owed."""
        return self.drawn - self.repaid_principal + self.owed_interest

    @property
    def status(self) -> str:
        """How it ended, if it did."""
        if self.owed:
            return "open"
        return "liquidated" if self.forced_last else "repaid"

    def repay(self, amount: Fraction, at: datetime, *, forced: bool = False) -> None:
        """Pay interest first, then principal; what is beyond both is interest that no row has shown."""
        beyond = max(amount - self.owed, ZERO)
        self.interest += beyond
        interest = min(amount, self.owed_interest)
        self.repaid_interest += interest
        self.repaid_principal += amount - interest
        self.liquidated += amount if forced else 0
        self.forced_last = forced
        self.closed_at = None if self.owed else at


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happens to a loan."""

    kind: str
    which: int
    act: int
    size: int
    rows: int


# --------------------------------------------------------------------------------------------------- Nexo


NEXO_KINDS = ("top up", "draw", "draw", "interest", "interest", "repay", "sell", "sell", "forced", "forced", "repay all",
              "pledge", "earn", "discount", "withdraw", "sell all")  # fmt: skip
COINS = {"BTC": 60_000, "ETH": 2_500, "NEXO": 1}
STEPS = st.builds(
    Step, kind=st.sampled_from(NEXO_KINDS), which=st.integers(0, 5), act=st.integers(0, 5), size=st.integers(1, 9),
    rows=st.integers(0, 6),
)  # fmt: skip
nexo_lives = st.lists(STEPS, min_size=5, max_size=20).map(tuple)
SALE_ROWS = (("sale", "twin", "repayment"), ("sale", "twin"), ("sale", "repayment"), ("twin", "repayment"), ("sale",),
             ("twin",), ("repayment",))  # fmt: skip
DRAW_ROWS = (("draw", "funding", "top"), ("draw", "funding"), ("draw", "top"), ("funding", "top"), ("funding",),
             ("top",))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A row of an export of Nexo."""

    at: datetime
    transaction: str
    kind: str
    given: tuple[str, Fraction]
    taken: tuple[str, Fraction]
    usd: Fraction
    details: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """What is told in several rows; `parts` are their names, of which an export needs but one."""

    parts: dict[str, Printed]
    shown: tuple[str, ...]


class NexoDesk:
    """An account at Nexo; `whole`: every row of every event is printed."""

    def __init__(self, *, whole: bool = False) -> None:
        self.whole = whole
        self.clock = START
        self.coins: dict[str, Fraction] = defaultdict(Fraction)
        self.loans: list[Loan] = []
        self.rows: list[Printed] = []
        self.numbers = 0

    @property
    def loan(self) -> Loan | None:
        """The loan that is open."""
        return self.loans[-1] if self.loans and (self.loans[-1].owed or not self.loans[-1].drawn) else None

    def opened(self) -> Loan:
        """Return the loan that is open, else a new one."""
        if self.loan is None:
            self.loans.append(Loan(asset="USD", ref=None, opened_at=self.clock))
        return self.loans[-1]

    def show(
        self, kind: str, given: tuple[str, Fraction], taken: tuple[str, Fraction], usd: Fraction, details: str,
        seconds: int = 0, number: int | None = None,
    ) -> Printed:  # fmt: skip
        """Return a row; several of one event may share a number."""
        if number is None:
            self.numbers += 1
        return Printed(
            at=self.clock + timedelta(seconds=seconds), transaction=f"NXT{number or self.numbers:020d}", kind=kind,
            given=given, taken=taken, usd=usd, details=f"approved / {details}",
        )  # fmt: skip

    def add(self, *rows: Printed) -> None:
        """Print rows."""
        self.rows += rows

    def draw(self, amount: Fraction, names: tuple[str, ...], to_bank: bool) -> None:
        """Draw dollars, paid out as a stablecoin or to a bank; the coin is a little more or less than the debt."""
        loan = self.opened()
        if to_bank:
            self.add(self.show("Withdrawal Credit", ("xUSD", amount), ("USD", amount), amount, "Bank transfer"))
            loan.drawn += amount
            return
        coins = rounded(amount * F(1001, 1000), 2)
        rows = {
            "draw": self.show("Loan Withdrawal", ("xUSD", -amount), ("xUSD", amount), amount, "Withdraw"),
            "funding": self.show("Exchange Credit", ("xUSD", -amount), ("USDT", coins), coins, "Credit to USDT", 1),
            "top": self.show("Top up Crypto", ("USDT", coins), ("USDT", coins), coins, "Credit Granting Top Up", 2),
        }
        self.add(*(rows[name] for name in names))
        if not loan.drawn and not loan.collateral:
            loan.opened_at = rows[min(names, key=tuple(rows).index)].at
        loan.drawn += coins if names == ("top",) else amount
        self.coins["USDT"] += coins

    def sell(
        self, coin: str, quantity: Fraction, value: Fraction, names: tuple[str, ...], forced: bool, late: int
    ) -> None:
        """Sell collateral for what is owed, told in up to three rows, of which the repayment may come hours later."""
        loan = self.loans[-1]
        proceeds = rounded(value * F(998, 1000), 2)
        kind = "Automatic Sell Order" if forced else "Manual Sell Order"
        self.numbers += 1
        number = self.numbers
        rows = {
            "sale": self.show(kind, (coin, -quantity), (coin, quantity), value, "Crypto Repayment", number=number),
            "twin": self.show("Exchange Liquidation", (coin, quantity), ("USDX", proceeds), value, f"{coin} to USDX", 1,
                              number),
            "repayment": self.show("Manual Repayment", ("USD", proceeds), ("USD", ZERO), proceeds, "Crypto Repayment",
                                   late),
        }  # fmt: skip
        self.add(*(rows[name] for name in names))
        repaid = value if names == ("sale",) else proceeds
        sold = names != ("repayment",)
        is_forced = (forced and "sale" in names) or names == ("twin",)
        teller = "repayment" if "repayment" in names else "twin" if "twin" in names else "sale"
        loan.repay(repaid, rows[teller].at, forced=is_forced)
        if sold:
            self.coins[coin] -= quantity
        if sold and is_forced:
            loan.sold[coin] += quantity


def lived_at_nexo(steps: tuple[Step, ...], *, whole: bool = False) -> NexoDesk:
    """Live the steps and return what happened."""
    desk = NexoDesk(whole=whole)
    for coin, price in COINS.items():
        _top_up(desk, coin, F(1_000_000, price))
    for step in steps:
        desk.clock += APART
        _act(desk, step)
    return desk


def _top_up(desk: NexoDesk, coin: str, quantity: Fraction) -> None:
    quantity = rounded(quantity, 8)
    desk.add(desk.show("Top up Crypto", (coin, quantity), (coin, quantity), quantity * COINS[coin], "0x" + "ab" * 32))
    desk.coins[coin] += quantity
    desk.clock += timedelta(minutes=31)


def _act(desk: NexoDesk, step: Step) -> None:
    coin = tuple(COINS)[step.which % 3]
    loan = desk.loan
    owes = loan is not None and bool(loan.owed)
    if step.kind == "top up":
        _top_up(desk, coin, F(step.size * 500, COINS[coin]))
    elif step.kind == "draw":
        desk.draw(F(step.size * 250) + F(step.act, 10), DRAW_ROWS[0 if desk.whole else step.rows % 6], step.act == 5)
    elif step.kind == "pledge":
        quantity = rounded(F(40_000, COINS[coin]), 8)
        desk.opened().collateral[coin] += quantity
        desk.add(desk.show("Transfer In", (coin, quantity), (coin, quantity), F(40_000),
                           "Transfer from Savings Wallet to Credit Line Wallet"))  # fmt: skip
    elif step.kind == "earn":
        desk.add(desk.show("Interest", (coin, F(1, 1000)), (coin, F(1, 1000)), F(1), f"{coin} Interest Earned"))
        desk.coins[coin] += F(1, 1000)
    elif step.kind == "withdraw":
        desk.add(desk.show("Withdrawal", (coin, F(-1, 100)), (coin, F(1, 100)), F(1), f"{coin} withdrawal"))
        desk.coins[coin] -= F(1, 100)
    elif owes and loan is not None:
        _service(desk, loan, step, coin)


def _service(desk: NexoDesk, loan: Loan, step: Step, coin: str) -> None:
    unit = ("xUSD", "USD")[step.act % 2]
    if step.kind == "interest":
        cost = F(step.size, 100)
        desk.add(desk.show("Interest", (unit, -cost), ("", ZERO), cost, "Interest"))
        loan.interest += cost
    elif step.kind == "discount":
        if cost := min(loan.owed_interest, F(1, 100)):
            desk.add(desk.show("Interest Discount", ("xUSD", cost), ("", ZERO), cost, "Interest Discount"))
            loan.interest -= cost
            loan.closed_at = loan.closed_at if loan.owed else desk.clock
    elif step.kind in ("repay", "repay all"):
        amount = loan.owed if step.kind == "repay all" else rounded(loan.owed * step.size / 10, 2)
        if amount:
            desk.add(desk.show("Manual Repayment", (unit, amount), (unit, ZERO), amount, "Fiat Repayment"))
            loan.repay(amount, desk.clock)
    else:
        names = SALE_ROWS[0 if desk.whole or step.kind == "sell all" else step.rows]
        wanted = loan.owed / F(998, 1000) if step.kind == "sell all" else loan.owed * step.size / 10
        value = rounded(wanted, 2)
        if value > 1 and rounded(value * F(998, 1000), 2) <= loan.owed:
            desk.sell(
                coin, rounded(value / COINS[coin], 8), value, names, step.kind != "sell", (4, 300, 5400)[step.act % 3]
            )


NEXO_FORMS = {
    "UTC": ("Transaction,Type,Input Currency,Input Amount,Output Currency,Output Amount,USD Equivalent,Details,"
            "Date / Time (UTC)"),
    "fees": ("Transaction,Type,Input Currency,Input Amount,Output Currency,Output Amount,USD Equivalent,Fee,Fee Currency,"
             "Details,Date / Time (UTC)"),
    "credit": ("Transaction,Type,Credit Line,Input Currency,Input Amount,Output Currency,Output Amount,USD Equivalent,Fee,"
               "Fee Currency,Details,Date / Time (UTC)"),
}  # fmt: skip


def nexo_export(desk: NexoDesk, form: str) -> Export:
    """Return the account's transactions in those columns."""
    lines = []
    for row in sorted(desk.rows, key=lambda one: one.at):
        usd = f'"${digits(rounded(abs(row.usd), 2), 2)}"'
        cells = [row.transaction, row.kind, *(("",) if form == "credit" else ()), row.given[0], digits(row.given[1], 8),
                 row.taken[0], digits(row.taken[1], 8), usd, *(() if form == "UTC" else ("-", "-")), row.details]  # fmt: skip
        lines.append(Line(at=row.at, cells=(*cells, row.at)))
    return Export(
        name=f"nexo_transactions_{form}_{{tag}}.csv", header=NEXO_FORMS[form], lines=tuple(lines), newest_first=True
    )


# ------------------------------------------------------------------------------------------------ Binance


BINANCE_KINDS = ("borrow", "borrow", "add", "remove", "repay", "repay", "repay all", "liquidate", "liquidate all")
BINANCE_STEPS = st.builds(
    Step, kind=st.sampled_from(BINANCE_KINDS), which=st.integers(0, 5), act=st.integers(0, 5), size=st.integers(1, 9),
    rows=st.integers(0, 6),
)  # fmt: skip
binance_lives = st.lists(BINANCE_STEPS, min_size=4, max_size=18).map(tuple)
PAIRS = (("USDT", "BTC"), ("USDC", "ETH"), ("USDT", "ETH"))


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record of the API: of which list, and its fields."""

    at: datetime
    list_: str
    fields: dict[str, Any]


class BinanceDesk:
    """Loans at Binance: flexible ones, one of each pair of coins, and fixed ones, by order."""

    def __init__(self) -> None:
        self.clock = START
        self.loans: list[Loan] = []
        self.hidden: dict[str, Fraction] = defaultdict(Fraction)
        """Interest inside the debt, which no record shows."""
        self.coins: dict[str, Fraction] = defaultdict(Fraction)
        self.records: list[Record] = []
        self.orders = 656783308056935400

    def open_loan(self, ref: str) -> Loan | None:
        """Return the loan of that name that is open."""
        return next((loan for loan in self.loans if loan.ref == ref and loan.owed), None)

    def record(self, list_: str, **fields: Any) -> None:
        """Add a record."""
        shown = {
            name: digits(value, 8) if isinstance(value, Fraction) else str(value) for name, value in fields.items()
        }
        self.records.append(Record(at=self.clock, list_=list_, fields=shown))

    def income(self, kind: str, asset: str, amount: Fraction) -> None:
        """Add what the ledger of loans says of the same event."""
        if amount:
            self.record(
                "income",
                asset=asset,
                type=kind,
                amount=amount,
                timestamp=self.epoch(),
                tranId=90_000_000 + len(self.records),
            )

    def epoch(self) -> int:
        """Return the instant as the API prints it."""
        return round(self.clock.timestamp() * 1000)

    def pledge(self, loan: Loan, coin: str, amount: Fraction) -> None:
        """Move a coin to the collateral, or back."""
        loan.collateral[coin] += amount
        self.coins[coin] -= amount


def lived_at_binance(steps: tuple[Step, ...], *, fixed: bool) -> BinanceDesk:
    """Live the steps and return what happened."""
    desk = BinanceDesk()
    for step in steps:
        desk.clock += timedelta(hours=3, minutes=7)
        pair = PAIRS[step.which % 3]
        if fixed:
            _act_fixed(desk, step, pair)
        else:
            _act_flexible(desk, step, pair)
    return desk


def _act_flexible(desk: BinanceDesk, step: Step, pair: tuple[str, str]) -> None:
    debt, coin = pair
    ref = f"{debt}/{coin}"
    names = {"loanCoin": debt, "collateralCoin": coin}
    loan = desk.open_loan(ref)
    if loan is not None:
        desk.hidden[ref] += F(step.size, 100)
    if step.kind == "borrow":
        amount, pledge = F(step.size * 100), F(step.size, 10)
        if loan is None:
            loan = Loan(asset=debt, ref=ref, opened_at=desk.clock)
            desk.loans.append(loan)
        loan.drawn += amount
        desk.coins[debt] += amount
        desk.pledge(loan, coin, pledge)
        desk.income("borrowIn", debt, amount)
        desk.income("collateralSpent", coin, pledge)
        desk.record("flexible_borrow", **names, initialLoanAmount=amount, initialCollateralAmount=pledge,
                    borrowTime=desk.epoch(), status="SUCCESS" if step.act % 2 else "Succeeds")  # fmt: skip
    elif loan is None:
        return
    elif step.kind in ("add", "remove"):
        amount = F(step.size, 100) if step.kind == "add" else rounded(loan.collateral[coin] / 10, 8)
        desk.pledge(loan, coin, amount if step.kind == "add" else -amount)
        desk.income("addCollateral" if step.kind == "add" else "removeCollateral", coin, amount)
        desk.record("flexible_adjust", **names, direction="ADDITIONAL" if step.kind == "add" else "REDUCED",
                    collateralAmount=amount, preLTV="0.6", afterLTV="0.55", adjustTime=desk.epoch())  # fmt: skip
    else:
        over = step.kind.endswith("all")
        amount = loan.owed + desk.hidden.pop(ref, ZERO) if over else loan.owed * step.size / 10
        loan.repay(rounded(amount, 8), desk.clock, forced=step.kind.startswith("liquidate"))
        if step.kind.startswith("repay"):
            back = loan.collateral[coin] if over else ZERO
            desk.coins[debt] -= rounded(amount, 8)
            desk.pledge(loan, coin, -back)
            desk.income("repayAmount", debt, rounded(amount, 8))
            desk.income("collateralReturn", coin, back)
            desk.record("flexible_repay", **names, repayAmount=rounded(amount, 8), collateralReturn=back,
                        repayStatus="REPAID", repayTime=desk.epoch())  # fmt: skip
            return
        sold, fee = rounded(loan.collateral[coin] * (F(9, 10) if over else F(1, 10)), 8), F(1, 1000)
        back = rounded(loan.collateral[coin] / 20, 8) if over else ZERO
        loan.sold[coin] += sold
        loan.collateral[coin] -= sold
        desk.pledge(loan, coin, -back)
        desk.income("collateralReturnAfterLiquidation", coin, back)
        desk.record("flexible_liquidation", **names, liquidationDebt=rounded(amount, 8), liquidationCollateralAmount=sold,
                    returnCollateralAmount=back, liquidationFee=fee, liquidationStartingPrice="2000",
                    liquidationStartingTime=desk.epoch(), status="Liquidated")  # fmt: skip


def _act_fixed(desk: BinanceDesk, step: Step, pair: tuple[str, str]) -> None:
    debt, coin = pair
    held = [loan for loan in desk.loans if loan.owed]
    if step.kind == "borrow" or not held:
        desk.orders += 1
        amount, pledge = F(step.size * 100), F(step.size, 10)
        loan = Loan(asset=debt, ref=str(desk.orders), opened_at=desk.clock, drawn=amount)
        desk.loans.append(loan)
        desk.coins[debt] += amount
        desk.pledge(loan, coin, pledge)
        desk.record("fixed_borrow", orderId=loan.ref, loanCoin=debt, initialLoanAmount=amount,
                    hourlyInterestRate="0.000019", loanTerm="14", collateralCoin=coin, initialCollateralAmount=pledge,
                    borrowTime=desk.epoch(), status="Accruing_Interest")  # fmt: skip
        return
    loan = held[step.which % len(held)]
    coin = next(iter(loan.collateral))
    names = {"loanCoin": loan.asset, "collateralCoin": coin}
    if step.kind in ("add", "remove"):
        amount = F(step.size, 100) if step.kind == "add" else rounded(loan.collateral[coin] / 10, 8)
        desk.pledge(loan, coin, amount if step.kind == "add" else -amount)
        desk.record("fixed_adjust", **names, direction="ADDITIONAL" if step.kind == "add" else "REDUCED", amount=amount,
                    preLTV="0.6", afterLTV="0.55", adjustTime=desk.epoch(), orderId=loan.ref)  # fmt: skip
        return
    over, by_sale = step.kind.endswith("all"), step.kind.startswith("liquidate")
    amount = rounded(loan.owed + F(step.size, 100) if over else loan.owed * step.size / 10, 8)
    used = rounded(loan.collateral[coin] / 10, 8) if by_sale else ZERO
    back = loan.collateral[coin] - used if over else ZERO
    loan.repay(amount, desk.clock)
    desk.pledge(loan, coin, -back)
    if by_sale:
        loan.sold[coin] += used
        loan.collateral[coin] -= used
    else:
        desk.coins[loan.asset] -= amount
    desk.record("fixed_repay", **names, repayAmount=amount, collateralUsed=used, collateralReturn=back,
                repayType="2" if by_sale else "1", repayStatus="Repaid", repayTime=desk.epoch(), orderId=loan.ref)  # fmt: skip


def binance_exports(desk: BinanceDesk, but: Collection[str] = ("income",)) -> dict[str, Export]:
    """Return the lists of the API as CSV, newest first."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in desk.records:
        found[record.list_].append(record)
    return {
        name: Export(name=f"{name}-{{tag}}.csv", header=",".join(records[0].fields), newest_first=True,
                     lines=tuple(Line(at=record.at, cells=tuple(record.fields.values())) for record in records))
        for name, records in found.items() if name not in but
    }  # fmt: skip
