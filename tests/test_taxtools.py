"""Files of tax tools: words, shapes, fees, clocks and pots, and invented lives end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importers.contract import Context
from importers.detect import detect
from importers.registry import formats
from importers.taxtools.engine import LABELS
from importers.taxtools.pairs import name_pair
from importers.taxtools.rows import CASES
from importers.taxtools.tools import trade_table
from ledger.book import Book
from ledger.storage.importing import Asked
from tests.books import facts, imported, new_book, plain, write

KOINLY = (
    "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,"
    "Net Worth Currency,Label,Description,TxHash"
)
TRANSACTIONS = (
    "Date,Type,Label,Sending Wallet,Sent Amount,Sent Currency,Receiving Wallet,Received Amount,Received Currency,"
    "Fee Amount,Fee Currency,TxSrc,TxDest,TxHash,Description"
)
COINTRACKING = (
    "Type,Buy Amount,Buy Currency,Sell Amount,Sell Currency,Fee,Fee Currency,Exchange,Trade-Group,Comment,Date,Tx-ID"
)
TABLE = "Type,Buy,Cur.,Sell,Cur.,Fee,Cur.,Exchange,Group,Comment,Date"
COINLEDGER = (
    "Timestamp (UTC),Type,Internal Id,Platform,Account Name,Platform Id,Blockchain Id,Record Type,Asset,Amount,"
    "Description"
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


def sent(clock: str, amount: str, asset: str, label: str = "", ref: str = "", fee: str = "") -> str:
    return f"2026-02-{clock},{amount},{asset},,,{fee},{asset if fee else ''},,,{label},,{ref}"


def received(clock: str, amount: str, asset: str, label: str = "", ref: str = "") -> str:
    return f"2026-02-{clock},,,{amount},{asset},,,,,{label},,{ref}"


def traded(clock: str, out: str, into: str, fee: str, ref: str) -> str:
    return f"2026-02-{clock},{out.replace(' ', ',')},{into.replace(' ', ',')},{fee.replace(' ', ',')},,,,,{ref}"


def balances(book: Book) -> list[tuple[Any, ...]]:
    return facts(book, "balances", "wallet", "asset", "computed")


def by_cause(book: Book, asset: str) -> dict[str, str]:
    sums = book.store.rows(
        "SELECT cause, sum(amount)::DECIMAL(38,18) FROM movements WHERE asset = $asset AND pool = 'asset' GROUP BY cause",
        {"asset": asset},
    )
    return {cause: str(plain(amount)) for cause, amount in sums}


LIFE = [
    received("01 08:00:00", "1000", "USDT", ref="d1"),
    traded("01 09:00:00", "250 USDT", "0.1 ETH", "0.25 USDT", "t1"),
    received("02 08:00:00", "400", "USDT", "loan", "l1"),
    sent("03 08:00:00", "0.5", "USDT", "loan fee", "l2"),
    received("04 08:00:00", "31", "USDT", "realized gain", "p1"),
    sent("04 08:00:00", "1.5", "USDT", "margin fee", "p1-fee"),
    sent("05 08:00:00", "12", "USDT", "realized gain", "p2"),
    sent("06 08:00:00", "400", "USDT", "loan repayment", "l3"),
    received("06 09:00:00", "0.002", "ETH", "reward", "r1"),
    sent("07 08:00:00", "100", "USDT", ref="w1", fee="1"),
]


def test_a_life_is_a_ledger_of_labels_without_positions(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path / "in", "koinly.csv", KOINLY, LIFE))
    assert [("unified", "ETH", "0.102"), ("unified", "USDT", "665.75")] == balances(book)
    assert {
        "deposit": "1000", "withdrawal": "-100", "network_fee": "-1", "trade": "-250", "realized_pnl": "19",
        "trading_fee": "-1.75", "interest": "-0.5", "borrow": "400", "repay": "-400",
    } == by_cause(book, "USDT")  # fmt: skip
    assert [] == facts(book, "positions", "position_id") and [] == facts(book, "breaks", "break_id")
    assert [] == offenders(book)


def test_a_loan_is_drawn_charged_and_paid_back(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path / "in", "koinly.csv", KOINLY, LIFE))
    columns = ("asset", "drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt", "status")
    assert [("USDT", "400", "0.5", "400", "0.5", "0", "repaid")] == facts(book, "loans", *columns)


def test_a_spot_trade_is_two_legs_from_which_the_book_assembles_the_fill(book: Book, tmp_path: Path) -> None:
    imported(book, write(tmp_path / "in", "koinly.csv", KOINLY, LIFE))
    fills = book.store.rows("SELECT instrument, product, side, quantity, price, fee, trade_ref FROM fills")
    assert [("ETH/USDT", "spot", "buy", 0.1, 2500, 0.25, "t1")] == [
        (name, product, side, float(quantity), price, float(fee), ref)
        for name, product, side, quantity, price, fee, ref in fills
    ]


def test_the_same_file_and_overlapping_files_add_nothing_and_their_order_does_not_matter(tmp_path: Path) -> None:
    whole = write(tmp_path / "in", "all.csv", KOINLY, LIFE)
    first = write(tmp_path / "in", "first.csv", KOINLY, LIFE[:6])
    second = write(tmp_path / "in", "second.csv", KOINLY, LIFE[3:])
    ends = []
    for name, paths in (("one", (whole, first, second)), ("two", (second, first, whole))):
        (tmp_path / name).mkdir()
        book = new_book(tmp_path / name)
        for path in paths:
            imported(book, path)
        assert [0] == [part.stored for part in imported(book, whole).parts]
        ends.append(balances(book))
    assert [("unified", "ETH", "0.102"), ("unified", "USDT", "665.75")] == ends[0] == ends[1]


def test_equal_rows_of_one_file_are_both_real_unless_an_id_says_they_are_one(book: Book, tmp_path: Path) -> None:
    twin = '"Derivatives / Futures Loss","-","-","5","USDT","-","-","Gate.io","","","20.02.2026 13:00:00"'
    imported(book, write(tmp_path / "in", "table.csv", TABLE, [twin, twin]), timezone="UTC")
    assert [("unified", "USDT", "-10")] == balances(book)
    leg = "2026-02-01T08:00:00.000,Deposit,9001,Kraken,main,p1,,Credit,USD,50,"
    imported(book, write(tmp_path / "in", "ledger.csv", COINLEDGER, [leg, leg]))
    assert ("unified", "USD", "50") in balances(book)


def test_a_result_without_a_fee_is_net_and_a_stated_one_gross(book: Book, tmp_path: Path) -> None:
    header = "Type,Date,InOrBuyAmount,InOrBuyCurrency,OutOrSellAmount,OutOrSellCurrency,FeeAmount,FeeCurrency"
    rows = ["MarginGain,2026-02-02T09:00:00Z,13,USDT,,,0.5,USDT", "MarginLoss,2026-02-03T09:00:00Z,,,5,USDT,,"]
    imported(book, write(tmp_path / "in", "recap.csv", header, rows))
    assert [("gross", 13), ("net", -5)] == book.store.rows(
        "SELECT basis, amount FROM stated_results ORDER BY booked_at"
    )
    assert [("unified", "USDT", "7.5")] == balances(book)


# ---------------------------------------------------------------------------------------------- dialects


def test_amounts_of_cointracking_hold_their_fee_and_a_third_coin_has_a_row_of_its_own(
    book: Book, tmp_path: Path
) -> None:
    rows = [
        "Deposit,1000,USDT,,,,,Gate,,,2026-02-01 08:00:00,1",
        "Trade,0.1,ETH,250.25,USDT,0.25,USDT,Gate,,,2026-02-01 09:00:00,2",
        "Trade,3.996,SOL2,400,USDT,0.004,SOL2,Gate,,,2026-02-01 10:00:00,3",
        "Trade,2,ATOM2,20,USDT,0.01,GT,Gate,,,2026-02-01 11:00:00,4",
        "Deposit,1,GT,,,,,Gate,,,2026-02-01 07:00:00,0",
        "Other Fee,,,0.01,GT,,,Gate,,,2026-02-01 11:00:00,4.fee",
    ]
    report = imported(book, write(tmp_path / "in", "cointracking.csv", COINTRACKING, rows))
    assert ["times are assumed to be UTC; --timezone says otherwise"] == list(report.parts[0].warnings)
    assert [("ATOM", "2"), ("ETH", "0.1"), ("GT", "0.99"), ("SOL", "3.996"), ("USDT", "329.75")] == [
        row[1:] for row in balances(book)
    ]
    assert {"deposit": "1000", "trade": "-670", "trading_fee": "-0.25"} == by_cause(book, "USDT")
    assert {"trade": "4", "trading_fee": "-0.004"} == by_cause(book, "SOL")


def test_a_transfer_between_named_pots_moves_from_one_to_the_other(book: Book, tmp_path: Path) -> None:
    rows = [
        "2026-02-01 08:00:00,crypto_deposit,,,,,Binance Spot,1,ETH;2,,,,,h1,",
        "2026-02-02 08:00:00,transfer,,Binance Spot,0.5,ETH;2,Binance Earn,0.499,ETH;2,0.001,ETH;2,,,h2,",
        "2026-02-03 08:00:00,crypto_deposit,reward,,,,Binance Earn,0.01,ETH;2,,,,,h3,",
    ]
    imported(book, write(tmp_path / "in", "koinly.csv", TRANSACTIONS, rows))
    assert [("earn", "ETH", "0.509"), ("spot", "ETH", "0.5")] == balances(book)


def test_a_fee_beside_a_transfer_that_loses_nothing_is_on_top(book: Book, tmp_path: Path) -> None:
    rows = ["2026-02-01 08:00:00,crypto_deposit,,,,,Vault,1,ETH,,,,,h1,",
            "2026-02-02 08:00:00,transfer,,Vault,0.5,ETH,Cold,0.5,ETH,0.001,ETH,,,h2,"]  # fmt: skip
    imported(book, write(tmp_path / "in", "koinly.csv", TRANSACTIONS, rows))
    assert [("unified", "ETH", "0.999")] == balances(book)


def test_words_shapes_and_signs_that_nobody_described_are_rejected_with_their_cells(book: Book, tmp_path: Path) -> None:
    rows = [
        received("01 08:00:00", "5", "USDT", "moon dust"),
        sent("01 09:00:00", "5", "USDT", "reward"),
        sent("01 10:00:00", "-5", "USDT", "cost"),
        received("01 11:00:00", "5", "USDT").replace("USDT,,,", "USDT,1,USDT,", 1),
    ]
    report = imported(book, write(tmp_path / "in", "koinly.csv", KOINLY, rows), max_rejects=1.0)
    columns = "label, sent, sent_asset, received, received_asset, fee, fee_asset"
    reason = "unmapped: nobody has described this kind of row"
    assert [
        f"koinly.csv:2  {columns}: 'moon dust |  |  | 5 | USDT |  | '  {reason}",
        f"koinly.csv:3  {columns}: 'reward | 5 | USDT |  |  |  | '  {reason}",
        f"koinly.csv:4  {columns}: 'cost | -5 | USDT |  |  |  | '  {reason}",
        f"koinly.csv:5  {columns}: ' |  |  | 5 | USDT | 1 | USDT'  {reason}",
    ] == report.parts[0].reject_lines


def test_the_own_exports_of_cointracking_and_blockpit_need_a_zone(book: Book, tmp_path: Path) -> None:
    row = '"Deposit","7","USDT","-","-","-","-","Gate.io","","","20.02.2026 13:00:00"'
    report = book.import_paths([write(tmp_path / "in", "table.csv", TABLE, [row])], Asked())
    assert [True] == ["timezone" in str(error) for error in report.errors]


def test_a_date_that_says_neither_day_nor_month_first_is_rejected(book: Book, tmp_path: Path) -> None:
    row = '"Deposit","7","USDT","-","-","-","-","Gate.io","","","5/9/2026 21:14"'
    path = write(tmp_path / "in", "table.csv", TABLE, [row])
    report = imported(book, path, timezone="UTC", max_rejects=1.0)
    assert 1 == report.parts[0].rejected and report.parts[0].reject_lines[0].startswith("table.csv:2  Date: '5/9/2026")


def test_columns_of_one_name_are_told_by_their_place() -> None:
    found = trade_table([["CoinTracking - Trade Table"], TABLE.split(",")])
    assert found is not None and 1 == found[0]
    assert {2: "received_asset", 4: "sent_asset", 6: "fee_asset"} == {place: found[1][place] for place in (2, 4, 6)}
    assert None is trade_table([["Type", "Buy", "Sell"]])


def test_a_pair_without_a_separator_is_not_taken_apart() -> None:
    assert None is name_pair("BTCUSDT")
    named = name_pair("BTC-USDT")
    assert named is not None and "BTC/USDT" == named.instrument


# ------------------------------------------------------------------------------------------- the vocabulary


def test_every_word_of_every_tool_means_something_that_the_engine_knows() -> None:
    known = {*CASES, "by_type"}
    assert [] == [line for line in LABELS if line["event"] not in known]
    assert [] == [line for line in LABELS if line["shape"] not in ("any", "in", "out", "both", "buy", "sell")]
    asked = [(line["tool"], word, line["shape"]) for line in LABELS for word in line["words"].split(";")]
    assert len(asked) == len(set(asked))
    assert [] == [word for _, word, _ in asked if word != word.casefold().strip() or "_" in word or "-" in word]


def test_loans_interest_and_repayments_have_kinds_that_the_tables_hold() -> None:
    allowed = {"borrow": {"loan", "manual"}, "repay": {"manual"}, "interest": {"loan", "margin"}}
    wrong = [line for line in LABELS if line["event"] in allowed and line["kind"] not in allowed[line["event"]]]
    assert [] == wrong


def test_a_header_of_one_tool_is_never_taken_for_that_of_another() -> None:
    own = [form for form in formats() if form.venue in {line["tool"] for line in LABELS} | {"awaken"}]
    for form in own:
        for header in form.headers:
            match = detect([(1, header.columns), (2, ("",) * len(header.columns))], formats(), "x.csv", "x.csv")
            assert (form.name, header.name) == (match.format.name, match.variant)
    assert Context().wallet is None
