"""Debts in a tax year: collateral that a lender sold, what it gave back, and repayments that two exports tell.

Every book here is a few rows of plain files; every expected figure is computed by hand in the comment beside it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_taxing import Told, gains, kinds, lines, told

LENDER: dict[str, Any] = {"venue": "salt", "wallet": "unified"}
MARGIN: dict[str, Any] = {"venue": "binance", "wallet": "cross_margin"}
__all__ = ["told"]


def of_loan(told: Told, at: str, event: str, asset: str, amount: str, **more: str) -> None:
    row = {"date": f"{at}Z", "venue": "salt", "lender": "salt", "loan_id": "S-1", "event": event, "asset": asset}
    told.tables["loan_events"].append({**row, "amount": amount, **more})


def secured(told: Told, asset: str) -> None:
    """A bitcoin that cost 20,000 secures a loan of 30,000 in an asset."""
    told.traded("2024-05-01T10:00:00", ("USD", "-20000"), ("BTC", "1"), **LENDER)
    of_loan(told, "2025-01-01T00:00:00", "collateral_in", "BTC", "1")
    of_loan(told, "2025-01-01T00:10:00", "borrow", asset, "30000")


def test_a_forced_sale_brings_the_debt_the_fee_and_what_is_given_back(told: Told) -> None:
    secured(told, "USD")
    sold = {"debt_asset": "USD", "debt_amount": "30000", "fee": "1000", "returned": "0.4", "surplus": "2100"}
    of_loan(told, "2025-03-01T12:00:00", "liquidation", "BTC", "0.6", **sold)
    year = told.year()
    # 30,000 + 1,000 + 2,100 for 0.6 of what cost 20,000; the fee is an expense besides
    assert gains(year, "kind") == [("BTC", "0.6", "33100", "12000", "21100", "collateral_sale")]
    assert lines(year.results, "part", "value") == [("liquidation_fee", "-1000")]
    # what a tool reads: 33,100 came, 30,000 and 1,000 of it went, 2,100 stay
    assert lines(year.flows, "kind", "sent_asset", "sent", "received", "group") == [
        ("loan", None, None, "30000", "loan"),
        ("collateral_sale", "BTC", "0.6", "33100", "spot"),
        ("repayment", "USD", "30000", None, "loan"),
        ("liquidation_fee", "USD", "1000", None, "loan"),
    ]
    assert (kinds(year), lines(year.lots, "asset", "quantity", "cost")) == ([], [("BTC", "0.4", "8000")])


def test_what_is_given_back_in_a_coin_is_acquired_for_its_share_of_what_was_sold(told: Told) -> None:
    secured(told, "USDC")
    of_loan(told, "2025-03-01T12:00:00", "liquidation", "BTC", "0.6", debt_asset="USDC", debt_amount="30000")
    of_loan(told, "2025-03-01T12:02:00", "surplus", "USDC", "2000")
    told.priced("BTC", "USD", {"2025-03-01T12:00:00": "60000"})
    year = told.year()
    # 0.6 bitcoin were worth 36,000, and brought 32,000 USDC, of which no price is known: 1.125 each
    assert gains(year) == [("BTC", "0.6", "36000", "12000", "24000")]
    assert lines(year.lots, "asset", "quantity", "cost") == [
        ("BTC", "0.4", "8000"),
        ("USDC", "30000", "33750"),
        ("USDC", "2000", "2250"),
    ]


def test_what_is_given_back_came_from_the_sale_though_the_wallets_own_ledger_calls_it_a_transfer(told: Told) -> None:
    secured(told, "USDC")
    told.moved("2025-01-01T00:00:00", "BTC", "-1", "pledge", **LENDER)
    told.moved("2025-01-01T00:10:00", "USDC", "30000", "borrow", **LENDER)
    told.traded("2025-01-02T10:00:00", ("USDC", "-30000"), ("USD", "30000"), **LENDER)
    told.moved("2025-03-01T12:05:00", "USDC", "2000", "transfer", **LENDER)
    told.moved("2025-03-01T12:05:00", "BTC", "0.4", "pledge", **LENDER)
    sold = {"debt_asset": "USDC", "debt_amount": "30000", "returned": "0.4"}
    of_loan(told, "2025-03-01T12:00:00", "liquidation", "BTC", "0.6", **sold)
    of_loan(told, "2025-03-01T12:02:00", "surplus", "USDC", "2000")
    told.priced("USDC", "USD", {"2025-01-01T00:00:00": "1"})
    year = told.year()
    # borrowed and sold for 30,000, bought back by the sale for 30,000; both exports tell one loan
    assert sorted(gains(year, "kind")) == [
        ("BTC", "0.6", "32000", "12000", "20000", "collateral_sale"),
        ("USDC", "30000", "30000", "30000", "0", "sale"),
    ]
    assert lines(year.flows, "kind", "group") == [
        ("loan", "loan"), ("trade", "spot"), ("collateral_sale", "spot"), ("repayment", "loan"),
    ]  # fmt: skip
    assert kinds(year) == []


# ----------------------------------------------------------------------------------------------------- repayments

PAID = {"whole": ["2.001"], "in two": ["1", "1.001"]}
SPLIT = {
    "whole": [("2", "0.001")],
    "principal first": [("2", "0"), ("0", "0.001")],
    "in two": [("1", "0"), ("1", "0.001")],
}


@pytest.mark.parametrize(("paid", "split"), [("whole", "principal first"), ("in two", "whole"), ("whole", "in two")])
def test_interest_in_kind_counts_once_however_many_rows_two_exports_make_of_it(
    told: Told, paid: str, split: str
) -> None:
    told.tables["borrows"].append({"borrowed_at": "2024-12-30T10:00:00Z", "asset": "ETH", "amount": "2", **MARGIN})
    accrued = {"accrued_at": "2025-01-05T10:30:00Z", "asset": "ETH", "amount": "0.001", "kind": "margin"}
    told.tables["interest"].append({**accrued, **MARGIN})
    told.moved("2024-12-30T10:00:00", "ETH", "2", "borrow", **MARGIN)
    told.traded("2024-12-31T10:00:00", ("ETH", "-2"), ("USD", "7000"), **MARGIN)
    told.traded("2025-01-05T10:00:00", ("USD", "-6603.3"), ("ETH", "2.001"), **MARGIN)
    for second, amount in enumerate(PAID[paid]):
        told.moved(f"2025-01-05T11:00:0{second}", "ETH", f"-{amount}", "repay", **MARGIN)
    for second, (principal, interest) in enumerate(SPLIT[split]):
        row = {"repaid_at": f"2025-01-05T11:00:0{second + 2}Z", "asset": "ETH", "kind": "manual"}
        amount = {"0": interest}.get(principal, f"{principal}{interest[1:]}")
        told.tables["repayments"].append(
            {**row, "amount": amount, "principal": principal, "interest": interest, **MARGIN}
        )
    told.moved("2025-06-01T00:00:00", "USD", "1", "deposit", **MARGIN)
    told.priced("ETH", "USD", {"2025-01-05T10:30:00": "3400"})
    year = told.year()
    # 2 of 2.001 at 3,300 close the short sale of 7,000; 0.001 pay interest when they are worth 3.40
    assert gains(year, "kind") == [
        ("ETH", "2", "7000", "6600", "400", "sale"),
        ("ETH", "0.001", "3.4", "3.3", "0.1", "interest"),
    ]
    assert lines(year.results, "part", "amount", "value") == [("interest", "-0.001", "-3.4")]
    repaid = year.flows.filter(year.flows["kind"] == "repayment")
    assert repaid["sent"].sum() == 2
    assert "unpaid_repayment" not in kinds(year)
