"""Fills, position updates and executions of the API, as JSON: what was traded, without balances.

A position update states the fill, its fee, its result and the funding that it realized; a fill states its result for
recent ones only, an execution neither.  None names its margin account: the contract says which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.cells import epoch, file_instant, mapped, money, text, word, zoned_time
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.kraken.cells import clock
from importers.krakenfutures.cells import inside, plain
from importers.krakenfutures.symbols import currency, name_instrument, spelled, wallet_of
from importers.naming import with_terms
from importers.vocabulary import SIDES

Words = Mapping[str, tuple[str, str | None, str | None]]
"""What a word says: how it was executed, the stage of a liquidation, who provided the liquidity."""

FILL_TYPES: Words = {
    "maker": ("trade", None, "maker"), "taker": ("trade", None, "taker"), "takerAfterEdit": ("trade", None, "taker"),
    "liquidation": ("liquidation", "full", None), "partialLiquidation": ("liquidation", "partial", None),
    "assignor": ("liquidation", "takeover", None), "assignee": ("trade", None, None),
    "unwindBankrupt": ("liquidation", "takeover", None), "unwindCounterparty": ("adl", "adl", None),
}  # fmt: skip
TRADE_TYPES: Words = {
    "userExecution": ("trade", None, None), "liquidation": ("liquidation", "full", None),
    "partialLiquidation": ("liquidation", "partial", None), "assignment": ("liquidation", "takeover", None),
    "unwind": ("adl", None, None), "unknown": ("trade", None, None), "": ("trade", None, None),
}  # fmt: skip
"""Of a position's update; `assignment` and `unwind` do not say which of the two sides it was."""
ORDER_TYPES: Words = {
    "liquidation": ("liquidation", "full", None), "partialliquidation": ("liquidation", "partial", None),
    "coveredliquidation": ("liquidation", None, None), "assignment": ("liquidation", "takeover", None),
    "unwind": ("adl", None, None),
}  # fmt: skip

AT, SYMBOL, SIDE, QUANTITY, PRICE = (pl.col(name) for name in ("time", "symbol", "side", "quantity", "price"))


def _said(words: Words, place: int, name: str) -> pl.Expr:
    """Return what a word of a record says: its execution (0), the stage of a liquidation (1), the liquidity (2)."""
    meanings = {key: said[place] for key, said in words.items() if said[place] is not None}
    return pl.col(name).replace_strict(meanings, default=None, return_dtype=pl.String)


def _prepared(words: Words, otherwise: str | None = None) -> Callable[[pl.DataFrame, Context], pl.DataFrame]:
    def prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        return with_terms(rows, name_instrument, "settle").with_columns(
            _said(words, 0, "kind").fill_null(pl.lit(otherwise)).alias("execution"),
            _said(words, 1, "kind").alias("stage"),
            pl.coalesce(_said(words, 2, "kind"), pl.col("liquidity")).alias("liquidity"),
        )

    return prepare


def _fill(**columns: pl.Expr) -> Emit:
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "position_side": pl.lit("both"), "side": SIDE, "quantity": QUANTITY,
        "price": PRICE, "execution": pl.col("execution"), "liquidity": pl.col("liquidity"),
        "trade_ref": pl.col("trade_ref"), "order_ref": pl.col("order_ref"), **columns,
    })  # fmt: skip


LIQUIDATED = Emit(table="liquidations", where=pl.col("execution").is_in(["liquidation", "adl"]), columns={
    "liquidated_at": AT, "symbol": SYMBOL, "side": SIDE, "quantity": QUANTITY, "price": PRICE,
    "bankruptcy_price": pl.when(pl.col("stage") == "takeover").then(PRICE), "stage": pl.col("stage"),
    "order_ref": pl.col("order_ref"),
})  # fmt: skip


RESULT = Emit(table="stated_results", where=(pl.col("realized") != 0).fill_null(False), columns={
    "booked_at": AT, "symbol": SYMBOL, "asset": pl.col("settle"), "amount": pl.col("realized"),
    "basis": pl.lit("gross"), "grain": pl.lit("fill"), "trade_ref": pl.col("trade_ref"),
})  # fmt: skip
"""Rounded to 4 decimals of a dollar: no result of a fill by average prices (see the account log)."""


def contract_cell(column: str) -> Cell:
    """Return the contract of a record in the API's spelling; null where its name is none that we know."""
    return mapped(column, lambda name: spelled(name) if name_instrument(spelled(name), None) else None,
                  "a contract as PF_XBTUSD, PI_XBTUSD or FI_XBTUSD_260327", required=True, unmapped=True)  # fmt: skip


def pot_cell(column: str) -> Cell:
    """Return the wallet that holds a contract."""
    return mapped(column, lambda name: wallet_of(spelled(name)), "a contract")


