"""Tables by which the book accounts for files, identities, voices and findings."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.tables import Table, known, maybe
from schemas.types import Instant, Key, Texts


class File(Table):
    """One file part that was imported, and its five numbers: read = stored + duplicate + ignored + rejected."""

    file_no: pl.UInt32 = known("ordinal of the part in this book")
    file_id: str = known("sha-256 of the part's bytes")
    bundle_id: str = known("sha-256 of what was handed over (a zip, a file)")
    import_no: pl.Int64 = known("number of the import in the log")
    part_no: pl.UInt32 = known("position in the bundle")
    sheet: str = maybe("sheet of a workbook")
    name: str = known("name as shown")
    series: str = maybe("account and format family: what its rows are identified within")
    account: str = known("the user's name for the account")
    venue: str = maybe("the exchange or lender")
    format: str = maybe("the format that read it")
    variant: str = maybe("the variant of the header")
    options: str = known("options of the import, as JSON")
    rows_read: pl.Int64 = known("source rows")
    stored: pl.Int64 = known("rows that were new")
    duplicate: pl.Int64 = known("rows that the book held already")
    ignored: pl.Int64 = known("rows that hold nothing to store, each with a named reason")
    rejected: pl.Int64 = known("rows that were not understood")
    ignored_reasons: str = maybe("reason and count of the ignored rows, as JSON")
    warnings: str = maybe("what was assumed or unknown, as JSON")
    first_at: Instant = maybe("first instant of its rows")
    last_at: Instant = maybe("last instant of its rows")
    stated_from: Instant = maybe("start of the range that its name or preamble states")
    stated_to: Instant = maybe("end of that range")
    wallets: Texts = maybe("wallets that its rows are in")
    pool: pl.UInt32 = known("parts of one bundle that number their twins together")
    importer_version: str = known("version that read it")
    reason: str = maybe("why a person entered it by hand; null: an export")


class Reject(Table):
    """A source row that was not understood; nothing of it is stored but this."""

    file_no: pl.UInt32 = known("the file part")
    source_row: pl.UInt32 = known("line, row or index where the record starts")
    column: str = maybe("column that was not understood")
    text: str = maybe("the text seen")
    reason: str = known("what was expected")


class Sighting(Table):
    """One accepted row of one file: the evidence for a fact's multiplicity."""

    series: pl.UInt32 = known("ordinal of the series")
    day: pl.Date = known("UTC day of the row")
    key: Key = known("hash of series and key cells")
    nth: pl.UInt32 = known("ordinal among equal keys of its pool")
    content: pl.Int64 = known("hash of the other cells; 0 where the key is the whole row")
    file_no: pl.UInt32 = known("the file part")
    source_row: pl.UInt32 = known("its row there")


class Coverage(Table):
    """What range of time a file covers, for one fact of one wallet."""

    series: str = known("account and format family")
    format: str = known("the format")
    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    asset: str = maybe("asset, where the coverage is of one only")
    fact: str = known("what is covered")
    rank: pl.Int64 = known("lower speaks; 9: only some causes of the ledger")
    filterable: pl.Boolean = known("whether the venue lets the user filter the export")
    resolution_s: pl.Int64 = known("resolution of its times, seconds")
    skew_s: pl.Int64 = known("how far its times may be off another export's, seconds")
    from_at: Instant = known("start, inclusive")
    to_at: Instant = known("end, exclusive")
    basis: str = known("stated, or inferred from the rows")
    rows: pl.Int64 = known("rows of that wallet in the file")
    file_no: pl.UInt32 = known("the file part")


class Content(Table):
    """Of which tables a file holds rows, by wallet: what a wallet has no row of is not looked at."""

    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    holds: str = known("the table")
    file_no: pl.UInt32 = known("the file part")


class Voice(Table):
    """Who speaks for a fact in a segment of time."""

    account: str = known("the account")
    venue: str = known("the exchange or lender")
    wallet: str = known("the wallet")
    fact: str = known("what is spoken for")
    asset: str = maybe("only this asset (a filtered export gave way); null: all others")
    cause: str = maybe("only this cause (a filtered export gave way); null: all others")
    from_at: Instant = known("start, inclusive")
    to_at: Instant = known("end, exclusive")
    series: str = known("the series that speaks; `derived` where no ledger does")


class Finding(Table):
    """A thing to look at, in a sentence, with the rows behind it."""

    finding_id: str = known("stable name")
    kind: str = known("what kind of thing")
    severity: str = known("info, warning or error")
    account: str = maybe("the account")
    wallet: str = maybe("the wallet")
    symbol: str = maybe("the instrument or asset")
    found_at: Instant = maybe("instant it concerns")
    sentence: str = known("what was seen and what to do")
    rows: Texts = pa.Field(nullable=True, description="row keys, or file:line, behind it")
    venue: str = maybe("the exchange or lender")


BOOKKEEPING: dict[str, type[Table]] = {
    "files": File,
    "rejects_stored": Reject,
    "sightings_stored": Sighting,
    "coverage": Coverage,
    "contents": Content,
    "voices": Voice,
}
