"""Deribit: which cash a row moves, sessions beside trades, options to their delivery, the currency of a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import deribit
from importers.contract import Normalized
from importers.deribit.symbols import belongs, currency_of, name_instrument
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from ledger.book import Book
from tests.books import facts, imported, new_book

D = Decimal
NAME = "transaction_log-4711-BTC-20260101-20260131.csv"
UNIT = D("0.00000001")


class Log:
    """A transaction log of one currency that keeps its balance."""

    header = ("ID,UserSeq,Date,Instrument,Type,Side,Amount,Base Amount,Position,Price,Mark Price,Index Price,Cash Flow,"
              "Funding,Fee Rate,Fee Charged,Fee Balance,Change,Balance,Equity,Trade ID,Order ID,Info,Note")  # fmt: skip

    def __init__(self, first_id: int = 1) -> None:
        self.columns = self.header.split(",")
        self.rows: list[dict[str, str]] = []
        self.balance = D(0)
        self.next_id = first_id

    def add(self, clock: str, kind: str, change: str | Decimal, **cells: object) -> None:
        """Add a row of 2026-01 by `DD HH:MM:SS`; cells are named as the columns, `_` for a blank."""
        self.balance += D(change)
        given = {name.replace("_", " ").title().replace("Id", "ID"): str(cell) for name, cell in cells.items()}
        base = {
            "ID": str(self.next_id), "UserSeq": str(self.next_id), "Date": f"2026-01-{clock}", "Type": kind,
            "Fee Charged": "0", "Fee Balance": "0", "Change": f"{D(change):f}", "Balance": f"{self.balance:f}",
            "Equity": f"{self.balance:f}", "Cash Flow": "0",
        }  # fmt: skip
        assert set(given) <= set(self.columns), set(given) - set(self.columns)
        self.rows.append(base | given)
        self.next_id += 1

    def trade(self, clock: str, instrument: str, side: str, amount: str, price: str, *, cash: str = "0", fee: str = "0",
              paid: bool = False, **cells: object) -> None:  # fmt: skip
        """Add a trade: what it pays beside its fee is `cash` where it is `paid`, else that waits for the session."""
        change = (D(cash) if paid else D(0)) - D(fee)
        cells = {"type": "trade", "trade_id": self.next_id + 1000, "order_id": self.next_id + 9000} | cells
        kind = str(cells.pop("type"))
        self.add(clock, kind, change, instrument=instrument, side=side, amount=amount, price=price, cash_flow=cash,
                 fee_charged=fee, **cells)  # fmt: skip

    def session(self, clock: str, instrument: str, side: str, result: str, funding: str = "0", *, position: str = "0",
                mark: str = "", **cells: object) -> None:  # fmt: skip
        """Add a settlement: its cash flow is result and funding."""
        cash = D(result) + D(funding)
        self.add(clock, "settlement", cash, instrument=instrument, side=side, cash_flow=cash, funding=funding,
                 amount=position, position=position, price=mark, mark_price=mark, **cells)  # fmt: skip

    def text(self, newest_first: bool = True) -> str:
        rows = self.rows[::-1] if newest_first else self.rows
        lines = [",".join(row.get(name, "") for name in self.columns) for row in rows]
        return "\n".join([",".join(self.columns), *lines]) + "\n"

    def save(self, folder: Path, name: str = NAME) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(self.text(), encoding="utf-8")
        return path


def inverse(size: str, entry: str, exit_: str) -> Decimal:
    """Return what a long of so many dollars makes, in coins, as the venue rounds it."""
    return (D(size) / D(entry) - D(size) / D(exit_)).quantize(UNIT)


def reports(book: Book) -> list[str]:
    return [name for name, frame in book.check().items() if frame.height]


def read(path: Path) -> Normalized:
    (part,) = open_bundle(path).parts()
    ((normalized, _),) = chunks(recognize(part, deribit.FORMATS, Options()))
    return normalized


def result(tmp_path: Path, log: Log, name: str = NAME) -> Normalized:
    return read(log.save(tmp_path, name))


def rows(normalized: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table, oldest row first, numbers without trailing zeros."""
    frame = normalized.tables[table].sort("source_row", "part", descending=[True, False]).select(columns)
    return [
        tuple(f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell for cell in row)
        for row in frame.iter_rows()
    ]


def rejects(normalized: Normalized) -> list[tuple[str, str, str]]:
    return list(normalized.rejected.sort("source_row").select("column", "text", "reason").iter_rows())


UNMAPPED = "unmapped: nobody has described this kind of row"
CHANGE = ("expected of a trade or delivery: cash flow - fee, cash flow, or - fee; of a settlement: cash flow, or cash flow "
          "+ funding")  # fmt: skip
