"""KuCoin: the traps of its exports, and invented lives end to end whose every figure can be checked by hand."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import kucoin
from importers.contract import Normalized
from importers.files import open_bundle
from importers.kucoin.cells import place_of
from importers.kucoin.symbols import name_contract, name_pair
from importers.read import Options, Recognized, chunks, recognize
from ledger.book import Book
from schemas.errors import AmbiguousFormat
from tests.books import facts, imported, new_book

D = Decimal
HISTORY = "UID,Account Type,Currency,Side,Amount,Fee,Time(UTC),Remark,Type"
SPOT = (
    "UID,Account Type,Order ID,Symbol,Side,Order Type,Avg. Filled Price,Filled Amount,Filled Volume,Filled Volume (USDT),"
    "Filled Time(UTC),Fee,Tax,Maker/Taker,Fee Currency"
)
MARGIN = SPOT.replace("Fee Currency", '"Fee Currency,"')
BORROWINGS = (
    "UID,Account Type,Order ID,Coin,Amount,Interest,Repaid,Daily Interest,Term,Time Filled(UTC),Maturity Date(UTC),"
    "Repayment Time(UTC),Status"
)
FUTURES = (
    "UID,Account Type,Order ID,Filled Time(UTC),Symbol,Side,Filled Amount,Filled Price,Filled Volume,"
    "Filled Volume  (USDT),Fee Rate,Fee,Order Type"
)
PNL = (
    "UID,Account Type,Symbol,Close Type,Realized PNL,Total Realized PNL,Total Funding Fees,Total Trading Fees,"
    'Position Opening Time(UTC),",Position Closing Time(UTC)"'
)
SNAPSHOTS = "UID,Account Type,Account Name,Coin,Amount,Amount(USDT),Time(UTC)"
SHORT = "UID,Account Type,Time(UTC),Remarks,Status,Fee,Amount,Coin,Transfer Network"
ME = "****7731,mainAccount"
TRADING, FUNDING = "Account History_Trading Account.csv", "Account History_Funding Account.csv"
CROSS = "Account History_Cross Margin Account.csv"
FILLS = "Futures Orders_Filled Orders (Show Order-Splitting).csv"
REALIZED = "Futures Orders_Realized PNL.csv"


def save(folder: Path, name: str, *lines: str) -> Path:
    """Write a file as the zip holds it: byte order mark, CRLF."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join((*lines, "")).encode())
    return path


