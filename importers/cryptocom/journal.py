"""The journal of the Exchange's one account (`private/get-transactions`); `journal.csv` says what each type is.

What a row moves depends on what it names:

- an asset (`BTC`, `USD_Stable_Coin`): `transaction_qty` of it; of dollars that stand as a cost only, the cost;
- a contract: dollars, `realized_pnl`, or the cost where there is none; what a trade of it costs is its value, not cash;
- a pair: a trade moves both assets; any other row the base if it has a quantity, else the quote.

A row in which two of these figures differ is rejected: nobody has described what it moves.

A trade's fee is a row of its own with the trade's id; the fill has it, too.

A session settles what contracts gained since the last one: all sessions and the close together are what the position
made.  Where REALIZED_PNL rows book the result of a trade, its own row states it only.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.cells import epoch, integer, money, text, word
from importers.contract import Context, Format, Header, Identity
from importers.cryptocom.symbols import assets, instrument, name_instrument
from importers.declared import claimed
from importers.naming import with_terms
from importers.shapes import CHARGED, KIND, LOG, Words, complete, fill, forced, moved, of_asset, stated
from importers.vocabulary import ROLES, SIDES, table

TYPES = Words.of(table(__file__, "journal.csv"))
DOLLAR = pl.lit("USD")
ROW = pl.col("symbol")
QUANTITY, COST = pl.col("transaction_quantity").fill_null(0), pl.col("cost").fill_null(0)
RESULT = pl.col("result").fill_null(0)
IS_CONTRACT, IS_PAIR = ROW.str.contains("-", literal=True), ROW.str.contains("_", literal=True) & (
    ROW != "USD_Stable_Coin")  # fmt: skip
IS_DOLLAR = ROW.is_in(["USD", "USD_Stable_Coin"])
NAMES_ONE = (
    pl.when(IS_CONTRACT).then((RESULT == 0) | (COST == 0) | (RESULT == COST))
    .when(IS_PAIR).then((QUANTITY == 0) | (COST == 0))
    .otherwise((QUANTITY != 0) | (COST == 0) | IS_DOLLAR)
)  # fmt: skip
"""Whether the row has one figure that can be the change of a balance."""
MOVED = (
    pl.when(IS_CONTRACT & (RESULT != 0)).then(RESULT)
    .when(IS_CONTRACT).then(COST)
    .when(QUANTITY != 0).then(QUANTITY)
    .otherwise(COST)
)  # fmt: skip


def _event() -> pl.Expr:
    """Return the event: of trades by what was traded; null where nobody has described what moves."""
    event = TYPES.says("event")
    has_size = (QUANTITY != 0) & (COST != 0)
    return (
        pl.when((event == "trading") & has_size & IS_CONTRACT).then(pl.lit("contract_trade"))
        .when((event == "trading") & has_size & IS_PAIR).then(pl.lit("pair_trade"))
        .when(event == "trading").then(None)
        .when((event == "closing") & has_size & IS_CONTRACT).then(pl.lit("closing"))
        .when((event == "closing") & (QUANTITY != 0)).then(None)
        .when(~NAMES_ONE).then(None)
        .when(MOVED == 0).then(pl.lit("nothing"))
        .when(event == "closing").then(pl.lit("settled"))
        .otherwise(event)
    )  # fmt: skip


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with what they move, and the terms of what they name."""
    by_row = rows.filter(pl.col("event") == "realized")["trade_ref"].drop_nulls().unique().to_list()
    terms = with_terms(TYPES.looked_up(rows), name_instrument, "base", "quote", "settle")
    named = terms.with_columns(assets(rows["symbol"]).alias("named_asset"))
    at_pair = pl.when(QUANTITY != 0).then("base").otherwise("quote")
    side = pl.when(QUANTITY < 0).then(pl.lit("sell")).otherwise(pl.lit("buy"))
    told = named.with_columns(
        pl.when(IS_CONTRACT).then(DOLLAR).when(IS_PAIR).then(at_pair).otherwise("named_asset").alias("asset"),
        MOVED.alias("amount"),
        pl.coalesce("side", side).alias("side"),
        pl.when(QUANTITY != 0).then(QUANTITY.abs()).alias("quantity"),
        (COST.abs() / pl.when(QUANTITY != 0).then(QUANTITY.abs())).alias("price"),
        pl.when(COST != 0).then(COST.abs()).alias("value"),
        pl.when((RESULT != 0) & ~pl.col("trade_ref").is_in(by_row).fill_null(False)).then(RESULT).alias("cash"),
        pl.when(~IS_CONTRACT & ~IS_PAIR).then(None).otherwise("symbol").alias("symbol"),
        pl.coalesce("trade_ref", pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S%.3f")).alias("group_ref"),
        pl.col("journal").alias("transaction_ref"),
    )  # fmt: skip
    return complete(_with_fees(told))


def _with_fees(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the fee of each trade that has one: rows of the same trade id, in one asset."""
    booked = rows.filter(pl.col("event") == "trading_fee").group_by("trade_ref")
    fees = booked.agg(fee=-pl.col("amount").sum(), fee_asset=pl.col("asset").first(), coins=pl.col("asset").n_unique())
    is_trade = pl.col("event").is_in(["contract_trade", "pair_trade"]) & pl.col("trade_ref").is_not_null()
    alone = rows.filter(is_trade).filter(pl.col("trade_ref").is_unique()).select("journal", "trade_ref")
    known = alone.join(fees.filter(pl.col("coins") == 1), on="trade_ref").select("journal", "fee", "fee_asset")
    return rows.join(known, on="journal", how="left", maintain_order="left")


CASH = pl.col("cash")
RESULT_MOVED = of_asset(moved("realized_pnl"), DOLLAR, CASH, where=CASH.is_not_null())
BUYS = pl.when(pl.col("side") == "buy")
BASE = BUYS.then(pl.col("quantity")).otherwise(-pl.col("quantity"))
QUOTE = BUYS.then(-pl.col("value")).otherwise(pl.col("value"))
CASES = {
    **{name: LOG[name] for name in (
        "deposit", "withdrawal", "transfer", "funding", "realized", "settled", "insurance", "correction",
        "conversion")},
    "trading_fee": (moved("trading_fee"),),
    "contract_trade": (fill(), RESULT_MOVED),
    "pair_trade": (
        fill(),
        of_asset(moved("trade"), pl.col("base"), BASE),
        of_asset(moved("trade"), pl.col("quote"), QUOTE),
    ),
    "closing": (
        replace(fill(), columns={**fill().columns, "execution": KIND}),
        RESULT_MOVED,
        stated("fill", CASH),
    ),
    "liquidation_fee": (moved("liquidation_fee"), replace(forced(None), where=ROW.is_not_null(), columns={
        **forced(None).columns, "side": pl.lit(None), "quantity": pl.lit(None), "price": pl.lit(None)})),
    "interest": (moved("interest"), replace(CHARGED, columns={**CHARGED.columns, "kind": pl.lit("negative_balance")})),
}  # fmt: skip
"""A row about a liquidation fee says of the liquidation its instrument, instant and order only."""

JOURNAL = Format(
    name="cryptocom.journal",
    family="cryptocom.journal",
    venue="cryptocom",
    title="Crypto.com Exchange: journal of all transactions, of the API v1, as JSON or CSV",
    confidence="API documentation",
    how="private/get-transactions without an instrument; 100 rows an answer",
    headers=(Header(name="API", columns=(
        "journal_type", "journal_id", "transaction_qty", "transaction_cost", "realized_pnl", "event_timestamp_ms",
        "instrument_name"), optional=(
        "account_id", "event_date", "order_id", "trade_id", "trade_match_id", "event_timestamp_ns", "client_oid",
        "taker_side", "side", "isolation_id", "isolation_type")),),
    cells={
        "time": epoch("event_timestamp_ms"),
        "sequence": integer("journal_id", required=True),
        "journal": text("journal_id"),
        "word": TYPES.cell("a journal type as TRADING, FUNDING, SESSION_SETTLE", "journal_type"),
        "symbol": instrument("instrument_name"),
        "transaction_quantity": money("transaction_qty"),
        "cost": money("transaction_cost"),
        "result": money("realized_pnl"),
        "side": word("side", SIDES),
        "liquidity": word("taker_side", ROLES),
        "order_ref": replace(text("order_id"), empty_words=("0",)),
        "trade_ref": replace(text("trade_id"), empty_words=("0",)),
    },
    event=_event(),
    event_columns=("journal_type", "instrument_name", "transaction_qty", "transaction_cost", "realized_pnl"),
    cases=CASES,
    ignores={"nothing": "amounts of zero: moved nothing"},
    newest_first=True,
    sequence="sequence",
    wallet="unified",
    identity=Identity(
        kind="id", cells=("journal",), content=("time", "word", "symbol", "transaction_quantity", "cost", "result")
    ),
    claims=claimed(2, ledger=1, fills=2, fees=2, funding=1, interest=1, liquidations=1),
    prepare=_prepare,
    name_instrument=name_instrument,
    account_number="account_id",
    unread=dict.fromkeys(("event_date", "trade_match_id", "event_timestamp_ns", "client_oid", "isolation_id",
                          "isolation_type"), "another name or time of the row"),
)  # fmt: skip
"""Prices are cost by quantity, so that trades of `private/get-trades`, which state them, are preferred."""

FORMATS = (JOURNAL,)