PERPETUAL = "BTC-PERPETUAL"


# ------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("symbol", "instrument", "product", "style", "settle"),
    [
        ("BTC-PERPETUAL", "BTC/USD:BTC", "perpetual", "inverse", "BTC"),
        ("ETH-7MAR26", "ETH/USD:ETH-260307", "future", "inverse", "ETH"),
        ("SOL_USDC-PERPETUAL", "SOL/USDC:USDC", "perpetual", "linear", "USDC"),
        ("BTC_USDT-27MAR26", "BTC/USDT:USDT-260327", "future", "linear", "USDT"),
        ("BTC-27MAR26-100000-C", "BTC/USD:BTC-260327-100000-C", "option", "linear", "BTC"),
        ("XRP_USDC-27MAR26-0d625-P", "XRP/USDC:USDC-260327-0.625-P", "option", "linear", "USDC"),
        ("BTC_USDC", "BTC/USDC", "spot", "linear", "USDC"),
    ],
)
def test_a_name_says_what_an_instrument_is(symbol: str, instrument: str, product: str, style: str, settle: str) -> None:
    named = name_instrument(symbol, None)
    assert named is not None
    assert (instrument, product, style, settle) == (named.instrument, named.product, named.style, named.settle)


@pytest.mark.parametrize(
    "symbol", ["BTC", "BTC-FS-27MAR26_PERP", "BTC-CS-27MAR26-90000_100000", "BTC-31FEB26", "btc-perpetual"]
)
def test_a_name_that_is_none_of_these_says_nothing(symbol: str) -> None:
    assert name_instrument(symbol, None) is None


@pytest.mark.parametrize(
    ("name", "currency"),
    [
        ("transaction_log-4711-BTC-20260101.csv", "BTC"), ("transaction_log-4711-STETH-20260101.csv", "STETH"),
        ("transaction_log-77-USDE-x.csv", "USDE"), ("my log ETH 2020.csv", "ETH"), ("Deribit-SOL.csv", "SOL"),
        ("deribit_USDC.csv", "USDC"), ("renamed.csv", None), ("DERIBIT-LOG.csv", None), ("transaction_log.csv", None),
    ],
)  # fmt: skip
def test_the_name_of_a_file_says_its_currency(name: str, currency: str | None) -> None:
    assert currency == currency_of(name)


def test_an_instrument_stands_in_the_log_of_what_it_is_settled_in() -> None:
    assert [belongs("BTC-PERPETUAL", name) for name in ("BTC", "USDC")] == [True, False]
    assert [belongs("BTC_USDC-PERPETUAL", name) for name in ("BTC", "USDC")] == [False, True]
    assert [belongs("BTC_USDC", name) for name in ("BTC", "USDC", "ETH")] == [True, True, False]


def test_a_log_whose_name_says_no_currency_is_rejected_with_what_to_do(tmp_path: Path) -> None:
    log = Log()
    log.add("05 06:00:00", "deposit", "2")
    reason = "expected a currency in the file's name, as transaction_log-12345-BTC-2026.csv"
    assert [("ID", "1", reason)] == rejects(result(tmp_path, log, "log.csv"))


def test_a_row_of_another_currency_than_the_files_is_rejected(tmp_path: Path) -> None:
    log = Log()
    log.trade("05 07:00:00", "ETH-PERPETUAL", "open buy", "30000", "3000", fee="0.005")
    reason = "expected an instrument settled in the currency of the row, or of the file's name"
    assert [("Instrument", "ETH-PERPETUAL", reason)] == rejects(result(tmp_path, log))


# ------------------------------------------------------------------------------------------------ times


def first_time(tmp_path: Path, date: str, sequence: str) -> str | None:
    log = Log()
    log.add("05 06:00:00", "deposit", "2")
    log.rows[0] |= {"Date": date, "UserSeq": sequence}
    found = rows(result(tmp_path, log), "transfers", "moved_at") if not rejects(result(tmp_path, log)) else []
    return f"{found[0][0]:%Y-%m-%d %H:%M:%S.%f}" if found else None


@pytest.mark.parametrize(
    "date",
    [
        "2026-02-01 08:00:00",
        "2026-02-01T08:00:00.250Z",
        "01 Feb 2026 08:00:00",
        "01/02/2026 08:00:00",
        "01/02/26 08:00:00",
    ],
)
def test_a_date_of_any_style_is_read_to_its_second_and_day_first(tmp_path: Path, date: str) -> None:
    assert "2026-02-01 08:00:00.000000" == first_time(tmp_path, date, "17")


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [("1767340800000", "2026-01-02 08:00:00.000000"), ("1769932800000017", "2026-02-01 08:00:00.000000"),
     ("1769929200000", None)],
)  # fmt: skip
def test_a_sequence_that_counts_time_decides_and_proves_the_date(
    tmp_path: Path, sequence: str, expected: str | None
) -> None:
    assert expected == first_time(tmp_path, "01/02/26 08:00:00", sequence)


