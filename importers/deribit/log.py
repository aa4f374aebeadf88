"""The transaction log of one currency: every change of cash with the balance after it, beside what was traded.

`Change` is the cash of a row and `Balance` the cash after it; `Cash Flow` is cash only where the change says so.

- The result of a perpetual or a future becomes cash by sessions, at 08:00 UTC: a `settlement` pays what it made since
  the last one, and the funding of the session with it.  A trade pays its fee only; the cash flow that it prints is its
  result since the last session, which the next one pays.  So fills state no result: a position keeps one entry price,
  and all its sessions together pay what its fills make.
- An option's premium and pay-off are cash at once, cause `trade`; so are both coins of a spot pair, each in the log of
  its own currency: the base coin's row makes the fill.
- A fee that was taken from a fee balance is none of this wallet's cash: the fill then has a fee of 0.
- Rows stand at their second, as the CSV prints them; UserSeq orders them inside it.
- `position move` hands a position to another account, at a price and without cash: a fill here and one there.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl

from importers.cells import epoch, integer, text, truncated, word
from importers.contract import Cell, Emit, Format, Header, Identity
from importers.declared import claimed
from importers.deribit.cells import change, currency, funding_of_session, instrument, is_zero, moment, number, product
from importers.deribit.symbols import name_instrument
from importers.emits import EQUITY, adding, booking, movement
from importers.vocabulary import ROLES, column, looked_up, table
from schemas.types import MONEY

TYPES = table(__file__, "types.csv")
SIDES = {name: name for name in ("open buy", "open sell", "close buy", "close sell", "buy", "sell", "long", "short")}

AT, ASSET, SYMBOL, PRODUCT = pl.col("time"), pl.col("asset"), pl.col("symbol"), pl.col("product")
TYPE, SIDE, PRICE, CHANGE = pl.col("type"), pl.col("side"), pl.col("price"), pl.col("change")
CASH_FLOW, FUNDING, FEE = (pl.col(name).fill_null(0) for name in ("cash_flow", "funding", "fee"))
TRADE, ORDER = pl.col("trade_ref"), pl.col("order_ref")
QUANTITY = pl.coalesce("amount", "base_amount").abs()
"""In the instrument's unit: USD of inverse contracts, else the coin."""

KIND = looked_up("type", column(TYPES, "type", "kind"))
BUYS_OR_SELLS = SIDE.str.extract(r"(buy|sell)$")
HELD_SIDE = SIDE.str.extract(r"^(long|short)$")
IS_CONTRACT, IS_OPTION, IS_SPOT = PRODUCT.is_in(["perpetual", "future"]), PRODUCT == "option", PRODUCT == "spot"
IS_INVERSE = IS_CONTRACT & ~SYMBOL.str.contains("_", literal=True)
IS_DELIVERED = TYPE == "delivery"
IS_FORCED = pl.col("info").str.to_lowercase().str.contains("liquidation", literal=True).fill_null(False)
BASE, QUOTE = SYMBOL.str.split("_").list.first(), SYMBOL.str.split("_").list.last()

WAITS = IS_CONTRACT & is_zero(CHANGE + FEE)
IS_PAID = is_zero(CHANGE - CASH_FLOW + FEE)
PAID_FEE = pl.when(WAITS).then(-CHANGE).when(IS_PAID).then(FEE).otherwise(pl.lit(Decimal(0)).cast(MONEY))
PAID = CHANGE + PAID_FEE
"""What a fill paid beside its fee: nothing where its result waits for the session."""
SESSION = CHANGE - FUNDING

PAYS_AGAINST_SIDE = (IS_DELIVERED & (CASH_FLOW != 0) & ((CASH_FLOW > 0) != (BUYS_OR_SELLS == "sell"))).fill_null(False)
IS_UNCLEAR = BUYS_OR_SELLS.is_null() | (QUANTITY.fill_null(0) == 0) | (PRICE.is_null() & ~(IS_OPTION & IS_DELIVERED))
BREAKS_A_DOLLAR = (IS_INVERSE & (QUANTITY.round(0) != QUANTITY)).fill_null(False)
"""Contracts are whole dollars: such an amount is in coins."""


