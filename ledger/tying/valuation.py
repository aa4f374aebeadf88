"""What an amount is worth in a reporting currency: the latest known price at or before its instant, or unknown.

Only prices that the book knows count, each with its source and its age.  One USDT is not taken for one dollar: where
no pair of the asset and the currency is known, the way leads over one or two other assets, with a real price each.
Of ways of equal length the one whose oldest price is the youngest is taken, then the first of `BRIDGES`.

A price turned round and a product of prices are exact decimals rounded half to even at 18 places, each product anew;
the value is the amount times that unit price, rounded likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from zoneinfo import ZoneInfo

import polars as pl

from ledger.storage.store import Store
from ledger.tying.quotations import quotations
from reports.contract import AS_OF, PERIOD_END, Params, Report
from reports.valued import VALUE_COLUMNS, value_name
from schemas.currencies import CURRENCIES
from schemas.types import INSTANT, MONEY

BRIDGES = ("USDT", "USD", "USDC", "BTC", "EUR")
"""Assets over which a way may lead."""
MOST_BRIDGES = 2
MAX_AGE = timedelta(hours=24)
FX_AGE = timedelta(days=7)
"""How old a rate between two state currencies may be: there is none on week-ends and holidays."""
LARGEST = 9e19
"""A product beyond it does not fit 20 digits before the point."""
INSTANT_STEP = timedelta(microseconds=1)

Way = tuple[str, ...]
PRICED = {
    "price": MONEY, "price_source": pl.String(), "priced_at": INSTANT, "price_path": pl.String(),
    "price_rows": pl.String(),
}  # fmt: skip


def priced(
    store: Store, rows: pl.DataFrame, currency: str, *, asset: str = "asset", at: str = "at",
    max_age: timedelta = MAX_AGE,
) -> pl.DataFrame:  # fmt: skip
    """Return the rows with what one of their asset was worth: price, price_source, priced_at, price_age, price_path.

    `price_rows` are the row keys of the prices of the way, blank between.  Where nothing is known all are null but
    `price_source`, which says what was looked for.
    """
    asked = rows.select(pl.col(asset).alias("asset"), pl.col(at).cast(INSTANT).alias("at")).unique(maintain_order=True)
    answers = _answers(store, asked, currency, max_age)
    since = (pl.col("at") - pl.col("priced_at")).dt.total_microseconds()
    answers = answers.with_columns(age_text(since).alias("price_age")).rename({"asset": asset, "at": at})
    moments = rows.with_columns(pl.col(at).cast(INSTANT))
    return moments.join(answers, on=[asset, at], how="left", nulls_equal=True, maintain_order="left")


def with_values(
    store: Store, frame: pl.DataFrame, report: Report, params: Params, currency: str, max_age: timedelta = MAX_AGE
) -> pl.DataFrame:
    """Return a report with `<name>_value` of its amounts in a currency, and with the prices behind them.

    Nothing is worth nothing, whatever its price: the value of 0 is known.
    """
    valuation = report.valuation
    assert valuation is not None and report.asset_column is not None
    placed = frame.with_columns(_instants(frame, valuation.at, params).alias("valued_at"))
    found = priced(store, placed, currency, asset=report.asset_column, at="valued_at", max_age=max_age)
    values = [value_of(amount, found["price"]).alias(value_name(amount.name)) for amount in found[valuation.amounts]]
    valued = found.with_columns(*values, pl.lit(currency).alias("currency"))
    last = [*(value_name(name) for name in valuation.amounts), *VALUE_COLUMNS]
    return valued.select(*frame.columns, *last)


def value_of(amounts: pl.Series, prices: pl.Series) -> pl.Series:
    """Return amounts times prices; null where the price is unknown and the amount is not 0, or it does not fit."""
    rows = pl.DataFrame({"amount": amounts.cast(MONEY), "price": prices})
    fits = (pl.col("amount").cast(pl.Float64) * pl.col("price").cast(pl.Float64)).abs() < LARGEST
    zero = pl.col("amount") - pl.col("amount")
    product = pl.when(fits).then(pl.col("amount")) * pl.when(fits).then(pl.col("price"))
    return rows.select(pl.when(pl.col("amount") == 0).then(zero).otherwise(product).alias("value"))["value"]


def age_text(microseconds: pl.Expr) -> pl.Expr:
    """Return how old a price is, in its two largest units: `3d 04h`, `5h 12m`, `7m 30s`, `12s`."""
    seconds = microseconds // 1_000_000
    units = (("d", "h", 86_400, 3_600), ("h", "m", 3_600, 60), ("m", "s", 60, 1))
    text: pl.Expr = pl.when(seconds.is_not_null()).then(pl.format("{}s", seconds))
    for large, small, many, few in reversed(units):
        rest = (seconds % many // few).cast(pl.String).str.zfill(2)
        both = pl.format(f"{{}}{large} {{}}{small}", seconds // many, rest)
        text = pl.when(seconds >= many).then(both).otherwise(text)
    return text


# ---------------------------------------------------------------------------------------------------- ways


def _answers(store: Store, asked: pl.DataFrame, currency: str, max_age: timedelta) -> pl.DataFrame:
    """Return each question with price, price_source, priced_at and price_path."""
    alike = asked.filter(pl.col("asset") == currency).with_columns(
        pl.lit(1).cast(MONEY).alias("price"),
        pl.format("it is {} itself", pl.col("asset")).alias("price_source"),
        pl.col("at").alias("priced_at"),
        pl.col("asset").alias("price_path"),
        pl.lit(None, dtype=pl.String).alias("price_rows"),
    )
    parts = [alike]
    older = alike.clear()
    waiting = asked.filter((pl.col("asset") != currency) & pl.col("at").is_not_null())
    if waiting.height:
        known = quotations(store, waiting, {currency, *BRIDGES}, max(max_age, FX_AGE))
        for bridges in range(MOST_BRIDGES + 1):
            found = _shortest(waiting, known, currency, bridges, max_age)
            parts.append(found)
            waiting = waiting.join(found, on=["asset", "at"], how="anti")
        older = _first_of(waiting, known, currency)
    answered = pl.concat([part.select("asset", "at", *PRICED) for part in parts])
    unknown = asked.join(answered, on=["asset", "at"], how="anti", nulls_equal=True)
    told = unknown.join(
        older.select("asset", "at", older_at="priced_at"), on=["asset", "at"], how="left", nulls_equal=True
    )
    return pl.concat([answered, told.select("asset", "at", *_nothing(currency, max_age))])


def _first_of(waiting: pl.DataFrame, known: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Return the prices that were loaded but are too old to count, over the shortest way."""
    found = waiting.clear().with_columns(priced_at=pl.lit(None, dtype=INSTANT))
    for bridges in range(MOST_BRIDGES + 1):
        rest = waiting.join(found, on=["asset", "at"], how="anti")
        if rest.height:
            aged = _shortest(rest, known, currency, bridges, FX_AGE)
            found = pl.concat([found, aged.select(found.columns)])
    return found