def test_a_date_that_is_none_is_rejected(tmp_path: Path) -> None:
    log = Log()
    log.add("05 06:00:00", "deposit", "2")
    log.rows[0]["Date"] = "yesterday"
    reason = "expected a UTC time as 2026-01-05 08:00:00 or 05/01/26 08:00:00, near to UserSeq"
    assert [("Date", "yesterday", reason)] == rejects(result(tmp_path, log))


# ------------------------------------------------------------------------------------- what a row moves


def test_the_result_of_a_perpetual_waits_for_its_session_and_its_trade_pays_the_fee(tmp_path: Path) -> None:
    log = Log()
    log.trade(
        "05 09:00:00", PERPETUAL, "close sell", "10000", "61000", cash="0.00108208", fee="0.00008", position="20000"
    )
    log.session("05 20:00:00", PERPETUAL, "long", "0.00108208", "-0.00001", position="20000", mark="61000")
    read_ = result(tmp_path, log)
    assert [("-0.00008", "trading_fee"), ("0.00108208", "realized_pnl"), ("-0.00001", "funding")] == rows(
        read_, "movements", "amount", "cause")  # fmt: skip
    assert [(None, "sell", "close", "both")] == rows(
        read_, "fills", "realized_stated", "side", "effect", "position_side"
    )
    assert [("0.00108208", "fill"), ("0.00108208", "day")] == rows(read_, "stated_results", "amount", "grain")
    assert [("20000", "long", "61000")] == rows(read_, "funding", "position_quantity", "position_side", "mark_price")
    assert [("20000",)] == rows(read_, "stated_positions", "quantity")


def test_a_short_is_stated_below_zero_whatever_sign_the_log_prints(tmp_path: Path) -> None:
    log = Log()
    log.session("05 08:00:00", PERPETUAL, "short", "0.1", position="20000", mark="61000")
    log.session("06 08:00:00", PERPETUAL, "short", "0.1", position="-20000", mark="61000")
    log.session("07 08:00:00", PERPETUAL, "-", "0.1", position="0")
    assert [("-20000",), ("-20000",)] == rows(result(tmp_path, log), "stated_positions", "quantity")


def test_funding_beside_the_cash_flow_is_read_as_well_as_funding_inside_it(tmp_path: Path) -> None:
    log = Log()
    log.session("05 08:00:00", PERPETUAL, "long", "0.1", "-0.02", position="10", mark="1")
    log.session("06 08:00:00", PERPETUAL, "long", "0.1", "-0.02", position="10", mark="1")
    log.rows[1]["Cash Flow"] = "0.1"
    paid = [("0.1", "realized_pnl"), ("-0.02", "funding")]
    assert paid * 2 == rows(result(tmp_path, log), "movements", "amount", "cause")


@pytest.mark.parametrize(
    ("change", "moved", "fee"),
    [
        ("-0.0001", [("-0.0001", "trading_fee")], "0.0001"),
        ("0.0499", [("0.05", "realized_pnl"), ("-0.0001", "trading_fee")], "0.0001"),
        ("0.05", [("0.05", "realized_pnl")], "0"),
    ],
)
def test_a_fill_pays_its_fee_alone_or_its_result_too_or_has_its_fee_given(
    tmp_path: Path, change: str, moved: list[tuple[str, str]], fee: str
) -> None:
    log = Log()
    log.add("05 09:00:00", "trade", change, instrument=PERPETUAL, side="close sell", amount="1000", price="61000",
            cash_flow="0.05", fee_charged="0.0001")  # fmt: skip
    read_ = result(tmp_path, log)
    assert moved == rows(read_, "movements", "amount", "cause")
    assert [(fee, "BTC")] == rows(read_, "fills", "fee", "fee_asset")


def test_rounding_of_a_row_stays_in_its_result_so_that_every_row_is_its_change(tmp_path: Path) -> None:
    log = Log()
    log.add("07 09:00:00", "trade", "-0.03045001", instrument="BTC-30JAN26-65000-C", side="open buy", amount="1.5",
            price="0.02", cash_flow="-0.03", fee_charged="0.00045")  # fmt: skip
    assert [("-0.03000001", "trade"), ("-0.00045", "trading_fee")] == rows(
        result(tmp_path, log), "movements", "amount", "cause"
    )


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("trade", {"instrument": PERPETUAL, "side": "open buy", "amount": "10", "price": "1", "cash_flow": "0.1", "fee_charged": "0.01"}),
        ("settlement", {"instrument": PERPETUAL, "side": "long", "cash_flow": "0.1", "funding": "0.05"}),
        ("delivery", {"instrument": "BTC-30JAN26", "side": "close buy", "amount": "10", "price": "1", "cash_flow": "0.1"}),
    ],
)  # fmt: skip
def test_a_row_whose_change_nothing_explains_is_rejected(tmp_path: Path, kind: str, cells: dict[str, str]) -> None:
    log = Log()
    log.add("05 09:00:00", kind, "0.7", **cells)
    assert [("Change", "0.7", CHANGE)] == rejects(result(tmp_path, log))


