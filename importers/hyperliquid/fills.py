"""Fills: `trade_history.csv` of the app, look-alikes of archive tools, and userFills of the API.

The app states results after this fill's fee, the API and the archives before it.  A liquidation's object stands on the
fills of both sides: whoever takes liquidity and closes was liquidated, whoever rested in the book traded as ever.
The app names no side where a position was deleveraged or settled; such a row is rejected, the API's has its side.
"""

from __future__ import annotations

import polars as pl

from importers import vocabulary
from importers.cells import epoch, local_time, mapped, money, text, word
from importers.contract import Cell, Emit, Format, Identity
from importers.dateorder import ordered_time
from importers.declared import claimed, header, unread
from importers.emits import AT
from importers.hyperliquid.symbols import COLLATERAL, SPOT_PAIRS, name_instrument

DIRECTIONS = vocabulary.table(__file__, "directions.csv")
WORDS = {line["direction"] for line in DIRECTIONS}
SIDES, EFFECTS, KINDS, MODES = (
    vocabulary.column(DIRECTIONS, "direction", name) for name in ("side", "effect", "kind", "margin_mode")
)
API_SIDES = {"B": "buy", "A": "sell"}

SYMBOL, QUANTITY, PRICE = pl.col("symbol"), pl.col("quantity"), pl.col("price")
FEE, CLOSED = pl.col("fee"), pl.col("closed")
DIRECTION, SIDE = pl.col("direction"), pl.col("side")
EFFECT = vocabulary.looked_up("direction", EFFECTS)
KIND = vocabulary.looked_up("direction", KINDS)
MODE = vocabulary.looked_up("direction", MODES)


def direction(column: str, *, with_side: bool) -> Cell:
    """Return the direction in lower case; any text that begins with Liquidated and ends with a side is forced."""

    def find(printed: str) -> str | None:
        folded = printed.casefold()
        if folded not in WORDS and folded.startswith("liquidated"):
            folded = f"liquidated {folded.rpartition(' ')[2]}"
        return folded if folded in (SIDES if with_side else WORDS) else None

    what = "a direction as Open Long, Long > Short, Buy, Liquidated Cross Long"
    aside = "; Auto-Deleveraging and Settlement name no side here: import the API's userFills"
    return mapped(column, find, what + aside if with_side else what, required=True, unmapped=True)


# ------------------------------------------------------------------------------------------------ emits


def _fill(execution: str, *, side: pl.Expr, result: pl.Expr, refs: dict[str, pl.Expr]) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "product": pl.lit("perpetual"), "margin_mode": MODE,
        "position_side": pl.lit("both"), "side": side, "quantity": QUANTITY, "price": PRICE, "fee": FEE,
        "fee_asset": pl.col("fee_asset"), "execution": pl.lit(execution), "realized_stated": result,
        "settle_asset": pl.col("fee_asset"), "effect": EFFECT, **refs,
    })  # fmt: skip


def _spot(side: pl.Expr, refs: dict[str, pl.Expr]) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "product": pl.lit("spot"), "side": side, "quantity": QUANTITY,
        "price": PRICE, "fee": FEE, "fee_asset": pl.col("fee_asset"), "execution": pl.lit("trade"), **refs,
    })  # fmt: skip


def _forced(side: pl.Expr, stage: pl.Expr, refs: dict[str, pl.Expr]) -> Emit:
    named = {name: value for name, value in refs.items() if name in ("order_ref", "mark_price")}
    return Emit(table="liquidations", columns={
        "liquidated_at": AT, "symbol": SYMBOL, "product": pl.lit("perpetual"), "margin_mode": MODE, "side": side,
        "quantity": QUANTITY, "price": PRICE, "stage": stage, **named,
    })  # fmt: skip


def _cases(
    side: pl.Expr, result: pl.Expr, stage: pl.Expr, refs: dict[str, pl.Expr], mark: pl.Expr
) -> dict[str, tuple[Emit, ...]]:
    forced = refs | {"mark_price": mark}

    def fill(execution: str) -> Emit:
        return _fill(execution, side=side, result=result, refs=refs)

    return {
        "perpetual": (fill("trade"),),
        "settlement": (fill("settlement"),),
        "liquidation": (fill("liquidation"), _forced(side, stage, forced)),
        "adl": (fill("adl"), _forced(side, pl.lit("adl"), forced)),
        "spot": (_spot(side, refs),),
    }


NOTHING = pl.lit(None, dtype=pl.String)
NUMBERS: dict[str, Cell] = {
    "symbol": text("coin", required=True),
    "price": money("px", required=True),
    "quantity": money("sz", required=True),
    "fee": money("fee", required=True),
    "closed": money("closedpnl", required=True),
}
UNREAD = unread({
    "ntl": "size by price, with the noise of a binary float", "twapId": "which order by time it belongs to",
})  # fmt: skip


# ---------------------------------------------------------------------------------------------- formats

