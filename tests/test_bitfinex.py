"""Bitfinex: descriptions, styles of dates, wallets of trades, what the arrays of the API share, and a life end to end."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import bitfinex
from importers.bitfinex.ledgers import word_of
from importers.bitfinex.states import instant_of_name
from importers.bitfinex.symbols import asset_of, name_instrument, symbol_of
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from ledger.book import Book
from schemas.errors import MissingTimeZone
from tests.books import facts, imported, new_book, write
from tests.conftest import DATA

D = Decimal
SAMPLES = DATA / "bitfinex"
LEDGERS = "#,DESCRIPTION,CURRENCY,AMOUNT,BALANCE,DATE,WALLET"
TRADES = "#,PAIR,AMOUNT,PRICE,FEE,FEE PERC,FEE CURRENCY,DATE,ORDER ID"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def read(path: Path, zone: str | None = "UTC", wallet: str | None = None) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, bitfinex.FORMATS, Options(zone=zone, wallet=wallet)))
    return normalized


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


class Wallets:
    """Wallets whose ledger keeps its running balances; printed newest first, as the report tool does."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, str, str, str]] = []
        self.balances: dict[tuple[str, str], Decimal] = {}

    def add(self, clock: str, wallet: str, code: str, amount: str, said: str) -> None:
        place = wallet, code
        self.balances[place] = self.balances.get(place, D(0)) + D(amount)
        number = str(3_100_000_001 + len(self.rows))
        balance = f"{self.balances[place].normalize():f}" if self.balances[place] else "0"
        self.rows.append((number, f"{said} on wallet {wallet}", code, amount, balance, f"2021-06-{clock}", wallet))

    def move(self, clock: str, code: str, amount: str, one: str, other: str) -> None:
        names = {"exchange": "Exchange", "margin": "Trading", "funding": "Deposit"}
        said = f"Transfer of {amount} {code} from wallet {names[one]} to {names[other]}"
        self.add(clock, one, code, f"-{amount}", said)
        self.add(clock, other, code, amount, said)

    def save(self, folder: Path, name: str = "ledgers.csv") -> Path:
        return write(folder, name, LEDGERS, [",".join(row) for row in reversed(self.rows)])

    def save_old(self, folder: Path) -> Path:
        header = LEDGERS.removeprefix("#,")
        return write(folder, "ledgers_old.csv", header, [",".join(row[1:]) for row in reversed(self.rows)])

    def answer(self, folder: Path) -> Path:
        path = folder / "ledgers.json"
        arrays = [
            f'[{number},"{code}",null,{_epoch(clock)},null,{amount},{balance},null,"{said}"]'
            for number, said, code, amount, balance, clock, _ in reversed(self.rows)
        ]
        path.write_text(f"[{','.join(arrays)}]")
        return path


def _epoch(clock: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(f"{clock}+00:00").timestamp() * 1000)


def ledger_of(folder: Path, *descriptions: str, wallet: str = "margin") -> Normalized:
    rows = [f"{10 + number},{said} on wallet {wallet},USD,-1,{-1 - number},2021-06-15 10:00:0{number},{wallet}"
            for number, said in enumerate(descriptions)]  # fmt: skip
    return read(write(folder, "ledgers.csv", LEDGERS, rows))


# ------------------------------------------------------------------------------------------- descriptions


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Position PL @ 2600.0 settlement (trade)", "realized_pnl"),
        ("Settlement @ 2600.0", "conversion"),
        ("Position closed @ 2600.0 (TRADE)", "realized_pnl"),
        ("Position #15 liquidate @ 2600.0", "realized_pnl"),
        ("Position #15 funding cost", "interest"),
        ("position FUNDING COST", "interest"),
        ("Position claimed BTCUSD @ 30000.0", "conversion"),
        ("Claiming fee for Position claimed BTCUSD @ 30000.0", "trading_fee"),
        ("Trading fees for 0.1 BTC (BTCUSD) @ 30000.0 on BFX (0.2%)", "trading_fee"),
        ("Trading rebate for 0.1 BTC (BTCUSD) @ 30000.0 on BFX (0.02%)", "trading_fee"),
        ("Deposit Fee", "network_fee"),
        ("Deposit (WIRE) #1", "deposit"),
        ("Canceled withdrawal fee #1", "network_fee"),
        ("Canceled withdrawal request #1", "withdrawal"),
        ("Wire Transfer Withdrawal #1", "withdrawal"),
        ("BTC Withdrawal #1", "withdrawal"),
        ("Unused Margin Funding Fee Loan #7", "interest"),
        ("Funding Fee Loan #7", "interest"),
        ("Affiliate Rebate (lev:2)", "income"),
    ],
)
def test_a_description_says_what_a_row_is_whatever_else_it_contains(tmp_path: Path, said: str, cause: str) -> None:
    assert [cause] == ledger_of(tmp_path, said).tables["movements"]["cause"].to_list()


