"""What a format says of an export, and what an export becomes.  No venue is named here.

A file part is read as text (`files/`), recognized by its header (`detect.py`) and turned into rows of the
tables of `schemas` (`normalize.py`).  A format is data: headers, cells, events, cases, identity, claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

Confidence = Literal["real file seen", "parser seen", "API documentation", "inferred", "our own"]
"""What a description rests on: rows of a real export, a public parser of it, the venue's documentation, or a guess."""

Zone = str
"""An IANA name, `UTC`, or a fixed offset such as `+05:30`."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known of a file part beside its cells."""

    zone: Zone | None = None
    zone_known: bool = False
    """False where nothing says a zone, so that `zone` is only what UTC texts need."""
    wallet: str | None = None
    venue: str | None = None
    """Of a format with a `venue_column`: the venue that the first row names."""
    file_name: str = ""
    """The innermost file name: it may say kind, symbol or zone."""
    name: str = ""
    """The name as shown, with folders."""
    serial_epoch_1904: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A typed value read from one column of text, or from several.

    `read` gets the text columns (all `pl.String`, null where empty or where the variant has no such column) and
    returns the typed column; a row whose first text is there and whose value is null is wrong, and rejected with
    `expected`.  `required` makes an empty text wrong, too.  `unmapped` marks words that nobody has described.
    """

    columns: tuple[str, ...]
    read: Callable[[Sequence[pl.Series], Context], pl.Series]
    expected: str
    required: bool = False
    unmapped: bool = False
    empty_words: tuple[str, ...] = ()
    """Texts (lower case) that mean an empty cell, as `null`."""
    words: tuple[str, ...] = ()
    """The texts that are understood, where the list is closed: shown to people."""
    needs_zone: bool = False


@dataclass(frozen=True, kw_only=True)
class Header:
    """One variant of a format's header, as printed; order does not matter, further columns are news."""

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    contains: bool = False
    """Columns are pieces of text that the printed headers contain (localized exports)."""
    exact: bool = False
    """A column that the format does not know makes it another file: for short headers that many files contain."""
    confidence: Confidence | None = None
    """Overrides the format's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Emit:
    """A row of one table from each source row of a case; `where` narrows it, without touching the claim."""

    table: str
    columns: Mapping[str, pl.Expr]
    where: pl.Expr | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What makes two source rows the same fact (facts: `id`, `content`, `id_collapses`).

    `cells` are the typed cells that are hashed.  With `content` they are the whole row; with `id` another content
    under one id is an error (`changed`), compared over `content` (default: all typed cells).
    """

    kind: Literal["id", "content", "id_collapses"]
    cells: tuple[str, ...]
    content: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A fact that the format states, and how well: the lowest rank that covers an instant speaks.

    `partial` claims (deposit histories) state only some causes of the ledger: where no whole ledger speaks, all of
    them speak together, and the rest is derived from fills and funding.
    """

    fact: str
    rank: int
    grain: Literal["event", "order", "day", "position"] = "event"
    filterable: bool = False
    resolution_s: int = 1
    skew_s: int = 0
    partial: bool = False
    wallets: tuple[str, ...] = ()
    """Wallets it speaks for; empty: whichever its rows are in."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """The terms that an instrument's own name gives away."""

    instrument: str | None = None
    product: str = "perpetual"
    base: str | None = None
    quote: str | None = None
    settle: str | None = None
    style: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Format:
    """One kind of export: how it is recognized, what its cells mean, which rows make which facts.

    Cell columns are canonical names: `aliases` maps printed header texts to them (a header without an alias keeps
    its text, folded by `detect.fold`).  `event` is an expression over typed cells that names each row's case or
    ignore reason; a row whose event is null or undescribed is rejected as `unmapped`, showing `event_columns`.
    """

    name: str
    family: str
    venue: str
    title: str
    confidence: Confidence
    how: str
    headers: tuple[Header, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Cell]
    event: pl.Expr = field(default_factory=lambda: pl.lit("row"))
    event_columns: tuple[str, ...] = ()
    cases: Mapping[str, tuple[Emit, ...]]
    ignores: Mapping[str, str] = field(default_factory=dict)
    time: str = "time"
    sequence: str | None = None
    """Typed Int64 cell with the venue's own order; None: file order inside an instant."""
    newest_first: bool = False
    """Assumed direction where the rows' times do not show it."""
    wallet: pl.Expr | str = "unified"
    """Wallet of each row; a `Context.wallet` replaces null (and any constant)."""
    identity: Identity
    claims: tuple[Claim, ...] = ()
    account_number: str | None = None
    """Canonical column that holds the venue's account number (hashed, never stored)."""
    venue_column: str | None = None
    """Canonical column that names the venue, where the rows may be of any (entries by hand); one venue a part."""
    reason_column: str | None = None
    """Canonical column that says why the rows were entered by hand; the first row's is shown with the file."""
    name_instrument: Callable[[str, str | None], Named | None] | None = None
    """From (symbol, settle asset or None) to its terms; fills `instrument`, `product`, `style`, `settle_asset`."""
    prepare: Callable[[pl.DataFrame, Context], pl.DataFrame] | None = None
    """Over the typed cells of one chunk, after parsing: the only hatch (wallet of symbol-less rows, say)."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Canonical columns that hold nothing the book needs, and why."""
    sentinels: tuple[str, ...] = ("no data",)
    """A row whose first cell starts so (folded) and that has no other cell is no row: ignored."""
    assumed_zone: Zone | None = None
    """Documented zone, applied with a warning where neither header, name nor user says one."""
    zone_hint: Callable[[Match, Sequence[Sequence[str]]], str | None] | None = None
    """From the first rows: a sentence on which zone would fit, to show where none is known.  Never applied."""
    file_name: str | None = None
    """Regular expression (case-insensitive) that decides between formats whose headers are equal."""
    fits: Callable[[Sequence[Mapping[str, str]]], bool] | None = None
    """Whether the first rows (canonical column -> text) can be of this format: decides where headers are equal."""
    is_users_own: bool = False
    """Described by the user: it wins where a built-in format fits as well."""
    recognize: Callable[[Sequence[Sequence[str]]], tuple[int, Mapping[int, str]] | None] | None = None
    """Last resort for headers in unknown languages: (index of the header record, position -> canonical column).

    Index -1: there is no header, the first record is data.
    """
    recognize_named: Callable[[Sequence[Sequence[str]], str], tuple[int, Mapping[int, str]] | None] | None = None
    """As `recognize`, and told the file's name: for screens whose headers nobody has published."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A format recognized in a file part."""

    format: Format
    variant: str
    header_row: int
    columns: tuple[str | None, ...]
    """Canonical name of each column of the file, in order; None: unknown to the format."""
    printed: tuple[str, ...]
    new_columns: tuple[str, ...]
    preamble: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Normalized:
    """What one chunk of a file part became.

    `rows`: source_row, at, sequence, wallet, key_text, content_text of every accepted row.
    `tables`: by table name, rows with source_row, part and the table's own columns.
    `rejected`: source_row, column, text, reason.  `ignored`: source_row, reason.
    """

    rows: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    rejected: pl.DataFrame
    ignored: pl.DataFrame
    account_numbers: frozenset[str]
