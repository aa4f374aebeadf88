"""What Binance's words, signs and ids become, beside the golden files."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from importers import binance
from importers.binance import futures_income, statement
from importers.binance.symbols import name_instrument
from importers.contract import Format, Normalized
from importers.detect import fold
from importers.files import open_bundle
from importers.read import Options, chunks, recognize
from importers.vocabulary import table
from schemas.errors import AmbiguousFormat, MissingTimeZone
from schemas.tables import FACTS, WALLETS

TRADES = "Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"
INCOME = "Date(UTC),type,Amount,Asset,Symbol,Transaction ID"
STATEMENT = "UTC_Time,Account,Operation,Coin,Change,Remark"
DEPOSITS = "Date(UTC),Coin,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"


def imported(tmp_path: Path, name: str, header: str, *rows: str, options: Options | None = None) -> Normalized:
    """Return what a small export becomes."""
    path = tmp_path / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    recognized = recognize(open_bundle(path).parts()[0], binance.FORMATS, options or Options())
    ((normalized, _),) = chunks(recognized)
    return normalized


def trades(tmp_path: Path, *rows: str) -> Normalized:
    return imported(tmp_path, "trades(UTC+0).csv", TRADES, *rows)


def line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


# ------------------------------------------------------------------------------------------- vocabulary

DOCUMENTED_TYPES = [
    "TRANSFER", "WELCOME_BONUS", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION", "INSURANCE_CLEAR",
    "REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "CONTEST_REWARD", "CROSS_COLLATERAL_TRANSFER",
    "OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT", "INTERNAL_TRANSFER", "AUTO_EXCHANGE", "DELIVERED_SETTELMENT",
    "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "POSITION_LIMIT_INCREASE_FEE", "STRATEGY_UMFUTURES_TRANSFER",
    "FEE_RETURN", "BFUSD_REWARD", "DEPOSIT", "WITHDRAW", "LIQUIDATION_FEE", "CASH_COUPON", "EVENT_CONTRACTS_ORDER",
    "EVENT_CONTRACTS_PAYOUT", "SPECIAL_FUNDING_FEE", "TAX", "TAX_PNL", "TAX_COMMISSION",
]  # fmt: skip


def test_every_documented_income_type_is_a_movement(tmp_path: Path) -> None:
    rows = [
        f"2025-01-01 00:00:00,{name},{sign}1,USDT,,{number}"
        for number, name in enumerate(DOCUMENTED_TYPES)
        for sign in ("", "-")
    ]
    result = imported(tmp_path, "income.csv", INCOME, *rows)
    assert len(result.rejected) == 0
    assert len(rows) == len(result.tables["movements"])
    assert set(DOCUMENTED_TYPES) == set(futures_income.EVENTS)


def test_every_operation_is_a_movement_in_every_account(tmp_path: Path) -> None:
    rows = [
        line("2025-01-01 00:00:00", account, row["operation"], "USDT", change, "")
        for row in table(binance.__file__, "operations.csv")
        for account in ("Spot", "Cross Margin", "Isolated Margin", "USD-M Futures", "Coin-M Futures", "Earn")
        for change in ("1", "-1")
    ]
    result = imported(tmp_path, "statement.csv", STATEMENT, *rows)
    assert len(result.rejected) == 0
    assert len(rows) == len(result.tables["movements"])
    assert result.tables["movements"]["amount"].sum() == 0


@pytest.mark.parametrize(
    ("cause", "operations"),
    [
        ("funding", "Funding Fee"),
        ("realized_pnl", "Realize profit and loss|Realized Profit and Loss"),
        ("trading_fee", "Fee|Transaction Fee|BNB Fee Deduction"),
        ("liquidation_fee", "Insurance fund compensation|Isolated Margin Liquidation - Fee"),
        ("insurance", "Insurance Fund Refund"),
        ("rebate", "Referrer rebates|Referee rebates|Futures Referral Rebate|Referee Commission|Referrer Commission"),
        ("rebate", "Strategy Trading Fee Rebate|Commission History|Commission Rebate|Referral Kickback"),
        ("conversion", "Asset Conversion Transfer|Futures Convert|Futures Convert - From|Futures Convert - To"),
        ("conversion", "Cross Margin Liquidation - Small Assets Takeover|BFUSD Subscription|RWUSD - Redemption"),
        ("conversion", "Binance Convert|Large OTC trading|Small Assets Exchange BNB|Token Swap - Distribution"),
        ("borrow", "Margin loan|Margin Loan|Isolated Margin Loan|Borrow|Flexible Loan - Borrow|Crypto Loan - Borrow"),
        ("repay", "Margin Repayment|Isolated Margin Repayment|Flexible Loan - Repayment|Crypto Loan - Repayment"),
        ("repay", "Cross Margin Liquidation - Repayment|Isolated Margin Liquidation - Forced Repayment"),
        ("interest", "Margin Fee"),
        ("pledge", "Flexible Loan - Collateral Spent|Crypto Loan - Collateral Return after Liquidation"),
        ("pledge", "Flexible Loan - Asset Transfer|Collateral Transfer"),
        ("correction", "Asset Recovery|Fund Recovery"),
        ("unknown", "Isolated Margin Liquidation"),
        ("trade", "Transaction Buy|Transaction Spend|Transaction Sold|Transaction Revenue|Buy|Sell"),
        ("trade", "Transaction Related"),
        ("transfer", "transfer_in|transfer_out|Transfer Between Main Account/Futures and Margin Account"),
        ("transfer", "Transfer Between Spot and CM Futures|Transfer Between UM Futures and Options|Savings purchase"),
        ("transfer", "Simple Earn Locked Subscription|Launchpool Subscription/Redemption|Asset - Transfer"),
        ("deposit", "Deposit|Fiat Deposit"),
        ("withdrawal", "Withdraw|Broker Withdraw|Send|P2P Trading|Merchant Acquiring|Binance Card Spending"),
        ("income", "Airdrop Assets|Cash Voucher Distribution|Battle Profit and Loss|Pool Distribution|Crypto Box"),
        ("income", "HODLer Airdrops Distribution|Launchpool Airdrop - User Claim Distribution|Megadrop Rewards"),
        ("income", "Simple Earn Flexible realTimeApr Interest|ETH 2.0 Staking Rewards|BFUSD Daily Reward"),
    ],
)
def test_an_operation_has_its_cause(tmp_path: Path, cause: str, operations: str) -> None:
    rows = [f"2025-01-01 00:00:00,Spot,{name},USDT,-1," for name in operations.split("|")]
    result = imported(tmp_path, "statement.csv", STATEMENT, *rows)
    assert [cause] * len(rows) == result.tables["movements"]["cause"].to_list()


def test_vocabularies_name_only_what_is_described() -> None:
    operations, types = table(binance.__file__, "operations.csv"), table(binance.__file__, "income_types.csv")
    assert len(operations) == len(statement.OPERATIONS)
    assert {row["event"] for row in operations} <= set(statement.CASES)
    assert {row["event"] for row in types} <= set(futures_income.CASES)
    wallets = {row[name] for row in operations for name in ("wallet", "other_wallet")}
    assert wallets | set(statement.ACCOUNTS.values()) <= {"", *WALLETS}


def test_a_transfer_names_the_wallet_at_its_other_end(tmp_path: Path) -> None:
    name = "Transfer Between Spot Account and UM Futures Account"
    rows = [f"2025-01-01 00:00:00,{account},{name},USDT,1," for account in ("Spot", "USDⓂ-Futures", "Funding")]
    result = imported(tmp_path, "statement.csv", STATEMENT, *rows)
    assert result.tables["transfers"]["other_wallet"].to_list() == ["usdm", "spot", None]


@pytest.mark.parametrize(
    ("wallet", "names"),
    [
        ("usdm", ["USDT-Futures", "USD-MFutures", "USD-M Futures", "USDⓂ-Futures", "usd-m futures"]),
        ("coinm", ["Coin-Futures", "Coin-MFutures", "Coin-M Futures"]),
        ("cross_margin", ["Cross Margin", "CrossMargin"]),
        ("earn", ["Earn", "Savings"]),
        ("mining", ["Pool"]),
        ("p2p", ["P2P"]),
    ],
)
def test_an_account_is_one_wallet_in_all_its_spellings(tmp_path: Path, wallet: str, names: list[str]) -> None:
    rows = [f"2025-01-01 00:00:00,{name},Deposit,USDT,1," for name in names]
    result = imported(tmp_path, "statement.csv", STATEMENT, *rows)
    assert [wallet] * len(names) == result.tables["movements"]["wallet"].to_list()


# ------------------------------------------------------------------------------------------------ signs


def test_a_maker_rebate_is_a_negative_fee_and_a_positive_movement(tmp_path: Path) -> None:
    fills = trades(tmp_path, "25-01-01 00:00:00,ETHUSDT,BUY,3000,1,3000,-0.15 USDT,0,true,true,1,2").tables["fills"]
    assert [Decimal("-0.15")] == fills["fee"].to_list()
    income = imported(tmp_path, "i.csv", INCOME, "2025-01-01 00:00:00,COMMISSION,0.15,USDT,ETHUSDT,1")
    assert [Decimal("0.15")] == income.tables["movements"]["amount"].to_list()
    assert income.tables["movements"]["cause"].to_list() == ["trading_fee"]


def test_received_funding_is_positive_in_both_ledgers(tmp_path: Path) -> None:
    income = imported(tmp_path, "i.csv", INCOME, "2025-01-01 00:00:00,FUNDING_FEE,0.5,USDT,ETHUSDT,1")
    booked = imported(tmp_path, "s.csv", STATEMENT, "2025-01-01 00:00:00,USD-M Futures,Funding Fee,USDT,0.5,")
    for result in (income, booked):
        assert [Decimal("0.5")] == result.tables["funding"]["amount"].to_list()
        assert [Decimal("0.5")] == result.tables["movements"]["amount"].to_list()


def test_an_insurance_clearance_is_a_fee_or_a_compensation_by_its_sign(tmp_path: Path) -> None:
    rows = [f"2025-01-01 00:00:00,{name},{sign}2,USDT,ETHUSDT,{sign.strip('-')}1" for name, sign in
            (("INSURANCE_CLEAR", "-"), ("INSURANCE_CLEAR", ""), ("LIQUIDATION_FEE", "-"))]  # fmt: skip
    result = imported(tmp_path, "i.csv", INCOME, *rows)
    expected = ["liquidation_fee", "insurance", "liquidation_fee"]
    assert expected == result.tables["movements"]["cause"].to_list()
    assert expected == result.tables["adjustments"]["kind"].to_list()


def test_a_forced_repayment_says_so_and_is_a_positive_amount(tmp_path: Path) -> None:
    row = "2025-01-01 00:00:00,Isolated Margin,Isolated Margin Liquidation - Forced Repayment,USDT,-1000.18,"
    repayments = imported(tmp_path, "s.csv", STATEMENT, row).tables["repayments"]
    assert [(Decimal("1000.18"), "forced")] == repayments.select("amount", "kind").rows()


# ---------------------------------------------------------------------------------------- ids and units


def test_ids_of_twenty_digits_are_exact(tmp_path: Path) -> None:
    row = "25-01-01 00:00:00,ETHUSDT,BUY,3000,1,3000,0.1 USDT,0,true,true,18446744073709551617,98389765500000000001"
    result = trades(tmp_path, row)
    fills = result.tables["fills"].select("trade_ref", "order_ref", "sequence")
    assert fills.rows() == [("18446744073709551617", "98389765500000000001", None)]
    assert result.rows["sequence"].to_list() == [None]


@pytest.mark.parametrize(
    ("symbol", "fee", "expected"),
    [
        ("ETHUSDT", "0.0012BNB", ("0.0012", "BNB")),
        ("ETHUSDT", "0.29528919 USDC", ("0.29528919", "USDC")),
        ("ETHUSDT", "1E-7BNB", ("0.0000001", "BNB")),
        ("ETHUSDT", "5ETH", ("5", "ETH")),
        ("ETHUSDT", "0.5U", ("0.5", "U")),
        ("ETHUSDT", "0.25 1000SATS", ("0.25", "1000SATS")),
        ("ETHUSDT", '"1,234.5USDT"', ("1234.5", "USDT")),
        ("ETHUSDT", "0.25", ("0.25", "USDT")),
        ("1000SATSUSDT", "0.251000SATS", ("0.25", "1000SATS")),
        ("1INCHUSDT", "0.011INCH", ("0.01", "1INCH")),
        ("1000SATSUSDT", "0.25USDT", ("0.25", "USDT")),
        ("BTCUSD_PERP", "0.0001", ("0.0001", "BTC")),
    ],
)
def test_a_fee_is_split_from_its_unit(tmp_path: Path, symbol: str, fee: str, expected: tuple[str, str]) -> None:
    result = trades(tmp_path, f"25-01-01 00:00:00,{symbol},BUY,3000,1,3000,{fee},0,true,true,1,2")
    ((number, asset),) = result.tables["fills"].select("fee", "fee_asset").rows()
    assert (Decimal(expected[0]), expected[1]) == (number, asset)


@pytest.mark.parametrize("fee", ["0.011INCH", '"0,5 USDT"', "USDT", "0.5.5USDT", "--1USDT"])
def test_a_fee_that_could_be_two_things_is_rejected(tmp_path: Path, fee: str) -> None:
    result = trades(tmp_path, f"25-01-01 00:00:00,ETHUSDT,BUY,3000,1,3000,{fee},0,true,true,1,2")
    assert result.rejected["column"].to_list() == ["Fee"]


def test_swapped_quantity_and_amount_are_rejected_with_the_suspicion(tmp_path: Path) -> None:
    result = trades(tmp_path, "25-01-01 00:00:00,ETHUSDT,BUY,3000,300,0.1,0.1 USDT,0,true,true,1,2")
    assert "swapped" in result.rejected["reason"][0]


def test_the_web_file_and_the_api_make_the_same_fill(tmp_path: Path) -> None:
    web = trades(tmp_path, "25-01-01 00:00:00,ETHUSDT,BUY,3000.0,1,3000,0.10 USDT,0,true,true,7,8")
    header = ("symbol,id,orderId,side,positionSide,price,qty,quoteQty,commission,commissionAsset,marginAsset,"
              "realizedPnl,maker,time")  # fmt: skip
    api = imported(tmp_path, "api.csv", header,
                   "ETHUSDT,7,8,BUY,BOTH,3000,1.0,3000,0.1,USDT,USDT,0.00,true,1735689600123")  # fmt: skip
    for column in ("key_text", "content_text"):
        assert web.rows[column].to_list() == api.rows[column].to_list()


def test_renamed_operations_are_the_same_row(tmp_path: Path) -> None:
    keys = [
        imported(tmp_path, "s.csv", STATEMENT, f"2025-01-01 00:00:00,{account},{name},USDT,-1.50,").rows["key_text"][0]
        for account, name in (
            ("USDT-Futures", "Realize profit and loss"),
            ("USD-M Futures", "Realized Profit and Loss"),
        )
    ]
    assert keys[0] == keys[1]


def test_twins_are_both_kept(tmp_path: Path) -> None:
    row = "2025-01-01 08:00:00,FUNDING_FEE,-0.4127,USDT,ETHUSDT,880000000000000001"
    result = imported(tmp_path, "i.csv", INCOME, row, row)
    assert len(result.tables["funding"]) == 2
    assert result.rows["key_text"].n_unique() == 1


# --------------------------------------------------------------------------------- symbols and wallets


@pytest.mark.parametrize(
    ("symbol", "instrument", "style", "expires"),
    [
        ("BTCUSDT", "BTC/USDT:USDT", "linear", None),
        ("1000SHIBUSDC", "1000SHIB/USDC:USDC", "linear", None),
        ("BTCFDUSD", "BTC/FDUSD:FDUSD", "linear", None),
        ("USDCUSDT", "USDC/USDT:USDT", "linear", None),
        ("ETHBTC", "ETH/BTC:BTC", "linear", None),
        ("BTCUSDT_260327", "BTC/USDT:USDT-260327", "linear", datetime(2026, 3, 27, 8, tzinfo=UTC)),
        ("BTCUSD_PERP", "BTC/USD:BTC", "inverse", None),
        ("BTCUSD_260327", "BTC/USD:BTC-260327", "inverse", datetime(2026, 3, 27, 8, tzinfo=UTC)),
    ],
)
def test_a_symbol_gives_its_terms_away(symbol: str, instrument: str, style: str, expires: datetime | None) -> None:
    named = name_instrument(symbol, None)
    assert named is not None
    assert (instrument, style, expires) == (named.instrument, named.style, named.expires_at)
    assert ("future" if expires else "perpetual") == named.product


@pytest.mark.parametrize("symbol", ["XAUEUR", "USDT", "BTCUSDT_269999", "BTC-260327-60000-C", "BTCUSD"])
def test_a_symbol_with_an_unknown_quote_has_no_terms(symbol: str) -> None:
    assert name_instrument(symbol, None) is None


@pytest.mark.parametrize(
    ("rows", "wallet", "expected"),
    [
        (["FUNDING_FEE,1,BNB,BNBUSD_PERP,1", "TRANSFER,1,BNB,,2"], None, ["coinm", "coinm"]),
        (["FUNDING_FEE,1,USDT,BTCUSDT,1", "TRANSFER,1,BTC,,2"], None, ["usdm", "usdm"]),
        (["TRANSFER,1,BNB,,1", "TRANSFER,1,BTC,,2"], None, ["usdm", "coinm"]),
        (["TRANSFER,1,BNB,,1", "FUNDING_FEE,1,USDT,BTCUSDT,2"], "coinm", ["coinm", "usdm"]),
    ],
)
def test_rows_without_a_symbol_find_their_wallet(
    tmp_path: Path, rows: list[str], wallet: str | None, expected: list[str]
) -> None:
    lines = [f"2025-01-01 00:00:00,{row}" for row in rows]
    result = imported(tmp_path, "i.csv", INCOME, *lines, options=Options(wallet=wallet))
    assert expected == result.tables["movements"].sort("source_row")["wallet"].to_list()
    assert expected == result.rows["wallet"].to_list()


# -------------------------------------------------------------------------------------------- detection


def test_the_oldest_deposit_header_needs_a_file_name_that_tells(tmp_path: Path) -> None:
    row = "2021-01-01 00:00:00,BTC,1,0,a,t,,,Completed"
    assert [Decimal(1)] == imported(tmp_path, "my-Deposits.csv", DEPOSITS, row).tables["transfers"]["amount"].to_list()
    gone = imported(tmp_path, "Withdrawals.csv", DEPOSITS, row).tables["transfers"]
    assert [Decimal(-1)] == gone["amount"].to_list()
    with pytest.raises(AmbiguousFormat):
        imported(tmp_path, "history.csv", DEPOSITS, row)


def test_a_renamed_file_of_local_times_needs_a_zone(tmp_path: Path) -> None:
    with pytest.raises(MissingTimeZone):
        imported(tmp_path, "trades.csv", TRADES, "26-01-01 00:00:00,ETHUSDT,BUY,1,1,1,0,0,true,true,1,2")


def test_the_api_needs_no_zone(tmp_path: Path) -> None:
    header = "symbol,incomeType,income,asset,info,time,tranId,tradeId"
    result = imported(tmp_path, "income.csv", header, "ETHUSDT,COMMISSION,-1,USDT,COMMISSION,1735689600000,5,7")
    assert result.tables["movements"]["trade_ref"].to_list() == ["7"]


@pytest.mark.parametrize("form", binance.FORMATS, ids=lambda form: form.name)
def test_a_format_claims_known_facts_and_reads_or_names_every_column(form: Format) -> None:
    assert {claim.fact for claim in form.claims} <= set(FACTS)
    read = {column for cell in form.cells.values() for column in cell.columns}
    aliases = {fold(text): canonical for text, canonical in form.aliases.items()}
    for header in form.headers:
        columns = {aliases.get(fold(text), fold(text)) for text in header.columns}
        assert columns <= read | {form.account_number, *form.unread}


def test_every_row_of_the_ledger_keeps_its_amount(tmp_path: Path) -> None:
    rows = [f"2025-01-01 00:00:00,{name},{number}.25,USDT,,{number}" for number, name in enumerate(DOCUMENTED_TYPES)]
    result = imported(tmp_path, "i.csv", INCOME, *rows)
    assert sum(number + Decimal("0.25") for number in range(len(rows))) == result.tables["movements"]["amount"].sum()
    assert pl.Decimal(38, 18) == result.tables["movements"].schema["amount"]
