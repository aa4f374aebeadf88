"""Templates of the plain formats: an empty CSV and a workbook per table, to be filled by hand or by a script.

The workbook has a sheet with the header, whose cells are text (a spreadsheet would round long numbers and turn times
into dates of its own), lists of the words that a column may hold, and a sheet `help`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xlsxwriter

from importers import plain, venues
from importers.contract import Format
from importers.detect import fold
from importers.normalize import allowed_words, emitted_types
from reports.cells import CREATED
from schemas.tables import EMITTED, WALLETS
from schemas.types import INSTANT, MONEY

ROWS = 10_000
"""Rows of a sheet whose cells have lists of words."""
LIST_LIMIT = 255
"""Characters of a list that a spreadsheet takes as it stands."""
TITLE_LIMIT, MESSAGE_LIMIT = 32, 255
WIDEST = 32

EXAMPLES: Mapping[str, str] = {
    "symbol": "BTCUSDT", "instrument": "BTC/USDT:USDT", "asset": "USDT", "debt_asset": "USDT", "fee_asset": "USDT",
    "settle_asset": "USDT", "collateral_asset": "BTC", "cost_asset": "EUR", "base": "BTC", "quote": "USDT",
    "settle": "USDT", "pair": "BTCUSDT", "price": "64250.5", "mark_price": "64250.5", "quantity": "0.25",
    "amount": "12.5", "fee": "0.0125", "rate": "0.0001", "trade_ref": "T1001", "order_ref": "O1001",
    "transaction_ref": "0xabc", "loan_ref": "L1", "position_ref": "P1", "group_ref": "G1", "sequence": "1", "tier": "1",
    "venue": "kraken", "wallet": "unified", "evidence": "purchase contract of 2019", "multiplier": "1",
    "kind": "income", "ltv_after": "0.65", "maintenance_rate": "0.004", "floor": "0", "cap": "50000", "ratio": "0.975",
    "source": "the venue's page, read 2026-01-31", "other_wallet": "spot", "status": "completed", "last": "64250.5",
    "mark": "64250.5", "index": "64250.5",
}  # fmt: skip
LOAN_EVENTS: Mapping[str, str] = {
    "loan_id": "the lender's number of the loan, or a name of yours",
    "amount": "without sign; of a liquidation the collateral that was sold",
    "asset": "what moved; of a liquidation the collateral that was sold",
    "debt_asset": "of a liquidation: the asset owed", "debt_amount": "of a liquidation: what it paid of the debt",
    "ltv": "loan to value after it, 0.65 = 65 %",
}  # fmt: skip
LOAN_EXAMPLES: Mapping[str, str] = {
    "date": "2026-01-31T08:00:00Z", "loan_id": "L-77", "lender": "ledn", "debt_amount": "100", "ltv": "0.5", "note": "",
}  # fmt: skip
INSTANT_EXAMPLE, MONEY_EXAMPLE = "2026-01-31T08:00:00Z", "1.5"


@dataclass(frozen=True)
class Field:
    """A column of a template: whether it must be filled, what it holds, which words, an example."""

    name: str
    is_required: bool
    holds: str
    words: tuple[str, ...]
    example: str


def write_templates(folder: Path) -> list[Path]:
    """Write a CSV and a workbook for every table into a folder, and return their paths.

    Raises FileExistsError before anything is written where a file of that name has another content: it may be filled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[Path, bytes] = {}
    for form in (*plain.FORMATS, *venues.FORMATS):
        if form.family.startswith("plain.") and form is not plain.HELP:
            table = form.name.removeprefix("plain.")
            fields = tuple(fields_of(form, table) if table in EMITTED else described_fields(form))
            for suffix, content in ((".csv", csv_of(fields)), (".xlsx", book_of(table, form, fields))):
                made[folder / f"{table}{suffix}"] = content
    filled = [path for path, content in made.items() if path.exists() and path.read_bytes() != content]
    if filled:
        raise FileExistsError(filled[0])
    for path, content in made.items():
        path.write_bytes(content)
    return list(made)