def test_an_option_pays_its_premium_and_its_pay_off_at_once(tmp_path: Path) -> None:
    log = Log()
    call, put = "BTC-30JAN26-65000-C", "BTC-30JAN26-55000-P"
    log.trade("07 09:00:00", call, "open buy", "1.5", "0.02", cash="-0.03", fee="0.00045", paid=True)
    log.trade("07 09:05:00", put, "open sell", "1", "0.015", cash="0.015", fee="0.0003", paid=True)
    log.trade("30 08:00:00", call, "close sell", "1.5", "68000", cash="0.06", fee="0.0002", paid=True, type="delivery")
    log.trade("30 08:00:00", put, "close buy", "1", "", type="delivery")
    read_ = result(tmp_path, log)
    assert [("-0.03", "trade"), ("-0.00045", "trading_fee"), ("0.015", "trade"), ("-0.0003", "trading_fee"),
            ("0.06", "trade"), ("-0.0002", "trading_fee")] == rows(read_, "movements", "amount", "cause")  # fmt: skip
    assert [
        ("buy", "0.02", "0.03", "trade"), ("sell", "0.015", "0.015", "trade"), ("sell", "0.04", "0.06", "delivery"),
        ("buy", "0", "0", "delivery"),
    ] == rows(read_, "fills", "side", "price", "notional_stated", "execution")  # fmt: skip
    assert "stated_results" not in read_.tables or not len(read_.tables["stated_results"])


def test_a_spot_fill_is_made_by_the_row_of_its_base_coin_only(tmp_path: Path) -> None:
    coins, dollars = Log(), Log()
    coins.trade("05 09:00:00", "BTC_USDC", "open buy", "0.1", "60000", cash="0.1", paid=True)
    dollars.trade("05 09:00:00", "BTC_USDC", "open buy", "0.1", "60000", cash="-6000", fee="3", paid=True)
    base, quote = result(tmp_path, coins), result(tmp_path, dollars, NAME.replace("BTC", "USDC"))
    assert [("spot", "buy", "0.1", None)] == rows(base, "fills", "product", "side", "quantity", "fee")
    assert "fills" not in quote.tables
    assert [("-6000", "trade", "1001"), ("-3", "trading_fee", "1001")] == rows(
        quote, "movements", "amount", "cause", "trade_ref"
    )


def test_a_liquidation_is_marked_by_its_information(tmp_path: Path) -> None:
    log = Log()
    log.trade("05 12:00:00", PERPETUAL, "close sell", "20000", "58000", fee="0.0025", info="Source: liquidation")
    log.trade("05 12:00:01", PERPETUAL, "close sell", "20000", "58000", fee="0.0025", info="Source: api")
    read_ = result(tmp_path, log)
    assert [("liquidation",), ("trade",)] == rows(read_, "fills", "execution")
    assert [("sell", "20000", "58000", None)] == rows(read_, "liquidations", "side", "quantity", "price", "stage")


@pytest.mark.parametrize(
    ("kind", "change", "cause", "table", "word"),
    [
        ("deposit", "1", "deposit", "transfers", "deposit"), ("transfer", "-1", "transfer", "transfers", "internal"),
        ("transfer from insurance", "1", "insurance", "adjustments", "insurance"),
        ("socialized fund", "-1", "insurance", "adjustments", "socialized_loss"),
        ("swap", "-1", "conversion", "conversions", "swap"), ("correction", "1", "correction", "adjustments", "correction"),
    ],
)  # fmt: skip
def test_every_type_without_an_instrument_has_its_cause_and_its_fact(
    tmp_path: Path, kind: str, change: str, cause: str, table: str, word: str
) -> None:
    log = Log()
    log.add("05 12:00:00", kind.title(), change)
    read_ = result(tmp_path, log)
    assert [(change, cause, change)] == rows(read_, "movements", "amount", "cause", "balance_after")
    assert [(change, word)] == rows(read_, table, "amount", "kind")