def _nothing(currency: str, max_age: timedelta) -> Iterator[pl.Expr]:
    """Return the columns of an unknown price, with what was looked for, and how old the last known one was."""
    moment = pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S")
    is_rate = pl.col("asset").is_in(list(CURRENCIES)) & pl.lit(currency in CURRENCIES)
    span = pl.when(is_rate).then(pl.lit(_span(max(max_age, FX_AGE)))).otherwise(pl.lit(_span(max_age)))
    reason = pl.format(f"no price of {{}} in {currency} in the {{}} before {{}}", "asset", span, moment)
    age = age_text((pl.col("at") - pl.col("older_at")).dt.total_microseconds())
    reason = pl.concat_str(reason, pl.coalesce(pl.format("; the last one is {} older", age), pl.lit("")))
    for name, kind in PRICED.items():
        said = pl.coalesce(reason, pl.lit("nothing says what it is of, or when"))
        yield (said if name == "price_source" else pl.lit(None, dtype=kind)).alias(name)


def _span(age: timedelta) -> str:
    """Return a bound of age as it is said: `24 h`, `7 days`, `30 min`."""
    hours, rest = divmod(age, timedelta(hours=1))
    if rest:
        return f"{age // timedelta(minutes=1)} min"
    return f"{hours // 24} days" if hours > 24 and hours % 24 == 0 else f"{hours} h"


