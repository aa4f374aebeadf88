"""A tax year from a book: what each kind of row does to lots, results and blocks.

Every book here is a few rows of plain files; every expected figure is computed by hand in the comment beside it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ledger.book import Book
from ledger.storage import log
from ledger.taxing.policies import policy_of
from reports.tax.figures import plain
from reports.tax.value import TaxYear
from schemas.errors import UnknownThing

D = Decimal
OWN = timedelta(days=400)
"""Prices of these books are few; each counts until the next."""


class Told:
    """Plain files, row by row; an account is named after its venue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.refs = 0
        self.until = "2027-01-01T00:00:00"

    def moved(
        self, at: str, asset: str, amount: str, cause: str, venue: str = "kraken", wallet: str = "spot", **more: Any
    ) -> None:
        row = {
            "moved_at": f"{at}Z",
            "pool": "asset",
            "asset": asset,
            "amount": amount,
            "cause": cause,
            "wallet": wallet,
            "venue": venue,
        }
        self.tables["movements"].append({**row, **more})

    def traded(self, at: str, *legs: tuple[str, str], fee: tuple[str, str] | None = None, **more: Any) -> None:
        self.refs += 1
        for asset, amount in legs:
            self.moved(at, asset, amount, "trade", trade_ref=f"T{self.refs}", **more)
        if fee is not None:
            self.moved(at, fee[0], fee[1], "trading_fee", trade_ref=f"T{self.refs}", **more)

    def priced(self, symbol: str, quote: str, prices: dict[str, str]) -> None:
        self.tables["prices"] += [
            {"time": f"{at}Z", "symbol": symbol, "price": price, "quote": quote} for at, price in prices.items()
        ]

    def lot(self, at: str, asset: str, quantity: str, cost: str, venue: str = "kraken") -> None:
        row = {
            "acquired_at": f"{at}Z",
            "asset": asset,
            "quantity": quantity,
            "cost": cost,
            "cost_asset": "USD",
            "evidence": "invoice",
        }
        self.tables["opening_lots"].append({**row, "wallet": "spot", "venue": venue})

    def book(self) -> Book:
        """Return the book of it; it goes on after the year, so that the year is over."""
        if not any(row["moved_at"].startswith("2027") for row in self.tables["movements"]):
            self.moved(self.until, "USD", "1", "deposit", venue="later")
        folder = self.folder / "exports"
        folder.mkdir()
        for name, every in self.tables.items():
            for venue in dict.fromkeys(row.get("venue") for row in every):
                rows = [row for row in every if row.get("venue") == venue]
                columns = list(dict.fromkeys(column for row in rows for column in row))
                with (folder / f"{name}-{venue}.csv").open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, columns)
                    writer.writeheader()
                    writer.writerows(rows)
        book = Book.open(self.folder / "book.duckdb")
        report = book.import_paths([folder])
        assert (report.errors, report.unrecognized, sum(part.rejected for part in report.parts)) == ([], [], 0)
        return book

    def year(self, jurisdiction: str = "us", year: int = 2025, max_age: timedelta = OWN, **chosen: Any) -> TaxYear:
        with self.book() as book:
            made = book.tax(policy_of(jurisdiction, year, **{"zone": "UTC", **chosen}), max_age=max_age)
        assert made.controls.filter(pl.col("difference") != 0).rows() == []
        return made


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def lines(frame: pl.DataFrame, *names: str) -> list[tuple[str | None, ...]]:
    return [
        tuple(plain(cell) if isinstance(cell, Decimal) else cell for cell in row)
        for row in frame.select(names).iter_rows()
    ]


def gains(year: TaxYear, *more: str) -> list[tuple[str | None, ...]]:
    return lines(year.disposals, "asset", "quantity", "proceeds", "basis", "gain", *more)


def kinds(year: TaxYear) -> list[str]:
    return year.blocks["kind"].to_list()


# ----------------------------------------------------------------------------------------------------------- trades


