"""What the API states at an instant: hourly interest of lending, and positions and equity of perpetuals.

spotClearinghouseState and borrowLendUserState name no instant, so they state no balance of any time.
"""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, mapped, money, text
from importers.contract import Claim, Emit, Format, Identity
from importers.declared import claimed, header, unread
from importers.emits import ASSET, AT, booking
from importers.hyperliquid.symbols import COLLATERAL, name_instrument

TOKEN, OWED, EARNED = pl.col("token"), pl.col("borrow"), pl.col("supply")

LENDING_INTEREST = Format(
    name="hyperliquid.lending_interest",
    family="hyperliquid.lending_interest",
    venue="hyperliquid",
    title="Hyperliquid: interest of borrowing and lending of the API",
    confidence="API documentation",
    how="the info API's userBorrowLendInterest, as JSON",
    headers=(header("API JSON", "time,token,borrow,supply", exact=True),),
    cells={
        "time": epoch("time"),
        "token": text("token", required=True),
        "borrow": money("borrow"),
        "supply": money("supply"),
    },
    cases={"row": (
        Emit(table="interest", where=OWED > 0, columns={
            "accrued_at": AT, "asset": TOKEN, "amount": OWED, "kind": pl.lit("loan")}),
        booking("adjustments", "lending_interest", EARNED, EARNED > 0, asset=TOKEN, wallet=pl.lit("earn")),
    )},
    newest_first=True,
    wallet=pl.when((EARNED > 0) & (OWED.fill_null(0) == 0)).then(pl.lit("earn")).otherwise(pl.lit("unified")),
    identity=Identity(kind="id", cells=("time", "token")),
    claims=(
        *claimed(interest=1),
        Claim(fact="ledger", rank=9, partial=True, resolution_s=1, skew_s=1, wallets=("earn",)),
    ),
)  # fmt: skip
"""What is earned stays lent out: it is income of the wallet `earn`."""

MODES = ("cross", "isolated")
SIZE = pl.col("size")

CLEARINGHOUSE_STATE = Format(
    name="hyperliquid.clearinghouse_state",
    family="hyperliquid.clearinghouse_state",
    venue="hyperliquid",
    title="Hyperliquid: open positions and equity of perpetuals of the API",
    confidence="API documentation",
    how="the info API's clearinghouseState, as JSON",
    headers=(header("API JSON", "time,position.coin,position.szi,marginSummary.accountValue"),),
    cells={
        "time": epoch("time"),
        "symbol": text("position.coin", required=True),
        "size": money("position.szi", required=True),
        "entry": money("position.entrypx"),
        "unrealized": money("position.unrealizedpnl"),
        "liquidation": money("position.liquidationpx"),
        "margin_mode": mapped("position.leverage", lambda printed: next(
            (mode for mode in MODES if f'"{mode}"' in printed.casefold()), None), "a leverage, cross or isolated"),
        "equity": money("marginsummary.accountvalue"),
    },
    cases={"row": (
        Emit(table="stated_positions", columns={
            "stated_at": AT, "symbol": pl.col("symbol"), "position_side": pl.lit("both"),
            "margin_mode": pl.col("margin_mode"), "quantity": SIZE, "entry_price": pl.col("entry"),
            "liquidation_price": pl.col("liquidation"), "unrealized": pl.col("unrealized")}),
        Emit(table="stated_balances", where=pl.col("source_row") == 1, columns={
            "stated_at": AT, "asset": pl.lit(COLLATERAL), "balance": pl.col("equity"), "kind": pl.lit("equity")}),
    )},
    identity=Identity(kind="content", cells=("time", "symbol", "size", "equity")),
    name_instrument=name_instrument,
    unread=unread({
        "type": "always oneWay",
        "position.positionValue,position.returnOnEquity,position.marginUsed,position.maxLeverage":
        "follow from size, price and leverage",
        "position.cumFunding": "sums of the funding history, of a sign that nobody has stated",
        "marginSummary.totalNtlPos,marginSummary.totalRawUsd,marginSummary.totalMarginUsed": "sums over the positions",
    }),
)  # fmt: skip
"""The equity stands beside the list; the first position carries it.  An account without positions states none."""

SPOT_STATE = Format(
    name="hyperliquid.spot_state",
    family="hyperliquid.spot_state",
    venue="hyperliquid",
    title="Hyperliquid: spot balances of the API, if the answer was saved with its time",
    confidence="API documentation",
    how="the info API's spotClearinghouseState, as JSON, with a member `time` added to each balance",
    headers=(
        header("API JSON", "coin,token,total,hold,entryNtl"),
        header("API JSON with times", "coin,token,total,hold,entryNtl,time"),
    ),
    cells={
        "time": epoch("time", required=False),
        "asset": text("coin", required=True),
        "total": money("total", required=True),
    },
    event=pl.when(AT.is_null()).then(pl.lit("timeless")).otherwise(pl.lit("balance")),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": ASSET, "balance": pl.col("total"),
        "kind": pl.when(ASSET == COLLATERAL).then(pl.lit("equity")).otherwise(pl.lit("wallet"))}),)},
    ignores={"timeless": "a balance without an instant: the answer says of no time what it states"},
    identity=Identity(kind="content", cells=("time", "asset", "total")),
    unread=unread({
        "token": "the coin's number", "hold": "what of it open orders hold", "entryNtl": "what it cost",
        "borrowed,supplied,ltv": "of portfolio margin: stated by the ledger updates",
    }),
)  # fmt: skip
"""Of USDC the perpetuals hold a part, too: the pot holds more than this."""

FORMATS = (LENDING_INTEREST, CLEARINGHOUSE_STATE, SPOT_STATE)