def answer(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], key: str = "items") -> Path:
    """Write an answer of the API."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps({"code": "200000", "data": {"currentPage": 1, key: list(rows)}}))
    return path


def recognized(path: Path, options: Options | None = None) -> Recognized:
    return recognize(open_bundle(path).parts()[0], kucoin.FORMATS, options or Options())


def read(path: Path, options: Options | None = None) -> Normalized:
    """Return what a small export becomes."""
    ((normalized, _),) = chunks(recognized(path, options))
    return normalized


def reasons(result: Normalized) -> list[str]:
    return [f"{row['column']} {row['text']}: {row['reason']}" for row in result.rejected.iter_rows(named=True)]


def ignored(result: Normalized) -> list[str]:
    return result.ignored["reason"].to_list()


def amounts(result: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = result.tables[table].sort("source_row", "part").select(columns)
    return [tuple(f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell for cell in row)
            for row in frame.iter_rows()]  # fmt: skip


def ms(clock: str) -> int:
    """Return an instant of 2024-05 (`DD HH:MM:SS`) as the API prints it."""
    return round(datetime.fromisoformat(f"2024-05-{clock.replace(' ', 'T')}+00:00").timestamp() * 1000)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


def findings(book: Book) -> list[str]:
    return [kind for (kind,) in facts(book, "findings", "kind")]


# ------------------------------------------------------------------------------------------ names and places


@pytest.mark.parametrize(
    ("symbol", "instrument", "settle", "style"),
    [
        ("XBTUSDTM", "BTC/USDT:USDT", "USDT", "linear"),
        ("ETHUSDCM", "ETH/USDC:USDC", "USDC", "linear"),
        ("10000CATUSDTM", "10000CAT/USDT:USDT", "USDT", "linear"),
        ("XBTUSDM", "BTC/USD:BTC", "BTC", "inverse"),
        ("DOTUSDM", "DOT/USD:DOT", "DOT", "inverse"),
        ("XBTMM24", "BTC/USD:BTC-240628", "BTC", "inverse"),
        ("XBTMZ25", "BTC/USD:BTC-251226", "BTC", "inverse"),
    ],
)
def test_a_contract_says_what_it_is_settled_in(symbol: str, instrument: str, settle: str, style: str) -> None:
    named = name_contract(symbol, None)
    assert named is not None
    assert (instrument, settle, style) == (named.instrument, named.settle, named.style)


@pytest.mark.parametrize("symbol", ["BTC-USDT", "XBTUSDT", "XBTUSDTMM24", "USDTM", "PERP", ""])
def test_what_is_no_contract_has_no_terms(symbol: str) -> None:
    assert name_contract(symbol, None) is None


def test_a_pair_has_one_separator() -> None:
    named = name_pair("KCS-BTC", None)
    assert named is not None and named.instrument == "KCS/BTC"
    assert name_pair("KCSBTC", None) is None and name_pair("A-B-C", None) is None


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Account History_Isolated Margin Account.csv", "isolated_margin"),
        ("account_history_cross_margin_account_1.csv", "cross_margin"),
        ("Margin Orders_Filled Orders (Show Order-Splitting).csv", "cross_margin"),
        ("Account History_Trading Account.csv", "spot"),
        ("Transferred from High-Frequency Trading Account", "spot"),
        ("Trading Account, mainAccount", "spot"),
        ("Trading Bot_Filled Orders (Show Order-Splitting)_Spot.csv", "strategy"),
        ("Funding Account", "funding"),
        ("Main Account", "funding"),
        ("Futures Account", "futures"),
        ("a-year-of-mine.csv", None),
    ],
)
def test_names_of_files_and_remarks_speak_of_a_place(words: str, place: str | None) -> None:
    assert place == place_of(words)


# ------------------------------------------------------------------------------------------ account histories


def test_the_fee_is_inside_the_amount_of_a_history(tmp_path: Path) -> None:
    result = read(save(tmp_path, TRADING, HISTORY,
                       f"{ME},USDT,Withdrawal,1000.9,0.9,2024-05-04 08:03:40,ETH-USDT,Spot",
                       f"{ME},USDT,Deposit,998.9,1.1,2024-05-05 08:03:40,ETH-USDT,Spot"))  # fmt: skip
    assert amounts(result, "movements", "amount", "cause") == [
        ("-1000", "trade"), ("-0.9", "trading_fee"), ("1000", "trade"), ("-1.1", "trading_fee"),
    ]  # fmt: skip


def test_the_side_decides_where_an_amount_is_printed_with_a_sign(tmp_path: Path) -> None:
    signed = read(
        save(tmp_path, TRADING, HISTORY, f"{ME},KCS,Withdrawal,-0.0021,0,2024-05-04 09:00:00,,KCS Fee Deduction")
    )
    plain = read(save(tmp_path / "b", TRADING, HISTORY, f"{ME},KCS,out,0.0021,,2024-05-04 09:00:00,,KCS Fee Deduction"))
    assert amounts(signed, "movements", "amount", "cause") == [("-0.0021", "trading_fee")]
    assert signed.rows["key_text"].to_list() == plain.rows["key_text"].to_list()


def test_the_zone_of_the_heading_counts_whatever_it_is(tmp_path: Path) -> None:
    at = {
        read(save(tmp_path, TRADING, HISTORY.replace("UTC", zone), f"{ME},USDT,Deposit,1,0,{clock},,Deposit")).rows["at"][0]
        for zone, clock in (
            ("UTC", "2024-05-04 20:00:00"), ("UTC+08:00", "2024-05-05 04:00:00"), ("UTC+05:30", "2024-05-05 01:30:00"),
            ("UTC-03:00", "2024-05-04 17:00:00.000"),
        )
    }  # fmt: skip
    assert at == {datetime(2024, 5, 4, 20, tzinfo=UTC)}


def test_a_word_that_nobody_has_described_is_rejected(tmp_path: Path) -> None:
    result = read(save(tmp_path, CROSS, HISTORY, f"{ME},USDT,Withdrawal,1,0,2024-05-04 08:00:00,,Auto-Interest"))
    assert reasons(result) == [
        "Type Auto-Interest: unmapped: expected a type as Spot, Transfer, Withdraw, KCS Fee Deduction"
    ]


def test_a_history_whose_account_nobody_names_is_rejected(tmp_path: Path) -> None:
    path = save(tmp_path, "export.csv", HISTORY, f"{ME},USDT,Deposit,1,0,2024-05-04 08:00:00,,Deposit")
    assert reasons(read(path)) == [
        "Currency USDT: expected a file name that says of which account, as `Account History_Trading Account`, or --wallet"
    ]
    assert read(path, Options(wallet="funding")).rows["wallet"].to_list() == ["funding"]


def test_what_a_sub_account_holds_is_a_pot_of_its_own(tmp_path: Path) -> None:
    result = read(save(tmp_path, TRADING, HISTORY,
                       f"{ME},USDT,Deposit,1,0,2024-05-04 08:00:00,,Deposit",
                       "****7731,Main Account,USDT,Deposit,1,0,2024-05-04 08:00:00,,Deposit",
                       "****7731,my-sub,USDT,Deposit,1,0,2024-05-04 08:00:00,,Deposit"))  # fmt: skip
    assert result.rows["wallet"].to_list() == ["spot", "spot", "strategy"]


def test_a_borrowing_never_leaves_and_a_repayment_never_comes(tmp_path: Path) -> None:
    result = read(save(tmp_path, CROSS, HISTORY,
                       f"{ME},USDT,Withdrawal,1,0,2024-05-04 08:00:00,,Borrowings",
                       f"{ME},USDT,Deposit,1,0,2024-05-04 08:00:00,,Debt Repayment"))  # fmt: skip
    assert reasons(result) == [
        "side, type, remark Withdrawal | Borrowings | : unmapped: nobody has described this kind of row",
        "side, type, remark Deposit | Debt Repayment | : unmapped: nobody has described this kind of row",
    ]


def test_an_empty_member_of_the_zip_is_no_row_and_no_error(tmp_path: Path, book: Book) -> None:
    path = tmp_path / "BillingHistory.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(TRADING, f"{HISTORY}\r\n{ME},USDT,Deposit,100,0,2024-05-04 08:00:00,,Deposit\r\n")
        bundle.writestr(
            CROSS, "UID,Account Type,Currency,Side,Amount,Fee,Time(UTC),Remark\r\nNo matching records found.\r\n"
        )
        bundle.writestr(REALIZED, f"{PNL}\r\nNo matching records found.\r\n")
        bundle.writestr("Others_VIP Lending.csv", "Order,Rate\r\nNo matching records found.\r\n")
    report = imported(book, path)
    assert [(part.name.rpartition("/")[2], part.stored, part.ignored, part.rejected) for part in report.parts] == [
        (TRADING, 1, 0, 0), (CROSS, 0, 1, 0), (REALIZED, 0, 1, 0), ("Others_VIP Lending.csv", 0, 0, 0),
    ]  # fmt: skip


def test_the_last_word_of_a_name_says_whether_it_holds_deposits_or_withdrawals(tmp_path: Path) -> None:
    row = f"{ME},2024-05-05 03:29:20,,SUCCESS,1,7000,USDT,ARBITRUM"
    found = {
        name: recognized(save(tmp_path, name, SHORT, row)).match.format.name
        for name in (
            "Deposit_Withdrawal History_Deposit History.csv", "Deposit_Withdrawal History_Withdrawal History_1.csv",
            "Deposit_Withdrawal History_Withdrawal Record.csv",
        )
    }  # fmt: skip
    assert list(found.values()) == ["kucoin.deposits", "kucoin.withdrawals", "kucoin.withdrawals"]
    with pytest.raises(AmbiguousFormat):
        recognized(save(tmp_path, "moves.csv", SHORT, row))


def test_a_withdrawal_costs_its_fee_on_top_and_a_deposit_is_credited_without(tmp_path: Path) -> None:
    row = f"{ME},2024-05-05 03:29:20,,SUCCESS,1,7000,USDT,ARBITRUM"
    deposit = read(save(tmp_path, "deposits.csv", SHORT, row))
    withdrawal = read(save(tmp_path, "withdrawals.csv", SHORT, row))
    assert amounts(deposit, "transfers", "amount", "fee") == [("7001", "1")]
    assert amounts(withdrawal, "transfers", "amount", "fee") == [("-7000", "1")]


# ----------------------------------------------------------------------------------------------------- fills


def test_equal_fills_of_one_order_and_second_are_both_kept(tmp_path: Path, book: Book) -> None:
    row = f"{ME},o1,ETH-USDT,BUY,LIMIT,2500,0.25,625,625,2024-05-04 00:03:40,0.625,,TAKER,USDT"
    path = save(tmp_path, "Spot Orders_Filled Orders (Show Order-Splitting).csv", SPOT, row, row)
    first, second = imported(book, path), imported(book, save(tmp_path / "again", path.name, SPOT, row, row, row))
    assert [part.stored for part in first.parts] == [2]
    assert [(part.stored, part.duplicate) for part in second.parts] == [(1, 2)]


def test_a_trade_of_an_old_file_is_known_again_in_the_zip(tmp_path: Path, book: Book) -> None:
    old = save(tmp_path, "trades.csv", "tradeCreatedAt,orderId,symbol,side,price,size,funds,fee,liquidity,feeCurrency,orderType,",
               "2021-06-01 08:00:00,60b5,ETH-USDT,buy,2600,0.1,260,0.26,taker,USDT,market,")  # fmt: skip
    new = save(tmp_path, "Spot Orders_Filled Orders (Show Order-Splitting).csv", SPOT.replace("UTC", "UTC+02:00"),
               f"{ME},60b5,ETH-USDT,BUY,MARKET,2600.0,0.10,260,260,2021-06-01 02:00:00,0.26,,TAKER,USDT")  # fmt: skip
    imported(book, old)
    assert [(part.stored, part.duplicate) for part in imported(book, new).parts] == [(0, 1)]


def test_the_margin_of_a_file_stands_in_its_name(tmp_path: Path) -> None:
    row = f"{ME},o1,ETH-USDT,BUY,LIMIT,2500,0.25,625,625,2024-05-04 00:03:40,0.625,,TAKER,USDT"
    columns = ("wallet", "product", "margin_mode", "pair")
    found = [
        amounts(read(save(tmp_path, name, header, row), Options(wallet=wallet)), "fills", *columns)[0]
        for name, header, wallet in (
            ("Margin Orders_Isolated.csv", MARGIN, None), ("fills.csv", MARGIN, None), ("fills.csv", MARGIN, "isolated_margin"),
            ("Margin Orders_Cross.csv", SPOT, None), ("fills.csv", SPOT, None),
        )
    ]  # fmt: skip
    isolated, cross = ("isolated_margin", "margin", "isolated", "ETH-USDT"), ("cross_margin", "margin", "cross", None)
    assert found == [isolated, cross, isolated, cross, ("spot", "spot", None, None)]


def test_the_value_of_an_inverse_fill_counts_only_where_it_is_in_the_coin(tmp_path: Path) -> None:
    result = read(save(tmp_path, FILLS, FUTURES,
                       f"{ME},1,2024-05-08 10:00:00,XBTUSDM,BUY,6000,60000,0.1,6000,0.0006,0.00006,MARKET",
                       f"{ME},2,2024-05-08 11:00:00,XBTUSDM,SELL,6000,61000,6000,6000,0.0006,0.00005901,MARKET",
                       f"{ME},3,2024-05-08 11:00:00,ETHUSDTM,SELL,100,3000,3000,3000,0.0006,1.8,MARKET"))  # fmt: skip
    assert amounts(result, "fills", "notional_stated", "fee_asset", "settle_asset") == [
        ("0.1", "BTC", "BTC"), (None, "BTC", "BTC"), ("3000", "USDT", "USDT"),
    ]  # fmt: skip


# -------------------------------------------------------------------------------------------- closed positions


def test_the_total_of_a_closed_position_is_a_cost_and_every_row_proves_it(tmp_path: Path) -> None:
    result = read(save(tmp_path, REALIZED, PNL,
                       f"{ME},ETHUSDTM,CLOSE_LONG,8.15,-10,-0.85,1,2024-05-01 09:00:00,2024-05-02 17:30:12",
                       f"{ME},ETHUSDTM,CLOSE_LONG,8.15,10,-0.85,1,2024-05-03 09:00:00,2024-05-04 17:30:12",
                       f"{ME},ETHUSDTM,CLOSE_LONG,8,10,-0.85,1,2024-05-05 09:00:00,2024-05-06 17:30:12"))  # fmt: skip
    gross = [row[1] for row in amounts(result, "stated_results", "basis", "amount") if row[0] == "gross"]
    assert gross == ["10", "10"]
    assert reasons(result) == [
        "net, cost, funding, fees 8 | 10 | -0.85 | 1: unmapped: nobody has described this kind of row"
    ]


def test_a_liquidated_short_was_bought_back(tmp_path: Path) -> None:
    result = read(save(tmp_path, REALIZED, PNL,
                       f"{ME},XBTUSDTM,LIQUID_SHORT,-505.2,500,-0.2,5,2024-05-07 13:00:00,2024-05-07 14:31:05",
                       f"{ME},XBTUSDTM,ADL_LONG,-505.2,500,-0.2,5,2024-05-08 13:00:00,2024-05-08 14:31:05"))  # fmt: skip
    assert amounts(result, "liquidations", "side", "stage") == [("buy", "full"), ("sell", "adl")]


# ---------------------------------------------------------------------------------------------------- margin


def test_a_loan_is_booked_when_it_is_repaid_whichever_sum_is_stated(tmp_path: Path) -> None:
    result = read(save(tmp_path, "Margin Orders_Borrowings_Cross.csv", BORROWINGS,
                       f"{ME},b1,USDT,2000,2.8,2002.8,0.0002,7,2023-08-01 10:00:00,2023-08-08 10:00:00,2023-08-08 09:12:33,Repaid",
                       f"{ME},b2,USDT,2000,2.8,2000,0.02%,7,2023-08-01 10:00:00,2023-08-08 10:00:00,2023-08-08 09:12:33,Repaid",
                       f"{ME},b3,BTC,0.05,0.000004,0.02,0.00005,14,2023-08-03 12:30:01,2023-08-17 12:30:01,,Borrowing",
                       f"{ME},b4,BTC,0.05,0.000004,0.02,0.00005,14,2023-08-03 12:30:01,,2023-08-17 12:30:01,Repaid"))  # fmt: skip
    assert amounts(result, "repayments", "amount", "principal", "interest") == [("2002.8", "2000", "2.8")] * 2
    assert amounts(result, "borrows", "amount", "rate") == [("2000", "0.0002")] * 2
    assert ignored(result) == [
        "still owed when exported, its interest and repayments not final: export again when it is repaid, or import the "
        "API's borrowings"
    ]
    assert reasons(result) == [
        "amount, interest, repaid 0.05 | 0.000004 | 0.02: unmapped: nobody has described this kind of row"
    ]


def test_a_loan_that_was_open_in_one_download_is_booked_once_by_the_next(tmp_path: Path, book: Book) -> None:
    name = "Margin Orders_Borrowings_Cross.csv"
    start = f"{ME},b1,USDT,2000"
    imported(book, save(tmp_path, name, BORROWINGS,
                        f"{start},0.4,0,0.0002,7,2023-08-01 10:00:00,2023-08-08 10:00:00,,Borrowing"))  # fmt: skip
    for folder, begins in (("b", start), ("c", f"{start}.0")):
        imported(book, save(tmp_path / folder, name, BORROWINGS,
                            f"{begins},2.8,2002.8,0.0002,7,2023-08-01 10:00:00,2023-08-08 10:00:00,2023-08-08 09:12:33,Repaid"))  # fmt: skip
    assert facts(book, "loans", "drawn", "interest", "repaid_principal", "remaining_debt") == [
        ("2000", "2.8", "2000", "0")
    ]


# ------------------------------------------------------------------------------------------- a life of futures

ETH = (
    f"{ME},21,2024-05-01 09:00:00,ETHUSDTM,BUY,100,3000,3000,3000,0.0006,1.8,MARKET",
    f"{ME},22,2024-05-02 17:30:12,ETHUSDTM,SELL,100,3010,3010,3010,0.0006,1.806,LIMIT",
)
XBT = (
    f"{ME},23,2024-05-07 13:00:00,XBTUSDTM,BUY,50,64000,3200,3200,0.0006,1.92,MARKET",
    f"{ME},23,2024-05-07 13:00:00,XBTUSDTM,BUY,50,64000,3200,3200,0.0006,1.92,MARKET",
    f"{ME},24,2024-05-07 14:31:05,XBTUSDTM,SELL,100,60800,6080,6080,0.0006,3.648,MARKET",
)
COIN = (
    f"{ME},25,2024-05-08 10:00:00,XBTUSDM,BUY,6000,60000,0.1,6000,0.0006,0.00006,MARKET",
    f"{ME},26,2024-05-08 11:00:00,XBTUSDM,SELL,6000,62500,0.096,6000,0.0006,0.0000576,MARKET",
)
CLOSED = (
    f"{ME},ETHUSDTM,CLOSE_LONG,5.544,-10,-0.85,3.606,2024-05-01 09:00:00,2024-05-02 17:30:12",
    f"{ME},XBTUSDTM,LIQUID_LONG,-327.688,320,-0.2,7.488,2024-05-07 13:00:00,2024-05-07 14:31:05",
    f"{ME},XBTUSDM,CLOSE_LONG,0.0038824,-0.004,0,0.0001176,2024-05-08 10:00:00,2024-05-08 11:00:00",
)
RESULTS = [
    ("usdm", "ETHUSDTM", "closed", "10", "3.606", "-0.85", "5.544"),
    ("usdm", "XBTUSDTM", "liquidated", "-320", "7.488", "-0.2", "-327.688"),
    ("coinm", "XBTUSDM", "closed", "0.004", "0.0001176", "0", "0.0038824"),
]
COLUMNS = ("wallet", "symbol", "status", "gross_pnl", "trading_fees", "funding", "net_pnl")


def futures_zip(folder: Path) -> tuple[Path, Path]:
    return save(folder, FILLS, FUTURES, *ETH, *XBT, *COIN), save(folder, REALIZED, PNL, *CLOSED)


def funding_answer(folder: Path) -> Path:
    """Write the funding of the same positions, one by one."""

    def row(n: int, symbol: str, at: str, amount: str, rate: str, mark: str) -> dict[str, Any]:
        return {"id": n, "symbol": symbol, "timePoint": ms(at), "fundingRate": rate, "markPrice": mark, "positionQty": 100,
                "positionCost": 1, "funding": amount, "settleCurrency": "USDT", "context": "{}", "marginMode": "CROSS"}  # fmt: skip

    return answer(folder, "funding-history.json", [
        row(4, "XBTUSDTM", "07 14:00:00", "-0.2", "0.00003125", "64000"),
        row(3, "ETHUSDTM", "02 12:00:00", "-0.25", "0.0001", "2500"),
        row(2, "ETHUSDTM", "02 04:00:00", "-0.3", "0.0001", "3000"),
        row(1, "ETHUSDTM", "01 12:00:00", "-0.3", "0.0001", "3000"),
    ], "dataList")  # fmt: skip


def test_positions_of_futures_are_what_the_venue_says_they_made(book: Book, tmp_path: Path) -> None:
    imported(book, *futures_zip(tmp_path))
    assert sorted(facts(book, "positions", *COLUMNS)) == sorted(RESULTS)
    forced = facts(book, "liquidations", "symbol", "stage", "loss", "position_id")
    assert ("XBTUSDTM", "full", "323.648", "kucoin:XBTUSDTM:long:20240507T1300:1") in forced
    assert facts(book, "funding", "symbol", "paid", "net") == [
        ("ETHUSDTM", "0.85", "-0.85"),
        ("XBTUSDTM", "0.2", "-0.2"),
    ]
    assert facts(book, "balances", "wallet", "asset", "computed", "basis") == [
        ("coinm", "BTC", "0.0038824", "derived"), ("usdm", "USDT", "-322.144", "derived"),
    ]  # fmt: skip
    assert findings(book) == [] and offenders(book) == []


def test_funding_one_by_one_speaks_where_the_api_has_it(book: Book, tmp_path: Path) -> None:
    imported(book, *futures_zip(tmp_path), funding_answer(tmp_path))
    assert sorted(facts(book, "positions", *COLUMNS)) == sorted(RESULTS)
    assert facts(book, "funding", "symbol", "rows", "net") == [("ETHUSDTM", 3, "-0.85"), ("XBTUSDTM", 1, "-0.2")]
    assert offenders(book) == []


def test_the_order_of_files_and_a_second_import_change_nothing(book: Book, tmp_path: Path) -> None:
    paths = [*futures_zip(tmp_path), funding_answer(tmp_path)]
    for path in reversed(paths):
        imported(book, path)
    again = imported(book, *futures_zip(tmp_path / "again"))
    assert [part.stored for part in again.parts] == [0, 0]
    assert sorted(facts(book, "positions", *COLUMNS)) == sorted(RESULTS)


def test_where_there_are_no_fills_the_closed_positions_can_be_booked(book: Book, tmp_path: Path) -> None:
    _, closed = futures_zip(tmp_path)
    imported(book, closed, format="kucoin.realized_pnl_alone")
    columns = ("symbol", "settle_asset", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert sorted(sum_of(facts(book, "realized", *columns))) == [
        ("BTC", "0.0038824"), ("USDT", "-322.144"),
    ]  # fmt: skip
    assert facts(book, "balances", "wallet", "asset", "computed") == [
        ("coinm", "BTC", "0.0038824"), ("usdm", "USDT", "-322.144"),
    ]  # fmt: skip
    assert offenders(book) == []


def sum_of(lines: Sequence[tuple[Any, ...]]) -> list[tuple[str, str]]:
    """Return the net result per settle asset of lines (symbol, asset, ..., net)."""
    totals: dict[str, Decimal] = {}
    for line in lines:
        totals[line[1]] = totals.get(line[1], D(0)) + D(line[-1])
    return [(asset, f"{total.normalize():f}") for asset, total in totals.items()]


def api_fill(n: int, symbol: str, side: str, price: str, size: int, value: str, fee: str, at: str, kind: str = "trade",
             settle: str = "USDT") -> dict[str, Any]:  # fmt: skip
    return {"symbol": symbol, "tradeId": str(n), "orderId": f"o{n}", "side": side, "liquidity": "taker", "price": price,
            "size": size, "value": value, "openFeePay": fee, "closeFeePay": "0", "stop": "", "feeRate": "0.0006",
            "feeCurrency": settle, "tradeTime": ms(at) * 1_000_000 + 123, "tradeType": kind, "marginMode": "CROSS",
            "settleCurrency": settle, "fee": fee, "orderType": "market", "createdAt": ms(at)}  # fmt: skip


def test_sessions_of_the_ledger_are_results_fees_and_funding_of_the_fills(book: Book, tmp_path: Path) -> None:
    fills = answer(tmp_path, "fills.json", [
        api_fill(2, "ETHUSDTM", "sell", "3010", 100, "3010", "1.806", "02 17:30:12"),
        api_fill(1, "ETHUSDTM", "buy", "3000", 100, "3000", "1.8", "01 09:00:00"),
    ])  # fmt: skip

    def line(offset: int, kind: str, amount: str, at: str, equity: str, remark: str) -> dict[str, Any]:
        return {"time": ms(at), "type": kind, "amount": amount, "fee": 0, "accountEquity": equity, "status": "Completed",
                "remark": remark, "offset": offset, "currency": "USDT"}  # fmt: skip

    ledger = answer(tmp_path, "transaction-history.json", [
        line(6, "TransferOut", "100", "04 12:00:00", "905.544", "Transferred to High-Frequency Trading Account"),
        line(5, "RealisedPNL", "8.194", "02 20:00:00", "1005.544", "ETHUSDTM"),
        line(4, "RealisedPNL", "-0.25", "02 12:00:00", "1003", "ETHUSDTM"),
        line(3, "RealisedPNL", "-0.3", "02 04:00:00", "1002", "ETHUSDTM"),
        line(2, "RealisedPNL", "-2.1", "01 12:00:00", "1001", "ETHUSDTM"),
        line(1, "TransferIn", "1000", "01 08:00:00", "1000", "Transferred from Trading Account"),
    ], "dataList")  # fmt: skip
    imported(book, fills, ledger, funding_without_xbt(tmp_path))
    assert facts(book, "positions", *COLUMNS) == [("usdm", "ETHUSDTM", "closed", "10", "3.606", "-0.85", "5.544")]
    assert facts(book, "balances", "asset", "computed") == [("USDT", "905.544")]
    columns = ("symbol", "grain", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "realized", *columns) == [("ETHUSDTM", "position", "10", "3.606", "-0.85", "5.544")]
    assert findings(book) == [] and offenders(book) == []


def funding_without_xbt(folder: Path) -> Path:
    path = funding_answer(folder)
    said = json.loads(path.read_text())
    said["data"]["dataList"] = [row for row in said["data"]["dataList"] if row["symbol"] == "ETHUSDTM"]
    path.write_text(json.dumps(said))
    return path


def test_closed_positions_of_zip_and_api_are_the_same_ones(book: Book, tmp_path: Path) -> None:
    def closed(ref: int, symbol: str, kind: str, net: str, cost: str, fees: str, funding: str, opened: str, at: str,
               entry: str, settle: str = "USDT") -> dict[str, Any]:  # fmt: skip
        return {"closeId": str(ref), "symbol": symbol, "settleCurrency": settle, "leverage": "5", "type": kind, "pnl": net,
                "realisedGrossCost": cost, "withdrawPnl": "0", "tradeFee": fees, "fundingFee": funding, "openTime": ms(opened) + 120,
                "closeTime": ms(at) + 450, "openPrice": entry, "closePrice": "1", "marginMode": "CROSS"}  # fmt: skip

    api = answer(tmp_path, "history-positions.json", [
        closed(2, "XBTUSDTM", "LIQUID_LONG", "-327.688", "320", "7.488", "-0.2", "07 13:00:00", "07 14:31:05", "64000"),
        closed(1, "ETHUSDTM", "CLOSE_LONG", "5.544", "-10", "3.606", "-0.85", "01 09:00:00", "02 17:30:12", "3000"),
    ])  # fmt: skip
    report = imported(book, *futures_zip(tmp_path), api)
    assert [(part.stored, part.duplicate) for part in report.parts if part.format == "kucoin.closed_positions"] == [
        (0, 2)
    ]
    assert sorted(facts(book, "positions", *COLUMNS)) == sorted(RESULTS)


# ------------------------------------------------------------------------------------------- lives on margin


class Account:
    """An account of the API's ledger, which keeps its running balances."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: list[dict[str, Any]] = []
        self.balances: dict[str, Decimal] = {}

    def add(
        self, at: str, coin: str, biz: str, change: str, *, fee: str = "0", context: Mapping[str, str] | None = None
    ) -> None:
        self.balances[coin] = self.balances.get(coin, D(0)) + D(change)
        self.rows.insert(0, {
            "id": f"{self.kind}-{len(self.rows)}", "currency": coin, "amount": f"{abs(D(change))}", "fee": fee,
            "balance": f"{self.balances[coin]}", "accountType": self.kind, "bizType": biz,
            "direction": "in" if D(change) > 0 else "out", "createdAt": ms(at), "context": json.dumps(dict(context or {})),
        })  # fmt: skip

    def trade(
        self, at: str, symbol: str, side: str, price: str, size: str, fee: str, ref: str, biz: str
    ) -> dict[str, Any]:
        """Book both legs of a fill and return the fill."""
        base, quote = symbol.split("-")
        sign, funds = (1 if side == "buy" else -1), D(price) * D(size)
        context = {"symbol": symbol, "orderId": f"o{ref}", "tradeId": ref}
        self.add(at, quote, biz, f"{-sign * funds - D(fee)}", fee=fee, context=context)
        self.add(at, base, biz, f"{sign * D(size)}", context=context)
        kind = {"MARGIN": "MARGIN_TRADE", "TRADE_HF": "TRADE"}[self.kind]
        return {"id": 1, "symbol": symbol, "tradeId": ref, "orderId": f"o{ref}", "counterOrderId": "x", "side": side,
                "liquidity": "taker", "forceTaker": False, "price": price, "size": size, "funds": f"{funds}", "fee": fee,
                "feeRate": "0.001", "feeCurrency": quote, "stop": "", "tradeType": kind, "type": "market", "createdAt": ms(at)}  # fmt: skip


