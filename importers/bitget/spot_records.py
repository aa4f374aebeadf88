"""The ledgers of the spot wallet: transaction records of the site, tax records of the API; and those of P2P and Earn.

A purchase is two rows, one a coin.  In the site's file they have ids of their own and meet by the second; the API
gives both the id of their order.  `Position profit` was seen as a payout of Earn, and is no result of a future.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitget.dialect import clock
from importers.bitget.rows import OF_SPOT, Words, by_id, with_meaning
from importers.cells import epoch, money, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed, claimed_in_part, header, spelled
from importers.vocabulary import table

RECORDS = Words(table(__file__, "spot_types.csv"))
WHAT = "a type as Buy, Deposit, Interest"
IS_TRADE = pl.col("event") == "trade"


def _prepare_file(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_meaning(rows, RECORDS, by_word=False, costs=True)


def _prepare_tax(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows; the order's id ties the legs of a trade, and of a conversion."""
    order = pl.col("order_ref")
    named = rows.with_columns(pl.when(IS_TRADE).then(order).alias("trade_ref"), order.alias("group_ref"))
    return with_meaning(named, RECORDS, by_word=True, costs=True)


TRANSACTIONS = Format(
    name="bitget.spot_transactions",
    family="bitget.spot_transactions",
    venue="bitget",
    title="Bitget spot: transaction records",
    confidence="parser seen",
    how="Assets, Spot, Transaction history, Export (`Export spot transactions-...csv`), imported with --timezone",
    headers=(Header(name="2024 to 2026", columns=("order", "Date", "Coin", "Type", "Amount", "Fee", "Available")),),
    aliases={"order": "order", "Date": "date", "Coin": "coin", "Type": "type", "Amount": "amount", "Fee": "fee",
             "Available": "balance"},
    cells={
        "time": clock("date"),
        "type": RECORDS.cell("type", WHAT),
        "transaction_ref": text("order"),
        "asset": text("coin", required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
    },
    event=RECORDS.said("event"),
    event_columns=("type",),
    cases=OF_SPOT,
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("transaction_ref", "time", "asset", "type", "amount", "balance")),
    claims=claimed(2, ledger=2),
    prepare=_prepare_file,
)  # fmt: skip
"""With semicolons in 2024, with commas later.  `Available` is the balance after the row."""

TAX = spelled(replace(
    TRANSACTIONS,
    name="bitget.spot_tax",
    family="bitget.spot_tax",
    title="Bitget spot: tax records of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/tax/spot-record (about two years, 30 days a request)",
    headers=(header("API v2", "id,coin,spotTaxType,amount,fee,balance,bizOrderId,ts"),),
    aliases={},
    cells={
        "time": epoch("ts"),
        "type": RECORDS.cell("spottaxtype", WHAT),
        "transaction_ref": text("id", required=True),
        "order_ref": text("bizorderid"),
        "asset": text("coin", required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "balance": money("balance"),
    },
    event_columns=("spottaxtype",),
    identity=by_id("type", "asset", "amount", "fee"),
    claims=claimed(2, ledger=1),
    prepare=_prepare_tax,
))  # fmt: skip
"""A row may have an empty type: nobody has described it.  A fee is a cost, though it is printed above zero."""

P2P = spelled(Format(
    name="bitget.p2p_tax",
    family="bitget.p2p_tax",
    venue="bitget",
    title="Bitget P2P: tax records of the API (balances only)",
    confidence="API documentation",
    how="/api/v2/tax/p2p-record",
    headers=(
        header("total", "id,coin,p2pTaxType,total,ts"),
        header("balance", "id,coin,p2pTaxType,balance,ts"),
    ),
    cells={
        "time": epoch("ts"),
        "transaction_ref": text("id", required=True),
        "type": text("p2ptaxtype"),
        "asset": text("coin", required=True),
        "total": money("total"),
        "balance": money("balance"),
    },
    event=pl.when(pl.coalesce("total", "balance").is_not_null()).then(pl.lit("balance")),
    event_columns=("p2ptaxtype", "total", "balance"),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": pl.col("time"), "asset": pl.col("asset"), "balance": pl.coalesce("total", "balance"),
        "kind": pl.lit("wallet"),
    }),)},
    newest_first=True,
    wallet="p2p",
    identity=by_id("asset", "total", "balance"),
))  # fmt: skip
"""A record says what was owned after it, not what was moved; its types are not published."""

EARN = Format(
    name="bitget.earn",
    family="bitget.earn",
    venue="bitget",
    title="Bitget Earn: on-chain products",
    confidence="parser seen",
    how="Earn, On-chain earn, History, Export, imported with --timezone",
    headers=(Header(name="2024", columns=(
        "Reference", "Start time", "Coin", "Type", "Interest coin", "Amount", "Handling fee", "Status")),),
    aliases={
        "Reference": "reference", "Start time": "started", "Coin": "coin", "Type": "type",
        "Interest coin": "interest_coin", "Amount": "amount", "Handling fee": "fee", "Status": "status",
    },
    cells={
        "time": clock("started"),
        "transaction_ref": text("reference", required=True),
        "asset": text("coin", required=True),
        "type": word("type", {"Staking": "staking"}, required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "status": word("status", {"Staked": "staked"}, required=True),
    },
    event=pl.col("status"),
    event_columns=("type", "status"),
    cases={"staked": (Emit(table="transfers", columns={
        "moved_at": pl.col("time"), "asset": pl.col("asset"), "amount": pl.col("amount"), "kind": pl.lit("internal"),
        "other_wallet": pl.lit("spot"), "fee": pl.col("fee"), "transaction_ref": pl.col("transaction_ref"),
        "status": pl.col("status"),
    }),)},
    newest_first=True,
    wallet="earn",
    identity=by_id("asset", "amount"),
    claims=(claimed_in_part(2),),
    unread={"interest_coin": "in which coin it will earn"},
)  # fmt: skip

FORMATS = (TRANSACTIONS, TAX, P2P, EARN)
