"""A first description of an export that nobody has seen: what its columns seem to be, for a person to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from importers.described.columns import (
    HEADER_ROWS,
    MEANINGS,
    Guess,
    Seen,
    by_role,
    meaning_of,
    one_line,
    seen_in,
    sides_of,
    table_of,
    toml_text,
)
from importers.files import Part
from importers.vocabulary import table


def description_of(part: Part, name: str) -> str:
    """Return the text of a description of the part, to be edited; `name` is `venue.export`.

    Raises UnreadableFile where no header can be made out.
    """
    header_row, header, rows = table_of(part)
    columns = [
        seen_in(text, [row[place] if place < len(row) else "" for row in rows if any(row)])
        for place, text in enumerate(header)
        if text
    ]
    guess = by_role(columns)
    return "\n".join(_lines(part, name, header_row, header, guess)) + "\n"


# ---------------------------------------------------------------------------------------------- the text


def _lines(part: Part, name: str, header_row: int, header: Sequence[str], guess: Guess) -> Iterator[str]:
    preamble = [", ".join(cell for cell in cells if cell) for row, cells in part.head(HEADER_ROWS) if row < header_row]
    yield from (
        "# A description of an export, for marginbook.  What follows was guessed from the first rows of",
        f"# {one_line(part.name)}: check every line, above all signs, units and zone.  Then try it:",
        "#   marginbook formats test THIS.toml FILE      what would be stored, what is not understood",
        "#   marginbook import --format THIS.toml FILE   store it; the book keeps the description",
        '# The language is in the README, under "A format without code".',
        *(f"# above the header stands: {one_line(line)}" for line in preamble if line),
        "",
        f"name = {toml_text(name)}            # venue.export",
        f"title = {toml_text(name.replace('.', ': ').replace('_', ' '))}",
        'how = "where it is downloaded"',
        'confidence = "real file seen"',
        'wallet = "unified"              # the pot whose balance it moves: spot, usdm, unified, cross_margin ...',
        "",
        "[[headers]]",
        "columns = [" + ", ".join(toml_text(text) for text in header if text) + "]",
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
            yield f'{toml_text(seen.header)} = "why?"{shown}'
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
                f"column = {toml_text(seen.header)}",
                f'kind = "{part}"',
                *settings,
                "",
            )
        return
    yield f"[cells.{name}]{shown}"
    yield f"column = {toml_text(seen.header)}"
    if name in MEANINGS:
        yield 'kind = "word"'
        meant = ", ".join(f"{toml_text(word)} = {toml_text(meaning_of(word, MEANINGS[name]))}" for word in seen.words)
        yield f"words = {{ {meant} }}"
    elif name not in ("type", "status") or kind != "word":
        as_text = "asset" if name in ("asset", "fee_asset") else "text"
        yield f"kind = {toml_text(as_text if kind in ('word', 'asset') else kind)}"
    yield from seen.settings
    yield from (f"# {doubt}" for doubt in seen.doubts)
    if kind == "time" and not any("iso" in setting or "epoch" in setting for setting in seen.settings):
        yield '# zone = "UTC"                 # where neither header nor file name says it; without: --timezone'
    if seen.is_full and name in ("at", "symbol", "asset", "amount", "quantity", "price", "side"):
        yield "required = true"
    yield ""


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
                yield from ("[[rows]]", f"name = {toml_text(word)}",
                            f"when = {toml_text(f'status == {_quoted(word)}')}",
                            f'ignore = "{word.lower()}: not executed"', "")  # fmt: skip
    when, side, others = _typed_side(cells.get("type"))
    yield from ("[[rows]]", 'name = "fill"', *when,
                "[rows.fills]    # cells called like a column are taken as they are",
                'filled_at = "at"', 'quantity = "abs(quantity)"', *side)  # fmt: skip
    if "side" not in cells and not side:
        yield "side = \"'buy' if quantity > 0 else 'sell'\""
    if "fee" in cells:
        yield '# fee = "-fee"                  # + is a cost here: turn it where the venue prints costs below zero'
    if "fee_asset" not in cells and "fee" in cells and cells["fee"].kind != "glued":
        yield "# fee_asset = \"'USDT'\"          # nothing says what the fee is paid in"
    yield from (
        '# notional_stated = "abs(quantity) * price"   # of contracts, if no plain.instruments file says it',
        "",
    )
    for word in others:
        yield from _unknown(word)


def _typed_side(seen: Seen | None) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return which rows are fills and which way they go, where a column of types says it, and its other words."""
    sides = {} if seen is None else sides_of(seen)
    if seen is None or not sides:
        return (), (), ()
    condition = " or ".join(f"type == {_quoted(word)}" for word in sides)
    buys = " or ".join(f"type == {_quoted(word)}" for word, side in sides.items() if side == "buy")
    side = f"'buy' if {buys} else 'sell'" if buys else "'sell'"
    others = [word for word in seen.words if word not in sides]
    return (f"when = {toml_text(condition)}",), (f"side = {toml_text(side)}",), others


def _movements(guess: Guess, tables: list[str]) -> Iterator[str]:
    words = guess.cells["type"].words if "type" in guess.cells else ()
    asset = () if "asset" in guess.cells else ("# asset = \"'USDT'\"         # nothing says of which asset: name it",)
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
    condition = f"when = {toml_text(f'type == {_quoted(word)}')}"
    if known is None:
        yield from _unknown(word)
        return
    yield from ("[[rows]]", f"name = {toml_text(word)}", condition)
    yield from ("[rows.movements]", 'moved_at = "at"', *asset, f"cause = {toml_text(known['cause'])}")
    if known["table"]:
        yield from (f"[rows.{known['table']}]", *TYPED[known["table"]], *asset)
        yield from (f"kind = {toml_text(known['kind'])}",) if known["kind"] else ()
        if known["table"] in FACTS:
            tables.append(FACTS[known["table"]])
    yield ""


def _unknown(word: str) -> Iterator[str]:
    yield f"# What is {word!r}?  Its rows are rejected until it is described:"
    yield from ("# [[rows]]", f"# name = {toml_text(word)}", f"# when = {toml_text(f'type == {_quoted(word)}')}",
                "# [rows.movements]", '# moved_at = "at"', '# cause = "?"', "")  # fmt: skip


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
        yield from ("[[claims]]", f"fact = {toml_text(fact)}", "rank = 1", "")


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
