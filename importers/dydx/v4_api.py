"""What the indexer of the v4 chain answers: fills, funding, transfers, positions, equity, rewards; as JSON or CSV."""

from __future__ import annotations

import polars as pl

from importers.cells import integer, money, text, word, zoned_time
from importers.contract import Emit, Format, Identity
from importers.declared import claimed, header, unread
from importers.dydx.cells import (
    FILL_CELLS,
    LEDGER_PART,
    POSITION_SIDES,
    SAME_TRANSFER,
    TYPES,
    USDC,
    between,
    claims_of_fills,
    fills,
    funding,
    moved,
    name_instrument,
)  # fmt: skip
from importers.emits import AMOUNT, ASSET, AT, booking

FIRST_ISOLATED = 128
"""Subaccounts from this number on hold one isolated market each."""
MODE = (
    pl.when(pl.col("subaccount") >= FIRST_ISOLATED).then(pl.lit("isolated"))
    .when(pl.col("subaccount").is_not_null()).then(pl.lit("cross"))
)  # fmt: skip

V4_FILLS = Format(
    name="dydx.v4_fills",
    family="dydx.v4_fills",
    venue="dydx",
    title="dYdX v4: fills of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/fills or /v4/fills/parentSubaccountNumber",
    headers=(header("API JSON", "id,side,liquidity,type,market,price,size,fee,createdAt,createdAtHeight"),),
    cells={
        **FILL_CELLS, "type": word("type", TYPES, required=True), "subaccount": integer("subaccountnumber"),
    },
    event=pl.col("type"),
    event_columns=("type",),
    cases=fills({"trade_ref": pl.col("id"), "order_ref": pl.col("order_ref"), "margin_mode": MODE}),
    newest_first=True,
    identity=Identity(kind="id", cells=("id",), content=("symbol", "side", "quantity", "price")),
    claims=claims_of_fills(1),
    name_instrument=name_instrument,
    unread=unread({
        "marketType": "always PERPETUAL", "createdAtHeight": "the block",
        "clientMetadata,clientId": "the user's own note", "affiliateRevShare": "what the venue gives on of the fee",
        "builderFee,orderRouterFee": "a part of the fee", "builderAddress,orderRouterAddress": "who got it",
        "positionSizeBefore,entryPriceBefore,positionSideBefore": "what the fills before it make",
    }),
)  # fmt: skip

V4_API_FUNDING = Format(
    name="dydx.v4_api_funding",
    family="dydx.v4_api_funding",
    venue="dydx",
    title="dYdX v4: funding payments of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/fundingPayments",
    headers=(header("API JSON", "createdAt,createdAtHeight,ticker,oraclePrice,size,side,rate,payment"),),
    cells={
        "time": zoned_time("createdat"),
        "height": integer("createdatheight"),
        "symbol": text("ticker", required=True),
        "price": money("oracleprice"),
        "size": money("size", required=True),
        "position_side": word("side", POSITION_SIDES, required=True),
        "rate": money("rate"),
        "amount": money("payment", required=True),
        "subaccount": integer("subaccountnumber"),
    },
    cases={"row": (funding(pl.col("position_side")),)},
    newest_first=True,
    identity=Identity(kind="id", cells=("subaccount", "symbol", "height"), content=("amount",)),
    claims=claimed(funding=1),
    name_instrument=name_instrument,
    unread=unread({"perpetualId": "the market's number", "fundingIndex": "the market's sum of rates"}),
)

ENDS = ("sender.address", "recipient.address")
IS_INSIDE = (
    (pl.col("sender") == pl.col("recipient"))
    & (pl.col("from_subaccount") % FIRST_ISOLATED == pl.col("to_subaccount") % FIRST_ISOLATED)
).fill_null(False)  # fmt: skip
"""The markets isolated from subaccount 3 are in 131, 259 and so on."""

V4_API_TRANSFERS = Format(
    name="dydx.v4_api_transfers",
    family="dydx.v4_transfers",
    venue="dydx",
    title="dYdX v4: deposits, withdrawals and transfers of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/transfers",
    headers=(header("API JSON", f"id,{','.join(ENDS)},size,createdAt,symbol,type,transactionHash"),),
    cells={
        "time": zoned_time("createdat"),
        "sender": text(ENDS[0]),
        "recipient": text(ENDS[1]),
        "from_subaccount": integer("sender.subaccountnumber"),
        "to_subaccount": integer("recipient.subaccountnumber"),
        "amount": money("size", required=True),
        "asset": text("symbol", required=True),
        "action": word("type", {name: name.casefold() for name in (
            "DEPOSIT", "WITHDRAWAL", "TRANSFER_IN", "TRANSFER_OUT")}, required=True),
        "transaction": text("transactionhash", required=True),
    },
    event=pl.when(IS_INSIDE).then(pl.lit("inside")).otherwise(pl.col("action")),
    event_columns=("type",),
    cases={
        "deposit": (moved("deposit", AMOUNT, asset=ASSET),),
        "withdrawal": (moved("withdrawal", -AMOUNT, asset=ASSET),),
        "transfer_in": (moved(between("sender", "recipient", "deposit"), AMOUNT, asset=ASSET),),
        "transfer_out": (moved(between("sender", "recipient", "withdrawal"), -AMOUNT, asset=ASSET),),
    },
    ignores={"inside": "between a subaccount and the isolated markets that belong to it: nothing came or went"},
    newest_first=True,
    identity=Identity(kind="content", cells=SAME_TRANSFER),
    claims=LEDGER_PART,
    unread=unread({"id": "the app's export has none", "createdAtHeight": "the block"}),
)  # fmt: skip
"""The app prints the same in cents: whichever of the two came first keeps its amount."""

