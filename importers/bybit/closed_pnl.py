"""Closed P&L: what the venue says each closing order realized, net of fees and funding; checks, never cash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from importers.bybit.cells import amount
from importers.bybit.dialect import KINDS, contract, note, page_clock
from importers.bybit.symbols import name_instrument
from importers.cells import epoch, exact_decimals, text, word
from importers.contract import Cell, Context, Emit, Format, Header, Identity
from importers.declared import claimed, spelled
from importers.naming import TERMS, with_terms

TYPES: Mapping[str, str] = {
    **{name: kind if kind in ("session", "liquidation", "adl") else "closed" for name, kind in KINDS.items()
       if kind != "funding"},
    "ForwardSplitSettle": "closed", "ReverseSplitSettle": "closed",
}  # fmt: skip
CLOSED_SIDES = {"Close Long": "long", "Close Short": "short", "Sell": "long", "Buy": "short"}
"""The side of what was closed: a closing order that sells closes a long."""

COIN_AND_AMOUNT = r'^\{\s*"(?<coin>[^"]+)"\s*:\s*"?(?<amount>[+-]?[\d.]+(?:[eE][+-]?\d+)?)"?\s*\}$'
"""A fee as JSON with one coin, {"USDT":"0.11"}."""

PRICE_DIGIT = 1e-8
"""The last digit of a printed price."""
SLACK = 1e-7
"""What the rounding of a result and three costs may add up to."""


def _one_coin(column: str, group: str, otherwise: str) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        texts = columns[0].str.strip_chars()
        found = texts.str.extract_groups(COIN_AND_AMOUNT).struct.field(group)
        several = found.is_null() & texts.str.contains(r'^\{\s*".*\}$').fill_null(False)
        found = found.zip_with(~several, pl.Series([otherwise]).new_from_index(0, len(found)))
        return exact_decimals(found) if group == "amount" else found

    return Cell(columns=(column,), read=read, expected='a fee as {"USDT":"0.11"}', empty_words=("--", "{}", "null"))


def fee_coin(column: str) -> Cell:
    """Return the coin of a fee in JSON; empty (not null) where it is in several coins."""
    return _one_coin(column, "coin", "")


def fee_amount(column: str) -> Cell:
    """Return the amount of a fee in JSON; 0 where it is in several coins, which the test of the side then misses."""
    return _one_coin(column, "amount", "0")


def _cost(name: str) -> pl.Expr:
    """Return a fee as far as it is part of the result: in the settle asset, from its column or else from the JSON."""
    elsewhere = (pl.col(f"{name}_coin") != "") & (pl.col(f"{name}_coin") != pl.col("settle"))
    stated = pl.coalesce(f"{name}_fee", f"{name}_info").cast(pl.Float64).fill_null(0)
    return pl.when(elsewhere.fill_null(False)).then(0.0).otherwise(stated)


def _prepare(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the rows with their settle asset and the side that their own figures prove, null where they prove none."""
    named = with_terms(rows, name_instrument, *TERMS)
    numbers = named.select(
        "style", "closed_side", *(pl.col(name).cast(pl.Float64) for name in ("quantity", "entry", "exit", "result")),
        costs=_cost("open") + _cost("close") + pl.col("funding_fee").cast(pl.Float64).fill_null(0),
    )  # fmt: skip
    entry, exit_, quantity = pl.col("entry"), pl.col("exit"), pl.col("quantity")
    is_inverse = pl.col("style") == "inverse"
    as_long = pl.when(is_inverse).then(quantity / entry - quantity / exit_).otherwise((exit_ - entry) * quantity)
    gross = pl.col("result") + pl.col("costs")
    last_digits = pl.when(is_inverse).then(quantity / entry / entry + quantity / exit_ / exit_).otherwise(quantity * 2)
    slack = SLACK + last_digits * PRICE_DIGIT
    fits_long, fits_short = (gross - as_long).abs() <= slack, (gross + as_long).abs() <= slack
    proven = pl.when(fits_long & ~fits_short).then(pl.lit("long")).when(fits_short & ~fits_long).then(pl.lit("short"))
    return named.with_columns(numbers.select(position_side=pl.coalesce("closed_side", proven)).to_series())


def _result(grain: str) -> Emit:
    return Emit(table="stated_results", columns={
        "booked_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
        "asset": pl.col("settle"), "amount": pl.col("result"), "basis": pl.lit("net"), "grain": pl.lit(grain),
        "order_ref": pl.col("order_ref"),
    })  # fmt: skip


POSITION = Emit(table="stated_positions", columns={
    "stated_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "position_side": pl.col("position_side"), "closed_quantity": pl.col("quantity"), "entry_price": pl.col("entry"),
    "exit_price": pl.col("exit"), "closed_at": pl.col("time"),
})  # fmt: skip

FORCED = Emit(table="liquidations", columns={
    "liquidated_at": pl.col("time"), "symbol": pl.col("symbol"), "instrument": pl.col("instrument"),
    "product": pl.col("product"), "side": pl.when(pl.col("position_side") == "long").then(pl.lit("sell"))
    .when(pl.col("position_side") == "short").then(pl.lit("buy")),
    "quantity": pl.col("quantity"), "price": pl.col("exit"),
    "stage": pl.when(pl.col("type") == "adl").then(pl.lit("adl")), "order_ref": pl.col("order_ref"),
})  # fmt: skip
"""Without a fill of its own: what the closing order was."""

