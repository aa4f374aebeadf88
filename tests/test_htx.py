"""HTX: numbered types and the signs in their names, totals of loan orders, orders of the market; a life end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importers import htx
from importers.contract import Normalized
from importers.htx import margin, swaps
from importers.shapes import LOG
from ledger.book import Book
from schemas.tables import WALLETS
from tests.books import facts, imported, new_book
from tests.conftest import DATA
from tests.exports import answer, offenders, picked, read, rejects

START = 1_775_005_200_000
HOUR = 3_600_000


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


def record(hour: float, kind: int, amount: str, code: str = "BTC-USDT", **more: Any) -> dict[str, Any]:
    moment = START + int(hour * HOUR)
    return {"query_id": 1, "id": moment * 100 + kind, "ts": moment, "asset": "USDT", "contract_code": code,
            "margin_account": "USDT", "face_margin_account": "", "type": kind, "amount": amount, **more}  # fmt: skip


def records(folder: Path, *rows: dict[str, Any]) -> Normalized:
    return read(answer(folder, "records.json", rows), htx.FORMATS)


def entry(number: int, kind: str, amount: str, balance: str, currency: str = "usdt") -> dict[str, Any]:
    return {"account-id": 1, "currency": currency, "transact-amt": amount, "transact-type": kind, "avail-balance": "0",
            "acct-balance": balance, "transact-time": START + number * HOUR, "record-id": 900 + number}  # fmt: skip


def order(number: int = 1, /, **more: Any) -> dict[str, Any]:
    return {"id": number, "user-id": 1, "account-id": 2, "symbol": "ethusdt", "currency": "usdt", "loan-amount": "1000",
            "loan-balance": "0", "interest-rate": "0.001", "interest-amount": "0.98", "interest-balance": "0", "state": "cleared",
            "created-at": START, "accrued-at": START + 20 * HOUR, "filled-points": "0", "filled-ht": "0", **more}  # fmt: skip


def test_every_type_has_an_event_and_a_wallet_that_exist() -> None:
    lines = [*swaps.TYPES.lines.values(), *margin.TYPES.lines.values()]
    assert {"credit", "external", "network_fee"} == {line["event"] for line in lines} - {*LOG}
    assert set() == {line["other_wallet"] for line in lines} - {"", *WALLETS}


# ----------------------------------------------------------------------------------------------- records


@pytest.mark.parametrize(
    ("kind", "amount", "cause", "side"),
    [
        (3, "8", "realized_pnl", "long"), (4, "-8", "realized_pnl", "short"), (5, "-1", "trading_fee", None),
        (6, "0.1", "trading_fee", None), (9, "1", "realized_pnl", "long"), (11, "-1", "trading_fee", None),
        (12, "-9", "realized_pnl", "long"), (13, "-9", "realized_pnl", "short"), (16, "2", "realized_pnl", "long"),
        (19, "-1", "insurance", None), (26, "1", "unknown", None), (28, "1", "income", None), (29, "1", "rebate", None),
        (30, "1", "funding", None), (31, "-1", "funding", None), (34, "-1", "transfer", None), (39, "-1", "transfer", None),
        (46, "1", "realized_pnl", "long"), (47, "1", "realized_pnl", "short"),
    ],
)  # fmt: skip
def test_a_type_says_what_moved_and_of_which_side(
    tmp_path: Path, kind: int, amount: str, cause: str, side: str | None
) -> None:
    result = records(tmp_path, record(0, kind, amount))
    assert [(amount, cause, side)] == picked(result, "movements", "amount", "cause", "position_side")


@pytest.mark.parametrize(
    ("kind", "side", "stage"), [(12, "sell", None), (13, "buy", None), (46, "sell", "adl"), (47, "buy", "adl")]
)
def test_a_forced_close_is_an_event_whose_order_goes_against_the_position(
    tmp_path: Path, kind: int, side: str, stage: str | None
) -> None:
    result = records(tmp_path, record(0, kind, "-5"))
    assert [(side, stage, "perpetual")] == picked(result, "liquidations", "side", "stage", "product")
    assert [("-5", "gross", "fill")] == picked(result, "stated_results", "amount", "basis", "grain")


def test_a_settlement_moves_cash_and_states_the_result_of_a_session(tmp_path: Path) -> None:
    result = records(tmp_path, record(0, 16, "5"))
    assert [("day",)] == picked(result, "stated_results", "grain")


@pytest.mark.parametrize(("kind", "amount"), [(31, "0.5"), (30, "-0.5"), (14, "-5"), (15, "5")])
def test_an_amount_whose_sign_is_not_its_types_is_rejected(tmp_path: Path, kind: int, amount: str) -> None:
    reason = "expected a number whose sign is that of its type: 14 and 30 come, 15 and 31 go"
    assert [("amount", amount, reason)] == rejects(records(tmp_path, record(0, kind, amount)))


def test_an_unknown_type_is_unmapped(tmp_path: Path) -> None:
    assert [("type", "77", "unmapped: expected a type as 3, 5, 12, 30")] == rejects(
        records(tmp_path, record(0, 77, "1"))
    )


@pytest.mark.parametrize(
    ("code", "asset", "wallet", "instrument"),
    [("BTC-USDT", "USDT", "usdm", "BTC/USDT:USDT"), ("BTC-USD", "BTC", "coinm", "BTC/USD:BTC"), ("", "BTC", "coinm", None),
     ("", "USDT", "usdm", None), ("BTC-USDT-260327", "USDT", "usdm", "BTC/USDT:USDT-260327")],
)  # fmt: skip
def test_the_contract_names_the_wallet_else_the_asset_does(
    tmp_path: Path, code: str, asset: str, wallet: str, instrument: str | None
) -> None:
    result = records(tmp_path, record(0, 5, "-1", code, asset=asset))
    assert [(wallet, instrument)] == picked(result, "movements", "wallet", "instrument")


def test_orders_of_the_market_are_nobodys(book: Book) -> None:
    imported(book, DATA / "htx" / "linear-swap-liquidation-orders.json")
    assert facts(book, "liquidations", "symbol") == []


# ------------------------------------------------------------------------------------------------- loans


def test_a_cleared_order_was_drawn_charged_and_repaid(book: Book, tmp_path: Path) -> None:
    imported(book, answer(tmp_path, "loan-orders.json", [order()]))
    columns = (
        "wallet",
        "asset",
        "drawn",
        "interest",
        "repaid_principal",
        "repaid_interest",
        "remaining_debt",
        "status",
    )
    assert facts(book, "loans", *columns) == [
        ("isolated_margin", "USDT", "1000", "0.98", "1000", "0.98", "0", "repaid")
    ]
    assert offenders(book) == []


def test_an_order_that_is_open_still_owes_what_it_says(book: Book, tmp_path: Path) -> None:
    open_order = {"state": "accrual", "loan-balance": "400", "interest-amount": "0.5", "interest-balance": "0.2"}
    imported(book, answer(tmp_path, "loan-orders.json", [order(**open_order)]))
    assert facts(book, "loans", "repaid_principal", "repaid_interest", "remaining_debt") == [("600", "0.3", "400.2")]


def test_a_later_answer_about_an_open_order_is_changed_and_the_same_one_a_duplicate(book: Book, tmp_path: Path) -> None:
    first = answer(tmp_path / "a", "loan-orders.json", [order(state="accrual", **{"loan-balance": "400"})])
    imported(book, first)
    assert (
        1
        == imported(
            book, answer(tmp_path / "b", "again.json", [order(state="accrual", **{"loan-balance": "400"}), order(2)])
        )
        .parts[0]
        .duplicate
    )
    later = imported(book, answer(tmp_path / "c", "later.json", [order()]), max_rejects=1.0)
    assert "changed: the same id stands with other content at loan-orders.json:1" in later.parts[0].reject_lines[0]


def test_without_a_pair_an_order_is_of_cross_margin(tmp_path: Path) -> None:
    cross = {key: value for key, value in order().items() if key != "symbol"}
    assert [("cross_margin", None)] == picked(
        read(answer(tmp_path, "o.json", [cross]), htx.FORMATS), "borrows", "wallet", "pair"
    )


@pytest.mark.parametrize("paid", ["filled-ht", "filled-points"])
def test_interest_paid_with_something_else_is_nothing_that_anybody_described(tmp_path: Path, paid: str) -> None:
    result = read(answer(tmp_path, "o.json", [order(**{paid: "0.4"})]), htx.FORMATS)
    assert ["unmapped: nobody has described this kind of row"] == [reason for *_, reason in rejects(result)]


# ------------------------------------------------------------------------------------------------- lives


def test_the_records_of_a_life_are_its_balance_and_its_results(book: Book, tmp_path: Path) -> None:
    rows = [
        record(0, 14, "500", ""), record(1, 5, "-0.45"), record(8, 31, "-0.09"), record(16, 30, "0.05"),
        record(17, 3, "8"), record(17.01, 8, "-0.09"), record(20, 12, "-90.5"), record(20.01, 7, "-0.31"),
    ]  # fmt: skip
    path = answer(tmp_path, "records.json", rows[::-1])
    imported(book, path)
    assert facts(book, "balances", "wallet", "asset", "computed", "basis") == [("usdm", "USDT", "416.61", "no_anchor")]
    assert facts(book, "funding", "symbol", "paid", "received", "net") == [("BTC-USDT", "0.09", "0.05", "-0.04")]
    assert facts(book, "liquidations", "symbol", "side", "product") == [("BTC-USDT", "long", "perpetual")]
    assert facts(book, "realized", "grain", "gross_pnl", "trading_fees", "funding", "net_pnl") == [
        ("unattributed", "0", "0", "-0.04", "-0.04"), ("unattributed", "-82.5", "0.85", "0", "-83.35"),
    ]  # fmt: skip
    assert 0 == imported(book, path).parts[0].stored
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []


def test_the_history_of_an_account_chains_and_its_loan_is_repaid(book: Book, tmp_path: Path) -> None:
    rows = [
        entry(0, "transfer", "100", "100"), entry(1, "credit", "50", "150"), entry(2, "trade", "-150", "0"),
        entry(3, "trade", "160", "160"), entry(4, "transact-fee", "-0.3", "159.7"), entry(5, "credit", "-50", "109.7"),
        entry(6, "interest", "-0.02", "109.68"),
    ]  # fmt: skip
    imported(book, answer(tmp_path, "account-history.json", rows), wallet="cross_margin")
    assert facts(book, "balances", "wallet", "computed", "stated", "difference") == [
        ("cross_margin", "109.68", "109.68", "0")
    ]
    columns = ("drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt")
    assert facts(book, "loans", *columns) == [("50", "0.02", "50", "0.02", "0")]
    assert facts(book, "breaks", "break_id") == [] and offenders(book) == []
