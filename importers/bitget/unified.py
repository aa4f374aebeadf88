"""The unified account (API v3): financial records, tax records and fills.

Only types and words are documented, no rows.  `BTCUSDT` names a perpetual and a spot pair: the category says which.
Where no amount proves its sign, the word does (`_IN`, `_OUT`), and a fee is a cost.  A position with isolated margin
has a pot of its own, `positionBalance`: what is put into it leaves the account's balance and returns to it.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitget.fills import CASES, IS_CLEAR, LIQUIDITY, TERMS, fee_cells, trade_side, with_fees, with_sides
from importers.bitget.futures_records import RECORDS, WHAT
from importers.bitget.rows import DEMO, WITHOUT_FILLS, by_id, with_meaning
from importers.bitget.symbols import contract_symbol, name_contract, name_pair
from importers.cells import epoch, money, text, word
from importers.contract import Context, Format, Identity
from importers.declared import claimed, header, spelled, unread
from importers.naming import terms_of
from importers.vocabulary import SIDES

CATEGORIES = {
    "SPOT": "spot", "MARGIN": "margin", "USDT-FUTURES": "contract", "USDC-FUTURES": "contract",
    "COIN-FUTURES": "contract",
}  # fmt: skip
POSITIONS = {"crossed": "cross", "isolated": "isolated"}
CATEGORY = pl.col("category")
IS_PAIR = CATEGORY.is_in(["spot", "margin"])


def with_terms(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the terms of their pair or contract, as the category says."""
    symbols, is_pair = rows["symbol"], rows.select(IS_PAIR.fill_null(False).alias("is_pair"))["is_pair"]
    return rows.with_columns(
        terms_of(symbols, name_pair, term).zip_with(is_pair, terms_of(symbols, name_contract, term)).alias(term)
        for term in TERMS
    )


def _prepare_records(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_meaning(with_terms(rows), RECORDS, by_word=True, costs=True)


def _prepare_tax(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return with_meaning(rows, RECORDS, by_word=True, costs=True)


def _prepare_fills(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows; a spot pair of the unified account may be borrowed for, so that its fills are of spot."""
    return with_fees(with_sides(with_terms(rows), names_position=False), costs=True)


RECORD_CELLS = {
    "time": epoch("ts"),
    "type": RECORDS.cell("type", WHAT.replace("contract_settle_fee", "ORDER_DEALT_IN")),
    "transaction_ref": text("id", required=True),
    "asset": text("coin", required=True),
    "amount": money("amount", required=True),
    "fee": money("fee"),
    "balance": money("balance"),
}

RECORDS_V3 = spelled(Format(
    name="bitget.unified_records",
    family="bitget.unified_records",
    venue="bitget",
    title="Bitget unified account: financial records of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/account/financial-records, per category",
    headers=(header("API v3", "category,id,coin,type,amount,fee,balance,ts",
                    "symbol,positionType,positionAmount,positionBalance"),),
    cells={
        **RECORD_CELLS,
        "category": word("category", CATEGORIES | {"OTHER": "other"}),
        "symbol": contract_symbol("symbol"),
        "margin_mode": word("positiontype", POSITIONS),
    },
    event=RECORDS.said("event"),
    event_columns=("type",),
    cases=WITHOUT_FILLS,
    ignores=DEMO,
    newest_first=True,
    wallet="unified",
    identity=by_id("type", "asset", "amount", "fee"),
    claims=claimed(2, ledger=1, funding=1, interest=1, liquidations=6),
    prepare=_prepare_records,
    unread=unread({"positionAmount,positionBalance": "the pot of a position with isolated margin"}),
))  # fmt: skip

TAX_V3 = spelled(replace(
    RECORDS_V3,
    name="bitget.unified_tax",
    family="bitget.unified_tax",
    title="Bitget unified account: tax records of the API, as JSON or CSV",
    how="/api/v3/tax/records",
    headers=(header("API v3", "id,coin,type,amount,fee,balance,ts", exact=True),),
    aliases={},
    cells=RECORD_CELLS,
    claims=claimed(2, ledger=2, funding=2, interest=2),
    prepare=_prepare_tax,
    unread={},
))  # fmt: skip
"""They name no instrument: what they book belongs to no position."""

FILLS = spelled(Format(
    name="bitget.unified_fills",
    family="bitget.unified_fills",
    venue="bitget",
    title="Bitget unified account: fills of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v3/trade/fills",
    headers=(header("API v3", "execId,orderId,category,symbol,side,execPrice,execQty,execValue,feeDetail,createdTime",
                    "execPnl,tradeSide,tradeScope,orderType,updatedTime"),),
    cells={
        "time": epoch("createdtime"),
        "category": word("category", CATEGORIES, required=True),
        "symbol": contract_symbol("symbol", required=True),
        "side": word("side", SIDES, required=True),
        "trade_side": trade_side("tradeside"),
        "price": money("execprice", required=True),
        "quantity": money("execqty", required=True),
        "value": money("execvalue"),
        "realized": money("execpnl"),
        "liquidity": word("tradescope", LIQUIDITY),
        **fee_cells("fee"),
        "trade_ref": text("execid", required=True),
        "order_ref": text("orderid"),
    },
    event=pl.when(IS_CLEAR).then(pl.lit("fill")),
    event_columns=("feedetail",),
    cases=CASES,
    newest_first=True,
    wallet="unified",
    identity=Identity(
        kind="id", cells=("category", "symbol", "trade_ref"), content=("side", "price", "quantity", "realized")
    ),
    claims=claimed(fills=1, fees=1, liquidations=1),
    prepare=_prepare_fills,
    unread=unread({"orderType,updatedTime": "of the order, not of the execution"}),
))  # fmt: skip
"""The size of a coin-M contract is not documented here either: its value stays unknown."""

FORMATS = (RECORDS_V3, TAX_V3, FILLS)
