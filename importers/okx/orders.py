"""Orders: no executions, and no cash; only what the API says of orders that the venue placed itself is a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.cells import epoch, text, word
from importers.contract import Claim, Format, Identity
from importers.declared import header, spelled, unread
from importers.okx.cells import all_unmarked, clock, instrument, money, reference
from importers.okx.symbols import name_instrument
from importers.shapes import complete, forced
from importers.vocabulary import SIDES

STAGES: Mapping[str, str] = {"full_liquidation": "full", "partial_liquidation": "partial", "adl": "adl"}
CATEGORIES: Mapping[str, str] = {
    **STAGES, **dict.fromkeys(("normal", "twap", "ddh", "delivery", "auto_conversion"), "order"),
}  # fmt: skip
ORDER = {"order": "an order: its fills and its cash are in other exports"}

ORDERS = spelled(Format(
    name="okx.orders",
    family="okx.orders",
    venue="okx",
    title="OKX: order history (recognized, not stored)",
    confidence="parser seen",
    how="Assets, Order center, Order history, Download",
    headers=(header("2025 to 2026", (
        "Order ID,Order Time,Instrument,Symbol,Order Type,Side,Status,Order Price,Avg. Filled Price,Order Amount,"
        "Filled Amount,Bot ID")),),
    aliases={"Order ID": "order_id", "Order Time": "time"},
    cells=all_unmarked({"time": replace(clock("time"), needs_zone=False), "order": text("order_id", required=True)}),
    event=pl.lit("order"),
    cases={},
    ignores=ORDER,
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "order")),
    unread=unread({
        "Instrument,Symbol,Order Type,Side,Status,Order Price,Avg. Filled Price,Order Amount,Filled Amount,Bot ID":
        "an order is no execution",
    }),
))  # fmt: skip

ANSWER = spelled(replace(
    ORDERS,
    name="okx.orders_api",
    family="okx.orders_api",
    title="OKX: orders of the API, as JSON or CSV: which of them were forced",
    confidence="API documentation",
    how="/api/v5/trade/orders-history, orders-history-archive",
    headers=(header("API", "instType,instId,ordId,side,posSide,category,avgPx,accFillSz,state,uTime"),),
    aliases={},
    cells=all_unmarked({
        "time": epoch("utime"),
        "order_ref": reference("ordid", required=True),
        "symbol": instrument("instid"),
        "category": word("category", CATEGORIES, required=True),
        "side": word("side", SIDES, required=True),
        "quantity": money("accfillsz"),
        "price": money("avgpx"),
    }),
    event=pl.when(pl.col("quantity").fill_null(0) == 0).then(pl.lit("order")).otherwise("category"),
    event_columns=("category",),
    cases={stage: (forced(stage),) for stage in STAGES.values()},
    newest_first=True,
    identity=Identity(kind="id", cells=("symbol", "order_ref"), content=("category", "quantity", "price")),
    claims=(Claim(fact="liquidations", rank=5, grain="order", filterable=True, wallets=("unified",)),),
    name_instrument=name_instrument,
    prepare=complete,
    unread=unread({
        "instType,posSide,state,tgtCcy,ccy,tag,clOrdId,px,pxUsd,pxVol,pxType,sz,pnl,ordType,lever,tdMode,fillPx,tradeId,"
        "fillSz,fillTime,source,feeCcy,fee,rebateCcy,rebate,reduceOnly,cTime,attachAlgoClOrdId,slTriggerPx,slOrdPx,"
        "tpTriggerPx,tpOrdPx,stpId,stpMode,algoId,algoClOrdId,isTpLimit,quickMgnType,attachAlgoOrds,linkedAlgoOrd,"
        "cancelSource,cancelSourceReason,slTriggerPxType,tpTriggerPxType,tradeQuoteCcy":
        "of the order, not of its force",
    }),
))  # fmt: skip
"""An order's sum of fills is no execution; it says why the fills with its id happened."""

FORMATS = (ORDERS, ANSWER)
