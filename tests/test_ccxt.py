"""Dumps of ccxt's unified structures: how numbers, fees, symbols and words are read, and invented lives end to end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers.ccxt.numbers import meant
from importers.ccxt.symbols import name_contract, name_instrument
from importers.contract import Context
from importers.files.jsontext import rows_by_code, rows_by_symbol
from ledger.book import Book
from ledger.storage.importing import Asked
from tests.books import facts, imported, new_book

SWAP = "ETH/USDT:USDT"
COIN_SWAP = "BTC/USD:BTC"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def at(text: str) -> dict[str, Any]:
    """Return the two times of an object of 2026-03 by `DD HH:MM:SS`."""
    moment = datetime.fromisoformat(f"2026-03-{text.replace(' ', 'T')}+00:00").astimezone(UTC)
    return {"timestamp": round(moment.timestamp() * 1000), "datetime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def trade(name: str, when: str, symbol: str, side: str, price: float, amount: float, cost: float | None,
          fee: dict[str, Any] | None, **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"id": name, **at(when), "symbol": symbol, "order": f"o-{name}", "type": "limit", "side": side,
            "takerOrMaker": "taker", "price": price, "amount": amount, "cost": cost, "fee": fee, "fees": [],
            "info": {}, **more}  # fmt: skip


def entry(name: str | None, when: str, kind: str, amount: float, after: float | None, before: float | None = None,
          **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"id": name, **at(when), "direction": "in" if amount > 0 else "out", "account": None, "referenceId": None,
            "referenceAccount": None, "type": kind, "currency": "USDT", "amount": abs(amount), "before": before,
            "after": after, "status": "ok", "fee": None, "info": {}, **more}  # fmt: skip


def usdt(cost: float) -> dict[str, Any]:
    return {"currency": "USDT", "cost": cost}


def dumped(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return path


def offenders(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


# ---------------------------------------------------------------------------------------------- a life

TRADES = (
    trade("1", "02 09:00:00", SWAP, "buy", 2500.0, 20, 500.0, usdt(0.3)),
    trade("2", "03 10:00:00", SWAP, "sell", 2600.0, 12, 312.0, usdt(-0.0312), takerOrMaker="maker"),
    trade("3", "04 11:30:00", SWAP, "sell", 2450.0, 8, 196.0, usdt(0.1176), info={"execType": "BustTrade"}),
)
FUNDING = tuple(
    {"info": {}, "symbol": SWAP, "code": "USDT", **at(when), "id": None, "amount": amount}
    for when, amount in (("02 16:00:00", -0.05), ("03 00:00:00", 0.02), ("04 00:00:00", -0.04))
)
LEDGER = (
    entry("a", "02 08:00:00", "transaction", 1000.0, 1000.0, 0.0),
    entry("b", "02 09:00:00", "fee", -0.3, 999.7, 1000.0, referenceId="1"),
    entry("c", "02 16:00:00", "funding", -0.05, 999.65, 999.7),
    entry("d", "03 00:00:00", "funding", 0.02, 999.67, 999.65),
    entry("e", "03 10:00:00", "trade", 12.0, 1011.67, 999.67, referenceId="2"),
    entry("f", "03 10:00:00", "fee", 0.0312, 1011.7012, 1011.67, referenceId="2"),
    entry("g", "04 00:00:00", "funding", -0.04, 1011.6612, 1011.7012),
    entry("h", "04 11:30:00", "trade", -4.0, 1007.6612, 1011.6612, referenceId="3"),
    entry("i", "04 11:30:00", "fee", -0.1176, 1007.5436, 1007.6612, referenceId="3"),
    entry("j", "05 09:00:00", "withdrawal", -500.0, 506.5436, 1007.5436, fee=usdt(1.0)),
)
LIFE = [("closed", "8", "0.3864", "-0.07", "7.5436")]


def life(folder: Path) -> dict[str, Path]:
    return {
        "trades": dumped(folder, "trades.json", TRADES), "funding": dumped(folder, "funding.json", FUNDING),
        "ledger": dumped(folder, "ledger.json", LEDGER),
    }  # fmt: skip


def position(book: Book) -> list[tuple[Any, ...]]:
    return facts(book, "positions", "status", "gross_pnl", "trading_fees", "funding", "net_pnl")


def balances(book: Book) -> list[tuple[Any, ...]]:
    return facts(book, "balances", "asset", "computed", "stated", "difference")


def test_a_life_of_trades_funding_and_ledger_ends_at_the_venues_balance_without_a_break(
    book: Book, tmp_path: Path
) -> None:
    imported(book, *life(tmp_path / "in").values())
    assert [("liquidated", *LIFE[0][1:])] == position(book)
    assert [("USDT", "506.5436", "506.5436", "0")] == balances(book)
    assert [] == facts(book, "breaks", "break_id") and [] == offenders(book)


def test_without_the_ledger_the_same_cash_is_derived_from_the_facts(book: Book, tmp_path: Path) -> None:
    paths = life(tmp_path / "in")
    imported(book, paths["trades"], paths["funding"])
    assert [("liquidated", *LIFE[0][1:])] == position(book)
    assert [("USDT", "7.5436")] == facts(book, "balances", "asset", "computed")


def test_the_order_of_files_and_a_second_import_change_nothing(tmp_path: Path) -> None:
    paths = life(tmp_path / "in")
    ends = []
    for name, order in (("one", ("trades", "funding", "ledger")), ("two", ("ledger", "trades", "funding"))):
        (tmp_path / name).mkdir()
        book = new_book(tmp_path / name)
        for kind in order:
            imported(book, paths[kind])
        ends.append((position(book), balances(book)))
        again = imported(book, *paths.values())
        assert [0, 0, 0] == [part.stored for part in again.parts]
        assert ends[-1] == (position(book), balances(book))
    assert ends[0] == ends[1]


def test_pages_that_overlap_count_a_trade_and_a_funding_row_once(book: Book, tmp_path: Path) -> None:
    first = dumped(tmp_path / "in", "page1.json", [*TRADES[:2], TRADES[1]])
    second = dumped(tmp_path / "in", "page2.json", TRADES[1:])
    funding = dumped(tmp_path / "in", "funding.json", [*FUNDING, {**FUNDING[0], "id": "another"}])
    report = imported(book, first, second, funding)
    assert [(2, 1), (1, 1), (3, 1)] == [(part.stored, part.duplicate) for part in report.parts]
    assert [("liquidated", *LIFE[0][1:])] == position(book)


def test_one_id_with_another_content_is_rejected_with_both_places(book: Book, tmp_path: Path) -> None:
    other = {**TRADES[1], "price": 2601.0}
    report = imported(book, dumped(tmp_path / "in", "page.json", [*TRADES, other]), max_rejects=1.0)
    (line,) = report.parts[0].reject_lines
    assert line.startswith("page.json:4  row: ")
    assert line.endswith("changed: the same id stands with other content at page.json:2")


# --------------------------------------------------------------------------------------- sizes and sides


def test_the_value_of_a_linear_fill_stands_for_the_contract_size_and_an_inverse_one_waits_for_the_markets(
    book: Book, tmp_path: Path
) -> None:
    bitcoin = {"currency": "BTC", "cost": 0.00001}
    rows = [trade("1", "02 09:00:00", COIN_SWAP, "sell", 80000.0, 40, 0.05, bitcoin),
            trade("2", "02 10:00:00", COIN_SWAP, "buy", 64000.0, 40, 0.0625, bitcoin)]  # fmt: skip
    imported(book, dumped(tmp_path / "in", "trades.json", rows))
    assert [("closed", None)] == facts(book, "positions", "status", "gross_pnl")
    market = {
        "id": "BTCUSD", "symbol": COIN_SWAP, "base": "BTC", "quote": "USD", "settle": "BTC", "type": "swap",
        "linear": False, "inverse": True, "contractSize": 100.0, "info": {"filters": [{"filterType": "PRICE"}]},
    }  # fmt: skip
    path = tmp_path / "in" / "markets.json"
    path.write_text(json.dumps({COIN_SWAP: market}), encoding="utf-8")
    imported(book, path)
    assert [("closed", "0.0125", "0.00002")] == facts(book, "positions", "status", "gross_pnl", "trading_fees")


def test_a_position_dump_states_the_size_and_is_compared_with_the_fills(book: Book, tmp_path: Path) -> None:
    held = {"symbol": SWAP, **at("02 12:00:00"), "side": "long", "contracts": 21.0, "contractSize": 0.01,
            "entryPrice": 2500.0, "markPrice": 2510.0, "unrealizedPnl": 2.0, "marginMode": "cross"}  # fmt: skip
    imported(book, dumped(tmp_path / "in", "trades.json", TRADES), dumped(tmp_path / "in", "positions.json", [held]))
    sentences = [
        sentence for kind, sentence in facts(book, "findings", "kind", "sentence") if kind == "stated_position"
    ]
    assert [
        f"the venue states a position of 21 {SWAP} at 2026-03-02 12:00:00Z, the fills make 20; fills may be missing"
    ] == sentences


def test_both_sides_of_a_hedge_are_two_positions(book: Book, tmp_path: Path) -> None:
    long, short = {"positionSide": "LONG"}, {"positionSide": "SHORT"}
    rows = [
        trade("1", "02 09:00:00", SWAP, "buy", 2500.0, 10, 250.0, None, info=long),
        trade("2", "02 09:00:00", SWAP, "sell", 2500.0, 10, 250.0, None, info=short),
        trade("3", "02 10:00:00", SWAP, "sell", 2600.0, 10, 260.0, None, info=long),
    ]
    imported(book, dumped(tmp_path / "in", "trades.json", rows))
    assert [("long", "closed", "10"), ("short", "open", "0")] == sorted(
        facts(book, "positions", "side", "status", "gross_pnl"))  # fmt: skip


def test_contracts_that_older_dumps_print_as_pairs_are_perpetuals_in_a_derivatives_wallet(
    book: Book, tmp_path: Path
) -> None:
    rows = [trade("1", "02 09:00:00", "ETH/USDT", "buy", 2500.0, 0.2, 500.0, usdt(0.3))]
    funding = {"symbol": "ETH/USDT", "code": "USDT", **at("02 16:00:00"), "id": "f", "amount": -0.05, "info": {}}
    paths = (dumped(tmp_path / "in", "trades.json", rows), dumped(tmp_path / "in", "funding.json", [funding]))
    imported(book, *paths, wallet="usdm")
    assert [("ccxt", "usdm", "perpetual", "ETH/USDT:USDT", "-0.05")] == facts(
        book, "positions", "venue", "wallet", "product", "instrument", "funding")  # fmt: skip


# ------------------------------------------------------------------------------------------------ ledger


def moved(book: Book) -> list[tuple[Any, ...]]:
    return [
        (cause, f"{amount.normalize():f}")
        for cause, amount in book.store.rows("SELECT cause, amount FROM movements ORDER BY moved_at, row_key")
    ]


def test_a_ledger_fee_is_on_top_of_the_amount_unless_the_balances_show_it_inside(book: Book, tmp_path: Path) -> None:
    rows = [
        entry("a", "02 08:00:00", "deposit", 100.0, 100.0, 0.0),
        entry("b", "02 09:00:00", "withdrawal", -10.0, 88.0, 100.0, fee=usdt(2.0)),
        entry("c", "02 10:00:00", "withdrawal", -12.0, 76.0, 88.0, fee=usdt(2.0)),
        entry("d", "02 11:00:00", "withdrawal", -10.0, 64.0, None, fee=usdt(2.0)),
    ]
    imported(book, dumped(tmp_path / "in", "ledger.json", rows))
    assert [("deposit", "100"), ("withdrawal", "-10"), ("network_fee", "-2"), ("withdrawal", "-12"),
            ("withdrawal", "-10"), ("network_fee", "-2")] == moved(book)  # fmt: skip
    assert [("USDT", "64", "64", "0")] == balances(book)
    assert [] == facts(book, "breaks", "break_id")


def test_the_venues_own_word_decides_where_ccxt_calls_funding_a_fee_and_interest_a_trade(
    book: Book, tmp_path: Path
) -> None:
    bill = {"billId": "1", "subType": "173"}
    rows = [
        entry("1", "02 08:00:00", "transfer", 100.0, 100.0, info={**bill, "type": "1"}),
        entry("2", "02 16:00:00", "fee", -1.0, 99.0, info={**bill, "type": "8"}),
        entry("3", "02 17:00:00", "trade", -0.5, 98.5, info={**bill, "type": "7"}),
        entry("4", "02 18:00:00", "fee", -2.0, 96.5, info={"incomeType": "FUNDING_FEE"}),
        entry("5", "02 19:00:00", "INSURANCE_CLEAR", -3.0, 93.5, info={"incomeType": "INSURANCE_CLEAR"}),
        entry("6", "02 20:00:00", "fee", -0.1, 93.4),
    ]
    imported(book, dumped(tmp_path / "in", "ledger.json", rows))
    assert ["transfer", "funding", "interest", "funding", "liquidation_fee", "trading_fee"] == [
        cause for cause, _ in moved(book)]  # fmt: skip


def test_a_word_that_nobody_described_and_a_transaction_without_direction_are_rejected(
    book: Book, tmp_path: Path
) -> None:
    rows = [
        entry("a", "02 08:00:00", "jackpot", 1.0, 1.0),
        entry("b", "02 08:00:01", "transaction", 1.0, 2.0, direction=None),
    ]
    report = imported(book, dumped(tmp_path / "in", "ledger.json", rows), max_rejects=1.0)
    assert [
        "ledger.json:1  type, direction, status, info: 'jackpot | in | ok | {}'  "
        "unmapped: nobody has described this kind of row",
        "ledger.json:2  type, direction, status, info: 'transaction |  | ok | {}'  "
        "unmapped: nobody has described this kind of row",
    ] == report.parts[0].reject_lines


# ------------------------------------------------------------------------------------------------ venues


def test_a_key_names_the_venue_and_its_pots_and_a_file_has_one(book: Book, tmp_path: Path) -> None:
    rows = [{**row, "exchange": name} for row, name in zip(TRADES, ("Binance", "binance", "binance"), strict=True)]
    strange = {**TRADES[0], "id": "9", "exchange": "kraken"}
    report = imported(book, dumped(tmp_path / "in", "trades.json", [*rows, strange]), max_rejects=1.0)
    assert [("binance", "binance", "usdm")] == facts(book, "positions", "account", "venue", "wallet")
    assert ["trades.json:4  exchange: 'kraken'  expected the venue of the file's first row"] == report.parts[
        0
    ].reject_lines


def test_a_dump_of_orders_is_no_dump_of_trades(book: Book, tmp_path: Path) -> None:
    order = {"id": "o-1", "clientOrderId": None, **at("02 09:00:00"), "lastTradeTimestamp": None, "symbol": SWAP,
             "type": "limit", "timeInForce": "GTC", "side": "buy", "price": 2500.0, "average": 2500.0, "amount": 20,
             "filled": 20, "remaining": 0, "cost": 500.0, "status": "closed", "fee": usdt(0.3), "trades": []}  # fmt: skip
    report = book.import_paths([dumped(tmp_path / "in", "orders.json", [order])], Asked())
    assert [3] == [error.exit_code for error in report.errors]


def test_borrowings_and_repayments_are_told_apart_by_the_files_name_only(book: Book, tmp_path: Path) -> None:
    row = {"info": {}, "id": "1", "currency": "USDT", "amount": 100.0, "symbol": None, **at("02 08:00:00")}
    path = dumped(tmp_path / "in", "loans.json", [row])
    report = book.import_paths([path], Asked())
    assert ["ccxt.borrows" in str(error) and "ccxt.repayments" in str(error) for error in report.errors] == [True]
    imported(book, path, format="ccxt.repayments")
    assert [("USDT", "100")] == [(asset, f"{amount:f}".rstrip("0").rstrip("."))
                                 for asset, amount in book.store.rows("SELECT asset, amount FROM repayments")]  # fmt: skip


def test_a_margin_trade_pays_the_interest_of_what_it_borrowed(book: Book, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    loan: dict[str, Any] = {"info": {}, "id": "1", "currency": "USDT", "symbol": None}
    charges = [{"info": {}, "symbol": None, "currency": "USDT", "interest": 0.006, "interestRate": 0.00001,
                "amountBorrowed": 600.0, "marginMode": "cross", **at(f"02 {hour}:00:00")} for hour in (10, 11)]  # fmt: skip
    trades = [trade("1", "02 09:00:00", "SOL/USDT", "buy", 120.0, 5.0, 600.0, usdt(0.6)),
              trade("2", "02 11:30:00", "SOL/USDT", "sell", 130.0, 5.0, 650.0, usdt(0.65))]  # fmt: skip
    imported(
        book, dumped(folder, "borrowed.json", [{**loan, "amount": 600.0, **at("02 08:59:59")}]),
        dumped(folder, "borrow_interest.json", charges), dumped(folder, "trades.json", trades),
        dumped(folder, "repaid.json", [{**loan, "amount": 600.012, **at("02 11:31:00")}]), wallet="cross_margin",
    )  # fmt: skip
    assert [("margin", "closed", "50", "1.25", "0.012", "48.738")] == facts(
        book, "positions", "product", "status", "gross_pnl", "trading_fees", "interest", "net_pnl")  # fmt: skip
    assert [("USDT", "600", "0.012", "repaid")] == facts(book, "loans", "asset", "drawn", "interest", "status")
    assert [] == offenders(book)


# ----------------------------------------------------------------------------------------------- dialects


@pytest.mark.parametrize(
    ("printed", "info", "number"),
    [
        ("0.25", "", "0.25"),
        ("1e-07", "", "0.0000001"),
        ("0.30000000000000004", "", "0.3"),
        ("0.7999999999999999", "", "0.8"),
        ("12.345678901234567", '{"qty":"12.345678901234567890"}', "12.34567890123456789"),
        ("-12.345678901234567", '{"qty":"12.345678901234567890"}', "-12.34567890123456789"),
        ("12.345678901234567", '{"a":"12.345678901234567","b":"12.3456789012345671"}', "12.345678901234567"),
        ("0.123456789012345678", "", "0.123456789012345678"),
        ("0.00001234567890123456", "", "0.000012345678901235"),
        ("1234567890123456789012", "", None),
        ("0.1234567890123456789", "", None),
        ("NaN", "", None),
        ("1,5", "", None),
    ],
)
def test_a_float_is_read_as_the_number_that_it_stands_for(printed: str, info: str, number: str | None) -> None:
    assert (None if number is None else Decimal(number)) == meant(printed, info)


def test_symbols_name_pairs_perpetuals_futures_and_options() -> None:
    def terms(symbol: str) -> tuple[Any, ...] | None:
        named = name_instrument(symbol)
        return None if named is None else (named.instrument, named.product, named.style, named.settle)

    assert ("BTC/USDT", "spot", "linear", "USDT") == terms("BTC/USDT")
    assert (SWAP, "perpetual", "linear", "USDT") == terms(SWAP)
    assert (COIN_SWAP, "perpetual", "inverse", "BTC") == terms(COIN_SWAP)
    assert ("ETH/USD:BTC", "perpetual", "quanto", "BTC") == terms("ETH/USD:BTC")
    assert ("BTC/USD:BTC-260327", "future", "inverse", "BTC") == terms("BTC/USD:BTC-260327")
    assert ("BTC/USD:BTC-260327-90000-C", "option", "linear", "BTC") == terms("BTC/USD:BTC-260327-90000-C")
    assert None is terms("BTCUSDT") and None is terms("BTC/USD:BTC-269927")


def test_a_bare_pair_is_a_contract_only_where_something_says_how_it_settles() -> None:
    named = name_contract("BTC/USDT", None)
    assert named is not None and "BTC/USDT:USDT" == named.instrument
    assert None is name_contract("BTC/USD", None)
    named = name_contract("BTC/USD", "BTC")
    assert named is not None and COIN_SWAP == named.instrument


def test_maps_by_symbol_and_balances_by_currency_are_rows_and_other_objects_are_not() -> None:
    assert [({"a": "1"}, {"key": "A/B", "a": "1"}), ({"a": "2"}, {"key": "A/C", "a": "2"})] == rows_by_symbol(
        {"A/B": [{"a": "1"}], "A/C": {"a": "2"}})  # fmt: skip
    assert None is rows_by_symbol({"A/B": 1}) and None is rows_by_symbol({"AB": {}}) and None is rows_by_symbol([])
    balance = {"free": {"X": "1"}, "used": {"X": "2"}, "total": {"X": "3"}, "info": [{}], "datetime": "now"}
    assert [({"X": {"free": "1", "used": "2", "total": "3"}},
             {"currency": "X", "free": "1", "used": "2", "total": "3", "datetime": "now"})] == rows_by_code(balance)  # fmt: skip
    assert None is rows_by_code({"free": 1, "used": 2, "total": 3})


def test_without_a_context_the_pot_is_the_unified_one() -> None:
    from importers.ccxt.symbols import pot

    assert "unified" == pot(Context(), "linear") and "usdm" == pot(Context(venue="binance"), "linear")
