"""What Binance's crypto loans and portfolio margin records become, beside the golden files."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import binance
from importers.binance import loans
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from tests.books import imported as booked
from tests.books import new_book, plain

AT = 1717236000000
COINS = {"loanCoin": "USDT", "collateralCoin": "ETH"}
RECORDS: dict[str, dict[str, Any]] = {
    "binance.flexible_loan_borrow": {
        **COINS, "initialLoanAmount": "1250.5", "initialCollateralAmount": "0.725", "borrowTime": AT,
        "status": "SUCCESS"},
    "binance.flexible_loan_repay": {
        **COINS, "repayAmount": "1250.5", "collateralReturn": "0.725", "repayStatus": "REPAID", "repayTime": AT},
    "binance.flexible_loan_adjust": {
        **COINS, "direction": "ADDITIONAL", "collateralAmount": "0.1", "preLTV": "0.78", "afterLTV": "0.6",
        "adjustTime": AT},
    "binance.flexible_loan_liquidation": {
        **COINS, "liquidationDebt": "412.75", "liquidationCollateralAmount": "0.185",
        "returnCollateralAmount": "0.002", "liquidationFee": "0.0037", "liquidationStartingPrice": "2301.4",
        "liquidationStartingTime": AT, "status": "Liquidated"},
    "binance.fixed_loan_borrow": {
        "orderId": 656783308056935401, **COINS, "initialLoanAmount": "800", "hourlyInterestRate": "0.000019",
        "loanTerm": "14", "initialCollateralAmount": "0.5", "borrowTime": AT, "status": "Accruing_Interest"},
    "binance.fixed_loan_repay": {
        **COINS, "repayAmount": "530.24", "collateralUsed": "0.25", "collateralReturn": "0.1", "repayType": "2",
        "repayStatus": "Repaid", "repayTime": AT, "orderId": 656783308056935401},
    "binance.fixed_loan_adjust": {
        **COINS, "direction": "REDUCED", "amount": "0.1", "preLTV": "0.5", "afterLTV": "0.52", "adjustTime": AT,
        "orderId": 656783308056935401},
    "binance.vip_loan_repay": {
        "loanCoin": "USDT", "repayAmount": "25000", "collateralCoin": "BNB,BTC,ETH", "repayStatus": "Repaid",
        "loanDate": "1696851200000", "repayTime": AT, "orderId": "756783308056935501"},
    "binance.vip_loan_interest": {
        "loanCoin": "USDT", "principalAmount": "50000", "interestAmount": "0.17", "annualInterestRate": "0.0301",
        "accrualTime": AT, "orderId": 756783308056935501},
    "binance.loan_income": {
        "asset": "USDT", "type": "borrowIn", "amount": "650.5", "timestamp": AT, "tranId": "90000001"},
    "binance.loan_collateral_data": {
        "collateralCoin": "ETH", "initialLTV": "0.7", "marginCallLTV": "0.8", "liquidationLTV": "0.9",
        "maxLimit": "2000000"},
    "binance.pm_interest": {
        "asset": "USDT", "interest": "3.1428", "interestAccuredTime": AT, "interestRate": "0.0001164",
        "principal": "27000"},
    "binance.pm_bankruptcy_repay": {"asset": "USDT", "amount": "304.5", "repayTime": AT},
}  # fmt: skip
"""A record of each kind, as the API answers it."""


def imported(tmp_path: Path, *records: dict[str, Any], as_csv: bool = False) -> Normalized:
    """Return what records become, from JSON as the API answers or from CSV with its keys as columns."""
    if as_csv:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        path = tmp_path / "answer.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
    else:
        path = tmp_path / "answer.json"
        path.write_text(json.dumps({"rows": list(records), "total": len(records)}), encoding="utf-8")
    recognized = recognize(open_bundle(path).parts()[0], binance.FORMATS, Options())
    assert () == recognized.warnings
    ((normalized, _),) = chunks(recognized)
    return normalized


def facts(result: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of a table, decimals as plain text."""
    if table not in result.tables:
        return []
    frame = result.tables[table].sort("source_row", "part").select(columns)
    return [tuple(plain(cell) for cell in line) for line in frame.rows()]


def record(name: str, **changed: Any) -> dict[str, Any]:
    return RECORDS[f"binance.{name}"] | changed


# ------------------------------------------------------------------------------------------ every record