def test_a_description_that_nobody_knows_is_rejected(tmp_path: Path) -> None:
    assert ledger_of(tmp_path, "Something that is new", "Settlement @ 1").rejected.rows() == [
        (2, "DESCRIPTION", "Something that is new on wallet margin", "unmapped: expected a description that is known")
    ]


def test_every_line_of_the_vocabulary_has_a_row_in_the_sample() -> None:
    rows = read(next(SAMPLES.glob("ledgers_FROM*Z.csv"))).rows.height
    said = {line.split(",")[1] for line in next(SAMPLES.glob("ledgers_FROM*Z.csv")).read_text().splitlines()[1:]}
    asked = {word_of(text) for text in said} - {None}
    assert rows == 68 and len(asked) == len(bitfinex.ledgers.WORDS)


def test_old_exports_name_the_wallet_in_the_description_only() -> None:
    movements = read(SAMPLES / "ledgers_2017.csv").tables["movements"]
    assert {"spot", "cross_margin", "funding"} == set(movements["wallet"])


def test_units_of_derivatives_are_a_balance_beside_that_of_tether(book: Book, tmp_path: Path) -> None:
    wallets = Wallets()
    wallets.add("05 09:00:00", "exchange", "UST", "400", "Deposit (TETHERUSX) #70000002")
    wallets.move("05 10:00:00", "UST", "300", "exchange", "margin")
    wallets.add("05 10:05:00", "margin", "UST", "-200", "Transfer of 200.0 USTF0 from wallet Trading to Trading")
    wallets.add("05 10:05:00", "margin", "USTF0", "200", "Transfer of 200.0 USTF0 from wallet Trading to Trading")
    wallets.add("15 10:05:00", "margin", "USTF0", "-0.5", "Funding Event BTCF0:USTF0 (0.0001)")
    imported(book, wallets.save(tmp_path), timezone="UTC")
    assert facts(book, "balances", "wallet", "asset", "computed", "difference") == [
        ("cross_margin", "USDT", "100", "0"), ("spot", "USDT", "100", "0"), ("usdm", "USDT", "199.5", "0"),
    ]  # fmt: skip
    moved = read(tmp_path / "ledgers.csv").tables["transfers"].sort("moved_at", "amount")
    assert ["usdm", "cross_margin"] == moved["other_wallet"].to_list()[-2:]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


# ------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("name", "clocks", "expected"),
    [
        ("ledgers.csv", ("21-06-15 10:00:00", "21-06-14 10:00:00"), "2021-06-15"),
        ("ledgers.csv", ("15-06-21 10:00:00.250", "14-06-21 10:00:00.250"), "2021-06-15"),
        ("ledgers.csv", ("06-15-21 10:00:00", "06-14-21 10:00:00"), "2021-06-15"),
        ("ledgers.csv", ("2021-06-05 10:00:00", "2021-06-04 10:00:00"), "2021-06-05"),
        ("ledgers.csv", ("15-06-2021 10:00:00", "04-06-2021 10:00:00"), "2021-06-15"),
        ("ledgers.csv", ("06-15-2021 10:00:00.125", "06-04-2021 10:00:00.125"), "2021-06-15"),
        ("ledgers_FROM_Tue-Jun-01-2021_TO_Mon-Jun-14-2021_ON_2021-07-01T00-00-00.000Z.csv",
         ("05-06-2021 10:00:00", "04-06-2021 10:00:00"), "2021-06-05"),
        ("ledgers (MDY).csv", ("06-05-2021 10:00:00", "06-04-2021 10:00:00"), "2021-06-05"),
    ],
)  # fmt: skip
def test_the_style_of_dates_is_proved_by_the_column_or_the_name(
    tmp_path: Path, name: str, clocks: tuple[str, str], expected: str
) -> None:
    rows = [f"{20 - number},Settlement @ 1 on wallet margin,USD,1,{2 - number},{clock},margin"
            for number, clock in enumerate(clocks)]  # fmt: skip
    first = read(write(tmp_path, name, LEDGERS, rows)).rows.sort("source_row")["at"][0]
    assert expected == f"{first:%Y-%m-%d}"


