"""dYdX v3, on StarkEx, closed in 2024: Trades.csv, Funding.csv and Transfers.csv, with the API's names as headers."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, word, zoned_time
from importers.contract import Format, Identity
from importers.declared import claimed, header, unread
from importers.dydx.cells import (
    FILL_CELLS,
    LEDGER_PART,
    claims_of_fills,
    fills,
    funding,
    moved,
    name_instrument,
)  # fmt: skip

MUST = "market,side,size,price,fee,createdAt"

V3_TRADES = Format(
    name="dydx.v3_trades",
    family="dydx.v3_trades",
    venue="dydx",
    title="dYdX v3: trades with ids",
    confidence="parser seen",
    how="the app's Export, Trades.csv; or the API's /v3/fills",
    headers=(
        header("with ids", f"id,{MUST}"),
        header("all of the API", f"id,orderId,type,liquidity,{MUST}"),
    ),
    cells=FILL_CELLS,
    event=pl.col("type").fill_null("trade"),
    event_columns=("type",),
    cases=fills({"trade_ref": pl.col("id"), "order_ref": pl.col("order_ref")}),
    newest_first=True,
    identity=Identity(kind="id", cells=("id",), content=("symbol", "side", "quantity", "price")),
    claims=claims_of_fills(1),
    name_instrument=name_instrument,
    unread=unread({
        "transactionId": "of the chain below it", "orderClientId": "the user's own name of the order",
        "createdAtHeight": "the block",
    }),
)  # fmt: skip

V3_TRADES_SHORT = replace(
    V3_TRADES,
    name="dydx.v3_trades_short",
    family="dydx.v3_trades_short",
    title="dYdX v3: trades without ids",
    headers=(header("without ids", MUST, "type,liquidity", exact=True),),
    cells={name: cell for name, cell in V3_TRADES.cells.items() if name not in ("id", "order_ref")},
    cases=fills({}),
    identity=Identity(kind="content", cells=("time", "symbol", "side", "quantity", "price", "fee")),
    claims=claims_of_fills(2),
    unread={},
)

SIZE = pl.col("size")

V3_FUNDING = Format(
    name="dydx.v3_funding",
    family="dydx.v3_funding",
    venue="dydx",
    title="dYdX v3: funding payments",
    confidence="parser seen",
    how="the app's Export, Funding.csv; or the API's /v3/funding",
    headers=(header("API names", "market,payment,rate,positionSize,price,effectiveAt"),),
    cells={
        "time": zoned_time("effectiveat"),
        "symbol": text("market", required=True),
        "amount": money("payment", required=True),
        "rate": money("rate"),
        "size": money("positionsize", required=True),
        "price": money("price"),
    },
    cases={"row": (funding(pl.when(SIZE > 0).then(pl.lit("long")).when(SIZE < 0).then(pl.lit("short"))),)},
    newest_first=True,
    identity=Identity(kind="id", cells=("symbol", "time"), content=("amount",)),
    claims=claimed(funding=1),
    name_instrument=name_instrument,
)

TYPE, STATUS = pl.col("type"), pl.col("status")
CREDIT, DEBIT = pl.col("credit"), pl.col("debit")
IS_ONE_ASSET = pl.col("debit_asset") == pl.col("credit_asset")
UNBOOKED = ("PENDING", "QUEUED", "UNCONFIRMED", "CANCELED", "FAILED")

V3_TRANSFERS = Format(
    name="dydx.v3_transfers",
    family="dydx.v3_transfers",
    venue="dydx",
    title="dYdX v3: deposits, withdrawals and transfers",
    confidence="parser seen",
    how="the app's Export, Transfers.csv; or the API's /v3/transfers",
    headers=(header("API names", (
        "id,type,debitAsset,creditAsset,debitAmount,creditAmount,transactionHash,status,createdAt,confirmedAt,"
        "clientId,fromAddress,toAddress")),),
    cells={
        "time": zoned_time("createdat"),
        "id": text("id", required=True),
        "type": word("type", {name: name.casefold() for name in (
            "DEPOSIT", "WITHDRAWAL", "FAST_WITHDRAWAL", "TRANSFER_IN", "TRANSFER_OUT")}, required=True),
        "debit_asset": text("debitasset"),
        "credit_asset": text("creditasset"),
        "debit": money("debitamount"),
        "credit": money("creditamount"),
        "transaction": text("transactionhash"),
        "status": word("status", {"CONFIRMED": "booked", **dict.fromkeys(UNBOOKED, "unbooked")}, required=True),
    },
    event=pl.when(STATUS == "unbooked").then(pl.lit("unbooked"))
    .when((TYPE == "fast_withdrawal") & ~IS_ONE_ASSET).then(pl.lit("withdrawal")).otherwise(TYPE),
    event_columns=("type", "status"),
    cases={
        "deposit": (moved("deposit", CREDIT, asset=pl.col("credit_asset")),),
        "transfer_in": (moved("deposit", CREDIT, asset=pl.col("credit_asset")),),
        "withdrawal": (moved("withdrawal", -DEBIT, asset=pl.col("debit_asset")),),
        "transfer_out": (moved("withdrawal", -DEBIT, asset=pl.col("debit_asset")),),
        "fast_withdrawal": (moved("withdrawal", -CREDIT, asset=pl.col("credit_asset"), fee=DEBIT - CREDIT),),
    },
    ignores={"unbooked": "not confirmed: moved nothing"},
    newest_first=True,
    identity=Identity(kind="id", cells=("id",), content=("type", "debit", "credit")),
    claims=LEDGER_PART,
    unread=unread({
        "confirmedAt": "when the chain was sure of it", "clientId": "the user's own note",
        "fromAddress,toAddress": "names another's account",
    }),
)  # fmt: skip

FORMATS = (V3_TRADES, V3_TRADES_SHORT, V3_FUNDING, V3_TRANSFERS)
