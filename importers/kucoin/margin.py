"""Borrowing on margin, and lending to it: the states of loans in the zip, and the API's events.

A row of the files is a loan whose interest and repayment grow from one download to the next, so only what is repaid is
booked: its principal when it was drawn, principal and interest when the last of it was paid back.  The dates of partial
repayments are lost; the API has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.cells import epoch, exact_decimals, money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, header, unread
from importers.kucoin.cells import MASKED, NOTHING_FOUND, POTS, SINGAPORE, UNDONE, clock, pot

ASSET, AMOUNT, REPAID = pl.col("asset"), pl.col("amount"), pl.col("repaid")
INTEREST = pl.col("interest").fill_null(0)
OWED = AMOUNT + INTEREST


def rate(column: str) -> Cell:
    """Return a daily rate: `0.0002` as it is, `0.02%` as its hundredth."""
    bare = money(column)

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.strip_chars()
        is_percent = texts.str.ends_with("%").fill_null(False)
        number = exact_decimals(texts.str.strip_chars_end("% "))
        frame = pl.DataFrame({"number": number, "is_percent": is_percent})
        hundredth = pl.col("number") / pl.lit(100).cast(number.dtype)
        return frame.select(pl.when("is_percent").then(hundredth).otherwise("number").alias("rate"))["rate"]

    return replace(bare, read=read, expected="a daily rate as 0.0002 or 0.02%")


CELLS: dict[str, Cell] = {
    "filled_at": clock("filled"),
    "time": clock("repayment_time", required=False),
    "asset": text("coin", required=True),
    "amount": money("amount", required=True),
    "interest": money("interest"),
    "rate": rate("daily interest"),
    "order_ref": text("order id", required=True),
}
IS_OPEN = pl.col("time").is_null()
ALIASES = {"Time Filled(UTC)": "filled", "Repayment Time(UTC)": "repayment_time"}
FILE_UNREAD = unread({
    "uid": MASKED,
    "account type": "whose account it is",
    "term": "days, which the two times give",
    "maturity date(utc)": "when it would have been due",
    "status": "a repayment time says that it is repaid",
})  # fmt: skip

# ----------------------------------------------------------------------------------------------- borrowings

BORROWINGS = Format(
    name="kucoin.borrowings",
    family="kucoin.borrowings",
    venue="kucoin",
    title="KuCoin: loans of margin accounts (borrowings)",
    confidence="inferred",
    how="Orders, Financial history, Export: `Margin Orders_... Borrowings` in the zip; cross margin unless the file's "
    "name or --wallet says isolated",
    headers=(header("zip", (
        "UID,Account Type,Order ID,Coin,Amount,Interest,Repaid,Daily Interest,Term,Time Filled(UTC),Maturity Date(UTC),"
        "Repayment Time(UTC),Status")),),
    aliases=ALIASES,
    cells={**CELLS, "pot": pot("order id", "cross_margin"), "repaid": money("repaid")},
    event=pl.when(IS_OPEN).then(pl.lit("open"))
    .when((REPAID == AMOUNT) | (REPAID == OWED)).then(pl.lit("repaid")),
    event_columns=("amount", "interest", "repaid"),
    cases={"repaid": (
        Emit(table="borrows", columns={
            "borrowed_at": pl.col("filled_at"), "asset": ASSET, "amount": AMOUNT, "rate": pl.col("rate"),
            "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("day")),
        }),
        Emit(table="repayments", columns={
            "repaid_at": pl.col("time"), "asset": ASSET, "amount": OWED, "principal": AMOUNT, "interest": INTEREST,
        }),
    )},
    ignores={"open": "still owed when exported, its interest and repayments not final: export again when it is repaid, "
             "or import the API's borrowings"},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("order_ref",), content=("asset", "amount", "interest")),
    claims=claimed(2, wallets=("cross_margin",), borrow_repay=2),
    unread=FILE_UNREAD,
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""`Repaid` is the principal, or principal and interest: nobody has said which; with any other amount in it a row is
rejected.  Isolated loans do not name their pair, so that they do not speak for what a pair owes."""

# ------------------------------------------------------------------------------------------------- lendings

USER, FUND = pl.col("by_user"), pl.col("by_fund")
IS_WHOLE = USER + FUND.fill_null(0) == OWED


def _moved(at: str, amount: pl.Expr) -> Emit:
    return Emit(table="transfers", where=amount != 0, columns={
        "moved_at": pl.col(at), "asset": ASSET, "amount": amount, "kind": pl.lit("internal"),
        "other_wallet": pl.lit("earn"), "transaction_ref": pl.col("order_ref"),
    })  # fmt: skip


def _gained(kind: str, amount: pl.Expr) -> Emit:
    return Emit(table="adjustments", where=amount != 0, columns={
        "booked_at": pl.col("time"), "asset": ASSET, "amount": amount, "kind": pl.lit(kind),
        "group_ref": pl.col("order_ref"),
    })  # fmt: skip


