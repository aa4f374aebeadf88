"""What the journals of all programs share: lines with their names, exact figures, and text put together by columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from reports.exports.contract import Journal
from reports.exports.names import PLACES

WORDS = {"opening": "opening balance", "stated": "stated balance", "unexplained": "unexplained difference"}
DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Names:
    """How a program calls accounts (account, venue, posting_account, name) and assets."""

    accounts: pl.DataFrame
    commodities: Mapping[str, str]

    def of(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return the lines with `name` (of the account) and `commodity`."""
        commodity = pl.col("asset").replace_strict(self.commodities, return_dtype=pl.String())
        found = lines.join(self.accounts, on=PLACES, how="left", maintain_order="left")
        return found.with_columns(commodity=commodity)

    def events(self, part: pl.DataFrame, journal: Journal) -> pl.DataFrame:
        """Return the lines of a part with their names, `words`, `reason` and `hint`, and `is_first` of its event."""
        return (
            self.of(part)
            .with_columns(
                day=pl.col("posted_at").dt.strftime(DAY),
                time=moment("posted_at"),
                is_first=pl.col("event_no").ne_missing(pl.col("event_no").shift()),
            )
            .join(_told(part), on="event_no", how="left", maintain_order="left")
            .join(journal.breaks, left_on="entry_id", right_on="break_id", how="left", maintain_order="left")
        )

    def opened(self, journal: Journal) -> pl.DataFrame:
        """Return the accounts by name, with their first `day` and their `commodities`."""
        commodity = pl.element().replace_strict(self.commodities, return_dtype=pl.String())
        return (
            journal.accounts.join(self.accounts, on=PLACES, how="left")
            .with_columns(
                commodities=pl.col("assets").list.eval(commodity).list.join(","),
                day=pl.col("first_at").dt.strftime(DAY),
            )
            .sort("name")
        )


def figure(name: str) -> pl.Expr:
    """Return a decimal as its shortest exact text, plain: 0.1, never 1e-1."""
    return pl.col(name).cast(pl.String()).str.strip_chars_end("0").str.strip_suffix(".")


def moment(name: str) -> pl.Expr:
    """Return an instant as 2026-02-01T08:00:00.123Z, without the zeros that end a fraction."""
    text = pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    return text.str.strip_chars_end("0").str.strip_suffix(".") + "Z"


def where(condition: pl.Expr, *pieces: pl.Expr | str) -> pl.Expr:
    """Return the pieces as one text where a condition holds and none of them is null, else nothing."""
    return pl.when(condition).then(whole(*pieces)).otherwise(pl.lit("")).fill_null("")


def whole(*pieces: pl.Expr | str) -> pl.Expr:
    """Return the pieces as one text, null where one is; plain words are themselves."""
    return pl.concat_str([pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces])


def put(out: BinaryIO, frame: pl.DataFrame, *pieces: pl.Expr | str) -> None:
    """Write the text of every row, one after the other."""
    if frame.height:
        out.write(frame.select(text=whole(*pieces)).to_series().str.join("").item().encode())


def _told(part: pl.DataFrame) -> pl.DataFrame:
    """Return event_no and `words` of every event: its causes and its instrument."""
    cause = pl.col("cause").replace(WORDS).str.replace_all("_", " ")
    events = part.group_by("event_no", maintain_order=True).agg(
        cause.unique(maintain_order=True).str.join(", ").alias("causes"), pl.col("symbol").drop_nulls().first()
    )
    return events.select("event_no", words=pl.concat_str("causes", "symbol", separator=" ", ignore_nulls=True))
