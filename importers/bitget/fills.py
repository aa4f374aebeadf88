"""Fills of the futures accounts: executions of the API, by request or from the websocket.

In hedge mode `side` means two things.  An answer of the API names the position: `buy` and `close` is the close of a
long.  The websocket names the trade: `buy` and `close` buys a short back.  The keys tell the two apart; the forced
trade sides (`burst_close_long`, `reduce_sell_single`) say themselves which side was closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.bitget.dialect import first_fees
from importers.bitget.rows import Words
from importers.bitget.symbols import contract_symbol, futures_wallet, name_contract
from importers.cells import epoch, mapped, money, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import claimed, header, spelled
from importers.naming import with_terms
from importers.vocabulary import column, looked_up, table

SIDES = Words(table(__file__, "trade_sides.csv"))
TRADE_SIDES = {line["type"]: line for line in SIDES.lines}
LIQUIDITY = {"taker": "taker", "maker": "maker"}
TURNED = {"buy": "sell", "sell": "buy"}
HELD = {"buy": "long", "sell": "short"}

AT, SYMBOL, SIDE = pl.col("time"), pl.col("symbol"), pl.col("trade_side_out")
FILL: Mapping[str, pl.Expr] = {
    "filled_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"), "product": pl.col("product"), "side": SIDE,
    "position_side": pl.col("held"), "quantity": pl.col("quantity"), "price": pl.col("price"), "fee": pl.col("fee"),
    "fee_asset": pl.col("fee_asset"), "liquidity": pl.col("liquidity"), "execution": pl.col("execution"),
    "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"), "realized_stated": pl.col("realized"),
    "settle_asset": pl.col("settle"), "style": pl.col("style"), "effect": pl.col("effect"),
}  # fmt: skip
FORCED = Emit(table="liquidations", where=pl.col("stage").is_not_null(), columns={
    "liquidated_at": AT, "symbol": SYMBOL, "instrument": pl.col("instrument"), "product": pl.col("product"),
    "side": SIDE, "quantity": pl.col("quantity"), "price": pl.col("price"), "stage": pl.col("stage"),
    "order_ref": pl.col("order_ref"),
})  # fmt: skip
SECOND_FEE = Emit(table="adjustments", where=pl.col("other_fee").fill_null(0) != 0, columns={
    "booked_at": AT, "asset": pl.col("other_fee_asset"), "amount": -pl.col("other_fee"), "symbol": SYMBOL,
    "kind": pl.lit("trading_fee"), "group_ref": pl.col("trade_ref"),
})  # fmt: skip
"""A fee that was paid in two coins, partly in the venue's own."""
FILLED = Emit(table="fills", columns=FILL)
CASES = {"fill": (FILLED, FORCED, SECOND_FEE)}


def trade_side(name: str) -> Cell:
    """Return the trade side as the vocabulary spells it."""
    return mapped(name, lambda text: text.casefold() if text.casefold() in TRADE_SIDES else None,
                  "a trade side as open, close, buy_single, burst_close_long", unmapped=True)  # fmt: skip


def fee_cells(amount: str) -> dict[str, Cell]:
    """Return the cells of the fees in a list of them, as texts; `amount` is the key of the amount."""
    return {
        "fee_text": first_fees("feedetail", amount, 0), "fee_coin": first_fees("feedetail", "feeCoin", 0),
        "other_fee_text": first_fees("feedetail", amount, 1), "other_fee_coin": first_fees("feedetail", "feeCoin", 1),
        "third_fee_coin": first_fees("feedetail", "feeCoin", 2),
    }  # fmt: skip


def with_sides(rows: pl.DataFrame, *, names_position: bool) -> pl.DataFrame:
    """Return the rows with the side of the trade and of the position, what it did and why it was executed.

    `names_position`: of a plain open or close the printed side is that of the position.
    """
    known = rows.with_columns(
        looked_up("trade_side", column(SIDES.lines, "type", name)).alias(f"said_{name}")
        for name in ("execution", "stage", "side", "held", "effect")
    )
    printed, closes = pl.col("side"), pl.col("said_effect") == "close"
    turned = printed.replace_strict(TURNED, return_dtype=pl.String)
    is_hedge = pl.col("said_side").is_null() & pl.col("said_effect").is_not_null()
    traded = pl.when(is_hedge & closes).then(turned if names_position else printed).otherwise(printed)
    of_position = pl.when(is_hedge & closes & (not names_position)).then(turned).otherwise(printed)
    held = pl.when(is_hedge).then(of_position.replace_strict(HELD, return_dtype=pl.String))
    return known.with_columns(
        pl.coalesce("said_side", traded).alias("trade_side_out"),
        pl.coalesce("said_held", held).alias("held"),
        pl.col("said_effect").alias("effect"),
        pl.col("said_stage").alias("stage"),
        pl.coalesce("said_execution", pl.lit("trade")).alias("execution"),
    )