def _shortest(
    waiting: pl.DataFrame, known: pl.DataFrame, currency: str, bridges: int, max_age: timedelta
) -> pl.DataFrame:
    """Return the questions that a way over so many bridges answers, the youngest of each."""
    pairs = set(known.select("sold", "bought").unique().iter_rows())
    found = []
    for order, way in enumerate(permutations([bridge for bridge in BRIDGES if bridge != currency], bridges)):
        stops = (*way, currency)
        if not all(pair in pairs for pair in pairwise(stops)):
            continue
        starts = {sold for sold, bought in pairs if bought == stops[0]} - set(way)
        rows = waiting.filter(pl.col("asset").is_in(list(starts)))
        if rows.height:
            found.append(_along(rows, known, stops, max_age).with_columns(order=pl.lit(order)))
    if not found:
        return waiting.clear().with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in PRICED.items())
    return pl.concat(found).sort(["priced_at", "order"], descending=[True, False]).unique(
        ["asset", "at"], keep="first", maintain_order=True
    )  # fmt: skip


def _along(rows: pl.DataFrame, known: pl.DataFrame, stops: Way, max_age: timedelta) -> pl.DataFrame:
    """Return the questions that one way answers: the product of its prices, the oldest of its instants."""
    made = rows.with_columns(
        pl.lit(1).cast(MONEY).alias("price"),
        pl.lit(None, dtype=INSTANT).alias("priced_at"),
        pl.lit(None, dtype=pl.String).alias("price_source"),
        pl.col("asset").alias("price_path"),
        pl.lit(None, dtype=pl.String).alias("price_rows"),
        pl.col("asset").alias("sold"),
    )
    for stop in stops:
        towards = known.filter(pl.col("bought") == stop).select(
            "sold", "moment", "unit_price", "source", "row_key", pl.col("moment").alias("known_at")
        )
        matched = made.sort("at").join_asof(
            towards, left_on="at", right_on="moment", by="sold", strategy="backward", check_sortedness=False
        )
        both_states = pl.col("sold").is_in(list(CURRENCIES)) & pl.lit(stop in CURRENCIES)
        bound = pl.when(both_states).then(pl.lit(max(max_age, FX_AGE))).otherwise(pl.lit(max_age))
        fresh = matched.filter(pl.col("at") - pl.col("known_at") <= bound)
        made = fresh.with_columns(
            value_of(fresh["unit_price"], fresh["price"]).alias("price"),
            pl.min_horizontal("priced_at", "known_at").alias("priced_at"),
            pl.concat_str("price_source", "source", separator="; ", ignore_nulls=True).alias("price_source"),
            pl.format("{} -> {}", "price_path", pl.lit(stop)).alias("price_path"),
            pl.concat_str("price_rows", "row_key", separator=" ", ignore_nulls=True).alias("price_rows"),
            pl.lit(stop).alias("sold"),
        ).select(made.columns)  # fmt: skip
    return made.filter(pl.col("price") > 0).select("asset", "at", *PRICED)


# ------------------------------------------------------------------------------------------------ instants


def _instants(frame: pl.DataFrame, at: str, params: Params) -> pl.Series:
    """Return when each row is valued: at a column's instant, at the end of its period, or as of the report's end.

    `--to` and the end of a period are exclusive: what is known just before them counts.
    """
    end = params.to - INSTANT_STEP if params.to is not None else params.as_of
    if not frame.height:
        return pl.Series("at", dtype=INSTANT)
    if at == AS_OF:
        return pl.Series("at", [end], dtype=INSTANT).new_from_index(0, frame.height)
    if at != PERIOD_END:
        return frame.select(pl.coalesce(pl.col(at).cast(INSTANT), pl.lit(end, dtype=INSTANT)).alias("at"))["at"]
    periods = frame["period"].unique(maintain_order=True).to_list()
    ends = {period: period_end(period, params.zone) - INSTANT_STEP for period in periods}
    if end is not None:
        ends = {period: min(moment, end) for period, moment in ends.items()}
    return frame.select(pl.col("period").replace_strict(ends, return_dtype=INSTANT).alias("at"))["at"]


def period_end(period: str, zone: str) -> datetime:
    """Return the end, exclusive, of `2026`, `2026-Q1`, `2026-02` or `2026-02-03` in a zone."""
    year, *rest = period.split("-")
    place = ZoneInfo(zone)
    if len(rest) == 2:
        day = datetime(int(year), int(rest[0]), int(rest[1]), tzinfo=place)
        return (day + timedelta(days=1)).astimezone(UTC)
    last_month = 12 if not rest else 3 * int(rest[0][1:]) if rest[0].startswith("Q") else int(rest[0])
    return datetime(int(year) + last_month // 12, last_month % 12 + 1, 1, tzinfo=place).astimezone(UTC)