@pytest.mark.parametrize("name", RECORDS)
def test_json_and_csv_of_one_answer_make_the_same_rows(tmp_path: Path, name: str) -> None:
    answer, table = (imported(tmp_path, RECORDS[name], as_csv=as_csv) for as_csv in (False, True))
    assert 1 == len(answer.rows)
    assert answer.rows["key_text"].to_list() == table.rows["key_text"].to_list()
    for kind, frame in answer.tables.items():
        assert frame.drop("source_row").rows() == table.tables[kind].drop("source_row").rows()


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_recognized_for_what_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps([RECORDS[name]]), encoding="utf-8")
    assert name == recognize(open_bundle(path).parts()[0], binance.FORMATS, Options()).match.format.name


def test_records_of_one_family_never_share_an_identity(tmp_path: Path) -> None:
    same = {"borrowTime": AT, "repayTime": AT}
    borrow = imported(tmp_path, record("flexible_loan_borrow", **{k: v for k, v in same.items() if k == "borrowTime"}))
    repay = imported(tmp_path, record("flexible_loan_repay"))
    assert borrow.rows["key_text"].to_list() != repay.rows["key_text"].to_list()
    assert loans.FLEXIBLE_BORROW.family == loans.FLEXIBLE_REPAY.family == loans.FIXED_BORROW.family


# ------------------------------------------------------------------------------------------ crypto loans


def test_a_flexible_loan_is_named_by_its_coins(tmp_path: Path) -> None:
    result = imported(tmp_path, record("flexible_loan_borrow"))
    expected = [("USDT", "1250.5", "loan", "USDT/ETH", None, "spot")]
    assert expected == facts(result, "borrows", "asset", "amount", "kind", "loan_ref", "rate", "wallet")
    assert [("ETH", "-0.725", "pledged", "USDT/ETH")] == facts(
        result, "transfers", "asset", "amount", "kind", "loan_ref"
    )


def test_a_repayment_gives_collateral_back_and_does_not_say_out_of_what_it_was_paid(tmp_path: Path) -> None:
    result = imported(tmp_path, record("flexible_loan_repay"))
    assert [("USDT", "1250.5", None, None, None)] == facts(
        result, "repayments", "asset", "amount", "kind", "principal", "interest"
    )
    assert [("ETH", "0.725", "released")] == facts(result, "transfers", "asset", "amount", "kind")


@pytest.mark.parametrize(
    ("direction", "amount", "kind"), [("ADDITIONAL", "-0.1", "pledged"), ("REDUCED", "0.1", "released")]
)
@pytest.mark.parametrize(
    ("name", "column"), [("flexible_loan_adjust", "collateralAmount"), ("fixed_loan_adjust", "amount")]
)
def test_an_adjustment_moves_collateral_and_states_the_ratio_after_it(
    tmp_path: Path, name: str, column: str, direction: str, amount: str, kind: str
) -> None:
    result = imported(tmp_path, record(name, direction=direction, afterLTV="0.56", **{column: "0.1"}))
    assert [("ETH", amount, kind, "0.56")] == facts(result, "transfers", "asset", "amount", "kind", "ltv_after")


def test_a_liquidation_says_what_was_sold_repaid_and_given_back(tmp_path: Path) -> None:
    result = imported(tmp_path, record("flexible_loan_liquidation"))
    columns = ("symbol", "quantity", "stage", "debt_asset", "debt_repaid", "returned", "fee", "fee_asset", "loan_ref")
    expected = [("ETH", "0.185", "collateral_sale", "USDT", "412.75", "0.002", "0.0037", None, "USDT/ETH")]
    assert expected == facts(result, "liquidations", *columns)
    assert {"liquidations"} == set(result.tables)


def test_a_fixed_loan_is_named_by_its_order_and_states_its_rate(tmp_path: Path) -> None:
    result = imported(tmp_path, record("fixed_loan_borrow"), record("fixed_loan_borrow", hourlyInterestRate=""))
    assert [("656783308056935401", "0.000019", "hour"), ("656783308056935401", None, None)] == facts(
        result, "borrows", "loan_ref", "rate", "rate_period"
    )


def test_a_later_state_of_a_loan_is_the_same_row(tmp_path: Path) -> None:
    keys = {
        imported(tmp_path, record("fixed_loan_borrow", status=status)).rows["key_text"][0]
        for status in ("Accruing_Interest", "Overdue", "Liquidating", "Repaying", "Repaid", "Liquidated")
    }
    assert 1 == len(keys)


@pytest.mark.parametrize(("repaid_with", "kind"), [("1", "manual"), ("2", "collateral_sale")])
def test_a_fixed_loan_is_repaid_in_its_coin_or_out_of_the_collateral(
    tmp_path: Path, repaid_with: str, kind: str
) -> None:
    result = imported(tmp_path, record("fixed_loan_repay", repayType=repaid_with))
    assert [("USDT", "530.24", kind)] == facts(result, "repayments", "asset", "amount", "kind")
    assert [("ETH", "0.1", "released")] == facts(result, "transfers", "asset", "amount", "kind")
    sold = [("ETH", "-0.25"), ("USDT", "530.24")] if kind == "collateral_sale" else []
    assert sold == facts(result, "conversions", "asset", "amount")


