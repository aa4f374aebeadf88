"""Published examples, end to end: plain files in, the published figures out (sources: margin mathematics, section 14)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ledger.accounting.formulas import funding_payment, position_value, simple_annual_rate
from ledger.accounting.terms import lot_rounded
from schemas.types import MONEY
from tests.books import facts, imported, new_book, write

FILLS = "filled_at,symbol,product,side,quantity,price,fee,fee_asset,execution,settle_asset,style"
TERMS = "symbol,product,settle,multiplier,style"


def life(folder: Path, style: str, multiplier: str, *fills: str) -> dict[str, str]:
    """Return the report line of the one position that these fills `side quantity price [fee]` make, a minute apart."""
    rows = []
    for minute, fill in enumerate(fills):
        side, quantity, price, *fee = fill.split()
        rows.append(
            f"2026-02-01T00:{minute:02d}:00Z,SYM,perpetual,{side},{quantity},{price},{''.join(fee)},{'SET' if fee else ''},trade,SET,"
        )
    book = new_book(folder)
    imported(book, write(folder, "terms.csv", TERMS, [f"SYM,perpetual,SET,{multiplier},{style}"]))
    imported(book, write(folder, "fills.csv", FILLS, rows), wallet="unified")
    columns = ("gross_pnl", "trading_fees", "net_pnl", "entry_price", "running_entry_price", "open_cost", "status")
    (line,) = facts(book, "positions", *columns)
    return dict(zip(columns, line, strict=True))


@pytest.mark.parametrize(
    ("name", "style", "fills", "gross", "digits"),
    [
        ("P1 BitMEX guide", "inverse", ["buy 100000 10000", "sell 100000 10500"], "0.476190", 6),
        ("P2 nautilus inverse1", "inverse", ["sell 100000 10000", "buy 100000 11000"], "-0.90909091", 8),
        ("P3 nautilus inverse2", "inverse", ["sell 100000 375.95", "buy 100000 370"], "4.27745208", 8),
        ("P4 nautilus", "inverse", ["buy 100000 10500", "sell 100000 11505.60"], "0.83238969", 8),
        ("P5 nautilus", "inverse", ["sell 1250000 15500", "buy 1250000 12506.65"], "19.301667", 6),
        ("P7 Bybit inverse", "inverse", ["buy 1000 5000", "sell 1000 5500"], "0.01818", 5),
        ("guide, 15,000 contracts 750 to 800", "inverse", ["buy 15000 750", "sell 15000 800"], "1.25", 2),
    ],
)  # fmt: skip
def test_a_published_result_comes_out(
    name: str, style: str, fills: list[str], gross: str, digits: int, tmp_path: Path
) -> None:
    line = life(tmp_path, style, "1", *fills)
    assert str(round(Decimal(line["gross_pnl"]), digits).normalize()) == str(Decimal(gross).normalize()), name
    assert line["status"] == "closed"


@pytest.mark.parametrize(
    ("name", "style", "fills", "price"),
    [
        ("P6 Bybit: harmonic, where arithmetic says 5,666.67", "inverse", ["buy 1000 5000", "buy 2000 6000"], "5625"),
        ("P8 Bybit: arithmetic", "linear", ["buy 0.5 5000", "buy 0.3 6000"], "5375"),
    ],
)
def test_a_published_entry_price_comes_out(name: str, style: str, fills: list[str], price: str, tmp_path: Path) -> None:
    line = life(tmp_path, style, "1", *fills)
    assert round(Decimal(line["entry_price"]), 9) == Decimal(price), name
    assert round(Decimal(line["running_entry_price"]), 9) == Decimal(price), name


@pytest.mark.parametrize(
    ("quantity", "price", "rate", "fee"),
    [
        (100_000, "10000", "0.00075", "0.0075"),
        (100_000, "10500", "0.00075", "0.00714286"),
        (1_250_000, "15500", "0.00075", "0.06048387"),
    ],
)
def test_published_opening_fees_are_rate_times_value(quantity: int, price: str, rate: str, fee: str) -> None:
    value = one(position_value(money(quantity), money(price), money(1), pl.lit(True)))
    assert round(value * Decimal(rate), 8) == Decimal(fee)


def test_p9_a_quanto_is_worth_its_multiplier_per_point(tmp_path: Path) -> None:
    assert one(position_value(money(10_000), money(500), money("0.000001"), pl.lit(False))) == 5
    line = life(tmp_path, "quanto", "0.000001", "buy 10000 500", "sell 10000 510")
    assert line["gross_pnl"] == "0.1"


def test_p10_a_live_short_is_marked_to_the_satoshi() -> None:
    mark = one(lot_rounded(money(1_438_000), money("78173.24"), money(1), money(100), pl.lit(True)))
    assert mark == Decimal("18.39503980")
    assert mark - Decimal("19.51105699") == Decimal("-1.11601719")


def test_the_venues_rounding_of_a_lot() -> None:
    """Published: 885 XBTUSD bought at 7299, sold at 6635.5 are -1,211,565 sat, with rebate and funding -1,208,157."""

    def lots(price: str, quantity: int) -> Decimal:
        return one(lot_rounded(money(quantity), money(price), money(1), money(1), pl.lit(True)))

    assert lots("8564.5", 127) == Decimal("0.01482852")
    gross = lots("7299", 885) - lots("6635.5", 885)
    assert gross == Decimal("-0.01211565")
    assert gross + Decimal("0.00003334") + Decimal("0.00000783") - Decimal("0.00000709") == Decimal("-0.01208157")


def test_average_cost_against_the_published_run_of_trading_technologies(tmp_path: Path) -> None:
    fills = ["buy 12 100 0.12", "buy 17 99 0.1683", "sell 9 101 0.0909", "sell 4 105 0.042", "buy 3 103 0.0309"]
    gross = ["0", "0", "14.2758621", "36.6206897", "36.6206897"]
    net = ["-0.12000000", "-0.28830000", "13.89666207", "36.19948966", "36.16858966"]
    entry = ["100", "99.4137931034", "99.4137931034", "99.4137931034", "99.9800362976"]
    for count in range(1, 6):
        folder = tmp_path / str(count)
        folder.mkdir()
        line = life(folder, "linear", "1", *fills[:count])
        assert round(Decimal(line["gross_pnl"]), 7) == Decimal(gross[count - 1])
        assert round(Decimal(line["net_pnl"]), 8) == Decimal(net[count - 1])
        assert round(Decimal(line["running_entry_price"]), 10) == Decimal(entry[count - 1])


# --------------------------------------------------------------------------------------------- funding


@pytest.mark.parametrize(
    ("name", "side", "value", "rate", "payment"),
    [
        ("F1 short 30 ADA at 2.77", "short", "83.1", "-0.000008", "-0.0006648"),
        ("F2 the second instant", "short", "83.1", "-0.000003", "-0.0002493"),
        ("F2 as a long", "long", "83.1", "-0.000003", "0.0002493"),
        ("F4 short 2 BTC, index 37,000", "short", "74000", "0.0001126125", "8.333325"),
        ("inverse guide: 20 XBT at 0.25 %", "long", "20", "0.0025", "-0.05"),
    ],
)
def test_a_published_funding_payment(name: str, side: str, value: str, rate: str, payment: str) -> None:
    assert one(funding_payment(pl.lit(side), money(value), money(rate))) == Decimal(payment), name


def test_f2_and_f3_sum_over_the_instants_at_which_the_position_was_open() -> None:
    def paid(size: str, *rates: str) -> Decimal:
        value = money(Decimal(size) * Decimal("2.77"))
        return sum((one(funding_payment(pl.lit("short"), value, money(rate))) for rate in rates), Decimal(0))

    assert paid("30", "-0.000008", "-0.000003") == Decimal("-0.0009141")
    assert paid("50", "-0.000008", "-0.000003") == Decimal("-0.0015235")


def test_funding_goes_to_the_position_that_was_open_at_the_instant(tmp_path: Path) -> None:
    """F2: opened fifteen seconds after midnight, only the funding of 08:00 is its own; the other is kept apart."""
    book = new_book(tmp_path)
    imported(book, write(tmp_path, "fills.csv", FILLS, [
        "2026-02-01T00:00:15Z,ADAUSDT,perpetual,sell,30,2.77,,,trade,USDT,linear",
        "2026-02-01T09:00:00Z,ADAUSDT,perpetual,buy,30,2.77,,,trade,USDT,linear"]), wallet="unified")  # fmt: skip
    imported(book, write(tmp_path, "terms.csv", TERMS, ["ADAUSDT,perpetual,USDT,1,linear"]))
    imported(book, write(tmp_path, "funding.csv", "paid_at,symbol,asset,amount", [
        "2026-02-01T00:00:00Z,ADAUSDT,USDT,-0.0006648", "2026-02-01T08:00:01Z,ADAUSDT,USDT,-0.0002493"]), wallet="unified")  # fmt: skip
    assert facts(book, "positions", "funding", "net_pnl") == [("-0.0002493", "-0.0002493")]
    assert facts(book, "carry", "position_id", "funding")[1:] == [(None, "-0.0006648")]
    assert facts(book, "funding", "net", "rows") == [("-0.0009141", 2)]


def test_annual_rates_follow_the_interval() -> None:
    assert one(simple_annual_rate(money("0.0001"), 8)) == Decimal("0.1095")
    assert one(simple_annual_rate(money("0.0001"), 1)) == Decimal("0.876")


# ----------------------------------------------------------------------------------------------- carry


def test_the_worked_cost_of_carry(tmp_path: Path) -> None:
    """Long 0.5 BTC at 40,000, fees 19.1875, funding paid 6, two days: 25.1875 in all, 3 a day, 5.475 % a year."""
    book = new_book(tmp_path)
    imported(book, write(tmp_path, "terms.csv", TERMS, ["BTCUSDT,perpetual,USDT,1,linear"]))
    imported(book, write(tmp_path, "fills.csv", FILLS, [
        "2026-02-01T00:00:00Z,BTCUSDT,perpetual,buy,0.5,40000,10,USDT,trade,USDT,linear",
        "2026-02-03T00:00:00Z,BTCUSDT,perpetual,sell,0.5,40000,9.1875,USDT,trade,USDT,linear"]), wallet="unified")  # fmt: skip
    imported(
        book,
        write(tmp_path, "funding.csv", "paid_at,symbol,asset,amount", ["2026-02-02T00:00:00Z,BTCUSDT,USDT,-6"]),
        wallet="unified",
    )
    columns = ("trading_fees", "carry", "cost_of_carry", "holding_days", "exposure_days", "carry_per_day",
               "carry_annualized_on_notional", "breakeven_price", "breakeven_percent")  # fmt: skip
    assert facts(book, "carry", *columns) == [
        ("19.1875", "6", "25.1875", "2", "40000", "3", "0.05475", "40050.375", "0.1259375")
    ]


def test_the_exact_breakeven_of_an_inverse_long(tmp_path: Path) -> None:
    """1/P = 1/EP - K/(N M): at the breakeven price the gain in coin is exactly the cost."""
    book = new_book(tmp_path)
    imported(book, write(tmp_path, "terms.csv", TERMS, ["XBTUSD,perpetual,BTC,1,inverse"]))
    imported(book, write(tmp_path, "fills.csv", FILLS, [
        "2026-02-01T00:00:00Z,XBTUSD,perpetual,buy,40000,40000,0.001,BTC,trade,BTC,inverse"]), wallet="unified")  # fmt: skip
    ((price,),) = facts(book, "carry", "breakeven_price")
    gain = 40000 * (1 / Decimal(40000) - 1 / Decimal(price))
    assert abs(gain - Decimal("0.001")) < Decimal("1e-17")


def test_a_fee_in_base_reduces_what_was_bought(tmp_path: Path) -> None:
    """Spot buy of 1 ETH at 2,000 with 0.1 % in ETH: +0.999 ETH and -2,000 USDT."""
    book = new_book(tmp_path)
    header = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution"
    row = "2026-02-01T00:00:00Z,ETHUSDT,ETH/USDT,spot,buy,1,2000,0.001,ETH,trade"
    imported(book, write(tmp_path, "fills.csv", header, [row]), wallet="spot")
    assert facts(book, "balances", "asset", "computed", "basis") == [
        ("ETH", "0.999", "derived"),
        ("USDT", "-2000", "derived"),
    ]


def money(value: Decimal | int | str) -> pl.Expr:
    return pl.lit(Decimal(value)).cast(MONEY)


def one(expression: pl.Expr) -> Decimal:
    value = pl.select(expression.alias("value"))["value"][0]
    assert isinstance(value, Decimal)
    return value
