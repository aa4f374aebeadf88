"""Borrowing of the API: loans of isolated margin pairs and of the unified account, and the interest on both.

A loan of the type `margin` is of a pair's isolated wallet; one of the type `platform` is of the unified account.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, money, text, word
from importers.contract import Emit, Format, Header, Identity
from importers.declared import claimed, ignored_states
from importers.emits import AT
from importers.shapes import borrowed, complete, repaid

HOW = {
    "manual_borrow": "manual", "auto_borrow": "auto", "manual_repay": "manual", "auto_repay": "auto",
    "cancel_auto_repay": "auto", "different_currencies_repayment": "auto", "none": "",
}  # fmt: skip
TYPES = {"borrow": "borrow", "repay": "repay"}
STATES = {"1": "done", "0": "failed"}
CLAIMS = claimed(2, borrow_repay=1)
CAUSE = pl.coalesce(pl.when(pl.col("type") == "borrow").then("borrow_how").otherwise("repay_how"), pl.lit("")).replace(
    "", None
)

MARGIN_LOANS = Format(
    name="gate.margin_loans",
    family="gate.margin_loans",
    venue="gate",
    title="Gate.io isolated margin: borrowings and repayments, as JSON or CSV",
    confidence="API documentation",
    how="/margin/uni/loan_records",
    headers=(Header(name="API", columns=("type", "currency_pair", "currency", "amount", "create_time"), exact=True),),
    cells={
        "time": epoch("create_time"),
        "type": word("type", TYPES, required=True),
        "pair": text("currency_pair", required=True),
        "asset": text("currency", required=True),
        "amount": money("amount", required=True),
    },
    event=pl.col("type"),
    event_columns=("type",),
    cases={"borrow": (borrowed(),), "repay": (repaid(None, pl.col("kind")),)},
    newest_first=True,
    wallet="isolated_margin",
    identity=Identity(kind="content", cells=("time", "type", "pair", "asset", "amount")),
    claims=CLAIMS,
    prepare=complete,
)  # fmt: skip

UNIFIED_LOANS = replace(
    MARGIN_LOANS,
    name="gate.unified_loans",
    family="gate.unified_loans",
    title="Gate.io unified account: borrowings and repayments, as JSON or CSV",
    how="/unified/loan_records",
    headers=(Header(name="API", columns=(
        "id", "type", "repayment_type", "borrow_type", "currency_pair", "currency", "amount", "create_time")),),
    cells={
        **MARGIN_LOANS.cells,
        "pair": text("currency_pair"),
        "id": text("id", required=True),
        "borrow_how": word("borrow_type", HOW),
        "repay_how": word("repayment_type", HOW),
    },
    cases={
        event: tuple(replace(emit, columns={**emit.columns, "kind": CAUSE, "pair": pl.lit(None)}) for emit in emits)
        for event, emits in MARGIN_LOANS.cases.items()
    },
    wallet="unified",
    identity=Identity(kind="id", cells=("id",), content=("type", "asset", "amount")),
)  # fmt: skip
"""The whole account is one pot, whatever pair the loan was drawn for."""

INTEREST = Format(
    name="gate.loan_interest",
    family="gate.loan_interest",
    venue="gate",
    title="Gate.io margin: interest of loans, as JSON or CSV",
    confidence="API documentation",
    how="/margin/uni/interest_records, /unified/interest_records",
    headers=(Header(name="API", columns=(
        "status", "currency_pair", "currency", "actual_rate", "interest", "type", "create_time")),),
    cells={
        "time": epoch("create_time"),
        "state": word("status", STATES, required=True),
        "type": word("type", {"margin": "isolated_margin", "platform": "unified"}, required=True),
        "pair": text("currency_pair"),
        "asset": text("currency", required=True),
        "rate": money("actual_rate"),
        "amount": money("interest", required=True),
    },
    event=pl.col("state"),
    event_columns=("status",),
    cases={"done": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": pl.col("asset"), "amount": pl.col("amount"), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("hour")), "kind": pl.lit("margin"),
        "pair": pl.when(pl.col("type") == "isolated_margin").then("pair")}),)},
    ignores=ignored_states(STATES.values()),
    newest_first=True,
    wallet=pl.col("type"),
    identity=Identity(kind="content", cells=("time", "type", "pair", "asset", "amount")),
    claims=claimed(2, interest=1),
)  # fmt: skip
"""Interest grows the debt by the hour; a status other than 1 charged nothing."""

FORMATS = (MARGIN_LOANS, UNIFIED_LOANS, INTEREST)