@pytest.mark.parametrize(
    ("name", "column", "status"),
    [
        ("flexible_loan_borrow", "status", "FAILED"),
        ("flexible_loan_borrow", "status", "Processing"),
        ("flexible_loan_repay", "repayStatus", "REPAYING"),
        ("flexible_loan_liquidation", "status", "Liquidating"),
        ("fixed_loan_borrow", "status", "Pending"),
        ("fixed_loan_repay", "repayStatus", "Failed"),
        ("vip_loan_repay", "repayStatus", "Repaying"),
    ],
)
def test_what_is_not_done_is_ignored(tmp_path: Path, name: str, column: str, status: str) -> None:
    result = imported(tmp_path, record(name, **{column: status}))
    assert (1, 0, 0) == (len(result.ignored), len(result.rows), len(result.rejected))


def test_an_unknown_status_is_rejected(tmp_path: Path) -> None:
    result = imported(tmp_path, record("flexible_loan_repay", repayStatus="DREAMING"))
    expected = [(1, "repayStatus", "DREAMING", "unmapped: expected one of Repaid, Repaying, Failed")]
    assert expected == result.rejected.rows()


@pytest.mark.parametrize(
    ("kind", "table", "amount"),
    [
        ("borrowIn", "borrows", "650.5"),
        ("repayAmount", "repayments", "650.5"),
        ("collateralSpent", "transfers", "-650.5"),
        ("addCollateral", "transfers", "-650.5"),
        ("removeCollateral", "transfers", "650.5"),
        ("collateralReturn", "transfers", "650.5"),
        ("collateralReturnAfterLiquidation", "transfers", "650.5"),
    ],
)
def test_the_direction_of_a_loan_income_follows_from_its_type(
    tmp_path: Path, kind: str, table: str, amount: str
) -> None:
    result = imported(tmp_path, record("loan_income", type=kind))
    assert {table} == set(result.tables)
    assert [("USDT", amount, None)] == facts(result, table, "asset", "amount", "loan_ref")


def test_an_order_id_that_a_spreadsheet_has_rounded_is_rejected(tmp_path: Path) -> None:
    result = imported(tmp_path, record("fixed_loan_repay", orderId="6.56783E+17"), as_csv=True)
    assert ["orderId"] == result.rejected["column"].to_list()


def test_interest_of_a_vip_loan_is_yearly_and_names_its_order(tmp_path: Path) -> None:
    columns = ("asset", "amount", "principal", "rate", "rate_period", "loan_ref", "kind")
    expected = [("USDT", "0.17", "50000", "0.0301", "year", "756783308056935501", "loan")]
    assert expected == facts(imported(tmp_path, record("vip_loan_interest")), "interest", *columns)


def test_thresholds_are_ratios_of_a_collateral_without_a_date(tmp_path: Path) -> None:
    columns = ("valid_from", "asset", "collateral_asset", "initial_ltv", "margin_call_ltv", "liquidation_ltv")
    result = imported(tmp_path, record("loan_collateral_data", vipLevel=1))
    assert [(None, None, "ETH", "0.7", "0.8", "0.9")] == facts(result, "loan_terms", *columns)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**COINS, "totalDebt": "755.1", "collateralAmount": "0.59", "currentLTV": "0.56"},
         "what is owed now, without the instant at which it could be compared"),
        ({"coin": "USDT", "annualizedInterestRate": "0.0647", "time": AT},
         "a rate that was offered: what was charged is in the debt"),
        ({"loanCoin": "USDT", "flexibleInterestRate": "0.00000491", "flexibleMinLimit": "100",
          "flexibleMaxLimit": "1000000"}, "a rate that was offered: what was charged is in the debt"),
    ],
)  # fmt: skip
def test_what_states_nothing_of_the_account_at_an_instant_is_ignored_by_name(
    tmp_path: Path, row: dict[str, Any], reason: str
) -> None:
    assert [reason] == imported(tmp_path, row).ignored["reason"].to_list()