def test_a_life_on_cross_margin_ties_to_the_last_cent(book: Book, tmp_path: Path) -> None:
    margin, main = Account("MARGIN"), Account("TRADE_HF")
    main.add("08 06:00:00", "USDT", "TRANSFER", "3000", context={"remark": "Main Account"})
    spot = main.trade("08 06:30:00", "ETH-USDT", "buy", "3000", "0.2", "0.6", "t1", "TRADE_EXCHANGE")
    main.add("08 06:30:01", "USDT", "Refunded Fees", "0.12")
    main.add("08 07:00:00", "USDT", "TRANSFER", "-1000", context={"remark": "Margin Account"})
    margin.add("08 07:00:00", "USDT", "TRANSFER", "1000", context={"remark": "Trading Account"})
    margin.add("08 07:10:00", "USDT", "Borrowings", "2000")
    bought = margin.trade("08 07:11:00", "BTC-USDT", "buy", "60000", "0.045", "2.7", "t2", "MARGIN_EXCHANGE")
    sold = margin.trade("08 10:11:00", "BTC-USDT", "sell", "62000", "0.045", "2.79", "t3", "MARGIN_EXCHANGE")
    margin.add("08 10:12:00", "USDT", "Debt Repayment", "-2000.075")
    borrowed = {"orderNo": "b1", "symbol": None, "currency": "USDT", "size": "2000", "actualSize": "2000",
                "status": "SUCCESS", "createdTime": ms("08 07:10:00")}  # fmt: skip
    repaid = {"orderNo": "r1", "symbol": None, "currency": "USDT", "size": "2000.075", "principal": "2000",
              "interest": "0.075", "status": "SUCCESS", "createdTime": ms("08 10:12:00")}  # fmt: skip
    charged = [{"currency": "USDT", "dayRatio": "0.0003", "interestAmount": "0.025", "createdTime": ms(f"08 {hour}:00:00")}
               for hour in ("10", "09", "08")]  # fmt: skip
    paths = [
        answer(tmp_path, "ledger.json", [*margin.rows, *main.rows]), answer(tmp_path, "fills.json", [sold, bought, spot]),
        answer(tmp_path, "borrow.json", [borrowed]), answer(tmp_path, "repay.json", [repaid]),
        answer(tmp_path, "interest.json", charged),
    ]  # fmt: skip
    imported(book, *paths)
    columns = ("wallet", "symbol", "status", "gross_pnl", "trading_fees", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("cross_margin", "BTC-USDT", "closed", "90", "5.49", "0.075", "84.435")
    ]
    assert D("84.435") == margin.balances["USDT"] - 1000
    assert facts(
        book, "loans", "asset", "drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt"
    ) == [("USDT", "2000", "0.075", "2000", "0.075", "0")]
    assert facts(book, "balances", "wallet", "asset", "computed", "owed", "difference") == [
        ("cross_margin", "BTC", "0", "0", "0"), ("cross_margin", "USDT", "1084.435", "0", "0"),
        ("spot", "ETH", "0.2", "0", "0"), ("spot", "USDT", "1399.52", "0", "0"),
    ]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == [] and findings(book) == []


