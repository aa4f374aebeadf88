"""Gate.io: bills and their orders, futures whose settle asset the file only hints at, loans; a life end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import gate
from importers.contract import Normalized
from importers.gate.bills import BILLS
from importers.shapes import LOG
from ledger.book import Book
from schemas.errors import MissingTimeZone
from schemas.tables import WALLETS
from tests.books import facts, imported, new_book, write
from tests.conftest import DATA
from tests.exports import answer, offenders, picked, read, rejects

D = Decimal
BILLING = "no,time,action_desc,action_data,type,change_amount,amount,total"
ORDERS = ("trade", "trading_fee")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def seconds(text: str) -> float:
    return datetime.fromisoformat(f"2026-03-{text}+00:00").timestamp()


class Wallet:
    """Rows of a log that keep a running balance by asset, oldest first."""

    def __init__(self) -> None:
        self.balances: dict[str, Decimal] = {}

    def after(self, asset: str, change: str) -> str:
        self.balances[asset] = self.balances.get(asset, D(0)) + D(change)
        return str(self.balances[asset])


def bills(folder: Path, name: str, rows: list[tuple[str, str, str, str, str]], wallet: Wallet | None = None) -> Path:
    """Write bills (clock of March, label, reference, asset, change), newest first."""
    wallet = wallet or Wallet()
    lines = []
    for clock, label, ref, asset, change in rows:
        total = wallet.after(asset, change)
        lines.append(f"2026-03-{clock},{label},{ref},{asset},{change},{total},{total}")
    numbered = [f"{number},{line}" for number, line in enumerate(lines, start=1)]
    return write(folder, name, BILLING, numbered[::-1])


def futures(folder: Path, name: str, rows: list[tuple[str, str, str, str, str]]) -> Path:
    """Write an account book (clock of March, type, contract, trade, change), newest first."""
    wallet = Wallet()
    records = [
        {"time": seconds(clock), "change": change, "balance": wallet.after("", change), "type": kind,
         "text": f"{contract}:{trade}" if contract else "", "contract": contract, "trade_id": trade, "id": str(number)}
        for number, (clock, kind, contract, trade, change) in enumerate(rows)
    ]  # fmt: skip
    return answer(folder, name, records[::-1])


def trade(clock: str, number: int, size: int, close: int, price: str, fee: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "create_time": seconds(clock), "contract": "BTC_USDT", "order_id": str(number + 500), "size": size,
            "close_size": close, "price": price, "role": "taker", "fee": fee, "point_fee": "0", "text": "", **more}  # fmt: skip


def one(folder: Path, name: str, record: dict[str, Any], **options: Any) -> Normalized:
    return read(answer(folder, name, [record]), gate.FORMATS, **options)


# ------------------------------------------------------------------------------------------------- bills


def test_every_bill_has_an_event_and_a_wallet_that_exist() -> None:
    known = {*LOG}
    assert set() == {line["event"] for line in BILLS.lines.values()} - known
    assert set() == {line["other_wallet"] for line in BILLS.lines.values()} - {"", "contracts", *WALLETS}


def test_bills_have_no_zone_of_their_own(tmp_path: Path) -> None:
    path = bills(tmp_path, "bills.csv", [("01 08:00:00", "Deposits", "0x1", "USDT", "5")])
    with pytest.raises(MissingTimeZone):
        read(path, gate.FORMATS)
    assert [(datetime(2026, 3, 1, 0, 0, tzinfo=UTC), "5")] == picked(
        read(path, gate.FORMATS, zone="+08:00"), "movements", "moved_at", "amount"
    )


def test_a_misspelled_fill_is_a_fill_and_a_refund_stays_with_its_order(book: Book, tmp_path: Path) -> None:
    imported(book, bills(tmp_path, "bills.csv", [
        ("01 08:00:00", "Deposits", "0x1", "USDT", "2000"),
        ("01 09:00:00", "Order Placed", "77", "USDT", "-1500.75"),
        ("01 09:00:02", "Order Fullfilled", "77", "ETH", "0.5"),
        ("01 09:00:02", "Trading Fees", "77", "ETH", "-0.0005"),
        ("01 09:00:03", "Order Cancelled", "77", "USDT", "0.75"),
    ]), timezone="UTC")  # fmt: skip
    columns = ("instrument", "side", "quantity", "price", "fee", "fee_asset", "trade_ref")
    rows = book.store.rows(f"SELECT {', '.join(columns)} FROM fills")
    assert [("ETH/USDT", "buy", D("0.5"), D(3000), D("0.0005"), "ETH", "77")] == rows
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_the_row_number_is_no_part_of_a_bills_identity(book: Book, tmp_path: Path) -> None:
    rows = [("01 08:00:00", "Deposits", "0x1", "USDT", "5"), ("02 08:00:00", "Deposits", "0x2", "USDT", "6")]
    imported(book, bills(tmp_path, "one.csv", rows), timezone="UTC")
    wallet = Wallet()
    wallet.after("USDT", "5")
    again = imported(book, bills(tmp_path, "two.csv", rows[1:], wallet), timezone="UTC")
    assert [(0, 1)] == [(part.stored, part.duplicate) for part in again.parts]


def test_equal_bills_of_one_second_are_told_apart_by_the_balance(book: Book, tmp_path: Path) -> None:
    twin = ("01 08:00:00", "Interest Income", "", "USDT", "0.01")
    imported(book, bills(tmp_path, "bills.csv", [twin, twin]), timezone="UTC")
    assert facts(book, "balances", "asset", "computed", "difference") == [("USDT", "0.02", "0")]


@pytest.mark.parametrize(
    ("label", "change", "cause", "table"),
    [
        ("Perps- Transferred Out", "-5", "transfer", "transfers"),
        ("Cryptoloan- Borrowed", "5", "borrow", "borrows"),
        ("Fixed Rate Loan - Repay", "-5", "repay", "repayments"),
        ("MarginTradingInterest", "-5", "repay_interest", "interest"),
        ("Flexible Rate Loan - Liquidate to Repay Interest", "-5", "repay_interest", "repayments"),
        ("Cryptoloan- Collateral Deducted", "-5", "pledge", "transfers"),
        ("Liquidation Fee", "-5", "liquidation_fee", "adjustments"),
        ("Consuming Insurance Funds", "5", "insurance", "adjustments"),
        ("Liquidating-Locked", "-5", "unknown", "adjustments"),
        ("Refund of early repayment penalty", "5", "income", "adjustments"),
    ],
)
def test_a_bill_of_margin_is_cash_and_a_fact(tmp_path: Path, label: str, change: str, cause: str, table: str) -> None:
    path = bills(tmp_path, "bills.csv", [("01 08:00:00", label, "9", "USDT", change)])
    result = read(path, gate.FORMATS, zone="UTC")
    assert [(cause, change)] == picked(result, "movements", "cause", "amount")
    assert 1 == len(result.tables[table])


@pytest.mark.parametrize(
    ("type", "code", "cause"),
    [("borrow", "640", "borrow"), ("brand_new", "644", "repay_interest"), ("cl_rtd", "", "pledge")],
)
def test_a_code_says_more_than_its_type_and_stands_in_for_one_that_is_unknown(
    tmp_path: Path, type: str, code: str, cause: str
) -> None:
    change = "5" if cause != "repay_interest" else "-5"
    record = {
        "id": "1",
        "time": 1772000000000,
        "currency": "USDT",
        "change": change,
        "balance": "5",
        "type": type,
        "code": code,
    }
    assert [(cause,)] == picked(one(tmp_path, "book.json", record), "movements", "cause")


def test_a_bill_that_nobody_described_is_rejected_with_its_label(tmp_path: Path) -> None:
    path = bills(tmp_path, "bills.csv", [("01 08:00:00", "Moon Mission", "9", "USDT", "-1")])
    expected = ("action_desc", "Moon Mission", "unmapped: expected a bill as Order Placed, Trading Fees, Deposits")
    assert [expected] == rejects(read(path, gate.FORMATS, zone="UTC"))


# ----------------------------------------------------------------------------------------------- futures


@pytest.mark.parametrize(
    ("name", "contract", "asset", "wallet"),
    [
        ("book.json", "BTC_USDT", "USDT", "usdm"),
        ("book.json", "BTC_USD", "BTC", "coinm"),
        ("futures-btc.json", "", "BTC", "coinm"),
        ("futures_usdt_book.json", "", "USDT", "usdm"),
    ],
)
def test_the_settle_asset_is_that_of_the_contracts_in_the_file_else_of_its_name(
    tmp_path: Path, name: str, contract: str, asset: str, wallet: str
) -> None:
    rows = [("01 08:00:00", "dnw", "", "", "5"), ("01 09:00:00", "fee" if contract else "refr", contract, "", "-1")]
    result = read(futures(tmp_path, name, rows), gate.FORMATS)
    assert {(asset, wallet)} == set(picked(result, "movements", "asset", "wallet"))


def test_a_book_whose_settle_asset_nothing_tells_is_rejected(tmp_path: Path) -> None:
    result = read(futures(tmp_path, "book.json", [("01 08:00:00", "dnw", "", "", "5")]), gate.FORMATS)
    assert [("asset", "expected asset moved (empty)")] == [(column, reason) for column, _, reason in rejects(result)]


def test_a_file_of_two_settle_assets_is_read_but_for_the_rows_that_name_none(tmp_path: Path) -> None:
    rows = [
        ("01 08:00:00", "fee", "BTC_USDT", "1", "-1"), ("01 09:00:00", "fee", "BTC_USD", "2", "-1"),
        ("01 10:00:00", "dnw", "", "", "5"),
    ]  # fmt: skip
    result = read(futures(tmp_path, "futures_usdt_and_btc.json", rows), gate.FORMATS)
    assert [("BTC", "coinm"), ("USDT", "usdm")] == picked(result, "movements", "asset", "wallet")
    assert 1 == len(result.rejected)


def test_points_are_no_money_of_the_wallet(tmp_path: Path) -> None:
    rows = [("01 08:00:00", "fee", "BTC_USDT", "1", "-1"), ("01 09:00:00", "point_fee", "BTC_USDT", "2", "-3")]
    result = read(futures(tmp_path, "book.json", rows), gate.FORMATS)
    assert [("POINT", "-3"), ("USDT", "-1")] == picked(result, "movements", "asset", "amount")


@pytest.mark.parametrize(
    ("size", "close", "side", "effect"),
    [(10, 0, "buy", "open"), (-10, 0, "sell", "open"), (10, 10, "buy", "close"), (-10, -10, "sell", "close"),
     (10, 4, "buy", None), (-10, -12, "sell", "close")],
)  # fmt: skip
def test_a_size_is_signed_and_close_size_says_what_it_closes(
    tmp_path: Path, size: int, close: int, side: str, effect: str | None
) -> None:
    result = one(tmp_path, "my_trades.json", trade("01 08:00:00", 1, size, close, "90000", "0.1"))
    assert [(side, "10", effect)] == picked(result, "fills", "side", "quantity", "effect")


@pytest.mark.parametrize(
    ("fee", "points", "expected"),
    [
        ("0.1", "0", ("0.1", "USDT")),
        ("-0.1", "0", ("-0.1", "USDT")),
        ("0", "0.4", ("0.4", "POINT")),
        ("0", "0", ("0", "USDT")),
    ],
)
def test_a_fee_is_in_coins_or_in_points(tmp_path: Path, fee: str, points: str, expected: tuple[str, str]) -> None:
    result = one(tmp_path, "my_trades.json", trade("01 08:00:00", 1, 10, 0, "90000", fee, point_fee=points))
    assert [expected] == picked(result, "fills", "fee", "fee_asset")


def test_the_entry_of_a_short_is_its_short_price(tmp_path: Path) -> None:
    record = {"time": 1772000000, "contract": "BTC_USDT", "side": "short", "pnl": "9", "pnl_pnl": "10", "pnl_fund": "0",
              "pnl_fee": "-1", "text": "web", "max_size": "5", "accum_size": "5", "first_open_time": 1771000000,
              "long_price": "80000", "short_price": "82000"}  # fmt: skip
    result = one(tmp_path, "position_close.json", record)
    assert [("82000", "80000")] == picked(result, "stated_positions", "entry_price", "exit_price")
    assert [("10", "gross"), ("9", "net")] == picked(result, "stated_results", "amount", "basis")


# ----------------------------------------------------------------------------------------------- lives

BOOK_ROWS = [
    ("02 02:00:01", "dnw", "", "", "600"),
    ("02 03:00:00", "fee", "BTC_USDT", "71", "-0.45"),
    ("02 08:00:00", "fund", "BTC_USDT", "", "-0.09"),
    ("02 09:00:00", "pnl", "BTC_USDT", "72", "4"),
    ("02 09:00:00", "fee", "BTC_USDT", "72", "-0.182"),
    ("02 16:00:00", "fund", "BTC_USDT", "", "0.0504"),
    ("02 20:15:10", "pnl", "BTC_USDT", "73", "-36"),
    ("02 20:15:10", "fee", "BTC_USDT", "73", "-0.252"),
]
TRADES = [
    trade("02 03:00:00", 71, 100, 0, "90000", "0.45"),
    trade("02 09:00:00", 72, -40, -40, "91000", "0.182"),
    trade("02 20:15:10", 73, -60, -60, "84000", "0.252"),
]
LIQUIDATION = {
    "time": seconds("02 20:15:10"), "contract": "BTC_USDT", "leverage": "20", "size": 60, "margin": "27", "entry_price": "90000",
    "liq_price": "85950", "mark_price": "85940", "order_id": 573, "order_price": "83900", "fill_price": "84000", "left": 0,
}  # fmt: skip
CLOSE = {
    "time": seconds("02 20:15:10"), "contract": "BTC_USDT", "side": "long", "pnl": "-32.9236", "pnl_pnl": "-32",
    "pnl_fund": "-0.0396", "pnl_fee": "-0.884", "text": "liq-573", "max_size": "100", "accum_size": "100",
    "first_open_time": seconds("02 03:00:00"), "long_price": "90000", "short_price": "86800",
}  # fmt: skip


def futures_life(folder: Path) -> list[Path]:
    return [
        futures(folder, "futures_usdt_account_book.json", BOOK_ROWS),
        answer(folder, "futures_usdt_my_trades.json", TRADES[::-1]),
        answer(folder, "futures_usdt_liquidates.json", [LIQUIDATION]),
        answer(folder, "futures_usdt_position_close.json", [CLOSE]),
    ]


POSITION = ("status", "max_quantity", "entry_price", "gross_pnl", "trading_fees", "funding", "net_pnl")


def test_a_liquidated_long_costs_what_the_account_book_shows(book: Book, tmp_path: Path) -> None:
    imported(book, *futures_life(tmp_path))
    assert facts(book, "positions", *POSITION) == [
        ("liquidated", "100", "90000", "-32", "0.884", "-0.0396", "-32.9236")
    ]
    assert facts(book, "liquidations", "symbol", "stage", "quantity", "bankruptcy_price", "trigger_price") == [
        ("BTC_USDT", "full", "60", "83900", "85940")
    ]
    assert facts(book, "balances", "wallet", "asset", "computed", "stated", "difference") == [
        ("usdm", "USDT", "567.0764", "567.0764", "0")
    ]
    assert facts(book, "breaks", "break_id") == [] and facts(book, "findings", "kind") == [] and offenders(book) == []


def test_files_in_another_order_and_twice_make_the_same_book(tmp_path: Path) -> None:
    books = []
    for name, turn in (("a", 1), ("b", -1)):
        (tmp_path / name).mkdir()
        book = new_book(tmp_path / name)
        paths = futures_life(tmp_path)
        imported(book, *paths[::turn])
        again = imported(book, *paths)
        assert 0 == sum(part.stored for part in again.parts)
        books.append([facts(book, report, *columns) for report, columns in (
            ("positions", POSITION), ("balances", ("asset", "computed")), ("realized", ("net_pnl",)))])  # fmt: skip
    assert books[0] == books[1]


def test_trades_alone_make_the_position_and_imply_the_cash(book: Book, tmp_path: Path) -> None:
    imported(book, futures_life(tmp_path)[1])
    assert facts(book, "positions", "gross_pnl", "trading_fees", "net_pnl") == [("-32", "0.884", "-32.884")]
    assert facts(book, "balances", "computed", "basis") == [("-32.884", "derived")]


def test_a_contract_whose_size_nobody_stated_is_worth_what_the_contracts_answer_says(
    book: Book, tmp_path: Path
) -> None:
    rows = [trade("03 03:00:00", 81, 30, 0, "3000", "0.1"), trade("03 04:00:00", 82, -30, -30, "3100", "0.1")]
    imported(book, answer(tmp_path, "futures_usdt_my_trades.json", [{**row, "contract": "ETH_USDT"} for row in rows]))
    assert facts(book, "positions", "gross_pnl") == [(None,)]
    terms = {"name": "ETH_USDT", "type": "direct", "quanto_multiplier": "0.01", "leverage_max": "100", "maintenance_rate": "0.005",
             "funding_interval": 28800, "order_size_min": 1, "orders_limit": 50}  # fmt: skip
    imported(book, answer(tmp_path, "futures_usdt_contracts.json", [terms, {**terms, "name": "BTC_USDT"}]))
    assert facts(book, "positions", "gross_pnl") == [("30",)]


def test_isolated_margin_owes_what_was_borrowed_with_its_interest_until_it_is_repaid(
    book: Book, tmp_path: Path
) -> None:
    pair = {"currency_pair": "ETH_USDT", "currency": "USDT"}
    at = [1773300000000 + hour * 3_600_000 for hour in range(4)]
    loans = [{"type": "borrow", **pair, "amount": "1000", "create_time": at[0]},
             {"type": "repay", **pair, "amount": "1000.02", "create_time": at[3]}]  # fmt: skip
    interest = [{"status": 1, **pair, "actual_rate": "0.00001", "interest": "0.01", "type": "margin", "create_time": moment}
                for moment in at[1:3]]  # fmt: skip
    imported(book, answer(tmp_path, "loan_records.json", loans), answer(tmp_path, "interest_records.json", interest))
    columns = ("wallet", "drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt", "status")
    assert facts(book, "loans", *columns) == [("isolated_margin", "1000", "0.02", "1000", "0.02", "0", "repaid")]
    assert offenders(book) == []


def test_a_unified_account_owes_its_automatic_borrowings_too(book: Book, tmp_path: Path) -> None:
    def record(number: int, **more: str) -> dict[str, Any]:
        return {"id": number, "repayment_type": "none", "borrow_type": "", "currency_pair": "", "currency": "USDT",
                "create_time": 1773300000000 + number * 60_000, **more}  # fmt: skip

    records = [
        record(1, type="borrow", borrow_type="auto_borrow", amount="100"),
        record(2, type="borrow", borrow_type="manual_borrow", amount="50"),
        record(3, type="repay", repayment_type="auto_repay", amount="120"),
    ]
    imported(book, answer(tmp_path, "unified_loan_records.json", records))
    assert facts(book, "loans", "drawn", "repaid_principal", "remaining_debt") == [("150", "120", "30")]
    assert [("auto",), ("manual",)] == book.store.rows("SELECT kind FROM borrows ORDER BY borrowed_at")


def test_interest_paid_in_cash_is_charged_and_paid_at_once(book: Book, tmp_path: Path) -> None:
    imported(book, bills(tmp_path, "bills.csv", [
        ("01 08:00:00", "Cryptoloan- Borrowed", "9", "USDT", "100"),
        ("01 09:00:00", "Interest - Platform Loans", "9", "USDT", "-0.5"),
        ("01 10:00:00", "Cryptoloan- Repaid", "9", "USDT", "-60"),
    ]), timezone="UTC")  # fmt: skip
    columns = ("drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt")
    assert facts(book, "loans", *columns) == [("100", "0.5", "60", "0.5", "40")]
    assert facts(book, "balances", "computed", "difference") == [("39.5", "0")] and offenders(book) == []


def test_the_account_book_speaks_where_the_bills_say_the_same(book: Book, tmp_path: Path) -> None:
    paths = [
        bills(tmp_path, "bills.csv", [("01 08:00:00", "Deposits", "0x1", "USDT", "5"), ("02 08:00:00", "Deposits", "0x2", "USDT", "6")]),
        answer(tmp_path, "spot_account_book.json", [
            {"id": "1", "time": int(seconds("01 08:00:00") * 1000), "currency": "USDT", "change": "5", "balance": "5", "type": "deposit",
             "code": "110", "text": ""},
            {"id": "2", "time": int(seconds("02 08:00:00") * 1000), "currency": "USDT", "change": "6", "balance": "11", "type": "deposit",
             "code": "110", "text": ""}]),
    ]  # fmt: skip
    imported(book, *paths, timezone="UTC")
    assert facts(book, "balances", "computed", "difference") == [("11", "0")]
    assert (
        facts(book, "witnesses", "voice", "witness", "difference") == [("gate.account_book", "gate.billing", "0")] * 2
    )


def test_the_golden_bills_chain_but_for_what_was_rejected(book: Book) -> None:
    imported(book, DATA / "gate" / "gate-billing-2026-03.csv", max_rejects=0.1, timezone="Asia/Singapore")
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []
