"""What the API states at an instant: hourly interest of lending, and positions and equity of perpetuals.

spotClearinghouseState and borrowLendUserState name no instant, so they state no balance of any time.
"""

from __future__ import annotations

import polars as pl

from importers.cells import epoch, mapped, money, text
from importers.contract import Claim, Emit, Format, Header, Identity
from importers.hyperliquid.symbols import COLLATERAL, name_instrument

AT, TOKEN, OWED, EARNED = pl.col("time"), pl.col("token"), pl.col("borrow"), pl.col("supply")

LENDING_INTEREST = Format(
    name="hyperliquid.lending_interest",
    family="hyperliquid.lending_interest",
    venue="hyperliquid",
    title="Hyperliquid: interest of borrowing and lending of the API",
    confidence="API documentation",
    how="the info API's userBorrowLendInterest, as JSON",
    headers=(Header(name="API JSON", exact=True, columns=("time", "token", "borrow", "supply")),),
    cells={
        "time": epoch("time"),
        "token": text("token", required=True),
        "borrow": money("borrow"),
        "supply": money("supply"),
    },
    cases={"row": (
        Emit(table="interest", where=OWED > 0, columns={
            "accrued_at": AT, "asset": TOKEN, "amount": OWED, "kind": pl.lit("loan")}),
        Emit(table="adjustments", where=EARNED > 0, columns={
            "booked_at": AT, "asset": TOKEN, "amount": EARNED, "kind": pl.lit("lending_interest"),
            "wallet": pl.lit("earn")}),
    )},
    newest_first=True,
    wallet=pl.when((EARNED > 0) & (OWED.fill_null(0) == 0)).then(pl.lit("earn")).otherwise(pl.lit("unified")),
    identity=Identity(kind="id", cells=("time", "token")),
    claims=(
        Claim(fact="interest", rank=1, filterable=True, resolution_s=1, skew_s=1),
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
    headers=(Header(name="API JSON", columns=("time", "position.coin", "position.szi", "marginSummary.accountValue")),),
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
    unread={
        "type": "always oneWay",
        **dict.fromkeys((f"position.{name}" for name in (
            "positionvalue", "returnonequity", "marginused", "maxleverage")), "follow from size, price and leverage"),
        "position.cumfunding": "sums of the funding history, of a sign that nobody has stated",
        **dict.fromkeys((f"marginsummary.{name}" for name in ("totalntlpos", "totalrawusd", "totalmarginused")),
                        "sums over the positions"),
    },
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
        Header(name="API JSON", columns=("coin", "token", "total", "hold", "entryNtl")),
        Header(name="API JSON with times", columns=("coin", "token", "total", "hold", "entryNtl", "time")),
    ),
    cells={
        "time": epoch("time", required=False),
        "asset": text("coin", required=True),
        "total": money("total", required=True),
    },
    event=pl.when(AT.is_null()).then(pl.lit("timeless")).otherwise(pl.lit("balance")),
    cases={"balance": (Emit(table="stated_balances", columns={
        "stated_at": AT, "asset": pl.col("asset"), "balance": pl.col("total"),
        "kind": pl.when(pl.col("asset") == COLLATERAL).then(pl.lit("equity")).otherwise(pl.lit("wallet"))}),)},
    ignores={"timeless": "a balance without an instant: the answer says of no time what it states"},
    identity=Identity(kind="content", cells=("time", "asset", "total")),
    unread={
        "token": "the coin's number", "hold": "what of it open orders hold", "entryntl": "what it cost",
        **dict.fromkeys(("borrowed", "supplied", "ltv"), "of portfolio margin: stated by the ledger updates"),
    },
)  # fmt: skip
"""Of USDC the perpetuals hold a part, too: the pot holds more than this."""

FORMATS = (LENDING_INTEREST, CLEARINGHOUSE_STATE, SPOT_STATE)
