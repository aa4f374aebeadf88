"""Executions of the API: fills of derivatives and spot pairs, funding, forced closes, all with their ids.

A fee is + = cost; on funding rows it is what the position paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.cells import DAILY_SETTLED_IN, SIDES, amount
from importers.bybit.dialect import (
    COINED,
    FILL,
    IGNORES,
    KINDS,
    cases,
    contract_or_pair,
    fill,
    forced,
)
from importers.bybit.symbols import name_instrument, name_pair
from importers.cells import epoch, exact_decimals, integer, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity, Named
from importers.declared import claimed, spelled
from importers.naming import TERMS, with_terms

CATEGORIES = {"linear": "contract", "inverse": "contract", "option": "contract", "spot": "spot"}
FORCED = {
    "CreateByLiq": "reduction", "CreateByTakeOver_PassThrough": "liquidation", "CreateByAdl_PassThrough": "adl",
    "CreateBySettle": "settlement",
}  # fmt: skip
"""What created the order, where it was not its owner."""
LIQUIDITY = {"true": "maker", "false": "taker"}
BORROWS = {"1": "yes", "0": "no", "true": "yes", "false": "no"}
SPOT = "spot:"
TAXES = 3
"""Extra fees of one execution that are read."""

KIND, MARKET = pl.col("kind"), pl.col("category")
CREATED = pl.col("create_type").replace_strict(FORCED, default=None, return_dtype=pl.String)

IS_CONTRACT = (
    (KIND != "trade") | pl.col("create_type").is_not_null() | (pl.col("closed_size").fill_null(0) != 0)
    | pl.col("symbol").str.contains(r"-\d{1,2}[A-Z]{3}\d\d|PERP$|USD$|USD[FGHJKMNQUVXZ]\d\d$")
)  # fmt: skip
"""BTCUSDT names a perpetual and a spot pair; a list that was cut out of its answer has lost the category, but spot
rows have no creator of the order, close nothing and are plain trades."""
IS_SPOT = pl.col("symbol").str.starts_with(pl.col("fee_coin")) | ~pl.col("symbol").str.contains("(USDT|USDC|USD)$")
"""A fee in the base, or a quote that no contract has."""
SECTION = pl.coalesce(
    MARKET, pl.when(IS_CONTRACT.fill_null(False)).then(pl.lit("contract")).when(IS_SPOT).then(pl.lit("spot"))
)  # fmt: skip
IS_OPTION = pl.col("symbol").str.contains(r"-[CP](-[A-Z]+)?$")
"""What the price of its delivery means, the pay-off or the underlying's, is not documented."""
TOO_MANY_TAXES = pl.col("taxes").str.json_path_match(f"$[{TAXES}]").is_not_null().fill_null(False)

EVENT = (
    pl.when(TOO_MANY_TAXES).then(None)
    .when((SECTION == "spot") & (KIND == "trade")).then(pl.lit("spot"))
    .when((SECTION == "contract") & (KIND == "trade")).then(pl.coalesce(CREATED, KIND))
    .when((SECTION == "contract") & ~(IS_OPTION & KIND.is_in(["delivery", "settlement"]))).then(KIND)
)  # fmt: skip


