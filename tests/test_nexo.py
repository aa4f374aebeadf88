"""What Nexo's types, signs and repeated bookings become, beside the golden files."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importers import nexo
from importers.contract import Format, Normalized
from importers.detect import fold
from importers.files import open_bundle
from importers.nexo import credit
from importers.nexo.cells import folded_type
from importers.read import Options, Recognized, chunks, recognize
from importers.vocabulary import table
from schemas.tables import FACTS
from tests.books import imported as booked
from tests.books import new_book, write

UTC_HEADER = (
    "Transaction,Type,Input Currency,Input Amount,Output Currency,Output Amount,USD Equivalent,Fee,Fee Currency,"
    "Details,Date / Time (UTC)"
)
OLD_HEADER = "Transaction,Type,Currency,Amount,USD Equivalent,Details,Outstanding Loan,Date / Time"
NO_DOLLARS = "Transaction,Type,Currency,Amount,Details,Outstanding Loan,Date / Time"
START = datetime(2026, 3, 4, 12, tzinfo=UTC)


def recognized(tmp_path: Path, header: str, *rows: str, options: Options | None = None) -> Recognized:
    path = tmp_path / "nexo_transactions.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return recognize(open_bundle(path).parts()[0], nexo.FORMATS, options or Options())


def imported(tmp_path: Path, *rows: str, header: str = UTC_HEADER, options: Options | None = None) -> Normalized:
    """Return what a small export becomes."""
    ((normalized, _),) = chunks(recognized(tmp_path, header, *rows, options=options))
    return normalized


def row(
    kind: str, given: str, taken: str = ",0.00000000", usd: str = "$1.00", details: str = "approved / x",
    *, seconds: float = 0, ident: str = "", fee: str = "-,-",
) -> str:  # fmt: skip
    """Return a line; `given` and `taken` are `COIN,amount`."""
    at = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
    ident = ident or f"NXT{kind[:4]}{given}{seconds}".replace(",", "")
    return f'{ident},{kind},{given},{taken},"{usd}",{fee},{details},{at}'


def facts(result: Normalized, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of a table in the order of the source, decimals without trailing zeros."""
    if table not in result.tables:
        return []
    frame = result.tables[table].sort("source_row", "part").select(columns)
    return [tuple(cell.normalize() if isinstance(cell, Decimal) else cell for cell in line) for line in frame.rows()]


def sums(result: Normalized, table: str) -> dict[str, Decimal]:
    """Return the sum of a table's amounts by asset."""
    found: dict[str, Decimal] = {}
    for asset, amount in facts(result, table, "asset", "amount"):
        found[asset] = found.get(asset, Decimal(0)) + amount
    return {asset: amount for asset, amount in found.items() if amount}


# ------------------------------------------------------------------------------------------------- types


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split())


@pytest.mark.parametrize("name", [line["type"] for line in table(nexo.__file__, "types.csv")])
def test_a_type_has_two_spellings_and_one_meaning(tmp_path: Path, name: str) -> None:
    assert folded_type(camel(name)) == name == folded_type(name.title())
    for given, taken in (("BTC,-1", "ETH,2"), ("BTC,1", "BTC,1"), ("xUSD,-1", "xUSD,1"), ("USD,1", "USD,0")):
        old, new = (imported(tmp_path, row(text, given, taken, ident="NXT1")) for text in (camel(name), name.title()))
        assert old.rejected["reason"].to_list() == new.rejected["reason"].to_list()
        assert not any("expected a type" in reason for reason in new.rejected["reason"])
        assert {table: frame.rows() for table, frame in old.tables.items()} == {
            table: frame.rows() for table, frame in new.tables.items()
        }
        assert old.rows["key_text"].to_list() == new.rows["key_text"].to_list()


