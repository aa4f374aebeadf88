"""Position history: what the venue says each closed position made.  Checks, never cash; and contract sizes.

Every amount is signed, paid below zero: realized = result + fee + funding + clearance fee (+ settled result).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from importers.cells import epoch, text, word
from importers.contract import Cell, Context, Emit, Format, Identity
from importers.declared import header, spelled, unread
from importers.okx.bill_rows import IS_CONTRACT, TERMS, ZERO
from importers.okx.cells import all_unmarked, clock, instrument, money, reference, zone_of_user
from importers.okx.symbols import name_instrument, term
from importers.shapes import CLOSED, CLOSING_SIDE, complete, forced
from importers.vocabulary import POSITION_SIDES

MODES: Mapping[str, str] = {"cross": "cross", "isolated": "isolated"}
STAGES: Mapping[str, str] = {"3": "full", "4": "partial", "5": "adl", "6": "adl"}
CLOSES: Mapping[str, str] = {"1": "closed", "2": "closed", **STAGES}
"""Of the API; ADL is 5 where it left some of the position, 6 where it left none."""
CLEARANCE = pl.col("clearance").fill_null(ZERO)
COSTS = ("fee_paid", "funding", "clearance", "settled")
WORD = pl.col("type").fill_null("").str.to_lowercase()
IS_FORCED = WORD.str.contains("liquidat", literal=True)
STAGE = (
    pl.when(WORD.str.contains("adl", literal=True)).then(pl.lit("adl"))
    .when(WORD.str.contains("partial", literal=True) & IS_FORCED).then(pl.lit("partial"))
    .when(IS_FORCED | (CLEARANCE != 0)).then(pl.lit("full"))
    .otherwise(pl.lit("closed"))
)  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the positions with their result before and after costs, in what they settle in."""
    costs = pl.sum_horizontal(pl.col(name).fill_null(ZERO) for name in COSTS if name in rows.columns)
    stated = pl.col("net_stated") if "net_stated" in rows.columns else pl.lit(None, dtype=pl.Decimal(38, 18))
    settled = pl.when(pl.col("settles_in") != "").then("settles_in")
    clearance = pl.col("clearance").fill_null(ZERO)
    named = rows.with_columns(
        pl.coalesce(stated, pl.col("gross") + costs).alias("net"),
        pl.coalesce(settled, "coin").alias("settle"),
        pl.coalesce(settled, "coin").alias("asset"),
        (-clearance).alias("clearance_fee"),
        pl.col("exit").alias("price"),
    )
    return complete(named, context)


def _forced(stage: str) -> Emit:
    event = forced(stage, CLOSING_SIDE)
    fee = {"fee": pl.col("clearance_fee"), "fee_asset": pl.when(pl.col("clearance_fee") != 0).then("asset")}
    return replace(event, columns={**event.columns, **(fee if stage != "adl" else {})})


SIZED = Emit(table="instruments", where=IS_CONTRACT & (pl.col("face_value") > 0) & (pl.col("multiplier") > 0), columns={
    "valid_from": pl.col("opened_at"), "symbol": pl.col("symbol"), "product": pl.col("market"),
    "base": pl.col("base"), "quote": pl.col("quote"), "settle": pl.col("settle"),
    "multiplier": pl.col("face_value") * pl.col("multiplier"), "style": pl.col("style"),
    "source": pl.lit("the position history of the account"),
})  # fmt: skip
"""What a contract of the position was worth, from its opening on."""

COMMON: dict[str, Cell] = {
    "gross": money("pnl", required=True),
    "position_side": word("direction", POSITION_SIDES, required=True),
    "margin_mode": word("margin_mode", MODES),
}
CELLS: dict[str, Cell] = all_unmarked({
    "time": clock("closed"),
    "opened_at": clock("opened"),
    "symbol": instrument("name"),
    **{name: cell_of("name") for name, cell_of in TERMS.items()},
    "settles_in": term("name", "settle"),
    "style": term("name", "style"),
    **COMMON,
    "max_quantity": money("max"),
    "quantity": money("quantity", required=True),
    "entry": money("entry"),
    "exit": money("exit"),
    "coin": text("coin", required=True),
    "fee_paid": money("fee"),
    "funding": money("funding_fee"),
    "clearance": money("clearance"),
    "type": text("type"),
    "face_value": money("face_value"),
    "multiplier": money("multiplier"),
})  # fmt: skip