def test_the_zip_alone_tells_the_same_life_on_margin(book: Book, tmp_path: Path) -> None:
    history = save(tmp_path, CROSS, HISTORY,
                   f"{ME},USDT,Deposit,1000,0,2024-05-08 07:00:00,Trading Account,Transfer",
                   f"{ME},USDT,Deposit,2000,0,2024-05-08 07:10:00,,Borrowings",
                   f"{ME},USDT,Withdrawal,2702.7,2.7,2024-05-08 07:11:00,BTC-USDT,MARGIN_EXCHANGE",
                   f"{ME},BTC,Deposit,0.045,0,2024-05-08 07:11:00,BTC-USDT,MARGIN_EXCHANGE",
                   f"{ME},BTC,Withdrawal,0.045,0,2024-05-08 10:11:00,BTC-USDT,MARGIN_EXCHANGE",
                   f"{ME},USDT,Deposit,2787.21,2.79,2024-05-08 10:11:00,BTC-USDT,MARGIN_EXCHANGE",
                   f"{ME},USDT,Withdrawal,2000.075,0,2024-05-08 10:12:00,,Debt Repayment")  # fmt: skip
    fills = save(tmp_path, "Margin Orders_Filled Orders (Show Order-Splitting)_Cross.csv", MARGIN,
                 f"{ME},o2,BTC-USDT,BUY,MARKET,60000,0.045,2700,2700,2024-05-08 07:11:00,2.7,,TAKER,USDT",
                 f"{ME},o3,BTC-USDT,SELL,MARKET,62000,0.045,2790,2790,2024-05-08 10:11:00,2.79,,TAKER,USDT")  # fmt: skip
    loans = save(tmp_path, "Margin Orders_Borrowings_Cross.csv", BORROWINGS,
                 f"{ME},b1,USDT,2000,0.075,2000.075,0.0003,,2024-05-08 07:10:00,,2024-05-08 10:12:00,Repaid")  # fmt: skip
    imported(book, history, fills, loans)
    columns = ("wallet", "symbol", "status", "gross_pnl", "trading_fees", "interest", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("cross_margin", "BTC-USDT", "closed", "90", "5.49", "0.075", "84.435")
    ]
    assert facts(book, "balances", "asset", "computed", "owed") == [("BTC", "0", "0"), ("USDT", "1084.435", "0")]
    assert facts(book, "loans", "drawn", "interest", "repaid_principal", "remaining_debt") == [
        ("2000", "0.075", "2000", "0")
    ]
    assert offenders(book) == []


