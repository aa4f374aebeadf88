"""Margin accounts of the venues end to end: small invented exports whose every figure can be checked by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from tests.books import STATEMENT, facts, imported, new_book, write

D = Decimal
BYBIT = (
    "Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,"
    "Action,OrderId,TradeId,Time"
)
LEDGERS = '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"'
TRADES = '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"'
NAMED_TRADES = (
    '"txid","ordertxid","pair","aclass","subclass","time","type","ordertype","price","cost","fee","vol","margin","misc",'
    '"ledgers","posttxid","posstatuscode","cprice","ccost","cfee","cvol","cmargin","net","trades"'
)
NO_POSITION = "TKH2SE-M7IF5-CFI7LT"
BORROW_REPAY = "direction,type,isolatedSymbol,amount,asset,interest,principal,status,timestamp,txId"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


class Unified:
    """A unified account whose log keeps its running balances."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.balances: dict[str, Decimal] = {}

    def add(self, clock: str, coin: str, kind: str, cash: str, *, fee: str = "0", funding: str = "0", contract: str = "",
            side: str = "--", quantity: str = "0", position: str = "0", price: str = "0", action: str = "--",
            ref: str = "") -> None:  # fmt: skip
        change = D(cash) + D(fee) + D(funding)
        self.balances[coin] = self.balances.get(coin, D(0)) + change
        self.rows.insert(0, f"{coin},{contract},{kind},{side},{quantity},{position},{price},{funding},{fee},{cash},{change},"
                            f"{self.balances[coin]},{action},{ref},{ref},2026-01-{clock}.000")  # fmt: skip

    def save(self, folder: Path) -> Path:
        return write(folder, "Bybit-UM-TransactionLog-1767225600-1769904000.csv", BYBIT, self.rows)


