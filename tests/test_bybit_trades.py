"""What Bybit's order pages, closed P&L and API answers become, beside the golden files."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from importers import bybit
from importers.bybit import executions, loans, spot_trades, trade_history
from importers.contract import Format, Normalized
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from schemas.errors import UnreadableFile
from schemas.tables import FACTS, WALLETS

PERP = "Market,Filled Type,Filled Quantity,Filled Price,Order Price,Fee Rate,Trading Fee,feeCoin,ExecFeeV2,Direction,Order Type,Trasaction ID,Order No.,Transaction Time(UTC+0)"
SPOT = "Spot Pairs,Order Type,Direction,feeCoin,ExecFeeV2,Filled Value,Filled Price,Filled Quantity,Fees,Transaction ID,Order No.,Timestamp (UTC)"
PLAIN_SPOT = "Spot Pairs,Order Type,Direction,Filled Value,Filled Price,Filled Quantity,Fees,Transaction ID,Order No.,Timestamp (UTC)"
CLOSED = "Market,Order Quantity,Entry Price,Exit Price,Opening Fee,Closing Fee,Funding Fee,cumClosedPzOpenFeeInfo,cumClosedPzTradeFeeInfo,Trade Type,Realized P&L,Trade time"
OURS = (
    "bybit.trade_history", "bybit.spot", "bybit.closed", "bybit.exec", "bybit.borrow_history", "bybit.loan",
    "bybit.new_loan", "bybit.flex", "bybit.fixed", "bybit.deposits", "bybit.internal", "bybit.withdrawals",
    "bybit.risk", "bybit.collateral", "bybit.instruments",
)  # fmt: skip


def ours() -> list[Format]:
    return [form for form in bybit.FORMATS if form.name.startswith(OURS) and "log" not in form.name]


def read(path: Path, options: Options | None = None) -> Normalized:
    recognized = recognize(open_bundle(path).parts()[0], bybit.FORMATS, options or Options())
    ((normalized, _),) = chunks(recognized)
    return normalized


def imported(tmp_path: Path, header: str, *rows: str, name: str = "export.csv") -> Normalized:
    """Return what a small CSV export becomes."""
    path = tmp_path / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return read(path)


def answered(tmp_path: Path, *rows: dict[str, Any], category: str | None = None, bare: bool = False) -> Normalized:
    """Return what an answer of the API becomes: whole, or only its list."""
    result = {"category": category, "list": list(rows)} if category else {"list": list(rows)}
    document: object = list(rows) if bare else {"retCode": 0, "retMsg": "OK", "result": result, "time": 1769000000000}
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read(path)


def line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def execution(**cells: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "side": "Buy", "execId": "e-1", "execTime": "1769000000000", "execType": "Trade",
        "execPrice": "90000", "execQty": "0.1", "execFee": "4.95", "orderId": "o-1", "feeCurrency": "", **cells,
    }  # fmt: skip


def only(result: Normalized, table: str) -> dict[str, Any]:
    (row,) = result.tables[table].iter_rows(named=True)
    return row


# -------------------------------------------------------------------------------------- the shape of it all


def test_what_a_format_claims_is_a_fact_of_a_known_wallet() -> None:
    for form in ours():
        for claim in form.claims:
            assert claim.fact in FACTS, form.name
            assert set(claim.wallets) <= set(WALLETS), form.name


def test_pages_of_derivatives_and_spot_pairs_are_one_source_below_the_executions_of_the_api() -> None:
    pages = [form for form in ours() if form.family == trade_history.FAMILY]
    assert {"bybit.trade_history", "bybit.spot_trades", "bybit.spot_trades_data_export",
            "bybit.spot_trades_pre_unified"} == {form.name for form in pages}  # fmt: skip
    assert {3} == {claim.rank for form in pages for claim in form.claims}
    assert {2} == {claim.rank for claim in executions.EXECUTIONS.claims}


def test_pages_to_the_minute_say_so_and_pages_to_the_second_too() -> None:
    resolutions = {form.name: {claim.resolution_s for claim in form.claims} for form in ours() if form.claims}
    assert {60} == resolutions["bybit.trade_history"] == resolutions["bybit.spot_trades"]
    assert {1} == resolutions["bybit.spot_trades_data_export"] == resolutions["bybit.spot_trades_pre_unified"]


def test_loans_are_one_series_in_the_funding_account() -> None:
    forms = [form for form in loans.FORMATS if form.claims]
    assert {"bybit.loans"} == {form.family for form in forms}
    assert {("funding",)} == {claim.wallets for form in forms for claim in form.claims}
    assert {"funding"} == {form.wallet for form in forms}


# ---------------------------------------------------------------------------------- trades of derivatives


def test_direction_is_the_side_of_a_fill_but_of_the_position_on_funding_rows(tmp_path: Path) -> None:
    result = imported(
        tmp_path, PERP,
        "BTCUSDT,Trade,0.1,90000,90000,0.0002,1.8,USDT,1.8,Short,Limit, aaaaaaaa, bbbbbbbb,09:30 2026-02-01",
        "BTCUSDT,Funding,0.1,90100,0,0.0001,-0.901,USDT,-0.901,Short,--, cccccccc, dddddddd,08:00 2026-02-01",
    )  # fmt: skip
    assert "sell" == only(result, "fills")["side"]
    assert "short" == only(result, "funding")["position_side"]


@pytest.mark.parametrize(
    ("direction", "paid", "printed", "rate"),
    [
        ("Long", "0.9", "0.0001", "0.0001"),
        ("Long", "-0.9", "-0.0001", "-0.0001"),
        ("Short", "-0.9", "0.0001", "0.0001"),
        ("Short", "-0.9", "-0.0001", "0.0001"),
        ("Short", "0.9", "-0.0001", "-0.0001"),
        ("Short", "0.9", "0.0001", "-0.0001"),
        ("Short", "0", "-0.0001", "-0.0001"),
    ],
)
def test_a_positive_funding_rate_is_one_that_longs_pay_however_it_is_printed(
    tmp_path: Path, direction: str, paid: str, printed: str, rate: str
) -> None:
    row = f"BTCUSDT,Funding,0.1,90000,0,{printed},{paid},,0,{direction},--, aaaaaaaa, bbbbbbbb,08:00 2026-02-01"
    funding = only(imported(tmp_path, PERP, row), "funding")
    assert (Decimal(rate), -Decimal(paid), "USDT") == (funding["rate"], funding["amount"], funding["asset"])


@pytest.mark.parametrize("word", ["BustTrade", "Liquidation", "busttrade"])
def test_both_spellings_of_a_takeover_are_a_fill_and_a_liquidation_at_the_bankruptcy_price(
    tmp_path: Path, word: str
) -> None:
    row = f"BTCUSDT,{word},0.1,85000,85000,0.00055,4.675,USDT,4.675,Short,Market, aaaaaaaa, bbbbbbbb,08:00 2026-02-01"
    result = imported(tmp_path, PERP, row)
    assert ("liquidation", "sell") == tuple(only(result, "fills")[name] for name in ("execution", "side"))
    event = only(result, "liquidations")
    assert ("takeover", Decimal(85000), None) == (event["stage"], event["bankruptcy_price"], event["fee"])


def test_two_fills_that_differ_in_the_end_of_an_id_only_are_two(tmp_path: Path) -> None:
    rows = [f"BTCUSDT,Trade,0.1,90000,90000,0.0002,1.8,USDT,1.8,Long,Limit, aaaaaaa{n}, bbbbbbbb,09:30 2026-02-01"
            for n in (1, 2)]  # fmt: skip
    assert 2 == imported(tmp_path, PERP, *rows).rows["key_text"].n_unique()


def test_a_whole_id_and_its_end_are_one_fill_and_so_are_a_minute_and_its_second(tmp_path: Path) -> None:
    short = "LTCUSDT,MARKET,BUY,160,80,2,0.002,2200000000510000001, 61000001,19:22 2025-11-20"
    whole = short.replace(" 61000001,19:22 2025-11-20", "1823900000061000001,2025-11-20 19:22:41")
    keys = [imported(tmp_path, PLAIN_SPOT, row).rows["key_text"][0] for row in (short, whole)]
    exported = imported(tmp_path, f"Uid,{PLAIN_SPOT}".replace("(UTC)", "(UTC+0)"), f"100000001,{whole}")
    assert keys[0] == keys[1] == exported.rows["key_text"][0]


def test_a_word_nobody_described_and_a_row_without_any_are_rejected(tmp_path: Path) -> None:
    odd = "BTCUSDT,Gift,0.1,90000,0,0,0,USDT,0,Long,--, aaaaaaaa, bbbbbbbb,09:30 2026-02-01"
    bare = "BTCUSDT,,0.1,90000,0,0,0,USDT,0,Long,--, aaaaaaaa, bbbbbbbb,09:30 2026-02-01"
    result = imported(tmp_path, PERP, odd, bare)
    assert [
        (2, "Filled Type", "Gift", "unmapped: expected one of Trade, BlockTrade, MovePosition, FutureSpread, Funding, "
         "BustTrade, Liquidation, AdlTrade, Delivery, Settle, SessionSettlePnL"),
        (3, "kind, order_type, quantity, price, fee", " | -- | 0.1 | 90000 | 0",
         "unmapped: nobody has described this kind of row"),
    ] == result.rejected.rows()  # fmt: skip


def test_a_file_without_a_filled_type_column_holds_trades(tmp_path: Path) -> None:
    header = PERP.replace("Filled Type,", "").replace("feeCoin,ExecFeeV2,", "")
    row = "ETHUSD,300,3000,3000,0.0002,2E-5,Short,Limit, aaaaaaaa, bbbbbbbb,09:30 2024-02-01"
    fill = only(imported(tmp_path, header, row), "fills")
    assert ("trade", Decimal("0.00002"), "ETH") == (fill["execution"], fill["fee"], fill["fee_asset"])


# ------------------------------------------------------------------------------------------- spot trades


@pytest.mark.parametrize(
    ("side", "coin", "second", "fees", "expected"),
    [
        ("BUY", "BTC", "0.0001", "--", ("0.0001", "BTC")),
        ("BUY", "MNT", "0.4", "--", ("0.4", "MNT")),
        ("SELL", "USDT", "9", "--", ("9", "USDT")),
        ("BUY", "", "0", "0.0002", ("0.0002", "BTC")),
        ("SELL", "", "", "8.5", ("8.5", "USDT")),
        ("SELL", "USDT", "0", "8.5", ("8.5", "USDT")),
        ("SELL", "--", "--", "8.5", ("8.5", "USDT")),
    ],
)
def test_a_fee_is_in_the_coin_beside_it_else_in_what_was_received(
    tmp_path: Path, side: str, coin: str, second: str, fees: str, expected: tuple[str, str]
) -> None:
    row = f"BTCUSDT,MARKET,{side},{coin},{second},9000,90000,0.1,{fees},2200000000510000001, 61000001,15:10 2026-01-05"
    fill = only(imported(tmp_path, SPOT, row), "fills")
    assert (Decimal(expected[0]), expected[1]) == (fill["fee"], fill["fee_asset"])
    assert ("spot", "BTC/USDT", "USDT", Decimal(9000)) == tuple(
        fill[name] for name in ("product", "instrument", "settle_asset", "notional_stated")
    )


def test_before_the_unified_account_units_are_glued_and_the_utc_column_counts(tmp_path: Path) -> None:
    header = f"Filled Time (Local Time),{PLAIN_SPOT}"
    row = "2024-08-02 03:10:00,ABC/USDT,Market,Buy,30.5 USDT,0.61 USDT,50 ABC,0.05 ABC,77000001,78000001,2024-08-01 22:10:00"
    result = imported(tmp_path, header, row)
    fill = only(result, "fills")
    assert ("spot", "ABCUSDT", "ABC", Decimal("0.05"), 22) == (
        fill["wallet"], fill["symbol"], fill["fee_asset"], fill["fee"], fill["filled_at"].hour
    )  # fmt: skip


def test_orders_are_recognized_and_never_stored() -> None:
    assert {} == spot_trades.ORDERS.cases
    assert () == spot_trades.ORDERS.claims


# -------------------------------------------------------------------------------------------- closed P&L


@pytest.mark.parametrize(
    ("symbol", "quantity", "entry", "exit_", "fees", "result", "side"),
    [
        ("BTCUSDT", "0.2", "90000", "85500", ("9.9", "9.405", "1.81"), "-921.115", "long"),
        ("BTCUSDT", "0.2", "90000", "85500", ("9.9", "9.405", "1.81"), "878.885", "short"),
        ("BTCUSDT", "0.2", "90000", "85500", ("9.9", "9.405", "1.81"), "-900", None),
        ("BTCUSDT", "0.2", "90000", "90000", ("0", "0", "0"), "0", None),
        ("BTCUSD", "9000", "90000", "85000", ("0.00005", "0.00005", "0"), "-0.00598235", "long"),
        ("BTCUSD", "9000", "90000", "85000", ("0.00005", "0.00005", "0"), "0.00578235", "short"),
        ("BTCPERP", "0.5", "80000", "80001.23456789", ("0", "0", "0"), "0.61728395", "long"),
    ],
)
def test_the_side_is_what_the_figures_prove_and_unknown_where_they_prove_none(
    tmp_path: Path,
    symbol: str,
    quantity: str,
    entry: str,
    exit_: str,
    fees: tuple[str, str, str],
    result: str,
    side: str,
) -> None:
    row = line(symbol, quantity, entry, exit_, *fees, "", "", "Trade", result, "13:41 2026-01-05")
    assert side == only(imported(tmp_path, CLOSED, row), "stated_positions")["position_side"]


def test_a_fee_in_another_coin_is_no_part_of_the_result(tmp_path: Path) -> None:
    row = line(
        "BTCUSDT",
        "1",
        "100",
        "90",
        "0.1",
        "3.5",
        "0",
        '{"USDT":"0.1"}',
        '{"MNT":"3.5"}',
        "Trade",
        "9.9",
        "13:41 2026-01-05",
    )
    assert "short" == only(imported(tmp_path, CLOSED, row), "stated_positions")["position_side"]


def test_a_time_without_a_zone_is_assumed_to_be_utc_with_a_warning_and_a_zone_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "closed.csv"
    path.write_text(
        f"{CLOSED}\n{line('BTCUSDT', '1', '1', '2', '0', '0', '0', '', '', 'Trade', '1', '13:41 2026-01-05')}\n"
    )
    part = open_bundle(path).parts()[0]
    assert ("times are assumed to be UTC; --timezone says otherwise",) == recognize(
        part, bybit.FORMATS, Options()
    ).warnings
    assert 5 == only(read(path, Options(zone="+08:00")), "stated_results")["booked_at"].hour


def test_a_fee_may_be_in_several_coins_and_one_that_is_no_json_is_rejected(tmp_path: Path) -> None:
    several = line(
        "BTCUSDT", "1", "1", "2", "0", "0", "0", '{"USDT":"1","MNT":"2"}', "", "Trade", "1", "13:41 2026-01-05"
    )
    none = line("BTCUSDT", "1", "1", "2", "0", "0", "0", "USDT 1", "", "Trade", "1", "13:41 2026-01-05")
    result = imported(tmp_path, CLOSED, several, none)
    assert [2] == result.tables["stated_results"]["source_row"].to_list()
    assert [(3, "cumClosedPzOpenFeeInfo", "USDT 1", 'expected a fee as {"USDT":"0.11"}')] == result.rejected.rows()


def test_the_side_of_the_api_is_that_of_the_closing_order(tmp_path: Path) -> None:
    row = {
        "symbol": "ETHPERP", "orderId": "o-9", "side": "Sell", "qty": "2", "execType": "Trade", "closedSize": "2",
        "avgEntryPrice": "1200", "avgExitPrice": "1180", "closedPnl": "-42.1", "createdTime": "1769000000000",
        "updatedTime": "1769000000005",
    }  # fmt: skip
    result = answered(tmp_path, row, category="linear")
    assert "long" == only(result, "stated_positions")["position_side"]
    assert ("net", "position", "USDC") == tuple(
        only(result, "stated_results")[name] for name in ("basis", "grain", "asset")
    )


# ------------------------------------------------------------------------------------------- executions


def test_the_category_beside_the_list_tells_a_spot_pair_from_a_perpetual(tmp_path: Path) -> None:
    instruments = {
        category: only(answered(tmp_path, execution(), category=category), "fills")["instrument"]
        for category in ("spot", "linear")
    }
    assert {"spot": "BTC/USDT", "linear": "BTC/USDT:USDT"} == instruments


@pytest.mark.parametrize(
    ("cells", "instrument"),
    [
        ({"createType": "CreateByUser"}, "BTC/USDT:USDT"),
        ({"closedSize": "0.1"}, "BTC/USDT:USDT"),
        ({"feeCurrency": "BTC"}, "BTC/USDT"),
        ({"symbol": "BTCPERP"}, "BTC/USDC:USDC"),
        ({"symbol": "BTCUSD"}, "BTC/USD:BTC"),
        ({"symbol": "ETHEUR"}, "ETH/EUR"),
    ],
)
def test_without_a_category_a_row_may_show_what_it_is(tmp_path: Path, cells: dict[str, str], instrument: str) -> None:
    assert instrument == only(answered(tmp_path, execution(**cells), bare=True), "fills")["instrument"]


def test_without_a_category_a_row_that_could_be_both_is_rejected(tmp_path: Path) -> None:
    result = answered(tmp_path, execution(), bare=True)
    assert [(1, "symbol, exectype, feecurrency", "BTCUSDT | Trade | ",
             "unmapped: nobody has described this kind of row")] == result.rejected.rows()  # fmt: skip


def test_pages_of_an_answer_may_stand_in_one_list(tmp_path: Path) -> None:
    pages = [
        {"retCode": 0, "result": {"category": category, "list": [execution(execId=category)]}}
        for category in ("linear", "spot")
    ]
    path = tmp_path / "pages.json"
    path.write_text(json.dumps([*pages, {"retCode": 0, "result": {"category": "option", "list": []}}]))
    result = read(path)
    assert [("linear", "perpetual"), ("spot", "spot")] == result.tables["fills"].select("trade_ref", "product").rows()
    assert [1, 2] == result.rows["source_row"].to_list()


def test_a_symbol_that_says_nothing_is_rejected(tmp_path: Path) -> None:
    result = answered(tmp_path, execution(symbol="BTCXYZ"), category="spot")
    assert [(1, "symbol", "BTCXYZ", "unmapped: expected the symbol of a contract or of a spot pair whose quote is known")
            ] == result.rejected.rows()  # fmt: skip


def test_empty_pages_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pages.json"
    path.write_text('[{"retCode":0,"result":{"list":[]}},{"retCode":0,"result":{"list":[]}}]')
    with pytest.raises(UnreadableFile, match="is JSON whose list is empty"):
        read(path)


def test_a_refused_answer_is_no_export(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text('{"retCode":10003,"retMsg":"API key is invalid.","result":{},"time":1769000000000}')
    with pytest.raises(UnreadableFile, match="is a JSON error message"):
        read(path)


@pytest.mark.parametrize(
    ("cells", "execution_", "stage"),
    [
        ({"createType": "CreateByLiq"}, "liquidation", "partial"),
        ({"createType": "CreateByTakeOver_PassThrough", "execType": "BustTrade"}, "liquidation", "takeover"),
        ({"createType": "CreateByAdl_PassThrough", "execType": "AdlTrade"}, "adl", "adl"),
        ({"createType": "CreateBySettle", "execType": "Delivery"}, "delivery", None),
        ({"createType": "CreateByMmRateClose"}, "trade", None),
    ],
)
def test_what_created_an_order_tells_how_it_was_forced(
    tmp_path: Path, cells: dict[str, str], execution_: str, stage: str | None
) -> None:
    result = answered(tmp_path, execution(**cells), category="linear")
    assert execution_ == only(result, "fills")["execution"]
    assert ([stage] if stage else []) == result.tables.get("liquidations", pl.DataFrame({"stage": []}))[
        "stage"
    ].to_list()


def test_a_rebate_of_a_maker_is_in_what_he_gave(tmp_path: Path) -> None:
    fees = {
        (side, maker): only(
            answered(tmp_path, execution(side=side, isMaker=maker, execFee="-0.1"), category="spot"), "fills"
        )["fee_asset"]
        for side in ("Buy", "Sell")
        for maker in (True, False)
    }
    assert {("Buy", True): "USDT", ("Sell", True): "BTC", ("Buy", False): "BTC", ("Sell", False): "USDT"} == fees


def test_a_borrowed_spot_fill_is_a_margin_fill(tmp_path: Path) -> None:
    products = [
        only(answered(tmp_path, execution(isLeverage=flag), category="spot"), "fills")["product"] for flag in "01"
    ]
    assert ["spot", "margin"] == products


def test_a_result_is_stated_only_where_the_contract_is_not_settled_in_between(tmp_path: Path) -> None:
    results = {
        symbol: only(answered(tmp_path, execution(symbol=symbol, execPnl="-7"), category="linear"), "fills")[
            "realized_stated"
        ]
        for symbol in ("BTCUSDT", "BTCPERP", "BTC-27FEB26-90000-C-USDT")
    }
    assert {"BTCUSDT": Decimal(-7), "BTCPERP": None, "BTC-27FEB26-90000-C-USDT": None} == results


def test_taxes_beside_the_fee_are_adjustments_and_more_than_three_are_rejected(tmp_path: Path) -> None:
    taxes = [{"feeCoin": "EUR", "feeType": "WHT", "fee": f"0.{n}"} for n in range(1, 5)]
    two = answered(tmp_path, execution(extraFees=json.dumps(taxes[:2])), category="spot")
    assert [Decimal("-0.1"), Decimal("-0.2")] == two.tables["adjustments"]["amount"].to_list()
    assert 1 == len(answered(tmp_path, execution(extraFees=json.dumps(taxes)), category="spot").rejected)


# ---------------------------------------------------------------------------------- interest, loans, transfers


def test_interest_of_the_unified_account_says_debt_and_rate(tmp_path: Path) -> None:
    header = "currency,createdTime,borrowCost,hourlyBorrowRate,InterestBearingBorrowSize"
    interest = only(imported(tmp_path, header, "USDT,1769230500311,0.0062,0.0000031,2000"), "interest")
    assert ("negative_balance", "hour", Decimal(2000), Decimal("0.0000031"), "unified") == tuple(
        interest[name] for name in ("kind", "rate_period", "principal", "rate", "wallet")
    )


@pytest.mark.parametrize(
    ("code", "table", "kind"),
    [
        ("1", "repayments", "manual"), ("3", "repayments", "auto"), ("5", "repayments", "forced"),
        ("7", "repayments", "collateral_sale"), ("2", "liquidations", "collateral_sale"),
        ("4", "liquidations", "collateral_sale"), ("6", "liquidations", "collateral_sale"),
    ],
)  # fmt: skip
def test_how_a_loan_was_repaid_decides_what_the_row_is(tmp_path: Path, code: str, table: str, kind: str) -> None:
    header = "repayId,loanCurrency,repayAmount,repayStatus,repayTime,repayType"
    result = imported(tmp_path, header, f"1,USDT,100,1,1761900000274,{code}")
    row = only(result, table)
    assert kind == (row["kind"] if table == "repayments" else row["stage"])
    assert {table} == {name for name, frame in result.tables.items() if len(frame)}


def test_a_fixed_loan_that_became_a_flexible_one_repaid_nothing(tmp_path: Path) -> None:
    header = "repayId,loanCurrency,repayAmount,repayStatus,repayTime,repayType"
    result = imported(tmp_path, header, "1,USDT,100,1,1761900000274,8")
    assert ["a fixed loan that became a flexible one: the debt stays"] == result.ignored["reason"].to_list()


def test_a_legacy_loan_has_a_reference_and_new_loans_share_one_pool(tmp_path: Path) -> None:
    legacy = answered(tmp_path, {
        "adjustId": "1", "adjustTime": "1732450000100", "afterLTV": "0.61", "amount": "0.004",
        "collateralCurrency": "BTC", "direction": 1, "orderId": "9", "preLTV": "0.53"})  # fmt: skip
    header = "adjustId,collateralCurrency,amount,direction,preLTV,afterLTV,adjustTime,status"
    new = imported(tmp_path, header, "2,BTC,0.004,0,0.6,0.5,1761300000450,1")
    assert ("9", "released", Decimal("0.004")) == tuple(
        only(legacy, "transfers")[name] for name in ("loan_ref", "kind", "amount")
    )
    assert (None, "pledged", Decimal("-0.004")) == tuple(
        only(new, "transfers")[name] for name in ("loan_ref", "kind", "amount")
    )


def test_what_came_back_of_collateral_is_a_transfer_whoever_repaid(tmp_path: Path) -> None:
    def repaid(code: str) -> Normalized:
        return answered(tmp_path, {
            "repayId": "1", "orderId": "9", "loanCurrency": "USDT", "repayAmount": "10", "repayType": code,
            "repayStatus": 1, "repayTime": "1732500000900", "collateralCurrency": "BTC", "collateralReturn": "0.02"})  # fmt: skip

    for code in "12":
        assert ("released", Decimal("0.02"), "BTC") == tuple(
            only(repaid(code), "transfers")[name] for name in ("kind", "amount", "asset")
        )


def test_a_deposit_of_a_code_nobody_described_is_rejected_and_a_rollback_ignored(tmp_path: Path) -> None:
    header = "coin,chain,amount,txID,status,toAddress,depositFee,successAt"
    result = imported(tmp_path, header, *(f"USDT,TRX,5,t{code},{code},a,,1768903000000" for code in (3, 5, 70001)))
    assert ["t3"] == result.tables["transfers"]["transaction_ref"].to_list()
    assert ["rolled back: moved nothing"] == result.ignored["reason"].to_list()
    assert [(3, "status", "5", "unmapped: expected one of 3, 10012, 0, 1, 2, 4, 10011")] == result.rejected.rows()


# --------------------------------------------------------------------------------------------- reference


def test_margin_tiers_are_counted_from_the_lowest_and_begin_where_the_one_below_ends(tmp_path: Path) -> None:
    header = "id,symbol,riskLimitValue,maintenanceMargin,initialMargin,isLowestRisk,maxLeverage,mmDeduction"
    result = imported(
        tmp_path,
        header,
        "7,BTCUSDT,500,0.03,0.05,0,20,4",
        "5,BTCUSDT,100,0.01,0.02,1,50,",
        "6,BTCUSDT,300,0.02,0.04,0,25,1",
    )
    tiers = result.tables["margin_tiers"].sort("tier").select("tier", "floor", "cap").rows()
    assert [(1, 0, 100), (2, 100, 300), (3, 300, 500)] == [tuple(map(int, tier)) for tier in tiers]


def test_rates_in_percent_are_told_by_the_leverage(tmp_path: Path) -> None:
    header = "id,symbol,riskLimitValue,maintenanceMargin,initialMargin,isLowestRisk,maxLeverage"
    result = imported(tmp_path, header, "1,BTCUSD,150,0.5,1,1,100.00", "2,ETHUSD,150,0.005,0.01,1,100.00")
    assert 1 == result.tables["margin_tiers"].select("initial_rate", "maintenance_rate").n_unique()


def test_collateral_limits_are_amounts_of_the_coin(tmp_path: Path) -> None:
    tiers = [
        {"minQty": "0", "maxQty": "10", "collateralRatio": "0.9"},
        {"minQty": "10", "maxQty": "", "collateralRatio": "0"},
    ]
    path = tmp_path / "collateral.json"
    path.write_text(json.dumps({"retCode": 0, "result": {"list": [{"currency": "ETH", "collateralRatioList": tiers}]}}))
    ratios = read(path).tables["collateral_ratios"].select("floor", "cap", "ratio", "quote").rows()
    assert [(0, 10, Decimal("0.9"), "ETH"), (10, None, 0, "ETH")] == ratios
