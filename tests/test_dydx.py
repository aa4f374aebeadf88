"""dYdX: what a browser prints in any language, who was liquidated, what meets what, and lives end to end."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from importers import dydx
from importers.contract import Normalized
from importers.dydx.cells import name_instrument, plain_number
from importers.files import open_bundle
from importers.read import Options, Recognized, chunks, recognize
from ledger.book import Book
from schemas.errors import MissingTimeZone, UnknownFormat
from tests.books import facts, imported, new_book, write
from tests.conftest import DATA

D = Decimal
SAMPLES = DATA / "dydx"
TRADES = '"Time","Market","Side","Amount","Price","Total","Fee","Type","Liquidity"'
TRANSFERS = '"Time","Action","Sender","Recipient","Amount","Transaction"'
FUNDING = '"Time","Market","Side","Oracle Price","Size","Payment","Rate"'
ME, FRIEND = "dydx1invented0owner", "dydx1invented0friend"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def recognized(path: Path, zone: str | None = None) -> Recognized:
    (part,) = open_bundle(path).parts()
    return recognize(part, dydx.FORMATS, Options(zone=zone))


def read(path: Path, zone: str | None = None) -> Normalized:
    ((normalized, _),) = chunks(recognized(path, zone))
    return normalized


def answered(folder: Path, name: str, **lists: list[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_text(json.dumps(lists))
    return path


# ----------------------------------------------------------------------------------- what browsers print


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("$1,525.10", "1525.10"), ("1.525,10 $", "1525.10"), ("US$ 1.525,10", "1525.10"), ("1\u202f525,10 $US", "1525.10"),
        ("US$1,234,567.00", "1234567.00"), ("-$0.24", "-0.24"), ("-0,24 $", "-0.24"), ("$0.0712", "0.0712"), ("$12", "12.0"),
        ("$1,525", None), ("1.525 $", None), ("1,525.10", None), ("a dollar", None),
    ],
)  # fmt: skip
def test_dollars_are_read_in_any_language_and_never_where_a_separator_may_be_either(
    printed: str, number: str | None
) -> None:
    assert number == plain_number(printed)


def test_one_trade_reads_alike_in_two_languages_and_zones() -> None:
    def rows(name: str, zone: str) -> list[tuple[Any, ...]]:
        return read(SAMPLES / name, zone).tables["fills"].sort("source_row").drop("source_row").rows()

    assert rows("trades (2).csv", "America/New_York") == rows("trades_de.csv", "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "form", "zone"),
    [
        ("trades.csv", "v4_trades", None), ("trades (1).csv", "v4_trades_rounded", None),
        ("trades (2).csv", "v4_trades_local", "UTC"), ("trades_de.csv", "v4_trades_local", "UTC"),
        ("transfers.csv", "v4_transfers_local", "UTC"), ("transfers_iso.csv", "v4_transfers", None),
        ("funding-payments.csv", "v4_funding_payments", None),
    ],
)  # fmt: skip
def test_what_the_rows_print_tells_equal_headers_apart(name: str, form: str, zone: str | None) -> None:
    assert f"dydx.{form}" == recognized(SAMPLES / name, zone).match.format.name


def test_times_of_the_browser_need_its_zone() -> None:
    with pytest.raises(MissingTimeZone):
        recognized(SAMPLES / "transfers.csv")


def test_a_file_in_another_language_is_known_by_the_cells_that_no_language_changes(tmp_path: Path) -> None:
    header = '"時間","市場","サイド","数量","価格","合計","手数料","種類","流動性"'
    rows = ['"2025-05-02T08:09:10.111Z","BTC-USD","買い","0.02","95000","1900","0.95","MARKET","TAKER"']
    match = recognized(write(tmp_path, "trades.csv", header, rows)).match
    assert ("dydx.v4_trades", "recognized by its rows") == (match.format.name, match.variant)
    strange = [rows[0].replace("TAKER", "テイカー")]
    with pytest.raises(UnknownFormat):
        recognized(write(tmp_path, "others.csv", header, strange))


def test_a_side_in_a_language_that_nobody_has_described_is_rejected(tmp_path: Path) -> None:
    rows = ['"2025-05-02T08:09:10.111Z","BTC-USD","Kupuj","0.02","95000","1900","0.95","MARKET","TAKER"']
    assert read(write(tmp_path, "trades.csv", TRADES, rows)).rejected.rows() == [
        (2, "Side", "Kupuj", "unmapped: expected Buy or Sell in one of the app's languages")
    ]


# ------------------------------------------------------------------------------------------------- fills


@pytest.mark.parametrize(
    ("kind", "execution", "stage", "bankruptcy"),
    [
        ("LIMIT", "trade", "no event", None), ("MARKET", "trade", "no event", None),
        ("TWAP_SUBORDER", "trade", "no event", None), ("LIQUIDATION", "trade", "no event", None),
        ("LIQUIDATED", "liquidation", None, None), ("DELEVERAGED", "liquidation", "adl", D(95000)),
        ("OFFSETTING", "adl", "adl", None),
    ],
)  # fmt: skip
def test_the_type_of_a_fill_says_whose_position_was_forced(
    tmp_path: Path, kind: str, execution: str, stage: str | None, bankruptcy: Decimal | None
) -> None:
    rows = [f'"2025-05-02T08:09:10.111Z","BTC-USD","Sell","0.02","95000","1900","0.95","{kind}","TAKER"']
    tables = read(write(tmp_path, "trades.csv", TRADES, rows)).tables
    (event,) = tables["liquidations"].to_dicts() if "liquidations" in tables else [{"stage": "no event"}]
    assert (execution, stage, bankruptcy) == (
        tables["fills"]["execution"][0], event["stage"], event.get("bankruptcy_price"))  # fmt: skip


def test_a_rebate_is_a_fee_below_zero() -> None:
    fills = read(SAMPLES / "trades.csv").tables["fills"].filter(pl.col("symbol") == "ETH-USD")
    assert [D("-0.236313"), D("-0.237666")] == fills.sort("source_row")["fee"].to_list()


def test_an_isolated_market_is_a_subaccount_from_128_on() -> None:
    fills = read(SAMPLES / "fills.json").tables["fills"]
    assert {("SUI-USD", "isolated"), ("BTC-USD", "cross"), ("ETH-USD", "cross"), ("SOL-USD", "cross")} == set(
        fills.select("symbol", "margin_mode").unique().rows()
    )


def test_a_market_in_dollars_is_linear_though_it_is_settled_in_usdc() -> None:
    named = name_instrument("BTC-USD", None)
    assert named is not None
    assert ("BTC/USD:USDC", "perpetual", "linear") == (named.instrument, named.product, named.style)


# --------------------------------------------------------------------------------------------- transfers


def test_a_transfer_between_subaccounts_of_one_address_is_internal() -> None:
    moved = read(SAMPLES / "transfers.csv", "UTC").tables["transfers"].sort("source_row")
    assert ["deposit", "withdrawal", "withdrawal", "deposit", "internal"] == moved["kind"].to_list()


def test_the_app_and_the_indexer_state_one_transfer_though_the_app_rounds_it(book: Book, tmp_path: Path) -> None:
    row = f'"5/1/25, 9:30 AM","DEPOSIT","{ME}","{ME}","$1,500.00","A1B2"'
    rows = [row, f'"5/13/25, 9:30 AM","WITHDRAWAL","{ME}","{ME}","$20.00","A1B3"']
    imported(book, write(tmp_path, "transfers.csv", TRANSFERS, rows), timezone="UTC")
    exact = {"id": "1", "sender": {"address": ME}, "recipient": {"address": ME, "subaccountNumber": 0}, "size": "1500.004",
             "createdAt": "2025-05-01T09:30:12.345Z", "createdAtHeight": "1", "symbol": "USDC", "type": "DEPOSIT",
             "transactionHash": "A1B2"}  # fmt: skip
    report = imported(book, answered(tmp_path, "transfers.json", transfers=[exact]))
    assert (0, 1) == (report.parts[0].stored, report.parts[0].duplicate)
    assert [("USDC", "1480")] == facts(book, "balances", "asset", "computed")


def test_a_fast_withdrawal_costs_the_difference(book: Book) -> None:
    imported(book, SAMPLES / "Transfers.csv")
    moved = read(SAMPLES / "Transfers.csv").tables["transfers"].filter(pl.col("fee").is_not_null())
    assert [(D("-118.9"), D("1.1"))] == moved.select("amount", "fee").rows()
    assert [("USDC", "395")] == facts(book, "balances", "asset", "computed")  # 800 - 120 - 300 + 35 - 20


def test_what_is_not_confirmed_moved_nothing() -> None:
    assert ["not confirmed: moved nothing"] == read(SAMPLES / "Transfers.csv").ignored["reason"].to_list()


def test_the_vault_is_a_wallet_of_its_own(book: Book) -> None:
    imported(book, SAMPLES / "vault-transfers.csv", timezone="UTC")
    moved = read(SAMPLES / "vault-transfers.csv", "UTC").tables["transfers"].sort("source_row")
    assert [(D(-200), "internal", "strategy"), (D("203.4"), "internal", "strategy")] == moved.select(
        "amount", "kind", "other_wallet"
    ).rows()


# ----------------------------------------------------------------------------------------------- v3


def test_a_short_header_is_another_family_and_meets_the_ids_by_voice(book: Book) -> None:
    for order in (("Trades.csv", "Trades_short.csv"), ("Trades_short.csv", "Trades.csv")):
        for name in order:
            imported(book, SAMPLES / name)
    columns = ("symbol", "side", "status", "gross_pnl", "trading_fees")
    assert ("ETH-USD", "long", "liquidated", "-25.5", "1.80755") in facts(book, "positions", *columns)
    assert 4 == book.store.scalar("SELECT count(*) FROM fills")


# ------------------------------------------------------------------------------------------------- lives

APP = (
    '"2025-06-14T03:00:00.500Z","BTC-USD","Sell","0.015","99000","1485","0.7425","LIQUIDATED","TAKER"',
    '"2025-06-13T20:15:00.250Z","BTC-USD","Sell","0.005","106000","530","-0.0583","LIMIT","MAKER"',
    '"2025-06-13T08:30:00.125Z","BTC-USD","Buy","0.02","105000","2100","1.05","MARKET","TAKER"',
)
PAID = (
    '"2025-06-13T09:00:01.000Z","BTC-USD","LONG","105200","0.02","-0.0263","0.0000125"',
    '"2025-06-13T21:00:01.000Z","BTC-USD","LONG","104800","0.015","0.00786","-0.000005"',
)
MOVED = (f'"6/13/25, 8:00 AM","DEPOSIT","{ME}","{ME}","$500.00","T1"',
         f'"6/20/25, 4:00 PM","WITHDRAWAL","{ME}","{ME}","$120.50","T2"')  # fmt: skip


def app(folder: Path) -> list[Path]:
    return [write(folder, "trades.csv", TRADES, APP), write(folder, "funding-payments.csv", FUNDING, PAID)]


def indexer(folder: Path) -> list[Path]:
    fills: list[dict[str, Any]] = []
    payments: list[dict[str, Any]] = []
    for number, row in enumerate(APP):
        at, market, side, size, price, _, fee, kind, liquidity = json.loads(f"[{row}]")
        fills.append({"id": f"f{number}", "side": side.upper(), "liquidity": liquidity, "type": kind, "market": market,
                      "marketType": "PERPETUAL", "price": price, "size": size, "fee": fee, "createdAt": at,
                      "createdAtHeight": "1", "orderId": f"o{number}", "subaccountNumber": 0})  # fmt: skip
    for row in PAID:
        at, market, side, price, size, payment, rate = json.loads(f"[{row}]")
        payments.append({"createdAt": at, "createdAtHeight": str(len(payments)), "perpetualId": "0", "ticker": market, "oraclePrice": price,
                         "size": size, "side": side, "rate": rate, "payment": payment, "subaccountNumber": "0",
                         "fundingIndex": "0"})  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    return [answered(folder, "fills.json", fills=fills), answered(folder, "paid.json", fundingPayments=payments)]


@pytest.mark.parametrize("exports", [(app,), (indexer,), (app, indexer), (indexer, app)])
def test_a_life_ends_alike_by_the_app_the_indexer_or_both(book: Book, tmp_path: Path, exports: tuple[Any, ...]) -> None:
    paths = [path for number, export in enumerate(exports) for path in export(tmp_path / str(number))]
    imported(book, *paths)
    imported(book, write(tmp_path, "transfers.csv", TRANSFERS, MOVED), timezone="UTC")
    columns = ("symbol", "status", "entry_price", "gross_pnl", "trading_fees", "funding", "net_pnl")
    assert facts(book, "positions", *columns) == [
        ("BTC-USD", "liquidated", "105000", "-85", "1.7342", "-0.01844", "-86.75264")
    ]
    assert facts(book, "liquidations", "stage", "quantity", "loss") == [("full", "0.015", "90.7425")]
    assert D("292.74736") == D("500") - D("120.5") - D("86.75264")
    assert facts(book, "balances", "asset", "computed") == [("USDC", "292.74736")]
    assert 0 == sum(part.stored for part in imported(book, *paths).parts)
    assert [] == [name for name, frame in book.check().items() if frame.height]
    assert [] == [kind for (kind,) in facts(book, "findings", "kind") if kind not in ("seam",)]


def test_rounded_and_whole_exports_of_one_range_are_counted_once(book: Book, tmp_path: Path) -> None:
    rounded = [row.replace('"105000"', '"$105,000.00"').replace('"106000"', '"$106,000.00"')
               .replace('"99000"', '"$99,000.00"').replace('"1.05"', '"$1.05"').replace('"-0.0583"', '"-$0.06"')
               .replace('"0.7425"', '"$0.74"') for row in APP]  # fmt: skip
    imported(book, write(tmp_path / "old", "trades.csv", TRADES, rounded), *app(tmp_path / "new"))
    assert facts(book, "positions", "gross_pnl", "trading_fees") == [("-85", "1.7342")]


def test_equal_fills_of_an_instant_are_two(book: Book) -> None:
    imported(book, SAMPLES / "trades.csv")
    sizes = dict(facts(book, "positions", "symbol", "max_quantity"))
    assert "10" == sizes["SOL-USD"]


def test_a_size_stated_before_the_first_fill_was_open_already(book: Book, tmp_path: Path) -> None:
    rows = ['"2025-06-13T12:30:00.000Z","LINK-USD","Buy","10","14","140","0.07","LIMIT","TAKER"']
    paid = ['"2025-06-13T12:00:01.000Z","LINK-USD","SHORT","14.3","-10","0.0017875","0.0000125"']
    imported(book, write(tmp_path, "trades.csv", TRADES, rows), write(tmp_path, "funding-payments.csv", FUNDING, paid))
    assert facts(book, "positions", "side", "status", "funding") == [("short", "closed", "0.0017875")]