def _event() -> pl.Expr:
    """Return the case of each row, null where a fill or a session has a shape that nobody has described."""
    event = TYPE.replace_strict(column(TYPES, "type", "event"), default=None, return_dtype=pl.String)
    fill = (
        pl.when(IS_UNCLEAR | BREAKS_A_DOLLAR).then(None)
        .when(IS_CONTRACT).then(pl.lit("contract"))
        .when(IS_OPTION & ~PAYS_AGAINST_SIDE).then(pl.lit("option"))
        .when(IS_SPOT & (BASE == ASSET)).then(pl.lit("spot_base"))
        .when(IS_SPOT & (QUOTE == ASSET)).then(pl.lit("spot_quote"))
    )  # fmt: skip
    return (
        pl.when(event == "fill").then(fill)
        .when(event == "settlement").then(pl.when(IS_CONTRACT).then(pl.lit("settlement")))
        .otherwise(event)
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ emits


_moved = adding(
    movement, "symbol", "trade_ref", "order_ref", position_side=HELD_SIDE, balance_after=pl.col("balance"),
)  # fmt: skip


FEE_MOVED = _moved("trading_fee", -PAID_FEE, where=PAID_FEE != 0)
PAY_OFF = pl.when(IS_OPTION & IS_DELIVERED).then(CASH_FLOW.abs())


def _fill(**columns: pl.Expr) -> Emit:
    forced = pl.when(IS_DELIVERED).then(pl.lit("delivery")).when(IS_FORCED).then(pl.lit("liquidation"))
    return Emit(table="fills", columns={
        "filled_at": AT, "symbol": SYMBOL, "position_side": pl.lit("both"), "side": BUYS_OR_SELLS,
        "quantity": QUANTITY, "price": PRICE, "fee": PAID_FEE, "fee_asset": ASSET, "liquidity": pl.col("liquidity"),
        "execution": forced.otherwise(pl.lit("trade")), "trade_ref": TRADE, "order_ref": ORDER,
        "effect": SIDE.str.extract(r"^(open|close) "), **columns,
    })  # fmt: skip


LIQUIDATED = Emit(table="liquidations", where=IS_FORCED & ~IS_DELIVERED, columns={
    "liquidated_at": AT, "symbol": SYMBOL, "side": BUYS_OR_SELLS, "quantity": QUANTITY, "price": PRICE,
    "mark_price": pl.col("mark"), "order_ref": ORDER,
})  # fmt: skip
"""The fee of a liquidation stands in one sum with the trading fee, on the fill beside it."""


def _stated(amount: pl.Expr, grain: str, where: pl.Expr) -> Emit:
    return Emit(table="stated_results", where=where, columns={
        "booked_at": AT, "symbol": SYMBOL, "asset": ASSET, "amount": amount, "basis": pl.lit("gross"),
        "grain": pl.lit(grain), "trade_ref": TRADE, "order_ref": ORDER,
    })  # fmt: skip


HELD = Emit(table="stated_positions", where=HELD_SIDE.is_not_null() & pl.col("position").is_not_null(), columns={
    "stated_at": AT, "symbol": SYMBOL, "mark_price": pl.col("mark"),
    "quantity": pl.when(HELD_SIDE == "short").then(-pl.col("position").abs()).otherwise(pl.col("position").abs()),
})  # fmt: skip
FUNDED = Emit(table="funding", where=FUNDING != 0, columns={
    "paid_at": AT, "symbol": SYMBOL, "position_side": HELD_SIDE, "asset": ASSET, "amount": FUNDING,
    "position_quantity": pl.when(HELD_SIDE.is_not_null()).then(pl.col("position").abs()),
    "mark_price": pl.when(pl.col("mark") > 0).then(pl.col("mark")),
})  # fmt: skip


_booked = adding(booking, "symbol", amount=CHANGE, group_ref=pl.coalesce(TRADE, ORDER))


def _transferred(kind: str, fee: pl.Expr) -> Emit:
    return Emit(table="transfers", columns={
        "moved_at": AT, "asset": ASSET, "amount": CHANGE + fee, "kind": pl.lit(kind),
        "fee": pl.when(fee != 0).then(fee),
    })  # fmt: skip


NO_FEE = pl.lit(Decimal(0)).cast(MONEY)
SPOT_TERMS = {"fee": pl.when(PAID_FEE != 0).then(PAID_FEE), "fee_asset": pl.when(PAID_FEE != 0).then(ASSET)}
CASES: dict[str, tuple[Emit, ...]] = {
    "contract": (
        _fill(), LIQUIDATED, _moved("realized_pnl", PAID, where=PAID != 0), FEE_MOVED,
        _stated(CASH_FLOW, "fill", CASH_FLOW != 0), EQUITY,
    ),
    "option": (
        _fill(
            price=pl.when(PAY_OFF.is_not_null()).then(PAY_OFF / QUANTITY).otherwise(PRICE),
            notional_stated=pl.coalesce(PAY_OFF, pl.when(CASH_FLOW != 0).then(CASH_FLOW.abs())),
        ),
        LIQUIDATED, _moved("trade", PAID, where=PAID != 0), FEE_MOVED, EQUITY,
    ),
    "spot_base": (_fill(**SPOT_TERMS), _moved("trade", PAID), FEE_MOVED, EQUITY),
    "spot_quote": (_moved("trade", PAID), FEE_MOVED, EQUITY),
    "settlement": (
        _moved("realized_pnl", SESSION, where=(SESSION != 0) | (FUNDING == 0)),
        _moved("funding", FUNDING, where=FUNDING != 0), FUNDED, _stated(SESSION, "day", SESSION != 0), HELD, EQUITY,
    ),
    "deposit": (
        _moved("deposit", CHANGE + FEE), _moved("network_fee", -FEE, where=FEE != 0),
        _transferred("deposit", FEE), EQUITY,
    ),
    "withdrawal": (
        _moved("withdrawal", CHANGE + FEE), _moved("network_fee", -FEE, where=FEE != 0),
        _transferred("withdrawal", FEE), EQUITY,
    ),
    "transfer": (_moved("transfer", CHANGE), _transferred("internal", NO_FEE), EQUITY),
    "insurance": (_moved("insurance", CHANGE), _booked("adjustments", KIND), EQUITY),
    "conversion": (_moved("conversion", CHANGE), _booked("conversions", KIND), EQUITY),
    "correction": (_moved("correction", CHANGE), _booked("adjustments", KIND), EQUITY),
}  # fmt: skip
"""A withdrawal's network fee is inside its change.  Insurance covers a bankruptcy; a loss that the venue shares among
those who won is the same below zero."""


# ---------------------------------------------------------------------------------------------- formats

CELLS: dict[str, Cell] = {
    "log_id": text("id", required=True),
    "sequence": integer("user_seq", required=True),
    "product": product("instrument"),
    "type": word("type", {row["type"]: row["type"] for row in TYPES}, required=True,
                 what="a type as trade, settlement, delivery, deposit"),
    "side": replace(word("side", SIDES), empty_words=("-",)),
    "amount": number("amount"),
    "base_amount": number("base_amount"),
    "position": number("position"),
    "price": number("price"),
    "mark": number("mark_price"),
    "cash_flow": number("cash_flow"),
    "fee": number("fee"),
    "balance": number("balance"),
    "equity": number("equity"),
    "trade_ref": replace(text("trade_id"), empty_words=("-",)),
    "order_ref": replace(text("order_id"), empty_words=("-",)),
    "liquidity": word("user_role", ROLES),
    "info": text("info"),
}  # fmt: skip

START = ("ID", "UserSeq", "Date", "Instrument", "Type", "Side")
PRICES = ("Position", "Price", "Mark Price")
FLOWS = ("Cash Flow", "Funding", "Fee Rate")
END = ("Fee Balance", "Change", "Balance", "Equity", "Trade ID", "Order ID", "Info")

LOG = Format(
    name="deribit.transaction_log",
    family="deribit.transaction_log",
    venue="deribit",
    title="Deribit: transaction log of one currency, which the file's name says",
    confidence="parser seen",
    how="Account, Transaction log, a currency and a range (at most 3 years), Download logs; keep the file's name",
    headers=(
        Header(name="oldest", columns=(*START, "Size", *PRICES, *FLOWS, "Fee Paid", *END)),
        Header(name="with index price", columns=(
            *START, "Base Amount", *PRICES, "Index Price", *FLOWS, "Fee Charged", *END)),
        Header(name="2024, with notes", columns=(
            *START, "Base Amount", *PRICES, "Index Price", *FLOWS, "Fee Charged", *END, "Note")),
        Header(name="from October 2024", columns=(
            *START, "Amount", "Base Amount", *PRICES, "Index Price", *FLOWS, "Fee Charged", *END, "Note")),
    ),
    aliases={
        "UserSeq": "user_seq", "Size": "base_amount", "Base Amount": "base_amount", "Mark Price": "mark_price",
        "Cash Flow": "cash_flow", "Fee Paid": "fee", "Fee Charged": "fee", "Trade ID": "trade_id",
        "Order ID": "order_id",
    },
    cells={
        "time": truncated(moment("date", "user_seq"), "1s"), "asset": currency("id"),
        "symbol": instrument("instrument"), **CELLS,
        "funding": number("funding"), "change": change(TYPES, "funding"),
    },
    event=_event(),
    event_columns=("type", "instrument", "side", "amount", "base_amount", "price", "cash_flow"),
    cases=CASES,
    sequence="sequence",
    newest_first=True,
    identity=Identity(kind="id", cells=("asset", "log_id"), content=("type", "symbol")),
    claims=claimed(ledger=1, fills=1, fees=1, funding=1, liquidations=2),
    name_instrument=name_instrument,
    unread={
        "index price": "price of the index at the event",
        "fee rate": "the fee says what it came to",
        "fee balance": "fees paid in advance or given: none of this wallet's cash",
        "note": "the user's own text",
    },
)  # fmt: skip

API_MUST = ("id", "user_seq", "timestamp", "type", "currency", "change", "balance")
API_MAY = ("instrument_name", "side", "amount", "position", "price", "mark_price", "cashflow", "commission", "equity",
           "trade_id", "order_id", "info", "user_role", "interest_pl", "total_interest_pl", "session_rpl",
           "session_upl", "user_id")  # fmt: skip

LOG_API = replace(
    LOG,
    name="deribit.transaction_log_api",
    title="Deribit: transaction log of the API",
    confidence="API documentation",
    how="private/get_transaction_log of a currency, all pages, as JSON",
    headers=(Header(name="API", columns=API_MUST, optional=API_MAY),),
    aliases={"instrument_name": "instrument", "cashflow": "cash_flow", "commission": "fee"},
    cells={
        "time": truncated(epoch("timestamp"), "1s"), "asset": text("currency", required=True),
        "symbol": instrument("instrument", "currency"), **CELLS, "funding": funding_of_session(),
        "change": change(TYPES, "total_interest_pl", "interest_pl"),
    },
    event_columns=("type", "instrument", "side", "amount", "price", "cash_flow"),
    account_number="user_id",
    unread={
        **dict.fromkeys(("index_price", "settlement_price"), "prices of the index and of the settlement"),
        "contracts": "the amount by the contract's size",
        "price_currency": "the instrument says it",
        "profit_as_cashflow": "the change says whether a result was paid",
        "fee_role": "by which role the fee was charged",
        "fee_balance": LOG.unread["fee balance"],
        "username": "the user's name",
        "ip": "where the order came from",
        **dict.fromkeys(("block_rfq_id", "block_trade_id", "combo_id", "combo_trade_id"), "what it was a part of"),
    },
)  # fmt: skip

FORMATS = (LOG, LOG_API)
