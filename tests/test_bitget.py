"""Bitget: traps of its exports, and invented lives of its accounts whose every figure can be checked by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from importers.bitget.symbols import name_contract
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.registry import formats
from ledger.book import Book
from ledger.storage.importing import Asked
from tests.books import facts, imported, new_book, plain, write
from tests.conftest import DATA

HERE = DATA / "bitget"
TRANSACTIONS = HERE / "Export futures transactions-2026-01-07 08_00_00.csv"
ORDERS = HERE / "Export futures order history-2026-01-07 08_01_10.csv"
POSITIONS = HERE / "Export position history-2026-01-07 08_02_30.csv"
OF_SITE = (TRANSACTIONS, ORDERS, POSITIONS)
OF_API = tuple(HERE / f"{name}.json" for name in ("mix-account-bill", "mix-order-fills", "mix-history-position"))
LEDGER = "Order,Date,Coin,Futures,Margin Mode,Type,Amount,Fee,Wallet balance"
ORDER_HISTORY = (
    "Date,Order ID,Direction,Coin,Futures,order source,Transaction type,Price,Average Price,Order amount,Executed,"
    "Trading volume,Realized P/L,NetProfits,Status"
)
CARRY = ("symbol", "side", "status", "gross_pnl", "trading_fees", "funding", "insurance", "net_pnl", "flags")
LIFE: list[tuple[Any, ...]] = [
    ("ETHUSDT", "long", "liquidated", "-1440.2", "6.81612", "-2.56", "-98.19338", "-1547.7695", []),
    ("BTCUSDT", "short", "closed", "40", "5.676", "0.9455", "0", "35.2695", []),
]
"""2000 - 500 + 12.50 were put in; the rest was lost: -1547.7695 + 35.2695 = -1512.50."""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


def kinds(book: Book) -> set[str]:
    """Return the findings; a ledger's row of a liquidation has no size, and pairs with none that has one."""
    return {kind for (kind,) in facts(book, "findings", "kind")} - {"unpaired_rows", "seam"}


def normalized(path: Path, zone: str | None = None) -> Normalized:
    """Return what the only chunk of a file becomes."""
    (part,) = open_bundle(path).parts()
    ((found, _),) = chunks(recognize(part, formats(), Options(zone=zone)))
    return found


