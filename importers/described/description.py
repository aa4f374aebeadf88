"""A description in TOML -> the `Format` that a module would hold; what cannot be meant is refused, with its place."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, cast, get_args

import polars as pl

from importers import naming
from importers.contract import Cell, Claim, Confidence, Context, Emit, Format, Header, Identity, Match, Named
from importers.described.cells import KINDS
from importers.described.expressions import NotUnderstood, parse
from importers.detect import fold
from importers.normalize import allowed_words, emitted_types, normalize
from schemas.errors import BadDescription
from schemas.tables import EMITTED, FACTS, WALLETS
from schemas.types import INSTANT

VERSION = 1
LONGEST = 200_000
NAME = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
WORD = re.compile(r"[A-Za-z_]\w*")
Table = Mapping[str, Any]

TOP = {
    "marginbook": int, "name": str, "venue": str, "title": str, "how": str, "confidence": str, "family": str,
    "wallet": str, "time": str, "sequence": str, "newest_first": bool, "file_name": str, "account_number": str,
    "assumed_zone": str, "venue_column": str, "sentinels": list, "headers": list, "cells": dict, "values": dict,
    "unread": dict, "symbols": list, "rows": list, "identity": dict, "claims": list,
}  # fmt: skip
HEADER = {"name": str, "columns": list, "optional": list, "exact": bool, "contains": bool, "confidence": str}
CELL = {"column": object, "kind": str, "required": bool, "empty": list}
SYMBOL = {"pattern": str, "product": str, "settle": str, "quote": str, "aliases": dict, "hour": int}
ROWS = {"name": str, "when": str, "ignore": str}
IDENTITY = {"kind": str, "cells": list, "content": list}
CLAIM = {
    "fact": str, "rank": int, "grain": str, "filterable": bool, "resolution_s": int, "skew_s": int, "partial": bool,
    "wallets": list,
}  # fmt: skip
DEFAULTS = {
    "fills": {"execution": "trade"}, "movements": {"pool": "asset"}, "stated_balances": {"kind": "wallet"},
}  # fmt: skip
"""What is meant where a description leaves a column out that may not be empty."""
PRODUCTS = ("spot", "margin", "contract", "option")
SYMBOL_GROUPS = ("base", "quote", "settle", "expiry", "day", "month", "year", "strike", "right", "pair")


def read_description(path: Path) -> Format:
    """Return the format that a file describes.  Raises BadDescription."""
    return described(text_of(path), path.name)


def text_of(path: Path) -> str:
    """Return the text of a description.  Raises BadDescription where it is no text, or far too long."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadDescription(path.name, "", f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadDescription(path.name, "", "is no UTF-8 text") from None
    if len(text) > LONGEST:
        raise BadDescription(path.name, "", f"has {len(text):,} characters; a description has at most {LONGEST:,}")
    return text


