"""Contracts: the account book of the futures wallets, fills, closed positions, liquidations and ADL, of the API.

Sizes are contracts, + = long or bought.  The account book does not say its settle asset, which is part of the request's
path: it follows from the contracts in the file, else from the file's name (`usdt`, `btc`).
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from importers.cells import EARLIEST, epoch, money, text, word
from importers.contract import Context, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.naming import terms_of
from importers.shapes import CLOSED, Words, fill, forced, log_cases, name_dashed, named_symbol, of_contracts
from importers.vocabulary import POSITION_SIDES, ROLES, table
from schemas.types import INSTANT

BOOK = Words.of(table(__file__, "futures_book.csv"))
POINT = "POINT"
"""What the rows of points are counted in, whatever the contracts settle in."""
SETTLE_IN_NAME = re.compile(r"(?<![a-z])(usdt|usdc|btc)(?![a-z])", re.IGNORECASE)
SIZE, SIZE_CLOSED = pl.col("size"), pl.col("size_closed")

of_dashed = of_contracts()

CONTRACT_KEYS = (
    "leverage_min leverage_max maintenance_rate mark_type mark_price index_price last_price maker_fee_rate "
    "taker_fee_rate order_price_round mark_price_round funding_rate funding_interval funding_next_apply "
    "risk_limit_base risk_limit_step risk_limit_max order_size_min order_size_max order_price_deviate "
    "ref_discount_rate ref_rebate_rate orderbook_id trade_id trade_size position_size config_change_time in_delisting "
    "orders_limit enable_bonus enable_credit create_time funding_cap_ratio"
)


def _prepare_book(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their contract, also where only the comment names it, their asset and their wallet."""
    contract = pl.coalesce("contract", pl.col("comment").str.extract(r"^([A-Z0-9]+_[A-Z]+(?:_\d{8})?)(?::|$)"))
    named = rows.with_columns(contract.alias("symbol"))
    settles = terms_of(named["symbol"], name_dashed, "settle")
    own = pl.lit(_settle_of(settles, context.file_name), dtype=pl.String)
    settled = named.with_columns(settles.alias("settle")).with_columns(pl.coalesce("settle", own).alias("settle"))
    is_point = BOOK.says("asset") == POINT
    return BOOK.prepare(settled.with_columns(
        pl.when(is_point).then(pl.lit(POINT)).otherwise("settle").alias("asset"),
        pl.when(pl.col("settle") == "BTC").then(pl.lit("coinm")).otherwise(pl.lit("usdm")).alias("pot"),
    ), context)  # fmt: skip


def _settle_of(settles: pl.Series, file_name: str) -> str | None:
    """Return the settle asset of the file: the one that its contracts have, else the one in its name."""
    known, said = settles.drop_nulls().unique().to_list(), SETTLE_IN_NAME.search(file_name)
    return str(known[0]) if len(known) == 1 else said[1].upper() if said and not known else None


ACCOUNT_BOOK = Format(
    name="gate.futures_account_book",
    family="gate.futures_account_book",
    venue="gate",
    title="Gate.io futures: account book, as JSON or CSV",
    confidence="API documentation",
    how="/futures/{settle}/account_book, saved under a name with its settle asset in it",
    headers=(
        Header(name="with id", columns=("time", "change", "balance", "type", "text", "contract", "trade_id", "id"),
               exact=True),
        Header(name="to late 2023", columns=("time", "change", "balance", "type", "text"),
               optional=("contract", "trade_id"), exact=True),
    ),
    cells={
        "time": epoch("time"),
        "word": BOOK.cell("a type as pnl, fee, fund, dnw", "type"),
        "amount": money("change", required=True),
        "balance": money("balance"),
        "comment": text("text"),
        "contract": named_symbol("contract", required=False),
        "trade_ref": text("trade_id"),
        "id": text("id"),
    },
    event=BOOK.says("event"),
    event_columns=("type",),
    cases=log_cases(BOOK),
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "word", "comment", "amount", "balance")),
    claims=claimed(ledger=1, funding=1, fees=2),
    name_instrument=name_dashed,
    prepare=_prepare_book,
)  # fmt: skip
"""Rows before late 2023 have neither contract nor trade nor id: the comment names the contract, and the balance tells
twins apart, in every variant alike.  Results, fees and funding are rows of their own."""


# ---------------------------------------------------------------------------------------------- fills

IS_FLIP = (SIZE_CLOSED != 0) & (SIZE_CLOSED.abs() < SIZE.abs())
IN_COIN, IN_POINTS = pl.col("coin_fee").fill_null(0), pl.col("point_fee").fill_null(0)
PAYS_POINTS = (IN_COIN == 0) & (IN_POINTS != 0)