FILLS = Format(
    name="krakenfutures.fills",
    family="krakenfutures.fills",
    venue="krakenfutures",
    title="Kraken Futures: fills of the API (no fees)",
    confidence="API documentation",
    how="GET /derivatives/api/v3/fills, all pages, as JSON",
    headers=(Header(name="API", columns=(
        "fill_id", "order_id", "symbol", "side", "size", "price", "fillTime", "fillType",
    ), optional=("cliOrdId", "realized_pnl", "sequence_id")),),
    aliases={"fillTime": "filltime", "fillType": "filltype"},
    cells={
        "time": clock("filltime"),
        "symbol": contract_cell("symbol"),
        "pot": pot_cell("symbol"),
        "side": word("side", SIDES, required=True),
        "quantity": money("size", required=True),
        "price": money("price", required=True),
        "kind": word("filltype", {name: name for name in FILL_TYPES}, required=True),
        "liquidity": text("liquidity"),
        "realized": money("realized_pnl"),
        "trade_ref": text("fill_id", required=True),
        "order_ref": text("order_id"),
    },
    cases={"row": (_fill(), LIQUIDATED, RESULT)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("trade_ref",), content=("symbol", "side", "quantity", "price")),
    claims=claimed(fills=3, liquidations=3),
    name_instrument=name_instrument,
    prepare=_prepared(FILL_TYPES),
    unread={"cliordid": "the user's own id of the order", "sequence_id": "number of the trade in its market's tape"},
)  # fmt: skip

# ------------------------------------------------------------------------------------- position updates

REASON, OLD, NEW = pl.col("reason"), pl.col("old"), pl.col("new")
FEE, FUNDING = pl.col("fee"), pl.col("funding")
REASONS = {"trade": "trade", "fundingRealisation": "funding", "settlement": "settlement"}


def _holds(rows: Sequence[Mapping[str, str]], name: str) -> bool:
    """Return whether the events of all rows are of one kind, by the name of what they hold."""
    return all(name in row.get("event", "")[:20] for row in rows)


def _of_update(cell: Cell, name: str, absent: str | None = None) -> Cell:
    return inside(cell, "PositionUpdate", name, absent=absent)


FEE_TERMS = {
    "fee": FEE, "fee_asset": pl.coalesce(pl.col("fee_asset").replace("", None), pl.col("settle")),
}  # fmt: skip
REDUCES = NEW.abs() < OLD.abs()
FUNDED = Emit(table="funding", where=FUNDING != 0, columns={
    "paid_at": AT, "symbol": SYMBOL, "asset": pl.col("settle"), "amount": FUNDING,
    "position_quantity": pl.when((REASON == "funding") & (OLD != 0)).then(OLD.abs()),
})  # fmt: skip
HELD = Emit(table="stated_positions", columns={
    "stated_at": AT, "symbol": SYMBOL, "quantity": NEW, "entry_price": pl.when(NEW != 0).then(pl.col("entry")),
})  # fmt: skip

UPDATES = replace(
    FILLS,
    name="krakenfutures.positions",
    family="krakenfutures.positions",
    title="Kraken Futures: position updates of the API",
    how="GET /api/history/v3/positions, all pages, as JSON",
    headers=(Header(name="API", columns=("uid", "timestamp", "event")),),
    aliases={},
    cells={
        "time": epoch("timestamp"),
        "uid": text("uid", required=True),
        "symbol": _of_update(contract_cell("event"), "tradeable"),
        "pot": _of_update(pot_cell("event"), "tradeable"),
        "reason": _of_update(word("event", REASONS), "updateReason"),
        "kind": _of_update(mapped("event", lambda kind: kind if kind in TRADE_TYPES else None,
                                  f"one of {', '.join(filter(None, TRADE_TYPES))}", unmapped=True), "tradeType", ""),
        "old": _of_update(money("event"), "oldPosition"),
        "new": _of_update(money("event"), "newPosition"),
        "entry": _of_update(money("event"), "newAverageEntryPrice", "0"),
        "fee": _of_update(money("event"), "fee", "0"),
        "fee_asset": _of_update(mapped("event", lambda code: currency(code) if code else "", "a currency"),
                                "feeCurrency", ""),
        "realized": _of_update(money("event"), "realizedPnL", "0"),
        "funding": _of_update(money("event"), "realizedFunding", "0"),
        "quantity": _of_update(money("event"), "executionSize", "0"),
        "executed": _of_update(money("event"), "executionPrice", "0"),
        "settled": _of_update(money("event"), "settlementPrice", "0"),
        "trade_ref": _of_update(plain("event"), "executionUid", ""),
        "order_ref": text("order_id"),
        "liquidity": text("liquidity"),
    },
    fits=lambda rows: _holds(rows, "PositionUpdate"),
    event=(
        pl.when(REASON == "funding").then(REASON)
        .when((REASON == "trade") & (pl.col("quantity") > 0) & (NEW != OLD)).then(pl.lit("trade"))
        .when((REASON == "settlement") & (NEW == 0) & (OLD != 0) & (pl.col("settled") > 0)).then(REASON)
    ),
    event_columns=("event",),
    cases={
        "trade": (
            _fill(**FEE_TERMS, execution=pl.when(REDUCES).then("execution").otherwise(pl.lit("trade"))),
            replace(LIQUIDATED, where=REDUCES & pl.col("execution").is_in(["liquidation", "adl"])), FUNDED, RESULT),
        "funding": (FUNDED, HELD),
        "settlement": (
            _fill(**FEE_TERMS, price=pl.col("settled"), quantity=OLD.abs(), execution=pl.lit("delivery")),
            FUNDED, RESULT),
    },
    identity=Identity(kind="id", cells=("uid",), content=("symbol", "old", "new")),
    claims=claimed(fills=2, fees=2, funding=2, liquidations=2),
    prepare=lambda rows, context: _prepared(TRADE_TYPES)(
        rows.with_columns(
            side=pl.when(NEW > OLD).then(pl.lit("buy")).otherwise(pl.lit("sell")),
            trade_ref=pl.col("trade_ref").replace("", None), price=pl.col("executed"),
        ), context),
    unread={},
)  # fmt: skip
"""`timestamp` is the event's; `fillTime` is when the position was opened."""

