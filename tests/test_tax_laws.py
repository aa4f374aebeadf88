"""What must hold of any book's tax year, by every method: nothing is lost between the rows, the lots and the sums.

`MARGINBOOK_EXAMPLES=10` runs ten times as many examples as usual.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.book import Book
from ledger.taxing.policies import policy_of
from reports.tax.amounts import total
from reports.tax.value import Policy, TaxYear
from tests.test_taxing import OWN, Told

D = Decimal
MULTIPLIER = float(os.environ.get("MARGINBOOK_EXAMPLES", "1"))
START = datetime(2024, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PRICES = {"BTC": D(60000), "ETH": D(3000), "BNB": D(600), "USDT": D(1)}
PLACES = (("kraken", "spot"), ("binance", "spot"), ("binance", "cross_margin"))
PERPETUALS = ("binance", "usdm")
METHODS = ("fifo", "lifo", "hifo", "average", "uk")
SCOPES = ("account", "wallet", "universal")
ACTS = 50


class Life:
    """Some months of an owner of two accounts, in rows that are all there."""

    def __init__(self, draw: random.Random, folder: Path, *, from_outside: bool) -> None:
        self.draw, self.told, self.at = draw, Told(folder), START
        self.has: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self.owes: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for asset, price in PRICES.items():
            for place in PLACES:
                units = D(2000) if asset == "USDT" else D(2)
                self.trade(place, ("USD", price * units), (asset, units), fee=("USD", price / 1000))
        for place, sign in ((PLACES[1], -1), (PERPETUALS, 1)):
            self.moved(place, "USDT", sign * D(1000), "transfer", transaction_ref="M0")
        acts: list[Callable[[], None]] = [
            self.exchange,
            self.exchange,
            self.exchange,
            self.move,
            self.pay,
            self.lend,
            self.hold,
        ]
        for _ in range(ACTS):
            self.at += timedelta(seconds=draw.randrange(400_000))
            draw.choice([*acts, *([self.cross, self.sell_too_much] if from_outside else [])])()
        days = [START + timedelta(days=3 * day) for day in range(60)]
        for asset, price in PRICES.items():
            waves = {f"{day:%Y-%m-%dT%H:%M:%S}": str(price * draw.randrange(700, 1300) / 1000) for day in days}
            self.told.priced(asset, "USD", waves)

    def moved(self, place: tuple[str, str], asset: str, amount: Decimal, cause: str, **more: str) -> None:
        venue, wallet = place
        pot = self.owes if more.get("pool") == "debt" else self.has
        pot[*place, asset] += amount
        self.told.moved(f"{self.at:%Y-%m-%dT%H:%M:%S}", asset, f"{amount:f}", cause, venue, wallet, **more)

    def trade(self, place: tuple[str, str], given: tuple[str, Decimal], got: tuple[str, Decimal],
              fee: tuple[str, Decimal] | None) -> None:  # fmt: skip
        self.told.refs += 1
        self.at += MINUTE
        for (asset, amount), sign, cause in (
            (given, -1, "trade"),
            (got, 1, "trade"),
            *([(fee, -1, "trading_fee")] if fee else []),
        ):
            self.moved(place, asset, sign * amount, cause, trade_ref=f"T{self.told.refs}")

    def held(self, place: tuple[str, str]) -> list[str]:
        return [asset for asset in PRICES if self.has[*place, asset] > D("0.01")]

    def part(self, amount: Decimal) -> Decimal:
        """Return some of an amount: now and then all of it, else with odd digits."""
        share = amount if self.draw.random() < 0.2 else amount * self.draw.randrange(1, 997) / 997
        return share.quantize(D("0.00000001"), rounding=ROUND_DOWN)

    def exchange(self) -> None:
        place = self.draw.choice(PLACES)
        sold = self.draw.choice([*self.held(place), "USD"])
        bought = self.draw.choice([asset for asset in ("USD", *PRICES) if asset != sold])
        amount = self.part(self.has[*place, sold] / 2 if sold != "USD" else D(5000))
        worth = amount * PRICES.get(sold, D(1)) * self.draw.randrange(800, 1200) / 1000
        got = (worth / PRICES.get(bought, D(1))).quantize(D("0.00000001"))
        if amount <= 0 or got <= 0:
            return
        in_fee = self.draw.choice([sold, bought, "BNB", None])
        fees = {sold: amount / 1000, bought: got / 1000, "BNB": D("0.0007")}
        self.trade(
            place,
            (sold, amount),
            (bought, got),
            fee=(in_fee, fees[in_fee].quantize(D("0.00000001"))) if in_fee else None,
        )

    def move(self) -> None:
        here, there = self.draw.sample(PLACES, 2)
        for asset in self.held(here)[:1]:
            amount = self.part(self.has[*here, asset] / 3)
            fee = (amount / 200).quantize(D("0.00000001")) if here[0] != there[0] else D(0)
            cause = ("withdrawal", "deposit") if here[0] != there[0] else ("transfer", "transfer")
            if amount <= 0:
                continue
            self.told.refs += 1
            self.moved(here, asset, -amount, cause[0], transaction_ref=f"M{self.told.refs}")
            self.at += MINUTE
            self.moved(there, asset, amount - fee, cause[1], transaction_ref=f"M{self.told.refs}")

    def pay(self) -> None:
        place = self.draw.choice(PLACES)
        cause, sign = self.draw.choice([("income", 1), ("interest", -1), ("rebate", 1), ("trading_fee", -1)])
        for asset in self.held(place)[:1]:
            self.moved(place, asset, sign * D("0.00012345"), cause)

    def lend(self) -> None:
        """Borrow and sell it, or buy it back and repay with interest."""
        place, asset = ("binance", "cross_margin"), "ETH"
        owed = self.owes[*place, asset]
        if not owed:
            for pool in ("asset", "debt"):
                self.moved(place, asset, D("1.5"), "borrow", pool=pool)
            amount = self.has[*place, asset]
            self.trade(place, (asset, amount), ("USD", amount * 3100), fee=None)
            return
        bought = owed + D("0.01")
        self.trade(place, ("USD", bought * 2900), (asset, bought), fee=None)
        self.at += MINUTE
        self.moved(place, asset, D("0.001"), "interest", pool="debt")
        self.moved(place, asset, -owed - D("0.001"), "repay")
        self.moved(place, asset, -owed, "repay_principal", pool="debt")
        self.moved(place, asset, D("-0.001"), "repay_interest", pool="debt")

    def hold(self) -> None:
        """Open and close a perpetual, with fees and funding."""
        prices = [D(self.draw.randrange(2700, 3300)) for _ in range(2)]
        named = {
            "symbol": "ETHUSDT",
            "product": "perpetual",
            "execution": "trade",
            "settle_asset": "USDT",
            "wallet": "usdm",
            "venue": "binance",
        }
        for side, price in zip(("buy", "sell"), prices, strict=True):
            self.at += MINUTE
            told = {"filled_at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}", "side": side, "quantity": "0.03", "price": str(price)}
            self.told.tables["fills"].append({**told, "fee": "0.045", "fee_asset": "USDT", **named})
            self.moved(PERPETUALS, "USDT", D("-0.045"), "trading_fee", symbol="ETHUSDT")
            if side == "buy":
                self.at += MINUTE
                paid = {"paid_at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}", "asset": "USDT", "amount": "-0.012"}
                self.told.tables["funding"].append({**paid, "symbol": "ETHUSDT", "wallet": "usdm", "venue": "binance"})
                self.moved(PERPETUALS, "USDT", D("-0.012"), "funding", symbol="ETHUSDT")
        if prices[0] != prices[1]:
            self.moved(PERPETUALS, "USDT", (prices[1] - prices[0]) * D("0.03"), "realized_pnl", symbol="ETHUSDT")

    def cross(self) -> None:
        place, sign = self.draw.choice(PLACES[:2]), self.draw.choice([1, -1])
        self.moved(place, self.draw.choice(list(PRICES)), sign * D("0.25"), "deposit" if sign > 0 else "withdrawal")

    def sell_too_much(self) -> None:
        place, asset = self.draw.choice(PLACES[:2]), self.draw.choice(list(PRICES))
        amount = max(self.has[*place, asset], D(0)) + D("0.1")
        self.trade(place, (asset, amount), ("USD", amount * PRICES[asset]), fee=None)


@contextmanager
def book_of(seed: int, *, from_outside: bool) -> Iterator[tuple[Book, Life]]:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(random.Random(seed), Path(folder), from_outside=from_outside)
        with life.told.book() as book:
            yield book, life


def policy(method: str, scope: str, **changed: object) -> Policy:
    return replace(policy_of("none", 2025, method=method, scope=scope, currency="USD", zone="UTC"), **changed)  # type: ignore[arg-type]


def known(frame: pl.DataFrame, column: str) -> Decimal:
    found = total(frame[column].to_list())
    assert not found.unknown, column
    return found.known


def examples(number: int) -> settings:
    phases = (Phase.explicit, Phase.generate) if MULTIPLIER == 1 else tuple(Phase)
    return settings(max_examples=max(1, round(number * MULTIPLIER)), deadline=None, derandomize=MULTIPLIER == 1, phases=phases,
                    suppress_health_check=[HealthCheck.too_slow])  # fmt: skip


seeds = st.integers(0, 2**32 - 1)


def assert_ties(year: TaxYear) -> None:
    assert [] == year.controls.filter(pl.col("difference") != 0).rows()


@given(seed=seeds)
@examples(1)
def test_units_are_those_of_the_journal_and_a_year_cut_in_two_has_the_same_sums_whatever_is_missing(seed: int) -> None:
    with book_of(seed, from_outside=True) as (book, life):
        held: dict[str, Decimal] = defaultdict(Decimal)
        for pot, sign in ((life.has, 1), (life.owes, -1)):
            for (_, _, asset), amount in pot.items():
                held[asset] += sign * amount
        for number, method in enumerate(METHODS, seed % 3):
            asked = policy(method, SCOPES[number % 3])
            year = book.tax(asked, max_age=OWN)
            assert_ties(year)
            units = {
                row["asset"]: row["here"] for row in year.controls.iter_rows(named=True) if row["name"] == "units held"
            }
            assert {asset: held[asset] for asset in PRICES} == {asset: units.get(asset, D(0)) for asset in PRICES}
            if method in (METHODS[seed % 4], "uk"):
                assert_cut(book, year, datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=seed % 50))


SUMS = {"disposals": ("quantity", "proceeds", "basis", "gain"), "acquisitions": ("quantity", "cost"),
        "results": ("amount", "value"), "flows": ("sent", "received", "value")}  # fmt: skip


def assert_cut(book: Book, whole: TaxYear, day: datetime) -> None:
    """Fail where two parts of a year differ from it; the UK's rule matches whole days, so they are cut at midnight."""
    moment = day if whole.policy.method == "uk" else day + timedelta(seconds=47_531)
    until, since = replace(whole.policy, ends_at=moment), replace(whole.policy, starts_at=moment)
    first, second = (book.tax(part, max_age=OWN) for part in (until, since))
    for name, columns in SUMS.items():
        one, *halves = (getattr(year, name) for year in (whole, first, second))
        assert one.height == sum(half.height for half in halves), name
        for column in columns:
            sums = [total(frame[column].to_list()) for frame in (one, *halves)]
            assert (sums[0].known, sums[0].unknown) == (
                sums[1].known + sums[2].known,
                sums[1].unknown + sums[2].unknown,
            ), column
    assert first.lots.rows() == second.lots_before.rows()
    assert whole.lots.rows() == second.lots.rows()


@given(seed=seeds)
@examples(1)
def test_what_was_paid_is_in_gains_or_in_what_is_held_to_the_last_digit(seed: int) -> None:
    """Everything since the first row: proceeds - cost of purchases = gains - cost of what is held."""
    with book_of(seed, from_outside=False) as (book, _):
        for number, method in enumerate(METHODS, seed % 3):
            asked = policy(method, SCOPES[number % 3], starts_at=START - timedelta(days=1))
            year = book.tax(asked, max_age=OWN)
            assert set(year.blocks["kind"]) <= {"ends_early"}, year.blocks["sentence"].to_list()
            assert_ties(year)
            gains, basis = known(year.disposals, "gain"), known(year.disposals, "basis")
            proceeds, paid = known(year.disposals, "proceeds"), known(year.acquisitions, "cost")
            assert proceeds - basis == gains
            sold_short = -known(year.lots.filter(pl.col("quantity") < 0), "cost")
            cost_held = known(year.lots.filter(pl.col("quantity") >= 0), "cost")
            assert proceeds + sold_short - paid == gains - (cost_held - sold_short)