@pytest.mark.parametrize(
    ("kind", "given", "taken", "cause", "moved"),
    [
        ("Interest", "BTC,0.5", "BTC,0.5", "income", {"BTC": "0.5"}),
        ("Interest", "BTC,0", "NEXO,2.5", "income", {"NEXO": "2.5"}),
        ("Interest", "BTC,-0.5", "BTC,0.5", "correction", {"BTC": "-0.5"}),
        ("Fixed Term Interest", "GBPX,0.5", "GBPX,0.5", "income", {"GBP": "0.5"}),
        ("Referral Bonus", "BTC,0.5", ",0", "income", {"BTC": "0.5"}),
        ("Deposit", "NEXONEXO,0.5", "NEXONEXO,0.5", "deposit", {"NEXO": "0.5"}),
        ("Top up Crypto", "USDT,1.00000001", "USDT,1.000000013", "deposit", {"USDT": "1.00000001"}),
        ("Deposit To Exchange", "EUR,9", "EURX,8.99", "deposit", {"EUR": "9"}),
        ("Withdrawal", "BNBN,-0.5", "BNBN,0.5", "withdrawal", {"BNB": "-0.5"}),
        ("Withdraw Exchanged", "GBP,-5", "GBP,5", "withdrawal", {"GBP": "-5"}),
        ("Withdrawal Fee", "BTC,-0.1", "BTC,0.1", "network_fee", {"BTC": "-0.1"}),
        ("Exchange Sell Fee", "NEXO,-0.1", "-,0", "trading_fee", {"NEXO": "-0.1"}),
        ("Exchange", "USDTERC,-5", "NEXOBNB,4", "conversion", {"USDT": "-5", "NEXO": "4"}),
        ("Exchange Collateral", "NETH,-5", "ETH,5", "conversion", {"NETH": "-5", "ETH": "5"}),
        ("Dual Investment Exchange", "USDT,5", "BTC,1", "conversion", {"USDT": "-5", "BTC": "1"}),
        ("Manual Sell Order", "BTC,-0.5", "BTC,0.5", "conversion", {"BTC": "-0.5"}),
        ("Liquidation", "GBPX,-7", "GBPX,7", "conversion", {"GBP": "-7"}),
        ("Exchange Liquidation", "BTC,0.5", "xUSD,1", "conversion", {"BTC": "-0.5"}),
        ("Transfer To Pro Wallet", "BTC,5", "BTC,5", "transfer", {"BTC": "-5"}),
        ("Transfer From Pro Wallet", "BTC,-5", "BTC,5", "transfer", {"BTC": "5"}),
        ("Administrative Deduction", "BTC,-5", "BTC,5", "correction", {"BTC": "-5"}),
        ("Assimilation", "BTC,5", "BTC,5", "rebate", {"BTC": "5"}),
        ("Nexo Card Purchase", "EURX,-5", "EUR,5", "withdrawal", {"EUR": "-5"}),
    ],
)
def test_the_sign_follows_from_the_type(
    tmp_path: Path, kind: str, given: str, taken: str, cause: str, moved: dict[str, str]
) -> None:
    result = imported(tmp_path, row(kind, given, taken))
    assert {asset: Decimal(amount) for asset, amount in moved.items()} == sums(result, "movements")
    assert {cause} == {found for (found,) in facts(result, "movements", "cause")}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("Transfer In", "BTC,1"),
        ("Transfer Out", "BTC,-1"),
        ("Locking Term Deposit", "BTC,-1"),
        ("Unlocking Term Deposit", "BTC,1"),
        ("Exchange To Withdraw", "EURX,-1"),
        ("Exchange Deposited On", "EUR,-1"),
        ("Credit Card Fiatx Exchange To Withdraw", "EURX,1"),
        ("Transfer To Advanced Trading Bonus", "BTC,-1"),
        ("Interest", "BTC,0"),
    ],
)
def test_what_stays_in_the_pot_is_ignored_with_a_reason(tmp_path: Path, kind: str, given: str) -> None:
    result = imported(tmp_path, row(kind, given))
    assert (1, 0) == (len(result.ignored), len(result.rows))
    assert len(result.rejected) == 0


@pytest.mark.parametrize("status", ["rejected", "pending", "Rejected", "cancelled"])
def test_a_row_that_did_not_happen_moves_nothing(tmp_path: Path, status: str) -> None:
    result = imported(tmp_path, row("Withdrawal", "BTC,-1", "BTC,1", details=f"{status} / BTC withdrawal"))
    assert [f"{status.lower()}: moved nothing"] == result.ignored["reason"].to_list()


