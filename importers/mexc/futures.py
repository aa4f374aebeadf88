"""Futures: fills, orders, capital flow, positions and copied trades of the site's exports.

`buy short` opens a short and `sell short` closes it: the first word says whether the position grows, not what was
traded.
Quantities stand in contracts, in the coin and in the quote: of linear contracts the coin's count here.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import money, text, word
from importers.contract import Context, Format, Identity
from importers.declared import claimed, claimed_in_part
from importers.mexc.cells import ALIASES, IGNORED_STATES, TIMES, clock, directed, headers, state, symbol
from importers.shapes import CLOSED, Words, fill, log_cases, name_dashed, of_contracts, stated, without_movements
from importers.vocabulary import POSITION_SIDES, ROLES, table

FLOWS = Words.of(table(__file__, "capital_flow.csv"))
DIRECTIONS = {
    "buy long": "open long", "open long": "open long", "sell long": "close long", "close long": "close long",
    "buy short": "open short", "open short": "open short", "sell short": "close short", "close short": "close short",
}  # fmt: skip
MODES = {"Cross": "cross", "Isolated": "isolated"}
OPEN_TYPES = {**MODES, "1": "isolated", "2": "cross"}
DIRECTION = pl.col("direction")
EFFECT, POSITION_SIDE = DIRECTION.str.extract(r"^(\w+)"), DIRECTION.str.extract(r"(\w+)$")
IS_BUY = DIRECTION.is_in(["open long", "close short"])

of_dashed = of_contracts()


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with side, effect and quantity, and the result of what closes."""
    told = of_dashed(rows.with_columns(
        EFFECT.alias("effect"), POSITION_SIDE.alias("position_side"),
        pl.when(IS_BUY).then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
        pl.when(EFFECT == "close").then("closing_pnl").alias("realized"),
    ), context)  # fmt: skip
    is_linear = pl.col("pot") == "usdm"
    return told.with_columns(
        pl.when(is_linear).then("coins").otherwise("contracts").alias("quantity"),
        pl.when(is_linear).then("quotes").alias("value"),
        pl.coalesce("fee_asset", "settle").alias("fee_asset"),
    )


TRADES = Format(
    name="mexc.futures_trades",
    family="mexc.futures_trades",
    venue="mexc",
    title="MEXC futures: trade history",
    confidence="parser seen",
    how="Orders, Futures Orders, Trade History, Export (CSV or XLSX)",
    headers=headers(
        "Futures Trading Pair,Direction,Order Type,Filled Qty (Cont.),Filled Qty (Crypto),Filled Qty (Amount),"
        "Filled Price,Trading Fee,Fee-payment Crypto,Role,Closing PNL", *TIMES,
    ),
    aliases=ALIASES,
    cells={
        "time": clock("time"),
        "symbol": symbol("futures trading pair"),
        "direction": word("direction", DIRECTIONS, required=True),
        "contracts": money("filled qty (cont.)", required=True),
        "coins": money("filled qty (crypto)", required=True),
        "quotes": money("filled qty (amount)"),
        "price": money("filled price", required=True),
        "fee": money("trading fee"),
        "fee_asset": text("fee-payment crypto"),
        "liquidity": word("role", ROLES),
        "closing_pnl": money("closing pnl"),
    },
    cases={"row": (fill(),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "symbol", "direction", "contracts", "price", "fee")),
    claims=claimed(fills=2, fees=2),
    account_number="uid",
    name_instrument=name_dashed,
    prepare=_prepare,
    unread={"order type": "how it was ordered"},
)  # fmt: skip
"""No ids: rows are compared as content and counted.  The closing result is before fees, as far as a parser shows."""

ORDERS = replace(
    TRADES,
    name="mexc.futures_orders",
    family="mexc.futures_orders",
    title="MEXC futures: order history (results of orders, a check)",
    how="Orders, Futures Orders, Order History, Export (CSV or XLSX)",
    headers=headers(
        "Futures Trading Pair,Direction,Leverage,Order Type,Order Qty (Cont.),Filled Qty (Cont.),Order Qty (Crypto),"
        "Filled Qty (Crypto),Order Qty (Amount),Filled Qty (Amount),Order Price,Average Filled Price,Closing PNL,"
        "Trading Fee,Fee-payment Crypto,Status", *TIMES,
    ),
    cells={
        **{name: cell for name, cell in TRADES.cells.items() if name not in ("price", "liquidity")},
        "price": money("average filled price"),
        "state": state("status"),
    },
    event=pl.when((pl.col("state") == "done") & (EFFECT == "open")).then(pl.lit("opened")).otherwise("state"),
    event_columns=("status",),
    cases={"done": (stated("order", pl.col("realized")),)},
    ignores={**IGNORED_STATES, "opened": "an order that opened: it has no result; its fills are in the trade history"},
    identity=Identity(kind="content", cells=("time", "symbol", "direction", "contracts", "price", "fee")),
    claims=(),
    unread=dict.fromkeys(
        ("leverage", "order type", "order qty (cont.)", "order qty (crypto)", "order qty (amount)", "order price"),
        "what was ordered, not what was done"),
)  # fmt: skip
"""An order's total may not speak for the fills that positions are made of."""

