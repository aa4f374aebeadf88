"""Crypto loans: flexible and fixed-term, as the API lists them (JSON, or CSV whose columns are the keys).

Amounts are unsigned; the record says the direction.  Cash comes to and goes from the spot wallet; collateral leaves it
and is told by `loan_ref`: the order, or of flexible loans, which have no id, `LOANCOIN/COLLATERALCOIN`, since there is
one of each pair.  No record states the interest of flexible loans: it grows inside the debt, and shows when repaid.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, money, text, whole_id, word
from importers.contract import Emit, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, spelled

AT, LOAN, COLLATERAL = pl.col("time"), pl.col("loan_asset"), pl.col("collateral_asset")
AMOUNT, PLEDGE = pl.col("amount"), pl.col("collateral_amount")
PAIR = pl.concat_str("loan_asset", pl.lit("/"), "collateral_asset")
ORDER = pl.col("order")

CLAIMS = (*claimed(2, wallets=("spot",), borrow_repay=1, liquidations=1), claimed_in_part(2, wallets=("spot",)))
"""All records of loans are pieces of one source; the statement has the cash of the same events."""

DRAWN = dict.fromkeys(("SUCCESS", "SUCCEEDS", "SUCCEED", "SUCCEEDED"), "done")
UNDONE = {"FAILED": "failed", "PROCESSING": "processing", "PENDING": "pending"}
LIFE = dict.fromkeys(("Accruing_Interest", "Overdue", "Liquidating", "Repaying", "Repaid", "Liquidated"), "done")
"""What became of a fixed-term loan later: it was drawn all the same."""
REPAID = {"Repaid": "done", "Repaying": "processing", "Failed": "failed"}
IGNORES = {
    "failed": "failed: moved nothing",
    "processing": "processing: not booked yet",
    "pending": "pending: not booked yet",
}


def status_event(name: str) -> pl.Expr:
    """Return the event of a record that has a status; records of one family share no event."""
    return pl.when(pl.col("status") == "done").then(pl.lit(name)).otherwise(pl.col("status"))


def _pledge(amount: pl.Expr, kind: str, ref: pl.Expr, where: pl.Expr | None = None, **more: pl.Expr) -> Emit:
    return Emit(table="transfers", where=where, columns={
        "moved_at": AT, "asset": COLLATERAL, "amount": amount, "kind": pl.lit(kind), "loan_ref": ref, **more,
    })  # fmt: skip


def _borrow(ref: pl.Expr, **more: pl.Expr) -> Emit:
    return Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": LOAN, "amount": AMOUNT, "kind": pl.lit("loan"), "loan_ref": ref, **more,
    })  # fmt: skip


def repayment(ref: pl.Expr, kind: pl.Expr) -> Emit:
    return Emit(table="repayments", columns={
        "repaid_at": AT, "asset": LOAN, "amount": AMOUNT, "kind": kind, "loan_ref": ref,
    })  # fmt: skip


def _key(*cells: str) -> Identity:
    return Identity(kind="content", cells=("event", "time", "loan_asset", "collateral_asset", *cells))


COINS = {
    "loan_asset": text("loancoin", required=True),
    "collateral_asset": text("collateralcoin", required=True),
}

# ----------------------------------------------------------------------------------------------- flexible

FLEXIBLE_BORROW = Format(
    name="binance.flexible_loan_borrow",
    family="binance.loans",
    venue="binance",
    title="Binance flexible loans: borrow history of the API",
    confidence="API documentation",
    how="/sapi/v2/loan/flexible/borrow/history (v1 before 2024-02-27), as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "initialLoanAmount", "collateralCoin", "initialCollateralAmount", "borrowTime", "status")),),
    cells={
        "time": epoch("borrowtime"),
        **COINS,
        "amount": money("initialloanamount", required=True),
        "collateral_amount": money("initialcollateralamount", required=True),
        "status": word("status", DRAWN | UNDONE, required=True),
    },
    event=status_event("flexible_borrow"),
    event_columns=("status",),
    cases={"flexible_borrow": (_borrow(PAIR), _pledge(-PLEDGE, "pledged", PAIR, where=PLEDGE != 0))},
    ignores=IGNORES,
    newest_first=True,
    wallet="spot",
    identity=_key("amount", "collateral_amount"),
    claims=CLAIMS,
)  # fmt: skip

FLEXIBLE_REPAY = replace(
    FLEXIBLE_BORROW,
    name="binance.flexible_loan_repay",
    title="Binance flexible loans: repayment history of the API",
    how="/sapi/v2/loan/flexible/repay/history (v1 before 2024-02-27), as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "repayAmount", "collateralCoin", "collateralReturn", "repayStatus", "repayTime")),),
    cells={
        "time": epoch("repaytime"),
        **COINS,
        "amount": money("repayamount", required=True),
        "collateral_amount": money("collateralreturn", required=True),
        "status": word("repaystatus", REPAID, required=True),
    },
    event=status_event("flexible_repay"),
    event_columns=("repaystatus",),
    cases={"flexible_repay": (
        repayment(PAIR, pl.lit(None, dtype=pl.String)),
        _pledge(PLEDGE, "released", PAIR, where=PLEDGE != 0),
    )},
)  # fmt: skip
"""The record does not say whether the loan was repaid in its coin or out of the collateral."""

FLEXIBLE_ADJUST = replace(
    FLEXIBLE_BORROW,
    name="binance.flexible_loan_adjust",
    title="Binance flexible loans: LTV adjustment history of the API",
    how="/sapi/v2/loan/flexible/ltv/adjustment/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "collateralCoin", "direction", "collateralAmount", "preLTV", "afterLTV", "adjustTime")),),
    cells={
        "time": epoch("adjusttime"),
        **COINS,
        "direction": word("direction", {"ADDITIONAL": "added", "REDUCED": "reduced"}, required=True),
        "collateral_amount": money("collateralamount", required=True),
        "ltv_after": money("afterltv"),
    },
    event=pl.concat_str(pl.lit("flexible_"), "direction"),
    event_columns=("direction",),
    cases={
        "flexible_added": (_pledge(-PLEDGE, "pledged", PAIR, ltv_after=pl.col("ltv_after")),),
        "flexible_reduced": (_pledge(PLEDGE, "released", PAIR, ltv_after=pl.col("ltv_after")),),
    },
    ignores={},
    identity=_key("collateral_amount"),
    unread={"preltv": "the ratio before, which the debt and the collateral say"},
)  # fmt: skip

FLEXIBLE_LIQUIDATION = replace(
    FLEXIBLE_BORROW,
    name="binance.flexible_loan_liquidation",
    title="Binance flexible loans: liquidation history of the API",
    how="/sapi/v2/loan/flexible/liquidation/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "liquidationDebt", "collateralCoin", "liquidationCollateralAmount", "returnCollateralAmount",
        "liquidationFee", "liquidationStartingPrice", "liquidationStartingTime", "status")),),
    cells={
        "time": epoch("liquidationstartingtime"),
        **COINS,
        "amount": money("liquidationdebt", required=True),
        "collateral_amount": money("liquidationcollateralamount", required=True),
        "returned": money("returncollateralamount"),
        "fee": money("liquidationfee"),
        "starting_price": money("liquidationstartingprice"),
        "status": word("status", {"Liquidated": "done", "Liquidating": "processing"}, required=True),
    },
    event=status_event("flexible_liquidation"),
    cases={"flexible_liquidation": (Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": COLLATERAL, "side": pl.lit("sell"), "quantity": PLEDGE,
        "mark_price": pl.col("starting_price"), "fee": pl.col("fee"), "stage": pl.lit("collateral_sale"),
        "loan_ref": PAIR, "debt_asset": LOAN, "debt_repaid": AMOUNT, "returned": pl.col("returned"),
    }),)},
    identity=_key("amount", "collateral_amount"),
)  # fmt: skip
"""The venue does not say in which coin the fee is."""

# --------------------------------------------------------------------------------------------- fixed term

FIXED_BORROW = replace(
    FLEXIBLE_BORROW,
    name="binance.fixed_loan_borrow",
    title="Binance fixed-term loans: borrow history of the API",
    how="/sapi/v1/loan/borrow/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "orderId", "loanCoin", "initialLoanAmount", "hourlyInterestRate", "loanTerm", "collateralCoin",
        "initialCollateralAmount", "borrowTime", "status")),),
    cells={
        **FLEXIBLE_BORROW.cells,
        "order": whole_id("orderid", required=True),
        "rate": money("hourlyinterestrate"),
        "status": word("status", LIFE | UNDONE, required=True),
    },
    event=status_event("fixed_borrow"),
    cases={"fixed_borrow": (
        _borrow(ORDER, rate=pl.col("rate"), rate_period=pl.when(pl.col("rate").is_not_null()).then(pl.lit("hour"))),
        _pledge(-PLEDGE, "pledged", ORDER, where=PLEDGE != 0),
    )},
    identity=_key("order", "amount", "collateral_amount"),
    unread={"loanterm": "days until it is due"},
)  # fmt: skip
"""The status is no part of the identity: a later download tells of a later state of the same loan."""

FIXED_REPAY = replace(
    FLEXIBLE_REPAY,
    name="binance.fixed_loan_repay",
    title="Binance fixed-term loans: repayment history of the API",
    how="/sapi/v1/loan/repay/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "repayAmount", "collateralCoin", "collateralUsed", "collateralReturn", "repayType", "repayStatus",
        "repayTime", "orderId")),),
    cells={
        **FLEXIBLE_REPAY.cells,
        "order": whole_id("orderid", required=True),
        "used": money("collateralused"),
        "kind": word("repaytype", {"1": "manual", "2": "collateral_sale"}, required=True),
    },
    event=status_event("fixed_repay"),
    cases={"fixed_repay": (
        repayment(ORDER, pl.col("kind")),
        _pledge(PLEDGE, "released", ORDER, where=PLEDGE != 0),
        *(Emit(table="conversions", where=(pl.col("used") != 0) & (pl.col("kind") == "collateral_sale"), columns={
            "booked_at": AT, "asset": asset, "amount": amount, "kind": pl.lit("collateral_sale"), "group_ref": ORDER,
        }) for asset, amount in ((COLLATERAL, -pl.col("used")), (LOAN, AMOUNT))),
    )},
    identity=_key("order", "amount", "collateral_amount"),
)  # fmt: skip
"""Type 2 pays out of the collateral, which is sold for the coin that is owed: neither enters the spot wallet."""

FIXED_ADJUST = replace(
    FLEXIBLE_ADJUST,
    name="binance.fixed_loan_adjust",
    title="Binance fixed-term loans: LTV adjustment history of the API",
    how="/sapi/v1/loan/ltv/adjustment/history, as JSON or CSV",
    headers=(Header(name="API", columns=(
        "loanCoin", "collateralCoin", "direction", "amount", "preLTV", "afterLTV", "adjustTime", "orderId")),),
    cells={
        **FLEXIBLE_ADJUST.cells,
        "collateral_amount": money("amount", required=True),
        "order": whole_id("orderid", required=True),
    },
    event=pl.concat_str(pl.lit("fixed_"), "direction"),
    cases={
        "fixed_added": (_pledge(-PLEDGE, "pledged", ORDER, ltv_after=pl.col("ltv_after")),),
        "fixed_reduced": (_pledge(PLEDGE, "released", ORDER, ltv_after=pl.col("ltv_after")),),
    },
    identity=_key("order", "collateral_amount"),
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- ledger

INCOME_TYPES = {
    "borrowIn": "borrow", "repayAmount": "repay", "collateralSpent": "pledged", "addCollateral": "pledged",
    "removeCollateral": "released", "collateralReturn": "released", "collateralReturnAfterLiquidation": "released",
}  # fmt: skip
LOAN_INCOME = Format(
    name="binance.loan_income",
    family="binance.loan_income",
    venue="binance",
    title="Binance crypto loans: income history of the API",
    confidence="API documentation",
    how="/sapi/v1/loan/income, as JSON or CSV",
    headers=(Header(name="API", columns=("asset", "type", "amount", "timestamp", "tranId"), exact=True),),
    cells={
        "time": epoch("timestamp"),
        "loan_asset": text("asset", required=True),
        "type": word("type", {name: name for name in INCOME_TYPES}, required=True),
        "amount": money("amount", required=True),
        "transaction": whole_id("tranid"),
    },
    event=pl.col("type").replace_strict(INCOME_TYPES, return_dtype=pl.String),
    event_columns=("type",),
    cases={
        "borrow": (_borrow(pl.lit(None, dtype=pl.String)),),
        "repay": (repayment(pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.String)),),
        **{
            kind: (replace(_pledge(amount, kind, pl.lit(None, dtype=pl.String)), columns={
                "moved_at": AT, "asset": LOAN, "amount": amount, "kind": pl.lit(kind),
                "transaction_ref": pl.col("transaction"),
            }),)
            for kind, amount in (("pledged", -AMOUNT), ("released", AMOUNT))
        },
    },
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "type", "loan_asset", "amount", "transaction")),
    claims=(*claimed(2, wallets=("spot",), borrow_repay=2), claimed_in_part(2, wallets=("spot",))),
)  # fmt: skip
"""It does not name the loan: a transaction ties the coin that was drawn to its collateral."""


FORMATS = tuple(map(spelled, (
    FLEXIBLE_BORROW, FLEXIBLE_REPAY, FLEXIBLE_ADJUST, FLEXIBLE_LIQUIDATION, FIXED_BORROW, FIXED_REPAY, FIXED_ADJUST,
    LOAN_INCOME,
)))  # fmt: skip