IS_SPOT = KIND == "spot"
PAIR = SYMBOL.replace({coin: "/".join(pair) for coin, pair in SPOT_PAIRS.items()}).str.split("/")
SIDE_SAID = vocabulary.looked_up("direction", SIDES)
FEE_ASSET_UNSAID = (
    pl.when(~IS_SPOT).then(pl.lit(COLLATERAL)).when(SIDE_SAID == "buy").then(PAIR.list.first())
    .otherwise(PAIR.list.get(1, null_on_oob=True))
)  # fmt: skip
"""A spot buy pays in the base token, everything else in the quote."""

TRADE_HISTORY = Format(
    name="hyperliquid.trade_history",
    family="hyperliquid.trade_history",
    venue="hyperliquid",
    title="Hyperliquid: trade history of the app",
    confidence="real file seen",
    how="Portfolio or the trading screen, Trade History, Export as CSV; times are the browser's",
    headers=(header("CSV", "time,coin,dir,px,sz,ntl,fee,closedPnl", exact=True),),
    cells={
        "time": ordered_time("time", "dmy", "mdy"), "direction": direction("dir", with_side=True), **NUMBERS,
    },
    event=KIND,
    event_columns=("dir",),
    cases=_cases(SIDE_SAID, pl.when(EFFECT == "open").then(0).otherwise(CLOSED + FEE), NOTHING, {}, pl.lit(None)),
    newest_first=True,
    identity=Identity(kind="content", cells=("time", "symbol", "direction", "price", "quantity", "fee", "closed")),
    claims=claimed(fills=3, fees=3, liquidations=3),
    name_instrument=name_instrument,
    prepare=lambda rows, _: rows.with_columns(FEE_ASSET_UNSAID.alias("fee_asset")),
    unread=UNREAD,
)  # fmt: skip
"""Equal rows of one second are parts of one sweep: all of them count."""

ARCHIVED = Format(
    name="hyperliquid.archived_fills",
    family="hyperliquid.archived_fills",
    venue="hyperliquid",
    title="Hyperliquid: fills as archive tools write them, with fee token and hash",
    confidence="inferred",
    how="a tool that saves the API's fills as CSV",
    headers=(header("CSV", "time,coin,dir,px,sz,ntl,fee,feeToken,closedPnl,hash", exact=True),),
    cells={
        "time": local_time("time", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
        "direction": direction("dir", with_side=True), **NUMBERS,
        "fee_asset": text("feetoken", required=True), "hash": text("hash"),
    },
    event=KIND,
    event_columns=("dir",),
    cases=_cases(SIDE_SAID, CLOSED, NOTHING, {}, pl.lit(None)),
    newest_first=True,
    identity=Identity(
        kind="content", cells=("time", "symbol", "direction", "price", "quantity", "fee", "closed", "hash")
    ),
    claims=claimed(fills=2, fees=2, liquidations=2),
    name_instrument=name_instrument,
    unread=UNREAD,
)  # fmt: skip

WAS_LIQUIDATED = (
    pl.col("liquidated").is_not_null() & (pl.col("crossed") == "taker") & (EFFECT == "close")
).fill_null(False)  # fmt: skip
STAGE = pl.when(pl.col("method").str.to_lowercase() == "backstop").then(pl.lit("takeover"))

USER_FILLS = Format(
    name="hyperliquid.user_fills",
    family="hyperliquid.user_fills",
    venue="hyperliquid",
    title="Hyperliquid: fills of the API",
    confidence="API documentation",
    how="the info API's userFills or userFillsByTime, as JSON (the latest 10,000 fills)",
    headers=(header("API JSON", "coin,px,sz,side,time,dir,closedPnl,oid,tid,fee,feeToken"),),
    cells={
        "time": epoch("time"), "direction": direction("dir", with_side=False), **NUMBERS,
        "side": word("side", API_SIDES, required=True), "fee_asset": text("feetoken", required=True),
        "trade_ref": text("tid", required=True), "order_ref": text("oid"),
        "crossed": word("crossed", {"true": "taker", "false": "maker"}),
        "liquidated": text("liquidation.liquidateduser"), "mark": money("liquidation.markpx"),
        "method": text("liquidation.method"),
    },
    event=pl.when(WAS_LIQUIDATED).then(pl.lit("liquidation")).otherwise(KIND),
    event_columns=("dir",),
    cases=_cases(SIDE, CLOSED, STAGE, {
        "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"), "liquidity": pl.col("crossed"),
    }, pl.col("mark")),
    newest_first=True,
    identity=Identity(
        kind="id", cells=("symbol", "time", "trade_ref", "side"), content=("price", "quantity", "fee", "closed")
    ),
    claims=claimed(fills=1, fees=1, liquidations=1),
    name_instrument=name_instrument,
    unread=UNREAD | unread({
        "hash": "all zeros for orders by time and the system's own fills",
        "startPosition": "the position before it, which the fills before it make",
        "builderFee,deployerFee": "a part of the fee", "cloid": "the user's own name of the order",
        "liquidation": "nothing: the fill is of no liquidation",
    }),
)  # fmt: skip
"""`tid` is a hash that both sides share: a trade with oneself has two rows."""

FORMATS = (TRADE_HISTORY, ARCHIVED, USER_FILLS)