def test_a_unified_account_owes_what_its_balance_is_below_zero_and_its_stake_pays_the_interest(
    book: Book, tmp_path: Path
) -> None:
    log = Unified()
    log.add("05 07:00:00", "USDT", "TRANSFER_IN", "500")
    log.add(
        "05 08:00:00",
        "USDT",
        "TRADE",
        "-1800",
        contract="ETHUSDT",
        side="BUY",
        quantity="-1800",
        price="3000",
        ref="11",
    )
    log.add("05 08:00:00", "ETH", "TRADE", "0.6", fee="-0.0006", contract="ETHUSDT", side="BUY", quantity="0.6", price="3000",
            ref="11")  # fmt: skip
    log.add("05 09:05:00", "USDT", "INTEREST", "-0.0143")
    log.add(
        "05 12:00:00",
        "ETH",
        "TRADE",
        "-0.5994",
        contract="ETHUSDT",
        side="SELL",
        quantity="-0.5994",
        price="3100",
        ref="12",
    )
    log.add("05 12:00:00", "USDT", "TRADE", "1858.14", fee="-1.85814", contract="ETHUSDT", side="SELL", quantity="1858.14",
            price="3100", ref="12")  # fmt: skip
    imported(book, log.save(tmp_path))
    columns = ("status", "max_quantity", "gross_pnl", "trading_fees", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [("closed", "0.5994", "59.94", "3.65814", "0.0143", "56.26756")]
    assert D("56.26756") == log.balances["USDT"] - 500
    assert facts(book, "loan_events", "kind", "amount", "principal_after") == [
        ("drawn", "1300", "1300"), ("accrued", "0.0143", "1300.0143"), ("repaid_principal", "1300.0143", "0"),
    ]  # fmt: skip
    assert facts(book, "balances", "asset", "computed", "owed", "difference") == [
        ("ETH", "0", "0", "0"), ("USDT", "556.26756", "0", "0"),
    ]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_a_forced_conversion_liquidates_the_stake_and_a_takeover_the_perpetual(book: Book, tmp_path: Path) -> None:
    log = Unified()
    log.add("05 07:00:00", "USDT", "TRANSFER_IN", "1000")
    log.add("05 07:30:00", "USDT", "TRADE", "0", fee="-11", contract="BTCUSDT", side="BUY", quantity="0.2", position="0.2",
            price="100000", action="OPEN", ref="21")  # fmt: skip
    log.add("05 08:00:00", "USDT", "SETTLEMENT", "0", funding="-2.01", contract="BTCUSDT", side="BUY", position="0.2",
            price="100500", action="SETTLEMENT", ref="22")  # fmt: skip
    log.add(
        "05 09:00:00",
        "USDT",
        "TRADE",
        "-1200",
        contract="BTCUSDT",
        side="BUY",
        quantity="-1200",
        price="100000",
        ref="23",
    )
    log.add(
        "05 09:00:00",
        "BTC",
        "TRADE",
        "0.012",
        contract="BTCUSDT",
        side="BUY",
        quantity="0.012",
        price="100000",
        ref="23",
    )
    log.add("05 10:00:00", "BTC", "CURRENCY_SELL", "-0.012", quantity="0.012", price="97000", ref="c1")
    log.add("05 10:00:00", "USDT", "CURRENCY_BUY", "1164", quantity="1164", price="97000", ref="c1")
    log.add("05 13:00:00", "USDT", "LIQUIDATION", "-900", fee="-10.505", contract="BTCUSDT", side="SELL", quantity="0.2",
            price="95500", action="CLOSE", ref="24")  # fmt: skip
    imported(book, log.save(tmp_path))
    columns = ("product", "status", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("perpetual", "liquidated", "-900", "21.505", "-2.01", "-923.515"),
        ("spot", "liquidated", "-36", "0", "0", "-36"),
    ]
    assert facts(book, "liquidations", "symbol", "stage", "loss") == [
        ("BTCUSDT", "full", "36"),
        ("BTCUSDT", "takeover", "910.505"),
    ]
    ((liquidated,),) = facts(book, "loans", "liquidated")
    assert liquidated == "213.01"  # what was owed: 1,200 less the 986.99 that were there
    assert D("40.485") == log.balances["USDT"] and offenders(book) == []


def kraken_ledger(*rows: tuple[str, ...]) -> list[str]:
    """Rows (number, refid, clock, type, amount, fee) of a USD wallet with its running balance."""
    balance, lines = D(0), []
    for number, ref, clock, kind, amount, fee in rows:
        balance += D(amount) - D(fee)
        lines.append(
            f'"LROW{number}-AAAAA-000001","{ref}","2021-06-{clock}","{kind}","","currency","ZUSD",{amount},{fee},{balance}'
        )
    return lines


def kraken_trade(txid: str, clock: str, side: str, kind: str, price: str, vol: str, fee: str, misc: str) -> str:
    cost = D(price) * D(vol)
    return (f'"{txid}","O{txid[1:]}","XXBTZUSD","2021-06-{clock}.5000","{side}","{kind}",{price},{cost},{fee},{vol},{cost / 5},'
            f'"{misc}",""')  # fmt: skip


def test_lots_are_closed_first_in_first_out_where_the_export_does_not_name_them(book: Book, tmp_path: Path) -> None:
    trades = [
        kraken_trade("TAAAA1-AAAAA-000001", "01 10:00:00", "buy", "limit", "30000", "0.1", "7.8", ""),
        kraken_trade("TAAAA2-AAAAA-000001", "01 11:00:00", "buy", "limit", "31000", "0.1", "8.06", ""),
        kraken_trade(
            "TAAAA3-AAAAA-000001", "02 10:00:00", "sell", "liquidation market", "29000", "0.15", "11.31", "closing"
        ),
    ]
    imported(book, write(tmp_path, "trades.csv", TRADES, trades))
    columns = ("status", "entry_price", "max_quantity", "quantity", "gross_pnl", "trading_fees")
    assert facts(book, "positions", *columns) == [
        ("liquidated", "30000", "0.1", "0", "-100", "15.34"), ("open", "31000", "0.1", "0.05", "-100", "11.83"),
    ]  # fmt: skip
    assert offenders(book) == []


def test_kraken_books_results_fees_and_rollovers_of_a_lot_by_its_opening_trade(book: Book, tmp_path: Path) -> None:
    opened, closed = "TLOTS1-AAAAA-000001", "TLOTS2-AAAAA-000001"
    rows = kraken_ledger(
        ("1", "FTdep-1", "01 08:00:00", "deposit", "1000", "0"),
        ("2", opened, "01 10:00:00", "margin", "0", "9.1"),
        ("3", opened, "01 14:00:01", "rollover", "0", "0.7"),
        ("4", opened, "01 18:00:02", "rollover", "0", "0.7"),
        ("5", closed, "01 20:00:00", "margin", "-120", "8.7"),
    )
    cells = ',"","","","","","","",""'
    trades = [
        f'"{opened}","OLOTS1-AAAAA-000001","BTC/USD","forex","crypto","2021-06-01 10:00:00.1000","buy","market",35000,3500,8.4,'
        f'0.1,700,"initiated","","{NO_POSITION}"{cells}',
        f'"{closed}","OLOTS2-AAAAA-000001","BTC/USD","forex","crypto","2021-06-01 20:00:00.1000","sell","limit",33800,3380,8.7,'
        f'0.1,700,"closing","","{opened}"{cells}',
    ]  # fmt: skip
    imported(book, write(tmp_path, "ledgers.csv", LEDGERS, rows), write(tmp_path, "trades.csv", NAMED_TRADES, trades))
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [("BTC/USD", "closed", "-120", "17.8", "1.4", "-139.2")]
    assert facts(book, "balances", "computed", "stated", "difference", "owed") == [("860.8", "860.8", "0", "0")]
    assert facts(book, "findings", "kind") == [] and offenders(book) == []


def test_an_isolated_liquidation_of_the_statement_alone_shows_its_position_its_fee_and_its_interest(
    book: Book, tmp_path: Path
) -> None:
    account = "Isolated Margin"
    rows = [
        f'7,2024-03-01 10:00:00,{account},Isolated Margin Loan,USDT,2000,""',
        f'7,2024-03-01 10:00:00,{account},Transaction Spend,USDT,-2000,""',
        f'7,2024-03-01 10:00:00,{account},Transaction Buy,SOL,16,""',
        f'7,2024-03-01 10:00:00,{account},Transaction Fee,SOL,-0.016,""',
        f'7,2024-03-02 03:11:08,{account},Transaction Sold,SOL,-15.984,""',
        f'7,2024-03-02 03:11:09,{account},Transaction Revenue,USDT,2100,""',
        f'7,2024-03-02 03:11:09,{account},Isolated Margin Liquidation - Forced Repayment,USDT,-2000.36,""',
        f'7,2024-03-02 03:11:09,{account},Isolated Margin Liquidation - Fee,USDT,-25,""',
    ]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, rows))
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "interest", "liquidation_fees", "net_pnl")
    assert facts(book, "positions", *columns) == [("SOLUSDT", "liquidated", "102", "2", "0.36", "25", "74.64")]
    assert facts(book, "balances", "asset", "computed", "owed") == [("SOL", "0", "0"), ("USDT", "74.64", "0")]
    assert facts(book, "loans", "drawn", "interest", "liquidated", "remaining_debt", "flags") == [
        ("2000", "0.36", "2000.36", "0", ["interest_implied"])
    ]
    assert offenders(book) == []


