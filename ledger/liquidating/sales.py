"""Sales of a loan's collateral: which of its events are one sale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from ledger.liquidating.pots import Pot
from ledger.liquidating.signs import Record, Sign

SALES_APART = timedelta(hours=1)
SETTLED_WITHIN = timedelta(days=1)
"""A lender books the repayment, the fee and what comes back up to hours after its sale."""


def sales_of(events: Sequence[Record]) -> list[list[Sign]]:
    """Return the forced events of loans, those of one sale together; `events` in order of loan and event."""
    found = []
    for _, group in groupby(events, key=lambda row: row["loan_id"]):
        found += _of_loan(list(group))
    return found


def _of_loan(events: Sequence[Record]) -> list[list[Sign]]:
    """Return the sales of one loan: within an hour of each other, and nothing voluntary between."""
    sales: list[list[Record]] = []
    acted = True
    for row in events:
        if not row["forced"]:
            acted |= row["kind"] in ("drawn", "pledged", "released", "repaid_principal", "repaid_interest")
            continue
        within = SALES_APART if row["kind"] == "collateral_sold" else SETTLED_WITHIN
        same = bool(sales) and row["moment"] - sales[-1][-1]["moment"] <= within
        if same and not (acted and row["kind"] == "collateral_sold"):
            sales[-1].append(row)
        else:
            sales.append([row])
        acted = False if row["kind"] == "collateral_sold" or len(sales[-1]) == 1 else acted
    return [[_sign(row) for row in sale] for sale in sales]


def _sign(row: Record) -> Sign:
    sold = row["kind"] == "collateral_sold"
    told = f"sale of {row['asset']} that was pledged" if sold else "forced repayment of the loan"
    return Sign(
        at=row["moment"], pot=Pot("loan", row["account"], row["venue"], row["wallet"], loan_id=row["loan_id"]),
        symbol=row["asset"], side="borrower", settle_asset=row["debt_asset"], row_key=row["row_key"], base=row["base"],
        stage="collateral_sale" if sold else None, told=told if sold or row["kind"].startswith("repaid_") else "",
    )  # fmt: skip
