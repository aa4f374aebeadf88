"""Borrowing in the trading account, as the API lists it: interest by the hour, draws and repayments."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, text, word
from importers.contract import Context, Emit, Format, Identity
from importers.declared import claimed, header, spelled
from importers.emits import AT
from importers.okx.cells import all_unmarked, instrument, money, reference
from importers.okx.positions import MODES
from importers.shapes import borrowed, complete, repaid

IS_ISOLATED = (pl.col("mode") == "isolated").fill_null(False)
LENDERS = {"1": "vip", "2": "market"}


def _prepare_interest(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the accruals with the pot that owes: an isolated position, else the account, whose balance falls."""
    return rows.with_columns(
        pl.when(IS_ISOLATED).then(pl.lit("isolated_margin")).otherwise(pl.lit("unified")).alias("pot"),
        pl.when(IS_ISOLATED).then("symbol").alias("pair"),
        pl.when(IS_ISOLATED).then(pl.lit("margin")).otherwise(pl.lit("negative_balance")).alias("kind"),
    )


INTEREST = spelled(Format(
    name="okx.interest",
    family="okx.interest",
    venue="okx",
    title="OKX: interest of the trading account from the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/account/interest-accrued",
    headers=(header("API", "type,ccy,instId,mgnMode,interest,interestRate,liab,ts"),),
    cells=all_unmarked({
        "time": epoch("ts"),
        "lender": word("type", LENDERS),
        "asset": text("ccy", required=True),
        "symbol": reference("instid"),
        "mode": word("mgnmode", MODES),
        "amount": money("interest", required=True),
        "rate": money("interestrate"),
        "principal": money("liab"),
    }),
    event=pl.when(pl.col("amount") == 0).then(pl.lit("free"))
    .when(IS_ISOLATED & pl.col("symbol").is_null()).then(None).otherwise(pl.lit("interest")),
    event_columns=("type", "mgnmode", "instid"),
    cases={"interest": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": pl.col("asset"), "amount": pl.col("amount").abs(),
        "principal": pl.col("principal").abs(), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("hour")), "pair": pl.col("pair"),
        "kind": pl.col("kind")}),)},
    ignores={"free": "an hour that cost no interest"},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "lender", "asset", "symbol", "mode", "amount", "principal")),
    claims=claimed(900, wallets=("unified", "isolated_margin"), interest=4),
    prepare=_prepare_interest,
))  # fmt: skip
"""Computed on what is owed on the hour, at a rate an hour, and booked up to about ten minutes later."""

# ------------------------------------------------------------------------------------- draws, repayments

CAUSES = {"auto_borrow": "seen", "auto_repay": "seen", "manual_borrow": "borrow", "manual_repay": "repay"}
CLAIMS = claimed(60, borrow_repay=4)
DRAWN, PAID = (borrowed(),), (repaid(None, pl.col("kind")),)
OWED = Emit(table="stated_balances", where=pl.col("owed").is_not_null(), columns={
    "stated_at": AT, "asset": pl.col("asset"), "balance": pl.col("owed").abs(), "kind": pl.lit("debt")})  # fmt: skip


def _by_hand(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return complete(rows.with_columns(pl.lit("manual").alias("kind")), context)


BORROWS = spelled(Format(
    name="okx.borrow_repay",
    family="okx.borrow_repay",
    venue="okx",
    title="OKX: borrowing and repaying in spot mode from the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/account/spot-borrow-repay-history",
    headers=(header("API", "ccy,type,amt,accBorrowed,ts", exact=True),),
    cells=all_unmarked({
        "time": epoch("ts"),
        "asset": text("ccy", required=True),
        "type": word("type", {name: name for name in CAUSES}, required=True),
        "amount": money("amt", required=True),
        "owed": money("accborrowed"),
    }),
    event=pl.col("type").replace_strict(CAUSES, default=None, return_dtype=pl.String),
    event_columns=("type",),
    cases={"borrow": (*DRAWN, OWED), "repay": (*PAID, OWED), "seen": (OWED,)},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "asset", "type", "amount", "owed")),
    claims=CLAIMS,
    prepare=_by_hand,
))  # fmt: skip
"""What is borrowed automatically is a balance below zero already, and would be owed twice: only what is owed after it
is stated."""

QUICK_MARGIN = spelled(replace(
    BORROWS,
    name="okx.quick_margin",
    family="okx.quick_margin",
    title="OKX: borrowing and repaying of quick (isolated) margin from the API, as JSON or CSV",
    how="/api/v5/account/quick-margin-borrow-repay-history (retired)",
    headers=(header("API", "instId,ccy,side,accBorrowed,amt,refId,ts"),),
    cells=all_unmarked({
        "time": epoch("ts"),
        "pair": instrument("instid"),
        "asset": text("ccy", required=True),
        "type": word("side", {"borrow": "borrow", "repay": "repay"}, required=True),
        "amount": money("amt", required=True),
        "owed": money("accborrowed"),
        "reference": text("refid", required=True),
    }),
    event=pl.col("type"),
    event_columns=("side",),
    cases={"borrow": DRAWN, "repay": PAID},
    wallet="isolated_margin",
    identity=Identity(kind="id", cells=("reference", "time"), content=("pair", "asset", "type", "amount")),
    claims=(replace(CLAIMS[0], wallets=("isolated_margin",)),),
    unread={},
))  # fmt: skip

FORMATS = (INTEREST, BORROWS, QUICK_MARGIN)
