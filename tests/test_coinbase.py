"""Coinbase: cash is what the total says, words and notes decide, and lives whose every figure can be checked by hand."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from importers import coinbase
from importers.coinbase import account, retail
from importers.coinbase.symbols import name_instrument
from importers.contract import Normalized
from ledger.book import Book
from schemas.tables import WALLETS
from tests import exports
from tests.books import facts, imported, new_book, plain, write
from tests.conftest import DATA
from tests.exports import answer, offenders, picked, rejects

EXPORTS = DATA / "coinbase"
FILLS = "portfolio,trade id,product,side,created at,size,size unit,price,fee,total,price/fee/total unit"
ACCOUNT = "portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id"
RETAIL = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,"
    "Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"
)
RETAIL_2021 = (
    "Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,Spot Price at Transaction,Subtotal,"
    "Total (inclusive of fees),Fees,Notes"
)
REJECTED_WORD = "unmapped: expected a transaction type as Buy, Advanced Trade Sell, Convert, Derivatives Settlement"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def read(path: Path) -> Normalized:
    return exports.read(path, coinbase.FORMATS)


def moves(normalized: Normalized) -> list[tuple[str, str, str]]:
    return picked(normalized, "movements", "cause", "asset", "amount")


def of(tmp_path: Path, header: str, *rows: str) -> Normalized:
    """Return what a small export becomes."""
    return read(write(tmp_path, "export.csv", header, rows))


def retailed(tmp_path: Path, kind: str, quantity: str, *, asset: str = "USDC", currency: str = "USD", total: str = "0",
             fees: str = "0", notes: str = "", price: str = "1") -> Normalized:  # fmt: skip
    """Return what one row of a retail report becomes."""
    row = f'x1,2025-06-01 10:00:00 UTC,{kind},{asset},"{quantity}",{currency},"{price}",0,"{total}","{fees}","{notes}"'
    return of(tmp_path, RETAIL, row)


# -------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("symbol", "name", "settle"),
    [
        ("BTC-USD", "BTC/USD", "USD"),
        ("BTC/USD", "BTC/USD", "USD"),
        ("BIT-28MAR25-CDE", "BTC/USD:USD-250328", "USD"),
        ("ET-27JUN25-CDE", "ETH/USD:USD-250627", "USD"),
        ("XRP-27JUN25-CDE", None, "USD"),
        ("BTC-PERP-INTX", "BTC/USDC:USDC", "USDC"),
        ("BTC-PERP", "BTC/USDC:USDC", "USDC"),
    ],
)
def test_products_have_the_book_s_names(symbol: str, name: str | None, settle: str) -> None:
    named = name_instrument(symbol)
    assert named is not None
    assert (name, settle) == (named.instrument, named.settle)


@pytest.mark.parametrize("symbol", ["BTC", "BIT-99MAR25-CDE", "BTC-USD-EUR"])
def test_what_is_no_product_has_no_name(symbol: str) -> None:
    assert name_instrument(symbol) is None


def test_a_report_of_fills_holds_pairs_only(tmp_path: Path) -> None:
    row = "default,1,BTC-PERP-INTX,BUY,2024-05-06T09:15:02.481Z,1,BTC,60000,1,-60001,USDC"
    assert [("product", "BTC-PERP-INTX", "unmapped: expected a product as BTC-USD")] == rejects(
        of(tmp_path, FILLS, row)
    )


# -------------------------------------------------------------------------------------------------- fills


def test_a_fill_is_worth_the_cash_that_its_total_moved_without_the_fee() -> None:
    rows = read(EXPORTS / "fills.csv").tables["fills"].sort("source_row")
    assert ["2540", "642", "301", "150", "150", "125.99998"] == [plain(value) for value in rows["notional_stated"]]


def test_trade_ids_are_unique_per_product_and_side_only(book: Book) -> None:
    imported(book, EXPORTS / "fills.csv")
    assert [(6,)] == book.store.rows("SELECT count(*) FROM fills")
    report = imported(book, EXPORTS / "fills.csv")
    assert (0, 6) == (report.parts[0].stored, report.parts[0].duplicate)


def test_a_reversal_undoes_its_fill_and_the_correction_stands(book: Book) -> None:
    imported(book, EXPORTS / "advanced_fills.json")
    columns = ("status", "entry_price", "max_quantity", "quantity", "gross_pnl", "trading_fees")
    positions = facts(book, "positions", "symbol", *columns)
    assert [row[1:] for row in positions if row[0] == "BIT-28MAR25-CDE"] == [
        ("closed", "90000", "3", "0", "0", "0"), ("open", "90100", "3", "1", "-52", "1"),
    ]  # fmt: skip


def test_a_size_in_the_quote_is_the_value_of_the_fill() -> None:
    rows = read(EXPORTS / "advanced_fills.json").tables["fills"].sort("source_row")
    last = rows.row(-1, named=True)
    assert ("0.5", "1125") == (plain(last["quantity"]), plain(last["notional_stated"]))


def test_the_size_of_a_contract_that_nobody_stated_stays_unknown(book: Book) -> None:
    imported(book, EXPORTS / "advanced_fills.json")
    unknown = [row for row in facts(book, "positions", "symbol", "flags") if row[1]]
    assert [("XRP-28MAR25-CDE", ["unknown_contract_size"])] == unknown


def test_an_order_of_prime_that_was_cancelled_half_way_is_a_fill_of_its_half() -> None:
    rows = read(EXPORTS / "prime_orders.csv")
    fills = rows.tables["fills"].sort("source_row")
    assert [("po-3", "4.9"), ("po-2", "0.75"), ("po-1", "0.4")] == [
        (ref, plain(quantity)) for ref, quantity in fills.select("order_ref", "quantity").iter_rows()
    ]
    assert ["nothing of the order was filled"] == rows.ignored["reason"].to_list()


def test_orders_of_prime_are_the_fills_where_there_is_nothing_else(book: Book) -> None:
    imported(book, EXPORTS / "prime_orders.csv")
    columns = ("asset", "computed")
    assert [("BTC", "0.4"), ("ETH", "-0.75"), ("SOL", "-4.9"), ("USD", "-21014.18")] == facts(
        book, "balances", *columns
    )


def test_no_person_is_stored_of_prime(book: Book) -> None:
    imported(book, EXPORTS / "prime_orders.csv")
    tables = ("fills", "transfers", "movements")
    stored = [str(row) for table in tables for row in book.store.rows(f"SELECT * FROM {table}")]
    assert not any("Some One" in row for row in stored)


# ------------------------------------------------------------------------------------------------ account


def test_balances_of_several_portfolios_are_none_of_the_wallet_s() -> None:
    rows = read(EXPORTS / "account_capitals.csv").tables["movements"]
    assert [None, None, None] == rows["balance_after"].to_list()
    assert 0 == read(EXPORTS / "account.csv").tables["movements"]["balance_after"].null_count()


def test_the_account_names_every_type_that_is_described() -> None:
    assert {"deposit", "withdrawal", "match", "fee", "conversion", "rebate"} == set(account.CASES)


def test_a_type_that_nobody_described_is_rejected() -> None:
    reason = "unmapped: expected one of deposit, withdrawal, match, fee, conversion, rebate"
    assert [("Type", "margin_interest", reason)] == rejects(read(EXPORTS / "account_capitals.csv"))


def test_the_account_and_its_fills_are_one_life_without_breaks(book: Book) -> None:
    imported(book, EXPORTS / "account.csv")
    balances = facts(book, "balances", "asset", "computed", "stated", "difference")
    assert [
        ("BTC", "0.02", "0.02", "0"), ("ETH", "0.1", "0.1", "0"), ("USD", "578.852", "578.852", "0"),
        ("USDC", "200", "200", "0"),
    ] == balances  # fmt: skip
    assert [] == facts(book, "breaks", "break_id") == facts(book, "findings", "kind")
    columns = "instrument, side, quantity::DOUBLE, notional_stated::DOUBLE, fee::DOUBLE"
    alone = book.store.rows(f"SELECT {columns} FROM fills ORDER BY filled_at, side")
    assert [
        ("BTC/USD", "buy", 0.04, 2540.0, 15.24), ("BTC/USD", "sell", 0.01, 642.0, 3.852),
        ("ETH/USD", "buy", 0.1, 301.0, 1.806), ("ETH/USD", "buy", 0.05, 150.0, 0.9), ("ETH/USD", "sell", 0.05, 150.0, 0.6),
    ] == alone  # fmt: skip
    imported(book, EXPORTS / "fills.csv")
    before = "WHERE filled_at < TIMESTAMPTZ '2024-05-09 00:00:00Z'"
    assert alone == book.store.rows(f"SELECT {columns} FROM fills {before} ORDER BY filled_at, side")
    assert balances[1:3] == facts(book, "balances", "asset", "computed", "stated", "difference")[1:3]
    assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)


# ------------------------------------------------------------------------------------------------- retail


def test_every_type_of_the_report_is_a_case_or_has_a_reason() -> None:
    events = {line["event"] for line in retail.TYPES.lines.values()} - {"receive"}
    assert set() == events - {*retail.CASES, *retail.IGNORES}
    assert {line["other_wallet"] for line in retail.TYPES.lines.values()} <= {"", *WALLETS}


@pytest.mark.parametrize(
    ("kind", "quantity", "expected"),
    [
        ("Send", "2", ("withdrawal", "USDC", "-2")),
        ("Send", "-2", ("withdrawal", "USDC", "-2")),
        ("Receive", "2", ("deposit", "USDC", "2")),
        ("Pro Deposit", "2", ("transfer", "USDC", "-2")),
        ("Pro Withdrawal", "2", ("transfer", "USDC", "2")),
        ("Exchange Deposit", "-2", ("transfer", "USDC", "-2")),
        ("Exchange Withdrawal", "2", ("transfer", "USDC", "2")),
        ("Prime Deposit", "-2", ("transfer", "USDC", "-2")),
        ("Intx Deposit", "-2", ("transfer", "USDC", "-2")),
        ("Intx Withdrawal", "2", ("transfer", "USDC", "2")),
        ("Derivatives Settlement", "-2", ("transfer", "USDC", "-2")),
        ("Derivatives Settlement", "2", ("transfer", "USDC", "2")),
        ("Cfm Funding", "-2", ("transfer", "USDC", "-2")),
        ("Portfolio Transfer", "-2", ("transfer", "USDC", "-2")),
        ("Transfer", "2", ("transfer", "USDC", "2")),
        ("Reward Income", "2", ("income", "USDC", "2")),
        ("Inflation Reward", "2", ("income", "USDC", "2")),
        ("Learning Reward", "2", ("income", "USDC", "2")),
        ("Interest Payout", "2", ("income", "USDC", "2")),
        ("Subscription Rebates", "2", ("rebate", "USDC", "2")),
        ("Admin Debit", "2", ("correction", "USDC", "-2")),
        ("Card Spend", "2", ("withdrawal", "USDC", "-2")),
        ("Credit", "2", ("unknown", "USDC", "2")),
        ("Asset Migration", "-2", ("conversion", "USDC", "-2")),
        ("Retail Simple Dust", "-2", ("conversion", "USDC", "-2")),
    ],
)
def test_a_row_moves_its_quantity_by_the_sign_of_its_type(
    tmp_path: Path, kind: str, quantity: str, expected: tuple[str, str, str]
) -> None:
    assert [expected] == moves(retailed(tmp_path, kind, quantity))


@pytest.mark.parametrize("kind", ["Retail Staking Transfer", "Retail Unstaking Transfer", "Vault Withdrawal"])
def test_what_moves_inside_the_pot_moves_nothing(tmp_path: Path, kind: str) -> None:
    rows = retailed(tmp_path, kind, "-2")
    assert ["between the wallet and vault, staking or savings: stays in the pot"] == rows.ignored["reason"].to_list()


@pytest.mark.parametrize(
    ("total", "fees"), [("$1,234.50", "$1.50"), ("-$1,234.50", "-$1.50"), ("($1,234.50)", "($1.50)"), ("1234.5", "1.5")]
)
def test_money_is_read_as_it_is_printed_for_people(tmp_path: Path, total: str, fees: str) -> None:
    rows = retailed(tmp_path, "Sell", "-0.5", asset="ETH", total=total, fees=fees, notes="Sold 0.5 ETH for 1,234.5 USD")
    assert [("conversion", "ETH", "-0.5"), ("conversion", "USD", "1236"), ("trading_fee", "USD", "-1.5")] == moves(rows)


def test_money_with_a_decimal_comma_is_refused(tmp_path: Path) -> None:
    rows = retailed(tmp_path, "Deposit", "5", asset="EUR", currency="EUR", total="€1.234,50")
    message = "expected an amount as $1,234.50, -$620 or ($970.00); '.' parts its thousands"
    assert [("Total (inclusive of fees and/or spread)", "€1.234,50", message)] == [
        (retail_column(column), text, reason) for column, text, reason in rejects(rows)
    ]


def retail_column(column: str) -> str:
    """Return the column as the report of today prints it: several headers are one column."""
    return "Total (inclusive of fees and/or spread)" if column.endswith("Total (inclusive of fees)") or (
        column.startswith("Total")) else column  # fmt: skip


def test_a_buy_costs_its_total_in_the_account_s_currency(tmp_path: Path) -> None:
    rows = retailed(tmp_path, "Buy", "0.1", asset="ETH", currency="GBP", total="£203.99", fees="£3.99", price="£2,000",
                    notes="Bought 0.1 ETH for £203.99 GBP")  # fmt: skip
    assert [("conversion", "ETH", "0.1"), ("conversion", "GBP", "-200"), ("trading_fee", "GBP", "-3.99")] == moves(rows)


def test_a_trade_on_advanced_moves_what_its_notes_say_not_the_account_s_currency(tmp_path: Path) -> None:
    notes = "Sold 0.2 ETH for 618.45 USDC on ETH-USDC at 3100 USDC/ETH"
    rows = retailed(tmp_path, "Advanced Trade Sell", "-0.2", asset="ETH", currency="EUR", total="-€569.20",
                    fees="€1.43", price="€2,853.00", notes=notes)  # fmt: skip
    assert [("trade", "ETH", "-0.2"), ("trade", "USDC", "620"), ("trading_fee", "USDC", "-1.55")] == moves(rows)
    (fill,) = rows.tables["fills"].to_dicts()
    assert ("ETH-USDC", "3100", "1.55", "USDC") == (
        fill["symbol"], plain(fill["price"]), plain(fill["fee"]), fill["fee_asset"])  # fmt: skip


@pytest.mark.parametrize("kind", ["Advanced Trade Buy", "Advance Trade Sell", "Convert"])
def test_a_trade_whose_notes_do_not_say_the_other_leg_is_rejected(tmp_path: Path, kind: str) -> None:
    rows = retailed(tmp_path, kind, "1", asset="ETH", total="3000", notes="as agreed")
    reason = "unmapped: nobody has described this kind of row"
    assert [("type, asset, notes", f"{kind} | ETH | as agreed", reason)] == rejects(rows)


def test_a_conversion_takes_its_second_leg_from_the_notes_once(tmp_path: Path) -> None:
    rows = of(
        tmp_path, RETAIL,
        'a,2025-03-05 09:10:00 UTC,Convert,BTC,-0.01,USD,"$88,000",0,($884.40),$4.40,"Converted 0.01 BTC to 1,000.5 ADA"',
        'b,2025-03-05 09:10:00 UTC,Convert,ADA,1000.5,USD,$0.88,0,$880.00,$0.00,"Converted 0.01 BTC to 1,000.5 ADA"',
    )  # fmt: skip
    assert [("conversion", "BTC", "-0.01"), ("conversion", "ADA", "1000.5")] == moves(rows)
    assert ["what a conversion received: the row of what was given says both"] == rows.ignored["reason"].to_list()


def test_what_was_swept_to_the_futures_account_is_a_transfer_and_never_a_result() -> None:
    tables = read(EXPORTS / "retail_2025.csv").tables
    swept = tables["transfers"].filter(tables["transfers"]["other_wallet"] == "usdm")
    assert ["-25", "-61.4", "37.25"] == [plain(amount) for amount in swept.sort("moved_at")["amount"]]
    assert "stated_results" not in tables


def test_usdc_sold_for_margin_is_dollars_once_and_a_hold_is_nothing() -> None:
    sold = [
        row for row in moves(read(EXPORTS / "retail_2025.csv")) if row[1] in ("USD", "USDC") and row[0] == "conversion"
    ]
    assert [
        ("conversion", "USDC", "-30"), ("conversion", "USD", "30"),
        ("conversion", "USDC", "-100"), ("conversion", "USD", "100"),
    ] == sold  # fmt: skip


def test_a_type_that_the_report_has_not_had_yet_is_rejected(tmp_path: Path) -> None:
    rows = retailed(tmp_path, "Futures Magic", "1")
    assert [("Transaction Type", "Futures Magic", REJECTED_WORD)] == rejects(rows)


def test_a_report_that_is_printed_anew_in_another_layout_adds_nothing(book: Book, tmp_path: Path) -> None:
    old = [
        "2021-09-01T07:30:00.250Z,Deposit,EUR,300,EUR,1.00,,,,Deposit from bank",
        "2021-09-02T07:30:00Z,Advance Trade Sell,ETH,0.05,EUR,3200.00,160.00,159.60,0.40,"
        "Sold 0.05 ETH for 159.6 EUR on ETH-EUR at 3200 EUR/ETH",
        "2021-09-03T07:30:00Z,Rewards Income,ALGO,1.5,EUR,0.90,1.35,1.35,0.00,",
    ]
    new = [
        "n3,2021-09-03 07:30:00 UTC,Staking Income,ALGO,1.5,EUR,€0.90,€1.35,€1.35,€0.00,",
        'n2,2021-09-02 07:30:00 UTC,Advanced Trade Sell,ETH,-0.05,EUR,"€3,200.00",-€160.00,-€159.60,€0.40,'
        "Sold 0.05 ETH for 159.6 EUR on ETH-EUR at 3200 EUR/ETH",
        "n1,2021-09-01 07:30:00 UTC,Deposit,EUR,300,EUR,€1.00,€300.00,€300.00,€0.00,Deposit from bank",
    ]
    imported(book, write(tmp_path, "old.csv", RETAIL_2021, old))
    report = imported(book, write(tmp_path, "new.csv", RETAIL, new))
    assert (0, 3) == (report.parts[0].stored, report.parts[0].duplicate)
    assert [("ALGO", "1.5"), ("ETH", "-0.05"), ("EUR", "459.6")] == facts(book, "balances", "asset", "computed")


def test_two_equal_buys_of_one_second_are_two(book: Book, tmp_path: Path) -> None:
    row = "2025-06-01 10:00:00 UTC,Buy,BTC,0.001,USD,$90000,$90,$92,$2,Bought 0.001 BTC for 92 USD"
    path = write(tmp_path, "twins.csv", RETAIL, [f"t1,{row}", f"t2,{row}"])
    imported(book, path)
    imported(
        book,
        write(tmp_path / "again", "again.csv", RETAIL, [f"t1,{row}", f"t2,{row}", f"t0,{row.replace('Buy', 'Sell')}"]),
    )
    assert [("BTC", "0.001"), ("USD", "-92")] == facts(book, "balances", "asset", "computed")


def test_a_report_beside_the_fills_of_the_api_counts_every_trade_once(book: Book, tmp_path: Path) -> None:
    rows = (EXPORTS / "retail_2025.csv").read_text(encoding="utf-8").splitlines()
    known = [row for row in rows if not row.startswith(("r24", "r25"))]
    report = write(tmp_path, "retail.csv", known[0], known[1:])
    imported(book, report)
    alone = facts(book, "balances", "wallet", "asset", "computed")
    assert ("spot", "USD", "1855.74") in alone
    fills = [
        fill for fill in json.loads((EXPORTS / "advanced_fills.json").read_text())["fills"] if fill["entry_id"] < "e-03"
    ]
    imported(book, answer(tmp_path, "fills.json", fills))
    assert alone == facts(book, "balances", "wallet", "asset", "computed")
    assert [(2,)] == book.store.rows("SELECT count(*) FROM fills")
    assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)


# ---------------------------------------------------------------------------------- futures, international


@pytest.mark.parametrize("name", ["cfm-balance", "cfm-positions", "intx-portfolio", "intx-positions", "intx-loans"])
def test_an_answer_about_a_moment_needs_the_moment_in_its_file_s_name(tmp_path: Path, name: str) -> None:
    (path,) = (path for path in EXPORTS.glob(f"{name}-*Z.json"))
    renamed = tmp_path / f"{name}.json"
    renamed.write_bytes(path.read_bytes())
    reasons = {reason for _, _, reason in rejects(read(renamed))}
    assert {"expected an instant in the file's name, as in positions-2026-02-03T0800Z.json"} == reasons


def test_a_sweep_that_is_still_to_come_moves_nothing() -> None:
    rows = read(EXPORTS / "cfm-sweeps.json")
    assert ({}, 2) == (rows.tables, rows.ignored.height)


def contract(entry: str, clock: str, side: str, size: str, price: str, fee: str) -> dict[str, Any]:
    return {"entry_id": entry, "trade_id": f"t{entry}", "order_id": f"o{entry}", "trade_time": f"2025-06-{clock}Z",
            "trade_type": "FILL", "price": price, "size": size, "commission": fee, "product_id": "BIT-27JUN25-CDE",
            "size_in_quote": False, "side": side}  # fmt: skip


def test_a_life_of_futures_agrees_with_what_the_venue_states(book: Book, tmp_path: Path) -> None:
    fills = [
        contract("1", "02T14:00:00", "BUY", "5", "100000", "1.5"),
        contract("2", "03T14:00:00", "SELL", "2", "103000", "0.6"),
        contract("3", "04T14:00:00", "SELL", "4", "99000", "1.2"),
    ]
    held = [{"product_id": "BIT-27JUN25-CDE", "expiration_time": "2025-06-27T15:00:00Z", "side": "SHORT",
             "number_of_contracts": "1", "current_price": "98500", "avg_entry_price": "99000", "unrealized_pnl": "5",
             "daily_realized_pnl": "-30"}]  # fmt: skip
    imported(
        book,
        answer(tmp_path, "fills.json", fills),
        answer(tmp_path, "positions 2025-06-05T0000Z.json", held),
    )
    columns = ("side", "status", "max_quantity", "gross_pnl", "trading_fees", "net_pnl")
    # 2 x 0.01 x 3,000 - 3 x 0.01 x 1,000 = 30; of the last fee three quarters close, one quarter opens
    assert [("long", "closed", "5", "30", "3", "27"), ("short", "open", "1", "0", "0.3", "-0.3")] == facts(
        book, "positions", *columns
    )
    assert [("usdm", "USD", "26.7")] == facts(book, "balances", "wallet", "asset", "computed")
    assert [] == facts(book, "findings", "kind") and [] == offenders(book)


def perpetual(ref: str, clock: str, side: str, size: str, price: str, fee: str) -> dict[str, Any]:
    return {"fill_id": ref, "symbol": "ETH-PERP", "side": side, "fill_price": price, "fill_qty": size, "fee": fee,
            "fee_asset": "USDC", "order_id": f"o{ref}", "event_time": f"2025-07-{clock}.000Z"}  # fmt: skip


def transfer(ref: str, clock: str, kind: str, amount: str, *, out: bool = False, symbol: str = "") -> dict[str, Any]:
    own, fund = {"id": "p-1", "uuid": "u-1", "name": "main"}, {"name": "CB_FUND"}
    ends = {"from_portfolio": own, "to_portfolio": fund} if out else {"from_portfolio": fund, "to_portfolio": own}
    return {"transfer_uuid": ref, "transfer_type": kind, "amount": amount, "asset": "USDC", "status": "PROCESSED",
            "created_at": f"2025-07-{clock}.000Z", "instrument_symbol": symbol, **ends}  # fmt: skip


def test_a_perpetual_of_the_international_exchange_pays_its_funding_in_any_order_of_files(tmp_path: Path) -> None:
    fills = [
        perpetual("f1", "01T10:00:00", "BUY", "2", "2500", "1"), perpetual("f2", "02T09:00:00", "SELL", "2", "2560", "1.024"),
    ]  # fmt: skip
    transfers = [
        transfer("x1", "01T09:00:00", "DEPOSIT", "1000"),
        transfer("x2", "01T16:00:00", "FUNDING", "0.5", out=True, symbol="ETH-PERP"),
        transfer("x3", "02T00:00:00", "FUNDING", "0.2", symbol="ETH-PERP"),
        transfer("x4", "02T10:00:00", "WITHDRAW", "100"),
    ]
    advanced = [{
        "entry_id": f"e{fill['fill_id']}", "trade_id": f"t{fill['fill_id']}", "order_id": fill["order_id"],
        "trade_time": fill["event_time"], "trade_type": "FILL", "price": fill["fill_price"], "size": fill["fill_qty"],
        "commission": fill["fee"], "product_id": "ETH-PERP-INTX", "size_in_quote": False, "side": fill["side"],
    } for fill in fills]  # fmt: skip
    paths = [
        answer(tmp_path, "fills.json", fills), answer(tmp_path, "transfers.json", transfers),
        answer(tmp_path, "advanced.json", advanced),
    ]  # fmt: skip
    for number, order in enumerate(permutations(paths)):
        folder = tmp_path / str(number)
        folder.mkdir()
        book = new_book(folder)
        for path in (*order, order[0]):
            imported(book, path)
        columns = ("symbol", "status", "gross_pnl", "trading_fees", "funding", "net_pnl")
        assert [("ETH-PERP-INTX", "closed", "120", "2.024", "-0.3", "117.676")] == facts(book, "positions", *columns)
        assert [("unified", "USDC", "1017.676")] == facts(book, "balances", "wallet", "asset", "computed")
        assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)


def test_a_transfer_between_two_portfolios_is_rejected_since_nothing_says_which_is_meant() -> None:
    reasons = [reason for _, _, reason in rejects(read(EXPORTS / "international_transfers.json"))]
    assert [
        "unmapped: expected one of DEPOSIT, WITHDRAW, REBATE, STIPEND, INTERNAL, FUNDING",
        "unmapped: nobody has described this kind of row",
    ] == reasons