CAPITAL_FLOW = Format(
    name="mexc.capital_flow",
    family="mexc.capital_flow",
    venue="mexc",
    title="MEXC futures: capital flow (funding, transfers)",
    confidence="parser seen",
    how="Wallets, Futures, Capital Flow, Export (CSV or XLSX)",
    headers=headers("Futures Trading Pair,Crypto,Fund Type,Fund Flow Type,Amount", *TIMES),
    aliases=ALIASES,
    cells={
        "time": clock("time"),
        "symbol": symbol("futures trading pair", required=False),
        "asset": text("crypto", required=True),
        "word": FLOWS.cell("a fund type as Funding Fee, Transfer", "fund type"),
        "amount": directed("amount", "fund flow type"),
    },
    event=FLOWS.says("event"),
    event_columns=("fund type", "fund flow type"),
    cases=without_movements(log_cases(FLOWS)),
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "symbol", "asset", "word", "amount")),
    claims=(*claimed(2, funding=2), claimed_in_part()),
    account_number="uid",
    name_instrument=name_dashed,
    prepare=of_contracts(words=FLOWS),
)  # fmt: skip
"""Two of its words are known; whether it lists results and fees nobody has shown, so that it is no whole ledger."""

POSITION_CELLS = {
    "symbol": symbol("futures"),
    "entry": money("avg entry price"),
    "exit": money("avg close price"),
    "net": money("realized pnl", required=True),
}

POSITIONS = Format(
    name="mexc.positions",
    family="mexc.positions",
    venue="mexc",
    title="MEXC futures: position history",
    confidence="parser seen",
    how="Orders, Futures Orders, Position History, Export (CSV or XLSX)",
    headers=headers(
        "Futures,Close Time,Margin Mode,Avg Entry Price,Avg Close Price,Direction,Closing Qty (Cont.),Fee,Realized PNL,"
        "Status", "Open Time(UTC+00:00)", "Open Time",
    ),
    aliases={"Open Time(UTC+00:00)": "open_time", "Open Time": "open_time"},
    cells={
        "opened_at": clock("open_time"),
        "time": clock("close time"),
        **POSITION_CELLS,
        "margin_mode": word("margin mode", MODES),
        "position_side": word("direction", POSITION_SIDES, required=True),
        "contracts": money("closing qty (cont.)"),
        "state": state("status"),
    },
    event=pl.col("state"),
    event_columns=("status",),
    cases={"done": CLOSED},
    ignores=IGNORED_STATES,
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "opened_at", "symbol", "position_side", "contracts", "net")),
    account_number="uid",
    name_instrument=name_dashed,
    prepare=of_dashed,
    unread={"fee": "whether the result is before or after it nobody says"},
)  # fmt: skip
"""`Close Time` has no zone of its own: it is taken in that of the opening.  Its size is in contracts, ours in coins."""

COPIED = replace(
    POSITIONS,
    name="mexc.copy_trades",
    family="mexc.copy_trades",
    title="MEXC futures: copied trades",
    how="Futures, Copy Trade, My Copy Trades, Export (CSV or XLSX)",
    headers=headers(
        "copy_trader_uid,copy_state,futures,used_margin,leverage,open_type,vol(Cont),copy_amount(USDT),deal_avg_price,"
        "close_avg_price,Position Profit/Loss(USDT),fee", "create_time(UTC+00:00)", "close_time(UTC+00:00)",
        "create_time", "close_time",
    ),
    aliases={"create_time(UTC+00:00)": "create_time", "close_time(UTC+00:00)": "close_time"},
    cells={
        "opened_at": clock("create_time"),
        "time": clock("close_time", required=False),
        "symbol": symbol("futures"),
        "entry": money("deal_avg_price"),
        "exit": money("close_avg_price"),
        "gross": money("position profit/loss(usdt)", required=True),
        "margin_mode": word("open_type", OPEN_TYPES),
        "contracts": money("vol(cont)"),
    },
    event=pl.when(pl.col("time").is_null()).then(pl.lit("open")).otherwise(pl.lit("closed")),
    event_columns=("copy_state",),
    cases={"closed": CLOSED},
    ignores={"open": "not closed: no time of a close"},
    identity=Identity(kind="content", cells=("time", "opened_at", "symbol", "contracts", "gross")),
    unread=dict.fromkeys(
        ("copy_trader_uid", "copy_state", "used_margin", "leverage", "copy_amount(usdt)", "fee"),
        "of the copied trader, or what was staked"),
)  # fmt: skip

FORMATS = (TRADES, ORDERS, CAPITAL_FLOW, POSITIONS, COPIED)