def test_a_shop_called_rejected_is_paid_all_the_same(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Nexo Card Purchase", "xUSD,-5", "EUR,4", details="approved / Rejected Books"))
    assert [("USD", Decimal(5))] == facts(result, "borrows", "asset", "amount")


@pytest.mark.parametrize(
    ("line", "column", "text", "reason"),
    [
        (row("Staking Surprise", "BTC,1"), "Type", "Staking Surprise",
         "unmapped: expected a type as Interest, Exchange, Manual Repayment"),
        (row("Interest", "BTC,1", details="somebody said so"), "Details", "somebody said so",
         "unmapped: expected details that begin with a status as approved, rejected, pending"),
        (row("Interest", "BTC,NaN"), "Input Amount", "NaN",
         "expected a number, or two as -1.5 / +20.1; it says that there is no number"),
        (row("Interest", "-,1"), "Input Currency", "", "expected a ticker as BTC, or two as NEXO/BTC; the cell is empty"),
        (row("Interest", "BTC,1", usd="5 EUR"), "USD Equivalent", "5 EUR",
         "expected dollars as $1,234.5678; 'EUR' stands beside it"),
        (row("Manual Repayment", "BTC,1"), "type, in_currency, in_amount, details",
         "Manual Repayment | BTC | 1 | approved / x", "unmapped: nobody has described this kind of row"),
        (row("Nexo Card Purchase", "xUSD,1", "EUR,1"), "type, in_currency, in_amount, details",
         "Nexo Card Purchase | xUSD | 1 | approved / x", "unmapped: nobody has described this kind of row"),
        (row("Administrator", "xUSD,1"), "type, in_currency, in_amount, details",
         "Administrator | xUSD | 1 | approved / x", "unmapped: nobody has described this kind of row"),
    ],
)  # fmt: skip
def test_a_row_that_nobody_described_is_rejected(
    tmp_path: Path, line: str, column: str, text: str, reason: str
) -> None:
    result = imported(tmp_path, line)
    assert [(2, column, text, reason)] == result.rejected.rows()


@pytest.mark.parametrize(
    ("usd", "expected"),
    [("$1,234.5678", "1234.5678"), ("$1.2E-7", "0.00000012"), ("$0.50", "0.5"), ("7.25", "7.25"), ("-$3", "3")],
)
def test_dollars_are_exact_in_every_spelling(tmp_path: Path, usd: str, expected: str) -> None:
    result = imported(tmp_path, row("Manual Sell Order", "BTC,-1", usd=usd))
    assert Decimal(expected) == facts(result, "repayments", "amount")[0][0]


# ------------------------------------------------------------------------------------------ cost of debt


@pytest.mark.parametrize(
    ("kind", "given", "cost"),
    [
        ("Interest", "USD,-0.75", "0.75"),
        ("Interest", "xUSD,-0.75", "0.75"),
        ("Interest", "USDX,-0.75", "0.75"),
        ("Interest", "xUSD,0.25", "-0.25"),
        ("Interest Additional", "USD,-0.75", "0.75"),
        ("Interest Discount", "xUSD,0.25", "-0.25"),
        ("Assimilation", "xUSD,0.25", "-0.25"),
    ],
)
def test_interest_in_the_unit_of_the_debt_adds_to_it_and_moves_no_coin(
    tmp_path: Path, kind: str, given: str, cost: str
) -> None:
    result = imported(tmp_path, row(kind, given))
    expected = [("USD", Decimal(cost), "loan", None, None)]
    assert expected == facts(result, "interest", "asset", "amount", "kind", "rate", "principal")
    assert [] == facts(result, "movements", "amount")


def test_interest_earned_on_a_dollar_balance_is_income(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Interest", "USDX,0.75", "USDX,0.75"))
    assert [("USD", Decimal("0.75"), "income")] == facts(result, "movements", "asset", "amount", "cause")
    assert [] == facts(result, "interest", "amount")


@pytest.mark.parametrize(
    ("kind", "given", "table", "amount"),
    [
        ("Nexo Card Transaction Fee", "xUSD,-0.61", "borrows", "0.61"),
        ("Deposit Over Repayment", "USDX,0.03", "borrows", "0.03"),
        ("Nexo Card Cashback Reversal", "USD,-0.23", "borrows", "0.23"),
        ("Nexo Card Refund", "USD,11.45", "repayments", "11.45"),
        ("Manual Repayment", "USDX,5", "repayments", "5"),
        ("Withdrawal Credit", "xUSD,2600", "borrows", "2600"),
    ],
)
def test_what_is_charged_to_the_credit_line_changes_the_debt_alone(
    tmp_path: Path, kind: str, given: str, table: str, amount: str
) -> None:
    result = imported(tmp_path, row(kind, given, "EUR,1" if "Card" in kind else ",0"))
    assert {"USD": Decimal(amount)} == sums(result, table)
    assert {} == sums(result, "movements")


def test_the_outstanding_loan_is_a_stated_debt(tmp_path: Path) -> None:
    line = 'NXT1,Interest,BTC,0.5,$1.00,approved / BTC Interest Earned,"$1,500.25",2021-03-01 12:00:00'
    result = imported(tmp_path, line, header=OLD_HEADER)
    expected = [(datetime(2021, 3, 1, 11, tzinfo=UTC), "USD", Decimal("1500.25"), "debt")]
    assert expected == facts(result, "stated_balances", "stated_at", "asset", "balance", "kind")


# ---------------------------------------------------------------------------------- one sale, three rows

SALE = row("Automatic Sell Order", "BTC,-0.03", "BTC,0.03", "$1830.00", seconds=0)
TWIN = row("Exchange Liquidation", "BTC,0.03", "USDX,1824.51", "$1830.00", seconds=1)
REPAYMENT = row("Manual Repayment", "USD,1824.51", "USD,0", "$1824.51", "approved / Crypto Repayment", seconds=4)


def subsets(lines: Sequence[str]) -> list[tuple[str, ...]]:
    return [chosen for size in range(1, len(lines) + 1) for chosen in itertools.combinations(lines, size)]


@pytest.mark.parametrize("lines", subsets((SALE, TWIN, REPAYMENT)), ids=len)
def test_a_forced_sale_counts_once_whichever_of_its_rows_are_there(tmp_path: Path, lines: tuple[str, ...]) -> None:
    for order in itertools.permutations(lines):
        result = imported(tmp_path, *order)
        sold = Decimal("0.03") if SALE in lines or TWIN in lines else Decimal(0)
        assert ({"BTC": -sold} if sold else {}) == sums(result, "movements")
        repaid = Decimal("1830") if lines == (SALE,) else Decimal("1824.51")
        assert [repaid] == [amount for (amount,) in facts(result, "repayments", "amount")]
        forced = facts(result, "liquidations", "symbol", "quantity", "stage", "debt_asset", "debt_repaid")
        is_forced = SALE in lines or lines == (TWIN,)
        assert ([("BTC", sold, "collateral_sale", "USD", repaid)] if is_forced else []) == forced
        assert {"collateral_sale"} == {kind for (kind,) in facts(result, "repayments", "kind")}


def test_a_sale_of_ones_own_is_no_liquidation(tmp_path: Path) -> None:
    lines = (SALE.replace("Automatic", "Manual"), TWIN, REPAYMENT)
    result = imported(tmp_path, *lines)
    assert [] == facts(result, "liquidations", "symbol")
    assert {"BTC": Decimal("-0.03")} == sums(result, "movements")


@pytest.mark.parametrize("sale", ["Manual Sell Order", "Liquidation"])
def test_a_sale_for_a_forced_repayment_is_forced_and_bears_its_fee(tmp_path: Path, sale: str) -> None:
    result = imported(
        tmp_path,
        row(sale, "ETH,-0.5", "ETH,0", "$1450.00"),
        row("Forced Repayment", "USD,1439.25", "USD,0", "$1439.25", fee="10.75,USD", seconds=90),
    )
    expected = [("ETH", Decimal("0.5"), Decimal("1439.25"), Decimal("10.75"), "USD")]
    assert expected == facts(result, "liquidations", "symbol", "quantity", "debt_repaid", "fee", "fee_asset")


def test_a_forced_repayment_alone_is_forced_and_names_no_coin(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Forced Repayment", "USD,17", "USD,0", "$17.00"))
    assert [(Decimal(17), "forced")] == facts(result, "repayments", "amount", "kind")
    assert [] == facts(result, "liquidations", "symbol")


def test_a_repayment_from_outside_is_manual(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Manual Repayment", "USD,17", "USD,0", "$17.00", "approved / Fiat Repayment"))
    assert [(Decimal(17), "manual")] == facts(result, "repayments", "amount", "kind")


def test_the_dollars_of_a_sale_pay_the_debt_and_enter_no_wallet(tmp_path: Path) -> None:
    result = imported(tmp_path, SALE, TWIN, REPAYMENT)
    assert {"BTC": Decimal("-0.03")} == sums(result, "movements")
    assert {"BTC": Decimal("-0.03"), "USD": Decimal(1830)} == sums(result, "conversions")


def test_equal_sales_of_one_day_are_all_counted(tmp_path: Path) -> None:
    lines = [
        line
        for minute in range(0, 50, 5)
        for line in (
            row("Manual Sell Order", "USDC,-100", "USDC,0", "$100.00", seconds=60 * minute),
            row("Exchange Liquidation", "USDC,100", "xUSD,99.9", "$100.00", seconds=60 * minute + 1),
            row("Manual Repayment", "xUSD,99.9", "xUSD,0", "$99.90", seconds=60 * minute + 3),
        )
    ]
    result = imported(tmp_path, *lines)
    assert {"USDC": Decimal(-1000)} == sums(result, "movements")
    assert {"USD": Decimal(999)} == sums(result, "repayments")


def test_a_repayment_may_follow_hours_after_its_sale(tmp_path: Path) -> None:
    sale = row("Manual Sell Order", "EURX,-70", "EURX,70", "$71.25")
    for hours, expected in ((2.25, "71.24"), (7, "142.49")):
        repayment = row("Manual Repayment", "USD,71.24", "USD,0", "$71.24", seconds=3600 * hours)
        assert {"USD": Decimal(expected)} == sums(imported(tmp_path, sale, repayment), "repayments")


def test_a_liquidation_says_what_was_repaid_only_where_the_ledger_can_tell_it_is_one_event(tmp_path: Path) -> None:
    late = REPAYMENT.replace("12:00:04", "13:00:04")
    assert [(None,)] == facts(imported(tmp_path, SALE, late), "liquidations", "debt_repaid")


def test_the_oldest_exports_pair_without_dollars(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        "NXT1,Liquidation,BTC,-0.01,approved / Crypto Repayment,$0.00,2020-06-14 10:20:00",
        "NXT2,Repayment,USD,94.5,approved / Crypto Repayment,$0.00,2020-06-14 10:20:03",
        header=NO_DOLLARS,
    )
    assert {"BTC": Decimal("-0.01")} == sums(result, "movements")
    assert {"USD": Decimal("94.5")} == sums(result, "repayments")


def test_coins_of_other_kinds_are_no_twins(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        row("Manual Sell Order", "USDC,-100", "USDC,0", "$100.00"),
        row("Exchange Liquidation", "USDT,100", "xUSD,100", "$100.00", seconds=1),
    )
    assert {"USDC": Decimal(-100), "USDT": Decimal(-100)} == sums(result, "movements")
    assert {"USD": Decimal(200)} == sums(result, "repayments")


# ------------------------------------------------------------------------------------- one draw, three rows

DRAW = row("Loan Withdrawal", "xUSD,-799.4", "xUSD,799.4", "$799.40")
FUNDING = row("Exchange Credit", "xUSD,-799.4", "USDT,800.25", "$800.25")
TOP_UP = row("Top up Crypto", "USDT,800.25", "USDT,800.25", "$800.25", "approved / Credit Granting Top Up", seconds=1)


@pytest.mark.parametrize("lines", subsets((DRAW, FUNDING, TOP_UP)), ids=len)
def test_a_draw_counts_once_whichever_of_its_rows_are_there(tmp_path: Path, lines: tuple[str, ...]) -> None:
    for order in itertools.permutations(lines):
        result = imported(tmp_path, *order)
        drawn = Decimal("800.25") if lines == (TOP_UP,) else Decimal("799.4")
        assert {"USD": drawn} == sums(result, "borrows")
        assert ({} if lines == (DRAW,) else {"USDT": Decimal("800.25")}) == sums(result, "movements")
        assert {"loan"} == {kind for (kind,) in facts(result, "borrows", "kind")}


def test_a_top_up_without_a_mark_is_the_payout_of_the_draw_beside_it(tmp_path: Path) -> None:
    draw = row("Loan Withdrawal", "USD,-75.5", "USDC,75.4", "$75.50")
    top_up = row("Top up Crypto", "USDC,75.4", "USDC,75.4", "$75.51", "approved", seconds=62)
    for lines, cause in (((draw, top_up), "borrow"), ((draw,), "borrow"), ((top_up,), "deposit")):
        result = imported(tmp_path, *lines)
        assert [("USDC", Decimal("75.4"), cause)] == facts(result, "movements", "asset", "amount", "cause")


def test_a_draw_paid_to_a_bank_moves_no_coin(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Withdrawal Credit", "USD,300", "USD,300", "$300.00"))
    assert ({"USD": Decimal(300)}, {}) == (sums(result, "borrows"), sums(result, "movements"))


BOOSTED = row("Exchange Booster", "USDT,-81.02", "XRP,40", "$81.03", seconds=4)
CREDIT = row("Top up Crypto", "USDT,81.02", "USDT,81.02", "$81.02", "approved / Nexo Booster Credit Top Up", seconds=2)
TOTAL = row("Loan Withdrawal", "USD,-121.5", "XRP,60", "$121.50", "approved / Booster", seconds=5)


@pytest.mark.parametrize(
    ("lines", "owed"),
    [((BOOSTED,), "81.03"), ((BOOSTED, CREDIT), "81.02"), ((TOTAL, CREDIT, BOOSTED), "81.02"),
     ((TOTAL, BOOSTED), "81.03")],
)  # fmt: skip
def test_a_booster_borrows_once_and_brings_the_coin_in(tmp_path: Path, lines: tuple[str, ...], owed: str) -> None:
    result = imported(tmp_path, *lines)
    assert {"USD": Decimal(owed)} == sums(result, "borrows")
    assert {"XRP": Decimal(40)} == sums(result, "movements")


CARD = (
    row("Credit Card Withdrawal Credit", "xUSD,-15.3", "xUSD,15.3", "$15.30", "authorized / Nexo Card Loan Withdrawal"),
    row("Exchange Credit", "xUSD,-15.3", "EURX,13.05", "$15.30", "authorized / Nexo Card Loan Withdrawal"),
    row("Nexo Card Purchase", "xUSD,-15.3", "EURX,13.05", "$15.30", "approved / SHOP | DEU"),
)


@pytest.mark.parametrize("lines", [CARD, CARD[2:], CARD[:2], (CARD[0], CARD[2])], ids=len)
def test_a_purchase_by_card_on_credit_is_owed_once(tmp_path: Path, lines: tuple[str, ...]) -> None:
    result = imported(tmp_path, *lines)
    assert ({"USD": Decimal("15.3")}, {}) == (sums(result, "borrows"), sums(result, "movements"))


def test_a_purchase_by_card_from_ones_own_money_is_a_withdrawal_and_no_loan(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        row("Nexo Card Purchase", "USD,-53.17", "EUR,49.2", "$53.17", "approved / SHOP", seconds=2),
        row("Withdraw Exchanged", "EUR,-49.2", "EUR,49.2", "$53.17", "approved / EUR withdrawal"),
        row("Credit Card Fiatx Exchange To Withdraw", "EURX,49.2", "EUR,49.2", "$53.17", "approved / EUR"),
    )
    assert ({}, {"EUR": Decimal("-49.2")}) == (sums(result, "borrows"), sums(result, "movements"))


# ------------------------------------------------------------------------------------------------- fees


@pytest.mark.parametrize(
    ("fee", "moved"),
    [
        ("1.2,USDT", {"USDT": "-100", "BTC": "0.001"}),
        ("0.00001,BTC", {"USDT": "-100", "BTC": "0.001"}),
        ("0.9,NEXO", {"USDT": "-100", "BTC": "0.001", "NEXO": "-0.9"}),
        ("-,-", {"USDT": "-100", "BTC": "0.001"}),
        ("0,-", {"USDT": "-100", "BTC": "0.001"}),
    ],
)
def test_a_fee_in_a_coin_of_the_exchange_is_inside_its_amount(tmp_path: Path, fee: str, moved: dict[str, str]) -> None:
    result = imported(tmp_path, row("Exchange", "USDT,-100", "BTC,0.001", "$100.00", fee=fee))
    assert {asset: Decimal(amount) for asset, amount in moved.items()} == sums(result, "movements")
    charged = {asset: amount for asset, amount, cause in facts(result, "movements", "asset", "amount", "cause")
               if cause == "trading_fee"}  # fmt: skip
    expected = {"1.2,USDT": {"USDT": Decimal("-1.2")}, "0.9,NEXO": {"NEXO": Decimal("-0.9")}}.get(fee, {})
    assert expected == charged


# -------------------------------------------------------------------------------------------- collateral


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("Transfer Out", "approved / Transfer from Savings Wallet to Credit Line Wallet", ("pledged", Decimal("-0.5"))),
        ("Transfer Out", "approved / Auto Transfer from Savings Wallet to Credit Line Wallet",
         ("pledged", Decimal("-0.5"))),
        ("Transfer In", "approved / Transfer from Credit Line Wallet to Savings Wallet", ("released", Decimal("0.5"))),
    ],
)  # fmt: skip
def test_what_moves_to_the_credit_line_is_pledged_and_stays_in_the_pot(
    tmp_path: Path, kind: str, details: str, expected: tuple[str, Decimal]
) -> None:
    for amount in ("0.5", "-0.5"):
        result = imported(tmp_path, row(kind, f"BTC,{amount}", f"BTC,{amount}", details=details))
        assert [expected] == facts(result, "transfers", "kind", "amount")
        assert [] == facts(result, "movements", "amount")


# -------------------------------------------------------------------------------------------- time, ids

OLD_ROW = "NXT1,Interest,BTC,0.5,$1.00,approved / BTC Interest Earned,$0.00,2021-03-01 12:00:00"


def test_an_unmarked_time_is_assumed_to_be_swiss_and_the_import_says_so(tmp_path: Path) -> None:
    found = recognized(tmp_path, OLD_HEADER, OLD_ROW)
    assert "Europe/Zurich" == found.context.zone
    assert [True] == [text.startswith("times are assumed to be Europe/Zurich") for text in found.warnings]


def test_the_user_may_say_another_zone(tmp_path: Path) -> None:
    found = recognized(tmp_path, OLD_HEADER, OLD_ROW, options=Options(zone="UTC"))
    assert ("UTC", ()) == (found.context.zone, found.warnings)


def test_a_header_that_says_utc_is_utc_whatever_the_user_says(tmp_path: Path) -> None:
    result = imported(tmp_path, row("Interest", "BTC,1", "BTC,1"), options=Options(zone="Europe/Zurich"))
    assert [(START,)] == facts(result, "movements", "moved_at")


def test_repeats_of_one_row_are_one_and_rows_that_share_an_id_are_several(tmp_path: Path) -> None:
    withdrawal = row("Withdrawal", "BTC,-1", "BTC,1", ident="NXTsame")
    cashback = row("Cashback", "NEXO,1", "NEXO,1", ident="NXTsame")
    book = new_book(tmp_path)
    path = write(tmp_path, "nexo.csv", UTC_HEADER, [withdrawal, withdrawal, cashback])
    (part,) = booked(book, path).parts
    assert (3, 2, 1, 0, 0) == (part.read, part.stored, part.duplicate, part.ignored, part.rejected)
    assert [(Decimal(-1),)] == book.store.rows("SELECT amount FROM movements WHERE asset = 'BTC' AND pool = 'asset'")


def test_a_repeated_twin_is_no_second_sale(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    for lines in ([TWIN, TWIN, SALE, REPAYMENT], [SALE, TWIN, REPAYMENT]):
        booked(book, write(tmp_path / str(len(lines)), "nexo.csv", UTC_HEADER, lines))
    sold = book.store.rows("SELECT amount FROM movements WHERE asset = 'BTC' AND pool = 'asset'")
    assert [(Decimal("-0.03"),)] == sold


def test_an_old_export_and_a_new_one_tell_one_story_though_their_ids_differ(tmp_path: Path) -> None:
    old = write(tmp_path, "old.csv", OLD_HEADER, [
        "NXTshort000001,Interest,BTC,0.5,$1.00,approved / BTC Interest Earned,$0.00,2022-01-01 08:00:00",
        "NXTshort000002,Interest,BTC,0.25,$1.00,approved / BTC Interest Earned,$0.00,2022-02-01 08:00:00",
    ])  # fmt: skip
    new = write(tmp_path, "new.csv", UTC_HEADER, [
        f'NXTlong{number:018},Interest,BTC,{amount},BTC,{amount},$1.00,-,-,approved / BTC Interest Earned,{at}'
        for number, (amount, at) in enumerate(
            [("0.5", "2022-01-01 07:00:00"), ("0.25", "2022-02-01 07:00:00"), ("0.125", "2022-03-01 07:00:00")])
    ])  # fmt: skip
    for name, paths in (("one", (old, new)), ("other", (new, old))):
        (tmp_path / name).mkdir()
        book = new_book(tmp_path / name)
        for path in paths:
            booked(book, path, account="me")
        assert [(Decimal("0.875"),)] == book.store.rows(
            "SELECT CAST(sum(amount) AS DECIMAL(38,18)) FROM movements WHERE pool = 'asset'"
        )


# ----------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize("form", nexo.FORMATS, ids=lambda form: form.name)
def test_a_format_claims_known_facts_and_reads_or_names_every_column(form: Format) -> None:
    assert {claim.fact for claim in form.claims} <= set(FACTS)
    read = {column for cell in form.cells.values() for column in cell.columns}
    aliases = {fold(text): canonical for text, canonical in form.aliases.items()}
    for header in form.headers:
        assert {aliases.get(fold(text), fold(text)) for text in header.columns} <= read | set(form.unread)


def test_partners_are_one_to_one_and_the_nearest() -> None:
    def made(index: int, seconds: int) -> credit.Row:
        return credit.Row(
            index=index, at=START + timedelta(seconds=seconds), event="sale", kind=None, coin="BTC",
            quantity=Decimal(1), gained=None, debt=None, usd=None, fee=None, is_credit=False, is_fiat_payout=False,
            is_crypto_repayment=False,
        )  # fmt: skip

    left, right = [made(0, 0), made(1, 60)], [made(2, 5), made(3, 61), made(4, 3600)]
    found = credit.partners(left, right, lambda one, other: True)
    assert {0: 2, 1: 3} == {index: row.index for index, row in found.items()}


# -------------------------------------------------------------------------------------------------- prices


@pytest.mark.parametrize(
    ("kind", "given", "taken", "usd", "expected"),
    [
        ("Withdrawal Credit", "xUSD,20000", "USDC,20000", "$20000.00", [("USDC", "USD", "last", Decimal(1))]),
        ("Exchange Credit", "xUSD,500", "USDT,500.25", "$500.00", [("USDT", "USD", "last", Decimal("0.999500249875062469"))]),
        ("Withdrawal Credit", "xUSD,8", "USDC,7.99", "$8.00", []),
        ("Withdrawal Credit", "xUSD,500", "USD,500", "$500.00", []),
        ("Interest", "BTC,0.01", "BTC,0.01", "$900.00", []),
    ],
    ids=["a coin at par", "a coin beside it", "too small: mostly rounding", "dollars themselves", "no draw"],
)  # fmt: skip
def test_the_dollars_of_a_draw_are_a_price_of_what_it_paid_out(
    tmp_path: Path, kind: str, given: str, taken: str, usd: str, expected: list[tuple[Any, ...]]
) -> None:
    result = imported(tmp_path, row(kind, given, taken, usd=usd, details="approved / Credit to USDC"))
    prices = result.tables["prices"].rows() if "prices" in result.tables else []
    names = result.tables["prices"].columns if prices else []
    shown = [tuple(dict(zip(names, line, strict=True))[name] for name in ("symbol", "quote", "kind", "price"))
             for line in prices]  # fmt: skip
    assert expected == shown