def test_a_withdrawals_network_fee_is_inside_its_change(tmp_path: Path) -> None:
    log = Log()
    log.add("05 12:00:00", "withdrawal", "-0.2001", fee_charged="0.0001")
    read_ = result(tmp_path, log)
    assert [("-0.2", "withdrawal"), ("-0.0001", "network_fee")] == rows(read_, "movements", "amount", "cause")
    assert [("-0.2", "withdrawal", "0.0001")] == rows(read_, "transfers", "amount", "kind", "fee")


def test_a_position_that_moves_between_accounts_is_a_fill_without_cash(tmp_path: Path) -> None:
    log = Log()
    log.trade("05 12:00:00", PERPETUAL, "open buy", "1000", "60000", type="position move", info="From other")
    read_ = result(tmp_path, log)
    assert [("buy", "1000", "60000", "trade")] == rows(read_, "fills", "side", "quantity", "price", "execution")
    assert 0 == len(read_.tables["movements"])


@pytest.mark.parametrize(
    "cells",
    [
        {"instrument": PERPETUAL, "amount": "1000", "price": "60000"},
        {"instrument": PERPETUAL, "side": "open buy", "price": "60000"},
        {"instrument": PERPETUAL, "side": "open buy", "amount": "1000"},
        {"instrument": PERPETUAL, "side": "open buy", "amount": "0.25", "price": "60000"},
        {"instrument": "BTC-FS-27MAR26_PERP", "side": "open buy", "amount": "1000", "price": "15"},
        {"side": "open buy", "amount": "1000", "price": "15"},
    ],
    ids=["no side", "no amount", "no price", "inverse amount in coins", "combo", "no instrument"],
)
def test_a_fill_of_a_shape_that_nobody_described_is_rejected(tmp_path: Path, cells: dict[str, str]) -> None:
    log = Log()
    log.add("05 12:00:00", "trade", "0", **cells)
    assert [UNMAPPED] == [reason for _, _, reason in rejects(result(tmp_path, log))]


def test_an_option_that_is_delivered_against_its_side_is_rejected(tmp_path: Path) -> None:
    log = Log()
    log.trade("30 08:00:00", "BTC-30JAN26-65000-C", "close buy", "1", "", cash="0.01", paid=True, type="delivery")
    assert [UNMAPPED] == [reason for _, _, reason in rejects(result(tmp_path, log))]


def test_a_type_that_nobody_described_is_rejected(tmp_path: Path) -> None:
    log = Log()
    log.add("05 12:00:00", "reward", "0.1")
    assert [("Type", "reward", "unmapped: expected a type as trade, settlement, delivery, deposit")] == rejects(
        result(tmp_path, log)
    )


# --------------------------------------------------------------------------------------------------- API


def answer(folder: Path, name: str, rows_: Sequence[dict[str, object]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "result": {name: list(rows_)}}), encoding="utf-8")
    return path


def entry(**cells: object) -> dict[str, object]:
    known = {"id": 1, "user_seq": 1, "user_id": 4711, "timestamp": 1767600000137, "type": "settlement", "currency": "BTC",
             "side": "long", "instrument_name": PERPETUAL, "position": 10, "balance": 1, "cashflow": 0, "change": 0}  # fmt: skip
    return known | cells


@pytest.mark.parametrize(
    ("cells", "moved"),
    [
        ({"change": 0.3, "cashflow": 0.3, "session_rpl": 0.1, "session_upl": 0.25, "total_interest_pl": -0.05, "interest_pl": -0.01},
         [("0.35", "realized_pnl"), ("-0.05", "funding")]),
        ({"change": 0.34, "cashflow": 0.35, "session_rpl": 0.1, "session_upl": 0.25, "total_interest_pl": -0.05, "interest_pl": -0.01},
         [("0.35", "realized_pnl"), ("-0.01", "funding")]),
        ({"change": 0.3, "cashflow": 0.3, "total_interest_pl": -0.05, "interest_pl": -0.01},
         [("0.35", "realized_pnl"), ("-0.05", "funding")]),
        ({"change": 0.3, "cashflow": 0.3, "interest_pl": -0.01}, [("0.31", "realized_pnl"), ("-0.01", "funding")]),
    ],
    ids=["all of the session, proved", "since the last trade, proved", "all of the session", "all there is"],
)  # fmt: skip
def test_a_session_of_the_api_proves_which_of_its_two_fundings_was_paid(
    tmp_path: Path, cells: dict[str, object], moved: list[tuple[str, str]]
) -> None:
    assert moved == rows(read(answer(tmp_path, "logs", [entry(**cells)])), "movements", "amount", "cause")


def test_a_session_whose_results_and_fundings_do_not_make_its_change_is_rejected(tmp_path: Path) -> None:
    cells = {"change": 0.3, "cashflow": 0.3, "session_rpl": 0.1, "session_upl": 0.1, "total_interest_pl": 0.01}
    reason = "expected of a settlement: session_rpl + session_upl + total_interest_pl (or interest_pl)"
    assert [("change", "0.3", reason)] == rejects(read(answer(tmp_path, "logs", [entry(**cells)])))