def test_dates_that_fit_two_styles_are_rejected(tmp_path: Path) -> None:
    rows = ["20,Settlement @ 1 on wallet margin,USD,1,2,05-06-2021 10:00:00,margin"]
    rejected = read(write(tmp_path, "ledgers.csv", LEDGERS, rows)).rejected
    assert rejected.select("column", "text").rows() == [("DATE", "05-06-2021 10:00:00")]
    assert "just one of YMD, DMY, MDY" in rejected["reason"][0]


def test_a_missing_zone_comes_with_what_the_interest_of_the_day_shows(tmp_path: Path) -> None:
    rows = ["21,Position #15 funding cost on wallet margin,USD,-1,1,2021-06-16 03:12:00,margin",
            "20,Position #15 funding cost on wallet margin,USD,-1,2,2021-06-15 03:14:00,margin"]  # fmt: skip
    with pytest.raises(MissingTimeZone) as raised:
        read(write(tmp_path, "ledgers.csv", LEDGERS, rows), zone=None)
    assert "the interest of the day is booked about 01:15 UTC: by it the zone is +02:00" in str(raised.value)


# ------------------------------------------------------------------------------------------------ trades


def trade(
    folder: Path, amount: str, fee: str, currency: str, wallet: str | None = None, pair: str = "BTC/USD"
) -> Normalized:
    row = f"600,{pair},{amount},30000,{fee},-,{currency},2021-06-15 10:00:00,51"
    return read(write(folder, "trades.csv", TRADES, [row]), wallet=wallet)


@pytest.mark.parametrize(
    ("amount", "fee", "currency", "option", "wallet", "product"),
    [
        ("0.1", "-0.0002", "BTC", "cross_margin", "spot", "spot"),
        ("0.1", "-6", "USD", "spot", "cross_margin", "margin"),
        ("-0.1", "-6", "USD", "spot", "spot", "spot"),
        ("-0.1", "-6", "USD", "cross_margin", "cross_margin", "margin"),
        ("0.1", "0", "USD", "spot", "spot", "spot"),
        ("0.1", "-1", "LEO", "spot", "spot", "spot"),
    ],
)
def test_the_currency_of_the_fee_shows_the_wallet_and_the_option_decides_the_rest(
    tmp_path: Path, amount: str, fee: str, currency: str, option: str, wallet: str, product: str
) -> None:
    (fill,) = trade(tmp_path, amount, fee, currency, option).tables["fills"].to_dicts()
    assert (wallet, product, "buy" if D(amount) > 0 else "sell") == (fill["wallet"], fill["product"], fill["side"])


def test_a_sale_that_fits_both_wallets_is_rejected_where_nothing_tells(tmp_path: Path) -> None:
    assert trade(tmp_path, "-0.1", "-6", "USD").rejected.rows() == [
        (2, "PAIR", "BTC/USD",
         "expected a trade that shows its wallet; this one fits both: import with --wallet spot or --wallet cross_margin, "
         "or take the API's trades, which name the type of the order"),
    ]  # fmt: skip


def test_a_derivative_needs_no_option(tmp_path: Path) -> None:
    (fill,) = trade(tmp_path, "-0.1", "-6", "USTF0", pair="BTCF0/USTF0").tables["fills"].to_dicts()
    assert ("usdm", "perpetual", "BTC/USDT:USDT", "USDT", D(6)) == (
        fill["wallet"], fill["product"], fill["instrument"], fill["fee_asset"], fill["fee"])  # fmt: skip


def test_both_sides_of_a_trade_with_oneself_have_one_id_and_are_two(book: Book) -> None:
    imported(book, SAMPLES / "trades.json")
    assert 2 == book.store.scalar("SELECT count(*) FROM fills WHERE trade_ref = '610000007'")


def test_the_arrays_of_the_api_are_the_rows_of_the_csv(book: Book, tmp_path: Path) -> None:
    wallets = a_life()
    for path in (wallets.save(tmp_path), wallets.answer(tmp_path)):
        report = imported(book, path, timezone="UTC")
    assert (0, len(wallets.rows)) == (report.parts[0].stored, report.parts[0].duplicate)


