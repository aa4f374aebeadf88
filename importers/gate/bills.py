"""The spot wallet's log: `My bills` of the site as CSV, and the account book of the API.

`bills.csv` has the venue's own list of bills: labels (the CSV prints those), types and codes (the API does).  What it
calls `Order Placed` takes the cash, `Order Filled` brings what was bought: the rows of one order share a reference,
and the fill is assembled from them.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, local_time, money, text
from importers.contract import Context, Format, Header, Identity
from importers.declared import claimed
from importers.shapes import STABLE, Words, log_cases
from importers.vocabulary import table

BILLS = Words.of(table(__file__, "bills.csv"))
CONTRACTS = pl.when(pl.col("asset").is_in(STABLE)).then(pl.lit("usdm")).otherwise(pl.lit("coinm"))
"""The wallet of contracts that an asset can be moved to: each settle asset has one of its own."""


def _prepare_book(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the wallets at the other ends of transfers."""
    told = BILLS.prepare(rows, context)
    is_contracts = pl.col("other_wallet") == "contracts"
    return told.with_columns(pl.when(is_contracts).then(CONTRACTS).otherwise("other_wallet").alias("other_wallet"))


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the reference of their order, or of another event."""
    is_of_order = pl.col("event").is_in(["trade", "trading_fee"])
    return _prepare_book(rows, context).with_columns(
        pl.when(is_of_order).then("ref").alias("trade_ref"),
        pl.when(is_of_order).then("ref").alias("order_ref"),
        pl.when(~is_of_order).then("ref").alias("transaction_ref"),
        pl.when(pl.col("event") == "conversion").then("ref").alias("group_ref"),
    )


BILLING = Format(
    name="gate.billing",
    family="gate.billing",
    venue="gate",
    title="Gate.io: bills of the spot wallet",
    confidence="parser seen",
    how="Wallet, Billing history (My bills), Export",
    headers=(Header(name="my bills", columns=(
        "no", "time", "action_desc", "action_data", "type", "change_amount", "amount", "total")),),
    cells={
        "time": local_time("time", "%Y-%m-%d %H:%M:%S"),
        "word": BILLS.cell("a bill as Order Placed, Trading Fees, Deposits", "action_desc"),
        "ref": text("action_data"),
        "asset": text("type", required=True),
        "amount": money("change_amount", required=True),
        "balance": money("total"),
    },
    event=BILLS.says("event"),
    event_columns=("action_desc",),
    cases=log_cases(BILLS),
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "word", "ref", "asset", "amount", "balance")),
    claims=claimed(ledger=2, borrow_repay=2, interest=2),
    prepare=_prepare,
    unread={
        "no": "counts the rows of the file, and is another number in the next download",
        "amount": "a second balance: which of the two is the available one nobody says",
    },
)  # fmt: skip
"""Times are in the zone of the account or of the browser, unmarked: importers of others assume UTC or Singapore."""

ACCOUNT_BOOK = replace(
    BILLING,
    name="gate.account_book",
    family="gate.account_book",
    title="Gate.io: account book of the spot wallet, as JSON or CSV",
    confidence="API documentation",
    how="/spot/account_book",
    headers=(
        Header(name="with code", columns=("id", "time", "currency", "change", "balance", "type", "code"),
               optional=("text",), exact=True),
        Header(name="with type only", columns=("id", "time", "currency", "change", "balance", "type"),
               optional=("text",), exact=True),
    ),
    cells={
        "time": epoch("time"),
        "id": text("id", required=True),
        "word": BILLS.cell("a type as new_order, margin_in, or its code", "code", "type"),
        "asset": text("currency", required=True),
        "amount": money("change", required=True),
        "balance": money("balance"),
    },
    event_columns=("type", "code"),
    prepare=_prepare_book,
    identity=Identity(kind="id", cells=("id",), content=("asset", "amount", "balance")),
    claims=claimed(ledger=1, borrow_repay=1, interest=1),
    unread={"text": "remarks that are documented as additional information only"},
)  # fmt: skip

FORMATS = (BILLING, ACCOUNT_BOOK)
