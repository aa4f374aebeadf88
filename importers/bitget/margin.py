"""Spot margin, crossed and isolated: financial and tax records, borrowings, repayments, interest, liquidations.

All are answers of the API; the site's files have not been seen.  A row that names a pair is of that pair's isolated
wallet, any other of the crossed one, unless `--wallet` says otherwise.  A repayment pays interest first.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitget.rows import OF_MARGIN, Words, by_id, with_meaning
from importers.bitget.symbols import name_pair, pair_symbol
from importers.cells import epoch, money, text, word
from importers.contract import Context, Emit, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.vocabulary import table

RECORDS = Words(table(__file__, "margin_types.csv"))
WHAT = "a type as borrow, repay, deal_in"
CROSS, ISOLATED = "cross_margin", "isolated_margin"
POTS = (CROSS, ISOLATED)
IGNORED_TIMES = unread({"uTime": "when the record was changed"})

AT, ASSET, PAIR = pl.col("time"), pl.col("asset"), pl.col("pair")


def with_pot(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their wallet and, where it is isolated, its pair."""
    pot = pl.when(pl.col("symbol").is_not_null()).then(pl.lit(ISOLATED)).otherwise(pl.lit(context.wallet or CROSS))
    isolated = pl.lit(context.wallet != CROSS)
    return rows.with_columns(
        pl.when(isolated).then(pot).otherwise(pl.lit(CROSS)).alias("pot"),
        pl.when(isolated).then("symbol").alias("pair"),
    )


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their meaning; pairs share one isolated wallet, whose balance none of them states."""
    known = with_meaning(with_pot(rows, context), RECORDS, by_word=True, costs=True)
    return with_repaid(known).with_columns(pl.when(PAIR.is_null()).then("balance").alias("balance"))


def with_repaid(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with what they repaid: interest that is booked at the instant of one repayment is part of it."""
    paid = -(pl.col("change") + pl.col("fee_change"))
    event, together = pl.col("event"), ("time", "asset", "pot", "pair")
    interest = paid.filter(event == "repay_interest").sum().over(together)
    alone = event.filter(event == "repay").len().over(together) != 1
    is_split = (event == "repay") & ~alone & (interest > 0)
    return rows.with_columns(
        repaid=pl.when(is_split).then(paid + interest).when(event == "repay").then(paid)
        .when((event == "repay_interest") & alone).then(paid),
        principal=pl.when(is_split).then(paid).when(event == "repay_interest").then(pl.lit(0)),
        interest=pl.when(is_split).then(interest).when(event == "repay_interest").then(paid),
    )  # fmt: skip


FINANCIAL = spelled(Format(
    name="bitget.margin_records",
    family="bitget.margin_records",
    venue="bitget",
    title="Bitget margin: financial records of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/margin/crossed/financial-records, /api/v2/margin/isolated/financial-records (90 days a request)",
    headers=(header("API v2", "marginId,coin,amount,balance,fee,marginType,cTime", "symbol,uTime"),),
    cells={
        "time": epoch("ctime"),
        "type": RECORDS.cell("margintype", WHAT),
        "transaction_ref": text("marginid", required=True),
        "asset": text("coin", required=True),
        "symbol": pair_symbol("symbol"),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
    },
    event=RECORDS.said("event"),
    event_columns=("margintype",),
    cases=OF_MARGIN,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=by_id("type", "asset", "amount", "fee"),
    claims=claimed(2, ledger=1, borrow_repay=2),
    name_instrument=name_pair,
    prepare=_prepare,
    unread=IGNORED_TIMES,
))  # fmt: skip
"""Trades are legs, a row a coin, without the order: they are put together by the second."""

TAX = spelled(replace(
    FINANCIAL,
    name="bitget.margin_tax",
    family="bitget.margin_tax",
    title="Bitget margin: tax records of the API, as JSON or CSV",
    how="/api/v2/tax/margin-record (about two years, 30 days a request)",
    headers=(header("API v2", "id,coin,marginTaxType,amount,fee,total,ts", "symbol"),),
    aliases={},
    cells={
        "time": epoch("ts"),
        "type": RECORDS.cell("margintaxtype", WHAT),
        "transaction_ref": text("id", required=True),
        "asset": text("coin", required=True),
        "symbol": pair_symbol("symbol"),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("total"),
    },
    event_columns=("margintaxtype",),
    claims=claimed(2, ledger=2, borrow_repay=3),
    unread={},
))  # fmt: skip

# ------------------------------------------------------------------------------- borrowed and repaid