def with_fees(rows: pl.DataFrame, *, costs: bool) -> pl.DataFrame:
    """Return the rows with their fees as numbers, + = cost; `costs`: whatever the sign, else below zero is paid."""

    def number(name: str) -> pl.Expr:
        printed = pl.col(name).replace("", None).cast(pl.Decimal(38, 18))
        return printed.abs() if costs else -printed

    return rows.with_columns(
        number("fee_text").alias("fee"), pl.col("fee_coin").replace("", None).alias("fee_asset"),
        number("other_fee_text").alias("other_fee"), pl.col("other_fee_coin").alias("other_fee_asset"),
    )  # fmt: skip


TERMS = ("instrument", "product", "style", "settle")


def _prepare(rows: pl.DataFrame, *, names_position: bool) -> pl.DataFrame:
    terms = with_terms(rows, name_contract, *TERMS)
    known = with_fees(with_sides(terms, names_position=names_position), costs=False)
    return known.with_columns(futures_wallet(coin="settle").alias("futures_wallet"))


def _prepare_answer(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _prepare(rows, names_position=True)


def _prepare_push(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _prepare(rows, names_position=False)


NUMBER = r"^[+-]?\d*\.?\d+$|^$"
IS_CLEAR = (
    (pl.col("third_fee_coin") == "").fill_null(True)
    & pl.col("fee_text").str.contains(NUMBER).fill_null(True)
    & pl.col("other_fee_text").str.contains(NUMBER).fill_null(True)
)  # fmt: skip
"""At most two fees, each a number."""

COLUMNS = "tradeId,orderId,symbol,side,tradeSide,price,baseVolume,quoteVolume,profit,posMode,tradeScope,feeDetail,cTime"
MODES = {"hedge_mode": "hedge", "one_way_mode": "one_way"}

FILLS = spelled(Format(
    name="bitget.futures_fills",
    family="bitget.futures_fills",
    venue="bitget",
    title="Bitget futures: fills of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/mix/order/fills, /api/v2/mix/order/fill-history, per productType",
    headers=(
        header("API v2", COLUMNS),
        header("API v2, with the source of the order", f"{COLUMNS},enterPointSource", "marginCoin"),
    ),
    cells={
        "time": epoch("ctime"),
        "symbol": contract_symbol("symbol", required=True),
        "side": word("side", {"buy": "buy", "sell": "sell"}, required=True),
        "trade_side": replace(trade_side("tradeside"), required=True),
        "mode": word("posmode", MODES),
        "price": money("price", required=True),
        "quantity": money("basevolume", required=True),
        "realized": money("profit"),
        "liquidity": word("tradescope", LIQUIDITY),
        **fee_cells("totalFee"),
        "trade_ref": text("tradeid", required=True),
        "order_ref": text("orderid"),
    },
    event=pl.when(IS_CLEAR).then(pl.lit("fill")),
    event_columns=("feedetail",),
    cases=CASES,
    newest_first=True,
    wallet=pl.col("futures_wallet"),
    identity=Identity(
        kind="id", cells=("symbol", "trade_ref"), content=("trade_side", "price", "quantity", "realized")
    ),
    claims=claimed(fills=1, fees=1, liquidations=1),
    prepare=_prepare_answer,
    unread={
        "quotevolume": "price times size",
        "enterpointsource": "who placed the order; `tradeSide` says what was forced",
        "margincoin": "follows from the symbol",
    },
))  # fmt: skip
"""Sizes are in the base coin.  A fee below zero is paid, maybe in BGB.  In one-way mode no row says whether it opens or
closes: the position before it does."""

PUSHED = spelled(replace(
    FILLS,
    name="bitget.futures_fills_websocket",
    title="Bitget futures: fills that the websocket sent, as JSON or CSV",
    how="the channel `fill` of the private websocket, kept by a script",
    headers=(header("websocket", f"{COLUMNS},orderType,uTime", "clientOid"),),
    aliases={},
    prepare=_prepare_push,
    unread={
        "quotevolume": "price times size", "ordertype": "what was asked for", "utime": "when the row was changed",
        "clientoid": "the user's own name of the order",
    },
))  # fmt: skip

FORMATS = (FILLS, PUSHED)