def test_a_short_on_isolated_margin_is_what_was_borrowed(book: Book, tmp_path: Path) -> None:
    def fill(ref: str, side: str, price: str, at: str, fee: str) -> dict[str, Any]:
        return {"id": 1, "symbol": "SOL-USDT", "tradeId": ref, "orderId": f"o{ref}", "counterOrderId": "x", "side": side,
                "liquidity": "taker", "price": price, "size": "10", "funds": f"{D(price) * 10}", "fee": fee, "feeRate": "0.001",
                "feeCurrency": "USDT", "tradeType": "MARGIN_ISOLATED_TRADE", "type": "market", "createdAt": ms(at)}  # fmt: skip

    def loan(ref: str, at: str, **more: str) -> dict[str, Any]:
        return {
            "orderNo": ref,
            "symbol": "SOL-USDT",
            "currency": "SOL",
            "status": "SUCCESS",
            "createdTime": ms(at),
            **more,
        }

    imported(
        book,
        answer(tmp_path, "borrow.json", [loan("b", "08 07:00:00", size="10", actualSize="10")]),
        answer(tmp_path, "repay.json", [loan("r", "08 09:00:00", size="10", principal="10", interest="0")]),
        answer(tmp_path, "fills.json", [fill("2", "buy", "140", "08 08:59:00", "1.4"), fill("1", "sell", "150", "08 07:00:10", "1.5")]),
    )  # fmt: skip
    columns = ("wallet", "symbol", "side", "status", "margin_mode", "gross_pnl", "trading_fees", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("isolated_margin", "SOL-USDT", "short", "closed", "isolated", "100", "2.9", "97.1")
    ]
    assert facts(book, "loans", "loan_id", "drawn", "remaining_debt") == [
        ("kucoin/isolated_margin/SOL-USDT:debt:SOL", "10", "0")
    ]
    assert offenders(book) == []


