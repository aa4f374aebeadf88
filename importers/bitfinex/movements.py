"""Movements: deposits and withdrawals, as CSV of the report tool or arrays of the API.

They do not name the wallet: most are of the exchange's, `--wallet` names another.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from importers.bitfinex.cells import asset, clock
from importers.cells import epoch, money, negated, text
from importers.contract import Format, Header, Identity
from importers.declared import claimed_in_part, header, unread
from importers.emits import OUTSIDE, transfer

MUST = "CURRENCY,STATUS,AMOUNT,FEES,DESCRIPTION,TRANSACTION ID"
OLD, NEW = f"#,DATE,{MUST}", f"#,STARTED,UPDATED,{MUST}"

MOVEMENTS = Format(
    name="bitfinex.movements",
    family="bitfinex.movements",
    venue="bitfinex",
    title="Bitfinex: deposits and withdrawals",
    confidence="parser seen",
    how="Reports, Movements (or Deposits, Withdrawals), Export as CSV",
    headers=(
        header("to March 2021", OLD),
        header("to September 2025", f"{OLD},NOTE"),
        header("from September 2025", f"{NEW},NOTE"),
        header("with date and USD values", f"{OLD},NOTE,AMOUNT USD"),
        header("with USD values", f"{NEW},NOTE,AMOUNT USD"),
    ),
    aliases={"DATE": "time", "UPDATED": "time"},
    cells={
        "time": clock("time"),
        "id": text("#", required=True),
        "asset": asset("currency"),
        "status": text("status", required=True),
        "amount": money("amount", required=True),
        "fee": negated(money("fees")),
        "transaction": text("transaction id"),
    },
    event=pl.when(pl.col("status").str.to_uppercase().str.starts_with("COMPLETED")).then(pl.lit("done"))
    .otherwise(pl.lit("undone")),
    event_columns=("status",),
    cases={"done": (transfer(
        OUTSIDE, fee=pl.col("fee"), transaction_ref=pl.coalesce("transaction", "id"),
        status=pl.col("status").str.to_lowercase()),)},
    ignores={"undone": "not completed: moved nothing"},
    newest_first=True,
    wallet="spot",
    identity=Identity(kind="id", cells=("id",), content=("asset", "amount")),
    claims=(claimed_in_part(skew_s=2),),
    unread=unread({
        "DESCRIPTION": "names another's account", "NOTE": "the user's own note", "STARTED": "when it was asked for",
        "AMOUNT USD": "the venue's valuation",
    }),
)  # fmt: skip

PLACES = {
    0: "#", 1: "currency", 2: "currency name", 5: "started", 6: "time", 9: "status", 12: "amount", 13: "fees",
    16: "description", 20: "transaction id", 21: "note",
}  # fmt: skip
NAMES = tuple(str(place) for place in range(22))

MOVEMENTS_API = replace(
    MOVEMENTS,
    name="bitfinex.movements_api",
    title="Bitfinex: deposits and withdrawals of the API, as JSON arrays",
    confidence="API documentation",
    how="the API's /v2/auth/r/movements/hist",
    headers=(Header(name="API arrays", exact=True, columns=NAMES),),
    aliases={str(place): PLACES.get(place, f"none{place}") for place in range(22)},
    cells={**MOVEMENTS.cells, "time": epoch("time")},
    unread={
        **MOVEMENTS.unread, "currency name": "the network's name",
        **{f"none{place}": "empty" for place in range(22) if place not in PLACES},
    },
    fits=lambda rows: all(row.get("status", "").isupper() for row in rows),
)  # fmt: skip

FORMATS = (MOVEMENTS, MOVEMENTS_API)