LENDINGS = replace(
    BORROWINGS,
    name="kucoin.lendings",
    family="kucoin.lendings",
    title="KuCoin: what was lent to margin traders (lendings)",
    how="Orders, Financial history, Export: `Margin Orders_... Lendings` in the zip",
    headers=(header("zip", (
        "UID,Account Type,Order ID,Coin,Amount,Interest,User Repayment,Insurance Fund Repayment,Daily Interest,Term,"
        "Time Filled(UTC),Repayment Time(UTC),Status")),),
    aliases={**ALIASES, "User Repayment": "user", "Insurance Fund Repayment": "fund"},
    cells={**CELLS, "by_user": money("user"), "by_fund": money("fund")},
    event=pl.when(IS_OPEN).then(pl.lit("open")).when(IS_WHOLE).then(pl.lit("repaid")),
    event_columns=("amount", "interest", "user", "fund"),
    cases={"repaid": (
        _moved("filled_at", -AMOUNT), _moved("time", AMOUNT - FUND), _gained("lending_interest", INTEREST),
        _gained("insurance", FUND),
    )},
    ignores={"open": "still lent when exported: export again when it is repaid"},
    wallet="funding",
    claims=(claimed_in_part(),),
    prepare=lambda rows, context: rows.with_columns(by_fund=FUND.fill_null(0)),
)  # fmt: skip
"""What a liquidation could not pay, the insurance fund pays: with the borrower's repayment it is principal and
interest."""

# ------------------------------------------------------------------------------------------------------ API

STATUSES = {"SUCCESS": "done", "PENDING": "pending", "FAILED": "failed"}
API_IGNORES = {name: UNDONE[name] for name in ("pending", "failed")}


def _with_pot(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with `pot` and `pair`: isolated where they name its pair, else cross or as the user says."""
    pair = pl.col("symbol")
    return rows.with_columns(
        pair=pair,
        pot=pl.when(pair.is_not_null()).then(pl.lit(POTS[1])).otherwise(pl.lit(context.wallet or POTS[0])),
    )


def _event(name: str) -> pl.Expr:
    return pl.when(pl.col("status") == "done").then(pl.lit(name)).otherwise("status")


API_CELLS: dict[str, Cell] = {
    "time": epoch("created"),
    "asset": text("currency", required=True),
    "symbol": text("symbol"),
    "status": word("status", STATUSES, required=True),
    "order_ref": text("orderno", required=True),
}
API_CLAIMS = claimed(2, wallets=POTS, borrow_repay=1)
API_UNREAD = unread({"size": "what was asked for", "id": "of the answer"})

BORROWS_API = Format(
    name="kucoin.margin_borrows",
    family="kucoin.margin_borrow_repay",
    venue="kucoin",
    title="KuCoin: margin borrowings of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/margin/borrow",
    headers=(Header(name="API", columns=("orderNo", "currency", "size", "actualSize", "status", "createdTime"),
                    optional=("symbol",)),),
    aliases={"createdTime": "created", "actualSize": "actual_size"},
    cells={**API_CELLS, "moved": money("actual_size", required=True)},
    event=_event("borrow"),
    event_columns=("status",),
    cases={"borrow": (Emit(table="borrows", columns={
        "borrowed_at": pl.col("time"), "asset": ASSET, "amount": pl.col("moved"), "pair": pl.col("pair")}),)},
    ignores=API_IGNORES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("event", "order_ref"), content=("asset", "moved")),
    claims=API_CLAIMS,
    prepare=_with_pot,
    unread=API_UNREAD,
)  # fmt: skip

REPAYMENTS_API = replace(
    BORROWS_API,
    name="kucoin.margin_repayments",
    title="KuCoin: margin repayments of the API, as JSON or CSV",
    how="/api/v3/margin/repay",
    headers=(Header(name="API", columns=("orderNo", "currency", "size", "principal", "interest", "status",
                                         "createdTime"), optional=("symbol",)),),
    cells={
        **API_CELLS, "principal": money("principal", required=True),
        "interest": money("interest", required=True),
    },
    event=_event("repay"),
    cases={"repay": (Emit(table="repayments", columns={
        "repaid_at": pl.col("time"), "asset": ASSET, "amount": pl.col("moved"), "principal": pl.col("principal"),
        "interest": pl.col("interest"), "pair": pl.col("pair")}),)},
    prepare=lambda rows, context: _with_pot(
        rows.with_columns(moved=pl.col("principal") + pl.col("interest")), context),
    unread={**API_UNREAD, "actual_size": "principal and interest say it"},
)  # fmt: skip
"""Interest accrues by the hour (the interest endpoint); here it is only paid."""

INTEREST_API = Format(
    name="kucoin.margin_interest",
    family="kucoin.margin_interest",
    venue="kucoin",
    title="KuCoin: margin interest of the API, hour by hour, as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/margin/interest (nothing before April 2023)",
    headers=(Header(name="API", columns=("currency", "dayRatio", "interestAmount", "createdTime"),
                    optional=("symbol",)),),
    aliases={"createdTime": "created", "dayRatio": "day_ratio", "interestAmount": "interest_amount"},
    cells={
        "time": epoch("created"),
        "asset": API_CELLS["asset"],
        "symbol": API_CELLS["symbol"],
        "rate": rate("day_ratio"),
        "interest": money("interest_amount", required=True),
    },
    cases={"row": (Emit(table="interest", columns={
        "accrued_at": pl.col("time"), "asset": ASSET, "amount": INTEREST, "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("day")), "pair": pl.col("pair"),
        "kind": pl.lit("margin")}),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "asset", "symbol", "interest")),
    claims=claimed(2, wallets=POTS, interest=1),
    prepare=_with_pot,
    unread=unread({"id": "of the answer"}),
)  # fmt: skip

FORMATS = (BORROWINGS, LENDINGS, BORROWS_API, REPAYMENTS_API, INTEREST_API)