def described(text: str, name: str) -> Format:
    """Return the format that a text describes; `name` is shown in messages.  Raises BadDescription."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "texts stand in quotes, lists in [ ]; a pattern stands in single quotes; no key stands twice in a table"
        raise BadDescription(name, "", f"is no TOML: {error}", hint) from None
    form = _Description(name, told).format()
    _try_without_rows(name, form)
    return form


def _try_without_rows(name: str, form: Format) -> None:
    """Run the format over no rows at all: whatever does not fit together by its types shows."""
    width = len(form.headers[0].columns)
    columns = tuple(fold(column) for column in form.headers[0].columns)
    match = Match(format=form, variant=form.headers[0].name, header_row=1, columns=columns, preamble=(),
                  printed=form.headers[0].columns, new_columns=())  # fmt: skip
    schema: dict[str, pl.DataType] = {"source_row": pl.UInt32(), **{f"c{place}": pl.String() for place in range(width)}}
    typed = pl.DataFrame({cell: [] for cell in form.cells}, schema={
        cell: seen.dtype for cell in form.cells
        for seen in [form.cells[cell].read([pl.Series([], dtype=pl.String)] * 2, Context(zone="UTC"))]
    })  # fmt: skip
    places: list[tuple[str, pl.Expr, pl.DataType]] = [("when", form.event, pl.String())]
    for event, emits in form.cases.items():
        for emit in emits:
            places += [(f"rows {event}, {emit.table}.{column}", expression, emitted_types(emit.table)[column])
                       for column, expression in emit.columns.items()]  # fmt: skip
            if emit.where is not None:
                places.append((f"rows {event}, {emit.table}.only", emit.where, pl.Boolean()))
    for place, expression, wanted in places:
        try:
            found = typed.select(expression).dtypes[0]
        except (pl.exceptions.PolarsError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise BadDescription(name, place, f"does not fit the types of its cells ({reason})") from None
        if not _fits(found, wanted):
            raise BadDescription(name, place, f"is {_kind(found)}, expected {_kind(wanted)}")
    normalize(match, pl.DataFrame(schema=schema), Context(zone="UTC"))


def _fits(found: pl.DataType, wanted: pl.DataType) -> bool:
    if found == pl.Null or wanted == pl.String:
        return True
    return (found.is_numeric() and wanted.is_numeric()) or type(found) is type(wanted)


def _kind(of: pl.DataType) -> str:
    if of.is_numeric():
        return "a number"
    return {pl.String: "a text", pl.Boolean: "a condition", pl.Datetime: "an instant"}.get(type(of), str(of))


class _Description:
    """One description being read; every message names the place in it."""

    def __init__(self, name: str, told: Table) -> None:
        self.name = name
        self.told = told

    def refuse(self, where: str, what: str, hint: str = "") -> BadDescription:
        return BadDescription(self.name, where, what, hint)

    def checked(self, where: str, table: object, keys: Mapping[str, type]) -> Table:
        """Return a table whose keys are all known and whose values have the right type."""
        if not isinstance(table, dict):
            raise self.refuse(where, f"is {table!r}, expected a table of settings")
        for key in ("headers", "rows", "symbols", "claims"):
            if keys is TOP and isinstance(table.get(key), dict):
                raise self.refuse(where, f"[{key}] is one table, and there may be several", f"write [[{key}]]")
        for key, value in table.items():
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1, cutoff=0.6)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
                raise self.refuse(where, f"{key!r} is no setting here", hint)
            wanted = keys[key]
            if wanted is not object and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
                kind = {str: "a text in quotes", list: "a list in [ ]", dict: "a table", bool: "true or false"}.get(
                    wanted, "a whole number"
                )
                raise self.refuse(where, f"{key} = {value!r}, expected {kind}")
        return table

    def chosen(self, where: str, key: str, value: str, words: tuple[str, ...]) -> str:
        if value not in words:
            raise self.refuse(where, f"{key} = {value!r}", f"one of {', '.join(words)}")
        return value

    def must(self, where: str, table: Table, key: str) -> Any:
        if not table.get(key):
            raise self.refuse(where, f"{key} is missing")
        return table[key]

    # --------------------------------------------------------------------------------------------- whole

    def format(self) -> Format:
        top = self.checked("", self.told, TOP)
        if top.get("marginbook", VERSION) != VERSION:
            raise self.refuse("", f"marginbook = {top['marginbook']}: written for another version of the language",
                              f"this program reads version {VERSION}")  # fmt: skip
        form_name = self.must("", top, "name")
        if not NAME.fullmatch(form_name):
            raise self.refuse("", f"name = {form_name!r}", 'venue and export, as "mydesk.fills"')
        headers = tuple(self._headers())
        cells = self._cells(headers)
        names = self._names(cells)
        times = [cell for cell, spec in self.told.get("cells", {}).items() if spec.get("kind") == "time"]
        time = top.get("time", times[0] if times else None)
        if time not in times:
            raise self.refuse("", f'time = {time!r} is no cell of kind "time"', "every row needs its instant")
        event, cases, ignores = self._rows(names, form_name.partition(".")[0])
        return Format(
            name=form_name, family=top.get("family", form_name), venue=top.get("venue", form_name.partition(".")[0]),
            title=top.get("title", form_name), how=top.get("how", "described in a file of its own"),
            confidence=self._confidence("", top.get("confidence", "inferred")),
            headers=headers, cells=cells, event=event, event_columns=self._shown(cells), cases=cases, ignores=ignores,
            aliases=self._aliases(), time=time, sequence=self._cell_name("", top.get("sequence"), cells),
            newest_first=top.get("newest_first", False), wallet=self._wallet(top.get("wallet", "unified"), names),
            identity=self._identity(cells), claims=tuple(self._claims()),
            account_number=fold(top["account_number"]) if "account_number" in top else None,
            venue_column=fold(top["venue_column"]) if "venue_column" in top else None,
            name_instrument=self._namer(),
            unread={fold(column): str(why) for column, why in top.get("unread", {}).items()},
            sentinels=tuple(str(item).casefold() for item in top.get("sentinels", ("no data",))),
            assumed_zone=top.get("assumed_zone"),
            file_name=self._pattern("", top.get("file_name")),
        )  # fmt: skip

    def _confidence(self, where: str, word: str) -> Confidence:
        return cast("Confidence", self.chosen(where, "confidence", word, get_args(Confidence)))

    def _pattern(self, where: str, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise self.refuse(where, f"{pattern!r} is no pattern ({error})") from None
        return pattern

    def _headers(self) -> Iterator[Header]:
        told = self.must("", self.told, "headers")
        for place, table in enumerate(told, 1):
            where = f"headers {place}"
            header = self.checked(where, table, HEADER)
            columns = tuple(str(item) for item in self.must(where, header, "columns"))
            yield Header(
                name=header.get("name", "only" if len(told) == 1 else str(place)), columns=columns,
                optional=tuple(str(item) for item in header.get("optional", ())), exact=header.get("exact", False),
                contains=header.get("contains", False),
                confidence=self._confidence(where, header["confidence"]) if "confidence" in header else None,
            )  # fmt: skip

    # --------------------------------------------------------------------------------------------- cells

    def _columns_of(self, name: str, spec: Table) -> list[str]:
        """Return the printed headers of a cell: one, or several that mean the same in different variants."""
        told = spec.get("column", [])
        columns = told if isinstance(told, list) else [told]
        if not columns or not all(isinstance(column, str) and column for column in columns):
            raise self.refuse(f"cells.{name}", "column is missing", 'the printed header, as column = "Date(UTC)"')
        return columns

    def _cells(self, headers: tuple[Header, ...]) -> dict[str, Cell]:
        printed = {fold(column) for header in headers for column in (*header.columns, *header.optional)}
        cells = {}
        for name, spec in self.must("", self.told, "cells").items():
            where = f"cells.{name}"
            if not isinstance(spec, dict):
                raise self.refuse(where, f"is {spec!r}, expected a table of settings")
            if not WORD.fullmatch(name):
                raise self.refuse(where, "a cell's name has letters, digits and _ only")
            kind = self.chosen(where, "kind", spec.get("kind", "text"), tuple(KINDS))
            settings = self.checked(where, spec, {**CELL, **KINDS[kind].settings})
            columns = self._columns_of(name, spec) if kind != "file_name" else [headers[0].columns[0]]
            if kind != "file_name" and not any(fold(column) in printed for column in columns):
                raise self.refuse(where, f"no header has the column {columns[0]!r}")
            try:
                cell = KINDS[kind].make(fold(columns[0]), settings)
            except NotUnderstood as error:
                raise self.refuse(where, str(error)) from None
            empty = tuple(str(item).casefold() for item in spec.get("empty", ()))
            cells[name] = replace(cell, required=spec.get("required", False), empty_words=empty)
        return cells

    def _aliases(self) -> dict[str, str]:
        told = self.told["cells"].items()
        return {column: fold(columns[0]) for name, spec in told if spec.get("kind") != "file_name"
                for columns in [self._columns_of(name, spec)] for column in columns}  # fmt: skip

    def _cell_name(self, where: str, name: str | None, cells: Mapping[str, Cell]) -> str | None:
        if name is not None and name not in cells:
            near = difflib.get_close_matches(name, cells, 1)
            raise self.refuse(where, f"{name!r} is no cell", f"did you mean {near[0]}?" if near else "")
        return name

    def _names(self, cells: Mapping[str, Cell]) -> dict[str, pl.Expr]:
        """Return what expressions may name: cells, and values, each of which may use the ones before it."""
        names = {name: pl.col(name) for name in cells}
        for name, text in self.told.get("values", {}).items():
            if name in names:
                raise self.refuse(f"values.{name}", "a cell has this name already")
            names[name] = self._expression(f"values.{name}", text, names)
        return names

    def _expression(self, where: str, written: object, names: Mapping[str, pl.Expr]) -> pl.Expr:
        text = written if isinstance(written, str) else str(written)
        try:
            return parse(text, names)
        except NotUnderstood as error:
            raise self.refuse(where, str(error)) from None

    def _wallet(self, written: str, names: Mapping[str, pl.Expr]) -> pl.Expr | str:
        if written in WALLETS:
            return written
        if WORD.fullmatch(written) and written not in names:
            raise self.refuse("", f"wallet = {written!r}", f"a cell, or one of {', '.join(WALLETS)}")
        return self._expression("wallet", written, names)

    # ---------------------------------------------------------------------------------------------- rows

    def _rows(
        self, names: Mapping[str, pl.Expr], venue: str
    ) -> tuple[pl.Expr, dict[str, tuple[Emit, ...]], dict[str, str]]:
        """Return the event of a row (the first kind that fits), what each kind stores, and what is ignored."""
        conditions: list[tuple[str, pl.Expr]] = []
        cases: dict[str, tuple[Emit, ...]] = {}
        ignores: dict[str, str] = {}
        for place, told in enumerate(self.told.get("rows", []), 1):
            where = f"rows {place}"
            rows = self.checked(where, told, {**ROWS, **dict.fromkeys(EMITTED, object)})
            name = rows.get("name", f"rows {place}")
            tables = [table for table in rows if table in EMITTED]
            if bool(tables) == ("ignore" in rows):
                raise self.refuse(where, "stores nothing and does not say why, or both",
                                  'name a table, as [rows.fills], or ignore = "why"')  # fmt: skip
            if name in cases or name in ignores:
                raise self.refuse(where, f"name = {name!r} is the name of other rows already")
            when = self._expression(f"{where}, when", rows["when"], names) if "when" in rows else pl.lit(True)
            conditions.append((name, when.fill_null(False)))
            if tables:
                cases[name] = tuple(self._emits(where, rows, tables, names))
            else:
                ignores[name] = rows["ignore"]
        nothing = pl.lit(None, dtype=pl.String)
        event = reduce(
            lambda rest, one: pl.when(one[1]).then(pl.lit(one[0])).otherwise(rest), reversed(conditions), nothing
        )
        return event, cases, ignores

    def _emits(self, where: str, rows: Table, tables: list[str], names: Mapping[str, pl.Expr]) -> Iterator[Emit]:
        for table in tables:
            told = rows[table] if isinstance(rows[table], list) else [rows[table]]
            for written in told:
                place = f"{where}, {table}"
                columns = self.checked(place, written, {**dict.fromkeys(emitted_types(table), object), "only": str})
                yield self._emit(place, table, columns, names)

    def _emit(self, where: str, table: str, columns: Table, names: Mapping[str, pl.Expr]) -> Emit:
        """Return one row of a table; a column that is not written takes the cell or value of its own name."""
        types = {name: kind for name, kind in emitted_types(table).items() if name != "source_row"}
        made: dict[str, pl.Expr] = {}
        for column in types:
            if column in columns:
                made[column] = self._column(f"{where}.{column}", table, column, columns[column], names)
            elif column in names:
                made[column] = names[column]
            elif column in DEFAULTS.get(table, {}):
                made[column] = pl.lit(DEFAULTS[table][column])
        named_later = {"product"} if self.told.get("symbols") else set()
        schema = EMITTED[table].to_schema().columns
        missing = [name for name in types if name != "wallet" and not schema[name].nullable
                   and name not in made and name not in named_later]  # fmt: skip
        if missing:
            raise self.refuse(where, f"{', '.join(missing)} may not be empty",
                              "say what stands there: the name of a cell, an expression, or a word")  # fmt: skip
        only = self._expression(f"{where}.only", columns["only"], names) if "only" in columns else None
        return Emit(table=table, columns=made, where=only)

    def _column(self, where: str, table: str, column: str, written: object, names: Mapping[str, pl.Expr]) -> pl.Expr:
        """Return what stands in a column: an expression, or a word of the column's own vocabulary as it stands."""
        words = allowed_words(table, column)
        if isinstance(written, str) and WORD.fullmatch(written) and written not in names:
            if written in words or (not words and column == "kind"):
                return pl.lit(written)
            if words:
                raise self.refuse(where, f"{written!r} is no cell and no word of this column",
                                  f"words are {', '.join(words)}")  # fmt: skip
        if emitted_types(table)[column] == INSTANT and not isinstance(written, str):
            raise self.refuse(where, f'is {written!r}, expected the name of a cell of kind "time"')
        return self._expression(where, written, names)

    def _shown(self, cells: Mapping[str, Cell]) -> tuple[str, ...]:
        """Return the columns that conditions look at: what a message shows of a row that no kind fits."""
        texts = [str(told.get("when", "")) for told in self.told.get("rows", [])]
        texts += [str(text) for text in self.told.get("values", {}).values()]
        asked = {word for text in texts for word in WORD.findall(text)}
        return tuple(dict.fromkeys(cell.columns[0] for name, cell in cells.items() if name in asked))

    # ----------------------------------------------------------------------------------------- the rest

    def _identity(self, cells: Mapping[str, Cell]) -> Identity:
        told = self.checked("identity", self.told.get("identity", {}), IDENTITY)
        kind = self.chosen("identity", "kind", told.get("kind", "content"), ("id", "content", "id_collapses"))
        if kind != "content" and not told.get("cells"):
            raise self.refuse("identity", "cells is missing", "which cells hold the venue's id")
        chosen = tuple(told.get("cells", cells))
        for name in (*chosen, *told.get("content", ())):
            self._cell_name("identity", str(name), cells)
        return Identity(kind=kind, cells=chosen, content=tuple(told.get("content", ())))  # type: ignore[arg-type]  # one of the three, as just checked

    def _claims(self) -> Iterator[Claim]:
        for place, told in enumerate(self.told.get("claims", []), 1):
            where = f"claims {place}"
            claim = self.checked(where, told, CLAIM)
            self.chosen(where, "fact", self.must(where, claim, "fact"), FACTS)
            self.chosen(where, "grain", claim.get("grain", "event"), ("event", "order", "day", "position"))
            self.must(where, claim, "rank")
            yield Claim(**{**claim, "wallets": tuple(claim.get("wallets", ()))})

    def _namer(self) -> Callable[[str, str | None], Named | None] | None:
        namers = [self._symbols(f"symbols {place}", told) for place, told in enumerate(self.told.get("symbols", []), 1)]
        return naming.first_named(*namers) if namers else None

    def _symbols(self, where: str, told: object) -> naming.Namer:
        symbols = self.checked(where, told, SYMBOL)
        product = self.chosen(where, "product", symbols.get("product", "spot"), PRODUCTS)
        pattern = self._pattern(where, symbols.get("pattern", "(?P<pair>.+)"))
        found_by = re.compile(pattern or "")
        for group in found_by.groupindex:
            if group not in SYMBOL_GROUPS:
                raise self.refuse(where, f"the pattern's group {group!r} is unknown",
                                  f"groups are {', '.join(SYMBOL_GROUPS)}")  # fmt: skip
        if not {"base", "pair"} & set(found_by.groupindex):
            raise self.refuse(where, "the pattern names neither (?P<base>...) nor (?P<pair>...)")
        return _namer_of(found_by, product, symbols)


