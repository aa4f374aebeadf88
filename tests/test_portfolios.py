"""Portfolio margin over several wallets is one bucket: what a contract loses, the coins of another wallet pay.

Every expected figure is computed by hand in the comment beside it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from ledger.liquidating.portfolios import JOINT, Portfolios
from ledger.liquidating.pots import Pot
from reports.audit import Audit
from tests.books import imported, new_book
from tests.test_audit_doubts import START, Told, moment

D = Decimal
ALL = "coinm+cross_margin+usdm"
BALANCES = Path(__file__).parent / "data" / "binance" / "pm_balances.json"


def moved(told: Told, at: int, wallet: str, asset: str, amount: str, cause: str, symbol: str = "") -> None:
    row = {"moved_at": moment(at), "pool": "asset", "asset": asset, "amount": amount, "cause": cause, "symbol": symbol}
    told.tables["movements"].append({**row, "venue": "binance", "wallet": wallet})


def portfolio(folder: Path) -> Told:
    """A bitcoin and 500 USDT in cross margin, and 20 ETH long at 3,000 in the USD-M wallet, liquidated at 893."""
    told = Told(folder)
    moved(told, -60, "cross_margin", "BTC", "1", "deposit")
    moved(told, -60, "cross_margin", "USDT", "500", "deposit")
    told.tier("ETHUSDT", "0.01")
    told.fill(0, "ETHUSDT", "buy", "20", "3000", margin_mode="portfolio", fee="30", fee_asset="USDT")
    moved(told, 0, "usdm", "USDT", "-30", "trading_fee", "ETHUSDT")
    moved(told, 5, "cross_margin", "USDT", "-500", "transfer")
    moved(told, 5, "usdm", "USDT", "500", "transfer")
    told.fill(60, "ETHUSDT", "sell", "20", "893", margin_mode="portfolio", execution="liquidation")
    moved(told, 60, "usdm", "USDT", "-42140", "realized_pnl", "ETHUSDT")
    moved(told, 60, "usdm", "USDT", "-100", "liquidation_fee", "ETHUSDT")
    moved(told, 62, "cross_margin", "BTC", "-0.95", "conversion")
    moved(told, 62, "cross_margin", "USDT", "41800", "conversion")
    moved(told, 62, "cross_margin", "USDT", "-41770", "transfer")
    moved(told, 62, "usdm", "USDT", "41770", "transfer")
    told.marked("ETHUSDT", {-5: "3000", 0: "3000", 30: "1500", 59: "895", 90: "900"})
    told.marked("BTCUSDT", {-5: "50000", 0: "50000", 30: "47000", 59: "44000", 90: "44000"})
    return told


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return portfolio(tmp_path_factory.mktemp("portfolio")).audit()


def test_all_wallets_are_one_bucket_with_the_ratio_of_portfolio_margin(found: Audit) -> None:
    assert (ALL, "portfolio", "uniMMR") == (found.wallet, found.margin_mode, found.ratio_name)


def test_the_bridge_sums_and_nothing_is_unexplained(found: Audit) -> None:
    """Start: 1 BTC x 50,000 x 0.95 + 500 = 48,000.  Price: 20 x (895 - 3,000) = -42,100; slippage 20 x (893 - 895) = -40.
    Collateral: 0.95 x (44,000 - 50,000) = -5,700.  End: 44,000 x 0.95 + 500 - 30 - 42,140 - 100 = 30."""
    lines = {term.name: term.amount for term in found.terms if term.amount}
    expected = {
        "own_price_pnl": D(-42100), "own_fees": D(-30), "collateral_price": D(-5700), "slippage": D(-40),
        "liquidation_fee": D(-100),
    }  # fmt: skip
    assert expected == lines
    assert (D(48000), D(30), D(0)) == (found.start_equity, found.end_equity, found.unexplained)
    assert found.start_equity is not None
    assert found.end_equity == found.start_equity + sum(lines.values())


def test_at_the_trigger_the_collateral_no_longer_carries_the_contract(found: Audit) -> None:
    """Equity 44,000 x 0.95 + 500 - 30 - 42,100 = 170; required 20 x 895 x 1 % x 1.05 = 187.95."""
    assert (D(170), D("187.95")) == (found.trigger_equity, found.maintenance_margin)
    assert not found.missing


def test_what_moved_between_its_wallets_is_no_transfer(found: Audit) -> None:
    assert {D(0)} == {term.amount for term in found.terms if term.name.startswith("transfers")}


def test_a_position_alone_stands_as_its_account_does(tmp_path: Path) -> None:
    """At 30 minutes: 47,000 x 0.95 + 500 - 30 + 20 x (1,500 - 3,000) = 15,120; required 20 x 1,500 x 1 % x 1.05 = 315."""
    with portfolio(tmp_path).book() as book:
        (name,) = book.report("positions")["position_id"]
        (standing,) = book.margin(name, START + timedelta(minutes=30))
    assert (Fraction(15120), Fraction(315)) == (standing.standing.equity, standing.standing.required)


def test_only_rows_that_say_so_join_wallets() -> None:
    since = START
    joined = Portfolios({("main", "binance"): since}).joined
    cross = Pot("contract", "main", "binance", "usdm", settle_asset="USDT")
    assert Pot("unified", "main", "binance", ALL) == joined(cross, since)
    assert Pot("unified", "main", "binance", ALL) == joined(Pot("margin", "main", "binance", "cross_margin"), since)
    alone = [
        cross._replace(account="other"),
        cross._replace(venue="bybit", wallet="unified"),
        cross._replace(position_id="isolated"),
        Pot("margin", "main", "binance", "isolated_margin", pair="BTCUSDT"),
        Pot("margin", "main", "binance", "spot"),
        Pot("loan", "main", "binance", "cross_margin"),
    ]
    assert alone == [joined(pot, since) for pot in alone]
    assert cross == joined(cross, since - timedelta(seconds=1))
    assert ALL.split(JOINT) == sorted(ALL.split(JOINT))


def test_an_asset_without_a_price_is_named_with_the_line_that_would_tell(tmp_path: Path) -> None:
    told = portfolio(tmp_path)
    moved(told, -50, "cross_margin", "FDUSD", "1000", "deposit")
    found = told.audit()
    (line,) = [text for text in found.missing if "FDUSD" in text]
    assert line.endswith(f"time,symbol,quote,mark and under it {moment(0)},FDUSD,USDT,PRICE")


def test_that_very_line_gives_the_asset_its_worth(tmp_path: Path) -> None:
    """1,000 FDUSD at 0.999, of which no collateral ratio is known, so that all of it counts."""
    told = portfolio(tmp_path)
    moved(told, -50, "cross_margin", "FDUSD", "1000", "deposit")
    told.tables["stablecoins"] = [{"time": moment(0), "symbol": "FDUSD", "quote": "USDT", "mark": "0.999"}]
    found = told.audit()
    assert (D(48999), [], D(0)) == (found.start_equity, list(found.missing), found.unexplained)


def test_a_file_that_only_such_accounts_have_says_so(tmp_path: Path) -> None:
    with new_book(tmp_path) as book:
        imported(book, BALANCES, account="main")
        (first,) = book.store.rows("SELECT min(stated_at) FROM stated_balances")
        assert {("main", "binance"): first[0]} == Portfolios.load(book.store).since