POSITIONS = spelled(Format(
    name="okx.position_history",
    family="okx.position_history",
    venue="okx",
    title="OKX: position history",
    confidence="parser seen",
    how="Assets, Order center, Position history, Download",
    headers=(header("2025 to 2026", (
        "Position Create Time,Position Update Time,Business Line,Index,Instrument Name,Margin Mode,Direction,Leverage,"
        "Max Position Quantity,Total Close Quantity,Average Open Price,Average Close Price,Margin Currency,Pnl,"
        "Pnl Ratio,Fee,Funding Fee,Liquidation Clearance Fee,Type,Contract Face Value,Contract Multiplier")),),
    aliases={
        "Position Create Time": "opened", "Position Update Time": "closed", "Instrument Name": "name",
        "Margin Mode": "margin_mode", "Max Position Quantity": "max", "Total Close Quantity": "quantity",
        "Average Open Price": "entry", "Average Close Price": "exit", "Margin Currency": "coin",
        "Funding Fee": "funding_fee", "Liquidation Clearance Fee": "clearance", "Contract Face Value": "face_value",
        "Contract Multiplier": "multiplier",
    },
    cells=CELLS,
    event=STAGE,
    event_columns=("type",),
    cases={"closed": (*CLOSED, SIZED), **{stage: (*CLOSED, _forced(stage), SIZED) for stage in set(STAGES.values())}},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("symbol", "margin_mode", "position_side", "opened_at", "time")),
    name_instrument=name_instrument,
    prepare=_prepare,
    unread=unread({"Business Line,Index,Leverage,Pnl Ratio": "the instrument's name, or a ratio of what is read"}),
    zone_hint=zone_of_user,
))  # fmt: skip
"""One row is one position; one that was closed in parts has the time of its last close."""

ANSWER = spelled(replace(
    POSITIONS,
    name="okx.positions_api",
    family="okx.positions_api",
    title="OKX: closed positions of the API, as JSON or CSV",
    confidence="API documentation",
    how="/api/v5/account/positions-history",
    headers=(header("API", (
        "instType,instId,mgnMode,type,cTime,uTime,openAvgPx,closeAvgPx,posId,openMaxPos,closeTotalPos,realizedPnl,pnl,"
        "fee,fundingFee,liqPenalty,direction,ccy"), "settledPnl,triggerPx"),),
    aliases={"mgnMode": "margin_mode"},
    cells=all_unmarked({
        "time": epoch("utime"),
        "opened_at": epoch("ctime"),
        "position": reference("posid"),
        "symbol": instrument("instid"),
        **{name: cell_of("instid") for name, cell_of in TERMS.items()},
        "settles_in": term("instid", "settle"),
        **COMMON,
        "max_quantity": money("openmaxpos"),
        "quantity": money("closetotalpos", required=True),
        "entry": money("openavgpx"),
        "exit": money("closeavgpx"),
        "coin": text("ccy", required=True),
        "net_stated": money("realizedpnl"),
        "fee_paid": money("fee"),
        "funding": money("fundingfee"),
        "clearance": money("liqpenalty"),
        "settled": money("settledpnl"),
        "mark_price": money("triggerpx"),
        "closed_as": word("type", CLOSES, required=True),
    }),
    event=pl.col("closed_as"),
    cases={"closed": CLOSED, **{stage: (*CLOSED, _forced(stage)) for stage in set(STAGES.values())}},
    identity=Identity(kind="content", cells=("symbol", "position", "opened_at", "time")),
    unread=unread({"instType,lever,posSide,uly,pnlRatio,nonSettleAvgPx": "the instrument says it, or what is read"}),
))  # fmt: skip

FORMATS = (POSITIONS, ANSWER)