CLOSED = (
    Emit(table="stated_positions", columns={
        "stated_at": AT, "symbol": pl.col("symbol"), "position_side": pl.col("position_side"),
        "margin_mode": MODE, "max_quantity": pl.col("max").abs(), "closed_quantity": pl.col("closed").abs(),
        "entry_price": pl.col("entry"), "exit_price": pl.col("exit"), "opened_at": pl.col("opened_at"),
        "closed_at": AT}),
    Emit(table="stated_results", where=pl.col("realized").is_not_null(), columns={
        "booked_at": AT, "symbol": pl.col("symbol"), "asset": pl.lit(USDC),
        "amount": pl.col("realized"), "basis": pl.lit("net"), "grain": pl.lit("position")}),
)  # fmt: skip

V4_POSITIONS = Format(
    name="dydx.v4_positions",
    family="dydx.v4_positions",
    venue="dydx",
    title="dYdX v4: closed positions of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/perpetualPositions",
    headers=(header("API JSON", (
        "market,status,side,size,maxSize,entryPrice,exitPrice,realizedPnl,netFunding,createdAt,closedAt")),),
    cells={
        "opened_at": zoned_time("createdat"),
        "time": zoned_time("closedat", required=False),
        "symbol": text("market", required=True),
        "status": word("status", {"OPEN": "open", "CLOSED": "closed", "LIQUIDATED": "liquidated"}, required=True),
        "position_side": word("side", POSITION_SIDES, required=True),
        "max": money("maxsize"),
        "closed": money("sumclose"),
        "entry": money("entryprice"),
        "exit": money("exitprice"),
        "realized": money("realizedpnl"),
        "subaccount": integer("subaccountnumber"),
    },
    event=pl.col("status"),
    event_columns=("status",),
    cases={"closed": CLOSED, "liquidated": (*CLOSED, Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": pl.col("symbol"), "margin_mode": MODE, "product": pl.lit("perpetual"),
        "side": pl.when(pl.col("position_side") == "long").then(pl.lit("sell")).otherwise(pl.lit("buy"))}))},
    ignores={"open": "an open position: the answer says of no instant what it states"},
    newest_first=True,
    identity=Identity(kind="id", cells=("subaccount", "symbol", "opened_at"), content=("max", "realized")),
    claims=claimed(liquidations=5),
    name_instrument=name_instrument,
    unread=unread({
        "size,unrealizedPnl": "nothing is left of it", "netFunding": "the funding payments have it",
        "sumOpen": "what was opened in all", "createdAtHeight,closedAtHeight": "the block",
        "exitPnl": "follows from the prices",
    }),
)  # fmt: skip
"""The stated result is taken to hold funding: nobody has stated it, so it is net, and no fill is measured by it."""

V4_EQUITY = Format(
    name="dydx.v4_equity",
    family="dydx.v4_equity",
    venue="dydx",
    title="dYdX v4: equity over time of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/historical-pnl",
    headers=(header("API JSON", "equity,totalPnl,netTransfers,createdAt"),),
    cells={"time": zoned_time("createdat"), "equity": money("equity", required=True)},
    cases={"row": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": pl.lit(USDC), "balance": pl.col("equity"), "kind": pl.lit("equity")}),)},
    newest_first=True,
    identity=Identity(kind="content", cells=("time", "equity")),
    unread=unread({
        "totalPnl": "equity less transfers", "netTransfers": "what the transfers add up to",
        "id,subaccountId": "of the record", "blockHeight,blockTime,createdAtHeight": "the block",
    }),
)  # fmt: skip

V4_REWARDS = Format(
    name="dydx.v4_trading_rewards",
    family="dydx.v4_trading_rewards",
    venue="dydx",
    title="dYdX v4: trading rewards of the indexer",
    confidence="API documentation",
    how="the indexer's /v4/historicalTradingRewardAggregations with period=DAILY, or /v4/historicalBlockTradingRewards",
    headers=(header("API JSON", "tradingReward,startedAt,endedAt"),),
    cells={
        "started_at": zoned_time("startedat"),
        "time": zoned_time("endedat", required=False),
        "amount": money("tradingreward", required=True),
        "period": word("period", {"DAILY": "day", "WEEKLY": "sum", "MONTHLY": "sum"}),
    },
    event=pl.when(AT.is_null()).then(pl.lit("running"))
    .when(pl.col("period") == "sum").then(pl.lit("sum")).otherwise(pl.lit("reward")),
    event_columns=("period",),
    cases={"reward": (booking("adjustments", "trading_reward", asset=pl.lit("DYDX")),)},
    ignores={
        "running": "a period that has not ended", "sum": "a sum over days: import the rewards by day",
    },
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="id", cells=("started_at",), content=("amount",)),
    claims=LEDGER_PART,
    unread=unread({"startedAtHeight,endedAtHeight": "the block"}),
)  # fmt: skip
"""They are paid to the address on the chain, not to the trading account: wallet `spot`."""

FORMATS = (V4_FILLS, V4_API_FUNDING, V4_API_TRANSFERS, V4_POSITIONS, V4_EQUITY, V4_REWARDS)