def test_what_the_venue_takes_at_a_liquidation_and_gives_back_is_in_the_balances(book: Book, tmp_path: Path) -> None:
    margin = Account("MARGIN")
    margin.add("08 07:00:00", "USDT", "TRANSFER", "1000")
    bought = margin.trade("08 07:11:00", "BTC-USDT", "buy", "60000", "0.015", "0.9", "t2", "MARGIN_EXCHANGE")
    margin.add("09 03:00:00", "BTC", "LIQUIDATION", "-0.015", context={"symbol": "BTC-USDT"})
    margin.add("09 03:00:01", "USDT", "Liquidation Fees", "-9")
    margin.add("09 03:00:02", "USDT", "ASSERT_RETURN", "120")
    imported(book, answer(tmp_path, "ledger.json", margin.rows), answer(tmp_path, "fills.json", [bought]))
    assert facts(book, "liquidations", "wallet", "symbol", "stage", "quantity") == [
        ("cross_margin", "BTC-USDT", "takeover", "0.015")
    ]
    assert facts(book, "balances", "asset", "computed", "difference") == [("BTC", "0", "0"), ("USDT", "210.1", "0")]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


# ----------------------------------------------------------------------------------------------- a life on spot


def test_a_life_on_spot_meets_the_snapshots_of_the_venue(book: Book, tmp_path: Path) -> None:
    history = save(tmp_path, TRADING, HISTORY.replace("UTC", "UTC+08:00"),
                   f"{ME},USDT,Deposit,1500,0,2024-05-04 08:00:11,Funding Account,Transfer",
                   f"{ME},USDT,Withdrawal,1000.9,0.9,2024-05-04 08:03:40,ETH-USDT,Spot",
                   f"{ME},ETH,Deposit,0.4,0,2024-05-04 08:03:40,ETH-USDT,Spot",
                   f"{ME},USDT,Deposit,0.18,0,2024-05-04 08:03:41,,Deduction Coupon Refund")  # fmt: skip
    funding = save(tmp_path, FUNDING, HISTORY,
                   f"{ME},USDT,Deposit,2000,0,2024-05-03 00:00:11,,Deposit",
                   f"{ME},USDT,Withdrawal,1500,0,2024-05-04 00:00:11,Trading Account,Transfer")  # fmt: skip
    fills = save(tmp_path, "Spot Orders_Filled Orders (Show Order-Splitting).csv", SPOT,
                 f"{ME},65e5,ETH-USDT,BUY,LIMIT,2500,0.25,625,625,2024-05-04 00:03:40,0.625,,TAKER,USDT",
                 f"{ME},65e5,ETH-USDT,BUY,LIMIT,2500,0.15,375,375,2024-05-04 00:03:40,0.275,,MAKER,USDT")  # fmt: skip
    snapshots = save(tmp_path, "Others_Asset Snapshots.csv", SNAPSHOTS,
                     f"{ME},Main Account,USDT,500,500,2024-05-04 23:59:59",
                     f"{ME},HF Trading Account,USDT,499.28,499.28,2024-05-04 23:59:59",
                     f"{ME},HF Trading Account,ETH,0.4,1010.2,2024-05-04 23:59:59")  # fmt: skip
    deposits = save(tmp_path, "Deposit_Withdrawal History_Deposit History.csv",
                    "UID,Account Type,Time(UTC),Coin,Amount,Fee,Hash,Deposit Address,Transfer Network,Status,Remarks",
                    f"{ME},2024-05-02 23:59:40,USDT,2000,0,0xaa,0xbb,TRX,SUCCESS,")  # fmt: skip
    imported(book, history, funding, fills, snapshots, deposits)
    assert facts(book, "balances", "wallet", "asset", "computed", "stated", "difference") == [
        ("funding", "USDT", "500", "500", "0"), ("spot", "ETH", "0.4", "0.4", "0"), ("spot", "USDT", "499.28", "499.28", "0"),
    ]  # fmt: skip
    assert facts(book, "positions", "symbol") == [] and offenders(book) == []


