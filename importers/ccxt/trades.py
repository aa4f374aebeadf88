"""Trades (`fetchMyTrades`): executions, amounts of contracts in contracts.

`cost` is ccxt's value of the fill without its fee: price x amount x contract size.  Of a linear contract it is in the
settle asset and stands for the size that nobody states; of an inverse one venues mean coins or dollars by it, so there
the size has to come from a dump of markets or positions, or from the row.
"""

from __future__ import annotations

import polars as pl

from importers.ccxt.cells import (
    NAMES,
    UNDERSTOOD,
    VENUE,
    VENUE_ALIASES,
    fees,
    info_word,
    instant,
    lower_word,
    venue,
    with_fees,
)
from importers.ccxt.numbers import computed, number
from importers.ccxt.symbols import name_instrument, with_terms
from importers.cells import text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.vocabulary import MARGIN_MODES

EXECUTIONS = {
    "trade": "trade", "t": "trade", "m": "trade", "busttrade": "liquidation", "liquidation": "liquidation",
    "adltrade": "adl", "adl": "adl", "delivery": "delivery", "settle": "settlement", "settlement": "settlement",
    "funding": "funding",
}  # fmt: skip
"""`execType` of the raw reply (Bybit, BitMEX, OKX: T and M say taker and maker)."""
SIDES = {"long": "long", "short": "short", "both": "both", "net": "both"}

AT, SYMBOL, SETTLE = pl.col("time"), pl.col("symbol"), pl.col("settle")
IS_SPOT, IS_INVERSE = pl.col("product") == "spot", pl.col("style") == "inverse"
MARGIN = pl.col("wallet_of_row").replace_strict(MARGIN_MODES, default=None, return_dtype=pl.String)
PAIR = pl.when(MARGIN == "isolated").then(pl.col("instrument"))
EXECUTION = pl.coalesce(
    pl.col("execution").replace_strict(EXECUTIONS, default=None, return_dtype=pl.String),
    pl.when(pl.col("execution").is_null()).then(pl.lit("trade")),
)

FILL = Emit(table="fills", columns={
    "filled_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"),
    "product": pl.when(IS_SPOT & MARGIN.is_not_null()).then(pl.lit("margin")).otherwise(pl.col("product")),
    "margin_mode": pl.when(IS_SPOT).then(MARGIN), "pair": pl.when(IS_SPOT).then(PAIR),
    "position_side": pl.col("held_side"), "side": pl.col("side"), "quantity": pl.col("quantity"),
    "price": pl.col("price"), "fee": pl.col("fee"), "fee_asset": pl.col("fee_asset"),
    "liquidity": pl.col("liquidity"), "execution": EXECUTION, "trade_ref": pl.col("trade_ref"),
    "order_ref": pl.col("order_ref"), "settle_asset": SETTLE, "style": pl.col("style"),
    "notional_stated": pl.when(~IS_INVERSE & (pl.col("cost") > 0)).then(pl.col("cost")),
})  # fmt: skip
SECOND_FEE = Emit(table="adjustments", where=pl.col("more_fee").fill_null(0) != 0, columns={
    "booked_at": AT, "asset": pl.col("more_fee_asset"), "amount": -pl.col("more_fee"), "symbol": SYMBOL,
    "kind": pl.lit("trading_fee"), "group_ref": pl.col("trade_ref"),
})  # fmt: skip
SIZE = Emit(table="instruments", where=~IS_SPOT & (IS_INVERSE | pl.col("cost").is_null())
            & (pl.col("contract_size") > 0).fill_null(False), columns={
    "symbol": SYMBOL, "instrument": pl.col("instrument"), "product": pl.col("product"), "settle": SETTLE,
    "multiplier": pl.col("contract_size"), "style": pl.col("style"), "source": pl.lit("contractSize of a ccxt dump"),
})  # fmt: skip
"""Only where the row's value does not say the size itself."""

CELLS: dict[str, Cell] = {
    "time": instant(),
    "venue": venue(),
    "trade_ref": text("id"),
    "symbol": text("symbol", required=True),
    "order_ref": text("order"),
    "side": word("side", {"buy": "buy", "sell": "sell"}, required=True),
    "quantity": number("amount", required=True),
    "price": number("price", required=True),
    "cost": computed("cost"),
    "liquidity": word("takerormaker", {"taker": "taker", "maker": "maker"}),
    "fees": fees(),
    "contract_size": info_word("contractsize", "contractSize"),
    "execution": lower_word("info.exectype", "execType"),
    "held_side": lower_word("info.positionside", "positionSide", "posSide"),
}
DIALECT = (
    "fees", "fee", "fee.cost", "fee.currency", "fee.rate", "fee_cost", "fee_currency", "fee_rate", "contractSize",
    "info", *NAMES,
)  # fmt: skip
PRINTED = ("id", "timestamp", "datetime", "symbol", "order", "type", "side", "takerOrMaker", "price", "amount", "cost")


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with terms and fees; a trade without an id is known by all that it states."""
    named = with_fees(with_terms(rows, context, contracts=False))
    content = pl.concat_str(
        AT.dt.epoch("us"), "side", pl.col("quantity").cast(pl.String), pl.col("price").cast(pl.String), "order_ref",
        separator="|", ignore_nulls=True,
    )  # fmt: skip
    return named.with_columns(
        pl.coalesce("trade_ref", content).alias("trade_key"),
        pl.col("held_side").replace_strict(SIDES, default=None, return_dtype=pl.String),
        pl.col("contract_size").cast(pl.Decimal(38, 18), strict=False),
    )


TRADES = Format(
    name="ccxt.trades",
    family="ccxt.trades",
    venue=VENUE,
    venue_column="venue",
    title="ccxt: own trades",
    confidence="API documentation",
    how="what fetchMyTrades returns, saved as JSON, JSON lines or CSV; a key `exchange` or `venue` names the venue",
    headers=(
        Header(name="objects", columns=(*PRINTED, "fee"), optional=DIALECT),
        *(Header(name=name, confidence="inferred", columns=(*PRINTED, f"fee{mark}currency", f"fee{mark}cost"),
                 optional=DIALECT) for name, mark in (("flat CSV", "."), ("flat CSV with underscores", "_"))),
        Header(name="chosen columns", confidence="inferred", columns=("id", "datetime", "symbol", "order", "side",
               "price", "amount"), optional=("timestamp", "type", "takerOrMaker", "cost", *DIALECT)),
    ),
    aliases=VENUE_ALIASES,
    cells=CELLS,
    event=pl.when(EXECUTION == "funding").then(pl.lit("funding"))
    .when(EXECUTION.is_not_null() & UNDERSTOOD).then(pl.lit("trade")),
    event_columns=("symbol", "info.exectype", "info", "fee.cost", "fee_cost", "fees"),
    cases={"trade": (FILL, SECOND_FEE, SIZE)},
    ignores={"funding": "funding that the venue lists among its executions: the funding history states it"},
    wallet=pl.col("wallet_of_row"),
    identity=Identity(kind="id", cells=("key_symbol", "trade_key"), content=("side", "quantity", "price")),
    claims=claimed(0, fills=3, fees=3),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread={
        "type": "of the order: limit or market",
        "fee.rate": "the fee itself is stated",
        "fee_rate": "the fee itself is stated",
    },
)  # fmt: skip
"""A venue's own exports come before a dump, which has their floats.  Scripts ask one symbol at a time."""

FORMATS = (TRADES,)