# ------------------------------------------------------------------------------------------- executions

EXECUTION = ("execution", "execution")


def _of_execution(cell: Cell, *names: str, absent: str | None = None) -> Cell:
    return inside(cell, *EXECUTION, *names, absent=absent)


EXECUTIONS = replace(
    FILLS,
    name="krakenfutures.executions",
    family="krakenfutures.executions",
    title="Kraken Futures: executions of the API (no fees, no results)",
    how="GET /api/history/v3/executions, all pages, as JSON",
    headers=(Header(name="API", columns=("uid", "timestamp", "event")),),
    aliases={},
    cells={
        "time": epoch("timestamp"),
        "uid": text("uid", required=True),
        "symbol": _of_execution(contract_cell("event"), "order", "tradeable"),
        "pot": _of_execution(pot_cell("event"), "order", "tradeable"),
        "side": _of_execution(word("event", SIDES), "order", "direction"),
        "quantity": _of_execution(money("event"), "quantity"),
        "price": _of_execution(money("event"), "price"),
        "kind": _of_execution(mapped("event", str.casefold, "an order type"), "order", "orderType", absent=""),
        "liquidity": _of_execution(mapped("event", lambda role: role if role in ("maker", "taker", "") else None,
                                          "maker or taker"), "executionType", absent=""),
        "trade_ref": _of_execution(plain("event"), "uid"),
        "order_ref": _of_execution(plain("event"), "order", "uid", absent=""),
    },
    fits=lambda rows: _holds(rows, "xecution"),
    cases={"row": (
        _fill(liquidity=pl.col("liquidity").replace("", None), order_ref=pl.col("order_ref").replace("", None)),
        LIQUIDATED,
    )},
    claims=claimed(fills=4, liquidations=4),
    prepare=_prepared(ORDER_TYPES, "trade"),
    unread={},
)  # fmt: skip
"""The event is spelled `execution` or `Execution`."""

# --------------------------------------------------------------------------------------- open positions

OPEN_POSITIONS = Format(
    name="krakenfutures.open_positions",
    family="krakenfutures.open_positions",
    venue="krakenfutures",
    title="Kraken Futures: open positions of the API (a check; the instant stands in the file's name)",
    confidence="API documentation",
    how="GET /derivatives/api/v3/openpositions, as JSON, saved as openpositions-2026-02-03T0800Z.json",
    headers=(Header(name="API", columns=("side", "symbol", "price", "size", "unrealizedFunding"), optional=(
        "fillTime",)),),
    aliases={"fillTime": "filltime"},
    cells={
        "time": file_instant("symbol"),
        "symbol": contract_cell("symbol"),
        "pot": pot_cell("symbol"),
        "side": word("side", {"long": "long", "short": "short"}, required=True),
        "size": money("size", required=True),
        "entry": money("price"),
        "opened": zoned_time("filltime", required=False),
    },
    cases={"row": (Emit(table="stated_positions", columns={
        "stated_at": AT, "symbol": SYMBOL, "entry_price": pl.col("entry"), "opened_at": pl.col("opened"),
        "quantity": pl.when(SIDE == "short").then(-pl.col("size").abs()).otherwise(pl.col("size").abs()),
    }),)},
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "symbol", "side", "size", "entry")),
    name_instrument=name_instrument,
    unread={
        **dict.fromkeys(("unrealizedfunding", "unrealizedpnl"), "of the moment, not booked"),
        "pnlcurrency": "the currency that a preference chose for results",
        "maxfixedleverage": "how it is margined",
        "greeks": "of options, at the moment",
    },
)  # fmt: skip

FORMATS = (FILLS, UPDATES, EXECUTIONS, OPEN_POSITIONS)