def _namer_of(pattern: re.Pattern[str], product: str, symbols: Table) -> naming.Namer:
    aliases: Mapping[str, str] = symbols.get("aliases", {})
    hour = symbols.get("hour", naming.EXPIRY_HOUR)

    def asset(code: str | None) -> str | None:
        return None if code is None else aliases.get(code, naming.asset_of(code))

    def name_instrument(symbol: str, settle_hint: str | None) -> Named | None:  # noqa: PLR0911 - one a kind
        found = pattern.fullmatch(symbol)
        if found is None:
            return None
        groups = found.groupdict()
        base, quote = groups.get("base"), groups.get("quote") or symbols.get("quote")
        if groups.get("pair") is not None and (parts := naming.split_pair(groups["pair"])) is not None:
            base, quote = parts
        base, quote = asset(base), asset(quote)
        if base is None or quote is None:
            return None
        if product in ("spot", "margin"):
            return naming.pair(base, quote, product)
        settle = asset(groups.get("settle")) or symbols.get("settle") or settle_hint or quote
        settle = base if settle == "base" else settle
        expires_at = None
        if groups.get("expiry"):
            expires_at = naming.compact_expiry(groups["expiry"], hour)
            if expires_at is None:
                return None
        elif groups.get("day"):
            expires_at = naming.expiry(groups["year"], groups["month"], groups["day"], hour)
        if product == "contract":
            return naming.contract(base, quote, settle, expires_at)
        if expires_at is None or not groups.get("strike") or not groups.get("right"):
            return None
        return naming.option(base, quote, settle, expires_at, groups["strike"], groups["right"][:1].upper())

    return name_instrument