def test_a_record_of_borrowings_only_does_not_silence_the_repayments_of_the_statement(
    book: Book, tmp_path: Path
) -> None:
    rows = [
        '7,2024-03-01 10:00:00,Cross Margin,Margin Loan,USDT,100,""',
        '7,2024-03-01 12:00:00,Cross Margin,Margin Repayment,USDT,-50,""',
        '7,2024-03-01 14:00:00,Cross Margin,Margin Loan,USDT,20,""',
        '7,2024-03-01 16:00:00,Cross Margin,Margin Repayment,USDT,-70,""',
    ]
    records = [
        "BORROW,MANUAL,,100,USDT,0,100,CONFIRMED,1709287200000,1",
        "BORROW,MANUAL,,20,USDT,0,20,CONFIRMED,1709301600000,2",
    ]
    imported(
        book, write(tmp_path, "statement.csv", STATEMENT, rows), write(tmp_path, "borrow.csv", BORROW_REPAY, records)
    )
    assert facts(book, "loans", "drawn", "repaid_principal", "remaining_debt") == [("120", "120", "0")]
    assert offenders(book) == []


def test_a_forced_order_without_ids_marks_the_fills_nearest_to_it_up_to_its_size(book: Book, tmp_path: Path) -> None:
    trades = [
        "2024-03-01 10:00:00,SOLUSDT,BUY,125,16SOL,2000USDT,0USDT",
        "2024-03-02 03:10:50,SOLUSDT,SELL,121,1SOL,121USDT,0USDT",
        "2024-03-02 03:11:09,SOLUSDT,SELL,120,15SOL,1800USDT,0USDT",
    ]
    header = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
    forced = "avgPrice,executedQty,orderId,price,qty,side,symbol,timeInForce,isIsolated,updatedTime"
    imported(book, write(tmp_path, "trades.csv", header, trades), wallet="cross_margin")
    order = ["120,15,9,119,15,SELL,SOLUSDT,GTC,false,1709349069000"]
    imported(book, write(tmp_path, "force.csv", forced, order))
    executions = book.store.rows("SELECT execution FROM legs ORDER BY filled_at")
    assert [("trade",), ("trade",), ("liquidation",)] == executions
    assert facts(book, "positions", "status", "gross_pnl") == [("liquidated", "-79")]