def test_the_files_alone_derive_what_the_history_says(book: Book, tmp_path: Path) -> None:
    fills = save(tmp_path, "Spot Orders_Filled Orders (Show Order-Splitting).csv", SPOT,
                 f"{ME},65e5,ETH-USDT,BUY,LIMIT,2500,0.4,1000,1000,2024-05-04 00:03:40,0.9,,TAKER,USDT")  # fmt: skip
    p2p = save(tmp_path, "Fiat Orders_P2P Orders.csv",
               "Order ID,Currency (Fiat),Currency (Crypto),Side,Price,Crypto Quantity,Fiat Amount,Status,Tax,Time(UTC)",
               "p-1,EUR,USDT,BUY,0.95,1000,950,DONE,,2024-05-03 10:00:00")  # fmt: skip
    imported(book, fills, p2p)
    assert facts(book, "balances", "wallet", "asset", "computed") == [
        ("funding", "EUR", "0"), ("funding", "USDT", "1000"), ("spot", "ETH", "0.4"), ("spot", "USDT", "-1000.9"),
    ]  # fmt: skip


def test_a_result_does_not_hang_on_the_unit_of_a_size(book: Book, tmp_path: Path) -> None:
    imported(book, save(tmp_path, FILLS, FUTURES,
                        f"{ME},1,2024-05-01 09:00:00,ETHUSDTM,BUY,1,3000,3000,3000,0.0006,1.8,MARKET",
                        f"{ME},2,2024-05-02 17:30:12,ETHUSDTM,SELL,1,3010,3010,3010,0.0006,1.806,LIMIT"))  # fmt: skip
    assert facts(book, "positions", "entry_price", "gross_pnl", "net_pnl") == [("3000", "10", "6.394")]


