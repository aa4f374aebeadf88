"""Crypto.com: what a journal row moves follows from what it names; lives of the Exchange and the App to the digit."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from importers import cryptocom
from importers.contract import Normalized
from importers.cryptocom import app, journal
from importers.cryptocom.symbols import asset_of, name_instrument
from ledger.book import Book
from schemas.errors import AmbiguousFormat
from tests import exports
from tests.books import facts, imported, new_book, plain, write
from tests.conftest import DATA
from tests.exports import answer, offenders, picked, rejects

EXPORTS = DATA / "cryptocom"
APP = (
    "Timestamp (UTC),Transaction Description,Currency,Amount,To Currency,To Amount,Native Currency,Native Amount,"
    "Native Amount (in USD),Transaction Kind"
)
SHARED = "create_time_utc,currency,amount,fee,address,status"
START = 1_717_200_000_000
"""2024-06-01 00:00 UTC."""
HOUR = 3_600_000


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def read(path: Path) -> Normalized:
    return exports.read(path, cryptocom.FORMATS)


def moves(normalized: Normalized) -> list[tuple[str, str, str]]:
    return picked(normalized, "movements", "cause", "asset", "amount")


def row(number: int, hour: float, kind: str, name: str, quantity: str = "0", cost: str = "0", result: str = "0", *,
        trade: str = "", side: str = "") -> dict[str, Any]:  # fmt: skip
    """Return a row of the journal, some hours into June."""
    return {"account_id": "acc", "event_date": "2024-06-01", "journal_type": kind, "journal_id": str(number),
            "transaction_qty": quantity, "transaction_cost": cost, "realized_pnl": result, "order_id": trade and f"o{trade}",
            "trade_id": trade, "event_timestamp_ms": START + int(hour * HOUR), "side": side, "taker_side": "",
            "instrument_name": name}  # fmt: skip


def trade(
    ref: str, hour: float, name: str, side: str, quantity: str, price: str, fees: str, coin: str
) -> dict[str, Any]:
    return {"account_id": "acc", "event_date": "2024-06-01", "journal_type": "TRADING", "traded_quantity": quantity,
            "traded_price": price, "fees": fees, "order_id": f"o{ref}", "trade_id": ref, "taker_side": "TAKER",
            "side": side, "instrument_name": name, "fee_instrument_name": coin,
            "create_time": START + int(hour * HOUR)}  # fmt: skip


def one(tmp_path: Path, kind: str, name: str, quantity: str = "0", cost: str = "0", result: str = "0") -> Normalized:
    """Return what one row of the journal becomes."""
    return read(answer(tmp_path, "journal.json", [row(7, 1, kind, name, quantity, cost, result)]))


# -------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTCUSD-PERP", "BTC/USD:USD"),
        ("BTCUSD-240329", "BTC/USD:USD-240329"),
        ("ETH_USDT", "ETH/USDT"),
        ("CRO_BTC", "CRO/BTC"),
        ("USD_Stable_Coin", None),
        ("BTC", None),
        ("BTCUSD-991399", None),
    ],
)
def test_instruments_have_the_book_s_names(symbol: str, expected: str | None) -> None:
    named = name_instrument(symbol)
    assert expected == (named.instrument if named else None)


def test_the_venue_s_dollar_is_a_dollar() -> None:
    assert ("USD", "BTC", None) == (asset_of("USD_Stable_Coin"), asset_of("BTC"), asset_of("ETH_USDT"))


# ------------------------------------------------------------------------------------------------ journal


@pytest.mark.parametrize(
    ("kind", "name", "figures", "expected"),
    [
        ("ONCHAIN_DEPOSIT", "BTC", ("0.5", "0", "0"), ("deposit", "BTC", "0.5")),
        ("ONCHAIN_WITHDRAWAL", "BTC", ("-0.5", "-30000", "0"), ("withdrawal", "BTC", "-0.5")),
        ("FIAT_WITHDRAWAL_CANCEL", "USD", ("20", "0", "0"), ("withdrawal", "USD", "20")),
        ("SUBACCOUNT_TX", "USD_Stable_Coin", ("0", "-7", "0"), ("transfer", "USD", "-7")),
        ("FUNDING", "BTCUSD-PERP", ("0", "-0.2", "0"), ("funding", "USD", "-0.2")),
        ("FUNDING", "BTCUSD-PERP", ("0", "0", "0.2"), ("funding", "USD", "0.2")),
        ("FUNDING", "BTCUSD-PERP", ("0", "0.2", "0.2"), ("funding", "USD", "0.2")),
        ("REALIZED_PNL", "BTCUSD-PERP", ("0", "0", "3"), ("realized_pnl", "USD", "3")),
        ("SESSION_SETTLE", "BTCUSD-PERP", ("0", "0", "-3"), ("realized_pnl", "USD", "-3")),
        ("SESSION_RESET", "BTCUSD-PERP", ("0", "0", "-3"), ("realized_pnl", "USD", "-3")),
        ("LIQUIDATION_FEE", "BTCUSD-PERP", ("0", "-5", "0"), ("liquidation_fee", "USD", "-5")),
        ("INSURANCE_FUND", "BTCUSD-PERP", ("0", "-5", "0"), ("insurance", "USD", "-5")),
        ("SOCIALIZED_LOSS", "BTCUSD-PERP", ("0", "-5", "0"), ("insurance", "USD", "-5")),
        ("UNCOVERED_LOSS", "BTCUSD-PERP", ("0", "5", "0"), ("insurance", "USD", "5")),
        ("MARGIN_TRADE_INTEREST", "USDT", ("-0.1", "0", "0"), ("interest", "USDT", "-0.1")),
        ("AUTO_CONVERSION", "USDT", ("1", "0", "0"), ("conversion", "USDT", "1")),
        ("MANUAL_CONVERSION", "USDT", ("-1", "0", "0"), ("conversion", "USDT", "-1")),
        ("ADJUSTMENT", "USD", ("1", "0", "0"), ("correction", "USD", "1")),
        ("ADMIN_ADJUSTMENT", "USD", ("1", "0", "0"), ("correction", "USD", "1")),
        ("TRADE_FEE", "ETH", ("-0.001", "0", "0"), ("trading_fee", "ETH", "-0.001")),
        ("TRADE_FEE", "ETH_USDT", ("-0.001", "0", "0"), ("trading_fee", "ETH", "-0.001")),
        ("TRADE_FEE", "ETH_USDT", ("0", "-0.4", "0"), ("trading_fee", "USDT", "-0.4")),
        ("SETTLEMENT_FEE", "BTCUSD-240628", ("0", "-0.4", "0"), ("trading_fee", "USD", "-0.4")),
    ],
)
def test_what_a_row_moves_follows_from_what_it_names(
    tmp_path: Path, kind: str, name: str, figures: tuple[str, str, str], expected: tuple[str, str, str]
) -> None:
    assert [expected] == moves(one(tmp_path, kind, name, *figures))


def test_every_journal_type_of_the_documentation_is_described() -> None:
    assert 21 == len(journal.TYPES.lines)
    assert {"trading", "closing"} == {line["event"] for line in journal.TYPES.lines.values()} - set(journal.CASES) | {
        "closing"
    }


@pytest.mark.parametrize(
    ("kind", "name", "figures"),
    [
        ("ADJUSTMENT", "BTCUSD-PERP", ("0", "1", "2")),
        ("TRADE_FEE", "ETH_USDT", ("-0.001", "-3", "0")),
        ("ADJUSTMENT", "BTC", ("0", "5", "0")),
        ("TRADING", "BTC", ("1", "5", "0")),
        ("TRADING", "BTCUSD-PERP", ("0", "5", "0")),
        ("DELIST", "XYZ", ("5", "0", "0")),
    ],
)
def test_a_row_of_which_nobody_can_say_what_it_moves_is_rejected(
    tmp_path: Path, kind: str, name: str, figures: tuple[str, str, str]
) -> None:
    columns = "journal_type, instrument_name, transaction_qty, transaction_cost, realized_pnl"
    text = " | ".join((kind, name, *figures))
    reason = "unmapped: nobody has described this kind of row"
    assert [(columns, text, reason)] == rejects(one(tmp_path, kind, name, *figures))


def test_a_journal_type_or_a_name_that_is_new_is_rejected(tmp_path: Path) -> None:
    reason = "unmapped: expected a journal type as TRADING, FUNDING, SESSION_SETTLE"
    assert [("journal_type", "STAKING", reason)] == rejects(one(tmp_path, "STAKING", "BTC", "1"))
    reason = "unmapped: expected BTCUSD-PERP, BTC_USDT, or an asset"
    assert [("instrument_name", "BTC-USDT-X", reason)] == rejects(one(tmp_path, "FUNDING", "BTC-USDT-X", "1"))


def test_a_result_that_rows_of_its_own_book_is_cash_once() -> None:
    results = [row for row in moves(read(EXPORTS / "exchange_journal.json")) if row[2] == "-25"]
    assert [("realized_pnl", "USD", "-25")] == results


def life(folder: Path) -> tuple[Path, Path]:
    """A month of one account: dollars, a perpetual over two sessions, a pair bought and sold."""
    rows = [
        row(1, 1, "ONCHAIN_DEPOSIT", "USD_Stable_Coin", "2000"),
        row(2, 1, "ONCHAIN_DEPOSIT", "USDT", "3000"),
        row(3, 2, "TRADING", "BTCUSD-PERP", "0.1", "6800", trade="11", side="BUY"),
        row(4, 2, "TRADE_FEE", "BTCUSD-PERP", "0", "-3.4", trade="11"),
        row(5, 8, "FUNDING", "BTCUSD-PERP", "0", "-0.68"),
        row(6, 8, "SESSION_SETTLE", "BTCUSD-PERP", "0", "0", "20"),
        row(7, 9, "TRADING", "ETH_USDT", "0.5", "-1900", trade="12", side="BUY"),
        row(8, 9, "TRADE_FEE", "ETH", "-0.0005", trade="12"),
        row(9, 16, "FUNDING", "BTCUSD-PERP", "0", "-0.7"),
        row(10, 16, "SESSION_SETTLE", "BTCUSD-PERP", "0", "0", "-5"),
        row(11, 20, "TRADING", "BTCUSD-PERP", "-0.1", "-6950", "135", trade="13", side="SELL"),
        row(12, 20, "TRADE_FEE", "BTCUSD-PERP", "0", "-3.475", trade="13"),
        row(13, 21, "TRADING", "ETH_USDT", "-0.4995", "1948.05", trade="14", side="SELL"),
        row(14, 21, "TRADE_FEE", "USDT", "-1.94805", trade="14"),
        row(15, 23, "ONCHAIN_WITHDRAWAL", "USD_Stable_Coin", "-500"),
    ]
    trades = [
        trade("11", 2, "BTCUSD-PERP", "BUY", "0.1", "68000", "-3.4", "USD_Stable_Coin"),
        trade("12", 9, "ETH_USDT", "BUY", "0.5", "3800", "-0.0005", "ETH"),
        trade("13", 20, "BTCUSD-PERP", "SELL", "0.1", "69500", "-3.475", "USD_Stable_Coin"),
        trade("14", 21, "ETH_USDT", "SELL", "0.4995", "3900", "-1.94805", "USDT"),
    ]
    return answer(folder, "journal.json", rows[::-1]), answer(folder, "trades.json", trades[::-1])


def figures(book: Book) -> tuple[list[Any], list[Any]]:
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "funding", "net_pnl")
    return facts(book, "positions", *columns), facts(book, "balances", "wallet", "asset", "computed")


LIFE = [
    ("BTCUSD-PERP", "closed", "150", "6.875", "-1.38", "141.745"),
    ("ETH_USDT", "closed", "49.95", "3.84805", "0", "46.10195"),
]
BALANCES = [("unified", "ETH", "0"), ("unified", "USD", "1641.745"), ("unified", "USDT", "3046.10195")]


def test_a_perpetual_that_is_settled_by_sessions_made_what_its_trades_made(book: Book, tmp_path: Path) -> None:
    imported(book, life(tmp_path)[0])
    # 0.1 x (69,500 - 68,000), of which the sessions paid 20 and -5 before the close paid 135
    assert (LIFE, BALANCES) == figures(book)
    assert [] == facts(book, "breaks", "break_id") == facts(book, "findings", "kind")
    assert [] == offenders(book)


def test_journal_and_trades_are_one_life_in_any_order_and_twice(tmp_path: Path) -> None:
    seen = []
    for number, order in enumerate(permutations(life(tmp_path))):
        folder = tmp_path / str(number)
        folder.mkdir()
        book = new_book(folder)
        for path in (*order, *order):
            imported(book, path)
        seen.append(figures(book))
        assert [(4,)] == book.store.rows("SELECT count(*) FROM fills")
        assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)
    assert seen[0] == seen[1]
    positions, balances = seen[0]
    assert BALANCES == balances
    # a fee in ETH makes the stake smaller: 0.4995 at 3,800, sold at 3,900; what the dollars gained is the net result
    assert LIFE == positions


# ------------------------------------------------------------------------------------- the site's exports


def test_the_account_type_says_the_wallet() -> None:
    rows = read(EXPORTS / "exchange_trades.csv").tables["fills"].sort("source_row")
    assert [
        ("spot", "spot", None), ("spot", "spot", None), ("cross_margin", "margin", "cross"),
        ("unified", "perpetual", None),
    ] == list(rows.select("wallet", "product", "margin_mode").iter_rows())  # fmt: skip


def test_a_fee_may_be_in_another_coin_than_was_traded() -> None:
    rows = read(EXPORTS / "exchange_trades.csv").tables["fills"].sort("source_row")
    assert ["ETH", "USDT", "CRO", "USD"] == rows["fee_asset"].to_list()


def test_the_file_s_name_says_whether_it_holds_deposits_or_withdrawals(tmp_path: Path) -> None:
    rows = ["2022-02-05 10:00:00.000,USDT,300,10,0xabc,Completed"]
    deposits = read(write(tmp_path, "DEPOSIT_HISTORY.csv", SHARED, rows)).tables["transfers"]
    withdrawals = read(write(tmp_path, "my withdrawals.csv", SHARED, rows)).tables["transfers"]
    assert [("deposit", "300"), ("withdrawal", "-300")] == [
        (kind, plain(amount))
        for table in (deposits, withdrawals)
        for kind, amount in table.select("kind", "amount").iter_rows()
    ]
    with pytest.raises(AmbiguousFormat, match=r"cryptocom\.deposits"):
        read(write(tmp_path, "history.csv", SHARED, rows))


def test_only_what_arrived_or_left_is_a_transfer(book: Book) -> None:
    names = ("exchange_deposits_2020.csv", "exchange_withdrawals_2020.csv")
    imported(book, *(EXPORTS / name for name in names))
    assert [("CRO", "3999")] == facts(book, "balances", "asset", "computed")
    reasons = [reason for name in names for reason in read(EXPORTS / name).ignored["reason"].to_list()]
    assert ["pending: moved nothing", "cancelled: moved nothing"] == reasons


# ---------------------------------------------------------------------------------------------------- App


def test_every_kind_of_the_app_is_a_case_or_has_a_reason() -> None:
    events = {line["event"] for line in app.KINDS.lines.values()}
    assert {"sent"} == events - {*app.CASES, *app.APP.ignores}


def test_what_another_user_sends_comes_and_what_is_sent_to_one_goes(tmp_path: Path) -> None:
    rows = [f"2024-01-01 10:00:0{n},x,CRO,{amount},,,EUR,1,1,crypto_transfer" for n, amount in enumerate(("-5", "7"))]
    assert [("withdrawal", "CRO", "-5"), ("deposit", "CRO", "7")] == moves(read(write(tmp_path, "c.csv", APP, rows)))


def test_a_loan_of_the_app_is_repaid_with_its_interest_and_its_collateral_comes_back(
    book: Book, tmp_path: Path
) -> None:
    rows = [
        "2021-07-01 09:01:00,Crypto Credit Withdrawal,BTC,0.2,,,USD,7000,7000,crypto_credit_withdrawal_created",
        "2021-07-01 09:00:00,Crypto Credit Repayment,TUSD,-2052.5,,,USD,-2052.5,-2052.5,crypto_credit_repayment_created",
        "2021-06-01 09:00:00,Crypto Credit Repayment,TUSD,-1000,,,USD,-1000,-1000,crypto_credit_repayment_created",
        "2021-05-20 10:00:00,BTC -> TUSD,BTC,-0.002,TUSD,100,USD,100,100,crypto_exchange",
        "2021-05-03 10:05:00,Crypto Credit Loan,TUSD,3000,,,USD,3000,3000,crypto_credit_loan_credited",
        "2021-05-03 10:00:00,Crypto Credit Deposit,BTC,-0.2,,,USD,-11000,-11000,crypto_credit_program_created",
        "2021-05-01 10:00:00,BTC Deposit,BTC,0.25,,,USD,14000,14000,crypto_deposit",
    ]
    path = write(tmp_path, "crypto_transactions_record_20210801_000000.csv", APP, rows)
    imported(book, path)
    columns = ("asset", "collateral_asset", "drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt",
               "status", "flags")  # fmt: skip
    loans = facts(book, "loans", *columns)
    assert [("TUSD", "BTC", "3000", "52.5", "3000", "52.5", "0", "repaid", ["interest_implied"])] == loans
    assert [("BTC", "0.248"), ("TUSD", "47.5")] == facts(book, "balances", "asset", "computed")
    assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)
    imported(book, path)
    assert loans == facts(book, "loans", *columns)


def test_what_moves_between_crypto_and_fiat_wallet_stands_in_both_files_and_counts_once(
    book: Book, tmp_path: Path
) -> None:
    shared = "2021-05-02 10:00:00,EUR -> CRO,EUR,-25,CRO,150,USD,30,30,viban_purchase"
    deposit = "2021-05-01 10:00:00,EUR Deposit,EUR,100,,,USD,120,120,viban_deposit"
    imported(
        book,
        write(tmp_path, "crypto_transactions_record_1.csv", APP, [shared]),
        write(tmp_path, "fiat_transactions_record_1.csv", APP, [shared, deposit]),
    )
    assert [("CRO", "150"), ("EUR", "75")] == facts(book, "balances", "asset", "computed")


def test_a_kind_of_the_credit_programme_that_is_new_is_booked_as_unknown_and_any_other_is_rejected() -> None:
    rows = read(EXPORTS / "crypto_transactions_record_20210701_120000.csv")
    assert [("unknown", "BTC", "-0.0001")] == [row for row in moves(rows) if row[0] == "unknown"]
    reason = "unmapped: expected a kind as crypto_exchange, viban_purchase, crypto_credit_loan_credited"
    assert [("Transaction Kind", "brand_new_kind", reason)] == rejects(rows)


@pytest.mark.parametrize(
    "kind", ["trading.limit_order.fiat_wallet.purchase_lock", "trading.limit_order.cash_account.purchase_unlock",
             "lockup_lock", "crypto_earn_program_created"],
)  # fmt: skip
def test_what_an_order_holds_or_is_staked_stays_in_the_pot(tmp_path: Path, kind: str) -> None:
    rows = read(write(tmp_path, "crypto.csv", APP, [f"2024-01-01 10:00:00,x,EUR,-5,,,EUR,-5,-5,{kind}"]))
    assert ({}, 1) == (rows.tables, rows.ignored.height)


def test_a_purchase_by_card_brings_the_coin_and_takes_no_money_of_the_pot() -> None:
    tables = read(EXPORTS / "crypto_transactions_record_20210701_120000.csv").tables
    bought = tables["conversions"].filter(tables["conversions"]["kind"] == "purchase")
    assert [("BTC", "0.001"), ("USD", "-55")] == [
        (asset, plain(n)) for asset, n in bought.select("asset", "amount").iter_rows()
    ]
    movements = tables["movements"]
    assert [] == movements.filter(movements["asset"] == "USD")["amount"].to_list()
