"""Order histories of the site: one row an order, at its average price.  Futures and spot.

No export of the site has fills.  An order's row is a fill as long as nothing better is known, so that it claims its
facts at the lowest rank: where the fills of the API are there, they speak.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitget.dialect import clock, glued
from importers.bitget.fills import FILLED, TERMS
from importers.bitget.symbols import contract_symbol, futures_wallet, name_contract
from importers.cells import family_word, money, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.naming import with_terms
from importers.vocabulary import column, looked_up, table

SOURCES = table(__file__, "order_sources.csv")
DIRECTIONS = {"Open long": "open_long", "Close long": "close_long", "Open short": "open_short",
              "Close short": "close_short"}  # fmt: skip
SIDES = {"open_long": "buy", "close_short": "buy", "open_short": "sell", "close_long": "sell"}
STATUSES = {
    "Fully executed": "filled", "Filled": "filled", "Partially executed": "partly", "Partially filled": "partly",
    "Cancelled": "cancelled", "Canceled": "cancelled",
}  # fmt: skip
EXECUTED = pl.col("quantity").fill_null(0) != 0
EVENT = (
    pl.when(EXECUTED).then(pl.lit("fill")).when(pl.col("status") != "filled").then(pl.lit("unexecuted"))
)  # fmt: skip
IGNORES = {"unexecuted": "an order of which nothing was executed"}


def _result(amount: str, basis: str) -> Emit:
    return Emit(table="stated_results", where=pl.col(amount).is_not_null() & (pl.col("effect") == "close"), columns={
        "booked_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "asset": pl.col("asset"), "amount": pl.col(amount), "basis": pl.lit(basis), "grain": pl.lit("order"),
        "order_ref": pl.col("order_ref"),
    })  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with the terms of their contract, their sides, and the fee: what the net result lacks.

    The id stands for the execution, too: the ledger books an order's fees under it.
    """
    known = with_terms(rows, name_contract, *TERMS).with_columns(
        looked_up("source", column(SOURCES, "source", "execution")).fill_null("trade").alias("execution"),
        trade_side_out=pl.col("direction").replace_strict(SIDES, return_dtype=pl.String),
        held=pl.col("direction").str.extract("(long|short)$"),
        effect=pl.col("direction").str.extract("^(open|close)"),
        fee=pl.col("realized") - pl.col("net"),
        fee_asset=pl.when(pl.col("net").is_not_null()).then("asset"),
        trade_ref=pl.col("order_ref"),
        liquidity=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    return known.with_columns(futures_wallet().alias("futures_wallet"), pl.coalesce("settle", "asset").alias("settle"))


FUTURES = Format(
    name="bitget.futures_orders",
    family="bitget.futures_orders",
    venue="bitget",
    title="Bitget futures: order history",
    confidence="parser seen",
    how="Orders, Futures, Order history, Export (`Export futures order history-...csv`), imported with --timezone",
    headers=(Header(name="2024 to 2026", columns=(
        "Date", "Order ID", "Direction", "Coin", "Futures", "order source", "Transaction type", "Price",
        "Average Price", "Order amount", "Executed", "Trading volume", "Realized P/L", "NetProfits", "Status")),),
    aliases={
        "Date": "date", "Order ID": "order_id", "Direction": "direction", "Coin": "coin", "Futures": "futures",
        "order source": "source", "Transaction type": "order_type", "Price": "limit_price",
        "Average Price": "average_price", "Order amount": "ordered", "Executed": "executed",
        "Trading volume": "volume", "Realized P/L": "realized", "NetProfits": "net", "Status": "status",
    },
    cells={
        "time": clock("date"),
        "order_ref": text("order_id", required=True),
        "direction": word("direction", DIRECTIONS, required=True),
        "asset": text("coin", required=True),
        "symbol": contract_symbol("futures", required=True),
        "source": family_word(
            "source", [line["source"] for line in SOURCES], "an order source as Web, API, Liquidation", required=False
        ),
        "price": glued("average_price", "futures"),
        "quantity": glued("executed", "futures", required=True),
        "realized": glued("realized", "futures"),
        "net": glued("net", "futures"),
        "status": word("status", STATUSES, required=True),
    },
    event=EVENT,
    event_columns=("executed", "status"),
    cases={"fill": (FILLED, _result("realized", "gross"), _result("net", "net"))},
    ignores=IGNORES,
    newest_first=True,
    wallet=pl.col("futures_wallet"),
    identity=Identity(kind="id", cells=("order_ref",), content=("symbol", "direction", "quantity", "price")),
    claims=claimed(2, fills=5, fees=5),
    prepare=_prepare,
    unread={
        "order_type": "what was asked for", "limit_price": "what was asked for", "ordered": "what was asked for",
        "volume": "average price times size, rounded",
    },
)  # fmt: skip
"""`NetProfits` is the result after the order's own fee, so the difference is that fee: checked on one description
only; where the transaction records are there, their fee counts.  An order that was exported while it was partly
executed is another row later, and is then shown as changed."""

SPOT = replace(
    FUTURES,
    name="bitget.spot_orders",
    family="bitget.spot_orders",
    title="Bitget spot: order history",
    how="Orders, Spot, Order history, Export (`Export spot order history-...csv`), imported with --timezone",
    headers=(Header(name="2024 to 2026", columns=(
        "Date", "Type", "Order Id", "Trading pair", "Base Asset", "Quote Asset", "Direction", "Price", "Order amount",
        "Executed", "Average Price", "Trading volume", "Status")),),
    aliases={
        "Date": "date", "Type": "order_type", "Order Id": "order_id", "Trading pair": "pair", "Base Asset": "base",
        "Quote Asset": "quote", "Direction": "direction", "Price": "limit_price", "Order amount": "ordered",
        "Executed": "executed", "Average Price": "average_price", "Trading volume": "volume", "Status": "status",
    },
    cells={
        "time": clock("date"),
        "order_ref": text("order_id", required=True),
        "symbol": contract_symbol("pair", required=True),
        "base": text("base", required=True),
        "quote": text("quote", required=True),
        "side": word("direction", {"Buy": "buy", "Sell": "sell"}, required=True),
        "price": money("average_price", empty_words=("", "-", "--")),
        "quantity": money("executed", required=True),
        "volume": money("volume", empty_words=("", "-", "--")),
        "status": word("status", STATUSES, required=True),
    },
    event=pl.when(pl.col("symbol") == pl.concat_str("base", "quote")).then(EVENT),
    event_columns=("pair", "base", "quote", "executed", "status"),
    cases={"fill": (Emit(table="fills", columns={
        "filled_at": pl.col("time"), "symbol": pl.col("symbol"), "product": pl.lit("spot"),
        "instrument": pl.concat_str("base", "quote", separator="/"), "side": pl.col("side"),
        "quantity": pl.col("quantity"), "price": pl.col("price"), "notional_stated": pl.col("volume"),
        "execution": pl.lit("trade"), "trade_ref": pl.col("order_ref"), "order_ref": pl.col("order_ref"),
        "settle_asset": pl.col("quote"), "style": pl.lit("linear"),
    }),)},
    wallet="spot",
    identity=Identity(kind="id", cells=("order_ref",), content=("symbol", "side", "quantity", "price")),
    claims=claimed(2, fills=5),
    prepare=None,
    unread=dict.fromkeys(("order_type", "limit_price", "ordered"), "what was asked for"),
)  # fmt: skip
"""Without fees: those are in the transaction records.  Base and quote are printed, and have to make up the pair."""

FORMATS = (FUTURES, SPOT)
