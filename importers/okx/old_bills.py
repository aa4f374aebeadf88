"""Bills of the spot account before 2021: two rows a fill, each with the balance of its coin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from importers.cells import parse_clock, text, to_utc, word
from importers.contract import Cell, Context, Format, Identity
from importers.declared import claimed, header
from importers.emits import AMOUNT
from importers.okx.cells import MARKS, all_unmarked, cost, money
from importers.shapes import complete, moved

CHINA = "Asia/Shanghai"
PATTERNS = ("%a %b %d %H:%M:%S CST %Y", "%Y-%m-%d %H:%M:%S CST", "%Y-%m-%dT%H:%M:%S CST")
"""CST is China's time here; a time that does not say so is not understood."""


def _china_clock(column: str) -> Cell:
    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return to_utc(parse_clock(columns[0].str.strip_chars(MARKS), PATTERNS, context), CHINA)

    return Cell(columns=(column,), read=read, required=True, expected="a time as Tue Mar 10 09:30:05 CST 2020")


FEE = replace(moved("trading_fee"), columns={**moved("trading_fee").columns, "amount": -pl.col("fee")},
              where=pl.col("fee") != 0)  # fmt: skip

OLD_BILLS = Format(
    name="okx.old_bills",
    family="okx.old_bills",
    venue="okx",
    title="OKX (OKEx): bills of the spot account, 2019 to 2021",
    confidence="parser seen",
    how="Account, Bills, Spot, Export",
    headers=(header("2019 to 2021", "time,type,size,balance,fee,currency", exact=True),),
    cells=all_unmarked(
        {
            "time": _china_clock("time"),
            "type": word("type", {"buy": "trade", "sell": "trade"}, required=True),
            "amount": money("size", required=True),
            "balance": money("balance"),
            "fee": cost("fee"),
            "asset": text("currency", required=True),
        }
    ),
    event=pl.col("type"),
    event_columns=("type",),
    cases={"trade": (replace(moved("trade"), where=AMOUNT != 0), FEE)},
    wallet="spot",
    identity=Identity(kind="content", cells=("time", "type", "asset", "amount", "balance", "fee")),
    claims=claimed(wallets=("spot",), ledger=2),
    prepare=complete,
)
"""A fee is a change of its own, below zero where it is charged.  The rows name no instrument: fills are put together
from the two coins of a second."""

FORMATS = (OLD_BILLS,)
