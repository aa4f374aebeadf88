"""Income and expenses of a year: the statement of a tax year, and the report that asks no tax policy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ledger.book import Book
from ledger.commands.demo import write_exports
from ledger.taxing.policies import policy_of
from ledger.trace import rows_behind
from reports.tax.income import SECTIONS, stated, sums_of, write
from reports.tax.targets import TARGETS
from reports.tax.value import DISPOSALS, PARTS, RESULTS, TaxYear
from tests.taxes import accepted, draft, rows_of, tax_year

D = Decimal
NEXO = {"account": "nexo", "venue": "nexo", "wallet": "unified"}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("income")
    exports = write_exports(folder / "exports")
    with Book.open(folder / "book.duckdb") as book:
        assert book.import_paths([exports]).exit_code == 0
        yield book


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def sums(year: TaxYear) -> dict[str, tuple[object, ...]]:
    return {str(name): tuple(rest) for name, *rest in sums_of(year).lines}


# ------------------------------------------------------------------------------------------------ the statement


def test_interest_is_told_by_loan_and_every_part_has_its_section() -> None:
    assert tuple(sorted(SECTIONS)) == tuple(sorted(PARTS))
    lines = [
        {"line": "R-1", "booked_at": "2025-01-02", **NEXO, "part": "interest", "asset": "USD", "amount": "-3", "value": "-3", "group": "loan", "loan_id": "nexo:loan:1"},
        {"line": "R-2", "booked_at": "2025-02-02", **NEXO, "part": "interest", "asset": "USD", "amount": "-4", "value": "-4", "group": "loan", "loan_id": "nexo:loan:2"},
        {"line": "R-3", "booked_at": "2025-03-02", **NEXO, "part": "interest", "asset": "USD", "amount": "1", "value": "1", "group": "loan", "loan_id": "nexo:loan:2"},
        {"line": "R-4", "booked_at": "2025-03-02", **NEXO, "part": "written_off", "asset": "USD", "amount": "50", "value": "50", "group": "loan", "loan_id": "nexo:loan:1"},
    ]  # fmt: skip
    year = tax_year(results=rows_of(RESULTS, lines))
    told = [
        (row["section"], row["of"], row["paid"], row["received"], row["net value"])
        for row in read(write(year)["income-2025.csv"])
    ]
    assert told == [
        ("Interest, by loan and debt pool", "nexo:loan:1", "-3", "0", "-3"),
        ("Interest, by loan and debt pool", "nexo:loan:2", "-4", "1", "-3"),
        ("Debt that was written off", "nexo:loan:1", "0", "50", "50"),
    ]


def test_carry_is_a_share_of_what_was_gained_before_losses() -> None:
    told = sums(tax_year())
    # gained: 35,999.50 + 480 of disposals, 9.99 of a position; carry: 0.9995 + 0.95 + 0.49975
    assert told["Gross gains"][0] == D("36489.49")
    assert told["Cost of carry"][0] == D("2.44925")
    assert told["Cost of carry in percent of gross gains"][0] == D("0.01")
    assert told["Losses of disposals"][0] == D("-1500.03")
    assert told["Trading fees of spot trades"][0] == D("-67.5")
    apart = replace(tax_year().policy, fees="apart")
    assert "Trading fees of spot trades" not in sums(tax_year(apart))


def test_fees_of_spot_trades_are_unknown_where_a_trade_of_the_book_is_and_nowhere_else() -> None:
    sold = {"asset": "ETH", "kind": "sale", "quantity": "1", "disposed_at": "2025-08-02 17:00:00", "proceeds": "1000",
            "sale_fee": "3", "state_money": False, "rows": ["201"]}  # fmt: skip
    outside = {
        **sold,
        "line": "D-1-1",
        "disposal_id": "1",
        "rule": "fifo",
        "lot": "L-9:missing",
        "note": "unknown cost",
    }
    pooled = {**sold, "line": "D-2-1", "disposal_id": "2", "rule": "average", "note": "unknown cost"}
    unpriced = {**sold, "line": "D-3-1", "disposal_id": "3", "rule": "fifo", "lot": "L-10", "acquired_at": "2025-01-02"}
    told = [
        sums(replace(tax_year(), disposals=rows_of(DISPOSALS, [line])))["Trading fees of spot trades"][:2]
        for line in (outside, pooled, unpriced)
    ]
    assert told == [(D(-3), 0), (None, 1), (None, 1)]


def test_what_is_paid_in_kind_bears_no_fee_of_its_own(book: Book) -> None:
    """A loss, interest or a fee in kind is no trade: what it costs is its own amount, and no fee beside is unknown."""
    lines = book.tax(policy_of("none", 2026, currency="USDT")).disposals.filter(pl.col("basis").is_not_null())
    in_kind = lines.filter(pl.col("kind") != "sale")
    assert in_kind.height
    assert in_kind["sale_fee"].unique().to_list() == [0]
    assert lines["fee"].null_count() == 0
    assert lines.filter(pl.col("kind") == "sale")["sale_fee"].sum() > 0


def test_a_share_of_nothing_gained_or_of_unknown_values_is_unknown() -> None:
    year = tax_year()
    share = "Cost of carry in percent of gross gains"
    lost = replace(year, disposals=year.disposals.clear(), results=year.results.filter(pl.col("line") != "R-207"))
    assert sums(lost)[share] == (None, 0, "nothing was gained")
    blank = year.results.with_columns(value=pl.when(pl.col("line") != "R-206").then("value"))
    unpriced = replace(year, results=blank)
    assert sums(unpriced)[share] == (None, 1, "unknown: values are missing")
    assert sums(unpriced)["Funding"] == (None, 1, ""), "of which nothing is known is no zero"
    (funding,) = [row for row in read(write(unpriced)["income-2025.csv"]) if row["section"] == "Funding"]
    assert (funding["net"], funding["net value"], funding["not known"]) == ("-0.5", "", "1")


def test_every_line_leads_to_its_rows_and_the_controls_are_even() -> None:
    files = write(tax_year())
    rows = {row["row"] for row in read(files["income-2025-sources.csv"])}
    assert rows == {"203", "204", "206", "207", "208", "209"}
    assert {row["difference"] for row in read(files["income-2025-controls.csv"])} == {"0"}
    assert len({one.name for one in stated(tax_year())}) == len(stated(tax_year()))
    assert TARGETS["income"].write is write


def test_a_draft_is_a_draft_in_every_file() -> None:
    files = write(draft())
    assert all("DRAFT" in name for name in files)
    assert {row["status"] for row in read(files["income-2025-DRAFT-sums.csv"])} == {"DRAFT"}
    assert b"DRAFT" in files["income-2025-DRAFT.html"]
    assert b"bought for cash in 2013" in write(accepted())["income-2025.html"]


# --------------------------------------------------------------------------------------------------- the report


def by_asset(frame: pl.DataFrame, amount: str, asset: str = "asset") -> dict[str, Decimal]:
    summed = frame.group_by(asset).agg(pl.col(amount).sum())
    return {name: amount for name, amount in summed.iter_rows() if amount}


@pytest.mark.parametrize("by", ["year", "month"])
def test_the_report_sums_to_what_the_others_say(book: Book, by: str) -> None:
    income = book.report("income", by=by)
    part = {name: income.filter(pl.col("part") == name) for name in income["part"].unique()}
    for name in ("funding", "interest"):
        other = book.report(name, by=by)
        for amount in ("paid", "received", "net"):
            assert by_asset(part[name], amount) == by_asset(other, amount)
    realized = book.report("realized", by=by)
    assert by_asset(part["result"], "net") == by_asset(realized, "gross_pnl", "settle_asset")
    forced = realized.with_columns(net=-pl.col("liquidation_fees"))
    assert by_asset(part["liquidation_fee"], "net") == by_asset(forced, "net", "settle_asset")
    fees, of_bitmex = (
        part["trading_fee"].filter(pl.col("venue") == "bitmex"),
        realized.filter(pl.col("venue") == "bitmex"),
    )
    assert by_asset(fees, "paid") != {}
    assert by_asset(fees.with_columns(-pl.col("net")), "net") == by_asset(of_bitmex, "trading_fees", "settle_asset")
    assert (income["net"] == income["received"] - income["paid"]).all()


def test_interest_is_told_by_loan_and_debt_pool(book: Book) -> None:
    interest = book.report("income", by="year").filter(pl.col("part") == "interest")
    loans = {name: paid for name, paid in interest.select("loan_id", "paid").iter_rows() if name}
    stated = {
        name: charged for name, charged in book.report("loans").select("loan_id", "interest").iter_rows() if charged
    }
    assert loans == stated
    assert len(loans) == 5


def test_the_statement_of_a_tax_year_agrees_with_the_report(book: Book) -> None:
    year = book.tax(policy_of("none", 2026, currency="USD"))
    here = year.results.group_by("part", "asset", "loan_id").agg(pl.col("amount").sum())
    income = book.report("income", by="year").group_by("part", "asset", "loan_id").agg(pl.col("net").sum())
    for part in ("funding", "interest", "liquidation_fee", "income", "network_fee"):
        own, other = (sorted(frame.filter(pl.col("part") == part).rows(), key=str) for frame in (here, income))
        assert own == other
        assert own


def test_every_line_of_the_report_leads_to_rows(book: Book) -> None:
    for line, rows in book.report("income", by="month").select("line", "rows").iter_rows():
        found = rows_behind(book.store, line)
        assert 0 < len(found) <= rows, line  # a fill that turns a position is two legs of one row


def test_a_range_and_a_currency_narrow_and_value_it(book: Book) -> None:
    whole = book.report("income", by="year", account="nexo")
    assert set(whole["account"]) == {"nexo"}
    frame = book.report("income", by="year", account="kraken", currency="USD")
    assert (
        frame.filter(pl.col("asset") == "USD")["net_value"].to_list()
        == frame.filter(pl.col("asset") == "USD")["net"].to_list()
    )


def test_a_result_that_is_not_known_is_a_row_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(
        "filled_at,symbol,product,side,quantity,price,execution,settle_asset,wallet,venue,style\n"
        "2025-01-02T10:00:00Z,ETHUSD,perpetual,buy,1,3000,trade,BTC,coinm,binance,quanto\n"
        "2025-01-03T10:00:00Z,ETHUSD,perpetual,sell,1,3100,trade,BTC,coinm,binance,quanto\n"
        "2025-01-02T10:00:00Z,ETHUSDT,perpetual,buy,1,3000,trade,USDT,usdm,binance,linear\n"
        "2025-01-03T10:00:00Z,ETHUSDT,perpetual,sell,1,3100,trade,USDT,usdm,binance,linear\n", encoding="utf-8",
    )  # fmt: skip
    with Book.open(tmp_path / "book.duckdb") as book:
        report = book.import_paths([path])
        assert not report.errors
        told = book.report("income", by="year").select("asset", "paid", "received", "net", "rows").rows()
        assert told == [("BTC", None, None, None, 1), ("USDT", 0, 100, 100, 1)]
