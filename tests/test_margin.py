"""Spot margin, debts and loans: the worked examples of the field, and the cases in which rows say less than one would like.

Everything comes from plain files, so that what counts is the accounting and not a venue's dialect.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ledger.accounting.formulas import (
    collateral_value_at,
    counted_collateral,
    hours_charged,
    interest_due,
    loan_to_value,
    rollovers_due,
)
from ledger.book import Book
from ledger.storage.entries import Entered
from schemas.types import MONEY
from tests.books import at, facts, imported, new_book, write

D = Decimal
FILLS = "filled_at,symbol,instrument,product,side,quantity,price,fee,fee_asset,execution,wallet,settle_asset"
BORROWS = "borrowed_at,asset,amount,kind,wallet,pair,loan_ref"
REPAYMENTS = "repaid_at,asset,amount,principal,interest,kind,wallet,pair,loan_ref"
INTEREST = "accrued_at,asset,amount,debt_asset,principal,rate,rate_period,kind,wallet,pair,loan_ref"
PLEDGES = "moved_at,asset,amount,kind,wallet,loan_ref,ltv_after"
SALES = "liquidated_at,symbol,quantity,price,fee,fee_asset,stage,loan_ref,debt_asset,debt_repaid,returned,wallet"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return new_book(tmp_path)


class Desk:
    """A cross margin wallet whose rows are written as plain files."""

    def __init__(self, book: Book, folder: Path, wallet: str = "cross_margin") -> None:
        self.book, self.folder, self.wallet = book, folder, wallet

    def fills(self, *rows: str) -> None:
        """Rows `day clock base quote side quantity price fee fee_asset`."""
        lines = []
        for row in rows:
            day, clock, base, quote, side, quantity, price, fee, asset = row.split()
            lines.append(f"2026-02-{day}T{clock}Z,{base}{quote},{base}/{quote},margin,{side},{quantity},{price},{fee},{asset},"
                         f"trade,{self.wallet},{quote}")  # fmt: skip
        self._import("fills.csv", FILLS, lines)

    def borrows(self, *rows: str, pair: str = "", kind: str = "auto", ref: str = "") -> None:
        """Rows `day clock asset amount`."""
        lines = []
        for row in rows:
            day, clock, asset, amount = row.split()
            lines.append(f"2026-02-{day}T{clock}Z,{asset},{amount},{kind},{self.wallet},{pair},{ref}")
        self._import("borrows.csv", BORROWS, lines)

    def repays(self, *rows: str, pair: str = "", kind: str = "auto", ref: str = "") -> None:
        """Rows `day clock asset amount`, with principal and interest where stated."""
        lines = []
        for row in rows:
            day, clock, asset, amount, *split = row.split()
            parts = ",".join(split or ["", ""])
            lines.append(f"2026-02-{day}T{clock}Z,{asset},{amount},{parts},{kind},{self.wallet},{pair},{ref}")
        self._import("repayments.csv", REPAYMENTS, lines)

    def accrues(self, *rows: str, pair: str = "", kind: str = "margin", debt: str = "", ref: str = "") -> None:
        """Rows `day clock asset amount`, with principal, rate and period where stated."""
        lines = []
        for row in rows:
            day, clock, asset, amount, *rate = row.split()
            terms = ",".join(rate or ["", "", ""])
            lines.append(f"2026-02-{day}T{clock}Z,{asset},{amount},{debt},{terms},{kind},{self.wallet},{pair},{ref}")
        self._import("interest.csv", INTEREST, lines)

    def _import(self, name: str, header: str, lines: list[str]) -> None:
        imported(self.book, write(self.folder / str(len(list(self.folder.glob("*")))), name, header, lines))


@pytest.fixture
def desk(book: Book, tmp_path: Path) -> Desk:
    return Desk(book, tmp_path)


def clean(book: Book) -> bool:
    return not any(frame.height for frame in book.check().values())


# --------------------------------------------------------------------------------------- published figures


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [((13, 20), (14, 15), 2), ((13, 55), (14, 30), 2), ((9, 20), (10, 15), 2), ((9, 20), (9, 55), 1)],
    ids=["I1 and I2 Binance", "I3 Binance", "I4 Binance", "I4 inside one hour"],
)
def test_binance_charges_an_hour_at_the_borrow_and_one_at_each_full_hour(
    start: tuple[int, int], end: tuple[int, int], hours: int
) -> None:
    assert hours == hours_charged(start[0] * 60 + start[1], end[0] * 60 + end[1])


@pytest.mark.parametrize(
    ("principal", "rate", "accruals_in_period", "hours", "expected"),
    [("1000", "0.00001", 1, 2, "0.02"), ("1000", "0.0002", 24, 2, "0.01666667"), ("45.3313", "0.00013233", 24, 1, "0.00024995")],
    ids=["I1 Binance, hourly rate", "I2 Binance, daily rate", "Binance API sample: the rate is daily"],
)  # fmt: skip
def test_interest_is_principal_times_rate_for_every_hour(
    principal: str, rate: str, accruals_in_period: int, hours: int, expected: str
) -> None:
    row = pl.DataFrame({"principal": [D(principal)], "rate": [D(rate)]}, schema={"principal": MONEY, "rate": MONEY})
    hourly = row.select(interest_due(pl.col("principal"), pl.col("rate"), accruals_in_period)).item()
    assert D(expected) == (hourly * hours).quantize(D("1e-8"))


def test_kraken_rolls_over_every_four_whole_hours() -> None:
    assert [0, 0, 1, 6] == [rollovers_due(seconds) for seconds in (0, 14_399, 14_400, 86_400 + 3_600)]


def test_interest_in_bnb_is_five_percent_less_at_the_price_of_bnb() -> None:
    assert D("0.038") == D(10) * D("0.95") / D(250)


def test_l1_collateral_counts_by_tier() -> None:
    tiers = ((D(0), D(50_000), D(1)), (D(50_000), D(100_000), D("0.975")))
    counted = counted_collateral(D(25) * D(3_000), tiers)
    assert D(74_375) == counted
    assert D("0.8067") == (loan_to_value(D(60_000), counted) or D(0)).quantize(D("1e-4"))


def test_l2_margin_call_and_liquidation_are_values_of_the_collateral() -> None:
    call, end = collateral_value_at(D(10_000), D("0.75")), collateral_value_at(D(10_000), D("0.83"))
    assert (D("13333.33"), D("12048.19")) == (call.quantize(D("0.01")), end.quantize(D("0.01")))
    assert (D("7843.14"), D("7087.17")) == ((call / D("1.7")).quantize(D("0.01")), (end / D("1.7")).quantize(D("0.01")))


def test_l3_the_liquidation_price_of_one_bitcoin() -> None:
    assert D("0.835") == loan_to_value(D(25_050), D(30_000))
    assert D("30180.72") == collateral_value_at(D(25_050), D("0.83")).quantize(D("0.01"))


# ------------------------------------------------------------------------------------------------ positions


def test_a_fee_in_base_makes_the_position_smaller_and_cost_and_fee_are_the_cash_paid(desk: Desk) -> None:
    desk.fills("01 10:00:00 ETH USDT buy 1 2000 0.001 ETH")
    assert facts(desk.book, "positions", "quantity", "entry_price", "open_cost", "trading_fees") == [
        ("0.999", "2000", "1998", "2")
    ]
    assert facts(desk.book, "balances", "asset", "computed") == [("ETH", "0.999"), ("USDT", "-2000")]
    assert clean(desk.book)


def test_one_accrual_is_shared_among_the_longs_by_their_open_cost(desk: Desk) -> None:
    desk.fills("01 10:00:00 ETH USDT buy 2 3000 0 USDT", "01 10:00:10 SOL USDT buy 40 100 0 USDT")
    desk.borrows("01 09:59:59 USDT 9000")
    desk.accrues("01 11:00:00 USDT 0.90 9000 0.0024 day")
    assert facts(desk.book, "positions", "symbol", "interest") == [("ETHUSDT", "0.54"), ("SOLUSDT", "0.36")]
    assert facts(desk.book, "loans", "drawn", "interest", "remaining_debt") == [("9000", "0.9", "9000.9")]
    assert clean(desk.book)


def test_a_short_borrows_the_base_and_buys_its_interest_in_kind_at_the_price_of_the_close(desk: Desk) -> None:
    desk.borrows("03 10:00:00 BTC 0.1")
    desk.fills("03 10:00:00 BTC USDT sell 0.1 60000 0 USDT", "04 10:00:00 BTC USDT buy 0.1001 59000 0 USDT")
    desk.accrues("03 10:00:01 BTC 0.00006", "03 11:00:00 BTC 0.00004")
    desk.repays("04 10:00:01 BTC 0.1001")
    columns = ("side", "status", "gross_pnl", "interest", "net_pnl", "flags")
    assert facts(desk.book, "positions", *columns) == [("short", "closed", "100", "5.9", "94.1", [])]
    sells_less_buys = D("0.1") * 60_000 - D("0.1001") * 59_000
    assert D("94.1") == sells_less_buys
    assert facts(desk.book, "loans", "repaid_principal", "repaid_interest", "status") == [("0.1", "0.0001", "repaid")]
    assert clean(desk.book)


def test_interest_in_kind_that_is_not_bought_yet_stays_native_and_unvalued(desk: Desk) -> None:
    desk.borrows("03 10:00:00 BTC 0.1")
    desk.fills("03 10:00:00 BTC USDT sell 0.1 60000 0 USDT")
    desk.accrues("03 11:00:00 BTC 0.00004")
    assert facts(desk.book, "positions", "interest", "flags", "unvalued_costs") == [
        ("0", ["unvalued_cost"], "0.00004 BTC interest")
    ]


def test_a_sale_beyond_the_long_is_a_short_only_as_far_as_the_base_is_owed(desk: Desk) -> None:
    desk.borrows("01 10:00:00 ETH 1")
    desk.fills("01 09:00:00 ETH USDT buy 2 3000 0 USDT", "01 10:00:00 ETH USDT sell 5 3100 0 USDT")
    assert facts(desk.book, "positions", "side", "max_quantity", "gross_pnl") == [
        ("long", "2", "200"), ("short", "1", "0"),
    ]  # fmt: skip
    beside = desk.book.store.rows("SELECT kind, quantity, value FROM inventory")
    assert [("inventory", D(-2), D(6200))] == beside
    assert clean(desk.book)


def test_where_nothing_says_what_is_owed_a_short_is_marked_as_maybe_a_sale_of_inventory(desk: Desk) -> None:
    desk.fills("01 10:00:00 ETH USDT sell 5 3100 0 USDT")
    assert facts(desk.book, "positions", "side", "quantity", "flags") == [("short", "5", ["short_or_inventory"])]
    assert any(kind == "short_or_inventory" for (kind,) in facts(desk.book, "findings", "kind"))


def test_what_a_base_fee_leaves_is_dust_and_ends_the_position_without_a_result(desk: Desk) -> None:
    desk.fills("01 10:00:00 ETH USDT buy 1.0001 2000 0.00000005 ETH", "02 10:00:00 ETH USDT sell 1 2100 0 USDT")
    columns = ("status", "quantity", "gross_pnl")
    assert facts(desk.book, "positions", *columns) == [("closed", "0", "100")]
    assert [("dust", D("0.00009995"), D("0.1999"))] == desk.book.store.rows(
        "SELECT kind, quantity, value FROM inventory"
    )
    assert clean(desk.book)


def test_interest_while_nothing_is_open_is_idle_and_a_finding(desk: Desk) -> None:
    desk.borrows("01 10:00:00 USDT 1000")
    desk.accrues("01 10:00:01 USDT 0.01", "01 11:00:00 USDT 0.01")
    ((kind, sentence),) = facts(desk.book, "findings", "kind", "sentence")
    assert kind == "idle_borrow" and "0.02 USDT of interest in 2 charges" in sentence
    assert facts(desk.book, "carry", "position_id", "status", "interest") == [(None, "idle", "0.02")]
    assert clean(desk.book)


def test_interest_of_an_isolated_pair_goes_to_the_position_of_that_pair(book: Book, tmp_path: Path) -> None:
    fills = f"{FILLS},pair"
    rows = [f"2026-02-01T10:00:00Z,{base}USDT,{base}/USDT,margin,buy,1,100,0,USDT,trade,isolated_margin,USDT,{base}USDT"
            for base in ("SOL", "ETH")]  # fmt: skip
    imported(book, write(tmp_path, "fills.csv", fills, rows))
    Desk(book, tmp_path, "isolated_margin").accrues("01 11:00:00 USDT 0.5", pair="ETHUSDT")
    assert facts(book, "positions", "symbol", "pair", "interest") == [
        ("ETHUSDT", "ETHUSDT", "0.5"), ("SOLUSDT", "SOLUSDT", "0"),
    ]  # fmt: skip
    assert clean(book)


def test_interest_in_bnb_is_a_debt_in_bnb_and_costs_what_bnb_was_worth(desk: Desk, tmp_path: Path) -> None:
    desk.fills("01 10:00:00 ETH USDT buy 1 2000 0 USDT")
    desk.borrows("01 10:00:00 USDT 2000")
    desk.accrues("01 11:00:00 BNB 0.038", debt="USDT")
    assert facts(desk.book, "positions", "interest", "flags") == [("0", ["unvalued_cost"])]
    imported(desk.book, write(tmp_path, "prices.csv", "time,symbol,price", ["2026-02-01T10:59:00Z,BNB,250"]))
    assert facts(desk.book, "positions", "interest", "flags") == [("9.5", [])]
    assert [("BNB", "0.038"), ("USDT", "2000")] == sorted(facts(desk.book, "loans", "asset", "remaining_debt"))
    assert clean(desk.book)


# ---------------------------------------------------------------------------------------------------- debts


def test_a_repayment_pays_interest_first_unless_a_row_states_both(desk: Desk) -> None:
    desk.borrows("01 10:00:00 USDT 1000")
    desk.accrues("01 11:00:00 USDT 0.3")
    desk.repays("01 12:00:00 USDT 500", "01 13:00:00 USDT 400 399.9 0.1")
    split = facts(desk.book, "loan_events", "kind", "amount", "how")[2:]
    assert split == [
        ("repaid_interest", "0.3", "split"), ("repaid_principal", "499.7", "split"),
        ("accrued", "0.1", "implied"), ("repaid_interest", "0.1", "stated"), ("repaid_principal", "399.9", "stated"),
    ]  # fmt: skip
    assert facts(desk.book, "loans", "drawn", "interest", "remaining_debt") == [("1000", "0.4", "100.4")]
    assert clean(desk.book)


def test_interest_that_only_a_repayment_states_is_a_cost_of_the_position_that_borrowed(desk: Desk) -> None:
    desk.fills("01 10:00:00 SOL USDT buy 8 125 0 USDT", "02 03:11:00 SOL USDT sell 8 120 0 USDT")
    desk.borrows("01 10:00:00 USDT 1000")
    desk.repays("02 03:11:09 USDT 1000.18 1000 0.18", kind="manual")
    assert facts(desk.book, "positions", "gross_pnl", "interest", "net_pnl") == [("-40", "0.18", "-40.18")]
    assert facts(desk.book, "interest", "paid", "rows") == [("0.18", 1)]
    assert clean(desk.book)


def test_a_debt_from_before_the_exports_is_inferred_from_its_repayment(desk: Desk) -> None:
    desk.repays("01 12:00:00 USDT 700", kind="manual")
    assert facts(desk.book, "loans", "drawn", "repaid_principal", "remaining_debt", "flags") == [
        ("700", "700", "0", ["opening_inferred"])
    ]
    assert clean(desk.book)


def test_a_charge_that_is_not_principal_times_rate_is_a_finding(desk: Desk) -> None:
    desk.fills("01 10:00:00 ETH USDT buy 1 2000 0 USDT")
    desk.borrows("01 10:00:00 USDT 1000")
    desk.accrues("01 11:00:00 USDT 0.00875 1000 0.00021 day", "01 12:00:00 USDT 0.5 1000 0.00021 day")
    sentences = [text for kind, text in facts(desk.book, "findings", "kind", "sentence") if kind == "interest_rate"]
    assert len(sentences) == 1 and "0.5, not 0.00875" in sentences[0]


def test_the_implied_annual_rate_is_that_of_the_charges(desk: Desk) -> None:
    desk.borrows("01 10:00:00 USDT 1000")
    desk.accrues(*(f"01 {hour}:00:00 USDT 0.01 1000 0.00024 day" for hour in range(10, 14)))
    assert facts(desk.book, "interest", "paid", "rows", "implied_annual_rate") == [("0.04", 4, "0.0876")]


# ---------------------------------------------------------------------------------------------------- loans


class Loan(Desk):
    """A loan of 25,000 USDT against one bitcoin."""

    def pledge(self, *rows: str) -> None:
        """Rows `day clock asset amount kind ltv`."""
        lines = []
        for row in rows:
            day, clock, asset, amount, kind, *ltv = row.split()
            lines.append(f"2026-02-{day}T{clock}Z,{asset},{amount},{kind},spot,L1,{''.join(ltv)}")
        self._import("transfers.csv", PLEDGES, lines)

    def sale(self, row: str) -> None:
        """A row `day clock quantity price fee fee_asset debt_repaid returned`."""
        day, clock, quantity, price, fee, asset, repaid, returned = row.split()
        line = (f"2026-02-{day}T{clock}Z,BTC,{quantity},{price},{fee},{asset},collateral_sale,L1,USDT,{repaid},"
                f"{returned},spot")  # fmt: skip
        self._import("liquidations.csv", SALES, [line])


@pytest.fixture
def loan(book: Book, tmp_path: Path) -> Loan:
    made = Loan(book, tmp_path, "spot")
    made.borrows("01 10:00:00 USDT 25000", kind="loan", ref="L1")
    made.pledge("01 10:00:00 BTC -1 pledged 0.65")
    made.accrues("10 10:00:00 USDT 50", kind="loan", ref="L1")
    return made


def test_a_loan_is_an_episode_with_its_loan_to_value_at_every_event(loan: Loan, tmp_path: Path) -> None:
    prices = ["2026-02-01T09:00:00Z,BTC,38000", "2026-02-10T09:00:00Z,BTC,30000"]
    imported(loan.book, write(tmp_path, "prices.csv", "time,symbol,price", prices))
    assert facts(loan.book, "loan_events", "kind", "ltv", "ltv_stated") == [
        ("pledged", "0", "0.65"), ("drawn", "0.65789474", None), ("accrued", "0.835", None),
    ]  # fmt: skip
    columns = (
        "asset",
        "collateral_asset",
        "drawn",
        "interest",
        "remaining_debt",
        "cost_percent",
        "status",
        "collateral",
    )
    assert facts(loan.book, "loans", *columns) == [("USDT", "BTC", "25000", "50", "25050", "0.2", "open", "1 BTC")]
    assert facts(loan.book, "balances", "asset", "computed", "owed") == [("BTC", "-1", "0"), ("USDT", "25000", "25050")]
    assert clean(loan.book)


def test_l4_a_liquidation_repays_principal_and_interest_costs_its_fee_and_gives_the_rest_back(loan: Loan) -> None:
    sold, fee, surplus = D(29_900), D("501"), D("4349")
    assert surplus == sold - D(25_050) - fee
    loan.sale("11 10:00:00 1 29900 501 USDT 25050 0")
    columns = ("repaid_principal", "repaid_interest", "liquidated", "remaining_debt", "cost_percent", "status")
    assert facts(loan.book, "loans", *columns) == [("25000", "50", "25050", "0", "2.204", "liquidated")]
    assert clean(loan.book)


def test_l5_a_shortfall_leaves_a_debt_that_is_named(loan: Loan) -> None:
    loan.sale("11 10:00:00 1 24900 0 USDT 24900 0")
    assert facts(loan.book, "loans", "remaining_debt", "status", "flags") == [("150", "liquidated", ["debt_left"])]
    assert any(kind == "loan_debt_left" for (kind,) in facts(loan.book, "findings", "kind"))
    assert clean(loan.book)


def test_what_is_repaid_beyond_the_principal_of_a_loan_without_interest_rows_is_its_interest(
    book: Book, tmp_path: Path
) -> None:
    desk = Desk(book, tmp_path, "spot")
    desk.borrows("01 10:00:00 USDT 650", kind="loan", ref="USDT/BNB")
    desk.repays("05 10:00:00 USDT 300", "09 10:00:00 USDT 352.6", kind="manual", ref="USDT/BNB")
    columns = ("drawn", "interest", "repaid_principal", "repaid_interest", "remaining_debt", "status", "flags")
    assert facts(book, "loans", *columns) == [("650", "2.6", "650", "2.6", "0", "repaid", ["interest_implied"])]
    assert clean(book)


def test_the_next_draw_after_a_loan_was_paid_back_is_another_loan(book: Book, tmp_path: Path) -> None:
    desk = Desk(book, tmp_path, "spot")
    desk.borrows("01 10:00:00 USDT 100", "05 10:00:00 USDT 200", kind="loan", ref="USDT/BNB")
    desk.repays("03 10:00:00 USDT 100", kind="manual", ref="USDT/BNB")
    assert facts(book, "loans", "drawn", "status") == [("100", "repaid"), ("200", "open")]
    ids = [name for (name,) in facts(book, "loans", "loan_id")]
    assert ids == ["plain/spot:loan:USDT:20260201T1000:1", "plain/spot:loan:USDT:20260205T1000:1"]
    assert clean(book)


def test_a_loan_that_reaches_its_margin_call_is_a_finding_with_the_thresholds(loan: Loan, tmp_path: Path) -> None:
    terms = ["USDT,BTC,0.65,0.75,0.83,0.02"]
    header = "asset,collateral_asset,initial_ltv,margin_call_ltv,liquidation_ltv,liquidation_fee"
    imported(loan.book, write(tmp_path, "terms.csv", header, terms))
    imported(loan.book, write(tmp_path, "prices.csv", "time,symbol,price", ["2026-02-10T09:00:00Z,BTC,30000"]))
    found = [text for kind, text in facts(loan.book, "findings", "kind", "sentence") if kind == "loan_margin_call"]
    assert len(found) == 1 and "reached a loan to value of 0.835" in found[0] and "margin call is at 0.75" in found[0]
    assert facts(loan.book, "loans", "margin_call_ltv", "liquidation_ltv") == [("0.75", "0.83")]


def test_collateral_counts_by_the_tiers_that_were_imported(loan: Loan, tmp_path: Path) -> None:
    tiers = ["BTC,0,20000,1", "BTC,20000,,0.9"]
    imported(loan.book, write(tmp_path, "ratios.csv", "asset,floor,cap,ratio", tiers))
    imported(loan.book, write(tmp_path, "prices.csv", "time,symbol,price", ["2026-02-10T09:00:00Z,BTC,30000"]))
    assert [("0.86379310",)] == [
        (f"{ltv:.8f}",)
        for (ltv,) in loan.book.report("loan_events").filter(pl.col("kind") == "accrued").select("ltv").rows()
    ]  # 25,050 / (20,000 + 0.9 x 10,000)


def test_a_loan_that_lost_a_part_and_was_then_paid_back_is_repaid(loan: Loan) -> None:
    loan.sale("11 10:00:00 0.4 15000 60 USDT 5940 0")
    loan.repays("12 10:00:00 USDT 19110", kind="manual", ref="L1")
    loan.pledge("12 11:00:00 BTC 0.6 released")
    columns = ("liquidated", "remaining_debt", "status", "flags")
    assert facts(loan.book, "loans", *columns) == [("5940", "0", "repaid", ["partly_liquidated"])]
    assert clean(loan.book)


def test_an_opening_short_that_was_entered_is_short_as_far_as_they_say(desk: Desk) -> None:
    desk.fills("04 10:00:00 BTC USDT buy 0.1001 59000 0 USDT")
    desk.accrues("04 09:00:00 BTC 0.0001")
    desk.repays("04 10:00:01 BTC 0.1001")
    values = {"symbol": "BTCUSDT", "side": "short", "quantity": "0.1", "price": "60000", "product": "margin"}
    desk.book.enter(Entered(kind="opening_position", account="plain", wallet="cross_margin", at=at("03 08:00:00"),
                            reason="the venue's screen", values=values))  # fmt: skip
    columns = ("side", "status", "gross_pnl", "interest", "net_pnl", "flags")
    assert facts(desk.book, "positions", *columns) == [("short", "closed", "100", "5.9", "94.1", [])]
    assert clean(desk.book)
