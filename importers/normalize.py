"""One chunk of text becomes typed rows: parse cells, claim every row once, emit, validate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache

import pandera.errors
import pandera.polars as pa
import polars as pl

from importers.contract import Cell, Context, Emit, Format, Match, Normalized
from importers.doubts import doubts
from schemas.ddl import column_types
from schemas.tables import EMITTED, ORIGIN, STATED
from schemas.types import INSTANT, MONEY

SEPARATOR = "\x1f"
REJECTED: dict[str, pl.DataType] = {
    "source_row": pl.UInt32(),
    "column": pl.String(),
    "text": pl.String(),
    "reason": pl.String(),
}
IGNORED: dict[str, pl.DataType] = {"source_row": pl.UInt32(), "reason": pl.String()}


def normalize(match: Match, cells: pl.DataFrame, context: Context) -> Normalized:
    """Return what the rows of a chunk state.  `cells` has `source_row` and text columns `c0`, `c1`, ..."""
    form = match.format
    cells, empty = _split_empty(cells)
    named = name_columns(match, cells)
    named, sentinels = _split_sentinels(form, named)
    typed, rejected = parse(form, named, context, printed_names(match))
    typed = _with_event(form, typed)
    typed, unmapped = _split_unmapped(form, typed, named)
    ignored = typed.filter(pl.col("event").is_in(list(form.ignores)))
    stored = typed.filter(pl.col("event").is_in(list(form.cases)))
    stored, tables, invalid = _stated(form, stored, context)
    if len(invalid):
        stored = stored.join(invalid, on="source_row", how="anti")
        tables = {name: table.join(invalid, on="source_row", how="anti") for name, table in tables.items()}
    return Normalized(
        rows=_rows(form, stored),
        tables=tables,
        rejected=pl.concat([rejected, unmapped, invalid]).sort("source_row"),
        ignored=pl.concat([empty, sentinels, _ignored(form, ignored)]),
        account_numbers=_account_numbers(form, named),
    )


def _stated(
    form: Format, stored: pl.DataFrame, context: Context
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the rows as the format prepares them, what they state, and a line for each that cannot be meant."""
    huge = pl.DataFrame(schema=REJECTED)
    try:
        prepared = _prepared(form, stored, context)
        tables, invalid = _emit(form, prepared)
    except pl.exceptions.PolarsError as error:
        if "overflow" not in str(error):
            raise
        is_huge = _products_overflow(stored)
        huge = stored.filter(is_huge).select(
            "source_row", pl.lit(None, pl.String).alias("column"), pl.lit("").alias("text"),
            pl.lit("numbers beyond reason: what they come to is more than 20 digits long").alias("reason"),
        )  # fmt: skip
        prepared = _prepared(form, stored.filter(~is_huge), context)
        tables, invalid = _emit(form, prepared)
    return prepared, tables, pl.concat([huge, invalid])