def test_the_users_number_names_the_account_and_his_name_is_not_read(tmp_path: Path) -> None:
    cells: dict[str, object] = {"username": "someone", "ip": "192.0.2.7", "type": "deposit", "change": 1, "cashflow": 1}
    read_ = read(answer(tmp_path, "logs", [entry(**cells)]))
    assert frozenset({"4711"}) == read_.account_numbers
    assert not any("someone" in frame.write_ndjson() for frame in read_.tables.values())


def traded(**cells: object) -> dict[str, object]:
    known = {"trade_id": "1", "instrument_name": PERPETUAL, "direction": "sell", "amount": 10, "price": 60000, "fee": 0.1,
             "fee_currency": "BTC", "timestamp": 1767600000137, "trade_seq": 1, "liquidity": "T"}  # fmt: skip
    return known | cells


@pytest.mark.parametrize(
    ("liquidity", "liquidation", "execution"),
    [
        ("T", "T", "liquidation"),
        ("M", "M", "liquidation"),
        ("M", "MT", "liquidation"),
        ("M", "T", "trade"),
        ("T", "M", "trade"),
    ],
)
def test_a_trade_was_a_liquidation_of_the_user_where_his_side_of_it_was(
    tmp_path: Path, liquidity: str, liquidation: str, execution: str
) -> None:
    read_ = read(answer(tmp_path, "trades", [traded(liquidity=liquidity, liquidation=liquidation)]))
    assert [(execution,)] == rows(read_, "fills", "execution")
    assert (execution == "liquidation") == bool(len(read_.tables["liquidations"]))


def test_both_sides_of_a_trade_with_oneself_are_kept(tmp_path: Path) -> None:
    read_ = read(answer(tmp_path, "trades", [traded(), traded(direction="buy", liquidity="M")]))
    assert 2 == read_.rows["key_text"].n_unique()


def test_a_settlement_history_closes_nothing_and_knows_no_bankruptcy(tmp_path: Path) -> None:
    known = {
        "timestamp": 1767600000137,
        "instrument_name": "BTC-30JAN26-65000-C",
        "position": 2,
        "session_profit_loss": 0.1,
    }
    read_ = read(answer(tmp_path, "settlements", [known | {"type": "delivery"}, {"type": "bankruptcy", "timestamp": 1767600000138,
                 "session_profit_loss": 0, "funded": 0.1}]))  # fmt: skip
    assert ["stated_results"] == [name for name, table in read_.tables.items() if len(table)]
    assert [("type, instrument_name", "bankruptcy | ", UNMAPPED)] == rejects(read_)


# ------------------------------------------------------------------------------------------------- lives


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def month() -> Log:
    """A perpetual over two sessions and partly liquidated, an option exercised, a future delivered."""
    log = Log()
    log.add("05 06:00:00", "deposit", "2")
    log.trade("05 07:00:00", PERPETUAL, "open buy", "30000", "60000", fee="0.00025", position="30000")
    log.session(
        "05 08:00:00",
        PERPETUAL,
        "long",
        str(inverse("30000", "60000", "60600")),
        "-0.000012",
        position="30000",
        mark="60600",
    )
    first, last = inverse("10000", "60600", "61000"), inverse("20000", "60600", "58000")
    log.trade(
        "05 09:00:00", PERPETUAL, "close sell", "10000", "61000", cash=str(first), fee="-0.00002", position="20000"
    )
    log.session("06 08:00:00", PERPETUAL, "long", str(first), "0.000005", position="20000", mark="60600")
    log.trade(
        "06 08:00:30", PERPETUAL, "close sell", "20000", "58000", cash=str(last), fee="0.0025", info="liquidation"
    )
    log.session("07 08:00:00", PERPETUAL, "-", str(last))
    call = "BTC-30JAN26-65000-C"
    log.trade("07 09:00:00", call, "open buy", "1.5", "0.02", cash="-0.03", fee="0.00045", paid=True, position="1.5")
    log.trade("12 10:00:00", "BTC-30JAN26", "open sell", "3000", "62500", fee="0.000024", position="-3000")
    log.session(
        "13 08:00:00", "BTC-30JAN26", "short", str(-inverse("3000", "62500", "62000")), position="3000", mark="62000"
    )
    log.trade("30 08:00:00", "BTC-30JAN26", "close buy", "3000", "64000", cash=str(-inverse("3000", "62000", "64000")),
              fee="0.00001172", paid=True, type="delivery")  # fmt: skip
    log.trade(
        "30 08:00:00", call, "close sell", "1.5", "68000", cash="0.0661764", fee="0.000225", paid=True, type="delivery"
    )
    log.add("30 11:00:00", "withdrawal", "-0.2001", fee_charged="0.0001")
    return log