def _prepare_trades(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with side, effect (none of a fill that turns the position round) and the one fee they have."""
    is_open = (SIZE_CLOSED == 0).fill_null(False)
    effect = pl.when(is_open).then(pl.lit("open")).when(~IS_FLIP).then(pl.lit("close"))
    rows = of_dashed(rows.with_columns(
        pl.when(SIZE > 0).then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
        effect.alias("effect"), SIZE.abs().alias("quantity"),
        pl.when(PAYS_POINTS).then("point_fee").otherwise("coin_fee").alias("fee"),
    ), context)  # fmt: skip
    return rows.with_columns(pl.when(PAYS_POINTS).then(pl.lit(POINT)).otherwise("settle").alias("fee_asset"))


TRADES = Format(
    name="gate.futures_trades",
    family="gate.futures_trades",
    venue="gate",
    title="Gate.io futures: fills, as JSON or CSV",
    confidence="API documentation",
    how="/futures/{settle}/my_trades",
    headers=(Header(name="API", columns=(
        "id", "create_time", "contract", "order_id", "size", "price", "role", "fee"),
        optional=("close_size", "point_fee")),),
    cells={
        "time": epoch("create_time"),
        "trade_ref": text("id", required=True),
        "symbol": named_symbol("contract"),
        "order_ref": text("order_id"),
        "size": money("size", required=True),
        "size_closed": money("close_size"),
        "price": money("price", required=True),
        "liquidity": word("role", ROLES),
        "coin_fee": money("fee"),
        "point_fee": money("point_fee"),
    },
    event=pl.when((IN_COIN == 0) | (IN_POINTS == 0)).then(pl.lit("fill")),
    event_columns=("fee", "point_fee"),
    cases={"fill": (fill(),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "trade_ref"), content=("size", "price")),
    claims=claimed(fills=1, fees=1),
    name_instrument=name_dashed,
    prepare=_prepare_trades,
    unread={"text": "the client's own name of the order"},
)  # fmt: skip
"""Nobody has described a fill with both a fee in coins and one in points: such a row is rejected."""


# ------------------------------------------------------------------------------- positions, forced orders


def _prepare_close(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with entry and exit by side: a long's are its long and short price, a short's the reverse."""
    is_long = pl.col("position_side") == "long"
    return of_dashed(rows, context).with_columns(
        pl.when(is_long).then("long_price").otherwise("short_price").alias("entry"),
        pl.when(is_long).then("short_price").otherwise("long_price").alias("exit"),
    )


FORCED_CLOSE = (
    pl.when(pl.col("comment").str.starts_with("liq"))
    .then(pl.lit("liquidation"))
    .when(pl.col("comment").str.starts_with("adl"))
    .then(pl.lit("adl"))
)
"""What closed a position, where the text of its order says that it was forced (`liq-...`, `adl-...`)."""
CLOSED_BY_FORCE = Emit(table="liquidations", where=FORCED_CLOSE.is_not_null(), columns={
    "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"),
    "side": pl.when(pl.col("position_side") == "long").then(pl.lit("sell")).otherwise(pl.lit("buy")),
    "stage": pl.when(FORCED_CLOSE == "adl").then(pl.lit("adl")),
})  # fmt: skip
"""Without size and price: the row's are of all that closed the position, of which only the last was forced."""

POSITION_CLOSE = Format(
    name="gate.futures_position_close",
    family="gate.futures_position_close",
    venue="gate",
    title="Gate.io futures: closed positions, as JSON or CSV",
    confidence="API documentation",
    how="/futures/{settle}/position_close",
    headers=(
        Header(name="with parts of the result", columns=(
            "time", "contract", "side", "pnl", "pnl_pnl", "pnl_fund", "pnl_fee", "text", "max_size", "accum_size",
            "first_open_time", "long_price", "short_price")),
        Header(name="net result only", columns=("time", "contract", "side", "pnl", "text"), optional=(
            "max_size", "accum_size", "first_open_time", "long_price", "short_price"), exact=True),
    ),
    cells={
        "time": epoch("time"),
        "symbol": named_symbol("contract"),
        "position_side": word("side", POSITION_SIDES, required=True),
        "net": money("pnl", required=True),
        "gross": money("pnl_pnl"),
        "max_quantity": money("max_size"),
        "quantity": money("accum_size"),
        "opened_at": epoch("first_open_time", required=False),
        "long_price": money("long_price"),
        "short_price": money("short_price"),
        "comment": text("text"),
    },
    event_columns=("text",),
    cases={"row": (*CLOSED, CLOSED_BY_FORCE)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("time", "symbol", "position_side", "net", "comment")),
    claims=claimed(liquidations=4),
    name_instrument=name_dashed,
    prepare=_prepare_close,
    unread=dict.fromkeys(("pnl_fund", "pnl_fee", "leverage"), "the account book has the rows of which these are sums"),
)  # fmt: skip
"""`pnl` is what is left of the position's result (`pnl_pnl`) after funding and fees."""


