"""Positions as the venue states them: closed ones, snapshots of their lives, open ones, as CSV or arrays of the API.

An open position is stated for the instant at which it was last changed.  What funding it cost is left out: its sign and
currency nobody has stated.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitfinex.cells import MARGIN, clock, pair, wallet_of_pair
from importers.bitfinex.symbols import name_instrument
from importers.cells import epoch, money, text, word
from importers.contract import Cell, Emit, Format, Header, Identity
from importers.declared import header, listed, unread
from importers.emits import AMOUNT, AT

COLUMNS = "#,PAIR,AMOUNT,BASE PRICE,FUNDING COST,FUNDING TYPE,STATUS,UPDATED,CREATED,LEVERAGE"
COLLATERAL = "COLLATERAL,MIN COLLATERAL,META INFORMATION"

CELLS: dict[str, Cell] = {
    "time": clock("updated"),
    "opened_at": clock("created", required=False),
    "id": text("#", required=True),
    "symbol": pair("pair"),
    "pot": wallet_of_pair("pair"),
    "amount": money("amount"),
    "entry": money("base price"),
    "exit": money("close price"),
    "unrealized": money("p/l"),
    "status": word("status", {"ACTIVE": "open", "CLOSED": "closed"}, required=True),
}


def _stated(**more: pl.Expr) -> tuple[Emit, ...]:
    mode = pl.when(pl.col("pot") == MARGIN).then(pl.lit("cross"))
    return (Emit(table="stated_positions", columns={
        "stated_at": AT, "symbol": pl.col("symbol"), "position_side": pl.lit("both"), "margin_mode": mode,
        "entry_price": pl.col("entry"), "opened_at": pl.col("opened_at"), **more,
    }),)  # fmt: skip


CASES = {
    "open": _stated(quantity=AMOUNT, unrealized=pl.col("unrealized")),
    "closed": _stated(closed_quantity=pl.when(AMOUNT != 0).then(AMOUNT.abs()), exit_price=pl.col("exit"), closed_at=AT),
}
UNREAD_ALWAYS = unread({
    "FUNDING COST": "of a sign and currency that nobody has stated", "FUNDING TYPE": "by the day or by term",
    "LEVERAGE": "follows from the collateral",
})  # fmt: skip
UNREAD = UNREAD_ALWAYS | unread({
    "COLLATERAL,MIN COLLATERAL": "at market prices of the moment", "P/L%": "a share of it",
    "META INFORMATION": "of its last order",
})  # fmt: skip

POSITIONS_HISTORY = Format(
    name="bitfinex.positions_history",
    family="bitfinex.positions_history",
    venue="bitfinex",
    title="Bitfinex: closed positions",
    confidence="parser seen",
    how="Reports, Positions, Export as CSV",
    headers=(
        header("January 2019", COLUMNS, exact=True),
        header("from February 2019", f"{COLUMNS},CLOSE PRICE", exact=True),
    ),
    cells={name: cell for name, cell in CELLS.items() if name != "unrealized"},
    event=pl.col("status"),
    event_columns=("status",),
    cases=CASES | {"open": _stated(quantity=AMOUNT)},
    newest_first=True,
    wallet=pl.col("pot"),
    identity=Identity(kind="content", cells=("id", "symbol", "status", "amount", "time")),
    name_instrument=name_instrument,
    unread=UNREAD_ALWAYS,
)
"""Whether a closed position's amount is its last size or zero nobody has stated; zero says nothing."""

POSITIONS_AUDIT = replace(
    POSITIONS_HISTORY,
    name="bitfinex.positions_audit",
    family="bitfinex.positions_audit",
    title="Bitfinex: snapshots of positions (audit)",
    how="Reports, Positions, Audit, Export as CSV",
    headers=(header("from August 2019", f"{COLUMNS},{COLLATERAL}"),),
    unread=UNREAD,
)

ACTIVE_POSITIONS = replace(
    POSITIONS_AUDIT,
    name="bitfinex.active_positions",
    family="bitfinex.active_positions",
    title="Bitfinex: open positions",
    how="Reports, Positions, Active, Export as CSV",
    headers=(header("from August 2019", f"{COLUMNS},{COLLATERAL},CLOSE PRICE,P/L,P/L%"),),
    cells=CELLS,
    cases=CASES,
)

PLACES = listed(
    "pair,status,amount,base price,funding cost,funding type,p/l,p/l%,price liq,leverage,flags,#,created,updated,none,"
    "type,none2,collateral,min collateral,meta information"
)
NAMES = tuple(str(place) for place in range(len(PLACES)))

POSITIONS_API = replace(
    ACTIVE_POSITIONS,
    name="bitfinex.positions_api",
    family="bitfinex.positions_api",
    title="Bitfinex: positions of the API (history, audit, open ones), as JSON arrays",
    confidence="API documentation",
    how="the API's /v2/auth/r/positions, /positions/hist, /positions/audit",
    headers=(Header(name="API arrays", exact=True, columns=NAMES),),
    aliases=dict(zip(NAMES, PLACES, strict=True)),
    cells=CELLS | {
        "time": epoch("updated"), "opened_at": epoch("created", required=False), "liquidation": money("price liq"),
    },
    cases={
        "open": _stated(quantity=AMOUNT, unrealized=pl.col("unrealized"), liquidation_price=pl.col("liquidation")),
        "closed": CASES["closed"],
    },
    unread=UNREAD | unread({
        "flags": "of the engine", "type": "margin or derivatives: the pair says it", "none,none2": "empty",
    }),
)  # fmt: skip

FORMATS = (POSITIONS_HISTORY, POSITIONS_AUDIT, ACTIVE_POSITIONS, POSITIONS_API)
