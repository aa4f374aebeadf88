"""Bybit's logs: signs, words, legs of spot fills, sessions and pay-offs, beside the golden files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from importers import bybit
from importers.bybit import account_logs, log_rows
from importers.bybit.symbols import name_instrument, name_pair, split_pair
from importers.contract import Normalized
from importers.files import open_bundle
from importers.read import Options, Recognized, chunks, recognize
from importers.vocabulary import table
from schemas.errors import AmbiguousFormat
from schemas.tables import CAUSES, WALLETS
from tests.conftest import DATA

SCREEN = (
    "Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,"
    "Action,OrderId,TradeId,Time"
)
EXPORT = (
    "Uid,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,"
    "Wallet Balance,Action,Time(UTC)"
)
CLASSIC = (
    "Time,Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,"
    "Wallet Balance,Fee Rate,Trade ID,Order ID"
)
FUND = "Date & Time(UTC),Coin,QTY,Type,Account Balance,Description"
API = (
    "symbol", "category", "side", "transactionTime", "type", "qty", "size", "currency", "tradePrice", "funding", "fee",
    "cashFlow", "change", "cashBalance", "feeRate", "tradeId", "orderId", "orderLinkId",
)  # fmt: skip


def recognized(tmp_path: Path, header: str, *rows: str, format: str | None = None) -> Recognized:
    path = tmp_path / "log.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return recognize(open_bundle(path).parts()[0], bybit.FORMATS, Options(format=format))


def imported(tmp_path: Path, header: str, *rows: str, format: str | None = None) -> Normalized:
    ((normalized, _),) = chunks(recognized(tmp_path, header, *rows, format=format))
    return normalized


def line(header: str | Sequence[str], **cells: str) -> str:
    """A row of a log by the names of its columns, in lower case and without blanks; others are empty or 0."""
    names = header.split(",") if isinstance(header, str) else header
    given = {name.replace("_", "").lower(): cell for name, cell in cells.items()}
    row = []
    for name in names:
        key = name.lower().replace(" ", "").replace("(utc)", "")
        default = "0" if key in ("quantity", "position", "filledprice", "funding", "feepaid", "cashflow") else ""
        row.append(given.pop(key, default))
    assert not given, f"no such columns: {given}"
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def screen(**cells: str) -> str:
    return line(SCREEN, **{"time": "2026-01-05 10:00:00.123", "wallet_balance": "0", "action": "--"} | cells)


def spot(**cells: str) -> str:
    known = {"contract": "BTCUSDT", "type": "TRADE", "direction": "BUY", "filled_price": "84000", "trade_id": "t1"}
    return screen(**known | {name.replace("_", ""): cell for name, cell in cells.items()})


def api(**cells: str) -> str:
    known = {"transactiontime": "1767607200123", "currency": "USDT", "side": "None", "fee": "0", "funding": "",
             "cashflow": "0"}  # fmt: skip
    return line(API, **known | cells)


def rows(normalized: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = normalized.tables[table].sort("source_row", "part").select(columns)
    return [tuple(plain(cell) for cell in row) for row in frame.iter_rows()]


def plain(cell: Any) -> Any:
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell


def rejects(normalized: Normalized) -> list[tuple[str, str, str]]:
    return list(normalized.rejected.select("column", "text", "reason").iter_rows())


# ------------------------------------------------------------------------------------------------- words


def test_every_type_of_the_venue_is_a_movement(tmp_path: Path) -> None:
    of_fills = ("trade", "settlement", "delivered", "forced")
    names = [row["type"].replace("*", "ANYTHING") for row in table(bybit.__file__, "transaction_types.csv")
             if row["event"] not in of_fills]  # fmt: skip
    lines = [
        screen(currency="USDT", type=name, cash_flow=amount, change=amount) for name in names for amount in ("2", "-2")
    ]
    result = imported(tmp_path, SCREEN, *lines)
    assert rejects(result) == []
    assert len(lines) == len(result.tables["movements"])
    assert result.tables["movements"]["amount"].sum() == 0


LISTED = (
    "TRANSFER_IN TRANSFER_OUT TRADE SETTLEMENT DELIVERY LIQUIDATION ADL AIRDROP BONUS BONUS_RECOLLECT FEE_REFUND INTEREST "
    "CURRENCY_BUY CURRENCY_SELL SPOT_REPAYMENT_SELL SPOT_REPAYMENT_BUY BORROW REPAY CONVERT FLOATING_TO_FIXED_BORROW "
    "FLOATING_TO_FIXED_REPAY AUTO_DEDUCTION LOANS_BORROW_FUNDS LOANS_PLEDGE_ASSET BORROWED_AMOUNT_INS_LOAN "
    "PRINCIPLE_REPAYMENT_INS_LOAN INTEREST_REPAYMENT_INS_LOAN AUTO_SOLD_COLLATERAL_INS_LOAN AUTO_BUY_LIABILITY_INS_LOAN "
    "AUTO_PRINCIPLE_REPAYMENT_INS_LOAN AUTO_INTEREST_REPAYMENT_INS_LOAN TRANSFER_IN_INS_LOAN TRANSFER_OUT_INS_LOAN "
    "INSTITUTION_LOAN_IN INSTITUTION_PAYBACK_PRINCIPAL_OUT INSTITUTION_PAYBACK_INTEREST_OUT INSTITUTION_EXCHANGE_SELL "
    "INSTITUTION_EXCHANGE_BUY INSTITUTION_LIQ_PRINCIPAL_OUT INSTITUTION_LIQ_INTEREST_OUT INSTITUTION_LOAN_TRANSFER_IN "
    "INSTITUTION_LOAN_TRANSFER_OUT INSTITUTION_LOAN_RESERVE_IN INSTITUTION_LOAN_RESERVE_OUT TOKENS_SUBSCRIPTION "
    "TOKENS_REDEMPTION FLEXIBLE_STAKING_REFUND FIXED_STAKING_SUBSCRIPTION ONCHAINEARN_REDEMPTION EARNING_REDEMPTION_SELL "
    "EARNING_REDEMPTION_BUY PREMARKET_ROLLBACK_PLEDGE_BACK CUSTODY_UNLOCK_REFUND BONUS_TRANSFER_IN BONUS_TRANSFER_OUT "
    "PEF_TRANSFER_IN PWM_REFUND STRUCTURE_PRODUCT_REFUND DEFI_INVESTMENT_REDEMPTION LIQUIDITY_MINING_REFUND SPREAD_FEE_OUT "
    "PLATFORM_TOKEN_MNT_LIQRECALLEDMMNT BROKER_ABACCOUNT_FEE DBS_CASH_OUT_TR IDN_CONVERT_IN IDN_CONVERT_OUT "
    "CUSTODY_CASH_RECOVER_TR ALPHA_SMALL_TOKEN_REFUND TWAP_BUDGET_AIRDROP CLASSIC_WEALTH_MANAGEMENT_SUBSCRIPTION "
    "PREMIMUM_WEALTH_MANAGEMENT_REFUND INSTITUTION_LOAN_WITHOUT_WITHDRAW CUSTODY_NETWORK_FEE -- Others deposit withdraw "
    "exchangeIn exchangeOut trade funding liquidation transferIn transferOut"
)


def test_every_listed_type_is_known(tmp_path: Path) -> None:
    cell = bybit.transaction_log.TRANSACTION_LOG.cells["type"]
    context = recognized(tmp_path, SCREEN, screen(currency="USDT", type="BORROW", change="0")).context
    names = LISTED.split()
    assert [
        name for name, word in zip(names, cell.read([pl.Series(names)], context), strict=True) if word is None
    ] == []
    assert cell.read([pl.Series(["TRADES", "STAKING", "X_PWM_", "pwm_x"])], context).to_list() == [
        None, None, None, "pwm_*",
    ]  # fmt: skip


def test_vocabularies_name_only_what_is_described() -> None:
    types, accounts = table(bybit.__file__, "transaction_types.csv"), table(bybit.__file__, "account_types.csv")
    assert len(types) == len(log_rows.TYPES)
    assert len(accounts) == len(account_logs.WORDS)
    assert {row["event"] for row in types} - {"trade"} <= set(log_rows.CASES)
    assert {row["event"] for row in accounts} - {"card"} <= set(account_logs.CASES)
    assert {row["other_wallet"] for row in (*types, *accounts)} <= {"", *WALLETS}


@pytest.mark.parametrize(
    ("cause", "types"),
    [
        (
            "transfer",
            "TRANSFER_IN TRANSFER_OUT BONUS_TRANSFER_IN FLEXIBLE_STAKING_SUBSCRIPTION CUSTODY_LOCK DBS_CASH_IN",
        ),
        ("transfer", "TRANSFER_OUT_INS_LOAN INSTITUTION_LOAN_RESERVE_OUT PEF_TRANSFER_IN PREMARKET_TRANSFER_OUT"),
        (
            "conversion",
            "CURRENCY_BUY CURRENCY_SELL CONVERT SPOT_REPAYMENT_SELL INSTITUTION_EXCHANGE_SELL IDN_CONVERT_IN",
        ),
        ("conversion", "AUTO_SOLD_COLLATERAL_INS_LOAN TOKENS_SUBSCRIPTION EARNING_REDEMPTION_BUY"),
        ("borrow", "BORROW LOANS_BORROW_FUNDS INSTITUTION_LOAN_IN BORROWED_AMOUNT_INS_LOAN FLOATING_TO_FIXED_BORROW"),
        ("repay", "REPAY FLOATING_TO_FIXED_REPAY"),
        ("repay_principal", "INSTITUTION_LIQ_PRINCIPAL_OUT PRINCIPLE_REPAYMENT_INS_LOAN"),
        ("repay_interest", "INSTITUTION_LIQ_INTEREST_OUT AUTO_INTEREST_REPAYMENT_INS_LOAN"),
        ("interest", "INTEREST"),
        ("pledge", "LOANS_PLEDGE_ASSET"),
        ("income", "BONUS BONUS_RECOLLECT AIRDROP PEF_PROFIT_SHARE BROKER_ABACCOUNT_FEE CUSTODY_SETTLE_FEE"),
        ("income", "PREMARKET_ROLLBACK_PLEDGE_PENALTY_TO_BUYER ALPHA_SMALL_TOKEN_REFUND"),
        ("rebate", "FEE_REFUND"),
        ("correction", "AUTO_DEDUCTION"),
        ("trading_fee", "SPREAD_FEE_OUT"),
        ("network_fee", "CUSTODY_NETWORK_FEE"),
        ("unknown", "-- Others"),
    ],
)
def test_a_type_has_its_cause(tmp_path: Path, cause: str, types: str) -> None:
    lines = [screen(currency="USDT", type=name, cash_flow="-1", change="-1") for name in types.split()]
    result = imported(tmp_path, SCREEN, *lines)
    assert cause in CAUSES
    assert [cause] * len(lines) == result.tables["movements"]["cause"].to_list()


def test_an_institutions_liquidation_repays_by_force(tmp_path: Path) -> None:
    lines = [
        screen(currency="USDT", type=name, cash_flow="-3", change="-3")
        for name in ("INSTITUTION_LIQ_PRINCIPAL_OUT", "INSTITUTION_LIQ_INTEREST_OUT", "REPAY")
    ]
    result = imported(tmp_path, SCREEN, *lines)
    expected = [("3", "3", None, "forced"), ("3", None, "3", "forced"), ("3", None, None, None)]
    assert expected == rows(result, "repayments", "amount", "principal", "interest", "kind")


def test_a_word_that_nobody_described_is_rejected_with_its_line(tmp_path: Path) -> None:
    result = imported(tmp_path, SCREEN, screen(currency="USDT", type="GIFT", cash_flow="1", change="1"))
    expected = ("Type", "GIFT", "unmapped: expected a type as TRADE, SETTLEMENT, INTEREST, CURRENCY_BUY")
    assert [expected] == rejects(result)


# ------------------------------------------------------------------------------------------------- signs


@pytest.mark.parametrize(
    ("funding", "fee", "cash_flow", "change", "holds"),
    [
        ("-1.5", "-0.2", "10", "8.3", True),
        ("1.5", "0.2", "10", "11.7", True),
        ("1.5", "0.2", "10", "8.3", False),
        ("0", "0.2", "10", "9.8", False),
        ("0", "0", "0.10000000000000000001", "0.1", False),
    ],
)
def test_every_row_of_a_unified_log_adds_up(
    tmp_path: Path, funding: str, fee: str, cash_flow: str, change: str, holds: bool
) -> None:
    row = screen(
        currency="USDT", contract="SOLUSDT", type="TRADE", direction="SELL", quantity="1", filled_price="150",
        funding=funding, fee_paid=fee, cash_flow=cash_flow, change=change, action="CLOSE",
    )  # fmt: skip
    result = imported(tmp_path, SCREEN, row)
    assert holds == (rejects(result) == [])
    if holds:
        assert Decimal(change) == result.tables["movements"]["amount"].sum()
    elif len(cash_flow) < 5:
        reason = (
            "expected Cash Flow + Funding + Fee Paid: every row of this log adds up so, other logs turn these signs"
        )
        assert [("Change", change, reason)] == rejects(result)


def test_a_classic_log_turns_both_signs(tmp_path: Path) -> None:
    common = {"time": "2022-08-01 08:00:00", "currency": "USDT", "contract": "ETHUSDT", "wallet_balance": "1"}
    fill = {"type": "trade", "direction": "Close Long", "quantity": "1", "filled_price": "1600", "cash_flow": "5"}
    result = imported(
        tmp_path,
        CLASSIC,
        line(CLASSIC, **common, **fill, fee_paid="0.9", change="4.1"),
        line(CLASSIC, **common, type="funding", direction="--", position="2", funding="0.3", change="-0.3"),
        line(CLASSIC, **common, **fill, fee_paid="-0.9", change="4.1"),
    )
    assert [("sell", "0.9", "5", "close")] == rows(result, "fills", "side", "fee", "realized_stated", "effect")
    assert [("-0.3", None, "2")] == rows(result, "funding", "amount", "position_side", "position_quantity")
    reason = "expected Cash Flow - Funding - Fee Paid: every row of this log adds up so, other logs turn these signs"
    assert [("Change", "4.1", reason)] == rejects(result)
    assert {"usdm"} == set(result.rows["wallet"])


FUNDED = {"symbol": "BTCUSDT", "category": "linear", "type": "SETTLEMENT", "side": "Buy", "qty": "1", "size": "1"}


@pytest.mark.parametrize(
    ("extra", "change", "expected"),
    [
        ({}, "-0.5", "bybit.transaction_log_api"),
        ({}, "0.5", "bybit.contract_log_api"),
        ({"type": "INTEREST", "symbol": "", "category": "", "funding": ""}, "0", "bybit.transaction_log_api"),
        ({"category": "spot", "type": "TRADE", "funding": ""}, "0", "bybit.transaction_log_api"),
    ],
)
def test_logs_of_the_api_are_told_apart_by_their_sums(
    tmp_path: Path, extra: Mapping[str, str], change: str, expected: str
) -> None:
    found = recognized(tmp_path, ",".join(API), api(**{**FUNDED, "funding": "-0.5", "change": change, **extra}))
    assert expected == found.match.format.name


def test_logs_of_the_api_that_show_no_funding_are_asked_for(tmp_path: Path) -> None:
    row = api(type="TRANSFER_IN", cashflow="5", change="5")
    with pytest.raises(AmbiguousFormat) as caught:
        recognized(tmp_path, ",".join(API), row)
    assert ["bybit.contract_log_api", "bybit.transaction_log_api"] == list(caught.value.names)
    chosen = imported(tmp_path, ",".join(API), row, format="bybit.contract_log_api")
    assert ["usdm"] == chosen.rows["wallet"].to_list()


@pytest.mark.parametrize(("side", "printed", "market"), [("Buy", "0.0001", "0.0001"), ("Sell", "-0.0001", "0.0001")])
def test_a_funding_rate_is_the_markets(tmp_path: Path, side: str, printed: str, market: str) -> None:
    row = api(**{**FUNDED, "side": side, "funding": "-0.5", "change": "-0.5", "feerate": printed})
    assert [(market,)] == rows(imported(tmp_path, ",".join(API), row), "funding", "rate")


def test_a_log_without_a_funding_column_shows_it_in_the_change(tmp_path: Path) -> None:
    header = EXPORT.replace("Position,", "").replace("Funding,", "")
    known = {"currency": "USDT", "contract": "ETHUSDT", "time": "2025-01-10 16:00:00"}
    result = imported(
        tmp_path,
        header,
        line(header, **known, type="SETTLEMENT", direction="SELL", change="0.04"),
        line(header, **known, type="TRANSFER_IN", direction="--", cash_flow="4", change="5"),
    )
    assert [("short", "0.04")] == rows(result, "funding", "position_side", "amount")
    assert ["5"] == [text for _, text, _ in rejects(result)]


# ------------------------------------------------------------------------------------------------- spot


def test_a_spot_fill_is_its_base_coins_row_and_all_rows_share_its_reference(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        SCREEN,
        spot(currency="USDT", quantity="-840", cash_flow="-840", change="-840"),
        spot(currency="BTC", quantity="0.01", fee_paid="-0.00001", cash_flow="0.01", change="0.00999"),
        spot(currency="MNT", fee_paid="-0.3", change="-0.3"),
    )
    fills = rows(result, "fills", "instrument", "product", "side", "quantity", "fee", "fee_asset", "settle_asset")
    assert [("BTC/USDT", "spot", "buy", "0.01", "0.00001", "BTC", "USDT")] == fills
    moved = [
        ("USDT", "-840", "trade"), ("BTC", "0.01", "trade"), ("BTC", "-0.00001", "trading_fee"),
        ("MNT", "-0.3", "trading_fee"),
    ]  # fmt: skip
    assert moved == rows(result, "movements", "asset", "amount", "cause")
    assert {("BTCUSDT", "BTC/USDT", "t1")} == set(rows(result, "movements", "symbol", "instrument", "trade_ref"))


def test_a_fee_that_stands_on_the_quotes_row_is_none_of_the_fills(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        SCREEN,
        spot(direction="SELL", currency="BTC", quantity="-0.01", cash_flow="-0.01", change="-0.01"),
        spot(direction="SELL", currency="USDT", quantity="840", fee_paid="-0.84", cash_flow="840", change="839.16"),
    )
    assert [("0.01", None, None)] == rows(result, "fills", "quantity", "fee", "fee_asset")


@pytest.mark.parametrize(
    ("pair", "coin", "cash_flow", "expected"),
    [
        ("TUSDT", "T", "5", "T/USDT"),
        ("USDCUSDT", "USDC", "5", "USDC/USDT"),
        ("BTCXYZ", "BTC", "5", "BTC/XYZ"),
        ("STUSDTUSDT", "STUSDT", "5", "STUSDT/USDT"),
    ],
)
def test_a_pair_is_split_by_the_rows_own_coin(
    tmp_path: Path, pair: str, coin: str, cash_flow: str, expected: str
) -> None:
    row = spot(contract=pair, currency=coin, quantity=cash_flow, cash_flow=cash_flow, change=cash_flow)
    assert [(expected,)] == rows(imported(tmp_path, SCREEN, row), "fills", "instrument")


@pytest.mark.parametrize("currency", ["BTC", "USDT"])
def test_a_leg_on_the_wrong_side_is_rejected(tmp_path: Path, currency: str) -> None:
    amount = "-0.01" if currency == "BTC" else "840"
    result = imported(tmp_path, SCREEN, spot(currency=currency, quantity=amount, cash_flow=amount, change=amount))
    assert ["unmapped: nobody has described this kind of row"] == [reason for *_, reason in rejects(result)]


def test_without_ids_the_cells_that_legs_share_name_the_fill(tmp_path: Path) -> None:
    known = {"contract": "ETHUSDT", "type": "TRADE", "direction": "BUY", "filled_price": "2000.50000000000000000000",
             "time": "2026-01-05 10:00:00", "action": "--"}  # fmt: skip
    result = imported(
        tmp_path,
        EXPORT,
        line(EXPORT, **known, currency="ETH", quantity="1", cash_flow="1", change="1", wallet_balance="1"),
        line(EXPORT, **known, currency="USDT", quantity="-2000.5", cash_flow="-2000.5", change="-2000.5"),
    )
    assert {("2026-01-05T10:00:00Z|ETHUSDT|buy|2000.5",)} == set(rows(result, "movements", "trade_ref"))
    assert [("2026-01-05T10:00:00Z|ETHUSDT|buy|2000.5",)] == rows(result, "fills", "trade_ref")


def test_equal_fills_of_one_second_are_told_apart_by_the_balance(tmp_path: Path) -> None:
    known = {"currency": "USDT", "contract": "ETHUSDT", "type": "TRADE", "direction": "BUY", "quantity": "1",
             "filled_price": "2000", "time": "2026-01-05 10:00:00", "action": "OPEN", "fee_paid": "-1", "change": "-1"}  # fmt: skip
    result = imported(
        tmp_path, EXPORT, line(EXPORT, **known, wallet_balance="9"), line(EXPORT, **known, wallet_balance="8")
    )
    assert 2 == result.rows["key_text"].n_unique()


# ------------------------------------------------------------------------------- sessions, deliveries, force


def derivative(**cells: str) -> str:
    known = {"type": "TRADE", "direction": "SELL", "quantity": "1", "filledprice": "3000", "action": "CLOSE",
             "tradeid": "t9"}  # fmt: skip
    return screen(**known | {name.replace("_", ""): cell for name, cell in cells.items()})


def test_a_session_is_cash_and_the_close_after_it_states_no_result(tmp_path: Path) -> None:
    settled = {"type": "SETTLEMENT", "direction": "BUY", "quantity": "0", "position": "1", "action": "SETTLEMENT"}
    result = imported(
        tmp_path,
        SCREEN,
        derivative(currency="USDC", contract="ETHPERP", **settled, funding="-0.2", cash_flow="30", change="29.8"),
        derivative(currency="USDC", contract="ETHPERP", fee_paid="-1", cash_flow="-4", change="-5"),
        derivative(currency="USDT", contract="ETHUSDT", fee_paid="-1", cash_flow="-4", change="-5"),
    )
    assert [("USDC", None), ("USDT", "-4")] == rows(result, "fills", "settle_asset", "realized_stated")
    assert [("30", "gross", "fill"), ("-4", "gross", "fill")] == rows(
        result, "stated_results", "amount", "basis", "grain"
    )
    session = [("30", "realized_pnl", "long"), ("-0.2", "funding", "long")]
    assert session == rows(result, "movements", "amount", "cause", "position_side")[:2]
    assert [("-0.2", "long", "1")] == rows(result, "funding", "amount", "position_side", "position_quantity")


def test_a_session_of_a_future_has_no_funding(tmp_path: Path) -> None:
    row = derivative(currency="USDC", contract="BTC-27MAR26", type="SETTLEMENT", direction="SELL", cash_flow="7",
                     change="7", action="SETTLEMENT")  # fmt: skip
    assert 0 == len(imported(tmp_path, SCREEN, row).tables["funding"])


@pytest.mark.parametrize(
    ("direction", "cash_flow", "side", "price"),
    [("SELL", "20", "sell", "10"), ("SELL", "-20", "buy", "10"), ("BUY", "0", "buy", "0")],
)
def test_an_option_is_delivered_for_its_pay_off(
    tmp_path: Path, direction: str, cash_flow: str, side: str, price: str
) -> None:
    row = derivative(currency="USDC", contract="ETH-27MAR26-3000-C", type="DELIVERY", direction=direction, quantity="2",
                     filled_price="3010", cash_flow=cash_flow, change=cash_flow, action="--")  # fmt: skip
    result = imported(tmp_path, SCREEN, row)
    expected = [(side, price, cash_flow.lstrip("-"), "delivery", None)]
    assert expected == rows(result, "fills", "side", "price", "notional_stated", "execution", "realized_stated")


def test_a_premium_is_no_result(tmp_path: Path) -> None:
    row = derivative(currency="USDT", contract="BTC-27MAR26-90000-C-USDT", direction="BUY", cash_flow="-24",
                     change="-24", action="OPEN")  # fmt: skip
    result = imported(tmp_path, SCREEN, row)
    assert [("option", None)] == rows(result, "fills", "product", "realized_stated")
    assert 0 == len(result.tables["stated_results"])


@pytest.mark.parametrize(
    ("type", "execution", "stage", "bankruptcy"),
    [("LIQUIDATION", "liquidation", "takeover", "3000"), ("PART_LIQUIDATION", "liquidation", "partial", None),
     ("ADL", "adl", "adl", None)],
)  # fmt: skip
def test_a_forced_close_is_a_fill_and_an_event(
    tmp_path: Path, type: str, execution: str, stage: str, bankruptcy: str | None
) -> None:
    row = derivative(currency="USDT", contract="ETHUSDT", type=type, fee_paid="-1.65", cash_flow="-90", change="-91.65")
    result = imported(tmp_path, SCREEN, row)
    assert [(execution, "1.65", "-90")] == rows(result, "fills", "execution", "fee", "realized_stated")
    expected = [(stage, "3000", bankruptcy, "sell", "1")]
    assert expected == rows(result, "liquidations", "stage", "price", "bankruptcy_price", "side", "quantity")
    assert [("-90", "realized_pnl"), ("-1.65", "trading_fee")] == rows(result, "movements", "amount", "cause")


def test_an_inverse_contract_counts_dollars_and_pays_coins(tmp_path: Path) -> None:
    row = derivative(currency="BTC", contract="BTCUSDH26", quantity="900", cash_flow="0.001", change="0.001")
    result = imported(tmp_path, SCREEN, row)
    expected = [("BTC/USD:BTC-260327", "future", "inverse", "900", "BTC", "0.001")]
    columns = ("instrument", "product", "style", "quantity", "settle_asset", "realized_stated")
    assert expected == rows(result, "fills", *columns)


def test_a_contract_whose_name_says_nothing_is_rejected(tmp_path: Path) -> None:
    result = imported(tmp_path, SCREEN, derivative(currency="USDT", contract="XYZ", change="0"))
    assert ["unmapped: nobody has described this kind of row"] == [reason for *_, reason in rejects(result)]


def test_both_sides_of_a_hedge_are_funded(tmp_path: Path) -> None:
    known = {"currency": "USDT", "contract": "SOLUSDT", "type": "SETTLEMENT", "quantity": "0", "action": "SETTLEMENT"}
    result = imported(
        tmp_path,
        SCREEN,
        derivative(**known, direction="BUY", position="10", funding="-0.1", change="-0.1"),
        derivative(**known, direction="SELL", position="-3", funding="0.03", change="0.03"),
    )
    assert [("long", "10"), ("short", "3")] == rows(result, "funding", "position_side", "position_quantity")


# ------------------------------------------------------------------------------------------ other accounts


@pytest.mark.parametrize(
    ("kind", "description", "amount", "expected"),
    [
        ("Deposit", "Deposit", "5", ("deposit", None)),
        ("Withdrawal", "Withdrawal", "-5", ("withdrawal", None)),
        ("Fiat", "P2P Sale", "-5", ("withdrawal", None)),
        ("Fiat", "Buy Crypto with Card", "5", ("deposit", None)),
        ("Transfer out", "Transfer to Unified Trading Account", "-5", ("internal", "unified")),
        ("Transfer in", "Transfer from Derivatives Account", "5", ("internal", "usdm")),
        ("Transfer in", "Transfer from Earn Account", "5", ("internal", "earn")),
        ("Earn", "Easy Earn | Flexible Subscription", "-5", ("internal", "earn")),
        ("Earn", "Easy Earn | Flexible (Auto-Earn)", "-5", ("internal", "earn")),
        ("Loans", "Pledge Assets", "-5", ("pledged", None)),
        ("Loans", "Asset Redemption", "5", ("released", None)),
        ("Crypto Loans", "Decrease Collateral", "5", ("released", None)),
    ],
)
def test_a_row_of_the_funding_account_says_where_it_went(
    tmp_path: Path, kind: str, description: str, amount: str, expected: tuple[str, str | None]
) -> None:
    result = imported(tmp_path, FUND, f"2026-01-05 10:00:00,USDT,{amount},{kind},9,{description}")
    assert [expected] == rows(result, "transfers", "kind", "other_wallet")
    assert ["funding"] == result.rows["wallet"].to_list()


def test_an_earning_is_income_whatever_its_notation(tmp_path: Path) -> None:
    row = "2026-01-05 10:00:00,BTC,2.70000000000E-7,Earn,1,Easy Earn | Flexible Interest Distribution"
    result = imported(tmp_path, FUND, row)
    assert [("0.00000027", "income")] == rows(result, "movements", "amount", "cause")


def test_the_cards_own_account_is_ignored_with_a_reason(tmp_path: Path) -> None:
    result = imported(tmp_path, FUND, "2026-01-05 10:00:00,USD,-12.5,Bybit Card,0,Sale")
    assert ["the card's own account in USD, which repeats a sale of coins"] == result.ignored["reason"].to_list()


def test_an_earning_that_nobody_described_is_rejected(tmp_path: Path) -> None:
    result = imported(tmp_path, FUND, "2026-01-05 10:00:00,USDT,1,Earn,1,Mystery")
    assert [("Type", "Earn", "unmapped: expected a type that is described, with its description")] == rejects(result)


def test_a_direction_gives_the_api_its_sign(tmp_path: Path) -> None:
    names = ("currency", "ioDirection", "txnAmt", "afterAmt", "createTime", "showBusiTypeEn", "descriptionEn")
    result = imported(
        tmp_path,
        ",".join(names),
        "USDT,O,5,1,1767571260,Withdraw,Withdrawal",
        "USDT,I,5,6,1767571200,Deposit,Deposit",
        "USDT,O,-5,6,1767571200,Deposit,Deposit",
    )
    assert [("-5", "withdrawal"), ("5", "deposit")] == rows(result, "movements", "amount", "cause")
    assert datetime(2026, 1, 5, 0, 1, tzinfo=UTC) == result.rows["at"][0]
    assert ["-5"] == [text for _, text, _ in rejects(result)]


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("symbol", "instrument", "product", "settle", "style"),
    [
        ("BTCUSDT", "BTC/USDT:USDT", "perpetual", "USDT", "linear"),
        ("1000PEPEUSDT", "1000PEPE/USDT:USDT", "perpetual", "USDT", "linear"),
        ("BTCPERP", "BTC/USDC:USDC", "perpetual", "USDC", "linear"),
        ("BTCUSD", "BTC/USD:BTC", "perpetual", "BTC", "inverse"),
        ("BTCUSDH23", "BTC/USD:BTC-230331", "future", "BTC", "inverse"),
        ("ETHUSDZ24", "ETH/USD:ETH-241227", "future", "ETH", "inverse"),
        ("BTC-24MAR23", "BTC/USDC:USDC-230324", "future", "USDC", "linear"),
        ("BTCUSDT-21FEB25", "BTC/USDT:USDT-250221", "future", "USDT", "linear"),
        ("BTC-28FEB25-2800-C", "BTC/USDC:USDC-250228-2800-C", "option", "USDC", "linear"),
        ("BTC-28FEB25-2800-P-USDT", "BTC/USDT:USDT-250228-2800-P", "option", "USDT", "linear"),
    ],
)
def test_a_symbol_says_its_terms(symbol: str, instrument: str, product: str, settle: str, style: str) -> None:
    named = name_instrument(symbol, None)
    assert named is not None
    assert (instrument, product, settle, style) == (named.instrument, named.product, named.settle, named.style)
    if product != "perpetual":
        assert named.expires_at is not None
        assert 8 == named.expires_at.hour


@pytest.mark.parametrize("symbol", ["BTC-31FEB25", "ETHEUR", "BTCUSDA23", "", "USDT"])
def test_a_symbol_that_is_no_contract_has_no_terms(symbol: str) -> None:
    assert name_instrument(symbol, None) is None


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("BTCUSDT", ("BTC", "USDT")), ("ETHBTC", ("ETH", "BTC")), ("ABC/USDT", ("ABC", "USDT")), ("XUSDUSDT", ("XUSD", "USDT")),
        ("BTCEURC", ("BTC", "EURC")), ("USDT", None), ("FOOBAR", None), ("/USDT", None),
    ],
)  # fmt: skip
def test_a_spot_pair_is_split_by_the_longest_quote(symbol: str, pair: tuple[str, str] | None) -> None:
    assert pair == split_pair(symbol)
    named = name_pair(symbol)
    assert (named.instrument if named else None) == (f"{pair[0]}/{pair[1]}" if pair else None)


# ---------------------------------------------------------------------------------------- the golden files


def golden(name: str) -> tuple[Path, list[dict[str, Any]]]:
    (path,) = [found for found in (DATA / "bybit").glob(name) if not found.name.endswith(".json.expected.json")]
    lines = path.with_name(path.name + ".expected.json").read_text().splitlines()
    return path, [json.loads(text) for text in lines]


def test_screen_and_api_give_one_row_one_identity() -> None:
    _, screen_rows = golden("Bybit-UM-TransactionLog-1767312000-1768003200.csv")
    _, api_rows = golden("transaction-log.json")
    keys = [{tuple(row["key"]) for row in found if "key" in row} for found in (screen_rows, api_rows)]
    assert keys[1] < keys[0]
    assert 22 == len(keys[1])


@pytest.mark.parametrize(
    "name",
    ["Bybit-UM-*.csv", "AssetChangeDetails_uta_*.csv", "bybit-classic-*.csv", "AssetChangeDetails_fund_*.csv",
     "AssetChangeDetails_spot_*.csv", "AssetChangeDetails_uta_*.xls", "transaction-log-2023.csv"],
)  # fmt: skip
def test_the_balances_of_an_export_follow_from_its_movements(name: str) -> None:
    _, found = golden(name)
    moved = [row for row in found if row.get("table") == "movements"]
    by_asset: dict[str, dict[tuple[str, int], tuple[Decimal, Decimal]]] = {}
    for row in moved:
        place = (row["moved_at"], -row["source_row"])
        amount = by_asset.setdefault(row["asset"], {}).get(place, (Decimal(0), Decimal(0)))[0]
        by_asset[row["asset"]][place] = (amount + Decimal(row["amount"]), Decimal(row["balance_after"]))
    for rows_ in by_asset.values():
        balance = None
        for _, (amount, after) in sorted(rows_.items()):
            assert balance is None or after == balance + amount
            balance = after