CELLS: dict[str, Cell] = {
    "time": page_clock("time"),
    "symbol": contract("symbol"),
    "type": word("type", TYPES, required=True),
    "closed_side": word("closed_side", CLOSED_SIDES),
    "quantity": amount("quantity", required=True),
    "entry": amount("entry"),
    "exit": amount("exit"),
    "open_fee": amount("open_fee"),
    "close_fee": amount("close_fee"),
    "funding_fee": amount("funding_fee"),
    "open_coin": fee_coin("open_info"),
    "open_info": fee_amount("open_info"),
    "close_coin": fee_coin("close_info"),
    "close_info": fee_amount("close_info"),
    "result": amount("result", required=True),
    "order_ref": note("order_no"),
}

CLOSED_PNL = Format(
    name="bybit.closed_pnl",
    family="bybit.closed_pnl",
    venue="bybit",
    title="Bybit: closed P&L of derivatives",
    confidence="parser seen",
    how="Orders, Unified Trading, Derivatives, P&L, Closed P&L, Export (`Bybit-AllPerp-ClosedPNL-...`, CSV or XLSX)",
    headers=(
        Header(name="2025 to 2026", columns=(
            "Market", "Order Quantity", "Entry Price", "Exit Price", "Opening Fee", "Closing Fee", "Funding Fee",
            "cumClosedPzOpenFeeInfo", "cumClosedPzTradeFeeInfo", "Trade Type", "Realized P&L"),
            optional=("Trade time",)),
        Header(name="fees as JSON only", columns=(
            "Market", "Order Quantity", "Entry Price", "Exit Price", "cumClosedPzOpenFeeInfo",
            "cumClosedPzTradeFeeInfo", "Trade Type", "Realized P&L"), optional=("Trade time",)),
        Header(name="to 2024", columns=(
            "Contracts", "Closing Direction", "Qty", "Entry Price", "Exit Price", "Closed P&L", "Exit Type"),
            optional=("Trade Time(UTC+0)", "Trade Time")),
        Header(name="to 2024, with order", columns=(
            "Contracts", "Closing Direction", "Qty", "Entry Price", "Exit Price", "Closed P&L", "Exit Type",
            "Order No.", "Create Time"), optional=("Trade Time(UTC+0)", "Trade Time")),
    ),
    aliases={
        "Market": "symbol", "Contracts": "symbol", "Order Quantity": "quantity", "Qty": "quantity",
        "Entry Price": "entry", "Exit Price": "exit", "Opening Fee": "open_fee", "Closing Fee": "close_fee",
        "Funding Fee": "funding_fee", "cumClosedPzOpenFeeInfo": "open_info",
        "cumClosedPzTradeFeeInfo": "close_info", "Trade Type": "type", "Exit Type": "type",
        "Realized P&L": "result", "Closed P&L": "result", "Closing Direction": "closed_side",
        "Trade time": "time", "Trade Time(UTC+0)": "time", "Order No.": "order_no", "Create Time": "created",
    },
    cells=CELLS,
    event=pl.col("type"),
    event_columns=("type",),
    cases={
        "closed": (_result("position"), POSITION),
        **dict.fromkeys(("liquidation", "adl"), (_result("position"), POSITION, FORCED)),
        "session": (_result("fill"),),
    },
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("symbol", "time", "quantity", "entry", "exit", "result")),
    claims=claimed(60, resolution_s=60, liquidations=8),
    prepare=_prepare,
    unread={"created": "when the closing order was placed"},
    assumed_zone="UTC",
)  # fmt: skip
"""One row is one closing order: partial closes repeat, with the average entry of the moment.  The current layout has
no side; it follows where result + fees + funding is the price difference of a long, or of a short, to the digit.  In
the old layout, as in the new, the result is after fees and funding.  A session of a USDC contract closes nothing."""

API = replace(
    CLOSED_PNL,
    name="bybit.closed_pnl_api",
    family="bybit.closed_pnl_api",
    title="Bybit: closed P&L of the API, as JSON or CSV",
    confidence="API documentation",
    how="/v5/position/closed-pnl",
    headers=(Header(name="API", columns=(
        "symbol", "orderId", "side", "qty", "execType", "closedSize", "avgEntryPrice", "avgExitPrice", "closedPnl",
        "createdTime", "updatedTime")),),
    aliases={
        "orderId": "order_no", "side": "closed_side", "execType": "type", "closedSize": "quantity",
        "avgEntryPrice": "entry", "avgExitPrice": "exit", "closedPnl": "result", "updatedTime": "time",
        "openFee": "open_fee", "closeFee": "close_fee",
    },
    cells={**CELLS, "time": epoch("time"), "order_ref": text("order_no", required=True)},
    identity=Identity(kind="content", cells=("symbol", "order_ref", "time", "quantity", "entry", "exit", "result")),
    unread=dict.fromkeys(
        ("qty", "orderprice", "ordertype", "cumentryvalue", "cumexitvalue", "fillcount", "leverage", "createdtime",
         "category", "orderlinkid"), "says nothing of the result that other keys do not"),
    assumed_zone=None,
)  # fmt: skip

FORMATS = (CLOSED_PNL, spelled(API))
