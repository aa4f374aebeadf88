"""Rows of the book that make a tax year doubtful: which they are, what is said of each, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from ledger.taxing.accepting import Row
from ledger.taxing.steps import CROSSINGS
from reports.tax.value import BLOCKS, Policy
from schemas.currencies import CURRENCIES

MOST_ROWS = 50
DIGITAL = ~pl.col("asset").is_in(sorted(CURRENCIES))
NOT_PLEDGED = ~pl.col("status").is_in(["pledged", "margin"]).fill_null(value=False)
CROSSED = DIGITAL & pl.col("cause").is_in(CROSSINGS) & pl.col("match_id").is_null() & NOT_PLEDGED
CAME = pl.col("amount") > 0
EVERY = pl.lit(value=True)
BEFORE = " on {day}, before this year, which disposed of what it brought"
"""Said of what happened in another year."""


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """A kind of rows: of which frame, where, and the words of its block.

    In the sentence `{what}` is the amount without its sign, `{signed}` with it, both with the asset; `{when}` is empty
    or BEFORE; other names are columns.
    """

    of: str
    where: pl.Expr
    kind: str
    sentence: str
    todo: str


ODDITIES = (
    Oddity(
        of="crossings",
        where=CROSSED & CAME,
        kind="unmatched_transfer",
        sentence="{what} came from outside the book{when}",
        todo="import the account they came from, or `marginbook match` the two rows; if they were always yours, "
        "`marginbook enter opening-lot` states what they cost; if they were paid to you, accept it with that reason "
        "and add the income by hand",
    ),
    Oddity(
        of="crossings",
        where=CROSSED & ~CAME,
        kind="unmatched_transfer",
        sentence="{what} left the book{when}, and nothing tells for what",
        todo="import the account they went to, or `marginbook match` the two rows; if they went to a wallet of your "
        "own, accept it with that reason (their cost is kept for their return); if they paid for something, "
        "`marginbook enter otc`",
    ),
    Oddity(
        of="openings",
        where=EVERY,
        kind="unmatched_transfer",
        sentence="{what} were there before the first row of their wallet{when}; their cost is taken from units that "
        "had left the book",
        todo="import what came before that row, or `marginbook enter opening-lot` states what they cost; if they are "
        "what left, accept it with that reason",
    ),
    Oddity(
        of="moves",
        where=pl.col("cause").is_in(["unknown", "correction"]) & ~pl.col("format").str.starts_with("manual"),
        kind="unknown_movement",
        sentence="{signed} were booked as {cause}: the export does not say why",
        todo="look at the row (`marginbook trace ROW`) and accept it with what it is",
    ),
    Oddity(
        of="legs",
        where=pl.col("side") == "sent",
        kind="unpaired_trade",
        sentence="{what} were given in a trade{when} of which nothing shows what was got; it is valued at the market's "
        "price",
        todo="import the export that has the other leg",
    ),
    Oddity(
        of="legs",
        where=pl.col("side") != "sent",
        kind="unpaired_trade",
        sentence="{what} were got in a trade{when} of which nothing shows what was given; it is valued at the market's "
        "price",
        todo="import the export that has the other leg",
    ),
    Oddity(
        of="debts",
        where=EVERY,
        kind="unpaid_repayment",
        sentence="a debt of {what} was repaid, and no row shows with what",
        todo="import the export of the wallet that paid, or accept it with what it is (a debt that was forgiven may be "
        "income)",
    ),
    Oddity(
        of="moves",
        where=(pl.col("booked_as") == "loss") & ~CAME,
        kind="lost",
        sentence="{what} were entered as lost; whether that is a loss for tax depends on the country, so it has no "
        "proceeds and no gain here",
        todo="decide with your accountant, and accept it with what was decided",
    ),
    Oddity(
        of="remainders",
        where=EVERY,
        kind="day_of_two_years",
        sentence="{signed} of {cause} are what the venue booked on its day {day} (UTC) beside what its fills tell; a "
        "tax year ends within that day, and nothing shows to which of the two it belongs (it counts at {counted})",
        todo="import the fills of that day, or accept it where it is",
    ),
)
PARTS = {"legs": ("quantity", "rows"), "debts": ("principal", "debt_row"), "remainders": ("amount", None)}
"""By frame, the columns of the amount and of the row or rows; else `amount` and `row`."""


def odd_rows(frames: Mapping[str, pl.DataFrame], policy: Policy) -> Iterator[Row]:
    """Return the blocks of rows, by frame (crossings, openings, moves, legs, debts, remainders)."""
    for oddity in ODDITIES:
        amount, rows = PARTS.get(oddity.of, ("amount", "row"))
        for row in frames[oddity.of].filter(oddity.where).iter_rows(named=True):
            keys = row[rows] if rows else []
            yield block(
                oddity.kind,
                oddity.sentence.format_map(_words(row, row[amount], policy)),
                oddity.todo,
                account=row["account"],
                wallet=row["wallet"],
                asset=row["asset"],
                happened_at=row["happened_at"],
                amount=row[amount],
                rows=keys if isinstance(keys, list) else [] if keys is None else [keys],
            )


def block(kind: str, sentence: str, todo: str, **told: Any) -> Row:
    """Return a block, still without its id."""
    rows = [str(row) for row in told.pop("rows", [])][:MOST_ROWS]
    return {**dict.fromkeys(BLOCKS), "kind": kind, "sentence": sentence, "todo": todo, "rows": rows, **told}


def _words(row: Mapping[str, Any], amount: Decimal, policy: Policy) -> Mapping[str, str]:
    at = row["happened_at"]
    words = {
        "what": f"{amount_text(abs(amount))} {row['asset']}",
        "signed": f"{amount_text(amount)} {row['asset']}",
        "cause": str(row.get("cause", "")).replace("_", " "),
        "day": at.date().isoformat(),
        "counted": at.isoformat(timespec="seconds"),
    }
    return {**words, "when": BEFORE.format_map(words) if at < policy.starts_at else ""}


def amount_text(amount: object) -> str:
    """Return an amount as sentences have it: with commas, without zeros at its end; `?` for an unknown one."""
    if amount is None:
        return "?"
    text = f"{Decimal(str(amount)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
