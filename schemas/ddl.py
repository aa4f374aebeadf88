"""From the models to DDL and to documentation: pure functions."""

from __future__ import annotations

from functools import cache

import pandera.polars as pa
import polars as pl

from schemas.types import DUCKDB_TYPES


@cache
def column_types(model: type[pa.DataFrameModel]) -> dict[str, pl.DataType]:
    """Return the polars type of each column of the model, in order."""
    columns = model.to_schema().columns
    return {name: column.dtype.type for name, column in columns.items()}


def columns_sql(model: type[pa.DataFrameModel]) -> str:
    """Return the column list of a `CREATE TABLE`, one column a line."""
    return ",\n".join(f'  "{name}" {DUCKDB_TYPES[str(kind)]}' for name, kind in column_types(model).items())


def create_table(name: str, model: type[pa.DataFrameModel], extra: str = "") -> str:
    """Return the `CREATE TABLE` of a model; `extra` holds further columns, as SQL."""
    further = f",\n  {extra}" if extra else ""
    return f"CREATE TABLE IF NOT EXISTS {name} (\n{columns_sql(model)}{further}\n)"


def describe(model: type[pa.DataFrameModel]) -> list[tuple[str, str, str]]:
    """Return (column, DuckDB type, meaning with unit and sign) of each column."""
    columns = model.to_schema().columns
    return [(name, DUCKDB_TYPES[str(column.dtype.type)], column.description or "") for name, column in columns.items()]
