"""What a format would make of files, without a book: detection for a folder, and a description tried row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import polars as pl

from importers.contract import Format, Match, Normalized
from importers.detect import fold
from importers.files import Bundle, Part, collect, open_bundle
from importers.files.bundle import is_folder
from importers.read import Options, chunks, recognize
from ledger.commands.listings import states
from schemas.errors import AmbiguousFormat, MarginbookError, MissingTimeZone, UnknownFormat, UnreadableFile
from schemas.tables import TIME_OF_TABLE

EXPORT, NEAR, OTHER = "export", "near miss", "other"
ORDER = (EXPORT, NEAR, OTHER)
SHOWN_REFUSED = 20
LONGEST_NOTE = 200
WALLET_CHUNKS = 1
"""How much of a file is read to tell which wallets it is of."""

DETECTED_COLUMNS = (
    "kind", "file", "format", "variant", "confidence", "zone", "wallets", "states", "nearest", "missing", "unknown",
    "note",
)  # fmt: skip


def detected_frame(
    paths: Sequence[Path], formats: Sequence[Format], zone: str | None, encoding: str | None
) -> tuple[pl.DataFrame, int]:
    """Return what each file part is, exports first, and 3 where a file named by itself is not known, else 0."""
    lines: list[dict[str, str | None]] = []
    code = 0
    named = {path for path in paths if not is_folder(path)}
    for found in collect(paths):
        if isinstance(found, UnreadableFile):
            lines.append(_other(found.name, found))
            code = max(code, found.exit_code if found.named else 0)
            continue
        if not isinstance(found, Bundle):
            lines.append(_other(found.name, found))
            code = max(code, found.exit_code)
            continue
        try:
            parts = found.parts(encoding)
        except MarginbookError as error:
            lines.append(_other(found.name, error))
            code = max(code, error.exit_code if found.path in named else 0)
            continue
        for part in parts:
            try:
                lines.append(_export(part, formats, Options(zone=zone, encoding=encoding)))
            except MarginbookError as error:
                lines.append(_other(part.name, error))
                if found.path in named and (len(parts) == 1 or not isinstance(error, UnknownFormat)):
                    code = max(code, error.exit_code)
    frame = pl.DataFrame(lines, schema=dict.fromkeys(DETECTED_COLUMNS, pl.String), orient="row")
    place = pl.col("kind").replace_strict(dict(zip(ORDER, range(len(ORDER)), strict=True)), return_dtype=pl.Int8)
    return frame.sort(place, maintain_order=True), code


def _export(part: Part, formats: Sequence[Format], options: Options) -> dict[str, str | None]:
    seen = recognize(part, formats, options)
    form, variant = seen.match.format, seen.match.variant
    sure = next((header.confidence for header in form.headers if header.name == variant and header.confidence), None)
    wallets: set[str] = set()
    for normalized, _ in islice(chunks(seen, options.encoding), WALLET_CHUNKS):
        wallets |= set(normalized.rows["wallet"].unique().to_list())
    return {
        "kind": EXPORT, "file": part.name, "format": form.name, "variant": variant,
        "confidence": sure or form.confidence,
        "zone": (seen.context.zone or None) if seen.context.zone_known else None,
        "wallets": ", ".join(sorted(wallets)) or None, "states": states(form), "note": "; ".join(seen.warnings) or None,
    }  # fmt: skip


def _other(name: str, error: MarginbookError) -> dict[str, str | None]:
    """Return the line of a file that is no export we know, or one that cannot be read as it stands."""
    line: dict[str, str | None] = {"kind": OTHER, "file": name, "note": _in_a_line(error)}
    if isinstance(error, UnknownFormat):
        line["note"] = "no known format has this header; `marginbook formats new` begins a description"
        if error.nearest:
            missing, unknown = ", ".join(error.missing) or None, ", ".join(error.unknown) or None
            told = f"near {error.nearest}; it lacks {missing or 'nothing'}; unknown: {unknown or 'nothing'}"
            line |= {"kind": NEAR, "nearest": error.nearest, "missing": missing, "unknown": unknown, "note": told}
    elif isinstance(error, MissingTimeZone):
        line |= {
            "kind": EXPORT,
            "format": error.format_name,
            "note": "needs --timezone: nothing says of which zone it is",
        }
    elif isinstance(error, AmbiguousFormat):
        line |= {"kind": EXPORT, "note": f"needs --format: {' or '.join(error.names)}"}
    return line


def _in_a_line(error: Exception) -> str:
    """Return the message of an error as one line, without the name of the file that starts it."""
    sentence = "; ".join(line.strip() for line in str(error).splitlines())
    bare = sentence.split(": ", 1)[-1]
    return bare if len(bare) <= LONGEST_NOTE else bare[:LONGEST_NOTE] + "..."


# --------------------------------------------------------------------------------------- one description


@dataclass
class Tried:
    """What a format would make of a file; nothing of it is stored."""

    name: str
    variant: str
    zone: str | None
    warnings: tuple[str, ...]
    read: int = 0
    stored: int = 0
    ignored: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Rows by table of the book, or by the reason why they are ignored."""
    rows: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    unread: tuple[str, ...] = ()
    """Columns of the file that no cell reads and nobody has given a reason for."""
    unused: tuple[str, ...] = ()
    """Cells that no row, condition or identity uses."""
    balances: list[pl.DataFrame] = field(default_factory=list)
    """row, at, wallet, asset, amount, balance of each source row that states a balance."""

    @property
    def refused(self) -> int:
        """How many rows would be rejected."""
        return sum(frame.height for frame in self.rejected)

    @property
    def exit_code(self) -> int:
        """1 where something is left to describe, or balances do not follow."""
        return 1 if self.unread or self.unused or self.refused or self.broken else 0

    @cached_property
    def broken(self) -> list[str]:
        """Where the stated balances do not follow from the amounts, in sentences, one an asset."""
        return list(_broken(pl.concat(self.balances))) if self.balances else []