def test_a_wallet_that_the_api_contradicts_is_shown(book: Book, tmp_path: Path) -> None:
    row = "600,BTC/USD,-0.1,30000,-6,-,USD,2021-06-15 10:00:00,51"
    imported(book, write(tmp_path, "trades.csv", TRADES, [row]), timezone="UTC", wallet="spot")
    path = tmp_path / "trades.json"
    path.write_text(json.dumps([[600, "tBTCUSD", 1623751200000, 51, -0.1, 30000, "LIMIT", 30000, -1, -6, "USD", None],
                                [601, "tBTCUSD", 1623751300000, 52, 0.1, 30000, "LIMIT", 30000, -1, -6, "USD", None]]))  # fmt: skip
    report = imported(book, path, max_rejects=0.9)
    (line,) = report.parts[0].reject_lines
    assert "changed: the same id stands with other content at trades.csv:2" in line


@pytest.mark.parametrize(
    ("printed", "symbol", "instrument"),
    [
        ("BTC/USD", "BTC/USD", "BTC/USD"), ("tBTCUSD", "BTC/USD", "BTC/USD"), ("BTCUSD", "BTC/USD", "BTC/USD"),
        ("tLINK:USD", "LINK/USD", "LINK/USD"), ("BTCF0/USTF0", "BTCF0/USTF0", "BTC/USDT:USDT"),
        ("tBTCF0:USTF0", "BTCF0/USTF0", "BTC/USDT:USDT"), ("tETHF0:BTCF0", "ETHF0/BTCF0", "ETH/BTC:BTC"),
        ("tIOTUSD", "IOTA/USD", "IOTA/USD"), ("USDt/USD", "USDT/USD", "USDT/USD"), ("tBTCUST", "BTC/USDT", "BTC/USDT"),
    ],
)  # fmt: skip
def test_a_pair_has_one_symbol_in_any_spelling(printed: str, symbol: str, instrument: str) -> None:
    named = name_instrument(symbol, None)
    assert symbol == symbol_of(printed)
    assert named is not None and (instrument, "linear") == (named.instrument, named.style)


def test_what_is_no_pair_has_no_symbol() -> None:
    assert [None, None] == [symbol_of("BTC"), symbol_of("BTC/USD/EUR")]


def test_codes_are_mapped_by_a_table() -> None:
    codes = ("UST", "USDt", "USTF0", "TETHERUSX", "DSH", "XTZ", "TESTUSD")
    assert ["USDT", "USDT", "USDT", "USDT", "DASH", "XTZ", "TESTUSD"] == [asset_of(code) for code in codes]


# ------------------------------------------------------------------------------- loans, balances, positions


def test_only_what_was_taken_and_given_back_is_a_loan() -> None:
    tables = read(SAMPLES / "funding_credits_history.csv")
    assert [("LTC", D(2), "72000002"), ("BTC", D("0.2"), "72000001")] == tables.tables["borrows"].sort(
        "source_row"
    ).select("asset", "amount", "loan_ref").rows()
    assert 2 == tables.ignored.height and {"day"} == set(tables.tables["borrows"]["rate_period"])


def test_loans_and_credits_speak_side_by_side(book: Book) -> None:
    imported(book, SAMPLES / "funding_credits_history.csv", SAMPLES / "funding_loans_history.csv", timezone="UTC")
    imported(book, SAMPLES / "funding_credits.json", SAMPLES / "funding_loans.json")
    assert facts(book, "loans", "asset", "drawn", "repaid_principal", "remaining_debt") == [
        ("BTC", "0.2", "0.2", "0"), ("USD", "300", "300", "0"), ("LTC", "2", "2", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("wallets_2021-06-14.csv", "2021-06-14 00:00"),
        ("wallets_FROM_Tue-Jun-01-2021_TO_Mon-Jun-14-2021_ON_2021-06-15T10-05-00.000Z.csv", "2021-06-15 10:05"),
        ("wallets_Mon-Jun-14-2021.csv", "2021-06-14 00:00"),
        ("wallets.csv", None),
    ],
)
def test_balances_are_of_the_instant_in_the_name_of_the_file(name: str, instant: str | None) -> None:
    at = instant_of_name(name)
    assert instant == (None if at is None else f"{at:%Y-%m-%d %H:%M}")


