"""Crypto loans of the API, legacy and new: draws, repayments, collateral, liquidations; all in the funding account.

A legacy loan has an order of its own, which is its reference.  New loans share all collateral, and their repayments
name no order: they have no reference, and the debts of one coin are one.  Interest is not listed: what a repayment
pays beyond the principal shows it, but for fixed loans, which charge it in advance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount
from importers.cells import constant, epoch, text, word
from importers.contract import Cell, Claim, Emit, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, spelled

REPAID_BY = {
    "1": "manual", "3": "auto", "5": "forced", "7": "collateral_sale", "2": "sold", "4": "sold", "6": "sold",
    "8": "moved",
}  # fmt: skip
"""1 by the user, 3 automatically, 5 as a coin was delisted, 7 from collateral at the user's wish (since the API can),
2 and 6 by (delayed) liquidation, 4 overdue, which sells collateral, too; 8 became a flexible loan."""
STATUSES = {"1": "done", "2": "processing", "3": "failed"}
DIRECTIONS = {"0": "pledged", "1": "released"}
ORDER_STATES = {"1": "matching", "2": "drawn", "3": "drawn", "4": "cancelled", "5": "failed"}

COLLATERAL_POOL = "collateral"
"""Stands for the coins that secure all new loans together, of which nobody says which were sold."""
AT, REF = pl.col("time"), pl.col("loan_ref")

CLAIMS = (*claimed(0, wallets=("funding",), borrow_repay=1, liquidations=1), claimed_in_part(120, wallets=("funding",)))
IGNORES = {
    "processing": "processing: not final",
    "failed": "failed: moved nothing",
}


def _drawn(amount_: str, rate: str | None = None, period: str = "hour") -> Emit:
    rated: Mapping[str, pl.Expr] = {} if rate is None else {
        "rate": pl.col(rate), "rate_period": pl.when(pl.col(rate).is_not_null()).then(pl.lit(period))}  # fmt: skip
    return Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": pl.col("asset"), "amount": pl.col(amount_), "loan_ref": REF,
        "kind": pl.lit("loan"), **rated,
    })  # fmt: skip


def _collateral(kind: str, amount_: pl.Expr, ltv: pl.Expr | None = None, where: pl.Expr | None = None) -> Emit:
    return Emit(table="transfers", where=where, columns={
        "moved_at": AT, "asset": pl.col("collateral"), "amount": amount_, "kind": pl.lit(kind), "loan_ref": REF,
        "ltv_after": pl.lit(None) if ltv is None else ltv, "transaction_ref": pl.col("ref"),
        "status": pl.lit("completed"),
    })  # fmt: skip


LEGACY_DRAWN = Format(
    name="bybit.loans_completed",
    family="bybit.loans",
    venue="bybit",
    title="Bybit: legacy crypto loans that are paid off, as JSON or CSV",
    confidence="API documentation",
    how="/v5/crypto-loan/borrow-history (6 months)",
    headers=(Header(name="API", columns=(
        "orderId", "loanCurrency", "collateralCurrency", "initialLoanAmount", "initialCollateralAmount",
        "hourlyInterestRate", "borrowTime", "repaidInterest", "repaidPenaltyInterest", "status")),),
    cells={
        "time": epoch("borrowtime"),
        "record": constant("orderid", "drawn"),
        "ref": text("orderid", required=True),
        "loan_ref": text("orderid", required=True),
        "asset": text("loancurrency", required=True),
        "collateral": text("collateralcurrency", required=True),
        "drawn": amount("initialloanamount", required=True),
        "pledged": amount("initialcollateralamount", required=True),
        "rate": amount("hourlyinterestrate"),
        "status": word("status", {"1": "done", "2": "done"}, required=True),
    },
    event=pl.col("status"),
    event_columns=("status",),
    cases={"done": (
        _drawn("drawn", "rate"),
        _collateral("pledged", -pl.col("pledged").abs(), where=pl.col("pledged") != 0),
    )},
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="id", cells=("record", "ref", "time"), content=("asset", "drawn", "collateral", "pledged")),
    claims=CLAIMS,
    unread=dict.fromkeys(
        ("repaidinterest", "repaidpenaltyinterest"), "totals of the loan's life, of no instant: repayments show them"
    ) | dict.fromkeys(("expirationtime", "loanterm"), "what was agreed, not what happened"),
)  # fmt: skip

REPAYMENT: dict[str, Cell] = {
    "time": epoch("repaytime"),
    "record": constant("repayid", "repaid"),
    "ref": text("repayid", required=True),
    "loan_ref": text("orderid"),
    "asset": text("loancurrency", required=True),
    "amount": amount("repayamount", required=True),
    "status": word("repaystatus", STATUSES, required=True),
    "type": word("repaytype", REPAID_BY, required=True),
    "collateral": text("collateralcurrency"),
    "returned": amount("collateralreturn"),
}
RETURNED = _collateral("released", pl.col("returned"), where=pl.col("returned").fill_null(0) != 0)


def _repaid(kind: str) -> tuple[Emit, ...]:
    return (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": pl.col("asset"), "amount": pl.col("amount"), "loan_ref": REF,
        "kind": pl.lit(kind)}), RETURNED)  # fmt: skip


SOLD = Emit(table="liquidations", columns={
    "liquidated_at": AT, "symbol": pl.coalesce("collateral", pl.lit(COLLATERAL_POOL)),
    "stage": pl.lit("collateral_sale"), "debt_asset": pl.col("asset"), "debt_repaid": pl.col("amount"),
    "loan_ref": REF, "order_ref": pl.col("ref"),
})  # fmt: skip
"""What came back of the collateral is a transfer of its own, since it is cash."""

LEGACY_REPAID = Format(
    name="bybit.loan_repayments",
    family="bybit.loans",
    venue="bybit",
    title="Bybit: repayments of legacy crypto loans, as JSON or CSV",
    confidence="API documentation",
    how="/v5/crypto-loan/repayment-history (6 months)",
    headers=(Header(name="API", columns=(
        "repayId", "orderId", "loanCurrency", "repayAmount", "repayType", "repayStatus", "repayTime",
        "collateralCurrency", "collateralReturn")),),
    cells=REPAYMENT,
    event=pl.when(pl.col("status") == "done").then("type").otherwise("status"),
    event_columns=("repaytype", "repaystatus"),
    cases={
        **{kind: _repaid(kind) for kind in ("manual", "auto", "forced", "collateral_sale")},
        "sold": (SOLD, RETURNED),
    },
    ignores={**IGNORES, "moved": "a fixed loan that became a flexible one: the debt stays"},
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="id", cells=("record", "ref", "time"), content=("asset", "amount", "type")),
    claims=CLAIMS,
    unread={"loanterm": "what was agreed, not what happened"},
)  # fmt: skip

REPAID = replace(
    LEGACY_REPAID,
    name="bybit.new_loan_repayments",
    title="Bybit: repayments of flexible and fixed crypto loans, as JSON or CSV",
    how="/v5/crypto-loan-flexible/repayment-history, /v5/crypto-loan-fixed/repayment-history",
    headers=(Header(name="API", columns=(
        "repayId", "loanCurrency", "repayAmount", "repayType", "repayStatus", "repayTime"), optional=("details",)),),
    unread={"details": "by contract what the row says in one sum"},
)  # fmt: skip

LEGACY_ADJUSTED = Format(
    name="bybit.loan_adjustments",
    family="bybit.loans",
    venue="bybit",
    title="Bybit: collateral added to and taken from crypto loans, as JSON or CSV",
    confidence="API documentation",
    how="/v5/crypto-loan/adjustment-history, /v5/crypto-loan-common/adjustment-history",
    headers=(
        Header(name="legacy", columns=(
            "adjustId", "orderId", "collateralCurrency", "amount", "direction", "preLTV", "afterLTV", "adjustTime")),
        Header(name="new", columns=(
            "adjustId", "collateralCurrency", "amount", "direction", "preLTV", "afterLTV", "adjustTime", "status")),
    ),
    cells={
        "time": epoch("adjusttime"),
        "record": constant("adjustid", "adjusted"),
        "ref": text("adjustid", required=True),
        "loan_ref": text("orderid"),
        "collateral": text("collateralcurrency", required=True),
        "amount": amount("amount", required=True),
        "direction": word("direction", DIRECTIONS, required=True),
        "ltv": amount("afterltv"),
        "status": word("status", STATUSES),
    },
    event=pl.when(pl.col("status").fill_null("done") == "done").then("direction").otherwise("status"),
    event_columns=("direction", "status"),
    cases={
        "pledged": (_collateral("pledged", -pl.col("amount").abs(), pl.col("ltv")),),
        "released": (_collateral("released", pl.col("amount").abs(), pl.col("ltv")),),
    },
    ignores=IGNORES,
    newest_first=True,
    wallet="funding",
    identity=Identity(kind="id", cells=("record", "ref", "time"), content=("collateral", "amount", "direction")),
    claims=CLAIMS,
    unread={"preltv": "before it"},
)  # fmt: skip
"""Legacy answers list only what succeeded, and say no status."""

FLEXIBLE_DRAWN = replace(
    LEGACY_DRAWN,
    name="bybit.flexible_loans",
    title="Bybit: flexible crypto loans drawn, as JSON or CSV",
    how="/v5/crypto-loan-flexible/borrow-history",
    headers=(Header(name="API", columns=("orderId", "loanCurrency", "initialLoanAmount", "borrowTime", "status")),),
    cells={
        "time": epoch("borrowtime"),
        "record": constant("orderid", "drawn"),
        "ref": text("orderid", required=True),
        "loan_ref": text("no_reference"),
        "asset": text("loancurrency", required=True),
        "drawn": amount("initialloanamount", required=True),
        "status": word("status", STATUSES, required=True),
    },
    cases={"done": (_drawn("drawn"),)},
    ignores=IGNORES,
    identity=Identity(kind="id", cells=("record", "ref", "time"), content=("asset", "drawn")),
    unread={},
)

FIXED_DRAWN = replace(
    FLEXIBLE_DRAWN,
    name="bybit.fixed_loans",
    title="Bybit: orders of fixed crypto loans, as JSON or CSV",
    how="/v5/crypto-loan-fixed/borrow-order-info",
    headers=(Header(name="API", columns=(
        "orderId", "orderCurrency", "orderQty", "filledQty", "annualRate", "orderTime", "state", "term")),),
    cells={
        **FLEXIBLE_DRAWN.cells,
        "time": epoch("ordertime"),
        "asset": text("ordercurrency", required=True),
        "drawn": amount("filledqty", required=True),
        "rate": amount("annualrate"),
        "status": word("state", ORDER_STATES, required=True),
    },
    event=pl.when((pl.col("status") == "drawn") == (pl.col("drawn") != 0)).then("status")
    .when(pl.col("status") == "matching").then("status"),
    event_columns=("state", "filledqty"),
    cases={"drawn": (_drawn("drawn", "rate", "year"),)},
    ignores={
        "matching": "still being matched: what is drawn is not final",
        "cancelled": "cancelled: nothing was drawn",
        "failed": "failed: nothing was drawn",
    },
    unread={"orderqty": "what was asked for", "term": "what was agreed", "repaytype": "what was agreed"},
)  # fmt: skip

PREPAID = replace(
    FLEXIBLE_DRAWN,
    name="bybit.fixed_loan_interest",
    title="Bybit: contracts of fixed crypto loans: their interest, as JSON or CSV",
    how="/v5/crypto-loan-fixed/borrow-contract-info",
    headers=(Header(name="API", columns=(
        "loanId", "orderId", "borrowCurrency", "borrowTime", "interestPaid", "annualRate", "residualPrincipal",
        "residualPenaltyInterest", "status", "term")),),
    cells={
        **FLEXIBLE_DRAWN.cells,
        "record": constant("loanid", "prepaid"),
        "ref": text("loanid", required=True),
        "asset": text("borrowcurrency", required=True),
        "drawn": amount("interestpaid", required=True),
        "rate": amount("annualrate"),
        "status": word("status", {"1": "done", "2": "done", "3": "done"}, required=True),
    },
    cases={"done": (
        Emit(table="interest", where=pl.col("drawn") != 0, columns={
            "accrued_at": AT, "asset": pl.col("asset"), "amount": pl.col("drawn"), "rate": pl.col("rate"),
            "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("year")), "kind": pl.lit("loan")}),
        Emit(table="repayments", where=pl.col("drawn") != 0, columns={
            "repaid_at": AT, "asset": pl.col("asset"), "amount": pl.col("drawn"), "principal": pl.lit(0),
            "interest": pl.col("drawn"), "kind": pl.lit("auto")}),
    )},
    ignores={},
    claims=(*CLAIMS, Claim(fact="interest", rank=1, filterable=True, wallets=("funding",))),
    unread=dict.fromkeys(
        ("orderid", "residualprincipal", "residualpenaltyinterest", "term", "repaymenttime", "autorepay", "repaytype"),
        "what was agreed, or what is left of it; draws and repayments are listed apart"),
)  # fmt: skip
"""Interest of a fixed loan is taken from what is paid out, and not given back: charged and paid at once."""

ONGOING = Format(
    name="bybit.loans_ongoing",
    family="bybit.loans_ongoing",
    venue="bybit",
    title="Bybit: crypto loans as they stand (recognized, not stored)",
    confidence="API documentation",
    how="/v5/crypto-loan/ongoing-orders, /v5/crypto-loan-flexible/ongoing-coin",
    headers=(
        Header(name="legacy", columns=(
            "orderId", "loanCurrency", "totalDebt", "collateralCurrency", "collateralAmount", "currentLTV",
            "hourlyInterestRate", "residualInterest", "residualPenaltyInterest"),
            optional=("expirationTime", "loanTerm")),
        Header(name="flexible", columns=(
            "loanCurrency", "hourlyInterestRate", "totalDebt", "unpaidAmount", "unpaidInterest")),
    ),
    cells={"time": epoch("none", required=False), "asset": text("loancurrency", required=True)},
    event=pl.lit("standing"),
    cases={},
    ignores={"standing": "a loan as it stood when it was asked for, without an instant: its history is listed apart"},
    wallet="funding",
    identity=Identity(kind="content", cells=("asset",)),
    unread=dict.fromkeys(
        ("hourlyinterestrate", "totaldebt", "unpaidamount", "unpaidinterest", "orderid", "collateralcurrency",
         "collateralamount", "currentltv", "residualinterest", "residualpenaltyinterest",
         "loanterm", "expirationtime"), "of no instant"),
)  # fmt: skip

FORMATS = tuple(map(spelled, (
    LEGACY_DRAWN, LEGACY_REPAID, REPAID, LEGACY_ADJUSTED, FLEXIBLE_DRAWN, FIXED_DRAWN, PREPAID, ONGOING,
)))  # fmt: skip
