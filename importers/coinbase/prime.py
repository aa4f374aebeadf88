"""Prime: orders and transactions.  Names of people stand in both, and are not read.

There is one row an order, so that an order is taken as one fill: what was filled of it, at its average price, when it
was last updated.  A cancelled order may have been filled in part: the quantity says it, not the status.
"""

from __future__ import annotations

import polars as pl

from importers.cells import money, text, word, zoned_time
from importers.coinbase.symbols import name_instrument, product_id
from importers.contract import Claim, Context, Format, Header, Identity
from importers.declared import claimed_in_part, ignored_states
from importers.naming import terms_of
from importers.shapes import complete, fill, transferred
from importers.vocabulary import SIDES

QUANTITY, AMOUNT = pl.col("quantity"), pl.col("amount")
PEOPLE = dict.fromkeys(("initiated by", "approved by", "rejected by"), "a person's name")
PLACES = {
    "activity level": "portfolio or entity",
    **dict.fromkeys(("portfolio name", "portfolio id", "entity name", "entity id"), "portfolios are told apart by the "
                    "account they are imported to"),
}  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return complete(rows.with_columns(terms_of(rows["symbol"], name_instrument, "quote").alias("fee_asset")))


ORDERS = Format(
    name="coinbase.prime_orders",
    family="coinbase.prime_orders",
    venue="coinbase",
    title="Coinbase Prime: orders",
    confidence="parser seen",
    how="Prime, Activity, Orders, Download, as CSV",
    headers=(Header(name="orders", columns=(
        "order id", "status", "market", "side", "type", "limit price", "total order quantity", "order currency",
        "filled base quantity", "filled quote quantity", "average fill price", "total fees and commissions",
        "initiated by", "initiated time", "last updated time", "activity level", "portfolio name", "portfolio id",
        "entity name", "entity id")),),
    cells={
        "time": zoned_time("last updated time"),
        "order_ref": text("order id", required=True),
        "symbol": product_id("market", pairs_only=True),
        "side": word("side", SIDES, required=True),
        "quantity": money("filled base quantity"),
        "value": money("filled quote quantity"),
        "price": money("average fill price"),
        "fee": money("total fees and commissions"),
    },
    event=pl.when(QUANTITY.fill_null(0) == 0).then(pl.lit("unfilled")).otherwise(pl.lit("filled")),
    cases={"filled": (fill(product=pl.lit("spot")),)},
    ignores={"unfilled": "nothing of the order was filled"},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="id", cells=("order_ref",), content=("symbol", "side", "quantity", "price", "fee")),
    claims=(
        Claim(fact="fills", rank=5, grain="order", filterable=True, skew_s=60),
        Claim(fact="fees", rank=5, grain="order", filterable=True, skew_s=60),
    ),
    prepare=_prepare,
    name_instrument=name_instrument,
    unread={
        **PEOPLE, **PLACES,
        **dict.fromkeys(("status", "type", "limit price", "total order quantity", "order currency", "initiated time"),
                        "what was asked for, not what was filled"),
    },
)  # fmt: skip

DIRECTIONS = {"deposit": "deposit", "withdrawal": "withdrawal"}
STATES = {
    **dict.fromkeys(("completed", "done", "transaction_done", "activity_status_completed"), "done"),
    **{name: name for name in ("cancelled", "processing", "expired", "rejected", "failed")},
}
SIGNED = pl.when(pl.col("type") == "deposit").then(AMOUNT.abs()).otherwise(-AMOUNT.abs())

TRANSACTIONS = Format(
    name="coinbase.prime_transactions",
    family="coinbase.prime_transactions",
    venue="coinbase",
    title="Coinbase Prime: transactions (deposits and withdrawals)",
    confidence="parser seen",
    how="Prime, Activity, Transactions, Download, as CSV",
    headers=(Header(name="transactions", columns=(
        "activity id", "final status", "activity title", "activity type", "asset", "wallet name", "transaction value",
        "transaction currency", "initiated by", "approved by", "rejected by", "initiated time", "last updated time",
        "activity level", "portfolio name", "portfolio id", "entity name", "entity id")),),
    cells={
        "time": zoned_time("last updated time"),
        "transaction_ref": text("activity id", required=True),
        "status": word("final status", STATES, required=True),
        "type": word("activity type", DIRECTIONS, required=True),
        "asset": text("transaction currency", required=True),
        "amount": money("transaction value", thousands=True, required=True),
    },
    event=pl.when(pl.col("status") == "done").then(pl.col("type")).otherwise(pl.col("status")),
    event_columns=("activity type", "final status"),
    cases={name: (transferred(name, SIGNED, "completed"),) for name in DIRECTIONS},
    ignores=ignored_states(STATES.values()),
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="id", cells=("transaction_ref",), content=("type", "asset", "amount")),
    claims=(claimed_in_part(),),
    prepare=complete,
    unread={
        **PEOPLE, **PLACES, "activity title": "a sentence", "asset": "`transaction currency` says what was moved",
        "wallet name": "trading balance or vault of the portfolio", "initiated time": "when it was asked for",
    },
)  # fmt: skip
"""No row of it is published: of its types deposits and withdrawals are described, by the direction in their name."""

FORMATS = (ORDERS, TRANSACTIONS)