POSITIONS = ("symbol", "status", "entry_price", "gross_pnl", "trading_fees", "funding", "flags")
LIFE: list[tuple[Any, ...]] = [
    (PERPETUAL, "liquidated", "60000", "-0.00876201", "0.00273", "-0.000007", []),
    ("BTC-30JAN26-65000-C", "delivered", "0.02", "0.0361764", "0.000675", "0", []),
    ("BTC-30JAN26", "delivered", "62500", "-0.001125", "0.00003572", "0", []),
]


def rounded(book: Book) -> list[tuple[Any, ...]]:
    """Return the positions, results in the venue's 8 decimals."""
    frame = book.report("positions").select(POSITIONS)
    return [
        tuple(f"{cell.quantize(UNIT).normalize():f}" if isinstance(cell, Decimal) else cell for cell in row)
        for row in frame.iter_rows()
    ]


def test_a_position_keeps_one_entry_and_one_result_while_its_sessions_are_paid_day_by_day(
    book: Book, tmp_path: Path
) -> None:
    log = month()
    imported(book, log.save(tmp_path))
    assert LIFE == rounded(book)
    assert facts(book, "balances", "asset", "computed", "stated", "difference", "basis") == [
        ("BTC", f"{log.balance.normalize():f}", f"{log.balance.normalize():f}", "0", "stated")]  # fmt: skip
    assert facts(book, "breaks", "break_id") == [] and reports(book) == []
    paid = book.store.scalar(
        "SELECT sum(amount) FROM movements WHERE cause = 'realized_pnl' AND symbol = 'BTC-PERPETUAL'"
    )
    assert D("-0.00876200") == D(str(paid)).quantize(UNIT)


def test_the_same_log_again_and_its_halves_in_any_order_make_the_same_book(tmp_path: Path) -> None:
    log = month()
    whole, first, second = log.save(tmp_path / "whole"), Log(), Log()
    first.rows, second.rows = log.rows[:8], log.rows[5:]
    halves = [first.save(tmp_path / "a", NAME), second.save(tmp_path / "b", NAME.replace("31", "30"))]
    made = []
    for number, paths in enumerate(([whole], [whole, *halves], halves, halves[::-1])):
        (tmp_path / f"book{number}").mkdir()
        book = new_book(tmp_path / f"book{number}")
        for path in paths:
            imported(book, path)
        made.append((facts(book, "positions", *POSITIONS), facts(book, "balances", "asset", "computed", "difference")))
        assert reports(book) == []
    assert all(one == made[0] for one in made)


def of_api(log: Log) -> list[dict[str, object]]:
    """Return the rows of a log as the API states them."""
    from datetime import UTC, datetime

    numbers = {"amount": "Amount", "price": "Price", "position": "Position", "cashflow": "Cash Flow", "commission": "Fee Charged",
               "change": "Change", "balance": "Balance", "total_interest_pl": "Funding", "mark_price": "Mark Price"}  # fmt: skip
    texts = {"side": "Side", "instrument_name": "Instrument", "type": "Type", "trade_id": "Trade ID", "order_id": "Order ID",
             "info": "Info"}  # fmt: skip
    entries: list[dict[str, object]] = []
    for row in log.rows:
        at = datetime.fromisoformat(f"{row['Date']}+00:00").astimezone(UTC)
        entries.append({
            "id": int(row["ID"]), "user_seq": int(row["UserSeq"]), "timestamp": int(at.timestamp() * 1000) + 250,
            "currency": "BTC", **{name: row.get(column) or None for name, column in (numbers | texts).items()},
        })  # fmt: skip
    return entries[::-1]


def test_log_api_trades_and_settlements_together_are_the_best_of_each(tmp_path: Path) -> None:
    log = month()
    paths = [log.save(tmp_path), answer(tmp_path, "logs", of_api(log))]
    trades = [
        traded(trade_id=row["Trade ID"], trade_seq=number, instrument_name=row["Instrument"], order_id=row["Order ID"],
               direction=row["Side"].split()[1], amount=float(row["Amount"]), price=float(row["Price"]),
               fee=float(row["Fee Charged"]), timestamp=entry_["timestamp"], liquidation=row.get("Info") and "T")
        for number, (row, entry_) in enumerate(zip(log.rows, of_api(log)[::-1], strict=True)) if row["Type"] == "trade"
    ]  # fmt: skip
    settled: list[dict[str, object]] = [
        {"type": "settlement", "timestamp": 1767600000300, "instrument_name": PERPETUAL, "position": 30000,
         "session_profit_loss": 0.0049505, "mark_price": 60600, "funding": -0.000012},
        {"type": "settlement", "timestamp": 1767686400300, "instrument_name": PERPETUAL, "position": 20000,
         "session_profit_loss": 0.00108208, "mark_price": 60600, "funding": 0.000005},
    ]  # fmt: skip
    paths += [answer(tmp_path, "trades", trades), answer(tmp_path, "settlements", settled)]
    for number, order in enumerate((paths, paths[::-1])):
        (tmp_path / f"book{number}").mkdir()
        book = new_book(tmp_path / f"book{number}")
        for path in order:
            imported(book, path, account="main")
        assert LIFE == rounded(book)
        assert facts(book, "breaks", "break_id") == [] and reports(book) == []
        assert {"booked_by_session"} == {kind for (kind,) in facts(book, "findings", "kind")}