def test_fills_of_one_minute_without_an_order_are_a_finding(book: Book, tmp_path: Path) -> None:
    header = (
        "Market,Filled Type,Filled Quantity,Filled Price,Order Price,Fee Rate,Trading Fee,feeCoin,ExecFeeV2,Direction,"
        "Order Type,Trasaction ID,Order No.,Transaction Time(UTC+0)"
    )
    rows = [
        "ETHUSDT,Trade,1,3010,3010,0.0002,0.602,USDT,0.602,Short,Limit, 22222222, 33333333,07:30 2026-01-05",
        "ETHUSDT,Trade,1,3000,3000,0.0002,0.6,USDT,0.6,Long,Limit, 11111111, 44444444,07:30 2026-01-05",
    ]
    imported(book, write(tmp_path, "Bybit-UTA-Perp-TradeHistory-1767571200-1767657600.csv", header, rows))
    assert facts(book, "positions", "side", "gross_pnl") == [("long", "10")]
    kinds = [kind for (kind,) in facts(book, "findings", "kind")]
    assert "unknown_order" in kinds and offenders(book) == []


def test_a_short_of_a_unified_account_buys_its_interest_in_kind_and_leaves_no_long(book: Book, tmp_path: Path) -> None:
    log = Unified()
    words = {"contract": "BTCUSDT", "side": "SELL", "quantity": "-0.1", "price": "100000", "ref": "31"}
    log.add("05 06:00:00", "USDT", "TRANSFER_IN", "20000")
    log.add("05 08:00:00", "BTC", "TRADE", "-0.1", **words)
    log.add("05 08:00:00", "USDT", "TRADE", "10000", fee="-10", **(words | {"quantity": "10000"}))
    log.add("05 09:05:00", "BTC", "INTEREST", "-0.00001")
    log.add("05 10:05:00", "BTC", "INTEREST", "-0.00001")
    words = {"contract": "BTCUSDT", "side": "BUY", "quantity": "0.10002", "price": "99000", "ref": "32"}
    log.add("05 11:00:00", "BTC", "TRADE", "0.10002", **words)
    log.add("05 11:00:00", "USDT", "TRADE", "-9901.98", **(words | {"quantity": "-9901.98"}))
    imported(book, log.save(tmp_path))
    columns = ("side", "status", "gross_pnl", "trading_fees", "interest", "net_pnl", "flags")
    assert facts(book, "positions", *columns) == [("short", "closed", "100", "10", "1.98", "88.02", [])]
    assert D("88.02") == log.balances["USDT"] - 20000
    assert facts(book, "findings", "kind") == [] and offenders(book) == []


def test_interest_that_the_statement_shows_a_second_after_the_close_was_bought_by_it(
    book: Book, tmp_path: Path
) -> None:
    rows = [
        '7,2024-03-01 10:30:00,Cross Margin,Margin Loan,ETH,2,""',
        '7,2024-03-01 10:30:00,Cross Margin,Transaction Sold,ETH,-2,""',
        '7,2024-03-01 10:30:00,Cross Margin,Transaction Revenue,BTC,0.1,""',
        '7,2024-03-01 11:30:00,Cross Margin,Transaction Spend,BTC,-0.080004,""',
        '7,2024-03-01 11:30:00,Cross Margin,Transaction Buy,ETH,2.0001,""',
        '7,2024-03-01 11:30:01,Cross Margin,Margin Repayment,ETH,-2.0001,""',
    ]
    imported(book, write(tmp_path, "statement.csv", STATEMENT, rows))
    columns = ("side", "status", "gross_pnl", "interest", "net_pnl", "flags")
    assert facts(book, "positions", *columns) == [("short", "closed", "0.02", "0.000004", "0.019996", [])]
    assert facts(book, "balances", "asset", "computed", "owed") == [("BTC", "0.019996", "0"), ("ETH", "0", "0")]
    assert offenders(book) == []


