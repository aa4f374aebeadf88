"""Closed positions as the venue sums them up: checks, never cash.  Site export, API v2, API v3.

net = gross + funding - trading fees.  The site calls the net `Position Pnl`, the gross `Realized PnL` and the funding
`Fees`; the API says `netProfit`, `pnl` (v3: `cumRealisedPnl`) and `totalFunding`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.bitget.dialect import clock, glued
from importers.bitget.symbols import bare, contract_symbol, futures_wallet, name_contract
from importers.cells import epoch, mapped, money, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import header, spelled, unread
from importers.naming import with_terms

WHOSE = re.compile(
    r"(?P<symbol>\S+)\s+(?P<side>long|short)\s*[·•,|/\s-]\s*(?P<mode>cross(?:ed)?|isolated)", re.IGNORECASE
)
MODES = {"cross": "cross", "crossed": "cross", "isolated": "isolated"}
SIDES = {"long": "long", "short": "short"}

CLOSED, SYMBOL = pl.col("time"), pl.col("symbol")
NAMED: Mapping[str, pl.Expr] = {"symbol": SYMBOL, "instrument": pl.col("instrument")}


def _result(amount: str, basis: str) -> Emit:
    return Emit(table="stated_results", where=pl.col(amount).is_not_null(), columns={
        **NAMED, "booked_at": CLOSED, "asset": pl.col("settle"), "amount": pl.col(amount), "basis": pl.lit(basis),
        "grain": pl.lit("position"),
    })  # fmt: skip


CASES = {"closed": (
    Emit(table="stated_positions", columns={
        **NAMED, "stated_at": CLOSED, "position_side": pl.col("position_side"), "margin_mode": pl.col("margin_mode"),
        "closed_quantity": pl.col("closed_quantity"), "entry_price": pl.col("entry"), "exit_price": pl.col("exit"),
        "opened_at": pl.col("opened_at"), "closed_at": CLOSED,
    }),
    _result("gross", "gross"),
    _result("net", "net"),
)}  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    named = with_terms(rows, name_contract, "instrument", "settle")
    if "margin_coin" in named.columns:
        named = named.with_columns(settle=pl.coalesce("margin_coin", "settle"))
    return named.with_columns(futures_wallet(coin="settle").alias("futures_wallet"))


def _part(name: str) -> Cell:
    """Return one part of `ETHUSDT Long·Cross`."""

    def find(text: str) -> str | None:
        found = WHOSE.fullmatch(text)
        if found is None:
            return None
        part = found[name]
        return bare(part) if name == "symbol" else {**SIDES, **MODES}[part.casefold()]

    return mapped(
        "futures", find, "contract, side and margin mode, as ETHUSDT Long·Cross", required=True, unmapped=True
    )


HISTORY = Format(
    name="bitget.futures_positions",
    family="bitget.futures_positions",
    venue="bitget",
    title="Bitget futures: position history",
    confidence="parser seen",
    how="Orders, Futures, Position history, Export, imported with --timezone",
    headers=(Header(name="names as read by one parser", columns=(
        "Futures", "Opening time", "Average entry price", "Average closing price", "Closed amount", "Position Pnl",
        "Realized PnL", "Fees", "Opening fee", "Closing fee", "Closed time")),),
    aliases={
        "Futures": "futures", "Opening time": "opened", "Average entry price": "entry",
        "Average closing price": "exit", "Closed amount": "closed_amount", "Position Pnl": "net",
        "Realized PnL": "gross", "Fees": "funding", "Opening fee": "open_fee", "Closing fee": "close_fee",
        "Closed time": "closed",
    },
    cells={
        "time": clock("closed"),
        "opened_at": clock("opened"),
        "symbol": _part("symbol"),
        "position_side": _part("side"),
        "margin_mode": _part("mode"),
        "entry": glued("entry", "futures"),
        "exit": glued("exit", "futures"),
        "closed_quantity": glued("closed_amount", "futures", required=True),
        "net": glued("net", "futures"),
        "gross": glued("gross", "futures"),
    },
    event=pl.lit("closed"),
    event_columns=("futures",),
    cases=CASES,
    newest_first=True,
    wallet=pl.col("futures_wallet"),
    identity=Identity(kind="content", cells=(
        "symbol", "position_side", "margin_mode", "opened_at", "time", "closed_quantity")),
    prepare=_prepare,
    unread=dict.fromkeys(("funding", "open_fee", "close_fee"), "a part of the net result, which is compared"),
)  # fmt: skip
"""The columns' names are known, their order is not."""

PARTS = "a part of the net result, which is compared"
API = spelled(replace(
    HISTORY,
    name="bitget.futures_positions_api",
    family="bitget.futures_positions_api",
    title="Bitget futures: position history of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v2/mix/position/history-position (three months)",
    headers=(header(
        "API v2",
        "positionId,symbol,holdSide,openAvgPrice,closeAvgPrice,marginMode,openTotalPos,closeTotalPos,pnl,netProfit,"
        "totalFunding,openFee,closeFee,cTime,uTime", "marginCoin,posMode"),),
    aliases={},
    cells={
        "time": epoch("utime"),
        "opened_at": epoch("ctime"),
        "position_ref": text("positionid", required=True),
        "symbol": contract_symbol("symbol", required=True),
        "margin_coin": text("margincoin"),
        "position_side": word("holdside", SIDES, required=True),
        "margin_mode": word("marginmode", MODES),
        "entry": money("openavgprice"),
        "exit": money("closeavgprice"),
        "closed_quantity": money("closetotalpos", required=True),
        "net": money("netprofit"),
        "gross": money("pnl"),
    },
    event_columns=("symbol",),
    identity=Identity(kind="id", cells=("position_ref",), content=("symbol", "closed_quantity", "gross", "net")),
    unread=unread({"openTotalPos,totalFunding,openFee,closeFee": PARTS}) | {"posmode": "one-way or hedge mode"},
))  # fmt: skip

UNIFIED = spelled(replace(
    API,
    name="bitget.unified_positions",
    family="bitget.unified_positions",
    title="Bitget unified account: position history of the API, as JSON or CSV",
    how="/api/v3/position/history-position",
    headers=(header(
        "API v3",
        "positionId,symbol,posSide,marginMode,openPriceAvg,closePriceAvg,cumRealisedPnl,netProfit,totalFunding,"
        "openFeeTotal,closeFeeTotal",
        "category,marginCoin,holdMode,openTotalPos,closeTotalPos,createdTime,updatedTime"),),
    aliases={},
    cells={
        **{name: cell for name, cell in API.cells.items() if name in ("position_ref", "symbol", "margin_coin")},
        "time": epoch("updatedtime"),
        "opened_at": epoch("createdtime", required=False),
        "position_side": word("posside", SIDES, required=True),
        "margin_mode": word("marginmode", MODES),
        "entry": money("openpriceavg"),
        "exit": money("closepriceavg"),
        "closed_quantity": money("closetotalpos"),
        "net": money("netprofit"),
        "gross": money("cumrealisedpnl"),
    },
    wallet="unified",
    unread=unread({"openTotalPos,totalFunding,openFeeTotal,closeFeeTotal": PARTS})
    | {"category": "follows from the symbol", "holdmode": "one-way or hedge mode"},
))  # fmt: skip

FORMATS = (HISTORY, API, UNIFIED)