def test_a_loan_from_draw_to_liquidation_leaves_what_is_still_owed(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    for name, changed in (
        ("flexible_loan_borrow", {}),
        ("flexible_loan_repay", {"repayAmount": "500.25", "collateralReturn": "0", "repayTime": AT + 1000}),
        ("flexible_loan_liquidation", {"liquidationStartingTime": AT + 2000}),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps([record(name, **changed)]), encoding="utf-8")
        booked(book, path)
    owed = book.store.rows("SELECT asset, amount FROM borrows UNION ALL SELECT asset, -amount FROM repayments "
                           "UNION ALL SELECT debt_asset, -debt_repaid FROM liquidations")  # fmt: skip
    assert Decimal("1250.5") - Decimal("500.25") - Decimal("412.75") == sum(amount for _, amount in owed)


# -------------------------------------------------------------------------------------- portfolio margin


@pytest.mark.parametrize("spelling", ["interestAccuredTime", "interestAccruedTime"])
def test_interest_on_a_negative_balance_is_daily_in_both_spellings(tmp_path: Path, spelling: str) -> None:
    answer = record("pm_interest")
    answer[spelling] = answer.pop("interestAccuredTime")
    result = imported(tmp_path, answer)
    ((amount, principal, rate),) = result.tables["interest"].select("amount", "principal", "rate").rows()
    assert amount == principal * rate
    assert [("negative_balance", "day", "cross_margin")] == facts(result, "interest", "kind", "rate_period", "wallet")


def test_commas_between_thousands_are_no_decimal_points(tmp_path: Path) -> None:
    result = imported(tmp_path, record("pm_interest", interest="1,163.9999", principal="10,000,000"))
    assert [("1163.9999", "10000000")] == facts(result, "interest", "amount", "principal")
    result = imported(tmp_path, record("pm_interest", interest="1,16"))
    assert ["interest"] == result.rejected["column"].to_list()


BALANCE = {
    "asset": "USDT", "totalWalletBalance": "1,922.25", "crossMarginAsset": "92.25", "crossMarginBorrowed": "10.5",
    "crossMarginFree": "80.25", "crossMarginInterest": "0.0025", "crossMarginLocked": "12",
    "umWalletBalance": "1,830", "umUnrealizedPNL": "23.1", "cmWalletBalance": "", "cmUnrealizedPNL": "",
    "updateTime": AT, "negativeBalance": "0",
}  # fmt: skip


def test_balances_are_stated_for_each_wallet_and_the_debt_with_its_interest(tmp_path: Path) -> None:
    expected = [("cross_margin", "92.25", "wallet"), ("usdm", "1830", "wallet"), ("cross_margin", "10.5025", "debt")]
    assert expected == facts(imported(tmp_path, BALANCE), "stated_balances", "wallet", "balance", "kind")


def test_a_balance_without_an_instant_is_ignored(tmp_path: Path) -> None:
    result = imported(tmp_path, BALANCE | {"updateTime": 0})
    expected = ["a balance without the instant at which it could be compared"]
    assert expected == result.ignored["reason"].to_list()


def exchanged(details: Any) -> dict[str, Any]:
    return {"startTime": AT, "endTime": AT + 5000, "details": details}


def test_every_asset_of_an_automatic_exchange_is_a_leg_with_all_its_digits(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(
        '{"total":1,"rows":[{"startTime":1736263046841,"endTime":1736263248179,"details":['
        '{"asset":"ETH","negativeBalance":18,"negativeMaxThreshold":5},'
        '{"asset":"BNB","negativeBalance":0.123456789012345678,"negativeMaxThreshold":0}]}]}'
    )
    ((result, _),) = chunks(recognize(open_bundle(path).parts()[0], binance.FORMATS, Options()))
    assert [("ETH", "18"), ("BNB", "0.123456789012345678")] == facts(result, "conversions", "asset", "amount")
    assert {("1736263046841",)} == set(facts(result, "conversions", "group_ref"))


@pytest.mark.parametrize(
    "details",
    [
        [],
        [{"asset": "SOL"}],
        [{"negativeBalance": "1"}],
        [{"asset": "SOL", "negativeBalance": "much"}],
        [{"asset": "SOL", "negativeBalance": "0.0000000000000000001"}],
        [{"asset": f"A{number}", "negativeBalance": "1"} for number in range(17)],
    ],
)
def test_an_automatic_exchange_that_is_not_understood_whole_is_rejected(tmp_path: Path, details: Any) -> None:
    result = imported(tmp_path, exchanged([{"asset": "BTC", "negativeBalance": "1"}]), exchanged(details))
    expected = "expected a list of at most 16 assets with their negative balances"
    assert [(2, expected)] == result.rejected.select("source_row", "reason").rows()


def test_the_loan_after_bankruptcy_is_a_debt_of_its_own(tmp_path: Path) -> None:
    result = imported(tmp_path, record("pm_bankruptcy_repay", amount="1,304.5"))
    columns = ("wallet", "asset", "amount", "kind", "loan_ref")
    assert [("loan", "USDT", "1304.5", "manual", "bankruptcy")] == facts(result, "repayments", *columns)
