"""What enters, leaves or changes its pot: deposits, withdrawals, transfers, conversions, margin of positions.

They state a part of the ledger only.
"""

from __future__ import annotations

import polars as pl

from importers.ccxt.cells import NAMES, UNDERSTOOD, VENUE, VENUE_ALIASES, fees, instant, venue, with_fees
from importers.ccxt.numbers import computed, number
from importers.ccxt.symbols import account_wallets, name_contract, pot, with_terms
from importers.cells import text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed_in_part, ignored_states
from importers.emits import AMOUNT, ASSET, AT

STATUS = pl.col("status")
STATES = {"ok": "ok", "completed": "ok", "pending": "pending", "failed": "failed", "canceled": "canceled",
          "cancelled": "canceled"}  # fmt: skip
UNDONE = ignored_states(("pending", "failed", "canceled"))
DONE = pl.when(STATUS.is_not_null() & (STATUS != "ok")).then(STATUS)
PARTIAL = (claimed_in_part(),)
FEES = ("fee", "fees", "fee.cost", "fee.currency", "fee.rate", "fee_cost", "fee_currency", "info", *NAMES)
IS_OWN_FEE = pl.coalesce("fee_asset", "asset") == ASSET


def _main_pot(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_fees(rows).with_columns(pl.lit(context.wallet or pot(context, "spot")).alias("wallet_of_row"))


def _other_fee(reference: str) -> Emit:
    return Emit(table="adjustments", where=(pl.col("fee").fill_null(0) != 0) & ~IS_OWN_FEE, columns={
        "booked_at": AT, "asset": pl.col("fee_asset"), "amount": -pl.col("fee"), "kind": pl.lit("network_fee"),
        "group_ref": pl.col(reference)})  # fmt: skip


def _transaction(kind: str, amount: pl.Expr) -> tuple[Emit, ...]:
    return (
        Emit(table="transfers", columns={
            "moved_at": AT, "asset": ASSET, "amount": amount, "kind": pl.lit(kind),
            "fee": pl.when(IS_OWN_FEE).then("fee"), "transaction_ref": pl.coalesce("hash", "ref"),
            "status": pl.coalesce("status", pl.lit("ok"))}),
        _other_fee("ref"),
    )  # fmt: skip


TRANSACTIONS = Format(
    name="ccxt.transactions",
    family="ccxt.transactions",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: deposits and withdrawals",
    confidence="API documentation",
    how="what fetchDeposits, fetchWithdrawals or fetchDepositsWithdrawals return, saved as JSON, JSON lines or CSV",
    headers=(Header(
        name="objects",
        columns=("id", "txid", "timestamp", "datetime", "type", "amount", "currency", "status"),
        optional=("network", "address", "addressFrom", "addressTo", "tag", "tagFrom", "tagTo", "updated", "internal",
                  "comment", *FEES)),),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant(), "venue": venue(), "ref": text("id"), "hash": text("txid"),
        "type": word("type", {"deposit": "deposit", "withdrawal": "withdrawal"}, required=True),
        "asset": text("currency", required=True), "amount": number("amount", required=True),
        "status": word("status", STATES), "fees": fees(),
    },
    event=pl.coalesce(DONE, pl.when(UNDERSTOOD).then("type")),
    event_columns=("type", "status"),
    cases={"deposit": _transaction("deposit", AMOUNT), "withdrawal": _transaction("withdrawal", -AMOUNT)},
    ignores=UNDONE,
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("ref", "hash", "type", "asset", "amount", "second")),
    claims=PARTIAL,
    prepare=lambda rows, context: _main_pot(rows, context).with_columns(
        pl.when(pl.coalesce("ref", "hash").is_null()).then(AT).alias("second")),
    unread=dict.fromkeys(
        ("network", "address", "addressfrom", "addressto", "tag", "tagfrom", "tagto", "updated", "internal", "comment",
         "fee.rate"), "says how and to whom, not how much"),
)  # fmt: skip
"""`amount` is without the fee, which is charged on top (ccxt manual, Transaction structure)."""


def _leg(wallet: str, other: str, amount: pl.Expr) -> Emit:
    return Emit(table="transfers", where=pl.col(wallet).is_not_null(), columns={
        "wallet": pl.col(wallet), "other_wallet": pl.col(other), "moved_at": AT, "asset": ASSET, "amount": amount,
        "kind": pl.lit("internal"), "transaction_ref": pl.col("ref"),
        "status": pl.coalesce("status", pl.lit("ok"))})  # fmt: skip