def test_balances_without_a_date_are_rejected(tmp_path: Path) -> None:
    rejected = read(write(tmp_path, "wallets.csv", "TYPE,CURRENCY,BALANCE", ["exchange,USD,1"])).rejected
    assert ["expected a file's name with its date, as wallets_2025-01-31.csv"] == rejected["reason"].to_list()


# ------------------------------------------------------------------------------------------------- lives


def a_life() -> Wallets:
    """A short of 0.2 BTC, closed in two parts, with interest settled into dollars, and a long that pays interest in them."""
    wallets = Wallets()
    wallets.add("01 08:00:00", "exchange", "USD", "3000", "Deposit (WIRE) #70000001")
    wallets.move("01 10:00:00", "USD", "2500", "exchange", "margin")
    wallets.add("01 16:20:05", "margin", "USD", "-14.72", "Trading fees for 0.2 BTC (BTCUSD) @ 36800.0 on BFX (0.2%)")
    wallets.add("02 01:12:30", "margin", "BTC", "-0.00001842", "Position #151000001 funding cost")
    wallets.add("02 01:21:02", "margin", "BTC", "0.00001842", "Settlement @ 36900.0")
    wallets.add("02 01:21:02", "margin", "USD", "-0.679698", "Settlement @ 36900.0")
    wallets.add("03 15:30:10", "margin", "USD", "-10.8", "Trading fees for 0.15 BTC (BTCUSD) @ 36000.0 on BFX (0.2%)")
    wallets.add("03 15:30:10", "margin", "USD", "120", "Position modified @ 36000.0 (TRADE)")
    wallets.add("03 18:00:00", "margin", "USD", "-3.7", "Trading fees for 0.05 BTC (BTCUSD) @ 37000.0 on BFX (0.2%)")
    wallets.add("03 18:00:00", "margin", "USD", "-10", "Position closed @ 37000.0 (TRADE)")
    wallets.add("14 10:00:00", "margin", "USD", "-5.2", "Trading fees for 1 ETH (ETHUSD) @ 2600.0 on BFX (0.2%)")
    wallets.add("15 01:15:00", "margin", "USD", "-0.9", "Position #151000002 funding cost")
    wallets.add("15 12:00:00", "margin", "USD", "-5", "Trading fees for 1 ETH (ETHUSD) @ 2500.0 on BFX (0.2%)")
    wallets.add("15 12:00:00", "margin", "USD", "-100", "Position #151000002 liquidate @ 2500.0")
    return wallets


FILLS = [
    (610000002, "BTC/USD", "-0.2", "36800", "-14.72", "01 16:20:05"),
    (610000003, "BTC/USD", "0.15", "36000", "-10.8", "03 15:30:10"),
    (610000004, "BTC/USD", "0.05", "37000", "-3.7", "03 18:00:00"),
    (610000005, "ETH/USD", "1", "2600", "-5.2", "14 10:00:00"),
    (610000006, "ETH/USD", "-1", "2500", "-5", "15 12:00:00"),
]


def fills_of_the_life(folder: Path) -> Path:
    rows = [f"{number},{pair},{amount},{price},{fee},0.20%,USD,2021-06-{clock},51{number}"
            for number, pair, amount, price, fee, clock in reversed(FILLS)]  # fmt: skip
    return write(folder, "trades.csv", TRADES, rows)


def import_life(book: Book, folder: Path) -> None:
    imported(book, fills_of_the_life(folder), timezone="UTC", wallet="cross_margin")
    imported(book, a_life().save(folder), timezone="UTC")


def test_a_life_on_margin_has_no_breaks_and_each_cost_once(book: Book, tmp_path: Path) -> None:
    import_life(book, tmp_path)
    columns = ("symbol", "side", "entry_price", "max_quantity", "quantity", "gross_pnl", "trading_fees")
    assert facts(book, "positions", *columns) == [
        ("BTC/USD", "short", "36800", "0.2", "0", "110", "29.22"), ("ETH/USD", "long", "2600", "1", "0", "-100", "10.2"),
    ]  # fmt: skip
    end = D(2500) + 110 - D("29.22") - D("0.679698") - 100 - D("10.2") - D("0.9")
    assert facts(book, "balances", "wallet", "asset", "computed", "difference") == [
        ("cross_margin", "BTC", "0", "0"), ("cross_margin", "USD", f"{end.normalize():f}", "0"), ("spot", "USD", "500", "0"),
    ]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_interest_goes_to_the_position_that_borrowed_the_asset(book: Book, tmp_path: Path) -> None:
    import_life(book, tmp_path)
    lines: Any = book.store.rows(
        "SELECT symbol, asset, amount FROM costs_stored WHERE cause = 'interest' ORDER BY booked_at"
    )
    assert lines == [("BTC/USD", "BTC", D("-0.00001842")), ("ETH/USD", "USD", D("-0.9"))]


