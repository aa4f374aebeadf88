"""User trades and settlements of the API: what was traded, and what sessions and deliveries came to, without balances.

A trade says which sides of it were liquidations, M and T: it was the user's own where his role is among them.  Its
`profit_loss` counts from the last session, so that it is no result of a position.  A settlement says no side: whether
its position is signed nobody has shown, so a delivery here closes nothing.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, integer, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.deribit.cells import number, product
from importers.deribit.symbols import name_instrument
from importers.naming import with_terms
from importers.vocabulary import SIDES

AT, SYMBOL, SIDE = pl.col("time"), pl.col("symbol"), pl.col("side")
TRADE, ORDER, SETTLE = pl.col("trade_ref"), pl.col("order_ref"), pl.col("settle")
IS_OWN_LIQUIDATION = (
    (pl.col("order_type") == "liquidation") | pl.col("liquidated").str.contains(pl.col("role"), literal=True)
).fill_null(False)
LIQUIDITY = pl.col("role").replace_strict({"M": "maker", "T": "taker"}, default=None, return_dtype=pl.String)


def _with_settle(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_terms(rows, name_instrument, "settle")


def _result(amount: str, grain: str) -> Emit:
    return Emit(table="stated_results", where=pl.col(amount).is_not_null() & (pl.col(amount) != 0), columns={
        "booked_at": AT, "symbol": SYMBOL, "asset": SETTLE, "amount": pl.col(amount), "basis": pl.lit("gross"),
        "grain": pl.lit(grain), "trade_ref": TRADE, "order_ref": ORDER,
    })  # fmt: skip


FILL = Emit(table="fills", columns={
    "filled_at": AT, "symbol": SYMBOL, "position_side": pl.lit("both"), "side": SIDE, "quantity": pl.col("amount"),
    "price": pl.col("price"), "fee": pl.col("fee"), "fee_asset": pl.col("fee_asset"), "liquidity": LIQUIDITY,
    "execution": pl.when(IS_OWN_LIQUIDATION).then(pl.lit("liquidation")).otherwise(pl.lit("trade")),
    "trade_ref": TRADE, "order_ref": ORDER,
})  # fmt: skip
LIQUIDATED = Emit(table="liquidations", where=IS_OWN_LIQUIDATION, columns={
    "liquidated_at": AT, "symbol": SYMBOL, "side": SIDE, "quantity": pl.col("amount"), "price": pl.col("price"),
    "mark_price": pl.col("mark"), "order_ref": ORDER,
})  # fmt: skip

TRADES = Format(
    name="deribit.user_trades",
    family="deribit.user_trades",
    venue="deribit",
    title="Deribit: user trades of the API",
    confidence="API documentation",
    how="private/get_user_trades_by_currency, of the last day with historical=false, older with historical=true",
    headers=(Header(name="API", columns=(
        "trade_id", "instrument_name", "direction", "amount", "price", "fee", "fee_currency", "timestamp",
    ), optional=("trade_seq", "order_id", "order_type", "liquidity", "liquidation", "profit_loss", "mark_price")),),
    cells={
        "time": epoch("timestamp"),
        "sequence": integer("trade_seq"),
        "symbol": text("instrument_name", required=True),
        "product": product("instrument_name"),
        "side": word("direction", SIDES, required=True),
        "amount": number("amount", required=True),
        "price": number("price", required=True),
        "mark": number("mark_price"),
        "fee": number("fee"),
        "fee_asset": text("fee_currency"),
        "role": word("liquidity", {"M": "M", "T": "T"}),
        "order_type": word("order_type", {
            name: name for name in ("limit", "market", "liquidation", "stop_limit", "stop_market", "take_limit",
                                    "take_market", "market_limit", "trailing_stop")}),
        "liquidated": word("liquidation", {"M": "M", "T": "T", "MT": "MT"}),
        "profit": number("profit_loss"),
        "trade_ref": text("trade_id", required=True),
        "order_ref": text("order_id"),
    },
    event=pl.when(pl.col("product") != "").then(pl.lit("trade")),
    event_columns=("instrument_name",),
    cases={"trade": (FILL, LIQUIDATED, _result("profit", "fill"))},
    sequence="sequence",
    identity=Identity(kind="id", cells=("symbol", "trade_ref", "side"), content=("amount", "price")),
    claims=claimed(fills=2, fees=2, liquidations=1),
    name_instrument=name_instrument,
    prepare=_with_settle,
    unread={
        "contracts": "the amount by the contract's size",
        **dict.fromkeys(("index_price", "underlying_price", "iv"), "of the market at the trade"),
        **dict.fromkeys(
            ("state", "label", "reduce_only", "post_only", "api", "advanced", "risk_reducing", "mmp", "user_id",
             "matching_id", "tick_direction", "self_trade"),
            "of the order, or of the tape"),
        **dict.fromkeys(
            ("block_trade_id", "block_trade_leg_count", "block_rfq_id", "combo_id", "combo_trade_id", "legs"),
            "what it was a part of"),
    },
)  # fmt: skip
"""Both sides of a trade with oneself have one id."""

SETTLEMENTS = replace(
    TRADES,
    name="deribit.settlements",
    family="deribit.settlements",
    title="Deribit: settlements and deliveries of the API (checks, and the funding of sessions)",
    how="private/get_settlement_history_by_currency, all pages, as JSON",
    headers=(Header(name="API", columns=(
        "type", "timestamp", "instrument_name", "position", "session_profit_loss",
    ), optional=("profit_loss", "funding", "mark_price", "index_price")),),
    cells={
        "time": epoch("timestamp"),
        "type": word("type", {name: name for name in ("settlement", "delivery", "bankruptcy")}, required=True),
        "symbol": text("instrument_name"),
        "product": product("instrument_name"),
        "position": number("position"),
        "mark": number("mark_price"),
        "funding": number("funding"),
        "session": number("session_profit_loss"),
        "trade_ref": text("trade_id"),
        "order_ref": text("order_id"),
    },
    event=pl.when((pl.col("type") != "bankruptcy") & (pl.col("product") != "")).then(pl.lit("settled")),
    event_columns=("type", "instrument_name"),
    cases={"settled": (
        Emit(table="funding", where=(pl.col("funding") != 0).fill_null(False), columns={
            "paid_at": AT, "symbol": SYMBOL, "asset": SETTLE, "amount": pl.col("funding"),
            "position_quantity": pl.when(pl.col("position") != 0).then(pl.col("position").abs()),
            "mark_price": pl.when(pl.col("mark") > 0).then(pl.col("mark")),
        }),
        _result("session", "day"),
    )},
    sequence=None,
    identity=Identity(kind="content", cells=("time", "type", "symbol", "position", "session", "funding")),
    claims=claimed(2, funding=2),
    unread={
        "profit_loss": "since the position was opened: the session's is what becomes cash",
        "index_price": "price of the index",
        **dict.fromkeys(
            ("funded", "socialized", "session_bankruptcy", "session_tax", "session_tax_rate"),
            "of bankruptcies, which are rejected: they name no currency, and nobody has shown their signs"),
    },
)  # fmt: skip

FORMATS = (TRADES, SETTLEMENTS)
