"""Tables that are no question to the book: files, rejects, formats, schema, traces, answers to SQL."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import polars as pl

from reports.contract import Column, Kind, Report
from schemas.bookkeeping import BOOKKEEPING
from schemas.ddl import describe
from schemas.decided import DECIDED
from schemas.derived import DERIVED
from schemas.errors import UnknownThing
from schemas.tables import CHECKS, STATED
from schemas.types import KEY

FILES = Report(
    name="files",
    title="Imported files",
    one_row="a file part",
    columns=(
        Column("import_no", "count"),
        Column("name"),
        Column("format"),
        Column("account"),
        Column("rows_read", "count"),
        Column("stored", "count"),
        Column("duplicate", "count"),
        Column("ignored", "count"),
        Column("rejected", "count"),
        Column("first_at", "instant"),
        Column("last_at", "instant"),
        Column("reason"),
        Column("variant", wide=True),
        Column("file_id", wide=True),
    ),
    empty="nothing was imported yet: `marginbook import PATH...`",
)

ACCOUNTS = Report(
    name="accounts",
    title="Accounts",
    one_row="an account at a venue",
    columns=(
        Column("account"),
        Column("venue"),
        Column("number_hash"),
        Column("files", "count"),
        Column("wallets", "words"),
        Column("rows", "count"),
        Column("first_at", "instant"),
        Column("last_at", "instant"),
    ),
    empty="nothing was imported yet: `marginbook import PATH...`",
    note="number_hash is of the venue's account number, where its files state one: they find the account by it.",
)

IMPORTED = Report(
    name="imported",
    title="Import",
    one_row="a file part",
    columns=(
        Column("file", whole=True),
        Column("format"),
        Column("read", "count", keep=True),
        Column("stored", "count", keep=True),
        Column("duplicate", "count", keep=True),
        Column("ignored", "count", keep=True),
        Column("rejected", "count", keep=True),
        Column("from", "instant"),
        Column("to", "instant"),
        Column("note"),
    ),
)

REJECTS = Report(
    name="rejects",
    title="Rows that were not understood",
    one_row="a source row",
    columns=(
        Column("file"),
        Column("source_row", "count"),
        Column("column"),
        Column("text"),
        Column("reason"),
        Column("raw", wide=True),
    ),
    empty="every row of every file was understood",
)

TRACE = Report(
    name="trace",
    title="Source rows",
    one_row="a row of a file",
    columns=(
        Column("at", "instant"),
        Column("table"),
        Column("what"),
        Column("place", whole=True, keep=True),
        Column("raw"),
        Column("row_key", wide=True),
    ),
    note="place is file:line (sheet row, index of a JSON array); raw is the line as it stands in the archived file.",
)

SCHEMA = Report(
    name="schema",
    title="Schema",
    one_row="a column",
    columns=(Column("table"), Column("column"), Column("type"), Column("meaning")),
)

FORMATS = Report(
    name="formats",
    title="Formats",
    one_row="a format",
    columns=(
        Column("name"),
        Column("venue"),
        Column("title"),
        Column("variants", "count"),
        Column("states"),
        Column("confidence"),
    ),
)

DETECTED = Report(
    name="detected",
    title="What these files are",
    one_row="a file part",
    columns=(
        Column("kind", keep=True),
        Column("file", keep=True),
        Column("format", keep=True),
        Column("variant", wide=True),
        Column("confidence"),
        Column("zone"),
        Column("wallets"),
        Column("states", wide=True),
        Column("nearest", wide=True),
        Column("missing", wide=True),
        Column("unknown", wide=True),
        Column("note", keep=True),
    ),
    empty="no file there",
    note="confidence is what the description rests on; --output-format csv has the variant and what each file states.",
)

TRIED = Report(
    name="tried",
    title="What would be stored",
    one_row="a row of a table of the book",
    columns=(Column("row", "count"), Column("table"), Column("at", "instant"), Column("what", keep=True)),
    empty="nothing would be stored",
)

REFUSED = Report(
    name="refused",
    title="What nobody has described",
    one_row="a way in which rows would be rejected, with the first of them",
    columns=(Column("row", "count"), Column("rows", "count"), Column("column"), Column("text"), Column("reason")),
)


def traced(rows: Sequence[Any]) -> pl.DataFrame:
    """Return traced source rows as a frame."""
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "at": pl.Datetime("us", "UTC"),
        "table": pl.String,
        "what": pl.String,
        "place": pl.String,
        "raw": pl.String,
        "row_key": pl.String,
    }
    lines = [(row.at, row.table, row.what, f"{row.file}:{row.row}", row.raw, row.row_key) for row in rows]
    return pl.DataFrame(lines, schema=schema, orient="row")


def schema_frame(table: str | None) -> pl.DataFrame:
    """Return the columns of one table, or one line a table.  Raises UnknownThing with the nearest names."""
    models = {
        name.removesuffix("_stored"): model
        for name, model in (STATED | CHECKS | BOOKKEEPING | DERIVED | DECIDED).items()
    }
    models |= {f"{name}_stated": model for name, model in STATED.items()}
    names = ("table", "column", "type", "meaning")
    if table is None:
        lines = [(name, "", "", (model.__doc__ or "").split("\n")[0]) for name, model in models.items()]
        return pl.DataFrame(lines, schema=names, orient="row")
    if table not in models:
        near = difflib.get_close_matches(table, models, 3)
        raise UnknownThing(
            f"there is no table {table!r}",
            f"did you mean {', '.join(near)}?" if near else "`marginbook schema` lists them",
        )
    return pl.DataFrame([(table, *line) for line in describe(models[table])], schema=names, orient="row")


def answer(frame: pl.DataFrame) -> Report:
    """Return how the answer of a person's own SQL prints."""
    return Report(
        name="sql",
        title="Answer",
        one_row="a row",
        columns=tuple(_column(name, kind) for name, kind in frame.schema.items()),
        empty="no row",
    )