def test_a_settlement_is_a_forced_conversion_of_two_legs(book: Book, tmp_path: Path) -> None:
    imported(book, a_life().save(tmp_path), timezone="UTC")
    rows: Any = book.store.rows("SELECT asset, amount, kind, group_ref FROM conversions ORDER BY asset")
    assert rows == [
        ("BTC", D("0.00001842"), "forced", "2021-06-02T01:21|36900.0"),
        ("USD", D("-0.679698"), "forced", "2021-06-02T01:21|36900.0"),
    ]


def test_the_order_of_files_does_not_matter_and_a_file_counts_once(tmp_path: Path) -> None:
    columns = ("position_id", "gross_pnl", "trading_fees", "net_pnl")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = new_book(tmp_path / "one"), new_book(tmp_path / "other")
    import_life(one, tmp_path)
    imported(other, a_life().save(tmp_path), timezone="UTC")
    imported(other, fills_of_the_life(tmp_path), timezone="UTC", wallet="cross_margin")
    again = imported(other, a_life().save(tmp_path, "renamed.csv"), timezone="UTC")
    assert 0 == again.parts[0].stored
    assert facts(one, "positions", *columns) == facts(other, "positions", *columns)
    assert facts(one, "balances", "asset", "computed") == facts(other, "balances", "asset", "computed")


def test_an_old_ledger_without_ids_meets_the_one_with_ids_by_voice(book: Book, tmp_path: Path) -> None:
    wallets = a_life()
    imported(book, wallets.save_old(tmp_path), wallets.save(tmp_path), timezone="UTC")
    columns = ("wallet", "asset", "computed", "difference")
    assert {"0"} == {row[-1] for row in facts(book, "balances", *columns)}
    assert facts(book, "breaks", "break_id") == []
    spoken: Any = book.store.rows("SELECT DISTINCT format FROM movements WHERE basis = 'stated'")
    assert spoken == [("bitfinex.ledgers",)]


def test_a_derivatives_life_ends_in_a_liquidation_booked_by_the_ledger(book: Book, tmp_path: Path) -> None:
    wallets = Wallets()
    wallets.add("05 10:05:00", "margin", "USTF0", "200", "Transfer of 200.0 USTF0 from wallet Exchange to Trading")
    wallets.add(
        "05 12:00:00",
        "margin",
        "USTF0",
        "-0.2366",
        "Trading fees for 0.01 BTCF0 (BTCF0:USTF0) @ 36400.0 on BFX (0.065%)",
    )
    wallets.add("05 16:00:01", "margin", "USTF0", "-0.0364", "Funding Event BTCF0:USTF0 (0.0001)")
    wallets.add("16 03:10:00", "margin", "USTF0", "-18.4", "Position #161000001 liquidate @ 34560.0")
    rows = ["612,BTCF0/USTF0,-0.01,34560,0,0.00%,USTF0,2021-06-16 03:10:00,52",
            "611,BTCF0/USTF0,0.01,36400,-0.2366,0.07%,USTF0,2021-06-05 12:00:00,51"]  # fmt: skip
    imported(book, wallets.save(tmp_path), write(tmp_path, "trades.csv", TRADES, rows), timezone="UTC")
    columns = ("wallet", "side", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [("usdm", "long", "-18.4", "0.2366", "-0.0364", "-18.673")]
    assert facts(book, "balances", "wallet", "asset", "computed", "difference") == [("usdm", "USDT", "181.327", "0")]
    assert facts(book, "liquidations", "symbol", "started_at") != []
    assert facts(book, "findings", "kind") == [] and facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_what_the_ledger_books_of_a_margin_position_is_the_positions(book: Book, tmp_path: Path) -> None:
    import_life(book, tmp_path)
    assert [["unvalued_cost"], []] == [flags for (flags,) in facts(book, "positions", "flags")]
    assert ["unvalued_cost"] == [kind for (kind,) in facts(book, "findings", "kind")]
