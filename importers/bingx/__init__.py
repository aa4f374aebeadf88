"""BingX: income, fills and closed positions of perpetual contracts, of the API (or its Excel export of the income).

The site's own export is known in Ukrainian only, and by the name of its first column: it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from importers.cells import epoch, first_of, money, negated, text, word, zoned_time
from importers.contract import Format, Header, Identity
from importers.declared import claimed
from importers.emits import CLEARANCE
from importers.shapes import (
    CLOSED,
    Words,
    booked,
    fill,
    forced,
    log_cases,
    moved,
    name_dashed,
    named_symbol,
    of_contracts,
)
from importers.vocabulary import POSITION_SIDES, ROLES, SIDES, table

TYPES = Words.of(table(__file__, "income_types.csv"))


def _has_dashes(rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether a symbol is written `BTC-USDT`: the income of another venue has the same columns, not the dash."""
    return any("-" in row.get("symbol", "") for row in rows)


CLEARED = (moved(CLEARANCE), booked("adjustments", CLEARANCE))
REDUCED = (moved("insurance"), booked("adjustments", pl.lit("adl")), forced("adl"))
"""A clearance below zero is what the liquidation cost; one above is what was left of it, or paid by the insurance.  The
fills just before it are the liquidation: the row says neither side nor size."""

INCOME = Format(
    name="bingx.income",
    family="bingx.income",
    venue="bingx",
    title="BingX: income of perpetual contracts, as JSON, CSV or Excel",
    confidence="API documentation",
    how="/openApi/swap/v2/user/income, or /openApi/swap/v2/user/income/export (three months)",
    headers=(Header(name="API", columns=(
        "symbol", "incomeType", "income", "asset", "info", "time", "tranId", "tradeId")),),
    cells={
        "time": epoch("time"),
        "word": TYPES.cell("a type as REALIZED_PNL, FUNDING_FEE, TRADING_FEE", "incometype"),
        "symbol": named_symbol("symbol", required=False),
        "asset": text("asset", required=True),
        "amount": money("income", required=True),
        "transaction_ref": text("tranid", required=True),
        "trade_ref": text("tradeid"),
    },
    event=TYPES.says("event"),
    event_columns=("incometype",),
    cases=log_cases(TYPES, cleared=CLEARED, adl=REDUCED),
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("word", "transaction_ref"), content=("asset", "symbol", "amount")),
    claims=claimed(2, ledger=1, funding=1, fees=2, liquidations=1),
    name_instrument=name_dashed,
    prepare=of_contracts(words=TYPES),
    unread={"info": "repeats the type in words"},
    file_name="bingx",
    fits=_has_dashes,
)  # fmt: skip

FILLS = Format(
    name="bingx.fills",
    family="bingx.fills",
    venue="bingx",
    title="BingX: fills of perpetual contracts, as JSON or CSV",
    confidence="API documentation",
    how="/openApi/swap/v2/trade/fillHistory",
    headers=(Header(name="API", columns=(
        "symbol", "side", "positionSide", "qty", "price", "quoteQty", "commission", "commissionAsset", "orderId",
        "tradeId", "filledTime", "role")),),
    cells={
        "time": first_of(zoned_time("filledtime"), epoch("filledtime")),
        "symbol": named_symbol("symbol"),
        "side": word("side", SIDES, required=True),
        "position_side": word("positionside", POSITION_SIDES),
        "quantity": money("qty", required=True),
        "price": money("price", required=True),
        "value": money("quoteqty"),
        "fee": negated(money("commission")),
        "fee_asset": text("commissionasset"),
        "order_ref": text("orderid"),
        "trade_ref": text("tradeid", required=True),
        "liquidity": word("role", ROLES),
    },
    cases={"row": (fill(),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "trade_ref"), content=("side", "quantity", "price")),
    claims=claimed(2, fills=1, fees=1),
    name_instrument=name_dashed,
    prepare=of_contracts(),
)  # fmt: skip
"""Times say their zone (+0800 as documented); a commission below zero is a cost."""

POSITIONS = Format(
    name="bingx.position_history",
    family="bingx.position_history",
    venue="bingx",
    title="BingX: closed positions, as JSON or CSV",
    confidence="API documentation",
    how="/openApi/swap/v1/trade/positionHistory",
    headers=(Header(name="API", columns=(
        "symbol", "positionId", "positionSide", "isolated", "closeAllPositions", "positionAmt", "closePositionAmt",
        "realisedProfit", "netProfit", "avgPrice", "avgClosePrice", "leverage", "positionCommission", "totalFunding",
        "openTime", "closeTime")),),
    aliases={"closeTime": "closed_at"},
    cells={
        "time": epoch("closed_at"),
        "opened_at": epoch("opentime", required=False),
        "position": text("positionid", required=True),
        "symbol": named_symbol("symbol"),
        "position_side": word("positionside", POSITION_SIDES),
        "margin_mode": word("isolated", {"true": "isolated", "false": "cross"}),
        "max_quantity": money("positionamt"),
        "quantity": money("closepositionamt"),
        "entry": money("avgprice"),
        "exit": money("avgcloseprice"),
        "gross": money("realisedprofit"),
        "net": money("netprofit"),
        "is_whole": word("closeallpositions", {"true": "whole", "false": "part"}),
    },
    event=pl.when(pl.col("is_whole") == "part").then(pl.lit("part")).otherwise(pl.lit("whole")),
    event_columns=("closeallpositions",),
    cases={"whole": CLOSED},
    ignores={"part": "a position that is closed in part only: its figures will change"},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "position"), content=("gross", "net", "quantity")),
    name_instrument=name_dashed,
    prepare=of_contracts(),
    unread=dict.fromkeys(
        ("leverage", "positioncommission", "totalfunding", "updatetime", "margin"),
        "sums of what the income states row by row"),
)  # fmt: skip
"""The net profit is the realised one with commission (below zero) and funding."""

FORMATS = (INCOME, FILLS, POSITIONS)
