"""VIP loans: repayments and interest, as the API lists them; no record states what was drawn or pledged."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.binance.loans import (
    AMOUNT,
    AT,
    COINS,
    FLEXIBLE_REPAY,
    LOAN,
    ORDER,
    REPAID,
    repayment,
    status_event,
)
from importers.cells import epoch, money, whole_id, word
from importers.contract import Emit, Header, Identity
from importers.declared import claimed, spelled

VIP_REPAY = replace(
    FLEXIBLE_REPAY,
    name="binance.vip_loan_repay",
    title="Binance VIP loans: repayment history of the API",
    how="/sapi/v1/loan/vip/repay/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "repayAmount", "collateralCoin", "repayStatus", "loanDate", "repayTime", "orderId")),),
    cells={
        "time": epoch("repaytime"),
        "loan_asset": COINS["loan_asset"],
        "amount": money("repayamount", required=True),
        "order": whole_id("orderid", required=True),
        "status": word("repaystatus", REPAID, required=True),
    },
    event=status_event("vip_repay"),
    cases={"vip_repay": (repayment(ORDER, pl.lit(None, dtype=pl.String)),)},
    identity=Identity(kind="content", cells=("event", "time", "order", "loan_asset", "amount")),
    unread={
        "collateralcoin": "all coins of the accounts that secure it, without amounts",
        "loandate": "when it was drawn, without the amount",
    },
)  # fmt: skip

VIP_INTEREST = replace(
    VIP_REPAY,
    name="binance.vip_loan_interest",
    title="Binance VIP loans: accrued interest of the API",
    how="/sapi/v1/loan/vip/accruedInterest, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "principalAmount", "interestAmount", "annualInterestRate", "accrualTime", "orderId")),),
    cells={
        "time": epoch("accrualtime"),
        "loan_asset": COINS["loan_asset"],
        "principal": money("principalamount"),
        "amount": money("interestamount", required=True),
        "rate": money("annualinterestrate"),
        "order": whole_id("orderid", required=True),
    },
    event=pl.lit("vip_interest"),
    event_columns=(),
    cases={"vip_interest": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": LOAN, "amount": AMOUNT, "principal": pl.col("principal"), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("year")), "loan_ref": ORDER,
        "kind": pl.lit("loan"),
    }),)},
    ignores={},
    claims=claimed(2, wallets=("spot",), interest=1),
    unread={},
)  # fmt: skip

FORMATS = tuple(map(spelled, (VIP_REPAY, VIP_INTEREST)))
