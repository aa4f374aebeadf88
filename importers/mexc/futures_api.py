"""Futures of the API: positions, orders (the forced ones), funding.  Sizes are contracts, which no answer values."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, money, text, word
from importers.contract import Format, Header, Identity
from importers.declared import claimed
from importers.shapes import CLOSED, FUNDED, forced, name_dashed, named_symbol, of_contracts

TYPES = {"1": "long", "2": "short"}
OPEN_TYPES = {"1": "isolated", "2": "cross"}
SIDES = {"1": "buy", "2": "buy", "3": "sell", "4": "sell"}
"""1 opens a long, 2 closes a short, 3 opens a short, 4 closes a long."""
CATEGORIES = {"1": "own", "2": "liquidation", "3": "own", "4": "adl"}
ORDER_STATES = {"1": "waiting", "2": "waiting", "3": "done", "4": "cancelled", "5": "invalid"}
POSITION_STATES = {"1": "holding", "2": "taken over", "3": "closed"}

POSITIONS = Format(
    name="mexc.positions_api",
    family="mexc.positions_api",
    venue="mexc",
    title="MEXC futures: positions of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/private/position/list/history_positions",
    headers=(Header(name="API", columns=(
        "positionId", "symbol", "positionType", "openType", "state", "holdVol", "closeVol", "openAvgPrice",
        "closeAvgPrice", "holdFee", "realised", "createTime", "updateTime"),
        optional=("holdAvgPrice", "frozenVol", "liquidatePrice", "oim", "im", "leverage", "adlLevel", "autoAddIm")),),
    cells={
        "time": epoch("updatetime"),
        "opened_at": epoch("createtime", required=False),
        "position": text("positionid", required=True),
        "symbol": named_symbol("symbol"),
        "position_side": word("positiontype", TYPES, required=True),
        "margin_mode": word("opentype", OPEN_TYPES),
        "entry": money("openavgprice"),
        "exit": money("closeavgprice"),
        "net": money("realised", required=True),
        "state": word("state", POSITION_STATES, required=True),
    },
    event=pl.col("state"),
    event_columns=("state",),
    cases={"closed": CLOSED, "taken over": (*CLOSED, forced(None, pl.when(pl.col("position_side") == "long")
                                                    .then(pl.lit("sell")).otherwise(pl.lit("buy"))))},
    ignores={"holding": "a position that is held: its figures will change"},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("position",), content=("symbol", "net", "state")),
    claims=claimed(5, liquidations=2),
    name_instrument=name_dashed,
    prepare=of_contracts(),
    unread=dict.fromkeys(
        ("holdvol", "closevol", "frozenvol", "holdavgprice", "liquidateprice", "oim", "im", "leverage", "adllevel",
         "autoaddim", "holdfee"), "sizes in contracts, margins, and funding that has records of its own"),
)  # fmt: skip
"""State 2: the system took the position over, a liquidation."""

ORDERS = Format(
    name="mexc.orders_api",
    family="mexc.orders_api",
    venue="mexc",
    title="MEXC futures: orders of the API (liquidations and ADL), as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/private/order/list/history_orders",
    headers=(Header(name="API", columns=(
        "orderId", "symbol", "price", "vol", "side", "category", "dealAvgPrice", "dealVol", "takerFee", "makerFee",
        "profit", "feeCurrency", "state", "createTime", "updateTime"),
        optional=("positionId", "leverage", "orderType", "orderMargin", "usedMargin", "openType", "externalOid",
                  "errorCode", "stopLossPrice", "takeProfitPrice")),),
    cells={
        "time": epoch("updatetime"),
        "symbol": named_symbol("symbol"),
        "order_ref": text("orderid", required=True),
        "side": word("side", SIDES, required=True),
        "category": word("category", CATEGORIES, required=True),
        "limit": money("price"),
        "price": money("dealavgprice"),
        "filled": money("dealvol", required=True),
        "margin_mode": word("opentype", OPEN_TYPES),
        "state": word("state", ORDER_STATES, required=True),
    },
    event=pl.when(pl.col("filled") == 0).then(pl.lit("unexecuted")).otherwise("category"),
    event_columns=("category", "state"),
    cases={
        "liquidation": (replace(forced("takeover"), columns={
            **forced("takeover").columns, "bankruptcy_price": pl.col("limit")}),),
        "adl": (forced("adl"),),
    },
    ignores={
        "own": "an order of the account's own: what it did is in the trade history",
        "unexecuted": "an order that executed nothing",
    },
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("order_ref",), content=("symbol", "side", "price")),
    claims=claimed(5, liquidations=1),
    name_instrument=name_dashed,
    prepare=of_contracts(),
    unread=dict.fromkeys(
        ("vol", "takerfee", "makerfee", "profit", "feecurrency", "createtime", "positionid", "leverage", "ordertype",
         "ordermargin", "usedmargin", "externaloid", "errorcode", "stoplossprice", "takeprofitprice"),
        "says nothing of a forced execution that other keys do not"),
)  # fmt: skip
"""The price of a liquidation order is that at which the system took the position over."""

FUNDING = Format(
    name="mexc.funding_api",
    family="mexc.funding_api",
    venue="mexc",
    title="MEXC futures: funding of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/private/position/funding_records",
    headers=(Header(name="API", columns=("id", "symbol", "positionType", "funding", "rate", "settleTime"),
                    optional=("positionValue", "positionId")),),
    cells={
        "time": epoch("settletime"),
        "transaction_ref": text("id", required=True),
        "symbol": named_symbol("symbol"),
        "position_side": word("positiontype", TYPES, required=True),
        "amount": money("funding", required=True),
        "rate": money("rate"),
    },
    cases={"row": (FUNDED,)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("transaction_ref",), content=("symbol", "amount")),
    claims=claimed(2, funding=1),
    name_instrument=name_dashed,
    prepare=of_contracts(),
    unread={"positionvalue": "of the position at the instant", "positionid": "no other export has it"},
)  # fmt: skip

FORMATS = (POSITIONS, ORDERS, FUNDING)