def rows(found: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table in the order of the file, decimals plain."""
    frame = found.tables[table].sort("source_row", "part").select(columns)
    return [tuple(plain(cell) for cell in row) for row in frame.iter_rows()]


def answer(folder: Path, name: str, records: Sequence[dict[str, Any]]) -> Path:
    """Write an answer of the API and return its path."""
    path = folder / name
    path.write_text(json.dumps({"code": "00000", "msg": "success", "data": {"list": list(records)}}), encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------- a life


def test_the_files_of_the_site_make_the_whole_life_of_a_futures_account(book: Book) -> None:
    imported(book, *OF_SITE, timezone="+01:00")
    assert facts(book, "positions", *CARRY) == LIFE
    assert facts(book, "positions", "entry_price", "exit_price", "max_quantity") == [
        ("3200.1", "2480", "2"), ("95000", "94200", "0.05"),
    ]  # fmt: skip
    assert facts(book, "balances", "wallet", "asset", "computed", "stated", "difference") == [
        ("usdm", "USDT", "0", "0", "0")
    ]
    assert facts(book, "liquidations", "symbol", "side", "stage", "quantity", "average_price", "loss") == [
        ("ETHUSDT", "long", "full", "2", "2480", "1541.36938")
    ]
    assert facts(book, "breaks", "break_id") == [] and kinds(book) == set() and offenders(book) == []


def test_the_answers_of_the_api_make_the_same_life(book: Book) -> None:
    imported(book, *OF_API)
    assert facts(book, "positions", *CARRY) == LIFE
    assert facts(book, "liquidations", "symbol", "stage", "quantity") == [("ETHUSDT", "full", "2")]
    assert facts(book, "breaks", "break_id") == [] and kinds(book) == set() and offenders(book) == []


def test_all_exports_together_are_the_best_one_per_fact_in_whatever_order_they_come(tmp_path: Path) -> None:
    site, api = OF_SITE, (*OF_API, HERE / "tax-future-record.json", HERE / "websocket-fill.jsonl")
    for number, groups in enumerate(((site, api), (api, site[::-1]))):
        folder = tmp_path / str(number)
        folder.mkdir()
        book = new_book(folder)
        for paths in groups:
            imported(book, *paths, timezone="+01:00" if paths[0].suffix == ".csv" else None)
        assert facts(book, "positions", *CARRY) == LIFE
        assert facts(book, "balances", "computed", "difference") == [("0", "0")]
        assert facts(book, "breaks", "break_id") == [] and kinds(book) == set() and offenders(book) == []


def test_a_file_imported_twice_adds_nothing_and_neither_does_the_websocket_beside_the_answer(
    book: Book, tmp_path: Path
) -> None:
    imported(book, *OF_API)
    again = imported(book, HERE / "mix-order-fills.json", HERE / "websocket-fill.jsonl")
    assert [(part.stored, part.duplicate) for part in again.parts] == [(0, 5), (0, 5)]
    copy = tmp_path / "another name.csv"
    shutil.copy(TRANSACTIONS, copy)
    imported(book, TRANSACTIONS, timezone="+01:00")
    assert [part.stored for part in imported(book, copy, timezone="+01:00").parts] == [0]


def test_orders_speak_for_the_time_before_the_fills_and_nothing_counts_twice_where_these_begin(
    book: Book, tmp_path: Path
) -> None:
    fills = json.loads((HERE / "mix-order-fills.json").read_text(encoding="utf-8"))["data"]["fillList"]
    imported(book, TRANSACTIONS, ORDERS, timezone="+01:00")
    imported(book, answer(tmp_path, "later-fills.json", fills[:3]))
    assert facts(book, "positions", *CARRY) == LIFE
    assert facts(book, "breaks", "break_id") == [] and kinds(book) == set() and offenders(book) == []


def test_an_order_history_alone_has_the_fees_that_its_net_results_lack(book: Book) -> None:
    imported(book, ORDERS, timezone="+01:00")
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("ETHUSDT", "liquidated", "-1440.2", "6.81612", "-1447.01612"),
        ("BTCUSDT", "closed", "40", "5.676", "34.324"),
    ]
    assert offenders(book) == []


def test_a_ledger_marks_the_order_as_a_liquidation_that_the_order_history_calls_ordinary(
    book: Book, tmp_path: Path
) -> None:
    ledger = [
        "\t3,2026-01-05 10:00:00,USDT,SOLUSDT,crossed,burst_close_short,-60,-0.3,39.4",
        "\t2,2026-01-05 09:00:00,USDT,SOLUSDT,crossed,open_short,0,-0.3,99.4",
        "\t1,2026-01-05 08:00:00,USDT,,crossed,trans_from_exchange,99.7,0,99.7",
    ]
    orders = [
        "2026-01-05 10:00:00,\t3,Close short,USDT,SOLUSDT,Web,Market,,160,4,4,640,-60,-60.3,Fully executed",
        "2026-01-05 09:00:00,\t2,Open short,USDT,SOLUSDT,Web,Market,,145,4,4,580,0,-0.3,Fully executed",
    ]
    imported(book, write(tmp_path, "tx.csv", LEDGER, ledger), write(tmp_path, "orders.csv", ORDER_HISTORY, orders),
             timezone="UTC")  # fmt: skip
    assert facts(book, "positions", "status", "gross_pnl", "trading_fees") == [("liquidated", "-60", "0.6")]
    assert offenders(book) == []


# ------------------------------------------------------------------------------------------------ futures


def test_a_close_is_printed_with_the_side_of_the_position_by_the_answer_and_of_the_trade_by_the_websocket() -> None:
    sides = ("side", "position_side", "effect", "execution")
    by_answer = rows(normalized(HERE / "mix-order-fills.json"), "fills", "trade_ref", *sides)
    by_push = rows(normalized(HERE / "websocket-fill.jsonl"), "fills", "trade_ref", *sides)
    assert by_answer[::-1] == by_push
    assert [row[1:] for row in by_push][2:] == [
        ("sell", "short", "open", "trade"), ("buy", "short", "close", "trade"), ("sell", "long", "close", "liquidation"),
    ]  # fmt: skip


def test_a_one_way_position_flips_and_no_row_of_it_says_whether_it_opens(book: Book, tmp_path: Path) -> None:
    words = {"symbol": "SOLUSDT", "posMode": "one_way_mode", "tradeScope": "taker", "quoteVolume": "0", "orderId": "7",
             "feeDetail": '[{"feeCoin":"USDT","totalFee":"-0.1"}]'}  # fmt: skip
    fills = [
        {**words, "tradeId": "1", "orderId": "6", "side": "buy", "tradeSide": "buy_single", "price": "140", "baseVolume": "3",
         "profit": "0", "cTime": "1770112800000"},
        {**words, "tradeId": "2", "orderId": "5", "side": "sell", "tradeSide": "sell_single", "price": "150", "baseVolume": "5",
         "profit": "30", "cTime": "1770116400000"},
        {**words, "tradeId": "3", "side": "buy", "tradeSide": "reduce_buy_single", "price": "155", "baseVolume": "1",
         "profit": "-5", "cTime": "1770120000000"},
        {**words, "tradeId": "4", "side": "buy", "tradeSide": "burst_buy_single", "price": "160", "baseVolume": "1",
         "profit": "-10", "cTime": "1770120001000"},
    ]  # fmt: skip
    imported(book, answer(tmp_path, "fills.json", fills))
    assert facts(book, "positions", "side", "status", "gross_pnl", "trading_fees") == [
        ("long", "closed", "30", "0.16"), ("short", "liquidated", "-15", "0.24"),
    ]  # fmt: skip
    assert facts(book, "liquidations", "stage", "quantity", "loss") == [("full", "2", "15.2")]
    assert offenders(book) == []


def test_a_tax_record_alone_still_tells_of_the_liquidation(book: Book) -> None:
    imported(book, HERE / "tax-future-record.json")
    assert facts(book, "liquidations", "symbol", "side", "stage", "quantity") == [("ETHUSDT", "long", "full", None)]
    assert facts(book, "balances", "computed", "basis") == [("0", "no_anchor")] and offenders(book) == []


def test_funding_has_three_spellings_and_means_the_same_in_all() -> None:
    by_file = [
        rows(normalized(path, zone), "funding", "symbol", "amount")
        for path, zone in ((TRANSACTIONS, "+01:00"), (OF_API[0], None), (HERE / "tax-future-record.json", None))
    ]
    assert by_file[0] == by_file[1] == by_file[2] and len(by_file[0]) == 6


def test_a_word_that_ends_in_out_goes_out_although_a_tax_record_prints_no_sign(tmp_path: Path) -> None:
    record = {"symbol": "ETHUSDT", "marginCoin": "USDT", "fee": "0", "ts": "1768000000000"}
    path = answer(tmp_path, "tax.json", [
        {**record, "id": "1", "futureTaxType": "RISK_LIQ_USER_OUT", "amount": "12.5"},
        {**record, "id": "2", "futureTaxType": "RISK_LIQ_USER_IN", "amount": "1"},
        {**record, "id": "3", "futureTaxType": "CONTRACT_MAIN_SETTLE_FEE_USER_OUT", "amount": "-0.4"},
    ])  # fmt: skip
    assert rows(normalized(path), "movements", "cause", "amount") == [
        ("insurance", "-12.5"), ("insurance", "1"), ("funding", "-0.4"),
    ]  # fmt: skip


def test_a_deficit_that_the_fund_covers_is_neither_a_deposit_nor_a_profit_of_trading(
    book: Book, tmp_path: Path
) -> None:
    ledger = [
        "\t4,2026-01-05 10:00:01,USDT,SOLUSDT,crossed,risk_captital_user_transfer,5.6,0,0",
        "\t3,2026-01-05 10:00:00,USDT,SOLUSDT,crossed,burst_close_short,-105,-0.3,-5.6",
        "\t2,2026-01-05 09:00:00,USDT,SOLUSDT,crossed,open_short,0,-0.3,99.7",
        "\t1,2026-01-05 08:00:00,USDT,,crossed,trans_from_exchange,100,0,100",
    ]
    orders = [
        "2026-01-05 10:00:00,\t3,Close short,USDT,SOLUSDT,SYS,Market,,180,3,3,540,-105,-105.3,Fully executed",
        "2026-01-05 09:00:00,\t2,Open short,USDT,SOLUSDT,Web,Market,,145,3,3,435,0,-0.3,Fully executed",
    ]
    imported(book, write(tmp_path, "tx.csv", LEDGER, ledger), write(tmp_path, "orders.csv", ORDER_HISTORY, orders),
             timezone="UTC")  # fmt: skip
    assert facts(book, "positions", "status", "gross_pnl", "insurance", "net_pnl") == [
        ("liquidated", "-105", "5.6", "-100")
    ]
    assert facts(book, "balances", "computed", "difference") == [("0", "0")]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_what_moves_no_result_is_no_result(tmp_path: Path) -> None:
    ledger = [
        "\t5,2026-01-05 12:00:00,USDT,SOLUSDT,isolated,open_long,-20,-0.1,79.9",
        "\t4,2026-01-05 11:00:00,USDT,,crossed,tracking_follow_pay,-2,0,100",
        "\t3,2026-01-05 10:00:00,USDT,SOLUSDT,crossed,reduce_margin,30,0,102",
        "\t2,2026-01-05 09:00:00,USDT,SOLUSDT,crossed,append_margin,-30,0,72",
        "\t1,2026-01-05 08:00:00,USDT,,crossed,settle_interest,-0.5,0,102",
    ]
    found = normalized(write(tmp_path, "tx.csv", LEDGER, ledger), "UTC")
    assert rows(found, "movements", "cause", "amount", "balance_after") == [
        ("margin_move", "-20", None), ("trading_fee", "-0.1", None), ("income", "-2", "100"),
        ("margin_move", "30", "102"), ("margin_move", "-30", "72"), ("interest", "-0.5", "102"),
    ]  # fmt: skip
    assert "stated_results" not in found.tables or found.tables["stated_results"].is_empty()


def test_two_equal_rows_of_one_file_are_both_real(book: Book, tmp_path: Path) -> None:
    ledger = ["\t9,2026-01-05 10:00:00,USDT,SOLUSDT,crossed,risk_captital_user_transfer,0,0,5"] * 2
    path = write(tmp_path, "tx.csv", LEDGER, ledger)
    assert [part.stored for part in imported(book, path, timezone="UTC").parts] == [2]


def test_the_size_of_a_coin_margined_contract_is_not_assumed(book: Book, tmp_path: Path) -> None:
    words = {"symbol": "BTCUSD", "side": "buy", "posMode": "hedge_mode", "tradeScope": "taker", "quoteVolume": "0",
             "orderId": "7", "feeDetail": '[{"feeCoin":"BTC","totalFee":"-0.000006"}]', "baseVolume": "0.01"}  # fmt: skip
    fills = [
        {**words, "tradeId": "1", "tradeSide": "open", "price": "90000", "profit": "0", "cTime": "1770112800000"},
        {
            **words,
            "tradeId": "2",
            "tradeSide": "close",
            "price": "93000",
            "profit": "0.00032",
            "cTime": "1770116400000",
        },
    ]
    imported(book, answer(tmp_path, "fills.json", fills))
    assert facts(book, "positions", "wallet", "symbol", "status", "gross_pnl", "trading_fees", "flags") == [
        ("coinm", "BTCUSD", "closed", "0.00032", "0.000012", ["unknown_contract_size"])
    ]
    assert "unknown_contract_size" in kinds(book) and offenders(book) == []


def test_a_contract_is_named_by_its_symbol_alone() -> None:
    symbols = ("BTCUSDT", "BTCPERP", "ETHUSDC", "BTCUSD", "BTCUSDM26", "1INCHUSDT")
    named = [name_contract(symbol, None) for symbol in symbols]
    assert [(name.instrument, name.product, name.style) for name in named if name] == [
        ("BTC/USDT:USDT", "perpetual", "linear"), ("BTC/USDC:USDC", "perpetual", "linear"),
        ("ETH/USDC:USDC", "perpetual", "linear"), ("BTC/USD:BTC", "perpetual", "inverse"),
        ("BTC/USD:BTC-260626", "future", "inverse"), ("1INCH/USDT:USDT", "perpetual", "linear"),
    ]  # fmt: skip
    assert name_contract("BTC-NOTHING", None) is None


def test_digits_of_an_asset_are_no_part_of_the_amount_that_it_is_glued_to() -> None:
    found = rows(normalized(POSITIONS, "+01:00"), "stated_positions", "symbol", "position_side", "margin_mode",
                 "closed_quantity")  # fmt: skip
    assert found == [
        ("ETHUSDT", "long", "cross", "2"), ("BTCUSDT", "short", "cross", "0.05"), ("1INCHUSDT", "short", "isolated", "500"),
    ]  # fmt: skip


def test_the_symbols_of_the_first_api_lose_the_ending_that_says_the_product() -> None:
    fills = rows(normalized(HERE / "mix-order-fills-2026-02.json"), "fills", "symbol", "instrument", "side")
    assert fills[-1] == ("ETHUSDT", "ETH/USDT:USDT", "sell")


# -------------------------------------------------------------------------------------- zones and messages


def test_a_file_without_a_zone_is_refused_with_what_its_funding_suggests(book: Book) -> None:
    report = book.import_paths([TRANSACTIONS], Asked())
    (error,) = report.errors
    assert "funding was paid at 00, 08 and 16 o'clock UTC; the rows here fit -07:00, +01:00, +09:00" in str(error)


def test_words_that_nobody_has_described_are_rejected_with_the_words() -> None:
    def rejected(name: str, zone: str | None = None) -> list[tuple[Any, ...]]:
        return list(normalized(HERE / name, zone).rejected.select("column", "text", "reason").iter_rows())

    assert rejected("Export futures transactions-2026-02-10 11_00_00.csv", "Asia/Singapore") == [
        ("Type", "merge_split_mystery", "unmapped: expected a type as open_long, close_short, contract_settle_fee")
    ]
    assert rejected("tax-spot-record.json") == [
        ("spotTaxType", "Airdrop of a name nobody knows", "unmapped: expected a type as Buy, Deposit, Interest"),
        ("spotTaxType", "", "unmapped: expected a type as Buy, Deposit, Interest; the cell is empty"),
    ]
    assert rejected("tax-margin-record.json") == [
        ("symbol", "BTCXYZ", "unmapped: expected a spot pair whose quote is known, as BTCUSDT"),
        ("marginTaxType", "haircut", "unmapped: expected a type as borrow, repay, deal_in"),
    ]
    assert rejected("mix-order-fills-2026-02.json")[1] == (
        "tradeSide", "swap_single", "unmapped: expected a trade side as open, close, buy_single, burst_close_long"
    )  # fmt: skip


def test_an_order_source_that_nobody_has_described_is_rejected(tmp_path: Path) -> None:
    order = "2026-01-05 10:00:00,\t3,Close short,USDT,SOLUSDT,Oracle,Market,,160,4,4,640,-60,-60.3,Fully executed"
    found = normalized(write(tmp_path, "orders.csv", ORDER_HISTORY, [order]), "UTC")
    assert found.rejected.select("column", "text", "reason").rows() == [
        ("order source", "Oracle", "unmapped: expected an order source as Web, API, Liquidation")
    ]


def test_a_fee_in_two_coins_is_a_fee_and_a_booking_and_a_third_coin_is_too_many() -> None:
    found = normalized(HERE / "mix-order-fills-2026-02.json")
    assert rows(found, "adjustments", "asset", "amount", "kind") == [("USDT", "-0.2", "trading_fee")]
    assert rows(found, "fills", "fee", "fee_asset")[1] == ("0.1", "BGB")
    assert found.rejected["column"].to_list()[0] == "feedetail"


def test_a_list_of_answers_is_read_like_one(book: Book, tmp_path: Path) -> None:
    pages = [json.loads(path.read_text(encoding="utf-8")) for path in OF_API[:1]] * 2
    path = tmp_path / "pages.json"
    path.write_text(json.dumps(pages), encoding="utf-8")
    (part,) = imported(book, path).parts
    assert (part.read, part.stored, part.rejected) == (30, 15, 0)


# --------------------------------------------------------------------------------------------------- spot


def test_the_spot_file_with_semicolons_is_the_one_with_commas(book: Book) -> None:
    found = normalized(HERE / "Export spot transactions-2024-12-30 10_00_00.csv", "Europe/Berlin")
    assert rows(found, "movements", "asset", "cause", "amount", "balance_after") == [
        ("USDT", "deposit", "50", "1250"), ("BTC", "trade", "0.02", "0.01998"),
        ("BTC", "trading_fee", "-0.00002", "0.01998"), ("USDT", "trade", "-1800", "1200"),
        ("USDT", "deposit", "3000", "3000"),
    ]  # fmt: skip


def test_a_spot_wallet_keeps_its_running_balances_and_its_orders_do_not_double_them(book: Book) -> None:
    paths = (HERE / "Export spot transactions-2026-01-08 10_00_00.csv",
             HERE / "Export spot order history-2026-01-08 10_01_00.csv")  # fmt: skip
    imported(book, *paths, timezone="+01:00", max_rejects=50)
    assert facts(book, "balances", "asset", "computed", "difference") == [
        ("BTC", "0.01398", "0"),
        ("USDT", "608.43", "0"),
    ]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_the_legs_of_a_spot_trade_make_a_fill_by_the_order_that_a_tax_record_names(book: Book) -> None:
    imported(book, HERE / "tax-spot-record.json", max_rejects=50)
    filled = book.store.rows("SELECT symbol, side, quantity, price, fee, fee_asset FROM fills")
    assert [tuple(map(plain, row)) for row in filled] == [("BTCUSDT", "buy", "0.02", "90000", "0.00002", "BTC")]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


# ------------------------------------------------------------------------------------------- margin, loans

HISTORIES = ("borrow-history", "repay-history", "interest-history")


@pytest.mark.parametrize("histories", [(), HISTORIES])
def test_a_crossed_margin_life_is_the_same_with_and_without_its_histories(
    book: Book, histories: tuple[str, ...]
) -> None:
    imported(book, *(HERE / f"margin-crossed-{name}.json" for name in ("financial-records", *histories)))
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [("ETHUSDT", "closed", "44.955", "5.981985", "0.075", "38.898015")]
    assert facts(book, "loans", "drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt") == [
        ("2000", "0.075", "2000", "0.075", "0")
    ]
    assert facts(book, "balances", "asset", "computed", "difference", "owed") == [
        ("ETH", "0", "0", "0"), ("USDT", "0", "0", "0"),
    ]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_an_isolated_pair_that_is_liquidated_keeps_its_debt_to_itself(book: Book) -> None:
    names = ("financial-records", "interest-history", "liquidation-history")
    imported(book, *(HERE / f"margin-isolated-{name}.json" for name in names))
    columns = ("symbol", "status", "gross_pnl", "trading_fees", "interest", "liquidation_fees", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("SOLUSDT", "liquidated", "-275.724", "1.523376", "0.06", "12", "-289.307376")
    ]  # 300 were put in, 10.692624 came back
    assert facts(book, "liquidations", "symbol", "stage", "quantity", "liquidation_fee") == [
        ("SOLUSDT", "full", "5.994", "12")
    ]
    assert facts(book, "loans", "pair", "asset", "drawn", "remaining_debt") == [
        ("SOLUSDT", "USDT", "600", "0"), ("XRPUSDT", "BGB", "0", "0.004"),
    ]  # fmt: skip
    assert offenders(book) == []


def test_interest_that_is_booked_with_a_repayment_is_part_of_it() -> None:
    repaid = rows(
        normalized(HERE / "margin-isolated-financial-records.json"), "repayments", "amount", "principal", "interest"
    )
    assert repaid == [("600.06", "600", "0.06")]
    alone = rows(normalized(HERE / "tax-margin-record.json"), "repayments", "amount", "principal", "interest")
    assert alone == [("0.03", "0", "0.03")]


def test_a_margin_liquidation_is_no_fee_of_trading() -> None:
    causes = rows(normalized(HERE / "tax-margin-record.json"), "movements", "cause", "amount")[:3]
    assert causes == [("insurance", "1"), ("insurance", "-93"), ("liquidation_fee", "-2")]


def test_a_loan_is_drawn_adjusted_repaid_and_sold_by_force_and_its_percents_are_shares(book: Book) -> None:
    names = ("borrow-history", "revise-history", "repay-history", "reduces", "ongoing-orders")
    imported(book, *(HERE / f"earn-loan-{name}.json" for name in names), max_rejects=50)
    columns = ("asset", "drawn", "interest", "repaid_principal", "liquidated", "remaining_debt", "status", "last_ltv",
               "margin_call_ltv", "liquidation_ltv")  # fmt: skip
    assert facts(book, "loans", *columns) == [
        ("USDT", "1000", "1.9", "1000", "801.9", "0", "liquidated", "0.3268", None, None),
        ("USDC", "500", "0", "0", "0", "500", "open", None, "0.75", "0.83"),
    ]
    assert facts(book, "balances", "asset", "computed") == [
        ("BTC", "-0.02"), ("ETH", "-0.3"), ("USDC", "500"), ("USDT", "800"),
    ]  # fmt: skip
    assert offenders(book) == []


def test_an_institutional_loan_is_repaid_though_its_repayments_do_not_name_it(book: Book) -> None:
    imported(book, *(HERE / f"ins-loan-{name}.json" for name in ("order", "repaid-history", "repaid-history-v3")))
    assert facts(book, "loans", "drawn", "repaid_principal", "repaid_interest", "remaining_debt") == [
        ("5000", "5000", "3", "0")
    ]
    assert offenders(book) == []


# ----------------------------------------------------------------------------------------------- unified


def test_a_unified_account_owes_what_is_below_zero_and_holds_a_pair_and_a_contract(book: Book) -> None:
    names = ("v3-financial-records", "v3-trade-fills", "v3-history-position")
    imported(book, *(HERE / f"{name}.json" for name in names))
    columns = ("symbol", "product", "status", "gross_pnl", "trading_fees", "funding", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("BTCUSDT", "spot", "closed", "9.99", "1.80909", "0", "0.02", "8.16091"),
        ("ETHUSDT", "perpetual", "closed", "50", "3.63", "-0.3", "0", "46.07"),
    ]
    assert facts(book, "loans", "loan_id", "drawn", "interest", "remaining_debt") == [
        ("bitget/unified:below_zero:USDT", "400", "0.02", "0")
    ]
    assert facts(book, "balances", "asset", "computed", "difference") == [("BTC", "0", "0"), ("USDT", "554.23091", "0")]
    assert facts(book, "breaks", "break_id") == [] and kinds(book) == set() and offenders(book) == []


def test_every_word_of_the_unified_ledger_carries_its_balance_on(book: Book) -> None:
    imported(book, HERE / "v3-financial-records-words.json")
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_the_words_of_the_futures_ledger_carry_its_balances_on_and_an_isolated_pot_has_its_own(book: Book) -> None:
    imported(book, HERE / "Export futures transactions-2026-02-10 11_00_00.csv", timezone="Asia/Singapore")
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []
    assert facts(book, "balances", "wallet", "asset", "difference") == [
        ("coinm", "BTC", "0"), ("usdm", "USDC", "0"), ("usdm", "USDT", "0"),
    ]  # fmt: skip
