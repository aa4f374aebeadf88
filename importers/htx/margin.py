"""Spot and margin accounts: the history of one account, and the orders of margin loans.

The history does not say what kind of account it is of: `--wallet` does, where it is not the spot account.
"""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, mapped, money, text, word
from importers.contract import Cell, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.emits import AMOUNT, AT
from importers.shapes import LOG, Words, log_cases, moved
from importers.vocabulary import table

TYPES = Words.of(table(__file__, "spot_types.csv"))
IS_IN = AMOUNT > 0


def upper(column: str, *, required: bool = False) -> Cell:
    """Return a currency or a pair in capitals: `usdt` is USDT."""
    return mapped(column, lambda text_: text_.upper() or None, "a currency as usdt", required=required)


HISTORY = Format(
    name="htx.account_history",
    family="htx.account_history",
    venue="htx",
    title="HTX: history of a spot or margin account, as JSON or CSV",
    confidence="API documentation",
    how="/v1/account/history (an hour a request), of margin accounts with --wallet cross_margin or isolated_margin",
    headers=(Header(name="API", columns=(
        "account-id", "currency", "transact-amt", "transact-type", "avail-balance", "acct-balance", "transact-time",
        "record-id")),),
    cells={
        "time": epoch("transact-time"),
        "transaction_ref": text("record-id", required=True),
        "asset": upper("currency", required=True),
        "amount": money("transact-amt", required=True),
        "word": TYPES.cell("a type as trade, transact-fee, credit", "transact-type"),
        "balance": money("acct-balance"),
    },
    event=pl.when(TYPES.says("event") == "credit")
    .then(pl.when(IS_IN).then(pl.lit("borrow")).otherwise(pl.lit("repay_principal")))
    .when(TYPES.says("event") == "external")
    .then(pl.when(IS_IN).then(pl.lit("deposit")).otherwise(pl.lit("withdrawal")))
    .otherwise(TYPES.says("event")),
    event_columns=("transact-type", "transact-amt"),
    cases={
        **log_cases(TYPES, network_fee=(moved("network_fee"),)),
        **{event: LOG[event] for event in ("borrow", "repay_principal", "deposit", "withdrawal")},
    },
    wallet="spot",
    identity=Identity(kind="id", cells=("transaction_ref",), content=("asset", "amount", "balance")),
    claims=(*claimed(ledger=1), *claimed(60, borrow_repay=2)),
    prepare=TYPES.prepare,
    unread={"account-id": "one account has several: spot, cross margin, and one for each isolated pair",
            "avail-balance": "the balance without what open orders hold"},
)  # fmt: skip
"""A credit that comes is a loan, one that goes its repayment; the interest paid with it is a row of its own."""


STATES = {"created": "open", "accrual": "open", "cleared": "cleared", "invalid": "invalid"}
PRINCIPAL = pl.col("drawn") - pl.col("principal_left")
PAID_INTEREST = pl.col("interest") - pl.col("interest_left")
DEDUCTED = pl.col("in_points").fill_null(0) + pl.col("in_ht").fill_null(0)
POT = pl.when(pl.col("pair").is_null()).then(pl.lit("cross_margin")).otherwise(pl.lit("isolated_margin"))
LAST = pl.col("accrued_at")
OF_LOAN = {"asset": pl.col("asset"), "pair": pl.col("pair")}

DRAWN = Emit(table="borrows", columns={**OF_LOAN, "borrowed_at": AT, "amount": pl.col("drawn")})
ACCRUED = Emit(table="interest", where=pl.col("interest") > 0, columns={
    **OF_LOAN, "accrued_at": LAST, "amount": pl.col("interest"),
    "kind": pl.lit("margin"),
})  # fmt: skip
REPAID = Emit(table="repayments", where=PRINCIPAL + PAID_INTEREST > 0, columns={
    **OF_LOAN, "repaid_at": LAST, "amount": PRINCIPAL + PAID_INTEREST, "principal": PRINCIPAL,
    "interest": PAID_INTEREST,
})  # fmt: skip

LOAN_ORDERS = Format(
    name="htx.margin_loans",
    family="htx.margin_loans",
    venue="htx",
    title="HTX margin: orders of loans, as JSON or CSV",
    confidence="API documentation",
    how="/v1/margin/loan-orders (isolated), /v1/cross-margin/loan-orders",
    headers=(Header(name="API", columns=(
        "id", "account-id", "currency", "loan-amount", "loan-balance", "interest-amount", "interest-balance", "state",
        "created-at", "accrued-at"),
        optional=("symbol", "user-id", "interest-rate", "filled-points", "filled-ht")),),
    cells={
        "time": epoch("created-at"),
        "accrued_at": epoch("accrued-at", required=False),
        "id": text("id", required=True),
        "pair": upper("symbol"),
        "asset": upper("currency", required=True),
        "drawn": money("loan-amount", required=True),
        "principal_left": money("loan-balance", required=True),
        "interest": money("interest-amount", required=True),
        "interest_left": money("interest-balance", required=True),
        "in_points": money("filled-points"),
        "in_ht": money("filled-ht"),
        "state": word("state", STATES, required=True),
    },
    event=pl.when(pl.col("state") == "invalid").then(pl.lit("invalid"))
    .when((DEDUCTED == 0) & pl.col("accrued_at").is_not_null()).then(pl.lit("loan"))
    .when((DEDUCTED == 0) & (pl.col("interest") == 0) & (PRINCIPAL == 0)).then(pl.lit("fresh")),
    event_columns=("state", "filled-points", "filled-ht", "accrued-at"),
    cases={"loan": (DRAWN, ACCRUED, REPAID), "fresh": (DRAWN,)},
    ignores={"invalid": "invalid: an order that lent nothing"},
    wallet=POT,
    identity=Identity(kind="id", cells=("id",), content=(
        "asset", "drawn", "principal_left", "interest", "interest_left")),
    claims=claimed(60, borrow_repay=1, interest=1),
    unread={
        "account-id": "the margin account of the pair", "user-id": "the owner of the account",
        "interest-rate": "whether it is by the hour or by the day nobody says",
    },
)  # fmt: skip
"""An order states totals of its life: drawn when it was created, charged and repaid up to the last accrual, the only
instant that is known of either.  Of an order that is not cleared a later answer states more: it is `changed`.
Interest that was paid with points or HT leaves no coins, and nobody has described such an order."""

FORMATS = (HISTORY, LOAN_ORDERS)