def _name(symbol: str, settle: str | None) -> Named | None:
    """Return the terms of a symbol, of a spot pair where `spot:` stands before it."""
    return name_pair(symbol.removeprefix(SPOT)) if symbol.startswith(SPOT) else name_instrument(symbol, None)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the terms of their symbol, read as a pair or as a contract, and the fee with its coin."""
    is_spot = pl.col("event") == "spot"
    is_rebate = ((pl.col("fee_plain") < 0) & (pl.col("liquidity") == "maker")).fill_null(False)
    received = pl.when((pl.col("side") == "buy") != is_rebate).then("base").otherwise("quote")
    named_as = pl.when(is_spot).then(SPOT + pl.col("symbol")).otherwise("symbol")
    return with_terms(rows.with_columns(named_as=named_as), _name, *TERMS, symbol="named_as").with_columns(
        fee=pl.coalesce("fee_plain", COINED, "fee_v2"),
        fee_asset=pl.coalesce("fee_coin", pl.when(is_spot).then(received).otherwise("settle")),
        product=pl.when(is_spot & (pl.col("borrows") == "yes")).then(pl.lit("margin")).otherwise("product"),
        notional=pl.when(pl.col("style") == "inverse").then("value"),
        result=pl.when((pl.col("product") != "option") & (pl.col("settle") != DAILY_SETTLED_IN)).then("realized"),
    )


def _tax_cells(place: int) -> dict[str, Cell]:
    """Return the amount and the coin of a tax in `[{"feeCoin":"EUR","fee":"0.02"}]`; 0 and empty: none."""

    def tax(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.json_path_match(f"$[{place}].fee").fill_null("0")
        return exact_decimals(texts.zip_with(columns[0].is_not_null(), columns[0]))

    def coin(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.json_path_match(f"$[{place}].feeCoin").fill_null("")
        return texts.zip_with(columns[0].is_not_null(), columns[0])

    shape = Cell(columns=("extrafees",), read=tax, expected='taxes as [{"feeCoin":"EUR","fee":"0.02"}]')
    return {f"tax_{place}": shape, f"tax_coin_{place}": replace(shape, read=coin)}


def _tax(place: int) -> Emit:
    """Return a tax that the row names beside its fee."""
    return Emit(table="adjustments", where=pl.col(f"tax_{place}").fill_null(0) != 0, columns={
        "booked_at": pl.col("time"), "asset": pl.col(f"tax_coin_{place}"), "amount": -pl.col(f"tax_{place}"),
        "symbol": pl.col("symbol"), "kind": pl.lit("tax"), "group_ref": pl.col("trade_ref"),
    })  # fmt: skip


EXECUTED: Mapping[str, pl.Expr] = {
    **FILL, "liquidity": pl.col("liquidity"), "realized_stated": pl.col("result"),
    "notional_stated": pl.col("notional"),
}  # fmt: skip
TAXED = tuple(_tax(place) for place in range(TAXES))
CASES = {
    **{name: emits if name == "funding" else (*emits, *TAXED) for name, emits in cases(EXECUTED).items()},
    "reduction": (fill("liquidation", EXECUTED), forced("partial"), *TAXED),
    "spot": (fill("trade", EXECUTED), *TAXED),
}

CELLS: dict[str, Cell] = {
    "time": epoch("exectime"),
    "category": word("category", CATEGORIES),
    "symbol": contract_or_pair("symbol"),
    "kind": word("exectype", KINDS, required=True),
    "create_type": text("createtype"),
    "side": word("side", SIDES, required=True),
    "quantity": amount("execqty", required=True),
    "price": amount("execprice", required=True),
    "value": amount("execvalue"),
    "closed_size": amount("closedsize"),
    "realized": amount("execpnl"),
    "fee_rate": amount("feerate"),
    "fee_plain": amount("execfee"),
    "fee_coin": replace(text("feecurrency"), empty_words=("--",)),
    "fee_v2": amount("execfeev2"),
    "taxes": text("extrafees"),
    **{name: cell for place in range(TAXES) for name, cell in _tax_cells(place).items()},
    "liquidity": word("ismaker", LIQUIDITY),
    "borrows": word("isleverage", BORROWS),
    "sequence": integer("seq"),
    "trade_ref": text("execid", required=True),
    "order_ref": text("orderid"),
}

API = Header(
    name="API",
    columns=("symbol", "side", "execId", "execTime", "execType", "execPrice", "execQty", "execFee", "orderId"),
    optional=(
        "category", "createType", "execValue", "closedSize", "execPnl", "feeRate", "feeCurrency", "execFeeV2",
        "extraFees", "isMaker", "isLeverage",
    ),
)  # fmt: skip

EXECUTIONS = Format(
    name="bybit.executions",
    family="bybit.executions",
    venue="bybit",
    title="Bybit: executions of the API, as JSON or CSV",
    confidence="API documentation",
    how="/v5/execution/list, whole answers: their `category` tells perpetuals from spot pairs",
    headers=(API,),
    cells=CELLS,
    event=EVENT,
    event_columns=("category", "symbol", "exectype", "createtype", "feecurrency", "extrafees"),
    cases=CASES,
    ignores=IGNORES,
    sequence="sequence",
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="id", cells=("symbol", "trade_ref", "side"), content=("kind", "quantity", "price", "fee")),
    claims=claimed(fills=2, fees=2, funding=2, liquidations=2),
    prepare=_prepare,
    unread=dict.fromkeys(
        ("orderlinkid", "orderprice", "orderqty", "leavesqty", "ordertype", "stopordertype", "marketunit", "tradeiv",
         "markiv", "markprice", "indexprice", "underlyingprice", "blocktradeid", "nextpagecursor", "positionidx"),
        "of the order or the market, not of the execution"),
)  # fmt: skip
"""`createType` tells what the liquidation engine did step by step (CreateByLiq) from its takeovers (BustTrade)."""

FORMATS = (spelled(EXECUTIONS),)