def fields_of(form: Format, table: str) -> Iterator[Field]:
    """Return the columns of a template, those that must be filled first."""
    if table == "prices":
        yield Field("time", True, "instant of the price", (), INSTANT_EXAMPLE)
        yield Field("symbol", True, "instrument or asset", (), EXAMPLES["symbol"])
        yield Field("price", True, "quote per unit of the symbol; call the column mark or index where it is one", (),
                    EXAMPLES["price"])  # fmt: skip
        yield Field("quote", False, "currency of the price; empty: the instrument's own, of an asset USDT", (), "USDT")
        return
    columns = EMITTED[table].to_schema().columns
    for name in (*form.headers[0].columns, *form.headers[0].optional, "wallet", "venue"):
        holds = {"wallet": "the pot inside the account; empty: unified, or what --wallet says",
                 "venue": "the exchange or lender, one a file; empty: plain"}.get(name)  # fmt: skip
        words = WALLETS if name == "wallet" else allowed_words(table, name) if name in columns else ()
        is_required = name in form.headers[0].columns
        yield Field(name, is_required, holds or columns[name].description or "", words, _example(table, name, words))


def described_fields(form: Format) -> Iterator[Field]:
    """Return the columns of a format that is no table of the book, by what its cells say."""
    cells = {cell.columns[0]: cell for cell in form.cells.values()}
    for name in (*form.headers[0].columns, *form.headers[0].optional):
        cell = cells.get(fold(name))
        holds = LOAN_EVENTS.get(name) or (cell.expected if cell else form.unread[fold(name)])
        words = cell.words if cell else ()
        example = words[0] if words else LOAN_EXAMPLES.get(name, EXAMPLES.get(name, ""))
        yield Field(name, name in form.headers[0].columns, holds, words, example)


def _example(table: str, name: str, words: tuple[str, ...]) -> str:
    if name == "wallet":
        return EXAMPLES[name]
    if words:
        return words[0]
    if name in EXAMPLES:
        return EXAMPLES[name]
    kind = emitted_types(table)[name]
    return INSTANT_EXAMPLE if kind == INSTANT else MONEY_EXAMPLE if kind == MONEY else "1" if kind == pl.Int64 else ""


def csv_of(fields: tuple[Field, ...]) -> bytes:
    """Return the header as a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([field.name for field in fields])
    return text.getvalue().encode()


def book_of(table: str, form: Format, fields: tuple[Field, ...]) -> bytes:
    """Return the workbook: the sheet to fill, and the sheet `help`."""
    buffer = io.BytesIO()
    as_text = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(buffer, as_text)
    book.set_properties({"title": form.title, "created": CREATED})
    must, may = (book.add_format({"bold": True, "bottom": 1, "bg_color": colour}) for colour in ("#FFE9A8", "#F2F2F2"))
    text, wrapped = book.add_format({"num_format": "@"}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(table)
    sheet.freeze_panes(1, 0)
    for place, field in enumerate(fields):
        sheet.set_column(place, place, min(max(len(field.name), len(field.example)) + 3, WIDEST), text)
        sheet.write_string(0, place, field.name, must if field.is_required else may)
        sheet.data_validation(1, place, ROWS, place, _validation(field))
    guide = book.add_worksheet("help")
    for place, (name, width) in enumerate(zip(plain.HELP_COLUMNS, (20, 14, 60, 44, 28), strict=True)):
        guide.set_column(place, place, width, wrapped)
        guide.write_string(0, place, name, may)
    for row, field in enumerate(fields, 1):
        told = (field.name, "yes" if field.is_required else "", field.holds, ", ".join(field.words), field.example)
        for place, content in enumerate(told):
            guide.write_string(row, place, content, wrapped)
    guide.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()


def _validation(field: Field) -> dict[str, object]:
    """Return what a spreadsheet shows and checks in a column: a list where only some words may stand."""
    shown = {"input_title": field.name[:TITLE_LIMIT], "input_message": _message(field)[:MESSAGE_LIMIT]}
    if not field.words or len(",".join(field.words)) > LIST_LIMIT:
        return {"validate": "any", **shown}
    return {"validate": "list", "source": list(field.words), "error_title": f"not a {field.name}"[:TITLE_LIMIT],
            "error_message": f"one of {', '.join(field.words)}"[:MESSAGE_LIMIT], **shown}  # fmt: skip


def _message(field: Field) -> str:
    return f"{field.holds}{' (must be filled)' if field.is_required else ''}; as {field.example}"