def test_a_purchase_and_two_sales_with_fees_in_money(told: Told) -> None:
    told.traded("2023-05-01T10:00:00", ("USD", "-10000"), ("BTC", "1"), fee=("USD", "-20"))
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.4"), ("USD", "8000"), fee=("USD", "-8"))
    told.traded("2025-03-02T10:00:00", ("BTC", "-0.6"), ("USD", "9000"), fee=("USD", "-9"))
    year = told.year()
    # cost 10,020; 0.4 of it 4,008, 0.6 of it 6,012; proceeds 8,000 - 8 and 9,000 - 9
    assert gains(year, "term", "kind") == [
        ("BTC", "0.4", "7992", "4008", "3984", "long", "sale"), ("BTC", "0.6", "8991", "6012", "2979", "long", "sale"),
    ]  # fmt: skip
    assert (year.is_draft, kinds(year)) == (False, [])
    assert lines(year.lots, "asset", "quantity") == []


def test_a_fee_taken_from_what_was_bought_leaves_less_at_the_whole_cost(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-1000"), ("ETH", "1"), fee=("ETH", "-0.001"))
    told.traded("2025-02-01T10:00:00", ("ETH", "-0.999"), ("USD", "1500"))
    assert gains(told.year()) == [("ETH", "0.999", "1500", "1000", "500")]


def test_a_fee_in_a_third_asset_is_a_disposal_of_it_and_a_cost_of_the_trade(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-600"), ("BNB", "1"))
    told.traded("2025-01-02T10:00:00", ("USD", "-1000"), ("ETH", "1"), fee=("BNB", "-0.01"))
    told.priced("BNB", "USD", {"2025-01-02T10:00:00": "700"})
    told.traded("2025-02-01T10:00:00", ("ETH", "-1"), ("USD", "1500"))
    # 0.01 BNB had cost 6 and is worth 7, which is a cost of the purchase
    assert gains(told.year(), "kind") == [
        ("BNB", "0.01", "7", "6", "1", "fee"),
        ("ETH", "1", "1500", "1007", "493", "sale"),
    ]


def test_an_exchange_is_worth_what_its_better_known_side_was_and_the_fee_lowers_the_proceeds_in_the_us(
    told: Told,
) -> None:
    told.traded("2024-01-01T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.traded("2025-01-02T10:00:00", ("ETH", "-1"), ("USDT", "2000"), fee=("USDT", "-2"))
    told.priced("USDT", "USD", {"2025-01-01T00:00:00": "0.99"})
    told.traded("2025-02-01T10:00:00", ("USDT", "-1998"), ("USD", "1998"))
    # 2,000 USDT are 1,980; the fee of 1.98 lowers the proceeds to 1,978.02, and 1,998 USDT have cost 1,978.02
    assert gains(told.year()) == [
        ("ETH", "1", "1978.02", "1000", "978.02"),
        ("USDT", "1998", "1998", "1978.02", "19.98"),
    ]


def test_a_fee_for_what_money_bought_is_a_cost_of_it_elsewhere(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("EUR", "-1010"), ("USDT", "1000"))
    told.traded("2025-01-02T10:00:00", ("USDT", "-999"), ("ETH", "1"), fee=("USDT", "-1"))
    told.priced("USDT", "EUR", {"2025-01-02T00:00:00": "1"})
    told.traded("2025-02-01T10:00:00", ("ETH", "-1"), ("EUR", "1500"))
    # 1,000 USDT went (cost 1,010) for 1,000; the ETH cost 999 + 1
    assert gains(told.year("de")) == [("USDT", "1000", "1000", "1010", "-10"), ("ETH", "1", "1500", "1000", "500")]


def test_fees_apart_are_expenses_and_not_in_basis(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-10000"), ("BTC", "1"), fee=("USD", "-20"))
    told.traded("2025-03-01T10:00:00", ("BTC", "-1"), ("USD", "11000"), fee=("USD", "-22"))
    year = told.year(fees="apart")
    assert gains(year) == [("BTC", "1", "11000", "10000", "1000")]
    assert lines(year.results, "part", "group", "value") == [
        ("trading_fee", "spot", "-20"),
        ("trading_fee", "spot", "-22"),
    ]


def test_legs_that_are_moments_apart_and_in_two_wallets_are_one_trade(told: Told) -> None:
    told.moved("2025-01-01T10:00:00.100", "USD", "-100", "conversion", transaction_ref="c1")
    told.moved("2025-01-01T10:00:00.400", "SOL", "1", "conversion", transaction_ref="c1")
    told.moved("2025-01-02T10:00:00", "USD", "-90", "conversion")
    told.moved("2025-01-02T10:00:00", "SOL", "1", "conversion", wallet="funding")
    year = told.year(scope="account")
    assert lines(year.lots, "quantity", "cost") == [("1", "100"), ("1", "90")]
    assert kinds(year) == []


def test_a_leg_alone_is_valued_by_the_market_and_blocks(told: Told) -> None:
    told.moved("2025-01-01T10:00:00", "SOL", "1", "conversion", transaction_ref="c1")
    told.priced("SOL", "USD", {"2025-01-01T00:00:00": "95"})
    year = told.year()
    assert lines(year.lots, "quantity", "cost") == [("1", "95")]
    assert kinds(year) == ["unpaired_trade"]


# ------------------------------------------------------------------------------------------------ derivatives, costs


def perpetual(told: Told) -> None:
    told.traded("2025-01-01T09:00:00", ("USD", "-1000"), ("USDT", "1000"), venue="binance", wallet="usdm")
    for at, side, quantity, price in (
        ("2025-01-02T10:00:00", "buy", "1", "3000"),
        ("2025-01-05T10:00:00", "sell", "1", "2900"),
    ):
        told.tables["fills"].append({
            "filled_at": f"{at}Z", "symbol": "ETHUSDT", "product": "perpetual", "side": side, "quantity": quantity, "price": price,
            "execution": "trade", "settle_asset": "USDT", "wallet": "usdm", "venue": "binance", "fee": "1.5", "fee_asset": "USDT",
        })  # fmt: skip
        told.moved(at, "USDT", "-1.5", "trading_fee", "binance", "usdm", symbol="ETHUSDT")
    told.moved("2025-01-03T00:00:00", "USDT", "-2", "funding", "binance", "usdm", symbol="ETHUSDT")
    told.moved("2025-01-04T00:00:00", "USDT", "1", "funding", "binance", "usdm", symbol="ETHUSDT")
    told.tables["funding"] += [
        {"paid_at": f"{at}Z", "asset": "USDT", "amount": amount, "symbol": "ETHUSDT", "wallet": "usdm", "venue": "binance"}
        for at, amount in (("2025-01-03T00:00:00", "-2"), ("2025-01-04T00:00:00", "1"))
    ]  # fmt: skip
    told.moved("2025-01-05T10:00:00", "USDT", "-100", "realized_pnl", "binance", "usdm", symbol="ETHUSDT")
    told.priced("USDT", "USD", {"2025-01-01T00:00:00": "1", "2025-01-05T00:00:00": "0.98"})


@pytest.mark.parametrize("when", ["close", "settlement"])
def test_a_perpetuals_loss_and_costs_are_apart_and_what_paid_them_is_disposed_of(told: Told, when: str) -> None:
    perpetual(told)
    year = told.year(results=when)
    assert lines(year.results.sort("booked_at", "part"), "part", "group", "amount", "value") == [
        ("trading_fee", "derivative", "-1.5", "-1.5"), ("funding", "derivative", "-2", "-2"), ("funding", "derivative", "1", "1"),
        ("result", "derivative", "-100", "-98"), ("trading_fee", "derivative", "-1.5", "-1.47"),
    ]  # fmt: skip
    # each USDT cost 1; what was paid on the 5th was worth 0.98 each, and gains -0.02 each
    assert sorted(gains(year, "kind")) == sorted([
        ("USDT", "1.5", "1.5", "1.5", "0", "fee"), ("USDT", "2", "2", "2", "0", "funding"),
        ("USDT", "1.5", "1.47", "1.5", "-0.03", "fee"), ("USDT", "100", "98", "100", "-2", "loss"),
    ])  # fmt: skip
    assert lines(year.lots, "asset", "quantity", "cost") == [("USDT", "895", "895"), ("USDT", "1", "1")]


def test_income_interest_and_rebates_are_lines_and_lots(told: Told) -> None:
    told.moved("2025-01-01T10:00:00", "ETH", "1", "income")
    told.moved("2025-01-02T10:00:00", "ETH", "0.1", "rebate")
    told.moved("2025-01-03T10:00:00", "ETH", "-0.2", "interest")
    told.priced("ETH", "USD", {"2025-01-01T00:00:00": "3000", "2025-01-03T00:00:00": "3100"})
    year = told.year()
    assert lines(year.results, "part", "amount", "value") == [
        ("income", "1", "3000"), ("rebate", "0.1", "300"), ("interest", "-0.2", "-620"),
    ]  # fmt: skip
    assert gains(year, "kind") == [("ETH", "0.2", "620", "600", "20", "interest")]


# ---------------------------------------------------------------------------------------------- transfers and history


def test_a_transfer_carries_date_and_cost_and_its_network_fee_is_disposed_of(told: Told) -> None:
    told.traded("2024-01-01T10:00:00", ("USD", "-20000"), ("BTC", "1"))
    told.moved("2025-02-01T10:00:00", "BTC", "-0.5", "withdrawal", transaction_ref="tx1")
    told.moved("2025-02-01T11:00:00", "BTC", "0.499", "deposit", "binance", transaction_ref="tx1")
    told.priced("BTC", "USD", {"2025-02-01T00:00:00": "50000"})
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.499"), ("USD", "30000"), venue="binance")
    year = told.year()
    assert gains(year, "kind", "account", "term") == [
        ("BTC", "0.001", "50", "20", "30", "network_fee", "kraken", "long"),
        ("BTC", "0.499", "30000", "9980", "20020", "sale", "binance", "long"),
    ]  # fmt: skip
    assert kinds(year) == []


def test_a_network_fee_may_stay_in_the_cost_of_what_arrived(told: Told) -> None:
    told.traded("2024-01-01T10:00:00", ("USD", "-20000"), ("BTC", "1"))
    told.moved("2025-02-01T10:00:00", "BTC", "-0.5", "withdrawal", transaction_ref="tx1")
    told.moved("2025-02-01T11:00:00", "BTC", "0.499", "deposit", "binance", transaction_ref="tx1")
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.499"), ("USD", "30000"), venue="binance")
    assert gains(told.year(network_fees="basis")) == [("BTC", "0.499", "30000", "10000", "20000")]


def test_what_came_from_outside_has_no_cost_until_somebody_states_it(told: Told, tmp_path: Path) -> None:
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.5"), ("USD", "30000"))
    year = told.year()
    assert gains(year, "note") == [("BTC", "0.5", "30000", None, None, "unknown cost")]
    assert (year.is_draft, sorted(kinds(year))) == (True, ["missing_history", "unmatched_transfer"])
    (tmp_path / "stated").mkdir()
    stated = Told(tmp_path / "stated")
    stated.tables = told.tables
    stated.lot("2020-01-01T00:00:00", "BTC", "1", "7000")
    told_year = stated.year()
    assert gains(told_year, "term") == [("BTC", "0.5", "30000", "3500", "26500", "long")]
    assert kinds(told_year) == [], "what came is what was stated"


def test_what_left_keeps_its_cost_until_it_comes_back(told: Told) -> None:
    told.traded("2024-01-01T10:00:00", ("USD", "-20000"), ("BTC", "1"))
    told.moved("2024-02-01T10:00:00", "BTC", "-1", "withdrawal")
    told.moved("2025-02-01T10:00:00", "BTC", "1", "deposit")
    told.traded("2025-03-01T10:00:00", ("BTC", "-1"), ("USD", "30000"))
    year = told.year()
    assert gains(year, "term") == [("BTC", "1", "30000", "20000", "10000", "long")]
    assert [block["happened_at"].year for block in year.blocks.iter_rows(named=True)] == [2025]


def test_a_sale_of_nothing_known_is_no_gain_of_all_its_proceeds(told: Told) -> None:
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.5"), ("USD", "30000"))
    year = told.year()
    assert gains(year, "rule") == [("BTC", "0.5", "30000", None, None, "missing")]
    assert kinds(year) == ["missing_history"]


# --------------------------------------------------------------------------------------------------- borrowing, loans


def test_borrowed_units_sold_are_a_short_sale_closed_by_the_purchase(told: Told) -> None:
    place: dict[str, Any] = {"venue": "binance", "wallet": "cross_margin"}
    told.moved("2024-12-30T10:00:00", "ETH", "2", "borrow", **place)
    told.tables["movements"].append({**told.tables["movements"][-1], "pool": "debt"})
    told.traded("2024-12-31T10:00:00", ("ETH", "-2"), ("USD", "7000"), **place)
    told.traded("2025-01-05T10:00:00", ("USD", "-6603.3"), ("ETH", "2.001"), **place)
    told.moved("2025-01-05T11:00:00", "ETH", "-2.001", "repay", **place)
    told.moved("2025-01-05T10:30:00", "ETH", "0.001", "interest", pool="debt", **place)
    told.moved("2025-01-05T11:00:00", "ETH", "-2", "repay_principal", pool="debt", **place)
    told.moved("2025-01-05T11:00:00", "ETH", "-0.001", "repay_interest", pool="debt", **place)
    told.priced("ETH", "USD", {"2025-01-05T11:00:00": "3400"})
    year = told.year()
    # 2.001 cost 3,300 each: 2 close the short sale of 7,000, and 0.001 pay interest when it is worth 3.40
    assert gains(year, "kind", "rule") == [
        ("ETH", "2", "7000", "6600", "400", "sale", "short_sale"), ("ETH", "0.001", "3.4", "3.3", "0.1", "interest", "fifo"),
    ]  # fmt: skip
    assert kinds(year) == []
    assert lines(year.lots_before, "quantity", "cost") == [("-2", "-7000")]


def test_the_year_of_a_country_begins_and_ends_where_it_does(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("GBP", "-1000"), ("ETH", "4"))
    for day in ("2025-04-05T22:59:00", "2025-04-05T23:00:00", "2026-04-05T22:59:00", "2026-04-05T23:00:00"):
        told.traded(day, ("ETH", "-1"), ("GBP", "300"))
    year = told.year("uk", zone="Europe/London")
    # British Summer Time: the tax year begins at 23:00 UTC on 5 April
    assert year.policy.label == "2025/26"
    assert lines(year.disposals, "asset", "gain", "rule") == [
        ("ETH", "50", "section_104"),
        ("ETH", "50", "section_104"),
    ]


def test_what_is_bought_in_the_thirty_days_after_the_year_is_matched(told: Told) -> None:
    told.traded("2025-05-01T10:00:00", ("GBP", "-1000"), ("ETH", "1"))
    told.traded("2026-04-01T10:00:00", ("ETH", "-1"), ("GBP", "3000"))
    told.traded("2026-04-20T10:00:00", ("GBP", "-2500"), ("ETH", "1"))
    assert gains(told.year("uk"), "rule") == [("ETH", "1", "3000", "2500", "500", "thirty_days")]


@pytest.mark.parametrize(("sold", "until", "blocks"), [
    ("2026-04-05T10:00:00", "2026-05-04T00:00:00", ["ends_early"]),
    ("2026-04-05T10:00:00", "2026-05-06T00:00:00", []),
    ("2026-03-01T10:00:00", "2026-04-07T00:00:00", []),
])  # fmt: skip
def test_the_thirty_days_after_the_last_disposals_of_the_year_are_asked_for(
    told: Told, sold: str, until: str, blocks: list[str]
) -> None:
    told.until = until
    told.traded("2025-05-01T10:00:00", ("GBP", "-1000"), ("ETH", "1"))
    told.traded(sold, ("ETH", "-1"), ("GBP", "3000"))
    year = told.year("uk")
    assert kinds(year) == blocks
    assert all("until 2026-05-05" in sentence for sentence in year.blocks["sentence"])


# ------------------------------------------------------------------------------------------------------ prices, blocks


def test_what_has_no_price_is_unknown_and_the_wanted_prices_are_listed(told: Told) -> None:
    told.traded("2025-01-02T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.traded("2025-02-02T10:00:00", ("ETH", "-1"), ("USDT", "1500"))
    year = told.year(max_age=timedelta(days=1))
    assert gains(year, "note") == [("ETH", "1", None, "1000", None, "price unknown")]
    assert kinds(year) == ["unpriced"]
    assert lines(year.wanted, "asset", "currency") == [("USDT", "USD")]
    assert "USDT has no price in USD at 1 instant of 1 day" in year.blocks["sentence"][0]


def test_a_loss_that_was_entered_has_no_proceeds_and_blocks_until_decided(told: Told) -> None:
    told.traded("2025-01-02T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    with told.book() as book:
        from datetime import UTC, datetime

        from ledger.storage.entries import Entered

        at = datetime(2025, 5, 1, tzinfo=UTC)
        book.enter(Entered(kind="loss", at=at, values={"asset": "ETH", "lost": D(1)}, account="kraken", venue="kraken",
                           wallet="spot", reason="keys lost"))  # fmt: skip
        year = book.tax(policy_of("us", 2025))
        assert gains(year, "kind") == [("ETH", "1", None, "1000", None, "lost")]
        assert kinds(year) == ["lost"]


def test_an_accepted_block_is_printed_with_its_reason_and_no_longer_makes_a_draft(told: Told) -> None:
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    policy = policy_of("us", 2025)
    with told.book() as book:
        shown = book.tax(policy)
        (block,) = shown.blocks["block_id"].to_list()
        with pytest.raises(UnknownThing, match="names no block that a review has shown"):
            book.accept_tax(block, reason="not seen yet")
        book.keep_tax_review(shown)
        book.accept_tax(block, reason="came from my own vault", by="Anna")
        accepted = book.tax(policy)
        assert not accepted.is_draft
        assert accepted.blocks.select("accepted_by", "accepted_reason").rows() == [("Anna", "came from my own vault")]
        book.rebuild()
        assert not book.tax(policy).is_draft, "the decision is in the archive"
        book.accept_tax(block, reason="on second thought", undo=True)
        assert book.tax(policy).is_draft
        with pytest.raises(UnknownThing, match="names no block"):
            book.accept_tax("break-1", reason="no")
        with pytest.raises(UnknownThing) as caught:
            book.accept_tax(f"{block[:-1]}{'0' if block[-1] != '0' else '1'}", reason="mistyped")
        assert f"do you mean {block}?" in str(caught.value)


def test_what_was_accepted_of_one_country_is_not_of_another_and_both_can_be(told: Told) -> None:
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    with told.book() as book:
        policies = [policy_of("us", 2025), policy_of("de", 2025)]
        for policy in policies:
            book.keep_tax_review(book.tax(policy))
            book.keep_tax_review(book.tax(policy))
        kept = [entry["policy"] for entry in log.entries(book.store) if entry["kind"] == "tax_review"]
        assert kept == ["us 2025", "de 2025"], "once each, since nothing changed"
        (block,) = [name for name in book.tax(policies[0]).blocks["block_id"] if "unmatched" in name]
        book.accept_tax(block, reason="my own")
        assert [book.tax(policy).is_draft for policy in policies] == [False, True]


def test_an_acceptance_outlives_the_name_of_the_account(told: Told) -> None:
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    told.moved("2025-02-01T12:00:00", "BTC", "2", "deposit")
    told.moved("2025-02-01T12:00:00", "BTC", "2", "deposit", trade_ref="T1")  # says the same
    told.moved("2025-03-01T12:00:00", "ETH", "-1", "network_fee")
    policy = policy_of("us", 2025)
    with told.book() as book:
        before = book.tax(policy).blocks
        assert len({*before["block_id"]}) == before.height == 5
        book.keep_tax_review(book.tax(policy))
        for name in before["block_id"][:3]:
            book.accept_tax(name, reason=f"reason of {name}")
        for old, new in (("kraken", "spot"), ("spot", "main")):  # a name that stands in sentences, too
            book.rename_account(old, new)
            now = book.tax(policy).blocks
            assert now["account"].drop_nulls().unique().to_list() == [new]
            assert now["block_id"].to_list() != before["block_id"].to_list()
            assert now["accepted_reason"].drop_nulls().to_list() == [
                f"reason of {name}" for name in before["block_id"][:3]
            ]
        book.keep_tax_review(book.tax(policy))
        book.accept_tax(now["block_id"][0], reason="", undo=True)
        assert book.tax(policy).blocks["accepted_reason"].is_null().to_list() == [True, False, False, True, True]


def test_only_runs_with_the_same_settings_are_compared(told: Told) -> None:
    told.traded("2025-01-02T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.traded("2025-02-02T10:00:00", ("ETH", "-1"), ("USD", "1500"), fee=("USD", "-5"))
    policy, other = policy_of("us", 2025), policy_of("us", 2025, fees="apart", scope="account")
    with told.book() as book:
        book.keep_tax_run(book.tax(policy))
        changed = book.tax(other)
        assert (changed.previous_run, list(changed.changes)) == (None, [])
        assert changed.other_run is not None
        assert list(changed.other_settings) == [
            {"name": "scope", "before": "wallet", "after": "account"}, {"name": "fees", "before": "basis", "after": "apart"}]  # fmt: skip
        older = book.tax(policy, max_age=OWN)
        assert [one["name"] for one in older.other_settings] == ["age of prices"]
        book.keep_tax_run(changed)
        again = book.tax(policy)
        assert (again.previous_run is not None, again.other_run, list(again.changes)) == (True, None, [])


def test_the_next_run_says_what_changed_since_the_last(told: Told, tmp_path: Path) -> None:
    told.traded("2025-01-02T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.traded("2025-02-02T10:00:00", ("ETH", "-1"), ("USD", "1500"))
    policy = policy_of("us", 2025)
    with told.book() as book:
        first = book.tax(policy)
        assert (first.previous_run, first.changes) == (None, ())
        book.keep_tax_run(first)
        again = book.tax(policy)
        assert (again.book, list(again.changes)) == (first.book, [])
        assert again.previous_run is not None
        late = Told(tmp_path)
        late.refs = 9
        late.traded("2025-03-02T10:00:00", ("USD", "-100"), ("SOL", "1"))
        late.traded("2025-03-03T10:00:00", ("SOL", "-1"), ("USD", "150"))
        columns = list(late.tables["movements"][0])
        text = "\n".join(
            [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in late.tables["movements"])]
        )
        (tmp_path / "late.csv").write_text(text + "\n", encoding="utf-8")
        book.import_paths([tmp_path / "late.csv"])
        changed = {change["name"]: (change["before"], change["after"]) for change in book.tax(policy).changes}
        assert changed["gains, short term"] == ("500", "550")


@pytest.mark.parametrize(("jurisdiction", "method", "message"), [
    ("us", "average", "United States does not know the method 'average'"), ("none", "fifo", "nothing says in which currency"),
])  # fmt: skip
def test_what_a_country_does_not_know_is_refused(jurisdiction: str, method: str, message: str) -> None:
    with pytest.raises(UnknownThing, match=message):
        policy_of(jurisdiction, 2025, method=method)


# ------------------------------------------------------------------------------------------- what only a price lacks


def test_a_lot_that_was_stated_in_another_currency_asks_for_its_price(told: Told) -> None:
    told.lot("2020-01-01T00:00:00", "BTC", "1", "7000")
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    told.traded("2025-03-01T10:00:00", ("BTC", "-0.5"), ("EUR", "30000"))
    told.priced("BTC", "EUR", {"2025-01-01T00:00:00": "60000"})
    year = told.year("de")
    assert gains(year, "note") == [("BTC", "0.5", "30000", None, None, "price of the acquisition unknown")]
    assert sorted(kinds(year)) == ["unpriced"]
    assert [(asset, at.year) for asset, at, _ in year.wanted.rows()] == [("USD", 2020)]


def test_a_pool_that_lacks_the_price_of_an_old_purchase_asks_for_it(told: Told) -> None:
    told.traded("2021-01-01T10:00:00", ("USDT", "-1000"), ("ETH", "1"))
    told.traded("2025-05-01T10:00:00", ("ETH", "-1"), ("GBP", "1500"))
    told.traded("2020-12-01T10:00:00", ("GBP", "-900"), ("USDT", "1000"))
    year = told.year("uk", max_age=timedelta(days=1))
    assert gains(year, "note") == [("ETH", "1", "1500", None, None, "price of the acquisition unknown")]
    assert kinds(year) == ["unpriced"]
    assert [(asset, at.year) for asset, at, _ in year.wanted.rows()] == [("USDT", 2021)]


def test_a_fee_of_more_than_was_bought_is_disposed_of(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-600"), ("BNB", "1"))
    told.traded("2025-01-02T10:00:00", ("USD", "-3"), ("BNB", "0.005"), fee=("BNB", "-0.01"))
    told.priced("BNB", "USD", {"2025-01-02T00:00:00": "600"})
    year = told.year()
    # 0.005 BNB cost 3 and the fee of 6; the fee took 0.01 of the first
    assert gains(year, "kind") == [("BNB", "0.01", "6", "6", "0", "fee")]
    assert lines(year.lots, "quantity", "cost") == [("0.99", "594"), ("0.005", "9")]


def test_what_a_network_took_after_the_year_is_not_in_it(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-20000"), ("BTC", "1"))
    told.moved("2026-01-01T10:00:00", "BTC", "-0.5", "withdrawal", transaction_ref="tx1")
    told.moved("2026-01-01T11:00:00", "BTC", "0.499", "deposit", "binance", transaction_ref="tx1")
    assert lines(told.year().results, "part") == []


def test_a_file_says_which_lots_a_disposal_takes(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.traded("2025-02-01T10:00:00", ("USD", "-3000"), ("ETH", "1"))
    told.traded("2025-03-01T10:00:00", ("ETH", "-1"), ("USD", "2000"))
    choice = "account,asset,disposed_at,lot,quantity\nkraken,ETH,2025-03-01,2025-02-01,1\n"
    with told.book() as book:
        year = book.tax(policy_of("us", 2025, choices="lots.csv"), choices=choice)
        assert gains(year, "rule") == [("ETH", "1", "2000", "3000", "-1000", "chosen")]
        line, lot = year.disposals["line"][0], year.lots["lot"][0]
        named = book.tax(policy_of("us", 2025), choices=f"disposal,lot,quantity\n{line},{lot},0.5\n")
        assert lines(named.disposals, "quantity", "basis", "rule") == [("0.5", "500", "chosen"), ("0.5", "500", "fifo")]


def test_units_stated_twice_are_a_difference_from_the_book_that_blocks(told: Told) -> None:
    told.lot("2020-01-01T00:00:00", "BTC", "2", "7000")
    told.moved("2025-02-01T11:00:00", "BTC", "1", "deposit")
    with told.book() as book:
        year = book.tax(policy_of("us", 2025))
    assert kinds(year) == ["control"]
    assert "units held of BTC: 2 here, 1 in the book, a difference of 1" in year.blocks["sentence"][0]


def test_a_sale_that_borrows_no_more_than_is_owed_once(told: Told) -> None:
    place: dict[str, Any] = {"venue": "binance", "wallet": "cross_margin"}
    told.moved("2024-12-30T10:00:00", "ETH", "1", "borrow", **place)
    told.tables["movements"].append({**told.tables["movements"][-1], "pool": "debt"})
    for day in (1, 2, 3):
        told.traded(f"2025-01-0{day}T10:00:00", ("ETH", "-1"), ("USD", "3000"), **place)
    told.traded("2025-01-05T10:00:00", ("USD", "-1000"), ("ETH", "1"), **place)
    year = told.year()
    assert sorted(lines(year.disposals, "rule", "gain")) == [
        ("missing", None),
        ("missing", None),
        ("short_sale", "2000"),
    ]


def test_the_book_that_ends_before_the_year_does_blocks(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    year = told.year(year=2031)
    assert kinds(year) == ["ends_early"]
    ends = "Nothing happened after the last row of an account, until the end of the year: kraken 2025-01-01, later 2027-01-01."
    assert ends in year.assumptions


def test_a_fee_that_stands_alone_is_an_expense_and_not_lost(told: Told) -> None:
    told.traded("2025-01-01T10:00:00", ("USD", "-1000"), ("ETH", "1"))
    told.moved("2025-01-01T10:00:05", "USD", "-3", "trading_fee", order_ref="other")
    assert lines(told.year().results, "part", "group", "value") == [("trading_fee", "spot", "-3")]
