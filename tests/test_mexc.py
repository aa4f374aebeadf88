"""MEXC: directions that mislead, headers with and without account and zone, files that share a header; a life end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from importers import mexc
from importers.contract import Normalized
from importers.mexc import funds, spot
from importers.mexc.cells import symbol_of
from importers.shapes import LOG
from ledger.book import Book
from schemas.errors import MissingTimeZone
from tests.books import facts, imported, new_book, write
from tests.exports import answer, offenders, picked, read, rejects

TRADES = (
    "UID,Time(UTC+00:00),Futures Trading Pair,Direction,Order Type,Filled Qty (Cont.),Filled Qty (Crypto),Filled Qty (Amount),"
    "Filled Price,Trading Fee,Fee-payment Crypto,Role,Closing PNL"
)
ORDERS = (
    "UID,Time(UTC+00:00),Futures Trading Pair,Direction,Leverage,Order Type,Order Qty (Cont.),Filled Qty (Cont.),"
    "Order Qty (Crypto),Filled Qty (Crypto),Order Qty (Amount),Filled Qty (Amount),Order Price,Average Filled Price,Closing PNL,"
    "Trading Fee,Fee-payment Crypto,Status"
)
FLOW = "UID,Time(UTC+00:00),Futures Trading Pair,Crypto,Fund Type,Fund Flow Type,Amount"
SPOT = "UID,Pairs,Time,Side,Filled Price,Executed Amount,Total,Fee,Role"
STATEMENT = "UID,Creation Time(UTC+00:00),Crypto,Transaction Type,Direction,Quantity"
TRANSFERS = (
    "UID,From System,To System,Currency,Amount,Status,update_time(UTC+00:00),create_time(UTC+00:00),Transfer Type"
)
DEPOSITS = "UID,Status,Time,Crypto,Network,Deposit Amount,TxID,Progress"
POSITIONS = (
    "UID,Futures,Open Time(UTC+00:00),Close Time,Margin Mode,Avg Entry Price,Avg Close Price,Direction,Closing Qty (Cont.),Fee,"
    "Realized PNL,Status"
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def export(folder: Path, header: str, *rows: str, name: str = "export.csv", zone: str | None = None) -> Normalized:
    return read(write(folder, name, header, rows), mexc.FORMATS, zone=zone)


def trade(clock: str, direction: str, coins: str, price: str, fee: str, pnl: str = "0", pair: str = "BTC_USDT") -> str:
    contracts = f"{float(coins) * 10_000:g}"
    return f"7,2026-05-{clock},{pair},{direction},market,{contracts},{coins},{float(coins) * float(price):g},{price},{fee},USDT,Taker,{pnl}"


def flow(clock: str, kind: str, way: str, amount: str, pair: str = "BTC_USDT") -> str:
    return f"7,2026-05-{clock},{pair},USDT,{kind},{way},{amount}"


# ----------------------------------------------------------------------------------------------- futures


@pytest.mark.parametrize(
    ("direction", "side", "effect", "position_side"),
    [("buy long", "buy", "open", "long"), ("sell long", "sell", "close", "long"), ("buy short", "sell", "open", "short"),
     ("sell short", "buy", "close", "short")],
)  # fmt: skip
def test_buy_short_opens_a_short_and_sell_short_closes_it(
    tmp_path: Path, direction: str, side: str, effect: str, position_side: str
) -> None:
    result = export(tmp_path, TRADES, trade("09 10:00:00", direction, "0.01", "90000", "0.36"))
    assert [(side, effect, position_side)] == picked(result, "fills", "side", "effect", "position_side")


@pytest.mark.parametrize(
    ("printed", "name"), [("BTC_USDT", "BTC_USDT"), ("BTCUSDT", "BTC_USDT"), ("btc-usdt", "BTC_USDT"), ("XYZ", None)]
)
def test_a_contract_has_one_name(printed: str, name: str | None) -> None:
    assert name == symbol_of(printed)


def test_a_linear_contract_counts_coins_and_an_inverse_one_contracts(tmp_path: Path) -> None:
    rows = (
        trade("09 10:00:00", "buy long", "0.01", "90000", "0"),
        trade("09 11:00:00", "buy long", "0.01", "90000", "0", pair="BTC_USD"),
    )
    columns = ("wallet", "instrument", "quantity", "notional_stated", "settle_asset")
    assert [("usdm", "BTC/USDT:USDT", "0.01", "900", "USDT"), ("coinm", "BTC/USD:BTC", "100", None, "BTC")] == picked(
        export(tmp_path, TRADES, *rows), "fills", *columns
    )


def test_an_opening_fill_states_no_result(tmp_path: Path) -> None:
    rows = (
        trade("09 10:00:00", "buy long", "0.01", "90000", "0"),
        trade("09 11:00:00", "sell long", "0.01", "90000", "0"),
    )
    assert [(None,), ("0",)] == picked(export(tmp_path, TRADES, *rows), "fills", "realized_stated")


@pytest.mark.parametrize(
    ("status", "direction", "results", "reason"),
    [
        ("FINISHED", "sell long", [("10", "gross", "order")], None),
        ("FINISHED", "buy long", [], "an order that opened: it has no result; its fills are in the trade history"),
        ("CANCELLED", "sell long", [], "cancelled: not done, or not done yet"),
    ],
)
def test_an_order_is_a_check_of_what_it_closed(
    tmp_path: Path, status: str, direction: str, results: list[tuple[str, ...]], reason: str | None
) -> None:
    row = (
        f"7,2026-05-12 10:00:00,BTC_USDT,{direction},20,market,100,100,0.01,0.01,910,910,0,91000,10,0.36,USDT,{status}"
    )
    result = export(tmp_path, ORDERS, row)
    assert results == (
        picked(result, "stated_results", "amount", "basis", "grain") if "stated_results" in result.tables else []
    )
    assert [reason] * bool(reason) == result.ignored["reason"].to_list()
    assert "fills" not in result.tables


@pytest.mark.parametrize(
    ("kind", "way", "amount", "table", "expected"),
    [("Funding Fee", "Out", "-0.06", "funding", "-0.06"), ("Funding Fee", "In", "0.06", "funding", "0.06"),
     ("Transfer", "Outflow", "5", "transfers", "-5"), ("Transfer", "Inflow", "5", "transfers", "5")],
)  # fmt: skip
def test_the_capital_flow_is_signed_by_its_way(
    tmp_path: Path, kind: str, way: str, amount: str, table: str, expected: str
) -> None:
    result = export(tmp_path, FLOW, flow("09 16:00:00", kind, way, amount))
    assert [(expected,)] == picked(result, table, "amount")
    assert "movements" not in result.tables


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (flow("09 16:00:00", "Prize", "In", "1"), ("Fund Type", "Prize", "unmapped: expected a fund type as Funding Fee, Transfer")),
        (flow("09 16:00:00", "Funding Fee", "In", "-1"),
         ("Amount", "-1", "expected a number and a direction, In or Out, that do not gainsay each other")),
        (flow("09 16:00:00", "Funding Fee", "Up", "1"),
         ("Amount", "1", "expected a number and a direction, In or Out, that do not gainsay each other")),
    ],
)  # fmt: skip
def test_what_nobody_described_in_the_capital_flow_is_rejected(
    tmp_path: Path, row: str, expected: tuple[str, str, str]
) -> None:
    assert [expected] == rejects(export(tmp_path, FLOW, row))


def test_the_close_of_a_position_is_in_the_zone_of_its_opening(tmp_path: Path) -> None:
    header = POSITIONS.replace("+00:00", "+08:00")
    row = "7,BTC_USDT,2026-05-09 18:00:00,2026-05-12 18:00:00,Cross,90000,91000,Long,100,0.364,9.596,Closed"
    expected = [(datetime(2026, 5, 9, 10, tzinfo=UTC), datetime(2026, 5, 12, 10, tzinfo=UTC), None)]
    assert expected == picked(
        export(tmp_path, header, row), "stated_positions", "opened_at", "closed_at", "closed_quantity"
    )


# -------------------------------------------------------------------------------------------------- spot


def test_old_files_have_neither_account_nor_zone(tmp_path: Path) -> None:
    header, row = SPOT.removeprefix("UID,"), "MXUSDT,2023-05-02 18:00:00,BUY,3,20,60,0.03,Taker"
    with pytest.raises(MissingTimeZone):
        export(tmp_path, header, row)
    result = export(tmp_path, header, row, zone="+08:00")
    assert [(datetime(2023, 5, 2, 10, tzinfo=UTC), "MX/USDT", "buy")] == picked(
        result, "fills", "filled_at", "instrument", "side"
    )


@pytest.mark.parametrize(
    ("printed", "fee", "asset"), [("0.016USDT", "0.016", "USDT"), ("0.5MX", "0.5", "MX"), ("0.03", "0.03", "USDT")]
)
def test_a_fee_is_glued_to_its_asset_or_in_the_quote(tmp_path: Path, printed: str, fee: str, asset: str) -> None:
    result = export(tmp_path, SPOT, f"7,MX_USDT,2026-05-02 18:00:00,Buy,3,20,60,{printed},Taker", zone="UTC")
    assert [(fee, asset)] == picked(result, "fills", "fee", "fee_asset")


def test_equal_fills_of_one_second_are_both_kept(book: Book, tmp_path: Path) -> None:
    row = "7,MX_USDT,2026-05-02 18:00:00,Buy,3,20,60,0.03USDT,Taker"
    imported(book, write(tmp_path, "spot.csv", SPOT, [row, row]), timezone="UTC")
    assert facts(book, "balances", "asset", "computed") == [("MX", "40"), ("USDT", "-120.06")]


@pytest.mark.parametrize(
    ("name", "wallet"),
    [("Spot Statement.csv", "spot"), ("Futures-Statement.csv", "usdm"), ("Flexible Savings.csv", "earn")],
)
def test_the_name_of_a_statement_says_whose_it_is(tmp_path: Path, name: str, wallet: str) -> None:
    result = export(tmp_path, STATEMENT, "7,2026-05-01 08:00:00,USDT,Transfer,In,5", name=name)
    assert [(wallet, "5")] == picked(result, "movements", "wallet", "amount")


def test_every_word_of_a_statement_has_an_event() -> None:
    lines = [*spot.STATEMENT_WORDS.lines.values(), *funds.OTHER_WORDS.lines.values()]
    assert {"network_fee"} == {line["event"] for line in lines} - {*LOG}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [("SPOT", "FUTURES", ("spot", "-5", "usdm")), ("CONTRACT", "SPOT", ("spot", "5", "usdm")),
     ("FUTURES", "FIAT", ("funding", "5", "usdm")), ("EARN", "SPOT", ("spot", "5", "earn"))],
)  # fmt: skip
def test_a_transfer_states_the_leg_that_the_capital_flow_does_not(
    tmp_path: Path, start: str, end: str, expected: tuple[str, str, str]
) -> None:
    result = export(tmp_path, TRANSFERS, f"7,{start},{end},USDT,5,Success,2026-05-08 08:00:01,2026-05-08 08:00:00,T")
    assert [expected] == picked(result, "transfers", "wallet", "amount", "other_wallet")


@pytest.mark.parametrize("status", ["Pending", "Under Review", "Rejected by system", "Failed"])
def test_a_deposit_that_is_not_there_is_ignored_by_its_state(tmp_path: Path, status: str) -> None:
    result = export(tmp_path, DEPOSITS, f"7,{status},2026-05-01 08:00:00,USDT,TRC20,10,0x1,(1/20)", zone="UTC")
    assert 1 == len(result.ignored) and not len(result.rejected)


# ------------------------------------------------------------------------------------------------- lives

LONG = [
    trade("09 10:00:00", "buy long", "0.01", "90000", "0.36"),
    trade("10 10:00:00", "sell long", "0.004", "91000", "0.1456", "4"),
    trade("12 22:00:00", "sell long", "0.006", "84000", "0.2016", "-36"),
]
FLOWS = [
    flow("08 08:00:01", "Transfer", "In", "300", pair=""), flow("09 16:00:00", "Funding Fee", "Out", "-0.09"),
    flow("10 16:00:00", "Funding Fee", "In", "0.0504"), flow("13 08:00:00", "Transfer", "Out", "-100", pair=""),
]  # fmt: skip
TAKEN_OVER = {
    "orderId": "1020", "symbol": "BTC_USDT", "positionId": 1, "price": 84500.5, "vol": 60, "leverage": 20, "side": 4, "category": 2,
    "orderType": 1, "dealAvgPrice": 84000, "dealVol": 60, "takerFee": 0.2016, "makerFee": 0, "profit": -36, "feeCurrency": "USDT",
    "openType": 1, "state": 3, "createTime": 1778623199000, "updateTime": 1778623200000,
}  # fmt: skip


def test_fills_flow_and_forced_orders_tell_of_a_liquidated_long(book: Book, tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "trades.csv", TRADES, LONG[::-1]), write(tmp_path, "flow.csv", FLOW, FLOWS[::-1]),
        answer(tmp_path, "orders.json", [TAKEN_OVER]),
        write(tmp_path, "orders.csv", ORDERS, [
            "7,2026-05-12 22:00:00,BTC_USDT,sell long,20,market,60,60,0.006,0.006,504,504,0,84000,-36,0.2016,USDT,FINISHED"]),
        write(tmp_path, "positions.csv", POSITIONS, [
            "7,BTC_USDT,2026-05-09 10:00:00,2026-05-12 22:00:00,Cross,90000,86800,Long,100,0.7072,-32.7468,Closed"]),
    ]  # fmt: skip
    imported(book, *paths)
    columns = ("status", "entry_price", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [("liquidated", "90000", "-32", "0.7072", "-0.0396", "-32.7468")]
    assert facts(book, "liquidations", "symbol", "quantity") == [("BTC_USDT", "0.006")]
    assert facts(book, "balances", "wallet", "asset", "computed", "basis") == [("usdm", "USDT", "167.2532", "derived")]
    assert facts(book, "findings", "kind") == [] and facts(book, "breaks", "break_id") == [] and offenders(book) == []
    assert 0 == sum(part.stored for part in imported(book, *paths[::-1]).parts)


def test_a_file_with_the_account_number_and_an_old_one_of_the_same_days_count_once(book: Book, tmp_path: Path) -> None:
    old = [row.removeprefix("7,") for row in LONG]
    imported(book, write(tmp_path, "new.csv", TRADES, LONG))
    again = imported(book, write(tmp_path, "old.csv", TRADES.removeprefix("UID,"), old))
    assert [(0, 3)] == [(part.stored, part.duplicate) for part in again.parts]


def test_funding_of_the_api_speaks_before_the_capital_flow(book: Book, tmp_path: Path) -> None:
    records = [{"id": number, "symbol": "BTC_USDT", "positionId": 1, "positionType": 1, "positionValue": 900, "funding": amount,
                "rate": rate, "settleTime": moment} for number, amount, rate, moment in (
                    (1, -0.09, 0.0001, 1778342400000), (2, 0.0504, -0.0001, 1778428800000))]  # fmt: skip
    imported(book, write(tmp_path, "trades.csv", TRADES, LONG), write(tmp_path, "flow.csv", FLOW, FLOWS),
             answer(tmp_path, "funding_records.json", records))  # fmt: skip
    assert facts(book, "positions", "funding") == [("-0.0396",)]
    assert {("mexc.funding_api",)} == set(book.store.rows("SELECT DISTINCT format FROM funding"))
    assert facts(book, "balances", "computed") == [("167.2532",)] and offenders(book) == []


def test_a_spot_statement_is_the_wallet_and_its_pairs_the_fills(book: Book, tmp_path: Path) -> None:
    statement = [
        "7,2026-05-01 08:00:00,USDT,Deposit,In,1000", "7,2026-05-02 10:00:00,USDT,Spot Trading,Out,-124",
        "7,2026-05-02 10:00:00,MX,Spot Trading,In,40", "7,2026-05-08 08:00:00,USDT,Transfer,Out,300",
    ]  # fmt: skip
    imported(book, write(tmp_path, "spot-statement.csv", STATEMENT, statement[::-1]),
             write(tmp_path, "deposits.csv", DEPOSITS, ["7,Success,2026-05-01 08:00:00,USDT,TRC20,1000,0x1,(20/20)"]),
             write(tmp_path, "transfers.csv", TRANSFERS, ["7,SPOT,FUTURES,USDT,300,Success,2026-05-08 08:00:01,2026-05-08 08:00:00,T"]),
             timezone="UTC")  # fmt: skip
    assert facts(book, "balances", "wallet", "asset", "computed") == [("spot", "MX", "40"), ("spot", "USDT", "576")]
    assert [("MX/USDT", "buy")] == book.store.rows("SELECT instrument, side FROM fills") and offenders(book) == []
