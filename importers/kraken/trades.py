"""Trades: executions with the margin they used and the position they opened or closed, as CSV or JSON of the API.

A position is its opening trade: `posttxid` of a trade that closes names it.  `fee` is stated in the quote, whatever it
was charged in: the ledger has the real one.  Whoever settles a position pays what was borrowed and keeps what was
bought: the row prints the side of the opening trade (a long is settled by a `buy`), so that its side is turned here.
"""

from __future__ import annotations

import polars as pl

from importers.cells import money, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import claimed, header
from importers.kraken.cells import clock, pair
from importers.vocabulary import SIDES

NO_POSITION = "TKH2SE-M7IF5-CFI7LT"
"""Stands where a trade names no position; it is no trade."""

TRADE, ORDER_TYPE, STATUS = pl.col("trade_ref"), pl.col("order_type").str.to_lowercase(), pl.col("status")
MISC = pl.col("misc").fill_null("").str.to_lowercase()
NAMED = pl.when((pl.col("position") != NO_POSITION) & (pl.col("position") != TRADE)).then("position")
IS_LIQUIDATION = (
    ORDER_TYPE.str.starts_with("liquidation").fill_null(False) | MISC.str.contains("liquidated", literal=True)
)  # fmt: skip
CLOSES = IS_LIQUIDATION | MISC.str.contains("closing", literal=True) | (NAMED.is_not_null() & STATUS.is_null())
IS_MARGIN = CLOSES | STATUS.is_not_null() | (pl.col("margin") > 0).fill_null(False)
"""A status stands on trades that open a position."""
DELIVERS = (pl.col("fee") == 0) & (pl.col("ledgers").str.count_matches(r"[\w-]+") == 2)
"""No fee, and a ledger row each for base and quote: a trade that closes otherwise books one row, its result."""
IS_SETTLEMENT = CLOSES & ~IS_LIQUIDATION & (ORDER_TYPE.str.contains("settle", literal=True) | DELIVERS).fill_null(False)
PRINTED = pl.col("printed_side")
TURNED = pl.when(PRINTED == "buy").then(pl.lit("sell")).otherwise(pl.lit("buy"))

EVENT = (
    pl.when(IS_SETTLEMENT).then(pl.lit("settlement"))
    .when(IS_LIQUIDATION).then(pl.lit("liquidation"))
    .when(IS_MARGIN).then(pl.lit("margin"))
    .otherwise(pl.lit("spot"))
)  # fmt: skip


def _fill(execution: str, side: pl.Expr = PRINTED) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("symbol"),
        "product": pl.lit("margin"), "margin_mode": pl.lit("cross"), "side": side, "quantity": pl.col("quantity"),
        "price": pl.col("price"), "fee": pl.col("fee"), "fee_asset": pl.col("quote"), "liquidity": pl.col("liquidity"),
        "execution": pl.lit(execution), "trade_ref": TRADE, "order_ref": pl.col("order_ref"),
        "notional_stated": pl.col("cost"), "settle_asset": pl.col("quote"), "style": pl.lit("linear"),
        "effect": pl.when(CLOSES).then(pl.lit("close")).otherwise(pl.lit("open")),
        "position_ref": pl.when(CLOSES).then(NAMED).otherwise(TRADE), "initial_margin": pl.col("margin"),
    })  # fmt: skip


SPOT = Emit(table="fills", columns={
    **{name: value for name, value in _fill("trade").columns.items()
       if name not in ("margin_mode", "effect", "position_ref", "initial_margin")},
    "product": pl.lit("spot"),
})  # fmt: skip
FORCED = Emit(table="liquidations", columns={
    "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("symbol"),
    "product": pl.lit("margin"), "margin_mode": pl.lit("cross"), "side": PRINTED, "quantity": pl.col("quantity"),
    "price": pl.col("price"), "order_ref": pl.col("order_ref"),
})  # fmt: skip
"""The fill beside it has the fee; whether it was all of the position the row does not say."""
HAS_RESULT = pl.col("net").is_not_null() & (pl.col("closed") != 0).fill_null(True)
RESULT = Emit(table="stated_results", where=HAS_RESULT, columns={
    "booked_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("symbol"), "asset": pl.col("quote"),
    "amount": pl.col("net"), "basis": pl.lit("net"), "grain": pl.lit("position"), "trade_ref": TRADE,
})  # fmt: skip
"""Stated on the opening trade, for what was closed of it when the file was made: the row has no other time."""


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return rows.with_columns(pl.col("symbol").str.split("/").list.last().alias("quote"))


CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "trade_ref": text("txid", required=True),
    "order_ref": text("ordertxid"),
    "symbol": pair("pair"),
    "printed_side": word("type", SIDES, required=True),
    "order_type": text("ordertype"),
    "price": money("price", required=True),
    "cost": money("cost"),
    "fee": money("fee"),
    "quantity": money("vol", required=True),
    "margin": money("margin"),
    "misc": text("misc"),
    "ledgers": text("ledgers"),
    "position": text("posttxid"),
    "status": text("posstatuscode"),
    "closed": money("cvol"),
    "net": money("net"),
    "liquidity": word("maker", {"true": "maker", "false": "taker"}),
}

T1 = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers"
T2 = "txid,ordertxid,pair,aclass,subclass,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers"
CLOSED = "cprice,ccost,cfee,cvol,cmargin,net"
MUST = "ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc"


TRADES = Format(
    name="kraken.trades",
    family="kraken.trades",
    venue="kraken",
    title="Kraken: trades, spot and margin",
    confidence="real file seen",
    how="Documents (or History), Export, Trades, all columns, as CSV; or the API's /0/private/TradesHistory as JSON",
    headers=(
        header("to 2024", T1),
        header("to 2024, all columns", f"{T1},postxid,posstatus,{CLOSED},trades", confidence="parser seen"),
        header("2025", T2, confidence="parser seen"),
        header("from late 2024, all columns", f"{T2},posttxid,posstatuscode,{CLOSED},trades"),
        header("from July 2025, all columns",
               f"{T2},posttxid,posstatuscode,{CLOSED},costusd,trades", confidence="parser seen"),
        header("chosen columns", f"txid,{MUST}", confidence="parser seen"),
        header("API JSON", f"key,{MUST},postxid", confidence="API documentation"),
    ),
    aliases={"key": "txid", "postxid": "posttxid", "posstatus": "posstatuscode"},
    cells=CELLS,
    event=EVENT,
    event_columns=("type", "ordertype", "misc"),
    cases={
        "spot": (SPOT,),
        "margin": (_fill("trade"), RESULT),
        "liquidation": (_fill("liquidation"), FORCED),
        "settlement": (_fill("settlement", TURNED),),
    },
    wallet="spot",
    identity=Identity(kind="id", cells=("trade_ref",), content=("symbol", "printed_side", "quantity", "price")),
    claims=claimed(fills=1, fees=2, liquidations=1),
    prepare=_prepare,
    unread={
        "aclass": "always `forex`",
        "subclass": "class of the base: the pair says it",
        "trades": "the trades that closed it name it, too",
        "costusd": "the venue's valuation",
        "leverage": "`cost` by `margin`",
        "trade_id": "number of the trade in the public tape",
        **dict.fromkeys(("cprice", "ccost", "cfee", "cmargin"), "sums of the trades that closed it"),
    },
)  # fmt: skip
"""The symbol is the pair in its new spelling, `BTC/USD`, whatever the file prints: one pair is one stream."""

FORMATS = (TRADES,)