@pytest.mark.parametrize(
    ("opened", "closed", "paid"),
    [
        ("2024-05-01 09:00:00", "2024-05-02 17:30:12", "2024-05-02 12:00"),
        ("2024-05-02 13:00:00", "2024-05-02 17:30:12", "2024-05-02 16:00"),
        ("2024-05-02 16:20:00", "2024-05-02 17:30:12", "2024-05-02 17:00"),
        ("2024-05-02 17:20:00", "2024-05-02 17:30:12", "2024-05-02 17:30"),
    ],
)
def test_the_funding_of_a_closed_position_stands_where_it_was_last_paid(
    tmp_path: Path, opened: str, closed: str, paid: str
) -> None:
    result = read(save(tmp_path, REALIZED, PNL, f"{ME},ETHUSDTM,CLOSE_LONG,8.15,-10,-0.85,1,{opened},{closed}"))
    assert [f"{row:%Y-%m-%d %H:%M}" for row in result.tables["funding"]["paid_at"]] == [paid]


def test_an_account_number_that_one_download_masks_parts_no_account(book: Book, tmp_path: Path) -> None:
    for folder, number in (("a", "****7731"), ("b", "98127731")):
        imported(book, save(tmp_path / folder, TRADING, HISTORY,
                            f"{number},mainAccount,USDT,Deposit,1,0,2024-05-04 08:00:00,,Deposit"))  # fmt: skip
    assert facts(book, "balances", "account", "asset", "computed") == [("kucoin", "USDT", "1")]
