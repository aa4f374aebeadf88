"""Spot: the convert history, and the order histories, whose rows say nothing that a book of executions needs."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from importers.binance.cells import clock, split_by_symbol
from importers.binance.transfers import DONE, UNDONE
from importers.cells import exact_decimals, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed_in_part

# ---------------------------------------------------------------------------------------------- converts

WALLETS = {
    "Spot": "spot", "Spot Wallet": "spot", "Funding": "funding", "Funding Wallet": "funding", "Earn": "earn",
    "Earn Wallet": "earn",
}  # fmt: skip


def side_of_convert(column: str, pair: str) -> Cell:
    """Return (amount, asset) of `12.5 USDT`; without a blank in it the pair has to tell where `101INCH` parts."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        glued = split_by_symbol(columns[0], columns[1])
        amount = exact_decimals(glued.struct.field("number"), thousands=True).alias("amount")
        frame = pl.DataFrame([amount, glued.struct.field("unit").str.strip_chars().replace("", None).alias("asset")])
        return frame.select(
            pl.when(pl.all_horizontal(pl.all().is_not_null())).then(pl.struct("amount", "asset")).alias("leg")
        )["leg"]

    return Cell(columns=(column, pair), read=read, required=True, expected="an amount with its asset, as 12.5 USDT")


def _leg(side: str, sign: int) -> Emit:
    return Emit(table="conversions", columns={
        "booked_at": pl.col("time"), "asset": pl.col(f"{side}_asset"), "amount": sign * pl.col(f"{side}_amount"),
        "symbol": pl.col("pair"), "kind": pl.lit("convert"), "group_ref": pl.col("group"),
    })  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with both legs, what ties them, and their wallet."""
    legs = [pl.col(side).struct.field(name).alias(f"{side}_{name}")
            for side in ("sold", "bought") for name in ("amount", "asset")]  # fmt: skip
    group = pl.concat_str(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "pair", "sold_text", "bought_text",
                          separator="|", ignore_nulls=True)  # fmt: skip
    return rows.with_columns(*legs).with_columns(
        group.alias("group"), pl.coalesce("wallet_said", pl.lit(context.wallet or "spot")).alias("pot")
    )


CONVERTS = Format(
    name="binance.converts",
    family="binance.converts",
    venue="binance",
    title="Binance: convert history",
    confidence="parser seen",
    how="Orders, Convert History, Export",
    headers=(
        Header(name="with wallet", columns=(
            "Date", "Wallet", "Pair", "Type", "Sell", "Buy", "Price", "Inverse Price", "Date Updated", "Status")),
        Header(name="without wallet", columns=(
            "Date", "Pair", "Type", "Sell", "Buy", "Price", "Inverse Price", "Date Updated", "Status")),
    ),
    aliases={
        "Date": "time", "Wallet": "wallet", "Pair": "pair", "Type": "type", "Sell": "sell", "Buy": "buy",
        "Price": "price", "Inverse Price": "inverse_price", "Date Updated": "updated", "Status": "status",
    },
    cells={
        "time": clock("time"),
        "wallet_said": word("wallet", WALLETS),
        "pair": text("pair"),
        "sold": side_of_convert("sell", "pair"),
        "bought": side_of_convert("buy", "pair"),
        "sold_text": text("sell"),
        "bought_text": text("buy"),
        "status": word("status", DONE | UNDONE, required=True),
    },
    event=pl.col("status"),
    event_columns=("status",),
    cases={"done": (_leg("sold", -1), _leg("bought", 1))},
    ignores={status: f"{status}: converted nothing" for status in sorted(UNDONE.values())},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(
        kind="content", cells=("time", "pot", "sold_amount", "sold_asset", "bought_amount", "bought_asset")
    ),
    claims=(claimed_in_part(2),),
    prepare=_prepare,
    unread={
        "type": "market or limit",
        "price": "follows from the two amounts",
        "inverse_price": "follows from the two amounts",
        "updated": "when the state last changed",
    },
)  # fmt: skip

# ------------------------------------------------------------------------------------------------ orders

ORDER = "an order, without fees: what it did is in the trade history"
PART = "a fill under its order, or the heading of such fills: it is in the trade history"


def _nothing_of(*columns: str) -> dict[str, str]:
    return dict.fromkeys(columns, "what orders did is in the trade history")


ORDERS = Format(
    name="binance.spot_orders",
    family="binance.spot_orders",
    venue="binance",
    title="Binance spot and margin: order history (recognized, nothing stored)",
    confidence="parser seen",
    how="Orders, Order History, Export; export the trade history instead",
    headers=(
        Header(name="to about 2021", columns=(
            "Date(UTC)", "OrderNo", "Pair", "Type", "Order Price", "Order Amount", "AvgTrading Price", "Filled",
            "Total", "status")),
        Header(name="from 2021", columns=(
            "Date(UTC)", "OrderNo", "Pair", "Type", "Side", "Order Price", "Order Amount", "Time", "Executed",
            "Average Price", "Trading total", "Status")),
    ),
    aliases={"Date(UTC)": "date"},
    cells={"time": clock("date", required=False)},
    event=pl.when(pl.col("time").is_not_null()).then(pl.lit("order")).otherwise(pl.lit("part")),
    cases={},
    ignores={"order": ORDER, "part": PART},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="content", cells=("time",)),
    unread=_nothing_of(
        "orderno", "pair", "type", "side", "order price", "order amount", "avgtrading price", "filled", "total",
        "status", "time", "executed", "average price", "trading total"),
)  # fmt: skip
"""Fills stand under their orders in the older workbooks, shifted by a column.  Both kinds of row repeat the trade
history without what it costs, and without ids that any other export has."""

FORMATS = (CONVERTS, ORDERS)