BORROWS = spelled(Format(
    name="bitget.margin_borrows",
    family="bitget.margin_borrow_repay",
    venue="bitget",
    title="Bitget margin: borrowings of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/margin/crossed/borrow-history, /api/v2/margin/isolated/borrow-history",
    headers=(header("API v2", "loanId,coin,borrowAmount,cTime", "borrowType,symbol,uTime"),),
    cells={
        "time": epoch("ctime"),
        "record": text("loanid", required=True),
        "asset": text("coin", required=True),
        "symbol": pair_symbol("symbol"),
        "amount": money("borrowamount", required=True),
        "kind": word("borrowtype", {"auto_loan": "auto", "manual_loan": "manual"}),
    },
    event=pl.lit("borrow"),
    event_columns=("borrowtype",),
    cases={"borrow": (Emit(table="borrows", columns={
        "borrowed_at": AT, "asset": ASSET, "amount": pl.col("amount"), "pair": PAIR, "kind": pl.col("kind"),
    }),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("event", "record"), content=("asset", "amount")),
    claims=claimed(2, wallets=POTS, borrow_repay=1),
    prepare=with_pot,
    unread=IGNORED_TIMES,
))  # fmt: skip
"""A borrowing's id is no loan of its own: what is owed of a coin is one debt."""

REPAYMENTS = spelled(replace(
    BORROWS,
    name="bitget.margin_repayments",
    title="Bitget margin: repayments of the API, as JSON or CSV",
    how="/api/v2/margin/crossed/repay-history, /api/v2/margin/isolated/repay-history",
    headers=(header("API v2", "repayId,coin,repayAmount,repayType,repayInterest,repayPrincipal,cTime",
                    "symbol,uTime"),),
    aliases={},
    cells={
        "time": epoch("ctime"),
        "record": text("repayid", required=True),
        "asset": text("coin", required=True),
        "symbol": pair_symbol("symbol"),
        "amount": money("repayamount", required=True),
        "interest": money("repayinterest"),
        "principal": money("repayprincipal"),
        "kind": word("repaytype", {"auto_repay": "auto", "manual_repay": "manual", "liq_repay": "forced",
                                   "force_repay": "forced"}, required=True),
    },
    event=pl.lit("repay"),
    event_columns=("repaytype",),
    cases={"repay": (Emit(table="repayments", columns={
        "repaid_at": AT, "asset": ASSET, "amount": pl.col("amount"), "principal": pl.col("principal"),
        "interest": pl.col("interest"), "pair": PAIR, "kind": pl.col("kind"),
    }),)},
))  # fmt: skip

INTEREST = spelled(replace(
    BORROWS,
    name="bitget.margin_interest",
    family="bitget.margin_interest",
    title="Bitget margin: interest of the API, as JSON or CSV",
    how="/api/v2/margin/crossed/interest-history, /api/v2/margin/isolated/interest-history",
    headers=(header("API v2", "interestId,interestCoin,loanCoin,dailyInterestRate,interestAmount,interstType,cTime",
                    "symbol,uTime"),),
    aliases={},
    cells={
        "time": epoch("ctime"),
        "record": text("interestid", required=True),
        "asset": text("interestcoin", required=True),
        "debt_asset": text("loancoin", required=True),
        "symbol": pair_symbol("symbol"),
        "rate": money("dailyinterestrate"),
        "amount": money("interestamount", required=True),
        "type": word("intersttype", {"first": "first", "scheduled": "scheduled"}),
    },
    event=pl.lit("interest"),
    event_columns=("intersttype",),
    cases={"interest": (Emit(table="interest", columns={
        "accrued_at": AT, "asset": ASSET, "amount": pl.col("amount").abs(),
        "debt_asset": pl.when(pl.col("debt_asset") != ASSET).then("debt_asset"), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("day")), "pair": PAIR,
        "kind": pl.lit("margin"),
    }),)},
    claims=claimed(2, wallets=POTS, interest=1),
))  # fmt: skip
"""Charged by the hour at a rate per day, started hours in full; `interstType` is how the venue spells it."""

LIQUIDATIONS = spelled(replace(
    BORROWS,
    name="bitget.margin_liquidations",
    family="bitget.margin_liquidations",
    title="Bitget margin: liquidations of the API, as JSON or CSV",
    how="/api/v2/margin/crossed/liquidation-history, /api/v2/margin/isolated/liquidation-history",
    headers=(header("API v2", "liqId,liqStartTime,liqEndTime,liqRiskRatio,totalAssets,totalDebt,liqFee,cTime",
                    "symbol,uTime"),),
    aliases={},
    cells={
        "time": epoch("liqstarttime"),
        "record": text("liqid", required=True),
        "symbol": pair_symbol("symbol"),
        "fee": money("liqfee"),
        "debt": money("totaldebt"),
    },
    event=pl.when(pl.col("symbol").is_not_null()).then(pl.lit("liquidation")).otherwise(pl.lit("whole account")),
    event_columns=("symbol",),
    cases={"liquidation": (Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": pl.col("symbol"), "product": pl.lit("margin"),
        "margin_mode": pl.lit("isolated"), "pair": PAIR, "fee": pl.col("fee").abs(), "stage": pl.lit("full"),
        "order_ref": pl.col("record"),
    }),)},
    ignores={"whole account": "of the whole crossed account, and names no instrument: its fee, its forced repayments "
                              "and its trades stand in the financial records"},
    identity=Identity(kind="id", cells=("record",), content=("symbol", "fee", "debt")),
    claims=claimed(2, wallets=POTS, liquidations=1),
    name_instrument=name_pair,
    unread=unread({"liqEndTime,liqRiskRatio,totalAssets,cTime,uTime": "says nothing of what was sold"}),
))  # fmt: skip

FORMATS = (FINANCIAL, TAX, BORROWS, REPAYMENTS, INTEREST, LIQUIDATIONS)