def _prepared(form: Format, stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _with_wallet(form, stored if form.prepare is None else form.prepare(stored, context), context)


def _products_overflow(rows: pl.DataFrame) -> pl.Series:
    """Return where the product of two figures of a row could have more than 20 digits before the point."""
    figures = [pl.col(name).cast(pl.Float64).abs().fill_null(0) for name, kind in rows.schema.items() if kind == MONEY]
    ordered = pl.concat_list(pl.lit(0.0), pl.lit(0.0), *figures).list.sort(descending=True)
    return rows.select((ordered.list.get(0) * ordered.list.get(1).clip(1) >= 1e19).alias("huge"))["huge"]


def name_columns(match: Match, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the chunk with canonical column names, without the columns nobody knows."""
    names = {f"c{position}": name for position, name in enumerate(match.columns) if name is not None}
    return cells.select("source_row", *(pl.col(old).alias(new) for old, new in names.items() if old in cells.columns))


def _split_empty(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that hold anything, and those of separators only."""
    columns = cells.columns[1:]
    if not columns or not cells[columns[0]].null_count():
        return cells, pl.DataFrame(schema=IGNORED)
    is_empty = pl.all_horizontal(pl.col(*columns).is_null())
    reason = pl.lit("an empty row").alias("reason")
    return cells.filter(~is_empty), cells.filter(is_empty).select("source_row", reason)


def _split_sentinels(form: Format, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not form.sentinels or named.width < 3 or not len(named):
        return named, pl.DataFrame(schema=IGNORED)
    first, *others = named.columns[1:]
    lone = named.filter(pl.all_horizontal(pl.col(*others).is_null()) & pl.col(first).is_not_null())
    if not len(lone):
        return named, pl.DataFrame(schema=IGNORED)
    folded = pl.col(first).str.strip_chars().str.to_lowercase()
    lone = lone.filter(pl.any_horizontal(*(folded.str.starts_with(item) for item in form.sentinels)))
    reason = pl.lit("the export says that it holds no data")
    return (
        named.join(lone.select("source_row"), on="source_row", how="anti", maintain_order="left"),
        lone.select("source_row", reason.alias("reason")),
    )


# ------------------------------------------------------------------------------------------------ cells


def printed_names(match: Match) -> dict[str, str]:
    """Return by canonical name how the file prints its columns."""
    return {name: text for name, text in zip(match.columns, match.printed, strict=True) if name is not None}


def parse(
    form: Format, named: pl.DataFrame, context: Context, printed: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows whose cells are all understood, typed, and a line for every cell that is not."""
    columns: dict[str, pl.Series] = {"source_row": named["source_row"]}
    wrong: list[pl.DataFrame] = []
    for name, cell in form.cells.items():
        texts = [_text_of(named, column, cell) for column in cell.columns]
        value = cell.read(texts, context).alias(name)
        columns[name] = value
        missed = value.is_null() & texts[0].is_not_null()
        if missed.any():
            wrong.append(_wrong(named, texts[0], missed, cell, printed, value.dtype, context))
        if cell.required and texts[0].null_count():
            wrong.append(_wrong(named, texts[0], texts[0].is_null(), cell, printed, value.dtype, context))
    typed = pl.DataFrame(columns)
    if not wrong:
        return typed, pl.DataFrame(schema=REJECTED)
    rejected = pl.concat(wrong).unique("source_row", keep="first", maintain_order=True)
    return typed.join(rejected.select("source_row"), on="source_row", how="anti", maintain_order="left"), rejected


def _text_of(named: pl.DataFrame, column: str, cell: Cell) -> pl.Series:
    if column not in named.columns:
        return pl.Series(column, [None], dtype=pl.String).new_from_index(0, len(named))
    text = named[column]
    if not cell.empty_words:
        return text
    gone = text.str.strip_chars().str.to_lowercase().is_in(list(cell.empty_words)).fill_null(False)
    return text.zip_with(~gone, pl.Series([None], dtype=pl.String).new_from_index(0, len(text)))


def _wrong(
    named: pl.DataFrame, text: pl.Series, mask: pl.Series, cell: Cell, printed: Mapping[str, str], kind: pl.DataType,
    context: Context,
) -> pl.DataFrame:  # fmt: skip
    word = "unmapped: " if cell.unmapped else ""
    zone = context.zone if context.zone_known else None
    wrong = pl.DataFrame({"source_row": named["source_row"], "text": text}).filter(mask)
    return wrong.select(
        "source_row",
        pl.lit(printed.get(cell.columns[0], cell.columns[0])).alias("column"),
        pl.col("text").fill_null(""),
        (pl.lit(f"{word}expected {cell.expected}") + doubts(wrong["text"], kind, zone, cell.expected)).alias("reason"),
    )


# ----------------------------------------------------------------------------------------------- claims


def _with_event(form: Format, typed: pl.DataFrame) -> pl.DataFrame:
    return typed.with_columns(form.event.cast(pl.String).alias("event"))


def _split_unmapped(form: Format, typed: pl.DataFrame, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    described = pl.col("event").is_in([*form.cases, *form.ignores]).fill_null(False)
    unclaimed = typed.filter(~described)
    if not len(unclaimed):
        return typed, pl.DataFrame(schema=REJECTED)
    shown = [column for column in form.event_columns if column in named.columns] or named.columns[1:2]
    text = pl.concat_str([pl.col(column).fill_null("") for column in shown], separator=" | ")
    rejected = named.join(unclaimed.select("source_row"), on="source_row", how="semi", maintain_order="left").select(
        "source_row",
        pl.lit(", ".join(shown)).alias("column"),
        text.alias("text"),
        pl.lit("unmapped: nobody has described this kind of row").alias("reason"),
    )
    return typed.filter(described), rejected


def _ignored(form: Format, rows: pl.DataFrame) -> pl.DataFrame:
    reasons = pl.col("event").replace_strict(dict(form.ignores), return_dtype=pl.String) if form.ignores else pl.lit("")
    return rows.select("source_row", reasons.cast(pl.String).alias("reason"))


def _with_wallet(form: Format, stored: pl.DataFrame, context: Context) -> pl.DataFrame:
    if isinstance(form.wallet, str):
        return stored.with_columns(pl.lit(context.wallet or form.wallet).alias("wallet"))
    wallet = form.wallet if context.wallet is None else pl.coalesce(form.wallet, pl.lit(context.wallet))
    return stored.with_columns(wallet.alias("wallet"))


def _account_numbers(form: Format, named: pl.DataFrame) -> frozenset[str]:
    if form.account_number is None or form.account_number not in named.columns:
        return frozenset()
    return frozenset(named[form.account_number].drop_nulls().unique().to_list())


# ------------------------------------------------------------------------------------------------- emit


def _emit(form: Format, stored: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    if len(form.cases) == 1:
        groups = {next(iter(form.cases)): stored}
    else:
        groups = {str(key[0]): group for key, group in stored.partition_by("event", as_dict=True).items()}
    for event, group in groups.items():
        for leg, emit in enumerate(form.cases[event]):
            parts.setdefault(emit.table, []).append(_rows_of(form, emit, group, leg))
    tables = {}
    invalid: list[pl.DataFrame] = []
    for name, frames in parts.items():
        table = pl.concat(frames) if len(frames) > 1 else frames[0]
        tables[name] = table
        invalid.append(validate(name, table))
    bad = pl.concat(invalid) if invalid else pl.DataFrame(schema=REJECTED)
    return tables, bad.unique("source_row", keep="first", maintain_order=True)


def _rows_of(form: Format, emit: Emit, group: pl.DataFrame, leg: int) -> pl.DataFrame:
    rows = group if emit.where is None else group.filter(emit.where)
    types = emitted_types(emit.table)
    chosen = dict(emit.columns)
    chosen.setdefault("wallet", pl.col("wallet"))
    if "sequence" in types and form.sequence is not None:
        chosen.setdefault("sequence", pl.col(form.sequence))
    frame = rows.select(
        pl.col("source_row"),
        pl.lit(leg, dtype=pl.UInt32).alias("part"),
        *(
            chosen.get(name, pl.lit(None)).cast(kind).alias(name)
            for name, kind in types.items()
            if name != "source_row"
        ),
    )
    return _name_instruments(form, emit, frame) if form.name_instrument is not None else frame


def _name_instruments(form: Format, emit: Emit, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill instrument, product, style and settle asset from the symbol where the cells did not give them."""
    if "symbol" not in frame.columns or "instrument" not in frame.columns or not len(frame):
        return frame
    assert form.name_instrument is not None
    asset = next((name for name in ("settle_asset", "asset") if name in frame.columns), None)
    asset_column = pl.col(asset) if asset else pl.lit(None, dtype=pl.String)
    if asset == "asset" and emit.table == "movements":  # a fee in BNB says nothing of the settle asset
        asset_column = pl.lit(None, dtype=pl.String)
    frame = frame.with_columns(asset_column.alias("settle_hint"))
    pairs = frame.select("symbol", "settle_hint").unique().drop_nulls("symbol")
    rows = []
    for symbol, settle in pairs.iter_rows():
        named = form.name_instrument(symbol, settle)
        if named is not None:
            rows.append((symbol, settle, named.instrument, named.product, named.style, named.settle))
    schema = {
        name: pl.String() for name in ("symbol", "settle_hint", "n_instrument", "n_product", "n_style", "n_settle")
    }
    terms = pl.DataFrame(rows, schema=schema, orient="row")
    joined = frame.join(terms, on=["symbol", "settle_hint"], how="left", nulls_equal=True, maintain_order="left")
    fills = {"instrument": "n_instrument", "product": "n_product", "style": "n_style", "settle_asset": "n_settle"}
    return joined.with_columns(
        pl.coalesce(name, source).alias(name) for name, source in fills.items() if name in frame.columns
    ).select(frame.columns[:-1])


@cache
def emitted_types(table: str) -> dict[str, pl.DataType]:
    """Return the columns an importer gives for a table: all but those the store fills in."""
    return {name: kind for name, kind in column_types(EMITTED[table]).items() if name not in ORIGIN}


@cache
def allowed_words(table: str, column: str) -> tuple[str, ...]:
    """Return the words that a column of a table may hold, none where it is open."""
    for check in EMITTED[table].to_schema().columns[column].checks or ():
        if allowed := (check.statistics or {}).get("allowed_values"):
            return tuple(str(item) for item in allowed)
    return ()


@cache
def _schema(table: str) -> pa.DataFrameSchema:
    schema = EMITTED[table].to_schema().remove_columns(list(ORIGIN))
    return schema.add_columns({"part": pa.Column(pl.UInt32)})


@cache
def _doubts(table: str) -> tuple[pl.Expr, ...]:
    """Return the conditions of the schema, negated, as one cheap look; the schema itself judges where one is true."""
    doubts = [pl.lit(False)]
    for name, column in _schema(table).columns.items():
        if not column.nullable:
            doubts.append(pl.col(name).is_null().any())
        for check in column.checks:
            limits = check.statistics
            if check.name == "isin":
                doubts.append(~pl.col(name).is_in(limits["allowed_values"]).all())
            elif check.name == "greater_than":
                doubts.append((pl.col(name) <= limits["min_value"]).any())
            elif check.name == "greater_than_or_equal_to":
                doubts.append((pl.col(name) < limits["min_value"]).any())
            else:
                doubts.append(pl.lit(True))
    return tuple(doubts)


def validate(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a rejected line for each row that is not true to the table's schema, or says too little to be counted."""
    wrong = [_contradicting(table, frame), _beyond_reason(table, frame)]
    if frame.select(pl.any_horizontal(_doubts(table))).item():
        try:
            _schema(table).validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            failures = errors.failure_cases
            if failures["index"].null_count():
                raise  # a column or type is wrong: the format, not the file
            columns = failures.select("failure_case", "column", "check", "index").iter_rows()
            lines = [_failure(table, frame, *line) for line in columns]
            wrong.append(pl.DataFrame(lines, schema=REJECTED, orient="row"))
    return pl.concat(wrong)


CONTRADICTIONS: Mapping[str, tuple[tuple[str, pl.Expr, str], ...]] = {
    "fills": (
        ("fee", (pl.col("fee") != 0) & pl.col("fee_asset").is_null(),
         "a fee, and nothing says of which asset: expected fee_asset"),
    ),
}  # fmt: skip
"""Rows that are true to the schema and cannot be meant: column, condition, what was expected."""


def _contradicting(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    found = [
        _rejected(frame.filter(condition.fill_null(False)), column, reason)
        for column, condition, reason in CONTRADICTIONS.get(table, ())
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=REJECTED), *found])


LARGEST, LARGEST_PRICE, LARGEST_NOTIONAL = Decimal(10) ** 16, Decimal(10) ** 12, 1e18
"""No account holds so much of anything, no asset costs so much, and their sums and products have to fit 20 digits."""
SUMMED = frozenset(STATED)
"""Tables whose figures are added up; the terms of contracts may well say 9223372036854775807 for no limit."""


def _beyond_reason(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a rejected line for each row with a figure, or a product of two, that nothing could be computed with."""
    nothing = pl.DataFrame(schema=REJECTED)
    names = [name for name, kind in frame.schema.items() if kind == MONEY] if table in SUMMED else []
    if not names or not len(frame):
        return nothing
    limits = {name: LARGEST_PRICE if name.endswith("price") else LARGEST for name in names}
    most = frame.select(pl.col(*names).abs().max()).row(0, named=True)
    found = [nothing]
    for name in names:
        if (most[name] or 0) >= limits[name]:
            wrong = frame.filter(pl.col(name).abs() >= pl.lit(limits[name], MONEY))
            found.append(_rejected(wrong, name, f"a number beyond reason: expected one below {limits[name]:,}"))
    if table == "fills" and float(most["quantity"] or 0) * float(most["price"] or 0) >= LARGEST_NOTIONAL:
        notional = pl.col("quantity").cast(pl.Float64) * pl.col("price").cast(pl.Float64)
        found.append(_rejected(frame.filter(notional.abs() >= LARGEST_NOTIONAL), "price",
                               "beyond reason: quantity times price is more than 18 digits long"))  # fmt: skip
    return pl.concat(found)


def _rejected(rows: pl.DataFrame, column: str, reason: str) -> pl.DataFrame:
    return rows.select(
        "source_row", pl.lit(column).alias("column"), _plain_text(column, rows).alias("text"),
        pl.lit(reason).alias("reason"),
    )  # fmt: skip


def _plain_text(column: str, frame: pl.DataFrame) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".") if frame.schema[column] == MONEY else text


def _failure(
    table: str, frame: pl.DataFrame, case: object, column: str, check: str, index: int
) -> tuple[object, str, str, str]:
    """Return the rejected line of a failed check, in words."""
    row = frame["source_row"][index]
    if column in ("product", "instrument") and case is None:
        symbol = frame["symbol"][index] if "symbol" in frame.columns else None
        return row, "symbol", str(symbol), "expected a symbol whose name says what is traded: none of the patterns fits"
    described = _schema(table).columns[column].description or column
    words = allowed_words(table, column)
    text = frame.select(_plain_text(column, frame))[column][index]
    limit = {"greater_than(0)": ", above zero", "greater_than_or_equal_to(0)": ", not below zero"}.get(check, "")
    expected = f"one of {', '.join(words)}" if words and case is not None else f"{described}{limit}"
    return row, column, "" if text is None else str(text), f"expected {expected}" + (" (empty)" if text is None else "")


# ------------------------------------------------------------------------------------------------- rows


def _rows(form: Format, stored: pl.DataFrame) -> pl.DataFrame:
    key = form.identity.cells
    content = form.identity.content or tuple(name for name in form.cells if name not in key)
    compared = form.identity.kind == "id"
    second = pl.col(form.time).dt.strftime(
        "%Y-%m-%d %H:%M:%S"
    )  # exports of one id may print more digits, not another time
    return stored.select(
        "source_row",
        pl.col(form.time).alias("at"),
        (pl.col(form.sequence) if form.sequence else pl.lit(None)).cast(pl.Int64).alias("sequence"),
        "wallet",
        key_text(stored, key).alias("key_text"),
        (pl.concat_str(key_text(stored, content), second, separator=SEPARATOR) if compared else pl.lit("")).alias(
            "content_text"
        ),
    )


def key_text(frame: pl.DataFrame, names: Sequence[str]) -> pl.Expr:
    """Return the canonical text of some typed cells: instants as UTC microseconds, decimals at 18 places."""
    texts = []
    for name in names:
        column = pl.col(name)
        kind = frame.schema[name]
        if kind == INSTANT:
            column = column.dt.epoch("us")
        texts.append(column.cast(pl.String).fill_null(""))
    return pl.concat_str(texts, separator=SEPARATOR)
