"""A first description of an export that nobody has seen: what its columns seem to be, for a person to check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from importers.cells import comma_decimals, epoch_instants, exact_decimals, parse_clock, zoned_instants
from importers.contract import Context
from importers.files import Part
from importers.vocabulary import table
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


def description_of(part: Part, name: str) -> str:
    """Return the text of a description of the part, to be edited; `name` is `venue.export`.

    Raises UnreadableFile where no header can be made out.
    """
    header_row, header, rows = _table_of(part)
    columns = [
        _seen(text, [row[place] if place < len(row) else "" for row in rows if any(row)])
        for place, text in enumerate(header)
        if text
    ]
    guess = _named(columns)
    return "\n".join(_lines(part, name, header_row, header, guess)) + "\n"


def _table_of(part: Part) -> tuple[int, list[str], list[list[str]]]:
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


def _seen(header: str, values: Sequence[str]) -> Seen:
    """Return what a column seems to be; `values` has the texts of all rows, empty ones, too."""
    stripped = [value.strip() for value in values]
    texts = pl.Series([value for value in stripped if value and value not in NOTHINGS], dtype=pl.String)
    samples = tuple(_shown(text) for text in texts.unique(maintain_order=True)[:SHOWN])
    nothings = sorted(set(stripped) & set(NOTHINGS))
    empty = (f"empty = {_list(nothings)}",) if nothings else ()
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
    doubts = [f"{_text(pattern)} fits as well: is the day first, or the month?" for pattern in fitting[1:]
              if re.sub(r"%[dm]", "%", pattern) == re.sub(r"%[dm]", "%", fitting[0])]  # fmt: skip
    return (f"formats = {_text(fitting[0])}",), tuple(doubts)


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


def _named(columns: Sequence[Seen]) -> Guess:
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
    if "quantity" not in guess.cells and {"price", "side"} <= guess.cells.keys() and "amount" in guess.cells:
        guess.cells["quantity"] = guess.cells.pop("amount")
    return guess


# ---------------------------------------------------------------------------------------------- the text


def _lines(part: Part, name: str, header_row: int, header: Sequence[str], guess: Guess) -> Iterator[str]:
    preamble = [", ".join(cell for cell in cells if cell) for row, cells in part.head(HEADER_ROWS) if row < header_row]
    yield from (
        "# A description of an export, for marginbook.  What follows was guessed from the first rows of",
        f"# {_shown(part.name)}: check every line, above all signs, units and zone.  Then try it:",
        "#   marginbook formats test THIS.toml FILE      what would be stored, what is not understood",
        "#   marginbook import --format THIS.toml FILE   store it; the book keeps the description",
        '# The language is in the README, under "A format without code".',
        *(f"# above the header stands: {_shown(line)}" for line in preamble if line),
        "",
        f"name = {_text(name)}            # venue.export",
        f"title = {_text(name.replace('.', ': ').replace('_', ' '))}",
        'how = "where it is downloaded"',
        'confidence = "real file seen"',
        'wallet = "unified"              # the pot whose balance it moves: spot, usdm, unified, cross_margin ...',
        "",
        "[[headers]]",
        "columns = [" + ", ".join(_text(text) for text in header if text) + "]",
        "",
        "# --- cells: a name of ours for each column, and what it holds.  required = true refuses rows without it",
        "",
    )
    for cell, seen in guess.cells.items():
        yield from _cell(cell, seen)
    if guess.others:
        yield "[unread]                        # columns that hold nothing the book needs, and why"
        for seen in guess.others:
            shown = f"  # {', '.join(seen.samples)}" if seen.samples else ""
            yield f'{_text(seen.header)} = "why?"{shown}'
        yield ""
    tables: list[str] = []
    yield from _rows(guess, tables)
    yield from _identity(guess)
    yield from _claims(tables)


def _cell(name: str, seen: Seen) -> Iterator[str]:
    kind = seen.kind
    shown = f"  # {', '.join(seen.samples)}" if seen.samples else ""
    if kind == "glued":
        for ending, part, settings in (("", "glued_number", seen.settings), ("_asset", "glued_unit", ())):
            yield from (
                f"[cells.{name}{ending}]{shown}",
                f"column = {_text(seen.header)}",
                f'kind = "{part}"',
                *settings,
                "",
            )
        return
    yield f"[cells.{name}]{shown}"
    yield f"column = {_text(seen.header)}"
    if name in MEANINGS:
        yield 'kind = "word"'
        meant = ", ".join(f"{_text(word)} = {_text(_meaning(word, MEANINGS[name]))}" for word in seen.words)
        yield f"words = {{ {meant} }}"
    elif name not in ("type", "status") or kind != "word":
        as_text = "asset" if name in ("asset", "fee_asset") else "text"
        yield f"kind = {_text(as_text if kind in ('word', 'asset') else kind)}"
    yield from seen.settings
    yield from (f"# {doubt}" for doubt in seen.doubts)
    if kind == "time" and not any("iso" in setting or "epoch" in setting for setting in seen.settings):
        yield '# zone = "UTC"                 # where neither header nor file name says it; without: --timezone'
    if seen.is_full and name in ("at", "symbol", "asset", "amount", "quantity", "price", "side"):
        yield "required = true"
    yield ""


def _meaning(word: str, meanings: Mapping[str, str]) -> str:
    return next((meaning for meaning, pattern in meanings.items() if re.search(pattern, word, re.IGNORECASE)), "what?")


def _rows(guess: Guess, tables: list[str]) -> Iterator[str]:
    yield "# --- rows: the first kind whose condition holds takes the row; one that none takes is rejected and shown"
    yield ""
    cells = guess.cells.keys()
    if {"symbol", "quantity", "price"} <= cells:
        tables += ["fills", "fees"] if "fee" in cells else ["fills"]
        yield from _symbols(guess.cells["symbol"])
        yield from _fills(guess)
    elif {"amount", "asset"} <= cells or {"amount", "type"} <= cells:
        tables.append("ledger")
        yield from _movements(guess, tables)
    else:
        yield "# Neither fills (symbol, quantity, price) nor movements (asset, amount) were made out.  For example:"
        yield from ('# [[rows]]', '# name = "a deposit"', "# when = \"type == 'Deposit'\"", '# [rows.movements]',
                    '# moved_at = "at"', '# cause = "deposit"', "")  # fmt: skip


def _symbols(symbol: Seen) -> Iterator[str]:
    yield f"[[symbols]]                     # how a symbol is taken apart; samples: {', '.join(symbol.samples)}"
    yield 'product = "spot"                # spot, margin, contract (perpetual, future), option'
    yield "pattern = '(?P<pair>.+)'         # or (?P<base>[A-Z0-9]+)-(?P<quote>USDT)-(?P<expiry>\\d{6}) ..."
    yield ""


def _fills(guess: Guess) -> Iterator[str]:
    cells = guess.cells
    if (status := cells.get("status")) is not None:
        for word in status.words:
            if re.search(r"cancel|reject|fail|pending|open|new|expire", word, re.IGNORECASE):
                yield from ("[[rows]]", f"name = {_text(word)}", f"when = {_text(f'status == {_quoted(word)}')}",
                            f'ignore = "{word.lower()}: not executed"', "")  # fmt: skip
    yield from ("[[rows]]", 'name = "fill"', "[rows.fills]    # cells called like a column are taken as they are",
                'filled_at = "at"', 'quantity = "abs(quantity)"')  # fmt: skip
    if "side" not in cells:
        yield "side = \"'buy' if quantity > 0 else 'sell'\""
    if "fee" in cells:
        yield '# fee = "-fee"                  # + is a cost here: turn it where the venue prints costs below zero'
    if "fee_asset" not in cells and "fee" in cells and cells["fee"].kind != "glued":
        yield "# fee_asset = \"'USDT'\"          # nothing says what the fee is paid in"
    yield from (
        '# notional_stated = "abs(quantity) * price"   # of contracts, if no plain.instruments file says it',
        "",
    )


def _movements(guess: Guess, tables: list[str]) -> Iterator[str]:
    words = guess.cells["type"].words if "type" in guess.cells else ()
    asset = () if "asset" in guess.cells else ("asset = \"'USDT'\"           # nothing says of which asset",)
    lines = table(__file__, "words.csv")
    if not words:
        yield from (
            "[[rows]]",
            'name = "change"',
            "[rows.movements]",
            'moved_at = "at"',
            *asset,
            'cause = "unknown"               # nothing says why: one of trade, deposit, funding, trading_fee ...',
            "",
        )
    if "fee" in guess.cells:
        yield "# Is `amount` before the fee?  Then each kind of row with a fee needs a second movement:"
        yield from ("# [[rows.movements]] instead of [rows.movements], twice, the second one with", '# amount = "-fee"',
                    '# cause = "trading_fee"', "")  # fmt: skip
    for word in words:
        known = next((line for line in lines if re.search(line["pattern"], word, re.IGNORECASE)), None)
        yield from _movement(word, known, asset, tables)


TYPED: Mapping[str, tuple[str, ...]] = {
    "funding": ('paid_at = "at"',),
    "transfers": ('moved_at = "at"',),
    "interest": ('accrued_at = "at"', 'amount = "-amount"              # + is a cost there', 'only = "amount < 0"'),
    "borrows": ('borrowed_at = "at"', 'amount = "abs(amount)"'),
    "repayments": ('repaid_at = "at"', 'amount = "abs(amount)"'),
    "conversions": ('booked_at = "at"',),
    "adjustments": ('booked_at = "at"',),
}
FACTS = {"funding": "funding", "interest": "interest", "borrows": "borrow_repay", "repayments": "borrow_repay"}


def _movement(word: str, known: Mapping[str, str] | None, asset: Sequence[str], tables: list[str]) -> Iterator[str]:
    condition = f"when = {_text(f'type == {_quoted(word)}')}"
    if known is None:
        yield f"# What is {word!r}?  Its rows are rejected until it is described:"
        yield from ("# [[rows]]", f"# name = {_text(word)}",
                    f"# {condition}", "# [rows.movements]", '# moved_at = "at"', '# cause = "?"', "")  # fmt: skip
        return
    yield from ("[[rows]]", f"name = {_text(word)}", condition)
    yield from ("[rows.movements]", 'moved_at = "at"', *asset, f"cause = {_text(known['cause'])}")
    if known["table"]:
        yield from (f"[rows.{known['table']}]", *TYPED[known["table"]], *asset)
        yield from (f"kind = {_text(known['kind'])}",) if known["kind"] else ()
        if known["table"] in FACTS:
            tables.append(FACTS[known["table"]])
    yield ""


def _identity(guess: Guess) -> Iterator[str]:
    yield "# --- identity: what makes two rows the same fact; without a venue's id the whole row, twins counted"
    yield ""
    yield "[identity]"
    if "trade_ref" in guess.cells:
        yield from ('kind = "id"', 'cells = ["trade_ref"]           # is it unique, or per symbol?', "")
    else:
        yield from ('kind = "content"', "")


def _claims(tables: Sequence[str]) -> Iterator[str]:
    yield "# --- claims: the facts it states; rank 1 speaks before rank 2 where two exports state the same"
    yield ""
    for fact in dict.fromkeys(tables):
        yield from ("[[claims]]", f"fact = {_text(fact)}", "rank = 1", "")


def _shown(text: str) -> str:
    """Return a sample as it may stand in a comment: one line, and not long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= LONGEST_SAMPLE else line[:LONGEST_SAMPLE] + "..."


def _text(value: str) -> str:
    """Return a text as TOML writes it: as JSON does, which leaves one control character as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
