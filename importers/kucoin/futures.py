"""Futures: fills of the zip, of bots and of the API, and funding one by one, which only the API has.

The API counts in lots; so, as far as anyone has said, do the files.  A fill's value is stated, and wins over its size:
results do not hang on what a lot is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.cells import constant, epoch, money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, header, unread
from importers.kucoin.cells import LIQUIDITY, MASKED, NOTHING_FOUND, SINGAPORE, STRATEGY, clock, is_of_sub_account, side
from importers.kucoin.spot_fills import ESTIMATE
from importers.kucoin.symbols import asset, contract, futures_wallet, name_contract, with_settle

AT, SYMBOL, SETTLE = pl.col("time"), pl.col("symbol"), pl.col("settle")
NEAR = 0.001
"""By how much value and size may differ where the value is printed with few digits."""

FILL: Mapping[str, pl.Expr] = {
    "filled_at": AT, "symbol": SYMBOL, "side": pl.col("side"), "quantity": pl.col("quantity"),
    "price": pl.col("price"), "fee": pl.col("fee"), "fee_asset": pl.coalesce("fee_asset", "settle"),
    "order_ref": pl.col("order_ref"), "notional_stated": pl.col("notional"), "settle_asset": SETTLE,
}  # fmt: skip


def _valued(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with settle asset, style and their value where it is in the settle asset.

    Of an inverse contract that is shown by the row alone: value x price is the size in dollars.
    """
    named = with_settle(rows)
    dollars = pl.col("value").cast(pl.Float64) * pl.col("price").cast(pl.Float64)
    lots = pl.col("quantity").cast(pl.Float64)
    in_coin = (dollars - lots).abs() <= lots * NEAR
    return named.with_columns(notional=pl.when((pl.col("style") == "linear") | in_coin).then("value"))


