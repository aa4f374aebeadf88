"""The dialects of Deribit's logs: dates beside a sequence of time, the currency of a file, sums that prove a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import polars as pl

from importers.cells import epoch_instants, mapped, money, parse_clock, to_utc, zero_filled
from importers.contract import Cell, Context
from importers.deribit.symbols import belongs, currency_of, name_instrument
from importers.vocabulary import Lines
from schemas.types import MONEY

NOTHING = ("-", "--", "null")
DAY_FIRST = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%d %b %Y %H:%M:%S%.f",
             "%d/%m/%Y %H:%M:%S%.f", "%d/%m/%y %H:%M:%S%.f")  # fmt: skip
MONTH_FIRST = ("%m/%d/%Y %H:%M:%S%.f", "%m/%d/%y %H:%M:%S%.f")
NEAR = timedelta(minutes=10)
"""How far UserSeq, where it counts milli- or microseconds, may be from the date: less than any two zones are apart."""
STEP = Decimal("0.00000001")
"""Each amount is rounded to 8 decimals by itself, so their sum may be a unit off."""


def number(column: str, *, required: bool = False) -> Cell:
    """Return a number; `-` stands for none."""
    return money(column, empty_words=NOTHING, required=required)


def moment(date: str, sequence: str) -> Cell:
    """Return the UTC instant of a date in any of the styles that the log may print, proved by UserSeq if it can.

    Nobody has published a date of the CSV.  Of `05/01/26` the day comes first, unless UserSeq says that it does not.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        dates, sequences = (column.str.strip_chars() for column in columns)
        day_first, month_first = (
            to_utc(parse_clock(dates, patterns, context), "UTC") for patterns in (DAY_FIRST, MONTH_FIRST)
        )
        counted = epoch_instants(sequences.str.extract(r"^(\d{13}|\d{16})$"))
        frame = pl.DataFrame({"day_first": day_first, "month_first": month_first, "counted": counted})
        first_is_day = pl.col("counted").is_null() | _near("day_first")
        return frame.select(
            pl.when(first_is_day).then("day_first").when(_near("month_first")).then("month_first").alias("time")
        )["time"]

    return Cell(columns=(date, sequence), read=read, required=True,
                expected="a UTC time as 2026-01-05 08:00:00 or 05/01/26 08:00:00, near to UserSeq")  # fmt: skip


def _near(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col("counted")).abs() <= NEAR


def currency(column: str) -> Cell:
    """Return the currency that the file's name says; `column` is any column that every row has."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        return _of_file(columns[0], context)

    return Cell(columns=(column,), read=read, required=True,
                expected="a currency in the file's name, as transaction_log-12345-BTC-2026.csv")  # fmt: skip


def _of_file(column: pl.Series, context: Context) -> pl.Series:
    return pl.Series([currency_of(context.file_name)], dtype=pl.String).new_from_index(0, len(column))


def instrument(column: str, stated: str | None = None) -> Cell:
    """Return the instrument; null where it is settled in another currency than the row's (`stated`) or the file's."""

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        symbols = columns[0].str.strip_chars()
        currencies = columns[1].str.strip_chars() if stated else _of_file(symbols, context)
        rows = pl.DataFrame({"symbol": symbols, "currency": currencies})
        wrong = [pair for pair in rows.drop_nulls().unique().iter_rows() if not belongs(*pair)]
        misplaced = pl.DataFrame(wrong, schema={"symbol": pl.String, "currency": pl.String}, orient="row")
        found = rows.join(misplaced.with_columns(is_wrong=pl.lit(True)), on=["symbol", "currency"], how="left",
                          maintain_order="left")  # fmt: skip
        return found.select(pl.when(pl.col("is_wrong").is_null()).then("symbol").alias("symbol"))["symbol"]

    return Cell(columns=(column, stated) if stated else (column,), read=read, empty_words=NOTHING,
                expected="an instrument settled in the currency of the row, or of the file's name")  # fmt: skip


def product(column: str) -> Cell:
    """Return what an instrument's name says it is; empty (not null) where it is none that we know."""
    return mapped(column, lambda name: named.product if (named := name_instrument(name, None)) else "", "an instrument")


# ---------------------------------------------------------------------------------------- sums of a row


def change(types: Lines, *funding: str) -> Cell:
    """Return the change of cash, null where nothing that the row states makes it.

    Of a trade or delivery it is cash flow less fee, the cash flow (the fee was taken from a fee balance), or the fee
    alone (the result waits for its session); of a session the cash flow, with the funding inside it or beside it.
    """
    by_proof = {proof: [line["type"] for line in types if line["proof"] == proof] for proof in ("fill", "session")}

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        names = ("change", "cash_flow", "fee", *funding)
        frame = zero_filled(columns, names, NOTHING).with_columns(
            columns[-1].str.strip_chars().str.to_lowercase().alias("type")
        )
        total, cash, fee = pl.col("change"), pl.col("cash_flow"), pl.col("fee")
        fits_fill = is_zero(total - cash + fee) | is_zero(total - cash) | is_zero(total + fee)
        fits_session = is_zero(total - cash)
        for name in funding:
            fits_session = fits_session | is_zero(total - cash - pl.col(name))
        holds = (
            pl.when(pl.col("type").is_in(by_proof["fill"])).then(fits_fill)
            .when(pl.col("type").is_in(by_proof["session"])).then(fits_session)
            .otherwise(True)
        )  # fmt: skip
        return frame.select(pl.when(holds).then("change").alias("change"))["change"]

    return Cell(columns=("change", "cash_flow", "fee", *funding, "type"), read=read, required=True, expected=(
        "of a trade or delivery: cash flow - fee, cash flow, or - fee; of a settlement: cash flow, or cash flow "
        "+ funding"))  # fmt: skip


def funding_of_session() -> Cell:
    """Return the funding inside a row of the API: of a settlement what its change is beside the session's results.

    A session states two fundings, `total_interest_pl` of all of it and `interest_pl` since the last trade; where it
    states its results, too, they say which of the two was paid.
    """

    def read(columns: Sequence[pl.Series], context: Context) -> pl.Series:
        names = ("change", "total", "since", "realized", "unrealized")
        states_result = columns[3].is_not_null() & columns[4].is_not_null()
        frame = zero_filled(columns, names, NOTHING).with_columns(
            (columns[5].str.strip_chars().str.to_lowercase() == "settlement").fill_null(False).alias("is_session"),
            states_result.alias("is_proved"),
            columns[1].is_not_null().alias("has_total"),
        )
        paid = pl.col("change") - pl.col("realized") - pl.col("unrealized")
        first = pl.when("has_total").then("total").otherwise("since")
        proved = (
            pl.when(is_zero(paid - pl.col("total"))).then("total")
            .when(is_zero(paid - pl.col("since"))).then("since")
        )  # fmt: skip
        of_session = pl.when("is_proved").then(proved).otherwise(first)
        return frame.select(pl.when("is_session").then(of_session).otherwise("since").alias("funding"))["funding"]

    return Cell(
        columns=("change", "total_interest_pl", "interest_pl", "session_rpl", "session_upl", "type"), read=read,
        expected="of a settlement: session_rpl + session_upl + total_interest_pl (or interest_pl)",
    )  # fmt: skip


def is_zero(value: pl.Expr) -> pl.Expr:
    """Return whether a sum is nothing but rounding."""
    return value.abs() <= pl.lit(STEP).cast(MONEY)
