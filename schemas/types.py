"""The column types of the book, each defined once."""

from __future__ import annotations

from typing import Annotated

import polars as pl

SCALE = 18
UNIT = 10**SCALE

MONEY = pl.Decimal(38, SCALE)
INSTANT = pl.Datetime("us", "UTC")
KEY = pl.Decimal(38, 0)
ZERO_MONEY = pl.lit(0).cast(MONEY)

Money = Annotated[pl.Decimal, 38, SCALE]
Instant = Annotated[pl.Datetime, "us", "UTC"]
Key = Annotated[pl.Decimal, 38, 0]
Texts = Annotated[pl.List, pl.String]

DUCKDB_TYPES: dict[str, str] = {
    str(MONEY): "DECIMAL(38,18)",
    str(INSTANT): "TIMESTAMPTZ",
    str(KEY): "HUGEINT",
    str(pl.String()): "VARCHAR",
    str(pl.Int64()): "BIGINT",
    str(pl.UInt32()): "UINTEGER",
    str(pl.Boolean()): "BOOLEAN",
    str(pl.Date()): "DATE",
    str(pl.List(pl.String)): "VARCHAR[]",
}
