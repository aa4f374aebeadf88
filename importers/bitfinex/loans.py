"""Margin funding: what was borrowed for positions (credits) and beside them (loans); offers and trades of funding.

Of what the account lent to others the ledger has the interest, and what it lent stays in the funding wallet; only what
it took is borrowing.  The borrowed amount never enters the wallet's balance.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitfinex.cells import MARGIN, asset, clock
from importers.cells import constant, epoch, mapped, money, text, word
from importers.contract import Cell, Emit, Format, Header, Identity
from importers.declared import claimed, header, unread
from importers.emits import AMOUNT, ASSET, AT
from schemas.types import INSTANT

SIDES = {"PROVIDED": "lent", "TAKEN": "taken", "BOTH": "taken", "1": "lent", "-1": "taken", "0": "taken"}
IS_CLOSED = pl.col("is_closed") == "true"

CELLS: dict[str, Cell] = {
    "time": clock("opened"),
    "closed_at": clock("closed", required=False),
    "id": text("#", required=True),
    "asset": asset("currency"),
    "amount": money("amount", required=True),
    "rate": money("rate"),
    "side": word("side", SIDES, required=True),
    "is_closed": mapped("status", lambda said: "true" if said.upper().startswith("CLOSED") else "false", "a status"),
}

CREDITS = Format(
    name="bitfinex.funding_credits",
    family="bitfinex.margin_loans",
    venue="bitfinex",
    title="Bitfinex: margin funding in use by positions (credits)",
    confidence="parser seen",
    how="Reports, Credits, Export as CSV",
    headers=(header(
        "from 2018", "#,CURRENCY,AMOUNT,RATE,PERIOD,OPENED,CLOSED,DATE,SIDE,STATUS,POSITION PAIR", exact=True),),
    cells=CELLS | {"list": constant("#", "credit")},
    event=pl.when(pl.col("side") == "lent").then(pl.lit("lent"))
    .when(IS_CLOSED & pl.col("closed_at").is_not_null()).then(pl.lit("loan")).otherwise(pl.lit("open")),
    event_columns=("side", "status"),
    cases={"loan": (
        Emit(table="borrows", columns={
            "borrowed_at": AT, "asset": ASSET, "amount": AMOUNT.abs(),
            "rate": pl.col("rate"), "rate_period": pl.lit("day"), "loan_ref": pl.col("id"), "kind": pl.lit("auto")}),
        Emit(table="repayments", columns={
            "repaid_at": pl.col("closed_at"), "asset": ASSET, "amount": AMOUNT.abs(), "principal": AMOUNT.abs(),
            "loan_ref": pl.col("id"), "kind": pl.lit("auto")}),
    )},
    ignores={
        "lent": "lent to others: it stays in the funding wallet, and the ledger has its interest",
        "open": "still borrowed: it is stated whole when it is closed",
    },
    newest_first=True,
    wallet=MARGIN,
    identity=Identity(kind="id", cells=("list", "id"), content=("asset", "amount")),
    claims=claimed(skew_s=2, borrow_repay=1),
    unread=unread({
        "PERIOD": "for how many days it was promised", "DATE": "when it was last changed",
        "POSITION PAIR": "which pair it was for",
    }),
)  # fmt: skip

LOANS = replace(
    CREDITS,
    name="bitfinex.funding_loans",
    title="Bitfinex: margin funding that no position uses (loans)",
    how="Reports, Loans, Export as CSV",
    headers=(header("from 2018", "#,CURRENCY,SIDE,AMOUNT,STATUS,RATE,PERIOD,OPENED,CLOSED,DATE", exact=True),),
    cells=CELLS | {"list": constant("#", "loan")},
)

PLACES = {
    0: "#", 1: "currency", 2: "side", 3: "created", 4: "date", 5: "amount", 6: "flags", 7: "status", 8: "rate type",
    11: "rate", 12: "period", 13: "opened", 14: "closed", 15: "notify", 16: "hidden", 18: "renew", 20: "no close",
    21: "position pair",
}  # fmt: skip
FLAGS = unread({"created,flags,rate type,notify,hidden,renew,no close": "of the offer"})


def _api(form: Format, width: int, path: str) -> Format:
    named = {str(place): PLACES.get(place, f"none{place}") for place in range(width)}
    return replace(
        form,
        name=f"{form.name}_api",
        title=f"{form.title} of the API, as JSON arrays",
        confidence="API documentation",
        how=f"the API's {path}",
        headers=(Header(name="API arrays", exact=True, columns=tuple(named)),),
        aliases=named,
        cells={
            **form.cells, "time": epoch("opened"), "closed_at": epoch("closed", required=False),
            "asset": asset_of_funding("currency"),
        },
        unread={
            **form.unread, **FLAGS, **{name: "empty" for name in named.values() if name.startswith("none")},
        },
        fits=lambda rows: all(row.get("currency", "").startswith("f") for row in rows),
    )  # fmt: skip


def asset_of_funding(column: str) -> Cell:
    """Return the asset of a funding symbol, fUSD."""
    bare = asset(column)
    return replace(bare, read=lambda columns, context: bare.read([columns[0].str.strip_prefix("f")], context))


NO_TIME = Cell(
    columns=("nowhere",), expected="nothing",
    read=lambda columns, _: pl.Series([None], dtype=INSTANT).new_from_index(0, len(columns[0])),
)  # fmt: skip


def _unbooked(name: str, title: str, columns: str, why: str) -> Format:
    return Format(
        name=f"bitfinex.{name}",
        family=f"bitfinex.{name}",
        venue="bitfinex",
        title=title,
        confidence="parser seen",
        how="Reports, Export as CSV",
        headers=(header("from 2018", columns, exact=True),),
        cells={"time": NO_TIME, "id": text("#", required=True)},
        event=pl.lit("listed"),
        cases={},
        ignores={"listed": why},
        identity=Identity(kind="content", cells=("id",)),
        unread=unread({columns.removeprefix("#,"): why}),
    )


OFFERS = _unbooked(
    "funding_offers", "Bitfinex: offers of margin funding",
    "#,CURRENCY,AMOUNT,EXECUTED AMOUNT,TYPE,STATUS,RATE,PERIOD,UPDATED,CREATED",
    "an offer: what came of it the credits and loans have")  # fmt: skip
FUNDING_TRADES = _unbooked(
    "funding_trades", "Bitfinex: trades of margin funding", "#,PAIR,AMOUNT,RATE,PERIOD,MAKER,DATE,OFFER ID",
    "an offer that was taken: the credits and loans have it with both its ends")  # fmt: skip
ORDERS = _unbooked(
    "orders", "Bitfinex: orders",
    "#,PAIR,TYPE,PREVIOUS ORDER TYPE,AMOUNT,EXECUTED AMOUNT,PRICE,AVERAGE EXECUTION PRICE,TRAILING PRICE,CREATED,"
    "UPDATED,STATUS,METADATA",
    "an order: its executions are in the trades")  # fmt: skip

FORMATS = (
    CREDITS, LOANS, _api(CREDITS, 22, "/v2/auth/r/funding/credits/hist"),
    _api(LOANS, 21, "/v2/auth/r/funding/loans/hist"), OFFERS, FUNDING_TRADES, ORDERS,
)  # fmt: skip
