"""Interest of the unified account, hour by hour: what was borrowed, at which rate, what it cost."""

from __future__ import annotations

import polars as pl

from importers.bybit.cells import amount
from importers.cells import epoch, text
from importers.contract import Emit, Format, Header, Identity
from importers.declared import claimed, spelled

INTEREST = Format(
    name="bybit.borrow_history",
    family="bybit.borrow_history",
    venue="bybit",
    title="Bybit: interest of the unified account, as JSON or CSV",
    confidence="API documentation",
    how="/v5/account/borrow-history (30 days a request)",
    headers=(Header(name="API", columns=(
        "currency", "createdTime", "borrowCost", "hourlyBorrowRate", "InterestBearingBorrowSize")),),
    cells={
        "time": epoch("createdtime"),
        "asset": text("currency", required=True),
        "amount": amount("borrowcost", required=True),
        "rate": amount("hourlyborrowrate"),
        "principal": amount("interestbearingborrowsize"),
    },
    event=pl.when(pl.col("amount") != 0).then(pl.lit("interest")).otherwise(pl.lit("free")),
    event_columns=("borrowcost",),
    cases={"interest": (Emit(table="interest", columns={
        "accrued_at": pl.col("time"), "asset": pl.col("asset"), "amount": pl.col("amount").abs(),
        "principal": pl.col("principal"), "rate": pl.col("rate"),
        "rate_period": pl.when(pl.col("rate").is_not_null()).then(pl.lit("hour")),
        "kind": pl.lit("negative_balance"),
    }),)},
    ignores={"free": "an hour that cost nothing"},
    newest_first=True,
    wallet="unified",
    identity=Identity(kind="content", cells=("time", "asset", "amount", "principal")),
    claims=claimed(60, wallets=("unified",), interest=2),
    unread=dict.fromkeys(
        ("costexemption", "borrowamount", "unrealisedloss", "freeborrowedamount"),
        "how the debt came about; the cost is what was charged on the part that bears interest"),
)  # fmt: skip
"""Charged five minutes after the hour and taken from the balance: cash that leaves, no debt that grows."""

FORMATS = (spelled(INTEREST),)
