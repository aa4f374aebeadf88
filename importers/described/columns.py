"""What the columns of an export that nobody has seen seem to be: times, numbers, words, and by which of our names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from importers.cells import comma_decimals, epoch_instants, exact_decimals, parse_clock, zoned_instants
from importers.contract import Context
from importers.files import Part
from schemas.errors import UnreadableFile

SAMPLE = 1_000
SHOWN = 3
LONGEST_SAMPLE = 40
MANY_WORDS = 40
FEW_WORDS = 3
NOTHINGS = ("-", "--", "N/A", "null", "None")
HEADER_ROWS = 40

CLOCKS = (
    "%Y-%m-%d %H:%M:%S%.f", "%H:%M %Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%b %d, %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S", "%y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y",
)  # fmt: skip
"""Patterns tried in this order; two that fit alike (day or month first) are both shown."""

REFERENCE = ("text", "word", "asset")
ROLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("at", r"time|date|when|timestamp|created|datum|zeit|fecha|时间|日期|日時", ("time",)),
    (
        "fee_asset",
        r"fee.?(coin|currency|asset|unit|ccy)|commission.?(asset|coin|currency)|gebühren.?währung",
        ("asset", "word", "text"),
    ),
    ("fee", r"fee|commission|gebühr|comisi|frais|手续费|手数料", ("number", "glued")),
    ("trade_ref", r"(trade|exec\w*|fill|match).?(id|no|ref)", REFERENCE),
    ("order_ref", r"order.?(id|no|ref)", REFERENCE),
    ("transaction_ref", r"tx.?(id|hash)|hash|transaction.?(id|ref)|reference|^ref$|^id$|beleg", REFERENCE),
    ("symbol", r"pair|market|symbol|instrument|contract|product|markt|paar|交易对|銘柄", ("text", "word", "asset")),
    ("side", r"side|direction|buy.?/?.?sell|action|richtung|^art$|sens|lado|方向|売買", ("word",)),
    ("type", r"type|kind|operation|category|description|event|vorgang|tipo|类型", ("word",)),
    ("effect", r"open.?/?.?close|effect|offset", ("word",)),
    ("liquidity", r"^role$|maker|liquidity", ("word",)),
    ("realized_stated", r"pnl|p&l|realized|profit|gewinn", ("number",)),
    ("status", r"status|state|状态", ("word",)),
    ("balance_after", r"balance|saldo|total after|余额", ("number",)),
    ("price", r"price|rate|kurs|preis|precio|prix|价格|価格", ("number", "glued")),
    (
        "quantity",
        r"quantity|qty|size|filled|executed|volume|^contracts?$|menge|anzahl|cantidad|quantité|数量",
        ("number", "glued"),
    ),
    ("amount", r"amount|change|delta|betrag|value|sum|importe|montant|金额", ("number", "glued")),
    ("asset", r"coin|asset|currency|ticker|token|währung|ccy|moneda|币种|通貨", ("asset", "word", "text")),
)
"""Cell name, what its header says, the kinds that it can be; the first that fits takes the column."""

GLUED = r"^([+-]?[\d.,]+)\s*[A-Za-z][A-Za-z0-9]*$"
SIDES = {"buy": r"^b$|^(buy|bid|long|kauf|compra|买入)", "sell": r"^s$|^(sell|ask|short|verkauf|venta|卖出)"}

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "side": SIDES,
    "effect": {"open": r"open|öffn|abrir|开", "close": r"clos|schlie|cerrar|平"},
    "liquidity": {"maker": r"^m$|maker", "taker": r"^t$|taker"},
}


@dataclass(frozen=True)
class Seen:
    """A column of the export: its header, samples, and what it seems to be."""

    header: str
    kind: str
    settings: tuple[str, ...]
    samples: tuple[str, ...]
    words: tuple[str, ...] = ()
    is_full: bool = False
    """Whether no row leaves it empty."""
    doubts: tuple[str, ...] = ()


@dataclass
class Guess:
    """The columns by the names that the description gives them."""

    cells: dict[str, Seen] = field(default_factory=dict)
    others: list[Seen] = field(default_factory=list)


def table_of(part: Part) -> tuple[int, list[str], list[list[str]]]:
    """Return where the header stands, its texts, and the rows below: the first row of names as wide as they are."""
    head = part.head(SAMPLE)
    for place, (row, cells) in enumerate(head[:HEADER_ROWS]):
        texts = [cell.strip().lstrip("\ufeff") for cell in cells]
        filled = [text for text in texts if text]
        below = [list(following) for _, following in head[place + 1 :]]
        widths = sorted(_width(following) for following in below[:HEADER_ROWS])
        is_wide = bool(widths) and len(filled) >= 2 and len(texts) >= widths[len(widths) // 2]
        if is_wide and len(set(filled)) == len(filled) and all(re.search(r"[^\W\d]", text) for text in filled):
            return row, texts[: _width(texts)], below
    raise UnreadableFile(part.name, "has no row that looks like a header over a table",
                         "a description needs a header; JSON wants an array of objects")  # fmt: skip


def _width(cells: Sequence[str]) -> int:
    return max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)


# --------------------------------------------------------------------------------------------- one column


def seen_in(header: str, values: Sequence[str]) -> Seen:
    """Return what a column seems to be; `values` has the texts of all rows, empty ones, too."""
    stripped = [value.strip() for value in values]
    texts = pl.Series([value for value in stripped if value and value not in NOTHINGS], dtype=pl.String)
    samples = tuple(one_line(text) for text in texts.unique(maintain_order=True)[:SHOWN])
    nothings = sorted(set(stripped) & set(NOTHINGS))
    empty = (f"empty = {listed(nothings)}",) if nothings else ()
    kind, settings, doubts = _kind(header, texts)
    words = tuple(sorted(texts.unique().to_list())) if kind in ("word", "asset") else ()
    is_full = len(texts) == len(values) > 0
    return Seen(header, kind, (*settings, *empty), samples, words, is_full, doubts)


def _kind(header: str, texts: pl.Series) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the kind of a column, its settings, and what is doubtful."""
    if not len(texts):
        return "text", (), ()
    if (found := _time_settings(texts, re.search(ROLES[0][1], header, re.IGNORECASE) is not None)) is not None:
        return "time", *found
    if (numbers := _number_settings(texts)) is not None:
        return ("text", (), ()) if _is_id(header, texts) else ("number", numbers, ())
    if texts.str.contains(GLUED).all():
        comma = exact_decimals(texts.str.extract(GLUED), thousands=True).null_count() > 0
        return "glued", ("decimal_comma = true",) if comma else (), ()
    if texts.str.contains(r"^[A-Z0-9]{2,12}$").all():
        return "asset", (), ()
    distinct = texts.n_unique()
    is_named = any(re.search(pattern, header, re.IGNORECASE) for _, pattern, kinds in ROLES if kinds == ("word",))
    is_word = distinct <= MANY_WORDS and (is_named or distinct * 2 <= len(texts) or distinct <= FEW_WORDS)
    return "word" if is_word else "text", (), ()