def test_a_lot_that_is_settled_delivers_coins_also_where_only_the_trades_say_so(book: Book, tmp_path: Path) -> None:
    opened, settled = "TSETT1-AAAAA-000001", "TSETT2-AAAAA-000001"
    cells = ',"","","","","","","",""'
    trades = [
        f'"{opened}","OSETT1-AAAAA-000001","BTC/USD","forex","crypto","2021-06-01 10:00:00.1","buy","limit",35000,3500,8.4,'
        f'0.1,700,"initiated","","{NO_POSITION}"{cells}',
        f'"{settled}","OSETT2-AAAAA-000001","BTC/USD","forex","crypto","2021-06-01 20:00:00.1","buy","settle position",35000,'
        f'3500,0,0.1,700,"closing","","{opened}"{cells}',
    ]  # fmt: skip
    imported(book, write(tmp_path, "trades.csv", NAMED_TRADES, trades))
    assert facts(book, "positions", "status", "gross_pnl", "net_pnl") == [("delivered", "0", "-8.4")]
    assert facts(book, "balances", "asset", "computed") == [("BTC", "0.1"), ("USD", "-3508.4")]
    assert offenders(book) == []


def test_a_result_that_a_lot_without_its_opening_took_is_counted_once(book: Book, tmp_path: Path) -> None:
    closed = "TLOTS9-AAAAA-000001"
    rows = kraken_ledger(
        ("1", "FTdep-1", "01 08:00:00", "deposit", "1000", "0"), ("2", closed, "01 20:00:00", "margin", "200", "8.7"),
    )  # fmt: skip
    trades = [kraken_trade(closed, "01 20:00:00", "sell", "limit", "33800", "0.1", "8.7", "closing")]
    imported(book, write(tmp_path, "ledgers.csv", LEDGERS, rows), write(tmp_path, "trades.csv", TRADES, trades))
    assert facts(book, "realized", "gross_pnl", "trading_fees", "net_pnl") == [("200", "8.7", "191.3")]
    assert offenders(book) == []


def test_a_forced_order_and_its_fills_without_ids_are_one_liquidation(book: Book, tmp_path: Path) -> None:
    trades = [
        "2024-03-01 10:00:00,SOLUSDT,BUY,125,16SOL,2000USDT,0USDT",
        "2024-03-02 03:11:09,SOLUSDT,SELL,120,16SOL,1920USDT,0USDT",
    ]
    header = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
    forced = "avgPrice,executedQty,orderId,price,qty,side,symbol,timeInForce,isIsolated,updatedTime"
    imported(book, write(tmp_path, "trades.csv", header, trades), wallet="isolated_margin")
    order = ["120,16,9,119,16,SELL,SOLUSDT,GTC,true,1709349069000"]
    imported(book, write(tmp_path, "force.csv", forced, order))
    assert facts(book, "liquidations", "symbol", "quantity", "loss") == [("SOLUSDT", "16", "80")]


def test_a_charge_at_a_borrow_by_hand_is_of_the_position_that_follows_within_the_hour(
    book: Book, tmp_path: Path
) -> None:
    trades = ["2024-03-01 10:05:00,SOLUSDT,BUY,125,8SOL,1000USDT,0USDT"]
    header = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
    interest = "txId,interestAccuredTime,asset,rawAsset,principal,interest,interestRate,type,isolatedSymbol"
    charges = ["1,1709287200000,USDT,USDT,1000,0.02,0.00048,ON_BORROW,"]
    imported(book, write(tmp_path, "trades.csv", header, trades), wallet="cross_margin")
    imported(book, write(tmp_path, "interest.csv", interest, charges))
    assert facts(book, "positions", "interest") == [("0.02",)]


