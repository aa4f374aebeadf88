"""Crypto loans and institutional loans, as the API lists them (JSON, or CSV whose columns are the keys).

Amounts are unsigned, rates and ratios in percent.  A loan is its order; cash comes to and goes from the spot wallet,
and so does the collateral.  What a repayment pays of the interest it says itself.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl

from importers.cells import epoch, money, text, word
from importers.contract import Emit, Format, Identity
from importers.declared import claimed, claimed_in_part, header, spelled, unread
from schemas.types import MONEY

AT, LOAN, PLEDGE, ORDER = pl.col("time"), pl.col("loan_asset"), pl.col("pledge_asset"), pl.col("order")
AMOUNT, PLEDGED = pl.col("amount"), pl.col("pledged")
PERCENT = pl.lit(Decimal("0.01"), dtype=MONEY)
CLAIMS = (*claimed(2, wallets=("spot",), borrow_repay=1, liquidations=1), claimed_in_part(2, wallets=("spot",)))
SNAPSHOT = tuple(replace(claim, rank=5) if claim.rank == 1 else claim for claim in CLAIMS)


def _pledge(amount: pl.Expr, kind: str, **more: pl.Expr) -> Emit:
    return Emit(table="transfers", where=amount != 0, columns={
        "moved_at": AT, "asset": PLEDGE, "amount": amount, "kind": pl.lit(kind), "loan_ref": ORDER, **more,
    })  # fmt: skip


DRAWN = Emit(table="borrows", columns={
    "borrowed_at": AT, "asset": LOAN, "amount": AMOUNT, "kind": pl.lit("loan"), "loan_ref": ORDER,
    "rate": pl.col("rate") * PERCENT,
    "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("hour")),
})  # fmt: skip
COINS = {
    "order": text("orderid", required=True),
    "loan_asset": text("loancoin", required=True),
    "pledge_asset": text("pledgecoin", required=True),
}

# ------------------------------------------------------------------------------------------- crypto loans

ONGOING = spelled(Format(
    name="bitget.loan_orders",
    family="bitget.loan_orders",
    venue="bitget",
    title="Bitget crypto loans: ongoing orders of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/earn/loan/ongoing-orders",
    headers=(header(
        "API v2",
        "orderId,loanCoin,loanAmount,interestAmount,hourInterestRate,pledgeCoin,pledgeAmount,pledgeRate,supRate,"
        "forceRate,borrowTime,expireTime"),),
    cells={
        "time": epoch("borrowtime"),
        **COINS,
        "amount": money("loanamount", required=True),
        "rate": money("hourinterestrate"),
        "pledged": money("pledgeamount", required=True),
        "margin_call": money("suprate"),
        "liquidation": money("forcerate"),
    },
    event=pl.lit("loan"),
    event_columns=("orderid",),
    cases={"loan": (DRAWN, _pledge(-PLEDGED, "pledged"), Emit(table="loan_terms", columns={
        "valid_from": AT, "asset": LOAN, "collateral_asset": PLEDGE,
        "margin_call_ltv": pl.col("margin_call") * PERCENT, "liquidation_ltv": pl.col("liquidation") * PERCENT,
        "source": pl.lit("the loan's own order"),
    }))},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="id", cells=("order",), content=("loan_asset", "pledge_asset")),
    claims=SNAPSHOT,
    unread=unread({"interestAmount,pledgeRate": "of the moment of the request"})
    | {"expiretime": "until when; 0 of a flexible loan"},
))  # fmt: skip
"""What is owed and pledged now: of a loan that was paid back in part it is less than was drawn, so that the history of
loans speaks before it."""

BORROWED = spelled(replace(
    ONGOING,
    name="bitget.loan_history",
    family="bitget.loans",
    title="Bitget crypto loans: loan history of the API, as JSON or CSV",
    how="/api/v2/earn/loan/borrow-history (three months)",
    headers=(header("API v2", "orderId,loanCoin,pledgeCoin,initPledgeAmount,initLoanAmount,hourRate,daily,borrowTime,"
                            "status"),),
    aliases={},
    cells={
        "time": epoch("borrowtime"),
        **COINS,
        "amount": money("initloanamount", required=True),
        "rate": money("hourrate"),
        "pledged": money("initpledgeamount", required=True),
        "status": word("status", {"ROLLBACK": "failed", "FORCE": "borrow", "REPAY": "borrow"}, required=True),
    },
    event=pl.col("status"),
    event_columns=("status",),
    cases={"borrow": (DRAWN, _pledge(-PLEDGED, "pledged"))},
    ignores={"failed": "failed: moved nothing"},
    identity=Identity(kind="content", cells=("event", "order", "time", "loan_asset", "amount", "pledged")),
    claims=CLAIMS,
    unread={"daily": "days until it is due"},
))  # fmt: skip

REPAID = spelled(replace(
    BORROWED,
    name="bitget.loan_repayments",
    title="Bitget crypto loans: repayments of the API, as JSON or CSV",
    how="/api/v2/earn/loan/repay-history (three months)",
    headers=(header("API v2", "orderId,loanCoin,pledgeCoin,repayAmount,payInterest,repayLoanAmount,repayUnlockAmount,"
                            "repayTime"),),
    aliases={},
    cells={
        "time": epoch("repaytime"),
        **COINS,
        "amount": money("repayamount", required=True),
        "interest": money("payinterest"),
        "principal": money("repayloanamount"),
        "pledged": money("repayunlockamount"),
    },
    event=pl.lit("repay"),
    event_columns=("orderid",),
    cases={"repay": (
        Emit(table="repayments", columns={
            "repaid_at": AT, "asset": LOAN, "amount": AMOUNT, "principal": pl.col("principal"),
            "interest": pl.col("interest"), "loan_ref": ORDER,
        }),
        _pledge(PLEDGED, "released"),
    )},
    ignores={},
    unread={},
))  # fmt: skip

REDUCED = spelled(replace(
    BORROWED,
    name="bitget.loan_liquidations",
    title="Bitget crypto loans: liquidations of the API, as JSON or CSV",
    how="/api/v2/earn/loan/reduces (three months)",
    headers=(header("API v2", "orderId,loanCoin,pledgeCoin,reduceTime,pledgeRate,pledgePrice,pledgeAmount,reduceFee,"
                            "residueAmount,runlockAmount,repayLoanAmount,status"),),
    aliases={},
    cells={
        "time": epoch("reducetime"),
        **COINS,
        "price": money("pledgeprice"),
        "pledged": money("pledgeamount", required=True),
        "fee": money("reducefee"),
        "returned": money("runlockamount"),
        "amount": money("repayloanamount", required=True),
        "status": word("status", {"COMPLETE": "sale", "WAIT": "waiting"}, required=True),
    },
    event=pl.col("status"),
    cases={"sale": (Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": PLEDGE, "side": pl.lit("sell"), "quantity": PLEDGED, "price": pl.col("price"),
        "fee": pl.col("fee"), "stage": pl.lit("collateral_sale"), "loan_ref": ORDER, "debt_asset": LOAN,
        "debt_repaid": AMOUNT, "returned": pl.col("returned"),
    }),)},
    ignores={"waiting": "still being sold: a later export has it"},
    unread=unread({"pledgeRate,residueAmount": "what the loan was worth then, and what was left of the collateral"}),
))  # fmt: skip
"""In which coin the fee is, is not documented."""

REVISED = spelled(replace(
    BORROWED,
    name="bitget.loan_adjustments",
    title="Bitget crypto loans: adjustments of the collateral of the API, as JSON or CSV",
    how="/api/v2/earn/loan/revise-history (three months)",
    headers=(header("API v2", "orderId,loanCoin,pledgeCoin,reviseTime,reviseSide,reviseAmount,beforePledgeRate,"
                            "afterPledgeRate"),),
    aliases={},
    cells={
        "time": epoch("revisetime"),
        **COINS,
        "direction": word("reviseside", {"down": "added", "up": "taken"}, required=True),
        "pledged": money("reviseamount", required=True),
        "after": money("afterpledgerate"),
    },
    event=pl.col("direction"),
    event_columns=("reviseside",),
    cases={
        "added": (_pledge(-PLEDGED, "pledged", ltv_after=pl.col("after") * PERCENT),),
        "taken": (_pledge(PLEDGED, "released", ltv_after=pl.col("after") * PERCENT),),
    },
    ignores={},
    identity=Identity(kind="content", cells=("event", "order", "time", "loan_asset", "pledged")),
    unread={"beforepledgerate": "the ratio before, which the debt and the collateral say"},
))  # fmt: skip
"""`down` brings the ratio down: collateral was added."""

# ------------------------------------------------------------------------------------- institutional loans

INSTITUTIONAL = spelled(replace(
    BORROWED,
    name="bitget.institutional_loans",
    family="bitget.institutional_loans",
    title="Bitget institutional loans: orders of the API, as JSON or CSV",
    how="/api/v2/spot/ins-loan/loan-order, /api/v3/ins-loan/loan-order",
    headers=(header("API", "orderId,loanTime,loanCoin,loanAmount",
                    "orderProductId,uid,unpaidAmount,unpaidInterest,repaidAmount,repaidInterest,reserve,status"),),
    aliases={},
    cells={
        "time": epoch("loantime"),
        "order": text("orderid", required=True),
        "loan_asset": text("loancoin", required=True),
        "amount": money("loanamount", required=True),
    },
    event=pl.lit("loan"),
    event_columns=("orderid",),
    cases={"loan": (Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": LOAN, "amount": AMOUNT, "kind": pl.lit("loan"), "loan_ref": ORDER}),)},
    ignores={},
    identity=Identity(kind="content", cells=("event", "order", "time", "loan_asset", "amount")),
    account_number="uid",
    unread=unread({"orderProductId,unpaidAmount,unpaidInterest,repaidAmount,repaidInterest,reserve,status":
                  "of the moment of the request"}),
))  # fmt: skip

INSTITUTIONAL_REPAID = spelled(replace(
    INSTITUTIONAL,
    name="bitget.institutional_loan_repayments",
    title="Bitget institutional loans: repayments of the API, as JSON or CSV",
    how="/api/v2/spot/ins-loan/repaid-history, /api/v3/ins-loan/repaid-history",
    headers=(
        header("API v2", "repayOrderId,businessType,repayType,repaidTime,coin,repaidAmount,repaidInterest"),
        header("API v3", "repayOrderId,businessType,repayType,repaidTime,coin,repayAmount,repayInterest"),
    ),
    aliases={"repaidAmount": "repayamount", "repaidInterest": "repayinterest"},
    cells={
        "time": epoch("repaidtime"),
        "order": text("repayorderid", required=True),
        "loan_asset": text("coin", required=True),
        "kind": word("businesstype", {"normal": "manual", "liquidation": "forced"}, required=True),
        "share": word("repaytype", {"all": "all", "part": "part"}),
        "amount": money("repayamount", required=True),
        "interest": money("repayinterest"),
    },
    event=pl.lit("repay"),
    event_columns=("businesstype",),
    cases={"repay": (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": LOAN, "amount": AMOUNT + pl.col("interest").fill_null(0), "principal": AMOUNT,
        "interest": pl.col("interest").fill_null(0), "kind": pl.col("kind"),
    }),)},
    account_number=None,
    unread={},
))  # fmt: skip
"""It does not name the loan: of several in one coin nobody can tell which was paid.  Amount and interest are taken as
two parts, which is not documented."""

FORMATS = (ONGOING, BORROWED, REPAID, REDUCED, REVISED, INSTITUTIONAL, INSTITUTIONAL_REPAID)