def _is_id(header: str, texts: pl.Series) -> bool:
    return bool(re.search(r"\bid\b|id$|no\.?$|hash|ref", header, re.IGNORECASE)) and texts.str.contains(r"^\d+$").all()


def _time_settings(texts: pl.Series, named: bool) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the formats of a column of times; one whose header says so may hold a few texts that are none."""
    most = len(texts) // 2 if named else 0
    if zoned_instants(texts).null_count() <= most:
        return ('formats = "iso"',), ()
    if named and epoch_instants(texts).null_count() <= most:
        return ('formats = "epoch"',), ()
    missed = {pattern: parse_clock(texts, (pattern,), Context()).null_count() for pattern in CLOCKS}
    fitting = [pattern for pattern, count in missed.items() if count == min(missed.values()) and count <= most]
    if not fitting or texts.str.contains(r"^\d{5}(\.\d+)?$").all():
        return None
    doubts = [f"{toml_text(pattern)} fits as well: is the day first, or the month?" for pattern in fitting[1:]
              if re.sub(r"%[dm]", "%", pattern) == re.sub(r"%[dm]", "%", fitting[0])]  # fmt: skip
    return (f"formats = {toml_text(fitting[0])}",), tuple(doubts)


def _number_settings(texts: pl.Series) -> tuple[str, ...] | None:
    bare = texts.str.replace_all(r"^[$€£¥]|[$€£¥%]$", "")
    strip = ("strip = '^[$€£¥]|[$€£¥%]$'",) if not bare.equals(texts) else ()
    for settings, read in (
        ((), exact_decimals),
        (("thousands = true",), lambda series: exact_decimals(series, thousands=True)),
        (("decimal_comma = true",), comma_decimals),
    ):
        if read(bare).null_count() == 0:
            return (*settings, *strip)
    return None


def by_role(columns: Sequence[Seen]) -> Guess:
    """Return the columns by our names; where no header speaks of time, the first column of times is it."""
    guess = Guess()
    times = [column for column in columns if column.kind == "time"]
    if times and not any(re.search(ROLES[0][1], column.header, re.IGNORECASE) for column in times):
        guess.cells["at"] = times[0]
        columns = [column for column in columns if column is not times[0]]
    for column in columns:
        role = next((name for name, pattern, kinds in ROLES
                     if name not in guess.cells and column.kind in kinds
                     and re.search(pattern, column.header, re.IGNORECASE)), None)  # fmt: skip
        if role is None:
            guess.others.append(column)
        else:
            guess.cells[role] = column
    is_traded = "side" in guess.cells or any(sides_of(seen) for seen in (*guess.cells.values(), *guess.others))
    if "quantity" not in guess.cells and {"price", "amount"} <= guess.cells.keys() and is_traded:
        guess.cells["quantity"] = guess.cells.pop("amount")
    if {"symbol", "quantity", "price"} <= guess.cells.keys():
        _tell_side(guess)
    return guess


def _tell_side(guess: Guess) -> None:
    """Take the column whose words are those of buying and selling for the side; among other words, for the type."""
    cells = guess.cells
    named = [cells[name] for name in ("side", "type") if name in cells]
    found = next((seen for seen in (*named, *guess.others) if sides_of(seen)), None)
    if found is None:
        return
    is_whole = len(sides_of(found)) == len(found.words)
    name, other = ("side", "type") if is_whole else ("type", "side")
    if name in cells and cells[name] is not found:
        return
    if cells.get(other) is found:
        del cells[other]
    guess.others = [seen for seen in guess.others if seen is not found]
    cells[name] = replace(found, kind="word")


def sides_of(seen: Seen) -> dict[str, str]:
    """Return the words of a column that say buy or sell, with which."""
    meant = {word: meaning_of(word, SIDES) for word in seen.words}
    return {word: side for word, side in meant.items() if side in SIDES}


# -------------------------------------------------------------------------------------------------- texts


def meaning_of(word: str, meanings: Mapping[str, str]) -> str:
    return next((meaning for meaning, pattern in meanings.items() if re.search(pattern, word, re.IGNORECASE)), "what?")


def one_line(text: str) -> str:
    """Return a sample as it may stand in a comment: one line, and not long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= LONGEST_SAMPLE else line[:LONGEST_SAMPLE] + "..."


def toml_text(value: str) -> str:
    """Return a text as TOML writes it: as JSON does, which leaves one control character as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(values: Sequence[str]) -> str:
    return "[" + ", ".join(toml_text(value) for value in values) + "]"
