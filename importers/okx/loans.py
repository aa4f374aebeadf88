"""Flexible loans, as the API lists them: a debt a coin, each secured by all collateral; in the funding account.

A reference names one event, not a loan.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, text, word
from importers.contract import Context, Emit, Format, Identity
from importers.declared import claimed, claimed_in_part, header, spelled, unread
from importers.emits import AMOUNT, ASSET, AT
from importers.okx.cells import all_unmarked, money
from importers.shapes import borrowed, complete, repaid, transferred

EVENTS = {
    "borrowed": "borrowed", "repaid": "repaid", "collateral_locked": "locked", "collateral_released": "released",
    "forced_repayment_buy": "bought", "forced_repayment_sell": "sold", "forced_liquidation": "seized",
    "partial_liquidation": "seized",
}  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return complete(rows.with_columns(pl.lit("loan").alias("kind"), pl.col("ref").alias("transaction_ref")), context)


SEIZED = Emit(table="liquidations", columns={
    "liquidated_at": AT, "symbol": ASSET, "side": pl.lit("sell"), "quantity": AMOUNT.abs(),
    "stage": pl.lit("collateral_sale"), "order_ref": pl.col("ref"),
})  # fmt: skip
"""The coin is the collateral's; what was owed is in the purchase beside it."""

LOANS = spelled(Format(
    name="okx.flexible_loans",
    family="okx.flexible_loans",
    venue="okx",
    title="OKX: flexible loans of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/finance/flexible-loan/loan-history",
    headers=(header("API", "refId,type,ccy,amt,ts", exact=True),),
    cells=all_unmarked({
        "time": epoch("ts"),
        "ref": text("refid"),
        "type": word("type", EVENTS, required=True),
        "asset": text("ccy", required=True),
        "amount": money("amt", required=True),
    }),
    event=pl.col("type"),
    event_columns=("type",),
    cases={
        "borrowed": (borrowed(),),
        "repaid": (repaid(None, pl.lit("manual")),),
        "locked": (transferred("pledged", -AMOUNT.abs(), "completed"),),
        "released": (transferred("released", AMOUNT.abs(), "completed"),),
        "bought": (repaid(None, pl.lit("collateral_sale")),),
        "sold": (SEIZED,),
        "seized": (SEIZED,),
    },
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="content", cells=("time", "ref", "type", "asset", "amount")),
    claims=(
        *claimed(2, wallets=("funding",), borrow_repay=1, liquidations=1), claimed_in_part(120, wallets=("funding",))
    ),
    prepare=_prepare,
))  # fmt: skip
"""A forced repayment sells collateral and buys what is owed: neither coin enters the wallet."""

LOAN_INTEREST = spelled(replace(
    LOANS,
    name="okx.flexible_loan_interest",
    family="okx.flexible_loan_interest",
    title="OKX: interest of flexible loans from the API, as JSON or CSV",
    how="/api/v5/finance/flexible-loan/interest-accrued",
    headers=(header("API", "refId,ccy,loan,interest,interestRate,ts"),),
    cells=all_unmarked({
        "time": epoch("ts"),
        "ref": text("refid"),
        "asset": text("ccy", required=True),
        "amount": money("interest", required=True),
        "principal": money("loan"),
        "rate": money("interestrate"),
    }),
    event=pl.when(pl.col("amount") != 0).then(pl.lit("interest")).otherwise(pl.lit("free")),
    event_columns=("interest",),
    cases={"interest": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": ASSET, "amount": AMOUNT.abs(), "principal": pl.col("principal"),
        "rate": pl.col("rate"), "kind": pl.lit("loan")}),)},
    ignores={"free": "an hour that cost no interest"},
    identity=Identity(kind="content", cells=("time", "ref", "asset", "amount", "principal")),
    claims=claimed(2, wallets=("funding",), interest=1),
    prepare=_prepare,
))  # fmt: skip
"""Nobody says of which period the rate is."""

STANDING = spelled(replace(
    LOANS,
    name="okx.flexible_loan_state",
    family="okx.flexible_loan_state",
    title="OKX: flexible loans as they stand (recognized, not stored)",
    how="/api/v5/finance/flexible-loan/loan-info",
    headers=(header("API", "loanNotionalUsd,collateralNotionalUsd,curLTV,marginCallLTV,liqLTV",
                    "loanData,collateralData,riskWarningData"),),
    cells={"time": epoch("no_time", required=False), "ltv": money("curltv")},
    event=pl.lit("standing"),
    event_columns=(),
    cases={},
    ignores={"standing": "the loans as they stood when they were asked for, without an instant"},
    identity=Identity(kind="content", cells=("ltv",)),
    claims=(),
    prepare=None,
    unread=unread({
        "loanNotionalUsd,collateralNotionalUsd,marginCallLTV,liqLTV,loanData,collateralData,riskWarningData":
        "of no instant",
    }),
))  # fmt: skip

FORMATS = (LOANS, LOAN_INTEREST, STANDING)