def test_trades_imported_into_two_wallets_are_a_finding(book: Book, tmp_path: Path) -> None:
    trades = ["2024-03-01 10:05:00,SOLUSDT,BUY,125,8SOL,1000USDT,0USDT"]
    header = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"
    imported(book, write(tmp_path, "trades.csv", header, trades), wallet="cross_margin")
    more = ["2024-03-01 11:05:00,SOLUSDT,SELL,126,8SOL,1008USDT,0USDT", *trades]
    imported(book, write(tmp_path, "more.csv", header, more))
    assert "trades_twice" in [kind for (kind,) in facts(book, "findings", "kind")]


def test_what_a_row_borrows_and_what_is_below_zero_are_owed_together(book: Book, tmp_path: Path) -> None:
    log = Unified()
    words = {"contract": "BTCUSDT", "side": "SELL", "quantity": "-0.1", "price": "60000", "ref": "41"}
    log.add("05 07:00:00", "BTC", "BORROW", "0.1")
    log.add("05 08:00:00", "BTC", "TRADE", "-0.1", **words)
    log.add("05 08:00:00", "USDT", "TRADE", "6000", **(words | {"quantity": "6000"}))
    log.add("05 09:05:00", "BTC", "INTEREST", "-0.00002")
    words = {"contract": "BTCUSDT", "side": "BUY", "quantity": "0.10002", "price": "59000", "ref": "42"}
    log.add("05 12:30:00", "BTC", "TRADE", "0.10002", **words)
    log.add("05 12:30:00", "USDT", "TRADE", "-5901.18", **(words | {"quantity": "-5901.18"}))
    log.add("05 12:31:00", "BTC", "REPAY", "-0.1")
    imported(book, log.save(tmp_path))
    columns = ("side", "status", "gross_pnl", "interest", "net_pnl", "flags")
    assert facts(book, "positions", *columns) == [("short", "closed", "100", "1.18", "98.82", [])]
    assert D("98.82") == log.balances["USDT"] and offenders(book) == []


def test_a_stake_that_the_wallet_does_not_hold_is_a_finding_that_an_entered_opening_heals(
    book: Book, tmp_path: Path
) -> None:
    log = Unified()
    log.balances = {"BTC": D("-0.1"), "USDT": D(20000)}
    log.add(
        "05 09:00:00",
        "USDT",
        "TRADE",
        "-10000",
        contract="BTCUSDT",
        side="BUY",
        quantity="-10000",
        price="100000",
        ref="31",
    )
    log.add(
        "05 09:00:00", "BTC", "TRADE", "0.1", contract="BTCUSDT", side="BUY", quantity="0.1", price="100000", ref="31"
    )
    imported(book, log.save(tmp_path))
    assert facts(book, "positions", "side", "status", "quantity") == [("long", "open", "0.1")]
    assert "held_less" in [kind for (kind,) in facts(book, "findings", "kind")]


def test_a_lenders_export_that_is_cut_beside_an_event_of_a_loan_is_a_finding(book: Book, tmp_path: Path) -> None:
    header = (
        "Transaction,Type,Input Currency,Input Amount,Output Currency,Output Amount,USD Equivalent,Fee,Fee Currency,"
        "Details,Date / Time (UTC)"
    )
    first = [
        "NXT1,Top up Crypto,BTC,1.0,BTC,1.0,$60000.00,-,-,approved / a1,2024-01-09 09:30:00",
        "NXT2,Withdrawal Credit,xUSD,900.0,USDC,900.0,$900.00,-,-,approved / Credit to USDC,2024-01-10 09:30:00",
        "NXT3,Automatic Sell Order,BTC,-0.005,BTC,0.005,$300.00,-,-,approved / Crypto Repayment,2024-01-31 23:58:00",
    ]
    second = ["NXT4,Manual Repayment,USD,300.0,USD,0.0,$300.00,-,-,approved / Crypto Repayment,2024-02-01 00:03:00"]
    imported(book, write(tmp_path, "january.csv", header, first))
    assert "cut_event" not in [kind for (kind,) in facts(book, "findings", "kind")]
    imported(book, write(tmp_path, "february.csv", header, second))
    assert "cut_event" in [kind for (kind,) in facts(book, "findings", "kind")]