def tried(form: Format, path: Path, options: Options) -> Iterator[Tried]:
    """Yield what the format would make of each part of a file.  Raises what recognition raises."""
    for part in open_bundle(path).parts(options.encoding):
        seen = recognize(part, (form,), options)
        zone = seen.context.zone if seen.context.zone_known else None
        result = Tried(
            part.name, seen.match.variant, zone, seen.warnings, unread=_unread(seen.match), unused=_unused(form)
        )
        for normalized, read in chunks(seen, options.encoding):
            _count(result, normalized, read)
        yield result


def _unused(form: Format) -> tuple[str, ...]:
    """Return the cells that stand in no table's column, no condition and no identity."""
    expressions = [
        form.event,
        *(item for emits in form.cases.values() for emit in emits for item in emit.columns.values()),
    ]
    expressions += [emit.where for emits in form.cases.values() for emit in emits if emit.where is not None]
    expressions += [form.wallet] if isinstance(form.wallet, pl.Expr) else []
    used = {name for expression in expressions for name in expression.meta.root_names()}
    used |= {form.time, form.sequence or form.time}
    used |= set(form.identity.cells) if form.identity.kind == "id" else set()
    return tuple(name for name in form.cells if name not in used and form.venue_column not in form.cells[name].columns)


def _broken(stated: pl.DataFrame) -> Iterator[str]:
    """Yield a sentence for each asset whose balance column does not follow, in the order of time or of the file."""
    for (wallet, asset), rows in stated.partition_by("wallet", "asset", as_dict=True, maintain_order=True).items():
        best: list[int] | None = None
        for order in (rows.sort("row"), rows.sort("row", descending=True), rows.sort("at", "row")):
            expected = order["balance"].shift(1) + order["amount"]
            wrong = order.filter((expected != order["balance"]).fill_null(False))["row"].to_list()
            best = wrong if best is None or len(wrong) < len(best) else best
        if best:
            yield (f"{wallet}, {asset}: {len(best)} of {rows.height} balances do not follow from the amounts, "
                   f"the first in row {min(best)}: is a fee missing, or a sign wrong?")  # fmt: skip


def _unread(match: Match) -> tuple[str, ...]:
    explained = {column for column, why in match.format.unread.items() if why != "why?"}
    read = {column for cell in match.format.cells.values() for column in cell.columns} | explained
    return tuple(text for text in match.printed if text and fold(match.format.aliases.get(text, text)) not in read)


def _count(result: Tried, normalized: Normalized, read: int) -> None:
    result.read += read
    result.stored += normalized.rows.height
    result.ignored += normalized.ignored.height
    result.rejected.append(normalized.rejected)
    for reason in normalized.ignored["reason"].to_list():
        result.kinds[f"ignored: {reason}"] += 1
    moved = normalized.tables.get("movements")
    if moved is not None and moved["balance_after"].null_count() < moved.height:
        result.balances.append(
            moved.group_by(pl.col("source_row").alias("row"), "wallet", "asset", maintain_order=True)
            .agg(
                pl.col("moved_at").first().alias("at"), pl.col("amount").sum(),
                pl.col("balance_after").last().alias("balance"))
            .filter(pl.col("balance").is_not_null())
        )  # fmt: skip
    for table, frame in normalized.tables.items():
        result.kinds[table] += frame.height
        at = pl.col(TIME_OF_TABLE[table]) if TIME_OF_TABLE[table] in frame.columns else pl.lit(None)
        told = [name for name in frame.columns if name not in ("source_row", "part", "sequence", TIME_OF_TABLE[table])]
        texts = [_said(name, frame.schema[name]) for name in told]
        result.rows.append(frame.select(
            pl.col("source_row").alias("row"), pl.lit(table).alias("table"),
            at.cast(pl.Datetime("us", "UTC")).alias("at"),
            pl.concat_str(texts, separator=", ", ignore_nulls=True).alias("what"),
        ))  # fmt: skip


def _said(name: str, kind: pl.DataType) -> pl.Expr:
    """Return `name value`, null where there is none; decimals without the zeros that end them."""
    text = pl.col(name).cast(pl.String)
    if isinstance(kind, pl.Decimal):
        text = text.str.strip_chars_end("0").str.strip_chars_end(".")
    return pl.when(pl.col(name).is_not_null()).then(pl.concat_str(pl.lit(f"{name} "), text))


def refused_frame(result: Tried) -> pl.DataFrame:
    """Return one line for each way in which rows are not understood, with the first row of it."""
    lines = pl.concat(result.rejected).rename({"source_row": "row"})
    ways = lines.group_by("column", "text", "reason", maintain_order=True).agg(pl.col("row").first(), rows=pl.len())
    return ways.select("row", "rows", "column", "text", "reason").head(SHOWN_REFUSED)