def _both_pots(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    wallets = account_wallets(context)
    named = rows.with_columns(
        pl.col(name).str.to_lowercase().replace_strict(wallets, default=None, return_dtype=pl.String)
        .alias(f"{name}_pot") for name in ("out_of", "into")
    )  # fmt: skip
    return named.with_columns(pl.coalesce("out_of_pot", "into_pot").alias("wallet_of_row"))


KNOWN_ACCOUNT = [pl.col(name).str.to_lowercase().is_in(list(account_wallets(Context()))).fill_null(False)
                 for name in ("out_of", "into")]  # fmt: skip

TRANSFERS = Format(
    name="ccxt.transfers",
    family="ccxt.transfers",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: transfers between own accounts",
    confidence="API documentation",
    how="what fetchTransfers returns, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=("id", "timestamp", "datetime", "currency", "amount", "fromAccount",
                                             "toAccount", "status"), optional=("info", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant(), "venue": venue(), "ref": text("id"), "asset": text("currency", required=True),
        "amount": number("amount", required=True), "out_of": text("fromaccount"), "into": text("toaccount"),
        "status": word("status", STATES),
    },
    event=pl.when(DONE.is_not_null()).then(DONE).when(KNOWN_ACCOUNT[0] | KNOWN_ACCOUNT[1]).then(pl.lit("transfer")),
    event_columns=("fromaccount", "toaccount", "status"),
    cases={"transfer": (_leg("out_of_pot", "into_pot", -AMOUNT), _leg("into_pot", "out_of_pot", AMOUNT))},
    ignores=UNDONE,
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("ref", "time", "asset", "amount", "out_of", "into")),
    claims=PARTIAL,
    prepare=_both_pots,
)  # fmt: skip
"""Names of accounts that are no pots (ids of sub-accounts) have no leg here; a row without any pot is rejected."""


def _converted(asset: str, amount: pl.Expr, where: pl.Expr | None = None) -> Emit:
    return Emit(table="conversions", where=where, columns={
        "booked_at": AT, "asset": pl.col(asset), "amount": amount, "kind": pl.lit("conversion"),
        "group_ref": pl.col("ref")})  # fmt: skip


CONVERSIONS = Format(
    name="ccxt.conversions",
    family="ccxt.conversions",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: conversions",
    confidence="API documentation",
    how="what fetchConvertTradeHistory returns, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=("id", "timestamp", "datetime", "fromCurrency", "fromAmount", "toCurrency",
                                             "toAmount", "price"), optional=FEES),),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant(), "venue": venue(), "ref": text("id"), "sold": text("fromcurrency", required=True),
        "sold_amount": number("fromamount", required=True), "asset": text("tocurrency", required=True),
        "amount": number("toamount", required=True), "fees": fees(),
    },
    event=pl.when(UNDERSTOOD).then(pl.lit("row")),
    event_columns=("fromcurrency", "tocurrency", "fee.cost", "fee_cost"),
    cases={"row": (
        _converted("sold", -pl.col("sold_amount")), _converted("asset", AMOUNT),
        Emit(table="adjustments", where=pl.col("fee").fill_null(0) != 0, columns={
            "booked_at": AT, "asset": pl.coalesce("fee_asset", "asset"), "amount": -pl.col("fee"),
            "kind": pl.lit("trading_fee"), "group_ref": pl.col("ref")}),
    )},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("ref", "time", "sold", "sold_amount", "asset", "amount")),
    claims=PARTIAL,
    prepare=_main_pot,
    unread={"price": "the two amounts make it", "fee.rate": "the fee itself is stated"},
)  # fmt: skip

ADDED = Emit(table="transfers", columns={
    "moved_at": AT, "asset": ASSET, "amount": pl.when(pl.col("type") == "add").then(-AMOUNT).otherwise(AMOUNT),
    "kind": pl.when(pl.col("type") == "add").then(pl.lit("margin_added")).otherwise(pl.lit("margin_released")),
    "pair": pl.col("symbol"), "status": pl.coalesce("status", pl.lit("ok")),
})  # fmt: skip

MARGIN = Format(
    name="ccxt.margin",
    family="ccxt.margin",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: margin added to or taken from isolated positions",
    confidence="API documentation",
    how="what fetchMarginAdjustmentHistory, addMargin or reduceMargin return, saved as JSON, JSON lines or CSV",
    headers=(Header(name="objects", columns=("symbol", "type", "marginMode", "amount", "total", "code", "status",
                                             "timestamp", "datetime"), optional=("info", *NAMES)),),
    aliases=VENUE_ALIASES,
    cells={
        "time": instant(), "venue": venue(), "symbol": text("symbol", required=True),
        "type": word("type", {"add": "add", "reduce": "reduce", "set": "set"}, required=True),
        "asset": text("code", required=True), "amount": number("amount"), "total": computed("total"),
        "status": word("status", STATES),
    },
    event=pl.coalesce(DONE, pl.when(AMOUNT.is_not_null() | (pl.col("type") == "set")).then("type")),
    event_columns=("type", "amount", "status"),
    cases={"add": (ADDED,), "reduce": (ADDED,)},
    ignores={**UNDONE, "set": "sets the total: what moved the row does not say"},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id_collapses", cells=("key_symbol", "type", "time", "asset", "amount")),
    claims=PARTIAL,
    name_instrument=name_contract,
    prepare=lambda rows, context: with_terms(rows, context, contracts=True),
    unread={"marginmode": "only isolated positions have a margin of their own"},
)  # fmt: skip
"""It stays in the wallet: earmarked for a position, and no change of a balance."""

FORMATS = (TRANSACTIONS, TRANSFERS, CONVERSIONS, MARGIN)