def _prepare_liquidation(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with side and size of what was closed: the row's size is the position's, + = long."""
    return _prepare_adl(rows.with_columns(-SIZE), context)


def _prepare_adl(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with side and size of the trade, + = bought."""
    side = pl.when(SIZE > 0).then(pl.lit("buy")).otherwise(pl.lit("sell"))
    return of_dashed(rows, context).with_columns(side.alias("side"), SIZE.abs().alias("quantity"))


LIQUIDATES = Format(
    name="gate.futures_liquidates",
    family="gate.futures_liquidations",
    venue="gate",
    title="Gate.io futures: liquidations, as JSON or CSV",
    confidence="API documentation",
    how="/futures/{settle}/liquidates",
    headers=(Header(name="API", columns=(
        "time", "contract", "size", "entry_price", "liq_price", "mark_price", "order_id", "order_price",
        "fill_price"), optional=("leverage", "margin", "left")),),
    cells={
        "time": epoch("time"),
        "symbol": named_symbol("contract"),
        "size": money("size", required=True),
        "mark_price": money("mark_price"),
        "bankruptcy_price": money("order_price"),
        "price": money("fill_price"),
        "order_ref": text("order_id", required=True),
    },
    cases={"row": (forced(None),)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="id", cells=("symbol", "order_ref"), content=("size", "price")),
    claims=claimed(liquidations=1),
    name_instrument=name_dashed,
    prepare=_prepare_liquidation,
    unread=dict.fromkeys(("leverage", "margin", "entry_price", "liq_price"), "of the position before, not of its end")
    | {"left": "what it counts is not documented"},
)  # fmt: skip
"""`size` is the position's (+ = long), `order_price` the limit of the order that took it over."""


AUTO_DELEVERAGES = replace(
    LIQUIDATES,
    name="gate.futures_auto_deleverages",
    title="Gate.io futures: auto-deleveraging, as JSON or CSV",
    how="/futures/{settle}/auto_deleverages",
    headers=(Header(name="API", columns=(
        "time", "user", "order_id", "contract", "entry_price", "fill_price", "trade_size", "position_size"),
        optional=("leverage", "cross_leverage_limit")),),
    cells={
        **{name: LIQUIDATES.cells[name] for name in ("time", "symbol", "price", "order_ref")},
        "size": money("trade_size", required=True),
    },
    cases={"row": (forced("adl"),)},
    account_number="user",
    prepare=_prepare_adl,
    unread=dict.fromkeys(
        ("leverage", "cross_leverage_limit", "entry_price", "position_size"), "of the position, not of the reduction"),
)  # fmt: skip
"""`trade_size` is the trade's: a long is reduced by one below zero."""

IS_SIZED = (pl.col("type") == "direct") & (pl.col("multiplier") > 0)


def _always(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows at the earliest instant: the answer says no date from which its terms hold."""
    return of_dashed(rows, context).with_columns(EARLIEST.cast(INSTANT).alias("at"))


CONTRACTS = Format(
    name="gate.futures_contracts",
    family="gate.futures_contracts",
    venue="gate",
    title="Gate.io futures: terms of contracts, as JSON or CSV",
    confidence="API documentation",
    how="/futures/{settle}/contracts",
    headers=(Header(name="API", columns=("name", "type", "quanto_multiplier", "leverage_max", "maintenance_rate",
                                         "funding_interval", "order_size_min", "orders_limit")),),
    cells={
        "symbol": named_symbol("name"),
        "type": word("type", {"direct": "direct", "inverse": "inverse"}, required=True),
        "multiplier": money("quanto_multiplier", required=True),
    },
    event=pl.when(IS_SIZED).then(pl.lit("sized")).otherwise(pl.lit("unsized")),
    event_columns=("name", "type"),
    cases={"sized": (Emit(table="instruments", columns={
        "symbol": pl.col("symbol"), "settle": pl.col("settle"), "multiplier": pl.col("multiplier"),
        "source": pl.lit("Gate API v4, futures contracts: quanto_multiplier")}),)},
    ignores={"unsized": "a contract whose size the answer does not state"},
    time="at",
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("symbol", "multiplier")),
    name_instrument=name_dashed,
    prepare=_always,
    unread=dict.fromkeys(CONTRACT_KEYS.split(), "not needed for results"),
)  # fmt: skip
"""The multiplier of a direct contract is the base asset in one of them."""

FORMATS = (ACCOUNT_BOOK, TRADES, POSITION_CLOSE, LIQUIDATES, AUTO_DELEVERAGES, CONTRACTS)