def test_trades_and_settlements_alone_make_positions_with_fees_and_funding(book: Book, tmp_path: Path) -> None:
    trades = [traded(trade_id="1", direction="buy", amount=30000, price=60000, fee=0.00025, timestamp=1767596400000, liquidity="T"),
              traded(trade_id="2", direction="sell", amount=30000, price=61000, fee=-0.00005, timestamp=1767610800000, liquidity="M",
                     trade_seq=2)]  # fmt: skip
    settled: list[dict[str, object]] = [{"type": "settlement", "timestamp": 1767600000300, "instrument_name": PERPETUAL, "position": 30000,
                "session_profit_loss": 0.0049505, "mark_price": 60600, "funding": -0.000012}]  # fmt: skip
    imported(book, answer(tmp_path, "trades", trades), answer(tmp_path, "settlements", settled))
    (row,) = rounded(book)
    assert (PERPETUAL, "closed", "60000", "0.00819672", "0.0002", "-0.000012", []) == row
    assert facts(book, "balances", "basis") == [("derived",)] and reports(book) == []


def test_a_log_that_begins_in_mid_life_infers_its_opening_from_what_its_sessions_state(
    book: Book, tmp_path: Path
) -> None:
    log = Log()
    log.balance = D(3)
    log.session("05 08:00:00", PERPETUAL, "long", "0.01", "-0.0001", position="30000", mark="60600")
    log.trade(
        "05 09:00:00", PERPETUAL, "close sell", "10000", "61000", cash="0.00108208", fee="0.0001", position="20000"
    )
    log.session("06 08:00:00", PERPETUAL, "long", "0.00108208", "-0.0001", position="20000", mark="60600")
    log.trade(
        "06 09:00:00", PERPETUAL, "close sell", "5000", "61000", cash="0.00054104", fee="0.0001", position="15000"
    )
    log.session("07 08:00:00", PERPETUAL, "long", "0.00054104", "-0.0001", position="15000", mark="60600")
    imported(book, log.save(tmp_path))
    columns = ("side", "status", "quantity", "entry_price")
    assert facts(book, "positions", *columns) == [("long", "open", "15000", None)]
    ((flags,),) = facts(book, "positions", "flags")
    assert "opening_inferred" in flags and facts(book, "breaks", "break_id") == []


def test_linear_contracts_and_spot_pairs_of_two_logs_share_one_wallet(book: Book, tmp_path: Path) -> None:
    dollars, coins = Log(), Log()
    dollars.add("04 08:00:00", "deposit", "10000")
    dollars.trade("04 09:00:00", "SOL_USDC-PERPETUAL", "open buy", "50", "100", fee="2.5", position="50")
    dollars.session("05 08:00:00", "SOL_USDC-PERPETUAL", "long", "100", "-0.75", position="50", mark="102")
    dollars.trade("05 08:00:40", "SOL_USDC-PERPETUAL", "close sell", "50", "103", cash="50", fee="2.5", position="0")
    dollars.session("06 08:00:00", "SOL_USDC-PERPETUAL", "-", "50")
    dollars.trade("06 09:00:00", "BTC_USDC", "open buy", "0.1", "60000", cash="-6000", paid=True, trade_id="S-1")
    coins.trade("06 09:00:00", "BTC_USDC", "open buy", "0.1", "60000", cash="0.1", paid=True, trade_id="S-1")
    imported(
        book,
        dollars.save(tmp_path, "transaction_log-4711-USDC-2026.csv"),
        coins.save(tmp_path, "transaction_log-4711-BTC-2026.csv"),
    )
    assert rounded(book) == [("SOL_USDC-PERPETUAL", "closed", "100", "150", "5", "-0.75", [])]
    assert facts(book, "balances", "asset", "computed", "difference") == [("BTC", "0.1", "0"), ("USDC", "4144.25", "0")]
    assert facts(book, "breaks", "break_id") == [] and reports(book) == []
