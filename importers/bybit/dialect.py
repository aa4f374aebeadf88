"""The dialects of Bybit's order pages and API answers, and the facts that an execution becomes in either.

A fee is + = cost.  On funding rows the fee is what the position paid, and the direction is the position's side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from importers.bybit.cells import MINUTES, NOTHING, SECONDS, clock
from importers.bybit.symbols import name_instrument, split_pair
from importers.cells import mapped, text
from importers.contract import Cell, Emit

PAGE_CLOCKS = (MINUTES, SECONDS, "%Y-%m-%d %H:%M")
"""The pages print the minute first; re-saved files have the date first."""

KINDS = {
    "Trade": "trade", "BlockTrade": "trade", "MovePosition": "trade", "FutureSpread": "trade", "Funding": "funding",
    "BustTrade": "liquidation", "Liquidation": "liquidation", "AdlTrade": "adl", "Delivery": "delivery",
    "Settle": "settlement", "SessionSettlePnL": "session",
}  # fmt: skip
"""Execution types; what the API calls BustTrade is printed as Liquidation, too.  Splits and other corporate actions
are documented by name only."""
IGNORES = {
    "session": "a session settlement of a USDC contract: nothing executed; its result is in the transaction log",
}

TAIL = 8
"""Characters that are left of an id on the pages, behind a blank."""


def page_clock(column: str) -> Cell:
    """Return the instant of a row of an order page."""
    return clock(column, *PAGE_CLOCKS)


def note(column: str) -> Cell:
    """Return a text; `--` is none."""
    return replace(text(column), empty_words=NOTHING)


def contract(column: str) -> Cell:
    """Return the symbol of a derivative whose terms its name gives away."""
    return _named(column, lambda symbol: name_instrument(symbol, None) is not None,
                  "the symbol of a contract, as BTCUSDT, BTCPERP, BTCUSD or BTC-27MAR26")  # fmt: skip


def pair(column: str) -> Cell:
    """Return a spot pair as printed, BTCUSDT or BTC/USDT."""
    return _named(column, lambda symbol: split_pair(symbol) is not None,
                  "a spot pair whose quote is known, as BTCUSDT or BTC/USDT")  # fmt: skip


def contract_or_pair(column: str) -> Cell:
    """Return a symbol that names a contract, a spot pair, or both."""
    return _named(column, lambda symbol: bool(name_instrument(symbol, None) or split_pair(symbol)),
                  "the symbol of a contract or of a spot pair whose quote is known")  # fmt: skip


def _named(column: str, is_known: Callable[[str], bool], expected: str) -> Cell:
    return mapped(column, lambda symbol: symbol if is_known(symbol) else None, expected, required=True, unmapped=True)


def tail(column: str) -> pl.Expr:
    """Return the end of an id: all that every export of it prints."""
    return pl.col(column).str.tail(TAIL)


# -------------------------------------------------------------------------------------- what a row becomes

COINED = pl.when(pl.col("fee_coin").is_not_null() & (pl.col("fee_v2") != 0)).then("fee_v2")
"""A fee in the coin that stands beside it; where there is no such coin, or no such fee, the plain column counts."""

FILL: Mapping[str, pl.Expr] = {
    "filled_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "product": pl.col("product"), "side": pl.col("side"), "quantity": pl.col("quantity"), "price": pl.col("price"),
    "fee": pl.col("fee"), "fee_asset": pl.when(pl.col("fee").is_not_null()).then("fee_asset"),
    "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"), "settle_asset": pl.col("settle"),
    "style": pl.col("style"),
}  # fmt: skip

IS_LONG = pl.col("side") == "buy"
FUNDING: Mapping[str, pl.Expr] = {
    "paid_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "position_side": pl.when(IS_LONG).then(pl.lit("long")).otherwise(pl.lit("short")),
    "asset": pl.col("fee_asset"), "amount": -pl.col("fee"),
    "rate": pl.when(pl.col("fee") == 0).then("fee_rate")
    .when((pl.col("fee") > 0) == IS_LONG).then(pl.col("fee_rate").abs()).otherwise(-pl.col("fee_rate").abs()),
    "position_quantity": pl.col("quantity").abs(), "mark_price": pl.col("price"),
}  # fmt: skip
"""The rate's sign follows from who paid, whichever way it is printed for shorts: + = longs pay."""


def fill(execution: str, columns: Mapping[str, pl.Expr] = FILL) -> Emit:
    """Return the fill of an execution."""
    return Emit(table="fills", columns={**columns, "execution": pl.lit(execution)})


def forced(stage: str) -> Emit:
    """Return the event of a forced execution; its fee stands on the fill.

    A takeover is booked at the bankruptcy price, whatever the market paid.
    """
    return Emit(table="liquidations", columns={
        "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "product": pl.col("product"), "side": pl.col("side"), "quantity": pl.col("quantity"), "price": pl.col("price"),
        "bankruptcy_price": pl.col("price") if stage == "takeover" else pl.lit(None), "stage": pl.lit(stage),
        "order_ref": pl.col("order_ref"),
    })  # fmt: skip


def cases(columns: Mapping[str, pl.Expr] = FILL) -> dict[str, tuple[Emit, ...]]:
    """Return what each kind of execution of a derivative becomes."""
    return {
        "trade": (fill("trade", columns),),
        "liquidation": (fill("liquidation", columns), forced("takeover")),
        "adl": (fill("adl", columns), forced("adl")),
        "delivery": (fill("delivery", columns),),
        "settlement": (fill("settlement", columns),),
        "funding": (Emit(table="funding", columns=FUNDING),),
    }