def _with_pot(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    of_sub = is_of_sub_account(rows["sub_account"])
    pot = pl.when(of_sub).then(pl.lit(STRATEGY)).otherwise(futures_wallet(SETTLE))
    return _valued(rows).with_columns(pot=pot)


# ------------------------------------------------------------------------------------------------ the files

CELLS: dict[str, Cell] = {
    "time": clock("time"),
    "sub_account": text("account type"),
    "symbol": contract("symbol"),
    "side": side("side"),
    "quantity": money("quantity", required=True),
    "price": money("price", required=True),
    "value": money("value"),
    "fee": money("fee"),
    "fee_asset": asset("fee currency", required=False),
    "order_ref": text("order id", required=True),
}
FILE_ALIASES = {"Filled Amount": "quantity", "Filled Price": "price", "Filled Volume": "value"}

FILLS = Format(
    name="kucoin.futures_fills",
    family="kucoin.futures_fills",
    venue="kucoin",
    title="KuCoin futures: fills (filled orders, with order splitting)",
    confidence="parser seen",
    how="Orders, Financial history, Export: `Futures Orders_Filled Orders (Show Order-Splitting)` in the zip",
    headers=(header("zip", (
        "UID,Account Type,Order ID,Filled Time(UTC),Symbol,Side,Filled Amount,Filled Price,Filled Volume,"
        "Filled Volume  (USDT),Fee Rate,Fee,Order Type")),),
    aliases={**FILE_ALIASES, "Filled Time(UTC)": "time"},
    cells=CELLS,
    cases={"row": (Emit(table="fills", columns={**FILL, "execution": pl.lit("trade")}),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("order_ref", "symbol", "side", "time", "price", "quantity", "fee")),
    claims=claimed(fills=2, fees=2),
    name_instrument=name_contract,
    prepare=_with_pot,
    unread=unread({
        "uid": MASKED,
        "account type": "the main account, or the sub-account whose pot the row is in",
        "order type": "how it was ordered",
        "fee rate": "the fee says it",
        "filled volume  (usdt), filled volume (usdt)": ESTIMATE,
    }),
    sentinels=NOTHING_FOUND,
    assumed_zone=SINGAPORE,
)  # fmt: skip
"""The fee is in the settle asset.  Liquidations are not marked: the closed positions name them."""

BOT_FILLS = replace(
    FILLS,
    name="kucoin.bot_futures_fills",
    title="KuCoin futures: fills of trading bots",
    how="Orders, Financial history, Export: `Trading Bot_Filled Orders (Show Order-Splitting)_Futures` in the zip",
    headers=(header("zip", (
        "UID,Account Type,Order ID,Time Filled(UTC),Symbol,Side,Order Type,Filled Amount,Filled Price,Filled Volume,"
        "Filled Volume (USDT),Fee,Fee Currency")),),
    aliases={**FILE_ALIASES, "Time Filled(UTC)": "time"},
    cells=CELLS | {"pot": constant("order id", STRATEGY)},
    prepare=lambda rows, context: _valued(rows),
)  # fmt: skip

# -------------------------------------------------------------------------------------------------- the API

EXECUTIONS = {"trade": "trade", "liquid": "liquidation", "adl": "adl", "settlement": "settlement"}
MARGIN_MODES = {"CROSS": "cross", "ISOLATED": "isolated"}
POSITION_SIDES = {"BOTH": "both", "LONG": "long", "SHORT": "short"}


def _api_pot(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _valued(rows).with_columns(pot=futures_wallet(SETTLE))


def _executed(execution: str) -> Emit:
    return Emit(table="fills", columns={
        **FILL, "execution": pl.lit(execution), "trade_ref": pl.col("trade_ref"), "liquidity": pl.col("liquidity"),
        "margin_mode": pl.col("margin_mode"), "position_side": pl.col("position_side"),
    })  # fmt: skip


def _forced(stage: str | None) -> Emit:
    return Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": SYMBOL, "margin_mode": pl.col("margin_mode"), "side": pl.col("side"),
        "quantity": pl.col("quantity"), "price": pl.col("price"), "fee": pl.col("fee"),
        "fee_asset": pl.coalesce("fee_asset", "settle"), "stage": pl.lit(stage), "order_ref": pl.col("order_ref"),
    })  # fmt: skip


API = replace(
    FILLS,
    name="kucoin.futures_fills_api",
    family="kucoin.futures_fills_api",
    title="KuCoin futures: fills of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/fills of the futures API",
    headers=(Header(name="API", columns=(
        "symbol", "tradeId", "orderId", "side", "price", "size", "value", "fee", "feeCurrency", "tradeTime",
        "tradeType", "settleCurrency"), optional=("liquidity", "marginMode", "positionSide")),),
    aliases={
        "tradeTime": "time", "tradeId": "trade_id", "orderId": "order id", "size": "quantity",
        "feeCurrency": "fee currency", "tradeType": "trade_type", "marginMode": "margin_mode",
        "positionSide": "position_side",
    },
    cells={
        **{name: cell for name, cell in CELLS.items() if name != "sub_account"},
        "time": epoch("time"),
        "kind": word("trade_type", EXECUTIONS, required=True),
        "trade_ref": text("trade_id", required=True),
        "liquidity": word("liquidity", LIQUIDITY),
        "margin_mode": word("margin_mode", MARGIN_MODES),
        "position_side": word("position_side", POSITION_SIDES),
    },
    event=pl.col("kind"),
    event_columns=("trade_type",),
    cases={
        "trade": (_executed("trade"),),
        "settlement": (_executed("settlement"),),
        "liquidation": (_executed("liquidation"), _forced(None)),
        "adl": (_executed("adl"), _forced("adl")),
    },
    identity=Identity(
        kind="id", cells=("symbol", "trade_ref", "side"), content=("order_ref", "price", "quantity", "fee")
    ),
    claims=claimed(fills=1, fees=1, liquidations=1),
    prepare=_api_pot,
    unread=unread({
        "settlecurrency": "the contract's name says it",
        "forcetaker, openfeepay, closefeepay, stop, feerate, fixfee, subtradetype, displaytype, ordertype, createdat, "
        "taxrate, tax": "of the order, or said by other keys",
    }),
    assumed_zone=None,
)  # fmt: skip
"""`tradeTime` is in nanoseconds."""

FUNDING = Format(
    name="kucoin.funding",
    family="kucoin.funding",
    venue="kucoin",
    title="KuCoin futures: funding of the API, one by one, as JSON or CSV",
    confidence="API documentation",
    how="/api/v1/funding-history, symbol by symbol",
    headers=(Header(name="API", columns=(
        "id", "symbol", "timePoint", "fundingRate", "markPrice", "positionQty", "funding", "settleCurrency")),),
    aliases={
        "timePoint": "time", "fundingRate": "rate", "markPrice": "mark_price", "positionQty": "position",
        "settleCurrency": "settle_currency",
    },
    cells={
        "time": epoch("time"),
        "funding_id": text("id", required=True),
        "symbol": contract("symbol"),
        "rate": money("rate"),
        "mark_price": money("mark_price"),
        "position": money("position"),
        "amount": money("funding", required=True),
        "settle": asset("settle_currency"),
    },
    cases={"row": (Emit(table="funding", columns={
        "paid_at": AT, "symbol": SYMBOL, "asset": SETTLE, "amount": pl.col("amount"), "rate": pl.col("rate"),
        "position_side": pl.when(pl.col("position") > 0).then(pl.lit("long"))
        .when(pl.col("position") < 0).then(pl.lit("short")),
        "position_quantity": pl.col("position").abs(), "mark_price": pl.col("mark_price")}),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "funding_id"), content=("amount", "position")),
    claims=claimed(2, funding=1),
    name_instrument=name_contract,
    prepare=lambda rows, context: rows.with_columns(pot=futures_wallet(SETTLE)),
    unread=unread({"positioncost, context, marginmode": "size and mark price say it"}),
)  # fmt: skip
"""+ = received.  The size is in lots, below zero of a short."""

FORMATS = (FILLS, BOT_FILLS, API, FUNDING)
