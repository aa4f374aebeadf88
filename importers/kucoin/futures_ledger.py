"""The ledger of the futures account: transfers, and every eight hours one result per contract, with fees and funding.

A position that is open stands as `Pending`, with an amount that changes, until its session is settled.
"""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, integer, mapped, money, text, word
from importers.contract import Context, Format, Header, Identity
from importers.declared import claimed
from importers.emits import EQUITY, adding, movement, transfer
from importers.kucoin.cells import place_of
from importers.kucoin.symbols import FUTURES, asset, futures_wallet, name_contract

AT, ASSET, TYPE, FEE = pl.col("time"), pl.col("asset"), pl.col("type"), pl.col("fee").fill_null(0)
TYPES = {
    "RealisedPNL": "session", "Deposit": "deposit", "Withdrawal": "withdrawal", "TransferIn": "transfer_in",
    "TransferOut": "transfer_out",
}  # fmt: skip
SIGNED = pl.col("signed")


_moved = adding(movement, "symbol", amount=SIGNED, transaction_ref=pl.col("offset"))
_transfer = adding(
    transfer, "other_wallet", amount=SIGNED, fee=pl.when(FEE != 0).then(FEE),
    transaction_ref=pl.col("offset"),
)  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    size = pl.col("amount").abs()
    is_out = pl.col("event").is_in(["withdrawal", "transfer_out"])
    return rows.with_columns(
        pot=futures_wallet(ASSET),
        signed=pl.when(TYPE == "session").then("amount").when(is_out).then(-size).otherwise(size),
    )


OUTSIDE = (_moved("network_fee", amount=-FEE, where=FEE != 0), EQUITY)

FUTURES_LEDGER = Format(
    name="kucoin.futures_ledger",
    family="kucoin.futures_ledger",
    venue="kucoin",
    title="KuCoin futures: ledger of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/transaction-history",
    headers=(Header(name="API", columns=(
        "time", "type", "amount", "fee", "accountEquity", "status", "remark", "offset", "currency")),),
    aliases={"accountEquity": "account_equity"},
    cells={
        "time": epoch("time"),
        "type": word("type", TYPES, required=True),
        "amount": money("amount", required=True),
        "fee": money("fee"),
        "equity": money("account_equity"),
        "status": word("status", {"Completed": "done", "Pending": "pending"}, required=True),
        "symbol": mapped("remark", lambda remark: remark if name_contract(remark, None) else "", "a remark"),
        "other_wallet": mapped("remark", lambda remark: place_of(remark) or "", "a remark"),
        "offset": text("offset", required=True),
        "sequence": integer("offset"),
        "asset": asset("currency"),
    },
    event=pl.when(pl.col("status") == "pending").then(pl.lit("pending"))
    .when((TYPE == "session") & (FEE != 0)).then(None)
    .otherwise(TYPE),
    event_columns=("type", "status", "fee"),
    cases={
        "session": (_moved("session_result"), EQUITY),
        "deposit": (_moved("deposit"), _transfer("deposit"), *OUTSIDE),
        "withdrawal": (_moved("withdrawal"), _transfer("withdrawal"), *OUTSIDE),
        "transfer_in": (_moved("transfer"), _transfer("internal"), EQUITY),
        "transfer_out": (_moved("transfer"), _transfer("internal"), EQUITY),
    },
    ignores={"pending": "of a session that is not settled: its amount still changes"},
    sequence="sequence",
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("asset", "offset"), content=("type", "amount")),
    claims=claimed(2, wallets=FUTURES, ledger=1),
    name_instrument=name_contract,
    prepare=lambda rows, context: _prepare(rows, context).with_columns(
        pl.col("symbol", "other_wallet").replace("", None)),
)  # fmt: skip
"""A result that has a fee beside it nobody has described: it is rejected."""

FORMATS = (FUTURES_LEDGER,)