def offenders(name: str, id_: str, sentence: str, frame: pl.DataFrame) -> Report:
    """Return how the offenders of an invariant print."""
    own = ((column, kind) for column, kind in frame.schema.items() if column not in ("row_key", "place"))
    columns = (Column(name, whole=True) if name.endswith("_id") else _column(name, kind) for name, kind in own)
    return Report(
        name=name,
        title=f"{id_} {name}: {sentence}",
        one_row="an offender",
        columns=(*columns, *(Column(column, whole=True) for column in ("place", "row_key") if column in frame.columns)),
    )


ASSERTED = Report(
    name="asserted",
    title="What was asserted",
    one_row="a stated balance",
    columns=(
        Column("account"),
        Column("venue", wide=True),
        Column("wallet"),
        Column("asset"),
        Column("stated_at", "instant"),
        Column("computed", "money"),
        Column("stated", "money"),
        Column("difference", "money"),
        Column("status", keep=True),
        Column("break_id", whole=True),
        Column("hint"),
        Column("name", wide=True),
    ),
    asset_column="asset",
)

OFFENDERS = Report(
    name="offenders",
    title="What offends",
    one_row="an offender of an invariant",
    columns=(
        Column("id"),
        Column("name"),
        Column("sentence"),
        Column("offender"),
        Column("row_key", whole=True),
        Column("place", whole=True, keep=True),
    ),
    empty="every invariant holds",
)


def _column(name: str, dtype: pl.DataType) -> Column:
    kind: Kind = "text"
    if dtype == KEY:
        kind = "text"  # an id that a person copies, no amount
    elif dtype.is_decimal():
        kind = "quantity"
    elif dtype.is_integer():
        kind = "count"
    elif dtype.is_temporal():
        kind = "instant"
    elif isinstance(dtype, pl.List):
        kind = "words"
    return Column(name, kind)
